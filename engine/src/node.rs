//! One node: everything that the actors of the engine share, and where a session's orders go.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use actix::prelude::*;
use serde_json::json;
use statecharts::{Event, EventKind};
use store::{EffectState, Store, TimelineRow, Write};
use tokio::sync::broadcast;
use vocabulary::{EffectId, SessionId};

use crate::activity::Busy;
use crate::admission::UnderWay;
use crate::charts::Charts;
use crate::clock::Clock;
use crate::configuration::Configuration;
use crate::counts::Counts;
use crate::derive;
use crate::desk::AgentDesk;
use crate::devices::Devices;
use crate::dialling::{DialActor, SessionEnded, TelephonyOrder};
use crate::egress::Egress;
use crate::fetching;
use crate::lists::Lists;
use crate::metrics::Metrics;
use crate::outbox::Outbox;
use crate::queueing::{QueueActor, QueueOrder, TellRouter};
use crate::scheduled_starts::{self, ScheduledStart, ScheduledStarts};
use crate::scheduling::ToldOfExpiry;
use crate::session::order::{Action, Order};
use crate::session::{Delivered, Incoming, Sessions, TellError, patience};
use crate::shared_values::SharedValues;
use crate::simulated::ClockedSwitch;
use crate::starting;
use crate::surroundings::{Interactions, Platform, Surroundings};
use crate::timers::Timers;

/// What the actors share.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) clock: Clock,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) configuration: Arc<Configuration>,
    pub(crate) charts: Charts,
    pub(crate) shared_values: SharedValues,
    pub(crate) sessions: Sessions,
    pub(crate) timers: Timers,
    pub(crate) scheduled_starts: ScheduledStarts,
    pub(crate) told_of_expiry: ToldOfExpiry,
    pub(crate) outbox: Outbox,
    pub(crate) devices: Devices,
    pub(crate) desk: AgentDesk,
    pub(crate) lists: Lists,
    pub(crate) egress: Arc<dyn Egress>,
    pub(crate) metrics: Metrics,
    pub(crate) feed: broadcast::Sender<TimelineRow>,
    /// Base URL of this node as charts and plugins see it, without trailing slash.
    pub(crate) base_url: String,
    /// Addresses of sessions by BasicHTTP, with `{session}` for the id.
    pub(crate) basic_http: String,
    /// Event processors of sessions beside SCXML, with those addresses.
    pub(crate) ioprocessors: Arc<BTreeMap<String, String>>,
    /// The node as charts see it.
    pub(crate) platform: Arc<Platform>,
    pub(crate) runtime: tokio::runtime::Handle,
    pub(crate) queues: OnceLock<Addr<QueueActor>>,
    pub(crate) dialling: OnceLock<Addr<DialActor>>,
    /// The simulated switch, if that is the switch.
    pub(crate) simulated: OnceLock<Arc<ClockedSwitch>>,
    /// Whether new requests are taken.
    pub(crate) accepting: AtomicBool,
    /// Starts that are counted against limits.
    pub(crate) under_way: UnderWay,
    /// Warnings of requests that were told.
    pub(crate) told: crate::admission::Told,
    /// Callbacks by service, for its limits.
    pub(crate) counts: Counts,
    /// What customers found who answered, by service.
    pub(crate) abandonment: crate::abandonment::Guards,
    /// Answers of `urs-stat` services.
    pub(crate) waits: crate::urs_stat::WaitCache,
    /// Chance for ids, codes and keys; seeded in simulation.
    /// Held while a call is matched with a reservation.
    pub(crate) matching: tokio::sync::Mutex<()>,
    pub(crate) chance: crate::chance::Chance,
}

impl Node {
    /// What the scripts of a session with these interactions can read.
    pub(crate) fn surroundings(&self, interactions: &Interactions) -> Arc<dyn statecharts::Surroundings> {
        Arc::new(Surroundings::new(Arc::clone(&self.platform), self.lists.now(), interactions.clone()))
    }

    /// Shows a line of a timeline to whoever watches.
    pub(crate) fn tell_feed(&self, line: TimelineRow) {
        // Nobody may be watching.
        let _unwatched = self.feed.send(line);
    }

    /// Runs a task beside the actors; the node counts as busy until it is over.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let busy = self.clock.activity().begin();
        let _detached = self.runtime.spawn(async move {
            task.await;
            drop(busy);
        });
    }

    /// Carries out an order whose step is durable.
    pub(crate) fn carry_out(self: &Arc<Self>, order: Order, busy: &Busy) {
        let Order { effect, action } = order;
        match action {
            Action::Submit(_)
            | Action::UpdateEntry { .. }
            | Action::CancelEntry { .. }
            | Action::QueryEntry { .. }
            | Action::AskStatistic { .. }
            | Action::ReserveAgent { .. }
            | Action::ReleaseAgent { .. } => {
                let message = QueueOrder { order: Order { effect, action }, busy: busy.clone() };
                self.hand_over(self.queues.get(), message, "queue");
            }
            Action::Dial(_)
            | Action::Redirect(_)
            | Action::HangUp { .. }
            | Action::Associate { .. }
            | Action::Attach { .. }
            | Action::Play { .. }
            | Action::CollectDigits { .. }
            | Action::StopPlaying { .. } => {
                let message = TelephonyOrder { order: Order { effect, action }, busy: busy.clone() };
                self.hand_over(self.dialling.get(), message, "dialling");
            }
            Action::StartSession { session, source, parameters, invokeid, depth, due } => {
                let node = Arc::clone(self);
                // At once: who ends the session before it is there must not miss it.
                self.sessions.start_is_ordered(&session);
                self.spawn(async move {
                    if let Some(due) = due.filter(|due| *due > node.clock.now()) {
                        let effect_of = Some(effect.clone());
                        let start = ScheduledStart { due, source, parameters, effect: effect_of, depth };
                        return scheduled_starts::schedule(&node, effect, session, start).await;
                    }
                    starting::start_child(&node, effect, session, source, parameters, (invokeid, depth))
                        .await;
                });
            }
            Action::UpdateStart { session, due } => {
                let node = Arc::clone(self);
                self.spawn(async move { scheduled_starts::update(&node, effect, session, due).await });
            }
            Action::TerminateSession { session } => self.terminate(effect, session),
            Action::CancelInvoked { session } => self.cancel_invoked(&effect, &session),
            Action::Fetch(fetch) => {
                let node = Arc::clone(self);
                self.spawn(async move { fetching::fetch(&node, effect, fetch).await });
            }
            Action::Post(post) => {
                let node = Arc::clone(self);
                self.spawn(async move { fetching::post(&node, effect, post).await });
            }
            Action::Deliver { session, event } => self.deliver(effect, session, event),
            // Answered by the session's own actor, which knows who waits.
            Action::Respond { .. } => {}
        }
    }

    /// Gives an event to a session. Its row is closed by the step that takes it, or here when nobody takes it.
    fn deliver(self: &Arc<Self>, effect: EffectId, session: SessionId, event: Event) {
        let letter = derive::letter(&session, &effect);
        let sendid = event.sendid.clone();
        let incoming = Incoming::Letter { letter: letter.clone(), event };
        if session == effect.session {
            // Its own row goes with its end.
            let _ended = self.sessions.tell(&session, incoming);
            return;
        }
        let node = Arc::clone(self);
        match self.sessions.tell_and_wait(&session, vec![incoming]) {
            Ok(waiting) => self.spawn(async move {
                // It may have ended with another message, and never seen this one. An error is the end of the store.
                if !matches!(waiting.await, Ok(Ok(Delivered { running: true, .. }) | Err(_))) {
                    node.letter_is_lost(letter).await;
                }
            }),
            Err(_not_running) => {
                self.spawn(async move { node.letter_is_lost(letter).await });
                let reason = format!("session {session} does not run");
                let data = json!({ "sendid": effect, "description": reason, "reason": reason });
                let failed = Event {
                    name: "error.communication".to_owned(),
                    kind: EventKind::Platform,
                    data: Some(data),
                    sendid,
                    ..Event::default()
                };
                self.tell(&effect, Incoming::Event(failed));
            }
        }
    }

    /// Nobody is left to take an event: it must not wait for ever.
    async fn letter_is_lost(&self, letter: EffectId) {
        let closed = vec![Write::SetEffectState { id: letter.clone(), state: EffectState::Done }];
        if let Err(error) = patience::commit(self, closed).await {
            tracing::warn!(effect = %letter, %error, "The row of an event that nobody takes could not be removed.");
        }
    }

    /// Ends a session that is being started or runs.
    fn terminate(self: &Arc<Self>, effect: EffectId, session: SessionId) {
        // In this order: a start that comes to its end between the two has its session running by then.
        let told = match self.sessions.give_up_start(&session) {
            true => Ok(()),
            false => self.sessions.tell(&session, Incoming::Terminate { reason: None }),
        };
        match told {
            Ok(()) => {
                let data = json!({ "requestid": effect, "sessionid": session });
                self.answer(&effect, Event::external("session.terminate.done", data));
            }
            Err(error) => {
                let node = Arc::clone(self);
                self.spawn(async move { node.terminate_later(effect, session, error).await });
            }
        }
    }

    /// Ends a session whose invocation was cancelled, if it is still there.
    fn cancel_invoked(&self, effect: &EffectId, session: &SessionId) {
        if !self.sessions.give_up_start(session) {
            let _ended = self.sessions.tell(session, Incoming::Cancel);
        }
        self.tell(effect, Incoming::Done { effect: effect.clone() });
    }

    /// Ends a session that does not run: it may still wait for its start.
    async fn terminate_later(self: &Arc<Self>, effect: EffectId, session: SessionId, error: TellError) {
        let event = if scheduled_starts::give_up(self, &session).await {
            Event::external("session.terminate.done", json!({ "requestid": effect, "sessionid": session }))
        } else {
            let data = json!({ "requestid": effect, "sessionid": session, "error": "unknown", "description": error.to_string() });
            Event::external("error.session.terminate", data)
        };
        self.answer(&effect, event);
    }

    /// Tells the router how a dial goes, or what was seen of an agent.
    pub(crate) fn tell_router(&self, command: routing::Command) {
        let message = TellRouter { command, busy: self.clock.activity().begin() };
        self.hand_over(self.queues.get(), message, "queue");
    }

    /// Whatever calls a session still has when it has ended are hung up.
    pub(crate) fn let_calls_go(&self, session: &SessionId, busy: &Busy) {
        let message = SessionEnded { session: session.clone(), busy: busy.clone() };
        self.hand_over(self.dialling.get(), message, "dialling");
    }

    /// An answer for the session whose effect it is; closes the effect.
    pub(crate) fn answer(&self, effect: &EffectId, event: Event) {
        self.tell(effect, Incoming::Answer { effect: effect.clone(), event });
    }

    /// A message for the session whose effect it is. A session that has ended needs no answer.
    pub(crate) fn tell(&self, effect: &EffectId, incoming: Incoming) {
        if let Err(error) = self.sessions.tell(&effect.session, incoming) {
            tracing::debug!(session_id = %effect.session, %error, "An answer came late.");
        }
    }

    /// Hands a message to an actor. A full mailbox is waited for: the order is durable and must not be lost.
    fn hand_over<A, M>(&self, actor: Option<&Addr<A>>, message: M, name: &'static str)
    where
        A: Actor<Context = Context<A>> + Handler<M>,
        M: Message<Result = ()> + Send + 'static,
    {
        let Some(actor) = actor else { return };
        match actor.try_send(message) {
            Ok(()) => {}
            Err(SendError::Full(message)) => {
                self.metrics.full_mailboxes.inc();
                tracing::warn!(actor = name, "A mailbox is full; an order waits for room.");
                let actor = actor.clone();
                self.spawn(async move {
                    if actor.send(message).await.is_err() {
                        tracing::error!(actor = name, "An actor is gone; an order could not be carried out.");
                    }
                });
            }
            Err(SendError::Closed(_)) => {
                tracing::error!(actor = name, "An actor is gone; an order could not be carried out.");
            }
        }
    }
}
