//! Abandonment guard: how many customers who answered found neither an agent nor a treatment within two seconds.
//!
//! Regulators look at this share over 24 hours and over 30 days. Each service has one guard: what happened to an
//! answered callback goes in, transitions come out: a warning, the change to agent-first, and the way back. A guard
//! holds 721 hourly counts at most, whatever the traffic.
//!
//! | level | rises when | falls when |
//! | --- | --- | --- |
//! | `Normal` | | |
//! | `Warned` | a share reaches `warn_share` | both shares are below `warn_share × release` |
//! | `AgentFirst` | a share reaches `switch_share` | both shares are below `switch_share × release` |
//!
//! A share counts only over at least `answered_min` answers. Agent-first answers find their agent, so the share falls
//! by itself as old hours leave the window.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use vocabulary::Timestamp;

/// Length of a bucket, seconds.
const HOUR: i64 = 3600;
/// Hours of the short window.
const DAY_HOURS: i64 = 24;
/// Hours of the long window.
const MONTH_HOURS: i64 = 30 * DAY_HOURS;

/// Levels of a guard. All shares are of 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AbandonmentOptions {
    /// Share from which a warning is given. Default 0.02.
    pub warn_share: f64,
    /// Share from which the service is to change to agent-first. Default 0.03.
    pub switch_share: f64,
    /// Part of a level below which the share must fall for the way back. Default 0.8.
    pub release: f64,
    /// Fewest answers in a window for its share to count. Default 50.
    pub answered_min: u64,
    /// How long an answered customer may go without agent and treatment. Default 2 s.
    pub patience: Duration,
}

impl Default for AbandonmentOptions {
    fn default() -> Self {
        Self {
            warn_share: 0.02,
            switch_share: 0.03,
            release: 0.8,
            answered_min: 50,
            patience: Duration::from_secs(2),
        }
    }
}

/// How a service stands. The order is that of severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AbandonmentLevel {
    /// All is well.
    #[default]
    Normal,
    /// Somebody should look.
    Warned,
    /// The service is to reserve an agent before it dials, if its chart knows how.
    AgentFirst,
}

/// Answers of a window, and those among them that found nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AbandonmentCount {
    /// Answered callbacks.
    pub answered: u64,
    /// Of those, without agent and treatment in time.
    pub abandoned: u64,
}

impl AbandonmentCount {
    /// Share of the answers that found nothing, 0 to 1; `None` without answers.
    #[must_use]
    pub fn share(self) -> Option<f64> {
        (self.answered > 0).then(|| self.abandoned as f64 / self.answered as f64)
    }
}

/// A level was reached or left.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AbandonmentTransition {
    /// Level before.
    pub from: AbandonmentLevel,
    /// Level now.
    pub to: AbandonmentLevel,
    /// Last 24 hours.
    pub day: AbandonmentCount,
    /// Last 30 days.
    pub month: AbandonmentCount,
}

/// What happened to a customer who answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnsweredCallback {
    /// When the customer answered.
    pub at: Timestamp,
    /// When an agent or a treatment was first heard; `None` for never.
    pub heard_at: Option<Timestamp>,
}

/// The guard of one service. Its serialised form survives restarts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AbandonmentGuard {
    /// Hours since the epoch with their counts, ascending; at most 721.
    hours: VecDeque<(i64, u64, u64)>,
    level: AbandonmentLevel,
}

impl AbandonmentGuard {
    /// A guard that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts an answered callback, in the hour in which it was answered; says which level that leads to, if another.
    ///
    /// Answers older than 30 days are not counted.
    pub fn count(
        &mut self,
        callback: AnsweredCallback,
        options: &AbandonmentOptions,
        now: Timestamp,
    ) -> Option<AbandonmentTransition> {
        let heard = callback.heard_at.map(|heard_at| heard_at.since(callback.at));
        let is_abandoned = heard.is_none_or(|after| after > options.patience);
        // A clock that was set back must not make hours that never leave.
        let hour = hour_of(callback.at).min(hour_of(now));
        let place = self.hours.partition_point(|(known, _, _)| *known < hour);
        if self.hours.get(place).is_none_or(|(known, _, _)| *known != hour) {
            self.hours.insert(place, (hour, 0, 0));
        }
        if let Some((_, answered, abandoned)) = self.hours.get_mut(place) {
            *answered = answered.saturating_add(1);
            *abandoned = abandoned.saturating_add(u64::from(is_abandoned));
        }
        self.look(options, now)
    }

    /// Lets hours leave the windows; says which level that leads to, if another. Call it once an hour or so.
    pub fn look(&mut self, options: &AbandonmentOptions, now: Timestamp) -> Option<AbandonmentTransition> {
        let oldest = hour_of(now) - MONTH_HOURS;
        while self.hours.front().is_some_and(|(hour, _, _)| *hour < oldest) {
            self.hours.pop_front();
        }
        while self.hours.back().is_some_and(|(hour, _, _)| *hour > hour_of(now)) {
            self.hours.pop_back();
        }
        let (day, month) = (self.last_day(now), self.last_month(now));
        let reaches = |level: f64| {
            [day, month].into_iter().any(|count| {
                count.answered >= options.answered_min.max(1)
                    && count.share().is_some_and(|share| share >= level)
            })
        };
        let holds = |level: AbandonmentLevel, share: f64| {
            reaches(if self.level >= level { share * options.release.clamp(0.0, 1.0) } else { share })
        };
        let to = if holds(AbandonmentLevel::AgentFirst, options.switch_share) {
            AbandonmentLevel::AgentFirst
        } else if holds(AbandonmentLevel::Warned, options.warn_share) {
            AbandonmentLevel::Warned
        } else {
            AbandonmentLevel::Normal
        };
        let from = std::mem::replace(&mut self.level, to);
        (from != to).then_some(AbandonmentTransition { from, to, day, month })
    }

    /// Level.
    #[must_use]
    pub fn level(&self) -> AbandonmentLevel {
        self.level
    }

    /// Counts of the last 24 hours, to the hour.
    #[must_use]
    pub fn last_day(&self, now: Timestamp) -> AbandonmentCount {
        self.since_hour(hour_of(now) - DAY_HOURS)
    }

    /// Counts of the last 30 days, to the hour.
    #[must_use]
    pub fn last_month(&self, now: Timestamp) -> AbandonmentCount {
        self.since_hour(hour_of(now) - MONTH_HOURS)
    }

    fn since_hour(&self, first: i64) -> AbandonmentCount {
        let hours = self.hours.iter().filter(|(hour, _, _)| *hour >= first);
        hours.fold(AbandonmentCount::default(), |sum, (_, answered, abandoned)| AbandonmentCount {
            answered: sum.answered.saturating_add(*answered),
            abandoned: sum.abandoned.saturating_add(*abandoned),
        })
    }
}

fn hour_of(at: Timestamp) -> i64 {
    at.epoch_seconds().div_euclid(HOUR)
}

#[cfg(test)]
mod tests;
