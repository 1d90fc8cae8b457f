//! Agents that a chart keeps for itself (specification: urs-queueing §7; ors-scxml §4.4).

use scenarios::{Platform, Service, Setup};
use serde_json::{Value, json};

use crate::waiting_on_the_line;

/// A chart that keeps and lets go of agents as it is told, and reports what it was answered.
const KEEPER: &str = r#"
<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" name="keeper" datamodel="ecmascript" initial="keeps"
       xmlns:queue="www.genesyslab.com/modules/queue" xmlns:ws="www.genesyslab.com/modules/ws">
  <datamodel>
    <data id="request" expr="null"/>
    <data id="seen" expr="[]"/>
  </datamodel>
  <state id="keeps">
    <transition event="keep">
      <queue:reserve requestid="request" agent="_event.data.agent" seconds="_event.data.seconds" priority="5"/>
    </transition>
    <transition event="block">
      <script>_genesys.queue.reserveTarget('0', _event.data.target, _event.data.seconds)</script>
    </transition>
    <transition event="free"><queue:release agent="_event.data.agent" delay="_event.data.delay"/></transition>
    <transition event="queue.reserve.done error.queue.reserve queue.reservation.expired">
      <script>seen.push({ event: _event.name, mine: _event.data.requestid === request, agent: _event.data.agent,
                          error: _event.data.error, description: _event.data.description, until: _event.data.until })</script>
    </transition>
    <transition event="report">
      <ws:response requestid="_event.sendid" type="positive"><content expr="seen"/></ws:response>
    </transition>
    <transition event="leave" target="over"/>
  </state>
  <final id="over"/>
</scxml>
"#;

async fn platform() -> Platform {
    let setup = Setup::of("now", &Service::immediate()).chart("keeper.scxml", KEEPER);
    let platform = Platform::start(setup).await;
    let _ready = platform.agent_command("7001", "ready").await.ok();
    platform
}

async fn keeper(platform: &Platform) -> String {
    let started = platform.post("/scxml/session/start", &json!({"src": "keeper.scxml"})).await.ok();
    platform.rest().await;
    started["sessionid"].as_str().unwrap_or_else(|| panic!("{started}")).to_owned()
}

async fn tell(platform: &Platform, session: &str, event: &str, data: Value) {
    let reply = platform.post(&format!("/scxml/session/{session}/event/{event}"), &data).await;
    assert!(reply.status.is_success(), "{}", reply.text);
    // The router may gather requests for a moment before it answers them.
    platform.advance(0.2).await;
}

/// What the session was answered last.
async fn last(platform: &Platform, session: &str) -> Value {
    platform.rest().await;
    let seen = platform.get(&format!("/scxml/session/{session}/request/report")).await.ok();
    seen.as_array().and_then(|seen| seen.last().cloned()).unwrap_or_default()
}

async fn is_reserved(platform: &Platform, agent: &str) -> bool {
    platform.rest().await;
    platform.get(&format!("/genesys/1/agents/{agent}")).await.ok()["reserved"] == true
}

#[tokio::test]
async fn a_reserved_agent_gets_no_call_until_the_time_is_over_and_the_session_is_told() {
    let platform = platform().await;
    let session = keeper(&platform).await;
    tell(&platform, &session, "keep", json!({"agent": "7001", "seconds": 30})).await;
    let answer = last(&platform, &session).await;
    assert_eq!((&answer["event"], &answer["mine"]), (&json!("queue.reserve.done"), &json!(true)));
    let left = answer["until"].as_f64().unwrap() - platform.now().await.as_millis() as f64 / 1000.0;
    assert!((29.0..=30.0).contains(&left), "{answer}");
    assert!(is_reserved(&platform, "7001").await);

    let callback = waiting_on_the_line(&platform, "now").await;
    platform.advance(20.0).await;
    assert_eq!(platform.state(&callback).await, "ROUTING", "the only ready agent is kept");
    platform.advance(5.0).await;
    let answer = last(&platform, &session).await;
    assert_eq!((&answer["event"], &answer["agent"]), (&json!("queue.reservation.expired"), &json!("7001")));
    assert_eq!(platform.calls().await[0]["at"], "7001", "free for the one who waits");
}

#[tokio::test]
async fn the_same_session_keeps_its_agent_longer_and_another_is_refused_with_the_reason() {
    let platform = platform().await;
    let (first, second) = (keeper(&platform).await, keeper(&platform).await);
    tell(&platform, &first, "keep", json!({"agent": "7001", "seconds": 10})).await;
    platform.advance(8.0).await;
    tell(&platform, &first, "keep", json!({"agent": "7001", "seconds": 10})).await;
    assert_eq!(last(&platform, &first).await["event"], "queue.reserve.done");
    platform.advance(8.0).await;
    assert!(is_reserved(&platform, "7001").await, "prolonged");

    for (agent, seconds, error, part) in [
        ("7001", json!(10), "taken", "is reserved for"),
        ("7002", json!(10), "notready", "agent `7002` is not ready"),
        ("7003", json!(10), "unknown", "did you mean"),
        ("7002", json!(0), "invalid", "at most 3600"),
        ("7002", json!(5000), "invalid", "at most 3600"),
    ] {
        tell(&platform, &second, "keep", json!({"agent": agent, "seconds": seconds})).await;
        let answer = last(&platform, &second).await;
        assert_eq!(answer["event"], "error.queue.reserve", "{answer}");
        assert_eq!((&answer["error"], &answer["mine"]), (&json!(error), &json!(true)), "{answer}");
        assert!(answer["description"].as_str().is_some_and(|text| text.contains(part)), "{answer}");
    }
    platform.advance(3.0).await;
    assert_eq!(last(&platform, &first).await["event"], "queue.reservation.expired");
    tell(&platform, &second, "keep", json!({"agent": "7001", "seconds": 10})).await;
    assert_eq!(last(&platform, &second).await["event"], "queue.reserve.done");
}

//= guide: _agent_reserve_delay_before_release
//= type=test
#[tokio::test]
async fn a_release_with_a_delay_keeps_the_agent_so_long_and_the_end_of_a_session_frees_at_once() {
    let platform = platform().await;
    let session = keeper(&platform).await;
    tell(&platform, &session, "keep", json!({"agent": "7001", "seconds": 60})).await;
    tell(&platform, &session, "free", json!({"agent": "7001", "delay": 2500})).await;
    platform.advance(2.0).await;
    assert!(is_reserved(&platform, "7001").await);
    platform.advance(1.0).await;
    assert!(!is_reserved(&platform, "7001").await);
    assert_eq!(last(&platform, &session).await["event"], "queue.reserve.done", "whoever let go is not told");

    tell(&platform, &session, "keep", json!({"agent": "7001", "seconds": 60})).await;
    assert!(is_reserved(&platform, "7001").await);
    tell(&platform, &session, "leave", json!({})).await;
    assert!(!is_reserved(&platform, "7001").await);
}

//= decision: D-089 reserveTarget with 0 means no block
//= type=test
#[tokio::test]
async fn a_chart_of_ors_blocks_a_target_for_seconds_and_frees_it_with_0() {
    let platform = platform().await;
    let session = keeper(&platform).await;
    tell(&platform, &session, "block", json!({"target": "7001@.A", "seconds": 10})).await;
    assert_eq!(last(&platform, &session).await["event"], "queue.reserve.done");
    assert!(is_reserved(&platform, "7001").await);
    tell(&platform, &session, "block", json!({"target": "7001@.A", "seconds": 0})).await;
    assert!(!is_reserved(&platform, "7001").await);
}

#[tokio::test]
async fn a_restart_ends_reservations_and_the_session_is_told() {
    let mut platform = platform().await;
    let session = keeper(&platform).await;
    tell(&platform, &session, "keep", json!({"agent": "7001", "seconds": 600})).await;
    platform.kill();
    platform.restart().await;
    assert!(!is_reserved(&platform, "7001").await);
    let answer = last(&platform, &session).await;
    assert_eq!((&answer["event"], &answer["mine"]), (&json!("queue.reservation.expired"), &json!(true)));
    let _ready = platform.agent_command("7001", "ready").await.ok();
    tell(&platform, &session, "keep", json!({"agent": "7001", "seconds": 10})).await;
    assert_eq!(last(&platform, &session).await["event"], "queue.reserve.done");
}

#[tokio::test]
async fn a_reserved_agent_who_goes_home_is_told_to_the_session() {
    let platform = platform().await;
    let session = keeper(&platform).await;
    tell(&platform, &session, "keep", json!({"agent": "7001", "seconds": 600})).await;
    let _gone = platform.delete("/genesys/1/agents/7001").await.ok();
    assert_eq!(last(&platform, &session).await["event"], "queue.reservation.expired");
}
