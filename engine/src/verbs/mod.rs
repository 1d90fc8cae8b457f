//! The vocabulary of charts: which elements exist, how their attributes are read, with what they are answered, and what
//! `_genesys` holds.
//!
//! What the elements do is decided where they are planned (`session::plan`). Sources: the ORS reference (`ors:` and section of the
//! specification `ors-scxml`), decision D-123 for the module `callback:`. Every entry says in one line what it is for;
//! `docs/vocabulary.md` is printed from here ([`reference`]).

mod callback;
mod classification;
mod dialog;
mod events;
mod genesys;
mod interaction;
mod queue;
mod reference;
mod session;
mod statistic;
mod web_service;

use std::sync::Arc;

use statecharts::{Answer, Attribute, AttributeKind, Element, Module, ModuleSet};

pub(crate) use events::UNASKED;
pub use reference::{json, markdown};

/// Namespace of `queue:`.
pub const QUEUE: &str = "www.genesyslab.com/modules/queue";
/// Namespace of `ixn:`.
pub const INTERACTION: &str = "www.genesyslab.com/modules/interaction";
/// Namespace of `dialog:`.
pub const DIALOG: &str = "www.genesyslab.com/modules/dialog";
/// Namespace of `session:`.
pub const SESSION: &str = "www.genesyslab.com/modules/session";
/// Namespace of `ws:`.
pub const WEB_SERVICE: &str = "www.genesyslab.com/modules/ws";
/// Namespace of `statistic:`.
pub const STATISTIC: &str = "www.genesyslab.com/modules/statistic";
/// Namespace of `classification:`.
pub const CLASSIFICATION: &str = "www.genesyslab.com/modules/classification";
/// Namespace of `resource:`, which has no elements.
pub const RESOURCE: &str = "www.genesyslab.com/modules/resource";
/// Namespace of `callback:`, our own.
pub const CALLBACK: &str = "www.ringback.example/modules/callback";

/// The modules, constants and functions that every chart of the platform may use.
#[must_use]
pub fn modules() -> Arc<ModuleSet> {
    Arc::new(ModuleSet {
        modules: vec![
            session::MODULE,
            web_service::MODULE,
            queue::MODULE,
            interaction::MODULE,
            dialog::MODULE,
            statistic::MODULE,
            classification::MODULE,
            NO_RESOURCES,
            callback::MODULE,
        ],
        constants: genesys::constants(),
        functions: genesys::FUNCTIONS.to_vec(),
    })
}

/// `resource:` is declared by charts and has nothing to execute (ors: 1).
const NO_RESOURCES: Module = Module {
    namespace: RESOURCE,
    prefix: "resource",
    about: "has no elements (ors: 1); charts may declare it",
    elements: &[],
};

/// The failure with which a known element is answered that the platform does not carry out, and why it does not.
pub(crate) fn failure_of(namespace: &str, element: &str) -> Option<(&'static str, &'static str)> {
    let modules = [interaction::MODULE, dialog::MODULE, classification::MODULE];
    let module = modules.iter().find(|module| module.namespace == namespace)?;
    let known = module.elements.iter().find(|known| known.name == element)?;
    Some((known.answers.first()?.event, known.unsupported?))
}

const fn attribute(name: &'static str, kind: AttributeKind, about: &'static str) -> Attribute {
    Attribute { name, kind, required: false, about }
}

const fn required(name: &'static str, kind: AttributeKind, about: &'static str) -> Attribute {
    Attribute { name, kind, required: true, about }
}

const fn answer(event: &'static str, data: &'static [&'static str], about: &'static str) -> Answer {
    Answer { event, data, about }
}

/// An element without children.
const fn element(
    name: &'static str,
    about: &'static str,
    attributes: &'static [Attribute],
    answers: &'static [Answer],
) -> Element {
    Element { name, about, unsupported: None, attributes, children: &[], answers }
}

/// An element that is known and not carried out; its one answer says so.
const fn unsupported(
    name: &'static str,
    about: &'static str,
    why: &'static str,
    answers: &'static [Answer],
) -> Element {
    Element { unsupported: Some(why), ..element(name, about, TOLERATED, answers) }
}

/// Attributes of elements that are not carried out: what their failure needs.
const TOLERATED: &[Attribute] = &[REQUEST_ID];

/// The place that receives the id of the request.
const REQUEST_ID: Attribute = attribute(
    "requestid",
    AttributeKind::Location,
    "place that receives the id of the request, at once (D-085)",
);
/// The call that an element is about.
const CALL: Attribute = required("interactionid", AttributeKind::Expression, "id of the call");
/// Any word.
const ANY: AttributeKind = AttributeKind::Token(&[]);
/// Data of a failure.
const FAILURE: &[&str] = &["requestid", "error", "description"];
/// Data of a failure about a call.
const CALL_FAILURE: &[&str] = &["requestid", "interactionid", "error", "description"];
/// Data of an answer that only names its request.
const REQUEST: &[&str] = &["requestid"];
/// Data of an answer about a call.
const REQUEST_OF_CALL: &[&str] = &["requestid", "interactionid"];

#[cfg(test)]
mod tests;
