//! A layered layout: boxes in ranks, arrows from rank to rank, labels with places of their own.
//!
//! Arrows that lead back are turned round for the layout. Ranks follow from the longest path. Every arrow becomes a chain with one point in
//! each rank that it passes; its label is such a point with a size. The order in each rank is found by barycentres: of several
//! sweeps the one with the fewest crossings wins. Horizontal places are as near to the neighbours as the order allows.
//!
//! **Invariant:** what stands in a rank does not overlap, and arrows bend only between ranks: no arrow crosses a box or a label.

use super::spread::spread;

/// Width and height.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Size {
    pub(super) width: f64,
    pub(super) height: f64,
}

/// A box, and how much of its middle arrows may meet.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Shape {
    pub(super) size: Size,
    pub(super) door: f64,
}

/// A point, from the upper left corner.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
}

/// An arrow between two different boxes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrow {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) label: Option<Size>,
}

/// Where everything is.
#[derive(Clone, Debug, Default)]
pub(super) struct Layout {
    pub(super) size: Size,
    /// Upper left corner of each box.
    pub(super) boxes: Vec<Point>,
    pub(super) routes: Vec<Route>,
}

/// The way of an arrow.
#[derive(Clone, Debug, Default)]
pub(super) struct Route {
    /// Points from source to target. Between two of the same x goes a straight line, between others an S.
    pub(super) points: Vec<Point>,
    /// Upper left corner of the label.
    pub(super) label: Option<Point>,
}

/// Distance between neighbours in a rank.
const GAP: f64 = 18.0;
/// Room for the line of an arrow that passes a rank.
const LINE: f64 = 8.0;
/// From the line of an arrow to its label.
const LABEL_OFFSET: f64 = 5.0;
/// Smallest distance of two ranks.
const RANK_GAP: f64 = 22.0;
/// Largest distance of two ranks.
const RANK_GAP_MAX: f64 = 64.0;
/// Sweeps that look for a better order.
const SWEEPS: usize = 32;

/// Something in a rank.
#[derive(Clone, Debug)]
struct Item {
    kind: Kind,
    size: Size,
    rank: usize,
    /// Items of the rank above and below that it is connected with.
    above: Vec<usize>,
    below: Vec<usize>,
    /// Left side.
    x: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Box,
    /// A point of an arrow.
    Bend,
    /// The point of an arrow that has its label.
    Label,
}

impl Item {
    /// Where lines meet it.
    fn line(&self) -> f64 {
        match self.kind {
            Kind::Box => self.x + self.size.width / 2.0,
            Kind::Bend => self.x + LINE / 2.0,
            Kind::Label => self.x,
        }
    }

    fn line_offset(&self) -> f64 {
        self.line() - self.x
    }
}

/// Places boxes and arrows; the first box is where reading begins.
pub(super) fn layout(boxes: &[Shape], arrows: &[Arrow]) -> Layout {
    if boxes.is_empty() {
        return Layout::default();
    }
    let turned = turned(boxes.len(), arrows);
    let ranks = ranks(boxes.len(), arrows, &turned);
    let (mut items, chains) = chains(boxes, arrows, &turned, &ranks);
    let mut layers = order(&items);
    place(&mut items, &mut layers);
    routes(boxes, &turned, &items, &layers, &chains)
}

/// Which arrows are turned round: those of a circle that lead back to a box before. Boxes come in the order of the document, which
/// is the order in which its author thinks of them.
fn turned(count: usize, arrows: &[Arrow]) -> Vec<bool> {
    let mut outgoing = vec![Vec::new(); count];
    for arrow in arrows {
        outgoing[arrow.from].push(arrow.to);
    }
    let leads = |from: usize, to: usize| {
        let mut seen = vec![false; count];
        let mut open = vec![from];
        while let Some(next) = open.pop() {
            if next == to {
                return true;
            }
            if !std::mem::replace(&mut seen[next], true) {
                open.extend(&outgoing[next]);
            }
        }
        false
    };
    arrows.iter().map(|arrow| arrow.to < arrow.from && leads(arrow.to, arrow.from)).collect()
}

/// Upper and lower end of an arrow.
fn ends(arrow: &Arrow, is_turned: bool) -> (usize, usize) {
    if is_turned { (arrow.to, arrow.from) } else { (arrow.from, arrow.to) }
}

/// Ranks by the longest path; what nothing leads to moves down to what it leads to.
fn ranks(count: usize, arrows: &[Arrow], turned: &[bool]) -> Vec<usize> {
    let length = |arrow: &Arrow| if arrow.label.is_some() { 2 } else { 1 };
    let mut ranks = vec![0; count];
    // Without circles the longest path has fewer arrows than there are boxes.
    for _ in 0..count {
        let before = ranks.clone();
        for (arrow, is_turned) in arrows.iter().zip(turned) {
            let (upper, lower) = ends(arrow, *is_turned);
            ranks[lower] = ranks[lower].max(ranks[upper] + length(arrow));
        }
        if ranks == before {
            break;
        }
    }
    for node in (0..count).rev() {
        let has_upper = arrows.iter().zip(turned).any(|(arrow, is_turned)| ends(arrow, *is_turned).1 == node);
        let nearest = arrows
            .iter()
            .zip(turned)
            .filter(|(arrow, is_turned)| ends(arrow, **is_turned).0 == node)
            .map(|(arrow, is_turned)| ranks[ends(arrow, *is_turned).1] - length(arrow))
            .min();
        if let (false, Some(nearest)) = (has_upper, nearest) {
            ranks[node] = nearest;
        }
    }
    ranks
}

/// The items of all ranks, and for each arrow its items from top to bottom.
fn chains(
    boxes: &[Shape],
    arrows: &[Arrow],
    turned: &[bool],
    ranks: &[usize],
) -> (Vec<Item>, Vec<Vec<usize>>) {
    let item = |kind, size, rank| Item { kind, size, rank, above: Vec::new(), below: Vec::new(), x: 0.0 };
    let mut items: Vec<Item> =
        boxes.iter().zip(ranks).map(|(shape, rank)| item(Kind::Box, shape.size, *rank)).collect();
    let mut chains = Vec::with_capacity(arrows.len());
    for (arrow, is_turned) in arrows.iter().zip(turned) {
        let (upper, lower) = ends(arrow, *is_turned);
        let mut chain = vec![upper];
        // The label is near the source.
        let label_rank = if *is_turned { ranks[lower].saturating_sub(1) } else { ranks[upper] + 1 };
        for rank in ranks[upper] + 1..ranks[lower] {
            chain.push(items.len());
            items.push(match arrow.label {
                Some(label) if rank == label_rank => {
                    let size = Size { width: label.width + LABEL_OFFSET, height: label.height };
                    item(Kind::Label, size, rank)
                }
                _ => item(Kind::Bend, Size { width: LINE, height: 0.0 }, rank),
            });
        }
        chain.push(lower);
        for pair in chain.windows(2) {
            if let [above, below] = pair {
                items[*above].below.push(*below);
                items[*below].above.push(*above);
            }
        }
        chains.push(chain);
    }
    (items, chains)
}

/// The order in each rank.
fn order(items: &[Item]) -> Vec<Vec<usize>> {
    let depth = items.iter().map(|item| item.rank + 1).max().unwrap_or_default();
    let mut layers = vec![Vec::new(); depth];
    // What belongs together begins together: depth first from the first box.
    let mut seen = vec![false; items.len()];
    for start in 0..items.len() {
        let mut open = vec![start];
        while let Some(next) = open.pop() {
            if std::mem::replace(&mut seen[next], true) {
                continue;
            }
            layers[items[next].rank].push(next);
            open.extend(items[next].below.iter().rev());
        }
    }
    let mut best = (crossings(items, &layers), layers.clone());
    for sweep in 0..SWEEPS {
        let is_down = sweep % 2 == 0;
        let numbers: Vec<usize> = if is_down { (0..depth).collect() } else { (0..depth).rev().collect() };
        for number in numbers {
            let positions = positions(items.len(), &layers);
            let mut keyed: Vec<(f64, usize)> = layers[number]
                .iter()
                .map(|item| {
                    let near = if is_down { &items[*item].above } else { &items[*item].below };
                    (mean(near.iter().map(|other| positions[*other])).unwrap_or(positions[*item]), *item)
                })
                .collect();
            keyed.sort_by(|(a, _), (b, _)| a.total_cmp(b));
            layers[number] = keyed.into_iter().map(|(_, item)| item).collect();
        }
        swap_neighbours(items, &mut layers);
        let found = crossings(items, &layers);
        if found < best.0 {
            best = (found, layers.clone());
        }
    }
    best.1
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0.0);
    for value in values {
        sum += value;
        count += 1.0;
    }
    (count > 0.0).then(|| sum / count)
}

/// Position of each item in its rank, from 0 to 1: ranks are of different length.
fn positions(count: usize, layers: &[Vec<usize>]) -> Vec<f64> {
    let mut positions = vec![0.0; count];
    for layer in layers {
        for (position, item) in (0_u32..).zip(layer) {
            positions[*item] = f64::from(position);
        }
    }
    positions
}

/// Swaps neighbours as long as that removes crossings.
fn swap_neighbours(items: &[Item], layers: &mut [Vec<usize>]) {
    for number in 0..layers.len() {
        for _ in 0..4 {
            let mut is_better = false;
            for at in 1..layers[number].len() {
                let positions = positions(items.len(), layers);
                let (left, right) = (layers[number][at - 1], layers[number][at]);
                let pairs = |a: &[usize], b: &[usize]| {
                    a.iter()
                        .flat_map(|a| b.iter().map(move |b| (*a, *b)))
                        .filter(|(a, b)| positions[*a] > positions[*b])
                        .count()
                };
                let cost = |a: usize, b: usize| {
                    pairs(&items[a].above, &items[b].above) + pairs(&items[a].below, &items[b].below)
                };
                if cost(right, left) < cost(left, right) {
                    layers[number].swap(at - 1, at);
                    is_better = true;
                }
            }
            if !is_better {
                break;
            }
        }
    }
}

fn crossings(items: &[Item], layers: &[Vec<usize>]) -> usize {
    let positions = positions(items.len(), layers);
    let mut found = 0;
    for layer in layers {
        for (at, left) in layer.iter().enumerate() {
            for right in layer.iter().skip(at + 1) {
                for a in &items[*left].below {
                    found += items[*right].below.iter().filter(|b| positions[*a] > positions[**b]).count();
                }
            }
        }
    }
    found
}

/// Horizontal places.
fn place(items: &mut [Item], layers: &mut [Vec<usize>]) {
    for layer in layers.iter() {
        let mut x = 0.0;
        for item in layer {
            items[*item].x = x;
            x += items[*item].size.width + GAP;
        }
    }
    for round in 0..40 {
        let is_down = round % 2 == 0;
        let numbers: Vec<usize> =
            if is_down { (0..layers.len()).collect() } else { (0..layers.len()).rev().collect() };
        for number in numbers {
            let layer = &layers[number];
            let wanted: Vec<(f64, f64)> = layer
                .iter()
                .map(|item| {
                    let item = &items[*item];
                    let (first, second) =
                        if is_down { (&item.above, &item.below) } else { (&item.below, &item.above) };
                    let near = if first.is_empty() { second } else { first };
                    let line =
                        mean(near.iter().map(|other| items[*other].line())).unwrap_or_else(|| item.line());
                    // Long arrows are to be straight.
                    let is_straight =
                        item.kind != Kind::Box && near.iter().any(|other| items[*other].kind != Kind::Box);
                    (line - item.line_offset(), if is_straight { 6.0 } else { 1.0 })
                })
                .collect();
            let gaps: Vec<f64> = layer
                .windows(2)
                .map(|pair| {
                    items[pair[0]].size.width
                        + if items[pair[0]].kind == Kind::Bend && items[pair[1]].kind == Kind::Bend {
                            4.0
                        } else {
                            GAP
                        }
                })
                .collect();
            for (item, x) in layer.iter().zip(spread(&wanted, &gaps)) {
                items[*item].x = x;
            }
        }
    }
    let left = items.iter().map(|item| item.x).fold(f64::INFINITY, f64::min);
    items.iter_mut().for_each(|item| item.x -= left);
}

/// Vertical places, and the ways of the arrows.
fn routes(
    boxes: &[Shape],
    turned: &[bool],
    items: &[Item],
    layers: &[Vec<usize>],
    chains: &[Vec<usize>],
) -> Layout {
    let ports = ports(boxes, items, chains);
    let heights: Vec<f64> = layers
        .iter()
        .map(|layer| layer.iter().map(|item| items[*item].size.height).fold(0.0, f64::max))
        .collect();
    let mut shift = vec![0.0_f64; layers.len()];
    for (chain, ports) in chains.iter().zip(&ports) {
        for (at, pair) in ports.windows(2).enumerate() {
            let rank = items[chain[at]].rank;
            shift[rank] = shift[rank].max((pair[1].0 - pair[0].1).abs());
        }
    }
    let mut tops = Vec::with_capacity(layers.len());
    let mut y = 0.0;
    for (height, shift) in heights.iter().zip(&shift) {
        tops.push(y);
        y += height + (RANK_GAP + shift * 0.08).min(RANK_GAP_MAX);
    }
    let bottom = tops.last().copied().unwrap_or_default() + heights.last().copied().unwrap_or_default();
    let top_of =
        |item: usize| tops[items[item].rank] + (heights[items[item].rank] - items[item].size.height) / 2.0;
    let mut layout = Layout {
        size: Size {
            width: items.iter().map(|item| item.x + item.size.width).fold(0.0, f64::max),
            height: bottom,
        },
        boxes: (0..boxes.len()).map(|item| Point { x: items[item].x, y: top_of(item) }).collect(),
        routes: Vec::with_capacity(chains.len()),
    };
    for ((chain, ports), is_turned) in chains.iter().zip(&ports).zip(turned) {
        let mut route = Route::default();
        for (item, (enter, leave)) in chain.iter().zip(ports) {
            let rank = items[*item].rank;
            let (mut from, mut to) = (tops[rank], tops[rank] + heights[rank]);
            if items[*item].kind == Kind::Box {
                // Lines begin and end at the box, which may be lower than its rank.
                let own = top_of(*item);
                if *item == chain[0] { from = own + items[*item].size.height } else { to = own }
            }
            route.points.extend([Point { x: *enter, y: from }, Point { x: *leave, y: to }]);
            if items[*item].kind == Kind::Label {
                route.label = Some(Point { x: items[*item].x + LABEL_OFFSET, y: top_of(*item) });
            }
        }
        if *is_turned {
            route.points.reverse();
        }
        layout.routes.push(route);
    }
    layout
}

/// Where each arrow meets each item of its chain, from above and from below. At a box they stand side by side.
fn ports(boxes: &[Shape], items: &[Item], chains: &[Vec<usize>]) -> Vec<Vec<(f64, f64)>> {
    let mut ports: Vec<Vec<(f64, f64)>> = chains
        .iter()
        .map(|chain| chain.iter().map(|item| (items[*item].line(), items[*item].line())).collect())
        .collect();
    for (number, (shape, item)) in boxes.iter().zip(items).enumerate() {
        for is_top in [true, false] {
            // The arrows at this side, with the place that their next item would like.
            let mut meeting: Vec<(f64, usize)> = chains
                .iter()
                .enumerate()
                .filter_map(|(arrow, chain)| {
                    let next = if is_top { chain.len().checked_sub(2)? } else { 1 };
                    let end = if is_top { chain.last() } else { chain.first() };
                    (end == Some(&number)).then(|| (items[chain[next]].line(), arrow))
                })
                .collect();
            meeting.sort_by(|(a, first), (b, second)| a.total_cmp(b).then(first.cmp(second)));
            let (left, right) = (item.line() - shape.door / 2.0, item.line() + shape.door / 2.0);
            let steps = meeting.len().saturating_sub(1).max(1);
            let gap = ((right - left) / f64::from(u32::try_from(steps).unwrap_or(u32::MAX))).min(14.0);
            let wanted: Vec<(f64, f64)> = meeting.iter().map(|(x, _)| (x.clamp(left, right), 1.0)).collect();
            let places = spread(&wanted, &vec![gap; meeting.len().saturating_sub(1)]);
            let places = within(places, gap, left, right);
            for ((_, arrow), x) in meeting.iter().zip(places) {
                let at = if is_top { chains[*arrow].len() - 1 } else { 0 };
                ports[*arrow][at] = (x, x);
            }
        }
    }
    ports
}

/// Places moved between two borders, with their distances kept.
fn within(mut places: Vec<f64>, gap: f64, left: f64, right: f64) -> Vec<f64> {
    let mut least = left;
    for place in &mut places {
        *place = place.max(least);
        least = *place + gap;
    }
    let mut most = right;
    for place in places.iter_mut().rev() {
        *place = place.min(most);
        most = *place - gap;
    }
    places
}
