//! Who of several ready agents is chosen, and by which target.

use vocabulary::Timestamp;

use super::Router;
use crate::agents::Agent;
use crate::line::Line;
use crate::slab::Slot;
use crate::statistics::{Statistic, StatisticUse};
use crate::{AgentChoice, Target, TargetsOrder};

/// How an entry chooses; see [`AgentChoice`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    Any,
    Max(Statistic),
    Min(Statistic),
    Percentage,
}

impl Choice {
    /// Reads a choice; an error says what is wrong with the statistic.
    pub(super) fn read(choice: &AgentChoice) -> Result<Self, String> {
        let find =
            |name: &str| StatisticUse::Agent.find(name).map_err(|error| format!("`orderstat`: {error}"));
        Ok(match choice {
            AgentChoice::Any => Self::Any,
            AgentChoice::Max { orderstat } => Self::Max(find(orderstat)?),
            AgentChoice::Min { orderstat } => Self::Min(find(orderstat)?),
            AgentChoice::Percentage => Self::Percentage,
        })
    }

    pub(super) fn to_rule(self) -> AgentChoice {
        match self {
            Self::Any => AgentChoice::Any,
            Self::Max(statistic) => AgentChoice::Max { orderstat: statistic.name().to_owned() },
            Self::Min(statistic) => AgentChoice::Min { orderstat: statistic.name().to_owned() },
            Self::Percentage => AgentChoice::Percentage,
        }
    }
}

/// Whether an agent belongs to a target now, statistics in a skill expression included.
pub(super) fn includes(target: &Target, agent: &Agent, now: Timestamp) -> bool {
    match target.skills() {
        Some(skills) => {
            let figures = agent.figures();
            skills.holds(&agent.profile, true, |statistic| figures.value(statistic, now))
        }
        None => target.may_include(agent),
    }
}

impl Router {
    /// Number of the first target of a line by which an agent counts now.
    pub(super) fn target_for(&self, line: &Line, agent: &Agent, now: Timestamp) -> Option<usize> {
        if line.is_unconditional() {
            return Some(0);
        }
        let holds = |number: usize| {
            let mut own = line.conditions.iter().filter(|condition| condition.target == number);
            own.all(|condition| {
                let counts = self.lines.get(condition.line).map(|line| line.agents);
                let value = counts.and_then(|counts| counts.value(condition.statistic));
                value.is_some_and(|value| condition.comparison.holds(&value, &condition.value))
            })
        };
        let mut targets = line.targets.iter().enumerate();
        targets.find(|(number, target)| includes(target, agent, now) && holds(*number)).map(|(n, _)| n)
    }

    /// Ready agents whom an entry may be given, the longest ready first.
    pub(super) fn candidates(&self, entry: Slot, now: Timestamp) -> impl Iterator<Item = (Timestamp, Slot)> {
        let found =
            self.entries.get(entry).and_then(|waiting| Some((waiting, self.lines.get(waiting.line)?)));
        found.into_iter().flat_map(move |(waiting, line)| {
            line.ready
                .iter()
                .filter(move |(_, id, slot)| {
                    !waiting.excluded.contains(id)
                        && self.agents.get(*slot).is_some_and(|agent| {
                            self.target_for(line, agent, now).is_some()
                                && !self.is_kept_from(waiting, agent, now)
                        })
                })
                .map(|(since, _, slot)| (*since, *slot))
        })
    }

    /// Chooses an agent for an entry.
    pub(super) fn choose_agent(&mut self, entry: Slot, now: Timestamp) -> Option<Slot> {
        let waiting = self.entries.get(entry)?;
        let best = match waiting.choice {
            Choice::Any => {
                let first = self.candidates(entry, now).next()?;
                if self.options.targets_order == TargetsOrder::Fixed {
                    return Some(first.1);
                }
                let equal = self.candidates(entry, now).take_while(|(since, _)| *since == first.0);
                equal.map(|(_, slot)| slot).collect()
            }
            Choice::Max(statistic) => self.extremes(entry, statistic, now, |value| -value),
            Choice::Min(statistic) => self.extremes(entry, statistic, now, |value| value),
            Choice::Percentage => self.by_share(entry, waiting.line, now),
        };
        match self.options.targets_order {
            TargetsOrder::Fixed => best.first().copied(),
            TargetsOrder::Random { .. } => best.get(self.chance.below(best.len())).copied(),
        }
    }

    /// Candidates with the lowest cost of a statistic's value, the longest ready first.
    fn extremes(&self, entry: Slot, statistic: Statistic, now: Timestamp, cost: fn(f64) -> f64) -> Vec<Slot> {
        let mut lowest = f64::INFINITY;
        let mut best = Vec::new();
        for (_, slot) in self.candidates(entry, now) {
            let Some(agent) = self.agents.get(slot) else {
                continue;
            };
            let cost = agent.figures().value(statistic, now).map_or(f64::INFINITY, cost);
            if cost < lowest {
                best.clear();
                lowest = cost;
            }
            if cost <= lowest {
                best.push(slot);
            }
        }
        best
    }

    /// Candidates of the target that has had least for its weight; the longest ready first.
    fn by_share(&self, entry: Slot, line: Slot, now: Timestamp) -> Vec<Slot> {
        let Some(line) = self.lines.get(line) else {
            return Vec::new();
        };
        let mut best: Option<(f64, usize, Vec<Slot>)> = None;
        for (number, target) in line.targets.iter().enumerate() {
            let of_target: Vec<Slot> = self
                .candidates(entry, now)
                .map(|(_, slot)| slot)
                .filter(|slot| {
                    self.agents.get(*slot).is_some_and(|agent| self.counts_by(line, agent, number, now))
                })
                .collect();
            let weight = f64::from(target.weight().unwrap_or(1));
            let given = line.given.get(number).copied().unwrap_or(0);
            let had = (given + 1) as f64 / weight;
            if !of_target.is_empty() && best.as_ref().is_none_or(|(other, _, _)| had < *other) {
                best = Some((had, number, of_target));
            }
        }
        best.map(|(_, _, slots)| slots).unwrap_or_default()
    }

    fn counts_by(&self, line: &Line, agent: &Agent, number: usize, now: Timestamp) -> bool {
        if line.conditions.is_empty() {
            return line.targets.iter().nth(number).is_some_and(|target| includes(target, agent, now));
        }
        self.target_for(line, agent, now) == Some(number)
    }

    /// Number of the target by which an agent is chosen; counts it where the targets share.
    pub(super) fn count_share(
        &mut self,
        line_slot: Slot,
        agent: Slot,
        is_share: bool,
        now: Timestamp,
    ) -> Option<usize> {
        let (line, agent) = (self.lines.get(line_slot)?, self.agents.get(agent)?);
        let number = if line.conditions.is_empty() {
            line.targets.iter().position(|target| includes(target, agent, now))?
        } else {
            self.target_for(line, agent, now)?
        };
        if is_share && let Some(line) = self.lines.get_mut(line_slot) {
            if line.given.len() <= number {
                line.given.resize(number + 1, 0);
            }
            if let Some(given) = line.given.get_mut(number) {
                *given += 1;
            }
        }
        Some(number)
    }
}
