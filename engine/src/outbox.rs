//! Messages that have to leave: status notifications and pushes.
//!
//! A message is a row, written with the step that says it. It is tried until it is taken or its attempts are used up
//! (decision D-017), survives a restart, and may then arrive twice: receivers know it by its id. A push is delivered by putting it
//! into the stream of its device, which is in memory: its row stays until its callback completes.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use serde_json::{Value, json};
use statecharts::Event;
use store::{OutboxRow, Write};
use vocabulary::{CallbackState, EffectId, SessionId, Timestamp};

use crate::clock::WakeId;
use crate::egress::EgressRequest;
use crate::node::Node;
use crate::session::Incoming;

/// Deliveries tried of a message whose service does not say (guide: `_notification_delivery_attempts`, 3).
const ATTEMPTS_DEFAULT: u32 = 3;
/// Pause after the first failure; doubled after each further one.
const PAUSE: Duration = Duration::from_secs(1);
/// Limit of one delivery.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(10);
/// Messages read at once.
const BATCH: usize = 256;
/// Targets served at the same time, over HTTP.
const TARGETS_MAX: usize = 32;
/// Of these, targets of one host: one that does not answer must not keep the others waiting.
const TARGETS_OF_HOST_MAX: usize = 4;
/// After every message that is to be delivered.
const END_OF_TIME: Timestamp = Timestamp::from_millis(i64::MAX - 1);
/// When pushes are due that were delivered, and are kept for readers who connect later.
const KEPT: Timestamp = END_OF_TIME;
/// After those as well.
const AFTER_KEPT: Timestamp = Timestamp::from_millis(i64::MAX);
/// Kept pushes that a restart reads.
const KEPT_MAX: usize = 1_000_000;

/// The outbox.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    /// Whether somebody looks already; a look that comes meanwhile is made afterwards.
    looking: AtomicBool,
    again: AtomicBool,
    /// Targets that something is being delivered to. Each has a task of its own, so that a slow one holds up no other.
    serving: Mutex<BTreeMap<String, Lane>>,
    /// When it looks by itself: at the time of the earliest message that is not due yet.
    wake: Mutex<Option<(Timestamp, WakeId)>>,
}

/// What a delivery takes up.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Lane {
    /// Nothing: it stays within the process.
    Inside,
    /// A place, one of those of a host.
    Host(String),
}

impl Lane {
    fn of(row: &OutboxRow) -> Self {
        match row.kind.as_str() {
            "push" | "orscb" => Self::Inside,
            // As it is written, `http://host:port`: a host that is written in two ways counts as two.
            _ => Self::Host(row.target.split('/').take(3).collect::<Vec<_>>().join("/")),
        }
    }
}

impl Outbox {
    /// Takes a place for a target, if there is one.
    fn take(&self, target: &str, lane: Lane) -> bool {
        let mut serving = self.serving();
        if matches!(lane, Lane::Host(_)) {
            let taken = serving.values().filter(|lane| matches!(lane, Lane::Host(_))).count();
            let of_host = serving.values().filter(|other| **other == lane).count();
            if taken >= TARGETS_MAX || of_host >= TARGETS_OF_HOST_MAX {
                return false;
            }
        }
        serving.insert(target.to_owned(), lane);
        true
    }

    /// Targets for which nothing can be taken now: those that are served, and hosts without a place. Whichever task ends
    /// first looks again.
    fn closed(&self) -> Vec<String> {
        let serving = self.serving();
        let mut closed: Vec<String> = serving.keys().cloned().collect();
        let mut by_host: BTreeMap<&str, usize> = BTreeMap::new();
        for lane in serving.values() {
            if let Lane::Host(host) = lane {
                *by_host.entry(host).or_default() += 1;
            }
        }
        if by_host.values().sum::<usize>() >= TARGETS_MAX {
            closed.extend(["http:", "https:"].map(str::to_owned));
        }
        let full = by_host.into_iter().filter(|(_, places)| *places >= TARGETS_OF_HOST_MAX);
        closed.extend(full.map(|(host, _)| host.to_owned()));
        closed
    }

    /// Looks for messages that are due.
    pub(crate) fn look(&self, node: &Arc<Node>) {
        self.again.store(true, Ordering::Release);
        if self.looking.swap(true, Ordering::AcqRel) {
            return;
        }
        let inner = Arc::clone(node);
        node.spawn(async move {
            loop {
                while inner.outbox.again.swap(false, Ordering::AcqRel) {
                    if let Err(error) = distribute(&inner).await {
                        inner.outbox.store_failed(&inner, &error);
                    }
                }
                inner.outbox.looking.store(false, Ordering::Release);
                // A look may have come between the last reading and the line above.
                if !inner.outbox.again.load(Ordering::Acquire)
                    || inner.outbox.looking.swap(true, Ordering::AcqRel)
                {
                    return;
                }
            }
        });
    }

    fn serving(&self) -> MutexGuard<'_, BTreeMap<String, Lane>> {
        self.serving.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn store_failed(&self, node: &Arc<Node>, error: &store::Error) {
        tracing::error!(%error, "The outbox cannot be read or written; tried again in a moment.");
        self.look_at(node, node.clock.now() + PAUSE);
    }

    /// Looks at this time, unless it looks earlier.
    fn look_at(&self, node: &Arc<Node>, due: Timestamp) {
        let mut wake = self.wake.lock().unwrap_or_else(PoisonError::into_inner);
        if wake.is_some_and(|(at, _)| at <= due) {
            return;
        }
        if let Some((_, later)) = wake.take() {
            node.clock.forget(later);
        }
        let weak: Weak<Node> = Arc::downgrade(node);
        let id = node.clock.wake_at(due, move || {
            if let Some(node) = weak.upgrade() {
                *node.outbox.wake.lock().unwrap_or_else(PoisonError::into_inner) = None;
                node.outbox.look(&node);
            }
        });
        *wake = Some((due, id));
    }
}

/// Gives every target that messages are due for, and that is not being served, a task that delivers them.
///
/// # Errors
/// When the store fails; what is left waits for the next look.
async fn distribute(node: &Arc<Node>) -> Result<(), store::Error> {
    loop {
        let now = node.clock.now();
        let mut rows = node.store.outbox_before(END_OF_TIME, BATCH, node.outbox.closed()).await?;
        let later = rows.split_off(rows.partition_point(|row| row.due <= now));
        if rows.is_empty() {
            // Also after a restart, when nobody else remembers that they wait.
            if let Some(next) = later.first() {
                node.outbox.look_at(node, next.due);
            }
            return Ok(());
        }
        let mut by_target: BTreeMap<String, Vec<OutboxRow>> = BTreeMap::new();
        for row in rows {
            by_target.entry(row.target.clone()).or_default().push(row);
        }
        let mut has_served = false;
        for (target, rows) in by_target {
            if rows.first().is_some_and(|row| node.outbox.take(&target, Lane::of(row))) {
                has_served = true;
                serve(node, target, rows);
            }
        }
        if !has_served {
            return Ok(());
        }
    }
}

/// Delivers messages to one target, one after the other, and looks for more.
fn serve(node: &Arc<Node>, target: String, mut rows: Vec<OutboxRow>) {
    // Messages of one moment arrive in the order in which they were said.
    rows.sort_by_cached_key(|row| (row.due, row.id.parse::<EffectId>().ok()));
    let inner = Arc::clone(node);
    node.spawn(async move {
        let mut outcome = Ok(());
        for row in rows {
            outcome = handle(&inner, row).await;
            if outcome.is_err() {
                break;
            }
        }
        inner.outbox.serving().remove(&target);
        match outcome {
            Ok(()) => inner.outbox.look(&inner),
            Err(error) => inner.outbox.store_failed(&inner, &error),
        }
    });
}

async fn handle(node: &Arc<Node>, mut row: OutboxRow) -> Result<(), store::Error> {
    let outcome = deliver(node, &row).await;
    let goes_on = match &outcome {
        Ok(()) => false,
        Err(_) => row.attempts + 1 < attempts_max(node, &row).await?,
    };
    match outcome {
        Err(problem) if goes_on => {
            tracing::debug!(id = %row.id, %problem, "A message was not taken; it is tried again.");
            row.due = node.clock.now() + PAUSE * 2_u32.saturating_pow(row.attempts);
            row.attempts += 1;
            node.store.commit(vec![Write::PutOutbox(row)]).await
        }
        outcome => {
            if let Err(problem) = &outcome {
                node.metrics.messages_given_up.inc();
                tracing::warn!(id = %row.id, %problem, "A message was given up.");
            }
            if row.kind != "push" {
                return node.store.commit(vec![Write::DeleteOutbox(row.id)]).await;
            }
            let write = match &outcome {
                Ok(()) => Write::PutOutbox(OutboxRow { due: KEPT, ..row.clone() }),
                Err(_) => Write::DeleteOutbox(row.id.clone()),
            };
            node.store.commit(vec![write]).await?;
            // Its callback may have completed while the push was on its way, and has not seen it.
            if outcome.is_ok() && !is_open(node, &row).await? {
                node.store.commit(vec![Write::DeleteOutbox(row.id.clone())]).await?;
            }
            push_answer(node, &row, outcome);
            Ok(())
        }
    }
}

/// Whether a message of this id is among what is to be written.
pub(crate) fn puts(writes: &[Write], id: &str) -> bool {
    writes.iter().any(|write| matches!(write, Write::PutOutbox(row) if row.id == id))
}

/// After a restart: pushes that nobody may have read yet are in the streams again, as long as their callbacks go on.
///
/// # Errors
/// When the store fails.
pub(crate) async fn restore_pushes(node: &Node) -> Result<(), store::Error> {
    let mut rows = node.store.outbox_before(AFTER_KEPT, KEPT_MAX, Vec::new()).await?;
    rows.retain(|row| row.kind == "push" && row.due == KEPT);
    rows.sort_by_cached_key(|row| row.id.parse::<EffectId>().ok());
    for row in rows {
        if is_open(node, &row).await? {
            if let Err(problem) = deliver_push(node, &row) {
                tracing::error!(id = %row.id, %problem, "A kept push cannot be read.");
            }
        } else {
            node.store.commit(vec![Write::DeleteOutbox(row.id)]).await?;
        }
    }
    Ok(())
}

fn deliver_push(node: &Node, row: &OutboxRow) -> Result<(), String> {
    let body: Value = serde_json::from_str(&row.body).map_err(|error| error.to_string())?;
    node.devices.push(&row.target, row.callback.as_ref(), &body);
    Ok(())
}

/// Whether the callback of a message goes on.
async fn is_open(node: &Node, row: &OutboxRow) -> Result<bool, store::Error> {
    let Some(callback) = row.callback.clone() else { return Ok(false) };
    let record = node.store.callback(callback).await?;
    Ok(record.is_some_and(|record| record.state != CallbackState::Completed))
}

/// Deliveries that the service of a message wants (decision D-017).
async fn attempts_max(node: &Node, row: &OutboxRow) -> Result<u32, store::Error> {
    let record = match row.callback.clone() {
        Some(callback) => node.store.callback(callback).await?,
        None => None,
    };
    let attempts = record
        .and_then(|record| node.configuration.service(record.service.as_str()))
        .and_then(|service| service.base_options().get("_notification_delivery_attempts")?.as_u64());
    Ok(attempts.and_then(|attempts| u32::try_from(attempts).ok()).unwrap_or(ATTEMPTS_DEFAULT))
}

/// A push is answered to the session that asked for it.
fn push_answer(node: &Arc<Node>, row: &OutboxRow, outcome: Result<(), String>) {
    let Ok(effect) = row.id.parse::<EffectId>() else {
        return;
    };
    let event = match outcome {
        Ok(()) => Event::external("callback.push.done", json!({ "requestid": row.id })),
        Err(problem) => {
            let data = json!({ "requestid": row.id, "error": "undelivered", "description": problem });
            Event::external("error.callback.push", data)
        }
    };
    node.tell(&effect, Incoming::Event(event));
}

async fn deliver(node: &Arc<Node>, row: &OutboxRow) -> Result<(), String> {
    if row.kind == "push" {
        return deliver_push(node, row);
    }
    let body: Value = serde_json::from_str(&row.body).map_err(|error| error.to_string())?;
    match row.kind.as_str() {
        "orscb" => {
            let name = body.get("event_id").and_then(Value::as_str).unwrap_or("notification").to_owned();
            let event = Event::external(name, body);
            node.sessions
                .tell(&SessionId::new(&row.target), Incoming::Event(event))
                .map_err(|error| error.to_string())
        }
        _ => {
            let request = EgressRequest {
                url: row.target.clone(),
                method: "POST".to_owned(),
                json: true,
                fields: serde_json::Map::new(),
                content: Some(body),
                content_type: None,
                timeout: DELIVERY_TIMEOUT,
            };
            match node.egress.send(request).await {
                // The receiver takes a notification by answering 200 and nothing else (guide: httpcb).
                Ok(reply) if reply.status == 200 => Ok(()),
                Ok(reply) => Err(format!("the receiver answered {}", reply.status)),
                Err(error) => Err(error.to_string()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use store::OutboxRow;
    use vocabulary::Timestamp;

    use super::{Lane, Outbox, TARGETS_MAX, TARGETS_OF_HOST_MAX};

    fn lane(kind: &str, target: &str) -> Lane {
        Lane::of(&OutboxRow {
            id: "S:1:0".to_owned(),
            callback: None,
            due: Timestamp::from_millis(0),
            attempts: 0,
            kind: kind.to_owned(),
            target: target.to_owned(),
            body: String::new(),
        })
    }

    fn take(outbox: &Outbox, kind: &str, target: &str) -> bool {
        outbox.take(target, lane(kind, target))
    }

    #[test]
    fn a_host_has_so_many_places_and_leaves_the_others_to_other_hosts() {
        let outbox = Outbox::default();
        for number in 0..TARGETS_OF_HOST_MAX {
            assert!(take(&outbox, "httpcb", &format!("http://slow.example/{number}")));
        }
        assert!(!take(&outbox, "httpcb", "http://slow.example/more"));
        assert!(outbox.closed().contains(&"http://slow.example".to_owned()));
        assert!(take(&outbox, "httpcb", "http://other.example/"));
    }

    #[test]
    fn pushes_and_events_take_no_place() {
        let outbox = Outbox::default();
        for number in 0..TARGETS_MAX {
            assert!(take(&outbox, "httpcb", &format!("http://host{number}.example/")));
        }
        assert!(!take(&outbox, "httpcb", "http://last.example/"));
        assert!(outbox.closed().contains(&"http:".to_owned()));
        assert!(take(&outbox, "push", "device"));
        assert!(take(&outbox, "orscb", "session"));
    }
}
