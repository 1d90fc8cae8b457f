//! `session:`, other sessions and HTTP.

use statecharts::AttributeKind::{Expression, Integer, Location};
use statecharts::{Element, Module};

use super::{FAILURE, REQUEST_ID, answer, attribute, element, required};

pub(super) const MODULE: Module = Module {
    namespace: super::SESSION,
    prefix: "session",
    about: "other sessions, and requests over HTTP (ors: 5)",
    elements: &[START, FETCH, TERMINATE],
};

const START: Element = element(
    "start",
    "starts a session on another chart; `<param>` are its start parameters (ors: 5)",
    &[
        REQUEST_ID,
        attribute("src", Expression, "chart: file of the charts folder, shipped name, or URL"),
        attribute("srcexpr", Expression, "the same"),
        attribute("sessionid", Location, "place that receives the request id"),
    ],
    &[
        answer("session.start.done", &["requestid", "sessionid"], "it runs"),
        answer("error.session.start", &["requestid", "sessionid", "error", "description"], "`badfetch`"),
        answer(
            "done.session.ID",
            &["sessionid", "data"],
            "it ended; not in ORS, where it is `done.scxml.NAME`",
        ),
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
