//! Bad input: each gives the documented error, names what and where, and loses nothing.

use std::net::TcpListener;

use reqwest::Method;
use scenarios::{Platform, Refused, Reply, Service, Setup};
use serde_json::json;

use crate::{CUSTOMER, customer};

/// Path of the start request.
const START: &str = "/genesys/1/service/callback/now";

async fn platform() -> Platform {
    Platform::start(Setup::of("now", &Service::immediate())).await
}

/// Sends a body of a media type to the start.
async fn start_with(platform: &Platform, media_type: &str, body: impl Into<reqwest::Body>) -> Reply {
    platform.send(platform.request(Method::POST, START).header("content-type", media_type).body(body)).await
}

/// Asserts that a refused request left nothing behind.
async fn nothing_is_stored(platform: &Platform) {
    let all = platform.get("/genesys/1/admin/callback/queues").await.ok();
    assert_eq!(all["now"], json!([]));
    assert!(platform.dials().await.is_empty());
}

#[tokio::test]
async fn a_service_that_is_not_there_or_no_callback_is_refused() {
    let setup = Setup::of("now", &Service::immediate())
        .service("inbound", &Service::empty().with("_type", "ors").with("_service", "inbound"))
        .service("odd", &Service::empty().with("_type", "magic"));
    let platform = Platform::start(setup).await;
    for (service, message) in [
        ("nowhere", "Service undefined: nowhere"),
        ("odd", "Service odd has unknown value for option _type"),
        ("match-interaction", "Service match-interaction has option _type != ors"),
        ("inbound", "Service inbound has option _service != callback"),
    ] {
        let refused = platform.ask(service, &customer()).await;
        assert_eq!(refused.error(), (500, 50020), "{service}: {}", refused.text);
        assert_eq!(refused.message(), message);
        assert_eq!(refused.body["phrase"], "BAD_CONFIGURATION");
        assert_eq!(refused.body["properties"]["service"], service);
    }
}

#[tokio::test]
async fn a_request_without_a_number_is_refused() {
    let platform = platform().await;
    let refused = platform.ask("now", &json!({"topic": "loan"})).await;
    assert_eq!(refused.error(), (400, 40010));
    assert!(
        refused.message().ends_with("does not contain the mandatory customer lookup keys _customer_number"),
        "{}",
        refused.text
    );
    nothing_is_stored(&platform).await;
}

#[tokio::test]
async fn numbers_that_cannot_be_dialled_are_refused() {
    let platform = platform().await;
    for number in ["mother", "12", "+1202555012345678", "911", "+19005550123"] {
        let refused = platform.ask("now", &json!({ "_customer_number": number })).await;
        assert_eq!(refused.error(), (400, 40040), "{number}: {}", refused.text);
        assert_eq!(refused.body["phrase"], "NUMBER_REJECTED");
        assert!(refused.message().starts_with("Customer Number is not allowed"), "{}", refused.text);
    }
    nothing_is_stored(&platform).await;
}

#[tokio::test]
async fn bodies_that_cannot_be_read_are_refused() {
    let platform = platform().await;
    let text = start_with(&platform, "text/xml", "<number/>").await;
    assert_eq!(text.status, 415, "{}", text.text);
    for body in ["{\"_customer_number\": ", "[1, 2]", "\"text\"", "not JSON"] {
        let refused = start_with(&platform, "application/json", body).await;
        assert_eq!(refused.status, 400, "{body}: {}", refused.text);
        assert!(!refused.message().is_empty(), "{}", refused.text);
    }
    let unfinished = start_with(&platform, "multipart/form-data; boundary=b", "--b\r\nContent-Dis").await;
    assert_eq!(unfinished.status, 400);
    let unbounded = start_with(&platform, "multipart/form-data", "--b--").await;
    assert_eq!(unbounded.status, 400);
    nothing_is_stored(&platform).await;
}

#[tokio::test]
async fn bodies_that_are_nested_too_deeply_are_refused_and_what_is_taken_survives_a_crash() {
    let mut platform = platform().await;
    let nested = |depth: usize| {
        let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        format!("{{\"_customer_number\":\"{CUSTOMER}\",\"_deep\":{deep},\"deep\":{deep}}}")
    };
    for depth in [32, 120, 124, 125, 126] {
        let refused = start_with(&platform, "application/json", nested(depth)).await;
        assert_eq!(refused.error(), (400, 40010), "{depth}: {}", refused.text);
        assert!(refused.message().contains("nested deeper than 32"), "{}", refused.text);
    }
    nothing_is_stored(&platform).await;
    let taken = start_with(&platform, "application/json", nested(31)).await.ok();
    let path = format!("{START}/{}", taken["_id"].as_str().unwrap());
    platform.rest().await;
    platform.kill();
    platform.restart().await;
    assert_eq!(platform.get(&path).await.ok()["_callback_state"], "QUEUED");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let platform = Platform::start(Setup::of("now", &Service::immediate()).server("body_limit = 4096")).await;
    let fits = json!({"_customer_number": CUSTOMER, "note": "x".repeat(3_500)}).to_string();
    assert_eq!(start_with(&platform, "application/json", fits).await.status, 200);
    let body = json!({"_customer_number": CUSTOMER, "note": "x".repeat(4_500)}).to_string();
    let refused = start_with(&platform, "application/json", body).await;
    assert_eq!(refused.status, 413, "{}", refused.text);
    assert!(refused.message().contains("4096"), "{}", refused.text);
}

#[tokio::test]
async fn too_many_callbacks_are_refused() {
    let strict = Service::immediate().with("_enable_in_queue_checking", "strict");
    let platform = Platform::start(Setup::of("strict", &strict).service("now", &Service::immediate())).await;
    let _first = platform.begin("strict", &customer()).await;
    let second = platform.ask("strict", &customer()).await;
    assert_eq!(second.error(), (429, 40001), "{}", second.text);
    assert_eq!(second.body["phrase"], "NUMBER_ALREADY_BOOKED");
    assert_eq!(second.body["properties"]["max_queued"], 1);
}

#[tokio::test]
async fn the_daily_limit_of_a_parameter_counts_numbers_and_truth_values_too() {
    let limited = Service::immediate()
        .with("_throttle_request_parameters", "member")
        .with("_throttle_request_parameters_limit", 1);
    let setup = Setup::of("now", &limited).callback("_enable_in_queue_checking = false");
    let platform = Platform::start(setup).await;
    let request = |member: serde_json::Value| json!({"_customer_number": CUSTOMER, "member": member});
    for (first, again) in
        [(json!(7), json!(7)), (json!(8), json!("8")), (json!("9"), json!(9)), (json!(true), json!(true))]
    {
        let _taken = platform.begin("now", &request(first)).await;
        let refused = platform.ask("now", &request(again.clone())).await;
        assert_eq!(refused.error(), (429, 40004), "{again}: {}", refused.text);
        assert_eq!(refused.body["properties"]["parameter"], "member");
    }
}

#[tokio::test]
async fn wrong_paths_and_methods_are_said_so_in_the_envelope() {
    let platform = platform().await;
    let nothing = platform.get("/genesys/1/nothing").await;
    assert_eq!(nothing.status, 404);
    assert!(nothing.message().contains("/genesys/1/nothing"));
    let method = platform.send(platform.request(Method::PATCH, START)).await;
    assert_eq!(method.status, 405);
    assert!(method.message().contains("PATCH"));
}

#[tokio::test]
async fn simulator_controls_that_make_no_sense_are_refused() {
    let platform = platform().await;
    for (path, body) in [
        ("/simulator/clock", json!({"advance": 1})),
        ("/simulator/customers/12025550123", json!({"behaviour": "dances"})),
        ("/simulator/customers/mother", json!({"behaviour": "human"})),
        ("/simulator/customers/12025550123/hang-up", json!({})),
        ("/simulator/agents/9999", json!({"behaviour": "answers"})),
        ("/simulator/calls", json!({"ani": CUSTOMER})),
    ] {
        let refused = platform.post(path, &body).await;
        assert_eq!(refused.status, 400, "{path}: {}", refused.text);
        assert!(!refused.message().is_empty(), "{path}");
    }
}

// ---- What keeps a node from starting ------------------------------------------------------------------------------

/// Starts a node that must not come up.
async fn refused(setup: Setup) -> Refused {
    match Platform::try_start(&setup).await {
        Ok(_) => panic!("the node came up"),
        Err(refused) => refused,
    }
}

#[tokio::test]
async fn an_unknown_option_is_named_with_its_line_and_the_nearest_known_one() {
    let refused = refused(Setup::of("now", &Service::immediate().with("_max_dail_attempts", 2))).await;
    assert_eq!(refused.code, Some(2), "{refused:#?}");
    assert!(refused.errors.contains("ringback.toml:"), "{refused:#?}");
    assert!(refused.errors.contains("_max_dail_attempts"), "{refused:#?}");
    assert!(refused.errors.contains("_max_dial_attempts"), "{refused:#?}");
}

#[tokio::test]
async fn every_mistake_of_a_configuration_is_told_at_once() {
    let refused = refused(
        Setup::of("now", &Service::immediate().with("_max_dial_attempts", "many")).server("prot = 1"),
    )
    .await;
    assert_eq!(refused.code, Some(2));
    for said in ["_max_dial_attempts", "many", "prot", "port"] {
        assert!(refused.errors.contains(said), "{said}: {refused:#?}");
    }
}

#[tokio::test]
async fn a_broken_chart_is_told_with_file_line_and_column() {
    let service = Service::immediate().with("_service", "mine.scxml").with("_service_type", "callback");
    let chart = "<scxml xmlns=\"http://www.w3.org/2005/07/scxml\" version=\"1.0\">\n  <state id=\"a\">\n    <transition target=\"b\"/>\n  </state>\n</scxml>";
    let refused = refused(Setup::of("now", &service).chart("mine.scxml", chart)).await;
    assert_eq!(refused.code, Some(2), "{refused:#?}");
    assert!(refused.errors.contains("mine.scxml:3:"), "{refused:#?}");
    assert!(refused.errors.contains("now"), "{refused:#?}");
}

#[tokio::test]
async fn a_chart_that_breaks_while_the_node_runs_refuses_starts_and_nothing_else() {
    let shipped = include_str!("../../../statecharts/charts/callback.scxml");
    let service = Service::immediate().with("_service", "mine.scxml").with("_service_type", "callback");
    let setup =
        Setup::of("mine", &service).service("now", &Service::immediate()).chart("mine.scxml", shipped);
    let platform = Platform::start(setup).await;
    let before = platform.begin("mine", &customer()).await;
    std::fs::write(platform.folder().join("charts/mine.scxml"), "<scxml>").unwrap();
    let refused = platform.ask("mine", &json!({"_customer_number": "+12025550124"})).await;
    assert_eq!(refused.error(), (500, 50020), "{}", refused.text);
    assert!(refused.message().contains("mine.scxml"), "{}", refused.text);
    let _another = platform.begin("now", &json!({"_customer_number": "+12025550125"})).await;
    platform.advance(crate::UNTIL_ANSWERED).await;
    assert_eq!(platform.state(&before).await, "ROUTING", "a running callback keeps its chart");
}

#[tokio::test]
async fn a_data_folder_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "no folder").unwrap();
    let refused = refused(Setup::of("now", &Service::immediate()).data(&file.join("data"))).await;
    assert_eq!(refused.code, Some(2), "{refused:#?}");
    assert!(refused.errors.contains(file.to_str().unwrap()), "{refused:#?}");
}

#[tokio::test]
async fn a_data_folder_belongs_to_one_process() {
    let platform = platform().await;
    let callback = platform.begin("now", &customer()).await;
    let refused = platform.second_node();
    assert_eq!(refused.code, Some(2), "{refused:#?}");
    assert!(refused.errors.contains("data"), "{refused:#?}");
    platform.advance(crate::UNTIL_ANSWERED).await;
    assert_eq!(platform.state(&callback).await, "ROUTING", "the first one goes on");
}

#[tokio::test]
async fn a_port_in_use_is_named_and_nothing_is_touched() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let refused = refused(Setup::of("now", &Service::immediate()).port(port).data(&data)).await;
    assert_eq!(refused.code, Some(2), "{refused:#?}");
    assert!(refused.errors.contains(&port.to_string()), "{refused:#?}");
    assert!(!data.exists());
}
