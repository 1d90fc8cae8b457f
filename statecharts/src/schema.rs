//! XML Schema 1.0 of charts, for editors: SCXML with the additions that we read, and the elements of the registered modules.
//!
//! The schemas are written from the tables that charts are checked against, so that an editor and `chart validate` know the same
//! elements and attributes. What a schema cannot say (targets exist, expressions parse) only `chart validate` finds.

use std::fmt::Write as _;

use crate::ModuleSet;
use crate::load::{ELEMENTS, EXECUTABLE, Known};
use crate::module::{Attribute, AttributeKind, Element, Module};
use crate::xml::SCXML_NAMESPACE;

/// A file of the schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaFile {
    /// Name of the file; the files name each other, and so belong into one folder.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// The schemas of SCXML (`scxml.xsd`) and of each module under both spellings of its namespace, and a catalogue that leads from
/// namespaces to them (`catalog.xml`).
#[must_use]
pub fn schema(modules: &ModuleSet) -> Vec<SchemaFile> {
    let mut files = vec![SchemaFile { name: "scxml.xsd".to_owned(), text: scxml(modules) }];
    for module in &modules.modules {
        for spelling in spellings(module) {
            files.push(SchemaFile { text: module_schema(module, &spelling), name: spelling.file });
        }
    }
    files.push(SchemaFile { name: "catalog.xml".to_owned(), text: catalogue(modules) });
    files
}

/// A namespace as charts write it (decision D-082: with and without scheme).
struct Spelling {
    namespace: String,
    file: String,
}

fn spellings(module: &Module) -> [Spelling; 2] {
    [
        Spelling { namespace: module.namespace.to_owned(), file: format!("{}.xsd", module.prefix) },
        Spelling {
            namespace: format!("http://{}", module.namespace),
            file: format!("{}.http.xsd", module.prefix),
        },
    ]
}

fn scxml_namespace() -> String {
    format!("http://{SCXML_NAMESPACE}")
}

/// Attributes that must be there.
const REQUIRED: &[(&str, &str)] = &[
    ("assign", "location"),
    ("data", "id"),
    ("elseif", "cond"),
    ("event", "name"),
    ("foreach", "array"),
    ("foreach", "item"),
    ("if", "cond"),
    ("param", "name"),
    ("raise", "event"),
];

/// Attributes with a few values.
const VALUES: &[(&str, &str, &[&str])] = &[
    ("history", "type", &["shallow", "deep"]),
    ("scxml", "binding", &["early", "late"]),
    ("scxml", "datamodel", &["ecmascript", "null", ""]),
    ("transition", "type", &["internal", "external"]),
];

/// Hints of ORS and its designer; `_allow`, which silences lints, goes with every element.
const HINTS: &[(&str, &[&str])] = &[
    ("data", &["_type", "_desc"]),
    (
        "scxml",
        &[
            "_type",
            "_persist",
            "_debug",
            "_maxAge",
            "_microStepLimit",
            "_stateEntryLimit",
            "_processEventsTimeout",
            "_recoveryEnabled",
            "_transitionStyle",
            "_filterEvents",
        ],
    ),
    ("state", &["_type"]),
];

/// What each element is for.
const ABOUT: &[(&str, &str)] = &[
    ("assign", "Gives a value to a place of the data."),
    ("cancel", "Withdraws a delayed event."),
    ("content", "The whole content of a message, an answer or an invocation."),
    ("data", "A variable; with _type=\"parameter\" a value that the starter gives."),
    ("datamodel", "The variables of a chart or a state."),
    ("donedata", "What a final state hands on."),
    ("else", "What follows is executed when no condition before held."),
    ("elseif", "What follows is executed when its condition holds and none before did."),
    ("event", "Old spelling of raise."),
    ("final", "Ends the state around it."),
    ("finalize", "Executed for each event of the invocation, before its transitions."),
    ("foreach", "Executes its content for each item of a list."),
    ("history", "Remembers which states were active when the state around it was left."),
    ("if", "Executes content when a condition holds."),
    ("initial", "The transition that a state begins with."),
    ("invoke", "Starts another chart for as long as the state is active."),
    ("log", "Writes to the log."),
    ("onentry", "Executed when the state is entered."),
    ("onexit", "Executed when the state is left."),
    ("parallel", "All its children are active side by side."),
    ("param", "A named value of a message, an answer or an invocation."),
    ("raise", "Gives an event to the chart itself, before all events from outside."),
    ("script", "ECMAScript; at the top of the chart it is executed when a session starts."),
    ("scxml", "A chart."),
    ("send", "Sends an event, at once or later."),
    ("state", "A state; with src the text of a part."),
    ("transition", "A way from the state, by an event or as soon as a condition holds."),
];

fn of<V: Copy>(table: &[(&str, V)], name: &str) -> Option<V> {
    table.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
}

/// A document in the making.
#[derive(Default)]
struct Text {
    text: String,
    depth: usize,
}

impl Text {
    fn line(&mut self, line: &str) {
        // Writing to a text cannot fail.
        let _written = writeln!(self.text, "{:indent$}{line}", "", indent = 2 * self.depth).is_ok();
    }

    fn open(&mut self, line: &str) {
        self.line(line);
        self.depth += 1;
    }

    fn close(&mut self, line: &str) {
        self.depth = self.depth.saturating_sub(1);
        self.line(line);
    }

    fn about(&mut self, about: &str) {
        if !about.is_empty() {
            let about = quick_xml::escape::escape(about);
            self.line(&format!(
                "<xs:annotation><xs:documentation>{about}</xs:documentation></xs:annotation>"
            ));
        }
    }

    /// An attribute. Its values are proposed; where it may be code as well, anything is allowed.
    fn attribute(&mut self, name: &str, is_required: bool, values: &[&str], is_open: bool, about: &str) {
        let required = if is_required { " use=\"required\"" } else { "" };
        if values.is_empty() && about.is_empty() {
            self.line(&format!("<xs:attribute name=\"{name}\" type=\"xs:string\"{required}/>"));
            return;
        }
        if values.is_empty() {
            self.open(&format!("<xs:attribute name=\"{name}\" type=\"xs:string\"{required}>"));
            self.about(about);
            self.close("</xs:attribute>");
            return;
        }
        self.open(&format!("<xs:attribute name=\"{name}\"{required}>"));
        self.about(about);
        self.open("<xs:simpleType>");
        if is_open {
            self.open("<xs:union memberTypes=\"xs:string\">");
            self.open("<xs:simpleType>");
        }
        self.open("<xs:restriction base=\"xs:string\">");
        for value in values {
            self.line(&format!("<xs:enumeration value=\"{}\"/>", quick_xml::escape::escape(*value)));
        }
        self.close("</xs:restriction>");
        if is_open {
            self.close("</xs:simpleType>");
            self.close("</xs:union>");
        }
        self.close("</xs:simpleType>");
        self.close("</xs:attribute>");
    }

    /// What every element may have beside its own attributes.
    fn other_attributes(&mut self) {
        self.line("<xs:attribute name=\"_allow\" type=\"xs:string\"/>");
        self.line("<xs:anyAttribute namespace=\"##other\" processContents=\"lax\"/>");
    }
}

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
const WRITTEN: &str = "<!-- Written by `ringback chart schema`. -->";

fn scxml(modules: &ModuleSet) -> String {
    let mut text = Text::default();
    let namespace = scxml_namespace();
    text.line(HEAD);
    text.line(WRITTEN);
    text.open(&format!(
        "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" xmlns=\"{namespace}\" targetNamespace=\"{namespace}\" elementFormDefault=\"qualified\">"
    ));
    let all: Vec<Spelling> = modules.modules.iter().flat_map(spellings).collect();
    for spelling in &all {
        text.line(&format!(
            "<xs:import namespace=\"{}\" schemaLocation=\"{}\"/>",
            spelling.namespace, spelling.file
        ));
    }
    text.open("<xs:group name=\"executable\">");
    text.open("<xs:choice>");
    for name in EXECUTABLE {
        text.line(&format!("<xs:element ref=\"{name}\"/>"));
    }
    if !all.is_empty() {
        let namespaces: Vec<&str> = all.iter().map(|spelling| spelling.namespace.as_str()).collect();
        text.line(&format!("<xs:any namespace=\"{}\" processContents=\"strict\"/>", namespaces.join(" ")));
    }
    text.close("</xs:choice>");
    text.close("</xs:group>");
    for known in ELEMENTS {
        scxml_element(&mut text, known);
    }
    text.close("</xs:schema>");
    text.text
}

fn scxml_element(text: &mut Text, known: &Known) {
    text.open(&format!("<xs:element name=\"{}\">", known.name));
    text.about(of(ABOUT, known.name).unwrap_or_default());
    let holds_anything = known.children.contains(&"any");
    let mixed = if holds_anything || known.name == "script" { " mixed=\"true\"" } else { "" };
    text.open(&format!("<xs:complexType{mixed}>"));
    let is_executable = known.children.contains(&"*");
    if known.name != "script" {
        text.open("<xs:choice minOccurs=\"0\" maxOccurs=\"unbounded\">");
        if holds_anything {
            text.line("<xs:any namespace=\"##any\" processContents=\"skip\"/>");
        } else {
            for child in children(known) {
                text.line(&format!("<xs:element ref=\"{child}\"/>"));
            }
            // Elements of designers are left alone; among actions they would not be carried out.
            text.line(if is_executable {
                "<xs:group ref=\"executable\"/>"
            } else {
                "<xs:any namespace=\"##other\" processContents=\"lax\"/>"
            });
        }
        text.close("</xs:choice>");
    }
    for attribute in known.attributes {
        let is_required = REQUIRED.contains(&(known.name, attribute));
        let values = VALUES.iter().find(|(element, name, _)| *element == known.name && name == attribute);
        text.attribute(attribute, is_required, values.map_or(&[], |(_, _, values)| values), false, "");
    }
    for hint in of(HINTS, known.name).unwrap_or_default() {
        text.attribute(hint, false, &[], false, "");
    }
    text.other_attributes();
    text.close("</xs:complexType>");
    text.close("</xs:element>");
}

/// What may stand in an element. A part is a document of its own that holds what the state that includes it may hold.
fn children(known: &Known) -> Vec<&'static str> {
    let of_parts = ELEMENTS.iter().filter(|other| known.name == "scxml" && other.name == "state");
    let mut children: Vec<&str> =
        known.children.iter().chain(of_parts.flat_map(|state| state.children)).copied().collect();
    children.retain(|child| *child != "*");
    children.sort_unstable();
    children.dedup();
    children
}

fn module_schema(module: &Module, spelling: &Spelling) -> String {
    let mut text = Text::default();
    let namespace = &spelling.namespace;
    let scxml = scxml_namespace();
    text.line(HEAD);
    text.line(WRITTEN);
    text.open(&format!(
        "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" xmlns:sc=\"{scxml}\" targetNamespace=\"{namespace}\" elementFormDefault=\"qualified\">"
    ));
    text.about(module.about);
    text.line(&format!("<xs:import namespace=\"{scxml}\" schemaLocation=\"scxml.xsd\"/>"));
    for element in module.elements {
        module_element(&mut text, element);
    }
    text.close("</xs:schema>");
    text.text
}

fn module_element(text: &mut Text, element: &Element) {
    text.open(&format!("<xs:element name=\"{}\">", element.name));
    text.about(&match element.unsupported {
        Some(reason) => format!("{} Not carried out: {reason}", element.about),
        None => element.about.to_owned(),
    });
    text.open("<xs:complexType>");
    text.open("<xs:choice minOccurs=\"0\" maxOccurs=\"unbounded\">");
    element.children.iter().for_each(|child| module_element(text, child));
    text.line("<xs:element ref=\"sc:param\"/>");
    text.line("<xs:element ref=\"sc:content\"/>");
    text.close("</xs:choice>");
    for Attribute { name, kind, required, about } in element.attributes {
        let (values, how): (&[&str], &str) = match kind {
            AttributeKind::Token(words) => (words, "Word"),
            AttributeKind::Boolean => (&["true", "false"], "Boolean"),
            AttributeKind::Integer => (&[], "Integer or expression"),
            AttributeKind::Expression => (&[], "Expression"),
            AttributeKind::Word => (&[], "Expression or word"),
            AttributeKind::Location => (&[], "Place"),
        };
        let about = if about.is_empty() { how.to_owned() } else { format!("{how}: {about}") };
        text.attribute(name, *required, values, true, &about);
    }
    text.other_attributes();
    text.close("</xs:complexType>");
    text.close("</xs:element>");
}

fn catalogue(modules: &ModuleSet) -> String {
    let mut text = Text::default();
    text.line(HEAD);
    text.line(WRITTEN);
    text.open("<catalog xmlns=\"urn:oasis:names:tc:entity:xmlns:xml:catalog\">");
    text.line(&format!("<uri name=\"{}\" uri=\"scxml.xsd\"/>", scxml_namespace()));
    for spelling in modules.modules.iter().flat_map(spellings) {
        text.line(&format!("<uri name=\"{}\" uri=\"{}\"/>", spelling.namespace, spelling.file));
    }
    text.close("</catalog>");
    text.text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::modules;
    use crate::xml;

    #[test]
    fn every_file_is_well_formed_and_named_once() {
        let files = schema(&modules());
        let mut names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
        for file in &files {
            xml::parse(&file.text, 0).unwrap();
        }
        assert!(names.contains(&"scxml.xsd") && names.contains(&"tea.http.xsd"), "{names:?}");
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), files.len());
    }

    #[test]
    fn the_tables_of_the_schema_name_what_exists() {
        let find = |name: &str| ELEMENTS.iter().find(|known| known.name == name).unwrap();
        for (element, attribute) in REQUIRED {
            assert!(find(element).attributes.contains(attribute), "{element} {attribute}");
        }
        for (element, attribute, _) in VALUES {
            assert!(find(element).attributes.contains(attribute), "{element} {attribute}");
        }
        for known in ELEMENTS {
            assert!(of(ABOUT, known.name).is_some(), "{} is not explained", known.name);
        }
    }
}
