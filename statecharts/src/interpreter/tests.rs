//! The algorithm, by charts small enough to be read.

use std::time::Duration;

use serde_json::{Map, json};

use crate::trial::{LOG_EVENTS, Trial};
use crate::{Effect, Event, EventKind, Failure, InvokeSource, Limits, Send, Status};

#[test]
fn an_inner_transition_of_one_region_leaves_the_other_region_alone() {
    // uSCXML leaves `b` here: the compound ancestor `a1` has no following sibling. The W3C charts do not notice.
    let mut trial = Trial::of(
        "<parallel id='p'>
           <state id='a'><state id='a1'><state id='a11'><transition event='e' target='a12'/></state><state id='a12'/></state></state>
           <state id='b'><state id='b1'><transition event='f' target='b2'/></state><state id='b2'/></state>
         </parallel>",
    );
    trial.send("f");
    let step = trial.send("e");
    assert_eq!((&step.exited[..], &step.entered[..]), (&["a11".into()][..], &["a12".into()][..]));
    assert_eq!(trial.active(), ["p", "a", "a1", "a12", "b", "b2"]);
}

#[test]
fn regions_take_their_transitions_in_document_order_in_one_microstep() {
    let mut trial = Trial::of(
        "<parallel id='p'>
           <state id='a'><state id='a1'><onexit><log expr='1'/></onexit><transition event='e' target='a2'><log expr='3'/></transition></state>
             <state id='a2'><onentry><log expr='5'/></onentry></state></state>
           <state id='b'><state id='b1'><onexit><log expr='0'/></onexit><transition event='e' target='b2'><log expr='4'/></transition></state>
             <state id='b2'><onentry><log expr='6'/></onentry></state></state>
         </parallel>",
    );
    trial.send("e");
    assert_eq!(trial.logs(), ["0", "1", "3", "4", "5", "6"]);
}

#[test]
fn of_two_conflicting_regions_the_first_in_document_order_wins() {
    let mut trial = Trial::of(
        "<parallel id='p'>
           <state id='a'><transition event='e' target='first'/></state>
           <state id='b'><transition event='e' target='second'/></state>
         </parallel><state id='first'/><state id='second'/>",
    );
    trial.send("e");
    assert_eq!(trial.active(), ["first"]);
}

#[test]
fn a_descendant_preempts_its_ancestor() {
    let mut trial = Trial::of(
        "<parallel id='p'><transition event='e' target='out'/>
           <state id='a'/>
           <state id='b'><state id='b1'><transition event='e' target='b2'/></state><state id='b2'/></state>
         </parallel><state id='out'/>",
    );
    trial.send("e");
    assert_eq!(trial.active(), ["p", "a", "b", "b2"]);
}

#[test]
fn histories_remember() {
    let body = |kind: &str| {
        format!(
            "<state id='c' initial='c1'>
               <history id='h' type='{kind}'><transition target='c1'><log label='default' expr='1'/></transition></history>
               <state id='c1'><transition event='next' target='c2'/></state>
               <state id='c2'><state id='c21'><transition event='next' target='c22'/></state><state id='c22'/></state>
               <transition event='out' target='away'/>
             </state>
             <state id='away'><transition event='back' target='h'/></state>"
        )
    };
    for (kind, expected) in [("shallow", ["c", "c2", "c21"]), ("deep", ["c", "c2", "c22"])] {
        let mut trial = Trial::of(&body(kind));
        for event in ["next", "next", "out", "back"] {
            trial.send(event);
        }
        assert_eq!(trial.active(), expected, "{kind}");
        assert_eq!(trial.logs(), Vec::<String>::new(), "{kind}");
    }
    let first = "<state id='first'><transition event='back' target='h'/></state>";
    let mut trial = Trial::of(&format!("{first}{}", body("deep")));
    trial.send("back");
    assert_eq!(trial.active(), ["c", "c1"]);
    assert_eq!(trial.logs(), ["default=1"]);
}

#[test]
fn a_history_of_a_parallel_remembers_every_region() {
    let mut trial = Trial::of(
        "<parallel id='p'>
           <history id='h' type='deep'><transition target='a1 b1'/></history>
           <state id='a'><state id='a1'><transition event='e' target='a2'/></state><state id='a2'/></state>
           <state id='b'><state id='b1'/><state id='b2'/></state>
           <transition event='out' target='away'/>
         </parallel><state id='away'><transition event='back' target='h'/></state>",
    );
    for event in ["e", "out", "back"] {
        trial.send(event);
    }
    assert_eq!(trial.active(), ["p", "a", "a2", "b", "b1"]);
}

#[test]
fn an_internal_transition_does_not_leave_its_source() {
    let body = |kind: &str| {
        format!(
            "<state id='c' initial='c1'><onexit><log expr='1'/></onexit><transition event='e' type='{kind}' target='c2'/>
               <state id='c1'/><state id='c2'/></state>"
        )
    };
    for (kind, logs) in [("internal", 0), ("external", 1)] {
        let mut trial = Trial::of(&body(kind));
        trial.send("e");
        assert_eq!(trial.active(), ["c", "c2"]);
        assert_eq!(trial.logs().len(), logs, "{kind}");
    }
}

#[test]
fn final_states_tell_their_parents() {
    let mut trial = Trial::of(&format!(
        "<state id='top'>{}<parallel id='p'>
           <state id='a'><state id='a1'><transition event='e' target='a2'/></state>
             <final id='a2'><donedata><param name='n' expr='7'/></donedata></final></state>
           <state id='b'><state id='b1'><transition event='f' target='b2'/></state><final id='b2'/></state>
           <transition event='done.state.a'><log label='a' expr='_event.data.n'/></transition>
         </parallel></state>",
        LOG_EVENTS.replace('*', "done")
    ));
    trial.send("e");
    assert_eq!(trial.logs(), ["a=7"]);
    trial.send("f");
    assert_eq!(trial.logs(), ["a=7", "event=\"done.state.b\"", "event=\"done.state.p\""]);
}

#[test]
fn the_final_state_of_the_chart_ends_the_session_with_its_data() {
    let mut trial = Trial::of(
        "<state id='a'><onexit><log expr='1'/></onexit><transition event='e' target='end'/></state>
         <final id='end'><onexit><log expr='2'/></onexit><donedata><content expr='{n: 1}'/></donedata></final>",
    );
    let step = trial.send("e");
    let expected = Status::Ended { final_state: "end".to_owned(), data: Some(json!({"n": 1})) };
    assert_eq!(step.status, expected);
    assert_eq!(trial.logs(), ["1", "2"]);
    assert!(!trial.session.is_running());
    assert_eq!(trial.send("e").effects, []);
}

#[test]
fn descriptors_match_whole_tokens() {
    let descriptors = [
        ("a", vec!["a", "a.b", "a.b.c"], vec!["ab", "b"]),
        ("a.b", vec!["a.b", "a.b.c"], vec!["a", "a.bc"]),
        ("a.*", vec!["a", "a.b"], vec!["ab"]),
        ("a.", vec!["a", "a.b"], vec!["ab"]),
        ("*", vec!["a", "b.c"], vec![]),
        ("x a", vec!["x", "a.b"], vec!["b"]),
    ];
    for (descriptor, matching, others) in descriptors {
        let body =
            format!("<state id='s'><transition event='{descriptor}'><log expr='1'/></transition></state>");
        for (names, expected) in [(matching, 1), (others, 0)] {
            for name in names {
                let mut trial = Trial::of(&body);
                trial.send(name);
                assert_eq!(trial.logs().len(), expected, "`{descriptor}` and `{name}`");
            }
        }
    }
}

#[test]
fn an_error_ends_only_its_block() {
    let mut trial = Trial::of(&format!(
        "<state id='s'>
           <onentry><log expr='1'/><assign location='nowhere' expr='1'/><log expr='2'/></onentry>
           <onentry><log expr='3'/></onentry>
           {LOG_EVENTS}
         </state>"
    ));
    assert_eq!(trial.logs(), ["1", "3", "event=\"error.execution\""]);
    trial.send("next");
    assert_eq!(trial.logs().len(), 4);
}

#[test]
fn an_error_inside_if_or_foreach_ends_the_outer_block() {
    let trial = Trial::of(
        "<datamodel><data id='x'/></datamodel><state id='s'>
           <onentry><if cond='true'><raise event='a'/><assign location='nowhere' expr='1'/></if><log expr='1'/></onentry>
           <onentry><foreach array='[1, 2]' item='x'><log label='item' expr='x'/><script>nowhere()</script></foreach><log expr='2'/></onentry>
         </state>",
    );
    assert_eq!(trial.logs(), ["item=1"]);
}

#[test]
fn a_condition_that_fails_is_false_and_an_error() {
    let trial = Trial::of(&format!(
        "<state id='s'><transition cond='nowhere.x' target='t'/>{LOG_EVENTS}</state><state id='t'/>"
    ));
    // Once, although the algorithm would try the guard for ever.
    assert_eq!(trial.logs(), ["event=\"error.execution\""]);
    assert_eq!(trial.active(), ["s"]);
}

#[test]
fn branches_are_tried_in_order() {
    let branches = "<if cond='_event.data == 1'><log expr='1'/><elseif cond='_event.data == 2'/><log expr='2'/><else/><log expr='3'/></if>";
    let mut trial =
        Trial::of(&format!("<state id='s'><transition event='e'>{branches}</transition></state>"));
    for value in [2, 1, 9] {
        trial.send_with("e", json!(value));
    }
    assert_eq!(trial.logs(), ["2", "1", "3"]);
}

#[test]
fn foreach_walks_a_copy_and_declares_its_names() {
    let trial = Trial::of(
        "<datamodel><data id='list' expr='[1, 2, 3]'/></datamodel>
         <state id='s'><onentry><foreach array='list' item='one' index='at'><assign location='list' expr='[]'/>
           <log expr='[one, at]'/></foreach><log expr='typeof one'/></onentry></state>",
    );
    assert_eq!(trial.logs(), ["[1,0]", "[2,1]", "[3,2]", "\"number\""]);
}

#[test]
fn internal_events_come_before_external_ones() {
    let trial = Trial::of(&format!(
        "<state id='s'><onentry><send event='external'/><raise event='internal'/><send event='own' target='#_internal'/></onentry>{LOG_EVENTS}</state>"
    ));
    assert_eq!(trial.logs(), ["event=\"internal\"", "event=\"own\"", "event=\"external\""]);
}

#[test]
fn raise_carries_parameters_and_quotes_are_tolerated() {
    let trial = Trial::of(
        "<state id='s'><onentry><raise event='a'><param name='n' expr='1 + 1'/></raise><send event=\"'b'\" sendid='x' targettype=\"'scxml'\" target='_sessionid'/></onentry>
         <transition event='a'><log expr='_event.data.n'/></transition>
         <transition event='b'><log expr='[_event.name, _event.sendid, _event.origin]'/></transition></state>",
    );
    assert_eq!(trial.logs(), ["2", "[\"b\",\"x\",\"#_scxml_S1\"]"]);
}

#[test]
fn delays_and_other_sessions_are_effects() {
    let trial = Trial::of(
        "<state id='s'><onentry><send event='late' id='l' delay='1.5s'><param name='n' expr='1'/></send><send event='e' target='#_scxml_S2'/>
           <cancel sendid='l'/></onentry></state>",
    );
    let send = |event: &str, sendid: Option<&str>, target: Option<&str>, data, delay| {
        Effect::Send(Send {
            sendid: sendid.map(str::to_owned),
            target: target.map(str::to_owned),
            kind: None,
            event: event.to_owned(),
            data,
            is_content: false,
            delay: Duration::from_millis(delay),
        })
    };
    assert_eq!(
        trial.last().effects,
        [
            send("late", Some("l"), None, json!({"n": 1}), 1500),
            send("e", None, Some("#_scxml_S2"), json!(null), 0),
            Effect::CancelSend { sendid: "l".to_owned() },
        ]
    );
}

#[test]
fn a_send_that_cannot_go_is_an_error_with_its_id() {
    for (attributes, error) in [
        ("target='nowhere'", "error.execution"),
        ("type='carrier pigeon'", "error.execution"),
        ("target='#_parent'", "error.communication"),
        ("target='#_child'", "error.communication"),
        ("delayexpr='\"soon\"'", "error.execution"),
    ] {
        let trial = Trial::of(&format!(
            "<state id='s'><onentry><send event='e' id='me' {attributes}/></onentry>
               <transition event='*'><log expr='[_event.name, _event.type, _event.sendid]'/></transition></state>"
        ));
        assert_eq!(trial.logs(), [format!("[\"{error}\",\"platform\",\"me\"]")], "{attributes}");
    }
}

const INVOKE: &str = "<datamodel><data id='got'/></datamodel><state id='s'>
    <invoke type='scxml' src='child.scxml' autoforward='true' namelist='got'><param name='n' expr='3'/><finalize/></invoke>
    <transition event='child'><log expr='got'/></transition>
    <transition event='out' target='t'/></state><state id='t'/>";

#[test]
fn invocations_start_when_the_macrostep_is_complete_and_end_with_their_state() {
    let mut trial = Trial::of(INVOKE);
    let Some(Effect::Invoke(invoke)) = trial.last().effects.last() else { panic!("{:?}", trial.last()) };
    assert_eq!(invoke.invokeid, "s.1");
    assert_eq!(invoke.source, InvokeSource::Url("child.scxml".to_owned()));
    assert_eq!(serde_json::Value::Object(invoke.parameters.clone()), json!({"n": 3}));
    let step = trial.send("out");
    assert!(step.effects.contains(&Effect::CancelInvoke { invokeid: "s.1".to_owned() }), "{step:?}");
}

#[test]
fn an_empty_finalize_takes_over_what_the_child_sent() {
    let mut trial = Trial::of(INVOKE);
    let event = Event { invokeid: Some("s.1".to_owned()), ..Event::external("child", json!({"got": 5})) };
    let step = trial.event(event.clone());
    assert!(step.effects.contains(&Effect::Forward { invokeid: "s.1".to_owned(), event }), "{step:?}");
    assert_eq!(trial.logs(), ["5"]);
}

#[test]
fn an_end_that_somebody_else_tells_of_does_not_make_a_child_forgotten() {
    let mut trial = Trial::of(INVOKE);
    trial.send("done.invoke.s.1");
    let step = trial.send("out");
    assert!(step.effects.contains(&Effect::CancelInvoke { invokeid: "s.1".to_owned() }), "{step:?}");
}

#[test]
fn the_late_end_of_an_earlier_child_does_not_make_the_new_one_forgotten() {
    let mut trial = Trial::of(
        "<state id='s'><invoke id='kid' src='child.scxml'/><transition event='out' target='t'/></state>
         <state id='t'><transition event='in' target='s'/></state>",
    );
    trial.send("out");
    trial.send("in");
    trial
        .event(Event { invokeid: Some("kid".to_owned()), ..Event::external("done.invoke.kid", json!(null)) });
    let step = trial.send("out");
    assert!(step.effects.contains(&Effect::CancelInvoke { invokeid: "kid".to_owned() }), "{step:?}");
}

#[test]
fn whether_a_child_can_be_reached_shows_when_a_delayed_event_is_due() {
    let trial = Trial::of(
        "<state id='s'><onentry><send event='hello' target='#_kid' delay='1s'/><log expr='1'/>
           <send event='hello' target='#_kid'/><log expr='2'/></onentry><invoke id='kid' src='child.scxml'/>
           <transition event='error.communication'><log label='error' expr='_event.name'/></transition></state>",
    );
    assert_eq!(trial.logs(), ["1", "error=\"error.communication\""]);
    let sent = |effect: &Effect| matches!(effect, Effect::Send(Send { target: Some(target), .. }) if target == "#_kid");
    assert!(trial.last().effects.iter().any(sent), "{:?}", trial.last());
}

#[test]
fn cancelling_runs_onexit_from_inside_out_and_ends_the_children() {
    let mut trial = Trial::of(
        "<state id='a'><onexit><log label='a' expr='_event.name'/></onexit>
           <state id='b'><invoke id='i' src='x'/><onexit><log label='b' expr='_event.type'/></onexit></state></state>",
    );
    let step = trial.session.cancel(&mut trial.worker, 5);
    trial.steps.push(step);
    assert_eq!(trial.logs(), ["b=\"platform\"", "a=\"cancel.session\""]);
    assert!(trial.last().effects.contains(&Effect::CancelInvoke { invokeid: "i".to_owned() }));
    assert_eq!(trial.last().status, Status::Cancelled);
}

#[test]
fn a_chart_that_never_rests_fails_with_its_last_state() {
    let trial = Trial::of("<state id='s'><transition cond='true'/></state>");
    let Status::Failed { failure: Failure::Microsteps { limit, state } } = &trial.last().status else {
        panic!("{:?}", trial.last())
    };
    assert_eq!((*limit, state.as_str()), (1000, "s"));
}

#[test]
fn a_state_that_is_entered_for_ever_fails() {
    let trial = Trial::of(
        "<state id='a'><transition target='b'/></state><state id='b'><transition target='a'/></state>",
    );
    let Status::Failed { failure } = &trial.last().status else { panic!("{:?}", trial.last()) };
    assert_eq!(*failure, Failure::StateEntries { state: "a".to_owned(), limit: 100 });
    assert_eq!(trial.active(), Vec::<&str>::new());
}

#[test]
fn the_queues_are_limited() {
    let limits = Limits { queue: 10, ..Limits::default() };
    let body = "<datamodel><data id='x'/></datamodel><state id='s'><onentry><foreach array='new Array(20).fill(1)' item='x'><raise event='e'/></foreach></onentry></state>";
    let trial = Trial::with(body, limits.clone(), Map::new());
    assert_eq!(trial.last().status, Status::Failed { failure: Failure::Queue { limit: 10 } });
    let trial = Trial::with(&body.replace("raise", "send"), limits, Map::new());
    assert_eq!(trial.last().status, Status::Failed { failure: Failure::Queue { limit: 10 } });
}

#[test]
fn a_session_cannot_send_events_to_itself_for_ever() {
    let trial = Trial::of(
        "<state id='s'><onentry><send event='e'/></onentry><transition event='e'><send event='e'/></transition></state>",
    );
    assert_eq!(trial.last().status, Status::Failed { failure: Failure::Queue { limit: 1000 } });
}

#[test]
fn effects_are_limited_and_a_failed_step_has_none() {
    let limits = Limits { effects: 10, ..Limits::default() };
    let body = "<datamodel><data id='x'/></datamodel><state id='s'><onentry><foreach array='new Array(20).fill(1)' item='x'><log expr='x'/></foreach></onentry></state>";
    let trial = Trial::with(body, limits, Map::new());
    assert_eq!(trial.last().status, Status::Failed { failure: Failure::Effects { limit: 10 } });
    assert_eq!(trial.last().effects, []);
}

#[test]
fn the_null_data_model_knows_only_which_states_are_active() {
    let chart = "<scxml xmlns='http://www.w3.org/2005/07/scxml' datamodel='null'><parallel id='p'>
        <state id='a'><state id='a1'><transition event='e' target='a2'/></state><state id='a2'/></state>
        <state id='b'><transition cond=\"In('a2')\" target='end'/></state></parallel><final id='end'/></scxml>";
    let chart = crate::trial::load(chart).unwrap();
    let mut worker = crate::Worker::new(Limits::default()).unwrap();
    let (mut session, _) = crate::Session::start(chart, &mut worker, crate::Start::default());
    assert!(session.is_running());
    let event = Event { name: "e".to_owned(), kind: EventKind::External, ..Event::default() };
    session.step(&mut worker, event, 0);
    assert!(!session.is_running());
    assert_eq!(worker.live_sessions(), 0);
}

#[test]
fn a_step_names_the_transitions_that_it_took() {
    let mut trial = Trial::of(
        "<state id='a'><transition event='e' target='h'/></state>
         <state id='b'><transition event='x' target='b2'/><transition event='e' target='a'/><history id='h'><transition target='b1'/></history>
           <state id='b1'/><state id='b2'/></state>",
    );
    assert_eq!(trial.last().taken.len(), 1);
    let initial = trial.last().taken.clone();
    let forward = trial.send("e").taken.clone();
    assert_eq!(forward.len(), 2, "its own, then the default of the history");
    assert_eq!(trial.send("nothing").taken, Vec::<u32>::new());
    let back = trial.send("e").taken.clone();
    assert_eq!(back.len(), 1);
    let again = trial.send("e").taken.clone();
    assert_eq!(again, forward[..1], "the history remembers now");
    let count = trial.session.chart().transition_count();
    assert!(initial.iter().chain(&forward).chain(&back).all(|taken| (*taken as usize) < count));
    assert!(!forward.contains(&initial[0]) && !forward.contains(&back[0]));
}

#[test]
fn a_bad_parameter_of_donedata_is_left_out_alone() {
    let mut trial = Trial::of(
        "<state id='s' initial='a'><state id='a'><transition event='go' target='f'/></state>
           <final id='f'><donedata><param name='good' expr='1'/><param name='bad' expr='nope.x'/><param name='more' expr='2'/></donedata></final>
           <transition event='error.execution'><log expr='_event.name'/></transition>
           <transition event='done.state.s'><log expr='_event.data'/></transition></state>",
    );
    trial.send("go");
    assert_eq!(trial.logs(), ["\"error.execution\"", "{\"good\":1,\"more\":2}"]);
}

#[test]
fn content_that_is_no_document_is_text_as_a_whole() {
    let trial = Trial::of(
        "<datamodel><data id='k'><a>1</a><b>2</b></data><data id='m'>text <b>2</b>\n  more</data><data id='one'> <a>1</a> </data></datamodel>
         <state id='s'><onentry><send event='e'><content>Hello <b>you</b> there</content></send><log expr='[k, m, one.tagName]'/></onentry>
           <transition event='e'><log expr='_event.data'/></transition></state>",
    );
    assert_eq!(
        trial.logs(),
        ["[\"<a>1</a><b>2</b>\",\"text <b>2</b> more\",\"a\"]", "\"Hello <b>you</b> there\""]
    );
}
