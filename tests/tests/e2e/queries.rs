//! Asking for callbacks (specification: http-api §A.5, §A.7, §A.10, §A.12).

use scenarios::{Callback, Platform, Service, Setup};
use serde_json::{Value, json};

use crate::{CUSTOMER, customer};

/// Numbers of callbacks found at a path.
async fn found(platform: &Platform, query: &str) -> Vec<String> {
    let reply = platform.get(&format!("/genesys/1/service/callback{query}")).await.ok();
    reply.as_array().unwrap().iter().map(|callback| callback["_id"].as_str().unwrap().to_owned()).collect()
}

/// A platform with two callbacks of one number in two services.
async fn two_callbacks() -> (Platform, Callback, Callback) {
    let now = Service::immediate().with("_customer_lookup_keys", "_customer_number,topic");
    let later = Service::delayed().with("_wait_for_user_confirm", false);
    let platform = Platform::start(Setup::of("now", &now).service("later", &later)).await;
    let first = platform.begin("now", &json!({"_customer_number": CUSTOMER, "topic": "loan"})).await;
    let second = platform.begin("later", &customer()).await;
    (platform, first, second)
}

#[tokio::test]
async fn a_callback_is_found_by_its_id_in_both_versions() {
    let (platform, first, _) = two_callbacks().await;
    let one = platform.record(&first).await;
    let two = platform.get(&format!("/genesys/2/service/callback/now/{}", first.id)).await.ok();
    assert_eq!(one, two);
    assert_eq!(one["_id"], first.id.as_str());
    assert_eq!(one["_service_name"], "now");
    assert_eq!(one["_customer_number"], CUSTOMER);
    assert_eq!(one["_callback_state"], "QUEUED");
    assert_eq!(one["_url"], format!("/genesys/1/service/callback/now/{}", first.id));
    for key in ["_desired_time", "_expiration_time", "_time_scheduled"] {
        assert!(one[key].as_str().is_some_and(|time| time.ends_with('Z')), "{key}: {one}");
    }
    let by_property = found(&platform, &format!("?_id={}", first.id)).await;
    assert_eq!(by_property, [first.id]);
}

#[tokio::test]
async fn an_id_that_is_not_there_is_said_so() {
    let (platform, first, _) = two_callbacks().await;
    for path in ["now/1-nobody".to_owned(), format!("later/{}", first.id)] {
        let missing = platform.get(&format!("/genesys/1/service/callback/{path}")).await;
        assert_eq!(missing.error(), (400, 40030), "{path}");
        assert_eq!(missing.body["phrase"], "CALLBACK_NOT_FOUND");
    }
    let undefined = platform.get("/genesys/1/service/callback/nowhere/1-nobody").await;
    assert_eq!(undefined.error(), (500, 50020));
    assert_eq!(undefined.message(), "Service undefined: nowhere");
}

#[tokio::test]
async fn callbacks_are_found_by_their_properties() {
    let (platform, first, second) = two_callbacks().await;
    let (one, two) = ([first.id.clone()], [second.id.clone()]);
    let mut both = found(&platform, "?_customer_number=12025550123").await;
    both.sort();
    let mut expected = [one.clone(), two.clone()].concat();
    expected.sort();
    assert_eq!(both, expected);
    assert_eq!(found(&platform, "/now?_customer_number=%2B12025550123").await, one);
    assert_eq!(found(&platform, "/now?topic=loan&_customer_number=12025550123").await, one);
    assert!(found(&platform, "/now?topic=card&_customer_number=12025550123").await.is_empty());
    assert_eq!(found(&platform, "/now?topic=card&_customer_number=12025550123&operand=OR").await, one);
    assert!(found(&platform, "/now?topic=loan&_callback_state=!QUEUED").await.is_empty());
    assert_eq!(platform.cancel(&second).await.status, 200);
    assert_eq!(found(&platform, "/later?_customer_number=12025550123&_callback_state=COMPLETED").await, two);
    let view = platform.get("/genesys/1/service/callback/now?topic=loan").await.ok();
    for key in ["desired_time", "_desired_time", "url", "_url", "_expiration_time", "_customer_number"] {
        assert!(view[0][key].is_string(), "{key} in {view}");
    }
}

#[tokio::test]
async fn a_number_is_found_as_its_owner_writes_it_whatever_else_a_service_asks_for() {
    let abroad = Service::immediate()
        .with("_default_country", "GB")
        .with("_customer_lookup_keys", "_customer_number,_member_id")
        .with("_mandatory_customer_lookup_keys", "_customer_number,_member_id");
    let platform = Platform::start(Setup::of("now", &Service::immediate()).service("abroad", &abroad)).await;
    let first = platform.begin("now", &customer()).await;
    let request = json!({"_customer_number": "020 7946 0123", "_member_id": 7});
    let second = platform.begin("abroad", &request).await;
    assert_eq!(platform.record(&second).await["_customer_number"], "+442079460123");
    let (one, two) = ([first.id.clone()], [second.id.clone()]);
    for query in [
        "?_customer_number=2025550123",
        "?_customer_number=(202)%20555-0123",
        "/now?_customer_number=2025550123",
    ] {
        assert_eq!(found(&platform, query).await, one, "{query}");
    }
    for query in ["?_customer_number=02079460123", "/abroad?_customer_number=02079460123&_member_id=7"] {
        assert_eq!(found(&platform, query).await, two, "{query}");
    }
}

#[tokio::test]
async fn all_conditions_hold_with_an_id_too_and_two_values_of_a_key_never_do() {
    let (platform, first, _) = two_callbacks().await;
    let by_id = |more: &str| format!("?_id={}{more}", first.id);
    let (early, late) = (platform.time_in(-60).await, platform.time_in(60).await);
    for holds in [
        "&topic=loan".to_owned(),
        "&_customer_number=12025550123&_callback_state=QUEUED".to_owned(),
        format!("&_desired_time_from={early}&_desired_time_to={late}"),
        "&topic=loan&topic=loan".to_owned(),
    ] {
        assert_eq!(found(&platform, &by_id(&holds)).await, [first.id.as_str()], "{holds}");
    }
    for fails in [
        "&topic=card".to_owned(),
        format!("&_desired_time_from={late}"),
        format!("&_desired_time_to={early}"),
        "&_customer_number=12025550124".to_owned(),
        "&_id=1-nobody".to_owned(),
    ] {
        assert!(found(&platform, &by_id(&fails)).await.is_empty(), "{fails}");
    }
    for query in ["?topic=loan&topic=card", "?_customer_number=12025550123&_customer_number=12025550124"] {
        assert!(found(&platform, query).await.is_empty(), "{query}");
        assert!(found(&platform, &format!("{query}&operand=OR")).await.contains(&first.id), "{query}");
    }
}

#[tokio::test]
async fn a_lookup_that_is_not_possible_is_refused() {
    let (platform, _, _) = two_callbacks().await;
    let colour = platform.get("/genesys/1/service/callback/now?colour=red").await;
    assert_eq!(colour.error(), (400, 40010));
    assert_eq!(colour.message(), "No such lookup possible for colour");
    let nothing = platform.get("/genesys/1/service/callback/now").await;
    assert_eq!(nothing.error(), (400, 40010));
    assert_eq!(nothing.message(), "No lookup possible. No properties to look for.");
    let filter = platform.get("/genesys/1/service/callback/now?topic=loan&_callback_state=ASLEEP").await;
    assert_eq!(filter.error(), (400, 40020));
}

#[tokio::test]
async fn operators_list_callbacks_by_service() {
    let (platform, first, second) = two_callbacks().await;
    let path = "/genesys/1/admin/callback/queues";
    let all = platform.get(path).await.ok();
    assert_eq!(all["now"][0]["_id"], first.id.as_str());
    assert_eq!(all["now"][0]["url"], format!("/1/service/callback/now/{}", first.id));
    assert!(all["now"][0]["_ors_session_id"].is_string());
    assert_eq!(all["later"][0]["_id"], second.id.as_str());
    let scheduled = platform.get(&format!("{path}?target=now&states=SCHEDULED")).await.ok();
    assert_eq!(scheduled, json!({"now": []}));
    let wide =
        platform.get(&format!("{path}?start_time=2031-01-01T00:00:00Z&end_time=2031-06-01T00:00:00Z")).await;
    assert_eq!(wide.error(), (400, 40020));
    let anonymous = platform.send(platform.anonymous(reqwest::Method::GET, path)).await;
    assert_eq!(anonymous.status, 401);
    assert!(anonymous.headers.contains_key("www-authenticate"));
}

//= scenarios: Q4
//= type=test
#[tokio::test]
async fn the_position_in_the_queue_is_the_same_by_get_and_by_post() {
    let later = Service::delayed().with("_wait_for_user_confirm", false).with("_urs_vq_priority", 10);
    let platform = Platform::start(Setup::of("later", &later)).await;
    let request = json!({"_customer_number": CUSTOMER, "_cb_dim_channel": "WEB"});
    let first = platform.begin("later", &request).await;
    platform.advance(2.0).await;
    let second = platform.begin("later", &json!({"_customer_number": "+12025550124"})).await;
    platform.advance(10.0).await;

    let path = |callback: &Callback| format!("/genesys/1/service/{}/check-queue-position", callback.id);
    let posted = platform.send(
        platform
            .request(reqwest::Method::POST, &path(&first))
            .header("content-type", "application/x-www-form-urlencoded"),
    );
    let posted = posted.await.ok();
    let got = platform.get(&path(&first)).await.ok();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&posted), keys(&got));
    assert_eq!(got["wt"], 12);
    assert_eq!(got["_position"], 1);
    assert_eq!(got["_total_waiting"], 2);
    assert_eq!(got["priority"], 10);
    assert_eq!(got["callback_type"], "WAIT_FOR_AGENT");
    assert_eq!(got["channel"], "WEB");
    assert_eq!(got["dial_attempt"], 0);
    assert_eq!(got["is_snoozed"], false);
    assert_eq!(got["ors_session_id"], platform.session(&first).await.as_str());
    assert_eq!(platform.get(&path(&second)).await.ok()["_position"], 2);

    assert_eq!(platform.cancel(&first).await.status, 200);
    assert_eq!(platform.get(&path(&first)).await.status, 404);
    assert_eq!(platform.get(&path(&second)).await.ok()["_position"], 1);
}
