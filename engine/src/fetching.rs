//! `session:fetch`: to others through the egress, to ourselves in the process (decision D-116).

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use statecharts::{Event, EventKind, basic_http};
use vocabulary::EffectId;

use crate::api::{SessionError, StartRequest};
use crate::egress::{EgressError, EgressReply, EgressRequest, texts};
use crate::engine::Engine;
use crate::node::Node;
use crate::session::Incoming;
use crate::session::order::{Fetch, Post};

/// Limit of a message by BasicHTTP.
const POST_TIMEOUT: Duration = Duration::from_secs(10);

/// Fetches, and answers the session.
pub(crate) async fn fetch(node: &Arc<Node>, effect: EffectId, fetch: Fetch) {
    let result = match fetch.url.strip_prefix(&node.base_url) {
        Some(path) if path.is_empty() || path.starts_with(['/', '?']) => {
            own(node, path.to_owned(), fetch).await
        }
        _ => node.egress.send(request_of(fetch)).await,
    };
    let event = match result {
        Ok(reply) if (200..300).contains(&reply.status) => Event::external(
            "session.fetch.done",
            json!({ "requestid": effect, "content": reply.body, "status": reply.status, "hints": {} }),
        ),
        Ok(reply) => failed(&effect, &format!("protocol.{}", reply.status), &reply.body),
        Err(EgressError::Timeout { url }) => failed(&effect, "timeout", &url),
        Err(error @ EgressError::Forbidden { .. }) => failed(&effect, "refused", &error.to_string()),
        Err(error @ EgressError::Failed { .. }) => failed(&effect, "protocol.0", &error.to_string()),
    };
    node.answer(&effect, event);
}

/// Sends what a session says by BasicHTTP. It hears of it again only when nobody took it (scxml: C.2).
pub(crate) async fn post(node: &Arc<Node>, effect: EffectId, post: Post) {
    let result = match post.url.strip_prefix(&node.base_url) {
        Some(path) if path.is_empty() || path.starts_with(['/', '?']) => {
            own(node, path.to_owned(), fetch_of(&post)).await
        }
        _ => node.egress.send(posted(&post)).await,
    };
    let problem = match result {
        Ok(reply) if (200..300).contains(&reply.status) => {
            return node.tell(&effect, Incoming::Done { effect: effect.clone() });
        }
        Ok(reply) => format!("the receiver answered {}", reply.status),
        Err(error) => error.to_string(),
    };
    let event = Event {
        name: "error.communication".to_owned(),
        kind: EventKind::Platform,
        data: Some(json!({ "reason": problem })),
        sendid: post.sendid,
        ..Event::default()
    };
    node.answer(&effect, event);
}

fn posted(post: &Post) -> EgressRequest {
    EgressRequest {
        url: post.url.clone(),
        method: "POST".to_owned(),
        json: false,
        fields: Map::new(),
        content: Some(Value::String(post.body.clone())),
        content_type: Some(post.content_type.clone()),
        timeout: POST_TIMEOUT,
    }
}

/// A request to another operation of our own, with what it carries.
fn fetch_of(post: &Post) -> Fetch {
    let request = basic_http::Request {
        method: "POST".to_owned(),
        query: String::new(),
        content_type: post.content_type.clone(),
        body: post.body.clone(),
    };
    let (fields, content) = match basic_http::decode(&request).data {
        Some(Value::Object(fields)) => (fields, None),
        other => (Map::new(), other),
    };
    Fetch {
        url: post.url.clone(),
        method: request.method,
        timeout_secs: POST_TIMEOUT.as_secs(),
        json: false,
        fields,
        content,
    }
}

fn failed(effect: &EffectId, error: &str, description: &str) -> Event {
    Event::external(
        "error.session.fetch",
        json!({ "requestid": effect, "error": error, "description": description }),
    )
}

fn request_of(fetch: Fetch) -> EgressRequest {
    EgressRequest {
        url: fetch.url,
        method: fetch.method,
        json: fetch.json,
        fields: fetch.fields,
        content: fetch.content,
        content_type: None,
        timeout: Duration::from_secs(fetch.timeout_secs),
    }
}

/// A request to our own base URL: the same operations as over HTTP, without the way through the network.
async fn own(node: &Arc<Node>, path: String, fetch: Fetch) -> Result<EgressReply, EgressError> {
    let (path, query) = path.split_once('?').unwrap_or((&path, ""));
    let mut fields = fetch.fields;
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        // A key present in query and body: the body wins (decision D-027).
        fields.entry(name.into_owned()).or_insert_with(|| Value::String(value.into_owned()));
    }
    if let Some(Value::Object(content)) = fetch.content {
        fields.extend(content);
    }
    let engine = Engine::of(Arc::clone(node));
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let reply = match segments.as_slice() {
        ["1", "service", "callback", service] => {
            let request =
                StartRequest { service: (*service).to_owned(), parameters: fields, headers: Vec::new() };
            engine
                .start_callback(request)
                .await
                .map(Value::Object)
                .map_err(|refusal| (400, refusal.to_string()))
        }
        ["1", "service", service] => {
            let found = engine.call_service(service, fields).await;
            found.map_err(|refusal| {
                let is_unknown =
                    matches!(refusal, crate::Refusal::NoMatch | crate::Refusal::NoInstance { .. });
                (if is_unknown { 404 } else { 400 }, refusal.to_string())
            })
        }
        ["1", "service", instance, request] => respond(engine.message(instance, request, fields).await),
        ["1", "ors", "scxml", "session", session, "request", name] => {
            fields.remove("key");
            respond(engine.session_request(session, name, Value::Object(fields)).await)
        }
        ["1", "ors", "scxml", "session", session, "event", name] => engine
            .session_event(session, name, Value::Object(fields))
            .await
            .map(|()| Value::Object(Map::new()))
            .map_err(|error| (status_of(&error), error.to_string())),
        ["1", "ors", "scxml", "session", session, "basichttp"] => engine
            .session_message(session, &message_of(&fetch.method, &fields))
            .await
            .map(|()| Value::Object(Map::new()))
            .map_err(|error| (status_of(&error), error.to_string())),
        _ => Err((404, format!("{path} is not an address of this node"))),
    };
    Ok(match reply {
        Ok(body) => EgressReply { status: 200, body: text_of(&body) },
        Err((status, body)) => EgressReply { status, body },
    })
}

/// A fetch of the BasicHTTP address of a session, as a form.
fn message_of(method: &str, fields: &Map<String, Value>) -> basic_http::Request {
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(texts(fields)).finish();
    basic_http::Request { method: method.to_owned(), query: form, ..basic_http::Request::default() }
}

fn respond(answer: Result<crate::api::SessionResponse, SessionError>) -> Result<Value, (u16, String)> {
    match answer {
        Ok(response) if response.status < 300 => Ok(response.body),
        Ok(response) => Err((response.status, text_of(&response.body))),
        Err(error) => Err((status_of(&error), error.to_string())),
    }
}

const fn status_of(error: &SessionError) -> u16 {
    match error {
        SessionError::Unknown(_) | SessionError::Reserved(_) => 404,
        SessionError::Ended(_) => 410,
        SessionError::NoAnswer(_) => 504,
        SessionError::Refused(_) => 400,
        SessionError::Busy(_) => 503,
        SessionError::Failed(_) => 500,
    }
}

fn text_of(body: &Value) -> String {
    body.as_str().map_or_else(|| body.to_string(), str::to_owned)
}
