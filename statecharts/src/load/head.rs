//! What `<scxml>` says by attributes of ORS (ors: 2.1): compatibility, and limits that are lower than the platform's.

use std::time::Duration;

use super::Loader;
use super::expressions::unquote;
use crate::chart::Head;
use crate::xml::Element;

/// Attributes of `<scxml>` that only charts for ORS have.
const MARKS: &[&str] = &[
    "exmode",
    "initialstate",
    "_type",
    "_persist",
    "_debug",
    "_processEventsTimeout",
    "_recoveryEnabled",
    "_transitionStyle",
    "_filterEvents",
];
/// What the namespaces of the modules begin with as the vendor's designer writes them.
const DESIGNER_MODULES: &str = "http://www.genesyslab.com/modules/";

impl Loader<'_> {
    /// Reads the head. A number that cannot be read is a warning: the platform's limit stays.
    pub(super) fn ors_head(&mut self, root: &Element) -> Head {
        Head {
            is_ors: self.is_ors(root),
            microsteps: self.limit(root, "_microStepLimit"),
            state_entries: self.limit(root, "_stateEntryLimit"),
            max_age: self.limit(root, "_maxAge").map(|seconds| Duration::from_secs(u64::from(seconds))),
        }
    }

    /// A chart says so by `_orsCompatibility`, or has what only charts for ORS have.
    fn is_ors(&mut self, root: &Element) -> bool {
        let Some(given) = root.attribute("_orsCompatibility") else {
            return MARKS.iter().any(|mark| root.attribute(mark).is_some())
                || root.scope.iter().any(|(_, namespace)| namespace.starts_with(DESIGNER_MODULES));
        };
        let value = given.value.trim();
        match unquote(value).unwrap_or(value) {
            "true" => true,
            "false" => false,
            other => {
                let message = format!("`_orsCompatibility` is true or false, not `{other}`");
                self.files.error(given.place, message);
                false
            }
        }
    }

    /// A limit; 0 is none of the chart's own.
    fn limit(&mut self, root: &Element, name: &str) -> Option<u32> {
        let given = root.attribute(name)?;
        let value = given.value.trim();
        match unquote(value).unwrap_or(value).parse::<u32>() {
            Ok(0) => None,
            Ok(limit) => Some(limit),
            Err(_no_number) => {
                let message = format!("`{name}` is no number: `{value}`; the limit of the platform stays");
                self.files.warning(given.place, message);
                None
            }
        }
    }
}
