//! Cancelling a callback (guide: cancel; decision D-008).

use std::sync::Arc;

use serde_json::json;
use statecharts::Event;
use store::CallbackRow;
use vocabulary::{CallbackId, CallbackState, CompletionReason, SessionId};

use crate::admission::callback_service;
use crate::api::CancelRequest;
use crate::node::Node;
use crate::refusal::Refusal;
use crate::scheduling;
use crate::session::Incoming;

/// Readings of the record until one holds: the scheduler may submit it meanwhile.
const READINGS_MAX: u32 = 3;

/// Cancels.
///
/// # Errors
/// [`Refusal`].
pub(crate) async fn cancel(node: &Arc<Node>, request: &CancelRequest) -> Result<(), Refusal> {
    callback_service(node, &request.service)?;
    let id = CallbackId::new(&request.id);
    let mut reading = 1;
    loop {
        let row = node.store.callback(id.clone()).await?;
        let row = row.filter(|row| row.service.as_str() == request.service);
        let row = row.ok_or_else(|| Refusal::NotFound { id: id.clone() })?;
        match try_cancel(node, row, request).await {
            Err(Attempt::Again) if reading < READINGS_MAX => reading += 1,
            Err(Attempt::Again) => {
                return Err(Refusal::CancelFailed { id, problem: "the record keeps changing".to_owned() });
            }
            Err(Attempt::Refused(refusal)) => return Err(refusal),
            Ok(()) => return Ok(()),
        }
    }
}

enum Attempt {
    Again,
    Refused(Refusal),
}

async fn try_cancel(node: &Arc<Node>, row: CallbackRow, request: &CancelRequest) -> Result<(), Attempt> {
    let id = row.id.clone();
    match (row.state, row.session.clone()) {
        (state @ CallbackState::Completed, _) => Err(Attempt::Refused(Refusal::NotCancellable { id, state })),
        (CallbackState::Scheduled, _) => complete(node, row, &request.reason).await,
        (_, None) if request.discard_session_failure => complete(node, row, &request.reason).await,
        (_, None) => Err(Attempt::Refused(Refusal::NoSession { id })),
        (_, Some(session)) => match cancel_session(node, &session, &request.reason).await {
            Ok(()) => Ok(()),
            Err(problem) if request.discard_session_failure => {
                tracing::error!(callback_id = %id, %problem, "A session was not cancelled; its record is completed all the same.");
                // It may be gone already; then there is nothing to terminate.
                let _gone = node.sessions.tell(&session, Incoming::Terminate);
                complete(node, row, &request.reason).await
            }
            Err(problem) => Err(Attempt::Refused(Refusal::CancelFailed { id, problem })),
        },
    }
}

async fn complete(node: &Node, row: CallbackRow, reason: &str) -> Result<(), Attempt> {
    match scheduling::complete(node, row, &CompletionReason::new(reason)).await {
        Ok(()) => Ok(()),
        Err(store::Error::Conflict { .. }) => Err(Attempt::Again),
        Err(error) => Err(Attempt::Refused(error.into())),
    }
}

/// The chart decides how it ends; it must have completed the record with the step that takes the event.
async fn cancel_session(node: &Node, session: &SessionId, reason: &str) -> Result<(), String> {
    let event = Event::external("callback.cancel", json!({ "reason": reason }));
    let waiting = node
        .sessions
        .tell_and_wait(session, vec![Incoming::Event(event)])
        .map_err(|error| error.to_string())?;
    match waiting.await {
        Ok(Ok(delivered)) if delivered.state == Some(CallbackState::Completed) => Ok(()),
        Ok(Ok(_)) => Err("its chart did not end the callback".to_owned()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_dropped) => Err("its session ended meanwhile".to_owned()),
    }
}
