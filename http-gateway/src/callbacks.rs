//! Callbacks: start, cancel, read, find.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use engine::api::{CancelRequest, StartRequest};
use serde_json::Value;

use crate::body::{Body, query_pairs};
use crate::errors::ErrorReply;
use crate::gateway::Gateway;
use crate::{auth, query, reply, view};

type Reply = Result<HttpResponse, ErrorReply>;

/// `POST /1/service/callback/{service}`
//= guide: start or schedule
pub(crate) async fn start(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    service: web::Path<String>,
    body: Body,
) -> Reply {
    let parameters = body.fields(request.query_string())?;
    let headers = request
        .headers()
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect();
    let answer = gateway
        .engine
        .start_callback(StartRequest { service: service.into_inner(), parameters, headers })
        .await?;
    Ok(reply::ok(&answer))
}

/// `GET /1|2/service/callback/{service}/{id}`
pub(crate) async fn read(gateway: web::Data<Gateway>, path: web::Path<(String, String)>) -> Reply {
    let (service, id) = path.into_inner();
    let callback = gateway.engine.callback(Some(&service), &id).await?;
    Ok(reply::ok(&view::by_id(&callback, &gateway.settings.prefix())))
}

/// `GET /1/service/callback/{service}/{id}/timeline`
pub(crate) async fn timeline(gateway: web::Data<Gateway>, path: web::Path<(String, String)>) -> Reply {
    let (service, id) = path.into_inner();
    // A timeline does not know its service; asking for the callback checks that the path names it.
    let _callback = gateway.engine.callback(Some(&service), &id).await?;
    let rows = gateway.engine.timeline(&id).await?;
    Ok(reply::ok(&rows.iter().map(view::timeline_row).collect::<Vec<Value>>()))
}

/// `GET /1/service/callback/{service}/{id}/why`
pub(crate) async fn why(gateway: web::Data<Gateway>, path: web::Path<(String, String)>) -> Reply {
    let (service, id) = path.into_inner();
    let _callback = gateway.engine.callback(Some(&service), &id).await?;
    Ok(reply::ok(&gateway.engine.why(&id).await?))
}

/// `DELETE /1/service/callback/{service}/{id}`
//= guide: cancel
pub(crate) async fn cancel(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> Reply {
    let (service, id) = path.into_inner();
    let mut discard_session_failure = false;
    for (name, value) in query_pairs(request.query_string()) {
        if name == "discard_ors_failure" {
            discard_session_failure = query::boolean(&name, &value)?;
        }
    }
    gateway
        .engine
        .cancel_callback(CancelRequest {
            service,
            id,
            reason: "CANCELLED".to_owned(),
            discard_session_failure,
        })
        .await?;
    Ok(reply::empty(StatusCode::OK))
}

/// `GET /1/service/callback?…`
pub(crate) async fn find(gateway: web::Data<Gateway>, request: HttpRequest) -> Reply {
    found(&gateway, None, &request).await
}

/// `GET /1/service/callback/{service}?…`
pub(crate) async fn find_in_service(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    service: web::Path<String>,
) -> Reply {
    found(&gateway, Some(&service), &request).await
}

async fn found(gateway: &Gateway, service: Option<&str>, request: &HttpRequest) -> Reply {
    let mut lookup = query::lookup(service, query_pairs(request.query_string()))?;
    if service.is_none() {
        lookup.except_services = auth::closed_services(request.headers(), &gateway.settings);
    }
    let callbacks = gateway.engine.find_callbacks(lookup).await?;
    let prefix = gateway.settings.prefix();
    let views: Vec<Value> = callbacks.iter().map(|callback| view::by_property(callback, &prefix)).collect();
    Ok(reply::ok(&views))
}
