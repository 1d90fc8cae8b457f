//! Leaving and entering states (scxml: D exitStates, enterStates).

use super::Interpreter;
use crate::chart::{StateIx, StateKind, TransitionIx};
use crate::plan::Domain;
use crate::state_set::StateSet;
use crate::{Event, EventKind, Failure};

/// What is entered, and with which default content.
#[derive(Default)]
struct Entry {
    states: StateSet,
    /// Compound states that are entered by their initial transition.
    by_default: StateSet,
    /// Default transitions of histories without memory, by the parent of the history.
    history_content: Vec<(StateIx, TransitionIx)>,
}

impl Interpreter<'_> {
    //= scxml: D procedure exitStates(enabledTransitions)
    pub(super) fn exit_states(&mut self, transitions: &[TransitionIx]) -> Result<(), Failure> {
        let chart = self.chart;
        let exits = self.exit_set(transitions);
        self.count_work(exits.len())?;
        for state in exits.iter() {
            self.states_to_invoke.remove(state);
        }
        for state in exits.iter_back() {
            for history in &chart.state(state).histories {
                let is_deep = chart.state(*history).kind == StateKind::DeepHistory;
                let active = self.host.active.borrow();
                let remembered = active
                    .iter()
                    .filter(|candidate| {
                        if is_deep {
                            chart.state(*candidate).is_atomic() && chart.is_descendant(*candidate, state)
                        } else {
                            chart.state(*candidate).parent == state && *candidate != 0
                        }
                    })
                    .collect();
                drop(active);
                self.record.remember(*history, remembered);
            }
        }
        for state in exits.iter_back() {
            for block in &chart.state(state).onexit {
                self.execute_block(block)?;
            }
            self.cancel_invocations(state)?;
            self.host.active.borrow_mut().remove(state);
            self.scratch.exited.push(state);
        }
        Ok(())
    }

    //= scxml: D procedure enterStates(enabledTransitions)
    pub(super) fn enter_states(&mut self, transitions: &[TransitionIx]) -> Result<(), Failure> {
        let chart = self.chart;
        let entry = self.entry_set(transitions);
        self.count_work(entry.states.len())?;
        for state in entry.states.iter() {
            let element = chart.state(state);
            self.count_entry(state)?;
            self.host.active.borrow_mut().insert(state);
            if !element.invokes.is_empty() {
                self.states_to_invoke.insert(state);
            }
            self.bind_late(state)?;
            self.scratch.entered.push(state);
            for block in &element.onentry {
                self.execute_block(block)?;
            }
            if entry.by_default.contains(state)
                && let Some(initial) = element.initial
            {
                self.scratch.taken.push(initial);
                self.execute_block(&chart.transition(initial).content)?;
            }
            for (parent, transition) in &entry.history_content {
                if *parent == state {
                    self.scratch.taken.push(*transition);
                    self.execute_block(&chart.transition(*transition).content)?;
                }
            }
            if element.kind == StateKind::Final {
                self.entered_final(state)?;
            }
        }
        Ok(())
    }

    fn entered_final(&mut self, state: StateIx) -> Result<(), Failure> {
        let chart = self.chart;
        let element = chart.state(state);
        let parent = element.parent;
        if parent == 0 {
            self.is_running = false;
            return Ok(());
        }
        let data = match &element.donedata {
            Some(payload) => self.done_data(payload)?,
            None => None,
        };
        self.raise_done(parent, data)?;
        let grandparent = chart.state(parent).parent;
        if chart.state(grandparent).kind == StateKind::Parallel && self.is_in_final_state(grandparent) {
            self.raise_done(grandparent, None)?;
        }
        Ok(())
    }

    fn raise_done(&mut self, state: StateIx, data: Option<serde_json::Value>) -> Result<(), Failure> {
        self.raise(Event {
            name: format!("done.state.{}", self.chart.state(state).id),
            kind: EventKind::Internal,
            data,
            ..Event::default()
        })
    }

    //= scxml: D function isInFinalState(s)
    fn is_in_final_state(&self, state: StateIx) -> bool {
        let chart = self.chart;
        let element = chart.state(state);
        match element.kind {
            StateKind::Compound => {
                let active = self.host.active.borrow();
                element
                    .children
                    .iter()
                    .any(|child| chart.state(*child).kind == StateKind::Final && active.contains(*child))
            }
            StateKind::Parallel => element.children.iter().all(|child| self.is_in_final_state(*child)),
            _ => false,
        }
    }

    fn count_entry(&mut self, state: StateIx) -> Result<(), Failure> {
        self.last_entered = state;
        let limit = self.limits.state_entries.min(self.chart.head.state_entries.unwrap_or(u32::MAX));
        if self.scratch.count_entry(state) > limit {
            return Err(Failure::StateEntries { state: self.chart.state(state).id.to_string(), limit });
        }
        Ok(())
    }

    //= scxml: D procedure computeEntrySet(transitions, statesToEnter, statesForDefaultEntry, defaultHistoryContent)
    fn entry_set(&self, transitions: &[TransitionIx]) -> Entry {
        let chart = self.chart;
        let mut entry = Entry::default();
        for transition in transitions {
            for target in &chart.transition(*transition).targets {
                self.add_descendants(*target, &mut entry);
            }
            // The initial transition of the chart has the chart as its source, and so as its domain.
            let Some(ancestor) = self.domain(*transition) else {
                continue;
            };
            if let Domain::Fixed(_) = chart.plan.domain(*transition) {
                for target in &chart.transition(*transition).targets {
                    self.add_ancestors(*target, ancestor, &mut entry);
                }
            } else {
                for target in self.effective_targets(*transition) {
                    self.add_ancestors(target, ancestor, &mut entry);
                }
            }
        }
        entry
    }

    //= scxml: D procedure addDescendantStatesToEnter(state, …)
    fn add_descendants(&self, state: StateIx, entry: &mut Entry) {
        let chart = self.chart;
        let element = chart.state(state);
        if element.is_history() {
            self.add_history(state, entry);
            return;
        }
        entry.states.insert(state);
        match element.kind {
            StateKind::Compound => {
                entry.by_default.insert(state);
                let Some(initial) = element.initial else { return };
                let targets = &chart.transition(initial).targets;
                for target in targets {
                    self.add_descendants(*target, entry);
                }
                for target in targets {
                    self.add_ancestors(*target, state, entry);
                }
            }
            StateKind::Parallel => self.add_missing_children(state, entry),
            _ => {}
        }
    }

    fn add_history(&self, history: StateIx, entry: &mut Entry) {
        let chart = self.chart;
        let element = chart.state(history);
        let targets: Vec<StateIx> = match self.record.history_of(history) {
            Some(remembered) => remembered.to_vec(),
            None => {
                let Some(default) = element.initial else { return };
                entry.history_content.push((element.parent, default));
                chart.transition(default).targets.clone()
            }
        };
        for target in &targets {
            if *target != history {
                self.add_descendants(*target, entry);
            }
        }
        for target in &targets {
            self.add_ancestors(*target, element.parent, entry);
        }
    }

    //= scxml: D procedure addAncestorStatesToEnter(state, ancestor, …)
    fn add_ancestors(&self, state: StateIx, ancestor: StateIx, entry: &mut Entry) {
        let chart = self.chart;
        let mut current = chart.state(state).parent;
        while current != ancestor && current != 0 {
            entry.states.insert(current);
            if chart.state(current).kind == StateKind::Parallel {
                self.add_missing_children(current, entry);
            }
            current = chart.state(current).parent;
        }
    }

    fn add_missing_children(&self, parallel: StateIx, entry: &mut Entry) {
        let chart = self.chart;
        for child in &chart.state(parallel).children {
            let is_covered = entry.states.has_any_of(*child, chart.state(*child).last);
            if !is_covered {
                self.add_descendants(*child, entry);
            }
        }
    }
}
