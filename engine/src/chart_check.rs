//! What tools say about a chart: the mistakes that refuse it, and what the lints find in one that loads.

use statecharts::lints::{self, Host, KnownOption};
use statecharts::{Diagnostic, Severity, Source, compile};

use crate::Charts;
use crate::configuration::options::Tables;
use crate::verbs;

/// Something that is to be said about a chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChartFinding {
    /// Where and what.
    pub diagnostic: Diagnostic,
    /// Name of the lint; nothing for what the reader of charts found.
    pub lint: Option<&'static str>,
    /// What to do about it; nothing where the message says it.
    pub hint: Option<String>,
}

/// What the lints look for, as Markdown: `docs/lints.md`.
#[must_use]
pub fn lints() -> String {
    lints::markdown()
}

/// The lints' view of the platform.
fn host() -> Host {
    let unasked = verbs::UNASKED.iter().map(|event| event.event).chain(AGREED.iter().copied()).collect();
    Host {
        families: FAMILIES,
        unasked,
        ends: ENDS,
        bounded: BOUNDED,
        options: "_options",
        option: known_option,
    }
}

/// First words of events that only the platform gives.
const FAMILIES: &[&str] =
    &["queue", "interaction", "voice", "dialog", "session", "callback", "ws", "statistic", "gms"];

/// Names that clients and other sessions send by agreement (guide: user confirmation, queue position; on-dial plugin).
const AGREED: &[&str] = &["connect", "check-queue-position", "plugin.start"];

/// The life time of a callback ends, and every call does.
const ENDS: &[&str] = &["callback.expired", "interaction.deleted"];

/// What the platform answers in a time of its own, also when nothing is heard of the switch or the other end. Not so the search for
/// an agent, a treatment, and a session that was started.
const BOUNDED: &[&str] = &[
    "voice.createcall",
    "error.voice.createcall",
    "interaction",
    "error.interaction",
    "session.start",
    "session.fetch",
    "session.terminate",
    "error.session",
    "callback.push",
    "error.callback",
    "queue.update",
    "queue.cancel",
    "queue.query",
];

fn known_option(name: &str) -> KnownOption {
    let tables = Tables::callback();
    match tables.find(name) {
        Some(_) => KnownOption::Yes,
        None => KnownOption::No(tables.nearest(name, []).map(str::to_owned)),
    }
}

impl Charts {
    /// Everything that is to be said about a text, in the order of its files and lines.
    #[must_use]
    pub fn inspect(&self, file: &str, text: &str) -> Vec<ChartFinding> {
        let said = |diagnostic| ChartFinding { diagnostic, lint: None, hint: None };
        match compile(Source { file, text }, self.modules(), self) {
            Ok(compiled) => {
                let found = lints::check(&compiled.chart, &host());
                compiled.warnings.into_iter().map(said).chain(found.into_iter().map(finding)).collect()
            }
            Err(error) => error.diagnostics.into_iter().map(said).collect(),
        }
    }
}

fn finding(found: lints::Finding) -> ChartFinding {
    let lints::Finding { lint, position, message, hint } = found;
    let statecharts::outline::Position { file, line, column } = position;
    let diagnostic = Diagnostic { severity: lint.severity, file: file.to_string(), line, column, message };
    ChartFinding { diagnostic, lint: Some(lint.name), hint: Some(hint) }
}

impl ChartFinding {
    /// Whether the chart cannot be used, or will surely fail.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.diagnostic.severity == Severity::Error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_charts_and_their_parts_are_clean() {
        let charts = Charts::new(None);
        for (file, text) in crate::charts::SHIPPED.iter().filter(|(file, _)| !file.starts_with("parts/")) {
            let found = charts.inspect(file, text);
            let lines: Vec<String> =
                found.iter().map(|found| format!("{:?} {}", found.lint, found.diagnostic)).collect();
            assert!(lines.is_empty(), "{}", lines.join("\n"));
        }
    }
}
