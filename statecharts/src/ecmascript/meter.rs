//! Counts the work of scripts.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use crate::Limits;

/// How much more the scripts of this step may do.
///
/// The script engine asks after every 10,000 calls or backward jumps whether to go on. Counting these questions instead of looking at
/// a clock gives the same answer on every machine and in every repetition, which replaying a journal depends on.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    left: Cell<u64>,
    is_armed: Cell<bool>,
    is_breached: Cell<bool>,
}

impl Meter {
    /// Begins a step.
    pub(crate) fn arm(&self, time: Duration) {
        let units = time.as_micros() / Limits::SCRIPT_UNIT.as_micros().max(1);
        self.left.set(u64::try_from(units).unwrap_or(u64::MAX).max(1));
        self.is_breached.set(false);
        self.is_armed.set(true);
    }

    /// Ends a step.
    pub(crate) fn disarm(&self) {
        self.is_armed.set(false);
    }

    /// Whether the step was stopped.
    pub(crate) fn is_breached(&self) -> bool {
        self.is_breached.get()
    }

    /// What the script engine asks: whether to stop.
    pub(crate) fn handler(self: &Rc<Self>) -> Box<dyn FnMut() -> bool> {
        let meter = Rc::clone(self);
        Box::new(move || {
            if !meter.is_armed.get() {
                return false;
            }
            let left = meter.left.get();
            if left == 0 {
                meter.is_breached.set(true);
                return true;
            }
            meter.left.set(left - 1);
            false
        })
    }
}
