//! What the router is told and what it says: the only way in and out of its core.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use vocabulary::{AgentId, QueueName, Timestamp};

use crate::{DialMethod, Groups};

/// Id of an entry in a queue: the effect id of the `queue:submit` that made it.
pub type EntryId = String;

/// A virtual interaction that asks for a target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Id of the entry.
    pub id: EntryId,
    /// Virtual queue.
    pub queue: QueueName,
    /// What it waits for, in the target grammar: one string, comma-separated targets.
    pub target: String,
    /// Priority at the start of waiting; higher first.
    pub priority: i64,
    /// Priority added each interval; `None` when there is no growth.
    pub growth: Option<PriorityGrowth>,
    /// Start of waiting: the second key of the order, and the start of growth.
    pub waiting_since: Timestamp,
    /// Entry into the queue: breaks ties.
    pub entered: Timestamp,
    /// Whether it had the place before and takes it anew, after its agent was lost for example: it does not come in now
    /// and counts as no arrival. Default false.
    #[serde(default)]
    pub is_taken_anew: bool,
    /// Point at which the search ends without a target; `None` waits without end.
    pub deadline: Option<Timestamp>,
    /// Whether it may be given an agent now; if not it keeps its place.
    pub routable: bool,
    /// Whether the time to dial is to be announced while it is not routable.
    pub notify: bool,
    /// Agents that are not to be chosen.
    pub excluded: Vec<AgentId>,
    /// How long a chosen agent is kept for it.
    pub reservation: Duration,
    /// Further queues in which it is listed and counted, at priority 0, without being served there (guide:
    /// `_urs_ewt_virtual_queue`; decision D-097). Default none; at most 15.
    #[serde(default)]
    pub pegs: Vec<QueueName>,
    /// Agents to whom routing may fail before the search ends (guide: `_max_transfer_to_agent_attempts`).
    /// Default 5; 0 counts as 1.
    #[serde(default = "route_attempts_default")]
    pub max_route_attempts: u32,
    /// When its time to dial has come, if `notify` is set.
    #[serde(default)]
    pub dial: DialRule,
    /// Who of several ready agents is chosen. Default [`AgentChoice::Any`].
    #[serde(default)]
    pub choice: AgentChoice,
}

/// When the time to dial of an entry has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DialRule {
    /// What decides. Default: the rate at which agents become free.
    #[serde(default)]
    pub method: DialMethod,
    /// No dial is announced when less than this is left until the deadline (guide: `_cannot_dial_buffer_time`).
    /// Default 0: no such limit.
    #[serde(default)]
    pub buffer: Duration,
}

/// Who of several ready agents is chosen (router reference: `ordertype` and `orderstat`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ordertype", rename_all = "snake_case")]
pub enum AgentChoice {
    /// The router decides: the longest ready.
    #[default]
    Any,
    /// The one with the highest value; `StatTimeInReadyState` is the longest ready.
    Max {
        /// Statistic of an agent.
        orderstat: String,
    },
    /// The one with the lowest value; `StatAgentOccupancy` is the least occupied.
    Min {
        /// Statistic of an agent.
        orderstat: String,
    },
    /// Targets share by their weights, `[40]Gold@.GA,[60]Silver@.GA`; of one target the longest ready. No weight
    /// counts as 1.
    Percentage,
}

/// Default of [`Entry::max_route_attempts`].
pub(crate) fn route_attempts_default() -> u32 {
    5
}

/// Priority growth (guide: `_urs_vq_priority_increment`, `_urs_vq_priority_increment_interval`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriorityGrowth {
    /// Added at each interval.
    pub increment: i64,
    /// Length of an interval; never zero.
    pub interval: Duration,
}

/// Changes to a waiting entry; `None` leaves as is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EntryChange {
    /// See [`Entry::routable`].
    pub routable: Option<bool>,
    /// See [`Entry::notify`]. `true` also says that whoever was announced was dialled in vain, `false` that the dial that was
    /// announced is not made, unless it has begun.
    pub notify: Option<bool>,
    /// See [`Entry::target`].
    pub target: Option<String>,
    /// See [`Entry::priority`].
    pub priority: Option<i64>,
    /// See [`Entry::deadline`].
    pub deadline: Option<Timestamp>,
    /// Agents to add to [`Entry::excluded`].
    pub exclude: Vec<AgentId>,
}

/// An agent as configured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentProfile {
    /// Employee id.
    pub id: AgentId,
    /// Name shown to people.
    pub name: String,
    /// Directory number, `7001`.
    pub dn: String,
    /// Switch of that number.
    pub switch: String,
    /// Place; often the same as the DN.
    pub place: String,
    /// Agent groups.
    pub groups: Vec<String>,
    /// Skills with their level.
    pub skills: BTreeMap<String, i64>,
}

/// Where an agent works.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Desk {
    /// Directory number; empty for none.
    pub dn: String,
    /// Switch of that number.
    pub switch: String,
    /// Place; empty for none.
    pub place: String,
}

/// Status of an agent (urs-queueing: agent state model).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum AgentStatus {
    /// Not at work.
    LoggedOut,
    /// At work, not available.
    NotReady {
        /// Reason code, if one was given.
        reason: Option<String>,
    },
    /// Available.
    Ready,
    /// The agent's phone dials.
    Dialing,
    /// A call rings.
    Ringing,
    /// Talks.
    Busy,
    /// Wraps up after a call.
    AfterCallWork,
}

/// What the router is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// An entry asks for a target. A second submit under a known id changes nothing.
    Submit(Entry),
    /// An entry that was stored waits again after a restart, where it waited before. It counts as no arrival, and of a
    /// list of targets it waits for those whose time it is: nobody is logged in yet, so conditions for skipping would tell
    /// nothing. Otherwise as [`Command::Submit`].
    Restore(Entry),
    /// A waiting entry changes.
    Update {
        /// Which.
        id: EntryId,
        /// What.
        change: EntryChange,
    },
    /// An entry leaves. Unknown ids are ignored.
    Cancel {
        /// Which.
        id: EntryId,
    },
    /// The agents are these (configuration). Keeps the status of agents that stay.
    ConfigureAgents(Vec<AgentProfile>),
    /// An agent's status changed.
    SetAgentStatus {
        /// Who.
        agent: AgentId,
        /// New status.
        status: AgentStatus,
    },
    /// An agent is added, or has other groups, skills, name or desk; the rest stays. A new desk takes effect at the
    /// next login.
    PutAgent(AgentProfile),
    /// An agent is no longer known. A reservation goes back as when the agent vanishes.
    RemoveAgent {
        /// Who.
        agent: AgentId,
    },
    /// An agent comes to work at a desk, with status not ready. One who is at work moves there.
    LogIn {
        /// Who.
        agent: AgentId,
        /// Where; `None` is the desk of the profile.
        desk: Option<Desk>,
    },
    /// A status that was observed at `at`, which may come late or twice: one that is older than what the router
    /// knows, or about a call that is over, is ignored.
    ObserveAgent {
        /// Who.
        agent: AgentId,
        /// Status.
        status: AgentStatus,
        /// When it was so.
        at: Timestamp,
        /// The call that it was observed of: the agent rings, talks, or is done with it. It tells what the time alone
        /// cannot when a call rings and is declined within a millisecond. `None`: not known.
        call: Option<String>,
    },
    /// An agent's call is over: after-call work follows, where a time is set for it, and then what was asked for.
    EndCall {
        /// Who.
        agent: AgentId,
    },
    /// An agent asks to be ready, not ready or logged out. It ends after-call work. During a call it is what comes after
    /// the call (the pending state of ECMA-269), and leaving is refused: whether there is a call is decided here, where
    /// its begin and its end are known in their order.
    RequestStatus {
        /// Who.
        agent: AgentId,
        /// What the agent wants to be.
        status: AgentStatus,
    },
    /// An agent cannot be reached any more: logged out, and what was reserved goes back to its place in the queue.
    AgentVanished {
        /// Who.
        agent: AgentId,
    },
    /// Asks to keep a ready agent for `holder` without an entry in a queue, or keeps one longer whom `holder` has. The
    /// answer, [`Outcome::AgentReserved`] or [`Outcome::ReservationRefused`], comes when the collection time is over
    /// (`Options::reservation_collection`). A time of 0 keeps nobody, and withdraws (decision D-089).
    ReserveAgent {
        /// Who.
        agent: AgentId,
        /// For whom.
        holder: EntryId,
        /// Higher first; of equal ones the first that asked. Usually 0.
        priority: i64,
        /// How long, from the answer on.
        duration: Duration,
    },
    /// Keeps an agent longer whom `holder` still has, or has asked for.
    RefreshReservation {
        /// Who.
        agent: AgentId,
        /// For whom.
        holder: EntryId,
        /// How long from now.
        duration: Duration,
    },
    /// A reserved agent is no longer needed, or one who was asked for.
    ReleaseAgent {
        /// Who.
        agent: AgentId,
        /// By whom: a late release does not free the agent for whom somebody else has reserved since. `None` releases
        /// whoever holds.
        holder: Option<EntryId>,
        /// How long the agent is still kept (guide: `_agent_reserve_delay_before_release`); usually 0.
        delay: Duration,
    },
    /// The call of a selected entry did not reach its agent: the agent is released and excluded, and the entry waits
    /// in its old place for another (router option `on_route_error=try_other`).
    RouteFailed {
        /// Which entry.
        id: EntryId,
        /// Which agent.
        agent: AgentId,
    },
    /// The call of a selected entry has reached its agent, or is no longer of interest: nothing has to be kept for it.
    RouteDone {
        /// Which entry.
        id: EntryId,
    },
    /// The customer of an entry is being dialled, because an announcement asked for it or without one. Until the dial ends,
    /// or n17 of `vcb` is over, no other is announced for the entry. Unknown ids and routable entries are ignored.
    DialStarted {
        /// Which.
        id: EntryId,
    },
    /// The dial has ended. Without this command the router goes by the update that makes the entry routable
    /// (answered) or asks for a new announcement (not answered).
    DialEnded {
        /// Which.
        id: EntryId,
        /// Whether the customer answered; if so the entry becomes routable when he is ready for an agent.
        answered: bool,
    },
    /// The groups of places and campaigns are these (configuration). Counts at once, also for those who wait.
    ConfigureGroups(Groups),
    /// The groups of queues are these: a waiting time can be asked of each name, which ends in `.GQ`.
    ConfigureQueueGroups(BTreeMap<QueueName, Vec<QueueName>>),
    /// Time has passed; due deadlines and reservations are looked at. Every other command does this as well.
    Tick,
}

/// What the router says, in the order in which it happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The entry was accepted.
    Queued {
        /// Which.
        id: EntryId,
    },
    /// The entry was not accepted.
    Refused {
        /// Which.
        id: EntryId,
        /// Why.
        reason: Refusal,
    },
    /// An entry was updated (`true`), or is not in a queue (`false`).
    Updated {
        /// Which.
        id: EntryId,
        /// Whether there was something to update.
        found: bool,
    },
    /// An update was not carried out; the entry waits on as it was.
    UpdateRefused {
        /// Which.
        id: EntryId,
        /// Why.
        reason: Refusal,
    },
    /// An agent is, or is about to be, free for an entry that is not routable: time to dial.
    TimeToDial {
        /// Which.
        id: EntryId,
        /// Position in the queue, 1 is the head.
        position: usize,
    },
    /// An agent was chosen and reserved; the entry has left the queue.
    TargetSelected {
        /// Which.
        id: EntryId,
        /// Who, and for which target.
        selection: Selection,
    },
    /// The deadline passed; the entry has left the queue.
    TimedOut {
        /// Which.
        id: EntryId,
    },
    /// The entry left on request.
    Left {
        /// Which.
        id: EntryId,
    },
    /// A selected entry waits again, in its old place: its agent could not be had after all.
    Returned {
        /// Which.
        id: EntryId,
        /// Who it was; excluded from now on.
        agent: AgentId,
        /// Why.
        reason: ReturnReason,
    },
    /// Routing failed as often as the entry allows; it does not wait any more.
    RoutingGivenUp {
        /// Which.
        id: EntryId,
        /// Agents tried.
        attempts: u32,
    },
    /// [`Command::RouteFailed`] names an entry that was not selected lately, or not with this agent.
    NotHeld {
        /// Which.
        id: EntryId,
    },
    /// An agent is kept for a holder who asked for it.
    AgentReserved {
        /// Who.
        agent: AgentId,
        /// For whom.
        holder: EntryId,
        /// Until when.
        until: Timestamp,
    },
    /// An agent is not kept for a holder who asked for it.
    ReservationRefused {
        /// Who.
        agent: AgentId,
        /// For whom not.
        holder: EntryId,
        /// Why.
        reason: ReservationRefusal,
    },
    /// The time of a reservation ran out, unused.
    ReservationExpired {
        /// Who.
        agent: AgentId,
        /// Whose it was.
        holder: EntryId,
    },
    /// An agent cannot work at the desk, or cannot leave it; nothing changed.
    LoginRefused {
        /// Who.
        agent: AgentId,
        /// Why.
        reason: LoginRefusal,
    },
    /// An agent's status or reservation changed, or what comes after the call.
    AgentChanged {
        /// Who.
        agent: AgentId,
        /// Status.
        status: AgentStatus,
        /// Whether the agent is reserved.
        reserved: bool,
        /// What the agent is after the call, where that was asked for.
        after_call: Option<AgentStatus>,
    },
}

/// A chosen target.
#[derive(Clone, Debug, PartialEq)]
pub struct Selection {
    /// The agent.
    pub agent: Arc<AgentProfile>,
    /// The target that was asked for, as written.
    pub target: String,
    /// Name part of that target: the group, the skill expression, the agent.
    pub target_name: String,
    /// Type letters of that target, `GA`.
    pub target_kind: String,
    /// Queue.
    pub queue: QueueName,
    /// Effective priority at that moment.
    pub priority: i64,
    /// How long the entry had waited.
    pub waited: Duration,
}

/// Why an entry was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The target cannot be read, or names nothing that exists.
    #[error("target `{target}`: {problem}")]
    InvalidTarget {
        /// As written.
        target: String,
        /// What is wrong, with the nearest known name where there is one.
        problem: String,
    },
    /// The queue's name is empty, or the queue is full.
    #[error("queue `{queue}`: {problem}")]
    InvalidQueue {
        /// As written.
        queue: String,
        /// What is wrong.
        problem: String,
    },
}

/// Why an entry waits again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReturnReason {
    /// The agent cannot be reached, or is no longer known.
    AgentVanished,
    /// The call did not reach the agent.
    RouteFailed,
}

/// Why an agent is not kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReservationRefusal {
    /// Nobody has the id.
    #[error("there is no agent `{agent}`{proposal}")]
    Unknown {
        /// As given.
        agent: String,
        /// `; did you mean …?`, or nothing.
        proposal: String,
    },
    /// The agent is not ready.
    #[error("agent `{agent}` is {status}")]
    NotReady {
        /// Who.
        agent: String,
        /// Status in words.
        status: &'static str,
    },
    /// Somebody else has reserved the agent.
    #[error("agent `{agent}` is reserved for `{holder}`")]
    Taken {
        /// Who.
        agent: String,
        /// For whom.
        holder: EntryId,
    },
    /// There is no reservation to keep longer: it ran out, was released or used.
    #[error("agent `{agent}` is not reserved for `{holder}` any more")]
    Ended {
        /// Who.
        agent: String,
        /// By whom.
        holder: EntryId,
    },
}

/// Why an agent cannot log in, or out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginRefusal {
    /// Nobody has the id.
    #[error("there is no agent `{agent}`{proposal}")]
    Unknown {
        /// As given.
        agent: String,
        /// `; did you mean …?`, or nothing.
        proposal: String,
    },
    /// Somebody else works with the directory number.
    #[error("directory number `{dn}` of switch `{switch}` is used by agent `{by}`, who has to log out first")]
    NumberTaken {
        /// Number.
        dn: String,
        /// Switch.
        switch: String,
        /// By whom.
        by: AgentId,
    },
    /// Nobody leaves during a call.
    #[error("agent `{agent}` is {status}: logout is not possible before the end of the call")]
    OnCall {
        /// Who.
        agent: AgentId,
        /// In words.
        status: &'static str,
    },
    /// Nobody moves while a call is on its way.
    #[error(
        "agent `{agent}` is kept for a call that is on its way: a login at another desk is possible after it, or after a logout"
    )]
    Kept {
        /// Who.
        agent: AgentId,
    },
    /// Somebody else works at the place.
    #[error("place `{place}` is used by agent `{by}`, who has to log out first")]
    PlaceTaken {
        /// Place.
        place: String,
        /// By whom.
        by: AgentId,
    },
}
