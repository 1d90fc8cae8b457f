//! Counts the work of scripts.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Instant;

use crate::Limits;

/// Elements of a `<foreach>` that count as one unit of work.
const ITERATIONS_PER_UNIT: u32 = 2000;
/// How much more than a step the writing of a scope may do: it runs code of this crate over the data of the session.
pub(crate) const WRITING_FACTOR: u32 = 20;

/// How much more the scripts of this step may do.
///
/// The script engine asks after every 10,000 calls or backward jumps whether to go on. Counting these questions instead of looking at
/// a clock gives the same answer on every machine and in every repetition, which replaying a journal depends on. A clock is
/// looked at only as a last resort: ten thousand calls of a slow built-in function are one question.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    left: Cell<u64>,
    iterations: Cell<u32>,
    deadline: Cell<Option<Instant>>,
    is_breached: Cell<bool>,
}

impl Meter {
    /// Begins a step, with `factor` times the limits.
    pub(crate) fn arm(&self, limits: &Limits, factor: u32) {
        let units = limits.script_time.as_micros() / Limits::SCRIPT_UNIT.as_micros().max(1);
        let units = u64::try_from(units).unwrap_or(u64::MAX).max(1);
        self.left.set(units.saturating_mul(u64::from(factor)));
        self.iterations.set(0);
        self.is_breached.set(false);
        self.deadline.set(Instant::now().checked_add(limits.script_patience.saturating_mul(factor)));
    }

    /// Ends a step: nothing of a chart runs until the next one.
    pub(crate) fn disarm(&self) {
        self.deadline.set(None);
    }

    /// Whether the step was stopped.
    pub(crate) fn is_breached(&self) -> bool {
        self.is_breached.get()
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
        if left == 0 || Instant::now() > deadline {
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
