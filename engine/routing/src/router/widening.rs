//! Target lists at work: which targets of its list an entry waits for now.

use std::sync::Arc;

use vocabulary::Timestamp;

use super::Router;
use super::choice::includes;
use crate::agents::Agent;
use crate::line::Condition;
use crate::slab::Slot;
use crate::statistics::{Statistic, StatisticUse, of_agents};
use crate::target_list::SkipCondition;
use crate::{Comparison, Target, TargetList, Targets};

/// A target list that was read.
#[derive(Debug)]
pub(super) struct KnownList {
    pub(super) list: Arc<TargetList>,
    /// State of the agents' names in which all targets named somebody.
    pub(super) names_version: u64,
}

/// How far an entry is in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stage {
    /// Number of the element reached last, from 0.
    step: usize,
    /// Elements that are waited for: one bit each.
    active: u16,
    /// When the next element's turn comes; `None` when there is none.
    pub(super) ends: Option<Timestamp>,
}

impl Router {
    /// The first element whose turn it is at `at`, and the line of those that are waited for then.
    pub(super) fn first_target(&mut self, list: &TargetList, at: Timestamp) -> (Stage, Slot) {
        self.reach(list, 0, 0, at)
    }

    /// The elements whose turn it is at `now` of a list that began at `begun`, by their times alone. Who was skipped
    /// before is waited for as well: whoever is not at work yet may be soon.
    pub(super) fn target_by_time(
        &mut self,
        list: &TargetList,
        begun: Timestamp,
        now: Timestamp,
    ) -> (Stage, Slot) {
        let last = list.steps().len().saturating_sub(1);
        let mut stage = Stage { step: 0, active: bit(0), ends: None };
        let mut begins = begun;
        for (number, step) in list.steps().iter().enumerate() {
            if number > 0 {
                stage.active |= bit(number);
            }
            stage.step = number;
            stage.ends = step.timeout.filter(|_| number < last).map(|timeout| begins + timeout);
            match stage.ends.filter(|ends| *ends <= now) {
                Some(ends) => begins = ends,
                None => break,
            }
            if step.clear {
                stage.active = 0;
            }
        }
        (stage, self.line_at(list, &stage))
    }

    /// The time of an entry's element is over: the next that is not skipped is added, or takes its place.
    //= guide: `clear` of the element that is left decides
    pub(super) fn next_target(&mut self, slot: Slot, at: Timestamp) {
        let Some(waiting) = self.entries.get(slot) else {
            return;
        };
        let (list, before) = (Arc::clone(&waiting.list), waiting.stage);
        let clear = list.steps().get(before.step).is_some_and(|step| step.clear);
        let active = if clear { 0 } else { before.active };
        let (stage, line) = self.reach(&list, before.step + 1, active, at);
        self.change(slot, |waiting| {
            waiting.stage = stage;
            waiting.line = line;
        });
    }

    fn reach(&mut self, list: &TargetList, from: usize, active: u16, at: Timestamp) -> (Stage, Slot) {
        let last = list.steps().len().saturating_sub(1);
        let mut step = from.min(last);
        while step < last && self.is_skipped(list, step) {
            step += 1;
        }
        let active = active | bit(step);
        let timeout = list.steps().get(step).filter(|_| step < last).and_then(|step| step.timeout);
        let stage = Stage { step, active, ends: timeout.map(|timeout| at + timeout) };
        (stage, self.line_at(list, &stage))
    }

    fn is_skipped(&mut self, list: &TargetList, step: usize) -> bool {
        let Some(step) = list.steps().get(step) else {
            return false;
        };
        let (text, targets, skip) = (Arc::clone(&step.text), Arc::clone(&step.targets), step.skip);
        let line = self.line_of(&text, &targets);
        //= guide: with no condition a target is skipped while no agent is logged in
        let standard =
            SkipCondition { statistic: Statistic::AgentsTotal, comparison: Comparison::Less, value: 1.0 };
        let condition = skip.unwrap_or(standard);
        let value = self.lines.get(line).and_then(|line| {
            if line.terms.is_empty() {
                return line.agents.value(condition.statistic);
            }
            let agents = self.agents.iter().map(|(_, agent)| agent);
            let members =
                agents.filter(|agent| targets.iter().any(|target| includes(target, agent, self.now)));
            of_agents(condition.statistic, members.map(Agent::figures))
        });
        value.is_some_and(|value| condition.comparison.holds(&value, &condition.value))
    }

    /// The line of the elements that are waited for.
    pub(super) fn line_at(&mut self, list: &TargetList, stage: &Stage) -> Slot {
        let active = |number: usize| stage.active & bit(number) != 0;
        let steps: Vec<_> = list
            .steps()
            .iter()
            .enumerate()
            .filter(|(number, _)| active(*number))
            .map(|(_, step)| step)
            .collect();
        if let [only] = steps.as_slice() {
            return self.line_of(&only.text, &only.targets);
        }
        let texts: Vec<&str> = steps.iter().map(|step| step.text.as_ref()).collect();
        let text: Arc<str> = Arc::from(texts.join(","));
        let targets = Targets::joined(steps.iter().map(|step| step.targets.as_ref()));
        self.line_of(&text, &Arc::new(targets))
    }

    /// Notes the thresholds of a line that is being opened, with the lines whose agents they count.
    pub(super) fn watch_conditions(&mut self, slot: Slot, targets: &Targets) {
        for (number, target) in targets.iter().enumerate() {
            if target.thresholds().is_empty() {
                continue;
            }
            let Some(counted) = self.line_of_target(target) else {
                continue;
            };
            let place = StatisticUse::of_target(target.kind(), target.skills().is_some());
            let conditions: Vec<Condition> = target
                .thresholds()
                .iter()
                .filter_map(|threshold| {
                    Some(Condition {
                        target: number,
                        line: counted,
                        // What is not counted there was refused when the entry came.
                        statistic: place.find(&threshold.statistic).ok()?,
                        comparison: threshold.comparison,
                        value: threshold.value,
                    })
                })
                .collect();
            if let Some(line) = self.lines.get_mut(slot) {
                line.conditions.extend(conditions);
            }
            if let Some(line) = self.lines.get_mut(counted) {
                line.watchers.insert(slot);
            }
        }
    }

    /// The line of a target without thresholds and weight.
    fn line_of_target(&mut self, target: &Target) -> Option<Slot> {
        let text = format!("{}@{}.{}", target.name(), target.server(), target.kind());
        let targets = Targets::parse(&text).ok()?;
        Some(self.line_of(&Arc::from(text), &Arc::new(targets)))
    }
}

/// The bit of an element in [`Stage::active`].
fn bit(number: usize) -> u16 {
    u32::try_from(number).ok().and_then(|number| 1_u16.checked_shl(number)).unwrap_or(0)
}
