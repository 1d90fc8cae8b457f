//! Generic services: instances, and messages to them.

use actix_web::{HttpRequest, HttpResponse, web};

use crate::body::Body;
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
