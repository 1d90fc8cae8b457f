use serde_json::{Map, json};
use vocabulary::{CallbackId, CompletionReason};

use super::cancel;
use crate::api::CancelRequest;
use crate::scheduling;
use crate::test_node::{SERVICE, TestNode, check};

/// Waits in a queue and hears of no cancellation.
const DEAF: &str = r#"<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" datamodel="ecmascript"
    xmlns:queue="www.genesyslab.com/modules/queue" xmlns:ws="www.genesyslab.com/modules/ws">
  <state id="waits">
    <onentry>
      <queue:submit queue="'VQ'"><targets><targetid expr="'Support@StatServer.GA'"/></targets></queue:submit>
    </onentry>
    <transition event="gms.start"><ws:response requestid="_event.sendid"/></transition>
  </state>
</scxml>"#;

async fn node() -> TestNode {
    let sections = format!("{SERVICE}_service_type = \"callback\"\n")
        .replace("_service = \"callback\"", "_service = \"deaf.scxml\"");
    TestNode::start(&sections, &[("deaf.scxml", DEAF)]).await
}

fn request(id: &CallbackId, discard_session_failure: bool) -> CancelRequest {
    CancelRequest {
        service: "now".to_owned(),
        id: id.to_string(),
        reason: "CANCELLED_BY_ADMIN".to_owned(),
        discard_session_failure,
    }
}

/// How many wait in the queue, as the router knows it.
async fn waiting(node: &TestNode) -> usize {
    let entries = node.store_entries().await;
    assert_eq!(entries, node.routed("VQ").await, "the router and the store know the same");
    entries
}

#[test]
fn a_chart_that_does_not_hear_of_a_cancellation_is_ended_on_request() {
    check(async {
        let node = node().await;
        let callback = node.callback("now").await;
        assert_eq!(waiting(&node).await, 1);
        assert!(cancel(node.node(), &request(&callback, false)).await.is_err());
        assert_eq!(node.state(&callback).await, "QUEUED");
        cancel(node.node(), &request(&callback, true)).await.unwrap();
        node.engine.rest().await;
        assert_eq!(node.state(&callback).await, "COMPLETED/CANCELLED_BY_ADMIN");
        assert_eq!(waiting(&node).await, 0);
        assert_eq!(node.engine.sessions_running(), 0);
    });
}

#[test]
fn a_session_whose_record_was_completed_by_somebody_else_lets_go_of_its_place() {
    check(async {
        let node = node().await;
        let callback = node.callback("now").await;
        let record = node.record(&callback).await;
        let session = record.session.clone().unwrap();
        scheduling::complete(node.node(), record, &CompletionReason::CANCELLED).await.unwrap();
        node.engine.session_event(session.as_str(), "anything", json!({})).await.unwrap();
        let ended = node.engine.terminate_session(session.as_str()).await;
        node.engine.rest().await;
        assert!(ended.is_ok(), "{ended:?}");
        assert_eq!(node.state(&callback).await, "COMPLETED/CANCELLED");
        assert_eq!(waiting(&node).await, 0);
        assert_eq!(node.engine.sessions_running(), 0);
        assert!(node.engine.message(callback.as_str(), "any", Map::new()).await.is_err());
    });
}
