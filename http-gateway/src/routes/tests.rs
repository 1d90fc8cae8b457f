//! Paths over real sockets: what is reachable, by whom, and with which headers. What the engine answers is for the
//! scenario tests.

mod conversations;
mod sockets;

use std::sync::Arc;

use engine::configuration::{ClockMode, Configuration};
use engine::{Engine, HttpEgress};
use serde_json::Value;
use store::MemoryStore;
use telephony::DialsInMemory;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use vocabulary::Timestamp;

use crate::{Credentials, RunningServer, Settings, listen, serve};

/// `admin:secret`.
const ADMIN: &str = "Authorization: Basic YWRtaW46c2VjcmV0";

/// The demo's engine in memory, under a manual clock.
async fn engine() -> Engine {
    engine_on(Arc::new(MemoryStore::new())).await
}

/// The same, with a store that the test can look into.
async fn engine_on(store: Arc<MemoryStore>) -> Engine {
    let mut configuration = Configuration::demo([]).unwrap().configuration;
    configuration.server.clock = ClockMode::Manual;
    let settings = engine::Settings {
        base_url: configuration.server.base_url(),
        configuration: Arc::new(configuration),
        store,
        egress: Arc::new(HttpEgress::new(Vec::new())),
        dial_log: Box::new(DialsInMemory::default()),
        now: Timestamp::parse("2031-05-06T12:00:00Z").unwrap(),
        arbiters: 0,
        seed: Some(1),
    };
    Engine::start(settings).await.unwrap()
}

async fn start() -> RunningServer {
    start_with(Settings::default()).await
}

/// Starts a server on a store that the test can look into.
async fn start_on(store: Arc<MemoryStore>) -> RunningServer {
    serve_engine(engine_on(store).await, Settings::default()).await
}

/// Starts a server with administrator, small body limit and one worker; the rest is as given.
async fn start_with(settings: Settings) -> RunningServer {
    serve_engine(engine().await, settings).await
}

async fn serve_engine(engine: Engine, settings: Settings) -> RunningServer {
    let settings = Settings {
        admin: Some(Credentials { username: "admin".to_owned(), password: "secret".to_owned() }),
        body_limit: 1000,
        workers: 1,
        ..settings
    };
    let listener = listen("127.0.0.1:0".parse().unwrap()).unwrap();
    serve(engine, settings, listener).await.unwrap()
}

#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

async fn ask(server: &RunningServer, request: &str, headers: &[&str], body: &str) -> Answer {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let mut text = format!("{request} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", server.address);
    for header in headers {
        text.push_str(header);
        text.push_str("\r\n");
    }
    text.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    Answer {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head: head.to_ascii_lowercase(),
        body: body.to_owned(),
    }
}

#[actix_web::test]
async fn administration_orchestration_and_agents_want_credentials_on_every_path() {
    let server = start().await;
    for request in [
        "GET /genesys/1/admin/callback/queues",
        "POST /genesys/1/admin/lists/GMS_Paused_Services/all",
        "GET /genesys/1/admin/nothing",
        "POST /scxml/session/start",
        "GET /scxml/session/S1/event/resume_session",
        "POST /scxml/session/S1/request/accept_preview",
        "POST /scxml/session/S1/request/accept_preview?key=wrong",
        "POST /scxml/session/S1/terminate",
        "GET /scxml/session/S1/query",
        "POST /genesys/1/ors/scxml/session/start",
        "POST /genesys/1/ors//scxml/session/S1/request/accept_preview",
        "GET /genesys/1/agents",
        "POST /genesys/1/agents/A1/login",
        "GET /genesys/1/agents/A1/events",
    ] {
        let answer = ask(&server, request, &[], "").await;
        assert_eq!(answer.status, 401, "{request}");
        assert!(answer.head.contains("www-authenticate: basic realm="), "{request}: {}", answer.head);
        let answer = ask(&server, request, &[ADMIN], "").await;
        assert_ne!(answer.status, 401, "{request}");
    }
    server.stop().await.unwrap();
}

#[actix_web::test]
async fn service_document_and_operation_paths_are_open() {
    let server = start().await;
    for request in [
        "POST /genesys/1/service/callback/billing",
        "GET /genesys/1/service/callback/billing/301-a",
        "GET /genesys/2/service/callback/billing/301-a",
        "GET /genesys/1/service/callback/billing/301-a/timeline",
        "DELETE /genesys/1/service/callback/billing/301-a",
        "GET /genesys/1/service/callback?_id=301-a",
        "GET /genesys/1/service/callback/billing?_id=301-a",
        "POST /genesys/1/service/301-a/connect",
        "GET /genesys/1/service/301-a/check-queue-position",
        "POST /genesys/1/service/match-interaction",
        "GET /genesys/1/document/service_template/callback/src/nothing.scxml",
        "GET /healthz",
        "GET /readyz",
        "GET /metrics",
    ] {
        let answer = ask(&server, request, &[], "").await;
        assert!(![401, 405].contains(&answer.status), "{request}: {}", answer.status);
        assert!(
            !answer.body.contains("NoSuchPath") || request.contains("document"),
            "{request}: {}",
            answer.body
        );
    }
    server.stop().await.unwrap();
}

#[actix_web::test]
async fn what_is_not_there_is_said_in_the_envelope() {
    let server = start().await;
    for (request, status) in [
        ("GET /nothing", 404),
        ("GET /genesys/1/nothing", 404),
        ("GET /genesys/1/service/callback/billing/301-a/nothing", 404),
        ("PUT /genesys/1/service/callback/billing", 405),
        ("PUT /genesys/1/service/match-interaction", 405),
        ("POST /genesys/2/service/callback/billing/301-a", 405),
        ("GET /genesys/1/document/service_template/callback/%2e%2e/secret", 404),
        ("GET /genesys/1/document/service_template/callback/..%2fsecret", 404),
        ("GET /genesys/1/document/service_template/other/src/callback.scxml", 404),
    ] {
        let answer = ask(&server, request, &[], "").await;
        assert_eq!(answer.status, status, "{request}: {}", answer.body);
        assert!(answer.json()["message"].is_string(), "{request}");
        assert!(answer.json()["exception"].is_string(), "{request}");
    }
    server.stop().await.unwrap();
}

#[actix_web::test]
async fn what_can_be_read_is_answered_to_head_without_its_body() {
    let server = start().await;
    for path in
        ["/healthz", "/readyz", "/metrics", "/urs/help/call/lvq", "/genesys/1/service/callback?_id=301-a"]
    {
        let (read, head) = (
            ask(&server, &format!("GET {path}"), &[], "").await,
            ask(&server, &format!("HEAD {path}"), &[], "").await,
        );
        assert_eq!((head.status, head.body.as_str()), (read.status, ""), "{path}");
        assert_eq!(read.status, 200, "{path}: {}", read.body);
    }
    let none = ask(&server, "HEAD /genesys/1/service/callback/billing/301-a", &[], "").await;
    assert_eq!((none.status, none.body.as_str()), (500, ""));
    server.stop().await.unwrap();
}

#[actix_web::test]
async fn a_method_that_is_not_taken_is_answered_with_those_that_are() {
    let server = start().await;
    for (request, allow) in [
        ("PUT /genesys/1/service/callback/billing", "post, get, head"),
        ("PATCH /genesys/1/service/callback/billing/301-a", "get, head, delete"),
        ("HEAD /genesys/1/service/301-a/connect", "get, post"),
        ("GET /genesys/1/service/match-interaction", "post, delete"),
        ("DELETE /healthz", "get, head"),
    ] {
        let answer = ask(&server, request, &[], "").await;
        assert_eq!(answer.status, 405, "{request}");
        assert!(answer.head.contains(&format!("allow: {allow}\r\n")), "{request}: {}", answer.head);
    }
    let answer = ask(&server, "GET /scxml/session/start", &[ADMIN], "").await;
    assert_eq!(answer.status, 405);
    assert!(answer.head.contains("allow: post"), "{}", answer.head);
    server.stop().await.unwrap();
}

#[actix_web::test]
async fn bodies_that_cannot_be_taken_are_refused() {
    let server = start().await;
    let long = "a".repeat(1001);
    for (header, body, status, said) in [
        ("Content-Type: text/plain", "hello", 415, "text/plain"),
        ("Content-Type: application/json", "{\"a\":", 400, "JSON"),
        ("Content-Type: application/json", "[]", 400, "one object"),
        ("Content-Type: application/json", "{\"a-b\":1}", 400, "`a-b`"),
        ("Content-Type: application/json", long.as_str(), 413, "1000"),
        ("Content-Type: multipart/form-data", "--b--", 400, "boundary"),
    ] {
        let answer = ask(&server, "POST /genesys/1/service/callback/billing", &[header], body).await;
        assert_eq!(answer.status, status, "{header}: {}", answer.body);
        assert!(answer.body.contains(said), "{header}: {}", answer.body);
        assert_eq!(answer.json()["code"] == 40010, status == 400, "{}", answer.body);
    }
    server.stop().await.unwrap();
}

#[actix_web::test]
async fn a_body_that_does_not_tell_its_length_is_bounded_too() {
    let server = start().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let chunk = format!("3e9\r\n{}\r\n0\r\n\r\n", "a".repeat(1001));
    let head = "POST /genesys/1/service/callback/billing HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(format!("{head}{chunk}").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    server.stop().await.unwrap();
}

#[actix_web::test]
async fn replies_have_the_guides_headers() {
    let server = start().await;
    let answer =
        ask(&server, "POST /genesys/1/service/callback/billing", &["Origin: http://shop.example"], "").await;
    for header in [
        "content-type: application/json;charset=utf-8",
        "cache-control: no-cache",
        "cache-control: no-store",
        "pragma: no-cache",
        "access-control-allow-origin: http://shop.example",
        "access-control-allow-credentials: true",
        "access-control-expose-headers:",
    ] {
        assert!(answer.head.contains(header), "{header} is not in {}", answer.head);
    }
    server.stop().await.unwrap();
}

#[actix_web::test]
async fn preflights_are_answered_for_client_paths_only() {
    let server = start().await;
    let headers = [
        "Origin: http://shop.example",
        "Access-Control-Request-Method: POST",
        "Access-Control-Request-Headers: content-type, gms_user",
    ];
    let answer = ask(&server, "OPTIONS /genesys/1/service/callback/billing", &headers, "").await;
    assert_eq!(answer.status, 200);
    assert!(answer.head.contains("access-control-allow-headers: content-type, gms_user"), "{}", answer.head);
    assert!(answer.head.contains("access-control-allow-methods: get, post"), "{}", answer.head);
    for path in ["/genesys/1/admin/callback/queues", "/genesys/1/agents", "/scxml/session/start"] {
        let answer = ask(&server, &format!("OPTIONS {path}"), &headers, "").await;
        assert!(!answer.head.contains("access-control-allow-origin"), "{path}: {}", answer.head);
        assert_ne!(answer.status, 200, "{path}");
    }
    server.stop().await.unwrap();
}

#[actix_web::test]
async fn a_port_in_use_is_named() {
    let server = start().await;
    let refused = listen(server.address).unwrap_err();
    let said = refused.to_string();
    assert!(said.contains(&server.address.to_string()), "{said}");
    assert!(said.contains("in use"), "{said}");
    server.stop().await.unwrap();
}

#[actix_web::test]
async fn a_stop_ends_streams_that_would_never_end() {
    let server = start().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"GET /genesys/1/notification/stream/dev-1 HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let mut first = [0; 12];
    stream.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    server.stop().await.unwrap();
}
