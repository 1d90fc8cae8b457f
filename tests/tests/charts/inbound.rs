//! Inbound calls: matched with a waiting callback, or offered one.

use serde_json::{Value, json};

use super::platform::{CUSTOMER, Platform, START, merged, scenario_with};

const MATCH: &str = "session:fetch http://127.0.0.1:8080/genesys/1/service/match-interaction";
const URI: &str = "http://127.0.0.1:8080/genesys/1/service/callback/loans";

fn parameters(more: Value) -> Value {
    let parameters = json!({
        "app_selected_agent_group": "Loans", "app_find_agent_timeout": 300, "app_virtual_queue": "VQ_Inbound",
    });
    merged(parameters, more)
}

fn arrives(p: &mut Platform) -> &mut Platform {
    p.call_is("INBOUND1");
    p.event("interaction.present", json!({ "interactionid": "INBOUND1", "focusdeviceid": "9001", "ani": CUSTOMER, "dnis": "+12025550111" }))
}

fn fetched(p: &mut Platform, content: Value) -> &mut Platform {
    let request = p.request_of("fetch");
    p.event("session.fetch.done", json!({ "requestid": request, "content": content.to_string() }))
}

fn fetch_fails<'a>(p: &'a mut Platform, error: &str) -> &'a mut Platform {
    let request = p.request_of("fetch");
    p.event("error.session.fetch", json!({ "requestid": request, "error": error }))
}

fn collected<'a>(p: &'a mut Platform, digits: &str) -> &'a mut Platform {
    let request = p.request_of("playandcollect");
    p.event(
        "dialog.playandcollect.done",
        json!({ "requestid": request, "interactionid": "INBOUND1", "digits": digits }),
    )
}

fn given_away(p: &mut Platform) -> &mut Platform {
    let request = p.request_of("associate");
    p.event("interaction.associate.done", json!({ "requestid": request, "interactionid": "INBOUND1" }))
}

#[track_caller]
fn is_over(p: &Platform) {
    assert!(!p.is_running());
}

#[test]
fn n1_a_call_is_matched_by_the_number_that_was_called() {
    //= guide: inbound document
    //= type=test
    scenario_with("inbound.scxml", json!({}), parameters(json!({})), |p| {
        arrives(p).does(&[MATCH]);
        assert_eq!(Value::Object(p.last("fetch").params), json!({ "_access_number": "+12025550111" }));
        fetched(p, json!({ "_id": "301-9", "_data_id": "301-9", "_ors_session_id": "CALLBACK" }))
            .does(&["ixn:associate"]);
        assert_eq!(p.last("associate").attributes["sessionid"], json!("CALLBACK"));
        given_away(p).does(&[]);
        is_over(p);
    });
}

#[test]
fn n2_code_and_number_of_the_caller_are_used_if_required() {
    let required = json!({ "require_access_code": "true", "require_ani": true });
    scenario_with("inbound.scxml", json!({}), parameters(required), |p| {
        arrives(p).does(&["dialog:playandcollect enter_access_code.wav"]);
        collected(p, "731942").does(&[MATCH]);
        let fields =
            json!({ "_access_number": "+12025550111", "_access_code": "731942", "_phone_number": CUSTOMER });
        assert_eq!(Value::Object(p.last("fetch").params), fields);
    });
}

#[test]
fn n3_a_call_without_a_match_goes_to_the_group() {
    let with_treatment = json!({ "treatment_for_no_match": "no_match.wav" });
    scenario_with("inbound.scxml", json!({}), parameters(with_treatment), |p| {
        arrives(p);
        fetch_fails(p, "protocol.404").does(&["dialog:playsound no_match.wav"]);
        p.after(4).played().does(&["dialog:playsound next_customer_rep.wav", "queue:submit"]);
        assert_eq!(p.last_targets(), "Loans@.GA");
        let hints = p.last("submit").attributes["hints"].clone();
        assert_eq!(hints["routable"], json!(true));
        assert_eq!(hints["age"], json!(START));
        p.agent_found("7001").does(&["dialog:stop", "ixn:redirect 7001"]);
        p.agent_declines("7001");
        p.does(&["queue:release 7001", "dialog:playsound next_customer_rep.wav", "queue:submit"]);
        p.agent_found("7002").agent_answers("7002").does(&[]);
        is_over(p);
    });
}

#[test]
fn a_callback_that_ended_meanwhile_is_no_match() {
    scenario_with("inbound.scxml", json!({}), parameters(json!({})), |p| {
        arrives(p);
        fetched(p, json!({ "_id": "301-9", "_ors_session_id": "CALLBACK" }));
        let request = p.request_of("associate");
        p.event(
            "error.interaction.associate",
            json!({ "requestid": request, "interactionid": "INBOUND1", "error": "unknown" }),
        );
        p.does_among("queue:submit");
    });
    scenario_with("inbound.scxml", json!({}), parameters(json!({})), |p| {
        arrives(p);
        fetched(p, json!({ "_id": "301-9" })).does_among("queue:submit");
    });
}

#[test]
fn without_an_agent_in_time_the_call_ends() {
    scenario_with("inbound.scxml", json!({}), parameters(json!({})), |p| {
        arrives(p);
        fetch_fails(p, "protocol.404");
        p.after(300).does(&["queue:cancel", "ixn:terminate"]);
        is_over(p);
    });
}

#[test]
fn a_caller_who_hangs_up_ends_the_session() {
    for chart in ["inbound.scxml", "classic_inbound.scxml"] {
        scenario_with(chart, json!({}), parameters(json!({})), |p| {
            arrives(p);
            if chart == "inbound.scxml" {
                fetch_fails(p, "protocol.404");
            }
            p.released_by("customer").does(&["queue:cancel"]);
            is_over(p);
        });
    }
}

fn offering() -> Value {
    parameters(json!({ "app_gms_offer_callback": true, "app_gms_service_uri": URI }))
}

#[test]
fn i1_a_long_wait_is_offered_a_callback() {
    //= guide: IVR Classic
    //= type=test
    scenario_with("classic_inbound.scxml", json!({}), offering(), |p| {
        arrives(p).does(&["queue:submit"]);
        assert_eq!(p.last("submit").attributes["hints"]["routable"], json!(false));
        p.queue_says(600, 11).does(&["dialog:playandcollect offer_callback.wav"]);
        p.after(7);
        let start = format!("session:fetch {URI}");
        collected(p, "1").does(&[start.as_str()]);
        assert_eq!(
            Value::Object(p.last("fetch").params),
            json!({
                "_customer_number": CUSTOMER, "_originating_interaction_id": "INBOUND1", "_cb_origination_ixn_id": "INBOUND1",
                "_cb_t_callback_offered": START, "_cb_d_callback_offer": 7, "_cb_t_callback_accepted": START + 7,
                "_cb_ewt_when_callback_was_offered": 600, "_cb_pos_when_callback_was_offered": 11, "_cb_dim_channel": "IVR",
                "_cb_dim_callback_offer_type": "WAIT_FOR_AGENT", "_urs_call_interaction_age": START,
            })
        );
        fetched(p, json!({ "_id": "301-5", "_text": "…" })).does(&["ixn:redirect _STOP_"]);
        let redirect = p.last("redirect").attributes;
        assert_eq!(redirect["type"], json!(7));
        assert_eq!(redirect["hints"], json!({ "reasons": { "ReasonSystemName": "Callback" } }));
        assert_eq!(p.last("attach").attributes["udata"]["_CB_SERVICE_ID"], json!("301-5"));
        let request = p.request_of("redirect");
        p.event("interaction.redirect.done", json!({ "requestid": request, "interactionid": "INBOUND1" }))
            .does(&["queue:cancel"]);
        is_over(p);
    });
}

#[test]
fn i2_a_short_or_unknown_wait_is_not_offered_one() {
    //= decision: D-075
    //= type=test
    for answer in [json!({ "ewt": 60, "position": 1 }), json!({ "position": 1 }), json!({ "ewt": null })] {
        scenario_with("classic_inbound.scxml", json!({}), offering(), |p| {
            arrives(p);
            let mut data = answer.clone();
            data["requestid"] = json!(p.request_of("submit"));
            p.event("queue.query.done", data);
            p.does(&["queue:cancel", "dialog:playsound next_customer_rep.wav", "queue:submit"]);
            assert_eq!(p.last("submit").attributes["hints"]["routable"], json!(true));
        });
    }
    scenario_with("classic_inbound.scxml", json!({}), offering(), |p| {
        arrives(p);
        p.after(2).does_among("queue:submit");
    });
}

#[test]
fn who_declines_the_offer_waits_from_the_time_of_arrival() {
    for digits in ["2", ""] {
        scenario_with("classic_inbound.scxml", json!({}), offering(), |p| {
            arrives(p);
            p.queue_says(600, 11);
            p.after(15);
            collected(p, digits).does(&[
                "queue:cancel",
                "dialog:playsound next_customer_rep.wav",
                "queue:submit",
            ]);
            assert_eq!(p.last("submit").attributes["hints"]["age"], json!(START));
            assert_eq!(p.last("attach").attributes["udata"]["_CB_N_CALLBACK_ACCEPTED"], json!(0));
        });
    }
}

#[test]
fn a_refused_start_routes_the_caller_normally() {
    //= decision: D-075
    //= type=test
    for error in ["protocol.429", "protocol.400", "timeout"] {
        scenario_with("classic_inbound.scxml", json!({}), offering(), |p| {
            arrives(p);
            p.queue_says(600, 11);
            collected(p, "1");
            fetch_fails(p, error).does_among("queue:submit");
        });
    }
}

#[test]
fn the_call_itself_is_handed_to_a_user_originated_service() {
    scenario_with("classic_inbound.scxml", json!({}), offering(), |p| {
        arrives(p);
        p.queue_says(600, 11);
        collected(p, "1");
        fetched(p, json!({ "_id": "301-5", "_action": "DialNumber", "_access_number": "+12025550112" }))
            .does(&[MATCH]);
        fetched(p, json!({ "_id": "301-5", "_ors_session_id": "CALLBACK" })).does(&["ixn:associate"]);
        given_away(p).does(&["queue:cancel"]);
        is_over(p);
    });
}

#[test]
fn without_an_offer_the_caller_waits_at_once() {
    scenario_with("classic_inbound.scxml", json!({}), parameters(json!({})), |p| {
        arrives(p).does(&["dialog:playsound next_customer_rep.wav", "queue:submit"]);
    });
    // Nobody can be called back without a number.
    scenario_with("classic_inbound.scxml", json!({}), offering(), |p| {
        p.call_is("INBOUND1");
        p.event(
            "interaction.present",
            json!({ "interactionid": "INBOUND1", "ani": "", "dnis": "+12025550111" }),
        );
        p.does_among("queue:submit");
        assert!(p.seen("query").is_empty());
    });
}
