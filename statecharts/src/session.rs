//! A session: one run of a chart.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::chart::{ModelKind, StateIx};
use crate::ecmascript::natives::Current;
use crate::interpreter::Interpreter;
use crate::interpreter::scratch::{Scratch, ids};
use crate::model::{Fault, Host, Model};
use crate::null_model::NullModel;
use crate::state_set::StateSet;
use crate::worker::ScopeData;
use crate::{
    Chart, Effect, Event, Failure, InvokeSnapshot, LimitName, RestoreError, SNAPSHOT_VERSION,
    SNAPSHOT_VERSION_OLDEST, SharedStart, SharedValue, Snapshot, Status, Step, Surroundings, Worker, shared,
};

/// What a session starts with.
#[derive(Clone, Debug, Default)]
pub struct Start {
    /// Id of the session, unique for the host.
    pub session_id: String,
    /// Values for `<data>` of the same name; others become `_data.<name>` (decision D-085).
    pub parameters: Map<String, Value>,
    /// Shared values in the same way, with what this session has in their place. One wins over a parameter of the same name.
    pub shared: BTreeMap<String, SharedStart>,
    /// Time in epoch milliseconds.
    pub now_millis: i64,
    /// Id of the invocation, when a session invoked this one.
    pub invokeid: Option<String>,
    /// Id of the session that invoked this one.
    pub parent: Option<String>,
    /// Event processors beside SCXML: type as charts write it, and address; `{session}` in it becomes the session's id.
    pub ioprocessors: Arc<BTreeMap<String, String>>,
    /// What its scripts may read beside their data and the event; see [`Session::surround`].
    pub surroundings: Option<Arc<dyn Surroundings>>,
}

/// One run of a chart.
///
/// Its data are a live scope of a worker, or JSON text. It may move between threads only while it hibernates: a step with another
/// worker than the one that holds its scope fails.
#[derive(Debug)]
pub struct Session {
    chart: Arc<Chart>,
    record: Record,
    configuration: StateSet,
    data: ScopeData,
    next_step: u64,
    status: Status,
}

/// What the algorithm remembers of a session between steps, beside its configuration and data.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) id: Arc<str>,
    pub(crate) parent: Option<Box<str>>,
    pub(crate) invokeid: Option<Box<str>>,
    pub(crate) ioprocessors: Arc<BTreeMap<String, String>>,
    /// Values that it shares with others.
    shared: Arc<[Arc<SharedValue>]>,
    surroundings: Option<Arc<dyn Surroundings>>,
    history: Vec<(StateIx, Box<[StateIx]>)>,
    /// States whose late-bound data have their first values.
    pub(crate) bound: StateSet,
    pub(crate) invocations: Vec<Invocation>,
    pub(crate) next_id: u64,
    /// What its chance begins with.
    seed: u64,
}

/// A running invocation.
#[derive(Clone, Debug)]
pub(crate) struct Invocation {
    pub(crate) state: StateIx,
    pub(crate) index: u32,
    pub(crate) id: String,
}

/// What scripts can ask about their session.
#[derive(Clone, Debug)]
pub(crate) struct Meta {
    pub(crate) id: Arc<str>,
    pub(crate) ioprocessors: Arc<BTreeMap<String, String>>,
    pub(crate) shared: Arc<[Arc<SharedValue>]>,
    pub(crate) surroundings: Option<Arc<dyn Surroundings>>,
}

impl Record {
    /// What scripts can ask about their session.
    fn meta(&self) -> Meta {
        Meta {
            id: Arc::clone(&self.id),
            ioprocessors: Arc::clone(&self.ioprocessors),
            shared: Arc::clone(&self.shared),
            surroundings: self.surroundings.clone(),
        }
    }

    /// The states that a history remembers.
    pub(crate) fn history_of(&self, history: StateIx) -> Option<&[StateIx]> {
        self.history.iter().find(|(known, _)| *known == history).map(|(_, states)| &**states)
    }

    pub(crate) fn remember(&mut self, history: StateIx, states: Vec<StateIx>) {
        let states = states.into_boxed_slice();
        match self.history.iter_mut().find(|(known, _)| *known == history) {
            Some(known) => known.1 = states,
            None => self.history.push((history, states)),
        }
    }
}

/// What a session is given at its start.
#[derive(Debug, Default)]
pub(crate) struct Given {
    pub(crate) parameters: Map<String, Value>,
    pub(crate) shared: BTreeMap<String, SharedStart>,
}

impl Given {
    /// Whether there is a value for this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.parameters.contains_key(name) || self.shared.contains_key(name)
    }
}

/// What a step does.
enum Job {
    Start(Given),
    External(Event),
    Cancel,
}

impl Session {
    /// Starts a session and runs it until it is stable.
    pub fn start(chart: Arc<Chart>, worker: &mut Worker, start: Start) -> (Self, Step) {
        let mut session = Self {
            chart,
            record: Record {
                seed: seed(&start.session_id),
                id: start.session_id.into(),
                parent: start.parent.map(String::into_boxed_str),
                invokeid: start.invokeid.map(String::into_boxed_str),
                ioprocessors: start.ioprocessors,
                shared: shared::values_of(&start.shared),
                surroundings: start.surroundings,
                history: Vec::new(),
                bound: StateSet::default(),
                invocations: Vec::new(),
                next_id: 1,
            },
            configuration: StateSet::default(),
            data: ScopeData::default(),
            next_step: 1,
            status: Status::Running,
        };
        let given = Given { parameters: start.parameters, shared: start.shared };
        let step = session.perform(worker, start.now_millis, Job::Start(given));
        (session, step)
    }

    /// What scripts may read from now on, beside their data and the event. It belongs to the host: a snapshot does not hold it, and
    /// a restored session has none until the host gives it again.
    pub fn surround(&mut self, surroundings: Arc<dyn Surroundings>) {
        self.record.surroundings = Some(surroundings);
    }

    /// Processes one external event until the session is stable again. A session that has ended ignores it.
    pub fn step(&mut self, worker: &mut Worker, event: Event, now_millis: i64) -> Step {
        self.perform(worker, now_millis, Job::External(event))
    }

    /// Ends the session from outside: `<onexit>` handlers run, nobody is told by an event. They see the event
    /// `cancel.invoke.<invokeid>`, or `cancel.session` if the session was not invoked.
    pub fn cancel(&mut self, worker: &mut Worker, now_millis: i64) -> Step {
        self.perform(worker, now_millis, Job::Cancel)
    }

    /// Lets go of the live scope; the session keeps its data as JSON text. Nothing happens if it has no live scope.
    ///
    /// A scope that cannot be written, for want of memory, ends the session as failed.
    pub fn hibernate(&mut self, worker: &mut Worker) {
        if let Err(failure) = worker.write(&self.chart, &mut self.data) {
            self.status = Status::Failed { failure };
        }
        worker.release(&mut self.data);
    }

    /// The session as it can be written down.
    ///
    /// # Errors
    /// When the scope cannot be read, for want of memory.
    pub fn snapshot(&mut self, worker: &mut Worker) -> Result<Snapshot, Failure> {
        worker.write(&self.chart, &mut self.data)?;
        let text = self.data.text().unwrap_or("[{},[],[],[]]").to_owned();
        let data = RawValue::from_string(text)
            .map_err(|error| Failure::Data { tried: "saved".to_owned(), message: error.to_string() })?;
        let name = |state: StateIx| self.chart.state(state).id.to_string();
        Ok(Snapshot {
            v: SNAPSHOT_VERSION,
            chart: self.chart.hash().to_owned(),
            session: self.record.id.to_string(),
            parent: self.record.parent.as_deref().map(str::to_owned),
            invokeid: self.record.invokeid.as_deref().map(str::to_owned),
            ioprocessors: (*self.record.ioprocessors).clone(),
            configuration: self.configuration.iter().map(name).collect(),
            history: self
                .record
                .history
                .iter()
                .map(|(history, states)| (name(*history), states.iter().map(|state| name(*state)).collect()))
                .collect(),
            bound: self.record.bound.iter().map(name).collect(),
            data,
            shared: self.record.shared.iter().map(|value| value.hash().to_owned()).collect(),
            queues: Vec::new(),
            invokes: self
                .record
                .invocations
                .iter()
                .map(|running| InvokeSnapshot {
                    state: name(running.state),
                    index: running.index,
                    invokeid: running.id.clone(),
                })
                .collect(),
            next_effect: self.next_step,
            next_id: self.record.next_id,
            ended: (self.status != Status::Running).then(|| self.status.clone()),
        })
    }

    /// A session as it was written down; its scope becomes live with its next step.
    ///
    /// # Errors
    /// When the snapshot has another version, belongs to another chart, or needs [shared values](Self::restore_sharing).
    pub fn restore(chart: Arc<Chart>, snapshot: Snapshot) -> Result<Self, RestoreError> {
        Self::restore_sharing(chart, snapshot, |_hash| None)
    }

    /// A session as it was written down, with the values that it shares: `find` knows them by their hashes,
    /// [`Snapshot::shared`] has those that are needed.
    ///
    /// # Errors
    /// As [`restore`](Self::restore), and when a shared value is not found.
    pub fn restore_sharing(
        chart: Arc<Chart>,
        snapshot: Snapshot,
        find: impl Fn(&str) -> Option<Arc<SharedValue>>,
    ) -> Result<Self, RestoreError> {
        if !(SNAPSHOT_VERSION_OLDEST..=SNAPSHOT_VERSION).contains(&snapshot.v) {
            return Err(RestoreError::Version { session: snapshot.session, found: snapshot.v });
        }
        if snapshot.chart != chart.hash() {
            return Err(RestoreError::Chart {
                session: snapshot.session,
                found: snapshot.chart,
                given: chart.hash().to_owned(),
            });
        }
        let index = |id: &String| {
            let generated = id.strip_prefix('#').and_then(|number| number.parse::<StateIx>().ok());
            chart
                .ids
                .get(id)
                .copied()
                .or_else(|| generated.filter(|state| (*state as usize) < chart.states.len()))
                .ok_or_else(|| RestoreError::Unknown {
                    session: snapshot.session.clone(),
                    chart: chart.hash().to_owned(),
                    id: id.clone(),
                })
        };
        let found = |hash: &String| {
            find(hash)
                .ok_or_else(|| RestoreError::Shared { session: snapshot.session.clone(), hash: hash.clone() })
        };
        let shared = snapshot.shared.iter().map(found).collect::<Result<_, _>>()?;
        let configuration = snapshot.configuration.iter().map(index).collect::<Result<_, _>>()?;
        let bound = snapshot.bound.iter().map(index).collect::<Result<_, _>>()?;
        let mut history = Vec::with_capacity(snapshot.history.len());
        for (id, states) in &snapshot.history {
            let states: Vec<StateIx> = states.iter().map(index).collect::<Result<_, _>>()?;
            history.push((index(id)?, states.into_boxed_slice()));
        }
        let mut invocations = Vec::with_capacity(snapshot.invokes.len());
        for invoke in &snapshot.invokes {
            invocations.push(Invocation {
                state: index(&invoke.state)?,
                index: invoke.index,
                id: invoke.invokeid.clone(),
            });
        }
        Ok(Self {
            record: Record {
                seed: seed(&snapshot.session),
                id: snapshot.session.into(),
                parent: snapshot.parent.map(String::into_boxed_str),
                invokeid: snapshot.invokeid.map(String::into_boxed_str),
                ioprocessors: Arc::new(snapshot.ioprocessors),
                shared,
                surroundings: None,
                history,
                bound,
                invocations,
                next_id: snapshot.next_id,
            },
            configuration,
            data: ScopeData::from_text(snapshot.data.get().into()),
            next_step: snapshot.next_effect,
            status: snapshot.ended.unwrap_or(Status::Running),
            chart,
        })
    }

    /// The session with other event processors than those that it was written down with: addresses may change while it is.
    #[must_use]
    pub fn with_ioprocessors(mut self, ioprocessors: Arc<BTreeMap<String, String>>) -> Self {
        self.record.ioprocessors = ioprocessors;
        self
    }

    /// Ids of the active states in document order, ancestors included. Empty once the session has ended.
    #[must_use]
    pub fn configuration(&self) -> Vec<&str> {
        self.configuration.iter().map(|state| &*self.chart.state(state).id).collect()
    }

    /// Ids of the active states that have no active child, in document order. Empty once the session has ended.
    #[must_use]
    pub fn atomic_states(&self) -> Vec<&str> {
        let active = self.configuration.iter().map(|state| self.chart.state(state));
        active.filter(|state| state.is_atomic()).map(|state| &*state.id).collect()
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
        &self.record.id
    }

    /// The values that it shares with others, as they were given at its start.
    #[must_use]
    pub fn shared(&self) -> &[Arc<SharedValue>] {
        &self.record.shared
    }

    /// Id of the session that invoked this one.
    #[must_use]
    pub fn parent(&self) -> Option<&str> {
        self.record.parent.as_deref()
    }

    /// Id of the invocation, when this session was invoked.
    #[must_use]
    pub fn invokeid(&self) -> Option<&str> {
        self.record.invokeid.as_deref()
    }

    /// Has the data written again, although no script has run.
    #[cfg(test)]
    pub(crate) fn forget_text(&mut self) {
        self.data.forget_text();
    }

    /// Number of the step that comes next.
    #[must_use]
    pub fn next_step(&self) -> u64 {
        self.next_step
    }

    fn perform(&mut self, worker: &mut Worker, now_millis: i64, job: Job) -> Step {
        let number = self.next_step;
        if self.status != Status::Running {
            return Step {
                number,
                effects: Vec::new(),
                entered: Vec::new(),
                exited: Vec::new(),
                taken: Vec::new(),
                exceeded: Vec::new(),
                status: self.status.clone(),
            };
        }
        self.next_step += 1;
        let mut scratch = std::mem::take(&mut worker.scratch);
        let host = scratch.host();
        host.now_millis.set(now_millis);
        host.chance.set(self.record.seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        host.active.replace(std::mem::take(&mut self.configuration));
        let running = self.record.invocations.clone();
        let outcome = self.interpret(worker, &host, (&mut scratch, number), job);
        self.configuration = host.active.take();
        let status = outcome.unwrap_or_else(|failure| Status::Failed { failure });
        let (entered, exited) = (ids(&self.chart, &scratch.entered), ids(&self.chart, &scratch.exited));
        let taken = scratch.taken.clone();
        let mut effects = host.effects.take();
        if let Status::Failed { .. } = status {
            // What a runaway chart asked for is not carried out; only its children end with it.
            effects =
                running.into_iter().map(|running| Effect::CancelInvoke { invokeid: running.id }).collect();
        }
        if status != Status::Running {
            self.configuration.clear();
            self.record.invocations.clear();
            if worker.keeps_ended_data() {
                // A scope that cannot be written is gone; the session has ended anyway.
                let _written = worker.write(&self.chart, &mut self.data).is_ok();
                worker.release(&mut self.data);
            } else {
                worker.release(&mut self.data);
                self.data = ScopeData::default();
            }
        }
        self.status = status.clone();
        let mut exceeded = Vec::new();
        if host.is_stack_exceeded.get() {
            exceeded.push(LimitName::Stack);
        }
        if let Status::Failed { failure } = &status {
            exceeded.extend(failure.limit());
        }
        scratch.give_back(host);
        worker.scratch = scratch;
        Step { number, effects, entered, exited, taken, exceeded, status }
    }

    fn interpret(
        &mut self,
        worker: &mut Worker,
        host: &Rc<Host>,
        (scratch, number): (&mut Scratch, u64),
        job: Job,
    ) -> Result<Status, Failure> {
        scratch.begin();
        let chart = &self.chart;
        let limits = Arc::clone(worker.shared_limits());
        let record = &mut self.record;
        let current = Current { host: Rc::clone(host), meta: record.meta() };
        let run = |model: &mut dyn Model| {
            let host = Rc::clone(host);
            let mut interpreter = Interpreter::new(chart, &limits, host, model, record, (scratch, number));
            let result = match job {
                Job::Start(given) => interpreter.start(&given),
                Job::External(event) => interpreter.external(event),
                Job::Cancel => interpreter.cancel(),
            };
            result.and_then(|status| match model.settle() {
                Err(Fault::Fatal(failure)) => Err(*failure),
                Err(Fault::Raise { .. }) | Ok(()) => Ok(status),
            })
        };
        match chart.model {
            ModelKind::Null => run(&mut NullModel { chart, host }),
            ModelKind::EcmaScript => worker.with_model(chart, &mut self.data, current, run)?,
        }
    }
}

/// Where the chance of a session begins (FNV-1a): the same for the same id.
fn seed(id: &str) -> u64 {
    id.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}

pub(crate) mod inspect;
#[cfg(test)]
mod tests;
