//! The router's own paths: the waiting-time query `lvq` (guide: router interface).

use actix_web::{HttpRequest, HttpResponse, web};
use engine::routing::Method;
use serde_json::{Value, json};

use crate::body::query_pairs;
use crate::errors::ErrorReply;
use crate::gateway::Gateway;
use crate::{query, reply};

/// In the place of a call's id: one that would enter now.
const NEWCOMER: &str = "max";

/// `GET /urs/call/{connid|max}/lvq?name=…&aqt=…` and `GET /urs/call/{connid|max}/lvq/{name}?aqt=…`
//= guide: lvq
pub(crate) async fn waiting_time(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
) -> Result<HttpResponse, ErrorReply> {
    let path = request.match_info();
    let mut queue = path.get("name").map(str::to_owned);
    let mut method = Method::default();
    let mut is_explained = false;
    for (name, value) in query_pairs(request.query_string()) {
        match name.as_str() {
            "name" => queue = Some(value),
            "aqt" => {
                method =
                    Method::parse(&value).map_err(|error| ErrorReply::bad_parameter(error.to_string()))?;
            }
            "explain" => is_explained = query::boolean(&name, &value)?,
            // `tenant`: there is one; `scale`: its meaning is not known, the numbers are the same.
            _ => {}
        }
    }
    let queue = queue.ok_or_else(|| {
        ErrorReply::bad_parameter("`name` is missing: give the alias of a virtual queue".to_owned())
    })?;
    let call = path.get("call").filter(|call| *call != NEWCOMER);
    let Some((time, explanation)) = gateway.engine.expected_wait(&queue, call, method).await? else {
        return Ok(reply::ok(&json!({})));
    };
    let mut body = json!(time);
    if let (true, Value::Object(fields)) = (is_explained, &mut body) {
        fields.insert("explanation".to_owned(), json!(explanation));
    }
    Ok(reply::ok(&body))
}

/// Queues that one request may name.
const QUEUES_MAX: usize = 200;

/// `GET /2/ewt/{ewt1|ewt2|ewt3}?vqs=a,b`; all queues without `vqs`.
pub(crate) async fn waiting_times(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    method: web::Path<String>,
) -> Result<HttpResponse, ErrorReply> {
    let method = Method::parse(&method).map_err(|error| ErrorReply::bad_parameter(error.to_string()))?;
    let mut queues: Option<Vec<String>> = None;
    for (_name, value) in query_pairs(request.query_string()).into_iter().filter(|(name, _)| name == "vqs") {
        let named = value.split(',').map(str::trim).filter(|queue| !queue.is_empty()).map(str::to_owned);
        queues.get_or_insert_default().extend(named);
    }
    if queues.as_ref().is_some_and(|queues| queues.len() > QUEUES_MAX) {
        return Err(ErrorReply::bad_parameter(format!("`vqs` may name at most {QUEUES_MAX} queues")));
    }
    Ok(reply::ok(&gateway.engine.expected_waits(queues, method).await?))
}

/// `GET /urs/help/call/lvq`
pub(crate) async fn help() -> HttpResponse {
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(HELP)
}

const HELP: &str = "<!DOCTYPE html>
<html lang=\"en\"><head><title>lvq</title></head><body>
<h1>lvq: what an interaction can expect in a virtual queue</h1>
<p><code>GET /urs/call/max/lvq?name=QUEUE</code> asks for an interaction that would enter now,
<code>GET /urs/call/CONNID/lvq?name=QUEUE</code> for one that waits. The queue may also stand in the path:
<code>/urs/call/max/lvq/QUEUE</code>.</p>
<h2>Inputs</h2>
<dl>
<dt>name</dt><dd>alias of a virtual queue, or of a group of queues (<code>.GQ</code>)</dd>
<dt>aqt</dt><dd><code>urs</code> (default): from the last 32 distributions; <code>urs2</code>: from the handling times of the agents
who serve the queue; <code>stat</code>: from the average handling time and the number of agents</dd>
<dt>tenant, scale</dt><dd>accepted, without effect</dd>
<dt>explain</dt><dd><code>true</code> adds <code>explanation</code>: the inputs of the estimate, and a sentence</dd>
</dl>
<h2>Outputs</h2>
<dl>
<dt>time</dt><dd>moment of the answer, seconds since the epoch</dd>
<dt>calls, wcalls</dt><dd>interactions that wait</dd>
<dt>pos, wpos</dt><dd>position, 1 is the head; one more than <code>calls</code> for <code>max</code></dd>
<dt>wt</dt><dd>seconds that the interaction has waited</dd>
<dt>aqt</dt><dd>average seconds per interaction</dd>
<dt>ewt</dt><dd>estimated wait, seconds</dd>
<dt>hit</dt><dd>percent of the last departures that left by routing</dd>
</dl>
<p>A queue without any activity is answered with an empty object.</p>
</body></html>
";
