//! The Store port, its SQLite and its memory form.

mod port;
mod row;

pub use port::{CallbackQuery, Error, Store, StoreFuture, Write};
pub use row::{
    BookingRow, CallbackRow, DialAttemptRow, EffectRow, EffectState, OutboxRow, QueueEntryRow, SessionRow,
    TimelineRow, TimerRow,
};
