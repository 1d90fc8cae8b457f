//! Timers of sessions: rows in the store, the near ones in memory.
//!
//! **Invariant:** a timer keeps its absolute due time. After a restart an overdue one fires late rather than never
//! (decision D-088).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use store::{TimerRow, Write};
use vocabulary::{SessionId, Timestamp};

use crate::clock::WakeId;
use crate::node::Node;
use crate::session::Incoming;
use crate::session::plan::TimedEvent;

/// How far ahead timers are kept in memory.
const WINDOW: Duration = Duration::from_secs(3600);
/// Rows read at once when the window moves.
const ROWS_MAX: usize = 10_000;

/// Timers in memory.
#[derive(Debug, Default)]
pub(crate) struct Timers(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    near: BTreeMap<(Timestamp, SessionId, String), String>,
    due_of: BTreeMap<(SessionId, String), Timestamp>,
    /// Timers due before this are in memory.
    window_end: Timestamp,
    wake: Option<(Timestamp, WakeId)>,
}

impl State {
    fn put(&mut self, row: TimerRow) {
        self.remove(&row.session, &row.id);
        if row.due < self.window_end {
            self.due_of.insert((row.session.clone(), row.id.clone()), row.due);
            self.near.insert((row.due, row.session, row.id), row.event);
        }
    }

    fn remove(&mut self, session: &SessionId, id: &str) {
        let key = (session.clone(), id.to_owned());
        if let Some(due) = self.due_of.remove(&key) {
            self.near.remove(&(due, key.0, key.1));
        }
    }

    fn remove_session(&mut self, session: &SessionId) {
        let ids: Vec<String> = self
            .due_of
            .range((session.clone(), String::new())..)
            .take_while(|((owner, _), _)| owner == session)
            .map(|((_, id), _)| id.clone())
            .collect();
        for id in ids {
            self.remove(session, &id);
        }
    }

    fn take_due(&mut self, now: Timestamp) -> Vec<(SessionId, String, String)> {
        let mut due = Vec::new();
        while let Some(entry) = self.near.first_entry()
            && entry.key().0 <= now
        {
            let ((_, session, id), event) = entry.remove_entry();
            self.due_of.remove(&(session.clone(), id.clone()));
            due.push((session, id, event));
        }
        due
    }
}

impl Timers {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Follows the committed changes of a step; timers of an ended session are dropped.
    pub(crate) fn apply(&self, node: &Arc<Node>, writes: Vec<Write>, ended: Option<&SessionId>) {
        {
            let mut state = self.state();
            for write in writes {
                match write {
                    Write::PutTimer(row) => state.put(row),
                    Write::DeleteTimer { session, id } => state.remove(&session, &id),
                    _ => {}
                }
            }
            if let Some(session) = ended {
                state.remove_session(session);
            }
        }
        self.set_wake(node);
    }

    /// Reads the timers of the next window, now and each half window.
    ///
    /// # Errors
    /// When the store cannot be read; the caller tries again later.
    pub(crate) async fn load(&self, node: &Arc<Node>) -> Result<(), store::Error> {
        let end = node.clock.now() + WINDOW;
        // New timers below the new end go to memory from here on; rows written before are read now.
        self.state().window_end = end;
        let rows = node.store.timers_before(end, ROWS_MAX).await?;
        {
            let mut state = self.state();
            // More rows than one reading takes: what lies behind the last one is read at the next.
            if rows.len() == ROWS_MAX
                && let Some(last) = rows.last()
            {
                state.window_end = last.due;
            }
            for row in rows {
                state.put(row);
            }
        }
        self.set_wake(node);
        Ok(())
    }

    /// When the window has to be read again.
    pub(crate) fn next_load(&self, now: Timestamp) -> Timestamp {
        let end = self.state().window_end;
        if end.since(now) > WINDOW / 2 { now + WINDOW / 2 } else { now + Duration::from_secs(1) }
    }

    fn set_wake(&self, node: &Arc<Node>) {
        let mut state = self.state();
        let due = state.near.first_key_value().map(|((due, ..), _)| *due);
        if state.wake.map(|(at, _)| at) == due {
            return;
        }
        if let Some((_, id)) = state.wake.take() {
            node.clock.forget(id);
        }
        if let Some(due) = due {
            let weak = Arc::downgrade(node);
            state.wake = Some((due, node.clock.wake_at(due, move || fire(&weak))));
        }
    }
}

/// Hands due timers to their sessions.
fn fire(node: &Weak<Node>) {
    let Some(node) = node.upgrade() else { return };
    let due = {
        let mut state = node.timers.state();
        state.wake = None;
        state.take_due(node.clock.now())
    };
    for (session, id, event) in due {
        match serde_json::from_str::<TimedEvent>(&event) {
            Ok(timed) => {
                if let Err(error) = node.sessions.tell(&session, Incoming::Timer { id, timed }) {
                    tracing::warn!(session_id = %session, %error, "A timer found no session to fire in.");
                }
            }
            Err(error) => tracing::error!(session_id = %session, %error, "A stored timer cannot be read."),
        }
    }
    node.timers.set_wake(&node);
}
