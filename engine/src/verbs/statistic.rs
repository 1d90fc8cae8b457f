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
                    "virtual queue, agent group, agent id, target text such as `?:English>1@.GA`, or `R` for the whole router",
                ),
                required(
                    "statistic",
                    Word,
                    "`StatAgentsAvailable`, `StatAgentsTotal`, `StatAgentsBusy`, `StatAgentsInQueueReady`, `StatAgentsInQueueLogin`, `StatCallsInQueue`, `StatCallsWaiting`, `StatExpectedWaitingTime`",
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
