//! Statistics of an object as charts name it: a queue, an agent, a group, targets, or the whole router (ors: 9.1).

use vocabulary::{AgentId, QueueName, Timestamp};

use super::Router;
use super::choice::includes;
use crate::agents::Agent;
use crate::statistics::{Statistic, of_agents};
use crate::{Target, TargetKind, TargetList};

/// Object that stands for the whole router (ors: 4.6).
const WHOLE_ROUTER: &str = "R";

impl Router {
    /// Value of a statistic of an object; `None` where it is not counted, or no such object is known.
    ///
    /// `object` is `R` for the whole router; targets, `Sales@.GA,7001@.A` or a list of them as JSON; or a name, with or
    /// without `@switch`: that of a queue, else an agent's id, else an agent group's. Of a queue agents are those who serve
    /// it. A name that nobody has is taken for a queue in which nobody waits. The cost grows with the number of agents.
    #[must_use]
    pub fn statistic_of_object(&self, statistic: Statistic, object: &str, now: Timestamp) -> Option<f64> {
        if object == WHOLE_ROUTER {
            return self.statistic_of_all(statistic, now);
        }
        // What has no type is no target: `VQ_Sales@Switch`.
        if (object.contains('.') || object.trim_start().starts_with('['))
            && let Ok(list) = TargetList::parse(object)
        {
            let targets = list.steps().iter().flat_map(|step| step.targets.iter());
            return self.statistic_of_targets(statistic, &targets.collect::<Vec<_>>(), now);
        }
        let name = object.split('@').next().unwrap_or_default();
        let queue = QueueName::new(name);
        if self.queues.contains_key(&queue) {
            return self.statistic_of_named_queue(statistic, &queue, now);
        }
        let agent = AgentId::new(name);
        if let Some(found) = self.agent_slots.get(&agent).and_then(|slot| self.agents.get(*slot)) {
            return self
                .statistic_of_agent(statistic, &agent, now)
                .or_else(|| of_agents(statistic, std::iter::once(found.figures())));
        }
        if self.lines.has_group(name) {
            let members =
                self.all_agents().filter(|agent| agent.profile.groups.iter().any(|group| group == name));
            return of_agents(statistic, members.map(Agent::figures));
        }
        self.statistic_of_named_queue(statistic, &queue, now)
    }

    fn all_agents(&self) -> impl Iterator<Item = &Agent> {
        self.agents.iter().map(|(_, agent)| agent)
    }

    fn statistic_of_all(&self, statistic: Statistic, _now: Timestamp) -> Option<f64> {
        match statistic {
            Statistic::CallsInQueue => Some(self.entries.iter().count() as f64),
            other => of_agents(of_members(other), self.all_agents().map(Agent::figures)),
        }
    }

    fn statistic_of_targets(&self, statistic: Statistic, targets: &[&Target], now: Timestamp) -> Option<f64> {
        if let [only] = targets {
            let name = only.name();
            match only.kind() {
                TargetKind::Queue => {
                    return self.statistic_of_named_queue(statistic, &QueueName::new(name), now);
                }
                TargetKind::Agent => {
                    let of_agent = self.statistic_of_agent(statistic, &AgentId::new(name), now);
                    if of_agent.is_some() {
                        return of_agent;
                    }
                }
                _ => {}
            }
        }
        let members =
            self.all_agents().filter(|agent| targets.iter().any(|target| includes(target, agent, now)));
        of_agents(statistic, members.map(Agent::figures))
    }

    fn statistic_of_named_queue(
        &self,
        statistic: Statistic,
        queue: &QueueName,
        now: Timestamp,
    ) -> Option<f64> {
        if statistic == Statistic::ExpectedWaitingTime {
            // Not known is told, not taken for 0.
            return self.waiting_time(queue, now).map(|time| time.ewt);
        }
        if !self.queues.contains_key(queue) {
            let is_count = !matches!(statistic, Statistic::LoadBalance);
            let is_known = is_count && crate::statistics::StatisticUse::Queue.allows(statistic)
                || of_agents(statistic, std::iter::empty()).is_some();
            return is_known.then_some(0.0);
        }
        self.statistic_of_queue(statistic, queue, now).or_else(|| {
            let members = self.agents_of_queues(std::slice::from_ref(queue));
            of_agents(statistic, members.into_iter().map(Agent::figures))
        })
    }
}

/// The statistic of a queue's agents that tells the same of any agents.
const fn of_members(statistic: Statistic) -> Statistic {
    match statistic {
        Statistic::AgentsInQueueReady => Statistic::AgentsAvailable,
        Statistic::AgentsInQueueLogin => Statistic::AgentsTotal,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use crate::router::tests::{at, entry, ready, router, status};
    use crate::statistics::Statistic;
    use crate::{AgentStatus, Command, Entry, Router};

    /// a is ready, b talks, c is not ready, d logged out; two wait in Q and one in R.
    fn floor() -> Router {
        let mut router = router();
        router.step(status("b", AgentStatus::Busy), at(1));
        router.step(status("c", AgentStatus::NotReady { reason: None }), at(1));
        for (id, queue) in [("x", "Q"), ("y", "Q"), ("z", "R")] {
            let waits = Entry { queue: queue.into(), ..entry(id, "b@.A,c@.A") };
            router.step(Command::Submit(waits), at(2));
        }
        router.step(ready("a"), at(10));
        router
    }

    fn value(object: &str, name: &str) -> Option<f64> {
        floor().statistic_of_object(Statistic::parse(name).unwrap(), object, at(30))
    }

    #[test]
    fn every_kind_of_object_is_counted_by_the_router() {
        for (object, name, expected) in [
            ("R", "StatCallsInQueue", Some(3.0)),
            ("R", "StatAgentsTotal", Some(3.0)),
            ("R", "StatAgentsInQueueReady", Some(1.0)),
            ("R", "StatExpectedWaitingTime", None),
            ("Q", "StatCallsInQueue", Some(2.0)),
            ("Q@SIP_Switch", "StatCallsInQueue", Some(2.0)),
            ("Q@.Q", "CallsEntered", Some(2.0)),
            ("Q", "StatAgentsInQueueLogin", Some(2.0)),
            ("Q", "StatAgentsTotal", Some(2.0)),
            ("Q", "StatAgentsBusy", Some(1.0)),
            ("unused", "StatCallsInQueue", Some(0.0)),
            ("unused", "StatAgentsTotal", Some(0.0)),
            ("unused", "StatExpectedWaitingTime", None),
            ("a", "StatTimeInReadyState", Some(20.0)),
            ("a@.A", "StatTimeInReadyState", Some(20.0)),
            ("a", "StatAgentsAvailable", Some(1.0)),
            ("Billing", "StatLoginAgents", Some(2.0)),
            ("Billing@.GA", "StatAgentsBusy", Some(1.0)),
            ("Billing@.GA", "StatTimeInReadyState", None),
            ("Billing@.GA,c@.A", "StatAgentsTotal", Some(3.0)),
            (r#"[{"target":"Billing@.GA","timeout":5},{"target":"c@.A"}]"#, "StatAgentsTotal", Some(3.0)),
            ("?:Spanish>1@.GA", "StatAgentsTotal", Some(2.0)),
            ("?:Spanish>1&$(StatTimeInReadyState)>15@.GA", "RStatAgentsTotal", Some(1.0)),
            ("?:Spanish>1&$(StatTimeInReadyState)>25@.GA", "RStatAgentsTotal", Some(0.0)),
        ] {
            assert_eq!(value(object, name), expected, "{name} of {object}");
        }
    }
}
