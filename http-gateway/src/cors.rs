//! Pages of other origins may use the paths of clients.
//!
//! The guide's traces echo the origin on service calls, and a web page that offers callbacks needs it. Paths that
//! always want credentials are left out: a browser would send stored credentials along for any page.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderValue, ORIGIN, VARY,
};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, web};

use crate::gateway::Gateway;
use crate::reply;

/// Adds the headers of shared resources to replies, and answers preflight requests.
//= guide: reply headers (CORS)
pub(crate) async fn shared_resources(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let origin = request.headers().get(ORIGIN).cloned().filter(|_| is_for_clients(&request));
    let Some(origin) = origin else {
        return Ok(next.call(request).await?.map_into_left_body());
    };
    let is_preflight =
        request.method() == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    if is_preflight {
        let mut response = reply::empty(StatusCode::OK);
        allow_what_was_asked(request.headers(), response.headers_mut());
        allow_origin(origin, response.headers_mut());
        return Ok(request.into_response(response).map_into_right_body());
    }
    let mut response = next.call(request).await?.map_into_left_body();
    allow_origin(origin, response.headers_mut());
    Ok(response)
}

fn is_for_clients(request: &ServiceRequest) -> bool {
    let prefix = match request.app_data::<web::Data<Gateway>>() {
        Some(gateway) => gateway.settings.prefix(),
        None => return false,
    };
    let below_base = request.path().strip_prefix(&prefix).unwrap_or_default();
    let mut segments = below_base.trim_start_matches('/').split('/');
    matches!(segments.next(), Some("1" | "2"))
        && matches!(segments.next(), Some("service" | "notification" | "document"))
}

fn allow_origin(origin: HeaderValue, headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(""));
    headers.append(VARY, HeaderValue::from_static("Origin"));
}

fn allow_what_was_asked(asked: &HeaderMap, headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, PUT, DELETE, OPTIONS"));
    if let Some(names) = asked.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
    }
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
}
