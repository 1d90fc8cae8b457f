//! Runs the real binary for tests that go over HTTP.
//!
//! A [`Platform`] is one node in a process of its own: `ringback serve` on a free port, with a manual clock and the
//! simulated switch. A test says what customers and agents do, moves the clock, and looks at what came of it. Beside
//! it stand a [`Peer`], an HTTP server that notes what it is told (notifications, on-dial plugins), a [`PushStream`]
//! and an [`AgentSocket`].
//!
//! What it deliberately does not do: it never sleeps and never asks twice. The node is up when it prints its address,
//! and it is at rest when it has answered a move of the clock.
//!
//! **Invariant:** a platform leaves nothing behind: its process ends and its folder goes with the value.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a harness of tests: what goes wrong here fails the test that uses it, at the place of the call"
)]

use std::time::Duration;

mod agent_socket;
mod peer;
mod platform;
mod program;
mod push_stream;
mod service;
mod setup;

pub use agent_socket::AgentSocket;
pub use peer::{Peer, Received};
pub use platform::{Callback, Platform, Reply};
pub use program::{Program, Refused, command, path_of};
pub use push_stream::PushStream;
pub use service::Service;
pub use setup::Setup;

/// Longest time that a test waits for a word of another process; one that hits it has found a hang, and says at what.
const PATIENCE: Duration = Duration::from_secs(60);
