//! Reads the outline from the texts of a chart.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::{
    Action, Attribute, Code, Data, Handler, Outline, Position, Silenced, State, StateKind, Transition,
    TransitionKind,
};
use crate::chart::{self, Chart};
use crate::load::{Files, is_state, merge};
use crate::xml::{self, Element, Place};
use crate::{PartResolver, ResolvedPart};

/// Gives the parts in the order in which the chart took them when it was compiled.
struct Again<'a> {
    chart: &'a Chart,
    next: Cell<usize>,
}

impl PartResolver for Again<'_> {
    fn resolve(&self, src: &str, _from_file: &str) -> Result<ResolvedPart, String> {
        let number = self.next.replace(self.next.get() + 1);
        let file = self.chart.files.get(number).ok_or_else(|| format!("{src} is not a part of the chart"))?;
        let text = self.chart.texts().get(file).cloned().unwrap_or_default();
        Ok(ResolvedPart { file: file.clone(), text })
    }
}

pub(super) fn position(files: &Files, place: Place) -> Position {
    let (line, column) = files.line_and_column(place);
    Position { file: files.name(place.file).into(), line, column }
}

pub(super) fn outline(chart: &Chart) -> Outline {
    let mut files = Files::default();
    let text = chart.texts().get(chart.file()).cloned().unwrap_or_default();
    let root = xml::parse(&text, 0);
    files.add(chart.file().to_owned(), text);
    let mut scripts = Vec::new();
    let root = root.ok().map(|mut root| {
        let again = Again { chart, next: Cell::new(1) };
        merge(&mut root, &mut files, &again, &mut vec![chart.file().to_owned()], &mut scripts);
        root
    });
    // Texts of scripts and data that lie in files of their own.
    for file in chart.files.iter().skip(files.len()) {
        files.add(file.clone(), chart.texts().get(file).cloned().unwrap_or_default());
    }
    let mut reader = Reader { chart, files, data: Vec::new() };
    let mut states = reader.states();
    let mut transitions = reader.transitions();
    let mut loaded = Vec::new();
    let mut quiet = Vec::new();
    scripts.iter().for_each(|script| silenced(script, None, &mut quiet));
    if let Some(root) = &root {
        silenced(root, None, &mut quiet);
        let by_place = chart
            .transitions
            .iter()
            .zip(0..)
            .map(|(transition, number)| (transition.place, number))
            .collect();
        let mut next = 0;
        reader.fill(root, &mut next, &mut states, &mut transitions, &by_place);
        loaded.extend(root.elements().filter(|child| child.is("script")).map(|script| reader.action(script)));
    }
    loaded.extend(scripts.iter().map(|script| reader.action(script)));
    let Reader { files, data, .. } = reader;
    Outline {
        name: chart.name().map(str::to_owned),
        states,
        transitions,
        data,
        scripts: loaded,
        files,
        silenced: quiet,
    }
}

struct Reader<'a> {
    chart: &'a Chart,
    files: Files,
    data: Vec<Data>,
}

impl Reader<'_> {
    fn position(&self, place: Place) -> Position {
        position(&self.files, place)
    }

    fn states(&self) -> Vec<State> {
        let numbers = |found: &[u32]| found.iter().map(|number| *number as usize).collect();
        self.chart
            .states
            .iter()
            .enumerate()
            .map(|(number, state)| State {
                id: Arc::clone(&state.id),
                kind: match state.kind {
                    chart::StateKind::Root => StateKind::Chart,
                    chart::StateKind::Atomic => StateKind::Atomic,
                    chart::StateKind::Compound => StateKind::Compound,
                    chart::StateKind::Parallel => StateKind::Parallel,
                    chart::StateKind::Final => StateKind::Final,
                    chart::StateKind::ShallowHistory => StateKind::ShallowHistory,
                    chart::StateKind::DeepHistory => StateKind::DeepHistory,
                },
                parent: (number > 0).then_some(state.parent as usize),
                children: numbers(&state.children),
                histories: numbers(&state.histories),
                initial: state.initial.map(|number| number as usize),
                transitions: numbers(&state.transitions),
                onentry: Vec::new(),
                onexit: Vec::new(),
                data: Vec::new(),
                invokes: Vec::new(),
                donedata: None,
                position: self.position(state.place),
                place: state.place,
            })
            .collect()
    }

    fn transitions(&self) -> Vec<Transition> {
        self.chart
            .transitions
            .iter()
            .map(|transition| Transition {
                kind: TransitionKind::Ordinary,
                source: transition.source as usize,
                targets: transition.targets.iter().map(|target| *target as usize).collect(),
                events: transition
                    .events
                    .iter()
                    .map(|event| if event.is_empty() { "*".to_owned() } else { event.clone() })
                    .collect(),
                condition: None,
                is_internal: transition.is_internal,
                content: Vec::new(),
                position: self.position(transition.place),
                place: transition.place,
            })
            .collect()
    }

    /// Goes through the document as the loader does: states in document order.
    fn fill(
        &mut self,
        element: &Element,
        next: &mut usize,
        states: &mut [State],
        transitions: &mut [Transition],
        by_place: &BTreeMap<Place, usize>,
    ) {
        let number = *next;
        *next += 1;
        let Some(state) = states.get_mut(number) else { return };
        let is_history = state.kind.is_history();
        if let Some(initial) = state.initial.and_then(|initial| transitions.get_mut(initial)) {
            let is_written =
                element.attribute("initial").or_else(|| element.attribute("initialstate")).is_some()
                    || element.elements().any(|child| child.is("initial"));
            initial.kind = match (is_history, is_written) {
                (true, _) => TransitionKind::HistoryDefault,
                (false, true) => TransitionKind::Initial,
                (false, false) => TransitionKind::FirstChild,
            };
            initial.source = number;
        }
        let mut is_transition = |reader: &Self, child: &Element| {
            let found = by_place.get(&child.place).and_then(|number| transitions.get_mut(*number));
            if let Some(transition) = found {
                transition.condition = child.attribute("cond").map(|condition| reader.code(condition));
                transition.content = reader.block(child);
            }
        };
        for child in element.elements().filter(|child| child.is_scxml()) {
            match child.name.as_str() {
                "transition" => is_transition(self, child),
                "initial" => child
                    .elements()
                    .filter(|inner| inner.is("transition"))
                    .for_each(|inner| is_transition(self, inner)),
                "onentry" => state.onentry.push(self.handler(child)),
                "onexit" => state.onexit.push(self.handler(child)),
                "invoke" => state.invokes.push(self.action(child)),
                "donedata" => state.donedata = Some(self.action(child)),
                "datamodel" => {
                    for data in child.elements().filter(|data| data.is("data")) {
                        state.data.push(self.data.len());
                        let data = self.datum(data, number);
                        self.data.push(data);
                    }
                }
                _ => {}
            }
        }
        for child in element.elements().filter(|child| is_state(child)) {
            self.fill(child, next, states, transitions, by_place);
        }
    }

    fn handler(&self, element: &Element) -> Handler {
        Handler { content: self.block(element), position: self.position(element.place) }
    }

    fn datum(&self, element: &Element, state: usize) -> Data {
        Data {
            id: element.attribute("id").map(|id| id.value.trim().to_owned()).unwrap_or_default(),
            state,
            is_parameter: element.attribute("_type").is_some_and(|kind| kind.value == "parameter"),
            value: element.attribute("expr").map(|value| self.code(value)),
            position: self.position(element.place),
            place: element.place,
        }
    }

    fn block(&self, element: &Element) -> Vec<Action> {
        element.elements().map(|child| self.action(child)).collect()
    }

    fn action(&self, element: &Element) -> Action {
        let namespace = (!element.is_scxml()).then(|| element.namespace.to_string());
        let (text, place) = element.text();
        Action {
            name: written_name(element),
            namespace,
            attributes: element
                .attributes
                .iter()
                .filter(|attribute| attribute.namespace.is_none())
                .map(|attribute| Attribute { name: attribute.name.clone(), value: self.code(attribute) })
                .collect(),
            children: self.block(element),
            text: (!text.trim().is_empty()).then(|| Code { text, position: self.position(place), place }),
            position: self.position(element.place),
            place: element.place,
        }
    }

    fn code(&self, attribute: &xml::Attribute) -> Code {
        Code {
            text: attribute.value.clone(),
            position: self.position(attribute.place),
            place: attribute.place,
        }
    }
}

/// Name with the prefix that the document uses.
fn written_name(element: &Element) -> String {
    let tag = |namespace: &str| xml::without_scheme(namespace) == &*element.namespace;
    let prefix = element.scope.iter().find(|(prefix, namespace)| !prefix.is_empty() && tag(namespace));
    match prefix {
        Some((prefix, _)) if !element.is_scxml() => format!("{prefix}:{}", element.name),
        _ => element.name.clone(),
    }
}

/// Every element whose lints are silenced, or whose surroundings in another file say so.
fn silenced(element: &Element, around: Option<(u16, &[String])>, found: &mut Vec<Silenced>) {
    let mut lints = around.map(|(_, lints)| lints.to_vec()).unwrap_or_default();
    let given = element.attribute("_allow");
    if let Some(given) = given {
        let names = given.value.split([' ', ',']).filter(|name| !name.is_empty());
        lints.extend(names.map(str::to_owned));
    }
    let file = element.place.file;
    let comes_in = around.is_some_and(|(outer, lints)| outer != file && !lints.is_empty());
    if given.is_some() || comes_in {
        let attribute = given.map(|given| given.place);
        found.push(Silenced { file, range: element.outer.clone(), lints: lints.clone(), attribute });
    }
    for child in element.elements() {
        silenced(child, Some((file, &lints)), found);
    }
}
