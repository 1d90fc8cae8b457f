//! What is in a body. Pure: bytes in, fields out.

use engine::is_nested_deeper;
use serde_json::{Map, Value};

use super::multipart;

/// Deepest nesting of the JSON of a request. What is taken is wrapped in records, events and snapshots, and each of them has
/// to be read again.
const NESTING_MAX: usize = 32;

/// Why a body is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BodyError {
    /// 413.
    #[error("the body is larger than the {limit} bytes that are allowed")]
    TooLarge { limit: usize },
    /// 408.
    #[error("the body did not arrive within {limit_secs} s")]
    TooSlow { limit_secs: u64 },
    /// 415.
    #[error(
        "content type `{content_type}` is not supported: send application/json, multipart/form-data or application/x-www-form-urlencoded"
    )]
    Unsupported { content_type: String },
    /// 400, 40010.x.
    #[error("the body cannot be read as {form}: {problem}")]
    Malformed { form: &'static str, problem: String },
    /// 400, 40010.x.
    #[error("parameter name `{name}` is not an ECMAScript identifier: use letters, digits, `_` and `$`")]
    Name { name: String },
    /// 400: the connection broke while the body was read.
    #[error("the body could not be received: {problem}")]
    Broken { problem: String },
}

/// The fields of a body of the callback API.
//= guide: request bodies
//= decision: D-027 nested JSON values are kept as JSON, other content types are 415
pub(super) fn fields(content_type: Option<&str>, body: &[u8]) -> Result<Map<String, Value>, BodyError> {
    match media_type(content_type).as_str() {
        "application/json" => json_object(body),
        "multipart/form-data" => multipart::fields(content_type.unwrap_or_default(), body),
        "application/x-www-form-urlencoded" => Ok(form(body)),
        _ if body.is_empty() => Ok(Map::new()),
        _ => Err(BodyError::Unsupported { content_type: content_type.unwrap_or_default().to_owned() }),
    }
}

/// The data of an event for a session.
//= guide: orchestration interface, `param` and `paramtype`
pub(super) fn event_data(content_type: Option<&str>, body: &[u8]) -> Result<Map<String, Value>, BodyError> {
    let kind = media_type(content_type);
    match kind.as_str() {
        "application/json" => match json(body)? {
            Value::Null => Ok(Map::new()),
            Value::Object(fields) => Ok(fields),
            _other => Ok(as_param(kind, body)),
        },
        "multipart/form-data" | "application/x-www-form-urlencoded" => fields(content_type, body),
        _ if body.is_empty() => Ok(Map::new()),
        _ => Ok(as_param(kind, body)),
    }
}

fn as_param(media_type: String, body: &[u8]) -> Map<String, Value> {
    let text = String::from_utf8_lossy(body).into_owned();
    [("param", text), ("paramtype", media_type)]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), Value::String(value)))
        .collect()
}

/// One JSON object; nothing is an empty one.
pub(super) fn json_object(body: &[u8]) -> Result<Map<String, Value>, BodyError> {
    match json(body)? {
        Value::Null => Ok(Map::new()),
        Value::Object(fields) => Ok(fields),
        _other => Err(BodyError::Malformed {
            form: "JSON",
            problem: "expected one object, {\"name\": value, …}".to_owned(),
        }),
    }
}

fn json(body: &[u8]) -> Result<Value, BodyError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Null);
    }
    let malformed = |problem: String| BodyError::Malformed { form: "JSON", problem };
    let value = serde_json::from_slice(body).map_err(|error| malformed(error.to_string()))?;
    if is_nested_deeper(&value, NESTING_MAX) {
        return Err(malformed(format!("its values are nested deeper than {NESTING_MAX}")));
    }
    Ok(value)
}

fn form(body: &[u8]) -> Map<String, Value> {
    let text = String::from_utf8_lossy(body);
    super::query_pairs(text.trim_end_matches(['\r', '\n']))
        .into_iter()
        .map(|(name, value)| (name, Value::String(value)))
        .collect()
}

fn media_type(content_type: Option<&str>) -> String {
    let content_type = content_type.unwrap_or_default();
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Checks that every name is an ECMAScript identifier (guide: parameter names; no `.`, no `-`).
pub(super) fn check_names(fields: &Map<String, Value>) -> Result<(), BodyError> {
    match fields.keys().find(|name| !is_identifier(name)) {
        None => Ok(()),
        Some(name) => Err(BodyError::Name { name: name.clone() }),
    }
}

fn is_identifier(name: &str) -> bool {
    let mut characters = name.chars();
    let starts_well =
        characters.next().is_some_and(|first| first.is_alphabetic() || matches!(first, '_' | '$'));
    starts_well && characters.all(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | '\u{200c}' | '\u{200d}'))
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::{BodyError, check_names, event_data, fields};

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn json_keeps_types_and_nesting() {
        let body = br#"{"_customer_number":"+12025550123","n":7,"b":true,"deep":{"a":[1,2]}}"#;
        assert_eq!(
            fields(Some("application/json; charset=utf-8"), body),
            Ok(object(json!({"_customer_number": "+12025550123", "n": 7, "b": true, "deep": {"a": [1, 2]}})))
        );
    }

    #[test]
    fn forms_are_decoded() {
        let body =
            b"_customer_number=%2B12025550123&topic=a+b&_desired_time=2031-05-06T14%3A10%3A00.000Z\r\n";
        assert_eq!(
            fields(Some("application/x-www-form-urlencoded"), body),
            Ok(object(json!({
                "_customer_number": "+12025550123", "topic": "a b", "_desired_time": "2031-05-06T14:10:00.000Z"
            })))
        );
    }

    #[test]
    fn an_empty_body_has_no_fields_whatever_its_type() {
        for content_type in [None, Some("application/json"), Some("text/plain"), Some("application/xml")] {
            assert_eq!(fields(content_type, b""), Ok(Map::new()), "{content_type:?}");
        }
    }

    #[test]
    fn other_types_are_unsupported() {
        for content_type in [None, Some("text/plain"), Some("application/xml"), Some("application/jsonp")] {
            assert!(
                matches!(fields(content_type, b"x"), Err(BodyError::Unsupported { .. })),
                "{content_type:?}"
            );
        }
    }

    #[test]
    fn json_that_is_no_object_is_malformed() {
        for body in ["[1]", "7", "\"text\"", "{", "{\"a\":}", "nul"] {
            assert!(
                matches!(fields(Some("application/json"), body.as_bytes()), Err(BodyError::Malformed { .. })),
                "{body}"
            );
        }
    }

    #[test]
    fn json_that_is_nested_too_deeply_is_malformed() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(fields(Some("application/json"), nested(31).as_bytes()).is_ok());
        for read in [fields, event_data] {
            for depth in [32, 126, 1000] {
                let refused = read(Some("application/json"), nested(depth).as_bytes());
                assert!(matches!(refused, Err(BodyError::Malformed { .. })), "{depth}");
            }
        }
    }

    #[test]
    fn names_are_ecmascript_identifiers() {
        for good in ["_customer_number", "$a", "grüße", "a1"] {
            assert_eq!(check_names(&object(json!({good: 1}))), Ok(()), "{good}");
        }
        for bad in ["a.b", "a-b", "1a", "", "a b"] {
            assert_eq!(check_names(&object(json!({bad: 1}))), Err(BodyError::Name { name: bad.to_owned() }));
        }
    }

    #[test]
    fn event_data_keeps_bodies_that_are_no_form_as_text() {
        assert_eq!(
            event_data(Some("application/xml; charset=utf-8"), b"<a/>"),
            Ok(object(json!({"param": "<a/>", "paramtype": "application/xml"})))
        );
        assert_eq!(
            event_data(Some("application/json"), b"[1,2]"),
            Ok(object(json!({"param": "[1,2]", "paramtype": "application/json"})))
        );
        assert_eq!(event_data(Some("application/json"), b"{\"a\":1}"), Ok(object(json!({"a": 1}))));
        assert_eq!(event_data(Some("application/json"), b""), Ok(Map::new()));
    }
}
