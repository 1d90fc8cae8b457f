//! The socket of an agent: messages with numbers, so that nothing is missed over a broken connection.
//!
//! Frames: JSON `{seq, type, at, data}`. `?after=N` resumes behind message N. A ping every 15 s; a client that was
//! silent for 45 s is dead. Commands come by REST only; what a client says here is only a sign of life.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};
use actix_ws::{CloseCode, CloseReason, Message, MessageStream, Session};
use engine::api::AgentMessage;
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, MissedTickBehavior};

use crate::body::query_pairs;
use crate::errors::ErrorReply;
use crate::gateway::Gateway;
use crate::query;

/// `GET /1/agents/{agent}/events?after=N`
pub(crate) async fn events(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    body: web::Payload,
    agent: web::Path<String>,
) -> Result<HttpResponse, actix_web::Error> {
    let messages =
        gateway.engine.agent_messages(&agent, after(request.query_string())?).map_err(ErrorReply::from)?;
    let (response, session, incoming) = actix_ws::handle(&request, body)?;
    let connection = Connection { session, incoming, messages };
    let stopping = gateway.stopping();
    let (ping_interval, silence_limit) = (gateway.settings.ping_interval, gateway.settings.silence_limit);
    let (gateway, agent) = (gateway, agent.into_inner());
    actix_rt::spawn(async move {
        connection.run(stopping, ping_interval, silence_limit).await;
        gateway.engine.agent_socket_gone(&agent);
    });
    Ok(response)
}

fn after(query: &str) -> Result<Option<u64>, ErrorReply> {
    let Some((name, value)) = query_pairs(query).into_iter().find(|(name, _)| name == "after") else {
        return Ok(None);
    };
    match value.parse() {
        Ok(after) => Ok(Some(after)),
        Err(_unreadable) => Err(query::unreadable(&name, &value, "the number of a message")),
    }
}

struct Connection {
    session: Session,
    incoming: MessageStream,
    messages: Receiver<AgentMessage>,
}

impl Connection {
    /// Runs until the client leaves or falls silent, the engine has no more messages for it, or the server stops.
    async fn run(
        mut self,
        stopping: impl Future<Output = ()>,
        ping_interval: Duration,
        silence_limit: Duration,
    ) {
        let mut stopping = std::pin::pin!(stopping);
        let mut pings = tokio::time::interval(ping_interval);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut last_sign = Instant::now();
        let code = loop {
            tokio::select! {
                () = &mut stopping => break CloseCode::Away,
                message = self.messages.recv() => {
                    let Some(message) = message else { break CloseCode::Away };
                    if self.session.text(message.text()).await.is_err() {
                        return;
                    }
                }
                frame = self.incoming.recv() => match frame {
                    Some(Ok(Message::Ping(payload))) => {
                        last_sign = Instant::now();
                        if self.session.pong(&payload).await.is_err() {
                            return;
                        }
                    }
                    Some(Ok(Message::Close(_))) | None => break CloseCode::Normal,
                    Some(Ok(_sign_of_life)) => last_sign = Instant::now(),
                    Some(Err(_broken)) => break CloseCode::Protocol,
                },
                _ = pings.tick() => {
                    if last_sign.elapsed() >= silence_limit {
                        break CloseCode::Policy;
                    }
                    if self.session.ping(b"").await.is_err() {
                        return;
                    }
                }
            }
        };
        let reason = CloseReason { code, description: None };
        // The client may be gone already; then there is nobody to tell.
        let _told = self.session.close(Some(reason)).await.is_ok();
    }
}
