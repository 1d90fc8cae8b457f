//! Statistics by name: what thresholds, skip conditions, selection and `$(…)` terms ask for.
//!
//! Values are computed over plain figures of agents and queues; whoever asks gathers the figures. Names of the
//! form `R…` are counted by the router from the states of agents, so they exist for skill expressions too
//! (decision D-091).

use std::time::Duration;

use vocabulary::Timestamp;

use crate::average::MovingAverage;
use crate::reader::proposal;
use crate::{AgentStatus, TargetKind};

/// Handling times that an agent's average stands for (router reference: last 32 calls).
const HANDLING_WINDOW: u32 = 32;

/// Longest time ahead that a change of a statistic is looked for, milliseconds: ten years.
const MILLIS_MAX: f64 = 3.2e11;

/// A statistic (router reference: statistics).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Statistic {
    /// `StatAgentsAvailable`: agents of a group who are ready now.
    AgentsAvailable,
    /// `StatAgentsTotal`, also named `StatLoginAgents`: agents of a group at work.
    AgentsTotal,
    /// `StatAgentsBusy`: agents of a group on a call.
    AgentsBusy,
    /// `StatAgentsInQueueLogin`: agents at work who serve a queue.
    AgentsInQueueLogin,
    /// `StatAgentsInQueueReady`: ready agents who serve a queue.
    AgentsInQueueReady,
    /// `StatAgentLoggedIn`: 1 while an agent is at work, else 0.
    AgentLoggedIn,
    /// `StatTimeInReadyState`: seconds for which an agent has been ready; 0 while not ready.
    TimeInReadyState,
    /// `StatAgentOccupancy`: share of an agent's time at work spent with calls, 0 to 1.
    AgentOccupancy,
    /// `StatAgentLoading`: 0 for a ready agent, 1 for one with a call, 2 for one who takes none.
    AgentLoading,
    /// `StatCallsInQueue`, also named `StatCallsWaiting`: interactions that wait.
    CallsInQueue,
    /// `StatCallsAnswered`: calls an agent answered, or distributions of a queue, since the router began.
    CallsAnswered,
    /// `StatCallsCompleted`: calls an agent finished, or departures from a queue, since the router began.
    CallsCompleted,
    /// `StatExpectedWaitingTime`: estimated wait of a newcomer to a queue, seconds.
    ExpectedWaitingTime,
    /// `StatLoadBalance`: interactions that wait, plus one, per agent at work: the smaller, the better off is a
    /// newcomer (the composition is ours).
    LoadBalance,
    /// `RStatAgentsReadyvoice`: agents ready for voice.
    RAgentsReadyVoice,
    /// `RStatAgentsReady`: agents ready for any medium. The same while voice is the only one.
    RAgentsReady,
    /// `RStatAgentsTotal`: agents at work.
    RAgentsTotal,
    /// `CallsEntered`: interactions that entered a queue since the router began.
    CallsEntered,
}

/// What a statistic is asked of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatisticUse {
    /// One agent: `$(…)` in a skill expression, choice among ready members.
    Agent,
    /// A group of agents, an agent or a place.
    Group,
    /// A skill expression: only what the router counts itself (guide: `stat_to_check`).
    SkillExpression,
    /// A queue or a group of queues.
    Queue,
}

/// A statistic cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatisticError {
    /// No statistic has the name.
    #[error("there is no statistic `{name}`{proposal}")]
    Unknown {
        /// As written.
        name: String,
        /// `; did you mean …?`, or nothing.
        proposal: String,
    },
    /// The statistic exists, but not here.
    #[error("statistic `{name}` is not counted for {place}: use one of {allowed}")]
    Elsewhere {
        /// As written.
        name: String,
        /// What it was asked of.
        place: &'static str,
        /// Those that are counted there.
        allowed: String,
    },
}

impl Statistic {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::AgentsAvailable,
        Self::AgentsTotal,
        Self::AgentsBusy,
        Self::AgentsInQueueLogin,
        Self::AgentsInQueueReady,
        Self::AgentLoggedIn,
        Self::TimeInReadyState,
        Self::AgentOccupancy,
        Self::AgentLoading,
        Self::CallsInQueue,
        Self::CallsAnswered,
        Self::CallsCompleted,
        Self::ExpectedWaitingTime,
        Self::LoadBalance,
        Self::RAgentsReadyVoice,
        Self::RAgentsReady,
        Self::RAgentsTotal,
        Self::CallsEntered,
    ];

    /// Further names.
    //= decision: D-091 `StatLoginAgents` is an alias of `StatAgentsTotal`
    pub const ALIASES: [(&str, Self); 2] =
        [("StatLoginAgents", Self::AgentsTotal), ("StatCallsWaiting", Self::CallsInQueue)];

    /// The name by which it is asked for.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AgentsAvailable => "StatAgentsAvailable",
            Self::AgentsTotal => "StatAgentsTotal",
            Self::AgentsBusy => "StatAgentsBusy",
            Self::AgentsInQueueLogin => "StatAgentsInQueueLogin",
            Self::AgentsInQueueReady => "StatAgentsInQueueReady",
            Self::AgentLoggedIn => "StatAgentLoggedIn",
            Self::TimeInReadyState => "StatTimeInReadyState",
            Self::AgentOccupancy => "StatAgentOccupancy",
            Self::AgentLoading => "StatAgentLoading",
            Self::CallsInQueue => "StatCallsInQueue",
            Self::CallsAnswered => "StatCallsAnswered",
            Self::CallsCompleted => "StatCallsCompleted",
            Self::ExpectedWaitingTime => "StatExpectedWaitingTime",
            Self::LoadBalance => "StatLoadBalance",
            Self::RAgentsReadyVoice => "RStatAgentsReadyvoice",
            Self::RAgentsReady => "RStatAgentsReady",
            Self::RAgentsTotal => "RStatAgentsTotal",
            Self::CallsEntered => "CallsEntered",
        }
    }

    /// Reads a name.
    ///
    /// # Errors
    /// [`StatisticError::Unknown`] with the nearest known name.
    pub fn parse(name: &str) -> Result<Self, StatisticError> {
        let own = Self::ALL.into_iter().map(|statistic| (statistic.name(), statistic));
        let names = own.chain(Self::ALIASES);
        names.clone().find(|(known, _)| *known == name).map(|(_, statistic)| statistic).ok_or_else(|| {
            StatisticError::Unknown {
                name: name.to_owned(),
                proposal: proposal(name, names.map(|(known, _)| known)),
            }
        })
    }
}

impl StatisticUse {
    /// What is asked when a target of this kind is asked.
    #[must_use]
    pub const fn of_target(kind: TargetKind, is_skill_expression: bool) -> Self {
        match kind {
            TargetKind::AgentGroup if is_skill_expression => Self::SkillExpression,
            // An agent or a place is a group of one.
            TargetKind::Agent
            | TargetKind::Place
            | TargetKind::AgentGroup
            | TargetKind::PlaceGroup
            | TargetKind::CampaignGroup
            | TargetKind::Campaign
            | TargetKind::DirectoryNumber
            | TargetKind::DestinationLabel => Self::Group,
            TargetKind::Queue | TargetKind::QueueGroup | TargetKind::RoutingPoint => Self::Queue,
        }
    }

    /// Whether the statistic is counted there.
    #[must_use]
    pub const fn allows(self, statistic: Statistic) -> bool {
        use Statistic as S;
        match self {
            Self::Agent => matches!(
                statistic,
                S::AgentLoggedIn
                    | S::TimeInReadyState
                    | S::AgentOccupancy
                    | S::AgentLoading
                    | S::CallsAnswered
                    | S::CallsCompleted
            ),
            Self::Group => matches!(
                statistic,
                S::AgentsAvailable
                    | S::AgentsTotal
                    | S::AgentsBusy
                    | S::RAgentsReadyVoice
                    | S::RAgentsReady
                    | S::RAgentsTotal
            ),
            Self::SkillExpression => {
                matches!(statistic, S::RAgentsReadyVoice | S::RAgentsReady | S::RAgentsTotal)
            }
            Self::Queue => matches!(
                statistic,
                S::AgentsInQueueLogin
                    | S::AgentsInQueueReady
                    | S::CallsInQueue
                    | S::CallsAnswered
                    | S::CallsCompleted
                    | S::ExpectedWaitingTime
                    | S::LoadBalance
                    | S::CallsEntered
            ),
        }
    }

    /// Reads the name of a statistic that is counted there.
    ///
    /// # Errors
    /// [`StatisticError`] when no statistic has the name, or it is counted for something else.
    pub fn find(self, name: &str) -> Result<Statistic, StatisticError> {
        let allowed = || Statistic::ALL.into_iter().filter(|statistic| self.allows(*statistic));
        let statistic = Statistic::parse(name)?;
        if self.allows(statistic) {
            return Ok(statistic);
        }
        let names: Vec<_> = allowed().map(Statistic::name).collect();
        Err(StatisticError::Elsewhere {
            name: name.to_owned(),
            place: self.place(),
            allowed: names.join(", "),
        })
    }

    const fn place(self) -> &'static str {
        match self {
            Self::Agent => "an agent",
            Self::Group => "agents and groups",
            Self::SkillExpression => "skill expressions",
            Self::Queue => "queues",
        }
    }
}

/// What an agent did since the router began.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AgentRecord {
    /// Time from the start of a call until the agent is free again, after-call work included, in seconds.
    pub handling: MovingAverage,
    /// Calls answered.
    pub answered: u64,
    /// Calls finished.
    pub completed: u64,
    /// Time with calls, finished ones only, milliseconds.
    pub occupied_ms: u64,
    /// Start of the call that the agent has now.
    pub occupied_since: Option<Timestamp>,
    /// Since when the agent has been at work.
    pub at_work_since: Option<Timestamp>,
    /// Time at work before that, milliseconds.
    pub at_work_ms: u64,
}

impl AgentRecord {
    /// Takes note of a change of status at `now`.
    pub fn changed(&mut self, before: &AgentStatus, after: &AgentStatus, now: Timestamp) {
        if *after == AgentStatus::Busy && *before != AgentStatus::Busy {
            self.answered += 1;
        }
        match (is_occupied(before), is_occupied(after)) {
            (false, true) => self.occupied_since = Some(now),
            (true, false) => {
                self.finished(matches!(before, AgentStatus::Dialing | AgentStatus::Ringing), now)
            }
            _ => {}
        }
        if *after == AgentStatus::LoggedOut {
            let before = self.at_work_since.take();
            self.at_work_ms = self.at_work_ms.saturating_add(before.map_or(0, |since| millis(since, now)));
        } else if self.at_work_since.is_none() {
            self.at_work_since = Some(now);
        }
    }

    /// A call that only rang took time, but says nothing about how long calls take.
    fn finished(&mut self, only_rang: bool, now: Timestamp) {
        let Some(since) = self.occupied_since.take() else {
            return;
        };
        self.occupied_ms = self.occupied_ms.saturating_add(millis(since, now));
        if !only_rang {
            self.completed += 1;
            self.handling.observe(now.since(since).as_secs_f64(), HANDLING_WINDOW);
        }
    }

    fn occupancy(&self, now: Timestamp) -> f64 {
        let running = |since: Option<Timestamp>| since.map_or(0, |since| millis(since, now));
        let at_work = self.at_work_ms.saturating_add(running(self.at_work_since));
        let occupied = self.occupied_ms.saturating_add(running(self.occupied_since));
        if at_work == 0 { 0.0 } else { (occupied as f64 / at_work as f64).min(1.0) }
    }
}

/// Whether the status takes up the agent for a call.
pub(crate) fn is_occupied(status: &AgentStatus) -> bool {
    status.is_on_call() || *status == AgentStatus::AfterCallWork
}

fn millis(since: Timestamp, now: Timestamp) -> u64 {
    u64::try_from(now.since(since).as_millis()).unwrap_or(u64::MAX)
}

/// An agent, as statistics look at one.
#[derive(Clone, Copy, Debug)]
pub struct AgentFigures<'a> {
    /// Status.
    pub status: &'a AgentStatus,
    /// Since when.
    pub since: Timestamp,
    /// Whether a call can be given to the agent now.
    pub is_selectable: bool,
    /// What the agent did so far.
    pub record: &'a AgentRecord,
}

impl AgentFigures<'_> {
    /// Value of an agent statistic; `None` for one that is not counted for an agent.
    #[must_use]
    pub fn value(&self, statistic: Statistic, now: Timestamp) -> Option<f64> {
        Some(match statistic {
            Statistic::AgentLoggedIn => f64::from(u8::from(self.is_at_work())),
            Statistic::TimeInReadyState if *self.status == AgentStatus::Ready => {
                now.since(self.since).as_secs_f64()
            }
            Statistic::TimeInReadyState => 0.0,
            Statistic::AgentOccupancy => self.record.occupancy(now),
            Statistic::AgentLoading => match self.status {
                AgentStatus::Ready if self.is_selectable => 0.0,
                AgentStatus::Ready
                | AgentStatus::Dialing
                | AgentStatus::Ringing
                | AgentStatus::Busy
                | AgentStatus::AfterCallWork => 1.0,
                AgentStatus::NotReady { .. } | AgentStatus::LoggedOut => 2.0,
            },
            Statistic::CallsAnswered => self.record.answered as f64,
            Statistic::CallsCompleted => self.record.completed as f64,
            _ => return None,
        })
    }

    /// The first moment after `now` at which the value of a statistic passes `value` while the agent stays ready; `None`
    /// when it never does, or does not depend on time. May name a moment just before as well.
    pub(crate) fn changes_at(&self, statistic: Statistic, value: f64, now: Timestamp) -> Option<Timestamp> {
        if *self.status != AgentStatus::Ready {
            return None;
        }
        let (begin, millis) = match statistic {
            Statistic::TimeInReadyState => (self.since, value * 1000.0),
            Statistic::AgentOccupancy => {
                let (occupied, before) = (self.record.occupied_ms as f64, self.record.at_work_ms as f64);
                (self.record.at_work_since?, occupied / value - before)
            }
            _ => return None,
        };
        // Rounding may move the moment by one.
        let first = (0.0..MILLIS_MAX).contains(&millis).then(|| crate::dial_ahead::whole(millis) as u64)?;
        let moments = (first..=first + 2).map(|millis| begin + Duration::from_millis(millis));
        moments.into_iter().find(|at| *at > now)
    }

    fn is_at_work(&self) -> bool {
        *self.status != AgentStatus::LoggedOut
    }
}

/// Value of a statistic of several agents; `None` for one that is not counted for a group.
#[must_use]
pub fn of_agents<'a>(statistic: Statistic, agents: impl Iterator<Item = AgentFigures<'a>>) -> Option<f64> {
    let counts: fn(&AgentFigures<'_>) -> bool = match statistic {
        Statistic::AgentsAvailable | Statistic::RAgentsReadyVoice | Statistic::RAgentsReady => {
            |agent| agent.is_selectable
        }
        Statistic::AgentsTotal | Statistic::RAgentsTotal => |agent| agent.is_at_work(),
        Statistic::AgentsBusy => |agent| matches!(agent.status, AgentStatus::Busy),
        _ => return None,
    };
    Some(agents.filter(counts).count() as f64)
}

/// A queue, as statistics look at one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct QueueFigures {
    /// Interactions that wait.
    pub waiting: usize,
    /// Agents at work who serve it.
    pub agents_logged_in: usize,
    /// Of those, ready ones.
    pub agents_ready: usize,
    /// Interactions that entered.
    pub entered: u64,
    /// Interactions that were given an agent.
    pub distributed: u64,
    /// Interactions that left, in whatever way.
    pub departed: u64,
    /// Estimated wait of a newcomer, seconds; `None` without any activity.
    pub ewt: Option<f64>,
}

impl QueueFigures {
    /// Value of a statistic of the queue; `None` for one that is not counted for queues.
    #[must_use]
    pub fn value(&self, statistic: Statistic) -> Option<f64> {
        Some(match statistic {
            Statistic::AgentsInQueueLogin => self.agents_logged_in as f64,
            Statistic::AgentsInQueueReady => self.agents_ready as f64,
            Statistic::CallsInQueue => self.waiting as f64,
            Statistic::CallsAnswered => self.distributed as f64,
            Statistic::CallsCompleted => self.departed as f64,
            //= decision: D-014 an unknown waiting time counts as 0
            Statistic::ExpectedWaitingTime => self.ewt.unwrap_or(0.0),
            Statistic::LoadBalance => (self.waiting + 1) as f64 / self.agents_logged_in.max(1) as f64,
            Statistic::CallsEntered => self.entered as f64,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests;
