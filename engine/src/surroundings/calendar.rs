//! The time of a step in a time zone.

use chrono::{DateTime, Datelike as _, TimeZone as _};
use chrono_tz::Tz;
use serde_json::{Value, json};

fn local(zone: &str, now_millis: i64) -> Result<DateTime<Tz>, String> {
    let known: Tz = zone.trim().parse().map_err(|_unknown| {
        format!("`{zone}` is no time zone; write one such as 'Europe/Berlin' or 'UTC'")
    })?;
    known
        .timestamp_millis_opt(now_millis)
        .single()
        .ok_or_else(|| format!("{now_millis} is no time of this calendar"))
}

/// `HH:MM:SS`, which compares as text (ors: 4.2).
pub(super) fn time(zone: &str, now_millis: i64) -> Result<Value, String> {
    Ok(json!(local(zone, now_millis)?.format("%H:%M:%S").to_string()))
}

/// `YYYY-MM-DD`.
pub(super) fn date(zone: &str, now_millis: i64) -> Result<String, String> {
    Ok(local(zone, now_millis)?.format("%Y-%m-%d").to_string())
}

/// Number of the day of the week, as in `_genesys.session.day`: Sunday is 0.
pub(super) fn day(zone: &str, now_millis: i64) -> Result<Value, String> {
    Ok(json!(local(zone, now_millis)?.weekday().num_days_from_sunday()))
}
