//! Opening, closing, and what is in the way of it.

use std::path::Path;

use store::{Error, Options, SqliteStore, Store, Write};
use vocabulary::{CallbackId, Timestamp};

use crate::{open, outside, put, run_outside, value};

async fn problem(folder: &Path) -> String {
    match SqliteStore::open(folder, Options::default()).await {
        Err(Error::Open { folder: named, problem }) => {
            assert_eq!(named, folder.display().to_string());
            problem
        }
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[tokio::test]
async fn closed_store_is_found_again_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    store.commit(vec![put("a", "1")]).await.unwrap();
    store.close().await.unwrap();
    let log = folder.path().join("ringback.db-wal");
    assert!(!log.exists() || log.metadata().unwrap().len() == 0, "closing writes the log back");
    let store = open(folder.path()).await;
    assert_eq!(value(&store, "a").await.as_deref(), Some("1"));
    store.close().await.unwrap();
}

/// The runtime, and the writer task with it, is gone without a word, as in a crash.
#[test]
fn answered_commit_survives_a_store_that_was_never_closed() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..3 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = open(folder.path()).await;
            for earlier in 0..round {
                assert_eq!(value(&store, &format!("round {earlier}")).await.as_deref(), Some("done"));
            }
            store.commit(vec![put(&format!("round {round}"), "done")]).await.unwrap();
        });
    }
}

#[tokio::test]
async fn second_opening_is_refused_while_the_folder_is_held() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let problem = problem(folder.path()).await;
    assert!(problem.contains("held by another process"), "{problem}");
    assert!(problem.contains("stop the other ringback"), "{problem}");
    assert_eq!(store.commit(vec![put("a", "1")]).await, Ok(()), "the holder is not disturbed");
    store.close().await.unwrap();
    open(folder.path()).await.close().await.unwrap();
}

#[tokio::test]
async fn missing_folders_are_made() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("new").join("newer");
    open(&inner).await.close().await.unwrap();
    assert!(inner.join("ringback.db").is_file());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = inner.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "phone numbers are for the owner only");
    }
}

#[tokio::test]
async fn folder_below_a_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    for unusable in [file.clone(), file.join("below")] {
        let problem = problem(&unusable).await;
        assert!(problem.contains("cannot be made"), "{problem}");
    }
}

#[tokio::test]
async fn folder_without_the_right_to_write_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    // A user who may do everything is not stopped by permissions; a folder in place of the file stops everybody.
    std::fs::create_dir(folder.path().join("ringback.lock")).unwrap();
    let problem = problem(folder.path()).await;
    assert!(problem.contains("ringback.lock cannot be written"), "{problem}");
    assert!(problem.contains("give this user the right"), "{problem}");
}

#[tokio::test]
async fn database_that_cannot_be_opened_is_refused_and_the_folder_released() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ringback.db");
    std::fs::create_dir(&file).unwrap();
    let refused = problem(folder.path()).await;
    assert!(refused.contains("ringback.db cannot be opened"), "{refused}");

    std::fs::remove_dir(&file).unwrap();
    std::fs::write(&file, "this is a letter, not a database; ".repeat(99)).unwrap();
    let refused = problem(folder.path()).await;
    assert!(refused.contains("not a database"), "{refused}");

    std::fs::remove_file(&file).unwrap();
    open(folder.path()).await.close().await.unwrap();
}

#[tokio::test]
async fn file_of_a_newer_version_is_refused_and_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).await.close().await.unwrap();
    run_outside(folder.path(), "PRAGMA user_version = 99").await;
    let refused = problem(folder.path()).await;
    assert!(refused.contains("version 99") && refused.contains("newer program"), "{refused}");
    let mut connection = outside(folder.path()).await;
    let version: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut connection).await.unwrap();
    assert_eq!(version, 99);
}

#[tokio::test]
async fn file_of_the_first_version_is_brought_to_this_one_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    store.commit(vec![put("a", "1")]).await.unwrap();
    store.close().await.unwrap();
    run_outside(folder.path(), "DROP TABLE shared_value").await;
    run_outside(folder.path(), "PRAGMA user_version = 1").await;
    let store = open(folder.path()).await;
    let shared = Write::PutSharedValue { hash: "h".to_owned(), text: "{}".to_owned() };
    store.commit(vec![shared]).await.unwrap();
    assert_eq!(store.shared_value("h".to_owned()).await, Ok(Some("{}".to_owned())));
    assert_eq!(value(&store, "a").await.as_deref(), Some("1"));
    store.close().await.unwrap();
}

#[tokio::test]
async fn file_is_made_with_the_settings_that_were_measured() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).await.close().await.unwrap();
    let mut connection = outside(folder.path()).await;
    let page_size: i64 = sqlx::query_scalar("PRAGMA page_size").fetch_one(&mut connection).await.unwrap();
    let journal: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut connection).await.unwrap();
    assert_eq!((page_size, journal.as_str()), (8192, "wal"));
}

#[tokio::test]
async fn closed_store_refuses_everything() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    store.close().await.unwrap();
    assert_eq!(store.close().await, Ok(()), "closing twice is harmless");
    assert_eq!(store.commit(vec![put("a", "1")]).await, Err(Error::Closed));
    assert_eq!(store.callback(CallbackId::new("x")).await, Err(Error::Closed));
    assert_eq!(store.timers_before(Timestamp::EPOCH, 1).await, Err(Error::Closed));
}

#[tokio::test]
async fn close_writes_what_waits() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let names: Vec<String> = (0..99).map(|number| number.to_string()).collect();
    let commits = names.iter().map(|name| store.commit(vec![put(name, "1")]));
    let (answers, closed) =
        futures_util::future::join(futures_util::future::join_all(commits), store.close()).await;
    assert_eq!(closed, Ok(()));
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    let store = open(folder.path()).await;
    for name in names {
        assert_eq!(value(&store, &name).await.as_deref(), Some("1"), "{name}");
    }
    store.close().await.unwrap();
}
