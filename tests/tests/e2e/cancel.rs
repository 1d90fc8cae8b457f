//! Cancelling (specification: scenarios §2.9; http-api §A.2).

use scenarios::{Peer, Platform, Service, Setup};
use serde_json::json;

use crate::{CUSTOMER, UNTIL_ANSWERED, WHILE_RINGING, customer, outcome, waiting_on_the_line};

/// A platform with the services `now` and `later`.
async fn platform() -> Platform {
    let later = Service::delayed().with("_wait_for_user_confirm", false);
    Platform::start(Setup::of("now", &Service::immediate()).service("later", &later)).await
}

#[tokio::test]
async fn a_queued_callback_leaves_the_queue() {
    let target = Peer::start().await;
    let later = Service::delayed().with("_wait_for_user_confirm", false).notifying(&target.url("/"));
    let platform = Platform::start(Setup::of("later", &later)).await;
    let callback = platform.begin("later", &customer()).await;
    let reply = platform.cancel(&callback).await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (200, ""));
    assert_eq!(platform.state(&callback).await, "COMPLETED/CANCELLED");
    assert_eq!(platform.outcome(&callback).await, outcome("COMPLETED.CANCELLED", "UNKNOWN"));
    assert_eq!(target.last()["event_id"], "_cbe_on_service_exit");
    platform.agent_answers("7001").await;
    platform.advance(60.0).await;
    assert!(platform.dials().await.is_empty());
}

#[tokio::test]
async fn a_phone_that_rings_stops_ringing() {
    let platform = platform().await;
    let callback = platform.begin("now", &customer()).await;
    platform.advance(WHILE_RINGING).await;
    assert_eq!(platform.calls().await[0]["phase"], "ringing");
    assert_eq!(platform.cancel(&callback).await.status, 200);
    assert_eq!(platform.state(&callback).await, "COMPLETED/CANCELLED");
    assert!(platform.calls().await.is_empty());
    platform.advance(600.0).await;
    assert_eq!(platform.dials().await.len(), 1);
}

#[tokio::test]
async fn a_customer_who_waits_on_the_line_is_hung_up_on() {
    let platform = platform().await;
    let callback = waiting_on_the_line(&platform, "now").await;
    assert_eq!(platform.cancel(&callback).await.status, 200);
    assert_eq!(platform.state(&callback).await, "COMPLETED/CANCELLED");
    assert_eq!(platform.outcome(&callback).await, outcome("COMPLETED.CANCELLED", "PERSON"));
    assert!(platform.calls().await.is_empty());
}

#[tokio::test]
async fn an_agent_whose_phone_rings_for_a_cancelled_callback_is_free_again() {
    let platform = platform().await;
    let callback = waiting_on_the_line(&platform, "now").await;
    let _ready = platform.agent_command("7001", "ready").await.ok();
    platform.advance(1.0).await;
    assert_eq!(platform.get("/genesys/1/agents").await.ok()[0]["status"], "ringing");
    assert_eq!(platform.cancel(&callback).await.status, 200);
    assert!(platform.calls().await.is_empty());
    let agents = platform.get("/genesys/1/agents").await.ok();
    assert_eq!((&agents[0]["status"], &agents[0]["reserved"]), (&json!("ready"), &json!(false)));
}

//= decision: D-008 the conversation is left alone
//= type=test
#[tokio::test]
async fn a_conversation_goes_on_when_its_callback_is_cancelled() {
    let platform = platform().await;
    platform.agent_answers("7001").await;
    let callback = platform.begin("now", &customer()).await;
    platform.advance(UNTIL_ANSWERED).await;
    assert_eq!(platform.state(&callback).await, "PROCESSING");
    assert_eq!(platform.cancel(&callback).await.status, 200);
    assert_eq!(platform.state(&callback).await, "COMPLETED/CANCELLED");
    assert_eq!(platform.calls().await[0]["phase"], "talking");
    platform.hang_up(CUSTOMER).await;
    assert!(platform.calls().await.is_empty());
}

#[tokio::test]
async fn a_callback_is_cancelled_once() {
    let platform = platform().await;
    let callback = platform.begin("later", &customer()).await;
    assert_eq!(platform.cancel(&callback).await.status, 200);
    let again = platform.cancel(&callback).await;
    assert_eq!(again.error(), (400, 40020));
    let id = &callback.id;
    assert_eq!(
        again.message(),
        format!("Callback {id} cannot be cancelled or completed - _callback_state=COMPLETED")
    );
    assert_eq!(again.body["phrase"], "INVALID_OPERATION");
    assert_eq!(
        again.body["exception"],
        "com.genesyslab.gsg.services.callback.CallbackExceptionInvalidOperation"
    );
}

#[tokio::test]
async fn only_a_callback_of_the_service_can_be_cancelled() {
    let platform = platform().await;
    let callback = platform.begin("later", &customer()).await;
    let unknown = platform.delete("/genesys/1/service/callback/later/1-nobody").await;
    assert_eq!(unknown.error(), (400, 40030));
    assert_eq!(unknown.message(), "Callback 1-nobody cannot be found");
    let elsewhere = platform.delete(&format!("/genesys/1/service/callback/now/{}", callback.id)).await;
    assert_eq!(elsewhere.error(), (400, 40030));
    for (service, said) in [
        ("nowhere", "Service undefined: nowhere"),
        ("match-interaction", "Service match-interaction has option _type != ors"),
    ] {
        let path = format!("/genesys/1/service/callback/{service}/{}", callback.id);
        let (deleted, read) = (platform.delete(&path).await, platform.get(&path).await);
        assert_eq!(deleted.error(), (500, 50020), "{service}: {}", deleted.text);
        assert_eq!((deleted.message(), read.message()), (said, said));
    }
    assert_eq!(platform.state(&callback).await, "QUEUED");
}

#[tokio::test]
async fn a_scheduled_callback_is_never_started_once_it_is_cancelled() {
    let platform = platform().await;
    let desired = platform.time_in(3600).await;
    let request = json!({"_customer_number": CUSTOMER, "_desired_time": desired});
    let callback = platform.begin("now", &request).await;
    assert_eq!(platform.cancel(&callback).await.status, 200);
    assert_eq!(platform.state(&callback).await, "COMPLETED/CANCELLED");
    platform.advance(7200.0).await;
    assert!(platform.dials().await.is_empty());
}
