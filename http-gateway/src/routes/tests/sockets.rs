//! The sockets of agents, spoken by hand.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{ADMIN, ask, start, start_with};
use crate::{RunningServer, Settings};

struct Socket(TcpStream);

/// What a server sends.
#[derive(Debug, PartialEq)]
enum Frame {
    Text(Value),
    Ping,
    Close(u16),
    End,
}

impl Socket {
    async fn open(server: &RunningServer, path: &str, headers: &[&str]) -> (u16, Self) {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let mut text = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n",
            server.address
        );
        for header in headers {
            text.push_str(header);
            text.push_str("\r\n");
        }
        text.push_str("\r\n");
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), Self(stream))
    }

    async fn frame(&mut self) -> Frame {
        let Ok(first) = self.0.read_u8().await else { return Frame::End };
        let length = match self.0.read_u8().await.unwrap() {
            126 => usize::from(self.0.read_u16().await.unwrap()),
            length => usize::from(length),
        };
        let mut payload = vec![0; length];
        self.0.read_exact(&mut payload).await.unwrap();
        match first & 0x0f {
            1 => Frame::Text(serde_json::from_slice(&payload).unwrap()),
            8 => Frame::Close(u16::from_be_bytes([payload[0], payload[1]])),
            9 => Frame::Ping,
            other => panic!("frame of kind {other}"),
        }
    }

    /// The next message; pings in between are passed over.
    async fn message(&mut self) -> Value {
        loop {
            match self.frame().await {
                Frame::Text(message) => return message,
                Frame::Ping => {}
                other => panic!("{other:?} in place of a message"),
            }
        }
    }
}

async fn command(server: &RunningServer, name: &str) {
    let answer = ask(server, &format!("POST /genesys/1/agents/7001/{name}"), &[ADMIN], "").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[actix_web::test]
async fn a_socket_carries_the_messages_of_its_agent_and_resumes_behind_any_of_them() {
    let server = start().await;
    let (status, mut socket) = Socket::open(&server, "/genesys/1/agents/7001/events", &[ADMIN]).await;
    assert_eq!(status, 101);
    command(&server, "not-ready").await;
    let mut last = socket.message().await;
    while last["data"]["status"] != "not_ready" {
        last = socket.message().await;
    }
    assert_eq!(last["type"], "status");
    assert!(last["at"].is_string());
    drop(socket);

    command(&server, "ready").await;
    let seq = last["seq"].as_u64().unwrap();
    let path = format!("/genesys/1/agents/7001/events?after={seq}");
    let (_, mut socket) = Socket::open(&server, &path, &[ADMIN]).await;
    let next = socket.message().await;
    assert_eq!((next["seq"].as_u64(), next["data"]["status"].as_str()), (Some(seq + 1), Some("ready")));
    server.stop().await.unwrap();
}

#[actix_web::test]
async fn a_socket_is_for_known_agents_with_credentials_and_pages_of_our_own() {
    let server = start().await;
    for (path, headers, expected) in [
        ("/genesys/1/agents/7001/events", vec![], 401),
        ("/genesys/1/agents/nobody/events", vec![ADMIN], 404),
        ("/genesys/1/agents/7001/events?after=yesterday", vec![ADMIN], 400),
        ("/genesys/1/agents/7001/events", vec![ADMIN, "Origin: http://elsewhere.example"], 403),
    ] {
        let (status, _socket) = Socket::open(&server, path, &headers).await;
        assert_eq!(status, expected, "{path} {headers:?}");
    }
    server.stop().await.unwrap();
}

#[actix_web::test]
async fn a_silent_client_is_pinged_and_then_left() {
    let settings = Settings {
        ping_interval: Duration::from_millis(10),
        silence_limit: Duration::from_millis(50),
        ..Settings::default()
    };
    let server = start_with(settings).await;
    let (_, mut socket) =
        Socket::open(&server, "/genesys/1/agents/7001/events?after=1000000", &[ADMIN]).await;
    let mut pings = 0;
    let code = loop {
        match socket.frame().await {
            Frame::Ping => pings += 1,
            Frame::Text(_) => {}
            Frame::Close(code) => break code,
            Frame::End => panic!("no close frame after {pings} pings"),
        }
    };
    assert!(pings > 0);
    assert_eq!(code, 1008);
    server.stop().await.unwrap();
}

#[actix_web::test]
async fn a_stop_ends_open_sockets() {
    let server = start().await;
    let (_, mut socket) = Socket::open(&server, "/genesys/1/agents/7001/events", &[ADMIN]).await;
    server.stop().await.unwrap();
    loop {
        match socket.frame().await {
            Frame::Close(code) => break assert_eq!(code, 1001),
            Frame::Text(_) | Frame::Ping => {}
            Frame::End => panic!("the socket broke without a word"),
        }
    }
}
