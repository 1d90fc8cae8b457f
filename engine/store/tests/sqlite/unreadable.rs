//! Rows that cannot be read, such as an operator's hand or an earlier program may leave them.

use serde_json::json;
use store::{CallbackQuery, CallbackRow, Error, Store, TimelineRow, Write};
use vocabulary::{AttemptNo, CallbackId, CallbackState, ServiceName, Timestamp};

use crate::{open, run_outside};

fn scheduled(id: &str) -> CallbackRow {
    CallbackRow {
        id: CallbackId::new(id),
        service: ServiceName::new("support"),
        state: CallbackState::Scheduled,
        reason: None,
        customer_number: None,
        desired_time: Timestamp::from_millis(1),
        requested_at: Timestamp::EPOCH,
        expires_at: Timestamp::from_millis(5),
        updated_at: Timestamp::EPOCH,
        session: None,
        attempts: AttemptNo(0),
        properties: serde_json::Map::new(),
        user_data: serde_json::Map::new(),
    }
}

fn line(name: &str) -> Write {
    Write::AppendTimeline(TimelineRow {
        callback: Some(CallbackId::new("node-1")),
        session: None,
        at: Timestamp::EPOCH,
        kind: "event".to_owned(),
        name: name.to_owned(),
        detail: json!({}),
    })
}

#[tokio::test]
async fn unreadable_record_is_left_out_and_does_not_take_the_place_of_others() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let ids = ["node-1", "node-2", "node-3"];
    store
        .commit(ids.iter().map(|id| Write::InsertCallback(Box::new(scheduled(id)))).collect())
        .await
        .unwrap();
    run_outside(
        folder.path(),
        "UPDATE callback SET properties = '{\"a\":' || replace(hex(zeroblob(100)), '0', '[') || replace(hex(zeroblob(100)), '0', ']') || '}' \
         WHERE id = 'node-1'",
    )
    .await;
    let names = |rows: Result<Vec<CallbackRow>, Error>| {
        rows.unwrap().iter().map(|row| row.id.to_string()).collect::<Vec<_>>()
    };
    let late = Timestamp::from_millis(10);
    assert_eq!(names(store.callbacks(CallbackQuery::default()).await), ["node-2", "node-3"]);
    assert_eq!(names(store.scheduled_before(late, None, 1).await), ["node-2"]);
    assert_eq!(names(store.expired_before(late, None, 2).await), ["node-2", "node-3"]);
    // Who asks for it by its id hears that it cannot be read, not that there is none.
    assert!(matches!(store.callback(CallbackId::new("node-1")).await, Err(Error::Failed { .. })));
    store.close().await.unwrap();
}

#[tokio::test]
async fn unreadable_line_is_left_out_of_its_timeline() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    store.commit(vec![line("first"), line("second")]).await.unwrap();
    run_outside(folder.path(), "UPDATE timeline SET detail = '{' WHERE name = 'first'").await;
    let lines = store.timeline(CallbackId::new("node-1")).await.unwrap();
    assert_eq!(lines.iter().map(|line| line.name.as_str()).collect::<Vec<_>>(), ["second"]);
    store.close().await.unwrap();
}
