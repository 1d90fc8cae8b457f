//! Pattern groups: `[patterns.NAME]`, named regular expressions (guide: `_exceptions`).

use std::collections::BTreeMap;

use regex::{Regex, RegexBuilder};

use super::document::{Content, Table};
use super::problem::Problems;
use super::section::shown;

/// Most bytes of a compiled expression: enough for long lists of numbers, far from hurting.
const COMPILED_BYTES_MAX: usize = 1 << 20;

/// A group of expressions. Matching takes time in proportion to the text, whatever the expression (decision D-105).
#[derive(Clone, Debug, Default)]
pub struct PatternGroup {
    patterns: Vec<(String, Regex)>,
}

impl PatternGroup {
    /// Name of the first expression, by name, that is found anywhere in a text (decision D-033).
    #[must_use]
    pub fn find(&self, text: &str) -> Option<&str> {
        self.patterns.iter().find(|(_, pattern)| pattern.is_match(text)).map(|(name, _)| name.as_str())
    }

    /// How many expressions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.patterns.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }
}

/// Reads the tables below `[patterns]`.
pub(super) fn read(table: &Table, problems: &mut Problems) -> BTreeMap<String, PatternGroup> {
    let mut groups = BTreeMap::new();
    for (name, entry) in table {
        let Content::Table(patterns) = &entry.node.content else {
            problems.error(
                &entry.node.place,
                format!("patterns `{name}` is {}; expected a table", shown(&entry.node.content)),
            );
            continue;
        };
        let mut group = PatternGroup::default();
        for (key, entry) in patterns {
            let Content::Text(text) = &entry.node.content else {
                problems.error(
                    &entry.node.place,
                    format!(
                        "patterns `{name}`: `{key}` is {}; expected a regular expression as text",
                        shown(&entry.node.content)
                    ),
                );
                continue;
            };
            match RegexBuilder::new(text).size_limit(COMPILED_BYTES_MAX).build() {
                Ok(pattern) => group.patterns.push((key.clone(), pattern)),
                Err(problem) => problems.error(
                    &entry.node.place,
                    format!("patterns `{name}`: `{key}`: {}", explained(text, &problem)),
                ),
            }
        }
        groups.insert(name.clone(), group);
    }
    groups
}

fn explained(text: &str, problem: &regex::Error) -> String {
    match problem {
        regex::Error::CompiledTooBig(limit) => {
            format!("the expression becomes larger than {limit} bytes; split it in several")
        }
        other => {
            // The text of the crate draws the expression on lines of its own; its last line says what is wrong.
            let told = other.to_string();
            let reason = told.lines().last().unwrap_or_default().trim_start_matches("error: ");
            format!(
                "`{text}` is not a regular expression: {reason} (Java syntax without look-around and back-references)"
            )
        }
    }
}
