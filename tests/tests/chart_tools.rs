//! `ringback chart run` and `ringback chart test` through the door: the program, its standard input and its exit codes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use scenarios::{Program, Refused, command};
use serde_json::{Value, json};
use tempfile::TempDir;

const TURNSTILE: &str = r#"<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" initial="locked">
  <datamodel><data id="coins" expr="0"/><data id="seen"/></datamodel>
  <state id="locked">
    <transition event="coin" cond="_event.data.value &gt; 0" target="open"><assign location="coins" expr="coins + _event.data.value"/></transition>
    <transition event="look"><assign location="seen" expr="_event.data"/></transition>
    <transition event="close" target="closed"/>
  </state>
  <state id="open">
    <onentry><log label="open" expr="coins"/><send id="slow" event="too.slow" delay="10s"/></onentry>
    <onexit><cancel sendid="slow"/></onexit>
    <transition event="push too.slow" target="locked"/>
  </state>
  <final id="closed"><donedata><param name="coins" expr="coins"/></donedata></final>
</scxml>"#;

/// A chart in a folder of its own.
struct Folder(TempDir);

impl Folder {
    fn with(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// `ringback chart …` on the files of the folder.
    fn chart(&self, arguments: &[&str], input: &str) -> Refused {
        let mut ringback = command("ringback");
        ringback.current_dir(self.0.path()).arg("chart").args(arguments);
        Program::run_with(ringback, input)
    }

    /// `chart run --json` on the turnstile: the lines that it writes.
    fn lines(input: &[Value], arguments: &[&str]) -> Vec<Value> {
        let folder = Self::with(&[("turnstile.scxml", TURNSTILE)]);
        let text: String = input.iter().map(|line| format!("{line}\n")).collect();
        let ended = folder.chart(&[&["run", "turnstile.scxml", "--json"], arguments].concat(), &text);
        assert_eq!(ended.code, Some(0), "{}", ended.errors);
        ended.output.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// The three keys that are always there.
fn core(line: &Value) -> Value {
    json!({ "active": line["active"], "done": line["done"], "data": line["data"] })
}

// ---- chart run --json -----------------------------------------------------------------------------------------------

#[test]
fn the_first_line_is_the_start_and_every_event_has_one_line() {
    let lines =
        Folder::lines(&[json!({ "name": "coin", "data": { "value": 2 } }), json!({ "name": "push" })], &[]);
    let of = |state: &str, coins: i64| json!({ "active": [state], "done": false, "data": { "coins": coins, "seen": null } });
    assert_eq!(lines.iter().map(core).collect::<Vec<_>>(), [of("locked", 0), of("open", 2), of("locked", 2)]);
    assert_eq!(lines[1]["effects"][0], json!({ "log": "open", "value": 2 }));
    assert_eq!(lines[1]["timers"], json!([{ "name": "too.slow", "time_ms": 10_000 }]));
    assert_eq!(lines[2]["timers"], json!([]));
}

#[test]
fn time_passes_before_the_event_and_tells_what_fired() {
    let coin = json!({ "name": "coin", "data": { "value": 1 } });
    let later = json!({ "name": "coin", "data": { "value": 1 }, "after_ms": 12_000 });
    let lines = Folder::lines(&[coin, json!({ "after_ms": 9_999 }), later], &[]);
    assert_eq!((&lines[2]["active"], &lines[2]["fired"]), (&json!(["open"]), &json!([])));
    assert_eq!(lines[3]["fired"], json!([{ "name": "too.slow", "time_ms": 10_000, "active": ["locked"] }]));
    assert_eq!((&lines[3]["active"], &lines[3]["time_ms"]), (&json!(["open"]), &json!(21_999)));
    assert_eq!(lines[3]["data"]["coins"], json!(2));
}

#[test]
fn a_chart_that_has_ended_says_so_to_every_line() {
    let lines = Folder::lines(&[json!({ "name": "close" }), json!({ "name": "coin" }), json!({})], &[]);
    for line in &lines[1..] {
        assert_eq!(
            core(line),
            json!({ "active": ["closed"], "done": true, "data": { "coins": 0, "seen": null } })
        );
        assert_eq!((&line["final"], &line["donedata"]), (&json!("closed"), &json!({ "coins": 0 })));
    }
    assert_eq!(lines.len(), 4);
}

#[test]
fn a_line_that_is_not_understood_is_answered_and_the_session_goes_on() {
    let folder = Folder::with(&[("turnstile.scxml", TURNSTILE)]);
    let input = "{\"name\":\"coin\"\n\n[1]\n{\"name\":7}\n{\"after_ms\":-1}\n{\"name\":\"close\",\"nmae\":1}";
    let ended = folder.chart(&["run", "turnstile.scxml", "--json"], input);
    let lines: Vec<Value> = ended.output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let errors: Vec<i64> = lines
        .iter()
        .filter(|line| line["error"].is_string())
        .map(|line| line["line"].as_i64().unwrap())
        .collect();
    assert_eq!(errors, [1, 3, 4, 5]);
    assert_eq!(lines.len(), 6);
    assert_eq!(lines[5]["done"], json!(true));
    assert!(lines[5]["warning"].as_str().unwrap().contains("nmae"));
}

#[test]
fn every_line_is_written_before_the_next_one_is_read() {
    let folder = Folder::with(&[("turnstile.scxml", TURNSTILE)]);
    let mut ringback = command("ringback");
    ringback.args(["chart", "run", "--json"]).arg(folder.path("turnstile.scxml"));
    let mut child = ringback.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut input, mut output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
    let mut next = || {
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        serde_json::from_str::<Value>(&line).unwrap()["active"].clone()
    };
    assert_eq!(next(), json!(["locked"]));
    writeln!(input, "{{\"name\":\"coin\",\"data\":{{\"value\":1}}}}").unwrap();
    assert_eq!(next(), json!(["open"]));
    drop(input);
    assert!(child.wait().unwrap().success());
}

#[test]
fn parameters_clock_and_stamp_reach_the_chart() {
    let lines = Folder::lines(
        &[json!({ "name": "look", "after_ms": 500 })],
        &["--param", "coins=5", "--time", "1900000000", "--time-key", "_at"],
    );
    assert_eq!(lines[1]["data"], json!({ "coins": 5, "seen": { "_at": 1_900_000_000_500_i64 } }));
    let untouched = Folder::lines(&[json!({ "name": "look", "data": { "a": 1 } })], &[]);
    assert_eq!(untouched[1]["data"]["seen"], json!({ "a": 1 }));
}

#[test]
fn requests_are_answered_by_their_element() {
    let folder = Folder::with(&[]);
    let reminder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/charts/reminder.scxml");
    let input =
        "{\"answer\":\"ixn:createcall\",\"data\":{\"interactionid\":\"C1\"}}\n{\"answer\":\"pour\"}\n";
    let ended = folder.chart(
        &["run", reminder.to_str().unwrap(), "--json", "--param", "_options={\"_route_point\":\"8000\"}"],
        input,
    );
    let lines: Vec<Value> = ended.output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["requests"][0]["verb"], json!("ixn:createcall"));
    assert_eq!(lines[1]["data"]["call"], json!("C1"));
    assert_eq!(lines[1]["requests"], json!([]));
    assert!(lines[2]["error"].as_str().unwrap().contains("no request `pour` waits"));
}

#[test]
fn a_chart_with_errors_is_refused_with_their_places() {
    let folder = Folder::with(&[(
        "bad.scxml",
        "<scxml xmlns='http://www.w3.org/2005/07/scxml' version='1.0'>\n<state id='a'><transition target='b'/></state></scxml>",
    )]);
    let ended = folder.chart(&["run", "bad.scxml", "--json"], "");
    assert_eq!((ended.code, ended.output.as_str()), (Some(1), ""));
    assert!(ended.errors.contains("bad.scxml:2:"), "{}", ended.errors);
    assert_eq!(folder.chart(&["run", "nowhere.scxml"], "").code, Some(1));
}

// ---- chart run by hand ----------------------------------------------------------------------------------------------

#[test]
fn a_session_by_hand_shows_each_step_and_goes_back() {
    let folder = Folder::with(&[("turnstile.scxml", TURNSTILE)]);
    let input = "coin {\"value\":2}\ntimers\ndata coins * 10\nback\nstates\ntransitions\nsend close\nback 5\nquit\ncoin\n";
    let ended = folder.chart(&["run", "turnstile.scxml"], input);
    assert_eq!(ended.code, Some(0), "{}", ended.errors);
    let expected = "  entered  locked\n0 s: locked\n\
        \x20 left     locked\n  entered  open\n  effect   log open: 2\n  effect   send too.slow in 10s\n  timer    too.slow at 10 s\n0 s: open\n\
        \x20 timer    too.slow at 10 s\n\
        \x20 20\n\
        \x20 entered  locked\n0 s: locked\n\
        \x20 locked\n\
        \x20 locked: on coin if _event.data.value > 0 (depends on the event) to open (turnstile.scxml:4:5)\n\
        \x20 locked: on look (turnstile.scxml:5:5)\n\
        \x20 locked: on close to closed (turnstile.scxml:6:5)\n\
        \x20 left     locked\n  entered  closed\n0 s: closed, ended with {\"coins\":0}\n\
        there are 1 steps to go back\n";
    assert_eq!(ended.output, expected);
}

#[test]
fn a_mistake_by_hand_is_explained_and_changes_nothing() {
    let folder = Folder::with(&[("turnstile.scxml", TURNSTILE)]);
    let ended =
        folder.chart(&["run", "turnstile.scxml"], "after soon\ncoin {\ndata coins +\nanswer 1\nrestart\n");
    for part in ["`soon` is no time", "`{` is no JSON", "`coins +`: ", "0 requests wait for an answer"] {
        assert!(ended.output.contains(part), "{part} is missing:\n{}", ended.output);
    }
    assert_eq!(ended.output.matches("0 s: locked").count(), 2);
}

// ---- chart test -----------------------------------------------------------------------------------------------------

const SCENARIOS: &str = r#"
chart = "turnstile.scxml"
[[scenario]]
name = "a coin opens"
[[scenario.step]]
send = "coin"
data.value = 1
expect.active = ["open"]
"#;

#[test]
fn scenarios_that_hold_end_with_0_and_tell_the_coverage() {
    let folder = Folder::with(&[("turnstile.scxml", TURNSTILE), ("turnstile.test.toml", SCENARIOS)]);
    let ended = folder.chart(&["test", ".", "--coverage"], "");
    assert_eq!(ended.code, Some(0), "{}", ended.errors);
    assert_eq!(
        ended.output,
        "ok   ./turnstile.test.toml:4: a coin opens\n1 of 1 scenarios hold\nturnstile.scxml: 25.0 % of transitions taken, 1 of 4\n\
         \x20 never taken: turnstile.scxml:5:5: locked on look\n  never taken: turnstile.scxml:6:5: locked on close to closed\n\
         \x20 never taken: turnstile.scxml:11:5: open on push too.slow to locked\n"
    );
    let low = folder.chart(&["test", "turnstile.test.toml", "--min-coverage", "50"], "");
    assert_eq!(low.code, Some(1));
    assert!(low.errors.contains("25.0 % of transitions taken, 50 % are wanted"), "{}", low.errors);
}

#[test]
fn a_scenario_that_does_not_hold_says_where_and_what_was_found() {
    let wrong = SCENARIOS.replace("[\"open\"]", "[\"opne\"]");
    let folder = Folder::with(&[("turnstile.scxml", TURNSTILE), ("turnstile.test.toml", &wrong)]);
    let ended = folder.chart(&["test", "turnstile.test.toml"], "");
    assert_eq!(ended.code, Some(1));
    let report = "FAIL turnstile.test.toml:4: a coin opens\n  turnstile.test.toml:8:17: step 1, send coin\n    expected: active: opne\n    \
        found:    open\n    nearest:  the chart has no state `opne`; did you mean `open`?\n";
    assert!(ended.output.starts_with(report), "{}", ended.output);
    let told: Value = serde_json::from_str(&folder.chart(&["test", ".", "--json"], "").output).unwrap();
    assert_eq!((&told["passed"], &told["failed"]), (&json!(0), &json!(1)));
    assert_eq!(told["scenarios"][0]["misses"][0]["line"], json!(8));
    assert_eq!(told["coverage"][0]["taken"], json!(1));
}

#[test]
fn a_file_that_cannot_be_used_ends_with_2() {
    let folder = Folder::with(&[
        ("turnstile.scxml", TURNSTILE),
        ("typo.test.toml", &SCENARIOS.replace("send =", "sned =")),
        ("lost.test.toml", &SCENARIOS.replace("turnstile.scxml", "nowhere.scxml")),
        ("nameless.test.toml", &SCENARIOS.replace("chart =", "#")),
    ]);
    let typo = folder.chart(&["test", "typo.test.toml"], "");
    assert_eq!(typo.code, Some(2));
    assert!(typo.errors.contains("typo.test.toml:6:1: error: unknown field `sned`"), "{}", typo.errors);
    assert_eq!(folder.chart(&["test", "lost.test.toml"], "").code, Some(2));
    assert_eq!(folder.chart(&["test", "nameless.test.toml"], "").code, Some(2));
    assert_eq!(folder.chart(&["test", "nowhere.test.toml"], "").code, Some(2));
}

// ---- The charts of the repository -----------------------------------------------------------------------------------

/// Runs all scenario files below a folder, as they are and with every session written down and read back between two steps.
fn hold(folder: &str, least: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder);
    for more in [&["--min-coverage", least][..], &["--restore"]] {
        let mut ringback = command("ringback");
        ringback.args(["chart", "test"]).arg(&folder).args(more);
        let ended = Program::run_with(ringback, "");
        assert_eq!(ended.code, Some(0), "{}{}", ended.output, ended.errors);
    }
}

#[test]
fn the_scenarios_of_the_shipped_charts_hold() {
    hold("statecharts/charts/tests", "40");
}

#[test]
fn the_scenarios_of_the_example_charts_hold() {
    hold("examples/charts", "90");
}
