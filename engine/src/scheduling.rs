//! Background work by the engine clock: scheduled callbacks whose time has come, life times, timers, averages.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use serde_json::{Map, Value, json};
use statecharts::Event;
use store::{CallbackRow, TimelineRow, Write};
use vocabulary::{CallbackState, CompletionReason, SessionId, Timestamp};

use crate::admission::{REQUEST_KEY, callback_service};
use crate::ewt_source::Estimates;
use crate::node::Node;
use crate::record::{self, RecordUpdate};
use crate::recovering;
use crate::refusal::Refusal;
use crate::session::Incoming;
use crate::starting::{self, Begun, CallbackStart};

/// Period of the scheduler (guide: `queue-polling-rate`, 5 s).
const SCHEDULER_PERIOD: Duration = Duration::from_secs(5);
/// Period of the sweep (guide: `queue-polling-rate-recover`, 60 s).
const SWEEP_PERIOD: Duration = Duration::from_secs(60);
/// How far ahead scheduled records are looked at: buffer and waiting time of a service may add up to this.
const LOOK_AHEAD: Duration = Duration::from_secs(6 * 3600);
/// How long an ended session without a callback is remembered, so that a late reply hears that it came too late.
const ENDED_KEPT: Duration = Duration::from_secs(86_400);
/// How long a session that was told of its end may still run (decision D-015).
const EXPIRED_GRACE: Duration = Duration::from_secs(60);
/// Records read at once.
const BATCH: usize = 500;

/// Starts the background work.
pub(crate) fn start(node: &Arc<Node>) {
    again(node, SCHEDULER_PERIOD, |node| Box::pin(async move { submit_due(&node).await }));
    again(node, SWEEP_PERIOD, |node| Box::pin(async move { sweep(&node).await }));
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
            complete(node, row, &CompletionReason::SUBMIT_ERROR).await?;
            return Err(refusal);
        }
    };
    let request = row.properties.get(REQUEST_KEY).and_then(Value::as_object).cloned().unwrap_or_default();
    let request: Map<String, Value> = request.into_iter().chain(row.user_data.clone()).collect();
    let options = match service.effective(&request) {
        Ok(options) => options,
        Err(error) => {
            complete(node, row, &CompletionReason::SUBMIT_ERROR).await?;
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
        complete(node, stored, &CompletionReason::SUBMIT_ERROR).await?;
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
    mut row: CallbackRow,
    reason: &CompletionReason,
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
    let writes = vec![
        Write::UpdateCallback { row: Box::new(row), expected: Some(expected) },
        Write::AppendTimeline(line.clone()),
    ];
    node.store.commit(writes).await?;
    node.tell_feed(line);
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
        _ => complete(node, row, &CompletionReason::FAIL_TIMEOUT_TTL).await,
    }
}

#[cfg(test)]
mod tests;
