//! Reads the known keys of a section and refuses the others.

use std::time::Duration;

use super::document::{Content, Entry, Node, Table};
use super::problem::{Place, Problems, did_you_mean};

/// A section that is being read. Every key that is asked for is known; [`Section::finish`] refuses the rest.
///
/// A value that cannot be read is told with its place and gives the default, so that reading goes on.
pub(super) struct Section<'a> {
    /// Name in messages, `[agents.7001]`.
    name: String,
    table: &'a Table,
    known: Vec<&'static str>,
    problems: &'a mut Problems,
}

impl<'a> Section<'a> {
    pub(super) fn new(name: impl Into<String>, table: &'a Table, problems: &'a mut Problems) -> Self {
        Self { name: name.into(), table, known: Vec::new(), problems }
    }

    /// The entry of a key. Hyphens may be written as underscores and the other way round (decision D-063).
    pub(super) fn entry(&mut self, key: &'static str) -> Option<&'a Entry> {
        self.known.push(key);
        self.table.iter().find(|(written, _)| same_key(written, key)).map(|(_, entry)| entry)
    }

    fn node(&mut self, key: &'static str) -> Option<&'a Node> {
        self.entry(key).map(|entry| &entry.node)
    }

    pub(super) fn refuse(&mut self, place: &Place, key: &str, found: &str, expected: &str) {
        let message = format!("{} `{key}`: {found} is not {expected}", self.name);
        self.problems.error(place, message);
    }

    pub(super) fn error(&mut self, place: &Place, message: impl Into<String>) {
        self.problems.error(place, message);
    }

    pub(super) fn warning(&mut self, place: &Place, message: impl Into<String>) {
        self.problems.warning(place, message);
    }

    /// A text; an empty one counts as absent. Numbers are taken as they are written.
    pub(super) fn text(&mut self, key: &'static str) -> Option<String> {
        let node = self.node(key)?;
        let text = match &node.content {
            Content::Text(text) => text.trim().to_owned(),
            Content::Integer(number) => number.to_string(),
            other => {
                self.refuse(&node.place, key, &shown(other), "a text");
                return None;
            }
        };
        (!text.is_empty()).then_some(text)
    }

    /// A text that must be read by `read`; its error says what was expected.
    pub(super) fn parsed<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(key)?;
        let parsed = read(&text);
        if parsed.is_none()
            && let Some(place) = self.place_of(key)
        {
            self.refuse(&place, key, &format!("`{text}`"), expected);
        }
        parsed
    }

    /// Place of a key's value.
    pub(super) fn place_of(&self, key: &str) -> Option<Place> {
        self.table
            .iter()
            .find(|(written, _)| same_key(written, key))
            .map(|(_, entry)| entry.node.place.clone())
    }

    /// A truth value, also as text (guide: all values are strings in the configuration store).
    pub(super) fn flag(&mut self, key: &'static str, default: bool) -> bool {
        let Some(node) = self.node(key) else {
            return default;
        };
        match &node.content {
            Content::Boolean(flag) => *flag,
            Content::Text(text) if text.eq_ignore_ascii_case("true") => true,
            Content::Text(text) if text.eq_ignore_ascii_case("false") => false,
            other => {
                self.refuse(&node.place, key, &shown(other), "`true` or `false`");
                default
            }
        }
    }

    /// A whole number between two bounds, also as text.
    pub(super) fn integer(&mut self, key: &'static str, min: i64, max: i64) -> Option<i64> {
        let node = self.node(key)?;
        let number = match &node.content {
            Content::Integer(number) => Some(*number),
            Content::Text(text) => text.trim().parse().ok(),
            _ => None,
        };
        let read = number.filter(|number| (min..=max).contains(number));
        if read.is_none() {
            let expected = format!("a whole number from {min} to {max}");
            self.refuse(&node.place, key, &shown(&node.content), &expected);
        }
        read
    }

    /// A number between two bounds, also as text.
    pub(super) fn number(&mut self, key: &'static str, min: f64, max: f64) -> Option<f64> {
        let node = self.node(key)?;
        let read = as_number(&node.content).filter(|number| (min..=max).contains(number));
        if read.is_none() {
            let expected = format!("a number from {min} to {max}");
            self.refuse(&node.place, key, &shown(&node.content), &expected);
        }
        read
    }

    /// A time in seconds, fractions allowed, at most `max`.
    pub(super) fn seconds(&mut self, key: &'static str, max: u32) -> Option<Duration> {
        let node = self.node(key)?;
        let read = as_number(&node.content)
            .filter(|seconds| (0.0..=f64::from(max)).contains(seconds))
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        if read.is_none() {
            let expected = format!("a time in seconds from 0 to {max}");
            self.refuse(&node.place, key, &shown(&node.content), &expected);
        }
        read
    }

    /// A list of texts: an array, or one text with commas.
    pub(super) fn texts(&mut self, key: &'static str) -> Option<Vec<String>> {
        let node = self.node(key)?;
        match &node.content {
            Content::Text(text) => Some(split_list(text)),
            Content::Array(items) => {
                let mut texts = Vec::new();
                for item in items {
                    match &item.content {
                        Content::Text(text) => texts.push(text.trim().to_owned()),
                        Content::Integer(number) => texts.push(number.to_string()),
                        other => self.refuse(&item.place, key, &shown(other), "a text"),
                    }
                }
                Some(texts)
            }
            other => {
                self.refuse(&node.place, key, &shown(other), "a list of texts");
                None
            }
        }
    }

    /// A table of the section.
    pub(super) fn table(&mut self, key: &'static str) -> Option<&'a Table> {
        let node = self.node(key)?;
        if let Content::Table(table) = &node.content {
            return Some(table);
        }
        self.refuse(&node.place, key, &shown(&node.content), "a table");
        None
    }

    /// Refuses every key that nobody asked for, with its nearest known name.
    pub(super) fn finish(self) {
        for (key, entry) in self.table {
            if !self.known.iter().any(|known| same_key(key, known)) {
                let message = format!(
                    "{} has no key `{key}`{}",
                    self.name,
                    did_you_mean(key, self.known.iter().copied())
                );
                self.problems.error(&entry.key_place, message);
            }
        }
    }
}

/// Whether two spellings are the same key: hyphen and underscore are one.
pub(super) fn same_key(written: &str, known: &str) -> bool {
    written.len() == known.len()
        && written
            .bytes()
            .zip(known.bytes())
            .all(|(a, b)| a == b || (matches!(a, b'-' | b'_') && matches!(b, b'-' | b'_')))
}

/// The parts of a comma-separated text, without blanks and without empty parts.
pub(super) fn split_list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

pub(super) fn as_number(content: &Content) -> Option<f64> {
    match content {
        Content::Integer(number) => i32::try_from(*number).ok().map(f64::from),
        Content::Float(number) => Some(*number),
        Content::Text(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A value as messages show it.
pub(super) fn shown(content: &Content) -> String {
    match content {
        Content::Text(text) | Content::Time(text) => format!("`{text}`"),
        Content::Integer(number) => format!("`{number}`"),
        Content::Float(number) => format!("`{number}`"),
        Content::Boolean(flag) => format!("`{flag}`"),
        Content::Array(_) => "a list".to_owned(),
        Content::Table(_) => "a table".to_owned(),
    }
}
