//! Agents at their desks: commands by REST, messages by WebSocket.

use reqwest::Method;
use scenarios::{Platform, Service, Setup};
use serde_json::{Value, json};

use crate::{CUSTOMER, waiting_on_the_line};

async fn platform() -> Platform {
    Platform::start(Setup::of("now", &Service::immediate())).await
}

/// The first agent as the desk shows her.
async fn ada(platform: &Platform) -> Value {
    platform.rest().await;
    platform.get("/genesys/1/agents").await.ok()[0].clone()
}

/// A platform on which a call rings at the first agent.
async fn ringing() -> (Platform, scenarios::Callback) {
    let platform = platform().await;
    let callback = waiting_on_the_line(&platform, "now").await;
    let _ready = platform.agent_command("7001", "ready").await.ok();
    platform.advance(1.0).await;
    assert_eq!(ada(&platform).await["status"], "ringing");
    (platform, callback)
}

#[tokio::test]
async fn an_agent_answers_and_ends_a_call_by_command() {
    let (platform, callback) = ringing().await;
    assert!(ada(&platform).await["interaction"].is_string());
    let _answered = platform.agent_command("7001", "answer").await.ok();
    assert_eq!(platform.state(&callback).await, "PROCESSING");
    assert_eq!(ada(&platform).await["status"], "busy");
    let _ended = platform.agent_command("7001", "hang-up").await.ok();
    assert_eq!(platform.state(&callback).await, "COMPLETED/AGENT_CONNECTED");
    let state = ada(&platform).await;
    assert_eq!((&state["status"], &state["reserved"]), (&json!("ready"), &json!(false)));
}

#[tokio::test]
async fn an_agent_who_declines_leaves_the_call_to_the_next() {
    let (platform, callback) = ringing().await;
    let _declined = platform.agent_command("7001", "decline").await.ok();
    assert_eq!(platform.state(&callback).await, "ROUTING");
    platform.agent_answers("7002").await;
    platform.advance(1.0).await;
    assert_eq!(platform.state(&callback).await, "PROCESSING");
    assert_eq!(platform.calls().await[0]["at"], "7002");
}

#[tokio::test]
async fn an_agent_who_vanishes_while_the_phone_rings_loses_no_callback() {
    let (platform, callback) = ringing().await;
    platform.agent("7001", json!({"behaviour": "rings_out"})).await;
    platform.agent_answers("7002").await;
    platform.advance(120.0).await;
    assert_eq!(platform.state(&callback).await, "PROCESSING");
    assert_eq!(platform.calls().await[0]["at"], "7002");
    assert_eq!(ada(&platform).await["reserved"], false);
    platform.hang_up(CUSTOMER).await;
    assert_eq!(platform.state(&callback).await, "COMPLETED/AGENT_CONNECTED");
}

#[tokio::test]
async fn agents_log_in_become_ready_and_leave() {
    let platform = platform().await;
    let agents = platform.get("/genesys/1/agents").await.ok();
    let ids: Vec<&str> =
        agents.as_array().unwrap().iter().map(|agent| agent["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["7001", "7002"]);
    assert_eq!((&agents[0]["status"], &agents[0]["name"]), (&json!("not_ready"), &json!("Ada")));
    for (command, status) in
        [("ready", "ready"), ("not-ready", "not_ready"), ("logout", "logged_out"), ("login", "not_ready")]
    {
        let _done = platform.agent_command("7001", command).await.ok();
        assert_eq!(ada(&platform).await["status"], status, "after {command}");
    }
    let pause = platform.post("/genesys/1/agents/7001/not-ready", &json!({"reason": "lunch"})).await;
    let _done = pause.ok();
    assert_eq!(ada(&platform).await["reason"], "lunch");
}

#[tokio::test]
async fn a_command_that_does_not_fit_is_refused() {
    let platform = platform().await;
    for (agent, command, status) in [
        ("7001", "answer", 409),
        ("7001", "decline", 409),
        ("7001", "hang-up", 409),
        ("9999", "ready", 404),
        ("7001", "dance", 400),
    ] {
        let refused = platform.agent_command(agent, command).await;
        assert_eq!(refused.status.as_u16(), status, "{agent} {command}: {}", refused.text);
        assert!(!refused.message().is_empty());
    }
    let anonymous = platform.anonymous(Method::POST, "/genesys/1/agents/7001/ready");
    assert_eq!(platform.send(anonymous).await.status, 401);
}

#[tokio::test]
async fn the_socket_tells_an_agent_what_happens_without_gaps() {
    let platform = platform().await;
    let mut socket = platform.agent_socket("7001", "?after=0").await;
    let callback = waiting_on_the_line(&platform, "now").await;
    let _ready = platform.agent_command("7001", "ready").await.ok();
    platform.advance(1.0).await;
    let ringing = socket.next_of("ringing").await;
    assert_eq!(ringing["data"]["interactionid"], platform.calls().await[0]["call"]);
    assert!(ringing["at"].as_str().is_some_and(|at| at.ends_with('Z')));
    let _answered = platform.agent_command("7001", "answer").await.ok();
    let connected = socket.next_of("connected").await;
    assert_eq!(connected["data"], ringing["data"]);
    platform.hang_up(CUSTOMER).await;
    let released = socket.next_of("released").await;
    assert_eq!(platform.state(&callback).await, "COMPLETED/AGENT_CONNECTED");

    let mut resumed = platform.agent_socket("7001", "?after=0").await;
    let last = released["seq"].as_u64().unwrap();
    for seq in 1..=last {
        assert_eq!(resumed.next().await["seq"], seq);
    }
    let behind_ringing = format!("?after={}", ringing["seq"]);
    let mut resumed = platform.agent_socket("7001", &behind_ringing).await;
    assert_eq!(resumed.next().await["seq"], ringing["seq"].as_u64().unwrap() + 1);
}

/// A platform with settings of the section `[routing]`.
async fn with_routing(lines: &str) -> Platform {
    let setup = Setup::of("now", &Service::immediate()).switch(&format!("[routing]\n{lines}"));
    Platform::start(setup).await
}

/// Lets the first agent take a call and end it.
async fn one_call(platform: &Platform) {
    let _callback = waiting_on_the_line(platform, "now").await;
    platform.agent_answers("7001").await;
    platform.advance(1.0).await;
    assert_eq!(ada(platform).await["status"], "busy");
}

#[tokio::test]
async fn after_call_work_keeps_an_agent_from_the_next_call_for_its_time() {
    let platform = with_routing("after_call_work = 20").await;
    one_call(&platform).await;
    let _ended = platform.agent_command("7001", "hang-up").await.ok();
    assert_eq!(ada(&platform).await["status"], "after_call_work");
    platform.advance(19.0).await;
    assert_eq!(ada(&platform).await["status"], "after_call_work");
    platform.advance(1.5).await;
    assert_eq!(ada(&platform).await["status"], "ready");
}

#[tokio::test]
async fn the_longest_after_call_work_of_an_agents_groups_counts() {
    let platform = with_routing("after_call_work = 5\n[routing.after_call_work_of]\nSupport = 30").await;
    one_call(&platform).await;
    let _ended = platform.agent_command("7001", "hang-up").await.ok();
    platform.advance(29.0).await;
    assert_eq!(ada(&platform).await["status"], "after_call_work");
    let _done = platform.agent_command("7001", "ready").await.ok();
    assert_eq!(ada(&platform).await["status"], "ready", "whoever is done earlier says so");
}

#[tokio::test]
async fn what_an_agent_asks_for_during_a_call_comes_after_it() {
    let platform = platform().await;
    one_call(&platform).await;
    let reply = platform.post("/genesys/1/agents/7001/not-ready", &json!({"reason": "lunch"})).await.ok();
    assert_eq!((&reply["status"], &reply["after_call"]), (&json!("busy"), &json!("not_ready")));
    let _ended = platform.agent_command("7001", "hang-up").await.ok();
    let state = ada(&platform).await;
    assert_eq!((&state["status"], &state["reason"]), (&json!("not_ready"), &json!("lunch")));
}

#[tokio::test]
async fn an_agent_who_lets_the_phone_ring_takes_no_more_calls_where_it_is_so_configured() {
    let platform = with_routing("agent_no_answer = \"not_ready\"").await;
    let _callback = waiting_on_the_line(&platform, "now").await;
    platform.agent("7001", json!({"behaviour": "rings_out"})).await;
    let _ready = platform.agent_command("7001", "ready").await.ok();
    platform.advance(60.0).await;
    let state = ada(&platform).await;
    assert_eq!((&state["status"], &state["reason"]), (&json!("not_ready"), &json!("no_answer")));
}

#[tokio::test]
async fn an_agent_who_comes_through_the_api_takes_calls_and_outlives_a_restart() {
    let mut platform = platform().await;
    let path = "/genesys/1/agents/7009";
    let agent = json!({"name": "Katherine", "groups": ["Support"], "skills": {"Spanish": 5}});
    let request = platform.request(Method::PUT, path).json(&agent);
    assert_eq!(platform.send(request).await.ok()["status"], "logged_out");
    let _in = platform.agent_command("7009", "login").await.ok();
    let callback = waiting_on_the_line(&platform, "now").await;
    platform.agent_answers("7009").await;
    platform.advance(1.0).await;
    assert_eq!(platform.state(&callback).await, "PROCESSING");
    assert_eq!(platform.calls().await[0]["at"], "7009");

    platform.kill();
    platform.restart().await;
    let known = platform.get(path).await.ok();
    assert_eq!((&known["name"], &known["status"]), (&json!("Katherine"), &json!("logged_out")));
    let _gone = platform.delete(path).await.ok();
    assert_eq!(platform.get(path).await.status, 404);
}

#[tokio::test]
async fn skills_that_change_count_for_those_who_wait() {
    let service = Service::immediate().with("_target", "?:Spanish>3@StatServer.GA");
    let platform = Platform::start(Setup::of("now", &service)).await;
    let callback = waiting_on_the_line(&platform, "now").await;
    platform.agent_answers("7001").await;
    platform.advance(30.0).await;
    assert_eq!(platform.state(&callback).await, "ROUTING");
    let request =
        platform.request(Method::PUT, "/genesys/1/agents/7001").json(&json!({"skills": {"Spanish": 4}}));
    let _changed = platform.send(request).await.ok();
    platform.advance(1.0).await;
    assert_eq!(platform.state(&callback).await, "PROCESSING");
}

#[tokio::test]
async fn an_agent_may_work_at_another_desk_and_nobody_shares_one() {
    let platform = platform().await;
    let desk = json!({"place": "Desk_12", "dn": "7112"});
    let moved = platform.post("/genesys/1/agents/7001/login", &desk).await.ok();
    assert_eq!((&moved["dn"], &moved["place"]), (&json!("7112"), &json!("Desk_12")));
    let taken = platform.post("/genesys/1/agents/7002/login", &desk).await;
    assert_eq!(taken.status, 409, "{}", taken.text);
    assert!(taken.message().contains("7112"), "{}", taken.text);
    let callback = waiting_on_the_line(&platform, "now").await;
    platform.agent_answers("7001").await;
    platform.advance(1.0).await;
    assert_eq!(platform.state(&callback).await, "PROCESSING");
    assert_eq!(platform.calls().await[0]["at"], "7112");
}

#[tokio::test]
async fn an_agent_whose_socket_stays_away_is_logged_out_and_the_call_goes_to_another() {
    let (platform, callback) = {
        let platform = platform().await;
        let callback = waiting_on_the_line(&platform, "now").await;
        (platform, callback)
    };
    let socket = platform.agent_socket("7001", "").await;
    let _ready = platform.agent_command("7001", "ready").await.ok();
    drop(socket);
    platform.agent("7001", json!({"behaviour": "rings_out"})).await;
    platform.agent_answers("7002").await;
    platform.advance(120.0).await;
    assert_eq!(platform.state(&callback).await, "PROCESSING");
    assert_eq!(platform.calls().await[0]["at"], "7002");
    assert_eq!(ada(&platform).await["status"], "logged_out");
}

#[tokio::test]
async fn changes_of_agents_that_come_at_the_same_time_are_all_kept() {
    let mut platform = platform().await;
    let ids: Vec<String> = (7_101..7_125).map(|id| id.to_string()).collect();
    let new = ids.iter().map(|id| put(&platform, id, json!({"groups": ["Sales"]})));
    // One agent is changed twice at once as well: neither change undoes the other.
    let changes = [json!({"name": "Katherine"}), json!({"skills": {"Spanish": 5}})];
    let changed = changes.into_iter().map(|change| put(&platform, "7100", change));
    futures_util::future::join_all(new.chain(changed)).await;

    platform.kill();
    platform.restart().await;
    let agents = platform.get("/genesys/1/agents").await.ok();
    let known: Vec<&str> =
        agents.as_array().unwrap().iter().filter_map(|agent| agent["id"].as_str()).collect();
    let lost: Vec<&String> = ids.iter().filter(|id| !known.contains(&id.as_str())).collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
    let katherine = platform.get("/genesys/1/agents/7100").await.ok();
    assert_eq!((&katherine["name"], &katherine["skills"]["Spanish"]), (&json!("Katherine"), &json!(5)));
}

async fn put(platform: &Platform, id: &str, change: Value) {
    let path = format!("/genesys/1/agents/{id}");
    let _changed = platform.send(platform.request(Method::PUT, &path).json(&change)).await.ok();
}

#[tokio::test]
async fn a_place_group_is_served_by_whoever_works_there_today() {
    let service = Service::immediate().with("_target", "Window@.GP");
    let groups = "[place_groups.Window]\nplaces = [\"Desk_12\"]";
    let platform = Platform::start(Setup::of("now", &service).switch(groups)).await;
    let callback = waiting_on_the_line(&platform, "now").await;
    platform.agent_answers("7001").await;
    platform.advance(30.0).await;
    assert_eq!(platform.state(&callback).await, "ROUTING");
    let desk = json!({"place": "Desk_12", "dn": "7112"});
    let _moved = platform.post("/genesys/1/agents/7002/login", &desk).await.ok();
    let _ready = platform.agent_command("7002", "ready").await.ok();
    platform.advance(1.0).await;
    let ringing = platform.get("/genesys/1/agents/7002").await.ok();
    assert_eq!(ringing["status"], "ringing");
    let _answered = platform.agent_command("7002", "answer").await.ok();
    assert_eq!(platform.state(&callback).await, "PROCESSING");
}

#[tokio::test]
async fn a_campaign_group_takes_in_an_agent_who_comes_through_the_api() {
    let service = Service::immediate().with("_target", "Spring@.GC");
    let groups = "[campaign_groups.Spring]\ngroups = [\"Outbound\"]";
    let platform = Platform::start(Setup::of("now", &service).switch(groups)).await;
    let callback = waiting_on_the_line(&platform, "now").await;
    platform.agent_answers("7001").await;
    platform.advance(30.0).await;
    assert_eq!(platform.state(&callback).await, "ROUTING");
    put(&platform, "7001", json!({"groups": ["Outbound"]})).await;
    platform.advance(1.0).await;
    assert_eq!(platform.state(&callback).await, "PROCESSING");
}

#[tokio::test]
async fn an_agent_is_chosen_once_ready_for_as_long_as_the_target_asks() {
    let service = Service::immediate().with("_target", "?:$(StatTimeInReadyState)>=60@.GA");
    let platform = Platform::start(Setup::of("now", &service)).await;
    let _ready = platform.agent_command("7001", "ready").await.ok();
    let callback = waiting_on_the_line(&platform, "now").await;
    platform.agent("7001", json!({"behaviour": "answers", "after_secs": 0})).await;
    platform.advance(30.0).await;
    assert_eq!(platform.state(&callback).await, "ROUTING");
    platform.advance(31.0).await;
    assert_eq!(platform.state(&callback).await, "PROCESSING");
}
