//! What holds for a request: the guide's precedence, tokens, mandatory options.

use super::{Configuration, Effective, Map, OptionError, Service, Value, json, load, request};

/// A complete service, with `options` above it.
fn service(options: &str) -> Service {
    let text = format!(
        "[service.a]\n_call_direction = 'USERTERMINATED'\n_route_point = '8000@S'\n_urs_virtual_queue = 'VQ'\n{options}\n"
    );
    let text = if options.contains("_target") {
        text
    } else {
        text.replace("_route_point", "_target = 'Support@.GA'\n_route_point")
    };
    load(&text).configuration.service("a").unwrap().clone()
}

/// Options of a request that carries a number.
fn effective(service: &Service, pairs: Value) -> Effective {
    let mut pairs = request(pairs);
    pairs.entry("_customer_number").or_insert_with(|| json!("+12025550123"));
    match service.effective(&pairs) {
        Ok(options) => options,
        Err(problem) => panic!("{problem}"),
    }
}

fn refused(service: &Service, pairs: Value) -> OptionError {
    let mut pairs = request(pairs);
    pairs.entry("_customer_number").or_insert_with(|| json!("+12025550123"));
    service.effective(&pairs).unwrap_err()
}

#[test]
fn the_service_wins_over_the_request_and_the_request_over_the_default() {
    //= guide: precedence
    //= type=test
    let service = service("_ttl = 600\n");
    let options =
        effective(&service, json!({"_ttl": 900, "_wait_for_agent": "false", "_max_dial_attempts": "5"}));
    assert_eq!(options.integer("_ttl"), Some(600));
    assert!(!options.flag("_wait_for_agent"));
    assert_eq!(options.integer("_max_dial_attempts"), Some(5));
    assert_eq!(options.integer("_dial_retry_timeout"), Some(300));
    assert_eq!(options.warnings(), Vec::<String>::new());
}

#[test]
fn a_value_of_the_request_that_does_not_count_need_not_be_readable() {
    let service = service("_ttl = 600\n");
    assert_eq!(effective(&service, json!({"_ttl": "soon"})).integer("_ttl"), Some(600));
    assert_eq!(
        refused(&service, json!({"_max_dial_attempts": "many"})),
        OptionError::Unreadable {
            option: "_max_dial_attempts".to_owned(),
            found: "`many`".to_owned(),
            expected: "a whole number from 1 to 1000000000".to_owned(),
        }
    );
}

#[test]
fn only_what_is_listed_can_be_overwritten() {
    //= guide: _overwritable_options
    //= type=test
    let fixed = service("_target = 'A@.GA'\n");
    assert_eq!(effective(&fixed, json!({"_target": "B@.GA"})).text("_target"), Some("A@.GA"));
    let open = service("_target = 'A@.GA'\n_overwritable_options = '_target'\n");
    assert_eq!(effective(&open, json!({"_target": "B@.GA"})).text("_target"), Some("B@.GA"));
    assert_eq!(effective(&open, json!({})).text("_target"), Some("A@.GA"));
}

#[test]
fn what_restrains_requests_cannot_be_set_by_them() {
    let options = effective(
        &service(""),
        json!({
            "_disallow_premium_phone_numbers": false,
            "_prefix_dial_out": "900",
            "_plugin_on_dial_url": "http://127.0.0.1/",
            "_throttle_request_parameters_limit": 1_000_000,
        }),
    );
    assert!(options.flag("_disallow_premium_phone_numbers"));
    assert_eq!(options.text("_prefix_dial_out"), None);
    assert_eq!(options.text("_plugin_on_dial_url"), None);
    assert_eq!(options.integer("_throttle_request_parameters_limit"), Some(6));
    assert_eq!(options.warnings().len(), 4);
}

#[test]
fn tokens_are_filled_in_every_option() {
    //= guide: tokens
    //= type=test
    let service =
        service("site = '$sat$'\n_target = 'Sales@$sat$.GA'\n_paused_services_id = '$sat$-$sat$'\n");
    let options = effective(&service, json!({"sat": "StatEast"}));
    assert_eq!(options.text("_target"), Some("Sales@StatEast.GA"));
    assert_eq!(options.text("_paused_services_id"), Some("StatEast-StatEast"));
    assert_eq!(options.user_data()["site"], "StatEast");
    assert_eq!(options.user_data()["sat"], "StatEast");
}

#[test]
fn an_unset_token_stays_with_a_warning() {
    //= decision: D-031
    //= type=test
    let service = service("site = '$sat$'\n_target = 'Sales@$sat$.GA'\n");
    let options = effective(&service, json!({}));
    assert_eq!(options.text("_target"), Some("Sales@$sat$.GA"));
    assert_eq!(options.warnings(), ["token `sat` has no value in the request and stays as it is"]);
    assert!(!options.user_data().contains_key("site"));
}

#[test]
fn a_token_in_a_number_is_typed_when_it_is_filled() {
    let service = service("_ttl = '$life$'\n");
    assert_eq!(effective(&service, json!({"life": 77})).integer("_ttl"), Some(77));
    assert!(matches!(
        refused(&service, json!({"life": "long"})),
        OptionError::Unreadable { option, .. } if option == "_ttl"
    ));
    let options = effective(&service, json!({}));
    assert_eq!(options.integer("_ttl"), Some(86_400));
    assert_eq!(options.warnings().len(), 2);
}

#[test]
fn a_token_is_filled_inside_json_without_becoming_structure() {
    let service = service("n = '$n$'\n_ixn_redirect_hints = '{\"extensions\":{\"CPNDigits\":\"$n$\"}}'\n");
    let options = effective(&service, json!({"n": "1\",\"x\":\"2"}));
    assert_eq!(options.value("_ixn_redirect_hints"), &json!({"extensions": {"CPNDigits": "1\",\"x\":\"2"}}));
}

#[test]
fn defaults_of_the_callback_section_stand_below_the_service() {
    let text = "\
[callback]
max_queued_callbacks_per_service = 7
_throttle_ttl_1 = 60
_enable_in_queue_checking = 'strict'
[service.a]
_throttle_ttl_1 = 30
";
    let configuration = load(text).configuration;
    let base = configuration.service("a").unwrap().base_options();
    assert_eq!(base["_max_queued_callbacks_per_service"], 7);
    assert_eq!(base["_throttle_ttl_1"], 30);
    assert_eq!(base["_enable_in_queue_checking"], "strict");
}

#[test]
fn properties_of_the_events_list_stand_below_the_request() {
    //= guide: events list
    //= type=test
    let text = "\
[list.events.properties]
_enable_status_notification = 'notify'
_status_notification_type = 'httpcb'
_status_notification_target = 'http://a.example/list'
[service.a]
_callback_events_list = 'events'
_call_direction = 'USERTERMINATED'
_route_point = '1'
_urs_virtual_queue = 'VQ'
_target = 'A@.GA'
";
    let configuration = load(text).configuration;
    let service = configuration.service("a").unwrap();
    assert_eq!(
        effective(service, json!({})).text("_status_notification_target"),
        Some("http://a.example/list")
    );
    assert_eq!(
        effective(service, json!({"_status_notification_target": "http://a.example/own"}))
            .text("_status_notification_target"),
        Some("http://a.example/own")
    );
}

#[test]
fn every_known_option_is_there_and_what_is_unset_is_null() {
    let service = service("_my_option = 3\n");
    let object = effective(&service, json!({"_member_id": "m"})).to_object();
    for option in super::super::options::Tables::callback().iter() {
        assert!(object.contains_key(option.name), "{}", option.name);
    }
    assert_eq!(object["_prefix_dial_out"], Value::Null);
    assert_eq!(object["_ttl"], 86_400);
    assert_eq!(object["_my_option"], 3);
    assert_eq!(object["_member_id"], "m");
}

#[test]
fn sessions_share_what_the_request_does_not_change() {
    let service = service("");
    let options = effective(&service, json!({"_ttl": 5}));
    assert!(std::sync::Arc::ptr_eq(options.base(), service.base_options()));
    let mut names: Vec<&String> = options.overrides().keys().collect();
    names.sort();
    assert_eq!(names, ["_customer_number", "_ttl"]);
}

#[test]
fn a_session_starts_with_what_it_shares_and_with_what_is_the_requests_own() {
    let service = service("_my_option = 3\n_my_text = 'for $team$'\n_dial_retry_timeout = '$life$'\n");
    let mut withouts = 0;
    for asked in [
        json!({}),
        json!({"life": "5", "_member_id": "m", "_prefix_dial_out": "9"}),
        json!({"life": "300", "team": "red"}),
        json!({"life": "", "team": ""}),
    ] {
        let options = effective(&service, asked);
        let start = options.over(service.shared_options());
        let mut seen: Map<String, Value> = serde_json::from_str(start.value.text()).unwrap();
        assert!(seen.values().all(|value| !value.is_null()));
        assert!(start.own.keys().all(|name| seen.get(name) != start.own.get(name)), "{:?}", start.own);
        for name in &start.without {
            assert!(seen.remove(name).is_some(), "{name}");
        }
        withouts += start.without.len();
        seen.extend(start.own);
        let mut all = options.to_object();
        all.retain(|_, value| !value.is_null());
        assert_eq!(seen, all);
    }
    assert_eq!(withouts, 1, "a request that empties an option does without it");
    assert!(std::sync::Arc::ptr_eq(service.shared_options(), service.shared_options()));
}

#[test]
fn lookup_keys_come_first_and_name_what_is_missing() {
    //= guide: 40010.a
    //= type=test
    let service = service(
        "_customer_lookup_keys = '_customer_number,_member_id,team'\n_mandatory_customer_lookup_keys = '_member_id,team'\n",
    );
    assert_eq!(
        service.effective(&request(json!({"_member_id": " "}))),
        Err(OptionError::LookupKeysMissing { keys: vec!["_member_id".to_owned(), "team".to_owned()] })
    );
    let options = service.effective(&request(json!({"_member_id": "m", "team": "t"}))).unwrap();
    assert_eq!(options.lookup_keys(), ["_customer_number", "_member_id", "team"]);
    assert_eq!(options.property("team"), "t");
}

#[test]
fn mandatory_options_are_missing_or_empty() {
    //= guide: 40010.e, 40010.f
    //= type=test
    let text = |route_point: &str| {
        format!(
            "[service.a]\n_call_direction = 'USERTERMINATED'\n_urs_virtual_queue = 'VQ'\n_target = 'A@.GA'\n{route_point}"
        )
    };
    let option = "_route_point".to_owned();
    let missing = load(&text("")).configuration;
    assert_eq!(
        refused(missing.service("a").unwrap(), json!({})),
        OptionError::Missing { option: option.clone() }
    );
    let empty = load(&text("_route_point = ''\n")).configuration;
    assert_eq!(refused(empty.service("a").unwrap(), json!({})), OptionError::Empty { option });
    assert_eq!(refused(&service("_ttl = ''\n"), json!({})), OptionError::Empty { option: "_ttl".to_owned() });
    assert_eq!(
        refused(&service(""), json!({"_enable_status_notification": "notify"})),
        OptionError::Missing { option: "_status_notification_target".to_owned() }
    );
}

#[test]
fn an_empty_field_of_a_form_is_no_value() {
    let options = effective(&service(""), json!({"_ttl": "", "_urs_vq_priority": ""}));
    assert_eq!(options.integer("_ttl"), Some(86_400));
    assert_eq!(options.integer("_urs_vq_priority"), None);
}

#[test]
fn a_chart_of_ones_own_says_itself_what_it_needs() {
    let configuration =
        load("[service.a]\n_service = 'own.scxml'\n_service_type = 'callback'\n").configuration;
    effective(configuration.service("a").unwrap(), json!({}));
}

#[test]
fn detection_is_off_by_default_where_an_agent_comes_first() {
    //= decision: D-054
    //= type=test
    assert!(effective(&service(""), json!({})).flag("_cpd_enable"));
    assert!(!effective(&service(""), json!({"_agent_preview": true})).flag("_cpd_enable"));
    assert!(
        !effective(&service("_userterminated_first_connect_party = 'AGENT'\n"), json!({}))
            .flag("_cpd_enable")
    );
    assert!(
        effective(&service("_cpd_enable = true\n_agent_preview = true\n"), json!({})).flag("_cpd_enable")
    );
}

#[test]
fn the_older_limit_of_a_number_is_read_where_the_newer_is_absent() {
    //= decision: D-055
    //= type=test
    let older = service("_throttle_customer_number_limit = 9\n");
    assert_eq!(older.base_options()["_throttle_request_parameters_limit"], 9);
    let both = service("_throttle_customer_number_limit = 9\n_throttle_request_parameters_limit = 4\n");
    assert_eq!(both.base_options()["_throttle_request_parameters_limit"], 4);
}

#[test]
fn the_request_wins_for_the_time_of_a_booking() {
    let configuration = load(
        "[service.r]\n_service = 'request-access'\n_booking_expiration_timeout = 60\n_resource_group = 'P'\n",
    )
    .configuration;
    let service = configuration.service("r").unwrap();
    let options = service
        .effective(&request(json!({"_booking_expiration_timeout": 90, "_resource_group": "Q"})))
        .unwrap();
    assert_eq!(options.integer("_booking_expiration_timeout"), Some(90));
    assert_eq!(options.text("_resource_group"), Some("P"));
}

#[test]
fn keys_that_are_no_identifiers_are_refused() {
    for key in ["a.b", "a-b", "_a.b"] {
        assert_eq!(refused(&service(""), json!({key: 1})), OptionError::InvalidKey { key: key.to_owned() });
    }
}

#[test]
fn no_number_of_a_customer_shows_in_debug_form() {
    let options = effective(&service(""), json!({"note": "secret"}));
    let shown = format!("{options:?}");
    assert!(!shown.contains("2025550123") && !shown.contains("secret"), "{shown}");
}

#[test]
fn the_service_of_a_configuration_is_found_by_name() {
    let configuration: Configuration = load("[service.a]\n").configuration;
    assert!(configuration.service("a").is_some() && configuration.service("b").is_none());
}
