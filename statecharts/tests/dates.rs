//! Dates of charts are the same on every machine, whatever its time zone.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;

use serde_json::{Value, json};
use statecharts::{
    BrokenExpressions, Effect, Limits, ModuleSet, NoParts, Session, Source, Start, Worker, compile_with,
};

/// Set for the process that has another time zone.
const AGAIN: &str = "DATES_IN_ANOTHER_ZONE";

fn value_of(expression: &str) -> Value {
    let text = format!(
        "<scxml xmlns='http://www.w3.org/2005/07/scxml' version='1.0'><state id='s'><onentry>
         <log expr=\"{expression}\"/></onentry></state></scxml>"
    );
    let source = Source { file: "dates.scxml", text: &text };
    let modules = Arc::new(ModuleSet::default());
    let chart = compile_with(source, &modules, &NoParts, BrokenExpressions::Refuse).unwrap().chart;
    let mut worker = Worker::new(Limits::default()).unwrap();
    let start = Start { session_id: "s".to_owned(), now_millis: 0, ..Start::default() };
    let (_session, step) = Session::start(chart, &mut worker, start);
    step.effects
        .into_iter()
        .find_map(|effect| match effect {
            Effect::Log(log) => Some(log.value),
            _ => None,
        })
        .unwrap_or_default()
}

fn check() {
    for (expression, expected) in [
        ("new Date('2026-07-01T10:00:00').getTime()", json!(1_782_900_000_000_u64)),
        ("Date.parse('2026-03-08T02:30:00')", json!(1_772_937_000_000_u64)),
        ("Date.parse('Mar 8 2026 02:30:00')", json!(1_772_937_000_000_u64)),
        ("Date.parse('2026-07-01')", json!(1_782_864_000_000_u64)),
        ("Date.parse('2026-07-01T10:00:00-05:00')", json!(1_782_918_000_000_u64)),
        ("new Date(2026, 6, 1).getTime()", json!(1_782_864_000_000_u64)),
        ("new Date(Date.UTC(2025, 11, 31, 23, 30)).getYear()", json!(125)),
        ("new Date(Date.UTC(2026, 0, 1, 0, 30)).getYear()", json!(126)),
        ("new Date(Date.UTC(2026, 0, 1, 0, 30)).setYear(99)", json!(915_150_600_000_u64)),
        ("new Date(NaN).setYear(70)", json!(0)),
        ("String(new Date(0))", json!("Thu, 01 Jan 1970 00:00:00 GMT")),
    ] {
        assert_eq!(value_of(expression), expected, "{expression}");
    }
}

#[test]
fn dates_do_not_depend_on_the_time_zone_of_the_machine() {
    check();
    if std::env::var_os(AGAIN).is_some() {
        return;
    }
    for zone in ["EST5EDT,M3.2.0,M11.1.0", "XXX-14"] {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "dates_do_not_depend_on_the_time_zone_of_the_machine"])
            .env(AGAIN, "1")
            .env("TZ", zone)
            .output()
            .unwrap();
        assert!(output.status.success(), "{zone}: {}", String::from_utf8_lossy(&output.stdout));
    }
}
