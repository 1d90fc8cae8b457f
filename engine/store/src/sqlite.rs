//! The store in one `SQLite` file: one writer with group commit, several readers.
//!
//! ```text
//! commit ──> bounded channel ──> writer task: BEGIN, one SAVEPOINT each, COMMIT ──> answers
//! reads  ──> pool of read-only connections
//! ```
//!
//! The file is in WAL mode with `synchronous=FULL`: what is answered has been synced. Readers see every transaction
//! whose commit was answered, and never wait for the writer.
//!
//! **Invariant:** only the writer task writes, on exactly one connection.

mod apply;
mod folder;
mod reader;
mod writer;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use tokio::sync::{mpsc, oneshot};
use vocabulary::{CallbackId, SessionId, Timestamp};

use crate::port::{CallbackQuery, Error, Store, StoreFuture, Write};
use crate::row::{
    BookingRow, CallbackRow, DialAttemptRow, EffectRow, OutboxRow, QueueEntryRow, SessionRow, TimelineRow,
    TimerRow,
};
use folder::Folder;
use reader::Reader;
use writer::{Message, Transaction, Writer};

/// How a store is run. The defaults suit one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Connections that read at the same time, from 1; default 4.
    pub readers: u32,
    /// Transactions that may wait for the writer, from 1; a further caller waits for a place. Default 1,024.
    pub queue_max: usize,
    /// Transactions that become one commit at most, from 1; default 256. With 1 there is no group commit.
    pub group_max: usize,
    /// Size of the write-ahead log, in bytes, past which it is written back and cut to nothing; default 256 MiB.
    pub wal_max: u64,
    /// How long a statement waits while a program outside holds the file; default 5 s.
    pub busy_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            readers: 4,
            queue_max: 1024,
            group_max: 256,
            wal_max: 256 * 1024 * 1024,
            busy_timeout: Duration::from_secs(5),
        }
    }
}

/// The store in a folder: `ringback.db` with its write-ahead log, and the lock `ringback.lock`.
pub struct SqliteStore {
    folder: String,
    reader: Reader,
    writer: mpsc::Sender<Message>,
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl SqliteStore {
    /// Opens the store of a folder; folder and file are made when they are absent, older tables are brought up to date.
    ///
    /// Not for a paused clock: reads wait at most 30 s for a connection, which a paused clock skips at once; simulations
    /// use [`crate::MemoryStore`].
    ///
    /// Must be called on the tokio runtime that is to run the writer task. The folder stays locked until
    /// [`SqliteStore::close`] returns or, when the store is only dropped, until the writer task has ended.
    ///
    /// # Errors
    /// [`Error::Open`] when the folder cannot be written, is held by another process, or holds a file that is no store
    /// or was written by a newer version.
    pub async fn open(folder: &Path, options: Options) -> Result<Arc<Self>, Error> {
        let folder = Folder::hold(folder)?;
        let name = folder.name();
        let base = SqliteConnectOptions::new().filename(folder.database()).busy_timeout(options.busy_timeout);
        // The page size counts only before the file is made, and SQLx sets it before the journal mode.
        let writing = base
            .clone()
            .create_if_missing(true)
            .page_size(8192)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        let writer = Writer::open(folder, writing, &options).await?;
        let pool = SqlitePoolOptions::new()
            .max_connections(options.readers.max(1))
            .idle_timeout(None)
            .max_lifetime(None)
            // A connection to a file cannot go stale, so it needs no question before each use.
            .test_before_acquire(false)
            .connect_lazy_with(base.read_only(true));
        let (sender, messages) = mpsc::channel(options.queue_max.max(1));
        tokio::spawn(writer.run(messages));
        Ok(Arc::new(Self { folder: name, reader: Reader::new(pool), writer: sender }))
    }

    /// Closes the store: no new calls are taken, transactions that wait are written, the write-ahead log is written
    /// back and the folder is released. Closing twice is harmless.
    ///
    /// # Errors
    /// [`Error::Failed`] when the log could not be written back. Nothing is lost: the next opening does it.
    ///
    /// # Cancel safety
    /// When this future is dropped the store may be closing or not; call it again.
    pub async fn close(&self) -> Result<(), Error> {
        let (answer, closed) = oneshot::channel();
        let sent = self.writer.send(Message::Close(answer)).await;
        self.reader.close().await;
        if sent.is_err() {
            return Ok(());
        }
        closed.await.unwrap_or(Err(Error::Closed))
    }

    async fn write(&self, writes: Vec<Write>) -> Result<(), Error> {
        let (answer, committed) = oneshot::channel();
        let transaction = Transaction { writes, answer };
        if self.writer.send(Message::Commit(transaction)).await.is_err() {
            return Err(Error::Closed);
        }
        // The answer is lost only when the runtime of the writer task is shut down.
        committed.await.unwrap_or(Err(Error::Closed))
    }
}

impl Store for SqliteStore {
    fn commit(&self, writes: Vec<Write>) -> StoreFuture<'_, ()> {
        Box::pin(self.write(writes))
    }

    fn callback(&self, id: CallbackId) -> StoreFuture<'_, Option<CallbackRow>> {
        Box::pin(self.reader.callback(id))
    }

    fn callbacks(&self, query: CallbackQuery) -> StoreFuture<'_, Vec<CallbackRow>> {
        Box::pin(self.reader.callbacks(query))
    }

    fn count_callbacks(&self, query: CallbackQuery) -> StoreFuture<'_, u64> {
        Box::pin(self.reader.count_callbacks(query))
    }

    fn scheduled_before(
        &self,
        before: Timestamp,
        after: Option<(Timestamp, CallbackId)>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<CallbackRow>> {
        Box::pin(self.reader.scheduled_before(before, after, limit))
    }

    fn expired_before(
        &self,
        before: Timestamp,
        after: Option<(Timestamp, CallbackId)>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<CallbackRow>> {
        Box::pin(self.reader.expired_before(before, after, limit))
    }

    fn session(&self, id: SessionId) -> StoreFuture<'_, Option<SessionRow>> {
        Box::pin(self.reader.session(id))
    }

    fn running_sessions(&self) -> StoreFuture<'_, Vec<SessionRow>> {
        Box::pin(self.reader.running_sessions())
    }

    fn running_session_ids(&self) -> StoreFuture<'_, Vec<SessionId>> {
        Box::pin(self.reader.running_session_ids())
    }

    fn open_effects(&self) -> StoreFuture<'_, Vec<EffectRow>> {
        Box::pin(self.reader.open_effects())
    }

    fn timers_before(&self, before: Timestamp, limit: usize) -> StoreFuture<'_, Vec<TimerRow>> {
        Box::pin(self.reader.timers_before(before, limit))
    }

    fn queue_entries(&self) -> StoreFuture<'_, Vec<QueueEntryRow>> {
        Box::pin(self.reader.queue_entries())
    }

    fn dial_attempts(&self, callback: CallbackId) -> StoreFuture<'_, Vec<DialAttemptRow>> {
        Box::pin(self.reader.dial_attempts(callback))
    }

    fn timeline(&self, callback: CallbackId) -> StoreFuture<'_, Vec<TimelineRow>> {
        Box::pin(self.reader.timeline(callback))
    }

    fn outbox_before(
        &self,
        before: Timestamp,
        limit: usize,
        except: Vec<String>,
    ) -> StoreFuture<'_, Vec<OutboxRow>> {
        Box::pin(self.reader.outbox_before(before, limit, except))
    }

    fn bookings(&self, access_number: Option<String>, at: Timestamp) -> StoreFuture<'_, Vec<BookingRow>> {
        Box::pin(self.reader.bookings(access_number, at))
    }

    fn reports(&self, callback: CallbackId) -> StoreFuture<'_, Vec<String>> {
        Box::pin(self.reader.reports(callback))
    }

    fn chart(&self, hash: String) -> StoreFuture<'_, Option<String>> {
        Box::pin(self.reader.chart(hash))
    }

    fn shared_value(&self, hash: String) -> StoreFuture<'_, Option<String>> {
        Box::pin(self.reader.shared_value(hash))
    }

    fn meta(&self, name: String) -> StoreFuture<'_, Option<String>> {
        Box::pin(self.reader.meta(name))
    }
}

/// Says what was tried when the database fails; a closed pool is a closed store.
fn failed(attempt: &'static str) -> impl Fn(sqlx::Error) -> Error {
    move |problem| match problem {
        sqlx::Error::PoolClosed => Error::Closed,
        other => Error::Failed { attempt: attempt.to_owned(), problem: other.to_string() },
    }
}
