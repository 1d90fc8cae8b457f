//! Requests to reserve a free agent: gathered for a while from the first one on, then the highest priority wins
//! (router reference: collection time).
//!
//! | request | nobody asked yet | requests are gathered | reserved for the same | reserved for another |
//! | --- | --- | --- | --- | --- |
//! | `ReserveAgent` | begins to gather | joins them; below or beside the highest and `LowerRequests::Reject`: refused | kept longer | refused |
//! | … again by the same | – | takes the place of the first, which keeps its turn | kept longer | – |
//! | … for no time | nothing | withdraws | let go | refused |
//! | `RefreshReservation` | refused | changes the time asked for | kept longer | refused |
//! | `ReleaseAgent` by a holder | ignored | withdraws | let go | ignored |
//! | the agent is not ready any more | – | all are refused | used up, or returned; while not ready not kept longer | used up, or returned |
//!
//! The time runs from the first request and is not begun again. Meanwhile the agent is given to nobody, whatever the
//! priority of those who wait in queues: they would win every time, as they need not be gathered, and who asks for a
//! certain agent has a reason to. It costs those who wait the collection time at most. Each request that is not withdrawn
//! is answered once.

use std::time::Duration;

use vocabulary::{AgentId, Timestamp};

use super::{Due, LowerRequests, Router};
use crate::slab::Slot;
use crate::{AgentStatus, EntryId, Outcome, ReservationRefusal};

/// Requests for one agent that are being gathered, first come first; never none.
#[derive(Clone, Debug)]
pub(crate) struct Collection {
    from: Timestamp,
    ends: Timestamp,
    requests: Vec<Request>,
}

/// A request to reserve an agent.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) holder: EntryId,
    pub(super) priority: i64,
    pub(super) duration: Duration,
}

impl Collection {
    /// The request that wins if no other comes: the highest priority, of several the first.
    fn pending(&self) -> Option<&Request> {
        self.requests.iter().rev().max_by_key(|request| request.priority)
    }

    fn of(&mut self, holder: &str) -> Option<&mut Request> {
        self.requests.iter_mut().find(|request| request.holder == holder)
    }
}

impl Router {
    /// Gathers a request for a ready agent whom nobody holds.
    pub(super) fn collect(
        &mut self,
        slot: Slot,
        request: Request,
        now: Timestamp,
        outcomes: &mut Vec<Outcome>,
    ) {
        let ends = now + self.options.reservation_collection;
        let Some(agent) = self.agents.get_mut(slot) else {
            return;
        };
        let id = agent.profile.id.clone();
        let Some(collection) = &mut agent.collecting else {
            agent.collecting = Some(Box::new(Collection { from: now, ends, requests: vec![request] }));
            self.due.insert((ends, Due::Collection(id)));
            self.recount(slot);
            return;
        };
        if let Some(earlier) = collection.of(&request.holder) {
            *earlier = request;
            return;
        }
        let (rejects_lower, most) =
            (self.options.lower_requests == LowerRequests::Reject, self.options.max_collected_requests);
        let pending = collection.pending().map(|pending| (pending.priority, pending.holder.clone()));
        let refused = match pending {
            Some((priority, holder)) if rejects_lower && request.priority <= priority => {
                vec![(request.holder, holder)]
            }
            Some((_, holder)) if !rejects_lower && collection.requests.len() >= most => {
                vec![(request.holder, holder)]
            }
            _ => {
                let by = request.holder.clone();
                let replaced =
                    if rejects_lower { std::mem::take(&mut collection.requests) } else { Vec::new() };
                collection.requests.push(request);
                replaced.into_iter().map(|replaced| (replaced.holder, by.clone())).collect()
            }
        };
        for (holder, by) in refused {
            outcomes.push(taken(&id, holder, &by));
        }
    }

    /// Changes the time that a holder has asked for; says whether there is such a request.
    pub(super) fn change_request(&mut self, slot: Slot, holder: &str, duration: Duration) -> bool {
        let agent = self.agents.get_mut(slot);
        let request = agent.and_then(|agent| agent.collecting.as_mut()?.of(holder));
        request.map(|request| request.duration = duration).is_some()
    }

    /// Takes back the request of a holder, if there is one.
    pub(super) fn withdraw_request(&mut self, slot: Slot, holder: &str) {
        let Some(collection) = self.agents.get_mut(slot).and_then(|agent| agent.collecting.as_mut()) else {
            return;
        };
        collection.requests.retain(|request| request.holder != holder);
        if collection.requests.is_empty() {
            self.end_collection(slot);
            self.recount(slot);
        }
    }

    /// The time for gathering is over: the highest priority has the agent.
    pub(super) fn collection_ends(&mut self, id: &AgentId, now: Timestamp, outcomes: &mut Vec<Outcome>) {
        let Some(slot) = self.agent_slots.get(id).copied() else {
            return;
        };
        let Some(collection) = self.end_collection(slot) else {
            return;
        };
        let Some(winner) = collection.pending().cloned() else {
            return;
        };
        self.keep(id, winner.holder.clone(), winner.duration, now, outcomes);
        if let Some(reservation) = self.agents.get_mut(slot).and_then(|agent| agent.reservation.as_mut()) {
            // What was observed while the requests were gathered counts, when it comes later.
            reservation.from = collection.from;
        }
        let others = collection.requests.into_iter().filter(|request| request.holder != winner.holder);
        outcomes.extend(others.map(|request| taken(id, request.holder, &winner.holder)));
    }

    /// The agent is about to have another status: nobody gets the agent. The caller brings the lines up to date.
    pub(super) fn refuse_requests(&mut self, slot: Slot, status: &AgentStatus, outcomes: &mut Vec<Outcome>) {
        let Some(collection) = self.end_collection(slot) else {
            return;
        };
        let Some(agent) = self.agents.get(slot) else {
            return;
        };
        let id = &agent.profile.id;
        outcomes.extend(collection.requests.into_iter().map(|request| {
            let reason = ReservationRefusal::NotReady { agent: id.to_string(), status: status.words() };
            Outcome::ReservationRefused { agent: id.clone(), holder: request.holder, reason }
        }));
    }

    fn end_collection(&mut self, slot: Slot) -> Option<Collection> {
        let agent = self.agents.get_mut(slot)?;
        let collection = agent.collecting.take()?;
        self.due.remove(&(collection.ends, Due::Collection(agent.profile.id.clone())));
        Some(*collection)
    }
}

fn taken(agent: &AgentId, holder: EntryId, by: &str) -> Outcome {
    let reason = ReservationRefusal::Taken { agent: agent.to_string(), holder: by.to_owned() };
    Outcome::ReservationRefused { agent: agent.clone(), holder, reason }
}
