//! Sets of states, in document order.

use crate::chart::StateIx;
use crate::xml::to_u32;

/// A set of states as bits. That of a chart with at most 64 states has no allocation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct StateSet {
    first: u64,
    rest: Vec<u64>,
}

impl StateSet {
    pub(crate) fn insert(&mut self, state: StateIx) {
        let bit = 1 << (state % 64);
        match (state / 64) as usize {
            0 => self.first |= bit,
            word => {
                if word > self.rest.len() {
                    self.rest.resize(word, 0);
                }
                self.rest[word - 1] |= bit;
            }
        }
    }

    pub(crate) fn remove(&mut self, state: StateIx) {
        if let Some(word) = self.word_mut((state / 64) as usize) {
            *word &= !(1 << (state % 64));
        }
    }

    pub(crate) fn contains(&self, state: StateIx) -> bool {
        self.word((state / 64) as usize) & (1 << (state % 64)) != 0
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first == 0 && self.rest.iter().all(|word| *word == 0)
    }

    pub(crate) fn clear(&mut self) {
        self.first = 0;
        self.rest.clear();
    }

    /// In document order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = StateIx> {
        self.words().flat_map(|(index, word)| Bits(word).map(move |bit| index * 64 + bit))
    }

    /// Against document order.
    pub(crate) fn iter_back(&self) -> impl Iterator<Item = StateIx> {
        (0..=to_u32(self.rest.len()))
            .rev()
            .map(|index| (index, self.word(index as usize)))
            .flat_map(|(index, word)| BitsBack(word).map(move |bit| index * 64 + bit))
    }

    pub(crate) fn to_vec(&self) -> Vec<StateIx> {
        self.iter().collect()
    }

    pub(crate) fn intersects(&self, other: &Self) -> bool {
        self.first & other.first != 0 || self.rest.iter().zip(&other.rest).any(|(a, b)| a & b != 0)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.words().map(|(_, word)| word.count_ones() as usize).sum()
    }

    /// Inserts what `other` has from `first` to `last`, both included.
    pub(crate) fn insert_from(&mut self, other: &Self, first: StateIx, last: StateIx) {
        if first > last {
            return;
        }
        self.rest.resize(self.rest.len().max(other.rest.len()), 0);
        let (from, to) = ((first / 64) as usize, (last / 64) as usize);
        for index in from..=to.min(other.rest.len()) {
            let low = if index == from { !0 << (first % 64) } else { !0 };
            let high = if index == to { !0 >> (63 - last % 64) } else { !0 };
            let word = other.word(index) & low & high;
            if let Some(own) = self.word_mut(index) {
                *own |= word;
            }
        }
    }

    /// Whether there is any from `first` to `last`, both included.
    pub(crate) fn has_any_of(&self, first: StateIx, last: StateIx) -> bool {
        let (from, to) = (first / 64, last / 64);
        self.words().take_while(|(index, _)| *index <= to).any(|(index, word)| {
            let low = if index == from { !0 << (first % 64) } else { !0 };
            let high = if index == to { !0 >> (63 - last % 64) } else { !0 };
            index >= from && word & low & high != 0
        })
    }

    fn words(&self) -> impl Iterator<Item = (u32, u64)> {
        std::iter::once(self.first)
            .chain(self.rest.iter().copied())
            .zip(0u32..)
            .map(|(word, index)| (index, word))
    }

    fn word(&self, index: usize) -> u64 {
        match index {
            0 => self.first,
            index => self.rest.get(index - 1).copied().unwrap_or_default(),
        }
    }

    fn word_mut(&mut self, index: usize) -> Option<&mut u64> {
        match index {
            0 => Some(&mut self.first),
            index => self.rest.get_mut(index - 1),
        }
    }
}

/// The bits of a word, from the lowest.
struct Bits(u64);

impl Iterator for Bits {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let bit = (self.0 != 0).then(|| self.0.trailing_zeros())?;
        self.0 &= self.0 - 1;
        Some(bit)
    }
}

/// The bits of a word, from the highest.
struct BitsBack(u64);

impl Iterator for BitsBack {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let bit = (self.0 != 0).then(|| 63 - self.0.leading_zeros())?;
        self.0 ^= 1 << bit;
        Some(bit)
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
        assert_eq!(set.iter_back().collect::<Vec<_>>(), [130, 3]);
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
            let mut copy = StateSet::default();
            copy.insert_from(&set, first, last);
            let inside = |state: &StateIx| (first..=last).contains(state);
            assert_eq!(copy.to_vec(), set.iter().filter(inside).collect::<Vec<_>>(), "{first} to {last}");
        }
    }
}
