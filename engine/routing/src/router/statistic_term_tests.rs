//! Conditions on the statistics of agents in skill expressions.

use std::time::Duration;

use vocabulary::Timestamp;

use super::Router;
use super::tests::{at, check, entry, ready, release, router, status, words};
use crate::statistics::Statistic;
use crate::{AgentStatus, Command, Entry, Outcome, Target};

const RESTED: &str = "?:Spanish>1&$(StatTimeInReadyState)>30@.GA";

fn submit(id: &str, target: &str) -> Command {
    Command::Submit(entry(id, target))
}

fn millis(at: Timestamp, millis: u64) -> Timestamp {
    at + Duration::from_millis(millis)
}

#[test]
fn an_agent_is_chosen_when_the_time_in_ready_state_is_reached() {
    let mut router = router();
    check(&mut router, ready("a"), 10, &[]);
    check(&mut router, submit("x", RESTED), 12, &["queued x"]);
    let due = router.next_due().unwrap();
    assert!(due > at(39) && due <= millis(at(40), 1), "{due}");
    router.step(Command::Tick, at(40));
    assert!(router.entry("x").is_some(), "30 s are not more than 30 s");
    let outcomes = router.step(Command::Tick, millis(at(40), 1));
    assert_eq!(words(&outcomes), ["x gets a"]);
}

#[test]
fn the_entry_may_come_before_the_agent_and_others_take_the_agent_meanwhile() {
    let mut router = router();
    router.step(submit("x", RESTED), at(0));
    check(&mut router, ready("a"), 10, &[]);
    check(&mut router, submit("y", "a@.A"), 20, &["queued y", "y gets a"]);
    check(&mut router, release("a", Some("y")), 25, &[]);
    // The time in ready state is that of the status: the reservation did not end it.
    check(&mut router, Command::Tick, 41, &["x gets a"]);
}

#[test]
fn looks_end_with_the_readiness_and_begin_again_with_it() {
    let mut router = router();
    router.step(submit("x", RESTED), at(0));
    router.step(ready("a"), at(10));
    router.step(status("a", AgentStatus::NotReady { reason: None }), at(20));
    check(&mut router, Command::Tick, 45, &[]);
    assert_eq!(router.next_due(), None);
    router.step(ready("a"), at(50));
    check(&mut router, Command::Tick, 80, &[]);
    check(&mut router, Command::Tick, 81, &["x gets a"]);
}

#[test]
fn nobody_is_looked_at_while_nobody_waits() {
    let mut router = router();
    router.step(submit("x", RESTED), at(0));
    router.step(Command::Cancel { id: "x".to_owned() }, at(1));
    for agent in ["a", "b", "c"] {
        router.step(ready(agent), at(2));
    }
    assert_eq!(router.next_due(), None);
}

#[test]
fn the_share_of_time_with_calls_falls_until_it_is_low_enough() {
    let mut router = router();
    // Ten of twenty seconds with a call: 0.5, and 0.4 after 25.
    router.step(status("a", AgentStatus::NotReady { reason: None }), at(0));
    router.step(status("a", AgentStatus::Busy), at(10));
    router.step(submit("x", "?:Spanish=5&$(StatAgentOccupancy)<0.4@.GA"), at(12));
    check(&mut router, ready("a"), 20, &[]);
    check(&mut router, Command::Tick, 25, &[]);
    let outcomes = router.step(Command::Tick, router.next_due().unwrap());
    assert_eq!(words(&outcomes), ["x gets a"]);
    assert!(router.now <= millis(at(25), 2), "{}", router.now);
}

#[test]
fn counters_count_when_the_agent_becomes_ready() {
    let mut router = router();
    router.step(submit("x", "?:$(StatCallsAnswered)>=2&$(StatAgentLoading)=0@.GA"), at(0));
    check(&mut router, ready("a"), 1, &[]);
    router.step(status("a", AgentStatus::Busy), at(2));
    check(&mut router, ready("a"), 3, &[]);
    router.step(status("a", AgentStatus::Busy), at(4));
    check(&mut router, ready("a"), 5, &["x gets a"]);
}

#[test]
fn nobody_is_dialled_for_an_agent_to_whom_the_callback_may_not_go_yet() {
    let mut router = router();
    router.options.dial_ahead.unserved_share_max = 0.0;
    router.step(ready("a"), at(0));
    let callback = Entry { routable: false, notify: true, ..entry("x", RESTED) };
    check(&mut router, Command::Submit(callback), 1, &["queued x"]);
    let outcomes = router.step(Command::Tick, millis(at(30), 1));
    assert_eq!(words(&outcomes), ["dial x 1"]);
}

#[test]
fn statistics_of_such_a_target_count_those_who_match_now() {
    let mut router = router();
    let value = |router: &Router, seconds| {
        router.statistic_of_target(Statistic::RAgentsReady, &Target::parse(RESTED).unwrap(), at(seconds))
    };
    router.step(ready("a"), at(0));
    assert_eq!((value(&router, 30), value(&router, 31)), (Some(0.0), Some(1.0)));
    let list = format!(
        r#"[{{"target":"{RESTED}","stat_to_check":"RStatAgentsReady","stat_operator":"<","stat_value":"1",
            "timeout":"60"}},{{"target":"b@.A"}}]"#
    );
    router.step(ready("b"), at(5));
    check(&mut router, submit("x", &list), 6, &["queued x", "x gets b"]);
    check(&mut router, submit("y", &list), 31, &["queued y", "y gets a"]);
}

#[test]
fn a_threshold_on_such_a_target_is_refused() {
    let mut router = router();
    let target = "{RStatAgentsReady>0}?:$(StatTimeInReadyState)>30@.GA";
    match router.step(submit("x", target), at(0)).as_slice() {
        [Outcome::Refused { reason, .. }] => assert!(reason.to_string().contains("leave out the threshold")),
        other => panic!("{other:?}"),
    }
}
