//! Cancel and expiry in every phase: what is let go, and how the callback ends.

use serde_json::{Value, json};

use super::platform::{Platform, scenario_with};

const CALLBACK: &str = "callback.scxml";

/// A phase of a callback: how to get there, what a cancel lets go, and the dial result by then.
struct Phase {
    name: &'static str,
    options: Value,
    parameters: Value,
    reach: fn(&mut Platform),
    lets_go: &'static [&'static str],
    dial_result: &'static str,
}

fn phases() -> Vec<Phase> {
    let device = json!({ "_request": { "_device_notification_id": "device-1", "_device_os": "iOS" } });
    let delayed = json!({ "_wait_for_agent": true, "_wait_for_user_confirm": true });
    let phase = |name, reach, lets_go, dial_result| Phase {
        name,
        options: json!({}),
        parameters: json!({}),
        reach,
        lets_go,
        dial_result,
    };
    vec![
        Phase {
            options: delayed.clone(),
            ..phase("waiting for time to dial", |_| {}, &["queue:cancel"], "UNKNOWN")
        },
        Phase {
            options: delayed,
            parameters: device,
            ..phase(
                "waiting for the confirmation",
                |p| {
                    p.time_to_dial();
                },
                &["queue:cancel"],
                "PUSH_DELIVERY_NOT_CONFIRMED",
            )
        },
        Phase {
            parameters: json!({ "_paused": true }),
            ..phase("paused before the dial", |_| {}, &["queue:cancel"], "UNKNOWN")
        },
        phase("ringing", |_| {}, &["queue:cancel", "ixn:terminate"], "UNKNOWN"),
        phase(
            "detecting",
            |p| {
                p.answers();
            },
            &["queue:cancel", "ixn:terminate"],
            "UNKNOWN",
        ),
        phase(
            "snoozing",
            |p| {
                p.dial_fails(6);
            },
            &["queue:cancel"],
            "BUSY",
        ),
        Phase {
            options: json!({ "_treatment_customer_connect": "welcome.wav" }),
            ..phase(
                "greeting",
                |p| {
                    p.answered(0);
                },
                &["queue:cancel", "ixn:terminate"],
                "PERSON",
            )
        },
        phase(
            "talking to a machine",
            |p| {
                p.answered(9);
            },
            &["queue:cancel", "ixn:terminate"],
            "ANSWERING_MACHINE",
        ),
        Phase {
            options: json!({ "_plugin_on_dial_url": "http://127.0.0.1/p" }),
            ..phase(
                "asking the plugin",
                |p| {
                    p.answered(0);
                },
                &["queue:cancel", "ixn:terminate"],
                "PERSON",
            )
        },
        phase(
            "waiting on the line",
            |p| {
                p.answered(0);
            },
            &["queue:cancel", "ixn:terminate"],
            "PERSON",
        ),
        phase(
            "transferring",
            |p| {
                p.answered(0).agent_found("7001");
            },
            &["queue:release 7001", "ixn:terminate"],
            "PERSON",
        ),
        phase(
            "talking",
            |p| {
                p.answered(0).agent_found("7001").agent_answers("7001");
            },
            &[],
            "PERSON",
        ),
    ]
}

fn in_every_phase(event: &str, data: &Value, reason: &str, disposition: &str, dial_result: Option<&str>) {
    for phase in phases() {
        scenario_with(CALLBACK, phase.options.clone(), phase.parameters.clone(), |p| {
            (phase.reach)(p);
            p.event(event, data.clone());
            let completed = format!("record COMPLETED/{reason}");
            let mut expected = phase.lets_go.to_vec();
            expected.extend(["notify _cbe_on_service_exit", "final report", completed.as_str()]);
            println!("{event} while {}", phase.name);
            p.does(&expected);
            p.ends(reason, disposition, dial_result.unwrap_or(phase.dial_result));
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
