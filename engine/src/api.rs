//! What the gateway may ask the engine, as plain types. The calls themselves are methods of [`crate::Engine`].

use std::collections::BTreeMap;

use routing::AgentProfile;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use vocabulary::{AgentId, CallbackId, CallbackState, InteractionId, ServiceName, SessionId, Timestamp};

/// A request to start or schedule a callback.
#[derive(Clone, Debug, Default)]
pub struct StartRequest {
    /// Configured name of the service.
    pub service: String,
    /// Every key of the body, with and without leading underscore.
    pub parameters: Map<String, Value>,
    /// Header fields by lower-case name; counted by throttles that name them.
    pub headers: Vec<(String, String)>,
}

/// How a callback is to be cancelled.
#[derive(Clone, Debug)]
pub struct CancelRequest {
    /// Service of the path.
    pub service: String,
    /// Id.
    pub id: String,
    /// Reason of the record, `CANCELLED` or `CANCELLED_BY_ADMIN`.
    pub reason: String,
    /// Complete the record even if its session does not answer.
    pub discard_session_failure: bool,
}

/// How to look for callbacks by properties.
#[derive(Clone, Debug, Default)]
pub struct Lookup {
    /// Service; `None` looks in all.
    pub service: Option<String>,
    /// Services whose callbacks are left out.
    pub except_services: Vec<String>,
    /// Properties to match.
    pub properties: Vec<(String, String)>,
    /// Whether one match is enough.
    pub any: bool,
    /// State filter; `true` negates it.
    pub state: Option<(CallbackState, bool)>,
    /// Desired not before.
    pub desired_from: Option<Timestamp>,
    /// Desired before.
    pub desired_to: Option<Timestamp>,
}

/// How to list callbacks by service.
#[derive(Clone, Debug, Default)]
pub struct QueueListing {
    /// Service; `None` lists all.
    pub target: Option<String>,
    /// Desired not before; `None` is a day ago.
    pub start_time: Option<Timestamp>,
    /// Desired before; `None` is a day ahead.
    pub end_time: Option<Timestamp>,
    /// States; empty is any.
    pub states: Vec<CallbackState>,
    /// At most so many for each service; 0 is 500.
    pub max: usize,
}

/// A callback as the API shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct CallbackView {
    /// Id.
    pub id: CallbackId,
    /// Service.
    pub service: ServiceName,
    /// State.
    pub state: CallbackState,
    /// Why it was completed.
    pub reason: Option<String>,
    /// Normalised number.
    pub customer_number: Option<String>,
    /// Wanted time.
    pub desired_time: Timestamp,
    /// Time of the request.
    pub requested_at: Timestamp,
    /// End of life.
    pub expires_at: Timestamp,
    /// Session that runs it, or ran it last.
    pub session: Option<SessionId>,
    /// Further keys to show: lookup keys and the configured returned keys.
    pub further: Map<String, Value>,
}

/// Answer of a session to a request.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionResponse {
    /// Status: 200 for a positive answer, 400 to 599 for a negative one.
    pub status: u16,
    /// Body: an object of the params, or any JSON; text is sent as text.
    pub body: Value,
}

/// Why a session did not take an event or request.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SessionError {
    /// No such session was ever here (404).
    #[error("there is no session {0}")]
    Unknown(String),
    /// The name of a request belongs to the platform; nobody outside may send it (404).
    #[error(
        "there is no request {0}: names with a dot, and those that the platform's events begin with, are its own"
    )]
    Reserved(String),
    /// The session has ended (410; 404 for service instances).
    #[error("session {0} has ended")]
    Ended(String),
    /// No answer within the request timeout (504).
    #[error("session {0} did not answer in time")]
    NoAnswer(String),
    /// The chart cannot be loaded, or a parameter cannot be read (400).
    #[error("{0}")]
    Refused(String),
    /// Mailbox full or node draining (503).
    #[error("session {0} takes no more events at the moment")]
    Busy(String),
    /// The store failed (500).
    #[error("{0}")]
    Failed(String),
}

/// What an agent does at the desk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AgentCommand {
    /// Comes to work; not ready yet. Whoever is at work moves to the other desk.
    LogIn {
        /// Place; the agent's own when neither place nor number is given.
        place: Option<String>,
        /// Directory number; with a place and no number it is that of the place's name.
        dn: Option<String>,
    },
    /// Goes.
    LogOut,
    /// Takes calls; on a call: after it.
    Ready,
    /// Takes no calls; on a call: after it.
    NotReady {
        /// Reason code.
        reason: Option<String>,
    },
    /// Takes the call that rings.
    Answer,
    /// Declines the call that rings.
    Decline,
    /// Ends the call.
    HangUp,
}

/// What is said of an agent; what is not said stays, and has its default for a new agent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentChange {
    /// Name shown to people. Default the id.
    pub name: Option<String>,
    /// Directory number. Default the id.
    pub dn: Option<String>,
    /// Switch of that number. Default `SIP_Switch`.
    pub switch: Option<String>,
    /// Place. Default the directory number.
    pub place: Option<String>,
    /// Agent groups; replaces all of them.
    pub groups: Option<Vec<String>>,
    /// Skills and their levels; replaces all of them.
    pub skills: Option<BTreeMap<String, i64>>,
}

impl AgentChange {
    /// The profile of an agent after the change.
    pub(crate) fn apply(self, agent: &str, known: Option<AgentProfile>) -> AgentProfile {
        let known = known.unwrap_or_else(|| AgentProfile {
            id: AgentId::new(agent),
            name: agent.to_owned(),
            dn: self.dn.clone().unwrap_or_else(|| agent.to_owned()),
            switch: "SIP_Switch".to_owned(),
            place: self.dn.clone().unwrap_or_else(|| agent.to_owned()),
            groups: Vec::new(),
            skills: BTreeMap::new(),
        });
        AgentProfile {
            id: known.id,
            name: self.name.unwrap_or(known.name),
            dn: self.dn.unwrap_or(known.dn),
            switch: self.switch.unwrap_or(known.switch),
            place: self.place.unwrap_or(known.place),
            groups: self.groups.unwrap_or(known.groups),
            skills: self.skills.unwrap_or(known.skills),
        }
    }
}

/// Why an agent's command is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AgentError {
    /// No such agent is configured (404).
    #[error("there is no agent {0}")]
    Unknown(String),
    /// The desk is somebody else's (409).
    #[error("{0}")]
    Desk(String),
    /// What was said of an agent cannot be (400).
    #[error("{0}")]
    Invalid(String),
    /// The router takes no more at the moment (503).
    #[error("the router takes no more commands at the moment")]
    Busy,
    /// The store failed (500).
    #[error("{0}")]
    Failed(String),
    /// The command does not fit the agent's state (409).
    #[error("agent {agent} is {status}: {command} is not possible")]
    NotNow {
        /// Agent.
        agent: String,
        /// State.
        status: String,
        /// Command.
        command: String,
    },
}

/// An agent as the desk shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AgentState {
    /// Employee id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Directory number: that of the login while at work.
    pub dn: String,
    /// Place, likewise.
    pub place: String,
    /// Agent groups.
    pub groups: Vec<String>,
    /// Skills and their levels.
    pub skills: BTreeMap<String, i64>,
    /// `logged_out`, `not_ready`, `ready`, `dialing`, `ringing`, `busy`, `after_call_work`.
    pub status: String,
    /// Reason of not ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What the agent wants to be after the call: `ready`, `not_ready`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_call: Option<String>,
    /// Whether a callback keeps the agent.
    pub reserved: bool,
    /// The call that rings or is talked on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interaction: Option<InteractionId>,
}

/// A message on an agent's socket.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AgentMessage {
    /// Sequence number of this agent, from 1, without gaps.
    pub seq: u64,
    /// `status`, `ringing`, `connected`, `diverted`, `released`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Engine time, ISO.
    pub at: String,
    /// Whatever belongs to it.
    pub data: Value,
}

/// A call that arrives on the simulated switch.
#[derive(Clone, Debug)]
pub struct InboundCall {
    /// Caller.
    pub ani: String,
    /// Number called.
    pub dnis: String,
    /// Digits that the caller will enter when asked.
    pub digits: Option<String>,
}
