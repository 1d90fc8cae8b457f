//! Administration.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value, json};

use crate::body::{Body, query_pairs};
use crate::errors::ErrorReply;
use crate::gateway::Gateway;
use crate::{query, reply, view};

type Reply = Result<HttpResponse, ErrorReply>;

/// `GET /1/admin/callback/queues`
//= guide: query by queues
pub(crate) async fn queues(gateway: web::Data<Gateway>, request: HttpRequest) -> Reply {
    let listing = query::listing(query_pairs(request.query_string()))?;
    let services = gateway.engine.list_callbacks(listing).await?;
    let object: Map<String, Value> = services
        .into_iter()
        .map(|(service, callbacks)| (service, callbacks.iter().map(view::by_queue).collect()))
        .collect();
    Ok(reply::ok(&object))
}

/// `GET /1/admin/callback/abandonment`: what customers found who answered, by service. Ours.
pub(crate) async fn abandonment(gateway: web::Data<Gateway>) -> Reply {
    Ok(reply::ok(&json!(gateway.engine.abandonment())))
}

/// `POST /1/admin/lists/{list}/{section}`, body `{"key": "value", …}`
pub(crate) async fn set_list_values(
    gateway: web::Data<Gateway>,
    path: web::Path<(String, String)>,
    body: Body,
) -> Reply {
    let (list, section) = path.into_inner();
    let mut pairs = Vec::new();
    for (key, value) in body.json_object()? {
        let value = match value {
            Value::String(text) => text,
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            other => {
                return Err(query::unreadable(&key, &other.to_string(), "a text, a number or a boolean"));
            }
        };
        pairs.push((key, value));
    }
    gateway.engine.set_list_values(&list, &section, &pairs).await?;
    Ok(reply::ok(&json!({})))
}
