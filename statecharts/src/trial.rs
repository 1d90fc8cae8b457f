//! What the tests of this crate share: a small registered module, and sessions of charts written in the test.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::{
    Answer, Attribute, AttributeKind, BrokenExpressions, Chart, Effect, Element, Event, Function,
    FunctionKind, Limits, LoadError, Module, ModuleSet, NoParts, Session, Snapshot, Source, Start, Step,
    Verb, Worker, compile_with,
};

const fn attribute(name: &'static str, kind: AttributeKind, required: bool) -> Attribute {
    Attribute { name, kind, required, about: "" }
}

const fn function(path: &'static str, kind: FunctionKind) -> Function {
    Function { path, kind, arguments: "", about: "" }
}

/// A module about tea, which the interpreter knows nothing of.
const TEA: Module = Module {
    namespace: "tea.example/modules/kettle",
    prefix: "tea",
    about: "",
    elements: &[
        Element {
            name: "boil",
            about: "",
            unsupported: None,
            answers: &[
                Answer { event: "kettle.boil.done", data: &["requestid"], about: "" },
                Answer { event: "error.kettle.boil", data: &["requestid", "error"], about: "" },
            ],
            attributes: &[
                attribute("requestid", AttributeKind::Location, false),
                attribute("water", AttributeKind::Expression, true),
                attribute("degrees", AttributeKind::Integer, false),
                attribute("whistle", AttributeKind::Boolean, false),
                attribute("leaf", AttributeKind::Token(&["green", "black"]), false),
                attribute("hints", AttributeKind::Expression, false),
                attribute("note", AttributeKind::Word, false),
            ],
            children: &[Element {
                name: "cups",
                about: "",
                unsupported: None,
                answers: &[],
                attributes: &[],
                children: &[Element {
                    name: "cup",
                    about: "",
                    unsupported: None,
                    answers: &[],
                    attributes: &[attribute("expr", AttributeKind::Expression, false)],
                    children: &[],
                }],
            }],
        },
        Element {
            name: "pour",
            about: "",
            unsupported: None,
            answers: &[],
            attributes: &[attribute("requestid", AttributeKind::Expression, true)],
            children: &[],
        },
    ],
};

/// The registered module, a constant and a function.
pub(crate) fn modules() -> Arc<ModuleSet> {
    Arc::new(ModuleSet {
        modules: vec![TEA],
        constants: vec![("_tea".to_owned(), json!({"leaf": {"Green": 1, "Black": 2}, "list": [1, 2]}))],
        functions: vec![
            function("_tea.kettle.tell", FunctionKind::Effect),
            function("_tea.kettle.count", FunctionKind::Reading),
            function("_tea.shelf", FunctionKind::Property),
        ],
    })
}

/// The text of a chart with the usual head.
pub(crate) fn text(body: &str) -> String {
    format!(
        "<scxml xmlns='http://www.w3.org/2005/07/scxml' xmlns:t='http://tea.example/modules/kettle' version='1.0' name='trial'>{body}</scxml>"
    )
}

/// Loads a chart.
pub(crate) fn load(text: &str) -> Result<Arc<Chart>, LoadError> {
    let source = Source { file: "trial.scxml", text };
    compile_with(source, &modules(), &NoParts, BrokenExpressions::Refuse).map(|compiled| compiled.chart)
}

/// A session under test, with its worker.
pub(crate) struct Trial {
    pub(crate) worker: Worker,
    pub(crate) session: Session,
    /// Every step since the start.
    pub(crate) steps: Vec<Step>,
    pub(crate) now_millis: i64,
}

impl Trial {
    /// Starts the chart with this body.
    #[track_caller]
    pub(crate) fn of(body: &str) -> Self {
        Self::with(body, Limits::default(), Map::new())
    }

    #[track_caller]
    pub(crate) fn with(body: &str, limits: Limits, parameters: Map<String, Value>) -> Self {
        Self::of_chart(load(&text(body)).unwrap(), limits, parameters)
    }

    /// Starts a chart.
    pub(crate) fn of_chart(chart: Arc<Chart>, limits: Limits, parameters: Map<String, Value>) -> Self {
        let mut worker = Worker::new(limits).unwrap();
        let start = Start {
            session_id: "S1".to_owned(),
            parameters,
            now_millis: 1_000,
            ioprocessors: Arc::new(BTreeMap::new()),
            ..Start::default()
        };
        let (session, step) = Session::start(chart, &mut worker, start);
        Self { worker, session, steps: vec![step], now_millis: 1_000 }
    }

    /// Sends an event without data.
    pub(crate) fn send(&mut self, name: &str) -> &Step {
        self.event(Event { name: name.to_owned(), ..Event::default() })
    }

    /// Sends an event with data.
    pub(crate) fn send_with(&mut self, name: &str, data: Value) -> &Step {
        self.event(Event::external(name, data))
    }

    pub(crate) fn event(&mut self, event: Event) -> &Step {
        let step = self.session.step(&mut self.worker, event, self.now_millis);
        self.steps.push(step);
        self.last()
    }

    pub(crate) fn last(&self) -> &Step {
        self.steps.last().unwrap()
    }

    /// The atomic and compound states that are active.
    pub(crate) fn active(&self) -> Vec<&str> {
        self.session.configuration()
    }

    /// What `<log label="…">` said since the start, as `label=value`; a log without label is its value.
    pub(crate) fn logs(&self) -> Vec<String> {
        let logs = self.steps.iter().flat_map(|step| &step.effects).filter_map(|effect| match effect {
            Effect::Log(log) if log.label.is_empty() => Some(log.value.to_string()),
            Effect::Log(log) => Some(format!("{}={}", log.label, log.value)),
            _ => None,
        });
        logs.collect()
    }

    /// The verbs of the last step.
    pub(crate) fn verbs(&self) -> Vec<&Verb> {
        let effects = self.last().effects.iter();
        effects
            .filter_map(|effect| match effect {
                Effect::Verb(verb) => Some(verb),
                _ => None,
            })
            .collect()
    }

    /// Writes the session down and reads it back.
    pub(crate) fn write_and_read(&mut self) {
        let snapshot = self.session.snapshot(&mut self.worker).unwrap();
        let text = serde_json::to_string(&snapshot).unwrap();
        let read: Snapshot = serde_json::from_str(&text).unwrap();
        self.session.hibernate(&mut self.worker);
        self.session = Session::restore(Arc::clone(self.session.chart()), read).unwrap();
    }
}

/// Logs every event with its name, wherever the session is.
pub(crate) const LOG_EVENTS: &str =
    "<transition event='*'><log label='event' expr='_event.name'/></transition>";
