//! Groups of places and campaigns as targets.

use super::Router;
use super::tests::{at, check, entry, profile, ready, release, router, status};
use crate::statistics::Statistic;
use crate::{AgentStatus, CampaignGroup, Command, Desk, Groups, Outcome, Target};

fn set(names: &[&str]) -> std::collections::BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// The usual agents; `Window` has the places of b and c and one more, `Spring` has c and everybody of Billing.
fn grouped() -> Router {
    let mut router = router();
    let window = set(&["place-b", "place-c", "corner"]);
    let spring = CampaignGroup { agents: ["c".into()].into(), groups: set(&["Billing"]) };
    router.step(Command::ConfigureGroups(groups(window, spring)), at(0));
    router
}

fn groups(window: std::collections::BTreeSet<String>, spring: CampaignGroup) -> Groups {
    Groups {
        places: [("Window".to_owned(), window)].into(),
        campaigns: [("Spring".to_owned(), spring)].into(),
    }
}

fn submit(id: &str, target: &str) -> Command {
    Command::Submit(entry(id, target))
}

fn log_in(agent: &str, place: &str) -> Command {
    let desk = Desk { dn: place.to_owned(), switch: "SIP_Switch".to_owned(), place: place.to_owned() };
    Command::LogIn { agent: agent.into(), desk: Some(desk) }
}

#[test]
fn whoever_works_at_a_place_of_the_group_is_chosen() {
    let mut router = grouped();
    check(&mut router, ready("a"), 1, &[]);
    check(&mut router, submit("x", "Window@.GP"), 2, &["queued x"]);
    check(&mut router, ready("b"), 3, &["x gets b"]);
}

#[test]
fn a_login_at_another_place_changes_the_group_while_people_wait() {
    let mut router = grouped();
    router.step(submit("x", "Window@.GP"), at(0));
    check(&mut router, log_in("a", "corner"), 1, &[]);
    check(&mut router, ready("a"), 2, &["x gets a"]);
    check(&mut router, log_in("b", "elsewhere"), 3, &[]);
    router.step(submit("y", "Window@.GP"), at(4));
    check(&mut router, ready("b"), 5, &[]);
    // A ready agent who moves is found by those who wait.
    router.step(status("a", AgentStatus::Busy), at(5));
    router.step(status("a", AgentStatus::LoggedOut), at(6));
    check(&mut router, log_in("b", "corner"), 7, &["y gets b"]);
}

#[test]
fn a_campaign_group_has_its_agents_and_the_agents_of_its_groups() {
    let mut router = grouped();
    for (id, agent) in [("x", "c"), ("y", "a"), ("z", "d")] {
        router.step(submit(id, "Spring@.GC"), at(0));
        check(&mut router, ready(agent), 1, &[&format!("{id} gets {agent}")]);
    }
    router.step(submit("w", "Spring@.GC"), at(2));
    router.step(Command::PutAgent(profile("b", &[], &[])), at(3));
    check(&mut router, ready("b"), 4, &[]);
    check(&mut router, Command::PutAgent(profile("b", &["Billing"], &[])), 5, &["w gets b"]);
}

#[test]
fn groups_that_are_configured_anew_count_for_those_who_wait() {
    let mut router = grouped();
    router.step(submit("x", "Window@.GP"), at(0));
    router.step(submit("y", "Spring@.GC"), at(0));
    check(&mut router, ready("a"), 1, &["y gets a"]);
    router.step(release("a", None), at(2));
    let changed = groups(set(&["place-a"]), CampaignGroup::default());
    check(&mut router, Command::ConfigureGroups(changed), 3, &["x gets a"]);
}

#[test]
fn a_group_that_nobody_configured_is_refused_with_the_nearest() {
    let mut router = grouped();
    let problem = |router: &mut Router, target: &str| match router.step(submit("x", target), at(0)).as_slice()
    {
        [Outcome::Refused { reason, .. }] => reason.to_string(),
        other => panic!("{other:?}"),
    };
    assert!(problem(&mut router, "Windo@.GP").contains("no place group `Windo`; did you mean `Window`?"));
    assert!(problem(&mut router, "Sprin@.GC").contains("no campaign group `Sprin`; did you mean `Spring`?"));
    assert!(problem(&mut router, "Spring@.C").contains("type C are not served"));
    // Known by now, and again when the groups are gone.
    check(&mut router, submit("y", "Window@.GP"), 1, &["queued y"]);
    router.step(Command::ConfigureGroups(Groups::default()), at(2));
    assert!(problem(&mut router, "Window@.GP").contains("no place group"));
}

#[test]
fn statistics_thresholds_and_skip_conditions_count_such_groups() {
    let mut router = grouped();
    let value = |router: &Router, statistic, target: &str| {
        router.statistic_of_target(statistic, &Target::parse(target).unwrap(), at(9))
    };
    check(&mut router, submit("x", "{StatAgentsAvailable>1}Window@.GP"), 0, &["queued x"]);
    check(&mut router, ready("b"), 1, &[]);
    assert_eq!(value(&router, Statistic::AgentsAvailable, "Window@.GP"), Some(1.0));
    assert_eq!(value(&router, Statistic::AgentsTotal, "Spring@.GC"), Some(1.0));
    check(&mut router, ready("c"), 2, &["x gets b"]);
    let list = r#"[{"target":"Window@.GP","stat_to_check":"StatAgentsAvailable","stat_operator":"<",
                    "stat_value":"2","timeout":"5"},{"target":"a@.A"}]"#;
    router.step(submit("y", list), at(3));
    check(&mut router, ready("a"), 4, &["y gets a"]);
}
