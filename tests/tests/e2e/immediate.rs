//! User terminated, immediate (specification: scenarios §3, tests U1 to U7, U9, U10).

use scenarios::{Peer, Platform, Service, Setup};
use serde_json::{Value, json};

use crate::{CUSTOMER, UNTIL_ANSWERED, customer, outcome, served_by_an_agent, waiting_on_the_line};

/// A platform with the service `now`, whose customer behaves so.
async fn platform(service: Service, behaviour: Value) -> Platform {
    let platform = Platform::start(Setup::of("now", &service)).await;
    platform.customer(CUSTOMER, behaviour).await;
    platform
}

/// Value of a key as text, however it is written.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

//= scenarios: U1
//= type=test
#[tokio::test]
async fn a_human_is_dialled_connected_to_an_agent_and_the_callback_is_completed() {
    let platform = platform(Service::immediate(), json!({"behaviour": "human"})).await;
    let callback = platform.begin("now", &customer()).await;
    assert_eq!(callback.reply["_action"], "ConfirmationDialog");
    assert_eq!(callback.reply["_dialog_id"], "0");
    assert_eq!(callback.reply["_ok_title"], "Ok");
    assert!(callback.reply["_text"].is_string());
    assert_eq!(platform.state(&callback).await, "QUEUED");

    platform.advance(UNTIL_ANSWERED).await;
    assert_eq!(platform.state(&callback).await, "ROUTING");
    assert_eq!(platform.played(&callback).await, ["next_customer_rep.wav"]);

    platform.agent_answers("7001").await;
    platform.advance(1.0).await;
    assert_eq!(platform.state(&callback).await, "PROCESSING");

    platform.hang_up(CUSTOMER).await;
    assert_eq!(platform.state(&callback).await, "COMPLETED/AGENT_CONNECTED");
    assert_eq!(platform.states(&callback).await, ["QUEUED", "ROUTING", "PROCESSING", "COMPLETED"]);
    assert_eq!(platform.outcome(&callback).await, outcome("COMPLETED.AGENT", "PERSON"));
    assert_eq!(platform.dial_log(), [(callback.id.clone(), 1)]);
    assert!(platform.calls().await.is_empty());
}

//= scenarios: U1
//= type=test
#[tokio::test]
async fn an_agent_who_is_ready_before_the_customer_answers_gets_the_call_at_once() {
    let platform = platform(Service::immediate(), json!({"behaviour": "human"})).await;
    platform.agent_answers("7001").await;
    let callback = platform.begin("now", &customer()).await;
    platform.advance(UNTIL_ANSWERED).await;
    assert_eq!(platform.state(&callback).await, "PROCESSING");
}

#[tokio::test]
async fn without_following_the_call_the_callback_ends_when_the_agent_answers() {
    let service = Service::immediate().with("_follow_call", false);
    let platform = platform(service, json!({"behaviour": "human"})).await;
    let callback = waiting_on_the_line(&platform, "now").await;
    platform.agent_answers("7001").await;
    platform.advance(1.0).await;
    assert_eq!(platform.state(&callback).await, "COMPLETED/AGENT_CONNECTED");
    assert_eq!(platform.calls().await.len(), 1, "customer and agent go on talking");
}

#[tokio::test]
async fn an_agent_who_declines_is_not_asked_again_and_another_one_takes_the_call() {
    let platform = platform(Service::immediate(), json!({"behaviour": "human"})).await;
    let callback = waiting_on_the_line(&platform, "now").await;
    platform.agent("7001", json!({"behaviour": "declines"})).await;
    let _ready = platform.agent_command("7001", "ready").await.ok();
    platform.advance(2.0).await;
    assert_eq!(platform.state(&callback).await, "ROUTING");
    platform.agent_answers("7002").await;
    platform.advance(2.0).await;
    assert_eq!(platform.state(&callback).await, "PROCESSING");
    assert_eq!(platform.calls().await[0]["at"], "7002");
}

//= scenarios: U2
//= type=test
#[tokio::test]
async fn a_number_that_is_busy_three_times_is_given_up() {
    let target = Peer::start().await;
    let service = Service::immediate().with("_max_dial_attempts", 3).notifying(&target.url("/"));
    let platform = platform(service, json!({"behaviour": "busy"})).await;
    let callback = platform.begin("now", &customer()).await;
    platform.advance(1.0).await;
    assert_eq!(platform.state(&callback).await, "QUEUED");
    platform.advance(298.0).await;
    assert_eq!(platform.dials().await.len(), 1, "the pause is 300 s");
    platform.advance(3.0).await;
    assert_eq!(platform.dials().await.len(), 2);
    platform.advance(300.0).await;
    assert_eq!(platform.state(&callback).await, "COMPLETED/FAIL_CALL_TO_CUSTOMER");
    let attempts = target.events_named("dial_done");
    let attempts: Vec<String> = attempts.iter().map(|event| text(&event["c_call_num_attempt"])).collect();
    assert_eq!(attempts, ["1", "2", "3"]);
    let expected = outcome("COMPLETED.REDIAL_LIMIT_REACHED", "REDIAL_LIMIT_REACHED");
    assert_eq!(platform.outcome(&callback).await, expected);
    let id = &callback.id;
    assert_eq!(platform.dial_log(), [(id.clone(), 1), (id.clone(), 2), (id.clone(), 3)]);
}

#[tokio::test]
async fn a_phone_that_nobody_answers_rings_no_longer_than_the_option_says() {
    let service = Service::immediate().with("_max_dial_attempts", 1).with("_ixn_createcall_timeout", 20);
    let platform = platform(service, json!({"behaviour": "no_answer"})).await;
    let callback = platform.begin("now", &customer()).await;
    platform.advance(19.0).await;
    assert_eq!(platform.state(&callback).await, "QUEUED");
    platform.advance(3.0).await;
    assert_eq!(platform.state(&callback).await, "COMPLETED/FAIL_CALL_TO_CUSTOMER");
    assert_eq!(platform.final_report(&callback).await["_CB_DIAL_1_RESULT"], "NO_ANSWER");
}

//= scenarios: U3
//= type=test
#[tokio::test]
async fn a_fax_ends_the_callback_after_one_attempt() {
    let platform = platform(Service::immediate(), json!({"behaviour": "fax"})).await;
    let callback = platform.begin("now", &customer()).await;
    platform.advance(UNTIL_ANSWERED).await;
    assert_eq!(platform.state(&callback).await, "COMPLETED/FAIL_FAX_REACHED");
    assert_eq!(platform.outcome(&callback).await, outcome("COMPLETED.FAILED", "FAIL_FAX_REACHED"));
    assert_eq!(platform.dials().await.len(), 1);
}

//= scenarios: U4
//= type=test
#[tokio::test]
async fn a_customer_for_whom_no_agent_is_found_hears_so_and_the_callback_fails() {
    let platform = platform(Service::immediate(), json!({"behaviour": "human"})).await;
    let callback = waiting_on_the_line(&platform, "now").await;
    platform.advance(3590.0).await;
    assert_eq!(platform.state(&callback).await, "ROUTING");
    platform.advance(20.0).await;
    assert_eq!(platform.state(&callback).await, "COMPLETED/FAIL_AGENT_CONNECT");
    assert_eq!(platform.played(&callback).await, ["next_customer_rep.wav", "all_agents_busy.wav"]);
    let report = platform.final_report(&callback).await;
    assert_eq!(report["_CB_N_TIMEOUT_WHILE_WAITING_FOR_AGENT"], 1);
    assert!(platform.calls().await.is_empty());
}

//= scenarios: U5
//= type=test
#[tokio::test]
async fn a_customer_who_hangs_up_before_an_agent_answers_has_abandoned() {
    let platform = platform(Service::immediate(), json!({"behaviour": "human"})).await;
    let callback = waiting_on_the_line(&platform, "now").await;
    platform.hang_up(CUSTOMER).await;
    assert_eq!(platform.state(&callback).await, "COMPLETED/ABANDONED_IN_QUEUE");
    let expected = outcome("COMPLETED.ABANDONED_IN_QUEUE", "ABANDONED_IN_QUEUE");
    assert_eq!(platform.outcome(&callback).await, expected);
}

//= scenarios: U6
//= type=test
#[tokio::test]
async fn silence_is_routed_as_a_human_is() {
    let platform = platform(Service::immediate(), json!({"behaviour": "silence"})).await;
    let callback = waiting_on_the_line(&platform, "now").await;
    served_by_an_agent(&platform, &callback).await;
    assert_eq!(platform.outcome(&callback).await, outcome("COMPLETED.AGENT", "PERSON"));
}

//= scenarios: U6
//= type=test
#[tokio::test]
async fn a_tone_that_says_nothing_about_the_number_is_tried_again() {
    let platform = platform(Service::immediate(), json!({"behaviour": "sit", "call_state": 16})).await;
    let callback = platform.begin("now", &customer()).await;
    platform.advance(UNTIL_ANSWERED).await;
    assert_eq!(platform.state(&callback).await, "QUEUED");
    let position = platform.message(&callback, "check-queue-position", &json!({})).await.ok();
    assert_eq!(position["dial_result"], "ERROR_TONE");
    assert_eq!(position["is_snoozed"], true);
    platform.advance(301.0).await;
    assert_eq!(platform.dials().await.len(), 2);
}

//= scenarios: U6
//= type=test
#[tokio::test]
async fn a_tone_that_says_that_the_number_is_bad_ends_the_callback() {
    let platform = platform(Service::immediate(), json!({"behaviour": "sit", "call_state": 12})).await;
    let callback = platform.begin("now", &customer()).await;
    platform.advance(UNTIL_ANSWERED).await;
    assert_eq!(platform.state(&callback).await, "COMPLETED/FAIL_CALL_TO_CUSTOMER");
    assert_eq!(platform.outcome(&callback).await, outcome("COMPLETED.FAILED", "ERROR_TONE"));
    assert_eq!(platform.dials().await.len(), 1);
}

//= scenarios: U7
//= type=test
#[tokio::test]
async fn a_machine_gets_the_message_and_the_callback_is_completed() {
    let platform = platform(Service::immediate(), json!({"behaviour": "machine"})).await;
    let callback = platform.begin("now", &customer()).await;
    platform.advance(UNTIL_ANSWERED).await;
    assert_eq!(platform.played(&callback).await, ["call_fail_ans_machine.wav"]);
    platform.advance(15.0).await;
    assert_eq!(platform.state(&callback).await, "COMPLETED/AM_CONNECTED");
    assert_eq!(platform.outcome(&callback).await, outcome("COMPLETED.CONNECTED", "ANSWERING_MACHINE"));
    assert!(platform.calls().await.is_empty());
}

//= scenarios: U7
//= type=test
#[tokio::test]
async fn a_machine_without_a_message_for_it_is_tried_again() {
    let service = Service::immediate().with("_treatment_call_failure_answering_machine", "{}");
    let platform = platform(service, json!({"behaviour": "machine"})).await;
    let callback = platform.begin("now", &customer()).await;
    platform.advance(UNTIL_ANSWERED).await;
    assert_eq!(platform.state(&callback).await, "QUEUED");
    assert!(platform.played(&callback).await.is_empty());
    assert!(platform.calls().await.is_empty(), "the machine is hung up on");
    platform.advance(301.0).await;
    assert_eq!(platform.dials().await.len(), 2);
}

#[tokio::test]
async fn without_detection_the_result_of_an_answered_dial_is_connected() {
    let service = Service::immediate().with("_cpd_enable", false);
    let platform = platform(service, json!({"behaviour": "human"})).await;
    let callback = waiting_on_the_line(&platform, "now").await;
    served_by_an_agent(&platform, &callback).await;
    assert_eq!(platform.outcome(&callback).await, outcome("COMPLETED.AGENT", "CONNECTED"));
}

//= scenarios: U9
//= type=test
#[tokio::test]
async fn without_a_country_numbers_are_taken_only_unchecked() {
    let nowhere = Service::immediate().without("_default_country");
    let premium_only = nowhere.clone().with("_disallow_impossible_phone_numbers", false);
    let unchecked = premium_only.clone().with("_disallow_premium_phone_numbers", false);
    let setup =
        Setup::of("both", &nowhere).service("premium", &premium_only).service("unchecked", &unchecked);
    let platform = Platform::start(setup).await;

    for (service, option) in
        [("both", "_disallow_impossible_phone_numbers"), ("premium", "_disallow_premium_phone_numbers")]
    {
        let refused = platform.ask(service, &customer()).await;
        assert_eq!(refused.error(), (500, 50020), "{service}: {}", refused.text);
        assert_eq!(
            refused.message(),
            format!(
                "Service option {service} / _default_country is not configured. But option {option} is set. We \
                 cannot validate phone numbers without knowing the country."
            )
        );
        assert_eq!(refused.body["phrase"], "BAD_CONFIGURATION");
    }
    let _accepted = platform.begin("unchecked", &customer()).await;
    assert_eq!(platform.dialled().await, [CUSTOMER]);
}

//= scenarios: U9
//= type=test
#[tokio::test]
async fn the_dialled_string_is_the_normalised_number_or_prefix_and_digits() {
    let setup = Setup::of("plain", &Service::immediate())
        .service("prefixed", &Service::immediate().with("_prefix_dial_out", "91"));
    let platform = Platform::start(setup).await;
    for number in ["12025550123", "(202) 555-0124"] {
        let _accepted = platform.begin("plain", &json!({ "_customer_number": number })).await;
    }
    let _accepted = platform.begin("prefixed", &json!({"_customer_number": "+12025550125"})).await;
    assert_eq!(platform.dialled().await, ["+12025550123", "+12025550124", "9112025550125"]);
}

//= scenarios: U10
//= type=test
#[tokio::test]
async fn a_callback_cancelled_between_two_dials_keeps_the_result_of_the_last() {
    let platform = platform(Service::immediate(), json!({"behaviour": "busy"})).await;
    let callback = platform.begin("now", &customer()).await;
    platform.advance(10.0).await;
    assert_eq!(platform.cancel(&callback).await.status, 200);
    assert_eq!(platform.state(&callback).await, "COMPLETED/CANCELLED");
    assert_eq!(platform.outcome(&callback).await, outcome("COMPLETED.CANCELLED", "BUSY"));
    platform.advance(600.0).await;
    assert_eq!(platform.dials().await.len(), 1, "nobody dials for a cancelled callback");
}

//= scenarios: U10
//= type=test
#[tokio::test]
async fn a_callback_cancelled_before_its_first_dial_has_no_known_result() {
    let platform = platform(Service::delayed(), json!({"behaviour": "human"})).await;
    let callback = platform.begin("now", &customer()).await;
    assert_eq!(platform.cancel(&callback).await.status, 200);
    assert_eq!(platform.outcome(&callback).await, outcome("COMPLETED.CANCELLED", "UNKNOWN"));
}
