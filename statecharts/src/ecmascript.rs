//! The ECMAScript data model, on `QuickJS`.
//!
//! One runtime per worker, one context per chart, one scope object per session. What sessions share of a context cannot change: built-ins
//! and constants are frozen before the first text of a chart runs (`bootstrap.js`), and the names of a script are properties of
//! the session's scope (`wrap`, `declarations`). Time, chance and the current event come from the host (`natives`).

pub(crate) mod context;
pub(crate) mod declarations;
pub(crate) mod meter;
pub(crate) mod model;
pub(crate) mod natives;
mod patterns;
#[cfg(test)]
mod surroundings_tests;
pub(crate) mod syntax;
#[cfg(test)]
mod tests;
pub(crate) mod values;
pub(crate) mod wrap;
pub(crate) mod writer;

/// Names of the platform in the scope of every session; charts cannot declare or assign them (scxml: 5.10).
pub(crate) const RESERVED: &[&str] = &["_event", "_sessionid", "_name", "_ioprocessors", "_x", "_data", "In"];
