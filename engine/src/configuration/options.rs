//! The options of services: one table of every known name, and how a value becomes typed.
//!
//! The table is the only place that knows an option's type, unit, default and scope. A value is typed once, when the
//! configuration is loaded or a request is admitted; from there on numbers are numbers and booleans are booleans.

mod kind;
mod table;

pub use kind::{OptionKind, Reading, UnreadableValue};
pub use table::{DefaultValue, OptionDefinition, Scope, Supported, Tables};
