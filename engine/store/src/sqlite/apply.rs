//! Writes as SQL.

use serde_json::{Map, Value};
use sqlx::Sqlite;
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteConnection};
use vocabulary::{AttemptNo, CallbackId, CallbackState, EffectId, SessionId, Timestamp};

use super::failed;
use crate::conflict;
use crate::port::{Error, Write};
use crate::row::{
    BookingRow, CallbackRow, DialAttemptRow, EffectRow, EffectState, OutboxRow, QueueEntryRow, SessionRow,
    TimelineRow, TimerRow,
};

type Statement = Query<'static, Sqlite, SqliteArguments>;

/// Applies the writes in order; the caller takes them back when one fails.
pub(super) async fn apply(connection: &mut SqliteConnection, writes: &[Write]) -> Result<(), Error> {
    for write in writes {
        // Boxed: the future of all writes would be as large as the largest, for each transaction of a group.
        Box::pin(apply_one(connection, write)).await?;
    }
    Ok(())
}

async fn apply_one(connection: &mut SqliteConnection, write: &Write) -> Result<(), Error> {
    match write {
        Write::InsertCallback(row) => insert_callback(connection, row).await,
        Write::UpdateCallback { row, expected } => update_callback(connection, row, *expected).await,
        Write::DeleteCallback(id) => delete_callback(connection, id).await,
        Write::PutSession(row) => execute(connection, "writing a session", put_session(row)).await,
        Write::EndSession { id, at } => end_session(connection, id, *at).await,
        Write::DeleteEndedSessions { before } => delete_ended_sessions(connection, *before).await,
        Write::PutEffect(row) => put_effect(connection, row).await,
        Write::SetEffectState { id, state } => set_effect_state(connection, id, *state).await,
        Write::PutTimer(row) => execute(connection, "writing a timer", put_timer(row)).await,
        Write::DeleteTimer { session, id } => {
            let statement = sqlx::query("DELETE FROM timer WHERE session = ? AND id = ?");
            let statement = statement.bind(session.as_str()).bind(id.as_str());
            execute(connection, "removing a timer", statement).await
        }
        Write::PutQueueEntry(row) => execute(connection, "writing a queue entry", put_queue_entry(row)).await,
        Write::DeleteQueueEntry(id) => {
            let statement =
                sqlx::query("DELETE FROM queue_entry WHERE session = ? AND step = ? AND place = ?");
            execute(connection, "removing a queue entry", bind_effect_id(statement, id)).await
        }
        Write::InsertDialAttempt(row) => insert_dial_attempt(connection, row).await,
        Write::FinishDialAttempt { callback, attempt, call_state } => {
            let statement = finish_dial_attempt(callback, *attempt, *call_state);
            execute(connection, "finishing a dial attempt", statement).await
        }
        Write::AppendTimeline(row) => {
            conflict::check_line(row)?;
            execute(connection, "appending to a timeline", append_timeline(row)).await
        }
        Write::PutOutbox(row) => execute(connection, "writing a message", put_outbox(row)).await,
        Write::DeleteOutbox(id) => {
            let statement = sqlx::query("DELETE FROM outbox WHERE id = ?").bind(id.as_str());
            execute(connection, "removing a message", statement).await
        }
        Write::InsertBooking(row) => insert_booking(connection, row).await,
        Write::DeleteBookings(callback) => {
            let statement = sqlx::query("DELETE FROM booking WHERE callback = ?").bind(callback.as_str());
            execute(connection, "removing reservations", statement).await
        }
        Write::DeleteExpiredBookings { at } => {
            let statement = sqlx::query("DELETE FROM booking WHERE expires_at <= ?").bind(at.as_millis());
            execute(connection, "removing expired reservations", statement).await
        }
        Write::PutChart { hash, text } => execute(connection, "keeping a chart", put_chart(hash, text)).await,
        Write::PutSharedValue { hash, text } => {
            execute(connection, "keeping a shared value", put_shared_value(hash, text)).await
        }
        Write::AppendReport { callback, at, body } => {
            execute(connection, "appending a report", append_report(callback, *at, body)).await
        }
        Write::PutMeta { name, value } => execute(connection, "keeping a value", put_meta(name, value)).await,
    }
}

async fn insert_callback(connection: &mut SqliteConnection, row: &CallbackRow) -> Result<(), Error> {
    conflict::check_record(row)?;
    let statement = sqlx::query(
        "INSERT OR IGNORE INTO callback (service, state, reason, customer_number, desired_time, requested_at, \
         expires_at, updated_at, session, attempts, properties, user_data, id) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    );
    let statement = bind_callback(statement, row)?.bind(row.id.as_str());
    match affected(connection, "inserting a callback", statement).await? {
        0 => Err(conflict::callback_exists(&row.id)),
        _ => Ok(()),
    }
}

async fn update_callback(
    connection: &mut SqliteConnection,
    row: &CallbackRow,
    expected: Option<CallbackState>,
) -> Result<(), Error> {
    let attempt = "updating a callback";
    let stored: Option<String> = sqlx::query_scalar("SELECT state FROM callback WHERE id = ?")
        .bind(row.id.as_str())
        .fetch_optional(&mut *connection)
        .await
        .map_err(failed(attempt))?;
    let stored = match stored {
        Some(text) => Some(super::reader::parsed_state(attempt, &text)?),
        None => None,
    };
    conflict::check_update(row, expected, stored)?;
    conflict::check_record(row)?;
    let statement = sqlx::query(
        "UPDATE callback SET service = ?, state = ?, reason = ?, customer_number = ?, desired_time = ?, \
         requested_at = ?, expires_at = ?, updated_at = ?, session = ?, attempts = ?, properties = ?, user_data = ? \
         WHERE id = ?",
    );
    execute(connection, attempt, bind_callback(statement, row)?.bind(row.id.as_str())).await
}

/// Binds the columns of a record but its id, in the order of the table.
fn bind_callback(statement: Statement, row: &CallbackRow) -> Result<Statement, Error> {
    Ok(statement
        .bind(row.service.as_str())
        .bind(row.state.as_str())
        .bind(row.reason.as_ref().map(|reason| reason.as_str()))
        .bind(row.customer_number.as_ref().map(|number| number.as_str()))
        .bind(row.desired_time.as_millis())
        .bind(row.requested_at.as_millis())
        .bind(row.expires_at.as_millis())
        .bind(row.updated_at.as_millis())
        .bind(row.session.as_ref().map(SessionId::as_str))
        .bind(row.attempts.0)
        .bind(object_text(&row.properties)?)
        .bind(object_text(&row.user_data)?))
}

async fn delete_callback(connection: &mut SqliteConnection, id: &CallbackId) -> Result<(), Error> {
    let attempt = "erasing a callback";
    // Children that serve another callback stay with that one. UNION, not UNION ALL: a circle of parents ends.
    let family: Vec<String> = sqlx::query_scalar(
        "WITH RECURSIVE family (id) AS ( \
             SELECT id FROM session WHERE callback = ?1 \
             UNION \
             SELECT child.id FROM session AS child JOIN family ON child.parent = family.id \
             WHERE child.callback IS NULL OR child.callback = ?1) \
         SELECT id FROM family",
    )
    .bind(id.as_str())
    .fetch_all(&mut *connection)
    .await
    .map_err(failed(attempt))?;
    for session in family {
        erase_session(connection, &session).await?;
    }
    for table in [
        "DELETE FROM timeline WHERE callback = ?",
        "DELETE FROM dial_attempt WHERE callback = ?",
        "DELETE FROM report WHERE callback = ?",
        "DELETE FROM booking WHERE callback = ?",
        "DELETE FROM outbox WHERE callback = ?",
        "DELETE FROM callback WHERE id = ?",
    ] {
        execute(connection, attempt, sqlx::query(table).bind(id.as_str())).await?;
    }
    Ok(())
}

fn put_session(row: &SessionRow) -> Statement {
    sqlx::query(
        "INSERT OR REPLACE INTO session (id, callback, chart, parent, invokeid, reply_key, snapshot, context, \
         started_at, ended_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(row.id.as_str())
    .bind(row.callback.as_ref().map(CallbackId::as_str))
    .bind(row.chart.as_str())
    .bind(row.parent.as_ref().map(SessionId::as_str))
    .bind(row.invokeid.as_deref())
    .bind(row.reply_key.as_str())
    .bind(row.snapshot.as_str())
    .bind(row.context.as_str())
    .bind(row.started_at.as_millis())
    .bind(row.ended_at.map(Timestamp::as_millis))
}

async fn end_session(connection: &mut SqliteConnection, id: &SessionId, at: Timestamp) -> Result<(), Error> {
    let statement = sqlx::query(
        "UPDATE session SET snapshot = '', context = '', ended_at = coalesce(ended_at, ?) WHERE id = ?",
    );
    let statement = statement.bind(at.as_millis()).bind(id.as_str());
    execute(connection, "ending a session", statement).await?;
    empty_session(connection, id.as_str()).await
}

async fn delete_ended_sessions(connection: &mut SqliteConnection, before: Timestamp) -> Result<(), Error> {
    let ended: Vec<String> =
        sqlx::query_scalar("SELECT id FROM session WHERE callback IS NULL AND ended_at < ?")
            .bind(before.as_millis())
            .fetch_all(&mut *connection)
            .await
            .map_err(failed("finding ended sessions"))?;
    for session in ended {
        erase_session(connection, &session).await?;
    }
    Ok(())
}

/// Removes a session with all it has and all it left; lines of a callback stay with the callback.
async fn erase_session(connection: &mut SqliteConnection, id: &str) -> Result<(), Error> {
    empty_session(connection, id).await?;
    for table in
        ["DELETE FROM timeline WHERE session = ? AND callback IS NULL", "DELETE FROM session WHERE id = ?"]
    {
        execute(connection, "erasing a session", sqlx::query(table).bind(id)).await?;
    }
    Ok(())
}

/// Removes what a session has to do still.
async fn empty_session(connection: &mut SqliteConnection, id: &str) -> Result<(), Error> {
    for table in [
        "DELETE FROM effect WHERE session = ?",
        "DELETE FROM timer WHERE session = ?",
        "DELETE FROM queue_entry WHERE session = ?",
    ] {
        execute(connection, "emptying a session", sqlx::query(table).bind(id)).await?;
    }
    Ok(())
}

async fn put_effect(connection: &mut SqliteConnection, row: &EffectRow) -> Result<(), Error> {
    if row.state == EffectState::Done {
        return delete_effect(connection, &row.id).await;
    }
    let statement = sqlx::query(
        "INSERT OR REPLACE INTO effect (session, step, place, action, repeatable, state) VALUES (?, ?, ?, ?, ?, ?)",
    );
    let statement = bind_effect_id(statement, &row.id)
        .bind(row.action.as_str())
        .bind(row.repeatable)
        .bind(state_text(row.state));
    execute(connection, "writing an effect", statement).await
}

async fn set_effect_state(
    connection: &mut SqliteConnection,
    id: &EffectId,
    state: EffectState,
) -> Result<(), Error> {
    if state == EffectState::Done {
        return delete_effect(connection, id).await;
    }
    let statement = sqlx::query("UPDATE effect SET state = ? WHERE session = ? AND step = ? AND place = ?");
    let statement = bind_effect_id(statement.bind(state_text(state)), id);
    execute(connection, "changing an effect", statement).await
}

async fn delete_effect(connection: &mut SqliteConnection, id: &EffectId) -> Result<(), Error> {
    let statement = sqlx::query("DELETE FROM effect WHERE session = ? AND step = ? AND place = ?");
    execute(connection, "removing an effect", bind_effect_id(statement, id)).await
}

fn put_timer(row: &TimerRow) -> Statement {
    sqlx::query("INSERT OR REPLACE INTO timer (session, id, due, event) VALUES (?, ?, ?, ?)")
        .bind(row.session.as_str())
        .bind(row.id.as_str())
        .bind(row.due.as_millis())
        .bind(row.event.as_str())
}

fn put_queue_entry(row: &QueueEntryRow) -> Statement {
    let statement =
        sqlx::query("INSERT OR REPLACE INTO queue_entry (session, step, place, entry) VALUES (?, ?, ?, ?)");
    bind_effect_id(statement, &row.id).bind(row.entry.as_str())
}

async fn insert_dial_attempt(connection: &mut SqliteConnection, row: &DialAttemptRow) -> Result<(), Error> {
    let statement = sqlx::query(
        "INSERT OR IGNORE INTO dial_attempt (callback, attempt, effect, started_at, call_state) \
         VALUES (?, ?, ?, ?, ?)",
    );
    let statement = statement
        .bind(row.callback.as_str())
        .bind(row.attempt.0)
        .bind(row.effect.to_string())
        .bind(row.started_at.as_millis())
        .bind(row.call_state);
    match affected(connection, "inserting a dial attempt", statement).await? {
        0 => Err(conflict::attempt_exists(&row.callback, row.attempt)),
        _ => Ok(()),
    }
}

fn finish_dial_attempt(callback: &CallbackId, attempt: AttemptNo, call_state: u8) -> Statement {
    sqlx::query("UPDATE dial_attempt SET call_state = ? WHERE callback = ? AND attempt = ?")
        .bind(call_state)
        .bind(callback.as_str())
        .bind(attempt.0)
}

async fn insert_booking(connection: &mut SqliteConnection, row: &BookingRow) -> Result<(), Error> {
    let attempt = "reserving an access number";
    // The index looks at the same two expressions; `IS` finds a missing code too, but not by the index.
    let holder: Option<String> = sqlx::query_scalar(
        "SELECT callback FROM booking WHERE access_number = ?1 AND (access_code IS NULL) = (?2 IS NULL) \
         AND ifnull(access_code, '') = ifnull(?2, '')",
    )
    .bind(row.access_number.as_str())
    .bind(row.access_code.as_deref())
    .fetch_optional(&mut *connection)
    .await
    .map_err(failed(attempt))?;
    if let Some(holder) = holder.filter(|holder| holder != row.callback.as_str()) {
        return Err(conflict::booking_held(row, &CallbackId::new(holder)));
    }
    let statement = sqlx::query(
        "INSERT OR REPLACE INTO booking (access_number, access_code, callback, phone_number, expires_at) \
         VALUES (?, ?, ?, ?, ?)",
    );
    let statement = statement
        .bind(row.access_number.as_str())
        .bind(row.access_code.as_deref())
        .bind(row.callback.as_str())
        .bind(row.phone_number.as_ref().map(|number| number.as_str()))
        .bind(row.expires_at.as_millis());
    execute(connection, attempt, statement).await
}

fn append_timeline(row: &TimelineRow) -> Statement {
    sqlx::query("INSERT INTO timeline (callback, session, at, kind, name, detail) VALUES (?, ?, ?, ?, ?, ?)")
        .bind(row.callback.as_ref().map(CallbackId::as_str))
        .bind(row.session.as_ref().map(SessionId::as_str))
        .bind(row.at.as_millis())
        .bind(row.kind.as_str())
        .bind(row.name.as_str())
        .bind(row.detail.to_string())
}

fn put_outbox(row: &OutboxRow) -> Statement {
    sqlx::query(
        "INSERT OR REPLACE INTO outbox (id, callback, kind, target, body, attempts, due) VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(row.id.as_str())
    .bind(row.callback.as_ref().map(CallbackId::as_str))
    .bind(row.kind.as_str())
    .bind(row.target.as_str())
    .bind(row.body.as_str())
    .bind(row.attempts)
    .bind(row.due.as_millis())
}

fn put_shared_value(hash: &str, text: &str) -> Statement {
    sqlx::query("INSERT OR IGNORE INTO shared_value (hash, text) VALUES (?, ?)").bind(hash).bind(text)
}

fn put_chart(hash: &str, text: &str) -> Statement {
    sqlx::query("INSERT OR IGNORE INTO chart (hash, text) VALUES (?, ?)").bind(hash).bind(text)
}

fn append_report(callback: &CallbackId, at: Timestamp, body: &str) -> Statement {
    sqlx::query("INSERT INTO report (callback, at, body) VALUES (?, ?, ?)")
        .bind(callback.as_str())
        .bind(at.as_millis())
        .bind(body)
}

fn put_meta(name: &str, value: &str) -> Statement {
    sqlx::query("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)").bind(name).bind(value)
}

/// The three columns of an effect id. `SQLite` knows signed numbers only; the step keeps its bits.
fn bind_effect_id(statement: Statement, id: &EffectId) -> Statement {
    statement.bind(id.session.as_str()).bind(id.step.cast_signed()).bind(id.index)
}

/// The stored word of an effect's state.
pub(super) const fn state_text(state: EffectState) -> &'static str {
    match state {
        EffectState::Intended => "intended",
        EffectState::Started => "started",
        EffectState::Done => "done",
        EffectState::Unknown => "unknown",
    }
}

fn object_text(object: &Map<String, Value>) -> Result<String, Error> {
    serde_json::to_string(object).map_err(|cause| Error::Failed {
        attempt: "writing keys as JSON".to_owned(),
        problem: cause.to_string(),
    })
}

async fn execute(
    connection: &mut SqliteConnection,
    attempt: &'static str,
    statement: Statement,
) -> Result<(), Error> {
    affected(connection, attempt, statement).await.map(|_rows| ())
}

/// Rows that the statement changed.
async fn affected(
    connection: &mut SqliteConnection,
    attempt: &'static str,
    statement: Statement,
) -> Result<u64, Error> {
    let result = statement.execute(connection).await.map_err(failed(attempt))?;
    Ok(result.rows_affected())
}
