//! Which transitions are taken (scxml: D selectTransitions, removeConflictingTransitions).

use super::Interpreter;
use crate::Failure;
use crate::chart::{ExpressionIx, StateIx, Transition, TransitionIx};
use crate::model::Fault;
use crate::plan::{self, Domain, Quick};
use crate::state_set::StateSet;

impl Interpreter<'_> {
    //= scxml: D function selectEventlessTransitions()
    //= scxml: D function selectTransitions(event)
    /// Finds the transitions that `event`, or no event, enables, without conflicts.
    pub(super) fn select(&mut self, event: Option<&str>) -> Result<(), Failure> {
        let chart = self.chart;
        self.scratch.enabled.clear();
        self.scratch.evaluated.clear();
        if event.is_none() && !self.host.active.borrow().intersects(&chart.plan.eventless) {
            return self.count_work(1);
        }
        let active = self.host.active.borrow().clone();
        self.count_work(active.len())?;
        for leaf in active.iter().filter(|state| chart.plan.atomic.contains(*state)) {
            let mut state = leaf;
            'ancestors: while state != 0 {
                let element = chart.state(state);
                self.count_work(element.transitions.len())?;
                for transition in &element.transitions {
                    if !matches(chart.transition(*transition), event) {
                        continue;
                    }
                    // A guard of a common ancestor is evaluated once.
                    let known = self.scratch.evaluated.iter().find(|(known, _)| known == transition);
                    let holds = match known {
                        Some((_, holds)) => *holds,
                        None => {
                            let holds = self.holds(*transition)?;
                            self.scratch.evaluated.push((*transition, holds));
                            holds
                        }
                    };
                    if holds {
                        if !self.scratch.enabled.contains(transition) {
                            self.scratch.enabled.push(*transition);
                        }
                        break 'ancestors;
                    }
                }
                state = element.parent;
            }
        }
        let enabled = self.scratch.enabled.len();
        if enabled > 1 {
            // Each is compared with each other.
            self.count_work(enabled * enabled / 64)?;
            self.remove_conflicts();
        }
        Ok(())
    }

    /// The value of a condition.
    pub(super) fn condition(&mut self, condition: ExpressionIx) -> Result<bool, Fault> {
        match self.chart.plan.condition(condition) {
            Some(Quick::Constant(value)) => Ok(value),
            Some(Quick::In { state, is_negated }) => {
                let active = self.host.active.borrow();
                Ok(state.is_some_and(|state| active.contains(state)) != is_negated)
            }
            None => self.model.condition(condition),
        }
    }

    /// Whether the condition of a transition holds; an error is an event and counts as false (scxml: 5.9.1).
    fn holds(&mut self, transition: TransitionIx) -> Result<bool, Failure> {
        let element = self.chart.transition(transition);
        let Some(condition) = element.condition else {
            return Ok(true);
        };
        match self.condition(condition) {
            Ok(holds) => Ok(holds),
            Err(Fault::Raise { .. })
                if element.events.is_empty() && !self.failed_guards.insert(transition) =>
            {
                Ok(false)
            }
            Err(fault) => self.absorb(Err(fault)).map(|_| false),
        }
    }

    //= scxml: D function removeConflictingTransitions(enabledTransitions)
    /// Two transitions conflict if both leave some state. What a transition leaves is what is active in its domain, and that is never
    /// nothing: so they do if one domain is the other or inside of it.
    fn remove_conflicts(&mut self) {
        let chart = self.chart;
        let mut kept = std::mem::take(&mut self.scratch.kept);
        kept.clear();
        for candidate in &self.scratch.enabled {
            let domain = self.domain(*candidate);
            let conflicts = |other: Option<StateIx>| match (domain, other) {
                (Some(one), Some(other)) => {
                    one == other || chart.is_descendant(one, other) || chart.is_descendant(other, one)
                }
                _ => false,
            };
            let source = chart.transition(*candidate).source;
            let is_preempted = kept.iter().any(|(other, of_other)| {
                conflicts(*of_other) && !chart.is_descendant(source, chart.transition(*other).source)
            });
            if !is_preempted {
                kept.retain(|(_, of_other)| !conflicts(*of_other));
                kept.push((*candidate, domain));
            }
        }
        self.scratch.enabled.clear();
        self.scratch.enabled.extend(kept.iter().map(|(transition, _)| *transition));
        self.scratch.kept = kept;
    }

    //= scxml: D function computeExitSet(transitions)
    /// The active states that these transitions leave.
    pub(super) fn exit_set(&self, transitions: &[TransitionIx]) -> StateSet {
        let active = self.host.active.borrow();
        let mut exits = StateSet::default();
        for transition in transitions {
            if let Some(domain) = self.domain(*transition) {
                exits.insert_from(&active, domain + 1, self.chart.state(domain).last);
            }
        }
        exits
    }

    /// The state whose descendants a transition leaves and enters; `None` without target.
    pub(super) fn domain(&self, transition: TransitionIx) -> Option<StateIx> {
        let chart = self.chart;
        match chart.plan.domain(transition) {
            Domain::Fixed(domain) => domain,
            Domain::ByHistory => {
                plan::domain(&chart.states, chart.transition(transition), &self.effective_targets(transition))
            }
        }
    }

    //= scxml: D function getEffectiveTargetStates(transition)
    /// Targets, with histories replaced by what they remember or by their default.
    pub(super) fn effective_targets(&self, transition: TransitionIx) -> Vec<StateIx> {
        let mut targets = Vec::new();
        for target in &self.chart.transition(transition).targets {
            self.effective_target(*target, &mut targets);
        }
        targets
    }

    fn effective_target(&self, target: StateIx, targets: &mut Vec<StateIx>) {
        let state = self.chart.state(target);
        if !state.is_history() {
            if !targets.contains(&target) {
                targets.push(target);
            }
        } else if let Some(remembered) = self.record.history_of(target) {
            for state in remembered {
                if !targets.contains(state) {
                    targets.push(*state);
                }
            }
        } else if let Some(default) = state.initial {
            for state in &self.chart.transition(default).targets {
                // A default that names another history ends here: a history is never its own default.
                if *state != target {
                    self.effective_target(*state, targets);
                }
            }
        }
    }
}

/// Whether one of the transition's descriptors matches (scxml: 3.12.1).
fn matches(transition: &Transition, event: Option<&str>) -> bool {
    match event {
        None => transition.events.is_empty(),
        Some(name) => transition.events.iter().any(|descriptor| {
            descriptor.is_empty()
                || name
                    .strip_prefix(descriptor.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        }),
    }
}
