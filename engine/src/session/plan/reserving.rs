//! Agents that a session keeps for itself: `queue:reserve`, `queue:release`, `_genesys.queue.reserveTarget`.
//!
//! The router knows a reservation by its holder: the `queue:submit` that found the agent, or the first `queue:reserve`
//! of this session for that agent. A further `queue:reserve` uses the same holder and thereby prolongs. Nothing of it
//! survives a restart of the node: agents are at their desks again only after they have logged in, so a restored
//! session is told that its reservations have ended (`restart`).

use std::time::Duration;

use routing::{Outcome, ReservationRefusal};
use serde_json::{Value, json};
use statecharts::{Event, Verb};
use vocabulary::{AgentId, EffectId, Timestamp};

use super::{Planner, values};
use crate::session::answers::event;
use crate::session::context::KeptAgent;
use crate::session::order::Action;

/// How long a chosen agent is kept when the chart does not say (guide: `_agent_reserve_timeout`, 30 s).
pub(super) const RESERVATION_DEFAULT: Duration = Duration::from_secs(30);
/// Longest that one `queue:reserve` keeps an agent; who needs more says so again.
const RESERVATION_MAX: Duration = Duration::from_secs(3600);
/// Agents that one session may keep at a time.
const RESERVED_MAX: usize = 16;
/// Longest delay of a release (guide: `_agent_reserve_delay_before_release`).
const DELAY_MAX_MS: u64 = 3_600_000;

impl Planner<'_> {
    pub(super) fn reserve(&mut self, id: EffectId, verb: &Verb) {
        let Some(agent) = values::text(&verb.attributes, "agent") else {
            return self.fail(&id, "error.queue.reserve", "unknown", "no agent is named");
        };
        let seconds = match verb.attributes.get("seconds").filter(|value| !value.is_null()) {
            None => Some(RESERVATION_DEFAULT),
            Some(_) => values::seconds(&verb.attributes, "seconds"),
        };
        let priority = values::integer(&verb.attributes, "priority").unwrap_or(0);
        match seconds.filter(|seconds| !seconds.is_zero() && *seconds <= RESERVATION_MAX) {
            Some(duration) => self.keep_agent(id, agent, duration, priority),
            None => {
                let problem = format!(
                    "`seconds` must be more than 0 and at most {}; `queue:release` lets an agent go",
                    RESERVATION_MAX.as_secs()
                );
                self.fail(&id, "error.queue.reserve", "invalid", &problem);
            }
        }
    }

    fn keep_agent(&mut self, id: EffectId, agent: String, duration: Duration, priority: i64) {
        let is_known = self.context.reserved.contains(&agent) || self.context.reserving.contains_key(&agent);
        if !is_known && self.context.reserved.len() + self.context.reserving.len() >= RESERVED_MAX {
            let problem = format!("a session keeps at most {RESERVED_MAX} agents");
            return self.fail(&id, "error.queue.reserve", "toomany", &problem);
        }
        let holder = self.context.holder_of(&agent).unwrap_or_else(|| id.to_string());
        self.context.reserving.entry(agent.clone()).or_default().push(id.clone());
        let duration_ms = super::interaction::millis(duration);
        self.order(id, Action::ReserveAgent { agent, holder, duration_ms, priority });
    }

    pub(super) fn release_agent(&mut self, id: EffectId, verb: &Verb) {
        if let Some(agent) = values::text(&verb.attributes, "agent") {
            let delay = values::integer(&verb.attributes, "delay").unwrap_or(0);
            let delay_ms = u64::try_from(delay).unwrap_or(0).min(DELAY_MAX_MS);
            self.let_go(id, agent, delay_ms);
        }
    }

    fn let_go(&mut self, id: EffectId, agent: String, delay_ms: u64) {
        let holder = self.context.holder_of(&agent);
        self.forget_agent(&agent);
        self.context.reserving.remove(&agent);
        self.order(id, Action::ReleaseAgent { agent, holder, delay_ms });
    }

    /// `reserveTarget(interactionid, target, seconds)`: keeps the agent of a target longer, or not at all.
    pub(super) fn reserve_target(&mut self, id: EffectId, function: &str, arguments: &[Value]) {
        let target = arguments.get(1).and_then(Value::as_str).unwrap_or_default();
        let name = target.split(['@', '.']).next().unwrap_or_default().trim();
        // A target that was selected is written with the number of its agent (ors: 4.4).
        let of_number = self.context.kept_agents.iter().find(|(_, kept)| kept.dn == name);
        let agent = of_number.map_or_else(|| name.to_owned(), |(agent, _)| agent.clone());
        let seconds = arguments.get(2).and_then(Value::as_f64).filter(|seconds| *seconds >= 0.0);
        let duration = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        match duration.filter(|duration| *duration <= RESERVATION_MAX && !agent.is_empty()) {
            //= decision: D-089 reserveTarget with 0 means no block
            Some(duration) if duration.is_zero() => self.let_go(id, agent, 0),
            Some(duration) => self.keep_agent(id, agent, duration, 0),
            None => self.call_failed(
                function,
                &format!("needs a target such as `7001@.A` and 0 to {} seconds", RESERVATION_MAX.as_secs()),
            ),
        }
    }

    /// An agent is kept for this session from now on.
    pub(crate) fn note_agent(&mut self, agent: &AgentId, holder: &str, dn: &str) {
        self.context.reserved.insert(agent.to_string());
        let known = self.context.kept_agents.get(agent.as_str()).map(|kept| kept.dn.clone());
        let dn = if dn.is_empty() { known.unwrap_or_default() } else { dn.to_owned() };
        let kept = KeptAgent { holder: holder.to_owned(), dn };
        self.context.kept_agents.insert(agent.to_string(), kept);
    }

    /// An agent is not kept for this session any more.
    pub(crate) fn forget_agent(&mut self, agent: &str) {
        self.context.reserved.remove(agent);
        self.context.kept_agents.remove(agent);
    }

    pub(crate) fn agent_reserved(&mut self, agent: &AgentId, holder: &str, until: Timestamp) -> Vec<Event> {
        let Some(requests) = self.context.reserving.remove(agent.as_str()) else {
            // Late: the session let go of the agent before it had the answer. The order for that is on its way.
            return Vec::new();
        };
        self.note_agent(agent, holder, "");
        let until = until.as_millis() as f64 / 1000.0;
        let done = |request| {
            event("queue.reserve.done", json!({ "requestid": request, "agent": agent, "until": until }))
        };
        requests.iter().map(done).collect()
    }

    pub(crate) fn reservation_refused(&mut self, agent: &AgentId, reason: &ReservationRefusal) -> Vec<Event> {
        // Whoever is refused does not have the agent, also when it was to be kept longer.
        self.forget_agent(agent.as_str());
        let error = match reason {
            ReservationRefusal::Unknown { .. } => "unknown",
            ReservationRefusal::NotReady { .. } => "notready",
            ReservationRefusal::Taken { .. } => "taken",
            ReservationRefusal::Ended { .. } => "ended",
        };
        let requests = self.context.reserving.remove(agent.as_str()).unwrap_or_default();
        let failed = |request| {
            let data = json!({ "requestid": request, "agent": agent, "error": error, "description": reason.to_string() });
            event("error.queue.reserve", data)
        };
        requests.iter().map(failed).collect()
    }

    /// The time of a reservation is over. One that this session has given up or has anew is late: ignored.
    pub(crate) fn reservation_expired(&mut self, agent: &AgentId, holder: &str) -> Vec<Event> {
        if self.context.kept_agents.get(agent.as_str()).is_none_or(|kept| kept.holder != holder) {
            return Vec::new();
        }
        self.forget_agent(agent.as_str());
        vec![event("queue.reservation.expired", json!({ "requestid": holder, "agent": agent }))]
    }
}

/// What a restored session is told of the agents that were kept for it, or were to be.
pub(crate) fn lost_by_restart(context: &crate::session::context::Context) -> Vec<Outcome> {
    let refused = context.reserving.iter().filter_map(|(agent, requests)| {
        let holder = requests.first()?.to_string();
        let reason = ReservationRefusal::Ended { agent: agent.clone(), holder: holder.clone() };
        Some(Outcome::ReservationRefused { agent: AgentId::new(agent), holder, reason })
    });
    let expired = context.kept_agents.iter().map(|(agent, kept)| Outcome::ReservationExpired {
        agent: AgentId::new(agent),
        holder: kept.holder.clone(),
    });
    // Expired first: a refusal of an agent whom the session had would make the end of the first reservation late.
    expired.chain(refused).collect()
}
