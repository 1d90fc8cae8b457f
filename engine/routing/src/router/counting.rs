//! Counting: what agents do, and how often the agents of a line become free.
//!
//! An agent with a call counts `1 / (handling time × lines)` calls per second for each line that the agent stands
//! in and where somebody waits: agents who serve three lines count as three times slower for each (decision D-095).
//! The number of lines is that at the beginning of the call.

use std::collections::BTreeMap;

use vocabulary::{AgentId, QueueName, Timestamp};

use super::{Router, Waiting};
use crate::slab::Slot;
use crate::statistics::{
    AgentFigures, AgentRecord, QueueFigures, Statistic, StatisticUse, is_occupied, of_agents,
};
use crate::{AgentStatus, DialAverages, MovingAverage, Target};

/// Calls that the handling time over all agents stands for.
const HANDLING_WINDOW: u32 = 200;
/// Unit of [`crate::agents::Counted::freeing`]: whole numbers add up to nothing again, in any order.
const PER_SECOND: f64 = 1e9;
/// Least handling time that is reckoned with, seconds.
const HANDLING_SECONDS_MIN: f64 = 1.0;

impl MovingAverage {
    /// Takes note of a change of an agent's status, in the agent's record and here.
    pub(super) fn note(
        &mut self,
        record: &mut AgentRecord,
        before: &AgentStatus,
        after: &AgentStatus,
        now: Timestamp,
    ) {
        let (finished, since) = (record.completed, record.occupied_since);
        record.changed(before, after, now);
        if record.completed > finished
            && let Some(since) = since
        {
            self.observe(now.since(since).as_secs_f64(), HANDLING_WINDOW);
        }
    }
}

/// Calls per second from the unit in which lines add them up.
pub(super) fn per_second(freeing: u64) -> f64 {
    freeing as f64 / PER_SECOND
}

impl Router {
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
    pub(super) fn note_newcomer(&mut self, waiting: &Waiting, now: Timestamp) {
        if let (Some(queue), Some(line)) = (self.queues.get_mut(&waiting.queue), self.lines.get(waiting.line))
        {
            queue.statistics.waits_for(&line.text);
        }
        // What is submitted again after a restart did not come in now.
        let is_live = waiting.routable && !waiting.notify && now.since(waiting.key.entered).is_zero();
        if is_live && let Some(averages) = self.averages_of(waiting.line) {
            averages.live_arrival(now);
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
                    self.handling.observe(seconds, HANDLING_WINDOW);
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
        let members =
            self.agents.iter().map(|(_, agent)| agent).filter(|agent| target.matches(&agent.profile, true));
        of_agents(
            statistic,
            members.map(|agent| AgentFigures {
                status: &agent.status,
                since: agent.since,
                is_selectable: agent.is_selectable(),
                record: &agent.record,
            }),
        )
    }

    /// Value of a statistic of one agent; `None` for an unknown agent or one that is not counted for agents.
    #[must_use]
    pub fn statistic_of_agent(&self, statistic: Statistic, agent: &AgentId, now: Timestamp) -> Option<f64> {
        let agent = self.agents.get(*self.agent_slots.get(agent)?)?;
        let figures = AgentFigures {
            status: &agent.status,
            since: agent.since,
            is_selectable: agent.is_selectable(),
            record: &agent.record,
        };
        figures.value(statistic, now)
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
