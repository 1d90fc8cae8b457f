//! What holds for a service before any request: its own values above the defaults.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::effective::has_agent_first;
use super::lists::Lists;
use super::options::{OptionDefinition, Reading};
use super::problem::Problems;
use super::service::Service;

/// Sets [`Service::base_options`]. `section` are the defaults of the `[callback]` section by option name.
pub(super) fn settle(
    service: &mut Service,
    section: &Map<String, Value>,
    lists: &Lists,
    problems: &mut Problems,
) {
    let events = events_properties(service, lists, problems);
    let defaults = |definition: &OptionDefinition| {
        events
            .get(definition.name)
            .or_else(|| section.get(definition.name))
            .cloned()
            .unwrap_or_else(|| definition.default_value())
    };
    let mut base: Map<String, Value> = service
        .tables
        .iter()
        .map(|definition| (definition.name.to_owned(), value(service, definition, &defaults)))
        .collect();
    for (name, setting) in &service.options {
        if !setting.has_tokens && !base.contains_key(name) {
            base.insert(name.clone(), setting.value.clone());
        }
    }
    if service.configured("_cpd_enable").is_none()
        && has_agent_first(|option| base.get(option).cloned().unwrap_or_default())
    {
        base.insert("_cpd_enable".to_owned(), Value::Bool(false));
    }
    read_older_limit(service, section, &mut base);
    service.base = Arc::new(base);
}

fn value(
    service: &Service,
    definition: &OptionDefinition,
    defaults: &impl Fn(&OptionDefinition) -> Value,
) -> Value {
    match service.options.get(definition.name) {
        Some(setting) if setting.has_tokens => defaults(definition),
        Some(setting) if !setting.value.is_null() => setting.value.clone(),
        // Explicitly empty: for a text that is a value, and a mandatory option is then refused as empty.
        Some(_) if definition.kind.is_textual() || definition.mandatory => Value::Null,
        Some(_) | None => defaults(definition),
    }
}

/// Section `properties` of the service's events list: values below those of service and request (guide: events list).
fn events_properties(service: &Service, lists: &Lists, problems: &mut Problems) -> Map<String, Value> {
    let mut read = Map::new();
    let Some(name) = service.configured("_callback_events_list").and_then(Value::as_str) else {
        return read;
    };
    let Some(properties) = lists.section(name, "properties") else {
        return read;
    };
    for (key, written) in properties {
        let Some(definition) = service.tables.find(key) else {
            continue;
        };
        match definition.kind.read(&Value::String(written.clone())) {
            Ok(Reading::Value(value) | Reading::Unusual(value, _)) => {
                read.insert(definition.name.to_owned(), value);
            }
            Ok(Reading::Empty) => {}
            Err(problem) => problems.error(
                service.place(),
                format!(
                    "service `{}`: its events list `{name}` has `{key}` in `properties`: {problem}",
                    service.name()
                ),
            ),
        }
    }
    read
}

/// The limit of one number in its older form, read where the newer one is absent (decision D-055).
fn read_older_limit(service: &Service, section: &Map<String, Value>, base: &mut Map<String, Value>) {
    const NEWER: [&str; 2] = ["_throttle_request_parameters", "_throttle_request_parameters_limit"];
    let has_newer =
        NEWER.iter().any(|option| service.configured(option).is_some() || section.contains_key(*option));
    let older = base.get("_throttle_customer_number_limit").filter(|limit| !limit.is_null()).cloned();
    if let (Some(limit), false) = (older, has_newer) {
        base.insert("_throttle_request_parameters_limit".to_owned(), limit);
    }
}
