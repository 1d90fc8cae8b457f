//! Why the program ends other than it should, and the exit code that says so.

use std::fmt;
use std::process::ExitCode;

/// A failure with everything that its reader needs.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Exit code 2: the configuration, the data folder or the port cannot be used. Nothing was started.
    Unusable(String),
    /// Exit code 1: a chart has errors, or something broke while running.
    Failed(String),
}

impl Failure {
    /// An error before the start, with its causes.
    pub(crate) fn unusable(error: impl Into<anyhow::Error>) -> Self {
        Self::Unusable(chain(&error.into()))
    }

    /// An error of the running program, with its causes.
    pub(crate) fn failed(error: impl Into<anyhow::Error>) -> Self {
        Self::Failed(chain(&error.into()))
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Unusable(_) => ExitCode::from(2),
            Self::Failed(_) => ExitCode::from(1),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unusable(text) | Self::Failed(text) => f.write_str(text),
        }
    }
}

/// `what: why: why that`.
fn chain(error: &anyhow::Error) -> String {
    format!("{error:#}")
}
