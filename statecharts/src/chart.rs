//! A compiled chart: immutable, shared by all its sessions.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::ecmascript::declarations::DeclaredFunction;
use crate::module::ModuleSet;
use crate::plan::Plan;
use crate::xml::Place;

/// Index of a state in document order; 0 is the chart itself.
pub(crate) type StateIx = u32;
/// Index of a transition.
pub(crate) type TransitionIx = u32;
/// Index of an expression.
pub(crate) type ExpressionIx = u32;
/// Executable content that fails as a whole from the first error on.
pub(crate) type Block = Vec<Content>;

/// A chart that was read and checked.
#[derive(Debug)]
pub struct Chart {
    pub(crate) name: Option<String>,
    pub(crate) hash: String,
    /// Names of the files, by number.
    pub(crate) files: Vec<String>,
    pub(crate) texts: BTreeMap<String, String>,
    pub(crate) modules: Arc<ModuleSet>,
    pub(crate) model: ModelKind,
    pub(crate) binding: Binding,
    pub(crate) states: Vec<State>,
    pub(crate) transitions: Vec<Transition>,
    pub(crate) data: Vec<Data>,
    pub(crate) scripts: Vec<ExpressionIx>,
    pub(crate) expressions: Vec<Expression>,
    pub(crate) parameters: Vec<Parameter>,
    /// Texts of the outermost functions of all scripts.
    pub(crate) functions: Vec<String>,
    pub(crate) ids: BTreeMap<String, StateIx>,
    pub(crate) plan: Plan,
    pub(crate) head: Head,
}

/// What the attributes of `<scxml>` with an underscore say (ors: 2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    /// Whether the chart expects the platform events of ORS beside those of the Recommendation.
    pub(crate) is_ors: bool,
    pub(crate) microsteps: Option<u32>,
    pub(crate) state_entries: Option<u32>,
    pub(crate) max_age: Option<Duration>,
}

/// A value that a chart expects from whoever starts it: `<data _type="parameter">`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Name.
    pub id: String,
    /// What it is for, from `_desc`.
    pub description: String,
}

impl Chart {
    /// `name` of `<scxml>`.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// SHA-256 over name and text of the chart and of all its parts, as hex.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// File and text of the chart and of all its parts: enough to compile it again.
    #[must_use]
    pub fn texts(&self) -> &BTreeMap<String, String> {
        &self.texts
    }

    /// Name of the main file, as the host gave it.
    #[must_use]
    pub fn file(&self) -> &str {
        self.files.first().map_or("", String::as_str)
    }

    /// Whether the chart expects the platform events of ORS: `_orsCompatibility`, or what only charts for ORS have at their head.
    #[must_use]
    pub fn is_ors_compatible(&self) -> bool {
        self.head.is_ors
    }

    /// Age at which a session of this chart is to be ended: `_maxAge`, in seconds. `None` says nothing.
    #[must_use]
    pub fn max_age(&self) -> Option<Duration> {
        self.head.max_age
    }

    /// Values that the chart expects from whoever starts it.
    pub fn parameters(&self) -> impl Iterator<Item = &Parameter> {
        self.parameters.iter()
    }

    /// Ids of all states in document order.
    pub fn state_ids(&self) -> impl Iterator<Item = &str> {
        self.states.iter().skip(1).map(|state| &*state.id)
    }

    /// How many transitions the chart has; they are numbered from 0, default transitions included.
    #[must_use]
    pub fn transition_count(&self) -> usize {
        self.transitions.len()
    }

    pub(crate) fn state(&self, index: StateIx) -> &State {
        &self.states[index as usize]
    }

    pub(crate) fn transition(&self, index: TransitionIx) -> &Transition {
        &self.transitions[index as usize]
    }

    pub(crate) fn expression(&self, index: ExpressionIx) -> &Expression {
        &self.expressions[index as usize]
    }

    /// Whether `state` is a proper descendant of `ancestor`. In document order the descendants follow without a gap.
    pub(crate) fn is_descendant(&self, state: StateIx, ancestor: StateIx) -> bool {
        state > ancestor && state <= self.state(ancestor).last
    }

    /// File and line of a place in an expression.
    pub(crate) fn place_of(&self, expression: ExpressionIx) -> String {
        let expression = self.expression(expression);
        let file = self.files.get(usize::from(expression.file)).map_or("", String::as_str);
        format!("{file}:{}", expression.line)
    }
}

/// Data model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ModelKind {
    Null,
    EcmaScript,
}

/// When data get their first values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binding {
    Early,
    Late,
}

/// Kind of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StateKind {
    Root,
    Atomic,
    Compound,
    Parallel,
    Final,
    ShallowHistory,
    DeepHistory,
}

/// A state.
#[derive(Debug)]
pub(crate) struct State {
    /// Shared with the steps that enter and leave it.
    pub(crate) id: Arc<str>,
    pub(crate) kind: StateKind,
    pub(crate) place: Place,
    pub(crate) parent: StateIx,
    /// Last descendant in document order; itself if it has none.
    pub(crate) last: StateIx,
    /// Children in document order, without histories.
    pub(crate) children: Vec<StateIx>,
    pub(crate) histories: Vec<StateIx>,
    /// The initial transition of a compound state, the default transition of a history.
    pub(crate) initial: Option<TransitionIx>,
    pub(crate) transitions: Vec<TransitionIx>,
    pub(crate) onentry: Vec<Block>,
    pub(crate) onexit: Vec<Block>,
    pub(crate) data: Vec<u32>,
    pub(crate) invokes: Vec<InvokeElement>,
    pub(crate) donedata: Option<Payload>,
}

impl State {
    pub(crate) fn is_atomic(&self) -> bool {
        matches!(self.kind, StateKind::Atomic | StateKind::Final)
    }

    pub(crate) fn is_history(&self) -> bool {
        matches!(self.kind, StateKind::ShallowHistory | StateKind::DeepHistory)
    }
}

/// A transition.
#[derive(Debug)]
pub(crate) struct Transition {
    pub(crate) source: StateIx,
    pub(crate) targets: Vec<StateIx>,
    /// Descriptors without trailing `.*` and `.`; `*` is an empty one. No descriptor at all: eventless.
    pub(crate) events: Vec<String>,
    pub(crate) condition: Option<ExpressionIx>,
    pub(crate) is_internal: bool,
    pub(crate) content: Block,
    /// Its start tag; the `initial` attribute, or the state, where no element stands for it.
    pub(crate) place: Place,
}

/// `<data>`.
#[derive(Debug)]
pub(crate) struct Data {
    pub(crate) id: String,
    pub(crate) value: DataValue,
    pub(crate) is_top_level: bool,
}

/// First value of a `<data>`.
#[derive(Debug)]
pub(crate) enum DataValue {
    None,
    Expression(ExpressionIx),
    Inline(Inline),
}

/// Text or markup inside an element.
#[derive(Debug, Clone)]
pub(crate) enum Inline {
    /// Text: JSON if it is JSON, else a string with its white space normalised.
    Text(String),
    /// Markup, complete with its namespace declarations.
    Markup(String),
}

/// How an expression is used, and so compiled.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ExpressionKind {
    /// Gives a value.
    Value,
    /// A constant that needs no script engine.
    Literal(Value),
    /// Gives a boolean.
    Condition,
    /// `location = source`.
    Assign { location: String },
    /// Gives a place to assign to.
    Location,
    /// Statements. The source is rewritten so that top-level declarations land in the scope of the session.
    Script { names: Vec<String>, functions: Vec<DeclaredFunction> },
    /// Was found broken at load and is to fail when executed (scxml: 5.9).
    Broken { message: String },
}

/// ECMAScript text with its place.
#[derive(Debug)]
pub(crate) struct Expression {
    pub(crate) kind: ExpressionKind,
    pub(crate) source: String,
    pub(crate) file: u16,
    pub(crate) line: u32,
    /// Name of the element that it belongs to.
    pub(crate) element: &'static str,
    /// Sloppy mode, because strict mode refuses the text.
    pub(crate) is_sloppy: bool,
}

/// A literal, or an expression to evaluate.
#[derive(Debug, Clone)]
pub(crate) enum Text {
    Literal(String),
    Expression(ExpressionIx),
}

/// Executable content.
#[derive(Debug)]
pub(crate) enum Content {
    Raise { event: String, payload: Payload },
    If(Vec<(Option<ExpressionIx>, Block)>),
    Foreach(Box<Foreach>),
    Log(Box<LogElement>),
    Assign(ExpressionIx),
    AssignInline { location: ExpressionIx, value: Inline },
    Script(ExpressionIx),
    Send(Box<SendElement>),
    Cancel(Text),
    Verb(Box<VerbElement>),
    Unsupported { element: String, file: u16, line: u32 },
}

/// `<foreach>`.
#[derive(Debug)]
pub(crate) struct Foreach {
    pub(crate) array: ExpressionIx,
    pub(crate) item: String,
    pub(crate) index: Option<String>,
    pub(crate) body: Block,
}

/// `<log>`.
#[derive(Debug)]
pub(crate) struct LogElement {
    pub(crate) label: Text,
    pub(crate) value: Option<ExpressionIx>,
    pub(crate) level: Option<Text>,
}

/// `namelist`, `<param>` and `<content>`.
#[derive(Debug, Default)]
pub(crate) struct Payload {
    /// Names with their expressions: first those of `namelist`, then the `<param>`s.
    pub(crate) named: Vec<(String, ExpressionIx)>,
    pub(crate) content: Option<ContentValue>,
}

/// `<content>`.
#[derive(Debug)]
pub(crate) enum ContentValue {
    Expression(ExpressionIx),
    Inline(Inline),
}

/// `<send>`.
#[derive(Debug)]
pub(crate) struct SendElement {
    pub(crate) id: Option<String>,
    pub(crate) idlocation: Option<ExpressionIx>,
    pub(crate) event: Option<Text>,
    pub(crate) target: Option<Text>,
    pub(crate) kind: Option<Text>,
    pub(crate) delay: Delay,
    pub(crate) payload: Payload,
    pub(crate) file: u16,
    pub(crate) line: u32,
}

/// When a `<send>` is due.
#[derive(Debug)]
pub(crate) enum Delay {
    Fixed(Duration),
    Expression(ExpressionIx),
}

/// `<invoke>`.
#[derive(Debug)]
pub(crate) struct InvokeElement {
    pub(crate) id: Option<String>,
    pub(crate) idlocation: Option<ExpressionIx>,
    pub(crate) kind: Option<Text>,
    pub(crate) source: Option<Text>,
    pub(crate) is_autoforward: bool,
    pub(crate) payload: Payload,
    pub(crate) finalize: Finalize,
}

/// `<finalize>`.
#[derive(Debug)]
pub(crate) enum Finalize {
    None,
    Block(Block),
    /// Empty: name in the event's data, and the location that is updated from it.
    Copy(Vec<(String, ExpressionIx)>),
}

/// An element of a registered module.
#[derive(Debug)]
pub(crate) struct VerbElement {
    pub(crate) module: &'static str,
    pub(crate) node: VerbNode,
    pub(crate) payload: Payload,
    /// Locations that receive the request id.
    pub(crate) locations: Vec<RequestLocation>,
}

/// Where the request id goes.
#[derive(Debug)]
pub(crate) enum RequestLocation {
    /// A bare name: a variable, or a property of `system`, or a new variable.
    Name(String),
    /// Any other assignable place.
    Place(ExpressionIx),
}

/// Evaluated part of a verb or of a child of it.
#[derive(Debug)]
pub(crate) struct VerbNode {
    pub(crate) element: &'static str,
    pub(crate) attributes: Vec<(&'static str, AttributeValue)>,
    pub(crate) children: Vec<VerbNode>,
}

/// Value of an attribute.
#[derive(Debug)]
pub(crate) enum AttributeValue {
    Literal(Value),
    Expression(ExpressionIx),
    /// An expression whose result is read as a boolean if it is the text of one.
    Boolean(ExpressionIx),
    /// An expression whose result is read as a number if it is the text of one.
    Integer(ExpressionIx),
}
