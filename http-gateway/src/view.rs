//! Callbacks and timelines as the API shows them. Pure.

use engine::api::CallbackView;
use serde_json::{Map, Value};
use store::TimelineRow;

/// A callback by id: one object, names with underscore (decision D-035).
//= guide: query by id
pub(crate) fn by_id(callback: &CallbackView, prefix: &str) -> Value {
    let mut object = common(callback);
    put(&mut object, "_service_name", callback.service.as_str());
    put(&mut object, "_time_scheduled", callback.requested_at.to_string());
    put(&mut object, "_expiration_time", callback.expires_at.to_string());
    put(&mut object, "_url", format!("{prefix}{}", path(callback)));
    finish(object, callback)
}

/// A callback found by its properties: both spellings of desired time and URL (decision D-007).
//= guide: query by properties
pub(crate) fn by_property(callback: &CallbackView, prefix: &str) -> Value {
    let mut object = common(callback);
    put(&mut object, "desired_time", callback.desired_time.to_string());
    put(&mut object, "_service_name", callback.service.as_str());
    put(&mut object, "_expiration_time", callback.expires_at.to_string());
    put(&mut object, "url", path(callback));
    put(&mut object, "_url", format!("{prefix}{}", path(callback)));
    finish(object, callback)
}

/// A callback in the listing by service.
//= guide: query by queues
pub(crate) fn by_queue(callback: &CallbackView) -> Value {
    let mut object = common(callback);
    put(&mut object, "url", path(callback));
    if let Some(session) = &callback.session {
        put(&mut object, "_ors_session_id", session.as_str());
    }
    finish(object, callback)
}

/// A line of a timeline.
pub(crate) fn timeline_row(row: &TimelineRow) -> Value {
    let mut object = Map::new();
    put(&mut object, "at", row.at.to_string());
    put(&mut object, "kind", row.kind.as_str());
    put(&mut object, "name", row.name.as_str());
    put(&mut object, "detail", row.detail.clone());
    if let Some(session) = &row.session {
        put(&mut object, "session", session.as_str());
    }
    Value::Object(object)
}

/// What every view has.
fn common(callback: &CallbackView) -> Map<String, Value> {
    let mut object = Map::new();
    put(&mut object, "_id", callback.id.as_str());
    put(&mut object, "_callback_state", callback.state.as_str());
    put(&mut object, "_desired_time", callback.desired_time.to_string());
    if let Some(number) = &callback.customer_number {
        put(&mut object, "_customer_number", number.as_str());
    }
    if let Some(reason) = &callback.reason {
        put(&mut object, "_callback_reason", reason.as_str());
    }
    object
}

/// Adds the further keys; they never replace one of the view's own.
fn finish(mut object: Map<String, Value>, callback: &CallbackView) -> Value {
    for (name, value) in &callback.further {
        if !object.contains_key(name) {
            object.insert(name.clone(), value.clone());
        }
    }
    Value::Object(object)
}

fn put(object: &mut Map<String, Value>, name: &str, value: impl Into<Value>) {
    object.insert(name.to_owned(), value.into());
}

/// Path below the base path.
fn path(callback: &CallbackView) -> String {
    format!("/1/service/callback/{}/{}", callback.service, callback.id)
}

#[cfg(test)]
mod tests {
    use engine::api::CallbackView;
    use serde_json::json;
    use vocabulary::{CallbackId, CallbackState, ServiceName, SessionId, Timestamp};

    use super::{by_id, by_property, by_queue};

    fn callback() -> CallbackView {
        let at = |text| Timestamp::parse(text).unwrap();
        CallbackView {
            id: CallbackId::new("301-0c1d"),
            service: ServiceName::new("billing-later"),
            state: CallbackState::Scheduled,
            reason: None,
            customer_number: Some("+12025550123".to_owned()),
            desired_time: at("2031-05-06T14:10:00.000Z"),
            requested_at: at("2031-05-01T08:00:00.000Z"),
            expires_at: at("2031-05-07T14:10:00.000Z"),
            session: None,
            further: json!({"topic": "loan", "_id": "not this"}).as_object().unwrap().clone(),
        }
    }

    #[test]
    fn query_by_id_has_the_guides_keys() {
        assert_eq!(
            by_id(&callback(), "/genesys"),
            json!({
                "_id": "301-0c1d", "_callback_state": "SCHEDULED", "_service_name": "billing-later",
                "_customer_number": "+12025550123", "_desired_time": "2031-05-06T14:10:00.000Z",
                "_time_scheduled": "2031-05-01T08:00:00.000Z", "_expiration_time": "2031-05-07T14:10:00.000Z",
                "_url": "/genesys/1/service/callback/billing-later/301-0c1d", "topic": "loan",
            })
        );
    }

    #[test]
    fn query_by_property_has_both_spellings() {
        assert_eq!(
            by_property(&callback(), "/genesys"),
            json!({
                "_id": "301-0c1d", "_callback_state": "SCHEDULED", "_service_name": "billing-later",
                "_customer_number": "+12025550123", "desired_time": "2031-05-06T14:10:00.000Z",
                "_desired_time": "2031-05-06T14:10:00.000Z", "_expiration_time": "2031-05-07T14:10:00.000Z",
                "url": "/1/service/callback/billing-later/301-0c1d",
                "_url": "/genesys/1/service/callback/billing-later/301-0c1d", "topic": "loan",
            })
        );
    }

    #[test]
    fn listing_by_queue_tells_session_and_reason_once_they_are_there() {
        let mut completed = callback();
        completed.state = CallbackState::Completed;
        completed.reason = Some("AGENT_CONNECTED".to_owned());
        completed.session = Some(SessionId::new("S1"));
        completed.customer_number = None;
        assert_eq!(
            by_queue(&completed),
            json!({
                "_id": "301-0c1d", "_callback_state": "COMPLETED", "_callback_reason": "AGENT_CONNECTED",
                "_desired_time": "2031-05-06T14:10:00.000Z", "_ors_session_id": "S1",
                "url": "/1/service/callback/billing-later/301-0c1d", "topic": "loan",
            })
        );
    }
}
