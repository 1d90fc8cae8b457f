//! `_genesys`, the object model that charts read (ors: 4).

use serde_json::{Map, Value, json};
use statecharts::Function;
use vocabulary::CallState;

/// Functions and properties.
pub(super) const FUNCTIONS: &[Function] = &[];

/// What the object is, for the reference.
pub(super) const ABOUT: &str = "\
`_genesys` is read-only. What it reads came with an event, what its functions write becomes an effect and is seen with the event that follows. Further names: \
`_data` (all variables of the chart), `_event`, `_sessionid`, `_name`, `_ioprocessors`, `In()`. `system` is a variable that the vendor's designer declares; `requestid=\"name\"` \
finds a property of it.";

/// Functions without an owner: signature and what they do.
pub(super) const GLOBALS: &[(&str, &str)] = &[
    ("__GetDocumentURL()", "file or URL of the chart (ors: 4.1)"),
    ("__GetCurrentStates()", "ids of the active states, outermost first (ors: 4.1)"),
    ("__Log(text, label, level)", "writes a line to the timeline, as `<log>` does (ors: 4.1)"),
    ("__Raise(name, data)", "raises an internal event (ors: 4.1)"),
    ("uneval(value)", "the value as text, like JSON; of a function its source (ors: 2)"),
];

/// Enumerations: path and what they are for.
pub(super) const ENUMERATIONS: &[(&str, &str)] = &[
    (
        "_genesys.ixn.callState",
        "how a call ended or was answered (ors: 4.3); `SitDetected` is another name of 8 (D-002)",
    ),
    ("_genesys.queue.rType", "route types of `ixn:redirect` (ors: 4.4)"),
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

/// Names with their numbers as an object.
fn enumeration(names: &[(&str, i64)]) -> Map<String, Value> {
    names.iter().map(|(name, number)| ((*name).to_owned(), json!(number))).collect()
}

/// The constant objects.
pub(super) fn constants() -> Vec<(String, Value)> {
    let mut call_states: Map<String, Value> =
        CallState::NAMED.iter().map(|(number, name)| ((*name).to_owned(), json!(number))).collect();
    // Other public material names state 8 differently; charts may test it by either name (decision D-002).
    call_states.insert("SitDetected".to_owned(), json!(8));
    let genesys = json!({
        "ixn": { "callState": call_states },
        "queue": { "rType": enumeration(ROUTE_TYPES) },
        "session": {},
    });
    vec![("_genesys".to_owned(), genesys)]
}
