//! Transaction lists: named lists of sections of keys, changed while the node runs (guide: configuration objects).
//!
//! What is written while the node runs is kept beside the configuration, with the value that was configured then. After a
//! restart it still counts, unless somebody has changed that value in the configuration since: the later word holds.
//!
//! **Invariant:** a written value is durable before anybody reads it.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use serde::{Deserialize, Serialize};
use store::{Store, Write};

use crate::session::context::PausePolicy;

/// Name under which the store keeps what was written.
pub(crate) const STORED: &str = "lists";
/// Values that are kept beside the configuration: far more than pause lists and calendars need.
const WRITTEN_MAX: usize = 10_000;

/// Sections of keys.
pub(crate) type List = BTreeMap<String, BTreeMap<String, String>>;
/// List, section, key.
type Path = (String, String, String);

/// The lists by name.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    now: RwLock<ListsNow>,
    configured: ListsNow,
    /// What was written. Held while it is stored: one writer after the other.
    written: tokio::sync::Mutex<BTreeMap<Path, Written>>,
}

/// A value that was written while a node ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Written {
    value: String,
    /// What the configuration said then.
    over: Option<String>,
}

/// Why a list was not changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WriteError {
    /// Too many values.
    #[error(
        "lists: {WRITTEN_MAX} values were written while the node ran, more are not kept; put them into the configuration"
    )]
    Full,
    /// The store did not take them.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// The lists as they are at one moment. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct ListsNow(Arc<BTreeMap<String, List>>);

impl ListsNow {
    /// A value.
    pub(crate) fn value(&self, list: &str, section: &str, key: &str) -> Option<&str> {
        self.section(list, section)?.get(key).map(String::as_str)
    }

    /// All values of a section.
    pub(crate) fn section(&self, list: &str, section: &str) -> Option<&BTreeMap<String, String>> {
        self.0.get(list)?.get(section)
    }
}

impl Lists {
    /// The lists as configured.
    pub(crate) fn new(lists: BTreeMap<String, List>) -> Self {
        let configured = ListsNow(Arc::new(lists));
        Self { now: RwLock::new(configured.clone()), configured, written: tokio::sync::Mutex::default() }
    }

    /// Puts what the store has kept over what is configured.
    ///
    /// # Errors
    /// When the store cannot be read, or holds something else.
    pub(crate) async fn restore(&self, store: &dyn Store) -> Result<(), store::Error> {
        let Some(text) = store.meta(STORED.to_owned()).await? else { return Ok(()) };
        let kept: Vec<(Path, Written)> =
            serde_json::from_str(&text).map_err(|error| store::Error::Failed {
                attempt: "reading the lists that were written".to_owned(),
                problem: error.to_string(),
            })?;
        let mut written = self.written.lock().await;
        for (path, kept) in kept {
            let (list, section, key) = &path;
            if self.configured.value(list, section, key) != kept.over.as_deref() {
                tracing::info!(
                    list,
                    section,
                    key,
                    "A value of a list was configured anew; what had been written is over."
                );
                continue;
            }
            self.set(list, section, key, &kept.value);
            written.insert(path, kept);
        }
        Ok(())
    }

    /// The lists as they are now.
    pub(crate) fn now(&self) -> ListsNow {
        self.now.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Writes values of a section, all or none of them; they are durable when this returns.
    ///
    /// # Errors
    /// [`WriteError`]; nothing is changed then.
    pub(crate) async fn write(
        &self,
        store: &dyn Store,
        list: &str,
        section: &str,
        values: &[(String, String)],
    ) -> Result<(), WriteError> {
        let mut written = self.written.lock().await;
        let mut next = written.clone();
        for (key, value) in values {
            let over = self.configured.value(list, section, key).map(str::to_owned);
            let path = (list.to_owned(), section.to_owned(), key.clone());
            next.insert(path, Written { value: value.clone(), over });
        }
        if next.len() > WRITTEN_MAX {
            return Err(WriteError::Full);
        }
        // A map whose keys are paths is no JSON object: kept as pairs.
        let pairs: Vec<(&Path, &Written)> = next.iter().collect();
        let value = serde_json::to_string(&pairs).unwrap_or_default();
        store.commit(vec![Write::PutMeta { name: STORED.to_owned(), value }]).await?;
        for (key, value) in values {
            self.set(list, section, key, value);
        }
        *written = next;
        Ok(())
    }

    /// Changes a value in memory.
    pub(crate) fn set(&self, list: &str, section: &str, key: &str, value: &str) {
        let mut lists = self.now.write().unwrap_or_else(PoisonError::into_inner);
        Arc::make_mut(&mut lists.0)
            .entry(list.to_owned())
            .or_default()
            .entry(section.to_owned())
            .or_default()
            .insert(key.to_owned(), value.to_owned());
    }

    /// The key under which a callback is paused, if it is: `all`, its service, or the id it carries (decision D-059).
    pub(crate) fn pause_key(&self, policy: &PausePolicy) -> Option<String> {
        let now = self.now();
        let services = now.section(&policy.list, "services")?;
        ["all", policy.service.as_str()]
            .into_iter()
            .chain(policy.id.as_deref())
            .find(|key| services.get(*key).is_some_and(|value| value.eq_ignore_ascii_case("true")))
            .map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use store::MemoryStore;

    use super::*;

    fn configured(all: &str) -> Lists {
        let services = BTreeMap::from([("all".to_owned(), all.to_owned())]);
        Lists::new(BTreeMap::from([("P".to_owned(), BTreeMap::from([("services".to_owned(), services)]))]))
    }

    async fn all_after_restart(store: &MemoryStore, configuration: &str) -> Option<String> {
        let lists = configured(configuration);
        lists.restore(store).await.unwrap();
        lists.now().value("P", "services", "all").map(str::to_owned)
    }

    #[tokio::test]
    async fn what_was_written_counts_until_the_configuration_says_something_new() {
        let store = MemoryStore::new();
        let lists = configured("false");
        lists.write(&store, "P", "services", &[("all".to_owned(), "true".to_owned())]).await.unwrap();
        assert_eq!(all_after_restart(&store, "false").await.as_deref(), Some("true"));
        assert_eq!(all_after_restart(&store, "no").await.as_deref(), Some("no"));
    }

    #[tokio::test]
    async fn a_value_that_is_not_durable_is_not_read() {
        let store = MemoryStore::new();
        let lists = configured("false");
        store.crash();
        assert!(
            lists.write(&store, "P", "services", &[("all".to_owned(), "true".to_owned())]).await.is_err()
        );
        assert_eq!(lists.now().value("P", "services", "all"), Some("false"));
    }

    #[tokio::test]
    async fn there_is_a_limit_to_what_is_kept() {
        let store = MemoryStore::new();
        let lists = Lists::default();
        let many: Vec<(String, String)> =
            (0..=WRITTEN_MAX).map(|number| (number.to_string(), "true".to_owned())).collect();
        assert_eq!(lists.write(&store, "P", "services", &many).await, Err(WriteError::Full));
        assert_eq!(lists.now().value("P", "services", "0"), None);
    }
}
