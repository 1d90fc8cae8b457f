//! Who may see and do what without credentials (specification: http-api §0.7; decision D-115).

use reqwest::Method;
use scenarios::{Callback, Platform, Reply, Service, Setup};
use serde_json::{Value, json};

use crate::{CUSTOMER, customer};

/// A platform whose service paths are open but for those of `closed`, which has a pair of its own.
async fn platform() -> Platform {
    let own = |service: Service| service.with("username", "own").with("password", "secret");
    let setup = Setup::of("open", &Service::immediate())
        .service("closed", &own(Service::immediate()))
        .callback("_enable_in_queue_checking = false");
    Platform::start(setup.without_credentials()).await
}

async fn anonymous(platform: &Platform, method: Method, path: &str) -> Reply {
    let reply = platform.send(platform.anonymous(method, path)).await;
    platform.rest().await;
    reply
}

async fn with_own_pair(platform: &Platform, method: Method, path: &str) -> Reply {
    platform.send(platform.anonymous(method, path).basic_auth("own", Some("secret"))).await
}

/// Starts a callback in the closed service.
async fn in_closed(platform: &Platform, request: &Value) -> Callback {
    let path = "/genesys/1/service/callback/closed";
    let reply = platform
        .send(platform.anonymous(Method::POST, path).basic_auth("own", Some("secret")).json(request))
        .await
        .ok();
    platform.rest().await;
    Callback { service: "closed".to_owned(), id: reply["_id"].as_str().unwrap().to_owned(), reply }
}

#[tokio::test]
async fn clients_cannot_send_what_belongs_to_the_platform() {
    let platform = platform().await;
    let callback = platform.begin("open", &customer()).await;
    for name in
        ["callback.cancel", "callback.expired", "error.execution", "plugin.reply.1", "gms%2Estart", "error"]
    {
        for method in [Method::POST, Method::GET] {
            let path = format!("/genesys/1/service/{}/{name}", callback.id);
            let refused = anonymous(&platform, method, &path).await;
            assert_eq!(refused.status, 404, "{name}: {}", refused.text);
            assert_eq!(refused.body["exception"], "ringback.RequestUnknown", "{}", refused.text);
        }
    }
    assert_eq!(platform.state(&callback).await, "QUEUED");
    let position = format!("/genesys/1/service/{}/check-queue-position", callback.id);
    assert_eq!(anonymous(&platform, Method::GET, &position).await.status, 200);
}

#[tokio::test]
async fn callbacks_of_a_closed_service_are_closed_by_every_path() {
    let platform = platform().await;
    let callback = in_closed(&platform, &json!({"_customer_number": CUSTOMER, "secret": "kept"})).await;
    let of_open = platform.begin("open", &customer()).await;
    let by_id = format!("/genesys/1/service/{}", callback.id);
    for (method, path) in [
        (Method::GET, format!("/genesys/1/service/callback/closed/{}", callback.id)),
        (Method::GET, format!("{by_id}/check-queue-position")),
        (Method::GET, format!("/genesys/1/service/%31{}/check-queue-position", &callback.id[1..])),
        (Method::POST, format!("{by_id}/connect")),
        (Method::GET, format!("{by_id}/ping")),
        (Method::DELETE, by_id.clone()),
    ] {
        let refused = anonymous(&platform, method.clone(), &path).await;
        assert_eq!(refused.status, 401, "{method} {path}: {}", refused.text);
    }
    let position = with_own_pair(&platform, Method::GET, &format!("{by_id}/check-queue-position")).await;
    assert_eq!(position.status, 200, "{}", position.text);
    let other = anonymous(&platform, Method::GET, &format!("/genesys/1/service/{}/ping", of_open.id)).await;
    assert_eq!(other.status, 200, "other services stay open: {}", other.text);

    let ids = |reply: Reply| {
        let mut ids: Vec<String> = reply
            .ok()
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["_id"].as_str().unwrap().to_owned())
            .collect();
        ids.sort();
        ids
    };
    let lookup = "/genesys/1/service/callback?_customer_number=12025550123";
    assert_eq!(ids(anonymous(&platform, Method::GET, lookup).await), [of_open.id.as_str()]);
    let by_id = format!("/genesys/1/service/callback?_id={}", callback.id);
    assert!(ids(anonymous(&platform, Method::GET, &by_id).await).is_empty());
    let mut both = [callback.id, of_open.id];
    both.sort();
    assert_eq!(ids(with_own_pair(&platform, Method::GET, lookup).await), both);
}

#[tokio::test]
async fn a_callback_is_copied_within_its_service_only() {
    let platform = platform().await;
    let callback = in_closed(&platform, &json!({"_customer_number": CUSTOMER, "secret": "kept"})).await;
    let path = format!("/genesys/1/service/callback/closed/{}", callback.id);
    assert_eq!(with_own_pair(&platform, Method::DELETE, &path).await.status, 200);
    platform.rest().await;
    let copy = json!({ "_copy_from_id": callback.id });
    let refused = platform.ask("open", &copy).await;
    assert_eq!(refused.error(), (400, 40030), "{}", refused.text);
    assert_eq!(refused.message(), format!("Callback {} to copy from cannot be found", callback.id));
    let copied = in_closed(&platform, &copy).await;
    assert_ne!(copied.id, callback.id);
}

//= guide: request-access
#[tokio::test]
async fn access_numbers_are_for_running_callbacks() {
    let platform = platform().await;
    let path = "/genesys/1/service/request-access";
    let unknown = platform.post(path, &json!({"_id": "1-nobody"})).await;
    assert_eq!(unknown.status, 404, "{}", unknown.text);
    let callback = platform.begin("open", &customer()).await;
    let given = platform.post(path, &json!({ "_id": callback.id })).await;
    assert!(given.ok()["_access_number"].is_string());
    assert_eq!(platform.cancel(&callback).await.status, 200);
    let ended = platform.post(path, &json!({ "_id": callback.id })).await;
    assert_eq!(ended.status, 404, "{}", ended.text);
}
