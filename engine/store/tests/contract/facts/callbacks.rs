//! Records of callbacks.

use serde_json::json;
use store::{Store, Write};
use vocabulary::CallbackState::{Completed, Processing, Queued, Routing, Scheduled};
use vocabulary::{AttemptNo, CallbackId, CompletionReason, SessionId};

use super::{done, refused};
use crate::rows::{
    at, attempt, booking, callback, effect, insert, line, message, object, put_session, queue_entry, report,
    session, timer, update,
};

pub(crate) async fn record_is_read_as_it_was_written(store: &dyn Store) {
    let mut full = callback("node-1");
    full.state = Completed;
    full.reason = Some(CompletionReason::new("Called the neighbour"));
    full.session = Some(SessionId::new("S1"));
    full.attempts = AttemptNo(u32::MAX);
    full.desired_time = at(-1);
    full.expires_at = at(i64::MAX);
    full.properties = object(json!({
        "_quote\"": "it's \\ \u{0}\n",
        "_float": 0.1 + 0.2,
        "_small": 5e-324,
        "_large": u64::MAX,
        "_nested": {"list": [1, null, true, "ü"]},
    }));
    full.user_data = object(json!({"": "", "näme": "välue"}));
    let mut bare = callback("node-2");
    bare.customer_number = None;
    done(store, [insert(&full), insert(&bare)]).await;

    assert_eq!(store.callback(full.id.clone()).await, Ok(Some(full)));
    assert_eq!(store.callback(bare.id.clone()).await, Ok(Some(bare)));
}

pub(crate) async fn what_could_not_be_read_again_is_refused(store: &dyn Store) {
    let deep = |depth: usize| (0..depth).fold(json!(1), |inner, _| json!([inner]));
    let mut row = callback("node-1");
    row.properties = object(json!({ "_deep": deep(99) }));
    done(store, [insert(&row)]).await;
    assert_eq!(store.callback(row.id.clone()).await, Ok(Some(row.clone())));
    let mut deeper = row.clone();
    deeper.user_data = object(json!({ "deep": deep(100) }));
    let told = refused(store, [update(&deeper, None)]).await;
    assert!(told.contains("node-1") && told.contains("nested deeper than 100"), "{told}");
    let other = store::CallbackRow { id: CallbackId::new("node-2"), ..deeper };
    refused(store, [insert(&other)]).await;
    let line = store::TimelineRow { detail: deep(101), ..line(Some("node-1"), None, "too deep") };
    refused(store, [Write::AppendTimeline(line)]).await;
    assert_eq!(store.callbacks(store::CallbackQuery::default()).await, Ok(vec![row]));
}

pub(crate) async fn second_record_with_an_id_is_refused(store: &dyn Store) {
    let first = callback("node-1");
    let mut second = callback("node-1");
    second.state = Scheduled;
    done(store, [insert(&first)]).await;

    let what = refused(store, [insert(&second)]).await;
    assert!(what.contains("node-1 exists already"), "{what}");
    assert_eq!(store.callback(first.id.clone()).await, Ok(Some(first)));
    assert_eq!(store.scheduled_before(at(i64::MAX), 9).await, Ok(vec![]));
}

pub(crate) async fn update_replaces_the_record(store: &dyn Store) {
    let mut row = callback("node-1");
    row.state = Scheduled;
    row.properties = object(json!({"_before": 1}));
    done(store, [insert(&row)]).await;
    row.state = Queued;
    row.properties = object(json!({"_after": 2}));
    row.desired_time = at(77);
    done(store, [update(&row, Some(Scheduled))]).await;
    assert_eq!(store.callback(row.id.clone()).await, Ok(Some(row.clone())));

    row.customer_number = None;
    done(store, [update(&row, None)]).await;
    assert_eq!(store.callback(row.id.clone()).await, Ok(Some(row)));
}

pub(crate) async fn update_of_an_unknown_record_is_refused(store: &dyn Store) {
    for expected in [None, Some(Queued)] {
        let what = refused(store, [update(&callback("node-1"), expected)]).await;
        assert!(what.contains("node-1 does not exist"), "{what}");
    }
    assert_eq!(store.callback(CallbackId::new("node-1")).await, Ok(None));
}

pub(crate) async fn update_from_another_state_is_refused(store: &dyn Store) {
    let mut row = callback("node-1");
    done(store, [insert(&row)]).await;
    row.state = Processing;
    let what = refused(store, [update(&row, Some(Routing))]).await;
    assert!(what.contains("is QUEUED, expected was ROUTING"), "{what}");
    assert_eq!(store.callback(row.id.clone()).await, Ok(Some(callback("node-1"))));
}

pub(crate) async fn completed_is_final(store: &dyn Store) {
    let mut row = callback("node-1");
    row.state = Completed;
    done(store, [insert(&row)]).await;
    for next in vocabulary::CallbackState::ALL {
        row.state = next;
        refused(store, [update(&row, None)]).await;
        if next != Completed {
            refused(store, [update(&row, Some(Completed))]).await;
        }
    }
    let stored = store.callback(row.id).await.unwrap().unwrap();
    assert_eq!(stored.state, Completed);
}

pub(crate) async fn completed_record_may_be_given_keys(store: &dyn Store) {
    let mut row = callback("node-1");
    row.state = Completed;
    done(store, [insert(&row)]).await;
    row.properties = object(json!({"_disposition": "sold"}));
    done(store, [update(&row, Some(Completed))]).await;
    assert_eq!(store.callback(row.id.clone()).await, Ok(Some(row)));
}

/// Everything that can be kept about a callback, with two generations of sessions below it.
fn everything_about(id: &str) -> Vec<Write> {
    let own = format!("{id}-own");
    let child = format!("{id}-child");
    let grandchild = format!("{id}-grandchild");
    let mut child_row = session(&child, None);
    child_row.parent = Some(SessionId::new(&own));
    let mut grandchild_row = session(&grandchild, None);
    grandchild_row.parent = Some(SessionId::new(&child));
    grandchild_row.ended_at = Some(at(4));
    vec![
        insert(&callback(id)),
        put_session(&session(&own, Some(id))),
        put_session(&child_row),
        put_session(&grandchild_row),
        Write::PutEffect(effect(&own, 0, 0)),
        Write::PutEffect(effect(&child, 0, 0)),
        Write::PutTimer(timer(&own, "t", 5)),
        Write::PutTimer(timer(&child, "t", 5)),
        Write::PutQueueEntry(queue_entry(&own, 1)),
        Write::InsertDialAttempt(attempt(id, 1)),
        Write::AppendTimeline(line(Some(id), Some(&own), "a")),
        Write::AppendTimeline(line(None, Some(&child), "b")),
        Write::PutOutbox(message(&format!("{id}-message"), Some(id), 5)),
        Write::InsertBooking(booking("+12025550150", Some(id), id, 50)),
        report(id, "{}"),
    ]
}

pub(crate) async fn deletion_leaves_nothing_of_the_callback_and_all_of_others(store: &dyn Store) {
    let (kept, gone) = (CallbackId::new("kept"), CallbackId::new("gone"));
    done(store, everything_about("kept")).await;
    done(store, everything_about("gone")).await;
    done(store, [Write::DeleteCallback(gone.clone()), Write::DeleteCallback(CallbackId::new("unknown"))])
        .await;

    assert_eq!(store.callback(gone.clone()).await, Ok(None));
    assert_eq!(store.dial_attempts(gone.clone()).await, Ok(vec![]));
    assert_eq!(store.timeline(gone.clone()).await, Ok(vec![]));
    assert_eq!(store.reports(gone).await, Ok(vec![]));
    for session in ["gone-own", "gone-child", "gone-grandchild"] {
        assert_eq!(store.session(SessionId::new(session)).await, Ok(None), "{session}");
    }

    assert!(store.callback(kept.clone()).await.unwrap().is_some());
    assert_eq!(store.dial_attempts(kept.clone()).await, Ok(vec![attempt("kept", 1)]));
    assert_eq!(store.timeline(kept.clone()).await, Ok(vec![line(Some("kept"), Some("kept-own"), "a")]));
    assert_eq!(store.reports(kept).await, Ok(vec!["{}".to_owned()]));
    let running: Vec<_> = store.running_sessions().await.unwrap().into_iter().map(|row| row.id).collect();
    assert_eq!(running, [SessionId::new("kept-child"), SessionId::new("kept-own")]);
    assert_eq!(store.open_effects().await, Ok(vec![effect("kept-child", 0, 0), effect("kept-own", 0, 0)]));
    assert_eq!(
        store.timers_before(at(99), 99).await,
        Ok(vec![timer("kept-child", "t", 5), timer("kept-own", "t", 5)])
    );
    assert_eq!(store.queue_entries().await, Ok(vec![queue_entry("kept-own", 1)]));
    assert_eq!(
        store.outbox_before(at(99), 99, vec![]).await,
        Ok(vec![message("kept-message", Some("kept"), 5)])
    );
    assert_eq!(
        store.bookings(None, at(0)).await,
        Ok(vec![booking("+12025550150", Some("kept"), "kept", 50)])
    );
}

pub(crate) async fn deleted_id_may_be_used_again(store: &dyn Store) {
    done(store, everything_about("node-1")).await;
    done(store, [Write::DeleteCallback(CallbackId::new("node-1"))]).await;
    done(store, everything_about("node-1")).await;
    assert_eq!(store.dial_attempts(CallbackId::new("node-1")).await, Ok(vec![attempt("node-1", 1)]));
}

pub(crate) async fn children_of_another_callback_survive(store: &dyn Store) {
    let mut child = session("child", Some("other"));
    child.parent = Some(SessionId::new("parent"));
    // Parents in a circle do not come from the engine; they must not hang it either.
    let mut strange = session("strange", None);
    strange.parent = Some(SessionId::new("strange"));
    let parent = session("parent", Some("node-1"));
    done(
        store,
        [insert(&callback("node-1")), put_session(&parent), put_session(&child), put_session(&strange)],
    )
    .await;
    done(store, [Write::DeleteCallback(CallbackId::new("node-1"))]).await;
    assert_eq!(store.running_sessions().await, Ok(vec![child, strange]));
}
