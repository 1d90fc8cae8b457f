//! What sessions of a chart cost that are held, and what is written down of them.
//!
//! Shared by the measurements of the bench chart and of the shipped charts, so that their figures can stand beside each other. It counts the
//! memory of the process, which therefore should do nothing else.

use std::fs;
use std::sync::Arc;
use std::time::Instant;

use serde_json::{Value, json};
use statecharts::{Chart, Event, Limits, Session, Snapshot, Start, Worker};

/// Starts `held` sessions of a chart that hibernate and as many that do not, has these take the events of a `turn`, saves and loads some.
pub(crate) fn measure(
    chart: &Arc<Chart>,
    held: usize,
    begin: &dyn Fn(usize) -> Start,
    turn: &[Event],
) -> Value {
    let start =
        |worker: &mut Worker, number: usize| Session::start(Arc::clone(chart), worker, begin(number)).0;
    let mut worker = Worker::new(Limits::default()).expect("there is memory");
    let mut dormant: Vec<Session> = Vec::with_capacity(held);
    let mut sessions: Vec<Session> = Vec::with_capacity(held);
    start(&mut worker, held).hibernate(&mut worker);
    let before = resident();
    for number in 0..held {
        let mut session = start(&mut worker, number);
        session.hibernate(&mut worker);
        dormant.push(session);
    }
    let asleep = resident();
    let mut starts = Pauses::default();
    let start_micros = micros(held, || {
        sessions.extend((0..held).map(|number| starts.watch(|| start(&mut worker, number))));
    });
    let awake = resident();
    let events = vec![turn[0].clone(); held];
    let event = micros(held, || {
        for (session, event) in sessions.iter_mut().zip(events) {
            session.step(&mut worker, event, 0);
        }
    });
    let mut steps = Pauses::default();
    for event in turn {
        for session in &mut sessions {
            let event = event.clone();
            steps.watch(|| session.step(&mut worker, event, 0));
        }
    }
    let worked = resident();
    let sample: usize = 5_000.min(held);
    let mut saved: Vec<Snapshot> = Vec::with_capacity(sample);
    let save = micros(sample, || {
        saved.extend(
            sessions
                .iter_mut()
                .take(sample)
                .map(|session| session.snapshot(&mut worker).expect("plain data")),
        );
    });
    let text = serde_json::to_string(&saved[0]).expect("a snapshot is JSON").len();
    let mut loaded: Vec<Session> = Vec::with_capacity(sample);
    let load = micros(sample, || {
        for snapshot in saved {
            let mut session = Session::restore(Arc::clone(chart), snapshot).expect("its own chart");
            session.step(&mut worker, Event::external("nothing", Value::Null), 0);
            loaded.push(session);
        }
    });
    assert!(loaded.iter().chain(&sessions).all(Session::is_running), "a session has ended");
    let per = |bytes: f64| bytes / held as f64;
    json!({
        "dormant_bytes": per(asleep - before),
        "idle_bytes": per(awake - asleep),
        "idle_bytes_worked": per(worked - asleep),
        "start_micros": start_micros,
        "longest_start_millis": starts.longest * 1e3,
        "longest_step_millis": steps.longest * 1e3,
        "event_micros": event,
        "save_micros": save,
        "load_micros": load,
        "text_bytes": text,
        "steps": held * turn.len(),
    })
}

/// Prints the figures of [`measure`].
pub(crate) fn print(name: &str, held: usize, figures: &Value) {
    let figure = |key: &str| figures[key].as_f64().unwrap_or(f64::NAN);
    println!("\nours, {name}, {held} sessions held:");
    println!("  start                                   {:>9.2} µs", figure("start_micros"));
    println!("  an idle session, just started           {:>9.2} KiB", figure("idle_bytes") / 1024.0);
    println!("  an idle session that has worked         {:>9.2} KiB", figure("idle_bytes_worked") / 1024.0);
    println!("  a dormant session                       {:>9.2} KiB", figure("dormant_bytes") / 1024.0);
    println!("  a snapshot as text                      {:>9} bytes", figure("text_bytes"));
    println!("  an event, one session after the other   {:>9.2} µs", figure("event_micros"));
    println!("  the longest start                       {:>9.2} ms", figure("longest_start_millis"));
    println!(
        "  the longest of {:>6} steps             {:>9.2} ms",
        figure("steps"),
        figure("longest_step_millis")
    );
    println!("  save                                    {:>9.2} µs", figure("save_micros"));
    println!("  load, and an event nobody wants         {:>9.2} µs", figure("load_micros"));
}

/// CPU seconds of this thread, where the system tells; else the time that has passed.
fn cpu_seconds(since: Instant) -> f64 {
    let told = fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = told.and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    nanos.map_or_else(|| since.elapsed().as_secs_f64(), |nanos| nanos / 1e9)
}

/// Seconds that this thread could have run and had no processor, where the system tells.
fn waited_seconds() -> f64 {
    let told = fs::read_to_string("/proc/thread-self/schedstat").ok();
    told.and_then(|text| text.split(' ').nth(1)?.parse::<f64>().ok()).unwrap_or_default() / 1e9
}

/// Memory of the process in bytes, where the system tells.
fn resident() -> f64 {
    let told = fs::read_to_string("/proc/self/statm").ok();
    let pages = told.and_then(|text| text.split(' ').nth(1)?.parse::<f64>().ok());
    pages.map_or(f64::NAN, |pages| pages * 4096.0)
}

/// CPU microseconds of one of `count` repetitions.
pub(crate) fn micros(count: usize, run: impl FnOnce()) -> f64 {
    let epoch = Instant::now();
    let begin = cpu_seconds(epoch);
    run();
    (cpu_seconds(epoch) - begin) * 1e6 / count as f64
}

/// The longest time that something took, without what the thread waited for a processor.
#[derive(Default)]
struct Pauses {
    longest: f64,
    waited: f64,
    count: usize,
}

impl Pauses {
    fn watch<R>(&mut self, run: impl FnOnce() -> R) -> R {
        if self.count.is_multiple_of(32) {
            self.waited = waited_seconds();
        }
        self.count += 1;
        let begin = Instant::now();
        let result = run();
        let seconds = begin.elapsed().as_secs_f64();
        if seconds > self.longest {
            let waited = waited_seconds();
            self.longest = self.longest.max(seconds - (waited - self.waited));
            self.waited = waited;
        }
        result
    }
}
