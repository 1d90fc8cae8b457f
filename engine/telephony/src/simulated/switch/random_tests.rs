//! Random orders: the same seed gives the same events, and no call is left half.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use vocabulary::{AttemptNo, EffectId, InteractionId, PhoneNumber, Timestamp};

use super::SimulatedSwitch;
use super::tests::{at, dial, effect, play, redirect, settings};
use crate::{
    AgentBehaviour, CollectDigits, Command, CreateCall, Event, PlayLength, ReleasedBy, Settings, TalkTime,
};

const SEEDS: u64 = 200;
const STEPS: u32 = 200;

fn jittery() -> Settings {
    Settings {
        jitter: Duration::from_millis(700),
        talk_time: Some(TalkTime { after: Duration::from_secs(9), ended_by: ReleasedBy::Agent }),
        agent_behaviour: AgentBehaviour::Answers { after: Duration::from_secs(1) },
        ..settings()
    }
}

fn command(chance: &mut ChaCha8Rng, number: u32) -> Command {
    let call = format!("c{}", chance.random_range(0..12));
    let dn = ["7001", "7002", "7009"][chance.random_range(0..3)].to_owned();
    match chance.random_range(0..14) {
        0..=4 => Command::CreateCall(CreateCall {
            effect: effect(number),
            attempt: AttemptNo(number),
            ring_timeout: Duration::from_secs(chance.random_range(0..40)),
            detection: chance.random_bool(0.7).then(|| Duration::from_secs(chance.random_range(0..12))),
            ..dial(&call, &format!("+1202555011{}", chance.random_range(0..10)))
        }),
        5 => play(&call, number, "music", PlayLength::Loop),
        6 => play(&call, number, "hello", PlayLength::Once),
        7 => Command::StopPlaying { treatment: effect(chance.random_range(0..=number)) },
        8 => Command::CollectDigits(CollectDigits {
            treatment: effect(number),
            call: call.as_str().into(),
            file: "code".to_owned(),
            max_digits: 4,
            timeout: Duration::from_secs(5),
        }),
        9 | 10 => redirect(&call, &dn, chance.random_bool(0.8)),
        11 => Command::HangUp { call: call.as_str().into(), reason: String::new() },
        12 => Command::Attach { call: call.as_str().into(), pairs: json!({"n": number}) },
        _ => match chance.random_range(0..3) {
            0 => Command::AgentAnswers { dn },
            1 => Command::AgentDeclines { dn },
            _ => Command::AgentHangsUp { dn },
        },
    }
}

/// Orders of a seed with their times.
fn orders(seed: u64) -> Vec<(Timestamp, Command)> {
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    let mut now = at(0);
    (0..STEPS)
        .map(|number| {
            now = now + Duration::from_millis(chance.random_range(0..3_000));
            (now, command(&mut chance, number))
        })
        .collect()
}

#[test]
fn the_same_seed_gives_the_same_events_and_another_seed_others() {
    let run = |switch_seed: u64, order_seed: u64| {
        let mut switch = SimulatedSwitch::new(switch_seed, jittery());
        let mut trace = Vec::new();
        for (now, order) in orders(order_seed) {
            while let Some(due) = switch.next_due().filter(|due| *due <= now) {
                trace.extend(switch.tick(due).into_iter().map(|event| (due, event)));
            }
            trace.extend(switch.step(order, now).into_iter().map(|event| (now, event)));
        }
        trace
    };
    for seed in 0..20 {
        assert_eq!(run(7, seed), run(7, seed), "seed {seed}");
        assert_ne!(run(7, seed), run(8, seed), "seed {seed}");
    }
}

#[test]
fn it_makes_no_difference_how_often_the_clock_ticks() {
    for seed in 0..50 {
        let mut ticked = SimulatedSwitch::new(seed, jittery());
        let mut leapt = SimulatedSwitch::new(seed, jittery());
        let (mut ticked_trace, mut leapt_trace) = (Vec::new(), Vec::new());
        for (now, order) in orders(seed) {
            while let Some(due) = ticked.next_due().filter(|due| *due <= now) {
                ticked_trace.extend(ticked.tick(due));
            }
            ticked_trace.extend(ticked.step(order.clone(), now));
            leapt_trace.extend(leapt.step(order, now));
        }
        assert_eq!(ticked_trace, leapt_trace, "seed {seed}");
    }
}

/// What must be true of the events, learned from orders and events alone.
#[derive(Default)]
struct Model {
    /// Dials that were ordered and have not ended, by call.
    open: BTreeMap<InteractionId, EffectId>,
    /// Who has which call, or whose phone it makes ring.
    desks: BTreeMap<String, InteractionId>,
    treatments: BTreeSet<EffectId>,
}

impl Model {
    fn take(&mut self, event: &Event, context: &str) {
        match event {
            Event::DialFailed { call, effect, .. } => {
                if self.open.get(call) == Some(effect) {
                    self.open.remove(call);
                }
            }
            Event::Ringing { call, effect } | Event::Answered { call, effect } => {
                assert_eq!(self.open.get(call), Some(effect), "{context}");
            }
            Event::Detected { call, effect, kept_up, .. } => {
                assert_eq!(self.open.get(call), Some(effect), "{context}");
                if !kept_up {
                    self.open.remove(call);
                }
            }
            Event::Released { call, by, .. } => {
                let was_open = self.open.remove(call).is_some();
                assert_eq!(was_open, *by != ReleasedBy::Unknown, "{context}");
                self.desks.retain(|_, at_desk| at_desk != call);
            }
            Event::TreatmentDone { treatment, call, .. } => {
                assert!(self.open.contains_key(call), "{context}");
                assert!(self.treatments.insert(treatment.clone()), "{context}: {treatment} ended twice");
            }
            Event::TreatmentFailed { treatment, .. } => {
                assert!(self.treatments.insert(treatment.clone()), "{context}: {treatment} ended twice");
            }
            Event::Redirected { call, .. } => {
                assert!(self.open.contains_key(call), "{context}");
                // A phone that rang for it was left without a word.
                self.desks.retain(|_, at_desk| at_desk != call);
            }
            Event::AgentAlerting { call, dn } => {
                let before = self.desks.insert(dn.clone(), call.clone());
                assert_eq!(before, None, "{context}: two calls at {dn}");
            }
            Event::AgentConnected { call, dn } => {
                assert_eq!(self.desks.get(dn), Some(call), "{context}");
            }
            Event::Diverted { call, dn, .. } => {
                assert_eq!(self.desks.remove(dn).as_ref(), Some(call), "{context}");
            }
            Event::RedirectFailed { .. } | Event::CallArrived { .. } => {}
        }
    }
}

#[test]
fn random_orders_leave_no_call_half() {
    for seed in 0..SEEDS {
        let mut switch = SimulatedSwitch::new(seed, jittery());
        let mut model = Model::default();
        let mut last = at(0);
        for (step, (now, order)) in orders(seed).into_iter().enumerate() {
            let context = format!("seed {seed}, step {step}, {order:?}");
            for event in switch.tick(now) {
                model.take(&event, &context);
            }
            if let Command::CreateCall(dial) = &order {
                model.open.entry(dial.call.clone()).or_insert_with(|| dial.effect.clone());
            }
            for event in switch.step(order, now) {
                model.take(&event, &context);
            }
            let calls: Vec<InteractionId> = switch.calls().into_iter().map(|view| view.call).collect();
            let open: Vec<InteractionId> = model.open.keys().cloned().collect();
            assert_eq!(calls, open, "{context}");
            last = now;
        }
        let waiting: Vec<PhoneNumber> = switch.calls().into_iter().map(|view| view.customer).collect();
        for number in waiting {
            switch.customer_hangs_up(&number, last);
        }
        assert_eq!(switch.next_due(), None, "seed {seed}: a timer outlived its call");
        assert!(switch.occupied.is_empty(), "seed {seed}: a desk outlived its call");
    }
}
