//! The shipped charts, driven by a scripted platform: every event, and what the chart asks for then.
//!
//! No engine takes part. What is tested is the text of the charts: scenarios U1–U7, D1–D3 and G1–G6 of the
//! specification, cancel and expiry in every phase, pause, restart, late and doubled events.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

#[path = "charts/access.rs"]
mod access;
#[path = "charts/checks.rs"]
mod checks;
#[path = "charts/delayed.rs"]
mod delayed;
#[path = "charts/ending.rs"]
mod ending;
#[path = "charts/immediate.rs"]
mod immediate;
#[path = "charts/inbound.rs"]
mod inbound;
#[path = "charts/platform.rs"]
mod platform;
#[path = "charts/plugin.rs"]
mod plugin;
#[path = "charts/reporting.rs"]
mod reporting;
#[path = "charts/requests.rs"]
mod requests;
#[path = "charts/seen.rs"]
mod seen;
