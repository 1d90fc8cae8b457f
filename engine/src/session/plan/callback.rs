//! `callback:` verbs: applied in the transaction of the step that says them (decision D-123).

use serde_json::{Map, Value, json};
use statecharts::Verb;
use store::{OutboxRow, Write};
use vocabulary::EffectId;

use super::{Planner, values};
use crate::record::{self, RecordUpdate};
use crate::session::context::NotificationPolicy;

impl Planner<'_> {
    pub(super) fn update_record(&mut self, verb: &Verb) {
        let state = match values::text(&verb.attributes, "state").map(|text| text.parse()) {
            None => None,
            Some(Ok(state)) => Some(state),
            Some(Err(unknown)) => return self.update_failed(&format!("{unknown}")),
        };
        let mut properties = values::fields(verb);
        if let Some(disposition) = values::text(&verb.attributes, "disposition") {
            properties.insert("_disposition".to_owned(), Value::String(disposition));
        }
        let reason = values::text(&verb.attributes, "reason");
        let update = RecordUpdate { state, reason: reason.clone(), properties: properties.clone() };
        let now = self.now;
        let Some(row) = self.record.as_mut() else {
            return self.update_failed("this session runs no callback");
        };
        match record::apply(row, update, now) {
            Ok(()) => {
                let (id, state) = (row.id.to_string(), row.state);
                self.plan.record_changed = true;
                let detail = json!({ "callback": id, "reason": reason, "properties": properties });
                self.line("record", state.as_str(), detail);
            }
            Err(forbidden) => self.update_failed(&forbidden.to_string()),
        }
    }

    fn update_failed(&mut self, description: &str) {
        self.warn("callback:update", description);
        self.raise("error.callback.update", json!({ "error": "refused", "description": description }));
    }

    pub(super) fn notify(&mut self, id: &EffectId, verb: &Verb) {
        let Some(policy) = self.context.notification.clone() else {
            return;
        };
        let Some(row) = self.record.as_ref() else { return };
        let mut event = values::fields(verb);
        let timestamp = self.now.epoch_seconds().to_string();
        event.insert(
            "event_id".to_owned(),
            json!(values::text(&verb.attributes, "event").unwrap_or_default()),
        );
        event.insert("_callback_state".to_owned(), json!(row.state));
        let body = envelope(&policy, event, &timestamp, row.id.as_str(), row.service.as_str());
        let message = OutboxRow {
            id: id.to_string(),
            callback: Some(row.id.clone()),
            kind: policy.kind,
            target: policy.target,
            body: Value::Object(body).to_string(),
            attempts: 0,
            due: self.now,
        };
        self.plan.writes.push(Write::PutOutbox(message));
        self.plan.outbox = true;
    }

    pub(super) fn report(&mut self, verb: &Verb) {
        let Some(row) = self.record.as_ref() else { return };
        let mut keys = values::fields(verb);
        keys.retain(|_, value| !value.is_null());
        let is_final = values::flag(&verb.attributes, "final").unwrap_or(false);
        keys.insert("_CB_FINAL_RECORD".to_owned(), json!(i32::from(is_final)));
        keys.insert("_CB_SERVICE_ID".to_owned(), json!(row.id));
        keys.insert("_CB_ORS_SESSION_ID".to_owned(), json!(self.session));
        self.plan.writes.push(Write::AppendReport {
            callback: row.id.clone(),
            at: self.now,
            body: Value::Object(keys).to_string(),
        });
    }

    pub(super) fn push(&mut self, id: &EffectId, verb: &Verb) {
        let device =
            self.record.as_ref().and_then(|row| values::text(&row.properties, "_device_notification_id"));
        let Some((device, row)) = device.zip(self.record.as_ref()) else {
            return self.fail(
                id,
                "error.callback.push",
                "nodevice",
                "the request named no device to push to",
            );
        };
        let body = values::fields(verb);
        let message = OutboxRow {
            id: id.to_string(),
            callback: Some(row.id.clone()),
            kind: "push".to_owned(),
            target: device,
            body: Value::Object(body).to_string(),
            attempts: 0,
            due: self.now,
        };
        self.plan.writes.push(Write::PutOutbox(message));
        self.plan.outbox = true;
    }
}

/// The body of a status notification in the form that the service asks for (decision D-018).
fn envelope(
    policy: &NotificationPolicy,
    mut event: Map<String, Value>,
    timestamp: &str,
    id: &str,
    service: &str,
) -> Map<String, Value> {
    let common = [("timestamp", timestamp), ("_service_id", id), ("_service_name", service)];
    let common = common.into_iter().map(|(name, value)| (name.to_owned(), json!(value)));
    if !policy.envelope {
        event.extend(common);
        return event;
    }
    let mut body: Map<String, Value> = common.collect();
    body.insert("deviceId".to_owned(), json!(policy.target));
    body.insert("message".to_owned(), Value::Object(event));
    body
}
