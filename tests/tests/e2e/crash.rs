//! `kill -9` at bad moments: no acknowledged callback is lost, and nobody is dialled twice for one attempt.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use scenarios::{Callback, Peer, Platform, Service, Setup};
use serde_json::json;

use crate::{CUSTOMER, UNTIL_ANSWERED, WHILE_RINGING, customer, waiting_on_the_line};

async fn platform() -> Platform {
    let later = Service::delayed().with("_wait_for_user_confirm", false);
    Platform::start(Setup::of("now", &Service::immediate()).service("later", &later)).await
}

/// The node dies and comes back.
async fn crash(platform: &mut Platform) {
    platform.kill();
    platform.restart().await;
}

/// Asserts by the switch's own log that no attempt was dialled twice.
fn nobody_was_dialled_twice(platform: &Platform) {
    let dials = platform.dial_log();
    let different: BTreeSet<_> = dials.iter().collect();
    assert_eq!(different.len(), dials.len(), "{dials:?}");
}

/// An agent takes the call, and the customer ends it.
async fn ends_well(platform: &Platform, callback: &Callback) {
    platform.agent_answers("7001").await;
    platform.advance(UNTIL_ANSWERED + 1.0).await;
    assert_eq!(platform.state(callback).await, "PROCESSING");
    platform.hang_up(CUSTOMER).await;
    assert_eq!(platform.state(callback).await, "COMPLETED/AGENT_CONNECTED");
    nobody_was_dialled_twice(platform);
}

#[tokio::test]
async fn a_callback_that_waits_for_an_agent_goes_on_waiting_and_is_completed() {
    let mut platform = platform().await;
    let callback = platform.begin("later", &customer()).await;
    platform.advance(100.0).await;
    crash(&mut platform).await;
    assert_eq!(platform.state(&callback).await, "QUEUED");
    ends_well(&platform, &callback).await;
    assert_eq!(platform.dial_log(), [(callback.id, 1)]);
}

#[tokio::test]
async fn a_callback_whose_phone_rings_is_dialled_a_second_time_and_completed() {
    let mut platform = platform().await;
    let callback = platform.begin("now", &customer()).await;
    platform.advance(WHILE_RINGING).await;
    assert_eq!(platform.calls().await[0]["phase"], "ringing");
    crash(&mut platform).await;
    assert_eq!(platform.state(&callback).await, "QUEUED");
    let position = platform.message(&callback, "check-queue-position", &json!({})).await.ok();
    assert_eq!(position["dial_result"], "UNKNOWN", "nobody knows what became of the first attempt");
    platform.advance(301.0).await;
    ends_well(&platform, &callback).await;
    let id = &callback.id;
    assert_eq!(platform.dial_log(), [(id.clone(), 1), (id.clone(), 2)]);
}

//= decision: D-079 a call lost by a restart is dialled again, and the attempt counts
//= type=test
#[tokio::test]
async fn a_customer_who_was_on_the_line_is_called_again() {
    let mut platform = platform().await;
    let callback = waiting_on_the_line(&platform, "now").await;
    crash(&mut platform).await;
    assert_eq!(platform.state(&callback).await, "QUEUED");
    platform.advance(301.0).await;
    ends_well(&platform, &callback).await;
    assert_eq!(platform.dial_log().len(), 2);
}

#[tokio::test]
async fn a_conversation_that_the_crash_cut_off_was_a_connection() {
    let mut platform = platform().await;
    platform.agent_answers("7001").await;
    let callback = platform.begin("now", &customer()).await;
    platform.advance(UNTIL_ANSWERED).await;
    assert_eq!(platform.state(&callback).await, "PROCESSING");
    crash(&mut platform).await;
    assert_eq!(platform.state(&callback).await, "COMPLETED/AGENT_CONNECTED");
    platform.advance(600.0).await;
    assert_eq!(platform.dial_log().len(), 1);
}

#[tokio::test]
async fn a_redial_that_was_due_while_the_node_was_down_is_made_once() {
    let mut platform = platform().await;
    platform.customer(CUSTOMER, json!({"behaviour": "busy"})).await;
    let callback = platform.begin("now", &customer()).await;
    platform.advance(250.0).await;
    crash(&mut platform).await;
    platform.advance(301.0).await;
    let id = &callback.id;
    assert_eq!(platform.dial_log(), [(id.clone(), 1), (id.clone(), 2)]);
    assert_eq!(platform.state(&callback).await, "ROUTING", "customers forget what they were told to do");
}

//= decision: D-053 a running session keeps its values
//= type=test
#[tokio::test]
async fn a_callback_keeps_the_options_that_it_was_started_with_when_the_configuration_is_another_one() {
    let service = Service::immediate();
    let mut platform =
        Platform::start(Setup::of("now", &service.clone().with("_dial_retry_timeout", 100))).await;
    let other = "+12025550124";
    for number in [CUSTOMER, other] {
        platform.customer(number, json!({"behaviour": "busy"})).await;
    }
    // What the request sets lies above what the service sets.
    let request = json!({ "_customer_number": CUSTOMER, "_max_dial_attempts": 2 });
    let before = platform.begin("now", &request).await;
    platform.advance(10.0).await;
    assert_eq!(platform.dial_log().len(), 1);

    platform.kill();
    platform.configure(&Setup::of("now", &service.with("_dial_retry_timeout", 40)));
    platform.restart().await;
    for number in [CUSTOMER, other] {
        platform.customer(number, json!({"behaviour": "busy"})).await;
    }
    let after = platform.begin("now", &json!({ "_customer_number": other })).await;
    let dials_of = |platform: &Platform, callback: &Callback| {
        platform.dial_log().iter().filter(|(id, _)| *id == callback.id).count()
    };
    platform.advance(60.0).await;
    assert_eq!((dials_of(&platform, &before), dials_of(&platform, &after)), (1, 2));
    // Once more in the middle: now two values are in the store.
    crash(&mut platform).await;
    for number in [CUSTOMER, other] {
        platform.customer(number, json!({"behaviour": "busy"})).await;
    }
    platform.advance(60.0).await;
    assert_eq!((dials_of(&platform, &before), dials_of(&platform, &after)), (2, 3));
    assert_eq!(platform.state(&before).await, "COMPLETED/FAIL_CALL_TO_CUSTOMER", "its two attempts");
    nobody_was_dialled_twice(&platform);
}

#[tokio::test]
async fn a_callback_survives_one_crash_after_the_other() {
    let mut platform = platform().await;
    let callback = platform.begin("later", &customer()).await;
    for _crash in 0..4 {
        crash(&mut platform).await;
        assert_eq!(platform.state(&callback).await, "QUEUED");
        platform.advance(7.0).await;
    }
    ends_well(&platform, &callback).await;
}

#[tokio::test]
async fn the_place_in_the_queue_survives() {
    let mut platform = platform().await;
    let first = platform.begin("later", &customer()).await;
    platform.advance(30.0).await;
    let second = platform.begin("later", &json!({"_customer_number": "+12025550124"})).await;
    crash(&mut platform).await;
    for (callback, position) in [(&first, 1), (&second, 2)] {
        let reply = platform.message(callback, "check-queue-position", &json!({})).await.ok();
        assert_eq!(reply["_position"], position);
    }
}

#[tokio::test]
async fn a_notification_that_was_not_taken_is_sent_after_the_crash() {
    let target = Peer::start().await;
    target.answers_next(503);
    let platform = Service::immediate().notifying(&target.url("/"));
    let mut platform = Platform::start(Setup::of("now", &platform)).await;
    let _callback = platform.begin("now", &customer()).await;
    assert_eq!(target.events_named("service_create").len(), 1);
    crash(&mut platform).await;
    platform.advance(60.0).await;
    assert_eq!(target.events_named("service_create").len(), 2);
}

#[tokio::test]
async fn a_cancelled_callback_stays_cancelled() {
    let mut platform = platform().await;
    let callback = platform.begin("later", &customer()).await;
    assert_eq!(platform.cancel(&callback).await.status, 200);
    crash(&mut platform).await;
    assert_eq!(platform.state(&callback).await, "COMPLETED/CANCELLED");
    platform.agent_answers("7001").await;
    platform.advance(60.0).await;
    assert!(platform.dial_log().is_empty());
}

/// Each of these moments is within setup, ringing, detection, waiting on the line, ringing at the agent or talking.
#[tokio::test]
async fn whenever_the_node_dies_the_callback_is_completed_and_no_attempt_is_dialled_twice() {
    let service = Service::immediate().with("_dial_retry_timeout", 10);
    let mut platform = Platform::start(Setup::of("now", &service)).await;
    for (index, moment) in [0.0, 0.4, 0.6, 3.4, 3.6, 5.4, 5.6, 5.8, 7.0].into_iter().enumerate() {
        let number = format!("+1202555013{index}");
        platform.agent("7001", json!({"behaviour": "answers", "after_secs": 1})).await;
        let _ready = platform.agent_command("7001", "ready").await.ok();
        let callback = platform.begin("now", &json!({ "_customer_number": number })).await;
        platform.advance(moment).await;
        crash(&mut platform).await;
        platform.agent_answers("7001").await;
        platform.advance(30.0).await;
        if platform.state(&callback).await == "PROCESSING" {
            platform.hang_up(&number).await;
        }
        assert_eq!(
            platform.state(&callback).await,
            "COMPLETED/AGENT_CONNECTED",
            "died {moment} s after the start"
        );
        nobody_was_dialled_twice(&platform);
    }
}

#[tokio::test]
async fn what_was_acknowledged_is_there_however_early_the_node_dies() {
    let mut platform = platform().await;
    for index in 0..6 {
        let asked: Vec<_> =
            (0..8).map(|other| json!({ "_customer_number": format!("+120255501{index}{other}") })).collect();
        let replies = join_all(asked.iter().map(|request| platform.ask("later", request))).await;
        // Not even time to come to rest.
        platform.kill();
        platform.restart().await;
        for reply in replies {
            let id = reply.ok()["_id"].as_str().unwrap().to_owned();
            let record = platform.get(&format!("/genesys/1/service/callback/later/{id}")).await.ok();
            assert_eq!(record["_callback_state"], "QUEUED");
        }
    }
}

#[tokio::test]
async fn a_plugin_that_was_asked_is_asked_again_and_its_answer_reaches_the_restored_session() {
    let plugin = Peer::start().await;
    let service = Service::immediate().with("_plugin_on_dial_url", plugin.url("/on-dial"));
    plugin.holds_its_answers();
    let mut platform = Platform::start(Setup::of("now", &service)).await;
    let callback = platform.begin("now", &customer()).await;
    tokio::select! {
        () = platform.advance(UNTIL_ANSWERED) => panic!("the plugin is waited for"),
        () = plugin.has_received(1) => {}
    }
    let told = plugin.last();
    crash(&mut platform).await;
    plugin.has_received(2).await;
    assert_eq!(plugin.last(), told, "it is asked the same");
    plugin.answers_again();
    assert_eq!(platform.state(&callback).await, "QUEUED");
    // The reply URL of before the crash is still good; the call is not.
    let answer = json!({"action": "route_to_agent", "message": "Ok"});
    assert_eq!(platform.plugin_replies(&told, &answer).await.status, 200);
    platform.advance(301.0).await;
    platform.advance(UNTIL_ANSWERED).await;
    assert_eq!(plugin.last()["_dial_attempt"], 2);
    assert_eq!(platform.plugin_replies(&plugin.last(), &answer).await.status, 200);
    ends_well(&platform, &callback).await;
}

#[tokio::test]
async fn a_push_that_waits_for_its_confirmation_goes_on_waiting() {
    let mut platform = Platform::start(Setup::of("later", &Service::delayed())).await;
    let request =
        json!({"_customer_number": CUSTOMER, "_device_os": "comet", "_device_notification_id": "dev-1"});
    let callback = platform.begin("later", &request).await;
    platform.agent_answers("7001").await;
    platform.advance(10.0).await;
    crash(&mut platform).await;
    assert!(platform.dials().await.is_empty());
    let push = platform.pushes("dev-1").await.next().await;
    assert_eq!(push["_id"], callback.id.as_str(), "a push that nobody has read yet is still there");
    let confirmed = platform.message(&callback, "connect", &json!({})).await.ok();
    assert_eq!(confirmed["_action"], "ConfirmationDialog");
    assert_eq!(platform.dialled().await, [CUSTOMER]);
    ends_well(&platform, &callback).await;
    // What the device reads next is of the next callback.
    let next = platform.begin("later", &request).await;
    platform.advance(10.0).await;
    assert_eq!(platform.pushes("dev-1").await.next().await["_id"], next.id.as_str());
}

#[tokio::test]
async fn a_booking_survives_and_is_matched_afterwards() {
    let inbound = Service::empty()
        .with("_type", "ors")
        .with("_service", "inbound")
        .with("app_virtual_queue", "VQ_Inbound")
        .with("app_selected_agent_group", "Support@StatServer.GA");
    let setup = Setup::of("inbound", &inbound)
        .service("call-us", &Service::originated().with("_booking_expiration_timeout", 300))
        .switch("[switch.inbound]\n\"8001@SIP_Switch\" = \"inbound\"");
    let mut platform = Platform::start(setup).await;
    let callback = platform.begin("call-us", &customer()).await;
    crash(&mut platform).await;
    let number = &callback.reply["_access_number"];
    let _id = platform.call_arrives(json!({"ani": CUSTOMER, "dnis": number})).await;
    assert_eq!(platform.state(&callback).await, "ROUTING");
}
