//! How long somebody waits, and why: the router's waiting-time query, and the sentence for one callback.

use std::sync::Arc;

use routing::{DialExplanation, Explanation, Method, WaitingTime};
use serde::Serialize;
use serde_json::Value;
use vocabulary::{CallbackId, CallbackState, QueueName, Timestamp};

use crate::node::Node;
use crate::queueing::{AskExpectedWait, AskWhyNotDialled};
use crate::refusal::Refusal;
use crate::session::context::Context;

/// Property by which a chart says when it dials again, epoch seconds; null while it is not waiting for that.
const NEXT_DIAL: &str = "time_next_dial";

/// Why a callback is where it is.
#[derive(Clone, Debug, Serialize)]
pub struct Why {
    /// State of its record.
    pub state: CallbackState,
    /// Dials so far.
    pub attempts: u32,
    /// In a sentence.
    pub text: String,
    /// What the router says of it while it waits there: `position`, `queue`, `reason` and its numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub router: Option<DialExplanation>,
}

/// What an interaction can expect in a queue, and the inputs of the estimate.
///
/// `call` is the id of a waiting interaction; `None` asks for one that would enter now. `None` comes back for a queue
/// without activity.
///
/// # Errors
/// [`Refusal::Failed`] when the router does not answer.
pub(crate) async fn expected_wait(
    node: &Arc<Node>,
    queue: &str,
    call: Option<&str>,
    method: Method,
) -> Result<Option<(WaitingTime, Explanation)>, Refusal> {
    let question = AskExpectedWait { queue: QueueName::new(queue), entry: call.map(str::to_owned), method };
    let queues = node.queues.get().ok_or_else(silent)?;
    queues.send(question).await.map_err(|_gone| silent())
}

/// Why a callback has not been dialled yet, or what has become of it.
///
/// # Errors
/// [`Refusal::NotFound`]; others when the store or the router fails.
pub(crate) async fn why(node: &Arc<Node>, id: &str) -> Result<Why, Refusal> {
    let id = CallbackId::new(id);
    let row = node.store.callback(id.clone()).await?.ok_or(Refusal::NotFound { id })?;
    let answer = |text: String, router| Why { state: row.state, attempts: row.attempts.0, text, router };
    let dials = match row.attempts.0 {
        0 => "it has not been dialled yet".to_owned(),
        1 => "it was dialled once".to_owned(),
        dials => format!("it was dialled {dials} times"),
    };
    let text = match row.state {
        CallbackState::Scheduled => {
            format!("it is scheduled for {} and enters its queue before", row.desired_time)
        }
        CallbackState::Paused => format!("its service is paused; {dials}"),
        CallbackState::Routing => "the customer is on the line and waits for an agent".to_owned(),
        CallbackState::Processing => "customer and agent are talking".to_owned(),
        CallbackState::Completed => {
            let reason =
                row.reason.as_ref().map_or_else(|| "without a reason".to_owned(), ToString::to_string);
            format!("it is over: {reason}; {dials}")
        }
        CallbackState::Queued => format!("it is not waiting for an announcement of the router; {dials}"),
    };
    if !matches!(row.state, CallbackState::Queued | CallbackState::Paused | CallbackState::Routing) {
        return Ok(answer(text, None));
    }
    let router = match waiting_place(node, &row).await? {
        Some(entry) => {
            let queues = node.queues.get().ok_or_else(silent)?;
            queues.send(AskWhyNotDialled { entry }).await.map_err(|_gone| silent())?
        }
        None => None,
    };
    let now = node.clock.now();
    let next_dial = row.properties.get(NEXT_DIAL).and_then(Value::as_i64).map(Timestamp::from_epoch_seconds);
    // A time that is over stands there until the chart says otherwise.
    let text = match (&router, next_dial.filter(|next| *next > now)) {
        (_, Some(next)) if row.state == CallbackState::Queued => {
            let seconds = next.since(now).as_secs();
            format!("{dials}; the next dial is at {next}, in {seconds} s")
        }
        (Some(router), None) if row.state == CallbackState::Queued => router.text.clone(),
        _ => text,
    };
    Ok(answer(text, router))
}

/// The place of a callback in a queue, by what its session holds.
async fn waiting_place(node: &Arc<Node>, row: &store::CallbackRow) -> Result<Option<String>, Refusal> {
    let Some(session) = row.session.clone() else { return Ok(None) };
    let session = node.store.session(session).await?;
    let context = session.and_then(|session| serde_json::from_str::<Context>(&session.context).ok());
    Ok(context.and_then(|context| context.entries.into_keys().next()))
}

fn silent() -> Refusal {
    Refusal::Failed { message: "the router does not answer".to_owned() }
}
