//! Incoming calls that are offered a callback when the wait is long (specification: scenarios, "IVR Classic").

use scenarios::{Platform, Service, Setup};
use serde_json::{Value, json};

use crate::{CUSTOMER, UNTIL_ANSWERED};

/// Somebody else, who waits for a minute and so tells the queue how long it takes.
const OTHER: &str = "+12025550177";

/// A platform whose queue nobody has waited in.
async fn new_platform() -> Platform {
    let classic = Service::empty()
        .with("_type", "ors")
        .with("_service", "classic_inbound")
        .with("app_virtual_queue", "VQ_Callback")
        .with("app_selected_agent_group", "Support@StatServer.GA")
        .with("app_find_agent_timeout", 600)
        .with("app_gms_offer_callback", true)
        .with("app_gms_service_uri", "$_gms_external_base_url$genesys/1/service/callback/now")
        .with("app_offer_threshold", 30);
    let setup = Setup::of("classic", &classic)
        .service("now", &Service::immediate())
        .switch("[switch.inbound]\n\"8002@SIP_Switch\" = \"classic\"");
    Platform::start(setup).await
}

/// A platform whose queue has let its last caller wait for a minute.
async fn platform() -> Platform {
    let platform = new_platform().await;
    let _id = platform.call_arrives(call(OTHER, "")).await;
    platform.advance(60.0).await;
    platform.agent_answers("7001").await;
    platform.advance(1.0).await;
    platform.hang_up(OTHER).await;
    let _done = platform.agent_command("7001", "not-ready").await.ok();
    platform
}

fn call(ani: &str, digits: &str) -> Value {
    json!({"ani": ani, "dnis": "8002", "digits": digits})
}

#[tokio::test]
async fn a_caller_who_accepts_the_offer_is_called_back_with_the_place_of_the_call() {
    let platform = platform().await;
    let _id = platform.call_arrives(call(CUSTOMER, "1")).await;
    assert_eq!(platform.calls().await[0]["playing"], "offer_callback.wav");
    platform.advance(4.0).await;
    let found = platform.get("/genesys/1/service/callback/now?_customer_number=12025550123").await.ok();
    assert_eq!(found[0]["_callback_state"], "QUEUED", "{found}");
    let calls = platform.calls().await;
    assert_eq!(calls.len(), 1, "the incoming call is over: {calls:?}");
    assert_eq!(platform.dialled().await, [CUSTOMER]);

    platform.advance(UNTIL_ANSWERED).await;
    let id = found[0]["_id"].as_str().unwrap();
    let position = platform.get(&format!("/genesys/1/service/{id}/check-queue-position")).await.ok();
    assert_eq!(position["channel"], "IVR");
    assert_eq!(position["wt"], 10, "the wait began with the incoming call");
}

#[tokio::test]
async fn a_caller_who_declines_the_offer_waits_for_the_group() {
    let platform = platform().await;
    let _id = platform.call_arrives(call(CUSTOMER, "2")).await;
    platform.advance(4.0).await;
    assert_eq!(platform.calls().await[0]["playing"], "next_customer_rep.wav");
    platform.agent_answers("7001").await;
    platform.advance(1.0).await;
    assert_eq!(platform.calls().await[0]["phase"], "talking");
    assert!(platform.dials().await.is_empty());
}

//= decision: D-075 no offer when the wait is unknown
//= type=test
#[tokio::test]
async fn a_caller_whose_wait_nobody_can_estimate_is_offered_nothing() {
    let platform = new_platform().await;
    platform.agent_answers("7001").await;
    let _id = platform.call_arrives(call(CUSTOMER, "1")).await;
    platform.advance(4.0).await;
    let calls = platform.calls().await;
    assert_eq!(calls[0]["phase"], "talking", "{calls:?}");
}

#[tokio::test]
async fn a_caller_for_whom_an_agent_is_ready_is_offered_nothing_however_long_others_waited() {
    let platform = platform().await;
    platform.agent_answers("7001").await;
    let _id = platform.call_arrives(call(CUSTOMER, "1")).await;
    platform.advance(2.0).await;
    let calls = platform.calls().await;
    assert_eq!((&calls[0]["phase"], &calls[0]["at"]), (&json!("talking"), &json!("7001")), "{calls:?}");
    assert!(platform.dials().await.is_empty());
}
