//! Counting: what agents do, and how often the agents of a line become free.
//!
//! An agent with a call counts `1 / (handling time × lines)` calls per second for each line that the agent stands
//! in and where somebody waits: agents who serve three lines count as three times slower for each (decision D-095).
//! The number of lines is that at the beginning of the call.

use std::collections::BTreeMap;
use std::time::Duration;

use vocabulary::{AgentId, QueueName, Timestamp};

use super::admission::Origin;
use super::choice::includes;
use super::{Router, Waiting};
use crate::agents::Agent;
use crate::histogram::Histogram;
use crate::line::Line;
use crate::slab::Slot;
use crate::statistics::{QueueFigures, Statistic, StatisticUse, is_occupied, of_agents};
use crate::{AgentStatus, DialAverages, MovingAverage, Target};

/// Calls that the handling time over all agents stands for.
const HANDLING_WINDOW: u32 = 200;
/// Most agents with a call who are looked at one by one; beyond it the rate says enough.
const OCCUPIED_MAX: usize = 200;
/// Unit of [`crate::agents::Counted::freeing`]: whole numbers add up to nothing again, in any order.
const PER_SECOND: f64 = 1e9;
/// Least handling time that is reckoned with, seconds.
const HANDLING_SECONDS_MIN: f64 = 1.0;

/// How long calls and after-call work take, over all agents.
#[derive(Debug)]
pub(super) struct Handling {
    average: MovingAverage,
    /// Length of calls, as a share of the agent's average handling time.
    talk: Histogram,
    /// Length of after-call work, seconds; 0 for a call without.
    wrap_up: Histogram,
}

impl Default for Handling {
    fn default() -> Self {
        Self { average: MovingAverage::EMPTY, talk: Histogram::new(0.1), wrap_up: Histogram::new(2.0) }
    }
}

impl Handling {
    /// Average handling time, seconds.
    pub(super) fn value(&self) -> Option<f64> {
        self.average.value()
    }

    /// Takes note of the change of an agent's status, in the agent's record and here.
    pub(super) fn note(&mut self, agent: &mut Agent, after: &AgentStatus, now: Timestamp) {
        let record = &mut agent.record;
        let (finished, since) = (record.completed, record.occupied_since);
        let (average, begin) = (record.handling.value(), agent.since);
        record.changed(&agent.status, after, now);
        let lasted = |since: Timestamp| now.since(since).as_secs_f64();
        if record.completed > finished
            && let Some(since) = since
        {
            self.average.observe(lasted(since), HANDLING_WINDOW);
        }
        if agent.status == AgentStatus::Busy && !after.is_on_call() {
            if let (Some(since), Some(average)) = (since, average) {
                self.talk.observe(lasted(since) / average.max(HANDLING_SECONDS_MIN));
            }
            if *after != AgentStatus::AfterCallWork {
                self.wrap_up.observe(0.0);
            }
        } else if agent.status == AgentStatus::AfterCallWork {
            self.wrap_up.observe(lasted(begin));
        }
    }

    /// Shares of the lengths of after-call work that leave time before `time` seconds are over.
    fn wrap_ups_within(&self, time: f64) -> Vec<(f64, f64)> {
        self.wrap_up.shares_below(time).collect()
    }

    /// Odds that an agent with a call is free in `time` seconds; `wrap_ups` are those within that time.
    fn is_free_in(&self, agent: &Agent, time: f64, wrap_ups: &[(f64, f64)], now: Timestamp) -> f64 {
        let average = agent.record.handling.value().or(self.value()).unwrap_or(f64::INFINITY);
        let average = average.max(HANDLING_SECONDS_MIN);
        if !self.talk.is_known() || !self.wrap_up.is_known() {
            return 1.0 - (-time / average).exp();
        }
        if agent.status == AgentStatus::AfterCallWork {
            return self.wrap_up.ends_within(now.since(agent.since).as_secs_f64(), time);
        }
        let talked = agent.record.occupied_since.map_or(0.0, |since| now.since(since).as_secs_f64());
        let ends_within = self.talk.ending_after(talked / average);
        let by_wrap_up =
            wrap_ups.iter().map(|(wrap_up, share)| share * ends_within((time - wrap_up).max(0.0) / average));
        by_wrap_up.sum()
    }
}

/// Calls per second from the unit in which lines add them up.
pub(super) fn per_second(freeing: u64) -> f64 {
    freeing as f64 / PER_SECOND
}

impl Router {
    /// Agents of a line who are expected to be free in `time` seconds, and the sum of the squares of these odds.
    pub(super) fn freed_in(&self, line: &Line, time: f64, now: Timestamp) -> (f64, f64) {
        let rate = per_second(line.agents.freeing);
        if line.pace.occupied.len() > OCCUPIED_MAX {
            return (rate * time, 0.0);
        }
        let wrap_ups = self.handling.wrap_ups_within(time);
        let agents = line.pace.occupied.iter().filter_map(|slot| self.agents.get(*slot));
        agents.fold((0.0, 0.0), |(mean, squares), agent| {
            let average = agent.record.handling.value().or(self.handling.value()).unwrap_or(0.0);
            let share = (per_second(agent.freeing) * average.max(HANDLING_SECONDS_MIN)).min(1.0);
            let odds = share * self.handling.is_free_in(agent, time, &wrap_ups, now);
            (mean + odds, squares + odds * odds)
        })
    }

    /// Customers of a line in the course of being dialled who are expected to answer, and the sum of the squares of
    /// these odds.
    pub(super) fn answers_of(&self, line: &Line, success: f64, now: Timestamp) -> (f64, f64) {
        let known = line.pace.connects.as_ref().filter(|connects| connects.is_known());
        line.pace.dialing.iter().fold((0.0, 0.0), |(mean, squares), (at, entry)| {
            let is_answered = self.entries.get(*entry).is_some_and(|waiting| waiting.progress.is_answered);
            let odds = match known {
                _ if is_answered => 1.0,
                None => success,
                Some(connects) => {
                    let late = success * connects.longer_than(now.since(*at).as_secs_f64());
                    late / (late + 1.0 - success).max(f64::MIN_POSITIVE)
                }
            };
            (mean + odds, squares + odds * odds)
        })
    }

    /// A customer is ready for an agent, so long after the announcement.
    pub(super) fn has_connected(&mut self, line: Slot, after: Duration) {
        if let Some(averages) = self.averages_of(line) {
            averages.answered(after);
        }
        if let Some(line) = self.lines.get_mut(line) {
            let connects = line.pace.connects.get_or_insert_with(|| Box::new(Histogram::new(2.0)));
            connects.observe(after.as_secs_f64());
        }
    }

    /// Works out what an agent with a call counts for the lines.
    pub(super) fn expect_end_of_call(&mut self, slot: Slot) {
        let Some(agent) = self.agents.get(slot).filter(|agent| is_occupied(&agent.status)) else {
            return;
        };
        let measured = agent.record.handling.value().or(self.handling.value());
        let lines =
            agent.lines.iter().filter(|line| self.lines.get(**line).is_some_and(|line| line.entries > 0));
        let share = lines.count().max(1) as f64;
        let rate = measured.map_or(0.0, |seconds| 1.0 / (seconds.max(HANDLING_SECONDS_MIN) * share));
        if let Some(agent) = self.agents.get_mut(slot) {
            agent.freeing = crate::dial_ahead::whole(rate * PER_SECOND) as u64;
        }
    }

    /// An entry is about to enter a queue.
    pub(super) fn note_newcomer(&mut self, waiting: &Waiting, origin: Origin, now: Timestamp) {
        if let (Some(queue), Some(line)) = (self.queues.get_mut(&waiting.queue), self.lines.get(waiting.line))
        {
            queue.statistics.waits_for(&line.text);
        }
        for peg in &waiting.pegs {
            if let Some(queue) = self.queues.get_mut(peg) {
                queue.statistics.is_listed();
            }
        }
        // What waited before, in the router or in the store, did not come in now.
        let comes_in = origin == Origin::Session && !waiting.is_taken_anew;
        let is_live = comes_in && waiting.routable && !waiting.notify;
        if is_live && let Some(averages) = self.averages_of(waiting.line) {
            averages.live_arrival(now);
            if let Some(line) = self.lines.get_mut(waiting.line) {
                line.pace.live_priority = waiting.priority(now);
            }
        }
    }

    /// What dials of a line showed, to be added to.
    pub(super) fn averages_of(&mut self, line: Slot) -> Option<&mut DialAverages> {
        let line = self.lines.get_mut(line)?;
        if line.pace.averages.is_none() {
            let saved = self.saved_dials.remove(&*line.text);
            line.pace.averages = Some(saved.unwrap_or_else(|| DialAverages::new(&self.options.dial_ahead)));
        }
        line.pace.averages.as_mut()
    }

    pub(super) fn handling_averages(&self) -> BTreeMap<AgentId, MovingAverage> {
        let agents = self.agents.iter().map(|(_, agent)| agent);
        let measured = agents.filter(|agent| agent.record.handling.value().is_some());
        measured.map(|agent| (agent.profile.id.clone(), agent.record.handling)).collect()
    }

    pub(super) fn dial_averages(&self) -> BTreeMap<String, DialAverages> {
        let open = self.lines.iter();
        let open = open.filter_map(|(_, line)| Some((line.text.to_string(), line.pace.averages?)));
        self.saved_dials.clone().into_iter().chain(open).collect()
    }

    pub(super) fn restore_paces(
        &mut self,
        agents: BTreeMap<AgentId, MovingAverage>,
        dials: BTreeMap<String, DialAverages>,
    ) {
        for (id, handling) in agents {
            if let Some(agent) = self.agent_slots.get(&id).and_then(|slot| self.agents.get_mut(*slot)) {
                agent.record.handling = handling;
                if let Some(seconds) = handling.value() {
                    self.handling.average.observe(seconds, HANDLING_WINDOW);
                }
            }
        }
        self.saved_dials = dials.into_iter().take(self.options.max_queues).collect();
    }

    /// Value of a statistic of a target; `None` for one that is not counted for it, see [`StatisticUse::of_target`].
    ///
    /// The cost grows with the number of agents.
    #[must_use]
    pub fn statistic_of_target(&self, statistic: Statistic, target: &Target, now: Timestamp) -> Option<f64> {
        let place = StatisticUse::of_target(target.kind(), target.skills().is_some());
        if !place.allows(statistic) {
            return None;
        }
        if place == StatisticUse::Queue {
            return self.statistic_of_queue(statistic, &QueueName::new(target.name()), now);
        }
        let members = self.agents.iter().map(|(_, agent)| agent).filter(|agent| includes(target, agent, now));
        of_agents(statistic, members.map(Agent::figures))
    }

    /// Value of a statistic of one agent; `None` for an unknown agent or one that is not counted for agents.
    #[must_use]
    pub fn statistic_of_agent(&self, statistic: Statistic, agent: &AgentId, now: Timestamp) -> Option<f64> {
        let agent = self.agents.get(*self.agent_slots.get(agent)?)?;
        agent.figures().value(statistic, now)
    }

    /// Value of a statistic of a queue; `None` for an unknown queue or one that is not counted for queues.
    #[must_use]
    pub fn statistic_of_queue(&self, statistic: Statistic, name: &QueueName, now: Timestamp) -> Option<f64> {
        let queue = self.queues.get(name)?;
        let members = self.agents_of_queues(std::slice::from_ref(name));
        let counts = queue.statistics.counts();
        let figures = QueueFigures {
            waiting: queue.order.len(),
            agents_logged_in: members.iter().filter(|agent| agent.status.is_at_work()).count(),
            agents_ready: members.iter().filter(|agent| agent.is_selectable()).count(),
            entered: counts.entered,
            distributed: counts.distributed,
            departed: counts.departed,
            ewt: queue.statistics.waiting_time(queue.order.len(), now).map(|time| time.ewt),
        };
        figures.value(statistic)
    }
}
