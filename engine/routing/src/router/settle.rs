//! Who gets whom: ready agents to routable entries, announcements to those that are to be dialled.

use std::sync::Arc;

use vocabulary::{AgentId, Timestamp};

use super::{Due, Router};
use crate::agents::Reservation;
use crate::dial_ahead::{Announced, entries_to_announce};
use crate::order::{OrderKey, effective_priority};
use crate::{Outcome, Selection, TargetKind};

impl Router {
    /// Brings the router to rest: afterwards no routable entry and ready agent are left that fit each other.
    pub(super) fn settle(&mut self, now: Timestamp, outcomes: &mut Vec<Outcome>) {
        self.lines.retain(|_, line| line.entries > 0);
        while let Some((id, agent)) = self.best_pair() {
            self.select(&id, &agent, now, outcomes);
        }
        self.announce(now, outcomes);
    }

    /// The first routable entry over all lines for which an agent is ready, and its longest-ready agent.
    fn best_pair(&self) -> Option<(Arc<str>, AgentId)> {
        let mut best: Option<(&OrderKey, &AgentId)> = None;
        for line in self.lines.values() {
            if line.ready.is_empty() {
                continue;
            }
            for key in &line.routable {
                if best.is_some_and(|(best_key, _)| best_key < key) {
                    break;
                }
                let Some(waiting) = self.entries.get(&key.id) else {
                    continue;
                };
                let agent = line
                    .ready
                    .iter()
                    .map(|(_, agent)| agent)
                    .find(|agent| !waiting.entry.excluded.contains(agent));
                if let Some(agent) = agent {
                    best = Some((key, agent));
                    break;
                }
            }
        }
        best.map(|(key, agent)| (Arc::clone(&key.id), agent.clone()))
    }

    fn select(&mut self, id: &Arc<str>, agent_id: &AgentId, now: Timestamp, outcomes: &mut Vec<Outcome>) {
        let Some(waiting) = self.leave(id, true) else {
            return;
        };
        if let Some(queue) = self.queues.get_mut(&waiting.entry.queue) {
            queue.statistics.distributed(now);
        }
        let Some(agent) = self.agents.get_mut(agent_id) else {
            return;
        };
        let until = now + waiting.entry.reservation.max(self.options.selection_block);
        agent.reservation = Some(Reservation { holder: waiting.entry.id.clone(), until });
        let target = waiting.targets.matching(&agent.profile, agent.is_logged_in());
        let selection = Selection {
            agent: agent.profile.clone(),
            target: target.map_or_else(String::new, |target| target.text().to_owned()),
            target_name: target.map_or_else(String::new, |target| target.name().to_owned()),
            target_kind: target.map_or(TargetKind::Agent, |target| target.kind()).letters().to_owned(),
            priority: effective_priority(&waiting.entry, now),
            waited: now.since(waiting.entry.waiting_since),
            queue: waiting.entry.queue,
        };
        self.due.insert((until, Due::Reservation(agent_id.clone())));
        self.relist_agent(agent_id);
        outcomes.push(Outcome::TargetSelected { id: waiting.entry.id, selection });
        self.tell_agent(agent_id, outcomes);
    }

    fn announce(&mut self, now: Timestamp, outcomes: &mut Vec<Outcome>) {
        let pending = self
            .announced
            .iter()
            .filter_map(|id| self.entries.get(id))
            .map(|waiting| Announced { line: &waiting.line, excluded: &waiting.entry.excluded });
        let chosen = entries_to_announce(&self.lines, pending, |id| {
            self.entries.get(id).map_or(&[], |waiting| waiting.entry.excluded.as_slice())
        });
        for id in chosen {
            let Some(mut waiting) = self.detach(&id) else {
                continue;
            };
            waiting.announced_until = Some(now + self.options.notification_block);
            self.attach(waiting, now);
            let position = self
                .entries
                .get(&id)
                .and_then(|waiting| Some(self.rank(waiting, self.queues.get(&waiting.entry.queue)?, now)))
                .unwrap_or(1);
            outcomes.push(Outcome::TimeToDial { id: id.to_string(), position });
        }
    }
}
