//! Where sessions are: the only way to reach one.

use std::sync::{Arc, OnceLock};

use actix::prelude::*;
use dashmap::DashMap;
use statecharts::Event;
use tokio::sync::oneshot;
use vocabulary::{CallbackState, SessionId};

use super::actor::{Incoming, SessionActor, Tell};
use super::shard::{NewSession, RestoreSession, Shard, StartProblem, StartSession};
use crate::activity::{Activity, Busy};
use crate::api::SessionResponse;

/// What a message came to: the step is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Delivered {
    /// Whether the session still runs.
    pub(crate) running: bool,
    /// State of its record.
    pub(crate) state: Option<CallbackState>,
}

/// Why a message was not delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TellError {
    /// No such session runs here.
    #[error("the session does not run")]
    NotRunning,
    /// Its mailbox is full.
    #[error("the mailbox of the session is full")]
    Full,
}

/// Who tells a session something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Teller {
    /// Facts, answers, timers: each happens once and must not be lost, however many wait.
    Platform,
    /// Clients: they are told that the mailbox is full, and may come again.
    Outside,
}

/// The directory. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Sessions(Arc<Inner>);

struct Inner {
    activity: Activity,
    shards: OnceLock<Vec<Addr<Shard>>>,
    running: DashMap<SessionId, Addr<SessionActor>>,
    /// Sessions whose start was ordered and has not come to its end, and whether somebody ended them meanwhile.
    starting: DashMap<SessionId, bool>,
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sessions({} running)", self.0.running.len())
    }
}

impl Sessions {
    pub(crate) fn new(activity: Activity) -> Self {
        Self(Arc::new(Inner {
            activity,
            shards: OnceLock::new(),
            running: DashMap::new(),
            starting: DashMap::new(),
        }))
    }

    /// The shards, once, before the first session.
    pub(crate) fn set_shards(&self, shards: Vec<Addr<Shard>>) {
        let _already_set = self.0.shards.set(shards);
    }

    pub(crate) fn insert(&self, id: SessionId, address: Addr<SessionActor>) {
        self.0.running.insert(id, address);
    }

    pub(crate) fn forget(&self, id: &SessionId) {
        self.0.running.remove(id);
    }

    /// The start of a session was ordered. Until [`Sessions::start_is_over`] it can be given up.
    pub(crate) fn start_is_ordered(&self, id: &SessionId) {
        self.0.starting.insert(id.clone(), false);
    }

    /// Gives up a start that was ordered and has not come to its end; whether there is one.
    pub(crate) fn give_up_start(&self, id: &SessionId) -> bool {
        self.0.starting.get_mut(id).map(|mut given_up| *given_up = true).is_some()
    }

    /// Whether a start that was ordered was given up.
    pub(crate) fn is_start_given_up(&self, id: &SessionId) -> bool {
        self.0.starting.get(id).is_some_and(|given_up| *given_up)
    }

    /// A start that was ordered came to its end, well or not; whether it was given up before.
    pub(crate) fn start_is_over(&self, id: &SessionId) -> bool {
        self.0.starting.remove(id).is_some_and(|(_, given_up)| given_up)
    }

    /// How many run.
    pub(crate) fn len(&self) -> usize {
        self.0.running.len()
    }

    /// Whether this one runs. An actor that has panicked does not.
    pub(crate) fn is_running(&self, id: &SessionId) -> bool {
        self.0.running.get(id).is_some_and(|address| address.connected())
    }

    /// The shard of a session: by hash of its id, the same for as long as the number of shards is.
    fn shard(&self, id: &SessionId) -> Option<&Addr<Shard>> {
        let shards = self.0.shards.get()?;
        let hash = id
            .as_str()
            .bytes()
            .fold(0_usize, |hash, byte| hash.wrapping_mul(31).wrapping_add(usize::from(byte)));
        shards.get(hash.checked_rem(shards.len())?)
    }

    /// Starts a session; returns when its first transaction is durable.
    ///
    /// # Errors
    /// [`StartProblem`]; nothing is stored then.
    pub(crate) async fn start(&self, session: NewSession, busy: Busy) -> Result<Delivered, StartProblem> {
        let id = session.id.clone();
        let shard = self.shard(&id).ok_or(StartProblem::Busy)?;
        let (done, waiting) = oneshot::channel();
        shard.try_send(StartSession { session, done, busy }).map_err(|_full_or_closed| StartProblem::Busy)?;
        match waiting.await {
            Ok(Ok(delivered)) => Ok(delivered),
            Ok(Err(error)) => {
                self.forget(&id);
                Err(error.into())
            }
            Err(_dropped) => Err(store::Error::Closed.into()),
        }
    }

    /// Brings a stored session back to life.
    ///
    /// # Errors
    /// Why its snapshot cannot be used.
    pub(crate) async fn restore(&self, restore: RestoreSession) -> Result<(), String> {
        let shard = self.shard(&restore.row.id).ok_or("there are no shards")?;
        shard.send(restore).await.map_err(|error| error.to_string())?
    }

    /// Hands over a message and returns at once.
    ///
    /// # Errors
    /// [`TellError`]; the session has not seen it.
    pub(crate) fn tell(&self, id: &SessionId, incoming: Incoming) -> Result<(), TellError> {
        self.send(id, vec![incoming], None, Teller::Platform)
    }

    /// Has every session look at the pause list.
    pub(crate) fn tell_everybody_of_the_pause_list(&self) {
        let mut running: Vec<SessionId> = self.0.running.iter().map(|entry| entry.key().clone()).collect();
        running.sort_unstable();
        for id in running {
            let _ended = self.tell(&id, Incoming::PauseList).is_err();
        }
    }

    /// Hands over several messages, taken in one step after another and one transaction.
    ///
    /// # Errors
    /// [`TellError`]; the session has seen none.
    pub(crate) fn tell_all(&self, id: &SessionId, incoming: Vec<Incoming>) -> Result<(), TellError> {
        self.send(id, incoming, None, Teller::Platform)
    }

    /// Hands over a message; the receiver hears when the step is durable.
    ///
    /// # Errors
    /// [`TellError`]; the session has not seen it.
    pub(crate) fn tell_and_wait(
        &self,
        id: &SessionId,
        incoming: Vec<Incoming>,
    ) -> Result<oneshot::Receiver<Result<Delivered, store::Error>>, TellError> {
        let (done, waiting) = oneshot::channel();
        self.send(id, incoming, Some(done), Teller::Platform)?;
        Ok(waiting)
    }

    /// Hands over an event of somebody outside; the receiver hears when the step is durable.
    ///
    /// # Errors
    /// [`TellError`], also when too many messages wait; the session has not seen it.
    pub(crate) fn offer(
        &self,
        id: &SessionId,
        event: Event,
    ) -> Result<oneshot::Receiver<Result<Delivered, store::Error>>, TellError> {
        let (done, waiting) = oneshot::channel();
        self.send(id, vec![Incoming::Event(event)], Some(done), Teller::Outside)?;
        Ok(waiting)
    }

    /// Hands over a request; the receiver hears the session's answer.
    ///
    /// # Errors
    /// [`TellError`]; the session has not seen it.
    pub(crate) fn request(
        &self,
        id: &SessionId,
        event: Event,
    ) -> Result<oneshot::Receiver<SessionResponse>, TellError> {
        let (respond, waiting) = oneshot::channel();
        self.send(id, vec![Incoming::Request { event, respond }], None, Teller::Outside)?;
        Ok(waiting)
    }

    fn send(
        &self,
        id: &SessionId,
        incoming: Vec<Incoming>,
        done: Option<oneshot::Sender<Result<Delivered, store::Error>>>,
        teller: Teller,
    ) -> Result<(), TellError> {
        // By the address that all share: every clone of one would have a place in the mailbox of its own.
        let address = self.0.running.get(id).ok_or(TellError::NotRunning)?;
        if !address.connected() {
            return Err(TellError::NotRunning);
        }
        let busy = self.0.activity.begin();
        let tell = Tell { incoming, done, busy };
        match teller {
            Teller::Platform => address.do_send(tell),
            Teller::Outside => address.try_send(tell).map_err(|error| match error {
                SendError::Full(_) => TellError::Full,
                SendError::Closed(_) => TellError::NotRunning,
            })?,
        }
        Ok(())
    }
}
