//! Options of the call itself: user terminated, user originated, treatments, notification, chat (options.md §6–§9, §11).

use super::{
    DefaultValue, OptionDefinition, OptionKind, count, flag, integer, list, milliseconds, of, row, seconds,
    text, text_or, word,
};

pub(super) const USER_TERMINATED: &[OptionDefinition] = &[
    word("_userterminated_first_connect_party", &["CUSTOMER", "AGENT"], "CUSTOMER")
        .mandatory()
        .both()
        .only("CUSTOMER")
        .says("options §6 G", "Which leg is built first."),
    text("_route_point").guard().says("options §6 G", "Origin of outbound calls, `<dn>@<switch>`."),
    text("_prefix_dial_out").guard().says(
        "options §6 G; D-117",
        "Put in front of the number when dialling; the number then goes without `+`.",
    ),
    flag("_cpd_enable", true).mandatory().says(
        "options §6 G; D-054",
        "Call progress detection; the default is false in preview and agent first.",
    ),
    milliseconds("_call_timeguard_timeout", 12_000).says(
        "options §6 G; D-054",
        "Longest wait for a detection result; on expiry the answer counts as human.",
    ),
    of("_ixn_createcall_timeout", OptionKind::Seconds { min: 1, max: 600 })
        .defaulting_to(32)
        .says("options §6 G", "Ringing time of a dial."),
    of("_ixn_createcall_hints", OptionKind::Json).guard().says("options §6 D", "Hints of the outbound call."),
    milliseconds("_ixn_update_data_time_to_wait", 0)
        .not_yet()
        .says("options §6 D", "Wait for updates of attached data; our engine needs none."),
    count("_max_dial_attempts", 1, 3).says("options §6 G; D-054", "Number of dial attempts."),
    seconds("_dial_retry_timeout", 300)
        .says("options §6 G; D-054", "Pause between a failed attempt and the next."),
    count("_max_successful_customer_contacts", 1, 3).not_yet().says(
        "options §6 D; D-024",
        "How often the customer may be reached before a further retry is refused.",
    ),
    word("_on_user_confirm_timeout", &["CONNECT-ANYWAY", "CANCEL"], "CONNECT-ANYWAY")
        .says("options §6 G", "Without confirmation: call all the same, or end as FAIL_USER_NO_CONFIRM."),
    text("_vq_for_outbound_calls").says("options §6 G", "Reporting queue of the real outbound call."),
    text("_calling_party_number")
        .guard()
        .not_yet()
        .says("options §6 D", "Caller number shown to the customer."),
    text("_calling_party_display_name")
        .guard()
        .not_yet()
        .says("options §6 D", "Caller name shown to the customer."),
    flag("_agent_preview", false)
        .only("false")
        .says("options §6 G", "Whether the reserved agent sees the callback before it is dialled."),
    seconds("_agent_preview_timeout", 30)
        .not_yet()
        .says("options §6 G; D-020", "Time an agent has to answer the invitation."),
    of("_agent_preview_allow_reject", OptionKind::CountOrFalse { max: 1000 })
        .defaulting_to(0)
        .not_yet()
        .says("options §6 G; D-020", "Number of rejections by agents that a callback tolerates."),
    list("_agent_preview_data")
        .both()
        .not_yet()
        .says("options §6 G", "Values shown to the agent under keys 1, 2, …"),
    list("_attach_adata")
        .not_yet()
        .says("options §6 G; D-124", "Keys of the callback added to the invitation's `user-data`."),
    flag("_agent_preview_via_rp", false)
        .only("false")
        .says("options §6 G", "After acceptance dial through the route point."),
    flag("_agent_first_via_rp", false)
        .mandatory()
        .only("false")
        .says("options §6 G, D", "Agent first: dial from the route point."),
    flag("_agent_first_via_tg", false)
        .only("false")
        .says("options §6 G, D", "Agent first: dial from the trunk group."),
    text("_trunk_group").guard().not_yet().says("options §6 G", "Trunk group of `_agent_first_via_tg`."),
    flag("_agent_preview_timeout_set_notready", false)
        .only("false")
        .says("options §6 G", "Whether an agent who let the invitation expire becomes not ready."),
    text("_agent_preview_set_notready_reason").not_yet().says("options §6 G", "Reason of that."),
    text_or("_agent_preview_set_notready_reason_key", "ReasonCode")
        .not_yet()
        .says("options §6 G", "Extension key that carries the reason."),
    flag("_agent_preview_set_notready_reason_attribute", false)
        .not_yet()
        .says("options §6 G", "Whether the reason is sent as an attribute."),
    seconds("_agent_reject_retry_timeout", 0)
        .says("options §6 D; D-054", "Delay before looking for another agent after a rejection."),
    integer("_preview_userevent_mediatype")
        .defaulting_to(0)
        .not_yet()
        .says("options §6 G", "Media type of the invitation event."),
    flag("_enable_disposition_dialog", false)
        .only("false")
        .says("options §6 G", "Whether the agent is asked for an outcome after the call."),
    seconds("_agent_disposition_timeout", 45).not_yet().says("options §6 G", "Time to answer that."),
    integer("_disposition_userevent_mediatype")
        .defaulting_to(0)
        .not_yet()
        .says("options §6 G", "Media type of the disposition event."),
    of("_plugin_on_dial_url", OptionKind::Text)
        .guard()
        .says("options §6 G; D-122", "Chart or HTTP endpoint invoked after each dial; unset disables it."),
    of("_plugin_on_dial_kind", OptionKind::Enumeration(&["scxml", "http"]))
        .guard()
        .says("D-122", "What the plugin is; unset: a chart if its path ends in `.scxml`, else HTTP."),
    seconds("_plugin_on_dial_timeout", 120)
        .says("options §6 G; D-054", "How long to wait for the plugin's reply."),
    flag("_plugin_on_dial_invoke_on_call_failed", true)
        .says("options §6 G", "Whether the plugin is invoked also when no human answered."),
    flag("_plugin_on_dial_associate_ixn", true)
        .says("options §6 G", "Whether the plugin is given control of the call."),
];

pub(super) const USER_ORIGINATED: &[OptionDefinition] = &[
    text("_resource_group").both().says("options §7 G", "Pool of access numbers."),
    flag("_provide_code", false)
        .mandatory()
        .both()
        .says("options §7 G", "Whether a code is handed out with the access number."),
    row("_booking_expiration_timeout", OptionKind::Seconds { min: 5, max: 1800 }, DefaultValue::Integer(30))
        .mandatory()
        .both()
        .says("options §7 G, D", "Reservation time of the access number."),
    count("_userorig_connect_limit", 1, 3).says("options §7 D", "How often the customer may ask to connect."),
];

pub(super) const TREATMENT: &[OptionDefinition] = &[
    of("_treatment_customer_connect", OptionKind::Treatment)
        .says("options §8 G", "Played when a human answered; unset plays nothing."),
    of("_treatment_waiting_for_agent", OptionKind::Treatment)
        .says("options §8 G", "Played while the connected customer waits; unset is the bundled audio."),
    of("_treatment_find_agent_fail", OptionKind::Treatment)
        .says("options §8 G", "Played when the wait for an agent ran out; unset is the bundled audio."),
    of("_treatment_call_failure_answering_machine", OptionKind::Treatment)
        .says("options §8 G; D-021", "Played to a machine; unset is the bundled audio, `{}` plays nothing."),
    text("_on_customer_connect_treatment_url")
        .guard()
        .not_yet()
        .says("options §8 G", "VoiceXML application for human answers."),
];

pub(super) const NOTIFICATION: &[OptionDefinition] = &[
    count("_max_number_of_user_availability_confirmation_attempts", 1, 3)
        .says("options §9 G, D", "How many \"agent available\" messages are sent."),
    count("_notification_delivery_attempts", 1, 3)
        .guard()
        .says("options §9 I; D-017", "Tries to deliver one message."),
    text("_notification_message_file").guard().not_yet().says("options §9 G", "Texts of customer messages."),
    flag("_use_debug_push_certificate", false)
        .guard()
        .not_yet()
        .says("options §9 G", "Whether the provider's debug certificate is used."),
    text("_device_notification_id").request().says("options §9 G", "Device to push to."),
    text("_device_os").request().says("options §9 G", "Push channel of the device."),
    text("_status_notification_language")
        .both()
        .not_yet()
        .says("options §9 G, D", "Language of status messages."),
    flag("_status_notification_debug", false)
        .both()
        .only("false")
        .says("options §9 G, D", "Debug mode of status notification."),
];

pub(super) const CHAT: &[OptionDefinition] = &[
    text("_chat_endpoint").not_yet().says("options §11 D", "Chat endpoint of the service."),
    seconds("_client_timeout_notification", 90)
        .not_yet()
        .says("options §11 D", "Delay before the first push to a client that is offline."),
    text("_client_timeout_notification_message").not_yet().says("options §11 D", "Text of that push."),
    text("_agent_timeout_notification_message")
        .not_yet()
        .says("options §11 D", "Text shown to the agent while the customer is offline."),
    list("_filtering_chat_events").not_yet().says("options §11 D", "Chat events that are not pushed."),
    flag("_chat_400_response_on_disconnected", false)
        .not_yet()
        .says("options §11 D", "Whether refreshing a chat that the agent has left answers 400."),
];
