//! What a step asks of its host: data, carried out by others.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Event, EventKind};

/// Type of the event processor between sessions.
pub const SCXML_PROCESSOR: &str = "http://www.w3.org/TR/scxml/#SCXMLEventProcessor";
/// What the address of a session begins with; its id follows.
pub const SESSION_ADDRESS: &str = "#_scxml_";
/// The one key of an object that stands for markup, in the data of events, effects and parameters.
pub const MARKUP_KEY: &str = "#xml";

/// One effect of a step. Its place in the step is its place in the list; `session:step:index` is its id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// An event for somebody else, or for this session at a later time. `<send>` without delay to the own session
    /// never leaves the step.
    Send(Send),
    /// A delayed event of this session is no longer wanted.
    CancelSend {
        /// Id of the `<send>`.
        sendid: String,
    },
    /// A child session is to be started.
    Invoke(Invoke),
    /// The state of an invocation was left: the child is to be cancelled, if it has not ended by itself.
    ///
    /// What the child sends from now on, while it is cancelled, must not be delivered; what it sent before, such as its
    /// `done.invoke`, must (scxml: 6.4.3).
    CancelInvoke {
        /// Id of the invocation.
        invokeid: String,
    },
    /// An external event is to be forwarded to a child (`autoforward`).
    Forward {
        /// Id of the invocation.
        invokeid: String,
        /// The event as it was received.
        event: Event,
    },
    /// An element of a registered module was executed.
    Verb(Verb),
    /// A registered function of a script was called.
    Call(Call),
    /// `<log>`.
    Log(Log),
}

/// `<send>` (scxml: 6.2).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Send {
    /// Given or generated id; `None` when the chart cannot refer to it.
    pub sendid: Option<String>,
    /// Where to; `None` is the session itself.
    pub target: Option<String>,
    /// Type of the event I/O processor as the chart writes it; `None` is SCXML.
    pub kind: Option<String>,
    /// Name of the event.
    pub event: String,
    /// Data from `namelist`, `<param>` or `<content>`; null when there is none.
    pub data: Value,
    /// Whether the data are a `<content>`, which processors other than SCXML send in another way than parameters.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_content: bool,
    /// Time to wait before sending; zero sends at once.
    pub delay: Duration,
}

impl Send {
    /// The event as its receiver sees it, when session `from` sent it by the SCXML processor (scxml: C.1).
    #[must_use]
    pub fn event(&self, from: &str) -> Event {
        Event {
            name: self.event.clone(),
            kind: EventKind::External,
            data: (!self.data.is_null()).then(|| self.data.clone()),
            sendid: self.sendid.clone(),
            origin: Some(format!("{SESSION_ADDRESS}{from}")),
            origintype: Some(SCXML_PROCESSOR.to_owned()),
            ..Event::default()
        }
    }
}

/// `<invoke>` (scxml: 6.4).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Invoke {
    /// Id of the invocation, unique within the session.
    pub invokeid: String,
    /// Type as the chart writes it; `None` is SCXML.
    pub kind: Option<String>,
    /// What to run.
    pub source: InvokeSource,
    /// Start parameters, from `namelist` and `<param>`.
    pub parameters: Map<String, Value>,
    /// Whether every external event is also given to the child.
    pub autoforward: bool,
}

/// What an `<invoke>` runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvokeSource {
    /// A document to be fetched.
    Url(String),
    /// The text of a chart.
    Content(String),
}

/// An element of a registered module, with everything that it names evaluated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verb {
    /// `session:step:index`: the id under which answers come back.
    pub request_id: String,
    /// Namespace of the module, without `http://`.
    pub module: String,
    /// Local name of the element.
    pub element: String,
    /// Evaluated attributes that were given; locations are left out.
    pub attributes: Map<String, Value>,
    /// `<param>` children, in document order.
    pub params: Vec<(String, Value)>,
    /// `<content>` child.
    pub content: Option<Value>,
    /// Other children, in document order.
    pub children: Vec<VerbChild>,
}

/// A child element of a verb, such as `queue:targetid`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VerbChild {
    /// Local name of the element.
    pub element: String,
    /// Evaluated attributes that were given.
    pub attributes: Map<String, Value>,
    /// Children of the child.
    pub children: Vec<VerbChild>,
}

/// A call of a registered function, such as `_genesys.ixn.setuData`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Path of the function as registered.
    pub function: String,
    /// Arguments; what JSON cannot hold is `null`.
    pub arguments: Vec<Value>,
}

/// `<log>` (scxml: 4.7).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Log {
    /// Label; empty when none was given.
    pub label: String,
    /// Value of the expression.
    pub value: Value,
    /// Level as the ORS form of `<log>` writes it: 1 reporting, 2 error, 3 warning, 4 debug.
    pub level: Option<i64>,
}
