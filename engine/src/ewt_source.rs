//! Where the estimated waiting time comes from that decides between an immediate and a scheduled callback.
//!
//! The first source that is named decides: an `urs-stat` service (`_request_ewt_service`), a statistic
//! (`_request_queue_time_stat`), a queue of our router (`_urs_ewt_vq`, `_urs_virtual_queue`, `_vq`). One that cannot be
//! asked leaves it to the next. What nobody knows counts as 0 (decision D-014).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use vocabulary::QueueName;

use crate::configuration::{Effective, Service};
use crate::node::Node;
use crate::queueing::AskWaitingTime;
use crate::refusal::Refusal;
use crate::urs_stat;

/// Option that names an `urs-stat` service.
const SERVICE_OPTION: &str = "_request_ewt_service";
/// Option that names a statistic.
const STATISTIC_OPTION: &str = "_request_queue_time_stat";
/// Statistics that are the waiting time of a queue, as the router knows it; there is no other statistics server.
const WAITING_TIMES: &[&str] = &["ExpectedWaitTime", "ExpectedWaitingTime", "StatExpectedWaitingTime"];

/// A statistic of an object: `Statistic;ObjectType;ObjectId;Tenant` (guide: `_request_queue_time_stat`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct QueueTimeStatistic<'a> {
    statistic: &'a str,
    object: &'a str,
}

impl<'a> QueueTimeStatistic<'a> {
    /// Reads the option; `None` when it has another form.
    fn parse(text: &'a str) -> Option<Self> {
        let parts: Vec<&str> = text.split(';').map(str::trim).collect();
        match parts.as_slice() {
            [statistic, kind, object, tenant]
                if [statistic, kind, object, tenant].iter().all(|part| !part.is_empty()) =>
            {
                Some(Self { statistic, object })
            }
            _ => None,
        }
    }

    /// The queue whose waiting time it is, without its switch; `None` for a statistic that nobody here counts.
    fn queue(self) -> Option<&'a str> {
        let is_known = WAITING_TIMES.iter().any(|known| known.eq_ignore_ascii_case(self.statistic));
        self.object.split('@').next().filter(|_queue| is_known)
    }
}

/// Refuses a start whose statistic cannot be read.
///
/// # Errors
/// The guide's 50020.c.
pub(crate) fn check(service: &Service, options: &Effective) -> Result<(), Refusal> {
    match options.text(STATISTIC_OPTION) {
        Some(text) if QueueTimeStatistic::parse(text).is_none() => Err(Refusal::Configuration {
            text: format!("Unable to parse option: {STATISTIC_OPTION}={text}"),
            service: service.name().clone(),
        }),
        _ => Ok(()),
    }
}

/// The estimates of one round over many callbacks: each source is asked once, however many name it.
#[derive(Debug, Default)]
pub(crate) struct Estimates(BTreeMap<[Option<String>; 3], Duration>);

impl Estimates {
    /// Estimated waiting time of a callback with these options.
    pub(crate) async fn waiting_time(&mut self, node: &Arc<Node>, options: &Effective) -> Duration {
        let source = [options.text(SERVICE_OPTION), options.text(STATISTIC_OPTION), own_queue(options)]
            .map(|part| part.map(str::to_owned));
        if let Some(known) = self.0.get(&source) {
            return *known;
        }
        let estimate = waiting_time(node, options).await;
        self.0.insert(source, estimate);
        estimate
    }
}

fn own_queue(options: &Effective) -> Option<&str> {
    ["_urs_ewt_vq", "_urs_virtual_queue", "_vq"].into_iter().find_map(|option| options.text(option))
}

/// Estimated waiting time of a callback with these options.
pub(crate) async fn waiting_time(node: &Arc<Node>, options: &Effective) -> Duration {
    let own = own_queue(options);
    //= guide: _request_ewt_service is the first source of the waiting time
    if let Some(service) = options.text(SERVICE_OPTION) {
        match urs_stat::estimate(node, service, own).await {
            Ok(seconds) => return duration(seconds),
            Err(error) => tracing::warn!(
                ewt_service = service, %error,
                "The waiting time comes from the next source: the service of `_request_ewt_service` gave none."
            ),
        }
    }
    //= guide: _request_queue_time_stat is the second
    let statistic = options.text(STATISTIC_OPTION).and_then(QueueTimeStatistic::parse);
    let of_statistic = statistic.and_then(QueueTimeStatistic::queue);
    if let (Some(unknown), None) = (statistic, of_statistic) {
        tracing::warn!(
            statistic = unknown.statistic,
            known = WAITING_TIMES.join(", "),
            "The waiting time comes from the queue of the service: the statistic of `_request_queue_time_stat` is not counted here."
        );
    }
    let (Some(queue), Some(queues)) = (of_statistic.or(own), node.queues.get()) else {
        return Duration::ZERO;
    };
    let answer = queues.send(AskWaitingTime { queue: QueueName::new(queue) }).await;
    duration(answer.ok().flatten().unwrap_or(0.0))
}

fn duration(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::QueueTimeStatistic;

    #[test]
    fn a_statistic_names_its_queue_without_the_switch() {
        let queue = |text| QueueTimeStatistic::parse(text).unwrap().queue();
        assert_eq!(queue("ExpectedWaitTime;Queue;7700@SIP_Main;Environment"), Some("7700"));
        assert_eq!(queue("expectedwaittime; Queue; VQ_Loans; Environment"), Some("VQ_Loans"));
        assert_eq!(queue("CallsAnswered;Queue;7700@SIP_Main;Environment"), None);
    }

    #[test]
    fn a_statistic_has_four_parts() {
        for text in ["ExpectedWaitTime", "ExpectedWaitTime;Queue;;Environment", "a;b;c;d;e", ";;;"] {
            assert_eq!(QueueTimeStatistic::parse(text), None, "{text}");
        }
    }
}
