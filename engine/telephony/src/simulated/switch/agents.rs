//! Moving calls to agents, and what happens at the desks.

use vocabulary::{InteractionId, Timestamp};

use super::{SimulatedSwitch, Timer, redirect_failed};
use crate::simulated::AgentBehaviour;
use crate::simulated::call::Phase;
use crate::{Event, Redirect};

impl SimulatedSwitch {
    pub(super) fn redirect(&mut self, order: Redirect, now: Timestamp, events: &mut Vec<Event>) {
        // A destination may be written with its switch, `8001@SIP_Switch`.
        let destination = order.to.split('@').next().unwrap_or_default().trim().to_owned();
        if let Err(problem) = self.check_redirect(&order, &destination) {
            events.push(redirect_failed(order.call, order.effect, problem));
            return;
        }
        self.end_treatment(&order.call);
        self.take_back(&order.call);
        let is_agent = self.agents.contains_key(&destination);
        if is_agent {
            self.occupied.insert(destination.clone(), order.call.clone());
        }
        events.push(Event::Redirected { call: order.call.clone(), effect: order.effect });
        if is_agent && order.confirm {
            let rings_at = now + self.about(self.settings.alerting_after);
            let rings_out_at = now + order.ring_timeout;
            let phase = Phase::Alerting { dn: destination, rings: false, rings_out_at };
            self.enter(&order.call, phase, now);
            self.set_phase_timer(&order.call, Timer::AgentRings, rings_at.min(rings_out_at));
        } else {
            //= guide: options _ixn_redirect_confirm: without it no event tells of the agent
            self.begin_talk(&order.call, destination, is_agent, now);
        }
    }

    /// A phone that rings for the call stops ringing; the order that takes it back is its own answer.
    fn take_back(&mut self, id: &InteractionId) {
        if let Some(Phase::Alerting { dn, .. }) = self.calls.get(id).map(|call| &call.phase) {
            self.occupied.remove(dn);
            self.end_phase_timers(id);
        }
    }

    fn check_redirect(&self, order: &Redirect, destination: &str) -> Result<(), String> {
        let (id, to) = (&order.call, &order.to);
        let Some(call) = self.calls.get(id) else {
            return Err(format!("there is no call {id}: it has ended, or never was"));
        };
        match &call.phase {
            Phase::Answered => {}
            Phase::Dialling | Phase::Ringing => {
                return Err(format!("call {id} is not answered yet and cannot be moved to {to}"));
            }
            // It is taken back and rings elsewhere.
            Phase::Alerting { .. } => {}
            Phase::Talking { at, .. } => return Err(format!("call {id} is connected to {at} already")),
        }
        if destination.is_empty() {
            return Err(format!("no destination is named for call {id}"));
        }
        if let Some(other) = self.occupied.get(destination).filter(|other| *other != id) {
            return Err(format!("{destination} is occupied by call {other}"));
        }
        // Without confirmation the destination belongs to another switch, which alone knows its numbers.
        let is_known = self.agents.contains_key(destination)
            || self.settings.route_points.contains(destination)
            || !order.confirm;
        if is_known { Ok(()) } else { Err(format!("there is no number {destination} on this switch")) }
    }

    pub(super) fn agent_rings(&mut self, id: &InteractionId, now: Timestamp, events: &mut Vec<Event>) {
        let Some(Phase::Alerting { dn, rings, .. }) = self.calls.get_mut(id).map(|call| &mut call.phase)
        else {
            return;
        };
        *rings = true;
        events.push(Event::AgentAlerting { call: id.clone(), dn: dn.clone() });
        self.plan_agent(id, now);
    }

    /// Sets the timers of a call that rings at an agent, from the agent's behaviour as it is now.
    pub(super) fn plan_agent(&mut self, id: &InteractionId, now: Timestamp) {
        let Some(call) = self.calls.get(id) else {
            return;
        };
        let Phase::Alerting { dn, rings: true, rings_out_at } = &call.phase else {
            return;
        };
        let rings_out_at = *rings_out_at;
        let planned = match self.agents.get(dn).copied().unwrap_or_default() {
            AgentBehaviour::Answers { after } => Some((Timer::AgentAnswers, now + after)),
            AgentBehaviour::Declines { after } => Some((Timer::AgentDeclines, now + after)),
            AgentBehaviour::Manual | AgentBehaviour::RingsOut => None,
        };
        self.end_phase_timers(id);
        match planned {
            Some((timer, at)) if at < rings_out_at => self.set_phase_timer(id, timer, at),
            _ => self.set_phase_timer(id, Timer::AgentRingsOut, rings_out_at.max(now)),
        }
    }

    pub(super) fn agent_answers(&mut self, dn: &str, now: Timestamp, events: &mut Vec<Event>) {
        if let Some(id) = self.ringing_at(dn) {
            self.connect(&id, now, events);
        }
    }

    pub(super) fn agent_declines(&mut self, dn: &str, now: Timestamp, events: &mut Vec<Event>) {
        if let Some(id) = self.ringing_at(dn) {
            self.divert(&id, true, now, events);
        }
    }

    /// Hanging up a call that only rings declines it.
    pub(super) fn agent_hangs_up(&mut self, dn: &str, now: Timestamp, events: &mut Vec<Event>) {
        if let Some(id) = self.ringing_at(dn) {
            self.divert(&id, true, now, events);
            return;
        }
        let Some(id) = self.occupied.get(dn).cloned() else {
            return;
        };
        let talks = self.calls.get(&id).is_some_and(|call| matches!(call.phase, Phase::Talking { .. }));
        if talks {
            self.release(&id, crate::ReleasedBy::Agent, events);
        }
    }

    /// The call that rings at a desk where somebody sits.
    fn ringing_at(&self, dn: &str) -> Option<InteractionId> {
        if self.agents.get(dn) == Some(&AgentBehaviour::RingsOut) {
            return None;
        }
        let id = self.occupied.get(dn)?;
        let call = self.calls.get(id)?;
        matches!(call.phase, Phase::Alerting { rings: true, .. }).then(|| id.clone())
    }

    pub(super) fn connect(&mut self, id: &InteractionId, now: Timestamp, events: &mut Vec<Event>) {
        let Some(Phase::Alerting { dn, .. }) = self.calls.get(id).map(|call| &call.phase) else {
            return;
        };
        let dn = dn.clone();
        self.end_treatment(id);
        events.push(Event::AgentConnected { call: id.clone(), dn: dn.clone() });
        self.begin_talk(id, dn, true, now);
    }

    fn begin_talk(&mut self, id: &InteractionId, at: String, is_agent: bool, now: Timestamp) {
        self.enter(id, Phase::Talking { at, is_agent }, now);
        if let Some(talk_time) = self.settings.talk_time {
            self.set_phase_timer(id, Timer::TalkEnds(talk_time.ended_by), now + talk_time.after);
        }
    }

    /// The agent does not take the call; it is back at the route point.
    pub(super) fn divert(
        &mut self,
        id: &InteractionId,
        declined: bool,
        now: Timestamp,
        events: &mut Vec<Event>,
    ) {
        let Some(Phase::Alerting { dn, .. }) = self.calls.get(id).map(|call| &call.phase) else {
            return;
        };
        let dn = dn.clone();
        self.occupied.remove(&dn);
        self.enter(id, Phase::Answered, now);
        events.push(Event::Diverted { call: id.clone(), dn, declined });
    }
}
