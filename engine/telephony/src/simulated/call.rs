//! A call of the simulated switch.

use serde::Serialize;
use serde_json::{Map, Value};
use vocabulary::{AttemptNo, CallbackId, EffectId, InteractionId, PhoneNumber, Timestamp};

use super::Behaviour;

/// Most pairs of user data of one call; further ones are left out.
const USER_DATA_MAX: usize = 1_000;

/// A call, for lists.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CallView {
    /// Id.
    pub call: InteractionId,
    /// The customer's number.
    pub customer: PhoneNumber,
    /// Callback on whose behalf it was dialled, if any.
    pub callback: Option<CallbackId>,
    /// Number of the attempt, of a dialled call.
    pub attempt: Option<AttemptNo>,
    /// `dialling`, `ringing`, `answered`, `alerting` or `talking`.
    pub phase: &'static str,
    /// Since when.
    pub since: Timestamp,
    /// Where it is: a route point, the agent's directory number, or another destination.
    pub at: String,
    /// File or prompt that is being played.
    pub playing: Option<String>,
    /// Attached data.
    pub user_data: Value,
}

/// Where a call stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Ordered; nothing rings yet.
    Dialling,
    /// The customer's phone rings.
    Ringing,
    /// The customer is on the line, at the route point.
    Answered,
    /// Moved to an agent who has not answered; `rings`: the phone has begun to ring.
    Alerting { dn: String, rings: bool, rings_out_at: Timestamp },
    /// With an agent, `is_agent`, or at another destination.
    Talking { at: String, is_agent: bool },
}

impl Phase {
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Dialling => "dialling",
            Self::Ringing => "ringing",
            Self::Answered => "answered",
            Self::Alerting { .. } => "alerting",
            Self::Talking { .. } => "talking",
        }
    }

    /// Directory number of the agent who has the call, or whose phone rings.
    pub(super) fn agent_dn(&self) -> Option<&str> {
        match self {
            Self::Alerting { dn, .. } => Some(dn),
            Self::Talking { at, is_agent: true } => Some(at),
            Self::Talking { is_agent: false, .. } | Self::Dialling | Self::Ringing | Self::Answered => None,
        }
    }
}

/// Key of a timer: its time, and a number that makes it unique.
pub(super) type TimerKey = (Timestamp, u64);

/// What was dialled, of an outgoing call.
#[derive(Clone, Debug)]
pub(super) struct Dial {
    pub(super) effect: EffectId,
    pub(super) callback: Option<CallbackId>,
    pub(super) attempt: AttemptNo,
    pub(super) rings_at: Timestamp,
    pub(super) ring_limit_at: Timestamp,
    pub(super) detection: Option<std::time::Duration>,
}

/// A treatment that runs.
#[derive(Clone, Debug)]
pub(super) struct Treatment {
    pub(super) id: EffectId,
    pub(super) file: String,
    /// Most digits to collect; `None` for a treatment that only plays.
    pub(super) max_digits: Option<u32>,
    pub(super) timer: Option<TimerKey>,
}

/// A call.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) customer: PhoneNumber,
    pub(super) behaviour: Behaviour,
    /// `None` for a call that the customer made.
    pub(super) dial: Option<Dial>,
    pub(super) route_point: String,
    /// Digits that the caller types when asked, unless the number has others.
    pub(super) digits: Option<String>,
    pub(super) phase: Phase,
    pub(super) since: Timestamp,
    pub(super) answered_at: Option<Timestamp>,
    pub(super) treatment: Option<Treatment>,
    pub(super) user_data: Map<String, Value>,
    /// Timers that end with the phase.
    pub(super) phase_timers: Vec<TimerKey>,
    /// Timers that end with the call.
    pub(super) call_timers: Vec<TimerKey>,
}

impl Call {
    /// Adds or replaces pairs of user data.
    pub(super) fn attach(&mut self, pairs: Value) {
        let Value::Object(pairs) = pairs else {
            return;
        };
        for (key, value) in pairs {
            // Null takes a key away.
            if value.is_null() {
                self.user_data.remove(&key);
            } else if self.user_data.len() < USER_DATA_MAX || self.user_data.contains_key(&key) {
                self.user_data.insert(key, value);
            }
        }
    }

    pub(super) fn view(&self, id: &InteractionId) -> CallView {
        let at = match &self.phase {
            Phase::Dialling | Phase::Ringing | Phase::Answered => &self.route_point,
            Phase::Alerting { dn, .. } => dn,
            Phase::Talking { at, .. } => at,
        };
        CallView {
            call: id.clone(),
            customer: self.customer.clone(),
            callback: self.dial.as_ref().and_then(|dial| dial.callback.clone()),
            attempt: self.dial.as_ref().map(|dial| dial.attempt),
            phase: self.phase.name(),
            since: self.since,
            at: at.clone(),
            playing: self.treatment.as_ref().map(|treatment| treatment.file.clone()),
            user_data: Value::Object(self.user_data.clone()),
        }
    }
}
