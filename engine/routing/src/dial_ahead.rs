//! Dial-ahead: whose time to dial has come.
//!
//! Thin for now: an announcement is made while a ready agent is left for it, so nobody is dialled in the hope
//! that an agent *becomes* ready. The rate-driven form (decision D-096) replaces this function and nothing else.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::iter::Peekable;
use std::sync::Arc;

use vocabulary::{AgentId, Timestamp};

use crate::line::Line;
use crate::order::OrderKey;

/// An entry that was announced and is not yet served.
#[derive(Debug)]
pub(crate) struct Announced<'a> {
    pub(crate) line: &'a Arc<str>,
    pub(crate) excluded: &'a [AgentId],
}

/// Ids of the entries to announce, in order.
///
/// Every announced entry first takes one of the ready agents of its targets, so that no agent is counted for two
/// customers; what is left is announced in order. Agents with few uses are taken before those with many.
pub(crate) fn entries_to_announce<'a>(
    lines: &'a BTreeMap<Arc<str>, Line>,
    announced: impl Iterator<Item = Announced<'a>>,
    excluded: impl Fn(&str) -> &'a [AgentId],
) -> Vec<Arc<str>> {
    if !lines
        .values()
        .any(|line| !line.ready.is_empty() && !line.announceable.is_empty())
    {
        return Vec::new();
    }
    let mut pools = Pools::new(lines);
    for pending in announced {
        // Whether an agent was left for it is not asked: it was announced and cannot be taken back.
        let _taken = pools.take(pending.line, pending.excluded);
    }
    let mut heads: Vec<(&Arc<str>, Peekable<_>)> = lines
        .iter()
        .filter(|(_, line)| !line.ready.is_empty() && !line.announceable.is_empty())
        .map(|(name, line)| (name, line.announceable.iter().peekable()))
        .collect();
    let mut chosen = Vec::new();
    while let Some(index) = first_head(&mut heads) {
        let Some((name, head)) = heads.get_mut(index) else {
            break;
        };
        if pools.is_empty(name) {
            drop(heads.swap_remove(index));
        } else if let Some(key) = head.next()
            && pools.take(name, excluded(&key.id))
        {
            chosen.push(Arc::clone(&key.id));
        }
    }
    chosen
}

/// Index of the line whose next entry is first in the order; lines without one are ignored.
fn first_head<'a, I: Iterator<Item = &'a OrderKey>>(heads: &mut [(&Arc<str>, Peekable<I>)]) -> Option<usize> {
    heads
        .iter_mut()
        .enumerate()
        .filter_map(|(index, (_, head))| head.peek().map(|key| (*key, index)))
        .min()
        .map(|(_, index)| index)
}

/// Ready agents by line, those with few uses first.
struct Pools<'a> {
    by_line: BTreeMap<&'a str, VecDeque<&'a AgentId>>,
    taken: BTreeSet<&'a AgentId>,
}

impl<'a> Pools<'a> {
    fn new(lines: &'a BTreeMap<Arc<str>, Line>) -> Self {
        let mut uses: BTreeMap<&AgentId, usize> = BTreeMap::new();
        for (_, agent) in lines.values().flat_map(|line| &line.ready) {
            *uses.entry(agent).or_default() += 1;
        }
        let by_line = lines
            .iter()
            .map(|(name, line)| {
                let mut agents: Vec<(usize, Timestamp, &AgentId)> = line
                    .ready
                    .iter()
                    .map(|(since, agent)| (uses.get(agent).copied().unwrap_or(0), *since, agent))
                    .collect();
                agents.sort_unstable();
                let agents = agents.into_iter().map(|(_, _, agent)| agent).collect();
                (name.as_ref(), agents)
            })
            .collect();
        Self {
            by_line,
            taken: BTreeSet::new(),
        }
    }

    /// Takes an agent of `line` who is not excluded; says whether there was one.
    fn take(&mut self, line: &str, excluded: &[AgentId]) -> bool {
        let Some(pool) = self.by_line.get(line) else {
            return false;
        };
        let agent = pool
            .iter()
            .copied()
            .find(|agent| !self.taken.contains(agent) && !excluded.contains(agent));
        agent.is_some_and(|agent| self.taken.insert(agent))
    }

    /// Whether no agent of `line` is left; forgets those that were taken.
    fn is_empty(&mut self, line: &str) -> bool {
        let Some(pool) = self.by_line.get_mut(line) else {
            return true;
        };
        while pool.front().is_some_and(|agent| self.taken.contains(agent)) {
            pool.pop_front();
        }
        pool.is_empty()
    }
}
