//! Storage that gives each value a number by which it is found at once, and uses the numbers of the gone again.
//!
//! The storage grows in pieces, so that no insertion has to move what is there.

/// Values of one piece.
const PIECE: usize = 1024;

/// Number of a stored value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Slot(u32);

impl Slot {
    /// The number of no value.
    pub(crate) const NONE: Self = Self(u32::MAX);

    fn place(self) -> (usize, usize) {
        let number = usize::try_from(self.0).unwrap_or(usize::MAX);
        (number / PIECE, number % PIECE)
    }
}

/// The storage.
#[derive(Debug)]
pub(crate) struct Slab<T> {
    pieces: Vec<Vec<Option<T>>>,
    free: Vec<Slot>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { pieces: Vec::new(), free: Vec::new() }
    }
}

impl<T> Slab<T> {
    /// A number that no value has. It must be given back by [`Slab::put`] or [`Slab::remove`].
    pub(crate) fn reserve(&mut self) -> Slot {
        if let Some(slot) = self.free.pop() {
            return slot;
        }
        if self.pieces.last().is_none_or(|piece| piece.len() == PIECE) {
            self.pieces.push(Vec::with_capacity(PIECE));
        }
        let before = (self.pieces.len() - 1) * PIECE;
        match self.pieces.last_mut() {
            Some(piece) => {
                piece.push(None);
                Slot(u32::try_from(before + piece.len() - 1).unwrap_or(u32::MAX))
            }
            None => Slot(u32::MAX),
        }
    }

    /// Stores a value under a number that was reserved or taken.
    pub(crate) fn put(&mut self, slot: Slot, value: T) {
        if let Some(place) = self.place_mut(slot) {
            *place = Some(value);
        }
    }

    /// Stores a value.
    pub(crate) fn insert(&mut self, value: T) -> Slot {
        let slot = self.reserve();
        self.put(slot, value);
        slot
    }

    /// Takes a value out and keeps its number for it.
    pub(crate) fn take(&mut self, slot: Slot) -> Option<T> {
        self.place_mut(slot)?.take()
    }

    /// Takes a value out, if there is one, and lets its number go.
    pub(crate) fn remove(&mut self, slot: Slot) -> Option<T> {
        let value = self.take(slot);
        self.free.push(slot);
        value
    }

    pub(crate) fn get(&self, slot: Slot) -> Option<&T> {
        let (piece, index) = slot.place();
        self.pieces.get(piece)?.get(index)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, slot: Slot) -> Option<&mut T> {
        self.place_mut(slot)?.as_mut()
    }

    /// All values with their numbers, by number.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Slot, &T)> {
        let places = self.pieces.iter().flatten();
        (0_u32..).zip(places).filter_map(|(number, place)| Some((Slot(number), place.as_ref()?)))
    }

    fn place_mut(&mut self, slot: Slot) -> Option<&mut Option<T>> {
        let (piece, index) = slot.place();
        self.pieces.get_mut(piece)?.get_mut(index)
    }
}

#[cfg(test)]
mod tests {
    use super::{PIECE, Slab};

    #[test]
    fn numbers_are_used_again_and_values_stay_where_they_are() {
        let mut slab = Slab::default();
        let slots: Vec<_> = (0..2 * PIECE + 1).map(|value| slab.insert(value)).collect();
        assert_eq!(slab.remove(slots[7]), Some(7));
        assert_eq!(slab.get(slots[7]), None);
        assert_eq!(slab.insert(99), slots[7]);
        assert_eq!(slab.get(slots[PIECE]), Some(&PIECE));
        assert_eq!(slab.iter().count(), slots.len());
        assert_eq!(slab.take(slots[8]), Some(8));
        assert_ne!(slab.insert(100), slots[8], "a number whose value was only taken is not free");
    }
}
