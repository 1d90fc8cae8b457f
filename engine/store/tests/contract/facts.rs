//! The facts, by area. Each begins with an empty store.

pub(crate) mod callbacks;
pub(crate) mod queries;
pub(crate) mod records;
pub(crate) mod sessions;
pub(crate) mod transactions;

use store::{Error, Store, Write};

/// Commits what has to succeed.
pub(crate) async fn done(store: &dyn Store, writes: impl Into<Vec<Write>>) {
    store.commit(writes.into()).await.expect("the transaction succeeds");
}

/// Commits what has to be refused.
pub(crate) async fn refused(store: &dyn Store, writes: impl Into<Vec<Write>>) -> String {
    match store.commit(writes.into()).await {
        Err(Error::Conflict { what }) => what,
        other => panic!("expected a conflict, got {other:?}"),
    }
}
