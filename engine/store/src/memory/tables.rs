//! The tables of the memory store, ordered maps all of them, and what the port reads from them.

use std::collections::BTreeMap;
use std::ops::Bound;

use vocabulary::{AttemptNo, CallbackId, CallbackState, EffectId, SessionId, Timestamp};

use super::transaction;
use crate::port::{CallbackQuery, Error, Write};
use crate::row::{
    BookingRow, CallbackRow, DialAttemptRow, EffectRow, OutboxRow, QueueEntryRow, SessionRow, TimelineRow,
    TimerRow,
};

/// Everything that is durable. Two maps are indexes: they hold keys only, and follow the rows.
#[derive(Clone, Debug, Default)]
pub(super) struct Tables {
    pub(super) callbacks: BTreeMap<CallbackId, CallbackRow>,
    /// Index: scheduled callbacks by desired time.
    pub(super) scheduled: BTreeMap<(Timestamp, CallbackId), ()>,
    pub(super) sessions: BTreeMap<SessionId, SessionRow>,
    pub(super) effects: BTreeMap<EffectId, EffectRow>,
    pub(super) timers: BTreeMap<(SessionId, String), TimerRow>,
    /// Index: timers by due time.
    pub(super) due: BTreeMap<(Timestamp, SessionId, String), ()>,
    pub(super) queue_entries: BTreeMap<EffectId, QueueEntryRow>,
    pub(super) dial_attempts: BTreeMap<(CallbackId, AttemptNo), DialAttemptRow>,
    pub(super) timeline: BTreeMap<(Option<CallbackId>, u64), TimelineRow>,
    pub(super) outbox: BTreeMap<String, OutboxRow>,
    pub(super) bookings: BTreeMap<(String, Option<String>), BookingRow>,
    pub(super) reports: BTreeMap<(CallbackId, u64), String>,
    pub(super) charts: BTreeMap<String, String>,
    pub(super) shared_values: BTreeMap<String, String>,
    pub(super) meta: BTreeMap<String, String>,
    /// Lines written so far, of timelines and reports: their order.
    pub(super) lines: u64,
}

impl Tables {
    /// Applies a transaction, all or none.
    pub(super) fn apply(&mut self, writes: Vec<Write>) -> Result<(), Error> {
        transaction::apply(self, writes)
    }

    pub(super) fn callback(&self, id: &CallbackId) -> Option<CallbackRow> {
        self.callbacks.get(id).cloned()
    }

    pub(super) fn callbacks(&self, query: &CallbackQuery) -> Vec<CallbackRow> {
        let rows = self.callbacks.values().filter(|row| query.accepts(row));
        earliest(rows, |row| row.desired_time, query.effective_limit())
    }

    pub(super) fn count_callbacks(&self, query: &CallbackQuery) -> u64 {
        let most = if query.limit == 0 { usize::MAX } else { query.limit };
        let count = self.callbacks.values().filter(|row| query.accepts(row)).take(most).count();
        u64::try_from(count).unwrap_or(u64::MAX)
    }

    pub(super) fn scheduled_before(
        &self,
        before: Timestamp,
        after: Option<&(Timestamp, CallbackId)>,
        limit: usize,
    ) -> Vec<CallbackRow> {
        let first = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.scheduled
            .range::<(Timestamp, CallbackId), _>((first, Bound::Unbounded))
            .map(|(key, ())| key)
            .take_while(|(desired, _id)| *desired < before)
            .filter_map(|(_desired, id)| self.callback(id))
            .take(limit)
            .collect()
    }

    pub(super) fn expired_before(
        &self,
        before: Timestamp,
        after: Option<&(Timestamp, CallbackId)>,
        limit: usize,
    ) -> Vec<CallbackRow> {
        let is_later =
            |row: &&CallbackRow| after.is_none_or(|(at, id)| (row.expires_at, &row.id) > (*at, id));
        let rows = self.callbacks.values().filter(|row| row.expires_at < before).filter(is_later);
        earliest(rows, |row| row.expires_at, limit)
    }

    pub(super) fn session(&self, id: &SessionId) -> Option<SessionRow> {
        self.sessions.get(id).cloned()
    }

    pub(super) fn running_sessions(&self) -> Vec<SessionRow> {
        let running = self.sessions.values().filter(|session| session.ended_at.is_none());
        running.cloned().collect()
    }

    pub(super) fn running_session_ids(&self) -> Vec<SessionId> {
        let running = self.sessions.values().filter(|session| session.ended_at.is_none());
        running.map(|session| session.id.clone()).collect()
    }

    pub(super) fn open_effects(&self) -> Vec<EffectRow> {
        self.effects.values().cloned().collect()
    }

    pub(super) fn timers_before(&self, before: Timestamp, limit: usize) -> Vec<TimerRow> {
        self.due
            .keys()
            .take_while(|(due, _session, _id)| *due < before)
            .filter_map(|(_due, session, id)| self.timers.get(&(session.clone(), id.clone())))
            .take(limit)
            .cloned()
            .collect()
    }

    pub(super) fn queue_entries(&self) -> Vec<QueueEntryRow> {
        self.queue_entries.values().cloned().collect()
    }

    pub(super) fn dial_attempts(&self, callback: &CallbackId) -> Vec<DialAttemptRow> {
        let every_attempt = (callback.clone(), AttemptNo(0))..=(callback.clone(), AttemptNo(u32::MAX));
        self.dial_attempts.range(every_attempt).map(|(_key, row)| row.clone()).collect()
    }

    pub(super) fn timeline(&self, callback: &CallbackId) -> Vec<TimelineRow> {
        let owner = Some(callback.clone());
        let every_line = (owner.clone(), 0)..=(owner, u64::MAX);
        self.timeline.range(every_line).map(|(_key, row)| row.clone()).collect()
    }

    pub(super) fn outbox_before(&self, before: Timestamp, limit: usize, except: &[String]) -> Vec<OutboxRow> {
        let rows = self.outbox.values();
        let is_except = |target: &str| {
            let beneath = |rest: &str| rest.is_empty() || rest.starts_with('/');
            except.iter().any(|name| target.strip_prefix(name.as_str()).is_some_and(beneath))
        };
        let rows = rows.filter(|message| message.due < before && !is_except(&message.target));
        earliest(rows, |message| message.due, limit)
    }

    pub(super) fn bookings(&self, access_number: Option<&str>, at: Timestamp) -> Vec<BookingRow> {
        self.bookings
            .values()
            .filter(|row| access_number.is_none_or(|number| number == row.access_number))
            .filter(|row| row.expires_at > at)
            .cloned()
            .collect()
    }

    pub(super) fn reports(&self, callback: &CallbackId) -> Vec<String> {
        let every_line = (callback.clone(), 0)..=(callback.clone(), u64::MAX);
        self.reports.range(every_line).map(|(_key, body)| body.clone()).collect()
    }

    pub(super) fn chart(&self, hash: &str) -> Option<String> {
        self.charts.get(hash).cloned()
    }

    pub(super) fn shared_value(&self, hash: &str) -> Option<String> {
        self.shared_values.get(hash).cloned()
    }

    pub(super) fn meta(&self, name: &str) -> Option<String> {
        self.meta.get(name).cloned()
    }

    /// The stored state of a record.
    pub(super) fn state(&self, id: &CallbackId) -> Option<CallbackState> {
        self.callbacks.get(id).map(|row| row.state)
    }

    /// The sessions of a callback with their children, except children that serve another callback.
    pub(super) fn family(&self, callback: &CallbackId) -> Vec<SessionId> {
        let mut family: Vec<SessionId> = self
            .sessions
            .values()
            .filter(|session| session.callback.as_ref() == Some(callback))
            .map(|session| session.id.clone())
            .collect();
        let mut next = 0;
        while let Some(parent) = family.get(next).cloned() {
            next += 1;
            for session in self.sessions.values() {
                let is_child = session.parent.as_ref() == Some(&parent) && session.callback.is_none();
                if is_child && !family.contains(&session.id) {
                    family.push(session.id.clone());
                }
            }
        }
        family
    }
}

/// The first rows by a point in time; rows come ordered by id, which a stable sort keeps within the same point.
fn earliest<'row, Row: Clone + 'row>(
    rows: impl Iterator<Item = &'row Row>,
    point: impl Fn(&Row) -> Timestamp,
    limit: usize,
) -> Vec<Row> {
    let mut rows: Vec<&Row> = rows.collect();
    rows.sort_by_key(|row| point(row));
    rows.into_iter().take(limit).cloned().collect()
}
