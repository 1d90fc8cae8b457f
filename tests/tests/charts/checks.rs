//! Every shipped chart compiles without a warning, and what an integrator changes takes effect.

use std::fs;

use serde_json::json;

use super::platform::{Mode, Platform, charts, compile, compile_shipped};

#[test]
fn every_chart_compiles_without_warnings() {
    for file in ["callback.scxml", "inbound.scxml", "classic_inbound.scxml"] {
        let compiled = compile_shipped(file);
        let warnings: Vec<String> = compiled.warnings.iter().map(ToString::to_string).collect();
        assert!(warnings.is_empty(), "{}", warnings.join("\n"));
    }
}

#[test]
fn a_chart_names_the_parameters_that_it_expects() {
    let chart = compile_shipped("inbound.scxml").chart;
    let names: Vec<&str> = chart.parameters().map(|parameter| parameter.id.as_str()).collect();
    for name in [
        "require_access_code",
        "require_ani",
        "treatment_for_no_match",
        "app_selected_agent_group",
        "app_find_agent_timeout",
    ] {
        assert!(names.contains(&name), "{name} is not in {names:?}");
    }
}

#[test]
fn a_copy_with_another_retry_rule_retries_otherwise() {
    let text = fs::read_to_string(charts().join("callback.scxml")).unwrap();
    let rule = "cond=\"attempt.count &gt;= option('_max_dial_attempts', 3)\"";
    assert!(text.contains(rule));
    // Whoever was busy is not called a second time.
    let copy = text.replace(rule, "cond=\"attempt.state === 6\"");
    let chart = compile("my-callback.scxml", &copy).chart;
    let mut platform = Platform::start_text(chart, Mode::Plain, json!({}), json!({}));
    platform.dial_fails(6).ends(
        "FAIL_CALL_TO_CUSTOMER",
        "COMPLETED.REDIAL_LIMIT_REACHED",
        "REDIAL_LIMIT_REACHED",
    );
}
