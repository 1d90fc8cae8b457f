//! What the node counts. Names are here and nowhere else.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use statecharts::LimitName;
use store::CallbackRow;

/// The metrics of a node.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    /// Requests to start a callback that were accepted.
    pub(crate) callbacks_accepted: Counter,
    /// Requests to start a callback that were refused.
    pub(crate) callbacks_refused: Counter,
    /// Callbacks that ended, by outcome.
    callbacks_completed: Family<Vec<(String, String)>, Counter>,
    /// Sessions that run.
    pub(crate) sessions: Gauge,
    /// Events that sessions processed.
    pub(crate) events: Counter,
    /// Dials handed to the switch.
    pub(crate) dials: Counter,
    /// Messages that found a mailbox full.
    pub(crate) full_mailboxes: Counter,
    /// Attempts to store a step that failed.
    pub(crate) failed_commits: Counter,
    /// Steps that wait because the store fails.
    pub(crate) waiting_commits: Gauge,
    /// Messages of the outbox that were given up.
    pub(crate) messages_given_up: Counter,
    /// Limits that sessions hit, by the name of the limit.
    limit_breaches: Family<Vec<(String, String)>, Counter>,
    /// Share of answers without agent and treatment, by service and window.
    abandonment_share: Family<Vec<(String, String)>, Gauge<f64, AtomicU64>>,
    /// Level of the guard, by service.
    abandonment_level: Family<Vec<(String, String)>, Gauge>,
}

/// Name of the metric of limits that sessions hit, as it is read.
#[cfg(test)]
pub(crate) const LIMIT_BREACHES: &str = "ringback_session_limit_breaches_total";

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("ringback");
        let mut counter = |name: &str, help: &str| {
            let counter = Counter::default();
            registry.register(name, help, counter.clone());
            counter
        };
        let callbacks_accepted =
            counter("callbacks_accepted", "Requests to start a callback that were accepted");
        let callbacks_refused =
            counter("callbacks_refused", "Requests to start a callback that were refused");
        let events = counter("session_events", "Events that sessions processed");
        let dials = counter("dials", "Dials handed to the switch");
        let full_mailboxes = counter("mailboxes_full", "Messages that found a mailbox full");
        let failed_commits = counter("commits_failed", "Attempts to store a step that failed");
        let messages_given_up = counter("messages_given_up", "Notifications that could not be delivered");
        let callbacks_completed = Family::<Vec<(String, String)>, Counter>::default();
        registry.register(
            "callbacks_completed",
            "Callbacks that ended, by outcome",
            callbacks_completed.clone(),
        );
        let limit_breaches = Family::<Vec<(String, String)>, Counter>::default();
        for limit in LimitName::ALL {
            // Counted from the start, so that the first breach is a change.
            drop(limit_breaches.get_or_create(&label(*limit)));
        }
        registry.register(
            "session_limit_breaches",
            "Limits that sessions hit, by limit",
            limit_breaches.clone(),
        );
        let abandonment_share = Family::<Vec<(String, String)>, Gauge<f64, AtomicU64>>::default();
        registry.register(
            "abandonment_share",
            "Share of answered customers who found neither an agent nor a treatment, 0 to 1; window 24h or 30d",
            abandonment_share.clone(),
        );
        let abandonment_level = Family::<Vec<(String, String)>, Gauge>::default();
        registry.register(
            "abandonment_level",
            "Level of the abandonment guard: 0 normal, 1 warned, 2 agent first",
            abandonment_level.clone(),
        );
        let sessions = Gauge::default();
        registry.register("sessions_running", "Sessions that run", sessions.clone());
        let waiting_commits = Gauge::default();
        registry.register(
            "commits_waiting",
            "Steps that wait because the store fails",
            waiting_commits.clone(),
        );
        Self {
            registry,
            callbacks_accepted,
            callbacks_refused,
            callbacks_completed,
            sessions,
            events,
            dials,
            full_mailboxes,
            failed_commits,
            waiting_commits,
            messages_given_up,
            limit_breaches,
            abandonment_share,
            abandonment_level,
        }
    }
}

fn label(limit: LimitName) -> Vec<(String, String)> {
    vec![("limit".to_owned(), limit.as_str().to_owned())]
}

impl Metrics {
    /// A session hit a limit.
    pub(crate) fn limit_breached(&self, limit: LimitName) {
        self.limit_breaches.get_or_create(&label(limit)).inc();
    }

    /// How a configured service stands with its answered customers.
    pub(crate) fn abandonment(&self, service: &str, day: f64, month: f64, level: i64) {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        for (window, share) in [("24h", day), ("30d", month)] {
            let labels = vec![pair("service", service), pair("window", window)];
            self.abandonment_share.get_or_create(&labels).set(share);
        }
        self.abandonment_level.get_or_create(&vec![pair("service", service)]).set(level);
    }

    /// A session has ended, with its record if it ran a callback.
    pub(crate) fn session_ended(&self, record: Option<&CallbackRow>) {
        self.sessions.dec();
        if let Some(reason) = record.and_then(|row| row.reason.as_ref()) {
            // Reasons can be free text of an agent: the label has three values only.
            let outcome = match reason.as_str() {
                "AGENT_CONNECTED" => "connected",
                reason if reason.starts_with("CANCELLED") => "cancelled",
                reason if reason.starts_with("FAIL_") => "failed",
                _ => "other",
            };
            self.callbacks_completed.get_or_create(&vec![("outcome".to_owned(), outcome.to_owned())]).inc();
        }
    }

    /// The text form.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        if let Err(error) = encode(&mut text, &self.registry) {
            tracing::error!(%error, "Metrics could not be written.");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use statecharts::LimitName;

    use super::{LIMIT_BREACHES, Metrics};

    #[test]
    fn every_limit_is_counted_from_the_start() {
        let metrics = Metrics::default();
        metrics.limit_breached(LimitName::Heap);
        let text = metrics.text();
        for limit in LimitName::ALL {
            let count = u8::from(*limit == LimitName::Heap);
            let line = format!("{LIMIT_BREACHES}{{limit=\"{}\"}} {count}", limit.as_str());
            assert!(text.contains(&line), "{line} is not in {text}");
        }
    }
}
