//! Transaction lists: named lists of sections of keys, changed while the node runs (guide: configuration objects).

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::session::context::PausePolicy;

/// Sections of keys.
pub(crate) type List = BTreeMap<String, BTreeMap<String, String>>;

/// The lists by name.
#[derive(Debug, Default)]
pub(crate) struct Lists(RwLock<ListsNow>);

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
        Self(RwLock::new(ListsNow(Arc::new(lists))))
    }

    /// A value.
    pub(crate) fn value(&self, list: &str, section: &str, key: &str) -> Option<String> {
        self.now().value(list, section, key).map(str::to_owned)
    }

    /// The lists as they are now.
    pub(crate) fn now(&self) -> ListsNow {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Writes a value.
    pub(crate) fn set(&self, list: &str, section: &str, key: &str, value: &str) {
        let mut lists = self.0.write().unwrap_or_else(PoisonError::into_inner);
        Arc::make_mut(&mut lists.0)
            .entry(list.to_owned())
            .or_default()
            .entry(section.to_owned())
            .or_default()
            .insert(key.to_owned(), value.to_owned());
    }

    /// The key under which a callback is paused, if it is: `all`, its service, or the id it carries (decision D-059).
    pub(crate) fn pause_key(&self, policy: &PausePolicy) -> Option<String> {
        ["all", policy.service.as_str()]
            .into_iter()
            .chain(policy.id.as_deref())
            .find(|key| {
                self.value(&policy.list, "services", key)
                    .is_some_and(|value| value.eq_ignore_ascii_case("true"))
            })
            .map(str::to_owned)
    }
}
