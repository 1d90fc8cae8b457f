//! What came of the charts, for people and for programs.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::PASS;
use crate::arguments::ConformanceOptions;
use crate::console;

/// What others have published about the charts of the W3C: engine, mandatory, optional.
const PUBLISHED: [(&str, &str, &str); 3] = [
    ("SCION 4.3", "158 of 161", "21 of 33"),
    ("uSCXML 2", "160 of 161", "22 of 33"),
    ("Qt SCXML 6.4", "142", "17"),
];

/// What came of all charts.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) outcomes: Vec<Outcome>,
    pub(super) sub_documents: Vec<String>,
    pub(super) manual: Vec<String>,
}

/// What came of one chart.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) chart: String,
    pub(super) conformance: Option<String>,
    /// Its final state, or why there is none.
    pub(super) end: Result<String, String>,
}

impl Outcome {
    fn is_passed(&self) -> bool {
        self.end.as_deref() == Ok(PASS)
    }

    fn final_state(&self) -> Option<&str> {
        self.end.as_deref().ok()
    }

    fn reason(&self) -> String {
        match &self.end {
            Ok(state) => format!("it ends in `{state}`"),
            Err(reason) => reason.clone(),
        }
    }
}

impl Report {
    /// The charts that do not end in `pass`.
    pub(super) fn failed(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().filter(|outcome| !outcome.is_passed())
    }

    pub(super) fn print(&self, options: &ConformanceOptions) {
        if options.json {
            return console::say(&self.json().to_string());
        }
        for outcome in self.failed() {
            console::say(&format!("{}: {}", outcome.chart, outcome.reason()));
        }
        for file in &self.manual {
            console::say(&format!("{file}: not run, a person has to judge it"));
        }
        if options.table {
            return self.table().iter().for_each(|line| console::say(line));
        }
        let passed = self.outcomes.len() - self.failed().count();
        console::say(&format!("{passed} of {} charts end in `pass`", self.outcomes.len()));
        for (conformance, (passed, total)) in self.by_conformance() {
            console::say(&format!("  {conformance}: {passed} of {total}"));
        }
    }

    /// The form of `--json`.
    pub(super) fn json(&self) -> Value {
        let failed: Vec<Value> = self
            .failed()
            .map(|outcome| {
                json!({"chart": outcome.chart, "final": outcome.final_state(), "reason": outcome.reason()})
            })
            .collect();
        let charts: Vec<Value> = self
            .outcomes
            .iter()
            .map(|outcome| {
                let mut chart = json!({"chart": outcome.chart, "final": outcome.final_state(), "passed": outcome.is_passed()});
                if let (Some(conformance), Some(chart)) = (&outcome.conformance, chart.as_object_mut()) {
                    chart.insert("conformance".to_owned(), json!(conformance));
                }
                chart
            })
            .collect();
        json!({
            "total": self.outcomes.len(),
            "passed": self.outcomes.len() - failed.len(),
            "failed": failed,
            "charts": charts,
            "sub_documents": self.sub_documents,
            "manual": self.manual,
        })
    }

    /// Beside what others have published, as a table of Markdown.
    pub(super) fn table(&self) -> Vec<String> {
        let counts = self.by_conformance();
        let count = |conformance: &str| match counts.get(conformance) {
            Some((passed, total)) => format!("{passed} of {total}"),
            None => "–".to_owned(),
        };
        let own = ("Ringback", count("mandatory"), count("optional"));
        let mut lines =
            vec!["| engine | mandatory | optional |".to_owned(), "| --- | --- | --- |".to_owned()];
        lines.push(format!("| {} | {} | {} |", own.0, own.1, own.2));
        lines.extend(
            PUBLISHED.map(|(engine, mandatory, optional)| format!("| {engine} | {mandatory} | {optional} |")),
        );
        lines
    }

    fn by_conformance(&self) -> BTreeMap<&str, (usize, usize)> {
        let mut counts = BTreeMap::new();
        for outcome in &self.outcomes {
            if let Some(conformance) = &outcome.conformance {
                let (passed, total) = counts.entry(conformance.as_str()).or_insert((0, 0));
                *passed += usize::from(outcome.is_passed());
                *total += 1;
            }
        }
        counts
    }
}
