//! Pushes for a device, as a stream that `curl -N` can read.

use std::convert::Infallible;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue};
use actix_web::web::{self, Bytes};
use futures_util::{Stream, StreamExt as _, stream};
use serde_json::Value;
use tokio::sync::mpsc::Receiver;

use crate::gateway::Gateway;

/// `GET /1/notification/stream/{device}`: server-sent events, each the JSON of a push.
pub(crate) async fn stream(gateway: web::Data<Gateway>, device: web::Path<String>) -> HttpResponse {
    let messages = gateway.engine.device_messages(&device);
    let events = events(messages, gateway.settings.ping_interval).take_until(Box::pin(gateway.stopping()));
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, HeaderValue::from_static("no-cache, no-store")))
        .content_type("text/event-stream")
        .streaming(events)
}

/// The text of the stream: an event for each message, and a comment now and then, so that a dead client is noticed.
fn events(
    messages: Receiver<Value>,
    ping_interval: Duration,
) -> impl Stream<Item = Result<Bytes, Infallible>> {
    // The first comment goes out at once: it tells the client that the stream stands.
    let first = stream::once(async { Ok(Bytes::from_static(b": stream\n\n")) });
    let rest = stream::unfold(messages, move |mut messages| async move {
        let text = match tokio::time::timeout(ping_interval, messages.recv()).await {
            Ok(Some(message)) => format!("data: {message}\n\n"),
            Ok(None) => return None,
            Err(_elapsed) => ": ping\n\n".to_owned(),
        };
        Some((Ok(Bytes::from(text)), messages))
    });
    first.chain(rest)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::StreamExt as _;
    use serde_json::json;

    use super::events;

    #[actix_web::test]
    async fn every_push_is_one_event_and_the_end_of_pushes_ends_the_stream() {
        let (sender, receiver) = tokio::sync::mpsc::channel(4);
        sender.send(json!({"_id": "301-a", "_text": "two\nlines"})).await.unwrap();
        drop(sender);
        let texts: Vec<String> = events(receiver, Duration::from_secs(15))
            .map(|chunk| String::from_utf8(chunk.unwrap().to_vec()).unwrap())
            .collect()
            .await;
        assert_eq!(texts, [": stream\n\n", "data: {\"_id\":\"301-a\",\"_text\":\"two\\nlines\"}\n\n"]);
    }
}
