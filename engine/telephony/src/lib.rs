//! Telephony: the Switch port and the simulated switch.

mod switch;

pub use switch::{
    CollectDigits, Command, CreateCall, Event, EventSink, Play, PlayLength, Redirect, ReleasedBy, Switch,
};
