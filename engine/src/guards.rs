//! Guards of the platform that no chart may forget. The answer is an event; the chart decides what follows.

use crate::lists::Lists;
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
    /// The callback is paused, which its chart may not have heard yet, or may not ask about.
    #[error("`{0}` is paused; dial when `callback.resumed` comes")]
    Paused(String),
    /// Its session has ended, or gave it up, before the dial was durable.
    #[error("it was given up before it began")]
    GivenUp,
}

impl Refused {
    /// The short token of the error event.
    pub(crate) fn token(&self) -> &'static str {
        match self {
            Self::TooManyAttempts(_) | Self::EmergencyNumber | Self::GivenUp => "refused",
            Self::Paused(_) => "paused",
        }
    }

    /// The key of the pause list, if it is that.
    pub(crate) fn pause_key(&self) -> Option<&str> {
        match self {
            Self::Paused(key) => Some(key),
            Self::TooManyAttempts(_) | Self::EmergencyNumber | Self::GivenUp => None,
        }
    }
}

/// Looks at a dial that is about to begin.
///
/// # Errors
/// The guard that refuses it.
pub(crate) fn check(lists: &Lists, dial: &Dial) -> Result<(), Refused> {
    if dial.attempt.0 > ATTEMPTS_MAX {
        return Err(Refused::TooManyAttempts(dial.attempt.0));
    }
    // Whatever a switch makes of the prefix: what stays without it is what is called (decision D-117).
    let without_prefix = dial.prefix.as_deref().and_then(|prefix| without(prefix, &dial.to));
    if [Some(dial.to.as_str()), without_prefix.as_deref()]
        .into_iter()
        .flatten()
        .any(crate::phone::is_emergency)
    {
        return Err(Refused::EmergencyNumber);
    }
    if let Some(key) = dial.pause.as_ref().and_then(|policy| lists.pause_key(policy)) {
        return Err(Refused::Paused(key));
    }
    Ok(())
}

/// The digits of a dialled string behind those of the prefix.
fn without(prefix: &str, dialled: &str) -> Option<String> {
    let digits = |text: &str| -> String { text.chars().filter(char::is_ascii_digit).collect() };
    digits(dialled).strip_prefix(&digits(prefix)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use vocabulary::{AttemptNo, InteractionId};

    use super::*;

    fn checked(to: &str, prefix: Option<&str>) -> Result<(), Refused> {
        let dial = Dial {
            call: InteractionId::new("c"),
            callback: None,
            entry: None,
            pause: None,
            prefix: prefix.map(str::to_owned),
            attempt: AttemptNo(1),
            from: "8000".to_owned(),
            to: to.to_owned(),
            ring_timeout_ms: 1000,
            detection_ms: None,
            user_data: Value::Null,
            hints: Value::Null,
        };
        check(&Lists::default(), &dial)
    }

    #[test]
    fn a_prefix_hides_no_emergency_number() {
        assert_eq!(checked("9911", Some("9")), Err(Refused::EmergencyNumber));
        assert_eq!(checked("9-112", Some("9")), Err(Refused::EmergencyNumber));
        assert_eq!(checked("911", Some("9")), Err(Refused::EmergencyNumber));
        assert_eq!(checked("912025550123", Some("9")), Ok(()));
        assert_eq!(checked("+12025550123", Some("9")), Ok(()));
    }
}
