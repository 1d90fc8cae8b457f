use std::collections::BTreeMap;

use super::*;
use crate::trial::modules;
use crate::{Source, compile};

const PART: &str = r#"<scxml xmlns="http://www.w3.org/2005/07/scxml" initial="b">
  <script>var shared = 1;</script>
  <onentry><raise event="inner"/></onentry>
  <state id="b">
    <transition event="back.*" cond="shared &lt; 2" target="a"/>
  </state>
  <final id="c"/>
</scxml>"#;

const MAIN: &str = r#"<scxml xmlns="http://www.w3.org/2005/07/scxml" xmlns:k="tea.example/modules/kettle" version="1.0">
  <datamodel><data id="cups" _type="parameter" expr="1"/></datamodel>
  <state id="a">
    <onentry>
      <k:boil water="1"/>
      <if cond="cups &gt; 1"><send event="late" delay="5s"/><else/><assign location="cups" expr="2"/></if>
    </onentry>
    <transition event="go  *" target="p" type="internal"><log label="going"/></transition>
  </state>
  <state id="p" src="part.scxml"><transition event="late" target="h"/></state>
  <parallel id="both">
    <history id="h" type="deep"><transition target="r"/></history>
    <state id="r" _allow="unreachable-state"><initial><transition target="s"/></initial><state id="s"/></state>
  </parallel>
</scxml>"#;

fn outline() -> Outline {
    let parts = BTreeMap::from([("part.scxml".to_owned(), PART.to_owned())]);
    let compiled = compile(Source { file: "main.scxml", text: MAIN }, &modules(), &parts).unwrap();
    assert_eq!(Outline::of(&compiled.chart).transitions.len(), compiled.chart.transition_count());
    Outline::of(&compiled.chart)
}

fn state<'o>(outline: &'o Outline, id: &str) -> &'o State {
    &outline.states[outline.state(id).unwrap()]
}

/// What a transition looks like: `kind source → targets on events at position`.
fn line(outline: &Outline, transition: &Transition) -> String {
    let id = |number: &usize| outline.states[*number].id.to_string();
    let targets: Vec<String> = transition.targets.iter().map(id).collect();
    format!(
        "{:?} {} → {} on {} at {}",
        transition.kind,
        id(&transition.source),
        targets.join(" "),
        transition.events.join(" "),
        transition.position
    )
}

#[test]
fn every_state_stands_where_it_is_written() {
    let outline = outline();
    let found: Vec<String> = outline
        .states
        .iter()
        .map(|state| format!("{} {:?} {}", state.id, state.kind, state.position))
        .collect();
    assert_eq!(
        found,
        [
            " Chart main.scxml:1:1",
            "a Atomic main.scxml:3:3",
            "p Compound main.scxml:10:3",
            "b Atomic part.scxml:4:3",
            "c Final part.scxml:7:3",
            "both Parallel main.scxml:11:3",
            "h DeepHistory main.scxml:12:5",
            "r Compound main.scxml:13:5",
            "s Atomic main.scxml:13:89",
        ]
    );
    assert_eq!(state(&outline, "p").children, [3, 4]);
    assert_eq!(state(&outline, "both").histories, [6]);
    assert_eq!(state(&outline, "b").parent, Some(2));
    assert_eq!(outline.silenced[0].lints, ["unreachable-state"]);
}

#[test]
fn every_transition_has_its_number_and_its_place() {
    let outline = outline();
    let mut found: Vec<String> = outline.transitions.iter().map(|found| line(&outline, found)).collect();
    found.sort();
    assert_eq!(
        found,
        [
            "FirstChild  → a on  at main.scxml:1:1",
            "HistoryDefault h → r on  at main.scxml:12:33",
            "Initial p → b on  at part.scxml:1:57",
            "Initial r → s on  at main.scxml:13:55",
            "Ordinary a → p on go * at main.scxml:8:5",
            "Ordinary b → a on back at part.scxml:5:5",
            "Ordinary p → h on late at main.scxml:10:34",
        ]
    );
    for (number, state) in outline.states.iter().enumerate() {
        for transition in &state.transitions {
            assert_eq!(outline.transitions[*transition].source, number);
        }
    }
    let back = &outline.transitions[state(&outline, "b").transitions[0]];
    let condition = back.condition.as_ref().unwrap();
    assert_eq!(
        (condition.text.as_str(), condition.position.to_string().as_str()),
        ("shared < 2", "part.scxml:5:38")
    );
    assert_eq!(outline.inside(condition, 9).column, 50, "looks through the reference");
}

#[test]
fn content_is_told_in_brief() {
    let outline = outline();
    let entry = &state(&outline, "a").onentry[0];
    let brief: Vec<String> =
        entry.content.iter().flat_map(Action::with_descendants).map(Action::brief).collect();
    assert_eq!(brief, ["k:boil", "if cups > 1", "send late after 5s", "else", "assign cups"]);
    assert_eq!(entry.content[0].position.to_string(), "main.scxml:5:7");
    assert_eq!(entry.content[0].namespace.as_deref(), Some("tea.example/modules/kettle"));
    let own: Vec<&str> = outline.own_events().map(|(_, _, event)| event).collect();
    assert_eq!(own, ["late", "inner"]);
    assert_eq!(outline.delayed_sends().count(), 1);
    assert_eq!(outline.scripts[0].brief(), "var shared = 1;");
    assert!(outline.data[0].is_parameter);
}
