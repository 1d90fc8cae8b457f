use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};
use telephony::{AgentBehaviour, Behaviour};
use vocabulary::{AgentId, QueueName, ServiceName};

use super::{
    ChartSource, ClockMode, Configuration, Effective, Loaded, OptionError, Service, ServiceError, ServiceKind,
};

mod precedence;

fn load(text: &str) -> Loaded {
    match Configuration::parse(text, "t.toml") {
        Ok(loaded) => loaded,
        Err(error) => panic!("{error}"),
    }
}

/// The problems of a text that is refused.
fn problems(text: &str) -> Vec<String> {
    match Configuration::parse(text, "t.toml") {
        Ok(_) => panic!("accepted: {text}"),
        Err(error) => error.problems.iter().map(ToString::to_string).collect(),
    }
}

fn warnings(text: &str) -> Vec<String> {
    load(text).warnings.iter().map(ToString::to_string).collect()
}

fn request(pairs: Value) -> Map<String, Value> {
    match pairs {
        Value::Object(pairs) => pairs,
        other => panic!("{other} is no object"),
    }
}

#[test]
fn an_empty_text_gives_the_defaults() {
    let configuration = load("").configuration;
    let server = &configuration.server;
    assert_eq!(server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(server.base_url(), "http://127.0.0.1:8080/genesys");
    assert_eq!(server.clock, ClockMode::Running { speed: 1.0 });
    assert!(server.credentials.complete().is_none());
    assert!(configuration.callback.restore_queue_position);
    assert_eq!(configuration.callback.polling_interval, Duration::from_secs(5));
    assert_eq!(configuration.callback.sweep_interval, Duration::from_secs(60));
    assert!(configuration.services.is_empty());
}

#[test]
fn the_example_loads_without_warnings() {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/ringback.toml"));
    assert_eq!(warnings(text), Vec::<String>::new());
}

#[test]
fn the_demo_loads_without_warnings_and_takes_the_port_of_its_variable() {
    let variables = [("RINGBACK_SERVER__PORT".to_owned(), "8090".to_owned())];
    let loaded = Configuration::demo(variables).unwrap();
    assert_eq!(loaded.warnings, Vec::new());
    let configuration = loaded.configuration;
    assert_eq!(configuration.server.listen.port(), 8090);
    assert_eq!(configuration.agents.len(), 3);
    assert!(configuration.switch.simulated.agent_dns.contains("7001"));
    assert!(configuration.switch.simulated.route_points.contains("8000@SIP_Switch"));
    assert_eq!(configuration.switch.simulated.behaviour_by_digits["0110"], Behaviour::Busy);
    let classic = configuration.service("classic-inbound").unwrap();
    assert_eq!(
        classic.parameters()["app_gms_service_uri"],
        "http://127.0.0.1:8090/genesys/1/service/callback/voice-userterm-immediate"
    );
}

#[test]
fn the_guides_sample_request_is_admitted_by_the_demo() {
    let configuration = Configuration::demo([]).unwrap().configuration;
    for name in ["voice-userterm-immediate", "voice-userterm-delayed", "voice-userterm-scheduled"] {
        let service = configuration.callback_service(name).unwrap();
        let options = service
            .effective(&request(json!({
                "_customer_number": "916504661232",
                "usr_customer_name": "Bob",
                "usr_reason": "billing",
            })))
            .unwrap();
        assert_eq!(options.warnings(), Vec::<String>::new());
        let rules = crate::phone::Rules::of(&configuration, &options);
        let number = crate::phone::check(options.text("_customer_number").unwrap(), &rules).unwrap();
        assert_eq!(number.as_str(), "+916504661232");
        assert_eq!(options.user_data()["usr_customer_name"], "Bob");
    }
}

#[test]
fn all_problems_are_told_with_their_places() {
    let text = "\
[server]
prot = 8090
port = 99999
legacy_authentication_header = 'yes'

[servcie.a]

[service.b]
_ttl = 'long'
_wait_for_agent = 'maybe'
_overwritable_options = '_ttl'
_service = '../secret.scxml'
_service_type = 'callback'
";
    assert_eq!(
        problems(text),
        [
            "t.toml:2:1: [server] has no key `prot`; did you mean `port`?",
            "t.toml:3:8: [server] `port`: `99999` is not a whole number from 0 to 65535",
            "t.toml:4:32: [server] `legacy_authentication_header`: `yes` is not `true` or `false`",
            "t.toml:6:2: there is no section `servcie`; did you mean `service`?",
            "t.toml:9:8: service `b`: `_ttl`: `long` is not a whole number of seconds from 0 to 315360000",
            "t.toml:10:19: service `b`: `_wait_for_agent`: `maybe` is not `true` or `false`",
            "t.toml:11:25: service `b`: `_overwritable_options` may list only `_ors` and `_target`, not `_ttl`",
            "t.toml:12:12: service `b`: `_service` is `../secret.scxml`, which leads out of the charts folder; \
             name a file below it",
        ]
    );
}

#[test]
fn options_that_neither_we_nor_the_chart_know_are_refused_with_the_nearest_name() {
    //= decision: D-114
    //= type=test
    let loaded = load(
        "[service.own]\n_service = 'own.scxml'\n_service_type = 'callback'\n_max_dail_attempts = 4\n_colour = 'red'\n",
    );
    let configuration = loaded.configuration;
    let told = |parameters: &[&str]| -> Vec<String> {
        let problems = configuration.check_chart_parameters("own", parameters);
        problems.iter().map(ToString::to_string).collect()
    };
    assert_eq!(
        told(&["_colour"]),
        [
            "t.toml:4:1: service `own`: `_max_dail_attempts` is neither an option nor a parameter of its chart; did \
             you mean `_max_dial_attempts`?"
        ]
    );
    assert_eq!(told(&["_colours", "_max_dail_attempts"]).len(), 1);
    let service = configuration.service("own").unwrap();
    let unknown: Vec<&str> = service.unknown_options().iter().map(|option| option.name.as_str()).collect();
    assert_eq!(unknown, ["_colour", "_max_dail_attempts"]);
}

#[test]
fn unknown_options_of_built_in_services_are_refused_at_once() {
    assert_eq!(
        problems("[service.m]\n_type = 'builtin'\n_service = 'request-access'\n_resource_grup = 'DNIS'\n"),
        ["t.toml:4:1: service `m`: `_resource_grup` is not an option of it; did you mean `_resource_group`?"]
    );
    assert_eq!(
        problems("[service.m]\n_type = 'builtin'\n_service = 'match-interactoin'\n"),
        ["t.toml:3:12: service `m`: there is no built-in service `match-interactoin`; did you mean \
             `match-interaction`?"]
    );
}

#[test]
fn known_options_that_are_not_supported_yet_give_a_warning() {
    //= decision: D-114
    //= type=test
    assert_eq!(
        warnings(
            "[service.a]\n_business_hours_service = 'hours'\n_agent_preview = true\n_media_type = 'fax'\n"
        ),
        [
            "t.toml:2:27: service `a`: `_business_hours_service` is not supported yet",
            "t.toml:3:18: service `a`: `_agent_preview` is not supported yet with this value; only `false` is",
            "t.toml:4:15: service `a`: `_media_type` is not supported yet with this value; only `voice` is",
        ]
    );
    assert!(warnings("[service.a]\n_agent_preview = 'false'\n_media_type = 'voice'\n").is_empty());
}

#[test]
fn a_service_names_its_chart() {
    //= decision: D-113
    //= type=test
    let chart = |text: &str| load(text).configuration.service("a").unwrap().kind().clone();
    let shipped = |name: &str| ChartSource::Shipped(name.to_owned());
    assert_eq!(chart("[service.a]\n"), ServiceKind::Callback(shipped("callback")));
    assert_eq!(
        chart("[service.a]\n_service = 'sub/own.scxml'\n_service_type = 'callback'\n"),
        ServiceKind::Callback(ChartSource::File("sub/own.scxml".into()))
    );
    assert_eq!(
        chart("[service.a]\n_service = 'https://charts.example/own.scxml'\n_service_type = 'callback'\n"),
        ServiceKind::Callback(ChartSource::Url("https://charts.example/own.scxml".parse().unwrap()))
    );
    assert_eq!(chart("[service.a]\n_service = 'inbound'\n"), ServiceKind::Chart(shipped("inbound")));
    assert_eq!(
        chart("[service.a]\n_service = 'match-interaction'\n"),
        ServiceKind::BuiltIn("match-interaction".to_owned())
    );
    for bad in ["/etc/own.scxml", "a/../../own.scxml", "file:///own.scxml", "ftp://h/own.scxml"] {
        let text = format!("[service.a]\n_service = '{bad}'\n_service_type = 'callback'\n");
        assert_eq!(problems(&text).len(), 1, "{bad}");
    }
}

#[test]
fn a_service_that_takes_no_callbacks_says_why() {
    //= guide: 50020.h to 50020.k
    //= type=test
    let configuration = load(
        "[service.typo]\n_type = 'orz'\n[service.built]\n_type = 'builtin'\n_service = 'request-access'\n\
         [service.chart]\n_service = 'inbound'\n",
    )
    .configuration;
    let told = |name: &str| configuration.callback_service(name).unwrap_err().to_string();
    assert_eq!(told("nosuch"), "Service undefined: nosuch");
    assert_eq!(told("typo"), "Service typo has unknown value for option _type");
    assert_eq!(told("built"), "Service built has option _type != ors");
    assert_eq!(told("chart"), "Service chart has option _service != callback");
    assert_eq!(
        configuration.callback_service("chart").unwrap_err(),
        ServiceError::NotCallback(ServiceName::new("chart"))
    );
}

#[test]
fn variables_override_sections_and_wrong_ones_are_refused() {
    let variables = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let text = "[server]\nport = 1\n[callback]\nqueue-polling-rate = 7\n";
    let loaded = Configuration::parse_with(
        text,
        "t.toml",
        variables(&[
            ("RINGBACK_SERVER__PORT", "8090"),
            ("RINGBACK_SERVER__CLOCK", "manual"),
            ("RINGBACK_CALLBACK__QUEUE_POLLING_RATE", "9"),
            ("RINGBACK_CALLBACK___ENABLE_IN_QUEUE_CHECKING", "strict"),
            ("RINGBACK_LOG", "debug"),
            ("PATH", "/bin"),
        ]),
    )
    .unwrap();
    let configuration = loaded.configuration;
    assert_eq!(configuration.server.listen.port(), 8090);
    assert_eq!(configuration.server.clock, ClockMode::Manual);
    assert_eq!(configuration.callback.polling_interval, Duration::from_secs(9));
    assert_eq!(configuration.callback.option_defaults["_enable_in_queue_checking"], "strict");

    let error = Configuration::parse_with(
        text,
        "t.toml",
        variables(&[
            ("RINGBACK_SERVER__PORT", "many"),
            ("RINGBACK_SERVER__PROT", "1"),
            ("RINGBACK_SERVICE__A", "1"),
        ]),
    )
    .unwrap_err();
    let told: Vec<String> = error.problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "environment variable RINGBACK_SERVER__PORT: [server] `port`: `many` is not a whole number from 0 to \
             65535",
            "environment variable RINGBACK_SERVER__PROT: [server] has no key `prot`; did you mean `port`?",
            "environment variable RINGBACK_SERVICE__A: there is no section `service` that a variable may change; \
             those are `server`, `callback`, `switch`, `session_limits`",
        ]
    );
}

#[test]
fn agents_and_their_phones_are_read() {
    let configuration = load(
        "[agents.7001]\nname = 'Ada'\ngroups = ['Support']\nskills = { English = 5 }\nlogin = 'ready'\n\
         behaviour = 'answers'\nafter = 2.5\n[agents.7002]\nplace = 'P2'\n",
    )
    .configuration;
    let ada = &configuration.agents[&AgentId::new("7001")];
    assert_eq!(ada.profile.dn, "7001");
    assert_eq!(ada.profile.place, "7001");
    assert_eq!(ada.profile.skills, BTreeMap::from([("English".to_owned(), 5)]));
    assert_eq!(ada.at_start, routing::AgentStatus::Ready);
    assert_eq!(ada.behaviour, Some(AgentBehaviour::Answers { after: Duration::from_millis(2500) }));
    let second = &configuration.agents[&AgentId::new("7002")];
    assert_eq!(second.at_start, routing::AgentStatus::LoggedOut);
    assert_eq!(second.behaviour, None);
}

#[test]
fn two_agents_cannot_share_a_number() {
    assert_eq!(
        problems("[agents.a]\ndn = '1'\n[agents.b]\ndn = '1'\n"),
        ["t.toml:3:9: [agents.b] has directory number `1`, which is that of agent `a`"]
    );
}

#[test]
fn groups_of_places_and_campaigns_are_read() {
    let text = "[agents.7001]\ngroups = ['Sales']\n[place_groups.Window]\nplaces = ['P1', 2]\n\
                [campaign_groups.Spring]\nagents = '7001'\ngroups = ['Sales']\n";
    assert_eq!(warnings(text), Vec::<String>::new());
    let groups = load(text).configuration.groups;
    assert_eq!(groups.places["Window"], ["P1".to_owned(), "2".to_owned()].into());
    assert_eq!(groups.campaigns["Spring"].agents, [AgentId::new("7001")].into());
    assert_eq!(groups.campaigns["Spring"].groups, ["Sales".to_owned()].into());
}

#[test]
fn mistakes_in_groups_name_the_nearest() {
    assert_eq!(
        problems("[place_groups.W]\nplace = ['P1']\n[campaign_group.S]\nagents = []\n"),
        [
            "t.toml:2:1: [place_groups.W] has no key `place`; did you mean `places`?",
            "t.toml:3:2: there is no section `campaign_group`; did you mean `campaign_groups`?",
        ]
    );
    assert_eq!(
        warnings(
            "[agents.7001]\ngroups = ['Sales']\n[campaign_groups.S]\nagents = ['7011']\ngroups = ['Sale']\n"
        ),
        [
            "t.toml:4:10: [campaign_groups.S] `agents`: agent `7011` is not configured and has to come through the \
             API; did you mean `7001`?",
            "t.toml:5:10: [campaign_groups.S] `groups`: no configured agent is in the agent group `Sale`; did you mean \
             `Sales`?",
        ]
    );
}

#[test]
fn a_target_that_others_may_read_differently_is_a_warning() {
    let of = |target: &str| {
        warnings(&format!("[agents.a]\n[service.s]\n_service = 'callback'\n_target = '{target}'\n"))
    };
    let target_warnings = |target: &str| of(target).iter().filter(|one| one.contains("`_target`")).count();
    assert_eq!(target_warnings("?:A>1|B>2&C>3@.GA"), 1);
    assert_eq!(target_warnings(r#"[{"target":"a@.A"},{"target":"?:A>1&B>2|C>3@.GA"}]"#), 1);
    assert_eq!(target_warnings("?:A>1|(B>2&C>3)@.GA"), 0);
    assert_eq!(target_warnings("?:A>1|$skill$>2&C>3@.GA"), 0, "a token is read with the request");
}

#[test]
fn for_whom_agents_are_kept_is_read() {
    let routing = load("").configuration.routing;
    assert_eq!(routing.reservation_collection, Duration::from_millis(100));
    let text = "[routing]\nreservation_collection = 0\nreservation_lower = 'reject'\n";
    let routing = load(text).configuration.routing.router(1);
    assert_eq!(routing.reservation_collection, Duration::ZERO);
    assert_eq!(routing.lower_requests, ::routing::LowerRequests::Reject);
    let keep = |text: &str| load(text).configuration.routing.router(1).dial_ahead.keep_max.as_secs();
    assert_eq!((keep(""), keep("[routing]\nkeep_agents = 0\n")), (15, 0));
    assert_eq!(problems("[routing]\nreservation_collection = 20000\nreservation_lower = 'queue'\n").len(), 2);
}

#[test]
fn the_switch_and_its_customers_are_read() {
    let configuration = load(
        "[service.in]\n_service = 'inbound'\n[switch]\nkind = 'simulated'\nseed = 7\ntalk_time = 0\njitter = 0\n\
         [switch.customers]\n'0101' = 'busy'\n'02' = { behaviour = 'machine', beep_after_secs = 2 }\n\
         [switch.inbound]\n'8001' = 'in'\n",
    )
    .configuration;
    let switch = &configuration.switch;
    assert_eq!(switch.seed, Some(7));
    assert_eq!(switch.simulated.talk_time, None);
    assert_eq!(switch.simulated.jitter, Duration::ZERO);
    assert_eq!(
        switch.simulated.behaviour_by_digits["02"],
        Behaviour::Machine { answers_after: None, beep_after: Some(Duration::from_secs(2)) }
    );
    assert!(switch.simulated.route_points.contains("8001"));
    assert_eq!(
        problems("[switch]\ntalk_tmie = 2\n[switch.customers]\nx = 'busy'\n'1' = 'asleep'\n[switch.inbound]\n'1' = 'in'\n")
            .len(),
        4
    );
}

#[test]
fn calls_for_a_service_that_is_not_there_are_told_at_their_line() {
    let told =
        problems("[service.inbound]\n_service = 'inbound'\n[switch]\n[switch.inbound]\n'8001' = 'inbuond'\n");
    assert_eq!(
        told,
        ["t.toml:5:10: [switch.inbound] `8001`: there is no service `inbuond`; did you mean `inbound`?"]
    );
}

#[test]
fn a_target_that_cannot_be_read_is_an_error_and_one_of_nobody_a_warning() {
    let service = |target: &str| format!("[service.a]\n_service = 'callback'\n_target = '{target}'\n");
    let told = problems(&service("Sales@.GX"));
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].starts_with("t.toml:3:11: service `a`: `_target` `Sales@.GX` cannot be read: "),
        "{told:?}"
    );

    let agents = "[agents.7001]\ngroups = ['Sales']\n";
    let warned = |target: &str| -> Vec<String> {
        let warnings = load(&format!("{}{agents}", service(target))).warnings;
        warnings.iter().map(ToString::to_string).filter(|text| text.contains("`_target`")).collect()
    };
    assert!(warned("Sales@.GA").is_empty());
    assert!(warned("7001@.A,?:Spanish>3@.GA").is_empty());
    assert!(warned("Sale@.GA")[0].contains("did you mean `Sales`?"));
    assert!(warned("7002@.A")[0].contains("no agent `7002`"));
    assert!(
        load("[service.a]\n_service = 'callback'\n_target = '$where$'\nwhere = '$where$'\n")
            .warnings
            .iter()
            .all(|warning| !warning.message.contains("`_target`"))
    );
}

#[test]
fn lists_hold_texts_and_pools_their_numbers() {
    let configuration = load(
        "[list.GMS_Resources.DNIS]\n_note = 'x'\nb = '+12025550191'\na = ['+12025550190', '+12025550192']\n\
         [list.GMS_Paused_Services.services]\nall = false\n",
    )
    .configuration;
    let lists = &configuration.lists;
    assert_eq!(lists.value("GMS_Paused_Services", "services", "all"), Some("false"));
    assert_eq!(lists.pool("DNIS").unwrap(), ["+12025550190", "+12025550192", "+12025550191"]);
    assert!(lists.pool("other").is_none());
    assert_eq!(problems("[list.a]\nb = 1\n").len(), 1);
}

#[test]
fn patterns_are_compiled_and_bad_ones_refused() {
    let configuration = load("[patterns.blocked]\nprem = '\\+1900\\d+'\n").configuration;
    let group = &configuration.patterns["blocked"];
    assert_eq!(group.find("+19005550123"), Some("prem"));
    assert_eq!(group.find("+12025550123"), None);
    let told = problems("[patterns.p]\na = '(1'\nb = '(?=1)'\nc = '\\d{9999}{9999}'\n");
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[1].contains("look-around"), "{told:?}");
}

#[test]
fn an_exception_group_must_exist() {
    assert_eq!(
        problems("[service.a]\n_exceptions = 'blokked'\n[patterns.blocked]\nx = '1'\n"),
        [
            "t.toml:2:15: service `a`: `_exceptions` names `blokked`, but there is no section `[patterns.blokked]`; \
             did you mean `blocked`?"
        ]
    );
}

#[test]
fn one_option_under_two_spellings_is_refused() {
    assert_eq!(problems("[service.a]\n_urs_virtual_queue = 'a'\nurs_virtual_queue = 'b'\n").len(), 1);
    let configuration = load("[service.a]\nurs_virtual_queue = 'VQ'\n").configuration;
    let service = configuration.service("a").unwrap();
    assert_eq!(service.configured("_urs_virtual_queue"), Some(&json!("VQ")));
}

#[test]
fn mandatory_lookup_keys_must_be_lookup_keys() {
    assert_eq!(
        problems("[service.a]\n_customer_lookup_keys = '_a'\n_mandatory_customer_lookup_keys = '_a,_b'\n"),
        ["t.toml:2:25: service `a`: `_customer_lookup_keys` lacks `_b`, which is a mandatory lookup key"]
    );
}

#[test]
fn any_text_gives_problems_and_never_a_panic() {
    for text in [
        "server = 1",
        "service = []",
        "[service]\na = 1",
        "[list]\na = 1",
        "[patterns]\na = 1",
        "[agents]\na = 1",
        "[queues]\na = 1",
        "[place_groups]\na = 1",
        "[campaign_groups.a]\nagents = 1",
        "[switch]\ncustomers = 1",
        "[[server]]",
        "[server]\nlisten = 1.5",
        "[service.'a b']\n",
        "[service.a]\n'a-b' = 1\n",
        "[service.a]\nt = 07:32:00\n",
        "[server]\negress_allow = ['a/b', 1]\n",
        "\u{0}",
        "[service.a",
    ] {
        assert!(!problems(text).is_empty(), "{text}");
    }
}

#[test]
fn groups_of_queues_are_read_and_name_somebody() {
    let groups = load("[queue_groups.All]\nqueues = ['VQ_A', 'VQ_B', 'VQ_A']\n").configuration.queue_groups;
    let both: Vec<QueueName> = vec!["VQ_A".into(), "VQ_B".into()];
    assert_eq!(groups, [("All.GQ".into(), both.clone()), ("All@.GQ".into(), both)].into());
    assert_eq!(
        problems(
            "[queue_groups.None]\n[queue_groups.Nobody]\nqueues = []\n[queue_groups.Typo]\nqueue = ['Q']\n"
        ),
        [
            "t.toml:1:15: [queue_groups.None] has no `queues`: name the virtual queues that belong to it",
            "t.toml:3:10: [queue_groups.Nobody] has no `queues`: name the virtual queues that belong to it",
            "t.toml:4:15: [queue_groups.Typo] has no `queues`: name the virtual queues that belong to it",
            "t.toml:5:1: [queue_groups.Typo] has no key `queue`; did you mean `queues`?",
        ]
    );
}
