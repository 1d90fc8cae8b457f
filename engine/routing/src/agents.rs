//! Agents as the router sees them.

use serde::Serialize;
use vocabulary::Timestamp;

use crate::{AgentProfile, AgentStatus, EntryId};

/// An agent, for lists.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AgentView {
    /// As configured.
    pub profile: AgentProfile,
    /// Status.
    pub status: AgentStatus,
    /// Entry for which the agent is reserved, if any.
    pub reserved_for: Option<EntryId>,
    /// Since when the status holds; [`Timestamp::EPOCH`] for an agent whose status was never set.
    pub since: Timestamp,
}

/// Who holds an agent, and until when.
#[derive(Clone, Debug)]
pub(crate) struct Reservation {
    pub(crate) holder: EntryId,
    pub(crate) until: Timestamp,
}

/// An agent in the router.
#[derive(Clone, Debug)]
pub(crate) struct Agent {
    pub(crate) profile: AgentProfile,
    pub(crate) status: AgentStatus,
    pub(crate) since: Timestamp,
    pub(crate) reservation: Option<Reservation>,
    /// Start of readiness under which the lines list this agent; `None` while no line does.
    pub(crate) listed_since: Option<Timestamp>,
}

impl Agent {
    pub(crate) fn new(profile: AgentProfile) -> Self {
        Self {
            profile,
            status: AgentStatus::LoggedOut,
            since: Timestamp::EPOCH,
            reservation: None,
            listed_since: None,
        }
    }

    /// Ready and not reserved (decision D-093: voice capacity is 1).
    pub(crate) fn is_selectable(&self) -> bool {
        self.status == AgentStatus::Ready && self.reservation.is_none()
    }

    /// Any status but logged out counts as at work.
    pub(crate) fn is_logged_in(&self) -> bool {
        self.status != AgentStatus::LoggedOut
    }

    pub(crate) fn view(&self) -> AgentView {
        AgentView {
            profile: self.profile.clone(),
            status: self.status.clone(),
            reserved_for: self.reservation.as_ref().map(|reservation| reservation.holder.clone()),
            since: self.since,
        }
    }
}
