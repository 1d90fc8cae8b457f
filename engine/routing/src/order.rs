//! The order of waiting: priority, then age (decision D-092).

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

use vocabulary::Timestamp;

use crate::{Entry, PriorityGrowth};

/// Place of an entry among others; smaller is served first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct OrderKey {
    pub(crate) priority: Reverse<i64>,
    pub(crate) waiting_since: Timestamp,
    pub(crate) entered: Timestamp,
    pub(crate) id: Arc<str>,
}

impl OrderKey {
    /// The place of `entry` at `now`.
    pub(crate) fn at(entry: &Entry, id: &Arc<str>, now: Timestamp) -> Self {
        Self {
            priority: Reverse(effective_priority(entry, now)),
            waiting_since: entry.waiting_since,
            entered: entry.entered,
            id: Arc::clone(id),
        }
    }
}

/// Priority of an entry at `now`: start + increment × whole intervals waited.
//= decision: D-092 priority growth follows the guide's resubmit formula
pub(crate) fn effective_priority(entry: &Entry, now: Timestamp) -> i64 {
    let Some((growth, interval)) = growth_of(entry) else {
        return entry.priority;
    };
    let waited = now.since(entry.waiting_since).as_millis();
    let intervals = i64::try_from(waited / interval.as_millis()).unwrap_or(i64::MAX);
    entry.priority.saturating_add(growth.increment.saturating_mul(intervals))
}

/// The next point at which the priority of an entry changes; `None` without growth.
pub(crate) fn next_growth(entry: &Entry, now: Timestamp) -> Option<Timestamp> {
    let (_, interval) = growth_of(entry)?;
    let waited = now.since(entry.waiting_since).as_millis();
    let intervals = waited / interval.as_millis() + 1;
    let until = intervals.checked_mul(interval.as_millis())?;
    Some(entry.waiting_since + Duration::from_millis(u64::try_from(until).ok()?))
}

/// Growth that changes anything; intervals below a millisecond, the resolution of time, are none.
fn growth_of(entry: &Entry) -> Option<(PriorityGrowth, Duration)> {
    let growth = entry.growth?;
    (growth.increment != 0 && growth.interval.as_millis() > 0).then_some((growth, growth.interval))
}
