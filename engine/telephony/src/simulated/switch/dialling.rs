//! Dialling customers, until it is known who answered.

use std::collections::BTreeMap;

use serde_json::Map;
use vocabulary::{CallState, InteractionId, PhoneNumber, Timestamp};

use super::{SimulatedSwitch, Timer};
use crate::simulated::Behaviour;
use crate::simulated::call::{Call, Dial, Phase};
use crate::{CreateCall, Event};

impl SimulatedSwitch {
    pub(super) fn create_call(&mut self, order: CreateCall, now: Timestamp, events: &mut Vec<Event>) {
        let refused = if self.calls.contains_key(&order.call) {
            Some(CallState::GENERAL_ERROR)
        } else if self.calls.len() >= self.settings.max_calls {
            Some(CallState::ALL_TRUNKS_BUSY)
        } else {
            None
        };
        if let Some(call_state) = refused {
            events.push(Event::DialFailed { call: order.call, effect: order.effect, call_state });
            return;
        }
        let setup_time = self.about(self.settings.setup_time);
        let mut call = Call {
            behaviour: self.behaviour_of(&order.to),
            customer: order.to,
            dial: Some(Dial {
                effect: order.effect,
                callback: order.callback,
                attempt: order.attempt,
                rings_at: now + setup_time,
                ring_limit_at: now + order.ring_timeout,
                detection: order.detection,
            }),
            route_point: order.from,
            digits: None,
            phase: Phase::Dialling,
            since: now,
            answered_at: None,
            treatment: None,
            user_data: Map::new(),
            phase_timers: Vec::new(),
            call_timers: Vec::new(),
        };
        call.attach(order.user_data);
        self.calls.insert(order.call.clone(), call);
        self.plan_dial(&order.call, now);
    }

    /// What the customer of this number does: what was set for the number, else the table of last digits, else
    /// human. The longest number that the dialled string ends with counts, so a dialling prefix is no obstacle.
    pub(super) fn behaviour_of(&self, number: &PhoneNumber) -> Behaviour {
        let digits: String = number.digits().collect();
        longest_ending(&self.customers, &digits)
            .or_else(|| longest_ending(&self.settings.behaviour_by_digits, &digits))
            .copied()
            .unwrap_or(Behaviour::Human { answers_after: None })
    }

    /// Sets the timers of a call that is not answered, from its times and the customer's behaviour. The ringing
    /// limit counts from the order (guide: `_ixn_createcall_timeout`).
    pub(super) fn plan_dial(&mut self, id: &InteractionId, now: Timestamp) {
        self.end_phase_timers(id);
        let Some(call) = self.calls.get(id) else {
            return;
        };
        let Some(dial) = &call.dial else {
            return;
        };
        let (rings_at, limit_at) = (dial.rings_at, dial.ring_limit_at);
        let rings_yet = call.phase == Phase::Ringing;
        let fails_at_once = match call.behaviour {
            Behaviour::Busy => Some(CallState::BUSY),
            Behaviour::Sit { call_state } => Some(call_state),
            Behaviour::NoTrunk => Some(CallState::ALL_TRUNKS_BUSY),
            Behaviour::Human { .. }
            | Behaviour::NoAnswer
            | Behaviour::Machine { .. }
            | Behaviour::Fax { .. }
            | Behaviour::Silence { .. }
            | Behaviour::HangsUp { .. } => None,
        };
        if let Some(call_state) = fails_at_once {
            self.set_phase_timer(id, Timer::DialFails(call_state), rings_at.max(now));
            return;
        }
        let answers_at = self.ringing_time(&call.behaviour).map(|time| rings_at + time);
        if !rings_yet && rings_at < limit_at {
            self.set_phase_timer(id, Timer::CustomerRings, rings_at.max(now));
        }
        match answers_at {
            Some(at) if at < limit_at => self.set_phase_timer(id, Timer::CustomerAnswers, at.max(now)),
            _ => self.set_phase_timer(id, Timer::DialFails(CallState::NO_ANSWER), limit_at.max(now)),
        }
    }

    /// Ringing time until the answer; `None` for those who do not answer.
    fn ringing_time(&self, behaviour: &Behaviour) -> Option<std::time::Duration> {
        match behaviour {
            Behaviour::Human { answers_after }
            | Behaviour::Machine { answers_after, .. }
            | Behaviour::Fax { answers_after }
            | Behaviour::Silence { answers_after }
            | Behaviour::HangsUp { answers_after, .. } => {
                Some(answers_after.unwrap_or(self.settings.answers_after))
            }
            Behaviour::Busy | Behaviour::NoAnswer | Behaviour::Sit { .. } | Behaviour::NoTrunk => None,
        }
    }

    pub(super) fn customer_rings(&mut self, id: &InteractionId, now: Timestamp, events: &mut Vec<Event>) {
        // The timers of the dial go on through ringing: only the phase changes.
        if let Some(call) = self.calls.get_mut(id)
            && let Some(dial) = &call.dial
        {
            call.phase = Phase::Ringing;
            call.since = now;
            events.push(Event::Ringing { call: id.clone(), effect: dial.effect.clone() });
        }
    }

    pub(super) fn customer_answers(&mut self, id: &InteractionId, now: Timestamp, events: &mut Vec<Event>) {
        self.enter(id, Phase::Answered, now);
        let detection_time = self.about(self.settings.detection_time);
        let Some(call) = self.calls.get_mut(id) else {
            return;
        };
        call.answered_at = Some(now);
        let behaviour = call.behaviour;
        let Some(dial) = &call.dial else {
            return;
        };
        events.push(Event::Answered { call: id.clone(), effect: dial.effect.clone() });
        match dial.detection {
            None => events.push(Event::Detected {
                call: id.clone(),
                effect: dial.effect.clone(),
                call_state: CallState::OK,
                kept_up: true,
            }),
            //= guide: options _call_timeguard_timeout: the limit's end counts as human
            Some(limit) if limit <= detection_time => {
                self.set_call_timer(id, Timer::Detected(CallState::OK), now + limit);
            }
            Some(_) => {
                self.set_call_timer(id, Timer::Detected(behaviour.detected_state()), now + detection_time);
            }
        }
        if let Behaviour::HangsUp { hangs_up_after, .. } = behaviour {
            let after = hangs_up_after.unwrap_or(self.settings.hangs_up_after);
            self.set_call_timer(id, Timer::CustomerHangsUp, now + after);
        }
    }

    pub(super) fn dial_fails(&mut self, id: &InteractionId, call_state: CallState, events: &mut Vec<Event>) {
        if let Some(dial) = self.remove(id).and_then(|call| call.dial) {
            events.push(Event::DialFailed { call: id.clone(), effect: dial.effect, call_state });
        }
    }

    pub(super) fn detected(&mut self, id: &InteractionId, call_state: CallState, events: &mut Vec<Event>) {
        let Some(call) = self.calls.get(id) else {
            return;
        };
        let Some(dial) = &call.dial else {
            return;
        };
        let effect = dial.effect.clone();
        //= guide: machine-answered calls are kept up only with am-detected=connect
        let is_wanted = match call_state {
            CallState::ANSWERING_MACHINE_DETECTED => self.settings.am_detected_connect,
            CallState::FAX_DETECTED => false,
            _ => true,
        };
        // A call that was moved on before the result came is the agent's: it is not dropped any more.
        let kept_up = is_wanted || call.phase != Phase::Answered;
        if !kept_up {
            self.remove(id);
        }
        events.push(Event::Detected { call: id.clone(), effect, call_state, kept_up });
    }
}

/// The value of the longest key that `digits` end with.
pub(super) fn longest_ending<'a, T>(table: &'a BTreeMap<String, T>, digits: &str) -> Option<&'a T> {
    (0..=digits.len()).find_map(|begin| table.get(digits.get(begin..)?))
}
