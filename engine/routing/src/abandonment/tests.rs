use std::time::Duration;

use vocabulary::Timestamp;

use super::{
    AbandonmentCount, AbandonmentGuard, AbandonmentLevel, AbandonmentOptions, AnsweredCallback, HOUR,
};

fn at(hours: i64) -> Timestamp {
    Timestamp::from_epoch_seconds(1_000_000 * HOUR + hours * HOUR)
}

struct Service {
    guard: AbandonmentGuard,
    levels: Vec<(i64, AbandonmentLevel)>,
}

impl Service {
    fn new() -> Self {
        Self { guard: AbandonmentGuard::new(), levels: Vec::new() }
    }

    /// Answers in one hour, `abandoned` of which hear nothing.
    fn hour(&mut self, hour: i64, answered: u64, abandoned: u64) {
        for number in 0..answered {
            let heard_at = (number >= abandoned).then(|| at(hour) + Duration::from_secs(1));
            let callback = AnsweredCallback { at: at(hour), heard_at };
            let change = self.guard.count(callback, &AbandonmentOptions::default(), at(hour));
            self.levels.extend(change.map(|change| (hour, change.to)));
        }
        let change = self.guard.look(&AbandonmentOptions::default(), at(hour));
        self.levels.extend(change.map(|change| (hour, change.to)));
    }
}

#[test]
fn an_agent_or_a_treatment_within_two_seconds_is_no_abandonment() {
    let options = AbandonmentOptions::default();
    for (heard_after, abandoned) in
        [(Some(0), 0), (Some(2_000), 0), (Some(2_001), 1), (Some(60_000), 1), (None, 1)]
    {
        let mut guard = AbandonmentGuard::new();
        let heard_at = heard_after.map(|millis| at(0) + Duration::from_millis(millis));
        guard.count(AnsweredCallback { at: at(0), heard_at }, &options, at(0));
        assert_eq!(guard.last_day(at(0)), AbandonmentCount { answered: 1, abandoned });
    }
}

#[test]
fn levels_rise_and_fall_with_a_distance_between() {
    use AbandonmentLevel::{AgentFirst, Normal, Warned};
    let mut service = Service::new();
    service.hour(0, 1_000, 0);
    service.hour(1, 1_000, 45);
    assert_eq!(service.levels, [(1, Warned), (1, AgentFirst), (1, Warned)]);
    // 45 of 2,000 is 2.25 %: warned. The way back is below 1.6 %.
    service.hour(2, 500, 0);
    assert_eq!(service.guard.level(), Warned);
    service.hour(3, 500, 0);
    assert_eq!(service.levels.last(), Some(&(3, Normal)));
}

#[test]
fn the_switch_holds_until_the_share_is_well_below_it() {
    use AbandonmentLevel::{AgentFirst, Warned};
    let mut service = Service::new();
    service.hour(0, 1_000, 40);
    assert_eq!(service.guard.level(), AgentFirst);
    service.hour(1, 500, 0);
    assert_eq!(service.guard.level(), AgentFirst, "2.7 % is below 3 %, but not below 2.4 %");
    service.hour(2, 300, 0);
    assert_eq!(service.guard.level(), Warned);
}

#[test]
fn a_few_answers_say_nothing() {
    let mut service = Service::new();
    service.hour(0, 49, 49);
    assert_eq!(service.guard.level(), AbandonmentLevel::Normal);
    service.hour(1, 1, 1);
    assert_eq!(service.guard.level(), AbandonmentLevel::AgentFirst);
}

#[test]
fn hours_leave_the_windows() {
    let mut service = Service::new();
    service.hour(0, 100, 10);
    assert_eq!(service.guard.last_day(at(24)).abandoned, 10);
    assert_eq!(service.guard.last_day(at(25)).abandoned, 0);
    assert_eq!(service.guard.last_month(at(720)).abandoned, 10);
    service.hour(721, 0, 0);
    assert_eq!(service.guard.last_month(at(721)), AbandonmentCount::default());
    assert_eq!(service.guard.level(), AbandonmentLevel::Normal);
}

#[test]
fn memory_is_bounded_whatever_comes() {
    let mut guard = AbandonmentGuard::new();
    let options = AbandonmentOptions::default();
    for hour in 0..5_000 {
        let callback = AnsweredCallback { at: at(hour), heard_at: None };
        guard.count(callback, &options, at(hour));
        // Late, early and from before the window.
        for wrong in [hour - 3, hour + 5_000, hour - 10_000] {
            guard.count(AnsweredCallback { at: at(wrong), heard_at: None }, &options, at(hour));
        }
        assert!(guard.hours.len() <= 721, "hour {hour}: {}", guard.hours.len());
    }
}

#[test]
fn a_guard_survives_a_restart() {
    let mut service = Service::new();
    service.hour(0, 100, 3);
    service.hour(5, 100, 1);
    let text = serde_json::to_string(&service.guard).unwrap();
    assert_eq!(serde_json::from_str::<AbandonmentGuard>(&text).unwrap(), service.guard);
}
