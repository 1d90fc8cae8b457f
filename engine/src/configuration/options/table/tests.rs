use std::collections::BTreeSet;

use serde_json::json;

use super::{DefaultValue, Scope, Supported, Tables};
use crate::configuration::options::Reading;
use serde_json::Value;

fn all() -> impl Iterator<Item = &'static Tables> {
    std::iter::once(Tables::callback()).chain(Tables::builtin_names().filter_map(Tables::builtin))
}

#[test]
fn every_default_is_a_value_of_its_kind() {
    for row in all().flat_map(Tables::iter) {
        let written = match row.default {
            DefaultValue::None => continue,
            DefaultValue::Boolean(flag) => Value::from(flag),
            DefaultValue::Integer(number) => Value::from(number),
            DefaultValue::Text(text) => Value::from(text),
        };
        match row.kind.read(&written) {
            Ok(Reading::Value(value)) => assert_eq!(value, row.default_value(), "{}", row.name),
            other => panic!("{}: {written} reads as {other:?}", row.name),
        }
        if let Supported::Only(_) = row.supported {
            assert!(row.is_supported(&row.default_value()), "{}", row.name);
        }
    }
}

#[test]
fn every_row_has_source_and_meaning() {
    for row in all().flat_map(Tables::iter) {
        assert!(row.name.starts_with('_'), "{}", row.name);
        assert!(!row.source.is_empty(), "{}", row.name);
        assert!(row.meaning.ends_with(['.', '…']), "{}: {}", row.name, row.meaning);
    }
}

#[test]
fn a_name_stands_in_the_table_once() {
    use super::{general, limits, request, routing, voice};
    let groups = [
        general::GENERAL,
        general::SCHEDULED,
        routing::QUEUEING,
        voice::USER_TERMINATED,
        voice::USER_ORIGINATED,
        voice::TREATMENT,
        voice::NOTIFICATION,
        voice::CHAT,
        request::REPORTING,
        request::PARAMETERS,
        limits::QUEUE_MANAGEMENT,
        limits::ADVANCED,
    ];
    let mut names = BTreeSet::new();
    for row in groups.iter().flat_map(|group| group.iter()) {
        assert!(names.insert(row.name), "{} stands twice", row.name);
    }
}

#[test]
fn defaults_are_those_of_the_specification() {
    //= options §3–§13; decisions D-054, D-055
    //= type=test
    for (name, default) in [
        ("_request_execution_time_buffer", json!(120)),
        ("_max_dial_attempts", json!(3)),
        ("_dial_retry_timeout", json!(300)),
        ("_call_timeguard_timeout", json!(12_000)),
        ("_cpd_enable", json!(true)),
        ("_plugin_on_dial_timeout", json!(120)),
        ("_ixn_redirect_confirm", json!(true)),
        ("_ixn_createcall_timeout", json!(32)),
        ("_rep_userevent_enable", json!(false)),
        ("_max_ors_submit_attempts", json!(3)),
        ("_agent_reject_retry_timeout", json!(0)),
        ("_ttl", json!(86_400)),
        ("_urs_queued_ttl", json!(14_400)),
        ("_user_confirm_timeout", json!(30)),
        ("_wait_for_agent", json!(true)),
        ("_call_direction", json!("USERORIGINATED")),
        ("_reject_future_desired_time", json!("1M")),
        ("_throttle_request_parameters", json!(["_customer_number"])),
        ("_throttle_callbacks_per_service_2", json!(1000)),
        ("_follow_call_limit", json!(14_400)),
        ("_default_country", Value::Null),
        ("_prefix_dial_out", Value::Null),
    ] {
        let row = Tables::callback().find(name).unwrap();
        assert_eq!(row.default_value(), default, "{name}");
    }
}

#[test]
fn both_spellings_find_one_option() {
    //= options §23; decision D-063
    //= type=test
    let tables = Tables::callback();
    for (alias, name) in [
        ("_rep_useevent_dn", "_rep_userevent_dn"),
        ("_urs_adata_xfer_keys", "_urs_udata_xfer_keys"),
        ("urs_virtual_queue", "_urs_virtual_queue"),
        ("max-queue-wait", "_max_queue_wait"),
    ] {
        assert_eq!(tables.find(alias).map(|row| row.name), Some(name));
    }
}

#[test]
fn families_match_by_their_beginning() {
    let tables = Tables::builtin("office-hours").unwrap();
    assert_eq!(tables.find("_bh_regular12").map(|row| row.name), Some("_bh_regular"));
    assert!(tables.find("_bh_irregular").is_none());
}

#[test]
fn what_restrains_requests_is_out_of_their_reach() {
    for name in [
        "_default_country",
        "_disallow_premium_phone_numbers",
        "_exceptions",
        "_throttle_request_parameters_limit",
        "_enable_in_queue_checking",
        "_prefix_dial_out",
        "_route_point",
        "_plugin_on_dial_url",
        "_overwritable_options",
        "_service",
    ] {
        let row = Tables::callback().find(name).unwrap();
        assert_eq!(row.scope, Scope::Guard, "{name}");
    }
}

#[test]
fn slips_of_the_pen_find_their_option() {
    assert_eq!(Tables::callback().nearest("_max_dail_attempts", []), Some("_max_dial_attempts"));
    assert_eq!(Tables::callback().nearest("_my_colour", ["_my_color"]), Some("_my_color"));
}

/// Texts of the files below a folder that have this ending, without comments.
fn texts(folder: &std::path::Path, ending: &str, into: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // The tables themselves, and tests, act upon nothing.
        let is_reader = !path.ends_with("configuration/options") && !path.ends_with("tests.rs");
        if path.is_dir() && is_reader {
            texts(&path, ending, into);
        } else if is_reader && path.extension().is_some_and(|found| found == ending) {
            let text = std::fs::read_to_string(&path).unwrap();
            let lines = text.lines().take_while(|line| *line != "mod tests {");
            into.extend(
                lines.filter(|line| !line.trim_start().starts_with("//")).flat_map(|line| [line, "\n"]),
            );
        }
    }
}

/// Whether a name stands in a text as a word of its own.
fn mentions(text: &str, name: &str) -> bool {
    let is_part = |one: char| one.is_ascii_alphanumeric() || one == '_';
    text.match_indices(name)
        .any(|(at, _)| !text[..at].ends_with(is_part) && !text[at + name.len()..].starts_with(is_part))
}

#[test]
fn every_option_that_is_supported_has_a_reader() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let (mut code, mut charts) = (String::new(), String::new());
    texts(&root.join("engine/src"), "rs", &mut code);
    texts(&root.join("http-gateway/src"), "rs", &mut code);
    texts(&root.join("statecharts/charts"), "scxml", &mut charts);
    while let Some((before, (_comment, after))) =
        charts.split_once("<!--").and_then(|(before, rest)| Some((before, rest.split_once("-->")?)))
    {
        charts = format!("{before}{after}");
    }
    let unread: BTreeSet<&str> = all()
        .flat_map(Tables::iter)
        .filter(|row| matches!(row.supported, Supported::Now))
        // The charts report them all, by the beginning of their names.
        .filter(|row| !row.name.starts_with("_cb_"))
        .map(|row| row.name)
        .filter(|name| !mentions(&code, name) && !mentions(&charts, name))
        .collect();
    assert!(unread.is_empty(), "nothing reads {unread:?}: read them, or say `not_yet`");
}
