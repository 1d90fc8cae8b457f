//! `dialog:`, treatments.

use statecharts::AttributeKind::{Expression, Integer};
use statecharts::{Element, Module};

use super::{CALL, CALL_FAILURE, REQUEST, REQUEST_ID, REQUEST_OF_CALL, answer, attribute, element, required};

pub(super) const MODULE: Module = Module {
    namespace: super::DIALOG,
    prefix: "dialog",
    about: "treatments: what a caller hears and enters (ors: 9)",
    elements: &[PLAY_SOUND, PLAY_AND_COLLECT, STOP],
};

const PLAY_SOUND: Element = element(
    "playsound",
    "plays a file or a tone (ors: 9)",
    &[
        REQUEST_ID,
        CALL,
        attribute("resource", Expression, "file"),
        attribute("type", Expression, "read and not used"),
        attribute(
            "duration",
            Expression,
            "seconds; 0 or nothing: to the end of the file; `'loop'`: until it is stopped",
        ),
        attribute("hints", Expression, "object handed to the switch"),
    ],
    &[
        answer("dialog.playsound.done", REQUEST_OF_CALL, "it was played"),
        answer("error.dialog.playsound", CALL_FAILURE, "`unknown`: no such call, or it cannot be played"),
    ],
);

const PLAY_AND_COLLECT: Element = element(
    "playandcollect",
    "plays a file and collects digits (ors: 9)",
    &[
        REQUEST_ID,
        CALL,
        attribute("resource", Expression, "file"),
        attribute("max_digits", Integer, "most digits, default 6"),
        attribute("timeout", Integer, "seconds, default 15"),
    ],
    &[
        answer(
            "dialog.playandcollect.done",
            &["requestid", "interactionid", "digits"],
            "`digits` may be empty",
        ),
        answer(
            "error.dialog.playandcollect",
            CALL_FAILURE,
            "`unknown`: no such call, or it cannot be played",
        ),
    ],
);

const STOP: Element = element(
    "stop",
    "stops a treatment (ors: 9); the treatment itself does not report that it is done",
    &[required("requestid", Expression, "id of the treatment")],
    &[answer("dialog.stop.done", REQUEST, "`requestid` is the treatment's")],
);
