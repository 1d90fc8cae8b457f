//! Entries that wait: how they are kept, and the lists in which they stand.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use vocabulary::{AgentId, QueueName, Timestamp};

use super::announcing::DialProgress;
use super::choice::Choice;
use super::widening::Stage;
use super::{Due, Router};
use crate::order::{Growth, OrderKey};
use crate::slab::Slot;
use crate::{DialMethod, DialRule, Entry, PriorityGrowth, TargetList};

/// An entry that waits. Texts that many have in common are shared.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) key: OrderKey,
    pub(super) growth: Growth,
    pub(super) is_taken_anew: bool,
    pub(super) queue: QueueName,
    pub(super) pegs: Vec<QueueName>,
    /// What it waits for, in sequence.
    pub(super) list: Arc<TargetList>,
    /// How far it is in that.
    pub(super) stage: Stage,
    pub(super) line: Slot,
    pub(super) choice: Choice,
    pub(super) deadline: Option<Timestamp>,
    pub(super) routable: bool,
    pub(super) notify: bool,
    pub(super) excluded: Vec<AgentId>,
    pub(super) reservation: Duration,
    pub(super) max_route_attempts: u32,
    /// Agents to whom routing failed.
    pub(super) failed_routes: u32,
    /// End of the block after an announcement.
    pub(super) announced_until: Option<Timestamp>,
    pub(super) dial: DialRule,
    pub(super) progress: DialProgress,
}

impl Waiting {
    pub(super) fn priority(&self, now: Timestamp) -> i64 {
        self.growth.priority(self.key.start.0, self.key.waiting_since, now)
    }

    pub(super) fn is_announceable(&self) -> bool {
        !self.routable && self.notify && self.announced_until.is_none() && !self.progress.is_too_late
    }

    /// Whether the customer is being dialled, as far as is known.
    pub(super) fn is_dialing(&self) -> bool {
        !self.routable && self.announced_until.is_some() && !self.progress.has_ended
    }

    /// The key under which it stands in a queue that does not serve it.
    //= decision: D-097 a pegged interaction is listed in the extra queue without being eligible there
    fn peg_key(&self) -> OrderKey {
        OrderKey { start: Reverse(0), ..self.key.clone() }
    }

    /// The queues in which it is listed: its own, and those in which it is pegged.
    pub(super) fn queues(&self) -> impl Iterator<Item = &QueueName> {
        std::iter::once(&self.queue).chain(&self.pegs)
    }

    pub(super) fn to_entry(&self) -> Entry {
        let growth = match self.growth {
            Growth::None => None,
            Growth::Steps { increment, interval_ms } => {
                Some(PriorityGrowth { increment, interval: Duration::from_millis(interval_ms) })
            }
        };
        Entry {
            id: self.key.id.to_string(),
            queue: self.queue.clone(),
            target: self.list.text().to_string(),
            priority: self.key.start.0,
            growth,
            waiting_since: self.key.waiting_since,
            entered: self.key.entered,
            is_taken_anew: self.is_taken_anew,
            deadline: self.deadline,
            routable: self.routable,
            notify: self.notify,
            excluded: self.excluded.clone(),
            reservation: self.reservation,
            pegs: self.pegs.clone(),
            max_route_attempts: self.max_route_attempts,
            dial: self.dial.clone(),
            choice: self.choice.to_rule(),
        }
    }
}

impl Router {
    /// Stores an entry and puts it into every list where it belongs.
    pub(super) fn enter(&mut self, mut waiting: Waiting) {
        let slot = self.entries.reserve();
        waiting.key.slot = slot;
        self.directory.insert(Arc::clone(&waiting.key.id), slot);
        self.entries.put(slot, waiting);
        self.enlist(slot);
    }

    /// Changes an entry: takes it out of its lists, and puts it back into those where it belongs then.
    pub(super) fn change(&mut self, slot: Slot, change: impl FnOnce(&mut Waiting)) {
        self.delist(slot);
        if let Some(waiting) = self.entries.get_mut(slot) {
            change(waiting);
        }
        self.enlist(slot);
    }

    /// An entry leaves without an agent; the queues in which it stood count that.
    pub(super) fn leave(&mut self, slot: Slot) -> Option<Waiting> {
        let waiting = self.take_out(slot)?;
        for name in waiting.queues() {
            if let Some(queue) = self.queues.get_mut(name) {
                queue.statistics.departed(false);
            }
        }
        self.left_without_agent(&waiting);
        Some(waiting)
    }

    /// Removes an entry for good.
    pub(super) fn take_out(&mut self, slot: Slot) -> Option<Waiting> {
        self.delist(slot);
        let waiting = self.entries.remove(slot)?;
        self.directory.remove(&waiting.key.id);
        Some(waiting)
    }

    fn enlist(&mut self, slot: Slot) {
        let Some(waiting) = self.entries.get(slot) else {
            return;
        };
        let (id, key) = (&waiting.key.id, &waiting.key);
        let own = std::iter::once((&waiting.queue, waiting.growth, key.clone(), false));
        let pegs = waiting.pegs.iter().map(|peg| (peg, Growth::None, waiting.peg_key(), true));
        for (name, growth, key, is_peg) in own.chain(pegs) {
            // Nearly always open: no name is copied then.
            let queue = match self.queues.get_mut(name) {
                Some(queue) => queue,
                None => self.queues.entry(name.clone()).or_default(),
            };
            queue.order.insert(growth, key);
            let lines = if is_peg { &mut queue.pegged } else { &mut queue.lines };
            *lines.entry(waiting.line).or_default() += 1;
        }
        let begins_terms =
            self.lines.get(waiting.line).is_some_and(|line| line.entries == 0 && !line.terms.is_empty());
        if let Some(line) = self.lines.entry_comes(waiting.line) {
            if waiting.routable {
                line.routable.insert(waiting.growth, key.clone());
                if !line.ready.is_empty() {
                    self.fresh_entries.push(slot);
                }
            } else if waiting.is_dialing() {
                line.pace.dialing.insert((waiting.progress.announced_at.unwrap_or_default(), slot));
            } else if waiting.is_announceable() && waiting.dial.method != DialMethod::Rate {
                self.by_thresholds.insert(slot);
            } else if waiting.is_announceable() {
                line.announceable.insert(waiting.growth, key.clone());
                self.lines.note_announceable(waiting.line);
            }
            self.lines.touch(waiting.line);
        }
        if let Some(deadline) = waiting.deadline {
            self.due.insert((deadline, Due::Deadline(Arc::clone(id))));
        }
        if let Some(at) = waiting.stage.ends {
            self.due.insert((at, Due::NextTarget(Arc::clone(id))));
        }
        if let Some(until) = waiting.announced_until {
            self.due.insert((until, Due::Announcement(Arc::clone(id))));
            self.announced.insert(Arc::clone(id));
        }
        if begins_terms {
            self.line_has_entries(waiting.line);
        }
    }

    fn delist(&mut self, slot: Slot) {
        let Some(waiting) = self.entries.get(slot) else {
            return;
        };
        let (id, key) = (&waiting.key.id, &waiting.key);
        if let Some(queue) = self.queues.get_mut(&waiting.queue) {
            queue.order.remove(waiting.growth, key);
            count_down(&mut queue.lines, waiting.line);
        }
        for peg in &waiting.pegs {
            if let Some(queue) = self.queues.get_mut(peg) {
                queue.order.remove(Growth::None, &waiting.peg_key());
                count_down(&mut queue.pegged, waiting.line);
            }
        }
        if let Some(line) = self.lines.entry_goes(waiting.line) {
            if waiting.routable {
                line.routable.remove(waiting.growth, key);
            } else if waiting.is_dialing() {
                line.pace.dialing.remove(&(waiting.progress.announced_at.unwrap_or_default(), slot));
                self.lines.touch_neighbours(waiting.line, &self.agents);
            } else if waiting.is_announceable() && waiting.dial.method != DialMethod::Rate {
                self.by_thresholds.remove(&slot);
            } else if waiting.is_announceable() {
                line.announceable.remove(waiting.growth, key);
                self.lines.note_announceable(waiting.line);
            }
            self.lines.touch(waiting.line);
        }
        if let Some(deadline) = waiting.deadline {
            self.due.remove(&(deadline, Due::Deadline(Arc::clone(id))));
        }
        if let Some(at) = waiting.stage.ends {
            self.due.remove(&(at, Due::NextTarget(Arc::clone(id))));
        }
        if let Some(until) = waiting.announced_until {
            self.due.remove(&(until, Due::Announcement(Arc::clone(id))));
            self.announced.remove(id);
        }
    }
}

/// One entry fewer in a line.
fn count_down(lines: &mut BTreeMap<Slot, usize>, line: Slot) {
    if let Some(count) = lines.get_mut(&line) {
        *count -= 1;
        if *count == 0 {
            lines.remove(&line);
        }
    }
}
