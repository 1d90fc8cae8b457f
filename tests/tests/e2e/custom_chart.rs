//! A chart of one's own, named in a service: what it says is what happens, without a build (decision D-113).

use scenarios::{Platform, Service, Setup};
use serde_json::json;

use crate::{CUSTOMER, UNTIL_ANSWERED, customer, outcome};

/// The chart that we ship.
const SHIPPED: &str = include_str!("../../../statecharts/charts/callback.scxml");

/// The shipped chart with another rule in place of one of its own.
fn changed(rule: &str, other: &str) -> String {
    assert_eq!(SHIPPED.matches(rule).count(), 1, "the rule `{rule}` stands once in the shipped chart");
    SHIPPED.replace(rule, other)
}

/// Doubles the pause after every dial.
fn doubling() -> String {
    changed(
        "verdict.delay !== undefined ? verdict.delay : option('_dial_retry_timeout', 300)",
        "verdict.delay !== undefined ? verdict.delay : 60 * Math.pow(2, attempt.count - 1)",
    )
}

/// Gives up after the first dial.
fn impatient() -> String {
    changed("cond=\"attempt.count &gt;= option('_max_dial_attempts', 3)\"", "cond=\"true\"")
}

/// A service on a chart of the charts folder.
fn service() -> Service {
    Service::immediate().with("_service_type", "callback").with("_service", "mine.scxml")
}

#[tokio::test]
async fn a_copy_that_waits_longer_after_each_dial_does_so() {
    let setup =
        Setup::of("mine", &service().with("_max_dial_attempts", 4)).service("now", &Service::immediate());
    let platform = Platform::start(setup.chart("mine.scxml", doubling())).await;
    platform.customer(CUSTOMER, json!({"behaviour": "busy"})).await;
    let _callback = platform.begin("mine", &customer()).await;
    let mut times = Vec::new();
    for second in 0..500 {
        if platform.dials().await.len() > times.len() {
            times.push(second);
        }
        platform.advance(1.0).await;
    }
    let pauses: Vec<i32> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(pauses.len(), 3, "{times:?}");
    for (pause, wanted) in pauses.iter().zip([60, 120, 240]) {
        assert!((wanted..=wanted + 2).contains(pause), "{pauses:?}");
    }
}

#[tokio::test]
async fn the_copy_is_used_by_its_service_alone() {
    let setup = Setup::of("mine", &service()).service("now", &Service::immediate());
    let platform = Platform::start(setup.chart("mine.scxml", impatient())).await;
    let other = "+12025550124";
    for number in [CUSTOMER, other] {
        platform.customer(number, json!({"behaviour": "busy"})).await;
    }
    let mine = platform.begin("mine", &customer()).await;
    let shipped = platform.begin("now", &json!({ "_customer_number": other })).await;
    platform.advance(10.0).await;
    assert_eq!(platform.state(&mine).await, "COMPLETED/FAIL_CALL_TO_CUSTOMER");
    let expected = outcome("COMPLETED.REDIAL_LIMIT_REACHED", "REDIAL_LIMIT_REACHED");
    assert_eq!(platform.outcome(&mine).await, expected);
    assert_eq!(platform.state(&shipped).await, "QUEUED");
}

#[tokio::test]
async fn a_change_of_the_chart_is_for_the_next_callback() {
    let platform = Platform::start(Setup::of("mine", &service()).chart("mine.scxml", SHIPPED)).await;
    platform.customer(CUSTOMER, json!({"behaviour": "busy"})).await;
    platform.customer("+12025550124", json!({"behaviour": "busy"})).await;
    let before = platform.begin("mine", &customer()).await;
    std::fs::write(platform.folder().join("charts/mine.scxml"), impatient()).unwrap();
    let after = platform.begin("mine", &json!({"_customer_number": "+12025550124"})).await;
    platform.advance(10.0).await;
    assert_eq!(platform.state(&before).await, "QUEUED", "a running callback keeps its chart");
    assert_eq!(platform.state(&after).await, "COMPLETED/FAIL_CALL_TO_CUSTOMER");
}

#[tokio::test]
async fn a_copy_may_have_a_part_of_its_own() {
    let part = include_str!("../../../statecharts/charts/parts/greeting.scxml")
        .replace("readTreatment('_treatment_customer_connect', null)", "({ file: 'mine.wav', hints: {} })");
    let setup =
        Setup::of("mine", &service()).chart("mine.scxml", SHIPPED).chart("parts/greeting.scxml", part);
    let platform = Platform::start(setup).await;
    let callback = platform.begin("mine", &customer()).await;
    platform.advance(UNTIL_ANSWERED).await;
    assert_eq!(platform.played(&callback).await, ["mine.wav"]);
}

#[tokio::test]
async fn a_callback_keeps_its_chart_over_a_crash() {
    let mut platform = Platform::start(Setup::of("mine", &service()).chart("mine.scxml", SHIPPED)).await;
    platform.customer(CUSTOMER, json!({"behaviour": "busy"})).await;
    let callback = platform.begin("mine", &customer()).await;
    platform.advance(10.0).await;
    platform.kill();
    std::fs::write(platform.folder().join("charts/mine.scxml"), impatient()).unwrap();
    platform.restart().await;
    platform.customer(CUSTOMER, json!({"behaviour": "busy"})).await;
    platform.advance(300.0).await;
    assert_eq!(platform.state(&callback).await, "QUEUED", "the old rule still holds for it");
}
