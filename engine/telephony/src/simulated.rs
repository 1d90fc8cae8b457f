//! The simulated switch: customers, agents and calls that behave as they are told.

mod behaviour;
mod call;
mod settings;
mod switch;

pub use behaviour::{AgentBehaviour, Behaviour, MalformedBehaviour};
pub use call::CallView;
pub use settings::{Settings, TalkTime, demo_behaviours};
pub use switch::{ControlError, SimulatedSwitch};
