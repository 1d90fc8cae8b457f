//! The BasicHTTP event processor (scxml: C.2): what a `<send>` looks like as a request, and which event a request is.
//!
//! Only the two translations. Who listens and who connects is the host's; a session that sends to its own address is
//! answered by the interpreter itself.
//!
//! Where the Recommendation leaves it open:
//! * `<content>` is the body as it is: text as `text/plain`, markup as `application/xml`, anything else as JSON. The name of its event, if the
//!   `<send>` has one, then stands in the query.
//! * `_event.raw` is the body in the encoding of URLs, one line of ASCII: a form as it came, anything else percent-encoded.
//! * Fields of a form are texts; a name that occurs more than once is a list of them.

use form_urlencoded::{Serializer, byte_serialize, parse};
use serde_json::{Map, Value};

use crate::{Event, EventKind, MARKUP_KEY, Send, nesting};

/// Type of the processor.
pub const BASIC_HTTP_PROCESSOR: &str = "http://www.w3.org/TR/scxml/#BasicHTTPEventProcessor";
/// Short name of the processor, as a type of `<send>` and as a key of `_ioprocessors`.
pub const BASIC_HTTP_SHORT: &str = "basichttp";
/// Field that carries the name of the event.
pub const EVENT_NAME_FIELD: &str = "_scxmleventname";
/// Media type of forms.
const FORM: &str = "application/x-www-form-urlencoded";

/// A request as far as the processor is concerned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// Method in capitals; what is sent is always a `POST`.
    pub method: String,
    /// Query without `?`; empty when there is none. When sent it is added to that of the target.
    pub query: String,
    /// Media type of the body, with or without parameters; empty when none was given.
    pub content_type: String,
    /// Body.
    pub body: String,
}

/// Whether a type of `<send>` means this processor.
#[must_use]
pub fn is_basic_http(kind: &str) -> bool {
    kind == BASIC_HTTP_PROCESSOR || kind == BASIC_HTTP_SHORT
}

//= scxml: C.2 <send> with type BasicHTTP
/// The request of a `<send>`.
#[must_use]
pub fn encode(send: &Send) -> Request {
    let mut form = Serializer::new(String::new());
    if !send.event.is_empty() {
        form.append_pair(EVENT_NAME_FIELD, &send.event);
    }
    let (content_type, body) = match &send.data {
        data if send.is_content => {
            let (content_type, body) = content(data);
            return Request {
                method: "POST".to_owned(),
                query: form.finish(),
                content_type: content_type.to_owned(),
                body,
            };
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                form.append_pair(name, &text(value));
            }
            (FORM, form.finish())
        }
        _ => (FORM, form.finish()),
    };
    Request { method: "POST".to_owned(), query: String::new(), content_type: content_type.to_owned(), body }
}

fn content(data: &Value) -> (&'static str, String) {
    match data {
        Value::Null => ("text/plain; charset=utf-8", String::new()),
        Value::String(text) => ("text/plain; charset=utf-8", text.clone()),
        other => match crate::inline::markup(other) {
            Some(markup) => ("application/xml", markup.to_owned()),
            None => ("application/json", other.to_string()),
        },
    }
}

/// Text as it is, markup as its text, anything else as JSON.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => crate::inline::markup(other).map_or_else(|| other.to_string(), str::to_owned),
    }
}

//= scxml: C.2 reception of a message
/// The event of a request: named by its one `_scxmleventname`, otherwise `HTTP.` and the method. Fields of a form, or of the query
/// when there is no body, are its data without that name; another body is text, or what its media type says.
#[must_use]
pub fn decode(request: &Request) -> Event {
    let is_form = is_media_type(&request.content_type, FORM);
    let mut fields: Vec<(String, String)> = parse(request.query.as_bytes()).into_owned().collect();
    if is_form {
        fields.extend(parse(request.body.as_bytes()).into_owned());
    }
    let mut names = fields.iter().filter(|(name, _)| name == EVENT_NAME_FIELD).map(|(_, value)| value);
    let name = match (names.next(), names.next()) {
        (Some(name), None) if !name.is_empty() => name.clone(),
        _ => format!("HTTP.{}", request.method.to_ascii_uppercase()),
    };
    let data = if is_form || request.body.is_empty() {
        fields_of(fields)
    } else {
        Some(body_of(&request.content_type, &request.body))
    };
    let raw = match () {
        () if request.body.is_empty() => request.query.clone(),
        () if is_form => request.body.clone(),
        // A space is a plus only in forms; a plus of the text is escaped.
        () => byte_serialize(request.body.as_bytes()).collect::<String>().replace('+', "%20"),
    };
    Event {
        name,
        kind: EventKind::External,
        data,
        origintype: Some(BASIC_HTTP_PROCESSOR.to_owned()),
        raw: Some(raw),
        ..Event::default()
    }
}

/// Fields as an object, without the name of the event; `None` when there are none.
fn fields_of(fields: Vec<(String, String)>) -> Option<Value> {
    let mut object = Map::new();
    for (name, value) in fields {
        if name == EVENT_NAME_FIELD {
            continue;
        }
        let value = Value::String(value);
        match object.get_mut(&name) {
            None => drop(object.insert(name, value)),
            Some(Value::Array(values)) => values.push(value),
            Some(known) => *known = Value::Array(vec![known.take(), value]),
        }
    }
    (!object.is_empty()).then_some(Value::Object(object))
}

fn body_of(content_type: &str, body: &str) -> Value {
    let is_json = is_media_type(content_type, "application/json") || essence(content_type).ends_with("+json");
    let is_markup = is_media_type(content_type, "application/xml")
        || is_media_type(content_type, "text/xml")
        || essence(content_type).ends_with("+xml");
    let parsed = if is_json { nesting::read(body).ok() } else { None };
    if is_markup {
        return Value::Object(Map::from_iter([(MARKUP_KEY.to_owned(), Value::String(body.to_owned()))]));
    }
    parsed.unwrap_or_else(|| Value::String(body.to_owned()))
}

fn is_media_type(content_type: &str, wanted: &str) -> bool {
    essence(content_type).eq_ignore_ascii_case(wanted)
}

/// A media type without its parameters.
fn essence(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

/// The session that an address belongs to, when addresses are made from this template with its one `{session}`.
#[must_use]
pub fn session_of<'a>(template: &str, address: &'a str) -> Option<&'a str> {
    let (before, after) = template.split_once("{session}")?;
    let address = address.split(['?', '#']).next().unwrap_or_default();
    let session = address.strip_prefix(before)?.strip_suffix(after)?;
    (!session.is_empty() && !session.contains('/')).then_some(session)
}

/// The URL that a request goes to: its target, with its own query added.
#[must_use]
pub fn url(target: &str, request: &Request) -> String {
    let target = target.split('#').next().unwrap_or_default();
    match (request.query.is_empty(), target.contains('?')) {
        (true, _) => target.to_owned(),
        (false, true) => format!("{target}&{}", request.query),
        (false, false) => format!("{target}?{}", request.query),
    }
}

/// What a `<send>` to an address of our own is received as: the request that it would be, read again. It keeps the id of the `<send>`,
/// which a request cannot carry.
#[must_use]
pub fn looped(send: &Send) -> Event {
    let mut request = encode(send);
    let query = send.target.as_deref().and_then(|target| target.split_once('?')).map(|(_, query)| query);
    if let Some(query) = query {
        let query = query.split('#').next().unwrap_or_default();
        request.query =
            if request.query.is_empty() { query.to_owned() } else { format!("{query}&{}", request.query) };
    }
    Event { sendid: send.sendid.clone(), ..decode(&request) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    fn send(event: &str, data: Value, is_content: bool) -> Send {
        Send {
            sendid: None,
            target: Some("http://there.example/in?shop=7".to_owned()),
            kind: Some(BASIC_HTTP_SHORT.to_owned()),
            event: event.to_owned(),
            data,
            is_content,
            delay: Duration::ZERO,
        }
    }

    fn received(method: &str, query: &str, content_type: &str, body: &str) -> Event {
        decode(&Request {
            method: method.to_owned(),
            query: query.to_owned(),
            content_type: content_type.to_owned(),
            body: body.to_owned(),
        })
    }

    #[test]
    fn name_and_parameters_are_a_form() {
        let request = encode(&send("order.made", json!({"a": 1, "b": "x y", "c": {"d": true}}), false));
        assert_eq!((request.method.as_str(), request.content_type.as_str()), ("POST", FORM));
        assert_eq!(request.body, "_scxmleventname=order.made&a=1&b=x+y&c=%7B%22d%22%3Atrue%7D");
        assert_eq!(request.query, "");
    }

    #[test]
    fn content_is_the_body_as_it_is_and_the_name_stands_in_the_query() {
        let request = encode(&send("told", json!("this & that"), true));
        assert_eq!((request.body.as_str(), request.query.as_str()), ("this & that", "_scxmleventname=told"));
        assert!(request.content_type.starts_with("text/plain"));
        assert_eq!(encode(&send("", json!({"a": [1]}), true)).body, r#"{"a":[1]}"#);
        let markup = encode(&send("", json!({"#xml": "<a/>"}), true));
        assert_eq!((markup.body.as_str(), markup.content_type.as_str()), ("<a/>", "application/xml"));
    }

    #[test]
    fn a_request_without_name_is_called_after_its_method() {
        assert_eq!(received("POST", "", FORM, "a=1").name, "HTTP.POST");
        assert_eq!(received("put", "", "text/plain", "hello").name, "HTTP.PUT");
        assert_eq!(received("GET", "_scxmleventname=x&_scxmleventname=y", "", "").name, "HTTP.GET");
        assert_eq!(received("DELETE", "_scxmleventname=gone", "", "").name, "gone");
    }

    #[test]
    fn fields_are_data_without_the_name_and_repeated_ones_are_lists() {
        let event = received(
            "POST",
            "q=1",
            "application/x-www-form-urlencoded; charset=UTF-8",
            "_scxmleventname=e&a=1&a=2&a=3",
        );
        assert_eq!(event.data, Some(json!({"q": "1", "a": ["1", "2", "3"]})));
        assert_eq!(event.raw.as_deref(), Some("_scxmleventname=e&a=1&a=2&a=3"));
        assert_eq!(received("GET", "_scxmleventname=e", "", "").data, None);
    }

    #[test]
    fn a_body_is_what_its_media_type_says() {
        assert_eq!(received("POST", "", "application/json", "[1]").data, Some(json!([1])));
        assert_eq!(received("POST", "", "application/json", "[1").data, Some(json!("[1")));
        assert_eq!(received("POST", "", "text/plain", "[1]").data, Some(json!("[1]")));
        assert_eq!(received("POST", "", "application/soap+xml", "<a/>").data, Some(json!({"#xml": "<a/>"})));
        assert_eq!(received("POST", "", "", "a b+c").raw.as_deref(), Some("a%20b%2Bc"));
    }

    #[test]
    fn what_goes_round_arrives_with_the_query_of_its_target() {
        let event = looped(&send("e", json!({"a": 1}), false));
        assert_eq!((event.name.as_str(), event.data), ("e", Some(json!({"shop": "7", "a": "1"}))));
        let event = looped(&send("e", json!({"a": 1}), true));
        assert_eq!((event.name.as_str(), event.data), ("e", Some(json!({"a": 1}))));
    }

    #[test]
    fn the_query_of_a_request_is_added_to_that_of_its_target() {
        let request = Request { query: "a=1".to_owned(), ..Request::default() };
        assert_eq!(url("http://there.example/in?shop=7#top", &request), "http://there.example/in?shop=7&a=1");
        assert_eq!(url("http://there.example/in", &request), "http://there.example/in?a=1");
        assert_eq!(url("http://there.example/in", &Request::default()), "http://there.example/in");
    }

    #[test]
    fn the_session_of_an_address_is_found() {
        let template = "http://here.example/session/{session}/basichttp";
        assert_eq!(session_of(template, "http://here.example/session/S1/basichttp?x=1"), Some("S1"));
        for address in [
            "http://here.example/session//basichttp",
            "http://here.example/session/a/b/basichttp",
            "http://there.example/",
        ] {
            assert_eq!(session_of(template, address), None, "{address}");
        }
    }
}
