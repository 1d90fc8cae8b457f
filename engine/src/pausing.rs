//! The pause list: who is held back, and telling those whom a change concerns (decision D-059).
//!
//! A session keeps with its snapshot what it was last told, and compares it with the list before each event that it takes and
//! when it comes to rest (`session::actor`). So nothing is missed, whatever was under way when the list changed: a start, a
//! message on its way, a restart, a change of the configuration.

use std::sync::Arc;

use store::CallbackQuery;
use vocabulary::CallbackState;

use crate::lists::WriteError;
use crate::node::Node;
use crate::refusal::Refusal;
use crate::session::Incoming;

/// States that a pause concerns: conversations are left alone (guide: pause).
const CONCERNED: [CallbackState; 3] = [CallbackState::Queued, CallbackState::Routing, CallbackState::Paused];
/// Callbacks that are told one after the other, in the order of their desired times: more than there are agents to be given.
const IN_ORDER: usize = 200;

/// Writes values of a section of a list, all or none, and has the sessions look at it.
///
/// # Errors
/// [`Refusal`] when they cannot be stored, or are too many; nothing is changed then.
pub(crate) async fn set(
    node: &Arc<Node>,
    list: &str,
    section: &str,
    values: &[(String, String)],
) -> Result<(), Refusal> {
    match node.lists.write(&*node.store, list, section, values).await {
        Ok(()) => {}
        Err(WriteError::Store(error)) => return Err(error.into()),
        Err(error @ WriteError::Full) => return Err(Refusal::BadParameter { text: error.to_string() }),
    }
    if section == "services" {
        let inner = Arc::clone(node);
        node.spawn(async move { tell(&inner).await });
    }
    Ok(())
}

/// Those who waited longest hear first: who is resumed may be the next to be dialled. Then everybody, also those whose rows
/// are being written and those who talk; who knows already does nothing.
async fn tell(node: &Arc<Node>) {
    let query = CallbackQuery { states: CONCERNED.to_vec(), limit: IN_ORDER, ..CallbackQuery::default() };
    match node.store.callbacks(query).await {
        Ok(rows) => {
            for session in rows.into_iter().filter_map(|row| row.session) {
                // Threads of sessions would overtake each other.
                if let Ok(waiting) = node.sessions.tell_and_wait(&session, vec![Incoming::PauseList]) {
                    let _ended = waiting.await.is_err();
                }
            }
        }
        Err(error) => {
            tracing::warn!(%error, "Callbacks cannot be read; they hear of the pause list in any order.");
        }
    }
    node.sessions.tell_everybody_of_the_pause_list();
}
