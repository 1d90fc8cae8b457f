//! User-terminated immediate: tests U1 to U7 of the scenarios, and what else can happen on the way.

use serde_json::json;

use super::platform::{Platform, START, scenario, scenario_with};

const CALLBACK: &str = "callback.scxml";

/// What a connected customer makes the chart do.
const CONNECTED: &[&str] = &[
    "notify _cbe_on_dial_done",
    "notify _cbe_on_connect_treatment_start",
    "notify _cbe_on_customer_queued",
    "record ROUTING",
    "dialog:playsound next_customer_rep.wav",
    "queue:update {\"routable\":true}",
];
const TRANSFER: &[&str] =
    &["dialog:stop", "notify _cbe_on_target_found", "ixn:redirect 7001", "notify _cbe_on_route_to_agent"];

fn with_agent_ringing(p: &mut Platform) {
    p.answered(0).does(CONNECTED);
    p.agent_found("7001").does(TRANSFER);
}

#[test]
fn u1_a_customer_who_answers_is_connected_to_an_agent() {
    //= guide: User Terminated Immediate, order of the status notifications
    //= type=test
    scenario(CALLBACK, json!({}), |p| {
        p.does(&[
            "notify _cbe_on_service_create",
            "report",
            "notify _cbe_on_virtual_ixn_create",
            "queue:submit",
            "notify _cbe_on_dial_init",
            "ixn:createcall +12025550123",
        ]);
        p.answers().does(&[]);
        p.detected(0).does(CONNECTED);
        p.after(10).agent_found("7001").does(TRANSFER);
        p.agent_answers("7001").does(&["record PROCESSING"]);
        p.after(60).released_by("customer");
        p.ends("AGENT_CONNECTED", "COMPLETED.AGENT", "PERSON");
        assert_eq!(
            p.notified(),
            [
                "service_create",
                "virtual_ixn_create",
                "dial_init",
                "dial_done",
                "connect_treatment_start",
                "customer_queued",
                "target_found",
                "route_to_agent",
                "service_exit",
            ]
        );
    });
}

#[test]
fn the_entry_of_the_queue_is_not_routable_before_the_customer_is_up() {
    scenario(CALLBACK, json!({ "_urs_vq_priority": 7 }), |p| {
        let submit = p.last("submit");
        assert_eq!(submit.attributes["queue"], json!("VQ_Loans"));
        assert_eq!(submit.attributes["priority"], json!(7));
        assert_eq!(submit.attributes["route"], json!(false));
        assert_eq!(submit.attributes["timeout"], json!(14400));
        let hints = &submit.attributes["hints"];
        assert_eq!(hints["routable"], json!(false));
        assert_eq!(hints["notify"], json!(false));
        assert_eq!(hints["age"], json!(1_900_000_000));
        assert_eq!(hints["reserve"], json!(30));
    });
}

#[test]
fn the_dial_carries_the_options_of_the_service() {
    let options = json!({
        "_prefix_dial_out": "91", "_ixn_createcall_timeout": 20, "_call_timeguard_timeout": 6000,
        "_ixn_createcall_hints": "{\"extensions\":{\"CPNDigits\":\"12025550100\"}}",
    });
    scenario(CALLBACK, options, |p| {
        let dial = p.last("createcall").attributes;
        assert_eq!(dial["to"], json!("9112025550123"));
        assert_eq!(dial["from"], json!("9000@SIP_Switch"));
        assert_eq!(dial["type"], json!("predictive"));
        assert_eq!(dial["timeout"], json!(20));
        assert_eq!(
            dial["hints"]["extensions"],
            json!({ "call_timeguard_timeout": 6000, "CPNDigits": "12025550100" })
        );
        assert_eq!(dial["udata"]["topic"], json!("loan"));
        assert_eq!(dial["udata"]["_CB_SERVICE_ID"], json!("301-1"));
    });
}

#[test]
fn without_detection_an_answer_is_connected() {
    scenario(CALLBACK, json!({ "_cpd_enable": false }), |p| {
        assert_eq!(p.last("createcall").attributes["type"], json!("regular"));
        with_agent_ringing(p);
        p.agent_answers("7001").released_by("agent").ends("AGENT_CONNECTED", "COMPLETED.AGENT", "CONNECTED");
        assert_eq!(p.report()["_CB_DIAL_1_RESULT"], json!("CONNECTED"));
    });
}

#[test]
fn u2_busy_three_times_is_a_failure_to_reach_the_customer() {
    scenario(CALLBACK, json!({ "_max_dial_attempts": 3 }), |p| {
        for attempt in 1..=3 {
            p.dial_fails(6).does_among("notify _cbe_on_dial_done");
            let done = p
                .seen("notify")
                .into_iter()
                .rfind(|seen| seen.attributes["event"] == "_cbe_on_dial_done")
                .unwrap();
            assert_eq!(done.params["c_call_num_attempt"], json!(attempt));
            assert_eq!(done.params["c_call_result"], json!(6));
            if attempt < 3 {
                p.does(&["notify _cbe_on_dial_done", "record QUEUED"]);
                assert_eq!(p.last("update").params["is_snoozed"], json!(true));
                p.after(299).does(&[]);
                p.after(1).does(&["notify _cbe_on_dial_init", "ixn:createcall +12025550123"]);
            }
        }
        p.does_among("queue:cancel");
        p.ends("FAIL_CALL_TO_CUSTOMER", "COMPLETED.REDIAL_LIMIT_REACHED", "REDIAL_LIMIT_REACHED");
        let report = p.report();
        for attempt in 1..=3 {
            assert_eq!(report[&format!("_CB_DIAL_{attempt}_RESULT")], json!("BUSY"));
        }
    });
}

#[test]
fn u3_a_fax_ends_the_callback() {
    scenario(CALLBACK, json!({}), |p| {
        p.answered(17).does_among("ixn:terminate");
        p.ends("FAIL_FAX_REACHED", "COMPLETED.FAILED", "FAIL_FAX_REACHED");
        assert_eq!(p.report()["_CB_DIAL_1_RESULT"], json!("FAX"));
    });
    scenario(CALLBACK, json!({}), |p| {
        p.dial_fails(17).ends("FAIL_FAX_REACHED", "COMPLETED.FAILED", "FAIL_FAX_REACHED");
    });
}

#[test]
fn u4_without_an_agent_the_customer_is_told_so() {
    scenario(CALLBACK, json!({}), |p| {
        p.answered(0);
        p.after(3599).does(&[]);
        p.after(1).does(&["dialog:stop", "dialog:playsound all_agents_busy.wav", "queue:cancel"]);
        p.played().does_among("ixn:terminate");
        p.ends("FAIL_AGENT_CONNECT", "COMPLETED.FAILED", "PERSON");
        assert_eq!(p.report()["_CB_N_TIMEOUT_WHILE_WAITING_FOR_AGENT"], json!(1));
        assert_eq!(p.report()["_CB_D_CUSTOMER_CONNECTED_WAITING_FOR_AGENT"], json!(3600));
    });
}

#[test]
fn u5_a_customer_who_hangs_up_while_waiting_abandons() {
    scenario(CALLBACK, json!({}), |p| {
        p.answered(0);
        p.after(30).released_by("customer").does_among("queue:cancel");
        p.ends("ABANDONED_IN_QUEUE", "COMPLETED.ABANDONED_IN_QUEUE", "ABANDONED_IN_QUEUE");
        assert_eq!(p.report()["_CB_N_CUSTOMER_ABANDONED_WHILE_WAITING_FOR_AGENT"], json!(1));
        assert!(p.seen("terminate").is_empty(), "there is no call left to end");
    });
    scenario(CALLBACK, json!({}), |p| {
        with_agent_ringing(p);
        p.released_by("customer").does_among("queue:release 7001");
        p.ends("ABANDONED_IN_QUEUE", "COMPLETED.ABANDONED_IN_QUEUE", "ABANDONED_IN_QUEUE");
    });
}

#[test]
fn u6_silence_is_routed_and_tones_depend_on_the_number() {
    //= decision: D-002 silence is treated like a human answer
    //= decision: D-003 tones 11–13 end the callback, 14–16 are retried
    //= type=test
    scenario(CALLBACK, json!({}), |p| {
        p.answered(8).does(CONNECTED);
        p.agent_found("7001").agent_answers("7001").released_by("agent");
        p.ends("AGENT_CONNECTED", "COMPLETED.AGENT", "PERSON");
    });
    for tone in [14, 15, 16] {
        scenario(CALLBACK, json!({}), |p| {
            p.dial_fails(tone).does(&["notify _cbe_on_dial_done", "record QUEUED"]);
            p.after(300).does_among("ixn:createcall +12025550123");
        });
    }
    for tone in [11, 12, 13] {
        scenario(CALLBACK, json!({}), |p| {
            p.dial_fails(tone).ends("FAIL_CALL_TO_CUSTOMER", "COMPLETED.FAILED", "ERROR_TONE");
            assert_eq!(p.report()["_CB_DIAL_1_RESULT"], json!("ERROR_TONE"));
        });
    }
}

#[test]
fn u7_a_machine_gets_its_message_or_is_retried() {
    //= decision: D-021
    //= type=test
    scenario(CALLBACK, json!({}), |p| {
        p.answered(9).does(&["notify _cbe_on_dial_done", "dialog:playsound call_fail_ans_machine.wav"]);
        p.played().does_among("ixn:terminate");
        p.ends("AM_CONNECTED", "COMPLETED.CONNECTED", "ANSWERING_MACHINE");
    });
    let custom = json!({ "_treatment_call_failure_answering_machine": "{\"file\":\"sorry.wav\",\"hints\":{\"am-beep-detection\":\"on\"}}" });
    scenario(CALLBACK, custom, |p| {
        p.answered(9).does(&["notify _cbe_on_dial_done", "dialog:playsound sorry.wav"]);
        assert_eq!(p.last("playsound").attributes["hints"], json!({ "am-beep-detection": "on" }));
    });
    for none in ["{}", "{ }"] {
        scenario(CALLBACK, json!({ "_treatment_call_failure_answering_machine": none }), |p| {
            p.answered(9).does(&["notify _cbe_on_dial_done", "ixn:terminate", "record QUEUED"]);
        });
    }
    // The switch did not keep the machine on the line.
    scenario(CALLBACK, json!({}), |p| {
        p.dial_fails(9).does(&["notify _cbe_on_dial_done", "record QUEUED"]);
    });
}

#[test]
fn a_message_that_cannot_be_left_is_no_success() {
    scenario(CALLBACK, json!({}), |p| {
        p.answered(9);
        p.released_by("customer").does(&["record QUEUED"]);
    });
    scenario(CALLBACK, json!({}), |p| {
        p.answered(9);
        let treatment = p.request_of("playsound");
        p.event("error.dialog.playsound", json!({ "requestid": treatment, "error": "unknown" }));
        p.does(&["ixn:terminate", "record QUEUED"]);
    });
}

#[test]
fn a_greeting_is_played_before_the_customer_waits() {
    scenario(CALLBACK, json!({ "_treatment_customer_connect": "welcome.wav" }), |p| {
        p.answered(0).does(&[
            "notify _cbe_on_dial_done",
            "notify _cbe_on_connect_treatment_start",
            "dialog:playsound welcome.wav",
        ]);
        p.played().does(&[
            "notify _cbe_on_customer_queued",
            "record ROUTING",
            "dialog:playsound next_customer_rep.wav",
            "queue:update {\"routable\":true}",
        ]);
    });
    // Hanging up during the greeting counts as not reached.
    scenario(CALLBACK, json!({ "_treatment_customer_connect": "welcome.wav" }), |p| {
        p.answered(0).released_by("customer").does(&["record QUEUED"]);
    });
}

#[test]
fn an_agent_who_declines_is_not_asked_again() {
    //= decision: D-094
    //= type=test
    scenario(CALLBACK, json!({}), |p| {
        with_agent_ringing(p);
        p.agent_declines("7001").does(&[
            "queue:release 7001",
            "dialog:playsound next_customer_rep.wav",
            "queue:submit",
        ]);
        assert_eq!(p.last("submit").attributes["hints"]["exclude"], json!(["7001"]));
    });
}

#[test]
fn too_many_transfers_that_fail_end_the_callback() {
    scenario(CALLBACK, json!({ "_max_transfer_to_agent_attempts": 2 }), |p| {
        with_agent_ringing(p);
        p.agent_declines("7001").agent_found("7002").agent_declines("7002").does_among("ixn:terminate");
        p.ends("FAIL_AGENT_CONNECT", "COMPLETED.FAILED", "PERSON");
        assert_eq!(p.report()["_CB_N_TRANSFER_TO_AGENT_FAILED"], json!(2));
    });
}

#[test]
fn after_a_decline_the_next_agent_is_sought_after_the_configured_pause() {
    scenario(CALLBACK, json!({ "_agent_reject_retry_timeout": 5 }), |p| {
        with_agent_ringing(p);
        p.agent_declines("7001").does(&["queue:release 7001"]);
        p.after(5).does_among("queue:submit");
        let hints = p.last("submit").attributes["hints"].clone();
        assert_eq!(hints["exclude"], json!(["7001"]));
        assert_eq!(hints["routable"], json!(true));
        assert_eq!(hints["age"], json!(1_900_000_000), "the place of before");
        p.agent_found("7002").agent_answers("7002").does(&["record PROCESSING"]);
    });
}

#[test]
fn a_call_that_was_forwarded_to_an_overflow_queue_is_taken_back() {
    //= decision: D-071
    //= type=test
    scenario(CALLBACK, json!({}), |p| {
        with_agent_ringing(p);
        let hints = json!({ "callstate": 23, "cause": 7, "ccevent": 8 });
        p.event("interaction.partystatechanged", json!({ "interactionid": "CALL1", "partystate": "queued", "focusdeviceid": "7800", "hints": hints }));
        p.does_among("queue:submit");
    });
}

#[test]
fn a_transfer_without_evidence_is_presumed_successful_if_so_configured() {
    scenario(CALLBACK, json!({ "_agent_transfer_confirm_timeout": 8 }), |p| {
        with_agent_ringing(p);
        p.after(8).does(&["record PROCESSING"]);
    });
}

#[test]
fn a_transfer_to_another_switch_is_not_followed() {
    scenario(CALLBACK, json!({ "_ixn_redirect_confirm": false }), |p| {
        with_agent_ringing(p);
        assert_eq!(p.last("redirect").attributes["confirm"], json!(false));
        let redirect = p.request_of("redirect");
        p.event("interaction.redirect.done", json!({ "requestid": redirect, "interactionid": "CALL1" }));
        p.ends("AGENT_CONNECTED", "COMPLETED.AGENT", "PERSON");
    });
}

#[test]
fn without_following_the_callback_ends_on_delivery() {
    //= decision: D-016
    //= type=test
    scenario(CALLBACK, json!({ "_follow_call": false }), |p| {
        with_agent_ringing(p);
        p.agent_answers("7001").does(&[
            "notify _cbe_on_service_exit",
            "final report",
            "record COMPLETED/AGENT_CONNECTED",
        ]);
        p.ends("AGENT_CONNECTED", "COMPLETED.AGENT", "PERSON");
    });
    scenario(CALLBACK, json!({ "_follow_call_limit": 100 }), |p| {
        with_agent_ringing(p);
        p.agent_answers("7001").after(100).ends("AGENT_CONNECTED", "COMPLETED.AGENT", "PERSON");
        assert!(p.seen("terminate").is_empty(), "the conversation goes on");
    });
}

#[test]
fn no_target_in_time_ends_the_callback() {
    scenario(CALLBACK, json!({ "_urs_queued_ttl": 600 }), |p| {
        p.answered(0);
        p.after(600).does_among("ixn:terminate");
        p.ends("FAIL_TARGET_NOT_FOUND", "COMPLETED.FAILED", "UNKNOWN");
    });
}

#[test]
fn the_time_of_the_queue_also_runs_while_an_agent_declines() {
    scenario(CALLBACK, json!({ "_urs_queued_ttl": 600 }), |p| {
        with_agent_ringing(p);
        p.after(600).does(&[]);
        p.agent_declines("7001").ends("FAIL_TARGET_NOT_FOUND", "COMPLETED.FAILED", "UNKNOWN");
    });
}

#[test]
fn a_queue_that_refuses_ends_the_callback() {
    scenario(CALLBACK, json!({}), |p| {
        let request = p.request_of("submit");
        p.event("error.queue.submit", json!({ "requestid": request, "error": "invalidtarget" }));
        p.ends("FAIL_QUEUEING", "COMPLETED.FAILED", "UNKNOWN");
    });
}

#[test]
fn a_list_of_targets_is_the_queues_to_follow_and_goes_on_when_the_place_is_taken_anew() {
    let target = json!([
        { "target": "Gold@Stat.GA", "timeout": "20", "clear": false },
        { "target": "Silver@Stat.GA", "timeout": 40, "clear": false },
        { "target": "All@Stat.GA", "timeout": "60", "clear": true },
    ]);
    scenario(CALLBACK, json!({ "_target": target.to_string() }), |p| {
        assert!(p.last("submit").attributes["hints"].get("entered").is_none_or(serde_json::Value::is_null));
        with_agent_ringing(p);
        p.after(10);
        p.agent_declines("7001");
        let submit = p.last("submit");
        assert_eq!(submit.attributes["hints"]["entered"], json!(START), "it goes on where it was");
        assert_eq!(submit.attributes["timeout"], json!(14390));
        assert_eq!(p.last_targets(), target.to_string());
        p.event("error.queue.submit", json!({ "requestid": submit.request_id, "error": "timeout" }));
        p.ends("FAIL_TARGET_NOT_FOUND", "COMPLETED.FAILED", "UNKNOWN");
    });
}

#[test]
fn a_callback_without_a_number_or_for_another_medium_ends_at_once() {
    scenario_with(CALLBACK, json!({}), json!({ "_customer_number": "" }), |p| {
        p.ends("FAIL_NO_CUSTOMER_NUMBER", "COMPLETED.FAILED", "");
    });
    scenario(CALLBACK, json!({ "_media_type": "fax" }), |p| {
        p.ends("FAIL_INCORRECT_CONFIG_MEDIA_TYPE", "COMPLETED.FAILED", "FAIL");
    });
    scenario(CALLBACK, json!({ "_agent_preview": true }), |p| {
        p.does_among(
            "log callback.scxml is for voice, customer first: this service needs another chart: \"loans\"",
        );
        p.ends("FAIL_ERROR", "COMPLETED.FAILED", "FAIL");
    });
}

#[test]
fn no_dial_while_paused() {
    //= guide: pause list, before the dial
    //= type=test
    scenario_with(CALLBACK, json!({}), json!({ "_paused": true }), |p| {
        p.does_among("record PAUSED");
        assert!(p.seen("createcall").is_empty());
        p.event("callback.resumed", json!({ "key": "all" }));
        p.does(&["record QUEUED", "notify _cbe_on_dial_init", "ixn:createcall +12025550123"]);
    });
    scenario(CALLBACK, json!({}), |p| {
        // Between two dials it is paused at once, and stays so.
        p.dial_fails(6).event("callback.paused", json!({ "key": "all" })).does(&["record PAUSED"]);
        p.after(300).does(&["record PAUSED"]);
        p.event("callback.resumed", json!({ "key": "all" })).does_among("ixn:createcall +12025550123");
    });
}

#[test]
fn a_connected_customer_is_not_routed_while_paused() {
    scenario(CALLBACK, json!({}), |p| {
        p.answered(0);
        p.event("callback.paused", json!({ "key": "loans" }));
        p.does(&["record PAUSED", "queue:update {\"routable\":false}"]);
        // Chosen in the same moment: the agent is let go, the place is kept.
        p.agent_found("7001").does(&["queue:release 7001", "queue:submit"]);
        p.event("callback.resumed", json!({ "key": "loans" }));
        p.does(&["record ROUTING", "queue:update {\"routable\":true}"]);
        p.agent_found("7001").agent_answers("7001").does(&["record PROCESSING"]);
        p.event("callback.paused", json!({ "key": "all" })).does(&[]);
    });
}

#[test]
fn a_desired_time_that_is_still_far_is_waited_for() {
    let options = json!({ "_desired_connect_time_threshold": 180 });
    // 2030-03-17T17:46:40Z is the start of the scenario.
    scenario_with(CALLBACK, options.clone(), json!({ "_desired_time": "2030-03-17T17:56:40.000Z" }), |p| {
        assert!(p.seen("createcall").is_empty());
        p.after(419).does(&[]);
        p.after(1).does_among("ixn:createcall +12025550123");
    });
    scenario_with(CALLBACK, options, json!({ "_desired_time": "2030-03-17T17:48:40.000Z" }), |p| {
        p.does_among("ixn:createcall +12025550123");
    });
}

#[test]
fn an_unknown_outcome_counts_as_an_attempt_and_is_dialled_again() {
    //= decision: D-119
    //= type=test
    scenario(CALLBACK, json!({ "_max_dial_attempts": 2 }), |p| {
        p.event("session.restored", json!({}));
        p.dial_fails(28).does(&["notify _cbe_on_dial_done", "record QUEUED"]);
        p.after(300).does_among("ixn:createcall +12025550123");
        p.dial_fails(28).ends(
            "FAIL_CALL_TO_CUSTOMER",
            "COMPLETED.REDIAL_LIMIT_REACHED",
            "REDIAL_LIMIT_REACHED",
        );
        assert_eq!(p.report()["_CB_DIAL_1_RESULT"], json!("UNKNOWN"));
    });
}

#[test]
fn a_dial_that_is_never_answered_by_the_platform_is_given_up() {
    scenario(CALLBACK, json!({}), |p| {
        let dial = p.request_of("createcall");
        p.after(74).does(&["ixn:terminate", "notify _cbe_on_dial_done", "record QUEUED"]);
        assert_eq!(p.last("terminate").attributes["interactionid"], json!(dial));
        // The answer comes after all: nobody waits for this call.
        p.once("voice.createcall.done", json!({ "requestid": dial, "interactionid": "CALL1", "attempt": 1 }));
        p.does(&["ixn:terminate"]);
        assert_eq!(p.last("terminate").attributes["interactionid"], json!("CALL1"));
    });
}

#[test]
fn a_detection_that_gets_lost_means_human() {
    scenario(CALLBACK, json!({}), |p| {
        p.answers();
        p.after(74).does(CONNECTED);
    });
}

#[test]
fn a_customer_who_hangs_up_during_detection_is_called_again() {
    scenario(CALLBACK, json!({}), |p| {
        p.answers().released_by("customer").does(&["notify _cbe_on_dial_done", "record QUEUED"]);
    });
}

#[test]
fn a_call_that_a_restart_lost_is_made_again() {
    //= decision: D-079
    //= type=test
    scenario(CALLBACK, json!({}), |p| {
        p.answered(0);
        p.event("session.restored", json!({}));
        p.released_by("unknown").does(&["record QUEUED", "queue:update {\"routable\":false}"]);
        p.after(300).does_among("ixn:createcall +12025550123");
        p.answered(0).agent_found("7001").agent_answers("7001").released_by("agent");
        p.ends("AGENT_CONNECTED", "COMPLETED.AGENT", "PERSON");
    });
    // While an agent's phone rang.
    scenario(CALLBACK, json!({}), |p| {
        with_agent_ringing(p);
        p.released_by("unknown").does(&["record QUEUED", "queue:release 7001", "queue:submit"]);
        assert_eq!(p.last("submit").attributes["hints"]["routable"], json!(false));
    });
    // The same, after the word that the outcome of the transfer is unknown.
    scenario(CALLBACK, json!({}), |p| {
        with_agent_ringing(p);
        let redirect = p.request_of("redirect");
        p.event("session.restored", json!({}));
        p.event("error.interaction.redirect", json!({ "requestid": redirect, "error": "unknown" })).does(&[]);
        p.released_by("unknown").does(&["record QUEUED", "queue:release 7001", "queue:submit"]);
        assert_eq!(p.last("submit").attributes["hints"]["exclude"], json!([]), "the agent did not decline");
    });
    scenario(CALLBACK, json!({}), |p| {
        with_agent_ringing(p);
        let redirect = p.request_of("redirect");
        p.event("error.interaction.redirect", json!({ "requestid": redirect, "error": "unknown" }));
        p.after(5).does_among("queue:submit");
    });
    // A conversation that a restart ended was one.
    scenario(CALLBACK, json!({}), |p| {
        with_agent_ringing(p);
        p.agent_answers("7001").event("session.restored", json!({})).released_by("unknown");
        p.ends("AGENT_CONNECTED", "COMPLETED.AGENT", "PERSON");
    });
}

#[test]
fn a_call_that_the_agent_side_ended_is_no_abandon() {
    scenario(CALLBACK, json!({}), |p| {
        with_agent_ringing(p);
        p.released_by("agent").ends("FAIL_INTERACTION_DELETED", "COMPLETED.FAILED", "FAIL");
    });
}

#[test]
fn an_unplayable_waiting_treatment_is_skipped() {
    //= decision: D-080
    //= type=test
    scenario(CALLBACK, json!({}), |p| {
        p.answered(0);
        let treatment = p.request_of("playsound");
        p.event("error.dialog.playsound", json!({ "requestid": treatment, "error": "unknown" })).does(&[]);
        p.agent_found("7001").does(&TRANSFER[1..]);
    });
}
