//! Which transitions of a chart were never taken.

use std::collections::BTreeSet;

use crate::Chart;
use crate::outline::{Outline, Position, TransitionKind};

/// How much of a chart was taken.
#[derive(Clone, Debug)]
pub struct Coverage {
    /// Transitions that can be taken: those that the chart writes, without `<initial>`.
    pub transitions: usize,
    /// Those that were not, in document order.
    pub never: Vec<Untaken>,
}

/// A transition that was never taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untaken {
    /// Where it stands.
    pub position: Position,
    /// State that has it.
    pub source: String,
    /// Events that it waits for; empty for one that waits for none.
    pub events: Vec<String>,
    /// Its condition.
    pub condition: Option<String>,
    /// Where it leads.
    pub targets: Vec<String>,
}

impl Coverage {
    /// The coverage of a chart when these transitions were taken.
    #[must_use]
    pub fn of(chart: &Chart, taken: &BTreeSet<u32>) -> Self {
        let outline = Outline::of(chart);
        let name =
            |state: usize| outline.states.get(state).map_or_else(String::new, |state| state.id.to_string());
        let counted =
            outline.transitions.iter().enumerate().filter(|(_, transition)| match transition.kind {
                TransitionKind::Ordinary | TransitionKind::HistoryDefault => true,
                TransitionKind::Initial | TransitionKind::FirstChild => false,
            });
        let mut coverage = Self { transitions: 0, never: Vec::new() };
        for (number, transition) in counted {
            coverage.transitions += 1;
            if u32::try_from(number).is_ok_and(|number| taken.contains(&number)) {
                continue;
            }
            coverage.never.push(Untaken {
                position: transition.position.clone(),
                source: name(transition.source),
                events: transition.events.clone(),
                condition: transition.condition.as_ref().map(|condition| condition.text.clone()),
                targets: transition.targets.iter().map(|target| name(*target)).collect(),
            });
        }
        coverage.never.sort_by(|a, b| a.position.cmp(&b.position));
        coverage
    }

    /// Transitions that were taken, in hundredths of all; 100 for a chart without transitions.
    #[must_use]
    pub fn percent(&self) -> f64 {
        let count = |number: usize| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
        match self.transitions {
            0 => 100.0,
            all => count(all - self.never.len()) * 100.0 / count(all),
        }
    }
}

impl std::fmt::Display for Untaken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {}", self.position, self.source)?;
        if !self.events.is_empty() {
            write!(formatter, " on {}", self.events.join(" "))?;
        }
        if let Some(condition) = &self.condition {
            write!(formatter, " if {condition}")?;
        }
        if !self.targets.is_empty() {
            write!(formatter, " to {}", self.targets.join(" "))?;
        }
        Ok(())
    }
}
