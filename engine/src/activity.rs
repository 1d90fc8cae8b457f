//! Whether anything is under way.
//!
//! Every message between actors carries a [`Busy`] guard, and so does every task that works on one. When no guard is
//! left, the engine is at rest: nothing will happen before time passes or a request arrives. The manual clock moves
//! only then, so that a test never has to wait or guess.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// Counts what is under way. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Activity(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    under_way: AtomicUsize,
    came_to_rest: Notify,
}

/// Held as long as a piece of work is under way.
#[derive(Debug)]
pub(crate) struct Busy(Activity);

impl Activity {
    /// Marks a piece of work as under way until the guard is dropped.
    #[must_use]
    pub(crate) fn begin(&self) -> Busy {
        self.0.under_way.fetch_add(1, Ordering::AcqRel);
        Busy(self.clone())
    }

    /// Whether nothing is under way at this moment.
    #[must_use]
    pub(crate) fn is_at_rest(&self) -> bool {
        self.0.under_way.load(Ordering::Acquire) == 0
    }

    /// Returns when nothing is under way.
    ///
    /// # Cancel safety
    /// Safe: it only observes.
    pub(crate) async fn rest(&self) {
        loop {
            let notified = self.0.came_to_rest.notified();
            if self.is_at_rest() {
                return;
            }
            notified.await;
        }
    }
}

impl Clone for Busy {
    fn clone(&self) -> Self {
        self.0.begin()
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if self.0.0.under_way.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.0.came_to_rest.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Activity;

    #[tokio::test]
    async fn rest_comes_when_the_last_guard_is_dropped() {
        let activity = Activity::default();
        let first = activity.begin();
        let second = first.clone();
        drop(first);
        assert!(!activity.is_at_rest());
        drop(second);
        activity.rest().await;
        assert!(activity.is_at_rest());
    }
}
