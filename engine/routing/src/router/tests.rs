use std::time::Duration;

use vocabulary::{AgentId, Timestamp};

use super::{Options, Router};
use crate::{
    AgentChoice, AgentProfile, AgentStatus, Averages, Command, Entry, EntryChange, Outcome, PriorityGrowth,
    Refusal,
};

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_epoch_seconds(seconds)
}

pub(super) fn profile(id: &str, groups: &[&str], skills: &[(&str, i64)]) -> AgentProfile {
    AgentProfile {
        id: id.into(),
        name: id.to_owned(),
        dn: format!("7{id}"),
        switch: "SIP_Switch".to_owned(),
        place: format!("place-{id}"),
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        skills: skills.iter().map(|(name, level)| ((*name).to_owned(), *level)).collect(),
    }
}

pub(super) fn entry(id: &str, target: &str) -> Entry {
    Entry {
        id: id.to_owned(),
        queue: "Q".into(),
        target: target.to_owned(),
        priority: 0,
        growth: None,
        waiting_since: at(0),
        entered: at(0),
        is_taken_anew: false,
        deadline: None,
        routable: true,
        notify: false,
        excluded: Vec::new(),
        reservation: Duration::from_secs(30),
        pegs: Vec::new(),
        max_route_attempts: 5,
        dial: crate::DialRule::default(),
        choice: AgentChoice::Any,
    }
}

/// Agents a and b in Billing, c in Sales, d in both.
pub(super) fn router() -> Router {
    let mut router = Router::new(Options::default());
    router.step(
        Command::ConfigureAgents(vec![
            profile("a", &["Billing"], &[("Spanish", 5)]),
            profile("b", &["Billing"], &[]),
            profile("c", &["Sales"], &[("Spanish", 2), ("Loans", 3)]),
            profile("d", &["Billing", "Sales"], &[]),
        ]),
        at(0),
    );
    router
}

pub(super) fn status(agent: &str, status: AgentStatus) -> Command {
    Command::SetAgentStatus { agent: agent.into(), status }
}

pub(super) fn ready(agent: &str) -> Command {
    status(agent, AgentStatus::Ready)
}

pub(super) fn release(agent: &str, holder: Option<&str>) -> Command {
    Command::ReleaseAgent { agent: agent.into(), holder: holder.map(str::to_owned), delay: Duration::ZERO }
}

pub(super) fn update(id: &str, change: EntryChange) -> Command {
    Command::Update { id: id.to_owned(), change }
}

/// Outcomes as short words, without those that agents changed.
pub(super) fn words(outcomes: &[Outcome]) -> Vec<String> {
    outcomes
        .iter()
        .filter_map(|outcome| {
            Some(match outcome {
                Outcome::Queued { id } => format!("queued {id}"),
                Outcome::Refused { id, .. } => format!("refused {id}"),
                Outcome::Updated { id, found } => format!("updated {id} {found}"),
                Outcome::UpdateRefused { id, .. } => format!("update refused {id}"),
                Outcome::TimeToDial { id, position } => format!("dial {id} {position}"),
                Outcome::TargetSelected { id, selection } => format!("{id} gets {}", selection.agent.id),
                Outcome::TimedOut { id } => format!("timed out {id}"),
                Outcome::Left { id } => format!("left {id}"),
                Outcome::Returned { id, agent, .. } => format!("returned {id} from {agent}"),
                Outcome::RoutingGivenUp { id, attempts } => format!("given up {id} {attempts}"),
                Outcome::NotHeld { id } => format!("not held {id}"),
                Outcome::AgentReserved { agent, holder, .. } => format!("{agent} kept for {holder}"),
                Outcome::ReservationRefused { agent, holder, .. } => format!("{agent} not kept for {holder}"),
                Outcome::ReservationExpired { agent, holder } => format!("expired {agent} {holder}"),
                Outcome::LoginRefused { agent, reason } => format!("{agent}: {reason}"),
                Outcome::AgentChanged { .. } => return None,
            })
        })
        .collect()
}

pub(super) fn check(router: &mut Router, command: Command, seconds: i64, expected: &[&str]) {
    let text = format!("{command:?}");
    let outcomes = router.step(command, at(seconds));
    assert_eq!(words(&outcomes), expected, "{text}");
}

fn refusal(router: &mut Router, submitted: Entry) -> String {
    match router.step(Command::Submit(submitted), at(0)).as_slice() {
        [Outcome::Refused { reason, .. }] => reason.to_string(),
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn a_routable_entry_takes_the_agent_who_is_ready_longest() {
    let mut router = router();
    check(&mut router, ready("b"), 1, &[]);
    check(&mut router, ready("a"), 2, &[]);
    check(&mut router, Command::Submit(entry("x", "Billing@SS.GA")), 3, &["queued x", "x gets b"]);
}

#[test]
fn agents_ready_since_the_same_moment_are_taken_by_id() {
    let mut router = router();
    for agent in ["d", "b", "a"] {
        check(&mut router, ready(agent), 1, &[]);
    }
    for (id, agent) in [("x", "a"), ("y", "b"), ("z", "d")] {
        check(
            &mut router,
            Command::Submit(entry(id, "Billing@SS.GA")),
            3,
            &[&format!("queued {id}"), &format!("{id} gets {agent}")],
        );
    }
}

#[test]
fn an_agent_gets_the_best_entry_over_all_queues_and_targets() {
    //= decision: D-092 priority, then age, ties by entry to the queue
    //= type=test
    let mut router = router();
    let older = Entry { waiting_since: at(-50), ..entry("older", "Billing@.GA") };
    let higher = Entry { priority: 5, queue: "Other".into(), ..entry("higher", "Sales@.GA") };
    let entered_first = Entry { entered: at(-1), queue: "Third".into(), ..entry("z-entered-first", "d@.A") };
    for submitted in [entry("same-1", "d@.A"), older, entered_first, higher] {
        router.step(Command::Submit(submitted), at(0));
    }
    for (seconds, id) in [(1, "higher"), (2, "older"), (3, "z-entered-first"), (4, "same-1")] {
        check(&mut router, ready("d"), seconds, &[&format!("{id} gets d")]);
        router.step(status("d", AgentStatus::Busy), at(seconds));
    }
}

#[test]
fn priority_grows_with_each_whole_interval() {
    //= decision: D-092 priority growth follows the guide's resubmit formula
    //= type=test
    let mut router = router();
    let growing = Entry {
        priority: 100,
        growth: Some(PriorityGrowth { increment: 10, interval: Duration::from_secs(60) }),
        ..entry("growing", "a@.A")
    };
    router.step(Command::Submit(growing), at(0));
    for (seconds, priority) in [(0, 100), (59, 100), (60, 110), (250, 140)] {
        let position = router.position("growing", at(seconds)).unwrap();
        assert_eq!(position.priority, priority, "after {seconds} s");
    }
    let fixed = Entry { priority: 125, ..entry("fixed", "a@.A") };
    router.step(Command::Submit(fixed), at(0));
    assert_eq!(router.position("growing", at(170)).unwrap().position, 2);
    assert_eq!(router.position("growing", at(180)).unwrap().position, 1);
    check(&mut router, ready("a"), 180, &["growing gets a"]);
}

#[test]
fn a_selection_says_whom_for_what_and_after_how_long() {
    let mut router = router();
    router.step(Command::Submit(entry("x", "?Best:Spanish>3&;Spanish<9@SS.GA")), at(0));
    let outcomes = router.step(ready("a"), at(12));
    let Some(Outcome::TargetSelected { selection, .. }) =
        outcomes.iter().find(|outcome| matches!(outcome, Outcome::TargetSelected { .. }))
    else {
        panic!("nobody was selected: {outcomes:?}");
    };
    assert_eq!(selection.target, "?Best:Spanish>3&;Spanish<9@SS.GA");
    assert_eq!(selection.target_name, "?Best:Spanish>3&Spanish<9");
    assert_eq!(selection.target_kind, "GA");
    assert_eq!(selection.queue.as_str(), "Q");
    assert_eq!(selection.waited, Duration::from_secs(12));
    assert_eq!(selection.agent.dn, "7a");
}

#[test]
fn of_several_targets_the_one_that_fits_is_named() {
    let mut router = router();
    router.step(Command::Submit(entry("x", "a@.A, ?:Loans>2@.GA,place-b@.AP")), at(0));
    let outcomes = router.step(ready("c"), at(1));
    assert!(
        outcomes.iter().any(|outcome| matches!(outcome, Outcome::TargetSelected { selection, .. }
            if selection.target == "?:Loans>2@.GA" && selection.agent.id.as_str() == "c")),
        "{outcomes:?}"
    );
}

#[test]
fn a_reserved_agent_is_not_chosen_again_until_the_reservation_ends() {
    let mut router = router();
    check(&mut router, ready("a"), 0, &[]);
    check(&mut router, Command::Submit(entry("x", "a@.A")), 1, &["queued x", "x gets a"]);
    check(&mut router, Command::Submit(entry("y", "a@.A")), 2, &["queued y"]);
    let view = router.agent(&"a".into()).unwrap();
    assert_eq!(view.reserved_for.as_deref(), Some("x"));
    assert_eq!(router.next_due(), Some(at(31)));
    check(&mut router, Command::Tick, 30, &[]);
    check(&mut router, Command::Tick, 31, &["expired a x", "y gets a"]);
}

#[test]
fn release_and_a_refused_ring_make_an_agent_selectable() {
    let mut router = router();
    for submitted in ["x", "y", "z"] {
        router.step(Command::Submit(entry(submitted, "a@.A")), at(0));
    }
    check(&mut router, ready("a"), 1, &["x gets a"]);
    check(&mut router, release("a", None), 2, &["y gets a"]);
    check(&mut router, status("a", AgentStatus::Ringing), 3, &[]);
    check(&mut router, ready("a"), 4, &["z gets a"]);
}

#[test]
fn a_change_of_mind_does_not_end_a_reservation() {
    let mut router = router();
    router.step(Command::Submit(entry("x", "a@.A")), at(0));
    router.step(Command::Submit(entry("y", "a@.A")), at(0));
    check(&mut router, ready("a"), 1, &["x gets a"]);
    check(&mut router, status("a", AgentStatus::NotReady { reason: None }), 2, &[]);
    check(&mut router, ready("a"), 3, &[]);
}

#[test]
fn a_reservation_of_no_time_still_keeps_the_agent_for_a_moment() {
    //= decision: D-093 a chosen agent is blocked for 2 s by default
    //= type=test
    let mut router = router();
    for submitted in ["x", "y"] {
        let submitted = Entry { reservation: Duration::ZERO, ..entry(submitted, "a@.A") };
        router.step(Command::Submit(submitted), at(0));
    }
    check(&mut router, ready("a"), 1, &["x gets a"]);
    assert_eq!(router.next_due(), Some(at(3)));
    check(&mut router, Command::Tick, 3, &["expired a x", "y gets a"]);
}

#[test]
fn agents_changes_are_told_once() {
    let mut router = router();
    let changed = |status: AgentStatus, reserved: bool| Outcome::AgentChanged {
        agent: "a".into(),
        status,
        reserved,
        after_call: None,
    };
    assert_eq!(router.step(ready("a"), at(0)), [changed(AgentStatus::Ready, false)]);
    assert_eq!(router.step(ready("a"), at(5)), []);
    assert_eq!(router.agent(&"a".into()).unwrap().since, at(0), "ready since the first time");
    let outcomes = router.step(Command::Submit(entry("x", "a@.A")), at(6));
    assert_eq!(outcomes.last(), Some(&changed(AgentStatus::Ready, true)));
    let outcomes = router.step(status("a", AgentStatus::Busy), at(7));
    assert_eq!(outcomes, [changed(AgentStatus::Busy, false)]);
}

#[test]
fn excluded_agents_are_never_chosen() {
    let mut router = router();
    let submitted = Entry { excluded: vec!["a".into(), "a".into()], ..entry("x", "Billing@.GA") };
    router.step(Command::Submit(submitted), at(0));
    assert_eq!(router.entry("x").unwrap().excluded.len(), 1);
    check(&mut router, ready("a"), 1, &[]);
    let exclude = EntryChange { exclude: vec!["b".into()], ..EntryChange::default() };
    check(&mut router, update("x", exclude), 2, &["updated x true"]);
    check(&mut router, ready("b"), 3, &[]);
    check(&mut router, Command::Submit(entry("y", "Billing@.GA")), 4, &["queued y", "y gets a"]);
    check(&mut router, ready("d"), 5, &["x gets d"]);
}

#[test]
fn an_entry_that_is_not_routable_keeps_its_place() {
    let mut router = router();
    let held = Entry { routable: false, ..entry("held", "a@.A") };
    router.step(Command::Submit(held), at(0));
    let later = Entry { entered: at(1), ..entry("later", "a@.A") };
    router.step(Command::Submit(later), at(1));
    assert_eq!(router.position("held", at(2)).unwrap().position, 1);
    check(&mut router, ready("a"), 2, &["later gets a"]);
    let open = EntryChange { routable: Some(true), ..EntryChange::default() };
    check(&mut router, update("held", open), 3, &["updated held true"]);
    router.step(status("a", AgentStatus::Busy), at(4));
    check(&mut router, ready("a"), 5, &["held gets a"]);
}

#[test]
fn updates_change_target_priority_and_deadline() {
    let mut router = router();
    router.step(Command::Submit(entry("x", "a@.A")), at(0));
    router.step(Command::Submit(entry("y", "b@.A")), at(0));
    let change = EntryChange {
        target: Some("b@.A".to_owned()),
        priority: Some(7),
        deadline: Some(at(9)),
        ..EntryChange::default()
    };
    check(&mut router, update("x", change), 1, &["updated x true"]);
    check(&mut router, ready("a"), 2, &[]);
    check(&mut router, ready("b"), 3, &["x gets b"]);
    assert_ne!(router.next_due(), Some(at(9)), "the deadline went with the entry");
}

#[test]
fn a_refused_update_leaves_the_entry_as_it_was() {
    let mut router = router();
    router.step(Command::Submit(entry("x", "a@.A")), at(0));
    let change =
        EntryChange { target: Some("Biling@.GA".to_owned()), priority: Some(9), ..EntryChange::default() };
    check(&mut router, update("x", change), 1, &["update refused x"]);
    assert_eq!(router.entry("x").unwrap().priority, 0);
    check(&mut router, ready("a"), 2, &["x gets a"]);
}

#[test]
fn a_deadline_ends_waiting_and_comes_before_an_agent_of_the_same_moment() {
    let mut router = router();
    let submitted = Entry { deadline: Some(at(10)), ..entry("x", "a@.A") };
    router.step(Command::Submit(submitted.clone()), at(0));
    assert_eq!(router.next_due(), Some(at(10)));
    check(&mut router, Command::Tick, 9, &[]);
    check(&mut router, ready("a"), 10, &["timed out x"]);
    check(&mut router, Command::Submit(submitted), 11, &["queued x", "timed out x"]);
    assert_eq!(router.next_due(), None);
}

#[test]
fn late_and_repeated_commands_do_no_harm() {
    let mut router = router();
    check(&mut router, Command::Cancel { id: "x".to_owned() }, 0, &[]);
    check(&mut router, update("x", EntryChange::default()), 0, &["updated x false"]);
    check(&mut router, release("a", None), 0, &[]);
    check(&mut router, release("nobody", None), 0, &[]);
    check(&mut router, ready("nobody"), 0, &[]);
    check(&mut router, Command::Submit(entry("x", "a@.A")), 0, &["queued x"]);
    let other = Entry { priority: 99, ..entry("x", "b@.A") };
    check(&mut router, Command::Submit(other), 1, &["queued x"]);
    assert_eq!(router.entry("x").unwrap().priority, 0, "the first submit counts");
    check(&mut router, Command::Cancel { id: "x".to_owned() }, 2, &["left x"]);
    check(&mut router, Command::Cancel { id: "x".to_owned() }, 3, &[]);
}

#[test]
fn targets_that_cannot_be_served_are_refused_with_the_nearest_name() {
    for (target, expected) in [
        ("Biling@SS.GA", "did you mean `Billing`?"),
        ("Nowhere near@SS.GA", "there is no agent group `Nowhere near`"),
        ("aa@.A", "there is no agent `aa`"),
        ("place-x@.AP", "there is no place `place-x`; did you mean `place-a`?"),
        ("Billing", "name@server.TYPE"),
        ("8001@SIP_Switch.RP", "type RP are not served"),
        ("{StatAgentsAvailible>0}Billing@.GA", "did you mean `StatAgentsAvailable`?"),
        (r#"[{"target":"a@.A"},{"target":"Biling@.GA"}]"#, "did you mean `Billing`?"),
        ("?:Spanish>@.GA", "character 11: expected an integer"),
    ] {
        let problem = refusal(&mut router(), entry("x", target));
        assert!(problem.contains(expected), "{target}: {problem}");
    }
}

#[test]
fn a_list_with_one_target_is_served() {
    let mut router = router();
    router.step(Command::Submit(entry("x", r#"[{"target":"[40]Billing@.GA","timeout":"15"}]"#)), at(0));
    check(&mut router, ready("a"), 1, &["x gets a"]);
}

#[test]
fn queues_are_limited_in_number_and_length() {
    let mut router = Router::new(Options { max_entries_per_queue: 2, max_queues: 2, ..Options::default() });
    router.step(Command::ConfigureAgents(vec![profile("a", &[], &[])]), at(0));
    let queued = |id: &str, queue: &str| Entry { queue: queue.into(), ..entry(id, "a@.A") };
    for id in ["1", "2"] {
        router.step(Command::Submit(queued(id, "Q")), at(0));
    }
    assert!(refusal(&mut router, queued("3", "Q")).contains("full with 2 entries"));
    assert!(refusal(&mut router, queued("4", " ")).contains("the name is empty"));
    router.step(Command::Submit(queued("5", "R")), at(0));
    assert!(refusal(&mut router, queued("6", "S")).contains("2 queues"));
    router.step(Command::Cancel { id: "5".to_owned() }, at(1));
    check(&mut router, Command::Submit(queued("6", "S")), 2, &["queued 6"]);
}

#[test]
fn exclusions_are_limited() {
    let mut router = Router::new(Options { max_excluded_per_entry: 2, ..Options::default() });
    router.step(Command::ConfigureAgents(vec![profile("a", &[], &[])]), at(0));
    let excluded: Vec<AgentId> = ["p", "q", "r"].into_iter().map(AgentId::from).collect();
    let submitted = Entry { excluded, ..entry("x", "a@.A") };
    router.step(Command::Submit(submitted), at(0));
    assert_eq!(router.entry("x").unwrap().excluded.len(), 2);
}

#[test]
fn agents_keep_their_status_through_a_configuration_and_gain_their_new_groups() {
    let mut router = router();
    router.step(ready("a"), at(1));
    router.step(Command::Submit(entry("x", "Sales@.GA")), at(2));
    check(
        &mut router,
        Command::ConfigureAgents(vec![profile("a", &["Sales"], &[]), profile("new", &[], &[])]),
        3,
        &["x gets a"],
    );
    let ids: Vec<_> = router.agents().map(|view| (view.profile.id.to_string(), view.status)).collect();
    assert_eq!(ids, [("a".to_owned(), AgentStatus::Ready), ("new".to_owned(), AgentStatus::LoggedOut)]);
}

#[test]
fn an_entry_whose_agent_is_no_longer_configured_waits_for_the_next_configuration() {
    let mut router = router();
    router.step(Command::Submit(entry("x", "a@.A")), at(0));
    check(&mut router, Command::ConfigureAgents(vec![profile("b", &[], &[])]), 1, &[]);
    router.step(Command::ConfigureAgents(vec![profile("a", &[], &[])]), at(2));
    check(&mut router, ready("a"), 3, &["x gets a"]);
}

#[test]
fn skills_follow_the_presence_of_agents() {
    let mut router = router();
    router.step(Command::Submit(entry("x", "?:Spanish>3&$(StatAgentLoggedIn)=1@.GA")), at(0));
    assert_eq!(router.position("x", at(1)).unwrap().agents_logged_in, 0);
    router.step(status("a", AgentStatus::AfterCallWork), at(1));
    assert_eq!(router.position("x", at(1)).unwrap().agents_logged_in, 1);
    check(&mut router, ready("a"), 2, &["x gets a"]);
}

#[test]
fn waiting_time_and_position_come_from_the_distributions() {
    let mut router = router();
    assert_eq!(router.waiting_time(&"Q".into(), at(0)), None);
    for n in 0..9 {
        router.step(Command::Submit(entry(&format!("x{n}"), "a@.A")), at(0));
    }
    for seconds in [60, 180, 240] {
        router.step(ready("a"), at(seconds));
        router.step(status("a", AgentStatus::Busy), at(seconds));
    }
    let waiting_time = router.waiting_time(&"Q".into(), at(240)).unwrap();
    assert_eq!((waiting_time.calls, waiting_time.pos, waiting_time.ewt), (6, 7, 560.0));
    let position = router.position("x4", at(250)).unwrap();
    assert_eq!((position.position, position.waiting), (2, 6));
    assert_eq!(position.ewt, Some(160.0));
    assert_eq!(position.waited, Duration::from_secs(250));
    assert_eq!(router.position("x0", at(250)), None);

    let saved = serde_json::to_string(&router.averages()).unwrap();
    let averages: Averages = serde_json::from_str(&saved).unwrap();
    let mut restarted = self::router();
    restarted.restore_averages(averages);
    assert_eq!(restarted.waiting_time(&"Q".into(), at(300)).unwrap().aqt, 80.0);
}

#[test]
fn submitting_the_entries_again_restores_the_order() {
    let mut router = router();
    for (id, priority, since) in [("p", 0, 30), ("q", 5, 40), ("r", 0, 10)] {
        let submitted = Entry { priority, waiting_since: at(since), entered: at(since), ..entry(id, "a@.A") };
        router.step(Command::Submit(submitted), at(50));
    }
    let entries: Vec<Entry> = router.entries().collect();
    let ids = |entries: &[Entry]| entries.iter().map(|entry| entry.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&entries), ["q", "r", "p"]);
    let mut restarted = self::router();
    for saved in entries.iter().rev() {
        let json = serde_json::to_string(saved).unwrap();
        restarted.step(Command::Submit(serde_json::from_str(&json).unwrap()), at(500));
    }
    let after: Vec<Entry> = restarted.entries().collect();
    assert_eq!(after, entries);
}

fn delayed(id: &str, target: &str, entered: i64) -> Entry {
    Entry { routable: false, notify: true, entered: at(entered), ..entry(id, target) }
}

#[test]
fn time_to_dial_is_announced_once_for_each_agent_who_is_free() {
    let mut router = router();
    for (n, id) in ["x", "y", "z"].into_iter().enumerate() {
        let entered = i64::try_from(n).unwrap();
        check(
            &mut router,
            Command::Submit(delayed(id, "Billing@.GA", entered)),
            0,
            &[&format!("queued {id}")],
        );
    }
    check(&mut router, ready("a"), 1, &["dial x 1"]);
    check(&mut router, Command::Tick, 2, &[]);
    check(&mut router, ready("b"), 3, &["dial y 2"]);
    check(&mut router, status("b", AgentStatus::NotReady { reason: None }), 4, &[]);
    check(&mut router, ready("b"), 5, &[]);
}

#[test]
fn an_announced_entry_that_leaves_or_is_served_makes_room_for_the_next() {
    let mut router = router();
    for (n, id) in ["x", "y", "z"].into_iter().enumerate() {
        let entered = i64::try_from(n).unwrap();
        router.step(Command::Submit(delayed(id, "a@.A", entered)), at(0));
    }
    check(&mut router, ready("a"), 1, &["dial x 1"]);
    check(&mut router, Command::Cancel { id: "x".to_owned() }, 2, &["left x", "dial y 1"]);
    let open = EntryChange { routable: Some(true), ..EntryChange::default() };
    check(&mut router, update("y", open), 3, &["updated y true", "y gets a"]);
    router.step(status("a", AgentStatus::Busy), at(4));
    check(&mut router, ready("a"), 60, &["dial z 1"]);
}

#[test]
fn an_announcement_is_repeated_after_its_block() {
    let mut router = router();
    router.step(Command::Submit(delayed("x", "a@.A", 0)), at(0));
    check(&mut router, ready("a"), 1, &["dial x 1"]);
    assert_eq!(router.next_due(), Some(at(91)));
    check(&mut router, Command::Tick, 90, &[]);
    check(&mut router, Command::Tick, 91, &["dial x 1"]);
}

#[test]
fn asking_for_an_announcement_again_ends_the_block() {
    let mut router = router();
    router.step(Command::Submit(delayed("x", "a@.A", 0)), at(0));
    check(&mut router, ready("a"), 1, &["dial x 1"]);
    let notify = |notify: bool| EntryChange { notify: Some(notify), ..EntryChange::default() };
    router.step(Command::DialStarted { id: "x".to_owned() }, at(2));
    check(&mut router, update("x", notify(false)), 2, &["updated x true"]);
    router.step(Command::Submit(delayed("y", "a@.A", 1)), at(3));
    assert_eq!(router.next_due(), Some(at(302)), "x is being dialled and still needs the agent");
    check(&mut router, update("x", notify(true)), 20, &["updated x true", "dial x 1"]);
}

#[test]
fn agents_of_several_targets_are_counted_once() {
    let mut router = router();
    router.step(Command::Submit(delayed("billing", "Billing@.GA", 0)), at(0));
    router.step(Command::Submit(delayed("sales", "Sales@.GA", 1)), at(0));
    check(&mut router, ready("d"), 1, &["dial billing 1"]);
    check(&mut router, ready("a"), 2, &["dial sales 2"]);
}

#[test]
fn nobody_is_dialled_for_an_agent_who_is_excluded() {
    let mut router = router();
    let first = Entry { excluded: vec!["a".into()], ..delayed("first", "Billing@.GA", 0) };
    router.step(Command::Submit(first), at(0));
    router.step(Command::Submit(delayed("second", "Billing@.GA", 1)), at(0));
    check(&mut router, ready("a"), 1, &["dial second 2"]);
    check(&mut router, ready("b"), 2, &["dial first 1"]);
}

#[test]
fn refusals_of_targets_and_queues_are_told_apart() {
    let outcomes = router().step(Command::Submit(entry("x", "nobody@.A")), at(0));
    assert!(matches!(outcomes.as_slice(), [Outcome::Refused { reason: Refusal::InvalidTarget { .. }, .. }]));
}
