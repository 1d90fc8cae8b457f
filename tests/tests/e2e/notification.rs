//! Status notifications to an HTTP target (specification: scenarios §3; kvp-and-events).

use scenarios::{Peer, Platform, Service, Setup};
use serde_json::json;

use crate::{CUSTOMER, customer, served_by_an_agent, waiting_on_the_line};

/// The order of the guide's sample, with the route event that it leaves out.
const ORDER: [&str; 9] = [
    "service_create",
    "virtual_ixn_create",
    "dial_init",
    "dial_done",
    "connect_treatment_start",
    "customer_queued",
    "target_found",
    "route_to_agent",
    "service_exit",
];

//= scenarios: U1
//= type=test
#[tokio::test]
async fn the_events_of_a_callback_arrive_in_the_order_of_the_guide() {
    let target = Peer::start().await;
    let service = Service::immediate().notifying(&target.url("/events"));
    let platform = Platform::start(Setup::of("now", &service)).await;
    let callback = waiting_on_the_line(&platform, "now").await;
    served_by_an_agent(&platform, &callback).await;

    assert_eq!(target.events(), ORDER);
    let now = platform.now().await.epoch_seconds();
    for body in target.bodies() {
        assert_eq!(body["_service_id"], callback.id.as_str(), "{body}");
        assert_eq!(body["_service_name"], "now", "{body}");
        let at: i64 = body["timestamp"].as_str().unwrap().parse().unwrap();
        assert!((now - 60..=now).contains(&at), "{body}");
    }
    let exit = target.last();
    assert_eq!(exit["c_termination_type"], "COMPLETED.AGENT");
    assert_eq!(exit["c_last_dialed_number"], CUSTOMER);
    assert!(target.received().iter().all(|request| request.method == "POST" && request.path == "/events"));
}

#[tokio::test]
async fn an_event_that_was_not_taken_is_sent_again() {
    let target = Peer::start().await;
    target.answers_next(503);
    let service = Service::immediate().notifying(&target.url("/"));
    let platform = Platform::start(Setup::of("now", &service)).await;
    let _callback = platform.begin("now", &customer()).await;
    assert_eq!(target.events_named("service_create").len(), 1);
    platform.advance(5.0).await;
    assert_eq!(target.events_named("service_create").len(), 2);
    assert_eq!(target.events_named("dial_init").len(), 1, "the others were taken at once");
}

#[tokio::test]
async fn an_event_that_is_never_taken_is_given_up_and_the_callback_goes_on() {
    let target = Peer::start().await;
    for _attempt in 0..200 {
        target.answers_next(500);
    }
    let setup = Setup::of("thrice", &Service::immediate().notifying(&target.url("/")))
        .service(
            "once",
            &Service::immediate().notifying(&target.url("/")).with("_notification_delivery_attempts", 1),
        )
        .service(
            "often",
            &Service::immediate().notifying(&target.url("/")).with("_notification_delivery_attempts", 5),
        );
    let platform = Platform::start(setup).await;
    let callback = waiting_on_the_line(&platform, "thrice").await;
    served_by_an_agent(&platform, &callback).await;
    platform.advance(60.0).await;
    for name in ORDER {
        assert_eq!(target.events_named(name).len(), 3, "{name}");
    }
    for (service, attempts) in [("once", 1), ("often", 5)] {
        let callback = platform.begin(service, &json!({"_customer_number": "+12025550124"})).await;
        platform.advance(60.0).await;
        let told = target.events_named("service_create");
        let told = told.iter().filter(|body| body["_service_id"] == callback.id.as_str());
        assert_eq!(told.count(), attempts, "{service}");
    }
}

#[tokio::test]
async fn a_target_that_does_not_answer_holds_up_no_other() {
    let (slow, quick) = (Peer::start().await, Peer::start().await);
    slow.holds_its_answers();
    let setup = Setup::of("slow", &Service::immediate().notifying(&slow.url("/")))
        .service("quick", &Service::immediate().notifying(&quick.url("/")));
    let platform = Platform::start(setup).await;
    let _accepted = platform.ask("slow", &customer()).await.ok();
    slow.has_received(1).await;
    let other = json!({"_customer_number": "+12025550124"});
    let _accepted = platform.ask("quick", &other).await.ok();
    quick.has_received(2).await;
    assert_eq!(slow.received().len(), 1, "the second event waits for the answer to the first");
    slow.answers_again();
    slow.has_received(2).await;
}

#[tokio::test]
async fn the_request_may_name_the_target_and_ask_for_the_envelope() {
    let target = Peer::start().await;
    let service = Service::immediate().with("_notification_envelope", "message");
    let platform = Platform::start(Setup::of("now", &service)).await;
    let url = target.url("/mine");
    let request = json!({
        "_customer_number": CUSTOMER,
        "_enable_status_notification": "notify",
        "_status_notification_type": "httpcb",
        "_status_notification_target": url,
    });
    let callback = platform.begin("now", &request).await;
    let body = target.bodies().swap_remove(0);
    let keys: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["_service_id", "_service_name", "deviceId", "message", "timestamp"]);
    assert_eq!(body["deviceId"], url.as_str());
    assert_eq!(body["_service_id"], callback.id.as_str());
    assert_eq!(body["message"]["event_id"], "_cbe_on_service_create");
}

#[tokio::test]
async fn a_target_that_the_operator_did_not_allow_is_never_reached() {
    let target = Peer::start().await;
    let url = target.url("/").replace("127.0.0.1", "localhost");
    let service = Service::immediate().notifying(&url);
    let platform = Platform::start(Setup::of("now", &service)).await;
    let _callback = waiting_on_the_line(&platform, "now").await;
    assert!(target.received().is_empty());
}

#[tokio::test]
async fn the_events_of_a_callback_that_is_dialled_often_stay_in_order() {
    let target = Peer::start().await;
    let service = Service::immediate()
        .with("_max_dial_attempts", 12)
        .with("_dial_retry_timeout", 0)
        .notifying(&target.url("/events"));
    let platform = Platform::start(Setup::of("now", &service)).await;
    platform.customer(CUSTOMER, json!({"behaviour": "busy"})).await;
    let _callback = platform.begin("now", &customer()).await;
    platform.advance(30.0).await;
    let mut expected = vec!["service_create", "virtual_ixn_create"];
    for _attempt in 0..12 {
        expected.extend(["dial_init", "dial_done"]);
    }
    expected.push("service_exit");
    assert_eq!(target.events(), expected);
}

#[tokio::test]
async fn the_end_of_a_session_that_is_ended_from_outside_is_told_and_reported() {
    let target = Peer::start().await;
    let service = Service::immediate().notifying(&target.url("/"));
    let platform = Platform::start(Setup::of("now", &service)).await;
    let callback = waiting_on_the_line(&platform, "now").await;
    let session = platform.session(&callback).await;
    let path = format!("/scxml/session/{session}/terminate");
    assert_eq!(platform.post(&path, &json!({})).await.status, 200);
    assert_eq!(platform.state(&callback).await, "COMPLETED/NOT_AVAILABLE");
    assert_eq!(target.events_named("service_exit").len(), 1);
    let exit = target.last();
    assert_eq!(exit["event_id"], "_cbe_on_service_exit", "the exit is the last event");
    assert_eq!(exit["_service_id"], callback.id.as_str());
    assert_eq!(exit["c_last_dialed_number"], CUSTOMER);
    assert_eq!(exit["c_termination_type"], "COMPLETED.FAILED");
    let report = platform.final_report(&callback).await;
    assert_eq!(report["_CB_DISPOSITION"], "COMPLETED.FAILED");
    assert_eq!(report["_CB_DIM_FINAL_DIAL_RESULT"], "PERSON");
    assert_eq!(report["_CB_FINAL_RECORD"], 1);
}

#[tokio::test]
async fn an_exit_that_a_chart_has_told_is_told_once() {
    let target = Peer::start().await;
    let service = Service::immediate().notifying(&target.url("/"));
    let platform = Platform::start(Setup::of("now", &service)).await;
    let callback = platform.begin("now", &customer()).await;
    let _cancelled = platform.cancel(&callback).await.ok();
    assert_eq!(target.events_named("service_exit").len(), 1);
    assert_eq!(target.last()["c_termination_type"], "COMPLETED.CANCELLED");
}
