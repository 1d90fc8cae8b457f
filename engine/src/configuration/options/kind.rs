//! Types of options, and the reading of a written value.

use std::collections::BTreeMap;

use serde_json::Value;
use statecharts::nesting;

use crate::configuration::horizon::BookingHorizon;

/// Longest time that an option may hold: ten years, in seconds.
pub(super) const SECONDS_MAX: i64 = 315_360_000;
/// Most targets in a list (guide: 15 since 8.5.114).
const TARGETS_MAX: usize = 15;

/// Type of an option.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OptionKind {
    /// `true` or `false`; a boolean.
    Boolean,
    /// A whole number between two bounds; a number.
    Integer {
        /// Smallest.
        min: i64,
        /// Largest.
        max: i64,
    },
    /// One of a few whole numbers, in minutes; a number.
    Minutes(&'static [i64]),
    /// A count, where `false` is 0; a number.
    CountOrFalse {
        /// Largest.
        max: i64,
    },
    /// A time in whole seconds, from `min` to `max`; a number.
    Seconds {
        /// Shortest.
        min: i64,
        /// Longest.
        max: i64,
    },
    /// A time in whole milliseconds, from 0; a number.
    Milliseconds,
    /// A point in time, epoch seconds, fractions allowed; a number.
    EpochSeconds,
    /// Any number; a number.
    Number,
    /// Any text; a text.
    Text,
    /// One of these words, in any case; a text in the case given here.
    Enumeration(&'static [&'static str]),
    /// A text that ought to be one of these words; others are passed on, since a chart has its own way with them.
    OpenEnumeration(&'static [&'static str]),
    /// Texts separated by commas; an array of texts.
    CommaList,
    /// Text that parses as a JSON object; an object.
    Json,
    /// A file or URI as text, or a JSON object `{file, hints}`; a text or an object.
    Treatment,
    /// ISO 3166 two-letter code of a country; a text in capitals.
    Country,
    /// A routing target, or a JSON array of conditional targets; a text or an array.
    Target,
    /// A point in time on the wire, `yyyy-MM-ddTHH:mm:ss.SSSZ`; a text, read by admission (its refusal has a place of
    /// its own in the order of checks).
    Time,
    /// How far ahead may be booked, `1M`; a text.
    Horizon,
    /// An absolute URL or a name; a text.
    Url,
    /// Pairs `eta:position`; a text.
    Thresholds,
    /// `Statistic;ObjectType;ObjectId;Tenant`; a text. Read by admission, which has a refusal of its own for it.
    Statistic,
}

/// A value that has been read.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading {
    /// Nothing was written: an empty text, or JSON `null`.
    Empty,
    /// The typed value.
    Value(Value),
    /// The typed value, which is allowed but unusual; the text says why.
    Unusual(Value, String),
}

/// A value that does not fit its option.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found} is not {expected}")]
pub struct UnreadableValue {
    /// What was read.
    pub found: String,
    /// What is expected.
    pub expected: String,
}

impl OptionKind {
    /// Unit of the numbers, for people.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Seconds { .. } => "s",
            Self::Milliseconds => "ms",
            Self::Minutes(_) => "min",
            Self::EpochSeconds => "epoch s",
            _ => "",
        }
    }

    /// Whether an empty text is a value of its own and not the absence of one.
    #[must_use]
    pub const fn is_textual(self) -> bool {
        !matches!(
            self,
            Self::Boolean
                | Self::Integer { .. }
                | Self::Minutes(_)
                | Self::CountOrFalse { .. }
                | Self::Seconds { .. }
                | Self::Milliseconds
                | Self::EpochSeconds
                | Self::Number
                | Self::Enumeration(_)
                | Self::Horizon
                | Self::Thresholds
        )
    }

    /// Whether a value has parts, each of which is filled and typed on its own.
    #[must_use]
    pub const fn is_structured(self) -> bool {
        matches!(self, Self::Json | Self::Treatment | Self::Target)
    }

    /// What a value of this type looks like.
    #[must_use]
    pub fn expected(self) -> String {
        match self {
            Self::Boolean => "`true` or `false`".to_owned(),
            Self::Integer { min, max: i64::MAX } => format!("a whole number of at least {min}"),
            Self::Integer { min, max } => format!("a whole number from {min} to {max}"),
            Self::Minutes(minutes) => format!("one of {} (minutes)", join(minutes)),
            Self::CountOrFalse { max } => format!("a whole number from 0 to {max}, or `false`"),
            Self::Seconds { min, max } => format!("a whole number of seconds from {min} to {max}"),
            Self::Milliseconds => format!("a whole number of milliseconds from 0 to {}", SECONDS_MAX * 1000),
            Self::EpochSeconds => "a point in time in epoch seconds".to_owned(),
            Self::Number => "a number".to_owned(),
            Self::Text => "a text".to_owned(),
            Self::Enumeration(words) | Self::OpenEnumeration(words) => {
                format!("one of `{}`", words.join("`, `"))
            }
            Self::CommaList => "a list of texts, separated by commas".to_owned(),
            Self::Json => "a JSON object".to_owned(),
            Self::Treatment => "a file name or URI, or a JSON object with `file` and `hints`".to_owned(),
            Self::Country => "a two-letter country code of ISO 3166, such as `US`".to_owned(),
            Self::Target => format!(
                "a target such as `Support@StatServer.GA`, or a JSON array of at most {TARGETS_MAX} objects with `target`"
            ),
            Self::Time => "a time such as `2031-05-06T14:10:00.000Z`".to_owned(),
            Self::Horizon => "a number and a unit of `y M w d h m`, such as `1M`".to_owned(),
            Self::Url => "an absolute URL".to_owned(),
            Self::Thresholds => "pairs `eta:position`, such as `0:10,10:5`".to_owned(),
            Self::Statistic => "`Statistic;ObjectType;ObjectId;Tenant`".to_owned(),
        }
    }

    /// Types a written value: text, number or boolean alike.
    ///
    /// # Errors
    /// [`UnreadableValue`] when the value is none of this type.
    pub fn read(self, written: &Value) -> Result<Reading, UnreadableValue> {
        let text = match written {
            Value::Null => return Ok(Reading::Empty),
            Value::String(text) if text.trim().is_empty() => return Ok(Reading::Empty),
            Value::String(text) => Some(text.trim()),
            _ => None,
        };
        let read = match self {
            Self::Boolean => written.as_bool().or_else(|| text.and_then(boolean)).map(Value::Bool),
            Self::Integer { min, max } | Self::Seconds { min, max } => integer(written, text, min, max),
            Self::Milliseconds => integer(written, text, 0, SECONDS_MAX * 1000),
            Self::Minutes(allowed) => integer(written, text, 0, SECONDS_MAX)
                .filter(|number| number.as_i64().is_some_and(|number| allowed.contains(&number))),
            Self::CountOrFalse { max } => match written.as_bool().or_else(|| text.and_then(boolean)) {
                Some(false) => Some(Value::from(0)),
                Some(true) => None,
                None => integer(written, text, 0, max),
            },
            Self::EpochSeconds | Self::Number => number(written, text),
            Self::Enumeration(words) => word(written, text, words),
            Self::OpenEnumeration(words) => {
                if let Some(known) = word(written, text, words) {
                    Some(known)
                } else if let Some(other) = plain_text(written) {
                    let note = format!("{} is not {}", shown(written), self.expected());
                    return Ok(Reading::Unusual(other, note));
                } else {
                    None
                }
            }
            Self::Text | Self::Time | Self::Statistic => plain_text(written),
            Self::CommaList => list(written),
            Self::Json => json_object(written, text),
            Self::Treatment => json_object(written, text).or_else(|| {
                text.filter(|text| !text.starts_with('{')).map(|text| Value::String(text.to_owned()))
            }),
            Self::Country => text.and_then(country),
            Self::Target => target(written, text),
            Self::Horizon => text
                .filter(|text| text.parse::<BookingHorizon>().is_ok())
                .map(|text| Value::String(text.to_owned())),
            Self::Url => {
                text.filter(|text| url::Url::parse(text).is_ok()).map(|text| Value::String(text.to_owned()))
            }
            Self::Thresholds => {
                text.filter(|text| thresholds(text).is_some()).map(|text| Value::String(text.to_owned()))
            }
        };
        read.map(Reading::Value)
            .ok_or_else(|| UnreadableValue { found: shown(written), expected: self.expected() })
    }
}

/// A value as messages show it, shortened.
pub(in crate::configuration) fn shown(value: &Value) -> String {
    const SHOWN_MAX: usize = 60;
    match value {
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        other => {
            let text = other.as_str().map_or_else(|| other.to_string(), str::to_owned);
            let mut short: String = text.chars().take(SHOWN_MAX).collect();
            if short.len() < text.len() {
                short.push('…');
            }
            format!("`{short}`")
        }
    }
}

fn join(numbers: &[i64]) -> String {
    numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

fn integer(written: &Value, text: Option<&str>, min: i64, max: i64) -> Option<Value> {
    written
        .as_i64()
        .or_else(|| text.and_then(|text| text.parse().ok()))
        .filter(|number| (min..=max).contains(number))
        .map(Value::from)
}

fn number(written: &Value, text: Option<&str>) -> Option<Value> {
    let Some(text) = text else {
        return written.is_number().then(|| written.clone());
    };
    if let Ok(whole) = text.parse::<i64>() {
        return Some(Value::from(whole));
    }
    text.parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::from)
}

/// A text; numbers and booleans as they are written.
fn plain_text(written: &Value) -> Option<Value> {
    match written {
        Value::String(_) => Some(written.clone()),
        Value::Number(_) | Value::Bool(_) => Some(Value::String(written.to_string())),
        _ => None,
    }
}

fn word(written: &Value, text: Option<&str>, words: &[&str]) -> Option<Value> {
    let flag = written.as_bool().map(|flag| flag.to_string());
    let text = text.or(flag.as_deref())?;
    words.iter().find(|word| word.eq_ignore_ascii_case(text)).map(|word| Value::String((*word).to_owned()))
}

fn list(written: &Value) -> Option<Value> {
    match written {
        Value::Array(items) => items.iter().map(plain_text).collect::<Option<Vec<_>>>(),
        other => {
            let text = plain_text(other)?;
            let parts = crate::configuration::section::split_list(text.as_str()?);
            Some(parts.into_iter().map(Value::String).collect())
        }
    }
    .map(Value::Array)
}

fn json_object(written: &Value, text: Option<&str>) -> Option<Value> {
    match text {
        Some(text) => json(text).filter(Value::is_object),
        None => written.is_object().then(|| written.clone()),
    }
}

/// JSON in the text of an option, unless it is nested too deeply to be handed on.
fn json(text: &str) -> Option<Value> {
    let value = serde_json::from_str(text).ok()?;
    (!nesting::is_nested_deeper(&value, nesting::NESTING_MAX)).then_some(value)
}

fn country(text: &str) -> Option<Value> {
    let capitals = text.to_ascii_uppercase();
    crate::phone::is_country(&capitals).then_some(Value::String(capitals))
}

/// A target as text, or the list of conditional targets (guide: JSON array; numbers and booleans as text or value,
/// decision D-064).
fn target(written: &Value, text: Option<&str>) -> Option<Value> {
    let items = match text {
        Some(text) if text.starts_with('[') => json(text)?.as_array()?.clone(),
        Some(text) => return Some(Value::String(text.to_owned())),
        None => written.as_array()?.clone(),
    };
    let complete = items.iter().all(|item| {
        item.get("target").and_then(Value::as_str).is_some_and(|target| !target.trim().is_empty())
    });
    ((1..=TARGETS_MAX).contains(&items.len()) && complete).then_some(Value::Array(items))
}

/// The bands of `_eta_pos_threshold`: from which estimated time in seconds a position must be below which number.
fn thresholds(text: &str) -> Option<BTreeMap<u32, u32>> {
    text.split(',')
        .map(|pair| {
            let (eta, position) = pair.trim().split_once(':')?;
            Some((eta.trim().parse().ok()?, position.trim().parse().ok()?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{OptionKind, Reading};

    fn check(kind: OptionKind, written: Value, expected: Value) {
        assert_eq!(kind.read(&written), Ok(Reading::Value(expected)), "{kind:?} {written}");
    }

    fn refused(kind: OptionKind, written: Value) -> String {
        match kind.read(&written) {
            Err(problem) => problem.to_string(),
            Ok(reading) => panic!("{kind:?} read {written} as {reading:?}"),
        }
    }

    #[test]
    fn numbers_and_booleans_are_typed_however_they_are_written() {
        let seconds = OptionKind::Seconds { min: 0, max: 100 };
        check(seconds, json!("30"), json!(30));
        check(seconds, json!(30), json!(30));
        check(OptionKind::Boolean, json!("TRUE"), json!(true));
        check(OptionKind::Boolean, json!(false), json!(false));
        check(OptionKind::CountOrFalse { max: 9 }, json!("false"), json!(0));
        check(OptionKind::CountOrFalse { max: 9 }, json!(2), json!(2));
        check(OptionKind::EpochSeconds, json!("1900000000.5"), json!(1_900_000_000.5));
    }

    #[test]
    fn refusals_say_what_was_read_and_what_is_expected() {
        let seconds = OptionKind::Seconds { min: 0, max: 100 };
        assert_eq!(refused(seconds, json!("soon")), "`soon` is not a whole number of seconds from 0 to 100");
        assert_eq!(refused(seconds, json!(101)), "`101` is not a whole number of seconds from 0 to 100");
        assert_eq!(refused(OptionKind::Boolean, json!("yes")), "`yes` is not `true` or `false`");
        assert_eq!(refused(OptionKind::Minutes(&[5, 10]), json!(7)), "`7` is not one of 5, 10 (minutes)");
    }

    #[test]
    fn words_are_read_in_any_case_and_kept_in_ours() {
        let kind = OptionKind::Enumeration(&["true", "false", "strict"]);
        check(kind, json!("Strict"), json!("strict"));
        check(kind, json!(true), json!("true"));
        refused(kind, json!("maybe"));
    }

    #[test]
    fn unknown_words_of_an_open_list_are_passed_on() {
        let kind = OptionKind::OpenEnumeration(&["voice", "chat"]);
        assert!(matches!(kind.read(&json!("fax")), Ok(Reading::Unusual(value, _)) if value == "fax"));
    }

    #[test]
    fn empty_text_is_no_value() {
        assert_eq!(OptionKind::Text.read(&json!(" ")), Ok(Reading::Empty));
        assert_eq!(OptionKind::Boolean.read(&Value::Null), Ok(Reading::Empty));
    }

    #[test]
    fn treatments_are_names_or_objects() {
        check(OptionKind::Treatment, json!("music/hold1"), json!("music/hold1"));
        check(OptionKind::Treatment, json!("{ }"), json!({}));
        check(
            OptionKind::Treatment,
            json!(r#"{"file":"a","hints":{"am-beep-detection":"on"}}"#),
            json!({"file": "a", "hints": {"am-beep-detection": "on"}}),
        );
        refused(OptionKind::Treatment, json!(r#"{"file":"#));
    }

    #[test]
    fn targets_are_texts_or_lists_of_at_most_15() {
        check(OptionKind::Target, json!("Sales@Stat.GA"), json!("Sales@Stat.GA"));
        check(
            OptionKind::Target,
            json!(r#"[{"target":"Gold@Stat1.GA","timeout":"20"}]"#),
            json!([{"target": "Gold@Stat1.GA", "timeout": "20"}]),
        );
        refused(OptionKind::Target, json!("[]"));
        refused(OptionKind::Target, json!([{"timeout": 20}]));
        refused(OptionKind::Target, Value::Array(vec![json!({"target": "A@.GA"}); 16]));
    }

    #[test]
    fn countries_are_known_ones() {
        check(OptionKind::Country, json!("us"), json!("US"));
        refused(OptionKind::Country, json!("USA"));
        refused(OptionKind::Country, json!("QQ"));
    }

    #[test]
    fn lists_may_be_arrays_or_text() {
        check(OptionKind::CommaList, json!("_a, _b,"), json!(["_a", "_b"]));
        check(OptionKind::CommaList, json!(["_a"]), json!(["_a"]));
    }

    #[test]
    fn thresholds_and_horizons_are_checked() {
        check(OptionKind::Thresholds, json!("0:10,10:5"), json!("0:10,10:5"));
        refused(OptionKind::Thresholds, json!("0-10"));
        check(OptionKind::Horizon, json!("1M"), json!("1M"));
        refused(OptionKind::Horizon, json!("1Q"));
    }
}
