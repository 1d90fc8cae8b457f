//! General options and those of scheduled calls (options.md §3, §4).

use super::{DefaultValue, OptionDefinition, OptionKind, flag, of, row, seconds, text, text_or, word};

pub(super) const GENERAL: &[OptionDefinition] = &[
    row("_type", OptionKind::OpenEnumeration(&["ors", "builtin"]), DefaultValue::Text("ors"))
        .mandatory()
        .guard()
        .says("options §3 G", "Who executes the service: a chart (`ors`) or the server itself (`builtin`)."),
    text_or("_service", "callback").mandatory().guard().says(
        "options §3 G, D; D-113",
        "Kind of a built-in service, name of a shipped chart, or a chart of one's own.",
    ),
    row("_media_type", OptionKind::OpenEnumeration(&["voice", "chat"]), DefaultValue::Text("voice"))
        .mandatory()
        .both()
        .only("voice")
        .says("options §3 G", "Medium; another value ends the callback as FAIL_INCORRECT_CONFIG_MEDIA_TYPE."),
    word("_call_direction", &["USERTERMINATED", "USERORIGINATED"], "USERORIGINATED").both().says(
        "options §3 G, D",
        "Who places the call: the contact centre (terminated) or the customer (originated).",
    ),
    flag("_wait_for_agent", true).mandatory().both().says(
        "options §3 G, D",
        "Whether the customer is called only when an agent is, or is about to be, free.",
    ),
    flag("_wait_for_user_confirm", false)
        .both()
        .says("options §3 G", "Whether a push message must be confirmed before the call."),
    seconds("_user_confirm_timeout", 30)
        .mandatory()
        .says("options §3 G, D", "How long to wait for each confirmation."),
    seconds("_ttl", 86_400)
        .mandatory()
        .both()
        .says("options §3 G", "How long the record is kept after its desired time."),
    text("_customer_number")
        .both()
        .says("options §3 G", "Number to call, or to match an incoming call against."),
    text("_business_hours_service")
        .guard()
        .not_yet()
        .says("options §3 G, D", "Office-hours service against which the desired time is tested."),
    text("_capacity_service")
        .guard()
        .not_yet()
        .says("options §3 G", "Capacity service that limits the bookings of each slot."),
    text("_exceptions")
        .guard()
        .says("options §3 G; D-033", "Pattern group of numbers to refuse, tested on the normalised number."),
    of("_max_transfer_to_agent_attempts", OptionKind::Integer { min: 1, max: 1000 })
        .defaulting_to(5)
        .says("options §3 G", "How many times to try to hand the connected call to an agent."),
    seconds("_agent_transfer_confirm_timeout", 0).mandatory().says(
        "options §3 G, D",
        "Longest wait for evidence of the transfer; then it is presumed done. 0: no limit.",
    ),
    flag("_ixn_redirect_confirm", true)
        .says("options §3 G; D-054", "Whether to wait for evidence that the agent answered."),
    of("_ixn_redirect_hints", OptionKind::Json)
        .guard()
        .says("options §3 G, D", "Hints of the redirect to the agent."),
    seconds("_max_time_to_wait_for_agent_on_the_call", 3600)
        .says("options §3 G, D", "Longest time a connected customer waits for an agent."),
    flag("_follow_call", true)
        .says("options §3 I; D-016", "Whether the session stays with the delivered call until it ends."),
    seconds("_follow_call_limit", 14_400)
        .says("options §3 I; D-016", "Longest time the session follows a delivered call."),
    word("_attach_udata", &["separate_keys", "single_json", "gms_storage_id"], "separate_keys")
        .says("options §3 D, G; D-124", "How the request's user data is attached to the calls."),
    text_or("_paused_services_list", "GMS_Paused_Services")
        .both()
        .says("options §3 G; D-059", "List whose section `services` says what is paused."),
    text("_paused_services_id")
        .both()
        .says("options §3 G, D; D-059", "Further key looked up in the pause list."),
    word("_enable_status_notification", &["false", "subscribe_notify", "notify"], "false")
        .both()
        .says("options §3 G, D", "Whether status events are sent."),
    of("_status_notification_type", OptionKind::Enumeration(&["httpcb", "orscb"]))
        .both()
        .only("httpcb")
        .says("options §3 G, D", "Channel of status events: POST to a URL, or an event into a session."),
    text("_status_notification_target")
        .both()
        .says("options §3 G, D", "URL or session id that status events go to."),
    text("_status_notification_provider")
        .both()
        .not_yet()
        .says("options §3 G", "Push provider; empty selects the default one."),
    word("_notification_envelope", &["flat", "message"], "flat").says(
        "options §3 I; D-018",
        "Body of a status notification: the event itself, or the event in an envelope.",
    ),
    text("_callback_events_list")
        .guard()
        .not_yet()
        .says("options §3 G", "List that chooses the events to send and their parameters."),
    flag("_enable_notification_reminder", false)
        .only("false")
        .says("options §3 G, D", "Whether a reminder event is sent ahead of the dial."),
    seconds("_notification_reminder_buffer", 300)
        .not_yet()
        .says("options §3 G", "How far ahead the reminder is sent."),
];

pub(super) const SCHEDULED: &[OptionDefinition] = &[
    of("_desired_time", OptionKind::Time)
        .request()
        .says("options §4 G; D-025", "Wanted time of the call; now if not given."),
    seconds("_request_execution_time_buffer", 120)
        .guard()
        .says("options §4 G; D-054, D-011", "Safety margin of the decision between immediate and scheduled."),
    seconds("_desired_connect_time_threshold", 180)
        .says("options §4 D", "A session waits while the desired time is further away than this."),
    text("_request_ewt_service")
        .both()
        .says("options §4 G", "First source of the waiting time: an `urs-stat` service."),
    of("_request_queue_time_stat", OptionKind::Statistic)
        .both()
        .says("options §4 G", "Second source of the waiting time: `ExpectedWaitTime` of a queue."),
    row("_request_time_bucket", OptionKind::Minutes(&[5, 10, 15, 20, 30, 60, 120]), DefaultValue::Integer(5))
        .guard()
        .not_yet()
        .says("options §4 D, G", "Length of a booking slot."),
    of("_max_request_by_time_bucket", OptionKind::Integer { min: 1, max: super::COUNT_MAX })
        .defaulting_to(100)
        .guard()
        .not_yet()
        .says("options §4 G, D", "Most scheduled callbacks of a slot, without a capacity service."),
    row("_reject_future_desired_time", OptionKind::Horizon, DefaultValue::Text("1M"))
        .guard()
        .says("options §4 D, G; D-011", "Furthest bookable time."),
];
