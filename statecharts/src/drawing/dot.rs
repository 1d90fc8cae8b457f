//! DOT for Graphviz: clusters for states with children, everything else as nodes.

use std::fmt::Write as _;

use super::text::{handler, label, name, whole};
use crate::outline::{Outline, State, StateKind, Transition, TransitionKind};

pub(super) fn draw(outline: &Outline, active: &[bool]) -> String {
    let mut dot = Dot { outline, active, text: String::new(), depth: 1 };
    dot.text = format!(
        "digraph {} {{\n compound=true;\n newrank=true;\n fontname=\"Helvetica\";\n node [shape=box, style=rounded, fontname=\"Helvetica\", fontsize=11];\n edge [fontname=\"Helvetica\", fontsize=10];\n",
        quoted(&name(outline, 0))
    );
    if let Some(root) = outline.states.first() {
        dot.children(0, root);
    }
    for (number, transition) in outline.transitions.iter().enumerate() {
        dot.transition(number, transition);
    }
    dot.text.push_str("}\n");
    dot.text
}

struct Dot<'a> {
    outline: &'a Outline,
    active: &'a [bool],
    text: String,
    depth: usize,
}

impl Dot<'_> {
    fn line(&mut self, text: &str) {
        // Writing to a text cannot fail.
        let _written = writeln!(self.text, "{:indent$}{text}", "", indent = self.depth).is_ok();
    }

    fn children(&mut self, number: usize, state: &State) {
        if state.kind != StateKind::Parallel && state.initial.is_some() {
            self.line(&format!("i{number} [shape=point, width=0.12, label=\"\"];"));
        }
        for child in state.children.iter().chain(&state.histories) {
            self.state(*child);
        }
    }

    fn state(&mut self, number: usize) {
        let Some(state) = self.outline.states.get(number) else { return };
        let id = name(self.outline, number);
        let mark = if self.active.get(number).copied().unwrap_or_default() {
            ", color=\"#ea580c\", penwidth=2.4"
        } else {
            ""
        };
        match state.kind {
            StateKind::Compound | StateKind::Parallel => {
                self.line(&format!("subgraph cluster_{number} {{"));
                self.depth += 1;
                let style = if state.kind == StateKind::Parallel { "\"rounded,dashed\"" } else { "rounded" };
                self.line(&format!(
                    "label={}; style={style};",
                    quoted(&self.inscription(&id, number, state))
                ));
                if !mark.is_empty() {
                    self.line("color=\"#ea580c\"; penwidth=2.4;");
                }
                // Arrows end at a cluster by way of a node inside.
                self.line(&format!("s{number} [shape=point, style=invis, width=0, label=\"\"];"));
                self.children(number, state);
                self.depth -= 1;
                self.line("}");
            }
            StateKind::Final => {
                self.line(&format!(
                    "s{number} [shape=doublecircle, width=0.2, label=\"\", xlabel={}{mark}];",
                    quoted(&id)
                ));
            }
            StateKind::ShallowHistory | StateKind::DeepHistory => {
                let letter = if state.kind == StateKind::DeepHistory { "H*" } else { "H" };
                self.line(&format!(
                    "s{number} [shape=circle, width=0.3, label=\"{letter}\", tooltip={}{mark}];",
                    quoted(&id)
                ));
            }
            StateKind::Chart | StateKind::Atomic => {
                let inscription = self.inscription(&id, number, state);
                self.line(&format!("s{number} [label={}{mark}];", quoted(&inscription)));
            }
        }
    }

    /// Name, entry, exit, and transitions that leave no state.
    fn inscription(&self, id: &str, number: usize, state: &State) -> String {
        let mut lines = vec![id.to_owned()];
        for (word, handlers) in [("entry", &state.onentry), ("exit", &state.onexit)] {
            lines.extend(
                handler(word, super::text::LINE_MAX, handlers.iter().flat_map(|handler| &handler.content))
                    .into_iter()
                    .map(|line| line.text),
            );
        }
        let inside = self
            .outline
            .transitions
            .iter()
            .filter(|transition| transition.source == number && transition.targets.is_empty());
        lines.extend(inside.map(|transition| super::text::shorten(&whole(transition), 44)));
        lines.join("\n")
    }

    fn transition(&mut self, number: usize, transition: &Transition) {
        let from = match transition.kind {
            TransitionKind::Initial | TransitionKind::FirstChild => format!("i{}", transition.source),
            TransitionKind::Ordinary | TransitionKind::HistoryDefault => format!("s{}", transition.source),
        };
        let text = label(transition).into_iter().map(|(line, _)| line).collect::<Vec<_>>().join("\n");
        for target in &transition.targets {
            let mut attributes =
                vec![format!("label={}", quoted(&text)), format!("tooltip={}", quoted(&whole(transition)))];
            let is_cluster = |state: usize| {
                self.outline
                    .states
                    .get(state)
                    .is_some_and(|state| matches!(state.kind, StateKind::Compound | StateKind::Parallel))
            };
            if is_cluster(*target) && !self.outline.is_inside(transition.source, *target) {
                attributes.push(format!("lhead=cluster_{target}"));
            }
            let is_ordinary = transition.kind == TransitionKind::Ordinary;
            if is_ordinary
                && is_cluster(transition.source)
                && !self.outline.is_inside(*target, transition.source)
            {
                attributes.push(format!("ltail=cluster_{}", transition.source));
            }
            attributes.push(format!("id=\"transition-{number}\""));
            self.line(&format!("{from} -> s{target} [{}];", attributes.join(", ")));
        }
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
