//! `_genesys`, the object model that charts read (ors: 4).

use serde_json::{Map, Value, json};
use statecharts::{Function, FunctionKind};
use vocabulary::CallState;

/// Functions and properties.
pub(super) const FUNCTIONS: &[Function] = &[
    property(
        "_genesys.ixn.interactions",
        "interactions by position and by id, each with `g_uid`, `category`, `tenantid`, `parentid`, `contactedaddr`, `location`, `parties`, `udata`, `xdata`, `voice` {`callid`, `ani`, `dnis`, `type`, `media`}. Changes only with an event; reading it before `interaction.added` is an error event (ors: 4.3)",
    ),
    property("_genesys.ixn.firstixnid", "id of the first interaction, null before there is one (ors: 4.3)"),
    effect(
        "_genesys.ixn.setuData",
        "object[, interactionid]",
        "adds or changes attached data, seen with `interaction.udata.changed` (ors: 4.3)",
    ),
    effect(
        "_genesys.ixn.deleteuData",
        "[key[, interactionid]]",
        "takes one key of the attached data away, or all (ors: 4.3)",
    ),
    effect(
        "_genesys.queue.excludeAgents",
        "list",
        "agents, as a list or text with commas, that no queue selects for this session until it is called again; places that wait already only get more excluded. Gives nothing back, in ORS the previous list (ors: 4.4)",
    ),
    effect(
        "_genesys.queue.reserveTarget",
        "interactionid, target, seconds",
        "keeps the agent of a target that a submit selected for so many seconds from now, at most 3600; 0 lets the agent go (D-089). `7001@.A` names an agent by id. Answered as `queue:reserve` is (ors: 4.4)",
    ),
    property("_genesys.session.server", "`url`, `name` and `cluster` of this node (ors: 4.2)"),
    property("_genesys.session.tenant", "`Environment`: the platform has one tenant (ors: 4.2)"),
    property("_genesys.session.tenantid", "1 (ors: 4.2)"),
    effect("_genesys.session.setTenant", "name", "changes nothing: the platform has one tenant (ors: 4.2)"),
    reading(
        "_genesys.session.timeInZone",
        "zone",
        "time of the step as `HH:MM:SS`; zones as `Europe/Berlin` (ors: 4.2)",
    ),
    reading("_genesys.session.dateInZone", "zone", "day of the step as `YYYY-MM-DD` (ors: 4.2)"),
    reading("_genesys.session.dayInZone", "zone", "day of the week, Sunday is 0 (ors: 4.2)"),
    reading(
        "_genesys.session.isSpecialDay",
        "[section[, zone]]",
        "whether the list `SpecialDays` has the day of the step as a key of the section, default `days` (ors: 4.2 has only the name)",
    ),
    reading(
        "_genesys.session.getListItemValue",
        "list, item, attribute",
        "value of a key in a section of a configured list, null when there is none (ors: 4.2)",
    ),
    reading(
        "_genesys.session.listLookupValue",
        "list, item",
        "all values of a section of a configured list as an object (ors: 4.2 has only the name)",
    ),
    reading(
        "_genesys.session.getConfigOption",
        "section, option[, default]",
        "value of the list `Options`: an operator says there what charts may read (ors: 4.2)",
    ),
];

const fn property(path: &'static str, about: &'static str) -> Function {
    Function { path, kind: FunctionKind::Property, arguments: "", about }
}

const fn reading(path: &'static str, arguments: &'static str, about: &'static str) -> Function {
    Function { path, kind: FunctionKind::Reading, arguments, about }
}

const fn effect(path: &'static str, arguments: &'static str, about: &'static str) -> Function {
    Function { path, kind: FunctionKind::Effect, arguments, about }
}

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
    (
        "_genesys.queue.usecapcond",
        "how capacity is considered (ors: 4.4); the numbers are our own, and nothing uses them",
    ),
    (
        "_genesys.queue.overwriteType",
        "which number is shown (ors: 4.4); the numbers are our own, and nothing uses them",
    ),
    ("_genesys.session.day", "days of the week (ors: 4.2)"),
    (
        "_genesys.session.lookupseq",
        "where options are looked up (ors: 4.2): the one number that is known; nothing uses it",
    ),
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

/// Types of resources, which are their own names (ors: 4.5).
const RESOURCE_TYPES: &[&str] = &[
    "any",
    "CFGACDPosition",
    "CFGCellular",
    "CFGChat",
    "CFGCoBrowse",
    "CFGEmail",
    "CFGExtension",
    "CFGFAX",
    "CFGVideo",
    "CFGVoiceMail",
    "CFGVoIP",
    "CFGWorkflow",
];

/// Names with their position as an object.
fn numbered(names: &[&str]) -> Map<String, Value> {
    names.iter().enumerate().map(|(number, name)| ((*name).to_owned(), json!(number))).collect()
}

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
    let resource_types: Map<String, Value> =
        RESOURCE_TYPES.iter().map(|name| ((*name).to_owned(), json!(name))).collect();
    let genesys = json!({
        "ixn": { "callState": call_states },
        "queue": {
            "rType": enumeration(ROUTE_TYPES),
            "usecapcond": numbered(&["Never", "Only", "OnStatError"]),
            "overwriteType": numbered(&["UseNone", "UseANI", "UseConfig", "UseDNIS"]),
        },
        "session": {
            "day": numbered(&["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]),
            "lookupseq": { "StartFromStrategy": -1 },
        },
        "resource": { "resourceType": resource_types },
    });
    vec![("_genesys".to_owned(), genesys)]
}
