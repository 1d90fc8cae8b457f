//! Checks the form of a document: elements, attributes, and where they stand.

use super::files::Files;
use super::vocabulary::{self, did_you_mean, known};
use crate::ModuleSet;
use crate::xml::{Element, Node};

/// Checks `element` and everything below it.
pub(super) fn check(element: &Element, files: &mut Files, modules: &ModuleSet) {
    let Some(known) = known(&element.name) else {
        return;
    };
    for attribute in &element.attributes {
        let name = attribute.name.as_str();
        // Attributes with a prefix belong to others; those with an underscore are hints of ORS and its designer.
        if attribute.namespace.is_some() || name.starts_with('_') || known.attributes.contains(&name) {
            continue;
        }
        files.error(
            attribute.place,
            format!(
                "<{}> has no attribute `{name}`{}",
                element.name,
                did_you_mean(name, known.attributes.iter().copied())
            ),
        );
    }
    if known.children.contains(&"any") {
        return;
    }
    for child in &element.children {
        match child {
            Node::Element(child) if child.is_scxml() => check_child(element, known, child, files, modules),
            Node::Element(child) => check_foreign(element, known, child, files, modules),
            Node::Text { text, place } => {
                if !text.trim().is_empty() && element.name != "script" {
                    files.error(*place, format!("text has no meaning inside <{}>", element.name));
                }
            }
        }
    }
}

fn check_child(
    parent: &Element,
    known_parent: &vocabulary::Known,
    child: &Element,
    files: &mut Files,
    modules: &ModuleSet,
) {
    if child.name == "anchor" {
        files.error(child.place, "<anchor> is not supported; use <history> instead");
    } else if known(&child.name).is_none() {
        let names = vocabulary::ELEMENTS.iter().map(|element| element.name);
        files.error(
            child.place,
            format!("SCXML has no element <{}>{}", child.name, did_you_mean(&child.name, names)),
        );
    } else if !vocabulary::may_hold(known_parent, &child.name) {
        files.error(child.place, format!("<{}> cannot stand inside <{}>", child.name, parent.name));
    } else {
        check(child, files, modules);
    }
}

fn check_foreign(
    parent: &Element,
    known_parent: &vocabulary::Known,
    child: &Element,
    files: &mut Files,
    modules: &ModuleSet,
) {
    let is_module = modules.modules.iter().any(|module| module.namespace == &*child.namespace);
    if is_module && !known_parent.children.contains(&"*") {
        files.error(
            child.place,
            format!(
                "<{}> is executable content and cannot stand inside <{}>; put it into <onentry>, <onexit> or <transition>",
                child.name, parent.name
            ),
        );
    }
}
