//! Charts of our own, in `tests/conformance`: what the assertions of the Recommendation demand, and what engines get wrong.
//!
//! `assertions.csv` names the assertions of the W3C's implementation report that can be tested by a machine. Each chart says in its first
//! comment which of them it covers: `Assertions: 355 576`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::running::{check, seed};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance")
}

/// Names of the charts, sorted.
fn charts() -> Vec<String> {
    let entries = fs::read_dir(folder()).expect("the folder of the charts can be read");
    let names = entries.map(|entry| entry.expect("the folder can be read").file_name());
    let mut charts: Vec<String> = names
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".scxml"))
        .collect();
    charts.sort();
    charts
}

fn assertions_of(chart: &str) -> BTreeSet<u32> {
    let text = fs::read_to_string(folder().join(chart)).expect("the chart can be read");
    let comment = text.split("-->").next().unwrap_or_default();
    let numbers = comment.split_once("Assertions:").map_or("", |(_, numbers)| numbers);
    numbers.split_whitespace().map(|number| number.parse().expect("an assertion is a number")).collect()
}

#[test]
fn every_chart_of_our_own_passes_however_it_is_cut() {
    let charts = charts();
    let only = std::env::var("RINGBACK_CHART").ok();
    let failed: Vec<String> = charts
        .iter()
        .filter(|chart| only.as_ref().is_none_or(|only| chart.contains(only.as_str())))
        .filter_map(|chart| check(&folder(), chart, seed()).err().map(|reason| format!("{chart}: {reason}")))
        .collect();
    println!("charts of our own: {}, failed {}", charts.len(), failed.len());
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(!charts.is_empty(), "there are no charts");
}

#[test]
fn every_assertion_is_covered_by_a_chart() {
    let list = fs::read_to_string(folder().join("assertions.csv")).expect("the list can be read");
    let mut wanted = BTreeMap::new();
    for line in list.lines().skip(1) {
        let [section, assertion, conformance] =
            line.split(',').collect::<Vec<_>>().try_into().expect("a line has three columns");
        let assertion: u32 = assertion.parse().expect("an assertion is a number");
        assert!(matches!(conformance, "mandatory" | "optional"), "{line}");
        assert!(wanted.insert(assertion, section.to_owned()).is_none(), "{assertion} is there twice");
    }
    let covered: BTreeSet<u32> = charts().iter().flat_map(|chart| assertions_of(chart)).collect();
    let missing: Vec<_> = wanted.iter().filter(|(assertion, _)| !covered.contains(assertion)).collect();
    assert!(missing.is_empty(), "no chart covers {missing:?}");
    let unknown: Vec<_> = covered.iter().filter(|assertion| !wanted.contains_key(assertion)).collect();
    assert!(unknown.is_empty(), "charts name assertions that the list does not have: {unknown:?}");
}
