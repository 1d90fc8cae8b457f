//! The sections `[agents.ID]`, `[queues.NAME]` and `[switch]`: the people, the lines and the switch.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use routing::{AgentProfile, AgentStatus};
use serde_json::Value;
use telephony::{AgentBehaviour, Behaviour, ReleasedBy, Settings, TalkTime, demo_behaviours};
use vocabulary::{AgentId, QueueName, ServiceName};

use super::document::{Content, Node, Table};
use super::problem::Problems;
use super::section::{Section, shown};

/// An agent as configured.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentSettings {
    /// Who.
    pub profile: AgentProfile,
    /// State at the start of the node. Default logged out.
    pub at_start: AgentStatus,
    /// What the agent's phone does on the simulated switch; `None`: what the switch says of all.
    pub behaviour: Option<AgentBehaviour>,
}

/// A virtual queue as configured. A queue that a service names without being configured works as well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueSettings {
    /// Alias.
    pub name: QueueName,
    /// What people call it.
    pub description: String,
}

/// The switch.
#[derive(Clone, Debug, PartialEq)]
pub struct SwitchSettings {
    /// Seed of the switch's chance; `None` takes one of the system's.
    pub seed: Option<u64>,
    /// Settings of the simulated switch. Directory numbers of the agents and route points of the services are in.
    pub simulated: Settings,
    /// Services that take the calls which arrive at a route point.
    pub inbound: BTreeMap<String, ServiceName>,
}

/// Longest time on the simulated switch, seconds: a day.
const SECONDS_MAX: u32 = 86_400;

/// Reads the tables below `[agents]`.
pub(super) fn read_agents(table: &Table, problems: &mut Problems) -> BTreeMap<AgentId, AgentSettings> {
    let mut agents = BTreeMap::new();
    for (id, entry) in table {
        let Content::Table(keys) = &entry.node.content else {
            problems.error(
                &entry.node.place,
                format!("agents `{id}` is {}; expected a table `[agents.{id}]`", shown(&entry.node.content)),
            );
            continue;
        };
        agents.insert(AgentId::new(id), read_agent(id, keys, problems));
    }
    refuse_shared_numbers(&agents, table, problems);
    agents
}

fn read_agent(id: &str, table: &Table, problems: &mut Problems) -> AgentSettings {
    let mut section = Section::new(format!("[agents.{id}]"), table, problems);
    let dn = section.text("dn").unwrap_or_else(|| id.to_owned());
    let profile = AgentProfile {
        id: AgentId::new(id),
        name: section.text("name").unwrap_or_else(|| id.to_owned()),
        switch: section.text("switch").unwrap_or_else(|| "SIP_Switch".to_owned()),
        place: section.text("place").unwrap_or_else(|| dn.clone()),
        groups: section.texts("groups").unwrap_or_default(),
        skills: read_skills(&mut section),
        dn,
    };
    let at_start = section
        .parsed("login", "`ready`, `not_ready` or `logged_out`", |text| match text {
            "ready" => Some(AgentStatus::Ready),
            "not_ready" => Some(AgentStatus::NotReady { reason: None }),
            "logged_out" => Some(AgentStatus::LoggedOut),
            _ => None,
        })
        .unwrap_or(AgentStatus::LoggedOut);
    let behaviour = read_agent_behaviour(&mut section);
    section.finish();
    AgentSettings { profile, at_start, behaviour }
}

fn read_skills(section: &mut Section<'_>) -> BTreeMap<String, i64> {
    let Some(table) = section.table("skills") else {
        return BTreeMap::new();
    };
    let mut skills = BTreeMap::new();
    for (skill, entry) in table {
        match &entry.node.content {
            Content::Integer(level) => {
                skills.insert(skill.clone(), *level);
            }
            other => {
                let found = shown(other);
                section.refuse(&entry.node.place, skill, &found, "a level, a whole number");
            }
        }
    }
    skills
}

/// `behaviour` (`manual`, `answers`, `declines`, `rings_out`) with `after`, seconds of ringing.
fn read_agent_behaviour(section: &mut Section<'_>) -> Option<AgentBehaviour> {
    let after = section.seconds("after", SECONDS_MAX);
    let behaviour =
        section.parsed("behaviour", "`manual`, `answers`, `declines` or `rings_out`", |text| {
            text.parse::<AgentBehaviour>().ok()
        })?;
    let after = after.unwrap_or_default();
    Some(match behaviour {
        AgentBehaviour::Answers { .. } => AgentBehaviour::Answers { after },
        AgentBehaviour::Declines { .. } => AgentBehaviour::Declines { after },
        other => other,
    })
}

/// A directory number belongs to one agent; otherwise a call would ring at two desks.
fn refuse_shared_numbers(agents: &BTreeMap<AgentId, AgentSettings>, table: &Table, problems: &mut Problems) {
    let mut owners: BTreeMap<(&str, &str), &AgentId> = BTreeMap::new();
    for (id, agent) in agents {
        let number = (agent.profile.switch.as_str(), agent.profile.dn.as_str());
        if let (Some(owner), Some(entry)) = (owners.insert(number, id), table.get(id.as_str())) {
            problems.error(
                &entry.key_place,
                format!(
                    "[agents.{id}] has directory number `{}`, which is that of agent `{owner}`",
                    agent.profile.dn
                ),
            );
        }
    }
}

/// Reads the tables below `[queues]`.
pub(super) fn read_queues(table: &Table, problems: &mut Problems) -> BTreeMap<QueueName, QueueSettings> {
    let mut queues = BTreeMap::new();
    for (name, entry) in table {
        let Content::Table(keys) = &entry.node.content else {
            problems.error(
                &entry.node.place,
                format!(
                    "queues `{name}` is {}; expected a table `[queues.{name}]`",
                    shown(&entry.node.content)
                ),
            );
            continue;
        };
        let mut section = Section::new(format!("[queues.{name}]"), keys, problems);
        let queue = QueueSettings {
            name: QueueName::new(name),
            description: section.text("description").unwrap_or_default(),
        };
        section.finish();
        queues.insert(queue.name.clone(), queue);
    }
    queues
}

/// Reads `[switch]`.
pub(super) fn read_switch(table: &Table, problems: &mut Problems) -> SwitchSettings {
    let mut section = Section::new("[switch]", table, problems);
    let _simulated = section
        .parsed("kind", "`simulated`, the only switch so far", |text| (text == "simulated").then_some(()));
    let seed = section.integer("seed", 0, i64::MAX).and_then(|seed| u64::try_from(seed).ok());
    let standard = Settings::default();
    let mut time =
        |key: &'static str, default: Duration| section.seconds(key, SECONDS_MAX).unwrap_or(default);
    let mut simulated = Settings {
        setup_time: time("setup_time", standard.setup_time),
        answers_after: time("answers_after", standard.answers_after),
        detection_time: time("detection_time", standard.detection_time),
        beep_after: time("beep_after", standard.beep_after),
        hangs_up_after: time("hangs_up_after", standard.hangs_up_after),
        file_length: time("file_length", standard.file_length),
        digits_after: time("digits_after", standard.digits_after),
        alerting_after: time("alerting_after", standard.alerting_after),
        jitter: time("jitter", standard.jitter),
        ..standard
    };
    simulated.am_detected_connect = section.flag("am_detected_connect", true);
    simulated.talk_time = read_talk_time(&mut section, simulated.talk_time);
    simulated.unplayable_files = section.texts("unplayable_files").unwrap_or_default().into_iter().collect();
    simulated.route_points = section.texts("route_points").unwrap_or_default().into_iter().collect();
    simulated.max_calls = section
        .integer("max_calls", 1, 1_000_000)
        .and_then(|calls| usize::try_from(calls).ok())
        .unwrap_or(simulated.max_calls);
    simulated.agent_behaviour = read_agents_behaviour(&mut section);
    simulated.behaviour_by_digits = read_customers(&mut section);
    let inbound = read_inbound(&mut section);
    section.finish();
    SwitchSettings { seed, simulated, inbound }
}

/// `talk_time` in seconds, 0 for calls that never end by themselves, and `talk_ended_by`.
fn read_talk_time(section: &mut Section<'_>, default: Option<TalkTime>) -> Option<TalkTime> {
    let after = section.seconds("talk_time", SECONDS_MAX);
    let ended_by = section.parsed("talk_ended_by", "`customer` or `agent`", |text| match text {
        "customer" => Some(ReleasedBy::Customer),
        "agent" => Some(ReleasedBy::Agent),
        _ => None,
    });
    match (after, default) {
        (Some(Duration::ZERO), _) | (None, None) => None,
        (Some(after), _) => Some(TalkTime { after, ended_by: ended_by.unwrap_or(ReleasedBy::Customer) }),
        (None, Some(talk)) => Some(TalkTime { ended_by: ended_by.unwrap_or(talk.ended_by), ..talk }),
    }
}

/// `agents`: what the phones of all agents do for whom nothing else is said, with `agents_after`.
fn read_agents_behaviour(section: &mut Section<'_>) -> AgentBehaviour {
    let after = section.seconds("agents_after", SECONDS_MAX).unwrap_or_default();
    let behaviour =
        section.parsed("agents", "`manual`, `answers`, `declines` or `rings_out`", |text| text.parse().ok());
    match behaviour.unwrap_or_default() {
        AgentBehaviour::Answers { .. } => AgentBehaviour::Answers { after },
        AgentBehaviour::Declines { .. } => AgentBehaviour::Declines { after },
        other => other,
    }
}

/// `[switch.customers]`: last digits and what their customer does, `"0110" = "busy"` or a table with numbers.
/// `customers = "demo"` takes the table of the demo.
fn read_customers(section: &mut Section<'_>) -> BTreeMap<String, Behaviour> {
    let Some(entry) = section.entry("customers") else {
        return BTreeMap::new();
    };
    let table = match &entry.node.content {
        Content::Text(text) if text == "demo" => return demo_behaviours(),
        Content::Table(table) => table,
        other => {
            let found = shown(other);
            section.refuse(&entry.node.place, "customers", &found, "a table, or `demo`");
            return BTreeMap::new();
        }
    };
    let mut customers = BTreeMap::new();
    for (digits, entry) in table {
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            section.error(
                &entry.key_place,
                format!("[switch.customers] `{digits}` is not the last digits of a number"),
            );
            continue;
        }
        match read_behaviour(&entry.node) {
            Ok(behaviour) => {
                customers.insert(digits.clone(), behaviour);
            }
            Err(problem) => {
                section.error(&entry.node.place, format!("[switch.customers] `{digits}`: {problem}"))
            }
        }
    }
    customers
}

fn read_behaviour(node: &Node) -> Result<Behaviour, String> {
    match node.to_json() {
        Value::String(name) => {
            name.parse().map_err(|problem: telephony::MalformedBehaviour| problem.to_string())
        }
        other => serde_json::from_value(other).map_err(|problem| problem.to_string()),
    }
}

/// `[switch.inbound]`: route point and the service that takes its calls.
fn read_inbound(section: &mut Section<'_>) -> BTreeMap<String, ServiceName> {
    let Some(table) = section.table("inbound") else {
        return BTreeMap::new();
    };
    let mut inbound = BTreeMap::new();
    for (route_point, entry) in table {
        match &entry.node.content {
            Content::Text(service) => {
                inbound.insert(route_point.clone(), ServiceName::new(service));
            }
            other => {
                let found = shown(other);
                section.refuse(&entry.node.place, route_point, &found, "the name of a service");
            }
        }
    }
    inbound
}

/// Adds to the switch what follows from the rest of the configuration: numbers of agents and route points.
pub(super) fn connect(
    switch: &mut SwitchSettings,
    agents: &BTreeMap<AgentId, AgentSettings>,
    route_points: BTreeSet<String>,
) {
    let numbers = agents.values().map(|agent| agent.profile.dn.clone());
    switch.simulated.agent_dns.extend(numbers);
    let all = route_points.into_iter().chain(switch.inbound.keys().cloned());
    switch.simulated.route_points.extend(all);
}
