//! Scenario files: what happens to a session of a chart, and what must come of it.
//!
//! One format for the command `chart test`, for the tests of shipped charts and for the examples of the documentation. A file is TOML:
//!
//! ```
//! use std::sync::Arc;
//! use statecharts::scenario::{Document, Stage};
//! use statecharts::{Limits, ModuleSet, NoParts, Source, compile};
//!
//! let chart = r#"<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0">
//!   <datamodel><data id="coins" expr="0"/></datamodel>
//!   <state id="locked"><transition event="coin" target="open"><assign location="coins" expr="coins + 1"/></transition></state>
//!   <state id="open">
//!     <onentry><send id="close" event="too.slow" delay="10s"/></onentry><onexit><cancel sendid="close"/></onexit>
//!     <transition event="push too.slow" target="locked"/>
//!   </state>
//! </scxml>"#;
//! let scenarios = r#"
//! chart = "turnstile.scxml"
//!
//! [[scenario]]
//! name = "who is too slow pays again"
//! expect.active = ["locked"]
//!
//! [[scenario.step]]
//! send = "coin"
//! expect = { active = ["open"], data = { coins = 1 }, effects = [{ send = "too.slow", delay = "10s" }] }
//!
//! [[scenario.step]]
//! after = "10s"
//! expect.active = ["locked"]
//! "#;
//! let modules = Arc::new(ModuleSet::default());
//! let chart = compile(Source { file: "turnstile.scxml", text: chart }, &modules, &NoParts)?.chart;
//! let document = Document::read("turnstile.test.toml", scenarios)?;
//! let stage = Stage { modules: &modules, parts: &|| Box::new(NoParts), world: None, limits: Limits::default(), restores: false };
//! let outcomes = stage.run(&document, &chart)?;
//! assert!(outcomes[0].misses.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Verbs are not carried out: a step answers them. What the host's elements are answered with is read from its
//! [`ModuleSet`](crate::ModuleSet).

mod check;
mod compare;
mod coverage;
mod document;
mod effects;
mod player;
mod run;
#[cfg(test)]
mod tests;

pub use check::Mismatch;
pub use coverage::{Coverage, Untaken};
pub use document::{Action, Document, DocumentError, Expectation, Moment, Place, Placed, Scenario, Step};
pub use effects::{Pattern, effect_json, effect_line};
pub use player::{NoRequest, Player, Position, Request, Taken, Turn};
pub use run::{Miss, Outcome, Parts, Stage};
