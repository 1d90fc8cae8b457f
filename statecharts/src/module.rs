//! Custom executable content: elements, constants and functions that a host gives to charts.
//!
//! The interpreter knows nothing of what they mean. It evaluates what they name and hands the result out as an
//! effect (`Verb`, `Call`).

use serde_json::Value;

/// How the value of an attribute is read (ORS reference: types of attributes, decision D-083).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttributeKind {
    /// ECMAScript, evaluated when the element is executed.
    Expression,
    /// A place that receives the request id.
    Location,
    /// One of these words, bare or in quotes; anything else is evaluated. An empty list allows any word.
    Token(&'static [&'static str]),
    /// `true` or `false`, or an expression.
    Boolean,
    /// A number, or an expression.
    Integer,
}

/// An attribute of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Name.
    pub name: &'static str,
    /// How it is read.
    pub kind: AttributeKind,
    /// Whether its absence is an error when the chart is checked.
    pub required: bool,
}

/// An element of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element {
    /// Local name.
    pub name: &'static str,
    /// Known attributes; an unknown one is a warning with the nearest known name.
    pub attributes: &'static [Attribute],
    /// Elements that may stand inside, beside `<param>` and `<content>`.
    pub children: &'static [Element],
}

/// A namespace with its elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Module {
    /// Namespace without `http://`; charts may write it with or without (decision D-082).
    pub namespace: &'static str,
    /// Its elements.
    pub elements: &'static [Element],
}

/// Everything that a host registers.
#[derive(Clone, Debug, Default)]
pub struct ModuleSet {
    /// Modules.
    pub modules: Vec<Module>,
    /// Read-only objects in the scope of every session: name and value, such as `_genesys` and its enumerations.
    pub constants: Vec<(String, Value)>,
    /// Paths of functions inside the constants whose calls become effects, `_genesys.ixn.setuData`.
    pub functions: Vec<String>,
}
