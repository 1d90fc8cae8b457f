//! Where an entry is kept, by its id.

use std::collections::HashMap;
use std::sync::Arc;

use crate::slab::Slot;

/// Number of tables. One table of a million ids would stop the router for tens of milliseconds when it grows.
const TABLES: usize = 64;

/// The directory. Only looked up, never walked: no outcome depends on the order of its tables.
#[derive(Debug)]
pub(crate) struct Directory {
    tables: Vec<HashMap<Arc<str>, Slot>>,
}

impl Default for Directory {
    fn default() -> Self {
        Self { tables: std::iter::repeat_with(HashMap::new).take(TABLES).collect() }
    }
}

impl Directory {
    pub(crate) fn get(&self, id: &str) -> Option<Slot> {
        self.tables.get(table_of(id))?.get(id).copied()
    }

    pub(crate) fn insert(&mut self, id: Arc<str>, slot: Slot) {
        if let Some(table) = self.tables.get_mut(table_of(&id)) {
            table.insert(id, slot);
        }
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<Slot> {
        self.tables.get_mut(table_of(id))?.remove(id)
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.tables.iter().map(HashMap::len).sum()
    }
}

/// Any spread will do: the tables themselves hash well.
fn table_of(id: &str) -> usize {
    id.bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte))) % TABLES
}
