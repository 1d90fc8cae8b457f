//! `ws:`, answers to requests.

use statecharts::AttributeKind::{Expression, Token, Word};
use statecharts::Module;

use super::{attribute, element, required};

pub(super) const MODULE: Module = Module {
    namespace: super::WEB_SERVICE,
    prefix: "ws",
    about: "answers to requests that arrived over HTTP (ors: 6)",
    elements: &[RESPONSE],
};

/// Also in the module `session:`.
pub(super) const RESPONSE: statecharts::Element = element(
    "response",
    "answers a request; `<param>` become a JSON object, one `<content>` becomes the body (ors: 6)",
    &[
        required("requestid", Expression, "`_event.sendid` of the request"),
        attribute(
            "type",
            Token(&["positive", "negative"]),
            "`positive` (default) is HTTP 200, `negative` 400",
        ),
        attribute(
            "resultcode",
            Word,
            "of a negative answer: the HTTP status if it is 400 to 599, and the field `resultcode`",
        ),
    ],
    &[],
);
