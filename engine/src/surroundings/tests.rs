use std::sync::Arc;

use serde_json::{Value, json};
use statecharts::{Event, Surroundings as _};

use super::{Interactions, Platform, Surroundings};
use crate::lists::Lists;

/// Saturday, 29 February 2020, 23:30:05 UTC.
const NOW: i64 = 1_583_019_005_000;

fn surroundings(interactions: Interactions) -> Surroundings {
    let platform = Platform { url: "http://a.example/genesys".to_owned(), node: "n1".to_owned() };
    let lists = Lists::new(std::collections::BTreeMap::new());
    lists.set("Hours", "sales", "open", "08:00:00");
    lists.set("SpecialDays", "days", "2020-03-01", "spring");
    lists.set("Options", "callback", "greeting", "hello.wav");
    Surroundings::new(Arc::new(platform), lists.now(), interactions)
}

#[track_caller]
fn check(path: &str, arguments: Value, expected: Value) {
    let arguments = arguments.as_array().cloned().unwrap();
    let read = surroundings(Interactions::default()).read(&format!("_genesys.{path}"), &arguments, NOW);
    assert_eq!(read, Ok(expected), "{path}");
}

#[test]
fn the_clock_is_that_of_the_step_in_the_zone_asked_for() {
    check("session.timeInZone", json!(["UTC"]), json!("23:30:05"));
    check("session.timeInZone", json!(["Asia/Tokyo"]), json!("08:30:05"));
    check("session.dateInZone", json!(["UTC"]), json!("2020-02-29"));
    check("session.dateInZone", json!(["Europe/Berlin"]), json!("2020-03-01"));
    check("session.dayInZone", json!(["UTC"]), json!(6));
    check("session.dayInZone", json!(["Europe/Berlin"]), json!(0));
    let unknown = surroundings(Interactions::default()).read(
        "_genesys.session.timeInZone",
        &[json!("Moon/Crater")],
        NOW,
    );
    assert!(unknown.unwrap_err().contains("Moon/Crater"));
}

#[test]
fn lists_are_looked_up() {
    check("session.getListItemValue", json!(["Hours", "sales", "open"]), json!("08:00:00"));
    check("session.getListItemValue", json!(["Hours", "sales", "close"]), json!(null));
    check("session.listLookupValue", json!(["Hours", "sales"]), json!({"open": "08:00:00"}));
    check("session.isSpecialDay", json!([]), json!(false));
    check("session.isSpecialDay", json!(["days", "Europe/Berlin"]), json!(true));
    check("session.getConfigOption", json!(["callback", "greeting"]), json!("hello.wav"));
    check("session.getConfigOption", json!(["callback", "music", "none.wav"]), json!("none.wav"));
}

#[test]
fn the_platform_has_a_name() {
    let server = json!({"url": "http://a.example/genesys", "name": "n1", "cluster": "n1"});
    check("session.server", json!([]), server);
    check("session.tenant", json!([]), json!("Environment"));
    check("session.tenantid", json!([]), json!(1));
}

fn interactions(events: &[(&str, Value)]) -> Interactions {
    let mut interactions = Interactions::default();
    for (name, data) in events {
        interactions.apply(&Event::external(*name, data.clone()));
    }
    interactions
}

fn added(id: &str, ani: &str) -> (&'static str, Value) {
    let udata = json!({"reason": "loan"});
    let data = json!({
        "interactionid": id, "focusdeviceid": "8001", "ani": ani, "dnis": "+12025550190", "type": "inbound", "udata": udata,
    });
    ("interaction.added", data)
}

#[track_caller]
fn read(interactions: Interactions, pointer: &str) -> Value {
    let shown = surroundings(interactions).read("_genesys.ixn.interactions", &[], NOW).unwrap();
    shown.pointer(pointer).cloned().unwrap_or(Value::Null)
}

#[test]
fn an_interaction_is_found_by_position_and_by_id() {
    let both = interactions(&[added("A", "+12025550123"), added("B", "+12025550124")]);
    for (pointer, value) in [
        ("/0/voice/ani", json!("+12025550123")),
        ("/B/voice/ani", json!("+12025550124")),
        ("/1/g_uid", json!("B")),
        ("/A/udata/reason", json!("loan")),
        ("/0/voice/type", json!("inbound")),
        ("/0/voice/media", json!("TMediaVoice")),
        ("/0/category", json!("voice")),
    ] {
        assert_eq!(read(both.clone(), pointer), value, "{pointer}");
    }
    let first = surroundings(both).read("_genesys.ixn.firstixnid", &[], NOW);
    assert_eq!(first, Ok(json!("A")));
}

#[test]
fn reading_before_there_is_one_is_an_error() {
    let none =
        surroundings(interactions(&[added("A", ""), ("interaction.deleted", json!({"interactionid": "A"}))]));
    assert!(none.read("_genesys.ixn.interactions", &[], NOW).unwrap_err().contains("interaction.added"));
    assert_eq!(none.read("_genesys.ixn.firstixnid", &[], NOW), Ok(json!(null)));
}

#[test]
fn changed_data_are_added_and_null_takes_them_away() {
    let changed = json!({"interactionid": "A", "udata": {"reason": null, "tier": 2}});
    let changed = interactions(&[added("A", ""), ("interaction.udata.changed", changed)]);
    assert_eq!(read(changed, "/A/udata"), json!({"tier": 2}));
}

#[test]
fn parties_have_the_state_that_was_told_last() {
    let state = |state: &str| {
        let data =
            json!({"interactionid": "A", "partyid": "A-1", "partystate": state, "focusdeviceid": "7001"});
        ("interaction.partystatechanged", data)
    };
    let told = interactions(&[added("A", ""), state("alerting"), state("connected")]);
    assert_eq!(read(told, "/A/parties/A-1"), json!({"id": "A-1", "device": "7001", "state": "connected"}));
}

#[test]
fn interactions_survive_being_written_down() {
    let before = interactions(&[added("A", "+12025550123")]);
    let text = serde_json::to_string(&before).unwrap();
    assert_eq!(serde_json::from_str::<Interactions>(&text).unwrap(), before);
}

#[test]
fn a_rehearsal_has_the_interactions_it_was_told_of() {
    use statecharts::rehearsal::World as _;
    let (name, data) = added("A", "+12025550123");
    let told = Event::external(name, data);
    let sent = Event { origin: Some("#_scxml_OTHER".to_owned()), ..told.clone() };
    let first =
        |events: &[Event]| super::Rehearsed.surroundings(events).read("_genesys.ixn.firstixnid", &[], NOW);
    assert_eq!(first(&[told]), Ok(json!("A")));
    assert_eq!(first(&[sent]), Ok(json!(null)), "a chart cannot make one up");
}
