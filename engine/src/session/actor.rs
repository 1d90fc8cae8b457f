//! The actor of one session: a shell around [`Session::step`].

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use serde_json::{Value, json};
use statecharts::{Event, EventKind, Failure, LimitName, Session, Snapshot, Status, Step, Worker};
use store::{CallbackRow, SessionRow, Write};
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
use crate::record::{self, RecordUpdate};

/// Messages that may wait for one session. A full mailbox is an answer: the sender is told.
const MAILBOX_CAPACITY: usize = 256;
/// Events that verbs of one step may raise in a row before the session is ended as running wild.
const RAISED_MAX: usize = 200;
/// Commits tried before the session is given up in memory; it is restored from the store at the next start.
const COMMIT_ATTEMPTS: u32 = 5;
/// Pause between them.
const COMMIT_PAUSE: Duration = Duration::from_millis(200);

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
    /// A fact about a call.
    Call(CallFact),
    /// An outcome of the router.
    Queue(routing::Outcome),
    /// Somebody ends the session from outside.
    Terminate,
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
    /// Effects that were handed over; the next transaction closes them.
    handed_over: Vec<EffectId>,
    ended: bool,
}

/// A committed step, as far as it still has to be carried out.
struct Committed {
    plan: Plan,
    armed: Vec<Write>,
    /// Whether the session was created.
    is_first: bool,
    ended: bool,
    done: Option<oneshot::Sender<Result<Delivered, store::Error>>>,
    busy: Busy,
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
            handed_over: Vec::new(),
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
        let mut terminated = false;
        for effect in std::mem::take(&mut self.handed_over) {
            self.planner(&mut plan, now).close(&effect);
        }
        for incoming in tell.incoming {
            terminated |=
                matches!(incoming, Incoming::Terminate) || self.is_too_old(&incoming, &mut plan, now);
            events.extend(self.interpret(incoming, &mut plan, now));
        }
        let mut steps = 0;
        while matches!(course, Course::Running)
            && let Some((kind, event)) = events.pop_front()
        {
            steps += 1;
            course = self.step(kind, event, &mut plan, now);
            if steps > RAISED_MAX {
                course = Course::Failed(format!("verbs raised more than {RAISED_MAX} events in a row"), None);
            }
            events.extend(plan.raised.drain(..).map(|event| ("answer", event)));
        }
        if terminated && matches!(course, Course::Running) {
            let step = self.session.cancel(&mut self.worker.borrow_mut(), now.as_millis());
            self.planner(&mut plan, now).step(step.number, step.effects);
            course = Course::Ended(None);
        }
        let snapshot = self.snapshot(&mut course);
        let ended = !matches!(course, Course::Running);
        if ended {
            self.end(&course, &mut plan, now);
        }
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
            Committed { plan, armed: Vec::new(), is_first, ended, done: tell.done, busy: tell.busy },
            ctx,
        );
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
            Incoming::Event(event) => vec![("event", event)],
            // Cancelled while the message was on its way: late, ignored.
            Incoming::Timer { id, .. } if !self.context.timers.contains_key(&id) => Vec::new(),
            Incoming::Timer { id, timed } => {
                let mut planner = self.planner(plan, now);
                planner.forget_timer(&id);
                if planner.platform_timer(&id, &timed.event) {
                    return Vec::new();
                }
                match (timed.session, id.parse::<EffectId>()) {
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
            Incoming::Request { event, respond } => {
                if let Some(request) = &event.sendid {
                    self.requests.insert(request.clone(), respond);
                }
                vec![("event", event)]
            }
            Incoming::Answer { effect, event } => {
                self.planner(plan, now).close(&effect);
                vec![("answer", event)]
            }
            Incoming::Done { effect } => {
                self.planner(plan, now).close(&effect);
                Vec::new()
            }
            Incoming::Call(fact) => answers(self.planner(plan, now).call_fact(fact)),
            Incoming::Queue(outcome) => answers(self.planner(plan, now).queue_outcome(outcome)),
            Incoming::Terminate => Vec::new(),
        }
    }

    /// Whatever the session still holds is let go; a record that the chart did not complete is completed.
    fn end(&mut self, course: &Course, plan: &mut Plan, now: Timestamp) {
        let reason = match course {
            Course::Failed(text, limit) => {
                let limit = limit.map(LimitName::as_str);
                let said = json!({ "problem": text, "limit": limit });
                self.planner(plan, now).line("warning", "session.failed", said);
                tracing::warn!(session_id = %self.identity.id, problem = %text, "A session failed and was ended.");
                CompletionReason::FAIL_ERROR
            }
            _ => CompletionReason::NOT_AVAILABLE,
        };
        let effect = EffectId { session: self.identity.id.clone(), step: self.session.next_step(), index: 0 };
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
        let context = std::mem::take(&mut self.context);
        let mut give = |action| plan.orders.push(Order { effect: effect.clone(), action });
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
            give(Action::TerminateSession { session });
        }
        if let Some(parent) = self.identity.parent.clone() {
            // ORS has another name for the end of a session that was not invoked (ors: 11).
            let named = self.ors_farewell(course);
            for event in [Some(self.farewell(course)), named].into_iter().flatten() {
                give(Action::Deliver { session: parent.clone(), event });
            }
        }
    }

    /// What the parent is told.
    fn farewell(&self, course: &Course) -> Event {
        let id = &self.identity.id;
        let data = match course {
            Course::Ended(data) => data.clone(),
            Course::Running | Course::Failed(..) => None,
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
            Course::Running | Course::Failed(..) => ("error", None),
        };
        let data = json!({ "sessionid": self.identity.id, "reason": reason, "params": params });
        Some(Event::external(format!("done.scxml.{name}"), data))
    }

    /// The rows of the session itself.
    fn own_writes(&mut self, plan: &Plan, snapshot: Option<Snapshot>) -> Vec<Write> {
        let mut writes = Vec::new();
        let row = self.record.as_ref().map(|row| Box::new(row.clone()));
        match (self.record_at_start.take(), row) {
            (Some(RecordAtStart::New(_)), Some(row)) => writes.push(Write::InsertCallback(row)),
            (Some(RecordAtStart::Stored(_, expected)), Some(row)) => {
                writes.push(Write::UpdateCallback { row, expected: Some(expected) });
            }
            (Some(RecordAtStart::InPlaceOf { state, lost, .. }), Some(row)) => {
                writes.push(Write::EndSession { id: lost, at: self.node.clock.now() });
                writes.push(Write::UpdateCallback { row, expected: Some(state) });
            }
            (None, Some(row)) if plan.record_changed => {
                writes.push(Write::UpdateCallback { row, expected: None })
            }
            _ => {}
        }
        if let Some(row) = self.record.as_ref()
            && plan.record_changed
            && row.state == CallbackState::Completed
        {
            // Nobody is expected to call in any more: the access number is free for the next one.
            writes.push(Write::DeleteBookings(row.id.clone()));
        }
        let snapshot = snapshot.and_then(|snapshot| serde_json::to_string(&snapshot).ok());
        writes.push(Write::PutSession(Box::new(SessionRow {
            id: self.identity.id.clone(),
            callback: self.record.as_ref().map(|row| row.id.clone()),
            chart: self.session.chart().hash().to_owned(),
            parent: self.identity.parent.clone(),
            invokeid: self.identity.invokeid.clone(),
            reply_key: self.identity.reply_key.clone(),
            snapshot: snapshot.unwrap_or_default(),
            context: serde_json::to_string(&self.context).unwrap_or_default(),
            started_at: self.identity.started_at,
            ended_at: None,
        })));
        writes
    }

    fn commit(&mut self, writes: Vec<Write>, mut committed: Committed, ctx: &mut actix::Context<Self>) {
        let concerns_timers =
            |write: &&Write| matches!(write, Write::PutTimer(_) | Write::DeleteTimer { .. });
        committed.armed = writes.iter().filter(concerns_timers).cloned().collect();
        let node = Arc::clone(&self.node);
        let durable = async move { commit_with_patience(&node, writes).await };
        ctx.wait(
            durable.into_actor(self).map(move |result, actor, ctx| actor.carry_on(result, committed, ctx)),
        );
    }

    /// After the commit: effects leave, waiting requests are answered.
    fn carry_on(
        &mut self,
        result: Result<(), store::Error>,
        committed: Committed,
        ctx: &mut actix::Context<Self>,
    ) {
        let Committed { plan, armed, is_first, ended, done, busy } = committed;
        if let Err(error) = result {
            tracing::error!(session_id = %self.identity.id, %error, "A step could not be stored; the session stops here.");
            self.node.metrics.failed_commits.inc();
            self.node.sessions.forget(&self.identity.id);
            answer(done, Err(error));
            self.ended = true;
            return ctx.stop();
        }
        if is_first {
            self.node.shared_values.mark_kept(self.session.shared());
        }
        self.node.timers.apply(&self.node, armed, ended.then_some(&self.identity.id));
        for line in plan.timeline {
            self.node.tell_feed(line);
        }
        self.count();
        if let Some(row) = self.record.as_ref() {
            for answered in plan.answered {
                self.node.customer_answered(&row.id, &row.service, answered);
            }
        }
        let state = self.record.as_ref().map(|row| row.state);
        for order in plan.orders {
            match order.action {
                Action::Respond { request, status, body } => self.respond(&request, status, body),
                _ => {
                    if order.action.is_done_when_handed_over() {
                        self.handed_over.push(order.effect.clone());
                    }
                    self.node.carry_out(order, &busy);
                }
            }
        }
        if plan.outbox {
            self.node.outbox.look(&self.node);
        }
        answer(done, Ok(Delivered { running: !ended, state }));
        if ended {
            self.ended = true;
            self.node.sessions.forget(&self.identity.id);
            self.node.let_calls_go(&self.identity.id, &busy);
            self.node.metrics.session_ended(self.record.as_ref());
            ctx.stop();
        }
    }

    /// Follows the record in the counts of its service.
    pub(crate) fn count(&mut self) {
        if let Some(row) = self.record.as_ref()
            && self.counted != Some(row.state)
        {
            self.node.counts.changed(&row.service, self.counted, row.state);
            self.counted = Some(row.state);
        }
    }

    fn respond(&mut self, request: &str, status: u16, body: Value) {
        let Some(waiting) = self.requests.remove(request) else {
            tracing::debug!(session_id = %self.identity.id, request, "An answer came for a request that no longer waits.");
            return;
        };
        // The caller may have gone: nobody is left to be told.
        let _gone = waiting.send(SessionResponse { status, body });
    }
}

/// How a session is after what it was told.
#[derive(Debug)]
enum Course {
    /// It waits.
    Running,
    /// It came to its end, or was ended from outside.
    Ended(Option<Value>),
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

fn answer(
    done: Option<oneshot::Sender<Result<Delivered, store::Error>>>,
    result: Result<Delivered, store::Error>,
) {
    if let Some(done) = done {
        // The caller may have gone: nobody is left to be told.
        let _gone = done.send(result);
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

/// Data as the timeline shows it.
fn without_secrets(data: &Value) -> Value {
    let mut shown = data.clone();
    if let Value::Object(fields) = &mut shown {
        fields.remove("key");
        fields.remove("_reply_url");
    }
    shown
}

/// A failing disk may recover: the step is kept for a moment. A conflict is an answer at once.
async fn commit_with_patience(node: &Node, writes: Vec<Write>) -> Result<(), store::Error> {
    let mut attempt = 1;
    loop {
        match node.store.commit(writes.clone()).await {
            Err(store::Error::Failed { .. }) if attempt < COMMIT_ATTEMPTS => {
                attempt += 1;
                tokio::time::sleep(COMMIT_PAUSE).await;
            }
            result => return result,
        }
    }
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
