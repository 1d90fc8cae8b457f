//! Sessions between their steps: written down, read back, hibernating, moving.

use std::sync::Arc;

use serde_json::json;

use crate::trial::{LOG_EVENTS, Trial, load, text};
use crate::{
    Effect, Event, Failure, Limits, RestoreError, SNAPSHOT_VERSION, Session, Start, Status, Step, Worker,
};

/// A chart with everything that a snapshot has to carry.
const RICH: &str = "<datamodel><data id='n' expr='0'/><data id='list' expr='[]'/><data id='unset'/></datamodel>
  <script>function add(x) { list.push(x); n += list.length; return n; }
    var later = (x) => add(x) + 1; var made = new Date(0); var same = list; var chance = [];</script>
  <parallel id='p'>
    <state id='a'><history id='h' type='deep'><transition target='a1'/></history>
      <state id='a1'><transition event='a' target='a2'><script>later('a')</script></transition></state>
      <state id='a2'><state id='a21'><transition event='a' target='a22'><script>chance.push(Math.random())</script></transition></state>
        <state id='a22'><transition event='a' target='a1'/></state></state>
      <transition event='b' cond='n % 2 == 1' target='out'/></state>
    <state id='c'><invoke src='child'/><state id='c1'><transition event='c' target='c2'><raise event='a'/></transition></state>
      <state id='c2'><transition event='c' target='c1'/><onexit><send event='x' delay='1s' idlocation='unset'/></onexit></state></state>
    <transition event='d'><log expr='[n, list, same === list, typeof unset, made.getTime(), later.name, Object.keys(_data), chance]'/></transition>
  </parallel>
  <state id='out'><transition event='a' target='h'/><transition event='c' target='p'/><transition event='d'><log expr='n'/></transition></state>";

/// The next of a small generator.
fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *seed >> 33
}

#[test]
fn a_session_that_is_written_and_read_at_every_point_does_the_same() {
    for seed in 1..=40 {
        let (mut plain, mut written) = (Trial::of(RICH), Trial::of(RICH));
        let mut chance = seed;
        for _ in 0..30 {
            let event = ["a", "b", "c", "d"][(next(&mut chance) % 4) as usize];
            match next(&mut chance) % 3 {
                0 => written.write_and_read(),
                1 => written.session.hibernate(&mut written.worker),
                _ => {}
            }
            let expected = plain.send(event).clone();
            let step = written.send(event);
            assert_eq!(*step, expected, "seed {seed}, event {event}");
            assert_eq!(plain.active(), written.active(), "seed {seed}");
        }
    }
}

#[test]
fn values_of_every_kind_survive() {
    for (value, test) in [
        ("undefined", "value === undefined &amp;&amp; 'value' in _data"),
        ("NaN", "Number.isNaN(value)"),
        ("-Infinity", "value === -Infinity"),
        ("-0", "Object.is(value, -0)"),
        ("12345678901234567890n", "value === 12345678901234567890n"),
        ("new Date(5)", "value instanceof Date &amp;&amp; value.getTime() === 5"),
        ("/a+/gi", "value.test('xAA') &amp;&amp; value.flags === 'gi'"),
        ("new Map([[1, {a: undefined}]])", "value.get(1).a === undefined &amp;&amp; 'a' in value.get(1)"),
        ("new Set(['x'])", "value.has('x')"),
        ("new Error('sorry')", "value instanceof Error &amp;&amp; value.message === 'sorry'"),
        ("new Error('sorry')", "JSON.stringify(value) === '{}' &amp;&amp; String(value) === 'Error: sorry'"),
        ("new TypeError('sorry')", "value instanceof TypeError &amp;&amp; JSON.stringify(value) === '{}'"),
        ("Array.prototype.slice", "value === Array.prototype.slice"),
        ("Date", "value === Date &amp;&amp; value.now() === Date.now()"),
        ("function (x) { return x + base }", "value(1) === 8"),
        ("(x) => x + base", "value(1) === 8"),
        (
            "{ half(x) { return x / 2 }, deep: [{ f: () => base }] }",
            "value.half(4) === 2 &amp;&amp; value.deep[0].f() === 7",
        ),
        (
            "{ a: 1, b: undefined, c: [NaN, null] }",
            "Object.keys(value).join() === 'a,b,c' &amp;&amp; Number.isNaN(value.c[0])",
        ),
        ("_tea.leaf", "value === _tea.leaf"),
        ("_ioprocessors", "value === _ioprocessors"),
        ("[_data]", "value[0] === _data"),
        ("new Point(3)", "value instanceof Point &amp;&amp; value.twice() === 6"),
        (
            "JSON.parse('{\"__proto__\": 1, \"#xml\": \"a\", \"b\": 1}')",
            "Object.keys(value).length === 3 &amp;&amp; value['#xml'] === 'a'",
        ),
        ("['\u{1F375}', '\\u2028', '\"']", "value[0].length === 2 &amp;&amp; value[1] === '\\u2028'"),
        ("[, 1]", "value[1] === 1"),
        ("'\\ud800x'", "value.length === 2 &amp;&amp; value.charCodeAt(0) === 0xd800"),
        ("Math.max", "value === Math.max || value === undefined"),
    ] {
        let value = value.replace('"', "&quot;");
        let mut trial = Trial::of(&format!(
            "<datamodel><data id='base' expr='7'/></datamodel>
             <script>class Point {{ constructor(n) {{ this.n = n }} twice() {{ return 2 * this.n }} }}</script>
             <state id='s'><datamodel><data id='value'/></datamodel>
               <transition event='set'><assign location='value' expr=\"{value}\"/></transition>
               <transition event='e'><log expr=\"{test}\"/></transition>{LOG_EVENTS}</state>"
        ));
        trial.send("set");
        trial.write_and_read();
        trial.write_and_read();
        trial.send("e");
        assert_eq!(trial.logs(), ["true"], "{value}");
    }
}

#[test]
fn shared_objects_and_cycles_stay_what_they_are() {
    let mut trial = Trial::of(
        "<script>var a = {n: 1}; var b = [a, a]; a.self = a; var c = {b: b};</script><state id='s'>
         <transition event='e'><log expr='a.self === a &amp;&amp; b[0] === a &amp;&amp; b[1] === b[0] &amp;&amp; c.b === b'/></transition></state>",
    );
    trial.write_and_read();
    trial.send("e");
    assert_eq!(trial.logs(), ["true"]);
}

#[test]
fn maps_and_sets_share_what_they_hold_with_others() {
    let mut trial = Trial::of(
        "<script>var a = {n: 1}; var b = new Map([['a', a], [a, 'key'], ['odd', NaN]]); var c = new Set([a, b, undefined]);
           b.set('b', b); b.set('c', c); var d = [b, c, new Map([[1, new Set([new Map([[2, a]])])]])];</script>
         <state id='s'><transition event='e'><log expr=\"[b.get('a') === a, b.get(a), Number.isNaN(b.get('odd')), c.has(a), c.has(b), c.has(undefined), b.get('b') === b,
           b.get('c') === c, d[0] === b, d[1] === c, [...[...d[2].get(1)][0]][0][1] === a, b.size, c.size, b instanceof Map, c instanceof Set]\"/></transition></state>",
    );
    for _ in 0..2 {
        trial.write_and_read();
        trial.send("e");
    }
    let expected = "[true,\"key\",true,true,true,true,true,true,true,true,true,5,3,true,true]";
    assert_eq!(trial.logs(), [expected, expected]);
}

#[test]
fn maps_and_sets_of_older_snapshots_are_read() {
    let mut trial = Trial::of(
        "<datamodel><data id='m'/></datamodel><state id='s'><transition event='e'><log expr='[m.get(1), m.get(2).getTime()]'/></transition></state>",
    );
    let mut snapshot = trial.session.snapshot(&mut trial.worker).unwrap();
    let inner =
        json!([{"entries": [[1, "x"], [2, null]]}, [[["entries", 1, 1], "date", 7]], [], []]).to_string();
    let data = json!([{"m": null}, [[["m"], "map", inner]], [], []]).to_string();
    snapshot.data = serde_json::value::RawValue::from_string(data).unwrap();
    trial.session = Session::restore(Arc::clone(trial.session.chart()), snapshot).unwrap();
    trial.send("e");
    assert_eq!(trial.logs(), ["[\"x\",7]"]);
}

#[test]
fn data_of_strangers_never_become_code() {
    let mut trial = Trial::of(
        "<datamodel><data id='x'/></datamodel><state id='s'><transition event='set'><assign location='x' expr='_event.data'/></transition>
         <transition event='e'><log expr='[typeof x, x]'/></transition></state>",
    );
    let forged = json!([{"f": "function () {}"}, [[["x"], "function", "function () {}"]], [], ["x", 0]]);
    trial.send_with("set", forged.clone());
    trial.write_and_read();
    trial.send("e");
    assert_eq!(trial.logs(), [json!(["object", forged]).to_string()]);
}

#[test]
fn a_snapshot_belongs_to_its_chart_and_version() {
    let mut trial = Trial::of("<state id='s'/>");
    let snapshot = trial.session.snapshot(&mut trial.worker).unwrap();
    let other = load(&text("<state id='t'/>")).unwrap();
    let error = Session::restore(other, snapshot.clone()).unwrap_err();
    assert!(matches!(error, RestoreError::Chart { .. }), "{error}");
    let mut old = snapshot.clone();
    old.v = SNAPSHOT_VERSION + 1;
    let error = Session::restore(Arc::clone(trial.session.chart()), old).unwrap_err();
    assert!(matches!(error, RestoreError::Version { .. }), "{error}");
    let mut strange = snapshot;
    strange.configuration.push("nowhere".to_owned());
    let error = Session::restore(Arc::clone(trial.session.chart()), strange).unwrap_err();
    assert!(error.to_string().contains("nowhere"), "{error}");
}

#[test]
fn a_chart_compiled_again_from_its_texts_takes_its_sessions_back() {
    let mut trial = Trial::of(RICH);
    trial.send("a");
    let snapshot = trial.session.snapshot(&mut trial.worker).unwrap();
    let again = load(&trial.session.chart().texts()["trial.scxml"]).unwrap();
    let session = Session::restore(again, snapshot).unwrap();
    assert_eq!(session.configuration(), trial.active());
}

#[test]
fn a_session_that_hibernates_can_move_to_another_worker_and_thread() {
    let mut trial = Trial::of(RICH);
    trial.send("a");
    trial.session.hibernate(&mut trial.worker);
    let mut session = trial.session;
    let step = std::thread::spawn(move || {
        let mut worker = Worker::new(Limits::default()).unwrap();
        session.step(&mut worker, Event::external("d", json!(null)), 0)
    })
    .join()
    .unwrap();
    assert!(matches!(&step.effects[..], [Effect::Log(_)]), "{step:?}");
}

#[test]
fn a_live_session_does_not_run_on_another_worker() {
    let mut trial = Trial::of(RICH);
    let mut other = Worker::new(Limits::default()).unwrap();
    let step = trial.session.step(&mut other, Event::external("d", json!(null)), 0);
    assert!(matches!(step.status, Status::Failed { failure: Failure::Data { .. } }), "{step:?}");
}

#[test]
fn an_ended_session_is_restored_as_ended() {
    let mut trial = Trial::of("<state id='s'><transition event='e' target='f'/></state><final id='f'/>");
    trial.send("e");
    trial.write_and_read();
    assert!(!trial.session.is_running());
    assert_eq!(trial.send("e").effects, []);
}

#[test]
fn steps_are_numbered_and_the_numbers_survive() {
    let mut trial = Trial::of("<state id='s'/>");
    trial.send("e");
    trial.write_and_read();
    assert_eq!(trial.session.next_step(), 3);
    trial.send("e");
    assert_eq!(trial.steps.iter().map(|step| step.number).collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn a_dropped_session_leaves_nothing_in_its_worker() {
    let chart = load(&text(RICH)).unwrap();
    let mut worker = Worker::new(Limits::default()).unwrap();
    let start = |worker: &mut Worker| Session::start(Arc::clone(&chart), worker, Start::default());
    let (session, _) = start(&mut worker);
    assert_eq!(worker.live_sessions(), 1);
    drop(session);
    assert_eq!(worker.live_sessions(), 0);
    let sessions: Vec<(Session, Step)> = (0..200).map(|_| start(&mut worker)).collect();
    assert_eq!(worker.live_sessions(), 200);
    drop(sessions);
    assert_eq!(worker.live_sessions(), 0);
}

#[test]
fn data_have_a_limit() {
    let limits = Limits { data: 1000, ..Limits::default() };
    let body = "<datamodel><data id='x'/></datamodel><state id='s'><transition event='e'><script>x = 'y'.repeat(2000)</script></transition></state>";
    let mut trial = Trial::with(body, limits, serde_json::Map::new());
    assert!(trial.session.snapshot(&mut trial.worker).is_ok());
    trial.send("e");
    let failure = trial.session.snapshot(&mut trial.worker).unwrap_err();
    assert!(matches!(failure, Failure::DataSize { limit: 1000, .. }), "{failure}");
    trial.session.hibernate(&mut trial.worker);
    assert!(!trial.session.is_running());
}

#[test]
fn a_session_is_small() {
    assert!(size_of::<Session>() <= 512, "{}", size_of::<Session>());
    fn is_send<T: Send>() {}
    is_send::<Session>();
}
