//! State charts: reads, checks, compiles and interprets SCXML 1.0, without any I/O.
//!
//! A chart is [compiled](compile) once into an immutable [`Chart`] that all its sessions share. A [`Session`] takes one external
//! event per [step](Session::step), runs until it is stable, and gives back what its host is to do as [`Effect`]s. Between
//! two steps it can be [written down](Session::snapshot) as JSON, and behaves the same when it is read back.
//!
//! What is deliberately absent: clocks, timers, threads, files, network, chance. Time comes with each step, a delayed `<send>` and
//! an `<invoke>` are effects, parts of charts come from a [`PartResolver`]. The crate knows nothing of what the elements of a
//! registered [`Module`] mean: it evaluates what they name and hands out a [`Verb`].
//!
//! Invariants:
//! * The same chart, start and events give the same steps, on every machine: nothing of a step depends on time that passes.
//! * A session's failure is its own: a [`Failure`] ends it, never its worker or another session.
//! * No session sees or changes anything of another, although those of a chart share one script context.
//! * An effect has its place: `session:step:index` names it for ever.
//!
//! Standards: the Recommendation of 1 September 2015 (`scxml: n.n`), with the algorithm of its appendix D, the data models `ecmascript` (the
//! default) and `null`, and the tolerances for charts of ORS that decisions D-082 to D-088 name.
//!
//! ```
//! use std::sync::Arc;
//! use statecharts::{Event, Limits, ModuleSet, NoParts, Session, Source, Start, Status, Worker, compile};
//!
//! let text = r#"<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0">
//!   <datamodel><data id="coins" expr="0"/></datamodel>
//!   <state id="locked"><transition event="coin" cond="_event.data &gt; 0" target="open"><assign location="coins" expr="coins + 1"/></transition></state>
//!   <state id="open"><transition event="push" target="locked"/></state>
//! </scxml>"#;
//! let source = Source { file: "turnstile.scxml", text };
//! let compiled = compile(source, &Arc::new(ModuleSet::default()), &NoParts)?;
//! let mut worker = Worker::new(Limits::default())?;
//! let start = Start { session_id: "S1".to_owned(), now_millis: 0, ..Start::default() };
//! let (mut session, _) = Session::start(compiled.chart, &mut worker, start);
//! let step = session.step(&mut worker, Event::external("coin", 1.into()), 10);
//! assert_eq!(step.status, Status::Running);
//! assert_eq!(session.configuration(), ["open"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod basic_http;
mod chart;
mod diagnostic;
pub mod drawing;
mod duration;
mod ecmascript;
mod effect;
mod event;
mod inline;
mod interpreter;
mod limits;
pub mod lints;
mod load;
mod model;
mod module;
pub mod nesting;
mod null_model;
pub mod outline;
mod plan;
pub mod rehearsal;
pub mod scenario;
pub mod schema;
mod session;
mod shared;
mod snapshot;
mod state_set;
mod step;
#[cfg(test)]
mod trial;
mod weight;
mod worker;
mod xml;

pub use chart::{Chart, Parameter};
pub use diagnostic::{Diagnostic, LoadError, NoParts, PartResolver, ResolvedPart, Severity, Source};
pub use duration::parse_duration;
pub use effect::{
    Call, Effect, Invoke, InvokeSource, Log, MARKUP_KEY, SCXML_PROCESSOR, SESSION_ADDRESS, Send, Verb,
    VerbChild,
};
pub use event::{Event, EventKind};
pub use limits::{DocumentLimits, Failure, LimitName, Limits};
pub use load::{BrokenExpressions, Compiled, compile, compile_with};
pub use module::{
    Answer, Attribute, AttributeKind, Element, Function, FunctionKind, Module, ModuleSet, Surroundings,
};
pub use session::inspect::EvaluateError;
pub use session::{Session, Start};
pub use shared::{SharedStart, SharedValue};
pub use snapshot::{InvokeSnapshot, RestoreError, SNAPSHOT_VERSION, SNAPSHOT_VERSION_OLDEST, Snapshot};
pub use step::{Status, Step};
pub use worker::Worker;
