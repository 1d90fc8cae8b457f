//! The configuration of the simulated node: services of every kind that the charts serve, with short limits, so that
//! a lost event costs minutes of engine time and not hours.

use std::path::Path;
use std::sync::Arc;

use engine::configuration::Configuration;

/// Most dials of one callback.
pub(crate) const DIALS_MAX: usize = 3;
/// How long a plugin may take.
pub(crate) const PLUGIN_TIMEOUT_SECS: u64 = 60;
/// Agents, all of the group that every service asks for.
pub(crate) const AGENTS: [&str; 3] = ["7001", "7002", "7003"];
/// Where the HTTP plugin listens.
pub(crate) const PLUGIN_URL: &str = "http://plugin.example/on-dial";
/// Where status notifications go.
pub(crate) const NOTIFICATION_URL: &str = "http://receiver.example/status";

/// A service and how a request for it looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Service {
    pub(crate) name: &'static str,
    /// Requests may carry a desired time.
    pub(crate) schedules: bool,
    /// Requests name a device.
    pub(crate) pushes: bool,
    /// The user data says what the plugin answers.
    pub(crate) has_plugin: bool,
    options: &'static str,
}

/// All services that take requests.
pub(crate) const SERVICES: [Service; 8] = [
    Service { name: "immediate", options: "_wait_for_agent = false", ..PLAIN },
    Service { name: "delayed", options: "_wait_for_agent = true", ..PLAIN },
    Service {
        name: "scheduled",
        schedules: true,
        options: "_wait_for_agent = true\n_reject_future_desired_time = \"1y\"\n_request_execution_time_buffer = 30\n\
                  _desired_connect_time_threshold = 60",
        ..PLAIN
    },
    Service {
        name: "confirmed",
        pushes: true,
        options: "_wait_for_agent = true\n_wait_for_user_confirm = true\n_user_confirm_timeout = 20\n\
                  _urs_vq_priority = 5",
        ..PLAIN
    },
    Service {
        name: "http-plugin",
        has_plugin: true,
        options: "_wait_for_agent = false\n_plugin_on_dial_url = \"http://plugin.example/on-dial\"",
        ..PLAIN
    },
    Service {
        name: "chart-plugin",
        has_plugin: true,
        options: "_wait_for_agent = false\n_plugin_on_dial_url = \"plugin.scxml\"",
        ..PLAIN
    },
    // An agent is kept before anybody is dialled, and nobody is dialled late.
    Service {
        name: "agent-first",
        options: "_wait_for_agent = true\n_reserve_before_dial = \"always\"\n_cannot_dial_buffer_time = 600",
        ..PLAIN
    },
    // Transfers are presumed, waits on the line end while phones ring, and whoever declines is asked later.
    Service {
        name: "presumed",
        options: "_wait_for_agent = true\n_max_queue_wait = 60\n_agent_transfer_confirm_timeout = 5\n\
                  _agent_reject_retry_timeout = 10\n_max_time_to_wait_for_agent_on_the_call = 20",
        ..PLAIN
    },
];

const PLAIN: Service = Service { name: "", schedules: false, pushes: false, has_plugin: false, options: "" };

/// What all services have in common.
const COMMON: &str = r#"
_type = "ors"
_service = "callback"
_media_type = "voice"
_call_direction = "USERTERMINATED"
_userterminated_first_connect_party = "CUSTOMER"
_route_point = "8000@SIP_Switch"
_urs_virtual_queue = "VQ"
_target = "Support@StatServer.GA"
_default_country = "US"
_ttl = 3600
_urs_queued_ttl = 1800
_max_dial_attempts = 3
_dial_retry_timeout = 30
_max_transfer_to_agent_attempts = 2
_follow_call_limit = 600
_plugin_on_dial_timeout = 60
_enable_status_notification = "notify"
_status_notification_type = "httpcb"
_status_notification_target = "http://receiver.example/status"
"#;

/// Customers wait on the line for five minutes, where a service does not say otherwise.
const WAIT_ON_THE_LINE: &str = "_max_time_to_wait_for_agent_on_the_call";

/// The node beside its services.
const NODE: &str = r#"
[server]
clock = "manual"

[callback]
max_queued_callbacks_per_service = 100_000
_enable_in_queue_checking = false
_throttle_callbacks_per_service_1 = 100_000
_throttle_callbacks_per_service_2 = 1_000_000
_throttle_request_parameters_limit = 100_000

[list.GMS_Paused_Services.services]
all = false

[queues.VQ]
description = "Callbacks"

[switch]
kind = "simulated"
answers_after = 3
talk_time = 20
talk_ended_by = "customer"
"#;

/// The configuration, with the seed of its switch.
pub(crate) fn configuration(seed: u64) -> Arc<Configuration> {
    let mut text = NODE.to_owned();
    for service in SERVICES {
        text += &format!("\n[service.{}]{COMMON}{}\n", service.name, service.options);
        if !service.options.contains(WAIT_ON_THE_LINE) {
            text += &format!("{WAIT_ON_THE_LINE} = 300\n");
        }
    }
    for agent in AGENTS {
        text += &format!(
            "\n[agents.{agent}]\ngroups = [\"Support\"]\nlogin = \"logged_out\"\nbehaviour = \"answers\"\nafter = 2\n"
        );
    }
    let mut loaded = Configuration::parse(&text, "simulation.toml").unwrap_or_else(|error| panic!("{error}"));
    loaded.configuration.switch.seed = Some(seed);
    loaded.configuration.server.charts =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/simulation/charts");
    Arc::new(loaded.configuration)
}
