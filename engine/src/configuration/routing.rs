//! The section `[routing]`: what holds for all queues and agents.

use std::collections::BTreeMap;
use std::time::Duration;

use routing::{AfterCallWork, DialAheadOptions, LowerRequests, Options, TargetsOrder, Vcb};

use super::document::{Content, Table};
use super::problem::Problems;
use super::section::{Section, as_number, shown};

/// Longest after-call work, seconds.
const AFTER_CALL_WORK_MAX: u32 = 3_600;

/// Longest collection time, milliseconds.
const COLLECTION_MILLIS_MAX: i64 = 10_000;

/// Longest time for which a call is kept from an agent, seconds.
const KEEP_AGENTS_MAX: u32 = 60;

/// What an agent is who does not answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NoAnswer {
    /// Ready for the next call.
    #[default]
    Ready,
    /// Not ready, with the reason `no_answer`.
    NotReady,
}

/// Section `[routing]`.
#[derive(Clone, Debug, PartialEq)]
pub struct RoutingSettings {
    /// Time after each call for which an agent is not offered another: `after_call_work`, seconds, default 0; by group
    /// in `[routing.after_call_work_of]`, of several the longest.
    pub after_call_work: AfterCallWork,
    /// What becomes of an agent who lets a call ring: `agent_no_answer`, `ready` or `not_ready`. Default `ready`.
    pub agent_no_answer: NoAnswer,
    /// Whether chance decides between equally good agents (guide: router option `targets_order=random`):
    /// `targets_order`, `fixed` or `random`. Default `fixed`.
    pub is_random: bool,
    /// How long requests to reserve a free agent are gathered before the highest priority wins:
    /// `reservation_collection`, milliseconds, 0 to 10,000, default 100; 0: the first one wins at once.
    pub reservation_collection: Duration,
    /// What becomes of a request that is not higher than one before it: `reservation_lower`, `collect` or `reject`.
    /// Default `collect`.
    pub reservation_lower: LowerRequests,
    /// How long a call is kept from an agent who is needed for customers being dialled that came before it:
    /// `keep_agents`, seconds, 0 to 60, default 15; 0: not at all.
    pub keep_agents: Duration,
    /// Router option `vcb` (guide), `n1:n2:…:n17`.
    pub vcb: Vcb,
}

impl Default for RoutingSettings {
    fn default() -> Self {
        let standard = Options::default();
        Self {
            after_call_work: AfterCallWork::default(),
            agent_no_answer: NoAnswer::default(),
            is_random: false,
            reservation_collection: standard.reservation_collection,
            reservation_lower: standard.lower_requests,
            keep_agents: standard.dial_ahead.keep_max,
            vcb: Vcb::default(),
        }
    }
}

impl RoutingSettings {
    /// What the router is to be made with.
    pub(crate) fn router(&self, seed: u64) -> Options {
        Options {
            after_call_work: self.after_call_work.clone(),
            targets_order: if self.is_random { TargetsOrder::Random { seed } } else { TargetsOrder::Fixed },
            reservation_collection: self.reservation_collection,
            lower_requests: self.reservation_lower,
            dial_ahead: DialAheadOptions {
                vcb: self.vcb,
                keep_max: self.keep_agents,
                ..DialAheadOptions::default()
            },
            ..Options::default()
        }
    }
}

/// Reads `[routing]`.
pub(super) fn read(table: &Table, problems: &mut Problems) -> RoutingSettings {
    let mut section = Section::new("[routing]", table, problems);
    let standard = section.seconds("after_call_work", AFTER_CALL_WORK_MAX).filter(|time| !time.is_zero());
    let by_group = read_groups(&mut section);
    let agent_no_answer = section.parsed("agent_no_answer", "`ready` or `not_ready`", |text| match text {
        "ready" => Some(NoAnswer::Ready),
        "not_ready" => Some(NoAnswer::NotReady),
        _ => None,
    });
    let is_random = section.parsed("targets_order", "`fixed` or `random`", |text| match text {
        "fixed" => Some(false),
        "random" => Some(true),
        _ => None,
    });
    let collection = section.integer("reservation_collection", 0, COLLECTION_MILLIS_MAX);
    let lower = section.parsed("reservation_lower", "`collect` or `reject`", |text| match text {
        "collect" => Some(LowerRequests::Collect),
        "reject" => Some(LowerRequests::Reject),
        _ => None,
    });
    let keep_agents = section.seconds("keep_agents", KEEP_AGENTS_MAX);
    let vcb = section.parsed("vcb", "numbers `n1:n2:…`, at most 17", |text| Vcb::parse(text).ok());
    section.finish();
    let default = RoutingSettings::default();
    let collection = collection.and_then(|millis| u64::try_from(millis).ok()).map(Duration::from_millis);
    RoutingSettings {
        after_call_work: AfterCallWork { standard, by_group },
        agent_no_answer: agent_no_answer.unwrap_or_default(),
        is_random: is_random.unwrap_or_default(),
        reservation_collection: collection.unwrap_or(default.reservation_collection),
        reservation_lower: lower.unwrap_or(default.reservation_lower),
        keep_agents: keep_agents.unwrap_or(default.keep_agents),
        vcb: vcb.unwrap_or_default(),
    }
}

fn read_groups(section: &mut Section<'_>) -> BTreeMap<String, Duration> {
    let Some(table) = section.table("after_call_work_of") else {
        return BTreeMap::new();
    };
    let mut groups = BTreeMap::new();
    for (group, entry) in table {
        let time = as_number(&entry.node.content)
            .filter(|seconds| (0.0..=f64::from(AFTER_CALL_WORK_MAX)).contains(seconds))
            .map(Duration::from_secs_f64);
        match time {
            Some(time) => {
                groups.insert(group.clone(), time);
            }
            None => {
                let found = match &entry.node.content {
                    Content::Text(text) => format!("`{text}`"),
                    other => shown(other),
                };
                let expected = format!("a time in seconds from 0 to {AFTER_CALL_WORK_MAX}");
                section.refuse(&entry.node.place, group, &found, &expected);
            }
        }
    }
    groups
}
