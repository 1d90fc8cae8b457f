use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{SharedStart, SharedValue};
use crate::trial::{Trial, load, text};
use crate::{Event, Limits, RestoreError, Session, Snapshot, Start, Worker};

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn base() -> Map<String, Value> {
    object(
        json!({ "ttl": 60, "name": "a", "gone": true, "list": [1, { "deep": 2 }], "none": null, "toString": "own" }),
    )
}

fn shared() -> SharedStart {
    SharedStart {
        value: Arc::new(SharedValue::new(&base())),
        own: object(json!({ "name": "b", "extra": [3] })),
        without: vec!["gone".to_owned()],
    }
}

/// What a session sees of [`shared`].
fn merged() -> Map<String, Value> {
    let mut merged = base();
    merged.remove("gone");
    merged.extend(shared().own);
    merged
}

/// A chart that logs an expression for each event; what a script does with `o` goes before.
fn chart(script: &str, expression: &str) -> Arc<crate::Chart> {
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    load(&text(&format!(
        "<datamodel><data id='o' expr='0'/><data id='kept'/></datamodel><script>function sorted(list) {{ return list.sort() }}</script>
         <state id='s'><transition event='do'><script>{}</script></transition>
           <transition event='error.*'><log label='error' expr='_event.data.message'/></transition>
           <transition event='say'><log expr=\"{}\"/></transition></state>",
        escaped(script),
        escaped(expression)
    )))
    .unwrap()
}

fn start(id: &str, is_shared: bool) -> Start {
    let mut start = Start { session_id: id.to_owned(), ..Start::default() };
    if is_shared {
        start.shared = BTreeMap::from([("o".to_owned(), shared())]);
    } else {
        start.parameters.insert("o".to_owned(), Value::Object(merged()));
    }
    start
}

fn trial(chart: &Arc<crate::Chart>, is_shared: bool) -> Trial {
    let mut worker = Worker::new(Limits::default()).unwrap();
    let (session, step) = Session::start(Arc::clone(chart), &mut worker, start("S1", is_shared));
    Trial { worker, session, steps: vec![step], now_millis: 0 }
}

fn restored(trial: &mut Trial) -> Snapshot {
    let snapshot = trial.session.snapshot(&mut trial.worker).unwrap();
    let text = serde_json::to_string(&snapshot).unwrap();
    trial.session.hibernate(&mut trial.worker);
    let chart = Arc::clone(trial.session.chart());
    let read: Snapshot = serde_json::from_str(&text).unwrap();
    let value = shared().value;
    let find = |hash: &str| (hash == value.hash()).then(|| Arc::clone(&value));
    trial.session = Session::restore_sharing(chart, read, find).unwrap();
    trial.worker = Worker::new(Limits::default()).unwrap();
    snapshot
}

/// What a chart says is the same whether its object is shared or not, live and after any restore.
#[track_caller]
fn check(script: &str, expression: &str) -> Vec<String> {
    let chart = chart(script, expression);
    let mut all = Vec::new();
    for (is_shared, cuts) in [(false, 0), (true, 0), (true, 2), (true, 4), (true, 7)] {
        let mut trial = trial(&chart, is_shared);
        for (at, event) in ["say", "do", "say"].into_iter().enumerate() {
            if cuts >> at & 1 == 1 {
                restored(&mut trial);
            }
            trial.send(event);
        }
        all.push((is_shared, cuts, trial.logs()));
    }
    let (_, _, expected) = all[0].clone();
    for (is_shared, cuts, logs) in all {
        assert_eq!(logs, expected, "{script}; {expression}: shared {is_shared}, restored before {cuts:b}");
    }
    expected
}

const EVERYTHING: &str = "[o, sorted(Object.keys(o)), sorted(Object.entries(o).map(String)), Object.keys({...o}).length, JSON.stringify(o.list), o.toString, \
    'ttl' in o, 'gone' in o, o.hasOwnProperty('ttl'), Object.hasOwn(o, 'gone'), typeof o.nothing, String(Object.getPrototypeOf(o) === Object.prototype), \
    sorted((() => { var names = []; for (var name in o) names.push(name); return names })()), o.list === o.list, Array.isArray(o.list), \
    Object.getOwnPropertyDescriptor(o, 'ttl'), sorted(Object.getOwnPropertyNames(o)), Object.isFrozen(o), typeof o, \
    o.propertyIsEnumerable('ttl'), Object.assign({}, o).ttl, o.valueOf() === o, kept === o, kept && kept.inner === o, kept && kept.inner === o.list]";

#[test]
fn a_shared_value_reads_like_an_object_of_the_session() {
    let logs = check("", EVERYTHING);
    let seen: Value = serde_json::from_str(&logs[0]).unwrap();
    assert_eq!(seen[0], Value::Object(merged()));
    assert_eq!(seen[1], json!(["extra", "list", "name", "none", "toString", "ttl"]));
}

#[test]
fn changes_are_the_sessions_own() {
    for script in [
        "o.ttl = 7",
        "o.ttl += 1; o.fresh = 1; delete o.fresh",
        "delete o.ttl",
        "delete o.ttl; o.ttl = 9",
        "delete o.name; delete o.list; delete o.extra",
        "o.list.push(4); o.list[1].deep = 5",
        "o.list = undefined; o.none = NaN; o.when = new Date(5); o.seen = new Map([[1, o.list]])",
        "o.fun = (x) => x; o.again = o; o.same = o.list",
        "Object.assign(o, {ttl: 1, more: 2})",
        "for (var key of Object.keys(o)) delete o[key]",
        "Object.defineProperty(o, '__proto__', {value: 1, enumerable: true, configurable: true, writable: true})",
        "o = {...o, ttl: 3}",
        "'use strict'; Object.freeze(o.list); try { o.list.push(1) } catch (e) { o.caught = e.message }",
        "o.toString = 5; o.constructor = 6; o.hasOwnProperty2 = 7",
        "Reflect.set(o, 'ttl', 4); Reflect.deleteProperty(o, 'name'); Reflect.defineProperty(o, 'extra', {value: 1})",
        "var heir = Object.create(o); heir.ttl = 4; kept = heir.ttl + o.ttl",
    ] {
        // What refers to itself is no JSON.
        let expression = if script.contains("o.again") {
            "[o.again === o, o.same === o.list, o.fun && o.fun(3), Object.keys(o).length]"
        } else {
            EVERYTHING
        };
        let logs = check(script, expression);
        assert_ne!(logs.first(), logs.last(), "{script} changes nothing");
    }
}

#[test]
fn a_getter_takes_the_place_of_a_shared_property() {
    let logs = check(
        "Object.defineProperty(o, 'ttl', {get() { return this.name + this.list.length }, enumerable: true})",
        "[o.ttl, sorted(Object.keys(o)), ({...o}).ttl, JSON.stringify(o.ttl)]",
    );
    assert!(logs[1].starts_with("[\"b2\""), "{logs:?}");
}

#[test]
fn a_frozen_one_is_an_object_like_others() {
    // That an object is frozen is not written down, shared or not.
    let logs = check("Object.freeze(o); try { o.ttl = 5 } catch (error) { kept = error.name }", "[o, kept]");
    assert!(logs[1].contains("TypeError") && logs[1].contains("60"), "{logs:?}");
}

#[test]
fn it_may_have_other_names_and_lie_in_other_objects() {
    for script in [
        "kept = o",
        "kept = {inner: o}",
        "kept = {inner: o}; o = 1; o = kept.inner; kept.inner.ttl = 8",
        "kept = {inner: o.list}",
        "kept = [o, {o}, new Map([[o, o], ['x', {inner: o}]]), new Set([o])]; delete o.ttl; o.inside = kept[1]; delete o.inside",
        "kept = {inner: {}}; o.holder = kept; delete o.holder",
    ] {
        let logs = check(script, EVERYTHING);
        assert_ne!(logs.first(), logs.last(), "{script} changes nothing");
    }
    let deep = "kept = {m: new Map([['x', {inner: o}]]), s: new Set([o]), only: [o]}; o = 5";
    let inside = "kept && [kept.m.get('x').inner === kept.only[0], kept.s.has(kept.only[0]), kept.only[0].ttl, kept.only[0].name]";
    assert_eq!(check(deep, inside)[1], json!([true, true, 60, "b"]).to_string());
}

#[test]
fn sessions_see_nothing_of_each_others_changes() {
    let chart =
        chart("o.ttl = 1; o.list[1].deep = 9; o.list.push(5); delete o.name; Object.getPrototypeOf(o)", "o");
    let mut first = trial(&chart, true);
    let (mut second, _) = Session::start(Arc::clone(&chart), &mut first.worker, start("S2", true));
    first.send("do");
    let event = || Event::external("say", Value::Null);
    let step = second.step(&mut first.worker, event(), 0);
    let said = serde_json::to_value(&step.effects).unwrap();
    assert!(said.to_string().contains(&Value::Object(merged()).to_string()), "{said}");
}

#[test]
fn a_snapshot_has_the_hash_and_what_is_the_sessions_own() {
    let chart = chart("o.ttl = 61", "o");
    let mut trial = trial(&chart, true);
    let hash = shared().value.hash().to_owned();
    let first = restored(&mut trial);
    assert_eq!(first.shared, std::slice::from_ref(&hash));
    assert_eq!(
        first.data.get(),
        format!(
            r#"[{{"o":{{"extra":[3],"name":"b"}},"kept":null,"sorted":null}},[[["o"],"shared","{hash}",["gone"]]],["kept"],["sorted",0]]"#
        )
    );
    trial.send("do");
    let second = restored(&mut trial);
    assert!(
        second.data.get().starts_with(r#"[{"o":{"extra":[3],"name":"b","ttl":61}"#),
        "{}",
        second.data.get()
    );
}

#[test]
fn data_for_tools_have_all_of_it() {
    let mut trial = trial(&chart("", "1"), true);
    let data = trial.session.data(&mut trial.worker, 0).unwrap();
    assert_eq!(data["o"], Value::Object(merged()));
}

#[test]
fn a_session_is_not_restored_without_what_it_shares() {
    let mut trial = trial(&chart("", "1"), true);
    let snapshot = trial.session.snapshot(&mut trial.worker).unwrap();
    let error = Session::restore(Arc::clone(trial.session.chart()), snapshot).unwrap_err();
    let hash = shared().value.hash().to_owned();
    assert_eq!(error, RestoreError::Shared { session: "S1".to_owned(), hash });
}

//= decision: D-053 a running session keeps what it was started with
//= type=test
#[test]
fn a_snapshot_of_the_first_version_is_read() {
    let mut trial = trial(&chart("o.ttl += 1", "o.ttl"), false);
    let mut snapshot = trial.session.snapshot(&mut trial.worker).unwrap();
    snapshot.v = 1;
    trial.session = Session::restore(Arc::clone(trial.session.chart()), snapshot).unwrap();
    trial.send("do");
    trial.send("say");
    assert_eq!(trial.logs(), ["61"]);
}

#[test]
fn more_values_than_a_chart_keeps_are_made_again() {
    let chart = chart("", "o.n");
    let mut worker = Worker::new(Limits::default()).unwrap();
    let mut sessions = Vec::new();
    for number in 0..150 {
        let value = Arc::new(SharedValue::new(&object(json!({ "n": number }))));
        let one = SharedStart { value, own: Map::new(), without: Vec::new() };
        let shared = BTreeMap::from([("o".to_owned(), one)]);
        let begin = Start { session_id: format!("S{number}"), shared, ..Start::default() };
        let (mut session, _) = Session::start(Arc::clone(&chart), &mut worker, begin);
        if number % 2 == 0 {
            session.hibernate(&mut worker);
        }
        sessions.push(session);
    }
    for (number, session) in sessions.iter_mut().enumerate() {
        let step = session.step(&mut worker, Event::external("say", Value::Null), 0);
        let said = serde_json::to_value(&step.effects).unwrap().to_string();
        assert!(said.contains(&format!("\"value\":{number}")), "{said}");
    }
}

#[test]
fn a_text_that_is_no_object_is_refused() {
    assert!(SharedValue::from_text("[1]".to_owned()).is_err());
    let value = SharedValue::new(&base());
    assert_eq!(SharedValue::from_text(value.text().to_owned()).unwrap(), value);
}
