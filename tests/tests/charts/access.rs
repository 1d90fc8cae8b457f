//! User-originated: the customer dials an access number, and the inbound chart gives the call to the session.

use serde_json::{Value, json};

use super::platform::{CUSTOMER, Platform, merged, scenario, scenario_with};

const CALLBACK: &str = "callback.scxml";
const ACCESS: &str = "{\"_access_number\":\"+12025550111\",\"_access_code\":\"731942\",\"_expiration_time\":\"2030-03-17T17:47:10.000Z\"}";

fn originated(more: Value) -> Value {
    let options =
        json!({ "_call_direction": "USERORIGINATED", "_resource_group": "DNIS", "_provide_code": true });
    merged(options, more)
}

fn booked(p: &mut Platform) -> &mut Platform {
    let request = p.request_of("fetch");
    p.event("session.fetch.done", json!({ "requestid": request, "content": ACCESS }))
}

fn call_arrives(p: &mut Platform) -> &mut Platform {
    p.call_is("INBOUND1");
    p.event("interaction.present", json!({ "interactionid": "INBOUND1", "focusdeviceid": "9001", "ani": CUSTOMER, "dnis": "+12025550111" }))
}

#[test]
fn o1_a_customer_dials_the_access_number_and_reaches_an_agent() {
    //= guide: User Originated Immediate
    //= type=test
    scenario(CALLBACK, originated(json!({})), |p| {
        p.does(&[
            "notify _cbe_on_service_create",
            "report",
            "session:fetch http://127.0.0.1:8080/genesys/1/service/request-access",
        ]);
        let fields = p.last("fetch").params;
        assert_eq!(fields["_id"], json!("301-1"));
        assert_eq!(fields["_resource_group"], json!("DNIS"));
        assert_eq!(fields["_phone_number"], json!(CUSTOMER));
        p.request("gms.start", json!({})).does(&[]);
        booked(p).does(&["answer 200"]);
        let (_, reply) = p.answer();
        assert_eq!(reply["_action"], json!("DialNumber"));
        assert_eq!(reply["_tel_url"], json!("tel:+12025550111,,731942#"));
        assert_eq!(reply["_access_number"], json!("+12025550111"));
        assert_eq!(reply["_id"], json!("301-1"));

        call_arrives(p).does(&[
            "notify _cbe_on_virtual_ixn_create",
            "queue:submit",
            "notify _cbe_on_customer_queued",
            "record ROUTING",
            "dialog:playsound next_customer_rep.wav",
            "queue:update {\"routable\":true}",
        ]);
        p.agent_found("7001").agent_answers("7001").does(&["record PROCESSING"]);
        p.released_by("customer").ends("AGENT_CONNECTED", "COMPLETED.AGENT", "USERORIGINATED_CONNECTED");
        assert_eq!(p.report()["_CB_DIM_CALL_DIRECTION"], json!("CUSTOMER_ORIGINATED"));
    });
}

#[test]
fn o3_without_a_call_the_booking_ends_the_callback() {
    scenario(CALLBACK, originated(json!({})), |p| {
        booked(p);
        p.request("gms.start", json!({})).does(&["answer 200"]);
        p.after(30).ends("FAIL_INBOUND_TIMEOUT", "COMPLETED.FAILED", "UNKNOWN");
    });
}

#[test]
fn o4_without_a_free_number_the_start_fails() {
    scenario(CALLBACK, originated(json!({})), |p| {
        p.request("gms.start", json!({}));
        let request = p.request_of("fetch");
        p.event("error.session.fetch", json!({ "requestid": request, "error": "protocol.500" }))
            .does_among("answer 500");
        p.ends("FAIL_ERROR", "COMPLETED.FAILED", "FAIL");
    });
}

#[test]
fn o5_a_delayed_one_gets_its_number_when_an_agent_is_near() {
    let device = json!({ "_request": { "_device_notification_id": "device-1", "_device_os": "iOS" } });
    let options = originated(json!({ "_wait_for_agent": true, "_wait_for_user_confirm": true }));
    scenario_with(CALLBACK, options.clone(), device.clone(), |p| {
        p.request("gms.start", json!({})).does(&["answer 200"]);
        p.time_to_dial().does(&["push"]);
        p.request("connect", json!({}))
            .does_among("session:fetch http://127.0.0.1:8080/genesys/1/service/request-access");
        booked(p).does(&["answer 200"]);
        // The customer may ask again, within the limit.
        p.request("connect", json!({}));
        booked(p).request("connect", json!({}));
        booked(p).request("connect", json!({})).does(&["answer 400"]);
        assert_eq!(p.answer().1["code"], json!(40020));
        call_arrives(p).does_among("record ROUTING");
        p.agent_found("7001").agent_answers("7001").released_by("agent");
        p.ends("AGENT_CONNECTED", "COMPLETED.AGENT", "USERORIGINATED_CONNECTED");
    });
    //= decision: D-074
    //= type=test
    scenario_with(CALLBACK, options, device, |p| {
        p.time_to_dial();
        p.after(90).ends("FAIL_USER_NO_CONFIRM", "COMPLETED.FAILED", "PUSH_DELIVERY_NOT_CONFIRMED");
    });
}

#[test]
fn an_own_call_that_is_lost_cannot_be_made_again() {
    scenario(CALLBACK, originated(json!({})), |p| {
        booked(p);
        call_arrives(p);
        p.released_by("unknown").ends("FAIL_INTERACTION_DELETED", "COMPLETED.FAILED", "FAIL");
    });
}
