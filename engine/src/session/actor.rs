//! The actor of one session: a shell around [`Session::step`].

mod committing;
#[cfg(test)]
mod outage_tests;

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use actix::prelude::*;
use serde_json::{Value, json};
use statecharts::{Event, EventKind, Failure, LimitName, Session, Snapshot, Status, Step, Worker};
use store::{CallbackRow, EffectState, Write};
use tokio::sync::oneshot;
use vocabulary::{CallbackState, CompletionReason, EffectId, SessionId, Timestamp};

use super::answers::CallFact;
use super::context::Context;
use super::directory::Delivered;
use super::order::{Action, Order};
use super::plan::{Plan, Planner, TimedEvent, statistics};
use crate::activity::Busy;
use crate::api::SessionResponse;
use crate::node::Node;
use crate::plugin_replies;
use crate::record::{self, RecordUpdate};
use committing::{Committed, answer};

/// Messages that may wait for one session before clients are refused. What the platform tells is always taken.
const MAILBOX_CAPACITY: usize = 256;
/// Events that verbs of one step may raise in a row before the session is ended as running wild.
const RAISED_MAX: usize = 200;

/// Something that happens to a session.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// An event.
    Event(Event),
    /// A timer of this session is due.
    Timer {
        /// Its id.
        id: String,
        /// What it holds.
        timed: TimedEvent,
    },
    /// A request that waits for `ws:response`; `sendid` of the event names it.
    Request {
        /// The event.
        event: Event,
        /// Who waits.
        respond: oneshot::Sender<SessionResponse>,
    },
    /// An answer that closes an effect.
    Answer {
        /// Which.
        effect: EffectId,
        /// The event.
        event: Event,
    },
    /// An effect is done, and the chart wants to hear nothing of it.
    Done {
        /// Which.
        effect: EffectId,
    },
    /// An event of another session, or of itself.
    Letter {
        /// Its row, which is this session's.
        letter: EffectId,
        /// The event.
        event: Event,
    },
    /// A fact about a call.
    Call(CallFact),
    /// An outcome of the router.
    Queue(routing::Outcome),
    /// The pause list has changed, perhaps for this session.
    PauseList,
    /// Somebody ends the session from outside.
    Terminate {
        /// Why its record is completed, if its chart did not say; `None` is `NOT_AVAILABLE`.
        reason: Option<CompletionReason>,
    },
    /// The state that invoked the session was left.
    Cancel,
}

/// The message of the actor.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Tell {
    pub(crate) incoming: Vec<Incoming>,
    pub(crate) done: Option<oneshot::Sender<Result<Delivered, store::Error>>>,
    pub(crate) busy: Busy,
}

/// The record that a session begins with.
#[derive(Clone, Debug)]
pub(crate) enum RecordAtStart {
    /// A new one.
    New(CallbackRow),
    /// A stored one, which must still have this state.
    Stored(CallbackRow, CallbackState),
    /// A stored one whose session is lost and ends with the start of this one; it must still have this state.
    InPlaceOf { row: CallbackRow, state: CallbackState, lost: SessionId },
}

/// What a session is, beside what it does.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) id: SessionId,
    pub(crate) parent: Option<SessionId>,
    pub(crate) invokeid: Option<String>,
    pub(crate) reply_key: String,
    pub(crate) started_at: Timestamp,
}

/// The actor.
pub(crate) struct SessionActor {
    node: Arc<Node>,
    worker: Rc<RefCell<Worker>>,
    identity: Identity,
    session: Session,
    record: Option<CallbackRow>,
    /// How the record has to be written next, when that is not a plain update.
    record_at_start: Option<RecordAtStart>,
    context: Context,
    /// State in which the record was counted last.
    counted: Option<CallbackState>,
    requests: BTreeMap<String, oneshot::Sender<SessionResponse>>,
    ended: bool,
}

impl SessionActor {
    pub(crate) fn new(
        node: Arc<Node>,
        worker: Rc<RefCell<Worker>>,
        identity: Identity,
        session: Session,
        record: Option<CallbackRow>,
        context: Context,
    ) -> Self {
        Self {
            node,
            worker,
            identity,
            session,
            record,
            record_at_start: None,
            context,
            counted: None,
            requests: BTreeMap::new(),
            ended: false,
        }
    }

    /// Takes the first step and then the first messages, all in the transaction that creates the session.
    pub(crate) fn begin(
        &mut self,
        first: Step,
        record: Option<RecordAtStart>,
        tell: Tell,
        ctx: &mut actix::Context<Self>,
    ) {
        self.record_at_start = record;
        self.advance(Some(first), tell, ctx);
    }

    fn planner<'a>(&'a mut self, plan: &'a mut Plan, now: Timestamp) -> Planner<'a> {
        Planner {
            limits: &self.node.configuration.session_limits,
            fetch_timeout: self.node.configuration.callback.fetch_timeout,
            session: &self.identity.id,
            parent: self.identity.parent.as_ref(),
            invokeid: self.identity.invokeid.as_deref(),
            basic_http: &self.node.basic_http,
            ors: self.session.chart().is_ors_compatible(),
            now,
            record: &mut self.record,
            context: &mut self.context,
            plan,
        }
    }

    fn advance(&mut self, first: Option<Step>, tell: Tell, ctx: &mut actix::Context<Self>) {
        let now = self.node.clock.now();
        let is_first = first.is_some();
        let mut plan = Plan::default();
        let mut course = Course::Running;
        if let Some(step) = first {
            self.limit_age(&mut plan, now);
            course = self.take(step, &mut plan, now);
        }
        let mut events: VecDeque<(&'static str, Event)> =
            plan.raised.drain(..).map(|event| ("answer", event)).collect();
        let mut terminated: Option<Course> = None;
        for incoming in tell.incoming {
            match &incoming {
                Incoming::Terminate { reason } => {
                    terminated.get_or_insert_with(|| Course::Terminated(reason.clone()));
                }
                Incoming::Cancel => {
                    terminated.get_or_insert(Course::Cancelled);
                }
                other if self.is_too_old(other, &mut plan, now) => {
                    terminated.get_or_insert(Course::Terminated(None));
                }
                _ => {}
            }
            events.extend(self.interpret(incoming, &mut plan, now));
        }
        let mut steps = 0;
        while matches!(course, Course::Running)
            && let Some((kind, event)) = self.pause_event().or_else(|| events.pop_front())
        {
            steps += 1;
            course = self.step(kind, event, &mut plan, now);
            if steps > RAISED_MAX {
                course = Course::Failed(format!("verbs raised more than {RAISED_MAX} events in a row"), None);
            }
            events.extend(plan.raised.drain(..).map(|event| ("answer", event)));
        }
        if let (Some(end), Course::Running) = (terminated, &course) {
            let step = self.session.cancel(&mut self.worker.borrow_mut(), now.as_millis());
            self.planner(&mut plan, now).step(step.number, step.effects);
            course = end;
        }
        let snapshot = self.snapshot(&mut course);
        let ended = !matches!(course, Course::Running);
        let let_go = if ended { self.end(&course, &mut plan, now) } else { Vec::new() };
        let mut writes = self.own_writes(&plan, snapshot);
        if is_first {
            writes.extend(self.node.shared_values.unkept(self.session.shared()));
        }
        writes.append(&mut plan.writes);
        writes.extend(plan.timeline.iter().cloned().map(Write::AppendTimeline));
        if ended {
            writes.push(Write::EndSession { id: self.identity.id.clone(), at: now });
        }
        self.commit(
            writes,
            Committed { plan, let_go, armed: Vec::new(), is_first, ended, done: tell.done, busy: tell.busy },
            ctx,
        );
    }

    /// The key that pauses the session now, and the one that its chart was last told, where they say different things.
    /// Conversations are left alone (guide: pause).
    //= decision: D-059 at each dial and route decision
    fn pause_difference(&self) -> Option<(Option<String>, Option<String>)> {
        let policy = self.context.pause.as_ref()?;
        let state = self.record.as_ref()?.state;
        if !matches!(state, CallbackState::Queued | CallbackState::Routing | CallbackState::Paused) {
            return None;
        }
        let now = self.node.lists.pause_key(policy);
        (now.is_some() != self.context.paused_by.is_some()).then(|| (now, self.context.paused_by.clone()))
    }

    /// What the chart is told of the pause list before the next event.
    fn pause_event(&mut self) -> Option<(&'static str, Event)> {
        let (now, told) = self.pause_difference()?;
        let name = if now.is_some() { "callback.paused" } else { "callback.resumed" };
        let key = now.clone().or(told);
        self.context.paused_by = now;
        Some(("event", Event::external(name, json!({ "key": key }))))
    }

    /// Sets the timer that ends the session at the age its chart gives it.
    fn limit_age(&mut self, plan: &mut Plan, now: Timestamp) {
        if let Some(age) = self.session.chart().max_age() {
            self.planner(plan, now).end_at(now + age);
        }
    }

    /// Whether this is the end of the time that the chart gives its sessions.
    fn is_too_old(&mut self, incoming: &Incoming, plan: &mut Plan, now: Timestamp) -> bool {
        let is_end = matches!(incoming, Incoming::Timer { id, .. } if id == statistics::MAX_AGE);
        if is_end {
            let problem = "the session is older than `_maxAge` of its chart";
            self.planner(plan, now).line("warning", "session.maxage", json!({ "problem": problem }));
        }
        is_end
    }

    /// The snapshot of a running session; its scope is let go of.
    fn snapshot(&mut self, course: &mut Course) -> Option<Snapshot> {
        let worker = &mut self.worker.borrow_mut();
        let snapshot = match course {
            Course::Running => match self.session.snapshot(worker) {
                // The addresses are the platform's, and may be others when the session is restored.
                Ok(snapshot) => Some(Snapshot { ioprocessors: BTreeMap::new(), ..snapshot }),
                Err(failure) => {
                    *course = self.failed(&failure);
                    None
                }
            },
            _ => None,
        };
        self.session.hibernate(worker);
        snapshot
    }

    /// One event: a line of the timeline, a step, its plan.
    fn step(&mut self, kind: &str, mut event: Event, plan: &mut Plan, now: Timestamp) -> Course {
        if event.kind == EventKind::External {
            stamp(&mut event, now);
        }
        self.node.metrics.events.inc();
        let shown = event.data.as_ref().map_or(Value::Null, without_secrets);
        self.planner(plan, now).line(kind, &event.name, shown);
        // Only what the platform tells changes the model: an event of the same name from elsewhere is just an event.
        if kind == "answer" {
            self.context.interactions.apply(&event);
        }
        if let Some(key) = paused_dial(kind, &event) {
            self.context.paused_by.get_or_insert(key);
        }
        self.session.surround(self.node.surroundings(&self.context.interactions));
        let step = self.session.step(&mut self.worker.borrow_mut(), event, now.as_millis());
        self.take(step, plan, now)
    }

    /// What a step asks for, and how the session is after it.
    fn take(&mut self, step: Step, plan: &mut Plan, now: Timestamp) -> Course {
        for limit in step.exceeded {
            self.node.metrics.limit_breached(limit);
        }
        self.planner(plan, now).step(step.number, step.effects);
        match (plan.failure.take(), step.status) {
            (Some(failure), Status::Running) => self.failed(&failure),
            (_, status) => status.into(),
        }
    }

    /// The course of a session that hit a limit outside of a step.
    fn failed(&self, failure: &Failure) -> Course {
        if let Some(limit) = failure.limit() {
            self.node.metrics.limit_breached(limit);
        }
        Course::Failed(failure.to_string(), failure.limit())
    }

    /// What an incoming message means to the chart.
    fn interpret(
        &mut self,
        incoming: Incoming,
        plan: &mut Plan,
        now: Timestamp,
    ) -> Vec<(&'static str, Event)> {
        let answers = |events: Vec<Event>| events.into_iter().map(|event| ("answer", event)).collect();
        match incoming {
            Incoming::Event(mut event) => match self.check_reply(&mut event, plan, now) {
                Ok(()) => vec![("event", event)],
                Err(_nobody_waits) => Vec::new(),
            },
            // Cancelled while the message was on its way: late, ignored.
            Incoming::Timer { id, .. } if !self.context.timers.contains_key(&id) => Vec::new(),
            Incoming::Timer { id, timed } => {
                let mut planner = self.planner(plan, now);
                planner.forget_timer(&id);
                if planner.platform_timer(&id, &timed.event) {
                    return Vec::new();
                }
                let receiver = match &timed.child {
                    None => timed.session,
                    Some(invokeid) => match planner.child_of(invokeid, timed.event.sendid.clone()) {
                        Ok(child) => Some(child),
                        Err(told) => return vec![("answer", *told)],
                    },
                };
                match (receiver, id.parse::<EffectId>()) {
                    (None, Ok(effect)) if timed.post.is_some() => {
                        timed
                            .post
                            .into_iter()
                            .for_each(|post| planner.order(effect.clone(), Action::Post(post)));
                        Vec::new()
                    }
                    (Some(session), Ok(effect)) => {
                        planner.order(effect, Action::Deliver { session, event: timed.event });
                        Vec::new()
                    }
                    _ => vec![("event", timed.event)],
                }
            }
            Incoming::Request { mut event, respond } => {
                if let Err(problem) = self.check_reply(&mut event, plan, now) {
                    // As the charts refuse what is malformed; it may be sent again (decision D-076).
                    let body = json!({ "message": problem, "resultcode": "400" });
                    let _gone = respond.send(SessionResponse { status: 400, body });
                    return Vec::new();
                }
                // Their clients have gone; a chart that answers late or never must not keep them.
                self.requests.retain(|_, waiting| !waiting.is_closed());
                if let Some(request) = &event.sendid {
                    self.requests.insert(request.clone(), respond);
                }
                vec![("event", event)]
            }
            Incoming::Answer { effect, event } => {
                self.planner(plan, now).close(&effect);
                vec![("answer", event)]
            }
            Incoming::Letter { letter, event } => {
                plan.writes.push(Write::SetEffectState { id: letter, state: EffectState::Done });
                vec![("event", event)]
            }
            Incoming::Done { effect } => {
                self.planner(plan, now).close(&effect);
                Vec::new()
            }
            Incoming::Call(fact) => answers(self.planner(plan, now).call_fact(fact)),
            Incoming::Queue(outcome) => answers(self.planner(plan, now).queue_outcome(outcome)),
            // What it means is looked at before each event.
            Incoming::PauseList | Incoming::Terminate { .. } | Incoming::Cancel => Vec::new(),
        }
    }

    /// A number that a plugin wants dialled has to pass the rules of the service; the timeline says when it does not.
    fn check_reply(&mut self, event: &mut Event, plan: &mut Plan, now: Timestamp) -> Result<(), String> {
        let Some(record) = &self.record else { return Ok(()) };
        plugin_replies::check(&self.node.configuration, record, event).inspect_err(|problem| {
            let said = json!({ "problem": problem });
            self.planner(plan, now).line("warning", &event.name, said);
        })
    }

    /// Whatever the session still holds is let go; a record that the chart did not complete is completed. Comes back:
    /// the orders by which it is let go, which are also those of the plan.
    fn end(&mut self, course: &Course, plan: &mut Plan, now: Timestamp) -> Vec<Order> {
        let reason = match course {
            Course::Failed(text, limit) => {
                let limit = limit.map(LimitName::as_str);
                let said = json!({ "problem": text, "limit": limit });
                self.planner(plan, now).line("warning", "session.failed", said);
                tracing::warn!(session_id = %self.identity.id, problem = %text, "A session failed and was ended.");
                CompletionReason::FAIL_ERROR
            }
            Course::Terminated(Some(reason)) => reason.clone(),
            _ => CompletionReason::NOT_AVAILABLE,
        };
        if self.record.as_ref().is_some_and(|row| row.state != CallbackState::Completed) {
            let step = self.session.next_step();
            self.planner(plan, now).last_words(step, &reason);
        }
        let open = self.record.as_mut().filter(|row| row.state != CallbackState::Completed);
        if let Some(row) = open {
            let update = RecordUpdate {
                state: Some(CallbackState::Completed),
                reason: Some(reason.as_str().to_owned()),
                ..RecordUpdate::default()
            };
            if record::apply(row, update, now).is_ok() {
                plan.record_changed = true;
                self.planner(plan, now).line("record", "COMPLETED", json!({ "reason": reason }));
            }
        }
        self.planner(plan, now).count_answer();
        let let_go = self.let_go(course);
        plan.writes.extend(let_go.iter().filter_map(Order::row).map(Write::PutEffect));
        plan.orders.extend(let_go.iter().cloned());
        let_go
    }

    /// The orders by which everything that the session holds is let go; it holds nothing after it.
    fn let_go(&mut self, course: &Course) -> Vec<Order> {
        let step = self.session.next_step();
        let mut orders = Vec::new();
        // The rows of its pushes go with the record.
        let pushes = std::mem::take(&mut self.context.pushes);
        let context = std::mem::replace(&mut self.context, Context { pushes, ..Context::default() });
        let id = self.identity.id.clone();
        let mut give = |action| {
            let index = u32::try_from(orders.len()).unwrap_or(u32::MAX);
            orders.push(Order { effect: EffectId { session: id.clone(), step, index }, action });
        };
        for entry in context.entries.keys().cloned() {
            give(Action::CancelEntry { entry });
        }
        for agent in context.reserved.iter().chain(context.reserving.keys()) {
            let holder = context.holder_of(agent);
            give(Action::ReleaseAgent { agent: agent.clone(), holder, delay_ms: 0 });
        }
        for (call, held) in context.calls {
            // A conversation, or a call on its way to somebody else, goes on without the session (decision D-008).
            if !held.delivered {
                give(Action::HangUp { call, reason: "session ended".to_owned() });
            }
        }
        for session in context.children.into_values() {
            give(Action::CancelInvoked { session });
        }
        //= scxml: 6.4 nothing is heard of an invocation that was cancelled
        let listener = self.identity.parent.clone().filter(|_| !matches!(course, Course::Cancelled));
        if let Some(parent) = listener {
            // ORS has another name for the end of a session that was not invoked (ors: 11).
            let named = self.ors_farewell(course);
            for event in [Some(self.farewell(course)), named].into_iter().flatten() {
                give(Action::Deliver { session: parent.clone(), event });
            }
        }
        orders
    }

    /// What the parent is told.
    fn farewell(&self, course: &Course) -> Event {
        let id = &self.identity.id;
        let data = match course {
            Course::Ended(data) => data.clone(),
            Course::Running | Course::Terminated(_) | Course::Cancelled | Course::Failed(..) => None,
        };
        match &self.identity.invokeid {
            Some(invokeid) => Event {
                name: format!("done.invoke.{invokeid}"),
                data,
                invokeid: Some(invokeid.clone()),
                ..Event::default()
            },
            None => Event::external(format!("done.session.{id}"), json!({ "sessionid": id, "data": data })),
        }
    }

    fn ors_farewell(&self, course: &Course) -> Option<Event> {
        let chart = self.session.chart();
        let name = chart.name().filter(|_| chart.is_ors_compatible() && self.identity.invokeid.is_none())?;
        let (reason, params) = match course {
            Course::Ended(data) => ("final", data.clone()),
            Course::Terminated(_) | Course::Cancelled => ("final", None),
            Course::Running | Course::Failed(..) => ("error", None),
        };
        let data = json!({ "sessionid": self.identity.id, "reason": reason, "params": params });
        Some(Event::external(format!("done.scxml.{name}"), data))
    }
}

/// How a session is after what it was told.
#[derive(Debug)]
enum Course {
    /// It waits.
    Running,
    /// It came to its end.
    Ended(Option<Value>),
    /// It was ended from outside, for this reason if one was given.
    Terminated(Option<CompletionReason>),
    /// It was invoked, and the state that did it was left.
    Cancelled,
    /// It had to be ended: why, and by which limit if it was one.
    Failed(String, Option<LimitName>),
}

impl From<Status> for Course {
    fn from(status: Status) -> Self {
        match status {
            Status::Running => Self::Running,
            Status::Ended { data, .. } => Self::Ended(data),
            Status::Cancelled => Self::Ended(None),
            Status::Failed { failure } => Self::Failed(failure.to_string(), failure.limit()),
        }
    }
}

/// Engine time of an external event, `_event.data._at`, epoch milliseconds.
fn stamp(event: &mut Event, now: Timestamp) {
    match &mut event.data {
        Some(Value::Object(data)) => {
            data.insert("_at".to_owned(), json!(now.as_millis()));
        }
        None => event.data = Some(json!({ "_at": now.as_millis() })),
        Some(_) => {}
    }
}

/// The key that a dial was refused by: with that the chart knows that it is paused.
fn paused_dial(kind: &str, event: &Event) -> Option<String> {
    let data = event.data.as_ref().filter(|_| kind == "answer" && event.name == "error.voice.createcall")?;
    data.get("pausedby")?.as_str().map(str::to_owned)
}

/// Data as the timeline shows it.
fn without_secrets(data: &Value) -> Value {
    let mut shown = data.clone();
    if let Value::Object(fields) = &mut shown {
        fields.remove("key");
        fields.remove("_reply_url");
    }
    shown
}

impl Actor for SessionActor {
    type Context = actix::Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX_CAPACITY);
    }
}

impl Handler<Tell> for SessionActor {
    type Result = ();

    fn handle(&mut self, tell: Tell, ctx: &mut Self::Context) {
        if self.ended {
            return answer(
                tell.done,
                Ok(Delivered { running: false, state: self.record.as_ref().map(|row| row.state) }),
            );
        }
        // Most changes of the pause list concern few sessions: the others write nothing.
        let only_looks = tell.incoming.iter().all(|incoming| matches!(incoming, Incoming::PauseList));
        if only_looks && !tell.incoming.is_empty() && self.pause_difference().is_none() {
            let state = self.record.as_ref().map(|row| row.state);
            return answer(tell.done, Ok(Delivered { running: true, state }));
        }
        self.advance(None, tell, ctx);
    }
}

/// The first message of a session, sent by its shard.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Begin {
    pub(crate) first: Step,
    pub(crate) record: Option<RecordAtStart>,
    pub(crate) tell: Tell,
}

impl Handler<Begin> for SessionActor {
    type Result = ();

    fn handle(&mut self, begin: Begin, ctx: &mut Self::Context) {
        self.begin(begin.first, begin.record, begin.tell, ctx);
    }
}
