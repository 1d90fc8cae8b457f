//! Reads as SQL, on connections that cannot write.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use futures_util::TryStreamExt;
use serde::de::DeserializeOwned;
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{QueryBuilder, Row, Sqlite};
use vocabulary::{
    AttemptNo, CallbackId, CallbackState, CompletionReason, EffectId, PhoneNumber, ServiceName, SessionId,
    Timestamp,
};

use super::{apply, failed};
use crate::port::{CallbackQuery, Error};
use crate::row::{
    BookingRow, CallbackRow, DialAttemptRow, EffectRow, EffectState, OutboxRow, QueueEntryRow, SessionRow,
    TimelineRow, TimerRow,
};

/// Rows that are told of at most: what is wrong with so many is told by the first of them.
const TOLD_MAX: usize = 1000;

/// Reads everything the port asks for.
///
/// **Invariant:** a row that cannot be read costs nobody but itself: lists go on without it, and it is logged once.
#[derive(Debug)]
pub(super) struct Reader {
    pool: SqlitePool,
    /// Unreadable rows that were logged.
    told: Mutex<BTreeSet<String>>,
}

impl Reader {
    pub(super) fn new(pool: SqlitePool) -> Self {
        Self { pool, told: Mutex::new(BTreeSet::new()) }
    }

    /// Leaves out a row that cannot be read, and says so once.
    fn readable<T>(&self, attempt: &str, row: &SqliteRow, read: Result<T, sqlx::Error>) -> Option<T> {
        let problem = match read {
            Ok(value) => return Some(value),
            Err(problem) => problem,
        };
        let name = name_of(row);
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() < TOLD_MAX && told.insert(name.clone()) {
            tracing::error!(row = %name, attempt, %problem, "A stored row cannot be read; it is left out.");
        }
        None
    }

    /// Waits for reads that run; later ones are answered `Closed`.
    pub(super) async fn close(&self) {
        self.pool.close().await;
    }

    pub(super) async fn callback(&self, id: CallbackId) -> Result<Option<CallbackRow>, Error> {
        let attempt = "reading a callback";
        let query = sqlx::query("SELECT * FROM callback WHERE id = ?").bind(id.as_str());
        let row = query.fetch_optional(&self.pool).await.map_err(failed(attempt))?;
        row.as_ref().map(callback).transpose().map_err(failed(attempt))
    }

    pub(super) async fn callbacks(&self, query: CallbackQuery) -> Result<Vec<CallbackRow>, Error> {
        let attempt = "listing callbacks";
        let limit = query.effective_limit();
        let mut sql = QueryBuilder::new("SELECT * FROM callback");
        push_conditions(&mut sql, &query);
        sql.push(" ORDER BY desired_time, id");
        if query.properties.is_empty() {
            sql.push(" LIMIT ").push_bind(bounded(limit));
        }
        let mut found = Vec::new();
        let mut rows = sql.build().fetch(&self.pool);
        while found.len() < limit {
            let Some(row) = rows.try_next().await.map_err(failed(attempt))? else {
                break;
            };
            if let Some(row) = self.readable(attempt, &row, callback(&row))
                && query.accepts_properties(&row)
            {
                found.push(row);
            }
        }
        Ok(found)
    }

    pub(super) async fn count_callbacks(&self, query: CallbackQuery) -> Result<u64, Error> {
        let attempt = "counting callbacks";
        if query.properties.is_empty() {
            let mut sql = QueryBuilder::new("SELECT count(*) FROM (SELECT 1 FROM callback");
            push_conditions(&mut sql, &query);
            if query.limit > 0 {
                sql.push(" LIMIT ").push_bind(bounded(query.limit));
            }
            sql.push(")");
            let count: i64 = sql.build_query_scalar().fetch_one(&self.pool).await.map_err(failed(attempt))?;
            return Ok(count.unsigned_abs());
        }
        let limit = if query.limit == 0 { usize::MAX } else { query.limit };
        let everything = CallbackQuery { limit, ..query };
        let found = self.callbacks(everything).await?;
        Ok(u64::try_from(found.len()).unwrap_or(u64::MAX))
    }

    pub(super) async fn scheduled_before(
        &self,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<CallbackRow>, Error> {
        let sql =
            "SELECT * FROM callback WHERE state = 'SCHEDULED' AND desired_time < ? ORDER BY desired_time, id";
        self.first("listing scheduled callbacks", sqlx::query(sql).bind(before.as_millis()), limit).await
    }

    pub(super) async fn expired_before(
        &self,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<CallbackRow>, Error> {
        let sql = "SELECT * FROM callback WHERE expires_at < ? ORDER BY expires_at, id";
        self.first("listing expired callbacks", sqlx::query(sql).bind(before.as_millis()), limit).await
    }

    pub(super) async fn session(&self, id: SessionId) -> Result<Option<SessionRow>, Error> {
        let attempt = "reading a session";
        let query = sqlx::query("SELECT * FROM session WHERE id = ?").bind(id.as_str());
        let row = query.fetch_optional(&self.pool).await.map_err(failed(attempt))?;
        row.as_ref().map(session).transpose().map_err(failed(attempt))
    }

    pub(super) async fn running_sessions(&self) -> Result<Vec<SessionRow>, Error> {
        let query = sqlx::query("SELECT * FROM session WHERE ended_at IS NULL ORDER BY id");
        self.all("listing running sessions", query, session).await
    }

    pub(super) async fn open_effects(&self) -> Result<Vec<EffectRow>, Error> {
        let query = sqlx::query("SELECT * FROM effect ORDER BY session, step, place");
        self.all("listing open effects", query, effect).await
    }

    pub(super) async fn timers_before(
        &self,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<TimerRow>, Error> {
        let query = sqlx::query("SELECT * FROM timer WHERE due < ? ORDER BY due, session, id LIMIT ?")
            .bind(before.as_millis())
            .bind(bounded(limit));
        self.all("listing timers", query, timer).await
    }

    pub(super) async fn queue_entries(&self) -> Result<Vec<QueueEntryRow>, Error> {
        let query = sqlx::query("SELECT * FROM queue_entry ORDER BY session, step, place");
        self.all("listing queue entries", query, queue_entry).await
    }

    pub(super) async fn dial_attempts(&self, callback: CallbackId) -> Result<Vec<DialAttemptRow>, Error> {
        let sql = "SELECT * FROM dial_attempt WHERE callback = ? ORDER BY attempt";
        let query = sqlx::query(sql).bind(callback.as_str());
        self.all("listing dial attempts", query, dial_attempt).await
    }

    pub(super) async fn timeline(&self, callback: CallbackId) -> Result<Vec<TimelineRow>, Error> {
        let query =
            sqlx::query("SELECT * FROM timeline WHERE callback = ? ORDER BY line").bind(callback.as_str());
        self.all("reading a timeline", query, timeline_line).await
    }

    pub(super) async fn outbox_before(
        &self,
        before: Timestamp,
        limit: usize,
        except: Vec<String>,
    ) -> Result<Vec<OutboxRow>, Error> {
        let sql = "SELECT * FROM outbox WHERE due < ? AND target NOT IN (SELECT value FROM json_each(?)) \
                   ORDER BY due, id LIMIT ?";
        let query = sqlx::query(sql)
            .bind(before.as_millis())
            .bind(serde_json::Value::from(except).to_string())
            .bind(bounded(limit));
        self.all("listing messages", query, message).await
    }

    pub(super) async fn bookings(
        &self,
        number: Option<String>,
        at: Timestamp,
    ) -> Result<Vec<BookingRow>, Error> {
        let query = match number {
            Some(number) => sqlx::query(
                "SELECT * FROM booking WHERE access_number = ? AND expires_at > ? ORDER BY access_number, access_code",
            )
            .bind(number),
            None => sqlx::query("SELECT * FROM booking WHERE expires_at > ? ORDER BY access_number, access_code"),
        };
        self.all("listing reservations", query.bind(at.as_millis()), booking).await
    }

    pub(super) async fn reports(&self, callback: CallbackId) -> Result<Vec<String>, Error> {
        let query =
            sqlx::query("SELECT body FROM report WHERE callback = ? ORDER BY line").bind(callback.as_str());
        self.all("reading reports", query, |row| row.try_get("body")).await
    }

    pub(super) async fn chart(&self, hash: String) -> Result<Option<String>, Error> {
        sqlx::query_scalar("SELECT text FROM chart WHERE hash = ?")
            .bind(hash)
            .fetch_optional(&self.pool)
            .await
            .map_err(failed("reading a chart"))
    }

    pub(super) async fn shared_value(&self, hash: String) -> Result<Option<String>, Error> {
        sqlx::query_scalar("SELECT text FROM shared_value WHERE hash = ?")
            .bind(hash)
            .fetch_optional(&self.pool)
            .await
            .map_err(failed("reading a shared value"))
    }

    pub(super) async fn meta(&self, name: String) -> Result<Option<String>, Error> {
        sqlx::query_scalar("SELECT value FROM meta WHERE name = ?")
            .bind(name)
            .fetch_optional(&self.pool)
            .await
            .map_err(failed("reading a value"))
    }

    async fn all<T>(
        &self,
        attempt: &'static str,
        query: sqlx::query::Query<'_, Sqlite, sqlx::sqlite::SqliteArguments>,
        read: fn(&SqliteRow) -> Result<T, sqlx::Error>,
    ) -> Result<Vec<T>, Error> {
        let rows = query.fetch_all(&self.pool).await.map_err(failed(attempt))?;
        Ok(rows.iter().filter_map(|row| self.readable(attempt, row, read(row))).collect())
    }

    /// The first records that can be read. Not by a limit of the query: unreadable ones at its head would take up the
    /// places of those that wait behind them.
    async fn first(
        &self,
        attempt: &'static str,
        query: sqlx::query::Query<'_, Sqlite, sqlx::sqlite::SqliteArguments>,
        limit: usize,
    ) -> Result<Vec<CallbackRow>, Error> {
        let mut found = Vec::new();
        let mut rows = query.fetch(&self.pool);
        while found.len() < limit
            && let Some(row) = rows.try_next().await.map_err(failed(attempt))?
        {
            found.extend(self.readable(attempt, &row, callback(&row)));
        }
        Ok(found)
    }
}

/// What a row is known by: the values of the columns that name it.
fn name_of(row: &SqliteRow) -> String {
    let names = ["id", "callback", "session", "line", "step", "place"];
    let values = names.iter().filter_map(|column| {
        let text = match row.try_get::<Option<String>, _>(*column) {
            Ok(text) => text?,
            Err(_) => row.try_get::<i64, _>(*column).ok()?.to_string(),
        };
        Some(format!("{column} {text}"))
    });
    values.collect::<Vec<_>>().join(", ")
}

/// Adds what a query narrows by.
fn push_conditions(sql: &mut QueryBuilder<Sqlite>, query: &CallbackQuery) {
    sql.push(" WHERE TRUE");
    if let Some(service) = &query.service {
        sql.push(" AND service = ").push_bind(service.as_str());
    }
    if !query.except_services.is_empty() {
        sql.push(" AND service NOT IN (");
        let mut services = sql.separated(", ");
        for service in &query.except_services {
            services.push_bind(service.as_str());
        }
        sql.push(")");
    }
    if let Some(number) = &query.customer_number {
        sql.push(" AND customer_number = ").push_bind(number.as_str());
    }
    if !query.states.is_empty() {
        sql.push(" AND state IN (");
        let mut states = sql.separated(", ");
        for state in &query.states {
            states.push_bind(state.as_str());
        }
        sql.push(")");
    }
    for (condition, point) in [
        (" AND desired_time >= ", query.desired_from),
        (" AND desired_time < ", query.desired_to),
        (" AND requested_at >= ", query.requested_from),
    ] {
        if let Some(point) = point {
            sql.push(condition).push_bind(point.as_millis());
        }
    }
    for (name, text) in &query.properties {
        // Narrows only: a nested object may hold the same piece of text, so each row found is looked at again.
        let [as_text, as_value] = json_pieces(name, text);
        sql.push(" AND (instr(properties, ").push_bind(as_text.clone());
        sql.push(") OR instr(properties, ").push_bind(as_value.clone());
        sql.push(") OR instr(user_data, ").push_bind(as_text);
        sql.push(") OR instr(user_data, ").push_bind(as_value);
        sql.push("))");
    }
}

/// How a pair looks inside the JSON text of a row: with a string, and with a value that has this text.
fn json_pieces(name: &str, text: &str) -> [String; 2] {
    let name = serde_json::Value::from(name);
    [format!("{name}:{}", serde_json::Value::from(text)), format!("{name}:{text}")]
}

/// A limit as `SQLite` takes it.
fn bounded(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn callback(row: &SqliteRow) -> Result<CallbackRow, sqlx::Error> {
    Ok(CallbackRow {
        id: CallbackId::new(text(row, "id")?),
        service: ServiceName::new(text(row, "service")?),
        state: word(row, "state")?,
        reason: row.try_get::<Option<String>, _>("reason")?.map(CompletionReason::new),
        customer_number: optional_text(row, "customer_number")?.map(PhoneNumber::new),
        desired_time: point(row, "desired_time")?,
        requested_at: point(row, "requested_at")?,
        expires_at: point(row, "expires_at")?,
        updated_at: point(row, "updated_at")?,
        session: optional_text(row, "session")?.map(SessionId::new),
        attempts: AttemptNo(row.try_get("attempts")?),
        properties: json(row, "properties")?,
        user_data: json(row, "user_data")?,
    })
}

fn session(row: &SqliteRow) -> Result<SessionRow, sqlx::Error> {
    Ok(SessionRow {
        id: SessionId::new(text(row, "id")?),
        callback: optional_text(row, "callback")?.map(CallbackId::new),
        chart: row.try_get("chart")?,
        parent: optional_text(row, "parent")?.map(SessionId::new),
        invokeid: row.try_get("invokeid")?,
        reply_key: row.try_get("reply_key")?,
        snapshot: row.try_get("snapshot")?,
        context: row.try_get("context")?,
        started_at: point(row, "started_at")?,
        ended_at: row.try_get::<Option<i64>, _>("ended_at")?.map(Timestamp::from_millis),
    })
}

fn effect(row: &SqliteRow) -> Result<EffectRow, sqlx::Error> {
    let state = text(row, "state")?;
    let state = [EffectState::Intended, EffectState::Started, EffectState::Unknown]
        .into_iter()
        .find(|known| apply::state_text(*known) == state)
        .ok_or_else(|| unreadable("state", format!("`{state}` is not the state of an open effect")))?;
    Ok(EffectRow {
        id: effect_id(row)?,
        action: row.try_get("action")?,
        repeatable: row.try_get("repeatable")?,
        state,
    })
}

fn timer(row: &SqliteRow) -> Result<TimerRow, sqlx::Error> {
    Ok(TimerRow {
        session: SessionId::new(text(row, "session")?),
        id: row.try_get("id")?,
        due: point(row, "due")?,
        event: row.try_get("event")?,
    })
}

fn queue_entry(row: &SqliteRow) -> Result<QueueEntryRow, sqlx::Error> {
    Ok(QueueEntryRow { id: effect_id(row)?, entry: row.try_get("entry")? })
}

fn dial_attempt(row: &SqliteRow) -> Result<DialAttemptRow, sqlx::Error> {
    Ok(DialAttemptRow {
        callback: CallbackId::new(text(row, "callback")?),
        attempt: AttemptNo(row.try_get("attempt")?),
        effect: word(row, "effect")?,
        started_at: point(row, "started_at")?,
        call_state: row.try_get("call_state")?,
    })
}

fn timeline_line(row: &SqliteRow) -> Result<TimelineRow, sqlx::Error> {
    Ok(TimelineRow {
        callback: optional_text(row, "callback")?.map(CallbackId::new),
        session: optional_text(row, "session")?.map(SessionId::new),
        at: point(row, "at")?,
        kind: row.try_get("kind")?,
        name: row.try_get("name")?,
        detail: json(row, "detail")?,
    })
}

fn message(row: &SqliteRow) -> Result<OutboxRow, sqlx::Error> {
    Ok(OutboxRow {
        id: row.try_get("id")?,
        callback: optional_text(row, "callback")?.map(CallbackId::new),
        kind: row.try_get("kind")?,
        target: row.try_get("target")?,
        body: row.try_get("body")?,
        attempts: row.try_get("attempts")?,
        due: point(row, "due")?,
    })
}

fn booking(row: &SqliteRow) -> Result<BookingRow, sqlx::Error> {
    Ok(BookingRow {
        access_number: row.try_get("access_number")?,
        access_code: row.try_get("access_code")?,
        callback: CallbackId::new(text(row, "callback")?),
        phone_number: optional_text(row, "phone_number")?.map(PhoneNumber::new),
        expires_at: point(row, "expires_at")?,
    })
}

fn effect_id(row: &SqliteRow) -> Result<EffectId, sqlx::Error> {
    Ok(EffectId {
        session: SessionId::new(text(row, "session")?),
        step: row.try_get::<i64, _>("step")?.cast_unsigned(),
        index: row.try_get("place")?,
    })
}

fn text<'row>(row: &'row SqliteRow, column: &str) -> Result<&'row str, sqlx::Error> {
    row.try_get(column)
}

fn optional_text<'row>(row: &'row SqliteRow, column: &str) -> Result<Option<&'row str>, sqlx::Error> {
    row.try_get(column)
}

fn point(row: &SqliteRow, column: &str) -> Result<Timestamp, sqlx::Error> {
    row.try_get(column).map(Timestamp::from_millis)
}

fn word<T>(row: &SqliteRow, column: &str) -> Result<T, sqlx::Error>
where
    T: FromStr<Err: fmt::Display>,
{
    text(row, column)?.parse().map_err(|cause| unreadable(column, cause))
}

fn json<T: DeserializeOwned>(row: &SqliteRow, column: &str) -> Result<T, sqlx::Error> {
    serde_json::from_str(text(row, column)?).map_err(|cause| unreadable(column, cause))
}

fn unreadable(column: &str, cause: impl fmt::Display) -> sqlx::Error {
    sqlx::Error::ColumnDecode { index: column.to_owned(), source: cause.to_string().into() }
}

/// The state that a stored word names.
pub(super) fn parsed_state(attempt: &str, word: &str) -> Result<CallbackState, Error> {
    word.parse().map_err(|cause: vocabulary::UnknownCallbackState| Error::Failed {
        attempt: attempt.to_owned(),
        problem: cause.to_string(),
    })
}
