//! A rehearsal whose requests are remembered until they are answered.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::effects::label;
use crate::load::vocabulary::did_you_mean;
use crate::rehearsal::{Cause, Happening, MAIN_SESSION, Record, Rehearsal, Restless, Saved, SavedError};
use crate::{
    Attribute, AttributeKind, Chart, Effect, Element, Event, Failure, ModuleSet, Status, Step, Verb,
};

/// Events that may be delivered without the clock moving.
const EVENTS_AT_ONCE_MAX: usize = 10_000;

/// A request that a chart made by an element of a module.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its id, `session:step:index`.
    pub id: String,
    /// Session that made it.
    pub session: String,
    /// Element as `prefix:element`.
    pub element: String,
    /// What `requestid` of its answer is: its own id, or that of the request that it names.
    pub answer_id: String,
    /// Event of success; empty when there is none.
    pub done: String,
    /// Event of failure; empty when there is none.
    pub failed: String,
    /// Whether an answer is awaited.
    pub is_pending: bool,
}

/// Why a request cannot be found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no request `{wanted}` waits for an answer{like}; waiting: {waiting}")]
pub struct NoRequest {
    wanted: String,
    like: String,
    waiting: String,
}

/// What came of one thing that happened.
#[derive(Clone, Debug, Default)]
pub struct Turn {
    /// Everything that happened, in order.
    pub records: Vec<Record>,
    /// The events that the main session took, in order: timers, messages of its children, and what it was given.
    pub events: Vec<Taken>,
    /// The sessions came to no rest.
    pub restless: Option<Restless>,
}

/// An event that the main session took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Its name.
    pub name: String,
    /// When, after the start.
    pub at: Duration,
    /// The atomic states that were active then, in document order.
    pub active: Vec<String>,
    /// Whether it is the event that was given, and not one that came by itself.
    pub is_given: bool,
}

impl Turn {
    /// Appends what came of the next thing.
    pub fn append(&mut self, next: Self) {
        self.records.extend(next.records);
        self.events.extend(next.events);
        self.restless = self.restless.or(next.restless);
    }

    /// Effects of all steps, in order.
    #[must_use]
    pub fn effects(&self) -> Vec<Effect> {
        let steps = self.records.iter().filter_map(Record::step);
        steps.flat_map(|(_, step)| step.effects.iter().cloned()).collect()
    }

    /// States of the main session that were left and entered, in order. The final state in which it ended counts as entered only.
    #[must_use]
    pub fn moves(&self) -> (Vec<&str>, Vec<&str>) {
        let steps = || self.main_steps();
        let is_left = |step: &Step, state: &str| match &step.status {
            Status::Ended { final_state, .. } => state != final_state,
            Status::Running | Status::Cancelled | Status::Failed { .. } => true,
        };
        let exited = steps()
            .flat_map(|step| step.exited.iter().map(|state| &**state).filter(|state| is_left(step, state)))
            .collect();
        let entered = steps().flat_map(|step| step.entered.iter().map(|state| &**state)).collect();
        (exited, entered)
    }

    /// Steps of the main session.
    pub fn main_steps(&self) -> impl Iterator<Item = &Step> {
        self.records
            .iter()
            .filter(|record| record.session == MAIN_SESSION)
            .filter_map(|record| record.step().map(|(_, step)| step))
    }

    /// Sessions that could not be written down or read back, and why.
    pub fn lost(&self) -> impl Iterator<Item = (&str, &str)> {
        self.records.iter().filter_map(|record| match &record.happening {
            Happening::Lost { reason } => Some((record.session.as_str(), reason.as_str())),
            _ => None,
        })
    }

    /// What went wrong around the sessions: invocations and events that could not be carried out.
    pub fn troubles(&self) -> impl Iterator<Item = String> {
        self.records.iter().filter_map(|record| match &record.happening {
            Happening::NotInvoked { invokeid, reason } => {
                Some(format!("{invokeid} was not invoked: {reason}"))
            }
            Happening::NotDelivered { event, target, reason } => {
                Some(format!("{event} was not delivered to {target}: {reason}"))
            }
            Happening::Lost { reason } => Some(format!("{} was lost: {reason}", record.session)),
            _ => None,
        })
    }
}

/// A rehearsal, the modules of its chart, and the requests that the chart made.
#[derive(Debug)]
pub struct Player {
    rehearsal: Rehearsal,
    modules: Arc<ModuleSet>,
    requests: Vec<Request>,
}

/// A player as it was between two turns.
#[derive(Clone, Debug)]
pub struct Position {
    saved: Saved,
    requests: Vec<Request>,
}

impl Player {
    /// Starts a chart, and delivers everything that is due at once.
    pub fn start(
        mut rehearsal: Rehearsal,
        modules: &Arc<ModuleSet>,
        chart: Arc<Chart>,
        parameters: Map<String, Value>,
    ) -> (Self, Turn) {
        rehearsal.start_chart(chart, parameters);
        let mut player = Self { rehearsal, modules: Arc::clone(modules), requests: Vec::new() };
        let turn = player.run(Duration::ZERO, None);
        (player, turn)
    }

    /// Gives the main session an event.
    pub fn send(&mut self, event: Event) -> Turn {
        self.send_to(MAIN_SESSION.to_owned(), event)
    }

    /// Gives the session that made a request an event about it; its data get the `requestid`.
    pub fn send_about(&mut self, request: &Request, mut event: Event) -> Turn {
        let data = event.data.get_or_insert_with(|| json!({}));
        if let Value::Object(data) = data {
            data.entry("requestid").or_insert_with(|| json!(request.answer_id));
        }
        self.send_to(request.session.clone(), event)
    }

    /// Answers a request.
    pub fn answer(&mut self, request: &Request, is_done: bool, data: Map<String, Value>) -> Turn {
        let name = if is_done { &request.done } else { &request.failed };
        if let Some(known) = self.requests.iter_mut().find(|known| known.id == request.id) {
            known.is_pending = false;
        }
        self.send_about(request, Event::external(name.clone(), Value::Object(data)))
    }

    fn send_to(&mut self, session: String, event: Event) -> Turn {
        self.settle_request(&event);
        let given = event.name.clone();
        self.rehearsal.post(&session, event);
        self.run(Duration::ZERO, Some(given))
    }

    /// An event that is the answer of a request ends its waiting, whoever sent it.
    fn settle_request(&mut self, event: &Event) {
        let Some(id) = event.data.as_ref().and_then(|data| data.get("requestid")?.as_str()) else {
            return;
        };
        let is_answer = |request: &&mut Request| {
            request.is_pending
                && (request.answer_id == id || request.id == id)
                && (request.done == event.name || request.failed == event.name)
        };
        if let Some(request) = self.requests.iter_mut().find(is_answer) {
            request.is_pending = false;
        }
    }

    /// Moves the clock on; what becomes due fires on the way.
    pub fn advance(&mut self, duration: Duration) -> Turn {
        self.run(duration, None)
    }

    /// Ends the main session from outside.
    pub fn cancel(&mut self) -> Turn {
        self.rehearsal.cancel();
        self.run(Duration::ZERO, None)
    }

    /// Moves the clock and delivers what becomes due, one event after the other.
    fn run(&mut self, duration: Duration, mut given: Option<String>) -> Turn {
        let mut turn = Turn { records: self.take_records(), ..Turn::default() };
        let until = self.rehearsal.now().saturating_add(duration);
        let mut at_once = 0;
        while let Some(due) = self.rehearsal.next_due().filter(|due| *due <= until) {
            at_once = if due > self.rehearsal.now() { 0 } else { at_once + 1 };
            if at_once > EVENTS_AT_ONCE_MAX {
                turn.restless = Some(Restless { events: at_once, at: self.rehearsal.now() });
                return turn;
            }
            self.rehearsal.deliver_next();
            let records = self.take_records();
            for record in records.iter().filter(|record| record.session == MAIN_SESSION) {
                if let Some((Cause::Event(event), _)) = record.step() {
                    turn.events.push(Taken {
                        name: event.name.clone(),
                        at: self.rehearsal.now(),
                        active: self.rehearsal.atomic_states().into_iter().map(str::to_owned).collect(),
                        is_given: given.take_if(|given| *given == event.name).is_some(),
                    });
                }
            }
            turn.records.extend(records);
        }
        turn.restless = self.rehearsal.advance(until.saturating_sub(self.rehearsal.now())).err();
        turn
    }

    fn take_records(&mut self) -> Vec<Record> {
        let records = self.rehearsal.take_records();
        for record in &records {
            let Some((_, step)) = record.step() else { continue };
            for effect in &step.effects {
                if let Effect::Verb(verb) = effect {
                    let request = self.request_of(&record.session, verb);
                    self.requests.push(request);
                }
            }
        }
        records
    }

    fn request_of(&self, session: &str, verb: &Verb) -> Request {
        let module = self.modules.module(&verb.module);
        let element =
            module.and_then(|module| module.elements.iter().find(|known| known.name == verb.element));
        let (done, failed) = element.map(answers).unwrap_or_default();
        let names_another = element.is_some_and(|element| element.attributes.iter().any(is_request_value));
        let named = verb.attributes.get("requestid").and_then(Value::as_str).filter(|_| names_another);
        Request {
            id: verb.request_id.clone(),
            session: session.to_owned(),
            element: label(&self.modules, &verb.module, &verb.element),
            answer_id: named.unwrap_or(&verb.request_id).to_owned(),
            is_pending: !done.is_empty(),
            done,
            failed,
        }
    }

    /// The requests that wait for an answer, oldest first.
    pub fn pending(&self) -> impl Iterator<Item = &Request> {
        self.requests.iter().filter(|request| request.is_pending)
    }

    /// The latest request that waits for an answer and is called so: id, `prefix:element` or `element`.
    ///
    /// # Errors
    /// When there is none.
    pub fn find_pending(&self, name: &str) -> Result<Request, NoRequest> {
        self.pending().filter(|request| request.is_called(name)).last().cloned().ok_or_else(|| {
            let waiting: Vec<&str> = self.pending().map(|request| request.element.as_str()).collect();
            NoRequest {
                wanted: name.to_owned(),
                like: did_you_mean(name, waiting.iter().copied()),
                waiting: if waiting.is_empty() { "none".to_owned() } else { waiting.join(", ") },
            }
        })
    }

    /// The latest request that is called so, answered or not.
    ///
    /// # Errors
    /// When there is none.
    pub fn find(&self, name: &str) -> Result<Request, NoRequest> {
        let found = self.requests.iter().rfind(|request| request.is_called(name)).cloned();
        found.map_or_else(|| self.find_pending(name), Ok)
    }

    /// The rehearsal.
    #[must_use]
    pub fn rehearsal(&self) -> &Rehearsal {
        &self.rehearsal
    }

    /// The rehearsal, to look into its session.
    pub fn rehearsal_mut(&mut self) -> &mut Rehearsal {
        &mut self.rehearsal
    }

    /// The modules of the chart.
    #[must_use]
    pub fn modules(&self) -> &Arc<ModuleSet> {
        &self.modules
    }

    /// Where the player is, to come back to it.
    ///
    /// # Errors
    /// When the data of a session cannot be read, for want of memory.
    pub fn save(&mut self) -> Result<Position, Failure> {
        Ok(Position { saved: self.rehearsal.save()?, requests: self.requests.clone() })
    }

    /// Goes back to where the player was.
    ///
    /// # Errors
    /// When the position is not of this player.
    pub fn restore(&mut self, position: &Position) -> Result<(), SavedError> {
        self.rehearsal.restore(&position.saved)?;
        self.requests.clone_from(&position.requests);
        Ok(())
    }
}

impl Request {
    fn is_called(&self, name: &str) -> bool {
        self.id == name
            || self.element == name
            || self.element.split_once(':').is_some_and(|(_, element)| element == name)
    }
}

/// Whether an attribute names another request.
fn is_request_value(attribute: &Attribute) -> bool {
    attribute.name == "requestid" && attribute.kind == AttributeKind::Expression
}

/// Events of success and of failure of an element: the first of its answers that ends in `.done`, and the first error.
fn answers(element: &Element) -> (String, String) {
    let first = |is_wanted: &dyn Fn(&str) -> bool| {
        let found = element.answers.iter().map(|answer| answer.event).find(|event| is_wanted(event));
        found.unwrap_or_default().to_owned()
    };
    (first(&|event| event.ends_with(".done")), first(&|event| event.starts_with("error.")))
}
