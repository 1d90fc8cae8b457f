//! Transaction lists: `[list.NAME.SECTION]` (guide: pause list, events list, access-number pools).

use std::collections::BTreeMap;

use super::document::{Content, Node, Table};
use super::problem::Problems;
use super::section::shown;

/// Keys and values of one section of a list; values are texts.
pub type ListSection = BTreeMap<String, String>;

/// All lists, by name and section.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lists(BTreeMap<String, BTreeMap<String, ListSection>>);

/// Name of the list that holds the access-number pools (guide: `_resource_group`).
pub const RESOURCES_LIST: &str = "GMS_Resources";

impl Lists {
    /// A section of a list.
    #[must_use]
    pub fn section(&self, list: &str, section: &str) -> Option<&ListSection> {
        self.0.get(list)?.get(section)
    }

    /// Whether there is a list of this name.
    #[must_use]
    pub fn contains(&self, list: &str) -> bool {
        self.0.contains_key(list)
    }

    /// A value.
    #[must_use]
    pub fn value(&self, list: &str, section: &str, key: &str) -> Option<&str> {
        self.section(list, section)?.get(key).map(String::as_str)
    }

    /// All lists: name, section, key, value.
    #[must_use]
    pub fn all(&self) -> &BTreeMap<String, BTreeMap<String, ListSection>> {
        &self.0
    }

    /// Access numbers of a pool, in the order of their keys; a value with commas holds several. `None` if the list
    /// `GMS_Resources` has no such section.
    #[must_use]
    pub fn pool(&self, name: &str) -> Option<Vec<String>> {
        let pool = self.section(RESOURCES_LIST, name)?;
        let numbers = pool
            .iter()
            .filter(|(key, _)| !key.starts_with('_'))
            .flat_map(|(_, value)| super::section::split_list(value));
        Some(numbers.collect())
    }
}

/// Reads the tables below `[list]`.
pub(super) fn read(table: &Table, problems: &mut Problems) -> Lists {
    let mut lists = BTreeMap::new();
    for (name, entry) in table {
        let Some(sections) = as_table(&entry.node, &format!("list `{name}`"), problems) else {
            continue;
        };
        let mut read = BTreeMap::new();
        for (section, entry) in sections {
            let whose = format!("list `{name}`: section `{section}`");
            let Some(pairs) = as_table(&entry.node, &whose, problems) else {
                continue;
            };
            let pairs = pairs
                .iter()
                .filter_map(|(key, entry)| {
                    let text = value_text(&entry.node);
                    if text.is_none() {
                        problems.error(
                            &entry.node.place,
                            format!(
                                "{whose}: `{key}` is {}; expected a text, number, boolean or list of them",
                                shown(&entry.node.content)
                            ),
                        );
                    }
                    Some((key.clone(), text?))
                })
                .collect();
            read.insert(section.clone(), pairs);
        }
        lists.insert(name.clone(), read);
    }
    Lists(lists)
}

fn as_table<'t>(node: &'t Node, whose: &str, problems: &mut Problems) -> Option<&'t Table> {
    if let Content::Table(table) = &node.content {
        return Some(table);
    }
    problems.error(
        &node.place,
        format!(
            "{whose} is {}; expected a table, as in `[list.GMS_Paused_Services.services]`",
            shown(&node.content)
        ),
    );
    None
}

fn value_text(node: &Node) -> Option<String> {
    match &node.content {
        Content::Text(text) | Content::Time(text) => Some(text.clone()),
        Content::Integer(number) => Some(number.to_string()),
        Content::Float(number) => Some(number.to_string()),
        Content::Boolean(flag) => Some(flag.to_string()),
        Content::Array(items) => {
            let texts: Option<Vec<String>> = items.iter().map(value_text).collect();
            Some(texts?.join(","))
        }
        Content::Table(_) => None,
    }
}
