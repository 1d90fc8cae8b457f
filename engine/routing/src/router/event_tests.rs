//! Agents' events that come late, twice, out of order or not at all: an agent is never given two calls.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use vocabulary::Timestamp;

use super::tests::{entry, profile};
use super::{Options, Router};
use crate::agents::AfterCallWork;
use crate::chance::Chance;
use crate::{AgentStatus, Command, Entry, Outcome, PriorityGrowth};

const SEEDS: u64 = 60;
const STEPS: usize = 600;
const AGENTS: usize = 12;
/// Longest time that an event is under way. Shorter than the block after a selection, which is there for it.
const DELAY_MS_MAX: usize = 1_000;

/// The telephones, as they are: the truth that the router only hears of.
#[derive(Default)]
struct Floor {
    /// Call of each agent, and until when it rings or is talked.
    calls: BTreeMap<String, (String, AgentStatus, Timestamp)>,
    /// Events under way to the router.
    events: BTreeMap<(Timestamp, usize), Command>,
    sent: usize,
    /// Holder of each agent, as the router has said.
    reserved: BTreeMap<String, String>,
    /// Entries that were given an agent.
    served: BTreeSet<String>,
}

impl Floor {
    /// Sends an event on its way: usually once and soon, now and then twice or late, never faster than time.
    fn tell(&mut self, chance: &mut Chance, command: &Command, now: Timestamp) {
        let copies = if chance.below(8) == 0 { 2 } else { 1 };
        for _ in 0..copies {
            let delay = if chance.below(3) == 0 { chance.below(DELAY_MS_MAX) } else { 0 };
            self.sent += 1;
            let arrives = now + Duration::from_millis(delay.try_into().unwrap());
            self.events.insert((arrives, self.sent), command.clone());
        }
    }
}

fn agent_name(number: usize) -> String {
    format!("agent{number:02}")
}

fn router() -> Router {
    let after_call_work =
        AfterCallWork { standard: None, by_group: [("G1".to_owned(), Duration::from_secs(4))].into() };
    let mut router = Router::new(Options { after_call_work, ..Options::default() });
    let agents = (0..AGENTS)
        .map(|n| {
            profile(&agent_name(n), &[&format!("G{}", n % 3), "All"], &[("S", (n % 5).try_into().unwrap())])
        })
        .collect();
    router.step(Command::ConfigureAgents(agents), Timestamp::EPOCH);
    router
}

fn new_entry(chance: &mut Chance, number: usize, now: Timestamp) -> Entry {
    const TARGETS: [&str; 6] = [
        "G0@.GA",
        "All@.GA",
        "?:S>=2@.GA",
        "agent03@.A,G1@.GA",
        "{StatAgentsAvailable>1}G2@.GA",
        r#"[{"target":"G0@.GA","timeout":5},{"target":"G1@.GA","timeout":5,"clear":true},{"target":"All@.GA"}]"#,
    ];
    Entry {
        waiting_since: now,
        entered: now,
        growth: (chance.below(2) == 0).then(|| PriorityGrowth {
            increment: i64::try_from(chance.below(4)).unwrap() - 1,
            interval: Duration::from_secs(7),
        }),
        reservation: Duration::from_secs(chance.below(20).try_into().unwrap()),
        ..entry(&format!("x{number}"), TARGETS[chance.below(TARGETS.len())])
    }
}

#[test]
fn an_agent_is_never_given_two_calls_however_events_arrive() {
    for seed in 0..SEEDS {
        run(seed);
    }
}

fn run(seed: u64) {
    let mut chance = Chance::new(seed);
    let (mut router, mut floor) = (router(), Floor::default());
    let mut now = Timestamp::from_epoch_seconds(1_000);
    for step in 0..STEPS {
        now = now + Duration::from_millis(chance.below(900).try_into().unwrap());
        let mut commands = Vec::new();
        while let Some(first) = floor.events.first_entry().filter(|first| first.key().0 <= now) {
            commands.push(first.remove());
        }
        commands.push(next_command(&mut chance, &mut floor, step, now));
        commands.extend(end_calls(&mut chance, &mut floor, now));
        for command in commands {
            let context = format!("seed {seed}, step {step}, {command:?}");
            let outcomes = router.step(command, now);
            take(&outcomes, &mut chance, &mut floor, now, &context);
        }
        super::random_tests::check_bookkeeping(&router, &format!("seed {seed}, step {step}"));
    }
    assert!(floor.served.len() > 30, "seed {seed}: only {} calls", floor.served.len());
}

/// What people do next.
fn next_command(chance: &mut Chance, floor: &mut Floor, step: usize, now: Timestamp) -> Command {
    let agent = agent_name(chance.below(AGENTS));
    let id = format!("x{}", chance.below(step + 1));
    let is_free = !floor.calls.contains_key(&agent);
    match chance.below(14) {
        0..=4 => Command::Submit(new_entry(chance, step, now)),
        5 => Command::Cancel { id },
        // Whoever routes a call does not let go of its agent.
        6 if is_free => Command::ReleaseAgent {
            agent: agent.as_str().into(),
            holder: Some(id),
            delay: Duration::from_millis(chance.below(2_000).try_into().unwrap()),
        },
        7 if is_free => Command::AgentVanished { agent: agent.as_str().into() },
        8 => Command::ReserveAgent {
            agent: agent.as_str().into(),
            holder: format!("h{}", chance.below(5)),
            priority: i64::try_from(chance.below(3)).unwrap(),
            duration: Duration::from_secs(chance.below(5).try_into().unwrap()),
        },
        9 => Command::RouteDone { id },
        10..=12 if is_free => Command::ObserveAgent {
            agent: agent.as_str().into(),
            status: match chance.below(6) {
                0 => AgentStatus::NotReady { reason: None },
                _ => AgentStatus::Ready,
            },
            at: now,
            call: None,
        },
        _ => Command::Tick,
    }
}

/// Ringing turns into talking or stops, talking ends; the events may arrive in any way.
fn end_calls(chance: &mut Chance, floor: &mut Floor, now: Timestamp) -> Vec<Command> {
    let due: Vec<String> =
        floor.calls.iter().filter(|(_, call)| call.2 <= now).map(|(agent, _)| agent.clone()).collect();
    let mut commands = Vec::new();
    for agent in due {
        let Some((id, status, _)) = floor.calls.remove(&agent) else {
            continue;
        };
        let observed = |status: AgentStatus| Command::ObserveAgent {
            agent: agent.as_str().into(),
            status,
            at: now,
            call: None,
        };
        if status == AgentStatus::Ringing && chance.below(4) > 0 {
            let until = now + Duration::from_secs(3 + u64::try_from(chance.below(20)).unwrap());
            floor.tell(chance, &observed(AgentStatus::Busy), now);
            floor.calls.insert(agent, (id, AgentStatus::Busy, until));
        } else {
            if status == AgentStatus::Ringing {
                commands.push(Command::RouteFailed { id, agent: agent.as_str().into() });
            }
            floor.tell(chance, &observed(AgentStatus::Ready), now);
        }
    }
    commands
}

fn take(outcomes: &[Outcome], chance: &mut Chance, floor: &mut Floor, now: Timestamp, context: &str) {
    for outcome in outcomes {
        match outcome {
            Outcome::TargetSelected { id, selection } => {
                let agent = selection.agent.id.to_string();
                let other = floor.reserved.insert(agent.clone(), id.clone());
                assert_eq!(other, None, "{context}: {agent} was reserved already");
                let call = floor.calls.get(&agent);
                assert!(call.is_none(), "{context}: {agent} has {call:?} and was given {id}");
                // The chart routes the call; the phone rings at once.
                let until = now + Duration::from_millis(1_600 + u64::try_from(chance.below(5_000)).unwrap());
                floor.calls.insert(agent.clone(), (id.clone(), AgentStatus::Ringing, until));
                let ringing = Command::ObserveAgent {
                    agent: agent.as_str().into(),
                    status: AgentStatus::Ringing,
                    at: now,
                    call: None,
                };
                floor.tell(chance, &ringing, now);
                floor.served.insert(id.clone());
            }
            Outcome::AgentReserved { agent, holder, .. } => {
                let other = floor.reserved.insert(agent.to_string(), holder.clone());
                assert!(
                    other.is_none_or(|other| other == *holder),
                    "{context}: {agent} was reserved already"
                );
            }
            Outcome::AgentChanged { agent, reserved: false, .. } => {
                floor.reserved.remove(agent.as_str());
            }
            _ => {}
        }
    }
}

/// Nobody starves: of equal priority, who came first is served first, whatever happens around.
#[test]
fn no_entry_is_served_behind_a_later_one_of_equal_priority() {
    for seed in 0..6 {
        let mut chance = Chance::new(seed);
        let mut router = router();
        let mut now = Timestamp::from_epoch_seconds(1_000);
        let mut waiting: BTreeMap<&str, BTreeSet<(Timestamp, String)>> = BTreeMap::new();
        let mut served = 0;
        for step in 0..6_000 {
            now = now + Duration::from_millis(1 + u64::try_from(chance.below(300)).unwrap());
            // A little more comes than can be served: queues grow.
            if chance.below(10) < 6 {
                let (queue, target) =
                    [("Q", "G0@.GA"), ("R", "All@.GA"), ("S", "?:S>=2@.GA")][chance.below(3)];
                let submitted = Entry {
                    queue: queue.into(),
                    waiting_since: now,
                    entered: now,
                    growth: Some(PriorityGrowth { increment: 1, interval: Duration::from_secs(10) }),
                    ..entry(&format!("x{step:05}"), target)
                };
                waiting.entry(queue).or_default().insert((now, submitted.id.clone()));
                served += count_served(&router.step(Command::Submit(submitted), now), &mut waiting, seed);
            } else {
                let agent = agent_name(chance.below(AGENTS)).as_str().into();
                let status = [AgentStatus::Ready, AgentStatus::Busy][chance.below(2)].clone();
                let outcomes = router.step(Command::SetAgentStatus { agent, status }, now);
                served += count_served(&outcomes, &mut waiting, seed);
            }
        }
        assert!(served > 500, "seed {seed}: {served} served");
        let longest = waiting.values().map(BTreeSet::len).max();
        assert!(longest > Some(50), "seed {seed}: nobody had to wait");
    }
}

fn count_served(
    outcomes: &[Outcome],
    waiting: &mut BTreeMap<&str, BTreeSet<(Timestamp, String)>>,
    seed: u64,
) -> usize {
    let mut served = 0;
    for outcome in outcomes {
        if let Outcome::TargetSelected { id, selection } = outcome {
            let queue = waiting.get_mut(selection.queue.as_str()).unwrap();
            let first = queue.pop_first().unwrap().1;
            assert_eq!(first, *id, "seed {seed}: {id} was served before {first}");
            served += 1;
        }
    }
    served
}
