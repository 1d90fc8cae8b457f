//! Reservation: an agent is kept for one holder, and what was selected comes back when the agent cannot be had.

use std::sync::Arc;
use std::time::Duration;

use vocabulary::{AgentId, Timestamp};

use super::announcing::DialProgress;
use super::collecting::Request;
use super::{Due, Router, Waiting};
use crate::agents::Reservation;
use crate::reader::proposal;
use crate::slab::Slot;
use crate::{AgentStatus, EntryId, Outcome, ReservationRefusal, ReturnReason};

/// An entry that was selected lately.
#[derive(Debug)]
pub(super) struct Held {
    waiting: Waiting,
    agent: AgentId,
    until: Timestamp,
}

impl Router {
    /// Remembers an entry for which an agent was chosen.
    pub(super) fn hold(&mut self, waiting: Waiting, agent: AgentId, now: Timestamp) {
        let id = Arc::clone(&waiting.key.id);
        self.forget_held(&id);
        let until = now + self.options.selection_memory.max(waiting.reservation);
        self.due.insert((until, Due::Memory(Arc::clone(&id))));
        self.held.insert(id, Box::new(Held { waiting, agent, until }));
    }

    pub(super) fn forget_held(&mut self, id: &str) {
        self.take_held(id);
    }

    fn take_held(&mut self, id: &str) -> Option<Held> {
        let (id, held) = self.held.remove_entry(id)?;
        self.due.remove(&(held.until, Due::Memory(id)));
        Some(*held)
    }

    /// A selected entry waits again in its old place, for anybody but this agent.
    fn give_back(&mut self, held: Held, reason: ReturnReason, outcomes: &mut Vec<Outcome>) {
        let Held { mut waiting, agent, .. } = held;
        let id = waiting.key.id.to_string();
        if self.directory.get(&id).is_some() {
            return;
        }
        self.exclude(&mut waiting.excluded, vec![agent.clone()]);
        waiting.announced_until = None;
        waiting.progress = DialProgress::default();
        // The line may have been closed meanwhile.
        waiting.line = self.line_at(&Arc::clone(&waiting.list), &waiting.stage);
        self.enter(waiting);
        outcomes.push(Outcome::Returned { id, agent, reason });
    }

    /// Gives back what is reserved of an agent who cannot be had any more.
    pub(super) fn agent_is_lost(&mut self, slot: Slot, outcomes: &mut Vec<Outcome>) {
        let Some(reservation) = self.end_reservation(slot) else {
            return;
        };
        let is_held = self
            .held
            .get(&reservation.holder)
            .is_some_and(|held| self.agents.get(slot).is_some_and(|agent| agent.profile.id == held.agent));
        if is_held && let Some(held) = self.take_held(&reservation.holder) {
            self.give_back(held, ReturnReason::AgentVanished, outcomes);
        } else if !reservation.is_released
            && let Some(agent) = self.agents.get(slot).map(|agent| agent.profile.id.clone())
        {
            // Whoever asked for the agent without an entry must not believe to have one who cannot be reached.
            let holder = reservation.holder.to_string();
            outcomes.push(Outcome::ReservationExpired { agent, holder });
        }
    }

    //= decision: D-094 agents who rejected or failed are excluded for that callback
    pub(super) fn route_failed(
        &mut self,
        id: &str,
        agent: &AgentId,
        now: Timestamp,
        outcomes: &mut Vec<Outcome>,
    ) {
        if self.held.get(id).is_none_or(|held| held.agent != *agent) {
            let of_entry = self.directory.get(id).and_then(|slot| self.entries.get(slot));
            let of_held = self.held.get(id).map(|held| &held.waiting);
            let is_known = of_entry.or(of_held).is_some_and(|waiting| waiting.excluded.contains(agent));
            if !is_known {
                outcomes.push(Outcome::NotHeld { id: id.to_owned() });
            }
            return;
        }
        self.release_agent(agent, Some(id), Duration::ZERO, now, outcomes);
        let Some(mut held) = self.take_held(id) else {
            return;
        };
        held.waiting.failed_routes += 1;
        let attempts = held.waiting.failed_routes;
        if attempts >= held.waiting.max_route_attempts {
            outcomes.push(Outcome::RoutingGivenUp { id: id.to_owned(), attempts });
        } else {
            self.give_back(held, ReturnReason::RouteFailed, outcomes);
        }
    }

    pub(super) fn reserve_agent(
        &mut self,
        agent: &AgentId,
        request: Request,
        now: Timestamp,
        outcomes: &mut Vec<Outcome>,
    ) {
        let slot = self.agent_slots.get(agent).copied();
        let found = slot.and_then(|slot| Some((slot, self.agents.get(slot)?)));
        let Request { holder, duration, .. } = &request;
        let reason = match found {
            None => self.no_such_agent(agent),
            Some((slot, found)) => match found.holder() {
                Some(other)
                    if other == holder && !duration.is_zero() && !may_be_kept_longer(&found.status) =>
                {
                    ReservationRefusal::NotReady {
                        agent: agent.as_str().to_owned(),
                        status: found.status.words(),
                    }
                }
                Some(other) if other == holder => {
                    return self.keep(agent, request.holder, request.duration, now, outcomes);
                }
                Some(other) => {
                    ReservationRefusal::Taken { agent: agent.as_str().to_owned(), holder: other.to_owned() }
                }
                None if found.status != AgentStatus::Ready => ReservationRefusal::NotReady {
                    agent: agent.as_str().to_owned(),
                    status: found.status.words(),
                },
                //= decision: D-089 `reserveTarget` with 0 means no block
                None if duration.is_zero() => return self.withdraw_request(slot, holder),
                None if self.options.reservation_collection.is_zero() => {
                    return self.keep(agent, request.holder, request.duration, now, outcomes);
                }
                None => return self.collect(slot, request, now, outcomes),
            },
        };
        outcomes.push(Outcome::ReservationRefused { agent: agent.clone(), holder: request.holder, reason });
    }

    pub(super) fn refresh_reservation(
        &mut self,
        agent: &AgentId,
        holder: EntryId,
        duration: Duration,
        now: Timestamp,
        outcomes: &mut Vec<Outcome>,
    ) {
        let slot = self.agent_slots.get(agent).copied();
        if slot.is_some_and(|slot| self.change_request(slot, &holder, duration)) {
            return;
        }
        let found = slot.and_then(|slot| self.agents.get(slot));
        let reason = match found {
            Some(found) if found.holder() == Some(&holder) && !may_be_kept_longer(&found.status) => {
                ReservationRefusal::NotReady {
                    agent: agent.as_str().to_owned(),
                    status: found.status.words(),
                }
            }
            Some(found) if found.holder() == Some(&holder) => {
                return self.keep(agent, holder, duration, now, outcomes);
            }
            None => self.no_such_agent(agent),
            Some(_) => ReservationRefusal::Ended { agent: agent.as_str().to_owned(), holder: holder.clone() },
        };
        outcomes.push(Outcome::ReservationRefused { agent: agent.clone(), holder, reason });
    }

    fn no_such_agent(&self, agent: &AgentId) -> ReservationRefusal {
        ReservationRefusal::Unknown {
            agent: agent.as_str().to_owned(),
            proposal: proposal(agent.as_str(), self.agent_slots.keys().map(AgentId::as_str)),
        }
    }

    pub(super) fn keep(
        &mut self,
        agent_id: &AgentId,
        holder: EntryId,
        duration: Duration,
        now: Timestamp,
        outcomes: &mut Vec<Outcome>,
    ) {
        let Some(slot) = self.agent_slots.get(agent_id).copied() else {
            return;
        };
        let before = self.end_reservation(slot);
        let from = before.as_ref().map_or(now, |reservation| reservation.from);
        //= decision: D-089 `reserveTarget` with 0 means no block
        if !duration.is_zero()
            && let Some(agent) = self.agents.get_mut(slot)
        {
            let until = now + duration;
            let for_whom = Arc::from(holder.as_str());
            agent.reservation = Some(Reservation { holder: for_whom, from, until, is_released: false });
            self.due.insert((until, Due::Reservation(agent_id.clone())));
            outcomes.push(Outcome::AgentReserved { agent: agent_id.clone(), holder, until });
        }
        self.recount(slot);
        if before.is_none() != duration.is_zero() {
            self.tell_agent(slot, outcomes);
        }
    }

    pub(super) fn release_agent(
        &mut self,
        agent_id: &AgentId,
        holder: Option<&str>,
        delay: Duration,
        now: Timestamp,
        outcomes: &mut Vec<Outcome>,
    ) {
        let Some(slot) = self.agent_slots.get(agent_id).copied() else {
            return;
        };
        if let Some(holder) = holder {
            self.withdraw_request(slot, holder);
        }
        let Some(agent) = self.agents.get_mut(slot) else {
            return;
        };
        if holder.is_some() && agent.holder() != holder {
            return;
        }
        if delay.is_zero() {
            if self.end_reservation(slot).is_some() {
                self.recount(slot);
                self.tell_agent(slot, outcomes);
            }
        } else if let Some(reservation) = &mut agent.reservation {
            // A second release of the same keeps nobody longer.
            if reservation.is_released {
                return;
            }
            self.due.remove(&(reservation.until, Due::Reservation(agent_id.clone())));
            reservation.until = now + delay;
            reservation.is_released = true;
            self.due.insert((reservation.until, Due::Reservation(agent_id.clone())));
        }
    }

    /// Ends a reservation, if there is one. The caller brings the lines up to date.
    pub(super) fn end_reservation(&mut self, slot: Slot) -> Option<Reservation> {
        let agent = self.agents.get_mut(slot)?;
        let reservation = agent.reservation.take()?;
        self.due.remove(&(reservation.until, Due::Reservation(agent.profile.id.clone())));
        Some(reservation)
    }

    /// The time of a reservation has run out.
    pub(super) fn reservation_ends(&mut self, agent: &AgentId, outcomes: &mut Vec<Outcome>) {
        let Some(slot) = self.agent_slots.get(agent).copied() else {
            return;
        };
        if let Some(reservation) = self.end_reservation(slot) {
            if !reservation.is_released {
                let holder = reservation.holder.to_string();
                outcomes.push(Outcome::ReservationExpired { agent: agent.clone(), holder });
            }
            self.recount(slot);
            self.tell_agent(slot, outcomes);
        }
    }
}

/// Whether a reservation may be prolonged: whoever wants no more calls, or has left, gets the one that is on its way and is
/// kept for nothing that comes later.
fn may_be_kept_longer(status: &AgentStatus) -> bool {
    status.is_at_work() && !matches!(status, AgentStatus::NotReady { .. })
}
