//! Telephony: the Switch port and the simulated switch.
//!
//! [`Switch`] is what the engine asks of any switch, and [`Event`] what it hears. [`SimulatedSwitch`] is a pure,
//! deterministic core: commands and time in, events out, chance from a seed. It has no clock and does no I/O; the
//! shell that drives it (timers, mailbox, [`EventSink`]) belongs to the engine. [`DialLog`] is the switch's own
//! record of every dial, written before the dial is carried out.
//!
//! **Invariants**
//!
//! * An order is carried out once each time it is given. Nothing here recognises a dial that was made before: a
//!   double dial must be visible.
//! * Every order that names a call is answered by events, also when the call no longer exists.
//! * The same seed, settings and commands give the same events.

mod dial_log;
mod simulated;
mod switch;

pub use dial_log::{DialLog, DialLogError, DialRecord, DialsInMemory, RecordDials};
pub use simulated::{
    AgentBehaviour, Behaviour, CallView, ControlError, MalformedBehaviour, Settings, SimulatedSwitch,
    TalkTime, demo_behaviours,
};
pub use switch::{
    CollectDigits, Command, CreateCall, Event, EventSink, Play, PlayLength, Redirect, ReleasedBy, Switch,
};
