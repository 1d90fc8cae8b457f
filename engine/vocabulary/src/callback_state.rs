//! The state of a callback record.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// State of a callback record, `_callback_state` (guide: states of a callback).
///
/// ```text
/// SCHEDULED -> QUEUED -> ROUTING -> PROCESSING -> COMPLETED
/// any but COMPLETED -> COMPLETED        ROUTING -> COMPLETED (the session does not follow the call)
/// QUEUED <-> PAUSED    ROUTING <-> PAUSED
/// ROUTING -> QUEUED    (the customer left and is to be dialled again)
/// PROCESSING -> SCHEDULED (retry_later)    PROCESSING -> QUEUED (retry_now)
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CallbackState {
    /// Kept in the store until its desired time comes near; no session.
    Scheduled,
    /// A session runs and waits; nobody is on the line.
    Queued,
    /// The customer is on the line, or an agent is committed; not yet connected.
    Routing,
    /// Customer and agent talk.
    Processing,
    /// Dialling or routing is suspended by the pause list.
    Paused,
    /// Ended; the completion reason says how. Final.
    Completed,
}

/// The text names no state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a callback state: expected SCHEDULED, QUEUED, ROUTING, PROCESSING, PAUSED or COMPLETED"
)]
pub struct UnknownCallbackState {
    /// What was read.
    pub text: String,
}

impl CallbackState {
    /// All states, in the order of a callback's life.
    pub const ALL: [Self; 6] =
        [Self::Scheduled, Self::Queued, Self::Routing, Self::Processing, Self::Paused, Self::Completed];

    /// Whether a record in this state may be given the state `next` (decision D-066).
    ///
    /// Staying in the same state is allowed everywhere but in `COMPLETED`.
    #[must_use]
    pub fn may_become(self, next: Self) -> bool {
        use CallbackState::{Completed, Paused, Processing, Queued, Routing, Scheduled};
        match (self, next) {
            (Completed, _) => false,
            (_, Completed) => true,
            (from, to) if from == to => true,
            (Scheduled, Queued) => true,
            (Queued, Routing | Paused) => true,
            (Routing, Processing | Paused | Queued) => true,
            (Paused, Queued | Routing) => true,
            (Processing, Scheduled | Queued) => true,
            _ => false,
        }
    }

    /// The wire name, `QUEUED`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "SCHEDULED",
            Self::Queued => "QUEUED",
            Self::Routing => "ROUTING",
            Self::Processing => "PROCESSING",
            Self::Paused => "PAUSED",
            Self::Completed => "COMPLETED",
        }
    }
}

impl fmt::Display for CallbackState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for CallbackState {
    type Err = UnknownCallbackState;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| UnknownCallbackState { text: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::CallbackState::{self, Completed, Processing, Queued, Scheduled};

    #[test]
    fn completed_is_final() {
        for next in CallbackState::ALL {
            assert!(!Completed.may_become(next), "COMPLETED became {next}");
        }
    }

    #[test]
    fn every_other_state_may_complete() {
        for state in CallbackState::ALL.into_iter().filter(|state| *state != Completed) {
            assert!(state.may_become(Completed), "{state} could not complete");
        }
    }

    #[test]
    fn a_scheduled_callback_is_queued_before_anything_else() {
        assert!(Scheduled.may_become(Queued));
        assert!(!Scheduled.may_become(Processing));
    }

    #[test]
    fn names_are_read_as_written() {
        for state in CallbackState::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
        }
        assert!("WAITING".parse::<CallbackState>().is_err());
    }
}
