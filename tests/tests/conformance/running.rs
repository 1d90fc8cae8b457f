//! One chart, run to its end in different ways.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::Map;
use statecharts::rehearsal::{Between, Record, Rehearsal, Saved};
use statecharts::{BrokenExpressions, Limits, ModuleSet, PartResolver, ResolvedPart, Source, Status};

/// Events after which a chart is taken to run for ever.
const EVENTS_MAX: usize = 1000;
/// How often each chart is cut.
const CUTS: u64 = 3;

/// Files beside the chart.
struct Folder(PathBuf);

impl PartResolver for Folder {
    fn resolve(&self, src: &str, _from_file: &str) -> Result<ResolvedPart, String> {
        let file = src.strip_prefix("file:").unwrap_or(src).to_owned();
        let text = fs::read_to_string(self.0.join(&file)).map_err(|error| error.to_string())?;
        Ok(ResolvedPart { file, text })
    }
}

/// How a chart ended, and what happened.
#[derive(Debug, PartialEq)]
pub(crate) struct Run {
    /// Its final state, or why there is none.
    pub(crate) outcome: Result<String, String>,
    pub(crate) records: Vec<Record>,
}

fn rehearsal(folder: &Path, between: Between) -> Rehearsal {
    let modules = Arc::new(ModuleSet::default());
    Rehearsal::new(modules, Box::new(Folder(folder.to_owned())), Limits::default())
        .expect("there is memory for a script engine")
        .with_broken_expressions(BrokenExpressions::Defer)
        .with_between(between)
}

/// Runs a chart; `rest` may put another rehearsal in the place of the one that runs before an event.
fn run(
    folder: &Path,
    file: &str,
    between: Between,
    mut rest: impl FnMut(&mut Rehearsal, &mut Vec<Record>),
) -> Run {
    let mut rehearsal = rehearsal(folder, between);
    let text = fs::read_to_string(folder.join(file)).expect("the chart can be read");
    let mut records = Vec::new();
    if let Err(error) = rehearsal.start(Source { file, text: &text }, Map::new()) {
        return Run { outcome: Err(error.to_string()), records };
    }
    for _ in 0..EVENTS_MAX {
        rest(&mut rehearsal, &mut records);
        if !rehearsal.is_running() || !rehearsal.deliver_next() {
            break;
        }
    }
    records.extend(rehearsal.take_records());
    let outcome = match rehearsal.status() {
        Some(Status::Ended { final_state, .. }) => Ok(final_state.clone()),
        Some(Status::Running) => Err(format!("it never ended: {:?}", rehearsal.atomic_states())),
        other => Err(format!("{other:?}")),
    };
    Run { outcome, records }
}

/// Runs a chart and cuts it at points that the seed chooses: all is written, dropped and read back into a new host.
fn cut(folder: &Path, file: &str, seed: u64) -> Run {
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    run(folder, file, Between::Nothing, |here, records| {
        if chance.random_bool(0.5) {
            return;
        }
        let saved = here.save().expect("the rehearsal can be written");
        let text = serde_json::to_string(&saved).expect("what is saved is JSON");
        records.extend(here.take_records());
        *here = rehearsal(folder, Between::Nothing);
        let saved: Saved = serde_json::from_str(&text).expect("what was saved can be read");
        here.restore(&saved).expect("what was saved fits its charts");
    })
}

/// Runs a chart in every way; what is wrong with it otherwise.
pub(crate) fn check(folder: &Path, file: &str, seed: u64) -> Result<(), String> {
    let plain = run(folder, file, Between::Nothing, |_, _| ());
    match &plain.outcome {
        Ok(state) if state == "pass" => {}
        Ok(state) => return Err(format!("it ended in `{state}`\n{}", shown(&plain.records))),
        Err(reason) => return Err(format!("{reason}\n{}", shown(&plain.records))),
    }
    for between in [Between::Hibernate, Between::WriteAndRead] {
        let other = run(folder, file, between, |_, _| ());
        if other != plain {
            return Err(format!("another course when {between:?}:\n{}", difference(&plain, &other)));
        }
    }
    for seed in (0..CUTS).map(|index| seed.wrapping_add(index)) {
        let other = cut(folder, file, seed);
        if other != plain {
            let difference = difference(&plain, &other);
            return Err(format!("another course when cut; repeat with RINGBACK_SEED={seed}:\n{difference}"));
        }
    }
    Ok(())
}

/// Seed of the cut points: of the environment, or always the same.
pub(crate) fn seed() -> u64 {
    std::env::var("RINGBACK_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1)
}

fn difference(plain: &Run, other: &Run) -> String {
    format!("{:?}:\n{}{:?}:\n{}", plain.outcome, shown(&plain.records), other.outcome, shown(&other.records))
}

fn shown(records: &[Record]) -> String {
    let mut text = String::new();
    for record in records {
        let Record { session, at, happening } = record;
        let at: &Duration = at;
        writeln!(text, "  {at:?} {session} {happening:?}").expect("text can be written to");
    }
    text
}
