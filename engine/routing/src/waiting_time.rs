//! Waiting time: how long an interaction will wait, by which estimate, and why it is that long.
//!
//! | method | average time per call (`aqt`) | estimate at position *p* |
//! | --- | --- | --- |
//! | `urs` | mean time between the last 32 distributions of the queue | `aqt × p` |
//! | `urs2` | 1 / Σ 1/(handling time × queues) over the agents who serve it | `aqt × p` |
//! | `stat` | handling time / agents at work | `aqt × (p − 1)`, the calls ahead |
//!
//! A newcomer has the position `calls + 1`. Nothing is rounded (decision D-095).

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use vocabulary::{AgentId, QueueName, Timestamp};

use crate::average::MovingAverage;
use crate::dial_ahead::DialAverages;
use crate::reader::proposal;

/// Number of last distributions, and of last departures, that count (router reference: last 32 calls).
const WINDOW: usize = 32;
/// Most target sets of which a queue remembers that they served it.
const SERVED_BY_MAX: usize = 8;

/// How a waiting time is estimated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// `urs`, also `ewt1`: from the last distributions of the queue. Default of a query.
    #[default]
    Urs,
    /// `urs2`, also `ewt2`: from the handling times of the agents who serve the queue.
    Urs2,
    /// `stat`, also `ewt3`: from the average handling time and the number of agents.
    Stat,
}

/// No estimate has the name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is no way to estimate a waiting time: expected urs, urs2 or stat{proposal}")]
pub struct UnknownMethod {
    /// As written.
    pub name: String,
    /// `; did you mean …?`, or nothing.
    proposal: String,
}

impl Method {
    const NAMES: [(&str, Self); 6] = [
        ("urs", Self::Urs),
        ("urs2", Self::Urs2),
        ("stat", Self::Stat),
        ("ewt1", Self::Urs),
        ("ewt2", Self::Urs2),
        ("ewt3", Self::Stat),
    ];

    /// Reads the value of the parameter `aqt`.
    ///
    /// # Errors
    /// [`UnknownMethod`] with the nearest known name.
    pub fn parse(name: &str) -> Result<Self, UnknownMethod> {
        let found = Self::NAMES.into_iter().find(|(known, _)| *known == name);
        found.map(|(_, method)| method).ok_or_else(|| UnknownMethod {
            name: name.to_owned(),
            proposal: proposal(name, Self::NAMES.into_iter().map(|(known, _)| known)),
        })
    }
}

/// What an interaction can expect; the fields of the waiting-time query.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WaitingTime {
    /// Moment of the answer, seconds since the epoch.
    pub time: i64,
    /// Interactions that wait.
    pub calls: usize,
    /// The same (decision D-048).
    pub wcalls: usize,
    /// Position, 1 is the head; `calls + 1` for a newcomer.
    pub pos: usize,
    /// The same (decision D-048).
    pub wpos: usize,
    /// How long the interaction has waited, seconds; 0 for a newcomer.
    pub wt: f64,
    /// Average time per call, seconds.
    pub aqt: f64,
    /// Estimated wait, seconds.
    pub ewt: f64,
    /// Percent of the last departures that left by routing, 0 to 100 (decision D-048); 100 before the first.
    pub hit: u32,
}

/// Where an interaction stands that asks how long it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It would enter now.
    Newcomer,
    /// It waits.
    Waiting {
        /// Position, 1 is the head.
        position: usize,
        /// For how long so far.
        waited: Duration,
    },
}

/// An agent's part in the service of a queue.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AgentShare {
    /// Who.
    pub agent: AgentId,
    /// Average handling time, seconds.
    pub handling_seconds: f64,
    /// Whether that was measured; otherwise it is the average of the others.
    pub is_measured: bool,
    /// Queues that the agent serves now, at least 1: shared agents count as so many times slower.
    pub queues: usize,
    /// Those among them that are asked about: 1, or more for a group of queues.
    pub queues_asked: usize,
}

impl AgentShare {
    /// Calls per second that the agent takes from what is asked about.
    #[must_use]
    pub fn rate(&self) -> f64 {
        let share = self.queues_asked as f64 / self.queues.max(1) as f64;
        if self.handling_seconds > 0.0 { share / self.handling_seconds } else { 0.0 }
    }
}

/// What an estimate is made of.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "method", rename_all = "lowercase")]
pub enum Basis {
    /// Method `urs`.
    Urs {
        /// Distributions that count, at most 32 of each queue.
        samples: usize,
        /// Mean time between them, seconds; before the first one the time for which it has been waited for.
        average_seconds: f64,
    },
    /// Method `urs2`.
    Urs2 {
        /// Agents who count; those without any handling time to go by are left out.
        agents: Vec<AgentShare>,
    },
    /// Method `stat`.
    Stat {
        /// Average handling time of the agents, seconds.
        handling_seconds: f64,
        /// Agents at work.
        agents: usize,
    },
}

impl Basis {
    /// Average time per call, seconds; `None` when nobody serves.
    #[must_use]
    pub fn average_seconds(&self) -> Option<f64> {
        match self {
            Self::Urs { average_seconds, .. } => Some(*average_seconds),
            Self::Urs2 { agents } => {
                let rate: f64 = agents.iter().map(AgentShare::rate).sum();
                (rate > 0.0).then(|| 1.0 / rate)
            }
            Self::Stat { handling_seconds, agents } => {
                (*agents > 0).then(|| handling_seconds / *agents as f64)
            }
        }
    }

    /// Calls for which the average time passes until it is the turn of `position`.
    const fn calls_until(&self, position: usize) -> usize {
        match self {
            Self::Urs { .. } | Self::Urs2 { .. } => position,
            Self::Stat { .. } => position.saturating_sub(1),
        }
    }
}

/// An estimate with its inputs: why it is this long.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// Queues that were asked about: one, or those of a group.
    pub queues: Vec<QueueName>,
    /// Position, 1 is the head.
    pub position: usize,
    /// Average time per call, seconds.
    pub aqt: f64,
    /// Estimated wait, seconds.
    pub ewt: f64,
    /// What the average comes from.
    pub basis: Basis,
    /// All of it in a sentence.
    pub text: String,
}

/// What a waiting-time query is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inquiry {
    /// Queues: one, or those of a group.
    pub queues: Vec<QueueName>,
    /// Interactions that wait there.
    pub calls: usize,
    /// Percent of the last departures that left by routing.
    pub hit: u32,
    /// Who asks.
    pub standing: Standing,
}

/// Answers a waiting-time query; `None` when there is nothing to go by.
#[must_use]
pub fn estimate_wait(inquiry: Inquiry, basis: Basis, now: Timestamp) -> Option<(WaitingTime, Explanation)> {
    let Inquiry { queues, calls, hit, standing } = inquiry;
    let (pos, waited) = match standing {
        Standing::Newcomer => (calls + 1, Duration::ZERO),
        //= decision: D-095 a queued call uses its position instead of calls + 1
        Standing::Waiting { position, waited } => (position, waited),
    };
    let aqt = basis.average_seconds()?;
    let ewt = estimate(aqt, basis.calls_until(pos));
    let time = WaitingTime {
        time: now.epoch_seconds(),
        calls,
        wcalls: calls,
        pos,
        wpos: pos,
        wt: waited.as_secs_f64(),
        aqt,
        ewt,
        hit,
    };
    let text = sentence(&queues, pos, aqt, ewt, &basis);
    Some((time, Explanation { queues, position: pos, aqt, ewt, basis, text }))
}

/// What a newcomer can expect where `calls` wait already: the average time for `ahead` calls.
pub(crate) fn newcomers_wait(calls: usize, hit: u32, aqt: f64, ahead: usize, now: Timestamp) -> WaitingTime {
    WaitingTime {
        time: now.epoch_seconds(),
        calls,
        wcalls: calls,
        pos: calls + 1,
        wpos: calls + 1,
        wt: 0.0,
        aqt,
        ewt: estimate(aqt, ahead),
        hit,
    }
}

fn sentence(queues: &[QueueName], position: usize, aqt: f64, ewt: f64, basis: &Basis) -> String {
    let names: Vec<_> = queues.iter().map(|queue| format!("`{queue}`")).collect();
    let why = match basis {
        Basis::Urs { samples: 0, .. } => {
            format!("nobody was served yet, and the first has waited for {aqt:.0} s")
        }
        Basis::Urs { samples, .. } => {
            format!("the last {samples} calls were given to agents {aqt:.1} s apart")
        }
        Basis::Urs2 { agents } => {
            let shared = agents.iter().filter(|agent| agent.queues > agent.queues_asked).count();
            let also = match shared {
                0 => String::new(),
                count => format!(", of whom {count} serve other queues too,"),
            };
            format!("{} agents{also} take a call every {aqt:.1} s", agents.len())
        }
        Basis::Stat { handling_seconds, agents } => {
            format!("{agents} agents need {handling_seconds:.1} s for a call")
        }
    };
    let calls = basis.calls_until(position);
    format!("{} in {}: {why}; {calls} × {aqt:.1} s = {ewt:.0} s", Ordinal(position), names.join(", "))
}

/// 1st, 2nd, 3rd, 4th.
pub(crate) struct Ordinal(pub(crate) usize);

impl fmt::Display for Ordinal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ending = match (self.0 % 100, self.0 % 10) {
            (11..=13, _) => "th",
            (_, 1) => "st",
            (_, 2) => "nd",
            (_, 3) => "rd",
            _ => "th",
        };
        write!(f, "{}{ending}", self.0)
    }
}

/// What has to survive a restart: averages of queues, of agents, and of dials.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "SavedAverages")]
pub struct Averages {
    /// By queue.
    pub queues: BTreeMap<QueueName, QueueAverages>,
    /// Handling times by agent.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub agents: BTreeMap<AgentId, MovingAverage>,
    /// What dials showed, by targets as written.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dials: BTreeMap<String, DialAverages>,
}

/// Averages as they were ever saved: the first form had nothing but the queues.
#[derive(Deserialize)]
#[serde(untagged)]
enum SavedAverages {
    Now {
        queues: BTreeMap<QueueName, QueueAverages>,
        #[serde(default)]
        agents: BTreeMap<AgentId, MovingAverage>,
        #[serde(default)]
        dials: BTreeMap<String, DialAverages>,
    },
    First(BTreeMap<QueueName, QueueAverages>),
}

impl From<SavedAverages> for Averages {
    fn from(saved: SavedAverages) -> Self {
        match saved {
            SavedAverages::Now { queues, agents, dials } => Self { queues, agents, dials },
            SavedAverages::First(queues) => Self { queues, ..Self::default() },
        }
    }
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
    /// Targets that served the queue lately, the latest last; at most 8. They tell whose handling times count
    /// while nobody waits.
    #[serde(default)]
    pub served_by: Vec<String>,
}

/// What a queue remembers.
#[derive(Debug, Default)]
pub(crate) struct QueueStatistics {
    averages: QueueAverages,
    /// Since when, without a break, somebody has been waiting.
    waiting_from: Option<Timestamp>,
    counts: QueueCounts,
}

/// What happened in a queue since the router began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct QueueCounts {
    pub(crate) entered: u64,
    pub(crate) distributed: u64,
    pub(crate) departed: u64,
}

impl QueueStatistics {
    pub(crate) fn averages(&self) -> &QueueAverages {
        &self.averages
    }

    /// Takes over saved averages, in so far as they fit the window.
    pub(crate) fn restore(&mut self, mut averages: QueueAverages) {
        keep_last(&mut averages.distribution_times_ms);
        keep_last(&mut averages.departures);
        averages.served_by.truncate(SERVED_BY_MAX);
        self.averages = averages;
    }

    /// An empty queue got its first entry.
    pub(crate) fn began_to_wait(&mut self, now: Timestamp) {
        self.waiting_from = Some(now);
    }

    /// An entry with these targets entered.
    pub(crate) fn waits_for(&mut self, target: &str) {
        self.counts.entered += 1;
        let served_by = &mut self.averages.served_by;
        if served_by.last().is_some_and(|last| last == target) {
            return;
        }
        served_by.retain(|known| known != target);
        if served_by.len() >= SERVED_BY_MAX {
            served_by.remove(0);
        }
        served_by.push(target.to_owned());
    }

    /// An entry that is served elsewhere entered.
    pub(crate) fn is_listed(&mut self) {
        self.counts.entered += 1;
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
        self.counts.distributed += 1;
        self.departed(true);
    }

    /// An entry left; `by_routing`: with an agent.
    pub(crate) fn departed(&mut self, by_routing: bool) {
        self.counts.departed += 1;
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

    /// Waiting time for a newcomer behind `waiting` others, by method `urs`.
    pub(crate) fn waiting_time(&self, waiting: usize, now: Timestamp) -> Option<WaitingTime> {
        let basis = self.basis(waiting, now)?;
        let standing = Standing::Newcomer;
        let inquiry = Inquiry { queues: Vec::new(), calls: waiting, hit: self.hit(), standing };
        estimate_wait(inquiry, basis, now).map(|(time, _)| time)
    }

    /// Inputs of method `urs`; `None` for a queue in which nothing has happened yet.
    pub(crate) fn basis(&self, waiting: usize, now: Timestamp) -> Option<Basis> {
        let average_seconds = self.average_seconds(waiting, now)?;
        Some(Basis::Urs { samples: self.averages.distribution_times_ms.len(), average_seconds })
    }

    pub(crate) fn hit(&self) -> u32 {
        let (routed, all) = self.departures();
        percent(routed, all)
    }

    /// Departures by routing among the last ones, and the number of these.
    pub(crate) fn departures(&self) -> (usize, usize) {
        let departures = &self.averages.departures;
        (departures.iter().filter(|by_routing| **by_routing).count(), departures.len())
    }

    pub(crate) fn counts(&self) -> QueueCounts {
        self.counts
    }
}

/// `part` of `all` in percent; 100 of nothing.
pub(crate) fn percent(part: usize, all: usize) -> u32 {
    (part * 100).checked_div(all).and_then(|percent| u32::try_from(percent).ok()).unwrap_or(100)
}

/// One basis for several queues of a group: their distributions happen side by side.
pub(crate) fn side_by_side(parts: impl Iterator<Item = Basis>) -> Option<Basis> {
    let (mut samples, mut rate) = (0, 0.0);
    let mut shortest: Option<f64> = None;
    for part in parts {
        let Basis::Urs { samples: of_part, average_seconds } = part else {
            continue;
        };
        samples += of_part;
        if average_seconds > 0.0 {
            rate += 1.0 / average_seconds;
        }
        shortest = Some(shortest.map_or(average_seconds, |shortest| shortest.min(average_seconds)));
    }
    let average_seconds = if shortest? > 0.0 { 1.0 / rate } else { 0.0 };
    Some(Basis::Urs { samples, average_seconds })
}

/// Estimated wait for `calls` calls, seconds.
//= guide: EWT = average × (calls + 1)
pub(crate) fn estimate(average_seconds: f64, calls: usize) -> f64 {
    average_seconds * f64::from(u32::try_from(calls).unwrap_or(u32::MAX))
}

fn to_seconds(milliseconds: u64) -> f64 {
    Duration::from_millis(milliseconds).as_secs_f64()
}

fn keep_last<T>(window: &mut VecDeque<T>) {
    let surplus = window.len().saturating_sub(WINDOW);
    window.drain(..surplus);
}

#[cfg(test)]
mod tests;
