//! The agents' desk: what agents do, and what they are told.
//!
//! An agent's messages are numbered and kept for a while, so that a socket that was lost resumes where it broke off.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use routing::{AgentProfile, AgentStatus};
use serde_json::{Value, json};
use telephony::Command;
use tokio::sync::mpsc;
use vocabulary::{AgentId, InteractionId};

use crate::api::{AgentCommand, AgentError, AgentMessage, AgentState};
use crate::dialling::DeskCommand;
use crate::node::Node;
use crate::queueing::AgentStatusChanged;

/// Messages kept for each agent.
const MESSAGES_KEPT: usize = 1_000;
/// Messages that may wait for one socket; a slower one is cut off and resumes by `after`.
const SOCKET_CAPACITY: usize = 256;

/// The desk.
#[derive(Debug, Default)]
pub(crate) struct AgentDesk(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    agents: BTreeMap<AgentId, Agent>,
    by_dn: BTreeMap<String, AgentId>,
}

#[derive(Debug)]
struct Agent {
    profile: AgentProfile,
    status: AgentStatus,
    reserved: bool,
    call: Option<InteractionId>,
    next_seq: u64,
    kept: VecDeque<AgentMessage>,
    sockets: Vec<mpsc::Sender<AgentMessage>>,
}

impl Agent {
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
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The agents as configured; all are logged out.
    pub(crate) fn new(profiles: impl IntoIterator<Item = AgentProfile>) -> Self {
        let mut state = State::default();
        for profile in profiles {
            state.by_dn.insert(profile.dn.clone(), profile.id.clone());
            let agent = Agent {
                profile: profile.clone(),
                status: AgentStatus::LoggedOut,
                reserved: false,
                call: None,
                next_seq: 1,
                kept: VecDeque::new(),
                sockets: Vec::new(),
            };
            state.agents.insert(profile.id, agent);
        }
        Self(Mutex::new(state))
    }

    /// All agents, by id.
    pub(crate) fn list(&self) -> Vec<AgentState> {
        self.state().agents.values().map(Agent::view).collect()
    }

    /// Directory number of an agent.
    pub(crate) fn dn(&self, agent: &str) -> Option<String> {
        self.state().agents.get(&AgentId::new(agent)).map(|agent| agent.profile.dn.clone())
    }

    /// An agent does something.
    ///
    /// # Errors
    /// [`AgentError`] when there is no such agent, or it cannot be done now.
    pub(crate) fn command(
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
        let idle =
            matches!(now, AgentStatus::NotReady { .. } | AgentStatus::Ready | AgentStatus::AfterCallWork);
        let on_call = now.is_on_call();
        let next = match command {
            AgentCommand::LogIn if now == AgentStatus::LoggedOut => {
                Some(AgentStatus::NotReady { reason: None })
            }
            AgentCommand::LogIn => return Ok(()),
            AgentCommand::LogOut if on_call => return Err(not_now("logout")),
            AgentCommand::LogOut => Some(AgentStatus::LoggedOut),
            AgentCommand::Ready if idle => Some(AgentStatus::Ready),
            AgentCommand::Ready => return Err(not_now("ready")),
            AgentCommand::NotReady { reason } if idle => Some(AgentStatus::NotReady { reason }),
            AgentCommand::NotReady { .. } => return Err(not_now("not-ready")),
            AgentCommand::Answer | AgentCommand::Decline if now != AgentStatus::Ringing => {
                return Err(not_now("answer or decline"));
            }
            AgentCommand::HangUp if now != AgentStatus::Busy => return Err(not_now("hang-up")),
            AgentCommand::Answer => {
                phone(node, Command::AgentAnswers { dn });
                None
            }
            AgentCommand::Decline => {
                phone(node, Command::AgentDeclines { dn });
                None
            }
            AgentCommand::HangUp => {
                phone(node, Command::AgentHangsUp { dn });
                None
            }
        };
        if let Some(status) = next {
            self.set_status(node, id, status);
        }
        Ok(())
    }

    /// Asks the router to change a status; it answers by [`AgentDesk::status_changed`].
    pub(crate) fn set_status(&self, node: &Arc<Node>, agent: AgentId, status: AgentStatus) {
        if let Some(found) = self.state().agents.get_mut(&agent) {
            found.status = status.clone();
        }
        let Some(queues) = node.queues.get() else { return };
        let message = AgentStatusChanged { agent, status, busy: node.clock.activity().begin() };
        if queues.try_send(message).is_err() {
            node.metrics.full_mailboxes.inc();
            tracing::error!("The router's mailbox is full; an agent's status was not taken over.");
        }
    }

    /// The same by directory number.
    pub(crate) fn set_status_by_dn(&self, node: &Arc<Node>, dn: &str, status: AgentStatus) {
        let agent = self.state().by_dn.get(dn).cloned();
        if let Some(agent) = agent {
            self.set_status(node, agent, status);
        }
    }

    /// What an agent is when a call is over. Wrap-up comes with the routing issue: ready at once.
    pub(crate) fn status_after_call(&self, dn: &str) -> AgentStatus {
        let state = self.state();
        let status = state.by_dn.get(dn).and_then(|id| state.agents.get(id)).map(|agent| &agent.status);
        match status {
            Some(AgentStatus::LoggedOut) => AgentStatus::LoggedOut,
            _ => AgentStatus::Ready,
        }
    }

    /// The router has changed a status or a reservation.
    pub(crate) fn status_changed(&self, node: &Node, agent: &AgentId, status: &AgentStatus, reserved: bool) {
        if let Some(found) = self.state().agents.get_mut(agent) {
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
        Ok(receiver)
    }
}

fn phone(node: &Arc<Node>, command: Command) {
    if let Some(dialling) = node.dialling.get() {
        let message = DeskCommand { command, busy: node.clock.activity().begin() };
        if dialling.try_send(message).is_err() {
            node.metrics.full_mailboxes.inc();
            tracing::error!("The dial actor's mailbox is full; an agent's command was dropped.");
        }
    }
}
