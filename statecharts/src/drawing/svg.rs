//! SVG of the boxes.

use std::fmt::Write as _;

use quick_xml::escape::escape;

use super::boxes::{Block, CIRCLE, DOT, Drawn, Inner, NAME, PADDING, RING, TEXT, chart};
use super::layers::{Layout, Point, Route};
use super::text::{LINE_HEIGHT, Line};
use crate::outline::{Outline, StateKind};

/// Around the picture.
const MARGIN: f64 = 12.0;
/// Length of an arrow's head.
const HEAD: f64 = 7.0;

/// Labels have a colour that can be read on white and on black; what is in a box brings its own ground.
const STYLE: &str = "\
.chart{font-family:Helvetica,Arial,'DejaVu Sans',sans-serif;font-size:11px}
.box{fill:#f8fafc;stroke:#64748b;stroke-width:1.2}
.compound>.box,.parallel>.box{fill:#eef2f7}
.compound .compound>.box,.parallel .parallel>.box{fill:#f8fafc}
.root>.box{fill:none;stroke:none}
.name{font-size:13px;font-weight:bold;fill:#0f172a}
.line{fill:#334155}
.elsewhere{fill:#1d4ed8}
.rule{stroke:#cbd5e1}
.region{stroke:#64748b;stroke-dasharray:6 4}
.final .ring{fill:none;stroke:#64748b;stroke-width:1.4}
.final .dot,.dot,.head{fill:#64748b}
.final .name,.root>.name{fill:#64748b}
.history circle{fill:#f8fafc;stroke:#64748b;stroke-width:1.2}
.arrow{fill:none;stroke:#64748b;stroke-width:1.2}
.lifted .arrow{stroke-dasharray:2 3}
.label{fill:#64748b}
.label.event{font-weight:bold}
.active>.box,.active.history circle{stroke:#ea580c;stroke-width:2.4}
.active>.ring,.active>.dot{stroke:#ea580c}
.active>.name{fill:#c2410c}
@media (prefers-color-scheme:dark){
.box{fill:#0f172a;stroke:#94a3b8}
.compound>.box,.parallel>.box{fill:#1e293b}
.compound .compound>.box,.parallel .parallel>.box{fill:#0f172a}
.name{fill:#f1f5f9}.line{fill:#cbd5e1}.elsewhere{fill:#93c5fd}.rule{stroke:#475569}
.history circle{fill:#0f172a}.label,.final .name,.root>.name{fill:#94a3b8}.arrow{stroke:#94a3b8}.head,.dot{fill:#94a3b8}
.active>.name{fill:#fdba74}}
";

pub(super) fn draw(outline: &Outline, active: &[bool]) -> String {
    let root = chart(outline);
    let (width, height) = (root.size.width + 2.0 * MARGIN, root.size.height + 2.0 * MARGIN);
    let mut svg = Svg { outline, active, text: String::new(), depth: 0 };
    svg.line(&format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\">"
    ));
    svg.depth += 1;
    svg.line(&format!("<title>{}</title>", escape(root.name.as_str())));
    svg.line(&format!("<style>\n{STYLE}</style>"));
    svg.block(&root, Point { x: MARGIN, y: MARGIN });
    svg.depth -= 1;
    svg.line("</svg>");
    svg.text
}

struct Svg<'a> {
    outline: &'a Outline,
    active: &'a [bool],
    text: String,
    depth: usize,
}

impl Svg<'_> {
    fn line(&mut self, text: &str) {
        // Writing to a text cannot fail.
        let _written = writeln!(self.text, "{:indent$}{text}", "", indent = self.depth).is_ok();
    }

    fn kind(&self, state: usize) -> StateKind {
        self.outline.states.get(state).map_or(StateKind::Atomic, |state| state.kind)
    }

    fn block(&mut self, block: &Block, at: Point) {
        let kind = self.kind(block.state);
        let class = match kind {
            StateKind::Chart => "root",
            StateKind::Atomic => "state",
            StateKind::Compound => "state compound",
            StateKind::Parallel => "state parallel",
            StateKind::Final => "state final",
            StateKind::ShallowHistory | StateKind::DeepHistory => "state history",
        };
        let is_active = self.active.get(block.state).copied().unwrap_or_default();
        let id = if block.state == 0 {
            String::new()
        } else {
            format!(" id=\"state-{}\"", escape(self.id(block.state)))
        };
        let marked = if is_active { " active" } else { "" };
        self.line(&format!(
            "<g class=\"{class}{marked}\"{id} transform=\"translate({:.1} {:.1})\">",
            at.x, at.y
        ));
        self.depth += 1;
        match kind {
            StateKind::Final => self.end(block),
            StateKind::ShallowHistory => self.history(block, "H"),
            StateKind::DeepHistory => self.history(block, "H*"),
            _ => self.state(block),
        }
        self.depth -= 1;
        self.line("</g>");
    }

    fn id(&self, state: usize) -> &str {
        self.outline.states.get(state).map_or("", |state| &*state.id)
    }

    fn state(&mut self, block: &Block) {
        let (width, height) = (block.size.width, block.size.height);
        self.line(&format!("<rect class=\"box\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"7\"/>"));
        self.line(&format!(
            "<text class=\"name\" x=\"{:.1}\" y=\"16.5\" text-anchor=\"middle\">{}</text>",
            width / 2.0,
            escape(block.name.as_str())
        ));
        if !block.lines.is_empty() {
            self.line(&format!(
                "<line class=\"rule\" x1=\"0.6\" y1=\"23\" x2=\"{:.1}\" y2=\"23\"/>",
                width - 0.6
            ));
        }
        let mut y = 37.0;
        for line in &block.lines {
            self.text_line(line, Point { x: PADDING, y });
            y += LINE_HEIGHT;
        }
        match &block.inner {
            Inner::Nothing => {}
            Inner::Regions { children, lines } => {
                for (from, to) in lines {
                    self.line(&format!(
                        "<line class=\"region\" x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\"/>",
                        from.x, from.y, to.x, to.y
                    ));
                }
                children.iter().for_each(|(at, child)| self.block(child, *at));
            }
            Inner::Ranks { at, layout, has_dot, children, arrows } => {
                self.ranks(*at, layout, *has_dot, children, arrows)
            }
        }
    }

    fn text_line(&mut self, line: &Line, at: Point) {
        let title = if line.title == line.text {
            String::new()
        } else {
            format!("<title>{}</title>", escape(line.title.as_str()))
        };
        let number =
            line.transition.map(|number| format!(" data-transition=\"{number}\"")).unwrap_or_default();
        let text = format!(
            "<text class=\"line {}\" x=\"{:.1}\" y=\"{:.1}\"{number}>{title}{}</text>",
            line.class,
            at.x,
            at.y,
            escape(line.text.as_str())
        );
        match line.link {
            Some(state) => self.line(&format!("<a href=\"#state-{}\">{text}</a>", escape(self.id(state)))),
            None => self.line(&text),
        }
    }

    fn end(&mut self, block: &Block) {
        let x = block.size.width / 2.0;
        self.line(&format!(
            "<circle class=\"ring\" cx=\"{x:.1}\" cy=\"{:.1}\" r=\"{:.1}\"/>",
            RING / 2.0,
            RING / 2.0 - 0.7
        ));
        self.line(&format!("<circle class=\"dot\" cx=\"{x:.1}\" cy=\"{:.1}\" r=\"5.5\"/>", RING / 2.0));
        self.line(&format!(
            "<text class=\"name\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            RING + 15.0,
            escape(block.name.as_str())
        ));
        let mut y = RING + 31.0;
        for line in &block.lines {
            self.text_line(line, Point { x: PADDING, y });
            y += LINE_HEIGHT;
        }
    }

    fn history(&mut self, block: &Block, letter: &str) {
        let middle = CIRCLE / 2.0;
        let name = escape(block.name.as_str());
        self.line(&format!(
            "<circle cx=\"{middle:.1}\" cy=\"{middle:.1}\" r=\"{middle:.1}\"><title>{name}</title></circle>"
        ));
        self.line(&format!(
            "<text class=\"line\" x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{letter}</text>",
            middle + 4.0
        ));
    }

    fn ranks(&mut self, at: Point, layout: &Layout, has_dot: bool, children: &[Block], arrows: &[Drawn]) {
        let moved = |point: &Point| Point { x: point.x + at.x, y: point.y + at.y };
        for (route, arrow) in layout.routes.iter().zip(arrows) {
            self.arrow(route, arrow, &moved);
        }
        if let (true, Some(dot)) = (has_dot, layout.boxes.first()) {
            let dot = moved(dot);
            self.line(&format!(
                "<circle class=\"dot\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"{:.1}\"/>",
                dot.x + DOT / 2.0,
                dot.y + DOT / 2.0,
                DOT / 2.0
            ));
        }
        for (child, place) in children.iter().zip(layout.boxes.iter().skip(usize::from(has_dot))) {
            self.block(child, moved(place));
        }
    }

    fn arrow(&mut self, route: &Route, arrow: &Drawn, moved: &dyn Fn(&Point) -> Point) {
        let points: Vec<Point> = route.points.iter().map(moved).collect();
        let number =
            arrow.transition.map(|number| format!(" data-transition=\"{number}\"")).unwrap_or_default();
        self.line(&format!("<g class=\"{}\"{number}>", arrow.class));
        self.depth += 1;
        self.line(&format!("<title>{}</title>", escape(arrow.title.as_str())));
        let (path, head) = path(&points);
        self.line(&format!("<path class=\"arrow\" d=\"{path}\"/>"));
        self.line(&format!("<path class=\"head\" d=\"{head}\"/>"));
        if let Some(place) = &route.label {
            let place = moved(place);
            let mut y = place.y + TEXT;
            for (line, class) in &arrow.label {
                self.line(&format!(
                    "<text class=\"label {class}\" x=\"{:.1}\" y=\"{y:.1}\">{}</text>",
                    place.x,
                    escape(line.as_str())
                ));
                y += LINE_HEIGHT;
            }
        }
        self.depth -= 1;
        self.line("</g>");
    }
}

/// The path of an arrow, and its head. Lines go up or down through ranks, and bend between them.
fn path(points: &[Point]) -> (String, String) {
    let Some((first, rest)) = points.split_first() else {
        return (String::new(), String::new());
    };
    let mut ends = rest.to_vec();
    ends.dedup();
    let last = ends.last().copied().unwrap_or(*first);
    // The way on which it arrives tells where the head looks.
    let before = points.iter().rev().find(|point| (point.y - last.y).abs() > 0.1).copied().unwrap_or(*first);
    let back = if before.y < last.y { -HEAD } else { HEAD };
    if let Some(end) = ends.last_mut() {
        end.y += back;
    }
    let mut path = format!("M{:.1} {:.1}", first.x, first.y);
    let mut from = *first;
    for to in &ends {
        let piece = if (from.x - to.x).abs() < 0.1 {
            format!("L{:.1} {:.1}", to.x, to.y)
        } else {
            let middle = f64::midpoint(from.y, to.y);
            format!("C{:.1} {middle:.1} {:.1} {middle:.1} {:.1} {:.1}", from.x, to.x, to.x, to.y)
        };
        path.push_str(&piece);
        from = *to;
    }
    let head = format!(
        "M{:.1} {:.1}L{:.1} {:.1}L{:.1} {:.1}Z",
        last.x,
        last.y,
        last.x - HEAD / 2.0,
        last.y + back,
        last.x + HEAD / 2.0,
        last.y + back
    );
    (path, head)
}

/// Text sizes are in the style as well.
const _: () = assert!(TEXT == 11.0 && NAME == 13.0);
