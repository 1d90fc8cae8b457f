//! Draws a chart: as DOT for Graphviz, and as SVG with a layout of our own.
//!
//! Of a chart every state and every transition is drawn. A transition between two states of one parent is an arrow. One that leads
//! elsewhere is a line `event → target` in the box that it leaves, with a thin arrow between the boxes around: many arrows across all
//! borders make a picture that nobody can read. One that leaves no state is a line in its box.
//!
//! The pictures are deterministic: the same chart is the same text, wherever it is drawn.

mod boxes;
mod dot;
mod layers;
mod spread;
mod svg;
#[cfg(test)]
mod tests;
mod text;

use crate::outline::{Outline, Transition, TransitionKind};

/// What is to be shown beside the chart.
#[derive(Clone, Copy, Debug, Default)]
pub struct Highlight<'a> {
    /// Ids of active states. They and the states around them are marked: in SVG with the class `active`.
    pub states: &'a [&'a str],
}

/// The chart as a graph in the language of Graphviz.
#[must_use]
pub fn dot(outline: &Outline, highlight: Highlight<'_>) -> String {
    dot::draw(outline, &active(outline, highlight))
}

/// The chart as an SVG document that needs nothing else: with its style, for light and for dark surroundings.
///
/// Each state is a group with the id `state-ID`, each transition one with the attribute `data-transition` and its number.
#[must_use]
pub fn svg(outline: &Outline, highlight: Highlight<'_>) -> String {
    svg::draw(outline, &active(outline, highlight))
}

/// Which states are to be marked.
fn active(outline: &Outline, highlight: Highlight<'_>) -> Vec<bool> {
    let mut active = vec![false; outline.states.len()];
    for state in highlight.states.iter().filter_map(|id| outline.state(id)) {
        for around in outline.with_ancestors(state).filter(|around| *around > 0) {
            active[around] = true;
        }
    }
    active
}

/// How a transition is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// It leaves no state, or only to come back: a line in the box.
    Inside,
    /// Between two states of one parent that are not side by side: an arrow.
    Arrow(usize),
    /// To a state elsewhere: a line in the box.
    Elsewhere,
}

fn way(outline: &Outline, transition: &Transition) -> Way {
    let [target] = transition.targets.as_slice() else {
        return if transition.targets.is_empty() { Way::Inside } else { Way::Elsewhere };
    };
    let parent = |state: usize| outline.states.get(state).and_then(|state| state.parent);
    let is_region = parent(*target)
        .and_then(|parent| outline.states.get(parent))
        .is_some_and(|parent| parent.kind == crate::outline::StateKind::Parallel);
    if *target == transition.source {
        Way::Inside
    } else if parent(*target) == parent(transition.source) && !is_region {
        Way::Arrow(*target)
    } else {
        Way::Elsewhere
    }
}

/// The transitions that a state has itself or, for a history, its default.
fn own(outline: &Outline, state: usize) -> impl Iterator<Item = (usize, &Transition)> {
    let found = outline.states.get(state);
    let default = found.filter(|state| state.kind.is_history()).and_then(|state| state.initial);
    let own = found.into_iter().flat_map(|state| state.transitions.iter().copied());
    own.chain(default)
        .filter_map(|number| outline.transitions.get(number).map(|transition| (number, transition)))
}

/// The states in which a transition begins and ends, as children of the innermost state around both.
fn lifted(outline: &Outline, from: usize, to: usize) -> Option<(usize, usize)> {
    let above: Vec<usize> = outline.with_ancestors(from).collect();
    let common = outline.with_ancestors(to).find(|state| above.contains(state))?;
    let child = |state: usize| outline.with_ancestors(state).take_while(|found| *found != common).last();
    Some((child(from)?, child(to)?))
}

/// Targets that so many transitions lead to from elsewhere get no arrows from there.
const HUB: usize = 4;

/// How many transitions lead to each state from elsewhere.
fn arrivals(outline: &Outline) -> Vec<usize> {
    let mut arrivals = vec![0; outline.states.len()];
    for transition in
        outline.transitions.iter().filter(|transition| transition.kind == TransitionKind::Ordinary)
    {
        if way(outline, transition) == Way::Elsewhere {
            transition.targets.iter().for_each(|target| arrivals[*target] += 1);
        }
    }
    arrivals
}
