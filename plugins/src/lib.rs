//! The on-dial plugin contract: what a plugin is told after each dial, and what it may answer.
//!
//! A plugin is a chart or an HTTP endpoint. After a dial the platform gives it [`OnDial`]; within `_ttl` seconds it
//! posts a [`Reply`] to `_reply_url`, once. [`test_kit`] has the situations that every plugin meets, and tells
//! whether an answer fits one. `on-dial.schema.json` in this folder says the same to other languages.
//!
//! What it deliberately does not do: it sends and receives nothing, and it knows nothing of the engine.
//!
//! **Invariant:** wire names and values are those of the guide (guide: on-dial plugin); a change here is a change
//! for every plugin there is.

mod lenient;
mod on_dial;
mod reply;
#[cfg(test)]
mod schema;
pub mod test_kit;

pub use on_dial::{NO_INTERACTION, OnDial};
pub use reply::{Action, INTERACTION_DELETED, OK, Reply, ReplyError};

/// The contract as JSON Schema (draft 2020-12): `$defs/on-dial` and `$defs/reply`.
pub const SCHEMA: &str = include_str!("../on-dial.schema.json");
