//! The waiting-time query: which queues, agents and averages an estimate is made of.

use std::collections::{BTreeMap, BTreeSet};

use vocabulary::{QueueName, Timestamp};

use super::Router;
use crate::agents::Agent;
use crate::slab::Slot;
use crate::statistics::is_occupied;
use crate::waiting_time::{percent, side_by_side};
use crate::{
    AgentShare, AgentStatus, Basis, Explanation, Inquiry, Method, Standing, Targets, WaitingTime,
    estimate_wait,
};

/// What serves a queue.
#[derive(Debug, Default)]
struct Serving {
    lines: BTreeSet<Slot>,
    /// Targets of lines that are not open.
    closed: Vec<Targets>,
}

impl Serving {
    fn includes(&self, agent: &Agent) -> bool {
        agent.lines.iter().any(|line| self.lines.contains(line))
            || self.closed.iter().any(|targets| targets.may_include(agent))
    }
}

impl Router {
    /// Queues that have been used, in the order of their names.
    pub fn queue_names(&self) -> impl Iterator<Item = &QueueName> {
        self.queues.keys()
    }

    /// How long an interaction will wait in a queue or a group of queues, and why.
    ///
    /// `entry`: id of a waiting entry, which is told by its position; `None` asks for a newcomer. The answer is
    /// `None` for a queue without any activity, for an entry that does not wait there, and where nobody serves.
    #[must_use]
    pub fn expected_wait(
        &self,
        queue: &QueueName,
        entry: Option<&str>,
        method: Method,
        now: Timestamp,
    ) -> Option<(WaitingTime, Explanation)> {
        let names = match self.queue_groups.get(queue) {
            Some(members) => members.clone(),
            None => vec![queue.clone()],
        };
        let queues: Vec<_> = names.iter().filter_map(|name| self.queues.get(name)).collect();
        let calls = queues.iter().map(|queue| queue.order.len()).sum();
        let standing = match entry {
            None => Standing::Newcomer,
            Some(id) => self.standing_in(&names, id, now)?,
        };
        let side = queues.iter().filter_map(|queue| queue.statistics.basis(queue.order.len(), now));
        // A queue in which nothing ever happened gives no answer, whatever its agents could do.
        let by_distributions = side_by_side(side)?;
        let basis = match method {
            Method::Urs => by_distributions,
            Method::Urs2 => Basis::Urs2 { agents: self.shares(&names) },
            Method::Stat => self.group_basis(&names)?,
        };
        let departures: Vec<_> = queues.iter().map(|queue| queue.statistics.departures()).collect();
        let hit = percent(
            departures.iter().map(|(routed, _)| routed).sum(),
            departures.iter().map(|(_, all)| all).sum(),
        );
        estimate_wait(Inquiry { queues: names, calls, hit, standing }, basis, now)
    }

    /// Where an entry stands among all that wait in these queues.
    fn standing_in(&self, names: &[QueueName], id: &str, now: Timestamp) -> Option<Standing> {
        let waiting = self.entries.get(self.directory.get(id)?)?;
        if !names.contains(&waiting.queue) {
            return None;
        }
        let own = waiting.growth.standing(&waiting.key, now);
        let queues = names.iter().filter_map(|name| self.queues.get(name));
        let ahead: usize = queues.map(|queue| queue.order.rank(&own, now)).sum();
        Some(Standing::Waiting { position: ahead + 1, waited: now.since(waiting.key.waiting_since) })
    }

    /// What serves a queue: the lines its entries wait in; where there are only such as are listed there, theirs, as they
    /// are what is waited for; or those of the past when it is empty.
    //= guide: urs2, for an empty queue the agents of the group or expression that was used for it in the past
    fn serving(&self, name: &QueueName) -> Serving {
        let mut serving = Serving::default();
        let Some(queue) = self.queues.get(name) else {
            return serving;
        };
        for lines in [&queue.lines, &queue.pegged] {
            if !lines.is_empty() {
                serving.lines = lines.keys().copied().collect();
                return serving;
            }
        }
        for target in &queue.statistics.averages().served_by {
            match self.lines.find(target) {
                Some(line) => {
                    serving.lines.insert(line);
                }
                // Closed meanwhile, or the router began again.
                None => serving.closed.extend(Targets::parse(target)),
            }
        }
        serving
    }

    /// Agents of the lines that serve these queues.
    pub(super) fn agents_of_queues(&self, names: &[QueueName]) -> Vec<&Agent> {
        let serving: Vec<Serving> = names.iter().map(|name| self.serving(name)).collect();
        let agents = self.agents.iter().map(|(_, agent)| agent);
        agents.filter(|agent| serving.iter().any(|serving| serving.includes(agent))).collect()
    }

    //= guide: urs2, agents shared between queues count as so many times slower
    fn shares(&self, names: &[QueueName]) -> Vec<AgentShare> {
        let asked: BTreeSet<&QueueName> = names.iter().collect();
        // Queues by line: those with entries, and those asked about even when empty.
        let mut queues: BTreeMap<Slot, BTreeSet<&QueueName>> = BTreeMap::new();
        let mut closed: Vec<(&QueueName, Targets)> = Vec::new();
        for (name, queue) in &self.queues {
            // A queue in which entries are only listed takes nobody's time: they count where they are served.
            let is_only_listed = queue.lines.is_empty() && !queue.pegged.is_empty();
            if !is_only_listed && (!queue.lines.is_empty() || asked.contains(name)) {
                let serving = self.serving(name);
                for line in serving.lines {
                    queues.entry(line).or_default().insert(name);
                }
                closed.extend(serving.closed.into_iter().map(|targets| (name, targets)));
            }
        }
        let mut shares = Vec::new();
        for agent in self.agents_of_queues(names).into_iter().filter(|agent| takes_calls(agent)) {
            let Some(handling_seconds) = agent.record.handling.value().or(self.handling.value()) else {
                continue;
            };
            let open = agent.lines.iter().filter_map(|line| queues.get(line)).flatten().copied();
            let past = closed.iter().filter(|(_, targets)| targets.may_include(agent)).map(|(name, _)| *name);
            let of_agent: BTreeSet<&QueueName> = open.chain(past).collect();
            shares.push(AgentShare {
                agent: agent.profile.id.clone(),
                handling_seconds,
                is_measured: agent.record.handling.value().is_some(),
                queues: of_agent.len().max(1),
                queues_asked: of_agent.intersection(&asked).count().max(1),
            });
        }
        shares
    }

    fn group_basis(&self, names: &[QueueName]) -> Option<Basis> {
        let members = self.agents_of_queues(names);
        let members: Vec<_> = members.into_iter().filter(|agent| takes_calls(agent)).collect();
        let measured: Vec<f64> = members.iter().filter_map(|agent| agent.record.handling.value()).collect();
        let handling_seconds = match measured.len() {
            0 => self.handling.value()?,
            count => measured.iter().sum::<f64>() / count as f64,
        };
        Some(Basis::Stat { handling_seconds, agents: members.len() })
    }
}

/// Whether an agent takes calls: at work, and not away from it.
pub(super) fn takes_calls(agent: &Agent) -> bool {
    agent.status == AgentStatus::Ready || is_occupied(&agent.status)
}
