//! The socket of an agent: a WebSocket client that reads text.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::PATIENCE;

/// Frames of a text, a ping and a close (RFC 6455, 5.2).
const TEXT: u8 = 1;
const CLOSE: u8 = 8;

/// An open socket.
#[derive(Debug)]
pub struct AgentSocket {
    connection: BufReader<TcpStream>,
}

impl AgentSocket {
    /// Opens a socket at a path; `authorization` is the value of that header.
    pub(crate) async fn open(address: SocketAddr, path: &str, authorization: &str) -> Self {
        let mut connection = BufReader::new(TcpStream::connect(address).await.unwrap());
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: {authorization}\r\nconnection: upgrade\r\n\
             upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        connection.write_all(request.as_bytes()).await.unwrap();
        let mut status = String::new();
        connection.read_line(&mut status).await.unwrap();
        assert!(status.contains("101"), "the socket was refused: {status}");
        loop {
            let mut header = String::new();
            connection.read_line(&mut header).await.unwrap();
            if header.trim().is_empty() {
                return Self { connection };
            }
        }
    }

    /// The next message; waits for it.
    pub async fn next(&mut self) -> Value {
        loop {
            let (kind, payload) = timeout(PATIENCE, self.frame())
                .await
                .unwrap_or_else(|_| panic!("no message for {PATIENCE:?}"));
            match kind {
                TEXT => return serde_json::from_slice(&payload).unwrap(),
                CLOSE => panic!("the socket was closed"),
                _ping_or_pong => {}
            }
        }
    }

    /// The next message of a type; those before it are left out.
    pub async fn next_of(&mut self, kind: &str) -> Value {
        loop {
            let message = self.next().await;
            if message["type"] == kind {
                return message;
            }
        }
    }

    /// A frame of the server: it is never masked, and these messages are never cut.
    async fn frame(&mut self) -> (u8, Vec<u8>) {
        let kind = self.connection.read_u8().await.unwrap() & 0x0f;
        let length = match self.connection.read_u8().await.unwrap() {
            126 => usize::from(self.connection.read_u16().await.unwrap()),
            127 => usize::try_from(self.connection.read_u64().await.unwrap()).unwrap(),
            short => usize::from(short),
        };
        let mut payload = vec![0; length];
        self.connection.read_exact(&mut payload).await.unwrap();
        (kind, payload)
    }
}
