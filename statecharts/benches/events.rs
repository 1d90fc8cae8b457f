//! What an event, a start and an idle session cost. Run it by `cargo bench -p statecharts`; it takes a few seconds.
//!
//! Ratios against an empty step hold better between machines than the absolute figures. The chart has 60 variables, functions, two
//! regions and guards in ECMAScript.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a measurement prints what it found and stops at what cannot be"
)]

use std::fmt::Write;
use std::fs;
use std::sync::Arc;
use std::time::Instant;

use serde_json::json;
use statecharts::{Chart, Event, Limits, ModuleSet, NoParts, Session, Source, Start, Worker, compile};

const SESSIONS: usize = 10_000;
const EMPTY: &str = "<scxml xmlns='http://www.w3.org/2005/07/scxml'><state id='s'/></scxml>";

fn load(text: &str) -> Arc<Chart> {
    let source = Source { file: "bench.scxml", text };
    compile(source, &Arc::new(ModuleSet::default()), &NoParts).expect("the chart is valid").chart
}

/// A chart the size of a callback.
fn callback_like() -> String {
    let mut data = String::new();
    for number in 0..60 {
        let value = ["0", "'text of a value'", "null", "{ id: null, at: 0, tries: [1, 2] }"][number % 4];
        write!(data, "<data id='v{number}' expr=\"{value}\"/>").expect("a string can grow");
    }
    format!(
        "<scxml xmlns='http://www.w3.org/2005/07/scxml'><datamodel>{data}</datamodel>
         <script>function isMine() {{ return _event.data.id === v0; }} function count() {{ v4 = v4 + 1; }}</script>
         <parallel id='p'>
           <state id='a'><state id='a1'><transition event='go' cond='isMine() &amp;&amp; v4 &lt; 1e9' target='a2'><script>count()</script></transition></state>
             <state id='a2'><transition event='go' cond='isMine()' target='a1'><assign location='v1' expr='_event.name'/></transition></state></state>
           <state id='b'><state id='b1'><transition event='other' target='b2'/></state><state id='b2'/></state>
         </parallel></scxml>"
    )
}

fn start(chart: &Arc<Chart>, worker: &mut Worker, number: usize) -> Session {
    let start = Start { session_id: format!("{number:032}"), ..Start::default() };
    Session::start(Arc::clone(chart), worker, start).0
}

/// Memory of the process in bytes, where the system tells.
fn resident() -> Option<usize> {
    let text = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: usize = text.split(' ').nth(1)?.parse().ok()?;
    Some(pages * 4096)
}

fn measure(
    name: &str,
    sessions: &mut [Session],
    empty: Option<f64>,
    mut run: impl FnMut(&mut Session),
) -> f64 {
    let begin = Instant::now();
    for session in &mut *sessions {
        run(session);
    }
    let micros = begin.elapsed().as_secs_f64() * 1e6 / sessions.len() as f64;
    let ratio = empty.map_or_else(String::new, |empty| format!("  {:5.1} empty steps", micros / empty));
    println!("{name:<44} {micros:8.2} µs {:>10.0} per second{ratio}", 1e6 / micros);
    micros
}

fn main() {
    let mut worker = Worker::new(Limits::default()).expect("there is memory");
    let go = || Event::external("go", json!({"id": 0, "at": 1}));

    let chart = load(EMPTY);
    let mut sessions: Vec<Session> = (0..SESSIONS).map(|number| start(&chart, &mut worker, number)).collect();
    let empty = measure("an event that nothing waits for", &mut sessions, None, |session| {
        session.step(&mut worker, go(), 0);
    });
    drop(sessions);

    let chart = load(&callback_like());
    let before = resident();
    let begin = Instant::now();
    let mut sessions: Vec<Session> = Vec::with_capacity(SESSIONS);
    for number in 0..SESSIONS {
        let mut session = start(&chart, &mut worker, number);
        session.hibernate(&mut worker);
        sessions.push(session);
    }
    let micros = begin.elapsed().as_secs_f64() * 1e6 / SESSIONS as f64;
    println!(
        "{:<44} {micros:8.2} µs {:>10.0} per second",
        "start, 60 variables, and hibernate",
        1e6 / micros
    );
    if let (Some(before), Some(after)) = (before, resident()) {
        let text = sessions[0].snapshot(&mut worker).expect("it can be written").data.get().len();
        let bytes = after.saturating_sub(before) / SESSIONS;
        println!("{:<44} {bytes:8} bytes, of which {text} are its data", "an idle session");
    }

    let empty = Some(empty);
    measure("wake, event with guard and script, hibernate", &mut sessions, empty, |session| {
        session.step(&mut worker, go(), 0);
        session.hibernate(&mut worker);
    });
    measure("wake", &mut sessions, empty, |session| {
        session.step(&mut worker, Event::external("nothing", json!(null)), 0);
    });
    measure("event with guard and script, live", &mut sessions, empty, |session| {
        session.step(&mut worker, go(), 0);
    });
    measure("event and snapshot, live", &mut sessions, empty, |session| {
        session.step(&mut worker, go(), 0);
        session.snapshot(&mut worker).expect("it can be written");
    });
}
