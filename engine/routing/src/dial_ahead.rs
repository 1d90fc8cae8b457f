//! Dial-ahead: whose time to dial has come.
//!
//! Thin for now: an announcement is made while a ready agent is left for it, so nobody is dialled in the hope
//! that an agent *becomes* ready. The rate-driven form (decision D-096) replaces this function and nothing else.

use std::collections::{BTreeMap, VecDeque};
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
    if !lines.values().any(|line| !line.ready.is_empty() && !line.announceable.is_empty()) {
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

/// Ready agents by line, those with few uses first. Agents are numbers here: this runs with every command.
struct Pools<'a> {
    by_line: BTreeMap<&'a str, VecDeque<usize>>,
    agents: Vec<&'a AgentId>,
    is_taken: Vec<bool>,
}

impl<'a> Pools<'a> {
    fn new(lines: &'a BTreeMap<Arc<str>, Line>) -> Self {
        let mut uses: BTreeMap<&AgentId, (usize, Timestamp)> = BTreeMap::new();
        for (since, agent) in lines.values().flat_map(|line| &line.ready) {
            uses.entry(agent).or_insert((0, *since)).0 += 1;
        }
        let mut agents: Vec<(usize, Timestamp, &AgentId)> =
            uses.into_iter().map(|(agent, (uses, since))| (uses, since, agent)).collect();
        agents.sort_unstable();
        let agents: Vec<&AgentId> = agents.into_iter().map(|(_, _, agent)| agent).collect();
        let numbers: BTreeMap<&AgentId, usize> =
            agents.iter().enumerate().map(|(number, agent)| (*agent, number)).collect();
        let by_line = lines
            .iter()
            .map(|(name, line)| {
                let mut members: Vec<usize> =
                    line.ready.iter().filter_map(|(_, agent)| numbers.get(agent).copied()).collect();
                members.sort_unstable();
                (name.as_ref(), VecDeque::from(members))
            })
            .collect();
        Self { by_line, is_taken: vec![false; agents.len()], agents }
    }

    /// Takes an agent of `line` who is not excluded; says whether there was one.
    fn take(&mut self, line: &str, excluded: &[AgentId]) -> bool {
        if self.is_empty(line) {
            return false;
        }
        let Some(pool) = self.by_line.get(line) else {
            return false;
        };
        let fits = |number: &usize| {
            let is_free = self.is_taken.get(*number) == Some(&false);
            is_free && self.agents.get(*number).is_some_and(|agent| !excluded.contains(agent))
        };
        let found = pool.iter().copied().find(fits);
        match found.and_then(|number| self.is_taken.get_mut(number)) {
            Some(is_taken) => {
                *is_taken = true;
                true
            }
            None => false,
        }
    }

    /// Whether no agent of `line` is left; forgets those that were taken.
    fn is_empty(&mut self, line: &str) -> bool {
        let Some(pool) = self.by_line.get_mut(line) else {
            return true;
        };
        while pool.front().is_some_and(|number| self.is_taken.get(*number) == Some(&true)) {
            pool.pop_front();
        }
        pool.is_empty()
    }
}
