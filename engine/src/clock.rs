//! The engine's one clock (decision D-118).
//!
//! Running, engine time is an anchor plus elapsed time times a speed. Manual, it stands still until it is advanced,
//! and an advance visits every due moment in order and lets the engine come to rest at each.
//!
//! **Invariant:** nobody in the engine reads another clock. Limits of sockets and of HTTP are real time and do not
//! come from here.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use vocabulary::Timestamp;

use crate::activity::Activity;

/// What happens when a moment has come. Runs on the clock's task: it hands over a message and returns.
type Wake = Box<dyn FnOnce() + Send>;

/// The clock. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Clock(Arc<Inner>);

struct Inner {
    mode: Mode,
    activity: Activity,
    state: Mutex<State>,
    changed: Notify,
}

enum Mode {
    Running { start: Timestamp, started: Instant, speed: f64 },
    Manual,
}

struct State {
    /// Time of a manual clock.
    now: Timestamp,
    wakes: BTreeMap<(Timestamp, u64), Wake>,
    next: u64,
}

/// A moment that somebody waits for; needed to stop waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WakeId(Timestamp, u64);

/// The clock runs by itself and cannot be advanced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the clock runs by itself: start with `--clock manual` to advance it")]
pub(crate) struct NotManual;

impl Clock {
    /// A clock that runs `speed` times as fast as real time, from `start`. Needs [`Clock::run`] to be polled.
    ///
    /// `speed` below 0.001 is taken as 0.001.
    #[must_use]
    pub(crate) fn running(start: Timestamp, speed: f64, activity: Activity) -> Self {
        let speed = if speed.is_finite() { speed.max(0.001) } else { 1.0 };
        Self::with_mode(Mode::Running { start, started: Instant::now(), speed }, start, activity)
    }

    /// A clock that stands still until it is advanced.
    #[must_use]
    pub(crate) fn manual(start: Timestamp, activity: Activity) -> Self {
        Self::with_mode(Mode::Manual, start, activity)
    }

    fn with_mode(mode: Mode, now: Timestamp, activity: Activity) -> Self {
        let state = Mutex::new(State { now, wakes: BTreeMap::new(), next: 0 });
        Self(Arc::new(Inner { mode, activity, state, changed: Notify::new() }))
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Engine time.
    #[must_use]
    pub(crate) fn now(&self) -> Timestamp {
        match self.0.mode {
            Mode::Running { start, started, speed } => start + started.elapsed().mul_f64(speed),
            Mode::Manual => self.state().now,
        }
    }

    /// Whether the clock is advanced by hand.
    #[must_use]
    pub(crate) fn is_manual(&self) -> bool {
        matches!(self.0.mode, Mode::Manual)
    }

    /// What is under way in the engine.
    #[must_use]
    pub(crate) fn activity(&self) -> &Activity {
        &self.0.activity
    }

    /// Calls `wake` once `due` has come; at the next turn of the clock if it has come already.
    pub(crate) fn wake_at(&self, due: Timestamp, wake: impl FnOnce() + Send + 'static) -> WakeId {
        let id = {
            let mut state = self.state();
            let id = state.next;
            state.next += 1;
            state.wakes.insert((due, id), Box::new(wake));
            WakeId(due, id)
        };
        self.0.changed.notify_one();
        id
    }

    /// Stops waiting. Too late is not an error: the wake was called.
    pub(crate) fn forget(&self, id: WakeId) {
        self.state().wakes.remove(&(id.0, id.1));
    }

    /// Drives a running clock; never returns. A manual clock needs no driving.
    pub(crate) async fn run(self) {
        let Mode::Running { speed, .. } = self.0.mode else {
            return;
        };
        loop {
            let changed = self.0.changed.notified();
            let now = self.now();
            while let Some(wake) = self.take_due(now) {
                wake();
            }
            match self.next_due() {
                None => changed.await,
                Some(due) => {
                    let wait = due.since(self.now()).div_f64(speed).max(Duration::from_micros(200));
                    tokio::select! {
                        () = changed => {}
                        () = tokio::time::sleep(wait) => {}
                    }
                }
            }
        }
    }

    fn take_due(&self, now: Timestamp) -> Option<Wake> {
        let mut state = self.state();
        let first = state.wakes.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }

    /// The next moment that somebody waits for.
    #[must_use]
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.state().wakes.first_key_value().map(|((due, _), _)| *due)
    }

    /// Moves a manual clock, stopping at every due moment until the engine has come to rest.
    ///
    /// # Errors
    /// [`NotManual`] when the clock runs by itself.
    pub(crate) async fn advance(&self, by: Duration) -> Result<(), NotManual> {
        if !self.is_manual() {
            return Err(NotManual);
        }
        self.0.activity.rest().await;
        let target = self.now() + by;
        while self.advance_to_next(target) {
            self.0.activity.rest().await;
        }
        self.state().now = target;
        Ok(())
    }

    /// Moves a manual clock to its next due moment, if that is not after `limit`, and calls what is due there.
    pub(crate) fn advance_to_next(&self, limit: Timestamp) -> bool {
        let wake = {
            let mut state = self.state();
            let Some(first) = state.wakes.first_entry() else {
                return false;
            };
            let due = first.key().0;
            if due > limit {
                return false;
            }
            let wake = first.remove();
            state.now = state.now.max(due);
            wake
        };
        // Held while the wake hands over its message, so that rest is not seen in between.
        let _busy = self.0.activity.begin();
        wake();
        true
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use super::Clock;
    use crate::activity::Activity;
    use vocabulary::Timestamp;

    fn manual() -> Clock {
        Clock::manual(Timestamp::from_millis(1_000), Activity::default())
    }

    #[tokio::test]
    async fn an_advance_visits_due_moments_in_order() {
        let clock = manual();
        let seen = Arc::new(Mutex::new(Vec::new()));
        for due in [3_000, 2_000, 9_000] {
            let (seen, at) = (Arc::clone(&seen), clock.clone());
            clock.wake_at(Timestamp::from_millis(due), move || {
                seen.lock().unwrap().push(at.now().as_millis())
            });
        }
        clock.advance(Duration::from_secs(5)).await.unwrap();
        assert_eq!(*seen.lock().unwrap(), [2_000, 3_000]);
        assert_eq!(clock.now().as_millis(), 6_000);
    }

    #[tokio::test]
    async fn a_wake_may_ask_for_another_within_the_same_advance() {
        let clock = manual();
        let seen = Arc::new(Mutex::new(0));
        let (inner, count) = (clock.clone(), Arc::clone(&seen));
        clock.wake_at(Timestamp::from_millis(2_000), move || {
            inner.wake_at(Timestamp::from_millis(2_500), move || *count.lock().unwrap() += 1);
        });
        clock.advance(Duration::from_secs(2)).await.unwrap();
        assert_eq!(*seen.lock().unwrap(), 1);
    }

    #[tokio::test]
    async fn a_forgotten_moment_never_comes() {
        let clock = manual();
        let id = clock.wake_at(Timestamp::from_millis(2_000), || panic!("was forgotten"));
        clock.forget(id);
        clock.advance(Duration::from_secs(9)).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_running_clock_wakes_at_its_speed() {
        let clock = Clock::running(Timestamp::EPOCH, 60.0, Activity::default());
        let (sender, receiver) = tokio::sync::oneshot::channel();
        clock.wake_at(Timestamp::from_epoch_seconds(60), move || sender.send(()).unwrap());
        tokio::spawn(clock.clone().run());
        let started = tokio::time::Instant::now();
        receiver.await.unwrap();
        assert!(started.elapsed() < Duration::from_millis(1_100));
    }
}
