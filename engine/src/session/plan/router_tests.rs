//! What a session and the router know of each other: reservations, announced dials, places of calls, answers.

use routing::{Outcome, ReservationRefusal};
use serde_json::{Value, json};
use statecharts::{Effect, Event};
use store::Write;
use telephony::ReleasedBy;
use vocabulary::{AgentId, AttemptNo, CallState, EffectId, InteractionId, Timestamp};

use super::reserving::lost_by_restart;
use super::tests::{Bench, NOW, raised, submit, verb};
use super::{Plan, Planner};
use crate::session::answers::CallFact;
use crate::session::order::Action;
use crate::verbs;

/// What the session hears of outcomes of the router.
fn told(bench: &mut Bench, outcome: Outcome) -> Vec<String> {
    let mut plan = Plan::default();
    let events = bench.planner(&mut plan).queue_outcome(outcome);
    events.into_iter().map(|event| shown(&event)).collect()
}

fn shown(event: &Event) -> String {
    let data = event.data.clone().unwrap_or_default();
    let field = |name: &str| data.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    format!("{} {} {}", event.name, field("requestid"), field("error")).trim().to_owned()
}

fn reserve(bench: &mut Bench, agent: &str) -> Plan {
    bench.plan(vec![Effect::Verb(verb(verbs::QUEUE, "reserve", json!({"agent": agent, "seconds": 5})))])
}

fn holder(plan: &Plan) -> String {
    match &plan.orders.first().unwrap().action {
        Action::ReserveAgent { holder, duration_ms: 5000, .. } => holder.clone(),
        other => panic!("no reservation of 5 s: {other:?}"),
    }
}

fn reserved(holder: &str) -> Outcome {
    Outcome::AgentReserved { agent: AgentId::new("7001"), holder: holder.to_owned(), until: NOW }
}

fn expired(holder: &str) -> Outcome {
    Outcome::ReservationExpired { agent: AgentId::new("7001"), holder: holder.to_owned() }
}

#[test]
fn a_reservation_is_prolonged_under_its_first_id_and_every_request_is_answered_once() {
    let mut bench = Bench::new();
    let first = holder(&reserve(&mut bench, "7001"));
    assert_eq!(told(&mut bench, reserved(&first)), [format!("queue.reserve.done {first}")]);
    assert_eq!(told(&mut bench, reserved(&first)), Vec::<String>::new(), "twice");
    let mut plan = Plan::default();
    let again = verb(verbs::QUEUE, "reserve", json!({"agent": "7001", "seconds": 5}));
    bench.planner(&mut plan).step(8, vec![Effect::Verb(again)]);
    assert_eq!(holder(&plan), first);
    assert_eq!(told(&mut bench, reserved(&first)), ["queue.reserve.done S:8:0"]);
    assert_eq!(told(&mut bench, expired("S:1:0")), Vec::<String>::new(), "of an earlier reservation: late");
    assert_eq!(told(&mut bench, expired(&first)), [format!("queue.reservation.expired {first}")]);
    assert_eq!(told(&mut bench, expired(&first)), Vec::<String>::new(), "twice");
}

#[test]
fn whoever_is_refused_or_lets_go_does_not_have_the_agent() {
    let mut bench = Bench::new();
    let first = holder(&reserve(&mut bench, "7001"));
    let reason = ReservationRefusal::NotReady { agent: "7001".to_owned(), status: "busy" };
    let refused = Outcome::ReservationRefused { agent: AgentId::new("7001"), holder: first.clone(), reason };
    assert_eq!(told(&mut bench, refused), [format!("error.queue.reserve {first} notready")]);
    let second = holder(&reserve(&mut bench, "7001"));
    let release = verb(verbs::QUEUE, "release", json!({"agent": "7001", "delay": 250}));
    let plan = bench.plan(vec![Effect::Verb(release)]);
    let released =
        Action::ReleaseAgent { agent: "7001".to_owned(), holder: Some(second.clone()), delay_ms: 250 };
    assert_eq!(plan.orders.first().unwrap().action, released);
    assert_eq!(told(&mut bench, reserved(&second)), Vec::<String>::new(), "late");
    assert!(bench.context.reserved.is_empty() && bench.context.kept_agents.is_empty());
}

#[test]
fn a_session_keeps_so_many_agents_and_a_restart_ends_them_all() {
    let mut bench = Bench::new();
    for number in 0..16 {
        let _ordered = holder(&reserve(&mut bench, &format!("a{number}")));
    }
    let plan = reserve(&mut bench, "one too many");
    assert_eq!(raised(&plan), ["error.queue.reserve"]);
    let mut bench = Bench::new();
    let kept = holder(&reserve(&mut bench, "7001"));
    let _done = told(&mut bench, reserved(&kept));
    let _asked = reserve(&mut bench, "7002");
    let outcomes = lost_by_restart(&bench.context);
    let events: Vec<String> = outcomes.into_iter().flat_map(|outcome| told(&mut bench, outcome)).collect();
    assert_eq!(events, ["queue.reservation.expired S:7:0", "error.queue.reserve S:7:0 ended"]);
    assert!(bench.context.reserved.is_empty() && bench.context.reserving.is_empty());
}

#[test]
fn a_dial_names_its_place_and_uses_its_announcement_up() {
    let mut bench = Bench::new();
    let mut enter = submit("Loans@.GA");
    enter.attributes.insert("hints".to_owned(), json!({"routable": false, "notify": true}));
    let _entered = bench.plan(vec![Effect::Verb(enter)]);
    let dial = verb(verbs::INTERACTION, "createcall", json!({"from": "8000", "to": "+12025550123"}));
    let plan = bench.plan(vec![Effect::Verb(dial)]);
    match &plan.orders.first().unwrap().action {
        Action::Dial(dial) => assert_eq!(dial.entry.as_deref(), Some("S:7:0")),
        other => panic!("no dial: {other:?}"),
    }
    let kept = plan.writes.iter().find_map(|write| match write {
        Write::PutQueueEntry(row) => serde_json::from_str::<routing::Entry>(&row.entry).ok(),
        _ => None,
    });
    assert_eq!(kept.map(|entry| entry.notify), Some(false), "a restart does not announce it again");
}

#[test]
fn unreadable_data_of_a_call_are_a_warning_and_the_place_begins_now() {
    let mut bench = Bench::new();
    let udata = json!({"RouterData70": "yesterday", "GMS_URS_PRIORITY": "9"});
    let added = Event::external("interaction.added", json!({"interactionid": "c", "udata": udata}));
    bench.context.interactions.apply(&added);
    let mut enter = submit("Loans@.GA");
    enter.attributes.remove("priority");
    enter.attributes.remove("hints");
    let plan = bench.plan(vec![Effect::Verb(enter)]);
    let entry = bench.context.entries.values().next().unwrap();
    assert_eq!((entry.waiting_since, entry.priority), (NOW, 9));
    let warning = plan.timeline.iter().find(|line| line.kind == "warning").unwrap();
    assert!(
        warning.detail["problem"].as_str().unwrap().contains("RouterData70 is `yesterday`"),
        "{warning:?}"
    );
}

/// What is counted after these facts about the call of a customer, as seconds until something was heard.
fn counted(bench: &mut Bench, facts: Vec<CallFact>) -> Vec<Option<u64>> {
    let mut plan = Plan::default();
    let mut planner: Planner<'_> = bench.planner(&mut plan);
    for (second, fact) in facts.into_iter().enumerate() {
        planner.now = Timestamp::from_millis(NOW.as_millis() + i64::try_from(second).unwrap() * 1000);
        if let CallFact::TreatmentDone { treatment, call, .. } = fact {
            // Stands for the order to play: the end of a treatment changes nothing.
            let play = Action::Play {
                call,
                file: "a.wav".to_owned(),
                at_most_ms: None,
                repeat: false,
                hints: Value::Null,
            };
            planner.order(treatment, play);
        } else {
            let _events = planner.call_fact(fact);
        }
    }
    plan.answered.iter().map(|one| one.heard_at.map(|heard| heard.since(one.at).as_secs())).collect()
}

#[test]
fn what_a_customer_finds_is_counted_once_by_what_was_heard_first() {
    let call = || InteractionId::new("c");
    let effect = || EffectId { session: "T".into(), step: 1, index: 0 };
    let detected =
        |call_state| CallFact::Detected { call: call(), attempt: AttemptNo(1), call_state, kept_up: true };
    let human = || detected(CallState::OK);
    let plays = || CallFact::TreatmentDone { treatment: effect(), call: call(), digits: None };
    let fails = || CallFact::TreatmentFailed {
        treatment: effect(),
        call: call(),
        problem: "no file".to_owned(),
        collects: false,
    };
    let connected = || CallFact::AgentConnected { call: call(), dn: "7001".to_owned() };
    let moved = || CallFact::Redirected { call: call(), effect: effect() };
    let rings = || CallFact::AgentAlerting { call: call(), dn: "7001".to_owned() };
    let back = || CallFact::Diverted { call: call(), dn: "7001".to_owned(), declined: true };
    let over = |by| CallFact::Released { call: call(), by };
    let gone = || over(ReleasedBy::Customer);
    for (facts, expected) in [
        (vec![human(), gone()], vec![None]),
        (vec![human(), plays(), gone()], vec![Some(1)]),
        (vec![human(), plays(), fails(), gone()], vec![None]),
        (vec![human(), connected(), gone(), gone()], vec![Some(1)]),
        (vec![human(), plays(), connected(), gone()], vec![Some(1)]),
        (vec![human(), moved(), gone()], vec![Some(1)]),
        (vec![human(), moved(), back(), gone()], vec![None]),
        (vec![human(), moved(), rings(), gone()], vec![None]),
        (vec![human(), moved(), rings(), connected(), gone()], vec![Some(3)]),
        (vec![human(), over(ReleasedBy::Unknown)], vec![]),
        (vec![detected(CallState::ANSWERING_MACHINE_DETECTED), gone()], vec![]),
        (vec![gone(), human(), gone()], vec![None]),
    ] {
        let said = format!("{facts:?}");
        assert_eq!(counted(&mut Bench::new(), facts), expected, "{said}");
    }
    let mut without_callback = Bench::new();
    without_callback.record = None;
    assert_eq!(counted(&mut without_callback, vec![human(), gone()]), vec![]);
}

fn submitted(bench: &mut Bench, hints: Value) -> routing::Entry {
    let mut enter = submit("Loans@.GA");
    enter.attributes.insert("hints".to_owned(), hints);
    match &bench.plan(vec![Effect::Verb(enter)]).orders.first().unwrap().action {
        Action::Submit(entry) => (**entry).clone(),
        other => panic!("no submit: {other:?}"),
    }
}

#[test]
fn a_place_that_is_taken_anew_says_so() {
    let mut bench = Bench::new();
    let first = submitted(&mut bench, json!({}));
    assert_eq!((first.is_taken_anew, first.entered), (false, NOW));
    // Charts know the time in whole seconds.
    let first = submitted(&mut bench, json!({"entered": NOW.epoch_seconds()}));
    assert_eq!((first.is_taken_anew, first.entered), (false, NOW));
    let again = submitted(&mut bench, json!({"entered": NOW.epoch_seconds() - 20}));
    assert!(again.is_taken_anew);
    assert_eq!(again.entered.epoch_seconds(), NOW.epoch_seconds() - 20);
}

#[test]
fn that_a_place_is_not_to_be_announced_reaches_the_router() {
    let mut bench = Bench::new();
    let mut enter = submit("Loans@.GA");
    enter.attributes.insert("hints".to_owned(), json!({"routable": false, "notify": true}));
    let _entered = bench.plan(vec![Effect::Verb(enter)]);
    let place = bench.context.entries.keys().next().unwrap().clone();
    let hold = json!({"requestid": place, "hints": {"notify": false}});
    let plan = bench.plan(vec![Effect::Verb(verb(verbs::QUEUE, "update", hold))]);
    match &plan.orders.first().unwrap().action {
        Action::UpdateEntry { entry, change } => {
            assert_eq!((entry, change.notify, change.routable), (&place, Some(false), None));
        }
        other => panic!("no update: {other:?}"),
    }
    assert!(!bench.context.entries[&place].notify, "nor after a restart");
}
