//! What a plugin is told.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::lenient;

/// Value of [`OnDial::interaction_id`] when the dial left no call.
pub const NO_INTERACTION: &str = "undefined";

/// What a plugin is told after a dial.
//= guide: on-dial plugin, input parameters
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OnDial {
    /// How the dial ended: 0 human, 6 busy, 7 no answer, 8 silence, 9 answering machine, 17 fax, or another number
    /// of the call-state table. A JSON number; its text is read as well.
    #[serde(rename = "_call_state", deserialize_with = "lenient::number")]
    pub call_state: u8,
    /// The call, [`NO_INTERACTION`] when there is none.
    #[serde(rename = "_interaction_id", default = "no_interaction")]
    pub interaction_id: String,
    /// Number that was dialled.
    #[serde(rename = "_customer_number")]
    pub customer_number: String,
    /// Id of the callback.
    #[serde(rename = "_gms_service_id")]
    pub callback_id: String,
    /// Id of the session that runs the callback.
    #[serde(rename = "_ors_service_id")]
    pub session_id: String,
    /// User data of the request: its keys without leading underscore.
    #[serde(rename = "_user_data", default)]
    pub user_data: Map<String, Value>,
    /// Number of the attempt, this one included; from 1.
    #[serde(rename = "_dial_attempt", deserialize_with = "lenient::number")]
    pub dial_attempt: u32,
    /// Seconds within which the reply must arrive; option `_plugin_on_dial_timeout`, default 120.
    #[serde(rename = "_ttl", deserialize_with = "lenient::number")]
    pub ttl_secs: u32,
    /// Where to post the reply.
    #[serde(rename = "_reply_url")]
    pub reply_url: String,
}

fn no_interaction() -> String {
    NO_INTERACTION.to_owned()
}

impl OnDial {
    /// Whether somebody or something is on the line: there is a call, and the dial was answered.
    ///
    /// ```
    /// let no_answer = plugins::test_kit::no_answer();
    /// assert!(!no_answer.has_call());
    /// ```
    #[must_use]
    pub fn has_call(&self) -> bool {
        !self.interaction_id.is_empty() && self.interaction_id != NO_INTERACTION
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::OnDial;

    #[test]
    fn numbers_are_read_from_text_too() {
        let told: OnDial = serde_json::from_value(json!({
            "_call_state": "7", "_customer_number": "+12025550123", "_gms_service_id": "1-a",
            "_ors_service_id": "S1", "_dial_attempt": "1", "_ttl": " 120 ",
            "_reply_url": "http://127.0.0.1:8080/scxml/session/S1/request/plugin_reply?key=k",
        }))
        .unwrap();
        assert_eq!((told.call_state, told.dial_attempt, told.ttl_secs), (7, 1, 120));
        assert!(!told.has_call(), "no interaction was named");
        assert!(told.user_data.is_empty());
    }

    #[test]
    fn a_call_state_that_is_no_number_is_refused() {
        for state in [json!("busy"), json!(-1), json!(300), json!(null)] {
            let mut told = serde_json::to_value(crate::test_kit::no_answer()).unwrap();
            told["_call_state"] = state.clone();
            assert!(serde_json::from_value::<OnDial>(told).is_err(), "{state} was read");
        }
    }
}
