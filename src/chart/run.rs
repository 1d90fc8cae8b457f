//! `ringback chart run FILE`: a chart without a platform, driven by a person or by a program.

mod interactive;
mod lines;

use std::io::{IsTerminal as _, stdin, stdout};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use statecharts::rehearsal::Rehearsal;
use statecharts::scenario::{Player, Turn, effect_json};
use statecharts::{Limits, Status};

use super::open::{Opened, open};
use crate::arguments::RunOptions;
use crate::console;
use crate::failure::Failure;

/// Starts the chart and gives it what is read from standard input, until that ends.
pub(crate) fn run(options: &RunOptions) -> Result<(), Failure> {
    let opened = open(&options.file).map_err(|problems| {
        for problem in &problems {
            console::explain(problem);
        }
        Failure::Failed(format!("{} cannot be used", options.file.display()))
    })?;
    for warning in &opened.warnings {
        console::explain(warning);
    }
    let start = || start(&opened, options);
    if options.json {
        let (player, turn) = start()?;
        lines::drive(player, &turn, &mut stdin().lock(), &mut stdout().lock());
    } else {
        let is_terminal = stdin().is_terminal();
        interactive::drive(&opened, &start, is_terminal, &mut stdin().lock(), &mut stdout().lock())?;
    }
    Ok(())
}

fn start(opened: &Opened, options: &RunOptions) -> Result<(Player, Turn), Failure> {
    let mut rehearsal = Rehearsal::new(Arc::clone(&opened.modules), opened.parts(), Limits::default())
        .map_err(Failure::failed)?
        .with_epoch_millis(options.time.saturating_mul(1000))
        .with_world(Arc::new(engine::surroundings::Rehearsed));
    if let Some(key) = &options.time_key {
        rehearsal = rehearsal.with_time_key(key);
    }
    let parameters = options.parameters.iter().cloned().collect();
    Ok(Player::start(rehearsal, &opened.modules, Arc::clone(&opened.chart), parameters))
}

/// The stable configuration that a turn led to, and what happened on the way.
fn configuration(player: &mut Player, turn: &Turn) -> Map<String, Value> {
    let mut line = Map::new();
    let mut put = |key: &str, value: Value| line.insert(key.to_owned(), value);
    let status = player.rehearsal().status().cloned();
    put("active", json!(player.rehearsal().atomic_states()));
    put("done", json!(status.as_ref().is_some_and(|status| *status != Status::Running)));
    match player.rehearsal_mut().data() {
        Ok(data) => put("data", Value::Object(data)),
        Err(error) => {
            put("data_error", json!(error.to_string()));
            put("data", json!({}))
        }
    };
    match status {
        Some(Status::Ended { final_state, data }) => {
            put("final", json!(final_state));
            put("donedata", json!(data));
        }
        Some(Status::Failed { failure }) => {
            put("failure", json!(failure.to_string()));
        }
        Some(Status::Cancelled | Status::Running) | None => {}
    }
    put("time_ms", json!(millis(player.rehearsal().now())));
    let modules = player.modules();
    put("effects", turn.effects().iter().map(|effect| effect_json(effect, modules)).collect());
    let fired = turn
        .events
        .iter()
        .filter(|event| !event.is_given)
        .map(|event| json!({ "name": event.name, "time_ms": millis(event.at), "active": event.active }));
    put("fired", fired.collect());
    let requests = player.pending().map(|request| json!({ "id": request.id, "verb": request.element }));
    put("requests", requests.collect());
    let timers =
        player.rehearsal().under_way().map(|(due, _, name)| json!({ "name": name, "time_ms": millis(due) }));
    put("timers", timers.collect());
    let troubles: Vec<String> =
        turn.troubles().chain(turn.restless.as_ref().map(ToString::to_string)).collect();
    if !troubles.is_empty() {
        put("troubles", json!(troubles));
    }
    line
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
