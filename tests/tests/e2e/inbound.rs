//! Incoming calls that may belong to a waiting callback (specification: scenarios §9, §11; tests O1 to O4, N1 to N4).

use scenarios::{Callback, Platform, Service, Setup};
use serde_json::{Value, json};

use crate::CUSTOMER;

/// First number of the pool.
const ACCESS: &str = "+12025550190";

/// The service that takes incoming calls.
fn inbound() -> Service {
    Service::empty()
        .with("_type", "ors")
        .with("_service", "inbound")
        .with("treatment_for_no_match", "no_match.wav")
        .with("app_virtual_queue", "VQ_Inbound")
        .with("app_selected_agent_group", "Support@StatServer.GA")
        .with("app_find_agent_timeout", 60)
}

async fn platform(inbound: Service, callback: Service) -> Platform {
    let setup = Setup::of("inbound", &inbound)
        .service("call-us", &callback)
        .switch("[switch.inbound]\n\"8001@SIP_Switch\" = \"inbound\"");
    Platform::start(setup).await
}

/// Starts a user-originated callback.
async fn booked(platform: &Platform, number: &str) -> Callback {
    platform.begin("call-us", &json!({ "_customer_number": number })).await
}

fn call(ani: &str, dnis: &str) -> Value {
    json!({ "ani": ani, "dnis": dnis })
}

//= scenarios: O1
//= type=test
#[tokio::test]
async fn a_caller_with_the_right_code_is_connected_for_the_callback() {
    let platform = platform(
        inbound().with("require_access_code", true),
        Service::originated().with("_provide_code", true),
    )
    .await;
    let callback = booked(&platform, CUSTOMER).await;
    let reply = &callback.reply;
    assert_eq!(reply["_action"], "DialNumber");
    let (number, code) = (reply["_access_number"].as_str().unwrap(), reply["_access_code"].as_str().unwrap());
    assert_eq!(code.len(), 6, "{reply}");
    assert!(reply["_expiration_time"].is_string());
    assert_eq!(platform.state(&callback).await, "QUEUED");

    let _id = platform.call_arrives(json!({"ani": CUSTOMER, "dnis": number, "digits": code})).await;
    platform.advance(4.0).await;
    assert_eq!(platform.state(&callback).await, "ROUTING");
    platform.agent_answers("7001").await;
    platform.advance(1.0).await;
    assert_eq!(platform.state(&callback).await, "PROCESSING");
    platform.hang_up(CUSTOMER).await;
    assert_eq!(platform.state(&callback).await, "COMPLETED/AGENT_CONNECTED");
    assert!(platform.dials().await.is_empty(), "the customer dialled");
    assert_eq!(platform.final_report(&callback).await["_CB_DIAL_1_RESULT"], "USERORIGINATED_CONNECTED");
}

//= scenarios: O2
//= type=test
#[tokio::test]
async fn a_caller_with_a_wrong_code_goes_to_the_group_and_may_try_again() {
    let platform = platform(
        inbound().with("require_access_code", true),
        Service::originated().with("_provide_code", true),
    )
    .await;
    let callback = booked(&platform, CUSTOMER).await;
    let reply = callback.reply.clone();
    let number = reply["_access_number"].as_str().unwrap();
    let _id = platform.call_arrives(json!({"ani": CUSTOMER, "dnis": number, "digits": "000"})).await;
    platform.advance(4.0).await;
    assert_eq!(platform.calls().await[0]["playing"], "no_match.wav");
    assert_eq!(platform.state(&callback).await, "QUEUED");
    platform.hang_up(CUSTOMER).await;
    let _id = platform
        .call_arrives(json!({"ani": CUSTOMER, "dnis": number, "digits": reply["_access_code"]}))
        .await;
    platform.advance(4.0).await;
    assert_eq!(platform.state(&callback).await, "ROUTING");
}

//= scenarios: O3
//= type=test
#[tokio::test]
async fn a_booking_that_is_not_used_ends_the_callback_and_frees_the_number() {
    let platform = platform(inbound(), Service::originated()).await;
    let callback = booked(&platform, CUSTOMER).await;
    platform.advance(31.0).await;
    assert_eq!(platform.state(&callback).await, "COMPLETED/FAIL_INBOUND_TIMEOUT");
    for number in ["+12025550124", "+12025550125"] {
        let again = booked(&platform, number).await;
        assert!(again.reply["_access_number"].is_string());
    }
}

//= scenarios: O4
//= type=test
#[tokio::test]
async fn a_pool_that_is_used_up_refuses_the_next_start() {
    let platform = platform(inbound(), Service::originated()).await;
    for number in [CUSTOMER, "+12025550124"] {
        let _booked = booked(&platform, number).await;
    }
    let refused = platform.ask("call-us", &json!({"_customer_number": "+12025550125"})).await;
    assert_eq!(refused.error(), (500, 50030), "{}", refused.text);
    let _id = platform.call_arrives(call(CUSTOMER, ACCESS)).await;
    let _booked = booked(&platform, "+12025550125").await;
}

//= scenarios: N1
//= type=test
#[tokio::test]
async fn the_number_called_is_enough_when_one_callback_has_it() {
    let platform = platform(inbound(), Service::originated()).await;
    let callback = booked(&platform, CUSTOMER).await;
    let number = callback.reply["_access_number"].as_str().unwrap().to_owned();
    let _id = platform.call_arrives(call("+12025550177", &number)).await;
    assert_eq!(platform.state(&callback).await, "ROUTING");
}

//= scenarios: N2
//= type=test
#[tokio::test]
async fn of_two_callbacks_on_one_number_the_code_decides() {
    let service = Service::originated().with("_provide_code", true).with("_resource_group", "ONE");
    let setup = Setup::of("inbound", &inbound().with("require_access_code", true))
        .service("call-us", &service)
        .switch("[switch.inbound]\n\"8001@SIP_Switch\" = \"inbound\"\n[list.GMS_Resources.ONE]\nnumbers = [\"+12025550192\"]");
    let platform = Platform::start(setup).await;
    let first = booked(&platform, CUSTOMER).await;
    let second = booked(&platform, "+12025550124").await;
    let code = second.reply["_access_code"].clone();
    let _id = platform
        .call_arrives(json!({"ani": "+12025550177", "dnis": second.reply["_access_number"], "digits": code}))
        .await;
    platform.advance(4.0).await;
    assert_eq!(platform.state(&first).await, "QUEUED");
    assert_eq!(platform.state(&second).await, "ROUTING");
}

#[tokio::test]
async fn a_cancelled_callback_gives_its_access_number_back_at_once() {
    let service = Service::originated().with("_resource_group", "ONE");
    let setup = Setup::of("inbound", &inbound())
        .service("call-us", &service)
        .switch("[list.GMS_Resources.ONE]\nnumbers = [\"+12025550192\"]");
    let platform = Platform::start(setup).await;
    let first = booked(&platform, CUSTOMER).await;
    let other = json!({ "_customer_number": "+12025550124" });
    assert_eq!(platform.ask("call-us", &other).await.status, 500, "the only number is taken");
    let _cancelled = platform.cancel(&first).await.ok();
    let second = platform.begin("call-us", &other).await;
    assert_eq!(second.reply["_access_number"], "+12025550192");
}

//= scenarios: N3
//= type=test
#[tokio::test]
async fn a_caller_whom_nobody_expects_goes_to_the_group() {
    let platform = platform(inbound(), Service::originated()).await;
    platform.agent_answers("7001").await;
    let _id = platform.call_arrives(call("+12025550177", "+12025550199")).await;
    assert_eq!(platform.calls().await[0]["playing"], "no_match.wav");
    platform.advance(6.0).await;
    let calls = platform.calls().await;
    assert_eq!((&calls[0]["phase"], &calls[0]["at"]), (&json!("talking"), &json!("7001")));
}

#[tokio::test]
async fn a_caller_for_whom_the_group_has_nobody_is_hung_up_on() {
    let platform = platform(inbound(), Service::originated()).await;
    let _id = platform.call_arrives(call("+12025550177", "+12025550199")).await;
    platform.advance(5.0 + 59.0).await;
    assert_eq!(platform.calls().await.len(), 1);
    platform.advance(2.0).await;
    assert!(platform.calls().await.is_empty());
}

//= scenarios: N4
//= type=test
#[tokio::test]
async fn a_booking_is_matched_once() {
    let platform = platform(inbound(), Service::originated().with("_provide_code", true)).await;
    let callback = booked(&platform, CUSTOMER).await;
    let (number, code) = (&callback.reply["_access_number"], &callback.reply["_access_code"]);
    let question = json!({"_access_number": number, "_access_code": code});
    let path = "/genesys/1/service/match-interaction";
    // Two calls at the same moment: one of them is somebody else.
    let (one, other) = tokio::join!(platform.post(path, &question), platform.post(path, &question));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 404], "{} {}", one.text, other.text);
    let found = if one.status.is_success() { one } else { other };
    assert_eq!(found.body["_id"], callback.id.as_str());
    assert_eq!(platform.post(path, &question).await.status, 404);
}

#[tokio::test]
async fn the_caller_decides_when_the_service_wants_so() {
    // Both have the same access number: only the caller's tells them apart.
    let service = Service::originated().with("_provide_code", true).with("_resource_group", "ONE");
    let setup = Setup::of("inbound", &inbound().with("require_ani", true)).service("call-us", &service).switch(
        "[switch.inbound]\n\"8001@SIP_Switch\" = \"inbound\"\n[list.GMS_Resources.ONE]\nnumbers = [\"+12025550192\"]",
    );
    let platform = Platform::start(setup).await;
    let first = booked(&platform, CUSTOMER).await;
    let second = booked(&platform, "+12025550124").await;
    let _id = platform.call_arrives(call("+12025550124", "+12025550192")).await;
    assert_eq!(platform.state(&second).await, "ROUTING");
    assert_eq!(platform.state(&first).await, "QUEUED");
}

#[tokio::test]
async fn a_caller_with_another_number_than_the_booked_one_is_not_the_customer() {
    let platform = platform(inbound().with("require_ani", true), Service::originated()).await;
    let callback = booked(&platform, CUSTOMER).await;
    let number = callback.reply["_access_number"].as_str().unwrap().to_owned();
    let _id = platform.call_arrives(call("+12025550177", &number)).await;
    assert_eq!(platform.state(&callback).await, "QUEUED");
    assert_eq!(platform.calls().await[0]["playing"], "no_match.wav");
}

#[tokio::test]
async fn a_code_that_nobody_typed_is_no_code() {
    let setup = inbound().with("require_access_code", true);
    let platform = platform(setup, Service::originated().with("_provide_code", true)).await;
    let callback = booked(&platform, CUSTOMER).await;
    let number = &callback.reply["_access_number"];
    let _id = platform.call_arrives(json!({"ani": CUSTOMER, "dnis": number, "digits": ""})).await;
    platform.advance(20.0).await;
    assert_eq!(platform.state(&callback).await, "QUEUED");
}

#[tokio::test]
async fn who_asks_for_access_again_gets_the_same_number_also_from_an_empty_pool() {
    let setup = Setup::of("inbound", &inbound())
        .service("call-us", &Service::originated().with("_resource_group", "ONE"))
        .switch("[list.GMS_Resources.ONE]\nnumbers = [\"+12025550192\"]");
    let platform = Platform::start(setup).await;
    let callback = booked(&platform, CUSTOMER).await;
    platform.advance(10.0).await;
    let again = platform.message(&callback, "connect", &json!({})).await.ok();
    assert_eq!(again["_access_number"], "+12025550192");
    assert!(again["_expiration_time"].as_str() > callback.reply["_expiration_time"].as_str(), "{again}");
    assert_eq!(platform.state(&callback).await, "QUEUED");
}
