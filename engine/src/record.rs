//! Changes to a callback record.
//!
//! **Invariant:** a record changes its state only along the table of [`CallbackState::may_become`]; `COMPLETED` is final.

use serde_json::{Map, Value};
use store::CallbackRow;
use vocabulary::{CallbackState, CompletionReason, Timestamp};

/// A change that a session or a caller asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct RecordUpdate {
    /// New state.
    pub(crate) state: Option<CallbackState>,
    /// Completion reason; kept only in `COMPLETED`.
    pub(crate) reason: Option<String>,
    /// Further properties; `null` removes one.
    pub(crate) properties: Map<String, Value>,
}

/// The record may not change so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("callback {id} is {from} and cannot become {to}")]
pub(crate) struct ForbiddenTransition {
    id: String,
    from: CallbackState,
    to: CallbackState,
}

/// Applies an update.
///
/// # Errors
/// [`ForbiddenTransition`]; the record is unchanged then.
pub(crate) fn apply(
    row: &mut CallbackRow,
    update: RecordUpdate,
    now: Timestamp,
) -> Result<(), ForbiddenTransition> {
    let next = update.state.unwrap_or(row.state);
    if !row.state.may_become(next) {
        return Err(ForbiddenTransition { id: row.id.to_string(), from: row.state, to: next });
    }
    row.state = next;
    if next == CallbackState::Completed {
        row.reason = Some(update.reason.map_or(CompletionReason::NOT_AVAILABLE, CompletionReason::new));
    }
    for (key, value) in update.properties {
        if value.is_null() {
            row.properties.remove(&key);
        } else {
            row.properties.insert(key, value);
        }
    }
    row.updated_at = now;
    Ok(())
}

#[cfg(test)]
mod tests {
    use store::CallbackRow;
    use vocabulary::{AttemptNo, CallbackId, CallbackState, ServiceName, Timestamp};

    use super::{RecordUpdate, apply};

    fn row(state: CallbackState) -> CallbackRow {
        CallbackRow {
            id: CallbackId::new("1-a"),
            service: ServiceName::new("s"),
            state,
            reason: None,
            customer_number: None,
            desired_time: Timestamp::EPOCH,
            requested_at: Timestamp::EPOCH,
            expires_at: Timestamp::EPOCH,
            updated_at: Timestamp::EPOCH,
            session: None,
            attempts: AttemptNo(0),
            properties: serde_json::Map::new(),
            user_data: serde_json::Map::new(),
        }
    }

    #[test]
    fn completing_without_a_reason_is_not_available() {
        let mut row = row(CallbackState::Queued);
        let update = RecordUpdate { state: Some(CallbackState::Completed), ..RecordUpdate::default() };
        apply(&mut row, update, Timestamp::EPOCH).unwrap();
        assert_eq!(row.reason.unwrap().as_str(), "NOT_AVAILABLE");
    }

    #[test]
    fn a_forbidden_update_changes_nothing() {
        let mut completed = row(CallbackState::Completed);
        let before = completed.clone();
        let mut update = RecordUpdate { state: Some(CallbackState::Queued), ..RecordUpdate::default() };
        update.properties.insert("_x".to_owned(), 1.into());
        assert!(apply(&mut completed, update, Timestamp::from_millis(5)).is_err());
        assert_eq!(completed, before);
    }
}
