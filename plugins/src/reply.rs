//! What a plugin may answer.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::lenient;

/// `message` of an answer with nothing special to say.
pub const OK: &str = "Ok";
/// `message` of an answer after the customer hung up; the action is then cancel or retry.
pub const INTERACTION_DELETED: &str = "interaction_deleted";

/// What is to happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// End the callback.
    Cancel,
    /// Route the call to an agent.
    RouteToAgent,
    /// Move the call to the destination that `message` names; the callback ends there.
    RouteToRp,
    /// Dial again after `delay`; with no attempts left the callback ends as cancelled.
    Retry,
}

impl Action {
    /// All actions.
    pub const ALL: [Self; 4] = [Self::Cancel, Self::RouteToAgent, Self::RouteToRp, Self::Retry];

    /// The wire name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cancel => "cancel",
            Self::RouteToAgent => "route_to_agent",
            Self::RouteToRp => "route_to_rp",
            Self::Retry => "retry",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Action {
    type Err = ReplyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|action| action.as_str() == text)
            .ok_or_else(|| ReplyError::UnknownAction { text: text.to_owned() })
    }
}

/// The answer of a plugin.
//= guide: on-dial plugin, reply
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// What is to happen next.
    pub action: Action,
    /// [`OK`], [`INTERACTION_DELETED`] (both in any case), or the destination of `route_to_rp`.
    pub message: String,
    /// Replaces the number to dial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_number: Option<String>,
    /// Replaces the service's prefix of dialled numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_number_prefix: Option<String>,
    /// Seconds until the next dial; replaces the service's pause.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "lenient::optional_number")]
    pub delay: Option<u32>,
}

/// Why an answer is malformed. It may be sent again until the time is over (decision D-076).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// `action` is missing or unknown.
    #[error("`{text}` is no action: expected cancel, route_to_agent, route_to_rp or retry")]
    UnknownAction {
        /// What was read.
        text: String,
    },
    /// `message` is missing.
    #[error("`message` is missing: expected Ok, interaction_deleted, or a destination for route_to_rp")]
    MissingMessage,
    /// `message` does not go with the action.
    #[error("`{message}` is no message of {action}: expected {expected}")]
    WrongMessage {
        /// The action.
        action: Action,
        /// The message.
        message: String,
        /// What goes with the action.
        expected: &'static str,
    },
    /// A field that cannot be read.
    #[error("`{field}` is `{value}`: expected {expected}")]
    WrongField {
        /// Field.
        field: &'static str,
        /// Its value.
        value: String,
        /// What can be read.
        expected: &'static str,
    },
}

impl Reply {
    /// An answer with the message [`OK`].
    #[must_use]
    pub fn new(action: Action) -> Self {
        Self {
            action,
            message: OK.to_owned(),
            customer_number: None,
            customer_number_prefix: None,
            delay: None,
        }
    }

    /// An answer that moves the call to `destination`.
    #[must_use]
    pub fn route_to_rp(destination: impl Into<String>) -> Self {
        Self { message: destination.into(), ..Self::new(Action::RouteToRp) }
    }

    /// Reads the fields of a form or of a JSON object; unknown fields are ignored.
    ///
    /// # Errors
    /// [`ReplyError`] names the field and what was expected.
    pub fn from_fields(fields: &Map<String, Value>) -> Result<Self, ReplyError> {
        let reply = Self {
            action: text(fields, "action").unwrap_or_default().parse()?,
            message: text(fields, "message").ok_or(ReplyError::MissingMessage)?,
            customer_number: text(fields, "customer_number"),
            customer_number_prefix: text(fields, "customer_number_prefix"),
            delay: text(fields, "delay").map(|text| seconds(&text)).transpose()?,
        };
        reply.validate()?;
        Ok(reply)
    }

    /// Checks what the types cannot say.
    ///
    /// # Errors
    /// [`ReplyError::MissingMessage`], [`ReplyError::WrongMessage`] or [`ReplyError::WrongField`].
    pub fn validate(&self) -> Result<(), ReplyError> {
        let message = self.message.trim();
        if message.is_empty() {
            return Err(ReplyError::MissingMessage);
        }
        let is_ok = message.eq_ignore_ascii_case(OK);
        let is_deleted = message.eq_ignore_ascii_case(INTERACTION_DELETED);
        let (fits, expected) = match self.action {
            Action::Cancel | Action::Retry => (is_ok || is_deleted, "Ok or interaction_deleted"),
            Action::RouteToAgent => (is_ok, "Ok"),
            Action::RouteToRp => (!is_ok && !is_deleted, "a destination"),
        };
        if !fits {
            return Err(ReplyError::WrongMessage {
                action: self.action,
                message: self.message.clone(),
                expected,
            });
        }
        dialable("customer_number", self.customer_number.as_deref(), true)?;
        dialable("customer_number_prefix", self.customer_number_prefix.as_deref(), false)
    }

    /// Whether the plugin says that the customer hung up.
    #[must_use]
    pub fn is_interaction_deleted(&self) -> bool {
        self.message.trim().eq_ignore_ascii_case(INTERACTION_DELETED)
    }

    /// The pairs of the form to post.
    ///
    /// ```
    /// let reply = plugins::Reply { delay: Some(300), ..plugins::Reply::new(plugins::Action::Retry) };
    /// assert_eq!(reply.to_pairs()[0], ("action", "retry".to_owned()));
    /// ```
    #[must_use]
    pub fn to_pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = vec![("action", self.action.to_string()), ("message", self.message.clone())];
        pairs.extend(self.customer_number.clone().map(|number| ("customer_number", number)));
        pairs.extend(self.customer_number_prefix.clone().map(|prefix| ("customer_number_prefix", prefix)));
        pairs.extend(self.delay.map(|delay| ("delay", delay.to_string())));
        pairs
    }
}

/// Text of a field: numbers are written out, missing and empty fields are nothing.
fn text(fields: &Map<String, Value>, name: &str) -> Option<String> {
    match fields.get(name)? {
        Value::String(text) if text.trim().is_empty() => None,
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Null => None,
        other => Some(other.to_string()),
    }
}

fn seconds(text: &str) -> Result<u32, ReplyError> {
    text.parse().map_err(|_unreadable| ReplyError::WrongField {
        field: "delay",
        value: text.to_owned(),
        expected: "whole seconds from 0",
    })
}

fn dialable(field: &'static str, value: Option<&str>, is_number: bool) -> Result<(), ReplyError> {
    let Some(value) = value else { return Ok(()) };
    let has_digit = value.chars().any(|c| c.is_ascii_digit());
    let is_written_well = value
        .chars()
        .all(|c| c.is_ascii_digit() || matches!(c, '+' | '*' | '#' | ' ' | '-' | '.' | '(' | ')'));
    // An empty prefix is an answer: dial without one.
    if is_written_well && (has_digit || !is_number) {
        return Ok(());
    }
    Err(ReplyError::WrongField { field, value: value.to_owned(), expected: "a number that can be dialled" })
}

#[cfg(test)]
mod tests;
