//! Effects as JSON objects and as lines, and patterns of them.

use serde_json::{Map, Value, json};

use super::compare::{differences, is_within};
use crate::duration::parse_duration;
use crate::load::vocabulary::did_you_mean;
use crate::{Effect, InvokeSource, ModuleSet, Verb, VerbChild};

/// An effect, in the form in which tools print it and scenarios expect it: an object whose first key says what it is.
///
/// `verb` (an element of a module as `prefix:element`, with `requestid`, `attributes`, `params`, `content`, `children`), `log` (label, with
/// `value` and `level`), `send` (event, with `target`, `type`, `data`, `delay_ms`, `sendid`), `cancel` (id of a `<send>`), `invoke` (id, with `src`
/// or `content`, `parameters`), `cancel_invoke`, `forward` (invocation, with `event`), `call` (function, with `arguments`).
#[must_use]
pub fn effect_json(effect: &Effect, modules: &ModuleSet) -> Value {
    let mut object = Map::new();
    let mut put = |key: &str, value: Value| {
        if !value.is_null() {
            object.insert(key.to_owned(), value);
        }
    };
    match effect {
        Effect::Verb(verb) => {
            put("verb", json!(label(modules, &verb.module, &verb.element)));
            put("requestid", json!(verb.request_id));
            put("attributes", Value::Object(verb.attributes.clone()));
            if !verb.params.is_empty() {
                put("params", Value::Object(verb.params.iter().cloned().collect()));
            }
            put("content", json!(verb.content));
            if !verb.children.is_empty() {
                put("children", verb.children.iter().map(child_json).collect());
            }
        }
        Effect::Log(log) => {
            put("log", json!(log.label));
            put("level", json!(log.level));
            object.insert("value".to_owned(), log.value.clone());
        }
        Effect::Send(send) => {
            put("send", json!(send.event));
            put("target", json!(send.target));
            put("type", json!(send.kind));
            put("data", send.data.clone());
            put("sendid", json!(send.sendid));
            put("delay_ms", json!(u64::try_from(send.delay.as_millis()).unwrap_or(u64::MAX)));
        }
        Effect::CancelSend { sendid } => put("cancel", json!(sendid)),
        Effect::Invoke(invoke) => {
            put("invoke", json!(invoke.invokeid));
            put("type", json!(invoke.kind));
            match &invoke.source {
                InvokeSource::Url(url) => put("src", json!(url)),
                InvokeSource::Content(text) => put("content", json!(text)),
            }
            put("parameters", Value::Object(invoke.parameters.clone()));
        }
        Effect::CancelInvoke { invokeid } => put("cancel_invoke", json!(invokeid)),
        Effect::Forward { invokeid, event } => {
            put("forward", json!(invokeid));
            put("event", json!(event.name));
        }
        Effect::Call(call) => {
            put("call", json!(call.function));
            put("arguments", json!(call.arguments));
        }
    }
    Value::Object(object)
}

/// An effect in one line, for people.
#[must_use]
pub fn effect_line(effect: &Effect, modules: &ModuleSet) -> String {
    match effect {
        Effect::Verb(verb) => {
            let pairs = with(verb).into_iter().map(|(name, value)| format!(" {name}={value}"));
            let children = verb.children.iter().map(|child| format!(" {}", child_json(child)));
            let name = label(modules, &verb.module, &verb.element);
            name + &pairs.chain(children).collect::<String>()
        }
        Effect::Log(log) if log.label.is_empty() => format!("log {}", log.value),
        Effect::Log(log) => format!("log {}: {}", log.label, log.value),
        Effect::Send(send) => {
            let target = send.target.as_ref().map(|target| format!(" to {target}")).unwrap_or_default();
            let delay = match send.delay.is_zero() {
                true => String::new(),
                false => format!(" in {:?}", send.delay),
            };
            let data = if send.data.is_null() { String::new() } else { format!(" {}", send.data) };
            format!("send {}{target}{delay}{data}", send.event)
        }
        Effect::CancelSend { sendid } => format!("cancel {sendid}"),
        Effect::Invoke(invoke) => match &invoke.source {
            InvokeSource::Url(url) => format!("invoke {} of {url}", invoke.invokeid),
            InvokeSource::Content(_) => format!("invoke {}", invoke.invokeid),
        },
        Effect::CancelInvoke { invokeid } => format!("cancel invocation {invokeid}"),
        Effect::Forward { invokeid, event } => format!("forward {} to {invokeid}", event.name),
        Effect::Call(call) => {
            let arguments: Vec<String> = call.arguments.iter().map(Value::to_string).collect();
            format!("{}({})", call.function, arguments.join(", "))
        }
    }
}

/// An element of a module as charts usually write it: `prefix:element`.
pub(super) fn label(modules: &ModuleSet, namespace: &str, element: &str) -> String {
    format!("{}:{element}", prefix(modules, namespace))
}

/// The prefix that charts usually bind a namespace to; of an unknown one its last part.
fn prefix<'a>(modules: &ModuleSet, namespace: &'a str) -> &'a str {
    match modules.module(namespace) {
        Some(module) if !module.prefix.is_empty() => module.prefix,
        _ => namespace.rsplit('/').next().unwrap_or(namespace),
    }
}

fn child_json(child: &VerbChild) -> Value {
    let mut object = Map::from_iter([("element".to_owned(), json!(child.element))]);
    if !child.attributes.is_empty() {
        object.insert("attributes".to_owned(), Value::Object(child.attributes.clone()));
    }
    if !child.children.is_empty() {
        object.insert("children".to_owned(), child.children.iter().map(child_json).collect());
    }
    Value::Object(object)
}

/// Attributes, params and the keys of an object as content, in one.
fn with(verb: &Verb) -> Map<String, Value> {
    let mut all = verb.attributes.clone();
    all.extend(verb.params.iter().cloned());
    if let Some(Value::Object(content)) = &verb.content {
        all.extend(content.clone());
    }
    all
}

/// What an effect must be like: keys of its JSON form with values, `with` for attributes, params and content in one, `delay` as text.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern(Map<String, Value>);

/// What the first key of a pattern may be.
const KINDS: &[&str] = &["verb", "log", "send", "cancel", "invoke", "cancel_invoke", "forward", "call"];
/// What the others may be.
const FIELDS: &[&str] = &[
    "with",
    "requestid",
    "attributes",
    "params",
    "content",
    "children",
    "value",
    "level",
    "target",
    "type",
    "data",
    "sendid",
    "delay",
    "delay_ms",
    "src",
    "parameters",
    "event",
    "arguments",
];

impl Pattern {
    /// A pattern from its JSON form; a text is a verb.
    ///
    /// # Errors
    /// What it should look like.
    pub(super) fn read(value: Value) -> Result<Self, String> {
        let mut object = match value {
            Value::String(verb) => {
                return Ok(Self(Map::from_iter([("verb".to_owned(), Value::String(verb))])));
            }
            Value::Object(object) => object,
            other => return Err(format!("an effect is a table or the name of a verb, not `{other}`")),
        };
        for key in object.keys() {
            if !KINDS.contains(&key.as_str()) && !FIELDS.contains(&key.as_str()) {
                let like = did_you_mean(key, KINDS.iter().chain(FIELDS).copied());
                return Err(format!("effects have no `{key}`{like}"));
            }
        }
        if object.keys().filter(|key| KINDS.contains(&key.as_str())).count() != 1 {
            return Err(format!("an effect has one of `{}`", KINDS.join("`, `")));
        }
        if let Some(delay) = object.remove("delay") {
            let parsed = delay.as_str().and_then(parse_duration);
            let delay = parsed.ok_or_else(|| format!("`{delay}` is no time; write `1.5s` or `200ms`"))?;
            object.insert("delay_ms".to_owned(), json!(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX)));
        }
        Ok(Self(object))
    }

    /// Whether an effect is like this.
    pub(super) fn fits(&self, effect: &Effect, modules: &ModuleSet) -> bool {
        self.0.iter().all(|(key, value)| is_within(value, &self.found(key, effect, modules)))
    }

    /// What an effect has under a key.
    fn found(&self, key: &str, effect: &Effect, modules: &ModuleSet) -> Value {
        match (key, effect) {
            ("with", Effect::Verb(verb)) => Value::Object(with(verb)),
            // An element may be named without its module.
            ("verb", Effect::Verb(verb))
                if self.0.get("verb").and_then(Value::as_str) == Some(&verb.element) =>
            {
                Value::String(verb.element.clone())
            }
            _ => effect_json(effect, modules).get(key).cloned().unwrap_or_default(),
        }
    }

    /// The effect that is of the same kind and name and differs least, with the differences.
    pub(super) fn nearest(&self, effects: &[Effect], modules: &ModuleSet) -> Option<String> {
        let candidates = effects.iter().filter(|effect| {
            KINDS.iter().all(|kind| {
                self.0.get(*kind).is_none_or(|name| is_within(name, &self.found(kind, effect, modules)))
            })
        });
        let described = candidates.map(|effect| {
            let mut found = Vec::new();
            for (key, value) in &self.0 {
                differences(key, value, &self.found(key, effect, modules), &mut found);
            }
            found
        });
        described.min_by_key(Vec::len).map(|found| found.join("; "))
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = self.0.iter().find(|(key, _)| KINDS.contains(&key.as_str()));
        if let Some((kind, name)) = kind {
            match name.as_str() {
                Some(name) if kind == "verb" => formatter.write_str(name)?,
                Some(name) => write!(formatter, "{kind} {name}")?,
                None => write!(formatter, "{kind} {name}")?,
            }
        }
        for (key, value) in self.0.iter().filter(|(key, _)| !KINDS.contains(&key.as_str())) {
            write!(formatter, " {key}={value}")?;
        }
        Ok(())
    }
}
