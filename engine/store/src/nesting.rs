//! How deep the JSON of a row may be nested.

use serde_json::{Map, Value};

/// Deepest nesting of keys, user data and details that are written. JSON text past 127 would not be read again, and a row
/// that cannot be read is lost to everybody who lists it.
pub(crate) const NESTING_MAX: usize = 100;

/// Whether an object with these fields is nested deeper than [`NESTING_MAX`].
pub(crate) fn is_too_deep(fields: &Map<String, Value>) -> bool {
    fields.values().any(|value| is_deeper(value, NESTING_MAX - 1))
}

/// Whether a value is nested deeper than `limit`.
pub(crate) fn is_deeper(value: &Value, limit: usize) -> bool {
    let Some(left) = limit.checked_sub(1) else {
        return matches!(value, Value::Array(_) | Value::Object(_));
    };
    match value {
        Value::Array(items) => items.iter().any(|item| is_deeper(item, left)),
        Value::Object(fields) => fields.values().any(|field| is_deeper(field, left)),
        _ => false,
    }
}
