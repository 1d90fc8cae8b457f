//! One case: a text that is read as a chart, and what holds of every chart that can be read.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use statecharts::{
    Attribute, AttributeKind, BrokenExpressions, Chart, Effect, Element, Event, Failure, Limits, Module,
    ModuleSet, NoParts, Session, Snapshot, Source, Start, Status, Step, Worker, compile_with,
};

use crate::chance::Chance;
use crate::{charts, mutations};

const KETTLE: Module = Module {
    namespace: "fuzz.example/kettle",
    prefix: "k",
    about: "boils water",
    elements: &[Element {
        name: "boil",
        about: "boils",
        unsupported: None,
        answers: &[],
        attributes: &[
            Attribute { name: "requestid", about: "", kind: AttributeKind::Location, required: false },
            Attribute { name: "water", about: "", kind: AttributeKind::Expression, required: true },
        ],
        children: &[],
    }],
};

/// What a run tries.
pub(crate) struct Trial {
    modules: Arc<ModuleSet>,
    /// Texts that somebody wrote: charts of the repository, and inputs that once did harm.
    written: Vec<String>,
}

/// Small enough that a chart without end is over soon.
fn limits() -> Limits {
    Limits {
        script_time: Duration::from_millis(3),
        script_patience: Duration::from_secs(5),
        heap: 8 << 20,
        microsteps: 100,
        state_entries: 20,
        work: 100_000,
        queue: 50,
        effects: 500,
        data: 1 << 20,
        ..Limits::default()
    }
}

impl Trial {
    /// Reads the charts of the repository that contains this crate, and the corpus.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub(crate) fn new() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut written = Vec::new();
        for folder in [
            "../charts",
            "../charts/parts",
            "../tests/hostile",
            "../benches",
            "../../examples/charts",
            "../../tests/conformance",
            "corpus",
        ] {
            let mut files = Vec::new();
            for entry in
                std::fs::read_dir(root.join(folder)).with_context(|| format!("cannot read {folder}"))?
            {
                files.push(entry?.path());
            }
            files.retain(|file| file.extension().is_some_and(|extension| extension == "scxml"));
            files.sort();
            for file in files {
                written.push(String::from_utf8_lossy(&std::fs::read(&file)?).into_owned());
            }
        }
        let modules = Arc::new(ModuleSet { modules: vec![KETTLE], ..ModuleSet::default() });
        Ok(Self { modules, written })
    }

    /// What somebody wrote, for the tests.
    #[cfg(test)]
    pub(crate) fn written(&self) -> &[String] {
        &self.written
    }

    /// The case of a seed.
    ///
    /// # Errors
    /// What does not hold.
    pub(crate) fn run(&self, seed: u64) -> Result<()> {
        let mut chance = Chance::new(seed);
        let text = self.text(&mut chance);
        self.try_text(&mut chance, &text)
    }

    /// The chart of a seed.
    pub(crate) fn text(&self, chance: &mut Chance) -> String {
        match chance.below(10) {
            0..=5 => charts::chart(chance),
            6 => {
                let made = charts::chart(chance);
                mutations::mutated(chance, &made)
            }
            _ => {
                let at = chance.below(self.written.len());
                let written = self.written.get(at).cloned().unwrap_or_default();
                mutations::mutated(chance, &written)
            }
        }
    }

    /// Reads a text, and runs it if it is a chart.
    ///
    /// # Errors
    /// What does not hold.
    pub(crate) fn try_text(&self, chance: &mut Chance, text: &str) -> Result<()> {
        let source = Source { file: "case.scxml", text };
        match compile_with(source, &self.modules, &NoParts, BrokenExpressions::Defer) {
            Ok(compiled) => compare(&compiled.chart, chance),
            Err(error) => {
                let lines = text.lines().count() + 1;
                for found in &error.diagnostics {
                    ensure!(found.line as usize <= lines && found.column > 0, "no such place: {found:?}");
                }
                ensure!(!error.diagnostics.is_empty(), "refused without a reason");
                Ok(())
            }
        }
    }
}

/// A session and its worker.
struct Run {
    worker: Worker,
    session: Session,
}

impl Run {
    fn new(chart: &Arc<Chart>) -> Result<(Self, Step)> {
        let mut worker = Worker::new(limits())?;
        let start = Start {
            session_id: "fuzz".to_owned(),
            now_millis: 1_000,
            ioprocessors: Arc::new(BTreeMap::new()),
            ..Start::default()
        };
        let (session, step) = Session::start(Arc::clone(chart), &mut worker, start);
        Ok((Self { worker, session }, step))
    }

    /// Writes the session down, forgets it, and reads it back, with a new worker or with the same. False when it cannot be written.
    fn again(&mut self, chance: &mut Chance) -> Result<bool> {
        let Ok(snapshot) = self.session.snapshot(&mut self.worker) else {
            return Ok(false);
        };
        let text = serde_json::to_string(&snapshot)?;
        if chance.percent(10) {
            damaged(self.session.chart(), &text, chance);
        }
        let read: Snapshot =
            serde_json::from_str(&text).context("a snapshot that was written cannot be read")?;
        let chart = Arc::clone(self.session.chart());
        self.session.hibernate(&mut self.worker);
        if chance.percent(15) {
            self.worker = Worker::new(limits())?;
        }
        self.session =
            Session::restore(chart, read).context("a snapshot that was written cannot be restored")?;
        Ok(true)
    }
}

/// A snapshot that somebody changed is refused or runs; nothing else is asked of it.
fn damaged(chart: &Arc<Chart>, text: &str, chance: &mut Chance) {
    let text = mutations::mutated(chance, text);
    let Ok(snapshot) = serde_json::from_str::<Snapshot>(&text) else { return };
    let Ok(mut session) = Session::restore(Arc::clone(chart), snapshot) else { return };
    let Ok(mut worker) = Worker::new(limits()) else { return };
    for event in ["a", "b"] {
        session.step(&mut worker, Event::external(event, json!({"n": 1})), 2_000);
    }
}

fn data(chance: &mut Chance) -> Value {
    match chance.below(6) {
        0 => Value::Null,
        1 => json!({"n": chance.below(5), "list": [1, "two", null]}),
        2 => json!([1, 2, {"#xml": "<a b='c'>d</a>"}]),
        3 => json!("text"),
        4 => json!({"__proto__": {"n": 1}, "constructor": 1, "toJSON": 2}),
        _ => json!(1.5e300),
    }
}

/// Runs a chart through, and once more with cuts: the trace must be the same.
fn compare(chart: &Arc<Chart>, chance: &mut Chance) -> Result<()> {
    let (mut through, expected) = Run::new(chart)?;
    let (mut cut, step) = Run::new(chart)?;
    if depends_on_the_engine(&expected) || depends_on_the_engine(&step) {
        return Ok(());
    }
    ensure!(step == expected, "two runs start differently: {step:?}\n{expected:?}");
    for number in 0..chance.below(25) {
        let event = Event {
            sendid: chance.percent(20).then(|| "i".to_owned()),
            invokeid: chance.percent(20).then(|| "i".to_owned()),
            ..Event::external(chance.one_of(charts::EVENTS), data(chance))
        };
        let cutting = chance.below(4);
        if cutting < 2 && !cut.again(chance)? {
            return Ok(());
        }
        if cutting == 2 {
            cut.session.hibernate(&mut cut.worker);
        }
        if matches!(cut.session.status(), Status::Failed { .. }) && through.session.is_running() {
            // It could not be written.
            return Ok(());
        }
        let now = 2_000 + i64::try_from(number)?;
        let is_cancelled = chance.percent(2);
        let take = |run: &mut Run| match is_cancelled {
            true => run.session.cancel(&mut run.worker, now),
            false => run.session.step(&mut run.worker, event.clone(), now),
        };
        let (expected, step) = (take(&mut through), take(&mut cut));
        if depends_on_the_engine(&expected) || depends_on_the_engine(&step) {
            return Ok(());
        }
        ensure!(step == expected, "step {number}, {event:?}: with cuts\n{step:?}\nwithout\n{expected:?}");
        holds(&through.session, &expected)?;
        let (with, without) = (cut.session.configuration(), through.session.configuration());
        ensure!(with == without, "step {number}: active with cuts {with:?}, without {without:?}");
    }
    Ok(())
}

/// Where the engine is asked for its heap or its work, and where the text of an error tells of the engine's state, runs may differ.
fn depends_on_the_engine(step: &Step) -> bool {
    let failure = match &step.status {
        Status::Failed { failure } => Some(failure),
        _ => None,
    };
    !step.exceeded.iter().all(|limit| !matches!(limit.as_str(), "stack" | "heap" | "script_time" | "data"))
        || matches!(failure, Some(Failure::Data { .. }))
}

/// What holds after every step.
fn holds(session: &Session, step: &Step) -> Result<()> {
    ensure!(session.is_running() == (step.status == Status::Running), "the status is not the step's");
    ensure!(
        session.is_running() != session.configuration().is_empty(),
        "active: {:?}",
        session.configuration()
    );
    let limits = limits();
    ensure!(step.effects.len() <= limits.effects, "{} effects", step.effects.len());
    if let Status::Failed { .. } = step.status {
        let ends_children = |effect: &Effect| matches!(effect, Effect::CancelInvoke { .. });
        ensure!(step.effects.iter().all(ends_children), "a failed step has effects: {:?}", step.effects);
    }
    Ok(())
}
