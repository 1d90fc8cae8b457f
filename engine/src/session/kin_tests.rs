//! Sessions that start, end and write to each other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use store::{CommitFault, Write};

use crate::test_node::{TestNode, check};

/// Invokes a child and writes to it when it is told to.
const WRITES: &str = r##"<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" datamodel="ecmascript">
  <state id="family">
    <invoke id="kid"><content>
      <scxml version="1.0">
        <state id="listens"><transition event="leave" target="gone"/></state>
        <final id="gone"/>
      </scxml>
    </content></invoke>
    <transition event="write"><send event="hello" target="#_kid"/></transition>
    <transition event="end" ><send event="leave" target="#_kid"/></transition>
    <transition event="done.invoke.kid" target="alone"/>
    <transition event="over" target="end"/>
    <transition event="part" target="alone"/>
  </state>
  <state id="alone"/>
  <final id="end"/>
</scxml>"##;

/// Invokes a child and leaves it by an event of the same step.
const LEAVES: &str = r##"<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" datamodel="ecmascript">
  <state id="family">
    <onentry><send event="leave"/></onentry>
    <invoke id="kid"><content><scxml version="1.0"><state id="for_ever"/></scxml></content></invoke>
    <transition event="leave" target="alone"/>
  </state>
  <state id="alone"/>
</scxml>"##;

fn count(told: &[String], line: &str) -> usize {
    told.iter().filter(|known| *known == line).count()
}

/// A node that dies after the first commit that a test waits for, once it is armed.
async fn dying(charts: &[(&str, &str)], fits: fn(&Write) -> bool) -> (TestNode, Arc<AtomicBool>) {
    let armed = Arc::new(AtomicBool::new(false));
    let is_armed = Arc::clone(&armed);
    let faults = move |writes: &[Write]| {
        if is_armed.load(Ordering::SeqCst) && writes.iter().any(fits) {
            CommitFault::CrashAfter
        } else {
            CommitFault::None
        }
    };
    (TestNode::start_failing("", charts, Arc::new(faults)).await, armed)
}

#[test]
fn an_event_that_arrived_does_not_arrive_again_after_a_restart() {
    check(async {
        let mut node = TestNode::start("", &[("a.scxml", WRITES)]).await;
        let session = node.session("a.scxml").await;
        let _before = node.told(None);
        node.engine.session_event(session.as_str(), "write", json!({})).await.unwrap();
        node.engine.rest().await;
        assert_eq!(count(&node.told(None), "event hello"), 1);
        for _restart in 0..2 {
            node.restart().await;
            let told = node.told(None);
            assert_eq!(count(&told, "event session.restored"), 2, "{told:?}");
            assert_eq!(count(&told, "event hello"), 0);
        }
        assert_eq!(node.store_effects().await, 0);
    });
}

#[test]
fn an_event_that_was_sent_arrives_once_though_the_process_dies_before_it_does() {
    check(async {
        let sends = |write: &Write| matches!(write, Write::PutEffect(row) if row.action.contains("hello"));
        let (mut node, armed) = dying(&[("a.scxml", WRITES)], sends).await;
        let session = node.session("a.scxml").await;
        armed.store(true, Ordering::SeqCst);
        let _dead = node.engine.session_event(session.as_str(), "write", json!({})).await;
        node.restart().await;
        assert_eq!(count(&node.told(None), "event hello"), 1);
        node.restart().await;
        assert_eq!(count(&node.told(None), "event hello"), 0);
    });
}

#[test]
fn a_parent_is_told_of_the_end_of_its_child_though_the_process_dies_between() {
    check(async {
        let (mut node, armed) =
            dying(&[("a.scxml", WRITES)], |write| matches!(write, Write::EndSession { .. })).await;
        let session = node.session("a.scxml").await;
        armed.store(true, Ordering::SeqCst);
        let _accepted = node.engine.session_event(session.as_str(), "end", json!({})).await;
        node.engine.rest().await;
        node.restart().await;
        assert_eq!(count(&node.told(Some(&session)), "event done.invoke.kid"), 1);
        assert_eq!(node.engine.sessions_running(), 1);
    });
}

#[test]
fn a_child_ends_with_its_parent_though_the_process_dies_between() {
    check(async {
        let (mut node, armed) =
            dying(&[("a.scxml", WRITES)], |write| matches!(write, Write::EndSession { .. })).await;
        let session = node.session("a.scxml").await;
        assert_eq!(node.engine.sessions_running(), 2);
        armed.store(true, Ordering::SeqCst);
        let _dead = node.engine.session_event(session.as_str(), "over", json!({})).await;
        node.restart().await;
        assert_eq!(node.engine.sessions_running(), 0);
    });
}

#[test]
fn nothing_is_heard_of_a_child_whose_state_was_left() {
    check(async {
        let mut node = TestNode::start("", &[("a.scxml", WRITES)]).await;
        let session = node.session("a.scxml").await;
        node.engine.session_event(session.as_str(), "part", json!({})).await.unwrap();
        node.engine.rest().await;
        assert_eq!(node.engine.sessions_running(), 1);
        let told = node.told(Some(&session));
        assert!(told.iter().any(|line| line == "event part"), "{told:?}");
        assert!(!told.iter().any(|line| line.contains("done.") || line.contains("terminate")), "{told:?}");
        assert_eq!(node.store_effects().await, 0);
    });
}

#[test]
fn a_child_that_is_left_while_it_starts_does_not_run() {
    check(async {
        let node = TestNode::start("", &[("a.scxml", LEAVES)]).await;
        let _session = node.session("a.scxml").await;
        assert_eq!(node.engine.sessions_running(), 1);
        assert_eq!(node.store_effects().await, 0);
    });
}
