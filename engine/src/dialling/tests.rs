use crate::api::{AgentCommand, InboundCall};
use crate::test_node::{CUSTOMER, SERVICE, TestNode, check};

/// Asks the caller for digits by a prompt that has no file.
const ASKS: &str = r#"<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" datamodel="ecmascript"
    xmlns:dialog="www.genesyslab.com/modules/dialog" xmlns:ixn="www.genesyslab.com/modules/interaction">
  <state id="waits">
    <transition event="interaction.present" target="asks">
      <dialog:playandcollect interactionid="_event.data.interactionid" resource="''"/>
    </transition>
  </state>
  <state id="asks">
    <transition event="error.dialog.playandcollect" target="end"/>
  </state>
  <final id="end"/>
</scxml>"#;

/// Waits for a caller, and for the end of the call.
const LISTENS: &str = r#"<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" datamodel="ecmascript">
  <state id="waits"><transition event="interaction.deleted" target="end"/></state>
  <final id="end"/>
</scxml>"#;

async fn with_inbound(chart: &str) -> TestNode {
    let sections = "[switch.inbound]\n\"8001@SIP_Switch\" = \"calls\"\n\
                    [service.calls]\n_type = \"ors\"\n_service = \"calls.scxml\"\n";
    TestNode::start(sections, &[("calls.scxml", chart)]).await
}

fn call_in(node: &TestNode) -> String {
    let call = InboundCall { ani: CUSTOMER.to_owned(), dnis: "8001".to_owned(), digits: None };
    node.engine.simulator().unwrap().inbound_call(call).unwrap()
}

#[test]
fn a_prompt_for_digits_that_cannot_be_played_fails_as_one() {
    check(async {
        let mut node = with_inbound(ASKS).await;
        let _call = call_in(&node);
        node.engine.rest().await;
        let told = node.told(None);
        assert!(told.contains(&"answer error.dialog.playandcollect".to_owned()), "{told:?}");
        assert_eq!(node.engine.sessions_running(), 0);
    });
}

#[test]
fn a_call_whose_session_has_ended_is_hung_up_when_its_agent_declines() {
    check(async {
        let node = TestNode::start(SERVICE, &[]).await;
        let callback = node.callback("now").await;
        node.agent("7001", AgentCommand::Ready).await;
        node.advance(10.0).await;
        assert_eq!(node.engine.agent("7001").unwrap().status, "ringing");
        let session = node.record(&callback).await.session.unwrap();
        node.engine.terminate_session(session.as_str()).await.unwrap();
        node.engine.rest().await;
        assert_eq!(node.calls().len(), 1, "a call on its way to an agent goes on");
        node.agent("7001", AgentCommand::Decline).await;
        node.engine.rest().await;
        assert_eq!(node.calls(), Vec::<serde_json::Value>::new());
    });
}

#[test]
fn a_caller_who_is_gone_before_the_session_is_there_is_told_gone() {
    check(async {
        let mut node = with_inbound(LISTENS).await;
        let call = call_in(&node);
        // Nothing has happened yet: the session is about to be started.
        node.engine.simulator().unwrap().customer_hangs_up(CUSTOMER).unwrap();
        node.engine.rest().await;
        let told = node.told(None);
        assert!(told.contains(&"answer interaction.deleted".to_owned()), "{call}: {told:?}");
        assert_eq!(node.engine.sessions_running(), 0);
    });
}

#[test]
fn an_agent_who_is_lost_while_the_call_is_on_its_way_costs_the_customer_nothing() {
    check(async {
        let mut node = TestNode::start(SERVICE, &[]).await;
        let callback = node.callback("now").await;
        node.agent("7001", AgentCommand::Ready).await;
        node.advance(5.6).await;
        assert_eq!(node.calls()[0]["phase"], "alerting");
        node.agent("7002", AgentCommand::Ready).await;
        node.engine.remove_agent("7001").await.unwrap();
        node.advance(2.0).await;
        let told = node.told(None);
        assert!(!told.iter().any(|line| line.contains("error.interaction.redirect")), "{told:#?}");
        assert_eq!(node.engine.agent("7002").unwrap().status, "ringing");
        node.agent("7002", AgentCommand::Answer).await;
        node.advance(1.0).await;
        assert_eq!(node.state(&callback).await, "PROCESSING");
    });
}
