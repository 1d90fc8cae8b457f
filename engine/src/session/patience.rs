//! Commits on a disk that fails for a while.
//!
//! [`store::Error::Failed`] promises that nothing was written, so that a step can be tried again for as long as its
//! session lives. Whoever asks for a new session waits for the answer: a first step is given up soon.

use std::time::Duration;

use store::Write;

use crate::metrics::Metrics;
use crate::node::Node;

/// Commits of a first step that are tried.
const FIRST_COMMIT_ATTEMPTS: u32 = 5;
/// Pause after the first failure, in real time: the disk knows no other. Doubled after each further one.
const PAUSE: Duration = Duration::from_millis(200);
/// Longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// Failures between two lines of the log: about a minute.
const FAILURES_TOLD: u32 = 12;

/// Commits the step that creates a session.
///
/// # Errors
/// Those of the store; [`store::Error::Failed`] after the last attempt.
pub(crate) async fn commit_first(node: &Node, writes: Vec<Write>) -> Result<(), store::Error> {
    let mut attempt = 1;
    loop {
        match node.store.commit(writes.clone()).await {
            Err(store::Error::Failed { .. }) if attempt < FIRST_COMMIT_ATTEMPTS => {
                attempt += 1;
                tokio::time::sleep(PAUSE).await;
            }
            result => return result,
        }
    }
}

/// Commits a later step, however long the store fails: what the session did and holds is lost to nobody.
///
/// # Errors
/// [`store::Error::Conflict`] and [`store::Error::Closed`], at once.
pub(crate) async fn commit(node: &Node, writes: Vec<Write>) -> Result<(), store::Error> {
    let mut waits: Option<Waits<'_>> = None;
    let mut pause = PAUSE;
    loop {
        match node.store.commit(writes.clone()).await {
            Err(error @ store::Error::Failed { .. }) => {
                waits.get_or_insert_with(|| Waits::begin(&node.metrics)).failed(&error);
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSE_MAX);
            }
            result => return result,
        }
    }
}

/// A step that waits for the store. The first of them speaks for all: there may be thousands.
struct Waits<'a> {
    metrics: &'a Metrics,
    speaks: bool,
    failures: u32,
}

impl<'a> Waits<'a> {
    fn begin(metrics: &'a Metrics) -> Self {
        Self { metrics, speaks: metrics.waiting_commits.inc() == 0, failures: 0 }
    }

    fn failed(&mut self, error: &store::Error) {
        self.metrics.failed_commits.inc();
        if self.speaks && self.failures.is_multiple_of(FAILURES_TOLD) {
            let waiting = self.metrics.waiting_commits.get();
            tracing::error!(%error, waiting, "Steps cannot be stored; their sessions wait until the store works again.");
        }
        self.failures += 1;
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        if self.metrics.waiting_commits.dec() == 1 {
            tracing::info!("Steps are stored again.");
        }
    }
}
