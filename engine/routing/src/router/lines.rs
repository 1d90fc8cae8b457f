//! The lines, and which agents stand in which: each agent knows the lines whose targets match, and each line counts
//! its agents. Both are worked out when a line is opened and when groups, skills or the desk of an agent change.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use vocabulary::AgentId;

use super::keeping::has_kept_back;
use super::{Due, Router};
use crate::agents::{Agent, Counted, Listing};
use crate::groups::{Groups, Memberships};
use crate::line::Line;
use crate::slab::{Slab, Slot};
use crate::{TargetKind, Targets};

/// All lines.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    lines: Slab<Line>,
    by_text: BTreeMap<Arc<str>, Slot>,
    /// Members of each agent group.
    groups: BTreeMap<String, BTreeSet<Slot>>,
    /// Goes up whenever the names by which agents are found change.
    names_version: u64,
    /// Lines in which nobody waits.
    idle: usize,
    /// Lines with entries whose time to dial may be announced.
    announceable: BTreeSet<Slot>,
    /// Those among them in which something has changed.
    touched: BTreeSet<Slot>,
}

impl Lines {
    pub(crate) fn get(&self, line: Slot) -> Option<&Line> {
        self.lines.get(line)
    }

    pub(super) fn get_mut(&mut self, line: Slot) -> Option<&mut Line> {
        self.lines.get_mut(line)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Slot, &Line)> {
        self.lines.iter()
    }

    /// The line of these targets, if it is open.
    pub(super) fn find(&self, text: &str) -> Option<Slot> {
        self.by_text.get(text).copied()
    }

    /// Goes up whenever the names by which agents are found change.
    pub(super) fn names_version(&self) -> u64 {
        self.names_version
    }

    /// Names of the groups that have members.
    pub(super) fn group_names(&self) -> impl Iterator<Item = &str> + Clone {
        self.groups.keys().map(String::as_str)
    }

    pub(super) fn has_group(&self, name: &str) -> bool {
        self.groups.contains_key(name)
    }

    /// Lines with somebody to announce in which something has changed since this was asked last.
    pub(super) fn take_touched(&mut self) -> BTreeSet<Slot> {
        std::mem::take(&mut self.touched)
    }

    /// Lines in which something has changed; they stay so.
    pub(super) fn touched(&self) -> impl Iterator<Item = Slot> + '_ {
        self.touched.iter().copied()
    }

    /// Something has changed in a line that dial-ahead goes by.
    pub(super) fn touch(&mut self, line: Slot) {
        let has_callbacks = self.announceable.contains(&line);
        if has_callbacks || self.get(line).is_some_and(has_kept_back) {
            self.touched.insert(line);
        }
    }

    /// One more waits in a line.
    pub(super) fn entry_comes(&mut self, line: Slot) -> Option<&mut Line> {
        let found = self.lines.get_mut(line)?;
        if found.entries == 0 {
            self.idle = self.idle.saturating_sub(1);
        }
        found.entries += 1;
        Some(found)
    }

    /// One fewer.
    pub(super) fn entry_goes(&mut self, line: Slot) -> Option<&mut Line> {
        let found = self.lines.get_mut(line)?;
        found.entries = found.entries.saturating_sub(1);
        if found.entries == 0 {
            self.idle += 1;
        }
        Some(found)
    }

    /// Ready agents or announceable entries of a line have changed.
    pub(super) fn note_announceable(&mut self, slot: Slot) {
        let Some(line) = self.lines.get(slot) else {
            return;
        };
        if line.announceable.is_empty() {
            self.announceable.remove(&slot);
        } else {
            self.announceable.insert(slot);
            self.touched.insert(slot);
        }
    }

    /// The names by which agents are found have changed.
    pub(super) fn rename(&mut self) {
        self.names_version += 1;
    }

    fn set_groups(&mut self, agent: Slot, before: &[String], after: &[String]) {
        self.names_version += 1;
        for group in before {
            if let Some(members) = self.groups.get_mut(group) {
                members.remove(&agent);
                if members.is_empty() {
                    self.groups.remove(group);
                }
            }
        }
        for group in after {
            self.groups.entry(group.clone()).or_default().insert(agent);
        }
    }
}

impl Router {
    /// The line of these targets; opens it when there is none.
    pub(super) fn line_of(&mut self, text: &Arc<str>, targets: &Arc<Targets>) -> Slot {
        if let Some(slot) = self.lines.find(text) {
            return slot;
        }
        let slot = self.lines.lines.insert(Line::new(Arc::clone(text), Arc::clone(targets)));
        self.lines.by_text.insert(Arc::clone(text), slot);
        self.lines.idle += 1;
        self.watch_conditions(slot, targets);
        for member in self.members_of(targets) {
            let (Some(agent), Some(line)) = (self.agents.get_mut(member), self.lines.get_mut(slot)) else {
                continue;
            };
            agent.lines.push(slot);
            agent.lines.sort_unstable();
            line.change_agent(member, Counted::default(), agent.counted);
            if let Listing::Since(since) = agent.listing {
                line.ready.insert((since, agent.profile.id.clone(), member));
            }
        }
        slot
    }

    /// Agents who match; found by name where the targets name groups and agents only.
    fn members_of(&self, targets: &Targets) -> BTreeSet<Slot> {
        let mut members = BTreeSet::new();
        for target in targets.iter() {
            match target.kind() {
                TargetKind::AgentGroup if target.skills().is_none() => {
                    members.extend(self.lines.groups.get(target.name()).into_iter().flatten());
                }
                TargetKind::Agent => {
                    members.extend(self.agent_slots.get(&AgentId::new(target.name())));
                }
                _ => {
                    let all = self.agents.iter();
                    members.extend(all.filter(|(_, agent)| target.may_include(agent)).map(|(slot, _)| slot));
                }
            }
        }
        members
    }

    /// Closes the lines in which nobody waits, once there are too many. Not while a line is being looked for: it has no
    /// entry yet.
    pub(super) fn limit_idle_lines(&mut self) {
        if self.lines.idle < self.options.max_idle_lines {
            return;
        }
        // A line on whose agents others have conditions is closed after them, the next time.
        let idle: BTreeSet<Slot> = self
            .lines
            .iter()
            .filter(|(_, line)| line.entries == 0 && line.watchers.is_empty())
            .map(|(slot, _)| slot)
            .collect();
        for slot in self.agent_slots.values() {
            if let Some(agent) = self.agents.get_mut(*slot) {
                agent.lines.retain(|line| !idle.contains(line));
            }
        }
        for slot in idle {
            if let Some(line) = self.lines.lines.remove(slot) {
                self.lines.by_text.remove(&line.text);
                for condition in line.conditions {
                    if let Some(watched) = self.lines.get_mut(condition.line) {
                        watched.watchers.remove(&slot);
                    }
                }
            }
        }
        self.lines.idle = self.lines.iter().filter(|(_, line)| line.entries == 0).count();
    }

    /// Changes what an agent is matched by, and finds the lines anew.
    pub(super) fn rematch(&mut self, slot: Slot, change: impl FnOnce(&mut Agent)) {
        let Some(agent) = self.agents.get_mut(slot) else {
            return;
        };
        let groups = agent.profile.groups.clone();
        change(agent);
        agent.membership = self.memberships.of(&agent.profile);
        let after = agent.profile.groups.clone();
        self.leave_lines(slot);
        self.lines.set_groups(slot, &groups, &after);
        if let Some(agent) = self.agents.get_mut(slot) {
            agent.lines = self
                .lines
                .iter()
                .filter(|(_, line)| line.targets.may_include(agent))
                .map(|(line, _)| line)
                .collect();
        }
        self.recount(slot);
    }

    /// The groups of places and campaigns are these. Agents whose groups stay are not looked at further.
    pub(super) fn configure_groups(&mut self, groups: &Groups) {
        self.memberships = Memberships::new(groups);
        self.lines.rename();
        let changed: Vec<Slot> = self
            .agents
            .iter()
            .filter(|(_, agent)| agent.membership != self.memberships.of(&agent.profile))
            .map(|(slot, _)| slot)
            .collect();
        for slot in changed {
            self.rematch(slot, |_| {});
        }
    }

    /// An agent is no longer known.
    pub(super) fn unmatch(&mut self, slot: Slot) {
        self.leave_lines(slot);
        let groups = self.agents.get(slot).map(|agent| agent.profile.groups.clone()).unwrap_or_default();
        self.lines.set_groups(slot, &groups, &[]);
    }

    fn leave_lines(&mut self, slot: Slot) {
        self.unlist(slot);
        let Some(agent) = self.agents.get_mut(slot) else {
            return;
        };
        for line in std::mem::take(&mut agent.lines) {
            if let Some(line) = self.lines.get_mut(line) {
                line.change_agent(slot, agent.counted, Counted::default());
                self.fresh_lines.extend(&line.watchers);
            }
        }
        agent.counted = Counted::default();
        agent.listing = Listing::Not;
    }

    /// Brings the lines up to date with an agent who changed.
    pub(super) fn recount(&mut self, slot: Slot) {
        let Some(agent) = self.agents.get_mut(slot) else {
            return;
        };
        let (before, after) = (agent.counted, agent.counts());
        if before != after {
            agent.counted = after;
            for line in &agent.lines {
                if let Some(line) = self.lines.get_mut(*line) {
                    line.change_agent(slot, before, after);
                    self.fresh_lines.extend(&line.watchers);
                }
                self.lines.touch(*line);
            }
        }
        let is_listed = agent.listing == Listing::Since(agent.since);
        if after.selectable && is_listed {
            return;
        }
        self.look_at_agent(slot);
    }

    /// Makes the next settling look for an entry for an agent, if the agent is selectable.
    pub(super) fn look_at_agent(&mut self, slot: Slot) {
        self.unlist(slot);
        if let Some(agent) = self.agents.get_mut(slot) {
            let is_selectable = agent.counted.selectable;
            agent.listing = if is_selectable { Listing::Fresh } else { Listing::Not };
            if is_selectable {
                self.fresh_agents.push(slot);
            }
        }
    }

    fn unlist(&mut self, slot: Slot) {
        let Some(agent) = self.agents.get_mut(slot) else {
            return;
        };
        if let Some(at) = agent.look_again.take() {
            self.due.remove(&(at, Due::Statistics(agent.profile.id.clone())));
        }
        if let Listing::Since(since) = agent.listing {
            let key = (since, agent.profile.id.clone(), slot);
            for line in &agent.lines {
                if let Some(found) = self.lines.get_mut(*line) {
                    found.ready.remove(&key);
                }
                self.lines.touch(*line);
            }
            agent.listing = Listing::Not;
        }
    }

    /// Lists a selectable agent as ready in all lines.
    pub(super) fn list(&mut self, slot: Slot) {
        let Some(agent) = self.agents.get_mut(slot) else {
            return;
        };
        agent.listing = Listing::Since(agent.since);
        let key = (agent.since, agent.profile.id.clone(), slot);
        for line in &agent.lines.clone() {
            if let Some(found) = self.lines.get_mut(*line) {
                found.ready.insert(key.clone());
            }
            self.lines.touch(*line);
            // An agent more for those who are dialled here may be one more for others.
            if self.lines.get(*line).is_some_and(|line| !line.pace.dialing.is_empty()) {
                self.lines.touch_neighbours(*line, &self.agents);
            }
        }
        self.expect_term_change(slot);
    }
}
