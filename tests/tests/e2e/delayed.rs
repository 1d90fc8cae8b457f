//! User terminated, delayed (specification: scenarios §4, tests D1 to D4).

use scenarios::{Callback, Platform, Service, Setup};
use serde_json::{Value, json};

use crate::{CUSTOMER, UNTIL_ANSWERED, customer, outcome};

/// A request with a device to push to.
fn with_device() -> Value {
    json!({"_customer_number": CUSTOMER, "_device_os": "comet", "_device_notification_id": "dev-1"})
}

/// A platform with the service `later`, and a callback of it that waits for an agent.
async fn waiting(service: Service) -> (Platform, Callback) {
    let platform = Platform::start(Setup::of("later", &service)).await;
    let callback = platform.begin("later", &with_device()).await;
    platform.advance(60.0).await;
    assert_eq!(platform.state(&callback).await, "QUEUED");
    assert!(platform.dials().await.is_empty(), "nobody is dialled while no agent is near");
    (platform, callback)
}

//= scenarios: D1
//= type=test
#[tokio::test]
async fn a_customer_who_confirms_the_push_is_dialled_and_connected() {
    let (platform, callback) = waiting(Service::delayed()).await;
    assert!(callback.reply["_text"].is_string());
    assert!(callback.reply.get("_action").is_none(), "{}", callback.reply);

    platform.agent_answers("7001").await;
    let push = platform.pushes("dev-1").await.next().await;
    assert_eq!(push["_id"], callback.id.as_str());
    assert_eq!(push["_action"], "ConfirmationDialog", "a comet client gets the whole dialog");
    let agents = platform.get("/genesys/1/agents").await.ok();
    assert_eq!(agents[0]["reserved"], false, "the agent is kept only once the customer is on the line");
    assert!(platform.dials().await.is_empty());

    let confirmed = platform.message(&callback, "connect", &json!({})).await.ok();
    assert_eq!(confirmed["_action"], "ConfirmationDialog");
    assert_eq!(confirmed["_id"], callback.id.as_str());
    platform.advance(UNTIL_ANSWERED).await;
    assert_eq!(platform.state(&callback).await, "PROCESSING");
    platform.hang_up(CUSTOMER).await;
    assert_eq!(platform.state(&callback).await, "COMPLETED/AGENT_CONNECTED");
    let report = platform.final_report(&callback).await;
    assert_eq!(report["_CB_DIAL_1_RESULT"], "PUSH_DELIVERY_CONFIRMED");
    assert_eq!(report["_CB_DIAL_2_RESULT"], "PERSON");
}

//= scenarios: D2
//= type=test
#[tokio::test]
async fn a_customer_who_never_confirms_is_called_anyway_after_three_pushes() {
    let (platform, callback) = waiting(Service::delayed()).await;
    platform.agent_answers("7001").await;
    platform.advance(89.0).await;
    assert!(platform.dials().await.is_empty());
    platform.advance(2.0).await;
    assert_eq!(platform.dialled().await, [CUSTOMER]);
    let mut pushes = platform.pushes("dev-1").await;
    for _push in 0..3 {
        assert_eq!(pushes.next().await["_id"], callback.id.as_str());
    }
    platform.advance(UNTIL_ANSWERED).await;
    platform.hang_up(CUSTOMER).await;
    assert_eq!(platform.state(&callback).await, "COMPLETED/AGENT_CONNECTED");
}

//= scenarios: D3
//= type=test
#[tokio::test]
async fn a_customer_who_never_confirms_is_not_called_if_the_service_says_so() {
    let service = Service::delayed().with("_on_user_confirm_timeout", "CANCEL");
    let (platform, callback) = waiting(service).await;
    platform.agent_answers("7001").await;
    platform.advance(91.0).await;
    assert_eq!(platform.state(&callback).await, "COMPLETED/FAIL_USER_NO_CONFIRM");
    let expected = outcome("COMPLETED.FAILED", "PUSH_DELIVERY_NOT_CONFIRMED");
    assert_eq!(platform.outcome(&callback).await, expected);
    assert!(platform.dials().await.is_empty());
}

//= scenarios: D4
//= type=test
#[tokio::test]
async fn a_completed_callback_cannot_be_confirmed() {
    let (platform, callback) = waiting(Service::delayed()).await;
    assert_eq!(platform.cancel(&callback).await.status, 200);
    assert_eq!(platform.message(&callback, "connect", &json!({})).await.status, 404);
}

#[tokio::test]
async fn an_unknown_callback_cannot_be_confirmed() {
    let platform = Platform::start(Setup::of("later", &Service::delayed())).await;
    let reply = platform.post("/genesys/1/service/1-nobody/connect", &json!({})).await;
    assert_eq!(reply.status, 404);
}

#[tokio::test]
async fn without_a_device_nobody_is_asked_and_the_customer_is_called() {
    let platform = Platform::start(Setup::of("later", &Service::delayed())).await;
    let callback = platform.begin("later", &customer()).await;
    platform.agent_answers("7001").await;
    assert_eq!(platform.dialled().await, [CUSTOMER]);
    platform.advance(UNTIL_ANSWERED).await;
    platform.hang_up(CUSTOMER).await;
    assert_eq!(platform.state(&callback).await, "COMPLETED/AGENT_CONNECTED");
}

#[tokio::test]
async fn without_confirmation_the_customer_is_called_when_an_agent_is_near() {
    let service = Service::delayed().with("_wait_for_user_confirm", false);
    let (platform, callback) = waiting(service).await;
    platform.agent_answers("7001").await;
    assert_eq!(platform.dialled().await, [CUSTOMER]);
    platform.advance(UNTIL_ANSWERED).await;
    platform.hang_up(CUSTOMER).await;
    assert_eq!(platform.state(&callback).await, "COMPLETED/AGENT_CONNECTED");
}

#[tokio::test]
async fn a_callback_without_an_agent_in_time_finds_no_target() {
    let service = Service::delayed().with("_urs_queued_ttl", 600);
    let (platform, callback) = waiting(service).await;
    platform.advance(541.0).await;
    assert_eq!(platform.state(&callback).await, "COMPLETED/FAIL_TARGET_NOT_FOUND");
}

#[tokio::test]
async fn an_agent_who_goes_before_the_customer_answers_is_replaced_by_the_next() {
    let (platform, callback) = waiting(Service::delayed().with("_wait_for_user_confirm", false)).await;
    platform.agent_answers("7001").await;
    let _gone = platform.agent_command("7001", "not-ready").await.ok();
    platform.advance(UNTIL_ANSWERED).await;
    assert_eq!(platform.state(&callback).await, "ROUTING");
    platform.agent_answers("7002").await;
    platform.advance(1.0).await;
    assert_eq!(platform.state(&callback).await, "PROCESSING");
    platform.hang_up(CUSTOMER).await;
    assert_eq!(platform.state(&callback).await, "COMPLETED/AGENT_CONNECTED");
    assert_eq!(platform.dials().await.len(), 1);
}

#[tokio::test]
async fn the_customer_is_called_in_the_order_of_waiting() {
    let platform =
        Platform::start(Setup::of("later", &Service::delayed().with("_wait_for_user_confirm", false))).await;
    let first = platform.begin("later", &customer()).await;
    platform.advance(10.0).await;
    let _second = platform.begin("later", &json!({"_customer_number": "+12025550124"})).await;
    platform.agent_answers("7001").await;
    platform.advance(UNTIL_ANSWERED).await;
    assert_eq!(platform.dialled().await.first().map(String::as_str), Some(CUSTOMER));
    assert_eq!(platform.state(&first).await, "PROCESSING");
    platform.hang_up(CUSTOMER).await;
    assert_eq!(platform.state(&first).await, "COMPLETED/AGENT_CONNECTED");
}
