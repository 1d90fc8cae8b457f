//! Generic services: instances, and messages to them.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use engine::Refusal;
use serde_json::Value;

use crate::body::{Body, query_pairs};
use crate::errors::ErrorReply;
use crate::gateway::Gateway;
use crate::reply;

type Reply = Result<HttpResponse, ErrorReply>;

/// `POST /1/service/{service}`: `match-interaction`, `request-access`.
pub(crate) async fn call(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    service: web::Path<String>,
    body: Body,
) -> Reply {
    let parameters = body.fields(request.query_string())?;
    Ok(reply::ok(&gateway.engine.call_service(&service, parameters).await?))
}

/// `GET /1/service/{service}?…`: `urs-stat`, which alone is read.
pub(crate) async fn read(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    service: web::Path<String>,
) -> Reply {
    if !gateway.engine.is_read_service(&service) {
        return Err(ErrorReply::method_not_allowed(
            request.method().as_str(),
            request.path(),
            "POST, DELETE",
        ));
    }
    let parameters = query_pairs(request.query_string());
    let parameters = parameters.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
    Ok(reply::ok(&gateway.engine.call_service(&service, parameters).await?))
}

/// `POST|GET /1/service/{id}/{request}`: `connect`, `check-queue-position`, any other name.
pub(crate) async fn message(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    body: Body,
) -> Reply {
    let (id, name) = path.into_inner();
    let fields = body.event_data(request.query_string())?;
    match gateway.engine.message(&id, &name, fields).await {
        Ok(response) => Ok(reply::from_session(response)),
        Err(error) => Err(ErrorReply::of_instance(&error)),
    }
}

/// `DELETE /1/service/{id}`: the session is ended, its access resources come back.
//= decision: D-044 instances can be ended by DELETE, unknown ones are 404
pub(crate) async fn end(gateway: web::Data<Gateway>, id: web::Path<String>) -> Reply {
    let no_instance = || ErrorReply::from(Refusal::NoInstance { id: id.clone() });
    let session = match gateway.engine.callback(None, &id).await {
        Ok(callback) => callback.session.ok_or_else(no_instance)?,
        Err(Refusal::NotFound { .. }) => return Err(no_instance()),
        Err(refusal) => return Err(refusal.into()),
    };
    match gateway.engine.terminate_session(session.as_str()).await {
        Ok(()) => Ok(reply::empty(StatusCode::OK)),
        Err(error) => Err(ErrorReply::of_instance(&error)),
    }
}
