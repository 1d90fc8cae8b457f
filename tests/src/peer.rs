//! An HTTP server inside a test that notes what it is told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A request that arrived.
#[derive(Clone, Debug)]
pub struct Received {
    /// Method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Body, JSON; `null` when it is something else.
    pub body: Value,
    /// Body as text.
    pub text: String,
}

/// The server. It answers 200 unless it was told otherwise, and ends with the test.
#[derive(Clone, Debug)]
pub struct Peer {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    received: Vec<Received>,
    /// Statuses of the next answers; then 200.
    answers: Vec<u16>,
    body: String,
}

impl Peer {
    /// Starts a server on a free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let peer = Self { address: listener.local_addr().unwrap(), state: Arc::default() };
        let state = Arc::clone(&peer.state);
        tokio::spawn(async move {
            loop {
                let (connection, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(connection, Arc::clone(&state)));
            }
        });
        peer
    }

    /// Its URL with a path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Answers the next request with this status.
    pub fn answers_next(&self, status: u16) {
        self.state.lock().unwrap().answers.push(status);
    }

    /// Body of every answer from now on.
    pub fn answers_body(&self, body: impl Into<String>) {
        self.state.lock().unwrap().body = body.into();
    }

    /// What has arrived, the oldest first.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.state.lock().unwrap().received.clone()
    }

    /// The bodies of what has arrived.
    #[must_use]
    pub fn bodies(&self) -> Vec<Value> {
        self.received().into_iter().map(|request| request.body).collect()
    }

    /// The body that arrived last.
    #[must_use]
    pub fn last(&self) -> Value {
        self.bodies().pop().unwrap_or_else(|| panic!("nothing has arrived at {}", self.address))
    }

    /// The names of the status events that arrived, without `_cbe_on_`.
    #[must_use]
    pub fn events(&self) -> Vec<String> {
        let name = |body: Value| body["event_id"].as_str().unwrap_or("?").replace("_cbe_on_", "");
        self.bodies().into_iter().map(name).collect()
    }

    /// The status events of one name that arrived.
    #[must_use]
    pub fn events_named(&self, name: &str) -> Vec<Value> {
        let name = format!("_cbe_on_{name}");
        self.bodies().into_iter().filter(|body| body["event_id"] == name.as_str()).collect()
    }
}

/// Serves one connection until the client closes it. A client that breaks off is no failure of the test.
async fn serve(connection: TcpStream, state: Arc<Mutex<State>>) {
    let mut connection = BufReader::new(connection);
    while let Some(request) = read(&mut connection).await {
        let (status, body) = {
            let mut state = state.lock().unwrap();
            state.received.push(request);
            let status = if state.answers.is_empty() { 200 } else { state.answers.remove(0) };
            (status, state.body.clone())
        };
        let answer = format!("HTTP/1.1 {status} Answer\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        if connection.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn read(connection: &mut BufReader<TcpStream>) -> Option<Received> {
    let first = line(connection).await?;
    let mut words = first.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut length = 0;
    loop {
        let header = line(connection).await?.to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body).await.ok()?;
    let text = String::from_utf8(body).ok()?;
    let body = serde_json::from_str(&text).unwrap_or_default();
    Some(Received { method, path, body, text })
}

async fn line(connection: &mut BufReader<TcpStream>) -> Option<String> {
    let mut text = String::new();
    match connection.read_line(&mut text).await {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(text.trim_end().to_owned()),
    }
}
