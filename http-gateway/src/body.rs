//! Bodies: reading them within limits, and what is in them.

mod decode;
mod multipart;

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::web::{Bytes, BytesMut, Data};
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt as _;
use serde_json::{Map, Value};

pub(crate) use decode::BodyError;

use crate::gateway::Gateway;

/// A body as it came, within the limits of the settings.
#[derive(Debug)]
pub(crate) struct Body {
    content_type: Option<String>,
    bytes: Bytes,
}

impl Body {
    /// The fields of the body and, where the body does not have them, of the query (decision D-027).
    pub(crate) fn fields(&self, query: &str) -> Result<Map<String, Value>, BodyError> {
        let fields = merge(query, decode::fields(self.content_type.as_deref(), &self.bytes)?);
        decode::check_names(&fields)?;
        Ok(fields)
    }

    /// The data of an event: fields as in [`Body::fields`], with any name; a body of another kind as text in
    /// `param`, with its media type in `paramtype`.
    pub(crate) fn event_data(&self, query: &str) -> Result<Map<String, Value>, BodyError> {
        Ok(merge(query, decode::event_data(self.content_type.as_deref(), &self.bytes)?))
    }

    /// Its media type as it was given; empty when none was.
    pub(crate) fn content_type(&self) -> &str {
        self.content_type.as_deref().unwrap_or_default()
    }

    /// The body as it is.
    pub(crate) fn text(&self) -> Result<String, BodyError> {
        match std::str::from_utf8(&self.bytes) {
            Ok(text) => Ok(text.to_owned()),
            Err(error) => Err(BodyError::Broken { problem: format!("it is no UTF-8: {error}") }),
        }
    }

    /// The body as one JSON object; an empty body is an empty one.
    pub(crate) fn json_object(&self) -> Result<Map<String, Value>, BodyError> {
        decode::json_object(&self.bytes)
    }
}

/// The pairs of a query.
pub(crate) fn query_pairs(query: &str) -> Vec<(String, String)> {
    // The decoder replaces what is no UTF-8 and fails on nothing.
    serde_urlencoded::from_str(query).unwrap_or_default()
}

fn merge(query: &str, body: Map<String, Value>) -> Map<String, Value> {
    let mut fields: Map<String, Value> =
        query_pairs(query).into_iter().map(|(name, value)| (name, Value::String(value))).collect();
    fields.extend(body);
    fields
}

impl FromRequest for Body {
    type Error = BodyError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, BodyError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let limits = request
            .app_data::<Data<Gateway>>()
            .map(|gateway| (gateway.settings.body_limit, gateway.settings.body_timeout));
        let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        let content_type = header(CONTENT_TYPE).map(str::to_owned);
        let announced: Option<usize> = header(CONTENT_LENGTH).and_then(|length| length.parse().ok());
        let payload = payload.take();
        Box::pin(async move {
            let Some((limit, timeout)) = limits else {
                return Err(BodyError::Broken { problem: "the gateway has no settings".to_owned() });
            };
            if announced.is_some_and(|length| length > limit) {
                return Err(BodyError::TooLarge { limit });
            }
            match tokio::time::timeout(timeout, collect(payload, limit)).await {
                Ok(bytes) => Ok(Self { content_type, bytes: bytes? }),
                Err(_elapsed) => Err(BodyError::TooSlow { limit_secs: timeout.as_secs() }),
            }
        })
    }
}

async fn collect(mut payload: Payload, limit: usize) -> Result<Bytes, BodyError> {
    let mut bytes = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| BodyError::Broken { problem: error.to_string() })?;
        if bytes.len().saturating_add(chunk.len()) > limit {
            return Err(BodyError::TooLarge { limit });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}
