//! `ringback chart test FILE|FOLDER…`: runs scenario files and says what does not hold.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use statecharts::scenario::{Coverage, Document, Miss, Outcome, Stage};
use statecharts::{Chart, Limits};

use super::open::{Opened, open};
use crate::arguments::TestOptions;
use crate::console;
use crate::failure::Failure;

/// What scenario files are called.
const ENDING: &str = ".test.toml";
/// Folders below a folder beyond which nothing is looked for.
const DEPTH_MAX: usize = 16;

/// Runs every scenario. Exit code 1 when something does not hold or the coverage is too low, 2 when a file cannot be used.
pub(crate) fn run(options: &TestOptions) -> Result<(), Failure> {
    let mut files = Vec::new();
    for given in &options.files {
        if given.is_dir() {
            let before = files.len();
            collect(given, DEPTH_MAX, &mut files)?;
            if files.len() == before {
                return Err(Failure::Unusable(format!("there is no *{ENDING} below {}", given.display())));
            }
        } else {
            files.push(given.clone());
        }
    }
    let mut report = Report::default();
    for file in &files {
        report.file(file, options)?;
    }
    report.tell(options);
    report.verdict(options)
}

/// The scenario files below a folder, in the order of their names.
fn collect(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let unreadable =
        |error: std::io::Error| Failure::Unusable(format!("cannot read {}: {error}", folder.display()));
    let mut entries = std::fs::read_dir(folder)
        .and_then(|entries| {
            entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()
        })
        .map_err(unreadable)?;
    entries.sort();
    for entry in entries {
        let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if entry.is_dir() && depth > 0 && !name.starts_with('.') && !entry.is_symlink() {
            collect(&entry, depth - 1, files)?;
        } else if name.ends_with(ENDING) {
            files.push(entry);
        }
    }
    Ok(())
}

/// What came of all files.
#[derive(Default)]
struct Report {
    files: Vec<(PathBuf, Vec<Outcome>)>,
    /// By hash: charts, and the transitions that all scenarios together took.
    charts: BTreeMap<String, Covered>,
}

struct Covered {
    opened: Opened,
    path: PathBuf,
    taken: BTreeSet<u32>,
}

impl Report {
    fn file(&mut self, file: &Path, options: &TestOptions) -> Result<(), Failure> {
        let unusable = |problems: Vec<String>| {
            for problem in &problems {
                console::explain(problem);
            }
            Failure::Unusable(format!("{} cannot be used", file.display()))
        };
        let text = std::fs::read_to_string(file)
            .map_err(|error| Failure::Unusable(format!("cannot read {}: {error}", file.display())))?;
        let document = Document::read(&file.display().to_string(), &text)
            .map_err(|error| unusable(error.diagnostics.iter().map(ToString::to_string).collect()))?;
        let chart = document.chart.as_ref().ok_or_else(|| {
            let place = document.chart_place;
            unusable(vec![format!(
                "{}:{}:{}: error: the file names no chart: `chart = \"my.scxml\"`, as seen from here",
                document.file, place.line, place.column
            )])
        })?;
        let path = plain(&file.parent().unwrap_or(Path::new("")).join(chart));
        let opened = open(&path).map_err(unusable)?;
        let stage = Stage {
            modules: &opened.modules,
            parts: &|| opened.parts(),
            world: Some(Arc::new(engine::surroundings::Rehearsed)),
            limits: Limits::default(),
            restores: options.restore,
        };
        let outcomes = stage.run(&document, &opened.chart).map_err(Failure::failed)?;
        let hash = opened.chart.hash().to_owned();
        let covered =
            self.charts.entry(hash).or_insert_with(|| Covered { opened, path, taken: BTreeSet::new() });
        for outcome in &outcomes {
            covered.taken.extend(&outcome.taken);
        }
        self.files.push((file.to_owned(), outcomes));
        Ok(())
    }

    fn outcomes(&self) -> impl Iterator<Item = (&Path, &Outcome)> {
        self.files
            .iter()
            .flat_map(|(file, outcomes)| outcomes.iter().map(move |outcome| (file.as_path(), outcome)))
    }

    fn failed(&self) -> usize {
        self.outcomes().filter(|(_, outcome)| !outcome.misses.is_empty()).count()
    }

    fn tell(&self, options: &TestOptions) {
        if options.json {
            console::say(&self.json().to_string());
            return;
        }
        for (file, outcome) in self.outcomes() {
            let verdict = if outcome.misses.is_empty() { "ok  " } else { "FAIL" };
            console::say(&format!("{verdict} {}:{}: {}", file.display(), outcome.place.line, outcome.name));
            for miss in &outcome.misses {
                for line in lines(file, miss) {
                    console::say(&line);
                }
            }
        }
        let (all, failed) = (self.outcomes().count(), self.failed());
        console::say(&format!("{} of {all} scenarios hold", all - failed));
        if !options.coverage && options.min_coverage.is_none() {
            return;
        }
        for covered in self.charts.values() {
            let coverage = covered.coverage();
            let taken = coverage.transitions - coverage.never.len();
            let path = covered.path.display();
            console::say(&format!(
                "{path}: {:.1} % of transitions taken, {taken} of {}",
                coverage.percent(),
                coverage.transitions
            ));
            for never in coverage.never.iter().filter(|_| options.coverage) {
                console::say(&format!("  never taken: {}", covered.told(&never.to_string())));
            }
        }
    }

    fn json(&self) -> Value {
        let scenarios: Vec<Value> = self
            .outcomes()
            .map(|(file, outcome)| {
                let misses = outcome.misses.iter().map(|miss| {
                    let found = &miss.mismatch;
                    json!({
                        "line": found.place.line, "column": found.place.column, "step": miss.step, "doing": miss.doing,
                        "expected": found.expected, "found": found.found, "nearest": found.nearest,
                    })
                });
                json!({
                    "file": file.display().to_string(), "line": outcome.place.line, "name": outcome.name,
                    "ok": outcome.misses.is_empty(), "misses": misses.collect::<Vec<_>>(),
                })
            })
            .collect();
        let coverage: Vec<Value> = self
            .charts
            .values()
            .map(|covered| {
                let coverage = covered.coverage();
                let never = coverage.never.iter().map(|never| {
                    json!({
                        "file": covered.opened.path_of(&never.position.file).display().to_string(),
                        "line": never.position.line, "column": never.position.column, "state": never.source,
                        "events": never.events, "condition": never.condition, "targets": never.targets,
                    })
                });
                json!({
                    "chart": covered.path.display().to_string(), "transitions": coverage.transitions,
                    "taken": coverage.transitions - coverage.never.len(), "percent": coverage.percent(),
                    "never": never.collect::<Vec<_>>(),
                })
            })
            .collect();
        let failed = self.failed();
        json!({
            "passed": scenarios.len() - failed, "failed": failed, "scenarios": scenarios, "coverage": coverage,
        })
    }

    fn verdict(&self, options: &TestOptions) -> Result<(), Failure> {
        let failed = self.failed();
        if failed > 0 {
            return Err(Failure::Failed(format!("{failed} scenarios do not hold")));
        }
        let least = options.min_coverage.unwrap_or(0.0);
        let low = self.charts.values().find(|covered| covered.coverage().percent() < least);
        low.map_or(Ok(()), |covered| {
            let percent = covered.coverage().percent();
            Err(Failure::Failed(format!(
                "{}: {percent:.1} % of transitions taken, {least} % are wanted; --coverage lists the others",
                covered.path.display()
            )))
        })
    }
}

impl Covered {
    fn coverage(&self) -> Coverage {
        let chart: &Arc<Chart> = &self.opened.chart;
        Coverage::of(chart, &self.taken)
    }

    /// A line that begins with a file of the chart, with its path.
    fn told(&self, line: &str) -> String {
        match line.split_once(':') {
            Some((file, rest)) => format!("{}:{rest}", self.opened.path_of(file).display()),
            None => line.to_owned(),
        }
    }
}

/// A path without `folder/..` in it.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        let is_folder = matches!(plain.components().next_back(), Some(Component::Normal(_)));
        match part {
            Component::ParentDir if is_folder => {
                plain.pop();
            }
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain
}

/// What did not hold, for people.
fn lines(file: &Path, miss: &Miss) -> Vec<String> {
    let found = &miss.mismatch;
    let place = format!("{}:{}:{}", file.display(), found.place.line, found.place.column);
    let mut lines = vec![
        format!("  {place}: step {}, {}", miss.step, miss.doing),
        format!("    expected: {}", found.expected),
        format!("    found:    {}", found.found),
    ];
    lines.extend(found.nearest.as_ref().map(|nearest| format!("    nearest:  {nearest}")));
    lines
}
