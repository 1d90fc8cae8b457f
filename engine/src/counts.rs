//! How many callbacks a service has queued, and how many it accepted lately: kept in memory, because every start asks.
//!
//! **Invariant:** looking and taking are one step under one lock: two starts never share the last place.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use vocabulary::{CallbackState, ServiceName, Timestamp};

/// The counts of all services.
#[derive(Debug, Default)]
pub(crate) struct Counts(Mutex<BTreeMap<ServiceName, OfService>>);

#[derive(Debug, Default)]
struct OfService {
    /// Records in state `QUEUED`.
    queued: u64,
    /// Starts that were let in and are not durable yet.
    starting: u64,
    /// Times of accepted requests, the oldest first.
    accepted: VecDeque<Timestamp>,
}

/// What a start may not exceed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Limits {
    /// Queued callbacks; `None` does not look.
    pub(crate) queued: Option<u64>,
    /// Accepted requests within an interval.
    pub(crate) windows: Vec<(u64, Duration)>,
}

/// The limit that is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reached {
    /// That of queued callbacks.
    Queued,
    /// That of an interval.
    Window(Duration),
}

/// A place that was taken; given back unless it is kept.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    counts: &'a Counts,
    service: ServiceName,
    at: Timestamp,
    is_kept: bool,
}

impl Counts {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<ServiceName, OfService>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place for a start.
    ///
    /// # Errors
    /// The limit that is reached; nothing is counted then.
    pub(crate) fn take(
        &self,
        service: &ServiceName,
        limits: &Limits,
        now: Timestamp,
    ) -> Result<Place<'_>, Reached> {
        let mut counts = self.lock();
        let count = counts.entry(service.clone()).or_default();
        let longest = limits.windows.iter().map(|(_, interval)| *interval).max().unwrap_or_default();
        while count.accepted.front().is_some_and(|at| *at + longest <= now) {
            count.accepted.pop_front();
        }
        if limits.queued.is_some_and(|max| count.queued + count.starting >= max) {
            return Err(Reached::Queued);
        }
        for (max, interval) in &limits.windows {
            let first = count.accepted.partition_point(|at| *at + *interval <= now);
            let within = u64::try_from(count.accepted.len() - first).unwrap_or(u64::MAX);
            if within >= *max {
                return Err(Reached::Window(*interval));
            }
        }
        count.starting += 1;
        count.accepted.push_back(now);
        Ok(Place { counts: self, service: service.clone(), at: now, is_kept: false })
    }

    /// A record has another state, or came to be (`before` is `None`).
    pub(crate) fn changed(&self, service: &ServiceName, before: Option<CallbackState>, after: CallbackState) {
        let mut counts = self.lock();
        let count = counts.entry(service.clone()).or_default();
        if before == Some(CallbackState::Queued) {
            count.queued = count.queued.saturating_sub(1);
        }
        if after == CallbackState::Queued {
            count.queued += 1;
        }
    }

    /// Requests that were accepted before a restart; `times` in order.
    pub(crate) fn remember(&self, service: &ServiceName, times: impl IntoIterator<Item = Timestamp>) {
        self.lock().entry(service.clone()).or_default().accepted.extend(times);
    }
}

impl Place<'_> {
    /// The start is durable.
    pub(crate) fn keep(mut self) {
        self.is_kept = true;
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut counts = self.counts.lock();
        let Some(count) = counts.get_mut(&self.service) else { return };
        count.starting = count.starting.saturating_sub(1);
        if !self.is_kept
            && let Some(index) = count.accepted.iter().rposition(|at| *at == self.at)
        {
            count.accepted.remove(index);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use vocabulary::{CallbackState, ServiceName, Timestamp};

    use super::{Counts, Limits, Reached};

    const HOUR: Duration = Duration::from_secs(3600);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_epoch_seconds(seconds)
    }

    #[test]
    fn an_interval_lets_in_again_when_the_oldest_is_past() {
        let (counts, sales) = (Counts::default(), ServiceName::new("sales"));
        let limits = Limits { queued: None, windows: vec![(2, HOUR)] };
        counts.take(&sales, &limits, at(0)).unwrap().keep();
        counts.take(&sales, &limits, at(10)).unwrap().keep();
        assert_eq!(counts.take(&sales, &limits, at(20)).err(), Some(Reached::Window(HOUR)));
        assert!(counts.take(&sales, &limits, at(3600)).is_ok());
    }

    #[test]
    fn a_start_that_fails_gives_its_place_back() {
        let (counts, sales) = (Counts::default(), ServiceName::new("sales"));
        let limits = Limits { queued: Some(1), windows: vec![(1, HOUR)] };
        drop(counts.take(&sales, &limits, at(0)).unwrap());
        assert!(counts.take(&sales, &limits, at(0)).is_ok());
    }

    #[test]
    fn starts_under_way_count_as_queued() {
        let (counts, sales) = (Counts::default(), ServiceName::new("sales"));
        let limits = Limits { queued: Some(1), windows: Vec::new() };
        let first = counts.take(&sales, &limits, at(0)).unwrap();
        assert_eq!(counts.take(&sales, &limits, at(0)).err(), Some(Reached::Queued));
        counts.changed(&sales, None, CallbackState::Queued);
        first.keep();
        assert_eq!(counts.take(&sales, &limits, at(0)).err(), Some(Reached::Queued));
        counts.changed(&sales, Some(CallbackState::Queued), CallbackState::Routing);
        assert!(counts.take(&sales, &limits, at(0)).is_ok());
    }
}
