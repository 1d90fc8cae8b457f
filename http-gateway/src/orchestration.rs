//! Sessions of charts: start, event, request, terminate, query.
//!
//! Replies as decision D-023 says: unknown session 404, ended 410, unanswered request 504.

use actix_web::http::StatusCode;
use actix_web::http::header::ACCEPT;
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, web};
use serde_json::{Map, Value, json};
use vocabulary::Timestamp;

use crate::auth::{ByReplyKey, REPLY_KEY};
use crate::body::Body;
use crate::errors::ErrorReply;
use crate::gateway::Gateway;
use crate::reply;

type Reply = Result<HttpResponse, ErrorReply>;

/// `POST …/scxml/session/start`
pub(crate) async fn start(gateway: web::Data<Gateway>, request: HttpRequest, body: Body) -> Reply {
    let mut parameters = body.event_data(request.query_string())?;
    let src = match parameters.remove("src") {
        Some(Value::String(src)) if !src.is_empty() => src,
        _missing => return Err(ErrorReply::refused("`src` is missing: name the chart to start")),
    };
    let started = match ideal_time(&mut parameters)? {
        Some(due) => gateway.engine.start_session_at(&src, parameters, due).await,
        None => gateway.engine.start_session(&src, parameters).await,
    };
    let session = started.map_err(|error| ErrorReply::of_session(&error))?;
    let wants_text = request
        .headers()
        .get(ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.trim_start().to_ascii_lowercase().starts_with("text/plain"));
    if wants_text {
        return Ok(reply::with_body(StatusCode::OK, reply::TEXT, session.as_str()));
    }
    Ok(reply::ok(&json!({"sessionid": session})))
}

/// `idealtime`: epoch milliseconds at which the session is to be started.
fn ideal_time(parameters: &mut Map<String, Value>) -> Result<Option<Timestamp>, ErrorReply> {
    let Some(ideal) = parameters.remove("idealtime") else {
        return Ok(None);
    };
    let millis = match &ideal {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _other => None,
    };
    match millis {
        Some(millis) => Ok(Some(Timestamp::from_millis(millis))),
        None => {
            Err(ErrorReply::refused(format!("`idealtime` is {ideal}: expected milliseconds since the epoch")))
        }
    }
}

/// `GET|POST …/scxml/session/{session}/event/{name}`
pub(crate) async fn event(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    body: Body,
) -> Reply {
    let (session, name) = path.into_inner();
    let data = body.event_data(request.query_string())?;
    match gateway.engine.session_event(&session, &name, Value::Object(data)).await {
        Ok(()) => Ok(reply::empty(StatusCode::OK)),
        Err(error) => Err(ErrorReply::of_session(&error)),
    }
}

/// `…/scxml/session/{session}/basichttp` by any method: the BasicHTTP event processor (scxml: C.2).
pub(crate) async fn basic_http(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    session: web::Path<String>,
    body: Body,
) -> Reply {
    let message = engine::BasicHttpRequest {
        method: request.method().as_str().to_owned(),
        query: request.query_string().to_owned(),
        content_type: body.content_type().to_owned(),
        body: body.text()?,
    };
    match gateway.engine.session_message(&session, &message).await {
        Ok(()) => Ok(reply::empty(StatusCode::OK)),
        Err(error) => Err(ErrorReply::of_session(&error)),
    }
}

/// `GET|POST …/scxml/session/{session}/request/{name}`
pub(crate) async fn request(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    body: Body,
) -> Reply {
    let (session, name) = path.into_inner();
    let data = body.event_data(&query_of(&request))?;
    match gateway.engine.session_request(&session, &name, Value::Object(data)).await {
        Ok(response) => Ok(reply::from_session(response)),
        Err(error) => Err(ErrorReply::of_session(&error)),
    }
}

/// The query without the key that stood for credentials: it is no data, and no secret gets into a session's events.
fn query_of(request: &HttpRequest) -> String {
    if request.extensions().get::<ByReplyKey>().is_none() {
        return request.query_string().to_owned();
    }
    request
        .query_string()
        .split('&')
        .filter(|pair| pair.split('=').next() != Some(REPLY_KEY))
        .collect::<Vec<&str>>()
        .join("&")
}

/// `POST …/scxml/session/{session}/terminate`
pub(crate) async fn terminate(gateway: web::Data<Gateway>, session: web::Path<String>) -> Reply {
    match gateway.engine.terminate_session(&session).await {
        Ok(()) => Ok(reply::empty(StatusCode::OK)),
        Err(error) => Err(ErrorReply::of_session(&error)),
    }
}

/// `GET …/scxml/session/{session}/query`
pub(crate) async fn query(gateway: web::Data<Gateway>, session: web::Path<String>) -> Reply {
    match gateway.engine.query_session(&session).await {
        Ok(data) => Ok(reply::ok(&data)),
        Err(error) => Err(ErrorReply::of_session(&error)),
    }
}
