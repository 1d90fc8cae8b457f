//! Finding callbacks: by id, by properties, by service.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use store::{CallbackQuery, CallbackRow};
use vocabulary::{CallbackId, CallbackState, PhoneNumber, ServiceName};

use crate::admission::{REQUEST_KEY, callback_service};
use crate::api::{CallbackView, Lookup, QueueListing};
use crate::configuration::{Service, ServiceKind};
use crate::node::Node;
use crate::phone;
use crate::refusal::Refusal;
use crate::resubmitting::RUN_KEY;

/// Default of the range before and after now (guide: query by queues; decision D-040).
const DAY: Duration = Duration::from_secs(86_400);
/// Widest range (decision D-040).
const RANGE_MAX: Duration = Duration::from_secs(45 * 86_400);
/// Returned key that names the session (guide: `_ors_session_id`).
const SESSION_KEY: &str = "_ors_session_id";
/// Callbacks of one service when nobody says (guide: `max`, 500).
const MAX_DEFAULT: usize = 500;
/// Records of one service that are looked at when there are filters.
const FILTERED_MAX: usize = 100_000;

/// A callback by id.
///
/// # Errors
/// [`Refusal::NotFound`].
pub(crate) async fn by_id(
    node: &Arc<Node>,
    service: Option<&str>,
    id: &str,
) -> Result<CallbackView, Refusal> {
    if let Some(service) = service {
        callback_service(node, service)?;
    }
    let id = CallbackId::new(id);
    let row = node.store.callback(id.clone()).await?;
    let row = row.filter(|row| service.is_none_or(|service| row.service.as_str() == service));
    row.map(|row| view(node, row)).ok_or(Refusal::NotFound { id })
}

/// Callbacks by properties.
///
/// # Errors
/// [`Refusal`].
pub(crate) async fn by_properties(node: &Arc<Node>, lookup: Lookup) -> Result<Vec<CallbackView>, Refusal> {
    let service = lookup.service.as_deref().map(|name| callback_service(node, name)).transpose()?;
    if lookup.properties.is_empty() {
        return Err(Refusal::LookupEmpty);
    }
    let known = lookup_keys(node, service);
    let strangers: Vec<&str> = lookup
        .properties
        .iter()
        .map(|(name, _)| name.as_str())
        .filter(|name| !known.contains(*name))
        .collect();
    if !strangers.is_empty() {
        return Err(Refusal::LookupImpossible { properties: strangers.join(",") });
    }
    let base = CallbackQuery {
        service: service.map(|service| service.name().clone()),
        states: states(lookup.state),
        desired_from: lookup.desired_from,
        desired_to: lookup.desired_to,
        ..CallbackQuery::default()
    };
    let groups: Vec<&[(String, String)]> =
        if lookup.any { lookup.properties.chunks(1).collect() } else { vec![lookup.properties.as_slice()] };
    let mut found = BTreeMap::new();
    for group in groups {
        for row in search(node, base.clone(), group, service).await? {
            found.insert((row.desired_time, row.id.clone()), row);
        }
    }
    Ok(found.into_values().map(|row| view(node, row)).collect())
}

async fn search(
    node: &Arc<Node>,
    mut query: CallbackQuery,
    properties: &[(String, String)],
    service: Option<&Service>,
) -> Result<Vec<CallbackRow>, Refusal> {
    let mut id = None;
    for (name, value) in properties {
        match name.as_str() {
            "_id" => id = Some(CallbackId::new(value)),
            "_customer_number" => query.customer_number = Some(normalised(node, service, value)),
            _ => query.properties.push((name.clone(), value.clone())),
        }
    }
    let Some(id) = id else {
        return Ok(node.store.callbacks(query).await?);
    };
    let row = node.store.callback(id).await?;
    let fits = |row: &CallbackRow| {
        query.service.as_ref().is_none_or(|service| *service == row.service)
            && (query.states.is_empty() || query.states.contains(&row.state))
            && query
                .customer_number
                .as_ref()
                .is_none_or(|number| row.customer_number.as_ref() == Some(number))
    };
    Ok(row.filter(fits).into_iter().collect())
}

/// The number as admission would have stored it.
fn normalised(node: &Node, service: Option<&Service>, text: &str) -> PhoneNumber {
    let by_service =
        service.and_then(|service| service.effective(&object(json!({ "_customer_number": text }))).ok());
    let checked = by_service.and_then(|options| {
        let rules = phone::Rules::of(&node.configuration, &options);
        phone::check(text, &rules).ok()
    });
    checked.unwrap_or_else(|| {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        PhoneNumber::new(format!("+{digits}"))
    })
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

fn states(filter: Option<(CallbackState, bool)>) -> Vec<CallbackState> {
    match filter {
        None => Vec::new(),
        Some((state, false)) => vec![state],
        Some((state, true)) => CallbackState::ALL.into_iter().filter(|other| *other != state).collect(),
    }
}

/// Properties that callbacks of a service, or of any service, can be found by.
fn lookup_keys(node: &Node, service: Option<&Service>) -> BTreeSet<String> {
    let mut keys: BTreeSet<String> = ["_id".to_owned(), "_customer_number".to_owned()].into();
    let services = node.configuration.services.values();
    for service in services.filter(|found| service.is_none_or(|service| service.name() == found.name())) {
        for option in ["_customer_lookup_keys", "_mandatory_customer_lookup_keys"] {
            let list =
                service.base_options().get(option).and_then(Value::as_array).cloned().unwrap_or_default();
            keys.extend(list.iter().filter_map(Value::as_str).map(str::to_owned));
        }
    }
    keys
}

/// Callbacks by service.
///
/// # Errors
/// [`Refusal::RangeTooWide`].
pub(crate) async fn by_service(
    node: &Arc<Node>,
    listing: QueueListing,
) -> Result<Vec<(String, Vec<CallbackView>)>, Refusal> {
    let now = node.clock.now();
    let from = listing.start_time.unwrap_or(now - DAY);
    let to = listing.end_time.unwrap_or(now + DAY);
    if to.since(from) > RANGE_MAX {
        return Err(Refusal::RangeTooWide {
            asked_secs: i64::try_from(to.since(from).as_secs()).unwrap_or(i64::MAX),
            allowed_secs: i64::try_from(RANGE_MAX.as_secs()).unwrap_or(i64::MAX),
        });
    }
    let filter_keys = &node.configuration.callback.filter_keys;
    let strangers: Vec<&str> = listing
        .filters
        .iter()
        .map(|(key, _)| key.as_str())
        .filter(|key| !filter_keys.iter().any(|known| known == key))
        .collect();
    if !strangers.is_empty() {
        return Err(Refusal::LookupImpossible { properties: strangers.join(",") });
    }
    let services: Vec<ServiceName> = match &listing.target {
        Some(target) => vec![callback_service(node, target)?.name().clone()],
        None => {
            let takes_callbacks = |service: &&Service| matches!(service.kind(), ServiceKind::Callback(_));
            node.configuration
                .services
                .values()
                .filter(takes_callbacks)
                .map(|service| service.name().clone())
                .collect()
        }
    };
    let mut found = Vec::new();
    for service in services {
        let most = if listing.max == 0 { MAX_DEFAULT } else { listing.max };
        let query = CallbackQuery {
            service: Some(service.clone()),
            states: listing.states.clone(),
            desired_from: Some(from),
            desired_to: Some(to),
            limit: if listing.filters.is_empty() { most } else { FILTERED_MAX },
            ..CallbackQuery::default()
        };
        let options = node.configuration.service(service.as_str()).map(Service::base_options);
        let mut rows = node.store.callbacks(query).await?;
        rows.retain(|row| listing.filters.iter().all(|(key, wanted)| has(row, options, key, wanted)));
        rows.truncate(most);
        found.push((service.to_string(), rows.into_iter().map(|row| view(node, row)).collect()));
    }
    Ok(found)
}

/// Whether a key has this value: the reason of the record, what the request or the session wrote, else what the service says.
//= guide: `filter-keys`
fn has(row: &CallbackRow, options: Option<&Arc<Map<String, Value>>>, key: &str, wanted: &str) -> bool {
    if key == "_callback_reason" {
        return row.reason.as_ref().is_some_and(|reason| reason.as_str() == wanted);
    }
    // The guide's short name of the queue that the service waits in.
    let option = if key == "_vq" { "_urs_virtual_queue" } else { key };
    let value = row
        .properties
        .get(key)
        .or_else(|| row.user_data.get(key))
        .or_else(|| options.and_then(|options| options.get(option)));
    match value {
        Some(Value::String(text)) => text == wanted,
        Some(Value::Null) | None => false,
        Some(other) => {
            let written = other.to_string();
            written == wanted
        }
    }
}

/// A record as the API shows it: lookup keys, returned keys and whatever the session wrote, but not the request as a
/// whole.
//= guide: `returned-keys`
fn view(node: &Node, row: CallbackRow) -> CallbackView {
    let mut further = row.properties;
    further.remove(REQUEST_KEY);
    further.remove(RUN_KEY);
    let returned = &node.configuration.callback.returned_keys;
    let mut keys = lookup_keys(node, node.configuration.service(row.service.as_str()));
    keys.extend(returned.iter().cloned());
    for key in keys {
        if let Some(value) = row.user_data.get(&key) {
            further.insert(key, value.clone());
        }
    }
    if let Some(session) = row.session.as_ref()
        && returned.iter().any(|key| key == SESSION_KEY)
    {
        further.insert(SESSION_KEY.to_owned(), json!(session));
    }
    CallbackView {
        id: row.id,
        service: row.service,
        state: row.state,
        reason: row.reason.map(|reason| reason.to_string()),
        customer_number: row.customer_number.map(|number| number.as_str().to_owned()),
        desired_time: row.desired_time,
        requested_at: row.requested_at,
        expires_at: row.expires_at,
        session: row.session,
        further,
    }
}
