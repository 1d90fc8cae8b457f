//! Agents at their desks: commands by REST, messages by WebSocket.

mod socket;

use actix_web::{HttpResponse, web};
use engine::api::AgentCommand;
use serde_json::Value;

use crate::body::Body;
use crate::errors::ErrorReply;
use crate::gateway::Gateway;
use crate::{query, reply};

pub(crate) use socket::events;

type Reply = Result<HttpResponse, ErrorReply>;

/// `GET /1/agents`
pub(crate) async fn list(gateway: web::Data<Gateway>) -> HttpResponse {
    reply::ok(&gateway.engine.agents())
}

/// `POST /1/agents/{agent}/{command}`
pub(crate) async fn command(
    gateway: web::Data<Gateway>,
    path: web::Path<(String, String)>,
    body: Body,
) -> Reply {
    let (agent, name) = path.into_inner();
    let command = match name.as_str() {
        "login" => AgentCommand::LogIn,
        "logout" => AgentCommand::LogOut,
        "ready" => AgentCommand::Ready,
        "not-ready" => AgentCommand::NotReady { reason: reason(&body)? },
        "answer" => AgentCommand::Answer,
        "decline" => AgentCommand::Decline,
        "hang-up" => AgentCommand::HangUp,
        _unknown => {
            return Err(query::unreadable(
                "command",
                &name,
                "login, logout, ready, not-ready, answer, decline or hang-up",
            ));
        }
    };
    Ok(reply::ok(&gateway.engine.agent_command(&agent, command).await?))
}

fn reason(body: &Body) -> Result<Option<String>, ErrorReply> {
    match body.fields("")?.remove("reason") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(reason)) => Ok(Some(reason)),
        Some(other) => Err(query::unreadable("reason", &other.to_string(), "a text")),
    }
}
