//! Running a node: health, metrics, stopping, credentials.

use std::path::Path;

use reqwest::Method;
use scenarios::{Platform, Program, Service, Setup, command};
use serde_json::json;

use crate::{CUSTOMER, UNTIL_ANSWERED, customer};

#[tokio::test]
async fn health_and_metrics_are_open() {
    let platform = Platform::start(Setup::of("now", &Service::immediate())).await;
    let _callback = platform.begin("now", &customer()).await;
    for (path, said) in [("/healthz", "ok"), ("/readyz", "ready")] {
        let reply = platform.send(platform.anonymous(Method::GET, path)).await;
        assert_eq!((reply.status.as_u16(), reply.text.as_str()), (200, said), "{path}");
    }
    let metrics = platform.send(platform.anonymous(Method::GET, "/metrics")).await;
    assert_eq!(metrics.status, 200);
    assert!(metrics.text.ends_with("# EOF\n"), "{}", metrics.text);
    let accepted = metrics.text.lines().find(|line| line.contains("accepted") && !line.starts_with('#'));
    assert!(accepted.is_some_and(|line| line.ends_with(" 1")), "{}", metrics.text);
}

#[tokio::test]
async fn a_node_that_is_asked_to_stop_ends_well_and_goes_on_later() {
    let mut platform = Platform::start(Setup::of("now", &Service::immediate())).await;
    platform.customer(CUSTOMER, json!({"behaviour": "busy"})).await;
    let callback = platform.begin("now", &customer()).await;
    platform.advance(10.0).await;
    assert_eq!(platform.stop().code(), Some(0));
    platform.restart().await;
    assert_eq!(platform.state(&callback).await, "QUEUED");
    platform.advance(300.0 + UNTIL_ANSWERED).await;
    assert_eq!(platform.state(&callback).await, "ROUTING");
    let id = &callback.id;
    assert_eq!(platform.dial_log(), [(id.clone(), 1), (id.clone(), 2)]);
}

#[tokio::test]
async fn configured_credentials_are_wanted_for_callbacks_too() {
    let platform = Platform::start(Setup::of("now", &Service::immediate())).await;
    let path = "/genesys/1/service/callback/now";
    let anonymous = platform.send(platform.anonymous(Method::POST, path).json(&customer())).await;
    assert_eq!(anonymous.status, 401);
    let wrong =
        platform.anonymous(Method::POST, path).basic_auth("operator", Some("guessed")).json(&customer());
    let wrong = platform.send(wrong).await;
    assert_eq!(wrong.status, 401);
    let challenge = wrong.headers.get("www-authenticate").unwrap().to_str().unwrap();
    assert_eq!(challenge, "Basic realm=\"Genesys Application Configuration Needed\"");
}

#[tokio::test]
async fn another_base_path_moves_the_whole_api() {
    let platform =
        Platform::start(Setup::of("now", &Service::immediate()).server("base_path = \"voice\"")).await;
    let started = platform.post("/voice/1/service/callback/now", &customer()).await.ok();
    let path = format!("/voice/1/service/callback/now/{}", started["_id"].as_str().unwrap());
    assert_eq!(platform.get(&path).await.ok()["_url"], path.as_str());
    assert_eq!(platform.post("/genesys/1/service/callback/now", &customer()).await.status, 404);
}

#[tokio::test]
async fn replies_have_the_headers_of_the_guide() {
    let platform = Platform::start(Setup::of("now", &Service::immediate())).await;
    let request = platform
        .request(Method::POST, "/genesys/1/service/callback/now")
        .header("origin", format!("http://{}", platform.address()))
        .json(&customer());
    let reply = platform.send(request).await;
    assert_eq!(reply.headers["content-type"], "application/json;charset=UTF-8");
    let cache: Vec<&str> =
        reply.headers.get_all("cache-control").iter().map(|value| value.to_str().unwrap()).collect();
    assert_eq!(cache, ["no-cache", "no-store"]);
    assert_eq!(reply.headers["pragma"], "no-cache");
}

#[test]
fn charts_are_validated_from_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let validate = |file: &Path| {
        let mut command = command("ringback");
        command.args(["chart", "validate"]).arg(file).current_dir(folder.path());
        Program::run(command)
    };
    let charts = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../statecharts/charts"));
    for chart in ["callback.scxml", "inbound.scxml", "classic_inbound.scxml"] {
        let ended = validate(&charts.join(chart));
        assert_eq!(ended.code, Some(0), "{ended:#?}");
        assert!(ended.output.contains("is valid"), "{ended:#?}");
    }
    let broken = "<scxml xmlns=\"http://www.w3.org/2005/07/scxml\" version=\"1.0\">\n\
                  <state id=\"a\"><transition target=\"b\"/></state></scxml>";
    std::fs::write(folder.path().join("broken.scxml"), broken).unwrap();
    let ended = validate(Path::new("broken.scxml"));
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    assert!(ended.output.contains("broken.scxml:2:"), "{ended:#?}");
}
