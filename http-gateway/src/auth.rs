//! Who may use which path (decision D-115).

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{AUTHORIZATION, HOST, HeaderMap, ORIGIN};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage as _};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use vocabulary::ServiceName;

use crate::errors::ErrorReply;
use crate::gateway::Gateway;
use crate::{ClientCredentials, Credentials, Settings};

/// Mark of a request that came with the right key of its session instead of credentials.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ByReplyKey;

/// Name of the query parameter with the secret of a session.
pub(crate) const REPLY_KEY: &str = "key";

/// Lets administrators through.
pub(crate) async fn admins(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    match gateway(&request).and_then(|gateway| check_admin(request.headers(), &gateway.settings)) {
        Ok(()) => Ok(next.call(request).await?.map_into_left_body()),
        Err(error) => Ok(request.error_response(error).map_into_right_body()),
    }
}

/// Lets administrators through, and whoever knows the secret of the session that the path names.
pub(crate) async fn admins_or_reply_key(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let gateway = match gateway(&request) {
        Ok(gateway) => gateway,
        Err(error) => return Ok(request.error_response(error).map_into_right_body()),
    };
    let key = crate::body::query_pairs(request.query_string())
        .into_iter()
        .find(|(name, _)| name == REPLY_KEY)
        .map(|(_, key)| key);
    let session = request.match_info().get("session").map(str::to_owned);
    let is_right = match (session, key) {
        (Some(session), Some(key)) => gateway.engine.is_reply_key(&session, &key).await,
        _ => false,
    };
    if is_right {
        request.extensions_mut().insert(ByReplyKey);
        return Ok(next.call(request).await?.map_into_left_body());
    }
    match check_admin(request.headers(), &gateway.settings) {
        Ok(()) => Ok(next.call(request).await?.map_into_left_body()),
        Err(error) => Ok(request.error_response(error).map_into_right_body()),
    }
}

/// Lets clients through: everybody, unless credentials are configured. A path that names a callback by its id alone wants
/// the pair that the paths with its service want.
pub(crate) async fn clients(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let gateway = match gateway(&request) {
        Ok(gateway) => gateway,
        Err(error) => return Ok(request.error_response(error).map_into_right_body()),
    };
    let of_callback = match instance_of(request.path(), &gateway.settings) {
        Some(id) => match gateway.engine.service_of(&id).await {
            Ok(service) => service,
            Err(refusal) => {
                return Ok(request.error_response(ErrorReply::from(refusal)).map_into_right_body());
            }
        },
        None => None,
    };
    let service = of_callback.as_ref().map(ServiceName::as_str);
    match check_client(request.path(), service, request.headers(), &gateway.settings) {
        Ok(()) => Ok(next.call(request).await?.map_into_left_body()),
        Err(error) => Ok(request.error_response(error).map_into_right_body()),
    }
}

fn gateway(request: &ServiceRequest) -> Result<Data<Gateway>, ErrorReply> {
    request.app_data::<Data<Gateway>>().cloned().ok_or_else(|| ErrorReply::no_such_path(request.path()))
}

fn check_admin(headers: &HeaderMap, settings: &Settings) -> Result<(), ErrorReply> {
    if let Some(origin) = foreign_origin(headers, &settings.trusted_origins) {
        return Err(ErrorReply::foreign_origin(&origin));
    }
    let is_right = settings
        .admin
        .as_ref()
        .is_some_and(|wanted| given(headers, settings).is_some_and(|given| are_same(&given, wanted)));
    if is_right { Ok(()) } else { Err(ErrorReply::unauthorized(&settings.realm)) }
}

/// `of_callback`: the service of the callback that the path names by its id alone.
fn check_client(
    path: &str,
    of_callback: Option<&str>,
    headers: &HeaderMap,
    settings: &Settings,
) -> Result<(), ErrorReply> {
    let Some(wanted) = wanted_of_client(path, of_callback, settings) else {
        return Ok(());
    };
    let is_right = given(headers, settings).is_some_and(|given| are_same(&given, wanted));
    if is_right { Ok(()) } else { Err(ErrorReply::unauthorized(&settings.realm)) }
}

/// The pair that a service path wants: of the service, else of the callback paths, else of the server.
//= guide: authentication, sections server, callback and service
fn wanted_of_client<'s>(
    path: &str,
    of_callback: Option<&str>,
    settings: &'s Settings,
) -> Option<&'s Credentials> {
    let ClientCredentials { server, callback, services } = &settings.clients;
    let Some(mut segments) = service_segments(path, settings) else {
        return server.as_ref();
    };
    let of_service = |name: Option<String>| name.and_then(|name| services.get(&name));
    match segments.next() {
        Some(family) if family == "callback" => {
            of_service(segments.next()).or(callback.as_ref()).or(server.as_ref())
        }
        name => {
            let of_callback = of_callback.and_then(|name| services.get(name).or(callback.as_ref()));
            of_service(name).or(of_callback).or(server.as_ref())
        }
    }
}

/// What a service path may name a callback by, when it makes a difference whose it is.
fn instance_of(path: &str, settings: &Settings) -> Option<String> {
    let ClientCredentials { callback, services, .. } = &settings.clients;
    let is_closed = callback.is_some() || !services.is_empty();
    let named = service_segments(path, settings)?.next()?;
    (is_closed && named != "callback" && !services.contains_key(&named)).then_some(named)
}

/// The elements of a path after `/1/service`; `None` for other paths.
fn service_segments<'p>(path: &'p str, settings: &Settings) -> Option<impl Iterator<Item = String> + 'p> {
    let prefix = settings.prefix();
    let below_base = path.strip_prefix(prefix.as_str()).unwrap_or(path);
    // Decoded, because the routes are: `/b%69lling` must not get past the pair of `billing`.
    let mut segments =
        below_base.split('/').filter(|segment| !segment.is_empty()).skip(1).map(percent_decoded);
    (segments.next().as_deref() == Some("service")).then_some(segments)
}

/// Services that a lookup without a service leaves out: those with a pair of their own that did not come with the
/// request. Who came in by the pair of the callback paths or of the server sees all.
pub(crate) fn closed_services(headers: &HeaderMap, settings: &Settings) -> Vec<String> {
    let ClientCredentials { server, callback, services } = &settings.clients;
    if callback.is_some() || server.is_some() {
        return Vec::new();
    }
    let given = given(headers, settings);
    let is_closed = |wanted: &Credentials| !given.as_ref().is_some_and(|given| are_same(given, wanted));
    services.iter().filter(|(_, wanted)| is_closed(wanted)).map(|(name, _)| name.clone()).collect()
}

fn percent_decoded(text: &str) -> String {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let escaped = (*byte == b'%')
            .then(|| after.get(..2))
            .flatten()
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        decoded.push(escaped.unwrap_or(*byte));
        rest = if escaped.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// The credentials that came with a request.
fn given(headers: &HeaderMap, settings: &Settings) -> Option<Credentials> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let encoded = text(AUTHORIZATION.as_str()).and_then(|value| after_scheme(value, ' ')).or_else(|| {
        // decision: D-026 the guide's own form is no HTTP and is read only when asked for
        let value = text("authentication").filter(|_| settings.legacy_authentication_header)?;
        after_scheme(value, '=').or_else(|| after_scheme(value, ' '))
    })?;
    let decoded = BASE64_STANDARD.decode(encoded.trim()).ok()?;
    let (username, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some(Credentials { username: username.to_owned(), password: password.to_owned() })
}

fn after_scheme(value: &str, separator: char) -> Option<&str> {
    let (scheme, rest) = value.trim().split_once(separator)?;
    scheme.trim().eq_ignore_ascii_case("basic").then_some(rest)
}

fn are_same(given: &Credentials, wanted: &Credentials) -> bool {
    let name = are_same_bytes(given.username.as_bytes(), wanted.username.as_bytes());
    let password = are_same_bytes(given.password.as_bytes(), wanted.password.as_bytes());
    // No short circuit: the time must not tell which half was wrong.
    name & password
}

/// Compares in a time that depends on the length of `given` only.
fn are_same_bytes(given: &[u8], wanted: &[u8]) -> bool {
    let mut difference = u8::from(given.len() != wanted.len());
    for (at, byte) in given.iter().enumerate() {
        let other = wanted.get(at).copied().unwrap_or(!byte);
        difference = std::hint::black_box(difference | (byte ^ other));
    }
    difference == 0
}

/// The origin of a page that is not ours. Browsers send stored credentials along for any page, so the paths that
/// want credentials look where a request comes from; other clients send no origin.
fn foreign_origin(headers: &HeaderMap, trusted: &[String]) -> Option<String> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let origin = text(ORIGIN)?;
    let is_own = origin
        .split_once("://")
        .zip(text(HOST))
        .is_some_and(|((_, authority), host)| authority.eq_ignore_ascii_case(host));
    let is_trusted = trusted.iter().any(|trusted| trusted.eq_ignore_ascii_case(origin));
    (!is_own && !is_trusted).then(|| origin.to_owned())
}

#[cfg(test)]
mod tests;
