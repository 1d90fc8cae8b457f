//! One transaction for each step, and what follows it: orders leave, whoever waits is answered.

use std::sync::Arc;

use actix::prelude::*;
use serde_json::Value;
use statecharts::Snapshot;
use store::{CallbackRow, SessionRow, Write};
use tokio::sync::oneshot;
use vocabulary::CallbackState;

use super::super::directory::Delivered;
use super::super::order::{Action, Order};
use super::super::plan::Plan;
use super::{Course, RecordAtStart, SessionActor};
use crate::activity::Busy;
use crate::api::SessionResponse;
use crate::outbox;
use crate::session::patience;

/// A committed step, as far as it still has to be carried out.
pub(super) struct Committed {
    pub(super) plan: Plan,
    /// Orders of the plan by which a session that ends lets go of what it holds.
    pub(super) let_go: Vec<Order>,
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
        let is_first = committed.is_first;
        let durable = async move {
            match is_first {
                true => patience::commit_first(&node, writes).await,
                false => patience::commit(&node, writes).await,
            }
        };
        ctx.wait(
            durable.into_actor(self).map(move |result, actor, ctx| actor.carry_on(result, committed, ctx)),
        );
    }

    /// After the commit: effects leave, waiting requests are answered.
    fn carry_on(&mut self, result: Result<(), store::Error>, committed: Committed, ctx: &mut Context<Self>) {
        if let (Err(store::Error::Conflict { what }), false) = (&result, committed.is_first) {
            return self.give_way(what, committed, ctx);
        }
        let Committed { plan, let_go: _, armed, is_first, ended, done, busy } = committed;
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
                _ => self.node.carry_out(order, &busy),
            }
        }
        if plan.outbox {
            self.node.outbox.look(&self.node);
        }
        answer(done, Ok(Delivered { running: !ended, state }));
        if ended {
            let record = self.record.clone();
            self.leave(record.as_ref(), &busy, ctx);
        }
    }

    /// Somebody else completed the record. The step is void, and so is the session: it ends, and what it holds is let go.
    fn give_way(&mut self, what: &str, committed: Committed, ctx: &mut Context<Self>) {
        tracing::warn!(session_id = %self.identity.id, what, "A session ends: somebody else completed its record.");
        let Committed { let_go, ended, done, busy, .. } = committed;
        let orders = if ended { let_go } else { self.let_go(&Course::Terminated(None)) };
        self.ended = true;
        let (node, id) = (Arc::clone(&self.node), self.identity.id.clone());
        // Only what is said to others: all else ends with the session.
        let is_letter = |order: &&Order| matches!(order.action, Action::Deliver { .. });
        let rows: Vec<Write> =
            orders.iter().filter(is_letter).filter_map(Order::row).map(Write::PutEffect).collect();
        let end = async move {
            let mut writes = vec![Write::EndSession { id, at: node.clock.now() }];
            writes.extend(rows);
            patience::commit(&node, writes).await
        };
        ctx.wait(end.into_actor(self).map(move |result, actor, ctx| {
            if let Err(error) = &result {
                tracing::error!(session_id = %actor.identity.id, %error, "The end of a session could not be stored.");
            }
            if let (Some(row), Some(before)) = (actor.record.as_ref(), actor.counted) {
                actor.node.counts.changed(&row.service, Some(before), CallbackState::Completed);
            }
            actor.node.timers.apply(&actor.node, Vec::new(), Some(&actor.identity.id));
            for order in orders {
                actor.node.carry_out(order, &busy);
            }
            actor.leave(None, &busy, ctx);
            let state = actor.record.is_some().then_some(CallbackState::Completed);
            answer(done, result.map(|()| Delivered { running: false, state }));
        }));
    }

    /// The session has ended and is nowhere any more.
    fn leave(&mut self, record: Option<&CallbackRow>, busy: &Busy, ctx: &mut Context<Self>) {
        self.ended = true;
        self.node.sessions.forget(&self.identity.id);
        self.node.let_calls_go(&self.identity.id, busy);
        self.node.metrics.session_ended(record);
        ctx.stop();
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

    /// The counts know the record as it is: an actor that is gone has counted it.
    pub(crate) fn was_counted(&mut self) {
        self.counted = self.record.as_ref().map(|row| row.state);
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
