//! The section `[session_limits]`: what one session may use up.
//!
//! The limits themselves, and what happens when one is hit, are those of [`statecharts::Limits`]; `docs/limits.md` has the table.

use std::time::Duration;

use statecharts::Limits;

use super::document::Table;
use super::problem::Problems;
use super::section::Section;

/// A key of the section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct SessionLimit {
    /// Key, as configurations and metrics name it.
    key: &'static str,
    /// Least value.
    min: i64,
    /// Largest value.
    max: i64,
    /// What it is counted in.
    unit: &'static str,
}

const fn limit(key: &'static str, min: i64, max: i64, unit: &'static str) -> SessionLimit {
    SessionLimit { key, min, max, unit }
}

/// Every key of the section.
const SESSION_LIMITS: &[SessionLimit] = &[
    limit("script_time", 1, 60_000, "ms"),
    limit("script_patience", 10, 600_000, "ms"),
    limit("heap", 1 << 20, 1 << 30, "bytes"),
    limit("script_memory", 16 << 20, 16 << 30, "bytes"),
    limit("stack", 64 << 10, 512 << 10, "bytes"),
    limit("microsteps", 10, 1_000_000, "microsteps"),
    limit("state_entries", 1, 1_000_000, "entries"),
    limit("work", 1_000, 1_000_000_000, "things"),
    limit("queue", 1, 100_000, "events"),
    limit("effects", 1, 100_000, "effects"),
    limit("output", 64 << 10, 1 << 30, "bytes"),
    limit("event", 1 << 10, 64 << 20, "bytes"),
    limit("pending_sends", 1, 100_000, "events"),
    limit("sent_events", 1, 1_000_000, "events"),
    limit("sent_events_rate", 1, 1_000_000, "events/s"),
    limit("invocations", 1, 10_000, "invocations"),
    limit("invoke_depth", 0, 100, "sessions"),
    limit("data", 1 << 10, 64 << 20, "bytes"),
];

/// The value of a key.
#[cfg(test)]
fn value_of(limits: &Limits, key: &str) -> Option<u64> {
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    Some(match key {
        "script_time" => millis(limits.script_time),
        "script_patience" => millis(limits.script_patience),
        "heap" => limits.heap as u64,
        "script_memory" => limits.script_memory as u64,
        "stack" => limits.stack as u64,
        "microsteps" => limits.microsteps.into(),
        "state_entries" => limits.state_entries.into(),
        "work" => limits.work,
        "queue" => limits.queue as u64,
        "effects" => limits.effects as u64,
        "output" => limits.output as u64,
        "event" => limits.event as u64,
        "pending_sends" => limits.pending_sends as u64,
        "sent_events" => limits.sent_events as u64,
        "sent_events_rate" => limits.sent_events_rate.into(),
        "invocations" => limits.invocations as u64,
        "invoke_depth" => limits.invoke_depth.into(),
        "data" => limits.data as u64,
        _ => return None,
    })
}

fn set(limits: &mut Limits, key: &str, value: u64) {
    let size = usize::try_from(value).unwrap_or(usize::MAX);
    let number = u32::try_from(value).unwrap_or(u32::MAX);
    match key {
        "script_time" => limits.script_time = Duration::from_millis(value),
        "script_patience" => limits.script_patience = Duration::from_millis(value),
        "heap" => limits.heap = size,
        "script_memory" => limits.script_memory = size,
        "stack" => limits.stack = size,
        "microsteps" => limits.microsteps = number,
        "state_entries" => limits.state_entries = number,
        "work" => limits.work = value,
        "queue" => limits.queue = size,
        "effects" => limits.effects = size,
        "output" => limits.output = size,
        "event" => limits.event = size,
        "pending_sends" => limits.pending_sends = size,
        "sent_events" => limits.sent_events = size,
        "sent_events_rate" => limits.sent_events_rate = number,
        "invocations" => limits.invocations = size,
        "invoke_depth" => limits.invoke_depth = number,
        "data" => limits.data = size,
        _ => {}
    }
}

/// Reads `[session_limits]`.
pub(super) fn read(table: &Table, problems: &mut Problems) -> Limits {
    let mut section = Section::new("[session_limits]", table, problems);
    let mut limits = Limits::default();
    for limit in SESSION_LIMITS {
        let written = section.integer(limit.key, limit.min, limit.max);
        if let Some(value) = written.and_then(|value| u64::try_from(value).ok()) {
            set(&mut limits, limit.key, value);
        }
    }
    section.finish();
    limits
}

#[cfg(test)]
mod tests {
    use statecharts::{DocumentLimits, LimitName, Limits};

    use super::{SESSION_LIMITS, value_of};
    use crate::configuration::Configuration;

    fn errors(text: &str) -> String {
        Configuration::parse(text, "test.toml").unwrap_err().to_string()
    }

    #[test]
    fn every_limit_can_be_set() {
        for limit in SESSION_LIMITS {
            for value in [limit.min, limit.max] {
                let text = format!("[session_limits]\n{} = {value}\n", limit.key);
                let loaded = Configuration::parse(&text, "test.toml").unwrap();
                let set = value_of(&loaded.configuration.session_limits, limit.key);
                assert_eq!(set, u64::try_from(value).ok(), "{}", limit.key);
            }
            let default = value_of(&Limits::default(), limit.key).and_then(|value| i64::try_from(value).ok());
            assert!(default.is_some_and(|value| (limit.min..=limit.max).contains(&value)), "{}", limit.key);
        }
    }

    #[test]
    fn unknown_and_unusable_limits_are_refused_with_their_place() {
        let text = errors("[session_limits]\nheep = 5\nstack = 1\n");
        assert!(text.contains("test.toml:2") && text.contains("did you mean `heap`"), "{text}");
        assert!(text.contains("test.toml:3") && text.contains("65536"), "{text}");
    }

    #[test]
    fn every_limit_with_a_name_is_a_key() {
        for name in LimitName::ALL {
            assert!(SESSION_LIMITS.iter().any(|limit| limit.key == name.as_str()), "{}", name.as_str());
        }
    }

    #[test]
    fn the_documentation_has_every_limit_with_its_default_and_range() {
        let page = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/limits.md"));
        for limit in SESSION_LIMITS {
            let default = value_of(&Limits::default(), limit.key).unwrap();
            let row =
                format!("| `{}` | {default} {} | {} to {} |", limit.key, limit.unit, limit.min, limit.max);
            assert!(page.contains(&row), "docs/limits.md needs a row that begins with: {row}");
        }
        for (name, value) in DocumentLimits::ALL {
            let row = format!("| {name} | {value} |");
            assert!(page.contains(&row), "docs/limits.md needs the row: {row}");
        }
        assert!(page.contains(crate::metrics::LIMIT_BREACHES), "docs/limits.md needs the metric");
    }
}
