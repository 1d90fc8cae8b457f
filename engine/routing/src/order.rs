//! The order of waiting: priority, then age (decision D-092), also while priorities grow.
//!
//! The priority of an entry is `start + increment × ⌊age ÷ interval⌋`. Entries with other growth overtake each
//! other as time passes; keeping one sorted list would mean to move every entry once in each interval, a million
//! timers for a million who wait. But among entries with the *same* start, increment and interval, one **growth
//! class**, the older one has made at least as many steps as the younger at any time, and where they have made
//! the same number, age decides:
//!
//! * increment above zero: the order is the order of age, for ever;
//! * increment below zero: those with fewest steps come first, each step in the order of age. The steps are cut out
//!   of the order of age by searching for the two boundaries;
//! * no growth: the order is priority, then age, for ever.
//!
//! So each class keeps one static order, nothing is ever moved because of time, and what depends on the time is
//! decided when somebody asks. With *n* entries in *c* classes:
//!
//! | operation | cost |
//! | --- | --- |
//! | [`Order::insert`], [`Order::remove`] | `log c + log n` |
//! | [`Order::first`] | *c* comparisons with heads that are kept beside each other (`log n` more for falling priorities) |
//! | [`Order::rank`] | `c × log n` |
//! | next entry of [`Order::walk`] | *c* comparisons and `log n` |
//!
//! A class is a setting of a service, so *c* is a handful. A chart that computes a start of its own for every
//! callback *and* lets it grow makes a class of each start; a fixed priority of its own costs nothing.

use std::cmp::Reverse;
use std::sync::Arc;

use vocabulary::Timestamp;

use crate::PriorityGrowth;
use crate::counted_set::CountedSet;
use crate::slab::Slot;

/// Place of an entry among others of its class; smaller is served first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct OrderKey {
    /// Priority at the start of waiting.
    pub(crate) start: Reverse<i64>,
    pub(crate) waiting_since: Timestamp,
    pub(crate) entered: Timestamp,
    pub(crate) id: Arc<str>,
    /// Where the entry is kept. Never compared: ids differ.
    pub(crate) slot: Slot,
}

/// Place of an entry among all others at one moment; smaller is served first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Standing<'a> {
    pub(crate) priority: Reverse<i64>,
    waiting_since: Timestamp,
    entered: Timestamp,
    id: &'a str,
}

/// How the priority of an entry changes with its age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Growth {
    /// Not at all.
    None,
    /// By `increment` (never 0) in each `interval_ms` (at least 1).
    Steps { increment: i64, interval_ms: u64 },
}

impl Growth {
    /// Growth that changes anything; intervals below a millisecond, the resolution of time, are none.
    pub(crate) fn new(growth: Option<PriorityGrowth>) -> Self {
        let Some(PriorityGrowth { increment, interval }) = growth else {
            return Self::None;
        };
        match u64::try_from(interval.as_millis()).unwrap_or(u64::MAX) {
            0 => Self::None,
            _ if increment == 0 => Self::None,
            interval_ms => Self::Steps { increment, interval_ms },
        }
    }

    /// Priority of an entry at `now`.
    //= decision: D-092 priority growth follows the guide's resubmit formula
    pub(crate) fn priority(self, start: i64, waiting_since: Timestamp, now: Timestamp) -> i64 {
        match self {
            Self::None => start,
            Self::Steps { increment, interval_ms } => {
                let age = now.as_millis().saturating_sub(waiting_since.as_millis());
                let steps = u64::try_from(age).unwrap_or(0) / interval_ms;
                let steps = i64::try_from(steps).unwrap_or(i64::MAX);
                start.saturating_add(increment.saturating_mul(steps))
            }
        }
    }

    pub(crate) fn standing(self, key: &OrderKey, now: Timestamp) -> Standing<'_> {
        Standing {
            priority: Reverse(self.priority(key.start.0, key.waiting_since, now)),
            waiting_since: key.waiting_since,
            entered: key.entered,
            id: &key.id,
        }
    }

    fn is_falling(self) -> bool {
        matches!(self, Self::Steps { increment, .. } if increment < 0)
    }
}

/// What the entries of a class have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct ClassName {
    growth: Growth,
    /// Priority at the start; 0 for the class without growth, which holds all of them.
    start: i64,
}

impl ClassName {
    fn new(growth: Growth, key: &OrderKey) -> Self {
        let start = if growth == Growth::None { 0 } else { key.start.0 };
        Self { growth, start }
    }
}

/// Entries in order, whatever their growth.
#[derive(Debug, Default)]
pub(crate) struct Order {
    /// By name. They stand side by side in memory: every selection looks at all of them.
    classes: Vec<Class>,
    len: usize,
}

#[derive(Debug)]
struct Class {
    name: ClassName,
    growth: Growth,
    /// First of `keys`, kept here so that comparing the heads of all classes touches no tree.
    head: OrderKey,
    keys: CountedSet<OrderKey>,
}

impl Order {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds an entry.
    pub(crate) fn insert(&mut self, growth: Growth, key: OrderKey) {
        let name = ClassName::new(growth, &key);
        let index = match self.find(name) {
            Ok(index) => index,
            Err(index) => {
                let class = Class { name, growth, head: key.clone(), keys: CountedSet::default() };
                self.classes.insert(index, class);
                index
            }
        };
        let Some(class) = self.classes.get_mut(index) else {
            return;
        };
        if key < class.head {
            class.head = key.clone();
        }
        if class.keys.insert(key) {
            self.len += 1;
        }
    }

    /// Takes an entry out.
    pub(crate) fn remove(&mut self, growth: Growth, key: &OrderKey) {
        let Ok(index) = self.find(ClassName::new(growth, key)) else {
            return;
        };
        let Some(class) = self.classes.get_mut(index) else {
            return;
        };
        if !class.keys.remove(key) {
            return;
        }
        self.len -= 1;
        match class.keys.first() {
            Some(first) if class.head == *key => class.head = first.clone(),
            Some(_) => {}
            None => {
                self.classes.remove(index);
            }
        }
    }

    fn find(&self, name: ClassName) -> Result<usize, usize> {
        self.classes.binary_search_by(|class| class.name.cmp(&name))
    }

    /// The entry that is served first at `now`.
    pub(crate) fn first(&self, now: Timestamp) -> Option<(Standing<'_>, &OrderKey)> {
        self.classes
            .iter()
            .filter_map(|class| {
                let key = if class.growth.is_falling() {
                    class.keys.get(class.newest_step(class.keys.len(), now))?
                } else {
                    &class.head
                };
                Some((class.growth.standing(key, now), key))
            })
            .min_by(|a, b| a.0.cmp(&b.0))
    }

    /// How many entries are served before `own` at `now`.
    pub(crate) fn rank(&self, own: &Standing<'_>, now: Timestamp) -> usize {
        self.classes.iter().map(|class| class.rank(own, now)).sum()
    }

    /// All entries in the order in which they are served at `now`.
    pub(crate) fn walk(&self, now: Timestamp) -> Walk<'_> {
        Walk { cursors: self.classes.iter().map(|class| Cursor::new(class, now)).collect(), now }
    }
}

impl Class {
    /// For falling priorities: where, among the first `end` of the age order, those with fewest steps begin.
    fn newest_step(&self, end: usize, now: Timestamp) -> usize {
        let Some(newest) = end.checked_sub(1).and_then(|last| self.keys.get(last)) else {
            return 0;
        };
        let highest = self.growth.standing(newest, now).priority;
        self.keys.count_while(|key| self.growth.standing(key, now).priority > highest)
    }

    fn rank(&self, own: &Standing<'_>, now: Timestamp) -> usize {
        let growth = self.growth;
        if !self.growth.is_falling() {
            return self.keys.count_while(|key| growth.standing(key, now) < *own);
        }
        // The age order is: lower priority, same priority, higher priority.
        let same_from = self.keys.count_while(|key| growth.standing(key, now).priority > own.priority);
        let same_to = self.keys.count_while(|key| growth.standing(key, now).priority >= own.priority);
        let age = |of: &Standing<'_>| (of.waiting_since, of.entered);
        let older = self.keys.count_while(|key| {
            let other = growth.standing(key, now);
            (age(&other), other.id) < (age(own), own.id)
        });
        self.keys.len() - same_to + older.clamp(same_from, same_to) - same_from
    }
}

/// See [`Order::walk`].
#[derive(Debug)]
pub(crate) struct Walk<'a> {
    cursors: Vec<Cursor<'a>>,
    now: Timestamp,
}

#[derive(Debug)]
struct Cursor<'a> {
    class: &'a Class,
    next: Option<(Standing<'a>, &'a OrderKey)>,
    /// Index of what follows `next`.
    index: usize,
    /// End of the step that is being walked, and its begin: all of the class unless priorities fall.
    end: usize,
    begin: usize,
}

impl<'a> Cursor<'a> {
    fn new(class: &'a Class, now: Timestamp) -> Self {
        let end = class.keys.len();
        let begin = if class.growth.is_falling() { class.newest_step(end, now) } else { 0 };
        let mut cursor = Self { class, next: None, index: begin, end, begin };
        cursor.advance(now);
        cursor
    }

    fn advance(&mut self, now: Timestamp) {
        if self.index == self.end && self.begin > 0 {
            self.end = self.begin;
            self.begin = self.class.newest_step(self.end, now);
            self.index = self.begin;
        }
        self.next = match self.index < self.end {
            true => self.class.keys.get(self.index).map(|key| (self.class.growth.standing(key, now), key)),
            false => None,
        };
        self.index += 1;
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = (Standing<'a>, &'a OrderKey);

    fn next(&mut self) -> Option<Self::Item> {
        let now = self.now;
        let cursor = self
            .cursors
            .iter_mut()
            .filter(|cursor| cursor.next.is_some())
            .min_by(|a, b| a.next.as_ref().map(|next| next.0).cmp(&b.next.as_ref().map(|next| next.0)))?;
        let next = cursor.next.take();
        cursor.advance(now);
        next
    }
}

#[cfg(test)]
mod tests;
