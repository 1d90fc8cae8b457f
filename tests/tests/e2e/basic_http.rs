//! The event processors between sessions and with the world: BasicHTTP and SCXML (scxml: C.1, C.2).

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use scenarios::{Peer, Platform, Setup};
use serde_json::{Value, json};

/// Remembers what it hears, and says what and where when it is asked.
const EAR: &str = r#"<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" datamodel="ecmascript"
    xmlns:ws="www.genesyslab.com/modules/ws">
  <datamodel><data id="heard" expr="[]"/><data id="to" _type="parameter"/></datamodel>
  <state id="listening">
    <transition event="what">
      <ws:response requestid="_event.sendid"><param name="heard" expr="heard"/><param name="http" expr="_ioprocessors.basichttp.location"/>
        <param name="scxml" expr="_ioprocessors.scxml.location"/></ws:response>
    </transition>
    <transition event="post"><send type="basichttp" event="greeting" targetexpr="_event.data.to" id="s1"><param name="words" expr="'good day'"/></send></transition>
    <transition event="body"><send type="http://www.w3.org/TR/scxml/#BasicHTTPEventProcessor" targetexpr="_event.data.to"><content>plain words</content></send></transition>
    <transition event="later"><send type="basichttp" event="late" targetexpr="_event.data.to" delay="30s" id="late"/></transition>
    <transition event="never"><cancel sendid="late"/></transition>
    <transition event="tell"><send event="told" targetexpr="_event.data.to" id="s2"><param name="words" expr="'good day'"/></send></transition>
    <transition event="told"><script>heard.push({name: _event.name, words: _event.data.words, origin: _event.origin});</script><send event="thanks" targetexpr="_event.origin" typeexpr="_event.origintype"/></transition>
    <transition event="*"><script>heard.push({name: _event.name, data: _event.data, raw: _event.raw, origin: _event.origin, type: _event.type, sendid: _event.sendid,
      http: String(_event.origintype).endsWith('#BasicHTTPEventProcessor')});</script></transition>
  </state>
</scxml>"#;

async fn platform() -> Platform {
    Platform::start(Setup::new().chart("ear.scxml", EAR)).await
}

/// Starts a session; its path.
async fn ear(platform: &Platform) -> String {
    let started = platform.post("/scxml/session/start", &json!({"src": "ear.scxml"})).await.ok();
    format!("/scxml/session/{}", started["sessionid"].as_str().unwrap())
}

async fn tell(platform: &Platform, session: &str, event: &str, to: &str) {
    let reply = platform.post(&format!("{session}/event/{event}"), &json!({ "to": to })).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    platform.rest().await;
}

async fn asked(platform: &Platform, session: &str) -> Value {
    platform.get(&format!("{session}/request/what")).await.ok()
}

/// Events that the session has heard, without the time that the platform adds to their data.
async fn heard(platform: &Platform, session: &str) -> Vec<Value> {
    let mut heard = asked(platform, session).await["heard"].as_array().unwrap().clone();
    for event in &mut heard {
        if let Some(data) = event.get_mut("data").and_then(Value::as_object_mut) {
            data.remove("_at");
        }
    }
    heard
}

#[tokio::test]
async fn a_session_is_reached_at_the_address_that_it_knows() {
    let platform = platform().await;
    let session = ear(&platform).await;
    let location = asked(&platform, &session).await["http"].as_str().unwrap().to_owned();
    let path = location.find("/genesys").map(|at| location.split_at(at).1.to_owned()).unwrap();
    let form =
        platform.request(Method::POST, &path).form(&[("_scxmleventname", "order.made"), ("size", "7")]);
    assert_eq!(platform.send(form).await.status, 200);
    let text = platform.request(Method::PUT, &path).header(CONTENT_TYPE, "text/plain").body("two words");
    assert_eq!(platform.send(text).await.status, 200);
    assert_eq!(
        platform.get(&format!("{session}/basichttp?_scxmleventname=asked&by=query")).await.status,
        200
    );
    let heard = heard(&platform, &session).await;
    assert_eq!((&heard[0]["name"], &heard[0]["data"]), (&json!("order.made"), &json!({"size": "7"})));
    assert_eq!(
        (&heard[0]["raw"], &heard[0]["http"]),
        (&json!("_scxmleventname=order.made&size=7"), &json!(true))
    );
    assert_eq!((&heard[1]["name"], &heard[1]["data"]), (&json!("HTTP.PUT"), &json!("two words")));
    assert_eq!((&heard[2]["name"], &heard[2]["data"]), (&json!("asked"), &json!({"by": "query"})));
}

#[tokio::test]
async fn its_address_wants_credentials_and_a_session_that_runs() {
    let platform = platform().await;
    let session = ear(&platform).await;
    let refused = platform.send(platform.anonymous(Method::POST, &format!("{session}/basichttp"))).await;
    assert_eq!(refused.status, 401);
    assert!(heard(&platform, &session).await.is_empty());
    let missing = platform.post("/scxml/session/NOBODY/basichttp", &json!({})).await;
    assert_eq!(missing.status, 404);
}

#[tokio::test]
async fn what_a_session_posts_arrives_as_the_recommendation_says() {
    let (platform, peer) = (platform().await, Peer::start().await);
    let session = ear(&platform).await;
    tell(&platform, &session, "post", &peer.url("/in?shop=7")).await;
    tell(&platform, &session, "body", &peer.url("/body")).await;
    let received = peer.received();
    assert_eq!((received[0].method.as_str(), received[0].path.as_str()), ("POST", "/in?shop=7"));
    assert_eq!(received[0].text, "_scxmleventname=greeting&words=good+day");
    assert_eq!((received[1].path.as_str(), received[1].text.as_str()), ("/body", "plain words"));
    assert!(heard(&platform, &session).await.is_empty(), "a message that was taken is no event");
}

#[tokio::test]
async fn what_cannot_be_delivered_is_an_error_of_communication() {
    let (platform, peer) = (platform().await, Peer::start().await);
    let session = ear(&platform).await;
    peer.answers_next(500);
    let own = asked(&platform, &session).await["http"].as_str().unwrap().to_owned();
    let nobody = own.replace(session.rsplit('/').next().unwrap(), "NOBODY");
    for to in [&peer.url("/in"), "http://not-allowed.example/in", &nobody] {
        tell(&platform, &session, "post", to).await;
    }
    tell(&platform, &session, "tell", "#_scxml_NOBODY").await;
    let heard = heard(&platform, &session).await;
    let errors: Vec<(&str, &str)> = heard
        .iter()
        .map(|event| (event["name"].as_str().unwrap(), event["sendid"].as_str().unwrap_or_default()))
        .collect();
    assert_eq!(
        errors,
        [
            ("error.communication", "s1"),
            ("error.communication", "s1"),
            ("error.communication", "s1"),
            ("error.communication", "s2")
        ]
    );
    assert!(heard.iter().all(|event| event["type"] == "platform"));
}

#[tokio::test]
async fn sessions_of_one_platform_talk_by_both_processors() {
    let platform = platform().await;
    let (one, two) = (ear(&platform).await, ear(&platform).await);
    let (first, second) = (asked(&platform, &one).await, asked(&platform, &two).await);
    // In the process: nothing of it passes the egress rules, whatever the base URL is.
    tell(&platform, &one, "post", second["http"].as_str().unwrap()).await;
    tell(&platform, &one, "tell", second["scxml"].as_str().unwrap()).await;
    platform.rest().await;
    let at_second = heard(&platform, &two).await;
    assert_eq!(
        (&at_second[0]["name"], &at_second[0]["data"]),
        (&json!("greeting"), &json!({"words": "good day"}))
    );
    assert_eq!(at_second[0]["origin"], first["http"]);
    assert_eq!((&at_second[1]["words"], &at_second[1]["origin"]), (&json!("good day"), &first["scxml"]));
    let at_first = heard(&platform, &one).await;
    assert_eq!((&at_first[0]["name"], &at_first[0]["origin"]), (&json!("thanks"), &second["scxml"]));
}

#[tokio::test]
async fn a_delayed_message_survives_a_crash_and_can_still_be_cancelled() {
    let (mut platform, peer) = (platform().await, Peer::start().await);
    let (sent, cancelled) = (ear(&platform).await, ear(&platform).await);
    tell(&platform, &sent, "later", &peer.url("/sent")).await;
    tell(&platform, &cancelled, "later", &peer.url("/cancelled")).await;
    platform.kill();
    platform.restart().await;
    tell(&platform, &cancelled, "never", "").await;
    platform.advance(31.0).await;
    platform.rest().await;
    let paths: Vec<String> = peer.received().into_iter().map(|received| received.path).collect();
    assert_eq!(paths, ["/sent"]);
}
