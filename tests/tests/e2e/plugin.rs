//! The on-dial plugin as an HTTP endpoint (specification: scenarios §12, tests G1 to G6; decision D-076).

use plugins::OnDial;
use scenarios::{Callback, Peer, Platform, Service, Setup};
use serde_json::{Value, json};

use crate::{CUSTOMER, UNTIL_ANSWERED, customer, outcome};

/// Setup and the ringing that nobody answers.
const UNTIL_RUNG_OUT: f64 = 33.0;

/// A service that asks the plugin.
fn service(plugin: &Peer) -> Service {
    Service::immediate().with("_plugin_on_dial_url", plugin.url("/on-dial"))
}

/// A plugin, and a callback whose customer behaves so and for whom the plugin was asked.
async fn asked(behaviour: &str, change: impl Fn(Service) -> Service) -> (Platform, Peer, Callback) {
    let plugin = Peer::start().await;
    let platform = Platform::start(Setup::of("now", &change(service(&plugin)))).await;
    platform.customer(CUSTOMER, json!({ "behaviour": behaviour })).await;
    let callback = platform.begin("now", &json!({"_customer_number": CUSTOMER, "topic": "loan"})).await;
    platform.advance(if behaviour == "no_answer" { UNTIL_RUNG_OUT } else { UNTIL_ANSWERED }).await;
    assert_eq!(plugin.received().len(), 1, "the plugin was asked once");
    (platform, plugin, callback)
}

fn reply(action: &str, message: &str) -> Value {
    json!({ "action": action, "message": message })
}

//= scenarios: G1
//= type=test
#[tokio::test]
async fn a_plugin_that_answers_route_to_agent_gets_the_customer_to_an_agent() {
    let (platform, plugin, callback) = asked("human", |service| service).await;
    let told: OnDial = serde_json::from_value(plugin.last()).unwrap();
    assert_eq!((told.call_state, told.dial_attempt, told.ttl_secs), (0, 1, 120));
    assert!(told.has_call());
    assert_eq!(told.customer_number, CUSTOMER);
    assert_eq!(told.callback_id, callback.id);
    assert_eq!(told.session_id, platform.session(&callback).await);
    assert_eq!(told.user_data["topic"], "loan");
    assert_eq!(platform.state(&callback).await, "QUEUED", "until the plugin has answered");

    let accepted = platform.plugin_replies(&plugin.last(), &reply("route_to_agent", "Ok")).await;
    assert_eq!(accepted.status, 200);
    assert_eq!(platform.state(&callback).await, "ROUTING");
    platform.agent_answers("7001").await;
    platform.advance(1.0).await;
    platform.hang_up(CUSTOMER).await;
    assert_eq!(platform.state(&callback).await, "COMPLETED/AGENT_CONNECTED");
    assert_eq!(platform.outcome(&callback).await, outcome("COMPLETED.AGENT", "PERSON"));
}

//= scenarios: G2
//= type=test
#[tokio::test]
async fn a_plugin_may_have_another_number_dialled_after_a_delay_of_its_own() {
    let (platform, plugin, callback) = asked("no_answer", |service| service).await;
    let told = plugin.last();
    assert_eq!(told["_call_state"], 7);
    assert_eq!(told["_interaction_id"], "undefined");
    assert_eq!(told["_dial_attempt"], 1);
    let answer = json!({"action": "retry", "message": "Ok", "delay": 5, "customer_number": "12025550129"});
    assert_eq!(platform.plugin_replies(&told, &answer).await.status, 200);
    assert_eq!(platform.state(&callback).await, "QUEUED");
    platform.advance(4.0).await;
    assert_eq!(platform.dials().await.len(), 1);
    platform.advance(2.0).await;
    assert_eq!(platform.dialled().await, [CUSTOMER, "+12025550129"]);
    platform.advance(UNTIL_ANSWERED).await;
    assert_eq!(plugin.last()["_dial_attempt"], 2);
    assert_eq!(plugin.last()["_customer_number"], "+12025550129");
}

#[tokio::test]
async fn a_number_of_a_plugin_passes_the_rules_of_the_service_or_is_refused() {
    let plugin = Peer::start().await;
    let service = service(&plugin)
        .with("_prefix_dial_out", "9")
        .with("_exceptions", "never")
        .with("_disallow_premium_phone_numbers", true);
    let patterns = "[patterns.never]\nshop = \"^\\\\+1202555017[0-9]$\"";
    let platform = Platform::start(Setup::of("now", &service).switch(patterns)).await;
    platform.customer(CUSTOMER, json!({"behaviour": "no_answer"})).await;
    let callback = platform.begin("now", &customer()).await;
    platform.advance(UNTIL_RUNG_OUT).await;
    let told = plugin.last();
    let again =
        |number: &str| json!({"action": "retry", "message": "Ok", "delay": 1, "customer_number": number});
    for number in ["911", "112", "(202) 555-0171", "+1 900 555 0123", "12"] {
        let refused = platform.plugin_replies(&told, &again(number)).await;
        assert_eq!(refused.status, 400, "{number}");
        assert!(refused.message().starts_with("customer_number: "), "{number}: {}", refused.text);
    }
    assert_eq!(platform.plugin_replies(&told, &again("(202) 555-0129")).await.status, 200);
    platform.advance(2.0).await;
    assert_eq!(platform.dialled().await, ["912025550123", "912025550129"]);
    assert_eq!(platform.state(&callback).await, "QUEUED");
}

//= scenarios: G3
//= type=test
#[tokio::test]
async fn a_plugin_that_never_answers_ends_the_callback_with_an_error() {
    let (platform, plugin, callback) = asked("human", |service| service).await;
    platform.advance(118.0).await;
    assert_eq!(platform.state(&callback).await, "QUEUED");
    platform.advance(3.0).await;
    assert_eq!(platform.state(&callback).await, "COMPLETED/FAIL_ERROR");
    assert_eq!(platform.outcome(&callback).await, outcome("COMPLETED.FAILED", "FAIL"));
    assert!(platform.calls().await.is_empty(), "the customer is not left on the line");
    let late = platform.plugin_replies(&plugin.last(), &reply("route_to_agent", "Ok")).await;
    assert_eq!(late.status, 410);
}

#[tokio::test]
async fn a_plugin_has_the_time_that_the_service_gives_it() {
    let (platform, plugin, callback) =
        asked("human", |service| service.with("_plugin_on_dial_timeout", 20)).await;
    assert_eq!(plugin.last()["_ttl"], 20);
    platform.advance(21.0).await;
    assert_eq!(platform.state(&callback).await, "COMPLETED/FAIL_ERROR");
}

//= scenarios: G4
//= type=test
#[tokio::test]
async fn a_plugin_may_move_the_call_to_a_routing_point() {
    let plugin = Peer::start().await;
    let service = service(&plugin).with("_urs_vq_priority", 7);
    let setup = Setup::of("now", &service).switch("route_points = [\"8001@SIP_Switch\"]");
    let platform = Platform::start(setup).await;
    let callback = platform.begin("now", &customer()).await;
    platform.advance(UNTIL_ANSWERED).await;
    let answer = reply("route_to_rp", "8001@SIP_Switch");
    assert_eq!(platform.plugin_replies(&plugin.last(), &answer).await.status, 200);
    platform.advance(1.0).await;
    let calls = platform.calls().await;
    assert_eq!(calls[0]["at"], "8001", "{calls:?}");
    assert_eq!(calls[0]["user_data"]["GMS_URS_PRIORITY"], "7");
    assert!(calls[0]["user_data"]["RouterData70"].as_str().is_some_and(|age| age.starts_with("t=\"")));
    assert_eq!(platform.state(&callback).await, "COMPLETED/NOT_AVAILABLE");
    assert_eq!(platform.outcome(&callback).await, outcome("COMPLETED.TRANSFERRED_TO_RP", "PERSON"));
}

//= scenarios: G5
//= type=test
#[tokio::test]
async fn a_plugin_whose_customer_hung_up_cancels_the_callback() {
    let (platform, plugin, callback) = asked("human", |service| service).await;
    platform.hang_up(CUSTOMER).await;
    assert_eq!(platform.state(&callback).await, "QUEUED", "the plugin decides");
    let answer = reply("cancel", "interaction_deleted");
    assert_eq!(platform.plugin_replies(&plugin.last(), &answer).await.status, 200);
    assert_eq!(platform.state(&callback).await, "COMPLETED/CANCELLED");
    assert_eq!(platform.outcome(&callback).await, outcome("COMPLETED.CANCELLED", "CANCEL"));
}

//= scenarios: G6
//= type=test
#[tokio::test]
async fn a_plugin_that_asks_for_more_dials_than_there_are_cancels_the_callback() {
    let (platform, plugin, callback) =
        asked("no_answer", |service| service.with("_max_dial_attempts", 2)).await;
    let again = json!({"action": "retry", "message": "Ok", "delay": 1});
    assert_eq!(platform.plugin_replies(&plugin.last(), &again).await.status, 200);
    platform.advance(1.0 + UNTIL_RUNG_OUT).await;
    assert_eq!(plugin.last()["_dial_attempt"], 2);
    assert_eq!(platform.plugin_replies(&plugin.last(), &again).await.status, 200);
    assert_eq!(platform.state(&callback).await, "COMPLETED/CANCELLED");
    let expected = outcome("COMPLETED.REDIAL_LIMIT_REACHED", "REDIAL_LIMIT_REACHED");
    assert_eq!(platform.outcome(&callback).await, expected);
}

//= scenarios: G6
//= type=test
#[tokio::test]
async fn a_plugin_that_is_not_asked_about_failed_dials_leaves_them_to_the_service() {
    let plugin = Peer::start().await;
    let service = service(&plugin)
        .with("_max_dial_attempts", 2)
        .with("_dial_retry_timeout", 10)
        .with("_plugin_on_dial_invoke_on_call_failed", false);
    let platform = Platform::start(Setup::of("now", &service)).await;
    platform.customer(CUSTOMER, json!({"behaviour": "no_answer"})).await;
    let callback = platform.begin("now", &customer()).await;
    platform.advance(2.0 * UNTIL_RUNG_OUT + 10.0).await;
    assert_eq!(platform.state(&callback).await, "COMPLETED/FAIL_CALL_TO_CUSTOMER");
    assert!(plugin.received().is_empty());
}

#[tokio::test]
async fn a_malformed_reply_is_refused_and_may_be_sent_again() {
    let (platform, plugin, callback) = asked("human", |service| service).await;
    let told = plugin.last();
    for (wrong, named) in [
        (reply("dance", "Ok"), "action"),
        (json!({"action": "retry"}), "message"),
        (reply("route_to_agent", "8001"), "message"),
        (json!({"action": "retry", "message": "Ok", "delay": "soon"}), "delay"),
        (json!({"action": "retry", "message": "Ok", "customer_number": "mother"}), "customer_number"),
    ] {
        let refused = platform.plugin_replies(&told, &wrong).await;
        assert_eq!(refused.status, 400, "{wrong}");
        assert!(refused.message().contains(named), "{wrong}: {}", refused.text);
    }
    assert_eq!(platform.plugin_replies(&told, &reply("route_to_agent", "Ok")).await.status, 200);
    assert_eq!(platform.state(&callback).await, "ROUTING");
}

#[tokio::test]
async fn a_reply_that_comes_twice_is_answered_twice_and_obeyed_once() {
    let (platform, plugin, callback) = asked("no_answer", |service| service).await;
    let (told, again) = (plugin.last(), json!({"action": "retry", "message": "Ok", "delay": 50}));
    let first = platform.plugin_replies(&told, &again).await;
    platform.advance(20.0).await;
    let second = platform.plugin_replies(&told, &again).await;
    assert_eq!((first.status, first.text), (second.status, second.text));
    platform.advance(31.0).await;
    assert_eq!(platform.dials().await.len(), 2);
    assert_eq!(platform.state(&callback).await, "QUEUED");
}

#[tokio::test]
async fn a_reply_needs_the_secret_of_its_url() {
    let (platform, plugin, _callback) = asked("human", |service| service).await;
    let url = plugin.last()["_reply_url"].as_str().unwrap().to_owned();
    let (bare, _key) = url.split_once('?').unwrap();
    for wrong in [bare.to_owned(), format!("{bare}?key=guessed")] {
        let refused = platform.plugin_replies(&json!({ "_reply_url": wrong }), &reply("cancel", "Ok")).await;
        assert_eq!(refused.status, 401, "{wrong}");
    }
}

#[tokio::test]
async fn a_form_is_a_reply_as_well() {
    let (platform, plugin, callback) = asked("human", |service| service).await;
    let url = plugin.last()["_reply_url"].as_str().unwrap().to_owned();
    let path = url.strip_prefix(&format!("http://{}", platform.address())).unwrap();
    let form =
        platform.anonymous(reqwest::Method::POST, path).form(&[("action", "cancel"), ("message", "OK")]);
    assert_eq!(platform.send(form).await.status, 200);
    assert_eq!(platform.state(&callback).await, "COMPLETED/CANCELLED");
}

#[tokio::test]
async fn a_plugin_that_cannot_be_reached_ends_the_callback_with_an_error() {
    for (status, url) in [(500, "/on-dial"), (404, "/nothing")] {
        let plugin = Peer::start().await;
        plugin.answers_next(status);
        let service = Service::immediate().with("_plugin_on_dial_url", plugin.url(url));
        let platform = Platform::start(Setup::of("now", &service)).await;
        let callback = platform.begin("now", &customer()).await;
        platform.advance(UNTIL_ANSWERED).await;
        assert_eq!(platform.state(&callback).await, "COMPLETED/FAIL_ERROR");
        assert!(platform.calls().await.is_empty());
    }
}
