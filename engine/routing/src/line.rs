//! A line: the entries that wait for the same targets, and the agents who could take them now.
//!
//! It is what the router literature calls an internal queue, except that it spans virtual queues: agents are
//! given by order over all queues, so the queue makes no difference here.

use std::collections::BTreeSet;
use std::sync::Arc;

use vocabulary::{AgentId, Timestamp};

use crate::Targets;
use crate::agents::Agent;
use crate::order::OrderKey;

/// The entries of one set of targets.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) targets: Arc<Targets>,
    /// Selectable agents of the targets, the longest ready first, then by id.
    pub(crate) ready: BTreeSet<(Timestamp, AgentId)>,
    /// Entries that may be given an agent.
    pub(crate) routable: BTreeSet<OrderKey>,
    /// Entries whose time to dial may be announced.
    pub(crate) announceable: BTreeSet<OrderKey>,
    /// Number of entries of the line, whatever their state.
    pub(crate) entries: usize,
}

impl Line {
    pub(crate) fn new<'a>(targets: Arc<Targets>, agents: impl Iterator<Item = &'a Agent>) -> Self {
        let mut line = Self {
            targets,
            ready: BTreeSet::new(),
            routable: BTreeSet::new(),
            announceable: BTreeSet::new(),
            entries: 0,
        };
        for agent in agents {
            line.list_agent(agent);
        }
        line
    }

    /// Lists an agent if selectable and of the line's targets.
    pub(crate) fn list_agent(&mut self, agent: &Agent) {
        let id = &agent.profile.id;
        if agent.is_selectable() && self.targets.matching(&agent.profile, agent.is_logged_in()).is_some() {
            self.ready.insert((agent.since, id.clone()));
        }
    }
}
