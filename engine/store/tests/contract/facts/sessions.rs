//! Sessions and what they have to do still.

use store::{EffectState, SessionRow, Store, Write};
use vocabulary::{CallbackId, SessionId};

use super::done;
use crate::rows::{at, effect, effect_id, insert, line, put_session, queue_entry, session, timer};

pub(crate) async fn session_is_read_as_it_was_written(store: &dyn Store) {
    let full = SessionRow {
        parent: Some(SessionId::new("P")),
        invokeid: Some("plugin".to_owned()),
        ended_at: Some(at(9)),
        ..session("S1", Some("node-1"))
    };
    let bare = session("S2", None);
    done(store, [put_session(&full), put_session(&bare)]).await;
    assert_eq!(store.session(full.id.clone()).await, Ok(Some(full)));
    assert_eq!(store.session(bare.id.clone()).await, Ok(Some(bare)));
}

pub(crate) async fn running_sessions_are_ordered_by_id(store: &dyn Store) {
    let mut changed = session("B", None);
    changed.snapshot = "{\"v\":2}".to_owned();
    let mut ended = session("C", None);
    ended.ended_at = Some(at(1));
    let rows = [session("B", None), session("A", None), ended, changed.clone()];
    done(store, rows.iter().map(put_session).collect::<Vec<_>>()).await;
    let ids = ["A", "B"].map(SessionId::new).to_vec();
    assert_eq!(store.running_session_ids().await, Ok(ids));
    assert_eq!(store.running_sessions().await, Ok(vec![session("A", None), changed]));
}

fn busy(id: &str) -> Vec<Write> {
    vec![
        put_session(&session(id, Some("node-1"))),
        Write::PutEffect(effect(id, 0, 0)),
        Write::PutEffect(effect(id, u64::from(u32::MAX), u32::MAX)),
        Write::PutTimer(timer(id, "", 5)),
        Write::PutTimer(timer(id, "t", 5)),
        Write::PutQueueEntry(queue_entry(id, 7)),
        Write::AppendTimeline(line(Some("node-1"), Some(id), "entered")),
    ]
}

pub(crate) async fn ended_session_keeps_its_row_only(store: &dyn Store) {
    done(store, busy("S")).await;
    done(store, busy("S2")).await;
    done(store, [Write::EndSession { id: SessionId::new("S"), at: at(42) }]).await;

    let ended = SessionRow {
        snapshot: String::new(),
        context: String::new(),
        ended_at: Some(at(42)),
        ..session("S", Some("node-1"))
    };
    assert_eq!(store.session(SessionId::new("S")).await, Ok(Some(ended)));
    assert_eq!(store.running_sessions().await, Ok(vec![session("S2", Some("node-1"))]));
    let effects: Vec<_> = store.open_effects().await.unwrap().into_iter().map(|row| row.id).collect();
    assert_eq!(effects, [effect_id("S2", 0, 0), effect_id("S2", u64::from(u32::MAX), u32::MAX)]);
    assert_eq!(store.timers_before(at(9), 9).await, Ok(vec![timer("S2", "", 5), timer("S2", "t", 5)]));
    assert_eq!(store.queue_entries().await, Ok(vec![queue_entry("S2", 7)]));
    assert_eq!(store.timeline(CallbackId::new("node-1")).await.unwrap().len(), 2);
}

pub(crate) async fn first_end_counts(store: &dyn Store) {
    done(store, busy("S")).await;
    for end in [42, 43] {
        done(store, [Write::EndSession { id: SessionId::new("S"), at: at(end) }]).await;
    }
    assert_eq!(store.session(SessionId::new("S")).await.unwrap().unwrap().ended_at, Some(at(42)));
}

pub(crate) async fn end_of_an_unknown_session_still_empties_it(store: &dyn Store) {
    done(store, [Write::PutTimer(timer("S", "t", 5))]).await;
    done(store, [Write::EndSession { id: SessionId::new("S"), at: at(1) }]).await;
    assert_eq!(store.session(SessionId::new("S")).await, Ok(None));
    assert_eq!(store.timers_before(at(9), 9).await, Ok(vec![]));
}

pub(crate) async fn ended_sessions_without_callback_are_pruned(store: &dyn Store) {
    let ended = |id: &str, callback: Option<&str>, end: i64| SessionRow {
        ended_at: Some(at(end)),
        ..session(id, callback)
    };
    let rows = [
        ended("old", None, 9),
        ended("recent", None, 10),
        ended("owned", Some("node-1"), 1),
        session("running", None),
    ];
    done(store, rows.iter().map(put_session).collect::<Vec<_>>()).await;
    done(store, [insert(&crate::rows::callback("node-1"))]).await;
    done(store, [Write::AppendTimeline(line(Some("node-1"), Some("old"), "kept"))]).await;
    done(store, [Write::DeleteEndedSessions { before: at(10) }]).await;
    for (id, is_there) in [("old", false), ("recent", true), ("owned", true), ("running", true)] {
        let found = store.session(SessionId::new(id)).await.unwrap();
        assert_eq!(found.is_some(), is_there, "{id}");
    }
    assert_eq!(store.timeline(CallbackId::new("node-1")).await.unwrap().len(), 1);
}

pub(crate) async fn open_effects_are_ordered_and_change_state(store: &dyn Store) {
    let places = [("B", 0, 0), ("A", 10, 0), ("A", 9, 10), ("A", 9, 2)];
    let writes = places.map(|(session, step, index)| Write::PutEffect(effect(session, step, index)));
    done(store, writes).await;
    let set = |id, state| Write::SetEffectState { id, state };
    done(
        store,
        [
            set(effect_id("A", 9, 2), EffectState::Started),
            set(effect_id("A", 9, 10), EffectState::Unknown),
            set(effect_id("B", 0, 0), EffectState::Done),
            set(effect_id("unknown", 0, 0), EffectState::Started),
            set(effect_id("unknown", 0, 0), EffectState::Done),
        ],
    )
    .await;
    let mut replaced = effect("A", 10, 0);
    replaced.repeatable = false;
    replaced.action = "{}".to_owned();
    done(store, [Write::PutEffect(replaced.clone())]).await;

    let found = store.open_effects().await.unwrap();
    let states: Vec<_> = found.iter().map(|row| (row.id.step, row.id.index, row.state)).collect();
    assert_eq!(
        states,
        [(9, 2, EffectState::Started), (9, 10, EffectState::Unknown), (10, 0, EffectState::Intended)]
    );
    assert_eq!(found.last(), Some(&replaced));

    replaced.state = EffectState::Done;
    done(store, [Write::PutEffect(replaced)]).await;
    assert_eq!(store.open_effects().await.unwrap().len(), 2, "an effect written as done is not open");
}

pub(crate) async fn timers_are_replaced_removed_and_ordered(store: &dyn Store) {
    for (session, id, due) in
        [("B", "x", 20), ("A", "y", 20), ("A", "x", 20), ("C", "x", 30), ("D", "x", 5), ("E", "x", 1)]
    {
        done(store, [Write::PutTimer(timer(session, id, due))]).await;
    }
    done(
        store,
        [
            Write::PutTimer(timer("D", "x", 25)),
            Write::DeleteTimer { session: SessionId::new("E"), id: "x".to_owned() },
            Write::DeleteTimer { session: SessionId::new("E"), id: "unknown".to_owned() },
        ],
    )
    .await;
    let all = [
        timer("A", "x", 20),
        timer("A", "y", 20),
        timer("B", "x", 20),
        timer("D", "x", 25),
        timer("C", "x", 30),
    ];
    assert_eq!(store.timers_before(at(31), 99).await.unwrap(), all);
    assert_eq!(store.timers_before(at(30), 99).await.unwrap(), all[..4], "due at 30 is not before 30");
    assert_eq!(store.timers_before(at(31), 2).await.unwrap(), all[..2]);
}

pub(crate) async fn queue_entries_are_replaced_removed_and_ordered(store: &dyn Store) {
    let mut replaced = queue_entry("A", 10);
    replaced.entry = "{\"priority\":9}".to_owned();
    done(
        store,
        [
            Write::PutQueueEntry(queue_entry("B", 1)),
            Write::PutQueueEntry(queue_entry("A", 10)),
            Write::PutQueueEntry(queue_entry("A", 9)),
            Write::PutQueueEntry(queue_entry("C", 1)),
            Write::PutQueueEntry(replaced.clone()),
            Write::DeleteQueueEntry(effect_id("C", 1, 0)),
            Write::DeleteQueueEntry(effect_id("unknown", 1, 0)),
        ],
    )
    .await;
    assert_eq!(store.queue_entries().await, Ok(vec![queue_entry("A", 9), replaced, queue_entry("B", 1)]));
}
