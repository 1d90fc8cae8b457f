//! Lists of callbacks.

use serde_json::json;
use store::{CallbackQuery, CallbackRow, Store};
use vocabulary::CallbackState::{Completed, Queued, Routing, Scheduled};
use vocabulary::{CallbackId, CallbackState, PhoneNumber, ServiceName, SessionId};

use super::done;
use crate::rows::{at, callback, insert, object};

async fn ids(store: &dyn Store, query: CallbackQuery) -> Vec<String> {
    let rows = store.callbacks(query).await.unwrap();
    rows.iter().map(|row| row.id.to_string()).collect()
}

pub(crate) async fn empty_store_answers_nothing(store: &dyn Store) {
    let (callback, session) = (CallbackId::new("x"), SessionId::new("x"));
    assert_eq!(store.callback(callback.clone()).await, Ok(None));
    assert_eq!(store.callbacks(CallbackQuery::default()).await, Ok(vec![]));
    assert_eq!(store.count_callbacks(CallbackQuery::default()).await, Ok(0));
    assert_eq!(store.scheduled_before(at(i64::MAX), 1).await, Ok(vec![]));
    assert_eq!(store.expired_before(at(i64::MAX), 1).await, Ok(vec![]));
    assert_eq!(store.session(session).await, Ok(None));
    assert_eq!(store.running_sessions().await, Ok(vec![]));
    assert_eq!(store.open_effects().await, Ok(vec![]));
    assert_eq!(store.timers_before(at(i64::MAX), 1).await, Ok(vec![]));
    assert_eq!(store.queue_entries().await, Ok(vec![]));
    assert_eq!(store.dial_attempts(callback.clone()).await, Ok(vec![]));
    assert_eq!(store.timeline(callback.clone()).await, Ok(vec![]));
    assert_eq!(store.outbox_before(at(i64::MAX), 1, vec![]).await, Ok(vec![]));
    assert_eq!(store.bookings(None, at(i64::MIN)).await, Ok(vec![]));
    assert_eq!(store.reports(callback).await, Ok(vec![]));
    assert_eq!(store.chart("x".to_owned()).await, Ok(None));
    assert_eq!(store.meta("x".to_owned()).await, Ok(None));
}

fn query(narrow: impl FnOnce(&mut CallbackQuery)) -> CallbackQuery {
    let mut query = CallbackQuery::default();
    narrow(&mut query);
    query
}

/// Records that differ from the one named `base` in one thing each.
fn neighbours() -> Vec<CallbackRow> {
    let changed = |id: &str, change: fn(&mut CallbackRow)| {
        let mut row = callback(id);
        change(&mut row);
        row
    };
    vec![
        callback("base"),
        changed("early", |row| row.desired_time = at(999)),
        changed("late", |row| row.desired_time = at(1_001)),
        changed("nameless", |row| row.customer_number = None),
        changed("number", |row| row.customer_number = Some(PhoneNumber::new("+12025550199"))),
        changed("requested", |row| row.requested_at = at(899)),
        changed("service", |row| row.service = ServiceName::new("sales")),
        changed("state", |row| row.state = Routing),
    ]
}

pub(crate) async fn every_field_narrows(store: &dyn Store) {
    let rows = neighbours();
    let base = callback("base");
    done(store, rows.iter().map(insert).collect::<Vec<_>>()).await;

    let number = base.customer_number.clone();
    let service = Some(base.service.clone());
    let cases: [(CallbackQuery, &[&str]); 10] = [
        (query(|_all| ()), &[]),
        (query(|all| all.service = service.clone()), &["service"]),
        (query(|all| all.except_services = vec![ServiceName::new("sales")]), &["service"]),
        (query(|all| all.customer_number = number.clone()), &["number", "nameless"]),
        (query(|all| all.states = vec![Queued]), &["state"]),
        (query(|all| all.states = vec![Queued, Routing, Completed]), &[]),
        (query(|all| all.desired_from = Some(at(1_000))), &["early"]),
        (query(|all| all.desired_to = Some(at(1_001))), &["late"]),
        (query(|all| all.requested_from = Some(at(900))), &["requested"]),
        (
            CallbackQuery {
                service: service.clone(),
                except_services: vec![],
                customer_number: number.clone(),
                states: vec![Queued],
                properties: vec![],
                desired_from: Some(at(1_000)),
                desired_to: Some(at(1_001)),
                requested_from: Some(at(900)),
                limit: 3,
            },
            &["early", "late", "nameless", "number", "requested", "service", "state"],
        ),
    ];
    for (query, missing) in cases {
        let mut expected: Vec<_> = rows.iter().filter(|row| !missing.contains(&row.id.as_str())).collect();
        expected.sort_by_key(|row| (row.desired_time, row.id.clone()));
        let expected: Vec<_> = expected.iter().map(|row| row.id.to_string()).collect();
        assert_eq!(ids(store, query.clone()).await, expected, "{query:?}");
        let count = store.count_callbacks(query.clone()).await.unwrap();
        assert_eq!(count, u64::try_from(expected.len()).unwrap(), "{query:?}");
    }
}

pub(crate) async fn properties_are_compared_as_text(store: &dyn Store) {
    let mut row = callback("one");
    row.properties = object(json!({
        "_text": "a \"b\" %_",
        "_number": 5,
        "_flag": true,
        "_float": 1.50,
        "_list": [1, 2],
        "_nested": {"_inner": "x"},
        "_null": null,
    }));
    row.user_data = object(json!({"name": "Ada", "five": "5"}));
    done(store, [insert(&row), insert(&callback("two"))]).await;

    let by = |pairs: &[(&str, &str)]| CallbackQuery {
        properties: pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect(),
        ..CallbackQuery::default()
    };
    for found in [
        &[("_text", "a \"b\" %_")][..],
        &[("_number", "5")],
        &[("_flag", "true")],
        &[("_float", "1.5")],
        &[("_list", "[1,2]")],
        &[("_null", "null")],
        &[("name", "Ada")],
        &[("five", "5"), ("_number", "5")],
    ] {
        assert_eq!(ids(store, by(found)).await, ["one"], "{found:?}");
        assert_eq!(store.count_callbacks(by(found)).await, Ok(1), "{found:?}");
    }
    for missed in [
        &[("_text", "a")][..],
        &[("_number", "")],
        &[("_number", "5,")],
        &[("_inner", "x")],
        &[("name", "ada")],
        &[("name", "\"Ada\"")],
        &[("name", "Ada"), ("five", "6")],
        &[("", "")],
        &[("_null", "")],
    ] {
        assert_eq!(ids(store, by(missed)).await, Vec::<String>::new(), "{missed:?}");
        assert_eq!(store.count_callbacks(by(missed)).await, Ok(0), "{missed:?}");
    }
}

pub(crate) async fn list_is_ordered_and_limited(store: &dyn Store) {
    for (id, desired) in [("b", 20), ("a", 20), ("d", 10), ("c", 30)] {
        let mut row = callback(id);
        row.desired_time = at(desired);
        row.user_data = object(json!({"team": "blue"}));
        done(store, [insert(&row)]).await;
    }
    for properties in [vec![], vec![("team".to_owned(), "blue".to_owned())]] {
        for (limit, expected) in [(0, &["d", "a", "b", "c"][..]), (1, &["d"]), (3, &["d", "a", "b"])] {
            let query = CallbackQuery { limit, properties: properties.clone(), ..CallbackQuery::default() };
            assert_eq!(ids(store, query.clone()).await, expected, "{query:?}");
        }
    }
}

pub(crate) async fn list_without_limit_stops_at_500(store: &dyn Store) {
    let rows = (0..501).map(|number| insert(&callback(&format!("{number:03}"))));
    done(store, rows.collect::<Vec<_>>()).await;
    assert_eq!(ids(store, CallbackQuery::default()).await.len(), 500);
    let more = CallbackQuery { limit: 9_999, ..CallbackQuery::default() };
    assert_eq!(ids(store, more).await.len(), 501);
}

pub(crate) async fn count_stops_at_the_limit(store: &dyn Store) {
    done(store, [insert(&callback("a")), insert(&callback("b"))]).await;
    let query = CallbackQuery { limit: 1, ..CallbackQuery::default() };
    assert_eq!(store.count_callbacks(query).await, Ok(1));
    assert_eq!(store.count_callbacks(CallbackQuery::default()).await, Ok(2));
}

pub(crate) async fn only_scheduled_callbacks_become_due(store: &dyn Store) {
    for (id, state, desired) in [
        ("b", Scheduled, 20),
        ("a", Scheduled, 20),
        ("c", Scheduled, 10),
        ("d", Queued, 10),
        ("e", Scheduled, 30),
    ] {
        let mut row = callback(id);
        row.state = state;
        row.desired_time = at(desired);
        done(store, [insert(&row)]).await;
    }
    let due = async |before, limit| -> Vec<String> {
        let rows = store.scheduled_before(at(before), limit).await.unwrap();
        rows.iter().map(|row| row.id.to_string()).collect()
    };
    assert_eq!(due(30, 99).await, ["c", "a", "b"], "the end itself is not before it");
    assert_eq!(due(99, 2).await, ["c", "a"]);
    assert_eq!(due(99, 0).await, Vec::<String>::new());
}

pub(crate) async fn expired_callbacks_are_found_in_every_state(store: &dyn Store) {
    for (place, state) in (0..).zip(CallbackState::ALL) {
        let mut row = callback(state.as_str());
        row.state = state;
        row.expires_at = at(100 - place);
        done(store, [insert(&row)]).await;
    }
    let rows = store.expired_before(at(100), 4).await.unwrap();
    let found: Vec<_> = rows.iter().map(|row| row.id.as_str()).collect();
    assert_eq!(found, ["COMPLETED", "PAUSED", "PROCESSING", "ROUTING"]);
    assert_eq!(
        store.expired_before(at(100), 99).await.unwrap().len(),
        5,
        "SCHEDULED ends at 100, not before"
    );
}
