//! Events that arrive unasked, with the fields of their data.

use statecharts::Answer;

use super::answer;

/// What a session may be told without having asked.
pub(crate) const UNASKED: &[Answer] = &[
    answer(
        "interaction.added",
        &["interactionid", "focusdeviceid", "ani", "dnis", "type", "udata"],
        "a call was given to this session (ors: 8.3)",
    ),
    answer(
        "interaction.present",
        &["interactionid", "focusdeviceid", "ani", "dnis", "type", "udata"],
        "it is there to be treated; follows `interaction.added`",
    ),
    answer(
        "interaction.partystatechanged",
        &["interactionid", "partyid", "partystate", "focusdeviceid", "hints"],
        "after a dial `cpdetect`, then `connected` with `hints.callstate`; after a redirect `alerting` and `connected` with the agent's device",
    ),
    answer(
        "interaction.ondivert",
        &[
            "interactionid",
            "divertingdeviceid",
            "divertingpartyid",
            "divertingpartystate",
            "declined",
            "hints",
        ],
        "the agent declined or did not answer, the call is back; `hints` has `callstate` 22, `cause` 7, `ccevent` 13",
    ),
    answer(
        "interaction.deleted",
        &["interactionid", "hints"],
        "the call ended; `hints.releasedby` is `customer`, `agent`, `platform` or `unknown`",
    ),
    answer(
        "interaction.udata.changed",
        &["interactionid", "udata"],
        "data were attached; `udata` has the changed keys, null for one that was taken away",
    ),
    answer(
        "queue.reservation.expired",
        &["requestid", "agent"],
        "the time of a reserved agent ran out unused, or a restart ended it; `requestid` is that of the `queue:submit` or of the first `queue:reserve`; not in ORS",
    ),
    answer(
        "cancel.successful",
        &["sendid"],
        "a `<cancel>` found its event; only for a chart of ORS, see below",
    ),
    answer(
        "error.notallowed",
        &["sendid"],
        "a `<cancel>` found none; followed by `error.cancel.notallowed`; only for a chart of ORS",
    ),
    answer("interaction.notcontrolled", &["interactionid"], "the call was given to another session"),
    answer(
        "gms.start",
        &[],
        "first request of a callback session; its answer is the reply of the start request",
    ),
    answer("callback.cancel", &["reason"], "somebody cancels; the chart must end"),
    answer("callback.expired", &[], "the life time is over; the chart must end within a minute"),
    answer("callback.paused", &["key"], "the callback is paused from now on"),
    answer("callback.resumed", &["key"], "it is not paused any more"),
    answer("session.restored", &[], "the session was restored after a restart of the node"),
];
