//! Merges parts into a chart before anything else looks at it (decision D-084): `<state src="…">`, `<parallel src="…">`.

use super::files::Files;
use crate::xml::{self, Element, Node, Place};
use crate::{DocumentLimits, PartResolver};

const DEPTH_MAX: usize = DocumentLimits::PART_DEPTH;
const PARTS_MAX: usize = DocumentLimits::PARTS;

/// Merges every part below `element`. Scripts of parts are moved to `scripts`: they run when the chart is loaded.
pub(crate) fn merge(
    element: &mut Element,
    files: &mut Files,
    parts: &dyn PartResolver,
    open: &mut Vec<String>,
    scripts: &mut Vec<Element>,
) {
    if (element.is("state") || element.is("parallel"))
        && let Some(attribute) = element.attribute("src").cloned()
    {
        element.attributes.retain(|kept| kept.name != "src" || kept.namespace.is_some());
        include(element, &attribute.value, attribute.place, files, parts, open, scripts);
        return;
    }
    for child in &mut element.children {
        if let Node::Element(child) = child {
            merge(child, files, parts, open, scripts);
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "the recursion of merge, with the place that asked")]
fn include(
    element: &mut Element,
    src: &str,
    place: Place,
    files: &mut Files,
    parts: &dyn PartResolver,
    open: &mut Vec<String>,
    scripts: &mut Vec<Element>,
) {
    let from = files.name(place.file).to_owned();
    let part = match parts.resolve(src, &from) {
        Ok(part) => part,
        Err(reason) => {
            files.error(place, format!("the part `{src}` cannot be had: {reason}"));
            return;
        }
    };
    if open.contains(&part.file) || open.len() >= DEPTH_MAX {
        files.error(
            place,
            format!("the part `{}` names itself: {} → {}", part.file, open.join(" → "), part.file),
        );
        return;
    }
    if files.len() >= PARTS_MAX {
        files.error(place, format!("the chart has more than {PARTS_MAX} parts"));
        return;
    }
    let file = files.add(part.file.clone(), part.text.clone());
    let mut root = match xml::parse(&part.text, file) {
        Ok(root) => root,
        Err(error) => {
            files.error(error.place, error.message);
            return;
        }
    };
    if !(root.is("scxml") || root.is("state") || root.is("parallel")) {
        files.error(root.place, format!("a part is an <scxml> document, not <{}>", root.name));
        return;
    }
    open.push(part.file);
    for child in &mut root.children {
        if let Node::Element(child) = child {
            merge(child, files, parts, open, scripts);
        }
    }
    for child in &mut element.children {
        if let Node::Element(child) = child {
            merge(child, files, parts, open, scripts);
        }
    }
    open.pop();
    for name in ["initial", "initialstate"] {
        if element.attribute("initial").is_none()
            && let Some(initial) = root.attribute(name)
        {
            let mut initial = initial.clone();
            "initial".clone_into(&mut initial.name);
            element.attributes.push(initial);
        }
    }
    for child in root.children {
        match child {
            Node::Element(script) if script.is("script") => scripts.push(script),
            other => element.children.push(other),
        }
    }
}
