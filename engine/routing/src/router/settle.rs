//! Who gets whom: ready agents to routable entries, announcements to those that are to be dialled.
//!
//! At rest no routable entry and ready agent are left that fit each other, except those between whom stands somebody who is
//! being dialled (`keeping`); these are looked at whenever something changes for them, and every two seconds. So only agents and entries that have
//! changed since can find somebody: an agent the best entry of the agent's lines, an entry the first ready agent of
//! its line. All agree on which entry is better, so the pairs are the same in whichever order they are found.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use vocabulary::Timestamp;

use super::choice::Choice;
use super::keeping::LOOK_BEHIND_MAX;
use super::{Due, Router};
use crate::agents::{Agent, Listing, Reservation};
use crate::line::Line;
use crate::order::Standing;
use crate::slab::Slot;
use crate::{Outcome, Selection, TargetKind};

impl Router {
    /// Brings the router to rest.
    pub(super) fn settle(&mut self, now: Timestamp, outcomes: &mut Vec<Outcome>) {
        self.look_at_kept_back();
        while !self.fresh_agents.is_empty() || !self.fresh_entries.is_empty() || !self.fresh_lines.is_empty()
        {
            let agents: BTreeSet<Slot> = std::mem::take(&mut self.fresh_agents)
                .into_iter()
                .filter(|slot| self.agents.get(*slot).is_some_and(|agent| agent.listing == Listing::Fresh))
                .collect();
            let entries = std::mem::take(&mut self.fresh_entries);
            let lines = std::mem::take(&mut self.fresh_lines);
            match (agents.first(), agents.len(), entries.is_empty() && lines.is_empty()) {
                // By far the most frequent case: one agent has become ready. Who gets an entry need not be listed.
                (Some(agent), 1, true) => match self.best_entry_for(*agent, now) {
                    Some(entry) => self.select(entry, *agent, now, outcomes),
                    None => self.list(*agent),
                },
                _ => self.settle_many(lines, &agents, &entries, now, outcomes),
            }
        }
        self.announce(now, outcomes);
    }

    fn settle_many(
        &mut self,
        mut lines: BTreeSet<Slot>,
        agents: &BTreeSet<Slot>,
        entries: &[Slot],
        now: Timestamp,
        outcomes: &mut Vec<Outcome>,
    ) {
        for agent in agents {
            self.list(*agent);
            lines.extend(self.agents.get(*agent).into_iter().flat_map(|agent| &agent.lines).copied());
        }
        while let Some(entry) = self.best_served(&lines, entries, now) {
            let Some(agent) = self.choose_agent(entry, now) else {
                return;
            };
            self.select(entry, agent, now, outcomes);
        }
    }

    /// The first entry over all lines of an agent that the agent may be given.
    fn best_entry_for(&self, agent: Slot, now: Timestamp) -> Option<Slot> {
        let agent = self.agents.get(agent)?;
        // Worked out only when somebody is there from whom the agent may be kept.
        let kept = OnceCell::new();
        let kept = || *kept.get_or_init(|| self.kept_for(agent, now));
        let mut best: Option<(Standing<'_>, Slot)> = None;
        let lines = agent.lines.iter().filter_map(|line| self.lines.get(*line));
        // Conditions and statistics are the same for all entries of a line.
        let served = |line: &&Line| !line.routable.is_empty() && self.target_for(line, agent, now).is_some();
        for line in lines.filter(served) {
            let is_better = |standing: &Standing<'_>| best.is_none_or(|(other, _)| *standing < other);
            let Some((standing, key)) = line.routable.first(now).filter(|(standing, _)| is_better(standing))
            else {
                continue;
            };
            let may_be_given = |standing: &Standing<'_>, entry: Slot| {
                self.may_be_given(entry, agent) && !self.takes_turn_behind(entry, standing, kept, now)
            };
            if may_be_given(&standing, key.slot) {
                best = Some((standing, key.slot));
                continue;
            }
            // The head does not want this agent: somebody behind it may.
            let next = line
                .routable
                .walk(now)
                .take(if kept().is_some() { LOOK_BEHIND_MAX } else { usize::MAX })
                .take_while(|(standing, _)| is_better(standing))
                .find(|(standing, key)| may_be_given(standing, key.slot));
            best = next.map(|(standing, key)| (standing, key.slot)).or(best);
        }
        best.map(|(_, slot)| slot)
    }

    fn may_be_given(&self, entry: Slot, agent: &Agent) -> bool {
        self.entries.get(entry).is_some_and(|waiting| !waiting.excluded.contains(&agent.profile.id))
    }

    /// Whether an agent is kept from an entry, for those whose first place `kept` tells.
    fn takes_turn_behind<'a>(
        &self,
        entry: Slot,
        standing: &Standing<'_>,
        kept: impl Fn() -> Option<Standing<'a>>,
        now: Timestamp,
    ) -> bool {
        self.entries.get(entry).is_some_and(|waiting| self.takes_turn(waiting, now))
            && kept().is_some_and(|first| first < *standing)
    }

    /// The first routable entry, of these lines or among these, for which an agent is ready.
    fn best_served(&self, lines: &BTreeSet<Slot>, entries: &[Slot], now: Timestamp) -> Option<Slot> {
        let mut best: Option<(Standing<'_>, Slot)> = None;
        for line in lines.iter().filter_map(|line| self.lines.get(*line)) {
            // None of them may count by any target now, and then nobody need be walked through.
            if line.routable.is_empty() || self.ready_now(line, now).next().is_none() {
                continue;
            }
            let kept = self.all_kept_for(line, now);
            let mut kept_back = 0;
            for (standing, key) in line.routable.walk(now) {
                if best.is_some_and(|(other, _)| other <= standing) || kept_back > LOOK_BEHIND_MAX {
                    break;
                }
                let takes_turn =
                    self.entries.get(key.slot).is_some_and(|waiting| self.takes_turn(waiting, now));
                if takes_turn && kept.is_some_and(|first| first < standing) {
                    kept_back += 1;
                    continue;
                }
                if self.candidates(key.slot, now).next().is_some() {
                    best = Some((standing, key.slot));
                    break;
                }
            }
        }
        for slot in entries {
            let Some(waiting) = self.entries.get(*slot).filter(|waiting| waiting.routable) else {
                continue;
            };
            let standing = waiting.growth.standing(&waiting.key, now);
            if best.is_none_or(|(other, _)| standing < other) && self.candidates(*slot, now).next().is_some()
            {
                best = Some((standing, *slot));
            }
        }
        best.map(|(_, entry)| entry)
    }

    fn select(&mut self, entry: Slot, agent_slot: Slot, now: Timestamp, outcomes: &mut Vec<Outcome>) {
        let Some(waiting) = self.take_out(entry) else {
            return;
        };
        //= decision: D-097 who is pegged is counted as well when the agent is there
        for name in waiting.queues() {
            if let Some(queue) = self.queues.get_mut(name) {
                queue.statistics.distributed(now);
            }
        }
        self.agent_is_given(&waiting, agent_slot, now);
        let Some(agent) = self.agents.get_mut(agent_slot) else {
            return;
        };
        let (agent_id, holder) = (agent.profile.id.clone(), Arc::clone(&waiting.key.id));
        let until = now + waiting.reservation.max(self.options.selection_block);
        agent.reservation = Some(Reservation { holder, from: now, until, is_released: false });
        self.due.insert((until, Due::Reservation(agent_id.clone())));
        let (profile, is_share) = (Arc::clone(&agent.profile), waiting.choice == Choice::Percentage);
        let number = self.count_share(waiting.line, agent_slot, is_share, now);
        let target = self
            .lines
            .get(waiting.line)
            .zip(number)
            .and_then(|(line, number)| line.targets.iter().nth(number));
        let selection = Selection {
            agent: profile,
            target: target.map_or_else(String::new, |target| target.text().to_owned()),
            target_name: target.map_or_else(String::new, |target| target.name().to_owned()),
            target_kind: target.map_or(TargetKind::Agent, |target| target.kind()).letters().to_owned(),
            priority: waiting.priority(now),
            waited: now.since(waiting.key.waiting_since),
            queue: waiting.queue.clone(),
        };
        outcomes.push(Outcome::TargetSelected { id: waiting.key.id.to_string(), selection });
        self.recount(agent_slot);
        self.tell_agent(agent_slot, outcomes);
        self.hold(waiting, agent_id, now);
    }
}
