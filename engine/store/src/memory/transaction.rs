//! Writes on the tables, each with its way back.
//!
//! Every change goes through [`Transaction::set`], which notes what was there before; when a later write of the
//! transaction is refused, the notes are carried out backwards.

use std::collections::BTreeMap;

use vocabulary::{AttemptNo, CallbackId, CallbackState, EffectId, SessionId, Timestamp};

use super::tables::Tables;
use crate::conflict;
use crate::port::{Error, Write};
use crate::row::{BookingRow, CallbackRow, EffectRow, EffectState, SessionRow, TimerRow};

type Undo = Box<dyn FnOnce(&mut Tables)>;

struct Transaction<'tables> {
    tables: &'tables mut Tables,
    undo: Vec<Undo>,
}

/// Applies the writes in order; when one is refused, none is applied.
pub(super) fn apply(tables: &mut Tables, writes: Vec<Write>) -> Result<(), Error> {
    let mut transaction = Transaction { tables, undo: Vec::new() };
    for write in writes {
        if let Err(refused) = transaction.apply(write) {
            for step in transaction.undo.into_iter().rev() {
                step(transaction.tables);
            }
            return Err(refused);
        }
    }
    Ok(())
}

impl Transaction<'_> {
    fn apply(&mut self, write: Write) -> Result<(), Error> {
        match write {
            Write::InsertCallback(row) => return self.insert_callback(*row),
            Write::UpdateCallback { row, expected } => return self.update_callback(*row, expected),
            Write::InsertDialAttempt(row) => {
                let key = (row.callback.clone(), row.attempt);
                if self.tables.dial_attempts.contains_key(&key) {
                    return Err(conflict::attempt_exists(&row.callback, row.attempt));
                }
                self.set(|tables| &mut tables.dial_attempts, key, Some(row));
            }
            Write::InsertBooking(row) => return self.insert_booking(row),
            Write::DeleteCallback(id) => self.delete_callback(&id),
            Write::PutSession(row) => self.set(|tables| &mut tables.sessions, row.id.clone(), Some(*row)),
            Write::EndSession { id, at } => self.end_session(&id, at),
            Write::DeleteEndedSessions { before } => self.delete_ended_sessions(before),
            Write::PutEffect(row) => self.put_effect(row),
            Write::SetEffectState { id, state } => {
                if let Some(row) = self.tables.effects.get(&id).cloned() {
                    self.put_effect(EffectRow { state, ..row });
                }
            }
            Write::PutTimer(row) => self.put_timer(row),
            Write::DeleteTimer { session, id } => self.delete_timer(session, id),
            Write::PutQueueEntry(row) => {
                self.set(|tables| &mut tables.queue_entries, row.id.clone(), Some(row))
            }
            Write::DeleteQueueEntry(id) => self.set(|tables| &mut tables.queue_entries, id, None),
            Write::FinishDialAttempt { callback, attempt, call_state } => {
                self.finish_dial_attempt(callback, attempt, call_state);
            }
            Write::AppendTimeline(row) => {
                conflict::check_line(&row)?;
                let line = self.next_line();
                self.set(|tables| &mut tables.timeline, (row.callback.clone(), line), Some(row));
            }
            Write::PutOutbox(row) => self.set(|tables| &mut tables.outbox, row.id.clone(), Some(row)),
            Write::DeleteOutbox(id) => self.set(|tables| &mut tables.outbox, id, None),
            Write::DeleteBookings(callback) => self.delete_bookings(|row| row.callback == callback),
            Write::DeleteExpiredBookings { at } => self.delete_bookings(|row| row.expires_at <= at),
            Write::PutChart { hash, text } => {
                if !self.tables.charts.contains_key(&hash) {
                    self.set(|tables| &mut tables.charts, hash, Some(text));
                }
            }
            Write::PutSharedValue { hash, text } => {
                if !self.tables.shared_values.contains_key(&hash) {
                    self.set(|tables| &mut tables.shared_values, hash, Some(text));
                }
            }
            Write::AppendReport { callback, body, at: _ } => {
                let line = self.next_line();
                self.set(|tables| &mut tables.reports, (callback, line), Some(body));
            }
            Write::PutMeta { name, value } => self.set(|tables| &mut tables.meta, name, Some(value)),
        }
        Ok(())
    }

    /// Puts a value in place of what is there, or takes it away, and notes the way back.
    fn set<K: Ord + Clone + 'static, V: 'static>(
        &mut self,
        table: fn(&mut Tables) -> &mut BTreeMap<K, V>,
        key: K,
        value: Option<V>,
    ) {
        let previous = replace(table(self.tables), key.clone(), value);
        self.undo.push(Box::new(move |tables| drop(replace(table(tables), key, previous))));
    }

    /// The number of the next line. A number that an undone line had is not used again; only the order counts.
    fn next_line(&mut self) -> u64 {
        self.tables.lines += 1;
        self.tables.lines
    }

    fn insert_callback(&mut self, row: CallbackRow) -> Result<(), Error> {
        conflict::check_record(&row)?;
        if self.tables.callbacks.contains_key(&row.id) {
            return Err(conflict::callback_exists(&row.id));
        }
        self.put_callback(row);
        Ok(())
    }

    fn update_callback(&mut self, row: CallbackRow, expected: Option<CallbackState>) -> Result<(), Error> {
        conflict::check_update(&row, expected, self.tables.state(&row.id))?;
        conflict::check_record(&row)?;
        self.remove_callback(&row.id);
        self.put_callback(row);
        Ok(())
    }

    fn put_callback(&mut self, row: CallbackRow) {
        if row.state == CallbackState::Scheduled {
            self.set(|tables| &mut tables.scheduled, (row.desired_time, row.id.clone()), Some(()));
        }
        self.set(|tables| &mut tables.callbacks, row.id.clone(), Some(row));
    }

    fn remove_callback(&mut self, id: &CallbackId) {
        if let Some(row) = self.tables.callbacks.get(id) {
            let scheduled = (row.desired_time, id.clone());
            self.set(|tables| &mut tables.scheduled, scheduled, None);
            self.set(|tables| &mut tables.callbacks, id.clone(), None);
        }
    }

    fn delete_callback(&mut self, id: &CallbackId) {
        for session in self.tables.family(id) {
            self.erase_session(&session);
        }
        let owner = Some(id.clone());
        let every_line = (owner.clone(), 0)..=(owner, u64::MAX);
        for key in keys(self.tables.timeline.range(every_line)) {
            self.set(|tables| &mut tables.timeline, key, None);
        }
        let every_attempt = (id.clone(), AttemptNo(0))..=(id.clone(), AttemptNo(u32::MAX));
        for key in keys(self.tables.dial_attempts.range(every_attempt)) {
            self.set(|tables| &mut tables.dial_attempts, key, None);
        }
        for key in keys(self.tables.reports.range((id.clone(), 0)..=(id.clone(), u64::MAX))) {
            self.set(|tables| &mut tables.reports, key, None);
        }
        let messages = self.tables.outbox.iter().filter(|(_id, row)| row.callback.as_ref() == Some(id));
        for key in keys(messages) {
            self.set(|tables| &mut tables.outbox, key, None);
        }
        self.delete_bookings(|row| row.callback == *id);
        self.remove_callback(id);
    }

    fn end_session(&mut self, id: &SessionId, at: Timestamp) {
        if let Some(row) = self.tables.sessions.get(id) {
            let ended = SessionRow {
                snapshot: String::new(),
                context: String::new(),
                ended_at: Some(row.ended_at.unwrap_or(at)),
                ..row.clone()
            };
            self.set(|tables| &mut tables.sessions, id.clone(), Some(ended));
        }
        self.empty_session(id);
    }

    fn delete_ended_sessions(&mut self, before: Timestamp) {
        let ended =
            self.tables.sessions.iter().filter(|(_id, row)| {
                row.callback.is_none() && row.ended_at.is_some_and(|ended| ended < before)
            });
        for session in keys(ended) {
            self.erase_session(&session);
        }
    }

    fn erase_session(&mut self, id: &SessionId) {
        self.empty_session(id);
        let without_callback = self.tables.timeline.range((None, 0)..=(None, u64::MAX));
        let lines = without_callback.filter(|(_key, row)| row.session.as_ref() == Some(id));
        for key in keys(lines) {
            self.set(|tables| &mut tables.timeline, key, None);
        }
        self.set(|tables| &mut tables.sessions, id.clone(), None);
    }

    /// Removes what a session has to do still.
    fn empty_session(&mut self, id: &SessionId) {
        let place = |step, index| EffectId { session: id.clone(), step, index };
        let every_effect = place(0, 0)..=place(u64::MAX, u32::MAX);
        for key in keys(self.tables.effects.range(every_effect.clone())) {
            self.set(|tables| &mut tables.effects, key, None);
        }
        for key in keys(self.tables.queue_entries.range(every_effect)) {
            self.set(|tables| &mut tables.queue_entries, key, None);
        }
        let timers = self.tables.timers.range((id.clone(), String::new())..);
        for (session, timer) in keys(timers.take_while(|((session, _timer), _row)| session == id)) {
            self.delete_timer(session, timer);
        }
    }

    fn put_effect(&mut self, row: EffectRow) {
        let kept = (row.state != EffectState::Done).then(|| row.clone());
        self.set(|tables| &mut tables.effects, row.id, kept);
    }

    fn put_timer(&mut self, row: TimerRow) {
        self.delete_timer(row.session.clone(), row.id.clone());
        let due = (row.due, row.session.clone(), row.id.clone());
        self.set(|tables| &mut tables.due, due, Some(()));
        self.set(|tables| &mut tables.timers, (row.session.clone(), row.id.clone()), Some(row));
    }

    fn delete_timer(&mut self, session: SessionId, id: String) {
        let key = (session, id);
        if let Some(row) = self.tables.timers.get(&key) {
            let due = (row.due, key.0.clone(), key.1.clone());
            self.set(|tables| &mut tables.due, due, None);
            self.set(|tables| &mut tables.timers, key, None);
        }
    }

    fn finish_dial_attempt(&mut self, callback: CallbackId, attempt: AttemptNo, call_state: u8) {
        let key = (callback, attempt);
        if let Some(mut row) = self.tables.dial_attempts.get(&key).cloned() {
            row.call_state = Some(call_state);
            self.set(|tables| &mut tables.dial_attempts, key, Some(row));
        }
    }

    fn insert_booking(&mut self, row: BookingRow) -> Result<(), Error> {
        let key = (row.access_number.clone(), row.access_code.clone());
        if let Some(holder) = self.tables.bookings.get(&key).map(|held| &held.callback)
            && *holder != row.callback
        {
            return Err(conflict::booking_held(&row, holder));
        }
        self.set(|tables| &mut tables.bookings, key, Some(row));
        Ok(())
    }

    fn delete_bookings(&mut self, is_meant: impl Fn(&BookingRow) -> bool) {
        for key in keys(self.tables.bookings.iter().filter(|(_key, row)| is_meant(row))) {
            self.set(|tables| &mut tables.bookings, key, None);
        }
    }
}

fn replace<K: Ord, V>(table: &mut BTreeMap<K, V>, key: K, value: Option<V>) -> Option<V> {
    match value {
        Some(value) => table.insert(key, value),
        None => table.remove(&key),
    }
}

fn keys<'table, K: Clone + 'table, V: 'table>(rows: impl Iterator<Item = (&'table K, &'table V)>) -> Vec<K> {
    rows.map(|(key, _row)| key.clone()).collect()
}
