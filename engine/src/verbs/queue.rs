//! `queue:`, the virtual queues.

use statecharts::AttributeKind::{Boolean, Expression, Integer, Token};
use statecharts::{Attribute, Element, Module};

use super::dialog::RUN_TREATMENTS;
use super::{ANY, FAILURE, REQUEST, REQUEST_ID, answer, attribute, element, required};

pub(super) const MODULE: Module = Module {
    namespace: super::QUEUE,
    prefix: "queue",
    about: "places in virtual queues, and agents for them (ors: 7)",
    elements: &[SUBMIT, UPDATE, CANCEL, QUERY, RESERVE, RELEASE],
};

const HINTS: Attribute = attribute(
    "hints",
    Expression,
    "object: `routable` (false keeps the place without being given an agent), `age` epoch seconds of the start of waiting (default that of the call, attached `RouterData70` as `t=\"SECONDS MS\"`, else now), `entered` epoch seconds of the first entry when a place is taken anew (a list of targets goes on from there), `increment` and `interval` (growth of the priority), `exclude` list of agent ids, `reserve` seconds that the agent is kept, `notify` (announces the time to dial; changed to false: it is not dialled after all, and the next may be), `peg` list of further queues in which the place is counted, `attempts` agents to whom routing may fail (default 5)",
);

const TARGETS: &[Element] = &[TARGET_LIST, RUN_TREATMENTS];

const TARGET_LIST: Element = Element {
    name: "targets",
    about: "whom the queue looks for",
    unsupported: None,
    attributes: &[
        attribute("type", ANY, "default of the targets inside"),
        attribute("statserver", Expression, "default of the targets inside"),
    ],
    children: &[
        element(
            "targetid",
            "targets as text: `{threshold}[weight]name@server.type` or `?:skills@server.GA`, separated by commas (ors: 7.1)",
            &[required(
                "expr",
                Expression,
                "the text, or a JSON list of up to 15 that are tried one after the other: texts, or objects with `target`, `timeout` seconds, `clear`, `stat_to_check`, `stat_operator`, `stat_value`",
            )],
            &[],
        ),
        element(
            "target",
            "one target in parts",
            &[
                required("name", Expression, "name, or the skill expression when the type is `skill`"),
                attribute(
                    "type",
                    ANY,
                    "`agent`, `place`, `agentgroup` (default), `placegroup`, `campaigngroup`, `queue`, `routepoint`, `dn`, `skill`",
                ),
                attribute("statserver", Expression, "server part; not looked at"),
                attribute("weight", Expression, "weight in brackets"),
                attribute("threshold", Expression, "condition such as `'StatAgentsAvailable>0'`"),
            ],
            &[],
        ),
    ],
    answers: &[],
};

const SUBMIT: Element = Element {
    name: "submit",
    about: "enters a virtual queue and waits for an agent (ors: 7.1). The place keeps its age over a restart",
    unsupported: None,
    attributes: &[
        REQUEST_ID,
        attribute("queue", Expression, "alias of the virtual queue, default `none`"),
        attribute(
            "priority",
            Expression,
            "integer, higher first; default that of the call (attached `GMS_URS_PRIORITY`), else 0",
        ),
        attribute("timeout", Integer, "seconds until an agent must be found; without it for ever"),
        attribute(
            "route",
            Boolean,
            "read and not used: the chart always moves the call itself, as with `false`",
        ),
        HINTS,
        attribute(
            "interactionid",
            Expression,
            "call of the treatments inside, and whose attached data say its place; default the first. A place belongs to the session",
        ),
        attribute(
            "ordertype",
            Token(&["max", "min", "any", "percentage"]),
            "who of several ready agents: `any` (default) the longest ready, `max` and `min` by `orderstat`, `percentage` by the weights of the targets",
        ),
        attribute(
            "orderstat",
            Expression,
            "statistic of an agent for `max` and `min`: `StatTimeInReadyState`, `StatAgentOccupancy`, `StatAgentLoading`, `StatCallsAnswered`, `StatCallsCompleted`",
        ),
        attribute(
            "clearontimeout",
            Boolean,
            "false: when the time is over the targets and the age are kept, and the next submit adds to them; default true (D-089)",
        ),
    ],
    children: TARGETS,
    answers: &[
        answer("queue.submit.requestid", REQUEST, "at once"),
        answer(
            "queue.timetodial",
            &["requestid", "position"],
            "the customer should be dialled now; only with `hints.notify`, not in ORS",
        ),
        answer(
            "queue.submit.done",
            &[
                "requestid",
                "targetselected",
                "targetcomponentselected",
                "targetobjectselected",
                "vqselected",
                "resource",
                "priority",
                "wait",
            ],
            "an agent is reserved; `resource` has `agent`, `agent_id`, `dn`, `id`, `place`, `resource`, `return`, `stat_value`, `switch`, `type`, `vq`",
        ),
        answer(
            "queue.agent.lost",
            &["requestid", "agent", "reason"],
            "the reserved agent cannot be reached any more; submit again with `hints.age` and `hints.exclude`; not in ORS",
        ),
        answer("error.queue.submit", FAILURE, "`timeout`, `invalidtarget`, `invalidqueue`"),
    ],
};

const UPDATE: Element = Element {
    name: "update",
    about: "changes a place in a queue (ors: 7.2)",
    unsupported: None,
    attributes: &[
        required("requestid", Expression, "id of the submit"),
        attribute("priority", Expression, "new priority"),
        attribute("timeout", Integer, "seconds from now"),
        HINTS,
    ],
    children: &[TARGET_LIST],
    answers: &[
        answer("queue.update.done", REQUEST, "`requestid` is the submit's"),
        answer("error.queue.update", FAILURE, "`unknown`: no such place; `invalidtarget`"),
    ],
};

const CANCEL: Element = element(
    "cancel",
    "leaves the queue (ors: 7.2)",
    &[required("requestid", Expression, "id of the submit")],
    &[answer("queue.cancel.done", REQUEST, "`requestid` is the submit's; also when there was no such place")],
);

const QUERY: Element = element(
    "query",
    "asks for the place in the queue (ors: 7.2)",
    &[required("requestid", Expression, "id of the submit")],
    &[
        answer(
            "queue.query.done",
            &[
                "requestid",
                "ewt",
                "position",
                "waiting",
                "wait",
                "priority",
                "agents_logged_in",
                "agents_ready",
                "queue",
                "target",
            ],
            "seconds for `ewt` and `wait`; `requestid` is the query's",
        ),
        answer("error.queue.query", FAILURE, "`unknown`: no such place"),
    ],
);

const RESERVE: Element = element(
    "reserve",
    "keeps a ready agent without a place in a queue, or keeps one longer whom this session has, from now on; not in ORS. At most 16 agents at a time; a session that ends lets all go, and a restart of the node does",
    &[
        REQUEST_ID,
        required("agent", Expression, "id of the agent"),
        attribute("seconds", Expression, "how long from now, more than 0 and at most 3600, default 30"),
        attribute(
            "priority",
            Expression,
            "integer, against others who ask for the same agent at the same time, higher first, default 0",
        ),
    ],
    &[
        answer(
            "queue.reserve.done",
            &["requestid", "agent", "until"],
            "nobody else is given the agent until then, epoch seconds",
        ),
        answer(
            "error.queue.reserve",
            &["requestid", "agent", "error", "description"],
            "`notready`, `taken` (by somebody else), `unknown` (no such agent), `ended` (by a restart), `invalid`, `toomany`: the agent is not kept, also when it was before",
        ),
    ],
);

const RELEASE: Element = element(
    "release",
    "lets a reserved agent go; not in ORS",
    &[
        required("agent", Expression, "id of the agent"),
        attribute(
            "delay",
            Expression,
            "milliseconds that the agent is still kept, default 0 (guide: `_agent_reserve_delay_before_release`)",
        ),
    ],
    &[],
);
