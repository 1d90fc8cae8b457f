//! Every error of the surface: status, code, phrase, message, exception class and properties.
//!
//! The engine says *what* is wrong; what the wire says about it is here and nowhere else. Codes, phrases, message
//! texts and class names are the guide's, to the letter (decision D-028). Errors that the guide gives no code have
//! `message` and `exception` only, with a class of ours.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use engine::api::{AgentError, SessionError};
use engine::{NumberRefusal, Refusal};
use serde_json::{Map, Value, json};

use crate::body::BodyError;
use crate::reply;

/// A line of the guide's catalogue.
struct Entry(StatusCode, u32, &'static str, &'static str);

const ALREADY_BOOKED: Entry =
    Entry(StatusCode::TOO_MANY_REQUESTS, 40001, "NUMBER_ALREADY_BOOKED", "CallbackExceptionAlreadyBooked");
const THROTTLED_SERVICE: Entry =
    Entry(StatusCode::TOO_MANY_REQUESTS, 40002, "THROTTLE_SERVICE_LIMIT", "CallbackExceptionThrottled");
const THROTTLED_INTERVAL: Entry = Entry(
    StatusCode::TOO_MANY_REQUESTS,
    40003,
    "THROTTLE_SERVICE_INTERVAL_LIMIT",
    "CallbackExceptionThrottled",
);
const THROTTLED_PARAMETER: Entry = Entry(
    StatusCode::TOO_MANY_REQUESTS,
    40004,
    "THROTTLE_SERVICE_PARAMETER_LIMIT",
    "CallbackExceptionThrottled",
);
const BAD_PARAMETER: Entry =
    Entry(StatusCode::BAD_REQUEST, 40010, "BAD_PARAMETER", "CallbackExceptionBadParameter");
const INVALID_OPERATION: Entry =
    Entry(StatusCode::BAD_REQUEST, 40020, "INVALID_OPERATION", "CallbackExceptionInvalidOperation");
const NOT_FOUND: Entry =
    Entry(StatusCode::BAD_REQUEST, 40030, "CALLBACK_NOT_FOUND", "CallbackExceptionNotFound");
const NUMBER_REJECTED: Entry =
    Entry(StatusCode::BAD_REQUEST, 40040, "NUMBER_REJECTED", "CallbackExceptionNumber");
const SLOT_UNAVAILABLE: Entry =
    Entry(StatusCode::BAD_REQUEST, 40050, "SLOT_UNAVAILABLE", "CallbackExceptionAvailability");
const SUBMIT_RETRIES: Entry = Entry(
    StatusCode::INTERNAL_SERVER_ERROR,
    50006,
    "ORS_MAX_SUBMIT_RETRIES",
    "CallbackExceptionMaxORSSubmitAttempts",
);
const BAD_CONFIGURATION: Entry =
    Entry(StatusCode::INTERNAL_SERVER_ERROR, 50020, "BAD_CONFIGURATION", "CallbackExceptionConfiguration");
const ORS_ERROR: Entry =
    Entry(StatusCode::INTERNAL_SERVER_ERROR, 50030, "ORS_ERROR", "CallbackExceptionFromORS");
const UNKNOWN_ERROR: Entry =
    Entry(StatusCode::INTERNAL_SERVER_ERROR, 50050, "UNKNOWN_ERROR", "CallbackExceptionUnknown");

/// Package of the guide's exception classes.
const PACKAGE: &str = "com.genesyslab.gsg.services.callback.";
/// Package of the classes of errors that the guide gives no code.
const OUR_PACKAGE: &str = "ringback.";

/// An error as it goes out.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ErrorReply {
    status: StatusCode,
    code: Option<(u32, &'static str)>,
    message: String,
    /// Name of the class without its package.
    class: &'static str,
    properties: Map<String, Value>,
    /// What the header says that belongs to the status: the realm of a 401, the methods of a 405.
    header: Option<String>,
}

impl ErrorReply {
    /// An error of the guide's catalogue.
    fn of(entry: &Entry, message: impl Into<String>, properties: Value) -> Self {
        let Entry(status, code, phrase, class) = *entry;
        let properties = match properties {
            Value::Object(properties) => properties,
            _none => Map::new(),
        };
        Self { status, code: Some((code, phrase)), message: message.into(), class, properties, header: None }
    }

    /// An error that the guide gives no code; `class` is a name of ours.
    fn plain(status: StatusCode, class: &'static str, message: impl Into<String>) -> Self {
        Self { status, code: None, message: message.into(), class, properties: Map::new(), header: None }
    }

    /// 40010.x: a parameter of the query or body that cannot be read.
    pub(crate) fn bad_parameter(text: impl Into<String>) -> Self {
        Self::of(&BAD_PARAMETER, text, Value::Null)
    }

    /// 401: credentials are missing or wrong.
    pub(crate) fn unauthorized(realm: &str) -> Self {
        let mut error = Self::plain(
            StatusCode::UNAUTHORIZED,
            "Unauthorized",
            "Send credentials by `Authorization: Basic …`",
        );
        error.header = Some(realm.to_owned());
        error
    }

    /// 403: a page of another origin uses the browser's credentials.
    pub(crate) fn foreign_origin(origin: &str) -> Self {
        Self::plain(
            StatusCode::FORBIDDEN,
            "ForeignOrigin",
            format!(
                "pages of `{origin}` may not use this path: add the origin to `trusted_origins` of section [server]"
            ),
        )
    }

    /// 404: there is nothing at this path.
    pub(crate) fn no_such_path(path: &str) -> Self {
        Self::plain(StatusCode::NOT_FOUND, "NoSuchPath", format!("there is nothing at {path}"))
    }

    /// 405: the path does not take this method, but those of `allow`, comma-separated.
    pub(crate) fn method_not_allowed(method: &str, path: &str, allow: &str) -> Self {
        let text = format!("{path} does not take {method}, but {allow}");
        let mut error = Self::plain(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", text);
        error.header = Some(allow.to_owned());
        error
    }

    /// 400: a simulator or orchestration control that cannot be carried out.
    pub(crate) fn refused(text: impl Into<String>) -> Self {
        Self::plain(StatusCode::BAD_REQUEST, "BadRequest", text)
    }

    /// A session's error on the orchestration paths: an ended session is 410 (decisions D-023, D-076).
    pub(crate) fn of_session(error: &SessionError) -> Self {
        let (status, class) = match error {
            SessionError::Unknown(_) => (StatusCode::NOT_FOUND, "SessionUnknown"),
            SessionError::Reserved(_) => (StatusCode::NOT_FOUND, "RequestUnknown"),
            SessionError::Ended(_) => (StatusCode::GONE, "SessionEnded"),
            SessionError::NoAnswer(_) => (StatusCode::GATEWAY_TIMEOUT, "SessionSilent"),
            SessionError::Refused(_) => (StatusCode::BAD_REQUEST, "BadRequest"),
            SessionError::Busy(_) => (StatusCode::SERVICE_UNAVAILABLE, "Unavailable"),
            SessionError::Failed(_) => (StatusCode::INTERNAL_SERVER_ERROR, "Failed"),
        };
        Self::plain(status, class, error.to_string())
    }

    /// A session's error on the service paths: an instance whose session has ended is unknown, 404 (decision D-044).
    pub(crate) fn of_instance(error: &SessionError) -> Self {
        let mut reply = Self::of_session(error);
        if matches!(error, SessionError::Ended(_)) {
            reply.status = StatusCode::NOT_FOUND;
        }
        reply
    }

    /// The body: the guide's envelope.
    fn body(&self) -> Value {
        let mut body = Map::new();
        if let Some((code, phrase)) = self.code {
            body.insert("code".to_owned(), code.into());
            body.insert("phrase".to_owned(), phrase.into());
        }
        body.insert("message".to_owned(), self.message.clone().into());
        let package = if self.code.is_some() { PACKAGE } else { OUR_PACKAGE };
        body.insert("exception".to_owned(), format!("{package}{}", self.class).into());
        if !self.properties.is_empty() {
            body.insert("properties".to_owned(), self.properties.clone().into());
        }
        Value::Object(body)
    }
}

impl fmt::Display for ErrorReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl ResponseError for ErrorReply {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = reply::json(self.status, &self.body());
        let header = match (self.status, &self.header) {
            (StatusCode::UNAUTHORIZED, Some(realm)) => {
                Some((WWW_AUTHENTICATE, format!("Basic realm=\"{}\"", realm.replace(['"', '\\'], ""))))
            }
            (StatusCode::METHOD_NOT_ALLOWED, Some(allow)) => Some((ALLOW, allow.clone())),
            _ => None,
        };
        if let Some((name, text)) = header
            && let Ok(value) = HeaderValue::try_from(text)
        {
            response.headers_mut().insert(name, value);
        }
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

//= guide: error catalogue and message templates
impl From<Refusal> for ErrorReply {
    #[expect(
        clippy::too_many_lines,
        reason = "a table of templates: one match, so that the compiler keeps it complete"
    )]
    fn from(refusal: Refusal) -> Self {
        let (entry, message, properties) = match refusal {
            Refusal::NumberAlreadyBooked { max_queued } => (
                &ALREADY_BOOKED,
                format!(
                    "There is already {max_queued} or more Callbacks QUEUED for this number, please refer to _enable_in_queue_checking for detail."
                ),
                json!({"max_queued": max_queued}),
            ),
            Refusal::ThrottledByService { service } => (
                &THROTTLED_SERVICE,
                format!("Limit of queued callbacks for {service} is reached."),
                json!({"service": service}),
            ),
            Refusal::ThrottledByInterval { service, interval_secs } => (
                &THROTTLED_INTERVAL,
                format!("Limit of queued callbacks for {service} is reached for interval {interval_secs}s."),
                json!({"service": service, "interval": interval_secs}),
            ),
            Refusal::ThrottledByParameter { service, parameter, attempts } => (
                &THROTTLED_PARAMETER,
                format!(
                    "Limit of queued callbacks for {service} is reached for parameter {parameter}. Reached {attempts} times today."
                ),
                json!({"service": service, "parameter": parameter, "attempts": attempts}),
            ),
            Refusal::LookupKeysMissing { id, keys } => (
                &BAD_PARAMETER,
                format!("Callback {id} does not contain the mandatory customer lookup keys {keys}"),
                json!({"id": id, "keys": keys}),
            ),
            Refusal::DesiredTimeInPast {
                id,
                past_limit_secs,
                offset_secs,
                future_limit_secs,
                epoch_secs,
            } => (
                &BAD_PARAMETER,
                format!(
                    "Callback {id} contains _desired_time property in the past (-{past_limit_secs}s < {offset_secs}s < {future_limit_secs}s) - epoch {epoch_secs}s"
                ),
                json!({"id": id}),
            ),
            Refusal::DesiredTimeTooFar { past_limit_secs, offset_secs, future_limit_secs, epoch_secs } => (
                &BAD_PARAMETER,
                format!(
                    "Callback request contains _desired_time property too far in future (-{past_limit_secs}s < {offset_secs}s < {future_limit_secs}s) - epoch {epoch_secs}s"
                ),
                Value::Null,
            ),
            Refusal::OptionMissing { option } => (
                &BAD_PARAMETER,
                format!("Cannot create service, missing mandatory callback option {option}"),
                json!({"option": option}),
            ),
            Refusal::OptionEmpty { option } => (
                &BAD_PARAMETER,
                format!("Cannot create service, empty mandatory callback option {option}"),
                json!({"option": option}),
            ),
            Refusal::LookupImpossible { properties } => (
                &BAD_PARAMETER,
                format!("No such lookup possible for {properties}"),
                json!({"properties": properties}),
            ),
            Refusal::LookupEmpty => {
                (&BAD_PARAMETER, "No lookup possible. No properties to look for.".to_owned(), Value::Null)
            }
            Refusal::BadParameter { text } => (&BAD_PARAMETER, text, Value::Null),
            Refusal::CopyNotCompleted { id } => (
                &INVALID_OPERATION,
                format!(
                    "Request cannot be processed because callback {id} to copy is not COMPLETED. Check parameter _copy_from_id"
                ),
                json!({"id": id}),
            ),
            Refusal::NotCancellable { id, state } => (
                &INVALID_OPERATION,
                format!("Callback {id} cannot be cancelled or completed - _callback_state={state}"),
                json!({"id": id, "state": state.as_str()}),
            ),
            // The space at the end is the guide's.
            Refusal::CancelFailed { id, problem } => (
                &INVALID_OPERATION,
                format!(
                    "Callback {id} cannot be cancelled - unable to process ORS cancel request : {problem} "
                ),
                json!({"id": id, "message": problem}),
            ),
            Refusal::NoSession { id } => (
                &INVALID_OPERATION,
                format!(
                    "Callback {id} cannot be cancelled - No ORS session found. (_callback_state=QUEUED while _ors_session_id=null?)"
                ),
                json!({"id": id}),
            ),
            Refusal::AlreadyCompleted { id, service, time } => (
                &INVALID_OPERATION,
                format!("Rejecting update : {service}=[{id} @ {time}] - reached state COMPLETED"),
                json!({"id": id, "service": service, "time": time}),
            ),
            Refusal::BadFilter { filter } => (
                &INVALID_OPERATION,
                format!("Cannot process 'filter' parameter correctly : {filter}"),
                json!({"filter": filter}),
            ),
            Refusal::RangeTooWide { asked_secs, allowed_secs } => (
                &INVALID_OPERATION,
                format!(
                    "Query range spans too wide time range ({asked_secs} / {allowed_secs}). Adjust query parameters for time range."
                ),
                Value::Null,
            ),
            Refusal::CopyNotFound { id } => {
                (&NOT_FOUND, format!("Callback {id} to copy from cannot be found"), json!({"id": id}))
            }
            Refusal::NotFound { id } => {
                (&NOT_FOUND, format!("Callback {id} cannot be found"), json!({"id": id}))
            }
            Refusal::Number(number) => (&NUMBER_REJECTED, number_text(number).to_owned(), Value::Null),
            Refusal::NoSlot { service, slot } => (
                &SLOT_UNAVAILABLE,
                "No time slots available.".to_owned(),
                json!({"service": service, "slot": slot}),
            ),
            Refusal::SubmitFailed { id, max_attempts } => (
                &SUBMIT_RETRIES,
                format!("Callback {id} reached maximum attempts to submit to ORS reached ({max_attempts})"),
                json!({"id": id, "max-attempts": max_attempts}),
            ),
            Refusal::Configuration { text, service } => {
                (&BAD_CONFIGURATION, text, json!({"service": service}))
            }
            Refusal::FromSession { text } if text.is_empty() => {
                (&ORS_ERROR, "Invalid ORS response".to_owned(), Value::Null)
            }
            Refusal::FromSession { text } => (&ORS_ERROR, text, Value::Null),
            // The space at the end is the guide's.
            Refusal::Failed { message } => {
                (&UNKNOWN_ERROR, format!("Error processing callback {message} "), json!({"message": message}))
            }
            Refusal::NoInstance { .. } => {
                return Self::plain(StatusCode::NOT_FOUND, "SessionUnknown", refusal.to_string());
            }
            Refusal::NoMatch => return Self::plain(StatusCode::NOT_FOUND, "NoMatch", refusal.to_string()),
            Refusal::Unavailable { .. } => {
                return Self::plain(StatusCode::SERVICE_UNAVAILABLE, "Unavailable", refusal.to_string());
            }
        };
        Self::of(entry, message, properties)
    }
}

fn number_text(refusal: NumberRefusal) -> &'static str {
    match refusal {
        NumberRefusal::Invalid => {
            "Customer Number is not allowed, because it is invalid. Check option _disallow_impossible_phone_numbers"
        }
        NumberRefusal::Premium => {
            "Customer Number is not allowed, because it's a premium number. Check option _disallow_premium_phone_numbers"
        }
        NumberRefusal::Impossible => {
            "Customer Number is not allowed, because it failed validating. Check option _disallow_impossible_phone_numbers"
        }
        NumberRefusal::Exception => "Customer Number is not allowed. Check option _exceptions",
    }
}

impl From<BodyError> for ErrorReply {
    fn from(error: BodyError) -> Self {
        let text = error.to_string();
        match error {
            BodyError::TooLarge { .. } => Self::plain(StatusCode::PAYLOAD_TOO_LARGE, "BodyTooLarge", text),
            BodyError::TooSlow { .. } => Self::plain(StatusCode::REQUEST_TIMEOUT, "BodyTooSlow", text),
            BodyError::Unsupported { .. } => {
                Self::plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", text)
            }
            BodyError::Malformed { .. } | BodyError::Name { .. } => Self::bad_parameter(text),
            BodyError::Broken { .. } => Self::refused(text),
        }
    }
}

impl ResponseError for BodyError {
    fn status_code(&self) -> StatusCode {
        ErrorReply::from(self.clone()).status
    }

    fn error_response(&self) -> HttpResponse {
        ErrorReply::from(self.clone()).error_response()
    }
}

impl From<AgentError> for ErrorReply {
    fn from(error: AgentError) -> Self {
        let (status, class) = match &error {
            AgentError::Unknown(_) => (StatusCode::NOT_FOUND, "AgentUnknown"),
            AgentError::NotNow { .. } => (StatusCode::CONFLICT, "AgentNotNow"),
            AgentError::Desk(_) => (StatusCode::CONFLICT, "DeskTaken"),
            AgentError::Invalid(_) => (StatusCode::BAD_REQUEST, "AgentInvalid"),
            AgentError::Busy => (StatusCode::SERVICE_UNAVAILABLE, "RouterBusy"),
            AgentError::Failed(_) => (StatusCode::INTERNAL_SERVER_ERROR, "AgentNotKept"),
        };
        Self::plain(status, class, error.to_string())
    }
}

#[cfg(test)]
mod tests;
