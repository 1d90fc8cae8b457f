//! Callbacks end to end: over HTTP, against the real binary, under the manual clock.
//!
//! One file for each area. Every test starts a node of its own ([`scenarios::Platform`]).

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests: what goes wrong in them fails the test that uses them"
)]

mod abandonment;
mod access;
mod agents;
mod bad_input;
mod basic_http;
mod cancel;
mod classic_inbound;
mod crash;
mod custom_chart;
mod delayed;
mod demo;
mod dial_ahead;
mod guide_sample;
mod hostile;
mod immediate;
mod inbound;
mod lost_session;
mod notification;
mod operations;
mod orchestration;
mod ors;
mod pause;
mod plugin;
mod queries;
mod queue_options;
mod reservations;
mod scheduled;
mod starting;
mod targets;
mod waiting_time;

use scenarios::{Callback, Platform};
use serde_json::{Value, json};

/// The customer.
const CUSTOMER: &str = "+12025550123";
/// Setup, ringing and detection on the simulated switch: after it somebody is known to be on the line.
const UNTIL_ANSWERED: f64 = 6.0;
/// Setup and a little ringing.
const WHILE_RINGING: f64 = 2.0;

/// A request of the customer and nothing else.
fn customer() -> Value {
    json!({ "_customer_number": CUSTOMER })
}

/// Starts a callback whose customer answers, up to the wait for an agent on the line.
async fn waiting_on_the_line(platform: &Platform, service: &str) -> Callback {
    let callback = platform.begin(service, &customer()).await;
    platform.advance(UNTIL_ANSWERED).await;
    assert_eq!(platform.state(&callback).await, "ROUTING");
    callback
}

/// An agent takes the call that waits, and the customer ends it.
async fn served_by_an_agent(platform: &Platform, callback: &Callback) {
    platform.agent_answers("7001").await;
    platform.advance(1.0).await;
    assert_eq!(platform.state(callback).await, "PROCESSING");
    platform.hang_up(CUSTOMER).await;
    assert_eq!(platform.state(callback).await, "COMPLETED/AGENT_CONNECTED");
}

/// Disposition and final dial result, to compare with.
fn outcome(disposition: &str, result: &str) -> (String, String) {
    (disposition.to_owned(), result.to_owned())
}
