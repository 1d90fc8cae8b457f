//! `ringback chart schema`: what it writes is tried with the validator of libxml2.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{CHARTS, chart, repository};

/// Writes the schemas.
fn written(folder: &Path) -> PathBuf {
    let told = chart(&["schema".as_ref(), "-o".as_ref(), folder.as_os_str()]);
    assert_eq!(told.code, Some(0), "{}", told.errors);
    for line in told.output.lines() {
        assert!(Path::new(line).exists(), "{line} was not written");
    }
    folder.join("scxml.xsd")
}

/// What the validator says about a file; nothing without a validator.
fn validate(schema: &Path, file: &Path) -> Option<(bool, String)> {
    match Command::new("xmllint").arg("--noout").arg("--schema").arg(schema).arg(file).output() {
        Ok(output) => Some((output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())),
        Err(error) => {
            eprintln!(
                "SKIPPED: the schemas of charts are not tried, xmllint cannot be run: {error} (package libxml2-utils)"
            );
            None
        }
    }
}

#[test]
fn shipped_charts_their_parts_and_examples_fit_the_schema() {
    let folder = tempfile::tempdir().unwrap();
    let schema = written(folder.path());
    let parts = fs::read_dir(repository().join("statecharts/charts/parts")).unwrap();
    let parts = parts.map(|part| part.unwrap().path());
    for file in CHARTS.iter().map(|chart| repository().join(chart)).chain(parts) {
        let Some((fits, said)) = validate(&schema, &file) else { return };
        assert!(fits, "{said}");
    }
}

#[test]
fn what_the_platform_refuses_the_schema_marks() {
    let folder = tempfile::tempdir().unwrap();
    let schema = written(folder.path());
    let chart = |queue: &str, inside: &str| {
        format!(
            "<scxml xmlns=\"http://www.w3.org/2005/07/scxml\" version=\"1.0\" xmlns:queue=\"{queue}www.genesyslab.com/modules/queue\">\n<state id=\"a\">\n{inside}\n</state></scxml>"
        )
    };
    let entry = |inside: &str| format!("<onentry>{inside}</onentry>");
    let cases = [
        ("", entry("<queue:cancel requestid=\"x\"/>"), true),
        ("http://", entry("<queue:cancel requestid=\"x\"/>"), true),
        ("http://", entry("<queue:cancle requestid=\"x\"/>"), false),
        ("", entry("<queue:cancel/>"), false),
        ("", entry("<queue:cancel requestid=\"x\" colour=\"red\"/>"), false),
        ("", entry("<raise name=\"x\"/>"), false),
        ("", "<transition tarqet=\"a\"/>".to_owned(), false),
        ("", "<transition event=\"x\" type=\"inner\"/>".to_owned(), false),
        ("", "<raise event=\"x\"/>".to_owned(), false),
        ("", "<datamodel><data id=\"x\" _type=\"parameter\" _allow=\"unused-data\">{\"a\": 1}</data></datamodel>".to_owned(), true),
    ];
    for (scheme, inside, expected) in cases {
        let file = folder.path().join("chart.scxml");
        fs::write(&file, chart(scheme, &inside)).unwrap();
        let Some((fits, said)) = validate(&schema, &file) else { return };
        assert_eq!(fits, expected, "{inside}: {said}");
        assert!(fits || said.contains("chart.scxml:3:"), "the line is told: {said}");
    }
}
