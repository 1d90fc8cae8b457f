//! User terminated, immediate (specification: scenarios §3, tests U1 to U7, U9, U10).

use scenarios::{Peer, Platform, Service, Setup};
use serde_json::json;

/// The customer.
const CUSTOMER: &str = "+12025550123";
/// Setup, ringing and detection on the simulated switch: after it somebody is known to be on the line.
const UNTIL_ANSWERED: f64 = 6.0;

fn customer() -> serde_json::Value {
    json!({ "_customer_number": CUSTOMER })
}

//= scenarios: U1
//= type=test
#[tokio::test]
async fn a_human_is_dialled_connected_to_an_agent_and_the_callback_is_completed() {
    let target = Peer::start().await;
    let service = Service::immediate().notifying(&target.url("/events"));
    let platform = Platform::start(Setup::of("now", &service)).await;
    let callback = platform.begin("now", &customer()).await;
    assert_eq!(callback.reply["_action"], "ConfirmationDialog");
    assert_eq!(callback.reply["_dialog_id"], "0");
    assert_eq!(callback.reply["_ok_title"], "Ok");
    assert_eq!(platform.state(&callback).await, "QUEUED");

    platform.customer(CUSTOMER, json!({"behaviour": "human"})).await;
    platform.advance(UNTIL_ANSWERED).await;
    assert_eq!(platform.state(&callback).await, "ROUTING");

    platform.agent_answers("7001").await;
    platform.advance(1.0).await;
    assert_eq!(platform.state(&callback).await, "PROCESSING");

    platform.hang_up(CUSTOMER).await;
    assert_eq!(platform.state(&callback).await, "COMPLETED/AGENT_CONNECTED");
    assert_eq!(
        platform.states(&callback).await,
        ["QUEUED", "ROUTING", "PROCESSING", "COMPLETED"]
    );
    assert_eq!(
        platform.outcome(&callback).await,
        ("COMPLETED.AGENT".to_owned(), "PERSON".to_owned())
    );
    assert_eq!(
        target.events(),
        [
            "service_create",
            "virtual_ixn_create",
            "dial_init",
            "dial_done",
            "connect_treatment_start",
            "customer_queued",
            "target_found",
            "route_to_agent",
            "service_exit"
        ]
    );
    assert_eq!(target.last()["c_termination_type"], "COMPLETED.AGENT");
    assert_eq!(target.last()["_service_id"], callback.id.as_str());
}
