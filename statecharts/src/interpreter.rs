//! The algorithm of the Recommendation (scxml: D), from one external event to the next stable point.
//!
//! It touches nothing but the session's data and its lists of effects and events: no I/O, no clock, no chance.

mod content;
mod entry;
mod messages;
mod platform_errors;
pub(crate) mod scratch;
mod selection;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod verb_tests;

use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;

use scratch::Scratch;

use crate::chart::{Binding, Finalize, StateIx, StateKind, TransitionIx};
use crate::model::{Fault, Host, Model};
use crate::session::{Given, Invocation, Record};
use crate::state_set::StateSet;
use crate::{Chart, Effect, Event, EventKind, Failure, Limits, Status, weight};

/// One step of one session.
pub(crate) struct Interpreter<'a> {
    pub(crate) chart: &'a Chart,
    pub(crate) limits: &'a Limits,
    pub(crate) host: Rc<Host>,
    pub(crate) model: &'a mut dyn Model,
    pub(crate) record: &'a mut Record,
    pub(crate) scratch: &'a mut Scratch,
    pub(crate) step: u64,
    /// Own external queue: what the session sends to itself without delay.
    external: VecDeque<Event>,
    /// How many events it has sent to itself in this step.
    own_events: usize,
    pub(crate) states_to_invoke: StateSet,
    pub(crate) is_running: bool,
    microsteps: u32,
    /// Work so far: see [`Limits::work`].
    work: u64,
    /// Delayed events that the step has sent.
    delayed: usize,
    last_entered: StateIx,
    /// Eventless guards that failed in this macrostep. The Recommendation has their error raised at every try, which a
    /// transition for `error` without target would turn into a loop without end; once says as much.
    failed_guards: BTreeSet<TransitionIx>,
}

/// Why the session was ended from outside, as the name of the event that its `<onexit>` handlers see.
const CANCELLED: &str = "cancel.session";

impl<'a> Interpreter<'a> {
    pub(crate) fn new(
        chart: &'a Chart,
        limits: &'a Limits,
        host: Rc<Host>,
        model: &'a mut dyn Model,
        record: &'a mut Record,
        (scratch, step): (&'a mut Scratch, u64),
    ) -> Self {
        Self {
            chart,
            limits,
            host,
            model,
            record,
            scratch,
            step,
            external: VecDeque::new(),
            own_events: 0,
            states_to_invoke: StateSet::default(),
            is_running: true,
            microsteps: 0,
            work: 0,
            delayed: 0,
            last_entered: 0,
            failed_guards: BTreeSet::new(),
        }
    }

    //= scxml: D procedure interpret(doc)
    /// Starts the session.
    pub(crate) fn start(&mut self, given: &Given) -> Result<Status, Failure> {
        self.initialise(given)?;
        let chart = self.chart;
        for script in &chart.scripts {
            let result = self.model.run(*script);
            self.absorb(result)?;
        }
        let initial = chart.state(0).initial;
        self.scratch.taken.extend(initial);
        self.enter_states(&initial.into_iter().collect::<Vec<_>>())?;
        self.run_to_rest()
    }

    /// Processes one external event.
    pub(crate) fn external(&mut self, event: Event) -> Result<Status, Failure> {
        self.process_external(event)?;
        self.run_to_rest()
    }

    /// Ends the session from outside.
    pub(crate) fn cancel(&mut self) -> Result<Status, Failure> {
        let name = match &self.record.invokeid {
            Some(invokeid) => format!("cancel.invoke.{invokeid}"),
            None => CANCELLED.to_owned(),
        };
        self.set_event(Event { name, kind: EventKind::Platform, ..Event::default() });
        self.exit_interpreter()?;
        Ok(Status::Cancelled)
    }

    //= scxml: D procedure mainEventLoop()
    fn run_to_rest(&mut self) -> Result<Status, Failure> {
        loop {
            self.macrostep()?;
            if !self.is_running {
                return self.exit_interpreter();
            }
            self.start_invocations()?;
            if !self.host.internal.borrow().is_empty() {
                continue;
            }
            match self.external.pop_front() {
                Some(event) => self.process_external(event)?,
                None => return Ok(Status::Running),
            }
        }
    }

    fn macrostep(&mut self) -> Result<(), Failure> {
        while self.is_running {
            self.select(None)?;
            if self.scratch.enabled.is_empty() {
                let Some(event) = self.next_internal() else { break };
                self.count_microstep()?;
                let event = self.set_event(event);
                self.select(Some(&event.name))?;
            }
            self.microstep()?;
        }
        Ok(())
    }

    fn next_internal(&mut self) -> Option<Event> {
        self.host.internal.borrow_mut().pop_front()
    }

    fn process_external(&mut self, event: Event) -> Result<(), Failure> {
        self.microsteps = 0;
        self.scratch.forget_entries();
        self.failed_guards.clear();
        let event = self.set_event(event);
        self.invocations_see(&event)?;
        self.select(Some(&event.name))?;
        drop(event);
        self.microstep()
    }

    /// `<finalize>` and `autoforward`, before any transition is selected (scxml: 6.5, 6.4).
    fn invocations_see(&mut self, event: &Event) -> Result<(), Failure> {
        if self.record.invocations.is_empty() {
            return Ok(());
        }
        let chart = self.chart;
        let running: Vec<(StateIx, u32, String)> = self
            .record
            .invocations
            .iter()
            .map(|running| (running.state, running.index, running.id.clone()))
            .collect();
        for (state, index, id) in running {
            let Some(element) = chart.state(state).invokes.get(index as usize) else {
                continue;
            };
            if event.invokeid.as_deref() == Some(id.as_str()) {
                match &element.finalize {
                    Finalize::None => {}
                    Finalize::Block(block) => self.execute_block(block)?,
                    Finalize::Copy(copies) => self.copy_from_event(copies, event)?,
                }
            }
            // A child that has ended stays an invocation of its state: an event says too little to tell its end from that of an earlier
            // child of the same id, or from what somebody else sent. To cancel or to forward to it does nothing.
            let is_end = event.name.strip_prefix("done.invoke.") == Some(id.as_str());
            if element.is_autoforward && !is_end {
                self.effect(Effect::Forward { invokeid: id, event: event.clone() })?;
            }
        }
        Ok(())
    }

    fn copy_from_event(&mut self, copies: &[(String, u32)], event: &Event) -> Result<(), Failure> {
        for (name, location) in copies {
            let value = event.data.as_ref().and_then(|data| data.get(name));
            if let Some(value) = value {
                let result = self.model.assign_value(*location, value);
                if !self.absorb(result)? {
                    break;
                }
            }
        }
        Ok(())
    }

    pub(crate) fn set_event(&mut self, event: Event) -> Rc<Event> {
        let mut current = self.host.event.borrow_mut();
        match current.as_mut().and_then(Rc::get_mut) {
            Some(known) => *known = event,
            None => *current = Some(self.scratch.event_of(event)),
        }
        let event = current.as_ref().map(Rc::clone).unwrap_or_default();
        drop(current);
        self.model.event_changed();
        event
    }

    fn count_microstep(&mut self) -> Result<(), Failure> {
        self.microsteps += 1;
        let limit = self.limits.microsteps.min(self.chart.head.microsteps.unwrap_or(u32::MAX));
        if self.microsteps > limit {
            return Err(Failure::Microsteps {
                limit,
                state: self.chart.state(self.last_entered).id.to_string(),
            });
        }
        Ok(())
    }

    //= scxml: D procedure microstep(enabledTransitions)
    /// Takes the transitions that were selected, if there are any.
    fn microstep(&mut self) -> Result<(), Failure> {
        if self.scratch.enabled.is_empty() {
            return Ok(());
        }
        self.count_microstep()?;
        let enabled = std::mem::take(&mut self.scratch.enabled);
        self.exit_states(&enabled)?;
        let chart = self.chart;
        for transition in &enabled {
            self.scratch.taken.push(*transition);
            self.execute_block(&chart.transition(*transition).content)?;
        }
        let entered = self.enter_states(&enabled);
        self.scratch.enabled = enabled;
        entered
    }

    //= scxml: D procedure exitInterpreter()
    fn exit_interpreter(&mut self) -> Result<Status, Failure> {
        let chart = self.chart;
        let mut status = Status::Cancelled;
        let active = self.host.active.borrow().clone();
        for state in active.iter_back() {
            for block in &chart.state(state).onexit {
                self.execute_block(block)?;
            }
            self.cancel_invocations(state)?;
            self.host.active.borrow_mut().remove(state);
            self.scratch.exited.push(state);
            let element = chart.state(state);
            if element.kind == StateKind::Final && element.parent == 0 {
                let data = match &element.donedata {
                    Some(payload) => self.done_data(payload)?,
                    None => None,
                };
                status = Status::Ended { final_state: element.id.to_string(), data };
            }
        }
        Ok(status)
    }

    /// Data get their first values, parameters those they were given (scxml: 5.3, decision D-085).
    fn initialise(&mut self, given: &Given) -> Result<(), Failure> {
        let chart = self.chart;
        if chart.model == crate::chart::ModelKind::Null {
            return Ok(());
        }
        for data in &chart.data {
            let result = self.model.declare(&data.id);
            self.absorb(result)?;
        }
        for (name, value) in given.parameters.iter().filter(|(name, _)| !given.shared.contains_key(*name)) {
            let result = self.model.assign_name(name, value);
            self.absorb(result)?;
        }
        for (name, shared) in &given.shared {
            let result = self.model.assign_shared(name, shared);
            self.absorb(result)?;
        }
        for data in &chart.data {
            let is_given = data.is_top_level && given.has(&data.id);
            let is_due = chart.binding == Binding::Early || data.is_top_level;
            if is_due && !is_given {
                let result = self.model.initialise(&data.id, &data.value);
                self.absorb(result)?;
            }
        }
        Ok(())
    }

    /// Late binding: data of a state get their values when it is first entered (scxml: 5.3.3).
    fn bind_late(&mut self, state: StateIx) -> Result<(), Failure> {
        let chart = self.chart;
        let element = chart.state(state);
        if chart.binding == Binding::Early || element.data.is_empty() || self.record.bound.contains(state) {
            return Ok(());
        }
        self.record.bound.insert(state);
        for index in &element.data {
            let Some(data) = chart.data.get(*index as usize) else {
                continue;
            };
            let result = self.model.initialise(&data.id, &data.value);
            self.absorb(result)?;
        }
        Ok(())
    }

    /// Adds an effect.
    pub(crate) fn effect(&mut self, effect: Effect) -> Result<(), Failure> {
        if let Effect::Send(send) = &effect
            && !send.delay.is_zero()
        {
            self.delayed += 1;
            if self.delayed > self.limits.pending_sends {
                return Err(Failure::PendingSends { limit: self.limits.pending_sends });
            }
        }
        self.host.add_effect(effect, self.limits)
    }

    /// Counts elementary work of the interpreter.
    pub(crate) fn count_work(&mut self, work: usize) -> Result<(), Failure> {
        self.work = self.work.saturating_add(work as u64);
        if self.work > self.limits.work {
            return Err(Failure::Work {
                limit: self.limits.work,
                state: self.chart.state(self.last_entered).id.to_string(),
            });
        }
        Ok(())
    }

    /// Adds an event to the own external queue.
    pub(crate) fn send_to_itself(&mut self, event: Event) -> Result<(), Failure> {
        self.own_events += 1;
        if self.own_events > self.limits.queue {
            return Err(Failure::Queue { limit: self.limits.queue });
        }
        self.host.take_value(weight::of_event(&event), self.limits)?;
        self.external.push_back(event);
        Ok(())
    }

    /// Adds an event to the internal queue.
    pub(crate) fn raise(&mut self, event: Event) -> Result<(), Failure> {
        self.host.add_internal(event, self.limits)
    }

    /// Turns a fault into its event; whether there was none.
    pub(crate) fn absorb(&mut self, result: Result<(), Fault>) -> Result<bool, Failure> {
        match result {
            Ok(()) => Ok(true),
            Err(Fault::Fatal(failure)) => Err(*failure),
            Err(Fault::Raise { name, message, expression, sendid, detail }) => {
                for event in self.platform_errors(name, message, expression, sendid, detail.as_deref()) {
                    self.raise(event)?;
                }
                Ok(false)
            }
        }
    }

    pub(crate) fn remember_invocation(
        &mut self,
        state: StateIx,
        index: u32,
        id: String,
    ) -> Result<(), Failure> {
        if self.record.invocations.len() >= self.limits.invocations {
            return Err(Failure::Invocations { limit: self.limits.invocations });
        }
        self.record.invocations.push(Invocation { state, index, id });
        Ok(())
    }
}
