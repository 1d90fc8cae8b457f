//! Sessions that a restart cannot bring back: what becomes of their callbacks (specification: scenarios §18).

use scenarios::{Callback, Peer, Platform, Service, Setup};
use serde_json::{Value, json};
use store::{Options, SqliteStore, Store as _, Write};

use crate::{CUSTOMER, WHILE_RINGING, customer, waiting_on_the_line};

/// The customer behind the first.
const OTHER: &str = "+12025550124";

/// A delayed service whose priority grows by 5 each minute.
fn growing() -> Service {
    Service::delayed()
        .with("_wait_for_user_confirm", false)
        .with("_urs_vq_priority", 10)
        .with("_urs_vq_priority_increment", 5)
        .with("_urs_vq_priority_increment_interval", 60)
}

async fn platform(service: &Service) -> Platform {
    Platform::start(Setup::of("later", service).service("now", &Service::immediate())).await
}

/// The node dies, what is stored of a session becomes unreadable, and the node comes back.
async fn lose_session(platform: &mut Platform, callback: &Callback) {
    let session = platform.session(callback).await;
    platform.kill();
    let store = SqliteStore::open(&platform.folder().join("data"), Options::default()).await.unwrap();
    let mut row = store.session(session.as_str().into()).await.unwrap().unwrap();
    row.snapshot = "{}".to_owned();
    store.commit(vec![Write::PutSession(Box::new(row))]).await.unwrap();
    store.close().await.unwrap();
    drop(store);
    platform.restart().await;
}

async fn place(platform: &Platform, callback: &Callback) -> Value {
    platform.message(callback, "check-queue-position", &json!({})).await.ok()
}

/// Asks for two callbacks, the second a moment after the first, and waits so many seconds.
async fn two_who_wait(platform: &Platform, seconds: f64) -> [Callback; 2] {
    let first = platform.begin("later", &customer()).await;
    platform.advance(1.0).await;
    let second = platform.begin("later", &json!({ "_customer_number": OTHER })).await;
    platform.advance(seconds - 1.0).await;
    [first, second]
}

//= scenarios: L1
//= type=test
#[tokio::test]
async fn a_callback_whose_session_is_lost_waits_on_in_its_place() {
    let mut platform = platform(&growing()).await;
    let [first, second] = two_who_wait(&platform, 190.0).await;
    let before = platform.session(&first).await;
    lose_session(&mut platform, &first).await;
    assert_eq!(platform.state(&first).await, "QUEUED");
    assert_ne!(platform.session(&first).await, before);
    assert!(platform.timeline(&first).await.iter().any(|line| line["name"] == "session.lost"));
    let (of_first, of_second) = (place(&platform, &first).await, place(&platform, &second).await);
    assert_eq!((&of_first["_position"], &of_second["_position"]), (&json!(1), &json!(2)));
    assert_eq!(of_first["priority"], 25, "{of_first}");
    platform.agent_answers("7001").await;
    platform.advance(1.0).await;
    assert_eq!(platform.dialled().await, [CUSTOMER]);
}

#[tokio::test]
async fn a_callback_may_have_to_wait_anew() {
    let setup = Setup::of("later", &growing()).callback("enable-restore-vq-position = false");
    let mut platform = Platform::start(setup).await;
    let [first, _second] = two_who_wait(&platform, 190.0).await;
    lose_session(&mut platform, &first).await;
    let place = place(&platform, &first).await;
    assert_eq!((&place["_position"], &place["priority"]), (&json!(2), &json!(10)));
}

//= scenarios: L3
//= type=test
#[tokio::test]
async fn an_age_that_the_request_gave_is_kept() {
    let mut platform = platform(&growing()).await;
    let age = platform.now().await.epoch_seconds() - 600;
    let request = json!({ "_customer_number": CUSTOMER, "_urs_call_interaction_age": age });
    let callback = platform.begin("later", &request).await;
    lose_session(&mut platform, &callback).await;
    assert_eq!(place(&platform, &callback).await["priority"], 60);
}

#[tokio::test]
async fn dials_of_a_lost_session_count() {
    let mut platform = platform(&growing()).await;
    let service = Service::immediate().with("_max_dial_attempts", 1);
    platform.configure(&Setup::of("now", &service));
    platform.kill();
    platform.restart().await;
    let callback = platform.begin("now", &customer()).await;
    platform.advance(WHILE_RINGING).await;
    assert_eq!(platform.state(&callback).await, "QUEUED");
    lose_session(&mut platform, &callback).await;
    platform.advance(600.0).await;
    assert_eq!(platform.state(&callback).await, "COMPLETED/FAIL_CALL_TO_CUSTOMER");
    assert_eq!(platform.dial_log(), [(callback.id, 1)]);
}

//= decision: D-079 a session lost for good in ROUTING is not resubmitted
//= type=test
#[tokio::test]
async fn a_callback_whose_customer_was_on_the_line_is_not_submitted_anew() {
    let mut platform = platform(&growing()).await;
    let callback = waiting_on_the_line(&platform, "now").await;
    assert_eq!(platform.state(&callback).await, "ROUTING");
    lose_session(&mut platform, &callback).await;
    assert_eq!(platform.state(&callback).await, "COMPLETED/FAIL_ERROR");
    assert_eq!(platform.dial_log().len(), 1);
}

#[tokio::test]
async fn a_callback_that_was_paused_on_the_line_is_not_submitted_anew() {
    let mut platform = platform(&growing()).await;
    let callback = waiting_on_the_line(&platform, "now").await;
    let paused =
        platform.post("/genesys/1/admin/lists/GMS_Paused_Services/services", &json!({ "all": true })).await;
    assert_eq!(paused.status, 200, "{}", paused.text);
    platform.advance(6.0).await;
    assert_eq!(platform.state(&callback).await, "PAUSED");
    lose_session(&mut platform, &callback).await;
    assert_eq!(platform.state(&callback).await, "COMPLETED/FAIL_ERROR");
    assert_eq!(platform.dial_log().len(), 1);
}

//= guide: _max_ors_submit_attempts
//= type=test
#[tokio::test]
async fn a_callback_is_submitted_anew_only_so_often() {
    let mut platform = platform(&growing().with("_max_ors_submit_attempts", 2)).await;
    let callback = platform.begin("later", &customer()).await;
    for _submit in 0..2 {
        lose_session(&mut platform, &callback).await;
        assert_eq!(platform.state(&callback).await, "QUEUED");
    }
    lose_session(&mut platform, &callback).await;
    assert_eq!(platform.state(&callback).await, "COMPLETED/SUBMIT_ERROR");
}

#[tokio::test]
async fn the_end_of_a_callback_whose_session_is_lost_is_told_and_reported() {
    let target = Peer::start().await;
    let service = Service::immediate().notifying(&target.url("/"));
    let mut platform = Platform::start(Setup::of("now", &service)).await;
    let callback = waiting_on_the_line(&platform, "now").await;
    lose_session(&mut platform, &callback).await;
    assert_eq!(platform.state(&callback).await, "COMPLETED/FAIL_ERROR");
    assert_eq!(target.last()["event_id"], "_cbe_on_service_exit");
    assert_eq!(target.last()["c_termination_type"], "COMPLETED.FAILED");
    assert_eq!(platform.outcome(&callback).await, ("COMPLETED.FAILED".to_owned(), "FAIL".to_owned()));
}
