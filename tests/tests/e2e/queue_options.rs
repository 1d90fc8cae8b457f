//! Options that say what the queue counts, and when it lets a callback be dialled (specification: options §4, §5).

use scenarios::{Callback, Platform, Service, Setup};
use serde_json::json;

use crate::{CUSTOMER, UNTIL_ANSWERED, customer, served_by_an_agent, waiting_on_the_line};

/// A second customer.
const OTHER: &str = "+12025550124";

/// A delayed service that dials without asking the customer's device.
fn later() -> Service {
    Service::delayed().with("_wait_for_user_confirm", false)
}

//= guide: _urs_ewt_virtual_queue
//= decision: D-097 a pegged interaction is listed in the extra queue without being eligible there
//= type=test
#[tokio::test]
async fn a_callback_is_counted_in_the_shared_queue_and_served_in_its_own() {
    let service = Service::immediate().with("_urs_ewt_virtual_queue", "VQ_Shared");
    let platform = Platform::start(Setup::of("now", &service)).await;
    let shared = "/urs/call/max/lvq?name=VQ_Shared&aqt=urs";
    assert_eq!(platform.get(shared).await.ok(), json!({}));
    let callback = waiting_on_the_line(&platform, "now").await;
    platform.advance(30.0).await;
    assert_eq!(platform.get(shared).await.ok()["calls"], 1);
    served_by_an_agent(&platform, &callback).await;
    let after = platform.get(shared).await.ok();
    let own = platform.get("/urs/call/max/lvq?name=VQ_Callback&aqt=urs").await.ok();
    assert_eq!(
        (&after["calls"], &after["aqt"]),
        (&json!(0), &own["aqt"]),
        "it left by routing there as well"
    );
}

/// Starts the callbacks of two customers, and lets time pass in which nobody is ready.
async fn two_who_wait(platform: &Platform) -> [Callback; 2] {
    let first = platform.begin("later", &customer()).await;
    platform.advance(1.0).await;
    let second = platform.begin("later", &json!({ "_customer_number": OTHER })).await;
    platform.advance(UNTIL_ANSWERED).await;
    [first, second]
}

//= guide: _urs_ewt_estimation_method, _eta_pos_threshold
//= type=test
#[tokio::test]
async fn a_table_of_thresholds_may_say_when_it_is_time_to_dial() {
    let by_rate = Platform::start(Setup::of("later", &later())).await;
    let _waiting = two_who_wait(&by_rate).await;
    assert_eq!(by_rate.dialled().await, Vec::<String>::new(), "no agent is near");

    let service = later().with("_urs_ewt_estimation_method", "polling").with("_eta_pos_threshold", "0:2");
    let by_table = Platform::start(Setup::of("later", &service)).await;
    let _waiting = two_who_wait(&by_table).await;
    assert_eq!(by_table.dialled().await, [CUSTOMER], "the first position always counts, the second does not");
}

//= guide: _cannot_dial_buffer_time
//= type=test
#[tokio::test]
async fn nobody_is_dialled_when_too_little_time_is_left_to_find_an_agent() {
    let service = later().with("_urs_queued_ttl", 100).with("_cannot_dial_buffer_time", 60);
    let platform = Platform::start(Setup::of("later", &service)).await;
    let callback = platform.begin("later", &customer()).await;
    platform.advance(45.0).await;
    let _ready = platform.agent_command("7001", "ready").await.ok();
    platform.advance(50.0).await;
    assert_eq!(platform.state(&callback).await, "QUEUED");
    platform.advance(10.0).await;
    assert_eq!(platform.state(&callback).await, "COMPLETED/FAIL_TARGET_NOT_FOUND");
    assert_eq!(platform.dialled().await, Vec::<String>::new());
}

//= guide: _request_queue_time_stat; 50020.c
//= type=test
#[tokio::test]
async fn a_statistic_may_name_the_queue_whose_wait_decides_about_now_or_later() {
    let statistic = |queue: &str| format!("ExpectedWaitTime;Queue;{queue}@SIP_Switch;Environment");
    let setup = Setup::of("now", &Service::immediate())
        .service("own", &Service::immediate().with("_request_queue_time_stat", statistic("VQ_Callback")))
        .service("idle", &Service::immediate().with("_request_queue_time_stat", statistic("VQ_Idle")));
    let platform = Platform::start(setup).await;
    let callback = waiting_on_the_line(&platform, "now").await;
    platform.advance(600.0 - UNTIL_ANSWERED).await;
    served_by_an_agent(&platform, &callback).await;

    let desired = platform.time_in(300).await;
    let begin = async |service: &str, number: &str| {
        let parameters = json!({ "_customer_number": number, "_desired_time": desired });
        platform.state(&platform.begin(service, &parameters).await).await
    };
    assert_ne!(begin("own", "+12025550125").await, "SCHEDULED", "ten minutes of waiting are longer");
    assert_eq!(begin("idle", "+12025550126").await, "SCHEDULED");

    let nonsense = json!({ "_customer_number": OTHER, "_request_queue_time_stat": "VQ_Callback" });
    let refused = platform.ask("now", &nonsense).await;
    assert_eq!(refused.error(), (500, 50020));
    assert_eq!(refused.message(), "Unable to parse option: _request_queue_time_stat=VQ_Callback");
}

//= guide: request-access
//= type=test
#[tokio::test]
async fn the_options_of_a_request_access_service_beat_the_request() {
    let access = Service::empty()
        .with("_type", "builtin")
        .with("_service", "request-access")
        .with("_resource_group", "ONE")
        .with("_provide_code", true)
        .with("_access_code_length", 4);
    let setup = Setup::of("now", &Service::immediate())
        .service("access", &access)
        .switch("[list.GMS_Resources.ONE]\nnumbers = [\"+12025550192\"]");
    let platform = Platform::start(setup).await;
    let callback = waiting_on_the_line(&platform, "now").await;
    let request = json!({ "_id": callback.id, "_resource_group": "DNIS", "_provide_code": false });
    let reply = platform.post("/genesys/1/service/access", &request).await.ok();
    assert_eq!(reply["_access_number"], "+12025550192");
    assert_eq!(reply["_access_code"].as_str().map(str::len), Some(4), "{reply}");
}
