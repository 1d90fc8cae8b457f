//! Pausing services by the transaction list (specification: scenarios §15, tests Z1 to Z3).

use scenarios::{Platform, Service, Setup};
use serde_json::json;

use crate::{CUSTOMER, UNTIL_ANSWERED, customer, waiting_on_the_line};

/// Pauses or resumes what a key stands for.
async fn set(platform: &Platform, key: &str, paused: bool) {
    let path = "/genesys/1/admin/lists/GMS_Paused_Services/services";
    let _done = platform.post(path, &json!({ key: paused })).await.ok();
    platform.rest().await;
}

async fn platform() -> Platform {
    Platform::start(Setup::of("now", &Service::immediate()).service("other", &Service::immediate())).await
}

//= scenarios: Z1
//= type=test
#[tokio::test]
async fn nobody_is_dialled_while_everything_is_paused() {
    let platform = platform().await;
    set(&platform, "all", true).await;
    let callback = platform.begin("now", &customer()).await;
    platform.advance(600.0).await;
    assert_eq!(platform.state(&callback).await, "PAUSED");
    assert!(platform.dials().await.is_empty());
    set(&platform, "all", false).await;
    assert_eq!(platform.state(&callback).await, "QUEUED");
    assert_eq!(platform.dialled().await, [CUSTOMER]);
}

//= scenarios: Z2
//= type=test
#[tokio::test]
async fn a_customer_on_the_line_is_not_routed_while_the_service_is_paused() {
    let platform = platform().await;
    let callback = waiting_on_the_line(&platform, "now").await;
    set(&platform, "now", true).await;
    assert_eq!(platform.state(&callback).await, "PAUSED");
    platform.agent_answers("7001").await;
    platform.advance(60.0).await;
    assert_eq!(platform.state(&callback).await, "PAUSED");
    assert_eq!(platform.calls().await[0]["playing"], "next_customer_rep.wav", "the music goes on");
    set(&platform, "now", false).await;
    platform.advance(1.0).await;
    assert_eq!(platform.state(&callback).await, "PROCESSING");
}

//= scenarios: Z3
//= type=test
#[tokio::test]
async fn a_pause_concerns_only_the_callbacks_that_carry_its_id() {
    let platform = platform().await;
    set(&platform, "floor3", true).await;
    let third = json!({"_customer_number": CUSTOMER, "_paused_services_id": "floor3"});
    let third = platform.begin("now", &third).await;
    let other = platform.begin("now", &json!({"_customer_number": "+12025550124"})).await;
    assert_eq!(platform.state(&third).await, "PAUSED");
    assert_eq!(platform.state(&other).await, "QUEUED");
    assert_eq!(platform.dialled().await, ["+12025550124"]);
}

#[tokio::test]
async fn a_pause_of_one_service_leaves_the_others_alone() {
    let platform = platform().await;
    set(&platform, "other", true).await;
    let callback = platform.begin("now", &customer()).await;
    platform.advance(UNTIL_ANSWERED).await;
    assert_eq!(platform.state(&callback).await, "ROUTING");
}

#[tokio::test]
async fn a_pause_between_two_dials_holds_the_second_back() {
    let platform = platform().await;
    platform.customer(CUSTOMER, json!({"behaviour": "busy"})).await;
    let callback = platform.begin("now", &customer()).await;
    platform.advance(10.0).await;
    set(&platform, "now", true).await;
    platform.advance(400.0).await;
    assert_eq!(platform.state(&callback).await, "PAUSED");
    assert_eq!(platform.dials().await.len(), 1);
    set(&platform, "now", false).await;
    assert_eq!(platform.dials().await.len(), 2);
}

#[tokio::test]
async fn a_conversation_is_not_paused() {
    let platform = platform().await;
    platform.agent_answers("7001").await;
    let callback = platform.begin("now", &customer()).await;
    platform.advance(UNTIL_ANSWERED).await;
    set(&platform, "all", true).await;
    assert_eq!(platform.state(&callback).await, "PROCESSING");
    platform.hang_up(CUSTOMER).await;
    assert_eq!(platform.state(&callback).await, "COMPLETED/AGENT_CONNECTED");
}

#[tokio::test]
async fn a_paused_callback_can_be_cancelled() {
    let platform = platform().await;
    set(&platform, "all", true).await;
    let callback = platform.begin("now", &customer()).await;
    assert_eq!(platform.cancel(&callback).await.status, 200);
    assert_eq!(platform.state(&callback).await, "COMPLETED/CANCELLED");
    set(&platform, "all", false).await;
    platform.advance(600.0).await;
    assert!(platform.dials().await.is_empty());
}

/// A chart that dials without asking whether it may, and tells what became of it.
const HASTY: &str = r#"<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" datamodel="ecmascript"
    xmlns:ixn="www.genesyslab.com/modules/interaction" xmlns:ws="www.genesyslab.com/modules/ws"
    xmlns:callback="www.ringback.example/modules/callback">
  <datamodel><data id="request"/></datamodel>
  <state id="dials">
    <transition event="gms.start"><ws:response requestid="_event.sendid"><param name="_id" expr="1"/></ws:response></transition>
    <onentry><ixn:createcall requestid="request" from="'8000'" to="'+12025550123'"/></onentry>
    <transition event="error.voice.createcall" target="told">
      <callback:update><param name="told" expr="_event.data.error"/></callback:update>
    </transition>
  </state>
  <state id="told"/>
</scxml>"#;

#[tokio::test]
async fn a_chart_that_forgets_the_pause_dials_nobody() {
    let service = Service::immediate().with("_service_type", "callback").with("_service", "hasty.scxml");
    let platform = Platform::start(Setup::of("hasty", &service).chart("hasty.scxml", HASTY)).await;
    set(&platform, "hasty", true).await;
    let callback = platform.begin("hasty", &customer()).await;
    assert_eq!(platform.record(&callback).await["told"], "paused");
    assert!(platform.dials().await.is_empty());
    set(&platform, "hasty", false).await;
    let _other = platform.begin("hasty", &json!({"_customer_number": "+12025550124"})).await;
    assert_eq!(platform.dialled().await, [CUSTOMER]);
}

#[tokio::test]
async fn a_pause_by_the_api_outlives_the_process_and_so_does_its_end() {
    let mut platform = platform().await;
    set(&platform, "all", true).await;
    let callback = platform.begin("now", &customer()).await;
    platform.kill();
    platform.restart().await;
    let later = platform.begin("now", &json!({"_customer_number": "+12025550124"})).await;
    platform.advance(60.0).await;
    assert_eq!(platform.state(&later).await, "PAUSED", "a new callback is held back too");
    assert!(platform.dials().await.is_empty());
    set(&platform, "all", false).await;
    let mut dialled = platform.dialled().await;
    dialled.sort();
    assert_eq!(dialled, [CUSTOMER, "+12025550124"], "who was paused before the restart is dialled too");
    assert_eq!(platform.state(&callback).await, "QUEUED");
}

#[tokio::test]
async fn a_pause_that_was_configured_ends_with_a_restart_under_another_configuration() {
    let setup = || Setup::of("now", &Service::immediate());
    let mut platform = Platform::start(setup().paused("now = true")).await;
    let callback = platform.begin("now", &customer()).await;
    assert_eq!(platform.state(&callback).await, "PAUSED");
    platform.stop();
    platform.configure(&setup());
    platform.restart().await;
    assert_eq!(platform.dialled().await, [CUSTOMER]);
    assert_eq!(platform.state(&callback).await, "QUEUED");
}
