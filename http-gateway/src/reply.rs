//! Replies: media type and cache headers of the API.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, PRAGMA};
use engine::api::SessionResponse;
use serde::Serialize;
use serde_json::Value;

/// Media type of JSON replies, as the guide writes it.
pub(crate) const JSON: &str = "application/json;charset=UTF-8";
/// Media type of text replies.
pub(crate) const TEXT: &str = "text/plain;charset=UTF-8";

/// A reply without body.
//= guide: reply headers (cache)
pub(crate) fn empty(status: StatusCode) -> HttpResponse {
    let mut reply = HttpResponse::new(status);
    let headers = reply.headers_mut();
    for value in ["no-cache", "no-store"] {
        headers.append(CACHE_CONTROL, actix_web::http::header::HeaderValue::from_static(value));
    }
    headers.insert(PRAGMA, actix_web::http::header::HeaderValue::from_static("no-cache"));
    reply
}

/// A reply with a body of this media type.
pub(crate) fn with_body(
    status: StatusCode,
    media_type: &'static str,
    body: impl Into<String>,
) -> HttpResponse {
    let mut reply = empty(status);
    reply.headers_mut().insert(CONTENT_TYPE, actix_web::http::header::HeaderValue::from_static(media_type));
    reply.set_body(actix_web::body::BoxBody::new(body.into()))
}

/// A JSON reply.
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> HttpResponse {
    match serde_json::to_string(body) {
        Ok(text) => with_body(status, JSON, text),
        // Only a map with keys that are no text can fail, and no reply has one.
        Err(error) => with_body(StatusCode::INTERNAL_SERVER_ERROR, TEXT, error.to_string()),
    }
}

/// A JSON reply with status 200.
pub(crate) fn ok(body: &impl Serialize) -> HttpResponse {
    json(StatusCode::OK, body)
}

/// What a session answered: text as text, nothing as nothing, everything else as JSON.
pub(crate) fn from_session(response: SessionResponse) -> HttpResponse {
    let status = StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match response.body {
        Value::Null => empty(status),
        Value::String(text) => with_body(status, TEXT, text),
        body => json(status, &body),
    }
}
