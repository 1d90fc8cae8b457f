//! How far ahead a callback may be booked (guide: `_reject_future_desired_time`).

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Days, Months, TimeDelta, Utc};
use vocabulary::Timestamp;

/// A count of calendar units, `1M`: no callback may be wanted later than this from now.
///
/// The case of the unit matters: `M` is a month, `m` a minute. Months and years are those of the calendar, in UTC; a
/// day that the month does not have becomes its last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookingHorizon {
    count: u32,
    unit: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Year,
    Month,
    Week,
    Day,
    Hour,
    Minute,
}

/// The text is no horizon.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a number from 1 to {COUNT_MAX} and a unit of `y M w d h m`, such as `1M`")]
pub struct MalformedHorizon {
    /// What was read.
    pub text: String,
}

/// Largest count; with years it stays within the calendar.
const COUNT_MAX: u32 = 1000;

impl BookingHorizon {
    /// The last point that may be wanted when it is `now`.
    #[must_use]
    pub fn after(self, now: Timestamp) -> Timestamp {
        let latest =
            DateTime::<Utc>::from_timestamp_millis(now.as_millis()).and_then(|now| match self.unit {
                Unit::Year => now.checked_add_months(Months::new(self.count * 12)),
                Unit::Month => now.checked_add_months(Months::new(self.count)),
                Unit::Week => now.checked_add_days(Days::new(u64::from(self.count) * 7)),
                Unit::Day => now.checked_add_days(Days::new(u64::from(self.count))),
                Unit::Hour => now.checked_add_signed(TimeDelta::hours(i64::from(self.count))),
                Unit::Minute => now.checked_add_signed(TimeDelta::minutes(i64::from(self.count))),
            });
        latest.map_or(Timestamp::from_millis(i64::MAX), |latest| {
            Timestamp::from_millis(latest.timestamp_millis())
        })
    }

    /// Whole seconds from `now` to [`Self::after`]: the upper bound in the guide's messages (decision D-011).
    #[must_use]
    pub fn seconds_from(self, now: Timestamp) -> i64 {
        self.after(now).as_millis().saturating_sub(now.as_millis()) / 1000
    }
}

impl FromStr for BookingHorizon {
    type Err = MalformedHorizon;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let malformed = || MalformedHorizon { text: text.to_owned() };
        let trimmed = text.trim();
        let unit = match trimmed.chars().next_back() {
            Some('y') => Unit::Year,
            Some('M') => Unit::Month,
            Some('w') => Unit::Week,
            Some('d') => Unit::Day,
            Some('h') => Unit::Hour,
            Some('m') => Unit::Minute,
            _ => return Err(malformed()),
        };
        let count = trimmed
            .get(..trimmed.len() - 1)
            .and_then(|digits| digits.parse().ok())
            .filter(|count| (1..=COUNT_MAX).contains(count))
            .ok_or_else(malformed)?;
        Ok(Self { count, unit })
    }
}

impl fmt::Display for BookingHorizon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            Unit::Year => 'y',
            Unit::Month => 'M',
            Unit::Week => 'w',
            Unit::Day => 'd',
            Unit::Hour => 'h',
            Unit::Minute => 'm',
        };
        write!(f, "{}{unit}", self.count)
    }
}

#[cfg(test)]
mod tests {
    use vocabulary::Timestamp;

    use super::BookingHorizon;

    fn after(horizon: &str, now: &str) -> String {
        horizon.parse::<BookingHorizon>().unwrap().after(Timestamp::parse(now).unwrap()).to_string()
    }

    #[test]
    fn capital_m_is_a_month_and_small_m_a_minute() {
        assert_eq!(after("1M", "2031-01-31T10:00:00Z"), "2031-02-28T10:00:00.000Z");
        assert_eq!(after("1m", "2031-01-31T10:00:00Z"), "2031-01-31T10:01:00.000Z");
    }

    #[test]
    fn every_unit_counts() {
        assert_eq!(after("1y", "2031-01-31T10:00:00Z"), "2032-01-31T10:00:00.000Z");
        assert_eq!(after("2w", "2031-01-31T10:00:00Z"), "2031-02-14T10:00:00.000Z");
        assert_eq!(after("3d", "2031-01-31T10:00:00Z"), "2031-02-03T10:00:00.000Z");
        assert_eq!(after("4h", "2031-01-31T22:00:00Z"), "2031-02-01T02:00:00.000Z");
    }

    #[test]
    fn bound_in_seconds_is_counted_from_now() {
        let horizon: BookingHorizon = "1M".parse().unwrap();
        let now = Timestamp::parse("2031-01-01T00:00:00Z").unwrap();
        assert_eq!(horizon.seconds_from(now), 31 * 86_400);
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "M", "0M", "1Q", "1", "-1d", "1001y", "1é"] {
            assert!(text.parse::<BookingHorizon>().is_err(), "{text}");
        }
    }
}
