//! The engine: the life of a callback, from admission to completion.
//!
//! A callback is a session that executes a state chart. The engine starts the session, writes what each step asks
//! for to the store, and only then carries it out: queueing, dialling, treatments, plugins, timers, notifications.
//!
//! What it deliberately does not do: it has no rule of a scenario (those are in the charts) and knows nothing of
//! HTTP requests (the gateway parses and renders).
//!
//! **Invariants**
//! * Nothing is acknowledged or carried out before the transaction that says it is durable.
//! * At most one dial for each (callback, attempt), also across a crash.
//! * A session's failure ends that session, never another one, never the process.

mod activity;
pub mod api;
mod clock;
pub mod configuration;
mod engine;
pub mod phone;
mod refusal;
pub mod verbs;

pub use engine::{Engine, Simulator};
pub use refusal::{NumberRefusal, Refusal};
