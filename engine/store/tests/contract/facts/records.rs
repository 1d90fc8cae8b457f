//! Attempts, timelines, messages, reservations, charts, values and reports.

use store::{Store, Write};
use vocabulary::{AttemptNo, CallbackId};

use super::{done, refused};
use crate::rows::{at, attempt, booking, line, message, report};

//= decision: D-120 an attempt number is used once
pub(crate) async fn dial_attempt_is_inserted_once(store: &dyn Store) {
    done(store, [Write::InsertDialAttempt(attempt("node-1", 1))]).await;
    let mut again = attempt("node-1", 1);
    again.started_at = at(9_999);
    let what = refused(store, [Write::InsertDialAttempt(again.clone())]).await;
    assert!(what.contains("dial attempt 1 of callback node-1 exists already"), "{what}");
    refused(
        store,
        [Write::InsertDialAttempt(attempt("node-1", 2)), Write::InsertDialAttempt(attempt("node-1", 2))],
    )
    .await;
    done(store, [Write::InsertDialAttempt(attempt("node-2", 1))]).await;
    assert_eq!(store.dial_attempts(CallbackId::new("node-1")).await, Ok(vec![attempt("node-1", 1)]));
}

pub(crate) async fn dial_attempt_ends_with_its_call_state(store: &dyn Store) {
    let finish = |callback: &str, attempt, call_state| Write::FinishDialAttempt {
        callback: CallbackId::new(callback),
        attempt: AttemptNo(attempt),
        call_state,
    };
    done(
        store,
        [
            Write::InsertDialAttempt(attempt("node-1", 10)),
            Write::InsertDialAttempt(attempt("node-1", 9)),
            finish("node-1", 9, 255),
            finish("node-1", 8, 6),
            finish("unknown", 9, 6),
        ],
    )
    .await;
    let mut finished = attempt("node-1", 9);
    finished.call_state = Some(255);
    assert_eq!(
        store.dial_attempts(CallbackId::new("node-1")).await,
        Ok(vec![finished, attempt("node-1", 10)])
    );
}

pub(crate) async fn timeline_keeps_the_order_of_writing(store: &dyn Store) {
    let mut late = line(Some("node-1"), Some("S"), "written first");
    late.at = at(99);
    let lines = [late, line(Some("node-1"), None, "second"), line(Some("node-1"), None, "second")];
    for row in &lines {
        let others = [line(None, Some("S"), "session only"), line(Some("node-2"), None, "other")];
        done(store, others.map(Write::AppendTimeline)).await;
        done(store, [Write::AppendTimeline(row.clone())]).await;
    }
    assert_eq!(store.timeline(CallbackId::new("node-1")).await.unwrap(), lines);
}

pub(crate) async fn messages_wait_until_they_are_due(store: &dyn Store) {
    let mut retried = message("c", None, 25);
    retried.attempts = u32::MAX;
    done(
        store,
        [
            Write::PutOutbox(message("b", Some("node-1"), 20)),
            Write::PutOutbox(message("a", Some("node-1"), 20)),
            Write::PutOutbox(message("c", None, 1)),
            Write::PutOutbox(message("d", None, 1)),
            Write::PutOutbox(message("e", None, 30)),
            Write::PutOutbox(retried.clone()),
            Write::DeleteOutbox("d".to_owned()),
            Write::DeleteOutbox("unknown".to_owned()),
        ],
    )
    .await;
    let due = [message("a", Some("node-1"), 20), message("b", Some("node-1"), 20), retried];
    assert_eq!(store.outbox_before(at(30), 99, vec![]).await.unwrap(), due);
    assert_eq!(store.outbox_before(at(30), 1, vec![]).await.unwrap(), due[..1]);
    let targets = due.iter().map(|message| message.target.clone()).collect();
    assert_eq!(store.outbox_before(at(30), 99, targets).await.unwrap(), vec![]);
}

pub(crate) async fn messages_beneath_a_target_are_left_out_with_it(store: &dyn Store) {
    let to = |id: &str, target: &str| {
        let mut message = message(id, None, 1);
        target.clone_into(&mut message.target);
        message
    };
    let rows = [
        to("1", "http://a.example/x"),
        to("2", "http://a.example"),
        to("3", "http://a.example.org/x"),
        to("4", "device_%"),
    ];
    done(store, rows.clone().map(Write::PutOutbox)).await;
    let except = vec!["http://a.example".to_owned()];
    assert_eq!(store.outbox_before(at(30), 99, except).await.unwrap(), rows[2..]);
    let except = vec!["http:".to_owned(), "https:".to_owned()];
    assert_eq!(store.outbox_before(at(30), 99, except).await.unwrap(), rows[3..]);
}

pub(crate) async fn pair_of_number_and_code_has_one_holder(store: &dyn Store) {
    let number = "+12025550150";
    let held = [None, Some(""), Some("1"), Some("2")];
    let rows = held.map(|code| booking(number, code, "node-1", 50));
    done(store, rows.clone().map(Write::InsertBooking)).await;
    for code in held {
        let what = refused(store, [Write::InsertBooking(booking(number, code, "node-2", 60))]).await;
        assert!(what.contains("is reserved for callback node-1"), "{what}");
    }
    done(store, [Write::InsertBooking(booking("+12025550151", Some("1"), "node-2", 60))]).await;
    assert_eq!(store.bookings(Some(number.to_owned()), at(0)).await.unwrap(), rows, "ordered by code");

    done(store, [Write::InsertBooking(booking(number, Some("1"), "node-1", 70))]).await;
    let renewed = store.bookings(Some(number.to_owned()), at(50)).await;
    assert_eq!(renewed, Ok(vec![booking(number, Some("1"), "node-1", 70)]), "the holder may renew");

    done(store, [Write::DeleteBookings(CallbackId::new("node-1"))]).await;
    assert_eq!(store.bookings(None, at(0)).await, Ok(vec![booking("+12025550151", Some("1"), "node-2", 60)]));
}

pub(crate) async fn reservation_lives_until_its_end(store: &dyn Store) {
    let row = booking("+12025550150", None, "node-1", 50);
    done(store, [Write::InsertBooking(row.clone())]).await;
    for number in [None, Some("+12025550150".to_owned())] {
        assert_eq!(store.bookings(number.clone(), at(49)).await, Ok(vec![row.clone()]));
        assert_eq!(store.bookings(number, at(50)).await, Ok(vec![]));
    }
    assert_eq!(store.bookings(Some("+12025550151".to_owned()), at(49)).await, Ok(vec![]));
}

pub(crate) async fn expired_reservation_can_make_room(store: &dyn Store) {
    let number = "+12025550150";
    done(store, [Write::InsertBooking(booking(number, None, "node-1", 50))]).await;
    let successor = Write::InsertBooking(booking(number, None, "node-2", 90));
    refused(store, [Write::DeleteExpiredBookings { at: at(49) }, successor.clone()]).await;
    done(store, [Write::DeleteExpiredBookings { at: at(50) }, successor]).await;
    assert_eq!(store.bookings(None, at(0)).await, Ok(vec![booking(number, None, "node-2", 90)]));
}

pub(crate) async fn chart_keeps_its_first_text(store: &dyn Store) {
    let put = |text: &str| Write::PutChart { hash: "h".to_owned(), text: text.to_owned() };
    done(store, [put("first")]).await;
    done(store, [put("second")]).await;
    assert_eq!(store.chart("h".to_owned()).await, Ok(Some("first".to_owned())));
}

pub(crate) async fn shared_value_keeps_its_first_text(store: &dyn Store) {
    let put = |text: &str| Write::PutSharedValue { hash: "h".to_owned(), text: text.to_owned() };
    assert_eq!(store.shared_value("h".to_owned()).await, Ok(None));
    done(store, [put("first")]).await;
    done(store, [put("second")]).await;
    assert_eq!(store.shared_value("h".to_owned()).await, Ok(Some("first".to_owned())));
    assert_eq!(store.chart("h".to_owned()).await, Ok(None), "charts are others");
}

pub(crate) async fn value_is_replaced(store: &dyn Store) {
    let put = |value: &str| Write::PutMeta { name: "clock".to_owned(), value: value.to_owned() };
    done(store, [put("1")]).await;
    done(store, [put("2"), put("3")]).await;
    assert_eq!(store.meta("clock".to_owned()).await, Ok(Some("3".to_owned())));
}

pub(crate) async fn reports_keep_the_order_of_writing(store: &dyn Store) {
    done(store, [report("node-1", "b"), report("node-2", "x"), report("node-1", "a")]).await;
    done(store, [report("node-1", "b")]).await;
    assert_eq!(
        store.reports(CallbackId::new("node-1")).await,
        Ok(["b", "a", "b"].map(str::to_owned).to_vec())
    );
}
