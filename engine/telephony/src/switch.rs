//! The Switch port: what every switch can be asked, and what it tells.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use vocabulary::{AttemptNo, CallState, CallbackId, EffectId, InteractionId, PhoneNumber};

/// What a switch is asked to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Dial a number.
    CreateCall(CreateCall),
    /// Play a file to a call until it ends, the duration passes or it is stopped.
    Play(Play),
    /// Stop what is played.
    StopPlaying {
        /// Id of the treatment.
        treatment: EffectId,
    },
    /// Collect digits after a prompt.
    CollectDigits(CollectDigits),
    /// Move a call to an agent, or to any other number. The agent rings.
    Redirect(Redirect),
    /// End a call.
    HangUp {
        /// Which.
        call: InteractionId,
        /// Why, for the switch's own log.
        reason: String,
    },
    /// Attach user data to a call.
    Attach {
        /// Which.
        call: InteractionId,
        /// Pairs to add or replace.
        pairs: Value,
    },
    /// The agent at this number takes the call that rings.
    AgentAnswers {
        /// The agent's directory number.
        dn: String,
    },
    /// The agent at this number declines the call that rings.
    AgentDeclines {
        /// The agent's directory number.
        dn: String,
    },
    /// The agent at this number hangs up.
    AgentHangsUp {
        /// The agent's directory number.
        dn: String,
    },
    /// An agent works at this number from now on: calls may be sent to it. Twice is as good as once.
    AgentArrives {
        /// The agent's directory number.
        dn: String,
    },
}

/// A dial.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateCall {
    /// Id of the call to be, chosen by the engine.
    pub call: InteractionId,
    /// Effect that asks for it.
    pub effect: EffectId,
    /// Callback on whose behalf; `None` for calls of other sessions.
    pub callback: Option<CallbackId>,
    /// Number of the attempt within the callback.
    pub attempt: AttemptNo,
    /// Origin, a route point.
    pub from: String,
    /// The dialled string.
    pub to: PhoneNumber,
    /// Ringing limit.
    pub ring_timeout: Duration,
    /// Whether to find out who answered, and the limit for that; the limit's end counts as human.
    pub detection: Option<Duration>,
    /// Data attached to the call.
    pub user_data: Value,
    /// Hints of the chart (`extensions`).
    pub hints: Value,
}

/// A treatment.
#[derive(Clone, Debug, PartialEq)]
pub struct Play {
    /// Id of the treatment: the effect that asks for it.
    pub treatment: EffectId,
    /// The call.
    pub call: InteractionId,
    /// File name or URI.
    pub file: String,
    /// How long.
    pub length: PlayLength,
    /// Hints of the treatment (`am-beep-detection`).
    pub hints: Value,
}

/// How long a treatment plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlayLength {
    /// To the end of the file.
    Once,
    /// At most this long.
    AtMost(Duration),
    /// From the start again until it is stopped.
    Loop,
}

/// A prompt that is answered by digits.
#[derive(Clone, Debug, PartialEq)]
pub struct CollectDigits {
    /// Id of the treatment: the effect that asks for it.
    pub treatment: EffectId,
    /// The call.
    pub call: InteractionId,
    /// Prompt.
    pub file: String,
    /// Most digits.
    pub max_digits: u32,
    /// Limit for all of it.
    pub timeout: Duration,
}

/// A move of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Redirect {
    /// Effect that asks for it.
    pub effect: EffectId,
    /// The call.
    pub call: InteractionId,
    /// Directory number of the agent, or another destination.
    pub to: String,
    /// How long the agent's phone may ring.
    pub ring_timeout: Duration,
    /// Whether an answer of the destination is reported (`_ixn_redirect_confirm`).
    pub confirm: bool,
    /// Hints of the chart.
    pub hints: Value,
}

/// Who ended a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReleasedBy {
    /// The customer.
    Customer,
    /// The agent.
    Agent,
    /// We.
    Platform,
    /// It cannot be said: the switch no longer knows the call.
    Unknown,
}

/// What a switch tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The customer's phone rings.
    Ringing {
        /// Which call.
        call: InteractionId,
        /// The dial it belongs to.
        effect: EffectId,
    },
    /// Answered; who it is is not known yet.
    Answered {
        /// Which call.
        call: InteractionId,
        /// The dial it belongs to.
        effect: EffectId,
    },
    /// It is known who answered.
    Detected {
        /// Which call.
        call: InteractionId,
        /// The dial it belongs to.
        effect: EffectId,
        /// 0, 8, 9 or 17.
        call_state: CallState,
        /// Whether the call is still up.
        kept_up: bool,
    },
    /// The dial failed; there is no call.
    DialFailed {
        /// Which call would have been.
        call: InteractionId,
        /// The dial.
        effect: EffectId,
        /// Why.
        call_state: CallState,
    },
    /// A treatment ended by itself.
    TreatmentDone {
        /// Which.
        treatment: EffectId,
        /// The call.
        call: InteractionId,
        /// Digits, of a treatment that collects them.
        digits: Option<String>,
    },
    /// A treatment could not be played.
    TreatmentFailed {
        /// Which.
        treatment: EffectId,
        /// The call.
        call: InteractionId,
        /// Why.
        problem: String,
    },
    /// The redirect was accepted.
    Redirected {
        /// Which call.
        call: InteractionId,
        /// The redirect.
        effect: EffectId,
    },
    /// The redirect was refused; the call stays where it was.
    RedirectFailed {
        /// Which call.
        call: InteractionId,
        /// The redirect.
        effect: EffectId,
        /// Why.
        problem: String,
    },
    /// An agent's phone rings.
    AgentAlerting {
        /// Which call.
        call: InteractionId,
        /// The agent's directory number.
        dn: String,
    },
    /// An agent and the customer are connected.
    AgentConnected {
        /// Which call.
        call: InteractionId,
        /// The agent's directory number.
        dn: String,
    },
    /// The agent declined or did not answer; the call is back at the route point.
    Diverted {
        /// Which call.
        call: InteractionId,
        /// The agent's directory number.
        dn: String,
        /// Whether the agent declined; otherwise the phone rang out.
        declined: bool,
    },
    /// A call ended.
    Released {
        /// Which.
        call: InteractionId,
        /// By whom.
        by: ReleasedBy,
        /// Directory number of the agent that was on it, if there was one.
        dn: Option<String>,
    },
    /// A call arrived at a route point.
    CallArrived {
        /// Its id.
        call: InteractionId,
        /// Route point.
        route_point: String,
        /// Number that was called.
        dnis: String,
        /// Number of the caller.
        ani: PhoneNumber,
    },
}

/// Where a switch's events go. Called from the switch's own task; must not block.
#[derive(Clone)]
pub struct EventSink(Arc<dyn Fn(Event) + Send + Sync>);

impl EventSink {
    /// A sink that calls `take` for every event.
    pub fn new(take: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Self(Arc::new(take))
    }

    /// Hands over an event.
    pub fn tell(&self, event: Event) {
        (self.0)(event);
    }
}

impl fmt::Debug for EventSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventSink")
    }
}

/// A switch.
///
/// Orders are accepted at once and answered by events, each naming its effect or call. A switch never decides to
/// dial twice: an order is carried out once, each time it is given.
pub trait Switch: Send + Sync + fmt::Debug {
    /// Gives an order. Never blocks; a failure is an event.
    fn execute(&self, command: Command);
}
