//! A session: one run of a chart.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::{Chart, Event, Failure, RestoreError, Snapshot, Status, Step, Worker};

/// What a session starts with.
#[derive(Clone, Debug, Default)]
pub struct Start {
    /// Id of the session, unique for the host.
    pub session_id: String,
    /// Values for `<data>` of the same name; others become `_data.<name>` (decision D-085).
    pub parameters: Map<String, Value>,
    /// Time in epoch milliseconds.
    pub now_millis: i64,
    /// Id of the invocation, when a session invoked this one.
    pub invokeid: Option<String>,
    /// Id of the session that invoked this one.
    pub parent: Option<String>,
    /// Event processors beside SCXML: type as charts write it, and address; `{session}` in it becomes the session's id.
    pub ioprocessors: Arc<BTreeMap<String, String>>,
}

/// One run of a chart.
#[derive(Debug)]
pub struct Session {
    chart: Arc<Chart>,
    id: Box<str>,
    next_step: u64,
    status: Status,
}

impl Session {
    /// Starts a session and runs it until it is stable.
    pub fn start(chart: Arc<Chart>, worker: &mut Worker, start: Start) -> (Self, Step) {
        let mut session = Self {
            chart,
            id: start.session_id.into(),
            next_step: 1,
            status: Status::Running,
        };
        let step = session.unfinished(worker);
        (session, step)
    }

    /// Processes one external event until the session is stable again.
    pub fn step(&mut self, worker: &mut Worker, _event: Event, _now_millis: i64) -> Step {
        self.unfinished(worker)
    }

    /// Ends the session from outside: `<onexit>` handlers run, nobody is told by an event.
    pub fn cancel(&mut self, worker: &mut Worker, _now_millis: i64) -> Step {
        self.unfinished(worker)
    }

    /// Lets go of the live scope; the session keeps its data as JSON text.
    pub fn hibernate(&mut self, _worker: &mut Worker) {}

    /// The session as it can be written down.
    ///
    /// # Errors
    /// When the scope cannot be read, for want of memory.
    pub fn snapshot(&mut self, _worker: &mut Worker) -> Result<Snapshot, Failure> {
        Err(Failure::Data {
            tried: "saved".to_owned(),
            message: "not built yet".to_owned(),
        })
    }

    /// A session as it was written down.
    ///
    /// # Errors
    /// When the snapshot has another version or belongs to another chart.
    pub fn restore(chart: Arc<Chart>, snapshot: Snapshot) -> Result<Self, RestoreError> {
        Ok(Self {
            chart,
            id: snapshot.session.into(),
            next_step: snapshot.next_effect,
            status: snapshot.ended.unwrap_or(Status::Running),
        })
    }

    /// Ids of the active states in document order, ancestors included.
    #[must_use]
    pub fn configuration(&self) -> Vec<&str> {
        Vec::new()
    }

    /// Whether the session takes events.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.status == Status::Running
    }

    /// How the session is.
    #[must_use]
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// Its chart.
    #[must_use]
    pub fn chart(&self) -> &Arc<Chart> {
        &self.chart
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Number of the step that comes next.
    #[must_use]
    pub fn next_step(&self) -> u64 {
        self.next_step
    }

    fn unfinished(&mut self, _worker: &mut Worker) -> Step {
        self.next_step += 1;
        Step {
            number: self.next_step - 1,
            effects: Vec::new(),
            entered: Vec::new(),
            exited: Vec::new(),
            status: Status::Failed {
                failure: Failure::Data {
                    tried: "set up".to_owned(),
                    message: "the interpreter is not built yet".to_owned(),
                },
            },
        }
    }
}
