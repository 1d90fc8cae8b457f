use super::SkillExpression;
use crate::AgentProfile;
use crate::statistics::Statistic;

fn agent(skills: &[(&str, i64)]) -> AgentProfile {
    AgentProfile {
        id: "1".into(),
        name: "Ada".to_owned(),
        dn: "7001".to_owned(),
        switch: "SIP_Switch".to_owned(),
        place: "7001".to_owned(),
        groups: Vec::new(),
        skills: skills.iter().map(|(name, level)| ((*name).to_owned(), *level)).collect(),
    }
}

fn check(expression: &str, skills: &[(&str, i64)], expected: bool) {
    let parsed = SkillExpression::parse(expression).unwrap();
    assert_eq!(parsed.matches(&agent(skills), true), expected, "{expression} for {skills:?}");
}

#[test]
fn levels_are_compared() {
    let skills = [("Spanish", 4), ("Loans", 2)];
    check("Spanish>3&Loans>1", &skills, true);
    check("Spanish > 4", &skills, false);
    check("Spanish>=4", &skills, true);
    check("Spanish!=4", &skills, false);
    check("Spanish<5 & Loans<=2", &skills, true);
    check("Spanish=4|Loans=9", &skills, true);
    check("Skill(\"Spanish\")>=4&SkillExists(\"Loans\")", &skills, true);
    check("SkillExists(\"English\")", &skills, false);
}

#[test]
fn and_binds_tighter_than_or() {
    let skills = [("A", 1)];
    check("A=1|B=1&C=1", &skills, true);
    check("(A=1|B=1)&C=1", &skills, false);
    check("A=1|(B=1&C=1)", &skills, true);
}

#[test]
fn mixing_without_parentheses_is_noticed() {
    for (expression, mixed) in [
        ("A=1|B=1&C=1", true),
        ("A=1&B=1|C=1", true),
        ("(A=1|B=1)&C=1", false),
        ("A=1|(B=1&C=1)", false),
        ("(A=1|B=1&C=1)", true),
        ("A=1&B=1", false),
    ] {
        let parsed = SkillExpression::parse(expression).unwrap();
        assert_eq!(parsed.mixes_operators(), mixed, "{expression}");
    }
}

#[test]
fn a_missing_skill_is_zero_only_below_something() {
    //= decision: D-090
    //= type=test
    for (expression, expected) in [
        ("X<1", true),
        ("X<0", false),
        ("X<=0", true),
        ("X=0", true),
        ("X=1", false),
        ("X>-1", false),
        ("X>=0", false),
        ("X!=3", true),
    ] {
        check(expression, &[], expected);
    }
}

#[test]
fn presence_is_asked_by_function_and_by_statistic() {
    let here = agent(&[]);
    for (expression, at_work, gone) in [
        ("$(StatAgentLoggedIn)=1", true, false),
        ("LoggedIn(\"SIP_Switch\")", true, false),
        ("LoggedIn(\"7001@SIP_Switch\")", true, false),
        ("LoggedIn(\"7002@SIP_Switch\")", false, false),
    ] {
        let parsed = SkillExpression::parse(expression).unwrap();
        assert_eq!(parsed.matches(&here, true), at_work, "{expression}");
        assert_eq!(parsed.matches(&here, false), gone, "{expression}");
    }
}

#[test]
fn errors_name_the_place() {
    for (expression, position) in [
        ("", 1),
        ("A>", 3),
        ("A>1&", 5),
        ("(A>1", 5),
        ("A>1 B>2", 5),
        ("3A>1", 1),
        ("$(StatTimeInReadyStat)>5", 3),
        ("Skill(\"A", 8),
        ("Level(\"A\")>1", 1),
        ("A>99999999999999999999", 3),
    ] {
        let error = SkillExpression::parse(expression).unwrap_err();
        assert_eq!(error.position, position, "{error}");
    }
}

#[test]
fn statistics_of_the_agent_are_compared() {
    let parsed = SkillExpression::parse("$(StatTimeInReadyState)>5&A=1").unwrap();
    let ready_for = |seconds: f64| parsed.holds(&agent(&[("A", 1)]), true, |_| Some(seconds));
    assert!(ready_for(6.0));
    assert!(!ready_for(5.0));
    assert!(!parsed.matches(&agent(&[("A", 1)]), true), "an unknown value holds nothing");
    assert_eq!(parsed.statistics(), [Statistic::TimeInReadyState]);
}

#[test]
fn a_statistic_of_groups_is_refused_with_those_of_agents() {
    let error = SkillExpression::parse("$(StatAgentsAvailable)>5").unwrap_err();
    assert_eq!(error.position, 3);
    assert!(error.problem.contains("StatTimeInReadyState"), "{error}");
}

#[test]
fn nesting_is_limited() {
    let deep = |depth: usize| format!("{}A>1{}", "(".repeat(depth), ")".repeat(depth));
    assert!(SkillExpression::parse(&deep(32)).is_ok());
    assert!(SkillExpression::parse(&deep(33)).is_err());
}
