//! Sessions: running charts, each an actor around the interpreter's pure step.
//!
//! **Invariant:** for every event: step, then one transaction of consumed event, snapshot, record, effects, timers and
//! timeline; then the effects are carried out; then the next event is taken.

mod actor;
pub(crate) mod answers;
pub(crate) mod context;
mod directory;
#[cfg(test)]
mod kin_tests;
pub(crate) mod order;
pub(crate) mod patience;
pub(crate) mod plan;
mod send_budget;
mod shard;

pub(crate) use actor::{Incoming, RecordAtStart};
pub(crate) use directory::{Delivered, Sessions, TellError};
pub(crate) use shard::{NewSession, RestoreSession, Shard};
