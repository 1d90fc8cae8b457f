//! Sets of states, in document order.

use crate::chart::StateIx;

/// A set of states as bits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct StateSet {
    words: Vec<u64>,
}

impl StateSet {
    pub(crate) fn insert(&mut self, state: StateIx) {
        let word = (state / 64) as usize;
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        self.words[word] |= 1 << (state % 64);
    }

    pub(crate) fn remove(&mut self, state: StateIx) {
        if let Some(word) = self.words.get_mut((state / 64) as usize) {
            *word &= !(1 << (state % 64));
        }
    }

    pub(crate) fn contains(&self, state: StateIx) -> bool {
        self.words.get((state / 64) as usize).is_some_and(|word| word & (1 << (state % 64)) != 0)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    pub(crate) fn clear(&mut self) {
        self.words.clear();
    }

    /// In document order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = StateIx> {
        self.words.iter().zip(0u32..).flat_map(|(word, index)| {
            let word = *word;
            (0..64).filter(move |bit| word & (1 << bit) != 0).map(move |bit| index * 64 + bit)
        })
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether there is any from `first` to `last`, both included.
    pub(crate) fn has_any_of(&self, first: StateIx, last: StateIx) -> bool {
        let (from, to) = ((first / 64) as usize, (last / 64) as usize);
        self.words.iter().enumerate().take(to + 1).skip(from).any(|(index, word)| {
            let low = if index == from { !0 << (first % 64) } else { !0 };
            let high = if index == to { !0 >> (63 - last % 64) } else { !0 };
            word & low & high != 0
        })
    }

    pub(crate) fn to_vec(&self) -> Vec<StateIx> {
        self.iter().collect()
    }

    pub(crate) fn intersects(&self, other: &Self) -> bool {
        self.words.iter().zip(&other.words).any(|(a, b)| a & b != 0)
    }
}

impl FromIterator<StateIx> for StateSet {
    fn from_iter<I: IntoIterator<Item = StateIx>>(states: I) -> Self {
        let mut set = Self::default();
        for state in states {
            set.insert(state);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iteration_is_in_document_order() {
        let mut set: StateSet = [130, 3, 64].into_iter().collect();
        set.remove(64);
        set.remove(9999);
        assert_eq!(set.to_vec(), [3, 130]);
        assert!(set.contains(130) && !set.contains(64));
        assert!(set.intersects(&[3].into_iter().collect()));
        assert!(!set.intersects(&[4].into_iter().collect()));
        assert_eq!(set.len(), 2);
    }

    #[test]
    fn a_range_is_looked_at_without_its_neighbours() {
        let set: StateSet = [5, 64, 200].into_iter().collect();
        for (first, last, expected) in [
            (0, 4, false),
            (5, 5, true),
            (6, 63, false),
            (0, 300, true),
            (64, 64, true),
            (65, 199, false),
            (128, 200, true),
            (201, 999, false),
        ] {
            assert_eq!(set.has_any_of(first, last), expected, "{first} to {last}");
        }
    }
}
