//! `callback:`, the record of the callback; our own module (decision D-123).

use statecharts::AttributeKind::{Boolean, Expression};
use statecharts::Module;

use super::{FAILURE, REQUEST, REQUEST_ID, answer, attribute, element, required};

pub(super) const MODULE: Module = Module {
    namespace: super::CALLBACK,
    prefix: "callback",
    about: "the record of the callback; our own module, applied in the transaction of the step (D-123)",
    elements: &[
        element(
            "update",
            "changes the record; `<param>` are further keys",
            &[
                attribute("state", Expression, "new state"),
                attribute("reason", Expression, "completion reason"),
                attribute("disposition", Expression, "disposition"),
            ],
            &[answer(
                "error.callback.update",
                &["error", "description"],
                "`refused`: the record's table forbids the transition",
            )],
        ),
        element(
            "notify",
            "sends a status notification if the service asks for any; `<param>` are its attributes",
            &[required("event", Expression, "name of the notification, `_cbe_on_dial_init`")],
            &[],
        ),
        element(
            "report",
            "writes a reporting record; `<param>` are its keys",
            &[attribute("final", Boolean, "whether it is the last one")],
            &[],
        ),
        element(
            "push",
            "sends a push message to the customer's device; `<param>` are its content",
            &[REQUEST_ID],
            &[
                answer("callback.push.done", REQUEST, "a stream of the device took it"),
                answer("error.callback.push", FAILURE, "`nodevice`, or it was not taken"),
            ],
        ),
    ],
};
