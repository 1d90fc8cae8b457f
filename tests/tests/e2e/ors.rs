//! Charts as they were written for ORS run as they are (specification: ors-scxml §12; decisions D-082 to D-090).

use scenarios::{Platform, Service, Setup};
use serde_json::{Value, json};

use crate::{CUSTOMER, UNTIL_ANSWERED, customer};

const INBOUND: &str = include_str!("../../../examples/charts/designer_inbound.scxml");
const PLUGIN: &str = include_str!("../../../examples/charts/designer_plugin.scxml");

async fn inbound_platform() -> Platform {
    let service = Service::empty().with("_type", "ors").with("_service", "designer_inbound.scxml");
    let setup = Setup::of("designer", &service)
        .switch("[switch.inbound]\n\"8001@SIP_Switch\" = \"designer\"")
        .chart("designer_inbound.scxml", INBOUND);
    Platform::start(setup).await
}

/// The session that runs for the one call there is.
async fn session_of_call(platform: &Platform) -> String {
    let calls = platform.calls().await;
    let session =
        calls.first().and_then(|call| call["user_data"]["OP-Session-ID"].as_str().map(str::to_owned));
    session.unwrap_or_else(|| panic!("no call tells its session: {calls:?}"))
}

#[tokio::test]
async fn an_inbound_chart_of_the_designer_gets_its_caller_to_an_agent() {
    let mut platform = inbound_platform().await;
    let _id = platform.call_arrives(json!({"ani": CUSTOMER, "dnis": "8001", "digits": "4"})).await;
    assert_eq!(platform.calls().await[0]["playing"], "welcome.wav");
    let session = format!("/scxml/session/{}", session_of_call(&platform).await);
    platform.advance(20.0).await;
    let report = platform.get(&format!("{session}/request/report")).await.ok();
    assert_eq!(report["choice"], "4", "{report}");
    assert_eq!(report["reason"], "sales");
    assert_eq!(report["day"], true);
    assert_eq!(report["states"], json!(["_composer_globalstate", "target"]));
    let system = &report["system"];
    assert_eq!((&system["ANI"], &system["DNIS"]), (&json!(CUSTOMER), &json!("8001")));
    assert_eq!((&system["Type"], &system["InteractionMediaType"]), (&json!("inbound"), &json!("voice")));
    assert_eq!(system["StartEvent"]["name"], "interaction.present");
    assert_eq!(system["errors"], json!([]));
    let calls = platform.calls().await;
    assert_eq!(
        (&calls[0]["playing"], &calls[0]["user_data"]["reason"]),
        (&json!("hold.wav"), &json!("sales"))
    );

    platform.agent_answers("7001").await;
    platform.advance(2.0).await;
    let calls = platform.calls().await;
    assert_eq!((&calls[0]["phase"], &calls[0]["at"]), (&json!("talking"), &json!("7001")));
    let report = platform.get(&format!("{session}/request/report")).await.ok();
    assert_eq!(report["states"], json!(["_composer_globalstate", "talking"]));
    platform.hang_up(CUSTOMER).await;
    assert_eq!(platform.get(&format!("{session}/request/report")).await.status, 410);
    let _stopped = platform.stop();
}

#[tokio::test]
async fn an_on_dial_plugin_of_the_designer_treats_the_customer_and_routes_to_an_agent() {
    let service = Service::immediate().with("_plugin_on_dial_url", "designer_plugin.scxml");
    let platform = Platform::start(Setup::of("now", &service).chart("designer_plugin.scxml", PLUGIN)).await;
    let callback = platform.begin("now", &customer()).await;
    platform.advance(UNTIL_ANSWERED).await;
    assert_eq!(platform.calls().await[0]["playing"], "hello_outbound.wav");
    platform.advance(30.0).await;
    assert_eq!(platform.state(&callback).await, "ROUTING");
    platform.agent_answers("7001").await;
    platform.advance(1.0).await;
    platform.hang_up(CUSTOMER).await;
    assert_eq!(platform.state(&callback).await, "COMPLETED/AGENT_CONNECTED");
}

#[tokio::test]
async fn an_on_dial_plugin_of_the_designer_starts_without_a_call_when_the_dial_failed() {
    let service = Service::immediate()
        .with("_plugin_on_dial_url", "designer_plugin.scxml")
        .with("_plugin_on_dial_invoke_on_call_failed", true);
    let platform = Platform::start(Setup::of("now", &service).chart("designer_plugin.scxml", PLUGIN)).await;
    platform.customer(CUSTOMER, json!({"behaviour": "busy"})).await;
    let _callback = platform.begin("now", &customer()).await;
    for _ in 0..30 {
        platform.advance(1.0).await;
    }
    assert!(platform.dials().await.len() >= 2, "the plugin asked for a retry after five seconds");
}

#[tokio::test]
async fn a_plugin_of_the_designer_tells_that_the_customer_hung_up() {
    let service = Service::immediate().with("_plugin_on_dial_url", "designer_plugin.scxml");
    let platform = Platform::start(Setup::of("now", &service).chart("designer_plugin.scxml", PLUGIN)).await;
    let callback = platform.begin("now", &customer()).await;
    platform.advance(UNTIL_ANSWERED).await;
    platform.hang_up(CUSTOMER).await;
    let state = platform.state(&callback).await;
    assert!(state.starts_with("COMPLETED/"), "{state}");
}

/// A chart for ORS that keeps the names of the events it sees.
fn listener(head: &str, body: &str) -> String {
    format!(
        "<scxml xmlns='http://www.w3.org/2005/07/scxml' version='1.0' datamodel='ecmascript' name='listener' {head}
           xmlns:session='www.genesyslab.com/modules/session' xmlns:ws='www.genesyslab.com/modules/ws'
           xmlns:statistic='www.genesyslab.com/modules/statistic' xmlns:classification='www.genesyslab.com/modules/classification'
           xmlns:queue='www.genesyslab.com/modules/queue'>
         <datamodel><data id='seen' expr='[]'/><data id='last' expr='null'/><data id='other'/></datamodel>
         <state id='all'>
           <transition event='report'><session:response requestid='_event.sendid'><param name='seen' expr='seen'/><param name='last' expr='last'/></session:response></transition>
           {body}
           <transition event='*'><script>seen.push(_event.name); last = _event.data</script></transition>
         </state></scxml>"
    )
}

async fn started(platform: &Platform, parameters: &Value) -> String {
    let started = platform.post("/scxml/session/start", parameters).await.ok();
    started["sessionid"].as_str().unwrap_or_else(|| panic!("{started}")).to_owned()
}

async fn report(platform: &Platform, session: &str) -> Value {
    platform.get(&format!("/scxml/session/{session}/request/report")).await.ok()
}

async fn send(platform: &Platform, session: &str, event: &str) {
    assert_eq!(platform.get(&format!("/scxml/session/{session}/event/{event}")).await.status, 200);
}

#[tokio::test]
async fn a_chart_for_ors_is_answered_for_a_cancel_and_told_its_own_errors() {
    let body = "<transition event='a'><send event=\"'tick'\" sendid='t' delay=\"'60s'\"/><cancel sendid='t'/><cancel sendid='t'/></transition>
                <transition event='b'><log expr='_genesys.ixn.interactions[0].voice.ani'/></transition>
                <transition event='c'><classification:screen/></transition>";
    let setup = Setup::new()
        .chart("ors.scxml", listener("_orsCompatibility='true'", body))
        .chart("w3c.scxml", listener("", body));
    let platform = Platform::start(setup).await;
    for (chart, expected) in [
        (
            "ors.scxml",
            json!([
                "cancel.successful",
                "error.notallowed",
                "error.cancel.notallowed",
                "error.illegalvalue.TypeError",
                "error.execution",
                "error.classification.screen"
            ]),
        ),
        ("w3c.scxml", json!(["error.execution", "error.classification.screen"])),
    ] {
        let session = started(&platform, &json!({ "src": chart })).await;
        for event in ["a", "b", "c"] {
            send(&platform, &session, event).await;
        }
        assert_eq!(report(&platform, &session).await["seen"], expected, "{chart}");
    }
}

#[tokio::test]
async fn a_session_starts_at_its_ideal_time_also_after_a_crash() {
    let mut platform = Platform::start(Setup::new().chart("later.scxml", listener("", ""))).await;
    let due = platform.now().await.as_millis() + 60_000;
    let session = started(&platform, &json!({ "src": "later.scxml", "idealtime": due })).await;
    let given_up = started(&platform, &json!({ "src": "later.scxml", "idealtime": due.to_string() })).await;
    assert_eq!(platform.post(&format!("/scxml/session/{given_up}/terminate"), &json!({})).await.status, 200);
    let path = format!("/scxml/session/{session}/request/report");
    assert_eq!(platform.get(&path).await.status, 404, "it has not begun");
    platform.kill();
    platform.restart().await;
    platform.advance(30.0).await;
    assert_eq!(platform.get(&path).await.status, 404, "it has not begun");
    platform.advance(31.0).await;
    assert_eq!(platform.get(&path).await.status, 200);
    assert_eq!(platform.get(&format!("/scxml/session/{given_up}/request/report")).await.status, 404);
    let refused =
        platform.post("/scxml/session/start", &json!({"src": "nothing.scxml", "idealtime": due * 2})).await;
    assert_eq!(refused.status, 400);
}

#[tokio::test]
async fn a_chart_starts_another_later_changes_its_time_and_hears_of_its_end() {
    let child = "<scxml xmlns='http://www.w3.org/2005/07/scxml' version='1.0' name='kid' _orsCompatibility='true' initial='end'><final id='end'/></scxml>";
    let body = "<transition event='begin'><session:start src=\"'kid.scxml'\" sessionid='other' idealtime='Date.now() + 1000000'/></transition>
                <transition event='sooner'><session:updatestart sessionid='other' idealtime='Date.now() + 5000'/></transition>";
    let setup = Setup::new().chart("kid.scxml", child).chart("parent.scxml", listener("", body));
    let platform = Platform::start(setup).await;
    let session = started(&platform, &json!({ "src": "parent.scxml" })).await;
    send(&platform, &session, "begin").await;
    platform.advance(10.0).await;
    send(&platform, &session, "sooner").await;
    platform.advance(6.0).await;
    let seen = report(&platform, &session).await["seen"].clone();
    let names: Vec<&str> = seen.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for expected in ["session.updatestart.done", "session.start.done", "done.scxml.kid"] {
        assert!(names.contains(&expected), "{expected}: {names:?}");
    }
}

#[tokio::test]
async fn statistics_are_told_from_time_to_time() {
    let body = "<transition event='subscribe'><statistic:subscribe requestid='other' object=\"'Support@.GA'\" statistic='StatAgentsAvailable' interval='10'/></transition>
                <transition event='stop'><statistic:unsubscribe requestid='other'/></transition>";
    let platform =
        Platform::start(Setup::of("now", &Service::immediate()).chart("watch.scxml", listener("", body)))
            .await;
    let session = started(&platform, &json!({ "src": "watch.scxml" })).await;
    send(&platform, &session, "subscribe").await;
    platform.advance(0.5).await;
    assert_eq!(report(&platform, &session).await["last"]["value"], 0);
    let _ready = platform.agent_command("7001", "login").await;
    let _ready = platform.agent_command("7001", "ready").await;
    platform.advance(10.0).await;
    let told = report(&platform, &session).await;
    assert_eq!(told["last"]["value"], 1, "{told}");
    send(&platform, &session, "stop").await;
    platform.advance(60.0).await;
    assert_eq!(report(&platform, &session).await["last"]["requestid"], told["last"]["requestid"]);
}

#[tokio::test]
async fn a_session_that_is_too_old_is_ended() {
    let platform = Platform::start(Setup::new().chart("old.scxml", listener("_maxAge='100'", ""))).await;
    let session = started(&platform, &json!({ "src": "old.scxml" })).await;
    platform.advance(99.0).await;
    assert_eq!(platform.get(&format!("/scxml/session/{session}/request/report")).await.status, 200);
    platform.advance(2.0).await;
    assert_eq!(platform.get(&format!("/scxml/session/{session}/request/report")).await.status, 410);
}

#[tokio::test]
async fn what_a_session_shows_hides_its_secrets() {
    let platform = Platform::start(Setup::new().chart("open.scxml", listener("", ""))).await;
    let start = json!({ "src": "open.scxml", "_reply_url": "http://a.example/x?a=1&key=5ecret&b=2" });
    let session = started(&platform, &start).await;
    let shown = platform.get(&format!("/scxml/session/{session}/query")).await.ok().to_string();
    assert!(shown.contains("\"_reply_key\":\"***\"") && shown.contains("a=1&key=***&b=2"), "{shown}");
    assert!(!shown.contains("5ecret"), "{shown}");
}

#[tokio::test]
async fn a_body_that_is_no_form_arrives_as_param_with_its_type() {
    let platform = Platform::start(Setup::new().chart("open.scxml", listener("", ""))).await;
    let session = started(&platform, &json!({ "src": "open.scxml" })).await;
    let path = format!("/genesys/1/ors//scxml/session/{session}/event/letter");
    let request =
        platform.request(reqwest::Method::POST, &path).header("content-type", "text/plain").body("hello");
    assert_eq!(platform.send(request).await.status, 200);
    let last = report(&platform, &session).await["last"].clone();
    assert_eq!((&last["param"], &last["paramtype"]), (&json!("hello"), &json!("text/plain")));
}
