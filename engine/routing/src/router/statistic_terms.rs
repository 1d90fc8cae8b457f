//! Conditions on the statistics of agents in skill expressions, `?:Spanish>3&$(StatTimeInReadyState)>30@.GA`.
//!
//! Agents stand in the line of such a target when they could match with some values, and whether they do is decided
//! with the values of the moment when somebody looks. Nobody has to look all the time:
//!
//! * what depends on the state of an agent (`StatAgentLoading`, `StatCallsAnswered`, `StatCallsCompleted`) changes only
//!   with the agent's status, and an agent who becomes ready is looked at anyway;
//! * what depends on time (`StatTimeInReadyState`, `StatAgentOccupancy`) is a known function of it while the agent stays
//!   ready. So the moment at which a condition changes is computed, and the agent is looked at then, as if ready since
//!   just now.
//!
//! It costs: for each ready agent one due time, and not more looks than three for each condition on a time-dependent
//! statistic in the lines where somebody waits; for each entry that finds nobody in such a line a look at each of its
//! ready agents, and the same for the first entry of such a line; for the skip condition of such a target a look at all
//! agents. Lines without such conditions cost nothing more.

use std::collections::BTreeSet;

use vocabulary::AgentId;

use super::{Due, Router};
use crate::agents::Listing;
use crate::slab::Slot;

impl Router {
    /// Notes when a condition on the statistics of a listed agent changes next.
    pub(super) fn expect_term_change(&mut self, slot: Slot) {
        let Some(agent) =
            self.agents.get_mut(slot).filter(|agent| matches!(agent.listing, Listing::Since(_)))
        else {
            return;
        };
        let figures = agent.figures();
        let lines = agent.lines.iter().filter_map(|line| self.lines.get(*line));
        let terms = lines.filter(|line| line.entries > 0).flat_map(|line| &line.terms);
        let next = terms.filter_map(|term| figures.changes_at(term.statistic, term.value, self.now)).min();
        if agent.look_again == next {
            return;
        }
        let id = agent.profile.id.clone();
        if let Some(before) = std::mem::replace(&mut agent.look_again, next) {
            self.due.remove(&(before, Due::Statistics(id.clone())));
        }
        if let Some(at) = next {
            self.due.insert((at, Due::Statistics(id)));
        }
    }

    /// Somebody waits in a line with such conditions, in which nobody did.
    pub(super) fn line_has_entries(&mut self, line: Slot) {
        let ready: BTreeSet<Slot> =
            self.lines.get(line).into_iter().flat_map(|line| &line.ready).map(|(_, _, slot)| *slot).collect();
        for agent in ready {
            self.expect_term_change(agent);
        }
    }

    /// A condition on the statistics of an agent has changed: the agent is looked at as if ready since just now, and
    /// listed again if nobody takes the agent.
    pub(super) fn terms_change(&mut self, id: &AgentId) {
        let Some(slot) = self.agent_slots.get(id).copied() else {
            return;
        };
        if let Some(agent) = self.agents.get_mut(slot) {
            agent.look_again = None;
        }
        self.look_at_agent(slot);
    }
}
