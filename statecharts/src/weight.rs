//! How much text values, events and effects hold, in bytes: about what their JSON has.

use serde_json::{Map, Value};

use crate::{Effect, Event, InvokeSource, Verb, VerbChild};

/// What a number or a word counts as.
const SCALAR: usize = 8;

/// Bytes of a value.
pub(crate) fn of_value(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => SCALAR,
        Value::String(text) => text.len() + 2,
        Value::Array(items) => 2 + items.iter().map(|item| 1 + of_value(item)).sum::<usize>(),
        Value::Object(object) => of_object(object),
    }
}

fn of_object(object: &Map<String, Value>) -> usize {
    2 + object.iter().map(|(key, value)| key.len() + 4 + of_value(value)).sum::<usize>()
}

/// Bytes of an event.
pub(crate) fn of_event(event: &Event) -> usize {
    event.name.len() + event.data.as_ref().map_or(0, of_value)
}

/// Bytes of an effect.
pub(crate) fn of_effect(effect: &Effect) -> usize {
    match effect {
        Effect::Send(send) => {
            let texts = [&send.sendid, &send.target, &send.kind];
            send.event.len()
                + of_value(&send.data)
                + texts.into_iter().flatten().map(String::len).sum::<usize>()
        }
        Effect::CancelSend { sendid } => sendid.len(),
        Effect::Invoke(invoke) => {
            let source = match &invoke.source {
                InvokeSource::Url(text) | InvokeSource::Content(text) => text.len(),
            };
            source + of_object(&invoke.parameters)
        }
        Effect::CancelInvoke { invokeid } => invokeid.len(),
        Effect::Forward { event, .. } => of_event(event),
        Effect::Verb(verb) => of_verb(verb),
        Effect::Call(call) => call.arguments.iter().map(of_value).sum(),
        Effect::Log(log) => log.label.len() + of_value(&log.value),
    }
}

fn of_verb(verb: &Verb) -> usize {
    let params: usize = verb.params.iter().map(|(name, value)| name.len() + of_value(value)).sum();
    let content = verb.content.as_ref().map_or(0, of_value);
    of_object(&verb.attributes) + params + content + verb.children.iter().map(of_child).sum::<usize>()
}

fn of_child(child: &VerbChild) -> usize {
    of_object(&child.attributes) + child.children.iter().map(of_child).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_weight_is_about_the_length_of_the_text() {
        for value in [json!({"a": ["x".repeat(1000), 5, null]}), json!([[], {}, "y"]), json!(7)] {
            let (weight, text) = (of_value(&value), value.to_string().len());
            assert!(weight >= text && weight < text + 40, "{value}: {weight}, {text}");
        }
    }
}
