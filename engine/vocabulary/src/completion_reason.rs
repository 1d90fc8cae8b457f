//! Why a callback was completed.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Reason of a completed callback, `_callback_reason`.
///
/// The known reasons are constants; an agent's disposition may be any text, so the type holds text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CompletionReason(Cow<'static, str>);

macro_rules! reasons {
    ($($(#[$documentation:meta])* $constant:ident = $text:literal;)*) => {
        impl CompletionReason {
            $($(#[$documentation])* pub const $constant: Self = Self(Cow::Borrowed($text));)*
        }
    };
}

reasons! {
    /// The interaction was delivered to an agent.
    AGENT_CONNECTED = "AGENT_CONNECTED";
    /// Cancelled through the API, or by a plugin.
    CANCELLED = "CANCELLED";
    /// Cancelled through the management interface.
    CANCELLED_BY_ADMIN = "CANCELLED_BY_ADMIN";
    /// Any error that has no reason of its own.
    FAIL_ERROR = "FAIL_ERROR";
    /// Not finished within its life time.
    FAIL_TIMEOUT_TTL = "FAIL_TIMEOUT_TTL";
    /// The session ended without giving a reason.
    NOT_AVAILABLE = "NOT_AVAILABLE";
    /// No session could be started.
    SUBMIT_ERROR = "SUBMIT_ERROR";
}

impl CompletionReason {
    /// A reason given by a chart or an agent.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(Cow::Owned(text.into()))
    }

    /// The wire name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CompletionReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
