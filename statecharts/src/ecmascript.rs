//! The ECMAScript data model, on QuickJS.

pub(crate) mod context;
pub(crate) mod declarations;
pub(crate) mod meter;
pub(crate) mod model;
pub(crate) mod natives;
#[cfg(test)]
mod tests;
pub(crate) mod values;
pub(crate) mod wrap;

/// Names of the platform in the scope of every session; charts cannot declare or assign them (scxml: 5.10).
pub(crate) const RESERVED: &[&str] = &["_event", "_sessionid", "_name", "_ioprocessors", "_x", "_data", "In"];
