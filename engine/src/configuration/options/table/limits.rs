//! Options that restrain requests, and the advanced ones (options.md §12, §13). A request can change none of them.

use super::{
    DefaultValue, OptionDefinition, OptionKind, count, flag, integer, list, of, row, seconds, text, word,
};

pub(super) const QUEUE_MANAGEMENT: &[OptionDefinition] = &[
    of("_default_country", OptionKind::Country)
        .guard()
        .says("options §12 G; D-065", "Country for reading numbers; required while a number check is on."),
    flag("_disallow_impossible_phone_numbers", true)
        .guard()
        .says("options §12 G, D", "Refuse numbers that cannot be read or have an impossible length."),
    flag("_disallow_premium_phone_numbers", true)
        .guard()
        .says("options §12 G, D", "Refuse premium-rate numbers."),
    word("_enable_in_queue_checking", &["true", "false", "strict"], "true")
        .guard()
        .says("options §12 G, D", "Refuse a number with two callbacks queued (`true`), or one (`strict`)."),
    flag("_enable_reject_out_of_office_hours", false)
        .guard()
        .only("false")
        .says("options §12 G, D; D-012", "Refuse immediate requests when the office is closed."),
    count("_max_queued_callbacks_per_service", 0, 1000)
        .guard()
        .says("options §12 D, G", "Most queued callbacks of the service; refuses immediate requests only."),
    count("_throttle_callbacks_per_service_1", 1, 500)
        .guard()
        .says("options §12 D, G; D-055", "Most callbacks accepted within the first interval."),
    seconds("_throttle_ttl_1", 300).guard().says("options §12 D; D-055", "Length of the first interval."),
    count("_throttle_callbacks_per_service_2", 1, 1000)
        .guard()
        .says("options §12 D; D-055", "Most callbacks accepted within the second interval."),
    seconds("_throttle_ttl_2", 3600).guard().says("options §12 D; D-055", "Length of the second interval."),
    row("_throttle_request_parameters", OptionKind::CommaList, DefaultValue::Text("_customer_number"))
        .guard()
        .says("options §12 D; D-055", "Parameters whose values are counted per day."),
    count("_throttle_request_parameters_limit", 1, 6)
        .guard()
        .says("options §12 D, G", "Most immediate requests per value in 24 hours."),
    integer("_throttle_customer_number_limit")
        .guard()
        .says("options §12 D; D-055", "Older form of the limit above, read when that is absent."),
    flag("_enable_throttle_header_parameters", true)
        .guard()
        .not_yet()
        .says("options §12 D", "Whether values of headers are counted too."),
    count("_max_ors_submit_attempts", 1, 3)
        .guard()
        .says("options §12 G; D-054", "Attempts to start the session."),
];

pub(super) const ADVANCED: &[OptionDefinition] = &[
    row("_customer_lookup_keys", OptionKind::CommaList, DefaultValue::Text("_customer_number"))
        .guard()
        .says("options §13 G, D", "Properties a callback can be found by."),
    row("_mandatory_customer_lookup_keys", OptionKind::CommaList, DefaultValue::Text("_customer_number"))
        .mandatory()
        .guard()
        .says("options §13 G, D", "Keys a start request must contain."),
    list("_overwritable_options").guard().says(
        "options §2, §13 G",
        "Options whose request value replaces the configured one: `_ors`, `_target`.",
    ),
    list("_service_groups").guard().not_yet().says("options §13 G", "Virtual groups the service belongs to."),
    of("_service_type", OptionKind::Enumeration(&["callback"]))
        .guard()
        .says("options §13 D; D-113", "Declares a chart of one's own as a callback service."),
    list("_ors")
        .guard()
        .not_yet()
        .says("options §13 G, D", "Orchestration servers of the service; ours runs charts itself."),
    word("_ors_lb_strategy", &["circular", "linear"], "circular")
        .guard()
        .not_yet()
        .says("options §13 D", "Order in which those are used."),
    flag("_fix_plus_on_int_phone_numbers", true)
        .guard()
        .says("options §13 G; D-065", "Whether a number is put into its form with `+`."),
    flag("_legacy_dialog_keys", false)
        .guard()
        .says("options §13 I; D-005", "Whether the dialog of a start reply has the guide's older key names."),
    text("_do_not_call_items")
        .guard()
        .not_yet()
        .says("options §13 G; D-060", "Conditions under which no call may be made."),
    flag("_return_user_data", false).request().says("options §13 D", "See `match-interaction`."),
    flag("_return_pool_health", false)
        .guard()
        .not_yet()
        .says("options §13 D", "Whether pool metrics are returned."),
];
