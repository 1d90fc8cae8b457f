//! The configuration: what an operator writes, checked and typed once.
//!
//! A TOML text with the guide's sections becomes a [`Configuration`]; [`Service::effective`] then brings the options of
//! a service together with those of a request. Every problem of the text is told at once, with file, line and column.
//!
//! What it deliberately does not do: it opens no file, reads no environment (both are passed in) and loads no chart;
//! whether a chart knows an option that we do not know is asked later ([`Configuration::check_chart_parameters`]).
//!
//! **Invariants**
//! * A value that was read is typed: numbers are numbers, booleans booleans, lists arrays.
//! * A configuration with a problem is not used at all.
//! * What restrains requests cannot be set by a request.

mod abandonment;
mod base;
mod credentials;
mod document;
mod effective;
mod environment;
mod floor;
mod groups;
mod horizon;
mod lists;
pub mod options;
mod patterns;
mod problem;
mod routing;
mod section;
mod server;
mod service;
mod session_limits;
mod tokens;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use serde_json::Value;
use vocabulary::{AgentId, QueueName, ServiceName};

pub use self::routing::{NoAnswer, RoutingSettings};
pub use credentials::Credentials;
pub use effective::{Effective, OptionError};
pub use floor::{AgentSettings, QueueSettings, SwitchSettings};
pub use horizon::{BookingHorizon, MalformedHorizon};
pub use lists::{ListSection, Lists, RESOURCES_LIST};
pub use patterns::PatternGroup;
pub use problem::{ConfigurationError, Place, Problem};
pub use server::{CallbackSettings, ClockMode, EgressRule, ServerSettings};
pub use service::{ChartSource, SHIPPED_CHARTS, Service, ServiceError, ServiceKind, UnknownOption};
pub use tokens::is_name;

use document::{Content, Table};
use problem::{Problems, did_you_mean};
use section::shown;

/// The configuration of a node.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// Section `[server]`.
    pub server: ServerSettings,
    /// Section `[callback]`.
    pub callback: CallbackSettings,
    /// Sections `[service.NAME]`.
    pub services: BTreeMap<ServiceName, Service>,
    /// Sections `[list.NAME.SECTION]`, as they are at the start.
    pub lists: Lists,
    /// Sections `[patterns.NAME]`.
    pub patterns: BTreeMap<String, PatternGroup>,
    /// Sections `[agents.ID]`.
    pub agents: BTreeMap<AgentId, AgentSettings>,
    /// Sections `[place_groups.NAME]` and `[campaign_groups.NAME]`.
    pub groups: ::routing::Groups,
    /// Sections `[queues.NAME]`.
    pub queues: BTreeMap<QueueName, QueueSettings>,
    /// Section `[switch]`.
    pub switch: SwitchSettings,
    /// Section `[session_limits]`: what one session may use up. Read at start.
    pub session_limits: statecharts::Limits,
    /// Section `[routing]`.
    pub routing: RoutingSettings,
    /// Section `[abandonment]`: when too many customers who answer find nobody.
    pub abandonment: ::routing::AbandonmentOptions,
}

/// A configuration that can be used, with what is odd about it.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The configuration.
    pub configuration: Configuration,
    /// Warnings in the order of the file.
    pub warnings: Vec<Problem>,
}

/// The demo's configuration, which is also an example of one.
const DEMO: &str = include_str!("demo.toml");

impl Configuration {
    /// Reads a text; `file_name` is only for messages.
    ///
    /// # Errors
    /// [`ConfigurationError`] with every problem that was found.
    pub fn parse(text: &str, file_name: &str) -> Result<Loaded, ConfigurationError> {
        Self::parse_with(text, file_name, [])
    }

    /// Reads a text, with values that environment variables override: `RINGBACK_SERVER__PORT=8090` replaces `port` of
    /// `[server]`. Sections that can be overridden: `server`, `callback`, `switch`.
    ///
    /// # Errors
    /// [`ConfigurationError`] with every problem that was found.
    pub fn parse_with(
        text: &str,
        file_name: &str,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Loaded, ConfigurationError> {
        let mut table =
            document::read(text, file_name).map_err(|problems| ConfigurationError { problems })?;
        let mut problems = Problems::default();
        environment::apply(&mut table, variables, &mut problems);
        let configuration = read(&table, &mut problems);
        problems.errors.sort();
        problems.warnings.sort();
        if problems.errors.is_empty() {
            Ok(Loaded { configuration, warnings: problems.warnings })
        } else {
            Err(ConfigurationError { problems: problems.errors })
        }
    }

    /// The configuration of `ringback demo`: sample services, agents and customers, with relaxed limits.
    ///
    /// # Errors
    /// [`ConfigurationError`] when a variable's value cannot be used; the text itself is tested.
    pub fn demo(variables: impl IntoIterator<Item = (String, String)>) -> Result<Loaded, ConfigurationError> {
        Self::parse_with(DEMO, "demo.toml", variables)
    }

    /// Listens elsewhere than the text says. URLs of this node that stand in services follow, unless
    /// `external_url_base` says how others reach it.
    pub fn listen_at(&mut self, address: SocketAddr) {
        let before = self.server.url();
        self.server.listen = address;
        let now = self.server.url();
        if before != now {
            for service in self.services.values_mut() {
                service.replace_text(&format!("{before}/"), &format!("{now}/"));
            }
        }
    }

    /// A service by name, whatever it is.
    #[must_use]
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.get(&ServiceName::new(name))
    }

    /// A service that requests for callbacks may use.
    ///
    /// # Errors
    /// [`ServiceError`], the guide's 50020.h–k.
    pub fn callback_service(&self, name: &str) -> Result<&Service, ServiceError> {
        let name = ServiceName::new(name);
        let Some(service) = self.services.get(&name) else {
            return Err(ServiceError::Undefined(name));
        };
        match service.kind() {
            ServiceKind::Callback(_) => Ok(service),
            ServiceKind::UnknownType => Err(ServiceError::UnknownType(name)),
            ServiceKind::BuiltIn(_) => Err(ServiceError::NotOrs(name)),
            ServiceKind::Chart(_) => Err(ServiceError::NotCallback(name)),
        }
    }

    /// The service of a built-in kind: the one named `name` if it is of that kind.
    #[must_use]
    pub fn builtin_service(&self, name: &str) -> Option<(&Service, &str)> {
        let service = self.service(name)?;
        match service.kind() {
            ServiceKind::BuiltIn(kind) => Some((service, kind)),
            _ => None,
        }
    }

    /// Pattern group of `_exceptions` of a service.
    #[must_use]
    pub fn exceptions(&self, effective: &Effective) -> Option<&PatternGroup> {
        self.patterns.get(effective.text("_exceptions")?)
    }

    /// The options of a service that neither we nor its chart know (decision D-114). `parameters` are the names that
    /// the chart declares by `<data _type="parameter">`; all names that do not begin with an underscore are allowed
    /// anyway. Empty for a service that does not exist.
    #[must_use]
    pub fn check_chart_parameters(&self, service: &str, parameters: &[&str]) -> Vec<Problem> {
        let mut problems = Problems::default();
        if let Some(service) = self.service(service) {
            service.strangers(parameters, &mut problems);
        }
        problems.errors
    }
}

/// Top-level sections.
const SECTIONS: &[&str] = &[
    "server",
    "callback",
    "service",
    "list",
    "patterns",
    "agents",
    "place_groups",
    "campaign_groups",
    "queues",
    "switch",
    "session_limits",
    "routing",
    "abandonment",
];

fn read(table: &Table, problems: &mut Problems) -> Configuration {
    for (key, entry) in table {
        if !SECTIONS.contains(&key.as_str()) {
            let near = did_you_mean(key, SECTIONS.iter().copied());
            problems.error(&entry.key_place, format!("there is no section `{key}`{near}"));
        }
    }
    credentials::check(table, problems);
    let empty = Table::new();
    let server = server::read_server(section(table, "server", &empty, problems), problems);
    let callback = server::read_callback(section(table, "callback", &empty, problems), problems);
    let lists = lists::read(section(table, "list", &empty, problems), problems);
    let patterns = patterns::read(section(table, "patterns", &empty, problems), problems);
    let agents = floor::read_agents(section(table, "agents", &empty, problems), problems);
    let groups = groups::read(
        section(table, "place_groups", &empty, problems),
        section(table, "campaign_groups", &empty, problems),
        &agents,
        problems,
    );
    let queues = floor::read_queues(section(table, "queues", &empty, problems), problems);
    let session_limits = session_limits::read(section(table, "session_limits", &empty, problems), problems);
    let routing = routing::read(section(table, "routing", &empty, problems), problems);
    let abandonment = abandonment::read(section(table, "abandonment", &empty, problems), problems);
    let mut switch = floor::read_switch(section(table, "switch", &empty, problems), problems);
    let mut services = read_services(section(table, "service", &empty, problems), &server.url(), problems);
    for service in services.values_mut() {
        base::settle(service, &callback.option_defaults, &lists, problems);
        check_references(service, &lists, &patterns, problems);
        warn_of_targets(service, problems);
    }
    check_inbound(table, &switch, &services, problems);
    floor::connect(&mut switch, &agents, route_points(&services));
    Configuration {
        server,
        callback,
        services,
        lists,
        patterns,
        agents,
        groups,
        queues,
        switch,
        session_limits,
        routing,
        abandonment,
    }
}

/// A top-level section; an empty one where there is none.
fn section<'t>(table: &'t Table, name: &str, empty: &'t Table, problems: &mut Problems) -> &'t Table {
    match table.get(name).map(|entry| &entry.node) {
        None => empty,
        Some(document::Node { content: Content::Table(section), .. }) => section,
        Some(other) => {
            let found = shown(&other.content);
            problems.error(&other.place, format!("`{name}` is {found}; expected a section"));
            empty
        }
    }
}

fn read_services(table: &Table, own_url: &str, problems: &mut Problems) -> BTreeMap<ServiceName, Service> {
    let mut services = BTreeMap::new();
    for (name, entry) in table {
        let Content::Table(keys) = &entry.node.content else {
            problems.error(
                &entry.node.place,
                format!(
                    "service `{name}` is {}; expected a section `[service.{name}]`",
                    shown(&entry.node.content)
                ),
            );
            continue;
        };
        // The name is an element of paths, and a slash or blank in it could never be asked for.
        let fits = !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        if !fits {
            problems.error(
                &entry.key_place,
                format!("`{name}` cannot name a service: use letters, digits, `-`, `_` and `.`"),
            );
        }
        let service = service::read(name, &entry.key_place, keys, own_url, problems);
        services.insert(ServiceName::new(name), service);
    }
    services
}

/// Names in a service that must stand elsewhere in the configuration.
fn check_references(
    service: &Service,
    lists: &Lists,
    patterns: &BTreeMap<String, PatternGroup>,
    problems: &mut Problems,
) {
    // An exception group that does not exist would let every number through: that is refused.
    if let Some(group) = service.configured("_exceptions").and_then(Value::as_str)
        && !patterns.contains_key(group)
    {
        let near = did_you_mean(group, patterns.keys().map(String::as_str));
        let place = place_of(service, "_exceptions");
        problems.error(
            place,
            format!(
                "service `{}`: `_exceptions` names `{group}`, but there is no section `[patterns.{group}]`{near}",
                service.name()
            ),
        );
    }
    if let Some(list) = service.configured("_callback_events_list").and_then(Value::as_str)
        && !lists.contains(list)
    {
        let place = place_of(service, "_callback_events_list");
        problems.error(
            place,
            format!(
                "service `{}`: `_callback_events_list` names `{list}`, but there is no section `[list.{list}.…]`",
                service.name()
            ),
        );
    }
}

/// Targets that are read here and may be read differently elsewhere. One that cannot be read, for example because a token
/// of the request is part of it, is told when a callback asks for it.
fn warn_of_targets(service: &Service, problems: &mut Problems) {
    // A list of targets in JSON has been read as one by now.
    let target = service.configured("_target").map(|target| match target {
        Value::String(text) => text.clone(),
        list => list.to_string(),
    });
    let Some(list) = target.and_then(|target| ::routing::TargetList::parse(&target).ok()) else {
        return;
    };
    for warning in list.warnings() {
        let place = place_of(service, "_target");
        problems.warning(place, format!("service `{}`: `_target`: {warning}", service.name()));
    }
}

fn place_of<'s>(service: &'s Service, option: &str) -> &'s Place {
    service.options.get(option).map_or(service.place(), |setting| &setting.place)
}

fn check_inbound(
    table: &Table,
    switch: &SwitchSettings,
    services: &BTreeMap<ServiceName, Service>,
    problems: &mut Problems,
) {
    for (route_point, name) in &switch.inbound {
        let problem = match services.get(name) {
            None => {
                let near = did_you_mean(name.as_str(), services.keys().map(ServiceName::as_str));
                format!("there is no service `{name}`{near}")
            }
            Some(service) if service.chart().is_none() => {
                format!("service `{name}` runs no chart")
            }
            Some(_) => continue,
        };
        if let Some(entry) = table.get("switch") {
            problems.error(&entry.key_place, format!("[switch.inbound] `{route_point}`: {problem}"));
        }
    }
}

fn route_points(services: &BTreeMap<ServiceName, Service>) -> BTreeSet<String> {
    services
        .values()
        .filter_map(|service| service.configured("_route_point")?.as_str())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests;
