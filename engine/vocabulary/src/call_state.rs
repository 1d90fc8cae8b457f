//! How a call ended or was answered.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Number that tells how a dialled call ended or was answered (guide: `_genesys.ixn.callState`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CallState(u8);

macro_rules! call_states {
    ($($constant:ident = $number:literal, $name:literal;)*) => {
        impl CallState {
            $(#[doc = concat!("`", $name, "`, ", stringify!($number), ".")]
            pub const $constant: Self = Self($number);)*

            /// Every named state with its number and the name that charts read it by.
            pub const NAMED: &'static [(u8, &'static str)] = &[$(($number, $name)),*];
        }
    };
}

call_states! {
    OK = 0, "Ok";
    TRANSFERRED = 1, "Transferred";
    CONFERENCED = 2, "Conferenced";
    GENERAL_ERROR = 3, "GeneralError";
    SYSTEM_ERROR = 4, "SystemError";
    REMOTE_RELEASE = 5, "RemoteRelease";
    BUSY = 6, "Busy";
    NO_ANSWER = 7, "NoAnswer";
    SILENCE_DETECTED = 8, "SilDetected";
    ANSWERING_MACHINE_DETECTED = 9, "AnsweringMachineDetected";
    ALL_TRUNKS_BUSY = 10, "AllTrunksBusy";
    SIT_INVALID_NUMBER = 11, "SitInvalidnum";
    SIT_VACANT = 12, "SitVacant";
    SIT_INTERCEPT = 13, "SitIntercept";
    SIT_UNKNOWN = 14, "SitUnknown";
    SIT_NO_CIRCUIT = 15, "SitNocircuit";
    SIT_REORDER = 16, "SitReorder";
    FAX_DETECTED = 17, "FaxDetected";
    QUEUE_FULL = 18, "QueueFull";
    CLEARED = 19, "Cleared";
    OVERFLOWED = 20, "Overflowed";
    ABANDONED = 21, "Abandoned";
    REDIRECTED = 22, "Redirected";
    FORWARDED = 23, "Forwarded";
    CONSULT = 24, "Consult";
    PICKED_UP = 25, "Pickedup";
    DROPPED = 26, "Dropped";
    DROPPED_NO_ANSWER = 27, "Droppednoanswer";
    UNKNOWN = 28, "Unknown";
    COVERED = 29, "Covered";
    CONVERSE_ON = 30, "ConverseOn";
    BRIDGED = 31, "Bridged";
    DEAFENED = 49, "Deafened";
    HELD = 50, "Held";
}

impl CallState {
    /// The state with this number, named or not.
    #[must_use]
    pub const fn from_number(number: u8) -> Self {
        Self(number)
    }

    /// The number of the state.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Whether a party is on the line after a dial that ended so: human, silence, machine or fax.
    #[must_use]
    pub const fn is_answered(self) -> bool {
        matches!(self.0, 0 | 8 | 9 | 17 | 32)
    }

    /// Whether it counts as a person after a dial: human or silence (guide: behaviour by call state).
    #[must_use]
    pub const fn is_person(self) -> bool {
        matches!(self.0, 0 | 8 | 32)
    }
}

impl fmt::Display for CallState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for CallState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::NAMED.iter().find(|(number, _)| *number == self.0).map_or("?", |(_, name)| *name);
        write!(f, "CallState({}, {name})", self.0)
    }
}
