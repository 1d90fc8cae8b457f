//! State charts: reads, checks, compiles and interprets SCXML 1.0, without any I/O.

mod chart;
mod diagnostic;
mod duration;
mod ecmascript;
mod effect;
mod event;
mod inline;
mod interpreter;
mod limits;
mod load;
mod model;
mod module;
mod null_model;
mod session;
mod snapshot;
mod state_set;
mod step;
#[cfg(test)]
mod trial;
mod worker;
mod xml;

pub use chart::{Chart, Parameter};
pub use diagnostic::{Diagnostic, LoadError, NoParts, PartResolver, ResolvedPart, Severity, Source};
pub use effect::{
    Call, Effect, Invoke, InvokeSource, Log, MARKUP_KEY, SCXML_PROCESSOR, SESSION_ADDRESS, Send, Verb,
    VerbChild,
};
pub use event::{Event, EventKind};
pub use limits::{Failure, Limits};
pub use load::{BrokenExpressions, Compiled, compile, compile_with};
pub use module::{Attribute, AttributeKind, Element, Module, ModuleSet};
pub use session::{Session, Start};
pub use snapshot::{InvokeSnapshot, RestoreError, SNAPSHOT_VERSION, Snapshot};
pub use step::{Status, Step};
pub use worker::Worker;
