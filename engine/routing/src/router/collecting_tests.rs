//! Requests to reserve an agent, gathered for a while.

use std::collections::BTreeMap;
use std::time::Duration;

use vocabulary::Timestamp;

use super::tests::{at, entry, ready, release, router, status, words};
use super::{LowerRequests, Options, Router};
use crate::chance::Chance;
use crate::{AgentStatus, Command, Outcome};

const SEEDS: u64 = 200;
const STEPS: usize = 200;
const AGENTS: [&str; 2] = ["a", "b"];

fn ask(holder: &str, priority: i64) -> Command {
    ask_for("a", holder, priority, 10)
}

fn ask_for(agent: &str, holder: &str, priority: i64, seconds: u64) -> Command {
    let duration = Duration::from_secs(seconds);
    Command::ReserveAgent { agent: agent.into(), holder: holder.to_owned(), priority, duration }
}

fn later(millis: u64) -> Timestamp {
    at(1) + Duration::from_millis(millis)
}

/// A router whose agent a is ready since second 1, with what it says after so many milliseconds.
fn asked(lower_requests: LowerRequests, commands: &[(u64, Command)]) -> (Router, Vec<String>) {
    let mut router = router();
    router.options = Options { lower_requests, ..Options::default() };
    router.step(ready("a"), at(1));
    let mut said = Vec::new();
    for (millis, command) in commands {
        said.extend(words(&router.step(command.clone(), later(*millis))));
    }
    (router, said)
}

#[test]
fn the_highest_priority_wins_when_the_time_from_the_first_request_is_over() {
    //= decision: collection time 100 ms from the first request, a higher one does not begin it again
    let (mut router, said) =
        asked(LowerRequests::Collect, &[(0, ask("low", 1)), (60, ask("high", 5)), (99, ask("late", 5))]);
    assert_eq!(said, Vec::<String>::new());
    assert_eq!(router.next_due(), Some(later(100)));
    let outcomes = router.step(Command::Tick, later(100));
    assert_eq!(words(&outcomes), ["a kept for high", "a not kept for low", "a not kept for late"]);
    let until = outcomes.iter().find_map(|outcome| match outcome {
        Outcome::AgentReserved { until, .. } => Some(*until),
        _ => None,
    });
    assert_eq!(until, Some(later(10_100)), "the time begins with the answer");
    assert_eq!(words(&router.step(ask("other", 9), later(200))), ["a not kept for other"]);
    assert_eq!(words(&router.step(ask("high", 0), later(300))), ["a kept for high"]);
}

#[test]
fn the_agent_is_given_to_nobody_while_requests_are_gathered() {
    let (mut router, said) = asked(
        LowerRequests::Collect,
        &[(0, ask("h", 0)), (10, Command::Submit(crate::Entry { priority: 99, ..entry("x", "a@.A") }))],
    );
    assert_eq!(said, ["queued x"]);
    assert!(router.agent(&"a".into()).unwrap().is_asked_for);
    assert_eq!(words(&router.step(Command::Tick, later(100))), ["a kept for h"]);
    assert_eq!(words(&router.step(release("a", Some("h")), later(200))), ["x gets a"]);
}

#[test]
fn who_withdraws_leaves_the_agent_to_the_next_or_to_those_who_wait() {
    let asks = [(0, ask("high", 5)), (1, ask("low", 1)), (2, Command::Submit(entry("x", "a@.A")))];
    let (mut router, _) = asked(LowerRequests::Collect, &asks);
    router.step(release("a", Some("high")), later(50));
    assert_eq!(words(&router.step(Command::Tick, later(100))), ["a kept for low"]);
    let (mut router, _) = asked(LowerRequests::Collect, &asks);
    router.step(release("a", Some("high")), later(50));
    assert_eq!(words(&router.step(ask_for("a", "low", 1, 0), later(60))), ["x gets a"]);
}

#[test]
fn lower_requests_are_refused_at_once_where_that_is_set() {
    let asks = [(0, ask("first", 3)), (1, ask("same", 3)), (2, ask("lower", 1)), (3, ask("higher", 4))];
    let (mut router, said) = asked(LowerRequests::Reject, &asks);
    assert_eq!(said, ["a not kept for same", "a not kept for lower", "a not kept for first"]);
    assert_eq!(words(&router.step(Command::Tick, later(100))), ["a kept for higher"]);
}

#[test]
fn an_agent_who_is_not_ready_any_more_is_refused_to_all() {
    let (mut router, _) = asked(LowerRequests::Collect, &[(0, ask("h", 0)), (1, ask("i", 1))]);
    let outcomes = router.step(status("a", AgentStatus::Busy), later(50));
    assert_eq!(words(&outcomes), ["a not kept for h", "a not kept for i"]);
    assert!(matches!(&outcomes[0], Outcome::ReservationRefused { reason, .. }
        if reason.to_string() == "agent `a` is on a call"));
    assert_eq!(router.next_due(), None);
}

#[test]
fn a_refresh_changes_what_was_asked_for_and_too_many_requests_are_refused() {
    let refresh = Command::RefreshReservation {
        agent: "a".into(),
        holder: "h".to_owned(),
        duration: Duration::from_secs(60),
    };
    let (mut router, _) = asked(LowerRequests::Collect, &[(0, ask("h", 0)), (1, refresh)]);
    router.options.max_collected_requests = 1;
    assert_eq!(words(&router.step(ask("i", 9), later(50))), ["a not kept for i"]);
    router.step(Command::Tick, later(100));
    assert_eq!(router.next_due(), Some(later(60_100)));
}

/// Begin, and holders with their priorities.
type Gathered = (Timestamp, Vec<(String, i64)>);

/// What was asked, as a list that is looked through: for each agent the begin, and holders with priorities.
#[derive(Default)]
struct Model {
    gathered: BTreeMap<&'static str, Gathered>,
    held: BTreeMap<&'static str, String>,
    grants: usize,
}

impl Model {
    /// What is to be said about requests when a command is carried out, in order.
    fn expect(&mut self, router: &Router, command: &Command, now: Timestamp, rejects: bool) -> Vec<String> {
        let agent_of = |agent: &vocabulary::AgentId| AGENTS.into_iter().find(|name| agent.as_str() == *name);
        match command {
            Command::Tick => self.time_passes(now),
            Command::ReserveAgent { agent, holder, priority, duration } => {
                let agent = agent_of(agent).unwrap();
                if self.held.get(agent) == Some(holder) {
                    if duration.is_zero() {
                        self.held.remove(agent);
                        return Vec::new();
                    }
                    let wants_more =
                        !matches!(router.agent(&agent.into()).unwrap().status, AgentStatus::NotReady { .. });
                    let no = if wants_more { "" } else { "not " };
                    return vec![format!("{agent} {no}kept for {holder}")];
                }
                let is_ready = router.agent(&agent.into()).unwrap().status == AgentStatus::Ready;
                if self.held.contains_key(agent) || !is_ready {
                    return vec![format!("{agent} not kept for {holder}")];
                }
                if duration.is_zero() {
                    self.withdraw(agent, holder);
                    return Vec::new();
                }
                let (_, asked) = self.gathered.entry(agent).or_insert((now, Vec::new()));
                if let Some(own) = asked.iter_mut().find(|own| own.0 == *holder) {
                    own.1 = *priority;
                    return Vec::new();
                }
                if rejects && asked.iter().any(|other| other.1 >= *priority) {
                    return vec![format!("{agent} not kept for {holder}")];
                }
                let replaced = if rejects { std::mem::take(asked) } else { Vec::new() };
                asked.push((holder.clone(), *priority));
                replaced.iter().map(|(holder, _)| format!("{agent} not kept for {holder}")).collect()
            }
            Command::ReleaseAgent { agent, holder: Some(holder), .. } => {
                let agent = agent_of(agent).unwrap();
                self.withdraw(agent, holder);
                self.held.retain(|name, held| *name != agent || held != holder);
                Vec::new()
            }
            Command::SetAgentStatus { agent, status } => {
                let agent = agent_of(agent).unwrap();
                if matches!(status, AgentStatus::Ringing | AgentStatus::Busy) {
                    self.held.remove(agent);
                }
                let ends = *status != AgentStatus::Ready;
                let asked = ends.then(|| self.gathered.remove(agent)).flatten().map(|(_, asked)| asked);
                asked.unwrap_or_default().iter().map(|(h, _)| format!("{agent} not kept for {h}")).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    fn withdraw(&mut self, agent: &'static str, holder: &str) {
        if let Some((_, asked)) = self.gathered.get_mut(agent) {
            asked.retain(|own| own.0 != holder);
        }
        self.gathered.retain(|_, (_, asked)| !asked.is_empty());
    }

    fn time_passes(&mut self, now: Timestamp) -> Vec<String> {
        let mut said = Vec::new();
        let over = |begin: Timestamp| begin + Duration::from_millis(100) <= now;
        let mut ended: Vec<_> = self
            .gathered
            .iter()
            .filter(|(_, (begin, _))| over(*begin))
            .map(|(agent, all)| (all.0, *agent))
            .collect();
        ended.sort_unstable();
        for (_, agent) in ended {
            let (_, asked) = self.gathered.remove(agent).unwrap();
            let highest = asked.iter().map(|own| own.1).max().unwrap();
            let winner = asked.iter().find(|own| own.1 == highest).unwrap().0.clone();
            said.push(format!("{agent} kept for {winner}"));
            let losers = asked.iter().filter(|own| own.0 != winner);
            said.extend(losers.map(|(holder, _)| format!("{agent} not kept for {holder}")));
            self.held.insert(agent, winner);
            self.grants += 1;
        }
        said
    }
}

fn next_command(chance: &mut Chance) -> Command {
    let agent = AGENTS[chance.below(AGENTS.len())];
    let holder = format!("h{}", chance.below(6));
    match chance.below(12) {
        0..=6 => {
            let seconds = if chance.below(6) == 0 { 0 } else { 1_000_000 };
            ask_for(agent, &holder, i64::try_from(chance.below(4)).unwrap(), seconds)
        }
        7 | 8 => release(agent, Some(&holder)),
        9 => status(
            agent,
            [AgentStatus::Busy, AgentStatus::NotReady { reason: None }][chance.below(2)].clone(),
        ),
        _ => ready(agent),
    }
}

/// Commands arrive late, twice or never; each is answered as a list that is looked through says.
#[test]
fn requests_are_answered_as_the_rules_say_in_whatever_order_they_come() {
    for seed in 0..SEEDS {
        let mut chance = Chance::new(seed);
        let rejects = seed % 2 == 1;
        let lower_requests = if rejects { LowerRequests::Reject } else { LowerRequests::Collect };
        let mut router = router();
        router.options = Options { lower_requests, ..Options::default() };
        let mut model = Model::default();
        let mut under_way: BTreeMap<(Timestamp, usize), Command> = BTreeMap::new();
        let mut sent = at(1);
        for number in 0..STEPS {
            sent = sent + Duration::from_millis(chance.below(70).try_into().unwrap());
            let command = next_command(&mut chance);
            let copies = [0, 1, 1, 1, 1, 2][chance.below(6)];
            for copy in 0..copies {
                let delay = if chance.below(4) == 0 { chance.below(250) } else { 0 };
                let arrives = sent + Duration::from_millis(delay.try_into().unwrap());
                under_way.insert((arrives, number * 2 + copy), command.clone());
            }
        }
        for ((now, number), command) in under_way {
            // Now and then the tick at the end of the collection comes late, just before the next command.
            for command in [Command::Tick, command] {
                let context = format!("seed {seed}, command {number}: {command:?}");
                let expected = model.expect(&router, &command, now, rejects);
                assert_eq!(words(&router.step(command, now)), expected, "{context}");
                for agent in AGENTS {
                    let view = router.agent(&agent.into()).unwrap();
                    assert_eq!(view.reserved_for.as_ref(), model.held.get(agent), "{context}");
                    assert_eq!(view.is_asked_for, model.gathered.contains_key(agent), "{context}");
                }
                super::random_tests::check_bookkeeping(&router, &context);
            }
        }
        assert!(model.grants > 3, "seed {seed}: {} grants", model.grants);
    }
}
