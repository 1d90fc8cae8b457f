//! All or none, and in order.

use store::{CallbackQuery, EffectState, Store, Write};
use vocabulary::CallbackState::{Completed, Queued, Routing, Scheduled};
use vocabulary::{AttemptNo, CallbackId, SessionId};

use super::{done, refused};
use crate::rows::{
    at, attempt, booking, callback, effect, effect_id, insert, line, message, put_session, queue_entry,
    report, session, timer, update,
};
use crate::seeds::everything;

pub(crate) async fn writes_are_applied_in_order(store: &dyn Store) {
    let mut row = callback("node-1");
    row.state = Scheduled;
    let first = insert(&row);
    row.state = Queued;
    let second = update(&row, Some(Scheduled));
    row.state = Routing;
    let third = update(&row, Some(Queued));
    done(
        store,
        [first, second, third, Write::PutTimer(timer("S", "t", 1)), Write::PutTimer(timer("S", "t", 2))],
    )
    .await;
    assert_eq!(store.callback(row.id.clone()).await, Ok(Some(row)));
    assert_eq!(store.timers_before(at(9), 9).await, Ok(vec![timer("S", "t", 2)]));
}

/// One of each write, as a change of what [`before`] left; none is refused.
fn changes() -> Vec<Write> {
    let id = CallbackId::new("old");
    let mut routed = callback("old");
    routed.state = Routing;
    vec![
        insert(&callback("new")),
        update(&routed, Some(Queued)),
        put_session(&session("S9", None)),
        Write::EndSession { id: SessionId::new("S1"), at: at(6) },
        Write::DeleteEndedSessions { before: at(99) },
        Write::PutEffect(effect("S9", 0, 0)),
        Write::SetEffectState { id: effect_id("S2", 0, 0), state: EffectState::Started },
        Write::SetEffectState { id: effect_id("S2", 1, 0), state: EffectState::Done },
        Write::PutTimer(timer("S2", "t", 60)),
        Write::DeleteTimer { session: SessionId::new("S2"), id: "u".to_owned() },
        Write::PutQueueEntry(queue_entry("S9", 0)),
        Write::DeleteQueueEntry(effect_id("S2", 1, 0)),
        Write::InsertDialAttempt(attempt("old", 2)),
        Write::FinishDialAttempt { callback: id, attempt: AttemptNo(1), call_state: 6 },
        Write::AppendTimeline(line(Some("old"), None, "second")),
        Write::PutOutbox(message("m1", None, 70)),
        Write::DeleteOutbox("m2".to_owned()),
        Write::InsertBooking(booking("+12025550150", None, "old", 70)),
        Write::InsertBooking(booking("+12025550150", Some("12"), "old", 70)),
        Write::DeleteExpiredBookings { at: at(50) },
        Write::DeleteBookings(CallbackId::new("other")),
        Write::PutChart { hash: "h2".to_owned(), text: "{}".to_owned() },
        Write::PutSharedValue { hash: "h2".to_owned(), text: "{}".to_owned() },
        report("old", "2"),
        Write::PutMeta { name: "clock".to_owned(), value: "2".to_owned() },
        Write::DeleteCallback(CallbackId::new("doomed")),
    ]
}

async fn before(store: &dyn Store) {
    let mut completed = callback("completed");
    completed.state = Completed;
    let mut finished = session("S0", None);
    finished.ended_at = Some(at(3));
    done(
        store,
        [
            insert(&callback("old")),
            insert(&callback("doomed")),
            insert(&completed),
            put_session(&finished),
            put_session(&session("S1", Some("old"))),
            put_session(&session("S2", Some("doomed"))),
            Write::PutEffect(effect("S1", 0, 0)),
            Write::PutEffect(effect("S2", 0, 0)),
            Write::PutEffect(effect("S2", 1, 0)),
            Write::PutTimer(timer("S1", "t", 50)),
            Write::PutTimer(timer("S2", "t", 50)),
            Write::PutTimer(timer("S2", "u", 50)),
            Write::PutQueueEntry(queue_entry("S1", 0)),
            Write::PutQueueEntry(queue_entry("S2", 1)),
            Write::InsertDialAttempt(attempt("old", 1)),
            Write::AppendTimeline(line(Some("old"), None, "first")),
            Write::AppendTimeline(line(Some("doomed"), None, "first")),
            Write::PutOutbox(message("m1", Some("doomed"), 50)),
            Write::PutOutbox(message("m2", Some("doomed"), 50)),
            Write::InsertBooking(booking("+12025550150", None, "old", 40)),
            Write::InsertBooking(booking("+12025550151", None, "old", 40)),
            Write::InsertBooking(booking("+12025550151", Some("7"), "other", 90)),
            report("old", "1"),
            report("doomed", "1"),
            Write::PutMeta { name: "clock".to_owned(), value: "1".to_owned() },
        ],
    )
    .await;
}

pub(crate) async fn refused_transaction_leaves_nothing_behind(store: &dyn Store) {
    before(store).await;
    let found = everything(store).await;
    let mut scheduled = callback("completed");
    scheduled.state = Scheduled;
    let conflicts = [
        insert(&callback("old")),
        insert(&callback("new")),
        update(&callback("old"), Some(Queued)),
        update(&callback("unknown"), None),
        update(&scheduled, None),
        Write::InsertDialAttempt(attempt("old", 1)),
        Write::InsertDialAttempt(attempt("old", 2)),
        Write::InsertBooking(booking("+12025550150", Some("12"), "third", 99)),
    ];
    for conflict in conflicts {
        let mut writes = changes();
        writes.push(conflict.clone());
        writes.push(Write::PutMeta { name: "after".to_owned(), value: "conflict".to_owned() });
        refused(store, writes).await;
        assert_eq!(everything(store).await, found, "after {conflict:?}");
    }
    done(store, changes()).await;
    assert_ne!(everything(store).await, found);
}

pub(crate) async fn transaction_without_writes_succeeds(store: &dyn Store) {
    done(store, []).await;
    assert_eq!(store.count_callbacks(CallbackQuery::default()).await, Ok(0));
}
