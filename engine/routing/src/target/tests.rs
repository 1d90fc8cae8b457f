use super::{TargetError, TargetKind, Targets};
use crate::Comparison;

fn parse(text: &str) -> super::Target {
    let targets = Targets::parse(text).unwrap();
    assert_eq!(targets.iter().count(), 1, "{text}");
    targets.iter().next().unwrap().clone()
}

#[test]
fn parts_of_a_target_are_read() {
    for (text, name, server, kind) in [
        ("az@.A", "az", "", TargetKind::Agent),
        ("Billing@StatServer.GA", "Billing", "StatServer", TargetKind::AgentGroup),
        ("Place 7 @ SS.AP", "Place 7", "SS", TargetKind::Place),
        ("a.b@c.d.GP", "a.b", "c.d", TargetKind::PlaceGroup),
        ("x@y@z.GC", "x@y", "z", TargetKind::CampaignGroup),
        ("c@.C", "c", "", TargetKind::Campaign),
        ("LOSTFOREVER@.Q", "LOSTFOREVER", "", TargetKind::Queue),
        ("q@.GQ", "q", "", TargetKind::QueueGroup),
        ("8001@SIP_Switch.RP", "8001", "SIP_Switch", TargetKind::RoutingPoint),
        ("8001@SIP_Switch.DN", "8001", "SIP_Switch", TargetKind::DirectoryNumber),
        ("d@.DL", "d", "", TargetKind::DestinationLabel),
    ] {
        let target = parse(text);
        assert_eq!(target.name(), name, "{text}");
        assert_eq!(target.server(), server, "{text}");
        assert_eq!(target.kind(), kind, "{text}");
        assert_eq!(target.text(), text);
    }
}

#[test]
fn threshold_and_weight_are_read() {
    let target = parse("{StatAgentsAvailable>=1 & StatAgentsTotal<20}[40]Gold@SS.GA");
    assert_eq!(target.name(), "Gold");
    assert_eq!(target.weight(), Some(40));
    let thresholds = target.thresholds();
    assert_eq!(thresholds.len(), 2);
    assert_eq!(thresholds[0].statistic, "StatAgentsAvailable");
    assert_eq!(thresholds[0].comparison, Comparison::GreaterOrEqual);
    assert_eq!(thresholds[1].value, 20.0);
    assert_eq!(parse("[40]Gold@SS.GA").weight(), Some(40));
}

#[test]
fn skill_expressions_are_read_with_escaped_ampersands() {
    for text in [
        "?:English=20&Loans=2@StatServer.GA",
        "?:English=20&;Loans=2@StatServer.GA",
        "?Best:English=20&amp;Loans=2@StatServer.GA",
    ] {
        let target = parse(text);
        assert!(target.skills().is_some(), "{text}");
        assert_eq!(target.text(), text);
    }
    assert_eq!(parse("?Spanish:Spanish>3@.GA").name(), "?Spanish:Spanish>3");
    assert!(parse("?:LoggedIn(\"8001@Switch\")@.GA").skills().is_some());
}

#[test]
fn commas_separate_targets_only_outside_quotes_and_parentheses() {
    let targets = Targets::parse("a@.A, Billing@.GA,?:Skill(\"x,y\")>1@.GA").unwrap();
    let names: Vec<_> = targets.iter().map(super::Target::name).collect();
    assert_eq!(names, ["a", "Billing", "?:Skill(\"x,y\")>1"]);
}

#[test]
fn a_list_with_one_element_is_that_element() {
    for text in [
        r#"["Billing@.GA"]"#,
        r#"[{"target":"Billing@.GA","timeout":"15","clear":false}]"#,
        r#" [ {"target":"Billing@.GA"} ] "#,
    ] {
        assert_eq!(parse(text).text(), "Billing@.GA", "{text}");
    }
}

#[test]
fn a_list_with_several_elements_is_refused_and_says_so() {
    let error = Targets::parse(r#"[{"target":"a@.A"},{"target":"b@.A"}]"#).unwrap_err();
    assert_eq!(error, TargetError::SeveralInSequence { count: 2 });
    assert!(error.to_string().contains("one after the other"), "{error}");
}

#[test]
fn malformed_targets_are_refused_with_what_was_expected() {
    for (text, expected) in [
        ("", "name@server.TYPE"),
        ("  ", "name@server.TYPE"),
        ("a@.A,", "name@server.TYPE"),
        ("[]", "there is no target"),
        ("Billing", "name@server.TYPE"),
        ("Billing@SS", "`.TYPE`"),
        ("Billing@SS.XX", "one of A, AP, GA"),
        ("@SS.GA", "no name"),
        ("{StatAgentsAvailable>0Gold@SS.GA", "`}`"),
        ("{StatAgentsAvailable}Gold@SS.GA", "{statistic>number}"),
        ("{>3}Gold@SS.GA", "{statistic>number}"),
        ("{Stat>NaN}Gold@SS.GA", "{statistic>number}"),
        ("[x]Gold@SS.GA", "whole number"),
        ("[4Gold@SS.GA", "`]`"),
        ("?Spanish>3@.GA", "?label:expression"),
        ("?:Spanish>3@.A", "type GA"),
        ("?:Spanish>@.GA", "integer"),
        (r#"[{"timeout":1}]"#, "`target`"),
        (r#"[{"target":"#, "list of targets"),
    ] {
        let error = Targets::parse(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn length_is_limited() {
    let long = format!("{}@.GA", "x".repeat(5000));
    assert_eq!(Targets::parse(&long), Err(TargetError::TooLong { length: 5004 }));
}

#[test]
fn mixing_operators_gives_a_warning() {
    //= decision: D-090
    //= type=test
    let mixed = Targets::parse("?:A=1|B=1&C=1@.GA").unwrap();
    assert_eq!(mixed.warnings().len(), 1);
    assert!(Targets::parse("?:(A=1|B=1)&C=1@.GA").unwrap().warnings().is_empty());
}

/// Any text is either read or refused, and never ends the process.
#[test]
fn arbitrary_text_is_read_or_refused() {
    const ALPHABET: &[char] = &[
        'A',
        'b',
        '1',
        '-',
        '@',
        '.',
        '?',
        ':',
        '&',
        '|',
        '(',
        ')',
        '{',
        '}',
        '[',
        ']',
        '"',
        ',',
        '<',
        '>',
        '=',
        '!',
        '$',
        ';',
        ' ',
        'é',
        '\u{1F600}',
        'G',
    ];
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    for seed in 0..20_000_u32 {
        let mut text = String::new();
        for _ in 0..(seed % 40) {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let pick = usize::try_from(state >> 33).unwrap() % ALPHABET.len();
            text.push(ALPHABET[pick]);
        }
        if let Ok(targets) = Targets::parse(&text) {
            assert!(targets.iter().next().is_some(), "seed {seed}: {text}");
        }
    }
}
