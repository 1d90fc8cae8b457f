//! The abandonment guards of the services: fed with what customers found who answered, shown, and told to new sessions.
//!
//! The counting is `routing::AbandonmentGuard`, which is pure. What a level leads to is the chart's: a chart that declares
//! the parameter `_abandonment_level` is started with it. The guards are stored each minute with the averages; a crash
//! loses the counts of the last minute, never a level that was stored.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use routing::{
    AbandonmentCount, AbandonmentGuard, AbandonmentLevel, AbandonmentOptions, AbandonmentTransition,
    AnsweredCallback,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{TimelineRow, Write};
use vocabulary::{CallbackId, ServiceName, Timestamp};

use crate::node::Node;

/// Name of the stored guards.
pub(crate) const STORED: &str = "abandonment";
/// Start parameter that tells a chart the level.
pub(crate) const LEVEL_PARAMETER: &str = "_abandonment_level";
/// Option that switches the guard of a service off.
const SWITCH: &str = "_abandonment_guard";

/// A guard with the time of its last change.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Guarded {
    guard: AbandonmentGuard,
    /// When the level was reached, epoch milliseconds; `None` before there was another.
    since: Option<i64>,
}

/// The guards of all services.
#[derive(Debug, Default)]
pub(crate) struct Guards(Mutex<BTreeMap<ServiceName, Guarded>>);

/// How a service stands, as an operator reads it.
#[derive(Clone, Debug, Serialize)]
pub struct AbandonmentView {
    /// Whether answers of the service are counted (`_abandonment_guard`).
    pub guarded: bool,
    /// Level.
    pub level: AbandonmentLevel,
    /// Since when, ISO; null as long as there was no other.
    pub since: Option<String>,
    /// Last 24 hours: `answered`, `abandoned`, `share` (null without answers).
    pub day: Value,
    /// Last 30 days.
    pub month: Value,
}

/// Word of a level, as charts and metrics have it.
pub(crate) const fn word(level: AbandonmentLevel) -> &'static str {
    match level {
        AbandonmentLevel::Normal => "normal",
        AbandonmentLevel::Warned => "warned",
        AbandonmentLevel::AgentFirst => "agent_first",
    }
}

impl Guards {
    fn all(&self) -> MutexGuard<'_, BTreeMap<ServiceName, Guarded>> {
        // Counts are whole after a panic as well.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over what was stored.
    pub(crate) fn restore(&self, text: &str) {
        match serde_json::from_str(text) {
            Ok(stored) => *self.all() = stored,
            Err(error) => {
                tracing::error!(%error, "The stored abandonment guards cannot be read; they begin anew.")
            }
        }
    }

    /// What is stored.
    pub(crate) fn text(&self) -> String {
        serde_json::to_string(&*self.all()).unwrap_or_default()
    }

    /// Level of a service.
    pub(crate) fn level(&self, service: &ServiceName) -> AbandonmentLevel {
        self.all().get(service).map(|guarded| guarded.guard.level()).unwrap_or_default()
    }

    fn count(
        &self,
        service: &ServiceName,
        answered: AnsweredCallback,
        options: &AbandonmentOptions,
        now: Timestamp,
    ) -> Option<AbandonmentTransition> {
        let mut all = self.all();
        let guarded = all.entry(service.clone()).or_default();
        let transition = guarded.guard.count(answered, options, now)?;
        guarded.since = Some(now.as_millis());
        Some(transition)
    }

    fn look(
        &self,
        options: &AbandonmentOptions,
        now: Timestamp,
    ) -> Vec<(ServiceName, AbandonmentTransition)> {
        let mut all = self.all();
        let changed = all.iter_mut().filter_map(|(service, guarded)| {
            let transition = guarded.guard.look(options, now)?;
            guarded.since = Some(now.as_millis());
            Some((service.clone(), transition))
        });
        changed.collect()
    }

    fn view(&self, service: &ServiceName, guarded: bool, now: Timestamp) -> AbandonmentView {
        let known = self.all().get(service).cloned().unwrap_or_default();
        let window = |count: AbandonmentCount| json!({ "answered": count.answered, "abandoned": count.abandoned, "share": count.share() });
        AbandonmentView {
            guarded,
            level: if guarded { known.guard.level() } else { AbandonmentLevel::Normal },
            since: known.since.map(|since| Timestamp::from_millis(since).to_string()),
            day: window(known.guard.last_day(now)),
            month: window(known.guard.last_month(now)),
        }
    }
}

impl Node {
    /// Whether the answers of a service are counted.
    fn is_guarded(&self, service: &ServiceName) -> bool {
        let configured = self
            .configuration
            .service(service.as_str())
            .and_then(|service| service.base_options().get(SWITCH));
        configured != Some(&Value::Bool(false))
    }

    /// Level of a service; [`AbandonmentLevel::Normal`] where answers are not counted, whatever was counted before.
    pub(crate) fn abandonment_level(&self, service: &ServiceName) -> AbandonmentLevel {
        if self.is_guarded(service) { self.abandonment.level(service) } else { AbandonmentLevel::Normal }
    }

    /// Counts what a customer found who answered.
    pub(crate) fn customer_answered(
        self: &Arc<Self>,
        callback: &CallbackId,
        service: &ServiceName,
        answered: AnsweredCallback,
    ) {
        if !self.is_guarded(service) {
            return;
        }
        let now = self.clock.now();
        let options = &self.configuration.abandonment;
        let transition = self.abandonment.count(service, answered, options, now);
        self.show_abandonment(service);
        let Some(transition) = transition else { return };
        tell_operator(service, transition);
        let line = TimelineRow {
            callback: Some(callback.clone()),
            session: None,
            at: now,
            kind: "warning".to_owned(),
            name: "abandonment".to_owned(),
            detail: json!({ "service": service, "change": transition }),
        };
        let node = Arc::clone(self);
        self.spawn(async move {
            match node.store.commit(vec![Write::AppendTimeline(line.clone())]).await {
                Ok(()) => node.tell_feed(line),
                Err(error) => {
                    tracing::error!(%error, "A change of an abandonment guard could not be written.")
                }
            }
        });
    }

    /// Lets old answers leave the windows; to be called each minute or so.
    pub(crate) fn look_at_abandonment(&self) {
        for (service, transition) in self.abandonment.look(&self.configuration.abandonment, self.clock.now())
        {
            if self.is_guarded(&service) {
                tell_operator(&service, transition);
            }
        }
        self.show_all_abandonment();
    }

    /// Brings the metrics of all services up to date.
    pub(crate) fn show_all_abandonment(&self) {
        let services: Vec<ServiceName> = self.abandonment.all().keys().cloned().collect();
        for service in services {
            self.show_abandonment(&service);
        }
    }

    fn show_abandonment(&self, service: &ServiceName) {
        let now = self.clock.now();
        let Some(guarded) = self.abandonment.all().get(service).cloned() else { return };
        let share = |count: AbandonmentCount| count.share().unwrap_or(0.0);
        let (day, month) = (share(guarded.guard.last_day(now)), share(guarded.guard.last_month(now)));
        let level = self.abandonment_level(service);
        self.metrics.abandonment(service.as_str(), day, month, level as i64);
    }

    /// How each callback service stands.
    pub(crate) fn abandonment_views(&self) -> BTreeMap<String, AbandonmentView> {
        let now = self.clock.now();
        let services = self.configuration.services.keys();
        let callbacks = services.filter(|name| self.configuration.callback_service(name.as_str()).is_ok());
        callbacks
            .map(|name| (name.to_string(), self.abandonment.view(name, self.is_guarded(name), now)))
            .collect()
    }
}

fn tell_operator(service: &ServiceName, transition: AbandonmentTransition) {
    let AbandonmentTransition { from, to, day, month } = transition;
    let share = |count: AbandonmentCount| count.share().unwrap_or(0.0);
    let (day, month, from_word, to_word) = (share(day), share(month), word(from), word(to));
    if to > from {
        tracing::warn!(
            service = %service, from = from_word, to = to_word, day, month,
            "Too many customers who answer find neither an agent nor a treatment."
        );
    } else {
        tracing::info!(
            service = %service, from = from_word, to = to_word, day, month,
            "Fewer customers who answer find neither an agent nor a treatment."
        );
    }
}

#[cfg(test)]
mod tests {
    use routing::{AbandonmentLevel, AbandonmentOptions, AnsweredCallback};
    use vocabulary::{ServiceName, Timestamp};

    use super::Guards;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_epoch_seconds(1_900_000_000 + seconds)
    }

    #[test]
    fn each_service_has_a_guard_of_its_own_that_survives_a_restart() {
        let (guards, options) =
            (Guards::default(), AbandonmentOptions { answered_min: 2, ..Default::default() });
        let (bad, good) = (ServiceName::new("bad"), ServiceName::new("good"));
        for second in 0..3 {
            let nobody = AnsweredCallback { at: at(second), heard_at: None };
            let _change = guards.count(&bad, nobody, &options, at(second));
            let heard = AnsweredCallback { at: at(second), heard_at: Some(at(second)) };
            assert_eq!(guards.count(&good, heard, &options, at(second)), None);
        }
        let restored = Guards::default();
        restored.restore(&guards.text());
        assert_eq!(restored.level(&bad), AbandonmentLevel::AgentFirst);
        assert_eq!(restored.level(&good), AbandonmentLevel::Normal);
        let view = restored.view(&bad, true, at(10));
        assert_eq!((&view.day["answered"], &view.day["abandoned"]), (&3.into(), &3.into()));
        let unguarded = restored.view(&bad, false, at(10));
        assert_eq!((unguarded.guarded, unguarded.level), (false, AbandonmentLevel::Normal));
        assert_eq!(view.since, Some(at(1).to_string()), "the second answer was enough to judge by");
        restored.restore("nonsense");
        assert_eq!(restored.level(&bad), AbandonmentLevel::AgentFirst);
    }
}
