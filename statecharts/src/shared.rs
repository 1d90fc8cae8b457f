//! Values that many sessions share, such as the settings of what they work for.
//!
//! A session that [starts](crate::Start::shared) with a shared value reads it under a name of its own as if it were an object of its
//! data: it may list, change and delete what it finds there. What it changes is the session's; the value itself is held once in memory,
//! frozen and made once for each chart of a worker, and a snapshot has only its hash. An object inside the value becomes the
//! session's own when it is first read, because the session might change it.
//!
//! Invariant: a session cannot tell a shared value from a parameter with the same content, but for the order of its keys: those of the
//! shared value come first.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// A JSON object that many sessions share, known by the hash of its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedValue {
    hash: Box<str>,
    text: Box<str>,
}

impl SharedValue {
    /// An object to be shared.
    #[must_use]
    pub fn new(value: &Map<String, Value>) -> Self {
        Self::of_text(serde_json::to_string(value).unwrap_or_else(|_no_such_map| "{}".to_owned()))
    }

    /// The object that [`text`](Self::text) gave.
    ///
    /// # Errors
    /// When the text is no JSON object.
    pub fn from_text(text: String) -> Result<Self, serde_json::Error> {
        let _object: Map<String, Value> = serde_json::from_str(&text)?;
        Ok(Self::of_text(text))
    }

    fn of_text(text: String) -> Self {
        let hash: String = Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        Self { hash: hash.into(), text: text.into() }
    }

    /// SHA-256 of its text, in hexadecimal digits.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// It as JSON text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// A shared value as one session starts with it.
#[derive(Clone, Debug, PartialEq)]
pub struct SharedStart {
    /// The value.
    pub value: Arc<SharedValue>,
    /// What this session has in the place of properties of the value, or beside them.
    pub own: Map<String, Value>,
    /// Properties of the value that this session does not have.
    pub without: Vec<String>,
}

/// Each value once.
pub(crate) fn values_of(starts: &BTreeMap<String, SharedStart>) -> Arc<[Arc<SharedValue>]> {
    let mut values: Vec<Arc<SharedValue>> = Vec::new();
    for start in starts.values() {
        if !values.iter().any(|known| known.hash == start.value.hash) {
            values.push(Arc::clone(&start.value));
        }
    }
    values.into()
}

#[cfg(test)]
mod tests;
