//! The router: entries, agents, and who gets whom.
//!
//! | command | waiting entry | unknown entry |
//! | --- | --- | --- |
//! | `Submit` | nothing changes; `Queued` again, so that a repeated effect is answered | `Queued` or `Refused` |
//! | `Update` | applied, `Updated{found}`; a target that cannot be served: `UpdateRefused`, unchanged | `Updated{!found}` |
//! | `Cancel` | `Left` | ignored: it was served, timed out or cancelled a moment ago, and that was said |
//!
//! | command | known agent | unknown agent |
//! | --- | --- | --- |
//! | `SetAgentStatus` | `AgentChanged` when it differs; `Ringing` and `Busy` use up the reservation | ignored: no longer configured |
//! | `ReleaseAgent` | `AgentChanged` when reserved | ignored |
//!
//! Every command first lets due deadlines, reservations and notification blocks end, and afterwards gives ready
//! agents to routable entries and announces the time to dial.

mod admission;
mod settle;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use vocabulary::{AgentId, QueueName, Timestamp};

use crate::agents::{Agent, AgentView};
use crate::line::Line;
use crate::order::{OrderKey, effective_priority, next_growth};
use crate::waiting_time::{QueueStatistics, estimate};
use crate::{AgentProfile, AgentStatus, Averages, Command, Entry, Outcome, Targets, WaitingTime};

/// Limits and times of a router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Most entries of one queue; further ones are refused. Default 250,000.
    pub max_entries_per_queue: usize,
    /// Most queues, counting empty ones that are remembered for their averages; beyond it the empty queue that
    /// distributed longest ago is forgotten. Default 10,000.
    pub max_queues: usize,
    /// Most excluded agents of one entry; further ones are not added. Default 1,000.
    pub max_excluded_per_entry: usize,
    /// How long after an announcement the time to dial is not announced again for the same entry: the longest
    /// time to connect a customer. Default 90 s (router reference: `vcb`, n2).
    pub notification_block: Duration,
    /// Shortest time for which a chosen agent is kept, whatever the entry asks for, so that nobody is given a
    /// second call before the first one shows. Default 2 s (decision D-093).
    pub selection_block: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_entries_per_queue: 250_000,
            max_queues: 10_000,
            max_excluded_per_entry: 1_000,
            notification_block: Duration::from_secs(90),
            selection_block: Duration::from_secs(2),
        }
    }
}

/// Where an entry stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Position {
    /// Place in its queue, 1 is the head.
    pub position: usize,
    /// Entries in its queue, this one included.
    pub waiting: usize,
    /// Effective priority.
    pub priority: i64,
    /// Time since the start of waiting.
    pub waited: Duration,
    /// Estimated time until it is served, seconds; `None` when the queue has never distributed.
    pub ewt: Option<f64>,
    /// Agents at work who belong to its targets.
    pub agents_logged_in: usize,
    /// Its queue.
    pub queue: QueueName,
    /// Its target, as written.
    pub target: String,
}

/// The router's state; see the module for what each command does.
///
/// ```
/// use routing::{AgentStatus, Command, Options, Router};
/// use vocabulary::Timestamp;
///
/// let mut router = Router::new(Options::default());
/// let outcomes = router.step(
///     Command::SetAgentStatus { agent: "a1".into(), status: AgentStatus::Ready },
///     Timestamp::EPOCH,
/// );
/// assert!(outcomes.is_empty(), "an agent who is not configured is ignored");
/// ```
#[derive(Debug, Default)]
pub struct Router {
    options: Options,
    agents: BTreeMap<AgentId, Agent>,
    entries: BTreeMap<Arc<str>, Waiting>,
    queues: BTreeMap<QueueName, Queue>,
    lines: BTreeMap<Arc<str>, Line>,
    /// Entries announced and neither served nor gone since; their block still runs.
    announced: BTreeSet<Arc<str>>,
    due: BTreeSet<(Timestamp, Due)>,
    /// Changes of priority. Not part of `due`: they alter no outcome by themselves, see [`Router::next_due`].
    growths: BTreeSet<(Timestamp, Arc<str>)>,
}

/// An entry that waits.
#[derive(Debug)]
struct Waiting {
    entry: Entry,
    targets: Arc<Targets>,
    key: OrderKey,
    line: Arc<str>,
    growth_due: Option<Timestamp>,
    /// End of the block after an announcement.
    announced_until: Option<Timestamp>,
}

#[derive(Debug, Default)]
struct Queue {
    order: BTreeSet<OrderKey>,
    statistics: QueueStatistics,
}

/// What ends by itself. The order is that of ends at the same moment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Deadline(Arc<str>),
    Reservation(AgentId),
    Announcement(Arc<str>),
}

impl Router {
    /// A router without agents and entries.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self { options, ..Self::default() }
    }

    /// Carries out a command at `now`, and says what followed, in order.
    pub fn step(&mut self, command: Command, now: Timestamp) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        self.end_what_is_due(now, &mut outcomes);
        match command {
            Command::Submit(entry) => self.submit(entry, now, &mut outcomes),
            Command::Update { id, change } => self.update(id, change, now, &mut outcomes),
            Command::Cancel { id } => {
                if self.leave(&id, false).is_some() {
                    outcomes.push(Outcome::Left { id });
                }
            }
            Command::ConfigureAgents(profiles) => self.configure_agents(profiles),
            Command::SetAgentStatus { agent, status } => {
                self.set_agent_status(&agent, status, now, &mut outcomes);
            }
            Command::ReleaseAgent { agent } => self.release_agent(&agent, &mut outcomes),
            Command::Tick => {}
        }
        // A submitted or changed entry may be past its deadline already, after a restart for example.
        self.end_what_is_due(now, &mut outcomes);
        self.settle(now, &mut outcomes);
        outcomes
    }

    /// When the next [`Command::Tick`] is needed: the next deadline, end of a reservation or end of a block.
    ///
    /// Growth of priorities is not in it: agents are given away as soon as they are ready, so an order that
    /// changes meanwhile changes no outcome, and each command and [`Router::position`] look at the order as it
    /// is then.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Where an entry stands; `None` when it does not wait.
    #[must_use]
    pub fn position(&self, id: &str, now: Timestamp) -> Option<Position> {
        let waiting = self.entries.get(id)?;
        let queue = self.queues.get(&waiting.entry.queue)?;
        let position = self.rank(waiting, queue, now);
        Some(Position {
            position,
            waiting: queue.order.len(),
            priority: effective_priority(&waiting.entry, now),
            waited: now.since(waiting.entry.waiting_since),
            ewt: queue
                .statistics
                .average_seconds(queue.order.len(), now)
                .map(|average| estimate(average, position)),
            agents_logged_in: self.agents_logged_in(&waiting.targets),
            queue: waiting.entry.queue.clone(),
            target: waiting.entry.target.clone(),
        })
    }

    /// What a newcomer to a queue can expect; `None` when there was no activity in it.
    #[must_use]
    pub fn waiting_time(&self, queue: &QueueName, now: Timestamp) -> Option<WaitingTime> {
        let queue = self.queues.get(queue)?;
        queue.statistics.waiting_time(queue.order.len(), now)
    }

    /// Averages of all queues, to be saved now and then.
    #[must_use]
    pub fn averages(&self) -> Averages {
        let queues = self
            .queues
            .iter()
            .filter(|(_, queue)| !queue.statistics.averages().departures.is_empty())
            .map(|(name, queue)| (name.clone(), queue.statistics.averages().clone()))
            .collect();
        Averages { queues }
    }

    /// Takes over saved averages; queues beyond the limit are left out.
    pub fn restore_averages(&mut self, averages: Averages) {
        for (name, saved) in averages.queues {
            if self.queues.contains_key(&name) || self.queues.len() < self.options.max_queues {
                self.queues.entry(name).or_default().statistics.restore(saved);
            }
        }
    }

    /// An agent; `None` when not configured.
    #[must_use]
    pub fn agent(&self, id: &AgentId) -> Option<AgentView> {
        self.agents.get(id).map(Agent::view)
    }

    /// All configured agents, by id.
    pub fn agents(&self) -> impl Iterator<Item = AgentView> + '_ {
        self.agents.values().map(Agent::view)
    }

    /// A waiting entry, with the changes that were made to it.
    #[must_use]
    pub fn entry(&self, id: &str) -> Option<&Entry> {
        self.entries.get(id).map(|waiting| &waiting.entry)
    }

    /// All waiting entries, by queue and in the order that the last command left.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> + '_ {
        self.queues.values().flat_map(|queue| &queue.order).filter_map(|key| self.entry(&key.id))
    }

    fn agents_logged_in(&self, targets: &Targets) -> usize {
        self.agents
            .values()
            .filter(|agent| agent.is_logged_in() && targets.matching(&agent.profile, true).is_some())
            .count()
    }

    /// Place of an entry in its queue at `now`, from 1.
    fn rank(&self, waiting: &Waiting, queue: &Queue, now: Timestamp) -> usize {
        let is_current = self.growths.first().is_none_or(|(at, _)| *at > now);
        if is_current {
            return queue.order.range(..=&waiting.key).count();
        }
        let own = OrderKey::at(&waiting.entry, &waiting.key.id, now);
        let ahead = queue.order.iter().filter(|key| {
            self.entries.get(&key.id).is_some_and(|other| OrderKey::at(&other.entry, &key.id, now) < own)
        });
        ahead.count() + 1
    }

    fn end_what_is_due(&mut self, now: Timestamp, outcomes: &mut Vec<Outcome>) {
        while let Some((_, due)) = pop_until(&mut self.due, now) {
            match due {
                Due::Deadline(id) => {
                    if self.leave(&id, false).is_some() {
                        outcomes.push(Outcome::TimedOut { id: id.to_string() });
                    }
                }
                Due::Reservation(agent) => self.release_agent(&agent, outcomes),
                Due::Announcement(id) => {
                    if let Some(mut waiting) = self.detach(&id) {
                        waiting.announced_until = None;
                        self.attach(waiting, now);
                    }
                }
            }
        }
        while let Some((_, id)) = pop_until(&mut self.growths, now) {
            if let Some(mut waiting) = self.detach(&id) {
                waiting.growth_due = next_growth(&waiting.entry, now);
                self.attach(waiting, now);
            }
        }
    }

    /// Removes an entry for good and counts its departure.
    fn leave(&mut self, id: &str, by_routing: bool) -> Option<Waiting> {
        let waiting = self.detach(id)?;
        if !by_routing && let Some(queue) = self.queues.get_mut(&waiting.entry.queue) {
            queue.statistics.departed(false);
        }
        Some(waiting)
    }

    /// Takes an entry out of every list. [`Router::attach`] is the way back.
    fn detach(&mut self, id: &str) -> Option<Waiting> {
        let waiting = self.entries.remove(id)?;
        let id = &waiting.key.id;
        if let Some(queue) = self.queues.get_mut(&waiting.entry.queue) {
            queue.order.remove(&waiting.key);
        }
        if let Some(line) = self.lines.get_mut(&waiting.line) {
            line.routable.remove(&waiting.key);
            line.announceable.remove(&waiting.key);
            line.entries = line.entries.saturating_sub(1);
        }
        if let Some(deadline) = waiting.entry.deadline {
            self.due.remove(&(deadline, Due::Deadline(Arc::clone(id))));
        }
        if let Some(until) = waiting.announced_until {
            self.due.remove(&(until, Due::Announcement(Arc::clone(id))));
            self.announced.remove(id);
        }
        if let Some(growth_due) = waiting.growth_due {
            self.growths.remove(&(growth_due, Arc::clone(id)));
        }
        Some(waiting)
    }

    /// Puts an entry into every list where it belongs at `now`.
    fn attach(&mut self, mut waiting: Waiting, now: Timestamp) {
        let id = Arc::clone(&waiting.key.id);
        waiting.key = OrderKey::at(&waiting.entry, &id, now);
        let queue = self.queues.entry(waiting.entry.queue.clone()).or_default();
        queue.order.insert(waiting.key.clone());
        let line = self
            .lines
            .entry(Arc::clone(&waiting.line))
            .or_insert_with(|| Line::new(Arc::clone(&waiting.targets), self.agents.values()));
        line.entries += 1;
        if waiting.entry.routable {
            line.routable.insert(waiting.key.clone());
        } else if waiting.entry.notify && waiting.announced_until.is_none() {
            line.announceable.insert(waiting.key.clone());
        }
        if let Some(deadline) = waiting.entry.deadline {
            self.due.insert((deadline, Due::Deadline(Arc::clone(&id))));
        }
        if let Some(until) = waiting.announced_until {
            self.due.insert((until, Due::Announcement(Arc::clone(&id))));
            self.announced.insert(Arc::clone(&id));
        }
        if let Some(growth_due) = waiting.growth_due {
            self.growths.insert((growth_due, Arc::clone(&id)));
        }
        self.entries.insert(id, waiting);
    }

    /// Entries whose targets no longer name anybody keep waiting: the next configuration may bring them back,
    /// and their deadline ends them if not.
    fn configure_agents(&mut self, profiles: Vec<AgentProfile>) {
        let mut before = std::mem::take(&mut self.agents);
        for profile in profiles {
            let mut agent = before.remove(&profile.id).unwrap_or_else(|| Agent::new(profile.clone()));
            agent.profile = profile;
            self.agents.insert(agent.profile.id.clone(), agent);
        }
        for (id, agent) in before {
            if let Some(reservation) = agent.reservation {
                self.due.remove(&(reservation.until, Due::Reservation(id)));
            }
        }
        for line in self.lines.values_mut() {
            line.ready.clear();
            for agent in self.agents.values() {
                line.list_agent(agent);
            }
        }
        for agent in self.agents.values_mut() {
            agent.listed_since = agent.is_selectable().then_some(agent.since);
        }
    }

    fn set_agent_status(
        &mut self,
        id: &AgentId,
        status: AgentStatus,
        now: Timestamp,
        outcomes: &mut Vec<Outcome>,
    ) {
        let Some(agent) = self.agents.get_mut(id) else {
            return;
        };
        let uses_reservation = matches!(status, AgentStatus::Ringing | AgentStatus::Busy);
        let ended = agent.reservation.take_if(|_| uses_reservation);
        if agent.status == status && ended.is_none() {
            return;
        }
        if agent.status != status {
            agent.status = status;
            agent.since = now;
        }
        if let Some(reservation) = ended {
            self.due.remove(&(reservation.until, Due::Reservation(id.clone())));
        }
        self.relist_agent(id);
        self.tell_agent(id, outcomes);
    }

    fn release_agent(&mut self, id: &AgentId, outcomes: &mut Vec<Outcome>) {
        let reservation = self.agents.get_mut(id).and_then(|agent| agent.reservation.take());
        if let Some(reservation) = reservation {
            self.due.remove(&(reservation.until, Due::Reservation(id.clone())));
            self.relist_agent(id);
            self.tell_agent(id, outcomes);
        }
    }

    /// Brings the lines up to date with an agent who changed.
    fn relist_agent(&mut self, id: &AgentId) {
        let Some(agent) = self.agents.get_mut(id) else {
            return;
        };
        let before = agent.listed_since;
        agent.listed_since = agent.is_selectable().then_some(agent.since);
        for line in self.lines.values_mut() {
            if let Some(since) = before {
                line.ready.remove(&(since, id.clone()));
            }
            line.list_agent(agent);
        }
    }

    fn tell_agent(&self, id: &AgentId, outcomes: &mut Vec<Outcome>) {
        if let Some(agent) = self.agents.get(id) {
            outcomes.push(Outcome::AgentChanged {
                agent: id.clone(),
                status: agent.status.clone(),
                reserved: agent.reservation.is_some(),
            });
        }
    }
}

/// Takes the first element that is due at `now`.
fn pop_until<T: Ord + Clone>(set: &mut BTreeSet<(Timestamp, T)>, now: Timestamp) -> Option<(Timestamp, T)> {
    if set.first()?.0 > now {
        return None;
    }
    set.pop_first()
}

#[cfg(test)]
mod random_tests;
#[cfg(test)]
mod tests;
