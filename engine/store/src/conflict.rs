//! The conditions of a transaction and how their breach is told; the same words in every store.

use vocabulary::{AttemptNo, CallbackId, CallbackState};

use crate::nesting::{self, NESTING_MAX};
use crate::port::Error;
use crate::row::{BookingRow, CallbackRow, TimelineRow};

/// A record with this id is there already.
pub(crate) fn callback_exists(id: &CallbackId) -> Error {
    conflict(format!("callback {id} exists already; a new record needs an id of its own"))
}

/// A dial attempt is there already: it must not be dialled again.
pub(crate) fn attempt_exists(callback: &CallbackId, attempt: AttemptNo) -> Error {
    conflict(format!(
        "dial attempt {attempt} of callback {callback} exists already; an attempt number is used once"
    ))
}

/// The pair of access number and code belongs to somebody else.
pub(crate) fn booking_held(wanted: &BookingRow, holder: &CallbackId) -> Error {
    let code = if wanted.access_code.is_some() { "this code" } else { "no code" };
    conflict(format!(
        "access number {} with {code} is reserved for callback {holder}; choose another",
        wanted.access_number
    ))
}

/// Checks a change of a record against the state that is stored, `None` when there is no record.
pub(crate) fn check_update(
    row: &CallbackRow,
    expected: Option<CallbackState>,
    stored: Option<CallbackState>,
) -> Result<(), Error> {
    let id = &row.id;
    let Some(stored) = stored else {
        return Err(conflict(format!("callback {id} does not exist; insert it first")));
    };
    if let Some(expected) = expected.filter(|expected| *expected != stored) {
        return Err(conflict(format!("callback {id} is {stored}, expected was {expected}; read it again")));
    }
    //= decision: D-066 COMPLETED is final
    let adds_keys_only = expected == Some(CallbackState::Completed) && row.state == CallbackState::Completed;
    if stored == CallbackState::Completed && !adds_keys_only {
        return Err(conflict(format!(
            "callback {id} is COMPLETED, which is final; it cannot become {}",
            row.state
        )));
    }
    Ok(())
}

/// Checks that what is written of a record will be read again.
pub(crate) fn check_record(row: &CallbackRow) -> Result<(), Error> {
    if nesting::is_too_deep(&row.properties) || nesting::is_too_deep(&row.user_data) {
        return Err(too_deep(&format!("the keys of callback {}", row.id)));
    }
    Ok(())
}

/// Checks that a line will be read again.
pub(crate) fn check_line(row: &TimelineRow) -> Result<(), Error> {
    if nesting::is_deeper(&row.detail, NESTING_MAX) {
        return Err(too_deep(&format!("the detail of timeline line {} {}", row.kind, row.name)));
    }
    Ok(())
}

fn too_deep(what: &str) -> Error {
    conflict(format!("{what} would be nested deeper than {NESTING_MAX}; nothing so deep is written"))
}

fn conflict(what: String) -> Error {
    Error::Conflict { what }
}
