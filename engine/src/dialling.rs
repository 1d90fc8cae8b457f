//! The dial actor: calls, and the guards that no chart may forget.
//!
//! **Invariants**
//! * At most one dial for each (callback, attempt): the attempt's row is inserted before the switch is asked, and a row
//!   that exists refuses the dial.
//! * A dial or redirect that was begun is never begun again; after a crash its outcome is unknown (decision D-119).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use routing::AgentStatus;
use serde_json::{Value, json};
use store::{DialAttemptRow, EffectState, Write};
use telephony::{CollectDigits, Command, CreateCall, Event, Play, PlayLength, ReleasedBy, Switch};
use vocabulary::{AttemptNo, CallState, EffectId, InteractionId, PhoneNumber, SessionId};

use crate::activity::Busy;
use crate::dial_reports::DialReports;
use crate::guards;
use crate::node::Node;
use crate::offers::Offers;
use crate::session::Incoming;
use crate::session::answers::CallFact;
use crate::session::order::{Action, Dial, Order, Redirect};
use crate::starting;

/// Messages that may wait for the dial actor.
const MAILBOX_CAPACITY: usize = 65_536;

/// An order of a session.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct TelephonyOrder {
    pub(crate) order: Order,
    pub(crate) busy: Busy,
}

/// Something that the switch tells.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct SwitchTells {
    pub(crate) event: Event,
    pub(crate) busy: Busy,
}

/// A session has ended; it comes after the session's own orders.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct SessionEnded {
    pub(crate) session: SessionId,
    pub(crate) busy: Busy,
}

/// The start of the session that takes a call has come to its end, well or not.
#[derive(Debug, Message)]
#[rtype(result = "()")]
struct Arrived {
    call: InteractionId,
    session: SessionId,
    busy: Busy,
}

/// A command of an agent's desk.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct DeskCommand {
    pub(crate) command: Command,
    pub(crate) busy: Busy,
}

/// A call and the session that controls it.
#[derive(Clone, Debug)]
struct Call {
    session: SessionId,
    attempt: AttemptNo,
    device: String,
    ani: String,
    dnis: String,
    user_data: Value,
}

/// Key under which a call tells the session that controls it (ors: 8.2).
const SESSION_KEY: &str = "OP-Session-ID";

impl Call {
    /// Notes the session in the attached data; what is to be attached at the switch.
    fn belongs_to(&mut self, session: &SessionId) -> Value {
        self.session = session.clone();
        if let Value::Object(data) = &mut self.user_data {
            data.insert(SESSION_KEY.to_owned(), json!(session));
        }
        json!({ SESSION_KEY: session })
    }
}

/// The actor.
pub(crate) struct DialActor {
    node: Arc<Node>,
    switch: Arc<dyn Switch>,
    calls: BTreeMap<InteractionId, Call>,
    /// Calls whose dial is being written; who hangs up meanwhile takes it out.
    beginning: BTreeSet<InteractionId>,
    /// Calls whose session is being started, with who ended them meanwhile.
    arriving: BTreeMap<InteractionId, Option<ReleasedBy>>,
    /// Agents that calls are with.
    offers: Offers,
    /// Dials whose result the router waits for.
    reports: DialReports,
    /// Treatments that collect digits, each with its call.
    collecting: BTreeMap<EffectId, InteractionId>,
}

impl DialActor {
    pub(crate) fn new(node: Arc<Node>, switch: Arc<dyn Switch>) -> Self {
        Self {
            node,
            switch,
            calls: BTreeMap::new(),
            beginning: BTreeSet::new(),
            arriving: BTreeMap::new(),
            offers: Offers::default(),
            reports: DialReports::default(),
            collecting: BTreeMap::new(),
        }
    }

    fn fact(&self, session: &SessionId, fact: CallFact) {
        if let Err(error) = self.node.sessions.tell(session, Incoming::Call(fact)) {
            // The session has ended: what it held was let go then.
            tracing::debug!(session_id = %session, %error, "A fact about a call came late.");
        }
    }

    /// Looks at the guards, writes that the dial begins, and asks the switch.
    fn dial(&mut self, effect: EffectId, dial: Dial, busy: Busy, ctx: &mut Context<Self>) {
        if let Err(refused) = guards::check(&self.node.lists, &dial) {
            let fact = CallFact::DialFailed {
                effect: effect.clone(),
                attempt: dial.attempt,
                call_state: CallState::GENERAL_ERROR,
                refused: Some(refused),
            };
            return self.fact(&effect.session, fact);
        }
        let mut writes = vec![Write::SetEffectState { id: effect.clone(), state: EffectState::Started }];
        if let Some(callback) = &dial.callback {
            writes.push(Write::InsertDialAttempt(DialAttemptRow {
                callback: callback.clone(),
                attempt: dial.attempt,
                effect: effect.clone(),
                started_at: self.node.clock.now(),
                call_state: None,
            }));
        }
        self.beginning.insert(dial.call.clone());
        let node = Arc::clone(&self.node);
        let begun = async move { node.store.commit(writes).await };
        let then = begun.into_actor(self).map(move |result, actor, _ctx| {
            let is_wanted =
                actor.beginning.remove(&dial.call) && actor.node.sessions.is_running(&effect.session);
            match result {
                Ok(()) if is_wanted => actor.create_call(effect, dial),
                Ok(()) => actor.given_up(&effect, &dial),
                Err(error) => actor.not_begun(&effect, &dial, &error),
            }
            drop(busy);
        });
        ctx.spawn(then);
    }

    /// Somebody hung up, or the session ended, while the start of the dial was being written. Nobody dials.
    fn given_up(&self, effect: &EffectId, dial: &Dial) {
        let fact = CallFact::DialFailed {
            effect: effect.clone(),
            attempt: dial.attempt,
            call_state: CallState::GENERAL_ERROR,
            refused: Some(guards::Refused::GivenUp),
        };
        self.fact(&effect.session, fact);
    }

    /// The start of the dial could not be written: it was begun before, or the store fails. Nobody dials.
    fn not_begun(&self, effect: &EffectId, dial: &Dial, error: &store::Error) {
        tracing::warn!(effect = %effect, attempt = %dial.attempt, %error, "A dial was not begun.");
        let fact = CallFact::DialFailed {
            effect: effect.clone(),
            attempt: dial.attempt,
            call_state: CallState::UNKNOWN,
            refused: None,
        };
        self.fact(&effect.session, fact);
    }

    fn create_call(&mut self, effect: EffectId, mut dial: Dial) {
        self.node.metrics.dials.inc();
        if let Some(entry) = dial.entry.take() {
            let told = self.reports.started(&dial.call, entry);
            self.node.tell_router(told);
        }
        if let Value::Object(data) = &mut dial.user_data {
            data.insert(SESSION_KEY.to_owned(), json!(effect.session));
        }
        let call = Call {
            session: effect.session.clone(),
            attempt: dial.attempt,
            device: dial.from.clone(),
            ani: String::new(),
            dnis: dial.to.clone(),
            user_data: dial.user_data.clone(),
        };
        self.calls.insert(dial.call.clone(), call);
        self.switch.execute(Command::CreateCall(CreateCall {
            call: dial.call,
            effect,
            callback: dial.callback,
            attempt: dial.attempt,
            from: dial.from,
            to: PhoneNumber::new(dial.to),
            ring_timeout: Duration::from_millis(dial.ring_timeout_ms),
            detection: dial.detection_ms.map(Duration::from_millis),
            user_data: dial.user_data,
            hints: dial.hints,
        }));
    }

    fn redirect(&mut self, effect: EffectId, redirect: Redirect, busy: Busy, ctx: &mut Context<Self>) {
        let started = vec![Write::SetEffectState { id: effect.clone(), state: EffectState::Started }];
        let node = Arc::clone(&self.node);
        let begun = async move { node.store.commit(started).await };
        let then = begun.into_actor(self).map(move |result, actor, _ctx| {
            match result {
                Ok(()) => {
                    let freed = actor.offers.offer(&redirect.call, &redirect.to, &effect);
                    actor.free(freed, "diverted");
                    actor.switch.execute(Command::Redirect(telephony::Redirect {
                        effect,
                        call: redirect.call,
                        to: redirect.to,
                        ring_timeout: Duration::from_millis(redirect.ring_timeout_ms),
                        confirm: redirect.confirm,
                        hints: redirect.hints,
                    }));
                }
                Err(error) => {
                    let problem = error.to_string();
                    let (call, session) = (redirect.call, effect.session.clone());
                    actor.fact(
                        &session,
                        CallFact::RedirectFailed { call, effect, error: "unknown".to_owned(), problem },
                    );
                }
            }
            drop(busy);
        });
        ctx.spawn(then);
    }

    /// Gives a call to another session, which must run.
    fn associate(&mut self, effect: EffectId, call: InteractionId, to: &SessionId, detach: bool) {
        let from = effect.session.clone();
        match self.calls.get_mut(&call) {
            Some(held) if held.session == from && self.node.sessions.is_running(to) => {
                let pairs = held.belongs_to(to);
                self.switch.execute(Command::Attach { call: call.clone(), pairs });
                let given = CallFact::Given {
                    call: call.clone(),
                    device: held.device.clone(),
                    ani: held.ani.clone(),
                    dnis: held.dnis.clone(),
                    outbound: held.attempt != AttemptNo(0),
                    user_data: held.user_data.clone(),
                };
                self.fact(&from, CallFact::GivenAway { call, effect, detach });
                self.fact(to, given);
            }
            _ => self.fact(&from, CallFact::NotGiven { call, effect }),
        }
    }

    /// Attaches data to a call and tells the session that controls it.
    fn attach(&mut self, effect: EffectId, call: InteractionId, pairs: Value, silent: bool) {
        if let (Some(held), Value::Object(pairs)) = (self.calls.get_mut(&call), &pairs)
            && let Value::Object(known) = &mut held.user_data
        {
            known.extend(pairs.clone());
            known.retain(|_, value| !value.is_null());
        }
        self.switch.execute(Command::Attach { call: call.clone(), pairs: pairs.clone() });
        let effect = (!silent).then_some(effect);
        self.about(&call.clone(), |_| CallFact::DataAttached { call, effect, pairs });
    }

    fn media(&mut self, effect: EffectId, action: Action) {
        self.switch.execute(match action {
            Action::Play { call, file, at_most_ms, repeat, hints } => Command::Play(Play {
                treatment: effect,
                call,
                file,
                length: match (repeat, at_most_ms) {
                    (true, _) => PlayLength::Loop,
                    (false, Some(ms)) => PlayLength::AtMost(Duration::from_millis(ms)),
                    (false, None) => PlayLength::Once,
                },
                hints,
            }),
            Action::CollectDigits { call, file, max_digits, timeout_ms } => {
                self.collecting.insert(effect.clone(), call.clone());
                Command::CollectDigits(CollectDigits {
                    treatment: effect,
                    call,
                    file,
                    max_digits,
                    timeout: Duration::from_millis(timeout_ms),
                })
            }
            Action::Attach { call, pairs, silent } => return self.attach(effect, call, pairs, silent),
            other => return tracing::error!(?other, "An order came to the dial actor that is not for it."),
        });
    }

    fn switch_tells(&mut self, event: Event, ctx: &Context<Self>) {
        match event {
            Event::CallArrived { call, route_point, dnis, ani } => {
                self.call_arrived(call, route_point, (dnis, &ani), ctx)
            }
            Event::Ringing { call, .. } => {
                tracing::debug!(interaction_id = %call, "The customer's phone rings.")
            }
            Event::Answered { call, effect } => self.about(&call.clone(), |held| CallFact::Answered {
                call,
                effect,
                attempt: held.attempt,
                device: held.device.clone(),
                dialled: held.dnis.clone(),
                user_data: held.user_data.clone(),
            }),
            Event::Detected { call, call_state, kept_up, .. } => {
                self.report(|reports| reports.detected(&call, call_state));
                self.about(&call.clone(), |held| CallFact::Detected {
                    call,
                    attempt: held.attempt,
                    call_state,
                    kept_up,
                });
            }
            Event::DialFailed { call, effect, call_state } => {
                self.report(|reports| reports.failed(&call));
                self.about(&call, |held| CallFact::DialFailed {
                    effect,
                    attempt: held.attempt,
                    call_state,
                    refused: None,
                });
                self.calls.remove(&call);
            }
            Event::TreatmentDone { treatment, call, digits } => {
                self.collecting.remove(&treatment);
                self.about(&call.clone(), |_| CallFact::TreatmentDone { treatment, call, digits });
            }
            Event::TreatmentFailed { treatment, call, problem } => {
                let collects = self.collecting.remove(&treatment).is_some();
                self.about(&call.clone(), |_| CallFact::TreatmentFailed {
                    treatment,
                    call,
                    problem,
                    collects,
                });
            }
            Event::Redirected { call, effect } => {
                self.about(&call.clone(), |_| CallFact::Redirected { call, effect })
            }
            Event::RedirectFailed { call, effect, problem } => {
                self.offers.refused(&call, &effect);
                let error = "invaliddestination".to_owned();
                let failed = call.clone();
                self.about(&call, |_| CallFact::RedirectFailed { call: failed, effect, error, problem });
                self.end_if_deserted(&call);
            }
            other => self.agent_tells(other),
        }
    }

    /// What concerns an agent's phone, or the end of a call.
    fn agent_tells(&mut self, event: Event) {
        match event {
            Event::AgentAlerting { call, dn } if self.offers.rings(&call, &dn) => {
                self.node.desk.call_rings(&self.node, &dn, &call);
                self.agent_is(&dn, &call, AgentStatus::Ringing);
                self.about(&call.clone(), |_| CallFact::AgentAlerting { call, dn });
            }
            Event::AgentConnected { call, dn } if self.offers.connected(&call, &dn) => {
                self.node.desk.call_connected(&self.node, &dn, &call);
                self.agent_is(&dn, &call, AgentStatus::Busy);
                self.about(&call.clone(), |_| CallFact::AgentConnected { call, dn });
            }
            Event::Diverted { call, dn, declined } if self.offers.diverted(&call, &dn) => {
                self.node.desk.call_gone(&self.node, &dn, "diverted");
                self.node.desk.call_diverted(&self.node, &dn, &call, declined);
                let back = call.clone();
                self.about(&call, |_| CallFact::Diverted { call: back, dn, declined });
                self.end_if_deserted(&call);
            }
            Event::Released { call, by, .. } => {
                self.report(|reports| reports.failed(&call));
                if let Some(ended) = self.arriving.get_mut(&call) {
                    ended.get_or_insert(by);
                }
                let freed = self.offers.end(&call);
                self.free(freed, "released");
                self.about(&call.clone(), |_| CallFact::Released { call: call.clone(), by });
                self.calls.remove(&call);
                self.collecting.retain(|_, on| *on != call);
            }
            Event::AgentAlerting { call, .. }
            | Event::AgentConnected { call, .. }
            | Event::Diverted { call, .. } => {
                tracing::debug!(interaction_id = %call, "The switch tells of an agent late or twice.");
            }
            // Told above.
            _ => {}
        }
    }

    /// A call that is back at its route point, and whose session has ended: nobody else would ever end it.
    fn end_if_deserted(&mut self, call: &InteractionId) {
        let is_deserted =
            |held: &Call| !self.node.sessions.is_running(&held.session) && !self.arriving.contains_key(call);
        if self.calls.get(call).is_some_and(is_deserted) {
            let reason = "its session has ended".to_owned();
            self.switch.execute(Command::HangUp { call: call.clone(), reason });
        }
    }

    /// Tells the router the result of a dial, if it is news.
    fn report(&mut self, told: impl FnOnce(&mut DialReports) -> Option<routing::Command>) {
        if let Some(command) = told(&mut self.reports) {
            self.node.tell_router(command);
        }
    }

    /// An agent has no call any more.
    fn free(&self, dn: Option<String>, how: &str) {
        if let Some(dn) = dn {
            self.node.desk.call_gone(&self.node, &dn, how);
            self.node.desk.call_ended(&self.node, &dn);
        }
    }

    /// Tells the session that controls a call.
    fn about(&self, call: &InteractionId, fact: impl FnOnce(&Call) -> CallFact) {
        match self.calls.get(call) {
            Some(held) => self.fact(&held.session, fact(held)),
            None => {
                tracing::debug!(interaction_id = %call, "The switch tells of a call that nobody controls any more.")
            }
        }
    }

    fn agent_is(&self, dn: &str, call: &InteractionId, status: AgentStatus) {
        self.node.desk.observe(&self.node, dn, call, status);
    }

    /// A call arrived at a route point: the session that its configuration names is started for it.
    fn call_arrived(
        &mut self,
        call: InteractionId,
        route_point: String,
        (dnis, ani): (String, &PhoneNumber),
        ctx: &Context<Self>,
    ) {
        let session = starting::inbound_session_id(&call);
        let mut held = Call {
            session: session.clone(),
            attempt: AttemptNo(0),
            device: route_point,
            ani: ani.as_str().to_owned(),
            dnis,
            user_data: Value::Object(serde_json::Map::new()),
        };
        let pairs = held.belongs_to(&session);
        self.switch.execute(Command::Attach { call: call.clone(), pairs });
        let fact = CallFact::Given {
            call: call.clone(),
            device: held.device.clone(),
            ani: held.ani.clone(),
            dnis: held.dnis.clone(),
            outbound: false,
            user_data: held.user_data.clone(),
        };
        let (node, switch, session) =
            (Arc::clone(&self.node), Arc::clone(&self.switch), held.session.clone());
        let device = held.device.clone();
        self.calls.insert(call.clone(), held);
        self.arriving.insert(call.clone(), None);
        let dialling = ctx.address();
        let busy = self.node.clock.activity().begin();
        self.node.spawn(async move {
            if let Err(problem) = starting::start_inbound(&node, session.clone(), &device, fact).await {
                tracing::warn!(interaction_id = %call, %problem, "No session took an incoming call; it is released.");
                switch.execute(Command::HangUp { call: call.clone(), reason: problem });
            }
            dialling.do_send(Arrived { call, session, busy });
        });
    }
}

impl Actor for DialActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX_CAPACITY);
    }
}

impl Handler<TelephonyOrder> for DialActor {
    type Result = ();

    fn handle(&mut self, message: TelephonyOrder, ctx: &mut Self::Context) {
        let TelephonyOrder { order: Order { effect, action }, busy } = message;
        match action {
            Action::Dial(dial) => self.dial(effect, *dial, busy, ctx),
            Action::Redirect(redirect) => self.redirect(effect, redirect, busy, ctx),
            Action::Associate { call, session, detach } => self.associate(effect, call, &session, detach),
            Action::HangUp { call, reason } => {
                // A dial that has not begun does not begin any more.
                if !self.beginning.remove(&call) {
                    // Nobody waits for this dial any more: its result may get lost.
                    self.report(|reports| reports.failed(&call));
                    self.switch.execute(Command::HangUp { call: call.clone(), reason });
                }
                let data = json!({ "requestid": effect, "interactionid": call });
                self.node.answer(&effect, statecharts::Event::external("interaction.terminate.done", data));
            }
            Action::StopPlaying { treatment, silent } => {
                self.collecting.remove(&treatment);
                self.switch.execute(Command::StopPlaying { treatment: treatment.clone() });
                if silent {
                    return;
                }
                let data = json!({ "requestid": treatment });
                let stopped = statecharts::Event::external("dialog.stop.done", data);
                self.node.tell(&effect, Incoming::Event(stopped));
            }
            other => self.media(effect, other),
        }
    }
}

impl Handler<SwitchTells> for DialActor {
    type Result = ();

    fn handle(&mut self, message: SwitchTells, ctx: &mut Self::Context) {
        self.switch_tells(message.event, ctx);
        drop(message.busy);
    }
}

/// A session lets go of its calls itself. One that was given to it while it ended, or whose phone still rings, it does
/// not know: nobody would ever end that call.
impl Handler<SessionEnded> for DialActor {
    type Result = ();

    fn handle(&mut self, message: SessionEnded, _ctx: &mut Self::Context) {
        let is_left =
            |call: &InteractionId, held: &Call| held.session == message.session && !self.offers.holds(call);
        let left = self.calls.iter().filter(|(call, held)| is_left(call, held)).map(|(call, _)| call.clone());
        for call in left.collect::<Vec<_>>() {
            self.report(|reports| reports.failed(&call));
            self.switch.execute(Command::HangUp { call, reason: "session ended".to_owned() });
        }
        drop(message.busy);
    }
}

/// Who hung up before the session was there told nobody.
impl Handler<Arrived> for DialActor {
    type Result = ();

    fn handle(&mut self, message: Arrived, _ctx: &mut Self::Context) {
        let Arrived { call, session, busy } = message;
        if let Some(Some(by)) = self.arriving.remove(&call) {
            self.fact(&session, CallFact::Released { call, by });
        }
        drop(busy);
    }
}

impl Handler<DeskCommand> for DialActor {
    type Result = ();

    fn handle(&mut self, message: DeskCommand, _ctx: &mut Self::Context) {
        self.switch.execute(message.command);
        drop(message.busy);
    }
}

#[cfg(test)]
mod tests;
