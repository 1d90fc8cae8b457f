//! What scripts of charts can read through `_genesys`, beside their data and the current event (ors: 4).
//!
//! The interactions are a function of the events that the session has seen, the lists are those of the moment before the
//! step, and the clock is the time of the step: a chart has no reach of its own.

mod calendar;
mod interactions;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::{Value, json};
use statecharts::Event;

pub use interactions::Interactions;

use crate::lists::ListsNow;

/// Name of the list whose keys are special days, `YYYY-MM-DD`.
const SPECIAL_DAYS: &str = "SpecialDays";
/// Name of the list that holds what `getConfigOption` gives to charts.
const OPTIONS: &str = "Options";

/// The platform as a chart sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Platform {
    /// Base URL of this node, without trailing slash.
    pub url: String,
    /// Name of this node.
    pub node: String,
}

/// The one tenant of the platform (ors: 4.2); there are no others.
const TENANT: &str = "Environment";

/// What one session can read.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    platform: Arc<Platform>,
    lists: ListsNow,
    interactions: Interactions,
}

impl Surroundings {
    /// Surroundings of a session with these interactions.
    pub(crate) fn new(platform: Arc<Platform>, lists: ListsNow, interactions: Interactions) -> Self {
        Self { platform, lists, interactions }
    }
}

impl statecharts::Surroundings for Surroundings {
    fn read(&self, path: &str, arguments: &[Value], now_millis: i64) -> Result<Value, String> {
        let text = |index: usize| arguments.get(index).and_then(Value::as_str);
        let name =
            |index: usize, what: &str| text(index).ok_or_else(|| format!("`{path}` needs {what} as text"));
        match path.strip_prefix("_genesys.").unwrap_or(path) {
            "ixn.interactions" => self.interactions.shown(),
            "ixn.firstixnid" => Ok(self.interactions.first().map_or(Value::Null, |id| json!(id))),
            "session.server" => Ok(json!({
                "url": self.platform.url, "name": self.platform.node, "cluster": self.platform.node,
            })),
            "session.tenant" => Ok(json!(TENANT)),
            "session.tenantid" => Ok(json!(1)),
            "session.timeInZone" => calendar::time(name(0, "a time zone")?, now_millis),
            "session.dateInZone" => calendar::date(name(0, "a time zone")?, now_millis).map(Value::String),
            "session.dayInZone" => calendar::day(name(0, "a time zone")?, now_millis),
            "session.isSpecialDay" => {
                let date = calendar::date(text(1).unwrap_or("UTC"), now_millis)?;
                let section = text(0).unwrap_or("days");
                Ok(json!(self.lists.value(SPECIAL_DAYS, section, &date).is_some()))
            }
            "session.getListItemValue" => {
                let (list, item) = (name(0, "a list")?, name(1, "an item")?);
                Ok(optional(self.lists.value(list, item, name(2, "an attribute")?)))
            }
            "session.listLookupValue" => {
                let (list, item) = (name(0, "a list")?, name(1, "an item")?);
                Ok(self.lists.section(list, item).map_or(Value::Null, |section| json!(section)))
            }
            "session.getConfigOption" => {
                let found = self.lists.value(OPTIONS, name(0, "a section")?, name(1, "an option")?);
                Ok(found
                    .map_or_else(|| arguments.get(2).cloned().unwrap_or(Value::Null), |found| json!(found)))
            }
            _ => Err(format!("`{path}` cannot be read")),
        }
    }
}

/// What charts read where there is no platform: interactions follow from the events that a scenario or a person gives, lists are empty.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rehearsed;

impl statecharts::rehearsal::World for Rehearsed {
    fn surroundings(&self, told: &[Event]) -> Arc<dyn statecharts::Surroundings> {
        let mut interactions = Interactions::default();
        // What charts send each other changes nothing, as on the platform.
        told.iter().filter(|event| event.origin.is_none()).for_each(|event| interactions.apply(event));
        Arc::new(Surroundings { interactions, ..Surroundings::default() })
    }
}

fn optional(text: Option<&str>) -> Value {
    text.map_or(Value::Null, |text| json!(text))
}
