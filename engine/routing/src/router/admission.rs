//! Entering a queue and changing one's mind: what the router accepts, and what it refuses and why.

use std::cmp::Reverse;
use std::sync::Arc;

use vocabulary::{AgentId, QueueName, Timestamp};

use super::announcing::DialProgress;
use super::choice::Choice;
use super::widening::KnownList;
use super::{Router, Waiting};
use crate::order::{Growth, OrderKey};
use crate::reader::proposal;
use crate::slab::Slot;
use crate::statistics::StatisticUse;
use crate::{Entry, EntryChange, EntryId, Outcome, Refusal, Target, TargetKind, TargetList};

/// Where an entry comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// A session submits it.
    Session,
    /// It was stored before a restart.
    Store,
}

impl Router {
    pub(super) fn submit(
        &mut self,
        entry: Entry,
        origin: Origin,
        now: Timestamp,
        outcomes: &mut Vec<Outcome>,
    ) {
        if self.directory.get(&entry.id).is_some() {
            outcomes.push(Outcome::Queued { id: entry.id });
            return;
        }
        self.limit_idle_lines();
        let pegs = self.pegs_of(&entry);
        let mut queues = std::iter::once(&entry.queue).chain(&pegs);
        let admitted = queues.try_for_each(|queue| self.admit_queue(queue, now)).and_then(|()| {
            let choice = Choice::read(&entry.choice)
                .map_err(|problem| Refusal::InvalidTarget { target: entry.target.clone(), problem })?;
            Ok((self.admit_target(&entry.target)?, choice))
        });
        let (list, choice) = match admitted {
            Ok(admitted) => admitted,
            Err(reason) => {
                outcomes.push(Outcome::Refused { id: entry.id, reason });
                return;
            }
        };
        self.forget_held(&entry.id);
        let mut excluded = Vec::new();
        self.exclude(&mut excluded, entry.excluded);
        let (stage, line) = match origin {
            Origin::Session => self.first_target(&list, entry.entered.min(now)),
            Origin::Store => self.target_by_time(&list, entry.entered.min(now), now),
        };
        let waiting = Waiting {
            key: OrderKey {
                start: Reverse(entry.priority),
                waiting_since: entry.waiting_since,
                entered: entry.entered,
                id: Arc::from(entry.id.as_str()),
                slot: Slot::NONE,
            },
            growth: Growth::new(entry.growth),
            is_taken_anew: entry.is_taken_anew,
            queue: entry.queue,
            pegs,
            list,
            stage,
            line,
            choice,
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
        self.note_newcomer(&waiting, origin, now);
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
        self.limit_idle_lines();
        let target = match change.target.as_deref().map(|target| self.admit_target(target)).transpose() {
            Ok(target) => target,
            Err(reason) => {
                outcomes.push(Outcome::UpdateRefused { id, reason });
                return;
            }
        };
        self.dial_is_reported(slot, &change, now);
        let target = target.map(|list| {
            let reached = self.first_target(&list, now);
            (list, reached)
        });
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
            if let Some((list, (stage, line))) = target {
                waiting.list = list;
                waiting.stage = stage;
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

    /// Reads a target list and checks that it can be served by agents that exist.
    fn admit_target(&mut self, text: &str) -> Result<Arc<TargetList>, Refusal> {
        let names_version = self.lines.names_version();
        if let Some(known) = self.lists.get(text).filter(|known| known.names_version == names_version) {
            return Ok(Arc::clone(&known.list));
        }
        let refuse = |problem: String| Refusal::InvalidTarget { target: text.to_owned(), problem };
        let list = TargetList::parse(text).map_err(|error| refuse(error.to_string()))?;
        for target in list.steps().iter().flat_map(|step| step.targets.iter()) {
            self.admit_single_target(target).map_err(refuse)?;
        }
        if self.lists.len() >= self.options.max_idle_lines {
            self.lists.retain(|_, known| Arc::strong_count(&known.list) > 1);
        }
        let list = Arc::new(list);
        let known = KnownList { list: Arc::clone(&list), names_version };
        self.lists.insert(Arc::clone(list.text()), known);
        Ok(list)
    }

    fn admit_single_target(&self, target: &Target) -> Result<(), String> {
        let place = StatisticUse::of_target(target.kind(), target.skills().is_some());
        for threshold in target.thresholds() {
            place
                .find(&threshold.statistic)
                .map_err(|error| format!("threshold of `{}`: {error}", target.text()))?;
        }
        // The number of agents would have to be counted again at every moment.
        let has_terms = target.skills().is_some_and(|skills| !skills.statistic_terms().is_empty());
        if has_terms && !target.thresholds().is_empty() {
            return Err(format!(
                "`{}` has a threshold on a skill expression with $(…): write the statistic of the agents into the \
                 expression and leave out the threshold, or the other way round",
                target.text()
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
            TargetKind::PlaceGroup => {
                known_or_proposal("place group", target.name(), self.memberships.place_groups())
            }
            TargetKind::CampaignGroup => {
                known_or_proposal("campaign group", target.name(), self.memberships.campaign_groups())
            }
            TargetKind::Campaign
            | TargetKind::Queue
            | TargetKind::QueueGroup
            | TargetKind::RoutingPoint
            | TargetKind::DirectoryNumber
            | TargetKind::DestinationLabel => {
                Err(format!("targets of type {} are not served: use A, AP, GA, GP or GC", target.kind()))
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
