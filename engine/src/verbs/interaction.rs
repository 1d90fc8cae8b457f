//! `ixn:`, calls.

use statecharts::AttributeKind::{Boolean, Expression, Integer, Token};
use statecharts::{Element, Module};

use super::{CALL, CALL_FAILURE, REQUEST_ID, REQUEST_OF_CALL, answer, attribute, element, required};

pub(super) const MODULE: Module = Module {
    namespace: super::INTERACTION,
    prefix: "ixn",
    about: "calls: dialling, moving, ending, and which session controls them (ors: 8)",
    elements: &[CREATE_CALL, REDIRECT, TERMINATE, ASSOCIATE, DETACH, ATTACH],
};

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
    "attaches user data to a call",
    &[REQUEST_ID, CALL, attribute("udata", Expression, "object")],
    &[],
);
