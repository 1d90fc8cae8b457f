//! What is said of the end of a callback that no chart has told: its session was ended from outside or by a limit, or could not be
//! brought back. The message and the report have the keys of the shipped charts, as far as the engine knows their values
//! (`parts/exit.scxml`; decision D-068: every exit is told, and its message is the last one).

use serde_json::{Map, Value, json};
use store::CallbackRow;
use vocabulary::{CompletionReason, SessionId, Timestamp};

use crate::resubmitting::Run;

/// The event that ends the story of a callback (guide: status notification).
pub(crate) const EXIT: &str = "_cbe_on_service_exit";
/// How a callback ends for which nobody else has a word (guide: disposition).
fn disposition(reason: &CompletionReason) -> &'static str {
    let is_cancelled = [CompletionReason::CANCELLED, CompletionReason::CANCELLED_BY_ADMIN].contains(reason);
    if is_cancelled { "COMPLETED.CANCELLED" } else { "COMPLETED.FAILED" }
}

/// The fields of the exit message.
pub(crate) fn message(
    row: &CallbackRow,
    reason: &CompletionReason,
    last_dialled: Option<&str>,
) -> Map<String, Value> {
    let mut fields = Map::new();
    if let Some(number) = last_dialled {
        fields.insert("c_last_dialed_number".to_owned(), json!(number));
    }
    if let Some(number) = &row.customer_number {
        fields.insert("_customer_number".to_owned(), json!(number));
    }
    fields.insert("c_termination_type".to_owned(), json!(disposition(reason)));
    fields
}

/// The keys of the final report (guide: reporting KVPs).
pub(crate) fn report(
    row: &CallbackRow,
    session: &SessionId,
    reason: &CompletionReason,
    now: Timestamp,
) -> Map<String, Value> {
    let is_error = *reason == CompletionReason::FAIL_ERROR;
    let last_result = row.properties.get("dial_result").and_then(Value::as_str).unwrap_or("UNKNOWN");
    let was_scheduled = Run::of(row).is_some_and(|run| run.was_scheduled);
    let start = if was_scheduled { row.desired_time } else { row.requested_at };
    let requested = row.requested_at.epoch_seconds();
    let mut keys = Map::new();
    let mut set = |name: &str, value: Value| drop(keys.insert(name.to_owned(), value));
    set("_CB_N_CALLBACK_OFFERED", json!(1));
    set("_CB_T_CALLBACK_OFFERED", json!(requested));
    set("_CB_D_CALLBACK_OFFER", json!(0));
    set("_CB_N_CALLBACK_ACCEPTED", json!(1));
    set("_CB_T_CALLBACK_ACCEPTED", json!(requested));
    // Values that the requester supplies set the pair of the same name in upper case.
    for (name, value) in row.properties.iter().filter(|(name, _)| name.starts_with("_cb_")) {
        set(&name.to_uppercase(), value.clone());
    }
    set("_CB_SERVICE_ID", json!(row.id));
    set("_CB_ORS_SESSION_ID", json!(session));
    set("_CB_FINAL_RECORD", json!(1));
    set("_CB_T_SERVICE_START", json!(start.epoch_seconds()));
    set("_CB_T_SERVICE_END", json!(now.epoch_seconds()));
    set("_CB_N_CALLBACK_MEDIA_ATTEMPTS", json!(row.attempts));
    set("_CB_DISPOSITION", json!(disposition(reason)));
    set("_CB_DIM_FINAL_DIAL_RESULT", json!(if is_error { "FAIL" } else { last_result }));
    if let Some(number) = &row.customer_number {
        set("_CB_CUSTOMER_PHONE_NUMBER", json!(number));
    }
    set("gms_ServiceName", json!(row.service));
    set("gms_SessionId", json!(session));
    set("gms_SessionEventSeq", json!(2));
    set("gms_ServiceStoppedAt", json!(now.as_millis().to_string()));
    keys
}
