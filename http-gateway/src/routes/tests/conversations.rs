//! What clients, administrators, plugins and agents do, over the real engine of the demo.

use std::sync::Arc;

use serde_json::{Value, json};
use store::{MemoryStore, Store as _};
use vocabulary::SessionId;

use super::{ADMIN, Answer, ask, start, start_on};
use crate::RunningServer;

const SERVICE: &str = "/genesys/1/service/callback/voice-userterm-immediate";
const JSON: &str = "Content-Type: application/json";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded";

/// Starts a callback and answers its id.
async fn started(server: &RunningServer) -> String {
    let body = r#"{"_customer_number":"+12025550123","topic":"invoice 77"}"#;
    let answer = ask(server, &format!("POST {SERVICE}"), &[JSON], body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["_id"].as_str().unwrap().to_owned()
}

async fn session_of(server: &RunningServer, id: &str) -> String {
    let answer = ask(server, "GET /genesys/1/admin/callback/queues?states=QUEUED", &[ADMIN], "").await;
    let listed = answer.json();
    let callbacks = listed["voice-userterm-immediate"].as_array().unwrap();
    let callback = callbacks.iter().find(|callback| callback["_id"] == id).unwrap();
    callback["_ors_session_id"].as_str().unwrap().to_owned()
}

async fn admin(server: &RunningServer, request: &str) -> Answer {
    ask(server, request, &[ADMIN], "").await
}

#[actix_web::test]
async fn a_callback_is_started_by_json_by_a_form_and_by_a_multipart_form() {
    let server = start().await;
    let multipart =
        "--b1\r\nContent-Disposition: form-data; name=\"_customer_number\"\r\n\r\n+12025550123\r\n--b1--\r\n";
    for (header, body) in [
        (JSON, r#"{"_customer_number":"+12025550123"}"#),
        (FORM, "_customer_number=%2B12025550123"),
        ("Content-Type: multipart/form-data; boundary=b1;charset=UTF-8", multipart),
    ] {
        let answer = ask(&server, &format!("POST {SERVICE}"), &[header], body).await;
        assert_eq!(answer.status, 200, "{header}: {}", answer.body);
        assert_eq!(answer.json()["_action"], "ConfirmationDialog", "{header}");
        assert!(answer.json()["_id"].is_string(), "{header}");
    }
    server.stop().await.unwrap();
}

#[actix_web::test]
async fn a_body_goes_before_the_query() {
    let server = start().await;
    let request = format!("POST {SERVICE}?_customer_number=%2B12025550124&topic=query");
    let answer = ask(&server, &request, &[JSON], r#"{"_customer_number":"+12025550123"}"#).await;
    let id = answer.json()["_id"].as_str().unwrap().to_owned();
    let read = ask(&server, &format!("GET {SERVICE}/{id}"), &[], "").await;
    assert_eq!(read.json()["_customer_number"], "+12025550123");
    server.stop().await.unwrap();
}

#[actix_web::test]
async fn a_callback_is_read_found_listed_and_cancelled() {
    let server = start().await;
    let id = started(&server).await;
    for version in ["1", "2"] {
        let path = SERVICE.replace("/1/", &format!("/{version}/"));
        let read = ask(&server, &format!("GET {path}/{id}"), &[], "").await;
        assert_eq!(read.json()["_callback_state"], "QUEUED");
        assert_eq!(read.json()["_url"], format!("{SERVICE}/{id}"));
    }
    for query in
        ["_customer_number=%2B12025550123", "_customer_number=%2B12025550123&_callback_state=!COMPLETED"]
    {
        let found = ask(&server, &format!("GET /genesys/1/service/callback?{query}"), &[], "").await;
        assert_eq!(found.json()[0]["_id"], json!(id), "{query}");
        assert_eq!(found.json()[0]["desired_time"], found.json()[0]["_desired_time"], "{query}");
    }
    let none = ask(&server, &format!("GET {SERVICE}?_customer_number=%2B12025550199"), &[], "").await;
    assert_eq!(none.json(), json!([]));

    let cancelled = ask(&server, &format!("DELETE {SERVICE}/{id}"), &[], "").await;
    assert_eq!((cancelled.status, cancelled.body.as_str()), (200, ""));
    let read = ask(&server, &format!("GET {SERVICE}/{id}"), &[], "").await;
    assert_eq!(read.json()["_callback_reason"], "CANCELLED");
    let again = ask(&server, &format!("DELETE {SERVICE}/{id}"), &[], "").await;
    assert_eq!((again.status, again.json()["code"].clone()), (400, json!(40020)));
    server.stop().await.unwrap();
}

#[actix_web::test]
async fn a_timeline_belongs_to_the_service_of_its_path() {
    let server = start().await;
    let id = started(&server).await;
    let answer = ask(&server, &format!("GET {SERVICE}/{id}/timeline"), &[], "").await;
    let rows = answer.json();
    let is_dial = |row: &Value| row["kind"] == "effect" && row["name"] == "ixn:createcall";
    assert!(rows.as_array().unwrap().iter().any(is_dial), "{rows}");
    let other = SERVICE.replace("immediate", "delayed");
    let answer = ask(&server, &format!("GET {other}/{id}/timeline"), &[], "").await;
    assert_eq!(answer.json()["code"], 40030);
    server.stop().await.unwrap();
}

#[actix_web::test]
async fn an_instance_answers_until_its_session_ends() {
    let server = start().await;
    let id = started(&server).await;
    let position = format!("/genesys/1/service/{id}/check-queue-position");
    for method in ["GET", "POST"] {
        let answer = ask(&server, &format!("{method} {position}"), &[], "").await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.json()["positioninqueue"], 1);
    }
    ask(&server, &format!("DELETE {SERVICE}/{id}"), &[], "").await;
    assert_eq!(ask(&server, &format!("POST {position}"), &[], "").await.status, 404);
    assert_eq!(ask(&server, "POST /genesys/1/service/unknown/connect", &[], "").await.status, 404);
    server.stop().await.unwrap();
}

#[actix_web::test]
async fn an_instance_is_alive_until_it_is_ended() {
    let server = start().await;
    let id = started(&server).await;
    let ping = format!("GET /genesys/1/service/{id}/ping");
    assert_eq!(ask(&server, &ping, &[], "").await.json(), json!({}));
    let end = format!("DELETE /genesys/1/service/{id}");
    assert_eq!(ask(&server, &end, &[], "").await.status, 200);
    assert_eq!(ask(&server, &ping, &[], "").await.status, 404);
    assert_eq!(ask(&server, &end, &[], "").await.status, 404);
    assert_eq!(ask(&server, "DELETE /genesys/1/service/unknown", &[], "").await.status, 404);
    server.stop().await.unwrap();
}

#[actix_web::test]
async fn a_session_takes_events_at_both_places_and_is_gone_when_it_has_ended() {
    let server = start().await;
    let id = started(&server).await;
    let session = session_of(&server, &id).await;
    for base in ["/scxml", "/genesys/1/ors/scxml", "/genesys/1/ors//scxml"] {
        let path = format!("{base}/session/{session}/event/anything?a=b");
        for method in ["GET", "POST"] {
            assert_eq!(admin(&server, &format!("{method} {path}")).await.status, 200, "{method} {path}");
        }
        let unknown = admin(&server, &format!("POST {base}/session/NOBODY/request/anything")).await;
        assert_eq!(unknown.status, 404, "{base}");
    }
    let read = admin(&server, &format!("GET /scxml/session/{session}/query")).await;
    assert!(read.json()["configuration"].is_array(), "{}", read.body);
    assert_eq!(admin(&server, &format!("POST /scxml/session/{session}/terminate")).await.status, 200);
    let gone = admin(&server, &format!("POST /scxml/session/{session}/request/anything")).await;
    assert_eq!(gone.status, 410, "{}", gone.body);
    server.stop().await.unwrap();
}

#[actix_web::test]
async fn a_session_without_a_chart_is_refused() {
    let server = start().await;
    for (header, body) in [
        (FORM, ""),
        (FORM, "src="),
        (FORM, "src=nowhere.scxml"),
        (FORM, "src=callback&idealtime=soon"),
        (JSON, r#"{"src":7}"#),
    ] {
        let answer = ask(&server, "POST /scxml/session/start", &[ADMIN, header], body).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.body);
    }
    server.stop().await.unwrap();
}

#[actix_web::test]
async fn a_started_session_is_named_as_json_or_as_text() {
    let server = start().await;
    let request = "POST /scxml/session/start";
    let answer = ask(&server, request, &[ADMIN, FORM], "src=inbound").await;
    assert_eq!(answer.json()["sessionid"].as_str().map(str::len), Some(32), "{}", answer.body);
    let answer = ask(&server, request, &[ADMIN, FORM, "Accept: text/plain"], "src=inbound").await;
    assert!(answer.head.contains("content-type: text/plain"), "{}", answer.head);
    assert_eq!(answer.body.len(), 32, "{}", answer.body);
    server.stop().await.unwrap();
}

#[actix_web::test]
async fn agents_are_commanded_and_refused_by_their_state() {
    let server = start().await;
    let body = r#"{"reason":"lunch"}"#;
    let answer = ask(&server, "POST /genesys/1/agents/7001/not-ready", &[ADMIN, JSON], body).await;
    assert_eq!(
        (answer.json()["status"].clone(), answer.json()["reason"].clone()),
        (json!("not_ready"), json!("lunch"))
    );
    assert_eq!(admin(&server, "POST /genesys/1/agents/7001/ready").await.json()["status"], "ready");
    assert_eq!(admin(&server, "POST /genesys/1/agents/7001/answer").await.status, 409);
    assert_eq!(admin(&server, "POST /genesys/1/agents/nobody/login").await.status, 404);
    assert_eq!(admin(&server, "POST /genesys/1/agents/7001/dance").await.status, 400);
    let agents = admin(&server, "GET /genesys/1/agents").await.json();
    assert_eq!(agents[0]["id"], "7001");
    server.stop().await.unwrap();
}

#[actix_web::test]
async fn the_simulator_moves_the_clock_and_tells_its_dials() {
    let server = start().await;
    let busy =
        ask(&server, "POST /simulator/customers/+12025550123", &[JSON], r#"{"behaviour":"busy"}"#).await;
    assert_eq!(busy.status, 200, "{}", busy.body);
    let id = started(&server).await;
    let moved = ask(&server, "POST /simulator/clock", &[], r#"{"advance_ms":5000}"#).await;
    assert_eq!(moved.json()["now"], "2031-05-06T12:00:05.000Z", "{}", moved.body);
    let dials = ask(&server, "GET /simulator/dials", &[], "").await.json();
    assert_eq!((dials[0]["callback"].clone(), dials[0]["attempt"].clone()), (json!(id), json!(1)));
    for (request, body) in [
        ("POST /simulator/clock", r#"{"advance_ms":-1}"#),
        ("POST /simulator/clock", ""),
        ("POST /simulator/customers/+12025550123", r#"{"behaviour":"dances"}"#),
        ("POST /simulator/customers/+12025550177/hang-up", ""),
        ("POST /simulator/calls", r#"{"ani":"+12025550123"}"#),
    ] {
        let answer = ask(&server, request, &[], body).await;
        assert_eq!(answer.status, 400, "{request} {body}: {}", answer.body);
    }
    server.stop().await.unwrap();
}

#[actix_web::test]
async fn pausing_services_takes_effect_by_the_list() {
    let server = start().await;
    let list = "POST /genesys/1/admin/lists/GMS_Paused_Services/services";
    let answer = ask(&server, list, &[ADMIN, JSON], r#"{"voice-userterm-immediate":true}"#).await;
    assert_eq!((answer.status, answer.json()), (200, json!({})));
    let answer = ask(&server, list, &[ADMIN, JSON], r#"{"all":[1]}"#).await;
    assert_eq!(answer.json()["code"], 40010, "{}", answer.body);
    server.stop().await.unwrap();
}

/// The secret of a session's reply URLs. Nobody is told it over HTTP but the plugin that it is for.
async fn key_of(store: &MemoryStore, session: &str) -> String {
    store.session(SessionId::new(session)).await.unwrap().unwrap().reply_key
}

#[actix_web::test]
async fn the_key_of_a_session_opens_its_requests_and_nothing_else() {
    let store = Arc::new(MemoryStore::new());
    let server = start_on(Arc::clone(&store)).await;
    let id = started(&server).await;
    let session = session_of(&server, &id).await;
    let key = key_of(&store, &session).await;
    let shown = admin(&server, &format!("GET /scxml/session/{session}/query")).await;
    assert!(shown.status == 200 && !shown.body.contains(&key), "the key is shown");
    let request = format!("POST /scxml/session/{session}/request/check-queue-position?key={key}");
    let answer = ask(&server, &request, &[], "").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    for closed in [
        format!("POST /scxml/session/{session}/event/anything?key={key}"),
        format!("POST /scxml/session/{session}/terminate?key={key}"),
        format!("GET /scxml/session/{session}/query?key={key}"),
        format!("POST /scxml/session/{session}/request/check-queue-position?key={key}x"),
        format!("POST /scxml/session/OTHER/request/check-queue-position?key={key}"),
    ] {
        assert_eq!(ask(&server, &closed, &[], "").await.status, 401, "{closed}");
    }
    let timeline = ask(&server, &format!("GET {SERVICE}/{id}/timeline"), &[], "").await;
    assert!(!timeline.body.contains(&key), "the key is in the timeline");
    server.stop().await.unwrap();
}
