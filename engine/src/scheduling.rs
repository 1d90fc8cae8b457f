//! Background work by the engine clock: scheduled callbacks whose time has come, life times, timers, averages.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use serde_json::{Map, Value, json};
use statecharts::Event;
use store::{CallbackRow, TimelineRow, Write};
use vocabulary::{CallbackState, CompletionReason, EffectId, SessionId, Timestamp};

use crate::admission::{REQUEST_KEY, callback_service};
use crate::ewt_source::Estimates;
use crate::last_words;
use crate::node::Node;
use crate::record::{self, RecordUpdate};
use crate::recovering;
use crate::refusal::Refusal;
use crate::session::Incoming;
use crate::session::context::NotificationPolicy;
use crate::session::plan::notification;
use crate::starting::{self, Begun, CallbackStart};

/// How far ahead scheduled records are looked at: buffer and waiting time of a service may add up to this.
const LOOK_AHEAD: Duration = Duration::from_secs(6 * 3600);
/// How long an ended session without a callback is remembered, so that a late reply hears that it came too late.
const ENDED_KEPT: Duration = Duration::from_secs(86_400);
/// How long a session that was told of its end may still run (decision D-015).
const EXPIRED_GRACE: Duration = Duration::from_secs(60);
/// Records read at once.
const BATCH: usize = 500;

/// Starts the background work (guide: `queue-polling-rate`, `queue-polling-rate-recover`).
pub(crate) fn start(node: &Arc<Node>) {
    let settings = &node.configuration.callback;
    again(node, settings.polling_interval, |node| Box::pin(async move { submit_due(&node).await }));
    again(node, settings.sweep_interval, |node| Box::pin(async move { sweep(&node).await }));
    load_timers(node);
}

type Work = fn(Arc<Node>) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

/// Does a piece of work each `period`.
fn again(node: &Arc<Node>, period: Duration, work: Work) {
    let weak = Arc::downgrade(node);
    node.clock.wake_at(node.clock.now() + period, move || {
        let Some(node) = weak.upgrade() else { return };
        let inner = Arc::clone(&node);
        node.spawn(async move {
            work(Arc::clone(&inner)).await;
            again(&inner, period, work);
        });
    });
}

fn load_timers(node: &Arc<Node>) {
    let weak: Weak<Node> = Arc::downgrade(node);
    let at = node.timers.next_load(node.clock.now());
    node.clock.wake_at(at, move || {
        let Some(node) = weak.upgrade() else { return };
        let inner = Arc::clone(&node);
        node.spawn(async move {
            if let Err(error) = inner.timers.load(&inner).await {
                tracing::error!(%error, "Timers cannot be read; tried again in a moment.");
            }
            load_timers(&inner);
        });
    });
}

/// Submits every scheduled callback whose desired time is near (guide: scheduled time minus waiting time; decision D-015).
async fn submit_due(node: &Arc<Node>) {
    let now = node.clock.now();
    let mut estimates = Estimates::default();
    let mut last = None;
    loop {
        let rows = match node.store.scheduled_before(now + LOOK_AHEAD, last.take(), BATCH).await {
            Ok(rows) => rows,
            Err(error) => return tracing::error!(%error, "Scheduled callbacks cannot be read."),
        };
        log(node, "The scheduler looks at callbacks whose time may be near.", rows.len());
        if rows.len() == BATCH {
            last = rows.last().map(|row| (row.desired_time, row.id.clone()));
        }
        for row in rows {
            let id = row.id.clone();
            if let Err(refusal) = submit(node, row, now, &mut estimates).await {
                tracing::warn!(callback_id = %id, %refusal, "A scheduled callback could not be submitted.");
            }
        }
        if last.is_none() {
            return;
        }
    }
}

async fn submit(
    node: &Arc<Node>,
    row: CallbackRow,
    now: Timestamp,
    estimates: &mut Estimates,
) -> Result<(), Refusal> {
    let service = match callback_service(node, row.service.as_str()) {
        Ok(service) => service,
        Err(refusal) => {
            // Where its messages went is not known any more.
            complete_and_tell(node, row, &CompletionReason::SUBMIT_ERROR, None).await?;
            return Err(refusal);
        }
    };
    let request = row.properties.get(REQUEST_KEY).and_then(Value::as_object).cloned().unwrap_or_default();
    let request: Map<String, Value> = request.into_iter().chain(row.user_data.clone()).collect();
    let options = match service.effective(&request) {
        Ok(options) => options,
        Err(error) => {
            complete_and_tell(node, row, &CompletionReason::SUBMIT_ERROR, None).await?;
            return Err(Refusal::BadParameter { text: error.to_string() });
        }
    };
    let ewt = estimates.waiting_time(node, &options).await;
    if row.desired_time >= now + options.seconds("_request_execution_time_buffer") + ewt {
        return Ok(());
    }
    let stored = row.clone();
    let max_attempts = options.integer("_max_ors_submit_attempts").unwrap_or(1).max(1);
    let tried = stored.properties.get("_submit_attempts").and_then(Value::as_i64).unwrap_or(0) + 1;
    let start = CallbackStart { service, options: &options, row, begun: Begun::Scheduled };
    let Err(refusal) = starting::start_callback(node, start).await else {
        return Ok(());
    };
    if tried >= max_attempts {
        let policy = starting::notification_policy(&options);
        complete_and_tell(node, stored, &CompletionReason::SUBMIT_ERROR, policy.as_ref()).await?;
    } else {
        let mut row = stored;
        row.properties.insert("_submit_attempts".to_owned(), json!(tried));
        let expected = Some(CallbackState::Scheduled);
        node.store.commit(vec![Write::UpdateCallback { row: Box::new(row), expected }]).await?;
    }
    Err(refusal)
}

/// Completes a record that has no session.
pub(crate) async fn complete(
    node: &Node,
    row: CallbackRow,
    reason: &CompletionReason,
) -> Result<(), store::Error> {
    write_completion(node, row, reason, Vec::new(), Vec::new()).await
}

/// Completes a record that has no session, tells the subscriber and reports.
//= decision: D-068
pub(crate) async fn complete_and_tell(
    node: &Arc<Node>,
    row: CallbackRow,
    reason: &CompletionReason,
    policy: Option<&NotificationPolicy>,
) -> Result<(), store::Error> {
    let now = node.clock.now();
    let session = row.session.clone().unwrap_or_else(|| SessionId::new(""));
    let mut writes = Vec::new();
    if let Some(policy) = policy {
        // After everything that a session of it has said.
        let id = EffectId { session: session.clone(), step: u64::MAX, index: 0 };
        let id = row.session.as_ref().map_or_else(|| format!("exit of {}", row.id), |_| id.to_string());
        let fields = last_words::message(&row, reason, None);
        writes.push(Write::PutOutbox(notification(policy, last_words::EXIT, fields, &row, id, now)));
    }
    let keys = Value::Object(last_words::report(&row, &session, reason, now));
    writes.push(Write::AppendReport { callback: row.id.clone(), at: now, body: keys.to_string() });
    let line = TimelineRow {
        callback: Some(row.id.clone()),
        session: row.session.clone(),
        at: now,
        kind: "effect".to_owned(),
        name: "callback:report".to_owned(),
        detail: json!({ "attributes": { "final": true }, "params": keys }),
    };
    write_completion(node, row, reason, writes, vec![line]).await?;
    if policy.is_some() {
        node.outbox.look(node);
    }
    Ok(())
}

async fn write_completion(
    node: &Node,
    mut row: CallbackRow,
    reason: &CompletionReason,
    mut writes: Vec<Write>,
    mut lines: Vec<TimelineRow>,
) -> Result<(), store::Error> {
    let expected = row.state;
    let now = node.clock.now();
    let update = RecordUpdate {
        state: Some(CallbackState::Completed),
        reason: Some(reason.as_str().to_owned()),
        ..RecordUpdate::default()
    };
    let conflict = |error: record::ForbiddenTransition| store::Error::Conflict { what: error.to_string() };
    record::apply(&mut row, update, now).map_err(conflict)?;
    let line = TimelineRow {
        callback: Some(row.id.clone()),
        session: None,
        at: now,
        kind: "record".to_owned(),
        name: row.state.to_string(),
        detail: json!({ "reason": reason }),
    };
    lines.push(line);
    writes.push(Write::UpdateCallback { row: Box::new(row), expected: Some(expected) });
    writes.extend(lines.iter().cloned().map(Write::AppendTimeline));
    node.store.commit(writes).await?;
    lines.into_iter().for_each(|line| node.tell_feed(line));
    Ok(())
}

/// Records past their life time: what still runs is ended first, what has ended is removed (guide: `_ttl`).
async fn sweep(node: &Arc<Node>) {
    let before = node.clock.now() - ENDED_KEPT;
    if let Err(error) = node.store.commit(vec![Write::DeleteEndedSessions { before }]).await {
        tracing::error!(%error, "Ended sessions cannot be removed.");
    }
    if let Err(error) = recovering::recover(node).await {
        tracing::error!(%error, "Running sessions cannot be compared with those in memory.");
    }
    node.told_of_expiry.forget_ended(node);
    let now = node.clock.now();
    let mut last = None;
    loop {
        let rows = match node.store.expired_before(now, last.take(), BATCH).await {
            Ok(rows) => rows,
            Err(error) => return tracing::error!(%error, "Expired callbacks cannot be read."),
        };
        log(node, "The sweep looks at callbacks whose life time is over.", rows.len());
        if rows.len() == BATCH {
            last = rows.last().map(|row| (row.expires_at, row.id.clone()));
        }
        for row in rows {
            let id = row.id.clone();
            if let Err(error) = expire(node, row, now).await {
                tracing::warn!(callback_id = %id, %error, "An expired callback could not be ended.");
            }
        }
        if last.is_none() {
            return;
        }
    }
}

/// A line for each turn, when the operator wants them (`log-background-activity`).
fn log(node: &Node, message: &'static str, callbacks: usize) {
    if node.configuration.callback.log_background_activity {
        tracing::info!(callbacks, "{message}");
    }
}

/// Sessions that were told that the life time of their callback is over, and when.
#[derive(Debug, Default)]
pub(crate) struct ToldOfExpiry(Mutex<BTreeMap<SessionId, Timestamp>>);

impl ToldOfExpiry {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<SessionId, Timestamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Since when the session knows; it is told now if it did not.
    fn since(&self, session: &SessionId, now: Timestamp) -> Timestamp {
        *self.lock().entry(session.clone()).or_insert(now)
    }

    fn forget_ended(&self, node: &Node) {
        self.lock().retain(|session, _| node.sessions.is_running(session));
    }
}

async fn expire(node: &Arc<Node>, row: CallbackRow, now: Timestamp) -> Result<(), store::Error> {
    match (row.state, row.session.clone()) {
        (CallbackState::Completed, _) => node.store.commit(vec![Write::DeleteCallback(row.id)]).await,
        (_, Some(session)) if node.sessions.is_running(&session) => {
            let is_over = node.told_of_expiry.since(&session, now) + EXPIRED_GRACE <= now;
            let incoming = match is_over {
                false => Incoming::Event(Event::external("callback.expired", json!({}))),
                // Its chart does not hear of it, and would keep the record for ever.
                true => Incoming::Terminate { reason: Some(CompletionReason::FAIL_TIMEOUT_TTL) },
            };
            // Gone in this moment: the next sweep finds the record without it.
            let _gone = node.sessions.tell(&session, incoming);
            Ok(())
        }
        // No session runs it: it was never submitted, or its session was lost for good (decision D-079).
        _ => {
            let policy = policy_of(node, &row);
            complete_and_tell(node, row, &CompletionReason::FAIL_TIMEOUT_TTL, policy.as_ref()).await
        }
    }
}

/// Where the messages of a callback without a session go, as its service says now.
fn policy_of(node: &Node, row: &CallbackRow) -> Option<NotificationPolicy> {
    let service = callback_service(node, row.service.as_str()).ok()?;
    let request = row.properties.get(REQUEST_KEY).and_then(Value::as_object).cloned().unwrap_or_default();
    let request: Map<String, Value> = request.into_iter().chain(row.user_data.clone()).collect();
    starting::notification_policy(&service.effective(&request).ok()?)
}

#[cfg(test)]
mod tests;
