//! The text of a configuration as a tree whose every value knows its place.
//!
//! Nothing is interpreted here: what a key means is the business of the section that reads it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use serde_json::Value;
use toml::de::{DeTable, DeValue};

use super::problem::{Place, Problem};

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) content: Content,
}

/// What stands there.
#[derive(Clone, Debug)]
pub(super) enum Content {
    Text(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    /// A date or time of TOML; no option is one.
    Time(String),
    Array(Vec<Node>),
    Table(Table),
}

/// Keys of a table, each with the place of the key itself.
pub(super) type Table = BTreeMap<String, Entry>;

/// A key's place and value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key_place: Place,
    pub(super) node: Node,
}

impl Node {
    /// The value as JSON; dates become text.
    pub(super) fn to_json(&self) -> Value {
        match &self.content {
            Content::Text(text) | Content::Time(text) => Value::String(text.clone()),
            Content::Integer(number) => Value::from(*number),
            Content::Float(number) => Value::from(*number),
            Content::Boolean(flag) => Value::Bool(*flag),
            Content::Array(items) => items.iter().map(Self::to_json).collect(),
            Content::Table(table) => {
                table.iter().map(|(key, entry)| (key.clone(), entry.node.to_json())).collect()
            }
        }
    }
}

/// Reads a text.
///
/// # Errors
/// Every place at which the text is not TOML, or holds a number that does not fit.
pub(super) fn read(text: &str, file: &str) -> Result<Table, Vec<Problem>> {
    let mut reader = Reader {
        file: Arc::from(file),
        line_starts: std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect(),
        text,
        problems: Vec::new(),
    };
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let place = reader.place(error.span().map_or(0, |span| span.start));
        reader.problems.push(Problem { place, message: format!("not TOML: {}", error.message()) });
    }
    if !reader.problems.is_empty() {
        return Err(reader.problems);
    }
    let table = reader.table(root.get_ref());
    if reader.problems.is_empty() { Ok(table) } else { Err(reader.problems) }
}

struct Reader<'t> {
    file: Arc<str>,
    text: &'t str,
    /// Byte offsets of the starts of the lines; the first is 0.
    line_starts: Vec<usize>,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn place(&self, offset: usize) -> Place {
        let line = self.line_starts.partition_point(|start| *start <= offset).max(1);
        let start = self.line_starts.get(line - 1).copied().unwrap_or(0);
        let column = self.text.get(start..offset).map_or(0, |before| before.chars().count());
        Place::File { file: Arc::clone(&self.file), line, column: column + 1 }
    }

    fn table(&mut self, table: &DeTable<'_>) -> Table {
        table
            .iter()
            .map(|(key, value)| {
                let entry = Entry {
                    key_place: self.place(key.span().start),
                    node: self.node(value.get_ref(), value.span()),
                };
                (key.get_ref().to_string(), entry)
            })
            .collect()
    }

    fn node(&mut self, value: &DeValue<'_>, span: Range<usize>) -> Node {
        let place = self.place(span.start);
        let content = match value {
            DeValue::String(text) => Content::Text(text.to_string()),
            DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) => Content::Integer(number),
                Err(_too_large) => self.unreadable_number(&place, number.as_str()),
            },
            DeValue::Float(number) => match number.as_str().parse() {
                Ok(number) => Content::Float(number),
                Err(_unreadable) => self.unreadable_number(&place, number.as_str()),
            },
            DeValue::Boolean(flag) => Content::Boolean(*flag),
            DeValue::Datetime(time) => Content::Time(time.to_string()),
            DeValue::Array(items) => {
                Content::Array(items.iter().map(|item| self.node(item.get_ref(), item.span())).collect())
            }
            DeValue::Table(table) => Content::Table(self.table(table)),
        };
        Node { place, content }
    }

    fn unreadable_number(&mut self, place: &Place, text: &str) -> Content {
        self.problems.push(Problem {
            place: place.clone(),
            message: format!("`{text}` does not fit a number of 64 bits"),
        });
        Content::Integer(0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Content, read};

    #[test]
    fn every_value_knows_line_and_column() {
        let table = read("# é\n[server]\nport = 8080\n", "a.toml").unwrap();
        let Content::Table(server) = &table["server"].node.content else {
            panic!("a table was expected");
        };
        assert_eq!(server["port"].key_place.to_string(), "a.toml:3:1");
        assert_eq!(server["port"].node.place.to_string(), "a.toml:3:8");
    }

    #[test]
    fn columns_count_characters() {
        let table = read("k = \"ééé\"\nx = [\"éé\", 1]\n", "a.toml").unwrap();
        let Content::Array(items) = &table["x"].node.content else {
            panic!("an array was expected");
        };
        assert_eq!(items[1].place.to_string(), "a.toml:2:12");
    }

    #[test]
    fn all_syntax_errors_are_told() {
        let problems = read("a = \nb = 1\nc = 'x\n", "a.toml").unwrap_err();
        let lines: Vec<String> = problems.iter().map(|p| p.place.to_string()).collect();
        assert!(lines.iter().any(|line| line.starts_with("a.toml:1:")), "{lines:?}");
        assert!(lines.iter().any(|line| line.starts_with("a.toml:3:")), "{lines:?}");
    }

    #[test]
    fn a_number_that_does_not_fit_is_refused_at_its_place() {
        let problems = read("a = 99999999999999999999\n", "a.toml").unwrap_err();
        assert_eq!(
            problems[0].to_string(),
            "a.toml:1:5: `99999999999999999999` does not fit a number of 64 bits"
        );
    }
}
