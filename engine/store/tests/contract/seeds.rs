//! Random transactions, applied to every store: each gives the same answers and the same reads.
//!
//! A failure names its seed; `RINGBACK_SEED=<seed> cargo test -p store --test contract seeds` repeats it alone.

use futures_util::future::join_all;
use rand::Rng;
use rand::SeedableRng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use store::{
    BookingRow, CallbackQuery, CallbackRow, EffectRow, EffectState, MemoryStore, Options, SessionRow,
    SqliteStore, Store, Write,
};
use vocabulary::{
    AttemptNo, CallbackId, CallbackState, CompletionReason, EffectId, PhoneNumber, ServiceName, SessionId,
    Timestamp,
};

use crate::rows::{
    at, attempt, booking, callback, effect, line, message, object, queue_entry, session, timer,
};

const SEEDS: u64 = 40;
const GROUPS: usize = 12;

const CALLBACKS: [&str; 4] = ["c0", "c1", "c2", "c3"];
const SESSIONS: [&str; 4] = ["s0", "s1", "s2", "s3"];
const NUMBERS: [&str; 2] = ["+12025550150", "+12025550151"];

#[tokio::test]
async fn random_transactions_are_the_same_in_every_store() {
    let seeds = match std::env::var("RINGBACK_SEED") {
        Ok(seed) => vec![seed.parse().expect("RINGBACK_SEED is a number")],
        Err(_absent) => (0..SEEDS).collect(),
    };
    for seed in seeds {
        compare(seed).await;
    }
}

async fn compare(seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = SqliteStore::open(folder.path(), Options::default()).await.unwrap();
    let memory = MemoryStore::new();
    let mut chance = Chance(ChaCha8Rng::seed_from_u64(seed));
    for group in 0..GROUPS {
        // Sent at once, they share a commit; their order is the order of sending.
        let transactions = chance.transactions();
        let together = transactions.iter().map(|writes| sqlite.commit(writes.clone()));
        let answers = join_all(together).await;
        for (writes, answer) in transactions.into_iter().zip(answers) {
            let expected = memory.commit(writes.clone()).await;
            assert_eq!(answer, expected, "RINGBACK_SEED={seed}, group {group}, {writes:#?}");
        }
        let expected = everything(&memory).await;
        assert_eq!(everything(&*sqlite).await, expected, "RINGBACK_SEED={seed}, after group {group}");
    }
    sqlite.close().await.unwrap();
    drop(sqlite);
    let reopened = SqliteStore::open(folder.path(), Options::default()).await.unwrap();
    let expected = everything(&memory).await;
    assert_eq!(everything(&*reopened).await, expected, "RINGBACK_SEED={seed}, reopened");
    let restarted = MemoryStore::on(memory.disk());
    assert_eq!(everything(&restarted).await, expected, "RINGBACK_SEED={seed}, restarted");
    reopened.close().await.unwrap();
}

/// All that can be read about the ids of these tests, one line for each question.
pub(crate) async fn everything(store: &dyn Store) -> Vec<String> {
    let mut answers = Vec::new();
    let callbacks = CALLBACKS.iter().chain(&["old", "new", "doomed", "completed"]);
    for id in callbacks.map(CallbackId::new) {
        answers.push(format!("{:?}", store.callback(id.clone()).await));
        answers.push(format!("{:?}", store.dial_attempts(id.clone()).await));
        answers.push(format!("{:?}", store.timeline(id.clone()).await));
        answers.push(format!("{:?}", store.reports(id).await));
    }
    let sessions = SESSIONS.iter().chain(&["S0", "S1", "S2", "S9"]);
    for id in sessions.map(SessionId::new) {
        answers.push(format!("{:?}", store.session(id).await));
    }
    for query in queries() {
        answers.push(format!("{:?}", store.callbacks(query.clone()).await));
        answers.push(format!("{:?}", store.count_callbacks(query).await));
    }
    for (before, limit) in [(i64::MAX, 99), (5, 99), (9, 2)] {
        answers.push(format!("{:?}", store.scheduled_before(at(before), None, limit).await));
        answers.push(format!("{:?}", store.expired_before(at(before), None, limit).await));
        answers.push(format!("{:?}", store.timers_before(at(before), limit).await));
        answers.push(format!("{:?}", store.outbox_before(at(before), limit, vec![]).await));
        for number in [None, Some(NUMBERS[0].to_owned())] {
            answers.push(format!("{:?}", store.bookings(number, at(before.min(99))).await));
        }
    }
    answers.push(format!("{:?}", store.running_sessions().await));
    answers.push(format!("{:?}", store.open_effects().await));
    answers.push(format!("{:?}", store.queue_entries().await));
    for name in ["x", "y", "clock", "after"] {
        answers.push(format!("{:?}", store.chart(name.to_owned()).await));
        answers.push(format!("{:?}", store.shared_value(name.to_owned()).await));
        answers.push(format!("{:?}", store.meta(name.to_owned()).await));
    }
    answers
}

fn queries() -> Vec<CallbackQuery> {
    let all = CallbackQuery::default;
    vec![
        all(),
        CallbackQuery { service: Some(ServiceName::new("sales")), desired_from: Some(at(5)), ..all() },
        CallbackQuery { customer_number: Some(PhoneNumber::new(NUMBERS[1])), limit: 1, ..all() },
        CallbackQuery { states: vec![CallbackState::Completed, CallbackState::Scheduled], ..all() },
        CallbackQuery { properties: vec![("_key".to_owned(), "3".to_owned())], ..all() },
        CallbackQuery { properties: vec![("key".to_owned(), "true".to_owned())], limit: 1, ..all() },
        CallbackQuery { desired_to: Some(at(5)), requested_from: Some(at(3)), ..all() },
    ]
}

struct Chance(ChaCha8Rng);

impl Chance {
    fn transactions(&mut self) -> Vec<Vec<Write>> {
        let count = self.0.random_range(1..6);
        (0..count).map(|_place| self.transaction()).collect()
    }

    fn transaction(&mut self) -> Vec<Write> {
        let count = self.0.random_range(0..8);
        (0..count).map(|_place| self.write()).collect()
    }

    fn one<'list>(&mut self, list: &[&'list str]) -> &'list str {
        list.choose(&mut self.0).expect("the list is not empty")
    }

    fn maybe<T>(&mut self, value: T) -> Option<T> {
        self.0.random_bool(0.5).then_some(value)
    }

    fn point(&mut self) -> Timestamp {
        at(self.0.random_range(0..10))
    }

    fn small(&mut self) -> u32 {
        self.0.random_range(0..3)
    }

    fn callback_id(&mut self) -> CallbackId {
        CallbackId::new(self.one(&CALLBACKS))
    }

    fn session_id(&mut self) -> SessionId {
        SessionId::new(self.one(&SESSIONS))
    }

    fn effect_id(&mut self) -> EffectId {
        EffectId { session: self.session_id(), step: u64::from(self.small()), index: self.small() }
    }

    fn effect_state(&mut self) -> EffectState {
        use EffectState::{Done, Intended, Started, Unknown};
        *[Intended, Started, Done, Unknown].choose(&mut self.0).expect("there are four")
    }

    fn text(&mut self) -> String {
        self.one(&["", "x", "{\"key\":3}", "ü'\""]).to_owned()
    }

    fn callback(&mut self) -> CallbackRow {
        let id = self.one(&CALLBACKS);
        let state = *CallbackState::ALL.choose(&mut self.0).expect("there are six");
        let values = [json!(3), json!("3"), json!(true), json!({"key": 3}), json!(0.1), json!(null)];
        let mut value = || values.choose(&mut self.0).expect("there are six").clone();
        let (property, user_value) = (value(), value());
        let number = PhoneNumber::new(self.one(&NUMBERS));
        CallbackRow {
            service: ServiceName::new(self.one(&["sales", "support"])),
            state,
            reason: self.maybe(CompletionReason::FAIL_ERROR),
            customer_number: self.maybe(number),
            desired_time: self.point(),
            requested_at: self.point(),
            expires_at: self.point(),
            updated_at: self.point(),
            attempts: AttemptNo(self.small()),
            properties: object(json!({"_key": property})),
            user_data: object(json!({"key": user_value})),
            ..callback(id)
        }
    }

    fn session(&mut self) -> SessionRow {
        let (owner, parent, end) = (self.one(&CALLBACKS), self.session_id(), self.point());
        let owner = self.maybe(owner);
        SessionRow {
            parent: self.maybe(parent),
            ended_at: self.maybe(end),
            snapshot: self.text(),
            ..session(self.one(&SESSIONS), owner)
        }
    }

    fn booking(&mut self) -> BookingRow {
        let code = self.one(&["", "1"]);
        let code = self.maybe(code);
        let expires_at = self.point();
        BookingRow { expires_at, ..booking(self.one(&NUMBERS), code, self.one(&CALLBACKS), 0) }
    }

    /// Any write. Inserts of records come more often, so that there is something to change.
    fn write(&mut self) -> Write {
        match self.0.random_range(0..27) {
            0..=2 => Write::InsertCallback(Box::new(self.callback())),
            3 => {
                let state = *CallbackState::ALL.choose(&mut self.0).expect("there are six");
                Write::UpdateCallback { row: Box::new(self.callback()), expected: self.maybe(state) }
            }
            4 => Write::DeleteCallback(self.callback_id()),
            5 | 6 => Write::PutSession(Box::new(self.session())),
            7 => Write::EndSession { id: self.session_id(), at: self.point() },
            8 => Write::DeleteEndedSessions { before: self.point() },
            9 => {
                let (state, repeatable) = (self.effect_state(), self.0.random());
                let base = effect(self.one(&SESSIONS), u64::from(self.small()), self.small());
                Write::PutEffect(EffectRow { state, repeatable, ..base })
            }
            10 => Write::SetEffectState { id: self.effect_id(), state: self.effect_state() },
            11 => Write::PutTimer(timer(self.one(&SESSIONS), self.one(&["", "t"]), self.point().as_millis())),
            12 => Write::DeleteTimer { session: self.session_id(), id: self.one(&["", "t"]).to_owned() },
            13 => Write::PutQueueEntry(queue_entry(self.one(&SESSIONS), u64::from(self.small()))),
            14 => Write::DeleteQueueEntry(self.effect_id()),
            15 => Write::InsertDialAttempt(attempt(self.one(&CALLBACKS), self.small())),
            16 => Write::FinishDialAttempt {
                callback: self.callback_id(),
                attempt: AttemptNo(self.small()),
                call_state: self.0.random(),
            },
            17 => {
                let (owner, session) = (self.one(&CALLBACKS), self.one(&SESSIONS));
                let (owner, session) = (self.maybe(owner), self.maybe(session));
                Write::AppendTimeline(line(owner, session, self.one(&["entered", "left"])))
            }
            18 => {
                let owner = self.one(&CALLBACKS);
                let owner = self.maybe(owner);
                Write::PutOutbox(message(self.one(&["m", "n"]), owner, self.point().as_millis()))
            }
            19 => Write::DeleteOutbox(self.one(&["m", "n"]).to_owned()),
            20 => Write::InsertBooking(self.booking()),
            21 => Write::DeleteBookings(self.callback_id()),
            22 => Write::DeleteExpiredBookings { at: self.point() },
            23 => Write::PutChart { hash: self.one(&["x", "y"]).to_owned(), text: self.text() },
            24 => Write::PutSharedValue { hash: self.one(&["x", "y"]).to_owned(), text: self.text() },
            25 => Write::AppendReport { callback: self.callback_id(), at: self.point(), body: self.text() },
            _ => Write::PutMeta { name: self.one(&["x", "y"]).to_owned(), value: self.text() },
        }
    }
}
