//! What scripts can do, and what they cannot do to each other.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::trial::{LOG_EVENTS, Trial, load, text};
use crate::{Call, Effect, Event, Failure, Limits, Log, Session, Start, Status, Worker};

/// Logs the value of an expression.
#[track_caller]
fn check(data: &str, script: &str, expression: &str, expected: Value) {
    let expression = expression.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    let script = script.replace('&', "&amp;").replace('<', "&lt;");
    let trial = Trial::of(&format!(
        "<datamodel>{data}</datamodel><script>{script}</script>
         <state id='s'><onentry><log label='value' expr=\"{expression}\"/></onentry>
           <transition event='error'><log label='error' expr='_event.data.message'/></transition></state>"
    ));
    assert_eq!(trial.logs(), [format!("value={expected}")]);
}

/// Runs a script that must fail; what the error says.
#[track_caller]
fn error_of(script: &str) -> String {
    let trial = Trial::of(&format!(
        "<datamodel><data id='x' expr='1'/></datamodel>
         <state id='s'><onentry><script>{script}</script></onentry>
           <transition event='error.execution'><log expr='_event.data.message'/></transition></state>"
    ));
    let logs = trial.logs();
    assert_eq!(logs.len(), 1, "{script}: {logs:?} {:?}", trial.last().status);
    logs.concat()
}

#[test]
fn declarations_of_scripts_land_in_the_session() {
    check(
        "",
        "var a = 1, b = [2]; function f(n) { return n + a; } const c = 3;",
        "[f(1), b[0], c, _data.a]",
        json!([2, 2, 3, 1]),
    );
    check("", "for (var i = 0; i < 3; i++) { var last = i }", "[i, last]", json!([3, 2]));
    check("", "class Cat { name() { return 'cat' } }", "new Cat().name()", json!("cat"));
}

#[test]
fn patterns_declare_their_names_in_the_session() {
    check(
        "<data id='o' expr=\"{a: 1, b: [2, 3], d: 4}\"/>",
        "var {a, b: [, c]} = o\nvar [x = 9] = []\nconst {d, ...rest} = o",
        "[a, c, x, d, rest.a]",
        json!([1, 3, 9, 4, 1]),
    );
    check("<data id='l' expr='[[1, 2]]'/>", "for (var [k, v] of l) {}", "[k, v]", json!([1, 2]));
}

#[test]
fn functions_see_later_changes_of_variables() {
    check("<data id='n' expr='1'/>", "function get() { return n } n = 5;", "get()", json!(5));
}

#[test]
fn data_is_reached_by_name_and_by_data() {
    check(
        "<data id='x' expr='{a: 1}'/>",
        "_data.x.a = 2; _data.y = 3;",
        "[x.a, y, _data.x.a, typeof z]",
        json!([2, 3, 2, "undefined"]),
    );
}

#[test]
fn inline_data_is_json_or_text() {
    check(
        "<data id='x'>{\"a\": [1]}</data><data id='y'> some\n text </data>",
        "",
        "[x.a, y]",
        json!([[1], "some text"]),
    );
}

#[test]
fn markup_can_be_read() {
    let data = "<data id='x'><books xmlns=''><book title='one'/><book title='two'>Text</book></books></data>";
    let expression = "[x.getElementsByTagName('book')[1].getAttribute('title'), x.getElementsByTagName('book')[1].textContent, x.tagName]";
    check(data, "", expression, json!(["two", "Text", "books"]));
}

#[test]
fn a_broken_first_value_leaves_the_variable_undefined() {
    let trial = Trial::of(&format!(
        "<datamodel><data id='x' expr='nowhere.a'/><data id='y' expr='2'/></datamodel><state id='s'><onentry><log expr='[typeof x, y]'/></onentry>{LOG_EVENTS}</state>"
    ));
    assert_eq!(trial.logs(), ["[\"undefined\",2]", "event=\"error.execution\""]);
}

#[test]
fn an_undeclared_name_cannot_be_assigned() {
    assert!(error_of("undeclared = 1").contains("ReferenceError"));
    assert!(error_of("(function () { undeclared = 1 })()").contains("ReferenceError"));
    let trial = Trial::of(
        "<state id='s'><onentry><assign location='undeclared' expr='1'/></onentry>
         <transition event='error.execution'><log expr='typeof undeclared'/></transition></state>",
    );
    assert_eq!(trial.logs(), ["\"undefined\""]);
}

#[test]
fn names_of_the_platform_cannot_be_assigned() {
    for script in [
        "_sessionid = 1",
        "_name = 1",
        "_event = 1",
        "_ioprocessors = 1",
        "_data = 1",
        "_x = 1",
        "In = 1",
        "_tea = 1",
        "_tea.leaf.Green = 5",
        "_tea.list.push(3)",
        "_ioprocessors.scxml.location = 1",
        "var _event = 1",
        "_x.a = 1",
        "delete _tea.leaf",
    ] {
        assert!(error_of(script).contains("TypeError"), "{script}");
    }
}

#[test]
fn built_ins_cannot_be_changed() {
    for script in [
        "Array.prototype.push = 1",
        "Object.prototype.x = 1",
        "JSON.parse = 1",
        "Math.random = 1",
        "Date.now = 1",
        "Object.prototype.toString = 1",
        "globalThis.y = 1",
        "delete Array.prototype.push",
        "Object.defineProperty(Object.prototype, 'z', {value: 1})",
        "(function () {}).__proto__.call = 1",
        "Object.setPrototypeOf(Array.prototype, {})",
        "[][Symbol.iterator]().__proto__.next = 1",
        "uneval.x = 1",
    ] {
        error_of(script);
    }
}

#[test]
fn objects_of_a_session_can_override_what_they_inherit() {
    check(
        "",
        "var o = {}; o.toString = function () { return 'mine' }; var e = new Error('a'); e.message = 'b';",
        "[String(o), e.message]",
        json!(["mine", "b"]),
    );
    check(
        "",
        "function A() {} A.prototype.toString = function () { return 'A' };",
        "'' + new A()",
        json!("A"),
    );
}

#[test]
fn sessions_cannot_see_each_other() {
    let chart = load(&text(
        "<script>var secret = 0; function keep(n) { secret = n; Array.last = n; }</script>
         <state id='s'><transition event='keep'><script>keep(_event.data)</script></transition>
           <transition event='tell'><log expr='[secret, _sessionid, typeof Array.last]'/></transition></state>",
    ))
    .unwrap();
    let mut worker = Worker::new(Limits::default()).unwrap();
    let mut sessions: Vec<Session> = (0..3)
        .map(|number| {
            let start = Start { session_id: format!("S{number}"), ..Start::default() };
            Session::start(Arc::clone(&chart), &mut worker, start).0
        })
        .collect();
    for (number, session) in sessions.iter_mut().enumerate() {
        session.step(&mut worker, Event::external("keep", json!(number)), 0);
    }
    for (number, session) in sessions.iter_mut().enumerate() {
        let step = session.step(&mut worker, Event::external("tell", json!(null)), 0);
        let [Effect::Log(Log { value, .. })] = &step.effects[..] else { panic!("{step:?}") };
        assert_eq!(*value, json!([number, format!("S{number}"), "undefined"]));
    }
}

#[test]
fn time_is_passed_in_and_local_time_is_utc() {
    check(
        "",
        "",
        "[Date.now(), new Date().getTime(), new Date(0).getHours(), new Date(2020, 0, 1).toISOString()]",
        json!([1000, 1000, 0, "2020-01-01T00:00:00.000Z"]),
    );
    check(
        "",
        "",
        "[new Date('2020-01-01T00:00').getTime(), Date.parse('2020-01-01T00:00Z'), new Date(5).getTimezoneOffset()]",
        json!([1_577_836_800_000_i64, 1_577_836_800_000_i64, 0]),
    );
    check("", "", "new Date(0) instanceof Date && typeof Date() === 'string'", json!(true));
}

#[test]
fn chance_is_the_same_for_the_same_session_and_step() {
    let body = "<datamodel><data id='a'/></datamodel><state id='s'><onentry><log expr='Math.random()'/></onentry><transition event='e'><log expr='Math.random()'/></transition></state>";
    let run = || {
        let mut trial = Trial::of(body);
        trial.send("e");
        trial.logs()
    };
    let first = run();
    assert_eq!(first, run());
    assert_ne!(first[0], first[1]);
}

#[test]
fn helpers_of_ors_are_there() {
    let trial = Trial::of(
        "<state id='s'><onentry><script>__Log('text', 'label', 2); __Raise('e', {n: 1});</script></onentry>
         <transition event='e'><log expr='[_event.data.n, uneval({a: 1}), __GetCurrentStates(), __GetDocumentURL()]'/></transition></state>",
    );
    let Some(Effect::Log(log)) = trial.last().effects.first() else { panic!("{:?}", trial.last()) };
    assert_eq!(*log, Log { label: "label".to_owned(), value: json!("text"), level: Some(2) });
    assert_eq!(trial.logs()[1], "[1,\"{\\\"a\\\":1}\",[\"s\"],\"trial.scxml\"]");
}

#[test]
fn registered_functions_become_effects() {
    let trial = Trial::of(
        "<state id='s'><onentry><script>_tea.kettle.tell({a: 1}, undefined, _tea.leaf.Green)</script></onentry></state>",
    );
    let call = Call {
        function: "_tea.kettle.tell".to_owned(),
        arguments: vec![json!({"a": 1}), json!(null), json!(1)],
    };
    assert_eq!(trial.last().effects, [Effect::Call(call)]);
}

#[test]
fn the_event_has_its_fields_and_is_read_only() {
    let mut trial = Trial::of(
        "<state id='s'><transition event='e'><log expr='_event'/><script>_event.name = 1</script></transition>
         <transition event='error'><log label='error' expr='_event.type'/></transition></state>",
    );
    trial.event(Event { sendid: Some("x".to_owned()), ..Event::external("e", json!({"n": [1]})) });
    assert_eq!(
        trial.logs(),
        [
            "{\"data\":{\"n\":[1]},\"name\":\"e\",\"sendid\":\"x\",\"type\":\"external\"}",
            "error=\"platform\""
        ]
    );
}

#[test]
fn old_sloppy_text_still_runs_but_leaks_nothing() {
    let source = text(
        "<script>var mode = 010; leaked = 1;</script><state id='s'><onentry><log expr='[mode, typeof leaked]'/></onentry></state>",
    );
    let compiled = crate::compile(
        crate::Source { file: "old.scxml", text: &source },
        &crate::trial::modules(),
        &crate::NoParts,
    )
    .unwrap();
    assert_eq!(compiled.warnings.len(), 1, "{:?}", compiled.warnings);
    let mut worker = Worker::new(Limits::default()).unwrap();
    let (_, step) = Session::start(compiled.chart, &mut worker, Start::default());
    let [Effect::Log(log)] = &step.effects[..] else { panic!("{step:?}") };
    assert_eq!(log.value, json!([8, "undefined"]));
}

#[test]
fn promises_are_kept_within_the_step() {
    let trial = Trial::of(
        "<datamodel><data id='x' expr='0'/></datamodel><state id='s'><onentry>
         <script>(async function () { await null; x = 5; })()</script><log expr='x'/></onentry></state>",
    );
    assert_eq!(trial.logs(), ["5"]);
}

#[test]
fn an_endless_script_ends_its_session_and_no_other() {
    let chart = load(&text(
        "<datamodel><data id='n' expr='0'/></datamodel><state id='s'>
         <transition event='loop'><script>for (;;) { n++ }</script></transition>
         <transition event='promise'><script>(async function () { for (;;) await null })()</script></transition>
         <transition event='count'><script>n++</script><log expr='n'/></transition></state>",
    ))
    .unwrap();
    for (event, line) in [("loop", 2), ("promise", 3)] {
        let mut worker = Worker::new(Limits::default()).unwrap();
        let mut start = |id: &str| {
            let start = Start { session_id: id.to_owned(), ..Start::default() };
            Session::start(Arc::clone(&chart), &mut worker, start).0
        };
        let (mut bad, mut good) = (start("bad"), start("good"));
        good.step(&mut worker, Event::external("count", json!(null)), 0);
        let step = bad.step(&mut worker, Event::external(event, json!(null)), 0);
        let Status::Failed { failure: Failure::ScriptTime { limit_millis: 50, place } } = step.status else {
            panic!("{event}: {step:?}")
        };
        assert_eq!(place, format!("trial.scxml:{line}"));
        let step = good.step(&mut worker, Event::external("count", json!(null)), 0);
        let [Effect::Log(log)] = &step.effects[..] else { panic!("{event}: {step:?}") };
        assert_eq!(log.value, json!(2), "{event}");
    }
}

#[test]
fn a_script_without_memory_ends_its_session_and_no_other() {
    let chart = load(&text(
        "<datamodel><data id='n' expr='0'/><data id='hog'/></datamodel><state id='s'>
         <transition event='hog'><script>hog = []; for (;;) hog.push('x'.repeat(100000) + hog.length)</script></transition>
         <transition event='count'><script>n++</script><log expr='n'/></transition></state>",
    ))
    .unwrap();
    let mut worker = Worker::new(Limits { script_memory: 16 * 1024 * 1024, ..Limits::default() }).unwrap();
    let mut start = |id: &str| {
        let start = Start { session_id: id.to_owned(), ..Start::default() };
        Session::start(Arc::clone(&chart), &mut worker, start).0
    };
    let (mut bad, mut good) = (start("bad"), start("good"));
    good.step(&mut worker, Event::external("count", json!(null)), 0);
    let step = bad.step(&mut worker, Event::external("hog", json!(null)), 0);
    let Status::Failed { failure: Failure::ScriptMemory { .. } } = step.status else { panic!("{step:?}") };
    let step = good.step(&mut worker, Event::external("count", json!(null)), 0);
    let [Effect::Log(log)] = &step.effects[..] else { panic!("{step:?}") };
    assert_eq!(log.value, json!(2));
    assert!(worker.script_memory() < 4 * 1024 * 1024);
}

#[test]
fn slow_built_ins_run_out_of_patience() {
    let limits = Limits { script_patience: std::time::Duration::ZERO, ..Limits::default() };
    let body = "<state id='s'><onentry><script>for (var i = 0; i &lt; 1e6; i++) Math.abs(i)</script></onentry></state>";
    let trial = Trial::with(body, limits, Map::new());
    let Status::Failed { failure: Failure::ScriptTime { .. } } = trial.last().status else {
        panic!("{:?}", trial.last())
    };
}

#[test]
fn an_empty_foreach_counts_as_work() {
    let body = "<datamodel><data id='x'/></datamodel><state id='s'><onentry><foreach array='new Array(400000)' item='x'/></onentry></state>";
    let trial = Trial::of(body);
    let Status::Failed { failure: Failure::ScriptTime { .. } } = trial.last().status else {
        panic!("{:?}", trial.last())
    };
}

#[test]
fn data_that_only_claims_to_be_markup_stays_what_it_is() {
    let mut trial =
        Trial::of("<state id='s'><transition event='e'><log expr='_event.data'/></transition></state>");
    trial.send_with("e", json!({"#xml": "<broken"}));
    assert_eq!(trial.logs(), ["{\"#xml\":\"<broken\"}"]);
}

#[test]
fn deep_recursion_is_an_error_of_the_script() {
    assert!(error_of("(function f() { f() })()").contains("stack"));
}

#[test]
fn values_that_json_cannot_hold_are_null_or_left_out_of_effects() {
    let trial = Trial::of(
        "<state id='s'><onentry><log expr='[NaN, undefined, 1/0, function () {}]'/>
         <send event='e' target='#_scxml_S2'><param name='a' expr='undefined'/><param name='b' expr='2.5'/></send></onentry></state>",
    );
    assert_eq!(trial.logs(), ["[null,null,null,null]"]);
    let Some(Effect::Send(send)) = trial.last().effects.last() else { panic!("{:?}", trial.last()) };
    assert_eq!(send.data, json!({"b": 2.5}));
}

#[test]
fn values_that_are_nested_too_deeply_do_not_leave_the_session() {
    let nested = |depth: usize| {
        format!("(function () {{ var x = 1; for (var i = 0; i &lt; {depth}; i++) x = [x]; return x; }})()")
    };
    let elements = |depth: usize| {
        let nested = nested(depth);
        [
            format!("<log expr='{nested}'/>"),
            format!("<script>__Log({nested})</script>"),
            format!("<send event='e' target='#_scxml_S2'><param name='a' expr='{nested}'/></send>"),
            format!("<send event='e' target='#_scxml_S2'><content expr='{nested}'/></send>"),
        ]
    };
    for (depth, is_taken) in [(60, true), (70, false), (126, false), (2000, false)] {
        for element in elements(depth) {
            let trial = Trial::of(&format!("<state id='s'><onentry>{element}</onentry>{LOG_EVENTS}</state>"));
            let is_refused = trial.logs().contains(&"event=\"error.execution\"".to_owned());
            assert_eq!(is_refused, !is_taken, "{element}: {:?}", trial.last());
        }
    }
}

#[test]
fn a_cycle_is_an_error_of_the_element() {
    let trial = Trial::of(&format!(
        "<datamodel><data id='x' expr='{{}}'/></datamodel><state id='s'><onentry><script>x.self = x</script><log expr='x'/></onentry>{LOG_EVENTS}</state>"
    ));
    assert_eq!(trial.logs(), ["event=\"error.execution\""]);
}

#[test]
fn parameters_override_data_and_others_become_variables() {
    let mut parameters = Map::new();
    parameters.insert("a".to_owned(), json!(5));
    parameters.insert("_extra".to_owned(), json!({"n": 1}));
    parameters.insert("_sessionid".to_owned(), json!("forged"));
    let body = "<datamodel><data id='a' expr='1'/><data id='b' expr='_extra.n + a'/></datamodel>
        <state id='s'><datamodel><data id='c' expr='3'/></datamodel><onentry><log expr='[a, b, c, _data._extra.n, _sessionid]'/></onentry></state>";
    let trial = Trial::with(body, Limits::default(), parameters);
    assert_eq!(trial.logs(), ["[5,6,3,1,\"S1\"]"]);
}

#[test]
fn late_binding_waits_for_the_first_entry() {
    let source = "<scxml xmlns='http://www.w3.org/2005/07/scxml' binding='late'><datamodel><data id='top' expr='1'/></datamodel>
        <state id='a'><onentry><log expr='[top, typeof n]'/></onentry><transition event='e' target='b'/></state>
        <state id='b'><datamodel><data id='n' expr='2'/></datamodel><onentry><log expr='n'/><script>n = 9</script></onentry><transition event='e' target='c'/></state>
        <state id='c'><transition event='e' target='b'/></state></scxml>";
    let mut worker = Worker::new(Limits::default()).unwrap();
    let (mut session, step) = Session::start(load(source).unwrap(), &mut worker, Start::default());
    let mut values: Vec<Value> = Vec::new();
    let mut collect = |effects: Vec<Effect>| {
        values.extend(effects.into_iter().filter_map(|effect| match effect {
            Effect::Log(log) => Some(log.value),
            _ => None,
        }));
    };
    collect(step.effects);
    for _ in 0..3 {
        collect(session.step(&mut worker, Event::external("e", json!(null)), 0).effects);
    }
    assert_eq!(values, [json!([1, "undefined"]), json!(2), json!(9)]);
}

#[test]
fn start_parameters_make_variables_and_hide_nothing() {
    let parameters: Value = serde_json::from_str(
        r#"{"__proto__": {"a": 1}, "undefined": 2, "Object": 3, "_event": 4, "toString": 5, "plain": 6}"#,
    )
    .unwrap();
    let mut trial = Trial::with(
        "<state id='s'><transition event='error.execution'><log label='error' expr='_event.data.message.split(\"`\")[1]'/></transition>
         <transition event='probe'><log expr='[typeof a, typeof undefined, typeof Object, typeof In, toString, plain, _event.name]'/></transition></state>",
        Limits::default(),
        parameters.as_object().cloned().unwrap(),
    );
    trial.send("probe");
    let mut logs = trial.logs();
    let probed = logs.pop();
    logs.sort();
    assert_eq!(logs, ["error=\"Object\"", "error=\"__proto__\"", "error=\"_event\"", "error=\"undefined\""]);
    assert_eq!(
        probed.as_deref(),
        Some("[\"undefined\",\"undefined\",\"function\",\"function\",5,6,\"probe\"]")
    );
}

#[test]
fn a_declared_function_is_what_its_name_holds() {
    let mut trial = Trial::of(
        "<script>function f() { return 1 } var orig = f; f = function () { return orig() + 1 };
           function h() { return 10 } function g() { return h() }
           class K { v() { return 1 } } K = class { v() { return 2 } };
           early = late(); function late() { return 3 } var early;</script>
         <state id='s'><onentry><log expr='[f(), new K().v(), g(), g.name, early]'/></onentry>
           <transition event='swap'><script>h = function () { return 20 }</script><log expr='g()'/></transition>
           <transition event='probe'><log expr='[f(), g(), new orig() instanceof orig]'/></transition></state>",
    );
    trial.send("swap");
    trial.send("probe");
    trial.write_and_read();
    trial.send("probe");
    assert_eq!(trial.logs(), ["[2,2,10,\"g\",3]", "20", "[2,20,true]", "[2,20,true]"]);
}

/// What a probe finds before and after the session was written down, which must be the same.
#[track_caller]
fn survives(script: &str, probe: &str, expected: &str) {
    let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    let mut trial = Trial::of(&format!(
        "<script>{}</script><state id='s'><transition event='probe'><log expr=\"{}\"/></transition>
           <transition event='error'><log expr='_event.data.message'/></transition></state>",
        escape(script),
        escape(probe)
    ));
    trial.send("probe");
    trial.write_and_read();
    trial.send("probe");
    trial.write_and_read();
    trial.send("probe");
    assert_eq!(trial.logs(), vec![expected; 3], "{script}");
}

#[test]
fn what_json_has_no_place_for_survives() {
    survives(
        "var d = new Date('no date'), e = [new Date(NaN)]",
        "[d.getTime() + '', e[0].getTime() + '']",
        "[\"NaN\",\"NaN\"]",
    );
    survives("var r = /a/g; r.exec('aa')", "r.lastIndex", "1");
    survives(
        "var m = /(?<b>b)/.exec('abc')",
        "[m[0], m.index, m.input, m.groups.b, m.length]",
        "[\"b\",1,\"abc\",\"b\",2]",
    );
    survives(
        "var l = [1]; l.note = {deep: [NaN]}; var k = l.note",
        "[l.note.deep[0] + '', l.note === k, l.length]",
        "[\"NaN\",true,1]",
    );
    survives(
        "var o = Object.create(null); o.a = 1; var p = {q: o}",
        "[Object.getPrototypeOf(o) === null, p.q === o, o.a]",
        "[true,true,1]",
    );
}

#[test]
fn properties_of_functions_and_prototypes_survive() {
    survives(
        "function count() { count.n = (count.n || 0) + 1; return count.n } count(); count.of = {list: [1, , 3]}; var of = count.of",
        "[count.n, count.of.list.length, of === count.of, count.name]",
        "[1,3,true,\"count\"]",
    );
    survives(
        "function Point(x) { this.x = x } Point.prototype.twice = function () { return 2 * this.x }; Point.origin = new Point(0);
         var p = new Point(4), q = {r: new Point(5)};",
        "[p.twice(), q.r.twice(), p instanceof Point, Point.origin.twice(), Object.keys(p).join()]",
        "[8,10,true,0,\"x\"]",
    );
    survives(
        "function Base(n) { this.n = n } Base.prototype = { get: function () { return this.n } };
         function Derived(n) { Base.call(this, n) } Derived.prototype = Object.create(Base.prototype);
         Derived.prototype.more = function () { return this.n + 1 }; var d = new Derived(7), proto = Base.prototype;",
        "[d.get(), d.more(), d instanceof Base, d instanceof Derived, proto === Base.prototype]",
        "[7,8,true,true,true]",
    );
    survives(
        "class A { static made = 0; constructor() { A.made += 1; this.k = 1 } up() { return this.k + 1 } } class B extends A {} var b = new B();",
        "[A.made, b.up(), b instanceof A, b instanceof B]",
        "[1,2,true,true]",
    );
    survives(
        "var o = { f: function () { return 1 } }; o.f.note = 'x'; var m = new Map([[1, o.f]])",
        "[o.f.note, m.get(1) === o.f]",
        "[\"x\",true]",
    );
}
