//! The tools that look at charts without executing them, through the command line: validate, render, schema.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::print_stderr, reason = "a test that is skipped says so")]

#[path = "chart_documents/render.rs"]
mod render;
#[path = "chart_documents/schema.rs"]
mod schema;
#[path = "chart_documents/validate.rs"]
mod validate;

use std::ffi::OsStr;
use std::path::PathBuf;

use scenarios::{Program, Refused, command};

/// The folder of the repository.
fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Runs `ringback chart …` in the folder of the repository.
fn chart<A: AsRef<OsStr>>(arguments: &[A]) -> Refused {
    let mut ringback = command("ringback");
    ringback.current_dir(repository()).arg("chart").args(arguments);
    Program::run(ringback)
}

/// The charts that we ship and those of the examples.
const CHARTS: &[&str] = &[
    "statecharts/charts/callback.scxml",
    "statecharts/charts/inbound.scxml",
    "statecharts/charts/classic_inbound.scxml",
    "examples/charts/reminder.scxml",
];
