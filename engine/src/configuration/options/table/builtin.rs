//! Options of the built-in services (options.md §18–§21).

use std::sync::LazyLock;

use super::{
    DefaultValue, OptionDefinition, OptionKind, Tables, count, flag, list, of, row, seconds, text, text_or,
};

/// Names of the built-in services.
pub(super) const NAMES: &[&str] =
    &["office-hours", "capacity", "urs-stat", "match-interaction", "request-access", "request-interaction"];

/// The options of a built-in service.
pub(super) fn tables(service: &str) -> Option<&'static Tables> {
    macro_rules! tables {
        ($rows:expr) => {{
            static TABLES: LazyLock<Tables> = LazyLock::new(|| Tables::new(&[COMMON, $rows], &[]));
            Some(&*TABLES)
        }};
    }
    match service {
        "office-hours" => tables!(OFFICE_HOURS),
        "capacity" => tables!(CAPACITY),
        "urs-stat" => tables!(URS_STAT),
        "match-interaction" => tables!(MATCH_INTERACTION),
        "request-access" => tables!(REQUEST_ACCESS),
        "request-interaction" => tables!(REQUEST_INTERACTION),
        _ => None,
    }
}

const COMMON: &[OptionDefinition] = &[
    row("_type", OptionKind::OpenEnumeration(&["ors", "builtin"]), DefaultValue::Text("ors"))
        .mandatory()
        .guard()
        .says("options §3 G", "Who executes the service."),
    text("_service").mandatory().guard().says("options §3 G, D", "Kind of the built-in service."),
    list("_service_groups").guard().not_yet().says("options §13 G", "Virtual groups the service belongs to."),
];

const OFFICE_HOURS: &[OptionDefinition] = &[
    text_or("_timezone", "UTC").guard().not_yet().says("options §18 G", "Zone of every date and time."),
    text("_bh_regular").family().guard().not_yet().says("options §18 G, D", "Weekly hours."),
    text("_bh_add").family().guard().not_yet().says("options §18 G, D", "Extra opening."),
    text("_holiday").family().guard().not_yet().says("options §18 G", "Closed all day."),
    text("_effective_dates").family().guard().not_yet().says("options §18 D", "Closed outside these dates."),
    text("_use_alternative")
        .family()
        .guard()
        .not_yet()
        .says("options §18 D", "Service used in those dates instead."),
    text("_include_rules")
        .family()
        .guard()
        .not_yet()
        .says("options §18 G, D", "Service whose hours are imported."),
    text("_include_schedules")
        .family()
        .guard()
        .not_yet()
        .says("options §18 G", "Service whose schedule is added."),
    seconds("_ttl", 30).not_yet().says("options §18 D", "Storage time of the service's data."),
];

const CAPACITY: &[OptionDefinition] = &[
    text_or("_timezone", "UTC").guard().not_yet().says("options §19 G", "Zone of the hours and dates."),
    text("_capacity").guard().not_yet().says("options §19 G, D", "Days that have a grid; informative."),
    text("_capacity_").family().guard().not_yet().says("options §19 G", "Grid of a weekday or of a date."),
    count("_max_capacity", 0, 1000).guard().not_yet().says("options §19 D", "Largest value of an hour."),
];

const URS_STAT: &[OptionDefinition] = &[
    text("_urs_url").guard().says(
        "options §20 G, D",
        "URLs of router statistics, with commas; without one the router of this node is asked.",
    ),
    text("_urs_stat_url_parameters")
        .guard()
        .says("options §20 D", "Query; parameters of the request are added."),
    seconds("_caching_policy", 5).guard().says("options §20 G, D", "How long a result is reused."),
];

const MATCH_INTERACTION: &[OptionDefinition] = &[
    text("_access_number").request().says("options §21 D", "Number that was dialled."),
    text("_access_code").request().says("options §21 D", "Code given out by `request-access`."),
    text("_phone_number").request().says("options §21 D", "Caller's number."),
    flag("_return_user_data", false)
        .request()
        .says("options §21 D", "Whether the stored user data is returned."),
];

const REQUEST_ACCESS: &[OptionDefinition] = &[
    text("_id").request().says("options §21 D", "Callback that the access data is for."),
    text("_phone_number").request().says("options §21 D", "Number expected to call."),
    text_or("_resource_group", "DNIS")
        .mandatory()
        .both()
        .says("options §21 D", "Pool to take a number from."),
    flag("_provide_code", false).both().says("options §21 D", "Whether a code is returned too."),
    row("_access_code_length", OptionKind::Integer { min: 1, max: 18 }, DefaultValue::Integer(6))
        .both()
        .says("options §21 D; D-022", "Length of that code."),
    BOOKING,
    flag("_return_pool_health", false)
        .guard()
        .only("false")
        .says("options §21 D", "Whether pool metrics are returned."),
];

const REQUEST_INTERACTION: &[OptionDefinition] = &[
    text_or("_resource_group", "DNIS")
        .mandatory()
        .guard()
        .not_yet()
        .says("options §21 D", "Pool to take a number from."),
    flag("_provide_code", false).guard().not_yet().says("options §21 D", "Whether a code is returned too."),
    seconds("_ttl", 30).mandatory().guard().not_yet().says("options §21 D", "Storage time of the data."),
    BOOKING,
    flag("_return_pool_health", false)
        .guard()
        .not_yet()
        .says("options §21 D", "Whether pool metrics are returned."),
];

const BOOKING: OptionDefinition =
    of("_booking_expiration_timeout", OptionKind::Seconds { min: 5, max: 1800 })
        .defaulting_to(30)
        .request_first()
        .says("options §21 D", "Reservation time; the request's value wins.");
