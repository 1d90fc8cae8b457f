//! Sessions that run by the store and are in no memory: their actor is gone, by a defect, and the process goes on.
//!
//! Looked for with every sweep (decision D-015) and restored as after a restart, with one difference: what they hold is
//! still there. Their calls that no agent has are hung up, their agents are let go and their places are entered anew,
//! because nobody heard what was said of them meanwhile. A call that was delivered goes on (decision D-008).

use std::sync::Arc;

use store::SessionRow;
use vocabulary::EffectId;

use crate::node::Node;
use crate::queueing::QueueOrder;
use crate::restart;
use crate::resubmitting;
use crate::session::context::Context;
use crate::session::order::{Action, Order};

/// Restores what is missing.
///
/// # Errors
/// When the store fails; the next sweep looks again.
pub(crate) async fn recover(node: &Arc<Node>) -> Result<(), store::Error> {
    let mut recovered = 0;
    for id in node.store.running_session_ids().await? {
        if node.sessions.is_running(&id) {
            continue;
        }
        // It may have ended since the ids were read. It is in memory before its first row is written.
        let row = node.store.session(id).await?;
        if let Some(row) = row.filter(|row| row.ended_at.is_none() && !node.sessions.is_running(&row.id)) {
            bring_back(node, row).await?;
            recovered += 1;
        }
    }
    if recovered > 0 {
        // Timers that fired meanwhile found nobody.
        node.timers.load(node).await?;
    }
    Ok(())
}

async fn bring_back(node: &Arc<Node>, row: SessionRow) -> Result<(), store::Error> {
    let id = row.id.clone();
    let mut context: Context = serde_json::from_str(&row.context).unwrap_or_default();
    let_go(node, &row, &context).await;
    node.sessions.forget(&id);
    if let Err(problem) = restart::restore_session(node, row.clone(), true).await {
        tracing::error!(session_id = %id, %problem, "A session that was lost cannot be restored; it is ended.");
        return resubmitting::lost(node, row, &problem).await;
    }
    tracing::error!(session_id = %id, "A session was in no memory and was restored.");
    let mut entries = node.store.queue_entries().await?;
    entries.retain(|entry| entry.id.session == id);
    restart::restore_entries(node, &entries).await;
    let mut effects = node.store.open_effects().await?;
    effects.retain(|effect| effect.id.session == id);
    context.calls.retain(|_, held| !held.delivered);
    restart::tell_session(node, &id, effects, context);
    Ok(())
}

/// Lets go of what is held for the session, before it can hear of it.
async fn let_go(node: &Arc<Node>, row: &SessionRow, context: &Context) {
    let busy = node.clock.activity().begin();
    node.let_calls_go(&row.id, &busy);
    let agents = context.reserved.iter().chain(context.reserving.keys()).map(|agent| Action::ReleaseAgent {
        agent: agent.clone(),
        holder: context.holder_of(agent),
        delay_ms: 0,
    });
    let entries = context.entries.keys().map(|entry| Action::CancelEntry { entry: entry.clone() });
    for action in agents.chain(entries) {
        let effect = EffectId { session: row.id.clone(), step: 0, index: 0 };
        let order = QueueOrder { order: Order { effect, action }, busy: busy.clone() };
        if let Some(queues) = node.queues.get()
            && queues.send(order).await.is_err()
        {
            tracing::error!("The router is gone; what a lost session held was not let go.");
        }
    }
}
