//! The pause list: who is held back, and telling those whom a change concerns (decision D-059).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use statecharts::Event;
use store::{CallbackQuery, CallbackRow};
use vocabulary::{CallbackId, CallbackState};

use crate::admission::REQUEST_KEY;
use crate::node::Node;
use crate::refusal::Refusal;
use crate::session::Incoming;
use crate::starting;

/// States that a pause concerns: conversations are left alone (guide: pause).
const CONCERNED: [CallbackState; 3] = [CallbackState::Queued, CallbackState::Routing, CallbackState::Paused];
/// Callbacks that are told of one change.
const CONCERNED_MAX: usize = 100_000;

/// Writes a value of a list, and tells the callbacks that it pauses or resumes.
///
/// # Errors
/// [`Refusal`] when the callbacks cannot be read; the list is changed then all the same.
pub(crate) async fn set(
    node: &Arc<Node>,
    list: &str,
    section: &str,
    key: &str,
    value: &str,
) -> Result<(), Refusal> {
    if section != "services" {
        node.lists.set(list, section, key, value);
        return Ok(());
    }
    let query =
        CallbackQuery { states: CONCERNED.to_vec(), limit: CONCERNED_MAX, ..CallbackQuery::default() };
    let rows = node.store.callbacks(query).await?;
    let before: BTreeMap<CallbackId, Option<String>> =
        rows.iter().map(|row| (row.id.clone(), key_of(node, row))).collect();
    node.lists.set(list, section, key, value);
    for row in rows {
        let now = key_of(node, &row);
        let was = before.get(&row.id).cloned().flatten();
        let event = match (was, now) {
            (None, Some(key)) => Event::external("callback.paused", json!({ "key": key })),
            (Some(key), None) => Event::external("callback.resumed", json!({ "key": key })),
            _ => continue,
        };
        if let Some(session) = row.session
            && let Err(error) = node.sessions.tell(&session, Incoming::Event(event))
        {
            tracing::debug!(session_id = %session, %error, "A session was not told of a pause.");
        }
    }
    Ok(())
}

fn key_of(node: &Node, row: &CallbackRow) -> Option<String> {
    let service = node.configuration.service(row.service.as_str())?;
    let request = row.properties.get(REQUEST_KEY).and_then(Value::as_object).cloned().unwrap_or_default();
    let request: Map<String, Value> = request.into_iter().chain(row.user_data.clone()).collect();
    node.lists.pause_key(&starting::pause_policy(row, &service.effective(&request).ok()?))
}
