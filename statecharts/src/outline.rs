//! A read-only view of a compiled chart with the place of everything in it: for lints, drawings and coverage.
//!
//! The view is read from the texts of the chart when it is asked for; a chart that only runs does not pay for it. States and
//! transitions have the numbers of the chart, so that what a [`Step`](crate::Step) tells can be looked up here.
//!
//! **Invariant:** the outline of a chart that compiled has each state and each transition once, at its own number.

mod action;
mod read;
#[cfg(test)]
mod tests;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

pub use action::{Action, Attribute, Code};

use crate::Chart;
use crate::load::Files;
use crate::xml::Place;

/// A place in a file. Displayed as `file:line:column`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// File as the host named it: the chart, or a part of it.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// A chart as a document.
#[derive(Debug)]
pub struct Outline {
    /// `name` of `<scxml>`.
    pub name: Option<String>,
    /// States by number in document order. Number 0 is the chart itself, with an empty id.
    pub states: Vec<State>,
    /// Transitions by number, default transitions included.
    pub transitions: Vec<Transition>,
    /// Data in document order.
    pub data: Vec<Data>,
    /// Scripts that run when the chart is loaded.
    pub scripts: Vec<Action>,
    files: Files,
    /// Elements with lints that they silence, by their attribute `_allow` or that of an element around them.
    pub(crate) silenced: Vec<Silenced>,
}

/// A piece of a file in which some lints are not wanted.
#[derive(Debug)]
pub(crate) struct Silenced {
    pub(crate) file: u16,
    pub(crate) range: Range<usize>,
    pub(crate) lints: Vec<String>,
    /// The attribute that says so; `None` where an element around it does.
    pub(crate) attribute: Option<Place>,
}

/// Kind of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateKind {
    /// The chart itself.
    Chart,
    /// Has no children.
    Atomic,
    /// One of its children is active.
    Compound,
    /// All of its children are active.
    Parallel,
    /// Ends its parent.
    Final,
    /// Remembers which child was active.
    ShallowHistory,
    /// Remembers which descendants were active.
    DeepHistory,
}

impl StateKind {
    /// Whether it is a history.
    #[must_use]
    pub fn is_history(self) -> bool {
        matches!(self, Self::ShallowHistory | Self::DeepHistory)
    }
}

/// A state.
#[derive(Debug)]
pub struct State {
    /// Id; one that begins with `#` was given by the interpreter.
    pub id: Arc<str>,
    /// Kind.
    pub kind: StateKind,
    /// Number of the parent; the chart has none.
    pub parent: Option<usize>,
    /// Numbers of the children in document order, without histories.
    pub children: Vec<usize>,
    /// Numbers of the histories.
    pub histories: Vec<usize>,
    /// Number of the transition that is taken when the state is entered without a target inside: of a compound state the
    /// initial one, of a history the default one.
    pub initial: Option<usize>,
    /// Numbers of its transitions in document order, without the initial one.
    pub transitions: Vec<usize>,
    /// Content of each `<onentry>`.
    pub onentry: Vec<Handler>,
    /// Content of each `<onexit>`.
    pub onexit: Vec<Handler>,
    /// Numbers of the data that are declared in it.
    pub data: Vec<usize>,
    /// What is invoked while it is active.
    pub invokes: Vec<Action>,
    /// `<donedata>` of a final state.
    pub donedata: Option<Action>,
    /// Start tag.
    pub position: Position,
    pub(crate) place: Place,
}

/// An `<onentry>` or `<onexit>`.
#[derive(Debug)]
pub struct Handler {
    /// What it does.
    pub content: Vec<Action>,
    /// Start tag.
    pub position: Position,
}

/// Where a transition comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransitionKind {
    /// A `<transition>` of a state.
    Ordinary,
    /// The default of a compound state or of the chart, written as `<initial>` or as an attribute.
    Initial,
    /// The default of a compound state or of the chart that says nothing: its first child.
    FirstChild,
    /// The default of a `<history>`.
    HistoryDefault,
}

/// A transition.
#[derive(Debug)]
pub struct Transition {
    /// Kind.
    pub kind: TransitionKind,
    /// Number of the state that has it; of a history's default transition the history.
    pub source: usize,
    /// Numbers of its targets; none for a transition that leaves no state.
    pub targets: Vec<usize>,
    /// Descriptors of its events without trailing `.*`; `*` stands for every event. None: it is taken without an event.
    pub events: Vec<String>,
    /// Condition.
    pub condition: Option<Code>,
    /// Whether it is `type="internal"`.
    pub is_internal: bool,
    /// What it does.
    pub content: Vec<Action>,
    /// Start tag; the value of the `initial` attribute, or the state, where no element stands for it.
    pub position: Position,
    pub(crate) place: Place,
}

/// A `<data>`.
#[derive(Debug)]
pub struct Data {
    /// Name.
    pub id: String,
    /// Number of the state that declares it.
    pub state: usize,
    /// Whether it is a value that the starter gives: `_type="parameter"`.
    pub is_parameter: bool,
    /// First value, when it is an expression.
    pub value: Option<Code>,
    /// Start tag.
    pub position: Position,
    pub(crate) place: Place,
}

impl Outline {
    /// The outline of a chart.
    #[must_use]
    pub fn of(chart: &Chart) -> Self {
        read::outline(chart)
    }

    /// The number of the state `id`.
    #[must_use]
    pub fn state(&self, id: &str) -> Option<usize> {
        self.states.iter().position(|state| !id.is_empty() && &*state.id == id)
    }

    /// Whether `state` lies inside `ancestor`, or is it.
    #[must_use]
    pub fn is_inside(&self, state: usize, ancestor: usize) -> bool {
        self.with_ancestors(state).any(|found| found == ancestor)
    }

    /// A state and its ancestors up to the chart, the innermost first.
    pub fn with_ancestors(&self, state: usize) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(Some(state), |state| self.states.get(*state).and_then(|state| state.parent))
    }

    /// Executable content with the state that executes it, block by block: of scripts that run at load, of `<onentry>`
    /// and `<onexit>`, of transitions, of `<finalize>`.
    pub fn blocks(&self) -> impl Iterator<Item = (usize, &[Action])> {
        let scripts = std::iter::once((0, self.scripts.as_slice()));
        let states = self.states.iter().enumerate().flat_map(|(number, state)| {
            let handlers = state
                .onentry
                .iter()
                .chain(&state.onexit)
                .map(move |handler| (number, handler.content.as_slice()));
            let finalizes = state
                .invokes
                .iter()
                .flat_map(|invoke| &invoke.children)
                .filter(|child| child.is("finalize"))
                .map(move |finalize| (number, finalize.children.as_slice()));
            handlers.chain(finalizes)
        });
        let transitions = self.transitions.iter().map(|found| (found.source, found.content.as_slice()));
        scripts.chain(states).chain(transitions)
    }

    /// Every action with the state that executes it, also those inside of others.
    pub fn actions(&self) -> impl Iterator<Item = (usize, &Action)> {
        self.blocks().flat_map(|(state, block)| {
            block.iter().flat_map(Action::with_descendants).map(move |action| (state, action))
        })
    }

    /// The events that the chart gives to itself under a name that stands in it: raised, or sent to itself.
    pub fn own_events(&self) -> impl Iterator<Item = (usize, &Action, &str)> {
        self.actions().filter_map(|(state, action)| action.own_event().map(|event| (state, action, event)))
    }

    /// The `<send>`s that come later.
    pub fn delayed_sends(&self) -> impl Iterator<Item = (usize, &Action)> {
        self.actions().filter(|(_, action)| action.is_delayed())
    }

    pub(crate) fn place_inside(&self, code: &Code, index: usize) -> Place {
        self.files.inside(code.place, index)
    }

    /// The position of character `index` of a piece of code.
    #[must_use]
    pub fn inside(&self, code: &Code, index: usize) -> Position {
        self.position(self.files.inside(code.place, index))
    }

    pub(crate) fn position(&self, place: Place) -> Position {
        read::position(&self.files, place)
    }
}
