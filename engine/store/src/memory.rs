//! The store in memory: the disk of the simulation, and of tests that want no files.
//!
//! It does what the `SQLite` store does, in maps, and every future is ready at its first poll. The maps are the
//! *durable* state: [`MemoryStore::disk`] gives a copy of them, on which an engine that crashed is started again.
//! A hook may make a commit fail, or make the process "die" around it.
//!
//! What this store is not: it writes nothing anywhere, and what it holds ends with the process.

mod tables;
mod transaction;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use vocabulary::{CallbackId, SessionId, Timestamp};

use crate::port::{CallbackQuery, Error, Store, StoreFuture, Write};
use crate::row::{
    BookingRow, CallbackRow, DialAttemptRow, EffectRow, OutboxRow, QueueEntryRow, SessionRow, TimelineRow,
    TimerRow,
};
use tables::Tables;

/// What happens around a commit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CommitFault {
    /// Nothing: it is written and answered.
    #[default]
    None,
    /// The disk fails; nothing is written, the store goes on.
    FailBefore,
    /// The process dies first: nothing is written, and the store is closed from now on.
    CrashBefore,
    /// The process dies after the sync: everything is written, nobody is told, and the store is closed from now on.
    CrashAfter,
}

/// Decides the fate of a commit by what it would write.
pub type FaultHook = Arc<dyn Fn(&[Write]) -> CommitFault + Send + Sync>;

/// What would have survived on the disk: a copy, which later commits do not change.
#[derive(Clone, Debug, Default)]
pub struct Disk(Tables);

/// The store in memory. Deterministic: the same calls give the same answers.
#[derive(Default)]
pub struct MemoryStore {
    tables: Mutex<Tables>,
    closed: AtomicBool,
    faults: Option<FaultHook>,
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("closed", &self.closed)
            .field("has_faults", &self.faults.is_some())
            .finish_non_exhaustive()
    }
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A store that finds what another one left on its disk.
    #[must_use]
    pub fn on(disk: Disk) -> Self {
        Self { tables: Mutex::new(disk.0), ..Self::default() }
    }

    /// Asks the hook about every commit. The hook must not call the store.
    #[must_use]
    pub fn with_faults(mut self, hook: FaultHook) -> Self {
        self.faults = Some(hook);
        self
    }

    /// A copy of what is durable now; also after a crash.
    #[must_use]
    pub fn disk(&self) -> Disk {
        Disk(self.lock().clone())
    }

    /// Lets the process "die" now: every later call is answered [`Error::Closed`].
    pub fn crash(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    /// Whether a fault or [`MemoryStore::crash`] ended this store.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    fn lock(&self) -> MutexGuard<'_, Tables> {
        // A transaction that panicked half way would be a defect of this crate; the tables are still readable.
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, writes: Vec<Write>) -> Result<(), Error> {
        if self.is_closed() {
            return Err(Error::Closed);
        }
        let fault = self.faults.as_ref().map_or(CommitFault::None, |hook| hook(&writes));
        match fault {
            CommitFault::None => self.lock().apply(writes),
            CommitFault::FailBefore => Err(Error::Failed {
                attempt: "COMMIT".to_owned(),
                problem: "the simulated disk failed".to_owned(),
            }),
            CommitFault::CrashBefore => {
                self.crash();
                Err(Error::Closed)
            }
            CommitFault::CrashAfter => {
                // A refused transaction leaves nothing on the disk, and the dead are not told.
                drop(self.lock().apply(writes));
                self.crash();
                Err(Error::Closed)
            }
        }
    }

    /// A read that is carried out at the first poll and ready with it.
    fn read<'store, T: Send + 'store>(
        &'store self,
        read: impl FnOnce(&Tables) -> T + Send + 'store,
    ) -> StoreFuture<'store, T> {
        Box::pin(async move {
            if self.is_closed() {
                return Err(Error::Closed);
            }
            Ok(read(&self.lock()))
        })
    }
}

impl Store for MemoryStore {
    fn commit(&self, writes: Vec<Write>) -> StoreFuture<'_, ()> {
        Box::pin(async move { self.write(writes) })
    }

    fn callback(&self, id: CallbackId) -> StoreFuture<'_, Option<CallbackRow>> {
        self.read(move |tables| tables.callback(&id))
    }

    fn callbacks(&self, query: CallbackQuery) -> StoreFuture<'_, Vec<CallbackRow>> {
        self.read(move |tables| tables.callbacks(&query))
    }

    fn count_callbacks(&self, query: CallbackQuery) -> StoreFuture<'_, u64> {
        self.read(move |tables| tables.count_callbacks(&query))
    }

    fn scheduled_before(
        &self,
        before: Timestamp,
        after: Option<(Timestamp, CallbackId)>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<CallbackRow>> {
        self.read(move |tables| tables.scheduled_before(before, after.as_ref(), limit))
    }

    fn expired_before(
        &self,
        before: Timestamp,
        after: Option<(Timestamp, CallbackId)>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<CallbackRow>> {
        self.read(move |tables| tables.expired_before(before, after.as_ref(), limit))
    }

    fn session(&self, id: SessionId) -> StoreFuture<'_, Option<SessionRow>> {
        self.read(move |tables| tables.session(&id))
    }

    fn running_sessions(&self) -> StoreFuture<'_, Vec<SessionRow>> {
        self.read(Tables::running_sessions)
    }

    fn running_session_ids(&self) -> StoreFuture<'_, Vec<SessionId>> {
        self.read(Tables::running_session_ids)
    }

    fn open_effects(&self) -> StoreFuture<'_, Vec<EffectRow>> {
        self.read(Tables::open_effects)
    }

    fn timers_before(&self, before: Timestamp, limit: usize) -> StoreFuture<'_, Vec<TimerRow>> {
        self.read(move |tables| tables.timers_before(before, limit))
    }

    fn queue_entries(&self) -> StoreFuture<'_, Vec<QueueEntryRow>> {
        self.read(Tables::queue_entries)
    }

    fn dial_attempts(&self, callback: CallbackId) -> StoreFuture<'_, Vec<DialAttemptRow>> {
        self.read(move |tables| tables.dial_attempts(&callback))
    }

    fn timeline(&self, callback: CallbackId) -> StoreFuture<'_, Vec<TimelineRow>> {
        self.read(move |tables| tables.timeline(&callback))
    }

    fn outbox_before(
        &self,
        before: Timestamp,
        limit: usize,
        except: Vec<String>,
    ) -> StoreFuture<'_, Vec<OutboxRow>> {
        self.read(move |tables| tables.outbox_before(before, limit, &except))
    }

    fn bookings(&self, access_number: Option<String>, at: Timestamp) -> StoreFuture<'_, Vec<BookingRow>> {
        self.read(move |tables| tables.bookings(access_number.as_deref(), at))
    }

    fn reports(&self, callback: CallbackId) -> StoreFuture<'_, Vec<String>> {
        self.read(move |tables| tables.reports(&callback))
    }

    fn chart(&self, hash: String) -> StoreFuture<'_, Option<String>> {
        self.read(move |tables| tables.chart(&hash))
    }

    fn shared_value(&self, hash: String) -> StoreFuture<'_, Option<String>> {
        self.read(move |tables| tables.shared_value(&hash))
    }

    fn meta(&self, name: String) -> StoreFuture<'_, Option<String>> {
        self.read(move |tables| tables.meta(&name))
    }
}
