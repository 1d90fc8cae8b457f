//! An HTTP server inside a test that notes what it is told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

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
    /// Whether requests wait for their answers.
    held: Arc<watch::Sender<bool>>,
    arrivals: Arc<watch::Sender<usize>>,
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
        let peer = Self {
            address: listener.local_addr().unwrap(),
            state: Arc::default(),
            held: Arc::new(watch::Sender::new(false)),
            arrivals: Arc::new(watch::Sender::new(0)),
        };
        let server = peer.clone();
        tokio::spawn(async move {
            loop {
                let (connection, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(connection, server.clone()));
            }
        });
        peer
    }

    /// Answers nothing from now on, until [`Peer::answers_again`].
    pub fn holds_its_answers(&self) {
        self.held.send_replace(true);
    }

    /// Gives the answers that were held.
    pub fn answers_again(&self) {
        self.held.send_replace(false);
    }

    /// Returns when so many requests have arrived.
    pub async fn has_received(&self, count: usize) {
        self.arrivals.subscribe().wait_for(|arrived| *arrived >= count).await.unwrap();
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
async fn serve(connection: TcpStream, peer: Peer) {
    let mut connection = BufReader::new(connection);
    while let Some(request) = read(&mut connection).await {
        peer.state.lock().unwrap().received.push(request);
        peer.arrivals.send_modify(|arrived| *arrived += 1);
        peer.held.subscribe().wait_for(|held| !held).await.unwrap();
        let (status, body) = {
            let mut state = peer.state.lock().unwrap();
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
