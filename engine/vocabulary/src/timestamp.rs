//! A point of engine time.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

/// A point of engine time: milliseconds since the Unix epoch, UTC (decision D-118).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

/// The text is not a time of the form `yyyy-MM-ddTHH:mm:ss[.SSS]Z`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a time: write yyyy-MM-ddTHH:mm:ss.SSSZ in UTC, for example 2031-05-06T14:10:00.000Z"
)]
pub struct MalformedTimestamp {
    /// What was read.
    pub text: String,
}

impl Timestamp {
    /// The start of the Unix epoch.
    pub const EPOCH: Self = Self(0);

    /// The point `millis` milliseconds after the epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// The point `seconds` seconds after the epoch.
    #[must_use]
    pub const fn from_epoch_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down: the unit of reporting keys and notifications.
    #[must_use]
    pub const fn epoch_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The time from `earlier` to this point; zero when this point is the earlier one.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Reads the wire form; milliseconds may be missing (decision D-025).
    ///
    /// # Errors
    /// [`MalformedTimestamp`] when the text has another form or names no existing instant.
    pub fn parse(text: &str) -> Result<Self, MalformedTimestamp> {
        let malformed = || MalformedTimestamp { text: text.to_owned() };
        let naive = text.strip_suffix('Z').ok_or_else(malformed)?;
        NaiveDateTime::parse_from_str(naive, "%Y-%m-%dT%H:%M:%S%.f")
            .map(|time| Self(time.and_utc().timestamp_millis()))
            .map_err(|_unreadable| malformed())
    }
}

impl fmt::Display for Timestamp {
    /// Writes the wire form, `yyyy-MM-ddTHH:mm:ss.SSSZ` (decision D-025).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match DateTime::<Utc>::from_timestamp_millis(self.0) {
            Some(time) => f.write_str(&time.to_rfc3339_opts(SecondsFormat::Millis, true)),
            None => write!(f, "{}ms", self.0),
        }
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;
    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn wire_form_survives_a_round_trip() {
        let text = "2031-05-06T14:10:00.250Z";
        assert_eq!(Timestamp::parse(text).map(|t| t.to_string()), Ok(text.to_owned()));
    }

    #[test]
    fn milliseconds_may_be_missing() {
        assert_eq!(
            Timestamp::parse("2031-05-06T14:10:00Z").map(|t| t.to_string()),
            Ok("2031-05-06T14:10:00.000Z".to_owned())
        );
    }

    #[test]
    fn text_without_zone_is_refused() {
        assert!(Timestamp::parse("2031-05-06T14:10:00").is_err());
        assert!(Timestamp::parse("tomorrow").is_err());
    }

    #[test]
    fn seconds_before_the_epoch_round_down() {
        assert_eq!(Timestamp::from_millis(-1).epoch_seconds(), -1);
    }
}
