//! Forms of charts that were written for ORS (decisions D-083, D-086).

use serde_json::{Map, Value, json};

use crate::trial::{Trial, load, text};
use crate::{Effect, Limits, Status};

/// A chart whose head has further attributes.
fn with_head(attributes: &str, body: &str) -> String {
    text(body).replacen("<scxml ", &format!("<scxml {attributes} "), 1)
}

#[track_caller]
fn run(document: &str) -> Trial {
    let chart = load(document).unwrap();
    Trial::of_chart(chart, Limits::default(), Map::new())
}

/// Names of the events that a chart saw which logs every event.
#[track_caller]
fn events(attributes: &str, content: &str) -> Vec<String> {
    let body = format!(
        "<datamodel><data id='x' expr='1'/></datamodel><state id='outer'><state id='inner'><onentry>{content}</onentry></state>
           <transition event='*'><log expr='_event.name'/></transition></state>"
    );
    run(&with_head(attributes, &body))
        .logs()
        .into_iter()
        .map(|log| log.trim_matches('"').to_owned())
        .collect()
}

const ORS: &str = "_orsCompatibility='true'";

#[test]
fn a_chart_for_ors_is_told_the_platform_error_and_then_that_of_the_recommendation() {
    for (content, first, second) in [
        ("<if cond='y'/>", "error.illegalcond.ReferenceError", "error.execution"),
        ("<assign location='y' expr='1'/>", "error.illegalassign", "error.execution"),
        ("<script>null.z</script>", "error.script.TypeError", "error.execution"),
        ("<log expr='y'/>", "error.illegalvalue.ReferenceError", "error.execution"),
        ("<send event='a' type='fm'/>", "error.send.targettypeinvalid.inner", "error.execution"),
        ("<send event='a' target='#_kid'/>", "error.send.targetunavailable.inner", "error.communication"),
        ("<send event='a' target='#_scxml_'/>", "error.send.nosuchsession", "error.communication"),
        ("<send event='a' delayexpr='x'/>", "error.illegalvalue.delay", "error.execution"),
        ("<t:brew/>", "error.unsupported.brew", "error.execution"),
    ] {
        assert_eq!(
            events(ORS, content).get(..2),
            Some(&[first.to_owned(), second.to_owned()][..]),
            "{content}"
        );
    }
}

#[test]
fn other_charts_are_told_once() {
    assert_eq!(events("", "<if cond='y'/>"), ["error.execution"]);
    assert_eq!(events("", "<send event='a' target='#_kid'/>"), ["error.communication"]);
}

#[test]
fn what_only_charts_for_ors_have_makes_a_chart_one() {
    for attributes in
        ["exmode='strict'", "_type='combination'", "xmlns:q='http://www.genesyslab.com/modules/queue'"]
    {
        assert!(load(&with_head(attributes, "<state id='a'/>")).unwrap().is_ors_compatible(), "{attributes}");
    }
    for attributes in
        ["", "exmode='strict' _orsCompatibility='false'", "xmlns:q='www.genesyslab.com/modules/queue'"]
    {
        assert!(
            !load(&with_head(attributes, "<state id='a'/>")).unwrap().is_ors_compatible(),
            "{attributes}"
        );
    }
}

#[test]
fn an_error_names_document_element_line_and_target() {
    let mut trial = run(&text(
        "<state id='a'>\n<onentry><send id='s' event='e' target='#_kid'/></onentry>\n<transition event='go' cond='y'/>
         <transition event='error'><log expr='[_event.data.document, _event.data.element, _event.data.linenumber, _event.data.target || 0, _event.sendid || 0]'/></transition></state>",
    ));
    trial.send("go");
    assert_eq!(
        trial.logs(),
        [
            json!(["trial.scxml", "send", 2, "#_kid", "s"]).to_string(),
            json!(["trial.scxml", "transition", 3, 0, 0]).to_string()
        ]
    );
}

#[test]
fn limits_of_the_chart_lower_those_of_the_platform() {
    let endless = "<datamodel><data id='n' expr='0'/></datamodel>
        <state id='a'><transition cond='n &lt; 50' target='a'><script>n++</script></transition></state>";
    assert_eq!(run(&text(endless)).last().status, Status::Running);
    for head in ["_microStepLimit='20'", "_stateEntryLimit=\"'20'\""] {
        let status = run(&with_head(head, endless)).last().status.clone();
        assert!(
            matches!(&status, Status::Failed { failure } if failure.to_string().contains("20")),
            "{status:?}"
        );
    }
    let status =
        run(&with_head("_microStepLimit='5000' _stateEntryLimit='5000'", &endless.replace("50'", "3000'")));
    assert!(matches!(status.last().status, Status::Failed { .. }), "the platform's limit is the higher one");
    let chart = load(&with_head("_maxAge='90'", "<state id='a'/>")).unwrap();
    assert_eq!(chart.max_age().map(|age| age.as_secs()), Some(90));
}

#[test]
fn unquoted_expressions_of_a_send_are_evaluated() {
    let mut trial = run(&text(
        "<datamodel><data id='to' expr='_sessionid'/><data id='wait' expr=\"'2s'\"/></datamodel>
         <state id='a'>
           <transition event='now'><send event=\"'tick.' + 1\" target='_data.to'/></transition>
           <transition event='later'><send event=\"'tock'\" delay='_data.wait'/></transition>
           <transition event='tick'><log expr='_event.name'/></transition></state>",
    ));
    trial.send("now");
    assert_eq!(trial.logs(), ["\"tick.1\""]);
    let later = trial.send("later").effects.clone();
    assert!(
        matches!(later.as_slice(), [Effect::Send(send)] if send.event == "tock" && send.delay.as_secs() == 2)
    );
}

/// Attribute `water` of the verb that the chart executes.
#[track_caller]
fn water(data: &str, value: &str) -> Option<Value> {
    let trial = run(&text(&format!(
        "<datamodel>{data}</datamodel><state id='a'><onentry><t:boil water=\"{value}\"/></onentry></state>"
    )));
    trial.verbs().first().and_then(|verb| verb.attributes.get("water").cloned())
}

#[test]
fn a_bare_name_is_a_variable_or_a_property_of_system_or_a_word() {
    assert_eq!(water("<data id='tap' expr='7'/>", "tap"), Some(json!(7)));
    assert_eq!(water("<data id='system' expr='{tap: 8}'/>", "tap"), Some(json!(8)));
    assert_eq!(water("<data id='system' expr='{tap: 8}'/><data id='tap' expr='7'/>", "tap"), Some(json!(7)));
    assert_eq!(water("", "tap"), None);
    let trial = run(&text("<state id='a'><onentry><t:boil water='1' note='negative'/></onentry></state>"));
    assert_eq!(trial.verbs().first().and_then(|verb| verb.attributes.get("note")), Some(&json!("negative")));
}
