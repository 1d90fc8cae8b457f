use actix_web::ResponseError as _;
use engine::api::{AgentError, SessionError};
use engine::{NumberRefusal, Refusal};
use serde_json::{Value, json};
use vocabulary::{CallbackId, CallbackState, ServiceName};

use super::ErrorReply;
use crate::body::BodyError;

fn id() -> CallbackId {
    CallbackId::new("301-0c1d")
}

fn service() -> ServiceName {
    ServiceName::new("billing-now")
}

/// Status, code, phrase, class without package.
type Line = (u16, u32, &'static str, &'static str);

#[track_caller]
fn check(refusal: Refusal, (status, code, phrase, class): Line, message: &str, properties: Value) {
    let reply = ErrorReply::from(refusal);
    let mut expected = json!({
        "code": code, "phrase": phrase, "message": message,
        "exception": format!("com.genesyslab.gsg.services.callback.{class}"),
    });
    if !properties.is_null() {
        expected["properties"] = properties;
    }
    assert_eq!(reply.body(), expected);
    assert_eq!(reply.status_code().as_u16(), status);
}

#[test]
fn throttles_are_429() {
    check(
        Refusal::NumberAlreadyBooked { max_queued: 1 },
        (429, 40001, "NUMBER_ALREADY_BOOKED", "CallbackExceptionAlreadyBooked"),
        "There is already 1 or more Callbacks QUEUED for this number, please refer to _enable_in_queue_checking for detail.",
        json!({"max_queued": 1}),
    );
    check(
        Refusal::ThrottledByService { service: service() },
        (429, 40002, "THROTTLE_SERVICE_LIMIT", "CallbackExceptionThrottled"),
        "Limit of queued callbacks for billing-now is reached.",
        json!({"service": "billing-now"}),
    );
    check(
        Refusal::ThrottledByInterval { service: service(), interval_secs: 300 },
        (429, 40003, "THROTTLE_SERVICE_INTERVAL_LIMIT", "CallbackExceptionThrottled"),
        "Limit of queued callbacks for billing-now is reached for interval 300s.",
        json!({"service": "billing-now", "interval": 300}),
    );
    check(
        Refusal::ThrottledByParameter {
            service: service(),
            parameter: "_customer_number".to_owned(),
            attempts: 6,
        },
        (429, 40004, "THROTTLE_SERVICE_PARAMETER_LIMIT", "CallbackExceptionThrottled"),
        "Limit of queued callbacks for billing-now is reached for parameter _customer_number. Reached 6 times today.",
        json!({"service": "billing-now", "parameter": "_customer_number", "attempts": 6}),
    );
}

#[track_caller]
fn check_bad_parameter(refusal: Refusal, message: &str, properties: Value) {
    check(refusal, (400, 40010, "BAD_PARAMETER", "CallbackExceptionBadParameter"), message, properties);
}

#[test]
fn bad_parameters_are_40010() {
    check_bad_parameter(
        Refusal::LookupKeysMissing { id: id(), keys: "_customer_number".to_owned() },
        "Callback 301-0c1d does not contain the mandatory customer lookup keys _customer_number",
        json!({"id": "301-0c1d", "keys": "_customer_number"}),
    );
    check_bad_parameter(
        Refusal::DesiredTimeInPast {
            id: id(),
            past_limit_secs: 120,
            offset_secs: -300,
            future_limit_secs: 2_678_400,
            epoch_secs: 1_935_388_800,
        },
        "Callback 301-0c1d contains _desired_time property in the past (-120s < -300s < 2678400s) - epoch 1935388800s",
        json!({"id": "301-0c1d"}),
    );
    check_bad_parameter(
        Refusal::DesiredTimeTooFar {
            past_limit_secs: 120,
            offset_secs: 9_000_000,
            future_limit_secs: 2_678_400,
            epoch_secs: 1_935_388_800,
        },
        "Callback request contains _desired_time property too far in future (-120s < 9000000s < 2678400s) - epoch 1935388800s",
        Value::Null,
    );
    check_bad_parameter(
        Refusal::OptionMissing { option: "_target".to_owned() },
        "Cannot create service, missing mandatory callback option _target",
        json!({"option": "_target"}),
    );
    check_bad_parameter(
        Refusal::OptionEmpty { option: "_target".to_owned() },
        "Cannot create service, empty mandatory callback option _target",
        json!({"option": "_target"}),
    );
    check_bad_parameter(
        Refusal::LookupImpossible { properties: "colour".to_owned() },
        "No such lookup possible for colour",
        json!({"properties": "colour"}),
    );
    check_bad_parameter(Refusal::LookupEmpty, "No lookup possible. No properties to look for.", Value::Null);
    check_bad_parameter(Refusal::BadParameter { text: "any text".to_owned() }, "any text", Value::Null);
}

#[track_caller]
fn check_operation(refusal: Refusal, message: &str, properties: Value) {
    check(
        refusal,
        (400, 40020, "INVALID_OPERATION", "CallbackExceptionInvalidOperation"),
        message,
        properties,
    );
}

#[test]
fn invalid_operations_are_40020() {
    check_operation(
        Refusal::CopyNotCompleted { id: id() },
        "Request cannot be processed because callback 301-0c1d to copy is not COMPLETED. Check parameter _copy_from_id",
        json!({"id": "301-0c1d"}),
    );
    check_operation(
        Refusal::NotCancellable { id: id(), state: CallbackState::Completed },
        "Callback 301-0c1d cannot be cancelled or completed - _callback_state=COMPLETED",
        json!({"id": "301-0c1d", "state": "COMPLETED"}),
    );
    check_operation(
        Refusal::CancelFailed { id: id(), problem: "no answer".to_owned() },
        "Callback 301-0c1d cannot be cancelled - unable to process ORS cancel request : no answer ",
        json!({"id": "301-0c1d", "message": "no answer"}),
    );
    check_operation(
        Refusal::NoSession { id: id() },
        "Callback 301-0c1d cannot be cancelled - No ORS session found. (_callback_state=QUEUED while _ors_session_id=null?)",
        json!({"id": "301-0c1d"}),
    );
    check_operation(
        Refusal::AlreadyCompleted {
            id: id(),
            service: service(),
            time: "2031-05-06T14:10:00.000Z".to_owned(),
        },
        "Rejecting update : billing-now=[301-0c1d @ 2031-05-06T14:10:00.000Z] - reached state COMPLETED",
        json!({"id": "301-0c1d", "service": "billing-now", "time": "2031-05-06T14:10:00.000Z"}),
    );
    check_operation(
        Refusal::BadFilter { filter: "_callback_state=WAITING".to_owned() },
        "Cannot process 'filter' parameter correctly : _callback_state=WAITING",
        json!({"filter": "_callback_state=WAITING"}),
    );
    check_operation(
        Refusal::RangeTooWide { asked_secs: 4_000_000, allowed_secs: 3_888_000 },
        "Query range spans too wide time range (4000000 / 3888000). Adjust query parameters for time range.",
        Value::Null,
    );
}

#[test]
fn callbacks_that_are_not_there_are_40030_with_status_400() {
    for (refusal, message) in [
        (Refusal::CopyNotFound { id: id() }, "Callback 301-0c1d to copy from cannot be found"),
        (Refusal::NotFound { id: id() }, "Callback 301-0c1d cannot be found"),
    ] {
        check(
            refusal,
            (400, 40030, "CALLBACK_NOT_FOUND", "CallbackExceptionNotFound"),
            message,
            json!({"id": "301-0c1d"}),
        );
    }
}

#[test]
fn refused_numbers_are_40040() {
    for (refusal, message) in [
        (
            NumberRefusal::Invalid,
            "Customer Number is not allowed, because it is invalid. Check option _disallow_impossible_phone_numbers",
        ),
        (
            NumberRefusal::Premium,
            "Customer Number is not allowed, because it's a premium number. Check option _disallow_premium_phone_numbers",
        ),
        (
            NumberRefusal::Impossible,
            "Customer Number is not allowed, because it failed validating. Check option _disallow_impossible_phone_numbers",
        ),
        (NumberRefusal::Exception, "Customer Number is not allowed. Check option _exceptions"),
    ] {
        check(
            Refusal::Number(refusal),
            (400, 40040, "NUMBER_REJECTED", "CallbackExceptionNumber"),
            message,
            Value::Null,
        );
    }
}

#[test]
fn a_slot_that_is_not_there_is_40050() {
    let slot = "[2031-05-06T14:10:00.000Z, 2031-05-06T14:15:00.000Z]";
    check(
        Refusal::NoSlot { service: service(), slot: slot.to_owned() },
        (400, 40050, "SLOT_UNAVAILABLE", "CallbackExceptionAvailability"),
        "No time slots available.",
        json!({"service": "billing-now", "slot": slot}),
    );
}

#[test]
fn failures_of_the_platform_are_500() {
    check(
        Refusal::SubmitFailed { id: id(), max_attempts: 3 },
        (500, 50006, "ORS_MAX_SUBMIT_RETRIES", "CallbackExceptionMaxORSSubmitAttempts"),
        "Callback 301-0c1d reached maximum attempts to submit to ORS reached (3)",
        json!({"id": "301-0c1d", "max-attempts": 3}),
    );
    check(
        Refusal::Configuration {
            text: "Service undefined: nosuch".to_owned(),
            service: ServiceName::new("nosuch"),
        },
        (500, 50020, "BAD_CONFIGURATION", "CallbackExceptionConfiguration"),
        "Service undefined: nosuch",
        json!({"service": "nosuch"}),
    );
    for (text, message) in [("", "Invalid ORS response"), ("the chart said no", "the chart said no")] {
        check(
            Refusal::FromSession { text: text.to_owned() },
            (500, 50030, "ORS_ERROR", "CallbackExceptionFromORS"),
            message,
            Value::Null,
        );
    }
    check(
        Refusal::Failed { message: "disk full".to_owned() },
        (500, 50050, "UNKNOWN_ERROR", "CallbackExceptionUnknown"),
        "Error processing callback disk full ",
        json!({"message": "disk full"}),
    );
}

#[track_caller]
fn check_plain(reply: &ErrorReply, status: u16) {
    assert_eq!(reply.status_code().as_u16(), status, "{reply}");
    let body = reply.body();
    let keys: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["exception", "message"], "{reply}");
}

#[test]
fn errors_that_the_guide_gives_no_code_have_message_and_exception() {
    check_plain(&Refusal::NoInstance { id: "301-0c1d".to_owned() }.into(), 404);
    check_plain(&Refusal::NoMatch.into(), 404);
    check_plain(&Refusal::Unavailable { problem: "draining".to_owned() }.into(), 503);
    check_plain(&ErrorReply::unauthorized("Calls"), 401);
    check_plain(&ErrorReply::foreign_origin("https://elsewhere.example"), 403);
    check_plain(&ErrorReply::no_such_path("/x"), 404);
    check_plain(&ErrorReply::method_not_allowed("PUT", "/x", "GET, HEAD"), 405);
    check_plain(&ErrorReply::from(AgentError::Unknown("A9".to_owned())), 404);
    let not_now = AgentError::NotNow {
        agent: "A1".to_owned(),
        status: "ready".to_owned(),
        command: "answer".to_owned(),
    };
    check_plain(&not_now.into(), 409);
}

#[test]
fn sessions_that_have_ended_are_410_for_charts_and_404_for_instances() {
    for (error, orchestration, instance) in [
        (SessionError::Unknown("S1".to_owned()), 404, 404),
        (SessionError::Reserved("callback.cancel".to_owned()), 404, 404),
        (SessionError::Ended("S1".to_owned()), 410, 404),
        (SessionError::NoAnswer("S1".to_owned()), 504, 504),
        (SessionError::Refused("no chart".to_owned()), 400, 400),
        (SessionError::Busy("S1".to_owned()), 503, 503),
        (SessionError::Failed("disk full".to_owned()), 500, 500),
    ] {
        check_plain(&ErrorReply::of_session(&error), orchestration);
        check_plain(&ErrorReply::of_instance(&error), instance);
    }
}

#[test]
fn bodies_that_cannot_be_read_say_why() {
    check_plain(&BodyError::TooLarge { limit: 10 }.into(), 413);
    check_plain(&BodyError::TooSlow { limit_secs: 30 }.into(), 408);
    check_plain(&BodyError::Unsupported { content_type: "text/plain".to_owned() }.into(), 415);
    check_plain(&BodyError::Broken { problem: "closed".to_owned() }.into(), 400);
    let name = ErrorReply::from(BodyError::Name { name: "a.b".to_owned() });
    assert_eq!(name.body()["code"], json!(40010));
    assert!(name.to_string().contains("`a.b`"));
    let malformed = BodyError::Malformed { form: "JSON", problem: "line 1".to_owned() };
    assert_eq!(ErrorReply::from(malformed).body()["code"], json!(40010));
}

#[test]
fn a_challenge_names_the_realm_and_an_overload_says_when_to_come_back() {
    let response = ErrorReply::unauthorized("A \"realm\"").error_response();
    assert_eq!(response.headers().get("www-authenticate").unwrap(), "Basic realm=\"A realm\"");
    let busy = ErrorReply::from(Refusal::Unavailable { problem: "draining".to_owned() }).error_response();
    assert_eq!(busy.headers().get("retry-after").unwrap(), "1");
}
