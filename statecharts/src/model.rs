//! What the algorithm asks of a data model, and what scripts share with it while a step runs.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use serde_json::Value;

use crate::chart::{DataValue, ExpressionIx, Foreach, Inline};
use crate::state_set::StateSet;
use crate::{Effect, Event, Failure, Limits, SharedStart, weight};

/// Why content was not executed.
#[derive(Debug)]
pub(crate) enum Fault {
    /// An event is raised in the session and the rest of the block is skipped.
    Raise {
        name: &'static str,
        message: String,
        /// Where it went wrong.
        expression: Option<ExpressionIx>,
        /// The `<send>` that went wrong.
        sendid: Option<String>,
        /// What charts for ORS are told besides.
        detail: Option<Box<Detail>>,
    },
    /// The session is over.
    Fatal(Box<Failure>),
}

/// What charts for ORS are told of an error besides (ors: 11).
#[derive(Debug, Default)]
pub(crate) struct Detail {
    /// Name of the platform event.
    pub(crate) event: &'static str,
    /// Element, file and line, where no expression says them.
    pub(crate) place: Option<(&'static str, u16, u32)>,
    /// Target of a `<send>`.
    pub(crate) target: Option<String>,
}

impl Fault {
    /// `error.execution`.
    pub(crate) fn execution(message: impl Into<String>) -> Self {
        Self::raise("error.execution", message.into())
    }

    /// `error.communication`.
    pub(crate) fn communication(message: impl Into<String>) -> Self {
        Self::raise("error.communication", message.into())
    }

    fn raise(name: &'static str, message: String) -> Self {
        Self::Raise { name, message, expression: None, sendid: None, detail: None }
    }

    /// The same fault with the name that ORS has for it.
    pub(crate) fn known_as(mut self, event: &'static str) -> Self {
        if let Self::Raise { detail, .. } = &mut self {
            detail.get_or_insert_default().event = event;
        }
        self
    }

    /// The fault of a `<send>` to this target.
    pub(crate) fn of_target(mut self, target: Option<&str>) -> Self {
        if let Self::Raise { detail: Some(detail), .. } = &mut self {
            detail.target = target.map(str::to_owned);
        }
        self
    }
}

impl Fault {
    /// The fault of the `<send>` with this id, which stands at this file and line.
    pub(crate) fn of_send(mut self, id: Option<&str>, file: u16, line: u32) -> Self {
        if let Self::Raise { sendid, detail, .. } = &mut self {
            *sendid = id.map(str::to_owned);
            let detail = detail.get_or_insert_default();
            if detail.event.is_empty() {
                detail.event = "error.send.failed";
            }
            detail.place = Some(("send", file, line));
        }
        self
    }
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        Self::Fatal(Box::new(failure))
    }
}

/// A data model (scxml: B).
pub(crate) trait Model {
    /// A condition.
    fn condition(&mut self, expression: ExpressionIx) -> Result<bool, Fault>;
    /// A value; `None` is undefined.
    fn value(&mut self, expression: ExpressionIx) -> Result<Option<Value>, Fault>;
    /// An assignment from an expression.
    fn assign(&mut self, expression: ExpressionIx) -> Result<(), Fault>;
    /// An assignment of a value.
    fn assign_value(&mut self, location: ExpressionIx, value: &Value) -> Result<(), Fault>;
    /// An assignment of text or markup.
    fn assign_inline(&mut self, location: ExpressionIx, value: &Inline) -> Result<(), Fault>;
    /// A value for a bare name: a variable, a property of `system`, or a new variable (decision D-085).
    fn assign_name(&mut self, name: &str, value: &Value) -> Result<(), Fault>;
    /// A shared value under a bare name, with what the session has in its place.
    fn assign_shared(&mut self, name: &str, shared: &SharedStart) -> Result<(), Fault>;
    /// A variable without value, unless it exists.
    fn declare(&mut self, name: &str) -> Result<(), Fault>;
    /// The first value of a variable.
    fn initialise(&mut self, name: &str, value: &DataValue) -> Result<(), Fault>;
    /// A script.
    fn run(&mut self, script: ExpressionIx) -> Result<(), Fault>;
    /// Copies the collection of a `<foreach>`; its length.
    fn open_iteration(&mut self, foreach: &Foreach) -> Result<usize, Fault>;
    /// Gives item and index their values.
    fn iterate(&mut self, foreach: &Foreach, index: usize) -> Result<(), Fault>;
    /// Forgets the collection.
    fn close_iteration(&mut self);
    /// Runs what scripts have left to be run.
    ///
    /// # Errors
    /// Always fatal: a limit was hit.
    fn settle(&mut self) -> Result<(), Fault> {
        Ok(())
    }
    /// The event of [`Host::event`] is another one.
    fn event_changed(&mut self);
    /// The value of an expression that is not of the chart; `None` is undefined.
    fn evaluate(&mut self, source: &str) -> Result<Option<Value>, Fault>;
    /// Text or markup as data of an event.
    fn inline(&mut self, inline: &Inline) -> Value {
        crate::inline::value(inline)
    }
}

/// Places of the internal queue that are kept from one step to the next.
const WAITING_KEPT: usize = 64;

/// What the algorithm and the functions that scripts call share during a step.
#[derive(Debug, Default)]
pub(crate) struct Host {
    /// Effects so far.
    pub(crate) effects: RefCell<Vec<Effect>>,
    /// The internal queue.
    pub(crate) internal: RefCell<VecDeque<Event>>,
    /// The configuration.
    pub(crate) active: RefCell<StateSet>,
    /// The current event.
    pub(crate) event: RefCell<Option<Rc<Event>>>,
    /// Time of the step in epoch milliseconds.
    pub(crate) now_millis: Cell<i64>,
    /// State of the generator behind `Math.random`.
    pub(crate) chance: Cell<u64>,
    /// Bytes of the values, events and effects of the step so far.
    pub(crate) output: Cell<usize>,
    /// The limit that a function of the host hit while a script ran. The script cannot catch it away.
    pub(crate) failure: RefCell<Option<Failure>>,
    /// Whether a script recursed too deeply.
    pub(crate) is_stack_exceeded: Cell<bool>,
}

impl Host {
    /// As new, but for the memory of its lists.
    pub(crate) fn reset(&mut self) {
        let (mut effects, mut internal) = (self.effects.take(), self.internal.take());
        effects.clear();
        internal.clear();
        internal.shrink_to(WAITING_KEPT);
        *self = Self { effects: effects.into(), internal: internal.into(), ..Self::default() };
    }

    /// Counts bytes that a step hands to its host.
    ///
    /// # Errors
    /// When they are too many together.
    pub(crate) fn count_output(&self, bytes: usize, limits: &Limits) -> Result<(), Failure> {
        let output = self.output.get().saturating_add(bytes);
        self.output.set(output);
        if output > limits.output { Err(Failure::Output { limit: limits.output }) } else { Ok(()) }
    }

    /// Counts a value that may become part of an event or effect.
    ///
    /// # Errors
    /// When it is too large, or when all together are.
    pub(crate) fn take_value(&self, bytes: usize, limits: &Limits) -> Result<(), Failure> {
        if bytes > limits.event {
            return Err(Failure::EventSize { bytes, limit: limits.event });
        }
        self.count_output(bytes, limits)
    }

    /// Adds an effect.
    ///
    /// # Errors
    /// When there are too many, or when they are too large together.
    pub(crate) fn add_effect(&self, effect: Effect, limits: &Limits) -> Result<(), Failure> {
        self.take_value(weight::of_effect(&effect), limits)?;
        let mut effects = self.effects.borrow_mut();
        if effects.len() >= limits.effects {
            return Err(Failure::Effects { limit: limits.effects });
        }
        effects.push(effect);
        Ok(())
    }

    /// Adds an event to the internal queue.
    ///
    /// # Errors
    /// When too many wait, or when it is too large.
    pub(crate) fn add_internal(&self, event: Event, limits: &Limits) -> Result<(), Failure> {
        self.take_value(weight::of_event(&event), limits)?;
        let mut internal = self.internal.borrow_mut();
        if internal.len() >= limits.queue {
            return Err(Failure::Queue { limit: limits.queue });
        }
        internal.push_back(event);
        Ok(())
    }
}
