//! Outgoing HTTP: one client, with rules.
//!
//! Reply URLs, plugin URLs and notification targets are written by others. Only hosts that the operator named are
//! reached, redirects are not followed, the resolved address is pinned for the request, time and size are limited.

use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use serde_json::{Map, Value};
use url::Url;

use crate::configuration::EgressRule;

/// Bytes of a reply that are read at most.
const REPLY_BYTES_MAX: usize = 1024 * 1024;

/// A request.
#[derive(Clone, Debug, PartialEq)]
pub struct EgressRequest {
    /// URL.
    pub url: String,
    /// Method in capitals.
    pub method: String,
    /// Whether fields are sent as JSON.
    pub json: bool,
    /// Fields of the body, or of the query of a `GET`.
    pub fields: Map<String, Value>,
    /// Body in place of the fields: text as it is, anything else as JSON.
    pub content: Option<Value>,
    /// Media type of a body that is text; none is named otherwise.
    pub content_type: Option<String>,
    /// Limit for all of it.
    pub timeout: Duration,
}

/// A reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EgressReply {
    /// HTTP status.
    pub status: u16,
    /// Body as text.
    pub body: String,
}

/// Why there is no reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EgressError {
    /// A rule forbids the URL.
    #[error("{url} is not reached: {problem}")]
    Forbidden {
        /// The URL.
        url: String,
        /// The rule, and how to allow it.
        problem: String,
    },
    /// No reply in time.
    #[error("{url} did not answer in time")]
    Timeout {
        /// The URL.
        url: String,
    },
    /// Connection or protocol failed.
    #[error("{url} could not be reached: {problem}")]
    Failed {
        /// The URL.
        url: String,
        /// What happened.
        problem: String,
    },
}

/// A future of the egress.
pub type EgressFuture = Pin<Box<dyn Future<Output = Result<EgressReply, EgressError>> + Send>>;

/// The way out. The simulation has a way of its own.
pub trait Egress: Send + Sync + fmt::Debug {
    /// Sends a request.
    fn send(&self, request: EgressRequest) -> EgressFuture;
}

/// The way out to real networks.
#[derive(Debug)]
pub struct HttpEgress {
    allowed: Vec<EgressRule>,
}

impl HttpEgress {
    /// A way to the hosts that these rules name.
    #[must_use]
    pub fn new(allowed: Vec<EgressRule>) -> Self {
        Self { allowed }
    }

    fn check(&self, text: &str) -> Result<Url, EgressError> {
        let forbidden =
            |problem: &str| EgressError::Forbidden { url: shown(text), problem: problem.to_owned() };
        let url = Url::parse(text).map_err(|error| forbidden(&error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(forbidden("only http and https are reached"));
        }
        if !self.allowed.iter().any(|rule| rule.allows(&url)) {
            return Err(forbidden("its host is not in `egress_allow` of section [server]"));
        }
        Ok(url)
    }
}

/// A URL without its query, which may hold secrets.
fn shown(url: &str) -> String {
    url.split(['?', '#']).next().unwrap_or_default().to_owned()
}

impl Egress for HttpEgress {
    fn send(&self, request: EgressRequest) -> EgressFuture {
        let checked = self.check(&request.url);
        Box::pin(async move {
            let url = checked?;
            let timeout = request.timeout;
            match tokio::time::timeout(timeout, exchange(url, request)).await {
                Ok(result) => result,
                Err(elapsed) => Err(EgressError::Timeout { url: elapsed.to_string() }),
            }
        })
    }
}

async fn exchange(url: Url, request: EgressRequest) -> Result<EgressReply, EgressError> {
    let failed = |problem: String| EgressError::Failed { url: shown(&request.url), problem };
    let host = url.host_str().unwrap_or_default().to_owned();
    let port = url.port_or_known_default().unwrap_or(80);
    // Resolved once and pinned: what was looked at is what is connected to.
    let address: Option<SocketAddr> = tokio::net::lookup_host((host.trim_matches(['[', ']']), port))
        .await
        .map_err(|error| failed(error.to_string()))?
        .next();
    let address = address.ok_or_else(|| failed("its name has no address".to_owned()))?;
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .resolve(&host, address)
        .build()
        .map_err(|error| failed(error.to_string()))?;
    let method = request.method.parse().unwrap_or(reqwest::Method::GET);
    let mut outgoing = client.request(method, url);
    outgoing = match (&request.content, request.method.as_str()) {
        (Some(Value::String(text)), _) => match &request.content_type {
            Some(kind) => outgoing.header(reqwest::header::CONTENT_TYPE, kind).body(text.clone()),
            None => outgoing.body(text.clone()),
        },
        (Some(content), _) => outgoing.json(content),
        (None, "GET" | "DELETE") => outgoing.query(&texts(&request.fields)),
        (None, _) if request.json => outgoing.json(&request.fields),
        (None, _) => outgoing.form(&texts(&request.fields)),
    };
    let mut reply = outgoing.send().await.map_err(|error| failed(error.without_url().to_string()))?;
    let status = reply.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = reply.chunk().await.map_err(|error| failed(error.without_url().to_string()))? {
        if body.len() + chunk.len() > REPLY_BYTES_MAX {
            return Err(failed(format!("its reply is larger than {REPLY_BYTES_MAX} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(EgressReply { status, body: String::from_utf8_lossy(&body).into_owned() })
}

/// Fields as pairs of texts, for forms and queries; objects and lists become JSON text.
pub(crate) fn texts(fields: &Map<String, Value>) -> Vec<(String, String)> {
    fields
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            (name.clone(), text)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::HttpEgress;
    use crate::configuration::EgressRule;

    fn egress(rules: &[&str]) -> HttpEgress {
        HttpEgress::new(rules.iter().filter_map(|rule| EgressRule::parse(rule)).collect())
    }

    #[test]
    fn only_named_hosts_are_reached() {
        let egress = egress(&["plugin.example:8443", "127.0.0.1"]);
        assert!(egress.check("https://plugin.example:8443/dial").is_ok());
        assert!(egress.check("https://plugin.example/dial").is_err());
        assert!(egress.check("http://127.0.0.1:9/x").is_ok());
        assert!(egress.check("http://169.254.169.254/latest").is_err());
        assert!(egress.check("file:///etc/passwd").is_err());
    }

    #[test]
    fn an_error_does_not_show_the_query() {
        let error = egress(&[]).check("http://a.example/x?key=secret").unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
