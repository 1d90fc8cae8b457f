//! Text and markup inside elements, as values.

use serde_json::{Map, Value};

use crate::MARKUP_KEY;
use crate::chart::Inline;
use crate::nesting;

/// JSON as what it says, other text with its white space normalised, markup as an object with one key (scxml: B.2.8).
pub(crate) fn value(inline: &Inline) -> Value {
    match inline {
        Inline::Text(text) => nesting::read(text).unwrap_or_else(|_not_json| Value::String(normalised(text))),
        Inline::Markup(text) => {
            Value::Object(Map::from_iter([(MARKUP_KEY.to_owned(), Value::String(text.clone()))]))
        }
    }
}

/// The text of markup, if the value stands for some.
pub(crate) fn markup(value: &Value) -> Option<&str> {
    let object = value.as_object().filter(|object| object.len() == 1)?;
    object.get(MARKUP_KEY)?.as_str()
}

/// Whether there is markup anywhere in the value.
pub(crate) fn has_markup(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(has_markup),
        Value::Object(object) => markup(value).is_some() || object.values().any(has_markup),
        _ => false,
    }
}

fn normalised(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_json_or_normalised() {
        assert_eq!(value(&Inline::Text("[1, 2]".into())), serde_json::json!([1, 2]));
        assert_eq!(value(&Inline::Text("this  is\n text".into())), "this is text");
    }

    #[test]
    fn markup_is_recognised() {
        let made = value(&Inline::Markup("<a/>".into()));
        assert_eq!(markup(&made), Some("<a/>"));
        assert_eq!(markup(&serde_json::json!({"#xml": "<a/>", "b": 1})), None);
        assert!(has_markup(&serde_json::json!({"a": [1, {"#xml": "<a/>"}]})));
        assert!(!has_markup(&serde_json::json!({"a": [1, {"#xml": 5}]})));
    }
}
