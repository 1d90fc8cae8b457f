//! `urs-stat`: the waiting time of virtual queues as a service, cached (guide: urs-stat).
//!
//! A service names the router's URL and a part of the query; the rest comes with the request, so that one service can
//! answer for many queues. Without a URL, or with one of this node, the router in this process is asked. Answers are
//! kept by their whole query for `_caching_policy` seconds of engine time; an answer that could not be had is not kept,
//! and an old one is not given in its place.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use routing::Method;
use serde_json::{Map, Value, json};
use url::Url;
use vocabulary::{QueueName, Timestamp};

use crate::configuration::Service;
use crate::egress::EgressRequest;
use crate::explaining;
use crate::node::Node;
use crate::queueing::AskAllWaits;
use crate::refusal::Refusal;

/// Answers that are kept at most; the oldest goes.
const CACHE_MAX: usize = 1_000;
/// How long an answer is kept when the service does not say (guide: `_caching_policy`, 5 s).
const CACHING_DEFAULT_SECS: u64 = 5;
/// Longest that another router may take.
const ROUTER_TIMEOUT: Duration = Duration::from_secs(3);
/// Parameters of a query at most.
const PARAMETERS_MAX: usize = 32;
/// Path of the query for one who would enter now.
const QUERY_PATH: [&str; 4] = ["urs", "call", "max", "lvq"];

/// The answers that are kept.
#[derive(Debug, Default)]
pub(crate) struct WaitCache(Mutex<BTreeMap<String, (Timestamp, Value)>>);

impl WaitCache {
    fn kept(&self) -> MutexGuard<'_, BTreeMap<String, (Timestamp, Value)>> {
        // A map of finished values is whole after a panic as well.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, query: &str, policy: Duration, now: Timestamp) -> Option<Value> {
        let kept = self.kept();
        let (at, answer) = kept.get(query)?;
        (now.since(*at) < policy).then(|| answer.clone())
    }

    fn keep(&self, query: String, answer: Value, now: Timestamp) {
        let mut kept = self.kept();
        if kept.len() >= CACHE_MAX && !kept.contains_key(&query) {
            let oldest = kept.iter().min_by_key(|(_, (at, _))| *at).map(|(query, _)| query.clone());
            oldest.and_then(|oldest| kept.remove(&oldest));
        }
        kept.insert(query, (now, answer));
    }
}

/// Answers a request to an `urs-stat` service; `{}` for a queue without activity.
///
/// # Errors
/// [`Refusal::BadParameter`] when the query cannot be answered, [`Refusal::Failed`] when no router answers.
pub(crate) async fn ask(
    node: &Arc<Node>,
    service: &Service,
    parameters: &Map<String, Value>,
) -> Result<Value, Refusal> {
    let own = |option: &str| service.configured(option).and_then(Value::as_str).unwrap_or_default();
    let urls = own("_urs_url");
    let query = query_of(own("_urs_stat_url_parameters"), parameters)?;
    let policy =
        service.configured("_caching_policy").and_then(Value::as_u64).unwrap_or(CACHING_DEFAULT_SECS);
    let policy = Duration::from_secs(policy);
    let text = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&query).finish();
    let key = format!("{urls}?{text}");
    if let Some(answer) = node.waits.find(&key, policy, node.clock.now()) {
        return Ok(answer);
    }
    let answer = fresh(node, urls, &query).await?;
    if !policy.is_zero() {
        node.waits.keep(key, answer.clone(), node.clock.now());
    }
    Ok(answer)
}

/// Asks each router that the service names until one answers.
async fn fresh(node: &Arc<Node>, urls: &str, query: &BTreeMap<String, String>) -> Result<Value, Refusal> {
    let urls = urls.split(',').map(str::trim).filter(|url| !url.is_empty());
    let urls: Vec<String> = urls.map(str::to_owned).collect();
    if urls.is_empty() {
        return own_router(node, None, query).await;
    }
    let mut problem = String::new();
    for url in urls {
        let answer = match path_here(&url, &node.base_url) {
            Some(path) => own_router(node, queue_in(&path)?, query).await,
            None => other_router(node, &url, query).await,
        };
        match answer {
            Err(Refusal::Failed { message }) => problem = message,
            answer => return answer,
        }
    }
    Err(Refusal::Failed { message: problem })
}

/// The parameters of the request and those of the service, whose value wins.
fn query_of(service: &str, request: &Map<String, Value>) -> Result<BTreeMap<String, String>, Refusal> {
    let mut query: BTreeMap<String, String> = crate::egress::texts(request).into_iter().collect();
    let own = url::form_urlencoded::parse(service.trim_start_matches(['?', '&']).as_bytes());
    query.extend(own.map(|(name, value)| (name.into_owned(), value.into_owned())));
    if query.len() > PARAMETERS_MAX {
        let text = format!("a query of a waiting time has at most {PARAMETERS_MAX} parameters");
        return Err(Refusal::BadParameter { text });
    }
    Ok(query)
}

/// The path of a URL that leads to this node.
fn path_here(url: &str, base: &str) -> Option<Vec<String>> {
    let (url, base) = (Url::parse(url).ok()?, Url::parse(base).ok()?);
    let is_here = url.origin() == base.origin();
    is_here.then(|| url.path_segments().into_iter().flatten().map(str::to_owned).collect())
}

/// The queue that a path of our own names after `/urs/call/max/lvq`.
fn queue_in(path: &[String]) -> Result<Option<String>, Refusal> {
    let mut segments = path.iter().filter(|segment| !segment.is_empty());
    let is_query = QUERY_PATH.iter().all(|expected| segments.next().is_some_and(|found| found == expected));
    match (is_query, segments.next(), segments.next()) {
        (true, queue, None) => Ok(queue.cloned()),
        _ => Err(Refusal::BadParameter {
            text: format!("_urs_url leads to /{} of this node: expected /urs/call/max/lvq", path.join("/")),
        }),
    }
}

async fn own_router(
    node: &Arc<Node>,
    queue: Option<String>,
    query: &BTreeMap<String, String>,
) -> Result<Value, Refusal> {
    let bad = |text: String| Refusal::BadParameter { text };
    let queue = queue.or_else(|| query.get("name").cloned()).filter(|queue| !queue.is_empty());
    let queue =
        queue.ok_or_else(|| bad("`name` is missing: give the alias of a virtual queue".to_owned()))?;
    let method = match query.get("aqt") {
        Some(name) => Method::parse(name).map_err(|error| bad(error.to_string()))?,
        None => Method::default(),
    };
    let time = explaining::expected_wait(node, &queue, None, method).await?;
    Ok(time.map_or_else(|| json!({}), |(time, _explanation)| json!(time)))
}

async fn other_router(
    node: &Arc<Node>,
    url: &str,
    query: &BTreeMap<String, String>,
) -> Result<Value, Refusal> {
    let request = EgressRequest {
        url: url.to_owned(),
        method: "GET".to_owned(),
        json: false,
        fields: query.iter().map(|(name, value)| (name.clone(), json!(value))).collect(),
        content: None,
        content_type: None,
        timeout: ROUTER_TIMEOUT,
    };
    let failed = |problem: String| Refusal::Failed { message: format!("waiting time: {problem}") };
    let reply = node.egress.send(request).await.map_err(|error| failed(error.to_string()))?;
    if !(200..300).contains(&reply.status) {
        return Err(failed(format!("{url} answered {}", reply.status)));
    }
    match serde_json::from_str(&reply.body) {
        Ok(answer @ Value::Object(_)) => Ok(answer),
        _ => Err(failed(format!("{url} answered with something else than a JSON object"))),
    }
}

/// The estimate of an `urs-stat` service for a callback, seconds; an empty answer is 0 (decision D-014).
///
/// # Errors
/// [`Refusal`] when there is no such service, or it has no answer.
pub(crate) async fn estimate(node: &Arc<Node>, service: &str, queue: Option<&str>) -> Result<f64, Refusal> {
    let bad = |text: String| Refusal::BadParameter { text };
    let Some((found, "urs-stat")) = node.configuration.builtin_service(service) else {
        return Err(bad(format!("there is no urs-stat service `{service}`")));
    };
    let name = queue.map(|queue| ("name".to_owned(), json!(queue)));
    let answer = ask(node, found, &name.into_iter().collect()).await?;
    match answer.get("ewt") {
        None => Ok(0.0),
        Some(ewt) => {
            let seconds = ewt.as_f64().or_else(|| ewt.as_str()?.parse().ok());
            seconds.ok_or_else(|| {
                bad(format!("service `{service}` answered with `ewt` {ewt}, which is no number"))
            })
        }
    }
}

/// What newcomers can expect in these queues, or in all that there are; a queue without activity has an empty object.
///
/// # Errors
/// [`Refusal::Failed`] when the router does not answer.
//= guide: widget names ewt1, ewt2, ewt3
pub(crate) async fn all(
    node: &Arc<Node>,
    queues: Option<Vec<QueueName>>,
    method: Method,
) -> Result<Map<String, Value>, Refusal> {
    let silent = || Refusal::Failed { message: "the router does not answer".to_owned() };
    let router = node.queues.get().ok_or_else(silent)?;
    let times = router.send(AskAllWaits { queues, method }).await.map_err(|_gone| silent())?;
    let shown = |time: Option<routing::WaitingTime>| time.map_or_else(|| json!({}), |time| json!(time));
    Ok(times.into_iter().map(|(queue, time)| (queue.as_str().to_owned(), shown(time))).collect())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Map, Value, json};
    use vocabulary::Timestamp;

    use super::{CACHE_MAX, WaitCache, path_here, query_of, queue_in};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_epoch_seconds(seconds)
    }

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap_or_default()
    }

    //= guide: urs-stat, parameters of the request are added
    //= type=test
    #[test]
    fn the_value_of_the_service_wins_over_that_of_the_request() {
        let service = "name=VQ_Loans&aqt=urs2";
        let query = query_of(service, &map(json!({"name": "VQ_Other", "tenant": "T"}))).unwrap();
        let pairs: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(pairs, ["aqt=urs2", "name=VQ_Loans", "tenant=T"]);
        let many: Map<String, Value> = (0..40).map(|n| (format!("p{n}"), json!("x"))).collect();
        assert!(query_of(service, &many).unwrap_err().to_string().contains("at most 32"));
    }

    #[test]
    fn an_answer_is_kept_for_its_time_and_no_more_than_so_many_are() {
        let cache = WaitCache::default();
        let policy = Duration::from_secs(5);
        cache.keep("a".to_owned(), json!({"ewt": 1}), at(10));
        assert_eq!(cache.find("a", policy, at(14)), Some(json!({"ewt": 1})));
        assert_eq!(cache.find("a", policy, at(15)), None);
        assert_eq!(cache.find("b", policy, at(14)), None);
        for number in 0..CACHE_MAX {
            cache.keep(format!("q{number}"), json!({}), at(20));
        }
        assert_eq!(cache.kept().len(), CACHE_MAX);
        assert_eq!(cache.find("a", Duration::from_secs(60), at(20)), None, "the oldest went");
    }

    #[test]
    fn a_url_of_this_node_is_known_however_it_goes_on() {
        let base = "http://127.0.0.1:8080/genesys";
        let path = path_here("http://127.0.0.1:8080/urs/call/max/lvq", base).unwrap();
        assert_eq!(queue_in(&path), Ok(None));
        let path = path_here("http://127.0.0.1:8080/urs/call/max/lvq/VQ_1?aqt=urs", base).unwrap();
        assert_eq!(queue_in(&path), Ok(Some("VQ_1".to_owned())));
        let path = path_here("http://127.0.0.1:8080/genesys/1/service/x", base).unwrap();
        assert!(queue_in(&path).unwrap_err().to_string().contains("expected /urs/call/max/lvq"));
        for other in ["http://127.0.0.1:8081/urs/call/max/lvq", "https://127.0.0.1:8080/urs", "nonsense"] {
            assert_eq!(path_here(other, base), None, "{other}");
        }
    }
}
