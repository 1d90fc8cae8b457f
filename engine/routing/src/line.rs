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
use crate::Targets;
use crate::agents::Counted;
use crate::order::Order;
use crate::slab::Slot;

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
    /// State of the agents' names ([`crate::router::Lines`]) in which all targets named somebody.
    pub(crate) checked: Option<u64>,
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
    /// Customers who are being dialled.
    pub(crate) dialing: usize,
    /// When an agent was last given a call.
    pub(crate) last_given: Option<Timestamp>,
    /// Since when an agent has been ready for whom nobody is dialled because of live calls that may come.
    pub(crate) held_since: Option<Timestamp>,
    /// When the line is looked at again though nothing changes.
    pub(crate) look_again: Option<Timestamp>,
}

impl Line {
    pub(crate) fn new(text: Arc<str>, targets: Arc<Targets>) -> Self {
        Self {
            text,
            targets,
            ready: BTreeSet::new(),
            routable: Order::default(),
            announceable: Order::default(),
            entries: 0,
            agents: AgentCounts::default(),
            pace: Pace::default(),
            checked: None,
        }
    }
}

impl AgentCounts {
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
