//! What the router is told and what it says: the only way in and out of its core.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use vocabulary::{AgentId, QueueName, Timestamp};

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
    /// See [`Entry::notify`].
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
    pub skills: std::collections::BTreeMap<String, i64>,
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
    /// A reserved agent is no longer needed by anyone.
    ReleaseAgent {
        /// Who.
        agent: AgentId,
    },
    /// Time has passed; due deadlines and reservations are looked at. Every other command does this as well.
    Tick,
}

/// What the router says, in the order in which it happened.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "outcomes live for one step; a box for each selection would only cost its readers"
)]
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
    /// An agent's status or reservation changed.
    AgentChanged {
        /// Who.
        agent: AgentId,
        /// Status.
        status: AgentStatus,
        /// Whether the agent is reserved.
        reserved: bool,
    },
}

/// A chosen target.
#[derive(Clone, Debug, PartialEq)]
pub struct Selection {
    /// The agent.
    pub agent: AgentProfile,
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
