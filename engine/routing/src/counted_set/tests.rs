use std::collections::BTreeSet;

use super::{CountedSet, Node};
use crate::chance::Chance;

/// Checks what must hold below a node and says how deep it is.
fn check_node(node: &Node<u32>, is_root: bool, seed: u64) -> usize {
    match node {
        Node::Leaf(keys) => {
            assert!(keys.is_sorted_by(|a, b| a < b), "seed {seed}");
            assert!(is_root || !keys.is_empty(), "seed {seed}: an empty leaf");
            0
        }
        Node::Inner(children) => {
            assert!(!children.is_empty(), "seed {seed}: an inner node without children");
            let mut depths = BTreeSet::new();
            for child in children {
                assert_eq!(child.count, child.node.count(), "seed {seed}: count");
                depths.insert(check_node(&child.node, false, seed));
            }
            assert_eq!(depths.len(), 1, "seed {seed}: leaves at different depths");
            depths.pop_first().unwrap() + 1
        }
    }
}

fn check(set: &CountedSet<u32>, model: &BTreeSet<u32>, probe: u32, seed: u64) {
    assert_eq!(set.len(), model.len(), "seed {seed}");
    assert_eq!(set.first(), model.first(), "seed {seed}");
    assert_eq!(set.count_while(|key| *key < probe), model.range(..probe).count(), "seed {seed}: {probe}");
}

#[test]
fn the_set_agrees_with_a_plain_one_whatever_is_put_in_and_taken_out() {
    for seed in 0..60 {
        let mut chance = Chance::new(seed);
        let (mut set, mut model) = (CountedSet::default(), BTreeSet::new());
        // The share of removals differs by seed and phase, so that sets grow large and become empty again.
        let range = [20, 400, 20_000][chance.below(3)];
        for phase in 0..6 {
            let removals = [1, 5, 9][chance.below(3)];
            for step in 0..1_000 {
                let key = u32::try_from(match phase % 3 {
                    0 => chance.below(range),
                    1 => phase * range + step,
                    _ => model.first().map_or(0, |first| *first as usize) + chance.below(8),
                })
                .unwrap();
                if chance.below(10) < removals {
                    assert_eq!(set.remove(&key), model.remove(&key), "seed {seed}: remove {key}");
                } else {
                    assert_eq!(set.insert(key), model.insert(key), "seed {seed}: insert {key}");
                }
                check(&set, &model, u32::try_from(chance.below(range)).unwrap(), seed);
            }
            check_node(&set.root, true, seed);
            let all: Vec<u32> = (0..set.len()).map(|index| *set.get(index).unwrap()).collect();
            assert!(all.iter().eq(model.iter()), "seed {seed}");
            assert_eq!(set.get(set.len()), None);
        }
        for key in model.clone() {
            assert!(set.remove(&key), "seed {seed}");
            model.remove(&key);
            check(&set, &model, key, seed);
        }
        assert_eq!(set.len(), 0);
    }
}

#[test]
fn the_tree_stays_shallow() {
    let mut set = CountedSet::default();
    for key in 0..200_000_u32 {
        set.insert(key.wrapping_mul(2_654_435_761));
    }
    assert!(check_node(&set.root, true, 0) <= 3);
    for key in 0..199_000_u32 {
        set.remove(&key.wrapping_mul(2_654_435_761));
    }
    assert!(check_node(&set.root, true, 0) <= 2, "joined again");
}
