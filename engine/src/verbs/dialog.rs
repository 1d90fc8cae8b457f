//! `dialog:`, treatments.

use statecharts::AttributeKind::{Boolean, Expression, Integer, Word};
use statecharts::{Attribute, Element, Module};

use super::{
    CALL, CALL_FAILURE, FAILURE, REQUEST, REQUEST_ID, REQUEST_OF_CALL, answer, attribute, element, required,
    unsupported,
};

pub(super) const MODULE: Module = Module {
    namespace: super::DIALOG,
    prefix: "dialog",
    about: "treatments: what a caller hears and enters (ors: 9)",
    elements: &[PLAY_SOUND, PLAY, PLAY_AND_COLLECT, COLLECT, STOP, START, PLAY_AND_VERIFY, PAUSE, REMOTE],
};

const RESOURCE: Attribute = attribute("resource", Expression, "file; `<prompts>` take its place");
const DURATION: Attribute = attribute(
    "duration",
    Expression,
    "seconds; 0 or nothing: to the end of the file; `'loop'`: until it is stopped",
);
const HINTS: Attribute = attribute("hints", Expression, "object handed to the switch");
const LANGUAGE: Attribute = attribute("language", Word, "read and not used");
const TONE: Attribute = attribute(
    "type",
    Word,
    "`music`, `ringback`, `busy`, `fastbusy`, `silence`: without `resource` the file `tone:TYPE` of the switch",
);

const PROMPTS: Element = Element {
    name: "prompts",
    about: "1 to 10 prompts, played one after the other",
    unsupported: None,
    attributes: &[attribute("type", Word, "`tts`, `ann` and so on; read and not used")],
    children: &[element(
        "prompt",
        "one prompt: an announcement, a text or a number",
        &[
            attribute("userannid", Expression, "file of an announcement"),
            attribute("intid", Expression, "the same"),
            attribute("text", Expression, "text to be spoken; the file `tts:TEXT` of the switch"),
            attribute("number", Expression, "number to be spoken; the file `number:NUMBER` of the switch"),
            attribute("interrupt", Boolean, "read and not used"),
            attribute("type", Word, "read and not used"),
        ],
        &[],
    )],
    answers: &[],
};

const INPUT: Element = element(
    "input",
    "what is collected",
    &[
        attribute("max_digits", Integer, "most digits"),
        attribute("total_timeout", Integer, "seconds"),
        attribute("timeout", Integer, "the same"),
        attribute("abort_digits", Expression, "read and not used"),
        attribute("term_digits", Expression, "read and not used"),
    ],
    &[],
);

const PLAY_SOUND: Element = Element {
    name: "playsound",
    about: "plays a file or a tone (ors: 9)",
    unsupported: None,
    attributes: &[REQUEST_ID, CALL, RESOURCE, TONE, DURATION, HINTS],
    children: &[PROMPTS],
    answers: &[
        answer("dialog.playsound.done", REQUEST_OF_CALL, "it was played"),
        answer("error.dialog.playsound", CALL_FAILURE, "`unknown`: no such call, or it cannot be played"),
    ],
};

const PLAY: Element = Element {
    name: "play",
    about: "plays prompts (ors: 9)",
    unsupported: None,
    attributes: &[REQUEST_ID, CALL, RESOURCE, LANGUAGE, DURATION, HINTS],
    children: &[PROMPTS],
    answers: &[
        answer("dialog.play.done", REQUEST_OF_CALL, "the last prompt was played"),
        answer("error.dialog.play", CALL_FAILURE, "`unknown`: no such call, or it cannot be played"),
    ],
};

const PLAY_AND_COLLECT: Element = Element {
    name: "playandcollect",
    about: "plays a file or prompts and collects digits (ors: 9)",
    unsupported: None,
    attributes: &[
        REQUEST_ID,
        CALL,
        RESOURCE,
        LANGUAGE,
        attribute("max_digits", Integer, "most digits, default 6"),
        attribute("timeout", Integer, "seconds, default 15"),
        HINTS,
    ],
    children: &[PROMPTS, INPUT],
    answers: &[
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
};

const COLLECT: Element = Element {
    name: "collect",
    about: "collects digits (ors: 9)",
    unsupported: None,
    attributes: &[
        REQUEST_ID,
        CALL,
        LANGUAGE,
        attribute("max_digits", Integer, "most digits, default 6"),
        attribute("timeout", Integer, "seconds, default 15"),
        HINTS,
    ],
    children: &[INPUT],
    answers: &[
        answer("dialog.collect.done", &["requestid", "interactionid", "digits"], "`digits` may be empty"),
        answer("error.dialog.collect", CALL_FAILURE, "`unknown`: no such call"),
    ],
};

const STOP: Element = element(
    "stop",
    "stops a treatment (ors: 9); the treatment itself does not report that it is done",
    &[required("requestid", Expression, "id of the treatment")],
    &[answer("dialog.stop.done", REQUEST, "`requestid` is the treatment's")],
);

const START: Element = unsupported(
    "start",
    "runs a VoiceXML application (ors: 9)",
    "the platform has no VoiceXML interpreter; use `dialog:play` and `dialog:playandcollect`",
    &[answer("error.dialog.start", FAILURE, "always, `unsupported`")],
);
const PLAY_AND_VERIFY: Element = unsupported(
    "playandverify",
    "plays prompts and verifies what is entered (ors: 9)",
    "verify in the chart what `dialog:playandcollect` gives",
    &[answer("error.dialog.playandverify", FAILURE, "always, `unsupported`")],
);
const PAUSE: Element = unsupported(
    "pause",
    "a pause between treatments (ors: 9)",
    "use `<send delay>`",
    &[answer("error.dialog.pause", FAILURE, "always, `unsupported`")],
);
const REMOTE: Element = unsupported(
    "remote",
    "treats the call elsewhere (ors: 9)",
    "use `ixn:redirect`",
    &[answer("error.dialog.remote", FAILURE, "always, `unsupported`")],
);

/// Busy treatments of a submit.
pub(super) const RUN_TREATMENTS: Element = Element {
    name: "runtreatments",
    about: "treatments while the caller waits, one after the other (`dialog:runtreatments`, ors: 9); they end when an agent is found and give no events",
    unsupported: None,
    attributes: &[],
    children: &[PLAY_SOUND_OF_SUBMIT, PLAY_OF_SUBMIT],
    answers: &[],
};
const CALL_OF_SUBMIT: Attribute =
    attribute("interactionid", Expression, "id of the call, default the one of the submit");
const PLAY_SOUND_OF_SUBMIT: Element = Element {
    name: "playsound",
    about: "plays a file or a tone",
    unsupported: None,
    attributes: &[CALL_OF_SUBMIT, RESOURCE, TONE, DURATION, HINTS],
    children: &[PROMPTS],
    answers: &[],
};
const PLAY_OF_SUBMIT: Element = Element {
    name: "play",
    about: "plays prompts",
    attributes: &[CALL_OF_SUBMIT, LANGUAGE, HINTS],
    ..PLAY_SOUND_OF_SUBMIT
};
