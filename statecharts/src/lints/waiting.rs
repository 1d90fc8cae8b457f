//! Waits that nothing limits.
//!
//! A request is answered by the platform, or by somebody behind it: a plugin, a switch, a customer. A state whose only way
//! out is such an answer waits for ever when the answer gets lost.

use std::collections::BTreeSet;

use super::flow::reachable;
use super::{ENDLESS_WAIT, Findings, Host, answers, takes};
use crate::Chart;
use crate::outline::{Action, Handler, Outline, State, StateKind, Transition};

pub(super) fn check(chart: &Chart, outline: &Outline, host: &Host, findings: &mut Findings<'_>) {
    let waits = Waits {
        chart,
        outline,
        host,
        answers: outline.actions().flat_map(|(_, action)| answers(chart, action)).collect(),
        timed: outline.delayed_sends().filter_map(|(_, send)| send.own_event()).collect(),
    };
    let reachable = reachable(outline);
    for (number, state) in outline.states.iter().enumerate() {
        if state.kind == StateKind::Atomic
            && reachable.get(number).copied().unwrap_or_default()
            && let Some(event) = waits.request(state)
            && !waits.is_limited(number, event)
        {
            let id = &state.id;
            findings.add(ENDLESS_WAIT, state.place, format!("`{id}` waits for `{event}` without a limit"));
        }
    }
}

struct Waits<'a> {
    chart: &'a Chart,
    outline: &'a Outline,
    host: &'a Host,
    /// Events that answer an element of this chart.
    answers: BTreeSet<&'static str>,
    /// Events that come by themselves after a time.
    timed: BTreeSet<&'a str>,
}

impl<'a> Waits<'a> {
    fn exits(&self, state: &'a State) -> impl Iterator<Item = &'a Transition> {
        let own = state.transitions.iter().filter_map(|number| self.outline.transitions.get(*number));
        own.filter(|transition| !transition.targets.is_empty())
    }

    /// The answer that a state waits for, if it can be left by nothing else of its own and may wait long.
    fn request(&self, state: &'a State) -> Option<&'a str> {
        let mut first = None;
        for exit in self.exits(state) {
            for event in &exit.events {
                let is_unasked = self.host.unasked.iter().any(|unasked| takes(event, unasked));
                if is_unasked || !self.answers.iter().any(|answer| takes(event, answer)) {
                    return None;
                }
                if !self.host.bounded.iter().any(|bounded| takes(bounded, event)) {
                    first.get_or_insert(event.as_str());
                }
            }
            // An eventless way out depends on what other parts of the chart do.
            if exit.events.is_empty() {
                return None;
            }
        }
        first
    }

    fn is_limited(&self, number: usize, awaited: &str) -> bool {
        let around =
            || self.outline.with_ancestors(number).filter_map(|state| self.outline.states.get(state));
        let begun = around().flat_map(|state| &state.onentry).flat_map(actions);
        let is_timer = |action: &&Action| {
            let is_awaited = answers(self.chart, action).any(|answer| takes(awaited, answer));
            action.is_delayed() || (is_awaited && action.attribute("timeout").is_some())
        };
        begun.filter(is_timer).count() > 0
            || around()
                .flat_map(|state| self.exits(state))
                .flat_map(|exit| &exit.events)
                .any(|event| self.ends(event))
            || self
                .entering(number)
                .flat_map(|entering| &entering.content)
                .flat_map(Action::with_descendants)
                .any(|action| is_timer(&action))
    }

    fn entering(&self, number: usize) -> impl Iterator<Item = &'a Transition> {
        self.outline.transitions.iter().filter(move |transition| transition.targets.contains(&number))
    }

    fn ends(&self, event: &str) -> bool {
        self.timed.iter().any(|timed| takes(event, timed))
            || self.host.ends.iter().any(|end| takes(event, end))
            || event.contains("timeout")
            || event.contains("expired")
    }
}

fn actions(handler: &Handler) -> impl Iterator<Item = &Action> {
    handler.content.iter().flat_map(Action::with_descendants)
}
