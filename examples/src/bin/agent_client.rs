//! An agent's desk without a screen: logs in, answers, talks for a while, hangs up.
//!
//! Shows   the agent API: commands by REST, messages by WebSocket, and how a client resumes a lost socket (docs/agents.md).
//! Start   `RINGBACK_SERVER__USERNAME=demo RINGBACK_SERVER__PASSWORD=demo cargo run -- serve --config examples/ringback.toml`, then, in
//!         another terminal,
//!         `cargo run -p examples --bin agent_client -- http://demo:demo@127.0.0.1:8080/genesys 7002 5`
//!         (base URL with the credentials of `[server]`, agent, seconds that each call lasts), and start a callback.
//! Expect  a line for each message, and `answered` and `hung up` for each call, or `the call is gone`.

use std::io::{Write as _, stdout};
use std::time::Duration;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt as _;
use reqwest::{Client, StatusCode, Url};
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::header::AUTHORIZATION;
use tokio_tungstenite::tungstenite::protocol::Message;

/// Pause before a lost socket is opened again.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// An agent and the platform.
struct Desk {
    client: Client,
    base: Url,
    agent: String,
    talk: Duration,
    /// Number of the last message that was seen: the next socket resumes behind it.
    seen: u64,
}

impl Desk {
    fn url(&self, path: &str) -> anyhow::Result<Url> {
        let base = self.base.as_str().trim_end_matches('/');
        Url::parse(&format!("{base}/1/agents/{}/{path}", self.agent)).context("the base URL is no URL")
    }

    /// Sends a command. `false`: it does not fit any more, for instance because the customer has hung up.
    async fn command(&self, name: &str) -> anyhow::Result<bool> {
        let reply = self.client.post(self.url(name)?).json(&json!({})).send().await?;
        match reply.status() {
            status if status.is_success() => Ok(true),
            StatusCode::CONFLICT => Ok(false),
            status => bail!("{name}: {status} {}", reply.text().await?),
        }
    }

    /// Sends a command about a call and says what became of it.
    async fn act(&self, name: &str, done: &str) -> anyhow::Result<()> {
        say(if self.command(name).await? { done } else { "the call is gone" });
        Ok(())
    }

    /// Reads messages until the socket is lost.
    async fn listen(&mut self) -> anyhow::Result<()> {
        let mut url = self.url(&format!("events?after={}", self.seen))?;
        let secrets = format!("{}:{}", url.username(), url.password().unwrap_or_default());
        let scheme = if url.scheme() == "https" { "wss" } else { "ws" };
        let cleaned =
            url.set_scheme(scheme).is_ok() && url.set_username("").is_ok() && url.set_password(None).is_ok();
        anyhow::ensure!(cleaned, "the base URL has no host");
        let mut request = url.as_str().into_client_request()?;
        request.headers_mut().insert(AUTHORIZATION, format!("Basic {}", STANDARD.encode(secrets)).parse()?);
        let (mut socket, _) = connect_async(request).await.context("the socket cannot be opened")?;
        while let Some(message) = socket.next().await {
            if let Message::Text(text) = message? {
                self.told(&serde_json::from_str(&text)?).await?;
            }
        }
        Ok(())
    }

    async fn told(&mut self, message: &Value) -> anyhow::Result<()> {
        self.seen = message["seq"].as_u64().unwrap_or(self.seen);
        match message["type"].as_str() {
            Some("ringing") => self.act("answer", "answered").await?,
            Some("connected") => {
                tokio::time::sleep(self.talk).await;
                self.act("hang-up", "hung up").await?;
            }
            Some("status") => {
                say(&format!("status {}", message["data"]["status"].as_str().unwrap_or_default()))
            }
            _ => {}
        }
        Ok(())
    }
}

fn say(line: &str) {
    let _reader_is_gone = writeln!(stdout().lock(), "{line}").is_err();
}

#[actix_web::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [base, agent, talk] = arguments.as_slice() else {
        bail!("expected: base URL, agent, seconds of each call");
    };
    // The client wants to know whose cryptography it shall use, also for URLs without TLS.
    let _first_and_only = rustls::crypto::ring::default_provider().install_default().is_ok();
    let mut desk = Desk {
        client: Client::builder().no_proxy().build()?,
        base: Url::parse(base).with_context(|| format!("`{base}` is no URL"))?,
        agent: agent.clone(),
        talk: Duration::from_secs(talk.parse().with_context(|| format!("`{talk}` is no number of seconds"))?),
        seen: 0,
    };
    for command in ["login", "ready"] {
        anyhow::ensure!(
            desk.command(command).await?,
            "{command}: somebody else works at the desk of agent {agent}"
        );
    }
    loop {
        // Whoever is away for more than 45 s is logged out, and the call goes to somebody else.
        if let Err(problem) = desk.listen().await {
            say(&format!("the socket is lost: {problem:#}"));
        }
        tokio::time::sleep(AGAIN_AFTER).await;
    }
}
