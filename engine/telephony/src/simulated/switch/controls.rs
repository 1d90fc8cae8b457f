//! Controls: what a test or a demo makes customers and agents do.

use std::collections::BTreeSet;

use serde_json::Map;
use vocabulary::{CallState, InteractionId, PhoneNumber, Timestamp};

use super::{SimulatedSwitch, Timer};
use crate::simulated::call::{Call, Phase};
use crate::simulated::{AgentBehaviour, Behaviour, MalformedBehaviour};
use crate::{Event, ReleasedBy};

/// A control cannot be carried out.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ControlError {
    /// The text has no digits.
    #[error("a customer's number needs digits, for example +12025550123")]
    NoDigits,
    /// The number of customers with settings of their own is limited.
    #[error("{limit} numbers have settings already: no more can be set")]
    TooManyCustomers {
        /// Limit.
        limit: usize,
    },
    /// The switch knows no such agent.
    #[error("there is no agent with the directory number {dn}")]
    UnknownAgent {
        /// As written.
        dn: String,
    },
    /// All lines are in use.
    #[error("all {limit} lines are in use: the call does not arrive")]
    AllTrunksBusy {
        /// Limit.
        limit: usize,
    },
    /// The behaviour cannot be used.
    #[error(transparent)]
    MalformedBehaviour(#[from] MalformedBehaviour),
}

impl SimulatedSwitch {
    /// Sets what the customer of a number does from now on, also in a call that is not answered yet. Numbers are
    /// compared by their digits from the end, so a prefix of the dialled string does not matter.
    ///
    /// # Errors
    /// [`ControlError::NoDigits`], [`ControlError::TooManyCustomers`], [`ControlError::MalformedBehaviour`].
    pub fn set_customer(
        &mut self,
        number: &PhoneNumber,
        behaviour: Behaviour,
        now: Timestamp,
    ) -> Result<(), ControlError> {
        behaviour.check()?;
        let digits = digits_of(number)?;
        let limit = self.settings.max_customers;
        if self.customers.len() >= limit && !self.customers.contains_key(&digits) {
            return Err(ControlError::TooManyCustomers { limit });
        }
        self.customers.insert(digits, behaviour);
        for id in self.calls_where(|call| matches!(call.phase, Phase::Dialling | Phase::Ringing)) {
            let behaviour = self.calls.get(&id).map(|call| self.behaviour_of(&call.customer));
            if let (Some(call), Some(behaviour)) = (self.calls.get_mut(&id), behaviour)
                && call.behaviour != behaviour
            {
                call.behaviour = behaviour;
                self.plan_dial(&id, now);
            }
        }
        Ok(())
    }

    /// Sets the digits that the customer of a number types when asked; empty: none. Those who are being asked
    /// type them now.
    ///
    /// # Errors
    /// [`ControlError::NoDigits`], [`ControlError::TooManyCustomers`].
    pub fn customer_types(
        &mut self,
        number: &PhoneNumber,
        digits: &str,
        now: Timestamp,
    ) -> Result<Vec<Event>, ControlError> {
        let key = digits_of(number)?;
        let limit = self.settings.max_customers;
        if self.typed.len() >= limit && !self.typed.contains_key(&key) {
            return Err(ControlError::TooManyCustomers { limit });
        }
        let mut events = self.tick(now);
        self.typed.insert(key.clone(), digits.to_owned());
        if !digits.is_empty() {
            let asked = self.calls_where(|call| {
                is_of(call, &key)
                    && call.treatment.as_ref().is_some_and(|treatment| treatment.max_digits.is_some())
            });
            for id in asked {
                self.treatment_ends(&id, &mut events);
            }
        }
        Ok(events)
    }

    /// The customer of a number hangs up every call; one that still rings is declined, which is busy.
    pub fn customer_hangs_up(&mut self, number: &PhoneNumber, now: Timestamp) -> Vec<Event> {
        let mut events = self.tick(now);
        let wanted: String = number.digits().collect();
        if wanted.is_empty() {
            return events;
        }
        for id in self.calls_where(|call| is_of(call, &wanted)) {
            let is_answered = self.calls.get(&id).is_some_and(|call| call.answered_at.is_some());
            if is_answered {
                self.release(&id, ReleasedBy::Customer, &mut events);
            } else {
                self.dial_fails(&id, CallState::BUSY, &mut events);
            }
        }
        events
    }

    /// Sets what an agent does when the phone rings, also for a call that rings now.
    ///
    /// # Errors
    /// [`ControlError::UnknownAgent`].
    pub fn set_agent(
        &mut self,
        dn: &str,
        behaviour: AgentBehaviour,
        now: Timestamp,
    ) -> Result<(), ControlError> {
        let Some(known) = self.agents.get_mut(dn) else {
            return Err(ControlError::UnknownAgent { dn: dn.to_owned() });
        };
        *known = behaviour;
        if let Some(id) = self.occupied.get(dn).cloned() {
            self.plan_agent(&id, now);
        }
        Ok(())
    }

    /// Sets the agents of the switch (configuration). Those who stay keep their behaviour and their call; a call
    /// at an agent who goes stays until it ends.
    pub fn configure_agents(&mut self, dns: BTreeSet<String>) {
        self.agents.retain(|dn, _| dns.contains(dn));
        for dn in &dns {
            self.agents.entry(dn.clone()).or_insert(self.settings.agent_behaviour);
        }
        self.settings.agent_dns = dns;
    }

    /// A number at which an agent has come to work.
    pub(super) fn agent_arrives(&mut self, dn: String) {
        self.settings.agent_dns.insert(dn.clone());
        self.agents.entry(dn).or_insert(self.settings.agent_behaviour);
    }

    /// A customer calls in. The call is answered at the route point; `digits` are typed when asked.
    ///
    /// Its id is made from the time and a counter, so that ids of an earlier run do not come again.
    ///
    /// # Errors
    /// [`ControlError::AllTrunksBusy`].
    pub fn inbound_call(
        &mut self,
        ani: PhoneNumber,
        route_point: &str,
        dnis: &str,
        digits: Option<String>,
        now: Timestamp,
    ) -> Result<(InteractionId, Vec<Event>), ControlError> {
        let limit = self.settings.max_calls;
        if self.calls.len() >= limit {
            return Err(ControlError::AllTrunksBusy { limit });
        }
        let mut events = self.tick(now);
        self.inbound_calls += 1;
        let id = InteractionId::new(format!("{:012X}{:04X}", now.as_millis(), self.inbound_calls));
        let behaviour = self.behaviour_of(&ani);
        self.calls.insert(
            id.clone(),
            Call {
                customer: ani.clone(),
                behaviour,
                dial: None,
                route_point: route_point.to_owned(),
                digits,
                phase: Phase::Answered,
                since: now,
                answered_at: Some(now),
                treatment: None,
                user_data: Map::new(),
                phase_timers: Vec::new(),
                call_timers: Vec::new(),
            },
        );
        if let Behaviour::HangsUp { hangs_up_after, .. } = behaviour {
            let after = hangs_up_after.unwrap_or(self.settings.hangs_up_after);
            self.set_call_timer(&id, Timer::CustomerHangsUp, now + after);
        }
        events.push(Event::CallArrived {
            call: id.clone(),
            route_point: route_point.to_owned(),
            dnis: dnis.to_owned(),
            ani,
        });
        Ok((id, events))
    }

    fn calls_where(&self, fits: impl Fn(&Call) -> bool) -> Vec<InteractionId> {
        self.calls.iter().filter(|(_, call)| fits(call)).map(|(id, _)| id.clone()).collect()
    }
}

fn digits_of(number: &PhoneNumber) -> Result<String, ControlError> {
    let digits: String = number.digits().collect();
    if digits.is_empty() {
        return Err(ControlError::NoDigits);
    }
    Ok(digits)
}

/// Whether the call is with the customer of this number.
fn is_of(call: &Call, digits: &str) -> bool {
    let own: String = call.customer.digits().collect();
    own.ends_with(digits)
}
