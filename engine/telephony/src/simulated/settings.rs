//! Settings of the simulated switch.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use vocabulary::CallState;

use super::{AgentBehaviour, Behaviour};
use crate::ReleasedBy;

/// How long customer and agent talk, and who ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TalkTime {
    /// From the connection to the hang-up.
    pub after: Duration,
    /// Who hangs up first: [`ReleasedBy::Agent`] or [`ReleasedBy::Customer`].
    pub ended_by: ReleasedBy,
}

/// Settings of the simulated switch.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// What customers do, by the last digits of the dialled string; the longest match counts, and who matches
    /// nothing is a human. Default empty; the demo's table is [`demo_behaviours`].
    pub behaviour_by_digits: BTreeMap<String, Behaviour>,
    /// Time from the order to ringing, or to the failure of a dial that never rings. Default 500 ms.
    pub setup_time: Duration,
    /// Time of ringing until the answer, where the behaviour does not say. Default 3 s.
    pub answers_after: Duration,
    /// Time from answer to the result of detection; a limit of the order that is shorter ends it as human.
    /// Default 2 s.
    pub detection_time: Duration,
    /// Time from the answer of a machine to its beep, where the behaviour does not say. Default 6 s.
    pub beep_after: Duration,
    /// Time from answer to hang-up of customers who hang up, where the behaviour does not say. Default 10 s.
    pub hangs_up_after: Duration,
    /// Whether calls that a machine answered are kept up, so that something can be played to it. Default true
    /// (guide: `am-detected=connect`; without it such a call is dropped).
    pub am_detected_connect: bool,
    /// Length of every file. Default 5 s.
    pub file_length: Duration,
    /// Files that cannot be played. Default none.
    pub unplayable_files: BTreeSet<String>,
    /// Time that a caller needs to hear a prompt and type the digits. Default 3 s.
    pub digits_after: Duration,
    /// Time from a redirect until the agent's phone rings. Default 200 ms.
    pub alerting_after: Duration,
    /// Directory numbers of agents on this switch. Default none.
    pub agent_dns: BTreeSet<String>,
    /// Other numbers to which calls may be moved, such as routing points. Default none.
    pub route_points: BTreeSet<String>,
    /// What agents do for whom nothing else was said. Default [`AgentBehaviour::Manual`].
    pub agent_behaviour: AgentBehaviour,
    /// Talk time; `None`: calls never end by themselves. Default 20 s, ended by the customer.
    pub talk_time: Option<TalkTime>,
    /// Most that chance adds to the setup and alerting times, in whole milliseconds. Default 300 ms; zero makes
    /// every time exact.
    pub jitter: Duration,
    /// Most calls at once: a dial beyond it fails with call state 10, all trunks busy. Default 10,000.
    pub max_calls: usize,
    /// Most numbers with a behaviour or digits of their own. Default 100,000.
    pub max_customers: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            behaviour_by_digits: BTreeMap::new(),
            setup_time: Duration::from_millis(500),
            answers_after: Duration::from_secs(3),
            detection_time: Duration::from_secs(2),
            beep_after: Duration::from_secs(6),
            hangs_up_after: Duration::from_secs(10),
            am_detected_connect: true,
            file_length: Duration::from_secs(5),
            unplayable_files: BTreeSet::new(),
            digits_after: Duration::from_secs(3),
            alerting_after: Duration::from_millis(200),
            agent_dns: BTreeSet::new(),
            route_points: BTreeSet::new(),
            agent_behaviour: AgentBehaviour::Manual,
            talk_time: Some(TalkTime { after: Duration::from_secs(20), ended_by: ReleasedBy::Customer }),
            jitter: Duration::from_millis(300),
            max_calls: 10_000,
            max_customers: 100_000,
        }
    }
}

/// The demo's table: the last digits of a number, and what its customer does. Every other number is human.
///
/// With `+1 202 555` in front these are numbers that are reserved for fiction.
#[must_use]
pub fn demo_behaviours() -> BTreeMap<String, Behaviour> {
    let answers_after = None;
    [
        ("0110", Behaviour::Busy),
        ("0111", Behaviour::NoAnswer),
        ("0112", Behaviour::Machine { answers_after, beep_after: None }),
        ("0113", Behaviour::Fax { answers_after }),
        ("0114", Behaviour::Silence { answers_after }),
        ("0115", Behaviour::Sit { call_state: CallState::SIT_VACANT }),
        ("0116", Behaviour::Sit { call_state: CallState::SIT_REORDER }),
        ("0117", Behaviour::HangsUp { answers_after, hangs_up_after: None }),
    ]
    .into_iter()
    .map(|(digits, behaviour)| (digits.to_owned(), behaviour))
    .collect()
}
