//! The shell around the simulated switch: the engine clock, the switch's own log, events.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use telephony::{Command, DialRecord, Event, EventSink, RecordDials, SimulatedSwitch, Switch};
use vocabulary::Timestamp;

use crate::clock::{Clock, WakeId};

/// A simulated switch that runs by the engine clock.
pub(crate) struct ClockedSwitch {
    clock: Clock,
    sink: EventSink,
    state: Mutex<State>,
    own: Weak<Self>,
}

struct State {
    switch: SimulatedSwitch,
    log: Box<dyn RecordDials>,
    dials: Vec<DialRecord>,
    wake: Option<(Timestamp, WakeId)>,
}

impl fmt::Debug for ClockedSwitch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClockedSwitch")
    }
}

impl ClockedSwitch {
    pub(crate) fn new(
        clock: Clock,
        switch: SimulatedSwitch,
        log: Box<dyn RecordDials>,
        sink: EventSink,
    ) -> Arc<Self> {
        Arc::new_cyclic(|own| Self {
            clock,
            sink,
            state: Mutex::new(State { switch, log, dials: Vec::new(), wake: None }),
            own: own.clone(),
        })
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something to the switch, and tells what follows.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut SimulatedSwitch, Timestamp) -> (T, Vec<Event>)) -> T {
        let now = self.clock.now();
        let (result, events) = act(&mut self.state().switch, now);
        self.follow_up(events);
        result
    }

    /// The dials since the start, as JSON; the log itself is a file.
    pub(crate) fn dials(&self) -> Vec<serde_json::Value> {
        self.state().dials.iter().filter_map(|dial| serde_json::to_value(dial).ok()).collect()
    }

    fn follow_up(&self, events: Vec<Event>) {
        for event in events {
            self.sink.tell(event);
        }
        let mut state = self.state();
        let due = state.switch.next_due();
        if state.wake.map(|(at, _)| at) == due {
            return;
        }
        if let Some((_, id)) = state.wake.take() {
            self.clock.forget(id);
        }
        if let Some(due) = due {
            let own = self.own.clone();
            let id = self.clock.wake_at(due, move || {
                if let Some(switch) = own.upgrade() {
                    switch.state().wake = None;
                    switch.with(|core, now| ((), core.tick(now)));
                }
            });
            state.wake = Some((due, id));
        }
    }
}

impl Switch for ClockedSwitch {
    fn execute(&self, command: Command) {
        let now = self.clock.now();
        let events = {
            let mut state = self.state();
            match recorded(&mut state, &command, now) {
                Ok(()) => state.switch.step(command, now),
                Err(failed) => vec![failed],
            }
        };
        self.follow_up(events);
    }
}

/// A dial is in the switch's own log before it is carried out; one that cannot be recorded is not made.
fn recorded(state: &mut State, command: &Command, now: Timestamp) -> Result<(), Event> {
    let Command::CreateCall(call) = command else {
        return Ok(());
    };
    let record = DialRecord::of(call, now);
    if let Err(error) = state.log.append(&record) {
        tracing::error!(%error, "The switch's own log cannot be written; the dial is not made.");
        let (call, effect) = (call.call.clone(), call.effect.clone());
        return Err(Event::DialFailed { call, effect, call_state: vocabulary::CallState::SYSTEM_ERROR });
    }
    state.dials.push(record);
    Ok(())
}
