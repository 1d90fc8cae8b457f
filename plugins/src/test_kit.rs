//! For those who write plugins: the situations after a dial, and a check of answers.
//!
//! ```
//! use plugins::{Action, OnDial, Reply, test_kit};
//!
//! fn my_plugin(told: &OnDial) -> Reply {
//!     Reply::new(if told.has_call() { Action::RouteToAgent } else { Action::Retry })
//! }
//!
//! for situation in test_kit::situations() {
//!     let reply = my_plugin(&situation.told);
//!     test_kit::check(&situation.told, &reply).unwrap();
//! }
//! ```

use serde_json::{Map, Value};

use crate::{Action, NO_INTERACTION, OnDial, Reply, ReplyError};

/// A situation after a dial.
#[derive(Clone, Debug, PartialEq)]
pub struct Situation {
    /// What happened, in words.
    pub name: &'static str,
    /// What the plugin is told.
    pub told: OnDial,
}

/// Why an answer does not fit what happened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// The platform would answer 400.
    #[error("the reply is malformed: {0}")]
    Malformed(#[from] ReplyError),
    /// There is no call to route; the platform dials again instead.
    #[error("{action} without a call: there is nobody to route, the platform takes it as retry")]
    NothingToRoute {
        /// The action.
        action: Action,
    },
}

/// Every way that a dial ends for a plugin.
#[must_use]
pub fn situations() -> Vec<Situation> {
    vec![
        Situation { name: "a human answered", told: human() },
        Situation { name: "the line was busy", told: after_dial(6, false) },
        Situation { name: "nobody answered", told: no_answer() },
        Situation { name: "answered by silence", told: after_dial(8, true) },
        Situation { name: "answered by a machine", told: after_dial(9, true) },
        Situation { name: "the network refused the number", told: after_dial(11, false) },
        Situation { name: "answered by a fax", told: after_dial(17, true) },
    ]
}

/// A human answered the first dial.
#[must_use]
pub fn human() -> OnDial {
    after_dial(0, true)
}

/// Nobody answered the first dial.
#[must_use]
pub fn no_answer() -> OnDial {
    after_dial(7, false)
}

/// The first dial ended with `call_state`, and left a call or none.
#[must_use]
pub fn after_dial(call_state: u8, has_call: bool) -> OnDial {
    let user_data: Map<String, Value> =
        [("topic".to_owned(), Value::from("invoice 77"))].into_iter().collect();
    OnDial {
        call_state,
        interaction_id: if has_call { "00f1a2" } else { NO_INTERACTION }.to_owned(),
        customer_number: "+12025550123".to_owned(),
        callback_id: "1-0c1d7a52-3b7e-4a6e-9b0f-5d1c2e3f4a5b".to_owned(),
        session_id: "00000000000000000000000000000001".to_owned(),
        user_data,
        dial_attempt: 1,
        ttl_secs: 120,
        reply_url:
            "http://127.0.0.1:8080/scxml/session/00000000000000000000000000000001/request/plugin_reply?key=k"
                .to_owned(),
    }
}

/// Checks that `reply` is well formed and fits `told`.
///
/// # Errors
/// [`Misfit`] says what the platform would do with it.
pub fn check(told: &OnDial, reply: &Reply) -> Result<(), Misfit> {
    reply.validate()?;
    let routes = matches!(reply.action, Action::RouteToAgent | Action::RouteToRp);
    if routes && !told.has_call() {
        return Err(Misfit::NothingToRoute { action: reply.action });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Misfit, check, human, no_answer, situations};
    use crate::{Action, OnDial, Reply};

    #[test]
    fn routing_needs_a_call() {
        let reply = Reply::new(Action::RouteToAgent);
        assert_eq!(check(&human(), &reply), Ok(()));
        assert_eq!(check(&no_answer(), &reply), Err(Misfit::NothingToRoute { action: Action::RouteToAgent }));
    }

    #[test]
    fn retry_fits_every_situation() {
        for situation in situations() {
            assert_eq!(check(&situation.told, &Reply::new(Action::Retry)), Ok(()), "{}", situation.name);
        }
    }

    #[test]
    fn situations_survive_their_wire_form() {
        for situation in situations() {
            let wire = serde_json::to_string(&situation.told).unwrap();
            assert_eq!(serde_json::from_str::<OnDial>(&wire).unwrap(), situation.told);
        }
    }
}
