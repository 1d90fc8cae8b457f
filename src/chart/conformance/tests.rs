use std::fs;
use std::path::Path;

use serde_json::json;

use super::folder::Folder;
use super::report::{Outcome, Report};
use super::{outcome, run};
use crate::arguments::ConformanceOptions;
use crate::failure::Failure;

fn chart(body: &str) -> String {
    format!(
        "<scxml xmlns='http://www.w3.org/2005/07/scxml' version='1.0'>{body}<final id='pass'/><final id='fail'/></scxml>"
    )
}

fn write(folder: &Path, name: &str, body: &str) {
    fs::write(folder.join(name), chart(body)).unwrap();
}

fn report(folder: &Path) -> Report {
    let read = Folder::read(folder).unwrap();
    let outcomes = read.charts.iter().map(|candidate| Outcome {
        chart: candidate.file.clone(),
        conformance: candidate.conformance.clone(),
        end: outcome(folder, &candidate.file, &candidate.text),
    });
    Report { outcomes: outcomes.collect(), sub_documents: read.sub_documents, manual: read.manual }
}

#[test]
fn every_chart_that_does_not_end_in_pass_is_named_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    write(
        path,
        "a_good.scxml",
        "<state id='s'><onentry><send event='e' delay='3600s'/></onentry><transition event='e' target='pass'/></state>",
    );
    write(path, "b_fails.scxml", "<state id='s'><transition target='fail'/></state>");
    write(path, "c_waits.scxml", "<state id='s'><transition event='e' target='pass'/></state>");
    write(path, "d_limit.scxml", "<state id='s'><transition target='s'/></state>");
    write(
        path,
        "e_ticks.scxml",
        "<state id='s'><onentry><send event='e' delay='1s'/></onentry><transition event='e' target='s'/></state>",
    );
    fs::write(path.join("f_broken.scxml"), "<scxml><state></scxml>").unwrap();
    let json = report(path).json();
    assert_eq!((&json["total"], &json["passed"]), (&json!(6), &json!(1)));
    let failed: Vec<(&str, bool)> = json["failed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|failed| (failed["chart"].as_str().unwrap(), failed["final"].is_null()))
        .collect();
    let expected = [
        ("b_fails.scxml", false),
        ("c_waits.scxml", true),
        ("d_limit.scxml", true),
        ("e_ticks.scxml", true),
        ("f_broken.scxml", true),
    ];
    assert_eq!(failed, expected);
    assert_eq!(json["failed"][0]["final"], "fail");
    for (index, reason) in
        ["`fail`", "waits in s", "entered more than 100 times", "never ends", "f_broken.scxml:1:"]
            .iter()
            .enumerate()
    {
        let found = json["failed"][index]["reason"].as_str().unwrap();
        assert!(found.contains(reason), "{found}");
    }
    let options = ConformanceOptions { folder: path.to_owned(), json: true, table: false };
    assert!(matches!(run(&options), Err(Failure::Failed(text)) if text.contains("5 charts")));
}

#[test]
fn what_other_charts_invoke_is_not_run_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    write(
        path,
        "main.scxml",
        "<!-- like other.scxml --><state id='s'><invoke src='file:kid.scxml'/><transition event='done.invoke' target='pass'/></state>",
    );
    write(path, "kid.scxml", "<state id='s'><transition target='fail'/></state>");
    write(path, "other.scxml", "<state id='s'><transition target='pass'/></state>");
    let report = report(path);
    assert_eq!(report.sub_documents, ["kid.scxml"]);
    assert_eq!(report.failed().count(), 0);
    assert_eq!(report.json()["total"], 2);
}

#[test]
fn a_manifest_says_what_is_needed_by_others_and_what_counts_as_what() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    write(path, "one.scxml", "<state id='s'><transition target='pass'/></state>");
    write(path, "two.scxml", "<state id='s'><transition target='fail'/></state>");
    write(path, "part.scxml", "<state id='s'/>");
    write(path, "look.scxml", "<state id='s'/>");
    fs::write(
        path.join("manifest.json"),
        r#"[{"id":"1","conformance":"mandatory","start":["one.scxml"],"deps":["part.scxml"]},
            {"id":"2","conformance":"optional","start":["two.scxml"]},{"id":"3","manual":true,"start":["look.scxml"]}]"#,
    )
    .unwrap();
    let report = report(path);
    assert_eq!(
        (&*report.sub_documents, &*report.manual),
        (&["part.scxml".to_owned()][..], &["look.scxml".to_owned()][..])
    );
    assert!(report.table().contains(&"| Ringback | 1 of 1 | 0 of 1 |".to_owned()));
}

#[test]
fn a_folder_without_charts_is_unusable() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(Folder::read(folder.path()), Err(Failure::Unusable(text)) if text.contains("no chart")));
}

#[test]
fn what_others_have_published_is_what_the_documentation_says() {
    let document =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/conformance.md")).unwrap();
    let report = Report { outcomes: Vec::new(), sub_documents: Vec::new(), manual: Vec::new() };
    for line in report.table().iter().filter(|line| !line.contains("Ringback")) {
        assert!(document.contains(line.as_str()), "{line}");
    }
}
