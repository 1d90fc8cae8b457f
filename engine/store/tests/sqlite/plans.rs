//! The queries that run all day find their rows by an index, at any number of records.

use sqlx::Row;

use crate::{open, outside};

async fn plan(sql: &'static str) -> String {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).await.close().await.unwrap();
    let mut connection = outside(folder.path()).await;
    let explained = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
    let rows = sqlx::query(explained).fetch_all(&mut connection).await.unwrap();
    let steps: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
    steps.join("; ")
}

#[tokio::test]
async fn frequent_queries_use_their_index_and_sort_nothing() {
    for (sql, index) in [
        (
            "SELECT * FROM callback WHERE state = 'SCHEDULED' AND desired_time < ? ORDER BY desired_time, id",
            "callback_scheduled",
        ),
        (
            "SELECT * FROM callback WHERE TRUE AND customer_number = ? ORDER BY desired_time, id LIMIT ?",
            "callback_customer",
        ),
        (
            "SELECT * FROM callback WHERE TRUE AND service = ? AND state IN (?, ?) ORDER BY desired_time, id LIMIT ?",
            "callback_service",
        ),
        (
            "SELECT count(*) FROM callback WHERE TRUE AND service = ? AND desired_time >= ? AND desired_time < ?",
            "callback_service",
        ),
        ("SELECT * FROM callback WHERE TRUE ORDER BY desired_time, id LIMIT ?", "callback_desired"),
        ("SELECT * FROM callback WHERE expires_at < ? ORDER BY expires_at, id", "callback_expires"),
        ("SELECT * FROM session WHERE ended_at IS NULL ORDER BY id", "session_running"),
        ("SELECT id FROM session WHERE callback = ?1", "session_callback"),
        ("SELECT id FROM session WHERE parent = ?1", "session_parent"),
        ("SELECT id FROM session WHERE callback IS NULL AND ended_at < ?", "session_ended"),
        ("SELECT * FROM effect ORDER BY session, step, place", "sqlite_autoindex_effect_1"),
        ("SELECT * FROM timer WHERE due < ? ORDER BY due, session, id LIMIT ?", "timer_due"),
        ("SELECT * FROM timeline WHERE callback = ? ORDER BY line", "timeline_callback"),
        ("DELETE FROM timeline WHERE session = ? AND callback IS NULL", "timeline_session"),
        ("SELECT * FROM outbox WHERE due < ? ORDER BY due, id LIMIT ?", "outbox_due"),
        ("DELETE FROM outbox WHERE callback = ?", "outbox_callback"),
        (
            "SELECT callback FROM booking WHERE access_number = ?1 AND (access_code IS NULL) = (?2 IS NULL) \
             AND ifnull(access_code, '') = ifnull(?2, '')",
            "booking_pair",
        ),
        ("DELETE FROM booking WHERE expires_at <= ?", "booking_expires"),
        ("SELECT body FROM report WHERE callback = ? ORDER BY line", "report_callback"),
    ] {
        let plan = plan(sql).await;
        assert!(plan.contains(index), "{sql}\nuses: {plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{sql}\nsorts: {plan}");
    }
}
