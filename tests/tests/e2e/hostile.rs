//! Charts that mean harm: their callbacks fail with the reason on the record, all others go on.

use reqwest::Method;
use scenarios::{Platform, Service, Setup};
use serde_json::json;

use crate::{CUSTOMER, customer, served_by_an_agent, waiting_on_the_line};

/// The chart that we ship.
const SHIPPED: &str = include_str!("../../../statecharts/charts/callback.scxml");
/// A line of a script of it, which runs after a dial that reached nobody.
const LINE: &str = "report._CB_N_IS_SNOOZED = 1;";
/// An element that is executed there.
const ELEMENT: &str = r#"<send id="snooze" event="dial.again" delayexpr="(snoozed_until - clock) + 's'"/>"#;

fn changed(part: &str, other: &str) -> String {
    assert_eq!(SHIPPED.matches(part).count(), 1, "`{part}` stands once in the shipped chart");
    SHIPPED.replace(part, other)
}

/// What a chart does, and the limit that ends it.
fn cases() -> Vec<(String, &'static str)> {
    let script = |text: &str| changed(LINE, &text.replace('&', "&amp;").replace('<', "&lt;"));
    vec![
        (script("for (;;) { try { for (;;) { } } catch (error) { } }"), "script_time"),
        (script("/^(a+)+$/.test('a'.repeat(64) + 'b');"), "script_time"),
        (script("var harm = []; for (;;) harm.push('x'.repeat(100000) + harm.length);"), "heap"),
        (script("report.x = { get y() { for (;;) { } } };"), "script_time"),
        (script("report.x = (function make() { return { get y() { return make(); } }; })();"), "stack"),
        (
            script("report.x = []; for (var i = 0; i < 5; i++) report.x.push('x'.repeat(1000000) + i);"),
            "data",
        ),
        (script("for (var i = 0; i < 20000; i++) __Log('x');"), "effects"),
        (
            changed(
                ELEMENT,
                r#"<foreach array="new Array(1200)" item="verdict"><send event="x" delay="1h"/></foreach>"#,
            ),
            "pending_sends",
        ),
        (
            changed(
                ELEMENT,
                r##"<foreach array="new Array(1200)" item="verdict"><send event="x" target="#_scxml_nobody"/></foreach>"##,
            ),
            "sent_events",
        ),
    ]
}

async fn breaches(platform: &Platform, limit: &str) -> String {
    let metrics = platform.send(platform.anonymous(Method::GET, "/metrics")).await;
    let name = format!("ringback_session_limit_breaches_total{{limit=\"{limit}\"}} ");
    metrics.text.lines().find_map(|line| line.strip_prefix(&name)).unwrap().to_owned()
}

#[tokio::test]
async fn a_callback_with_a_hostile_chart_fails_alone_and_its_record_says_why() {
    let mut setup = Setup::of("now", &Service::immediate());
    let cases = cases();
    for (at, (chart, _)) in cases.iter().enumerate() {
        let file = format!("harm{at}.scxml");
        let service = Service::immediate().with("_service_type", "callback").with("_service", file.as_str());
        setup = setup.service(&format!("harm{at}"), &service).chart(&file, chart.as_str());
    }
    let platform = Platform::start(setup).await;
    // One waits for its agent while all the others fail.
    let neighbour = waiting_on_the_line(&platform, "now").await;
    for (at, (_, limit)) in cases.iter().enumerate() {
        let number = format!("+120255501{:02}", 30 + at);
        platform.customer(&number, json!({"behaviour": "busy"})).await;
        let before: u64 = breaches(&platform, limit).await.parse().unwrap();
        let harmful = platform.begin(&format!("harm{at}"), &json!({ "_customer_number": number })).await;
        platform.advance(10.0).await;
        assert_eq!(platform.state(&harmful).await, "COMPLETED/FAIL_ERROR", "{limit}, chart {at}");
        let timeline = platform.timeline(&harmful).await;
        let failed = timeline.iter().find(|line| line["name"] == "session.failed");
        let failed = failed.unwrap_or_else(|| panic!("no reason on the record: {timeline:?}"));
        assert_eq!(failed["detail"]["limit"], *limit, "{failed}");
        let after: u64 = breaches(&platform, limit).await.parse().unwrap();
        assert_eq!(after, before + 1, "{limit}");
    }
    served_by_an_agent(&platform, &neighbour).await;
}

#[tokio::test]
async fn data_as_deep_as_a_chart_may_hand_out_are_read_again_after_a_crash() {
    let nested = "(function () { var x = 1; for (var i = 0; i &lt; 60; i++) x = { y: x }; return x; })()";
    let chart = changed(
        ELEMENT,
        &format!(
            "<callback:update><content expr=\"({{ _deep: {nested} }})\"/></callback:update>\n\
             <send event=\"x\" delay=\"1h\"><param name=\"deep\" expr=\"{nested}\"/></send>\n{ELEMENT}"
        ),
    );
    let service = Service::immediate().with("_service_type", "callback").with("_service", "deep.scxml");
    let setup = Setup::of("deep", &service).chart("deep.scxml", chart);
    let mut platform = Platform::start(setup).await;
    platform.customer(CUSTOMER, json!({"behaviour": "busy"})).await;
    let callback = platform.begin("deep", &customer()).await;
    platform.advance(10.0).await;
    assert_eq!(platform.state(&callback).await, "QUEUED");
    platform.kill();
    platform.restart().await;
    let all = platform.get("/genesys/1/admin/callback/queues").await.ok();
    assert_eq!(all["deep"][0]["_id"], callback.id.as_str());
    platform.customer(CUSTOMER, json!({"behaviour": "busy"})).await;
    platform.advance(7200.0).await;
    assert_eq!(platform.state(&callback).await, "COMPLETED/FAIL_CALL_TO_CUSTOMER");
    assert!(platform.timeline(&callback).await.iter().any(|line| line.to_string().contains("\"y\":{\"y\"")));
}

/// Sends back whatever it gets, at once.
const BALL: &str = r##"<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" datamodel="ecmascript">
  <state id="plays">
    <transition event="serve"><send event="ball" targetexpr="'#_scxml_' + _event.data.to"/></transition>
    <transition event="post"><send type="basichttp" event="letter" targetexpr="_ioprocessors.basichttp.location.replace(_sessionid, _event.data.to)"/></transition>
    <transition event="ball letter"><send event="ball" targetexpr="_event.origin" typeexpr="_event.origintype"/></transition>
    <transition event="tick"><send event="tick" delay="1ms"/></transition>
    <transition event="tock"><send event="tock"/></transition>
  </state>
</scxml>"##;

/// Starts a session of it; its id.
async fn player(platform: &Platform) -> String {
    let started = platform.post("/scxml/session/start", &json!({"src": "ball.scxml"})).await.ok();
    started["sessionid"].as_str().unwrap().to_owned()
}

/// Tells a session something; the status of the answer.
async fn told(platform: &Platform, session: &str, event: &str, to: &str) -> u16 {
    platform
        .post(&format!("/scxml/session/{session}/event/{event}"), &json!({ "to": to }))
        .await
        .status
        .as_u16()
}

#[tokio::test]
async fn sessions_that_storm_each_other_end_and_a_callback_between_them_does_not_notice() {
    let setup = Setup::of("now", &Service::immediate()).chart("ball.scxml", BALL);
    let platform = Platform::start(setup).await;
    let (first, second) = (player(&platform).await, player(&platform).await);
    assert_eq!(told(&platform, &first, "serve", &second).await, 200);
    // The clock stands still: without a limit the ball would never come to rest.
    let callback = waiting_on_the_line(&platform, "now").await;
    assert_eq!(breaches(&platform, "sent_events").await, "1", "it ends the one that sends first");
    assert_eq!(told(&platform, &first, "nothing", "").await, 410);
    assert_eq!(told(&platform, &second, "nothing", "").await, 200, "the other one goes on");

    // The same by BasicHTTP, to itself, and with a delay that is next to nothing.
    let (third, fourth) = (player(&platform).await, player(&platform).await);
    assert_eq!(told(&platform, &third, "post", &fourth).await, 200);
    let (itself, ticking) = (player(&platform).await, player(&platform).await);
    assert_eq!(told(&platform, &itself, "tock", "").await, 200);
    assert_eq!(told(&platform, &ticking, "tick", "").await, 200);
    platform.advance(1.2).await;
    assert_eq!(
        told(&platform, &ticking, "nothing", "").await,
        200,
        "it may send 200 a second and 1000 besides"
    );
    platform.advance(0.1).await;
    for ended in [&third, &itself, &ticking] {
        assert_eq!(told(&platform, ended, "nothing", "").await, 410);
    }
    assert_eq!(breaches(&platform, "sent_events").await, "3");
    assert_eq!(breaches(&platform, "queue").await, "1", "what comes back at once is seen in the step itself");
    served_by_an_agent(&platform, &callback).await;
}

#[tokio::test]
async fn limits_are_those_of_the_configuration() {
    let chart = changed(LINE, "for (var i = 0; i &lt; 20; i++) __Log('x');");
    let service = Service::immediate().with("_service_type", "callback").with("_service", "mine.scxml");
    let setup = Setup::of("mine", &service).chart("mine.scxml", chart);
    let platform = Platform::start(setup.switch("[session_limits]\neffects = 10")).await;
    platform.customer(CUSTOMER, json!({"behaviour": "busy"})).await;
    let callback = platform.begin("mine", &customer()).await;
    platform.advance(10.0).await;
    assert_eq!(platform.state(&callback).await, "COMPLETED/FAIL_ERROR");
    assert_eq!(breaches(&platform, "effects").await, "1");
}
