//! Places on a line that keep their order and their distances.

/// Places as near as possible to the wanted ones, by the sum of weighted squares, with at least `gaps` between neighbours.
///
/// Isotonic regression by pooling adjacent violators: exact, in one pass.
pub(super) fn spread(wanted: &[(f64, f64)], gaps: &[f64]) -> Vec<f64> {
    let mut offset = 0.0;
    let mut offsets = Vec::with_capacity(wanted.len());
    // Blocks of neighbours that stand at their smallest distance: mean, weight, length.
    let mut blocks: Vec<(f64, f64, usize)> = Vec::new();
    for (index, (place, weight)) in wanted.iter().enumerate() {
        if let Some(gap) = index.checked_sub(1).and_then(|before| gaps.get(before)) {
            offset += gap;
        }
        offsets.push(offset);
        let mut block = (place - offset, *weight, 1);
        while let Some(last) = blocks.last().copied().filter(|last| last.0 > block.0) {
            let weight = last.1 + block.1;
            block = ((last.0 * last.1 + block.0 * block.1) / weight, weight, last.2 + block.2);
            blocks.pop();
        }
        blocks.push(block);
    }
    let places = blocks.iter().flat_map(|(mean, _, length)| std::iter::repeat_n(*mean, *length));
    places.zip(offsets).map(|(mean, offset)| mean + offset).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_room_stands_where_it_wants() {
        assert_eq!(spread(&[(0.0, 1.0), (20.0, 1.0)], &[10.0]), [0.0, 20.0]);
    }

    #[test]
    fn what_has_none_shares_it() {
        assert_eq!(spread(&[(10.0, 1.0), (10.0, 1.0)], &[10.0]), [5.0, 15.0]);
        assert_eq!(spread(&[(10.0, 3.0), (10.0, 1.0)], &[8.0]), [8.0, 16.0]);
        assert_eq!(spread(&[], &[]), Vec::<f64>::new());
    }
}
