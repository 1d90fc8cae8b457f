//! Agents come, go, and change: configuration, desks, status and after-call work.

use std::collections::BTreeMap;
use std::sync::Arc;

use vocabulary::{AgentId, Timestamp};

use super::{Due, Router};
use crate::agents::{Agent, LastCall, Observation, desk_of};
use crate::reader::proposal;
use crate::slab::Slot;
use crate::{AgentProfile, AgentStatus, Desk, LoginRefusal, Outcome};

/// Who works where. Two agents never share a number or a place.
#[derive(Debug, Default)]
pub(super) struct Desks {
    by_number: BTreeMap<(String, String), AgentId>,
    by_place: BTreeMap<String, AgentId>,
}

impl Desks {
    /// Gives a desk to an agent who has none.
    fn take(&mut self, agent: &AgentId, desk: &Desk) -> Result<(), LoginRefusal> {
        let number = (desk.switch.clone(), desk.dn.clone());
        if let Some(by) = self.by_number.get(&number) {
            let (switch, dn) = number;
            return Err(LoginRefusal::NumberTaken { dn, switch, by: by.clone() });
        }
        if let Some(by) = self.by_place.get(&desk.place) {
            return Err(LoginRefusal::PlaceTaken { place: desk.place.clone(), by: by.clone() });
        }
        if !desk.dn.is_empty() {
            self.by_number.insert(number, agent.clone());
        }
        if !desk.place.is_empty() {
            self.by_place.insert(desk.place.clone(), agent.clone());
        }
        Ok(())
    }

    fn leave(&mut self, agent: &AgentId, desk: &Desk) {
        let number = (desk.switch.clone(), desk.dn.clone());
        if self.by_number.get(&number) == Some(agent) {
            self.by_number.remove(&number);
        }
        if self.by_place.get(&desk.place) == Some(agent) {
            self.by_place.remove(&desk.place);
        }
    }
}

impl Router {
    /// Entries whose targets no longer name anybody keep waiting: the next configuration may bring them back,
    /// and their deadline ends them if not.
    pub(super) fn configure_agents(
        &mut self,
        profiles: Vec<AgentProfile>,
        now: Timestamp,
        outcomes: &mut Vec<Outcome>,
    ) {
        let known: BTreeMap<&AgentId, ()> = profiles.iter().map(|profile| (&profile.id, ())).collect();
        let gone: Vec<AgentId> =
            self.agent_slots.keys().filter(|id| !known.contains_key(id)).cloned().collect();
        for agent in gone {
            self.remove_agent(&agent, now, outcomes);
        }
        for profile in profiles {
            self.put_agent(profile);
        }
    }

    pub(super) fn put_agent(&mut self, profile: AgentProfile) {
        let Some(slot) = self.agent_slots.get(&profile.id).copied() else {
            let id = profile.id.clone();
            let slot = self.agents.insert(Agent::new(AgentProfile { groups: Vec::new(), ..profile.clone() }));
            self.agent_slots.insert(id, slot);
            self.rematch(slot, |agent| agent.profile = Arc::new(profile));
            return;
        };
        let Some(agent) = self.agents.get(slot) else {
            return;
        };
        let own_desk = desk_of(&profile);
        // The phone at the desk is the one that the agent hears: whoever is at work stays there until the next login.
        let desk = if agent.status.is_at_work() { agent.desk() } else { own_desk.clone() };
        if *agent.profile == profile && agent.own_desk == own_desk {
            return;
        }
        self.rematch(slot, |agent| {
            agent.profile = Arc::new(profile);
            agent.own_desk = own_desk;
            agent.sit_at(desk);
        });
    }

    pub(super) fn remove_agent(&mut self, id: &AgentId, now: Timestamp, outcomes: &mut Vec<Outcome>) {
        let Some(slot) = self.agent_slots.get(id).copied() else {
            return;
        };
        self.agent_is_lost(slot, outcomes);
        if self.agents.get(slot).is_some_and(|agent| agent.status.is_at_work()) {
            self.set_status(slot, AgentStatus::LoggedOut, now, outcomes);
        }
        self.unmatch(slot);
        self.agent_slots.remove(id);
        self.agents.remove(slot);
    }

    pub(super) fn log_in(
        &mut self,
        id: &AgentId,
        desk: Option<Desk>,
        now: Timestamp,
        outcomes: &mut Vec<Outcome>,
    ) {
        let Some(slot) = self.agent_slots.get(id).copied() else {
            let proposal = proposal(id.as_str(), self.agent_slots.keys().map(AgentId::as_str));
            let reason = LoginRefusal::Unknown { agent: id.as_str().to_owned(), proposal };
            outcomes.push(Outcome::LoginRefused { agent: id.clone(), reason });
            return;
        };
        let Some(agent) = self.agents.get(slot) else {
            return;
        };
        let was_at_work = agent.status.is_at_work();
        let (before, desk) = (agent.desk(), desk.unwrap_or_else(|| agent.own_desk.clone()));
        if was_at_work && before == desk {
            return;
        }
        if was_at_work && agent.reservation.as_ref().is_some_and(|reservation| !reservation.is_released) {
            // The call is on its way to the desk where the agent was chosen.
            outcomes.push(Outcome::LoginRefused {
                agent: id.clone(),
                reason: LoginRefusal::Kept { agent: id.clone() },
            });
            return;
        }
        if was_at_work {
            self.desks.leave(id, &before);
        }
        if let Err(reason) = self.desks.take(id, &desk) {
            if was_at_work {
                let back = self.desks.take(id, &before);
                debug_assert!(back.is_ok(), "the desk was left a moment ago");
            }
            outcomes.push(Outcome::LoginRefused { agent: id.clone(), reason });
            return;
        }
        if before != desk {
            self.rematch(slot, |agent| agent.sit_at(desk));
        }
        if !was_at_work {
            self.become_status(slot, AgentStatus::NotReady { reason: None }, now);
        }
        self.tell_agent(slot, outcomes);
    }

    pub(super) fn observe_agent(
        &mut self,
        id: &AgentId,
        observation: Observation,
        now: Timestamp,
        outcomes: &mut Vec<Outcome>,
    ) {
        let Some(slot) = self.agent_slots.get(id).copied() else {
            return;
        };
        let Some(agent) = self.agents.get_mut(slot) else {
            return;
        };
        if agent.knows_better(&observation) {
            return;
        }
        let Observation { mut status, at, call } = observation;
        if agent.status.is_on_call() && !status.is_on_call() {
            status = agent.after_call.take().unwrap_or(status);
        }
        if let Some(call) = call {
            agent.last_call = Some(LastCall { id: Arc::from(call), is_over: !status.is_on_call() });
        }
        self.set_status(slot, status, at.min(now), outcomes);
    }

    pub(super) fn set_status(
        &mut self,
        slot: Slot,
        status: AgentStatus,
        now: Timestamp,
        outcomes: &mut Vec<Outcome>,
    ) {
        let Some(agent) = self.agents.get(slot) else {
            return;
        };
        let uses_reservation = matches!(status, AgentStatus::Ringing | AgentStatus::Busy);
        let ends_reservation = uses_reservation && agent.reservation.is_some();
        if agent.status == status && !ends_reservation {
            return;
        }
        if !agent.status.is_at_work() && status.is_at_work() {
            let id = agent.profile.id.clone();
            if let Err(reason) = self.desks.take(&id, &agent.desk()) {
                outcomes.push(Outcome::LoginRefused { agent: id, reason });
                return;
            }
        }
        if ends_reservation {
            self.end_reservation(slot);
        }
        if !status.is_at_work() {
            // Whoever sits down at the desk next is not the one who was chosen.
            self.agent_is_lost(slot, outcomes);
        }
        self.refuse_requests(slot, &status, outcomes);
        self.become_status(slot, status, now);
        self.tell_agent(slot, outcomes);
    }

    /// Gives an agent a status, with all that depends on it, and brings the lines up to date.
    fn become_status(&mut self, slot: Slot, status: AgentStatus, now: Timestamp) {
        let Some(agent) = self.agents.get_mut(slot) else {
            return;
        };
        if agent.status != status {
            let id = agent.profile.id.clone();
            if let Some(until) = agent.wraps_up_until.take() {
                self.due.remove(&(until, Due::AfterCallWork(id.clone())));
            }
            if status == AgentStatus::AfterCallWork {
                let time = self.options.after_call_work.of(&agent.profile);
                if !time.is_zero() {
                    let until = now + time;
                    agent.wraps_up_until = Some(until);
                    self.due.insert((until, Due::AfterCallWork(id.clone())));
                }
            }
            let leaves = !status.is_at_work();
            if agent.status.is_on_call()
                && !status.is_on_call()
                && let Some(last) = &mut agent.last_call
            {
                last.is_over = true;
            }
            if status.is_on_call() {
                // Asked for while the call was on its way, or before a call that the agent makes.
                if matches!(agent.status, AgentStatus::NotReady { .. }) {
                    agent.after_call = Some(agent.status.clone());
                }
            } else if status != AgentStatus::AfterCallWork {
                agent.after_call = None;
            }
            self.handling.note(agent, &status, now);
            agent.freeing = 0;
            agent.status = status;
            agent.since = now;
            if leaves {
                let (desk, own) = (agent.desk(), agent.own_desk.clone());
                self.desks.leave(&id, &desk);
                if desk != own {
                    return self.rematch(slot, |agent| agent.sit_at(own));
                }
            }
        }
        self.expect_end_of_call(slot);
        self.recount(slot);
    }

    pub(super) fn end_call(&mut self, id: &AgentId, now: Timestamp, outcomes: &mut Vec<Outcome>) {
        let Some(slot) = self.agent_slots.get(id).copied() else {
            return;
        };
        let Some(agent) = self.agents.get_mut(slot).filter(|agent| agent.status.is_on_call()) else {
            return;
        };
        // A call that only rang leaves nothing to be done after it.
        let wraps_up =
            agent.status == AgentStatus::Busy && !self.options.after_call_work.of(&agent.profile).is_zero();
        let status = if wraps_up {
            AgentStatus::AfterCallWork
        } else {
            agent.after_call.take().unwrap_or(AgentStatus::Ready)
        };
        self.set_status(slot, status, now, outcomes);
    }

    pub(super) fn request_status(
        &mut self,
        id: &AgentId,
        status: AgentStatus,
        now: Timestamp,
        outcomes: &mut Vec<Outcome>,
    ) {
        let Some(slot) = self.agent_slots.get(id).copied() else {
            return;
        };
        let Some(agent) = self.agents.get_mut(slot) else {
            return;
        };
        if !agent.status.is_on_call() {
            return self.set_status(slot, status, now, outcomes);
        }
        if !status.is_at_work() {
            let reason = LoginRefusal::OnCall { agent: id.clone(), status: agent.status.words() };
            outcomes.push(Outcome::LoginRefused { agent: id.clone(), reason });
            return;
        }
        if agent.after_call.as_ref() != Some(&status) {
            agent.after_call = Some(status);
            self.tell_agent(slot, outcomes);
        }
    }

    pub(super) fn after_call_work_ends(&mut self, id: &AgentId, now: Timestamp, outcomes: &mut Vec<Outcome>) {
        let Some(slot) = self.agent_slots.get(id).copied() else {
            return;
        };
        if let Some(agent) = self.agents.get_mut(slot) {
            agent.wraps_up_until = None;
            let status = agent.after_call.take().unwrap_or(AgentStatus::Ready);
            self.set_status(slot, status, now, outcomes);
        }
    }

    pub(super) fn agent_vanished(&mut self, id: &AgentId, now: Timestamp, outcomes: &mut Vec<Outcome>) {
        let Some(slot) = self.agent_slots.get(id).copied() else {
            return;
        };
        self.agent_is_lost(slot, outcomes);
        self.set_status(slot, AgentStatus::LoggedOut, now, outcomes);
    }

    pub(super) fn tell_agent(&self, slot: Slot, outcomes: &mut Vec<Outcome>) {
        if let Some(agent) = self.agents.get(slot) {
            outcomes.push(Outcome::AgentChanged {
                agent: agent.profile.id.clone(),
                status: agent.status.clone(),
                reserved: agent.reservation.is_some(),
                after_call: agent.after_call.clone(),
            });
        }
    }
}
