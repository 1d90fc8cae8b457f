//! Entering a queue and changing one's mind: what the router accepts, and what it refuses and why.

use std::sync::Arc;

use vocabulary::{AgentId, QueueName, Timestamp};

use super::{Router, Waiting};
use crate::order::{OrderKey, next_growth};
use crate::{Entry, EntryChange, EntryId, Outcome, Refusal, Target, TargetKind, Targets};

/// Most edits between a name that nobody has and the known name that is proposed.
const PROPOSAL_DISTANCE_MAX: usize = 3;

impl Router {
    pub(super) fn submit(&mut self, mut entry: Entry, now: Timestamp, outcomes: &mut Vec<Outcome>) {
        let id: Arc<str> = Arc::from(entry.id.as_str());
        if self.entries.contains_key(&id) {
            outcomes.push(Outcome::Queued { id: entry.id });
            return;
        }
        let admitted = self.admit_queue(&entry.queue).and_then(|()| self.admit_target(&entry.target));
        let targets = match admitted {
            Ok(targets) => targets,
            Err(reason) => {
                outcomes.push(Outcome::Refused { id: entry.id, reason });
                return;
            }
        };
        let excluded = std::mem::take(&mut entry.excluded);
        self.exclude(&mut entry, excluded);
        let queue = self.queues.entry(entry.queue.clone()).or_default();
        if queue.order.is_empty() {
            queue.statistics.began_to_wait(now);
        }
        outcomes.push(Outcome::Queued { id: entry.id.clone() });
        let waiting = Waiting {
            targets: Arc::new(targets),
            key: OrderKey::at(&entry, &id, now),
            line: Arc::from(entry.target.as_str()),
            growth_due: next_growth(&entry, now),
            announced_until: None,
            entry,
        };
        self.attach(waiting, now);
    }

    pub(super) fn update(
        &mut self,
        id: EntryId,
        change: EntryChange,
        now: Timestamp,
        outcomes: &mut Vec<Outcome>,
    ) {
        if !self.entries.contains_key(id.as_str()) {
            outcomes.push(Outcome::Updated { id, found: false });
            return;
        }
        let targets = match change.target.as_deref().map(|target| self.admit_target(target)) {
            Some(Err(reason)) => {
                outcomes.push(Outcome::UpdateRefused { id, reason });
                return;
            }
            Some(Ok(targets)) => Some(targets),
            None => None,
        };
        let Some(mut waiting) = self.detach(&id) else {
            return;
        };
        let entry = &mut waiting.entry;
        entry.routable = change.routable.unwrap_or(entry.routable);
        entry.notify = change.notify.unwrap_or(entry.notify);
        entry.priority = change.priority.unwrap_or(entry.priority);
        entry.deadline = change.deadline.or(entry.deadline);
        self.exclude(entry, change.exclude);
        // The customer of a routable entry is on the line, and whoever asks for an announcement is not dialling
        // (any more): neither holds an agent back for an earlier announcement.
        if entry.routable || change.notify == Some(true) {
            waiting.announced_until = None;
        }
        if let (Some(text), Some(targets)) = (change.target, targets) {
            waiting.line = Arc::from(text.as_str());
            waiting.targets = Arc::new(targets);
            waiting.entry.target = text;
        }
        self.attach(waiting, now);
        outcomes.push(Outcome::Updated { id, found: true });
    }

    /// Adds agents to the exclusions of an entry, each once.
    fn exclude(&self, entry: &mut Entry, agents: Vec<AgentId>) {
        for agent in agents {
            if entry.excluded.len() < self.options.max_excluded_per_entry && !entry.excluded.contains(&agent)
            {
                entry.excluded.push(agent);
            }
        }
    }

    fn admit_queue(&mut self, name: &QueueName) -> Result<(), Refusal> {
        let refuse = |problem: String| Refusal::InvalidQueue { queue: name.as_str().to_owned(), problem };
        if name.as_str().trim().is_empty() {
            return Err(refuse("the name is empty".to_owned()));
        }
        if let Some(queue) = self.queues.get(name) {
            let limit = self.options.max_entries_per_queue;
            if queue.order.len() >= limit {
                return Err(refuse(format!("it is full with {limit} entries")));
            }
            return Ok(());
        }
        if self.queues.len() >= self.options.max_queues && !self.forget_an_empty_queue() {
            let limit = self.options.max_queues;
            return Err(refuse(format!("there are {limit} queues with entries already")));
        }
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

    /// Reads a target and checks that it can be served by agents that exist.
    fn admit_target(&self, text: &str) -> Result<Targets, Refusal> {
        let refuse = |problem: String| Refusal::InvalidTarget { target: text.to_owned(), problem };
        let targets = Targets::parse(text).map_err(|error| refuse(error.to_string()))?;
        for target in targets.iter() {
            self.admit_single_target(target).map_err(refuse)?;
        }
        Ok(targets)
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
        let profiles = || self.agents.values().map(|agent| &agent.profile);
        match target.kind() {
            // Whom skills match may change at any time: nobody today is no error.
            TargetKind::AgentGroup if target.skills().is_some() => Ok(()),
            TargetKind::AgentGroup => known_or_proposal(
                "agent group",
                target.name(),
                profiles().flat_map(|profile| profile.groups.iter().map(String::as_str)),
            ),
            TargetKind::Agent => {
                known_or_proposal("agent", target.name(), profiles().map(|profile| profile.id.as_str()))
            }
            TargetKind::Place => {
                known_or_proposal("place", target.name(), profiles().map(|profile| profile.place.as_str()))
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
    let nearest = known
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .min()
        .filter(|(distance, _)| *distance <= PROPOSAL_DISTANCE_MAX);
    Err(match nearest {
        Some((_, candidate)) => format!("there is no {what} `{name}`; did you mean `{candidate}`?"),
        None => format!("there is no {what} `{name}`"),
    })
}
