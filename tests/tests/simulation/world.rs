//! What lies outside of the process and so outlives it: the disk, the switch's own log, plugins, customers; and the
//! dice that let the process die.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{DefaultHasher, Hasher};
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use engine::Engine;
use serde_json::{Map, Value};
use store::MemoryStore;
use telephony::DialsInMemory;
use tokio::sync::Notify;
use tokio::time::Instant;
use vocabulary::Timestamp;

use crate::dice::{Dice, Stream};
use crate::invariants::History;

/// Deaths of one seed at most, so that it comes to its end.
const DEATHS_MAX: u32 = 5;

/// A moment at which the process may die.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Moment {
    /// A transaction was asked for and nothing of it is on the disk.
    BeforeCommit,
    /// A transaction is on the disk and nobody was told.
    AfterCommit,
    /// The switch was asked to dial and has not recorded it.
    BeforeDial,
    /// The switch dials.
    AfterDial,
    /// The switch tells something.
    SwitchTells,
    /// A request is about to leave.
    BeforeRequest,
    /// A request has arrived where it goes.
    AfterRequest,
    /// A client has given its request and waits.
    DuringRequest,
}

impl Moment {
    pub(crate) const ALL: [Self; 8] = [
        Self::BeforeCommit,
        Self::AfterCommit,
        Self::BeforeDial,
        Self::AfterDial,
        Self::SwitchTells,
        Self::BeforeRequest,
        Self::AfterRequest,
        Self::DuringRequest,
    ];

    /// How often it happens compared with others: transactions are many, dials are few.
    const fn weight(self) -> u64 {
        match self {
            Self::BeforeCommit | Self::AfterCommit => 1,
            Self::SwitchTells | Self::DuringRequest | Self::BeforeRequest | Self::AfterRequest => 2,
            Self::BeforeDial | Self::AfterDial => 8,
        }
    }
}

/// When the process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deaths {
    /// By chance, so many times of a thousand moments.
    ByChance { permille: u64 },
    /// Once, at the n-th moment of a kind, from 0.
    Once { moment: Moment, number: u64 },
}

/// How much goes wrong: percentages, unless the name says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) deaths: Deaths,
    pub(crate) lost: u64,
    pub(crate) doubled: u64,
    pub(crate) delayed: u64,
    pub(crate) failing_disk: u64,
    /// Seconds of real time that the disk goes on failing once it fails, at most.
    pub(crate) disk_outage: u64,
    /// Turns that a commit lets others go first, at most.
    pub(crate) slow_disk: u64,
}

impl Trouble {
    /// Nothing goes wrong but one death.
    pub(crate) const fn one_death(moment: Moment, number: u64) -> Self {
        Self {
            deaths: Deaths::Once { moment, number },
            lost: 0,
            doubled: 0,
            delayed: 0,
            failing_disk: 0,
            disk_outage: 0,
            slow_disk: 0,
        }
    }

    /// By the seed: each kind of trouble is absent in some seeds, so that others can be seen alone.
    pub(crate) fn by_seed(seed: u64) -> Self {
        let mut dice = Dice::new(seed, Stream::Profile);
        Self {
            deaths: Deaths::ByChance { permille: dice.pick(&[0, 5, 15, 30]) },
            lost: dice.pick(&[0, 0, 3, 10]),
            doubled: dice.pick(&[0, 5, 20]),
            delayed: dice.pick(&[0, 5, 20]),
            failing_disk: dice.pick(&[0, 0, 2]),
            slow_disk: dice.pick(&[0, 3]),
            disk_outage: dice.pick(&[0, 0, 40]),
        }
    }
}

/// A reply of a plugin that is on its way.
#[derive(Clone, Debug)]
pub(crate) struct PluginReply {
    pub(crate) session: String,
    pub(crate) name: String,
    pub(crate) key: String,
    pub(crate) fields: Map<String, Value>,
}

/// The world. Clones are the same world.
#[derive(Clone)]
pub(crate) struct World(Arc<Inner>);

struct Inner {
    trouble: Trouble,
    is_calm: AtomicBool,
    is_dead: AtomicBool,
    died: Notify,
    /// Dials as the switch recorded them.
    dials: DialsInMemory,
    /// The engine of the present life, for its time.
    engine: Mutex<Option<Engine>>,
    state: Mutex<State>,
}

struct State {
    store: Arc<MemoryStore>,
    faults: Dice,
    outside: Dice,
    line: Dice,
    latency: Dice,
    /// Until when the disk fails whatever it is asked.
    outage_ends: Option<Instant>,
    moments: BTreeMap<Moment, u64>,
    deaths: u32,
    lost_events: u64,
    now: Timestamp,
    replies: BTreeMap<(Timestamp, u64), PluginReply>,
    replies_made: u64,
    customers: BTreeMap<String, Value>,
    history: History,
    violations: Vec<String>,
    trace: Trace,
}

/// What happened, as a digest and, if wanted, in words.
struct Trace {
    digest: DefaultHasher,
    lines: Vec<String>,
    is_told: bool,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("World")
    }
}

impl World {
    /// A world in which nothing has happened. With `is_told` every line of the trace is written to standard error.
    pub(crate) fn new(seed: u64, trouble: Trouble, is_told: bool) -> Self {
        Self(Arc::new(Inner {
            trouble,
            is_calm: AtomicBool::new(false),
            is_dead: AtomicBool::new(false),
            died: Notify::new(),
            dials: DialsInMemory::default(),
            engine: Mutex::new(None),
            state: Mutex::new(State {
                store: Arc::new(MemoryStore::new()),
                faults: Dice::new(seed, Stream::Faults),
                outside: Dice::new(seed, Stream::Outside),
                line: Dice::new(seed, Stream::Line),
                latency: Dice::new(seed, Stream::Latency),
                outage_ends: None,
                moments: BTreeMap::new(),
                deaths: 0,
                lost_events: 0,
                now: Timestamp::parse("2031-05-06T09:00:00Z").unwrap(),
                replies: BTreeMap::new(),
                replies_made: 0,
                customers: BTreeMap::new(),
                history: History::default(),
                violations: Vec::new(),
                trace: Trace { digest: DefaultHasher::new(), lines: Vec::new(), is_told },
            }),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn trouble(&self) -> Trouble {
        self.0.trouble
    }

    /// Says what happened.
    pub(crate) fn say(&self, line: impl Into<String>) {
        let line = format!("{} {}", self.now(), line.into());
        let mut state = self.state();
        let trace = &mut state.trace;
        trace.digest.write(line.as_bytes());
        if trace.is_told {
            // Nobody may read it.
            let _unread = writeln!(std::io::stderr(), "{line}");
        }
        trace.lines.push(line);
    }

    /// The last lines of the trace.
    pub(crate) fn last_lines(&self, most: usize) -> String {
        let state = self.state();
        let lines = &state.trace.lines;
        lines[lines.len().saturating_sub(most)..].join("\n")
    }

    /// Every line of the trace.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.state().trace.lines.clone()
    }

    /// An invariant is broken.
    pub(crate) fn violate(&self, what: impl Into<String>) {
        let what = what.into();
        self.say(format!("BROKEN {what}"));
        self.state().violations.push(what);
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        self.state().violations.clone()
    }

    /// What was seen so far, to be checked or added to.
    pub(crate) fn history<T>(&self, look: impl FnOnce(&mut History) -> T) -> T {
        look(&mut self.state().history)
    }

    fn engine(&self) -> MutexGuard<'_, Option<Engine>> {
        self.0.engine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An engine runs, and has the time from now on.
    pub(crate) fn follow(&self, engine: &Engine) {
        *self.engine() = Some(engine.clone());
    }

    /// The engine's time, or the wall's while no engine runs.
    pub(crate) fn now(&self) -> Timestamp {
        self.engine().as_ref().map_or_else(|| self.state().now, Engine::now)
    }

    /// No engine runs for a while.
    pub(crate) fn wait(&self, time: Duration) {
        let now = self.now();
        drop(self.engine().take());
        self.state().now = now + time;
    }

    pub(crate) fn dials(&self) -> DialsInMemory {
        self.0.dials.clone()
    }

    /// The store of the present process.
    pub(crate) fn store(&self) -> Arc<MemoryStore> {
        Arc::clone(&self.state().store)
    }

    /// A new process finds what the last one left on the disk.
    pub(crate) fn boot(&self) {
        let mut state = self.state();
        let disk = state.store.disk();
        // The clock of the new process begins anew.
        state.outage_ends = None;
        state.store = Arc::new(MemoryStore::on(disk));
        self.0.is_dead.store(false, Ordering::SeqCst);
    }

    /// Nothing goes wrong from now on.
    pub(crate) fn calm_down(&self) {
        self.0.is_calm.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_calm(&self) -> bool {
        self.0.is_calm.load(Ordering::SeqCst)
    }

    /// Whether the process dies in this moment; if so, it is dead from here on.
    pub(crate) fn dies(&self, moment: Moment) -> bool {
        if self.is_calm() || self.is_dead() {
            return self.is_dead();
        }
        let dies = {
            let mut state = self.state();
            let number = state.moments.get(&moment).copied().unwrap_or(0);
            state.moments.insert(moment, number + 1);
            match self.0.trouble.deaths {
                Deaths::Once { moment: chosen, number: nth } => chosen == moment && nth == number,
                Deaths::ByChance { permille } => {
                    state.deaths < DEATHS_MAX && state.faults.permille(permille * moment.weight())
                }
            }
        };
        if dies {
            self.kill(&format!("{moment:?}"));
        }
        dies
    }

    /// The process dies now.
    pub(crate) fn kill(&self, why: &str) {
        self.say(format!("the process dies: {why}"));
        let mut state = self.state();
        state.deaths += 1;
        state.store.crash();
        drop(state);
        self.0.is_dead.store(true, Ordering::SeqCst);
        self.0.died.notify_one();
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.0.is_dead.load(Ordering::SeqCst)
    }

    /// Returns when the process dies.
    pub(crate) async fn death(&self) {
        while !self.is_dead() {
            self.0.died.notified().await;
        }
    }

    pub(crate) fn deaths(&self) -> u32 {
        self.state().deaths
    }

    /// Whether the disk refuses this transaction.
    pub(crate) fn disk_fails(&self) -> bool {
        if self.is_calm() {
            return false;
        }
        let mut state = self.state();
        if state.outage_ends.is_some_and(|end| Instant::now() < end) {
            return true;
        }
        state.outage_ends = None;
        let fails = state.faults.percent(self.0.trouble.failing_disk);
        if fails && self.0.trouble.disk_outage > 0 && state.faults.percent(20) {
            let outage = state.faults.within_secs(self.0.trouble.disk_outage);
            state.outage_ends = Some(Instant::now() + outage);
        }
        fails
    }

    /// Turns that this commit lets others go first.
    pub(crate) fn disk_turns(&self) -> u64 {
        match self.0.trouble.slow_disk {
            0 => 0,
            most => self.state().latency.between(0, most),
        }
    }

    /// The delays with which a message arrives: none if it is lost, two if it is doubled.
    pub(crate) fn fate(&self) -> Vec<Duration> {
        if self.is_calm() {
            return vec![Duration::ZERO];
        }
        let Trouble { lost, doubled, delayed, .. } = self.0.trouble;
        let mut state = self.state();
        if state.line.percent(lost) {
            state.lost_events += 1;
            return Vec::new();
        }
        let first = if state.line.percent(delayed) { state.line.within_secs(20) } else { Duration::ZERO };
        if state.line.percent(doubled) {
            let second = if state.line.percent(50) { state.line.within_secs(60) } else { Duration::ZERO };
            return vec![first, first + second];
        }
        vec![first]
    }

    /// Messages that were lost so far.
    pub(crate) fn lost_messages(&self) -> u64 {
        self.state().lost_events
    }

    /// Throws the dice of those outside.
    pub(crate) fn outside<T>(&self, throw: impl FnOnce(&mut Dice) -> T) -> T {
        throw(&mut self.state().outside)
    }

    /// A plugin's reply sets out.
    pub(crate) fn send_reply(&self, due: Timestamp, reply: PluginReply) {
        let mut state = self.state();
        state.replies_made += 1;
        let number = state.replies_made;
        state.replies.insert((due, number), reply);
    }

    /// The next reply that has arrived.
    pub(crate) fn arrived_reply(&self) -> Option<PluginReply> {
        let now = self.now();
        let mut state = self.state();
        let first = state.replies.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }

    /// When the next reply arrives.
    pub(crate) fn next_reply(&self) -> Option<Timestamp> {
        self.state().replies.keys().next().map(|(due, _)| *due)
    }

    /// What a customer does when called.
    pub(crate) fn set_customer(&self, number: &str, behaviour: Value) {
        self.state().customers.insert(number.to_owned(), behaviour);
    }

    pub(crate) fn customers(&self) -> Vec<(String, Value)> {
        self.state().customers.clone().into_iter().collect()
    }

    /// The digest of everything that was said.
    pub(crate) fn digest(&self) -> u64 {
        self.state().trace.digest.finish()
    }
}
