//! How long somebody waits, and why: the router's query and the sentence for one callback (specification: urs-queueing §8, §9).

use scenarios::{Peer, Platform, Service, Setup};
use serde_json::{Value, json};

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

#[tokio::test]
async fn while_a_redial_is_pending_the_answer_is_its_time() {
    let platform = platform().await;
    platform.customer(CUSTOMER, json!({"behaviour": "busy"})).await;
    let callback = platform.begin("now", &customer()).await;
    platform.advance(UNTIL_ANSWERED).await;
    let why = platform.get(&format!("/genesys/1/service/callback/now/{}/why", callback.id)).await.ok();
    let (record, text) = (platform.record(&callback).await, why["text"].as_str().unwrap());
    let next = record["time_next_dial"].as_i64().unwrap_or_else(|| panic!("no next dial in {record}"));
    let seconds = (next * 1000 - platform.now().await.as_millis()) / 1000;
    assert!(text.starts_with("it was dialled once; the next dial is at "), "{text}");
    assert!(text.ends_with(&format!(", in {seconds} s")), "{text}");
}

/// A built-in service that tells waiting times.
fn stat(options: &[(&str, Value)]) -> Service {
    let service = Service::empty().with("_type", "builtin").with("_service", "urs-stat");
    options.iter().fold(service, |service, (name, value)| service.with(name, value.clone()))
}

//= guide: urs-stat
//= type=test
#[tokio::test]
async fn an_urs_stat_service_answers_like_the_router_and_keeps_answers_for_its_time() {
    let queue = json!("name=VQ_Callback&aqt=urs");
    let setup = Setup::of("now", &Service::immediate())
        .service("wait", &stat(&[("_caching_policy", json!(30))]))
        .service("fixed", &stat(&[("_urs_stat_url_parameters", queue), ("_caching_policy", json!(0))]));
    let platform = Platform::start(setup).await;
    let wait = "/genesys/1/service/wait?name=VQ_Callback&tenant=Environment&aqt=urs";
    assert_eq!(platform.get("/genesys/1/service/wait?name=VQ_Other").await.ok(), json!({}));
    let nameless = platform.get("/genesys/1/service/wait").await;
    assert!(nameless.message().contains("`name` is missing"), "{}", nameless.text);
    assert_eq!(platform.get("/genesys/1/service/now").await.status, 405, "only urs-stat is read");

    let callback = waiting_on_the_line(&platform, "now").await;
    platform.advance(60.0 - UNTIL_ANSWERED).await;
    served_by_an_agent(&platform, &callback).await;
    let first = platform.get(wait).await.ok();
    assert_eq!(first, platform.get(&format!("{QUERY}&aqt=urs")).await.ok());
    platform.advance(29.0).await;
    assert_eq!(platform.get(wait).await.ok(), first, "as it was");
    let other = platform.get(&format!("{wait}&further=1")).await.ok();
    assert_ne!(other["time"], first["time"], "another query is another answer");
    platform.advance(1.0).await;
    assert_ne!(platform.get(wait).await.ok()["time"], first["time"]);
    let fixed = platform.get("/genesys/1/service/fixed?name=VQ_Other").await.ok();
    assert_eq!(fixed["pos"], 1, "the service's value wins");

    let all = platform.get("/genesys/2/ewt/ewt1").await.ok();
    assert_eq!(all["VQ_Callback"]["ewt"], fixed["ewt"], "{all}");
    let some = platform.get("/genesys/2/ewt/ewt2?vqs=VQ_Other,VQ_Callback").await.ok();
    assert_eq!(some["VQ_Other"], json!({}));
    assert!(some["VQ_Callback"]["ewt"].is_number(), "{some}");
    let unknown = platform.get("/genesys/2/ewt/ewt4").await;
    assert_eq!(unknown.status, 400);
    assert!(unknown.message().contains("ewt"), "{}", unknown.text);
}

//= guide: _request_ewt_service is the first source of the waiting time
//= type=test
#[tokio::test]
async fn another_router_may_tell_the_waiting_time_that_decides_about_now_or_later() {
    let router = Peer::start().await;
    router.answers_body(json!({"ewt": 1800.5, "calls": 3}).to_string());
    let stat = stat(&[("_urs_url", json!(router.url("/urs/call/max/lvq"))), ("_caching_policy", json!(5))]);
    let service = Service::immediate().with("_request_ewt_service", "wait");
    let platform = Platform::start(Setup::of("now", &service).service("wait", &stat)).await;
    let in_minutes = async |minutes: i64| {
        let desired = platform.time_in(minutes * 60).await;
        let number = format!("+120255501{minutes}");
        let callback =
            platform.begin("now", &json!({"_customer_number": number, "_desired_time": desired})).await;
        platform.state(&callback).await
    };
    assert_ne!(in_minutes(25).await, "SCHEDULED", "half an hour of waiting is longer");
    assert_eq!(in_minutes(45).await, "SCHEDULED");
    let asked = router.received();
    assert_eq!(asked.len(), 1, "the second answer was kept: {asked:?}");
    assert_eq!(
        (asked[0].method.as_str(), asked[0].path.as_str()),
        ("GET", "/urs/call/max/lvq?name=VQ_Callback")
    );
    // A router that fails leaves the question to our own, which knows of no waiting.
    router.answers_body("busy");
    platform.advance(6.0).await;
    assert_eq!(in_minutes(26).await, "SCHEDULED");
    let failed = platform.get("/genesys/1/service/wait?name=VQ_Callback").await;
    assert!(failed.status.is_server_error() && failed.message().contains("JSON object"), "{}", failed.text);
}

#[tokio::test]
async fn a_group_of_queues_answers_for_all_of_them() {
    let other = Service::immediate().with("_urs_virtual_queue", "VQ_Other");
    let groups = "[queue_groups.Both]\nqueues = [\"VQ_Callback\", \"VQ_Other\"]";
    let setup = Setup::of("now", &Service::immediate()).service("other", &other).switch(groups);
    let platform = Platform::start(setup).await;
    let number = |number: u32| json!({"_customer_number": format!("+120255501{number}")});
    for (service, customer) in [("now", number(60)), ("now", number(61)), ("other", number(62))] {
        let _callback = platform.begin(service, &customer).await;
    }
    platform.advance(60.0).await;
    let ask = async |name: &str| {
        platform.get(&format!("/urs/call/max/lvq?name={name}&aqt=urs&explain=true")).await.ok()
    };
    let both = ask("Both.GQ").await;
    assert_eq!((&both["calls"], &both["pos"]), (&json!(3), &json!(4)), "{both}");
    assert_eq!(both["explanation"]["queues"], json!(["VQ_Callback", "VQ_Other"]));
    assert_eq!(ask("Both@.GQ").await["calls"], 3);
    assert_eq!((&ask("VQ_Callback").await["calls"], &ask("VQ_Other").await["calls"]), (&json!(2), &json!(1)));
    assert_eq!(ask("Nobody.GQ").await, json!({}));
    let listed = platform.get("/genesys/2/ewt/ewt1?vqs=Both.GQ").await.ok();
    assert_eq!(listed["Both.GQ"]["calls"], 3, "{listed}");
}
