//! What the router learns from arrivals and dials, on a clock that runs.

use std::time::Duration;

use vocabulary::Timestamp;

use super::tests::{TARGET, callback, dials, router, set, update};
use crate::router::tests::{at, entry};
use crate::{AgentStatus, Command, Entry, EntryChange, NotDialled, Router};

fn arrival_rate(router: &Router, id: &str, now: Timestamp) -> f64 {
    match router.why_not_dialled(id, now).unwrap().reason {
        NotDialled::Quota { situation, .. } => situation.arrival_rate,
        other => panic!("{other:?}"),
    }
}

/// A call whose session submitted it, and which reaches the router three milliseconds later.
fn live(router: &mut Router, number: i64, by: impl FnOnce(Entry) -> Command) {
    let begun = at(100 + 10 * number);
    let call = Entry { waiting_since: begun, entered: begun, ..entry(&format!("live{number}"), TARGET) };
    router.step(by(call), begun + Duration::from_millis(3));
}

#[test]
fn live_calls_count_as_arrivals_though_the_router_hears_of_them_later() {
    let mut router = router(1);
    router.step(Command::Submit(callback("x")), at(1));
    for number in 0..20 {
        live(&mut router, number, Command::Submit);
    }
    assert!(arrival_rate(&router, "x", at(300)) > 0.01);
}

#[test]
fn what_waited_before_is_no_arrival() {
    let mut router = router(1);
    router.step(Command::Submit(callback("x")), at(1));
    for number in 0..10 {
        live(&mut router, number, Command::Restore);
    }
    for number in 10..20 {
        live(&mut router, number, |call| Command::Submit(Entry { is_taken_anew: true, ..call }));
    }
    assert!(arrival_rate(&router, "x", at(300)).abs() < f64::EPSILON);
}

fn notify(value: bool) -> EntryChange {
    EntryChange { notify: Some(value), ..EntryChange::default() }
}

#[test]
fn a_callback_that_is_not_dialled_after_all_leaves_the_agent_to_the_next() {
    let mut router = router(1);
    router.step(Command::Submit(callback("x")), at(1));
    router.step(Command::Submit(callback("y")), at(1));
    assert_eq!(dials(&set(&mut router, 0, AgentStatus::Ready, at(2))), ["x"]);
    assert_eq!(dials(&router.step(update("x", notify(false)), at(3))), ["y"]);
    let why = router.why_not_dialled("x", at(3)).unwrap();
    assert_eq!(why.reason, NotDialled::NotAsked, "{}", why.text);
    let samples = |router: &Router| router.dial_figures(TARGET).map_or(0, |figures| figures.success.samples);
    assert_eq!(samples(&router), 0, "nobody was dialled who could have failed to answer");
    router.step(update("y", notify(false)), at(4));
    assert_eq!(dials(&router.step(update("x", notify(true)), at(5))), ["x"], "it goes on");
    assert_eq!(samples(&router), 0);
}

#[test]
fn a_dial_that_has_begun_goes_on_counting() {
    let mut router = router(1);
    router.step(Command::Submit(callback("x")), at(1));
    router.step(Command::Submit(callback("y")), at(1));
    set(&mut router, 0, AgentStatus::Ready, at(2));
    router.step(Command::DialStarted { id: "x".to_owned() }, at(3));
    assert_eq!(dials(&router.step(update("x", notify(false)), at(4))), Vec::<&str>::new());
    let ended = Command::DialEnded { id: "x".to_owned(), answered: false };
    assert_eq!(dials(&router.step(ended, at(20))), ["y"]);
    assert_eq!(router.dial_figures(TARGET).unwrap().success.samples, 1);
}

#[test]
fn dials_that_nobody_asked_for_take_agents_as_well() {
    let mut router = router(2);
    for id in ["now0", "now1"] {
        router.step(Command::Submit(Entry { notify: false, ..callback(id) }), at(1));
        router.step(Command::DialStarted { id: id.to_owned() }, at(2));
    }
    for id in ["x", "y"] {
        router.step(Command::Submit(callback(id)), at(3));
    }
    set(&mut router, 0, AgentStatus::Ready, at(4));
    let outcomes = set(&mut router, 1, AgentStatus::Ready, at(5));
    assert_eq!(dials(&outcomes), Vec::<&str>::new(), "two customers ring for two agents");
    let why = router.why_not_dialled("now0", at(6)).unwrap();
    assert_eq!(why.reason, NotDialled::BeingDialled { seconds: 4.0 }, "{}", why.text);
    let ended = Command::DialEnded { id: "now0".to_owned(), answered: false };
    assert_eq!(dials(&router.step(ended, at(20))), ["x"]);
    router.step(Command::DialEnded { id: "now1".to_owned(), answered: true }, at(21));
    let routable = EntryChange { routable: Some(true), ..EntryChange::default() };
    router.step(update("now1", routable), at(22));
    let figures = router.dial_figures(TARGET).unwrap();
    assert_eq!((figures.success.samples, figures.connect_seconds.samples), (2, 1));
    // The next dial of the same callback counts as well.
    router.step(Command::DialStarted { id: "now0".to_owned() }, at(30));
    let why = router.why_not_dialled("now0", at(31)).unwrap();
    assert_eq!(why.reason, NotDialled::BeingDialled { seconds: 1.0 }, "{}", why.text);
}

#[test]
fn customers_whom_the_router_did_not_choose_to_dial_do_not_make_it_careful() {
    let mut router = router(1);
    router.step(Command::Submit(Entry { notify: false, ..callback("now") }), at(1));
    router.step(Command::DialStarted { id: "now".to_owned() }, at(2));
    let routable = EntryChange { routable: Some(true), ..EntryChange::default() };
    router.step(update("now", routable), at(12));
    set(&mut router, 0, AgentStatus::Ready, at(60));
    let trust = router.dial_figures(TARGET).unwrap().trust;
    assert!((trust - 1.0).abs() < f64::EPSILON, "{trust}");
}
