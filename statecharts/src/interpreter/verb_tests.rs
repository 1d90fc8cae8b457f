//! Elements of registered modules, when they are executed.

use serde_json::json;

use crate::VerbChild;
use crate::trial::{LOG_EVENTS, Trial};

fn entry(content: &str) -> String {
    format!(
        "<datamodel><data id='n' expr='40'/><data id='place'/></datamodel><state id='s'><onentry>{content}</onentry>{LOG_EVENTS}</state>"
    )
}

#[test]
fn everything_that_a_verb_names_is_evaluated() {
    let trial = Trial::of(&entry(
        "<t:boil water=\"'tap'\" degrees='n + 50' whistle=\"'true'\" leaf=\"'green'\" hints='{a: [n]}'>
           <t:cups><t:cup expr=\"'one'\"/><t:cup expr='n'/></t:cups>
           <param name='b' expr='2'/><param name='a' expr='undefined'/></t:boil>",
    ));
    let [verb] = trial.verbs()[..] else { panic!("{:?}", trial.last()) };
    assert_eq!((verb.module.as_str(), verb.element.as_str()), ("tea.example/modules/kettle", "boil"));
    let attributes =
        json!({"water": "tap", "degrees": 90, "whistle": true, "leaf": "green", "hints": {"a": [40]}});
    assert_eq!(serde_json::Value::Object(verb.attributes.clone()), attributes);
    assert_eq!(verb.params, [("b".to_owned(), json!(2)), ("a".to_owned(), json!(null))]);
    let cup = |value| VerbChild {
        element: "cup".to_owned(),
        attributes: [("expr".to_owned(), value)].into_iter().collect(),
        children: Vec::new(),
    };
    let cups = VerbChild {
        element: "cups".to_owned(),
        attributes: serde_json::Map::new(),
        children: vec![cup(json!("one")), cup(json!(40))],
    };
    assert_eq!(verb.children, [cups]);
}

#[test]
fn content_is_handed_out() {
    let trial = Trial::of(&entry(
        "<t:boil water='1'><content expr='{x: n}'/></t:boil><t:boil water='1'><content>plain  text</content></t:boil>",
    ));
    let contents: Vec<_> = trial.verbs().iter().map(|verb| verb.content.clone()).collect();
    assert_eq!(contents, [Some(json!({"x": 40})), Some(json!("plain text"))]);
}

#[test]
fn the_request_id_is_known_at_once_and_names_session_step_and_effect() {
    let mut trial = Trial::of(
        "<datamodel><data id='place'/></datamodel><state id='s'><transition event='e'><log expr='0'/><t:boil water='1' requestid='place'/>
         <t:pour requestid='place'/><log expr='place'/></transition></state>",
    );
    trial.send("e");
    let [boil, pour] = trial.verbs()[..] else { panic!("{:?}", trial.last()) };
    assert_eq!(boil.request_id, "S1:2:1");
    assert!(!boil.attributes.contains_key("requestid"));
    assert_eq!(pour.attributes["requestid"], "S1:2:1");
    assert_eq!(trial.logs(), ["0", "\"S1:2:1\""]);
}

#[test]
fn the_request_id_finds_its_place() {
    for (location, expression) in [
        ("place", "place"),
        ("'place'", "place"),
        ("_data.place", "place"),
        ("_data.fresh", "_data.fresh"),
        ("fresh", "_data.fresh"),
        ("inner", "system.inner"),
        ("system.ids[0]", "system.ids[0]"),
    ] {
        let location = location.replace('\'', "&apos;");
        let trial = Trial::of(&format!(
            "<datamodel><data id='place'/><data id='system' expr='{{inner: 1, ids: []}}'/></datamodel>
             <state id='s'><onentry><t:boil water='1' requestid='{location}'/><log expr='{expression}'/></onentry></state>"
        ));
        assert_eq!(trial.logs(), ["\"S1:1:0\""], "{location}");
    }
}

#[test]
fn a_verb_whose_values_fail_is_not_executed() {
    for verb in [
        "<t:boil water='nowhere.x'/>",
        "<t:boil water='1' degrees='\"hot\"'/>",
        "<t:boil water='1' requestid='nowhere.x'/>",
    ] {
        let trial = Trial::of(&entry(&format!("{verb}<log expr='1'/>")));
        assert_eq!(trial.verbs().len(), 0, "{verb}");
        assert_eq!(trial.logs(), ["event=\"error.execution\""], "{verb}");
    }
}

#[test]
fn attributes_without_value_are_left_out() {
    let trial = Trial::of(&entry("<t:boil water='undefined' degrees='null' hints='null'/>"));
    let [verb] = trial.verbs()[..] else { panic!("{:?}", trial.last()) };
    assert_eq!(serde_json::Value::Object(verb.attributes.clone()), json!({"hints": null}));
}

#[test]
fn an_unknown_element_raises_its_own_error_and_the_portable_one() {
    let trial = Trial::of(&entry("<t:freeze/><log expr='1'/>"));
    assert_eq!(trial.logs(), ["event=\"error.unsupported.freeze\"", "event=\"error.execution\""]);
}
