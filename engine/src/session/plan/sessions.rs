//! `session:` and `ws:` verbs, and `<invoke>`.

use serde_json::{Map, Value, json};
use statecharts::{Event, Failure, Invoke, InvokeSource, Verb};
use vocabulary::{EffectId, Timestamp};

use super::{Planner, values};
use crate::derive;
use crate::session::order::{Action, Fetch, SessionSource};

impl Planner<'_> {
    pub(super) fn start_session(&mut self, id: EffectId, verb: &Verb) {
        let source =
            values::text(&verb.attributes, "srcexpr").or_else(|| values::text(&verb.attributes, "src"));
        let Some(source) = source else {
            return self.fail(&id, "error.session.start", "badfetch", "no chart is named");
        };
        let Some(depth) = self.deeper() else { return };
        let due = match self.ideal_time(verb) {
            Ok(due) => due,
            Err(problem) => return self.fail(&id, "error.session.start", "badfetch", &problem),
        };
        let action = Action::StartSession {
            session: derive::session_of(&id),
            source: SessionSource::Reference(source),
            parameters: verb.params.iter().cloned().collect(),
            invokeid: None,
            depth,
            due,
        };
        self.order(id, action);
    }

    /// Epoch milliseconds at which a session is to be started; a time that is over means now.
    fn ideal_time(&self, verb: &Verb) -> Result<Option<Timestamp>, String> {
        match verb.attributes.get("idealtime") {
            None | Some(Value::Null) => Ok(None),
            Some(given) => match values::integer(&verb.attributes, "idealtime") {
                Some(millis) => Ok(Some(Timestamp::from_millis(millis)).filter(|due| *due > self.now)),
                None => Err(format!("`idealtime` is {given}: expected milliseconds since the epoch")),
            },
        }
    }

    pub(super) fn update_start(&mut self, id: EffectId, verb: &Verb) {
        let session = values::text(&verb.attributes, "sessionid");
        match (session, values::integer(&verb.attributes, "idealtime")) {
            (Some(session), Some(millis)) => {
                let due = Timestamp::from_millis(millis);
                self.order(id, Action::UpdateStart { session: derive::session_named(&session), due });
            }
            _ => {
                let problem = "it needs a session and milliseconds since the epoch";
                self.fail(&id, "error.session.updatestart", "unknown", problem);
            }
        }
    }

    pub(super) fn terminate_session(&mut self, id: EffectId, verb: &Verb) {
        match values::text(&verb.attributes, "sessionid") {
            Some(session) => {
                self.order(id, Action::TerminateSession { session: derive::session_named(&session) })
            }
            None => self.fail(&id, "error.session.terminate", "unknown", "no session is named"),
        }
    }

    pub(super) fn fetch(&mut self, id: EffectId, verb: &Verb) {
        let Some(url) = values::text(&verb.attributes, "srcexpr") else {
            return self.fail(&id, "error.session.fetch", "badfetch", "no URL is given");
        };
        let enctype = values::text(&verb.attributes, "enctype").unwrap_or_default();
        let timeout = values::integer(&verb.attributes, "timeout").and_then(|secs| u64::try_from(secs).ok());
        let fetch = Fetch {
            url,
            method: values::text(&verb.attributes, "method")
                .unwrap_or_else(|| "get".to_owned())
                .to_uppercase(),
            timeout_secs: timeout.filter(|secs| *secs > 0).unwrap_or(self.fetch_timeout.as_secs()),
            json: enctype.contains("json"),
            fields: verb.params.iter().cloned().collect(),
            content: verb.content.clone(),
        };
        self.order(id, Action::Fetch(fetch));
    }

    pub(super) fn respond(&mut self, id: EffectId, verb: &Verb) {
        let Some(request) = values::text(&verb.attributes, "requestid") else {
            return self.warn("ws:response", "names no request: requestid must be _event.sendid");
        };
        let positive = values::text(&verb.attributes, "type").as_deref() != Some("negative");
        let code = values::text(&verb.attributes, "resultcode");
        let mut body: Map<String, Value> = verb.params.iter().cloned().collect();
        let status = if positive {
            200
        } else {
            code.as_deref()
                .and_then(|code| code.parse().ok())
                .filter(|code| (400..600).contains(code))
                .unwrap_or(400)
        };
        if let (false, Some(code)) = (positive, code) {
            body.entry("resultcode").or_insert(Value::String(code));
        }
        let body = verb.content.clone().unwrap_or(Value::Object(body));
        self.order(id, Action::Respond { request, status, body });
    }

    pub(super) fn invoke(&mut self, id: EffectId, invoke: Invoke) {
        let is_chart = invoke.kind.as_deref().is_none_or(|kind| {
            let kind = kind.trim_end_matches('/');
            kind == "scxml" || kind.ends_with("w3.org/TR/scxml") || kind.ends_with("SCXMLEventProcessor")
        });
        if !is_chart {
            return self.raise("error.execution", json!({ "reason": "only charts can be invoked" }));
        }
        let Some(depth) = self.deeper() else { return };
        let session = derive::session_of(&id);
        self.context.children.insert(invoke.invokeid.clone(), session.clone());
        let source = match invoke.source {
            InvokeSource::Url(url) => SessionSource::Reference(url),
            InvokeSource::Content(text) => SessionSource::Text(text),
        };
        let action = Action::StartSession {
            session,
            source,
            parameters: invoke.parameters,
            invokeid: Some(invoke.invokeid),
            depth,
            due: None,
        };
        self.order(id, action);
    }

    /// The depth of a session that this one starts; `None` if that is too deep, and then this one fails.
    fn deeper(&mut self) -> Option<u32> {
        let limit = self.limits.invoke_depth;
        if self.context.depth >= limit {
            self.fail_session(Failure::InvokeDepth { limit });
            return None;
        }
        Some(self.context.depth + 1)
    }

    pub(super) fn cancel_invoke(&mut self, id: EffectId, invokeid: &str) {
        if let Some(session) = self.context.children.remove(invokeid) {
            self.order(id, Action::CancelInvoked { session });
        }
    }

    pub(super) fn forward(&mut self, id: EffectId, invokeid: &str, event: Event) {
        if let Some(session) = self.context.children.get(invokeid).cloned() {
            self.order(id, Action::Deliver { session, event });
        }
    }
}
