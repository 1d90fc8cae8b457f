//! `dialog:` verbs: what a caller hears and enters.

use std::time::Duration;

use serde_json::{Map, Value};
use statecharts::{Verb, VerbChild};
use vocabulary::{EffectId, InteractionId};

use super::interaction::millis;
use super::{Planner, values};
use crate::session::context::{Treatment, TreatmentKind};
use crate::session::order::Action;

/// Most digits that are collected when the chart does not say.
const DIGITS_DEFAULT: u32 = 6;
/// How long digits are waited for when the chart does not say.
const DIGITS_TIMEOUT_DEFAULT: Duration = Duration::from_secs(15);
/// Most prompts of one treatment (ors: 9).
const PROMPTS_MAX: usize = 10;
/// Where the treatments of a submit are numbered from: above every effect of a step.
const TREATMENT_OF_SUBMIT: u32 = 1_000_000;

impl Planner<'_> {
    /// `dialog:playsound` and `dialog:play`.
    pub(super) fn play(&mut self, id: EffectId, verb: &Verb) {
        let is_play = verb.element == "play";
        let Some(call) = self.held_call(verb) else {
            let event = format!("error.dialog.{}", verb.element);
            return self.fail(&id, &event, "unknown", "this session holds no such call");
        };
        let parts = plays(&call, &verb.attributes, &verb.children);
        let kind = if is_play { TreatmentKind::Play } else { TreatmentKind::Plain };
        self.treat(id, parts, kind, None);
    }

    /// `dialog:playandcollect` and `dialog:collect`.
    pub(super) fn collect(&mut self, id: EffectId, verb: &Verb) {
        let Some(call) = self.held_call(verb) else {
            let event = format!("error.dialog.{}", verb.element);
            return self.fail(&id, &event, "unknown", "this session holds no such call");
        };
        let mut parts = plays(&call, &verb.attributes, &verb.children);
        // The last prompt is played while digits are already taken.
        let file = match parts.pop() {
            Some(Action::Play { file, .. }) => file,
            _ => String::new(),
        };
        let input = child(&verb.children, "input").map(|input| &input.attributes);
        let given = |name: &str| {
            let from = input.filter(|input| input.contains_key(name)).unwrap_or(&verb.attributes);
            values::number(from, name)
        };
        let timeout = given("total_timeout").or_else(|| given("timeout"));
        parts.push(Action::CollectDigits {
            call,
            file,
            // Saturating by definition of `as`.
            max_digits: given("max_digits").map_or(DIGITS_DEFAULT, |digits| digits as u32),
            timeout_ms: millis(timeout.map_or(DIGITS_TIMEOUT_DEFAULT, |secs| {
                Duration::try_from_secs_f64(secs.max(0.0)).unwrap_or(Duration::MAX)
            })),
        });
        let kind = if verb.element == "collect" { TreatmentKind::Collect } else { TreatmentKind::Plain };
        self.treat(id, parts, kind, None);
    }

    pub(super) fn stop_playing(&mut self, id: EffectId, verb: &Verb) {
        let treatment: Option<EffectId> =
            values::text(&verb.attributes, "requestid").and_then(|text| text.parse().ok());
        if let Some(treatment) = treatment {
            self.context.treatments.remove(&treatment);
            self.order(id, Action::StopPlaying { treatment, silent: false });
        }
    }

    /// Busy treatments of a place in a queue: they stop when a target is found, and nobody is told (ors: 9).
    pub(super) fn run_treatments(&mut self, submit: &EffectId, verb: &Verb) {
        let Some(list) = child(&verb.children, "runtreatments") else { return };
        let named = |from: &Map<String, Value>| values::text(from, "interactionid").map(InteractionId::new);
        let mut parts = Vec::new();
        for treatment in &list.children {
            let call = named(&treatment.attributes)
                .or_else(|| named(&verb.attributes))
                .or_else(|| self.context.interactions.first().map(InteractionId::new))
                .filter(|call| self.context.calls.contains_key(call));
            match call {
                Some(call) => parts.extend(plays(&call, &treatment.attributes, &treatment.children)),
                None => self.warn("dialog:runtreatments", "there is no call to play to"),
            }
        }
        let id = EffectId { index: submit.index.saturating_add(TREATMENT_OF_SUBMIT), ..submit.clone() };
        self.treat(id, parts, TreatmentKind::Silent, Some(submit.to_string()));
    }

    /// Whatever plays for a place in a queue is stopped.
    pub(super) fn stop_treatments_of(&mut self, entry: &str) {
        let playing: Vec<EffectId> = self
            .context
            .treatments
            .iter()
            .filter(|(_, treatment)| treatment.entry.as_deref() == Some(entry))
            .map(|(id, _)| id.clone())
            .collect();
        for treatment in playing {
            self.context.treatments.remove(&treatment);
            self.order(treatment.clone(), Action::StopPlaying { treatment, silent: true });
        }
    }

    /// Orders the first part, and remembers the others.
    fn treat(&mut self, id: EffectId, mut parts: Vec<Action>, element: TreatmentKind, entry: Option<String>) {
        if parts.is_empty() {
            return;
        }
        let first = parts.remove(0);
        if !parts.is_empty() || element != TreatmentKind::Plain {
            self.context.treatments.insert(id.clone(), Treatment { next: parts, element, entry });
        }
        self.order(id, first);
    }

    /// A part has ended: the next one is ordered. Otherwise which element the treatment was; `None` when nobody is to be told.
    pub(crate) fn treatment_ended(&mut self, id: &EffectId, is_done: bool) -> Option<TreatmentKind> {
        let Some(mut treatment) = self.context.treatments.remove(id) else {
            return Some(TreatmentKind::Plain);
        };
        if is_done && !treatment.next.is_empty() {
            let next = treatment.next.remove(0);
            self.context.treatments.insert(id.clone(), treatment);
            self.order(id.clone(), next);
            return None;
        }
        (treatment.element != TreatmentKind::Silent).then_some(treatment.element)
    }
}

fn child<'a>(children: &'a [VerbChild], name: &str) -> Option<&'a VerbChild> {
    children.iter().find(|child| child.element == name)
}

/// What is to be played: the prompts, or the one file of `resource`.
fn plays(call: &InteractionId, attributes: &Map<String, Value>, children: &[VerbChild]) -> Vec<Action> {
    let hints = Value::Object(values::object(attributes, "hints"));
    let repeat = values::text(attributes, "duration").as_deref() == Some("loop");
    let at_most = values::seconds(attributes, "duration").filter(|length| !length.is_zero());
    let play = |file: String| Action::Play {
        call: call.clone(),
        file,
        at_most_ms: at_most.map(millis),
        repeat,
        hints: hints.clone(),
    };
    match child(children, "prompts") {
        Some(prompts) => prompts
            .children
            .iter()
            .take(PROMPTS_MAX)
            .filter_map(|prompt| file_of(&prompt.attributes))
            .map(play)
            .collect(),
        None => {
            let file = values::text(attributes, "resource").or_else(|| tone(attributes));
            vec![play(file.unwrap_or_default())]
        }
    }
}

/// `music`, `ringback`, `busy`, `fastbusy` and `silence` without a resource are tones of the switch.
fn tone(attributes: &Map<String, Value>) -> Option<String> {
    values::text(attributes, "type").map(|kind| format!("tone:{kind}"))
}

/// The file of a prompt: an announcement by its id, a spoken text, or a spoken number (ors: 9).
fn file_of(prompt: &Map<String, Value>) -> Option<String> {
    if let Some(text) = values::text(prompt, "text") {
        return Some(format!("tts:{text}"));
    }
    if let Some(number) = values::text(prompt, "number") {
        return Some(format!("number:{number}"));
    }
    values::text(prompt, "userannid").or_else(|| values::text(prompt, "intid"))
}
