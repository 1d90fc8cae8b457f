//! What dials show changes when the next customer is dialled (specification: urs-queueing §9).

use scenarios::{Callback, Platform, Service, Setup};
use serde_json::{Value, json};

use crate::{CUSTOMER, UNTIL_ANSWERED, customer};

/// A customer who is never dialled in these tests: the router is asked about this one.
const BYSTANDER: &str = "+12025550124";

/// A delayed service that dials without asking the customer's device.
fn service() -> Service {
    Service::delayed()
        .with("_wait_for_user_confirm", false)
        .with("_dial_retry_timeout", 600)
        .with("_cpd_enable", true)
}

async fn platform() -> Platform {
    Platform::start(Setup::of("later", &service())).await
}

async fn why(platform: &Platform, callback: &Callback) -> Value {
    let path = format!("/genesys/1/service/callback/{}/{}/why", callback.service, callback.id);
    platform.get(&path).await.ok()
}

/// Lets an agent become ready until the first customer is dialled, and go again.
async fn dialled_once(platform: &Platform) -> Callback {
    let callback = platform.begin("later", &customer()).await;
    let _ready = platform.agent_command("7001", "ready").await.ok();
    platform.advance(2.0).await;
    assert_eq!(platform.dialled().await, [CUSTOMER]);
    callback
}

/// Nobody is ready; the success rate of which the router tells somebody who waits.
async fn success_rate(platform: &Platform) -> f64 {
    let _away = platform.agent_command("7001", "not-ready").await.ok();
    let bystander = platform.begin("later", &json!({"_customer_number": BYSTANDER})).await;
    let why = why(platform, &bystander).await;
    let _gone = platform.cancel(&bystander).await.ok();
    let rate = &why["router"]["situation"]["success_rate"];
    rate.as_f64().unwrap_or_else(|| panic!("no success rate in {why}"))
}

/// The rate before anything was measured.
const AT_START: f64 = 0.85;

#[tokio::test]
async fn a_dial_that_nobody_answers_lowers_the_measured_success_rate_at_once() {
    let platform = platform().await;
    assert!((success_rate(&platform).await - AT_START).abs() < 1e-9);
    platform.customer(CUSTOMER, json!({"behaviour": "busy"})).await;
    let callback = dialled_once(&platform).await;
    platform.advance(UNTIL_ANSWERED).await;
    let record = platform.record(&callback).await;
    assert_eq!(record["_callback_state"], "QUEUED", "the redial is ten minutes away: {record}");
    assert!(success_rate(&platform).await < AT_START - 0.01);
}

#[tokio::test]
async fn a_machine_needs_no_agent_and_counts_like_nobody() {
    let platform = platform().await;
    platform.customer(CUSTOMER, json!({"behaviour": "machine"})).await;
    let _callback = dialled_once(&platform).await;
    platform.advance(UNTIL_ANSWERED).await;
    assert!(success_rate(&platform).await < AT_START - 0.01);
}

#[tokio::test]
async fn a_customer_who_answers_raises_the_measured_success_rate() {
    let platform = platform().await;
    let callback = dialled_once(&platform).await;
    platform.agent("7001", json!({"behaviour": "answers"})).await;
    platform.advance(UNTIL_ANSWERED + 1.0).await;
    assert_eq!(platform.state(&callback).await, "PROCESSING");
    platform.hang_up(CUSTOMER).await;
    assert!(success_rate(&platform).await > AT_START + 0.001);
}

#[tokio::test]
async fn a_dial_that_is_under_way_is_one_dial_however_long_it_rings() {
    let platform = platform().await;
    platform.customer(CUSTOMER, json!({"behaviour": "no_answer"})).await;
    let callback = dialled_once(&platform).await;
    let told = why(&platform, &callback).await;
    assert_eq!(told["router"]["reason"], "being_dialled", "{told}");
    platform.advance(40.0).await;
    let told = why(&platform, &callback).await;
    assert_eq!(told["router"]["reason"], "blocked", "{told}");
    let first = success_rate(&platform).await;
    assert!(first < AT_START - 0.01);
    // The redial asks for a new announcement: the failed dial is not counted again.
    platform.advance(600.0).await;
    assert!((success_rate(&platform).await - first).abs() < 1e-9);
}

#[tokio::test]
async fn what_became_of_a_dial_that_a_crash_interrupted_moves_nothing() {
    let mut platform = platform().await;
    platform.customer(CUSTOMER, json!({"behaviour": "no_answer"})).await;
    let callback = dialled_once(&platform).await;
    platform.kill();
    platform.restart().await;
    // The announcement was used up by the dial: an agent who comes does not make it come again before the redial.
    let _ready = platform.agent_command("7001", "ready").await.ok();
    platform.advance(120.0).await;
    let told = why(&platform, &callback).await;
    assert_eq!(told["router"]["reason"], "not_asked", "{told}");
    let _away = platform.agent_command("7001", "not-ready").await.ok();
    platform.advance(600.0).await;
    assert!((success_rate(&platform).await - AT_START).abs() < 1e-9);
}

#[tokio::test]
async fn nobody_is_dialled_for_agents_whom_immediate_callbacks_are_about_to_take() {
    let setup = Setup::of("later", &service()).service("now", &Service::immediate());
    let platform = Platform::start(setup).await;
    let numbers = ["+12025550160", "+12025550161", "+12025550162", "+12025550163"];
    for number in numbers {
        platform.customer(number, json!({"behaviour": "no_answer"})).await;
    }
    for agent in ["7001", "7002"] {
        let _ready = platform.agent_command(agent, "ready").await;
    }
    for (service, number) in ["now", "now", "later", "later"].into_iter().zip(numbers) {
        let _callback = platform.begin(service, &json!({"_customer_number": number})).await;
        platform.advance(1.0).await;
    }
    let mut dialled = platform.dialled().await;
    dialled.sort_unstable();
    assert_eq!(dialled, numbers[..2], "two customers ring for two agents");
    // Nobody answers: the agents are free for the others.
    platform.advance(60.0).await;
    assert_eq!(platform.dialled().await.len(), 4);
}
