use serde_json::{Map, Value, json};

use super::{Action, Reply, ReplyError};

fn read(fields: Value) -> Result<Reply, ReplyError> {
    let Value::Object(fields) = fields else { panic!("not an object: {fields}") };
    Reply::from_fields(&fields)
}

#[test]
fn the_guides_form_is_read() {
    let reply = read(json!({
        "action": "retry", "message": "Ok", "delay": "300",
        "customer_number": "12025550109", "customer_number_prefix": "91",
    }))
    .unwrap();
    assert_eq!(reply.delay, Some(300));
    assert_eq!(reply.customer_number_prefix.as_deref(), Some("91"));
}

#[test]
fn message_ignores_case() {
    for message in ["Ok", "OK", "ok", " Ok "] {
        assert!(read(json!({"action": "route_to_agent", "message": message})).is_ok(), "{message}");
    }
    let reply = read(json!({"action": "cancel", "message": "INTERACTION_DELETED"})).unwrap();
    assert!(reply.is_interaction_deleted());
}

#[test]
fn messages_that_do_not_go_with_the_action_are_refused() {
    for (action, message) in [
        ("route_to_agent", "interaction_deleted"),
        ("route_to_agent", "8001"),
        ("route_to_rp", "Ok"),
        ("cancel", "because"),
    ] {
        let refused = read(json!({"action": action, "message": message}));
        assert!(
            matches!(refused, Err(ReplyError::WrongMessage { .. })),
            "{action} with {message}: {refused:?}"
        );
    }
}

#[test]
fn what_is_missing_is_named() {
    assert!(matches!(read(json!({"message": "Ok"})), Err(ReplyError::UnknownAction { .. })));
    assert_eq!(read(json!({"action": "retry"})), Err(ReplyError::MissingMessage));
    assert_eq!(read(json!({"action": "retry", "message": " "})), Err(ReplyError::MissingMessage));
    let delay = read(json!({"action": "retry", "message": "Ok", "delay": "soon"})).unwrap_err();
    assert!(delay.to_string().contains("`delay`"), "{delay}");
}

#[test]
fn numbers_that_cannot_be_dialled_are_refused() {
    for number in ["sip:a@example.com", "+", "1;2"] {
        assert!(
            read(json!({"action": "retry", "message": "Ok", "customer_number": number})).is_err(),
            "{number} was taken"
        );
    }
}

#[test]
fn a_reply_reads_the_form_that_it_writes() {
    for action in Action::ALL {
        let reply = Reply {
            customer_number: Some("+12025550123".to_owned()),
            customer_number_prefix: Some("91".to_owned()),
            delay: Some(5),
            ..if action == Action::RouteToRp {
                Reply::route_to_rp("8001@SIP_Switch")
            } else {
                Reply::new(action)
            }
        };
        let fields: Map<String, Value> = reply
            .to_pairs()
            .into_iter()
            .map(|(name, value)| (name.to_owned(), Value::String(value)))
            .collect();
        assert_eq!(Reply::from_fields(&fields), Ok(reply.clone()));
        let again: Reply = serde_json::from_value(serde_json::to_value(&reply).unwrap()).unwrap();
        assert_eq!(again, reply);
    }
}
