use std::time::Duration;

use serde_json::{Map, Value, json};
use statecharts::{Effect, Event, Failure, Invoke, InvokeSource, Limits, Send, Verb, VerbChild};
use store::{CallbackRow, EffectState, Write};
use vocabulary::{AttemptNo, CallbackId, CallbackState, InteractionId, ServiceName, SessionId, Timestamp};

use super::{Plan, Planner};
use crate::session::answers::CallFact;
use crate::session::context::{Context, HeldCall, NotificationPolicy};
use crate::session::order::Action;
use crate::verbs;

pub(super) const NOW: Timestamp = Timestamp::from_millis(1_900_000_000_000);

/// A session in the middle of its life.
pub(super) struct Bench {
    session: SessionId,
    pub(super) record: Option<CallbackRow>,
    pub(super) context: Context,
    ors: bool,
    limits: Limits,
}

impl Bench {
    pub(super) fn new() -> Self {
        let record = CallbackRow {
            id: CallbackId::new("1-a"),
            service: ServiceName::new("sales"),
            state: CallbackState::Queued,
            reason: None,
            customer_number: None,
            desired_time: NOW,
            requested_at: NOW,
            expires_at: NOW + Duration::from_secs(60),
            updated_at: NOW,
            session: None,
            attempts: AttemptNo(0),
            properties: Map::new(),
            user_data: Map::new(),
        };
        Self {
            session: SessionId::new("S"),
            record: Some(record),
            context: Context::default(),
            ors: false,
            limits: Limits { pending_sends: 3, invoke_depth: 2, ..Limits::default() },
        }
    }

    pub(super) fn plan(&mut self, effects: Vec<Effect>) -> Plan {
        let mut plan = Plan::default();
        self.planner(&mut plan).step(7, effects);
        plan
    }

    pub(super) fn planner<'a>(&'a mut self, plan: &'a mut Plan) -> Planner<'a> {
        Planner {
            session: &self.session,
            parent: None,
            invokeid: None,
            basic_http: "http://here.example/session/{session}/basichttp",
            ors: self.ors,
            now: NOW,
            limits: &self.limits,
            record: &mut self.record,
            context: &mut self.context,
            plan,
        }
    }
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

pub(super) fn verb(module: &str, element: &str, attributes: Value) -> Verb {
    Verb {
        request_id: "S:7:0".to_owned(),
        module: module.to_owned(),
        element: element.to_owned(),
        attributes: object(attributes),
        params: Vec::new(),
        content: None,
        children: Vec::new(),
    }
}

pub(super) fn submit(target: &str) -> Verb {
    let targetid = VerbChild {
        element: "targetid".to_owned(),
        attributes: object(json!({ "expr": target })),
        children: Vec::new(),
    };
    let targets =
        VerbChild { element: "targets".to_owned(), attributes: Map::new(), children: vec![targetid] };
    let attributes = json!({ "queue": "VQ", "priority": 3, "timeout": 60, "hints": { "routable": false, "age": 1_899_999_990.5 } });
    Verb { children: vec![targets], ..verb(verbs::QUEUE, "submit", attributes) }
}

pub(super) fn raised(plan: &Plan) -> Vec<&str> {
    plan.raised.iter().map(|event| event.name.as_str()).collect()
}

#[test]
fn a_dial_takes_the_next_attempt_of_its_callback_and_is_never_repeated() {
    let mut bench = Bench::new();
    let dial = verb(verbs::INTERACTION, "createcall", json!({ "from": "8000", "to": "+12025550123" }));
    let plan = bench.plan(vec![Effect::Verb(dial.clone()), Effect::Verb(dial)]);
    let attempts: Vec<u32> = plan
        .orders
        .iter()
        .map(|order| match &order.action {
            Action::Dial(dial) => dial.attempt.0,
            other => panic!("not a dial: {other:?}"),
        })
        .collect();
    assert_eq!(attempts, [1, 2]);
    assert_eq!(bench.record.unwrap().attempts, AttemptNo(2));
    assert!(plan.record_changed);
    let rows: Vec<bool> = plan
        .writes
        .iter()
        .filter_map(|write| match write {
            Write::PutEffect(row) => Some(row.repeatable || row.state != EffectState::Intended),
            _ => None,
        })
        .collect();
    assert_eq!(rows, [false, false]);
}

#[test]
fn a_dial_without_a_number_fails_inside_the_chart() {
    let dial = verb(verbs::INTERACTION, "createcall", json!({ "from": "8000", "to": "" }));
    let plan = Bench::new().plan(vec![Effect::Verb(dial)]);
    assert_eq!(raised(&plan), ["error.voice.createcall"]);
    assert!(plan.orders.is_empty());
}

#[test]
fn a_submit_is_kept_as_a_queue_entry_with_its_age() {
    let mut bench = Bench::new();
    let plan = bench.plan(vec![Effect::Verb(submit("Support@.GA"))]);
    assert_eq!(raised(&plan), ["queue.submit.requestid"]);
    assert!(matches!(plan.writes.first(), Some(Write::PutQueueEntry(row)) if row.id.to_string() == "S:7:0"));
    let entry = bench.context.entries.get("S:7:0").unwrap();
    assert_eq!(entry.waiting_since, Timestamp::from_millis(1_899_999_990_500));
    assert_eq!(entry.deadline, Some(NOW + Duration::from_secs(60)));
    assert!(!entry.routable);
}

#[test]
fn a_submit_without_a_target_is_refused() {
    let plan = Bench::new().plan(vec![Effect::Verb(submit(" "))]);
    assert_eq!(raised(&plan), ["error.queue.submit"]);
    assert!(plan.writes.is_empty());
}

#[test]
fn a_cancelled_entry_leaves_the_store_with_the_step() {
    let mut bench = Bench::new();
    bench.plan(vec![Effect::Verb(submit("Support@.GA"))]);
    let plan = bench.plan(vec![Effect::Verb(verb(verbs::QUEUE, "cancel", json!({ "requestid": "S:7:0" })))]);
    assert!(matches!(plan.writes.as_slice(), [Write::DeleteQueueEntry(_)]));
    assert!(bench.context.entries.is_empty());
}

#[test]
fn a_delayed_send_is_a_timer_that_a_cancel_removes() {
    let mut bench = Bench::new();
    let send = Send {
        sendid: Some("tick".to_owned()),
        target: None,
        kind: None,
        event: "tick".to_owned(),
        data: Value::Null,
        is_content: false,
        delay: Duration::from_secs(5),
    };
    let plan = bench.plan(vec![Effect::Send(send)]);
    assert!(
        matches!(plan.writes.as_slice(), [Write::PutTimer(row)] if row.due == NOW + Duration::from_secs(5))
    );
    let plan = bench.plan(vec![Effect::CancelSend { sendid: "tick".to_owned() }]);
    assert!(matches!(plan.writes.as_slice(), [Write::DeleteTimer { .. }]));
    assert!(bench.context.timers.is_empty());
}

#[test]
fn delayed_sends_are_counted_over_all_steps_of_a_session() {
    let later = || {
        Effect::Send(Send {
            sendid: Some("tick".to_owned()),
            target: None,
            kind: None,
            event: "tick".to_owned(),
            data: Value::Null,
            is_content: false,
            delay: Duration::from_secs(5),
        })
    };
    let mut bench = Bench::new();
    // The three that are allowed, in two steps: their ids are those of their effects.
    assert_eq!(bench.plan(vec![later(), later(), later()]).failure, None);
    let plan = bench.plan(vec![later()]);
    assert_eq!(plan.failure, Some(Failure::PendingSends { limit: 3 }));
    assert!(plan.writes.is_empty(), "{:?}", plan.writes);
    bench.plan(vec![Effect::CancelSend { sendid: "tick".to_owned() }]);
    assert_eq!(bench.plan(vec![later()]).failure, None);
}

#[test]
fn events_that_a_session_sends_are_counted_over_all_steps_and_time_gives_them_back() {
    let send = |target: Option<&str>, kind: Option<&str>, delay: u64| {
        Effect::Send(Send {
            sendid: None,
            target: target.map(str::to_owned),
            kind: kind.map(str::to_owned),
            event: "ping".to_owned(),
            data: Value::Null,
            is_content: false,
            delay: Duration::from_millis(delay),
        })
    };
    let own = "http://here.example/session/T/basichttp";
    let mut bench = Bench::new();
    bench.limits = Limits { sent_events: 5, sent_events_rate: 2, ..Limits::default() };
    // Each way to send counts.
    let sends = vec![
        send(Some("#_scxml_T"), None, 0),
        send(None, None, 0),
        send(None, None, 1),
        send(Some(own), Some("basichttp"), 0),
        send(Some("http://elsewhere.example/"), Some("basichttp"), 0),
    ];
    assert_eq!(bench.plan(sends).failure, None);
    // The context goes over a restart as text.
    let text = serde_json::to_string(&bench.context).unwrap();
    bench.context = serde_json::from_str(&text).unwrap();
    let plan = bench.plan(vec![send(Some("#_scxml_T"), None, 0), send(None, None, 0)]);
    assert_eq!(plan.failure, Some(Failure::SentEvents { limit: 5, per_second: 2 }));
    assert!(plan.orders.is_empty() && plan.writes.is_empty(), "{plan:?}");
    for (after, number) in [(499, 0), (500, 1), (1_500, 2)] {
        let mut plan = Plan::default();
        let mut planner = bench.planner(&mut plan);
        planner.now = NOW + Duration::from_millis(after);
        planner.step(8, vec![send(Some("#_scxml_T"), None, 0); 3]);
        assert_eq!(plan.orders.len(), number, "after {after} ms");
    }
}

#[test]
fn sessions_start_each_other_only_so_deep() {
    let child = || {
        Effect::Invoke(Invoke {
            invokeid: "i".to_owned(),
            kind: None,
            source: InvokeSource::Url("itself.scxml".to_owned()),
            parameters: Map::new(),
            autoforward: false,
        })
    };
    let start = || Effect::Verb(verb(verbs::SESSION, "start", json!({ "src": "itself.scxml" })));
    for effect in [child, start] as [fn() -> Effect; 2] {
        let mut bench = Bench::new();
        bench.context.depth = 1;
        let plan = bench.plan(vec![effect()]);
        let depth = plan.orders.iter().find_map(|order| match order.action {
            Action::StartSession { depth, .. } => Some(depth),
            _ => None,
        });
        assert_eq!((depth, plan.failure), (Some(2), None));
        bench.context.depth = 2;
        let plan = bench.plan(vec![effect()]);
        assert_eq!(plan.failure, Some(Failure::InvokeDepth { limit: 2 }));
        assert!(plan.orders.is_empty(), "{:?}", plan.orders);
    }
}

#[test]
fn a_send_to_nowhere_is_an_error_of_communication() {
    let send = Send {
        sendid: None,
        target: Some("#_parent".to_owned()),
        kind: None,
        event: "hello".to_owned(),
        data: Value::Null,
        is_content: false,
        delay: Duration::ZERO,
    };
    assert_eq!(raised(&Bench::new().plan(vec![Effect::Send(send)])), ["error.communication"]);
}

#[test]
fn a_forbidden_transition_of_the_record_is_an_event_and_changes_nothing() {
    let mut bench = Bench::new();
    let update = verb(verbs::CALLBACK, "update", json!({ "state": "SCHEDULED" }));
    let plan = bench.plan(vec![Effect::Verb(update)]);
    assert_eq!(raised(&plan), ["error.callback.update"]);
    assert!(!plan.record_changed);
    assert_eq!(bench.record.unwrap().state, CallbackState::Queued);
}

#[test]
fn a_notification_leaves_only_if_the_service_asks_for_it() {
    let mut bench = Bench::new();
    let notify = || Effect::Verb(verb(verbs::CALLBACK, "notify", json!({ "event": "_cbe_on_dial_init" })));
    assert!(bench.plan(vec![notify()]).writes.is_empty());
    let policy = NotificationPolicy {
        kind: "httpcb".to_owned(),
        target: "http://a.example/".to_owned(),
        envelope: false,
    };
    bench.context.notification = Some(policy);
    let plan = bench.plan(vec![notify()]);
    let Some(Write::PutOutbox(row)) = plan.writes.first() else { panic!("nothing leaves") };
    let body: Value = serde_json::from_str(&row.body).unwrap();
    assert_eq!(body.get("event_id"), Some(&json!("_cbe_on_dial_init")));
    assert_eq!(body.get("timestamp"), Some(&json!("1900000000")));
    assert_eq!(body.get("_callback_state"), Some(&json!("QUEUED")));
}

#[test]
fn a_push_without_a_device_is_answered_at_once() {
    let plan = Bench::new().plan(vec![Effect::Verb(verb(verbs::CALLBACK, "push", json!({})))]);
    assert_eq!(raised(&plan), ["error.callback.push"]);
}

#[test]
fn a_session_cannot_touch_a_call_that_it_does_not_hold() {
    let mut bench = Bench::new();
    let redirect = |call: &str| {
        Effect::Verb(verb(verbs::INTERACTION, "redirect", json!({ "interactionid": call, "to": "7001" })))
    };
    assert_eq!(raised(&bench.plan(vec![redirect("C1")])), ["error.interaction.redirect"]);
    bench.context.calls.insert(
        InteractionId::new("C1"),
        HeldCall { device: "8000".to_owned(), agent: None, delivered: false },
    );
    let plan = bench.plan(vec![redirect("C1")]);
    assert!(matches!(plan.orders.as_slice(), [order] if matches!(order.action, Action::Redirect(_))));
}

#[test]
fn secrets_of_reply_urls_stay_out_of_the_timeline() {
    let mut fetch = verb(verbs::SESSION, "fetch", json!({ "srcexpr": "http://plugin.example/" }));
    fetch.params.push(("_reply_url".to_owned(), json!("http://a.example/?key=secret")));
    let plan = Bench::new().plan(vec![Effect::Verb(fetch)]);
    let lines = serde_json::to_string(&plan.timeline).unwrap();
    assert!(!lines.contains("secret"), "{lines}");
}

#[test]
fn an_unknown_verb_is_told_to_the_chart() {
    let plan = Bench::new().plan(vec![Effect::Verb(verb(verbs::QUEUE, "juggle", json!({})))]);
    assert_eq!(raised(&plan), ["error.unsupported.juggle"]);
}

#[test]
fn events_for_children_name_them() {
    let mut bench = Bench::new();
    bench.context.children.insert("kid".to_owned(), SessionId::new("K"));
    let event = Event::external("hello", json!({}));
    let plan = bench.plan(vec![Effect::Forward { invokeid: "kid".to_owned(), event }]);
    assert!(
        matches!(&plan.orders.first().unwrap().action, Action::Deliver { session, .. } if session.as_str() == "K")
    );
}

fn call_of_function(function: &str, arguments: Value) -> Effect {
    let arguments = arguments.as_array().cloned().unwrap();
    Effect::Call(statecharts::Call { function: function.to_owned(), arguments })
}

/// A session that holds call C1 and has been told of it.
fn with_call() -> Bench {
    let mut bench = Bench::new();
    let held = HeldCall { device: "8000".to_owned(), agent: None, delivered: false };
    bench.context.calls.insert(InteractionId::new("C1"), held);
    let data = json!({ "interactionid": "C1", "udata": { "tier": 1, "reason": "loan" } });
    bench.context.interactions.apply(&Event::external("interaction.added", data));
    bench
}

#[track_caller]
fn attached(plan: &Plan) -> Value {
    match &plan.orders.first().unwrap().action {
        Action::Attach { pairs, silent: true, .. } => pairs.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn attached_data_are_changed_by_functions_of_the_first_interaction() {
    let plan = with_call().plan(vec![call_of_function("_genesys.ixn.setuData", json!([{ "tier": 2 }]))]);
    assert_eq!(attached(&plan), json!({ "tier": 2 }));
    let plan = with_call().plan(vec![call_of_function("_genesys.ixn.deleteuData", json!(["tier", "C1"]))]);
    assert_eq!(attached(&plan), json!({ "tier": null }));
    let plan = with_call().plan(vec![call_of_function("_genesys.ixn.deleteuData", json!([]))]);
    assert_eq!(attached(&plan), json!({ "reason": null, "tier": null }));
}

#[test]
fn a_function_that_has_nothing_to_change_is_an_error_event() {
    for (function, arguments) in
        [("_genesys.ixn.setuData", json!([{ "a": 1 }])), ("_genesys.ixn.deleteuData", json!(["a"]))]
    {
        let plan = Bench::new().plan(vec![call_of_function(function, arguments)]);
        assert_eq!(raised(&plan), ["error.execution"], "{function}");
        assert!(plan.orders.is_empty());
    }
}

#[test]
fn excluded_agents_are_excluded_from_places_that_wait_and_from_later_ones() {
    let mut bench = Bench::new();
    bench.plan(vec![Effect::Verb(submit("Support@.GA"))]);
    bench.plan(vec![call_of_function("_genesys.queue.excludeAgents", json!(["A1, A2"]))]);
    let excluded = |bench: &Bench| -> Vec<Vec<String>> {
        bench
            .context
            .entries
            .values()
            .map(|entry| entry.excluded.iter().map(ToString::to_string).collect())
            .collect()
    };
    assert_eq!(excluded(&bench), [["A1", "A2"]]);
    bench.context.entries.clear();
    bench.plan(vec![Effect::Verb(submit("Support@.GA"))]);
    assert_eq!(excluded(&bench), [["A1", "A2"]]);
}

#[test]
fn a_place_that_keeps_its_targets_gives_them_and_its_age_to_the_next() {
    let mut bench = Bench::new();
    let mut first = submit("Support@.GA");
    first.attributes.insert("clearontimeout".to_owned(), json!(false));
    bench.plan(vec![Effect::Verb(first)]);
    let mut plan = Plan::default();
    bench.planner(&mut plan).entry_timed_out("S:7:0");
    let mut second = submit("Sales@.GA");
    second.attributes.insert("hints".to_owned(), json!({}));
    bench.plan(vec![Effect::Verb(second)]);
    let entry = bench.context.entries.get("S:7:0").unwrap();
    assert_eq!(entry.target, "Support@.GA,Sales@.GA");
    assert_eq!(entry.waiting_since, Timestamp::from_millis(1_899_999_990_500));
}

#[test]
fn skills_are_looked_for_among_all_agents() {
    let target = VerbChild {
        element: "target".to_owned(),
        attributes: object(json!({ "name": "English>3", "type": "skill" })),
        children: Vec::new(),
    };
    let targets = VerbChild { element: "targets".to_owned(), attributes: Map::new(), children: vec![target] };
    let mut bench = Bench::new();
    bench.plan(vec![Effect::Verb(Verb {
        children: vec![targets],
        ..verb(verbs::QUEUE, "submit", json!({}))
    })]);
    assert_eq!(bench.context.entries.get("S:7:0").unwrap().target, "?:English>3@.GA");
}

fn prompts(files: &[&str]) -> VerbChild {
    let prompt = |file: &&str| VerbChild {
        element: "prompt".to_owned(),
        attributes: object(json!({ "userannid": file })),
        children: Vec::new(),
    };
    let children = files.iter().map(prompt).collect();
    VerbChild { element: "prompts".to_owned(), attributes: Map::new(), children }
}

#[track_caller]
fn played(plan: &Plan) -> &str {
    match &plan.orders.first().unwrap().action {
        Action::Play { file, .. } | Action::CollectDigits { file, .. } => file,
        other => panic!("{other:?}"),
    }
}

#[test]
fn prompts_are_played_one_after_the_other_and_the_last_one_is_answered() {
    let mut bench = with_call();
    let play = verb(verbs::DIALOG, "play", json!({ "interactionid": "C1" }));
    let plan = bench.plan(vec![Effect::Verb(Verb { children: vec![prompts(&["a.wav", "b.wav"])], ..play })]);
    assert_eq!(played(&plan), "a.wav");
    let done = |bench: &mut Bench| {
        let mut plan = Plan::default();
        let fact =
            CallFact::TreatmentDone { treatment: "S:7:0".parse().unwrap(), call: "C1".into(), digits: None };
        let events = bench.planner(&mut plan).call_fact(fact);
        (plan, events)
    };
    let (plan, events) = done(&mut bench);
    assert_eq!((played(&plan), events.len()), ("b.wav", 0));
    let (plan, events) = done(&mut bench);
    assert_eq!((plan.orders.len(), events.first().unwrap().name.as_str()), (0, "dialog.play.done"));
}

#[test]
fn the_last_prompt_is_played_while_digits_are_taken() {
    let mut bench = with_call();
    let input = VerbChild {
        element: "input".to_owned(),
        attributes: object(json!({ "max_digits": 4, "total_timeout": 9 })),
        children: Vec::new(),
    };
    let collect = verb(verbs::DIALOG, "playandcollect", json!({ "interactionid": "C1" }));
    let plan =
        bench.plan(vec![Effect::Verb(Verb { children: vec![prompts(&["code.wav"]), input], ..collect })]);
    let Action::CollectDigits { file, max_digits, timeout_ms, .. } = &plan.orders.first().unwrap().action
    else {
        panic!("{:?}", plan.orders)
    };
    assert_eq!((file.as_str(), *max_digits, *timeout_ms), ("code.wav", 4, 9_000));
}

#[test]
fn treatments_of_a_submit_are_silent_and_end_with_its_place() {
    let mut bench = with_call();
    let music = VerbChild {
        element: "playsound".to_owned(),
        attributes: object(json!({ "type": "music", "duration": "loop" })),
        children: Vec::new(),
    };
    let treatments =
        VerbChild { element: "runtreatments".to_owned(), attributes: Map::new(), children: vec![music] };
    let mut submit = submit("Support@.GA");
    submit.children.push(treatments);
    let plan = bench.plan(vec![Effect::Verb(submit)]);
    let Some(order) = plan.orders.iter().find(|order| matches!(order.action, Action::Play { .. })) else {
        panic!("nothing plays: {:?}", plan.orders)
    };
    let treatment = order.effect.clone();
    let mut plan = Plan::default();
    let mut planner = bench.planner(&mut plan);
    planner.forget_entry("S:7:0");
    let fact = CallFact::TreatmentDone { treatment: treatment.clone(), call: "C1".into(), digits: None };
    drop(planner.call_fact(fact));
    assert!(
        matches!(&plan.orders.first().unwrap().action, Action::StopPlaying { treatment: stopped, silent: true } if *stopped == treatment)
    );
}

#[test]
fn what_is_known_and_not_carried_out_fails_as_its_own_kind() {
    for (module, element, event) in [
        (verbs::CLASSIFICATION, "screen", "error.classification.screen"),
        (verbs::INTERACTION, "hold", "error.voice.hold"),
        (verbs::DIALOG, "start", "error.dialog.start"),
    ] {
        let plan = Bench::new().plan(vec![Effect::Verb(verb(module, element, json!({})))]);
        assert_eq!(raised(&plan), [event]);
        let error = plan.raised.first().and_then(|event| event.data.as_ref()?.get("error").cloned());
        assert_eq!(error, Some(json!("unsupported")));
    }
}

#[test]
fn a_cancel_is_answered_in_a_chart_for_ors_only() {
    for (ors, expected) in [(false, vec![]), (true, vec!["error.notallowed", "error.cancel.notallowed"])] {
        let mut bench = Bench { ors, ..Bench::new() };
        let plan = bench.plan(vec![Effect::CancelSend { sendid: "tick".to_owned() }]);
        assert_eq!(raised(&plan), expected);
    }
    let mut bench = Bench { ors: true, ..Bench::new() };
    bench.context.timers.insert("S:1:0".to_owned(), Some("tick".to_owned()));
    let plan = bench.plan(vec![Effect::CancelSend { sendid: "tick".to_owned() }]);
    assert_eq!(raised(&plan), ["cancel.successful"]);
}

#[test]
fn a_delayed_event_finds_the_child_that_runs_when_it_is_due() {
    let mut bench = Bench::new();
    let send = Send {
        sendid: Some("hello".to_owned()),
        target: Some("#_kid".to_owned()),
        event: "hello".to_owned(),
        delay: Duration::from_secs(1),
        kind: None,
        data: Value::Null,
        is_content: false,
    };
    let plan = bench.plan(vec![Effect::Send(send)]);
    assert_eq!(raised(&plan), Vec::<&str>::new());
    let Some(Write::PutTimer(row)) = plan.writes.first() else { panic!("no timer: {:?}", plan.writes) };
    let timed: super::TimedEvent = serde_json::from_str(&row.event).unwrap();
    assert_eq!(timed.child.as_deref(), Some("kid"));
    let mut plan = Plan::default();
    let told = bench.planner(&mut plan).child_of("kid", timed.event.sendid).unwrap_err();
    assert_eq!((told.name.as_str(), told.sendid.as_deref()), ("error.communication", Some("hello")));
    bench.context.children.insert("kid".to_owned(), SessionId::new("K"));
    assert_eq!(bench.planner(&mut plan).child_of("kid", None), Ok(SessionId::new("K")));
}

#[test]
fn a_subscription_asks_at_once_and_again_and_ends_when_it_is_told_to() {
    let mut bench = Bench::new();
    let wanted = json!({ "object": "VQ", "statistic": "StatCallsWaiting", "interval": 5 });
    let subscribe = || Effect::Verb(verb(verbs::STATISTIC, "subscribe", wanted.clone()));
    let plan = bench.plan(vec![subscribe()]);
    assert_eq!(raised(&plan), ["statistic.subscribe.done"]);
    let Some(Write::PutTimer(row)) = plan.writes.first() else { panic!("no timer: {:?}", plan.writes) };
    assert_eq!(row.due, NOW);
    let timed: super::TimedEvent = serde_json::from_str(&row.event).unwrap();
    let mut plan = Plan::default();
    assert!(bench.planner(&mut plan).platform_timer(&row.id, &timed.event));
    assert!(
        matches!(&plan.orders.first().unwrap().action, Action::AskStatistic { object, .. } if object == "VQ")
    );
    assert!(
        matches!(plan.writes.first(), Some(Write::PutTimer(row)) if row.due == NOW + Duration::from_secs(5))
    );
    assert_eq!(raised(&bench.plan(vec![subscribe()])), ["error.statistic.subscribe"]);
    let end = json!({ "requestid": "S:7:0" });
    let plan = bench.plan(vec![Effect::Verb(verb(verbs::STATISTIC, "unsubscribe", end))]);
    assert_eq!(raised(&plan), ["statistic.unsubscribe.done"]);
    assert!(bench.context.subscriptions.is_empty() && bench.context.timers.is_empty());
}

#[test]
fn a_statistic_that_there_is_not_is_refused_with_the_nearest() {
    let wanted = json!({ "object": "VQ", "statistic": "StatCallWaiting" });
    let plan = Bench::new().plan(vec![Effect::Verb(verb(verbs::STATISTIC, "subscribe", wanted))]);
    let description = plan.raised.first().and_then(|event| event.data.as_ref()?.get("description").cloned());
    assert!(description.unwrap().as_str().unwrap().contains("StatCallsWaiting"));
}

#[test]
fn a_start_may_lie_in_the_future() {
    let start = |time: Value| verb(verbs::SESSION, "start", json!({ "src": "a.scxml", "idealtime": time }));
    let due =
        |time: Value| match Bench::new().plan(vec![Effect::Verb(start(time))]).orders.first().unwrap().action
        {
            Action::StartSession { due, .. } => due,
            ref other => panic!("{other:?}"),
        };
    let later = NOW + Duration::from_secs(60);
    assert_eq!(due(json!(later.as_millis())), Some(later));
    assert_eq!(due(json!((NOW.as_millis() - 1).to_string())), None);
    assert_eq!(raised(&Bench::new().plan(vec![Effect::Verb(start(json!("soon")))])), ["error.session.start"]);
}
