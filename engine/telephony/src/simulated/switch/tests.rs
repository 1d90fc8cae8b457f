use std::time::Duration;

use serde_json::{Value, json};
use vocabulary::{AttemptNo, CallState, EffectId, PhoneNumber, Timestamp};

use super::SimulatedSwitch;
use crate::{
    AgentBehaviour, Behaviour, CollectDigits, Command, ControlError, CreateCall, Event, Play, PlayLength,
    Redirect, ReleasedBy, Settings, TalkTime, demo_behaviours,
};

const CUSTOMER: &str = "+12025550123";

pub(super) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

pub(super) fn effect(index: u32) -> EffectId {
    EffectId { session: "S".into(), step: 0, index }
}

/// Exact times: a dial rings after 0.5 s, a human answers after 3 s, detection takes 2 s, an agent rings after 0.2 s.
pub(super) fn settings() -> Settings {
    Settings {
        jitter: Duration::ZERO,
        behaviour_by_digits: demo_behaviours(),
        agent_dns: ["7001", "7002"].into_iter().map(str::to_owned).collect(),
        route_points: ["8001".to_owned()].into(),
        unplayable_files: ["missing.wav".to_owned()].into(),
        ..Settings::default()
    }
}

fn switch() -> SimulatedSwitch {
    SimulatedSwitch::new(1, settings())
}

pub(super) fn dial(call: &str, to: &str) -> CreateCall {
    CreateCall {
        call: call.into(),
        effect: effect(0),
        callback: Some("node-1".into()),
        attempt: AttemptNo(1),
        from: "8000".to_owned(),
        to: PhoneNumber::new(to),
        ring_timeout: Duration::from_secs(32),
        detection: Some(Duration::from_secs(12)),
        user_data: json!({"GMS_ServiceName": "support"}),
        hints: Value::Null,
    }
}

pub(super) fn play(call: &str, index: u32, file: &str, length: PlayLength) -> Command {
    Command::Play(Play {
        treatment: effect(index),
        call: call.into(),
        file: file.to_owned(),
        length,
        hints: Value::Null,
    })
}

pub(super) fn redirect(call: &str, to: &str, confirm: bool) -> Command {
    Command::Redirect(Redirect {
        effect: effect(5),
        call: call.into(),
        to: to.to_owned(),
        ring_timeout: Duration::from_secs(15),
        confirm,
        hints: Value::Null,
    })
}

fn hang_up(call: &str) -> Command {
    Command::HangUp { call: call.into(), reason: "cancelled".to_owned() }
}

/// An event in a few words.
fn word(event: &Event) -> String {
    match event {
        Event::Ringing { call, .. } => format!("{call} rings"),
        Event::Answered { call, .. } => format!("{call} answered"),
        Event::Detected { call, call_state, kept_up, .. } => {
            format!("{call} detected {call_state}{}", if *kept_up { "" } else { " dropped" })
        }
        Event::DialFailed { call, call_state, .. } => format!("{call} failed {call_state}"),
        Event::TreatmentDone { treatment, digits, .. } => match digits {
            Some(digits) => format!("treatment {} done: {digits:?}", treatment.index),
            None => format!("treatment {} done", treatment.index),
        },
        Event::TreatmentFailed { treatment, .. } => format!("treatment {} failed", treatment.index),
        Event::Redirected { call, .. } => format!("{call} redirected"),
        Event::RedirectFailed { call, .. } => format!("{call} redirect failed"),
        Event::AgentAlerting { dn, .. } => format!("{dn} alerting"),
        Event::AgentConnected { dn, .. } => format!("{dn} connected"),
        Event::Diverted { dn, declined, .. } => {
            format!("{dn} {}", if *declined { "declined" } else { "rang out" })
        }
        Event::Released { call, by, dn } => match dn {
            Some(dn) => format!("{call} released by {by:?} at {dn}"),
            None => format!("{call} released by {by:?}"),
        },
        Event::CallArrived { route_point, dnis, .. } => format!("call at {route_point} for {dnis}"),
    }
}

fn words(events: &[Event]) -> Vec<String> {
    events.iter().map(word).collect()
}

/// Gives an order and compares what it brings at once.
fn order(switch: &mut SimulatedSwitch, command: Command, millis: i64, expected: &[&str]) {
    let text = format!("{command:?}");
    assert_eq!(words(&switch.step(command, at(millis))), expected, "{text}");
}

/// Lets time pass up to `millis` and compares each event with its time.
fn check_until(switch: &mut SimulatedSwitch, millis: i64, expected: &[(i64, &str)]) {
    let mut seen = Vec::new();
    while let Some(due) = switch.next_due().filter(|due| *due <= at(millis)) {
        for event in switch.tick(due) {
            seen.push((due.as_millis(), word(&event)));
        }
    }
    let seen: Vec<(i64, &str)> = seen.iter().map(|(at, word)| (*at, word.as_str())).collect();
    assert_eq!(seen, expected);
}

/// A switch with call `c` answered by a human at 5.5 s.
fn with_answered_call() -> SimulatedSwitch {
    let mut switch = switch();
    switch.step(Command::CreateCall(dial("c", CUSTOMER)), at(0));
    assert_eq!(switch.tick(at(5_500)).len(), 3);
    switch
}

#[test]
fn what_customers_do_becomes_the_events_of_a_dial() {
    for (number, expected) in [
        (CUSTOMER, vec![(500, "c rings"), (3_500, "c answered"), (5_500, "c detected 0")]),
        ("+12025550110", vec![(500, "c failed 6")]),
        ("+12025550111", vec![(500, "c rings"), (32_000, "c failed 7")]),
        ("+12025550112", vec![(500, "c rings"), (3_500, "c answered"), (5_500, "c detected 9")]),
        ("+12025550113", vec![(500, "c rings"), (3_500, "c answered"), (5_500, "c detected 17 dropped")]),
        ("+12025550114", vec![(500, "c rings"), (3_500, "c answered"), (5_500, "c detected 8")]),
        ("+12025550115", vec![(500, "c failed 12")]),
        ("+12025550116", vec![(500, "c failed 16")]),
        (
            "+12025550117",
            vec![
                (500, "c rings"),
                (3_500, "c answered"),
                (5_500, "c detected 0"),
                (13_500, "c released by Customer"),
            ],
        ),
    ] {
        let mut switch = switch();
        order(&mut switch, Command::CreateCall(dial("c", number)), 0, &[]);
        check_until(&mut switch, 100_000, &expected);
    }
}

#[test]
fn a_dial_answers_with_its_effect() {
    let mut switch = switch();
    switch.step(Command::CreateCall(dial("c", CUSTOMER)), at(0));
    for event in switch.tick(at(10_000)) {
        match event {
            Event::Ringing { effect, .. }
            | Event::Answered { effect, .. }
            | Event::Detected { effect, .. } => assert_eq!(effect, super::tests::effect(0)),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_dialling_prefix_does_not_change_the_customer() {
    let mut switch = switch();
    order(&mut switch, Command::CreateCall(dial("c", "9912025550110")), 0, &[]);
    check_until(&mut switch, 100_000, &[(500, "c failed 6")]);
}

#[test]
fn the_ringing_limit_counts_from_the_order() {
    let mut switch = switch();
    let impatient = CreateCall { ring_timeout: Duration::from_millis(3_500), ..dial("c", CUSTOMER) };
    order(&mut switch, Command::CreateCall(impatient), 0, &[]);
    check_until(&mut switch, 100_000, &[(500, "c rings"), (3_500, "c failed 7")]);
}

#[test]
fn without_detection_it_is_known_at_once_that_somebody_answered() {
    let mut switch = switch();
    let plain = CreateCall { detection: None, ..dial("c", "+12025550112") };
    order(&mut switch, Command::CreateCall(plain), 0, &[]);
    check_until(&mut switch, 100_000, &[(500, "c rings"), (3_500, "c answered"), (3_500, "c detected 0")]);
}

#[test]
fn the_end_of_the_detection_limit_counts_as_human() {
    //= guide: options _call_timeguard_timeout
    //= type=test
    let mut switch = switch();
    let short = CreateCall { detection: Some(Duration::from_millis(1_500)), ..dial("c", "+12025550112") };
    order(&mut switch, Command::CreateCall(short), 0, &[]);
    check_until(&mut switch, 100_000, &[(500, "c rings"), (3_500, "c answered"), (5_000, "c detected 0")]);
}

#[test]
fn a_machine_is_dropped_when_the_switch_does_not_connect_machines() {
    //= guide: machine-answered calls are kept up only with am-detected=connect
    //= type=test
    let mut switch = SimulatedSwitch::new(1, Settings { am_detected_connect: false, ..settings() });
    switch.step(Command::CreateCall(dial("c", "+12025550112")), at(0));
    check_until(
        &mut switch,
        5_500,
        &[(500, "c rings"), (3_500, "c answered"), (5_500, "c detected 9 dropped")],
    );
    assert!(switch.calls().is_empty());
}

#[test]
fn a_fax_that_was_moved_to_an_agent_before_it_was_known_is_not_dropped() {
    let mut switch = switch();
    switch.step(Command::CreateCall(dial("c", "+12025550113")), at(0));
    switch.tick(at(4_000));
    switch.step(redirect("c", "7001", true), at(4_000));
    check_until(&mut switch, 5_500, &[(4_200, "7001 alerting"), (5_500, "c detected 17")]);
}

#[test]
fn lines_are_limited_and_ids_are_not_dialled_twice() {
    let mut switch = SimulatedSwitch::new(1, Settings { max_calls: 1, ..settings() });
    order(&mut switch, Command::CreateCall(dial("c", CUSTOMER)), 0, &[]);
    order(&mut switch, Command::CreateCall(dial("c", CUSTOMER)), 0, &["c failed 3"]);
    order(&mut switch, Command::CreateCall(dial("d", CUSTOMER)), 0, &["d failed 10"]);
    let arriving = switch.inbound_call(PhoneNumber::new(CUSTOMER), "8001", "8555", None, at(0));
    assert_eq!(arriving, Err(ControlError::AllTrunksBusy { limit: 1 }));
}

#[test]
fn a_customer_may_be_changed_while_the_phone_rings() {
    let mut switch = switch();
    let number = PhoneNumber::new("+12025550111");
    switch.step(Command::CreateCall(dial("c", number.as_str())), at(0));
    check_until(&mut switch, 10_000, &[(500, "c rings")]);
    let human = Behaviour::Human { answers_after: None };
    switch.set_customer(&number, human, at(10_000)).unwrap();
    check_until(&mut switch, 20_000, &[(10_000, "c answered"), (12_000, "c detected 0")]);
    switch.step(Command::CreateCall(dial("d", number.as_str())), at(20_000));
    check_until(&mut switch, 24_000, &[(20_500, "d rings"), (23_500, "d answered")]);
}

#[test]
fn a_customer_who_hangs_up_a_ringing_phone_is_busy() {
    let mut switch = switch();
    switch.step(Command::CreateCall(dial("c", CUSTOMER)), at(0));
    let events = switch.customer_hangs_up(&PhoneNumber::new("12025550123"), at(1_000));
    assert_eq!(words(&events), ["c rings", "c failed 6"]);
    let events = switch.customer_hangs_up(&PhoneNumber::new("12025550123"), at(1_000));
    assert!(events.is_empty());
    assert_eq!(switch.next_due(), None, "nothing of the call is left");
}

#[test]
fn a_file_ends_at_its_length_or_limit_and_a_loop_does_not_end() {
    for (length, expected) in [
        (PlayLength::Once, vec![(11_000, "treatment 1 done")]),
        (PlayLength::AtMost(Duration::from_secs(2)), vec![(8_000, "treatment 1 done")]),
        (PlayLength::AtMost(Duration::from_secs(60)), vec![(11_000, "treatment 1 done")]),
        (PlayLength::Loop, vec![]),
    ] {
        let mut switch = with_answered_call();
        order(&mut switch, play("c", 1, "music", length), 6_000, &[]);
        check_until(&mut switch, 600_000, &expected);
    }
}

#[test]
fn a_treatment_that_is_stopped_or_replaced_says_no_more() {
    let mut switch = with_answered_call();
    order(&mut switch, play("c", 1, "music", PlayLength::Once), 6_000, &[]);
    let stop = |index| Command::StopPlaying { treatment: effect(index) };
    order(&mut switch, stop(1), 7_000, &[]);
    order(&mut switch, stop(1), 7_000, &[]);
    order(&mut switch, play("c", 2, "music", PlayLength::Once), 7_000, &[]);
    order(&mut switch, play("c", 3, "hello", PlayLength::Once), 8_000, &[]);
    assert_eq!(switch.calls()[0].playing.as_deref(), Some("hello"));
    check_until(&mut switch, 600_000, &[(13_000, "treatment 3 done")]);
}

#[test]
fn with_the_beep_hint_a_machine_hears_the_file_after_its_beep() {
    //= guide: hint am-beep-detection
    //= type=test
    for (number, hint, ends_at) in [
        ("+12025550112", json!({"am-beep-detection": "on"}), 14_500),
        ("+12025550112", json!({"am-beep-detection": "off"}), 10_500),
        (CUSTOMER, json!({"am-beep-detection": "on"}), 10_500),
    ] {
        let mut switch = switch();
        switch.step(Command::CreateCall(dial("c", number)), at(0));
        switch.tick(at(5_500));
        let order = Play {
            treatment: effect(1),
            call: "c".into(),
            file: "message".to_owned(),
            length: PlayLength::Once,
            hints: hint,
        };
        switch.step(Command::Play(order), at(5_500));
        check_until(&mut switch, 600_000, &[(ends_at, "treatment 1 done")]);
    }
}

#[test]
fn what_cannot_be_played_fails_and_says_why() {
    let mut switch = with_answered_call();
    switch.step(Command::CreateCall(dial("ringing", CUSTOMER)), at(5_500));
    for (call, file, expected) in [
        ("c", "missing.wav", "no such file"),
        ("c", "", "no file is named"),
        ("gone", "music", "there is no call gone"),
        ("ringing", "music", "not answered yet"),
    ] {
        let events = switch.step(play(call, 1, file, PlayLength::Once), at(6_000));
        match events.last() {
            Some(Event::TreatmentFailed { problem, .. }) => {
                assert!(problem.contains(expected), "{problem}");
            }
            other => panic!("{call} {file}: {other:?}"),
        }
    }
}

#[test]
fn digits_of_a_caller_are_collected() {
    let caller = PhoneNumber::new(CUSTOMER);
    let collect = |call: &vocabulary::InteractionId, index: u32| {
        Command::CollectDigits(CollectDigits {
            treatment: effect(index),
            call: call.clone(),
            file: "enter your code".to_owned(),
            max_digits: 4,
            timeout: Duration::from_secs(10),
        })
    };
    let mut switch = switch();
    let (call, events) =
        switch.inbound_call(caller, "8001", "8555", Some("123456".to_owned()), at(0)).unwrap();
    assert_eq!(words(&events), ["call at 8001 for 8555"]);
    order(&mut switch, collect(&call, 1), 0, &[]);
    check_until(&mut switch, 60_000, &[(3_000, "treatment 1 done: \"1234\"")]);

    let (silent, _) =
        switch.inbound_call(PhoneNumber::new("+12025550199"), "8001", "8555", None, at(60_000)).unwrap();
    assert_ne!(silent, call);
    order(&mut switch, collect(&silent, 2), 60_000, &[]);
    check_until(&mut switch, 90_000, &[(70_000, "treatment 2 done: \"\"")]);

    order(&mut switch, collect(&silent, 3), 90_000, &[]);
    let events = switch.customer_types(&PhoneNumber::new("+12025550199"), "77", at(91_000)).unwrap();
    assert_eq!(words(&events), ["treatment 3 done: \"77\""]);
}

#[test]
fn an_agent_takes_a_call_by_order_and_the_talk_ends_by_itself() {
    let mut switch = with_answered_call();
    order(&mut switch, play("c", 1, "music", PlayLength::Loop), 6_000, &[]);
    order(&mut switch, redirect("c", "7001", true), 7_000, &["c redirected"]);
    assert_eq!(switch.calls()[0].playing, None);
    check_until(&mut switch, 9_000, &[(7_200, "7001 alerting")]);
    let answers = Command::AgentAnswers { dn: "7001".to_owned() };
    order(&mut switch, answers.clone(), 9_000, &["7001 connected"]);
    order(&mut switch, answers, 9_000, &[]);
    check_until(&mut switch, 60_000, &[(29_000, "c released by Customer at 7001")]);
}

#[test]
fn agents_answer_decline_or_let_it_ring_by_themselves() {
    let after = Duration::from_secs(2);
    for (behaviour, expected) in [
        (AgentBehaviour::Answers { after }, (9_200, "7001 connected")),
        (AgentBehaviour::Declines { after }, (9_200, "7001 declined")),
        (AgentBehaviour::Manual, (22_000, "7001 rang out")),
        (AgentBehaviour::RingsOut, (22_000, "7001 rang out")),
        (AgentBehaviour::Answers { after: Duration::from_secs(60) }, (22_000, "7001 rang out")),
    ] {
        let mut switch = with_answered_call();
        switch.set_agent("7001", behaviour, at(0)).unwrap();
        order(&mut switch, redirect("c", "7001", true), 7_000, &["c redirected"]);
        check_until(&mut switch, 22_000, &[(7_200, "7001 alerting"), expected]);
    }
}

#[test]
fn a_behaviour_that_is_set_while_the_phone_rings_applies() {
    let mut switch = with_answered_call();
    order(&mut switch, redirect("c", "7001", true), 7_000, &["c redirected"]);
    check_until(&mut switch, 8_000, &[(7_200, "7001 alerting")]);
    let answers = AgentBehaviour::Answers { after: Duration::ZERO };
    switch.set_agent("7001", answers, at(8_000)).unwrap();
    check_until(&mut switch, 8_000, &[(8_000, "7001 connected")]);
}

#[test]
fn a_declined_call_is_back_at_the_route_point_and_can_go_to_another_agent() {
    let mut switch = with_answered_call();
    for (orders, word) in [
        (Command::AgentDeclines { dn: "7001".to_owned() }, "7001 declined"),
        (Command::AgentHangsUp { dn: "7001".to_owned() }, "7001 declined"),
    ] {
        order(&mut switch, redirect("c", "7001", true), 7_000, &["c redirected"]);
        switch.tick(at(7_500));
        order(&mut switch, orders, 8_000, &[word]);
        assert_eq!(switch.calls()[0].phase, "answered");
    }
    order(&mut switch, play("c", 1, "music", PlayLength::Loop), 8_000, &[]);
    order(&mut switch, redirect("c", "7002", true), 8_000, &["c redirected"]);
}

#[test]
fn nobody_answers_at_a_desk_where_nobody_sits() {
    let mut switch = with_answered_call();
    switch.set_agent("7001", AgentBehaviour::RingsOut, at(0)).unwrap();
    switch.step(redirect("c", "7001", true), at(7_000));
    switch.tick(at(8_000));
    for nobody in [
        Command::AgentAnswers { dn: "7001".to_owned() },
        Command::AgentDeclines { dn: "7001".to_owned() },
        Command::AgentHangsUp { dn: "7001".to_owned() },
    ] {
        order(&mut switch, nobody, 9_000, &[]);
    }
}

#[test]
fn redirects_that_cannot_be_are_refused_and_the_call_stays() {
    let mut switch = with_answered_call();
    switch.step(Command::CreateCall(dial("d", CUSTOMER)), at(5_500));
    let refused = |switch: &mut SimulatedSwitch, call: &str, to: &str, confirm: bool, expected: &str| {
        let events = switch.step(redirect(call, to, confirm), at(6_000));
        match events.as_slice() {
            [.., Event::RedirectFailed { problem, effect, .. }] => {
                assert!(problem.contains(expected), "{problem}");
                assert_eq!(*effect, super::tests::effect(5));
            }
            other => panic!("{call} to {to}: {other:?}"),
        }
    };
    refused(&mut switch, "c", "7009", true, "no number 7009");
    refused(&mut switch, "c", "", true, "no destination");
    refused(&mut switch, "gone", "7001", true, "there is no call gone");
    refused(&mut switch, "d", "7001", true, "not answered yet");
    switch.step(redirect("c", "7001", true), at(6_000));
    switch.tick(at(15_000));
    let (inbound, _) =
        switch.inbound_call(PhoneNumber::new(CUSTOMER), "8001", "8555", None, at(6_000)).unwrap();
    refused(&mut switch, inbound.as_str(), "7001", true, "occupied by call c");
    refused(&mut switch, inbound.as_str(), "7001", false, "occupied by call c");
    switch.step(Command::AgentAnswers { dn: "7001".to_owned() }, at(16_000));
    refused(&mut switch, "c", "7002", true, "connected to 7001 already");
}

#[test]
fn a_call_that_rings_is_taken_back_and_rings_elsewhere() {
    let mut switch = with_answered_call();
    switch.step(redirect("c", "7001", true), at(6_000));
    switch.tick(at(9_000));
    assert_eq!(switch.calls()[0].phase, "alerting");
    order(&mut switch, redirect("c", "7002", true), 9_000, &["c redirected"]);
    let (inbound, _) =
        switch.inbound_call(PhoneNumber::new(CUSTOMER), "8001", "8555", None, at(9_000)).unwrap();
    order(&mut switch, redirect(inbound.as_str(), "7001", false), 9_000, &[&format!("{inbound} redirected")]);
    switch.tick(at(12_000));
    order(&mut switch, Command::AgentAnswers { dn: "7002".to_owned() }, 12_000, &["7002 connected"]);
}

#[test]
fn without_confirmation_no_event_tells_of_the_agent() {
    //= guide: options _ixn_redirect_confirm
    //= type=test
    for (to, released) in
        [("7001", "c released by Customer at 7001"), ("5005@Other_Switch", "c released by Customer")]
    {
        let mut switch = with_answered_call();
        order(&mut switch, redirect("c", to, false), 7_000, &["c redirected"]);
        assert_eq!(switch.calls()[0].phase, "talking");
        check_until(&mut switch, 60_000, &[(27_000, released)]);
    }
}

#[test]
fn a_call_moved_to_a_route_point_keeps_its_data() {
    let mut switch = with_answered_call();
    let attach = Command::Attach {
        call: "c".into(),
        pairs: json!({"GMS_URS_PRIORITY": 5, "GMS_ServiceName": "other"}),
    };
    order(&mut switch, attach, 6_000, &[]);
    order(&mut switch, redirect("c", "8001@SIP_Switch", true), 7_000, &["c redirected"]);
    let view = &switch.calls()[0];
    assert_eq!(view.at, "8001");
    assert_eq!(view.user_data, json!({"GMS_ServiceName": "other", "GMS_URS_PRIORITY": 5}));
}

#[test]
fn a_call_can_be_ended_at_every_stage_and_leaves_nothing() {
    for millis in [100, 1_000, 4_000, 6_000] {
        let mut switch = switch();
        switch.step(Command::CreateCall(dial("c", CUSTOMER)), at(0));
        switch.tick(at(millis));
        order(&mut switch, hang_up("c"), millis, &["c released by Platform"]);
        order(&mut switch, hang_up("c"), millis, &["c released by Unknown"]);
        assert_eq!(switch.next_due(), None);
    }
    let mut switch = with_answered_call();
    switch.step(play("c", 1, "music", PlayLength::Once), at(6_000));
    switch.step(redirect("c", "7001", true), at(6_000));
    switch.tick(at(7_000));
    order(&mut switch, hang_up("c"), 7_000, &["c released by Platform at 7001"]);
    assert_eq!(switch.next_due(), None);
    assert!(switch.occupied.is_empty());
}

#[test]
fn who_hangs_up_is_told() {
    let connected = |talk_time: Option<TalkTime>| {
        let mut switch = SimulatedSwitch::new(
            1,
            Settings {
                talk_time,
                agent_behaviour: AgentBehaviour::Answers { after: Duration::ZERO },
                ..settings()
            },
        );
        switch.step(Command::CreateCall(dial("c", CUSTOMER)), at(0));
        switch.step(redirect("c", "7001", true), at(6_000));
        switch.tick(at(6_200));
        switch
    };
    let mut switch = connected(None);
    assert_eq!(switch.next_due(), None, "such a talk never ends by itself");
    let agent = Command::AgentHangsUp { dn: "7001".to_owned() };
    order(&mut switch, agent, 9_000, &["c released by Agent at 7001"]);

    let mut switch = connected(None);
    let events = switch.customer_hangs_up(&PhoneNumber::new(CUSTOMER), at(9_000));
    assert_eq!(words(&events), ["c released by Customer at 7001"]);

    let mut switch = connected(Some(TalkTime { after: Duration::from_secs(5), ended_by: ReleasedBy::Agent }));
    check_until(&mut switch, 60_000, &[(11_200, "c released by Agent at 7001")]);
}

#[test]
fn orders_for_calls_that_are_gone_are_answered() {
    let mut switch = switch();
    order(&mut switch, hang_up("gone"), 0, &["gone released by Unknown"]);
    let attach = Command::Attach { call: "gone".into(), pairs: json!({}) };
    order(&mut switch, attach, 0, &["gone released by Unknown"]);
    order(&mut switch, play("gone", 1, "music", PlayLength::Once), 0, &["treatment 1 failed"]);
    order(&mut switch, redirect("gone", "7001", true), 0, &["gone redirect failed"]);
    for dn in ["7001", "7009"] {
        let dn = dn.to_owned();
        order(&mut switch, Command::AgentAnswers { dn: dn.clone() }, 0, &[]);
        order(&mut switch, Command::AgentDeclines { dn: dn.clone() }, 0, &[]);
        order(&mut switch, Command::AgentHangsUp { dn }, 0, &[]);
    }
}

#[test]
fn controls_that_cannot_be_carried_out_say_why() {
    let mut switch = SimulatedSwitch::new(1, Settings { max_customers: 1, ..settings() });
    assert_eq!(
        switch.set_agent("7009", AgentBehaviour::Manual, at(0)),
        Err(ControlError::UnknownAgent { dn: "7009".to_owned() })
    );
    let set = |switch: &mut SimulatedSwitch, number: &str, behaviour: Behaviour| {
        switch.set_customer(&PhoneNumber::new(number), behaviour, at(0))
    };
    assert_eq!(set(&mut switch, "anonymous", Behaviour::Busy), Err(ControlError::NoDigits));
    let wrong_tone = Behaviour::Sit { call_state: CallState::BUSY };
    assert!(matches!(set(&mut switch, CUSTOMER, wrong_tone), Err(ControlError::MalformedBehaviour(_))));
    assert_eq!(set(&mut switch, CUSTOMER, Behaviour::Busy), Ok(()));
    assert_eq!(set(&mut switch, CUSTOMER, Behaviour::NoAnswer), Ok(()));
    assert_eq!(
        set(&mut switch, "+12025550124", Behaviour::Busy),
        Err(ControlError::TooManyCustomers { limit: 1 })
    );
}

#[test]
fn agents_can_be_configured_while_calls_run() {
    let mut switch = with_answered_call();
    switch.step(redirect("c", "7001", true), at(6_000));
    switch.tick(at(7_000));
    switch.configure_agents(["7003".to_owned()].into());
    let answers = Command::AgentAnswers { dn: "7001".to_owned() };
    order(&mut switch, answers, 8_000, &["7001 connected"]);
    let (inbound, _) =
        switch.inbound_call(PhoneNumber::new(CUSTOMER), "8001", "8555", None, at(8_000)).unwrap();
    order(&mut switch, redirect(inbound.as_str(), "7003", true), 8_000, &[&format!("{inbound} redirected")]);
}

#[test]
fn the_demo_table_is_written_for_its_readers() {
    let table: Vec<String> =
        demo_behaviours().iter().map(|(digits, behaviour)| format!("…{digits} {behaviour}")).collect();
    assert_eq!(
        table,
        [
            "…0110 is busy",
            "…0111 does not answer",
            "…0112 has an answering machine that answers",
            "…0113 has a fax that answers",
            "…0114 answers and says nothing",
            "…0115 cannot be reached: tone 12",
            "…0116 cannot be reached: tone 16",
            "…0117 answers and hangs up",
        ]
    );
}
