//! A shard: the sessions of one arbiter, and the script engine that they share.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use actix::prelude::*;
use serde_json::{Map, Value};
use statecharts::{Chart, Session, SharedStart, SharedValue, Snapshot, Start, Worker};
use store::SessionRow;
use tokio::sync::oneshot;
use vocabulary::SessionId;

use super::actor::{Begin, Identity, Incoming, RecordAtStart, SessionActor, Tell};
use super::context::{Context, NotificationPolicy, PausePolicy};
use super::directory::Delivered;
use crate::activity::Busy;
use crate::node::Node;
use crate::surroundings::Interactions;

/// Starts that may wait for one shard.
const MAILBOX_CAPACITY: usize = 65_536;

/// A session to be started.
#[derive(Debug)]
pub(crate) struct NewSession {
    pub(crate) id: SessionId,
    pub(crate) chart: Arc<Chart>,
    pub(crate) parameters: Map<String, Value>,
    /// What it shares with the sessions of its service, by the name under which its chart reads it.
    pub(crate) shared: BTreeMap<String, SharedStart>,
    pub(crate) parent: Option<SessionId>,
    pub(crate) invokeid: Option<String>,
    /// How many sessions started each other down to this one.
    pub(crate) depth: u32,
    pub(crate) reply_key: String,
    pub(crate) record: Option<RecordAtStart>,
    pub(crate) notification: Option<NotificationPolicy>,
    pub(crate) pause: Option<PausePolicy>,
    /// The key that it is told to be paused by at its start.
    pub(crate) paused_by: Option<String>,
    /// What its service puts before the numbers it dials.
    pub(crate) dial_prefix: Option<String>,
    /// What it is told at once, in the same transaction.
    pub(crate) first: Vec<Incoming>,
}

/// Why a session was not started.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StartProblem {
    /// The shard takes no more.
    #[error("the shard of the session takes no more starts")]
    Busy,
    /// Its first transaction was refused or failed; nothing is stored.
    #[error(transparent)]
    Store(#[from] store::Error),
}

#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct StartSession {
    pub(crate) session: NewSession,
    pub(crate) done: oneshot::Sender<Result<Delivered, store::Error>>,
    pub(crate) busy: Busy,
}

#[derive(Debug, Message)]
#[rtype(result = "Result<(), String>")]
pub(crate) struct RestoreSession {
    pub(crate) row: Box<SessionRow>,
    pub(crate) snapshot: Box<Snapshot>,
    /// The values that its snapshot names.
    pub(crate) shared: Vec<Arc<SharedValue>>,
    pub(crate) chart: Arc<Chart>,
    pub(crate) record: Option<store::CallbackRow>,
    /// Whether this process has counted the session and its record already.
    pub(crate) is_counted: bool,
}

/// The actor of a shard.
pub(crate) struct Shard {
    node: Arc<Node>,
    worker: Rc<RefCell<Worker>>,
}

impl Shard {
    /// A shard with a script engine of its own.
    ///
    /// # Errors
    /// When the script engine cannot be set up.
    pub(crate) fn new(node: Arc<Node>) -> Result<Self, statecharts::Failure> {
        let worker = Worker::new(node.configuration.session_limits.clone())?;
        Ok(Self { node, worker: Rc::new(RefCell::new(worker)) })
    }

    fn place(&self, identity: Identity, actor: SessionActor) -> Addr<SessionActor> {
        let id = identity.id;
        let address = actor.start();
        self.node.sessions.insert(id, address.clone());
        address
    }
}

impl Actor for Shard {
    type Context = actix::Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX_CAPACITY);
    }
}

impl Identity {
    fn copy(&self) -> Self {
        Self {
            id: self.id.clone(),
            parent: self.parent.clone(),
            invokeid: self.invokeid.clone(),
            reply_key: self.reply_key.clone(),
            started_at: self.started_at,
        }
    }
}

impl Handler<StartSession> for Shard {
    type Result = ();

    fn handle(&mut self, start: StartSession, _ctx: &mut Self::Context) {
        let StartSession { session: new, done, busy } = start;
        let now = self.node.clock.now();
        let parameters = Start {
            session_id: new.id.to_string(),
            parameters: new.parameters,
            shared: new.shared,
            now_millis: now.as_millis(),
            invokeid: new.invokeid.clone(),
            parent: new.parent.as_ref().map(ToString::to_string),
            ioprocessors: Arc::clone(&self.node.ioprocessors),
            surroundings: Some(self.node.surroundings(&Interactions::default())),
        };
        let (session, first) = Session::start(new.chart, &mut self.worker.borrow_mut(), parameters);
        let identity = Identity {
            id: new.id,
            parent: new.parent,
            invokeid: new.invokeid,
            reply_key: new.reply_key,
            started_at: now,
        };
        let row = new.record.as_ref().map(|record| match record {
            RecordAtStart::New(row)
            | RecordAtStart::Stored(row, _)
            | RecordAtStart::InPlaceOf { row, .. } => row.clone(),
        });
        let context = Context {
            notification: new.notification,
            pause: new.pause,
            paused_by: new.paused_by,
            dial_prefix: new.dial_prefix,
            depth: new.depth,
            ..Context::default()
        };
        let actor = SessionActor::new(
            Arc::clone(&self.node),
            Rc::clone(&self.worker),
            identity.copy(),
            session,
            row,
            context,
        );
        let address = self.place(identity, actor);
        self.node.metrics.sessions.inc();
        // The actor was made just now: its mailbox is empty.
        address.do_send(Begin {
            first,
            record: new.record,
            tell: Tell { incoming: new.first, done: Some(done), busy },
        });
    }
}

impl Handler<RestoreSession> for Shard {
    type Result = Result<(), String>;

    fn handle(&mut self, restore: RestoreSession, _ctx: &mut Self::Context) -> Self::Result {
        let RestoreSession { row, snapshot, shared, chart, record, is_counted } = restore;
        let find = |hash: &str| shared.iter().find(|value| value.hash() == hash).cloned();
        let context = serde_json::from_str(&row.context).map_err(|error| format!("context: {error}"))?;
        let session = Session::restore_sharing(chart, *snapshot, find)
            .map_err(|error| error.to_string())?
            .with_ioprocessors(Arc::clone(&self.node.ioprocessors));
        let identity = Identity {
            id: row.id,
            parent: row.parent,
            invokeid: row.invokeid,
            reply_key: row.reply_key,
            started_at: row.started_at,
        };
        let mut actor = SessionActor::new(
            Arc::clone(&self.node),
            Rc::clone(&self.worker),
            identity.copy(),
            session,
            record,
            context,
        );
        if is_counted {
            actor.was_counted();
        } else {
            actor.count();
            self.node.metrics.sessions.inc();
        }
        self.place(identity, actor);
        Ok(())
    }
}
