use std::sync::Arc;

use super::{Coverage, Document, Outcome, Stage};
use crate::trial::{load, modules, text};
use crate::{Chart, Limits, NoParts};

const KETTLE: &str = "<datamodel><data id='cups' expr='0'/><data id='boiling'/></datamodel>
  <state id='idle'><transition event='tea' cond='_event.data.cups &gt; 0' target='boils'>
      <assign location='cups' expr='_event.data.cups'/></transition>
    <transition event='tea' target='refused'/></state>
  <state id='boils'>
    <onentry><t:boil requestid='boiling' water='cups * 250' whistle='true'/><send id='late' event='too.late' delay='5m'/>
      <log label='cups' expr='cups'/></onentry>
    <onexit><cancel sendid='late'/></onexit>
    <transition event='kettle.boil.done' cond='_event.data.requestid === boiling' target='ready'/>
    <transition event='error.kettle.boil too.late' target='refused'/>
  </state>
  <final id='ready'><donedata><content expr='({ cups: cups })'/></donedata></final>
  <final id='refused'/>";

fn kettle() -> Arc<Chart> {
    load(&text(KETTLE)).unwrap()
}

fn run_with(document: &str, restores: bool) -> Vec<Outcome> {
    run_chart(&text(KETTLE), document, restores)
}

fn run_chart(chart: &str, document: &str, restores: bool) -> Vec<Outcome> {
    let document = Document::read("a.test.toml", document).unwrap_or_else(|error| panic!("{error}"));
    let modules = modules();
    let stage = Stage {
        modules: &modules,
        parts: &|| Box::new(NoParts),
        world: None,
        limits: Limits::default(),
        restores,
    };
    let chart = crate::compile(crate::Source { file: "trial.scxml", text: chart }, &modules, &NoParts);
    stage.run(&document, &chart.unwrap().chart).unwrap()
}

/// What does not hold: `line:column step expected | found | nearest`.
fn misses(steps: &str) -> Vec<String> {
    let outcomes = run_with(&format!("[[scenario]]\nname = \"tea\"\n{steps}"), false);
    let lines = outcomes[0].misses.iter().map(|miss| {
        let found = &miss.mismatch;
        let nearest = found.nearest.clone().unwrap_or_default();
        format!(
            "{}:{} {} {} | {} | {nearest}",
            found.place.line, found.place.column, miss.step, found.expected, found.found
        )
    });
    lines.collect()
}

/// What is wrong with a file.
fn problems(document: &str) -> String {
    Document::read("a.test.toml", document).unwrap_err().to_string()
}

const TEA: &str = "[[scenario.step]]\nsend = \"tea\"\ndata = { cups = 2 }\n";

#[test]
fn a_scenario_that_holds_has_no_misses() {
    let document = r#"
        time = 1_900_000_000
        [[sequence.order]]
        send = "tea"
        data = { cups = 2 }

        [[scenario]]
        name = "tea is made"
        expect = { active = ["idle"], data = { cups = 0 }, done = false, that = ["boiling === undefined"] }
        [[scenario.step]]
        play = "order"
        expect.effects = ["tea:boil", { log = "cups", value = 2 }]
        [[scenario.step]]
        expect.active = ["boils"]
        expect.in = ["boils"]
        expect.not_in = ["idle"]
        expect.timers = ["too.late"]
        expect.that = ["Date.now() === 1900000000000"]
        [[scenario.step]]
        at = "4m"
        answer = "boil"
        expect = { done = true, final = "ready", donedata = { cups = 2 }, data = { cups = 2 }, only_effects = [{ cancel = "late" }] }

        [[scenario]]
        name = "a kettle that is too slow"
        [[scenario.step]]
        send = "tea"
        data.cups = 1
        expect.effects = [
          { verb = "boil", with = { water = 250 }, attributes.whistle = true },
          { send = "too.late", delay = "5m" },
        ]
        expect.no_effects = ["pour"]
        [[scenario.step]]
        after = "5m"
        expect.final = "refused"
    "#;
    for restores in [false, true] {
        for outcome in run_with(document, restores) {
            assert_eq!(outcome.misses, [], "{} (restores: {restores})", outcome.name);
        }
    }
}

#[test]
fn a_miss_names_place_step_expected_found_and_nearest() {
    assert_eq!(
        misses("expect.active = [\"idel\"]"),
        ["3:17 0 active: idel | idle | the chart has no state `idel`; did you mean `idle`?"]
    );
    let boils = "tea:boil water=500 whistle=true, send too.late in 300s, log cups: 2";
    assert_eq!(
        misses(&format!("{TEA}expect.effects = [{{ verb = \"boil\", with = {{ water = 1 }} }}]")),
        [format!("6:19 1 effect: boil with={{\"water\":1}} | {boils} | with.water is 500, expected 1")]
    );
    assert_eq!(
        misses(&format!("{TEA}expect.effects = [{{ log = \"cups\" }}, \"boil\"]")),
        [format!(
            "6:37 1 effect: boil | {boils} | it is there, but not after the one that is expected before it"
        )]
    );
    assert_eq!(
        misses(&format!("{TEA}expect.no_effects = [\"boil\"]")),
        ["6:22 1 no effect: boil | tea:boil water=500 whistle=true | "]
    );
    assert_eq!(
        misses(&format!("{TEA}expect.only_effects = [\"boil\"]")),
        [format!("6:23 1 only effects: boil | {boils} | ")]
    );
    assert_eq!(
        misses("expect.data = { cup = 1, cups = 3 }"),
        [
            "3:15 0 data {\"cup\":1,\"cups\":3} | data.cup is null, expected 1; data.cups is 0, expected 3 | there is no variable `cup`; did you mean `cups`?"
        ]
    );
    assert_eq!(misses("expect.that = [\"cups > 3\", \"cups +\"]")[0], "3:16 0 `cups > 3` is true | false | ");
    assert_eq!(misses("expect.done = true"), ["3:15 0 done = true | the session is running | "]);
}

#[test]
fn a_scenario_ends_with_the_first_step_that_does_not_hold() {
    let steps = format!("{TEA}expect.done = true\n[[scenario.step]]\nsend = \"x\"\nexpect.done = true");
    assert_eq!(misses(&steps).len(), 1);
}

#[test]
fn a_request_that_nobody_made_cannot_be_answered() {
    assert_eq!(
        misses(&format!("{TEA}[[scenario.step]]\nanswer = \"pour\"")),
        ["7:10 2 a request to answer | no request `pour` waits for an answer; waiting: tea:boil | "]
    );
    let twice = format!("{TEA}[[scenario.step]]\nfail = \"boil\"\n[[scenario.step]]\nfail = \"boil\"");
    assert_eq!(misses(&twice).len(), 1);
}

#[test]
fn a_step_in_the_past_does_not_hold() {
    assert_eq!(misses("[[scenario.step]]\nafter = \"5s\"\n[[scenario.step]]\nat = \"2s\"").len(), 1);
}

#[test]
fn mistakes_in_a_file_are_told_with_line_and_column() {
    assert_eq!(
        problems("[[scenario]]\nname = \"a\"\n[[scenario.step]]\nsned = \"x\"\n"),
        "a.test.toml:4:1: error: unknown field `sned`, expected one of `after`, `at`, `send`, `about`, `sendid`, `answer`, `fail`, `data`, `cancel`, `play`, `expect`; did you mean `send`?"
    );
    assert_eq!(problems(""), "a.test.toml:1:1: error: there is no [[scenario]] in this file");
    let of_step = |step: &str| problems(&format!("[[scenario]]\nname = \"a\"\n[[scenario.step]]\n{step}"));
    assert_eq!(
        of_step("after = \"soon\""),
        "a.test.toml:4:9: error: `soon` is no time; write `1.5s`, `200ms`, `5m`, `2h` or `1d`"
    );
    assert_eq!(
        of_step("send = \"a\"\nanswer = \"b\""),
        "a.test.toml:4:8: error: a step has at most one of `send`, `answer`, `fail` and `cancel`"
    );
    assert_eq!(of_step("play = \"a\""), "a.test.toml:4:8: error: there is no [[sequence.a]]");
    assert_eq!(
        of_step("expect.effects = [{ vreb = \"a\" }]"),
        "a.test.toml:4:19: error: effects have no `vreb`; did you mean `verb`?"
    );
    assert_eq!(of_step("send = \"a\"\ndata = { json = \"{\" }").lines().count(), 1);
}

#[test]
fn json_stands_for_what_toml_cannot_say() {
    let document =
        Document::read("a", "[parameters]\na = { json = 'null' }\n[[scenario]]\nname = \"a\"\n").unwrap();
    assert_eq!(document.scenarios[0].parameters["a"], serde_json::Value::Null);
}

#[test]
fn parameters_of_a_scenario_override_those_of_the_file_key_by_key() {
    let text = "[parameters]\no = { a = 1, b = 2 }\n[[scenario]]\nname = \"a\"\nparameters.o.b = 3\n";
    let document = Document::read("a", text).unwrap();
    assert_eq!(document.scenarios[0].parameters["o"], serde_json::json!({ "a": 1, "b": 3 }));
}

#[test]
fn coverage_names_the_transitions_that_were_never_taken() {
    let outcomes = run_with(&format!("[[scenario]]\nname = \"tea\"\n{TEA}"), false);
    let coverage = Coverage::of(&kettle(), &outcomes[0].taken);
    assert_eq!(coverage.transitions, 4);
    let never: Vec<String> = coverage.never.iter().map(ToString::to_string).collect();
    assert_eq!(never.len(), 3);
    assert_eq!(never[0], "trial.scxml:4:5: idle on tea to refused");
    assert!((coverage.percent() - 25.0).abs() < 1e-9);
}

#[test]
fn a_session_that_is_lost_does_not_hold() {
    let chart = text(
        "<script>var big = '';</script><state id='s'><transition event='grow'><script>big = 'x'.repeat(5e6)</script></transition></state>",
    );
    let steps = "[[scenario]]\nname = \"growing\"\n[[scenario.step]]\nsend = \"grow\"\n[[scenario.step]]\nsend = \"grow\"\n";
    let outcomes = run_chart(&chart, steps, true);
    let found: Vec<&str> = outcomes[0].misses.iter().map(|miss| miss.mismatch.found.as_str()).collect();
    assert!(found.iter().any(|found| found.contains("was lost")), "{found:?}");
    assert!(run_chart(&chart, steps, false)[0].misses.is_empty());
}
