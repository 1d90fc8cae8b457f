//! Dial-ahead: whose time to dial has come.
//!
//! Thin for now: an announcement is made while a ready agent is left for it, so nobody is dialled in the hope
//! that an agent *becomes* ready. The rate-driven form (decision D-096) replaces this function and nothing else.

use std::collections::{BTreeMap, VecDeque};
use std::iter::Peekable;

use vocabulary::{AgentId, Timestamp};

use crate::order::{OrderKey, Standing};
use crate::router::Lines;
use crate::slab::Slot;

/// An entry that was announced and is not yet served.
#[derive(Debug)]
pub(crate) struct Announced<'a> {
    pub(crate) line: Slot,
    pub(crate) excluded: &'a [AgentId],
}

/// The entries to announce, in order.
///
/// Every announced entry first takes one of the ready agents of its targets, so that no agent is counted for two
/// customers; what is left is announced in order. Agents with few uses are taken before those with many.
pub(crate) fn entries_to_announce<'a>(
    lines: &'a Lines,
    announced: impl Iterator<Item = Announced<'a>>,
    now: Timestamp,
    excluded: impl Fn(Slot) -> &'a [AgentId],
) -> Vec<Slot> {
    let mut pools = Pools::new(lines);
    for pending in announced {
        // Whether an agent was left for it is not asked: it was announced and cannot be taken back.
        let _taken = pools.take(pending.line, pending.excluded);
    }
    let mut heads: Vec<(Slot, Peekable<_>)> = lines
        .announceable()
        .iter()
        .filter_map(|slot| Some((*slot, lines.get(*slot)?.announceable.walk(now).peekable())))
        .collect();
    let mut chosen = Vec::new();
    while let Some(index) = first_head(&mut heads) {
        let Some((line, head)) = heads.get_mut(index) else {
            break;
        };
        if pools.is_empty(*line) {
            drop(heads.swap_remove(index));
        } else if let Some((_, key)) = head.next()
            && pools.take(*line, excluded(key.slot))
        {
            chosen.push(key.slot);
        }
    }
    chosen
}

/// Index of the line whose next entry is first in the order; lines without one are ignored.
fn first_head<'a, I>(heads: &mut [(Slot, Peekable<I>)]) -> Option<usize>
where
    I: Iterator<Item = (Standing<'a>, &'a OrderKey)>,
{
    heads
        .iter_mut()
        .enumerate()
        .filter_map(|(index, (_, head))| head.peek().map(|(standing, _)| (*standing, index)))
        .min()
        .map(|(_, index)| index)
}

/// Ready agents by line, those with few uses first. Agents are numbers here.
struct Pools<'a> {
    by_line: BTreeMap<Slot, VecDeque<usize>>,
    agents: Vec<&'a AgentId>,
    is_taken: Vec<bool>,
}

impl<'a> Pools<'a> {
    fn new(lines: &'a Lines) -> Self {
        let mut uses: BTreeMap<&AgentId, (usize, Timestamp)> = BTreeMap::new();
        for (since, agent, _) in lines.iter().flat_map(|(_, line)| &line.ready) {
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
            .filter(|(_, line)| !line.ready.is_empty())
            .map(|(slot, line)| {
                let ready = line.ready.iter();
                let mut members: Vec<usize> =
                    ready.filter_map(|(_, agent, _)| numbers.get(agent).copied()).collect();
                members.sort_unstable();
                (slot, VecDeque::from(members))
            })
            .collect();
        Self { by_line, is_taken: vec![false; agents.len()], agents }
    }

    /// Takes an agent of `line` who is not excluded; says whether there was one.
    fn take(&mut self, line: Slot, excluded: &[AgentId]) -> bool {
        if self.is_empty(line) {
            return false;
        }
        let Some(pool) = self.by_line.get(&line) else {
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
    fn is_empty(&mut self, line: Slot) -> bool {
        let Some(pool) = self.by_line.get_mut(&line) else {
            return true;
        };
        while pool.front().is_some_and(|number| self.is_taken.get(*number) == Some(&true)) {
            pool.pop_front();
        }
        pool.is_empty()
    }
}
