//! The router: entries, agents, and who gets whom.
//!
//! | command | waiting entry | unknown entry |
//! | --- | --- | --- |
//! | `Submit`, `Restore` | nothing changes; `Queued` again, so that a repeated effect is answered | `Queued` or `Refused` |
//! | `Update` | applied, `Updated{found}`; a target that cannot be served: `UpdateRefused`, unchanged | `Updated{!found}` |
//! | `Cancel` | `Left` | ignored: it was served, timed out or cancelled a moment ago, and that was said |
//! | `RouteFailed` | ignored when it is a second report of the same failure | `NotHeld`; selected lately: `Returned` or `RoutingGivenUp` |
//! | `RouteDone` | ignored: late, it waits again | ignored; selected lately: forgotten |
//!
//! | command | known agent | unknown agent |
//! | --- | --- | --- |
//! | `SetAgentStatus` | `AgentChanged` when it differs; `Ringing` and `Busy` use up the reservation; `LoggedOut` gives it back as when the agent vanishes; `LoginRefused` when another one works at the desk | ignored: no longer configured |
//! | `ObserveAgent` | the same, unless it is older than what is known or of a call that is over: ignored | ignored |
//! | `LogIn` | `AgentChanged` or `LoginRefused` | `LoginRefused` |
//! | `EndCall` | from a call: after-call work, or what was asked for; else ignored | ignored |
//! | `RequestStatus` | as `SetAgentStatus`; during a call noted, and `AgentChanged`; `LoginRefused` when leaving during a call | ignored |
//! | `AgentVanished`, `RemoveAgent` | `AgentChanged`, `Returned` for an unused reservation | ignored |
//! | `ReserveAgent`, `RefreshReservation` | `AgentReserved` or `ReservationRefused`, after the collection time for a free agent, who is given to nobody meanwhile; see `collecting` | `ReservationRefused` |
//! | `ReleaseAgent` | `AgentChanged` when reserved (by that holder, where one is named); a request that is being gathered is withdrawn | ignored |
//!
//! Every command first lets due deadlines, reservations and other times end, and afterwards gives ready agents to
//! routable entries and announces the time to dial. What a command costs depends on the lines of the agent or entry
//! that it names, and grows with the logarithm of what waits; see [`crate::order`].

mod admission;
mod all_waits;
mod announcing;
mod attendance;
mod choice;
mod collecting;
pub(crate) mod counting;
mod keeping;
mod lines;
mod object_statistics;
mod reservation;
mod settle;
mod statistic_terms;
mod wait_query;
mod waiting;
mod widening;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use vocabulary::{AgentId, QueueName, Timestamp};

use crate::agents::{AfterCallWork, Agent, AgentView, Observation};
use crate::chance::Chance;
use crate::directory::Directory;
use crate::groups::Memberships;
use crate::order::Order;
use crate::slab::{Slab, Slot};
use crate::waiting_time::{QueueStatistics, estimate};
use crate::{Averages, Command, DialAheadOptions, DialAverages, Entry, Outcome, WaitingTime};

use admission::Origin;
use attendance::Desks;
pub(crate) use collecting::Collection;
use collecting::Request;
pub(crate) use lines::Lines;
use reservation::Held;
use waiting::Waiting;
use widening::KnownList;

/// Limits and times of a router.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Most entries of one queue; further ones are refused. Default 250,000.
    pub max_entries_per_queue: usize,
    /// Most queues, counting empty ones that are remembered for their averages; beyond it the empty queue that
    /// distributed longest ago is forgotten. Default 10,000.
    pub max_queues: usize,
    /// Most excluded agents of one entry; further ones are not added. Default 1,000.
    pub max_excluded_per_entry: usize,
    /// How far ahead customers are dialled.
    pub dial_ahead: DialAheadOptions,
    /// Shortest time for which a chosen agent is kept, whatever the entry asks for, so that nobody is given a
    /// second call before the first one shows. Default 2 s (decision D-093).
    pub selection_block: Duration,
    /// How long a selected entry is remembered, so that it can wait again when its agent cannot be had. Default 120 s:
    /// longer than a reservation and the ringing after it.
    pub selection_memory: Duration,
    /// How long after-call work takes. Default none.
    pub after_call_work: AfterCallWork,
    /// Most sets of targets that are remembered while nobody waits for them; beyond it all of these are forgotten,
    /// and found again by looking through the agents. Default 2,000.
    pub max_idle_lines: usize,
    /// Most queues in which an entry is listed besides its own; further ones are left out. Default 15.
    pub max_pegs_per_entry: usize,
    /// How long requests to reserve a free agent are gathered, from the first one on, before the highest priority wins
    /// (router reference: collection time). Default 100 ms; 0: the first one wins at once.
    pub reservation_collection: Duration,
    /// What becomes of a request that is not higher than one that is gathered already. Default
    /// [`LowerRequests::Collect`].
    pub lower_requests: LowerRequests,
    /// Most requests that are gathered for one agent; further ones are refused. Default 100.
    pub max_collected_requests: usize,
    /// How it is decided between agents who are equally good. Default [`TargetsOrder::Fixed`].
    pub targets_order: TargetsOrder,
}

/// What becomes of a request to reserve an agent that is not higher than one that is gathered already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LowerRequests {
    /// It is gathered, and wins if the higher ones are withdrawn.
    #[default]
    Collect,
    /// It is refused at once; a higher one refuses those that were gathered.
    Reject,
}

/// How it is decided between equally good agents (guide: router option `targets_order`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TargetsOrder {
    /// The first by id.
    #[default]
    Fixed,
    /// At random: the same for the same seed and commands.
    Random {
        /// Seed.
        seed: u64,
    },
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_entries_per_queue: 250_000,
            max_queues: 10_000,
            max_excluded_per_entry: 1_000,
            dial_ahead: DialAheadOptions::default(),
            selection_block: Duration::from_secs(2),
            selection_memory: Duration::from_secs(120),
            after_call_work: AfterCallWork::default(),
            max_idle_lines: 2_000,
            max_pegs_per_entry: 15,
            reservation_collection: Duration::from_millis(100),
            lower_requests: LowerRequests::default(),
            max_collected_requests: 100,
            targets_order: TargetsOrder::default(),
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
    /// Those of them who are ready and kept for nobody.
    pub agents_ready: usize,
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
    /// Time of the last command.
    now: Timestamp,
    agents: Slab<Agent>,
    agent_slots: BTreeMap<AgentId, Slot>,
    desks: Desks,
    entries: Slab<Waiting>,
    directory: Directory,
    queues: BTreeMap<QueueName, Queue>,
    lines: Lines,
    /// Target lists that were read, as long as they are waited for or remembered.
    lists: BTreeMap<Arc<str>, KnownList>,
    chance: Chance,
    /// Agents who have become selectable and are not listed yet.
    fresh_agents: Vec<Slot>,
    /// Entries that have become routable, in a line with ready agents.
    fresh_entries: Vec<Slot>,
    /// Lines whose thresholds may have come to hold.
    fresh_lines: BTreeSet<Slot>,
    /// Entries announced and neither served nor gone since; their block still runs.
    announced: BTreeSet<Arc<str>>,
    /// Entries that were selected lately. Only looked up, never walked.
    held: HashMap<Arc<str>, Box<Held>>,
    due: BTreeSet<(Timestamp, Due)>,
    /// Entries that are dialled by thresholds and not announced yet.
    by_thresholds: BTreeSet<Slot>,
    /// When these are looked at again.
    thresholds_due: Option<Timestamp>,
    /// Handling time over all agents, for those who have none of their own yet.
    handling: counting::Handling,
    /// Saved averages of lines that are not open yet, by targets as written.
    saved_dials: BTreeMap<String, DialAverages>,
    queue_groups: BTreeMap<QueueName, Vec<QueueName>>,
    memberships: Memberships,
}

#[derive(Debug, Default)]
struct Queue {
    order: Order,
    statistics: QueueStatistics,
    /// Entries that are served here, by line.
    lines: BTreeMap<Slot, usize>,
    /// Entries that are only listed here, by line.
    pegged: BTreeMap<Slot, usize>,
}

/// What ends by itself. The order is that of ends at the same moment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Deadline(Arc<str>),
    /// The requests for an agent have been gathered.
    Collection(AgentId),
    Reservation(AgentId),
    AfterCallWork(AgentId),
    NextTarget(Arc<str>),
    Announcement(Arc<str>),
    Memory(Arc<str>),
    /// A condition on the statistics of a ready agent changes.
    Statistics(AgentId),
    /// Dial-ahead looks at a line again.
    Pace(Arc<str>),
    /// Entries that are dialled by thresholds are looked at again.
    Thresholds,
}

impl Router {
    /// A router without agents and entries.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let chance = match options.targets_order {
            TargetsOrder::Fixed => Chance::default(),
            TargetsOrder::Random { seed } => Chance::new(seed),
        };
        Self { options, chance, ..Self::default() }
    }

    /// Carries out a command at `now`, and says what followed, in order.
    pub fn step(&mut self, command: Command, now: Timestamp) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        self.now = now;
        self.end_what_is_due(now, &mut outcomes);
        self.carry_out(command, now, &mut outcomes);
        // A submitted or changed entry may be past its deadline already, after a restart for example.
        self.end_what_is_due(now, &mut outcomes);
        self.settle(now, &mut outcomes);
        outcomes
    }

    fn carry_out(&mut self, command: Command, now: Timestamp, outcomes: &mut Vec<Outcome>) {
        match command {
            Command::Submit(entry) => self.submit(entry, Origin::Session, now, outcomes),
            Command::Restore(entry) => self.submit(entry, Origin::Store, now, outcomes),
            Command::Update { id, change } => self.update(id, change, now, outcomes),
            Command::Cancel { id } => {
                self.forget_held(&id);
                if let Some(slot) = self.directory.get(&id) {
                    self.leave(slot);
                    outcomes.push(Outcome::Left { id });
                }
            }
            Command::ConfigureAgents(profiles) => self.configure_agents(profiles, now, outcomes),
            Command::PutAgent(profile) => self.put_agent(profile),
            Command::RemoveAgent { agent } => self.remove_agent(&agent, now, outcomes),
            Command::LogIn { agent, desk } => self.log_in(&agent, desk, now, outcomes),
            Command::SetAgentStatus { agent, status } => {
                if let Some(slot) = self.agent_slots.get(&agent).copied() {
                    self.set_status(slot, status, now, outcomes);
                }
            }
            Command::ObserveAgent { agent, status, at, call } => {
                self.observe_agent(&agent, Observation { status, at, call }, now, outcomes);
            }
            Command::EndCall { agent } => self.end_call(&agent, now, outcomes),
            Command::RequestStatus { agent, status } => self.request_status(&agent, status, now, outcomes),
            Command::AgentVanished { agent } => self.agent_vanished(&agent, now, outcomes),
            Command::ReserveAgent { agent, holder, priority, duration } => {
                self.reserve_agent(&agent, Request { holder, priority, duration }, now, outcomes);
            }
            Command::RefreshReservation { agent, holder, duration } => {
                self.refresh_reservation(&agent, holder, duration, now, outcomes);
            }
            Command::ReleaseAgent { agent, holder, delay } => {
                self.release_agent(&agent, holder.as_deref(), delay, now, outcomes);
            }
            Command::RouteFailed { id, agent } => self.route_failed(&id, &agent, now, outcomes),
            Command::RouteDone { id } => self.forget_held(&id),
            Command::DialStarted { id } => self.dial_started(&id, now),
            Command::DialEnded { id, answered } => self.dial_ended(&id, answered, now),
            Command::ConfigureGroups(groups) => self.configure_groups(&groups),
            Command::ConfigureQueueGroups(groups) => self.queue_groups = groups,
            Command::Tick => {}
        }
    }

    /// When the next [`Command::Tick`] is needed: the next deadline, end of a reservation or of another time.
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
        let waiting = self.entries.get(self.directory.get(id)?)?;
        let queue = self.queues.get(&waiting.queue)?;
        let position = self.rank(waiting, now);
        Some(Position {
            position,
            waiting: queue.order.len(),
            priority: waiting.priority(now),
            waited: now.since(waiting.key.waiting_since),
            ewt: queue
                .statistics
                .average_seconds(queue.order.len(), now)
                .map(|average| estimate(average, position)),
            agents_logged_in: self.lines.get(waiting.line).map_or(0, |line| line.agents.at_work),
            agents_ready: self.lines.get(waiting.line).map_or(0, |line| line.ready.len()),
            queue: waiting.queue.clone(),
            target: waiting.list.text().to_string(),
        })
    }

    /// Entries that wait in a queue, those that are only listed there included.
    #[must_use]
    pub fn waiting(&self, queue: &QueueName) -> usize {
        self.queues.get(queue).map_or(0, |queue| queue.order.len())
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
        Averages { queues, agents: self.handling_averages(), dials: self.dial_averages() }
    }

    /// Takes over saved averages; queues beyond the limit are left out.
    pub fn restore_averages(&mut self, averages: Averages) {
        self.restore_paces(averages.agents, averages.dials);
        for (name, saved) in averages.queues {
            if self.queues.contains_key(&name) || self.queues.len() < self.options.max_queues {
                self.queues.entry(name).or_default().statistics.restore(saved);
            }
        }
    }

    /// An agent; `None` when not configured.
    #[must_use]
    pub fn agent(&self, id: &AgentId) -> Option<AgentView> {
        self.agents.get(*self.agent_slots.get(id)?).map(Agent::view)
    }

    /// All configured agents, by id.
    pub fn agents(&self) -> impl Iterator<Item = AgentView> + '_ {
        self.agent_slots.values().filter_map(|slot| self.agents.get(*slot)).map(Agent::view)
    }

    /// A waiting entry, with the changes that were made to it.
    #[must_use]
    pub fn entry(&self, id: &str) -> Option<Entry> {
        self.entries.get(self.directory.get(id)?).map(Waiting::to_entry)
    }

    /// All waiting entries, by queue and in the order of the time of the last command.
    pub fn entries(&self) -> impl Iterator<Item = Entry> + '_ {
        self.queues.iter().flat_map(move |(name, queue)| {
            let all = queue.order.walk(self.now).filter_map(|(_, key)| self.entries.get(key.slot));
            all.filter(move |waiting| waiting.queue == *name).map(Waiting::to_entry)
        })
    }

    /// Place of an entry in its queue at `now`, from 1.
    fn rank(&self, waiting: &Waiting, now: Timestamp) -> usize {
        let own = waiting.growth.standing(&waiting.key, now);
        self.queues.get(&waiting.queue).map_or(1, |queue| queue.order.rank(&own, now) + 1)
    }

    fn end_what_is_due(&mut self, now: Timestamp, outcomes: &mut Vec<Outcome>) {
        while let Some((at, due)) = pop_until(&mut self.due, now) {
            match due {
                Due::Deadline(id) => {
                    if let Some(slot) = self.directory.get(&id) {
                        self.leave(slot);
                        outcomes.push(Outcome::TimedOut { id: id.to_string() });
                    }
                }
                Due::Collection(agent) => self.collection_ends(&agent, now, outcomes),
                Due::Reservation(agent) => self.reservation_ends(&agent, outcomes),
                Due::AfterCallWork(agent) => self.after_call_work_ends(&agent, now, outcomes),
                Due::NextTarget(id) => {
                    if let Some(slot) = self.directory.get(&id) {
                        self.next_target(slot, at);
                    }
                }
                Due::Announcement(id) => {
                    if let Some(slot) = self.directory.get(&id) {
                        self.change(slot, |waiting| waiting.announced_until = None);
                    }
                }
                Due::Memory(id) => self.forget_held(&id),
                Due::Statistics(agent) => self.terms_change(&agent),
                Due::Pace(line) => self.look_again(&line),
                Due::Thresholds => self.thresholds_due = None,
            }
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
mod collecting_tests;
#[cfg(test)]
mod event_tests;
#[cfg(test)]
mod group_tests;
#[cfg(test)]
mod keeping_tests;
#[cfg(test)]
mod list_tests;
#[cfg(test)]
mod random_tests;
#[cfg(test)]
mod reservation_tests;
#[cfg(test)]
mod statistic_term_tests;
#[cfg(test)]
mod tests;
