//! What a step would find out about its chart again and again, found out once.

use std::collections::BTreeMap;

use crate::chart::{
    Expression, ExpressionIx, ExpressionKind, ModelKind, State, StateIx, StateKind, Transition, TransitionIx,
};
use crate::load::unquote;
use crate::null_model::{self, Condition};
use crate::state_set::StateSet;

/// Facts about a chart that no step changes.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// Atomic and final states.
    pub(crate) atomic: StateSet,
    /// States with a transition that waits for no event.
    pub(crate) eventless: StateSet,
    domains: Vec<Domain>,
    conditions: Vec<Option<Quick>>,
}

/// The state whose descendants a transition leaves and enters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Domain {
    /// Always this one; `None` without target.
    Fixed(Option<StateIx>),
    /// It depends on what a history remembers.
    ByHistory,
}

/// A condition that needs no data model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quick {
    Constant(bool),
    /// `None` is a state that the chart does not have.
    In {
        state: Option<StateIx>,
        is_negated: bool,
    },
}

impl Plan {
    pub(crate) fn of(
        model: ModelKind,
        states: &[State],
        transitions: &[Transition],
        expressions: &[Expression],
        ids: &BTreeMap<String, StateIx>,
    ) -> Self {
        let mut plan = Self::default();
        for (index, state) in (0..).zip(states) {
            if state.is_atomic() {
                plan.atomic.insert(index);
            }
            let mut own = state.transitions.iter().filter_map(|own| transitions.get(*own as usize));
            if own.any(|transition| transition.events.is_empty()) {
                plan.eventless.insert(index);
            }
        }
        let is_history = |target: &StateIx| states.get(*target as usize).is_some_and(State::is_history);
        plan.domains = transitions
            .iter()
            .map(|transition| {
                if transition.targets.iter().any(is_history) {
                    Domain::ByHistory
                } else {
                    Domain::Fixed(domain(states, transition, &transition.targets))
                }
            })
            .collect();
        plan.conditions = expressions.iter().map(|expression| quick(model, expression, ids)).collect();
        plan
    }

    pub(crate) fn domain(&self, transition: TransitionIx) -> Domain {
        self.domains.get(transition as usize).copied().unwrap_or(Domain::ByHistory)
    }

    pub(crate) fn condition(&self, expression: ExpressionIx) -> Option<Quick> {
        self.conditions.get(expression as usize).copied().flatten()
    }
}

//= scxml: D function getTransitionDomain(transition)
/// The domain of a transition with these effective targets; `None` without target.
pub(crate) fn domain(states: &[State], transition: &Transition, targets: &[StateIx]) -> Option<StateIx> {
    if targets.is_empty() {
        return None;
    }
    let is_inside = |ancestor: StateIx| {
        let last = states[ancestor as usize].last;
        targets.iter().all(|target| *target > ancestor && *target <= last)
    };
    let source = transition.source;
    if transition.is_internal && states[source as usize].kind == StateKind::Compound && is_inside(source) {
        return Some(source);
    }
    //= scxml: D function findLCCA(stateList)
    let mut ancestor = source;
    while ancestor != 0 {
        ancestor = states[ancestor as usize].parent;
        let is_compound = matches!(states[ancestor as usize].kind, StateKind::Compound | StateKind::Root);
        if is_compound && is_inside(ancestor) {
            return Some(ancestor);
        }
    }
    Some(0)
}

/// `In('state')` and constants. Charts cannot give `In` another meaning: it is a name of the platform.
fn quick(model: ModelKind, expression: &Expression, ids: &BTreeMap<String, StateIx>) -> Option<Quick> {
    if expression.kind != ExpressionKind::Condition {
        return None;
    }
    let source = &expression.source;
    match null_model::parse(source).ok()? {
        Condition::Constant(value) => Some(Quick::Constant(value)),
        Condition::In { state, is_negated } => {
            // What is not in quotes is a variable in ECMAScript.
            let state = if model == ModelKind::EcmaScript { quoted_argument(source)? } else { state };
            Some(Quick::In { state: ids.get(state).copied(), is_negated })
        }
    }
}

fn quoted_argument(source: &str) -> Option<&str> {
    let (_, rest) = source.split_once('(')?;
    unquote(rest.trim_end().strip_suffix(')')?.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::load;

    fn conditions(model: &str, condition: &str) -> Vec<Option<Quick>> {
        let text = format!(
            "<scxml xmlns='http://www.w3.org/2005/07/scxml' version='1.0' datamodel='{model}'><state id='a'><transition cond=\"{condition}\" event='e'/></state></scxml>"
        );
        load(&text).unwrap().plan.conditions.clone()
    }

    #[test]
    fn a_condition_that_only_asks_for_a_state_needs_no_script() {
        let expected = Some(Quick::In { state: Some(1), is_negated: false });
        assert_eq!(conditions("ecmascript", "In('a')"), [expected]);
        assert_eq!(conditions("null", "In(a)"), [expected]);
        let negated = Some(Quick::In { state: None, is_negated: true });
        assert_eq!(conditions("ecmascript", " !In( 'nowhere' ) "), [negated]);
        assert_eq!(conditions("ecmascript", "true"), [Some(Quick::Constant(true))]);
    }

    #[test]
    fn any_other_condition_does() {
        for condition in ["In(a)", "In('a') || In('b')", "In('a' + 'b')", "In ('a').b", "_data.In('a')"] {
            assert_eq!(conditions("ecmascript", condition), [None], "{condition}");
        }
    }
}
