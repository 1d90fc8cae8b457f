//! Whom a callback waits for: lists of targets, agents who come and go, places that are kept (specification: urs-queueing §3, §5, §6).

use reqwest::Method;
use scenarios::{Callback, Platform, Service, Setup};
use serde_json::{Value, json};

use crate::{CUSTOMER, UNTIL_ANSWERED, customer, waiting_on_the_line};

/// Changes an agent.
async fn put(platform: &Platform, agent: &str, change: Value) {
    let request = platform.request(Method::PUT, &format!("/genesys/1/agents/{agent}")).json(&change);
    let _changed = platform.send(request).await.ok();
    platform.rest().await;
}

/// A platform whose service tries one target after the other; the first agent is in the group Gold, the second in Silver.
async fn with_list(list: Value) -> Platform {
    let service = Service::immediate().with("_target", list.to_string());
    let platform = Platform::start(Setup::of("now", &service)).await;
    put(&platform, "7001", json!({"groups": ["Gold"]})).await;
    put(&platform, "7002", json!({"groups": ["Silver"]})).await;
    platform
}

/// Where the call with the customer is.
async fn at(platform: &Platform) -> Value {
    platform.calls().await[0]["at"].clone()
}

//= guide: a target list with timeout and clear
//= type=test
#[tokio::test]
async fn a_list_of_targets_widens_when_the_time_of_its_first_target_is_over() {
    let platform = with_list(json!([
        {"target": "Gold@.GA", "timeout": 30, "clear": false}, {"target": "Silver@.GA"},
    ]))
    .await;
    let callback = waiting_on_the_line(&platform, "now").await;
    platform.agent_answers("7002").await;
    platform.advance(20.0).await;
    assert_eq!(platform.state(&callback).await, "ROUTING", "Silver's turn has not come");
    platform.advance(5.0).await;
    assert_eq!(
        (platform.state(&callback).await.as_str(), at(&platform).await),
        ("PROCESSING", json!("7002"))
    );
}

//= guide: a target list with timeout and clear
//= type=test
#[tokio::test]
async fn a_target_that_is_cleared_is_not_waited_for_any_more_and_one_that_is_kept_is() {
    for (clear, gold_counts) in [(true, false), (false, true)] {
        let platform = with_list(json!([
            {"target": "Gold@.GA", "timeout": "30", "clear": clear}, {"target": "Silver@.GA", "clear": !clear},
        ]))
        .await;
        let callback = waiting_on_the_line(&platform, "now").await;
        platform.advance(30.0).await;
        platform.agent_answers("7001").await;
        platform.advance(1.0).await;
        assert_eq!(platform.state(&callback).await == "PROCESSING", gold_counts, "clear {clear}");
    }
}

//= guide: the condition of a target skips it, except for the last
//= type=test
#[tokio::test]
async fn a_target_is_skipped_while_its_condition_holds_or_nobody_is_logged_in() {
    let condition = json!([
        {"target": "Gold@.GA", "timeout": 600, "stat_to_check": "StatAgentsAvailable", "stat_operator": "<", "stat_value": "1"},
        {"target": "Silver@.GA"},
    ]);
    let default = json!([{"target": "Gold@.GA", "timeout": 600}, {"target": "Silver@.GA"}]);
    for (list, leaves) in [(condition, false), (default, true)] {
        let platform = with_list(list).await;
        if leaves {
            let _gone = platform.agent_command("7001", "logout").await.ok();
        }
        let callback = waiting_on_the_line(&platform, "now").await;
        platform.agent_answers("7002").await;
        platform.advance(1.0).await;
        assert_eq!(platform.state(&callback).await, "PROCESSING");
    }
}

#[tokio::test]
async fn a_list_goes_on_where_it_was_when_an_agent_declines_and_after_a_crash() {
    let mut platform = with_list(json!([
        {"target": "Gold@.GA", "timeout": 30, "clear": true}, {"target": "Silver@.GA"},
    ]))
    .await;
    put(&platform, "7003", json!({"groups": ["Silver"]})).await;
    let _in = platform.agent_command("7003", "login").await.ok();
    let callback = waiting_on_the_line(&platform, "now").await;
    platform.advance(30.0).await;
    let _ready = platform.agent_command("7002", "ready").await.ok();
    platform.advance(1.0).await;
    let _declined = platform.agent_command("7002", "decline").await.ok();
    platform.agent_answers("7003").await;
    platform.advance(1.0).await;
    assert_eq!(platform.state(&callback).await, "PROCESSING", "Gold is not tried again");
    platform.hang_up(CUSTOMER).await;
    let _away = platform.agent_command("7003", "not-ready").await.ok();

    let second = waiting_on_the_line(&platform, "now").await;
    platform.kill();
    platform.restart().await;
    platform.advance(1.0).await;
    // The call died with the process; the customer is called again while the place waits on.
    assert_eq!(platform.state(&second).await, "QUEUED");
    platform.advance(300.0 + UNTIL_ANSWERED).await;
    assert_eq!(platform.state(&second).await, "ROUTING");
    platform.agent_answers("7002").await;
    platform.advance(1.0).await;
    assert_eq!(platform.state(&second).await, "PROCESSING");
}

#[tokio::test]
async fn after_a_restart_the_first_target_of_a_list_is_still_waited_for() {
    let list = json!([{"target": "Gold@.GA", "timeout": 600}, {"target": "Silver@.GA"}]);
    let mut platform = with_list(list).await;
    let callback = waiting_on_the_line(&platform, "now").await;
    platform.kill();
    platform.restart().await;
    // Nobody is logged in at this moment; the call died with the process, and the customer is called again.
    platform.advance(301.0 + UNTIL_ANSWERED).await;
    assert_eq!(platform.state(&callback).await, "ROUTING");
    platform.agent_answers("7001").await;
    platform.advance(1.0).await;
    assert_eq!(
        (platform.state(&callback).await.as_str(), at(&platform).await),
        ("PROCESSING", json!("7001")),
        "Gold"
    );
}

#[tokio::test]
async fn an_agent_who_logs_out_while_kept_leaves_the_call_to_another_and_may_not_move() {
    let service = Service::immediate().with("_reserve_before_dial", "always");
    let platform = Platform::start(Setup::of("now", &service)).await;
    let callback = platform.begin("now", &customer()).await;
    let _ready = platform.agent_command("7001", "ready").await.ok();
    platform.advance(1.0).await;
    let login = platform.request(Method::POST, "/genesys/1/agents/7001/login").json(&json!({"dn": "7100"}));
    let refused = platform.send(login).await;
    assert_eq!(refused.status, 409, "{}", refused.text);
    assert!(refused.message().contains("is kept for a call"), "{}", refused.text);
    let _left = platform.agent_command("7001", "logout").await.ok();
    assert_eq!(platform.get("/genesys/1/agents/7001").await.ok()["reserved"], false);
    platform.agent_answers("7002").await;
    platform.advance(UNTIL_ANSWERED).await;
    assert_eq!(
        (platform.state(&callback).await.as_str(), at(&platform).await),
        ("PROCESSING", json!("7002"))
    );
    assert_eq!(platform.dialled().await, [CUSTOMER], "called once");
}

#[tokio::test]
async fn a_new_number_of_an_agent_at_work_counts_from_the_next_login() {
    let platform = Platform::start(Setup::of("now", &Service::immediate())).await;
    let _ready = platform.agent_command("7001", "ready").await.ok();
    put(&platform, "7001", json!({"dn": "7555"})).await;
    assert_eq!(platform.get("/genesys/1/agents/7001").await.ok()["dn"], "7001");
    let _callback = waiting(&platform).await;
    assert_eq!(at(&platform).await, "7001", "the phone that the agent hears");
}

/// A callback whose customer has answered.
async fn waiting(platform: &Platform) -> Callback {
    let callback = platform.begin("now", &customer()).await;
    platform.advance(UNTIL_ANSWERED + 1.0).await;
    callback
}

#[tokio::test]
async fn an_agent_who_vanishes_with_a_reserved_call_leaves_it_to_another() {
    let service = Service::immediate().with("_reserve_before_dial", "always");
    let platform = Platform::start(Setup::of("now", &service)).await;
    let callback = platform.begin("now", &customer()).await;
    let _ready = platform.agent_command("7001", "ready").await.ok();
    platform.advance(1.0).await;
    assert_eq!(platform.get("/genesys/1/agents/7001").await.ok()["reserved"], true);
    assert_eq!(platform.dialled().await, [CUSTOMER]);
    let _gone = platform.delete("/genesys/1/agents/7001").await.ok();
    platform.agent_answers("7002").await;
    platform.advance(UNTIL_ANSWERED).await;
    assert_eq!(
        (platform.state(&callback).await.as_str(), at(&platform).await),
        ("PROCESSING", json!("7002"))
    );
    assert_eq!(platform.dialled().await, [CUSTOMER], "called once");
}

#[tokio::test]
async fn a_skill_that_is_taken_away_counts_for_those_who_wait() {
    let service = Service::immediate().with("_target", "?:Spanish>3@StatServer.GA");
    let platform = Platform::start(Setup::of("now", &service)).await;
    for agent in ["7001", "7002"] {
        put(&platform, agent, json!({"skills": {"Spanish": 5}})).await;
    }
    let callback = waiting_on_the_line(&platform, "now").await;
    put(&platform, "7001", json!({"skills": {}})).await;
    platform.agent_answers("7001").await;
    platform.advance(10.0).await;
    assert_eq!(platform.state(&callback).await, "ROUTING");
    platform.agent_answers("7002").await;
    platform.advance(1.0).await;
    assert_eq!(at(&platform).await, "7002");
}

async fn position(platform: &Platform, callback: &Callback) -> Value {
    platform.get(&format!("/genesys/1/service/{}/check-queue-position", callback.id)).await.ok()["_position"]
        .clone()
}

#[tokio::test]
async fn a_paused_callback_keeps_its_place_before_those_who_came_later() {
    let platform = Platform::start(Setup::of("now", &Service::immediate())).await;
    let first = json!({"_customer_number": CUSTOMER, "_paused_services_id": "floor3"});
    let first = platform.begin("now", &first).await;
    platform.advance(UNTIL_ANSWERED).await;
    let second = platform.begin("now", &json!({"_customer_number": "+12025550124"})).await;
    platform.advance(UNTIL_ANSWERED).await;
    let lists = "/genesys/1/admin/lists/GMS_Paused_Services/services";
    let _paused = platform.post(lists, &json!({"floor3": true})).await.ok();
    platform.advance(60.0).await;
    assert_eq!(platform.state(&first).await, "PAUSED");
    assert_eq!(position(&platform, &first).await, 1);
    assert_eq!(position(&platform, &second).await, 2);
    let _resumed = platform.post(lists, &json!({"floor3": false})).await.ok();
    platform.advance(1.0).await;
    platform.agent_answers("7001").await;
    platform.advance(1.0).await;
    assert_eq!(platform.state(&first).await, "PROCESSING", "the first is the first again");
    assert_eq!(platform.state(&second).await, "ROUTING");
}

/// An inbound chart that attaches data to its call, enters a queue, and reports its place.
const PLACED: &str = r#"
<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" name="placed" datamodel="ecmascript" initial="arrives"
       xmlns:queue="www.genesyslab.com/modules/queue" xmlns:ws="www.genesyslab.com/modules/ws">
  <datamodel>
    <data id="age" _type="parameter"/><data id="own_priority" _type="parameter"/>
    <data id="place" expr="null"/><data id="told" expr="null"/>
  </datamodel>
  <state id="arrives">
    <transition event="interaction.present">
      <script>_genesys.ixn.setuData({ RouterData70: age || 't="' + (Math.floor(Date.now() / 1000) - 300) + ' 0"', GMS_URS_PRIORITY: '17' })</script>
    </transition>
    <transition event="interaction.udata.changed" cond="_event.data.udata.GMS_URS_PRIORITY !== undefined">
      <queue:submit requestid="place" queue="'VQ_Again'" route="false" timeout="600"
                    priority="own_priority === undefined ? null : Number(own_priority)">
        <queue:targets><queue:targetid expr="'Support@.GA'"/></queue:targets>
      </queue:submit>
      <queue:query requestid="place"/>
    </transition>
    <transition event="queue.query.done"><script>told = { wait: _event.data.wait, priority: _event.data.priority }</script></transition>
    <transition event="report"><ws:response requestid="_event.sendid" type="positive"><content expr="told"/></ws:response></transition>
  </state>
</scxml>
"#;

//= guide: RouterData70 is honoured when an interaction is queued again
//= type=test
#[tokio::test]
async fn a_call_that_brings_its_place_along_gets_it_unless_the_chart_says_otherwise() {
    let placed = |options: &[(&str, &str)]| {
        let service = Service::empty().with("_type", "ors").with("_service", "placed.scxml");
        options.iter().fold(service, |service, (name, value)| service.with(name, *value))
    };
    for (options, wait, priority) in [
        (vec![], 300, 17),
        (vec![("own_priority", "3")], 300, 3),
        // Unreadable: a warning, and the place begins now.
        (vec![("age", "yesterday")], 0, 17),
    ] {
        let setup = Setup::of("placed", &placed(&options))
            .switch("[switch.inbound]\n\"8003@SIP_Switch\" = \"placed\"")
            .chart("placed.scxml", PLACED);
        let platform = Platform::start(setup).await;
        let _id = platform.call_arrives(json!({"ani": CUSTOMER, "dnis": "8003"})).await;
        platform.rest().await;
        let session = platform.calls().await[0]["user_data"]["OP-Session-ID"].as_str().unwrap().to_owned();
        let told = platform.get(&format!("/scxml/session/{session}/request/report")).await.ok();
        let waited = told["wait"].as_i64().unwrap_or(-1);
        assert!((wait..=wait + 1).contains(&waited), "{options:?}: {told}");
        assert_eq!(told["priority"], priority, "{options:?}");
    }
}
