//! Reading evaluated attributes tolerantly: numbers may be text, text may be numbers (decision D-083).

use std::time::Duration;

use serde_json::{Map, Value};
use statecharts::{Verb, nesting};

/// The `<param>` children of a verb, or the keys of its `<content>` when that is an object.
pub(super) fn fields(verb: &Verb) -> Map<String, Value> {
    let mut fields = verb.content.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
    fields.extend(verb.params.iter().cloned());
    fields
}

/// Text of a value; numbers and booleans are written out; absent, null and empty are `None`.
pub(super) fn text(values: &Map<String, Value>, name: &str) -> Option<String> {
    match values.get(name)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// Number of a value.
pub(super) fn number(values: &Map<String, Value>, name: &str) -> Option<f64> {
    match values.get(name)? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
    .filter(|number: &f64| number.is_finite())
}

/// Whole number of a value, rounded towards zero.
pub(super) fn integer(values: &Map<String, Value>, name: &str) -> Option<i64> {
    // Saturating by definition of `as`: out of range becomes the nearest number.
    number(values, name).map(|number| number as i64)
}

/// Seconds of a value as a duration; negative is zero.
pub(super) fn seconds(values: &Map<String, Value>, name: &str) -> Option<Duration> {
    number(values, name).map(|seconds| Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX))
}

/// Boolean of a value.
pub(super) fn flag(values: &Map<String, Value>, name: &str) -> Option<bool> {
    match values.get(name)? {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// Object of a value; text is read as JSON (guide: hints are JSON text).
pub(super) fn object(values: &Map<String, Value>, name: &str) -> Map<String, Value> {
    match values.get(name) {
        Some(Value::Object(object)) => object.clone(),
        Some(Value::String(text)) => match serde_json::from_str(text) {
            // What an order holds is written down and has to be read again.
            Ok(value) if !nesting::is_nested_deeper(&value, nesting::NESTING_MAX) => match value {
                Value::Object(object) => object,
                _ => Map::new(),
            },
            _ => Map::new(),
        },
        _ => Map::new(),
    }
}

/// Texts of a list value; comma-separated text is split.
pub(super) fn list(values: &Map<String, Value>, name: &str) -> Vec<String> {
    match values.get(name) {
        Some(Value::Array(items)) => {
            items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
        }
        Some(Value::String(text)) => {
            text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}
