//! User-terminated delayed: tests D1 to D3 of the scenarios, and the dial that waits for its time again.

use serde_json::{Value, json};

use super::platform::{Platform, merged, scenario, scenario_with};

const CALLBACK: &str = "callback.scxml";

fn delayed(more: Value) -> Value {
    let options = json!({ "_wait_for_agent": true, "_wait_for_user_confirm": true });
    merged(options, more)
}

fn with_device(os: &str) -> Value {
    json!({ "_request": { "_device_notification_id": "device-1", "_device_os": os } })
}

fn start_request(p: &mut Platform) -> Value {
    p.request("gms.start", json!({})).does(&["answer 200"]);
    p.answer().1
}

#[test]
fn d1_the_customer_confirms_and_is_called() {
    //= guide: User Terminated Delayed
    //= type=test
    scenario_with(CALLBACK, delayed(json!({})), with_device("android"), |p| {
        p.does(&[
            "notify _cbe_on_service_create",
            "report",
            "notify _cbe_on_virtual_ixn_create",
            "queue:submit",
        ]);
        assert_eq!(p.last("submit").attributes["hints"]["notify"], json!(true));
        let reply = start_request(p);
        assert!(reply["_text"].is_string());
        assert!(reply.get("_action").is_none());

        p.after(100).time_to_dial().does(&["push"]);
        assert_eq!(Value::Object(p.last("push").params), json!({ "_id": "301-1", "_action": "connect" }));
        assert_eq!(p.last("update").attributes["disposition"], json!("QUEUED.PUSH_SEND"));
        let push = p.request_of("push");
        p.event("callback.push.done", json!({ "requestid": push })).does(&[]);

        p.after(5).request("connect", json!({}));
        p.does(&["answer 200", "notify _cbe_on_dial_init", "ixn:createcall +12025550123"]);
        let (_, dialog) = p.answer();
        assert_eq!(dialog["_action"], json!("ConfirmationDialog"));
        assert_eq!(dialog["_dialog_id"], json!("0"));
        assert_eq!(dialog["_ok_title"], json!("Ok"));
        assert_eq!(dialog["_id"], json!("301-1"));

        p.answered(0).agent_found("7001").agent_answers("7001").released_by("customer");
        p.ends("AGENT_CONNECTED", "COMPLETED.AGENT", "PERSON");
        let report = p.report();
        assert_eq!(report["_CB_DIAL_1_RESULT"], json!("PUSH_DELIVERY_CONFIRMED"));
        assert_eq!(report["_CB_DIAL_2_RESULT"], json!("PERSON"));
        assert_eq!(report["_CB_N_CALLBACK_MEDIA_ATTEMPTS"], json!(2));
    });
}

#[test]
fn d2_without_a_confirmation_the_customer_is_called_anyway() {
    scenario_with(CALLBACK, delayed(json!({})), with_device("iOS"), |p| {
        p.time_to_dial().does(&["push"]);
        p.after(30).does(&["push"]);
        p.after(30).does(&["push"]);
        p.after(29).does(&[]);
        p.after(1).does(&["notify _cbe_on_dial_init", "ixn:createcall +12025550123"]);
    });
}

#[test]
fn d3_without_a_confirmation_the_callback_ends_if_so_configured() {
    scenario_with(
        CALLBACK,
        delayed(json!({ "_on_user_confirm_timeout": "CANCEL" })),
        with_device("iOS"),
        |p| {
            p.time_to_dial();
            p.after(90).ends("FAIL_USER_NO_CONFIRM", "COMPLETED.FAILED", "PUSH_DELIVERY_NOT_CONFIRMED");
            assert_eq!(p.seen("push").len(), 3);
        },
    );
}

#[test]
fn a_comet_client_gets_the_whole_dialog() {
    scenario_with(CALLBACK, delayed(json!({})), with_device("comet"), |p| {
        p.time_to_dial();
        assert_eq!(p.last("push").params["_action"], json!("ConfirmationDialog"));
    });
}

#[test]
fn a_push_that_cannot_be_sent_is_tried_again_when_the_time_is_over() {
    scenario_with(CALLBACK, delayed(json!({})), with_device("iOS"), |p| {
        p.time_to_dial();
        let push = p.request_of("push");
        p.event("error.callback.push", json!({ "requestid": push, "error": "gone" })).does(&[]);
        assert_eq!(p.last("update").attributes["disposition"], json!("QUEUED.PUSH_SEND_ERROR"));
        p.after(30).does(&["push"]);
        p.request("connect", json!({})).does_among("ixn:createcall +12025550123");
        p.event("callback.cancel", json!({}));
        assert_eq!(p.report()["_CB_DIAL_1_RESULT"], json!("PUSH_SEND_ERROR"));
    });
}

#[test]
fn without_a_device_nobody_is_asked() {
    //= decision: D-058
    //= type=test
    scenario(CALLBACK, delayed(json!({})), |p| {
        p.time_to_dial().does_among("ixn:createcall +12025550123");
    });
    scenario(CALLBACK, delayed(json!({ "_on_user_confirm_timeout": "CANCEL" })), |p| {
        p.time_to_dial().ends("FAIL_USER_NO_CONFIRM", "COMPLETED.FAILED", "PUSH_DELIVERY_NOT_CONFIRMED");
    });
}

#[test]
fn who_confirms_early_is_not_asked() {
    scenario_with(CALLBACK, delayed(json!({})), with_device("iOS"), |p| {
        p.request("connect", json!({})).does(&["answer 200"]);
        p.time_to_dial().does_among("ixn:createcall +12025550123");
    });
}

#[test]
fn without_confirmation_wanted_the_time_to_dial_is_enough() {
    scenario(CALLBACK, json!({ "_wait_for_agent": true }), |p| {
        p.time_to_dial().does(&["notify _cbe_on_dial_init", "ixn:createcall +12025550123"]);
    });
}

#[test]
fn a_redial_waits_for_its_time_again() {
    //= decision: D-070
    //= type=test
    scenario(CALLBACK, json!({ "_wait_for_agent": true }), |p| {
        p.time_to_dial().dial_fails(7).does_among("record QUEUED");
        // An announcement during the pause is not one for the next dial.
        p.time_to_dial().does(&[]);
        p.after(300).does(&["queue:update {\"notify\":true}"]);
        p.time_to_dial().does(&["notify _cbe_on_dial_init", "ixn:createcall +12025550123"]);
    });
}

#[test]
fn no_agent_in_time_ends_a_delayed_callback() {
    scenario(CALLBACK, json!({ "_wait_for_agent": true, "_urs_queued_ttl": 900 }), |p| {
        p.after(899).does(&[]);
        p.after(1).ends("FAIL_TARGET_NOT_FOUND", "COMPLETED.FAILED", "UNKNOWN");
        assert!(p.seen("createcall").is_empty());
    });
}

#[test]
fn the_longest_wait_can_make_it_call_without_an_agent() {
    scenario(CALLBACK, json!({ "_wait_for_agent": true, "_max_queue_wait": 120 }), |p| {
        p.after(120).does_among("ixn:createcall +12025550123");
    });
}

#[test]
fn estimates_of_the_first_and_the_last_dial_are_reported() {
    scenario(CALLBACK, json!({ "_wait_for_agent": true }), |p| {
        p.time_to_dial().queue_says(30, 2).dial_fails(6);
        p.after(300).time_to_dial().queue_says(10, 1);
        p.event("callback.cancel", json!({}));
        let report = p.report();
        assert_eq!(report["_CB_EWT_WHEN_READY_TO_START_MEDIA_IXN"], json!(30));
        assert_eq!(report["_CB_POS_WHEN_READY_TO_START_MEDIA_IXN"], json!(2));
        assert_eq!(report["_CB_EWT_WHEN_READY_TO_START_LAST_MEDIA_IXN"], json!(10));
        assert_eq!(report["_CB_POS_WHEN_READY_TO_START_LAST_MEDIA_IXN"], json!(1));
    });
}
