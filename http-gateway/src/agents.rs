//! Agents at their desks: commands by REST, messages by WebSocket.

mod socket;

use actix_web::{HttpResponse, web};
use engine::api::{AgentChange, AgentCommand, AgentError};
use serde_json::{Map, Value};

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

/// `GET /1/agents/{agent}`
pub(crate) async fn one(gateway: web::Data<Gateway>, agent: web::Path<String>) -> Reply {
    Ok(reply::ok(&gateway.engine.agent(&agent)?))
}

/// `PUT /1/agents/{agent}`
pub(crate) async fn put(gateway: web::Data<Gateway>, agent: web::Path<String>, body: Body) -> Reply {
    let fields = Value::Object(body.fields("")?);
    let change: AgentChange = serde_json::from_value(fields).map_err(|error| {
        ErrorReply::from(AgentError::Invalid(format!("what is said of the agent: {error}")))
    })?;
    Ok(reply::ok(&gateway.engine.put_agent(&agent, change).await?))
}

/// `DELETE /1/agents/{agent}`
pub(crate) async fn remove(gateway: web::Data<Gateway>, agent: web::Path<String>) -> Reply {
    gateway.engine.remove_agent(&agent).await?;
    Ok(reply::ok(&serde_json::json!({})))
}

/// `POST /1/agents/{agent}/{command}`
pub(crate) async fn command(
    gateway: web::Data<Gateway>,
    path: web::Path<(String, String)>,
    body: Body,
) -> Reply {
    let (agent, name) = path.into_inner();
    let command = match name.as_str() {
        "login" => {
            let fields = body.fields("")?;
            AgentCommand::LogIn { place: text(&fields, "place")?, dn: text(&fields, "dn")? }
        }
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
    text(&body.fields("")?, "reason")
}

fn text(fields: &Map<String, Value>, name: &str) -> Result<Option<String>, ErrorReply> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(query::unreadable(name, &other.to_string(), "a text")),
    }
}
