//! Waiting times of many queues at once: what is the same for all of them is worked out once.
//!
//! [`Router::expected_wait`] looks through all queues and agents for each queue that it is asked about. Here agents who
//! stand in the same lines are taken together, and add what they do to each queue that they serve: the cost grows with
//! the queues and with the agents, not with their product, as long as agents have few different sets of lines.

use std::collections::{BTreeMap, BTreeSet};

use vocabulary::{QueueName, Timestamp};

use super::wait_query::takes_calls;
use super::{Queue, Router};
use crate::slab::Slot;
use crate::waiting_time::{newcomers_wait, percent};
use crate::{Method, Targets, WaitingTime};

/// What a queue and a line have to do with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// Entries of the queue wait in the line.
    Served,
    /// Entries that are only listed in the queue wait in the line, and none of its own.
    Listed,
    /// Nobody waits in the queue, and the line served it in the past.
    Past,
}

/// Queues by what serves them; the numbers are those of the queues.
#[derive(Debug, Default)]
struct Service<'a> {
    by_line: BTreeMap<Slot, Vec<(usize, Role)>>,
    /// Targets of the past whose line is not open.
    closed: BTreeMap<&'a str, Vec<usize>>,
}

/// Agents together.
#[derive(Clone, Copy, Debug, Default)]
struct Team {
    agents: usize,
    measured: usize,
    /// Sum of the measured handling times, seconds.
    handling: f64,
    /// Calls per second.
    rate: f64,
}

impl Team {
    /// Adds agents who give this share of their time.
    fn add(&mut self, other: &Self, share: f64) {
        self.agents += other.agents;
        self.measured += other.measured;
        self.handling += other.handling;
        self.rate += other.rate * share;
    }
}

impl Router {
    /// How long newcomers to these queues will wait; `None` asks for all queues that have been used. The same as
    /// [`Router::expected_wait`] of each.
    #[must_use]
    pub fn expected_waits(
        &self,
        names: Option<Vec<QueueName>>,
        method: Method,
        now: Timestamp,
    ) -> BTreeMap<QueueName, Option<WaitingTime>> {
        // Each once, however often a query names it.
        let names: BTreeSet<QueueName> = match names {
            Some(names) => names.into_iter().collect(),
            None => self.queues.keys().cloned().collect(),
        };
        let alone = |name: &QueueName| self.expected_wait(name, None, method, now).map(|(time, _)| time);
        if method == Method::Urs || names.len() == 1 {
            return names.into_iter().map(|name| (name.clone(), alone(&name))).collect();
        }
        let teams = self.teams();
        let mut waits = BTreeMap::new();
        for name in names {
            let wait = match (self.queue_groups.contains_key(&name), self.queues.get(&name)) {
                (true, _) => alone(&name),
                (false, None) => None,
                (false, Some(queue)) => {
                    let team = teams.get(&name).copied().unwrap_or_default();
                    self.wait_with(queue, &team, method, now)
                }
            };
            waits.insert(name, wait);
        }
        waits
    }

    fn wait_with(&self, queue: &Queue, team: &Team, method: Method, now: Timestamp) -> Option<WaitingTime> {
        let calls = queue.order.len();
        // A queue in which nothing ever happened gives no answer, whatever its agents could do.
        queue.statistics.basis(calls, now)?;
        let (aqt, ahead) = match method {
            Method::Stat if team.agents == 0 => return None,
            Method::Stat => {
                let handling = match team.measured {
                    0 => self.handling.value()?,
                    measured => team.handling / measured as f64,
                };
                (handling / team.agents as f64, calls)
            }
            Method::Urs | Method::Urs2 if team.rate > 0.0 => (1.0 / team.rate, calls + 1),
            Method::Urs | Method::Urs2 => return None,
        };
        let (routed, all) = queue.statistics.departures();
        Some(newcomers_wait(calls, percent(routed, all), aqt, ahead, now))
    }

    fn service<'a>(&'a self, queues: &[(&'a QueueName, &'a Queue)]) -> Service<'a> {
        let mut service = Service::default();
        for (number, (_, queue)) in queues.iter().enumerate() {
            let now = [(&queue.lines, Role::Served), (&queue.pegged, Role::Listed)];
            if let Some((lines, role)) = now.into_iter().find(|(lines, _)| !lines.is_empty()) {
                for line in lines.keys() {
                    service.by_line.entry(*line).or_default().push((number, role));
                }
                continue;
            }
            for target in &queue.statistics.averages().served_by {
                match self.lines.find(target) {
                    Some(line) => service.by_line.entry(line).or_default().push((number, Role::Past)),
                    None => service.closed.entry(target).or_default().push(number),
                }
            }
        }
        service
    }

    /// The agents of each queue, with the share of their time that it gets.
    fn teams(&self) -> BTreeMap<&QueueName, Team> {
        let queues: Vec<_> = self.queues.iter().collect();
        let service = self.service(&queues);
        let read =
            |(text, numbers): (&&str, &Vec<usize>)| Some((Targets::parse(text).ok()?, numbers.clone()));
        let closed: Vec<(Targets, Vec<usize>)> = service.closed.iter().filter_map(read).collect();
        // Agents who serve the same, together.
        let mut alike: BTreeMap<(Vec<Slot>, Vec<usize>), Team> = BTreeMap::new();
        for (_, agent) in self.agents.iter().filter(|(_, agent)| takes_calls(agent)) {
            let lines = agent.lines.iter().filter(|line| service.by_line.contains_key(line)).copied();
            let past = closed.iter().enumerate().filter(|(_, (targets, _))| targets.may_include(agent));
            let own = agent.record.handling.value();
            let team = alike.entry((lines.collect(), past.map(|(number, _)| number).collect())).or_default();
            let rate = own.or(self.handling.value()).filter(|handling| *handling > 0.0);
            let alone = Team {
                agents: 1,
                measured: usize::from(own.is_some()),
                handling: own.unwrap_or(0.0),
                rate: rate.map_or(0.0, |handling| 1.0 / handling),
            };
            team.add(&alone, 1.0);
        }
        let mut teams = vec![Team::default(); queues.len()];
        for ((lines, past), team) in alike {
            let mut roles: BTreeMap<usize, Role> = BTreeMap::new();
            roles.extend(lines.iter().filter_map(|line| service.by_line.get(line)).flatten().copied());
            let of_closed = past.iter().filter_map(|number| closed.get(*number));
            roles.extend(of_closed.flat_map(|(_, numbers)| numbers).map(|number| (*number, Role::Past)));
            let served = roles.values().filter(|role| **role == Role::Served).count();
            for (number, role) in roles {
                // An empty queue that is asked about counts beside those that are served now.
                let among = if role == Role::Past { served + 1 } else { served.max(1) };
                if let Some(of_queue) = teams.get_mut(number) {
                    of_queue.add(&team, 1.0 / among as f64);
                }
            }
        }
        queues.into_iter().map(|(name, _)| name).zip(teams).collect()
    }
}

#[cfg(test)]
mod tests {
    use vocabulary::{QueueName, Timestamp};

    use crate::router::Router;
    use crate::router::tests::{at, entry, profile, ready, status};
    use crate::{AgentStatus, Command, Entry, Method, Options};

    const GROUPS: [&str; 3] = ["G0", "G1", "G2"];

    /// Teams that overlap, measured, with queues that are served, listed in, empty, and never used.
    fn router() -> Router {
        let mut router = Router::new(Options::default());
        let agents = (0..12).map(|n| {
            let groups: Vec<&str> =
                GROUPS.iter().enumerate().filter(|(g, _)| n % (g + 2) == 0).map(|(_, name)| *name).collect();
            profile(&format!("a{n}"), &groups, &[])
        });
        router.step(Command::ConfigureAgents(agents.collect()), at(0));
        for n in 0..12 {
            let agent = format!("a{n}");
            router.step(ready(&agent), at(1));
            if n % 3 > 0 {
                router.step(status(&agent, AgentStatus::Busy), at(10));
                router.step(ready(&agent), at(70 + i64::from(n)));
            }
            router.step(status(&agent, AgentStatus::Busy), at(500));
        }
        for n in 0..20_usize {
            let waits = Entry {
                queue: format!("Q{}", n % 5).as_str().into(),
                pegs: if n % 4 == 0 { vec!["Shared".into()] } else { Vec::new() },
                waiting_since: at(600),
                entered: at(600),
                ..entry(&format!("x{n}"), &format!("{}@.GA", GROUPS[n % 3]))
            };
            router.step(Command::Submit(waits), at(600));
        }
        // Two queues that are empty now: one whose line is open, and one after a restart.
        let past = Entry { queue: "Past".into(), ..entry("past", "G1@.GA") };
        router.step(Command::Submit(past), at(600));
        router.step(Command::Cancel { id: "past".to_owned() }, at(610));
        router.restore_averages(serde_json::from_str(
            r#"{"queues":{"Before":{"distribution_times_ms":[8000],"departures":[true],"last_distribution":24000,
                "served_by":["G0@.GA,G2@.GA","G2@.GA"]},
                "Past":{"distribution_times_ms":[5000],"departures":[false],"last_distribution":24000,
                "served_by":["G1@.GA"]}}}"#,
        ).unwrap());
        router
    }

    fn check(router: &Router, method: Method, now: Timestamp) {
        let names = ["Q0", "Q1", "Q2", "Q3", "Q4", "Shared", "Past", "Before", "All.GQ", "unknown"];
        let names: Vec<QueueName> = names.into_iter().map(QueueName::new).collect();
        let together = router.expected_waits(Some(names.clone()), method, now);
        for name in &names {
            let alone = router.expected_wait(name, None, method, now).map(|(time, _)| time);
            let (Some(alone), Some(time)) = (&alone, &together[name]) else {
                assert_eq!(alone, together[name], "{method:?} of {name}");
                assert_eq!(name.as_str(), "unknown", "{method:?}");
                continue;
            };
            assert!((alone.ewt - time.ewt).abs() < 1e-6, "{method:?} of {name}: {alone:?} {time:?}");
            assert!((alone.aqt - time.aqt).abs() < 1e-6, "{method:?} of {name}");
            assert_eq!((alone.calls, alone.pos, alone.hit), (time.calls, time.pos, time.hit), "{name}");
        }
    }

    #[test]
    fn waits_of_all_queues_are_those_of_each() {
        let mut router = router();
        let groups = [("All.GQ".into(), vec!["Q0".into(), "Q1".into()])].into_iter().collect();
        router.step(Command::ConfigureQueueGroups(groups), at(611));
        for method in [Method::Urs, Method::Urs2, Method::Stat] {
            check(&router, method, at(700));
        }
        let all = router.expected_waits(None, Method::Urs2, at(700));
        assert_eq!(all.len(), 8, "those that were used");
    }
}
