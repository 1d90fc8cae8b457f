//! The Store port, its `SQLite` form and its memory form.
//!
//! The port ([`Store`]) is transactions in, rows out. [`SqliteStore`] keeps them in one file, written by one task that
//! merges what waits into one commit. [`MemoryStore`] keeps them in maps, answers at once and fails on request: it is
//! the disk of the simulation.
//!
//! What a callback, a session or an effect means is not known here; rows are written and found again, nothing more.
//!
//! **Invariant:** one process, one writer: the folder is locked while a store is open.

mod conflict;
mod memory;
mod nesting;
mod port;
mod query;
mod row;
mod schema;
mod sqlite;

pub use memory::{CommitFault, Disk, FaultHook, MemoryStore};
pub use port::{CallbackQuery, Error, Store, StoreFuture, Write};
pub use row::{
    BookingRow, CallbackRow, DialAttemptRow, EffectRow, EffectState, OutboxRow, QueueEntryRow, SessionRow,
    TimelineRow, TimerRow,
};
pub use sqlite::{Options, SqliteStore};
