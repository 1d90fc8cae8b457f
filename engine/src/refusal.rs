//! Why a request about callbacks is refused: facts, without HTTP status, code or phrase.

use store::CallbackRow;
use vocabulary::{CallbackId, CallbackState, ServiceName};

/// A refusal of a request about callbacks. The gateway maps each to the guide's code, phrase, message and class.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// 40001: so many callbacks are queued for this number already.
    #[error("there are already {max_queued} or more callbacks queued for this number")]
    NumberAlreadyBooked {
        /// The limit.
        max_queued: u32,
    },
    /// 40002: the service has as many queued callbacks as it may.
    #[error("limit of queued callbacks for {service} is reached")]
    ThrottledByService {
        /// Service.
        service: ServiceName,
    },
    /// 40003: the service accepted as many callbacks as it may in an interval.
    #[error("limit of queued callbacks for {service} is reached for interval {interval_secs}s")]
    ThrottledByInterval {
        /// Service.
        service: ServiceName,
        /// Length of the interval in seconds.
        interval_secs: u64,
    },
    /// 40004: a value of a request parameter was used as often as it may be in a day.
    #[error(
        "limit of queued callbacks for {service} is reached for parameter {parameter}: {attempts} times today"
    )]
    ThrottledByParameter {
        /// Service.
        service: ServiceName,
        /// Parameter.
        parameter: String,
        /// How often it was used.
        attempts: u64,
    },
    /// 40010.a: keys that identify the customer are missing.
    #[error("callback {id} does not contain the mandatory customer lookup keys {keys}")]
    LookupKeysMissing {
        /// Id that the callback would have had.
        id: CallbackId,
        /// Missing keys, comma-separated.
        keys: String,
    },
    /// 40010.c: the desired time lies in the past.
    #[error("callback {id} contains a desired time in the past")]
    DesiredTimeInPast {
        /// Id that the callback would have had.
        id: CallbackId,
        /// Lower bound, seconds before now, as a positive number.
        past_limit_secs: i64,
        /// Desired time minus now, seconds.
        offset_secs: i64,
        /// Upper bound, seconds after now.
        future_limit_secs: i64,
        /// Desired time, epoch seconds.
        epoch_secs: i64,
    },
    /// 40010.d: the desired time lies too far in the future.
    #[error("the desired time lies too far in the future")]
    DesiredTimeTooFar {
        /// Lower bound, seconds before now, as a positive number.
        past_limit_secs: i64,
        /// Desired time minus now, seconds.
        offset_secs: i64,
        /// Upper bound, seconds after now.
        future_limit_secs: i64,
        /// Desired time, epoch seconds.
        epoch_secs: i64,
    },
    /// 40010.e: a mandatory option is missing.
    #[error("missing mandatory callback option {option}")]
    OptionMissing {
        /// Option.
        option: String,
    },
    /// 40010.f: a mandatory option is empty.
    #[error("empty mandatory callback option {option}")]
    OptionEmpty {
        /// Option.
        option: String,
    },
    /// 40010.g: no lookup by these properties.
    #[error("no such lookup possible for {properties}")]
    LookupImpossible {
        /// Properties, comma-separated.
        properties: String,
    },
    /// 40010.h: nothing to look for.
    #[error("no lookup possible: no properties to look for")]
    LookupEmpty,
    /// 40010.x and .y: a value that cannot be read, or a parameter that is missing.
    #[error("{text}")]
    BadParameter {
        /// What, and what was expected.
        text: String,
    },
    /// 40020.a: the callback to copy is not completed.
    #[error("callback {id} to copy is not COMPLETED")]
    CopyNotCompleted {
        /// Id.
        id: CallbackId,
    },
    /// 40020.c: it can no longer be cancelled.
    #[error("callback {id} cannot be cancelled or completed in state {state}")]
    NotCancellable {
        /// Id.
        id: CallbackId,
        /// State.
        state: CallbackState,
    },
    /// 40020.d: the session did not take the cancel.
    #[error("callback {id} cannot be cancelled: {problem}")]
    CancelFailed {
        /// Id.
        id: CallbackId,
        /// Why.
        problem: String,
    },
    /// 40020.e: there is no session to cancel.
    #[error("callback {id} cannot be cancelled: it has no session")]
    NoSession {
        /// Id.
        id: CallbackId,
    },
    /// 40020.f: a completed callback takes no update.
    #[error("callback {id} is completed and takes no update")]
    AlreadyCompleted {
        /// The record.
        id: CallbackId,
        /// Service.
        service: ServiceName,
        /// Desired time, wire form.
        time: String,
    },
    /// 40020.j: a filter that cannot be read.
    #[error("cannot process the filter {filter}")]
    BadFilter {
        /// As written.
        filter: String,
    },
    /// 40020.k: the range of a query is too wide.
    #[error("the query spans {asked_secs} s, at most {allowed_secs} s are allowed")]
    RangeTooWide {
        /// Seconds asked for.
        asked_secs: i64,
        /// Seconds allowed.
        allowed_secs: i64,
    },
    /// 40030.a: the callback to copy does not exist.
    #[error("callback {id} to copy from cannot be found")]
    CopyNotFound {
        /// Id.
        id: CallbackId,
    },
    /// 40030.b: the callback does not exist.
    #[error("callback {id} cannot be found")]
    NotFound {
        /// Id.
        id: CallbackId,
    },
    /// 40040.a–d: the number is refused.
    #[error("the customer's number is not allowed: {0:?}")]
    Number(NumberRefusal),
    /// 40051.b, 40050.a: the office is closed at the desired time (capacity and calendars come with their issue).
    #[error("no time slots available")]
    NoSlot {
        /// Service.
        service: ServiceName,
        /// Slot, `[start, end]`.
        slot: String,
    },
    /// 50006.a: the session could not be started.
    #[error("callback {id} could not be handed to a session in {max_attempts} attempts")]
    SubmitFailed {
        /// Id.
        id: CallbackId,
        /// Attempts.
        max_attempts: u32,
    },
    /// 50020: the configuration does not allow the request.
    #[error("{text}")]
    Configuration {
        /// The guide's text, filled.
        text: String,
        /// Service.
        service: ServiceName,
    },
    /// 50030.b: the session answered with an error of its own.
    #[error("{text}")]
    FromSession {
        /// Text of the session.
        text: String,
    },
    /// 404: there is no such instance, or its session has ended.
    #[error("there is no running session for {id}")]
    NoInstance {
        /// Instance id.
        id: String,
    },
    /// 404: a matching service found nothing.
    #[error("no booking matches")]
    NoMatch,
    /// 503: the node is draining, or a bounded queue is full; nothing was stored.
    #[error("the node takes no more requests: {problem}")]
    Unavailable {
        /// Why.
        problem: String,
    },
    /// 50050.a: anything else; nothing was stored.
    #[error("error processing callback: {message}")]
    Failed {
        /// What happened.
        message: String,
    },
}

/// Why a number is refused (40040).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberRefusal {
    /// .a: it cannot be a number.
    Invalid,
    /// .b: a premium number.
    Premium,
    /// .c: it failed validation.
    Impossible,
    /// .d: an exception pattern matches, or it is an emergency number.
    Exception,
}

impl From<store::Error> for Refusal {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Closed => Self::Unavailable { problem: error.to_string() },
            other => Self::Failed { message: other.to_string() },
        }
    }
}

impl Refusal {
    /// The refusal of an update to a completed record.
    #[must_use]
    pub fn completed(row: &CallbackRow) -> Self {
        Self::AlreadyCompleted {
            id: row.id.clone(),
            service: row.service.clone(),
            time: row.desired_time.to_string(),
        }
    }
}
