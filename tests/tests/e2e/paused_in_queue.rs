//! Callbacks that are paused while they wait for an agent: they keep their place, and take nothing from others.

use scenarios::{Callback, Platform, Service, Setup};
use serde_json::{Value, json};

/// A delayed service that dials without asking the customer's device.
fn later() -> Service {
    Service::delayed().with("_wait_for_user_confirm", false)
}

async fn set(platform: &Platform, key: &str, paused: bool) {
    let path = "/genesys/1/admin/lists/GMS_Paused_Services/services";
    let _done = platform.post(path, &json!({ key: paused })).await.ok();
    platform.rest().await;
}

async fn started(platform: &Platform, service: &str, number: usize) -> Callback {
    platform.advance(0.1).await;
    platform.begin(service, &json!({ "_customer_number": format!("+12025550{number}") })).await
}

#[tokio::test]
async fn those_who_are_paused_keep_nobody_else_from_being_dialled() {
    let platform = Platform::start(
        Setup::of("paused", &later()).service("other", &later().with("_dial_retry_timeout", 600)),
    )
    .await;
    for number in 101..=105 {
        let _older = started(&platform, "paused", number).await;
    }
    set(&platform, "paused", true).await;
    let younger = started(&platform, "other", 120).await;
    platform.agent_answers("7001").await;
    platform.advance(10.0).await;
    assert_eq!(platform.dialled().await, ["+12025550120"]);
    assert_eq!(platform.state(&younger).await, "PROCESSING");
}

#[tokio::test]
async fn a_pause_that_ends_dials_no_more_customers_than_there_are_agents_for() {
    let platform = Platform::start(Setup::of("later", &later())).await;
    let mut waiting = Vec::new();
    for number in 101..=106 {
        waiting.push(started(&platform, "later", number).await);
    }
    set(&platform, "later", true).await;
    for callback in &waiting {
        assert_eq!(platform.state(callback).await, "PAUSED");
    }
    let _ready = platform.agent_command("7001", "ready").await.ok();
    platform.advance(300.0).await;
    assert!(platform.dials().await.is_empty());
    set(&platform, "later", false).await;
    platform.advance(1.0).await;
    assert_eq!(platform.dialled().await, ["+12025550101"], "one agent, one customer: the oldest");
    assert_eq!(platform.state(&waiting[5]).await, "QUEUED");
}

#[tokio::test]
async fn nobody_is_asked_for_a_confirmation_during_a_pause() {
    let platform = Platform::start(Setup::of("asks", &Service::delayed())).await;
    let mut pushes = platform.pushes("device-1").await;
    set(&platform, "asks", true).await;
    let request = json!({ "_customer_number": "+12025550123", "_device_notification_id": "device-1", "_device_os": "comet" });
    let callback = platform.begin("asks", &request).await;
    let _ready = platform.agent_command("7001", "ready").await.ok();
    platform.advance(200.0).await;
    assert_eq!(platform.state(&callback).await, "PAUSED");
    let pushed = |lines: &[Value]| lines.iter().filter(|line| line["name"] == "callback:push").count();
    assert_eq!(pushed(&platform.timeline(&callback).await), 0);
    set(&platform, "asks", false).await;
    platform.advance(1.0).await;
    assert_eq!(pushes.next().await["_action"], "ConfirmationDialog");
}
