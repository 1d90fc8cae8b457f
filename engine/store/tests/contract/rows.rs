//! Rows with nothing special about them, to be changed where a test needs it.

use serde_json::{Value, json};
use store::{
    BookingRow, CallbackRow, DialAttemptRow, EffectRow, EffectState, OutboxRow, QueueEntryRow, SessionRow,
    TimelineRow, TimerRow, Write,
};
use vocabulary::{
    AttemptNo, CallbackId, CallbackState, EffectId, PhoneNumber, ServiceName, SessionId, Timestamp,
};

pub(crate) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

pub(crate) fn callback(id: &str) -> CallbackRow {
    CallbackRow {
        id: CallbackId::new(id),
        service: ServiceName::new("support"),
        state: CallbackState::Queued,
        reason: None,
        customer_number: Some(PhoneNumber::new("+12025550123")),
        desired_time: at(1_000),
        requested_at: at(900),
        expires_at: at(5_000),
        updated_at: at(900),
        session: None,
        attempts: AttemptNo(0),
        properties: serde_json::Map::new(),
        user_data: serde_json::Map::new(),
    }
}

pub(crate) fn insert(row: &CallbackRow) -> Write {
    Write::InsertCallback(Box::new(row.clone()))
}

pub(crate) fn update(row: &CallbackRow, expected: Option<CallbackState>) -> Write {
    Write::UpdateCallback { row: Box::new(row.clone()), expected }
}

pub(crate) fn object(value: Value) -> serde_json::Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("{other} is not an object"),
    }
}

pub(crate) fn session(id: &str, callback: Option<&str>) -> SessionRow {
    SessionRow {
        id: SessionId::new(id),
        callback: callback.map(CallbackId::new),
        chart: "hash".to_owned(),
        parent: None,
        invokeid: None,
        reply_key: "key".to_owned(),
        snapshot: "{\"v\":1}".to_owned(),
        context: "{}".to_owned(),
        started_at: at(1),
        ended_at: None,
    }
}

pub(crate) fn put_session(row: &SessionRow) -> Write {
    Write::PutSession(Box::new(row.clone()))
}

pub(crate) fn effect_id(session: &str, step: u64, index: u32) -> EffectId {
    EffectId { session: SessionId::new(session), step, index }
}

pub(crate) fn effect(session: &str, step: u64, index: u32) -> EffectRow {
    EffectRow {
        id: effect_id(session, step, index),
        action: "{\"verb\":\"queue:submit\"}".to_owned(),
        repeatable: true,
        state: EffectState::Intended,
    }
}

pub(crate) fn timer(session: &str, id: &str, due: i64) -> TimerRow {
    TimerRow {
        session: SessionId::new(session),
        id: id.to_owned(),
        due: at(due),
        event: "{\"name\":\"ring.timeout\"}".to_owned(),
    }
}

pub(crate) fn queue_entry(session: &str, step: u64) -> QueueEntryRow {
    QueueEntryRow { id: effect_id(session, step, 0), entry: "{\"priority\":5}".to_owned() }
}

pub(crate) fn attempt(callback: &str, number: u32) -> DialAttemptRow {
    DialAttemptRow {
        callback: CallbackId::new(callback),
        attempt: AttemptNo(number),
        effect: effect_id("S", 3, 1),
        started_at: at(2_000),
        call_state: None,
    }
}

pub(crate) fn line(callback: Option<&str>, session: Option<&str>, name: &str) -> TimelineRow {
    TimelineRow {
        callback: callback.map(CallbackId::new),
        session: session.map(SessionId::new),
        at: at(7),
        kind: "event".to_owned(),
        name: name.to_owned(),
        detail: json!({"delay": 1.5}),
    }
}

pub(crate) fn message(id: &str, callback: Option<&str>, due: i64) -> OutboxRow {
    OutboxRow {
        id: id.to_owned(),
        callback: callback.map(CallbackId::new),
        kind: "notification".to_owned(),
        target: "http://localhost/status".to_owned(),
        body: "{}".to_owned(),
        attempts: 0,
        due: at(due),
    }
}

pub(crate) fn booking(number: &str, code: Option<&str>, callback: &str, expires_at: i64) -> BookingRow {
    BookingRow {
        access_number: number.to_owned(),
        access_code: code.map(str::to_owned),
        callback: CallbackId::new(callback),
        phone_number: Some(PhoneNumber::new("+12025550124")),
        expires_at: at(expires_at),
    }
}

pub(crate) fn report(callback: &str, body: &str) -> Write {
    Write::AppendReport { callback: CallbackId::new(callback), at: at(8), body: body.to_owned() }
}
