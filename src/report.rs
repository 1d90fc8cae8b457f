//! Lines of timelines as people read them: `12:00:03  abc123  dial to +12025550123`.

use std::collections::BTreeMap;

use serde_json::Value;
use store::TimelineRow;
use vocabulary::CallbackId;

/// Writes the lines, and remembers the state of each callback to tell only its changes.
#[derive(Debug, Default)]
pub(crate) struct Report {
    states: BTreeMap<CallbackId, String>,
}

impl Report {
    /// The line of a step that people want to see; `None` for the others.
    pub(crate) fn line(&mut self, row: &TimelineRow) -> Option<String> {
        let text = match row.kind.as_str() {
            "record" if !self.is_news(row) => return None,
            "record" => record(&row.name, &row.detail),
            "effect" => effect(&row.name, &row.detail)?,
            "event" | "answer" => event(&row.name, &row.detail)?,
            "warning" => format!("warning: {}: {}", row.name, text(&row.detail, "/problem")),
            _other => return None,
        };
        Some(format!("{}  {}  {text}", time(row), name(row)))
    }

    /// Whether a record has another state than before. Completed ones are forgotten: no state follows.
    fn is_news(&mut self, row: &TimelineRow) -> bool {
        let Some(callback) = &row.callback else {
            return true;
        };
        if row.name == "COMPLETED" {
            self.states.remove(callback);
            return true;
        }
        self.states.insert(callback.clone(), row.name.clone()).as_ref() != Some(&row.name)
    }
}

/// Hours, minutes and seconds of engine time, UTC.
fn time(row: &TimelineRow) -> String {
    row.at.to_string().chars().skip(11).take(8).collect()
}

/// The last six characters of the callback's id, or of the session's.
fn name(row: &TimelineRow) -> String {
    let id = match (&row.callback, &row.session) {
        (Some(callback), _) => callback.as_str(),
        (None, Some(session)) => session.as_str(),
        (None, None) => "",
    };
    let count = id.chars().count();
    format!("{:>6}", id.chars().skip(count.saturating_sub(6)).collect::<String>())
}

fn record(state: &str, detail: &Value) -> String {
    match (text(detail, "/reason"), text(detail, "/desired_time")) {
        (reason, _) if !reason.is_empty() => format!("{state}, {reason}"),
        (_, time) if state == "SCHEDULED" && !time.is_empty() => format!("{state} for {time}"),
        _other => state.to_owned(),
    }
}

fn effect(verb: &str, detail: &Value) -> Option<String> {
    let attribute = |name: &str| text(detail, &format!("/attributes/{name}"));
    Some(match verb {
        "queue:submit" => format!("waits in {}", attribute("queue")),
        "ixn:createcall" => format!("dial to {}", attribute("to")),
        "ixn:redirect" => format!("goes to {}", destination(detail)),
        "ixn:terminate" => "hangs up".to_owned(),
        "session:start" => format!("starts {}", first(&[attribute("src"), attribute("srcexpr")])),
        "session:fetch" => format!("asks {}", without_query(&attribute("srcexpr"))),
        "dialog:playsound" | "dialog:playandcollect" => format!("plays {}", attribute("resource")),
        "callback:push" => "push to the customer's device".to_owned(),
        _other => return None,
    })
}

/// Where a redirect goes: a number, or the resource that the queue gave.
fn destination(detail: &Value) -> String {
    match detail.pointer("/attributes/to") {
        Some(Value::String(number)) => number.clone(),
        Some(resource) => first(&[text(resource, "/agent"), text(resource, "/dn"), text(resource, "/id")]),
        None => String::new(),
    }
}

fn event(name: &str, detail: &Value) -> Option<String> {
    let attempt = text(detail, "/attempt");
    Some(match name {
        "queue.submit.done" => format!("agent {} is free", text(detail, "/resource/agent")),
        "queue.timetodial" => "an agent will soon be free: time to dial".to_owned(),
        "voice.createcall.done" => format!("attempt {attempt} is answered"),
        "error.voice.createcall" if text(detail, "/error") == "refused" => {
            format!("attempt {attempt} is not allowed: {}", text(detail, "/description"))
        }
        "error.voice.createcall" => format!("attempt {attempt} fails: {}", outcome(detail)),
        "interaction.partystatechanged" => return party(detail),
        "interaction.ondivert" => format!("{} does not take the call", text(detail, "/divertingdeviceid")),
        "interaction.deleted" => format!("the call ends, released by {}", text(detail, "/hints/releasedby")),
        "callback.cancel" => "is to be cancelled".to_owned(),
        "callback.expired" => "its life time is over".to_owned(),
        "callback.paused" | "callback.resumed" | "session.restored" => name.replace('.', " "),
        "error.queue.submit" => format!("no agent: {}", text(detail, "/error")),
        "error.session.fetch" => format!("no answer: {}", text(detail, "/error")),
        _other => return None,
    })
}

/// Somebody's phone rings, or somebody is on the line. Only the detection of a dial knows `kept`.
fn party(detail: &Value) -> Option<String> {
    let device = text(detail, "/focusdeviceid");
    match text(detail, "/partystate").as_str() {
        "alerting" => Some(format!("the phone of {device} rings")),
        "connected" if detail.pointer("/hints/kept").is_some() => {
            Some(format!("on the line: {}", outcome(detail)))
        }
        "connected" => Some(format!("connected to {device}")),
        _other => None,
    }
}

/// What a call state means.
fn outcome(detail: &Value) -> String {
    match detail.pointer("/hints/callstate").and_then(Value::as_u64) {
        Some(0) => "a human".to_owned(),
        Some(6) => "busy".to_owned(),
        Some(7) => "no answer".to_owned(),
        Some(8) => "silence".to_owned(),
        Some(9) => "an answering machine".to_owned(),
        Some(10) => "no free line".to_owned(),
        Some(17) => "a fax".to_owned(),
        Some(28) => "nobody knows how".to_owned(),
        Some(tone @ 11..=16) => format!("tone {tone}"),
        Some(other) => format!("call state {other}"),
        None => "unknown".to_owned(),
    }
}

/// The text at a place, numbers written out; nothing where there is nothing.
fn text(value: &Value, pointer: &str) -> String {
    match value.pointer(pointer) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

fn first(texts: &[String]) -> String {
    texts.iter().find(|text| !text.is_empty()).cloned().unwrap_or_default()
}

fn without_query(url: &str) -> &str {
    url.split('?').next().unwrap_or(url)
}

#[cfg(test)]
mod tests;
