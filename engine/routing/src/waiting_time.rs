//! Waiting time by method `urs`: the average time between distributions of a queue.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use vocabulary::{QueueName, Timestamp};

/// Number of last distributions, and of last departures, that count (router reference: last 32 calls).
const WINDOW: usize = 32;

/// What a newcomer to a queue can expect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WaitingTime {
    /// Estimated wait, seconds.
    pub ewt: f64,
    /// Entries that wait.
    pub calls: usize,
    /// Position that a newcomer would have, 1 is the head.
    pub pos: usize,
    /// Average time per distribution, seconds.
    pub aqt: f64,
    /// Percent of the last departures that left by routing, 0 to 100 (decision D-048); 100 before the first.
    pub hit: u32,
}

/// Averages of all queues: what has to survive a restart.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Averages {
    /// By queue.
    pub queues: BTreeMap<QueueName, QueueAverages>,
}

/// Averages of a queue.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct QueueAverages {
    /// Times between distributions in milliseconds, the oldest first; at most 32.
    pub distribution_times_ms: VecDeque<u64>,
    /// Whether each of the last departures was a distribution, the oldest first; at most 32.
    pub departures: VecDeque<bool>,
    /// Last distribution.
    pub last_distribution: Option<Timestamp>,
}

/// What a queue remembers.
#[derive(Debug, Default)]
pub(crate) struct QueueStatistics {
    averages: QueueAverages,
    /// Since when, without a break, somebody has been waiting.
    waiting_from: Option<Timestamp>,
}

impl QueueStatistics {
    pub(crate) fn averages(&self) -> &QueueAverages {
        &self.averages
    }

    /// Takes over saved averages, in so far as they fit the window.
    pub(crate) fn restore(&mut self, mut averages: QueueAverages) {
        keep_last(&mut averages.distribution_times_ms);
        keep_last(&mut averages.departures);
        self.averages = averages;
    }

    /// An empty queue got its first entry.
    pub(crate) fn began_to_wait(&mut self, now: Timestamp) {
        self.waiting_from = Some(now);
    }

    /// An entry was given an agent.
    ///
    /// The time of this distribution counts from the one before, or from the end of an idle time after it: an
    /// empty night is no slow queue.
    pub(crate) fn distributed(&mut self, now: Timestamp) {
        let begin = self.waiting_from.max(self.averages.last_distribution);
        let took = begin.map_or(0, |begin| u64::try_from(now.since(begin).as_millis()).unwrap_or(u64::MAX));
        self.averages.distribution_times_ms.push_back(took);
        keep_last(&mut self.averages.distribution_times_ms);
        self.averages.last_distribution = Some(now);
        self.departed(true);
    }

    /// An entry left; `by_routing`: with an agent.
    pub(crate) fn departed(&mut self, by_routing: bool) {
        self.averages.departures.push_back(by_routing);
        keep_last(&mut self.averages.departures);
    }

    /// Average time per distribution in seconds. Before the first one: how long the queue has been waiting for
    /// it, the least that it can turn out to be. `None` for a queue in which nothing has happened yet.
    pub(crate) fn average_seconds(&self, waiting: usize, now: Timestamp) -> Option<f64> {
        let times = &self.averages.distribution_times_ms;
        if times.is_empty() {
            let begin = self.waiting_from.filter(|_| waiting > 0)?;
            return Some(now.since(begin).as_secs_f64());
        }
        let sum: f64 = times.iter().map(|ms| to_seconds(*ms)).sum();
        Some(sum / f64::from(u32::try_from(times.len()).unwrap_or(u32::MAX)))
    }

    /// Waiting time for a newcomer behind `waiting` others.
    //= decision: D-095 waiting time keeps floating point
    pub(crate) fn waiting_time(&self, waiting: usize, now: Timestamp) -> Option<WaitingTime> {
        let aqt = self.average_seconds(waiting, now)?;
        let pos = waiting + 1;
        Some(WaitingTime { ewt: estimate(aqt, pos), calls: waiting, pos, aqt, hit: self.hit() })
    }

    fn hit(&self) -> u32 {
        let all = self.averages.departures.len();
        let routed = self.averages.departures.iter().filter(|by_routing| **by_routing).count();
        (routed * 100).checked_div(all).and_then(|percent| u32::try_from(percent).ok()).unwrap_or(100)
    }
}

/// Estimated wait of the entry at `position`, seconds.
//= guide: EWT = average × (calls + 1)
//= decision: D-095 a queued call uses its position instead of calls + 1
pub(crate) fn estimate(average_seconds: f64, position: usize) -> f64 {
    average_seconds * f64::from(u32::try_from(position).unwrap_or(u32::MAX))
}

fn to_seconds(milliseconds: u64) -> f64 {
    std::time::Duration::from_millis(milliseconds).as_secs_f64()
}

fn keep_last<T>(window: &mut VecDeque<T>) {
    let surplus = window.len().saturating_sub(WINDOW);
    window.drain(..surplus);
}

#[cfg(test)]
mod tests {
    use super::{QueueAverages, QueueStatistics};
    use vocabulary::Timestamp;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_epoch_seconds(seconds)
    }

    #[test]
    fn waiting_time_is_the_average_times_the_position() {
        //= guide: EWT = average × (calls + 1)
        //= type=test
        let mut queue = QueueStatistics::default();
        queue.began_to_wait(at(0));
        for distribution in [60, 180, 240] {
            queue.distributed(at(distribution));
        }
        let waiting_time = queue.waiting_time(6, at(240)).unwrap();
        assert_eq!(waiting_time.aqt, 80.0);
        assert_eq!(waiting_time.ewt, 560.0);
        assert_eq!(waiting_time.pos, 7);
    }

    #[test]
    fn a_queue_without_history_and_entries_has_no_waiting_time() {
        assert_eq!(QueueStatistics::default().waiting_time(0, at(5)), None);
    }

    #[test]
    fn before_the_first_distribution_the_wait_so_far_counts() {
        let mut queue = QueueStatistics::default();
        queue.began_to_wait(at(0));
        let waiting_time = queue.waiting_time(1, at(30)).unwrap();
        assert_eq!(waiting_time.ewt, 60.0);
    }

    #[test]
    fn an_idle_time_does_not_slow_a_queue() {
        let mut queue = QueueStatistics::default();
        queue.began_to_wait(at(0));
        queue.distributed(at(10));
        queue.began_to_wait(at(40_000));
        queue.distributed(at(40_010));
        assert_eq!(queue.waiting_time(0, at(40_010)).unwrap().ewt, 10.0);
    }

    #[test]
    fn only_the_last_32_count() {
        let mut queue = QueueStatistics::default();
        queue.began_to_wait(at(0));
        queue.distributed(at(100_000));
        for n in 1..=32 {
            queue.distributed(at(100_000 + n));
        }
        assert_eq!(queue.waiting_time(0, at(200_000)).unwrap().aqt, 1.0);
    }

    #[test]
    fn hit_is_the_share_that_was_routed() {
        let mut queue = QueueStatistics::default();
        queue.began_to_wait(at(0));
        queue.distributed(at(1));
        assert_eq!(queue.waiting_time(0, at(1)).unwrap().hit, 100);
        queue.departed(false);
        queue.departed(false);
        queue.departed(false);
        assert_eq!(queue.waiting_time(0, at(1)).unwrap().hit, 25);
    }

    #[test]
    fn saved_averages_are_cut_to_the_window() {
        let mut queue = QueueStatistics::default();
        queue.restore(QueueAverages {
            distribution_times_ms: (0..1000).collect(),
            departures: std::iter::repeat_n(true, 1000).collect(),
            last_distribution: Some(at(1)),
        });
        assert_eq!(queue.averages().distribution_times_ms.len(), 32);
        assert_eq!(queue.averages().distribution_times_ms.front(), Some(&968));
    }
}
