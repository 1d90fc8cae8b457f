//! A call floor on which time passes quickly: agents, live calls and callbacks around the real router.
//!
//! Everything the simulation knows about waits, dials and agents it measures itself, from what the router says; the
//! router's own averages are never asked to judge it. The same seed gives the same week.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use routing::{
    AgentProfile, AgentStatus, Command, DialRule, Entry, EntryChange, Method, Options, Outcome, Router,
};
use vocabulary::{AgentId, QueueName, Timestamp};

/// How callbacks are dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Policy {
    /// By the router: dial-ahead.
    DialAhead,
    /// One dial for each ready agent.
    WhenReady,
    /// Three dials for every two ready agents.
    FixedRatio,
    /// An agent is reserved first and waits for the customer.
    AgentFirst,
}

/// What is simulated.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) days: u32,
    pub(crate) policy: Policy,
    /// How long live calls are kept from agents who are needed for callbacks being dialled; `None`: as by default.
    pub(crate) keep_max: Option<Duration>,
    pub(crate) agents: usize,
    /// Live calls and callbacks per hour at the height of the day.
    pub(crate) live_per_hour: f64,
    pub(crate) callbacks_per_hour: f64,
    /// Whether load, staff and answers are the same all day.
    pub(crate) is_stable: bool,
    /// Live calls that wait when the doors open.
    pub(crate) backlog: usize,
}

/// Time from 8:00 to 20:00.
const OPEN_HOURS: u32 = 12;
const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;
/// Without an answer a dial ends after this time.
const RING_MS: u64 = 30_000;
const RETRY_MS: u64 = 600_000;
const ATTEMPTS: u32 = 3;
/// Longest that a customer who answered finds acceptable (guard against abandonment).
const PATIENCE_MS: u64 = 2_000;
/// After this a customer who answered hangs up.
const HANG_UP_MS: u64 = 20_000;
const TARGETS: [&str; 2] = ["Billing@.GA", "Sales@.GA"];
const QUEUES: [&str; 2] = ["VQ_Billing", "VQ_Sales"];

/// What was measured.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measured {
    pub(crate) callbacks: u64,
    pub(crate) dials: u64,
    pub(crate) answered: u64,
    /// Of the answered, without an agent within two seconds.
    pub(crate) unserved: u64,
    /// Callbacks and live calls that got an agent.
    pub(crate) callbacks_served: u64,
    pub(crate) live: u64,
    pub(crate) live_served: u64,
    /// Sum of the time from an answer until the agent, ms.
    pub(crate) on_line_ms: u64,
    /// Sum of the time from the request until the agent, ms.
    pub(crate) callback_wait_ms: u64,
    pub(crate) live_wait_ms: u64,
    /// Sum over agents: at work and not away, ready, and ready although a callback waits to be dialled.
    pub(crate) work_ms: u64,
    pub(crate) idle_ms: u64,
    pub(crate) idle_with_callbacks_ms: u64,
    /// Work time while a callback waits to be dialled.
    pub(crate) work_with_callbacks_ms: u64,
    /// Estimates of newcomers with the wait that followed, seconds: by `urs`, by `urs2`, measured.
    pub(crate) estimates: Vec<(f64, f64, f64)>,
    /// Longest wait of a callback until it was first dialled, ms.
    pub(crate) longest_until_dial_ms: u64,
    /// Fingerprint of all that happened.
    pub(crate) fingerprint: u64,
    pub(crate) steps: u64,
}

impl Measured {
    pub(crate) fn unserved_share(&self) -> f64 {
        ratio(self.unserved, self.answered)
    }

    pub(crate) fn idle_share(&self) -> f64 {
        ratio(self.idle_ms, self.work_ms)
    }

    pub(crate) fn idle_share_with_callbacks(&self) -> f64 {
        ratio(self.idle_with_callbacks_ms, self.work_with_callbacks_ms)
    }

    /// Mean absolute error of an estimate as a share of the mean wait, and mean error (bias) likewise.
    pub(crate) fn error(&self, estimate: fn(&(f64, f64, f64)) -> f64) -> (f64, f64) {
        let mean = |value: &dyn Fn(&(f64, f64, f64)) -> f64| {
            self.estimates.iter().map(value).sum::<f64>() / self.estimates.len().max(1) as f64
        };
        let wait = mean(&|one| one.2);
        (mean(&|one| (estimate(one) - one.2).abs()) / wait, mean(&|one| estimate(one) - one.2) / wait)
    }
}

fn ratio(part: u64, all: u64) -> f64 {
    part as f64 / all.max(1) as f64
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    ShiftBegins(usize),
    Break(usize, bool),
    ShiftEnds(usize),
    CallEnds(usize),
    WrappedUp(usize),
    Live(usize),
    Callback(usize),
    Answered(usize),
    Unanswered(usize),
    Retry(usize),
    HangsUp(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Waits to be dialled.
    Waiting,
    /// Waits, but not to be dialled yet: last attempt failed.
    Resting,
    Dialing,
    OnLine,
    Over,
}

#[derive(Clone, Debug)]
struct Callback {
    team: usize,
    asked_at: u64,
    stage: Stage,
    attempts: u32,
    answered_at: u64,
    is_counted: bool,
    agent: Option<usize>,
    was_dialled: bool,
}

#[derive(Clone, Debug)]
struct Live {
    came_at: u64,
    estimate: Option<(f64, f64)>,
}

#[derive(Clone, Debug)]
struct Agent {
    status: AgentStatus,
    is_reserved: bool,
    handling_ms: f64,
    wants_to_leave: bool,
    wants_break: bool,
}

pub(crate) struct Floor {
    plan: Plan,
    router: Router,
    chance: Chance,
    now: u64,
    events: BTreeMap<(u64, u64), Event>,
    sequence: u64,
    agents: Vec<Agent>,
    callbacks: Vec<Callback>,
    live: Vec<Live>,
    /// Callbacks by team that wait to be dialled, oldest first.
    waiting: [BTreeSet<(u64, usize)>; 2],
    /// Live calls by team that wait, oldest first.
    live_waiting: [BTreeSet<(u64, usize)>; 2],
    dialing: [usize; 2],
    commands: VecDeque<Command>,
    is_stepping: bool,
    measured: Measured,
}

/// Runs a plan.
pub(crate) fn run(plan: Plan) -> Measured {
    let mut floor = Floor::new(plan);
    floor.run();
    floor.measured
}

impl Floor {
    fn new(plan: Plan) -> Self {
        let mut chance = Chance(plan.seed);
        let mut profiles = Vec::new();
        let mut agents = Vec::new();
        for number in 0..plan.agents {
            // Three in six serve one team, two the other, one both.
            let groups: &[&str] = match number % 6 {
                0..=2 => &["Billing"],
                3 | 4 => &["Sales"],
                _ => &["Billing", "Sales"],
            };
            profiles.push(AgentProfile {
                id: agent_id(number),
                name: format!("Agent {number}"),
                dn: format!("7{number:03}"),
                switch: "SIP_Switch".to_owned(),
                place: format!("p{number}"),
                groups: groups.iter().map(|group| (*group).to_owned()).collect(),
                skills: BTreeMap::new(),
            });
            agents.push(Agent {
                status: AgentStatus::LoggedOut,
                is_reserved: false,
                handling_ms: 150_000.0 + 120_000.0 * chance.share(),
                wants_to_leave: false,
                wants_break: false,
            });
        }
        let mut options = Options::default();
        options.dial_ahead.keep_max = plan.keep_max.unwrap_or(options.dial_ahead.keep_max);
        let mut router = Router::new(options);
        router.step(Command::ConfigureAgents(profiles), Timestamp::EPOCH);
        let mut floor = Self {
            plan,
            router,
            chance,
            now: 0,
            events: BTreeMap::new(),
            sequence: 0,
            agents,
            callbacks: Vec::new(),
            live: Vec::new(),
            waiting: Default::default(),
            live_waiting: Default::default(),
            dialing: [0; 2],
            commands: VecDeque::new(),
            is_stepping: false,
            measured: Measured::default(),
        };
        floor.plan_days();
        floor
    }

    fn plan_days(&mut self) {
        for day in 0..self.plan.days {
            let begin = u64::from(day) * DAY_MS + 8 * HOUR_MS;
            for agent in 0..self.plan.agents {
                let (start, length) = match (self.plan.is_stable, agent % 5) {
                    (true, _) => (0, 12),
                    (_, 0 | 1) => (0, 8),
                    (_, 2) => (1, 8),
                    (_, 3) => (3, 8),
                    _ => (4, 8),
                };
                // Half of the staff on the last two days of a week.
                if day % 7 >= 5 && agent % 2 == 1 {
                    continue;
                }
                let start = begin + start * HOUR_MS + self.chance.below(300_000);
                let length = length * HOUR_MS;
                self.at(start, Event::ShiftBegins(agent));
                if !self.plan.is_stable {
                    let lunch = start + length / 2 + self.chance.below(HOUR_MS / 2);
                    self.at(lunch, Event::Break(agent, true));
                    self.at(lunch + HOUR_MS / 2, Event::Break(agent, false));
                }
                self.at(start + length, Event::ShiftEnds(agent));
            }
            for _ in 0..self.plan.backlog {
                let team = self.team();
                self.at(begin + 400_000, Event::Live(team));
            }
            self.plan_arrivals(day, begin);
        }
    }

    fn plan_arrivals(&mut self, day: u32, begin: u64) {
        let weekend = if day % 7 >= 5 { 0.5 } else { 1.0 };
        for minute in 0..u64::from(OPEN_HOURS) * 60 - 30 {
            let at = begin + minute * 60_000;
            let hour = minute as f64 / 60.0;
            let (live, callbacks) = if self.plan.is_stable { (1.0, 1.0) } else { shape(hour) };
            let live = self.chance.poisson(self.plan.live_per_hour * live * weekend / 60.0);
            for _ in 0..live {
                let (at, team) = (at + self.chance.below(60_000), self.team());
                self.at(at, Event::Live(team));
            }
            let callbacks = self.chance.poisson(self.plan.callbacks_per_hour * callbacks * weekend / 60.0);
            for _ in 0..callbacks {
                let (at, team) = (at + self.chance.below(60_000), self.team());
                self.at(at, Event::Callback(team));
            }
        }
    }

    /// Sixty in a hundred ask for billing.
    fn team(&mut self) -> usize {
        usize::from(self.chance.share() > 0.58)
    }

    fn at(&mut self, at: u64, event: Event) {
        self.sequence += 1;
        self.events.insert((at, self.sequence), event);
    }

    fn after(&mut self, delay: u64, event: Event) {
        self.at(self.now + delay, event);
    }

    fn run(&mut self) {
        while let Some(((at, _), event)) = self.events.pop_first() {
            while let Some(due) = self.router.next_due().map(millis_of).filter(|due| *due < at) {
                self.pass_until(due);
                self.step(Command::Tick);
                self.dial_by_hand();
            }
            self.pass_until(at);
            self.happen(event);
            self.dial_by_hand();
        }
    }

    /// Adds up the time of all agents until `at`.
    fn pass_until(&mut self, at: u64) {
        let time = at.saturating_sub(self.now);
        if time > 0 {
            for (number, agent) in self.agents.iter().enumerate() {
                let is_here = !matches!(agent.status, AgentStatus::LoggedOut | AgentStatus::NotReady { .. });
                if !is_here {
                    continue;
                }
                let callback_waits = teams_of(number).iter().any(|team| !self.waiting[*team].is_empty());
                let is_idle = agent.status == AgentStatus::Ready;
                self.measured.work_ms += time;
                self.measured.idle_ms += if is_idle { time } else { 0 };
                self.measured.work_with_callbacks_ms += if callback_waits { time } else { 0 };
                self.measured.idle_with_callbacks_ms += if is_idle && callback_waits { time } else { 0 };
            }
        }
        self.now = self.now.max(at);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::ShiftBegins(agent) => {
                self.agents[agent].wants_to_leave = false;
                self.set(agent, AgentStatus::Ready);
            }
            Event::ShiftEnds(agent) => {
                self.agents[agent].wants_to_leave = true;
                self.rest(agent);
            }
            Event::Break(agent, begins) => {
                self.agents[agent].wants_break = begins;
                if begins {
                    self.rest(agent);
                } else if matches!(self.agents[agent].status, AgentStatus::NotReady { .. }) {
                    self.set(agent, AgentStatus::Ready);
                }
            }
            Event::CallEnds(agent) => {
                self.set(agent, AgentStatus::AfterCallWork);
                let wrap_up = 10_000 + self.chance.below(40_000);
                self.after(wrap_up, Event::WrappedUp(agent));
            }
            Event::WrappedUp(agent) => {
                if !self.rest(agent) {
                    self.set(agent, AgentStatus::Ready);
                }
            }
            Event::Live(team) => self.live_call(team),
            Event::Callback(team) => self.callback(team),
            Event::Answered(number) => self.answered(number),
            Event::Unanswered(number) => self.unanswered(number),
            Event::Retry(number) => self.retry(number),
            Event::HangsUp(number) => {
                if self.callbacks[number].stage == Stage::OnLine {
                    self.count_answer(number, false);
                    self.callbacks[number].stage = Stage::Over;
                    self.step(Command::Cancel { id: callback_id(number) });
                }
            }
        }
    }

    /// Lets an agent leave or have a break, if it is time and no call is in the way; says whether.
    fn rest(&mut self, number: usize) -> bool {
        let agent = &self.agents[number];
        if agent.is_reserved || matches!(agent.status, AgentStatus::Busy) {
            return false;
        }
        if agent.wants_to_leave {
            self.set(number, AgentStatus::LoggedOut);
        } else if agent.wants_break {
            self.set(number, AgentStatus::NotReady { reason: None });
        } else {
            return false;
        }
        true
    }

    fn live_call(&mut self, team: usize) {
        let number = self.live.len();
        let queue = QueueName::new(QUEUES[team]);
        let at = self.time();
        let estimate = |method| self.router.expected_wait(&queue, None, method, at).map(|(time, _)| time.ewt);
        let estimate = self
            .plan
            .is_stable
            .then(|| Some((estimate(Method::Urs)?, estimate(Method::Urs2)?)))
            .flatten()
            // The judgement begins when everybody has come and the averages know the day.
            .filter(|_| self.now % DAY_MS > 9 * HOUR_MS);
        self.live.push(Live { came_at: self.now, estimate });
        self.live_waiting[team].insert((self.now, number));
        self.measured.live += 1;
        let entry = self.entry(format!("l{number:08}"), team, self.now);
        self.step(Command::Submit(Entry { routable: true, ..entry }));
    }

    fn callback(&mut self, team: usize) {
        let number = self.callbacks.len();
        self.callbacks.push(Callback {
            team,
            asked_at: self.now,
            stage: Stage::Waiting,
            attempts: 0,
            answered_at: 0,
            is_counted: false,
            agent: None,
            was_dialled: false,
        });
        self.measured.callbacks += 1;
        self.waiting[team].insert((self.now, number));
        self.submit_callback(number);
    }

    fn submit_callback(&mut self, number: usize) {
        let callback = &self.callbacks[number];
        let entry = self.entry(callback_id(number), callback.team, callback.asked_at);
        let is_agent_first = self.plan.policy == Policy::AgentFirst;
        let notify = self.plan.policy == Policy::DialAhead;
        self.step(Command::Submit(Entry { routable: is_agent_first, notify, ..entry }));
    }

    fn entry(&self, id: String, team: usize, since: u64) -> Entry {
        Entry {
            id,
            queue: QueueName::new(QUEUES[team]),
            target: TARGETS[team].to_owned(),
            priority: 0,
            growth: None,
            waiting_since: time_of(since),
            entered: self.time(),
            is_taken_anew: false,
            deadline: None,
            routable: false,
            notify: false,
            excluded: Vec::new(),
            reservation: Duration::from_secs(90),
            pegs: Vec::new(),
            max_route_attempts: 5,
            dial: DialRule::default(),
            choice: routing::AgentChoice::Any,
        }
    }

    /// Dials for the policies that do not leave it to the router.
    fn dial_by_hand(&mut self) {
        let ratio = match self.plan.policy {
            Policy::WhenReady => 1.0,
            Policy::FixedRatio => 1.5,
            Policy::DialAhead | Policy::AgentFirst => return,
        };
        for team in 0..2 {
            loop {
                let ready = self.agents.iter().enumerate().filter(|(number, agent)| {
                    agent.status == AgentStatus::Ready
                        && !agent.is_reserved
                        && teams_of(*number).contains(&team)
                });
                let wanted = (ready.count() as f64 * ratio) as usize;
                let Some((_, number)) =
                    self.waiting[team].first().copied().filter(|_| self.dialing[team] < wanted)
                else {
                    break;
                };
                self.dial(number);
            }
        }
    }

    fn dial(&mut self, number: usize) {
        let callback = &mut self.callbacks[number];
        assert_eq!(callback.stage, Stage::Waiting, "callback {number} is dialled out of turn");
        let (team, asked_at) = (callback.team, callback.asked_at);
        callback.stage = Stage::Dialing;
        callback.attempts += 1;
        if !callback.was_dialled {
            callback.was_dialled = true;
            let waited = self.now - asked_at;
            self.measured.longest_until_dial_ms = self.measured.longest_until_dial_ms.max(waited);
        }
        self.waiting[team].remove(&(asked_at, number));
        self.dialing[team] += 1;
        self.measured.dials += 1;
        if self.plan.policy == Policy::DialAhead {
            self.step(Command::DialStarted { id: callback_id(number) });
        }
        let hour = (self.now % DAY_MS) as f64 / HOUR_MS as f64 - 8.0;
        let answers = if self.plan.is_stable { 0.7 } else { 0.45 + 0.035 * hour.clamp(0.0, 12.0) };
        if self.chance.share() < answers {
            // Ringing, and the second in which a person is told from a machine.
            let rings = 6_000 + self.chance.below(16_000);
            self.after(rings, Event::Answered(number));
        } else {
            self.after(RING_MS, Event::Unanswered(number));
        }
    }

    fn answered(&mut self, number: usize) {
        let team = self.callbacks[number].team;
        self.dialing[team] -= 1;
        self.measured.answered += 1;
        let now = self.now;
        let callback = &mut self.callbacks[number];
        callback.stage = Stage::OnLine;
        callback.answered_at = now;
        callback.is_counted = false;
        if let Some(agent) = callback.agent.take() {
            self.count_answer(number, true);
            self.talk(agent, number);
            return;
        }
        self.after(HANG_UP_MS, Event::HangsUp(number));
        let change = EntryChange { routable: Some(true), ..EntryChange::default() };
        self.step(Command::Update { id: callback_id(number), change });
    }

    fn unanswered(&mut self, number: usize) {
        let team = self.callbacks[number].team;
        self.dialing[team] -= 1;
        let callback = &mut self.callbacks[number];
        let agent = callback.agent.take();
        callback.stage = if callback.attempts >= ATTEMPTS { Stage::Over } else { Stage::Resting };
        let is_over = callback.stage == Stage::Over;
        match agent {
            Some(agent) => {
                self.agents[agent].is_reserved = false;
                self.step(Command::ReleaseAgent {
                    agent: agent_id(agent),
                    holder: Some(callback_id(number)),
                    delay: Duration::ZERO,
                });
                self.rest(agent);
            }
            None if self.plan.policy == Policy::DialAhead => {
                self.step(Command::DialEnded { id: callback_id(number), answered: false });
            }
            None => {}
        }
        if is_over {
            self.step(Command::Cancel { id: callback_id(number) });
        } else {
            // Until the next attempt the entry asks for nothing.
            if self.plan.policy == Policy::DialAhead {
                let change = EntryChange { notify: Some(false), ..EntryChange::default() };
                self.step(Command::Update { id: callback_id(number), change });
            }
            self.after(RETRY_MS, Event::Retry(number));
        }
    }

    fn retry(&mut self, number: usize) {
        let callback = &mut self.callbacks[number];
        callback.stage = Stage::Waiting;
        let (team, asked_at) = (callback.team, callback.asked_at);
        self.waiting[team].insert((asked_at, number));
        match self.plan.policy {
            Policy::AgentFirst => self.submit_callback(number),
            Policy::DialAhead => {
                let change = EntryChange { notify: Some(true), ..EntryChange::default() };
                self.step(Command::Update { id: callback_id(number), change });
            }
            Policy::WhenReady | Policy::FixedRatio => {}
        }
    }

    fn count_answer(&mut self, number: usize, has_agent: bool) {
        let now = self.now;
        let callback = &mut self.callbacks[number];
        if callback.is_counted {
            return;
        }
        callback.is_counted = true;
        let waited = now - callback.answered_at;
        self.measured.on_line_ms += waited;
        if !has_agent || waited > PATIENCE_MS {
            self.measured.unserved += 1;
        }
    }

    fn talk(&mut self, agent: usize, callback: usize) {
        let one = &mut self.callbacks[callback];
        one.stage = Stage::Over;
        self.measured.callback_wait_ms += self.now - one.asked_at;
        self.measured.callbacks_served += 1;
        self.call(agent);
    }

    fn call(&mut self, agent: usize) {
        self.set(agent, AgentStatus::Busy);
        let mean = self.agents[agent].handling_ms;
        let length = self.chance.lognormal(mean, 0.5);
        self.after(length, Event::CallEnds(agent));
    }

    fn set(&mut self, agent: usize, status: AgentStatus) {
        self.step(Command::SetAgentStatus { agent: agent_id(agent), status });
    }

    /// Gives a command to the router; one that an outcome leads to comes after what the router has said by then.
    fn step(&mut self, command: Command) {
        self.commands.push_back(command);
        if self.is_stepping {
            return;
        }
        self.is_stepping = true;
        while let Some(command) = self.commands.pop_front() {
            self.measured.steps += 1;
            for outcome in self.router.step(command, self.time()) {
                self.take(outcome);
            }
        }
        self.is_stepping = false;
    }

    fn take(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::AgentChanged { agent, status, reserved, .. } => {
                let agent = &mut self.agents[number_of(agent.as_str())];
                agent.status = status;
                agent.is_reserved = reserved;
            }
            Outcome::TimeToDial { id, .. } => {
                let number = number_of(&id);
                let callback = &self.callbacks[number];
                let first = self.waiting[callback.team].first();
                assert_eq!(first, Some(&(callback.asked_at, number)), "somebody older waits to be dialled");
                self.fold(number as u64);
                self.dial(number);
            }
            Outcome::TargetSelected { id, selection } => {
                let agent = number_of(selection.agent.id.as_str());
                self.fold(agent as u64 ^ 0xA6E7);
                let chosen = &mut self.agents[agent];
                assert_eq!(chosen.status, AgentStatus::Ready, "agent {agent} is given a second call");
                assert!(!chosen.is_reserved, "agent {agent} is given two calls at once");
                chosen.is_reserved = true;
                self.selected(&id, agent);
            }
            other => assert!(
                matches!(other, Outcome::Queued { .. } | Outcome::Updated { .. } | Outcome::Left { .. }),
                "{other:?}"
            ),
        }
    }

    fn selected(&mut self, id: &str, agent: usize) {
        let number = number_of(id);
        if id.starts_with('l') {
            let live = &self.live[number];
            let team = usize::from(self.live_waiting[1].contains(&(live.came_at, number)));
            let first = self.live_waiting[team].first();
            assert_eq!(first, Some(&(live.came_at, number)), "an older call waits");
            let waited = self.now - live.came_at;
            if let Some((urs, urs2)) = live.estimate {
                self.measured.estimates.push((urs, urs2, waited as f64 / 1000.0));
            }
            self.live_waiting[team].remove(&(live.came_at, number));
            self.measured.live_served += 1;
            self.measured.live_wait_ms += waited;
            self.call(agent);
        } else if self.plan.policy == Policy::AgentFirst {
            self.callbacks[number].agent = Some(agent);
            self.dial(number);
        } else {
            self.count_answer(number, true);
            self.talk(agent, number);
        }
    }

    fn fold(&mut self, value: u64) {
        let before = self.measured.fingerprint ^ self.now.rotate_left(17) ^ value;
        self.measured.fingerprint = before.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(31);
    }

    fn time(&self) -> Timestamp {
        time_of(self.now)
    }
}

/// Live calls and callbacks by the hour since opening, as a share of the height of the day.
fn shape(hour: f64) -> (f64, f64) {
    let bump = |at: f64, width: f64| (-((hour - at) / width).powi(2)).exp();
    let live = 0.35 + 0.65 * bump(2.5, 1.8) + 0.45 * bump(7.5, 1.8);
    let callbacks = 0.25 + 0.75 * bump(3.5, 2.2) + 0.4 * bump(8.0, 1.5);
    (live, callbacks)
}

fn teams_of(agent: usize) -> &'static [usize] {
    match agent % 6 {
        0..=2 => &[0],
        3 | 4 => &[1],
        _ => &[0, 1],
    }
}

fn agent_id(number: usize) -> AgentId {
    AgentId::new(format!("a{number}"))
}

fn callback_id(number: usize) -> String {
    format!("c{number:08}")
}

fn number_of(id: &str) -> usize {
    id.get(1..).and_then(|number| number.parse().ok()).unwrap_or(usize::MAX)
}

fn time_of(millis: u64) -> Timestamp {
    Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
}

fn millis_of(at: Timestamp) -> u64 {
    u64::try_from(at.as_millis()).unwrap_or(0)
}

/// Numbers that the seed determines (`SplitMix64`).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn poisson(&mut self, mean: f64) -> usize {
        let (limit, mut product, mut number) = ((-mean).exp(), self.share(), 0);
        while product > limit {
            product *= self.share();
            number += 1;
        }
        number
    }

    /// A length with this mean and this spread of its logarithm.
    fn lognormal(&mut self, mean: f64, sigma: f64) -> u64 {
        let (a, b) = (self.share().max(1e-12), self.share());
        let normal = (-2.0 * a.ln()).sqrt() * (2.0 * std::f64::consts::PI * b).cos();
        (mean * (sigma * normal - sigma * sigma / 2.0).exp()) as u64 + 5_000
    }
}
