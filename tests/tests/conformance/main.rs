//! What the Recommendation demands, against the interpreter: the W3C's implementation report charts, and charts of our own.
//!
//! Every chart runs as it is, with every session hibernating between two steps, with every session written to JSON and read back
//! between two steps, and with the whole host written, dropped and read back at points that a seed chooses. All have to end in `pass`,
//! with the same records.
//!
//! `RINGBACK_SEED` repeats the points of a failure.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test says what it found, and stops at what cannot be"
)]

mod own;
mod running;
mod w3c;
