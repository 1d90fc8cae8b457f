//! `callback:` verbs: applied in the transaction of the step that says them (decision D-123).

use serde_json::{Map, Value, json};
use statecharts::{Effect, Verb};
use store::{CallbackRow, OutboxRow, Write};
use vocabulary::{CompletionReason, EffectId, Timestamp};

use super::{Planner, values};
use crate::devices;
use crate::last_words;
use crate::outbox;
use crate::record::{self, RecordUpdate};
use crate::session::context::NotificationPolicy;
use crate::verbs;

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
        let name = values::text(&verb.attributes, "event").unwrap_or_default();
        self.context.exit_told |= name == last_words::EXIT;
        let message = notification(&policy, &name, values::fields(verb), row, id.to_string(), self.now);
        self.plan.writes.push(Write::PutOutbox(message));
        self.plan.outbox = true;
    }

    /// Tells and reports the end of a callback whose chart has not done so, and is over.
    //= decision: D-068
    pub(crate) fn last_words(&mut self, step: u64, reason: &CompletionReason) {
        let Some(row) = self.record.as_ref() else { return };
        let said = |element: &str, attributes: Value, fields: Map<String, Value>| {
            Effect::Verb(Verb {
                request_id: String::new(),
                module: verbs::CALLBACK.to_owned(),
                element: element.to_owned(),
                attributes: attributes.as_object().cloned().unwrap_or_default(),
                params: fields.into_iter().collect(),
                content: None,
                children: Vec::new(),
            })
        };
        let mut effects = Vec::new();
        if !self.context.exit_told {
            let fields = last_words::message(row, reason, self.context.last_dialled.as_deref());
            effects.push(said("notify", json!({ "event": last_words::EXIT }), fields));
        }
        if !self.context.reported {
            let keys = last_words::report(row, self.session, reason, self.now);
            effects.push(said("report", json!({ "final": true }), keys));
        }
        self.step(step, effects);
    }

    pub(super) fn report(&mut self, verb: &Verb) {
        let Some(row) = self.record.as_ref() else { return };
        let mut keys = values::fields(verb);
        keys.retain(|_, value| !value.is_null());
        let is_final = values::flag(&verb.attributes, "final").unwrap_or(false);
        self.context.reported |= is_final;
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
        self.context.pushes.push(id.to_string());
        // A device shows no more than its last ones.
        if self.context.pushes.len() > devices::KEPT {
            let writes = &self.plan.writes;
            if let Some(oldest) = self.context.pushes.iter().position(|id| !outbox::puts(writes, id)) {
                let oldest = self.context.pushes.remove(oldest);
                self.plan.writes.push(Write::DeleteOutbox(oldest));
            }
        }
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

/// A status notification on its way to where the service sends them.
pub(crate) fn notification(
    policy: &NotificationPolicy,
    name: &str,
    mut event: Map<String, Value>,
    row: &CallbackRow,
    id: String,
    now: Timestamp,
) -> OutboxRow {
    event.insert("event_id".to_owned(), json!(name));
    event.insert("_callback_state".to_owned(), json!(row.state));
    let timestamp = now.epoch_seconds().to_string();
    let body = envelope(policy, event, &timestamp, row.id.as_str(), row.service.as_str());
    OutboxRow {
        id,
        callback: Some(row.id.clone()),
        kind: policy.kind.clone(),
        target: policy.target.clone(),
        body: Value::Object(body).to_string(),
        attempts: 0,
        due: now,
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
