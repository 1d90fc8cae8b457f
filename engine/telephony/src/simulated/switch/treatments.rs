//! Treatments: files that are played, digits that are collected.

use std::time::Duration;

use serde_json::Value;
use vocabulary::{EffectId, InteractionId, Timestamp};

use super::dialling::longest_ending;
use super::{SimulatedSwitch, Timer};
use crate::simulated::Behaviour;
use crate::simulated::call::{Call, Phase, Treatment};
use crate::{CollectDigits, Event, Play, PlayLength};

impl SimulatedSwitch {
    pub(super) fn play(&mut self, order: Play, now: Timestamp, events: &mut Vec<Event>) {
        if let Err(problem) = self.check_playable(&order.call, &order.file) {
            events.push(treatment_failed(order.treatment, order.call, problem));
            return;
        }
        let begins_at = self
            .calls
            .get(&order.call)
            .filter(|_| waits_for_beep(&order.hints))
            .and_then(|call| self.beep_at(call))
            .map_or(now, |beep_at| beep_at.max(now));
        let ends_at = match order.length {
            PlayLength::Once => Some(begins_at + self.settings.file_length),
            PlayLength::AtMost(limit) => Some(begins_at + limit.min(self.settings.file_length)),
            PlayLength::Loop => None,
        };
        self.begin_treatment(&order.call, order.treatment, order.file, None, ends_at);
    }

    pub(super) fn collect_digits(&mut self, order: CollectDigits, now: Timestamp, events: &mut Vec<Event>) {
        if let Err(problem) = self.check_playable(&order.call, &order.file) {
            events.push(treatment_failed(order.treatment, order.call, problem));
            return;
        }
        let types = self.calls.get(&order.call).is_some_and(|call| self.digits_of(call).is_some());
        let after = if types && self.settings.digits_after < order.timeout {
            self.settings.digits_after
        } else {
            order.timeout
        };
        self.begin_treatment(
            &order.call,
            order.treatment,
            order.file,
            Some(order.max_digits),
            Some(now + after),
        );
    }

    pub(super) fn stop_playing(&mut self, treatment: &EffectId) {
        let playing = self
            .calls
            .iter()
            .find(|(_, call)| call.treatment.as_ref().is_some_and(|running| running.id == *treatment));
        if let Some(id) = playing.map(|(id, _)| id.clone()) {
            self.end_treatment(&id);
        }
    }

    pub(super) fn treatment_ends(&mut self, id: &InteractionId, events: &mut Vec<Event>) {
        let Some(treatment) = self.end_treatment(id) else {
            return;
        };
        let digits = treatment.max_digits.map(|max_digits| {
            let typed = self.calls.get(id).and_then(|call| self.digits_of(call)).unwrap_or_default();
            let most = usize::try_from(max_digits).unwrap_or(usize::MAX);
            typed.chars().take(most).collect()
        });
        events.push(Event::TreatmentDone { treatment: treatment.id, call: id.clone(), digits });
    }

    /// Ends what is played, without an event; returns what it was.
    pub(super) fn end_treatment(&mut self, id: &InteractionId) -> Option<Treatment> {
        let treatment = self.calls.get_mut(id)?.treatment.take()?;
        if let Some(key) = treatment.timer {
            self.timers.remove(&key);
        }
        Some(treatment)
    }

    fn begin_treatment(
        &mut self,
        call: &InteractionId,
        treatment: EffectId,
        file: String,
        max_digits: Option<u32>,
        ends_at: Option<Timestamp>,
    ) {
        self.end_treatment(call);
        let timer = ends_at.map(|at| self.set_timer(call, Timer::TreatmentEnds, at));
        if let Some(known) = self.calls.get_mut(call) {
            known.treatment = Some(Treatment { id: treatment, file, max_digits, timer });
        }
    }

    fn check_playable(&self, id: &InteractionId, file: &str) -> Result<(), String> {
        let Some(call) = self.calls.get(id) else {
            return Err(format!("there is no call {id}: it has ended, or never was"));
        };
        match call.phase {
            Phase::Dialling | Phase::Ringing => {
                return Err(format!("call {id} is not answered yet: nobody hears `{file}`"));
            }
            Phase::Talking { .. } => {
                return Err(format!("call {id} is connected: `{file}` would disturb the talk"));
            }
            Phase::Answered | Phase::Alerting { .. } => {}
        }
        if file.is_empty() {
            return Err(format!("no file is named to be played to call {id}"));
        }
        if self.settings.unplayable_files.contains(file) {
            return Err(format!("`{file}` cannot be played: there is no such file"));
        }
        Ok(())
    }

    /// When the machine that answered a call beeps; `None` for everybody else.
    fn beep_at(&self, call: &Call) -> Option<Timestamp> {
        let Behaviour::Machine { beep_after, .. } = call.behaviour else {
            return None;
        };
        let after: Duration = beep_after.unwrap_or(self.settings.beep_after);
        Some(call.answered_at? + after)
    }

    /// Digits that the customer of a call types; what was set for the number goes first.
    fn digits_of(&self, call: &Call) -> Option<String> {
        let number: String = call.customer.digits().collect();
        longest_ending(&self.typed, &number)
            .or(call.digits.as_ref())
            .filter(|digits| !digits.is_empty())
            .cloned()
    }
}

/// The hint that lets a treatment wait for the beep (guide: hint `am-beep-detection`, `on`).
fn waits_for_beep(hints: &Value) -> bool {
    match hints.get("am-beep-detection") {
        Some(Value::Bool(on)) => *on,
        Some(Value::String(text)) => matches!(text.as_str(), "on" | "true"),
        _ => false,
    }
}

fn treatment_failed(treatment: EffectId, call: InteractionId, problem: String) -> Event {
    Event::TreatmentFailed { treatment, call, problem }
}
