//! Driven by a program: one JSON object in, one JSON object out.
//!
//! The contract: the first line out is the configuration after the start. After it exactly one line comes out for each line in that is not
//! blank: the configuration that it led to, or `{"error":…,"line":n}` when it was not understood and nothing happened. Every
//! line is flushed. After the end of the chart the same configuration is said again.

use std::io::{BufRead, Read as _, Write};
use std::time::Duration;

use serde_json::{Map, Value, json};
use statecharts::Event;
use statecharts::scenario::{Player, Turn};

use super::configuration;

/// Longest line, in bytes.
const LINE_MAX: u64 = 16 * 1024 * 1024;
/// Keys of a line.
const KEYS: &[&str] = &["name", "data", "after_ms", "sendid", "about", "answer", "fail", "cancel"];

/// What a line asks for.
struct Input {
    after: Duration,
    action: Action,
    data: Option<Value>,
    unknown: Vec<String>,
}

enum Action {
    Wait,
    Send { name: String, sendid: Option<String>, about: Option<String> },
    Answer { request: String, is_done: bool },
    Cancel,
}

/// Reads lines until there are none, or nobody reads the answers.
pub(super) fn drive(mut player: Player, started: &Turn, input: &mut impl BufRead, output: &mut impl Write) {
    let mut is_heard = say(output, &configuration(&mut player, started));
    let mut number = 0_u64;
    while is_heard {
        number += 1;
        let line = match next_line(input) {
            None => return,
            Some(Ok(line)) if line.trim().is_empty() => continue,
            Some(line) => line,
        };
        let answer = line.and_then(|line| read(&line)).and_then(|input| perform(&mut player, input));
        is_heard = match answer {
            Ok(line) => say(output, &line),
            Err(error) => {
                let line =
                    Map::from_iter([("error".to_owned(), json!(error)), ("line".to_owned(), json!(number))]);
                say(output, &line)
            }
        };
    }
}

/// Writes a line at once; whether somebody still reads.
fn say(output: &mut impl Write, line: &Map<String, Value>) -> bool {
    serde_json::to_writer(&mut *output, line).is_ok()
        && output.write_all(b"\n").is_ok()
        && output.flush().is_ok()
}

/// The next line; `None` at the end of the input.
fn next_line(input: &mut impl BufRead) -> Option<Result<String, String>> {
    let mut bytes = Vec::new();
    // An input that breaks has ended.
    let count = input.by_ref().take(LINE_MAX).read_until(b'\n', &mut bytes).unwrap_or(0);
    if count == 0 {
        return None;
    }
    if count as u64 == LINE_MAX && !bytes.ends_with(b"\n") {
        if input.skip_until(b'\n').is_err() {
            return None;
        }
        return Some(Err(format!("the line is longer than {LINE_MAX} bytes")));
    }
    Some(String::from_utf8(bytes).map_err(|error| format!("the line is no UTF-8: {error}")))
}

fn read(line: &str) -> Result<Input, String> {
    let value: Value = serde_json::from_str(line).map_err(|error| format!("the line is no JSON: {error}"))?;
    let Value::Object(mut object) = value else {
        return Err(format!("a line is an object such as {{\"name\":\"go\"}}, not {value}"));
    };
    object.retain(|_, value| !value.is_null());
    let after = match object.remove("after_ms") {
        None => Duration::ZERO,
        Some(after) => milliseconds(&after)?,
    };
    let data = object.remove("data");
    let mut text = |key: &str| match object.remove(key) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(format!("`{key}` is a text, not {other}")),
    };
    let (name, sendid, about) = (text("name")?, text("sendid")?, text("about")?);
    let (answer, fail) = (text("answer")?, text("fail")?);
    let is_cancel = match object.remove("cancel") {
        None => false,
        Some(Value::Bool(is_cancel)) => is_cancel,
        Some(other) => return Err(format!("`cancel` is true or false, not {other}")),
    };
    let action = match (name, answer, fail, is_cancel) {
        (None, None, None, false) => Action::Wait,
        (Some(name), None, None, false) if !name.trim().is_empty() => Action::Send { name, sendid, about },
        (Some(_), None, None, false) => return Err("`name` is empty".to_owned()),
        (None, Some(request), None, false) => Action::Answer { request, is_done: true },
        (None, None, Some(request), false) => Action::Answer { request, is_done: false },
        (None, None, None, true) => Action::Cancel,
        _ => return Err("a line has one of `name`, `answer`, `fail` and `cancel`".to_owned()),
    };
    Ok(Input { after, action, data, unknown: object.into_iter().map(|(key, _)| key).collect() })
}

fn milliseconds(value: &Value) -> Result<Duration, String> {
    let duration = value.as_f64().and_then(|millis| Duration::try_from_secs_f64(millis / 1000.0).ok());
    // Beyond it the clock of scripts has no numbers.
    let longest = Duration::from_secs(100 * 366 * 86_400);
    duration.filter(|duration| *duration <= longest).ok_or_else(|| {
        format!("`after_ms` is a number of milliseconds from 0 to a hundred years, not {value}")
    })
}

fn perform(player: &mut Player, input: Input) -> Result<Map<String, Value>, String> {
    // Whether the request can be found is known before the clock moves: a line that fails changes nothing. It may be answered
    // by what fires on the way, though; then it is answered again.
    let request = match &input.action {
        Action::Answer { request, .. } => {
            Some(player.find_pending(request).map_err(|missing| missing.to_string())?)
        }
        Action::Send { about: Some(request), .. } => {
            Some(player.find(request).map_err(|missing| missing.to_string())?)
        }
        Action::Send { about: None, .. } | Action::Wait | Action::Cancel => None,
    };
    let answer_data = match (&input.action, &input.data) {
        (Action::Answer { .. }, Some(Value::Object(data))) => data.clone(),
        (Action::Answer { .. }, Some(other)) => {
            return Err(format!("the data of an answer are an object, not {other}"));
        }
        _ => Map::new(),
    };
    let mut turn = player.advance(input.after);
    turn.append(match (input.action, request) {
        (Action::Wait, _) => Turn::default(),
        (Action::Cancel, _) => player.cancel(),
        (Action::Answer { is_done, .. }, Some(request)) => player.answer(&request, is_done, answer_data),
        (Action::Send { name, sendid, .. }, request) => {
            let event = Event { name, data: input.data, sendid, ..Event::default() };
            match request {
                Some(request) => player.send_about(&request, event),
                None => player.send(event),
            }
        }
        (Action::Answer { .. }, None) => Turn::default(),
    });
    let mut line = configuration(player, &turn);
    if !input.unknown.is_empty() {
        let keys = input.unknown.join("`, `");
        line.insert(
            "warning".to_owned(),
            json!(format!("`{keys}` is not among the keys of a line: {}", KEYS.join(", "))),
        );
    }
    Ok(line)
}
