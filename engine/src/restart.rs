//! After a restart: everything that was durable goes on.
//!
//! Sessions are restored in place. What was begun and cannot be repeated has an unknown outcome; calls that the switch
//! no longer knows are gone, and their sessions are told (decisions D-079, D-119).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use statecharts::{Chart, Event, Snapshot};
use store::{CallbackQuery, EffectRow, EffectState, QueueEntryRow, SessionRow};
use telephony::ReleasedBy;
use vocabulary::{CallState, SessionId};

use crate::node::Node;
use crate::outbox;
use crate::queueing::RestoreEntries;
use crate::resubmitting;
use crate::session::answers::{self, CallFact};
use crate::session::context::Context;
use crate::session::order::{Action, Order};
use crate::session::plan::reserving;
use crate::session::{Incoming, RestoreSession};

/// How far back starts are looked at for the limits of a service: the default of the longer interval.
const LIMITS_REMEMBERED: Duration = Duration::from_secs(3600);
/// Starts of one service that are looked at: above the default of its larger limit.
const STARTS_REMEMBERED: usize = 5_000;

/// The texts of a chart as the store keeps them.
#[derive(Deserialize)]
struct KeptChart {
    main: String,
    texts: BTreeMap<String, String>,
}

/// Brings back sessions, timers, queue entries, effects, in this order.
///
/// # Errors
/// When the store cannot be read. What becomes of a single session that cannot be restored: [`resubmitting`].
pub(crate) async fn restore(node: &Arc<Node>) -> Result<(), store::Error> {
    let (mut restored, mut lost, mut invoked) = (Vec::new(), Vec::new(), Vec::new());
    for row in node.store.running_sessions().await? {
        let id = row.id.clone();
        let context: Context = serde_json::from_str(&row.context).unwrap_or_default();
        if let (Some(_), Some(parent)) = (&row.invokeid, &row.parent) {
            invoked.push((id.clone(), parent.clone()));
        }
        match restore_session(node, row.clone(), false).await {
            Ok(()) => restored.push((id, context)),
            Err(problem) => {
                tracing::error!(session_id = %id, %problem, "A session cannot be restored; it is ended.");
                lost.push((row, problem));
            }
        }
    }
    remember_starts(node).await?;
    node.timers.load(node).await?;
    node.scheduled_starts.load(node).await?;
    restore_queues(node, &lost).await?;
    let effects = node.store.open_effects().await?;
    let mut by_session: BTreeMap<SessionId, Vec<EffectRow>> = BTreeMap::new();
    for effect in effects {
        by_session.entry(effect.id.session.clone()).or_default().push(effect);
    }
    let count = restored.len();
    for (session, context) in restored {
        let effects = by_session.remove(&session).unwrap_or_default();
        tell_session(node, &session, effects, context);
    }
    for rows in by_session.into_values() {
        return_to_sender(node, rows);
    }
    end_orphans(node, invoked);
    for (row, problem) in lost {
        resubmitting::lost(node, row, &problem).await?;
    }
    outbox::restore_pushes(node).await?;
    node.outbox.look(node);
    if count > 0 {
        tracing::info!(sessions = count, "Sessions were restored.");
    }
    Ok(())
}

/// Events for sessions that do not run: their senders are told.
fn return_to_sender(node: &Arc<Node>, rows: Vec<EffectRow>) {
    let busy = node.clock.activity().begin();
    let orders = rows.iter().filter_map(|row| serde_json::from_str::<Order>(&row.action).ok());
    for order in orders.filter(|order| matches!(order.action, Action::Deliver { .. })) {
        node.carry_out(order, &busy);
    }
}

/// An invoked session ends with the one that invoked it: the process may have died between the two.
fn end_orphans(node: &Node, invoked: Vec<(SessionId, SessionId)>) {
    for (session, _) in invoked.into_iter().filter(|(_, parent)| !node.sessions.is_running(parent)) {
        // One that cannot be restored is ended anyway.
        let _lost = node.sessions.tell(&session, Incoming::Cancel);
    }
}

/// Requests of the last hour count against the limits of their service, as they did before.
async fn remember_starts(node: &Arc<Node>) -> Result<(), store::Error> {
    for name in node.configuration.services.keys() {
        let query = CallbackQuery {
            service: Some(name.clone()),
            requested_from: Some(node.clock.now() - LIMITS_REMEMBERED),
            limit: STARTS_REMEMBERED,
            ..CallbackQuery::default()
        };
        let mut times: Vec<_> =
            node.store.callbacks(query).await?.into_iter().map(|row| row.requested_at).collect();
        times.sort_unstable();
        node.counts.remember(name, times);
    }
    Ok(())
}

/// Brings a session back to life. `is_counted`: it was in this process before.
///
/// # Errors
/// Why it cannot be used, for people.
pub(crate) async fn restore_session(
    node: &Arc<Node>,
    row: SessionRow,
    is_counted: bool,
) -> Result<(), String> {
    let chart = stored_chart(node, &row.chart).await?;
    let record = match row.callback.clone() {
        Some(callback) => node.store.callback(callback).await.map_err(|error| error.to_string())?,
        None => None,
    };
    let snapshot: Snapshot =
        serde_json::from_str(&row.snapshot).map_err(|error| format!("snapshot: {error}"))?;
    let mut shared = Vec::with_capacity(snapshot.shared.len());
    for hash in &snapshot.shared {
        shared.push(node.shared_values.stored(node, hash).await?);
    }
    let (row, snapshot) = (Box::new(row), Box::new(snapshot));
    node.sessions.restore(RestoreSession { row, snapshot, shared, chart, record, is_counted }).await
}

async fn stored_chart(node: &Arc<Node>, hash: &str) -> Result<Arc<Chart>, String> {
    let text = node.store.chart(hash.to_owned()).await.map_err(|error| error.to_string())?;
    let text = text.ok_or_else(|| format!("the texts of chart {hash} are not stored"))?;
    let kept: KeptChart = serde_json::from_str(&text).map_err(|error| format!("chart {hash}: {error}"))?;
    let chart = node.charts.stored(hash, &kept.texts, &kept.main).map_err(|error| error.to_string())?;
    node.charts.mark_kept(hash);
    Ok(chart)
}

/// Places in queues; those of lost sessions are theirs no more.
async fn restore_queues(node: &Arc<Node>, lost: &[(SessionRow, String)]) -> Result<(), store::Error> {
    let is_lost = |row: &QueueEntryRow| lost.iter().any(|(session, _)| session.id == row.id.session);
    let mut rows = node.store.queue_entries().await?;
    rows.retain(|row| !is_lost(row));
    restore_entries(node, &rows).await;
    Ok(())
}

/// Puts stored entries into the router.
pub(crate) async fn restore_entries(node: &Node, rows: &[QueueEntryRow]) {
    let entries = rows.iter().filter_map(|row| match serde_json::from_str(&row.entry) {
        Ok(entry) => Some(entry),
        Err(error) => {
            tracing::error!(entry = %row.id, %error, "A stored queue entry cannot be read.");
            None
        }
    });
    if let Some(queues) = node.queues.get()
        && queues.send(RestoreEntries(entries.collect())).await.is_err()
    {
        tracing::error!("The router is gone; queue entries were not restored.");
    }
}

/// Tells a restored session what became of the things it had under way, and carries out what was never begun.
pub(crate) fn tell_session(node: &Arc<Node>, session: &SessionId, effects: Vec<EffectRow>, context: Context) {
    let mut incoming = vec![Incoming::Event(Event::external("session.restored", json!({})))];
    let mut orders = Vec::new();
    for row in effects {
        let Ok(order) = serde_json::from_str::<Order>(&row.action) else {
            tracing::error!(effect = %row.id, "A stored effect cannot be read.");
            continue;
        };
        match (row.state, &order.action) {
            // As written by older versions: nothing else would close it.
            (_, Action::Deliver { .. }) if row.id == order.effect => {
                incoming.push(Incoming::Done { effect: row.id });
                orders.push(order);
            }
            (EffectState::Intended, _) => orders.push(order),
            (_, Action::Dial(dial)) => {
                let event = answers::dial_failed(&order.effect, dial.attempt, CallState::UNKNOWN, None);
                incoming.push(Incoming::Answer { effect: order.effect, event });
            }
            (_, Action::Redirect(redirect)) => {
                let data = json!({
                    "requestid": order.effect, "interactionid": redirect.call, "error": "unknown",
                    "description": "the node restarted before the outcome was known",
                });
                let event = Event::external("error.interaction.redirect", data);
                incoming.push(Incoming::Answer { effect: order.effect, event });
            }
            _ => orders.push(order),
        }
    }
    // The router has forgotten whom it kept: agents have to come to work again.
    incoming.extend(reserving::lost_by_restart(&context).into_iter().map(Incoming::Queue));
    for call in context.calls.into_keys() {
        incoming.push(Incoming::Call(CallFact::Released { call, by: ReleasedBy::Unknown }));
    }
    if let Err(error) = node.sessions.tell_all(session, incoming) {
        tracing::error!(session_id = %session, %error, "A restored session could not be told.");
    }
    let busy = node.clock.activity().begin();
    for order in orders {
        node.carry_out(order, &busy);
    }
}
