//! `ixn:`, calls.

use statecharts::AttributeKind::{Boolean, Expression, Integer, Token};
use statecharts::{Element, Module};

use super::{
    CALL, CALL_FAILURE, REQUEST_ID, REQUEST_OF_CALL, answer, attribute, element, required, unsupported,
};

pub(super) const MODULE: Module = Module {
    namespace: super::INTERACTION,
    prefix: "ixn",
    about: "calls: dialling, moving, ending, and which session controls them (ors: 8)",
    elements: &[
        CREATE_CALL,
        REDIRECT,
        TERMINATE,
        ASSOCIATE,
        DETACH,
        ATTACH,
        ACCEPT,
        HOLD,
        RETRIEVE,
        SINGLE_STEP_TRANSFER,
        MERGE,
        ALTERNATE,
        ADD_PARTY,
        DROP_PARTY,
    ],
};

/// Why the other controls of a call are left out.
const NOT_NEEDED: &str = "callbacks need no such control of a call";

const CREATE_CALL: Element = element(
    "createcall",
    "dials (ors: 8.1). Never repeated after a crash: its outcome is then `error.voice.createcall` with `unknown` (D-119)",
    &[
        REQUEST_ID,
        required("from", Expression, "route point that the call comes from, text or resource object"),
        required("to", Expression, "number, text or resource object"),
        attribute(
            "type",
            Token(&["regular", "agent", "supervisor", "priority", "agentpriority", "predictive"]),
            "`predictive` detects who answered; every other dials without",
        ),
        attribute("timeout", Integer, "seconds of ringing, default 32"),
        attribute("udata", Expression, "object attached to the call"),
        attribute(
            "hints",
            Expression,
            "object; `extensions.call_timeguard_timeout` milliseconds of detection, default 12000",
        ),
        attribute("reason", Expression, "read and not used"),
    ],
    &[
        answer(
            "voice.createcall.done",
            &["requestid", "interactionid", "attempt"],
            "the call is answered; `interaction.added` and `interaction.present` follow",
        ),
        answer(
            "error.voice.createcall",
            &["requestid", "attempt", "error", "description", "hints"],
            "`timeout`, `busy`, `invalidsource`, `invaliddestination`, `refused` (a guard of the platform), `unknown`; `hints.callstate` says more",
        ),
    ],
);

const REDIRECT: Element = element(
    "redirect",
    "moves a call to a device (ors: 8.1). Never repeated after a crash (D-119)",
    &[
        REQUEST_ID,
        CALL,
        attribute("from", Expression, "read and not used: the call is where it is"),
        required(
            "to",
            Expression,
            "resource object or device; `'_STOP_'` ends the call without counting as abandoned",
        ),
        attribute("type", Expression, "a value of `_genesys.queue.rType`; read and not used"),
        attribute("hints", Expression, "object handed to the switch"),
        attribute("reason", Expression, "read and not used"),
        attribute("timeout", Integer, "seconds of ringing, default 30; not in ORS"),
        attribute("confirm", Boolean, "whether an answer is reported, default true; not in ORS"),
        attribute("detach", Boolean, "read and not used"),
    ],
    &[
        answer(
            "interaction.redirect.done",
            REQUEST_OF_CALL,
            "accepted; `interaction.partystatechanged` or `interaction.ondivert` follow",
        ),
        answer(
            "error.interaction.redirect",
            CALL_FAILURE,
            "`invalidstate.null`, `invaliddestination`, `unknown`",
        ),
    ],
);

const TERMINATE: Element = element(
    "terminate",
    "ends a call (ors: 8.1)",
    &[
        REQUEST_ID,
        required(
            "interactionid",
            Expression,
            "id of the call, or the request id of a createcall that still rings",
        ),
        attribute("reason", Expression, "text"),
        attribute("hints", Expression, "read and not used"),
    ],
    &[
        answer("interaction.terminate.done", REQUEST_OF_CALL, "ordered; `interaction.deleted` follows"),
        answer("error.interaction.terminate", CALL_FAILURE, "`invalidstate.null`: no such call"),
    ],
);

const ASSOCIATE: Element = element(
    "associate",
    "gives a call to another session (ors: 8.2)",
    &[REQUEST_ID, CALL, required("sessionid", Expression, "session that gets it")],
    &[
        answer(
            "interaction.associate.done",
            REQUEST_OF_CALL,
            "`interaction.notcontrolled` follows; the other session gets `interaction.added` and `interaction.present`",
        ),
        answer("error.interaction.associate", CALL_FAILURE, "`unknown`: no such call or session"),
    ],
);

const DETACH: Element = element(
    "detach",
    "gives a call back to the session that started this one (ors: 8.2)",
    &[REQUEST_ID, CALL],
    &[
        answer("interaction.detach.done", REQUEST_OF_CALL, "`interaction.notcontrolled` follows"),
        answer("error.interaction.detach", CALL_FAILURE, "`unknown`: no such call, or nobody gave it"),
    ],
);

const ATTACH: Element = element(
    "attach",
    "attaches user data to a call; in ORS it takes a call under control, which a session here does by being given it",
    &[REQUEST_ID, CALL, attribute("udata", Expression, "object; null takes a key away")],
    &[
        answer("interaction.attach.done", REQUEST_OF_CALL, "ordered; `interaction.udata.changed` follows"),
        answer("error.interaction.attach", CALL_FAILURE, "`unknown`: no such call"),
    ],
);

const ACCEPT: Element = unsupported(
    "accept",
    "accepts an interaction (ors: 8.1)",
    NOT_NEEDED,
    &[answer("error.interaction.accept", CALL_FAILURE, "always, `unsupported`")],
);
const HOLD: Element = unsupported(
    "hold",
    "puts a call on hold (ors: 8.1)",
    NOT_NEEDED,
    &[answer("error.voice.hold", CALL_FAILURE, "always, `unsupported`")],
);
const RETRIEVE: Element = unsupported(
    "retrieve",
    "takes a call back from hold (ors: 8.1)",
    NOT_NEEDED,
    &[answer("error.voice.retrieve", CALL_FAILURE, "always, `unsupported`")],
);
const SINGLE_STEP_TRANSFER: Element = unsupported(
    "singlesteptransfer",
    "transfers a call (ors: 8.1)",
    NOT_NEEDED,
    &[answer("error.voice.singlesteptransfer", CALL_FAILURE, "always, `unsupported`")],
);
const MERGE: Element = unsupported(
    "merge",
    "merges two calls (ors: 8.1)",
    NOT_NEEDED,
    &[answer("error.voice.merge", CALL_FAILURE, "always, `unsupported`")],
);
const ALTERNATE: Element = unsupported(
    "alternate",
    "alternates two calls (ors: 8.1)",
    NOT_NEEDED,
    &[answer("error.voice.alternate", CALL_FAILURE, "always, `unsupported`")],
);
const ADD_PARTY: Element = unsupported(
    "addparty",
    "adds a party (ors: 8.1)",
    NOT_NEEDED,
    &[answer("error.voice.addparty", CALL_FAILURE, "always, `unsupported`")],
);
const DROP_PARTY: Element = unsupported(
    "dropparty",
    "drops a party (ors: 8.1)",
    NOT_NEEDED,
    &[answer("error.voice.dropparty", CALL_FAILURE, "always, `unsupported`")],
);
