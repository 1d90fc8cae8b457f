//! A line to the switch that loses, doubles and delays what the switch tells: for simulations.
//!
//! The switch itself stays as it is: what it did, it did. Only the engine hears of it late, twice or never.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use telephony::{Event, EventSink};

use crate::clock::Clock;

/// Decides the fate of an event by the delays of its deliveries: none loses it, `[0]` delivers it at once, `[0, 5 s]`
/// doubles it.
type Fate = Arc<dyn Fn(&Event) -> Vec<Duration> + Send + Sync>;

/// What becomes of events on their way from the switch to the engine.
#[derive(Clone, Default)]
pub struct Disturbance(Option<Fate>);

impl Disturbance {
    /// A perfect line.
    #[must_use]
    pub fn none() -> Self {
        Self(None)
    }

    /// A line that delivers each event once for each delay that `fate` gives it, in engine time.
    ///
    /// `fate` is called from the switch's own task and must not block.
    pub fn by(fate: impl Fn(&Event) -> Vec<Duration> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(fate)))
    }

    /// The sink that a switch tells its events, in front of the one that hears them.
    pub(crate) fn into_sink(self, clock: Clock, sink: EventSink) -> EventSink {
        let Some(fate) = self.0 else { return sink };
        EventSink::new(move |event| {
            for delay in fate(&event) {
                if delay.is_zero() {
                    sink.tell(event.clone());
                } else {
                    let (sink, event) = (sink.clone(), event.clone());
                    clock.wake_at(clock.now() + delay, move || sink.tell(event));
                }
            }
        })
    }
}

impl fmt::Debug for Disturbance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Disturbance")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use telephony::{Event, EventSink, ReleasedBy};
    use vocabulary::{InteractionId, Timestamp};

    use super::Disturbance;
    use crate::activity::Activity;
    use crate::clock::Clock;

    /// Engine times in seconds at which an event arrives that the switch tells at 0.
    async fn arrivals(fate: &[u64]) -> Vec<i64> {
        let clock = Clock::manual(Timestamp::EPOCH, Activity::default());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (seen, at) = (Arc::clone(&heard), clock.clone());
        let sink = EventSink::new(move |_event| seen.lock().unwrap().push(at.now().epoch_seconds()));
        let delays: Vec<Duration> = fate.iter().copied().map(Duration::from_secs).collect();
        let line = Disturbance::by(move |_event| delays.clone()).into_sink(clock.clone(), sink);
        line.tell(Event::Released { call: InteractionId::new("C"), by: ReleasedBy::Customer, dn: None });
        clock.advance(Duration::from_secs(60)).await.unwrap();
        let heard = heard.lock().unwrap();
        heard.clone()
    }

    #[tokio::test]
    async fn an_event_arrives_once_for_each_delay() {
        assert_eq!(arrivals(&[0]).await, [0]);
        assert_eq!(arrivals(&[0, 5]).await, [0, 5]);
        assert_eq!(arrivals(&[20]).await, [20]);
        assert!(arrivals(&[]).await.is_empty());
    }
}
