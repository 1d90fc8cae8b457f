//! Values that the environment overrides: `RINGBACK_SECTION__KEY=value`.

use std::sync::Arc;

use super::document::{Content, Entry, Node, Table};
use super::problem::{Place, Problems, did_you_mean};
use super::section::same_key;

const PREFIX: &str = "RINGBACK_";
/// Sections whose keys a variable can name. Others have names of their own choice, which a variable cannot spell.
const SECTIONS: &[&str] = &["server", "callback", "switch", "session_limits"];

/// Puts the variables over the values of the file. Variables without `__` are not ours and are left alone.
pub(super) fn apply(
    table: &mut Table,
    variables: impl IntoIterator<Item = (String, String)>,
    problems: &mut Problems,
) {
    for (name, value) in variables {
        let Some((section, key)) = name.strip_prefix(PREFIX).and_then(|rest| rest.split_once("__")) else {
            continue;
        };
        let place = Place::Environment { name: Arc::from(name.as_str()) };
        let (section, key) = (section.to_ascii_lowercase(), key.to_ascii_lowercase());
        if !SECTIONS.contains(&section.as_str()) {
            let near = did_you_mean(&section, SECTIONS.iter().copied());
            problems.error(
                &place,
                format!(
                    "there is no section `{section}` that a variable may change; those are `{}`{near}",
                    SECTIONS.join("`, `")
                ),
            );
            continue;
        }
        override_key(table, &section, key, value, &place);
    }
}

fn override_key(table: &mut Table, section: &str, key: String, value: String, place: &Place) {
    let entry = table.entry(section.to_owned()).or_insert_with(|| Entry {
        key_place: place.clone(),
        node: Node { place: place.clone(), content: Content::Table(Table::new()) },
    });
    // A section that is no table is refused when it is read.
    if let Content::Table(keys) = &mut entry.node.content {
        keys.retain(|written, _| !same_key(written, &key));
        keys.insert(
            key,
            Entry {
                key_place: place.clone(),
                node: Node { place: place.clone(), content: Content::Text(value) },
            },
        );
    }
}
