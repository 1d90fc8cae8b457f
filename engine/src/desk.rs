//! The agents' desk: what agents do, and what they are told.
//!
//! An agent's messages are numbered and kept for a while, so that a socket that was lost resumes where it broke off.

mod attendance;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use routing::{AgentProfile, AgentStatus, Command};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use vocabulary::{AgentId, InteractionId};

use crate::api::{AgentCommand, AgentError, AgentMessage, AgentState};
use crate::configuration::NoAnswer;
use crate::dialling::DeskCommand;
use crate::node::Node;
use crate::queueing::AgentOrder;

pub(crate) use attendance::kept_agents;

/// Messages kept for each agent.
const MESSAGES_KEPT: usize = 1_000;
/// Reason of an agent who is not ready because a call was not answered.
const NO_ANSWER_REASON: &str = "no_answer";
/// Messages that may wait for one socket; a slower one is cut off and resumes by `after`.
const SOCKET_CAPACITY: usize = 256;

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

#[derive(Debug)]
struct Agent {
    /// Directory number, switch and place are those of the login while at work.
    profile: AgentProfile,
    /// As configured.
    own: AgentProfile,
    status: AgentStatus,
    /// What the agent wants to be after the call.
    planned: Option<AgentStatus>,
    reserved: bool,
    call: Option<InteractionId>,
    /// Whether a socket was ever opened: whoever had one is missed when it is gone.
    had_socket: bool,
    next_seq: u64,
    kept: VecDeque<AgentMessage>,
    sockets: Vec<mpsc::Sender<AgentMessage>>,
}

impl Agent {
    fn new(profile: AgentProfile) -> Self {
        Self {
            own: profile.clone(),
            profile,
            status: AgentStatus::LoggedOut,
            planned: None,
            reserved: false,
            call: None,
            had_socket: false,
            next_seq: 1,
            kept: VecDeque::new(),
            sockets: Vec::new(),
        }
    }

    fn say(&mut self, node: &Node, kind: &str, data: Value) {
        let message = AgentMessage {
            seq: self.next_seq,
            kind: kind.to_owned(),
            at: node.clock.now().to_string(),
            data,
        };
        self.next_seq += 1;
        if self.kept.len() == MESSAGES_KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(message.clone());
        self.sockets.retain(|socket| socket.try_send(message.clone()).is_ok());
    }

    fn view(&self) -> AgentState {
        let reason = match &self.status {
            AgentStatus::NotReady { reason } => reason.clone(),
            _ => None,
        };
        AgentState {
            id: self.profile.id.to_string(),
            name: self.profile.name.clone(),
            dn: self.profile.dn.clone(),
            place: self.profile.place.clone(),
            groups: self.profile.groups.clone(),
            skills: self.profile.skills.clone(),
            after_call: self.planned.as_ref().map(|status| status_name(status).to_owned()),
            status: status_name(&self.status).to_owned(),
            reason,
            reserved: self.reserved,
            interaction: self.call.clone(),
        }
    }
}

/// The wire name of a status.
fn status_name(status: &AgentStatus) -> &'static str {
    match status {
        AgentStatus::LoggedOut => "logged_out",
        AgentStatus::NotReady { .. } => "not_ready",
        AgentStatus::Ready => "ready",
        AgentStatus::Dialing => "dialing",
        AgentStatus::Ringing => "ringing",
        AgentStatus::Busy => "busy",
        AgentStatus::AfterCallWork => "after_call_work",
    }
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
        let (dn, now) = {
            let state = self.state();
            let found = state.agents.get(&id).ok_or_else(|| AgentError::Unknown(agent.to_owned()))?;
            (found.profile.dn.clone(), found.status.clone())
        };
        let not_now = |command: &str| AgentError::NotNow {
            agent: agent.to_owned(),
            status: status_name(&now).to_owned(),
            command: command.to_owned(),
        };
        let next = match command {
            AgentCommand::LogIn { place, dn } => return self.log_in(node, id, &now, place, dn).await,
            AgentCommand::LogOut if now.is_on_call() => return Err(not_now("logout")),
            AgentCommand::LogOut => AgentStatus::LoggedOut,
            AgentCommand::Ready | AgentCommand::NotReady { .. } if now == AgentStatus::LoggedOut => {
                return Err(not_now("ready or not-ready"));
            }
            AgentCommand::Ready => AgentStatus::Ready,
            AgentCommand::NotReady { reason } => AgentStatus::NotReady { reason },
            AgentCommand::Answer | AgentCommand::Decline if now != AgentStatus::Ringing => {
                return Err(not_now("answer or decline"));
            }
            AgentCommand::HangUp if now != AgentStatus::Busy => return Err(not_now("hang-up")),
            AgentCommand::Answer => return phone(node, telephony::Command::AgentAnswers { dn }),
            AgentCommand::Decline => return phone(node, telephony::Command::AgentDeclines { dn }),
            AgentCommand::HangUp => return phone(node, telephony::Command::AgentHangsUp { dn }),
        };
        if now.is_on_call() {
            return self.plan_after_call(node, id, next).await;
        }
        order(node, Command::SetAgentStatus { agent: id, status: next }).await
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

    /// A call rang at an agent and went elsewhere: declined, or not answered.
    pub(crate) fn call_diverted(&self, node: &Arc<Node>, dn: &str, call: &InteractionId, declined: bool) {
        let Some(agent) = self.agent_at(dn) else { return };
        let planned = self.state().agents.get_mut(&agent).and_then(|found| found.planned.take());
        let status = planned.unwrap_or_else(|| match node.configuration.routing.agent_no_answer {
            NoAnswer::NotReady if !declined => {
                AgentStatus::NotReady { reason: Some(NO_ANSWER_REASON.to_owned()) }
            }
            _ => AgentStatus::Ready,
        });
        tell_observed(node, agent, call, status);
    }

    /// Sets the status of an agent whom the configuration logs in.
    pub(crate) fn set_status(node: &Arc<Node>, agent: AgentId, status: AgentStatus) {
        tell(node, Command::SetAgentStatus { agent, status });
    }

    fn agent_at(&self, dn: &str) -> Option<AgentId> {
        self.state().by_dn.get(dn).cloned()
    }

    /// The router has changed a status or a reservation.
    pub(crate) fn status_changed(&self, node: &Node, agent: &AgentId, status: &AgentStatus, reserved: bool) {
        let mut state = self.state();
        if *status == AgentStatus::LoggedOut {
            state.leave_desk(agent);
        }
        if let Some(found) = state.agents.get_mut(agent) {
            if !status.is_on_call() {
                found.planned = None;
            }
            found.status = status.clone();
            found.reserved = reserved;
            let data = json!(found.view());
            found.say(node, "status", data);
        }
    }

    /// A call rings at an agent.
    pub(crate) fn call_rings(&self, node: &Node, dn: &str, call: &InteractionId) {
        self.on_call(node, dn, Some(call.clone()), "ringing");
    }

    /// An agent is on a call.
    pub(crate) fn call_connected(&self, node: &Node, dn: &str, call: &InteractionId) {
        self.on_call(node, dn, Some(call.clone()), "connected");
    }

    /// An agent's call is gone: `diverted` or `released`.
    pub(crate) fn call_gone(&self, node: &Node, dn: &str, how: &str) {
        self.on_call(node, dn, None, how);
    }

    fn on_call(&self, node: &Node, dn: &str, call: Option<InteractionId>, kind: &str) {
        let mut state = self.state();
        let Some(id) = state.by_dn.get(dn).cloned() else {
            return;
        };
        if let Some(agent) = state.agents.get_mut(&id) {
            let interaction = call.clone().or_else(|| agent.call.clone());
            agent.call = call;
            agent.say(node, kind, json!({ "interactionid": interaction }));
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
        let found = state
            .agents
            .get_mut(&AgentId::new(agent))
            .ok_or_else(|| AgentError::Unknown(agent.to_owned()))?;
        let (socket, receiver) = mpsc::channel(MESSAGES_KEPT + SOCKET_CAPACITY);
        let newest = found.next_seq.saturating_sub(1);
        let after = after.unwrap_or(newest);
        for message in found.kept.iter().filter(|message| message.seq > after) {
            // Holds every message that is kept: cannot be full.
            let _fits = socket.try_send(message.clone());
        }
        found.sockets.retain(|socket| !socket.is_closed());
        found.sockets.push(socket);
        found.had_socket = true;
        Ok(receiver)
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
