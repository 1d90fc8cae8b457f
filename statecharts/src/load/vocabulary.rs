//! The elements of SCXML, with the additions of ORS that are tolerated: what may stand where, and its attributes.

/// An element: attributes and child elements that it may have.
pub(crate) struct Known {
    pub(crate) name: &'static str,
    pub(crate) attributes: &'static [&'static str],
    pub(crate) children: &'static [&'static str],
}

/// Executable content (scxml: 4).
pub(crate) const EXECUTABLE: &[&str] =
    &["raise", "event", "if", "foreach", "log", "assign", "script", "send", "cancel"];

const NONE: &[&str] = &[];
const PAYLOAD: &[&str] = &["param", "content"];

/// Every element. `*` among the children stands for executable content, `any` for anything.
pub(crate) const ELEMENTS: &[Known] = &[
    Known {
        name: "scxml",
        attributes: &["initial", "initialstate", "name", "version", "datamodel", "binding", "exmode"],
        children: &["state", "parallel", "final", "datamodel", "script"],
    },
    Known {
        name: "state",
        attributes: &["id", "initial", "src"],
        children: &[
            "onentry",
            "onexit",
            "transition",
            "initial",
            "state",
            "parallel",
            "final",
            "history",
            "datamodel",
            "invoke",
        ],
    },
    Known {
        name: "parallel",
        attributes: &["id", "src"],
        children: &["onentry", "onexit", "transition", "state", "parallel", "history", "datamodel", "invoke"],
    },
    Known { name: "transition", attributes: &["event", "cond", "target", "type"], children: &["*"] },
    Known { name: "initial", attributes: &["id"], children: &["transition"] },
    Known { name: "final", attributes: &["id"], children: &["onentry", "onexit", "donedata"] },
    Known { name: "onentry", attributes: NONE, children: &["*"] },
    Known { name: "onexit", attributes: NONE, children: &["*"] },
    Known { name: "history", attributes: &["id", "type"], children: &["transition"] },
    Known { name: "raise", attributes: &["event"], children: PAYLOAD },
    Known { name: "event", attributes: &["name"], children: PAYLOAD },
    Known { name: "if", attributes: &["cond"], children: &["*", "elseif", "else"] },
    Known { name: "elseif", attributes: &["cond"], children: NONE },
    Known { name: "else", attributes: NONE, children: NONE },
    Known { name: "foreach", attributes: &["array", "item", "index"], children: &["*"] },
    Known { name: "log", attributes: &["label", "expr", "level"], children: NONE },
    Known { name: "datamodel", attributes: &["schema"], children: &["data"] },
    Known { name: "data", attributes: &["id", "src", "expr"], children: &["any"] },
    Known { name: "assign", attributes: &["location", "expr"], children: &["any"] },
    Known { name: "donedata", attributes: NONE, children: PAYLOAD },
    Known { name: "content", attributes: &["expr"], children: &["any"] },
    Known { name: "param", attributes: &["name", "expr", "location"], children: NONE },
    Known { name: "script", attributes: &["src", "type"], children: NONE },
    Known {
        name: "send",
        attributes: &[
            "event",
            "eventexpr",
            "target",
            "targetexpr",
            "type",
            "typeexpr",
            "id",
            "idlocation",
            "delay",
            "delayexpr",
            "namelist",
            "sendid",
            "targettype",
            "timeout",
            "hints",
        ],
        children: PAYLOAD,
    },
    Known { name: "cancel", attributes: &["sendid", "sendidexpr", "id"], children: NONE },
    Known {
        name: "invoke",
        attributes: &[
            "type",
            "typeexpr",
            "src",
            "srcexpr",
            "id",
            "idlocation",
            "namelist",
            "autoforward",
            "targettype",
            "invokeid",
        ],
        children: &["param", "finalize", "content"],
    },
    Known { name: "finalize", attributes: NONE, children: &["*"] },
];

/// The element `name`.
pub(super) fn known(name: &str) -> Option<&'static Known> {
    ELEMENTS.iter().find(|known| known.name == name)
}

/// Whether `child` may stand inside.
pub(super) fn may_hold(parent: &Known, child: &str) -> bool {
    parent.children.contains(&child)
        || parent.children.contains(&"any")
        || (parent.children.contains(&"*") && EXECUTABLE.contains(&child))
}

/// The candidate that is most like `name`, as a clause for a message.
pub(crate) fn did_you_mean<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| format!("; did you mean `{candidate}`?"))
        .unwrap_or_default()
}
