//! The vocabulary as a document: the same tables that charts are checked against, printed.

use std::fmt::Write as _;

use serde_json::{Value, json};
use statecharts::{Answer, Attribute, AttributeKind, Element, Function, FunctionKind, Module, ModuleSet};

use super::{events, genesys, modules};

const HEAD: &str = "\
# The vocabulary of charts

Printed by `ringback chart vocabulary --markdown` from the tables that charts are checked against; do not edit it by hand.

`ors: n` names a section of the ORS vocabulary that the platform follows, `D-nnn` a decision. What is *read and not used* does no harm
in a chart that was written for ORS and changes nothing here. An element or namespace that is not in this table is a
warning with line and column when the chart is loaded, and raises `error.unsupported.ELEMENT` when it is executed.

How a value is read: an **expression** is ECMAScript; a **word** stands for itself, bare or in quotes, and anything else is evaluated; **boolean** and
**integer** are constants or expressions; a **place** receives a value. An expression that is a bare word which the chart does not declare
stands for itself where words are allowed (D-083).

**A chart for ORS** is told the platform's own error events before those of the Recommendation (D-086: `error.illegalcond.*`, `error.illegalassign`,
`error.illegalloc.*`, `error.illegalvalue.*`, `error.illegaldata.*`, `error.script.*`, `error.send.*`, each with `document`, `element`, `linenumber`,
for `<send>` also `target`), is answered for `<cancel>`, and ends with `done.scxml.NAME`. It says so by `_orsCompatibility=\"true\"` at `<scxml>`;
so does whatever only charts for ORS have there: `exmode`, `initialstate`, `_type`, `_persist`, `_debug`, or a module namespace that begins with
`http://www.genesyslab.com/modules/`. `_orsCompatibility=\"false\"` turns it off. `_microStepLimit`, `_stateEntryLimit` and `_maxAge` (seconds) lower the
limits of the platform for any chart.
";

/// The vocabulary as Markdown: `docs/vocabulary.md`.
#[must_use]
pub fn markdown() -> String {
    let set = modules();
    let mut text = HEAD.to_owned();
    for module in &set.modules {
        module_section(&mut text, module);
    }
    unasked(&mut text);
    object_model(&mut text, &set);
    text
}

/// The vocabulary as JSON, for programs.
#[must_use]
pub fn json() -> Value {
    let set = modules();
    json!({
        "modules": set.modules.iter().map(|module| json!({
            "namespace": module.namespace, "prefix": module.prefix, "about": module.about,
            "elements": module.elements.iter().map(element_json).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "events": events::UNASKED.iter().map(answer_json).collect::<Vec<_>>(),
        "functions": set.functions.iter().map(function_json).collect::<Vec<_>>(),
        "enumerations": genesys::ENUMERATIONS.iter().map(|(path, about)| json!({
            "path": path, "about": about, "values": value_at(&set, path),
        })).collect::<Vec<_>>(),
        "global_functions": genesys::GLOBALS.iter().map(|(name, about)| json!({ "name": name, "about": about })).collect::<Vec<_>>(),
    })
}

fn element_json(element: &Element) -> Value {
    json!({
        "name": element.name, "about": element.about, "unsupported": element.unsupported,
        "attributes": element.attributes.iter().map(|attribute| json!({
            "name": attribute.name, "kind": kind(attribute), "required": attribute.required, "about": attribute.about,
        })).collect::<Vec<_>>(),
        "children": element.children.iter().map(element_json).collect::<Vec<_>>(),
        "answers": element.answers.iter().map(answer_json).collect::<Vec<_>>(),
    })
}

fn answer_json(answer: &Answer) -> Value {
    json!({ "event": answer.event, "data": answer.data, "about": answer.about })
}

fn function_json(function: &Function) -> Value {
    let kind = match function.kind {
        FunctionKind::Effect => "effect",
        FunctionKind::Reading => "reading",
        FunctionKind::Property => "property",
    };
    json!({ "path": function.path, "kind": kind, "arguments": function.arguments, "about": function.about })
}

fn kind(attribute: &Attribute) -> String {
    match attribute.kind {
        AttributeKind::Expression => "expression".to_owned(),
        AttributeKind::Word => "expression or word".to_owned(),
        AttributeKind::Location => "place".to_owned(),
        AttributeKind::Token([]) => "word".to_owned(),
        AttributeKind::Token(words) => format!("word: {}", words.join(", ")),
        AttributeKind::Boolean => "boolean".to_owned(),
        AttributeKind::Integer => "integer".to_owned(),
    }
}

/// Writing into a `String` cannot fail.
macro_rules! line {
    ($text:expr, $($part:tt)*) => { let _infallible = writeln!($text, $($part)*); };
}

fn module_section(text: &mut String, module: &Module) {
    line!(text, "\n## `{}:` — `{}`\n\n{}.", module.prefix, module.namespace, capital(module.about));
    for element in module.elements {
        line!(text, "\n### `<{}:{}>`\n\n{}.", module.prefix, element.name, capital(element.about));
        if let Some(why) = element.unsupported {
            line!(text, "\n**Not supported:** {why}. A chart that uses it loads with a warning.");
        }
        let mut rows = Vec::new();
        attribute_rows("", element, &mut rows);
        if !rows.is_empty() {
            line!(text, "\n| attribute | read as | meaning |\n| --- | --- | --- |\n{}", rows.join("\n"));
        }
        answer_table(text, element.answers);
    }
}

/// Rows of an element and of the elements inside it, which are named by their path.
fn attribute_rows(path: &str, element: &Element, rows: &mut Vec<String>) {
    for attribute in element.attributes {
        let needed = if attribute.required { " (required)" } else { "" };
        rows.push(format!(
            "| {path}`{}`{needed} | {} | {} |",
            attribute.name,
            kind(attribute),
            cell(attribute.about)
        ));
    }
    for child in element.children {
        let path = format!("{path}`<{}>` ", child.name);
        rows.push(format!("| {} | element | {} |", path.trim_end(), cell(child.about)));
        attribute_rows(&path, child, rows);
    }
}

fn answer_table(text: &mut String, answers: &[Answer]) {
    if answers.is_empty() {
        return;
    }
    line!(text, "\n| answer | data | when |\n| --- | --- | --- |");
    for answer in answers {
        let data: Vec<String> = answer.data.iter().map(|field| format!("`{field}`")).collect();
        line!(text, "| `{}` | {} | {} |", answer.event, data.join(", "), cell(answer.about));
    }
}

fn unasked(text: &mut String) {
    line!(text, "\n## Events that arrive unasked\n\n| event | data | when |\n| --- | --- | --- |");
    for event in events::UNASKED {
        let data: Vec<String> = event.data.iter().map(|field| format!("`{field}`")).collect();
        line!(text, "| `{}` | {} | {} |", event.event, data.join(", "), cell(event.about));
    }
}

fn object_model(text: &mut String, set: &ModuleSet) {
    line!(text, "\n## `_genesys` and other names\n\n{}", genesys::ABOUT);
    if !set.functions.is_empty() {
        line!(text, "\n| name | meaning |\n| --- | --- |");
    }
    for function in &set.functions {
        let arguments = match function.kind {
            FunctionKind::Property => String::new(),
            FunctionKind::Effect | FunctionKind::Reading => format!("({})", function.arguments),
        };
        line!(text, "| `{}{arguments}` | {} |", function.path, cell(function.about));
    }
    line!(text, "\n| function | meaning |\n| --- | --- |");
    for (name, about) in genesys::GLOBALS {
        line!(text, "| `{name}` | {} |", cell(about));
    }
    for (path, about) in genesys::ENUMERATIONS {
        line!(text, "\n### `{path}`\n\n{}.\n", capital(about));
        let mut values: Vec<(String, i64)> = value_at(set, path)
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(name, number)| Some((name.clone(), number.as_i64()?)))
            .collect();
        values.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
        let values: Vec<String> =
            values.into_iter().map(|(name, number)| format!("`{name}` {number}")).collect();
        line!(text, "{}", values.join(" · "));
    }
}

/// The constant at a path, `_genesys.ixn.callState`.
fn value_at<'a>(set: &'a ModuleSet, path: &str) -> &'a Value {
    let mut names = path.split('.');
    let root = names.next().unwrap_or_default();
    let root = set.constants.iter().find(|(name, _)| name == root).map_or(&Value::Null, |(_, value)| value);
    names.fold(root, |value, name| value.get(name).unwrap_or(&Value::Null))
}

/// Text for a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// Text with a capital at its beginning.
fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}
