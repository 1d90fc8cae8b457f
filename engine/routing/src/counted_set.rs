//! An ordered set that knows how many of its elements come before another: a B+ tree with counts.
//!
//! The standard library's ordered set cannot say at which place an element stands without walking there, and the
//! position of somebody who waits is asked for all the time. Every operation here descends once from the root:
//! logarithmic in the number of elements, with a base of at least sixteen.
//!
//! **Invariants**: elements are strictly ascending; an inner node has at least one child and knows the number of
//! elements below each; only the root may be empty.

/// Most elements of a leaf, and most children of an inner node.
const NODE_MAX: usize = 64;
/// Nodes with fewer elements are joined with a neighbour where both fit into one.
const NODE_MIN: usize = NODE_MAX / 4;

/// The set.
#[derive(Debug)]
pub(crate) struct CountedSet<K> {
    root: Node<K>,
}

#[derive(Debug)]
enum Node<K> {
    Leaf(Vec<K>),
    Inner(Vec<Child<K>>),
}

#[derive(Debug)]
struct Child<K> {
    /// No element below is smaller; elements of the child to the left are.
    first: K,
    count: usize,
    node: Node<K>,
}

impl<K> Default for CountedSet<K> {
    fn default() -> Self {
        Self { root: Node::Leaf(Vec::new()) }
    }
}

impl<K: Ord + Clone> CountedSet<K> {
    /// Number of elements.
    pub(crate) fn len(&self) -> usize {
        self.root.count()
    }

    /// Adds an element; `false` when it was there.
    pub(crate) fn insert(&mut self, key: K) -> bool {
        let (is_new, split) = self.root.insert(key);
        if let Some(right) = split {
            let left = std::mem::replace(&mut self.root, Node::Inner(Vec::new()));
            self.root = Node::Inner([left, right].into_iter().filter_map(Child::new).collect());
        }
        is_new
    }

    /// Takes an element out; `false` when it was not there.
    pub(crate) fn remove(&mut self, key: &K) -> bool {
        let was_there = self.root.remove(key);
        while let Node::Inner(children) = &mut self.root {
            match children.len() {
                0 => self.root = Node::Leaf(Vec::new()),
                1 => match children.pop() {
                    Some(only) => self.root = only.node,
                    None => break,
                },
                _ => break,
            }
        }
        was_there
    }

    /// The smallest element.
    pub(crate) fn first(&self) -> Option<&K> {
        self.get(0)
    }

    /// The element before which `index` others come.
    pub(crate) fn get(&self, mut index: usize) -> Option<&K> {
        let mut node = &self.root;
        loop {
            match node {
                Node::Leaf(keys) => return keys.get(index),
                Node::Inner(children) => {
                    node = children.iter().find_map(|child| {
                        if index < child.count {
                            return Some(&child.node);
                        }
                        index -= child.count;
                        None
                    })?;
                }
            }
        }
    }

    /// How many elements satisfy `is_before`, which holds for a first part of the elements and for no other.
    pub(crate) fn count_while(&self, is_before: impl Fn(&K) -> bool) -> usize {
        let mut node = &self.root;
        let mut before = 0;
        loop {
            match node {
                Node::Leaf(keys) => return before + keys.partition_point(|key| is_before(key)),
                Node::Inner(children) => {
                    // The boundary lies below the last child whose first element is still before it. A bound may
                    // be an element that was taken out since; it separates the children all the same.
                    let index = children.partition_point(|child| is_before(&child.first)).saturating_sub(1);
                    let (left, rest) = children.split_at(index);
                    before += left.iter().map(|child| child.count).sum::<usize>();
                    match rest.first() {
                        Some(child) => node = &child.node,
                        None => return before,
                    }
                }
            }
        }
    }
}

impl<K: Ord + Clone> Child<K> {
    fn new(node: Node<K>) -> Option<Self> {
        let first = match &node {
            Node::Leaf(keys) => keys.first()?,
            Node::Inner(children) => &children.first()?.first,
        };
        Some(Self { first: first.clone(), count: node.count(), node })
    }
}

impl<K: Ord + Clone> Node<K> {
    fn count(&self) -> usize {
        match self {
            Self::Leaf(keys) => keys.len(),
            Self::Inner(children) => children.iter().map(|child| child.count).sum(),
        }
    }

    /// Elements of a leaf, children of an inner node.
    fn width(&self) -> usize {
        match self {
            Self::Leaf(keys) => keys.len(),
            Self::Inner(children) => children.len(),
        }
    }

    /// Whether the element is new, and the right half when the node had to be split.
    fn insert(&mut self, key: K) -> (bool, Option<Self>) {
        match self {
            Self::Leaf(keys) => {
                let Err(index) = keys.binary_search(&key) else {
                    return (false, None);
                };
                let at_end = index == keys.len();
                keys.insert(index, key);
                if keys.len() <= NODE_MAX {
                    return (true, None);
                }
                // Most come in at the end, being the youngest: leaves that are left behind stay full.
                let cut = if at_end { NODE_MAX - 1 } else { NODE_MAX / 2 };
                (true, Some(Self::Leaf(split_off(keys, cut))))
            }
            Self::Inner(children) => {
                let index = children.partition_point(|child| child.first <= key).saturating_sub(1);
                let Some(child) = children.get_mut(index) else {
                    return (false, None);
                };
                if key < child.first {
                    child.first = key.clone();
                }
                let (is_new, split) = child.node.insert(key);
                child.count += usize::from(is_new);
                if let Some(right) = split.and_then(Child::new) {
                    child.count -= right.count;
                    let at_end = index + 1 == children.len();
                    children.insert(index + 1, right);
                    if children.len() > NODE_MAX {
                        let cut = if at_end { NODE_MAX - 1 } else { NODE_MAX / 2 };
                        return (is_new, Some(Self::Inner(split_off(children, cut))));
                    }
                }
                (is_new, None)
            }
        }
    }

    fn remove(&mut self, key: &K) -> bool {
        match self {
            Self::Leaf(keys) => match keys.binary_search(key) {
                Ok(index) => {
                    keys.remove(index);
                    true
                }
                Err(_) => false,
            },
            Self::Inner(children) => {
                let index = children.partition_point(|child| child.first <= *key).saturating_sub(1);
                let Some(child) = children.get_mut(index) else {
                    return false;
                };
                if !child.node.remove(key) {
                    return false;
                }
                child.count -= 1;
                if child.count == 0 {
                    children.remove(index);
                } else if child.node.width() < NODE_MIN {
                    join_with_neighbour(children, index);
                }
                true
            }
        }
    }
}

/// The right part, in a vector of full size: it will be filled.
fn split_off<T>(left: &mut Vec<T>, cut: usize) -> Vec<T> {
    let mut right = Vec::with_capacity(NODE_MAX + 1);
    right.extend(left.drain(cut..));
    right
}

/// Joins the child at `index` with the one before or after it, if both fit into one node.
fn join_with_neighbour<K>(children: &mut Vec<Child<K>>, index: usize) {
    for left in [index.checked_sub(1), Some(index)].into_iter().flatten() {
        let fits = match (children.get(left), children.get(left + 1)) {
            (Some(a), Some(b)) => match (&a.node, &b.node) {
                (Node::Leaf(a), Node::Leaf(b)) => a.len() + b.len() <= NODE_MAX,
                (Node::Inner(a), Node::Inner(b)) => a.len() + b.len() <= NODE_MAX,
                _ => false,
            },
            _ => false,
        };
        if !fits {
            continue;
        }
        let right = children.remove(left + 1);
        if let Some(into) = children.get_mut(left) {
            into.count += right.count;
            match (&mut into.node, right.node) {
                (Node::Leaf(a), Node::Leaf(b)) => a.extend(b),
                (Node::Inner(a), Node::Inner(b)) => a.extend(b),
                // Siblings are of the same height.
                _ => {}
            }
        }
        return;
    }
}

#[cfg(test)]
mod tests;
