//! The on-dial plugin: tests G1 to G6 of the scenarios, both kinds of plugin, and replies that come wrong, twice or late.

use serde_json::{Value, json};

use super::platform::{CUSTOMER, merged, scenario, scenario_with};

const CALLBACK: &str = "callback.scxml";
const URL: &str = "http://127.0.0.1:9000/on-dial";
const ASKED: &str = "session:fetch http://127.0.0.1:9000/on-dial";

fn http(more: Value) -> Value {
    let options = json!({ "_plugin_on_dial_url": URL });
    merged(options, more)
}

#[test]
fn g1_a_plugin_routes_the_customer_to_an_agent() {
    scenario(CALLBACK, http(json!({})), |p| {
        p.answered(0).does(&["notify _cbe_on_dial_done", "notify _cbe_on_connect_treatment_start", ASKED]);
        let fetch = p.last("fetch");
        assert_eq!(fetch.attributes["method"], json!("post"));
        assert_eq!(fetch.attributes["enctype"], json!("application/json"));
        assert_eq!(
            Value::Object(fetch.params),
            json!({
                "_call_state": 0, "_interaction_id": "CALL1", "_customer_number": CUSTOMER, "_gms_service_id": "301-1",
                "_ors_service_id": "SESSION", "_user_data": { "topic": "loan" }, "_dial_attempt": 1, "_ttl": 120,
                "_reply_url": "http://127.0.0.1:8080/genesys/1/ors/scxml/session/SESSION/request/plugin.reply.1?key=secret",
            })
        );
        p.reply(1, json!({ "action": "route_to_agent", "message": "OK" }));
        p.does(&[
            "answer 200",
            "notify _cbe_on_customer_queued",
            "record ROUTING",
            "dialog:playsound next_customer_rep.wav",
            "queue:update {\"routable\":true}",
        ]);
        p.agent_found("7001").agent_answers("7001").released_by("customer");
        p.ends("AGENT_CONNECTED", "COMPLETED.AGENT", "PERSON");
        assert_eq!(p.report()["_CB_DIM_DIAL_DIALOG_RESULT"], json!("RIGHT_PERSON"));
    });
}

#[test]
fn g2_a_plugin_asks_for_another_number_after_a_pause() {
    scenario(CALLBACK, http(json!({})), |p| {
        p.dial_fails(7).does(&["notify _cbe_on_dial_done", ASKED]);
        let told = p.last("fetch").params;
        assert_eq!(told["_call_state"], json!(7));
        assert_eq!(told["_interaction_id"], json!("undefined"));
        assert_eq!(told["_dial_attempt"], json!(1));
        let reply =
            json!({ "action": "retry", "message": "Ok", "delay": "5", "customer_number": "12025550199" });
        p.reply(1, reply).does(&["answer 200", "record QUEUED"]);
        p.after(4).does(&[]);
        p.after(1).does(&["notify _cbe_on_dial_init", "ixn:createcall +12025550199"]);
    });
    scenario(CALLBACK, http(json!({ "_prefix_dial_out": "9" })), |p| {
        let reply = json!({ "action": "retry", "message": "Ok", "delay": 0, "customer_number": "+12025550199", "customer_number_prefix": "801" });
        p.dial_fails(6).reply(1, reply).does_among("ixn:createcall 80112025550199");
    });
}

#[test]
fn g3_a_silent_plugin_ends_the_callback() {
    //= decision: D-076
    //= type=test
    scenario(CALLBACK, http(json!({})), |p| {
        p.answered(0);
        // A plugin that takes long to answer the request may still reply.
        let fetch = p.request_of("fetch");
        p.event("error.session.fetch", json!({ "requestid": fetch, "error": "timeout" })).does(&[]);
        p.after(119).does(&[]);
        p.after(1).does_among("ixn:terminate");
        p.ends("FAIL_ERROR", "COMPLETED.FAILED", "FAIL");
    });
}

#[test]
fn g4_a_plugin_moves_the_call_elsewhere_with_its_place() {
    scenario(CALLBACK, http(json!({ "_urs_vq_priority": 12 })), |p| {
        p.answered(0).reply(1, json!({ "action": "route_to_rp", "message": "8001@SIP_Switch" }));
        p.does(&["answer 200", "ixn:redirect 8001@SIP_Switch"]);
        assert_eq!(
            p.last("attach").attributes["udata"],
            json!({ "GMS_URS_PRIORITY": "12", "RouterData70": "t=\"1900000000 0\"" })
        );
        let redirect = p.request_of("redirect");
        p.event("interaction.redirect.done", json!({ "requestid": redirect, "interactionid": "CALL1" }));
        p.ends("NOT_AVAILABLE", "COMPLETED.TRANSFERRED_TO_RP", "PERSON");
        assert!(p.seen("terminate").is_empty(), "the call goes on elsewhere");
    });
    scenario(CALLBACK, http(json!({})), |p| {
        p.answered(0).reply(1, json!({ "action": "route_to_rp", "message": "8001@SIP_Switch" }));
        let redirect = p.request_of("redirect");
        p.event(
            "error.interaction.redirect",
            json!({ "requestid": redirect, "error": "invaliddestination" }),
        );
        p.ends("FAIL_ERROR", "COMPLETED.FAILED", "FAIL");
    });
}

#[test]
fn g5_a_plugin_cancels_after_the_customer_hung_up() {
    scenario(CALLBACK, http(json!({})), |p| {
        p.answered(0).released_by("customer").does(&[]);
        p.reply(1, json!({ "action": "cancel", "message": "interaction_deleted" })).does_among("answer 200");
        p.ends("CANCELLED", "COMPLETED.CANCELLED", "CANCEL");
        assert!(p.seen("terminate").is_empty());
    });
}

#[test]
fn g6_a_retry_beyond_the_limit_cancels_the_request() {
    //= decision: D-076
    //= type=test
    let retry = json!({ "action": "retry", "message": "Ok" });
    scenario(CALLBACK, http(json!({ "_max_dial_attempts": 2 })), |p| {
        p.dial_fails(7).reply(1, retry.clone());
        p.after(300).dial_fails(7).reply(2, retry.clone());
        p.ends("CANCELLED", "COMPLETED.REDIAL_LIMIT_REACHED", "REDIAL_LIMIT_REACHED");
    });
    let failed_calls_stay_here =
        json!({ "_max_dial_attempts": 2, "_plugin_on_dial_invoke_on_call_failed": false });
    scenario(CALLBACK, http(failed_calls_stay_here), |p| {
        p.dial_fails(7).does(&["notify _cbe_on_dial_done", "record QUEUED"]);
        p.after(300).dial_fails(7);
        p.ends("FAIL_CALL_TO_CUSTOMER", "COMPLETED.REDIAL_LIMIT_REACHED", "REDIAL_LIMIT_REACHED");
    });
}

#[test]
fn a_plugin_decides_about_fax_machine_and_bad_number_too() {
    for state in [9, 17] {
        scenario(CALLBACK, http(json!({})), |p| {
            p.answered(state).does(&["notify _cbe_on_dial_done", ASKED]);
            assert_eq!(p.last("fetch").params["_interaction_id"], json!("CALL1"));
        });
    }
    scenario(CALLBACK, http(json!({})), |p| {
        p.dial_fails(12).does_among(ASKED);
    });
    // A machine that was routed to an agent is no person.
    scenario(CALLBACK, http(json!({})), |p| {
        p.answered(9).reply(1, json!({ "action": "route_to_agent", "message": "Ok" }));
        p.agent_found("7001").agent_answers("7001").released_by("agent");
        p.ends("AM_CONNECTED", "COMPLETED.CONNECTED", "ANSWERING_MACHINE");
    });
}

#[test]
fn a_plugin_is_not_asked_about_a_call_that_was_not_made() {
    for state in [3, 4, 28] {
        scenario(CALLBACK, http(json!({})), |p| {
            p.dial_fails(state).does(&["notify _cbe_on_dial_done", "record QUEUED"]);
        });
    }
}

#[test]
fn with_failed_calls_kept_from_the_plugin_fax_and_machine_take_the_usual_way() {
    let options = http(json!({ "_plugin_on_dial_invoke_on_call_failed": false }));
    scenario(CALLBACK, options.clone(), |p| {
        p.answered(17).ends("FAIL_FAX_REACHED", "COMPLETED.FAILED", "FAIL_FAX_REACHED");
    });
    scenario(CALLBACK, options.clone(), |p| {
        p.answered(9).does(&["notify _cbe_on_dial_done", "dialog:playsound call_fail_ans_machine.wav"]);
    });
    scenario(CALLBACK, options, |p| {
        p.answered(8).does_among(ASKED);
    });
}

#[test]
fn routing_without_a_call_is_a_retry() {
    for action in [
        json!({ "action": "route_to_agent", "message": "Ok" }),
        json!({ "action": "route_to_rp", "message": "8001" }),
    ] {
        scenario(CALLBACK, http(json!({})), |p| {
            p.dial_fails(6).reply(1, action.clone()).does(&["answer 200", "record QUEUED"]);
        });
    }
}

#[test]
fn a_malformed_reply_may_be_sent_again() {
    //= decision: D-076
    //= type=test
    let malformed = [
        json!({}),
        json!({ "action": "dance", "message": "Ok" }),
        json!({ "action": "retry" }),
        json!({ "action": "retry", "message": "later" }),
        json!({ "action": "route_to_agent", "message": "interaction_deleted" }),
        json!({ "action": "route_to_rp", "message": "ok" }),
        json!({ "action": "retry", "message": "Ok", "delay": "soon" }),
        json!({ "action": "retry", "message": "Ok", "delay": -1 }),
        json!({ "action": "retry", "message": "Ok", "customer_number": "call me" }),
    ];
    scenario(CALLBACK, http(json!({})), |p| {
        p.answered(0);
        for reply in &malformed {
            p.reply(1, reply.clone()).does(&["answer 400"]);
            assert!(p.answer().1["message"].is_string(), "{reply}");
        }
        p.reply(1, json!({ "action": "route_to_agent", "message": "Ok" })).does_among("record ROUTING");
    });
}

#[test]
fn a_repeated_reply_has_the_first_answer_and_no_effect_and_a_late_one_is_gone() {
    //= decision: D-076
    //= type=test
    scenario(CALLBACK, http(json!({})), |p| {
        p.reply(1, json!({ "action": "cancel", "message": "Ok" })).does(&["answer 410"]);
        p.dial_fails(7).reply(1, json!({ "action": "retry", "message": "Ok" }));
        let first = p.answer();
        p.reply(1, json!({ "action": "cancel", "message": "Ok" })).does(&["answer 200"]);
        assert_eq!(p.answer(), first);
        p.after(300).dial_fails(7);
        p.reply(1, json!({ "action": "cancel", "message": "Ok" })).does(&["answer 200"]);
        p.reply(3, json!({ "action": "cancel", "message": "Ok" })).does(&["answer 410"]);
        p.reply(2, json!({ "action": "cancel", "message": "Ok" })).ends(
            "CANCELLED",
            "COMPLETED.CANCELLED",
            "CANCEL",
        );
    });
}

#[test]
fn a_plugin_that_cannot_be_reached_ends_the_callback() {
    for error in ["refused", "protocol.404"] {
        scenario(CALLBACK, http(json!({})), |p| {
            p.answered(0);
            let fetch = p.request_of("fetch");
            p.event("error.session.fetch", json!({ "requestid": fetch, "error": error }));
            p.ends("FAIL_ERROR", "COMPLETED.FAILED", "FAIL");
        });
    }
}

#[test]
fn a_plugin_that_is_a_chart_gets_the_call_and_gives_it_back() {
    //= guide: _plugin_on_dial_associate_ixn
    //= type=test
    scenario(CALLBACK, json!({ "_plugin_on_dial_url": "my-plugin.scxml" }), |p| {
        p.answered(0).does_among("session:start my-plugin.scxml");
        let start = p.last("start");
        assert_eq!(start.params["_call_state"], json!(0));
        assert_eq!(start.params["_interaction_id"], json!("CALL1"));
        assert_eq!(start.params.len(), 9);
        p.event("session.start.done", json!({ "requestid": start.request_id, "sessionid": "PLUGIN" }));
        p.does(&["ixn:associate"]);
        assert_eq!(p.last("associate").attributes["sessionid"], json!("PLUGIN"));
        p.silently("interaction.notcontrolled", json!({ "interactionid": "CALL1" }));
        p.silently("interaction.added", json!({ "interactionid": "CALL1" }));
        p.silently("interaction.present", json!({ "interactionid": "CALL1" }));
        p.reply(1, json!({ "action": "route_to_agent", "message": "Ok" })).does_among("record ROUTING");
        p.event("done.session.PLUGIN", json!({})).does(&[]);
    });
    // The customer hung up while the plugin had the call: only the plugin knows.
    scenario(CALLBACK, json!({ "_plugin_on_dial_url": "my-plugin.scxml?v=2" }), |p| {
        p.answered(0);
        let start = p.request_of("start");
        p.event("session.start.done", json!({ "requestid": start, "sessionid": "PLUGIN" }));
        p.reply(1, json!({ "action": "retry", "message": "interaction_deleted" }))
            .does(&["answer 200", "record QUEUED"]);
    });
}

#[test]
fn without_a_call_a_chart_is_told_to_begin() {
    scenario(
        CALLBACK,
        json!({ "_plugin_on_dial_url": "http://127.0.0.1/p", "_plugin_on_dial_kind": "scxml" }),
        |p| {
            p.dial_fails(7);
            let start = p.request_of("start");
            p.event("session.start.done", json!({ "requestid": start, "sessionid": "PLUGIN" }));
            p.does(&["send plugin.start to #_scxml_PLUGIN"]);
        },
    );
    scenario(
        CALLBACK,
        json!({ "_plugin_on_dial_url": "p.scxml", "_plugin_on_dial_associate_ixn": false }),
        |p| {
            p.answered(0);
            let start = p.request_of("start");
            p.event("session.start.done", json!({ "requestid": start, "sessionid": "PLUGIN" }));
            p.does(&["send plugin.start to #_scxml_PLUGIN"]);
            assert_eq!(p.sent().1["interactionid"], json!("CALL1"));
        },
    );
}

#[test]
fn a_chart_that_dies_or_does_not_start_ends_the_callback() {
    scenario(CALLBACK, json!({ "_plugin_on_dial_url": "p.scxml" }), |p| {
        p.answered(0);
        let start = p.request_of("start");
        p.event("session.start.done", json!({ "requestid": start, "sessionid": "PLUGIN" }));
        p.event("done.session.OTHER", json!({})).does(&[]);
        p.event("done.session.PLUGIN", json!({})).ends("FAIL_ERROR", "COMPLETED.FAILED", "FAIL");
    });
    scenario(CALLBACK, json!({ "_plugin_on_dial_url": "p.scxml" }), |p| {
        p.answered(0);
        let start = p.request_of("start");
        p.event("error.session.start", json!({ "requestid": start, "error": "badfetch" }));
        p.ends("FAIL_ERROR", "COMPLETED.FAILED", "FAIL");
    });
}

#[test]
fn the_number_of_the_attempt_is_the_one_that_the_platform_gave() {
    //= decision: D-120
    //= type=test
    scenario_with(CALLBACK, http(json!({})), json!({}), |p| {
        let dial = p.request_of("createcall");
        p.event(
            "error.voice.createcall",
            json!({ "requestid": dial, "attempt": 4, "error": "busy", "hints": { "callstate": 6 } }),
        );
        assert_eq!(p.last("fetch").params["_dial_attempt"], json!(4));
        p.reply(4, json!({ "action": "cancel", "message": "Ok" })).ends(
            "CANCELLED",
            "COMPLETED.CANCELLED",
            "CANCEL",
        );
    });
}
