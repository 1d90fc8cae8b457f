//! A store that fails for a while.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use store::CommitFault;
use tokio::time::Instant;

use crate::api::AgentCommand;
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
