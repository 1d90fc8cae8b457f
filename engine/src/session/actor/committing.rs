//! One transaction for each step, and what follows it: orders leave, whoever waits is answered.

use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use serde_json::Value;
use statecharts::Snapshot;
use store::{SessionRow, Write};
use tokio::sync::oneshot;
use vocabulary::CallbackState;

use super::super::directory::Delivered;
use super::super::order::Action;
use super::super::plan::Plan;
use super::{RecordAtStart, SessionActor};
use crate::activity::Busy;
use crate::api::SessionResponse;
use crate::node::Node;
use crate::outbox;

/// Commits tried before the session is given up in memory; it is restored from the store at the next start.
const COMMIT_ATTEMPTS: u32 = 5;
/// Pause between them.
const COMMIT_PAUSE: Duration = Duration::from_millis(200);

/// A committed step, as far as it still has to be carried out.
pub(super) struct Committed {
    pub(super) plan: Plan,
    pub(super) armed: Vec<Write>,
    /// Whether the session was created.
    pub(super) is_first: bool,
    pub(super) ended: bool,
    pub(super) done: Option<oneshot::Sender<Result<Delivered, store::Error>>>,
    pub(super) busy: Busy,
}

impl SessionActor {
    /// The rows of the session itself.
    pub(super) fn own_writes(&mut self, plan: &Plan, snapshot: Option<Snapshot>) -> Vec<Write> {
        let mut writes = Vec::new();
        let row = self.record.as_ref().map(|row| Box::new(row.clone()));
        match (self.record_at_start.take(), row) {
            (Some(RecordAtStart::New(_)), Some(row)) => writes.push(Write::InsertCallback(row)),
            (Some(RecordAtStart::Stored(_, expected)), Some(row)) => {
                writes.push(Write::UpdateCallback { row, expected: Some(expected) });
            }
            (Some(RecordAtStart::InPlaceOf { state, lost, .. }), Some(row)) => {
                writes.push(Write::EndSession { id: lost, at: self.node.clock.now() });
                writes.push(Write::UpdateCallback { row, expected: Some(state) });
            }
            (None, Some(row)) if plan.record_changed => {
                writes.push(Write::UpdateCallback { row, expected: None })
            }
            _ => {}
        }
        if let Some(row) = self.record.as_ref()
            && plan.record_changed
            && row.state == CallbackState::Completed
        {
            // Nobody is expected to call in any more: the access number is free for the next one.
            writes.push(Write::DeleteBookings(row.id.clone()));
            // Nor reads what was pushed before; what this step pushes is still delivered.
            let pushes = std::mem::take(&mut self.context.pushes);
            let old = pushes.into_iter().filter(|id| !outbox::puts(&plan.writes, id));
            writes.extend(old.map(Write::DeleteOutbox));
        }
        let snapshot = snapshot.and_then(|snapshot| serde_json::to_string(&snapshot).ok());
        writes.push(Write::PutSession(Box::new(SessionRow {
            id: self.identity.id.clone(),
            callback: self.record.as_ref().map(|row| row.id.clone()),
            chart: self.session.chart().hash().to_owned(),
            parent: self.identity.parent.clone(),
            invokeid: self.identity.invokeid.clone(),
            reply_key: self.identity.reply_key.clone(),
            snapshot: snapshot.unwrap_or_default(),
            context: serde_json::to_string(&self.context).unwrap_or_default(),
            started_at: self.identity.started_at,
            ended_at: None,
        })));
        writes
    }

    pub(super) fn commit(&mut self, writes: Vec<Write>, mut committed: Committed, ctx: &mut Context<Self>) {
        let concerns_timers =
            |write: &&Write| matches!(write, Write::PutTimer(_) | Write::DeleteTimer { .. });
        committed.armed = writes.iter().filter(concerns_timers).cloned().collect();
        let node = Arc::clone(&self.node);
        let durable = async move { commit_with_patience(&node, writes).await };
        ctx.wait(
            durable.into_actor(self).map(move |result, actor, ctx| actor.carry_on(result, committed, ctx)),
        );
    }

    /// After the commit: effects leave, waiting requests are answered.
    fn carry_on(&mut self, result: Result<(), store::Error>, committed: Committed, ctx: &mut Context<Self>) {
        let Committed { plan, armed, is_first, ended, done, busy } = committed;
        if let Err(error) = result {
            tracing::error!(session_id = %self.identity.id, %error, "A step could not be stored; the session stops here.");
            self.node.metrics.failed_commits.inc();
            self.node.sessions.forget(&self.identity.id);
            answer(done, Err(error));
            self.ended = true;
            return ctx.stop();
        }
        if is_first {
            self.node.shared_values.mark_kept(self.session.shared());
        }
        self.node.timers.apply(&self.node, armed, ended.then_some(&self.identity.id));
        for line in plan.timeline {
            self.node.tell_feed(line);
        }
        self.count();
        if let Some(row) = self.record.as_ref().filter(|row| row.state == CallbackState::Completed)
            && let Some(Value::String(device)) = row.properties.get("_device_notification_id")
        {
            self.node.devices.forget(device, &row.id);
        }
        if let Some(row) = self.record.as_ref() {
            for answered in plan.answered {
                self.node.customer_answered(&row.id, &row.service, answered);
            }
        }
        let state = self.record.as_ref().map(|row| row.state);
        for order in plan.orders {
            match order.action {
                Action::Respond { request, status, body } => self.respond(&request, status, body),
                _ => {
                    if order.action.is_done_when_handed_over() {
                        self.handed_over.push(order.effect.clone());
                    }
                    self.node.carry_out(order, &busy);
                }
            }
        }
        if plan.outbox {
            self.node.outbox.look(&self.node);
        }
        answer(done, Ok(Delivered { running: !ended, state }));
        if ended {
            self.ended = true;
            self.node.sessions.forget(&self.identity.id);
            self.node.let_calls_go(&self.identity.id, &busy);
            self.node.metrics.session_ended(self.record.as_ref());
            ctx.stop();
        }
    }

    /// Follows the record in the counts of its service.
    pub(crate) fn count(&mut self) {
        if let Some(row) = self.record.as_ref()
            && self.counted != Some(row.state)
        {
            self.node.counts.changed(&row.service, self.counted, row.state);
            self.counted = Some(row.state);
        }
    }

    fn respond(&mut self, request: &str, status: u16, body: Value) {
        let Some(waiting) = self.requests.remove(request) else {
            tracing::debug!(session_id = %self.identity.id, request, "An answer came for a request that no longer waits.");
            return;
        };
        // The caller may have gone: nobody is left to be told.
        let _gone = waiting.send(SessionResponse { status, body });
    }
}

/// Tells whoever waits for a message to be taken.
pub(super) fn answer(
    done: Option<oneshot::Sender<Result<Delivered, store::Error>>>,
    result: Result<Delivered, store::Error>,
) {
    if let Some(done) = done {
        // The caller may have gone: nobody is left to be told.
        let _gone = done.send(result);
    }
}

/// A failing disk may recover: the step is kept for a moment. A conflict is an answer at once.
async fn commit_with_patience(node: &Node, writes: Vec<Write>) -> Result<(), store::Error> {
    let mut attempt = 1;
    loop {
        match node.store.commit(writes.clone()).await {
            Err(store::Error::Failed { .. }) if attempt < COMMIT_ATTEMPTS => {
                attempt += 1;
                tokio::time::sleep(COMMIT_PAUSE).await;
            }
            result => return result,
        }
    }
}
