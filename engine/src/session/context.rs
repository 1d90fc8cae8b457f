//! What the engine keeps about a session beside its snapshot.

use std::collections::{BTreeMap, BTreeSet};

use crate::surroundings::Interactions;
use serde::{Deserialize, Serialize};
use vocabulary::{AttemptNo, EffectId, InteractionId, SessionId, Timestamp};

use super::order::Action;
use super::send_budget::SendBudget;

/// What a session holds outside of its chart. Stored with the snapshot, in the same transaction.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Context {
    /// Calls that the session controls.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) calls: BTreeMap<InteractionId, HeldCall>,
    /// Timers that are set: id to the sendid that cancels it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) timers: BTreeMap<String, Option<String>>,
    /// Queue entries that wait.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) entries: BTreeMap<String, routing::Entry>,
    /// Effects that wait for an answer and have a row.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) open: BTreeSet<EffectId>,
    /// Events that the session may still send.
    #[serde(default, skip_serializing_if = "SendBudget::is_full")]
    pub(crate) sends: SendBudget,
    /// Invoked children: invocation to session.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) children: BTreeMap<String, SessionId>,
    /// How many sessions started each other down to this one.
    #[serde(default)]
    pub(crate) depth: u32,
    /// Agents that are kept for this session.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) reserved: BTreeSet<String>,
    /// How the router knows them, by agent.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) kept_agents: BTreeMap<String, KeptAgent>,
    /// Requests for agents that are not answered yet, by agent.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) reserving: BTreeMap<String, Vec<EffectId>>,
    /// Dial attempts of a session without a callback.
    #[serde(default)]
    pub(crate) attempts: AttemptNo,
    /// The interactions as the chart has been told of them.
    #[serde(default, skip_serializing_if = "Interactions::is_empty")]
    pub(crate) interactions: Interactions,
    /// Places in queues whose targets are kept when their time is over (`clearontimeout="false"`).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) keeps_targets: BTreeSet<String>,
    /// Targets of a place whose time is over, for the next submit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kept_targets: Option<KeptTargets>,
    /// Treatments that have more to play, or that nobody is told of.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) treatments: BTreeMap<EffectId, Treatment>,
    /// Statistics that are told from time to time, by the request id of the subscription.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) subscriptions: BTreeMap<String, Subscription>,
    /// Agents that no queue may select for this session (`_genesys.queue.excludeAgents`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) excluded: Vec<String>,
    /// The customer who answered, until it is counted what he found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) answered: Option<AnsweredCall>,
    /// Where status notifications of this callback go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) notification: Option<NotificationPolicy>,
    /// What the pause list may hold this callback back by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pause: Option<PausePolicy>,
    /// The key that the chart was last told to be paused by, if it was told so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) paused_by: Option<String>,
    /// What the service puts before the numbers it dials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) dial_prefix: Option<String>,
    /// Pushes that were asked for; their rows are kept as long as the callback goes on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) pushes: Vec<String>,
    /// The string that was dialled last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) last_dialled: Option<String>,
    /// Whether the subscriber was told that the callback ends.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) exit_told: bool,
    /// Whether the final report was made.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) reported: bool,
}

impl Context {
    /// Under which id the router knows what this session has of an agent: a reservation, or a request for one.
    pub(crate) fn holder_of(&self, agent: &str) -> Option<String> {
        let asked = || self.reserving.get(agent)?.first().map(ToString::to_string);
        self.kept_agents.get(agent).map(|kept| kept.holder.clone()).or_else(asked)
    }
}

/// What the pause list may hold a callback back by (guide: `_paused_services_list`, `_paused_services_id`; decision D-059).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct PausePolicy {
    /// Name of the list.
    pub(crate) list: String,
    /// Service.
    pub(crate) service: String,
    /// The id that the callback carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
}

/// A customer who answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct AnsweredCall {
    /// The call.
    pub(crate) call: InteractionId,
    /// When it was known that it is a person.
    pub(crate) at: Timestamp,
    /// When an agent or a treatment was first heard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) heard_at: Option<Timestamp>,
    /// The treatment that was heard first; it may turn out that it cannot be played.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) treatment: Option<EffectId>,
    /// When the call was moved away and nothing was heard of it since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) moved_at: Option<Timestamp>,
}

/// An agent who is kept for a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct KeptAgent {
    /// Id of the reservation at the router: the submit or the first reserve.
    pub(crate) holder: String,
    /// Directory number, when a selection told it; else empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) dn: String,
}

/// Targets that are kept, with the start of waiting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct KeptTargets {
    /// The targets as one text.
    pub(crate) target: String,
    /// Start of waiting of the place.
    pub(crate) waiting_since: Timestamp,
}

/// A treatment of several parts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Treatment {
    /// What comes after the part that is being played.
    pub(crate) next: Vec<Action>,
    /// Event that tells of its end.
    pub(crate) element: TreatmentKind,
    /// The submit during which it plays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) entry: Option<String>,
}

/// Which element a treatment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TreatmentKind {
    /// `dialog:play`.
    Play,
    /// `dialog:collect`.
    Collect,
    /// `dialog:playsound` or `dialog:playandcollect`, as the switch tells it.
    Plain,
    /// A part of `dialog:runtreatments`, of which nobody is told.
    Silent,
}

/// A statistic that is told from time to time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Subscription {
    /// What it is about.
    pub(crate) object: String,
    /// Name of the statistic.
    pub(crate) statistic: String,
    /// Seconds between two updates.
    pub(crate) interval_secs: u64,
}

/// A call that a session controls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct HeldCall {
    /// Device that the customer's leg is on, the route point.
    pub(crate) device: String,
    /// Directory number of the agent that is on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) agent: Option<String>,
    /// Whether it was moved away and has not come back: it goes on without the session.
    #[serde(default)]
    pub(crate) delivered: bool,
}

/// Where status notifications go (guide: options of status notification).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct NotificationPolicy {
    /// `httpcb` or `orscb`.
    pub(crate) kind: String,
    /// URL or session id.
    pub(crate) target: String,
    /// Whether the five-key envelope is wanted (decision D-018).
    pub(crate) envelope: bool,
}
