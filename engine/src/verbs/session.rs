//! `session:`, other sessions and HTTP.

use statecharts::AttributeKind::{Expression, Integer, Location};
use statecharts::{Element, Module};

use super::{FAILURE, REQUEST_ID, answer, attribute, element, required};

pub(super) const MODULE: Module = Module {
    namespace: super::SESSION,
    prefix: "session",
    about: "other sessions, and requests over HTTP (ors: 5)",
    elements: &[START, UPDATE_START, FETCH, TERMINATE, super::web_service::RESPONSE],
};

const START: Element = element(
    "start",
    "starts a session on another chart; `<param>` are its start parameters (ors: 5)",
    &[
        REQUEST_ID,
        attribute("src", Expression, "chart: file of the charts folder, shipped name, or URL"),
        attribute("srcexpr", Expression, "the same"),
        attribute(
            "sessionid",
            Location,
            "place that receives the id of the request; `session.start.done` has that of the session",
        ),
        attribute(
            "idealtime",
            Expression,
            "epoch milliseconds at which it is started; the start survives a restart. Default now",
        ),
    ],
    &[
        answer("session.start.done", &["requestid", "sessionid"], "it runs"),
        answer(
            "error.session.start",
            &["requestid", "sessionid", "error", "description"],
            "`badfetch`; `refused`: too many wait for their time; `cancelled`: it was given up before",
        ),
        answer("done.session.ID", &["sessionid", "data"], "it ended; not in ORS"),
        answer(
            "done.scxml.NAME",
            &["sessionid", "reason", "params"],
            "it ended, when its chart is one for ORS and has a name (ors: 11)",
        ),
    ],
);

const UPDATE_START: Element = element(
    "updatestart",
    "changes when a session is started that waits for its time (ors: 5)",
    &[
        REQUEST_ID,
        required("sessionid", Expression, "id of the session to be, from `sessionid` of the start"),
        required("idealtime", Expression, "epoch milliseconds"),
    ],
    &[
        answer("session.updatestart.done", &["requestid", "sessionid"], "it waits until then"),
        answer("error.session.updatestart", FAILURE, "`unknown`: no session waits under this id"),
    ],
);

const FETCH: Element = element(
    "fetch",
    "a request over HTTP; `<param>` are the fields, `<content>` the body (ors: 5)",
    &[
        REQUEST_ID,
        required("srcexpr", Expression, "URL"),
        attribute("method", Expression, "`get` (default), `post`, `put`, `delete`"),
        attribute("timeout", Integer, "seconds, default 15"),
        attribute("type", Expression, "read and not used: the body arrives as text"),
        attribute("enctype", Expression, "`application/json` sends JSON; otherwise a form"),
        attribute("hints", Expression, "read and not used"),
    ],
    &[
        answer(
            "session.fetch.done",
            &["requestid", "content", "status", "hints"],
            "the server answered 200 to 299; `content` is text",
        ),
        answer(
            "error.session.fetch",
            FAILURE,
            "`protocol.404` and the like, `timeout`, `refused` (not allowed by the egress rules)",
        ),
    ],
);

const TERMINATE: Element = element(
    "terminate",
    "ends another session (ors: 5)",
    &[REQUEST_ID, required("sessionid", Expression, "session")],
    &[
        answer("session.terminate.done", &["requestid", "sessionid"], "it has ended"),
        answer("error.session.terminate", FAILURE, "`unknown`: there is no such session"),
    ],
);
