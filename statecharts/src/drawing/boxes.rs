//! The boxes of a drawing, from the inside out: each knows its size and where its parts are.

use super::layers::{Arrow, Layout, Point, Shape, Size, layout};
use super::text::{
    BOLD, LINE_HEIGHT, LINE_MAX, Line, WIDE_LINE_MAX, handler, label, name, shorten, targets, whole, width,
};
use super::{HUB, Way, arrivals, lifted, own, way};
use crate::outline::{Outline, State, StateKind};

/// Size of the text of lines and labels.
pub(super) const TEXT: f64 = 11.0;
/// Size of the name of a state.
pub(super) const NAME: f64 = 13.0;
/// From the border of a box to what is in it.
pub(super) const PADDING: f64 = 10.0;
/// Height of the name.
const NAME_HEIGHT: f64 = 24.0;
/// Diameter of dots, rings and history circles.
pub(super) const DOT: f64 = 10.0;
pub(super) const RING: f64 = 20.0;
pub(super) const CIRCLE: f64 = 24.0;
/// Between two regions.
const REGION_GAP: f64 = 16.0;

/// A state and everything in it.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) state: usize,
    pub(super) size: Size,
    pub(super) name: String,
    pub(super) lines: Vec<Line>,
    pub(super) inner: Inner,
}

/// What is inside.
#[derive(Debug)]
pub(super) enum Inner {
    Nothing,
    /// Children in ranks. The first box is the dot where reading begins, if `has_dot`.
    Ranks {
        at: Point,
        layout: Layout,
        has_dot: bool,
        children: Vec<Block>,
        arrows: Vec<Drawn>,
    },
    /// Regions side by side or below each other, with dashed lines between.
    Regions {
        children: Vec<(Point, Block)>,
        lines: Vec<(Point, Point)>,
    },
}

/// An arrow with what is written at it.
#[derive(Debug)]
pub(super) struct Drawn {
    /// Number of the transition; none for an arrow that stands for several from inside.
    pub(super) transition: Option<usize>,
    pub(super) label: Vec<(String, &'static str)>,
    pub(super) title: String,
    pub(super) class: &'static str,
}

/// The block of the whole chart.
pub(super) fn chart(outline: &Outline) -> Block {
    Builder { outline, arrivals: arrivals(outline) }.block(0)
}

struct Builder<'a> {
    outline: &'a Outline,
    arrivals: Vec<usize>,
}

impl Builder<'_> {
    fn block(&self, number: usize) -> Block {
        let Some(state) = self.outline.states.get(number) else {
            return Block {
                state: number,
                size: Size::default(),
                name: String::new(),
                lines: Vec::new(),
                inner: Inner::Nothing,
            };
        };
        let lines = self.lines(number, state);
        let name = shorten(&name(self.outline, number), 48);
        let text = lines.iter().map(|line| width(&line.text, TEXT)).fold(0.0, f64::max);
        let head = Size {
            width: width(&name, NAME * BOLD).max(text) + 2.0 * PADDING,
            height: NAME_HEIGHT + if lines.is_empty() { 0.0 } else { count(lines.len()) * LINE_HEIGHT + 6.0 },
        };
        let (size, inner) = match state.kind {
            StateKind::ShallowHistory | StateKind::DeepHistory => {
                (Size { width: CIRCLE, height: CIRCLE }, Inner::Nothing)
            }
            StateKind::Final => {
                let below = if lines.is_empty() { 0.0 } else { count(lines.len()) * LINE_HEIGHT };
                (Size { width: head.width.max(RING), height: RING + NAME_HEIGHT + below }, Inner::Nothing)
            }
            StateKind::Parallel => self.regions(state, head),
            _ if state.children.is_empty() => (head, Inner::Nothing),
            _ => self.ranks(number, state, head),
        };
        Block { state: number, size, name, lines, inner }
    }

    /// What is written in the box below the name.
    fn lines(&self, number: usize, state: &State) -> Vec<Line> {
        let max = if state.children.is_empty() { LINE_MAX } else { WIDE_LINE_MAX };
        let mut lines = handler("entry", max, state.onentry.iter().flat_map(|handler| &handler.content));
        lines.extend(handler("exit", max, state.onexit.iter().flat_map(|handler| &handler.content)));
        for invoke in &state.invokes {
            let what = invoke.literal(&["id", "src", "srcexpr", "type"]).unwrap_or("a chart");
            lines.push(Line::new("invoke", max, &format!("invoke {what}")));
        }
        for (transition_number, transition) in own(self.outline, number) {
            let text = whole(transition);
            let mut line = match way(self.outline, transition) {
                Way::Arrow(_) => continue,
                Way::Inside if transition.targets.is_empty() => Line::new("internal", max, &text),
                Way::Inside => Line::new("internal", max, &format!("↻ {text}")),
                Way::Elsewhere => {
                    let target = format!(" → {}", targets(self.outline, transition));
                    let mut line = Line::new("elsewhere", max, &format!("{text}{target}"));
                    // The target must be seen, however long the rest is.
                    let room = max.saturating_sub(target.chars().count()).max(12);
                    line.text = format!("{}{target}", shorten(&text, room));
                    line.link = transition.targets.first().copied();
                    line
                }
            };
            line.transition = Some(transition_number);
            lines.push(line);
        }
        lines
    }

    fn regions(&self, state: &State, head: Size) -> (Size, Inner) {
        let blocks: Vec<Block> =
            state.children.iter().chain(&state.histories).map(|child| self.block(*child)).collect();
        // In one row if that is not too wide; else rows as wide as the widest region.
        let total: f64 = blocks.iter().map(|block| block.size.width + REGION_GAP).sum();
        let widest = blocks.iter().map(|block| block.size.width).fold(0.0, f64::max);
        let tallest = blocks.iter().map(|block| block.size.height).fold(0.0, f64::max);
        let row_width = if total < (1.5 * tallest).max(900.0) { total } else { widest + REGION_GAP };
        let mut rows: Vec<Vec<Block>> = Vec::new();
        let mut used = f64::INFINITY;
        for block in blocks {
            let needs = block.size.width + REGION_GAP;
            match rows.last_mut() {
                Some(row) if used + needs <= row_width + 0.1 => {
                    used += needs;
                    row.push(block);
                }
                _ => {
                    used = needs;
                    rows.push(vec![block]);
                }
            }
        }
        let width_of =
            |row: &[Block]| row.iter().map(|block| block.size.width + REGION_GAP).sum::<f64>() - REGION_GAP;
        let inside = rows.iter().map(|row| width_of(row)).fold(head.width - 2.0 * PADDING, f64::max);
        let (mut y, mut children, mut lines) = (head.height, Vec::new(), Vec::new());
        let last_row = rows.len().saturating_sub(1);
        for (number, row) in rows.into_iter().enumerate() {
            let height = row.iter().map(|block| block.size.height).fold(0.0, f64::max);
            // What is left over is shared: dashed lines divide the whole width.
            let extra = (inside - width_of(&row)) / count(row.len());
            let (mut x, last) = (PADDING, row.len() - 1);
            for (at, block) in row.into_iter().enumerate() {
                let place = Point { x: x + extra / 2.0, y };
                x += block.size.width + extra;
                if at < last {
                    let middle = x + REGION_GAP / 2.0;
                    lines.push((Point { x: middle, y: y - 4.0 }, Point { x: middle, y: y + height + 4.0 }));
                }
                x += REGION_GAP;
                children.push((place, block));
            }
            y += height + REGION_GAP;
            if number < last_row {
                let middle = y - REGION_GAP / 2.0;
                lines.push((
                    Point { x: PADDING / 2.0, y: middle },
                    Point { x: inside + 1.5 * PADDING, y: middle },
                ));
            }
        }
        let size = Size { width: inside + 2.0 * PADDING, height: y - REGION_GAP + PADDING };
        (size, Inner::Regions { children, lines })
    }

    fn ranks(&self, number: usize, state: &State, head: Size) -> (Size, Inner) {
        let members: Vec<usize> = state.children.iter().chain(&state.histories).copied().collect();
        let children: Vec<Block> = members.iter().map(|child| self.block(*child)).collect();
        let has_dot = state.initial.is_some();
        let mut shapes = Vec::new();
        if has_dot {
            shapes.push(Shape { size: Size { width: DOT, height: DOT }, door: 0.0 });
        }
        shapes.extend(children.iter().map(|child| self.shape(child)));
        let found = self.arrows(number, state, &members);
        let arrows: Vec<Arrow> = found
            .iter()
            .map(|(from, to, drawn)| Arrow { from: *from, to: *to, label: label_size(&drawn.label) })
            .collect();
        let layout = layout(&shapes, &arrows);
        let size = Size {
            width: head.width.max(layout.size.width + 2.0 * PADDING),
            height: head.height + layout.size.height + PADDING,
        };
        let at = Point { x: (size.width - layout.size.width) / 2.0, y: head.height };
        let arrows = found.into_iter().map(|(_, _, drawn)| drawn).collect();
        (size, Inner::Ranks { at, layout, has_dot, children, arrows })
    }

    fn shape(&self, child: &Block) -> Shape {
        let kind = self.outline.states.get(child.state).map(|state| state.kind);
        let is_round = kind.is_some_and(|kind| kind == StateKind::Final || kind.is_history());
        let door = if is_round { RING / 2.0 } else { (child.size.width - 16.0).max(0.0) };
        Shape { size: child.size, door }
    }

    /// The arrows between the members of a state, by their boxes. The first box is the dot, if there is one.
    fn arrows(&self, number: usize, state: &State, members: &[usize]) -> Vec<(usize, usize, Drawn)> {
        let initial =
            state.initial.and_then(|initial| Some((initial, self.outline.transitions.get(initial)?)));
        let offset = usize::from(state.initial.is_some());
        let index = |state: usize| members.iter().position(|member| *member == state).map(|at| at + offset);
        let name = |state: usize| name(self.outline, state);
        let mut arrows = Vec::new();
        if let Some((transition, found)) = initial {
            let mut told = Vec::new();
            for target in &found.targets {
                let child = self.outline.with_ancestors(*target).find_map(index);
                if let Some(child) = child.filter(|child| !told.contains(child)) {
                    told.push(child);
                    let title = format!("initial: {}", targets(self.outline, found));
                    arrows.push((
                        0,
                        child,
                        Drawn { transition: Some(transition), label: label(found), title, class: "initial" },
                    ));
                }
            }
        }
        for member in members {
            for (transition, found) in own(self.outline, *member) {
                if let (Way::Arrow(target), Some(from)) = (way(self.outline, found), index(*member))
                    && let Some(to) = index(target)
                {
                    let title = format!("{} → {}: {}", name(*member), name(target), whole(found));
                    let drawn = Drawn {
                        transition: Some(transition),
                        label: label(found),
                        title,
                        class: "transition",
                    };
                    arrows.push((from, to, drawn));
                }
            }
        }
        for (from, to) in self.lifted(number) {
            if let (Some(a), Some(b)) = (index(from), index(to)) {
                let title = format!("from inside {} to inside {}", name(from), name(to));
                arrows.push((a, b, Drawn { transition: None, label: Vec::new(), title, class: "lifted" }));
            }
        }
        arrows
    }

    /// Pairs of children between which transitions lead from inside of one, without those that have an arrow already.
    fn lifted(&self, parent: usize) -> Vec<(usize, usize)> {
        let (mut arrows, mut found) = (Vec::new(), Vec::new());
        for (number, _) in self.outline.states.iter().enumerate() {
            for (_, transition) in own(self.outline, number) {
                match way(self.outline, transition) {
                    Way::Arrow(target) => arrows.push((number, target)),
                    Way::Elsewhere => {
                        for target in transition.targets.iter().filter(|target| self.arrivals[**target] < HUB)
                        {
                            found.extend(lifted(self.outline, number, *target));
                        }
                    }
                    Way::Inside => {}
                }
            }
        }
        let is_child =
            |state: usize| self.outline.states.get(state).and_then(|state| state.parent) == Some(parent);
        found.retain(|(from, to)| {
            from != to && is_child(*from) && is_child(*to) && !arrows.contains(&(*from, *to))
        });
        found.sort_unstable();
        found.dedup();
        found
    }
}

fn label_size(label: &[(String, &str)]) -> Option<Size> {
    let width =
        |(line, class): &(String, &str)| width(line, if *class == "event" { TEXT * BOLD } else { TEXT });
    (!label.is_empty()).then(|| Size {
        width: label.iter().map(width).fold(0.0, f64::max),
        height: count(label.len()) * LINE_HEIGHT,
    })
}

/// A number of lines or boxes, for arithmetic with places.
fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
