//! Starting sessions: of callbacks, of charts that charts start, of calls that arrive.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use statecharts::{Chart, Event};
use store::{CallbackRow, Write};
use tokio::sync::oneshot;
use vocabulary::{CallbackId, CallbackState, EffectId, InteractionId, SessionId};

use crate::abandonment;
use crate::api::SessionResponse;
use crate::charts::ChartError;
use crate::configuration::{ChartSource, Effective, Service, ServiceKind};
use crate::derive;
use crate::egress::EgressRequest;
use crate::node::Node;
use crate::refusal::Refusal;
use crate::resubmitting::Run;
use crate::session::answers::CallFact;
use crate::session::context::{NotificationPolicy, PausePolicy};
use crate::session::order::SessionSource;
use crate::session::{Incoming, NewSession, RecordAtStart};

/// How long the first request of a callback may take until the start is answered without it (decision D-121).
const DIALOG_TIMEOUT: Duration = Duration::from_secs(5);
/// Name under which a callback's chart reads the effective options.
const OPTIONS: &str = "_options";
/// Limit of fetching a chart.
const CHART_TIMEOUT: Duration = Duration::from_secs(10);

/// The chart of a service.
///
/// # Errors
/// [`ChartError`] with file, line and column.
pub(crate) async fn chart_of(node: &Node, source: &ChartSource) -> Result<Arc<Chart>, ChartError> {
    match source {
        ChartSource::Shipped(name) => node.charts.shipped(name),
        ChartSource::File(name) => node.charts.file(&name.to_string_lossy()),
        ChartSource::Url(url) => fetched(node, url.as_str()).await,
    }
}

async fn fetched(node: &Node, url: &str) -> Result<Arc<Chart>, ChartError> {
    let unreadable = |problem: String| ChartError::Unreadable { name: url.to_owned(), problem };
    let request = EgressRequest {
        url: url.to_owned(),
        method: "GET".to_owned(),
        json: false,
        fields: Map::new(),
        content: None,
        content_type: None,
        timeout: CHART_TIMEOUT,
    };
    match node.egress.send(request).await {
        Ok(reply) if reply.status == 200 => node.charts.text(&reply.body),
        Ok(reply) => Err(unreadable(format!("the server answered {}", reply.status))),
        Err(error) => Err(unreadable(error.to_string())),
    }
}

/// Keeps the texts of a chart, so that its sessions can be restored whatever becomes of its files.
async fn keep(node: &Node, chart: &Chart) -> Result<(), store::Error> {
    if node.charts.is_kept(chart.hash()) {
        return Ok(());
    }
    let text = json!({ "main": chart.file(), "texts": chart.texts() }).to_string();
    node.store.commit(vec![Write::PutChart { hash: chart.hash().to_owned(), text }]).await?;
    node.charts.mark_kept(chart.hash());
    Ok(())
}

/// A callback whose session is to be started.
#[derive(Debug)]
pub(crate) struct CallbackStart<'a> {
    pub(crate) service: &'a Service,
    pub(crate) options: &'a Effective,
    pub(crate) row: CallbackRow,
    /// How it comes to its session.
    pub(crate) begun: Begun,
}

/// How a callback comes to its session.
#[derive(Clone, Debug)]
pub(crate) enum Begun {
    /// By its request.
    AtOnce,
    /// By the scheduler.
    Scheduled,
    /// Because this session is lost; the record must still have this state.
    InPlaceOf { lost: SessionId, state: CallbackState },
}

/// Starts the session of a callback; the answer is the dialog that its chart gives, if it gave one in time.
///
/// # Errors
/// [`Refusal`]; nothing is stored then.
pub(crate) async fn start_callback(
    node: &Arc<Node>,
    start: CallbackStart<'_>,
) -> Result<Option<SessionResponse>, Refusal> {
    let CallbackStart { service, options, mut row, begun } = start;
    let id = row.id.clone();
    let chart = match service.chart() {
        Some(source) => chart_of(node, source).await.map_err(|error| unusable(service, &error))?,
        None => {
            return Err(Refusal::Failed { message: format!("service {} has no chart", service.name()) });
        }
    };
    keep(node, &chart).await?;
    let now = node.clock.now();
    let session = node.chance.session_id();
    let run = match begun {
        Begun::AtOnce => Run { waiting_since: row.requested_at.epoch_seconds(), ..Run::default() },
        Begun::Scheduled => Run { waiting_since: now.epoch_seconds(), was_scheduled: true, ..Run::default() },
        Begun::InPlaceOf { .. } => Run::of(&row).unwrap_or_default(),
    };
    run.note(&mut row);
    row.session = Some(session.clone());
    row.state = CallbackState::Queued;
    row.updated_at = now;
    let reply_key = node.chance.key();
    let pause = pause_policy(&row, options);
    let paused_by = node.lists.pause_key(&pause);
    let mut parameters = callback_parameters(node, &row, options, &reply_key);
    let shared = BTreeMap::from([(OPTIONS.to_owned(), options.over(service.shared_options()))]);
    // The chart may dial in its first step: it has to know before any event comes.
    parameters.insert("_scheduled".to_owned(), json!(run.was_scheduled));
    parameters.insert("_paused".to_owned(), json!(paused_by.is_some()));
    // The level of the guard is told to charts that know what to do about it; the others get the warning alone.
    if chart.parameters().any(|parameter| parameter.id == abandonment::LEVEL_PARAMETER) {
        let level = abandonment::word(node.abandonment_level(&row.service));
        parameters.insert(abandonment::LEVEL_PARAMETER.to_owned(), json!(level));
    }
    // Options that only this chart knows are parameters of its own (decision D-113).
    for parameter in chart.parameters() {
        let value = options.value(&parameter.id);
        if !value.is_null() {
            parameters.entry(parameter.id.clone()).or_insert_with(|| value.clone());
        }
    }
    let (respond, waiting) = oneshot::channel();
    let event = Event { sendid: Some("gms.start".to_owned()), ..Event::external("gms.start", json!({})) };
    let new = NewSession {
        id: session,
        chart,
        parameters,
        shared,
        parent: None,
        invokeid: None,
        depth: 0,
        reply_key,
        record: Some(match begun {
            Begun::AtOnce => RecordAtStart::New(row),
            Begun::Scheduled => RecordAtStart::Stored(row, CallbackState::Scheduled),
            Begun::InPlaceOf { lost, state } => RecordAtStart::InPlaceOf { row, state, lost },
        }),
        notification: notification_policy(options),
        pause: Some(pause),
        paused_by,
        dial_prefix: options.text("_prefix_dial_out").map(str::to_owned),
        first: vec![Incoming::Request { event, respond }],
    };
    let busy = node.clock.activity().begin();
    match node.sessions.start(new, busy).await {
        Ok(_durable) => {}
        Err(problem) => {
            tracing::warn!(callback_id = %id, %problem, "A session could not be started.");
            let max_attempts =
                options.integer("_max_ors_submit_attempts").and_then(|n| u32::try_from(n).ok());
            return Err(Refusal::SubmitFailed { id, max_attempts: max_attempts.unwrap_or(1) });
        }
    }
    match tokio::time::timeout(DIALOG_TIMEOUT, waiting).await {
        Ok(Ok(response)) => Ok(Some(response)),
        _ => {
            tracing::warn!(callback_id = %id, "The chart gave no dialog; the start is answered with the id alone.");
            Ok(None)
        }
    }
}

fn unusable(service: &Service, error: &ChartError) -> Refusal {
    Refusal::Configuration {
        text: format!("Service {}: its chart cannot be used: {error}", service.name()),
        service: service.name().clone(),
    }
}

/// What a callback session starts with beside its options; the charts' README is the contract.
fn callback_parameters(
    node: &Node,
    row: &CallbackRow,
    options: &Effective,
    reply_key: &str,
) -> Map<String, Value> {
    let number = row.customer_number.as_ref().map(|number| number.as_str().to_owned());
    let parameters = json!({
        "_id": row.id,
        "_service_name": row.service,
        "_customer_number": number,
        "_desired_time": row.desired_time.to_string(),
        "_started_at": node.clock.now().epoch_seconds(),
        "_started_at_ms": node.clock.now().as_millis(),
        "_requested_at": row.requested_at.epoch_seconds(),
        "_requested_at_ms": row.requested_at.as_millis(),
        "_request": options.request_properties(),
        "_user_data": row.user_data,
        "_attempts": row.attempts,
        "_base_url": node.base_url,
        "_reply_key": reply_key,
    });
    match parameters {
        Value::Object(parameters) => parameters,
        _ => Map::new(),
    }
}

/// Where status notifications go, if the service or the request wants any (guide: status notification options).
pub(crate) fn notification_policy(options: &Effective) -> Option<NotificationPolicy> {
    match options.text("_enable_status_notification") {
        Some("notify" | "subscribe_notify") => Some(NotificationPolicy {
            kind: options.text("_status_notification_type").unwrap_or("httpcb").to_owned(),
            target: options.text("_status_notification_target")?.to_owned(),
            envelope: options.text("_notification_envelope") == Some("message"),
        }),
        _ => None,
    }
}

/// What the pause list may hold this callback back by.
pub(crate) fn pause_policy(row: &CallbackRow, options: &Effective) -> PausePolicy {
    PausePolicy {
        list: options.text("_paused_services_list").unwrap_or("GMS_Paused_Services").to_owned(),
        service: row.service.as_str().to_owned(),
        id: options.text("_paused_services_id").map(str::to_owned),
    }
}

/// Starts a session that a chart or a caller asked for, and answers the effect if there is one.
pub(crate) async fn start_child(
    node: &Arc<Node>,
    effect: EffectId,
    session: SessionId,
    source: SessionSource,
    parameters: Map<String, Value>,
    (invokeid, depth): (Option<String>, u32),
) {
    let parent = Some(effect.session.clone());
    let is_invoke = invokeid.is_some();
    let started =
        start_plain(node, session.clone(), source, parameters, (parent, invokeid.clone(), depth), Vec::new())
            .await;
    // Ended by somebody while it was being started; the start itself may have been too far.
    if node.sessions.start_is_over(&session) {
        let end = if is_invoke { Incoming::Cancel } else { Incoming::Terminate { reason: None } };
        let _gone = node.sessions.tell(&session, end);
        if is_invoke {
            // Nothing comes from an invocation that was cancelled.
            return node.tell(&effect, Incoming::Done { effect: effect.clone() });
        }
    }
    let event = match (started, is_invoke) {
        (Ok(()), true) => {
            return node
                .tell(&effect, Incoming::Answer { effect: effect.clone(), event: invoke_started(&session) });
        }
        (Ok(()), false) => {
            Event::external("session.start.done", json!({ "requestid": effect, "sessionid": session }))
        }
        (Err(problem), true) => Event {
            name: "error.communication".to_owned(),
            invokeid,
            data: Some(json!({ "reason": problem })),
            ..Event::default()
        },
        (Err(problem), false) => Event::external(
            "error.session.start",
            json!({ "requestid": effect, "sessionid": session, "error": "badfetch", "description": problem }),
        ),
    };
    node.answer(&effect, event);
}

fn invoke_started(session: &SessionId) -> Event {
    Event::external("session.start.done", json!({ "sessionid": session }))
}

/// Starts a session without a callback.
///
/// # Errors
/// Why not, for people.
pub(crate) async fn start_plain(
    node: &Arc<Node>,
    session: SessionId,
    source: SessionSource,
    parameters: Map<String, Value>,
    kin: (Option<SessionId>, Option<String>, u32),
    first: Vec<Incoming>,
) -> Result<(), String> {
    // A repeat of the same effect after a restart: it runs already, or has run.
    let known = node.store.session(session.clone()).await.map_err(|error| error.to_string())?;
    if known.is_some() {
        return Ok(());
    }
    let chart = match &source {
        SessionSource::Text(text) => node.charts.text(text),
        SessionSource::Reference(name) if name.starts_with("http://") || name.starts_with("https://") => {
            match own_document(node, name) {
                Some(document) => node.charts.named(document),
                None => fetched(node, name).await,
            }
        }
        SessionSource::Reference(name) => node.charts.named(name),
    };
    let chart = chart.map_err(|error| error.to_string())?;
    start_chart(node, session, chart, parameters, kin, first).await
}

async fn start_chart(
    node: &Arc<Node>,
    session: SessionId,
    chart: Arc<Chart>,
    mut parameters: Map<String, Value>,
    (parent, invokeid, depth): (Option<SessionId>, Option<String>, u32),
    first: Vec<Incoming>,
) -> Result<(), String> {
    keep(node, &chart).await.map_err(|error| error.to_string())?;
    if node.sessions.is_start_given_up(&session) {
        return Err("it was ended before it began".to_owned());
    }
    let reply_key = node.chance.key();
    parameters.entry("_base_url").or_insert_with(|| json!(node.base_url));
    parameters.entry("_reply_key").or_insert_with(|| json!(reply_key));
    let new = NewSession {
        id: session,
        chart,
        parameters,
        shared: BTreeMap::new(),
        parent,
        invokeid,
        depth,
        reply_key,
        record: None,
        notification: None,
        pause: None,
        paused_by: None,
        dial_prefix: None,
        first,
    };
    node.sessions
        .start(new, node.clock.activity().begin())
        .await
        .map(|_durable| ())
        .map_err(|problem| problem.to_string())
}

/// The document that a URL of our own names (decision D-116).
fn own_document<'a>(node: &Node, url: &'a str) -> Option<&'a str> {
    url.strip_prefix(&node.base_url)?.strip_prefix("/1/document/service_template/callback/")
}

/// The session that takes a call: one for each call.
pub(crate) fn inbound_session_id(call: &InteractionId) -> SessionId {
    derive::session_from(Sha256::digest(format!("inbound {call}")).as_slice())
}

/// Starts the session that the configuration names for calls at a route point.
///
/// # Errors
/// Why not, for people.
pub(crate) async fn start_inbound(
    node: &Arc<Node>,
    session: SessionId,
    route_point: &str,
    fact: CallFact,
) -> Result<(), String> {
    let service = node
        .configuration
        .switch
        .inbound
        .get(route_point)
        .and_then(|name| node.configuration.service(name.as_str()))
        .ok_or_else(|| format!("no service is configured for calls at route point {route_point}"))?;
    let source = match service.kind() {
        ServiceKind::Chart(source) | ServiceKind::Callback(source) => source,
        ServiceKind::BuiltIn(_) | ServiceKind::UnknownType => {
            return Err(format!("service {} of route point {route_point} runs no chart", service.name()));
        }
    };
    let chart = chart_of(node, source).await.map_err(|error| error.to_string())?;
    // Its own options come first, then whatever else the section says: application parameters have no underscore.
    let mut parameters: Map<String, Value> = service
        .base_options()
        .iter()
        .filter(|(name, value)| service.configures(name) && !value.is_null())
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    parameters.extend(service.parameters().clone());
    parameters.insert("_service_name".to_owned(), json!(service.name()));
    start_chart(node, session, chart, parameters, (None, None, 0), vec![Incoming::Call(fact)]).await
}

/// An id for a callback of this node.
pub(crate) fn new_callback_id(node: &Node) -> CallbackId {
    node.chance.callback_id(&node.configuration.server.node)
}
