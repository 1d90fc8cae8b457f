//! The rows of the store: plain data.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use vocabulary::{
    AttemptNo, CallbackId, CallbackState, CompletionReason, EffectId, PhoneNumber, ServiceName, SessionId,
    Timestamp,
};

/// A callback record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallbackRow {
    /// `_id`.
    pub id: CallbackId,
    /// Service.
    pub service: ServiceName,
    /// State.
    pub state: CallbackState,
    /// Why it was completed; only in `COMPLETED`.
    pub reason: Option<CompletionReason>,
    /// Normalised number; `None` when the service finds customers by other keys.
    pub customer_number: Option<PhoneNumber>,
    /// Wanted time.
    pub desired_time: Timestamp,
    /// Time of the request.
    pub requested_at: Timestamp,
    /// End of its life time: desired time plus `_ttl`.
    pub expires_at: Timestamp,
    /// Last change.
    pub updated_at: Timestamp,
    /// Session that runs it, or ran it last.
    pub session: Option<SessionId>,
    /// Number of the last dial attempt (decision D-120).
    pub attempts: AttemptNo,
    /// Keys with a leading underscore, of the request and written by the session.
    pub properties: Map<String, Value>,
    /// Keys of the request without leading underscore.
    pub user_data: Map<String, Value>,
}

/// A session and its snapshot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionRow {
    /// Id.
    pub id: SessionId,
    /// Callback that it runs, if it runs one.
    pub callback: Option<CallbackId>,
    /// Content hash of its chart.
    pub chart: String,
    /// Session that started it, and wants to know its end.
    pub parent: Option<SessionId>,
    /// Invocation of the parent that it is.
    pub invokeid: Option<String>,
    /// Secret of its reply URLs.
    pub reply_key: String,
    /// Snapshot as JSON text.
    pub snapshot: String,
    /// Context that the engine keeps beside the snapshot (interactions held, treatments), JSON text.
    pub context: String,
    /// Start.
    pub started_at: Timestamp,
    /// End; `None` while it runs.
    pub ended_at: Option<Timestamp>,
}

/// State of an effect (decision D-119).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EffectState {
    /// On disk; nobody has begun to carry it out.
    Intended,
    /// Somebody has begun.
    Started,
    /// Answered.
    Done,
    /// Begun before a crash; the outcome cannot be known.
    Unknown,
}

/// An effect of a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EffectRow {
    /// Id.
    pub id: EffectId,
    /// The effect as JSON text.
    pub action: String,
    /// Whether it may be carried out again under the same id.
    pub repeatable: bool,
    /// State.
    pub state: EffectState,
}

/// An event that is due later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimerRow {
    /// Session that the event is for.
    pub session: SessionId,
    /// Id within the session: the sendid, or the effect id when there is none.
    pub id: String,
    /// When it is due; kept absolute (decision D-088).
    pub due: Timestamp,
    /// The event as JSON text.
    pub event: String,
}

/// An entry in a virtual queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QueueEntryRow {
    /// Id: the effect of the submit.
    pub id: EffectId,
    /// The entry as JSON text, with entry time, priority, growth, targets and selectability.
    pub entry: String,
}

/// A dial attempt. One row for each (callback, attempt), ever.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DialAttemptRow {
    /// Callback.
    pub callback: CallbackId,
    /// Number of the attempt.
    pub attempt: AttemptNo,
    /// Effect that asked for it.
    pub effect: EffectId,
    /// When it was begun.
    pub started_at: Timestamp,
    /// Call state that it ended with; `None` while it is not known.
    pub call_state: Option<u8>,
}

/// A line of the timeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimelineRow {
    /// Callback; `None` for sessions without one.
    pub callback: Option<CallbackId>,
    /// Session, when one is concerned.
    pub session: Option<SessionId>,
    /// Engine time.
    pub at: Timestamp,
    /// `event`, `effect`, `answer`, `record`, `warning`.
    pub kind: String,
    /// Name of the event, the verb, the state.
    pub name: String,
    /// Whatever else there is to say.
    pub detail: Value,
}

/// A message that has to leave: a status notification or a push.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutboxRow {
    /// Id; a repeat after a crash has the same.
    pub id: String,
    /// Callback that it is about.
    pub callback: Option<CallbackId>,
    /// `notification` or `push`.
    pub kind: String,
    /// Where to: a URL, a session id, a device.
    pub target: String,
    /// JSON text.
    pub body: String,
    /// Deliveries tried.
    pub attempts: u32,
    /// When to try next.
    pub due: Timestamp,
}

/// A reserved access number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BookingRow {
    /// Number to be called by the customer.
    pub access_number: String,
    /// Code to be given by the customer.
    pub access_code: Option<String>,
    /// Callback (instance) that it is reserved for.
    pub callback: CallbackId,
    /// Number that the customer calls from.
    pub phone_number: Option<PhoneNumber>,
    /// End of the reservation.
    pub expires_at: Timestamp,
}
