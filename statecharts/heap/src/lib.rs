//! The heap of a script engine: counted at every moment, and limited for each step of a session.
//!
//! The script engine knows one limit for all of its contexts, and tells its use only by walking over every object. A [`Heap`] counts
//! what the engine takes and gives back, and holds two bounds for what a step may add:
//!
//! * past the **allowance** it answers [`Heap::breach`], so that the interrupt handler of the engine stops the script in good order;
//! * at [`HARD_FACTOR`] times the allowance, which only few but large requests reach before the handler is asked again, and when the
//!   deadline has passed, it refuses memory: the script sees an error that says so.
//!
//! Asking for memory is also the one thing that slow built-in functions do, so the deadline of a step is looked at here as well.
//!
//! What is deliberately absent: knowledge of sessions and charts.
//!
//! Invariant: this crate is the only one with `unsafe`, and never computes an address: every call goes on to
//! [`RustAllocator`] as it came.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Instant;

use rquickjs::allocator::{Allocator, RustAllocator};

/// What a step may take before it is refused memory, in allowances.
pub const HARD_FACTOR: usize = 2;
/// Bytes between two looks at the deadline.
const LOOK_EVERY: usize = 32 * 1024;
/// Requests above this are refused whatever the bounds say: no arithmetic of the allocator can overflow below.
const REQUEST_MAX: usize = isize::MAX as usize / 2;

/// What a step ran out of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breach {
    /// It took more than its allowance.
    Memory,
    /// Its deadline has passed.
    Time,
}

/// The heap of one runtime: a handle, cheap to clone, for the thread of the runtime.
#[derive(Clone, Debug, Default)]
pub struct Heap(Rc<State>);

#[derive(Debug, Default)]
struct State {
    live: Cell<usize>,
    most: Cell<usize>,
    /// Above this a step has taken too much; `None` between steps.
    soft: Cell<Option<usize>>,
    hard: Cell<usize>,
    deadline: Cell<Option<Instant>>,
    unlooked: Cell<usize>,
    breach: Cell<Option<Breach>>,
}

impl Heap {
    /// A heap without bounds.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The allocator of the runtime. One runtime only: what one allocator handed out, another must not take back.
    #[must_use]
    pub fn allocator(&self) -> impl Allocator + use<> {
        Counting { heap: self.clone() }
    }

    /// Bytes in use.
    #[must_use]
    pub fn live(&self) -> usize {
        self.0.live.get()
    }

    /// Most bytes in use since the last [`Self::begin`].
    #[must_use]
    pub fn most(&self) -> usize {
        self.0.most.get()
    }

    /// Begins a step that may take `allowance` bytes more than are in use, until `deadline`.
    pub fn begin(&self, allowance: usize, deadline: Option<Instant>) {
        let live = self.live();
        self.0.most.set(live);
        self.0.soft.set(Some(live.saturating_add(allowance)));
        self.0.hard.set(live.saturating_add(allowance.saturating_mul(HARD_FACTOR)));
        self.0.deadline.set(deadline);
        self.0.unlooked.set(0);
        self.0.breach.set(None);
    }

    /// Ends a step: what follows has no bounds. What was breached stays known.
    pub fn end(&self) {
        self.0.soft.set(None);
        self.0.deadline.set(None);
    }

    /// What the step ran out of, first of all.
    #[must_use]
    pub fn breach(&self) -> Option<Breach> {
        self.0.breach.get()
    }

    fn note(&self, breach: Breach) {
        if self.0.breach.get().is_none() {
            self.0.breach.set(Some(breach));
        }
    }

    /// Whether `more` bytes may be taken.
    fn grants(&self, more: usize) -> bool {
        if more > REQUEST_MAX {
            self.note(Breach::Memory);
            return false;
        }
        let Some(soft) = self.0.soft.get() else {
            return true;
        };
        let live = self.live().saturating_add(more);
        if live > soft {
            self.note(Breach::Memory);
            if live > self.0.hard.get() {
                return false;
            }
        }
        let unlooked = self.0.unlooked.get().saturating_add(more);
        if unlooked < LOOK_EVERY {
            self.0.unlooked.set(unlooked);
            return true;
        }
        self.0.unlooked.set(0);
        if self.0.deadline.get().is_some_and(|deadline| Instant::now() > deadline) {
            self.note(Breach::Time);
            return false;
        }
        true
    }

    fn taken(&self, bytes: usize) {
        let live = self.live().saturating_add(bytes);
        self.0.live.set(live);
        if live > self.0.most.get() {
            self.0.most.set(live);
        }
    }

    fn given_back(&self, bytes: usize) {
        self.0.live.set(self.live().saturating_sub(bytes));
    }
}

/// The allocator of one runtime.
struct Counting {
    heap: Heap,
}

#[expect(
    unsafe_code,
    reason = "an allocator of the script engine; every call goes on to the one of rquickjs"
)]
// SAFETY: memory comes from `RustAllocator` and goes back to it, with the same pointers and sizes: its guarantees are ours. Refusing
// is allowed: a null pointer. Sizes above `REQUEST_MAX`, with which its arithmetic could overflow, are refused before.
unsafe impl Allocator for Counting {
    fn alloc(&mut self, size: usize) -> *mut u8 {
        if !self.heap.grants(size) {
            return std::ptr::null_mut();
        }
        let made = RustAllocator.alloc(size);
        if made.is_null() {
            self.heap.note(Breach::Memory);
        } else {
            // SAFETY: `made` was allocated by this allocator just now.
            self.heap.taken(unsafe { RustAllocator::usable_size(made) });
        }
        made
    }

    fn calloc(&mut self, count: usize, size: usize) -> *mut u8 {
        if !count.checked_mul(size).is_some_and(|bytes| self.heap.grants(bytes)) {
            return std::ptr::null_mut();
        }
        let made = RustAllocator.calloc(count, size);
        if made.is_null() {
            self.heap.note(Breach::Memory);
        } else {
            // SAFETY: `made` was allocated by this allocator just now.
            self.heap.taken(unsafe { RustAllocator::usable_size(made) });
        }
        made
    }

    unsafe fn dealloc(&mut self, pointer: *mut u8) {
        // SAFETY: the caller hands over a pointer that this allocator made, and so `RustAllocator`.
        unsafe {
            self.heap.given_back(RustAllocator::usable_size(pointer));
            RustAllocator.dealloc(pointer);
        }
    }

    unsafe fn realloc(&mut self, pointer: *mut u8, new_size: usize) -> *mut u8 {
        if pointer.is_null() {
            return self.alloc(new_size);
        }
        // SAFETY: the caller hands over a pointer that this allocator made, and so `RustAllocator`; it is not used again
        // unless null comes back, which leaves it as it was.
        unsafe {
            let old_size = RustAllocator::usable_size(pointer);
            if new_size > old_size && !self.heap.grants(new_size - old_size) {
                return std::ptr::null_mut();
            }
            let made = RustAllocator.realloc(pointer, new_size);
            if made.is_null() {
                self.heap.note(Breach::Memory);
            } else {
                self.heap.given_back(old_size);
                self.heap.taken(RustAllocator::usable_size(made));
            }
            made
        }
    }

    unsafe fn usable_size(pointer: *mut u8) -> usize {
        // SAFETY: the caller hands over a pointer that this allocator made, and so `RustAllocator`.
        unsafe { RustAllocator::usable_size(pointer) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rquickjs::{Context, Runtime};

    use super::*;

    fn engine() -> (Heap, Runtime, Context) {
        let heap = Heap::new();
        let runtime = Runtime::new_with_alloc(heap.allocator()).unwrap();
        let context = Context::full(&runtime).unwrap();
        (heap, runtime, context)
    }

    /// Whether the script ran to its end.
    fn runs(context: &Context, script: &str) -> bool {
        context.with(|context| context.eval::<(), _>(script).is_ok())
    }

    #[test]
    fn what_is_taken_is_given_back() {
        let (heap, runtime, context) = engine();
        let before = heap.live();
        assert!(before > 10_000);
        assert!(runs(&context, "globalThis.kept = new ArrayBuffer(1e6); new Array(1000).fill('x').join()"));
        assert!(heap.live() > before + 1_000_000);
        drop((context, runtime));
        assert_eq!(heap.live(), 0);
    }

    #[test]
    fn a_step_is_refused_what_is_far_above_its_allowance() {
        let (heap, _runtime, context) = engine();
        heap.begin(1 << 20, None);
        assert!(runs(&context, "globalThis.a = 'x'.repeat(1e5)"));
        assert_eq!(heap.breach(), None);
        assert!(!runs(&context, "'x'.repeat(1e8)"));
        assert_eq!(heap.breach(), Some(Breach::Memory));
        assert!(heap.most() < heap.live() + (4 << 20));
    }

    #[test]
    fn a_step_that_takes_a_little_too_much_is_known_and_still_served() {
        let (heap, _runtime, context) = engine();
        heap.begin(1 << 20, None);
        assert!(runs(&context, "globalThis.a = 'x'.repeat(1.5e6)"));
        assert_eq!(heap.breach(), Some(Breach::Memory));
        heap.begin(1 << 20, None);
        assert_eq!(heap.breach(), None);
        assert!(runs(&context, "globalThis.b = 'x'.repeat(5e5)"));
        assert_eq!(heap.breach(), None);
    }

    #[test]
    fn what_was_there_before_counts_for_nobody() {
        let (heap, _runtime, context) = engine();
        assert!(runs(&context, "globalThis.a = 'x'.repeat(5e6)"));
        heap.begin(1 << 20, None);
        assert!(runs(&context, "globalThis.b = 'x'.repeat(5e5)"));
        assert_eq!(heap.breach(), None);
    }

    #[test]
    fn a_slow_built_in_meets_the_deadline_when_it_asks_for_memory() {
        let (heap, _runtime, context) = engine();
        heap.begin(64 << 20, Some(Instant::now() - Duration::from_secs(1)));
        assert!(!runs(&context, "'x'.repeat(1e6).split('')"));
        assert_eq!(heap.breach(), Some(Breach::Time));
    }
}
