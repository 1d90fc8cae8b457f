//! What a committed step has carried out by others.
//!
//! An order is written to the store with the step that gives it, as JSON text of its effect row, so that a restart can
//! read it back. Orders that live in rows of their own (timers, queue entries) or die with the process (answers to
//! waiting requests, treatments of calls) have no effect row.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use statecharts::Event;
use store::{EffectRow, EffectState};
use vocabulary::{AttemptNo, CallbackId, EffectId, InteractionId, SessionId, Timestamp};

use super::context::PausePolicy;
use crate::derive;

/// An order of a session, with the effect that it belongs to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Order {
    /// Effect: the id under which answers come back.
    pub(crate) effect: EffectId,
    /// What is to be done.
    pub(crate) action: Action,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    /// Enter a virtual queue. Durable as queue entry.
    Submit(Box<routing::Entry>),
    /// Change a waiting entry.
    UpdateEntry {
        /// The submit.
        entry: String,
        /// What to change.
        change: routing::EntryChange,
    },
    /// Leave the queue.
    CancelEntry {
        /// The submit.
        entry: String,
    },
    /// Ask for position and waiting time.
    QueryEntry {
        /// The submit.
        entry: String,
    },
    /// Keep an agent, or keep one longer. Lost with the process, as all reservations are.
    ReserveAgent {
        /// Who.
        agent: String,
        /// Under which id the router knows the reservation.
        holder: String,
        /// How long, milliseconds.
        duration_ms: u64,
        /// Against others who ask for the same agent at the same time; higher first.
        priority: i64,
    },
    /// Let a reserved agent go.
    ReleaseAgent {
        /// Who.
        agent: String,
        /// Under which id the router knows the reservation, or the request for one; `None` when that is not known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        holder: Option<String>,
        /// How long the agent is still kept, milliseconds.
        #[serde(default)]
        delay_ms: u64,
    },
    /// Dial. Never repeated.
    Dial(Box<Dial>),
    /// Move a call. Never repeated.
    Redirect(Redirect),
    /// End a call.
    HangUp {
        /// Which.
        call: InteractionId,
        /// Why.
        reason: String,
    },
    /// Give a call to another session.
    Associate {
        /// Which.
        call: InteractionId,
        /// To whom.
        session: SessionId,
        /// Whether it goes back to the session that gave it.
        #[serde(default)]
        detach: bool,
    },
    /// Attach user data to a call.
    Attach {
        /// Which.
        call: InteractionId,
        /// Pairs; null takes a key away.
        pairs: Value,
        /// Whether a function of a script asked: it has no id that an answer could name.
        #[serde(default)]
        silent: bool,
    },
    /// Play a file. Dies with the call.
    Play {
        /// To which call.
        call: InteractionId,
        /// File or URI.
        file: String,
        /// Milliseconds at most; `None` plays to the end of the file.
        at_most_ms: Option<u64>,
        /// Whether to start over until stopped.
        repeat: bool,
        /// Hints.
        hints: Value,
    },
    /// Play a prompt and collect digits. Dies with the call.
    CollectDigits {
        /// To which call.
        call: InteractionId,
        /// Prompt.
        file: String,
        /// Most digits.
        max_digits: u32,
        /// Limit in milliseconds.
        timeout_ms: u64,
    },
    /// Stop a treatment.
    StopPlaying {
        /// The treatment.
        treatment: EffectId,
        /// Whether nobody is told.
        #[serde(default)]
        silent: bool,
    },
    /// Tell the value of a statistic.
    AskStatistic {
        /// What it is about: a queue, a target, or `R` for the whole router.
        object: String,
        /// Name of the statistic.
        statistic: String,
    },
    /// Start a session.
    StartSession {
        /// Id of the session to be.
        session: SessionId,
        /// Chart: name, file, URL, or text of an `<invoke>`.
        source: SessionSource,
        /// Start parameters.
        parameters: Map<String, Value>,
        /// Invocation of this session that it is.
        invokeid: Option<String>,
        /// How many sessions started each other down to the new one.
        depth: u32,
        /// Not before this time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        due: Option<Timestamp>,
    },
    /// End a session.
    TerminateSession {
        /// Which.
        session: SessionId,
    },
    /// End an invoked session because the state that invoked it was left: nobody is told of its end (scxml: 6.4).
    CancelInvoked {
        /// Which.
        session: SessionId,
    },
    /// Fetch a URL.
    Fetch(Fetch),
    /// Send a message by BasicHTTP to somebody else's address.
    Post(Post),
    /// Change when a session that waits for its time is started.
    UpdateStart {
        /// Which.
        session: SessionId,
        /// When.
        due: Timestamp,
    },
    /// Give an event to another session.
    Deliver {
        /// To whom.
        session: SessionId,
        /// The event.
        event: Event,
    },
    /// Answer a request that waits. Dies with the process.
    Respond {
        /// The request.
        request: String,
        /// HTTP status.
        status: u16,
        /// Body.
        body: Value,
    },
}

/// A dial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Dial {
    /// Id of the call to be.
    pub(crate) call: InteractionId,
    /// Callback, if the session runs one.
    pub(crate) callback: Option<CallbackId>,
    /// Place in a queue for which the customer is dialled; the router is told of the result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) entry: Option<String>,
    /// What may hold it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pause: Option<PausePolicy>,
    /// What the service puts before the numbers it dials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) prefix: Option<String>,
    /// Attempt.
    pub(crate) attempt: AttemptNo,
    /// Route point.
    pub(crate) from: String,
    /// Dialled string.
    pub(crate) to: String,
    /// Ringing limit, milliseconds.
    pub(crate) ring_timeout_ms: u64,
    /// Limit of the detection in milliseconds; `None` dials without.
    pub(crate) detection_ms: Option<u64>,
    /// Data attached to the call.
    pub(crate) user_data: Value,
    /// Hints.
    pub(crate) hints: Value,
}

/// A move of a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Redirect {
    /// The call.
    pub(crate) call: InteractionId,
    /// Directory number or other destination.
    pub(crate) to: String,
    /// Ringing limit, milliseconds.
    pub(crate) ring_timeout_ms: u64,
    /// Whether an answer is reported.
    pub(crate) confirm: bool,
    /// Hints.
    pub(crate) hints: Value,
}

/// Where a chart comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SessionSource {
    /// A shipped name, a file of the charts folder, or a URL.
    Reference(String),
    /// The text of the chart.
    Text(String),
}

/// A request over HTTP.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Fetch {
    /// URL.
    pub(crate) url: String,
    /// `GET`, `POST`, `PUT`, `DELETE`.
    pub(crate) method: String,
    /// Limit in seconds.
    pub(crate) timeout_secs: u64,
    /// Whether the fields are sent as JSON; otherwise as a form.
    pub(crate) json: bool,
    /// Fields of the body, or of the query of a `GET`.
    pub(crate) fields: Map<String, Value>,
    /// Body in place of the fields.
    pub(crate) content: Option<Value>,
}

/// A message by BasicHTTP.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Post {
    /// URL, query included.
    pub(crate) url: String,
    /// Media type of the body.
    pub(crate) content_type: String,
    /// Body.
    pub(crate) body: String,
    /// Id of the `<send>`, for the error if nobody takes it.
    pub(crate) sendid: Option<String>,
}

impl Order {
    /// The row by which it survives a restart; `None` if it needs none. That of an event for a session is the
    /// receiver's: it is closed by the very step that takes the event, so that the event is neither lost nor doubled.
    pub(crate) fn row(&self) -> Option<EffectRow> {
        let id = match &self.action {
            Action::Deliver { session, .. } => derive::letter(session, &self.effect),
            action if action.has_row() => self.effect.clone(),
            _ => return None,
        };
        let action = serde_json::to_string(self).unwrap_or_default();
        Some(EffectRow { id, action, repeatable: self.action.is_repeatable(), state: EffectState::Intended })
    }
}

impl Action {
    /// Whether a restart may carry it out again under the same id (decision D-119).
    pub(crate) const fn is_repeatable(&self) -> bool {
        !matches!(self, Self::Dial(_) | Self::Redirect(_))
    }

    /// Whether it needs an effect row to survive a restart.
    pub(crate) const fn has_row(&self) -> bool {
        matches!(
            self,
            Self::Dial(_)
                | Self::Redirect(_)
                | Self::HangUp { .. }
                | Self::Associate { .. }
                | Self::StartSession { .. }
                | Self::TerminateSession { .. }
                | Self::CancelInvoked { .. }
                | Self::UpdateStart { .. }
                | Self::Fetch(_)
                | Self::Post(_)
                | Self::Deliver { .. }
        )
    }
}
