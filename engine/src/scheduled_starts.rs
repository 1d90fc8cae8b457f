//! Sessions that are to be started at a later time (`idealtime`, ors: 5 and 10).
//!
//! **Invariant:** a start that was accepted is in the store until its session is; after a restart an overdue one happens late
//! rather than never. A repeat is harmless: a session is started once under its id.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use statecharts::Event;
use store::Write;
use vocabulary::{EffectId, SessionId, Timestamp};

use crate::clock::WakeId;
use crate::node::Node;
use crate::session::order::SessionSource;
use crate::starting;

/// Name of the stored list.
const STORED: &str = "scheduled_starts";
/// Starts that may wait.
const STARTS_MAX: usize = 1_000;

/// A start that waits for its time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ScheduledStart {
    /// When.
    pub(crate) due: Timestamp,
    /// Chart.
    pub(crate) source: SessionSource,
    /// Start parameters.
    pub(crate) parameters: Map<String, Value>,
    /// The `session:start` that asked; `None` came over HTTP.
    pub(crate) effect: Option<EffectId>,
    /// How many sessions started each other down to this one.
    #[serde(default)]
    pub(crate) depth: u32,
}

/// Why a start is not scheduled.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScheduleError {
    /// There are too many.
    #[error("{STARTS_MAX} starts wait for their time already; try again when some have happened")]
    Full,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Starts by the id of the session to be.
#[derive(Debug, Default)]
pub(crate) struct ScheduledStarts(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    waiting: BTreeMap<SessionId, ScheduledStart>,
    wake: Option<(Timestamp, WakeId)>,
}

impl ScheduledStarts {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a start; one that is known already, after a restart, stays as it is.
    ///
    /// # Errors
    /// [`ScheduleError`]; nothing is scheduled then.
    pub(crate) async fn put(
        &self,
        node: &Arc<Node>,
        session: SessionId,
        start: ScheduledStart,
    ) -> Result<(), ScheduleError> {
        {
            let mut state = self.state();
            if state.waiting.len() >= STARTS_MAX && !state.waiting.contains_key(&session) {
                return Err(ScheduleError::Full);
            }
            state.waiting.entry(session.clone()).or_insert(start);
        }
        if let Err(error) = self.keep(node).await {
            self.state().waiting.remove(&session);
            return Err(error.into());
        }
        self.set_wake(node);
        Ok(())
    }

    /// Changes when a session is started; whether one waits under this id.
    pub(crate) async fn update(&self, node: &Arc<Node>, session: &SessionId, due: Timestamp) -> bool {
        let found = self.state().waiting.get_mut(session).map(|start| start.due = due).is_some();
        if found {
            self.keep_or_say(node).await;
            self.set_wake(node);
        }
        found
    }

    /// Gives a start up; it, if one waits under this id.
    pub(crate) async fn remove(&self, node: &Arc<Node>, session: &SessionId) -> Option<ScheduledStart> {
        let removed = self.state().waiting.remove(session);
        if removed.is_some() {
            self.keep_or_say(node).await;
            self.set_wake(node);
        }
        removed
    }

    /// Reads what was stored.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) async fn load(&self, node: &Arc<Node>) -> Result<(), store::Error> {
        let Some(text) = node.store.meta(STORED.to_owned()).await? else {
            return Ok(());
        };
        match serde_json::from_str(&text) {
            Ok(waiting) => self.state().waiting = waiting,
            Err(error) => tracing::error!(%error, "The stored starts of sessions cannot be read."),
        }
        self.set_wake(node);
        Ok(())
    }

    async fn keep(&self, node: &Node) -> Result<(), store::Error> {
        let value = json!(self.state().waiting).to_string();
        node.store.commit(vec![Write::PutMeta { name: STORED.to_owned(), value }]).await
    }

    async fn keep_or_say(&self, node: &Node) {
        if let Err(error) = self.keep(node).await {
            tracing::error!(%error, "A change of the starts that wait could not be stored.");
        }
    }

    fn set_wake(&self, node: &Arc<Node>) {
        let mut state = self.state();
        let due = state.waiting.values().map(|start| start.due).min();
        if state.wake.map(|(at, _)| at) == due {
            return;
        }
        if let Some((_, id)) = state.wake.take() {
            node.clock.forget(id);
        }
        if let Some(due) = due {
            let weak = Arc::downgrade(node);
            state.wake = Some((due, node.clock.wake_at(due, move || fire(&weak))));
        }
    }
}

/// Starts what is due.
fn fire(node: &Weak<Node>) {
    let Some(node) = node.upgrade() else { return };
    let now = node.clock.now();
    let due: Vec<(SessionId, ScheduledStart)> = {
        let mut state = node.scheduled_starts.state();
        state.wake = None;
        let is_due = |start: &ScheduledStart| start.due <= now;
        let due = state.waiting.iter().filter(|(_, start)| is_due(start));
        let due = due.map(|(id, start)| (id.clone(), start.clone())).collect();
        // Out of memory at once, so that none is started twice; out of the store when its session is in it.
        state.waiting.retain(|_, start| !is_due(start));
        due
    };
    let inner = Arc::clone(&node);
    node.spawn(async move {
        for (session, start) in due {
            begin(&inner, session, start).await;
        }
        inner.scheduled_starts.keep_or_say(&inner).await;
        inner.scheduled_starts.set_wake(&inner);
    });
}

async fn begin(node: &Arc<Node>, session: SessionId, start: ScheduledStart) {
    let ScheduledStart { source, parameters, effect, depth, due: _ } = start;
    match effect {
        Some(effect) => starting::start_child(node, effect, session, source, parameters, (None, depth)).await,
        None => {
            let kin = (None, None, depth);
            let started =
                starting::start_plain(node, session.clone(), source, parameters, kin, Vec::new()).await;
            if let Err(problem) = started {
                tracing::error!(session_id = %session, %problem, "A session could not be started at its time.");
            }
        }
    }
}

/// Carries out a `session:start` that waits for its time.
pub(crate) async fn schedule(node: &Arc<Node>, effect: EffectId, session: SessionId, start: ScheduledStart) {
    if let Err(error) = node.scheduled_starts.put(node, session.clone(), start).await {
        let data = json!({ "requestid": effect, "sessionid": session, "error": "refused", "description": error.to_string() });
        node.answer(&effect, Event::external("error.session.start", data));
    }
    // Ended by somebody before it was kept.
    if node.sessions.start_is_over(&session) {
        give_up(node, &session).await;
    }
}

/// Carries out a `session:updatestart`.
pub(crate) async fn update(node: &Arc<Node>, effect: EffectId, session: SessionId, due: Timestamp) {
    let event = if node.scheduled_starts.update(node, &session, due).await {
        Event::external("session.updatestart.done", json!({ "requestid": effect, "sessionid": session }))
    } else {
        let description = "no session waits for its start under this id";
        let data = json!({ "requestid": effect, "sessionid": session, "error": "unknown", "description": description });
        Event::external("error.session.updatestart", data)
    };
    node.answer(&effect, event);
}

/// Gives a start up that has not happened; whether there was one. Whoever asked for it is told.
pub(crate) async fn give_up(node: &Arc<Node>, session: &SessionId) -> bool {
    let Some(start) = node.scheduled_starts.remove(node, session).await else {
        return false;
    };
    if let Some(effect) = start.effect {
        let data = json!({ "requestid": effect, "sessionid": session, "error": "cancelled", "description": "it was given up before its time" });
        node.answer(&effect, Event::external("error.session.start", data));
    }
    true
}
