//! `ringback chart validate`.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{CHARTS, chart, repository};

/// A chart with a mistake that a lint finds, in line 4.
const ODD: &str = r#"<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0"
       xmlns:queue="www.genesyslab.com/modules/queue">
  <state id="waits">
    <transition event="queue.submit.dome" target="over"/>
  </state>
  <final id="over"/>
</scxml>"#;
const BROKEN: &str = r#"<scxml xmlns="http://www.w3.org/2005/07/scxml"><state id="a" initail="b"/></scxml>"#;

fn write(folder: &Path, name: &str, text: &str) -> String {
    let file = folder.join(name);
    fs::write(&file, text).unwrap();
    file.display().to_string()
}

#[test]
fn shipped_charts_and_examples_validate_without_a_warning() {
    let checked = chart(&[&["validate", "--strict"], CHARTS].concat());
    let expected: Vec<String> = CHARTS.iter().map(|chart| format!("{chart} is valid")).collect();
    assert_eq!(checked.output.lines().collect::<Vec<_>>(), expected, "{}", checked.errors);
    assert_eq!(checked.code, Some(0));
}

/// The blocks `xml chart=NAME` of the guide's pages, each page in a folder of its own.
#[test]
fn charts_of_the_guide_validate_without_a_warning() {
    let pages = fs::read_dir(repository().join("docs/charts")).unwrap().map(|page| page.unwrap().path());
    let mut charts = 0;
    for page in pages {
        let folder = tempfile::tempdir().unwrap();
        let text = fs::read_to_string(&page).unwrap();
        for block in text.split("```xml chart=").skip(1) {
            let (name, rest) = block.split_once('\n').unwrap();
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, rest.split("```").next().unwrap()).unwrap();
            if name.contains('/') {
                // A part: it is checked with the chart that includes it.
                continue;
            }
            charts += 1;
            let checked = chart(&["validate".as_ref(), "--strict".as_ref(), file.as_os_str()]);
            assert_eq!(checked.code, Some(0), "{}: {}", page.display(), checked.output);
        }
    }
    assert!(charts > 10, "only {charts} charts were found");
}

#[test]
fn a_finding_has_its_place_its_lint_and_a_hint() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "odd.scxml", ODD);
    let checked = chart(&["validate", &file]);
    let lines: Vec<&str> = checked.output.lines().collect();
    assert_eq!(
        lines,
        [
            format!(
                "{file}:4:5: warning[unknown-event]: the platform never sends `queue.submit.dome`; did you mean `queue.submit.done`?"
            ),
            "  hint: Correct the name, or ask for what is answered by it.".to_owned(),
            format!("{file} is valid, with 1 warning"),
        ]
    );
    assert_eq!(checked.code, Some(0), "warnings are allowed");
    let strict = chart(&["validate", "--strict", &file]);
    assert_eq!((strict.code, strict.errors), (Some(1), format!("ringback: not valid: {file}\n")));
}

#[test]
fn errors_of_one_chart_do_not_hide_those_of_another() {
    let folder = tempfile::tempdir().unwrap();
    let (odd, broken) =
        (write(folder.path(), "odd.scxml", ODD), write(folder.path(), "broken.scxml", BROKEN));
    let checked = chart(&["validate", "--json", &broken, &odd, "examples/charts/reminder.scxml"]);
    assert_eq!(checked.code, Some(1));
    let told: Value = serde_json::from_str(&checked.output).unwrap();
    assert_eq!(
        told,
        json!({ "files": [
            { "file": broken, "valid": false, "diagnostics": [
                { "file": broken, "line": 1, "column": 71, "severity": "error", "lint": null, "hint": null,
                  "message": "<state> has no attribute `initail`; did you mean `initial`?" },
            ] },
            { "file": odd, "valid": true, "diagnostics": [
                { "file": odd, "line": 4, "column": 5, "severity": "warning", "lint": "unknown-event",
                  "message": "the platform never sends `queue.submit.dome`; did you mean `queue.submit.done`?",
                  "hint": "Correct the name, or ask for what is answered by it." },
            ] },
            { "file": "examples/charts/reminder.scxml", "valid": true, "diagnostics": [] },
        ] })
    );
}

#[test]
fn a_file_that_is_not_there_is_unusable_and_the_others_are_checked() {
    let checked = chart(&["validate", "nowhere/nothing.scxml", "examples/charts/reminder.scxml"]);
    assert_eq!(checked.code, Some(2));
    assert!(checked.errors.contains("cannot read the chart nowhere/nothing.scxml"), "{}", checked.errors);
    assert_eq!(checked.output, "examples/charts/reminder.scxml is valid\n");
}

/// A mistake in a copy of the shipped chart is found where it is, whatever is in its parts.
#[test]
fn a_slip_in_a_copy_of_the_callback_chart_is_found() {
    let text = fs::read_to_string(repository().join(CHARTS[0])).unwrap();
    let slips = [
        ("option('_max_dial_attempts', 3)", "option('_max_dial_atempts', 3)", "unknown-option"),
        ("event=\"desired.time\" delayexpr", "event=\"desired.tme\" delayexpr", "unheard-event"),
        ("<cancel sendid=\"too_early\"/>", "<cancel sendid=\"to_early\"/>", "unknown-send"),
        ("event=\"done.state.talk\"", "event=\"done.state.tlak\"", "never-taken"),
        ("<transition target=\"snooze\"/>", "<transition target=\"exit\"/>", "unreachable-state"),
        ("snoozed_until = clock +", "snoozed_untl = clock +", "undeclared-name"),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (right, wrong, lint) in slips {
        assert!(text.contains(right), "{right}");
        let file = write(folder.path(), "mine.scxml", &text.replacen(right, wrong, 1));
        let told: Value = serde_json::from_str(&chart(&["validate", "--json", &file]).output).unwrap();
        let found = told["files"][0]["diagnostics"].as_array().unwrap();
        assert!(
            found.iter().any(|found| found["lint"] == lint && found["file"] == file.as_str()),
            "{wrong} is not found as {lint}: {told:#}"
        );
    }
}

#[test]
fn the_documentation_of_the_lints_is_what_the_program_prints() {
    let printed = chart(&["validate", "--list"]).output;
    let kept = fs::read_to_string(repository().join("docs/lints.md")).unwrap();
    assert_eq!(kept, printed, "write what `ringback chart validate --list` prints to docs/lints.md");
}
