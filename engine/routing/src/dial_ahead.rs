//! Dial-ahead: how many customers may be dialled now, before the agents who will talk to them are free.
//!
//! ```text
//! free soon = ready agents + (agents becoming free per second − live calls per second) × D − interactions ahead
//! may be dialled = floor(free soon / success rate)
//! ```
//!
//! *D* is the time from the announcement until the customer is ready for an agent; it and the success rate are
//! measured (decision D-096). Three limits come on top: at most twice the ready agents at one moment (and one when
//! nobody is ready, or nothing would ever be dialled ahead); n1 of `vcb` for lines in which agents become free
//! rarely; and the odds: no more than that at most one in a hundred customers who answer is expected to find no
//! agent within two seconds. The rate alone knows only averages, and half of all moments are below average.
//!
//! How far the measured rate is trusted is learned as well: each customer who finds nobody lowers the trust, each who
//! is served raises it a little. Everything here is arithmetic over numbers that are passed in.

mod odds;
mod settings;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use vocabulary::Timestamp;

use crate::average::MovingAverage;
use crate::waiting_time::Ordinal;

pub(crate) use odds::whole;
use odds::{Events, Prospect, Supply};
pub use settings::{ThresholdTable, ThresholdTableError, Vcb, VcbError};

/// Dials that the success rate stands for.
const SUCCESS_WINDOW: u32 = 60;
/// Answers that the time to connect stands for.
const CONNECT_WINDOW: u32 = 32;
/// Weight of the values at the start, in observations.
const START_WEIGHT: u32 = 6;
/// Time over which arrivals are averaged, seconds.
const ARRIVAL_SECONDS: f64 = 300.0;
/// What a customer who finds nobody takes from the trust in the rate.
const TRUST_LOST: f64 = 0.05;
/// Most trust: rates may turn out better than measured.
const TRUST_MAX: f64 = 1.25;

/// Settings of dial-ahead.
#[derive(Clone, Debug, PartialEq)]
pub struct DialAheadOptions {
    /// Router option `vcb`.
    pub vcb: Vcb,
    /// Success rate before any dial. Default 0.85 (guide: dial success rate of new callbacks).
    pub success_start: f64,
    /// Least success rate that is reckoned with. Default 0.05.
    pub success_min: f64,
    /// Time from announcement to an answer before any was measured. Default 20 s.
    pub connect_start: Duration,
    /// Most announcements at one moment for each ready agent. Default 2.
    pub burst_per_ready_agent: usize,
    /// Share of the customers who answer that may be expected to find no agent in time. Default 0.01; 0 dials only for
    /// agents who are ready.
    pub unserved_share_max: f64,
    /// How long a customer who answered can wait before that counts. Default 2 s.
    pub patience: Duration,
    /// Longest time for which a callback is held back for live calls that may come, while an agent is ready and nobody
    /// waits or is being dialled: small teams with live calls would never dial otherwise. Default 60 s.
    pub hold_back_max: Duration,
    /// How long a call is kept from an agent who is needed for customers whose phones ring and who came before it; see
    /// the module `keeping` of the router. Default 15 s; 0: not at all.
    pub keep_max: Duration,
}

impl Default for DialAheadOptions {
    fn default() -> Self {
        Self {
            vcb: Vcb::default(),
            success_start: 0.85,
            success_min: 0.05,
            connect_start: Duration::from_secs(20),
            burst_per_ready_agent: 2,
            unserved_share_max: 0.01,
            patience: Duration::from_secs(2),
            hold_back_max: Duration::from_secs(60),
            keep_max: Duration::from_secs(15),
        }
    }
}

/// When an entry's time to dial has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DialMethod {
    /// `ursdial`: by the rate at which agents become free. Default.
    #[default]
    Rate,
    /// By estimated time and position (guide: `_eta_pos_threshold`).
    Thresholds(ThresholdTable),
}

/// What dials of a line showed. Survives restarts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct DialAverages {
    /// Share of dials that were answered.
    pub success: MovingAverage,
    /// Time from the announcement until the customer is ready for an agent, seconds.
    pub connect_seconds: MovingAverage,
    /// How far the measured rate of agents becoming free is trusted: 0 not at all, 1 fully, at most 1.25.
    pub trust: f64,
    /// Live calls per second, as of `arrivals_at`.
    pub arrivals: f64,
    /// See `arrivals`.
    pub arrivals_at: Option<Timestamp>,
}

impl DialAverages {
    /// Nothing measured yet.
    #[must_use]
    pub fn new(options: &DialAheadOptions) -> Self {
        Self {
            success: MovingAverage::starting_at(options.success_start, START_WEIGHT),
            connect_seconds: MovingAverage::starting_at(options.connect_start.as_secs_f64(), START_WEIGHT),
            trust: 1.0,
            arrivals: 0.0,
            arrivals_at: None,
        }
    }

    /// A dial ended without an answer.
    pub fn unanswered(&mut self) {
        self.success.observe(0.0, SUCCESS_WINDOW);
    }

    /// A customer answered and is ready for an agent, so long after the announcement.
    pub fn answered(&mut self, after: Duration) {
        self.success.observe(1.0, SUCCESS_WINDOW);
        self.connect_seconds.observe(after.as_secs_f64(), CONNECT_WINDOW);
    }

    /// A customer who answered found an agent in time, or did not.
    pub fn found_agent(&mut self, in_time: bool, options: &DialAheadOptions) {
        // In balance when half of the permitted share is not served: the other half is for bad luck.
        let share = (options.unserved_share_max / 2.0).clamp(0.000_1, 0.5);
        let change = if in_time { TRUST_LOST * share / (1.0 - share) } else { -TRUST_LOST };
        self.trust = (self.trust + change).clamp(0.0, TRUST_MAX);
    }

    /// A live call came in.
    pub fn live_arrival(&mut self, now: Timestamp) {
        self.arrivals = self.arrival_rate(now) + 1.0 / ARRIVAL_SECONDS;
        self.arrivals_at = Some(now);
    }

    /// Live calls per second lately.
    #[must_use]
    pub fn arrival_rate(&self, now: Timestamp) -> f64 {
        let age = self.arrivals_at.map_or(0.0, |at| now.since(at).as_secs_f64());
        self.arrivals * (-age / ARRIVAL_SECONDS).exp()
    }

    /// Success rate to reckon with.
    #[must_use]
    pub fn success_rate(&self, options: &DialAheadOptions) -> f64 {
        //= decision: D-096 success rate 0.85 at start, floor 0.05
        self.success.mean.clamp(options.success_min.clamp(0.001, 1.0), 1.0)
    }
}

/// What a line looks like at the moment of a decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Situation {
    /// Ready agents whom nobody else needs.
    pub ready: usize,
    /// Agents at work.
    pub at_work: usize,
    /// Agents who become free per second, from the handling times of those with a call.
    pub freeing_rate: f64,
    /// Agents expected to become free until an answer, from how long each has been talking or wrapping up; and the sum
    /// of the squares of these odds.
    pub freed: (f64, f64),
    /// Live calls per second.
    pub arrival_rate: f64,
    /// Time in which live calls that come take agents before an answer, seconds: the time from announcement to answer,
    /// less the time for which calls are kept from agents.
    pub arrives_within: f64,
    /// Interactions that wait for an agent now and come before the callback.
    pub ahead: usize,
    /// Interactions that wait for an agent now and may be given one before the callback, wherever they stand.
    pub waiting: usize,
    /// Customers who are being dialled.
    pub dialing: usize,
    /// Those of them who are expected to answer, from how long each has been dialled; and the sum of the squares of
    /// these odds.
    pub answers: (f64, f64),
    /// Share of dials that are answered.
    pub success_rate: f64,
    /// Time from announcement to an answer, seconds.
    pub connect_seconds: f64,
    /// How far `freeing_rate` is trusted, 0 to 1.25.
    pub trust: f64,
    /// Time since an agent was last given a call, seconds; `None` for never.
    pub since_last_given: Option<f64>,
    /// For how long an agent has been ready for whom nobody was dialled because of live calls that may come, seconds.
    pub held_back: f64,
}

/// What keeps a further customer from being dialled.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DialLimit {
    /// Nobody is at work.
    NobodyAtWork,
    /// The rate at which agents become free.
    Rate,
    /// Live calls are expected to take the agents who are ready; after so many seconds one is dialled nevertheless.
    HeldBack {
        /// Seconds until then.
        seconds: f64,
    },
    /// Too many of those who answer would find nobody.
    Odds,
    /// Announcements at one moment.
    Burst,
    /// Agents become free rarely, and it is too early after the last one was given a call.
    TooEarly {
        /// Seconds until the time has come.
        seconds: f64,
    },
}

/// How many customers may be dialled.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct DialQuota {
    /// Agents expected to be free by the time of an answer, less those whom others need.
    pub free_soon: f64,
    /// Customers who may be being dialled at once.
    pub may_dial: usize,
    /// Those of them who are not being dialled yet.
    pub quota: usize,
    /// What keeps one more from being dialled.
    pub limit: DialLimit,
}

/// How many further customers may be dialled in a situation.
//= decision: D-096 dial-ahead is driven by the rate, quota at most twice the ready agents
#[must_use]
pub fn dial_quota(situation: &Situation, options: &DialAheadOptions) -> DialQuota {
    let s = situation;
    let trust = if options.unserved_share_max > 0.0 { s.trust } else { 0.0 };
    let freed = Events { mean: s.freed.0 * trust, squares: s.freed.1 * trust * trust };
    let pending = Events { mean: s.answers.0, squares: s.answers.1 };
    let arrivals = s.arrival_rate * s.arrives_within;
    let free_soon = s.ready as f64 + freed.mean - arrivals - s.ahead as f64;
    let success = s.success_rate.clamp(0.001, 1.0);
    let by_rate = s.dialing + whole(((free_soon - pending.mean) / success + 1e-9).floor());
    let quota = |quota: usize, limit| DialQuota { free_soon, may_dial: s.dialing + quota, quota, limit };
    if s.at_work == 0 {
        return quota(0, DialLimit::NobodyAtWork);
    }
    let held_back = held_back(s, options);
    if by_rate <= s.dialing {
        if let Some(held_back) = held_back {
            return quota(held_back.0, held_back.1);
        }
        return quota(0, DialLimit::Rate);
    }
    let burst = (s.ready * options.burst_per_ready_agent).max(1);
    let most = (by_rate - s.dialing).min(burst);
    let prospect = Prospect {
        balance: s.ready as f64 - s.waiting as f64,
        freed,
        arrivals,
        freed_late: s.freeing_rate * trust * options.patience.as_secs_f64(),
    };
    let supply = Supply::of(prospect, s.dialing + most);
    let is_allowed = |new: usize| {
        let answers = pending.mean + new as f64 * success;
        supply.unserved(pending, new, success) <= options.unserved_share_max * answers + 1e-9
    };
    let by_odds = (1..=most).take_while(|new| is_allowed(*new)).count();
    if by_odds == 0 {
        let (new, limit) = held_back.unwrap_or((0, DialLimit::Odds));
        return quota(new, limit);
    }
    if pending.mean + success > s.ready as f64
        && let Some(seconds) = too_early(situation, options)
    {
        return quota(0, DialLimit::TooEarly { seconds });
    }
    let limit = match by_odds {
        _ if by_odds < most => DialLimit::Odds,
        _ if most == burst && by_rate - s.dialing > burst => DialLimit::Burst,
        _ => DialLimit::Rate,
    };
    quota(by_odds, limit)
}

/// Whether one of the ready agents may go to somebody else, and those who are about to answer still find agents in time.
pub(crate) fn can_spare(situation: &Situation, options: &DialAheadOptions) -> bool {
    let s = situation;
    let trust = if options.unserved_share_max > 0.0 { s.trust } else { 0.0 };
    let pending = Events { mean: s.answers.0, squares: s.answers.1 };
    let prospect = Prospect {
        balance: s.ready as f64 - 1.0 - s.waiting as f64,
        // Those who come later are kept from the agents in their turn.
        freed: Events { mean: s.freed.0 * trust, squares: s.freed.1 * trust * trust },
        arrivals: if s.arrives_within < s.connect_seconds { 0.0 } else { s.arrival_rate * s.arrives_within },
        freed_late: s.freeing_rate * trust * options.patience.as_secs_f64(),
    };
    let supply = Supply::of(prospect, s.dialing);
    supply.unserved(pending, 0, 0.0) <= options.unserved_share_max * pending.mean + 1e-9
}

/// What is allowed while only live calls that may come speak against a dial; `None` when something else does.
fn held_back(situation: &Situation, options: &DialAheadOptions) -> Option<(usize, DialLimit)> {
    if situation.ready == 0 || situation.waiting > 0 || situation.dialing > 0 {
        return None;
    }
    let seconds = options.hold_back_max.as_secs_f64() - situation.held_back;
    Some(if seconds > 0.0 { (0, DialLimit::HeldBack { seconds }) } else { (1, DialLimit::Rate) })
}

/// Seconds until a slow line may dial in the hope of an agent.
fn too_early(situation: &Situation, options: &DialAheadOptions) -> Option<f64> {
    let gap = 1.0 / situation.freeing_rate.max(f64::MIN_POSITIVE);
    let left = gap / 2.0 - situation.since_last_given?;
    (gap > options.vcb.slow_line().as_secs_f64() && left > 0.0).then_some(left)
}

/// Why a callback has not been dialled yet.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum NotDialled {
    /// The customer is on the line already and waits for an agent.
    OnTheLine,
    /// The session did not ask to be told.
    NotAsked,
    /// The time to dial was announced.
    BeingDialled {
        /// Seconds ago.
        seconds: f64,
    },
    /// An announcement was made and its dial ended or was never reported; the next has to wait.
    Blocked {
        /// Seconds until it may come.
        seconds: f64,
    },
    /// Too little of the time allowed for finding an agent is left (guide: `_cannot_dial_buffer_time`).
    TooLate,
    /// The estimated time and the position do not reach the threshold.
    BelowThreshold {
        /// Estimated time, seconds.
        eta: f64,
        /// Position below which a callback with that time is due.
        limit: usize,
    },
    /// As many are being dialled as may be, or others are first.
    Quota {
        /// What the decision looked at.
        situation: Situation,
        /// The decision.
        quota: DialQuota,
        /// Callbacks for the same targets whose turn is before.
        callbacks_ahead: usize,
    },
}

/// Why a callback has not been dialled yet, with the numbers and in a sentence.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DialExplanation {
    /// Position in its queue, 1 is the head.
    pub position: usize,
    /// Its queue.
    pub queue: String,
    /// Why.
    #[serde(flatten)]
    pub reason: NotDialled,
    /// The sentence.
    pub text: String,
}

impl DialExplanation {
    /// Puts the reason into a sentence.
    #[must_use]
    pub fn new(position: usize, queue: &str, reason: NotDialled) -> Self {
        let why = reason.sentence();
        let text = format!("{} in queue `{queue}`; {why}", Ordinal(position));
        Self { position, queue: queue.to_owned(), reason, text }
    }
}

impl NotDialled {
    fn sentence(&self) -> String {
        match self {
            Self::OnTheLine => "the customer is on the line and waits for an agent".to_owned(),
            Self::NotAsked => "the session has not asked to be told when to dial".to_owned(),
            Self::BeingDialled { seconds } => {
                format!("its time to dial was announced {seconds:.0} s ago")
            }
            Self::Blocked { seconds } => {
                format!("it was announced a short while ago and may be again in {seconds:.0} s")
            }
            Self::TooLate => "too little of the time for finding an agent is left to dial".to_owned(),
            Self::BelowThreshold { eta, limit } => {
                format!("with {eta:.0} s to wait it is dialled at a position below {limit}")
            }
            Self::Quota { situation, quota, callbacks_ahead } => {
                quota_sentence(situation, quota, *callbacks_ahead)
            }
        }
    }
}

fn quota_sentence(situation: &Situation, quota: &DialQuota, callbacks_ahead: usize) -> String {
    let s = situation;
    let agents = if s.ready == 1 { "agent" } else { "agents" };
    let mut text = match quota.limit {
        DialLimit::NobodyAtWork => return "nobody who could serve it is at work".to_owned(),
        DialLimit::TooEarly { seconds } => format!(
            "an agent becomes free every {:.0} s only, and the next dial is due in {seconds:.0} s",
            1.0 / s.freeing_rate.max(f64::MIN_POSITIVE)
        ),
        DialLimit::HeldBack { seconds } => format!(
            "{} {agents} ready, but held for live calls; it is dialled in {seconds:.0} s at the latest",
            s.ready
        ),
        DialLimit::Rate | DialLimit::Odds | DialLimit::Burst => format!(
            "{} {agents} ready and {:.2} agents/s becoming free let {} be dialled, {} {} being dialled already",
            s.ready,
            s.freeing_rate,
            quota.may_dial,
            s.dialing,
            if s.dialing == 1 { "is" } else { "are" }
        ),
    };
    if s.waiting > 0 {
        text += &format!(", {} wait for an agent on the line", s.waiting);
    }
    if s.arrival_rate >= 0.005 {
        text += &format!(", {:.2} live calls/s come in", s.arrival_rate);
    }
    if quota.limit == DialLimit::Odds {
        text += ", and of one more too many would find no agent";
    }
    if callbacks_ahead > 0 {
        text += &format!(", {callbacks_ahead} callbacks are before it");
    }
    text
}

#[cfg(test)]
mod tests;
