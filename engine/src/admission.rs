//! Admission: whether a request for a callback is accepted, and how.
//!
//! The order of the checks is the specification's (guide: start; decision D-030). A refused request leaves nothing
//! behind; an accepted one is acknowledged once it is durable.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value, json};
use store::{CallbackQuery, CallbackRow, TimelineRow, Write};
use vocabulary::{AttemptNo, CallbackId, CallbackState, PhoneNumber, ServiceName, Timestamp};

use crate::api::StartRequest;
use crate::configuration::{BookingHorizon, Effective, OptionError, Service, ServiceError};
use crate::counts::{Limits, Place, Reached};
use crate::ewt_source;
use crate::node::Node;
use crate::phone;
use crate::refusal::Refusal;
use crate::starting::{self, Begun, CallbackStart};

/// Keys of a copied callback that describe its old run (guide: `_copy_from_id`; decision D-032).
const NEVER_COPIED: &[&str] = &[
    "_callback_state",
    "_ors_session_id",
    "_desired_time",
    "_id",
    "_callback_reason",
    "_expiration_time",
    "_time_scheduled",
    "_copy_from_id",
];
/// Key of a record that keeps what the request itself carried.
pub(crate) const REQUEST_KEY: &str = "_request";
/// Window of the daily limit on request parameters.
const DAY: Duration = Duration::from_secs(86_400);

/// Starts that were counted against a limit and are not in the store yet.
#[derive(Debug, Default)]
pub(crate) struct UnderWay(Mutex<BTreeMap<String, u64>>);

/// Warnings of requests that were told, each for its service.
#[derive(Debug, Default)]
pub(crate) struct Told(Mutex<BTreeSet<(ServiceName, String)>>);

impl Told {
    /// Warnings that are remembered; beyond them nothing is told, because a text may hold what a request gave.
    const MAX: usize = 1000;

    /// Whether a warning has not been told yet; it counts as told from now on.
    fn is_new(&self, service: &ServiceName, warning: &str) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.len() < Self::MAX && told.insert((service.clone(), warning.to_owned()))
    }
}

/// A start that no limit refuses.
#[derive(Debug)]
struct Admitted<'a> {
    place: Place<'a>,
    /// Held until the start is in the store.
    _counted: Vec<Counted<'a>>,
}

/// Counts one start until it is dropped.
#[derive(Debug)]
struct Counted<'a> {
    under_way: &'a UnderWay,
    key: String,
    /// Starts that were under way before this one.
    before: u64,
}

impl UnderWay {
    fn count(&self, key: String) -> Counted<'_> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(key.clone()).or_default();
        let before = *count;
        *count += 1;
        Counted { under_way: self, key, before }
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        let mut counts = self.under_way.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.key);
            }
        }
    }
}

/// Starts or schedules a callback; the answer is the body of the reply.
///
/// # Errors
/// [`Refusal`]; nothing is stored then.
pub(crate) async fn start(node: &Arc<Node>, request: StartRequest) -> Result<Map<String, Value>, Refusal> {
    let service = callback_service(node, &request.service)?;
    let id = starting::new_callback_id(node);
    let parameters = with_copied(node, service, request.parameters).await?;
    let options = service.effective(&parameters).map_err(|error| refused_option(&id, service, error))?;
    for warning in options.warnings() {
        // Once, so that a service whose clients never give a token does not fill the log.
        if node.told.is_new(service.name(), warning) {
            tracing::warn!(callback_id = %id, service = %service.name(), %warning, "A request was taken with a warning, which is told once.");
        }
    }
    let number = customer_number(node, service, &options)?;
    let now = node.clock.now();
    let desired = desired_time(&id, &options, now)?;
    ewt_source::check(service, &options)?;
    let ewt = ewt_source::waiting_time(node, &options).await;
    let buffer = options.seconds("_request_execution_time_buffer");
    let immediate = desired.is_none_or(|desired| desired < now + buffer + ewt);
    let admitted = throttle(node, service, &options, number.as_ref(), immediate).await?;
    let row = record(&id, service, &options, number, desired.unwrap_or(now), now);
    node.metrics.callbacks_accepted.inc();
    if !immediate {
        schedule(node, row).await?;
        admitted.place.keep();
        return Ok(object(json!({ "_id": id })));
    }
    let start = CallbackStart { service, options: &options, row, begun: Begun::AtOnce };
    let dialog = starting::start_callback(node, start).await?;
    admitted.place.keep();
    reply(&id, dialog)
}

/// The body of the reply to an immediate start: the dialog that the chart gave, and the id.
fn reply(
    id: &CallbackId,
    dialog: Option<crate::api::SessionResponse>,
) -> Result<Map<String, Value>, Refusal> {
    let mut body = match dialog {
        Some(response) if response.status >= 400 => {
            let text = response.body.get("message").and_then(Value::as_str).map(str::to_owned);
            return Err(Refusal::FromSession { text: text.unwrap_or_else(|| response.body.to_string()) });
        }
        Some(response) => object(response.body),
        None => Map::new(),
    };
    body.insert("_id".to_owned(), json!(id));
    Ok(body)
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

/// The service of the path, if it takes callbacks.
pub(crate) fn callback_service<'a>(node: &'a Node, name: &str) -> Result<&'a Service, Refusal> {
    node.configuration.callback_service(name).map_err(|error| {
        let (ServiceError::Undefined(service)
        | ServiceError::UnknownType(service)
        | ServiceError::NotOrs(service)
        | ServiceError::NotCallback(service)) = &error;
        Refusal::Configuration { text: error.to_string(), service: service.clone() }
    })
}

/// The request with what it copies: request keys win (guide: `_copy_from_id`). Only a callback of the same service is
/// copied: what another service was told may be for those who have its credentials.
async fn with_copied(
    node: &Node,
    service: &Service,
    parameters: Map<String, Value>,
) -> Result<Map<String, Value>, Refusal> {
    let Some(source) = parameters.get("_copy_from_id").and_then(Value::as_str) else {
        return Ok(parameters);
    };
    let id = CallbackId::new(source);
    let row = node.store.callback(id.clone()).await?.filter(|row| row.service == *service.name());
    let row = row.ok_or_else(|| Refusal::CopyNotFound { id: id.clone() })?;
    if row.state != CallbackState::Completed {
        return Err(Refusal::CopyNotCompleted { id });
    }
    let request = row.properties.get(REQUEST_KEY).and_then(Value::as_object).cloned().unwrap_or_default();
    let mut merged: Map<String, Value> = request.into_iter().chain(row.user_data).collect();
    merged.retain(|key, _| !NEVER_COPIED.contains(&key.as_str()));
    merged.extend(parameters);
    merged.remove("_copy_from_id");
    Ok(merged)
}

fn refused_option(id: &CallbackId, service: &Service, error: OptionError) -> Refusal {
    match error {
        OptionError::LookupKeysMissing { keys } => {
            Refusal::LookupKeysMissing { id: id.clone(), keys: keys.join(",") }
        }
        OptionError::Missing { option } => Refusal::OptionMissing { option },
        OptionError::Empty { option } => Refusal::OptionEmpty { option },
        error @ (OptionError::Unreadable { .. } | OptionError::InvalidKey { .. }) => {
            Refusal::BadParameter { text: format!("service {}: {error}", service.name()) }
        }
    }
}

fn customer_number(
    node: &Node,
    service: &Service,
    options: &Effective,
) -> Result<Option<PhoneNumber>, Refusal> {
    let Some(number) = options.text("_customer_number") else {
        return Ok(None);
    };
    let rules = phone::Rules::of(&node.configuration, options);
    phone::check(number, &rules).map(Some).map_err(|refused| match refused {
        phone::CheckError::Refused(refusal) => Refusal::Number(refusal),
        phone::CheckError::CountryMissing { option } => Refusal::Configuration {
            text: format!(
                "Service option {} / _default_country is not configured. But option {option} is set. \
                 We cannot validate phone numbers without knowing the country.",
                service.name()
            ),
            service: service.name().clone(),
        },
    })
}

/// The wanted time within its bounds; `None` when none is given (decision D-011).
fn desired_time(id: &CallbackId, options: &Effective, now: Timestamp) -> Result<Option<Timestamp>, Refusal> {
    let Some(text) = options.text("_desired_time") else {
        return Ok(None);
    };
    let desired = Timestamp::parse(text)
        .map_err(|error| Refusal::BadParameter { text: format!("_desired_time: {error}") })?;
    let past_limit_secs =
        i64::try_from(options.seconds("_request_execution_time_buffer").as_secs()).unwrap_or(i64::MAX);
    let horizon =
        options.text("_reject_future_desired_time").and_then(|text| text.parse::<BookingHorizon>().ok());
    let future_limit_secs = horizon.map_or(i64::MAX, |horizon| horizon.seconds_from(now));
    let offset_secs = (desired.as_millis() - now.as_millis()).div_euclid(1000);
    let epoch_secs = desired.epoch_seconds();
    if offset_secs < -past_limit_secs {
        let id = id.clone();
        return Err(Refusal::DesiredTimeInPast {
            id,
            past_limit_secs,
            offset_secs,
            future_limit_secs,
            epoch_secs,
        });
    }
    if offset_secs > future_limit_secs {
        return Err(Refusal::DesiredTimeTooFar {
            past_limit_secs,
            offset_secs,
            future_limit_secs,
            epoch_secs,
        });
    }
    Ok(Some(desired))
}

/// Looks at the limits in the guide's order; what is counted stays counted until the start is in the store.
async fn throttle<'a>(
    node: &'a Node,
    service: &Service,
    options: &Effective,
    number: Option<&PhoneNumber>,
    immediate: bool,
) -> Result<Admitted<'a>, Refusal> {
    let refused = |refusal| {
        node.metrics.callbacks_refused.inc();
        Err(refusal)
    };
    let name = service.name().clone();
    let mut counted = Vec::new();
    let max_queued: u32 = match options.value("_enable_in_queue_checking") {
        Value::String(text) if text == "strict" => 1,
        Value::Bool(true) => 2,
        Value::String(text) if text == "true" => 2,
        _ => 0,
    };
    if let (Some(number), 1..) = (number, max_queued) {
        let this = node.under_way.count(format!("number {}", number.as_str()));
        let states = vec![CallbackState::Queued, CallbackState::Paused];
        let query =
            CallbackQuery { customer_number: Some(number.clone()), states, ..CallbackQuery::default() };
        if node.store.count_callbacks(query).await? + this.before >= u64::from(max_queued) {
            return refused(Refusal::NumberAlreadyBooked { max_queued });
        }
        counted.push(this);
    }
    let place = match node.counts.take(&name, &limits_of(options, immediate), node.clock.now()) {
        Ok(place) => place,
        Err(Reached::Queued) => return refused(Refusal::ThrottledByService { service: name }),
        Err(Reached::Window(interval)) => {
            return refused(Refusal::ThrottledByInterval {
                service: name,
                interval_secs: interval.as_secs(),
            });
        }
    };
    if let (true, Some(max)) = (immediate, limit(options, "_throttle_request_parameters_limit")) {
        for parameter in options.list("_throttle_request_parameters") {
            if let Some(this) = daily(node, &name, options, number, parameter, max).await? {
                counted.push(this);
            }
        }
    }
    Ok(Admitted { place, _counted: counted })
}

/// The limits of a service as a whole; only immediate requests look at the queued ones (guide: throttles).
fn limits_of(options: &Effective, immediate: bool) -> Limits {
    let window = |max: &str, interval: &str| Some((limit(options, max)?, options.seconds(interval)));
    Limits {
        queued: limit(options, "_max_queued_callbacks_per_service").filter(|_| immediate),
        windows: [
            window("_throttle_callbacks_per_service_1", "_throttle_ttl_1"),
            window("_throttle_callbacks_per_service_2", "_throttle_ttl_2"),
        ]
        .into_iter()
        .flatten()
        .collect(),
    }
}

/// The daily limit on one value of a request parameter.
async fn daily<'a>(
    node: &'a Node,
    service: &ServiceName,
    options: &Effective,
    number: Option<&PhoneNumber>,
    parameter: &str,
    max: u64,
) -> Result<Option<Counted<'a>>, Refusal> {
    let mut query = CallbackQuery {
        service: Some(service.clone()),
        requested_from: Some(node.clock.now() - DAY),
        limit: usize::try_from(max).unwrap_or(usize::MAX),
        ..CallbackQuery::default()
    };
    let value = match (parameter, number, options.property(parameter)) {
        ("_customer_number", Some(number), _) => {
            query.customer_number = Some(number.clone());
            number.as_str().to_owned()
        }
        // A number or truth value counts as its text, and the same text as the same value.
        (_, _, value @ (Value::String(_) | Value::Number(_) | Value::Bool(_))) => {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            query.properties.push((parameter.to_owned(), text.clone()));
            text
        }
        (_, _, Value::Null | Value::Array(_) | Value::Object(_)) => return Ok(None),
    };
    let this = node.under_way.count(format!("{service} {parameter} {value}"));
    let attempts = node.store.count_callbacks(query).await? + this.before;
    if attempts >= max {
        node.metrics.callbacks_refused.inc();
        let (service, parameter) = (service.clone(), parameter.to_owned());
        return Err(Refusal::ThrottledByParameter { service, parameter, attempts });
    }
    Ok(Some(this))
}

fn limit(options: &Effective, option: &str) -> Option<u64> {
    options.integer(option).and_then(|limit| u64::try_from(limit).ok()).filter(|limit| *limit > 0)
}

fn record(
    id: &CallbackId,
    service: &Service,
    options: &Effective,
    customer_number: Option<PhoneNumber>,
    desired_time: Timestamp,
    now: Timestamp,
) -> CallbackRow {
    let request = options.request_properties().clone();
    let mut properties = request.clone();
    for lookup in options.lookup_keys() {
        let value = options.property(lookup);
        if !value.is_null() {
            properties.insert(lookup.to_owned(), value.clone());
        }
    }
    if let Some(number) = &customer_number {
        properties.insert("_customer_number".to_owned(), json!(number));
    }
    properties.insert(REQUEST_KEY.to_owned(), Value::Object(request));
    CallbackRow {
        id: id.clone(),
        service: service.name().clone(),
        state: CallbackState::Scheduled,
        reason: None,
        customer_number,
        desired_time,
        requested_at: now,
        expires_at: desired_time + options.seconds("_ttl"),
        updated_at: now,
        session: None,
        attempts: AttemptNo(0),
        properties,
        user_data: options.user_data().clone(),
    }
}

/// Keeps a callback until its time comes near.
async fn schedule(node: &Node, row: CallbackRow) -> Result<(), Refusal> {
    let line = TimelineRow {
        callback: Some(row.id.clone()),
        session: None,
        at: row.requested_at,
        kind: "record".to_owned(),
        name: row.state.to_string(),
        detail: json!({ "desired_time": row.desired_time.to_string() }),
    };
    node.store
        .commit(vec![Write::InsertCallback(Box::new(row)), Write::AppendTimeline(line.clone())])
        .await?;
    node.tell_feed(line);
    Ok(())
}

#[cfg(test)]
mod tests {
    use vocabulary::ServiceName;

    use super::Told;

    #[test]
    fn a_warning_is_told_once_for_each_service() {
        let (told, sales, support) =
            (Told::default(), ServiceName::new("sales"), ServiceName::new("support"));
        assert!(told.is_new(&sales, "token `a` has no value"));
        assert!(!told.is_new(&sales, "token `a` has no value"));
        assert!(told.is_new(&sales, "token `b` has no value"));
        assert!(told.is_new(&support, "token `a` has no value"));
        for number in 0..2 * Told::MAX {
            told.is_new(&sales, &number.to_string());
        }
        assert!(!told.is_new(&sales, "one more"), "memory has an end");
    }
}
