//! Keeping: an agent who is needed for customers whose phones ring is not given to somebody who came later.
//!
//! A callback keeps its place in the order while its customer is dialled, but cannot take an agent yet. Without this
//! rule every call that comes in during those seconds passes it, and takes the agent for whom it was dialled: small teams
//! would have to dial for agents whom they may lose, or hold back. So a ready agent is given to a later call only if the
//! customers who are about to answer are still expected to find agents in time, by the same odds as decide on the dial
//! ([`crate::dial_ahead`]). In large teams they nearly always are. A call that has to wait for this is looked at again
//! whenever a dial ends or an agent becomes free, and every two seconds.
//!
//! Calls with a higher priority, and those that wait longer than the callbacks, are not concerned; and no call is kept from
//! an agent for longer than [`crate::DialAheadOptions::keep_max`].

use vocabulary::Timestamp;

use super::announcing::NEIGHBOURS_MAX;
use super::{Router, Waiting};
use crate::agents::{Agent, Listing};
use crate::dial_ahead::can_spare;
use crate::line::Line;
use crate::order::Standing;

/// Most entries of a line that are looked at behind one for whom no agent can be spared.
pub(super) const LOOK_BEHIND_MAX: usize = 32;

impl Router {
    /// Whether an entry takes its turn behind those who are dialled; whoever has answered does not.
    pub(super) fn takes_turn(&self, entry: &Waiting, now: Timestamp) -> bool {
        entry.progress.ready_at.is_none() && now.since(entry.key.entered) < self.options.dial_ahead.keep_max
    }

    /// The place behind which nobody is given an agent who is kept for customers being dialled; `None`: for nobody.
    pub(super) fn kept_for(&self, agent: &Agent, now: Timestamp) -> Option<Standing<'_>> {
        if self.options.dial_ahead.keep_max.is_zero() || self.announced.is_empty() {
            return None;
        }
        let lines = agent.lines.iter().filter_map(|slot| Some((*slot, self.lines.get(*slot)?)));
        let dialling = lines
            .filter(|(_, line)| !line.pace.dialing.is_empty() && self.target_for(line, agent, now).is_some());
        let needed = dialling.filter(|(slot, line)| {
            let mut situation = self.situation(line, *slot, now);
            situation.waiting = situation.ahead;
            // Ready since a moment ago, and not listed yet.
            situation.ready += usize::from(agent.listing == Listing::Fresh);
            !can_spare(&situation, &self.options.dial_ahead)
        });
        needed.filter_map(|(_, line)| self.first_dialled(line, now)).min()
    }

    /// Whether an agent is kept from an entry for customers who are dialled and come before it.
    pub(super) fn is_kept_from(&self, entry: &Waiting, agent: &Agent, now: Timestamp) -> bool {
        self.takes_turn(entry, now)
            && self.kept_for(agent, now).is_some_and(|first| first < entry.growth.standing(&entry.key, now))
    }

    /// The place behind which none of the ready agents of a line can be spared; `None` when one can.
    pub(super) fn all_kept_for(&self, line: &Line, now: Timestamp) -> Option<Standing<'_>> {
        if line.ready.len() > NEIGHBOURS_MAX {
            return None;
        }
        let mut last = None;
        for (_, _, slot) in &line.ready {
            last = last.max(Some(self.kept_for(self.agents.get(*slot)?, now)?));
        }
        last
    }

    /// Lets those be looked at again for whom no agent could be spared before, where something has changed.
    pub(super) fn look_at_kept_back(&mut self) {
        if !self.options.dial_ahead.keep_max.is_zero() {
            let lines = self.lines.touched().filter(|slot| self.lines.get(*slot).is_some_and(has_kept_back));
            self.fresh_lines.extend(lines);
        }
    }
}

/// Whether somebody waits in a line for whom no agent could be spared.
pub(super) fn has_kept_back(line: &Line) -> bool {
    !line.routable.is_empty() && !line.ready.is_empty()
}
