//! States, transitions, data and invocations.

use super::Loader;
use super::expressions::{is_identifier, unquote};
use super::vocabulary::did_you_mean;
use crate::BrokenExpressions;
use crate::chart::{
    Data, DataValue, ExpressionIx, ExpressionKind, Finalize, InvokeElement, ModelKind, Parameter, State,
    StateIx, StateKind, Transition, TransitionIx,
};
use crate::ecmascript::RESERVED;
use crate::xml::{Attribute, Element, Place, to_u32};

const STATES_MAX: usize = crate::DocumentLimits::STATES;

impl Loader<'_> {
    /// Builds everything from the merged document.
    pub(super) fn document(&mut self, root: &Element) {
        let mut found = Vec::new();
        self.collect(root, 0, &mut found);
        for (index, element) in &found {
            self.fill(*index, element);
        }
        for (index, element) in &found {
            if self.states[*index as usize].is_history() && self.leads_back(*index) {
                let id = &self.states[*index as usize].id;
                self.files.error(
                    element.place,
                    format!(
                        "the default of the history `{id}` leads back to itself: no state would be entered"
                    ),
                );
            }
        }
        if self.states.iter().all(|state| state.parent != 0 || state.kind == StateKind::Root) {
            self.files.error(root.place, "the chart has no state");
        }
    }

    /// Whether the defaults of a history lead to that history again.
    fn leads_back(&self, history: StateIx) -> bool {
        let mut open = vec![history];
        let mut seen = std::collections::BTreeSet::new();
        while let Some(at) = open.pop() {
            let initial =
                self.states[at as usize].initial.and_then(|initial| self.transitions.get(initial as usize));
            let targets = initial.map_or(&[][..], |initial| &initial.targets);
            if targets.contains(&history) {
                return true;
            }
            let histories = targets.iter().filter(|target| self.states[**target as usize].is_history());
            open.extend(histories.filter(|target| seen.insert(**target)));
        }
        false
    }

    /// First pass: states, their ids and their order.
    fn collect<'e>(
        &mut self,
        element: &'e Element,
        parent: StateIx,
        found: &mut Vec<(StateIx, &'e Element)>,
    ) {
        let index = to_u32(self.states.len());
        if self.states.len() >= STATES_MAX {
            self.files.error(element.place, format!("the chart has more than {STATES_MAX} states"));
            return;
        }
        let id = self.id_of(element, index);
        self.states.push(State {
            id: id.into(),
            kind: kind_of(element),
            place: element.place,
            parent,
            last: index,
            children: Vec::new(),
            histories: Vec::new(),
            initial: None,
            transitions: Vec::new(),
            onentry: Vec::new(),
            onexit: Vec::new(),
            data: Vec::new(),
            invokes: Vec::new(),
            donedata: None,
        });
        self.id_places.push(element.place);
        found.push((index, element));
        for child in element.elements().filter(|child| is_state(child)) {
            let at = to_u32(self.states.len());
            self.collect(child, index, found);
            if at as usize >= self.states.len() {
                return;
            }
            let is_history = self.states[at as usize].is_history();
            let state = &mut self.states[index as usize];
            if is_history {
                state.histories.push(at);
            } else {
                state.children.push(at);
            }
        }
        self.states[index as usize].last = to_u32(self.states.len() - 1);
    }

    fn id_of(&mut self, element: &Element, index: StateIx) -> String {
        if index == 0 {
            return String::new();
        }
        let Some(attribute) = element.attribute("id") else {
            // No chart can write such an id.
            return format!("#{index}");
        };
        let id = attribute.value.trim();
        if id.is_empty() || id.contains(char::is_whitespace) || id.starts_with('#') {
            self.files.error(attribute.place, format!("`{id}` is no id; write one word"));
        } else if let Some(first) = self.ids.insert(id.to_owned(), index) {
            let first = self.id_places.get(first as usize).copied().unwrap_or_default();
            let (file, line) = (self.files.name(first.file).to_owned(), self.files.line(first));
            self.files.error(attribute.place, format!("the id `{id}` was already given at {file}:{line}"));
        }
        id.to_owned()
    }

    /// Second pass: what states contain.
    fn fill(&mut self, index: StateIx, element: &Element) {
        self.initial(index, element);
        for child in element.elements().filter(|child| child.is_scxml()) {
            match child.name.as_str() {
                "transition" if self.states[index as usize].is_history() => {
                    self.default_history(index, child)
                }
                "transition" => {
                    let transition = self.transition(index, child);
                    self.states[index as usize].transitions.push(transition);
                }
                "onentry" => {
                    let block = self.block(child);
                    self.states[index as usize].onentry.push(block);
                }
                "onexit" => {
                    let block = self.block(child);
                    self.states[index as usize].onexit.push(block);
                }
                "datamodel" => self.datamodel(index, child),
                "script" if index == 0 => {
                    let script = self.script(child);
                    self.scripts.extend(script);
                }
                "donedata" => {
                    self.element = "donedata";
                    let payload = self.payload(child);
                    self.states[index as usize].donedata = Some(payload);
                }
                "invoke" => {
                    let invoke = self.invoke(child);
                    self.states[index as usize].invokes.push(invoke);
                }
                _ => {}
            }
        }
        if self.states[index as usize].is_history() && self.states[index as usize].initial.is_none() {
            self.files
                .error(element.place, "a <history> needs a <transition target=\"…\"/> for the first time");
        }
    }

    /// The initial transition of a compound state (scxml: 3.3, 3.6).
    fn initial(&mut self, index: StateIx, element: &Element) {
        let state = &self.states[index as usize];
        let attribute = element.attribute("initial").or_else(|| element.attribute("initialstate"));
        let child = element.elements().find(|child| child.is("initial"));
        if !matches!(state.kind, StateKind::Compound | StateKind::Root) {
            let place = attribute.map(|initial| initial.place).or(child.map(|initial| initial.place));
            if let Some(place) = place {
                self.files.error(place, format!("state `{}` has no child that could be initial", state.id));
            }
            return;
        }
        let Some(first) = state.children.first().copied() else {
            return;
        };
        let mut transition = Transition {
            source: index,
            targets: vec![first],
            events: Vec::new(),
            condition: None,
            is_internal: true,
            content: Vec::new(),
            place: element.place,
        };
        match (attribute, child) {
            (Some(attribute), Some(child)) => {
                self.files.error(child.place, "an `initial` attribute and an <initial> exclude each other");
                transition.targets = self.initial_targets(index, attribute);
            }
            (Some(attribute), None) => {
                transition.targets = self.initial_targets(index, attribute);
                transition.place = attribute.place;
            }
            (None, Some(child)) => {
                let Some(inner) = child.elements().find(|inner| inner.is("transition")) else {
                    self.files.error(child.place, "an <initial> needs a <transition target=\"…\"/>");
                    return;
                };
                self.refuse_guard(inner, "initial");
                match inner.attribute("target") {
                    Some(target) => transition.targets = self.initial_targets(index, target),
                    None => {
                        self.files.error(inner.place, "the <transition> of an <initial> needs a `target`")
                    }
                }
                transition.content = self.block(inner);
                transition.place = inner.place;
            }
            (None, None) => {}
        }
        let transition = self.add(transition);
        self.states[index as usize].initial = Some(transition);
    }

    fn initial_targets(&mut self, index: StateIx, attribute: &Attribute) -> Vec<StateIx> {
        let targets = self.targets(attribute);
        for target in &targets {
            let parent = &self.states[index as usize];
            if *target <= index || *target > parent.last {
                let message = format!(
                    "`{}` cannot be initial here: it does not lie inside {}",
                    self.states[*target as usize].id,
                    if index == 0 { "the chart".to_owned() } else { format!("`{}`", parent.id) }
                );
                self.files.error(attribute.place, message);
            }
        }
        if targets.is_empty() {
            // Something has to be entered; the missing state is an error already.
            return self.states[index as usize].children.first().copied().into_iter().collect();
        }
        targets
    }

    fn refuse_guard(&mut self, transition: &Element, place: &str) {
        for name in ["event", "cond"] {
            if let Some(attribute) = transition.attribute(name) {
                self.files
                    .error(attribute.place, format!("the <transition> of a <{place}> cannot have `{name}`"));
            }
        }
    }

    fn default_history(&mut self, index: StateIx, element: &Element) {
        self.refuse_guard(element, "history");
        let Some(attribute) = element.attribute("target") else {
            self.files.error(element.place, "the <transition> of a <history> needs a `target`");
            return;
        };
        let state = &self.states[index as usize];
        let (parent, is_deep) = (state.parent, state.kind == StateKind::DeepHistory);
        let targets = self.targets(attribute);
        for target in &targets {
            let inside = *target > parent && *target <= self.states[parent as usize].last;
            let is_child = self.states[*target as usize].parent == parent;
            if !inside || !(is_deep || is_child) {
                let message = format!(
                    "`{}` cannot be remembered here: it is no {} of the state that holds the <history>",
                    self.states[*target as usize].id,
                    if is_deep { "descendant" } else { "child" }
                );
                self.files.error(attribute.place, message);
            }
        }
        let content = self.block(element);
        let transition = self.add(Transition {
            source: parent,
            targets,
            events: Vec::new(),
            condition: None,
            is_internal: false,
            content,
            place: element.place,
        });
        self.states[index as usize].initial = Some(transition);
    }

    fn transition(&mut self, index: StateIx, element: &Element) -> TransitionIx {
        let events: Vec<String> = element
            .attribute("event")
            .map(|event| event.value.split_whitespace().map(descriptor).collect())
            .unwrap_or_default();
        self.element = "transition";
        let condition =
            element.attribute("cond").map(|condition| self.expression(ExpressionKind::Condition, condition));
        let targets = element.attribute("target").map(|target| self.targets(target));
        let is_internal = match element.attribute("type") {
            Some(kind) => match kind.value.as_str() {
                "internal" => true,
                "external" => false,
                other => {
                    let message = format!("a transition is internal or external, not `{other}`");
                    self.files.error(kind.place, message);
                    false
                }
            },
            None => false,
        };
        if events.is_empty() && condition.is_none() && targets.is_none() {
            self.files.error(
                element.place,
                "a <transition> needs `event`, `cond` or `target`; without them it would be taken for ever",
            );
        }
        let content = self.block(element);
        self.add(Transition {
            source: index,
            targets: targets.unwrap_or_default(),
            events,
            condition,
            is_internal,
            content,
            place: element.place,
        })
    }

    fn add(&mut self, transition: Transition) -> TransitionIx {
        self.transitions.push(transition);
        to_u32(self.transitions.len() - 1)
    }

    /// Targets by id; they must be able to be active together (scxml: 3.13, legal state specification).
    fn targets(&mut self, attribute: &Attribute) -> Vec<StateIx> {
        let mut targets: Vec<StateIx> = Vec::new();
        for id in attribute.value.split_whitespace() {
            match self.ids.get(id) {
                Some(target) if !targets.contains(target) => targets.push(*target),
                Some(_) => {}
                None => {
                    let known = did_you_mean(id, self.ids.keys().map(String::as_str));
                    self.files.error(attribute.place, format!("there is no state `{id}`{known}"));
                }
            }
        }
        if attribute.value.trim().is_empty() {
            self.files.error(attribute.place, "`target` names no state");
        }
        for (position, first) in targets.iter().enumerate() {
            for second in targets.iter().skip(position + 1) {
                if !self.can_be_active_together(*first, *second) {
                    let message = format!(
                        "`{}` and `{}` cannot be active together: they do not lie in different regions of a <parallel>",
                        self.states[*first as usize].id, self.states[*second as usize].id
                    );
                    self.files.error(attribute.place, message);
                }
            }
        }
        targets
    }

    fn can_be_active_together(&self, first: StateIx, second: StateIx) -> bool {
        let contains =
            |outer: StateIx, inner: StateIx| inner > outer && inner <= self.states[outer as usize].last;
        if contains(first, second) || contains(second, first) {
            return true;
        }
        let mut ancestor = self.states[first as usize].parent;
        while !contains(ancestor, second) && ancestor != 0 {
            ancestor = self.states[ancestor as usize].parent;
        }
        self.states[ancestor as usize].kind == StateKind::Parallel
    }

    fn datamodel(&mut self, index: StateIx, element: &Element) {
        for child in element.elements().filter(|child| child.is("data")) {
            if self.model == ModelKind::Null {
                self.files
                    .error(child.place, "the null data model has no data; use datamodel=\"ecmascript\"");
                continue;
            }
            if let Some(data) = self.data(index, child) {
                let position = to_u32(self.data.len());
                self.data.push(data);
                self.states[index as usize].data.push(position);
            }
        }
    }

    fn data(&mut self, index: StateIx, element: &Element) -> Option<Data> {
        let Some(id) = element.attribute("id") else {
            self.files.error(element.place, "a <data> needs an `id`");
            return None;
        };
        let name = id.value.trim().to_owned();
        self.check_data_id(&name, id.place);
        if element.attribute("_type").is_some_and(|kind| kind.value == "parameter") {
            self.parameters.push(Parameter {
                id: name.clone(),
                description: element.attribute("_desc").map(|text| text.value.clone()).unwrap_or_default(),
            });
        }
        self.element = "data";
        let inline = self.inline(element);
        let value = match (element.attribute("expr"), element.attribute("src"), inline) {
            (Some(expression), None, None) => {
                DataValue::Expression(self.expression(ExpressionKind::Value, expression))
            }
            (None, Some(src), None) => self.data_of_file(src),
            (None, None, Some(inline)) => DataValue::Inline(inline),
            (None, None, None) => DataValue::None,
            _ => {
                self.files.error(element.place, "of `expr`, `src` and content, a <data> has only one");
                DataValue::None
            }
        };
        Some(Data { id: name, value, is_top_level: index == 0 })
    }

    //= scxml: 5.3.3 a value that cannot be had is an error.execution, and the variable is empty
    fn data_of_file(&mut self, src: &Attribute) -> DataValue {
        if self.broken == BrokenExpressions::Defer {
            let from = self.files.name(src.place.file).to_owned();
            if let Err(reason) = self.resolver.resolve(&src.value, &from) {
                let message = format!("`{}` cannot be had: {reason}", src.value);
                self.files.warning(src.place, message.clone());
                let value = self.expression_at(ExpressionKind::Value, "undefined", src.place);
                if let Some(expression) = self.expressions.get_mut(value as usize) {
                    expression.kind = ExpressionKind::Broken { message };
                }
                return DataValue::Expression(value);
            }
        }
        match self.resolve_text(src) {
            Some(text) => DataValue::Inline(super::content::inline_text(&text)),
            None => DataValue::None,
        }
    }

    fn check_data_id(&mut self, name: &str, place: Place) {
        if !is_identifier(name) {
            self.files.error(place, format!("`{name}` is no ECMAScript name; use letters, digits and `_`"));
        } else if RESERVED.contains(&name) || self.modules.constants.iter().any(|(known, _)| known == name) {
            self.files.error(place, format!("`{name}` is a name of the platform and cannot be declared"));
        } else if let Some(first) = self.data_places.insert(name.to_owned(), place) {
            let (file, line) = (self.files.name(first.file).to_owned(), self.files.line(first));
            // Two parts that both declare what they need are no mistake of either.
            self.files
                .warning(place, format!("`{name}` is also declared at {file}:{line}; both are one variable"));
        }
    }

    /// Text that `src` names.
    fn resolve_text(&mut self, src: &Attribute) -> Option<String> {
        let from = self.files.name(src.place.file).to_owned();
        match self.resolver.resolve(&src.value, &from) {
            Ok(part) => {
                self.files.add(part.file, part.text.clone());
                Some(part.text)
            }
            Err(reason) => {
                self.files.error(src.place, format!("`{}` cannot be had: {reason}", src.value));
                None
            }
        }
    }

    /// `<script>`, with its text or the text that `src` names (scxml: 5.8).
    pub(super) fn script(&mut self, element: &Element) -> Option<ExpressionIx> {
        self.element = "script";
        let kind = ExpressionKind::Script { names: Vec::new(), functions: Vec::new() };
        if let Some(src) = element.attribute("src") {
            let text = self.resolve_text(src)?;
            let file = u16::try_from(self.files.len() - 1).unwrap_or(u16::MAX);
            return Some(self.expression_at(kind, &text, Place { file, offset: 0 }));
        }
        let (text, place) = element.text();
        if text.trim().is_empty() {
            return None;
        }
        Some(self.expression_at(kind, &text, place))
    }

    fn invoke(&mut self, element: &Element) -> InvokeElement {
        self.element = "invoke";
        let id = element.attribute("id").or_else(|| element.attribute("invokeid"));
        if let Some(id) = id
            && let Some(first) = self.invoke_ids.insert(id.value.clone(), id.place)
        {
            let line = self.files.line(first);
            let message = format!("the invocation `{}` was already named at line {line}", id.value);
            self.files.warning(id.place, message);
        }
        let idlocation = element
            .attribute("idlocation")
            .map(|location| self.expression(ExpressionKind::Location, location));
        let payload = self.payload(element);
        let source = self.text_of(element, &["src"], "srcexpr");
        if source.is_some() && payload.content.is_some() {
            self.files.error(element.place, "of `src` and <content>, an <invoke> has only one");
        }
        if source.is_none() && payload.content.is_none() {
            self.files.error(element.place, "an <invoke> needs `src`, `srcexpr` or <content>");
        }
        let autoforward = element.attribute("autoforward");
        let finalize = match element.elements().find(|child| child.is("finalize")) {
            None => Finalize::None,
            Some(finalize) if finalize.elements().next().is_none() => {
                Finalize::Copy(self.finalize_copies(element))
            }
            Some(finalize) => Finalize::Block(self.block(finalize)),
        };
        InvokeElement {
            id: id.map(|id| unquote(id.value.trim()).unwrap_or(&id.value).to_owned()),
            idlocation,
            kind: self.text_of(element, &["type", "targettype"], "typeexpr"),
            source,
            is_autoforward: autoforward.is_some_and(|value| value.value.trim_matches('\'') == "true"),
            payload,
            finalize,
        }
    }

    /// An empty `<finalize>` updates what the invocation was given (scxml: 6.5).
    fn finalize_copies(&mut self, invoke: &Element) -> Vec<(String, ExpressionIx)> {
        let mut copies = Vec::new();
        if let Some(namelist) = invoke.attribute("namelist") {
            for name in namelist.value.split_whitespace() {
                let location = self.expression_at(ExpressionKind::Location, name, namelist.place);
                copies.push((name.to_owned(), location));
            }
        }
        for param in invoke.elements().filter(|child| child.is("param")) {
            if let (Some(name), Some(location)) = (param.attribute("name"), param.attribute("location")) {
                let place = self.expression(ExpressionKind::Location, location);
                copies.push((name.value.clone(), place));
            }
        }
        copies
    }
}

/// Whether it is a state of any kind.
pub(crate) fn is_state(element: &Element) -> bool {
    element.is_scxml() && matches!(element.name.as_str(), "state" | "parallel" | "final" | "history")
}

fn kind_of(element: &Element) -> StateKind {
    let has_children =
        element.elements().any(|child| child.is("state") || child.is("parallel") || child.is("final"));
    match element.name.as_str() {
        "scxml" => StateKind::Root,
        "parallel" => StateKind::Parallel,
        "final" => StateKind::Final,
        "history" => match element.attribute("type") {
            Some(kind) if kind.value == "deep" => StateKind::DeepHistory,
            _ => StateKind::ShallowHistory,
        },
        _ if has_children => StateKind::Compound,
        _ => StateKind::Atomic,
    }
}

/// A descriptor without what does not change its meaning (scxml: 3.12.1).
fn descriptor(text: &str) -> String {
    text.trim_end_matches('*').trim_end_matches('.').to_owned()
}
