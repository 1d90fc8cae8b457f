//! `classification:`, known and not carried out.

use statecharts::{Element, Module};

use super::{FAILURE, answer, unsupported};

pub(super) const MODULE: Module = Module {
    namespace: super::CLASSIFICATION,
    prefix: "classification",
    about: "content of messages (ors: 9.1); the platform has calls only",
    elements: &[CLASSIFY, SCREEN],
};

const WHY: &str = "there is nothing to classify in a call";
const CLASSIFY: Element = unsupported(
    "classify",
    "classifies the content of a message",
    WHY,
    &[answer("error.classification.classify", FAILURE, "always, `unsupported`")],
);
const SCREEN: Element = unsupported(
    "screen",
    "screens the content of a message",
    WHY,
    &[answer("error.classification.screen", FAILURE, "always, `unsupported`")],
);
