//! For those who run the platform: alive, ready, metrics. Open, because probes carry no credentials.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};

use crate::gateway::Gateway;
use crate::reply;

/// `GET /healthz`: the process answers.
pub(crate) async fn alive() -> HttpResponse {
    reply::with_body(StatusCode::OK, reply::TEXT, "ok")
}

/// `GET /readyz`: new requests are taken; otherwise 503 and why not.
pub(crate) async fn ready(gateway: web::Data<Gateway>) -> HttpResponse {
    match gateway.engine.is_ready().await {
        Ok(()) => reply::with_body(StatusCode::OK, reply::TEXT, "ready"),
        Err(problem) => reply::with_body(StatusCode::SERVICE_UNAVAILABLE, reply::TEXT, problem),
    }
}

/// `GET /metrics`
pub(crate) async fn metrics(gateway: web::Data<Gateway>) -> HttpResponse {
    const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    reply::with_body(StatusCode::OK, OPEN_METRICS, gateway.engine.metrics().await)
}
