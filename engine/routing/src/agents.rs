//! Agents as the router sees them.
//!
//! ```text
//! logged_out --log in--> not_ready --ready--> ready --selected--> ready + reserved
//! ready + reserved --route--> ringing --answer--> busy --hang up--> after_call_work --time--> ready | not_ready
//! ringing --decline, no answer--> ready | not_ready         ready + reserved --release, time--> ready
//! ready --requests to reserve--> ready + asked for --collection time--> ready + reserved
//! any --vanished--> logged_out
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use vocabulary::Timestamp;

use crate::groups::Membership;
use crate::router::Collection;
use crate::slab::Slot;
use crate::statistics::{AgentFigures, AgentRecord};
use crate::{AgentProfile, AgentStatus, Desk, EntryId};

/// An agent, for lists.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AgentView {
    /// As configured; directory number, switch and place are those of the login while at work.
    pub profile: AgentProfile,
    /// Status.
    pub status: AgentStatus,
    /// Entry for which the agent is reserved, if any.
    pub reserved_for: Option<EntryId>,
    /// Whether requests to reserve the agent are being gathered: nobody is given the agent meanwhile.
    pub is_asked_for: bool,
    /// Since when the status holds; [`Timestamp::EPOCH`] for an agent whose status was never set.
    pub since: Timestamp,
}

/// How long after-call work takes before the router ends it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AfterCallWork {
    /// For agents of no group below; `None`: there is none, an agent is free with the end of the call. Default `None`.
    pub standard: Option<Duration>,
    /// By agent group; of several the longest counts. Default none.
    pub by_group: BTreeMap<String, Duration>,
}

impl AfterCallWork {
    /// What is set for an agent; zero for none.
    pub(crate) fn of(&self, profile: &AgentProfile) -> Duration {
        let of_groups = profile.groups.iter().filter_map(|group| self.by_group.get(group)).max();
        of_groups.copied().or(self.standard).unwrap_or_default()
    }
}

impl AgentStatus {
    /// Any status but logged out counts as at work.
    #[must_use]
    pub fn is_at_work(&self) -> bool {
        *self != Self::LoggedOut
    }

    /// Whether the agent's phone is in use.
    #[must_use]
    pub fn is_on_call(&self) -> bool {
        matches!(self, Self::Dialing | Self::Ringing | Self::Busy)
    }

    /// The status in words.
    #[must_use]
    pub fn words(&self) -> &'static str {
        match self {
            Self::LoggedOut => "logged out",
            Self::NotReady { .. } => "not ready",
            Self::Ready => "ready",
            Self::Dialing => "dialling",
            Self::Ringing => "being called",
            Self::Busy => "on a call",
            Self::AfterCallWork => "in after-call work",
        }
    }
}

/// Who holds an agent, and until when.
#[derive(Clone, Debug)]
pub(crate) struct Reservation {
    pub(crate) holder: Arc<str>,
    /// Begin of the reservation: what was observed of the agent before does not concern it.
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
    /// Whether the holder has let go and only the delay runs.
    pub(crate) is_released: bool,
}

/// The last call of an agent that something was observed of.
#[derive(Clone, Debug)]
pub(crate) struct LastCall {
    pub(crate) id: Arc<str>,
    /// Whether the agent is done with it.
    pub(crate) is_over: bool,
}

/// What was seen of an agent: see [`crate::Command::ObserveAgent`].
#[derive(Clone, Debug)]
pub(crate) struct Observation {
    pub(crate) status: AgentStatus,
    pub(crate) at: Timestamp,
    pub(crate) call: Option<String>,
}

/// What the lines count of an agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) at_work: bool,
    pub(crate) selectable: bool,
    pub(crate) busy: bool,
    /// Calls per thousand million seconds that the agent will have finished for each line; see
    /// [`crate::router::counting`].
    pub(crate) freeing: u64,
}

/// Whether the lines of an agent list the agent as ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listing {
    Not,
    /// Selectable since a moment ago; the next settling lists the agent, or gives an entry at once.
    Fresh,
    /// Under this start of readiness.
    Since(Timestamp),
}

/// An agent in the router.
#[derive(Clone, Debug)]
pub(crate) struct Agent {
    pub(crate) profile: Arc<AgentProfile>,
    /// Groups of places and campaigns to which the agent belongs, by the desk of today.
    pub(crate) membership: Membership,
    /// The desk of the profile, which a login elsewhere replaces in `profile` until the agent leaves.
    pub(crate) own_desk: Desk,
    pub(crate) status: AgentStatus,
    pub(crate) since: Timestamp,
    pub(crate) reservation: Option<Reservation>,
    /// The last call that something was observed of.
    pub(crate) last_call: Option<LastCall>,
    /// Requests for a reservation that are being gathered; never beside a reservation.
    pub(crate) collecting: Option<Box<Collection>>,
    /// What the agent asked to be after the call, and after the work that follows it.
    pub(crate) after_call: Option<AgentStatus>,
    /// End of the after-call work.
    pub(crate) wraps_up_until: Option<Timestamp>,
    /// Lines whose targets match the agent, ascending.
    pub(crate) lines: Vec<Slot>,
    pub(crate) counted: Counted,
    pub(crate) record: AgentRecord,
    /// See [`Counted::freeing`].
    pub(crate) freeing: u64,
    pub(crate) listing: Listing,
    /// When a condition on the agent's statistics changes though nothing else does.
    pub(crate) look_again: Option<Timestamp>,
}

impl Agent {
    pub(crate) fn new(profile: AgentProfile) -> Self {
        Self {
            own_desk: desk_of(&profile),
            profile: Arc::new(profile),
            membership: Membership::default(),
            status: AgentStatus::LoggedOut,
            since: Timestamp::EPOCH,
            reservation: None,
            last_call: None,
            collecting: None,
            after_call: None,
            wraps_up_until: None,
            lines: Vec::new(),
            counted: Counted::default(),
            record: AgentRecord::default(),
            freeing: 0,
            listing: Listing::Not,
            look_again: None,
        }
    }

    /// Whether an observation tells nothing new: it is older than what is known, or of a call that is over.
    pub(crate) fn knows_better(&self, Observation { status, at, call }: &Observation) -> bool {
        let at = *at;
        if at < self.since || self.reservation.as_ref().is_some_and(|reservation| at < reservation.from) {
            return true;
        }
        match self.last_call.as_ref().filter(|last| Some(&*last.id) == call.as_deref()) {
            Some(last) if last.is_over => true,
            // Of one call ringing comes before talking, whatever the order in which they are told.
            Some(_) => *status == AgentStatus::Ringing && self.status == AgentStatus::Busy,
            // The end of the call before, told within the millisecond in which the next one began.
            None => at == self.since && self.status.is_on_call() && !status.is_on_call(),
        }
    }

    /// Ready, not reserved and not asked for (decision D-093: voice capacity is 1).
    pub(crate) fn is_selectable(&self) -> bool {
        self.status == AgentStatus::Ready && self.reservation.is_none() && self.collecting.is_none()
    }

    pub(crate) fn figures(&self) -> AgentFigures<'_> {
        AgentFigures {
            status: &self.status,
            since: self.since,
            is_selectable: self.is_selectable(),
            record: &self.record,
        }
    }

    pub(crate) fn holder(&self) -> Option<&str> {
        self.reservation.as_ref().map(|reservation| reservation.holder.as_ref())
    }

    /// What the lines are to count now.
    pub(crate) fn counts(&self) -> Counted {
        Counted {
            at_work: self.status.is_at_work(),
            selectable: self.is_selectable(),
            busy: self.status == AgentStatus::Busy,
            freeing: self.freeing,
        }
    }

    pub(crate) fn desk(&self) -> Desk {
        desk_of(&self.profile)
    }

    pub(crate) fn sit_at(&mut self, desk: Desk) {
        let profile = Arc::make_mut(&mut self.profile);
        profile.dn = desk.dn;
        profile.switch = desk.switch;
        profile.place = desk.place;
    }

    pub(crate) fn view(&self) -> AgentView {
        AgentView {
            profile: AgentProfile::clone(&self.profile),
            status: self.status.clone(),
            reserved_for: self.holder().map(str::to_owned),
            is_asked_for: self.collecting.is_some(),
            since: self.since,
        }
    }
}

pub(crate) fn desk_of(profile: &AgentProfile) -> Desk {
    Desk { dn: profile.dn.clone(), switch: profile.switch.clone(), place: profile.place.clone() }
}
