//! The core of the simulated switch: commands, controls and time in, events out.
//!
//! | order | call as expected | otherwise |
//! | --- | --- | --- |
//! | `CreateCall` | `Ringing`, `Answered`, `Detected`, or `DialFailed` | id in use: `DialFailed` 3; no free line: `DialFailed` 10 |
//! | `Play`, `CollectDigits` | `TreatmentDone`; what played before stops without a word | `TreatmentFailed` |
//! | `StopPlaying` | stops without a word: the order is its own answer | ignored: the treatment has ended, which was said |
//! | `Redirect` | `Redirected`, then `AgentAlerting`, then `AgentConnected` or `Diverted`; a phone that rang for the call before stops without a word | `RedirectFailed` |
//! | `HangUp` | `Released` by platform, at every stage | `Released` by unknown |
//! | `Attach` | applied | `Released` by unknown |
//! | `AgentAnswers`, `AgentDeclines`, `AgentHangsUp` | carried out | ignored: there is no call at that desk to speak of |
//! | `AgentArrives` | concerns no call: the number is known from now on | |
//!
//! A call that ends takes its treatment with it without a further event. A dial that found a fax, or a machine
//! that is not kept up, ends with that `Detected`.
//!
//! Everything that is due is carried out at its own time, in order, so it makes no difference how often
//! [`SimulatedSwitch::tick`] is called.

mod agents;
mod controls;
mod dialling;
mod treatments;

use std::collections::BTreeMap;
use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use vocabulary::{CallState, EffectId, InteractionId, Timestamp};

use super::call::{Call, CallView, Phase, TimerKey};
use super::{AgentBehaviour, Behaviour, Settings};
use crate::{Command, Event, ReleasedBy};

pub use controls::ControlError;

/// The simulated switch; see the module for what it answers to each order.
///
/// ```
/// use telephony::{Settings, SimulatedSwitch};
/// use vocabulary::{PhoneNumber, Timestamp};
///
/// let mut switch = SimulatedSwitch::new(7, Settings::default());
/// let caller = PhoneNumber::new("+12025550123");
/// let (call, events) = switch.inbound_call(caller, "8001", "8555", None, Timestamp::EPOCH)?;
/// assert_eq!(events.len(), 1);
/// assert_eq!(switch.calls()[0].call, call);
/// # Ok::<(), telephony::ControlError>(())
/// ```
#[derive(Debug)]
pub struct SimulatedSwitch {
    settings: Settings,
    chance: ChaCha8Rng,
    calls: BTreeMap<InteractionId, Call>,
    /// Behaviours that were set, by the digits of the number.
    customers: BTreeMap<String, Behaviour>,
    /// Digits that customers type when asked, by the digits of the number.
    typed: BTreeMap<String, String>,
    agents: BTreeMap<String, AgentBehaviour>,
    /// The call that each agent has, or whose phone it makes ring.
    occupied: BTreeMap<String, InteractionId>,
    timers: BTreeMap<TimerKey, (InteractionId, Timer)>,
    timers_set: u64,
    inbound_calls: u64,
}

/// What happens by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Timer {
    CustomerRings,
    CustomerAnswers,
    DialFails(CallState),
    Detected(CallState),
    CustomerHangsUp,
    TreatmentEnds,
    AgentRings,
    AgentAnswers,
    AgentDeclines,
    AgentRingsOut,
    TalkEnds(ReleasedBy),
}

impl SimulatedSwitch {
    /// A switch without calls. `seed` decides the small differences in time.
    #[must_use]
    pub fn new(seed: u64, settings: Settings) -> Self {
        let agents = settings.agent_dns.iter().map(|dn| (dn.clone(), settings.agent_behaviour)).collect();
        Self {
            settings,
            chance: ChaCha8Rng::seed_from_u64(seed),
            calls: BTreeMap::new(),
            customers: BTreeMap::new(),
            typed: BTreeMap::new(),
            agents,
            occupied: BTreeMap::new(),
            timers: BTreeMap::new(),
            timers_set: 0,
            inbound_calls: 0,
        }
    }

    /// Carries out what is due and then an order, at `now`.
    pub fn step(&mut self, command: Command, now: Timestamp) -> Vec<Event> {
        let mut events = self.tick(now);
        match command {
            Command::CreateCall(order) => self.create_call(order, now, &mut events),
            Command::Play(order) => self.play(order, now, &mut events),
            Command::StopPlaying { treatment } => self.stop_playing(&treatment),
            Command::CollectDigits(order) => self.collect_digits(order, now, &mut events),
            Command::Redirect(order) => self.redirect(order, now, &mut events),
            Command::HangUp { call, reason: _ } => {
                if !self.release(&call, ReleasedBy::Platform, &mut events) {
                    events.push(unknown_call(call));
                }
            }
            Command::Attach { call, pairs } => match self.calls.get_mut(&call) {
                Some(known) => known.attach(pairs),
                None => events.push(unknown_call(call)),
            },
            Command::AgentAnswers { dn } => self.agent_answers(&dn, now, &mut events),
            Command::AgentDeclines { dn } => self.agent_declines(&dn, now, &mut events),
            Command::AgentHangsUp { dn } => self.agent_hangs_up(&dn, now, &mut events),
            Command::AgentArrives { dn } => self.agent_arrives(dn),
        }
        events
    }

    /// Carries out what is due at `now`, each at its own time.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(entry) = self.timers.first_entry() {
            let (at, _) = *entry.key();
            if at > now {
                break;
            }
            let (call, timer) = entry.remove();
            self.fire(&call, timer, at, &mut events);
        }
        events
    }

    /// When [`SimulatedSwitch::tick`] is needed next.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.timers.keys().next().map(|(at, _)| *at)
    }

    /// All calls, by id.
    #[must_use]
    pub fn calls(&self) -> Vec<CallView> {
        self.calls.iter().map(|(id, call)| call.view(id)).collect()
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    fn fire(&mut self, call: &InteractionId, timer: Timer, at: Timestamp, events: &mut Vec<Event>) {
        match timer {
            Timer::CustomerRings => self.customer_rings(call, at, events),
            Timer::CustomerAnswers => self.customer_answers(call, at, events),
            Timer::DialFails(call_state) => self.dial_fails(call, call_state, events),
            Timer::Detected(call_state) => self.detected(call, call_state, events),
            Timer::CustomerHangsUp => {
                self.release(call, ReleasedBy::Customer, events);
            }
            Timer::TreatmentEnds => self.treatment_ends(call, events),
            Timer::AgentRings => self.agent_rings(call, at, events),
            Timer::AgentAnswers => self.connect(call, at, events),
            Timer::AgentDeclines => self.divert(call, true, at, events),
            Timer::AgentRingsOut => self.divert(call, false, at, events),
            Timer::TalkEnds(by) => {
                self.release(call, by, events);
            }
        }
    }

    /// Ends a call and tells so; `false` when there is none.
    fn release(&mut self, id: &InteractionId, by: ReleasedBy, events: &mut Vec<Event>) -> bool {
        let Some(call) = self.remove(id) else {
            return false;
        };
        events.push(Event::Released { call: id.clone(), by, dn: call.phase.agent_dn().map(str::to_owned) });
        true
    }

    /// Takes a call away with everything that belongs to it.
    fn remove(&mut self, id: &InteractionId) -> Option<Call> {
        let call = self.calls.remove(id)?;
        let treatment_timer = call.treatment.as_ref().and_then(|treatment| treatment.timer);
        for key in call.phase_timers.iter().chain(&call.call_timers).chain(&treatment_timer) {
            self.timers.remove(key);
        }
        if let Some(dn) = call.phase.agent_dn() {
            self.occupied.remove(dn);
        }
        Some(call)
    }

    /// Puts a call into another phase; the timers of the old one end.
    fn enter(&mut self, id: &InteractionId, phase: Phase, now: Timestamp) {
        self.end_phase_timers(id);
        if let Some(call) = self.calls.get_mut(id) {
            call.phase = phase;
            call.since = now;
        }
    }

    fn end_phase_timers(&mut self, id: &InteractionId) {
        if let Some(call) = self.calls.get_mut(id) {
            for key in call.phase_timers.drain(..) {
                self.timers.remove(&key);
            }
        }
    }

    fn set_timer(&mut self, call: &InteractionId, timer: Timer, at: Timestamp) -> TimerKey {
        let key = (at, self.timers_set);
        self.timers_set += 1;
        self.timers.insert(key, (call.clone(), timer));
        key
    }

    fn set_phase_timer(&mut self, id: &InteractionId, timer: Timer, at: Timestamp) {
        let key = self.set_timer(id, timer, at);
        if let Some(call) = self.calls.get_mut(id) {
            call.phase_timers.push(key);
        }
    }

    fn set_call_timer(&mut self, id: &InteractionId, timer: Timer, at: Timestamp) {
        let key = self.set_timer(id, timer, at);
        if let Some(call) = self.calls.get_mut(id) {
            call.call_timers.push(key);
        }
    }

    /// `time` and a little more, by chance.
    fn about(&mut self, time: Duration) -> Duration {
        let most = u64::try_from(self.settings.jitter.as_millis()).unwrap_or(u64::MAX);
        time + Duration::from_millis(self.chance.random_range(0..=most))
    }
}

fn unknown_call(call: InteractionId) -> Event {
    Event::Released { call, by: ReleasedBy::Unknown, dn: None }
}

fn redirect_failed(call: InteractionId, effect: EffectId, problem: String) -> Event {
    Event::RedirectFailed { call, effect, problem }
}

#[cfg(test)]
mod random_tests;
#[cfg(test)]
mod tests;
