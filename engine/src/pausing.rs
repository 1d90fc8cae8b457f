//! The pause list: who is held back, and telling those whom a change concerns (decision D-059).
//!
//! A session keeps with its snapshot what it was last told, and compares it with the list before each event that it takes and
//! when it comes to rest (`session::actor`). So nothing is missed, whatever was under way when the list changed: a start, a
//! message on its way, a restart, a change of the configuration.

use std::sync::Arc;

use crate::lists::WriteError;
use crate::node::Node;
use crate::refusal::Refusal;

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
        node.sessions.tell_everybody_of_the_pause_list();
    }
    Ok(())
}
