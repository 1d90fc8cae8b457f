use vocabulary::Timestamp;

use super::{AgentFigures, AgentRecord, QueueFigures, Statistic, StatisticError, StatisticUse, of_agents};
use crate::{AgentStatus, TargetKind};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_epoch_seconds(seconds)
}

fn not_ready() -> AgentStatus {
    AgentStatus::NotReady { reason: None }
}

/// An agent who went through statuses at the given seconds.
fn record(changes: &[(i64, AgentStatus)]) -> AgentRecord {
    let mut record = AgentRecord::default();
    let mut before = AgentStatus::LoggedOut;
    for (seconds, status) in changes {
        record.changed(&before, status, at(*seconds));
        before = status.clone();
    }
    record
}

#[test]
fn every_name_is_read_back() {
    for statistic in Statistic::ALL {
        assert_eq!(Statistic::parse(statistic.name()), Ok(statistic));
    }
}

#[test]
fn login_agents_is_another_name_of_the_total() {
    //= decision: D-091
    //= type=test
    assert_eq!(Statistic::parse("StatLoginAgents"), Ok(Statistic::AgentsTotal));
    assert_eq!(StatisticUse::Group.find("StatLoginAgents"), Ok(Statistic::AgentsTotal));
}

#[test]
fn an_unknown_name_is_answered_with_the_nearest() {
    let error = Statistic::parse("StatAgentsAvailible").unwrap_err().to_string();
    assert!(error.contains("did you mean `StatAgentsAvailable`?"), "{error}");
    let error = Statistic::parse("Zzz").unwrap_err().to_string();
    assert_eq!(error, "there is no statistic `Zzz`");
}

#[test]
fn skill_expressions_know_only_what_the_router_counts() {
    //= guide: stat_to_check of a skill expression
    //= type=test
    let place = StatisticUse::of_target(TargetKind::AgentGroup, true);
    for name in ["RStatAgentsReadyvoice", "RStatAgentsReady", "RStatAgentsTotal"] {
        assert!(place.find(name).is_ok(), "{name}");
    }
    let error = place.find("StatAgentsAvailable").unwrap_err();
    assert!(matches!(error, StatisticError::Elsewhere { .. }));
    assert!(error.to_string().contains("RStatAgentsReadyvoice"), "{error}");
}

#[test]
fn each_statistic_has_a_place_and_a_value_there() {
    let record = AgentRecord::default();
    let agent =
        AgentFigures { status: &AgentStatus::Ready, since: at(0), is_selectable: true, record: &record };
    for statistic in Statistic::ALL {
        let values = [
            (StatisticUse::Agent, agent.value(statistic, at(5))),
            (StatisticUse::Group, of_agents(statistic, [agent].into_iter())),
            (StatisticUse::Queue, QueueFigures::default().value(statistic)),
        ];
        assert!(values.iter().any(|(_, value)| value.is_some()), "{statistic:?} has no place");
        for (place, value) in values {
            assert_eq!(place.allows(statistic), value.is_some(), "{statistic:?} in {place:?}");
        }
    }
}

#[test]
fn agents_are_counted_by_their_states() {
    let record = AgentRecord::default();
    let agent = |status, is_selectable| AgentFigures { status, since: at(0), is_selectable, record: &record };
    let away = not_ready();
    let group = [
        agent(&AgentStatus::Ready, true),
        agent(&AgentStatus::Ready, false),
        agent(&AgentStatus::Busy, false),
        agent(&AgentStatus::AfterCallWork, false),
        agent(&away, false),
        agent(&AgentStatus::LoggedOut, false),
    ];
    for (name, expected) in [
        ("StatAgentsAvailable", 1.0),
        ("RStatAgentsReady", 1.0),
        ("RStatAgentsReadyvoice", 1.0),
        ("StatAgentsTotal", 5.0),
        ("RStatAgentsTotal", 5.0),
        ("StatAgentsBusy", 1.0),
    ] {
        let statistic = StatisticUse::Group.find(name).unwrap();
        assert_eq!(of_agents(statistic, group.into_iter()), Some(expected), "{name}");
    }
}

#[test]
fn handling_lasts_from_ringing_until_the_agent_is_free() {
    let record = record(&[
        (0, AgentStatus::Ready),
        (10, AgentStatus::Ringing),
        (15, AgentStatus::Busy),
        (100, AgentStatus::AfterCallWork),
        (130, AgentStatus::Ready),
    ]);
    assert_eq!(record.handling.value(), Some(120.0));
    assert_eq!((record.answered, record.completed), (1, 1));
}

#[test]
fn a_call_that_only_rang_has_no_handling_time() {
    let record = record(&[(0, AgentStatus::Ready), (10, AgentStatus::Ringing), (30, AgentStatus::Ready)]);
    assert_eq!(record.handling.value(), None);
    assert_eq!((record.answered, record.completed), (0, 0));
}

#[test]
fn occupancy_is_the_share_of_the_time_at_work() {
    let record = record(&[
        (0, AgentStatus::Ready),
        (100, AgentStatus::Busy),
        (150, AgentStatus::Ready),
        (200, AgentStatus::LoggedOut),
        (1_000, AgentStatus::Ready),
    ]);
    let agent =
        AgentFigures { status: &AgentStatus::Ready, since: at(1_000), is_selectable: true, record: &record };
    assert_eq!(agent.value(Statistic::AgentOccupancy, at(1_000)), Some(0.25));
    assert_eq!(agent.value(Statistic::AgentOccupancy, at(1_300)), Some(0.1));
    assert_eq!(agent.value(Statistic::TimeInReadyState, at(1_300)), Some(300.0));
    assert_eq!(agent.value(Statistic::AgentLoading, at(1_300)), Some(0.0));
}
