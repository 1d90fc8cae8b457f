//! Which transitions are taken (scxml: D selectTransitions, removeConflictingTransitions).

use super::Interpreter;
use crate::Failure;
use crate::chart::{StateIx, StateKind, Transition, TransitionIx};
use crate::model::Fault;
use crate::state_set::StateSet;

impl Interpreter<'_> {
    //= scxml: D function selectEventlessTransitions()
    //= scxml: D function selectTransitions(event)
    /// The transitions that `event`, or no event, enables, without conflicts.
    pub(super) fn select(&mut self, event: Option<&str>) -> Result<Vec<TransitionIx>, Failure> {
        let chart = self.chart;
        let atomic: Vec<StateIx> =
            self.host.active.borrow().iter().filter(|state| chart.state(*state).is_atomic()).collect();
        self.count_work(atomic.len())?;
        let mut enabled: Vec<TransitionIx> = Vec::new();
        // A guard of a common ancestor is evaluated once.
        let mut evaluated: Vec<(TransitionIx, bool)> = Vec::new();
        for leaf in atomic {
            let mut state = leaf;
            'ancestors: while state != 0 {
                self.count_work(chart.state(state).transitions.len())?;
                for transition in &chart.state(state).transitions {
                    if !matches(chart.transition(*transition), event) {
                        continue;
                    }
                    let known = evaluated.iter().find(|(known, _)| known == transition);
                    let holds = match known {
                        Some((_, holds)) => *holds,
                        None => {
                            let holds = self.holds(*transition)?;
                            evaluated.push((*transition, holds));
                            holds
                        }
                    };
                    if holds {
                        if !enabled.contains(transition) {
                            enabled.push(*transition);
                        }
                        break 'ancestors;
                    }
                }
                state = chart.state(state).parent;
            }
        }
        if enabled.len() < 2 {
            return Ok(enabled);
        }
        Ok(self.without_conflicts(&enabled))
    }

    /// Whether the condition of a transition holds; an error is an event and counts as false (scxml: 5.9.1).
    fn holds(&mut self, transition: TransitionIx) -> Result<bool, Failure> {
        let element = self.chart.transition(transition);
        let Some(condition) = element.condition else {
            return Ok(true);
        };
        match self.model.condition(condition) {
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
    fn without_conflicts(&self, enabled: &[TransitionIx]) -> Vec<TransitionIx> {
        let chart = self.chart;
        let mut kept: Vec<(TransitionIx, StateSet)> = Vec::new();
        for candidate in enabled {
            let exits = self.exit_set(&[*candidate]);
            let source = chart.transition(*candidate).source;
            let conflicts = |(_, other): &&(TransitionIx, StateSet)| exits.intersects(other);
            let is_preempted = kept
                .iter()
                .filter(conflicts)
                .any(|(other, _)| !chart.is_descendant(source, chart.transition(*other).source));
            if !is_preempted {
                kept.retain(|(_, other)| !exits.intersects(other));
                kept.push((*candidate, exits));
            }
        }
        kept.into_iter().map(|(transition, _)| transition).collect()
    }

    //= scxml: D function computeExitSet(transitions)
    /// The active states that these transitions leave.
    pub(super) fn exit_set(&self, transitions: &[TransitionIx]) -> StateSet {
        let active = self.host.active.borrow();
        let mut exits = StateSet::default();
        for transition in transitions {
            if let Some(domain) = self.domain(*transition) {
                for state in active.iter() {
                    if self.chart.is_descendant(state, domain) {
                        exits.insert(state);
                    }
                }
            }
        }
        exits
    }

    //= scxml: D function getTransitionDomain(transition)
    /// The state whose descendants a transition leaves and enters; `None` without target.
    pub(super) fn domain(&self, transition: TransitionIx) -> Option<StateIx> {
        let chart = self.chart;
        let element = chart.transition(transition);
        let targets = self.effective_targets(transition);
        if targets.is_empty() {
            return None;
        }
        let is_inside =
            |ancestor: StateIx| targets.iter().all(|target| chart.is_descendant(*target, ancestor));
        let source = element.source;
        if element.is_internal && chart.state(source).kind == StateKind::Compound && is_inside(source) {
            return Some(source);
        }
        //= scxml: D function findLCCA(stateList)
        let mut ancestor = source;
        while ancestor != 0 {
            ancestor = chart.state(ancestor).parent;
            let is_compound = matches!(chart.state(ancestor).kind, StateKind::Compound | StateKind::Root);
            if is_compound && is_inside(ancestor) {
                return Some(ancestor);
            }
        }
        Some(0)
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
