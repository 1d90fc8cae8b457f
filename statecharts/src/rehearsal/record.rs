//! What happened in a rehearsal.

use std::time::Duration;

use crate::{Event, Step};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Session that it happened to.
    pub session: String,
    /// When, after the start.
    pub at: Duration,
    /// What.
    pub happening: Happening,
}

/// What can happen to a session.
#[derive(Clone, Debug, PartialEq)]
pub enum Happening {
    /// It took a step.
    Step {
        /// What for.
        cause: Box<Cause>,
        /// What came of it. Its effects have been carried out, except verbs and calls.
        step: Box<Step>,
    },
    /// A chart that it invoked could not be started; it gets `error.communication`.
    NotInvoked {
        /// Id of the invocation.
        invokeid: String,
        /// Why not.
        reason: String,
    },
    /// An event that it sent has no receiver; it gets `error.communication`.
    NotDelivered {
        /// Name of the event.
        event: String,
        /// Where it was to go.
        target: String,
        /// Why it did not.
        reason: String,
    },
    /// It could not be written down or read back between two steps, and is gone.
    Lost {
        /// Why.
        reason: String,
    },
}

/// Why a step was taken.
#[derive(Clone, Debug, PartialEq)]
pub enum Cause {
    /// The session was started.
    Start,
    /// An event was delivered.
    Event(Event),
    /// The session was ended from outside.
    Cancel,
}

impl Record {
    /// The step, if it is one, with its cause.
    #[must_use]
    pub fn step(&self) -> Option<(&Cause, &Step)> {
        match &self.happening {
            Happening::Step { cause, step } => Some((cause, step)),
            Happening::NotInvoked { .. } | Happening::NotDelivered { .. } | Happening::Lost { .. } => None,
        }
    }
}
