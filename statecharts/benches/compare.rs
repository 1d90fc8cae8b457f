//! Ours beside the peers, on one chart, in one run: `statecharts/benches/compare.sh`, or `cargo bench -p statecharts --bench compare`
//! when the peers are installed (without them, and with `-- --ours`, they are left out).
//!
//! What is measured is CPU time, for the machine may be shared; the engines take turns, and medians are printed.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a measurement prints what it found and stops at what cannot be"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use serde_json::{Value, json};
use statecharts::{
    Chart, Event, Limits, ModuleSet, NoParts, Session, Snapshot, Source, Start, Worker, compile,
};

/// Turns that every engine takes; the medians of their figures are printed.
const ROUNDS: usize = 5;
/// Turns of five events in one round.
const TURNS: usize = 20_000;
/// Sessions that are started in one round.
const STARTS: usize = 2_000;
/// Sessions that are held at once.
const HELD: usize = 100_000;
/// Sessions that a peer holds.
const PEER_HELD: usize = 500;

const ECMASCRIPT: &str = include_str!("switchboard.scxml");
const NULL: &str = include_str!("switchboard_null.scxml");

fn load(text: &str) -> Arc<Chart> {
    let source = Source { file: "switchboard.scxml", text };
    compile(source, &Arc::new(ModuleSet::default()), &NoParts).expect("the chart is valid").chart
}

fn worker() -> Worker {
    Worker::new(Limits::default()).expect("there is memory")
}

fn start(chart: &Arc<Chart>, worker: &mut Worker, number: usize) -> Session {
    let start = Start { session_id: format!("{number:032}"), ..Start::default() };
    Session::start(Arc::clone(chart), worker, start).0
}

/// The five events of one turn.
fn turn() -> [Event; 5] {
    let event = |name: &str, data: Value| Event::external(name, data);
    [
        event("call", json!({})),
        event("answer", json!({})),
        event("hold", json!({"seconds": 5})),
        event("resume", json!({})),
        event("hangup", json!({})),
    ]
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
fn micros(count: usize, run: impl FnOnce()) -> f64 {
    let epoch = Instant::now();
    let begin = cpu_seconds(epoch);
    run();
    (cpu_seconds(epoch) - begin) * 1e6 / count as f64
}

fn median(mut figures: Vec<f64>) -> Option<f64> {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied()
}

/// What one engine was found to need.
#[derive(Default)]
struct Figures {
    name: &'static str,
    /// Microseconds for an event.
    event: Vec<f64>,
    /// Microseconds for a start.
    start: Vec<f64>,
    /// Bytes of an idle session.
    idle: Vec<f64>,
}

/// A peer that node runs.
struct Peer {
    folder: PathBuf,
    script: &'static str,
}

impl Peer {
    /// The peer, if node and its packages are there.
    fn find(script: &'static str, package: &str) -> Option<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers");
        folder.join("node_modules").join(package).exists().then_some(Self { folder, script })
    }

    fn ask(&self, flags: &[&str], arguments: &[&str]) -> Option<Value> {
        let mut node = Command::new("node");
        node.current_dir(&self.folder).args(flags).arg(self.script).args(arguments);
        let output = node.output().ok().filter(|output| output.status.success())?;
        serde_json::from_slice(&output.stdout).ok()
    }

    fn round(&self, figures: &mut Figures, is_first: bool) -> Option<()> {
        let per = |answer: &Value, total: &str| Some(answer[total].as_f64()? / answer["count"].as_f64()?);
        let turns = TURNS.to_string();
        figures.event.push(per(&self.ask(&[], &["events", &turns])?, "cpu_seconds")? * 1e6);
        figures.start.push(per(&self.ask(&[], &["start", "200"])?, "cpu_seconds")? * 1e6);
        if is_first {
            let held = PEER_HELD.to_string();
            figures.idle.push(per(&self.ask(&["--expose-gc"], &["memory", &held])?, "bytes")?);
        }
        Some(())
    }

    /// Whether the peer goes through the same states as we do.
    fn agrees(&self, expected: &Value) -> bool {
        self.ask(&[], &["check"]).as_ref() == Some(expected)
    }
}

/// The active atomic states at the start and after each event of two turns.
fn configurations(chart: &Arc<Chart>) -> Value {
    let mut worker = worker();
    let mut session = start(chart, &mut worker, 0);
    let atomic = |session: &Session| -> Value {
        let parents = ["work", "line", "talk", "agent", "lamp"];
        let mut ids = session.configuration();
        ids.retain(|id| !parents.contains(id));
        ids.sort_unstable();
        json!(ids)
    };
    let mut seen = vec![atomic(&session)];
    for event in turn().into_iter().chain(turn()) {
        session.step(&mut worker, event, 0);
        seen.push(atomic(&session));
    }
    Value::Array(seen)
}

fn our_round(chart: &Arc<Chart>, figures: &mut Figures) {
    let mut worker = worker();
    let mut session = start(chart, &mut worker, 0);
    for event in (0..1_000).flat_map(|_| turn()) {
        session.step(&mut worker, event, 0);
    }
    let events: Vec<Event> = (0..TURNS).flat_map(|_| turn()).collect();
    figures.event.push(micros(events.len(), || {
        for event in events {
            session.step(&mut worker, event, 0);
        }
    }));
    let mut sessions = Vec::with_capacity(STARTS);
    figures.start.push(micros(STARTS, || {
        sessions.extend((0..STARTS).map(|number| start(chart, &mut worker, number)));
    }));
}

/// What sessions cost that are held, and what is written down: measured in a process of its own, whose memory is untouched.
fn hold(chart: &str) -> Value {
    let program = std::env::current_exe().expect("this program has a path");
    let output = Command::new(program).args(["--hold", &format!("chart={chart}")]).output().expect("it runs");
    serde_json::from_slice(&output.stdout).expect("it prints JSON")
}

/// The process of [`hold`].
fn measure_held(chart: &Arc<Chart>, held: usize) -> Value {
    let mut worker = worker();
    let mut dormant: Vec<Session> = Vec::with_capacity(held);
    let mut sessions: Vec<Session> = Vec::with_capacity(held);
    start(chart, &mut worker, held).hibernate(&mut worker);
    let before = resident();
    for number in 0..held {
        let mut session = start(chart, &mut worker, number);
        session.hibernate(&mut worker);
        dormant.push(session);
    }
    let asleep = resident();
    let mut starts = Pauses::default();
    for number in 0..held {
        sessions.push(starts.watch(|| start(chart, &mut worker, number)));
    }
    let awake = resident();
    let [call, ..] = turn();
    let events = vec![call; held];
    let event = micros(held, || {
        for (session, event) in sessions.iter_mut().zip(events) {
            session.step(&mut worker, event, 0);
        }
    });
    let mut steps = Pauses::default();
    for event in turn() {
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
    let per = |bytes: f64| bytes / held as f64;
    json!({
        "dormant_bytes": per(asleep - before),
        "idle_bytes": per(awake - asleep),
        "idle_bytes_worked": per(worked - asleep),
        "longest_start_millis": starts.longest * 1e3,
        "longest_step_millis": steps.longest * 1e3,
        "event_micros": event,
        "save_micros": save,
        "load_micros": load,
        "text_bytes": text,
    })
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

fn row(figures: &Figures, reference: Option<&Figures>) {
    let of = |pick: fn(&Figures) -> &Vec<f64>| {
        let own = median(pick(figures).clone())?;
        Some((own, reference.and_then(|reference| median(pick(reference).clone()))))
    };
    let ratio = |ratio: Option<f64>| ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.1}x"));
    let event = of(|figures| &figures.event).map_or_else(
        || "-".to_owned(),
        |(own, other)| format!("{:>10.0} {:>7}", 1e6 / own, ratio(other.map(|other| other / own))),
    );
    let start = of(|figures| &figures.start).map_or_else(
        || "-".to_owned(),
        |(own, other)| format!("{own:>9.1} {:>7}", ratio(other.map(|other| other / own))),
    );
    let idle = of(|figures| &figures.idle).map_or_else(
        || format!("{:>8} {:>7}", "-", "-"),
        |(own, other)| format!("{:>8.2} {:>7}", own / 1024.0, ratio(other.map(|other| other / own))),
    );
    println!("{:<34} {event} {start} {idle}", figures.name);
}

fn main() {
    let (script, null) = (load(ECMASCRIPT), load(NULL));
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.iter().any(|argument| argument == "--hold") {
        let (chart, held) = match arguments.iter().find_map(|argument| argument.strip_prefix("chart=")) {
            Some("null") => (null, HELD),
            _ => (script, HELD),
        };
        println!("{}", measure_held(&chart, held));
        return;
    }
    let mut ours = Figures { name: "ours, ECMAScript", ..Figures::default() };
    let mut ours_null = Figures { name: "ours, null data model", ..Figures::default() };
    let mut peers: Vec<(Figures, Peer)> = Vec::new();
    for (name, script, package) in [
        ("SCION 4.3, isolated sessions", "scion.js", "@scion-scxml/scxml"),
        ("XState 5.33, native functions", "xstate.js", "xstate"),
    ] {
        match Peer::find(script, package) {
            _ if arguments.iter().any(|argument| argument == "--ours") => {}
            Some(peer) => peers.push((Figures { name, ..Figures::default() }, peer)),
            None => println!("{name}: skipped, its packages are not installed (see benches/README.md)"),
        }
    }
    let expected = configurations(&script);
    peers.retain(|(figures, peer)| {
        let agrees = peer.agrees(&expected);
        if !agrees {
            println!("{}: skipped, it does not run or goes through other states", figures.name);
        }
        agrees
    });
    for round in 0..ROUNDS {
        our_round(&script, &mut ours);
        our_round(&null, &mut ours_null);
        for (figures, peer) in &mut peers {
            peer.round(figures, round == 0).expect("the peer has answered before");
        }
    }
    let held = hold("ecmascript");
    let held_null = hold("null");
    for (figures, held) in [(&mut ours, &held), (&mut ours_null, &held_null)] {
        figures.idle.extend(held["idle_bytes_worked"].as_f64());
    }

    let scion = peers.first().map(|(figures, _)| figures);
    println!("\nswitchboard.scxml, medians of {ROUNDS} rounds of CPU time; ratios against the first peer\n");
    println!(
        "{:<34} {:>10} {:>7} {:>9} {:>7} {:>8} {:>7}",
        "", "events/s", "", "start µs", "", "idle KiB", ""
    );
    for figures in [&ours, &ours_null].into_iter().chain(peers.iter().map(|(figures, _)| figures)) {
        row(figures, scion);
    }
    for (name, held, count) in
        [("switchboard, ECMAScript", &held, HELD), ("switchboard, null data model", &held_null, HELD)]
    {
        let figure = |key: &str| held[key].as_f64().unwrap_or(f64::NAN);
        println!("\nours, {name}, {count} sessions held:");
        println!("  an idle session, just started           {:>9.2} KiB", figure("idle_bytes") / 1024.0);
        println!(
            "  an idle session that has worked         {:>9.2} KiB",
            figure("idle_bytes_worked") / 1024.0
        );
        println!("  a dormant session                       {:>9.2} KiB", figure("dormant_bytes") / 1024.0);
        println!("  a snapshot as text                      {:>9} bytes", figure("text_bytes"));
        println!("  an event, one session after the other   {:>9.2} µs", figure("event_micros"));
        println!("  the longest start                       {:>9.2} ms", figure("longest_start_millis"));
        println!(
            "  the longest of {:>6} steps             {:>9.2} ms",
            count * 5,
            figure("longest_step_millis")
        );
        println!("  save                                    {:>9.2} µs", figure("save_micros"));
        println!("  load, and an event nobody wants         {:>9.2} µs", figure("load_micros"));
    }
}
