//! The W3C's implementation report charts (SCXML IRP) against the interpreter.
//!
//! The charts are not part of this repository: `SCXML_IRP_DIR` names the directory with the `testNNN.scxml` files and their
//! `manifest.json`; without it these tests say that they are skipped. The host is a small deterministic one: a virtual clock
//! for delays, children for `<invoke>`, and the targets that sessions can address.
//!
//! Every chart runs three times: as it is, with every session hibernating between two steps, and with every session written
//! to JSON and read back between two steps. All three have to end in `pass` with the same steps.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test says what it found, and stops at what cannot be"
)]

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use statecharts::{
    BrokenExpressions, Effect, Event, EventKind, Invoke, InvokeSource, Limits, ModuleSet, PartResolver,
    ResolvedPart, SESSION_ADDRESS, Send, Session, Snapshot, Source, Start, Status, Step, Worker,
    compile_with,
};

/// Charts that are not run, and why.
const EXCLUDED: &[(&str, &str)] = &[
    ("201", "needs the BasicHTTP event processor"),
    ("510", "needs the BasicHTTP event processor"),
    ("518", "needs the BasicHTTP event processor"),
    ("519", "needs the BasicHTTP event processor"),
    ("520", "needs the BasicHTTP event processor"),
    ("522", "needs the BasicHTTP event processor"),
    ("531", "needs the BasicHTTP event processor"),
    ("532", "needs the BasicHTTP event processor"),
];

/// Events after which a chart is taken to run for ever.
const EVENTS_MAX: usize = 1000;

/// What happens to sessions between two steps.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Between {
    Nothing,
    Hibernate,
    WriteAndRead,
}

/// Files beside the chart.
struct Files(PathBuf);

impl PartResolver for Files {
    fn resolve(&self, src: &str, _from_file: &str) -> Result<ResolvedPart, String> {
        let file = src.strip_prefix("file:").unwrap_or(src).to_owned();
        let text = fs::read_to_string(self.0.join(&file)).map_err(|error| error.to_string())?;
        Ok(ResolvedPart { file, text })
    }
}

/// A session with its place among the others.
struct Running {
    session: Session,
    parent: Option<String>,
    invokeid: Option<String>,
}

/// An event under way.
struct Delivery {
    due: Duration,
    to: String,
    event: Event,
    /// Session that sent it, if the event dies with it or can be cancelled.
    from: Option<String>,
    /// Id of the `<send>`.
    sendid: Option<String>,
    is_delayed: bool,
}

/// Everything that a chart can reach.
struct World {
    files: Files,
    worker: Worker,
    between: Between,
    now: Duration,
    sessions: BTreeMap<String, Running>,
    deliveries: VecDeque<Delivery>,
    next_session: u32,
    outcome: Option<Status>,
    trace: Vec<String>,
}

const MAIN: &str = "S1";

impl World {
    fn new(directory: &Path, between: Between) -> Self {
        Self {
            files: Files(directory.to_owned()),
            worker: Worker::new(Limits::default()).expect("there is memory for a script engine"),
            between,
            now: Duration::ZERO,
            sessions: BTreeMap::new(),
            deliveries: VecDeque::new(),
            next_session: 1,
            outcome: None,
            trace: Vec::new(),
        }
    }

    fn now_millis(&self) -> i64 {
        i64::try_from(self.now.as_millis()).expect("the virtual clock is small")
    }

    /// Starts a chart; what is wrong with it otherwise.
    fn start(&mut self, source: Source<'_>, invoke: Option<(&str, &Invoke)>) -> Result<(), String> {
        let compiled =
            compile_with(source, &Arc::new(ModuleSet::default()), &self.files, BrokenExpressions::Defer)
                .map_err(|error| error.to_string())?;
        let id = format!("S{}", self.next_session);
        self.next_session += 1;
        let start = Start {
            session_id: id.clone(),
            now_millis: self.now_millis(),
            parameters: invoke.map(|(_, invoke)| invoke.parameters.clone()).unwrap_or_default(),
            invokeid: invoke.map(|(_, invoke)| invoke.invokeid.clone()),
            parent: invoke.map(|(parent, _)| parent.to_owned()),
            ..Start::default()
        };
        let (session, step) = Session::start(compiled.chart, &mut self.worker, start);
        let running = Running {
            session,
            parent: invoke.map(|(parent, _)| parent.to_owned()),
            invokeid: invoke.map(|(_, invoke)| invoke.invokeid.clone()),
        };
        self.sessions.insert(id.clone(), running);
        self.carry_out(&id, step);
        Ok(())
    }

    fn run(&mut self) {
        for _ in 0..EVENTS_MAX {
            if self.outcome.is_some() {
                return;
            }
            let Some(due) = self.deliveries.iter().map(|delivery| delivery.due).min() else {
                return;
            };
            let index = self
                .deliveries
                .iter()
                .position(|delivery| delivery.due == due)
                .expect("the minimum is one of them");
            let delivery = self.deliveries.remove(index).expect("the index was found");
            self.now = self.now.max(due);
            self.deliver(&delivery.to, delivery.event);
        }
    }

    fn deliver(&mut self, to: &str, event: Event) {
        self.rest(to);
        let now = self.now_millis();
        let Some(running) = self.sessions.get_mut(to) else { return };
        let step = running.session.step(&mut self.worker, event, now);
        self.carry_out(to, step);
    }

    /// What happens between two steps.
    fn rest(&mut self, id: &str) {
        let Some(running) = self.sessions.get_mut(id) else { return };
        match self.between {
            Between::Nothing => {}
            Between::Hibernate => running.session.hibernate(&mut self.worker),
            Between::WriteAndRead => {
                let snapshot =
                    running.session.snapshot(&mut self.worker).expect("the session can be written");
                let text = serde_json::to_string(&snapshot).expect("a snapshot is JSON");
                let read: Snapshot = serde_json::from_str(&text).expect("a snapshot can be read back");
                running.session.hibernate(&mut self.worker);
                let chart = Arc::clone(running.session.chart());
                running.session = Session::restore(chart, read).expect("the snapshot fits its chart");
            }
        }
    }

    fn carry_out(&mut self, id: &str, step: Step) {
        self.trace.push(format!("{id} {} +{:?} -{:?}", step.number, step.entered, step.exited));
        for effect in step.effects {
            match effect {
                Effect::Send(send) => self.send(id, send),
                Effect::CancelSend { sendid } => self.deliveries.retain(|delivery| {
                    delivery.from.as_deref() != Some(id) || delivery.sendid.as_ref() != Some(&sendid)
                }),
                Effect::Invoke(invoke) => self.invoke(id, &invoke),
                Effect::CancelInvoke { invokeid } => {
                    if let Some(child) = self.child(id, &invokeid) {
                        self.rest(&child);
                        let now = self.now_millis();
                        if let Some(mut running) = self.sessions.remove(&child) {
                            let step = running.session.cancel(&mut self.worker, now);
                            self.trace.push(format!("{child} cancelled -{:?}", step.exited));
                            self.forget_delayed(&child);
                        }
                    }
                }
                Effect::Forward { invokeid, event } => {
                    if let Some(child) = self.child(id, &invokeid) {
                        self.push(child, event);
                    }
                }
                Effect::Log(_) => {}
                Effect::Verb(_) | Effect::Call(_) => panic!("no modules are registered"),
            }
        }
        if step.status == Status::Running {
            return;
        }
        if id == MAIN {
            self.outcome = Some(step.status.clone());
        }
        self.forget_delayed(id);
        let Some(ended) = self.sessions.remove(id) else { return };
        if let (Status::Ended { data, .. }, Some(parent), Some(invokeid)) =
            (step.status, ended.parent, ended.invokeid)
        {
            let event = Event {
                name: format!("done.invoke.{invokeid}"),
                data,
                invokeid: Some(invokeid),
                ..Event::default()
            };
            self.push(parent, event);
        }
    }

    /// Delayed events die with the session that sent them (scxml: 6.2).
    fn forget_delayed(&mut self, session: &str) {
        self.deliveries.retain(|delivery| !delivery.is_delayed || delivery.from.as_deref() != Some(session));
    }

    fn child(&self, parent: &str, invokeid: &str) -> Option<String> {
        self.sessions
            .iter()
            .find(|(_, running)| {
                running.parent.as_deref() == Some(parent) && running.invokeid.as_deref() == Some(invokeid)
            })
            .map(|(id, _)| id.clone())
    }

    fn push(&mut self, to: String, event: Event) {
        self.deliveries.push_back(Delivery {
            due: self.now,
            to,
            event,
            from: None,
            sendid: None,
            is_delayed: false,
        });
    }

    fn send(&mut self, from: &str, send: Send) {
        let mut event = send.event(from);
        let to = match send.target.as_deref() {
            None => Some(from.to_owned()),
            Some("#_parent" | "_parent") => {
                let running = self.sessions.get(from);
                event.invokeid = running.and_then(|running| running.invokeid.clone());
                running.and_then(|running| running.parent.clone())
            }
            Some(target) => match target.strip_prefix(SESSION_ADDRESS) {
                Some(session) => self.sessions.contains_key(session).then(|| session.to_owned()),
                None => target.strip_prefix("#_").and_then(|invokeid| self.child(from, invokeid)),
            },
        };
        match to {
            Some(to) => self.deliveries.push_back(Delivery {
                due: self.now + send.delay,
                to,
                event,
                from: Some(from.to_owned()),
                sendid: send.sendid,
                is_delayed: send.delay > Duration::ZERO,
            }),
            None => self.fail(from, send.sendid),
        }
    }

    fn fail(&mut self, session: &str, sendid: Option<String>) {
        let event = Event {
            name: "error.communication".to_owned(),
            kind: EventKind::Platform,
            sendid,
            ..Event::default()
        };
        self.push(session.to_owned(), event);
    }

    fn invoke(&mut self, parent: &str, invoke: &Invoke) {
        let known = ["scxml", "http://www.w3.org/TR/scxml/", "http://www.w3.org/TR/scxml"];
        if !invoke.kind.as_deref().is_none_or(|kind| known.contains(&kind)) {
            let event =
                Event { name: "error.execution".to_owned(), kind: EventKind::Platform, ..Event::default() };
            self.push(parent.to_owned(), event);
            return;
        }
        let text = match &invoke.source {
            InvokeSource::Content(text) => Ok(text.clone()),
            InvokeSource::Url(url) => self.files.resolve(url, "").map(|part| part.text),
        };
        let started = text.and_then(|text| {
            let source = Source { file: "child.scxml", text: &text };
            self.start(source, Some((parent, invoke)))
        });
        if let Err(reason) = started {
            self.trace.push(format!("the child of {parent} did not start: {reason}"));
            self.fail(parent, None);
        }
    }
}

/// Runs a chart: how it ended, and what happened.
fn run(directory: &Path, file: &str, between: Between) -> (Result<String, String>, Vec<String>) {
    let mut world = World::new(directory, between);
    let text = fs::read_to_string(directory.join(file)).expect("the manifest names files that exist");
    if let Err(reason) = world.start(Source { file, text: &text }, None) {
        return (Err(reason), Vec::new());
    }
    world.run();
    let outcome = match world.outcome {
        Some(Status::Ended { final_state, .. }) => Ok(final_state),
        Some(other) => Err(format!("{other:?}")),
        None => Err("it never ended".to_owned()),
    };
    (outcome, world.trace)
}

fn check(between: Between) {
    let Some(directory) = std::env::var_os("SCXML_IRP_DIR").map(PathBuf::from) else {
        eprintln!("Skipped: SCXML_IRP_DIR names no directory with the charts of the W3C.");
        return;
    };
    let manifest =
        fs::read_to_string(directory.join("manifest.json")).expect("the directory has a manifest.json");
    let manifest: Vec<Value> = serde_json::from_str(&manifest).expect("the manifest is JSON");
    let (mut passed, mut failed, mut excluded) = (BTreeMap::new(), Vec::new(), 0);
    for entry in &manifest {
        let id = entry["id"].as_str().expect("an entry has an id");
        if EXCLUDED.iter().any(|(known, _)| *known == id) {
            excluded += 1;
            continue;
        }
        let conformance = entry["conformance"].as_str().expect("an entry says whether it is mandatory");
        for file in entry["start"].as_array().expect("an entry names its charts") {
            let file = file.as_str().expect("a file is named by text");
            let (outcome, trace) = run(&directory, file, between);
            let reason = match outcome {
                Ok(state) if state == "pass" => {
                    let (_, plain) = run(&directory, file, Between::Nothing);
                    (plain != trace).then(|| format!("other steps than without: {plain:#?}"))
                }
                Ok(state) => Some(format!("it ended in `{state}`")),
                Err(reason) => Some(reason),
            };
            match reason {
                None => *passed.entry(conformance).or_insert(0) += 1,
                Some(reason) => failed.push(format!("{id} ({conformance}): {reason}\n{trace:#?}")),
            }
        }
    }
    println!("{between:?}: passed {passed:?}, failed {}, excluded {excluded}", failed.len());
    for (id, reason) in EXCLUDED {
        println!("excluded {id}: {reason}");
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(!passed.is_empty(), "the manifest names no chart");
}

#[test]
fn every_chart_of_the_w3c_passes() {
    check(Between::Nothing);
}

#[test]
fn every_chart_passes_when_sessions_hibernate_between_steps() {
    check(Between::Hibernate);
}

#[test]
fn every_chart_passes_when_sessions_are_written_and_read_between_steps() {
    check(Between::WriteAndRead);
}
