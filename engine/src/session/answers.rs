//! From what routing and telephony say to the events of the ORS vocabulary. Pure.
//!
//! Each fact also changes what the session holds and closes the effect that it answers, in the transaction of the step
//! that consumes it.

use routing::{Outcome, Selection};
use serde_json::{Value, json};
use statecharts::Event;
use store::{EffectState, Write};
use telephony::ReleasedBy;
use vocabulary::{AttemptNo, CallState, EffectId, InteractionId};

use super::context::{HeldCall, TreatmentKind};
use super::order::Action;
use super::plan::Planner;
use crate::guards::Refused;

/// What a call tells the session that controls it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum CallFact {
    /// Somebody answered a dial of this session.
    Answered {
        call: InteractionId,
        effect: EffectId,
        attempt: AttemptNo,
        device: String,
        dialled: String,
        user_data: Value,
    },
    /// It is known who answered.
    Detected { call: InteractionId, attempt: AttemptNo, call_state: CallState, kept_up: bool },
    /// A dial failed. `refused` names the guard of the platform that did not allow it.
    DialFailed { effect: EffectId, attempt: AttemptNo, call_state: CallState, refused: Option<Refused> },
    /// A treatment ended.
    TreatmentDone { treatment: EffectId, call: InteractionId, digits: Option<String> },
    /// A treatment could not be played.
    TreatmentFailed { treatment: EffectId, call: InteractionId, problem: String, collects: bool },
    /// A redirect was accepted.
    Redirected { call: InteractionId, effect: EffectId },
    /// A redirect was refused.
    RedirectFailed { call: InteractionId, effect: EffectId, error: String, problem: String },
    /// An agent's phone rings.
    AgentAlerting { call: InteractionId, dn: String },
    /// An agent is on the call.
    AgentConnected { call: InteractionId, dn: String },
    /// The agent declined or did not answer.
    Diverted { call: InteractionId, dn: String, declined: bool },
    /// The call ended.
    Released { call: InteractionId, by: ReleasedBy },
    /// A call was given to this session: it arrived, or another session let go of it.
    Given { call: InteractionId, device: String, ani: String, dnis: String, outbound: bool, user_data: Value },
    /// A call was given away.
    GivenAway { call: InteractionId, effect: EffectId, detach: bool },
    /// Data were attached to a call; of null values the keys were taken away. `effect`: the `ixn:attach` that asked.
    DataAttached { call: InteractionId, effect: Option<EffectId>, pairs: Value },
    /// A call was to be given to a session that does not run.
    NotGiven { call: InteractionId, effect: EffectId },
}

impl Planner<'_> {
    /// The events that a fact about a call becomes.
    pub(crate) fn call_fact(&mut self, fact: CallFact) -> Vec<Event> {
        self.hear(&fact);
        match fact {
            CallFact::Answered { call, effect, attempt, device, dialled, user_data } => {
                self.close(&effect);
                self.context
                    .calls
                    .insert(call.clone(), HeldCall { device: device.clone(), agent: None, delivered: false });
                let present = json!({
                    "interactionid": call, "focusdeviceid": device, "dnis": dialled, "type": "outbound", "udata": user_data,
                });
                vec![
                    event(
                        "voice.createcall.done",
                        json!({ "requestid": effect, "interactionid": call, "attempt": attempt }),
                    ),
                    event("interaction.added", present.clone()),
                    event("interaction.present", present),
                    party(&call, "cpdetect", &device, json!({})),
                ]
            }
            CallFact::Detected { call, attempt, call_state, kept_up } => {
                self.finish_attempt(attempt, call_state);
                let device =
                    self.context.calls.get(&call).map(|held| held.device.clone()).unwrap_or_default();
                let hints = json!({ "callstate": call_state, "kept": kept_up });
                vec![party(&call, "connected", &device, hints)]
            }
            CallFact::DialFailed { effect, attempt, call_state, refused } => {
                self.close(&effect);
                self.finish_attempt(attempt, call_state);
                vec![dial_failed(&effect, attempt, call_state, refused)]
            }
            CallFact::Released { call, by } => match self.context.calls.remove(&call) {
                Some(_) => vec![event(
                    "interaction.deleted",
                    json!({ "interactionid": call, "hints": { "callstate": CallState::CLEARED, "releasedby": by } }),
                )],
                // Given away or ended before: the session has been told.
                None => Vec::new(),
            },
            other => self.later_call_fact(other),
        }
    }

    fn later_call_fact(&mut self, fact: CallFact) -> Vec<Event> {
        match fact {
            CallFact::TreatmentDone { treatment, call, digits } => {
                self.treatment_done(treatment, call, digits)
            }
            CallFact::TreatmentFailed { treatment, call, problem, collects } => {
                let Some(kind) = self.treatment_ended(&treatment, false) else {
                    return Vec::new();
                };
                let element = element_of(kind, collects);
                let data = json!({ "requestid": treatment, "interactionid": call, "error": "unknown", "description": problem });
                vec![event(&format!("error.dialog.{element}"), data)]
            }
            CallFact::Redirected { call, effect } => {
                self.close(&effect);
                if let Some(held) = self.context.calls.get_mut(&call) {
                    held.delivered = true;
                }
                vec![event(
                    "interaction.redirect.done",
                    json!({ "requestid": effect, "interactionid": call }),
                )]
            }
            CallFact::RedirectFailed { call, effect, error, problem } => {
                self.close(&effect);
                let data = json!({ "requestid": effect, "interactionid": call, "error": error, "description": problem });
                vec![event("error.interaction.redirect", data)]
            }
            CallFact::AgentAlerting { call, dn } => {
                vec![party(&call, "alerting", &dn, json!({ "callstate": 0 }))]
            }
            CallFact::AgentConnected { call, dn } => {
                if let Some(held) = self.context.calls.get_mut(&call) {
                    held.agent = Some(dn.clone());
                }
                vec![party(&call, "connected", &dn, json!({ "callstate": 0 }))]
            }
            CallFact::Diverted { call, dn, declined } => {
                if let Some(held) = self.context.calls.get_mut(&call) {
                    held.delivered = false;
                    held.agent = None;
                }
                vec![diverted(&call, &dn, declined)]
            }
            CallFact::Given { call, device, ani, dnis, outbound, user_data } => {
                self.context
                    .calls
                    .insert(call.clone(), HeldCall { device: device.clone(), agent: None, delivered: false });
                let data = json!({
                    "interactionid": call, "focusdeviceid": device, "ani": ani, "dnis": dnis,
                    "type": if outbound { "outbound" } else { "inbound" }, "udata": user_data,
                });
                vec![event("interaction.added", data.clone()), event("interaction.present", data)]
            }
            CallFact::GivenAway { call, effect, detach } => {
                self.close(&effect);
                let done = if detach { "interaction.detach.done" } else { "interaction.associate.done" };
                self.context.calls.remove(&call);
                vec![
                    event(done, json!({ "requestid": effect, "interactionid": call })),
                    event("interaction.notcontrolled", json!({ "interactionid": call })),
                ]
            }
            CallFact::DataAttached { call, effect, pairs } => {
                let done = effect.map(|effect| {
                    event("interaction.attach.done", json!({ "requestid": effect, "interactionid": call }))
                });
                let changed = json!({ "interactionid": call, "udata": pairs });
                done.into_iter().chain([event("interaction.udata.changed", changed)]).collect()
            }
            CallFact::NotGiven { call, effect } => {
                self.close(&effect);
                let description = "the session does not run";
                let data = json!({ "requestid": effect, "interactionid": call, "error": "unknown", "description": description });
                vec![event("error.interaction.associate", data)]
            }
            _ => Vec::new(),
        }
    }

    fn treatment_done(
        &mut self,
        treatment: EffectId,
        call: InteractionId,
        digits: Option<String>,
    ) -> Vec<Event> {
        let Some(kind) = self.treatment_ended(&treatment, true) else {
            return Vec::new();
        };
        let name = format!("dialog.{}.done", element_of(kind, digits.is_some()));
        let mut data = json!({ "requestid": treatment, "interactionid": call });
        if let (Some(digits), Value::Object(fields)) = (digits, &mut data) {
            fields.insert("digits".to_owned(), json!(digits));
        }
        vec![event(&name, data)]
    }

    /// The events that an outcome of the router becomes. An entry that this session no longer has is late: ignored,
    /// because the session has left the queue on purpose.
    pub(crate) fn queue_outcome(&mut self, outcome: Outcome) -> Vec<Event> {
        match outcome {
            Outcome::Refused { id, reason } => {
                self.forget_entry(&id);
                let error = match reason {
                    routing::Refusal::InvalidTarget { .. } => "invalidtarget",
                    routing::Refusal::InvalidQueue { .. } => "invalidqueue",
                };
                let description = reason.to_string();
                vec![event(
                    "error.queue.submit",
                    json!({ "requestid": id, "error": error, "description": description }),
                )]
            }
            Outcome::TimedOut { id } if self.context.entries.contains_key(&id) => {
                self.entry_timed_out(&id);
                let description = "no target was found in time";
                vec![event(
                    "error.queue.submit",
                    json!({ "requestid": id, "error": "timeout", "description": description }),
                )]
            }
            Outcome::TargetSelected { id, selection } => {
                if !self.context.entries.contains_key(&id) {
                    // Late: the session has left the queue on purpose. The agent is not needed.
                    if let Ok(effect) = id.parse() {
                        self.order(
                            effect,
                            Action::ReleaseAgent {
                                agent: selection.agent.id.to_string(),
                                holder: Some(id.clone()),
                                delay_ms: 0,
                            },
                        );
                    }
                    return Vec::new();
                }
                self.forget_entry(&id);
                self.note_agent(&selection.agent.id, &id, &selection.agent.dn);
                vec![event("queue.submit.done", selected(&id, &selection))]
            }
            Outcome::TimeToDial { id, position } if self.context.entries.contains_key(&id) => {
                vec![event("queue.timetodial", json!({ "requestid": id, "position": position }))]
            }
            Outcome::Left { id } => vec![event("queue.cancel.done", json!({ "requestid": id }))],
            Outcome::Updated { id, found: true } => {
                vec![event("queue.update.done", json!({ "requestid": id }))]
            }
            Outcome::Updated { id, found: false } => {
                vec![event("error.queue.update", json!({ "requestid": id, "error": "unknown" }))]
            }
            Outcome::UpdateRefused { id, reason } => {
                let data =
                    json!({ "requestid": id, "error": "invalidtarget", "description": reason.to_string() });
                vec![event("error.queue.update", data)]
            }
            // The chart decides what follows, and whether it enters the queue again: the router need not keep the place.
            Outcome::Returned { id, agent, reason } => {
                if let Ok(effect) = id.parse() {
                    self.order(effect, Action::CancelEntry { entry: id.clone() });
                }
                self.forget_agent(agent.as_str());
                vec![event("queue.agent.lost", json!({ "requestid": id, "agent": agent, "reason": reason }))]
            }
            Outcome::AgentReserved { agent, holder, until } => self.agent_reserved(&agent, &holder, until),
            Outcome::ReservationRefused { agent, reason, .. } => self.reservation_refused(&agent, &reason),
            Outcome::ReservationExpired { agent, holder } => self.reservation_expired(&agent, &holder),
            // Answers to `RouteFailed`, which nobody sends: a chart whose agent cannot be had enters the queue again,
            // with its old age and without that agent.
            Outcome::RoutingGivenUp { .. } | Outcome::NotHeld { .. } => Vec::new(),
            Outcome::Queued { .. }
            | Outcome::TimedOut { .. }
            | Outcome::TimeToDial { .. }
            | Outcome::LoginRefused { .. }
            | Outcome::AgentChanged { .. } => Vec::new(),
        }
    }

    /// The effect was answered: a restart does not carry it out again.
    pub(crate) fn close(&mut self, effect: &EffectId) {
        if self.context.open.remove(effect) {
            self.plan.writes.push(Write::SetEffectState { id: effect.clone(), state: EffectState::Done });
        }
    }

    fn finish_attempt(&mut self, attempt: AttemptNo, call_state: CallState) {
        if let Some(row) = self.record.as_ref() {
            self.plan.writes.push(Write::FinishDialAttempt {
                callback: row.id.clone(),
                attempt,
                call_state: call_state.number(),
            });
        }
    }
}

/// Name of the element that a treatment was.
const fn element_of(kind: TreatmentKind, collects: bool) -> &'static str {
    match (kind, collects) {
        (TreatmentKind::Play, _) => "play",
        (TreatmentKind::Collect, _) => "collect",
        (TreatmentKind::Plain | TreatmentKind::Silent, true) => "playandcollect",
        (TreatmentKind::Plain | TreatmentKind::Silent, false) => "playsound",
    }
}

/// An external event with data.
pub(crate) fn event(name: &str, data: Value) -> Event {
    Event::external(name, data)
}

fn party(call: &InteractionId, state: &str, device: &str, hints: Value) -> Event {
    event(
        "interaction.partystatechanged",
        json!({
            "interactionid": call, "partyid": format!("{call}-1"), "partystate": state, "focusdeviceid": device,
            "hints": hints,
        }),
    )
}

/// The guide's sample of an agent who declined: 22, 7, 13.
fn diverted(call: &InteractionId, dn: &str, declined: bool) -> Event {
    event(
        "interaction.ondivert",
        json!({
            "interactionid": call, "divertingdeviceid": dn, "divertingpartyid": format!("{call}-2"),
            "divertingpartystate": "null", "declined": declined,
            "hints": { "callstate": CallState::REDIRECTED, "cause": 7, "ccevent": 13 },
        }),
    )
}

/// `error.voice.createcall`, with the tokens of the ORS vocabulary.
pub(crate) fn dial_failed(
    effect: &EffectId,
    attempt: AttemptNo,
    call_state: CallState,
    refused: Option<Refused>,
) -> Event {
    let error = match (&refused, call_state) {
        (Some(refused), _) => refused.token(),
        (_, CallState::NO_ANSWER) => "timeout",
        (_, CallState::BUSY) => "busy",
        (_, CallState::SIT_INVALID_NUMBER) => "invaliddestination",
        _ => "unknown",
    };
    let paused_by = refused.as_ref().and_then(Refused::pause_key).map(str::to_owned);
    let description = refused.map_or_else(|| format!("{call_state:?}"), |refused| refused.to_string());
    let mut data = json!({
        "requestid": effect, "attempt": attempt, "error": error, "description": description,
        "hints": { "callstate": call_state },
    });
    if let (Some(key), Value::Object(data)) = (paused_by, &mut data) {
        data.insert("pausedby".to_owned(), json!(key));
    }
    event("error.voice.createcall", data)
}

/// The data of `queue.submit.done` (ORS reference; the resource has the keys of the guide's `c_target`).
fn selected(id: &str, selection: &Selection) -> Value {
    let agent = &selection.agent;
    json!({
        "requestid": id,
        "targetselected": format!("{}@{}.DN", agent.dn, agent.switch),
        "targetcomponentselected": format!("{}@.A", agent.id),
        "targetobjectselected": selection.target,
        "vqselected": selection.queue,
        "priority": selection.priority,
        "wait": selection.waited.as_secs(),
        "resource": {
            "agent": agent.id, "agent_id": agent.id, "dn": agent.dn, "id": selection.target_name, "place": agent.place,
            "resource": agent.dn, "return": "target", "stat_value": "", "switch": agent.switch,
            "type": selection.target_kind, "vq": selection.queue,
        },
    })
}
