//! Identifiers, each a type of its own.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

macro_rules! text_identifier {
    ($(#[$documentation:meta])* $name:ident) => {
        $(#[$documentation])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps the text of the identifier as it is.
            #[must_use]
            pub fn new(text: impl AsRef<str>) -> Self {
                Self(Arc::from(text.as_ref()))
            }

            /// The text of the identifier.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }
    };
}

text_identifier! {
    /// Identifies a callback record: the `_id` of the API, `{node}-{uuid}`, opaque to everyone else.
    CallbackId
}
text_identifier! {
    /// Identifies a session: 32 upper-case letters and digits (guide: session ids of the examples).
    SessionId
}
text_identifier! {
    /// Identifies an interaction: a real call, or the virtual interaction that waits in a queue.
    InteractionId
}
text_identifier! {
    /// Identifies an agent: the employee id used in targets of type A.
    AgentId
}
text_identifier! {
    /// Names a configured service, the section `service.NAME`.
    ServiceName
}
text_identifier! {
    /// Names a virtual queue by its alias.
    QueueName
}

/// Number of a dial attempt of one callback, from 1; given by the engine and never used twice (decision D-120).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AttemptNo(pub u32);

impl fmt::Display for AttemptNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Identifies an effect of a session: `session:step:index` (decision D-119).
///
/// The same text is the request id that a chart sees, so an answer names its effect.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EffectId {
    /// The session whose step caused the effect.
    pub session: SessionId,
    /// Number of the step within the session, from 0.
    pub step: u64,
    /// Place of the effect within the step, from 0.
    pub index: u32,
}

/// The text is not an effect id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an effect id: expected session:step:index")]
pub struct MalformedEffectId {
    /// What was read.
    pub text: String,
}

impl fmt::Display for EffectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.session, self.step, self.index)
    }
}

impl FromStr for EffectId {
    type Err = MalformedEffectId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let malformed = || MalformedEffectId { text: text.to_owned() };
        let mut parts = text.rsplitn(3, ':');
        let index = parts.next().and_then(|part| part.parse().ok()).ok_or_else(malformed)?;
        let step = parts.next().and_then(|part| part.parse().ok()).ok_or_else(malformed)?;
        let session = parts.next().filter(|part| !part.is_empty()).ok_or_else(malformed)?;
        Ok(Self { session: SessionId::new(session), step, index })
    }
}

impl Serialize for EffectId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EffectId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::{EffectId, SessionId};

    #[test]
    fn effect_id_reads_what_it_wrote() {
        let id = EffectId { session: SessionId::new("A:B"), step: 7, index: 2 };
        assert_eq!(id.to_string().parse::<EffectId>(), Ok(id));
    }

    #[test]
    fn effect_id_without_session_is_refused() {
        assert!(":1:2".parse::<EffectId>().is_err());
        assert!("1:2".parse::<EffectId>().is_err());
    }
}
