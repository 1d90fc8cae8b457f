//! Every option that is known, one row each.
//!
//! **Invariant:** a name stands in a table once; its default is a value of its kind (both are tested).

mod builtin;
mod general;
mod limits;
mod request;
mod routing;
mod voice;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

use super::kind::{OptionKind, Reading, SECONDS_MAX};
use crate::configuration::problem::nearest;

/// A known option.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OptionDefinition {
    /// Name on the wire. A family's name is its beginning: `_bh_regular` stands for `_bh_regular1`, `_bh_regular2`.
    pub name: &'static str,
    /// Type.
    pub kind: OptionKind,
    /// Value when nobody gives one.
    pub default: DefaultValue,
    /// Who may set it.
    pub scope: Scope,
    /// Whether the platform does what it says.
    pub supported: Supported,
    /// Whether a service must carry a usable value: an explicitly empty one is refused.
    pub mandatory: bool,
    /// Whether the name is the beginning of a family of names.
    pub family: bool,
    /// Clause of the specification: section of `options.md`, sources, decision.
    pub source: &'static str,
    /// Meaning, one line.
    pub meaning: &'static str,
}

/// A default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefaultValue {
    /// There is none: the option is unset.
    None,
    /// A truth value.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A text, read as if it were written.
    Text(&'static str),
}

/// Who may set an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The service; a request may set it where the service does not (guide: precedence).
    Service,
    /// Only the service, because it restrains requests, or says whom the platform dials, shows or connects to.
    Guard,
    /// Only the request.
    Request,
    /// Both; the service's value wins.
    Both,
    /// Both; the request's value wins.
    RequestFirst,
}

/// Whether the platform does what an option says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Supported {
    /// It does.
    Now,
    /// It does for this value only; any other gives a warning.
    Only(&'static str),
    /// It does not yet; setting it gives a warning.
    NotYet,
}

impl OptionDefinition {
    /// The default as a typed value; `null` when there is none.
    #[must_use]
    pub fn default_value(&self) -> Value {
        match self.default {
            DefaultValue::None => Value::Null,
            DefaultValue::Boolean(flag) => Value::Bool(flag),
            DefaultValue::Integer(number) => Value::from(number),
            DefaultValue::Text(text) => match self.kind.read(&Value::from(text)) {
                Ok(Reading::Value(value) | Reading::Unusual(value, _)) => value,
                Ok(Reading::Empty) | Err(_) => Value::Null,
            },
        }
    }

    /// Whether a value is one that the platform acts upon.
    #[must_use]
    pub fn is_supported(&self, value: &Value) -> bool {
        match self.supported {
            Supported::Now => true,
            Supported::NotYet => false,
            Supported::Only(only) => match value {
                Value::String(text) => text == only,
                Value::Null => true,
                Value::Bool(flag) => (if *flag { "true" } else { "false" }) == only,
                _ => false,
            },
        }
    }

    const fn both(mut self) -> Self {
        self.scope = Scope::Both;
        self
    }
    const fn request(mut self) -> Self {
        self.scope = Scope::Request;
        self
    }
    const fn guard(mut self) -> Self {
        self.scope = Scope::Guard;
        self
    }
    const fn request_first(mut self) -> Self {
        self.scope = Scope::RequestFirst;
        self
    }
    const fn mandatory(mut self) -> Self {
        self.mandatory = true;
        self
    }
    const fn not_yet(mut self) -> Self {
        self.supported = Supported::NotYet;
        self
    }
    const fn only(mut self, value: &'static str) -> Self {
        self.supported = Supported::Only(value);
        self
    }
    const fn defaulting_to(mut self, number: i64) -> Self {
        self.default = DefaultValue::Integer(number);
        self
    }
    const fn family(mut self) -> Self {
        self.family = true;
        self
    }
    const fn says(mut self, source: &'static str, meaning: &'static str) -> Self {
        self.source = source;
        self.meaning = meaning;
        self
    }
}

const fn row(name: &'static str, kind: OptionKind, default: DefaultValue) -> OptionDefinition {
    OptionDefinition {
        name,
        kind,
        default,
        scope: Scope::Service,
        supported: Supported::Now,
        mandatory: false,
        family: false,
        source: "",
        meaning: "",
    }
}
const fn of(name: &'static str, kind: OptionKind) -> OptionDefinition {
    row(name, kind, DefaultValue::None)
}
const fn flag(name: &'static str, default: bool) -> OptionDefinition {
    row(name, OptionKind::Boolean, DefaultValue::Boolean(default))
}
const fn seconds(name: &'static str, default: i64) -> OptionDefinition {
    row(name, OptionKind::Seconds { min: 0, max: SECONDS_MAX }, DefaultValue::Integer(default))
}
const fn milliseconds(name: &'static str, default: i64) -> OptionDefinition {
    row(name, OptionKind::Milliseconds, DefaultValue::Integer(default))
}
const fn count(name: &'static str, min: i64, default: i64) -> OptionDefinition {
    row(name, OptionKind::Integer { min, max: COUNT_MAX }, DefaultValue::Integer(default))
}
const fn integer(name: &'static str) -> OptionDefinition {
    of(name, OptionKind::Integer { min: -COUNT_MAX, max: COUNT_MAX })
}
const fn text(name: &'static str) -> OptionDefinition {
    of(name, OptionKind::Text)
}
const fn text_or(name: &'static str, default: &'static str) -> OptionDefinition {
    row(name, OptionKind::Text, DefaultValue::Text(default))
}
const fn word(name: &'static str, words: &'static [&'static str], default: &'static str) -> OptionDefinition {
    row(name, OptionKind::Enumeration(words), DefaultValue::Text(default))
}
const fn list(name: &'static str) -> OptionDefinition {
    of(name, OptionKind::CommaList)
}

/// Largest count of anything: enough for every installation, and safe in 32-bit counters.
const COUNT_MAX: i64 = 1_000_000_000;

/// The options of one kind of service.
#[derive(Debug)]
pub struct Tables {
    by_name: BTreeMap<&'static str, &'static OptionDefinition>,
    families: Vec<&'static OptionDefinition>,
    /// Other spellings that are read as one of the names (decision D-063).
    aliases: &'static [(&'static str, &'static str)],
}

impl Tables {
    fn new(groups: &[&'static [OptionDefinition]], aliases: &'static [(&'static str, &'static str)]) -> Self {
        let rows = || groups.iter().flat_map(|group| group.iter());
        Self {
            by_name: rows().filter(|row| !row.family).map(|row| (row.name, row)).collect(),
            families: rows().filter(|row| row.family).collect(),
            aliases,
        }
    }

    /// The options of services that run a chart (options.md §3–§14).
    #[must_use]
    pub fn callback() -> &'static Self {
        static TABLES: LazyLock<Tables> = LazyLock::new(|| {
            Tables::new(
                &[
                    general::GENERAL,
                    general::SCHEDULED,
                    routing::QUEUEING,
                    voice::USER_TERMINATED,
                    voice::USER_ORIGINATED,
                    voice::TREATMENT,
                    voice::NOTIFICATION,
                    voice::CHAT,
                    request::REPORTING,
                    request::PARAMETERS,
                    limits::QUEUE_MANAGEMENT,
                    limits::ADVANCED,
                ],
                ALIASES,
            )
        });
        &TABLES
    }

    /// The options of a built-in service (options.md §18–§21); `None` if there is no such service.
    #[must_use]
    pub fn builtin(service: &str) -> Option<&'static Self> {
        builtin::tables(service)
    }

    /// Names of the built-in services.
    pub fn builtin_names() -> impl Iterator<Item = &'static str> {
        builtin::NAMES.iter().copied()
    }

    /// The option of this name; another known spelling, or a member of a family, finds it as well.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&'static OptionDefinition> {
        let canonical = self.canonical(name);
        self.by_name
            .get(canonical)
            .copied()
            .or_else(|| self.families.iter().find(|family| canonical.starts_with(family.name)).copied())
    }

    /// The canonical spelling of a name; unknown names are their own.
    #[must_use]
    pub fn canonical<'n>(&self, name: &'n str) -> &'n str {
        self.aliases.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, canonical)| canonical)
    }

    /// Every option that is no family, by name.
    pub fn iter(&self) -> impl Iterator<Item = &'static OptionDefinition> + '_ {
        self.by_name.values().copied()
    }

    /// The known name that is most like `name`, also among `further` ones.
    #[must_use]
    pub fn nearest<'n>(&'n self, name: &str, further: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
        let families = self.families.iter().map(|family| family.name);
        nearest(name, self.by_name.keys().copied().chain(families).chain(further))
    }
}

/// Names that the sources spell two ways (options.md §23, decision D-063).
const ALIASES: &[(&str, &str)] = &[
    ("_rep_useevent_enable", "_rep_userevent_enable"),
    ("_rep_useevent_dn", "_rep_userevent_dn"),
    ("_rep_useevent_switch", "_rep_userevent_switch"),
    ("_urs_adata_xfer_keys", "_urs_udata_xfer_keys"),
    ("_plugin_on_dial_invoke_on_called_failed", "_plugin_on_dial_invoke_on_call_failed"),
    ("urs_virtual_queue", "_urs_virtual_queue"),
    ("target", "_target"),
    ("max-queue-wait", "_max_queue_wait"),
    ("max_queue_wait", "_max_queue_wait"),
    ("request_execution_time_buffer", "_request_execution_time_buffer"),
    ("_v_queue_for_outbound_calls", "_vq_for_outbound_calls"),
];

#[cfg(test)]
mod tests;
