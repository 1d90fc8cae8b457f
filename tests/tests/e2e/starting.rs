//! Starting callbacks: bodies, tokens, copies, many at once (specification: http-api §0.2, §0.3, §A.1).

use std::collections::BTreeSet;

use futures_util::future::join_all;
use reqwest::Method;
use scenarios::{Platform, Service, Setup};
use serde_json::json;

use crate::{CUSTOMER, UNTIL_ANSWERED, customer};

/// Path of the start request.
const START: &str = "/genesys/1/service/callback/now";

async fn platform() -> Platform {
    Platform::start(Setup::of(
        "now",
        &Service::immediate().with("_customer_lookup_keys", "_customer_number,topic"),
    ))
    .await
}

#[tokio::test]
async fn a_form_starts_a_callback_and_the_body_beats_the_query() {
    let platform = platform().await;
    let form = platform
        .request(Method::POST, &format!("{START}?topic=query&_customer_number=12025550124"))
        .form(&[("_customer_number", CUSTOMER)]);
    let id = platform.send(form).await.ok()["_id"].as_str().unwrap().to_owned();
    let found = platform.get(&format!("{START}/{id}")).await.ok();
    assert_eq!(found["_customer_number"], CUSTOMER);
    assert_eq!(found["topic"], "query");
}

#[tokio::test]
async fn user_data_is_attached_to_the_call() {
    let platform = platform().await;
    let request =
        json!({"_customer_number": CUSTOMER, "topic": "loan", "amount": 1200, "notes": {"a": [1, 2]}});
    let callback = platform.begin("now", &request).await;
    let data = platform.calls().await[0]["user_data"].clone();
    assert_eq!(data["topic"], "loan");
    assert_eq!(data["_CB_SERVICE_ID"], callback.id.as_str());
    platform.advance(UNTIL_ANSWERED).await;
    assert!(platform.calls().await[0]["user_data"]["_CB_T_CUSTOMER_CONNECTED"].is_number());
}

//= scenarios: Q6
//= type=test
#[tokio::test]
async fn a_completed_callback_may_be_copied() {
    let platform = platform().await;
    let request = json!({"_customer_number": CUSTOMER, "topic": "loan"});
    let callback = platform.begin("now", &request).await;
    let copy = json!({ "_copy_from_id": callback.id });
    let early = platform.ask("now", &copy).await;
    assert_eq!(early.error(), (400, 40020), "{}", early.text);
    assert_eq!(
        early.message(),
        format!(
            "Request cannot be processed because callback {} to copy is not COMPLETED. Check parameter _copy_from_id",
            callback.id
        )
    );
    assert_eq!(platform.cancel(&callback).await.status, 200);
    let again = platform.begin("now", &copy).await;
    assert_ne!(again.id, callback.id);
    let record = platform.record(&again).await;
    assert_eq!((&record["_customer_number"], &record["topic"]), (&json!(CUSTOMER), &json!("loan")));
    let unknown = platform.ask("now", &json!({"_copy_from_id": "1-nobody"})).await;
    assert_eq!(unknown.error(), (400, 40030));
    assert_eq!(unknown.message(), "Callback 1-nobody to copy from cannot be found");
}

//= scenarios: Q7
//= type=test
#[tokio::test]
async fn a_token_takes_its_value_from_the_request() {
    let service = Service::immediate().with("group", "$pool$").with("_target", "$pool$@StatServer.GA");
    let platform = Platform::start(Setup::of("now", &service)).await;
    platform.agent_answers("7001").await;
    let request = json!({"_customer_number": CUSTOMER, "pool": "Support", "_target": "Nobody@StatServer.GA"});
    let callback = platform.begin("now", &request).await;
    platform.advance(UNTIL_ANSWERED).await;
    assert_eq!(platform.state(&callback).await, "PROCESSING", "the request's own target is ignored");
    let other = platform.begin("now", &json!({"_customer_number": "+12025550124", "pool": "Nobody"})).await;
    assert_eq!(platform.state(&other).await, "COMPLETED/FAIL_QUEUEING", "there is no such group");
}

#[tokio::test]
async fn the_dialog_has_the_keys_of_the_api_table_if_the_service_wants_so() {
    let platform =
        Platform::start(Setup::of("now", &Service::immediate().with("_legacy_dialog_keys", true))).await;
    let callback = platform.begin("now", &customer()).await;
    let keys: Vec<&String> = callback.reply.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["Action", "ID", "OkTitle", "Text", "_id"]);
}

#[tokio::test]
async fn a_hundred_callbacks_at_once_are_each_dialled_once() {
    let platform = platform().await;
    let requests: Vec<_> =
        (100..200).map(|number| json!({ "_customer_number": format!("+12025550{number}") })).collect();
    let replies = join_all(requests.iter().map(|request| platform.ask("now", request))).await;
    let ids: BTreeSet<String> =
        replies.into_iter().map(|reply| reply.ok()["_id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), 100);
    platform.advance(UNTIL_ANSWERED).await;
    let dials = platform.dial_log();
    assert_eq!(dials.len(), 100);
    assert_eq!(dials.into_iter().map(|(callback, _)| callback).collect::<BTreeSet<_>>(), ids);
    let listed = platform.get("/genesys/1/admin/callback/queues?states=ROUTING").await.ok();
    assert_eq!(listed["now"].as_array().unwrap().len(), 100);
}

#[tokio::test]
async fn agents_take_one_call_after_the_other() {
    let service = Service::immediate();
    let platform = Platform::start(Setup::of("now", &service)).await;
    for agent in ["7001", "7002"] {
        platform.agent_answers(agent).await;
    }
    let numbers: Vec<String> = (120..130).map(|number| format!("+12025550{number}")).collect();
    let mut callbacks = Vec::new();
    for number in &numbers {
        callbacks.push(platform.begin("now", &json!({ "_customer_number": number })).await);
        platform.advance(1.0).await;
    }
    platform.advance(UNTIL_ANSWERED).await;
    for (number, callback) in numbers.iter().zip(&callbacks) {
        assert_eq!(
            platform.state(callback).await,
            "PROCESSING",
            "{number}: who waited longest is served first"
        );
        platform.hang_up(number).await;
        platform.advance(1.0).await;
        assert_eq!(platform.state(callback).await, "COMPLETED/AGENT_CONNECTED");
    }
}
