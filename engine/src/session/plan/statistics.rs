//! `statistic:` verbs: values that are told from time to time. A subscription lives in timers of its session, and so survives a
//! restart. The platform's other timer is here too: it ends a session at the age that its chart gives it.

use std::time::Duration;

use routing::statistics::Statistic;
use serde_json::json;
use statecharts::{Event, Verb};
use store::{TimerRow, Write};
use vocabulary::{EffectId, Timestamp};

use super::sending::TimedEvent;
use super::{Planner, values};
use crate::session::context::Subscription;
use crate::session::order::Action;

/// Name of the timed event that is none of the chart's: it asks for a statistic.
const ASK: &str = "#statistic";
/// Id of the timer that ends the session at the age that its chart gives it.
pub(crate) const MAX_AGE: &str = "maxage";
/// Seconds between two updates when the chart does not say.
const INTERVAL_DEFAULT_SECS: u64 = 10;
/// Subscriptions of one session.
const SUBSCRIPTIONS_MAX: usize = 32;

impl Planner<'_> {
    pub(super) fn subscribe(&mut self, id: &EffectId, verb: &Verb) {
        let refused = |planner: &mut Self, error: &str, problem: &str| {
            planner.fail(id, "error.statistic.subscribe", error, problem);
        };
        let object = values::text(&verb.attributes, "object");
        let (Some(object), Some(statistic)) = (object, values::text(&verb.attributes, "statistic")) else {
            return refused(self, "Request Invalid", "it needs an object and a statistic");
        };
        if let Err(problem) = Statistic::parse(&statistic) {
            return refused(self, "Request Invalid", &problem.to_string());
        }
        let is_known = |known: &Subscription| known.object == object && known.statistic == statistic;
        if self.context.subscriptions.values().any(is_known) {
            return refused(self, "Subscription Already Active", "it is subscribed to already");
        }
        if self.context.subscriptions.len() >= SUBSCRIPTIONS_MAX {
            return refused(self, "Request Invalid", "the session has too many subscriptions");
        }
        let interval =
            values::integer(&verb.attributes, "interval").and_then(|secs| u64::try_from(secs).ok());
        let interval_secs = interval.filter(|secs| *secs > 0).unwrap_or(INTERVAL_DEFAULT_SECS);
        self.context.subscriptions.insert(id.to_string(), Subscription { object, statistic, interval_secs });
        self.raise("statistic.subscribe.done", json!({ "requestid": id.to_string() }));
        self.ask_at(&id.to_string(), self.now);
    }

    pub(super) fn unsubscribe(&mut self, id: &EffectId, verb: &Verb) {
        let request = values::text(&verb.attributes, "requestid");
        let object = values::text(&verb.attributes, "object");
        let statistic = values::text(&verb.attributes, "statistic");
        let found = self.context.subscriptions.iter().find(|(known, subscription)| {
            request.as_ref() == Some(*known)
                || (object.as_ref() == Some(&subscription.object)
                    && statistic.as_ref() == Some(&subscription.statistic))
        });
        match found.map(|(known, _)| known.clone()) {
            Some(known) => {
                self.context.subscriptions.remove(&known);
                self.forget_timer(&timer_of(&known));
                self.raise("statistic.unsubscribe.done", json!({ "requestid": known }));
            }
            None => {
                let problem = "there is no such subscription";
                self.fail(id, "error.statistic.unsubscribe", "Request Invalid", problem);
            }
        }
    }

    /// Takes a timer that is the platform's own; whether it was one.
    pub(crate) fn platform_timer(&mut self, id: &str, event: &Event) -> bool {
        // The end of the session is seen to by its actor.
        if id == MAX_AGE {
            return true;
        }
        if event.name != ASK {
            return false;
        }
        let request = event.data.as_ref().and_then(|data| data.as_str()).unwrap_or_default().to_owned();
        let Some(subscription) = self.context.subscriptions.get(&request).cloned() else {
            return true;
        };
        if let Ok(effect) = request.parse::<EffectId>() {
            let Subscription { object, statistic, interval_secs } = subscription;
            self.order(effect, Action::AskStatistic { object, statistic });
            self.ask_at(&request, self.now + Duration::from_secs(interval_secs));
        }
        true
    }

    /// Sets the timer that ends the session.
    pub(crate) fn end_at(&mut self, due: Timestamp) {
        self.set_platform_timer(MAX_AGE.to_owned(), Event::default(), due);
    }

    fn ask_at(&mut self, request: &str, due: Timestamp) {
        let event = Event { name: ASK.to_owned(), data: Some(json!(request)), ..Event::default() };
        self.set_platform_timer(timer_of(request), event, due);
    }

    fn set_platform_timer(&mut self, id: String, event: Event, due: Timestamp) {
        let timed = TimedEvent { event, session: None, child: None, post: None };
        self.context.timers.insert(id.clone(), None);
        self.plan.writes.push(Write::PutTimer(TimerRow {
            session: self.session.clone(),
            id,
            due,
            event: serde_json::to_string(&timed).unwrap_or_default(),
        }));
    }
}

/// Timer of a subscription.
fn timer_of(request: &str) -> String {
    format!("statistic {request}")
}
