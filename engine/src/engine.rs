//! The engine as its callers see it.

use std::time::Duration;

use serde_json::{Map, Value};
use store::TimelineRow;
use tokio::sync::mpsc;
use vocabulary::SessionId;

use crate::api::{
    AgentCommand, AgentError, AgentMessage, AgentState, CallbackView, CancelRequest, InboundCall, Lookup,
    QueueListing, SessionError, SessionResponse, StartRequest,
};
use crate::refusal::Refusal;

/// The engine. Cheap to clone; every clone is the same engine.
#[derive(Clone, Debug)]
pub struct Engine {}

fn soon() -> Refusal {
    Refusal::Unavailable {
        problem: "being built".to_owned(),
    }
}

impl Engine {
    /// Starts or schedules a callback; the answer is the body of the reply.
    pub async fn start_callback(&self, _request: StartRequest) -> Result<Map<String, Value>, Refusal> {
        Err(soon())
    }
    /// Cancels a callback.
    pub async fn cancel_callback(&self, _request: CancelRequest) -> Result<(), Refusal> {
        Err(soon())
    }
    /// A callback by id; `service` of the path, if there is one, must be its service.
    pub async fn callback(&self, _service: Option<&str>, _id: &str) -> Result<CallbackView, Refusal> {
        Err(soon())
    }
    /// Callbacks by properties.
    pub async fn find_callbacks(&self, _lookup: Lookup) -> Result<Vec<CallbackView>, Refusal> {
        Err(soon())
    }
    /// Callbacks by service, in the order of service names.
    pub async fn list_callbacks(
        &self,
        _listing: QueueListing,
    ) -> Result<Vec<(String, Vec<CallbackView>)>, Refusal> {
        Err(soon())
    }
    /// The timeline of a callback.
    pub async fn timeline(&self, _id: &str) -> Result<Vec<TimelineRow>, Refusal> {
        Err(soon())
    }
    /// Creates an instance of a generic service: `match-interaction`, `request-access`.
    pub async fn call_service(
        &self,
        _service: &str,
        _parameters: Map<String, Value>,
    ) -> Result<Value, Refusal> {
        Err(soon())
    }
    /// A message to the session of a service instance: `connect`, `check-queue-position`, any other name.
    pub async fn message(
        &self,
        _id: &str,
        _name: &str,
        _fields: Map<String, Value>,
    ) -> Result<SessionResponse, SessionError> {
        Err(SessionError::Failed(String::new()))
    }
    /// Starts a session on a chart: a shipped name, a file of the charts folder, or an allowed URL.
    pub async fn start_session(
        &self,
        _src: &str,
        _parameters: Map<String, Value>,
    ) -> Result<SessionId, SessionError> {
        Err(SessionError::Failed(String::new()))
    }
    /// An event for a session.
    pub async fn session_event(&self, _session: &str, _name: &str, _data: Value) -> Result<(), SessionError> {
        Err(SessionError::Failed(String::new()))
    }
    /// A request to a session; waits for its answer.
    pub async fn session_request(
        &self,
        _session: &str,
        _name: &str,
        _data: Value,
    ) -> Result<SessionResponse, SessionError> {
        Err(SessionError::Failed(String::new()))
    }
    /// Ends a session.
    pub async fn terminate_session(&self, _session: &str) -> Result<(), SessionError> {
        Err(SessionError::Failed(String::new()))
    }
    /// Data and active states of a session.
    pub async fn query_session(&self, _session: &str) -> Result<Value, SessionError> {
        Err(SessionError::Failed(String::new()))
    }
    /// Whether `key` is the secret of the reply URLs of this session.
    pub async fn is_reply_key(&self, _session: &str, _key: &str) -> bool {
        false
    }
    /// All agents, by id.
    pub fn agents(&self) -> Vec<AgentState> {
        Vec::new()
    }
    /// What an agent does.
    pub async fn agent_command(&self, agent: &str, _command: AgentCommand) -> Result<AgentState, AgentError> {
        Err(AgentError::Unknown(agent.to_owned()))
    }
    /// Messages of an agent: those kept with a number above `after`, then new ones. Ends when the receiver is dropped.
    pub fn agent_messages(
        &self,
        agent: &str,
        _after: Option<u64>,
    ) -> Result<mpsc::Receiver<AgentMessage>, AgentError> {
        Err(AgentError::Unknown(agent.to_owned()))
    }
    /// Pushes for a device: those kept, then new ones.
    pub fn device_messages(&self, _device: &str) -> mpsc::Receiver<Value> {
        mpsc::channel(1).1
    }
    /// Changes a transaction list: `list`, `section`, `key`, `value` (pause list).
    pub async fn set_list_value(
        &self,
        _list: &str,
        _section: &str,
        _key: &str,
        _value: &str,
    ) -> Result<(), Refusal> {
        Err(soon())
    }
    /// Text of a treatment or chart below `service_template/callback`, if it is shipped or in the charts folder.
    pub fn document(&self, _path: &str) -> Option<Vec<u8>> {
        None
    }
    /// Whether new requests are taken: started, store answering, not draining.
    pub async fn is_ready(&self) -> Result<(), String> {
        Ok(())
    }
    /// Metrics in the `OpenMetrics` text form.
    pub async fn metrics(&self) -> String {
        String::new()
    }
    /// Engine time, ISO.
    pub fn now(&self) -> vocabulary::Timestamp {
        vocabulary::Timestamp::EPOCH
    }
    /// The controls of the simulated switch; `None` with a real one.
    pub fn simulator(&self) -> Option<Simulator> {
        None
    }
    /// Stops accepting, lets what is under way come to rest, closes the store.
    pub async fn drain(&self) {}
}

/// Controls of the simulated switch and the clock. Exists only with the simulated switch.
#[derive(Clone, Debug)]
pub struct Simulator {}

impl Simulator {
    /// Moves the manual clock and returns when everything due has happened.
    ///
    /// # Errors
    /// The text of the problem when the clock is not manual.
    pub async fn advance(&self, _by: Duration) -> Result<(), String> {
        Err(String::new())
    }
    /// What a customer does: `behaviour` is one of `human busy no_answer machine fax silence sit hangup`, with its numbers in `detail`.
    pub fn set_customer(&self, _number: &str, _behaviour: Value) -> Result<(), String> {
        Err(String::new())
    }
    /// The customer on the line hangs up.
    pub fn customer_hangs_up(&self, _number: &str) -> Result<(), String> {
        Err(String::new())
    }
    /// What an agent's phone does: `answers`, `declines`, `rings_out`, `manual`, with numbers.
    pub fn set_agent(&self, _agent: &str, _behaviour: Value) -> Result<(), String> {
        Err(String::new())
    }
    /// A call arrives.
    pub fn inbound_call(&self, _call: InboundCall) -> Result<String, String> {
        Err(String::new())
    }
    /// The switch's own log of dials, as JSON values.
    pub fn dial_log(&self) -> Vec<Value> {
        Vec::new()
    }
    /// Calls that the switch holds.
    pub fn calls(&self) -> Value {
        Value::Null
    }
}
