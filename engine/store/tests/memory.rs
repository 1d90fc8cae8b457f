//! What only the memory store does: answers at once, fails on request, leaves its disk behind.

#![expect(clippy::expect_used, reason = "a test fails by a panic")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt;
use store::{CommitFault, Error, MemoryStore, Store, Write};

fn put(value: &str) -> Vec<Write> {
    vec![Write::PutMeta { name: "name".to_owned(), value: value.to_owned() }]
}

fn value(store: &MemoryStore) -> Result<Option<String>, Error> {
    store.meta("name".to_owned()).now_or_never().expect("the future is ready at once")
}

fn commit(store: &MemoryStore, text: &str) -> Result<(), Error> {
    store.commit(put(text)).now_or_never().expect("the future is ready at once")
}

/// A store whose second commit has this fault.
fn faulty(fault: CommitFault) -> MemoryStore {
    let commits = AtomicUsize::new(0);
    MemoryStore::new().with_faults(Arc::new(move |_writes| match commits.fetch_add(1, Ordering::Relaxed) {
        1 => fault,
        _ => CommitFault::None,
    }))
}

#[test]
fn futures_are_ready_at_once_and_lazy() {
    let store = MemoryStore::new();
    drop(store.commit(put("never polled")));
    assert_eq!(value(&store), Ok(None));
    assert_eq!(commit(&store, "polled"), Ok(()));
    assert_eq!(value(&store), Ok(Some("polled".to_owned())));
}

#[test]
fn failed_commit_writes_nothing_and_the_store_goes_on() {
    let store = faulty(CommitFault::FailBefore);
    assert_eq!(commit(&store, "1"), Ok(()));
    assert!(matches!(commit(&store, "2"), Err(Error::Failed { .. })));
    assert_eq!(value(&store), Ok(Some("1".to_owned())));
    assert_eq!(commit(&store, "3"), Ok(()));
    assert_eq!(value(&store), Ok(Some("3".to_owned())));
}

#[test]
fn crash_before_the_commit_loses_it_and_closes_the_store() {
    let store = faulty(CommitFault::CrashBefore);
    assert_eq!(commit(&store, "1"), Ok(()));
    assert_eq!(commit(&store, "2"), Err(Error::Closed));
    assert_eq!(commit(&store, "3"), Err(Error::Closed));
    assert_eq!(value(&store), Err(Error::Closed));
    assert_eq!(value(&MemoryStore::on(store.disk())), Ok(Some("1".to_owned())));
}

#[test]
fn crash_after_the_commit_keeps_it_and_tells_nobody() {
    let store = faulty(CommitFault::CrashAfter);
    assert_eq!(commit(&store, "1"), Ok(()));
    assert_eq!(commit(&store, "2"), Err(Error::Closed));
    assert_eq!(commit(&store, "3"), Err(Error::Closed));
    assert_eq!(value(&MemoryStore::on(store.disk())), Ok(Some("2".to_owned())));
}

#[test]
fn hook_sees_what_would_be_written() {
    let store = MemoryStore::new().with_faults(Arc::new(|writes| {
        if writes == put("bad").as_slice() { CommitFault::FailBefore } else { CommitFault::None }
    }));
    assert_eq!(commit(&store, "good"), Ok(()));
    assert!(commit(&store, "bad").is_err());
}

#[test]
fn copy_of_the_disk_does_not_change_with_the_store() {
    let store = MemoryStore::new();
    assert_eq!(commit(&store, "1"), Ok(()));
    let disk = store.disk();
    assert_eq!(commit(&store, "2"), Ok(()));
    assert_eq!(value(&MemoryStore::on(disk.clone())), Ok(Some("1".to_owned())));
    store.crash();
    assert!(store.is_closed());
    assert_eq!(value(&MemoryStore::on(disk)), Ok(Some("1".to_owned())));
}
