//! The text of a scenario file.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};
use toml::Spanned;

use super::effects::Pattern;
use crate::duration::parse_duration;
use crate::load::vocabulary::did_you_mean;
use crate::{Diagnostic, Event, Severity};

/// A scenario file: a chart, and what happens to sessions of it.
#[derive(Clone, Debug)]
pub struct Document {
    /// Name of the file, as messages give it.
    pub file: String,
    /// The chart as the file names it; `None` when it names none.
    pub chart: Option<String>,
    /// Where it names it.
    pub chart_place: Place,
    /// Start of the clock in epoch milliseconds. Default 0.
    pub epoch_millis: i64,
    /// Key of the data of every event that receives the time of the event in epoch milliseconds; `None` adds none.
    pub time_key: Option<String>,
    /// The scenarios in the order of the file.
    pub scenarios: Vec<Scenario>,
}

/// One session from its start to where the scenario leaves it.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Where it begins.
    pub place: Place,
    /// What it shows.
    pub name: String,
    /// Start parameters: those of the file, overridden by those of the scenario.
    pub parameters: Map<String, Value>,
    /// What the start must lead to.
    pub start: Expectation,
    /// What happens then.
    pub steps: Vec<Step>,
}

/// One thing that happens, and what must come of it.
#[derive(Clone, Debug)]
pub struct Step {
    /// Number of the `[[scenario.step]]` that it comes from, from 1.
    pub number: usize,
    /// Where it begins.
    pub place: Place,
    /// When it happens.
    pub moment: Moment,
    /// What happens.
    pub action: Action,
    /// So many steps before it are looked at together with it: those of a sequence.
    pub with_before: usize,
    /// What must come of it.
    pub expectation: Expectation,
}

/// When a step happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// So long after the step before; timers that become due meanwhile fire first.
    After(Duration),
    /// So long after the start of the session.
    At(Duration),
}

/// What happens in a step.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Time passes.
    Wait,
    /// An event arrives. With `about` its data name that request.
    Send {
        /// The event.
        event: Event,
        /// Element or id of a request.
        about: Option<String>,
    },
    /// A request is answered.
    Answer {
        /// Element or id of the request.
        request: String,
        /// Whether it is the answer of success.
        is_done: bool,
        /// Data of the answer; `requestid` is added.
        data: Map<String, Value>,
    },
    /// The session is ended from outside.
    Cancel,
}

/// What must hold after a step. What is not said is not looked at.
#[derive(Clone, Debug, Default)]
pub struct Expectation {
    /// Exactly these atomic states are active, in any order.
    pub active: Option<Placed<Vec<String>>>,
    /// These states are active, atomic or not.
    pub is_in: Option<Placed<Vec<String>>>,
    /// These states are not active.
    pub not_in: Option<Placed<Vec<String>>>,
    /// These effects are among those of the step, in this order.
    pub effects: Vec<Placed<Pattern>>,
    /// These are all effects of the step, in this order.
    pub only_effects: Option<Placed<Vec<Placed<Pattern>>>>,
    /// No effect of the step is like one of these.
    pub no_effects: Vec<Placed<Pattern>>,
    /// These variables have these values; an object may have further keys.
    pub data: Option<Placed<Map<String, Value>>>,
    /// These expressions hold.
    pub that: Vec<Placed<String>>,
    /// Whether the session has ended.
    pub done: Option<Placed<bool>>,
    /// Id of the final state in which it ended.
    pub final_state: Option<Placed<String>>,
    /// What it ended with; an object may have further keys.
    pub donedata: Option<Placed<Value>>,
    /// Exactly the events with these names are waiting for their time, in any order.
    pub timers: Option<Placed<Vec<String>>>,
}

/// A line and a column, both from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Line.
    pub line: u32,
    /// Column in characters.
    pub column: u32,
}

/// Something with its place in the file.
#[derive(Clone, Debug)]
pub struct Placed<T> {
    /// Where it stands.
    pub place: Place,
    /// What stands there.
    pub value: T,
}

/// A scenario file that cannot be used. Displayed as one diagnostic per line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct DocumentError {
    /// What is wrong, in the order of the file.
    pub diagnostics: Vec<Diagnostic>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileText {
    chart: Option<Spanned<String>>,
    /// Epoch seconds.
    time: Option<i64>,
    time_key: Option<String>,
    #[serde(default)]
    parameters: Map<String, Value>,
    #[serde(default)]
    sequence: BTreeMap<String, Vec<Spanned<StepText>>>,
    #[serde(default)]
    scenario: Vec<Spanned<ScenarioText>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScenarioText {
    name: Spanned<String>,
    #[serde(default)]
    parameters: Map<String, Value>,
    #[serde(default)]
    expect: ExpectText,
    #[serde(default)]
    step: Vec<Spanned<StepText>>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct StepText {
    after: Option<Spanned<String>>,
    at: Option<Spanned<String>>,
    send: Option<Spanned<String>>,
    about: Option<Spanned<String>>,
    sendid: Option<Spanned<String>>,
    answer: Option<Spanned<String>>,
    fail: Option<Spanned<String>>,
    data: Option<Spanned<Value>>,
    cancel: Option<Spanned<bool>>,
    play: Option<Spanned<String>>,
    #[serde(default)]
    expect: ExpectText,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectText {
    active: Option<Spanned<Vec<String>>>,
    r#in: Option<Spanned<Vec<String>>>,
    not_in: Option<Spanned<Vec<String>>>,
    #[serde(default)]
    effects: Vec<Spanned<Value>>,
    only_effects: Option<Spanned<Vec<Spanned<Value>>>>,
    #[serde(default)]
    no_effects: Vec<Spanned<Value>>,
    data: Option<Spanned<Map<String, Value>>>,
    #[serde(default)]
    that: Vec<Spanned<String>>,
    done: Option<Spanned<bool>>,
    r#final: Option<Spanned<String>>,
    donedata: Option<Spanned<Value>>,
    timers: Option<Spanned<Vec<String>>>,
}

impl Document {
    /// Reads a scenario file.
    ///
    /// # Errors
    /// Everything that is wrong with it, with line and column.
    pub fn read(file: &str, text: &str) -> Result<Self, DocumentError> {
        let mut reader = Reader::new(file, text);
        let parsed: FileText = match toml::from_str(text) {
            Ok(parsed) => parsed,
            Err(error) => {
                let place = reader.place(&error.span().unwrap_or(0..0));
                let message = error.message();
                reader.problem(place, format!("{message}{}", known_like(message)));
                return Err(DocumentError { diagnostics: reader.diagnostics });
            }
        };
        let mut common = parsed.parameters;
        reader.json_values(&mut common, Place { line: 1, column: 1 });
        let scenarios: Vec<Scenario> = parsed
            .scenario
            .into_iter()
            .map(|scenario| reader.scenario(scenario, &common, &parsed.sequence))
            .collect();
        let document = Self {
            file: file.to_owned(),
            chart_place: parsed
                .chart
                .as_ref()
                .map_or(Place { line: 1, column: 1 }, |chart| reader.place(&chart.span())),
            chart: parsed.chart.map(Spanned::into_inner),
            epoch_millis: parsed.time.unwrap_or(0).saturating_mul(1000),
            time_key: parsed.time_key,
            scenarios,
        };
        if document.scenarios.is_empty() && reader.diagnostics.is_empty() {
            reader.problem(Place { line: 1, column: 1 }, "there is no [[scenario]] in this file".to_owned());
        }
        if reader.diagnostics.is_empty() {
            Ok(document)
        } else {
            Err(DocumentError { diagnostics: reader.diagnostics })
        }
    }
}

/// For `unknown field …, expected one of …` the known name that is most like it.
fn known_like(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    match (message.starts_with("unknown field"), quoted.next()) {
        (true, Some(name)) => did_you_mean(name, quoted),
        _ => String::new(),
    }
}

struct Reader<'t> {
    file: &'t str,
    text: &'t str,
    line_starts: Vec<usize>,
    diagnostics: Vec<Diagnostic>,
}

impl<'t> Reader<'t> {
    fn new(file: &'t str, text: &'t str) -> Self {
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { file, text, line_starts, diagnostics: Vec::new() }
    }

    fn place(&self, span: &Range<usize>) -> Place {
        let line = self.line_starts.partition_point(|start| *start <= span.start).max(1);
        let start = self.line_starts.get(line - 1).copied().unwrap_or(0);
        let column = self.text.get(start..span.start).map_or(0, |before| before.chars().count()) + 1;
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Place { line: number(line), column: number(column) }
    }

    fn placed<T>(&self, spanned: Spanned<T>) -> Placed<T> {
        Placed { place: self.place(&spanned.span()), value: spanned.into_inner() }
    }

    fn problem(&mut self, place: Place, message: String) {
        self.diagnostics.push(Diagnostic {
            severity: Severity::Error,
            file: self.file.to_owned(),
            line: place.line,
            column: place.column,
            message,
        });
    }

    /// TOML has no null: a table whose one key is `json` stands for the value of that text.
    fn json_value(&mut self, value: &mut Value, place: Place) {
        match value {
            Value::Object(object) => {
                if let (1, Some(Value::String(text))) = (object.len(), object.get("json")) {
                    match serde_json::from_str(text) {
                        Ok(read) => *value = read,
                        Err(error) => self.problem(place, format!("`json = '{text}'` is no JSON: {error}")),
                    }
                    return;
                }
                self.json_values(object, place);
            }
            Value::Array(items) => {
                for item in items {
                    self.json_value(item, place);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn json_values(&mut self, object: &mut Map<String, Value>, place: Place) {
        for (_, value) in object.iter_mut() {
            self.json_value(value, place);
        }
    }

    fn scenario(
        &mut self,
        scenario: Spanned<ScenarioText>,
        common: &Map<String, Value>,
        sequences: &BTreeMap<String, Vec<Spanned<StepText>>>,
    ) -> Scenario {
        let mut scenario = scenario.into_inner();
        let place = self.place(&scenario.name.span());
        self.json_values(&mut scenario.parameters, place);
        let mut parameters = common.clone();
        override_with(&mut parameters, scenario.parameters);
        let start = self.expectation(scenario.expect);
        let mut steps = Vec::new();
        for (index, step) in scenario.step.into_iter().enumerate() {
            self.step(step, index + 1, sequences, &mut steps);
        }
        Scenario { place, name: scenario.name.into_inner(), parameters, start, steps }
    }

    /// Appends a step, or the steps of a sequence.
    fn step(
        &mut self,
        step: Spanned<StepText>,
        number: usize,
        sequences: &BTreeMap<String, Vec<Spanned<StepText>>>,
        steps: &mut Vec<Step>,
    ) {
        let Placed { place: begin, value: mut step } = self.placed(step);
        let place = step.first_place().map_or(begin, |span| self.place(&span));
        let Some(play) = step.play.take() else {
            let step = self.plain_step(step, number, place);
            steps.push(step);
            return;
        };
        let name = self.placed(play);
        let Some(sequence) = sequences.get(&name.value) else {
            let like = did_you_mean(&name.value, sequences.keys().map(String::as_str));
            self.problem(name.place, format!("there is no [[sequence.{}]]{like}", name.value));
            return;
        };
        if !step.is_bare() {
            self.problem(name.place, "`play` stands alone, with `after`, `at` and `expect`".to_owned());
        }
        let first = steps.len();
        for part in sequence {
            let Placed { place: begin, value: part } = self.placed(part.clone());
            let place = part.first_place().map_or(begin, |span| self.place(&span));
            if let Some(play) = &part.play {
                let place = self.place(&play.span());
                self.problem(place, "a sequence cannot play another one".to_owned());
                return;
            }
            let part = self.plain_step(part, number, place);
            steps.push(part);
        }
        if step.after.is_some() || step.at.is_some() {
            let moment = self.moment(&mut step);
            if let Some(first) = steps.get_mut(first) {
                first.moment = moment;
            }
        }
        let with_before = steps.len() - first;
        let expectation = self.expectation(step.expect);
        let moment = Moment::After(Duration::ZERO);
        steps.push(Step { number, place, moment, action: Action::Wait, with_before, expectation });
    }

    fn plain_step(&mut self, mut step: StepText, number: usize, place: Place) -> Step {
        let moment = self.moment(&mut step);
        let given = [
            step.send.is_some(),
            step.answer.is_some(),
            step.fail.is_some(),
            step.cancel.as_ref().is_some_and(|cancel| *cancel.get_ref()),
        ];
        if given.into_iter().filter(|given| *given).count() > 1 {
            self.problem(place, "a step has at most one of `send`, `answer`, `fail` and `cancel`".to_owned());
        }
        let data = step.data.map(|data| {
            let mut data = self.placed(data);
            self.json_value(&mut data.value, data.place);
            data
        });
        let is_send = step.send.is_some();
        for (key, stray) in [("about", &step.about), ("sendid", &step.sendid)] {
            if let (false, Some(stray)) = (is_send, stray) {
                let place = self.place(&stray.span());
                self.problem(place, format!("`{key}` belongs to `send`"));
            }
        }
        let action = if let Some(name) = step.send {
            let event = Event {
                name: name.into_inner(),
                data: data.map(|data| data.value),
                sendid: step.sendid.map(Spanned::into_inner),
                ..Event::default()
            };
            Action::Send { event, about: step.about.map(Spanned::into_inner) }
        } else if let Some(request) = step.answer.as_ref().or(step.fail.as_ref()) {
            let data = match data {
                None => Map::new(),
                Some(Placed { value: Value::Object(data), .. }) => data,
                Some(other) => {
                    self.problem(other.place, "the data of an answer are a table".to_owned());
                    Map::new()
                }
            };
            Action::Answer { request: request.get_ref().clone(), is_done: step.answer.is_some(), data }
        } else {
            if let Some(data) = data {
                self.problem(data.place, "`data` belongs to `send`, `answer` or `fail`".to_owned());
            }
            if given.contains(&true) { Action::Cancel } else { Action::Wait }
        };
        let expectation = self.expectation(step.expect);
        Step { number, place, moment, action, with_before: 0, expectation }
    }

    fn moment(&mut self, step: &mut StepText) -> Moment {
        match (step.after.take(), step.at.take()) {
            (None, None) => Moment::After(Duration::ZERO),
            (Some(after), None) => Moment::After(self.duration(after)),
            (None, Some(at)) => Moment::At(self.duration(at)),
            (Some(_), Some(at)) => {
                let place = self.place(&at.span());
                self.problem(place, "a step has `after` or `at`, not both".to_owned());
                Moment::After(Duration::ZERO)
            }
        }
    }

    fn duration(&mut self, text: Spanned<String>) -> Duration {
        let text = self.placed(text);
        parse_duration(&text.value).unwrap_or_else(|| {
            self.problem(
                text.place,
                format!("`{}` is no time; write `1.5s`, `200ms`, `5m`, `2h` or `1d`", text.value),
            );
            Duration::ZERO
        })
    }

    fn patterns(&mut self, patterns: Vec<Spanned<Value>>) -> Vec<Placed<Pattern>> {
        let mut read = Vec::new();
        for pattern in patterns {
            let Placed { place, mut value } = self.placed(pattern);
            self.json_value(&mut value, place);
            match Pattern::read(value) {
                Ok(value) => read.push(Placed { place, value }),
                Err(message) => self.problem(place, message),
            }
        }
        read
    }

    fn expectation(&mut self, text: ExpectText) -> Expectation {
        let data = text.data.map(|data| {
            let mut data = self.placed(data);
            self.json_values(&mut data.value, data.place);
            data
        });
        let donedata = text.donedata.map(|data| {
            let mut data = self.placed(data);
            self.json_value(&mut data.value, data.place);
            data
        });
        let only_effects = text.only_effects.map(|only| {
            let only = self.placed(only);
            Placed { place: only.place, value: self.patterns(only.value) }
        });
        Expectation {
            active: text.active.map(|active| self.placed(active)),
            is_in: text.r#in.map(|states| self.placed(states)),
            not_in: text.not_in.map(|states| self.placed(states)),
            effects: self.patterns(text.effects),
            only_effects,
            no_effects: self.patterns(text.no_effects),
            data,
            that: text.that.into_iter().map(|that| self.placed(that)).collect(),
            done: text.done.map(|done| self.placed(done)),
            final_state: text.r#final.map(|state| self.placed(state)),
            donedata,
            timers: text.timers.map(|timers| self.placed(timers)),
        }
    }
}

impl StepText {
    /// Where its first key has its value.
    fn first_place(&self) -> Option<Range<usize>> {
        let texts = [&self.after, &self.at, &self.send, &self.answer, &self.fail, &self.play];
        let spans = texts.into_iter().flatten().map(Spanned::span);
        spans.chain(self.cancel.as_ref().map(Spanned::span)).min_by_key(|span| span.start)
    }

    /// Whether nothing happens in it.
    fn is_bare(&self) -> bool {
        self.send.is_none()
            && self.answer.is_none()
            && self.fail.is_none()
            && self.cancel.is_none()
            && self.data.is_none()
            && self.about.is_none()
            && self.sendid.is_none()
    }
}

/// Overrides values by name; tables are merged key by key.
pub(super) fn override_with(values: &mut Map<String, Value>, by: Map<String, Value>) {
    for (name, value) in by {
        match (values.get_mut(&name), value) {
            (Some(Value::Object(old)), Value::Object(new)) => override_with(old, new),
            (_, value) => {
                values.insert(name, value);
            }
        }
    }
}
