//! Charts that mean harm end alone: by the limit that is meant for them, while their neighbours in the same worker lose nothing.
//!
//! `hostile/*.scxml` are whole charts with their expectation in the first comment and the events to send in the second;
//! `hostile/scripts.txt` are scripts of one session, `hostile/pollution.txt` try to change what sessions share. Charts that
//! have to be large are made here.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on has failed; how long each case took is printed for people"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use statecharts::{
    BrokenExpressions, Chart, Effect, Event, Failure, Limits, LoadError, ModuleSet, NoParts, Session,
    Snapshot, Source, Start, Status, Step, Worker, compile_with,
};

/// What sessions that do no harm keep, and what they tell of it.
const NEIGHBOUR: &str = r#"<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" name="neighbour">
  <datamodel><data id="n" expr="0"/><data id="list" expr="[]"/><data id="when"/></datamodel>
  <script>function add(x) { list.push({x: x, of: list.length}); n += x; when = new Date(n); return n; }</script>
  <state id="s"><transition event="count"><script>add(1)</script>
    <log expr="[n, list.length, list[list.length - 1].x, when.getTime()]"/></transition></state>
</scxml>"#;

fn load(file: &str, text: &str) -> Result<Arc<Chart>, LoadError> {
    let modules = Arc::new(ModuleSet::default());
    compile_with(Source { file, text }, &modules, &NoParts, BrokenExpressions::Refuse)
        .map(|compiled| compiled.chart)
}

fn start(chart: &Arc<Chart>, worker: &mut Worker, id: &str) -> (Session, Step) {
    let start = Start { session_id: id.to_owned(), now_millis: 1_000, ..Start::default() };
    Session::start(Arc::clone(chart), worker, start)
}

fn send(session: &mut Session, worker: &mut Worker, event: &str) -> Step {
    session.step(worker, Event::external(event, json!({})), 2_000)
}

fn logs(step: &Step) -> Vec<Value> {
    let logs = step.effects.iter().filter_map(|effect| match effect {
        Effect::Log(log) => Some(log.value.clone()),
        _ => None,
    });
    logs.collect()
}

/// Sessions beside the one that means harm: one lives in the worker, one is written down after every step.
struct Neighbours {
    live: Session,
    written: Session,
    counted: u64,
}

impl Neighbours {
    fn new(worker: &mut Worker) -> Self {
        let chart = load("neighbour.scxml", NEIGHBOUR).unwrap();
        let (live, _) = start(&chart, worker, "live");
        let (written, _) = start(&chart, worker, "written");
        Self { live, written, counted: 0 }
    }

    /// Both count on from where they were.
    #[track_caller]
    fn count(&mut self, worker: &mut Worker, case: &str) {
        self.counted += 1;
        let n = self.counted;
        for session in [&mut self.live, &mut self.written] {
            let step = send(session, worker, "count");
            assert_eq!(step.status, Status::Running, "{case}: the neighbour {}", session.id());
            assert_eq!(logs(&step), [json!([n, n, 1, n])], "{case}: the neighbour {}", session.id());
        }
        self.written.hibernate(worker);
    }
}

/// What became of a session.
#[derive(Debug)]
struct Outcome {
    failure: Option<Failure>,
    logs: Vec<Value>,
    exceeded: Vec<&'static str>,
}

/// Sends the events, writing the session down and reading it back after each, as a platform does.
fn run(chart: &Arc<Chart>, worker: &mut Worker, events: &[&str]) -> Outcome {
    let (mut session, step) = start(chart, worker, "harmful");
    let mut steps = vec![step];
    let mut failure = None;
    for event in events {
        failure = failure.or_else(|| again(&mut session, worker));
        steps.push(send(&mut session, worker, event));
    }
    failure = failure.or_else(|| again(&mut session, worker));
    if let Status::Failed { failure: found } = session.status() {
        failure = Some(found.clone());
    }
    Outcome {
        failure,
        logs: steps.iter().flat_map(logs).collect(),
        exceeded: steps.iter().flat_map(|step| &step.exceeded).map(|limit| limit.as_str()).collect(),
    }
}

/// Writes a running session down and reads it back.
fn again(session: &mut Session, worker: &mut Worker) -> Option<Failure> {
    if !session.is_running() {
        return None;
    }
    let snapshot = match session.snapshot(worker) {
        Ok(snapshot) => snapshot,
        Err(failure) => return Some(failure),
    };
    session.hibernate(worker);
    let text = serde_json::to_string(&snapshot).unwrap();
    let read: Snapshot = serde_json::from_str(&text).unwrap();
    *session = Session::restore(Arc::clone(session.chart()), read).unwrap();
    None
}

impl Outcome {
    fn is(&self, expectation: &str) -> bool {
        let words: Vec<&str> = expectation.split_whitespace().collect();
        match words[..] {
            ["failed"] => self.failure.is_some(),
            ["failed", limit] => {
                self.failure.as_ref().and_then(Failure::limit).is_some_and(|found| found.as_str() == limit)
            }
            ["error"] => self.failure.is_none() && !self.logs.is_empty() && !self.survived(),
            ["error", limit] => self.failure.is_none() && !self.survived() && self.exceeded.contains(&limit),
            ["survived"] => self.failure.is_none() && self.survived(),
            _ => panic!("`{expectation}` is no expectation"),
        }
    }

    fn survived(&self) -> bool {
        self.logs.contains(&json!("survived"))
    }
}

/// Runs a chart between its neighbours; what is wrong with the outcome.
fn check(case: &str, text: &str, expectation: &str, events: &[&str]) -> Option<String> {
    let begin = Instant::now();
    let chart = match load(&format!("{case}.scxml"), text) {
        Ok(chart) if expectation == "refused" => return Some(format!("{case}: {} was taken", chart.file())),
        Ok(chart) => chart,
        Err(_) if expectation == "refused" => return None,
        Err(error) => return Some(format!("{case}: refused: {error}")),
    };
    // Only the clock ends those that are slow; the others must end by what is counted, however busy the machine is.
    let patience = Duration::from_millis(if case.starts_with("slow_") { 200 } else { 60_000 });
    let limits = Limits { script_patience: patience, ..Limits::default() };
    let mut worker = Worker::new(limits).unwrap();
    let mut neighbours = Neighbours::new(&mut worker);
    neighbours.count(&mut worker, case);
    let outcome = run(&chart, &mut worker, events);
    neighbours.count(&mut worker, case);
    neighbours.count(&mut worker, case);
    Neighbours::new(&mut worker).count(&mut worker, case);
    // For people: how long each took.
    println!("{:>7} ms  {case}", begin.elapsed().as_millis());
    if !expectation.split('|').any(|one| outcome.is(one)) {
        let logs: String = format!("{:?}", outcome.logs).chars().take(300).collect();
        return Some(format!("{case}: expected {expectation}, found {:?} {logs}", outcome.failure));
    }
    let left = worker.script_memory();
    (left > 8 << 20).then(|| format!("{case}: {left} bytes are left behind"))
}

#[track_caller]
fn all_end_alone(problems: Vec<String>) {
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// The blocks `== title` of a file.
fn blocks(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split("\n== ").skip(1).map(|block| block.split_once('\n').unwrap())
}

/// One state that runs a script at the event `go`.
fn chart_of(script: &str) -> String {
    format!(
        "<scxml xmlns='http://www.w3.org/2005/07/scxml' version='1.0'><state id='s'>
         <transition event='go'><script><![CDATA[\n{script}\n]]></script><log expr=\"'survived'\"/></transition>
         <transition event='error.*'><log label='error' expr='_event.data.message'/></transition>
         <transition event='probe'><log expr=\"{PROBE}\"/></transition></state></scxml>"
    )
}

#[test]
fn hostile_charts_end_alone() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/hostile");
    let mut problems = Vec::new();
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "scxml"));
    files.sort();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let comment = |name: &str| {
            let rest = text.split_once(&format!("<!-- {name}: "))?.1;
            rest.split_once(" -->").map(|(value, _)| value)
        };
        let expectation = comment("expect").unwrap_or_else(|| panic!("{} expects nothing", file.display()));
        let events: Vec<&str> =
            comment("events").map(|events| events.split(", ").collect()).unwrap_or_default();
        let case = file.file_stem().unwrap().to_string_lossy().into_owned();
        problems.extend(check(&case, &text, expectation, &events));
    }
    all_end_alone(problems);
}

#[test]
fn hostile_scripts_end_alone() {
    let wanted = std::env::var("HOSTILE_CASE").unwrap_or_default();
    let problems = blocks(include_str!("hostile/scripts.txt")).filter_map(|(title, script)| {
        let (case, expectation) = title.split_once(": ").unwrap();
        if !case.contains(&wanted) {
            return None;
        }
        check(case, &chart_of(script), expectation, &["go"])
    });
    all_end_alone(problems.collect());
}

/// What a session sees of what it shares with others.
const PROBE: &str = "[typeof polluted, ({}).polluted, [].polluted, (function () {}).polluted, [1, 2].map(function (x) { return x }).length,
  [...[1, 2]].length, JSON.stringify([1]), String(new Error('e').stack).includes('polluted'), String(Error.stackTraceLimit),
  /a/.exec('a')[0], Math.polluted, In.polluted, [].values().map(function (x) { return x }).polluted, Array.from([1]).length,
  Iterator.from({ next() { } }).polluted, 'a'.matchAll(/a/g).polluted, typeof new Date(0).getTime(), String(function () { })]";

#[test]
fn nothing_that_sessions_share_can_be_changed() {
    let mut problems = Vec::new();
    for (case, script) in blocks(include_str!("hostile/pollution.txt")) {
        let chart = load(&format!("{case}.scxml"), &chart_of(script)).unwrap();
        let mut worker = Worker::new(Limits::default()).unwrap();
        let (mut victim, _) = start(&chart, &mut worker, "victim");
        let before = logs(&send(&mut victim, &mut worker, "probe"));
        assert_eq!(before.len(), 1, "{case}");
        assert!(before[0].is_array(), "{case}: {before:?}");
        let harmful = run(&chart, &mut worker, &["go"]);
        let (mut later, _) = start(&chart, &mut worker, "later");
        for session in [&mut victim, &mut later] {
            let after = logs(&send(session, &mut worker, "probe"));
            if after != before {
                problems.push(format!(
                    "{case}: {} sees {after:?} instead of {before:?}; {harmful:?}",
                    session.id()
                ));
            }
        }
    }
    all_end_alone(problems);
}

/// Charts that have to be made, because they are large: name, text, and part of the message that refuses them; empty if they load.
fn large_charts() -> Vec<(&'static str, String, &'static str)> {
    let chart =
        |body: String| format!("<scxml xmlns='http://www.w3.org/2005/07/scxml' version='1.0'>{body}</scxml>");
    let names = |count: usize| (0..count).map(|at| format!(" xmlns:n{at}='urn:{at}'")).collect::<String>();
    let attributes: String = (0..100_000).map(|at| format!(" a{at}='1'")).collect();
    let laughs: String =
        (1..10).map(|at| format!("<!ENTITY l{at} '{}'>", format!("&l{};", at - 1).repeat(10))).collect();
    vec![
        (
            "billion laughs",
            format!("<!DOCTYPE scxml [<!ENTITY l0 'ha'>{laughs}]>{}", chart("&l9;".into())),
            "DOCTYPE",
        ),
        ("an entity that nobody declared", chart("<state id='&x;'/>".into()), "entity"),
        ("100,000 states", chart("<state/>".repeat(99_000)), "more than 10000 states"),
        ("100,000 elements", chart("<state><onentry/></state>".repeat(60_000)), "more than 100000 elements"),
        (
            "deep states",
            chart(format!("{}{}", "<state>".repeat(5000), "</state>".repeat(5000))),
            "nested deeper",
        ),
        (
            "60,000 transitions",
            chart(format!("<state>{}</state>", "<transition event='a'/>".repeat(60_000))),
            "more than 50000 transitions",
        ),
        ("100,000 attributes", chart(format!("<state{attributes}/>")), "more than 256 attributes"),
        ("namespaces", chart(format!("<state{}><state{}/></state>", names(60), names(70))), "namespaces"),
        ("a long file", chart(format!("<!-- {} -->", "x".repeat(5_000_000))), "bytes"),
        ("a long attribute", chart(format!("<state id='{}'/>", "x".repeat(3_000_000))), ""),
        (
            "long text",
            chart(format!("<datamodel><data id='x'>{}</data></datamodel><state/>", "[".repeat(2_000_000))),
            "",
        ),
        (
            "a deep expression",
            chart(format!(
                "<state><transition cond=\"{}1{}\"/></state>",
                "(".repeat(50_000),
                ")".repeat(50_000)
            )),
            "not valid",
        ),
        ("10,000 regions", chart(format!("<parallel>{}</parallel>", "<state/>".repeat(9_900))), ""),
        (
            "40,000 transitions",
            chart(format!("<state id='s'>{}</state>", "<transition event='b'/>".repeat(40_000))),
            "",
        ),
    ]
}

#[test]
fn large_charts_are_refused_or_run() {
    let mut worker = Worker::new(Limits::default()).unwrap();
    let mut neighbours = Neighbours::new(&mut worker);
    for (case, text, refusal) in large_charts() {
        let begin = Instant::now();
        match load("large.scxml", &text) {
            Err(error) if refusal.is_empty() => panic!("{case}: {error}"),
            Err(error) => assert!(error.to_string().contains(refusal), "{case}: {error}"),
            Ok(_) if !refusal.is_empty() => panic!("{case} was taken"),
            Ok(chart) => {
                let outcome = run(&chart, &mut worker, &["a", "b"]);
                assert!(
                    outcome.failure.as_ref().is_none_or(|failure| failure.limit().is_some()),
                    "{case}: {outcome:?}"
                );
            }
        }
        neighbours.count(&mut worker, case);
        println!("{:>7} ms  {case}", begin.elapsed().as_millis());
    }
}

#[test]
fn regions_that_wake_each_other_for_ever_end_by_their_work() {
    let regions: String = (0..3000)
        .map(|at| {
            format!(
                "<state><state id='a{at}'><transition event='go' target='b{at}'/></state><state id='b{at}'><transition event='go' target='a{at}'/></state></state>"
            )
        })
        .collect();
    let text = format!(
        "<scxml xmlns='http://www.w3.org/2005/07/scxml' version='1.0' datamodel='null'><parallel>{regions}<state><transition event='go'><send event='go'/></transition></state></parallel></scxml>"
    );
    let chart = load("regions.scxml", &text).unwrap();
    let mut worker = Worker::new(Limits::default()).unwrap();
    let outcome = run(&chart, &mut worker, &["go"]);
    assert!(matches!(outcome.failure, Some(Failure::Work { .. })), "{:?}", outcome.failure);
}
