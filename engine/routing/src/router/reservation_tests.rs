//! Agents at work: desks, after-call work, reservation, and what comes back when an agent cannot be had.

use std::time::Duration;

use super::tests::{at, check, entry, profile, ready, release, status};
use super::{Options, Router};
use crate::agents::AfterCallWork;
use crate::{AgentStatus, Command, Desk, Entry, Outcome};

/// The usual agents; the first request for a reservation wins at once.
fn router() -> Router {
    let mut router = super::tests::router();
    router.options.reservation_collection = Duration::ZERO;
    router
}

fn reserve(agent: &str, holder: &str, seconds: u64) -> Command {
    let duration = Duration::from_secs(seconds);
    Command::ReserveAgent { agent: agent.into(), holder: holder.to_owned(), priority: 0, duration }
}

fn refresh(agent: &str, holder: &str, seconds: u64) -> Command {
    let duration = Duration::from_secs(seconds);
    Command::RefreshReservation { agent: agent.into(), holder: holder.to_owned(), duration }
}

fn failed(id: &str, agent: &str) -> Command {
    Command::RouteFailed { id: id.to_owned(), agent: agent.into() }
}

fn submit(id: &str, target: &str) -> Command {
    Command::Submit(entry(id, target))
}

#[test]
fn an_agent_reserved_without_an_entry_is_given_to_nobody_else() {
    let mut router = router();
    check(&mut router, reserve("a", "h", 10), 0, &["a not kept for h"]);
    check(&mut router, ready("a"), 1, &[]);
    check(&mut router, reserve("a", "h", 10), 1, &["a kept for h"]);
    check(&mut router, reserve("a", "other", 10), 2, &["a not kept for other"]);
    check(&mut router, submit("x", "a@.A"), 3, &["queued x"]);
    check(&mut router, refresh("a", "h", 10), 5, &["a kept for h"]);
    check(&mut router, Command::Tick, 14, &[]);
    check(&mut router, Command::Tick, 15, &["expired a h", "x gets a"]);
    check(&mut router, refresh("a", "h", 10), 16, &["a not kept for h"]);
    check(&mut router, reserve("a", "x", 0), 17, &[]);
    assert_eq!(router.agent(&"a".into()).unwrap().reserved_for, None, "a time of 0 keeps nobody");
}

#[test]
fn a_refusal_says_why() {
    let mut router = router();
    let reason = |router: &mut Router, command: Command| match router.step(command, at(0)).as_slice() {
        [Outcome::ReservationRefused { reason, .. }] => reason.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(reason(&mut router, reserve("a", "h", 1)), "agent `a` is logged out");
    assert_eq!(reason(&mut router, reserve("nobody", "h", 1)), "there is no agent `nobody`");
    router.step(ready("a"), at(0));
    router.step(reserve("a", "first", 9), at(0));
    assert_eq!(reason(&mut router, reserve("a", "h", 1)), "agent `a` is reserved for `first`");
    assert_eq!(reason(&mut router, refresh("a", "h", 1)), "agent `a` is not reserved for `h` any more");
}

#[test]
fn a_late_release_does_not_free_the_next_ones_agent() {
    let mut router = router();
    for id in ["x", "y"] {
        router.step(submit(id, "a@.A"), at(0));
    }
    check(&mut router, ready("a"), 1, &["x gets a"]);
    check(&mut router, release("a", Some("x")), 2, &["y gets a"]);
    check(&mut router, release("a", Some("x")), 3, &[]);
    assert_eq!(router.agent(&"a".into()).unwrap().reserved_for.as_deref(), Some("y"));
}

#[test]
fn a_release_with_delay_keeps_the_agent_for_that_long_once() {
    let mut router = router();
    let later = || Command::ReleaseAgent {
        agent: "a".into(),
        holder: Some("x".to_owned()),
        delay: Duration::from_secs(3),
    };
    for id in ["x", "y"] {
        router.step(submit(id, "a@.A"), at(0));
    }
    check(&mut router, ready("a"), 1, &["x gets a"]);
    check(&mut router, later(), 10, &[]);
    check(&mut router, later(), 12, &[]);
    check(&mut router, Command::Tick, 13, &["y gets a"]);
}

#[test]
fn a_vanished_agents_entry_waits_in_its_old_place_for_another() {
    let mut router = router();
    for (id, since) in [("first", 0), ("second", 5)] {
        let submitted = Entry { waiting_since: at(since), ..entry(id, "Billing@.GA") };
        router.step(Command::Submit(submitted), at(6));
    }
    check(&mut router, ready("a"), 7, &["first gets a"]);
    let gone = || Command::AgentVanished { agent: "a".into() };
    check(&mut router, gone(), 8, &["returned first from a"]);
    assert_eq!(router.position("first", at(8)).unwrap().position, 1);
    assert_eq!(router.agent(&"a".into()).unwrap().status, AgentStatus::LoggedOut);
    check(&mut router, gone(), 9, &[]);
    check(&mut router, ready("a"), 10, &["second gets a"]);
    check(&mut router, ready("b"), 11, &["first gets b"]);
}

#[test]
fn a_vanished_agent_with_a_call_gives_nothing_back() {
    let mut router = router();
    router.step(submit("x", "a@.A"), at(0));
    check(&mut router, ready("a"), 1, &["x gets a"]);
    router.step(status("a", AgentStatus::Busy), at(2));
    check(&mut router, Command::AgentVanished { agent: "a".into() }, 3, &[]);
    assert!(router.entry("x").is_none());
}

#[test]
fn a_removed_agent_is_gone_and_one_who_is_put_is_there() {
    let mut router = router();
    router.step(submit("x", "Billing@.GA"), at(0));
    check(&mut router, ready("a"), 1, &["x gets a"]);
    check(&mut router, Command::RemoveAgent { agent: "a".into() }, 2, &["returned x from a"]);
    assert!(router.agent(&"a".into()).is_none());
    router.step(Command::PutAgent(profile("new", &["Billing"], &[])), at(3));
    check(&mut router, ready("new"), 4, &["x gets new"]);
}

#[test]
fn skills_that_change_while_people_wait_count_at_once() {
    let mut router = router();
    router.step(submit("x", "?:Loans>2@.GA"), at(0));
    check(&mut router, ready("a"), 1, &[]);
    check(&mut router, Command::PutAgent(profile("a", &["Billing"], &[("Loans", 3)])), 2, &["x gets a"]);
    router.step(release("a", None), at(3));
    router.step(Command::PutAgent(profile("a", &[], &[])), at(3));
    check(&mut router, submit("y", "Billing@.GA"), 4, &["queued y"]);
}

#[test]
fn failed_routes_try_other_agents_up_to_the_limit() {
    let mut router = router();
    let submitted = Entry { max_route_attempts: 2, ..entry("x", "Billing@.GA") };
    router.step(Command::Submit(submitted), at(0));
    check(&mut router, ready("a"), 1, &["x gets a"]);
    check(&mut router, failed("x", "b"), 2, &["not held x"]);
    check(&mut router, failed("x", "a"), 2, &["returned x from a"]);
    check(&mut router, failed("x", "a"), 3, &[]);
    check(&mut router, ready("b"), 4, &["x gets b"]);
    check(&mut router, failed("x", "a"), 5, &[]);
    router.step(status("b", AgentStatus::Ringing), at(5));
    router.step(ready("b"), at(6));
    check(&mut router, failed("x", "b"), 7, &["given up x 2"]);
    check(&mut router, failed("x", "b"), 8, &["not held x"]);
    check(&mut router, submit("y", "b@.A"), 9, &["queued y", "y gets b"]);
}

#[test]
fn what_was_selected_is_forgotten_after_a_while_or_when_done() {
    let mut router = router();
    for (id, agent) in [("x", "a"), ("y", "b"), ("z", "d")] {
        router.step(submit(id, &format!("{agent}@.A")), at(0));
        router.step(ready(agent), at(0));
        router.step(status(agent, AgentStatus::Busy), at(1));
    }
    router.step(Command::RouteDone { id: "x".to_owned() }, at(2));
    router.step(Command::Cancel { id: "y".to_owned() }, at(2));
    check(&mut router, failed("x", "a"), 3, &["not held x"]);
    check(&mut router, failed("y", "b"), 3, &["not held y"]);
    check(&mut router, failed("z", "d"), 121, &["not held z"]);
    assert!(router.held.is_empty());
}

#[test]
fn after_call_work_ends_by_itself_in_what_was_asked_for() {
    let by_group = [("Sales".to_owned(), Duration::from_secs(20))].into();
    let after_call_work = AfterCallWork { standard: Some(Duration::from_secs(5)), by_group };
    let mut router = Router::new(Options { after_call_work, ..Options::default() });
    let agents = vec![profile("a", &["Billing"], &[]), profile("c", &["Billing", "Sales"], &[])];
    router.step(Command::ConfigureAgents(agents), at(0));
    let state = |router: &Router, agent: &str| router.agent(&agent.into()).unwrap().status;
    for agent in ["a", "c"] {
        router.step(status(agent, AgentStatus::Busy), at(0));
        if agent == "c" {
            router.step(request(agent, lunch()), at(5));
        }
        router.step(Command::EndCall { agent: agent.into() }, at(10));
        assert_eq!(state(&router, agent), AgentStatus::AfterCallWork);
    }
    router.step(Command::EndCall { agent: "a".into() }, at(11));
    assert_eq!(router.next_due(), Some(at(15)));
    router.step(Command::Tick, at(15));
    assert_eq!((state(&router, "a"), state(&router, "c")), (AgentStatus::Ready, AgentStatus::AfterCallWork));
    router.step(Command::Tick, at(30));
    assert_eq!(state(&router, "c"), lunch());
    router.step(status("a", AgentStatus::Ringing), at(31));
    router.step(Command::EndCall { agent: "a".into() }, at(32));
    assert_eq!(state(&router, "a"), AgentStatus::Ready, "a call that only rang leaves no work");
}

fn request(agent: &str, status: AgentStatus) -> Command {
    Command::RequestStatus { agent: agent.into(), status }
}

fn lunch() -> AgentStatus {
    AgentStatus::NotReady { reason: Some("lunch".to_owned()) }
}

#[test]
fn what_an_agent_asks_for_while_a_call_is_on_its_way_comes_after_the_call() {
    let mut router = router();
    let state = |router: &Router| router.agent(&"a".into()).unwrap().status;
    for (asked_at_rest, ends) in [(true, "ends"), (false, "ends"), (true, "diverts"), (false, "diverts")] {
        router.step(status("a", AgentStatus::Ready), at(0));
        if asked_at_rest {
            router.step(request("a", lunch()), at(1));
            assert_eq!(state(&router), lunch());
        }
        router.step(status("a", AgentStatus::Ringing), at(1));
        if !asked_at_rest {
            router.step(request("a", lunch()), at(1));
        }
        assert_eq!(state(&router), AgentStatus::Ringing, "the phone rings: nobody else is given to her");
        let end = match ends {
            "ends" => Command::EndCall { agent: "a".into() },
            _ => {
                Command::ObserveAgent { agent: "a".into(), status: AgentStatus::Ready, at: at(2), call: None }
            }
        };
        router.step(end, at(2));
        assert_eq!(state(&router), lunch(), "asked at rest: {asked_at_rest}, the call {ends}");
    }
}

#[test]
fn what_was_asked_for_counts_for_one_call_only_and_is_told() {
    let mut router = router();
    router.step(status("a", AgentStatus::Busy), at(0));
    let told = |outcomes: Vec<Outcome>| {
        outcomes.into_iter().find_map(|outcome| match outcome {
            Outcome::AgentChanged { after_call, .. } => Some(after_call),
            _ => None,
        })
    };
    assert_eq!(told(router.step(request("a", lunch()), at(1))), Some(Some(lunch())));
    assert_eq!(told(router.step(request("a", lunch()), at(1))), None, "nothing new");
    assert_eq!(told(router.step(Command::EndCall { agent: "a".into() }, at(2))), Some(None));
    router.step(request("a", AgentStatus::Ready), at(3));
    router.step(status("a", AgentStatus::Busy), at(4));
    router.step(Command::EndCall { agent: "a".into() }, at(5));
    assert_eq!(router.agent(&"a".into()).unwrap().status, AgentStatus::Ready);
}

#[test]
fn nobody_leaves_during_a_call() {
    let mut router = router();
    router.step(status("a", AgentStatus::Ringing), at(0));
    let refused = "a: agent `a` is being called: logout is not possible before the end of the call";
    check(&mut router, request("a", AgentStatus::LoggedOut), 1, &[refused]);
    assert_eq!(router.agent(&"a".into()).unwrap().status, AgentStatus::Ringing);
}

#[test]
fn two_agents_never_share_a_desk() {
    let mut router = router();
    let desk = |dn: &str, place: &str| Desk {
        dn: dn.to_owned(),
        switch: "SIP_Switch".to_owned(),
        place: place.to_owned(),
    };
    let log_in = |agent: &str, desk: Desk| Command::LogIn { agent: agent.into(), desk: Some(desk) };
    check(&mut router, log_in("a", desk("7100", "window")), 0, &[]);
    assert_eq!(router.agent(&"a".into()).unwrap().profile.dn, "7100");
    let taken =
        "b: directory number `7100` of switch `SIP_Switch` is used by agent `a`, who has to log out first";
    check(&mut router, log_in("b", desk("7100", "door")), 1, &[taken]);
    let taken = "b: place `window` is used by agent `a`, who has to log out first";
    check(&mut router, log_in("b", desk("7101", "window")), 1, &[taken]);
    check(&mut router, submit("x", "window@.AP"), 2, &["queued x"]);
    check(&mut router, ready("a"), 3, &["x gets a"]);
    router.step(status("a", AgentStatus::LoggedOut), at(4));
    assert_eq!(router.agent(&"a".into()).unwrap().profile.dn, "7a", "the own desk again");
    check(&mut router, log_in("b", desk("7100", "window")), 5, &[]);
    router.step(
        Command::PutAgent(crate::AgentProfile { dn: "7100".to_owned(), ..profile("c", &[], &[]) }),
        at(6),
    );
    let taken =
        "c: directory number `7100` of switch `SIP_Switch` is used by agent `b`, who has to log out first";
    check(&mut router, ready("c"), 7, &[taken]);
    assert_eq!(router.agent(&"c".into()).unwrap().status, AgentStatus::LoggedOut);
}

#[test]
fn an_observation_that_comes_late_is_ignored() {
    let mut router = router();
    let observed = |status: AgentStatus, seconds: i64| Command::ObserveAgent {
        agent: "a".into(),
        status,
        at: at(seconds),
        call: None,
    };
    for id in ["x", "y"] {
        router.step(submit(id, "a@.A"), at(0));
    }
    check(&mut router, observed(AgentStatus::Ready, 1), 1, &["x gets a"]);
    check(&mut router, observed(AgentStatus::Busy, 5), 5, &[]);
    check(&mut router, observed(AgentStatus::Ready, 1), 6, &[]);
    check(&mut router, observed(AgentStatus::Ready, 9), 9, &["y gets a"]);
}

#[test]
fn a_call_may_ring_and_be_declined_within_a_millisecond() {
    let observed = |status: AgentStatus, call: &str| Command::ObserveAgent {
        agent: "a".into(),
        status,
        at: at(5),
        call: Some(call.to_owned()),
    };
    let is_after = |events: &[(AgentStatus, &str)]| {
        let mut router = router();
        router.step(submit("x", "a@.A"), at(0));
        router.step(ready("a"), at(1));
        for (status, call) in events {
            router.step(observed(status.clone(), call), at(5));
        }
        router.agent(&"a".into()).unwrap().status
    };
    use AgentStatus::{Busy, Ready, Ringing};
    assert_eq!(is_after(&[(Ringing, "1"), (Ready, "1")]), Ready);
    assert_eq!(is_after(&[(Ringing, "1"), (Ready, "1"), (Ringing, "1")]), Ready, "told twice");
    assert_eq!(is_after(&[(Ready, "1"), (Ringing, "1")]), Ready, "told the wrong way round");
    assert_eq!(is_after(&[(Busy, "1"), (Ringing, "1")]), Busy, "told the wrong way round");
    assert_eq!(is_after(&[(Ringing, "1"), (Busy, "1"), (Ready, "1")]), Ready);
    assert_eq!(is_after(&[(Ringing, "2"), (Ready, "1")]), Ringing, "the end of the call before");
}

#[test]
fn whoever_logs_out_while_kept_gives_the_call_back() {
    let mut router = router();
    check(&mut router, ready("a"), 0, &[]);
    check(&mut router, submit("x", "Billing@.GA"), 1, &["queued x", "x gets a"]);
    check(&mut router, ready("b"), 2, &[]);
    check(&mut router, request("a", AgentStatus::LoggedOut), 3, &["returned x from a", "x gets b"]);
    let left = router.agent(&"a".into()).unwrap();
    assert_eq!((left.status, left.reserved_for), (AgentStatus::LoggedOut, None));
    // Without an entry: whoever asked is told.
    check(&mut router, ready("c"), 4, &[]);
    check(&mut router, reserve("c", "h", 30), 5, &["c kept for h"]);
    check(&mut router, status("c", AgentStatus::LoggedOut), 6, &["expired c h"]);
    check(&mut router, refresh("c", "h", 30), 7, &["c not kept for h"]);
    check(&mut router, reserve("c", "h", 30), 8, &["c not kept for h"]);
}

#[test]
fn an_agent_who_wants_no_more_calls_is_kept_no_longer_than_said() {
    let mut router = router();
    check(&mut router, ready("a"), 0, &[]);
    check(&mut router, reserve("a", "h", 30), 1, &["a kept for h"]);
    check(&mut router, request("a", lunch()), 2, &[]);
    assert_eq!(router.agent(&"a".into()).unwrap().reserved_for.as_deref(), Some("h"), "the call may come");
    check(&mut router, refresh("a", "h", 30), 3, &["a not kept for h"]);
    check(&mut router, reserve("a", "h", 30), 4, &["a not kept for h"]);
    check(&mut router, Command::Tick, 31, &["expired a h"]);
    check(&mut router, ready("a"), 32, &[]);
    check(&mut router, reserve("a", "h", 30), 33, &["a kept for h"]);
    check(&mut router, request("a", lunch()), 34, &[]);
    check(&mut router, reserve("a", "h", 0), 35, &[]);
    assert_eq!(router.agent(&"a".into()).unwrap().reserved_for, None, "letting go is always possible");
}

#[test]
fn nobody_moves_while_a_call_is_on_its_way() {
    let mut router = router();
    let window = Desk { dn: "7100".to_owned(), switch: String::new(), place: "window".to_owned() };
    let move_to = || Command::LogIn { agent: "a".into(), desk: Some(window.clone()) };
    check(&mut router, ready("a"), 0, &[]);
    check(&mut router, reserve("a", "h", 30), 1, &["a kept for h"]);
    let refused = "a: agent `a` is kept for a call that is on its way: a login at another desk is possible after it, or \
                   after a logout";
    check(&mut router, move_to(), 2, &[refused]);
    assert_eq!(router.agent(&"a".into()).unwrap().profile.dn, "7a");
    check(&mut router, release("a", Some("h")), 3, &[]);
    check(&mut router, move_to(), 4, &[]);
    assert_eq!(router.agent(&"a".into()).unwrap().profile.dn, "7100");
}

#[test]
fn a_new_desk_of_an_agent_at_work_counts_from_the_next_login() {
    let mut router = router();
    let dn = |router: &Router| router.agent(&"a".into()).unwrap().profile.dn;
    let moved = || crate::AgentProfile { dn: "7999".to_owned(), ..profile("a", &["Billing"], &[]) };
    router.step(ready("a"), at(0));
    router.step(Command::PutAgent(moved()), at(1));
    assert_eq!(dn(&router), "7a", "the phone that the agent hears");
    router.step(Command::PutAgent(moved()), at(2));
    assert_eq!(dn(&router), "7a");
    router.step(request("a", AgentStatus::LoggedOut), at(3));
    assert_eq!(dn(&router), "7999");
    router.step(ready("a"), at(4));
    check(&mut router, submit("x", "a@.A"), 5, &["queued x", "x gets a"]);
}
