//! Sessions of charts by HTTP: start, event, request, query, terminate (specification: ors-scxml; http-api §C.1).

use reqwest::Method;
use reqwest::header::ACCEPT;
use scenarios::{Platform, Setup};
use serde_json::json;

/// A door that counts how often it was opened.
const DOOR: &str = r#"<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" datamodel="ecmascript" initial="door"
    xmlns:ws="www.genesyslab.com/modules/ws">
  <datamodel>
    <data id="colour" _type="parameter" expr="'white'"/>
    <data id="opened" expr="0"/>
  </datamodel>
  <state id="door" initial="closed">
    <transition event="look">
      <ws:response requestid="_event.sendid">
        <param name="colour" expr="colour"/>
        <param name="opened" expr="opened"/>
        <param name="asked" expr="_event.data.asked"/>
      </ws:response>
    </transition>
    <transition event="knock">
      <ws:response requestid="_event.sendid" type="'negative'" resultcode="409"><param name="message" expr="'go away'"/></ws:response>
    </transition>
    <transition event="say"><ws:response requestid="_event.sendid"><content expr="'Who is there?'"/></ws:response></transition>
    <transition event="leave" target="gone"/>
    <state id="closed">
      <transition event="open" target="open"><script>opened += Number(_event.data.times || 1)</script></transition>
    </state>
    <state id="open"><transition event="close" target="closed"/></state>
  </state>
  <final id="gone"/>
</scxml>"#;

async fn platform() -> Platform {
    Platform::start(Setup::new().chart("door.scxml", DOOR)).await
}

/// Starts a door; gives the path of its session.
async fn door(platform: &Platform, base: &str) -> String {
    let what = json!({"src": "door.scxml", "colour": "red"});
    let started = platform.post(&format!("{base}/scxml/session/start"), &what).await.ok();
    let session = started["sessionid"].as_str().unwrap_or_else(|| panic!("{started}"));
    format!("{base}/scxml/session/{session}")
}

#[tokio::test]
async fn a_session_takes_events_and_answers_requests_below_both_paths() {
    let platform = platform().await;
    for base in ["", "/genesys/1/ors"] {
        let session = door(&platform, base).await;
        let opened = platform.post(&format!("{session}/event/open"), &json!({"times": 2})).await;
        assert_eq!(opened.status, 200);
        assert_eq!(platform.get(&format!("{session}/event/close")).await.status, 200);
        let look =
            platform.post(&format!("{session}/request/look"), &json!({"asked": "politely"})).await.ok();
        assert_eq!(look, json!({"colour": "red", "opened": 2, "asked": "politely"}));
        let look = platform.get(&format!("{session}/request/look?asked=again")).await.ok();
        assert_eq!(look["asked"], "again");
    }
}

#[tokio::test]
async fn a_negative_answer_is_an_error_and_a_text_is_a_text() {
    let platform = platform().await;
    let session = door(&platform, "").await;
    let refused = platform.post(&format!("{session}/request/knock"), &json!({})).await;
    assert_eq!(refused.status, 409);
    assert_eq!(refused.message(), "go away");
    let said = platform.get(&format!("{session}/request/say")).await;
    assert_eq!((said.status.as_u16(), said.text.as_str()), (200, "Who is there?"));
}

#[tokio::test]
async fn a_session_shows_its_states_and_data() {
    let platform = platform().await;
    let session = door(&platform, "").await;
    let shown = platform.get(&format!("{session}/query")).await.ok().to_string();
    assert!(shown.contains("closed") && shown.contains("red"), "{shown}");
}

#[tokio::test]
async fn a_session_that_is_terminated_or_ends_by_itself_is_gone() {
    let platform = platform().await;
    let terminated = door(&platform, "").await;
    assert_eq!(platform.post(&format!("{terminated}/terminate"), &json!({})).await.status, 200);
    let ended = door(&platform, "").await;
    assert_eq!(platform.post(&format!("{ended}/event/leave"), &json!({})).await.status, 200);
    for session in [terminated, ended] {
        assert_eq!(platform.post(&format!("{session}/event/open"), &json!({})).await.status, 410);
        assert_eq!(platform.post(&format!("{session}/request/look"), &json!({})).await.status, 410);
    }
}

#[tokio::test]
async fn a_session_that_never_was_is_not_found() {
    let platform = platform().await;
    for path in ["event/open", "request/look", "terminate"] {
        let missing = platform.post(&format!("/scxml/session/NOBODY/{path}"), &json!({})).await;
        assert_eq!(missing.status, 404, "{path}");
        assert!(missing.message().contains("NOBODY"), "{}", missing.text);
    }
}

#[tokio::test]
async fn the_id_alone_is_told_to_those_who_want_text() {
    let platform = platform().await;
    let request = platform
        .request(Method::POST, "/scxml/session/start")
        .header(ACCEPT, "text/plain")
        .form(&[("src", "door.scxml")]);
    let started = platform.send(request).await;
    let look = platform.get(&format!("/scxml/session/{}/request/look", started.text)).await.ok();
    assert_eq!(look["colour"], "white");
}

#[tokio::test]
async fn a_chart_that_cannot_be_used_starts_nothing() {
    let platform = Platform::start(Setup::new().chart("broken.scxml", "<scxml>\n  <state>\n</scxml>")).await;
    for (src, said) in [
        ("broken.scxml", "broken.scxml:"),
        ("nothing.scxml", "nothing.scxml"),
        ("../secret", "charts folder"),
    ] {
        let refused = platform.post("/scxml/session/start", &json!({ "src": src })).await;
        assert_eq!(refused.status, 400, "{src}");
        assert!(refused.message().contains(said), "{src}: {}", refused.text);
    }
    let missing = platform.post("/scxml/session/start", &json!({})).await;
    assert_eq!(missing.status, 400);
}

#[tokio::test]
async fn sessions_survive_a_crash() {
    let mut platform = platform().await;
    let session = door(&platform, "").await;
    assert_eq!(platform.post(&format!("{session}/event/open"), &json!({"times": 3})).await.status, 200);
    platform.kill();
    // The chart that a session began with stays its chart.
    std::fs::remove_file(platform.folder().join("charts/door.scxml")).unwrap();
    platform.restart().await;
    let look = platform.get(&format!("{session}/request/look")).await.ok();
    assert_eq!((&look["colour"], &look["opened"]), (&json!("red"), &json!(3)));
}

#[tokio::test]
async fn orchestration_wants_the_operators_credentials() {
    let platform = platform().await;
    let session = door(&platform, "").await;
    for path in [
        "/scxml/session/start".to_owned(),
        format!("{session}/event/open"),
        format!("{session}/request/look"),
    ] {
        let refused =
            platform.send(platform.anonymous(Method::POST, &path).json(&json!({"src": "door.scxml"}))).await;
        assert_eq!(refused.status, 401, "{path}");
    }
}

#[tokio::test]
async fn documents_are_served_and_nothing_beside_them() {
    let platform = platform().await;
    let base = "/genesys/1/document/service_template/callback";
    for document in ["src/inbound.scxml", "callback.scxml", "door.scxml"] {
        let reply = platform.send(platform.anonymous(Method::GET, &format!("{base}/{document}"))).await;
        assert_eq!(reply.status, 200, "{document}");
        assert!(reply.text.contains("<scxml"), "{document}");
    }
    for path in
        ["../ringback.toml", "..%2fringback.toml", "%2e%2e/ringback.toml", "nothing.scxml", "/etc/passwd"]
    {
        let reply = platform.send(platform.anonymous(Method::GET, &format!("{base}/{path}"))).await;
        assert_eq!(reply.status, 404, "{path}: {}", reply.text);
    }
}
