//! What only the `SQLite` store does: files, locks, group commit, a disk that fails.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod commits;
mod opening;
mod plans;
mod unreadable;

use std::path::Path;
use std::sync::Arc;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use store::{Options, SqliteStore, Store, Write};

async fn open(folder: &Path) -> Arc<SqliteStore> {
    SqliteStore::open(folder, Options::default()).await.expect("the store opens")
}

/// An operator's connection to the file, past the store.
async fn outside(folder: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(folder.join("ringback.db"));
    options.connect().await.expect("the file opens")
}

async fn run_outside(folder: &Path, script: &'static str) {
    let mut connection = outside(folder).await;
    sqlx::raw_sql(script).execute(&mut connection).await.expect("the script runs");
    connection.close().await.expect("the connection closes");
}

fn put(name: &str, value: &str) -> Write {
    Write::PutMeta { name: name.to_owned(), value: value.to_owned() }
}

async fn value(store: &SqliteStore, name: &str) -> Option<String> {
    store.meta(name.to_owned()).await.expect("the value is read")
}
