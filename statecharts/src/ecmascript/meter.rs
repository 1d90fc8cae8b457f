//! Counts the work of scripts, and bounds their memory.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Instant;

use script_heap::{Breach, Heap};

use crate::{Failure, Limits};

/// Elements of a `<foreach>` that count as one unit of work.
const ITERATIONS_PER_UNIT: u32 = 2000;
/// Steps of a built-in function over a list or a text that count as one unit of work.
const STEPS_PER_UNIT: u64 = 100_000;
/// How much more than a step the writing of a scope may do: it runs code of this crate over the data of the session.
const WRITING_FACTOR: u32 = 20;
/// Memory that the reading or writing of a scope may take, as a multiple of the largest text that is kept.
const WRITING_MEMORY_FACTOR: usize = 16;

/// How much more the scripts of this step may do.
///
/// The script engine asks after every 10,000 calls or backward jumps whether to go on. Counting these questions instead of looking at
/// a clock gives the same answer on every machine and in every repetition, which replaying a journal depends on. A clock is
/// looked at only as a last resort: ten thousand calls of a slow built-in function are one question.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    left: Cell<u64>,
    iterations: Cell<u32>,
    /// Of built-in functions, less than a unit.
    steps: Cell<u64>,
    deadline: Cell<Option<Instant>>,
    is_breached: Cell<bool>,
    heap: Heap,
}

impl Meter {
    /// The meter of a runtime with this heap.
    pub(crate) fn of(heap: Heap) -> Self {
        Self { heap, ..Self::default() }
    }

    /// Begins a step.
    pub(crate) fn arm(&self, limits: &Limits) {
        self.begin(limits, 1, limits.heap);
    }

    /// Begins the reading or writing of a scope.
    pub(crate) fn arm_for_writing(&self, limits: &Limits) {
        self.begin(
            limits,
            WRITING_FACTOR,
            limits.data.saturating_mul(WRITING_MEMORY_FACTOR).max(limits.heap),
        );
    }

    fn begin(&self, limits: &Limits, factor: u32, memory: usize) {
        let units = limits.script_time.as_micros() / Limits::SCRIPT_UNIT.as_micros().max(1);
        let units = u64::try_from(units).unwrap_or(u64::MAX).max(1);
        self.left.set(units.saturating_mul(u64::from(factor)));
        self.iterations.set(0);
        self.steps.set(0);
        self.is_breached.set(false);
        let deadline = Instant::now().checked_add(limits.script_patience);
        self.deadline.set(deadline);
        self.heap.begin(memory, deadline);
    }

    /// Ends a step: nothing of a chart runs until the next one.
    pub(crate) fn disarm(&self) {
        self.deadline.set(None);
        self.heap.end();
    }

    /// Whether the step was stopped.
    pub(crate) fn is_breached(&self) -> bool {
        self.is_breached.get() || self.heap.breach().is_some()
    }

    /// Why the step was stopped, if it was.
    pub(crate) fn failure(&self, limits: &Limits, place: impl FnOnce() -> String) -> Option<Failure> {
        if self.heap.breach() == Some(Breach::Memory) {
            return Some(Failure::ScriptMemory { limit_bytes: limits.heap as u64, place: place() });
        }
        self.is_breached().then(|| Failure::ScriptTime {
            limit_millis: u64::try_from(limits.script_time.as_millis()).unwrap_or(u64::MAX),
            place: place(),
        })
    }

    /// The heap of the scripts.
    pub(crate) fn heap(&self) -> &Heap {
        &self.heap
    }

    /// Counts the work of a built-in function that the engine does not count, in steps over a list or a text. Whether to stop.
    pub(crate) fn count_steps(&self, steps: u64) -> bool {
        if self.deadline.get().is_none() {
            return false;
        }
        let steps = self.steps.get().saturating_add(steps);
        self.steps.set(steps % STEPS_PER_UNIT);
        let (units, left) = (steps / STEPS_PER_UNIT, self.left.get());
        self.left.set(left.saturating_sub(units));
        if units > left {
            self.is_breached.set(true);
        }
        units > left
    }

    /// Counts an element of a `<foreach>`; whether to stop.
    pub(crate) fn count_iteration(&self) -> bool {
        let iterations = self.iterations.get() + 1;
        self.iterations.set(iterations % ITERATIONS_PER_UNIT);
        iterations == ITERATIONS_PER_UNIT && self.count_unit()
    }

    fn count_unit(&self) -> bool {
        let Some(deadline) = self.deadline.get() else {
            return false;
        };
        let left = self.left.get();
        if left == 0 || self.heap.breach().is_some() || Instant::now() > deadline {
            self.is_breached.set(true);
            return true;
        }
        self.left.set(left - 1);
        false
    }

    /// What the script engine asks: whether to stop.
    pub(crate) fn handler(self: &Rc<Self>) -> Box<dyn FnMut() -> bool> {
        let meter = Rc::clone(self);
        Box::new(move || meter.count_unit())
    }
}
