//! The verbs of callback charts: which elements exist, and how their attributes are read.
//!
//! What they do is decided where they are planned (`session::plan`). Sources: `spec` of the ORS modules for the names,
//! decision D-123 for the module `callback:`. The same table is in the charts' README for authors.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use statecharts::{Attribute, AttributeKind, Element, Module, ModuleSet};
use vocabulary::CallState;

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
/// Namespace of `callback:`, our own.
pub const CALLBACK: &str = "www.ringback.example/modules/callback";

const fn attribute(name: &'static str, kind: AttributeKind) -> Attribute {
    Attribute { name, kind, required: false }
}

const fn required(name: &'static str, kind: AttributeKind) -> Attribute {
    Attribute { name, kind, required: true }
}

const fn element(name: &'static str, attributes: &'static [Attribute]) -> Element {
    Element { name, attributes, children: &[] }
}

use AttributeKind::{Boolean, Expression, Integer, Location, Token};

const REQUEST_ID: Attribute = attribute("requestid", Location);
const ANY: AttributeKind = Token(&[]);

const TARGETS: &[Element] = &[Element {
    name: "targets",
    attributes: &[attribute("type", ANY), attribute("statserver", Expression)],
    children: &[
        element("targetid", &[required("expr", Expression)]),
        element(
            "target",
            &[
                required("name", Expression),
                attribute("type", ANY),
                attribute("statserver", Expression),
                attribute("weight", Expression),
                attribute("threshold", Expression),
            ],
        ),
    ],
}];

const QUEUE_ELEMENTS: &[Element] = &[
    Element {
        name: "submit",
        attributes: &[
            REQUEST_ID,
            attribute("queue", Expression),
            attribute("priority", Expression),
            attribute("timeout", Integer),
            attribute("route", Boolean),
            attribute("hints", Expression),
            attribute("interactionid", Expression),
            attribute("ordertype", Token(&["max", "min", "any", "percentage"])),
            attribute("orderstat", Expression),
            attribute("clearontimeout", Boolean),
        ],
        children: TARGETS,
    },
    Element {
        name: "update",
        attributes: &[required("requestid", Expression), attribute("hints", Expression)],
        children: TARGETS,
    },
    element("cancel", &[required("requestid", Expression)]),
    element("query", &[required("requestid", Expression)]),
    element("release", &[required("agent", Expression)]),
];

const INTERACTION_ELEMENTS: &[Element] = &[
    element(
        "createcall",
        &[
            REQUEST_ID,
            required("from", Expression),
            required("to", Expression),
            attribute(
                "type",
                Token(&["regular", "agent", "supervisor", "priority", "agentpriority", "predictive"]),
            ),
            attribute("timeout", Integer),
            attribute("udata", Expression),
            attribute("hints", Expression),
            attribute("reason", Expression),
        ],
    ),
    element(
        "redirect",
        &[
            REQUEST_ID,
            required("interactionid", Expression),
            attribute("from", Expression),
            required("to", Expression),
            attribute("type", Expression),
            attribute("hints", Expression),
            attribute("reason", Expression),
            attribute("timeout", Integer),
            attribute("confirm", Boolean),
            attribute("detach", Boolean),
        ],
    ),
    element(
        "terminate",
        &[
            REQUEST_ID,
            required("interactionid", Expression),
            attribute("reason", Expression),
            attribute("hints", Expression),
        ],
    ),
    element(
        "associate",
        &[REQUEST_ID, required("interactionid", Expression), required("sessionid", Expression)],
    ),
    element("detach", &[REQUEST_ID, required("interactionid", Expression)]),
    element("attach", &[REQUEST_ID, required("interactionid", Expression), attribute("udata", Expression)]),
];

const DIALOG_ELEMENTS: &[Element] = &[
    element(
        "playsound",
        &[
            REQUEST_ID,
            required("interactionid", Expression),
            attribute("resource", Expression),
            attribute("type", Expression),
            attribute("duration", Expression),
            attribute("hints", Expression),
        ],
    ),
    element(
        "playandcollect",
        &[
            REQUEST_ID,
            required("interactionid", Expression),
            attribute("resource", Expression),
            attribute("max_digits", Integer),
            attribute("timeout", Integer),
        ],
    ),
    element("stop", &[required("requestid", Expression)]),
];

const SESSION_ELEMENTS: &[Element] = &[
    element(
        "start",
        &[
            REQUEST_ID,
            attribute("src", Expression),
            attribute("srcexpr", Expression),
            attribute("sessionid", Location),
        ],
    ),
    element(
        "fetch",
        &[
            REQUEST_ID,
            required("srcexpr", Expression),
            attribute("method", Expression),
            attribute("timeout", Integer),
            attribute("type", Expression),
            attribute("enctype", Expression),
            attribute("hints", Expression),
        ],
    ),
    element("terminate", &[REQUEST_ID, required("sessionid", Expression)]),
];

const WEB_SERVICE_ELEMENTS: &[Element] = &[element(
    "response",
    &[
        required("requestid", Expression),
        attribute("type", Token(&["positive", "negative"])),
        attribute("resultcode", Expression),
    ],
)];

const CALLBACK_ELEMENTS: &[Element] = &[
    element(
        "update",
        &[
            attribute("state", Expression),
            attribute("reason", Expression),
            attribute("disposition", Expression),
        ],
    ),
    element("notify", &[required("event", Expression)]),
    element("report", &[attribute("final", Boolean)]),
    element("push", &[REQUEST_ID]),
];

/// Route types of `_genesys.queue.rType` (ORS reference; the numbers are those of the telephony library).
const ROUTE_TYPES: &[(&str, i64)] = &[
    ("RouteTypeUnknown", 0),
    ("RouteTypeDefault", 1),
    ("RouteTypeLabel", 2),
    ("RouteTypeOverwriteDNIS", 3),
    ("RouteTypeDDD", 4),
    ("RouteTypeIDDD", 5),
    ("RouteTypeDirect", 6),
    ("RouteTypeReject", 7),
    ("RouteTypeAnnouncement", 8),
    ("RouteTypePostFeature", 9),
    ("RouteTypeDirectAgent", 10),
];

/// The modules, constants and functions that every chart of the platform may use.
#[must_use]
pub fn modules() -> Arc<ModuleSet> {
    let module = |namespace, elements| Module { namespace, elements };
    let mut call_states: Map<String, Value> =
        CallState::NAMED.iter().map(|(number, name)| ((*name).to_owned(), json!(number))).collect();
    // Other public material names state 8 differently; charts may test it by either name (decision D-002).
    call_states.insert("SitDetected".to_owned(), json!(8));
    let route_types: Map<String, Value> =
        ROUTE_TYPES.iter().map(|(name, number)| ((*name).to_owned(), json!(number))).collect();
    Arc::new(ModuleSet {
        modules: vec![
            module(QUEUE, QUEUE_ELEMENTS),
            module(INTERACTION, INTERACTION_ELEMENTS),
            module(DIALOG, DIALOG_ELEMENTS),
            module(SESSION, SESSION_ELEMENTS),
            module(WEB_SERVICE, WEB_SERVICE_ELEMENTS),
            module(CALLBACK, CALLBACK_ELEMENTS),
        ],
        constants: vec![(
            "_genesys".to_owned(),
            json!({ "ixn": { "callState": call_states }, "queue": { "rType": route_types }, "session": {} }),
        )],
        functions: Vec::new(),
    })
}
