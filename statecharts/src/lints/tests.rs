use super::*;
use crate::trial::{modules, text};
use crate::{NoParts, Source, compile};

/// A host that answers the verbs of tea, can be called by `pot.empty`, and has one option.
fn host() -> Host {
    Host {
        families: &["kettle", "pot"],
        unasked: vec!["pot.empty", "visitor"],
        ends: &["pot.empty"],
        bounded: &["tea.pour"],
        options: "_options",
        option: |name| match name {
            "_sugar" => KnownOption::Yes,
            _ => KnownOption::No(Some("_sugar".to_owned())),
        },
    }
}

fn findings(body: &str) -> Vec<Finding> {
    let text = text(body);
    let compiled = compile(Source { file: "c.scxml", text: &text }, &modules(), &NoParts)
        .unwrap_or_else(|error| panic!("{error}\n{text}"));
    super::check(&compiled.chart, &host())
}

/// What is found, as `name: message`.
#[track_caller]
fn check(body: &str, expected: &[&str]) {
    let found: Vec<String> =
        findings(body).iter().map(|finding| format!("{}: {}", finding.lint.name, finding.message)).collect();
    assert_eq!(found, expected, "\n{body}");
}

#[test]
fn a_state_that_nothing_leads_to_is_found() {
    check(
        "<state id='a'><transition event='x' target='b'/></state><state id='b'/><state id='c'><state id='d'/></state>",
        &["unreachable-state: no transition leads into the state `c`"],
    );
    check(
        "<state id='a'><history id='h'><transition target='b'/></history><state id='b'/></state>",
        &["unreachable-state: no transition leads into the history `h`"],
    );
}

#[test]
fn regions_defaults_and_histories_are_reached() {
    check(
        "<parallel id='p'><state id='r'><state id='r1'/></state><state id='s'><initial><transition target='s2'/></initial>
           <state id='s1'/><state id='s2'><transition event='x' target='s1'/></state></state></parallel>",
        &[],
    );
    check(
        "<state id='a'><transition event='x' target='r1'/></state>
         <parallel id='p'><state id='r'><state id='r0'><transition event='y' target='h'/></state><state id='r1'><transition event='y' target='r0'/></state></state>
           <state id='s'><history id='h'><transition target='s2'/></history><state id='s1'/><state id='s2'/></state></parallel>",
        &[],
    );
}

#[test]
fn a_transition_behind_a_wider_one_is_never_taken() {
    check(
        "<state id='a'><transition event='x' target='b'/><transition event='x.y z' target='b'/><transition event='x.y x' cond='1 &gt; 0' target='b'/></state><state id='b'/>",
        &["never-taken: this transition is never taken: the one in line 1 is taken before it"],
    );
    check(
        "<state id='a'><transition event='x' cond='In(\"b\")' target='b'/><transition event='x.y' cond='In(\"b\")' target='b'/></state><state id='b'/>",
        &["never-taken: this transition is never taken: the one in line 1 is taken before it"],
    );
    check(
        "<state id='a'><transition target='b'/><transition event='x' target='b'/></state><state id='b'/>",
        &["never-taken: this transition is never taken: `a` is left at once by the one in line 1"],
    );
    check(
        "<state id='a'><transition event='x' cond='false' target='b'/><transition event='y' target='b'/></state><state id='b'/>",
        &["never-taken: the condition of this transition is always false"],
    );
}

#[test]
fn narrower_transitions_first_are_fine() {
    check(
        "<state id='a'><transition event='x.y' target='b'/><transition event='x' cond='In(\"b\")' target='b'/><transition event='x' target='b'/><transition event='*' target='b'/></state><state id='b'/>",
        &[],
    );
}

#[test]
fn the_end_of_what_has_none_never_comes() {
    check(
        "<state id='cooking'><state id='a1'/><transition event='done.state.cooking' target='f'/><transition event='done.state.coking' target='f'/></state><final id='f'/>",
        &[
            "never-taken: `done.state.cooking` never comes: `cooking` has no <final> that ends it",
            "never-taken: `done.state.coking` never comes: there is no state `coking`; did you mean `cooking`?",
        ],
    );
    check(
        "<parallel id='p'><state id='r'><final id='r1'/></state><state id='s'/><transition event='done.state.p' target='f'/></parallel><final id='f'/>",
        &["never-taken: `done.state.p` never comes: `p` has no <final> that ends it"],
    );
    check(
        "<state id='a'><invoke id='child' src='c.scxml'/><invoke src='d.scxml'/>
           <transition event='done.invoke.child' target='f'/><transition event='done.invoke.a.1' target='f'/>
           <transition event='done.invoke.chlid' target='f'/></state><final id='f'/>",
        &["never-taken: `done.invoke.chlid` never comes: no <invoke> has this id; did you mean `child`?"],
    );
}

#[test]
fn loops_without_event_and_condition_are_found_once() {
    check(
        "<state id='a'><transition target='b'/></state><state id='b'><transition target='c'/></state><state id='c' initial='d'><state id='d'/><transition target='a'/></state>",
        &["endless-loop: transitions without event and condition lead back here for ever"],
    );
    check(
        "<state id='a'><transition cond='true'/></state>",
        &["endless-loop: this transition is taken for ever: it leaves no state"],
    );
    check(
        "<state id='a'><transition cond='In(\"b\")' target='b'/><transition target='b'/></state><state id='b'><transition cond='In(\"a\")' target='a'/></state>",
        &[],
    );
}

#[test]
fn events_of_the_platform_that_nobody_asks_for_are_found() {
    check(
        "<state id='a'><transition event='kettle.boil.done' target='f'/></state><final id='f'/>",
        &["unknown-event: nothing in this chart asks for what `kettle.boil.done` answers"],
    );
    check(
        "<state id='a'><onentry><t:boil water='1'/></onentry><transition event='kettle.boli.done pot.empty' target='f'/></state><final id='f'/>",
        &["unknown-event: the platform never sends `kettle.boli.done`; did you mean `kettle.boil.done`?"],
    );
    check(
        "<state id='a'><transition event='error.exekution' target='f'/></state><final id='f'/>",
        &["unknown-event: the platform never sends `error.exekution`; did you mean `error.execution`?"],
    );
}

#[test]
fn events_from_outside_are_taken_on_trust() {
    check(
        "<state id='a'><transition event='customer.says.hello error error.communication kettle' target='f'/><onentry><t:boil water='1'/></onentry></state><final id='f'/>",
        &[],
    );
    check(
        "<state id='a'><onentry><raise event='place.taken'/></onentry><transition event='place.takn' target='f'/></state><final id='f'/>",
        &[
            "unheard-event: no transition of this chart names `place.taken`; did you mean `place.takn`?",
            "unknown-event: nobody sends `place.takn`; did you mean `place.taken`?",
        ],
    );
    // Both are in use: they are meant to be two.
    check(
        "<state id='a'><onentry><raise event='place.entered'/></onentry><transition event='place.enter' target='f'/><transition event='place.entered' target='f'/></state><final id='f'/>",
        &[],
    );
}

#[test]
fn an_event_that_nobody_hears_is_found() {
    check(
        "<state id='a'><onentry><send event='late' delay='1s'/><send event='x' target='#_parent'/></onentry></state>",
        &["unheard-event: no transition of this chart names `late`"],
    );
    check(
        "<state id='a'><onentry><raise event='late'/></onentry><transition event='*' target='f'/></state><final id='f'/>",
        &[],
    );
    check(
        "<state id='a'><onentry><raise event='late'/></onentry><transition event='*'><log expr=\"_event.name === 'late'\"/></transition></state>",
        &[],
    );
}

#[test]
fn a_wait_for_an_answer_alone_is_endless() {
    let wait = |head: &str, inside: &str, outside: &str| {
        format!(
            "<state id='o'>{outside}<state id='a'><onentry><t:boil water='1'/>{head}</onentry>{inside}<transition event='kettle.boil.done error.kettle.boil' target='f'/></state></state><final id='f'/>"
        )
    };
    check(&wait("", "", ""), &["endless-wait: `a` waits for `kettle.boil.done` without a limit"]);
    check(&wait("<send event='over' delay='1s'/>", "<transition event='over' target='f'/>", ""), &[]);
    check(&wait("", "", "<transition event='pot.empty' target='f'/>"), &[]);
    check(
        &wait(
            "",
            "",
            "<transition event='kettle.timeout' target='f'/><transition event='visitor' target='f'/>",
        ),
        &["unknown-event: the platform never sends `kettle.timeout`"],
    );
    check(&wait("", "<transition event='visitor' target='f'/>", ""), &[]);
    check(
        &wait("", "", "<transition event='error.execution' target='f'/>"),
        &["endless-wait: `a` waits for `kettle.boil.done` without a limit"],
    );
}

#[test]
fn names_that_nobody_declares_are_found() {
    check(
        "<datamodel><data id='cups' expr='1'/></datamodel><script>function pour(n) { cups -= n; cusp = 2; return JSON.stringify(cups) }</script>
         <state id='a'><onentry><assign location='cup' expr='pour(1)'/><foreach array='[1]' item='i'><log expr='i + _tea.leaf.Green'/></foreach>
           <t:boil water='wather' requestid='request'/></onentry>
           <transition event='kettle.boil.done' cond='_event.data.requestid === request &amp;&amp; typeof nothing === \"undefined\"'/></state>",
        &[
            "undeclared-name: `cusp` gets a value and is never declared; did you mean `cups`?",
            "undeclared-name: `cup` is used and is never declared; did you mean `cups`?",
            "undeclared-name: `wather` is used and is never declared",
        ],
    );
}

#[test]
fn what_a_chart_declares_for_nothing_is_found() {
    check(
        "<datamodel><data id='cups'/><data id='given' _type='parameter'/><data id='used' expr='1'/></datamodel>
         <script>function pour() { return used } function drink() { return pour() }</script><state id='a'/>",
        &["unused-data: `cups` is never used", "unused-function: `drink` is never called"],
    );
}

#[test]
fn options_that_nobody_knows_are_found() {
    check(
        "<datamodel><data id='_options' _type='parameter' expr='({})'/><data id='_milk' _type='parameter'/></datamodel>
         <script>function option(name, usual) { var value = _options[name]; return value || usual }
           function sweet(name) { return option(name, 0) }</script>
         <state id='a'><onentry><log expr=\"option('_sugar', 1) + option('_milk') + sweet('_suger')\"/>
           <log expr=\"_options._sugr + _options['_sgar'] + _options[_milk]\"/></onentry></state>",
        &[
            "unknown-option: there is no option `_suger`; did you mean `_sugar`?",
            "unknown-option: there is no option `_sugr`; did you mean `_sugar`?",
            "unknown-option: there is no option `_sgar`; did you mean `_sugar`?",
        ],
    );
}

#[test]
fn sends_that_cannot_work_are_found() {
    check(
        "<state id='a'><onentry><send id='later' event='x' delayexpr='5'/><send event='x' delayexpr=\"'5'\"/><send event='x' delayexpr=\"'5s'\"/>
           <cancel sendid='latr'/><cancel sendid='later'/></onentry><transition event='x' cond=\"In('b')\" target='a'/></state>",
        &[
            "bad-delay: `5` is no time",
            "bad-delay: `5` is no time",
            "unknown-send: no <send> has the id `latr`; did you mean `later`?",
            "unknown-state: there is no state `b`",
        ],
    );
}

#[test]
fn an_element_can_silence_a_lint() {
    check("<state id='a'/><state id='b' _allow='unreachable-state'/>", &[]);
    check(
        "<state id='a'><state id='b'/><state id='c' _allow='never-taken unreachable-state'><transition event='x' cond='false' target='b'/></state></state>",
        &[],
    );
    check(
        "<state id='a'/><state id='b' _allow='unreachable-sate'/>",
        &[
            "unreachable-state: no transition leads into the state `b`",
            "unknown-lint: there is no lint `unreachable-sate`; did you mean `unreachable-state`?",
        ],
    );
}

#[test]
fn findings_point_at_the_very_character() {
    let found =
        findings("<state id='a'><onentry>\n  <script><![CDATA[ a && b; ]]></script></onentry></state>");
    let places: Vec<String> =
        found.iter().map(|finding| format!("{} {}", finding.position, finding.message)).collect();
    assert_eq!(
        places,
        ["c.scxml:2:21 `a` is used and is never declared", "c.scxml:2:26 `b` is used and is never declared",]
    );
}

#[test]
fn every_lint_has_a_name_of_its_own_and_says_what_to_do() {
    for (index, lint) in LINTS.iter().enumerate() {
        assert!(lint.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{}", lint.name);
        assert!(lint.meaning.ends_with('.') && lint.hint.ends_with('.'), "{}", lint.name);
        assert!(
            LINTS.iter().skip(index + 1).all(|other| other.name > lint.name),
            "{} is out of order",
            lint.name
        );
    }
}

#[test]
fn the_names_that_every_session_has_exist() {
    for name in names::NATIVES.iter().chain(&["In", "_event", "_sessionid"]) {
        // Undeclared names raise error.execution, which nobody logs.
        let trial = crate::trial::Trial::of(&format!(
            "<state id='s'><onentry><log label='is' expr='[{name}].length'/></onentry></state>"
        ));
        assert_eq!(trial.logs(), ["is=1"], "{name}");
    }
}

#[test]
fn charts_for_ors_are_told_of_errors_by_other_names() {
    let events = "<transition event='error.illegalcond.ReferenceError'/><transition event='error.script'/><transition event='error.send.targetunavailable.a'/>";
    let body = format!("<state id='a'><transition event='done.scxml.child'/>{events}</state>");
    let found = |head: &str| {
        let text = text(&body).replace("name='trial'", head);
        let compiled = compile(Source { file: "c.scxml", text: &text }, &modules(), &NoParts).unwrap();
        super::check(&compiled.chart, &host()).len()
    };
    assert_eq!(found("name='trial' _orsCompatibility='true'"), 0);
    assert_eq!(found("name='trial'"), 3, "only the end of a session may come");
}

#[test]
fn expressions_of_ors_in_the_place_of_literals_use_names() {
    check(
        "<datamodel><data id='wait' expr='\"5s\"'/><data id='target' expr='\"#_internal\"'/></datamodel>
         <state id='a'><onentry><send event=\"'tick'\" delay='_data.wait' target='_data.target'/>
           <send event=\"'tick' + 'ing'\"/></onentry><transition event='tick'/></state>",
        &[],
    );
}
