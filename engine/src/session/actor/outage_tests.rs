//! A store that fails for a while.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use statecharts::Event;
use store::CommitFault;
use tokio::time::Instant;

use super::MAILBOX_CAPACITY;
use crate::api::AgentCommand;
use crate::session::{Incoming, TellError};
use crate::test_node::{SERVICE, TestNode, check};

/// Until when the store fails.
type Outage = Arc<Mutex<Option<Instant>>>;

async fn node(outage: &Outage) -> TestNode {
    let until = Arc::clone(outage);
    let faults = move |_: &[store::Write]| match *until.lock().unwrap() {
        Some(end) if Instant::now() < end => CommitFault::FailBefore,
        _ => CommitFault::None,
    };
    TestNode::start_failing(SERVICE, &[], Arc::new(faults)).await
}

fn fails_for(outage: &Outage, seconds: u64) {
    *outage.lock().unwrap() = Some(Instant::now() + Duration::from_secs(seconds));
}

#[test]
fn an_answer_while_the_store_fails_still_reaches_an_agent() {
    check(async {
        let outage = Outage::default();
        let node = node(&outage).await;
        let callback = node.callback("now").await;
        node.advance(1.0).await;
        fails_for(&outage, 30);
        node.advance(10.0).await;
        assert_eq!(node.state(&callback).await, "ROUTING");
        node.agent("7001", AgentCommand::Ready).await;
        node.advance(1.0).await;
        node.agent("7001", AgentCommand::Answer).await;
        node.advance(1.0).await;
        assert_eq!(node.state(&callback).await, "PROCESSING");
    });
}

#[test]
fn a_session_that_is_in_no_memory_is_restored_by_the_sweep() {
    check(async {
        let mut node = node(&Outage::default()).await;
        let callback = node.callback("now").await;
        node.advance(10.0).await;
        assert_eq!(node.state(&callback).await, "ROUTING");
        let session = node.record(&callback).await.session.unwrap();
        let counted = node.engine.metrics().await;
        node.node().sessions.forget(&session);
        node.advance(61.0).await;
        let _before = node.told(None);
        node.agent("7001", AgentCommand::Ready).await;
        node.advance(320.0).await;
        assert_eq!(
            node.calls().len(),
            1,
            "the call nobody listened to is gone, its customer is dialled again"
        );
        node.agent("7001", AgentCommand::Answer).await;
        node.advance(1.0).await;
        assert_eq!(node.state(&callback).await, "PROCESSING");
        let running = |text: &str| {
            text.lines().find(|line| line.starts_with("ringback_sessions_running")).map(str::to_owned)
        };
        assert_eq!(running(&node.engine.metrics().await), running(&counted));
    });
}

/// Waits.
const WAITS: &str = r#"<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" datamodel="ecmascript">
  <state id="waits"/>
</scxml>"#;

#[test]
fn a_full_mailbox_refuses_clients_and_loses_no_fact() {
    check(async {
        let outage = Outage::default();
        let mut node = node(&outage).await;
        let charts = node.charts();
        std::fs::write(charts.join("waits.scxml"), WAITS).unwrap();
        let session = node.session("waits.scxml").await;
        fails_for(&outage, 30);
        let sessions = &node.node().sessions;
        let event = || Event::external("client", json!({}));
        let mut waiting = Vec::new();
        let refused = (0..1_000).filter(|_| match sessions.offer(&session, event()) {
            Ok(durable) => {
                waiting.push(durable);
                false
            }
            Err(error) => error == TellError::Full,
        });
        assert_eq!(refused.count(), 1_000 - MAILBOX_CAPACITY);
        let fact = Incoming::Event(Event::external("fact", json!({})));
        assert_eq!(sessions.tell(&session, fact), Ok(()));
        node.engine.rest().await;
        let told = node.told(Some(&session));
        assert_eq!(told.iter().filter(|line| *line == "event client").count(), MAILBOX_CAPACITY);
        assert_eq!(told.last().map(String::as_str), Some("event fact"));
    });
}
