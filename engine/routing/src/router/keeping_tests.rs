//! Agents who are kept for customers being dialled.

use std::time::Duration;

use super::Router;
use super::tests::{at, check, entry, ready, router, update, words};
use crate::{Command, Entry, EntryChange, Outcome};

/// Agent a is ready, and the customer of callback x, who has waited since second 0, is being dialled since second 2.
fn dialled() -> Router {
    let mut router = router();
    router.options.dial_ahead.keep_max = Duration::from_secs(10);
    router.step(ready("a"), at(1));
    let callback = Entry { routable: false, notify: true, ..entry("x", "Billing@.GA") };
    check(&mut router, Command::Submit(callback), 2, &["queued x", "dial x 1"]);
    check(&mut router, Command::DialStarted { id: "x".to_owned() }, 2, &[]);
    router
}

fn call(id: &str, since: i64) -> Entry {
    Entry { waiting_since: at(since), entered: at(since), ..entry(id, "Billing@.GA") }
}

/// Lets time pass from one due moment to the next; what was said, and when.
fn pass(router: &mut Router, until: i64) -> Vec<(i64, String)> {
    let mut said = Vec::new();
    while let Some(due) = router.next_due().filter(|due| *due <= at(until)) {
        let outcomes: Vec<Outcome> = router.step(Command::Tick, due);
        said.extend(words(&outcomes).into_iter().map(|word| (due.epoch_seconds(), word)));
    }
    said
}

#[test]
fn a_later_call_leaves_the_agent_to_the_customer_who_answers() {
    let mut router = dialled();
    check(&mut router, Command::Submit(call("y", 5)), 5, &["queued y"]);
    assert_eq!(pass(&mut router, 9), []);
    let answered = EntryChange { routable: Some(true), ..EntryChange::default() };
    check(&mut router, update("x", answered), 9, &["updated x true", "x gets a"]);
    check(&mut router, ready("b"), 10, &["y gets b"]);
}

#[test]
fn a_dial_without_answer_gives_the_agent_to_the_call_at_once() {
    let mut router = dialled();
    router.step(Command::Submit(call("y", 5)), at(5));
    let ended = Command::DialEnded { id: "x".to_owned(), answered: false };
    check(&mut router, ended, 8, &["y gets a"]);
}

#[test]
fn no_call_is_kept_from_an_agent_longer_than_is_set() {
    let mut router = dialled();
    router.step(Command::Submit(call("y", 5)), at(5));
    assert_eq!(pass(&mut router, 30), [(15, "y gets a".to_owned())]);
    let mut router = dialled();
    router.options.dial_ahead.keep_max = Duration::ZERO;
    check(&mut router, Command::Submit(call("y", 5)), 5, &["queued y", "y gets a"]);
}

#[test]
fn older_calls_and_those_of_higher_priority_are_not_kept_from_an_agent() {
    let mut router = dialled();
    check(&mut router, Command::Submit(call("y", -1)), 5, &["queued y", "y gets a"]);
    let mut router = dialled();
    let urgent = Entry { priority: 1, ..call("y", 5) };
    check(&mut router, Command::Submit(urgent), 5, &["queued y", "y gets a"]);
}

#[test]
fn an_agent_who_can_be_spared_is_not_kept() {
    let mut router = dialled();
    router.step(Command::Submit(call("y", 5)), at(5));
    check(&mut router, ready("b"), 6, &["y gets a"]);
    let mut router = dialled();
    check(&mut router, ready("d"), 3, &[]);
    check(&mut router, Command::Submit(call("y", 5)), 5, &["queued y", "y gets a"]);
}

#[test]
fn an_agent_is_kept_from_calls_for_other_targets_too() {
    let mut router = dialled();
    let other = Entry { target: "a@.A".to_owned(), queue: "R".into(), ..call("y", 5) };
    check(&mut router, Command::Submit(other), 5, &["queued y"]);
    let ended = Command::DialEnded { id: "x".to_owned(), answered: false };
    check(&mut router, ended, 8, &["y gets a"]);
}
