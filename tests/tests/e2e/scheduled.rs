//! Callbacks for a later time (specification: scenarios §5, test S6; http-api §A.1).

use scenarios::{Platform, Service, Setup};
use serde_json::{Value, json};

use crate::{CUSTOMER, UNTIL_ANSWERED};

/// Buffer of the immediate rule, which is also how early a callback is started.
const BUFFER: f64 = 120.0;

async fn platform() -> Platform {
    Platform::start(Setup::of("now", &Service::immediate())).await
}

fn wanted(time: &str) -> Value {
    json!({"_customer_number": CUSTOMER, "_desired_time": time})
}

#[tokio::test]
async fn a_callback_for_later_is_started_in_time() {
    let platform = platform().await;
    let desired = platform.time_in(3600).await;
    let callback = platform.begin("now", &wanted(&desired)).await;
    let keys: Vec<&String> = callback.reply.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["_id"], "a scheduled start has no dialog");
    let record = platform.record(&callback).await;
    assert_eq!(record["_callback_state"], "SCHEDULED");
    assert_eq!(record["_desired_time"], desired.as_str());

    platform.advance(3600.0 - BUFFER - 6.0).await;
    assert_eq!(platform.state(&callback).await, "SCHEDULED");
    platform.advance(12.0).await;
    assert_eq!(platform.dialled().await, [CUSTOMER]);
    platform.advance(UNTIL_ANSWERED).await;
    assert_eq!(platform.state(&callback).await, "ROUTING");
    platform.agent_answers("7001").await;
    platform.advance(1.0).await;
    platform.hang_up(CUSTOMER).await;
    assert_eq!(platform.state(&callback).await, "COMPLETED/AGENT_CONNECTED");
    assert_eq!(
        platform.states(&callback).await,
        ["SCHEDULED", "QUEUED", "ROUTING", "PROCESSING", "COMPLETED"]
    );
    assert_eq!(platform.final_report(&callback).await["_CB_DIM_TYPE"], "SCHEDULED");
}

#[tokio::test]
async fn a_callback_is_not_dialled_earlier_than_its_threshold_allows() {
    let service = Service::immediate().with("_desired_connect_time_threshold", 60);
    let platform = Platform::start(Setup::of("now", &service)).await;
    let desired = platform.time_in(3600).await;
    let callback = platform.begin("now", &wanted(&desired)).await;
    platform.advance(3600.0 - 62.0).await;
    assert_eq!(platform.state(&callback).await, "QUEUED");
    assert!(platform.dials().await.is_empty());
    platform.advance(3.0).await;
    assert_eq!(platform.dialled().await, [CUSTOMER]);
}

#[tokio::test]
async fn a_time_within_the_buffer_is_now() {
    let platform = platform().await;
    for (seconds, number) in [(-119, "+12025550131"), (0, "+12025550132"), (119, "+12025550133")] {
        let desired = platform.time_in(seconds).await;
        let request = json!({"_customer_number": number, "_desired_time": desired});
        let callback = platform.begin("now", &request).await;
        assert_eq!(platform.state(&callback).await, "QUEUED", "{seconds} s from now");
        assert_eq!(callback.reply["_action"], "ConfirmationDialog");
    }
    let desired = platform.time_in(121).await;
    let later = platform.begin("now", &wanted(&desired)).await;
    assert_eq!(platform.state(&later).await, "SCHEDULED");
}

//= scenarios: S6
//= type=test
#[tokio::test]
async fn times_that_are_past_too_far_or_unreadable_are_refused() {
    let service = Service::immediate().with("_reject_future_desired_time", "1M");
    let platform = Platform::start(Setup::of("now", &service)).await;
    let past = platform.time_in(-121).await;
    let refused = platform.ask("now", &wanted(&past)).await;
    assert_eq!(refused.error(), (400, 40010), "{}", refused.text);
    assert!(
        refused.message().contains("contains _desired_time property in the past (-120s < -121s <"),
        "{}",
        refused.text
    );

    let far = platform.time_in(62 * 86_400).await;
    let refused = platform.ask("now", &wanted(&far)).await;
    assert_eq!(refused.error(), (400, 40010));
    assert!(refused.message().contains("_desired_time property too far in future"), "{}", refused.text);

    let refused = platform.ask("now", &wanted("tomorrow")).await;
    assert_eq!(refused.error(), (400, 40010));
    assert!(refused.message().contains("tomorrow"), "{}", refused.text);
}

#[tokio::test]
async fn a_scheduled_callback_survives_a_restart_and_is_started_in_time() {
    let mut platform = platform().await;
    let desired = platform.time_in(3600).await;
    let callback = platform.begin("now", &wanted(&desired)).await;
    platform.kill();
    platform.restart().await;
    assert_eq!(platform.state(&callback).await, "SCHEDULED");
    platform.advance(3600.0).await;
    assert_eq!(platform.dialled().await, [CUSTOMER]);
}

#[tokio::test]
async fn a_callback_that_outlives_its_time_is_ended() {
    let service = Service::immediate().with("_ttl", 600).with("_wait_for_agent", true);
    let platform = Platform::start(Setup::of("now", &service)).await;
    let callback = platform.begin("now", &json!({"_customer_number": CUSTOMER})).await;
    platform.advance(590.0).await;
    assert_eq!(platform.state(&callback).await, "QUEUED");
    // The first sweep after the end of its life time ends it, the next one removes the record, which is out of date by then.
    platform.advance(80.0).await;
    assert_eq!(platform.state(&callback).await, "COMPLETED/FAIL_TIMEOUT_TTL");
    platform.advance(60.0).await;
    let gone = platform.get(&format!("/genesys/1/service/callback/now/{}", callback.id)).await;
    assert_eq!(gone.error(), (400, 40030), "{}", gone.text);
}

#[tokio::test]
async fn the_scheduler_looks_as_often_as_it_is_told() {
    let service = Service::immediate().with("_request_execution_time_buffer", 30);
    let platform = Platform::start(Setup::of("now", &service).callback("queue-polling-rate = 60")).await;
    let desired = platform.time_in(100).await;
    let callback = platform.begin("now", &wanted(&desired)).await;
    platform.advance(118.0).await;
    assert_eq!(
        platform.state(&callback).await,
        "SCHEDULED",
        "it is due after 70 s, and looked at after 60 s and 120 s"
    );
    platform.advance(4.0).await;
    assert_eq!(platform.state(&callback).await, "QUEUED");
}
