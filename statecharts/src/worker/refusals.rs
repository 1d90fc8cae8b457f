//! Memory that is refused, one request after the other: whatever request it is, the process lives, the session that runs goes on as if
//! nothing had been or ends on purpose, and no other session of the worker loses anything.
//!
//! Only requests that are not petty are refused, as by the heap itself: so these sessions have large texts, lists, maps, events and functions.
//! A session with fillings of many sizes moves the places where memory is taken, so that each pass refuses other requests.

use serde_json::{Value, json};

use super::*;
use crate::trial::{load, text};
use crate::{Effect, Event, LimitName, Session, Snapshot, Start, Status, Step};

/// Sessions that must not notice: they count, and tell all that they know.
const NEIGHBOUR: &str = "<datamodel><data id='n' expr='0'/><data id='list' expr='[]'/><data id='when'/><data id='filling'/></datamodel>
  <script>function add(x) { list.push({x: x, of: list.length}); n += x; when = new Date(n); return n; }</script>
  <state id='s'><transition event='count'><script>add(1)</script>
    <log expr='[n, list.length, list[list.length - 1].x, when.getTime()]'/></transition>
  <transition event='fill'><script>
    filling = [];
    for (let size = 0; size &lt; 30; size += 1) {
      const text = 'x'.repeat(size * 1600);
      for (let at = 0; at &lt; (_event.data.seed * (size + 3)) % 17; at += 1) filling.push(text + at, {[size]: at}, [at], () => size);
    }
  </script></transition></state>";

/// What a step does: a script, a `foreach`, events of its own, values that are not JSON, what is sent.
const BUSY: &str = "<datamodel><data id='n' expr='0'/><data id='list' expr='[]'/><data id='when'/><data id='seen' expr='new Map()'/>
    <data id='notes' expr='[]'/><data id='sum' expr='0'/></datamodel>
  <script>
    function add(x) { for (let at = 0; at &lt; 600; at += 1) list.push({x: x + at}); n += x; when = new Date(n); seen.set('k' + n, list[0]); return n; }
    class Sum { constructor() { this.all = list.map((one) => one.x).reduce((a, b) => a + b, 0); } }
    sum = new Sum();
  </script>
  <state id='life'><onexit><log label='left' expr='[n, sum.all, notes]'/></onexit>
  <transition event='error.*'><log label='error' expr='_event.data.message'/></transition>
  <state id='a'>
    <transition event='count' target='b'>
      <script>add(_event.data.by); sum = new Sum(); notes.push(_event.data.note); Promise.resolve(n).then((kept) => { sum.kept = kept; });</script>
      <foreach array='list.slice(0, 1100).concat(list.slice(0, 1100)).slice(0, 1100)' item='one' index='at'>
        <if cond='one.x % 400 === 0'><assign location='list[at % 9].x' expr='one.x + at'/><raise event='even'/></if>
      </foreach>
      <send event='later' delay='5s'><param name='n' expr='n'/><param name='data' expr='_event.data'/></send>
      <log expr='[n, list.length, when.getTime(), seen.size, sum]'/><log expr='list'/>
    </transition>
  </state>
  <state id='b'>
    <transition event='even'><log label='even' expr='[_event.name, _event.type]'/></transition>
    <transition event='count' target='a'><assign location='n' expr='n + _event.data.by'/><log expr='[n, typeof _event.data, In(\"b\")]'/></transition>
  </state></state>";

/// Everything that becomes large by itself: texts, lists, objects with many names, maps and sets, buffers, matches, functions.
const LARGE: &str = "<datamodel><data id='names' expr='({})'/><data id='text' expr='\"\"'/><data id='kept' expr='[]'/><data id='made'/></datamodel>
  <state id='s'><onexit><log label='left' expr='text.length'/></onexit>
  <transition event='error.*'><log label='error' expr='_event.data.message'/></transition>
  <transition event='count'>
    <script>
      for (let at = 0; at &lt; 300; at += 1) { names['name' + at + '_' + _event.data.by] = {at: at, by: [at, text.length]}; }
      text += 'é' + JSON.stringify(names).slice(0, 9000).replace(/at/g, 'AT');
      const words = text.split('_');
      kept.push(Object.keys(names).sort().join(), new Set(words), new Map(words.map((word, at) => [word + at, at])), words.length);
      made = new Uint8Array(50000).fill(7).map((x) => x + 1).reduce((a, b) => a + b, 0);
      kept.push([...text.matchAll(/name(\\d+)/g)].length, [...words, ...words].reverse().slice(3, 2000).flat().length, text.padEnd(70000).trim().length);
      kept.push(text.toUpperCase().length, structured(words).length, Array.from({length: 1100}, (_, at) => at).sort((a, b) => b - a)[0]);
      kept.push(new Function('a', 'let b = a;' + 'b = b * 3 + a % 7;'.repeat(1200) + 'return typeof b;')(2), 'x'.repeat(70000).length);
      kept.push(String(((1n &lt;&lt; 140000n) + 1n) &amp; 97n));
      function structured(words) { return JSON.parse(JSON.stringify({words: words, at: words.map((word) => [word])})).words; }
    </script>
    <log expr='[Object.keys(names).length, text.length, kept[kept.length - 1], kept.map((one) => typeof one), made]'/><log expr='text'/>
  </transition></state>";

/// Events of a life.
const ROUNDS: usize = 2;
/// Length of the note that each event carries.
const NOTE: usize = 17_000;

fn start(chart: &Arc<Chart>, worker: &mut Worker, id: &str) -> (Session, Step) {
    let start = Start { session_id: id.to_owned(), now_millis: 1_000, ..Start::default() };
    Session::start(Arc::clone(chart), worker, start)
}

fn send(session: &mut Session, worker: &mut Worker, event: &str, data: Value) -> Step {
    session.step(worker, Event::external(event, data), 2_000)
}

/// What one step of a session did.
#[derive(Clone, Debug, PartialEq)]
struct Course {
    status: Status,
    effects: String,
}

impl Course {
    fn of(step: Step) -> Self {
        Self { status: step.status, effects: format!("{:?}", step.effects) }
    }

    /// What was meant to be written down and was not.
    fn failed(failure: Failure) -> Self {
        Self { status: Status::Failed { failure }, effects: String::new() }
    }

    /// Whether the session ended, or was told of an error, because it got no memory.
    fn is_on_purpose(&self) -> bool {
        match &self.status {
            Status::Failed { failure: failure @ Failure::ScriptMemory { .. } } => {
                failure.limit() == Some(LimitName::Heap)
            }
            Status::Failed { failure } => matches!(failure, Failure::Data { .. }),
            _ => self.effects.contains("label: \"error\""),
        }
    }
}

/// A session from its start to its end, with everything that a host does with it.
fn life(chart: &Arc<Chart>, worker: &mut Worker, rounds: usize) -> Vec<Course> {
    let (mut session, step) = start(chart, worker, "victim");
    let mut courses = vec![Course::of(step)];
    for round in 1..=rounds {
        let step = send(&mut session, worker, "count", json!({"by": round, "note": "n".repeat(NOTE)}));
        courses.push(Course::of(step));
        if round % 2 == 0 {
            match session.snapshot(worker) {
                Ok(snapshot) => {
                    session.hibernate(worker);
                    let written = serde_json::to_string(&snapshot).unwrap();
                    let read: Snapshot = serde_json::from_str(&written).unwrap();
                    session = Session::restore(Arc::clone(chart), read).unwrap();
                }
                Err(failure) => courses.push(Course::failed(failure)),
            }
        } else if round == 1 {
            session.hibernate(worker);
        }
    }
    courses.push(Course::of(session.cancel(worker, 3_000)));
    courses
}

/// What is wrong with a life in which memory was refused, beside the same life without.
fn problem(expected: &[Course], found: &[Course]) -> Option<String> {
    for (at, course) in found.iter().enumerate() {
        if course.is_on_purpose() {
            return None;
        }
        if expected.get(at) != Some(course) {
            return Some(format!("step {at}: {course:?} instead of {:?}", expected.get(at)));
        }
    }
    (expected.len() != found.len()).then(|| "the life is shorter".to_owned())
}

/// Sessions beside the one that gets no memory: of its own chart and of another, live and written down.
struct Neighbours {
    sessions: Vec<Session>,
    counted: u64,
}

impl Neighbours {
    fn new(chart: &Arc<Chart>, worker: &mut Worker) -> Self {
        let sessions = ["live", "written"].map(|id| start(chart, worker, id).0);
        Self { sessions: sessions.into(), counted: 0 }
    }

    /// All count on from where they were; what is wrong.
    fn count(&mut self, worker: &mut Worker) -> Option<String> {
        self.counted += 1;
        let n = self.counted;
        let expected = json!([n, n, 1, n]);
        for session in &mut self.sessions {
            let step = send(session, worker, "count", json!({}));
            let logs: Vec<&Value> = step
                .effects
                .iter()
                .filter_map(|effect| match effect {
                    Effect::Log(log) => Some(&log.value),
                    _ => None,
                })
                .collect();
            if step.status != Status::Running || logs != [&expected] {
                return Some(format!("the neighbour {} is {:?}, {logs:?}", session.id(), step.status));
            }
        }
        if let Some(written) = self.sessions.last_mut() {
            written.hibernate(worker);
        }
        None
    }
}

/// Whether the chart has a context before memory is refused.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Context {
    Warm,
    Cold,
}

/// One life in which the `nth` request is refused, and those after it, `count` in all; how many were, and what is wrong.
fn refused_life(
    charts: (&Arc<Chart>, &Arc<Chart>),
    expected: &[Course],
    (context, seed): (Context, u64),
    (nth, count): (u64, u64),
) -> (u64, Option<String>) {
    let heap = Heap::new();
    let mut worker = Worker::with_heap(Limits::default(), heap.clone()).unwrap();
    let (chart, other) = charts;
    let mut neighbours = Neighbours::new(other, &mut worker);
    let mut problems: Vec<String> = neighbours.count(&mut worker).into_iter().collect();
    let (mut filled, _) = start(other, &mut worker, "filled");
    send(&mut filled, &mut worker, "fill", json!({"seed": seed}));
    let mut sibling = (context == Context::Warm).then(|| start(chart, &mut worker, "sibling").0);
    heap.refuse(nth, count);
    let found = life(chart, &mut worker, ROUNDS);
    let refused = heap.refused();
    heap.refuse(0, 0);
    problems.extend(problem(expected, &found));
    problems.extend(neighbours.count(&mut worker));
    if expected.get(..2) != life(chart, &mut worker, 1).get(..2) {
        problems.push("a life afterwards is not the same".to_owned());
    }
    if let Some(sibling) = &mut sibling {
        let first = send(sibling, &mut worker, "count", json!({"by": 1, "note": "n".repeat(NOTE)}));
        if expected.get(1) != Some(&Course::of(first)) {
            problems.push(format!("the sibling is {:?}", sibling.status()));
        }
    }
    problems.extend(neighbours.count(&mut worker));
    let last = worker.meter.heap().clone();
    drop((worker, sibling, filled, neighbours));
    if heap.live() + last.live() > 0 {
        problems.push(format!("{} and {} bytes are left behind", heap.live(), last.live()));
    }
    (
        refused,
        problems.into_iter().next().map(|problem| format!("request {nth} of filling {seed}: {problem}")),
    )
}

/// Requests of a life of which each is refused; of those that follow, every third: they take most of the time and repeat the first.
const EACH: u64 = 60;

/// Refuses the requests of a life one after the other, once for each filling with a number of requests that are refused in a row.
#[track_caller]
fn check(body: &str, context: Context, passes: &[(u64, u64)]) {
    let (chart, other) = (load(&text(body)).unwrap(), load(&text(NEIGHBOUR)).unwrap());
    let expected = life(&chart, &mut Worker::new(Limits::default()).unwrap(), ROUNDS);
    let is_quiet = |course: &Course| course.status == Status::Running && !course.is_on_purpose();
    let (last, steps) = expected.split_last().unwrap();
    let wrong: Vec<&Status> = steps.iter().filter(|step| !is_quiet(step)).map(|step| &step.status).collect();
    assert!(wrong.is_empty() && last.status == Status::Cancelled, "{wrong:?}, {:?}", last.status);
    let mut problems = Vec::new();
    let mut lives = 0;
    for (seed, count) in passes.iter().copied() {
        for nth in (1..=EACH).chain((EACH + 1..).step_by(3)) {
            let (refused, found) = refused_life((&chart, &other), &expected, (context, seed), (nth, count));
            problems.extend(found);
            if refused == 0 {
                break;
            }
            lives += 1;
        }
    }
    assert!(lives > 10, "only {lives} requests were refused");
    assert!(problems.is_empty(), "{} of {lives}:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn a_step_that_is_refused_memory_ends_alone() {
    check(BUSY, Context::Warm, &[(0, 1), (1, 1), (2, u64::MAX)]);
}

#[test]
fn a_step_with_large_values_that_is_refused_memory_ends_alone() {
    check(LARGE, Context::Warm, &[(0, 1)]);
}

#[test]
fn a_first_session_whose_context_gets_no_memory_ends_alone() {
    check(BUSY, Context::Cold, &[(0, 1)]);
}
