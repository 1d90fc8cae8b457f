//! Announcing: whose time to dial has come, and why somebody's has not.
//!
//! Only lines in which something has changed are looked at: an agent, an entry, the progress of a dial.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use vocabulary::{AgentId, Timestamp};

use super::counting::per_second;
use super::keeping::has_kept_back;
use super::{Due, Lines, Router, Waiting};
use crate::agents::Agent;
use crate::dial_ahead::dial_quota;
use crate::line::Line;
use crate::order::Standing;
use crate::slab::{Slab, Slot};
use crate::{
    DialAverages, DialExplanation, DialLimit, DialMethod, EntryChange, NotDialled, Outcome, Situation,
};

/// How often entries that are dialled by thresholds are looked at (guide: the session asks every 5 s).
const THRESHOLD_INTERVAL: Duration = Duration::from_secs(5);
/// How often a line with calls in progress is looked at though nothing changes.
const LOOK_INTERVAL: Duration = Duration::from_secs(2);
/// Most ready agents of a line whose other lines are looked at; beyond it there are enough for all.
pub(super) const NEIGHBOURS_MAX: usize = 16;

/// What is known of the dial of an entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct DialProgress {
    /// When its time to dial was last announced.
    /// Of a dial that nobody announced: when it began.
    pub(super) announced_at: Option<Timestamp>,
    /// Whether that dial is known to have begun.
    pub(super) has_begun: bool,
    /// Whether it began without an announcement: the router did not choose the moment, and learns nothing from it of its
    /// own choices.
    pub(super) is_unasked: bool,
    /// Whether that dial was reported as answered, and the customer is not ready for an agent yet.
    pub(super) is_answered: bool,
    /// Whether that dial has ended without an answer.
    pub(super) has_ended: bool,
    /// When the customer became ready for an agent.
    pub(super) ready_at: Option<Timestamp>,
    /// Whether too little of the time for finding an agent is left to dial.
    pub(super) is_too_late: bool,
}

impl Lines {
    /// Ready agents of a line may be free for others of their lines.
    pub(super) fn touch_neighbours(&mut self, line: Slot, agents: &Slab<Agent>) {
        let Some(line) = self.get(line).filter(|line| line.ready.len() <= NEIGHBOURS_MAX) else {
            return;
        };
        let ready = line.ready.iter();
        let agents = ready.filter_map(|(_, _, slot)| agents.get(*slot)).filter(|agent| agent.lines.len() > 1);
        let neighbours: BTreeSet<Slot> = agents.flat_map(|agent| agent.lines.iter().copied()).collect();
        for neighbour in neighbours {
            self.touch(neighbour);
        }
    }
}

impl Router {
    /// Announces the time to dial to those whose turn it is.
    pub(super) fn announce(&mut self, now: Timestamp, outcomes: &mut Vec<Outcome>) {
        if self.thresholds_due.is_none() && !self.by_thresholds.is_empty() {
            self.announce_by_thresholds(now, outcomes);
        }
        let touched = self.lines.take_touched();
        let mut heads: Vec<_> = touched
            .iter()
            .filter_map(|slot| Some((self.lines.get(*slot)?.announceable.first(now)?.0, *slot)))
            .collect();
        heads.sort_unstable();
        let lines: Vec<Slot> = heads.into_iter().map(|(_, slot)| slot).collect();
        for line in lines {
            self.announce_line(line, now, outcomes);
        }
        if !self.options.dial_ahead.keep_max.is_zero() && !self.announced.is_empty() {
            self.look_again_for_kept_back(&touched, now);
        }
    }

    /// Calls for whom no agent could be spared are looked at again though nothing changes.
    fn look_again_for_kept_back(&mut self, lines: &BTreeSet<Slot>, now: Timestamp) {
        for slot in lines {
            let waits = self.lines.get(*slot).filter(|line| has_kept_back(line));
            if waits.is_some_and(|line| line.pace.look_again.is_none()) {
                self.set_look_again(*slot, Some(now + LOOK_INTERVAL));
            }
        }
    }

    fn announce_line(&mut self, slot: Slot, now: Timestamp, outcomes: &mut Vec<Outcome>) {
        let Some(line) = self.lines.get(slot) else {
            return;
        };
        let situation = self.situation(line, slot, now);
        let quota = dial_quota(&situation, &self.options.dial_ahead);
        let again = match quota.limit {
            DialLimit::TooEarly { seconds } | DialLimit::HeldBack { seconds } => {
                Some(now + Duration::from_secs_f64(seconds.clamp(0.1, 3600.0)))
            }
            // The odds change with every second that a call or a dial takes.
            DialLimit::Odds | DialLimit::Rate if situation.freeing_rate > 0.0 => Some(now + LOOK_INTERVAL),
            _ => None,
        };
        let (mut chosen, mut too_late) = (Vec::new(), Vec::new());
        for (_, key) in line.announceable.walk(now) {
            if chosen.len() >= quota.quota {
                break;
            }
            let Some(waiting) = self.entries.get(key.slot) else {
                continue;
            };
            if is_too_late(waiting, now) {
                too_late.push(key.slot);
            } else if self.is_wanted(waiting, line, &situation, chosen.len(), now) {
                chosen.push(key.slot);
            }
        }
        let is_held = matches!(quota.limit, DialLimit::HeldBack { .. });
        self.set_look_again(slot, again);
        if let Some(line) = self.lines.get_mut(slot) {
            line.pace.held_since = if is_held { line.pace.held_since.or(Some(now)) } else { None };
        }
        for entry in too_late {
            self.change(entry, |waiting| waiting.progress.is_too_late = true);
        }
        for entry in chosen {
            self.announce_entry(entry, now, outcomes);
        }
    }

    /// Whether the agents for whom a callback would be dialled include one whom it may be given.
    fn is_wanted(
        &self,
        waiting: &Waiting,
        line: &Line,
        situation: &Situation,
        chosen: usize,
        now: Timestamp,
    ) -> bool {
        if waiting.excluded.is_empty() {
            return true;
        }
        let ready = self.ready_now(line, now);
        let fitting = ready.filter(|(_, id, _)| !waiting.excluded.contains(id)).count();
        let dialing = situation.dialing + chosen;
        // Those who are being dialled already take the agents whom this one refuses.
        let ready = situation.ready.min(dialing + fitting);
        let new = chosen as f64;
        let success = situation.success_rate;
        let answers = (situation.answers.0 + new * success, situation.answers.1 + new * success * success);
        let without = Situation { ready, dialing, answers, ..*situation };
        dial_quota(&without, &self.options.dial_ahead).quota > 0
    }

    fn announce_entry(&mut self, entry: Slot, now: Timestamp, outcomes: &mut Vec<Outcome>) {
        let until = now + self.options.dial_ahead.vcb.notification_block();
        self.change(entry, |waiting| {
            waiting.announced_until = Some(until);
            waiting.progress = DialProgress { announced_at: Some(now), ..DialProgress::default() };
        });
        if let Some(waiting) = self.entries.get(entry) {
            let position = self.rank(waiting, now);
            outcomes.push(Outcome::TimeToDial { id: waiting.key.id.to_string(), position });
        }
    }

    fn announce_by_thresholds(&mut self, now: Timestamp, outcomes: &mut Vec<Outcome>) {
        let mut due = Vec::new();
        for slot in &self.by_thresholds {
            let Some(waiting) = self.entries.get(*slot) else {
                continue;
            };
            if let DialMethod::Thresholds(table) = &waiting.dial.method
                && !is_too_late(waiting, now)
            {
                let (eta, position) = self.eta(waiting, now);
                if table.is_due(eta, position) {
                    due.push((waiting.growth.standing(&waiting.key, now), *slot));
                }
            }
        }
        due.sort_unstable();
        let due: Vec<Slot> = due.into_iter().map(|(_, slot)| slot).collect();
        for slot in due {
            self.announce_entry(slot, now, outcomes);
        }
        if !self.by_thresholds.is_empty() {
            let again = now + THRESHOLD_INTERVAL;
            self.thresholds_due = Some(again);
            self.due.insert((again, Due::Thresholds));
        }
    }

    /// Estimated time until an entry is served, seconds, and its position. An unknown time counts as 0.
    fn eta(&self, waiting: &Waiting, now: Timestamp) -> (f64, usize) {
        let position = self.rank(waiting, now);
        let queue = self.queues.get(&waiting.queue);
        let average = queue.and_then(|queue| queue.statistics.average_seconds(queue.order.len(), now));
        (crate::waiting_time::estimate(average.unwrap_or(0.0), position), position)
    }

    /// What dial-ahead looks at for the head of a line.
    pub(super) fn situation(&self, line: &Line, slot: Slot, now: Timestamp) -> Situation {
        let head = line.announceable.first(now);
        let ahead = head.map_or(0, |(standing, _)| line.routable.rank(&standing, now));
        let options = &self.options.dial_ahead;
        // Calls that come later and have no higher priority leave the agents to those who are dialled.
        let first = head.map(|(standing, _)| standing).or_else(|| self.first_dialled(line, now));
        let is_first = |priority: i64| first.is_some_and(|first| first.priority.0 >= priority);
        let takes_turns = !options.keep_max.is_zero() && is_first(line.pace.live_priority);
        let fresh = DialAverages::new(options);
        let averages = line.pace.averages.as_ref().or(self.saved_dials.get(&*line.text)).unwrap_or(&fresh);
        let connect = averages.connect_seconds.mean;
        Situation {
            ready: self.unclaimed(line, slot, now),
            at_work: line.agents.at_work,
            freeing_rate: per_second(line.agents.freeing),
            arrival_rate: averages.arrival_rate(now),
            arrives_within: connect
                - if takes_turns { options.keep_max.as_secs_f64().min(connect) } else { 0.0 },
            ahead,
            waiting: line.routable.len(),
            dialing: line.pace.dialing.len(),
            freed: self.freed_in(line, averages.connect_seconds.mean, now),
            answers: self.answers_of(line, averages.success_rate(options), now),
            success_rate: averages.success_rate(options),
            connect_seconds: connect,
            trust: averages.trust,
            held_back: line.pace.held_since.map_or(0.0, |since| now.since(since).as_secs_f64()),
            since_last_given: line.pace.last_given.map(|at| now.since(at).as_secs_f64()),
        }
    }

    /// Place of the first of those who are being dialled.
    pub(super) fn first_dialled<'a>(&'a self, line: &'a Line, now: Timestamp) -> Option<Standing<'a>> {
        let dialing = line.pace.dialing.iter().filter_map(|(_, slot)| self.entries.get(*slot));
        dialing.map(|waiting| waiting.growth.standing(&waiting.key, now)).min()
    }

    /// Ready agents of a line who may be given its entries now.
    pub(super) fn ready_now<'a>(
        &'a self,
        line: &'a Line,
        now: Timestamp,
    ) -> impl Iterator<Item = &'a (Timestamp, AgentId, Slot)> {
        line.ready.iter().filter(move |(_, _, slot)| {
            line.is_unconditional()
                || self.agents.get(*slot).is_some_and(|agent| self.target_for(line, agent, now).is_some())
        })
    }

    /// Ready agents of a line for whom nobody is being dialled in another line.
    fn unclaimed(&self, line: &Line, slot: Slot, now: Timestamp) -> usize {
        let lines_of = |agent: Slot| self.agents.get(agent).map_or(0, |agent| agent.lines.len());
        let is_shared = line.ready.iter().take(NEIGHBOURS_MAX).any(|(_, _, agent)| lines_of(*agent) > 1);
        if !is_shared {
            let is_plain = line.is_unconditional();
            return if is_plain { line.ready.len() } else { self.ready_now(line, now).count() };
        }
        let mut claimed = BTreeSet::new();
        let dials = self.announced.iter().filter_map(|id| self.entries.get(self.directory.get(id)?));
        for waiting in dials.filter(|waiting| waiting.line != slot && waiting.is_dialing()) {
            let ready = self.lines.get(waiting.line).into_iter().flat_map(|other| &other.ready);
            let agents =
                ready.filter(|(_, id, agent)| !claimed.contains(agent) && !waiting.excluded.contains(id));
            // Agents with few lines are taken before those with many.
            let agent = agents.take(NEIGHBOURS_MAX).min_by_key(|(_, _, agent)| lines_of(*agent));
            claimed.extend(agent.map(|(_, _, agent)| *agent));
        }
        self.ready_now(line, now).filter(|(_, _, agent)| !claimed.contains(agent)).count()
    }

    fn set_look_again(&mut self, slot: Slot, at: Option<Timestamp>) {
        let Some(line) = self.lines.get_mut(slot) else {
            return;
        };
        if line.pace.look_again == at {
            return;
        }
        let text = Arc::clone(&line.text);
        if let Some(before) = std::mem::replace(&mut line.pace.look_again, at) {
            self.due.remove(&(before, Due::Pace(Arc::clone(&text))));
        }
        if let Some(at) = at {
            self.due.insert((at, Due::Pace(text)));
        }
    }

    pub(super) fn look_again(&mut self, text: &str) {
        let Some(slot) = self.lines.find(text) else {
            return;
        };
        if let Some(line) = self.lines.get_mut(slot) {
            line.pace.look_again = None;
        }
        self.lines.touch(slot);
    }

    pub(super) fn dial_started(&mut self, id: &str, now: Timestamp) {
        let until = now + self.options.dial_ahead.vcb.dial_block();
        let Some(slot) = self.directory.get(id) else {
            return;
        };
        if self.entries.get(slot).is_none_or(|waiting| waiting.routable) {
            return;
        }
        self.change(slot, |waiting| {
            // An immediate callback for example: its customer takes an agent like those who were announced.
            if !waiting.is_dialing() {
                waiting.progress =
                    DialProgress { announced_at: Some(now), is_unasked: true, ..DialProgress::default() };
            }
            waiting.progress.has_begun = true;
            waiting.announced_until = waiting.announced_until.max(Some(until));
        });
    }

    pub(super) fn dial_ended(&mut self, id: &str, answered: bool, _now: Timestamp) {
        let Some(slot) = self.directory.get(id) else {
            return;
        };
        let Some(waiting) = self.entries.get(slot).filter(|waiting| waiting.is_dialing()) else {
            return;
        };
        let line = waiting.line;
        if answered {
            self.change(slot, |waiting| waiting.progress.is_answered = true);
        } else {
            self.change(slot, |waiting| waiting.progress.has_ended = true);
            if let Some(averages) = self.averages_of(line) {
                averages.unanswered();
            }
        }
    }

    /// An entry changes in a way that tells how its dial went.
    pub(super) fn dial_is_reported(&mut self, slot: Slot, change: &EntryChange, now: Timestamp) {
        let Some(waiting) = self.entries.get(slot) else {
            return;
        };
        let (line, is_dialing, progress) = (waiting.line, waiting.is_dialing(), waiting.progress);
        if change.routable == Some(true) && !waiting.routable && is_dialing {
            if let Some(at) = progress.announced_at {
                self.has_connected(line, now.since(at));
            }
            self.change(slot, |waiting| waiting.progress.ready_at = Some(now));
        } else if change.notify == Some(true) {
            if is_dialing
                && !progress.is_answered
                && let Some(averages) = self.averages_of(line)
            {
                averages.unanswered();
            }
            self.change(slot, |waiting| {
                waiting.announced_until = None;
                waiting.progress = DialProgress::default();
            });
        } else if change.notify == Some(false) && !(is_dialing && progress.has_begun) {
            // It is not dialled after all, a pause for example. No customer was asked, so none failed to answer.
            self.change(slot, |waiting| {
                waiting.announced_until = None;
                waiting.progress = DialProgress::default();
            });
        } else if change.deadline.is_some() && progress.is_too_late {
            self.change(slot, |waiting| waiting.progress.is_too_late = false);
        }
    }

    /// An agent is given to an entry.
    pub(super) fn agent_is_given(&mut self, waiting: &Waiting, agent: Slot, now: Timestamp) {
        if let Some(ready_at) = waiting.progress.ready_at.filter(|_| !waiting.progress.is_unasked) {
            let options = self.options.dial_ahead.clone();
            let in_time = now.since(ready_at) <= options.patience;
            if let Some(averages) = self.averages_of(waiting.line) {
                averages.found_agent(in_time, &options);
            }
        }
        for line in self.agents.get(agent).into_iter().flat_map(|agent| &agent.lines) {
            if let Some(line) = self.lines.get_mut(*line) {
                line.pace.last_given = Some(now);
            }
        }
    }

    /// A customer who answered leaves without an agent.
    pub(super) fn left_without_agent(&mut self, waiting: &Waiting) {
        if waiting.progress.ready_at.is_some() && !waiting.progress.is_unasked {
            let options = self.options.dial_ahead.clone();
            if let Some(averages) = self.averages_of(waiting.line) {
                averages.found_agent(false, &options);
            }
        }
    }

    /// Why a callback has not been dialled yet; `None` when it does not wait.
    #[must_use]
    pub fn why_not_dialled(&self, id: &str, now: Timestamp) -> Option<DialExplanation> {
        let slot = self.directory.get(id)?;
        let waiting = self.entries.get(slot)?;
        let reason = self.reason(waiting, now)?;
        Some(DialExplanation::new(self.rank(waiting, now), waiting.queue.as_str(), reason))
    }

    fn reason(&self, waiting: &Waiting, now: Timestamp) -> Option<NotDialled> {
        let line = self.lines.get(waiting.line)?;
        if waiting.routable {
            return Some(NotDialled::OnTheLine);
        }
        if let Some(until) = waiting.announced_until {
            if waiting.progress.has_ended {
                return Some(NotDialled::Blocked { seconds: until.since(now).as_secs_f64() });
            }
            let since = waiting.progress.announced_at.map_or(Duration::ZERO, |at| now.since(at));
            return Some(NotDialled::BeingDialled { seconds: since.as_secs_f64() });
        }
        if !waiting.notify {
            return Some(NotDialled::NotAsked);
        }
        if is_too_late(waiting, now) {
            return Some(NotDialled::TooLate);
        }
        if let DialMethod::Thresholds(table) = &waiting.dial.method {
            let (eta, _) = self.eta(waiting, now);
            return Some(NotDialled::BelowThreshold { eta, limit: table.limit(eta) });
        }
        let situation = self.situation(line, waiting.line, now);
        let quota = dial_quota(&situation, &self.options.dial_ahead);
        let own = waiting.growth.standing(&waiting.key, now);
        let callbacks_ahead = line.announceable.rank(&own, now);
        Some(NotDialled::Quota { situation, quota, callbacks_ahead })
    }

    /// Averages of the dials for these targets; `None` when nobody was dialled for them.
    #[must_use]
    pub fn dial_figures(&self, target: &str) -> Option<DialAverages> {
        let line = self.lines.find(target).and_then(|slot| self.lines.get(slot))?;
        line.pace.averages
    }
}

//= guide: _cannot_dial_buffer_time
fn is_too_late(waiting: &Waiting, now: Timestamp) -> bool {
    let buffer = waiting.dial.buffer;
    !buffer.is_zero() && waiting.deadline.is_some_and(|deadline| deadline.since(now) <= buffer)
}

#[cfg(test)]
mod dial_tests;
#[cfg(test)]
mod tests;
