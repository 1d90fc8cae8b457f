//! Runs the scenarios of a file.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::check::{Mismatch, check};
use super::document::{Action, Document, Moment, Place, Scenario, Step};
use super::player::{Player, Turn};
use crate::rehearsal::{Between, Rehearsal, World};
use crate::{Chart, Effect, Failure, Limits, ModuleSet, PartResolver, Status};

/// Where children and parts of charts come from, for one rehearsal.
pub type Parts<'a> = &'a dyn Fn() -> Box<dyn PartResolver>;

/// What charts run with.
pub struct Stage<'a> {
    /// Modules that the chart was compiled with.
    pub modules: &'a Arc<ModuleSet>,
    /// Where the charts of `<invoke src>` come from.
    pub parts: Parts<'a>,
    /// What charts read beside their data; `None`: such a reading is an error of the script.
    pub world: Option<Arc<dyn World>>,
    /// Limits of sessions.
    pub limits: Limits,
    /// Whether sessions are written down and read back between any two of their steps.
    pub restores: bool,
}

impl std::fmt::Debug for Stage<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Stage").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// What came of a scenario.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Its name.
    pub name: String,
    /// Where it begins.
    pub place: Place,
    /// What did not hold; the scenario ends with the first step in which something does not.
    pub misses: Vec<Miss>,
    /// Numbers of the transitions that the main session took.
    pub taken: BTreeSet<u32>,
}

/// One thing that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miss {
    /// Number of the step from 1; 0 is the start.
    pub step: usize,
    /// What happened in the step.
    pub doing: String,
    /// What was expected and what was found.
    pub mismatch: Mismatch,
}

impl Stage<'_> {
    /// Runs every scenario of a document with its chart, each in a session of its own.
    ///
    /// # Errors
    /// When there is no memory for the script engine.
    pub fn run(&self, document: &Document, chart: &Arc<Chart>) -> Result<Vec<Outcome>, Failure> {
        document.scenarios.iter().map(|scenario| self.scenario(document, scenario, chart)).collect()
    }

    fn scenario(
        &self,
        document: &Document,
        scenario: &Scenario,
        chart: &Arc<Chart>,
    ) -> Result<Outcome, Failure> {
        let mut rehearsal = Rehearsal::new(Arc::clone(self.modules), (self.parts)(), self.limits.clone())?
            .with_epoch_millis(document.epoch_millis)
            .with_between(if self.restores { Between::WriteAndRead } else { Between::Nothing });
        if let Some(world) = &self.world {
            rehearsal = rehearsal.with_world(Arc::clone(world));
        }
        if let Some(key) = &document.time_key {
            rehearsal = rehearsal.with_time_key(key);
        }
        let (player, turn) =
            Player::start(rehearsal, self.modules, Arc::clone(chart), scenario.parameters.clone());
        let outcome = Outcome {
            name: scenario.name.clone(),
            place: scenario.place,
            misses: Vec::new(),
            taken: BTreeSet::new(),
        };
        let mut running = Running { player, outcome, effects: Vec::new() };
        running.note(turn, 0, "start", scenario.place);
        running.expect(&scenario.start, 0, "start", 0);
        for step in &scenario.steps {
            if !running.outcome.misses.is_empty() {
                break;
            }
            running.step(step, step.number);
        }
        Ok(running.outcome)
    }
}

struct Running {
    player: Player,
    outcome: Outcome,
    /// Effects of each step, the start included.
    effects: Vec<Vec<Effect>>,
}

impl Running {
    fn step(&mut self, step: &Step, number: usize) {
        let doing = doing(&step.action);
        let now = self.player.rehearsal().now();
        let wait = match step.moment {
            Moment::After(duration) => Some(duration),
            Moment::At(at) => at.checked_sub(now),
        };
        let Some(wait) = wait else {
            let found = format!("{now:?} after the start");
            self.miss(number, &doing, step.place, "a time that is still to come".to_owned(), found);
            return;
        };
        let mut turn = if wait.is_zero() { Turn::default() } else { self.player.advance(wait) };
        let acted = match &step.action {
            Action::Wait => Ok(Turn::default()),
            Action::Send { event, about: None } => Ok(self.player.send(event.clone())),
            Action::Send { event, about: Some(name) } => {
                self.player.find(name).map(|request| self.player.send_about(&request, event.clone()))
            }
            Action::Answer { request, is_done, data } => self
                .player
                .find_pending(request)
                .map(|request| self.player.answer(&request, *is_done, data.clone())),
            Action::Cancel => Ok(self.player.cancel()),
        };
        match acted {
            Ok(acted) => {
                turn.append(acted);
            }
            Err(missing) => {
                let found = missing.to_string();
                self.miss(number, &doing, step.place, "a request to answer".to_owned(), found);
            }
        }
        self.note(turn, number, &doing, step.place);
        self.expect(&step.expectation, number, &doing, step.with_before);
    }

    /// Remembers what came of a step. That a session fails or comes to no rest is never expected.
    fn note(&mut self, turn: Turn, number: usize, doing: &str, place: Place) {
        for step in turn.main_steps() {
            self.outcome.taken.extend(step.taken.iter().copied());
            if let Status::Failed { failure } = &step.status {
                let failure = failure.to_string();
                self.miss(number, doing, place, "a session that does not fail".to_owned(), failure);
            }
        }
        for (session, reason) in turn.lost() {
            let found = format!("session {session} was lost: {reason}");
            self.miss(
                number,
                doing,
                place,
                "sessions that can be written down and read back".to_owned(),
                found,
            );
        }
        if let Some(restless) = turn.restless {
            self.miss(number, doing, place, "sessions that come to rest".to_owned(), restless.to_string());
        }
        self.effects.push(turn.effects());
    }

    fn expect(&mut self, expectation: &super::Expectation, number: usize, doing: &str, with_before: usize) {
        let first = self.effects.len().saturating_sub(with_before + 1);
        let effects: Vec<Effect> = self.effects.iter().skip(first).flatten().cloned().collect();
        for mismatch in check(expectation, &mut self.player, &effects) {
            self.outcome.misses.push(Miss { step: number, doing: doing.to_owned(), mismatch });
        }
    }

    fn miss(&mut self, step: usize, doing: &str, place: Place, expected: String, found: String) {
        let mismatch = Mismatch { place, expected, found, nearest: None };
        self.outcome.misses.push(Miss { step, doing: doing.to_owned(), mismatch });
    }
}

/// What a step does, in a few words.
fn doing(action: &Action) -> String {
    match action {
        Action::Wait => "time passes".to_owned(),
        Action::Send { event, .. } => format!("send {}", event.name),
        Action::Answer { request, is_done: true, .. } => format!("answer {request}"),
        Action::Answer { request, .. } => format!("fail {request}"),
        Action::Cancel => "cancel".to_owned(),
    }
}
