//! States that are never entered, transitions that are never taken, loops without an end.

use super::{ENDLESS_LOOP, Findings, NEVER_TAKEN, UNREACHABLE_STATE, takes};
use crate::outline::{Outline, State, StateKind, Transition, TransitionKind};

pub(super) fn check(outline: &Outline, findings: &mut Findings<'_>) {
    unreachable(outline, findings);
    for state in &outline.states {
        never_taken(outline, state, findings);
    }
    loops(outline, findings);
}

/// The states that a chart can enter, whatever conditions say.
pub(super) fn reachable(outline: &Outline) -> Vec<bool> {
    let mut reach = Reach {
        outline,
        entered: vec![false; outline.states.len()],
        defaulted: vec![false; outline.states.len()],
    };
    reach.enter(0);
    loop {
        let before = reach.count();
        for (number, state) in outline.states.iter().enumerate() {
            if !reach.is_entered(number) {
                continue;
            }
            for transition in state.transitions.iter().filter_map(|number| outline.transitions.get(*number)) {
                transition.targets.iter().for_each(|target| reach.enter(*target));
            }
        }
        if reach.count() == before {
            return reach.entered;
        }
    }
}

struct Reach<'a> {
    outline: &'a Outline,
    entered: Vec<bool>,
    /// Entered as a target, and so with its default children.
    defaulted: Vec<bool>,
}

impl Reach<'_> {
    fn is_entered(&self, state: usize) -> bool {
        self.entered.get(state).copied().unwrap_or_default()
    }

    fn count(&self) -> usize {
        self.entered.iter().chain(&self.defaulted).filter(|flag| **flag).count()
    }

    fn enter(&mut self, target: usize) {
        let Some(state) = self.outline.states.get(target) else { return };
        if self.defaulted.get(target).copied().unwrap_or(true) {
            return;
        }
        for flags in [&mut self.defaulted, &mut self.entered] {
            if let Some(flag) = flags.get_mut(target) {
                *flag = true;
            }
        }
        let ancestors: Vec<usize> = self.outline.with_ancestors(target).skip(1).collect();
        for ancestor in ancestors {
            if self.is_entered(ancestor) {
                break;
            }
            if let Some(flag) = self.entered.get_mut(ancestor) {
                *flag = true;
            }
            self.regions(ancestor, target);
        }
        let initial = state.initial.and_then(|initial| self.outline.transitions.get(initial));
        initial.iter().flat_map(|initial| &initial.targets).for_each(|inner| self.enter(*inner));
        self.regions(target, target);
    }

    /// All regions of a parallel state are entered with it; the one with the target is.
    fn regions(&mut self, parallel: usize, target: usize) {
        let Some(state) = self.outline.states.get(parallel) else { return };
        if state.kind == StateKind::Parallel {
            for region in &state.children {
                if parallel == target || !self.outline.is_inside(target, *region) {
                    self.enter(*region);
                }
            }
        }
    }
}

fn unreachable(outline: &Outline, findings: &mut Findings<'_>) {
    let reachable = reachable(outline);
    let is_reached = |state: usize| reachable.get(state).copied().unwrap_or_default();
    for (number, state) in outline.states.iter().enumerate() {
        // Of a state that is not entered the states inside need no word of their own.
        if is_reached(number) || state.parent.is_some_and(|parent| !is_reached(parent)) {
            continue;
        }
        let what = if state.kind.is_history() { "history" } else { "state" };
        let id = &state.id;
        findings.add(UNREACHABLE_STATE, state.place, format!("no transition leads into the {what} `{id}`"));
    }
}

fn never_taken(outline: &Outline, state: &State, findings: &mut Findings<'_>) {
    let own: Vec<&Transition> =
        state.transitions.iter().filter_map(|number| outline.transitions.get(*number)).collect();
    for (index, transition) in own.iter().enumerate() {
        let earlier = own.iter().take(index).find(|earlier| covers(earlier, transition));
        if is_constant(transition, "false") {
            findings.add(NEVER_TAKEN, transition.place, "the condition of this transition is always false");
        } else if let Some(earlier) = earlier {
            let line = earlier.position.line;
            let message = match (earlier.events.is_empty(), transition.events.is_empty()) {
                (true, false) => format!(
                    "this transition is never taken: `{}` is left at once by the one in line {line}",
                    state.id
                ),
                _ => format!("this transition is never taken: the one in line {line} is taken before it"),
            };
            findings.add(NEVER_TAKEN, transition.place, message);
        }
    }
}

/// Whether one transition is always taken where a later one of the same state could be.
fn covers(earlier: &Transition, later: &Transition) -> bool {
    let is_certain = earlier.condition.is_none() || is_constant(earlier, "true");
    let text = |transition: &Transition| transition.condition.as_ref().map(|code| code.one_line());
    let takes_events = match (earlier.events.is_empty(), later.events.is_empty()) {
        (true, true) => true,
        // The state has been left before any event arrives.
        (true, false) => return is_certain && !earlier.targets.is_empty(),
        (false, true) => false,
        (false, false) => {
            later.events.iter().all(|event| earlier.events.iter().any(|wider| takes(wider, event)))
        }
    };
    takes_events && (is_certain || text(earlier) == text(later))
}

fn is_constant(transition: &Transition, value: &str) -> bool {
    transition
        .condition
        .as_ref()
        .is_some_and(|condition| condition.text.trim().trim_end_matches(';') == value)
}

/// States that an endless chain of transitions without event and condition goes through.
fn loops(outline: &Outline, findings: &mut Findings<'_>) {
    for (number, transition) in outline.transitions.iter().enumerate() {
        let is_eventless = transition.kind == TransitionKind::Ordinary && transition.events.is_empty();
        if is_eventless && transition.targets.is_empty() && is_constant(transition, "true") {
            findings.add(
                ENDLESS_LOOP,
                transition.place,
                "this transition is taken for ever: it leaves no state",
            );
        } else if is_eventless && returns(outline, number) {
            findings.add(
                ENDLESS_LOOP,
                transition.place,
                "transitions without event and condition lead back here for ever",
            );
        }
    }
}

/// Whether `first` is taken again and again once it has been taken. Of a loop the first transition answers.
fn returns(outline: &Outline, first: usize) -> bool {
    let mut current = first;
    for _ in 0..=outline.states.len() {
        let Some(transition) = outline.transitions.get(current) else { return false };
        let [target] = transition.targets.as_slice() else { return false };
        let Some(next) = leaf(outline, *target).and_then(|leaf| always(outline, leaf)) else { return false };
        if next == first {
            return true;
        }
        if next < first {
            return false;
        }
        current = next;
    }
    false
}

/// The state that is entered at the end when `state` is; nothing where several are.
fn leaf(outline: &Outline, state: usize) -> Option<usize> {
    let mut current = state;
    for _ in 0..=outline.states.len() {
        let found = outline.states.get(current)?;
        match found.kind {
            StateKind::Atomic => return Some(current),
            StateKind::Compound => {
                let initial = outline.transitions.get(found.initial?)?;
                let [target] = initial.targets.as_slice() else { return None };
                current = *target;
            }
            _ => return None,
        }
    }
    None
}

/// The transition that is taken whenever a state has been entered.
fn always(outline: &Outline, leaf: usize) -> Option<usize> {
    for state in outline.with_ancestors(leaf) {
        let found = outline.states.get(state)?;
        for number in &found.transitions {
            let transition = outline.transitions.get(*number)?;
            if transition.events.is_empty() {
                let is_certain = transition.condition.is_none() || is_constant(transition, "true");
                return is_certain.then_some(*number);
            }
        }
        // Beside it another region could end the loop.
        if found.kind == StateKind::Parallel {
            return None;
        }
    }
    None
}
