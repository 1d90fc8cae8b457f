//! Driven by a person: commands in, what the chart does out. Reads a pipe as well.

use std::io::{BufRead, Write};
use std::time::Duration;

use serde_json::{Map, Value};
use statecharts::outline::{Outline, Transition};
use statecharts::rehearsal::MAIN_SESSION;
use statecharts::scenario::{Player, Position, Request, Turn, effect_line};
use statecharts::{Event, Status, parse_duration};

use super::super::open::Opened;
use crate::failure::Failure;

const HELP: &str = "\
  NAME [JSON]             gives the chart the event NAME, with data
  send NAME [JSON]        the same, for a name that is a command
  after 5s, advance 5s    lets time pass; what becomes due on the way fires (ms, s, m, h, d)
  requests                what the chart asked the platform for and waits for, numbered
  answer N [JSON]         answers request N, or the last one of an element: answer queue:submit {\"resource\":…}
  fail N [JSON]           answers it with its error event
  about N NAME [JSON]     gives the chart an event about a request: its data get the request's id
  states                  active states with their ancestors
  data [EXPRESSION]       all variables, or the value of an expression
  effects                 effects of the last step once more
  timers                  events that wait for their time
  transitions             what the active states wait for, and where it leads
  cancel                  ends the session from outside
  back [N]                goes back one step, or N
  restart                 begins anew
  quit                    ends (so does the end of the input)";

/// Steps that can be taken back.
const HISTORY_MAX: usize = 1000;

type Start<'a> = &'a dyn Fn() -> Result<(Player, Turn), Failure>;

/// Reads commands until there are none.
pub(super) fn drive(
    opened: &Opened,
    start: Start<'_>,
    is_terminal: bool,
    input: &mut impl BufRead,
    output: &mut impl Write,
) -> Result<(), Failure> {
    let outline = Outline::of(&opened.chart);
    let (player, turn) = start()?;
    let mut desk = Desk { player, turn, history: Vec::new(), outline, output };
    if is_terminal {
        desk.say("`help` lists the commands.");
    }
    desk.show();
    loop {
        if is_terminal {
            desk.prompt();
        }
        let mut line = String::new();
        // An input that breaks has ended.
        if input.read_line(&mut line).unwrap_or(0) == 0 {
            return Ok(());
        }
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (word, rest) = split(line);
        match word {
            "quit" | "exit" => return Ok(()),
            "restart" => {
                let (player, turn) = start()?;
                desk.player = player;
                desk.turn = turn;
                desk.history.clear();
                desk.show();
            }
            _ => {
                if let Err(problem) = desk.obey(word, rest) {
                    desk.say(&problem);
                }
            }
        }
    }
}

struct Desk<'a, W> {
    player: Player,
    /// The last step.
    turn: Turn,
    history: Vec<(Position, Turn)>,
    outline: Outline,
    output: &'a mut W,
}

impl<W: Write> Desk<'_, W> {
    fn say(&mut self, line: &str) {
        let _reader_is_gone = writeln!(self.output, "{line}").is_err();
    }

    fn prompt(&mut self) {
        let _reader_is_gone = write!(self.output, "> ").and_then(|()| self.output.flush()).is_err();
    }

    fn obey(&mut self, word: &str, rest: &str) -> Result<(), String> {
        match word {
            "help" | "?" => self.say(HELP),
            "states" => self.states(),
            "data" => self.data(rest)?,
            "effects" => self.effects(),
            "timers" => self.timers(true),
            "requests" => self.requests(true),
            "transitions" => self.transitions(),
            "back" => self.back(rest)?,
            "after" | "advance" => {
                let duration = parse_duration(rest)
                    .ok_or_else(|| format!("`{rest}` is no time; write `5s` or `200ms`"))?;
                self.step(|player| player.advance(duration))?;
            }
            "cancel" => self.step(Player::cancel)?,
            "answer" | "fail" => {
                let (name, rest) = split(rest);
                let request = self.request(name)?;
                // `answer 1 done {…}` says what `answer` means anyway.
                let rest = match split(rest) {
                    ("done", data) if word == "answer" => data,
                    ("error", data) if word == "fail" => data,
                    _ => rest,
                };
                let data = match json(rest)? {
                    None => Map::new(),
                    Some(Value::Object(data)) => data,
                    Some(other) => return Err(format!("the data of an answer are an object, not {other}")),
                };
                self.step(|player| player.answer(&request, word == "answer", data))?;
            }
            "about" => {
                let (name, rest) = split(rest);
                let request = self.request(name)?;
                let event = event(rest)?;
                self.step(|player| player.send_about(&request, event))?;
            }
            "send" => self.send(rest)?,
            name => self.send(&format!("{name} {rest}"))?,
        }
        Ok(())
    }

    fn send(&mut self, text: &str) -> Result<(), String> {
        let event = event(text)?;
        self.step(|player| player.send(event))
    }

    /// Takes a step that can be taken back.
    fn step(&mut self, act: impl FnOnce(&mut Player) -> Turn) -> Result<(), String> {
        let position =
            self.player.save().map_err(|failure| format!("the session cannot be saved: {failure}"))?;
        let turn = act(&mut self.player);
        let before = std::mem::replace(&mut self.turn, turn);
        if self.history.len() == HISTORY_MAX {
            self.history.remove(0);
        }
        self.history.push((position, before));
        self.show();
        Ok(())
    }

    fn back(&mut self, count: &str) -> Result<(), String> {
        let count = match count {
            "" => 1,
            text => {
                text.parse::<usize>().map_err(|_not_a_number| format!("`{text}` is no number of steps"))?
            }
        };
        let kept = self.history.len().checked_sub(count.max(1));
        let Some((position, turn)) = kept.and_then(|kept| self.history.get(kept).cloned()) else {
            return Err(format!("there are {} steps to go back", self.history.len()));
        };
        self.player.restore(&position).map_err(|error| format!("there is no way back: {error}"))?;
        self.history.truncate(kept.unwrap_or(0));
        self.turn = turn;
        self.show();
        Ok(())
    }

    /// A request by its number among those that wait, by its element or by its id.
    fn request(&self, name: &str) -> Result<Request, String> {
        match name.parse::<usize>() {
            Ok(number) => number
                .checked_sub(1)
                .and_then(|index| self.player.pending().nth(index))
                .cloned()
                .ok_or_else(|| format!("{} requests wait for an answer", self.player.pending().count())),
            Err(_a_name) => self.player.find_pending(name).map_err(|missing| missing.to_string()),
        }
    }

    /// What the last step did, and where the chart is now.
    fn show(&mut self) {
        for event in self.turn.events.clone().into_iter().filter(|event| !event.is_given) {
            self.say(&format!("  fired    {} at {}", event.name, time(event.at)));
        }
        let (left, entered) = self.turn.moves();
        let moves = [("left", left.join(" ")), ("entered", entered.join(" "))];
        for (what, states) in moves.into_iter().filter(|(_, states)| !states.is_empty()) {
            self.say(&format!("  {what:<8} {states}"));
        }
        self.effects();
        let troubles: Vec<String> =
            self.turn.troubles().chain(self.turn.restless.as_ref().map(ToString::to_string)).collect();
        for trouble in troubles {
            self.say(&format!("  trouble  {trouble}"));
        }
        self.requests(false);
        self.timers(false);
        let rehearsal = self.player.rehearsal();
        let mut line = format!("{}: {}", time(rehearsal.now()), rehearsal.atomic_states().join(" "));
        match rehearsal.status() {
            Some(Status::Ended { data: Some(data), .. }) => line += &format!(", ended with {data}"),
            Some(Status::Ended { data: None, .. }) => line += ", ended",
            Some(Status::Cancelled) => line += "ended from outside",
            Some(Status::Failed { failure }) => line += &format!("failed: {failure}"),
            Some(Status::Running) | None => {}
        }
        self.say(&line);
    }

    fn effects(&mut self) {
        let modules = std::sync::Arc::clone(self.player.modules());
        for record in self.turn.records.clone() {
            let Some((_, step)) = record.step() else { continue };
            let whose =
                if record.session == MAIN_SESSION { String::new() } else { format!("{}: ", record.session) };
            for effect in &step.effects {
                self.say(&format!("  effect   {whose}{}", effect_line(effect, &modules)));
            }
        }
    }

    fn requests(&mut self, says_none: bool) {
        let lines: Vec<String> = self
            .player
            .pending()
            .enumerate()
            .map(|(index, request)| format!("  request  {} {} ({})", index + 1, request.element, request.id))
            .collect();
        self.list(&lines, says_none, "no request waits for an answer");
    }

    fn timers(&mut self, says_none: bool) {
        let timers = self.player.rehearsal().under_way();
        let lines: Vec<String> =
            timers.map(|(due, _, name)| format!("  timer    {name} at {}", time(due))).collect();
        self.list(&lines, says_none, "no event waits for its time");
    }

    fn list(&mut self, lines: &[String], says_none: bool, none: &str) {
        for line in lines {
            self.say(line);
        }
        if lines.is_empty() && says_none {
            self.say(&format!("  {none}"));
        }
    }

    fn states(&mut self) {
        let active: Vec<String> =
            self.player.rehearsal().active_states().into_iter().map(str::to_owned).collect();
        for state in active {
            let depth =
                self.outline.state(&state).map_or(0, |state| self.outline.with_ancestors(state).count());
            self.say(&format!("{}{state}", "  ".repeat(depth.saturating_sub(1).max(1))));
        }
    }

    fn data(&mut self, expression: &str) -> Result<(), String> {
        let rehearsal = self.player.rehearsal_mut();
        if expression.is_empty() {
            let data = rehearsal.data().map_err(|error| error.to_string())?;
            for (name, value) in data {
                self.say(&format!("  {name} = {value}"));
            }
        } else {
            let value = rehearsal.evaluate(expression).map_err(|error| error.to_string())?;
            self.say(&format!(
                "  {}",
                value.map_or_else(|| "undefined".to_owned(), |value| value.to_string())
            ));
        }
        Ok(())
    }

    fn transitions(&mut self) {
        let active: Vec<usize> = self
            .player
            .rehearsal()
            .active_states()
            .iter()
            .filter_map(|state| self.outline.state(state))
            .collect();
        let mut lines = Vec::new();
        for state in active.into_iter().rev().filter_map(|state| self.outline.states.get(state)) {
            for transition in
                state.transitions.iter().filter_map(|number| self.outline.transitions.get(*number))
            {
                let holds = transition.condition.as_ref().map(|condition| {
                    match self.player.rehearsal_mut().evaluate(&format!("!!({})", condition.text)) {
                        Ok(Some(Value::Bool(true))) => "holds now",
                        Ok(_) => "does not hold now",
                        Err(_needs_the_event) => "depends on the event",
                    }
                });
                lines.push(format!("  {}: {}", state.id, described(transition, &self.outline, holds)));
            }
        }
        self.list(&lines, true, "no active state has a transition");
    }
}

/// `on coin if _event.data > 0 (depends on the event) to open (turnstile.scxml:3:5)`.
fn described(transition: &Transition, outline: &Outline, holds: Option<&str>) -> String {
    let mut text = match transition.events.as_slice() {
        [] => "at once".to_owned(),
        events => format!("on {}", events.join(" ")),
    };
    if let (Some(condition), Some(holds)) = (&transition.condition, holds) {
        text += &format!(" if {} ({holds})", condition.text.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    let targets: Vec<&str> = transition
        .targets
        .iter()
        .filter_map(|target| outline.states.get(*target))
        .map(|state| &*state.id)
        .collect();
    if !targets.is_empty() {
        text += &format!(" to {}", targets.join(" "));
    }
    format!("{text} ({})", transition.position)
}

fn event(text: &str) -> Result<Event, String> {
    let (name, data) = split(text);
    if name.is_empty() {
        return Err("the event needs a name: send NAME [JSON]".to_owned());
    }
    Ok(Event { name: name.to_owned(), data: json(data)?, ..Event::default() })
}

fn json(text: &str) -> Result<Option<Value>, String> {
    match text {
        "" => Ok(None),
        text => serde_json::from_str(text).map(Some).map_err(|error| format!("`{text}` is no JSON: {error}")),
    }
}

/// The first word, and what follows it.
fn split(text: &str) -> (&str, &str) {
    let text = text.trim();
    match text.split_once(char::is_whitespace) {
        Some((word, rest)) => (word, rest.trim()),
        None => (text, ""),
    }
}

/// A time since the start, in seconds.
fn time(at: Duration) -> String {
    format!("{} s", at.as_secs_f64())
}
