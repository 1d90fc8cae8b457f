use super::layers::{Arrow, Layout, Point, Shape, Size, layout};
use super::*;
use crate::trial::{load, text};
use crate::xml;

const CHART: &str = "
  <parallel id='p'>
    <transition event='stop' target='end'/>
    <state id='left'><history id='h'><transition target='l1'/></history>
      <state id='l1'><onentry><raise event='begun'/></onentry><transition event='go' cond='In(\"r1\") &amp;&amp; 1 &lt; 2' target='l2'><log label='on the way'/></transition></state>
      <state id='l2'><transition event='back' target='l1'/><transition event='stay'><log label='here'/></transition><transition event='again' target='l2'/><transition event='leave' target='end'/></state>
    </state>
    <state id='right'><state id='r1'/></state>
  </parallel>
  <final id='end'/>";

fn outline(body: &str) -> Outline {
    Outline::of(&load(&text(body)).unwrap())
}

#[test]
fn every_state_and_every_transition_is_drawn() {
    let outline = outline(CHART);
    let svg = svg(&outline, Highlight::default());
    xml::parse(&svg, 0).unwrap();
    for state in outline.states.iter().skip(1) {
        assert!(svg.contains(&format!("id=\"state-{}\"", state.id)), "{}", state.id);
    }
    for (number, transition) in outline.transitions.iter().enumerate() {
        let mark = format!("data-transition=\"{number}\"");
        assert!(svg.contains(&mark), "transition {number} at {} is missing", transition.position);
    }
    let dot = dot(&outline, Highlight::default());
    for (number, transition) in
        outline.transitions.iter().enumerate().filter(|(_, found)| !found.targets.is_empty())
    {
        assert!(dot.contains(&format!("id=\"transition-{number}\"")), "{} is missing", transition.position);
    }
    assert!(dot.contains("stay / log here"), "{dot}");
}

#[test]
fn labels_say_event_condition_and_actions_and_the_title_says_all() {
    let svg = svg(&outline(CHART), Highlight::default());
    for piece in [
        ">go<",
        ">[In(\"r1\") &amp;&amp; 1 &lt; 2]<",
        ">/ log on the way<",
        ">stop<",
        ">leave → end<",
        ">stay / log here<",
        ">↻ again<",
        ">entry / raise begun<",
        "<title>l1 → l2: go [In(",
    ] {
        let piece = piece.replace("\"r1\"", "&quot;r1&quot;");
        assert!(svg.contains(&piece), "{piece} is not in\n{svg}");
    }
}

#[test]
fn active_states_are_marked_with_those_around() {
    let outline = outline(CHART);
    let svg = svg(&outline, Highlight { states: &["l1"] });
    for (state, is_active) in [("l1", true), ("left", true), ("p", true), ("l2", false), ("right", false)] {
        let group = svg.lines().find(|line| line.contains(&format!("id=\"state-{state}\""))).unwrap();
        assert_eq!(group.contains(" active\""), is_active, "{group}");
    }
}

#[test]
fn the_same_chart_is_the_same_picture() {
    let draw = || svg(&outline(CHART), Highlight::default());
    assert_eq!(draw(), draw());
}

#[test]
fn a_chart_of_one_state_is_drawn() {
    let svg = svg(&outline("<state id='only'/>"), Highlight::default());
    assert!(svg.contains("id=\"state-only\""));
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    fn size(&mut self) -> Size {
        let mut side = || f64::from(u32::try_from(20 + self.below(160)).unwrap());
        Size { width: side(), height: side() }
    }
}

/// A rectangle with what it is.
type Area = (String, Point, Size);

fn overlap((_, a, size_a): &Area, (_, b, size_b): &Area) -> bool {
    a.x + 0.01 < b.x + size_b.width
        && b.x + 0.01 < a.x + size_a.width
        && a.y + 0.01 < b.y + size_b.height
        && b.y + 0.01 < a.y + size_a.height
}

/// Points along the way of an arrow, bends included.
fn along(points: &[Point]) -> Vec<Point> {
    let mut all = Vec::new();
    for pair in points.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        for step in 0..=20 {
            let t = f64::from(step) / 20.0;
            // The curve of the drawing: vertical at both ends.
            let (u, middle) = (1.0 - t, f64::midpoint(from.y, to.y));
            let bezier = |a: f64, b: f64, c: f64, d: f64| {
                u * u * u * a + 3.0 * u * u * t * b + 3.0 * u * t * t * c + t * t * t * d
            };
            all.push(Point {
                x: bezier(from.x, from.x, to.x, to.x),
                y: bezier(from.y, middle, middle, to.y),
            });
        }
    }
    all
}

fn areas(sizes: &[Size], arrows: &[Arrow], layout: &Layout) -> Vec<Area> {
    let boxes = layout
        .boxes
        .iter()
        .zip(sizes)
        .enumerate()
        .map(|(number, (at, size))| (format!("box {number}"), *at, *size));
    let labels =
        layout.routes.iter().zip(arrows).enumerate().filter_map(|(number, (route, arrow))| {
            Some((format!("label {number}"), route.label?, arrow.label?))
        });
    boxes.chain(labels).collect()
}

#[test]
fn nothing_overlaps_and_no_arrow_crosses_a_box_or_a_label() {
    for seed in 0..60 {
        let mut dice = Dice(seed);
        let count = 2 + dice.below(14);
        let sizes: Vec<Size> = (0..count).map(|_| dice.size()).collect();
        let mut arrows = Vec::new();
        for _ in 0..dice.below(3 * count) {
            let (from, to) = (dice.below(count), dice.below(count));
            if from != to {
                let label = (dice.below(4) > 0).then(|| dice.size());
                arrows.push(Arrow { from, to, label });
            }
        }
        let shapes: Vec<Shape> =
            sizes.iter().map(|size| Shape { size: *size, door: size.width - 16.0 }).collect();
        let layout = layout(&shapes, &arrows);
        let areas = areas(&sizes, &arrows, &layout);
        assert_eq!(
            areas.len(),
            count + arrows.iter().filter(|arrow| arrow.label.is_some()).count(),
            "seed {seed}"
        );
        for (at, area) in areas.iter().enumerate() {
            assert!(
                area.1.x >= -0.01 && area.1.x + area.2.width <= layout.size.width + 0.01,
                "seed {seed}: {} sticks out",
                area.0
            );
            for other in &areas[at + 1..] {
                assert!(!overlap(area, other), "seed {seed}: {} lies on {}", area.0, other.0);
            }
        }
        for (number, route) in layout.routes.iter().enumerate() {
            for point in along(&route.points) {
                let hit = areas.iter().find(|(_, at, size)| {
                    at.x + 0.5 < point.x
                        && point.x < at.x + size.width - 0.5
                        && at.y + 0.5 < point.y
                        && point.y < at.y + size.height - 0.5
                });
                assert!(hit.is_none(), "seed {seed}: arrow {number} crosses {hit:?} at {point:?}");
            }
        }
    }
}
