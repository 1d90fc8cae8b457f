//! The HTTP surface: parses, authorises, asks the engine, renders.
//!
//! What it deliberately does not do: it decides nothing about callbacks. Which request is refused, and why, comes
//! from the engine; this crate gives the refusal its status, code, phrase and text.
//!
//! **Invariants**
//! * Status, code, phrase and message of every refusal are in one file, `errors.rs`.
//! * Administration, orchestration and agents want credentials on every path (decision D-115); one exception: the
//!   request URL of a session with that session's secret, which is how plugins answer.
//! * Nothing is read without a limit of size and time.

mod admin;
mod agents;
mod auth;
mod body;
mod callbacks;
mod cors;
mod devices;
mod documents;
mod errors;
mod gateway;
mod operations;
mod orchestration;
mod query;
mod reply;
mod router;
mod routes;
mod server;
mod services;
mod settings;
mod simulator;
mod view;

pub use server::{RunningServer, ServeError, listen, serve};
pub use settings::{ClientCredentials, Credentials, Settings};
