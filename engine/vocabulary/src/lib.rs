//! The words of the platform: identifiers, points in time, states, reasons and results.
//!
//! Every room below the engine speaks these words; none of them does anything. There is no I/O here, no clock
//! and no chance: an identifier is made elsewhere and only checked, written and read here.
//!
//! **Invariant:** wire names (`QUEUED`, `AGENT_CONNECTED`, `PERSON`) are spelled in this crate and nowhere else.

mod call_state;
mod callback_state;
mod completion_reason;
mod dial_result;
mod identifier;
mod phone_number;
mod timestamp;

pub use call_state::CallState;
pub use callback_state::{CallbackState, UnknownCallbackState};
pub use completion_reason::CompletionReason;
pub use dial_result::DialResult;
pub use identifier::{
    AgentId, AttemptNo, CallbackId, EffectId, InteractionId, MalformedEffectId, QueueName, ServiceName,
    SessionId,
};
pub use phone_number::PhoneNumber;
pub use timestamp::{MalformedTimestamp, Timestamp};
