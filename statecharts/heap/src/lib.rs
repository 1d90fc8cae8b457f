//! The heap of a script engine: counted at every moment, and limited for each step of a session.
//!
//! The script engine knows one limit for all of its contexts, and tells its use only by walking over every object. A [`Heap`] counts
//! what the engine takes and gives back, and holds two bounds for what a step may add:
//!
//! * past the **allowance** it answers [`Heap::breach`], so that the interrupt handler of the engine stops the script in good order;
//! * at [`HARD_FACTOR`] times the allowance, which only few but large requests reach before the handler is asked again, and when the
//!   deadline has passed, it refuses memory: the script sees an error that says so.
//!
//! **Petty** requests, of at most [`PETTY_MAX`] bytes, are served even then, up to [`CEILING_FACTOR`] times the allowance. A script decides
//! that a text or a list is large; where the engine takes a page for its small objects nobody can tell, and not every such place
//! survives a refusal: its compiler frees what it has not filled yet, and the process is gone. So that a script does not get there by
//! catching one refusal after the other, a step that is past one of its bounds is **squeezed**: the engine believes that its stack is
//! full, no function can be called any more, and nothing can be compiled.
//!
//! Asking for memory is also the one thing that slow built-in functions do, so the deadline of a step is looked at here as well.
//!
//! An engine that is refused memory does not give everything back: what is left when its runtime is gone is given back here.
//!
//! Tests can have [any request refused](Heap::refuse), to see what an engine and its host do without memory.
//!
//! What is deliberately absent: knowledge of sessions and charts.
//!
//! Invariant: this crate is the only one with `unsafe`, and never computes an address: every call goes on to
//! [`RustAllocator`] as it came, and beside that a number of the runtime is set, from within a call of that runtime.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::ptr::NonNull;
use std::rc::Rc;
use std::time::Instant;

use rquickjs::allocator::{Allocator, RustAllocator};
use rquickjs::{Ctx, qjs};

/// What a step may take before it is refused memory, in allowances.
pub const HARD_FACTOR: usize = 2;
/// What a step may take with petty requests before these are refused too, in allowances.
///
/// Between two questions of the engine a built-in function can make millions of small objects.
pub const CEILING_FACTOR: usize = 8;
/// Largest petty request in bytes: a page of small objects, and what the compiler takes for an ordinary function.
pub const PETTY_MAX: usize = 16 * 1024;
/// Stack of a squeezed runtime in bytes: less than any call needs. 0 would be a stack without limit.
const SQUEEZED_STACK: usize = 1;
/// Bytes that are taken to see whose heap they come from: more than the engine has in one of its pages.
const PROBE: usize = 8 * 1024;
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
    /// What the engine has, by address.
    blocks: RefCell<BTreeSet<NonNull<u8>>>,
    most: Cell<usize>,
    /// Above this a step has taken too much; `None` between steps.
    soft: Cell<Option<usize>>,
    hard: Cell<usize>,
    ceiling: Cell<usize>,
    deadline: Cell<Option<Instant>>,
    unlooked: Cell<usize>,
    breach: Cell<Option<Breach>>,
    /// The runtime, and the stack that it has between two squeezes.
    runtime: Cell<Option<(NonNull<qjs::JSRuntime>, usize)>>,
    is_squeezed: Cell<bool>,
    /// Requests that are not petty until one is refused for a test; 0: none is.
    served: Cell<u64>,
    /// Requests that are refused then.
    refusals: Cell<u64>,
    refused: Cell<u64>,
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

    /// Makes the runtime of a context known, whose scripts have a stack of `stack` bytes, so that it can be squeezed. Nothing happens when it
    /// has another [allocator](Self::allocator) than that of this heap.
    pub fn watch(&self, context: &Ctx<'_>, stack: usize) {
        let before = self.live();
        #[expect(unsafe_code, reason = "the library does not tell its runtime in another way")]
        // SAFETY: the context is alive, and so is the runtime that it belongs to; what is taken from it is given back to it at once.
        let (runtime, is_own) = unsafe {
            let runtime = qjs::JS_GetRuntime(context.as_raw().as_ptr());
            let taken = qjs::js_malloc_rt(runtime, PROBE as qjs::size_t);
            let is_own = !taken.is_null() && self.live() >= before + PROBE;
            qjs::js_free_rt(runtime, taken);
            (runtime, is_own)
        };
        self.0.runtime.set(NonNull::new(runtime).filter(|_| is_own).map(|runtime| (runtime, stack)));
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
        self.0.ceiling.set(live.saturating_add(allowance.saturating_mul(CEILING_FACTOR)));
        self.0.deadline.set(deadline);
        self.0.unlooked.set(0);
        self.0.breach.set(None);
    }

    /// Ends a step: what follows has no bounds. What was breached stays known.
    pub fn end(&self) {
        self.squeeze(false);
        self.0.soft.set(None);
        self.0.deadline.set(None);
    }

    /// What the step ran out of, first of all.
    #[must_use]
    pub fn breach(&self) -> Option<Breach> {
        self.0.breach.get()
    }

    /// Refuses memory for a test, whatever the bounds say: of the requests that are not petty, the `nth` from now (1 is the next) and
    /// those that follow it, `count` in all. 0 for either: none. A heap does nothing of the kind unless it is told to; what was told
    /// before is forgotten.
    ///
    /// A request that is refused is a [`Breach::Memory`], as it is when the machine has no memory.
    pub fn refuse(&self, nth: u64, count: u64) {
        self.0.served.set(if count == 0 { 0 } else { nth });
        self.0.refusals.set(count);
        self.0.refused.set(0);
    }

    /// Requests that were refused because of the last [`Self::refuse`].
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.0.refused.get()
    }

    /// Whether a test wants the present request to be refused.
    fn is_to_refuse(&self) -> bool {
        let served = self.0.served.get();
        if served > 1 {
            self.0.served.set(served - 1);
        }
        if served != 1 {
            return false;
        }
        let refused = self.0.refused.get() + 1;
        self.0.refused.set(refused);
        if refused >= self.0.refusals.get() {
            self.0.served.set(0);
        }
        true
    }

    /// Takes the stack away from the scripts, or gives it back.
    fn squeeze(&self, is_squeezed: bool) {
        if self.0.is_squeezed.get() == is_squeezed {
            return;
        }
        if let Some((runtime, stack)) = self.0.runtime.get() {
            let bytes = if is_squeezed { SQUEEZED_STACK } else { stack };
            #[expect(unsafe_code, reason = "the library's own way cannot be gone from within the engine")]
            // SAFETY: it is the runtime that has the allocator of this heap, and is forgotten when that is dropped with it: it is alive. Two
            // numbers of it are set and nothing else, by the thread that it belongs to, for neither it nor this heap can be sent.
            unsafe {
                qjs::JS_SetMaxStackSize(runtime.as_ptr(), bytes as qjs::size_t);
            }
            self.0.is_squeezed.set(is_squeezed);
        }
    }

    fn note(&self, breach: Breach) {
        if self.0.breach.get().is_none() {
            self.0.breach.set(Some(breach));
        }
    }

    /// Whether `more` bytes may be taken.
    fn grants(&self, more: usize) -> bool {
        let is_petty = more <= PETTY_MAX;
        if more > REQUEST_MAX || (!is_petty && self.is_to_refuse()) {
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
                self.squeeze(true);
            }
            if live > if is_petty { self.0.ceiling.get() } else { self.0.hard.get() } {
                return false;
            }
        }
        let unlooked = self.0.unlooked.get().saturating_add(more);
        if unlooked < LOOK_EVERY {
            self.0.unlooked.set(unlooked);
        } else {
            self.0.unlooked.set(0);
            if self.0.deadline.get().is_some_and(|deadline| Instant::now() > deadline) {
                self.note(Breach::Time);
                self.squeeze(true);
            }
        }
        is_petty || self.0.breach.get() != Some(Breach::Time)
    }

    /// Notes what the engine was given, if it was.
    fn taken(&self, made: *mut u8, bytes: usize) {
        self.0.blocks.borrow_mut().extend(NonNull::new(made));
        let live = self.live().saturating_add(bytes);
        self.0.live.set(live);
        if live > self.0.most.get() {
            self.0.most.set(live);
        }
    }

    fn given_back(&self, pointer: *mut u8, bytes: usize) {
        if let Some(pointer) = NonNull::new(pointer) {
            self.0.blocks.borrow_mut().remove(&pointer);
        }
        self.0.live.set(self.live().saturating_sub(bytes));
    }
}

/// The allocator of one runtime.
struct Counting {
    heap: Heap,
}

impl Drop for Counting {
    fn drop(&mut self) {
        // The runtime is gone, and with it everybody who could use what it has left behind.
        self.heap.0.runtime.set(None);
        self.heap.0.is_squeezed.set(false);
        while let Some(left) = self.heap.0.blocks.borrow_mut().pop_first() {
            #[expect(unsafe_code, reason = "what the engine was given by this allocator is given back to it")]
            // SAFETY: this allocator made it and did not take it back: that would have taken it out of the list.
            unsafe {
                self.heap
                    .0
                    .live
                    .set(self.heap.live().saturating_sub(RustAllocator::usable_size(left.as_ptr())));
                RustAllocator.dealloc(left.as_ptr());
            }
        }
    }
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
            self.heap.taken(made, unsafe { RustAllocator::usable_size(made) });
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
            self.heap.taken(made, unsafe { RustAllocator::usable_size(made) });
        }
        made
    }

    unsafe fn dealloc(&mut self, pointer: *mut u8) {
        // SAFETY: the caller hands over a pointer that this allocator made, and so `RustAllocator`.
        unsafe {
            self.heap.given_back(pointer, RustAllocator::usable_size(pointer));
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
                self.heap.given_back(pointer, old_size);
                self.heap.taken(made, RustAllocator::usable_size(made));
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
    fn a_step_past_its_bounds_calls_nothing_any_more_and_the_next_one_does() {
        let (heap, _runtime, context) = engine();
        let tries = "(() => { let made = 0; for (let at = 0; at < 10; at += 1) {
            try { 'x'.repeat(1e8) } catch (full) { }
            try { new Function('return 1'); made += 1 } catch (full) { }
        } return made })()";
        let made = || context.with(|context| context.eval::<i32, _>(tries).ok());
        heap.begin(1 << 20, None);
        assert_eq!(made(), Some(10), "its runtime is not known");
        let (_other_heap, other, other_context) = engine();
        other_context.with(|context| heap.watch(&context, 1 << 18));
        drop((other_context, other));
        heap.begin(1 << 20, None);
        assert_eq!(made(), Some(10), "another runtime is not its own");
        context.with(|context| heap.watch(&context, 1 << 18));
        heap.begin(1 << 20, None);
        assert_eq!(made(), Some(0));
        assert!(!runs(&context, "Math.abs(1)"));
        heap.end();
        assert!(runs(&context, "Math.abs(1)"));
    }

    #[test]
    fn the_request_that_a_test_names_is_refused_and_no_other() {
        let (heap, _runtime, context) = engine();
        let large = "globalThis.a = 'x'.repeat(1e6)";
        heap.refuse(1, 1);
        assert!(!runs(&context, large));
        assert_eq!((heap.refused(), heap.breach()), (1, Some(Breach::Memory)));
        assert!(runs(&context, large));
        assert_eq!(heap.refused(), 1);
        heap.refuse(u64::MAX, 1);
        assert!(runs(&context, large));
        heap.refuse(1, u64::MAX);
        assert!(!runs(&context, large) && !runs(&context, large));
        heap.refuse(0, 0);
        assert!(runs(&context, large));
        assert_eq!(heap.refused(), 0);
    }

    #[test]
    fn petty_requests_are_served_longer_than_others() {
        let heap = Heap::new();
        heap.begin(1 << 20, None);
        heap.taken(std::ptr::null_mut(), 3 << 20);
        assert!(heap.grants(PETTY_MAX) && !heap.grants(PETTY_MAX + 1));
        assert_eq!(heap.breach(), Some(Breach::Memory));
        heap.taken(std::ptr::null_mut(), 5 << 20);
        assert!(!heap.grants(1));
        heap.begin(1 << 20, Some(Instant::now() - Duration::from_secs(1)));
        assert!((0..8).all(|_| heap.grants(PETTY_MAX)) && !heap.grants(PETTY_MAX + 1));
        assert_eq!(heap.breach(), Some(Breach::Time));
        heap.end();
        assert!(heap.grants(1 << 30));
    }

    #[test]
    fn what_an_engine_leaves_behind_is_given_back_with_it() {
        let heap = Heap::new();
        let mut allocator = Counting { heap: heap.clone() };
        assert!(!allocator.alloc(100_000).is_null() && !allocator.calloc(3, 100).is_null());
        assert!(heap.live() > 100_000);
        drop(allocator);
        assert_eq!(heap.live(), 0);
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
