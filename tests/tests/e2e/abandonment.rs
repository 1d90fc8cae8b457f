//! The guard of customers who answer and find nobody: counted, shown, and what the shipped chart makes of it.

use scenarios::{Callback, Platform, Service, Setup};
use serde_json::{Value, json};

use crate::{CUSTOMER, UNTIL_ANSWERED, customer};

/// A service in which a customer who answers hears nothing until an agent is on the line.
fn silent() -> Service {
    Service::immediate()
        .with("_treatment_waiting_for_agent", "{}")
        .with("_treatment_find_agent_fail", "{}")
        .with("_throttle_request_parameters_limit", 100)
}

/// Levels that few answers can reach.
const LEVELS: &str = "[abandonment]\nanswered_min = 2\nwarn_share = 0.3\nswitch_share = 0.5\nrelease = 0.8";

async fn platform(service: Service) -> Platform {
    Platform::start(Setup::of("now", &service).switch(LEVELS)).await
}

async fn guard(platform: &Platform) -> Value {
    platform.rest().await;
    platform.get("/genesys/1/admin/callback/abandonment").await.ok()["now"].clone()
}

fn window(answered: u64, abandoned: u64) -> Value {
    json!({"answered": answered, "abandoned": abandoned, "share": abandoned as f64 / answered as f64})
}

/// A customer answers, finds nobody, and hangs up.
async fn abandoned(platform: &Platform) -> Callback {
    let callback = platform.begin("now", &customer()).await;
    platform.advance(UNTIL_ANSWERED).await;
    platform.advance(5.0).await;
    platform.hang_up(CUSTOMER).await;
    assert_eq!(platform.state(&callback).await, "COMPLETED/ABANDONED_IN_QUEUE");
    callback
}

/// A customer is dialled when an agent is ready, and gets that agent.
async fn served(platform: &Platform) -> Callback {
    let callback = platform.begin("now", &customer()).await;
    platform.agent_answers("7001").await;
    platform.advance(UNTIL_ANSWERED + 1.0).await;
    assert_eq!(platform.state(&callback).await, "PROCESSING");
    platform.hang_up(CUSTOMER).await;
    let _away = platform.agent_command("7001", "not-ready").await.ok();
    callback
}

#[tokio::test]
async fn a_service_whose_customers_find_nobody_changes_to_agent_first_and_back() {
    let platform = platform(silent()).await;
    let fresh = guard(&platform).await;
    assert_eq!((&fresh["level"], &fresh["guarded"]), (&json!("normal"), &json!(true)));
    assert_eq!(fresh["day"], json!({"answered": 0, "abandoned": 0, "share": null}));
    let _first = abandoned(&platform).await;
    assert_eq!(guard(&platform).await["level"], "normal", "one answer is too few to judge by");
    let second = abandoned(&platform).await;
    let now = guard(&platform).await;
    assert_eq!(
        (&now["level"], &now["day"], &now["month"]),
        (&json!("agent_first"), &window(2, 2), &window(2, 2))
    );
    assert!(now["since"].as_str().is_some_and(|since| since.ends_with('Z')), "{now}");
    let timeline = platform.timeline(&second).await;
    let line = timeline.iter().find(|line| line["name"] == "abandonment");
    assert_eq!(line.unwrap_or_else(|| panic!("{timeline:?}"))["detail"]["change"]["to"], "agent_first");
    let metrics = platform.get("/metrics").await.text;
    assert!(metrics.contains("ringback_abandonment_share{service=\"now\",window=\"24h\"} 1.0"), "{metrics}");
    assert!(metrics.contains("ringback_abandonment_level{service=\"now\"} 2"), "{metrics}");

    // Agent first: nobody is dialled as long as nobody is ready, and the agent is kept while the phone rings.
    let dials = platform.dials().await.len();
    let callback = platform.begin("now", &customer()).await;
    platform.advance(60.0).await;
    assert_eq!(platform.dials().await.len(), dials);
    platform.agent_answers("7001").await;
    platform.advance(1.0).await;
    assert_eq!(platform.dials().await.len(), dials + 1);
    assert_eq!(platform.get("/genesys/1/agents/7001").await.ok()["reserved"], true);
    platform.advance(UNTIL_ANSWERED).await;
    assert_eq!(platform.state(&callback).await, "PROCESSING");
    assert_eq!(platform.calls().await[0]["at"], "7001");
    platform.hang_up(CUSTOMER).await;
    let _away = platform.agent_command("7001", "not-ready").await.ok();

    for _customer in 0..3 {
        let _served = served(&platform).await;
    }
    let now = guard(&platform).await;
    assert_eq!((&now["level"], &now["day"]), (&json!("warned"), &window(6, 2)));
    let dials = platform.dials().await.len();
    let _callback = platform.begin("now", &customer()).await;
    platform.advance(1.0).await;
    assert_eq!(platform.dials().await.len(), dials + 1, "customer first again, though nobody is ready");
}

#[tokio::test]
async fn whoever_switches_the_guard_off_is_rid_of_agent_first() {
    let mut platform = platform(silent()).await;
    let (_first, _second) = (abandoned(&platform).await, abandoned(&platform).await);
    assert_eq!(guard(&platform).await["level"], "agent_first");
    platform.advance(61.0).await;
    platform.kill();
    let unguarded = silent().with("_abandonment_guard", false);
    platform.configure(&Setup::of("now", &unguarded).switch(LEVELS));
    platform.restart().await;
    let now = guard(&platform).await;
    assert_eq!((&now["level"], &now["guarded"]), (&json!("normal"), &json!(false)));
    let dials = platform.dials().await.len();
    let _callback = platform.begin("now", &customer()).await;
    platform.advance(1.0).await;
    assert_eq!(platform.dials().await.len(), dials + 1, "customer first, though nobody is ready");
}

#[tokio::test]
async fn a_customer_who_hears_music_has_found_something_and_a_crash_forgets_no_level() {
    let mut platform = platform(Service::immediate()).await;
    let _first = abandoned(&platform).await;
    assert_eq!(guard(&platform).await["day"], window(1, 0));
    platform.advance(61.0).await;
    platform.kill();
    platform.restart().await;
    assert_eq!(guard(&platform).await["day"], window(1, 0));
}

#[tokio::test]
async fn a_service_may_do_without_the_guard_and_another_may_always_reserve_first() {
    let unguarded = silent().with("_abandonment_guard", false);
    let careful = silent().with("_reserve_before_dial", "always");
    let setup = Setup::of("now", &unguarded).service("careful", &careful).switch(LEVELS);
    let platform = Platform::start(setup).await;
    let _first = abandoned(&platform).await;
    let _second = abandoned(&platform).await;
    let state = guard(&platform).await;
    assert_eq!((&state["guarded"], &state["day"]["answered"]), (&json!(false), &json!(0)));
    let dials = platform.dials().await.len();
    let _careful = platform.begin("careful", &json!({"_customer_number": "+12025550124"})).await;
    platform.advance(10.0).await;
    assert_eq!(platform.dials().await.len(), dials);
    let anonymous = platform.anonymous(reqwest::Method::GET, "/genesys/1/admin/callback/abandonment");
    assert_eq!(platform.send(anonymous).await.status, 401);
}

#[tokio::test]
async fn an_agent_who_is_kept_while_nobody_answers_is_free_afterwards() {
    let platform = platform(silent().with("_reserve_before_dial", "always")).await;
    platform.customer(CUSTOMER, json!({"behaviour": "no_answer"})).await;
    let callback = platform.begin("now", &customer()).await;
    platform.agent_answers("7001").await;
    platform.advance(25.0).await;
    let reserved = |agent: Value| agent["reserved"] == true;
    assert!(
        reserved(platform.get("/genesys/1/agents/7001").await.ok()),
        "kept longer than half a minute by asking"
    );
    platform.advance(10.0).await;
    assert!(!reserved(platform.get("/genesys/1/agents/7001").await.ok()), "the dial has failed");
    assert_eq!(platform.state(&callback).await, "QUEUED");
    platform.advance(300.0).await;
    assert_eq!(platform.dials().await.len(), 2, "the redial has an agent again");
}
