//! The store of the simulated node: the store in memory, with a disk that is slow, fails, and with a process that dies
//! around its transactions. Everything that becomes durable is shown to the invariants.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use futures_util::FutureExt;
use store::{
    BookingRow, CallbackQuery, CallbackRow, DialAttemptRow, EffectRow, EffectState, Error, MemoryStore,
    OutboxRow, QueueEntryRow, SessionRow, Store, StoreFuture, TimelineRow, TimerRow, Write,
};
use vocabulary::{CallbackId, CallbackState, SessionId, Timestamp};

use crate::world::{Moment, World};

/// A node that is broken on purpose, to prove that the invariants can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sabotage {
    /// Nothing is broken.
    None,
    /// A dial begins without its intent on the disk: that transaction is acknowledged and not written.
    NoCommitBeforeDial,
    /// After a restart a dial that was begun is taken for one that was not, and no attempt is in its way.
    RedialOfUnknown,
}

/// The store.
pub(crate) struct WatchedStore {
    world: World,
    inner: Arc<MemoryStore>,
    sabotage: Sabotage,
}

impl fmt::Debug for WatchedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WatchedStore")
    }
}

impl WatchedStore {
    pub(crate) fn new(world: World, sabotage: Sabotage) -> Self {
        let inner = world.store();
        Self { world, inner, sabotage }
    }

    async fn write(&self, writes: Vec<Write>) -> Result<(), Error> {
        for _turn in 0..self.world.disk_turns() {
            tokio::task::yield_now().await;
        }
        if self.world.dies(Moment::BeforeCommit) {
            return Err(Error::Closed);
        }
        if self.world.disk_fails() {
            self.world.say("the disk fails");
            return Err(Error::Failed {
                attempt: "COMMIT".to_owned(),
                problem: "the simulated disk failed".to_owned(),
            });
        }
        let before = self.states(&writes).await?;
        self.inner.commit(self.sabotaged(writes.clone())).await.inspect_err(|error| {
            self.world.say(format!("refused {error}"));
        })?;
        self.world
            .say(format!("commit {}", writes.iter().filter_map(name_of).collect::<Vec<_>>().join(", ")));
        let now = self.world.now();
        let broken = self.world.history(|history| history.committed(&before, &writes, now));
        for what in broken {
            self.world.violate(what);
        }
        if self.world.dies(Moment::AfterCommit) {
            return Err(Error::Closed);
        }
        Ok(())
    }

    /// States of the records that a transaction changes.
    async fn states(&self, writes: &[Write]) -> Result<BTreeMap<CallbackId, CallbackState>, Error> {
        let mut states = BTreeMap::new();
        for write in writes {
            if let Write::UpdateCallback { row, .. } = write
                && let Some(stored) = self.inner.callback(row.id.clone()).await?
            {
                states.insert(stored.id, stored.state);
            }
        }
        Ok(states)
    }

    fn sabotaged(&self, mut writes: Vec<Write>) -> Vec<Write> {
        let begins_dial = writes.iter().any(|write| matches!(write, Write::InsertDialAttempt(_)));
        match self.sabotage {
            Sabotage::NoCommitBeforeDial if begins_dial => Vec::new(),
            Sabotage::RedialOfUnknown if begins_dial => {
                writes.retain(|write| match write {
                    Write::InsertDialAttempt(row) => !has_attempt(&self.inner, row),
                    _ => true,
                });
                writes
            }
            _ => writes,
        }
    }
}

/// Whether an attempt is on the disk. The store in memory answers at once.
pub(crate) fn has_attempt(store: &MemoryStore, wanted: &DialAttemptRow) -> bool {
    let attempts = store.dial_attempts(wanted.callback.clone()).now_or_never();
    attempts
        .and_then(Result::ok)
        .unwrap_or_default()
        .iter()
        .any(|row| row.attempt == wanted.attempt && row.effect == wanted.effect)
}

/// A change as the trace shows it; lines of timelines and messages only swell it.
fn name_of(write: &Write) -> Option<String> {
    Some(match write {
        Write::InsertCallback(row) => format!("new {} {} {}", row.id, row.service, row.state),
        Write::UpdateCallback { row, .. } => match &row.reason {
            Some(reason) => format!("{} {} {reason}", row.id, row.state),
            None => format!("{} {}", row.id, row.state),
        },
        Write::DeleteCallback(id) => format!("delete {id}"),
        Write::PutSession(row) => format!("session {} ({})", row.id, row.snapshot.len()),
        Write::EndSession { id, .. } => format!("end {id}"),
        Write::PutEffect(row) => format!("effect {} {:?}", row.id, row.state),
        Write::SetEffectState { id, state } => format!("effect {id} {state:?}"),
        Write::PutTimer(row) => format!("timer {} at {}", row.id, row.due),
        Write::DeleteTimer { id, .. } => format!("no timer {id}"),
        Write::PutQueueEntry(row) => format!("entry {}", row.id),
        Write::DeleteQueueEntry(id) => format!("no entry {id}"),
        Write::InsertDialAttempt(row) => format!("attempt {} of {}", row.attempt, row.callback),
        Write::FinishDialAttempt { attempt, call_state, .. } => {
            format!("attempt {attempt} ends {call_state}")
        }
        Write::PutOutbox(row) => format!("message {} {}", row.kind, row.id),
        Write::DeleteOutbox(id) => format!("no message {id}"),
        Write::PutMeta { name, .. } => format!("meta {name}"),
        Write::AppendTimeline(row) if matches!(row.kind.as_str(), "event" | "answer" | "warning") => {
            format!("{} {}", row.kind, row.name)
        }
        _ => return None,
    })
}

impl Store for WatchedStore {
    fn commit(&self, writes: Vec<Write>) -> StoreFuture<'_, ()> {
        Box::pin(self.write(writes))
    }

    fn open_effects(&self) -> StoreFuture<'_, Vec<EffectRow>> {
        let effects = self.inner.open_effects();
        if self.sabotage != Sabotage::RedialOfUnknown {
            return effects;
        }
        Box::pin(async move {
            let forgotten = |row: EffectRow| EffectRow { state: EffectState::Intended, ..row };
            Ok(effects.await?.into_iter().map(forgotten).collect())
        })
    }

    fn callback(&self, id: CallbackId) -> StoreFuture<'_, Option<CallbackRow>> {
        self.inner.callback(id)
    }

    fn callbacks(&self, query: CallbackQuery) -> StoreFuture<'_, Vec<CallbackRow>> {
        self.inner.callbacks(query)
    }

    fn count_callbacks(&self, query: CallbackQuery) -> StoreFuture<'_, u64> {
        self.inner.count_callbacks(query)
    }

    fn scheduled_before(
        &self,
        before: Timestamp,
        after: Option<(Timestamp, CallbackId)>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<CallbackRow>> {
        self.inner.scheduled_before(before, after, limit)
    }

    fn expired_before(
        &self,
        before: Timestamp,
        after: Option<(Timestamp, CallbackId)>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<CallbackRow>> {
        self.inner.expired_before(before, after, limit)
    }

    fn session(&self, id: SessionId) -> StoreFuture<'_, Option<SessionRow>> {
        self.inner.session(id)
    }

    fn running_sessions(&self) -> StoreFuture<'_, Vec<SessionRow>> {
        self.inner.running_sessions()
    }

    fn running_session_ids(&self) -> StoreFuture<'_, Vec<SessionId>> {
        self.inner.running_session_ids()
    }

    fn timers_before(&self, before: Timestamp, limit: usize) -> StoreFuture<'_, Vec<TimerRow>> {
        self.inner.timers_before(before, limit)
    }

    fn queue_entries(&self) -> StoreFuture<'_, Vec<QueueEntryRow>> {
        self.inner.queue_entries()
    }

    fn dial_attempts(&self, callback: CallbackId) -> StoreFuture<'_, Vec<DialAttemptRow>> {
        self.inner.dial_attempts(callback)
    }

    fn timeline(&self, callback: CallbackId) -> StoreFuture<'_, Vec<TimelineRow>> {
        self.inner.timeline(callback)
    }

    fn outbox_before(
        &self,
        before: Timestamp,
        limit: usize,
        except: Vec<String>,
    ) -> StoreFuture<'_, Vec<OutboxRow>> {
        self.inner.outbox_before(before, limit, except)
    }

    fn bookings(&self, access_number: Option<String>, at: Timestamp) -> StoreFuture<'_, Vec<BookingRow>> {
        self.inner.bookings(access_number, at)
    }

    fn reports(&self, callback: CallbackId) -> StoreFuture<'_, Vec<String>> {
        self.inner.reports(callback)
    }

    fn chart(&self, hash: String) -> StoreFuture<'_, Option<String>> {
        self.inner.chart(hash)
    }

    fn shared_value(&self, hash: String) -> StoreFuture<'_, Option<String>> {
        self.inner.shared_value(hash)
    }

    fn meta(&self, name: String) -> StoreFuture<'_, Option<String>> {
        self.inner.meta(name)
    }
}
