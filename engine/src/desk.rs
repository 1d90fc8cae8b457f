//! The agents' desk: what agents do, and what they are told.
//!
//! An agent's messages are numbered and kept for a while, so that a socket that was lost resumes where it broke off.

mod agent;
mod attendance;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use routing::{AgentProfile, AgentStatus, Command};
use tokio::sync::mpsc;
use vocabulary::{AgentId, InteractionId};

use crate::api::{AgentCommand, AgentError, AgentMessage, AgentState};
use crate::configuration::NoAnswer;
use crate::dialling::DeskCommand;
use crate::node::Node;
use crate::queueing::AgentOrder;

use agent::{Agent, Deed, Phone};
pub(crate) use attendance::kept_agents;

/// Reason of an agent who is not ready because a call was not answered.
const NO_ANSWER_REASON: &str = "no_answer";

/// The desk.
#[derive(Debug, Default)]
pub(crate) struct AgentDesk {
    state: Mutex<State>,
    /// Held while the agents that are kept are read, changed and written: two changes at once would lose one.
    keeping: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    agents: BTreeMap<AgentId, Agent>,
    by_dn: BTreeMap<String, AgentId>,
}

impl AgentDesk {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The agents as configured; all are logged out.
    pub(crate) fn new(profiles: impl IntoIterator<Item = AgentProfile>) -> Self {
        let mut state = State::default();
        for profile in profiles {
            state.put(profile);
        }
        Self { state: Mutex::new(state), keeping: tokio::sync::Mutex::default() }
    }

    /// All agents, by id.
    pub(crate) fn list(&self) -> Vec<AgentState> {
        self.state().agents.values().map(Agent::view).collect()
    }

    /// One agent.
    pub(crate) fn find(&self, agent: &str) -> Option<AgentState> {
        self.state().agents.get(&AgentId::new(agent)).map(Agent::view)
    }

    /// Directory number of an agent.
    pub(crate) fn dn(&self, agent: &str) -> Option<String> {
        self.state().agents.get(&AgentId::new(agent)).map(|agent| agent.profile.dn.clone())
    }

    /// An agent does something.
    ///
    /// # Errors
    /// [`AgentError`] when there is no such agent, or it cannot be done now.
    pub(crate) async fn command(
        &self,
        node: &Arc<Node>,
        agent: &str,
        command: AgentCommand,
    ) -> Result<(), AgentError> {
        let id = AgentId::new(agent);
        let deed = {
            let state = self.state();
            let found = state.agents.get(&id).ok_or_else(|| AgentError::Unknown(agent.to_owned()))?;
            found.decide(command)?
        };
        match deed {
            Deed::Nothing => Ok(()),
            Deed::LogIn { place, dn } => self.log_in(node, id, place, dn).await,
            Deed::Route(command) => order(node, command).await,
            Deed::Dial(command) => phone(node, command),
        }
    }

    /// Tells the router what the switch says of an agent, by directory number. The router answers by
    /// [`AgentDesk::status_changed`].
    pub(crate) fn observe(&self, node: &Arc<Node>, dn: &str, call: &InteractionId, status: AgentStatus) {
        if let Some(agent) = self.agent_at(dn) {
            tell_observed(node, agent, call, status);
        }
    }

    /// An agent's call is over: after-call work follows, where a time is set for it.
    pub(crate) fn call_ended(&self, node: &Arc<Node>, dn: &str) {
        if let Some(agent) = self.agent_at(dn) {
            tell(node, Command::EndCall { agent });
        }
    }

    /// A call rang at an agent and went elsewhere: declined, or not answered. What the agent asked to be after it comes
    /// before what we say here.
    pub(crate) fn call_diverted(&self, node: &Arc<Node>, dn: &str, call: &InteractionId, declined: bool) {
        let Some(agent) = self.agent_at(dn) else { return };
        let status = match node.configuration.routing.agent_no_answer {
            NoAnswer::NotReady if !declined => {
                AgentStatus::NotReady { reason: Some(NO_ANSWER_REASON.to_owned()) }
            }
            _ => AgentStatus::Ready,
        };
        tell_observed(node, agent, call, status);
    }

    /// Sets the status of an agent whom the configuration logs in.
    pub(crate) fn set_status(node: &Arc<Node>, agent: AgentId, status: AgentStatus) {
        tell(node, Command::SetAgentStatus { agent, status });
    }

    fn agent_at(&self, dn: &str) -> Option<AgentId> {
        self.state().by_dn.get(dn).cloned()
    }

    /// The router has changed a status or a reservation, or what comes after the call.
    pub(crate) fn status_changed(
        &self,
        node: &Node,
        agent: &AgentId,
        (status, reserved, after_call): (&AgentStatus, bool, Option<&AgentStatus>),
    ) {
        let mut state = self.state();
        if *status == AgentStatus::LoggedOut {
            state.leave_desk(agent);
        }
        if let Some(found) = state.agents.get_mut(agent) {
            found.status_changed(status, reserved, after_call, node.clock.now());
        }
    }

    /// A call rings at an agent.
    pub(crate) fn call_rings(&self, node: &Node, dn: &str, call: &InteractionId) {
        self.phone_is(node, dn, Phone::Rings(call.clone()), "ringing");
    }

    /// An agent is on a call.
    pub(crate) fn call_connected(&self, node: &Node, dn: &str, call: &InteractionId) {
        self.phone_is(node, dn, Phone::Talks(call.clone()), "connected");
    }

    /// An agent's call is gone: `diverted` or `released`.
    pub(crate) fn call_gone(&self, node: &Node, dn: &str, how: &str) {
        self.phone_is(node, dn, Phone::Idle, how);
    }

    fn phone_is(&self, node: &Node, dn: &str, phone: Phone, kind: &str) {
        let mut state = self.state();
        let Some(id) = state.by_dn.get(dn).cloned() else { return };
        if let Some(agent) = state.agents.get_mut(&id) {
            agent.phone_is(phone, kind, node.clock.now());
        }
    }

    /// Messages of an agent with a number above `after`, then new ones.
    ///
    /// # Errors
    /// [`AgentError::Unknown`].
    pub(crate) fn messages(
        &self,
        agent: &str,
        after: Option<u64>,
    ) -> Result<mpsc::Receiver<AgentMessage>, AgentError> {
        let mut state = self.state();
        let found = state.agents.get_mut(&AgentId::new(agent));
        Ok(found.ok_or_else(|| AgentError::Unknown(agent.to_owned()))?.listen(after))
    }
}

fn phone(node: &Arc<Node>, command: telephony::Command) -> Result<(), AgentError> {
    let Some(dialling) = node.dialling.get() else { return Err(AgentError::Busy) };
    let message = DeskCommand { command, busy: node.clock.activity().begin() };
    dialling.try_send(message).map_err(|_full| {
        node.metrics.full_mailboxes.inc();
        AgentError::Busy
    })
}

/// Tells the router what was seen of an agent just now.
fn tell_observed(node: &Arc<Node>, agent: AgentId, call: &InteractionId, status: AgentStatus) {
    let (at, call) = (node.clock.now(), Some(call.to_string()));
    tell(node, Command::ObserveAgent { agent, status, at, call });
}

/// Tells the router something, whose answer is an outcome.
fn tell(node: &Arc<Node>, command: Command) {
    node.tell_router(command);
}

/// Tells the router something and waits until it is done.
async fn order(node: &Arc<Node>, command: Command) -> Result<(), AgentError> {
    let Some(queues) = node.queues.get() else { return Err(AgentError::Busy) };
    let message = AgentOrder { command, busy: node.clock.activity().begin() };
    match queues.send(message).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(refusal)) => Err(AgentError::Desk(refusal.to_string())),
        Err(_gone) => Err(AgentError::Busy),
    }
}
