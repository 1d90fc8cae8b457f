//! Cancel and expiry in every phase: what is let go, and how the callback ends.

use serde_json::{Value, json};

use super::platform::{Platform, scenario_with};

const CALLBACK: &str = "callback.scxml";

/// Phases of a callback: name, what its end lets go, and the dial result by then.
const PHASES: &[(&str, &[&str], &str)] = &[
    ("waiting for time to dial", &["queue:cancel"], "UNKNOWN"),
    ("waiting for the confirmation", &["queue:cancel"], "PUSH_DELIVERY_NOT_CONFIRMED"),
    ("paused before the dial", &["queue:cancel"], "UNKNOWN"),
    ("ringing", &["queue:cancel", "ixn:terminate"], "UNKNOWN"),
    ("detecting", &["queue:cancel", "ixn:terminate"], "UNKNOWN"),
    ("snoozing", &["queue:cancel"], "BUSY"),
    ("greeting", &["queue:cancel", "ixn:terminate"], "PERSON"),
    ("talking to a machine", &["queue:cancel", "ixn:terminate"], "ANSWERING_MACHINE"),
    ("asking the plugin", &["queue:cancel", "ixn:terminate"], "PERSON"),
    ("waiting on the line", &["queue:cancel", "ixn:terminate"], "PERSON"),
    ("paused on the line", &["queue:cancel", "ixn:terminate"], "PERSON"),
    ("transferring", &["queue:release 7001", "ixn:terminate"], "PERSON"),
    ("telling that nobody is there", &["ixn:terminate"], "PERSON"),
    ("talking", &[], "PERSON"),
];

/// Options of the service and further start parameters that a phase needs.
fn settings(phase: &str) -> (Value, Value) {
    let delayed = json!({ "_wait_for_agent": true, "_wait_for_user_confirm": true });
    let device = json!({ "_request": { "_device_notification_id": "device-1", "_device_os": "iOS" } });
    match phase {
        "waiting for time to dial" => (delayed, json!({})),
        "waiting for the confirmation" => (delayed, device),
        "paused before the dial" => (json!({}), json!({ "_paused": true })),
        "greeting" => (json!({ "_treatment_customer_connect": "welcome.wav" }), json!({})),
        "asking the plugin" => (json!({ "_plugin_on_dial_url": "http://127.0.0.1/p" }), json!({})),
        _ => (json!({}), json!({})),
    }
}

/// Brings a callback into a phase.
fn reach(phase: &str, p: &mut Platform) {
    match phase {
        "waiting for the confirmation" => p.time_to_dial(),
        "detecting" => p.answers(),
        "snoozing" => p.dial_fails(6),
        "greeting" | "asking the plugin" | "waiting on the line" => p.answered(0),
        "paused on the line" => p.answered(0).event("callback.paused", json!({ "key": "all" })),
        "talking to a machine" => p.answered(9),
        "transferring" => p.answered(0).agent_found("7001"),
        "telling that nobody is there" => p.answered(0).after(3600),
        "talking" => p.answered(0).agent_found("7001").agent_answers("7001"),
        _ => p,
    };
}

fn in_every_phase(event: &str, data: &Value, reason: &str, disposition: &str, dial_result: Option<&str>) {
    for (phase, lets_go, last_result) in PHASES {
        let (options, parameters) = settings(phase);
        scenario_with(CALLBACK, options, parameters, |p| {
            reach(phase, p);
            p.event(event, data.clone());
            let completed = format!("record COMPLETED/{reason}");
            let mut expected = lets_go.to_vec();
            expected.extend(["notify _cbe_on_service_exit", "final report", completed.as_str()]);
            p.does_while(phase, &expected);
            p.ends(reason, disposition, dial_result.unwrap_or(last_result));
        });
    }
}

#[test]
fn a_cancel_ends_every_phase() {
    //= decision: D-125 the final dial result stays what the last attempt gave
    //= decision: D-008 a conversation goes on
    //= type=test
    in_every_phase(
        "callback.cancel",
        &json!({ "reason": "CANCELLED" }),
        "CANCELLED",
        "COMPLETED.CANCELLED",
        None,
    );
}

#[test]
fn a_cancel_by_an_administrator_has_its_own_reason() {
    let by = json!({ "reason": "CANCELLED_BY_ADMIN" });
    in_every_phase("callback.cancel", &by, "CANCELLED_BY_ADMIN", "COMPLETED.CANCELLED", None);
}

#[test]
fn expiry_ends_every_phase() {
    in_every_phase("callback.expired", &json!({}), "FAIL_TIMEOUT_TTL", "COMPLETED.FAILED", Some("UNKNOWN"));
}

#[test]
fn a_plugin_that_is_a_chart_is_ended_with_the_callback() {
    scenario_with(CALLBACK, json!({ "_plugin_on_dial_url": "p.scxml" }), json!({}), |p| {
        p.answered(0);
        let start = p.request_of("start");
        p.event("session.start.done", json!({ "requestid": start, "sessionid": "PLUGIN" }));
        p.event("callback.cancel", json!({ "reason": "CANCELLED" }));
        p.does(&[
            "queue:cancel",
            "session:terminate",
            "ixn:terminate",
            "notify _cbe_on_service_exit",
            "final report",
            "record COMPLETED/CANCELLED",
        ]);
    });
}

#[test]
fn a_cancel_while_the_phone_rings_names_the_dial() {
    scenario_with(CALLBACK, json!({}), json!({}), |p| {
        let dial = p.request_of("createcall");
        p.event("callback.cancel", json!({ "reason": "CANCELLED" }));
        assert_eq!(p.last("terminate").attributes["interactionid"], json!(dial));
    });
}
