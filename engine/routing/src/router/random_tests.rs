//! Random sequences of commands against a model that keeps only what was said.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use vocabulary::{AgentId, Timestamp};

use super::tests::{entry, profile, release};
use super::{Options, Router};
use crate::chance::Chance;
use crate::{AgentStatus, CampaignGroup, Command, Desk, Entry, EntryChange, Groups, Outcome, PriorityGrowth};

const SEEDS: u64 = 100;
const STEPS: u32 = 250;
const AGENTS: [&str; 5] = ["a", "b", "c", "d", "e"];
const TARGETS: [&str; 10] = [
    "a@.A",
    "Billing@.GA",
    "Sales@.GA",
    "?:Spanish>=3@.GA",
    "b@.A,Sales@.GA",
    "?:Spanish<3|Loans=1@.GA",
    "Window@.GP",
    "Spring@.GC,a@.A",
    "?:Spanish>0&$(StatTimeInReadyState)>7@.GA",
    "?:$(StatAgentOccupancy)<0.4|$(StatCallsAnswered)>3@.GA,c@.A",
];
/// Places, of which the first two are those of a group.
const PLACES: [&str; 4] = ["place-a", "w2", "place-b", "door"];

impl Chance {
    fn number(&mut self, bound: usize) -> i64 {
        i64::try_from(self.below(bound)).unwrap()
    }

    fn yes(&mut self) -> bool {
        self.below(2) == 0
    }

    fn agent(&mut self) -> AgentId {
        AGENTS[self.below(AGENTS.len())].into()
    }

    fn command(&mut self, now: Timestamp) -> Command {
        let id = format!("x{}", self.below(30));
        match self.below(10) {
            0..=2 => Command::Submit(self.entry(id, now)),
            3 => Command::Update {
                id,
                change: EntryChange {
                    routable: self.yes().then(|| self.yes()),
                    notify: self.yes().then(|| self.yes()),
                    target: (self.below(4) == 0).then(|| TARGETS[self.below(TARGETS.len())].to_owned()),
                    priority: (self.below(4) == 0).then(|| self.number(5)),
                    deadline: (self.below(8) == 0)
                        .then(|| now + Duration::from_secs(self.below(50).try_into().unwrap())),
                    exclude: (self.below(4) == 0).then(|| self.agent()).into_iter().collect(),
                },
            },
            4 => Command::Cancel { id },
            5 => release(self.agent().as_str(), None),
            6 if self.below(2) == 0 => Command::ReserveAgent {
                agent: self.agent(),
                holder: format!("h{}", self.below(4)),
                priority: self.number(3),
                duration: Duration::from_secs(self.below(20).try_into().unwrap()),
            },
            6 => Command::Tick,
            7 if self.below(3) == 0 => {
                let place = PLACES[self.below(PLACES.len())].to_owned();
                let desk = Desk { dn: place.clone(), switch: "SIP_Switch".to_owned(), place };
                Command::LogIn { agent: self.agent(), desk: Some(desk) }
            }
            _ => Command::SetAgentStatus {
                agent: self.agent(),
                status: match self.below(6) {
                    0 => AgentStatus::LoggedOut,
                    1 => AgentStatus::NotReady { reason: None },
                    2 => AgentStatus::Ringing,
                    3 => AgentStatus::Busy,
                    _ => AgentStatus::Ready,
                },
            },
        }
    }

    fn entry(&mut self, id: String, now: Timestamp) -> Entry {
        Entry {
            id,
            queue: ["Q", "R"][self.below(2)].into(),
            priority: self.number(4),
            growth: self.yes().then(|| PriorityGrowth {
                increment: self.number(3),
                interval: Duration::from_secs(1 + u64::try_from(self.below(20)).unwrap()),
            }),
            waiting_since: now - Duration::from_secs(self.below(30).try_into().unwrap()),
            entered: now,
            deadline: self.yes().then(|| now + Duration::from_secs(self.below(100).try_into().unwrap())),
            routable: self.yes(),
            notify: self.yes(),
            excluded: (self.below(4) == 0).then(|| self.agent()).into_iter().collect(),
            reservation: Duration::from_secs(self.below(40).try_into().unwrap()),
            ..entry("", TARGETS[self.below(TARGETS.len())])
        }
    }
}

fn router() -> Router {
    let mut router = Router::new(Options::default());
    let agents = vec![
        profile("a", &["Billing"], &[("Spanish", 5)]),
        profile("b", &["Billing"], &[("Spanish", 1)]),
        profile("c", &["Sales"], &[("Loans", 1)]),
        profile("d", &["Billing", "Sales"], &[]),
        profile("e", &["Sales"], &[("Spanish", 3)]),
    ];
    router.step(Command::ConfigureGroups(groups()), Timestamp::EPOCH);
    router.step(Command::ConfigureAgents(agents), Timestamp::EPOCH);
    router
}

fn groups() -> Groups {
    let window = PLACES.iter().take(2).map(|place| (*place).to_owned()).collect();
    let spring = CampaignGroup { agents: ["b".into()].into(), groups: ["Sales".to_owned()].into() };
    Groups {
        places: [("Window".to_owned(), window)].into(),
        campaigns: [("Spring".to_owned(), spring)].into(),
    }
}

/// Whether a target, as written, holds for an agent now: worked out from what the router shows, not as the router does.
fn fits(router: &Router, targets: &crate::Targets, view: &crate::AgentView, now: Timestamp) -> bool {
    let groups = groups();
    targets.iter().any(|target| match target.kind() {
        crate::TargetKind::PlaceGroup => groups.places[target.name()].contains(&view.profile.place),
        crate::TargetKind::CampaignGroup => {
            let group = &groups.campaigns[target.name()];
            group.agents.contains(&view.profile.id)
                || view.profile.groups.iter().any(|name| group.groups.contains(name))
        }
        _ => target.skills().map_or_else(
            || target.matches(&view.profile, true),
            |skills| {
                let value = |statistic| router.statistic_of_agent(statistic, &view.profile.id, now);
                skills.holds(&view.profile, true, value)
            },
        ),
    })
}

/// Whether an agent may be kept from an entry for customers who are being dialled and come before it.
fn may_be_kept(router: &Router, entry: &Entry, view: &crate::AgentView, now: Timestamp) -> bool {
    let place = |entry: &Entry| {
        let priority = router.position(&entry.id, now).unwrap().priority;
        (std::cmp::Reverse(priority), entry.waiting_since, entry.entered, entry.id.clone())
    };
    let is_late = now.since(entry.entered) >= router.options.dial_ahead.keep_max;
    let dialled = router.entries.iter().map(|(_, waiting)| waiting).filter(|waiting| waiting.is_dialing());
    let mut before = dialled.map(super::Waiting::to_entry).filter(|other| place(other) < place(entry));
    !is_late && before.any(|other| fits(router, &crate::Targets::parse(&other.target).unwrap(), view, now))
}

/// What must be true, learned from the outcomes alone.
#[derive(Default)]
struct Model {
    waiting: BTreeSet<String>,
    /// Agents that were excluded from each entry since it was submitted.
    excluded: BTreeMap<String, Vec<AgentId>>,
    /// Agents who were said to be chosen, until they are said to be no longer reserved.
    reserved: BTreeSet<AgentId>,
    statuses: BTreeMap<AgentId, AgentStatus>,
    /// When an entry was last seen to be kept from an agent.
    kept: BTreeMap<(String, AgentId), Timestamp>,
}

impl Model {
    /// Whether an agent may be kept from an entry, who is looked at every two seconds as long as that is so.
    fn is_kept(&mut self, router: &Router, entry: &Entry, view: &crate::AgentView, now: Timestamp) -> bool {
        let pair = (entry.id.clone(), view.profile.id.clone());
        if may_be_kept(router, entry, view, now) {
            self.kept.insert(pair, now);
            return true;
        }
        self.kept.get(&pair).is_some_and(|at| now.since(*at) < Duration::from_secs(2))
    }

    /// Remembers whom a command excludes, before it is carried out.
    fn note(&mut self, command: &Command) {
        match command {
            Command::Submit(entry) if !self.waiting.contains(&entry.id) => {
                self.excluded.insert(entry.id.clone(), entry.excluded.clone());
            }
            Command::Update { id, change } => {
                self.excluded.entry(id.clone()).or_default().extend(change.exclude.iter().cloned());
            }
            _ => {}
        }
    }

    fn take(&mut self, outcomes: &[Outcome], context: &str) {
        for outcome in outcomes {
            match outcome {
                Outcome::Queued { id } => {
                    self.waiting.insert(id.clone());
                }
                Outcome::TargetSelected { id, selection } => {
                    assert!(self.waiting.remove(id), "{context}: {id} was not waiting");
                    let agent = selection.agent.id.clone();
                    assert_eq!(
                        self.statuses.get(&agent),
                        Some(&AgentStatus::Ready),
                        "{context}: {agent} was not ready"
                    );
                    assert!(
                        self.reserved.insert(agent.clone()),
                        "{context}: {agent} was chosen twice at once"
                    );
                    assert!(
                        !self.excluded.get(id).is_some_and(|all| all.contains(&agent)),
                        "{context}: {agent} was excluded from {id}"
                    );
                }
                Outcome::TimedOut { id } | Outcome::Left { id } => {
                    assert!(self.waiting.remove(id), "{context}: {id} left twice");
                }
                Outcome::TimeToDial { id, .. } => {
                    assert!(self.waiting.contains(id), "{context}: {id} is not waiting");
                }
                Outcome::AgentChanged { agent, status, reserved, .. } => {
                    self.statuses.insert(agent.clone(), status.clone());
                    if !reserved {
                        self.reserved.remove(agent);
                    }
                }
                Outcome::Refused { reason, .. } | Outcome::UpdateRefused { reason, .. } => {
                    panic!("{context}: {reason}")
                }
                Outcome::AgentReserved { agent, .. } => {
                    assert_eq!(self.statuses.get(agent), Some(&AgentStatus::Ready), "{context}: {agent}");
                    self.reserved.insert(agent.clone());
                }
                Outcome::Returned { id, agent, .. } => {
                    assert!(self.waiting.insert(id.clone()), "{context}: {id} did not leave");
                    self.excluded.entry(id.clone()).or_default().push(agent.clone());
                }
                Outcome::Updated { .. }
                | Outcome::ReservationExpired { .. }
                | Outcome::ReservationRefused { .. }
                | Outcome::RoutingGivenUp { .. }
                | Outcome::NotHeld { .. }
                | Outcome::LoginRefused { .. } => {}
            }
        }
    }
}

fn check_invariants(router: &Router, model: &mut Model, now: Timestamp, context: &str) {
    let ids: BTreeSet<String> = router.entries().map(|entry| entry.id).collect();
    assert_eq!(ids, model.waiting, "{context}: entries were lost or invented");
    assert_eq!(router.entries().count(), ids.len(), "{context}: an entry is listed twice");
    for entry in router.entries() {
        assert!(
            entry.deadline.is_none_or(|deadline| deadline > now),
            "{context}: {} is past its deadline",
            entry.id
        );
        let targets = crate::Targets::parse(&entry.target).unwrap();
        for view in router.agents().filter(|_| entry.routable) {
            let fits = view.status == AgentStatus::Ready
                && view.reserved_for.is_none()
                && !view.is_asked_for
                && !entry.excluded.contains(&view.profile.id)
                && fits(router, &targets, &view, now)
                && !model.is_kept(router, &entry, &view, now);
            assert!(!fits, "{context}: {} waits although {} is ready", entry.id, view.profile.id);
        }
    }
    for queue in ["Q", "R"] {
        let positions: Vec<_> = router
            .entries()
            .filter(|entry| entry.queue.as_str() == queue)
            .map(|entry| (entry.clone(), router.position(&entry.id, now).unwrap()))
            .collect();
        for (index, (entry, position)) in positions.iter().enumerate() {
            assert_eq!(position.position, index + 1, "{context}: {}", entry.id);
        }
        for pair in positions.windows(2) {
            let key = |(entry, position): &(Entry, super::Position)| {
                (std::cmp::Reverse(position.priority), entry.waiting_since, entry.entered, entry.id.clone())
            };
            assert!(key(&pair[0]) < key(&pair[1]), "{context}: order of {queue}");
        }
    }
    assert!(router.next_due().is_none_or(|due| due > now), "{context}: something due was left");
    check_bookkeeping(router, context);
}

/// Every list holds what it must and nothing else, so nothing leaks.
pub(super) fn check_bookkeeping(router: &Router, context: &str) {
    let entries = || router.entries.iter().map(|(_, waiting)| waiting);
    let reserved = router.agents().filter(|view| view.reserved_for.is_some()).count();
    let wrapping_up = router.agents.iter().filter(|(_, agent)| agent.wraps_up_until.is_some()).count();
    let deadlines = entries().filter(|waiting| waiting.deadline.is_some()).count();
    let announced = entries().filter(|waiting| waiting.announced_until.is_some()).count();
    let looked_at_again = router.lines.iter().filter(|(_, line)| line.pace.look_again.is_some()).count();
    let terms = router.agents.iter().filter(|(_, agent)| agent.look_again.is_some()).count();
    let asked_for = router.agents().filter(|view| view.is_asked_for).count();
    let widening = entries().filter(|waiting| waiting.stage.ends.is_some()).count();
    let due = reserved
        + wrapping_up
        + deadlines
        + announced
        + widening
        + router.held.len()
        + looked_at_again
        + terms
        + asked_for;
    assert_eq!(router.due.len(), due, "{context}: due");
    assert_eq!(router.announced.len(), announced, "{context}: announced");
    assert_eq!(router.directory.len(), entries().count(), "{context}: directory");
    let lines = || router.lines.iter().map(|(_, line)| line);
    assert_eq!(lines().map(|line| line.entries).sum::<usize>(), entries().count(), "{context}: lines");
    let routable: usize = lines().map(|line| line.routable.len()).sum();
    assert_eq!(routable, entries().filter(|waiting| waiting.routable).count(), "{context}: routable");
    let announceable: usize = lines().map(|line| line.announceable.len()).sum();
    let expected = entries().filter(|waiting| waiting.is_announceable()).count();
    assert_eq!(announceable, expected, "{context}: announceable");
    let queued: usize = router.queues.values().map(|queue| queue.order.len()).sum();
    let pegs: usize = entries().map(|waiting| waiting.pegs.len()).sum();
    assert_eq!(queued, entries().count() + pegs, "{context}: queues");
    for (slot, line) in router.lines.iter() {
        let members: Vec<_> =
            router.agents.iter().filter(|(_, agent)| line.targets.may_include(agent)).collect();
        for (_, agent) in &members {
            assert!(agent.lines.contains(&slot), "{context}: {} does not know its line", agent.profile.id);
        }
        let count = |fits: fn(&crate::agents::Agent) -> bool| members.iter().filter(|m| fits(m.1)).count();
        assert_eq!(line.agents.at_work, count(|agent| agent.status.is_at_work()), "{context}: at work");
        assert_eq!(line.agents.selectable, count(|agent| agent.is_selectable()), "{context}: selectable");
        assert_eq!(line.agents.busy, count(|agent| agent.status == AgentStatus::Busy), "{context}: busy");
        assert_eq!(line.ready.len(), line.agents.selectable, "{context}: ready");
    }
}

#[test]
fn random_commands_break_no_invariant() {
    for seed in 0..SEEDS {
        let mut chance = Chance::new(seed);
        let mut router = router();
        let mut model = Model::default();
        let mut now = Timestamp::from_epoch_seconds(1_000);
        for step in 0..STEPS {
            now = now + Duration::from_millis(chance.below(8_000).try_into().unwrap());
            let command = chance.command(now);
            let context = format!("seed {seed}, step {step}, {command:?}");
            model.note(&command);
            let outcomes = router.step(command, now);
            model.take(&outcomes, &context);
            check_invariants(&router, &mut model, now, &context);
        }
    }
}

#[test]
fn the_same_commands_give_the_same_outcomes() {
    let run = |seed: u64| {
        let mut chance = Chance::new(seed);
        let mut router = router();
        let mut now = Timestamp::from_epoch_seconds(1_000);
        let mut trace = Vec::new();
        for _ in 0..STEPS {
            now = now + Duration::from_millis(chance.below(8_000).try_into().unwrap());
            trace.extend(router.step(chance.command(now), now));
        }
        trace
    };
    for seed in 0..20 {
        assert_eq!(run(seed), run(seed), "seed {seed}");
    }
}

/// With one target for all and no hope for others, as many customers are announced as agents are free.
#[test]
fn announcements_never_exceed_the_free_agents() {
    for seed in 0..SEEDS {
        let mut chance = Chance::new(seed ^ 0xD1A1);
        let mut router = router();
        router.options.dial_ahead.unserved_share_max = 0.0;
        let mut now = Timestamp::from_epoch_seconds(1_000);
        for step in 0..STEPS {
            now = now + Duration::from_millis(chance.below(8_000).try_into().unwrap());
            let command = match chance.command(now) {
                Command::Submit(entry) => {
                    // No live calls: those who are expected have their share of the agents.
                    Command::Submit(Entry {
                        target: "Billing@.GA".to_owned(),
                        excluded: Vec::new(),
                        routable: false,
                        ..entry
                    })
                }
                Command::Update { id, change } => Command::Update {
                    id,
                    change: EntryChange { target: None, exclude: Vec::new(), ..change },
                },
                other => other,
            };
            let outcomes = router.step(command, now);
            let announces = outcomes.iter().any(|outcome| matches!(outcome, Outcome::TimeToDial { .. }));
            let free = router
                .agents()
                .filter(|view| {
                    view.status == AgentStatus::Ready && view.reserved_for.is_none() && !view.is_asked_for
                })
                .filter(|view| view.profile.groups.iter().any(|group| group == "Billing"))
                .count();
            let announced = router.entries.iter().filter(|(_, waiting)| waiting.is_dialing()).count();
            assert!(
                !announces || announced <= free,
                "seed {seed}, step {step}: {announced} announced for {free} agents"
            );
            // Whoever came back from an agent who left excludes that one, and may stand before those who are to be dialled.
            let excluding = router.entries.iter().any(|(_, waiting)| !waiting.excluded.is_empty());
            let unannounced = router.entries.iter().any(|(_, waiting)| waiting.is_announceable());
            assert!(
                !unannounced || excluding || announced >= free,
                "seed {seed}, step {step}: {free} agents, only {announced} announced"
            );
        }
    }
}
