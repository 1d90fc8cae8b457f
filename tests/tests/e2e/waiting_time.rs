//! How long somebody waits, and why: the router's query and the sentence for one callback (specification: urs-queueing §8, §9).

use scenarios::{Platform, Service, Setup};
use serde_json::json;

use crate::{CUSTOMER, UNTIL_ANSWERED, customer, served_by_an_agent, waiting_on_the_line};

const QUERY: &str = "/urs/call/max/lvq?name=VQ_Callback&tenant=Environment";

async fn platform() -> Platform {
    Platform::start(Setup::of("now", &Service::immediate()).service("later", &Service::delayed())).await
}

/// A platform whose queue has let one customer wait for a minute, and talk for another.
async fn with_history() -> Platform {
    let platform = platform().await;
    let callback = waiting_on_the_line(&platform, "now").await;
    platform.advance(60.0 - UNTIL_ANSWERED).await;
    served_by_an_agent(&platform, &callback).await;
    platform
}

//= guide: an empty object when the queue shows no activity
//= type=test
#[tokio::test]
async fn a_queue_without_activity_is_answered_with_an_empty_object() {
    let platform = platform().await;
    assert_eq!(platform.get(QUERY).await.ok(), json!({}));
    assert_eq!(platform.get("/urs/call/max/lvq/VQ_Callback").await.ok(), json!({}));
}

//= guide: lvq
//= type=test
#[tokio::test]
async fn the_waiting_time_query_answers_with_the_fields_of_the_guide() {
    let platform = with_history().await;
    let answer = platform.get(&format!("{QUERY}&aqt=urs")).await.ok();
    let mut keys: Vec<&str> = answer.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["aqt", "calls", "ewt", "hit", "pos", "time", "wcalls", "wpos", "wt"]);
    assert_eq!((&answer["calls"], &answer["pos"]), (&json!(0), &json!(1)));
    assert_eq!(answer["time"], platform.now().await.epoch_seconds());
    assert_eq!(answer["ewt"], answer["aqt"], "a newcomer is the next");

    let explained = platform.get(&format!("{QUERY}&explain=true")).await.ok();
    let text = explained["explanation"]["text"].as_str().unwrap();
    assert!(text.contains("VQ_Callback"), "{text}");
    let nonsense = platform.get(&format!("{QUERY}&aqt=urz")).await;
    assert_eq!(nonsense.status, 400);
    assert!(nonsense.message().contains("urs"), "{}", nonsense.text);
}

#[tokio::test]
async fn the_query_explains_itself() {
    let platform = platform().await;
    let reply = platform.get("/urs/help/call/lvq").await;
    assert_eq!(reply.status, 200);
    assert!(reply.text.contains("<dt>ewt</dt>"), "{}", reply.text);
}

#[tokio::test]
async fn why_a_callback_has_not_been_dialled_is_one_question() {
    let platform = platform().await;
    let callback = platform.begin("later", &customer()).await;
    let path = format!("/genesys/1/service/callback/later/{}/why", callback.id);
    let why = platform.get(&path).await.ok();
    assert_eq!((&why["state"], &why["attempts"]), (&json!("QUEUED"), &json!(0)));
    assert_eq!(why["router"]["position"], 1);
    assert!(why["text"].as_str().unwrap().contains("VQ_Callback"), "{why}");
    let _cancelled = platform.cancel(&callback).await.ok();
    let over = platform.get(&path).await.ok();
    assert_eq!(over["text"], "it is over: CANCELLED; it has not been dialled yet");
    assert_eq!(platform.get("/genesys/1/service/callback/later/nobody/why").await.status, 400);
    assert_eq!(platform.dialled().await, Vec::<String>::new(), "{CUSTOMER}");
}
