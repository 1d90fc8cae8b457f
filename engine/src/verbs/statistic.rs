//! `statistic:`, values of the router.

use statecharts::AttributeKind::{Expression, Integer, Word};
use statecharts::Module;

use super::{FAILURE, REQUEST, REQUEST_ID, answer, attribute, element, required};

pub(super) const MODULE: Module = Module {
    namespace: super::STATISTIC,
    prefix: "statistic",
    about: "values of the router, told from time to time (ors: 9.1); a subscription survives a restart",
    elements: &[
        element(
            "subscribe",
            "subscribes to a statistic; the first value comes at once",
            &[
                REQUEST_ID,
                required(
                    "object",
                    Expression,
                    "virtual queue, agent id or agent group (in this order), target text such as `?:English>1@.GA` or a list of targets, or `R` for the whole router",
                ),
                required(
                    "statistic",
                    Word,
                    "of agents: `StatAgentsAvailable`, `StatAgentsTotal` (`StatLoginAgents`), `StatAgentsBusy`, `RStatAgentsReadyvoice`, `RStatAgentsReady`, `RStatAgentsTotal`; of one agent: `StatAgentLoggedIn`, `StatTimeInReadyState`, `StatAgentOccupancy`, `StatAgentLoading`, `StatCallsAnswered`, `StatCallsCompleted`; of a queue: `StatAgentsInQueueReady`, `StatAgentsInQueueLogin`, `StatCallsInQueue` (`StatCallsWaiting`), `StatCallsAnswered`, `StatCallsCompleted`, `CallsEntered`, `StatExpectedWaitingTime`, `StatLoadBalance`, and those of agents for the agents who serve it",
                ),
                attribute("interval", Integer, "seconds between two values, default 10"),
            ],
            &[
                answer("statistic.subscribe.done", REQUEST, "at once"),
                answer(
                    "statistic.update",
                    &["requestid", "object", "statistic", "value"],
                    "the value, a number",
                ),
                answer(
                    "error.statistic.subscribe",
                    FAILURE,
                    "`Request Invalid`, `Subscription Already Active`",
                ),
            ],
        ),
        element(
            "unsubscribe",
            "ends a subscription",
            &[
                attribute("requestid", Expression, "id of the subscription"),
                attribute("object", Expression, "or its object"),
                attribute("statistic", Word, "and its statistic"),
            ],
            &[
                answer("statistic.unsubscribe.done", REQUEST, "`requestid` is the subscription's"),
                answer(
                    "error.statistic.unsubscribe",
                    FAILURE,
                    "`Request Invalid`: there is no such subscription",
                ),
            ],
        ),
    ],
};

#[cfg(test)]
mod tests {
    use routing::statistics::Statistic;

    #[test]
    fn the_vocabulary_names_every_statistic() {
        let subscribe = super::MODULE.elements.iter().find(|element| element.name == "subscribe").unwrap();
        let about =
            subscribe.attributes.iter().find(|attribute| attribute.name == "statistic").unwrap().about;
        let names = Statistic::ALL.map(Statistic::name);
        for name in names.into_iter().chain(Statistic::ALIASES.map(|(name, _)| name)) {
            assert!(about.contains(&format!("`{name}`")), "{name}");
        }
    }
}
