//! What is refused, where, and what is only warned about.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::trial::{LOG_EVENTS, modules};
use crate::{BrokenExpressions, Compiled, LoadError, NoParts, Source, compile, compile_with};

const HEAD: &str = "<scxml xmlns='http://www.w3.org/2005/07/scxml' xmlns:t='tea.example/modules/kettle' xmlns:u='unknown.example' version='1.0'>";

fn load(text: &str) -> Result<Compiled, LoadError> {
    compile(Source { file: "a.scxml", text }, &modules(), &NoParts)
}

/// The chart whose second line is `body` is refused with these messages, which begin with `line:column: severity: `.
#[track_caller]
fn refused(body: &str, expected: &[&str]) {
    let error = load(&format!("{HEAD}\n{body}\n</scxml>")).map(|compiled| compiled.warnings).unwrap_err();
    let found: Vec<String> = error.diagnostics.iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), expected.len(), "{body}\n{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        let rest = found.strip_prefix("a.scxml:").unwrap_or_default();
        assert!(rest.starts_with(expected), "{body}\n   found {rest}\nexpected {expected}");
    }
}

/// The chart loads with these warnings.
#[track_caller]
fn warned(body: &str, expected: &[&str]) {
    let compiled = load(&format!("{HEAD}\n{body}\n</scxml>")).unwrap();
    let found: Vec<String> = compiled.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), expected.len(), "{body}\n{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.strip_prefix("a.scxml:").unwrap_or_default().starts_with(expected), "{body}\n{found}");
    }
}

#[test]
fn unknown_names_are_refused_with_the_nearest_known_one() {
    refused(
        "<state id='s'><onenter/></state>",
        &["2:15: error: SCXML has no element <onenter>; did you mean `onentry`?"],
    );
    refused(
        "<state id='s' inital='t'/>",
        &["2:23: error: <state> has no attribute `inital`; did you mean `initial`?"],
    );
    refused(
        "<state id='start'><transition event='e' target='strat'/></state>",
        &["2:49: error: there is no state `strat`; did you mean `start`?"],
    );
    refused("<state id='s'><log/></state>", &["2:15: error: <log> cannot stand inside <state>"]);
    refused("<state id='s'><anchor type='x'/></state>", &["2:15: error: <anchor> is not supported"]);
    refused("<state id='s'>text</state>", &["2:15: error: text has no meaning inside <state>"]);
}

#[test]
fn every_mistake_is_found_not_only_the_first() {
    refused(
        "<state id='a'><transition target='x'/></state><state id='a'/><state id='b' initial='a'><state id='c'/></state>",
        &[
            "2:35: error: there is no state `x`",
            "2:58: error: the id `a` was already given at a.scxml:2",
            "2:85: error: `a` cannot be initial here",
        ],
    );
}

#[test]
fn expressions_are_checked_where_they_stand() {
    refused(
        "<state id='s'><transition cond='a &lt; 1 &amp;&amp; )' target='s'/></state>",
        &["2:53: error: this condition is not valid: `)` closes nothing"],
    );
    refused(
        "<state id='s'><onentry><log expr='return'/></onentry></state>",
        &["2:35: error: this expression is not valid: "],
    );
    refused(
        "<datamodel><data id='x' expr='1 +'/></datamodel><state id='s'/>",
        &["2:33: error: this expression is not valid: it ends where something more is expected"],
    );
    refused(
        "<state id='s'><onentry><script>var a = 1;\n  var b = = 2;</script></onentry></state>",
        &["3:11: error: this script is not valid: "],
    );
    refused(
        "<state id='s'><onentry><assign location='a' expr='2 + * 3'/></onentry></state>",
        &["2:55: error: this expression is not valid: unexpected token in expression: '*'"],
    );
    refused("<state id='s'><onentry><assign location='a b' expr='1'/></onentry></state>", &["2:"]);
    refused(
        "<state id='s'><onentry><assign location='f(' expr='1'/></onentry></state>",
        &["2:43: error: this location is not valid"],
    );
    refused(
        "<datamodel><data id='x' expr='1}), (function(){ for(;;); })(), (function(){ return 2'/></datamodel><state id='s'/>",
        &["2:32: error: "],
    );
}

#[test]
fn broken_expressions_can_be_put_off() {
    let text = format!("{HEAD}<state id='s'><onentry><log expr='return'/></onentry></state></scxml>");
    let source = Source { file: "a.scxml", text: &text };
    let compiled = compile_with(source, &modules(), &NoParts, BrokenExpressions::Defer).unwrap();
    assert_eq!(compiled.warnings.len(), 1);
}

#[test]
fn illegal_structures_are_refused() {
    refused("", &["1:1: error: the chart has no state"]);
    refused(
        "<state id='a'><initial><transition target='a1' cond='true'/></initial><state id='a1'/></state>",
        &["2:54: error: the <transition> of a <initial> cannot have `cond`"],
    );
    refused("<state id='a'><history id='h'/><state id='a1'/></state>", &["2:15: error: a <history> needs"]);
    refused(
        "<state id='a'><history id='h'><transition target='b'/></history><state id='a1'/></state><state id='b'/>",
        &["2:51: error: `b` cannot be remembered here"],
    );
    refused("<state id='a'><transition/></state>", &["2:15: error: a <transition> needs"]);
    refused(
        "<state id='a'><transition event='e' target='b c'/></state><state id='b'/><state id='c'/>",
        &["2:45: error: `b` and `c` cannot be active together"],
    );
    refused("<state id='a b'/>", &["2:12: error: `a b` is no id"]);
    refused(
        "<state id='a'><transition event='e' type='inner' target='a'/></state>",
        &["2:43: error: a transition is internal or external"],
    );
    refused(
        "<datamodel><data id='a-b'/><data id='_event'/></datamodel><state id='s'/>",
        &["2:22: error: `a-b` is no ECMAScript name", "2:38: error: `_event` is a name of the platform"],
    );
    refused("<state id='s'><onentry><send/></onentry></state>", &["2:24: error: <send> needs"]);
    refused(
        "<state id='s'><onentry><send event='e' delay='soon'/></onentry></state>",
        &["2:47: error: `soon` is no time"],
    );
    refused("<state id='s'><invoke/></state>", &["2:15: error: an <invoke> needs"]);
    refused(
        "<state id='s'><onentry><if cond='true'><else/><else/></if></onentry></state>",
        &["2:47: error: <else> stands behind <else>"],
    );
}

#[test]
fn what_is_no_chart_is_refused() {
    for (text, expected) in [
        ("", "a.scxml:1:1: error: the document has no element"),
        ("<html/>", "a.scxml:1:1: error: a chart is an <scxml"),
        ("<scxml><state></scxml>", "a.scxml:1:"),
        ("<!DOCTYPE scxml><scxml/>", "a.scxml:1:1: error: a DOCTYPE is not allowed"),
        ("<scxml datamodel='xpath'><state/></scxml>", "a.scxml:1:"),
    ] {
        let error = load(text).map(|compiled| compiled.warnings).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn namespaces_may_be_unused_and_written_without_scheme() {
    let text = "<scxml xmlns='www.w3.org/2005/07/scxml' xmlns:x='http://unused.example' initialstate='s' _persist='true'><state id='r'/><state id='s'/></scxml>";
    assert_eq!(load(text).unwrap().warnings, []);
}

#[test]
fn elements_of_modules_are_checked() {
    let in_entry = |verb: &str| format!("<state id='s'><onentry>{verb}</onentry></state>");
    warned(&in_entry("<t:boil water='1' degrees='90' leaf='green'/>"), &[]);
    warned(
        &in_entry("<t:boil water='1' degree='90'/>"),
        &["2:50: warning: <boil> does not know `degree`; did you mean `degrees`?"],
    );
    warned(
        &in_entry("<t:bol/>"),
        &[
            "2:24: warning: <bol> of `tea.example/modules/kettle` is not known; did you mean `boil`?; executing it raises error.unsupported.bol",
        ],
    );
    warned(
        &in_entry("<u:anything a='('/>"),
        &["2:24: warning: <anything> of `unknown.example` is not known"],
    );
    warned(
        &in_entry("<t:boil water='1' leaf='greem'/>"),
        &["2:48: warning: `greem` is none of green, black; did you mean `green`?"],
    );
    warned(
        &in_entry("<t:boil water='1'><t:mugs/></t:boil>"),
        &["2:42: warning: <mugs> has no meaning inside <boil>"],
    );
    refused(&in_entry("<t:boil/>"), &["2:24: error: <boil> needs `water`"]);
    refused(&in_entry("<t:boil water='1 1'/>"), &["2:"]);
    refused(
        &in_entry("<t:boil water='1' requestid='_event'/>"),
        &["2:53: error: `_event` is a name of the platform"],
    );
    refused("<state id='s'><t:boil water='1'/></state>", &["2:15: error: <boil> is executable content"]);
}

fn parts(files: &[(&str, &str)]) -> BTreeMap<String, String> {
    files.iter().map(|(name, text)| ((*name).to_owned(), format!("{HEAD}\n{text}</scxml>"))).collect()
}

#[test]
fn parts_are_merged_with_their_data_scripts_and_initial_state() {
    let parts = parts(&[
        (
            "charts/parts/one.scxml",
            "<datamodel><data id='x' expr='1'/></datamodel><script>var y = x + 1</script><state id='p1'/><state id='p2'><state id='deep' src='two.scxml'/></state>",
        ),
        ("charts/parts/two.scxml", "<state id='q'><onentry><log expr='[x, y]'/></onentry></state>"),
    ]);
    let text = format!("{HEAD}<state id='s' initial='p2' src='parts/one.scxml'>{LOG_EVENTS}</state></scxml>");
    let source = Source { file: "charts/main.scxml", text: &text };
    let chart = compile(source, &modules(), &parts).unwrap().chart;
    assert_eq!(chart.state_ids().collect::<Vec<_>>(), ["s", "p1", "p2", "deep", "q"]);
    assert_eq!(chart.texts().len(), 3);
    let mut worker = crate::Worker::new(crate::Limits::default()).unwrap();
    let (session, step) = crate::Session::start(Arc::clone(&chart), &mut worker, crate::Start::default());
    assert_eq!(session.configuration(), ["s", "p2", "deep", "q"]);
    assert!(
        matches!(&step.effects[..], [crate::Effect::Log(log)] if log.value == serde_json::json!([1, 2])),
        "{step:?}"
    );
    // The texts that were kept are enough to load the chart again.
    let again = Source { file: chart.file(), text: &chart.texts()[chart.file()] };
    assert_eq!(compile(again, &modules(), chart.texts()).unwrap().chart.hash(), chart.hash());
}

#[test]
fn mistakes_in_parts_are_found_in_the_part() {
    let check = |files: &[(&str, &str)], expected: &str| {
        let text = format!("{HEAD}\n<state id='s' src='part.scxml'/></scxml>");
        let source = Source { file: "main.scxml", text: &text };
        let error = compile(source, &modules(), &parts(files)).map(|compiled| compiled.warnings).unwrap_err();
        assert_eq!(error.to_string().lines().next(), Some(expected));
    };
    check(
        &[("part.scxml", "<state id='p'><transition target='nowhere'/></state>")],
        "part.scxml:2:35: error: there is no state `nowhere`",
    );
    check(
        &[],
        "main.scxml:2:20: error: the part `part.scxml` cannot be had: there is no `part.scxml` among the texts at hand",
    );
    check(
        &[("part.scxml", "<state id='p' src='part.scxml'/>")],
        "part.scxml:2:20: error: the part `part.scxml` names itself: main.scxml → part.scxml → part.scxml",
    );
}

#[test]
fn the_hash_changes_with_every_text() {
    let hash = |part: &str| {
        let text = format!("{HEAD}<state id='s' src='part.scxml'/></scxml>");
        let source = Source { file: "main.scxml", text: &text };
        compile(source, &modules(), &parts(&[("part.scxml", part)])).unwrap().chart.hash().to_owned()
    };
    assert_eq!(hash("<state id='a'/>"), hash("<state id='a'/>"));
    assert_ne!(hash("<state id='a'/>"), hash("<state id='b'/>"));
    assert_eq!(hash("<state id='a'/>").len(), 64);
}

#[test]
fn parameters_are_listed() {
    let text = format!(
        "{HEAD}<datamodel><data id='a' _type='parameter' _desc='first'/><data id='b' _type='data'/></datamodel><state id='s'/></scxml>"
    );
    let chart = load(&text).unwrap().chart;
    let found: Vec<(&str, &str)> =
        chart.parameters().map(|parameter| (parameter.id.as_str(), parameter.description.as_str())).collect();
    assert_eq!(found, [("a", "first")]);
}

#[test]
fn a_history_that_is_its_own_default_is_refused() {
    for body in [
        "<state id='a'><history id='h'><transition target='h'/></history><state id='a1'/></state>",
        "<state id='a'><history id='h'><transition target='i'/></history><history id='i'><transition target='h'/></history><state id='a1'/></state>",
    ] {
        let error = crate::trial::load(&crate::trial::text(body)).unwrap_err().to_string();
        assert!(error.contains("`h` leads back to itself"), "{error}");
    }
    crate::trial::load(&crate::trial::text(
        "<state id='a'><history id='h'><transition target='i'/></history><history id='i'><transition target='a1'/></history><state id='a1'/></state>",
    ))
    .unwrap();
}

#[test]
fn columns_count_characters_behind_letters_of_more_than_one_byte() {
    for text in ["oau", "öäü", "茶茶茶"] {
        refused(
            &format!("<script>\n  var a = '{text}'; var b = ; var c = 4;\n</script><state id='s'/>"),
            &["3:26: error: this script is not valid"],
        );
        refused(
            &format!("<state id='s'><transition event='e' cond='\"{text}\" + ;1'/></state>"),
            &["2:51: error: this condition is not valid"],
        );
    }
}
