//! Ours beside the peers, on one chart, in one run: `statecharts/benches/compare.sh`, or `cargo bench -p statecharts --bench compare`
//! when the peers are installed (without them, and with `-- --ours`, they are left out).
//!
//! What is measured is CPU time, for the machine may be shared; the engines take turns, and medians are printed.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a measurement prints what it found and stops at what cannot be"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use held::micros;
use serde_json::{Value, json};
use statecharts::{Chart, Event, Limits, ModuleSet, NoParts, Session, Source, Start, Worker, compile};

#[path = "compare/held.rs"]
mod held;

/// Turns that every engine takes; the medians of their figures are printed.
const ROUNDS: usize = 5;
/// Turns of five events in one round.
const TURNS: usize = 20_000;
/// Sessions that are started in one round.
const STARTS: usize = 10_000;
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

/// What the session of a number starts with.
fn begin(number: usize) -> Start {
    Start { session_id: format!("{number:032}"), ..Start::default() }
}

fn start(chart: &Arc<Chart>, worker: &mut Worker, number: usize) -> Session {
    Session::start(Arc::clone(chart), worker, begin(number)).0
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
        let chart = match arguments.iter().find_map(|argument| argument.strip_prefix("chart=")) {
            Some("null") => &null,
            _ => &script,
        };
        println!("{}", held::measure(chart, HELD, &begin, &turn()));
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
    for (name, held) in [("switchboard, ECMAScript", &held), ("switchboard, null data model", &held_null)] {
        held::print(name, HELD, held);
    }
}
