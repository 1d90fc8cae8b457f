//! What clients may ask at any time.

use serde_json::json;

use super::platform::{START, scenario, scenario_with};

const CALLBACK: &str = "callback.scxml";

#[test]
fn the_start_request_of_an_immediate_callback_is_answered_with_a_dialog() {
    scenario(CALLBACK, json!({}), |p| {
        p.request("gms.start", json!({})).does(&["answer 200"]);
        let (_, reply) = p.answer();
        assert_eq!(reply["_dialog_id"], json!("0"));
        assert_eq!(reply["_action"], json!("ConfirmationDialog"));
        assert_eq!(reply["_ok_title"], json!("Ok"));
        assert_eq!(reply["_id"], json!("301-1"));
        assert!(reply["_text"].is_string());
        assert_eq!(p.last("response").attributes["requestid"], json!("REQUEST"));
    });
}

#[test]
fn older_clients_get_the_keys_of_the_api_table() {
    //= decision: D-005
    //= type=test
    scenario(CALLBACK, json!({ "_legacy_dialog_keys": true }), |p| {
        p.request("gms.start", json!({}));
        let (_, reply) = p.answer();
        let mut keys: Vec<&str> = reply.as_object().unwrap().keys().map(String::as_str).collect();
        keys.sort_unstable();
        assert_eq!(keys, ["Action", "ID", "OkTitle", "Text", "_id"]);
    });
}

#[test]
fn the_position_comes_from_the_queue() {
    //= guide: check-queue-position
    //= type=test
    let parameters =
        json!({ "_request": { "_cb_dim_channel": "WEB", "_cb_pos_when_callback_was_offered": 9 } });
    scenario_with(CALLBACK, json!({ "_wait_for_agent": true }), parameters, |p| {
        p.request("check-queue-position", json!({})).does(&[]);
        p.queue_says(80, 3).does(&["answer 200"]);
        let (_, answer) = p.answer();
        assert_eq!(answer["ewt"], json!(80));
        assert_eq!(answer["_eta"], json!(80));
        assert_eq!(answer["_position"], json!(3));
        assert_eq!(answer["_total_waiting"], json!(4));
        assert_eq!(answer["wt"], json!(2));
        assert_eq!(answer["agents_logged_in"], json!(2));
        assert_eq!(answer["callback_type"], json!("WAIT_FOR_AGENT"));
        assert_eq!(answer["channel"], json!("WEB"));
        assert_eq!(answer["pos_at_offer"], json!(9));
        assert_eq!(answer["dial_attempt"], json!(0));
        assert_eq!(answer["is_snoozed"], json!(false));
        assert_eq!(answer["ors_session_id"], json!("SESSION"));
        assert_eq!(answer["skill_expression"], json!("Loans@Stat.GA"));
        assert!(answer.get("dial_result").is_none(), "it does not apply yet");
    });
}

#[test]
fn two_who_ask_for_the_position_are_both_answered() {
    scenario(CALLBACK, json!({}), |p| {
        p.request("check-queue-position", json!({}));
        p.request("check-queue-position", json!({}));
        p.queue_says(80, 3).does(&["answer 200", "answer 200"]);
        p.queue_says(80, 3).does(&[]);
    });
}

#[test]
fn while_snoozed_the_position_tells_the_next_dial() {
    scenario(CALLBACK, json!({}), |p| {
        p.queue_says(50, 7);
        p.after(10).dial_fails(6);
        p.request("check-queue-position", json!({}));
        let request = p.request_of("submit");
        p.event("error.queue.query", json!({ "requestid": request, "error": "unknown" }))
            .does(&["answer 200"]);
        let (_, answer) = p.answer();
        assert_eq!(answer["is_snoozed"], json!(true));
        assert_eq!(answer["time_next_dial"], json!(START + 310));
        assert_eq!(answer["time_at_first_dial"], json!(START));
        assert_eq!(answer["dial_result"], json!("BUSY"));
        assert_eq!(answer["dial_attempt"], json!(1));
        assert_eq!(answer["ewt_at_first_dial"], json!("50"));
        assert_eq!(answer["pos_at_first_dial"], json!("7"));
    });
}

#[test]
fn without_a_place_in_the_queue_the_position_is_answered_at_once() {
    scenario(CALLBACK, json!({}), |p| {
        p.answered(0).agent_found("7001");
        p.request("check-queue-position", json!({})).does(&["answer 200"]);
        assert_eq!(p.answer().1["time_customer_connected"], json!(START));
    });
}

#[test]
fn who_asks_while_the_callback_ends_is_answered() {
    scenario(CALLBACK, json!({}), |p| {
        p.request("check-queue-position", json!({}));
        p.event("callback.cancel", json!({})).does_among("answer 200");
    });
}
