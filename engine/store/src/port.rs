//! The Store port: transactions in, rows out.
//!
//! A transaction is a list of [`Write`]s, applied in order, all or none. Writes are data, so that a step of a
//! session can be computed without a store, and a simulation can look at what is about to become durable.
//!
//! **Invariant:** a transaction that is answered with an error has written nothing.
//! **Invariant:** a record in `COMPLETED` never leaves that state (decision D-066).

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use vocabulary::{
    AttemptNo, CallbackId, CallbackState, EffectId, PhoneNumber, ServiceName, SessionId, Timestamp,
};

use crate::row::{
    BookingRow, CallbackRow, DialAttemptRow, EffectRow, EffectState, OutboxRow, QueueEntryRow, SessionRow,
    TimelineRow, TimerRow,
};

/// One change. Changes of a transaction are applied in order, all or none.
#[derive(Clone, Debug, PartialEq)]
pub enum Write {
    /// A new record. Conflict when the id exists.
    InsertCallback(Box<CallbackRow>),
    /// Replaces a record. Conflict when it does not exist, or its stored state is not `expected`.
    UpdateCallback {
        /// The new row.
        row: Box<CallbackRow>,
        /// State that must be stored now; `None` accepts any but `COMPLETED`. With `Some(COMPLETED)` keys can be
        /// added to a completed record, whose new state must be `COMPLETED` too.
        expected: Option<CallbackState>,
    },
    /// Erases a record with everything that is kept about it: its sessions and their children, timeline, dial
    /// attempts, reports, reservations and messages. An unknown id is ignored.
    DeleteCallback(CallbackId),
    /// Writes a session; one with the same id is replaced.
    PutSession(Box<SessionRow>),
    /// Marks a session ended and empties it: snapshot, context, effects, timers and queue entries go. The row stays,
    /// so that a late reply can be told; it goes with its callback. Unknown ids are ignored, and the first end counts.
    EndSession {
        /// Which.
        id: SessionId,
        /// When.
        at: Timestamp,
    },
    /// Erases the sessions without callback that ended before this point, with the lines that they left.
    DeleteEndedSessions {
        /// The point.
        before: Timestamp,
    },
    /// Writes an effect; one with the same id is replaced. In state `Done` it is removed.
    PutEffect(EffectRow),
    /// Changes the state of an effect; unknown ids are ignored. `Done` removes the row.
    SetEffectState {
        /// Which.
        id: EffectId,
        /// New state.
        state: EffectState,
    },
    /// Writes a timer; one with the same session and id is replaced.
    PutTimer(TimerRow),
    /// Removes a timer; unknown ones are ignored.
    DeleteTimer {
        /// Session.
        session: SessionId,
        /// Id within the session.
        id: String,
    },
    /// Writes a queue entry; one with the same id is replaced.
    PutQueueEntry(QueueEntryRow),
    /// Removes a queue entry; unknown ones are ignored.
    DeleteQueueEntry(EffectId),
    /// A new dial attempt. Conflict when this (callback, attempt) exists.
    InsertDialAttempt(DialAttemptRow),
    /// How an attempt ended; unknown ones are ignored.
    FinishDialAttempt {
        /// Callback.
        callback: CallbackId,
        /// Number of the attempt.
        attempt: AttemptNo,
        /// Call state.
        call_state: u8,
    },
    /// Appends a line to a timeline.
    AppendTimeline(TimelineRow),
    /// Writes a message that has to leave; one with the same id is replaced.
    PutOutbox(OutboxRow),
    /// Removes a message; unknown ones are ignored.
    DeleteOutbox(String),
    /// A new reservation. Conflict when the pair of access number and code is held by another callback, be it past its
    /// end: put [`Write::DeleteExpiredBookings`] before it. The holder's own is replaced.
    InsertBooking(BookingRow),
    /// Removes the reservations of a callback.
    DeleteBookings(CallbackId),
    /// Removes the reservations that end at this point or ended before it.
    DeleteExpiredBookings {
        /// The point.
        at: Timestamp,
    },
    /// Keeps the texts of a chart under its content hash: JSON text of file name to text. A hash that
    /// is known keeps its text.
    PutChart {
        /// Content hash.
        hash: String,
        /// JSON text.
        text: String,
    },
    /// Keeps a value that sessions share under its content hash. A hash that is known keeps its text.
    PutSharedValue {
        /// Content hash.
        hash: String,
        /// JSON text.
        text: String,
    },
    /// Appends a reporting event: JSON text of its keys.
    AppendReport {
        /// Callback.
        callback: CallbackId,
        /// Engine time.
        at: Timestamp,
        /// JSON text.
        body: String,
    },
    /// Keeps a small value under a name (clock, averages), in place of the one before.
    PutMeta {
        /// Name.
        name: String,
        /// Value.
        value: String,
    },
}

/// Why the store did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A condition of the transaction does not hold; nothing was written. Refused, not to be retried as it is.
    #[error("the store holds something else: {what}")]
    Conflict {
        /// Which condition.
        what: String,
    },
    /// The database failed; nothing was written. May be retried.
    #[error("{attempt} failed: {problem}")]
    Failed {
        /// What was tried.
        attempt: String,
        /// What the database said.
        problem: String,
    },
    /// The folder cannot be used: not writable, or held by another process.
    #[error("cannot open the store in {folder}: {problem}")]
    Open {
        /// The folder.
        folder: String,
        /// Why, and what to do.
        problem: String,
    },
    /// The store is closing.
    #[error("the store is closed")]
    Closed,
}

/// Which callbacks to list. Every field narrows; the default lists all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallbackQuery {
    /// Of this service.
    pub service: Option<ServiceName>,
    /// Of none of these services.
    pub except_services: Vec<ServiceName>,
    /// Of this customer.
    pub customer_number: Option<PhoneNumber>,
    /// In one of these states; empty is any.
    pub states: Vec<CallbackState>,
    /// Whose property or user data under this name has this text; numbers and other values by their JSON text.
    pub properties: Vec<(String, String)>,
    /// Desired not before.
    pub desired_from: Option<Timestamp>,
    /// Desired before.
    pub desired_to: Option<Timestamp>,
    /// Requested not before.
    pub requested_from: Option<Timestamp>,
    /// At most so many; 0 is 500. Ordered by desired time, then id.
    pub limit: usize,
}

/// A future of the store.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// The store. Cheap to share as `Arc<dyn Store>`.
///
/// # Cancel safety
/// A `commit` whose future is dropped may or may not be written; every other call only reads.
pub trait Store: Send + Sync + fmt::Debug {
    /// Applies a transaction. When it returns, the transaction is durable and every read sees it.
    ///
    /// # Errors
    /// [`Error::Conflict`] when a condition of a write does not hold, [`Error::Failed`] when the disk or the database
    /// fails, [`Error::Closed`] when the store is closing. In each case nothing was written.
    fn commit(&self, writes: Vec<Write>) -> StoreFuture<'_, ()>;
    /// A record.
    fn callback(&self, id: CallbackId) -> StoreFuture<'_, Option<CallbackRow>>;
    /// Records that match.
    fn callbacks(&self, query: CallbackQuery) -> StoreFuture<'_, Vec<CallbackRow>>;
    /// How many records match, counted up to the limit of the query; 0 counts all.
    fn count_callbacks(&self, query: CallbackQuery) -> StoreFuture<'_, u64>;
    /// Scheduled records desired before this point, the earliest first, then by id.
    fn scheduled_before(&self, before: Timestamp, limit: usize) -> StoreFuture<'_, Vec<CallbackRow>>;
    /// Records whose life time ended before this point, whatever their state, the earliest first, then by id.
    fn expired_before(&self, before: Timestamp, limit: usize) -> StoreFuture<'_, Vec<CallbackRow>>;
    /// A session, running or ended.
    fn session(&self, id: SessionId) -> StoreFuture<'_, Option<SessionRow>>;
    /// All running sessions, ordered by id.
    fn running_sessions(&self) -> StoreFuture<'_, Vec<SessionRow>>;
    /// Effects that are not done, ordered by session, step and index.
    fn open_effects(&self) -> StoreFuture<'_, Vec<EffectRow>>;
    /// Timers due before this point, ordered by due time, session, id.
    fn timers_before(&self, before: Timestamp, limit: usize) -> StoreFuture<'_, Vec<TimerRow>>;
    /// All queue entries, ordered by id.
    fn queue_entries(&self) -> StoreFuture<'_, Vec<QueueEntryRow>>;
    /// Dial attempts of a callback, in order.
    fn dial_attempts(&self, callback: CallbackId) -> StoreFuture<'_, Vec<DialAttemptRow>>;
    /// The timeline of a callback, in order.
    fn timeline(&self, callback: CallbackId) -> StoreFuture<'_, Vec<TimelineRow>>;
    /// Messages due before this point whose target is none of `except`, ordered by due time, id.
    fn outbox_before(
        &self,
        before: Timestamp,
        limit: usize,
        except: Vec<String>,
    ) -> StoreFuture<'_, Vec<OutboxRow>>;
    /// Reservations that live at this point, of one access number or (`None`) of all, ordered by number and code.
    ///
    /// A reservation lives until, but not at, its end.
    fn bookings(&self, access_number: Option<String>, at: Timestamp) -> StoreFuture<'_, Vec<BookingRow>>;
    /// Reporting events of a callback, in order: JSON texts.
    fn reports(&self, callback: CallbackId) -> StoreFuture<'_, Vec<String>>;
    /// The texts of a chart.
    fn chart(&self, hash: String) -> StoreFuture<'_, Option<String>>;
    /// A value that sessions share: its JSON text.
    fn shared_value(&self, hash: String) -> StoreFuture<'_, Option<String>>;
    /// A small value.
    fn meta(&self, name: String) -> StoreFuture<'_, Option<String>>;
}
