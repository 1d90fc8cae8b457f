//! How many events a session may send: a token bucket over engine time. Pure.
//!
//! Sessions may answer each other without end, each event in a step of its own, where no limit of one step sees it. So what a session
//! sends is counted over time: a number at once, and then so many a second. The budget is part of the session's context, so that
//! a restart gives nobody a new one.

use serde::{Deserialize, Serialize};
use vocabulary::Timestamp;

/// What one event costs: the budget is filled each millisecond, by a thousandth of what a second gives.
const EVENT: u64 = 1000;

/// What a session has sent lately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SendBudget {
    /// What is missing from a full budget, in thousandths of an event, at `at`.
    spent: u64,
    /// When that was.
    at: Timestamp,
}

impl SendBudget {
    /// Whether nothing is missing.
    pub(crate) fn is_full(&self) -> bool {
        self.spent == 0
    }

    /// Takes an event out, if there is one: `at_once` is a full budget, `per_second` is what fills it.
    pub(crate) fn take(&mut self, now: Timestamp, at_once: usize, per_second: u32) -> bool {
        let millis = u64::try_from(now.since(self.at).as_millis()).unwrap_or(u64::MAX);
        self.spent = self.spent.saturating_sub(millis.saturating_mul(per_second.into()));
        // A clock that was set back gives nothing, and must not give it again.
        self.at = self.at.max(now);
        let spent = self.spent.saturating_add(EVENT);
        let is_left = spent <= (at_once as u64).saturating_mul(EVENT);
        if is_left {
            self.spent = spent;
        }
        is_left
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use vocabulary::Timestamp;

    use super::SendBudget;

    const NOW: Timestamp = Timestamp::from_millis(1_900_000_000_000);

    /// How many of these are taken.
    fn taken(budget: &mut SendBudget, wanted: usize, after_millis: u64) -> usize {
        let now = NOW + Duration::from_millis(after_millis);
        (0..wanted).filter(|_| budget.take(now, 10, 4)).count()
    }

    #[test]
    fn a_full_budget_is_there_at_once_and_no_more() {
        let mut budget = SendBudget::default();
        assert!(budget.is_full());
        assert_eq!(taken(&mut budget, 30, 0), 10);
        assert!(!budget.is_full());
    }

    #[test]
    fn time_fills_it_evenly_up_to_full() {
        let mut budget = SendBudget::default();
        assert_eq!(taken(&mut budget, 10, 0), 10);
        assert_eq!(taken(&mut budget, 9, 249), 0);
        assert_eq!(taken(&mut budget, 9, 250), 1);
        assert_eq!(taken(&mut budget, 9, 1_000), 3);
        assert_eq!(taken(&mut budget, 99, 3_600_000), 10);
    }

    #[test]
    fn what_is_refused_costs_nothing() {
        let mut budget = SendBudget::default();
        assert_eq!(taken(&mut budget, 1_000, 0), 10);
        assert_eq!(taken(&mut budget, 9, 250), 1);
    }

    #[test]
    fn a_clock_that_is_set_back_fills_nothing() {
        let mut budget = SendBudget::default();
        assert_eq!(taken(&mut budget, 10, 5_000), 10);
        assert_eq!(taken(&mut budget, 1, 0), 0);
        assert_eq!(taken(&mut budget, 1, 5_000), 0);
    }
}
