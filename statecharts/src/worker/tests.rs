//! Scopes as text: the walk over plain data and the bootstrap script agree.

use rquickjs::Function;
use serde_json::{Value, json};

use super::*;
use crate::trial::{Trial, load, text};
use crate::{Effect, Event, Session, Start};

/// The next of a small generator.
fn next(seed: &mut u64, below: u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) % below
}

/// What the bootstrap script writes of the only live scope.
fn written_by_script(trial: &mut Trial) -> String {
    let slot = trial.worker.slots.values().next().unwrap();
    let scope = slot.scope.clone().unwrap();
    let context = context_of(&mut trial.worker.contexts, &slot.chart).unwrap();
    context.with(|context, parts| {
        let scope = scope.restore(&context).unwrap();
        let pack: Function<'_> = parts.helper(&context, |helpers| &helpers.pack).unwrap();
        pack.call((scope,)).unwrap()
    })
}

/// The four parts of a text; the order of declared functions says nothing.
fn parts(text: &str) -> [Value; 4] {
    // Half a character is no text for anyone but the script engine.
    let [mut values, special, unset, declared]: [Value; 4] =
        serde_json::from_str(&text.replace("\\ud800", "half")).unwrap();
    one_form(&mut values);
    let pairs = declared.as_array().unwrap().chunks(2);
    let declared = pairs.map(|pair| (pair[0].as_str().unwrap().to_owned(), pair[1].clone())).collect();
    [values, special, unset, Value::Object(declared)]
}

/// A number has more than one form.
fn one_form(value: &mut Value) {
    match value {
        Value::Number(number) => *value = json!(number.as_f64()),
        Value::Array(items) => items.iter_mut().for_each(one_form),
        Value::Object(object) => object.values_mut().for_each(one_form),
        _ => {}
    }
}

#[track_caller]
fn check(script: &str) {
    let body = format!(
        "<script>function declared(a) {{ return a }} class Point {{ constructor(n) {{ this.n = n }} }}
           var one = {{a: 1}}; var list = [one]; {}</script><state id='s'/>",
        script.replace('&', "&amp;").replace('<', "&lt;")
    );
    let mut trial = Trial::of(&body);
    assert!(trial.last().effects.is_empty());
    for _ in 0..2 {
        let snapshot = trial.session.snapshot(&mut trial.worker).unwrap();
        assert_eq!(parts(snapshot.data.get()), parts(&written_by_script(&mut trial)), "{script}");
        // A second time, with the functions known.
        trial.session.forget_text();
    }
}

#[test]
fn plain_data_are_written_as_the_script_writes_them() {
    check("var a = null, b = true, c = [1, 2.5, -3, 1e21, 5e-324, 4294967296, []], d = {}, e;");
    check(
        r#"var a = "\u0000\b\t\n\f\r\"\\/\u007f\u2028\u{1F375}é", b = {"": 1, "a b": 2, "\"": 3, "a\u0000b": 6, 5: 4, 1: 5};"#,
    );
    check("var a = Math.sqrt(2), b = 0.1 + 0.2, c = 3.0, d = 2 ** 53, e = -(2 ** 31), f = 1e300;");
    check("var a = Object.create(null); a.x = 1; var b = JSON.parse('{\"__proto__\": 1}');");
}

#[test]
fn what_is_special_is_left_to_the_script_variable_by_variable() {
    for special in [
        "NaN",
        "-0",
        "1/0",
        "undefined",
        "10n",
        "new Date(5)",
        "/a/g",
        "new Map([[1, one]])",
        "new Set([list])",
        "new Point(1)",
        "declared",
        "() => 1",
        "Math.max",
        "_tea.leaf",
        "_tea.list",
        "_ioprocessors",
        "_data",
        "'\\ud800'",
        "{'\\ud800': 1}",
        "{'a\\u0000b': NaN}",
        "Symbol('x')",
        "new Error('e')",
        "new Uint8Array(3)",
        "Object.create({a: 1})",
        "[, 1]",
        "new Proxy({a: one}, {})",
        "Object.defineProperty({}, 'x', {get: () => one, enumerable: true})",
        "_tea.kettle.tell",
    ] {
        check(&format!("var before = [1]; var x = {special}; var after = {{b: 2}};"));
        check(&format!("var before = [1]; var x = [{{deep: {special}}}]; var after = {{b: 2}};"));
    }
}

#[test]
fn what_variables_share_is_found_wherever_it_is() {
    check("var a = one;");
    check("var a = {b: {c: list}}, d = new Date(0);");
    check("var a = {}; a.a = a; var b = 1;");
    check("var a = declared, b = [declared];");
    check("var p = new Point(1); p.friend = one; var q = [p];");
    check("var f = function () {}; var g = f;");
}

#[test]
fn any_mixture_is_written_as_the_script_writes_it() {
    for first in 1..=150_u64 {
        let mut seed = first;
        let mut script = format!("/* seed {first} */ var pool = [one, list, declared];");
        for number in 0..1 + next(&mut seed, 6) {
            let value = random(&mut seed, 3);
            script.push_str(&format!(
                "var v{number} = {value}; if (typeof v{number} === 'object') pool.push(v{number});"
            ));
        }
        let without_pool = next(&mut seed, 2) == 0;
        script.push_str(if without_pool { "pool = 0;" } else { "" });
        check(&script);
    }
}

fn random(seed: &mut u64, depth: u64) -> String {
    match next(seed, if depth == 0 { 9 } else { 13 }) {
        0 => "null".to_owned(),
        1 => "undefined".to_owned(),
        2 => "NaN".to_owned(),
        3 => "new Date(1)".to_owned(),
        4 => format!("{}", next(seed, 100)),
        5 => format!("'text {}'", next(seed, 100)),
        6 => "true".to_owned(),
        7 => "pool[pool.length - 1]".to_owned(),
        8 => "pool[0]".to_owned(),
        9 | 10 => {
            let items: Vec<String> = (0..next(seed, 4)).map(|_| random(seed, depth - 1)).collect();
            format!("[{}]", items.join(", "))
        }
        _ => {
            let items: Vec<String> =
                (0..next(seed, 4)).map(|key| format!("k{key}: {}", random(seed, depth - 1))).collect();
            format!("{{{}}}", items.join(", "))
        }
    }
}

#[test]
fn a_function_that_takes_the_place_of_another_is_not_taken_for_it() {
    let mut trial = Trial::of(
        "<script>function first() { return 1 } function second() { return 2 }</script>
         <state id='s'><transition event='swap'><script>first = second; second = 0; second = function () { return 3 }</script></transition>
           <transition event='e'><log expr='[first(), second()]'/></transition></state>",
    );
    trial.session.snapshot(&mut trial.worker).unwrap();
    trial.send("swap");
    trial.write_and_read();
    trial.send("e");
    assert_eq!(trial.logs(), ["[2,3]"]);
}

#[test]
fn hostile_data_cannot_do_more_while_they_are_written_than_a_script() {
    for hostile in [
        "Object.defineProperty({}, 'x', {get() { for (;;); }, enumerable: true})",
        "[{get y() { for (;;); }}]",
        "Object.defineProperty([1], 0, {get() { for (;;); }, enumerable: true})",
        "new Map([[1, {get y() { for (;;); }}]])",
    ] {
        let mut trial = Trial::of(&format!(
            "<datamodel><data id='x'/></datamodel><state id='s'><transition event='e'><script>x = {hostile}</script></transition></state>"
        ));
        trial.send("e");
        let failure = trial.session.snapshot(&mut trial.worker).unwrap_err();
        assert!(matches!(failure, Failure::ScriptTime { .. }), "{hostile}: {failure}");
    }
}

#[test]
fn a_getter_that_throws_makes_the_data_unwritable_and_nothing_else() {
    let mut trial = Trial::of(
        "<datamodel><data id='x'/></datamodel><state id='s'>
           <transition event='e'><script>x = Object.defineProperty({}, 'x', {get() { throw new Error('no') }, enumerable: true})</script></transition>
           <transition event='heal'><script>x = 1</script></transition></state>",
    );
    trial.send("e");
    let failure = trial.session.snapshot(&mut trial.worker).unwrap_err();
    assert!(failure.to_string().contains("no"), "{failure}");
    trial.send("heal");
    assert!(trial.session.snapshot(&mut trial.worker).is_ok());
}

#[test]
fn a_method_named_to_json_is_a_function_like_any_other() {
    let mut trial = Trial::of(
        "<datamodel><data id='x'/><data id='calls' expr='0'/></datamodel><state id='s'>
           <transition event='set'><script>x = {n: 1, toJSON() { calls += 1; return 'forged' }}</script></transition>
           <transition event='e'><log expr='[x.n, typeof x.toJSON, calls]'/></transition></state>",
    );
    trial.send("set");
    trial.write_and_read();
    trial.send("e");
    assert_eq!(trial.logs(), [json!([1, "function", 0]).to_string()]);
}

#[test]
fn a_restored_session_with_functions_is_ended_without_its_worker() {
    let chart = load(&text(
        "<datamodel><data id='n' expr='0'/></datamodel><script>function add(x) { n += x; return n } var later = (x) => add(x);</script>
         <state id='s'><transition event='add'><log expr='later(1)'/></transition>
           <transition event='time'><script>for (;;) later(1)</script></transition>
           <transition event='memory'><script>var list = []; for (;;) list.push('x'.repeat(100000) + list.length)</script></transition>
           <transition event='jobs'><script>(function again() { Promise.resolve().then(again) })()</script></transition>
           <transition event='writing'><script>n = {get y() { for (;;) add(0) }}</script></transition></state>",
    ))
    .unwrap();
    let mut worker = Worker::new(Limits::default()).unwrap();
    let mut start = |id: &str| {
        let start = Start { session_id: id.to_owned(), ..Start::default() };
        Session::start(Arc::clone(&chart), &mut worker, start).0
    };
    let (mut live, mut written) = (start("live"), start("written"));
    let mut harmful: Vec<Session> = (0..4).map(|number| start(&number.to_string())).collect();
    let event = |name: &str| Event::external(name, json!(null));
    for session in harmful.iter_mut().chain([&mut live, &mut written]) {
        session.snapshot(&mut worker).unwrap();
        session.hibernate(&mut worker);
        session.step(&mut worker, event("add"), 0);
        session.snapshot(&mut worker).unwrap();
    }
    written.hibernate(&mut worker);
    for (number, (session, name)) in harmful.iter_mut().zip(["time", "memory", "jobs", "writing"]).enumerate()
    {
        session.step(&mut worker, event(name), 0);
        let is_over = !session.is_running() || session.snapshot(&mut worker).is_err();
        assert!(is_over, "{name}");
        for neighbour in [&mut live, &mut written] {
            let step = neighbour.step(&mut worker, event("add"), 0);
            let [Effect::Log(log)] = &step.effects[..] else { panic!("{name}: {step:?}") };
            assert_eq!(log.value, json!(number + 2), "{name}");
        }
    }
}
