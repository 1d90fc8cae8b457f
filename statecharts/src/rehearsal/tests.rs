use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Between, Happening, Rehearsal, Saved, World};
use crate::trial::text;
use crate::{Effect, Event, Limits, ModuleSet, Source, Status, Surroundings};

fn rehearsal(parts: &[(&str, &str)]) -> Rehearsal {
    let parts: BTreeMap<String, String> =
        parts.iter().map(|(name, body)| ((*name).to_owned(), text(body))).collect();
    Rehearsal::new(Arc::new(ModuleSet::default()), Box::new(parts), Limits::default()).unwrap()
}

fn started(body: &str, parts: &[(&str, &str)]) -> Rehearsal {
    let mut rehearsal = rehearsal(parts);
    rehearsal.start(Source { file: "main.scxml", text: &text(body) }, Map::new()).unwrap();
    rehearsal
}

fn event(name: &str) -> Event {
    Event { name: name.to_owned(), ..Event::default() }
}

fn data(rehearsal: &mut Rehearsal) -> Value {
    Value::Object(rehearsal.data().unwrap())
}

const TIMERS: &str = "
  <datamodel><data id='seen' expr='[]'/></datamodel>
  <state id='s'>
    <onentry>
      <send event='late' delay='3s'/><send event='early' delay='1s'/><send id='never' event='never' delay='2s'/>
      <send event='second' delay='1s'/>
    </onentry>
    <transition event='early'><cancel sendid='never'/><script>seen.push(_event.name)</script></transition>
    <transition event='late' target='over'><script>seen.push(_event.name)</script></transition>
    <transition event='*'><script>seen.push(_event.name)</script></transition>
  </state>
  <final id='over'/>";

#[test]
fn delayed_events_come_in_the_order_of_their_due_times_and_can_be_cancelled() {
    let mut rehearsal = started(TIMERS, &[]);
    assert_eq!(rehearsal.next_due(), Some(Duration::from_secs(1)));
    rehearsal.advance(Duration::from_millis(2500)).unwrap();
    assert_eq!(data(&mut rehearsal), json!({"seen": ["early", "second"]}));
    assert_eq!(rehearsal.now(), Duration::from_millis(2500));
    rehearsal.run_until_idle().unwrap();
    assert_eq!(rehearsal.now(), Duration::from_secs(3));
    assert_eq!(data(&mut rehearsal), json!({"seen": ["early", "second", "late"]}));
    assert_eq!(rehearsal.atomic_states(), ["over"]);
    assert!(matches!(rehearsal.status(), Some(Status::Ended { final_state, .. }) if final_state == "over"));
}

#[test]
fn a_saved_rehearsal_goes_on_elsewhere_as_it_would_have_here() {
    let mut here = started(TIMERS, &[]);
    here.advance(Duration::from_secs(1)).unwrap();
    let written = serde_json::to_string(&here.save().unwrap()).unwrap();
    let read: Saved = serde_json::from_str(&written).unwrap();
    let mut elsewhere = rehearsal(&[]);
    elsewhere.restore(&read).unwrap();
    here.take_records();
    here.run_until_idle().unwrap();
    elsewhere.run_until_idle().unwrap();
    assert_eq!(here.take_records(), elsewhere.take_records());
    assert_eq!(data(&mut here), data(&mut elsewhere));
    // A step back in the same rehearsal, and on again.
    here.restore(&read).unwrap();
    assert_eq!(here.atomic_states(), ["s"]);
    assert_eq!(here.now(), Duration::from_secs(1));
    here.run_until_idle().unwrap();
    assert_eq!(here.atomic_states(), ["over"]);
}

#[test]
fn a_child_by_src_and_its_parent_talk_until_it_is_done() {
    let parent = "
      <state id='calling'>
        <invoke id='kid' src='kid.scxml' autoforward='true'><param name='start' expr='4'/></invoke>
        <transition event='ready' cond=\"_event.invokeid === 'kid'\"><send target='#_kid' event='count'/></transition>
        <transition event='done.invoke.kid' cond='_event.data.n === 5' target='over'/>
        <transition event='done.invoke.kid' target='wrong'/>
      </state>
      <final id='over'/><final id='wrong'/>";
    let kid = "
      <datamodel><data id='start' expr='0'/></datamodel>
      <state id='k'><onentry><send target='#_parent' event='ready'/></onentry>
        <transition event='count'><assign location='start' expr='start + 1'/></transition>
        <transition event='enough' target='end'/></state>
      <final id='end'><donedata><param name='n' expr='start'/></donedata></final>";
    for between in [Between::Nothing, Between::Hibernate, Between::WriteAndRead] {
        let mut rehearsal = rehearsal(&[("kid.scxml", kid)]).with_between(between);
        rehearsal.start(Source { file: "main.scxml", text: &text(parent) }, Map::new()).unwrap();
        rehearsal.settle().unwrap();
        assert_eq!(rehearsal.sessions().filter_map(|session| session.invokeid).collect::<Vec<_>>(), ["kid"]);
        // Forwarded to the child, which ends by it.
        rehearsal.send(event("enough")).unwrap();
        assert_eq!(rehearsal.atomic_states(), ["over"], "{between:?}");
    }
}

#[test]
fn a_child_that_cannot_be_had_and_a_session_that_is_not_there_are_errors_of_communication() {
    let body = "
      <datamodel><data id='seen' expr='[]'/></datamodel>
      <state id='s'><invoke id='kid' src='nowhere.scxml'/>
        <onentry><send id='x' target='#_scxml_NOBODY' event='e'/></onentry>
        <transition event='error.communication'><script>seen.push(_event.sendid || _event.invokeid)</script></transition>
      </state>";
    let mut rehearsal = started(body, &[]);
    rehearsal.settle().unwrap();
    assert_eq!(data(&mut rehearsal), json!({"seen": ["x", "kid"]}));
    let records = rehearsal.take_records();
    let is_told = |wanted: &str| {
        records.iter().any(|record| match &record.happening {
            Happening::NotInvoked { invokeid, .. } => invokeid == wanted,
            Happening::NotDelivered { target, .. } => target == wanted,
            Happening::Step { .. } | Happening::Lost { .. } => false,
        })
    };
    assert!(is_told("kid") && is_told("#_scxml_NOBODY"));
}

#[test]
fn a_cancelled_child_takes_its_own_children_along_and_says_nothing_any_more() {
    let parent = "
      <datamodel><data id='seen' expr='[]'/></datamodel>
      <state id='a'><invoke id='kid' src='kid.scxml'/><transition event='leave' target='b'/></state>
      <state id='b'><transition event='*'><script>seen.push(_event.name)</script></transition></state>";
    let kid = "
      <state id='k'><invoke id='grandkid' src='grandkid.scxml'/>
        <onexit><send target='#_parent' event='last.words'/></onexit></state>";
    let grandkid =
        "<state id='g'><onentry><send event='x' delay='1s'/></onentry><transition event='x'/></state>";
    let mut rehearsal = started(parent, &[("kid.scxml", kid), ("grandkid.scxml", grandkid)]);
    assert_eq!(rehearsal.sessions().count(), 3);
    rehearsal.send(event("leave")).unwrap();
    assert_eq!(rehearsal.sessions().count(), 1);
    assert_eq!(rehearsal.next_due(), None);
    assert_eq!(data(&mut rehearsal), json!({"seen": []}));
}

#[test]
fn sessions_that_never_come_to_rest_are_found_out() {
    let body = "<state id='s'><invoke id='kid' src='kid.scxml'/>
      <transition event='ping'><send target='#_kid' event='pong'/></transition></state>";
    let kid = "<state id='k'><onentry><send target='#_parent' event='ping'/></onentry>
      <transition event='pong'><send target='#_parent' event='ping'/></transition></state>";
    let mut rehearsal = started(body, &[("kid.scxml", kid)]);
    assert!(rehearsal.settle().is_err());
}

#[test]
fn verbs_and_logs_are_recorded_with_their_time() {
    let body = "<state id='s'><onentry><send event='e' delay='2s'/></onentry><transition event='e'><log expr='7'/></transition></state>";
    let mut rehearsal = started(body, &[]);
    rehearsal.run_until_idle().unwrap();
    let records = rehearsal.take_records();
    let last = records.last().unwrap();
    assert_eq!(last.at, Duration::from_secs(2));
    let (_, step) = last.step().unwrap();
    assert!(matches!(&*step.effects, [Effect::Log(log)] if log.value == 7));
    assert!(rehearsal.take_records().is_empty());
}

/// A shelf on which every event puts a cup.
#[derive(Debug)]
struct Kitchen;

#[derive(Debug)]
struct Shelf(usize);

impl World for Kitchen {
    fn surroundings(&self, told: &[Event]) -> Arc<dyn Surroundings> {
        Arc::new(Shelf(told.iter().filter(|event| event.name == "cup").count()))
    }
}

impl Surroundings for Shelf {
    fn read(&self, _path: &str, _arguments: &[Value], _now_millis: i64) -> Result<Value, String> {
        Ok(json!(self.0))
    }
}

#[test]
fn what_a_chart_reads_follows_from_what_it_was_told_also_after_a_restore() {
    let body = "<datamodel><data id='first' expr='_tea.shelf'/><data id='now'/></datamodel>
        <state id='s'><transition event='*'><assign location='now' expr='_tea.shelf'/></transition></state>";
    for between in [Between::Nothing, Between::WriteAndRead] {
        let no_parts: BTreeMap<String, String> = BTreeMap::new();
        let mut rehearsal = Rehearsal::new(crate::trial::modules(), Box::new(no_parts), Limits::default())
            .unwrap()
            .with_between(between)
            .with_world(Arc::new(Kitchen));
        rehearsal.start(Source { file: "main.scxml", text: &text(body) }, Map::new()).unwrap();
        rehearsal.send(event("cup")).unwrap();
        let saved = rehearsal.save().unwrap();
        rehearsal.send(event("cup")).unwrap();
        assert_eq!(data(&mut rehearsal), json!({ "first": 0, "now": 2 }));
        rehearsal.restore(&saved).unwrap();
        assert_eq!(rehearsal.evaluate("_tea.shelf").unwrap(), Some(json!(1)));
        rehearsal.send(event("plate")).unwrap();
        assert_eq!(data(&mut rehearsal), json!({ "first": 0, "now": 1 }));
    }
}
