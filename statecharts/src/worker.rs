//! The script engine of one thread.
//!
//! One runtime, one context per chart, one scope object per session. A session that has a live scope is tied to its worker until it
//! hibernates. When scripts run out of memory, every other live scope is written down and the runtime is made anew.

use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use rquickjs::{CatchResultExt, CaughtError, Ctx, Object, Persistent, Runtime};
use script_heap::Heap;

use crate::ecmascript::context::{ChartContext, Parts};
use crate::ecmascript::meter::Meter;
use crate::ecmascript::model::{STACK_EXCEEDED, ScriptModel, describe};
use crate::ecmascript::natives::Current;
use crate::ecmascript::writer::{self, Known, Unwritten};
use crate::interpreter::scratch::Scratch;
use crate::model::Model;
use crate::{Chart, Failure, Limits};

/// Contexts beyond which those without live sessions are dropped.
const CONTEXTS_MAX: usize = 64;

/// Distinguishes the workers of a process; nothing a chart can see depends on it.
static NEXT_WORKER: AtomicU64 = AtomicU64::new(1);

/// The script engine of one thread: one runtime, one context per chart, the live scopes of its sessions.
pub struct Worker {
    // In the order in which they must be dropped: scopes, contexts, runtime.
    slots: BTreeMap<u64, Slot>,
    /// Contexts with the chart that each was made for.
    contexts: Vec<(Arc<Chart>, ChartContext)>,
    runtime: Runtime,
    meter: Rc<Meter>,
    limits: Arc<Limits>,
    /// Lists that steps use again.
    pub(crate) scratch: Scratch,
    id: u64,
    next_slot: u64,
    sweep_at: usize,
    keeps_ended_data: bool,
}

/// A scope, and its functions if they are known.
type Scope = (Persistent<Object<'static>>, Option<Box<Known>>);

/// A live scope.
struct Slot {
    scope: Option<Persistent<Object<'static>>>,
    /// Its functions that are those of the chart's scripts.
    functions: Option<Box<Known>>,
    /// The scope as text, after the runtime was made anew.
    text: Option<Box<str>>,
    chart: Arc<Chart>,
    /// Gone when the session was dropped without hibernating.
    owner: Weak<()>,
}

/// Where the data of a session are.
#[derive(Debug, Default)]
pub(crate) struct ScopeData {
    live: Option<Live>,
    /// The data as text; `None` while the live scope has something newer, and before the start.
    text: Option<Box<str>>,
    /// Why the data are gone: they could not be written.
    lost: Option<Box<Failure>>,
}

#[derive(Debug)]
struct Live {
    worker: u64,
    slot: u64,
    _owner: Arc<()>,
}

impl ScopeData {
    pub(crate) fn from_text(text: Box<str>) -> Self {
        Self { text: Some(text), ..Self::default() }
    }

    #[cfg(test)]
    pub(crate) fn forget_text(&mut self) {
        self.text = None;
    }

    pub(crate) fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Worker")
            .field("limits", &self.limits)
            .field("charts", &self.contexts.len())
            .field("live_sessions", &self.slots.len())
            .finish_non_exhaustive()
    }
}

impl Worker {
    /// A worker with these limits.
    ///
    /// # Errors
    /// When there is no memory for the script engine.
    pub fn new(limits: Limits) -> Result<Self, Failure> {
        Self::with_heap(limits, Heap::new())
    }

    /// A worker whose scripts have this heap, until its runtime is made anew.
    fn with_heap(limits: Limits, heap: Heap) -> Result<Self, Failure> {
        let (runtime, meter) = runtime(&limits, heap)?;
        Ok(Self {
            slots: BTreeMap::new(),
            contexts: Vec::new(),
            runtime,
            meter,
            limits: Arc::new(limits),
            scratch: Scratch::default(),
            id: NEXT_WORKER.fetch_add(1, Ordering::Relaxed),
            next_slot: 0,
            sweep_at: 64,
            keeps_ended_data: false,
        })
    }

    /// From now on sessions that end here keep their data as text, so that tools can look at them.
    pub fn keep_ended_data(&mut self) {
        self.keeps_ended_data = true;
    }

    pub(crate) fn keeps_ended_data(&self) -> bool {
        self.keeps_ended_data
    }

    /// Its limits.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) fn shared_limits(&self) -> &Arc<Limits> {
        &self.limits
    }

    /// Sessions whose scope is live here.
    #[must_use]
    pub fn live_sessions(&self) -> usize {
        self.slots.values().filter(|slot| slot.owner.strong_count() > 0).count()
    }

    /// Heap of the scripts in bytes.
    #[must_use]
    pub fn script_memory(&self) -> u64 {
        self.meter.heap().live() as u64
    }

    /// Runs something with the data model of a session.
    pub(crate) fn with_model<R>(
        &mut self,
        chart: &Arc<Chart>,
        data: &mut ScopeData,
        current: Current,
        run: impl FnOnce(&mut dyn Model) -> R,
    ) -> Result<R, Failure> {
        self.check_owner(data)?;
        self.make_room()?;
        self.ensure_context(chart)?;
        let (scope, known) = match self.scope(chart, data, &current) {
            Ok(scope) => scope,
            // Live sessions may fill the heap to its limit; as text they need none of it.
            Err(_no_memory) => {
                self.rebuild()?;
                self.ensure_context(chart)?;
                self.scope(chart, data, &current)?
            }
        };
        let Some(context) = context_of(&mut self.contexts, chart) else {
            return Err(no_context());
        };
        let (meter, limits) = (&self.meter, &self.limits);
        let outcome = context.with(|context, parts| {
            let scope = scope.restore(&context).catch(&context).map_err(|error| unreadable(&error))?;
            let bridge = Rc::clone(parts.bridge);
            let mut model = ScriptModel {
                context: context.clone(),
                scope,
                chart,
                parts,
                meter: Rc::clone(meter),
                limits,
                iterations: Vec::new(),
                is_changed: false,
                is_disordered: false,
            };
            meter.arm(limits);
            let result = run(&mut model);
            // Also what the host made by looking at values runs now, or it would run in the step of another session.
            let _failure_of_the_step = model.settle().is_err();
            meter.disarm();
            *bridge.current.borrow_mut() = None;
            let kept = Persistent::save(&context, model.scope.clone());
            Ok((result, kept, model.is_changed, model.is_disordered))
        });
        let (result, kept, is_changed, is_disordered) = outcome?;
        if is_disordered || self.runtime.is_job_pending() {
            // The session has failed. Its scope is not worth writing, and may be what filled the heap.
            // Nothing of the old runtime may outlive it.
            drop((kept, known));
            self.release(data);
            self.rebuild()?;
            return Ok(result);
        }
        if is_changed {
            data.text = None;
        }
        self.keep(chart, data, (kept, known));
        Ok(result)
    }

    /// The scope of a session: the live one, the one that was written, or an empty one. Makes it the current one.
    fn scope(&mut self, chart: &Arc<Chart>, data: &ScopeData, current: &Current) -> Result<Scope, Failure> {
        let slot = data.live.as_ref().and_then(|live| self.slots.get(&live.slot));
        let live = slot.and_then(|slot| slot.scope.clone());
        let text = slot.and_then(|slot| slot.text.as_deref()).or(data.text.as_deref());
        if data.live.is_some() && live.is_none() && text.is_none() {
            return Err(Failure::Data {
                tried: "kept".to_owned(),
                message: "they were lost when scripts ran out of memory".to_owned(),
            });
        }
        let Some(context) = context_of(&mut self.contexts, chart) else {
            return Err(no_context());
        };
        let meter = &self.meter;
        meter.arm_for_writing(&self.limits);
        let scope = context.with(|context, parts| {
            parts.bridge.current.replace(Some(current.clone()));
            parts.bridge.event_was_read.set(false);
            let scope = match live {
                Some(live) => live.restore(&context).and_then(|scope| {
                    let enter = parts.helper(&context, |helpers| &helpers.enter)?;
                    enter.call::<_, ()>((scope.clone(),))?;
                    Ok((scope, None))
                }),
                None => parts.scope(&context, text),
            };
            let (scope, known) = scope.catch(&context).map_err(|error| unreadable(&error))?;
            Ok((Persistent::save(&context, scope), known))
        });
        meter.disarm();
        scope
    }

    /// The data of a session as text, which is kept until a script runs again.
    pub(crate) fn write(&mut self, chart: &Arc<Chart>, data: &mut ScopeData) -> Result<(), Failure> {
        if data.text.is_some() {
            return Ok(());
        }
        self.check_owner(data)?;
        let Some(slot) = data.live.as_ref().and_then(|live| self.slots.get_mut(&live.slot)) else {
            data.text = Some("[{},[],[],[]]".into());
            return Ok(());
        };
        if let Some(text) = slot.text.take() {
            data.text = Some(text);
            return Ok(());
        }
        let Some(scope) = slot.scope.clone() else {
            return Err(no_context());
        };
        let Some(context) = context_of(&mut self.contexts, chart) else {
            return Err(no_context());
        };
        self.meter.arm_for_writing(&self.limits);
        let functions = &mut slot.functions;
        let limit = self.limits.data;
        let text = context.with(|context, parts| pack(&context, &parts, (scope, functions), limit));
        let failure = self.meter.failure(&self.limits, || chart.file().to_owned());
        self.meter.disarm();
        let text = match (failure, text) {
            (Some(failure), _) | (None, Err(failure)) => Err(failure),
            (None, Ok(text)) if text.len() > self.limits.data => {
                Err(Failure::DataSize { bytes: text.len(), limit: self.limits.data })
            }
            (None, text) => text,
        };
        let stopped = |failure: &Failure| {
            matches!(failure, Failure::ScriptTime { .. } | Failure::ScriptMemory { .. } | Failure::DataDepth)
        };
        let is_stopped = text.as_ref().is_err_and(stopped);
        if let Err(failure) = &text
            && is_stopped
        {
            // What cannot be written once is not tried again, least of all while the others are written down.
            self.release(data);
            data.lost = Some(Box::new(failure.clone()));
        }
        if is_stopped || self.runtime.is_job_pending() {
            self.rebuild()?;
        }
        data.text = Some(text?);
        Ok(())
    }

    /// Drops the live scope of a session.
    pub(crate) fn release(&mut self, data: &mut ScopeData) {
        if let Some(live) = data.live.take()
            && live.worker == self.id
        {
            self.slots.remove(&live.slot);
        }
    }

    fn check_owner(&self, data: &ScopeData) -> Result<(), Failure> {
        if let Some(lost) = &data.lost {
            return Err((**lost).clone());
        }
        match &data.live {
            Some(live) if live.worker != self.id => Err(Failure::Data {
                tried: "reached".to_owned(),
                message: "the session is live in another worker; hibernate it there first".to_owned(),
            }),
            _ => Ok(()),
        }
    }

    fn keep(&mut self, chart: &Arc<Chart>, data: &mut ScopeData, (scope, functions): Scope) {
        if let Some(live) = &data.live
            && let Some(slot) = self.slots.get_mut(&live.slot)
        {
            slot.scope = Some(scope);
            slot.text = None;
            if functions.is_some() {
                slot.functions = functions;
            }
            return;
        }
        if self.slots.len() >= self.sweep_at {
            self.slots.retain(|_, slot| slot.owner.strong_count() > 0);
            self.sweep_at = (self.slots.len() * 2).max(64);
        }
        let owner = Arc::new(());
        let slot = Slot {
            scope: Some(scope),
            functions,
            text: None,
            chart: Arc::clone(chart),
            owner: Arc::downgrade(&owner),
        };
        self.slots.insert(self.next_slot, slot);
        data.live = Some(Live { worker: self.id, slot: self.next_slot, _owner: owner });
        self.next_slot += 1;
    }

    fn ensure_context(&mut self, chart: &Arc<Chart>) -> Result<(), Failure> {
        if context_of(&mut self.contexts, chart).is_some() {
            return Ok(());
        }
        if self.contexts.len() >= CONTEXTS_MAX {
            self.slots.retain(|_, slot| slot.owner.strong_count() > 0);
            let slots = &self.slots;
            self.contexts.retain(|(known, _)| slots.values().any(|slot| is_same(known, &slot.chart)));
        }
        let made = match ChartContext::new(&self.runtime, chart, &self.limits, &self.meter) {
            Ok(made) => made,
            // Live sessions may fill the heap to its limit; as text they need none of it.
            Err(_no_memory) => {
                self.rebuild()?;
                ChartContext::new(&self.runtime, chart, &self.limits, &self.meter)?
            }
        };
        self.contexts.push((Arc::clone(chart), made));
        Ok(())
    }

    /// Writes every live scope down and starts with a new runtime.
    fn rebuild(&mut self) -> Result<(), Failure> {
        self.slots.retain(|_, slot| slot.owner.strong_count() > 0);
        for slot in self.slots.values_mut() {
            let mut known = slot.functions.take();
            let Some(scope) = slot.scope.take() else { continue };
            let Some(context) = context_of(&mut self.contexts, &slot.chart) else {
                continue;
            };
            self.meter.arm_for_writing(&self.limits);
            // A scope that cannot be written is lost, and its session fails with that reason when it is next asked.
            let limit = self.limits.data;
            slot.text =
                context.with(|context, parts| pack(&context, &parts, (scope, &mut known), limit)).ok();
            self.meter.disarm();
        }
        self.contexts.clear();
        (self.runtime, self.meter) = runtime(&self.limits, Heap::new())?;
        Ok(())
    }

    /// Live sessions may fill the heap; as text they need none of it. A step always has all that it may take.
    fn make_room(&mut self) -> Result<(), Failure> {
        let room = self.limits.heap.saturating_mul(script_heap::HARD_FACTOR);
        if !self.contexts.is_empty()
            && self.meter.heap().live().saturating_add(room) > self.limits.script_memory
        {
            self.rebuild()?;
        }
        Ok(())
    }
}

/// Whether sessions of both charts can share a context: the same texts with the same modules.
fn is_same(known: &Arc<Chart>, chart: &Arc<Chart>) -> bool {
    Arc::ptr_eq(known, chart) || (known.hash == chart.hash && Arc::ptr_eq(&known.modules, &chart.modules))
}

/// The context of a chart.
fn context_of<'a>(
    contexts: &'a mut [(Arc<Chart>, ChartContext)],
    chart: &Arc<Chart>,
) -> Option<&'a mut ChartContext> {
    contexts.iter_mut().find(|(known, _)| is_same(known, chart)).map(|(_, context)| context)
}

/// A runtime, and what measures its scripts.
fn runtime(limits: &Limits, heap: Heap) -> Result<(Runtime, Rc<Meter>), Failure> {
    let runtime = Runtime::new_with_alloc(heap.allocator())
        .map_err(|error| Failure::Data { tried: "set up".to_owned(), message: error.to_string() })?;
    let meter = Rc::new(Meter::of(heap));
    runtime.set_max_stack_size(limits.stack);
    runtime.set_interrupt_handler(Some(meter.handler()));
    Ok((runtime, meter))
}

fn unreadable(error: &CaughtError<'_>) -> Failure {
    Failure::Data { tried: "restored".to_owned(), message: error.to_string() }
}

fn no_context() -> Failure {
    Failure::Data { tried: "reached".to_owned(), message: "their context is gone".to_owned() }
}

fn pack(
    context: &Ctx<'_>,
    parts: &Parts<'_>,
    (scope, functions): (Persistent<Object<'static>>, &mut Option<Box<Known>>),
    limit: usize,
) -> Result<Box<str>, Failure> {
    let packed = match scope.restore(context) {
        Ok(scope) => writer::write(context, parts, &scope, functions, limit),
        Err(error) => Err(error.into()),
    };
    let error = match packed {
        Ok(text) => return Ok(text.into_boxed_str()),
        Err(Unwritten::TooLong(bytes)) => return Err(Failure::DataSize { bytes, limit }),
        Err(Unwritten::Script(error)) => error,
    };
    let message = Err::<(), _>(error).catch(context).err().map(|error| describe(&error)).unwrap_or_default();
    Err(match message {
        message if message == STACK_EXCEEDED => Failure::DataDepth,
        message => Failure::Data { tried: "saved".to_owned(), message },
    })
}

#[cfg(test)]
mod refusals;
#[cfg(test)]
mod tests;
