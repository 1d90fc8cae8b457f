//! What scripts read of their surroundings.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::Surroundings;
use crate::trial::Trial;

/// A kettle that says how often it was asked, and a shelf with one tin.
#[derive(Debug)]
struct Kitchen(&'static str);

impl Surroundings for Kitchen {
    fn read(&self, path: &str, arguments: &[Value], now_millis: i64) -> Result<Value, String> {
        match path {
            "_tea.shelf" if self.0.is_empty() => Err("there is no tin yet".to_owned()),
            "_tea.shelf" => Ok(json!({ "tin": { "leaf": self.0 } })),
            _ => Ok(json!([path, arguments, now_millis])),
        }
    }
}

fn trial(tin: &'static str) -> Trial {
    let mut trial = Trial::of(
        "<state id='s'>
           <transition event='look'><log expr='_tea.shelf.tin.leaf'/></transition>
           <transition event='same'><log expr='_tea.shelf.tin === _tea.shelf.tin'/></transition>
           <transition event='ask'><log expr='_tea.kettle.count(1, {a: 2})'/></transition>
           <transition event='write'><script>_tea.shelf.tin.leaf = 'black'</script></transition>
           <transition event='keep'><script>_data.kept = _tea.shelf.tin</script><log expr='kept.leaf'/></transition>
           <transition event='error.execution'><log label='error' expr='_event.data.message'/></transition>
         </state>",
    );
    trial.session.surround(Arc::new(Kitchen(tin)));
    trial
}

#[test]
fn a_property_is_read_from_the_surroundings_and_is_one_object_in_a_step() {
    let mut trial = trial("green");
    trial.send("look");
    trial.send("same");
    assert_eq!(trial.logs(), ["\"green\"", "true"]);
}

#[test]
fn a_property_is_read_anew_in_the_next_step() {
    let mut trial = trial("green");
    trial.send("look");
    trial.session.surround(Arc::new(Kitchen("white")));
    trial.send("look");
    assert_eq!(trial.logs(), ["\"green\"", "\"white\""]);
}

#[test]
fn a_reading_sees_its_arguments_and_the_time_of_the_step() {
    let mut trial = trial("green");
    trial.send("ask");
    assert_eq!(trial.logs(), [json!(["_tea.kettle.count", [1, {"a": 2}], 1000]).to_string()]);
}

#[test]
fn what_is_read_cannot_be_changed() {
    let mut trial = trial("green");
    trial.send("write");
    trial.send("look");
    let logs = trial.logs();
    assert!(logs[0].starts_with("error=") && logs[0].contains("read-only"), "{logs:?}");
    assert_eq!(logs[1], "\"green\"");
}

#[test]
fn what_cannot_be_read_is_an_error_event() {
    let mut trial = trial("");
    trial.send("look");
    assert_eq!(trial.logs(), ["error=\"TypeError: there is no tin yet\""]);
}

#[test]
fn a_session_without_surroundings_says_so() {
    let mut trial = Trial::of(
        "<state id='s'><onentry><log expr='_tea.shelf'/></onentry>
           <transition event='error.execution'><log expr='_event.data.message'/></transition></state>",
    );
    trial.send("nothing");
    assert!(trial.logs()[0].contains("gives no surroundings"), "{:?}", trial.logs());
}

#[test]
fn what_was_kept_of_the_surroundings_survives_a_snapshot() {
    let mut trial = trial("green");
    trial.send("keep");
    trial.write_and_read();
    trial.session.surround(Arc::new(Kitchen("white")));
    trial.send("look");
    assert_eq!(trial.logs(), ["\"green\"", "\"white\""]);
    assert_eq!(trial.session.evaluate(&mut trial.worker, "kept.leaf", 0).unwrap(), Some(json!("green")));
}
