//! `ringback chart conformance DIR`: runs every chart of a folder to its end, which has to be its state `pass`.

mod folder;
mod report;

use std::path::Path;

use engine::Charts;
use serde_json::Map;
use statecharts::rehearsal::Rehearsal;
use statecharts::{BrokenExpressions, Limits, Source, Status};

use crate::arguments::ConformanceOptions;
use crate::failure::Failure;
use folder::Folder;
use report::{Outcome, Report};

/// The final state of a chart that holds.
const PASS: &str = "pass";

/// Runs the charts, and says which of them do not end in `pass`.
pub(crate) fn run(options: &ConformanceOptions) -> Result<(), Failure> {
    let folder = Folder::read(&options.folder)?;
    let outcomes = folder
        .charts
        .iter()
        .map(|chart| Outcome {
            chart: chart.file.clone(),
            conformance: chart.conformance.clone(),
            end: outcome(&options.folder, &chart.file, &chart.text),
        })
        .collect();
    let report = Report { outcomes, sub_documents: folder.sub_documents, manual: folder.manual };
    report.print(options);
    let failed = report.failed().count();
    match failed {
        0 => Ok(()),
        1 => Err(Failure::Failed("1 chart does not end in `pass`".to_owned())),
        _ => Err(Failure::Failed(format!("{failed} charts do not end in `pass`"))),
    }
}

/// The final state of a chart, or why it has none.
fn outcome(folder: &Path, file: &str, text: &str) -> Result<String, String> {
    let parts = Charts::new(Some(folder.to_owned()));
    let mut rehearsal = Rehearsal::new(engine::verbs::modules(), Box::new(parts), Limits::default())
        .map_err(|failure| failure.to_string())?
        .with_broken_expressions(BrokenExpressions::Defer);
    rehearsal
        .start(Source { file, text }, Map::new())
        .map_err(|error| format!("it cannot be loaded: {error}"))?;
    rehearsal.run_until_idle().map_err(|restless| format!("it never ends: {restless}"))?;
    match rehearsal.status() {
        Some(Status::Ended { final_state, .. }) => Ok(final_state.clone()),
        Some(Status::Failed { failure }) => Err(format!("it was stopped: {failure}")),
        Some(Status::Cancelled) | None => Err("it was stopped".to_owned()),
        Some(Status::Running) => Err(format!(
            "it never ends: it waits in {} and nothing is under way",
            rehearsal.atomic_states().join(", ")
        )),
    }
}

#[cfg(test)]
mod tests;
