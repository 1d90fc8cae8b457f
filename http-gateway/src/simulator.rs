//! Controls of the simulated switch and of the clock.
//!
//! They exist only with the simulated switch, and only for clients on this machine; for everybody else there is
//! nothing at these paths.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use engine::Simulator;
use engine::api::InboundCall;
use serde_json::{Map, Value, json};

use crate::body::Body;
use crate::errors::ErrorReply;
use crate::gateway::Gateway;
use crate::reply;

type Reply = Result<HttpResponse, ErrorReply>;

fn simulator(gateway: &Gateway, request: &HttpRequest) -> Result<Simulator, ErrorReply> {
    let is_near = request.peer_addr().is_some_and(|peer| peer.ip().is_loopback());
    gateway.engine.simulator().filter(|_| is_near).ok_or_else(|| ErrorReply::no_such_path(request.path()))
}

/// `GET /simulator/clock`
pub(crate) async fn clock(gateway: web::Data<Gateway>, request: HttpRequest) -> Reply {
    simulator(&gateway, &request)?;
    Ok(reply::ok(&now(&gateway)))
}

fn now(gateway: &Gateway) -> Value {
    let now = gateway.engine.now();
    json!({"now": now.to_string(), "epoch_ms": now.as_millis()})
}

/// `POST /simulator/clock`, body `{"advance_ms": 5000}`: answers when everything due has happened.
pub(crate) async fn advance(gateway: web::Data<Gateway>, request: HttpRequest, body: Body) -> Reply {
    let simulator = simulator(&gateway, &request)?;
    let millis = body
        .json_object()?
        .get("advance_ms")
        .and_then(Value::as_u64)
        .ok_or_else(|| ErrorReply::refused("`advance_ms` is missing: give whole milliseconds from 0"))?;
    simulator.advance(Duration::from_millis(millis)).await.map_err(ErrorReply::refused)?;
    Ok(reply::ok(&now(&gateway)))
}

/// `POST /simulator/customers/{number}`, body `{"behaviour": "busy", …}`
pub(crate) async fn set_customer(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    number: web::Path<String>,
    body: Body,
) -> Reply {
    let behaviour = Value::Object(body.json_object()?);
    done(simulator(&gateway, &request)?.set_customer(&number, behaviour))
}

/// `POST /simulator/customers/{number}/hang-up`
pub(crate) async fn customer_hangs_up(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    number: web::Path<String>,
) -> Reply {
    done(simulator(&gateway, &request)?.customer_hangs_up(&number))
}

/// `POST /simulator/agents/{agent}`, body `{"behaviour": "declines", …}`
pub(crate) async fn set_agent(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    agent: web::Path<String>,
    body: Body,
) -> Reply {
    let behaviour = Value::Object(body.json_object()?);
    done(simulator(&gateway, &request)?.set_agent(&agent, behaviour))
}

/// `POST /simulator/calls`, body `{"ani": …, "dnis": …, "digits": …}`: a call arrives; answers its id.
pub(crate) async fn call(gateway: web::Data<Gateway>, request: HttpRequest, body: Body) -> Reply {
    let simulator = simulator(&gateway, &request)?;
    let fields = body.json_object()?;
    let call = simulator
        .inbound_call(InboundCall {
            ani: text(&fields, "ani")?,
            dnis: text(&fields, "dnis")?,
            digits: fields.get("digits").map(|_| text(&fields, "digits")).transpose()?,
        })
        .map_err(ErrorReply::refused)?;
    Ok(reply::ok(&json!({"interactionid": call})))
}

fn text(fields: &Map<String, Value>, name: &str) -> Result<String, ErrorReply> {
    match fields.get(name) {
        Some(Value::String(text)) => Ok(text.clone()),
        _other => Err(ErrorReply::refused(format!("`{name}` is missing, or no text"))),
    }
}

/// `GET /simulator/calls`
pub(crate) async fn calls(gateway: web::Data<Gateway>, request: HttpRequest) -> Reply {
    Ok(reply::ok(&simulator(&gateway, &request)?.calls()))
}

/// `GET /simulator/dials`: the switch's own log.
pub(crate) async fn dials(gateway: web::Data<Gateway>, request: HttpRequest) -> Reply {
    Ok(reply::ok(&simulator(&gateway, &request)?.dial_log()))
}

fn done(outcome: Result<(), String>) -> Reply {
    outcome.map_err(ErrorReply::refused)?;
    Ok(reply::json(StatusCode::OK, &json!({})))
}
