//! Lists that steps use again, so that a step allocates nothing but what it gives back.

use std::rc::Rc;
use std::sync::Arc;

use crate::chart::{StateIx, TransitionIx};
use crate::model::Host;
use crate::{Chart, Event};

/// Lists of a worker. Between two steps they say nothing.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub(crate) entered: Vec<StateIx>,
    pub(crate) exited: Vec<StateIx>,
    /// Transitions that were taken, default ones included.
    pub(crate) taken: Vec<TransitionIx>,
    /// Transitions that the last selection found.
    pub(super) enabled: Vec<TransitionIx>,
    /// Guards that were evaluated in this selection.
    pub(super) evaluated: Vec<(TransitionIx, bool)>,
    /// Transitions without conflict, with their domains.
    pub(super) kept: Vec<(TransitionIx, Option<StateIx>)>,
    /// By state: the round in which it was entered last, and how often.
    entries: Vec<(u64, u32)>,
    round: u64,
    host: Option<Rc<Host>>,
    event: Option<Rc<Event>>,
}

impl Scratch {
    /// Forgets the last step.
    pub(crate) fn begin(&mut self) {
        self.entered.clear();
        self.exited.clear();
        self.taken.clear();
        self.enabled.clear();
        self.forget_entries();
    }

    /// A new macrostep: no state was entered yet.
    pub(super) fn forget_entries(&mut self) {
        self.round += 1;
    }

    /// Counts an entry of a state; how often it was entered in this macrostep.
    pub(super) fn count_entry(&mut self, state: StateIx) -> u32 {
        let index = state as usize;
        if index >= self.entries.len() {
            self.entries.resize(index + 1, (0, 0));
        }
        let Some((round, count)) = self.entries.get_mut(index) else { return 0 };
        *count = if *round == self.round { *count + 1 } else { 1 };
        *round = self.round;
        *count
    }

    /// A host without anything in it.
    pub(crate) fn host(&mut self) -> Rc<Host> {
        let mut host = self.host.take().unwrap_or_default();
        match Rc::get_mut(&mut host) {
            Some(known) => known.reset(),
            None => host = Rc::default(),
        }
        host
    }

    /// Takes a host back after its step.
    pub(crate) fn give_back(&mut self, host: Rc<Host>) {
        self.event = host.event.take();
        // The data of the event would live until the next step.
        if let Some(event) = self.event.as_mut().and_then(Rc::get_mut) {
            *event = Event::default();
        }
        self.host = Some(host);
    }

    pub(super) fn event_of(&mut self, event: Event) -> Rc<Event> {
        let mut shared = self.event.take().unwrap_or_default();
        match Rc::get_mut(&mut shared) {
            Some(known) => *known = event,
            None => shared = Rc::new(event),
        }
        shared
    }
}

/// The ids of states.
pub(crate) fn ids(chart: &Chart, states: &[StateIx]) -> Vec<Arc<str>> {
    states.iter().map(|state| Arc::clone(&chart.state(*state).id)).collect()
}
