//! Callbacks whose session cannot be brought back after a restart: its chart does not compile any more, or its snapshot
//! cannot be read (decision D-079).
//!
//! | record | then |
//! | --- | --- |
//! | `QUEUED`, `PAUSED` without a call | submitted anew under its id, `_max_ors_submit_attempts` times at most, then `SUBMIT_ERROR` |
//! | `ROUTING`, `PROCESSING`, `PAUSED` with a call | `FAIL_ERROR`: its customer was on the line |
//! | none | the session is ended, and nothing else |
//!
//! The new session keeps the place in the queue (guide: `callback/enable-restore-vq-position`): it waits since the lost one did,
//! and as a priority grows by what has been waited, it is the one that it would have been. Dials that were made count.
//!
//! Invariant: the end of the lost session and the start of the new one are one transaction.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use store::{CallbackRow, SessionRow, TimelineRow, Write};
use vocabulary::{CallbackState, CompletionReason};

use crate::admission::{REQUEST_KEY, callback_service};
use crate::node::Node;
use crate::scheduling;
use crate::session::context::Context;
use crate::starting::{self, Begun, CallbackStart};

/// Property of a record with the [`Run`]; not shown to anybody.
pub(crate) const RUN_KEY: &str = "_run";
/// Option that says since when a callback waits.
const AGE: &str = "_urs_call_interaction_age";

/// What is noted of a callback in execution for the case that its session is lost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Run {
    /// Since when it waits, epoch seconds: the request, or the start of a scheduled one (decision D-057).
    pub(crate) waiting_since: i64,
    /// Whether it was scheduled.
    #[serde(default)]
    pub(crate) was_scheduled: bool,
    /// How often it was submitted anew.
    #[serde(default)]
    pub(crate) resubmitted: i64,
}

impl Run {
    /// What is noted in a record; `None` before its first session.
    pub(crate) fn of(record: &CallbackRow) -> Option<Self> {
        serde_json::from_value(record.properties.get(RUN_KEY)?.clone()).ok()
    }

    pub(crate) fn note(&self, record: &mut CallbackRow) {
        record.properties.insert(RUN_KEY.to_owned(), json!(self));
    }
}

/// Sees to what is left of a session that cannot be restored, and why it cannot.
///
/// # Errors
/// When the store fails.
pub(crate) async fn lost(node: &Arc<Node>, session: SessionRow, problem: &str) -> Result<(), store::Error> {
    let record = match session.callback.clone() {
        Some(callback) => match node.store.callback(callback.clone()).await {
            Ok(record) => record.filter(|record| record.reason.is_none()),
            // One record that cannot be read must not keep the node from starting. Nothing can be done for it.
            Err(error @ store::Error::Failed { .. }) => {
                tracing::error!(callback_id = %callback, session_id = %session.id, %error, "The record of a lost session cannot be read; the session is ended.");
                None
            }
            Err(error) => return Err(error),
        },
        None => None,
    };
    let Some(record) = record else {
        return end(node, &session).await;
    };
    tell(node, &record, &session, problem).await?;
    if was_on_the_line(&record, &session) {
        end(node, &session).await?;
        return scheduling::complete(node, record, &CompletionReason::FAIL_ERROR).await;
    }
    let id = record.id.clone();
    match submit(node, record.clone(), &session).await {
        Ok(()) => {
            tracing::warn!(callback_id = %id, session_id = %session.id, "A callback was submitted anew: its session was lost.");
            Ok(())
        }
        Err(reason) => {
            tracing::error!(callback_id = %id, session_id = %session.id, %reason, "A callback whose session was lost cannot be submitted anew.");
            end(node, &session).await?;
            scheduling::complete(node, record, &CompletionReason::SUBMIT_ERROR).await
        }
    }
}

/// Whether the customer was routed or talked: a pause also comes while somebody waits on the line for an agent.
fn was_on_the_line(record: &CallbackRow, session: &SessionRow) -> bool {
    match record.state {
        CallbackState::Queued => false,
        // What the session held cannot be read: nobody is called who may have been on the line.
        CallbackState::Paused => serde_json::from_str::<Context>(&session.context)
            .map_or(true, |context| !context.calls.is_empty()),
        _ => true,
    }
}

async fn submit(node: &Arc<Node>, mut record: CallbackRow, session: &SessionRow) -> Result<(), String> {
    let service = callback_service(node, record.service.as_str()).map_err(|refusal| refusal.to_string())?;
    let request = record.properties.get(REQUEST_KEY).and_then(Value::as_object).cloned().unwrap_or_default();
    let request: Map<String, Value> = request.into_iter().chain(record.user_data.clone()).collect();
    let mut options = service.effective(&request).map_err(|error| error.to_string())?;
    let mut run = Run::of(&record)
        .unwrap_or_else(|| Run { waiting_since: record.requested_at.epoch_seconds(), ..Run::default() });
    let most = options.integer("_max_ors_submit_attempts").unwrap_or(1);
    run.resubmitted += 1;
    if run.resubmitted > most {
        return Err(format!("it was submitted anew {most} times (_max_ors_submit_attempts)"));
    }
    run.note(&mut record);
    //= guide: an age that service or request gives is kept
    if options.value(AGE).is_null() {
        let restores = node.configuration.callback.restore_queue_position;
        let since = if restores { run.waiting_since } else { node.clock.now().epoch_seconds() };
        options.set(AGE, json!(since));
    }
    let begun = Begun::InPlaceOf { lost: session.id.clone(), state: record.state };
    let start = CallbackStart { service, options: &options, row: record, begun };
    starting::start_callback(node, start).await.map(|_dialog| ()).map_err(|refusal| refusal.to_string())
}

async fn end(node: &Node, session: &SessionRow) -> Result<(), store::Error> {
    node.store.commit(vec![Write::EndSession { id: session.id.clone(), at: node.clock.now() }]).await
}

async fn tell(
    node: &Node,
    record: &CallbackRow,
    session: &SessionRow,
    problem: &str,
) -> Result<(), store::Error> {
    let line = TimelineRow {
        callback: Some(record.id.clone()),
        session: Some(session.id.clone()),
        at: node.clock.now(),
        kind: "warning".to_owned(),
        name: "session.lost".to_owned(),
        detail: json!({ "problem": problem, "state": record.state }),
    };
    node.store.commit(vec![Write::AppendTimeline(line.clone())]).await?;
    node.tell_feed(line);
    Ok(())
}
