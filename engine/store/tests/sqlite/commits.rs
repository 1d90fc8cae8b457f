//! Group commit, and a disk that fails.
//!
//! Transactions that are sent before the writer task runs share a commit: on the one thread of these tests that is
//! all that `join_all` sends. A trigger plays the failing disk: `RAISE(ROLLBACK)` takes the whole transaction back, as
//! `SQLite` does when the disk is full; `RAISE(ABORT)` takes back one statement.

use std::time::Duration;

use futures_util::future::join_all;
use store::{Error, Options, SqliteStore, Store, Write};
use vocabulary::{AttemptNo, CallbackId, EffectId, SessionId, Timestamp};

use crate::{open, outside, put, run_outside, value};

const DISK_FULL: &str = "CREATE TRIGGER disk BEFORE INSERT ON meta WHEN NEW.value = 'poison' \
                         BEGIN SELECT RAISE(ROLLBACK, 'the disk is full'); END";
const BAD_STATEMENT: &str = "CREATE TRIGGER disk BEFORE INSERT ON meta WHEN NEW.value = 'poison' \
                             BEGIN SELECT RAISE(ABORT, 'the page is bad'); END";

fn attempt(number: u32) -> Write {
    Write::InsertDialAttempt(store::DialAttemptRow {
        callback: CallbackId::new("node-1"),
        attempt: AttemptNo(number),
        effect: EffectId { session: SessionId::new("S"), step: 0, index: 0 },
        started_at: Timestamp::EPOCH,
        call_state: None,
    })
}

async fn attempts(store: &SqliteStore) -> Vec<u32> {
    let rows = store.dial_attempts(CallbackId::new("node-1")).await.unwrap();
    rows.iter().map(|row| row.attempt.0).collect()
}

#[tokio::test]
async fn conflict_in_a_group_takes_back_nothing_but_itself() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let answers = join_all([
        store.commit(vec![put("a", "1"), attempt(1)]),
        store.commit(vec![put("a", "2"), attempt(2), attempt(1), put("b", "2")]),
        store.commit(vec![put("c", "3"), attempt(2)]),
        store.commit(vec![attempt(2), put("a", "4")]),
    ])
    .await;
    let refused: Vec<_> =
        answers.iter().map(|answer| matches!(answer, Err(Error::Conflict { .. }))).collect();
    assert_eq!(refused, [false, true, false, true], "{answers:?}");
    assert_eq!(attempts(&store).await, [1, 2]);
    assert_eq!(value(&store, "a").await.as_deref(), Some("1"));
    assert_eq!(value(&store, "b").await, None);
    assert_eq!(value(&store, "c").await.as_deref(), Some("3"));
    store.close().await.unwrap();
}

#[tokio::test]
async fn of_many_that_insert_the_same_attempt_one_succeeds() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let answers = join_all((0..64).map(|_caller| store.commit(vec![attempt(1)]))).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert_eq!(attempts(&store).await, [1]);
    store.close().await.unwrap();
}

#[tokio::test]
async fn full_disk_fails_the_whole_group_and_the_store_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    store.commit(vec![put("a", "1")]).await.unwrap();
    run_outside(folder.path(), DISK_FULL).await;

    let answers = join_all([
        store.commit(vec![put("a", "2")]),
        store.commit(vec![put("b", "poison")]),
        store.commit(vec![put("c", "2")]),
    ])
    .await;
    for answer in &answers {
        let Err(Error::Failed { attempt, problem }) = answer else {
            panic!("expected a failure, got {answer:?}");
        };
        assert!(!attempt.is_empty() && !problem.is_empty());
    }
    assert_eq!(value(&store, "a").await.as_deref(), Some("1"), "nothing of a lost group is there");
    assert_eq!(value(&store, "c").await, None);

    assert_eq!(store.commit(vec![put("a", "3")]).await, Ok(()));
    assert_eq!(value(&store, "a").await.as_deref(), Some("3"));
    store.close().await.unwrap();
}

#[tokio::test]
async fn failed_statement_fails_its_own_transaction_only() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    run_outside(folder.path(), BAD_STATEMENT).await;
    let answers = join_all([
        store.commit(vec![put("a", "1")]),
        store.commit(vec![put("a", "2"), put("b", "poison")]),
        store.commit(vec![put("c", "1")]),
    ])
    .await;
    assert_eq!(answers[0], Ok(()));
    assert!(
        matches!(&answers[1], Err(Error::Failed { attempt, problem })
            if attempt == "keeping a value" && problem.contains("the page is bad")),
        "{answers:?}"
    );
    assert_eq!(answers[2], Ok(()));
    assert_eq!(value(&store, "a").await.as_deref(), Some("1"));
    assert_eq!(value(&store, "c").await.as_deref(), Some("1"));
    store.close().await.unwrap();
}

#[tokio::test]
async fn file_held_from_outside_fails_commits_until_it_is_free() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { busy_timeout: Duration::ZERO, ..Options::default() };
    let store = SqliteStore::open(folder.path(), options).await.unwrap();
    let mut operator = outside(folder.path()).await;
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut operator).await.unwrap();
    let answer = store.commit(vec![put("a", "1")]).await;
    assert!(
        matches!(&answer, Err(Error::Failed { problem, .. }) if problem.contains("locked")),
        "{answer:?}"
    );
    assert_eq!(value(&store, "a").await, None, "reads go on");
    sqlx::raw_sql("ROLLBACK").execute(&mut operator).await.unwrap();
    assert_eq!(store.commit(vec![put("a", "2")]).await, Ok(()));
    assert_eq!(value(&store, "a").await.as_deref(), Some("2"));
    store.close().await.unwrap();
}

#[tokio::test]
async fn callers_wait_for_a_place_and_none_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { queue_max: 2, group_max: 1, readers: 1, ..Options::default() };
    let store = SqliteStore::open(folder.path(), options).await.unwrap();
    let answers = join_all((0..50).map(|number| store.commit(vec![attempt(number)]))).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(attempts(&store).await, (0..50).collect::<Vec<_>>());
    store.close().await.unwrap();
}

#[tokio::test]
async fn log_is_cut_when_it_outgrows_its_bound() {
    let folder = tempfile::tempdir().unwrap();
    // More than the making of the tables takes.
    let bound = 500_000;
    let options = Options { wal_max: bound, ..Options::default() };
    let store = SqliteStore::open(folder.path(), options).await.unwrap();
    let log = folder.path().join("ringback.db-wal");
    let text = "x".repeat(50_000);
    let one_commit = 150_000;
    for number in 0..60 {
        store.commit(vec![put(&format!("{number}"), &text)]).await.unwrap();
        let size = log.metadata().unwrap().len();
        assert!(size <= bound + one_commit, "{size} bytes after commit {number}");
    }
    store.close().await.unwrap();
}

#[tokio::test]
async fn log_that_a_reader_holds_is_cut_later() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { wal_max: 200_000, busy_timeout: Duration::ZERO, ..Options::default() };
    let store = SqliteStore::open(folder.path(), options).await.unwrap();
    store.commit(vec![put("a", "1")]).await.unwrap();
    let mut reader = outside(folder.path()).await;
    sqlx::raw_sql("BEGIN; SELECT count(*) FROM meta;").execute(&mut reader).await.unwrap();
    let text = "x".repeat(50_000);
    for number in 0..20 {
        store.commit(vec![put(&format!("{number}"), &text)]).await.unwrap();
    }
    let log = folder.path().join("ringback.db-wal");
    assert!(log.metadata().unwrap().len() > 1_000_000, "the log grows while it is held");
    sqlx::raw_sql("COMMIT").execute(&mut reader).await.unwrap();
    for number in 0..4 {
        store.commit(vec![put(&format!("{number}"), &text)]).await.unwrap();
    }
    let size = log.metadata().unwrap().len();
    assert!(size <= 400_000, "{size} bytes after the reader left");
    store.close().await.unwrap();
}
