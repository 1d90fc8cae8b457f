use std::time::Duration;

use vocabulary::Timestamp;

use crate::router::Router;
use crate::router::tests::{at, entry, profile};
use crate::{
    AgentStatus, Command, DialMethod, DialRule, Entry, EntryChange, Method, NotDialled, Options, Outcome,
    ThresholdTable,
};

pub(super) const TARGET: &str = "Billing@.GA";

/// A router with that many agents of Billing.
pub(super) fn router(agents: usize) -> Router {
    let mut router = Router::new(Options::default());
    let profiles = (0..agents).map(|number| profile(&format!("a{number}"), &["Billing"], &[])).collect();
    router.step(Command::ConfigureAgents(profiles), at(0));
    router
}

pub(super) fn set(router: &mut Router, agent: usize, status: AgentStatus, now: Timestamp) -> Vec<Outcome> {
    router.step(Command::SetAgentStatus { agent: format!("a{agent}").as_str().into(), status }, now)
}

pub(super) fn callback(id: &str) -> Entry {
    Entry { routable: false, notify: true, ..entry(id, TARGET) }
}

pub(super) fn update(id: &str, change: EntryChange) -> Command {
    Command::Update { id: id.to_owned(), change }
}

pub(super) fn dials(outcomes: &[Outcome]) -> Vec<&str> {
    let ids = outcomes.iter().filter_map(|outcome| match outcome {
        Outcome::TimeToDial { id, .. } => Some(id.as_str()),
        _ => None,
    });
    ids.collect()
}

/// Agents with a call each, whose handling time was measured as `handling` seconds; the time is then 10,000 s.
fn busy(agents: usize, handling: i64) -> Router {
    let mut router = router(agents);
    for agent in 0..agents {
        let begin = 1_000 + i64::try_from(agent).unwrap();
        set(&mut router, agent, AgentStatus::Ready, at(10));
        set(&mut router, agent, AgentStatus::Busy, at(begin));
        set(&mut router, agent, AgentStatus::Ready, at(begin + handling));
    }
    for agent in 0..agents {
        set(&mut router, agent, AgentStatus::Busy, at(10_000));
    }
    router
}

#[test]
fn a_callback_is_dialled_before_an_agent_is_ready() {
    // Forty agents of 100 s each: one becomes free every 2.5 s, eight while a customer answers.
    let mut router = busy(40, 100);
    let outcomes = router.step(Command::Submit(callback("x")), at(10_001));
    assert_eq!(dials(&outcomes), ["x"]);
    let mut slow = busy(2, 100);
    let outcomes = slow.step(Command::Submit(callback("x")), at(10_001));
    assert_eq!(dials(&outcomes), Vec::<&str>::new(), "two such agents are too few to count on");
}

#[test]
fn why_a_callback_has_not_been_dialled_is_one_sentence() {
    let mut router = busy(40, 100);
    for number in 0..9 {
        router.step(Command::Submit(callback(&format!("x{number}"))), at(10_001));
    }
    let why = router.why_not_dialled("x8", at(10_001)).unwrap();
    assert!(matches!(why.reason, NotDialled::Quota { .. }));
    assert!(
        why.text.starts_with(
            "9th in queue `Q`; 0 agents ready and 0.40 agents/s becoming free let 3 be dialled, 3 are being \
             dialled already"
        ),
        "{}",
        why.text
    );
    let why = router.why_not_dialled("x0", at(10_008)).unwrap();
    assert_eq!(why.text, "1st in queue `Q`; its time to dial was announced 7 s ago");
    assert_eq!(router.why_not_dialled("gone", at(10_008)), None);
}

#[test]
fn updates_tell_how_dials_went() {
    let mut router = router(1);
    router.step(Command::Submit(callback("x")), at(1));
    set(&mut router, 0, AgentStatus::Ready, at(2));
    router.step(update("x", EntryChange { notify: Some(true), ..EntryChange::default() }), at(30));
    let figures = router.dial_figures(TARGET).unwrap();
    assert!(figures.success.mean < 0.85);
    assert_eq!(figures.success.samples, 1);
    router.step(update("x", EntryChange { routable: Some(true), ..EntryChange::default() }), at(42));
    let figures = router.dial_figures(TARGET).unwrap();
    assert_eq!(figures.success.samples, 2);
    assert_eq!(figures.connect_seconds.samples, 1);
    assert!(figures.connect_seconds.mean < 20.0, "12 s were measured");
    assert!(figures.trust > 1.0, "the agent was there");
}

#[test]
fn commands_tell_how_dials_went() {
    let mut router = router(1);
    router.step(Command::Submit(callback("x")), at(1));
    router.step(Command::Submit(callback("y")), at(1));
    let outcomes = set(&mut router, 0, AgentStatus::Ready, at(2));
    assert_eq!(dials(&outcomes), ["x"]);
    router.step(Command::DialStarted { id: "x".to_owned() }, at(3));
    assert_eq!(dials(&router.step(Command::Tick, at(200))), Vec::<&str>::new(), "it is known to go on");
    let ended = Command::DialEnded { id: "x".to_owned(), answered: false };
    assert_eq!(dials(&router.step(ended.clone(), at(201))), ["y"], "the agent is free for another");
    router.step(ended, at(202));
    assert_eq!(router.dial_figures(TARGET).unwrap().success.samples, 1, "an end counts once");
    let why = router.why_not_dialled("x", at(203)).unwrap();
    assert!(matches!(why.reason, NotDialled::Blocked { .. }), "{}", why.text);
    router.step(Command::DialEnded { id: "y".to_owned(), answered: true }, at(210));
    let routable = EntryChange { routable: Some(true), ..EntryChange::default() };
    router.step(update("y", routable), at(215));
    let figures = router.dial_figures(TARGET).unwrap();
    assert_eq!((figures.success.samples, figures.connect_seconds.samples), (2, 1));
}

#[test]
fn a_customer_who_finds_nobody_lowers_the_trust() {
    let mut router = busy(40, 100);
    router.step(Command::Submit(callback("x")), at(10_001));
    let routable = EntryChange { routable: Some(true), ..EntryChange::default() };
    router.step(update("x", routable), at(10_020));
    set(&mut router, 0, AgentStatus::Ready, at(10_023));
    assert!(router.dial_figures(TARGET).unwrap().trust < 1.0);
}

#[test]
fn nobody_is_dialled_shortly_before_the_deadline() {
    //= guide: _cannot_dial_buffer_time
    //= type=test
    let dial = DialRule { buffer: Duration::from_secs(60), ..DialRule::default() };
    for (ready_at, dialled) in [(39, true), (40, false), (99, false)] {
        let mut router = router(1);
        router.step(
            Command::Submit(Entry { deadline: Some(at(100)), dial: dial.clone(), ..callback("x") }),
            at(1),
        );
        let outcomes = set(&mut router, 0, AgentStatus::Ready, at(ready_at));
        assert_eq!(!dials(&outcomes).is_empty(), dialled, "{ready_at} s");
        let why = router.why_not_dialled("x", at(ready_at)).unwrap();
        assert_eq!(why.reason == NotDialled::TooLate, !dialled, "{}", why.text);
    }
}

#[test]
fn a_later_deadline_allows_to_dial_again() {
    let dial = DialRule { buffer: Duration::from_secs(60), ..DialRule::default() };
    let mut router = router(1);
    router.step(Command::Submit(Entry { deadline: Some(at(100)), dial, ..callback("x") }), at(1));
    set(&mut router, 0, AgentStatus::Ready, at(50));
    let later = EntryChange { deadline: Some(at(1_000)), ..EntryChange::default() };
    assert_eq!(dials(&router.step(update("x", later), at(51))), ["x"]);
}

#[test]
fn thresholds_go_by_time_and_position() {
    //= guide: options _eta_pos_threshold
    //= type=test
    let dial = DialRule { method: DialMethod::Thresholds(ThresholdTable::default()), ..DialRule::default() };
    let mut router = router(1);
    // One distribution every 8 s.
    for number in 0..4 {
        let now = at(8 * number);
        set(&mut router, 0, AgentStatus::Ready, now);
        router
            .step(Command::Submit(Entry { waiting_since: now, entered: now, ..entry("live", TARGET) }), now);
        router.step(Command::Submit(entry("next", TARGET)), now);
        router.step(Command::Cancel { id: "next".to_owned() }, now + Duration::from_secs(7));
        set(&mut router, 0, AgentStatus::Busy, now + Duration::from_secs(1));
    }
    router.restore_averages(serde_json::from_str(
        r#"{"queues":{"Q":{"distribution_times_ms":[8000],"departures":[true],"last_distribution":24000}}}"#,
    ).unwrap());
    let mut all = Vec::new();
    for number in 0..4 {
        let now = at(100 + number);
        let since = at(number);
        let late = Entry {
            dial: dial.clone(),
            waiting_since: since,
            entered: since,
            ..callback(&format!("x{number}"))
        };
        let outcomes = router.step(Command::Submit(late), now);
        all.extend(dials(&outcomes).iter().map(|id| (*id).to_owned()));
    }
    let outcomes = router.step(Command::Tick, at(105));
    all.extend(dials(&outcomes).iter().map(|id| (*id).to_owned()));
    // Positions 1 to 4 wait 8, 16, 24 and 32 s: due below 10, 5, 2 and 1.
    assert_eq!(all, ["x0", "x1"]);
    let why = router.why_not_dialled("x2", at(105)).unwrap();
    assert_eq!(why.text, "3rd in queue `Q`; with 24 s to wait it is dialled at a position below 2");
}

#[test]
fn averages_survive_a_restart() {
    let mut before = busy(40, 100);
    before.step(Command::Submit(callback("x")), at(10_001));
    let routable = EntryChange { routable: Some(true), ..EntryChange::default() };
    before.step(update("x", routable), at(10_012));
    let text = serde_json::to_string(&before.averages()).unwrap();

    let mut after = router(40);
    after.restore_averages(serde_json::from_str(&text).unwrap());
    assert_eq!(after.averages().dials, before.averages().dials, "before anybody asks for them");
    for agent in 0..40 {
        set(&mut after, agent, AgentStatus::Busy, at(20_000));
    }
    after.step(Command::Submit(callback("y")), at(20_001));
    let why = after.why_not_dialled("y", at(20_001)).unwrap();
    assert!(matches!(why.reason, NotDialled::BeingDialled { .. }), "{}", why.text);
    assert_eq!(after.averages().agents, before.averages().agents);
}

#[test]
fn handling_times_tell_the_waiting_time_of_a_shared_team() {
    //= guide: urs2
    //= type=test
    let mut router = router(3);
    for (agent, handling) in [(0, 60), (1, 120), (2, 60)] {
        set(&mut router, agent, AgentStatus::Ready, at(1));
        set(&mut router, agent, AgentStatus::Busy, at(10));
        set(&mut router, agent, AgentStatus::Ready, at(10 + handling));
        set(&mut router, agent, AgentStatus::Busy, at(500));
    }
    for number in 0..6 {
        router.step(Command::Submit(entry(&format!("x{number}"), TARGET)), at(600));
    }
    let (time, why) = router.expected_wait(&"Q".into(), None, Method::Urs2, at(600)).unwrap();
    assert!((time.ewt - 168.0).abs() < 1e-9, "{time:?}");
    assert_eq!((time.calls, time.pos), (6, 7));
    assert!(why.text.contains("3 agents take a call every 24.0 s"), "{}", why.text);
    let (time, _) = router.expected_wait(&"Q".into(), Some("x1"), Method::Urs2, at(630)).unwrap();
    assert_eq!((time.pos, time.wt), (2, 630.0));
    assert!((time.ewt - 48.0).abs() < 1e-9);
    assert_eq!(router.expected_wait(&"nowhere".into(), None, Method::Urs2, at(600)), None);
    assert_eq!(router.expected_wait(&"R".into(), Some("x1"), Method::Urs, at(600)), None);

    // The first agent alone serves two further queues.
    for queue in ["R", "S"] {
        let other = Entry { queue: queue.into(), ..entry(queue, "a0@.A") };
        router.step(Command::Submit(other), at(630));
    }
    let (time, why) = router.expected_wait(&"Q".into(), None, Method::Urs2, at(630)).unwrap();
    assert!((time.ewt - 229.09).abs() < 0.01, "{time:?}");
    assert!(why.text.contains("of whom 1 serve other queues too"), "{}", why.text);
    let (time, _) = router.expected_wait(&"Q".into(), None, Method::Stat, at(630)).unwrap();
    assert!((time.ewt - 160.0).abs() < 1e-9, "six calls of 80 s for three agents: {time:?}");
}

#[test]
fn a_group_of_queues_answers_for_all_of_them() {
    let mut router = router(1);
    let groups = [("All.GQ".into(), vec!["Q".into(), "R".into()])].into_iter().collect();
    router.step(Command::ConfigureQueueGroups(groups), at(0));
    for (number, queue) in ["Q", "R", "Q"].into_iter().enumerate() {
        let waiting_since = at(i64::try_from(number).unwrap());
        let one = Entry { queue: queue.into(), waiting_since, ..entry(&format!("x{number}"), TARGET) };
        router.step(Command::Submit(one), at(5));
    }
    let (time, why) = router.expected_wait(&"All.GQ".into(), None, Method::Urs, at(10)).unwrap();
    assert_eq!((time.calls, time.pos), (3, 4));
    assert_eq!(why.queues.len(), 2);
    let (time, _) = router.expected_wait(&"All.GQ".into(), Some("x1"), Method::Urs, at(10)).unwrap();
    assert_eq!(time.pos, 2, "behind one of the other queue");
}

#[test]
fn an_empty_queue_is_judged_by_the_agents_who_served_it() {
    //= guide: urs2, agents used in the past
    //= type=test
    let mut router = router(2);
    set(&mut router, 0, AgentStatus::Ready, at(1));
    router.step(Command::Submit(entry("x", TARGET)), at(2));
    set(&mut router, 0, AgentStatus::Busy, at(3));
    set(&mut router, 0, AgentStatus::Ready, at(53));
    let (time, _) = router.expected_wait(&"Q".into(), None, Method::Urs2, at(60)).unwrap();
    assert_eq!((time.calls, time.aqt, time.ewt), (0, 50.0, 50.0));

    // A router that begins again knows them by what was saved, although nobody has waited since.
    let mut restarted = self::router(2);
    restarted.restore_averages(router.averages());
    set(&mut restarted, 0, AgentStatus::Ready, at(100));
    let (time, _) = restarted.expected_wait(&"Q".into(), None, Method::Urs2, at(101)).unwrap();
    assert_eq!((time.calls, time.ewt), (0, 50.0));
}

#[test]
fn a_small_team_with_live_calls_dials_in_the_end() {
    let mut router = router(1);
    for number in 0..20 {
        let now = at(100 + number);
        let live = Entry { waiting_since: now, entered: now, ..entry(&format!("l{number}"), TARGET) };
        router.step(Command::Submit(live), now);
        router.step(Command::Cancel { id: format!("l{number}") }, now);
    }
    let since = Entry { waiting_since: at(120), entered: at(120), ..callback("x") };
    router.step(Command::Submit(since), at(120));
    let outcomes = set(&mut router, 0, AgentStatus::Ready, at(130));
    assert_eq!(dials(&outcomes), Vec::<&str>::new(), "a live call every few seconds would take the agent");
    let why = router.why_not_dialled("x", at(130)).unwrap();
    assert!(why.text.contains("held for live calls; it is dialled in 60 s at the latest"), "{}", why.text);
    let due = router.next_due().unwrap();
    assert_eq!(due, at(190));
    assert_eq!(dials(&router.step(Command::Tick, due)), ["x"]);
}
