//! The schema file and the types say the same.

use crate::{Action, OnDial, Reply, SCHEMA, test_kit};
use serde_json::{Value, json};

/// The part of JSON Schema that the contract uses; anything else in the file is a failure.
fn violations(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for (keyword, rule) in schema.as_object().unwrap() {
        match keyword.as_str() {
            "description" => {}
            "type" => {
                let names: Vec<&str> = match rule {
                    Value::String(name) => vec![name],
                    names => names.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect(),
                };
                if !names.iter().any(|name| is_of_type(name, value)) {
                    found.push(format!("{value} is not of type {names:?}"));
                }
            }
            "required" => {
                for name in rule.as_array().unwrap() {
                    if value.get(name.as_str().unwrap()).is_none() {
                        found.push(format!("{name} is missing"));
                    }
                }
            }
            "properties" => {
                for (name, schema) in rule.as_object().unwrap() {
                    if let Some(value) = value.get(name) {
                        found.extend(violations(schema, value));
                    }
                }
            }
            "enum" => {
                if !rule.as_array().unwrap().contains(value) {
                    found.push(format!("{value} is none of {rule}"));
                }
            }
            "minimum" => {
                found.extend(value.as_f64().filter(|v| *v < rule.as_f64().unwrap()).map(|v| format!("{v}")))
            }
            "maximum" => {
                found.extend(value.as_f64().filter(|v| *v > rule.as_f64().unwrap()).map(|v| format!("{v}")))
            }
            "minLength" => {
                if value.as_str().is_some_and(|text| (text.len() as u64) < rule.as_u64().unwrap()) {
                    found.push(format!("{value} is too short"));
                }
            }
            other => panic!("the schema uses `{other}`, which this test does not know"),
        }
    }
    found
}

fn is_of_type(name: &str, value: &Value) -> bool {
    match name {
        "object" => value.is_object(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        other => panic!("the schema uses type `{other}`, which this test does not know"),
    }
}

fn definition(name: &str) -> Value {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    schema["$defs"][name].clone()
}

fn names(object: &Value) -> Vec<String> {
    let mut names: Vec<String> = object.as_object().unwrap().keys().cloned().collect();
    names.sort();
    names
}

#[test]
fn the_schema_names_every_field_of_the_types() {
    let told = serde_json::to_value(test_kit::human()).unwrap();
    assert_eq!(names(&definition("on-dial")["properties"]), names(&told));
    let full = Reply {
        customer_number: Some("+12025550123".to_owned()),
        customer_number_prefix: Some("91".to_owned()),
        delay: Some(5),
        ..Reply::new(Action::Retry)
    };
    let full = serde_json::to_value(full).unwrap();
    assert_eq!(names(&definition("reply")["properties"]), names(&full));
    let actions: Vec<Value> = Action::ALL.iter().map(|action| json!(action)).collect();
    assert_eq!(definition("reply")["properties"]["action"]["enum"], Value::from(actions));
}

#[test]
fn what_the_types_write_the_schema_takes() {
    for situation in test_kit::situations() {
        let wire = serde_json::to_value(&situation.told).unwrap();
        assert_eq!(violations(&definition("on-dial"), &wire), Vec::<String>::new(), "{}", situation.name);
    }
    for action in Action::ALL {
        let wire = serde_json::to_value(Reply::new(action)).unwrap();
        assert_eq!(violations(&definition("reply"), &wire), Vec::<String>::new(), "{action}");
    }
}

#[test]
fn what_the_schema_refuses_the_types_refuse() {
    let human = serde_json::to_value(test_kit::human()).unwrap();
    for (field, wrong) in [
        ("_call_state", json!(300)),
        ("_customer_number", json!(7)),
        ("_user_data", json!([])),
        ("_dial_attempt", json!(-1)),
        ("_reply_url", json!(null)),
    ] {
        let mut told = human.clone();
        told[field] = wrong;
        assert_ne!(violations(&definition("on-dial"), &told), Vec::<String>::new(), "{told}");
        assert!(serde_json::from_value::<OnDial>(told.clone()).is_err(), "{told}");
    }
    for reply in [
        json!({"action": "redial", "message": "Ok"}),
        json!({"action": "retry"}),
        json!({"action": "retry", "message": ""}),
        json!({"action": "retry", "message": "Ok", "delay": -5}),
    ] {
        assert_ne!(violations(&definition("reply"), &reply), Vec::<String>::new(), "{reply}");
        assert!(Reply::from_fields(reply.as_object().unwrap()).is_err(), "{reply}");
    }
}
