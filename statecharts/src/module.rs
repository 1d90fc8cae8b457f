//! Custom executable content: elements, constants and functions that a host gives to charts.
//!
//! The interpreter knows nothing of what they mean. It evaluates what they name and hands the result out as an
//! effect (`Verb`, `Call`), or asks the host's surroundings for what a chart may read.
//!
//! The tables describe themselves: every entry says in one line what it is for, so that a host can print them as the
//! reference of its vocabulary.

use serde_json::Value;

/// How the value of an attribute is read (ORS reference: types of attributes, decision D-083).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttributeKind {
    /// ECMAScript, evaluated when the element is executed.
    Expression,
    /// ECMAScript as well, but a bare word that is no variable stands for itself.
    Word,
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
    /// What it is for, with unit and default, in one line.
    pub about: &'static str,
}

/// An event with which an element is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Name of the event.
    pub event: &'static str,
    /// Fields of its data.
    pub data: &'static [&'static str],
    /// When it comes, in one line.
    pub about: &'static str,
}

/// An element of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element {
    /// Local name.
    pub name: &'static str,
    /// What it does, in one line, with its source and what differs from it.
    pub about: &'static str,
    /// Why the platform does not carry it out; `None` if it does. A chart that uses it loads with a warning.
    pub unsupported: Option<&'static str>,
    /// Known attributes; an unknown one is a warning with the nearest known name.
    pub attributes: &'static [Attribute],
    /// Elements that may stand inside, beside `<param>` and `<content>`.
    pub children: &'static [Element],
    /// Events with which it is answered.
    pub answers: &'static [Answer],
}

/// A namespace with its elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Module {
    /// Namespace without `http://`; charts may write it with or without (decision D-082).
    pub namespace: &'static str,
    /// Prefix that charts usually bind it to.
    pub prefix: &'static str,
    /// What it is for, in one line.
    pub about: &'static str,
    /// Its elements.
    pub elements: &'static [Element],
}

/// What becomes of a name of the object model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FunctionKind {
    /// A function whose calls become effects. It gives back nothing.
    Effect,
    /// A function that the surroundings of the session answer.
    Reading,
    /// A property that the surroundings of the session answer.
    Property,
}

/// A function or property inside the constants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Function {
    /// Path, `_genesys.ixn.setuData`.
    pub path: &'static str,
    /// What becomes of it.
    pub kind: FunctionKind,
    /// Arguments as an author writes them, `object[, interactionid]`.
    pub arguments: &'static str,
    /// What it does, in one line, with its source and what differs from it.
    pub about: &'static str,
}

/// Everything that a host registers.
#[derive(Clone, Debug, Default)]
pub struct ModuleSet {
    /// Modules.
    pub modules: Vec<Module>,
    /// Read-only objects in the scope of every session: name and value, such as `_genesys` and its enumerations.
    pub constants: Vec<(String, Value)>,
    /// Functions and properties inside the constants.
    pub functions: Vec<Function>,
}

impl ModuleSet {
    /// The module with this namespace.
    #[must_use]
    pub fn module(&self, namespace: &str) -> Option<&Module> {
        self.modules.iter().find(|module| module.namespace == namespace)
    }
}

/// What charts may read beside their data and the current event: the readings and properties of
/// [`ModuleSet::functions`].
///
/// An answer depends on nothing but the arguments, the time of the step and what the host gave to the session before the step:
/// two runs with the same surroundings read the same.
pub trait Surroundings: std::fmt::Debug + Send + Sync {
    /// The value of a property, or what a function gives back.
    ///
    /// # Errors
    /// The message of the error that is thrown in the script.
    fn read(&self, path: &str, arguments: &[Value], now_millis: i64) -> Result<Value, String>;
}
