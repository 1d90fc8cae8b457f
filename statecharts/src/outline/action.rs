//! Executable content as it is written.

use super::Position;
use crate::xml::Place;

/// An element of executable content, or an `<invoke>`.
#[derive(Debug)]
pub struct Action {
    /// Name as written, with its prefix: `raise`, `queue:submit`.
    pub name: String,
    /// Namespace of an element that is not of SCXML, without `http://`.
    pub namespace: Option<String>,
    /// Attributes in document order.
    pub attributes: Vec<Attribute>,
    /// Elements inside: actions, branches, parameters.
    pub children: Vec<Action>,
    /// Text inside, if there is any.
    pub text: Option<Code>,
    /// Start tag.
    pub position: Position,
    pub(crate) place: Place,
}

/// An attribute.
#[derive(Debug)]
pub struct Attribute {
    /// Local name.
    pub name: String,
    /// Value and where it begins.
    pub value: Code,
}

/// Text with its place: an expression, a script, the value of an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// The text, references resolved.
    pub text: String,
    /// Where it begins.
    pub position: Position,
    pub(crate) place: Place,
}

impl Action {
    /// Whether it is the SCXML element `name`.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.namespace.is_none() && self.name == name
    }

    /// Name without prefix.
    #[must_use]
    pub fn local_name(&self) -> &str {
        self.name.rsplit(':').next().unwrap_or_default()
    }

    /// Value of an attribute.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&Code> {
        self.attributes.iter().find(|attribute| attribute.name == name).map(|attribute| &attribute.value)
    }

    /// Text of the first of these attributes that is there, without the quotes that charts of ORS write.
    #[must_use]
    pub fn literal(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.attribute(name)).map(|value| bare(&value.text))
    }

    /// It and everything inside, in document order.
    pub fn with_descendants(&self) -> Box<dyn Iterator<Item = &Self> + '_> {
        Box::new(std::iter::once(self).chain(self.children.iter().flat_map(Self::with_descendants)))
    }

    /// The event that it gives to its own session, when its name stands there.
    #[must_use]
    pub fn own_event(&self) -> Option<&str> {
        if self.is("raise") || self.is("event") {
            return self.event_name(&["event", "name"]);
        }
        if !self.is("send") || self.attribute("targetexpr").is_some() {
            return None;
        }
        let target = self.literal(&["target"]);
        let is_own =
            target.is_none_or(|target| matches!(target, "" | "#_internal" | "_internal" | "_sessionid"));
        is_own.then(|| self.event_name(&["event"])).flatten()
    }

    /// A name of an event that stands there; charts for ORS may have an expression in its place.
    fn event_name(&self, names: &[&str]) -> Option<&str> {
        self.literal(names).filter(|name| !crate::load::is_ors_expression(name))
    }

    /// Whether it is a `<send>` that comes later.
    #[must_use]
    pub fn is_delayed(&self) -> bool {
        self.is("send") && (self.attribute("delay").is_some() || self.attribute("delayexpr").is_some())
    }

    /// What it does, in a few words: `raise place.enter`, `assign place.request`, `queue:submit`.
    #[must_use]
    pub fn brief(&self) -> String {
        if self.namespace.is_some() {
            return self.name.clone();
        }
        let of = |names: &[&str]| self.literal(names).unwrap_or("?");
        match self.name.as_str() {
            "raise" | "event" => format!("raise {}", of(&["event", "name"])),
            "send" => {
                let delay = match self.literal(&["delay", "delayexpr"]) {
                    Some(delay) => format!(" after {delay}"),
                    None => String::new(),
                };
                let target = match self.literal(&["target", "targetexpr"]) {
                    Some(target) => format!(" to {target}"),
                    None => String::new(),
                };
                format!("send {}{target}{delay}", of(&["event", "eventexpr"]))
            }
            "assign" => format!("assign {}", of(&["location"])),
            "cancel" => format!("cancel {}", of(&["sendid", "id", "sendidexpr"])),
            "log" => {
                format!("log {}", self.literal(&["label", "expr"]).unwrap_or_default()).trim_end().to_owned()
            }
            "foreach" => format!("foreach {} in {}", of(&["item"]), of(&["array"])),
            "if" | "elseif" => format!("{} {}", self.name, one_line(of(&["cond"]))),
            "script" => self.text.as_ref().map_or_else(|| "script".to_owned(), |code| one_line(&code.text)),
            other => other.to_owned(),
        }
    }
}

impl Code {
    /// The text on one line.
    #[must_use]
    pub fn one_line(&self) -> String {
        one_line(&self.text)
    }
}

/// A text in quotes without them; any other as it is.
fn bare(text: &str) -> &str {
    let text = text.trim();
    crate::load::unquote(text).unwrap_or(text)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
