//! Values that are expected, and values that are found.

use serde_json::{Number, Value};

/// Whether `found` is what is expected: an object may have further keys, numbers are compared as numbers.
pub(super) fn is_within(expected: &Value, found: &Value) -> bool {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            expected.iter().all(|(key, value)| is_within(value, found.get(key).unwrap_or(&Value::Null)))
        }
        (Value::Array(expected), Value::Array(found)) => {
            expected.len() == found.len()
                && expected.iter().zip(found).all(|(expected, found)| is_within(expected, found))
        }
        (Value::Number(expected), Value::Number(found)) => is_same_number(expected, found),
        (expected, found) => expected == found,
    }
}

fn is_same_number(a: &Number, b: &Number) -> bool {
    // Fractions of files and scripts are both the nearest f64.
    a == b || a.as_f64() == b.as_f64()
}

/// Every place at which `found` is not what is expected, as `path is …, expected …`.
pub(super) fn differences(path: &str, expected: &Value, found: &Value, into: &mut Vec<String>) {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            for (key, value) in expected {
                let path = format!("{path}.{key}");
                differences(&path, value, found.get(key).unwrap_or(&Value::Null), into);
            }
        }
        (expected, found) if is_within(expected, found) => {}
        (expected, found) => into.push(format!("{path} is {found}, expected {expected}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{differences, is_within};

    #[test]
    fn objects_may_have_more_and_lists_may_not() {
        assert!(is_within(&json!({ "a": { "b": 1 } }), &json!({ "a": { "b": 1.0, "c": 2 }, "d": 3 })));
        assert!(!is_within(&json!([1]), &json!([1, 2])));
        assert!(is_within(&json!([{ "a": 1 }]), &json!([{ "a": 1, "b": 2 }])));
        assert!(!is_within(&json!({ "a": 1 }), &json!({})));
        assert!(is_within(&json!({ "a": null }), &json!({})));
    }

    #[test]
    fn a_difference_names_its_place() {
        let mut found = Vec::new();
        differences(
            "data",
            &json!({ "a": { "b": 1 }, "c": 2 }),
            &json!({ "a": { "b": 3 }, "c": 2 }),
            &mut found,
        );
        assert_eq!(found, ["data.a.b is 3, expected 1"]);
    }
}
