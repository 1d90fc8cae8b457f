//! The sections `[server]` and `[callback]`: settings of the node.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value};
use url::Url;

use super::credentials::Credentials;
use super::document::Table;
use super::options::{Reading, Tables};
use super::problem::Problems;
use super::section::Section;

/// Section `[server]`. Read at start.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerSettings {
    /// Address and port to listen on. Default 127.0.0.1:8080 (decision D-115).
    pub listen: SocketAddr,
    /// First element of every path of the API, without slashes; may be empty. Default `genesys` (decision D-004).
    pub base_path: String,
    /// URL by which others reach this server, with the base path not included; `None`: from `listen`.
    pub external_url_base: Option<Url>,
    /// Origins besides our own and that of `external_url_base` whose pages may use the paths that want credentials, in the
    /// form that browsers send, `https://desk.example:8443`. Default none.
    pub trusted_origins: Vec<String>,
    /// Realm of the Basic scheme. Default `Genesys Application Configuration Needed`.
    pub realm: String,
    /// Credentials of clients, and of everything that always wants them (decision D-115).
    pub credentials: Credentials,
    /// Whether a user without a role is let in. Default false (decision D-006).
    pub allow_user_without_role: bool,
    /// Whether the guide's `Authentication: Basic=…` is read as well. Default false (decision D-026).
    pub legacy_authentication_header: bool,
    /// Largest body of a request, bytes, from 1 KiB to 64 MiB. Default 1 MiB.
    pub body_limit: usize,
    /// Folder of the store and of the switch's log. Default `ringback-data`.
    pub data: PathBuf,
    /// Folder of charts that services name as files. Default `charts`.
    pub charts: PathBuf,
    /// First part of the ids of callbacks, 1 to 32 letters, digits or underscores. Default `1`.
    pub node: String,
    /// How the engine's clock goes. Default real time.
    pub clock: ClockMode,
    /// Destinations that charts, plugins and notifications may reach. Default none.
    pub egress_allow: Vec<EgressRule>,
}

/// How the engine's clock goes (decision D-118).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ClockMode {
    /// By itself, `speed` times as fast as real time, 0.001 to 100,000.
    Running {
        /// Factor.
        speed: f64,
    },
    /// Only when it is told to.
    Manual,
}

/// A destination of outgoing HTTP: `HOST` or `HOST:PORT`, in small letters; IPv6 addresses in brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EgressRule {
    /// Host name or IP address.
    pub host: String,
    /// Port; `None` allows each.
    pub port: Option<u16>,
}

impl EgressRule {
    /// Reads a rule.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        // A URL does the reading of ports and of IPv6 addresses in brackets.
        let url = Url::parse(&format!("http://{text}")).ok()?;
        let is_bare = url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        if !is_bare || text.ends_with('/') || text.contains('*') {
            return None;
        }
        // The URL hides the port that its scheme has anyway.
        let port = if text.ends_with(":80") { Some(80) } else { url.port() };
        Some(Self { host: url.host_str()?.to_owned(), port })
    }

    /// Whether a URL goes to this destination.
    #[must_use]
    pub fn allows(&self, url: &Url) -> bool {
        url.host_str().is_some_and(|host| host.eq_ignore_ascii_case(&self.host))
            && self.port.is_none_or(|port| url.port_or_known_default() == Some(port))
    }
}

impl fmt::Display for EgressRule {
    /// Writes what [`Self::parse`] reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.host),
            None => f.write_str(&self.host),
        }
    }
}

impl ServerSettings {
    /// URL of this node without trailing slash and without base path, as others see it.
    #[must_use]
    pub fn url(&self) -> String {
        match &self.external_url_base {
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            None => format!("http://{}", self.listen),
        }
    }

    /// Origins whose pages are treated as our own: the trusted ones, and that of `external_url_base`.
    #[must_use]
    pub fn own_origins(&self) -> Vec<String> {
        let external = self.external_url_base.iter().map(|url| url.origin().ascii_serialization());
        self.trusted_origins.iter().cloned().chain(external).collect()
    }

    /// Base URL of the API: [`Self::url`] with the base path, `http://127.0.0.1:8080/genesys`.
    #[must_use]
    pub fn base_url(&self) -> String {
        if self.base_path.is_empty() { self.url() } else { format!("{}/{}", self.url(), self.base_path) }
    }
}

/// Reads `[server]`.
pub(super) fn read_server(table: &Table, problems: &mut Problems) -> ServerSettings {
    let mut section = Section::new("[server]", table, problems);
    let address = section
        .parsed("listen", "an IP address such as `127.0.0.1` or `::`", |text| text.parse().ok())
        .unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let port = section
        .integer("port", 0, i64::from(u16::MAX))
        .and_then(|port| u16::try_from(port).ok())
        .unwrap_or(8080);
    let speed = section.number("speed", 0.001, 100_000.0);
    let clock = section
        .parsed("clock", "`running` or `manual`", |text| match text {
            "running" => Some(ClockMode::Running { speed: speed.unwrap_or(1.0) }),
            "manual" => Some(ClockMode::Manual),
            _ => None,
        })
        .unwrap_or(ClockMode::Running { speed: speed.unwrap_or(1.0) });
    let settings = ServerSettings {
        listen: SocketAddr::new(address, port),
        base_path: read_base_path(&mut section),
        external_url_base: section.parsed("external_url_base", "an `http` or `https` URL", http_url),
        trusted_origins: read_origins(&mut section),
        realm: section.text("realm").unwrap_or_else(|| "Genesys Application Configuration Needed".to_owned()),
        credentials: Credentials::new(section.text("username"), section.text("password")),
        allow_user_without_role: section.flag("allow_user_without_role", false),
        legacy_authentication_header: section.flag("legacy_authentication_header", false),
        body_limit: section
            .integer("body_limit", 1 << 10, 64 << 20)
            .and_then(|bytes| usize::try_from(bytes).ok())
            .unwrap_or(1 << 20),
        data: section.text("data").map_or_else(|| PathBuf::from("ringback-data"), PathBuf::from),
        charts: section.text("charts").map_or_else(|| PathBuf::from("charts"), PathBuf::from),
        node: section
            .parsed("node", "1 to 32 letters, digits or underscores", node_name)
            .unwrap_or_else(|| "1".to_owned()),
        clock,
        egress_allow: read_egress(&mut section),
    };
    if settings.listen.ip().is_unspecified()
        && settings.external_url_base.is_none()
        && let Some(place) = section.place_of("listen")
    {
        let address = settings.listen.ip();
        section.warning(
            &place,
            format!(
                "[server] `listen`: plugins and pages would be told the address {address}, which leads nowhere; set \
                 `external_url_base` to the URL by which others reach this server"
            ),
        );
    }
    // Options of the guide's server section that belong to what this server does itself, or not yet.
    for key in ["_ors", "_ors_lb_strategy", "allow-file-control", "allowed-mime-types"] {
        if let Some(entry) = section.entry(key) {
            section.warning(
                &entry.key_place,
                format!("[server] `{key}` is not supported yet and has no effect"),
            );
        }
    }
    section.finish();
    settings
}

fn http_url(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some())
}

fn node_name(text: &str) -> Option<String> {
    let fits = (1..=32).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    fits.then(|| text.to_owned())
}

/// The base path; unlike other texts it may be given empty.
fn read_base_path(section: &mut Section<'_>) -> String {
    let is_given = section.place_of("base_path").is_some();
    let path = section.parsed("base_path", "one or more path elements such as `genesys`", |text| {
        let path = text.trim_matches('/');
        path.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte))
            .then(|| path.to_owned())
    });
    match path {
        Some(path) => path,
        None if is_given => String::new(),
        None => "genesys".to_owned(),
    }
}

/// Origins as browsers send them: scheme, host, and the port unless it is the scheme's.
fn read_origins(section: &mut Section<'_>) -> Vec<String> {
    let texts = section.texts("trusted_origins").unwrap_or_default();
    let place = section.place_of("trusted_origins");
    let mut origins = Vec::new();
    for text in texts {
        let url = http_url(text.trim_end_matches('/')).filter(|url| {
            url.path() == "/"
                && url.query().is_none()
                && url.fragment().is_none()
                && url.username().is_empty()
        });
        match (url, &place) {
            (Some(url), _) => origins.push(url.origin().ascii_serialization()),
            (None, Some(place)) => {
                let expected = "an origin such as `https://desk.example`";
                section.refuse(place, "trusted_origins", &format!("`{text}`"), expected);
            }
            (None, None) => {}
        }
    }
    origins
}

fn read_egress(section: &mut Section<'_>) -> Vec<EgressRule> {
    let texts = section.texts("egress_allow").unwrap_or_default();
    let place = section.place_of("egress_allow");
    let mut rules = Vec::new();
    for text in texts {
        match (EgressRule::parse(&text), &place) {
            (Some(rule), _) => rules.push(rule),
            (None, Some(place)) => {
                let expected = "`HOST` or `HOST:PORT`";
                section.refuse(place, "egress_allow", &format!("`{text}`"), expected);
            }
            (None, None) => {}
        }
    }
    rules
}

/// Section `[callback]`: settings of all callback services.
#[derive(Clone, Debug, PartialEq)]
pub struct CallbackSettings {
    /// Credentials of the callback paths; they replace the server's (guide: authentication).
    pub credentials: Credentials,
    /// Whether a resubmission restores priority and age. Default true.
    pub restore_queue_position: bool,
    /// Keys accepted as filters of the query by queues.
    pub filter_keys: Vec<String>,
    /// Further keys in results of queries.
    pub returned_keys: Vec<String>,
    /// Display names of further columns.
    pub column_aliases: Map<String, Value>,
    /// Period of the job that submits due callbacks, from 1 s. Default 5 s (decision D-015).
    pub polling_interval: Duration,
    /// Period of the sweep over callbacks in execution and past their life time, from 1 s. Default 60 s.
    pub sweep_interval: Duration,
    /// Whether these jobs are logged. Default false.
    pub log_background_activity: bool,
    /// Time limit of a fetch of a chart, from 1 s. Default 15 s.
    pub fetch_timeout: Duration,
    /// Defaults of service options, by option name, typed.
    pub option_defaults: Map<String, Value>,
}

/// Options of services whose default may be set here (options.md §15), as they are written in the section.
const DEFAULTS: &[(&str, &str)] = &[
    ("max_queued_callbacks_per_service", "_max_queued_callbacks_per_service"),
    ("_enable_in_queue_checking", "_enable_in_queue_checking"),
    ("_throttle_callbacks_per_service_1", "_throttle_callbacks_per_service_1"),
    ("_throttle_callbacks_per_service_2", "_throttle_callbacks_per_service_2"),
    ("_throttle_ttl_1", "_throttle_ttl_1"),
    ("_throttle_ttl_2", "_throttle_ttl_2"),
    ("_throttle_request_parameters", "_throttle_request_parameters"),
    ("_throttle_request_parameters_limit", "_throttle_request_parameters_limit"),
    ("_throttle_customer_number_limit", "_throttle_customer_number_limit"),
    ("_enable_throttle_header_parameters", "_enable_throttle_header_parameters"),
    ("_fix_plus_on_int_phone_numbers", "_fix_plus_on_int_phone_numbers"),
];

/// Options of the guide's section that have no effect: the server runs its charts itself.
const NOT_SUPPORTED: &[&str] =
    &["_enable_gms_dfm", "_fetch_retry_attempt", "_fetch_retry_delay", "_services_credentials"];

/// Reads `[callback]`.
pub(super) fn read_callback(table: &Table, problems: &mut Problems) -> CallbackSettings {
    let mut section = Section::new("[callback]", table, problems);
    let texts = |written: Option<Vec<String>>, default: &str| {
        written.unwrap_or_else(|| super::section::split_list(default))
    };
    let interval = |section: &mut Section<'_>, key: &'static str, default: u64| {
        let seconds = section.integer(key, 1, 86_400).and_then(|seconds| u64::try_from(seconds).ok());
        Duration::from_secs(seconds.unwrap_or(default))
    };
    let settings = CallbackSettings {
        credentials: Credentials::new(section.text("username"), section.text("password")),
        restore_queue_position: section.flag("enable-restore-vq-position", true),
        filter_keys: texts(
            section.texts("filter-keys"),
            "_callback_state,_callback_reason,_request_queue_time_stat,_request_ewt_service,_vq",
        ),
        returned_keys: texts(
            section.texts("returned-keys"),
            "_desired_time,_callback_state,_callback_reason,_ors_session_id",
        ),
        column_aliases: section
            .parsed("callback_column_alias", "a JSON object", |text| serde_json::from_str(text).ok())
            .unwrap_or_default(),
        polling_interval: interval(&mut section, "queue-polling-rate", 5),
        sweep_interval: interval(&mut section, "queue-polling-rate-recover", 60),
        log_background_activity: section.flag("log-background-activity", false),
        fetch_timeout: interval(&mut section, "_fetch_timeout", 15),
        option_defaults: read_defaults(&mut section),
    };
    for key in NOT_SUPPORTED {
        if let Some(entry) = section.entry(key) {
            section.warning(
                &entry.key_place,
                format!("[callback] `{key}` is not supported yet and has no effect"),
            );
        }
    }
    section.finish();
    settings
}

fn read_defaults(section: &mut Section<'_>) -> Map<String, Value> {
    let mut defaults = Map::new();
    for (key, option) in DEFAULTS {
        let (Some(entry), Some(definition)) = (section.entry(key), Tables::callback().find(option)) else {
            continue;
        };
        match definition.kind.read(&entry.node.to_json()) {
            Ok(Reading::Value(value) | Reading::Unusual(value, _)) => {
                defaults.insert((*option).to_owned(), value);
            }
            Ok(Reading::Empty) => {}
            Err(problem) => {
                section.error(&entry.node.place, format!("[callback] `{key}`: {problem}"));
            }
        }
    }
    defaults
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::EgressRule;
    use crate::configuration::Configuration;

    #[test]
    fn address_that_leads_nowhere_is_warned_of_unless_a_url_is_given() {
        for address in ["0.0.0.0", "::"] {
            let text = format!("[server]\nport = 9000\nlisten = \"{address}\"\n");
            let warnings = Configuration::parse(&text, "a.toml").unwrap().warnings;
            assert!(warnings[0].to_string().starts_with("a.toml:3:"), "{warnings:?}");
            assert!(warnings[0].message.contains("external_url_base"), "{warnings:?}");
            let named = format!("{text}external_url_base = \"https://calls.example\"");
            assert_eq!(Configuration::parse(&named, "a.toml").unwrap().warnings, []);
        }
    }

    #[test]
    fn trusted_origins_are_those_that_are_named_and_our_own_url() {
        let text = "[server]\nexternal_url_base = \"https://calls.example/ringback\"\n\
                    trusted_origins = [\"https://Desk.example:443/\", \"http://127.0.0.1:3000\"]";
        let server = Configuration::parse(text, "a.toml").unwrap().configuration.server;
        assert_eq!(
            server.own_origins(),
            ["https://desk.example", "http://127.0.0.1:3000", "https://calls.example"]
        );
        for wrong in ["desk.example", "https://desk.example/app", "*", "null"] {
            let text = format!("[server]\ntrusted_origins = [\"{wrong}\"]");
            let refused = Configuration::parse(&text, "a.toml").unwrap_err().to_string();
            assert!(refused.contains("a.toml:2:") && refused.contains(wrong), "{refused}");
        }
    }

    fn allows(rule: &str, url: &str) -> bool {
        EgressRule::parse(rule).unwrap().allows(&Url::parse(url).unwrap())
    }

    #[test]
    fn a_host_is_allowed_on_every_port_unless_one_is_named() {
        assert!(allows("plugins.example", "https://plugins.example/a"));
        assert!(allows("plugins.example", "http://plugins.example:8443/a"));
        assert!(allows("127.0.0.1:9000", "http://127.0.0.1:9000/a"));
        assert!(!allows("127.0.0.1:9000", "http://127.0.0.1:9001/a"));
        assert!(allows("plugins.example:80", "http://plugins.example/"));
        assert!(!allows("plugins.example:80", "https://plugins.example/"));
        assert!(allows("[::1]:9000", "http://[::1]:9000/"));
        assert!(!allows("example", "http://badexample/"));
    }

    #[test]
    fn a_rule_reads_what_it_writes() {
        for text in ["plugins.example", "plugins.example:80", "[::1]:9000", "127.0.0.1:9000"] {
            assert_eq!(EgressRule::parse(text).map(|rule| rule.to_string()).as_deref(), Some(text));
        }
    }

    #[test]
    fn paths_users_and_stars_elsewhere_are_no_rules() {
        for text in ["", "a/b", "user@host", "*.example", "http://a", "host:99999"] {
            assert!(EgressRule::parse(text).is_none(), "{text}");
        }
    }
}
