//! A rehearsal: a chart runs without a platform, under a clock that only moves when it is told to.
//!
//! It is the host that commands, tests and conformance runs share. It keeps delayed `<send>`s, starts the children of `<invoke>`,
//! carries events between the sessions of one chart and answers what cannot be delivered with `error.communication`. The
//! BasicHTTP event processor is a loop: what a session sends to the address of a session is received there. What it sends to others
//! by BasicHTTP, and verbs and calls of modules, are recorded and nothing more; whoever rehearses answers by sending events.
//!
//! Deliberately absent: files (a [`PartResolver`] has them), real time, and what verbs mean.
//!
//! Invariants:
//! * The same chart, parameters, events and times give the same records.
//! * What was [saved](Rehearsal::save) and [restored](Rehearsal::restore), here or in another rehearsal, goes on in the same way.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//! use statecharts::rehearsal::Rehearsal;
//! use statecharts::{Limits, ModuleSet, NoParts, Source};
//!
//! let text = r#"<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0">
//!   <state id="waiting"><onentry><send event="enough" delay="20s"/></onentry><transition event="enough" target="over"/></state>
//!   <final id="over"/>
//! </scxml>"#;
//! let mut rehearsal = Rehearsal::new(Arc::new(ModuleSet::default()), Box::new(NoParts), Limits::default())?;
//! rehearsal.start(Source { file: "waiting.scxml", text }, Default::default())?;
//! assert_eq!(rehearsal.atomic_states(), ["waiting"]);
//! assert_eq!(rehearsal.next_due(), Some(Duration::from_secs(20)));
//! rehearsal.advance(Duration::from_secs(20))?;
//! assert_eq!(rehearsal.atomic_states(), ["over"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod messages;
mod record;
mod saved;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::basic_http::{BASIC_HTTP_PROCESSOR, BASIC_HTTP_SHORT};
use crate::{
    BrokenExpressions, Chart, Diagnostic, EvaluateError, Event, Failure, Limits, LoadError, ModuleSet,
    PartResolver, Session, Source, Start, Status, Step, Surroundings, Worker, compile_with,
};

pub use record::{Cause, Happening, Record};
pub use saved::{SAVED_VERSION, Saved, SavedError};

use messages::Delivery;

/// Id of the session of the main chart; children are counted on from it.
pub const MAIN_SESSION: &str = "SESSION0000000000000000000000001";
/// Address of a session by BasicHTTP, with `{session}` for its id. Nobody listens there but the rehearsal.
pub const BASIC_HTTP_ADDRESS: &str = "http://rehearsal.invalid/scxml/session/{session}/basichttp";
/// Events that may be delivered without the clock moving.
const EVENTS_AT_ONCE_MAX: usize = 10_000;
/// Events of [`Rehearsal::run_until_idle`].
const EVENTS_MAX: usize = 100_000;

/// What happens to a session between two of its steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Between {
    /// Nothing: its data stay live.
    #[default]
    Nothing,
    /// It hibernates: its data become text.
    Hibernate,
    /// It is written to JSON, dropped and read back.
    WriteAndRead,
}

/// What the sessions of a rehearsal read beside their data (`_genesys.…`): a function of what they were told.
pub trait World: std::fmt::Debug + Send + Sync {
    /// The surroundings of a session that was told these events, in their order. What charts sent each other is among them, with its
    /// origin.
    fn surroundings(&self, told: &[Event]) -> Arc<dyn Surroundings>;
}

/// A chart came to no rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sessions sent each other {events} events and came to no rest, at {at:?} after the start")]
pub struct Restless {
    /// Events that were delivered in vain.
    pub events: usize,
    /// Where the clock stood.
    pub at: Duration,
}

/// A session of a rehearsal, as seen from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionView<'a> {
    /// Its id.
    pub id: &'a str,
    /// Name of the main file of its chart.
    pub file: &'a str,
    /// Session that invoked it.
    pub parent: Option<&'a str>,
    /// Id of the invocation.
    pub invokeid: Option<&'a str>,
}

/// Charts without a platform, and the clock that they live by.
#[derive(Debug)]
pub struct Rehearsal {
    modules: Arc<ModuleSet>,
    parts: Parts,
    broken: BrokenExpressions,
    between: Between,
    ioprocessors: Arc<BTreeMap<String, String>>,
    worker: Worker,
    /// Charts of the sessions by hash.
    charts: BTreeMap<String, Arc<Chart>>,
    epoch_millis: i64,
    time_key: Option<String>,
    world: Option<Arc<dyn World>>,
    /// What each session was told, if there is a world.
    told: BTreeMap<String, Vec<Event>>,
    now: Duration,
    sessions: BTreeMap<String, Session>,
    /// Sorted by due time, then by the order in which they were sent.
    deliveries: VecDeque<Delivery>,
    next_session: u64,
    records: Vec<Record>,
}

/// The resolver has no form to print.
struct Parts(Box<dyn PartResolver>);

impl std::fmt::Debug for Parts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Parts")
    }
}

impl Rehearsal {
    /// A rehearsal of charts with these modules, parts and children from `parts`, and these limits.
    ///
    /// # Errors
    /// When there is no memory for the script engine.
    pub fn new(
        modules: Arc<ModuleSet>,
        parts: Box<dyn PartResolver>,
        limits: Limits,
    ) -> Result<Self, Failure> {
        let mut worker = Worker::new(limits)?;
        worker.keep_ended_data();
        Ok(Self {
            modules,
            parts: Parts(parts),
            broken: BrokenExpressions::default(),
            between: Between::default(),
            ioprocessors: Arc::new(BTreeMap::from(
                [BASIC_HTTP_PROCESSOR, BASIC_HTTP_SHORT]
                    .map(|kind| (kind.to_owned(), BASIC_HTTP_ADDRESS.to_owned())),
            )),
            worker,
            charts: BTreeMap::new(),
            epoch_millis: 0,
            time_key: None,
            world: None,
            told: BTreeMap::new(),
            now: Duration::ZERO,
            sessions: BTreeMap::new(),
            deliveries: VecDeque::new(),
            next_session: 1,
            records: Vec::new(),
        })
    }

    /// What happens to an expression that is no ECMAScript; by default it refuses the chart.
    #[must_use]
    pub fn with_broken_expressions(mut self, broken: BrokenExpressions) -> Self {
        self.broken = broken;
        self
    }

    /// What happens to a session between two steps; by default nothing.
    #[must_use]
    pub fn with_between(mut self, between: Between) -> Self {
        self.between = between;
        self
    }

    /// Time at the start in epoch milliseconds, as scripts see it; 0 by default.
    #[must_use]
    pub fn with_epoch_millis(mut self, epoch_millis: i64) -> Self {
        self.epoch_millis = epoch_millis;
        self
    }

    /// What sessions read beside their data; by default such a reading is an error of the script.
    #[must_use]
    pub fn with_world(mut self, world: Arc<dyn World>) -> Self {
        self.world = Some(world);
        self
    }

    /// Every external event gets the time of its delivery, in epoch milliseconds, as this key of its data, unless they are no object;
    /// by default none does.
    #[must_use]
    pub fn with_time_key(mut self, key: impl Into<String>) -> Self {
        self.time_key = Some(key.into());
        self
    }

    /// Reads and starts the main chart, and runs it until it is stable. What it sent is under way: see
    /// [`settle`](Self::settle). Gives back what is odd about the chart. What ran before is forgotten, records included.
    ///
    /// # Errors
    /// Everything that is wrong with the chart.
    pub fn start(
        &mut self,
        source: Source<'_>,
        parameters: Map<String, Value>,
    ) -> Result<Vec<Diagnostic>, LoadError> {
        let compiled = compile_with(source, &self.modules, &*self.parts.0, self.broken)?;
        self.start_chart(compiled.chart, parameters);
        Ok(compiled.warnings)
    }

    /// Starts a main chart that was compiled with the modules of this rehearsal; see [`start`](Self::start).
    pub fn start_chart(&mut self, chart: Arc<Chart>, parameters: Map<String, Value>) {
        self.sessions.clear();
        self.told.clear();
        self.charts.clear();
        self.deliveries.clear();
        self.records.clear();
        self.now = Duration::ZERO;
        self.next_session = 1;
        self.begin(chart, parameters, None);
    }

    /// Gives an event to the main session, and delivers everything that is due now.
    ///
    /// # Errors
    /// When the sessions keep sending each other events.
    pub fn send(&mut self, event: Event) -> Result<(), Restless> {
        self.post(MAIN_SESSION, event);
        self.settle()
    }

    /// Puts an event into the queue of a session, behind what is under way now. A session that does not run ignores it.
    pub fn post(&mut self, session: &str, event: Event) {
        self.push(session.to_owned(), event);
    }

    /// Ends the main session from outside: its `<onexit>` handlers run and its children end with it.
    pub fn cancel(&mut self) {
        self.cancel_session(MAIN_SESSION);
    }

    /// Delivers everything that is due now.
    ///
    /// # Errors
    /// When the sessions keep sending each other events.
    pub fn settle(&mut self) -> Result<(), Restless> {
        for _ in 0..EVENTS_AT_ONCE_MAX {
            if self.next_due().is_none_or(|due| due > self.now) {
                return Ok(());
            }
            self.deliver_next();
        }
        Err(Restless { events: EVENTS_AT_ONCE_MAX, at: self.now })
    }

    /// Moves the clock, and delivers on the way everything that becomes due, in the order of due times.
    ///
    /// # Errors
    /// When the sessions keep sending each other events while the clock stands still.
    pub fn advance(&mut self, duration: Duration) -> Result<(), Restless> {
        let until = self.now.saturating_add(duration);
        while let Some(due) = self.next_due().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            self.settle()?;
        }
        self.now = until;
        Ok(())
    }

    /// Moves the clock from one due event to the next until none is left, or the main session has ended.
    ///
    /// # Errors
    /// When that takes more than 100,000 events.
    pub fn run_until_idle(&mut self) -> Result<(), Restless> {
        for _ in 0..EVENTS_MAX {
            if !self.is_running() || !self.deliver_next() {
                return Ok(());
            }
        }
        Err(Restless { events: EVENTS_MAX, at: self.now })
    }

    /// Delivers the next event that is under way, and moves the clock to its due time. Whether there was one.
    pub fn deliver_next(&mut self) -> bool {
        let Some(delivery) = self.deliveries.pop_front() else {
            return false;
        };
        self.now = self.now.max(delivery.due);
        self.deliver(delivery);
        true
    }

    /// When the next event is due, after the start; `None` when none is under way.
    #[must_use]
    pub fn next_due(&self) -> Option<Duration> {
        self.deliveries.front().map(|delivery| delivery.due)
    }

    /// Events under way: due time after the start, receiver as the `<send>` or the platform named it, and name.
    pub fn under_way(&self) -> impl Iterator<Item = (Duration, &str, &str)> {
        self.deliveries.iter().map(|delivery| (delivery.due, delivery.receiver(), delivery.name()))
    }

    /// Time since the start.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.now
    }

    /// Time in epoch milliseconds, as scripts see it.
    #[must_use]
    pub fn now_millis(&self) -> i64 {
        self.epoch_millis.saturating_add(i64::try_from(self.now.as_millis()).unwrap_or(i64::MAX))
    }

    /// How the main session is; `None` before the start.
    #[must_use]
    pub fn status(&self) -> Option<&Status> {
        self.sessions.get(MAIN_SESSION).map(Session::status)
    }

    /// Whether the main session takes events.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.status() == Some(&Status::Running)
    }

    /// Ids of all active states of the main session in document order. Of one that ended by itself, its final state.
    #[must_use]
    pub fn active_states(&self) -> Vec<&str> {
        self.states(Session::configuration)
    }

    /// Ids of the active states of the main session that have no active child, in document order. Of one that ended by itself,
    /// its final state.
    #[must_use]
    pub fn atomic_states(&self) -> Vec<&str> {
        self.states(Session::atomic_states)
    }

    fn states<'a>(&'a self, of: impl Fn(&'a Session) -> Vec<&'a str>) -> Vec<&'a str> {
        match self.sessions.get(MAIN_SESSION) {
            None => Vec::new(),
            Some(session) => match session.status() {
                Status::Ended { final_state, .. } => vec![final_state],
                Status::Running | Status::Cancelled | Status::Failed { .. } => of(session),
            },
        }
    }

    /// The data of the main session: see [`Session::data`]. Those of an ended session are what it left.
    ///
    /// # Errors
    /// When they hold something that JSON cannot, such as a cycle, or cannot be read.
    pub fn data(&mut self) -> Result<Map<String, Value>, EvaluateError> {
        let now_millis = self.now_millis();
        match self.sessions.get_mut(MAIN_SESSION) {
            Some(session) => session.data(&mut self.worker, now_millis),
            None => Ok(Map::new()),
        }
    }

    /// The value of an expression in the main session, which it does not change: see [`Session::evaluate`]. Undefined before the start.
    ///
    /// # Errors
    /// When the expression cannot be parsed, throws, or hits a limit.
    pub fn evaluate(&mut self, expression: &str) -> Result<Option<Value>, EvaluateError> {
        let now_millis = self.now_millis();
        match self.sessions.get_mut(MAIN_SESSION) {
            Some(session) => session.evaluate(&mut self.worker, expression, now_millis),
            None => Ok(None),
        }
    }

    /// The chart of the main session.
    #[must_use]
    pub fn chart(&self) -> Option<&Arc<Chart>> {
        self.sessions.get(MAIN_SESSION).map(Session::chart)
    }

    /// The running sessions by id; the main one is the first.
    pub fn sessions(&self) -> impl Iterator<Item = SessionView<'_>> {
        self.sessions.values().filter(|session| session.is_running()).map(|session| SessionView {
            id: session.id(),
            file: session.chart().file(),
            parent: session.parent(),
            invokeid: session.invokeid(),
        })
    }

    /// What has happened since the last call, in order.
    pub fn take_records(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.records)
    }

    /// Starts a session; its id.
    fn begin(&mut self, chart: Arc<Chart>, parameters: Map<String, Value>, kin: Option<(String, String)>) {
        let id = format!("SESSION{:025}", self.next_session);
        self.next_session += 1;
        let (parent, invokeid) = kin.unzip();
        let start = Start {
            session_id: id.clone(),
            now_millis: self.now_millis(),
            parameters,
            invokeid,
            parent,
            ioprocessors: Arc::clone(&self.ioprocessors),
            surroundings: self.world.as_ref().map(|world| world.surroundings(&[])),
            ..Start::default()
        };
        self.charts.entry(chart.hash().to_owned()).or_insert_with(|| Arc::clone(&chart));
        let (session, step) = Session::start(chart, &mut self.worker, start);
        self.sessions.insert(id.clone(), session);
        self.carry_out(&id, Cause::Start, step);
    }

    fn record(&mut self, session: &str, happening: Happening) {
        self.records.push(Record { session: session.to_owned(), at: self.now, happening });
    }

    fn record_step(&mut self, session: &str, cause: Cause, step: &Step) {
        self.record(session, Happening::Step { cause: Box::new(cause), step: Box::new(step.clone()) });
    }
}
