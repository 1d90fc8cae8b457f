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

mod abandonment;
mod activity;
mod admission;
pub mod api;
mod cancelling;
mod chance;
mod chart_check;
mod charts;
mod clock;
pub mod configuration;
mod counts;
mod derive;
mod desk;
mod devices;
mod dial_reports;
mod dialling;
mod disturbance;
mod egress;
mod engine;
mod ewt_source;
mod explaining;
mod fetching;
mod finding;
mod guards;
mod lists;
mod matching;
mod metrics;
mod node;
mod offers;
mod outbox;
mod pausing;
pub mod phone;
mod queueing;
mod record;
mod refusal;
mod restart;
mod resubmitting;
mod scheduled_starts;
mod scheduling;
mod session;
mod shared_values;
mod simulated;
mod simulator;
mod start;
mod starting;
pub mod surroundings;
mod timers;
mod urs_stat;
pub mod verbs;

pub use abandonment::AbandonmentView;
pub use chart_check::{ChartFinding, lints};
pub use charts::{ChartError, Charts};
pub use disturbance::Disturbance;
pub use egress::{Egress, EgressError, EgressFuture, EgressReply, EgressRequest, HttpEgress};
pub use engine::Engine;
pub use explaining::Why;
pub use refusal::{NumberRefusal, Refusal};
pub use routing;
pub use simulator::Simulator;
pub use start::{Settings, StartError};
pub use statecharts::basic_http::Request as BasicHttpRequest;
pub use statecharts::nesting::is_nested_deeper;
