//! `ixn:` verbs.

use std::time::Duration;

use serde_json::{Value, json};
use statecharts::Verb;
use vocabulary::{AttemptNo, EffectId, InteractionId};

use super::{Planner, values};
use crate::derive;
use crate::session::order::{Action, Dial, Redirect};

/// Ringing limit of a dial (guide: `_ixn_createcall_timeout`, 32 s).
const RING_TIMEOUT_DEFAULT: Duration = Duration::from_secs(32);
/// Ringing limit at an agent's phone when the chart does not say.
const AGENT_RING_TIMEOUT_DEFAULT: Duration = Duration::from_secs(30);
/// Limit of the detection (guide: `_call_timeguard_timeout`, 12000 ms).
const DETECTION_DEFAULT_MS: u64 = 12_000;

impl Planner<'_> {
    pub(super) fn create_call(&mut self, id: EffectId, verb: &Verb) {
        let Some(to) = destination(verb.attributes.get("to")) else {
            return self.dial_refused(&id, "invaliddestination", "there is no number to dial");
        };
        let attempt = self.next_attempt();
        self.context.last_dialled = Some(to.clone());
        let entry = self.announced_entry();
        let hints = values::object(&verb.attributes, "hints");
        let extensions = values::object(&hints, "extensions");
        let detects = values::text(&verb.attributes, "type").as_deref() == Some("predictive");
        let guard =
            values::integer(&extensions, "call_timeguard_timeout").and_then(|ms| u64::try_from(ms).ok());
        let dial = Dial {
            call: derive::call_of(&id),
            callback: self.record.as_ref().map(|row| row.id.clone()),
            entry,
            pause: self.context.pause.clone(),
            prefix: self.context.dial_prefix.clone(),
            attempt,
            from: destination(verb.attributes.get("from")).unwrap_or_default(),
            to,
            ring_timeout_ms: millis(
                values::seconds(&verb.attributes, "timeout").unwrap_or(RING_TIMEOUT_DEFAULT),
            ),
            detection_ms: detects.then(|| guard.unwrap_or(DETECTION_DEFAULT_MS)),
            user_data: Value::Object(values::object(&verb.attributes, "udata")),
            hints: Value::Object(hints),
        };
        self.order(id, Action::Dial(Box::new(dial)));
    }

    /// Attempt numbers belong to the engine: unique for each callback, whatever the chart counts (decision D-120).
    fn next_attempt(&mut self) -> AttemptNo {
        match self.record.as_mut() {
            Some(row) => {
                row.attempts = AttemptNo(row.attempts.0 + 1);
                self.plan.record_changed = true;
                row.attempts
            }
            None => {
                self.context.attempts = AttemptNo(self.context.attempts.0 + 1);
                self.context.attempts
            }
        }
    }

    fn dial_refused(&mut self, id: &EffectId, error: &str, description: &str) {
        self.raise(
            "error.voice.createcall",
            json!({ "requestid": id.to_string(), "error": error, "description": description, "hints": { "callstate": 3 } }),
        );
    }

    pub(super) fn redirect(&mut self, id: EffectId, verb: &Verb) {
        let Some(call) = self.held_call(verb) else {
            return self.fail(
                &id,
                "error.interaction.redirect",
                "invalidstate.null",
                "this session holds no such call",
            );
        };
        let Some(to) = destination(verb.attributes.get("to")) else {
            return self.fail(
                &id,
                "error.interaction.redirect",
                "invaliddestination",
                "there is no destination",
            );
        };
        // The guide's way to end an originating call without counting it as abandoned.
        if to == "_STOP_" {
            return self.order(id, Action::HangUp { call, reason: "_STOP_".to_owned() });
        }
        let timeout = values::seconds(&verb.attributes, "timeout").filter(|timeout| !timeout.is_zero());
        let redirect = Redirect {
            call,
            to,
            ring_timeout_ms: millis(timeout.unwrap_or(AGENT_RING_TIMEOUT_DEFAULT)),
            confirm: values::flag(&verb.attributes, "confirm").unwrap_or(true),
            hints: Value::Object(values::object(&verb.attributes, "hints")),
        };
        self.order(id, Action::Redirect(redirect));
    }

    pub(super) fn terminate_call(&mut self, id: EffectId, verb: &Verb) {
        let reason = values::text(&verb.attributes, "reason").unwrap_or_default();
        match self.held_call(verb).or_else(|| self.dialled_call(verb)) {
            Some(call) => self.order(id, Action::HangUp { call, reason }),
            None => {
                let description = "this session holds no such call";
                self.fail(&id, "error.interaction.terminate", "invalidstate.null", description);
            }
        }
    }

    /// The call that a dial of this session is about to become: named by the request id of the dial.
    fn dialled_call(&self, verb: &Verb) -> Option<InteractionId> {
        let dial: EffectId = values::text(&verb.attributes, "interactionid")?.parse().ok()?;
        (dial.session == *self.session).then(|| derive::call_of(&dial))
    }

    pub(super) fn associate(&mut self, id: EffectId, verb: &Verb) {
        let Some(call) = self.held_call(verb) else {
            return self.fail(
                &id,
                "error.interaction.associate",
                "unknown",
                "this session holds no such call",
            );
        };
        let Some(session) = values::text(&verb.attributes, "sessionid") else {
            return self.fail(&id, "error.interaction.associate", "unknown", "no session is named");
        };
        self.order(id, Action::Associate { call, session: derive::session_named(&session), detach: false });
    }

    /// A detached call goes back to the session that gave it: the one that started this session.
    pub(super) fn detach(&mut self, id: EffectId, verb: &Verb) {
        match (self.held_call(verb), self.parent.cloned()) {
            (Some(call), Some(parent)) => {
                self.order(id, Action::Associate { call, session: parent, detach: true })
            }
            (Some(_), None) => {
                self.fail(&id, "error.interaction.detach", "unknown", "no session gave this call")
            }
            (None, _) => {
                self.fail(&id, "error.interaction.detach", "unknown", "this session holds no such call")
            }
        }
    }

    pub(super) fn attach(&mut self, id: EffectId, verb: &Verb) {
        let Some(call) = self.held_call(verb) else {
            let description = "this session holds no such call";
            return self.fail(&id, "error.interaction.attach", "unknown", description);
        };
        {
            let pairs = Value::Object(values::object(&verb.attributes, "udata"));
            self.order(id, Action::Attach { call, pairs, silent: false });
        }
    }

    /// The call that a verb names, if this session controls it.
    pub(super) fn held_call(&self, verb: &Verb) -> Option<InteractionId> {
        let call = InteractionId::new(values::text(&verb.attributes, "interactionid")?);
        self.context.calls.contains_key(&call).then_some(call)
    }
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A number, a directory number, or a resource object (ORS reference: resource object).
fn destination(value: Option<&Value>) -> Option<String> {
    let text = match value? {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Object(resource) => values::text(resource, "dn").or_else(|| values::text(resource, "id"))?,
        _ => return None,
    };
    (!text.trim().is_empty()).then_some(text)
}
