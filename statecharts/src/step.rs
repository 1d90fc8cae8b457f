//! What a step gives back.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Effect, Failure, LimitName};

/// The outcome of one external event, processed until the session is stable.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Number of the step, from 1 for the start of the session.
    pub number: u64,
    /// What the host is to do, in this order. A failed step has none but the end of its children.
    pub effects: Vec<Effect>,
    /// States that were entered, in order.
    pub entered: Vec<Arc<str>>,
    /// States that were left, in order.
    pub exited: Vec<Arc<str>>,
    /// Transitions that were taken, in order, as numbers of the chart: see [`Chart::transition_count`](crate::Chart::transition_count). The default transitions of `<initial>` (also in
    /// its form as an attribute) and `<history>` that were followed are among them.
    pub taken: Vec<u32>,
    /// Limits that were hit: the one that ended the session, and [`Stack`](LimitName::Stack) when a script recursed too deeply.
    pub exceeded: Vec<LimitName>,
    /// How the session is now.
    pub status: Status,
}

/// How a session is after a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "status")]
pub enum Status {
    /// It waits for its next event.
    Running,
    /// It reached a final state of the chart.
    Ended {
        /// Id of the final state.
        final_state: String,
        /// `<donedata>`, if the final state has any.
        data: Option<Value>,
    },
    /// It was ended from outside; its `<onexit>` handlers have run.
    Cancelled,
    /// It was ended because it hit a limit.
    Failed {
        /// Which one.
        failure: Failure,
    },
}
