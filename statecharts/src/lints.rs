//! Finds what is allowed in a chart and yet probably wrong: states that are never entered, events that nobody sends, waits without an end.
//!
//! Lints are for tools. A chart that is loaded to run is not looked at by them. What only the host knows comes
//! with a [`Host`] and with the tables of its modules. A lint rather says nothing than something wrong: events from outside, names made at run time and data of parts are
//! taken on trust.
//!
//! An element with `_allow="name"`, a list of lints, silences them for itself and everything inside.

mod code;
mod events;
mod flow;
mod names;
#[cfg(test)]
mod tests;
mod tokens;
mod waiting;

use crate::outline::{Action, Outline, Position};
use crate::xml::Place;
use crate::{Chart, Severity};
use code::Program;

/// A lint.
#[derive(Debug, PartialEq, Eq)]
pub struct Lint {
    /// Name: stable, in lower case with hyphens.
    pub name: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it finds, one sentence.
    pub meaning: &'static str,
    /// What to do about it, one sentence.
    pub hint: &'static str,
}

const fn lint(name: &'static str, severity: Severity, meaning: &'static str, hint: &'static str) -> Lint {
    Lint { name, severity, meaning, hint }
}

macro_rules! lints {
    ($($constant:ident = $name:literal $severity:ident $meaning:literal $hint:literal;)*) => {
        $(pub(crate) const $constant: &Lint = &lint($name, Severity::$severity, $meaning, $hint);)*
        /// Every lint, by name.
        pub const LINTS: &[&Lint] = &[$($constant),*];
    };
}

lints! {
    BAD_DELAY = "bad-delay" Error
        "The delay of a `<send>` is a constant that is no time."
        "Write the number with its unit: '1.5s', '200ms', '5m' or '2h'.";
    ENDLESS_LOOP = "endless-loop" Error
        "Transitions without event and without condition lead back to where they began: the session would be ended."
        "Give one of them an event or a condition.";
    ENDLESS_WAIT = "endless-wait" Warning
        "A state waits for the answer to a request and for nothing else, and neither the chart nor the platform limits the wait."
        "Send an event with a delay in `<onentry>` and handle it, or give the request its `timeout`.";
    NEVER_TAKEN = "never-taken" Warning
        "A transition can never be taken: one before it takes its events, its condition is false, or its event cannot occur."
        "Remove it, or put the narrower transition first.";
    UNDECLARED_NAME = "undeclared-name" Warning
        "Code uses a name that the chart does not declare: it raises error.execution when it is executed."
        "Declare it by `<data id=\"…\"/>`, or correct the spelling.";
    UNHEARD_EVENT = "unheard-event" Warning
        "The chart raises an event, or sends it to itself, that none of its transitions names."
        "Correct the name, add a transition, or remove it.";
    UNKNOWN_EVENT = "unknown-event" Warning
        "A transition waits for an event that neither the chart nor the platform sends."
        "Correct the name, or ask for what is answered by it.";
    UNKNOWN_LINT = "unknown-lint" Warning
        "`_allow` names a lint that does not exist."
        "Correct the name.";
    UNKNOWN_OPTION = "unknown-option" Warning
        "The chart reads an option that neither the platform knows nor the chart declares."
        "Correct the name, or declare it by `<data id=\"…\" _type=\"parameter\"/>`.";
    UNKNOWN_SEND = "unknown-send" Warning
        "A `<cancel>` names an id that no `<send>` of the chart has."
        "Write the `id` of the `<send>`.";
    UNKNOWN_STATE = "unknown-state" Warning
        "`In()` asks for a state that the chart does not have."
        "Correct the id.";
    UNREACHABLE_STATE = "unreachable-state" Warning
        "No transition leads into a state."
        "Add the transition that is missing, or remove the state.";
    UNUSED_DATA = "unused-data" Warning
        "A `<data>` of the chart is never used. Parameters and data of parts are not looked at."
        "Remove it.";
    UNUSED_FUNCTION = "unused-function" Warning
        "A function of the chart is never called. Functions of parts are not looked at."
        "Remove it.";
}

/// What a lint found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The lint.
    pub lint: &'static Lint,
    /// Where.
    pub position: Position,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: String,
}

/// What the lints have to know of the host.
#[derive(Clone, Debug)]
pub struct Host {
    /// First words of the names of events that only the host gives, such as `queue`.
    pub families: &'static [&'static str],
    /// Events that may come whatever the chart does.
    pub unasked: Vec<&'static str>,
    /// Events of `unasked` that end every wait sooner or later.
    pub ends: &'static [&'static str],
    /// Beginnings of the names of answers that always come, because the host limits the time for them.
    pub bounded: &'static [&'static str],
    /// The parameter whose properties are the options; their names begin with `_`.
    pub options: &'static str,
    /// Whether an option is known.
    pub option: fn(&str) -> KnownOption,
}

/// Whether an option is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KnownOption {
    /// It is.
    Yes,
    /// It is not; the known name that is most like it.
    No(Option<String>),
}

impl Default for Host {
    /// A host that gives no events and has no options.
    fn default() -> Self {
        Self {
            families: &[],
            unasked: Vec::new(),
            ends: &[],
            bounded: &[],
            options: "_options",
            option: |_| KnownOption::Yes,
        }
    }
}

const HEAD: &str = "\
# Lints of charts

Printed by `ringback chart validate --list` from the code of the lints; do not edit it by hand.

`ringback chart validate FILE…` reads a chart as the platform does, with its parts and all its expressions, and names every mistake that
keeps it from running with file, line, column and the nearest known name. In a chart that loads, lints look for what is allowed and yet
probably wrong. Warnings leave a chart valid; with `--strict` they count as errors. `--json` is for programs; `--help` describes it. The
engine does not run lints when it loads a chart.

A lint rather says nothing than something wrong. Events that do not begin with a word of the platform (`queue.`, `interaction.`, `error.` …)
may come from anywhere and are taken on trust, unless they are almost one that the chart itself sends. Data and functions of parts
may be unused, because parts serve several charts.

## When a lint is wrong

An element with `_allow`, a list of lints, silences them for itself and everything inside, parts that it includes among them:

```xml
<state id=\"waits_for_the_world\" _allow=\"endless-wait\">…</state>
```

Put it on the element that needs it and say in a comment why. A `<script>` at the top of a part needs an `_allow` of its own.

## The lints

";

/// What the lints look for, as Markdown: `docs/lints.md`.
#[must_use]
pub fn markdown() -> String {
    let mut text = HEAD.to_owned();
    for Lint { name, severity, meaning, hint } in LINTS {
        text.push_str(&format!("### {name} ({severity})\n\n{meaning} {hint}\n\n"));
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// Looks for everything that the lints know, in document order.
#[must_use]
pub fn check(chart: &Chart, host: &Host) -> Vec<Finding> {
    let outline = Outline::of(chart);
    let program = Program::of(chart, &outline);
    let mut findings = Findings { outline: &outline, found: Vec::new() };
    flow::check(&outline, &mut findings);
    events::check(chart, &outline, &program, host, &mut findings);
    waiting::check(chart, &outline, host, &mut findings);
    names::check(chart, &outline, &program, host, &mut findings);
    silences(&outline, &mut findings);
    findings.finish()
}

/// Names of lints that do not exist.
fn silences(outline: &Outline, findings: &mut Findings<'_>) {
    for silenced in &outline.silenced {
        let Some(place) = silenced.attribute else { continue };
        for name in &silenced.lints {
            if LINTS.iter().all(|lint| lint.name != name) {
                let near = nearest(name, LINTS.iter().map(|lint| lint.name));
                findings.add(UNKNOWN_LINT, place, format!("there is no lint `{name}`{}", did_you_mean(near)));
            }
        }
    }
}

/// What was found so far.
struct Findings<'a> {
    outline: &'a Outline,
    found: Vec<(Place, Finding)>,
}

impl Findings<'_> {
    fn add(&mut self, lint: &'static Lint, place: Place, message: impl Into<String>) {
        self.add_with_hint(lint, place, message, lint.hint);
    }

    fn add_with_hint(
        &mut self,
        lint: &'static Lint,
        place: Place,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        let is_silenced = self.outline.silenced.iter().any(|silenced| {
            let offset = place.offset as usize;
            silenced.file == place.file
                && silenced.range.contains(&offset)
                && silenced.lints.iter().any(|name| name == lint.name)
        });
        if !is_silenced {
            let position = self.outline.position(place);
            let finding = Finding { lint, position, message: message.into(), hint: hint.into() };
            self.found.push((place, finding));
        }
    }

    fn finish(mut self) -> Vec<Finding> {
        self.found.sort_by(|(a, first), (b, second)| (a, first.lint.name).cmp(&(b, second.lint.name)));
        // A part that two states include has its mistakes once.
        let mut all: Vec<Finding> = Vec::new();
        for (_, finding) in self.found {
            if !all.contains(&finding) {
                all.push(finding);
            }
        }
        all
    }
}

/// The events with which an element is answered.
fn answers(chart: &Chart, action: &Action) -> impl Iterator<Item = &'static str> {
    let module = action.namespace.as_deref().and_then(|namespace| chart.modules.module(namespace));
    let element =
        module.and_then(|module| module.elements.iter().find(|known| known.name == action.local_name()));
    element.into_iter().flat_map(|element| element.answers).map(|answer| answer.event)
}

/// The candidate that is most like `name`, if one is like it at all.
fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(likeness, candidate)| *likeness > 0.85 && *candidate != name)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

fn did_you_mean(near: Option<&str>) -> String {
    near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
}

/// Whether a descriptor takes an event, or everything that another descriptor takes (scxml: 3.12.1).
fn takes(descriptor: &str, event: &str) -> bool {
    descriptor == "*"
        || event.strip_prefix(descriptor).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
