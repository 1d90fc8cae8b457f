//! Target lists, thresholds and the choice among ready agents.

use std::collections::BTreeMap;
use std::time::Duration;

use super::tests::{at, check, entry, profile, ready, release, router, status, update};
use super::{Options, Router, TargetsOrder};
use crate::{AgentChoice, AgentStatus, Command, Entry, EntryChange, Method, Outcome};

fn not_ready(agent: &str) -> Command {
    status(agent, AgentStatus::NotReady { reason: None })
}

fn submit(id: &str, target: &str) -> Command {
    Command::Submit(entry(id, target))
}

#[test]
fn the_guides_list_skips_the_first_group_and_widens_to_the_last() {
    //= guide: three groups, each skipped below one free agent, timeouts 15/10/30
    //= type=test
    let mut router = Router::new(Options::default());
    let agents =
        vec![profile("a", &["One"], &[]), profile("b", &["Two"], &[]), profile("c", &["Three"], &[])];
    router.step(Command::ConfigureAgents(agents), at(0));
    let element = |group: &str, timeout: u64| {
        format!(
            r#"{{"target":"{group}@.GA","timeout":"{timeout}","clear":false,"stat_to_check":"StatAgentsAvailable","stat_operator":"<","stat_value":"1"}}"#
        )
    };
    let list = format!("[{},{},{}]", element("One", 15), element("Two", 10), element("Three", 30));
    check(&mut router, ready("b"), 0, &[]);
    router.step(Command::Submit(Entry { routable: false, ..entry("x", &list) }), at(0));
    let open = EntryChange { routable: Some(true), ..EntryChange::default() };
    router.step(not_ready("b"), at(1));
    check(&mut router, update("x", open), 1, &["updated x true"]);
    check(&mut router, ready("a"), 2, &[]);
    check(&mut router, ready("c"), 9, &[]);
    assert_eq!(router.next_due(), Some(at(10)));
    check(&mut router, Command::Tick, 10, &["x gets c"]);
}

#[test]
fn after_widening_both_targets_are_waited_for() {
    let mut router = router();
    let list = r#"[{"target":"a@.A","timeout":5},{"target":"c@.A"}]"#;
    for agent in ["a", "c"] {
        router.step(not_ready(agent), at(0));
    }
    router.step(submit("x", list), at(0));
    router.step(submit("y", list), at(0));
    router.step(Command::Tick, at(5));
    assert_eq!(router.position("x", at(5)).unwrap().agents_logged_in, 2);
    check(&mut router, ready("a"), 6, &["x gets a"]);
    check(&mut router, ready("c"), 7, &["y gets c"]);
}

#[test]
fn the_clear_flag_of_the_target_that_is_left_drops_those_before() {
    let mut router = router();
    for agent in ["a", "b", "c"] {
        router.step(not_ready(agent), at(0));
    }
    let list = r#"[{"target":"a@.A","timeout":5,"clear":false},{"target":"b@.A","timeout":5,"clear":true},{"target":"c@.A"}]"#;
    router.step(submit("x", list), at(0));
    assert_eq!(router.position("x", at(0)).unwrap().agents_logged_in, 1);
    router.step(Command::Tick, at(5));
    assert_eq!(router.position("x", at(5)).unwrap().agents_logged_in, 2, "a and b");
    router.step(Command::Tick, at(10));
    assert_eq!(router.position("x", at(10)).unwrap().agents_logged_in, 1, "c alone");
    check(&mut router, ready("a"), 11, &[]);
    check(&mut router, ready("c"), 12, &["x gets c"]);
}

#[test]
fn without_condition_a_target_is_skipped_while_nobody_is_at_work_and_the_last_never() {
    let mut router = router();
    let list =
        r#"[{"target":"a@.A","timeout":50},{"target":"b@.A","timeout":50},{"target":"c@.A","timeout":1}]"#;
    router.step(not_ready("b"), at(0));
    router.step(submit("x", list), at(0));
    assert_eq!(router.next_due(), Some(at(50)), "a is skipped, b is waited for");
    router.step(status("b", AgentStatus::LoggedOut), at(1));
    router.step(submit("y", list), at(1));
    check(&mut router, ready("c"), 2, &["y gets c"]);
    assert_eq!(router.position("x", at(2)).unwrap().target, list);
}

#[test]
fn a_restart_goes_on_where_the_list_would_be() {
    let list = r#"[{"target":"a@.A","timeout":5},{"target":"b@.A","timeout":5},{"target":"c@.A"}]"#;
    let mut router = router();
    for agent in ["a", "b", "c"] {
        router.step(not_ready(agent), at(0));
    }
    router.step(submit("x", list), at(7));
    assert_eq!(router.position("x", at(7)).unwrap().agents_logged_in, 2, "entered at 0: widened at 5");
    assert_eq!(router.next_due(), Some(at(10)));
}

#[test]
fn a_target_with_a_threshold_counts_only_while_it_holds() {
    let mut router = router();
    check(&mut router, submit("x", "{StatAgentsAvailable>1}Billing@.GA"), 0, &["queued x"]);
    check(&mut router, ready("a"), 1, &[]);
    check(&mut router, ready("b"), 2, &["x gets a"]);
    check(&mut router, submit("y", "{StatAgentsAvailable>1}Billing@.GA,c@.A"), 3, &["queued y"]);
    check(&mut router, ready("c"), 4, &["y gets c"]);
    check(&mut router, submit("z", "{StatAgentsBusy>=1&StatAgentsAvailable>0}Billing@.GA"), 5, &["queued z"]);
    check(&mut router, status("d", AgentStatus::Busy), 6, &["z gets b"]);
}

#[test]
fn the_least_occupied_agent_is_chosen_where_that_is_asked_for() {
    let mut router = router();
    for (agent, from, to) in [("a", 0, 50), ("b", 60, 70)] {
        router.step(ready(agent), at(0));
        router.step(status(agent, AgentStatus::Busy), at(from));
        router.step(ready(agent), at(to));
    }
    let by = |id: &str, choice: AgentChoice| Command::Submit(Entry { choice, ..entry(id, "Billing@.GA") });
    let occupancy = || "StatAgentOccupancy".to_owned();
    check(&mut router, by("x", AgentChoice::Min { orderstat: occupancy() }), 100, &["queued x", "x gets b"]);
    router.step(release("b", None), at(101));
    check(&mut router, by("y", AgentChoice::Max { orderstat: occupancy() }), 102, &["queued y", "y gets a"]);
    router.step(release("a", None), at(103));
    let idle = AgentChoice::Max { orderstat: "StatTimeInReadyState".to_owned() };
    check(&mut router, by("z", idle), 104, &["queued z", "z gets a"]);
    let unknown = AgentChoice::Max { orderstat: "StatAgentOccupency".to_owned() };
    let outcomes = router.step(by("u", unknown), at(105));
    assert!(matches!(outcomes.as_slice(), [Outcome::Refused { reason, .. }]
        if reason.to_string().contains("did you mean `StatAgentOccupancy`?")));
}

fn chosen(outcomes: &[Outcome]) -> Option<String> {
    outcomes.iter().find_map(|outcome| match outcome {
        Outcome::TargetSelected { selection, .. } => Some(selection.target_name.clone()),
        _ => None,
    })
}

#[test]
fn targets_share_by_their_weights() {
    let mut router = Router::new(Options::default());
    let agents = (0..6).map(|n| profile(&format!("agent{n}"), &[["Gold", "Silver"][n % 2]], &[])).collect();
    router.step(Command::ConfigureAgents(agents), at(0));
    for n in 0..6 {
        router.step(ready(&format!("agent{n}")), at(0));
    }
    let mut shares: BTreeMap<String, u32> = BTreeMap::new();
    for n in 0..100 {
        let submitted = Entry {
            choice: AgentChoice::Percentage,
            ..entry(&format!("x{n}"), "[30]Gold@.GA,[70]Silver@.GA")
        };
        let outcomes = router.step(Command::Submit(submitted), at(n));
        *shares.entry(chosen(&outcomes).unwrap()).or_default() += 1;
        for agent in 0..6 {
            router.step(release(&format!("agent{agent}"), None), at(n));
        }
    }
    assert_eq!(shares, BTreeMap::from([("Gold".to_owned(), 30), ("Silver".to_owned(), 70)]));
}

#[test]
fn ties_are_broken_at_random_and_the_same_again_for_the_same_seed() {
    let run = |seed: u64| {
        let options = Options { targets_order: TargetsOrder::Random { seed }, ..Options::default() };
        let mut router = Router::new(options);
        let agents = (0..5).map(|n| profile(&format!("agent{n}"), &["Group"], &[])).collect();
        router.step(Command::ConfigureAgents(agents), at(0));
        for n in 0..5 {
            router.step(ready(&format!("agent{n}")), at(1));
        }
        let mut names = Vec::new();
        for n in 0..40 {
            let outcomes = router.step(submit(&format!("x{n}"), "Group@.GA"), at(2));
            names.extend(outcomes.iter().find_map(|outcome| match outcome {
                Outcome::TargetSelected { selection, .. } => Some(selection.agent.id.to_string()),
                _ => None,
            }));
            let agent = names.last().unwrap().clone();
            router.step(release(&agent, None), at(2));
        }
        names
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
    let distinct: std::collections::BTreeSet<_> = run(7).into_iter().collect();
    assert_eq!(distinct.len(), 5, "everybody has a turn");
}

#[test]
fn a_pegged_entry_is_counted_and_not_served() {
    //= decision: D-097 a pegged interaction is listed in the extra queue without being eligible there
    //= type=test
    let mut router = router();
    router.step(Command::Submit(Entry { queue: "Shared".into(), ..entry("live", "c@.A") }), at(0));
    let pegged = Entry { pegs: vec!["Shared".into(), "Q".into(), "Shared".into()], ..entry("x", "a@.A") };
    router.step(Command::Submit(pegged), at(1));
    assert_eq!((router.waiting(&"Shared".into()), router.waiting(&"Q".into())), (2, 1));
    assert_eq!(router.entries().count(), 2, "listed once among the entries");
    check(&mut router, ready("c"), 2, &["live gets c"]);
    assert_eq!(router.waiting(&"Shared".into()), 1);
    check(&mut router, ready("a"), 3, &["x gets a"]);
    assert_eq!(router.waiting(&"Shared".into()), 0);
}

#[test]
fn lines_that_nobody_waits_in_are_closed_when_there_are_many() {
    let mut router = Router::new(Options { max_idle_lines: 3, ..Options::default() });
    router.step(Command::ConfigureAgents(vec![profile("a", &["G"], &[("S", 9)])]), at(0));
    for level in 0..40 {
        let id = format!("x{level}");
        let target = format!("{{RStatAgentsReady>{level}}}?:S>{level}@.GA");
        router.step(submit(&id, &target), at(level));
        router.step(Command::Cancel { id }, at(level));
    }
    assert!(router.lines.iter().count() < 12, "{} lines", router.lines.iter().count());
    assert!(router.lists.len() <= 4);
    router.step(submit("x", "?:S>3@.GA"), at(50));
    check(&mut router, ready("a"), 51, &["x gets a"]);
    router.step(release("a", None), at(52));
    let long =
        Entry { deadline: Some(at(60) + Duration::ZERO), ..entry("y", "{RStatAgentsReady>0}?:S>8@.GA") };
    check(&mut router, Command::Submit(long), 53, &["queued y", "y gets a"]);
}

#[test]
fn after_a_restart_a_list_waits_for_those_whose_time_it_is_though_nobody_is_logged_in() {
    let list = |clear: bool| {
        format!(
            r#"[{{"target":"a@.A","timeout":50,"clear":{clear}}},{{"target":"b@.A","timeout":50}},{{"target":"c@.A"}}]"#
        )
    };
    for (clear, restored_at, agents) in
        [(false, 20, "a"), (false, 70, "ab"), (true, 70, "b"), (true, 120, "bc"), (false, 120, "abc")]
    {
        for agent in ["a", "b", "c"] {
            let mut router = router();
            router.step(Command::Restore(entry("x", &list(clear))), at(restored_at));
            let outcomes = router.step(ready(agent), at(restored_at));
            assert_eq!(
                chosen(&outcomes).is_some(),
                agents.contains(agent),
                "{agent} after {restored_at} s, clear {clear}"
            );
        }
    }
}

#[test]
fn a_restored_list_goes_on_with_its_times() {
    let mut router = router();
    let list = r#"[{"target":"a@.A","timeout":50,"clear":true},{"target":"b@.A","timeout":50,"clear":true},{"target":"c@.A"}]"#;
    router.step(Command::Restore(entry("x", list)), at(70));
    assert_eq!(router.next_due(), Some(at(100)));
    router.step(ready("c"), at(71));
    check(&mut router, Command::Tick, 100, &["x gets c"]);
}

/// Three agents whose handling times are 60, 120 and 60 s, on a call; the time is then 600 s.
fn measured_team() -> Router {
    let mut router = Router::new(Options::default());
    let agents = ["a", "b", "c"].map(|agent| profile(agent, &["Team"], &[]));
    router.step(Command::ConfigureAgents(agents.to_vec()), at(0));
    for (agent, handling) in [("a", 60), ("b", 120), ("c", 60)] {
        router.step(ready(agent), at(1));
        router.step(status(agent, AgentStatus::Busy), at(10));
        router.step(ready(agent), at(10 + handling));
        router.step(status(agent, AgentStatus::Busy), at(500));
    }
    router
}

fn pegged(id: &str) -> Entry {
    Entry { pegs: vec!["Shared".into()], ..entry(id, "Team@.GA") }
}

#[test]
fn a_peg_does_not_slow_the_agents_down() {
    //= decision: D-097
    //= type=test
    let mut router = measured_team();
    for number in 0..6 {
        router.step(Command::Submit(pegged(&format!("x{number}"))), at(600));
    }
    for queue in ["Q", "Shared"] {
        let (time, why) = router.expected_wait(&queue.into(), None, Method::Urs2, at(600)).unwrap();
        assert!((time.ewt - 168.0).abs() < 1e-9, "{}", why.text);
        assert!(!why.text.contains("other queues"), "{}", why.text);
    }
}

#[test]
fn a_pegged_queue_counts_what_it_lists() {
    let mut router = measured_team();
    for number in 0..4 {
        router.step(Command::Submit(pegged(&format!("x{number}"))), at(600));
    }
    for time in [610, 630] {
        router.step(ready("a"), at(time));
        router.step(status("a", AgentStatus::Busy), at(time + 1));
    }
    router.step(Command::Cancel { id: "x3".to_owned() }, at(640));
    for now in [650, 5_000] {
        let own = router.waiting_time(&"Q".into(), at(now)).unwrap();
        let shared = router.waiting_time(&"Shared".into(), at(now)).unwrap();
        assert_eq!((shared.aqt, shared.ewt, shared.hit), (own.aqt, own.ewt, own.hit));
        assert_eq!((shared.aqt, shared.ewt, shared.hit), (15.0, 30.0, 66));
    }
}
