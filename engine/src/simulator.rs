//! The controls of the simulated switch and of the clock.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use vocabulary::PhoneNumber;

use crate::api::InboundCall;
use crate::node::Node;
use crate::simulated::ClockedSwitch;

/// Controls of the simulated switch and the clock. Exists only with the simulated switch.
#[derive(Clone)]
pub struct Simulator {
    node: Arc<Node>,
    switch: Arc<ClockedSwitch>,
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Simulator")
    }
}

impl Simulator {
    pub(crate) const fn new(node: Arc<Node>, switch: Arc<ClockedSwitch>) -> Self {
        Self { node, switch }
    }

    /// Moves the manual clock and returns when everything that fell due has happened.
    ///
    /// # Errors
    /// The text of the problem when the clock is not manual.
    pub async fn advance(&self, by: Duration) -> Result<(), String> {
        self.node.clock.advance(by).await.map_err(|error| error.to_string())
    }

    /// What a customer does when called: `{"behaviour": "busy"}`; names `human busy no_answer machine fax silence sit hangup`.
    ///
    /// # Errors
    /// What is wrong with the description or the number.
    pub fn set_customer(&self, number: &str, behaviour: Value) -> Result<(), String> {
        let behaviour = serde_json::from_value(behaviour).map_err(|error| error.to_string())?;
        self.switch.with(|core, now| {
            let result = core.set_customer(&PhoneNumber::new(number), behaviour, now);
            (result.map_err(|error| error.to_string()), Vec::new())
        })
    }

    /// The customer on the line hangs up.
    ///
    /// # Errors
    /// When no call of this number is up.
    pub fn customer_hangs_up(&self, number: &str) -> Result<(), String> {
        let told = self.switch.with(|core, now| {
            let events = core.customer_hangs_up(&PhoneNumber::new(number), now);
            (!events.is_empty(), events)
        });
        if told { Ok(()) } else { Err(format!("no call of {number} is up")) }
    }

    /// What an agent's phone does: `{"behaviour": "answers", "after_secs": 2}`; names `manual answers declines rings_out`.
    ///
    /// # Errors
    /// What is wrong with the description or the agent.
    pub fn set_agent(&self, agent: &str, behaviour: Value) -> Result<(), String> {
        let dn = self.node.desk.dn(agent).ok_or_else(|| format!("there is no agent {agent}"))?;
        let behaviour = serde_json::from_value(behaviour).map_err(|error| error.to_string())?;
        self.switch.with(|core, now| {
            let result = core.set_agent(&dn, behaviour, now);
            (result.map_err(|error| error.to_string()), Vec::new())
        })
    }

    /// A call arrives at the route point that belongs to the number called; returns its id.
    ///
    /// # Errors
    /// Why the switch does not take it.
    pub fn inbound_call(&self, call: InboundCall) -> Result<String, String> {
        let inbound = &self.node.configuration.switch.inbound;
        let route_point = match inbound.get_key_value(&call.dnis) {
            Some((route_point, _)) => route_point.clone(),
            None => inbound.keys().next().cloned().ok_or("no route point takes incoming calls")?,
        };
        self.switch.with(|core, now| {
            let ani = PhoneNumber::new(&call.ani);
            match core.inbound_call(ani, &route_point, &call.dnis, call.digits.clone(), now) {
                Ok((id, events)) => (Ok(id.to_string()), events),
                Err(error) => (Err(error.to_string()), Vec::new()),
            }
        })
    }

    /// The dials since the start of the process, as JSON values.
    #[must_use]
    pub fn dial_log(&self) -> Vec<Value> {
        self.switch.dials()
    }

    /// Calls that the switch holds.
    #[must_use]
    pub fn calls(&self) -> Value {
        self.switch.with(|core, _now| (serde_json::to_value(core.calls()).unwrap_or_default(), Vec::new()))
    }
}
