//! What a session is told.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Where an event came from (scxml: 5.10.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventKind {
    /// Raised by the platform itself.
    Platform,
    /// Raised by `<raise>` or sent to `#_internal`.
    Internal,
    /// Came from outside the session.
    #[default]
    External,
}

/// An event, with the fields of `_event`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Name, dot-separated tokens.
    pub name: String,
    /// Where it came from.
    #[serde(default)]
    pub kind: EventKind,
    /// Data; `None` leaves `_event.data` undefined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
    /// Id of the `<send>`, or of the request that waits for an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sendid: Option<String>,
    /// Address to answer to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// Type of that address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origintype: Option<String>,
    /// Invocation that the event came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invokeid: Option<String>,
    /// The message as it came, where the processor keeps it: `_event.raw` of BasicHTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
}

impl Event {
    /// An external event with data.
    #[must_use]
    pub fn external(name: impl Into<String>, data: Value) -> Self {
        Self { name: name.into(), data: Some(data), ..Self::default() }
    }
}
