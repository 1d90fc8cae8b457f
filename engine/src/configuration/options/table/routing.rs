//! Options of queueing (options.md §5).

use super::{
    DefaultValue, OptionDefinition, OptionKind, flag, integer, list, milliseconds, of, row, seconds, text,
    text_or,
};

pub(super) const QUEUEING: &[OptionDefinition] = &[
    text("_urs_virtual_queue").both().says(
        "options §5 G",
        "Virtual queue in which the callback waits; also a source of the waiting time.",
    ),
    of("_target", OptionKind::Target)
        .both()
        .says("options §5 G; D-064", "What the callback waits for: a target, or up to 15 conditional ones."),
    seconds("_urs_queued_ttl", 14_400)
        .mandatory()
        .both()
        .says("options §5 G, D", "Time allowed for finding a target; then FAIL_TARGET_NOT_FOUND."),
    text_or("_urs_prioritization_strategy", "WaitForTarget")
        .only("WaitForTarget")
        .says("options §5 G", "Routing strategy of the virtual interaction."),
    text_or("_urs_strategy_update_sub_routine", "SetRouteDelay")
        .only("SetRouteDelay")
        .says("options §5 G, D", "Subroutine that makes a held virtual interaction routable."),
    text("_urs_ewt_vq")
        .both()
        .says("options §5 G; D-013", "Queue to ask for the waiting time instead of the service's own."),
    text("_urs_ewt_virtual_queue").both().says(
        "options §5 G; D-013",
        "Queue inside the router in which the waiting calls are counted as well.",
    ),
    text("_vq").request().says("options §5 G", "Last source of the waiting time, and a filter of queries."),
    integer("_urs_vq_priority")
        .both()
        .says("options §5 G", "Priority at the start of waiting; unset is none."),
    integer("_urs_vq_priority_increment")
        .both()
        .says("options §5 G; D-092", "Added to the priority at every interval; unset is no growth."),
    of("_urs_vq_priority_increment_interval", OptionKind::Seconds { min: 1, max: 315_360_000 })
        .both()
        .says("options §5 G; D-092", "Time between increments; unset is no growth."),
    of("_urs_call_interaction_age", OptionKind::EpochSeconds)
        .both()
        .says("options §5 G; D-057", "Moment from which the callback counts as waiting."),
    list("_urs_udata_xfer_keys")
        .not_yet()
        .says("options §5 D, G; D-124", "Keys copied from the routing interaction's data to the callback."),
    text_or("_urs_ewt_estimation_method", "ursdial").says(
        "options §5 D; D-056",
        "`ursdial`: the rate at which agents become free decides when to dial; anything else: `_eta_pos_threshold`.",
    ),
    row("_eta_pos_threshold", OptionKind::Thresholds, DefaultValue::Text("0:10,10:5,20:2,30:1,40:0"))
        .says("options §5 D", "Bands `eta:position` in which it is time to dial, looked at every 5 s."),
    seconds("_max_queue_wait", 0)
        .says("options §5 D", "Call after this much queueing even without an agent; 0: never."),
    seconds("_agent_reserve_timeout", 30)
        .mandatory()
        .says("options §5 D", "How long the selected agent is blocked from other routing."),
    row(
        "_reserve_before_dial",
        OptionKind::Enumeration(&["never", "auto", "always"]),
        DefaultValue::Text("auto"),
    )
    .guard()
    .says(
        "ours",
        "Agent first: an agent is kept before the customer is dialled; `auto`: while too many find nobody.",
    ),
    flag("_abandonment_guard", true)
        .guard()
        .says("ours", "Whether it is counted how many customers who answer find nobody."),
    milliseconds("_agent_reserve_delay_before_release", 0)
        .says("options §5 D", "Delay before the reservation is released."),
    seconds("_cannot_dial_buffer_time", 0)
        .says("options §5 D", "No dial starts later than the queue time minus this; 0: no such limit."),
    milliseconds("_delay_connid_attempt_loop", 100).not_yet().says(
        "options §5 D",
        "Pause between attempts to learn the virtual interaction's id; our engine needs none.",
    ),
];
