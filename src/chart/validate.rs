//! `ringback chart validate FILE…`.

use std::path::Path;

use anyhow::Context as _;
use engine::{ChartFinding, Charts};
use serde_json::{Value, json};

use crate::arguments::ValidateOptions;
use crate::console;
use crate::failure::Failure;

/// What was found in one chart.
struct Checked<'a> {
    file: &'a Path,
    found: Vec<ChartFinding>,
}

/// Checks charts with the vocabulary of the platform; their parts are looked for beside them, then among the shipped ones.
pub(crate) fn run(options: &ValidateOptions) -> Result<(), Failure> {
    if options.list {
        console::say(engine::lints().trim_end());
        return Ok(());
    }
    let mut checked = Vec::new();
    let mut unreadable = Vec::new();
    for file in &options.files {
        match std::fs::read_to_string(file)
            .with_context(|| format!("cannot read the chart {}", file.display()))
        {
            Ok(text) => checked.push(Checked { file, found: check(file, &text) }),
            Err(error) => unreadable.push(error),
        }
    }
    if options.json {
        let files: Vec<Value> = checked.iter().map(|checked| file_json(checked, options.strict)).collect();
        console::say(&format!("{:#}", json!({ "files": files })));
    } else {
        checked.iter().for_each(|checked| print(checked, options.strict));
    }
    // A file that is not there says nothing of the others, which have been checked.
    let mut unreadable = unreadable.into_iter();
    if let Some(first) = unreadable.next() {
        unreadable.for_each(|error| console::complain(&format!("{error:#}")));
        return Err(Failure::unusable(first));
    }
    let bad: Vec<String> = checked
        .iter()
        .filter(|checked| !is_valid(checked, options.strict))
        .map(|checked| checked.file.display().to_string())
        .collect();
    if bad.is_empty() { Ok(()) } else { Err(Failure::Failed(format!("not valid: {}", bad.join(", ")))) }
}

fn check(file: &Path, text: &str) -> Vec<ChartFinding> {
    let folder = file.parent().unwrap_or(Path::new(""));
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let mut found = Charts::new(Some(folder.to_owned())).inspect(&name, text);
    // Findings name files as the charts folder does; here they are to be found from where the command runs. Shipped parts
    // lie in the program.
    for finding in &mut found {
        let placed = folder.join(&finding.diagnostic.file);
        if placed.exists() {
            finding.diagnostic.file = placed.display().to_string();
        }
    }
    found
}

fn is_valid(checked: &Checked<'_>, strict: bool) -> bool {
    checked.found.iter().all(|finding| !finding.is_error() && !strict)
}

fn print(checked: &Checked<'_>, strict: bool) {
    for finding in &checked.found {
        let ChartFinding { diagnostic, .. } = finding;
        let place = format!("{}:{}:{}", diagnostic.file, diagnostic.line, diagnostic.column);
        let lint = finding.lint.map(|lint| format!("[{lint}]")).unwrap_or_default();
        console::say(&format!("{place}: {}{lint}: {}", diagnostic.severity, diagnostic.message));
        if let Some(hint) = &finding.hint {
            console::say(&format!("  hint: {hint}"));
        }
    }
    if is_valid(checked, strict) {
        let warnings = match checked.found.len() {
            0 => String::new(),
            1 => ", with 1 warning".to_owned(),
            many => format!(", with {many} warnings"),
        };
        console::say(&format!("{} is valid{warnings}", checked.file.display()));
    }
}

fn file_json(checked: &Checked<'_>, strict: bool) -> Value {
    let diagnostics: Vec<Value> = checked
        .found
        .iter()
        .map(|ChartFinding { diagnostic, lint, hint }| {
            json!({
                "file": diagnostic.file, "line": diagnostic.line, "column": diagnostic.column,
                "severity": diagnostic.severity.to_string(), "lint": lint, "message": diagnostic.message, "hint": hint,
            })
        })
        .collect();
    json!({ "file": checked.file.display().to_string(), "valid": is_valid(checked, strict), "diagnostics": diagnostics })
}
