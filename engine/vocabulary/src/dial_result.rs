//! The result of one dial attempt, as reports name it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::CallState;

/// Result of one dial attempt, `_CB_DIAL_n_RESULT` (guide: dial results).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DialResult {
    /// The call could not be created.
    CreateCallError,
    /// Busy.
    Busy,
    /// Rang without answer.
    NoAnswer,
    /// A machine answered.
    AnsweringMachine,
    /// A special information tone.
    ErrorTone,
    /// A fax answered.
    Fax,
    /// A human or silence, or detection ran out of time.
    Person,
    /// Answered, without detection.
    Connected,
    /// Not determined.
    Unknown,
}

impl DialResult {
    /// The result that a call state stands for (decisions D-002, D-003).
    #[must_use]
    pub const fn of(state: CallState) -> Self {
        match state.number() {
            0 | 8 | 32 => Self::Person,
            3 | 4 | 10 => Self::CreateCallError,
            6 => Self::Busy,
            7 => Self::NoAnswer,
            9 => Self::AnsweringMachine,
            11..=16 | 34..=37 => Self::ErrorTone,
            17 => Self::Fax,
            _ => Self::Unknown,
        }
    }

    /// The wire name, `NO_ANSWER`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CreateCallError => "CREATE_CALL_ERROR",
            Self::Busy => "BUSY",
            Self::NoAnswer => "NO_ANSWER",
            Self::AnsweringMachine => "ANSWERING_MACHINE",
            Self::ErrorTone => "ERROR_TONE",
            Self::Fax => "FAX",
            Self::Person => "PERSON",
            Self::Connected => "CONNECTED",
            Self::Unknown => "UNKNOWN",
        }
    }
}

impl fmt::Display for DialResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
