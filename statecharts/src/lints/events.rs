//! Events that nobody sends, and events that nobody hears.

use std::collections::{BTreeMap, BTreeSet};

use super::code::Program;
use super::tokens::Kind;
use super::{
    Findings, Host, NEVER_TAKEN, UNHEARD_EVENT, UNKNOWN_EVENT, answers, did_you_mean, nearest, takes,
};
use crate::Chart;
use crate::outline::{Outline, StateKind, Transition};

/// Families of events that the interpreter itself gives.
const OWN_FAMILIES: &[&str] = &["done", "error"];
/// Errors that any chart may meet.
const ERRORS: &[&str] = &["error.execution", "error.communication", "error.platform"];

/// Beginnings of the errors that a chart for ORS is told of as well (ors: 11).
const ERRORS_OF_ORS: &[&str] = &[
    "error.badfetch",
    "error.cancel",
    "error.illegalassign",
    "error.illegalcond",
    "error.illegaldata",
    "error.illegalloc",
    "error.illegalvalue",
    "error.notallowed",
    "error.script",
    "error.send",
];

pub(super) fn check(
    chart: &Chart,
    outline: &Outline,
    program: &Program<'_>,
    host: &Host,
    findings: &mut Findings<'_>,
) {
    let sent = Sent::of(chart, outline, host);
    for transition in &outline.transitions {
        for event in transition.events.iter().filter(|event| *event != "*") {
            if !done(outline, transition, event, findings) {
                sent.unknown(transition, event, host, findings);
            }
        }
    }
    unheard(chart, outline, program, findings);
}

/// Events of states and invocations that end. True when nothing else has to be said of this event.
fn done(outline: &Outline, transition: &Transition, event: &str, findings: &mut Findings<'_>) -> bool {
    let mut never = |message: String| findings.add(NEVER_TAKEN, transition.place, message);
    if let Some(id) = event.strip_prefix("done.state.") {
        let inside = format!("{id}.");
        let named = |state: &&crate::outline::State| *state.id == *id || state.id.starts_with(&inside);
        match outline.states.iter().position(|state| named(&state)) {
            None => {
                let near = nearest(id, outline.states.iter().map(|state| &*state.id));
                never(format!("`{event}` never comes: there is no state `{id}`{}", did_you_mean(near)));
            }
            Some(state) if !can_be_done(outline, state) => {
                never(format!("`{event}` never comes: `{id}` has no <final> that ends it"));
            }
            Some(_) => {}
        }
        return true;
    }
    if event == "done.invoke" || event.starts_with("done.invoke.") {
        let id = event.strip_prefix("done.invoke.").unwrap_or_default();
        let mut known = Vec::new();
        for (state, invoke) in
            outline.states.iter().flat_map(|state| state.invokes.iter().map(move |invoke| (state, invoke)))
        {
            match invoke.literal(&["id", "invokeid"]) {
                Some(name) => known.push(name.to_owned()),
                // The interpreter makes `state.number` of it.
                None if id.starts_with(&format!("{}.", state.id)) || id == &*state.id => return true,
                None => known.push(format!("{}.", state.id)),
            }
        }
        let is_known =
            if id.is_empty() { !known.is_empty() } else { known.iter().any(|name| takes(id, name)) };
        if !is_known {
            let near = nearest(id, known.iter().map(String::as_str));
            never(format!("`{event}` never comes: no <invoke> has this id{}", did_you_mean(near)));
        }
        return true;
    }
    false
}

/// Whether a state can come to its end (scxml: 3.7).
fn can_be_done(outline: &Outline, state: usize) -> bool {
    let Some(found) = outline.states.get(state) else { return false };
    let kind = |child: &usize| outline.states.get(*child).map(|child| child.kind);
    match found.kind {
        StateKind::Compound => found.children.iter().any(|child| kind(child) == Some(StateKind::Final)),
        StateKind::Parallel => found.children.iter().all(|child| can_be_done(outline, *child)),
        _ => false,
    }
}

/// The events that can reach a chart.
struct Sent {
    events: BTreeSet<String>,
    /// For each of the events, up to two different descriptors of transitions that take it.
    takers: BTreeMap<String, Vec<String>>,
    /// Events that the chart itself gives, and that one of its transitions handles.
    handled: BTreeSet<String>,
    /// All that the host could give if it was asked.
    host: BTreeSet<String>,
    /// The chart is one for ORS.
    is_ors: bool,
}

impl Sent {
    fn of(chart: &Chart, outline: &Outline, host: &Host) -> Self {
        let own: BTreeSet<String> = outline.own_events().map(|(_, _, event)| event.to_owned()).collect();
        let mut events = own.clone();
        events.extend(host.unasked.iter().chain(ERRORS).map(|event| (*event).to_owned()));
        for (_, action) in outline.actions() {
            if action.namespace.is_some() {
                events.extend(answers(chart, action).map(str::to_owned));
                events.insert(format!("error.unsupported.{}", action.local_name()));
            }
        }
        let mut all: BTreeSet<String> =
            host.unasked.iter().chain(ERRORS).map(|event| (*event).to_owned()).collect();
        for module in &chart.modules.modules {
            for element in module.elements {
                all.extend(element.answers.iter().map(|answer| answer.event.to_owned()));
            }
        }
        let descriptors: BTreeSet<&String> =
            outline.transitions.iter().flat_map(|transition| &transition.events).collect();
        let takers_of = |event: &String| {
            let takers = descriptors.iter().filter(|descriptor| takes(descriptor, event));
            takers.take(2).map(|descriptor| (*descriptor).clone()).collect()
        };
        let takers = events.iter().map(|event| (event.clone(), takers_of(event))).collect();
        let handled = own.iter().filter(|event| descriptors.contains(event)).cloned().collect();
        Self { events, takers, handled, host: all, is_ors: chart.is_ors_compatible() }
    }

    fn unknown(&self, transition: &Transition, event: &str, host: &Host, findings: &mut Findings<'_>) {
        if self.events.iter().any(|sent| takes(event, sent) || takes(sent, event)) {
            return;
        }
        // The end of a session that was started has its chart's name, which is not known here.
        if takes("done.scxml", event)
            || (self.is_ors && ERRORS_OF_ORS.iter().any(|known| takes(known, event)))
        {
            return;
        }
        let place = transition.place;
        let family = event.split('.').next().unwrap_or_default();
        if host.families.contains(&family) || OWN_FAMILIES.contains(&family) {
            let known = self.host.iter().find(|known| takes(event, known) || takes(known, event));
            match known {
                Some(_) => findings.add_with_hint(
                    UNKNOWN_EVENT,
                    place,
                    format!("nothing in this chart asks for what `{event}` answers"),
                    "Remove the transition, or add the element that asks.",
                ),
                None => {
                    let near = nearest(event, self.host.iter().map(String::as_str));
                    findings.add(
                        UNKNOWN_EVENT,
                        place,
                        format!("the platform never sends `{event}`{}", did_you_mean(near)),
                    );
                }
            }
            return;
        }
        // Anybody may send such a name from outside; it is suspicious only if it is almost one that is missing here.
        let is_handled_elsewhere = |known: &str| {
            self.takers.get(known).is_some_and(|takers| takers.iter().any(|other| other != event))
        };
        let candidates = self
            .events
            .iter()
            .map(String::as_str)
            .filter(|known| !self.handled.contains(*known) && !is_handled_elsewhere(known));
        let near = candidates
            .map(|known| (strsim::damerau_levenshtein(event, known), known))
            .filter(|(distance, known)| *distance <= if known.len() < 8 { 1 } else { 2 })
            .min();
        if let Some((_, near)) = near {
            findings.add(UNKNOWN_EVENT, place, format!("nobody sends `{event}`; did you mean `{near}`?"));
        }
    }
}

fn unheard(chart: &Chart, outline: &Outline, program: &Program<'_>, findings: &mut Findings<'_>) {
    let descriptors: BTreeSet<&str> =
        outline.transitions.iter().flat_map(|transition| &transition.events).map(String::as_str).collect();
    // What takes every event to go somewhere means all of them; what only looks on does not.
    let takes_all = |transition: &Transition| {
        transition.events.iter().any(|event| event == "*") && !transition.targets.is_empty()
    };
    let forwards = outline
        .states
        .iter()
        .flat_map(|state| &state.invokes)
        .any(|invoke| invoke.attribute("autoforward").is_some());
    if forwards || outline.transitions.iter().any(takes_all) {
        return;
    }
    for (_, action, event) in outline.own_events() {
        // A part is made for several charts; not each of them hears everything.
        if action.place.file != 0 || *action.position.file != *chart.file() {
            continue;
        }
        let is_heard = descriptors.iter().any(|descriptor| *descriptor != "*" && takes(descriptor, event));
        let is_named = || {
            program
                .pieces
                .iter()
                .flat_map(|piece| &piece.tokens)
                .any(|token| token.kind == Kind::Text && token.text == event)
        };
        if !is_heard && !is_named() {
            let near = nearest(event, descriptors.iter().copied());
            findings.add(
                UNHEARD_EVENT,
                action.place,
                format!("no transition of this chart names `{event}`{}", did_you_mean(near)),
            );
        }
    }
}
