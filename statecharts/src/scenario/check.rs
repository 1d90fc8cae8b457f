//! What must hold after a step, and what is found instead.

use serde_json::Value;

use super::compare::{differences, is_within};
use super::document::{Expectation, Place, Placed};
use super::effects::{Pattern, effect_line};
use super::player::Player;
use crate::load::vocabulary::did_you_mean;
use crate::{Effect, Status};

/// One thing that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Where the file expects it.
    pub place: Place,
    /// What is expected.
    pub expected: String,
    /// What is found.
    pub found: String,
    /// What comes nearest to it.
    pub nearest: Option<String>,
}

/// Everything that does not hold.
pub(super) fn check(expectation: &Expectation, player: &mut Player, effects: &[Effect]) -> Vec<Mismatch> {
    let mut check = Check { player, effects, mismatches: Vec::new() };
    check.states(expectation);
    check.effects(expectation);
    check.data(expectation);
    check.end(expectation);
    check.mismatches
}

struct Check<'a> {
    player: &'a mut Player,
    effects: &'a [Effect],
    mismatches: Vec<Mismatch>,
}

impl Check<'_> {
    fn miss(&mut self, place: Place, expected: String, found: String, nearest: Option<String>) {
        self.mismatches.push(Mismatch { place, expected, found, nearest });
    }

    fn states(&mut self, expectation: &Expectation) {
        let rehearsal = self.player.rehearsal();
        let owned = |states: Vec<&str>| states.into_iter().map(str::to_owned).collect::<Vec<_>>();
        let atomic = owned(rehearsal.atomic_states());
        let active = owned(rehearsal.active_states());
        let all: Vec<String> =
            rehearsal.chart().map(|chart| chart.state_ids().map(str::to_owned).collect()).unwrap_or_default();
        let unknown = |state: &String| {
            let like = did_you_mean(state, all.iter().map(String::as_str));
            (!all.contains(state)).then(|| format!("the chart has no state `{state}`{like}"))
        };
        if let Some(Placed { place, value }) = &expectation.active {
            let (mut expected, mut found) = (value.clone(), atomic.clone());
            expected.sort();
            found.sort();
            if expected != found {
                let nearest = value.iter().find_map(unknown);
                self.miss(*place, format!("active: {}", list(value)), list(&atomic), nearest);
            }
        }
        if let Some(Placed { place, value }) = &expectation.is_in {
            for state in value.iter().filter(|state| !active.contains(state)) {
                self.miss(*place, format!("in `{state}`"), list(&active), unknown(state));
            }
        }
        if let Some(Placed { place, value }) = &expectation.not_in {
            for state in value {
                let nearest = unknown(state);
                if active.contains(state) || nearest.is_some() {
                    self.miss(*place, format!("not in `{state}`"), list(&active), nearest);
                }
            }
        }
        if let Some(Placed { place, value }) = &expectation.timers {
            let mut found: Vec<String> =
                self.player.rehearsal().under_way().map(|(_, _, name)| name.to_owned()).collect();
            let mut expected = value.clone();
            expected.sort();
            found.sort();
            if expected != found {
                self.miss(*place, format!("timers: {}", list(value)), list(&found), None);
            }
        }
    }

    fn effects(&mut self, expectation: &Expectation) {
        let modules = std::sync::Arc::clone(self.player.modules());
        let mut rest = self.effects;
        for Placed { place, value } in &expectation.effects {
            match rest.iter().position(|effect| value.fits(effect, &modules)) {
                Some(at) => rest = rest.get(at + 1..).unwrap_or_default(),
                None => {
                    let is_earlier = self.effects.iter().any(|effect| value.fits(effect, &modules));
                    let nearest = if is_earlier {
                        Some("it is there, but not after the one that is expected before it".to_owned())
                    } else {
                        value.nearest(self.effects, &modules)
                    };
                    let found = self.lines();
                    self.miss(*place, format!("effect: {value}"), found, nearest);
                }
            }
        }
        for Placed { place, value } in &expectation.no_effects {
            if let Some(effect) = self.effects.iter().find(|effect| value.fits(effect, &modules)) {
                let found = effect_line(effect, &modules);
                self.miss(*place, format!("no effect: {value}"), found, None);
            }
        }
        if let Some(Placed { place, value: patterns }) = &expectation.only_effects {
            let odd = patterns
                .iter()
                .zip(self.effects)
                .find(|(pattern, effect)| !pattern.value.fits(effect, &modules));
            if odd.is_some() || patterns.len() != self.effects.len() {
                let lines: Vec<String> = patterns.iter().map(|pattern| pattern.value.to_string()).collect();
                let nearest = odd.map(|(Placed { value, .. }, effect): (&Placed<Pattern>, &Effect)| {
                    format!("{value} stands where {} is", effect_line(effect, &modules))
                });
                let found = self.lines();
                self.miss(*place, format!("only effects: {}", list(&lines)), found, nearest);
            }
        }
    }

    fn lines(&self) -> String {
        let modules = self.player.modules();
        list(&self.effects.iter().map(|effect| effect_line(effect, modules)).collect::<Vec<_>>())
    }

    fn data(&mut self, expectation: &Expectation) {
        if let Some(Placed { place, value }) = &expectation.data {
            let expected = Value::Object(value.clone());
            match self.player.rehearsal_mut().data() {
                Ok(found) => {
                    let mut different = Vec::new();
                    differences("data", &expected, &Value::Object(found.clone()), &mut different);
                    let nearest = value.keys().find(|name| !found.contains_key(*name)).map(|name| {
                        let like = did_you_mean(name, found.keys().map(String::as_str));
                        format!("there is no variable `{name}`{like}")
                    });
                    if !different.is_empty() || nearest.is_some() {
                        self.miss(*place, format!("data {expected}"), different.join("; "), nearest);
                    }
                }
                Err(failure) => self.miss(*place, format!("data {expected}"), failure.to_string(), None),
            }
        }
        for Placed { place, value } in &expectation.that {
            match self.player.rehearsal_mut().evaluate(value) {
                Ok(Some(Value::Bool(true))) => {}
                Ok(found) => {
                    let found = found.map_or_else(|| "undefined".to_owned(), |found| found.to_string());
                    self.miss(*place, format!("`{value}` is true"), found, None);
                }
                Err(error) => self.miss(*place, format!("`{value}` is true"), error.to_string(), None),
            }
        }
    }

    fn end(&mut self, expectation: &Expectation) {
        let status = self.player.rehearsal().status().cloned().unwrap_or(Status::Running);
        let told = match &status {
            Status::Running => "the session is running".to_owned(),
            Status::Ended { final_state, data: None } => format!("ended in `{final_state}`"),
            Status::Ended { final_state, data: Some(data) } => {
                format!("ended in `{final_state}` with {data}")
            }
            Status::Cancelled => "it was ended from outside".to_owned(),
            Status::Failed { failure } => format!("it failed: {failure}"),
        };
        if let Some(Placed { place, value }) = &expectation.done
            && *value == (status == Status::Running)
        {
            self.miss(*place, format!("done = {value}"), told.clone(), None);
        }
        let (state, data) = match &status {
            Status::Ended { final_state, data } => (Some(final_state), data.clone()),
            Status::Running | Status::Cancelled | Status::Failed { .. } => (None, None),
        };
        if let Some(Placed { place, value }) = &expectation.final_state
            && state != Some(value)
        {
            self.miss(*place, format!("ended in `{value}`"), told.clone(), None);
        }
        if let Some(Placed { place, value }) = &expectation.donedata
            && !is_within(value, &data.unwrap_or_default())
        {
            self.miss(*place, format!("ended with {value}"), told, None);
        }
    }
}

fn list(texts: &[String]) -> String {
    if texts.is_empty() { "nothing".to_owned() } else { texts.join(", ") }
}
