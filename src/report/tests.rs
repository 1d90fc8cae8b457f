use serde_json::{Value, json};
use store::TimelineRow;
use vocabulary::{CallbackId, SessionId, Timestamp};

use super::Report;

fn line(row: &TimelineRow) -> Option<String> {
    Report::default().line(row)
}

fn row(kind: &str, name: &str, detail: Value) -> TimelineRow {
    TimelineRow {
        callback: Some(CallbackId::new("1-0c1d7a52-3b7e-4a6e-9b0f-5d1c2eabc123")),
        session: Some(SessionId::new("S1")),
        at: Timestamp::parse("2031-05-06T12:00:03.250Z").unwrap(),
        kind: kind.to_owned(),
        name: name.to_owned(),
        detail,
    }
}

/// Kind, name, detail, and the text of the line.
fn steps() -> Vec<(&'static str, &'static str, Value, &'static str)> {
    vec![
        ("record", "QUEUED", json!({"reason": null}), "QUEUED"),
        (
            "record",
            "SCHEDULED",
            json!({"desired_time": "2031-05-06T14:10:00.000Z"}),
            "SCHEDULED for 2031-05-06T14:10:00.000Z",
        ),
        ("record", "COMPLETED", json!({"reason": "AGENT_CONNECTED"}), "COMPLETED, AGENT_CONNECTED"),
        ("effect", "queue:submit", json!({"attributes": {"queue": "VQ_Callback"}}), "waits in VQ_Callback"),
        ("effect", "ixn:createcall", json!({"attributes": {"to": "+12025550123"}}), "dial to +12025550123"),
        ("effect", "ixn:redirect", json!({"attributes": {"to": {"agent": "7001"}}}), "goes to 7001"),
        (
            "effect",
            "ixn:redirect",
            json!({"attributes": {"to": "8001@SIP_Switch"}}),
            "goes to 8001@SIP_Switch",
        ),
        (
            "effect",
            "session:fetch",
            json!({"attributes": {"srcexpr": "http://a.example/p?key=1"}}),
            "asks http://a.example/p",
        ),
        ("event", "voice.createcall.done", json!({"attempt": 1}), "attempt 1 is answered"),
        (
            "event",
            "error.voice.createcall",
            json!({"attempt": 2, "hints": {"callstate": 6}}),
            "attempt 2 fails: busy",
        ),
        (
            "event",
            "interaction.partystatechanged",
            json!({"partystate": "connected", "focusdeviceid": "8000", "hints": {"callstate": 9, "kept": true}}),
            "on the line: an answering machine",
        ),
        (
            "event",
            "interaction.partystatechanged",
            json!({"partystate": "connected", "focusdeviceid": "7001", "hints": {"callstate": 0}}),
            "connected to 7001",
        ),
        ("event", "queue.submit.done", json!({"resource": {"agent": "7"}}), "agent 7 is free"),
        (
            "warning",
            "callback:update",
            json!({"problem": "COMPLETED is final"}),
            "warning: callback:update: COMPLETED is final",
        ),
    ]
}

#[test]
fn the_steps_of_a_callback_are_told() {
    for (kind, name, detail, told) in steps() {
        assert_eq!(line(&row(kind, name, detail)), Some(format!("12:00:03  abc123  {told}")));
    }
}

#[test]
fn inner_steps_are_not_told() {
    for (kind, name) in
        [("event", "gms.start"), ("effect", "callback:report"), ("log", "x"), ("event", "interaction.added")]
    {
        assert_eq!(line(&row(kind, name, json!({}))), None, "{name}");
    }
}

#[test]
fn lines_without_a_callback_name_their_session() {
    let mut row = row("effect", "ixn:terminate", Value::Null);
    row.callback = None;
    assert_eq!(line(&row), Some("12:00:03      S1  hangs up".to_owned()));
}

#[test]
fn a_state_is_told_when_it_changes() {
    let mut report = Report::default();
    let mut tell = |state| report.line(&row("record", state, json!({}))).is_some();
    let told: Vec<bool> =
        ["QUEUED", "QUEUED", "ROUTING", "QUEUED", "COMPLETED"].into_iter().map(&mut tell).collect();
    assert_eq!(told, [true, false, true, true, true]);
}
