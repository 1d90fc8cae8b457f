//! A line: the entries that wait for the same targets, and the agents who could take them now.
//!
//! It is what the router literature calls an internal queue, except that it spans virtual queues: agents are
//! given by order over all queues, so the queue makes no difference here. Agents know their lines, so a change of
//! an agent touches these and no other. A line that nobody waits in is kept for a while: the next entry with the same
//! targets need not look through all agents again.

use std::collections::BTreeSet;
use std::sync::Arc;

use vocabulary::{AgentId, Timestamp};

use crate::DialAverages;
use crate::agents::Counted;
use crate::histogram::Histogram;
use crate::order::Order;
use crate::skill_expression::StatisticTerm;
use crate::slab::Slot;
use crate::statistics::Statistic;
use crate::{Comparison, Targets};

/// The entries of one set of targets.
#[derive(Debug)]
pub(crate) struct Line {
    /// The targets as written: the name of the line.
    pub(crate) text: Arc<str>,
    pub(crate) targets: Arc<Targets>,
    /// Selectable agents of the targets, the longest ready first, then by id.
    pub(crate) ready: BTreeSet<(Timestamp, AgentId, Slot)>,
    /// Entries that may be given an agent.
    pub(crate) routable: Order,
    /// Entries whose time to dial may be announced.
    pub(crate) announceable: Order,
    /// Number of entries of the line, whatever their state.
    pub(crate) entries: usize,
    pub(crate) agents: AgentCounts,
    pub(crate) pace: Pace,
    /// Conditions of the targets, by the target's number: all of one must hold for an agent to count by it.
    pub(crate) conditions: Vec<Condition>,
    /// Conditions on the statistics of each agent, over all targets; see [`crate::router::statistic_terms`].
    pub(crate) terms: Vec<StatisticTerm>,
    /// Lines with conditions on the agents of this one.
    pub(crate) watchers: BTreeSet<Slot>,
    /// Entries that each target was chosen for, by number, while shares were asked for.
    pub(crate) given: Vec<u64>,
}

/// A threshold of a target.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Condition {
    /// Number of the target in its line, from 0.
    pub(crate) target: usize,
    /// Line of that target alone, whose agents are counted.
    pub(crate) line: Slot,
    pub(crate) statistic: Statistic,
    pub(crate) comparison: Comparison,
    pub(crate) value: f64,
}

/// How many agents of a line are what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct AgentCounts {
    pub(crate) at_work: usize,
    pub(crate) selectable: usize,
    pub(crate) busy: usize,
    /// See [`Counted::freeing`].
    pub(crate) freeing: u64,
}

/// What dial-ahead knows of a line.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// `None` until something was measured.
    pub(crate) averages: Option<DialAverages>,
    /// Customers who are being dialled, by the time of the announcement.
    pub(crate) dialing: BTreeSet<(Timestamp, Slot)>,
    /// Agents with a call who count as becoming free.
    pub(crate) occupied: BTreeSet<Slot>,
    /// Times from the announcement until a customer was ready for an agent.
    pub(crate) connects: Option<Box<Histogram>>,
    /// When an agent was last given a call.
    pub(crate) last_given: Option<Timestamp>,
    /// Since when an agent has been ready for whom nobody is dialled because of live calls that may come.
    pub(crate) held_since: Option<Timestamp>,
    /// Priority of the last live call.
    pub(crate) live_priority: i64,
    /// When the line is looked at again though nothing changes.
    pub(crate) look_again: Option<Timestamp>,
}

impl Line {
    pub(crate) fn new(text: Arc<str>, targets: Arc<Targets>) -> Self {
        let skills = targets.iter().filter_map(|target| target.skills());
        let terms = skills.flat_map(|skills| skills.statistic_terms()).collect();
        Self {
            text,
            targets,
            terms,
            ready: BTreeSet::new(),
            routable: Order::default(),
            announceable: Order::default(),
            entries: 0,
            agents: AgentCounts::default(),
            pace: Pace::default(),
            conditions: Vec::new(),
            watchers: BTreeSet::new(),
            given: Vec::new(),
        }
    }
}

impl Line {
    /// Whether every agent of the line may be given its entries, whatever the statistics say.
    pub(crate) fn is_unconditional(&self) -> bool {
        self.conditions.is_empty() && self.terms.is_empty()
    }

    /// An agent who was counted as `before` is to be counted as `after`.
    pub(crate) fn change_agent(&mut self, agent: Slot, before: Counted, after: Counted) {
        self.agents.change(before, after);
        if after.freeing > 0 {
            self.pace.occupied.insert(agent);
        } else if before.freeing > 0 {
            self.pace.occupied.remove(&agent);
        }
    }
}

impl AgentCounts {
    /// Value of a statistic of the line's agents; `None` for one that is not counted for agents together.
    pub(crate) fn value(&self, statistic: Statistic) -> Option<f64> {
        let count = match statistic {
            Statistic::AgentsAvailable | Statistic::RAgentsReadyVoice | Statistic::RAgentsReady => {
                self.selectable
            }
            Statistic::AgentsTotal | Statistic::RAgentsTotal => self.at_work,
            Statistic::AgentsBusy => self.busy,
            _ => return None,
        };
        Some(count as f64)
    }

    /// An agent who was counted as `before` is to be counted as `after`.
    pub(crate) fn change(&mut self, before: Counted, after: Counted) {
        let shift = |count: &mut usize, before: bool, after: bool| {
            *count = (*count + usize::from(after)).saturating_sub(usize::from(before));
        };
        shift(&mut self.at_work, before.at_work, after.at_work);
        shift(&mut self.selectable, before.selectable, after.selectable);
        shift(&mut self.busy, before.busy, after.busy);
        self.freeing = (self.freeing + after.freeing).saturating_sub(before.freeing);
    }
}
