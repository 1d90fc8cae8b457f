//! The queue actor: a shell around the router's core.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use routing::statistics::Statistic;
use routing::{
    AgentView, Command, DialExplanation, EntryId, Explanation, LoginRefusal, Method, Outcome, Router,
    WaitingTime,
};
use serde_json::json;
use statecharts::Event;
use vocabulary::{AgentId, EffectId, QueueName, Timestamp};

use crate::activity::Busy;
use crate::clock::WakeId;
use crate::node::Node;
use crate::session::Incoming;
use crate::session::order::{Action, Order};

/// Messages that may wait for the router.
const MAILBOX_CAPACITY: usize = 65_536;

/// An order of a session.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct QueueOrder {
    pub(crate) order: Order,
    pub(crate) busy: Busy,
}

/// Something that concerns an agent. Comes back: why a login is refused.
#[derive(Debug, Message)]
#[rtype(result = "Result<(), LoginRefusal>")]
pub(crate) struct AgentOrder {
    pub(crate) command: Command,
    pub(crate) busy: Busy,
}

/// Something that the router is told and has no answer to; in the order in which it happened.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct TellRouter {
    pub(crate) command: Command,
    pub(crate) busy: Busy,
}

/// An agent as the router knows it.
#[derive(Debug, Message)]
#[rtype(result = "Option<AgentView>")]
pub(crate) struct AskAgent(pub(crate) AgentId);

/// Stored entries, at a restart.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct RestoreEntries(pub(crate) Vec<routing::Entry>);

/// How long a new interaction would wait.
#[derive(Debug, Message)]
#[rtype(result = "Option<f64>")]
pub(crate) struct AskWaitingTime {
    pub(crate) queue: QueueName,
}

/// What an interaction can expect in a queue, and why.
#[derive(Debug, Message)]
#[rtype(result = "Option<(WaitingTime, Explanation)>")]
pub(crate) struct AskExpectedWait {
    pub(crate) queue: QueueName,
    /// A waiting entry; `None` for a newcomer.
    pub(crate) entry: Option<EntryId>,
    pub(crate) method: Method,
}

/// What newcomers can expect in these queues; `None` asks for all that there are.
#[derive(Debug, Message)]
#[rtype(result = "BTreeMap<QueueName, Option<WaitingTime>>")]
pub(crate) struct AskAllWaits {
    pub(crate) queues: Option<Vec<QueueName>>,
    pub(crate) method: Method,
}

/// Why a callback that waits has not been dialled yet.
#[derive(Debug, Message)]
#[rtype(result = "Option<DialExplanation>")]
pub(crate) struct AskWhyNotDialled {
    pub(crate) entry: EntryId,
}

/// The averages of the waiting time, as JSON text.
#[derive(Debug, Message)]
#[rtype(result = "String")]
pub(crate) struct AskAverages;

/// Time has passed.
#[derive(Debug, Message)]
#[rtype(result = "()")]
struct Tick(Busy);

/// The actor.
pub(crate) struct QueueActor {
    node: Arc<Node>,
    router: Router,
    wake: Option<(Timestamp, WakeId)>,
}

impl QueueActor {
    pub(crate) fn new(node: Arc<Node>, router: Router) -> Self {
        Self { node, router, wake: None }
    }

    fn command(&mut self, command: Command, ctx: &Context<Self>) {
        // Only coming and going can be refused, and they come as agents' orders.
        let _no_login = self.obey(command, ctx);
    }

    fn obey(&mut self, command: Command, ctx: &Context<Self>) -> Result<(), LoginRefusal> {
        let mut result = Ok(());
        for outcome in self.router.step(command, self.node.clock.now()) {
            match outcome {
                Outcome::LoginRefused { reason, .. } => result = Err(reason),
                outcome => self.tell(outcome),
            }
        }
        self.set_wake(ctx);
        result
    }

    fn tell(&self, outcome: Outcome) {
        let entry = match &outcome {
            Outcome::AgentChanged { agent, status, reserved, after_call } => {
                let told = (status, *reserved, after_call.as_ref());
                return self.node.desk.status_changed(&self.node, agent, told);
            }
            // The session knows: it asked.
            Outcome::Queued { .. } => return,
            Outcome::Refused { id, .. }
            | Outcome::Updated { id, .. }
            | Outcome::UpdateRefused { id, .. }
            | Outcome::TimeToDial { id, .. }
            | Outcome::TargetSelected { id, .. }
            | Outcome::TimedOut { id }
            | Outcome::Returned { id, .. }
            | Outcome::RoutingGivenUp { id, .. }
            | Outcome::NotHeld { id }
            | Outcome::AgentReserved { holder: id, .. }
            | Outcome::ReservationRefused { holder: id, .. }
            | Outcome::ReservationExpired { holder: id, .. }
            | Outcome::Left { id } => id.clone(),
            Outcome::LoginRefused { agent, reason } => {
                return tracing::warn!(%agent, %reason, "An agent could not log in or out.");
            }
        };
        if let Ok(effect) = entry.parse::<EffectId>() {
            self.node.tell(&effect, Incoming::Queue(outcome));
        }
    }

    /// Lets an agent go, if it is this session that holds the agent or has asked for the agent: a late release must not
    /// free the next one's.
    fn release(
        &mut self,
        agent: AgentId,
        holder: Option<EntryId>,
        delay: Duration,
        effect: &EffectId,
        ctx: &Context<Self>,
    ) {
        let holds = |holder: &EntryId| {
            holder.parse::<EffectId>().is_ok_and(|holder| holder.session == effect.session)
        };
        let known = || self.router.agent(&agent).and_then(|view| view.reserved_for);
        if let Some(holder) = holder.or_else(known).filter(holds) {
            self.command(Command::ReleaseAgent { agent, holder: Some(holder), delay }, ctx);
        }
    }

    fn set_wake(&mut self, ctx: &Context<Self>) {
        let due = self.router.next_due();
        if self.wake.map(|(at, _)| at) == due {
            return;
        }
        if let Some((_, id)) = self.wake.take() {
            self.node.clock.forget(id);
        }
        if let Some(due) = due {
            let (address, activity) = (ctx.address(), self.node.clock.activity().clone());
            let wake = move || address.do_send(Tick(activity.begin()));
            self.wake = Some((due, self.node.clock.wake_at(due, wake)));
        }
    }

    fn query(&self, effect: &EffectId, entry: &str) {
        let now = self.node.clock.now();
        let event = match self.router.position(entry, now) {
            Some(position) => Event::external(
                "queue.query.done",
                json!({
                    "requestid": effect, "ewt": position.ewt, "position": position.position, "waiting": position.waiting,
                    "wait": position.waited.as_secs(), "priority": position.priority,
                    "agents_logged_in": position.agents_logged_in, "agents_ready": position.agents_ready,
                    "queue": position.queue, "target": position.target,
                }),
            ),
            None => Event::external("error.queue.query", json!({ "requestid": effect, "error": "unknown" })),
        };
        self.node.tell(effect, Incoming::Answer { effect: effect.clone(), event });
    }
}

impl QueueActor {
    /// Tells the value of a statistic; of an object that there is not, an error.
    fn tell_statistic(&self, effect: &EffectId, object: &str, name: &str) {
        let statistic = Statistic::parse(name).ok();
        let now = self.node.clock.now();
        let value = statistic.and_then(|found| self.router.statistic_of_object(found, object, now));
        let event = match value {
            Some(value) => {
                let data =
                    json!({ "requestid": effect, "object": object, "statistic": name, "value": value });
                Event::external("statistic.update", data)
            }
            None => {
                let description = format!("{name} of {object} is not known");
                let data =
                    json!({ "requestid": effect, "error": "Request Invalid", "description": description });
                Event::external("error.statistic.subscribe", data)
            }
        };
        self.node.tell(effect, Incoming::Answer { effect: effect.clone(), event });
    }
}

impl Actor for QueueActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX_CAPACITY);
    }
}

impl Handler<QueueOrder> for QueueActor {
    type Result = ();

    fn handle(&mut self, message: QueueOrder, ctx: &mut Self::Context) {
        let Order { effect, action } = message.order;
        match action {
            Action::Submit(entry) => self.command(Command::Submit(*entry), ctx),
            Action::UpdateEntry { entry, change } => self.command(Command::Update { id: entry, change }, ctx),
            Action::CancelEntry { entry } => self.command(Command::Cancel { id: entry }, ctx),
            Action::QueryEntry { entry } => self.query(&effect, &entry),
            Action::AskStatistic { object, statistic } => self.tell_statistic(&effect, &object, &statistic),
            Action::ReserveAgent { agent, holder, duration_ms, priority } => {
                let (agent, duration) = (AgentId::new(agent), Duration::from_millis(duration_ms));
                self.command(Command::ReserveAgent { agent, holder, priority, duration }, ctx);
            }
            Action::ReleaseAgent { agent, holder, delay_ms } => {
                let delay = Duration::from_millis(delay_ms);
                self.release(AgentId::new(agent), holder, delay, &effect, ctx);
            }
            other => tracing::error!(?other, "An order came to the router that is not for it."),
        }
        drop(message.busy);
    }
}

impl Handler<AgentOrder> for QueueActor {
    type Result = Result<(), LoginRefusal>;

    fn handle(&mut self, message: AgentOrder, ctx: &mut Self::Context) -> Self::Result {
        let result = self.obey(message.command, ctx);
        drop(message.busy);
        result
    }
}

impl Handler<TellRouter> for QueueActor {
    type Result = ();

    fn handle(&mut self, message: TellRouter, ctx: &mut Self::Context) {
        self.command(message.command, ctx);
        drop(message.busy);
    }
}

impl Handler<AskAgent> for QueueActor {
    type Result = Option<AgentView>;

    fn handle(&mut self, AskAgent(agent): AskAgent, _ctx: &mut Self::Context) -> Self::Result {
        self.router.agent(&agent)
    }
}

impl Handler<RestoreEntries> for QueueActor {
    type Result = ();

    fn handle(&mut self, RestoreEntries(entries): RestoreEntries, ctx: &mut Self::Context) {
        for entry in entries {
            self.command(Command::Restore(entry), ctx);
        }
    }
}

impl Handler<AskWaitingTime> for QueueActor {
    type Result = Option<f64>;

    fn handle(&mut self, message: AskWaitingTime, _ctx: &mut Self::Context) -> Self::Result {
        self.router.waiting_time(&message.queue, self.node.clock.now()).map(|time| time.ewt)
    }
}

impl Handler<AskExpectedWait> for QueueActor {
    type Result = Option<(WaitingTime, Explanation)>;

    fn handle(&mut self, message: AskExpectedWait, _ctx: &mut Self::Context) -> Self::Result {
        let now = self.node.clock.now();
        self.router.expected_wait(&message.queue, message.entry.as_deref(), message.method, now)
    }
}

impl Handler<AskAllWaits> for QueueActor {
    type Result = MessageResult<AskAllWaits>;

    fn handle(&mut self, message: AskAllWaits, _ctx: &mut Self::Context) -> Self::Result {
        let now = self.node.clock.now();
        MessageResult(self.router.expected_waits(message.queues, message.method, now))
    }
}

impl Handler<AskWhyNotDialled> for QueueActor {
    type Result = Option<DialExplanation>;

    fn handle(&mut self, message: AskWhyNotDialled, _ctx: &mut Self::Context) -> Self::Result {
        self.router.why_not_dialled(&message.entry, self.node.clock.now())
    }
}

impl Handler<AskAverages> for QueueActor {
    type Result = String;

    fn handle(&mut self, _message: AskAverages, _ctx: &mut Self::Context) -> Self::Result {
        serde_json::to_string(&self.router.averages()).unwrap_or_default()
    }
}

impl Handler<Tick> for QueueActor {
    type Result = ();

    fn handle(&mut self, Tick(busy): Tick, ctx: &mut Self::Context) {
        self.wake = None;
        self.command(Command::Tick, ctx);
        drop(busy);
    }
}
