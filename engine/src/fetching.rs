//! `session:fetch`: to others through the egress, to ourselves in the process (decision D-116).

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use statecharts::Event;
use vocabulary::EffectId;

use crate::api::{SessionError, StartRequest};
use crate::egress::{EgressError, EgressReply, EgressRequest};
use crate::engine::Engine;
use crate::node::Node;
use crate::session::order::Fetch;

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
                (if refusal == crate::Refusal::NoMatch { 404 } else { 400 }, refusal.to_string())
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
        _ => Err((404, format!("{path} is not an address of this node"))),
    };
    Ok(match reply {
        Ok(body) => EgressReply { status: 200, body: text_of(&body) },
        Err((status, body)) => EgressReply { status, body },
    })
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
        SessionError::Unknown(_) => 404,
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
