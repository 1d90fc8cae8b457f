//! The tables, and the way from each version to the next.
//!
//! The version is `pragma user_version`: the number of steps of [`MIGRATIONS`] that were taken. A step, once released,
//! is never changed; a new one is appended.

use sqlx::sqlite::SqliteConnection;

/// What leads from version *n* to version *n + 1*, in place *n*.
const MIGRATIONS: &[&str] = &[VERSION_1, VERSION_2];

/// Columns for what is searched, sorted or compared; the rest is JSON text. Times are milliseconds since the epoch.
/// An effect id is three columns, so that order by session, step and index is the order of the index.
const VERSION_1: &str = "
CREATE TABLE callback (
    id              TEXT PRIMARY KEY NOT NULL,
    service         TEXT NOT NULL,
    state           TEXT NOT NULL,
    reason          TEXT,
    customer_number TEXT,
    desired_time    INTEGER NOT NULL,
    requested_at    INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    session         TEXT,
    attempts        INTEGER NOT NULL,
    properties      TEXT NOT NULL,
    user_data       TEXT NOT NULL
) STRICT;
CREATE INDEX callback_scheduled ON callback (desired_time, id) WHERE state = 'SCHEDULED';
CREATE INDEX callback_customer ON callback (customer_number, desired_time, id) WHERE customer_number IS NOT NULL;
CREATE INDEX callback_service ON callback (service, desired_time, id);
CREATE INDEX callback_desired ON callback (desired_time, id);
CREATE INDEX callback_expires ON callback (expires_at, id);

CREATE TABLE session (
    id         TEXT PRIMARY KEY NOT NULL,
    callback   TEXT,
    chart      TEXT NOT NULL,
    parent     TEXT,
    invokeid   TEXT,
    reply_key  TEXT NOT NULL,
    snapshot   TEXT NOT NULL,
    context    TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER
) STRICT;
CREATE INDEX session_running ON session (id) WHERE ended_at IS NULL;
CREATE INDEX session_callback ON session (callback) WHERE callback IS NOT NULL;
CREATE INDEX session_parent ON session (parent) WHERE parent IS NOT NULL;
CREATE INDEX session_ended ON session (ended_at) WHERE callback IS NULL AND ended_at IS NOT NULL;

CREATE TABLE effect (
    session    TEXT NOT NULL,
    step       INTEGER NOT NULL,
    place      INTEGER NOT NULL,
    action     TEXT NOT NULL,
    repeatable INTEGER NOT NULL,
    state      TEXT NOT NULL,
    PRIMARY KEY (session, step, place)
) STRICT;

CREATE TABLE timer (
    session TEXT NOT NULL,
    id      TEXT NOT NULL,
    due     INTEGER NOT NULL,
    event   TEXT NOT NULL,
    PRIMARY KEY (session, id)
) STRICT;
CREATE INDEX timer_due ON timer (due, session, id);

CREATE TABLE queue_entry (
    session TEXT NOT NULL,
    step    INTEGER NOT NULL,
    place   INTEGER NOT NULL,
    entry   TEXT NOT NULL,
    PRIMARY KEY (session, step, place)
) STRICT;

CREATE TABLE dial_attempt (
    callback   TEXT NOT NULL,
    attempt    INTEGER NOT NULL,
    effect     TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    call_state INTEGER,
    PRIMARY KEY (callback, attempt)
) STRICT;

CREATE TABLE timeline (
    line     INTEGER PRIMARY KEY AUTOINCREMENT,
    callback TEXT,
    session  TEXT,
    at       INTEGER NOT NULL,
    kind     TEXT NOT NULL,
    name     TEXT NOT NULL,
    detail   TEXT NOT NULL
) STRICT;
CREATE INDEX timeline_callback ON timeline (callback, line) WHERE callback IS NOT NULL;
CREATE INDEX timeline_session ON timeline (session, line) WHERE callback IS NULL;

CREATE TABLE outbox (
    id       TEXT PRIMARY KEY NOT NULL,
    callback TEXT,
    kind     TEXT NOT NULL,
    target   TEXT NOT NULL,
    body     TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    due      INTEGER NOT NULL
) STRICT;
CREATE INDEX outbox_due ON outbox (due, id);
CREATE INDEX outbox_callback ON outbox (callback) WHERE callback IS NOT NULL;

-- A code may be missing, and NULL is never equal to NULL: the index therefore looks at two expressions.
CREATE TABLE booking (
    access_number TEXT NOT NULL,
    access_code   TEXT,
    callback      TEXT NOT NULL,
    phone_number  TEXT,
    expires_at    INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX booking_pair ON booking (access_number, access_code IS NULL, ifnull(access_code, ''));
CREATE INDEX booking_callback ON booking (callback);
CREATE INDEX booking_expires ON booking (expires_at);

CREATE TABLE chart (
    hash TEXT PRIMARY KEY NOT NULL,
    text TEXT NOT NULL
) STRICT;

CREATE TABLE report (
    line     INTEGER PRIMARY KEY AUTOINCREMENT,
    callback TEXT NOT NULL,
    at       INTEGER NOT NULL,
    body     TEXT NOT NULL
) STRICT;
CREATE INDEX report_callback ON report (callback, line);

CREATE TABLE meta (
    name  TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) STRICT;
";

/// Values that sessions share, by content hash, as charts are. A snapshot names those that its session needs.
const VERSION_2: &str = "
CREATE TABLE shared_value (
    hash TEXT PRIMARY KEY NOT NULL,
    text TEXT NOT NULL
) STRICT;
";

/// Why the tables cannot be brought to this version.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MigrateError {
    /// The file was written by a later program.
    #[error(
        "the file has version {found}, this program knows {known} at most; start the newer program again"
    )]
    Newer {
        /// Version of the file.
        found: usize,
        /// Version of this program.
        known: usize,
    },
    /// `SQLite` refused.
    #[error("the tables could not be made: {0}; check that ringback.db is a file of this program")]
    Database(#[from] sqlx::Error),
}

/// Brings the tables to the version of this program, each step in a transaction of its own.
pub(crate) async fn migrate(connection: &mut SqliteConnection) -> Result<(), MigrateError> {
    let found: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *connection).await?;
    let found = usize::try_from(found).unwrap_or(usize::MAX);
    let known = MIGRATIONS.len();
    if found > known {
        return Err(MigrateError::Newer { found, known });
    }
    for (version, script) in MIGRATIONS.iter().enumerate().skip(found) {
        // A pragma takes no parameters; the number comes from this file.
        let step =
            format!("BEGIN IMMEDIATE; {script} PRAGMA user_version = {}; COMMIT;", version.saturating_add(1));
        sqlx::raw_sql(sqlx::AssertSqlSafe(step)).execute(&mut *connection).await?;
    }
    Ok(())
}
