use serde_json::{Map, json};
use vocabulary::CallbackState;

use super::BATCH;
use crate::test_node::{SERVICE, TestNode, check};

/// Hears of nothing but its start.
const DEAF: &str = r#"<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" datamodel="ecmascript"
    xmlns:ws="www.genesyslab.com/modules/ws">
  <state id="waits">
    <transition event="gms.start"><ws:response requestid="_event.sendid"/></transition>
  </state>
</scxml>"#;

fn deaf(options: &str) -> String {
    format!("{SERVICE}_service_type = \"callback\"\n{options}\n")
        .replace("_service = \"callback\"", "_service = \"deaf.scxml\"")
}

#[test]
fn a_session_that_does_not_hear_of_the_end_of_its_life_time_is_ended() {
    check(async {
        let node = TestNode::start(&deaf("_ttl = 100"), &[("deaf.scxml", DEAF)]).await;
        let callback = node.callback("now").await;
        node.advance(119.0).await;
        assert_eq!(node.state(&callback).await, "QUEUED");
        // Told at 120 s, ended by the next sweep.
        node.advance(62.0).await;
        assert_eq!(node.state(&callback).await, "COMPLETED/FAIL_TIMEOUT_TTL");
        assert_eq!(node.engine.sessions_running(), 0);
    });
}

#[test]
fn a_due_callback_behind_many_that_wait_is_submitted() {
    check(async {
        // Three seconds each for a source that does not answer: a round asks it once.
        let options = "_request_ewt_service = \"stat\"\n_request_execution_time_buffer = 30\n\
                       [service.stat]\n_type = \"builtin\"\n_service = \"urs-stat\"\n\
                       _urs_url = \"http://other.example/urs/call/max/lvq\"";
        let other = deaf("_request_execution_time_buffer = 7200").replace("[service.now]", "[service.early]");
        let node = TestNode::start(&format!("{}\n{other}", deaf(options)), &[("deaf.scxml", DEAF)]).await;
        let in_an_hour = (node.engine.now() + std::time::Duration::from_secs(3600)).to_string();
        let later = (node.engine.now() + std::time::Duration::from_secs(5400)).to_string();
        let at = |time: &str| {
            let mut parameters = Map::new();
            parameters.insert("_desired_time".to_owned(), json!(time));
            parameters
        };
        let one = node.callback_with("now", at(&in_an_hour)).await;
        let row = node.record(&one).await;
        let mut writes = Vec::new();
        for number in 0..BATCH * 2 {
            let mut copy = row.clone();
            copy.id = vocabulary::CallbackId::new(format!("copy-{number:05}"));
            writes.push(store::Write::InsertCallback(Box::new(copy)));
        }
        // The buffer of this service is two hours: it is due at once, though its time comes last.
        let mut due = row.clone();
        due.id = vocabulary::CallbackId::new("due");
        due.service = vocabulary::ServiceName::new("early");
        due.desired_time = vocabulary::Timestamp::parse(&later).unwrap();
        writes.push(store::Write::InsertCallback(Box::new(due.clone())));
        store::Store::commit(&*node.store, writes).await.unwrap();
        let before = tokio::time::Instant::now();
        node.advance(6.0).await;
        assert_eq!(node.record(&due.id).await.state, CallbackState::Queued);
        assert_eq!(node.record(&one).await.state, CallbackState::Scheduled);
        assert!(before.elapsed().as_secs() < 60, "one source was asked {:?}", before.elapsed());
    });
}
