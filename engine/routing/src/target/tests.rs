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
        ("a@.A,", "character 6: expected name@server.TYPE"),
        ("[]", "there is no target"),
        ("Billing", "character 1: expected name@server.TYPE"),
        ("Billing@SS", "character 11: expected `.TYPE`"),
        ("Billing@SS.XX", "character 12: `XX` is not a type of target: expected one of A, AP, GA"),
        ("a@.A,Billing@SS.ga", "character 17: `ga` is not a type"),
        ("a@.A,Billing@SS.ga", "did you mean `GA`?"),
        ("@SS.GA", "character 1: there is no name"),
        ("{StatAgentsAvailable>0Gold@SS.GA", "character 22: expected a number, found `0`"),
        ("{StatAgentsAvailable>0 Gold@SS.GA", "character 24: expected `&`, or `}`"),
        ("{StatAgentsAvailable}Gold@SS.GA", "character 21: expected `<`"),
        ("{StatAgentsAvailable!=1}Gold@SS.GA", "character 21: expected `<`"),
        ("{>3}Gold@SS.GA", "character 2: expected the name of a statistic"),
        ("{Stat>NaN}Gold@SS.GA", "character 7: expected a number"),
        ("[x]Gold@SS.GA", "character 2: expected a whole number"),
        ("[4Gold@SS.GA", "character 3: expected `]`"),
        ("?Spanish>3@.GA", "?label:expression"),
        ("?:Spanish>3@.A", "type GA"),
        ("?:Spanish>@.GA", "character 11: expected an integer, found `@`"),
        ("?:Spanish>3 Loans>1@.GA", "character 13: expected `&`, `|` or `@server.GA`"),
        ("?:SkillExist(\"Spanish\")@.GA", "did you mean `SkillExists`?"),
        ("?:$(StatAgentLogedIn)=1@.GA", "did you mean `StatAgentLoggedIn`?"),
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

#[test]
fn types_know_what_they_are_good_for() {
    //= guide: _target
    //= type=test
    let with = |fits: fn(TargetKind) -> bool| -> Vec<_> {
        TargetKind::ALL.into_iter().filter(|kind| fits(*kind)).map(TargetKind::letters).collect()
    };
    assert_eq!(with(TargetKind::is_callback_target), ["A", "AP", "GA", "GP", "GC"]);
    assert_eq!(with(TargetKind::has_waiting_time), ["Q", "GQ"]);
}

/// Numbers that a seed determines.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(bound).unwrap()).unwrap()
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    fn blank(&mut self) -> &'static str {
        self.pick(&["", "", "", " ", "  "])
    }

    fn expression(&mut self, depth: usize) -> String {
        let comparison = self.pick(&["=", "!=", "<", "<=", ">", ">="]);
        let level = self.pick(&["0", "-3", "7", "12345678901"]);
        let (left, right) = (self.blank(), self.blank());
        match self.below(if depth == 0 { 5 } else { 8 }) {
            0 => format!("{left}Spanish{right}{comparison}{level}"),
            1 => format!("Skill(\"{}\"){left}{comparison}{level}", self.pick(&["Loans", "A, b", "(x@y)"])),
            2 => format!("SkillExists({left}\"Loans\"){right}"),
            3 => format!("LoggedIn(\"{}\")", self.pick(&["8001@Switch", "Switch"])),
            4 => format!("$(StatTimeInReadyState){comparison}{right}{level}"),
            5 => format!("({})", self.expression(depth - 1)),
            _ => {
                let operator = self.pick(&["&", "|", "&amp;", "&;"]);
                let first = self.expression(depth - 1);
                format!("{first}{left}{operator}{right}{}", self.expression(depth - 1))
            }
        }
    }

    fn target(&mut self) -> String {
        let threshold = self.pick(&["", "", "{Stat>1}", "{ StatA <= 2.5 &; B=-1 }", "{A<1&amp;B>1e3}"]);
        let weight = self.pick(&["", "[40]", "[ 0 ]"]);
        let server = self.pick(&["", "StatServer", "a.b"]);
        if self.below(2) == 0 {
            let label = self.pick(&["", "Best"]);
            return format!("{threshold}{weight}?{label}:{}@{server}.GA", self.expression(3));
        }
        let name = self.pick(&["Billing", "x@y", "Place 7", "a.b", "ü"]);
        format!("{threshold}{weight}{name}@{server}.{}", TargetKind::ALL[self.below(11)])
    }
}

#[test]
fn what_is_printed_reads_as_the_same_target() {
    for seed in 0..5_000 {
        let text = Chance(seed).target();
        let context = format!("seed {seed}: {text}");
        let target = super::Target::parse(&text).unwrap_or_else(|error| panic!("{context}: {error}"));
        let printed = target.to_string();
        let again = super::Target::parse(&printed).unwrap_or_else(|error| panic!("{context}: {error}"));
        assert_eq!(again.to_string(), printed, "{context}");
        assert_eq!(again.skills, target.skills, "{context}");
        assert_eq!(again.thresholds, target.thresholds, "{context}");
        assert_eq!((again.kind, again.weight), (target.kind, target.weight), "{context}");
        assert_eq!((&again.server, &again.label), (&target.server, &target.label), "{context}");
        if target.skills.is_none() {
            assert_eq!(again.name, target.name, "{context}");
        }
        assert!(!again.skills.is_some_and(|skills| skills.mixes_operators()), "{context}");
    }
}

/// A damaged target is read or refused with a place within the text, and never ends the process.
#[test]
fn damaged_targets_are_refused_at_a_place_within_the_text() {
    for seed in 0..20_000 {
        let mut chance = Chance(seed);
        let mut characters: Vec<char> = chance.target().chars().collect();
        for _ in 0..=chance.below(3) {
            let at = chance.below(characters.len());
            match chance.below(3) {
                0 => drop(characters.remove(at)),
                1 => characters
                    .insert(at, chance.pick(&["@", "\"", "(", "é", "&", "9", ","]).chars().next().unwrap()),
                _ => characters.truncate(at),
            }
            if characters.is_empty() {
                break;
            }
        }
        let text: String = characters.iter().collect();
        if let Err(TargetError::Malformed { position, .. }) = Targets::parse(&text) {
            assert!((1..=characters.len() + 1).contains(&position), "seed {seed}: {position} in {text}");
        }
    }
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
