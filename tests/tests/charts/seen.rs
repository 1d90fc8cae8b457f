//! What a chart asked for, in a form that tests can compare: one line for each effect.

use serde_json::{Map, Value};
use statecharts::{Effect, Verb};

/// A verb that the chart asked for.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Id under which its answer comes.
    pub(crate) request_id: String,
    /// Attributes.
    pub(crate) attributes: Map<String, Value>,
    /// Params, or the keys of the content.
    pub(crate) params: Map<String, Value>,
}

impl Seen {
    pub(super) fn of(verb: &Verb) -> Self {
        let mut params: Map<String, Value> = verb.params.iter().cloned().collect();
        if let Some(Value::Object(content)) = &verb.content {
            params.extend(content.clone());
        }
        params.retain(|_, value| !value.is_null());
        Self { request_id: verb.request_id.clone(), attributes: verb.attributes.clone(), params }
    }
}

/// The verb that an effect is.
pub(super) fn verb(effect: &Effect) -> Option<&Verb> {
    match effect {
        Effect::Verb(verb) => Some(verb),
        _ => None,
    }
}

/// Text of an attribute; of a resource its DN.
pub(super) fn text(attributes: &Map<String, Value>, name: &str) -> String {
    match attributes.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Object(resource)) => resource.get("dn").and_then(Value::as_str).unwrap_or("?").to_owned(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

/// HTTP status of an answer.
pub(super) fn status(attributes: &Map<String, Value>) -> i64 {
    if text(attributes, "type") != "negative" {
        return 200;
    }
    text(attributes, "resultcode").parse().unwrap_or(400)
}

/// One line for each effect that somebody outside would notice; timers, queries and plain record keys are left out.
pub(super) fn lines(effects: &[Effect]) -> Vec<String> {
    effects.iter().filter_map(line).collect()
}

fn line(effect: &Effect) -> Option<String> {
    let verb = match effect {
        Effect::Verb(verb) => verb,
        Effect::Send(send) => {
            return send.target.as_ref().map(|target| format!("send {} to {target}", send.event));
        }
        Effect::Log(log) if log.level == Some(2) => return Some(format!("log {}: {}", log.label, log.value)),
        _ => return None,
    };
    let module = verb.module.rsplit('/').next().unwrap_or_default();
    let attribute = |name| text(&verb.attributes, name);
    Some(match (module, verb.element.as_str()) {
        ("callback", "notify") => format!("notify {}", attribute("event")),
        ("callback", "report") => {
            if attribute("final") == "true" {
                "final report".to_owned()
            } else {
                "report".to_owned()
            }
        }
        ("callback", "update") => match (attribute("state").as_str(), attribute("reason").as_str()) {
            ("", _) => return None,
            (state, "") => format!("record {state}"),
            (state, reason) => format!("record {state}/{reason}"),
        },
        ("callback", "push") => "push".to_owned(),
        ("queue", "query") => return None,
        ("queue", "update") => format!("queue:update {}", verb.attributes["hints"]),
        ("queue", "release") => format!("queue:release {}", attribute("agent")),
        ("queue", element) => format!("queue:{element}"),
        ("interaction", "createcall" | "redirect") => format!("ixn:{} {}", verb.element, attribute("to")),
        ("interaction", "attach") => return None,
        ("interaction", element) => format!("ixn:{element}"),
        ("dialog", "stop") => "dialog:stop".to_owned(),
        ("dialog", element) => format!("dialog:{element} {}", attribute("resource")),
        ("session", "fetch" | "start") => format!("session:{} {}", verb.element, attribute("srcexpr")),
        ("ws", _) => format!("answer {}", status(&verb.attributes)),
        (module, element) => format!("{module}:{element}"),
    })
}
