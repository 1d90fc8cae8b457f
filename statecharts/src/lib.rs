//! State charts: reads, checks, compiles and interprets SCXML 1.0, without any I/O.

mod effect;
mod event;
mod module;

pub use effect::{Call, Effect, Invoke, InvokeSource, Log, Send, Verb, VerbChild};
pub use event::{Event, EventKind};
pub use module::{Attribute, AttributeKind, Element, Module, ModuleSet};
