//! Who works where, who comes and goes, and who is missed.

use std::sync::Arc;

use routing::{AgentProfile, Command, Desk};
use store::Write;
use vocabulary::{AgentId, Timestamp};

use super::agent::ABSENCE_MAX;
use super::{Agent, AgentDesk, State, order, phone, tell};
use crate::api::{AgentChange, AgentError};
use crate::node::Node;
use crate::queueing::AskAgent;

/// Name under which agents that came through the API are kept.
const KEPT_AGENTS: &str = "agents";
/// Most characters of an id, a name, a number or a group.
const TEXT_MAX: usize = 126;
/// Most groups, and most skills.
const LIST_MAX: usize = 500;

impl State {
    /// Adds an agent, or changes one; who is at work stays at the desk.
    pub(super) fn put(&mut self, profile: AgentProfile) {
        match self.agents.get_mut(&profile.id) {
            Some(known) => {
                let at_desk = known.is_at_work().then(|| known.profile.clone());
                known.own = profile.clone();
                known.profile = profile;
                if let Some(desk) = at_desk {
                    known.profile.dn = desk.dn;
                    known.profile.switch = desk.switch;
                    known.profile.place = desk.place;
                } else {
                    let id = known.own.id.clone();
                    self.by_dn.retain(|_, agent| *agent != id);
                    self.by_dn.insert(known.own.dn.clone(), id);
                }
            }
            None => {
                self.by_dn.insert(profile.dn.clone(), profile.id.clone());
                self.agents.insert(profile.id.clone(), Agent::new(profile));
            }
        }
    }

    fn remove(&mut self, agent: &AgentId) -> bool {
        self.by_dn.retain(|_, id| id != agent);
        self.agents.remove(agent).is_some()
    }

    /// Whoever leaves gives the desk back, and is known by the own one.
    pub(super) fn leave_desk(&mut self, agent: &AgentId) {
        let Some(found) = self.agents.get_mut(agent) else { return };
        found.profile = found.own.clone();
        let dn = found.profile.dn.clone();
        self.by_dn.retain(|_, id| id != agent);
        self.by_dn.entry(dn).or_insert_with(|| agent.clone());
    }

    fn take_desk(&mut self, profile: &AgentProfile) {
        self.by_dn.retain(|_, id| *id != profile.id);
        self.by_dn.insert(profile.dn.clone(), profile.id.clone());
        if let Some(found) = self.agents.get_mut(&profile.id) {
            found.profile = profile.clone();
        }
    }

    fn is_missing(&self, agent: &AgentId, now: Timestamp) -> bool {
        self.agents.get(agent).is_some_and(|agent| agent.is_missing(now))
    }
}

impl AgentDesk {
    /// An agent comes to work, or moves to another desk.
    pub(super) async fn log_in(
        &self,
        node: &Arc<Node>,
        agent: AgentId,
        place: Option<String>,
        dn: Option<String>,
    ) -> Result<(), AgentError> {
        let desk = (place.is_some() || dn.is_some()).then(|| {
            let switch = self.own_switch(&agent);
            let dn = dn.or_else(|| place.clone()).unwrap_or_default();
            Desk { place: place.unwrap_or_else(|| dn.clone()), dn, switch }
        });
        order(node, Command::LogIn { agent: agent.clone(), desk }).await?;
        let Some(queues) = node.queues.get() else { return Err(AgentError::Busy) };
        if let Ok(Some(view)) = queues.send(AskAgent(agent)).await {
            self.state().take_desk(&view.profile);
            return phone(node, telephony::Command::AgentArrives { dn: view.profile.dn });
        }
        Ok(())
    }

    fn own_switch(&self, agent: &AgentId) -> String {
        self.state().agents.get(agent).map(|found| found.own.switch.clone()).unwrap_or_default()
    }

    /// Takes over an agent that was kept.
    pub(crate) fn know(&self, profile: AgentProfile) {
        self.state().put(profile);
    }

    /// The profile of an agent without its desk of today.
    fn own_profile(&self, agent: &str) -> Option<AgentProfile> {
        self.state().agents.get(&AgentId::new(agent)).map(|found| found.own.clone())
    }

    /// Adds an agent or changes one, durably.
    ///
    /// # Errors
    /// [`AgentError::Invalid`] when the profile cannot be used, [`AgentError::Failed`] when it cannot be kept.
    pub(crate) async fn put(
        &self,
        node: &Arc<Node>,
        agent: &str,
        change: AgentChange,
    ) -> Result<(), AgentError> {
        // What the change leaves as it is may be what another change is about to write.
        let _one_at_a_time = self.keeping.lock().await;
        let profile = change.apply(agent, self.own_profile(agent));
        check(&profile)?;
        {
            let state = self.state();
            let owner = state.by_dn.get(&profile.dn).filter(|owner| **owner != profile.id);
            if let Some(owner) = owner {
                return Err(AgentError::Desk(format!(
                    "directory number `{}` is that of agent `{owner}`; give another one",
                    profile.dn
                )));
            }
        }
        self.keep(node, |kept| {
            kept.retain(|known| known.id != profile.id);
            kept.push(profile.clone());
        })
        .await?;
        self.state().put(profile.clone());
        order(node, Command::PutAgent(profile)).await
    }

    /// Removes an agent, durably. One that the configuration names is there again after a restart.
    ///
    /// # Errors
    /// [`AgentError::Unknown`], or [`AgentError::NotNow`] while the agent is on a call.
    pub(crate) async fn remove(&self, node: &Arc<Node>, agent: &str) -> Result<(), AgentError> {
        let _one_at_a_time = self.keeping.lock().await;
        let id = AgentId::new(agent);
        {
            let state = self.state();
            let found = state.agents.get(&id).ok_or_else(|| AgentError::Unknown(agent.to_owned()))?;
            if found.is_on_call() {
                return Err(found.refuses("removal"));
            }
        }
        self.keep(node, |kept| kept.retain(|known| known.id != id)).await?;
        order(node, Command::RemoveAgent { agent: id.clone() }).await?;
        self.state().remove(&id);
        Ok(())
    }

    /// Changes the agents that are kept. The caller holds `keeping`.
    async fn keep(
        &self,
        node: &Arc<Node>,
        change: impl FnOnce(&mut Vec<AgentProfile>),
    ) -> Result<(), AgentError> {
        let failed = |error: store::Error| AgentError::Failed(format!("the agent cannot be kept: {error}"));
        let mut kept = kept_agents(node).await.map_err(failed)?;
        change(&mut kept);
        let value = serde_json::to_string(&kept).map_err(|error| AgentError::Failed(error.to_string()))?;
        let write = Write::PutMeta { name: KEPT_AGENTS.to_owned(), value };
        node.store.commit(vec![write]).await.map_err(failed)
    }

    /// The socket of an agent is gone. Whoever opens no other one in time is taken out of the selection, and what was
    /// reserved goes to somebody else. Agents who never had a socket are not missed.
    pub(crate) fn socket_gone(&self, node: &Arc<Node>, agent: &str) {
        let (id, weak, now) = (AgentId::new(agent), Arc::downgrade(node), node.clock.now());
        if let Some(agent) = self.state().agents.get_mut(&id) {
            agent.socket_gone(now);
        }
        node.clock.wake_at(now + ABSENCE_MAX, move || {
            let Some(node) = weak.upgrade() else { return };
            // A socket that was opened meanwhile and is gone again has a time of its own.
            if !node.desk.state().is_missing(&id, node.clock.now()) {
                return;
            }
            if node.desk.state().agents.get(&id).is_some_and(Agent::is_on_call) {
                // The phone works: the conversation goes on, and the absence is looked at again.
                return node.desk.socket_gone(&node, id.as_str());
            }
            tracing::warn!(agent_id = %id, "An agent cannot be reached any more and is logged out.");
            tell(&node, Command::AgentVanished { agent: id });
        });
    }
}

/// The agents that came through the API.
///
/// # Errors
/// When the store fails.
pub(crate) async fn kept_agents(node: &Node) -> Result<Vec<AgentProfile>, store::Error> {
    let text = node.store.meta(KEPT_AGENTS.to_owned()).await?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
}

fn check(profile: &AgentProfile) -> Result<(), AgentError> {
    let invalid = |what: &str, problem: &str| Err(AgentError::Invalid(format!("{what} {problem}")));
    let id = profile.id.as_str();
    if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.@".contains(&byte)) {
        return invalid("the id", "may have letters, digits, `-`, `_`, `.` and `@`");
    }
    if profile.dn.trim().is_empty() {
        return invalid("`dn`", "is empty; give the directory number of the agent's phone");
    }
    let texts = [id, &profile.name, &profile.dn, &profile.switch, &profile.place];
    let names = profile.groups.iter().chain(profile.skills.keys()).map(String::as_str);
    if texts.into_iter().chain(names).any(|text| text.len() > TEXT_MAX) {
        return invalid("a text", &format!("is longer than {TEXT_MAX} bytes"));
    }
    if profile.groups.len() > LIST_MAX || profile.skills.len() > LIST_MAX {
        return invalid("`groups` and `skills`", &format!("may have {LIST_MAX} elements each"));
    }
    Ok(())
}
