//! The writer task: merges transactions that wait into one commit.
//!
//! ```text
//! group: BEGIN IMMEDIATE
//!        SAVEPOINT each; its writes; RELEASE      applied
//!        SAVEPOINT each; conflict; ROLLBACK TO    refused, the others stay
//!        COMMIT                                   now everybody is answered
//! anything else fails: the connection is replaced, everybody is answered `Failed`
//! ```
//!
//! Refusals too are answered after the commit, for they may rest on what an earlier transaction of the group wrote.

use std::path::PathBuf;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use tokio::sync::{mpsc, oneshot};

use super::folder::Folder;
use super::{Options, apply, failed};
use crate::port::{Error, Write};
use crate::schema;

/// A transaction on its way to the disk.
pub(super) struct Transaction {
    pub(super) writes: Vec<Write>,
    pub(super) answer: oneshot::Sender<Result<(), Error>>,
}

/// What the writer task is asked.
pub(super) enum Message {
    /// Write this.
    Commit(Transaction),
    /// Write what waits, then end.
    Close(oneshot::Sender<Result<(), Error>>),
}

/// The one connection that writes, and the lock on its folder.
pub(super) struct Writer {
    folder: Folder,
    connect: SqliteConnectOptions,
    /// `None` after a failure, until the next group opens it again.
    connection: Option<SqliteConnection>,
    group_max: usize,
    wal: PathBuf,
    wal_max: u64,
    /// Size at which the log is cut next; beyond `wal_max` while a reader holds it.
    truncate_at: u64,
}

impl Writer {
    /// Opens the file and brings its tables up to date.
    pub(super) async fn open(
        folder: Folder,
        connect: SqliteConnectOptions,
        options: &Options,
    ) -> Result<Self, Error> {
        let refused = |problem: String| Error::Open { folder: folder.name(), problem };
        let mut connection = connect.connect().await.map_err(|cause| {
            refused(format!(
                "ringback.db cannot be opened ({cause}); check that it is a store and that this user may write to it"
            ))
        })?;
        schema::migrate(&mut connection).await.map_err(|cause| refused(cause.to_string()))?;
        Ok(Self {
            wal: folder.write_ahead_log(),
            folder,
            connect,
            connection: Some(connection),
            group_max: options.group_max.max(1),
            wal_max: options.wal_max,
            truncate_at: options.wal_max,
        })
    }

    /// Serves until the store is closed or dropped; what was sent before is written in either case.
    pub(super) async fn run(mut self, mut messages: mpsc::Receiver<Message>) {
        let mut closing = Vec::new();
        let mut waiting = Vec::with_capacity(self.group_max);
        while messages.recv_many(&mut waiting, self.group_max).await > 0 {
            let mut group = Vec::with_capacity(waiting.len());
            for message in waiting.drain(..) {
                match message {
                    Message::Commit(transaction) => group.push(transaction),
                    Message::Close(answer) => {
                        messages.close();
                        closing.push(answer);
                    }
                }
            }
            self.serve(group).await;
            self.bound_log().await;
        }
        let outcome = self.finish().await;
        for answer in closing {
            // Whoever no longer waits has no use for the answer.
            drop(answer.send(outcome.clone()));
        }
    }

    async fn serve(&mut self, group: Vec<Transaction>) {
        if group.is_empty() {
            return;
        }
        let outcome = self.commit(&group).await;
        if let Err(problem) = &outcome {
            tracing::error!(%problem, transactions = group.len(), "The store could not write.");
            self.replace_connection().await;
        }
        match outcome {
            Ok(answers) => {
                for (transaction, answer) in group.into_iter().zip(answers) {
                    drop(transaction.answer.send(answer));
                }
            }
            Err(problem) => {
                for transaction in group {
                    drop(transaction.answer.send(Err(problem.clone())));
                }
            }
        }
    }

    /// Writes a group; the outer error means that nothing of it was written.
    async fn commit(&mut self, group: &[Transaction]) -> Result<Vec<Result<(), Error>>, Error> {
        let connection = self.connection().await?;
        execute(connection, "BEGIN IMMEDIATE").await?;
        let mut answers = Vec::with_capacity(group.len());
        for transaction in group {
            answers.push(apply_alone(connection, &transaction.writes).await?);
        }
        execute(connection, "COMMIT").await?;
        Ok(answers)
    }

    async fn connection(&mut self) -> Result<&mut SqliteConnection, Error> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect.connect().await.map_err(failed("opening the database again"))?,
        };
        Ok(self.connection.insert(connection))
    }

    /// After a failure nobody knows what is left of the transaction; closing the connection takes all of it back.
    async fn replace_connection(&mut self) {
        if let Some(connection) = self.connection.take()
            && let Err(problem) = connection.close().await
        {
            tracing::warn!(%problem, "A failed connection of the store did not close cleanly.");
        }
    }

    /// Cuts the write-ahead log when it has outgrown its bound. Runs after the answers, so nobody waits for it.
    async fn bound_log(&mut self) {
        let size = std::fs::metadata(&self.wal).map_or(0, |metadata| metadata.len());
        if size <= self.truncate_at {
            return;
        }
        match self.truncate_log().await {
            Ok(Cut::Whole) => self.truncate_at = self.wal_max,
            // A reader still needs the log. Trying after each commit would make every caller wait for that reader.
            Ok(Cut::Held) => self.truncate_at = size.saturating_add(self.wal_max / 4),
            Err(problem) => {
                self.truncate_at = size.saturating_add(self.wal_max / 4);
                tracing::warn!(%problem, size, "The write-ahead log could not be cut.");
            }
        }
    }

    async fn truncate_log(&mut self) -> Result<Cut, Error> {
        let connection = self.connection().await?;
        let (held, _pages, _written): (i64, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)")
            .fetch_one(connection)
            .await
            .map_err(failed("cutting the write-ahead log"))?;
        Ok(if held == 0 { Cut::Whole } else { Cut::Held })
    }

    /// Writes the log back, closes the file and releases the folder.
    async fn finish(mut self) -> Result<(), Error> {
        let cut = self.truncate_log().await;
        if let Some(connection) = self.connection.take() {
            connection.close().await.map_err(failed("closing the database"))?;
        }
        drop(self.folder);
        cut.map(|_held_or_whole| ())
    }
}

/// How much of the write-ahead log could be cut.
enum Cut {
    Whole,
    Held,
}

/// Applies a transaction so that its failure takes back nothing but itself.
///
/// The outer error means that the group is lost: after some failures (a full disk) `SQLite` takes the whole transaction
/// back by itself, and then there is no savepoint to return to.
async fn apply_alone(
    connection: &mut SqliteConnection,
    writes: &[Write],
) -> Result<Result<(), Error>, Error> {
    execute(connection, "SAVEPOINT alone").await?;
    let outcome = apply::apply(connection, writes).await;
    if outcome.is_err() {
        execute(connection, "ROLLBACK TO alone").await?;
    }
    execute(connection, "RELEASE alone").await?;
    Ok(outcome)
}

async fn execute(connection: &mut SqliteConnection, statement: &'static str) -> Result<(), Error> {
    sqlx::query(statement).execute(connection).await.map(|_nothing| ()).map_err(failed(statement))
}
