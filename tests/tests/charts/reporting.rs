//! The two reports of a callback, the keys of the record, and the attributes of the notifications.

use serde_json::{Value, json};

use super::platform::{CUSTOMER, START, scenario, scenario_with};

const CALLBACK: &str = "callback.scxml";

#[test]
fn the_first_report_has_what_the_request_said() {
    //= guide: reporting KVPs, required keys and values of the requester
    //= type=test
    let parameters = json!({
        "_request": {
            "_cb_t_callback_offered": START - 60, "_cb_d_callback_offer": 12, "_cb_dim_channel": "IVR",
            "_cb_origination_ixn_id": "INBOUND1", "_device_os": "iOS",
        },
        "_requested_at": START - 30,
    });
    scenario_with(CALLBACK, json!({}), parameters, |p| {
        assert_eq!(p.seen("report").len(), 1);
        let report = p.report();
        assert_eq!(report["_CB_FINAL_RECORD"], json!(0));
        assert_eq!(report["_CB_SERVICE_ID"], json!("301-1"));
        assert_eq!(report["_CB_ORS_SESSION_ID"], json!("SESSION"));
        assert_eq!(report["_CB_T_SERVICE_START"], json!(START - 30));
        assert_eq!(report["_CB_N_CALLBACK_OFFERED"], json!(1));
        assert_eq!(report["_CB_T_CALLBACK_OFFERED"], json!(START - 60));
        assert_eq!(report["_CB_D_CALLBACK_OFFER"], json!(12));
        assert_eq!(report["_CB_DIM_CHANNEL"], json!("IVR"));
        assert_eq!(report["_CB_ORIGINATION_IXN_ID"], json!("INBOUND1"));
        assert_eq!(report["_CB_DIM_TYPE"], json!("IMMEDIATE"));
        assert_eq!(report["_CB_DIM_CALL_DIRECTION"], json!("CUSTOMER_TERMINATED"));
        assert_eq!(report["_CB_DIM_CONNECT_ORDER"], json!("CUSTOMER_FIRST"));
        assert_eq!(report["_CB_CUSTOMER_PHONE_NUMBER"], json!(CUSTOMER));
        assert_eq!(report["gms_ServiceStartAt"], json!((START * 1000).to_string()));
        assert_eq!(report["gms_AgentConnected"], json!(""));
        assert!(report.get("_DEVICE_OS").is_none());
    });
}

#[test]
fn a_scheduled_callback_starts_at_its_time_and_waits_from_its_start() {
    //= decision: D-057
    //= type=test
    let parameters = json!({ "_scheduled": true, "_requested_at": START - 86400, "_desired_time": "2030-03-17T17:48:00.000Z" });
    scenario_with(CALLBACK, json!({}), parameters, |p| {
        assert_eq!(p.report()["_CB_DIM_TYPE"], json!("SCHEDULED"));
        assert_eq!(p.report()["_CB_T_SERVICE_START"], json!(START + 80));
        assert_eq!(p.last("submit").attributes["hints"]["age"], json!(START));
    });
    // The age that a request brings along is kept.
    scenario(CALLBACK, json!({ "_urs_call_interaction_age": "1899999000" }), |p| {
        assert_eq!(p.last("submit").attributes["hints"]["age"], json!(1_899_999_000));
    });
}

#[test]
fn the_final_report_tells_the_course_of_the_callback() {
    let options = json!({ "_urs_vq_priority": 10, "_urs_vq_priority_increment": 5, "_urs_vq_priority_increment_interval": 60 });
    scenario(CALLBACK, options, |p| {
        p.dial_fails(6).after(300);
        p.after(8).answered(0);
        p.after(22).agent_found("7001").after(5).agent_answers("7001");
        p.after(100).released_by("customer").ends("AGENT_CONNECTED", "COMPLETED.AGENT", "PERSON");
        let report = p.report();
        let expected = json!({
            "_CB_DIAL_1_RESULT": "BUSY", "_CB_DIAL_2_RESULT": "PERSON", "_CB_T_DIAL_1": START, "_CB_T_DIAL_2": START + 300,
            "_CB_T_READY_TO_START_MEDIA_IXN": START, "_CB_T_LAST_DIAL_ATTEMPT": START + 300,
            "_CB_N_CALLBACK_MEDIA_ATTEMPTS": 2, "_CB_N_IS_SNOOZED": 1, "_CB_T_NEXT_REDIAL_ATTEMPT": START + 300,
            "_CB_T_CUSTOMER_CONNECTED": START + 308, "_CB_D_ESTABLISH_MEDIA_IXN": 8, "_CB_D_WAITING_FOR_AGENT_OFFLINE": 308,
            "_CB_PRIORITY_WHEN_CUSTOMER_CONNECTED": 35, "_CB_D_CUSTOMER_CONNECTED_WAITING_FOR_AGENT": 27,
            "_CB_PRIORITY_AT_THE_END_OF_ONLINE_WAIT": 35, "_CB_N_IXN_REQ_AGENT": 1, "_CB_N_AGENT_ADDED_TO_IXN": 1,
            "_CB_DIM_FINAL_TARGET": "Loans@Stat.GA", "_CB_DIM_VQ": "VQ_Loans", "_CB_T_SERVICE_END": START + 435,
            "_CB_DIM_FINAL_DIAL_RESULT": "PERSON", "_CB_DIM_DIAL_DIALOG_RESULT": "PERSON", "_CB_DISPOSITION": "COMPLETED.AGENT",
            "_CB_FIRST_OUT_IXN_ID": "CALL1", "_CB_LAST_OUT_IXN_ID": "CALL1", "_CB_FINAL_RECORD": 1, "gms_SessionEventSeq": 2,
            "gms_AgentConnected": ((START + 335) * 1000).to_string(), "gms_UserConnected": ((START + 308) * 1000).to_string(),
        });
        for (key, value) in expected.as_object().unwrap() {
            assert_eq!(report.get(key), Some(value), "{key}");
        }
    });
}

#[test]
fn attempts_after_the_fifth_appear_only_in_the_counters() {
    //= decision: D-081
    //= type=test
    scenario(CALLBACK, json!({ "_max_dial_attempts": 6, "_dial_retry_timeout": 1 }), |p| {
        for _ in 0..6 {
            p.dial_fails(7);
            if p.is_running() {
                p.after(1);
            }
        }
        let report = p.report();
        assert_eq!(report["_CB_N_CALLBACK_MEDIA_ATTEMPTS"], json!(6));
        assert!(report.contains_key("_CB_DIAL_5_RESULT"));
        assert!(!report.contains_key("_CB_DIAL_6_RESULT"));
    });
}

#[test]
fn notifications_carry_the_attributes_of_the_guide() {
    scenario(CALLBACK, json!({ "_vq_for_outbound_calls": "VQ_Out" }), |p| {
        p.answered(0).agent_found("7001").agent_answers("7001").released_by("agent");
        let seen = p.seen("notify");
        let of = |name: &str| {
            let event = json!(format!("_cbe_on_{name}"));
            Value::Object(seen.iter().find(|seen| seen.attributes["event"] == event).unwrap().params.clone())
        };
        assert_eq!(
            of("service_create"),
            json!({ "_customer_number": CUSTOMER, "_urs_virtual_queue": "VQ_Loans" })
        );
        assert_eq!(of("virtual_ixn_create"), json!({}));
        assert_eq!(of("dial_init"), json!({ "_customer_number": CUSTOMER, "c_dialed_number": CUSTOMER }));
        assert_eq!(
            of("dial_done"),
            json!({ "_customer_number": CUSTOMER, "c_dialed_number": CUSTOMER, "c_call_result": 0, "c_call_num_attempt": 1 })
        );
        let queued = json!({ "_vq_for_outbound_calls": "VQ_Out", "c_dialed_number": CUSTOMER });
        assert_eq!(of("connect_treatment_start"), queued);
        assert_eq!(of("customer_queued"), queued);
        assert_eq!(of("target_found")["c_target"]["dn"], json!("7001"));
        // Guide: c_agent_id is the id of the resource, which is the group.
        assert_eq!(of("target_found")["c_agent_id"], json!("Loans"));
        assert_eq!(
            of("route_to_agent"),
            json!({ "_urs_virtual_queue": "VQ_Loans", "c_agent_id": "Loans", "c_agent_extension": "7001" })
        );
        assert_eq!(
            of("service_exit"),
            json!({ "c_last_dialed_number": CUSTOMER, "_customer_number": CUSTOMER, "c_termination_type": "COMPLETED.AGENT" })
        );
    });
}

#[test]
fn user_data_is_attached_in_the_configured_form() {
    for (form, expected) in [
        (json!("separate_keys"), json!("loan")),
        (json!("single_json"), Value::Null),
        (json!("gms_storage_id"), Value::Null),
    ] {
        scenario(CALLBACK, json!({ "_attach_udata": form }), |p| {
            let data = p.last("createcall").attributes["udata"].clone();
            assert_eq!(data["topic"], expected);
            match form.as_str().unwrap() {
                "single_json" => assert_eq!(data["GMS_UserData"], json!("{\"topic\":\"loan\"}")),
                "gms_storage_id" => assert_eq!(data["GMS_UserData"], json!("301-1")),
                _ => assert!(data.get("GMS_UserData").is_none()),
            }
        });
    }
}
