//! Entering a queue and changing one's mind: what the router accepts, and what it refuses and why.

use std::cmp::Reverse;
use std::sync::Arc;

use vocabulary::{AgentId, QueueName, Timestamp};

use super::announcing::DialProgress;
use super::{Router, Waiting};
use crate::order::{Growth, OrderKey};
use crate::reader::proposal;
use crate::slab::Slot;
use crate::{Entry, EntryChange, EntryId, Outcome, Refusal, Target, TargetKind, Targets};

impl Router {
    pub(super) fn submit(&mut self, entry: Entry, now: Timestamp, outcomes: &mut Vec<Outcome>) {
        if self.directory.get(&entry.id).is_some() {
            outcomes.push(Outcome::Queued { id: entry.id });
            return;
        }
        let pegs = self.pegs_of(&entry);
        let mut queues = std::iter::once(&entry.queue).chain(&pegs);
        let admitted = queues
            .try_for_each(|queue| self.admit_queue(queue, now))
            .and_then(|()| self.admit_target(&entry.target));
        let (target, line) = match admitted {
            Ok(admitted) => admitted,
            Err(reason) => {
                outcomes.push(Outcome::Refused { id: entry.id, reason });
                return;
            }
        };
        self.forget_held(&entry.id);
        let mut excluded = Vec::new();
        self.exclude(&mut excluded, entry.excluded);
        let waiting = Waiting {
            key: OrderKey {
                start: Reverse(entry.priority),
                waiting_since: entry.waiting_since,
                entered: entry.entered,
                id: Arc::from(entry.id.as_str()),
                slot: line,
            },
            growth: Growth::new(entry.growth),
            queue: entry.queue,
            pegs,
            target,
            line,
            deadline: entry.deadline,
            routable: entry.routable,
            notify: entry.notify,
            excluded,
            reservation: entry.reservation,
            max_route_attempts: entry.max_route_attempts,
            failed_routes: 0,
            announced_until: None,
            dial: entry.dial,
            progress: DialProgress::default(),
        };
        self.note_newcomer(&waiting, now);
        outcomes.push(Outcome::Queued { id: entry.id });
        self.enter(waiting);
    }

    pub(super) fn update(
        &mut self,
        id: EntryId,
        change: EntryChange,
        now: Timestamp,
        outcomes: &mut Vec<Outcome>,
    ) {
        let Some(slot) = self.directory.get(&id) else {
            outcomes.push(Outcome::Updated { id, found: false });
            return;
        };
        let target = match change.target.as_deref().map(|target| self.admit_target(target)).transpose() {
            Ok(target) => target,
            Err(reason) => {
                outcomes.push(Outcome::UpdateRefused { id, reason });
                return;
            }
        };
        self.dial_is_reported(slot, &change, now);
        let mut excluded = self.entries.get(slot).map(|waiting| waiting.excluded.clone()).unwrap_or_default();
        self.exclude(&mut excluded, change.exclude);
        self.change(slot, |waiting| {
            waiting.excluded = excluded;
            waiting.routable = change.routable.unwrap_or(waiting.routable);
            waiting.notify = change.notify.unwrap_or(waiting.notify);
            waiting.key.start = change.priority.map_or(waiting.key.start, Reverse);
            waiting.deadline = change.deadline.or(waiting.deadline);
            // The customer of a routable entry is on the line, and whoever asks for an announcement is not dialling
            // (any more): neither holds an agent back for an earlier announcement.
            if waiting.routable || change.notify == Some(true) {
                waiting.announced_until = None;
            }
            if let Some((target, line)) = target {
                waiting.target = target;
                waiting.line = line;
            }
        });
        outcomes.push(Outcome::Updated { id, found: true });
    }

    /// Adds agents to exclusions, each once.
    pub(super) fn exclude(&self, excluded: &mut Vec<AgentId>, agents: Vec<AgentId>) {
        for agent in agents {
            if excluded.len() < self.options.max_excluded_per_entry && !excluded.contains(&agent) {
                excluded.push(agent);
            }
        }
    }

    /// Further queues of an entry, each once, without its own.
    fn pegs_of(&self, entry: &Entry) -> Vec<QueueName> {
        let mut pegs: Vec<QueueName> = Vec::new();
        for peg in &entry.pegs {
            if *peg != entry.queue && !pegs.contains(peg) && pegs.len() < self.options.max_pegs_per_entry {
                pegs.push(peg.clone());
            }
        }
        pegs
    }

    /// Whether one more may wait in a queue; opens it.
    fn admit_queue(&mut self, name: &QueueName, now: Timestamp) -> Result<(), Refusal> {
        let refuse = |problem: String| Refusal::InvalidQueue { queue: name.as_str().to_owned(), problem };
        if name.as_str().trim().is_empty() {
            return Err(refuse("the name is empty".to_owned()));
        }
        if let Some(queue) = self.queues.get_mut(name) {
            let limit = self.options.max_entries_per_queue;
            if queue.order.len() >= limit {
                return Err(refuse(format!("it is full with {limit} entries")));
            }
            if queue.order.is_empty() {
                queue.statistics.began_to_wait(now);
            }
            return Ok(());
        }
        if self.queues.len() >= self.options.max_queues && !self.forget_an_empty_queue() {
            let limit = self.options.max_queues;
            return Err(refuse(format!("there are {limit} queues with entries already")));
        }
        self.queues.entry(name.clone()).or_default().statistics.began_to_wait(now);
        Ok(())
    }

    /// Forgets the empty queue that distributed longest ago; `false` when every queue has entries.
    fn forget_an_empty_queue(&mut self) -> bool {
        let oldest = self
            .queues
            .iter()
            .filter(|(_, queue)| queue.order.is_empty())
            .min_by_key(|(_, queue)| queue.statistics.averages().last_distribution)
            .map(|(name, _)| name.clone());
        oldest.is_some_and(|name| self.queues.remove(&name).is_some())
    }

    /// Reads a target and checks that it can be served by agents that exist; opens its line.
    fn admit_target(&mut self, text: &str) -> Result<(Arc<str>, Slot), Refusal> {
        if let Some(line) = self.lines.find(text).filter(|line| self.lines.is_checked(*line))
            && let Some(found) = self.lines.get(line)
        {
            return Ok((Arc::clone(&found.text), line));
        }
        let refuse = |problem: String| Refusal::InvalidTarget { target: text.to_owned(), problem };
        let targets = Targets::parse(text).map_err(|error| refuse(error.to_string()))?;
        for target in targets.iter() {
            self.admit_single_target(target).map_err(refuse)?;
        }
        let text: Arc<str> = Arc::from(text);
        let line = self.line_of(&text, &Arc::new(targets));
        self.lines.set_checked(line);
        Ok((text, line))
    }

    /// The line of an entry that left and comes back; it may have been closed meanwhile.
    pub(super) fn line_again(&mut self, waiting: &Waiting) -> Slot {
        match Targets::parse(&waiting.target) {
            Ok(targets) => self.line_of(&waiting.target, &Arc::new(targets)),
            // It was read when the entry came.
            Err(_) => waiting.line,
        }
    }

    fn admit_single_target(&self, target: &Target) -> Result<(), String> {
        if !target.thresholds().is_empty() {
            return Err(format!(
                "`{}` has a threshold in braces, which is not served yet: leave it out",
                target.text()
            ));
        }
        if let Some(statistic) = target.skills().and_then(|skills| skills.statistics().first().copied()) {
            return Err(format!(
                "`{}` asks for {}, which changes while nothing else does: only $(StatAgentLoggedIn) is \
                 served in a skill expression",
                target.text(),
                statistic.name()
            ));
        }
        match target.kind() {
            // Whom skills match may change at any time: nobody today is no error.
            TargetKind::AgentGroup if target.skills().is_some() => Ok(()),
            TargetKind::AgentGroup if self.lines.has_group(target.name()) => Ok(()),
            TargetKind::AgentGroup => {
                known_or_proposal("agent group", target.name(), self.lines.group_names())
            }
            TargetKind::Agent => {
                known_or_proposal("agent", target.name(), self.agent_slots.keys().map(AgentId::as_str))
            }
            TargetKind::Place => {
                let agents = self.agents.iter();
                let places: Vec<&str> = agents.map(|(_, agent)| agent.profile.place.as_str()).collect();
                known_or_proposal("place", target.name(), places.into_iter())
            }
            TargetKind::PlaceGroup
            | TargetKind::CampaignGroup
            | TargetKind::Campaign
            | TargetKind::Queue
            | TargetKind::QueueGroup
            | TargetKind::RoutingPoint
            | TargetKind::DirectoryNumber
            | TargetKind::DestinationLabel => {
                Err(format!("targets of type {} are not served: use A, AP or GA", target.kind()))
            }
        }
    }
}

/// `Ok` when `name` is among `known`; else a sentence with the nearest of them.
fn known_or_proposal<'a>(
    what: &str,
    name: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> Result<(), String> {
    if known.clone().any(|candidate| candidate == name) {
        return Ok(());
    }
    Err(format!("there is no {what} `{name}`{}", proposal(name, known)))
}
