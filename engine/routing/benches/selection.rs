//! What it costs to enter a queue, to choose the next entry for an agent who becomes ready, and to ask for a position,
//! by the number of entries that wait.
//!
//! 10,000 agents with 12 of 60 skills each, 200 queues with a skill expression each, seven growth classes and fixed
//! priorities side by side. The baseline keeps a plain list and looks through all of it; it is run in the same process
//! as far as it is bearable. `cargo bench -p routing --bench selection`, or with the largest number of entries:
//! `… -- 100000`.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::unwrap_used, reason = "a benchmark that goes wrong may stop")]

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use routing::{
    AgentChoice, AgentProfile, AgentStatus, Command, Entry, Options, Outcome, PriorityGrowth, Router, Targets,
};
use vocabulary::Timestamp;

const AGENTS: usize = 10_000;
const QUEUES: usize = 200;
const SKILLS: usize = 60;
const SKILLS_PER_AGENT: usize = 12;
const SAMPLES: usize = 20_000;
/// Largest number of entries for which the baseline is run.
const NAIVE_MAX: usize = 100_000;

/// Start, increment and interval in seconds of the growth classes.
const GROWTHS: [(i64, i64, u64); 7] =
    [(0, 1, 60), (0, 5, 60), (10, 1, 30), (10, 10, 300), (50, 2, 45), (100, 10, 60), (100, -1, 120)];

struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(bound).unwrap()).unwrap()
    }

    fn number(&mut self, bound: usize) -> i64 {
        i64::try_from(self.below(bound)).unwrap()
    }
}

fn profiles(chance: &mut Chance) -> Vec<AgentProfile> {
    (0..AGENTS)
        .map(|number| {
            let mut skills = BTreeMap::new();
            while skills.len() < SKILLS_PER_AGENT {
                skills.insert(format!("S{}", chance.below(SKILLS)), 1 + chance.number(5));
            }
            AgentProfile {
                id: format!("agent-{number:05}").as_str().into(),
                name: format!("Agent {number}"),
                dn: format!("{}", 10_000 + number),
                switch: "SIP_Switch".to_owned(),
                place: format!("place-{number}"),
                groups: vec![format!("Group{}", number % 50)],
                skills,
            }
        })
        .collect()
}

/// Half of the queues ask for one skill, half for two.
fn targets(chance: &mut Chance) -> Vec<String> {
    (0..QUEUES)
        .map(|queue| {
            let (first, second) = (chance.below(SKILLS), chance.below(SKILLS));
            match queue % 2 {
                0 => format!("?:S{first}>=2@.GA"),
                _ => format!("?:S{first}>=1&S{second}>=2@.GA"),
            }
        })
        .collect()
}

fn entry(number: usize, targets: &[String], chance: &mut Chance, now: Timestamp) -> Entry {
    let queue = chance.below(QUEUES);
    let grows = chance.below(4) > 0;
    let (start, increment, interval) = GROWTHS[chance.below(GROWTHS.len())];
    Entry {
        id: format!("5Q7R2M0A8T4V1C9E3K6X7B2N5D8F1G4H:{number}:0"),
        queue: format!("VQ_{queue:03}").as_str().into(),
        target: targets[queue].clone(),
        priority: if grows { start } else { chance.number(20) * 10 },
        growth: grows.then(|| PriorityGrowth { increment, interval: Duration::from_secs(interval) }),
        waiting_since: now - Duration::from_millis(u64::try_from(chance.number(600_000)).unwrap()),
        entered: now,
        is_taken_anew: false,
        deadline: Some(now + Duration::from_secs(14_400)),
        routable: true,
        notify: false,
        excluded: Vec::new(),
        reservation: Duration::from_secs(30),
        pegs: Vec::new(),
        max_route_attempts: 5,
        dial: routing::DialRule::default(),
        choice: AgentChoice::Any,
    }
}

/// Times, in nanoseconds.
#[derive(Default)]
struct Times(Vec<u128>);

impl Times {
    fn take<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let begin = Instant::now();
        let result = work();
        self.0.push(begin.elapsed().as_nanos());
        result
    }

    fn quantile(&mut self, share: f64) -> f64 {
        self.0.sort_unstable();
        let index = ((self.0.len() as f64) * share) as usize;
        self.0.get(index.min(self.0.len().saturating_sub(1))).map_or(f64::NAN, |ns| *ns as f64 / 1000.0)
    }
}

/// Bytes of memory in use, where the system tells.
fn memory() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: f64 = text.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * 4096.0)
}

#[derive(Default)]
struct Figures {
    enter: Times,
    select: Times,
    position: Times,
    lines_per_agent: f64,
    memory_per_entry: Option<f64>,
}

fn measure(waiting: usize) -> Figures {
    let mut chance = Chance(7);
    let mut figures = Figures::default();
    let mut router = Router::new(Options { max_entries_per_queue: 1_000_000, ..Options::default() });
    let profiles = profiles(&mut chance);
    let targets = targets(&mut chance);
    let mut now = Timestamp::from_epoch_seconds(1_900_000_000);
    let ids: Vec<_> = profiles.iter().map(|profile| profile.id.clone()).collect();
    let parsed: Vec<_> = targets.iter().map(|target| Targets::parse(target).unwrap()).collect();
    let matches: usize = profiles
        .iter()
        .map(|profile| parsed.iter().filter(|targets| targets.matching(profile, true).is_some()).count())
        .sum();
    figures.lines_per_agent = matches as f64 / AGENTS as f64;
    router.step(Command::ConfigureAgents(profiles), now);
    for agent in &ids {
        router.step(Command::SetAgentStatus { agent: agent.clone(), status: AgentStatus::Busy }, now);
    }
    let before = memory();
    for number in 0..waiting {
        now = now + Duration::from_millis(u64::from(number % 4 == 0));
        router.step(Command::Submit(entry(number, &targets, &mut chance, now)), now);
    }
    figures.memory_per_entry = before
        .zip(memory())
        .map(|(before, after)| (after - before) / waiting as f64)
        .filter(|_| waiting >= 10_000);
    for sample in 0..SAMPLES {
        now = now + Duration::from_millis(3);
        let agent = ids[chance.below(AGENTS)].clone();
        let command = Command::SetAgentStatus { agent: agent.clone(), status: AgentStatus::Ready };
        let outcomes = figures.select.take(|| router.step(command, now));
        let is_chosen = outcomes.iter().any(|outcome| matches!(outcome, Outcome::TargetSelected { .. }));
        if !is_chosen {
            figures.select.0.pop();
        }
        router.step(Command::SetAgentStatus { agent, status: AgentStatus::Busy }, now);
        let next = entry(waiting + sample, &targets, &mut chance, now);
        let id = next.id.clone();
        if is_chosen {
            let command = Command::Submit(next);
            figures.enter.take(|| router.step(command, now));
            figures.position.take(|| router.position(&id, now));
        }
    }
    figures
}

/// The baseline: a list, looked through for each agent. Returns median microseconds to select and to find a position.
fn measure_naive(waiting: usize) -> (f64, f64) {
    let mut chance = Chance(7);
    let profiles = profiles(&mut chance);
    let targets = targets(&mut chance);
    let mut now = Timestamp::from_epoch_seconds(1_900_000_000);
    let mut list: Vec<(Entry, Targets)> = (0..waiting)
        .map(|number| {
            let entry = entry(number, &targets, &mut chance, now);
            let targets = Targets::parse(&entry.target).unwrap();
            (entry, targets)
        })
        .collect();
    let priority = |entry: &Entry, now: Timestamp| {
        entry.growth.map_or(entry.priority, |growth| {
            let steps = now.since(entry.waiting_since).as_millis() / growth.interval.as_millis();
            entry.priority + growth.increment * i64::try_from(steps).unwrap()
        })
    };
    let key = |entry: &Entry, now: Timestamp| {
        (Reverse(priority(entry, now)), entry.waiting_since, entry.entered, entry.id.clone())
    };
    let (mut select, mut position) = (Times::default(), Times::default());
    for sample in 0..(2_000_000 / waiting).clamp(20, 1_000) {
        now = now + Duration::from_millis(3);
        let profile = &profiles[chance.below(AGENTS)];
        let best = select.take(|| {
            let fitting = list.iter().enumerate().filter(|(_, (_, t))| t.matching(profile, true).is_some());
            fitting.min_by_key(|(_, (entry, _))| key(entry, now)).map(|(index, _)| index)
        });
        if let Some(best) = best {
            list.swap_remove(best);
            let next = entry(waiting + sample, &targets, &mut chance, now);
            let targets = Targets::parse(&next.target).unwrap();
            let own = key(&next, now);
            list.push((next.clone(), targets));
            position.take(|| {
                list.iter().filter(|(other, _)| other.queue == next.queue && key(other, now) < own).count()
            });
        }
    }
    (select.quantile(0.5), position.quantile(0.5))
}

fn main() {
    let largest: usize =
        std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(1_000_000);
    println!("{AGENTS} agents, {QUEUES} queues, {} growth classes; times in microseconds\n", GROWTHS.len());
    println!(
        "|   waiting | enter p50 | enter p99 | ready→chosen p50 | ready→chosen p99 | position p50 | position p99 | \
         bytes/entry | naive ready→chosen p50 | ratio | naive position p50 | ratio |"
    );
    println!("| --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |");
    let mut lines_per_agent = 0.0;
    for waiting in [1_000, 10_000, 100_000, 1_000_000].into_iter().filter(|waiting| *waiting <= largest) {
        let mut figures = measure(waiting);
        lines_per_agent = figures.lines_per_agent;
        let select = figures.select.quantile(0.5);
        let position = figures.position.quantile(0.5);
        print!(
            "| {waiting:>9} | {:.2} | {:.2} | {select:.2} | {:.2} | {position:.2} | {:.2} | {} |",
            figures.enter.quantile(0.5),
            figures.enter.quantile(0.99),
            figures.select.quantile(0.99),
            figures.position.quantile(0.99),
            figures.memory_per_entry.map_or("–".to_owned(), |bytes| format!("{bytes:.0}")),
        );
        if waiting <= NAIVE_MAX {
            let (naive_select, naive_position) = measure_naive(waiting);
            println!(
                " {naive_select:.0} | {:.0} | {naive_position:.0} | {:.0} |",
                naive_select / select,
                naive_position / position
            );
        } else {
            println!(" – | – | – | – |");
        }
    }
    println!("\nAn agent stands in {lines_per_agent:.1} of {QUEUES} lines.");
}
