//! How deep data may be nested that goes into a session or comes out of it.
//!
//! Hosts write such data down inside of rows and messages of their own, and JSON text that is nested deeper than 127 is not
//! read again: what is let through has to leave room for that.

use serde_json::Value;

/// Deepest nesting of a value that a script hands out, or that text in a chart or message stands for.
pub const NESTING_MAX: usize = 64;

/// Why text is not taken as JSON.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// It is none.
    #[error(transparent)]
    NoJson(#[from] serde_json::Error),
    /// It is nested too deeply.
    #[error("it is nested deeper than {NESTING_MAX}")]
    TooDeep,
}

/// The value of JSON text that is not nested too deeply.
pub(crate) fn read(text: &str) -> Result<Value, ReadError> {
    let value = serde_json::from_str(text)?;
    if is_nested_deeper(&value, NESTING_MAX) { Err(ReadError::TooDeep) } else { Ok(value) }
}

/// Whether arrays and objects stand in each other more than `limit` times; a value that is neither has no depth.
#[must_use]
pub fn is_nested_deeper(value: &Value, limit: usize) -> bool {
    let Some(left) = limit.checked_sub(1) else {
        return matches!(value, Value::Array(_) | Value::Object(_));
    };
    match value {
        Value::Array(items) => items.iter().any(|item| is_nested_deeper(item, left)),
        Value::Object(fields) => fields.values().any(|field| is_nested_deeper(field, left)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{NESTING_MAX, ReadError, is_nested_deeper, read};

    #[test]
    fn depth_counts_arrays_and_objects() {
        assert!(!is_nested_deeper(&json!("text"), 0));
        assert!(is_nested_deeper(&json!([]), 0));
        assert!(!is_nested_deeper(&json!([1, "a"]), 1));
        assert!(is_nested_deeper(&json!([1, {"a": 2}]), 1));
        assert!(!is_nested_deeper(&json!({"a": [1], "b": 2}), 2));
    }

    #[test]
    fn text_past_the_limit_is_not_taken() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(&nested(NESTING_MAX)).is_ok());
        assert!(matches!(read(&nested(NESTING_MAX + 1)), Err(ReadError::TooDeep)));
        assert!(matches!(read(&nested(1000)), Err(ReadError::NoJson(_))));
    }
}
