//! Guards of the platform that no chart may forget. The answer is an event; the chart decides what follows.

use vocabulary::Timestamp;

use crate::configuration::Configuration;
use crate::session::order::Dial;

/// Dials of one callback, whatever its chart does.
const ATTEMPTS_MAX: u32 = 100;

/// Why a dial is not allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    /// Too many attempts.
    #[error("the platform allows {ATTEMPTS_MAX} dials for one callback, this would be number {0}")]
    TooManyAttempts(u32),
    /// An emergency or short number.
    #[error("emergency and short numbers are never dialled")]
    EmergencyNumber,
}

/// Looks at a dial that is about to begin.
///
/// # Errors
/// The guard that refuses it.
pub(crate) fn check(_configuration: &Configuration, dial: &Dial, _now: Timestamp) -> Result<(), Refused> {
    if dial.attempt.0 > ATTEMPTS_MAX {
        return Err(Refused::TooManyAttempts(dial.attempt.0));
    }
    if crate::phone::is_emergency(&dial.to) {
        return Err(Refused::EmergencyNumber);
    }
    Ok(())
}
