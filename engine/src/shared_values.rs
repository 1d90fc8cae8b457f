//! Values that sessions share, such as the options of a service: in the store by content hash, in memory once for all sessions that use one.
//!
//! **Invariant:** a value is durable with the first session that uses it. So a session keeps what it was started with, whatever becomes of
//! the configuration (decision D-053).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use statecharts::SharedValue;
use store::Write;

use crate::node::Node;

/// What is known of shared values.
#[derive(Debug, Default)]
pub(crate) struct SharedValues(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Hashes of those that are in the store: as many as configurations had services since the node started.
    kept: BTreeSet<String>,
    /// Those that were read, as long as a session uses them.
    read: BTreeMap<String, Weak<SharedValue>>,
}

impl SharedValues {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What has to be written with the first step of a session that uses these.
    pub(crate) fn unkept(&self, values: &[Arc<SharedValue>]) -> Vec<Write> {
        let state = self.state();
        let unkept = values.iter().filter(|value| !state.kept.contains(value.hash()));
        let write = |value: &Arc<SharedValue>| Write::PutSharedValue {
            hash: value.hash().to_owned(),
            text: value.text().to_owned(),
        };
        unkept.map(write).collect()
    }

    /// These are in the store.
    pub(crate) fn mark_kept(&self, values: &[Arc<SharedValue>]) {
        let mut state = self.state();
        for value in values {
            if !state.kept.contains(value.hash()) {
                state.kept.insert(value.hash().to_owned());
            }
        }
    }

    /// A value that a stored session uses.
    ///
    /// # Errors
    /// For people: it is not in the store, cannot be read, or is not what its hash says.
    pub(crate) async fn stored(&self, node: &Node, hash: &str) -> Result<Arc<SharedValue>, String> {
        if let Some(known) = self.state().read.get(hash).and_then(Weak::upgrade) {
            return Ok(known);
        }
        let text = node.store.shared_value(hash.to_owned()).await.map_err(|error| error.to_string())?;
        let text = text.ok_or_else(|| format!("shared value {hash} is not stored"))?;
        let value = SharedValue::from_text(text).map_err(|error| format!("shared value {hash}: {error}"))?;
        if value.hash() != hash {
            return Err(format!(
                "shared value {hash} was changed in the store; its hash is {}",
                value.hash()
            ));
        }
        let value = Arc::new(value);
        let mut state = self.state();
        state.kept.insert(hash.to_owned());
        state.read.insert(hash.to_owned(), Arc::downgrade(&value));
        Ok(value)
    }
}
