//! A configured service: the section `[service.NAME]`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value};
use statecharts::SharedValue;
use url::Url;
use vocabulary::ServiceName;

use super::credentials::Credentials;
use super::document::{Content, Entry, Table};
use super::options::{OptionDefinition, Reading, Supported, Tables};
use super::problem::{Place, Problems, did_you_mean};
use super::section::shown;
use super::tokens;

/// Where the chart of a service comes from (decision D-113).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChartSource {
    /// A chart that we ship, by its name without ending: `callback`, `inbound`, `classic_inbound`.
    Shipped(String),
    /// A file, relative to the charts folder of the configuration; never leads out of it.
    File(PathBuf),
    /// A URL, to be fetched under the egress rules.
    Url(Url),
}

/// Names of the charts that we ship.
pub const SHIPPED_CHARTS: &[&str] = &["callback", "inbound", "classic_inbound"];

/// What a service is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceKind {
    /// A callback service: requests for callbacks start its chart.
    Callback(ChartSource),
    /// Another service that runs a chart.
    Chart(ChartSource),
    /// A service that the server executes itself, by its `_service`: `match-interaction`, `request-access` …
    BuiltIn(String),
    /// `_type` has a value that nobody knows; every use of the service is refused.
    UnknownType,
}

/// Why a service cannot be used for a callback. The texts are the guide's (50020.h–k).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// 50020.h: there is no such service.
    #[error("Service undefined: {0}")]
    Undefined(ServiceName),
    /// 50020.i: `_type` is neither `ors` nor `builtin`.
    #[error("Service {0} has unknown value for option _type")]
    UnknownType(ServiceName),
    /// 50020.j: the server executes the service itself.
    #[error("Service {0} has option _type != ors")]
    NotOrs(ServiceName),
    /// 50020.k: the service runs a chart, but not as a callback service.
    #[error("Service {0} has option _service != callback")]
    NotCallback(ServiceName),
}

/// An option that we do not know; whether its chart does is found out when the chart is loaded (decision D-114).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownOption {
    /// Name, with its leading underscore.
    pub name: String,
    /// Where it is written.
    pub place: Place,
}

/// A value as configured.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    /// Typed value; with tokens in it, the value before they are filled. `null` when it is explicitly empty.
    pub(super) value: Value,
    /// Whether tokens have to be filled, and the value typed, for each request.
    pub(super) has_tokens: bool,
    pub(super) place: Place,
}

/// A configured service.
#[derive(Clone, Debug)]
pub struct Service {
    name: ServiceName,
    kind: ServiceKind,
    place: Place,
    credentials: Credentials,
    /// Options by canonical name, unknown ones among them.
    pub(super) options: BTreeMap<String, Setting>,
    /// Values without leading underscore: declarations of tokens, user data, parameters of the chart.
    pub(super) parameters: BTreeMap<String, Value>,
    pub(super) tokens: BTreeSet<String>,
    unknown: Vec<UnknownOption>,
    /// Options whose request value replaces the configured one.
    pub(super) overwritable: BTreeSet<String>,
    /// Effective options without a request; set when the whole configuration is known.
    pub(super) base: Arc<Map<String, Value>>,
    /// Those that have a value, as sessions share them; made when they are first asked for.
    pub(super) shared: OnceLock<Arc<SharedValue>>,
    /// Options that a service of this kind may have.
    pub(super) tables: &'static Tables,
}

impl Service {
    /// Name of the service.
    #[must_use]
    pub fn name(&self) -> &ServiceName {
        &self.name
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> &ServiceKind {
        &self.kind
    }

    /// Chart that it runs; `None` for built-in services.
    #[must_use]
    pub fn chart(&self) -> Option<&ChartSource> {
        match &self.kind {
            ServiceKind::Callback(chart) | ServiceKind::Chart(chart) => Some(chart),
            ServiceKind::BuiltIn(_) | ServiceKind::UnknownType => None,
        }
    }

    /// Where its section begins.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Credentials of its own (guide: per service, they replace the server's).
    #[must_use]
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Options that we do not know, in the order of their names.
    #[must_use]
    pub fn unknown_options(&self) -> &[UnknownOption] {
        &self.unknown
    }

    /// Effective options without a request: shared by all sessions of the service, replaced with the configuration.
    #[must_use]
    pub fn base_options(&self) -> &Arc<Map<String, Value>> {
        &self.base
    }

    /// [`base_options`](Self::base_options) that have a value, as one object that sessions share.
    #[must_use]
    pub fn shared_options(&self) -> &Arc<SharedValue> {
        self.shared.get_or_init(|| {
            let given = self.base.iter().filter(|(_, value)| !value.is_null());
            Arc::new(SharedValue::new(&given.map(|(name, value)| (name.clone(), value.clone())).collect()))
        })
    }

    /// Values that the service gives under names without underscore, except those that declare a token.
    #[must_use]
    pub fn parameters(&self) -> &BTreeMap<String, Value> {
        &self.parameters
    }

    /// Whether the service itself gives this option a value, also an empty one.
    #[must_use]
    pub fn configures(&self, option: &str) -> bool {
        self.options.contains_key(option)
    }

    /// Typed value that the service itself gives an option; `None` if it gives none or an empty one.
    #[must_use]
    pub fn configured(&self, option: &str) -> Option<&Value> {
        self.options.get(option).map(|setting| &setting.value).filter(|value| !value.is_null())
    }

    /// Where an option was written, or the service if it was not.
    pub(crate) fn place_of(&self, option: &str) -> &Place {
        self.options.get(option).map_or(&self.place, |setting| &setting.place)
    }

    /// Puts another text in the place of one, in every option and parameter.
    pub(super) fn replace_text(&mut self, from: &str, to: &str) {
        let options = self.options.values_mut().map(|setting| &mut setting.value);
        self.shared = OnceLock::new();
        let base = Arc::make_mut(&mut self.base).values_mut();
        for value in options.chain(self.parameters.values_mut()).chain(base) {
            if let Value::String(text) = value
                && text.contains(from)
            {
                *text = text.replace(from, to);
            }
        }
    }

    /// The problem of each unknown option that is not among the names that the chart declares.
    pub(super) fn strangers(&self, chart_parameters: &[&str], problems: &mut Problems) {
        for unknown in &self.unknown {
            if !chart_parameters.contains(&unknown.name.as_str()) {
                let near = self
                    .tables
                    .nearest(&unknown.name, chart_parameters.iter().copied())
                    .map(|near| format!("; did you mean `{near}`?"))
                    .unwrap_or_default();
                let whose = match self.chart() {
                    Some(_) => "neither an option nor a parameter of its chart",
                    None => "not an option of it",
                };
                let message = format!("service `{}`: `{}` is {whose}{near}", self.name, unknown.name);
                problems.error(&unknown.place, message);
            }
        }
    }
}

/// Place holder for the URL of this node, with trailing slash and without base path (guide: URLs of the disposition).
const OWN_URL: &str = "$_gms_external_base_url$";

/// Puts the URL of this node in the place of its place holder.
fn with_own_url(table: &Table, own_url: &str) -> Table {
    let mut table = table.clone();
    for entry in table.values_mut() {
        if let Content::Text(text) = &mut entry.node.content
            && text.contains(OWN_URL)
        {
            *text = text.replace(OWN_URL, &format!("{}/", own_url.trim_end_matches('/')));
        }
    }
    table
}

/// Reads a section `[service.NAME]`; `own_url` is the URL of this node.
pub(super) fn read(
    name: &str,
    place: &Place,
    table: &Table,
    own_url: &str,
    problems: &mut Problems,
) -> Service {
    let table = &with_own_url(table, own_url);
    let kind = read_kind(name, table, problems);
    let tables = match &kind {
        ServiceKind::BuiltIn(builtin) => Tables::builtin(builtin).unwrap_or(Tables::callback()),
        _ => Tables::callback(),
    };
    let mut service = Service {
        name: ServiceName::new(name),
        kind,
        place: place.clone(),
        credentials: Credentials::default(),
        options: BTreeMap::new(),
        parameters: BTreeMap::new(),
        tokens: declared_tokens(table),
        unknown: Vec::new(),
        overwritable: BTreeSet::new(),
        base: Arc::default(),
        shared: OnceLock::new(),
        tables,
    };
    for (key, entry) in table {
        read_entry(&mut service, key, entry, problems);
    }
    check_lists(&mut service, problems);
    if matches!(service.kind, ServiceKind::BuiltIn(_)) {
        service.strangers(&[], problems);
    }
    service
}

fn written_text<'t>(table: &'t Table, key: &str) -> Option<(&'t str, &'t Place)> {
    let entry = table.get(key)?;
    match &entry.node.content {
        Content::Text(text) if !text.trim().is_empty() => Some((text.trim(), &entry.node.place)),
        _ => None,
    }
}

fn declared_tokens(table: &Table) -> BTreeSet<String> {
    table
        .values()
        .filter_map(|entry| match &entry.node.content {
            Content::Text(text) => tokens::declared(text).map(str::to_owned),
            _ => None,
        })
        .collect()
}

fn read_kind(name: &str, table: &Table, problems: &mut Problems) -> ServiceKind {
    let service = written_text(table, "_service");
    let builtin = service.filter(|(service, _)| Tables::builtin(service).is_some());
    match (written_text(table, "_type"), service, builtin) {
        (None, _, Some((builtin, _))) | (Some(("builtin", _)), _, Some((builtin, _))) => {
            ServiceKind::BuiltIn(builtin.to_owned())
        }
        (Some(("builtin", place)), None, _) => {
            problems.error(place, format!("service `{name}`: a built-in service needs `_service`, its kind"));
            ServiceKind::BuiltIn(String::new())
        }
        (Some(("builtin", _)), Some((other, place)), None) => {
            let near = did_you_mean(other, Tables::builtin_names());
            problems.error(place, format!("service `{name}`: there is no built-in service `{other}`{near}"));
            ServiceKind::BuiltIn(other.to_owned())
        }
        (None | Some(("ors", _)), _, _) => read_chart(name, table, problems),
        (Some((unknown, place)), _, _) => {
            problems.warning(
                place,
                format!(
                    "service `{name}`: `_type` is `{unknown}`, neither `ors` nor `builtin`; every use is refused"
                ),
            );
            ServiceKind::UnknownType
        }
    }
}

fn read_chart(name: &str, table: &Table, problems: &mut Problems) -> ServiceKind {
    let is_callback = written_text(table, "_service_type")
        .is_some_and(|(declared, _)| declared.eq_ignore_ascii_case("callback"));
    let Some((service, place)) = written_text(table, "_service") else {
        return ServiceKind::Callback(ChartSource::Shipped("callback".to_owned()));
    };
    if service == "callback" {
        return ServiceKind::Callback(ChartSource::Shipped(service.to_owned()));
    }
    let chart = chart_source(service).unwrap_or_else(|problem| {
        problems.error(place, format!("service `{name}`: `_service` is `{service}`, {problem}"));
        ChartSource::File(PathBuf::from(service))
    });
    if is_callback { ServiceKind::Callback(chart) } else { ServiceKind::Chart(chart) }
}

/// What a `_service` names: a shipped chart, a URL, or a file below the charts folder.
fn chart_source(service: &str) -> Result<ChartSource, String> {
    if SHIPPED_CHARTS.contains(&service) {
        return Ok(ChartSource::Shipped(service.to_owned()));
    }
    if service.contains("://") {
        return Url::parse(service)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https"))
            .map(ChartSource::Url)
            .ok_or_else(|| "which is not an `http` or `https` URL".to_owned());
    }
    let path = PathBuf::from(service);
    let stays = path.components().all(|part| matches!(part, std::path::Component::Normal(_)));
    if stays {
        Ok(ChartSource::File(path))
    } else {
        Err("which leads out of the charts folder; name a file below it".to_owned())
    }
}

fn read_entry(service: &mut Service, key: &str, entry: &Entry, problems: &mut Problems) {
    let place = &entry.node.place;
    if let Content::Table(_) | Content::Time(_) = entry.node.content
        && !key.starts_with('_')
    {
        let found = shown(&entry.node.content);
        problems.error(
            place,
            format!(
                "service `{}`: `{key}` is {found}; expected a text, number, boolean or list",
                service.name
            ),
        );
        return;
    }
    if let Some(definition) = service.tables.find(key) {
        read_option(service, key, definition, entry, problems);
    } else if key.starts_with('_') {
        read_stranger(service, key, entry);
    } else if key == "username" || key == "password" {
        read_credentials(service, key, entry, problems);
    } else if tokens::is_name(key) {
        service.parameters.insert(key.to_owned(), entry.node.to_json());
    } else {
        problems.error(
            &entry.key_place,
            format!(
                "service `{}`: `{key}` is not a name: letters, digits and underscores, not beginning with a digit",
                service.name
            ),
        );
    }
}

fn read_credentials(service: &mut Service, key: &str, entry: &Entry, problems: &mut Problems) {
    if let Content::Text(text) = &entry.node.content {
        service.credentials.set(key, text);
    } else {
        problems.error(&entry.node.place, format!("service `{}`: `{key}` is not a text", service.name));
    }
}

fn read_stranger(service: &mut Service, key: &str, entry: &Entry) {
    let value = entry.node.to_json();
    let has_tokens = value.as_str().is_some_and(|text| tokens::occurs(text, &service.tokens));
    service.unknown.push(UnknownOption { name: key.to_owned(), place: entry.key_place.clone() });
    service.options.insert(key.to_owned(), Setting { value, has_tokens, place: entry.node.place.clone() });
}

fn read_option(
    service: &mut Service,
    key: &str,
    definition: &'static OptionDefinition,
    entry: &Entry,
    problems: &mut Problems,
) {
    let place = &entry.node.place;
    let written = entry.node.to_json();
    let name = if definition.family { key } else { definition.name };
    if service.options.contains_key(name) {
        problems.error(
            &entry.key_place,
            format!(
                "service `{}`: `{key}` is another spelling of `{name}`, which is given as well",
                service.name
            ),
        );
        return;
    }
    let has_tokens = written.as_str().is_some_and(|text| tokens::occurs(text, &service.tokens));
    let (value, has_tokens) = match definition.kind.read(&written) {
        Ok(Reading::Value(value)) => (value, has_tokens),
        Ok(Reading::Unusual(value, note)) => {
            // What is said about support says more; `_type` has been told of already.
            if !has_tokens && key != "_type" && definition.is_supported(&value) {
                problems.warning(place, format!("service `{}`: `{key}`: {note}", service.name));
            }
            (value, has_tokens)
        }
        Ok(Reading::Empty) => (Value::Null, false),
        Err(_) if has_tokens && !definition.kind.is_structured() => (written, true),
        Err(problem) => {
            problems.error(place, format!("service `{}`: `{key}`: {problem}", service.name));
            return;
        }
    };
    if !has_tokens && !value.is_null() {
        warn_of_support(service, definition, key, &value, place, problems);
    }
    service.options.insert(name.to_owned(), Setting { value, has_tokens, place: place.clone() });
}

fn warn_of_support(
    service: &Service,
    definition: &OptionDefinition,
    key: &str,
    value: &Value,
    place: &Place,
    problems: &mut Problems,
) {
    match definition.supported {
        _ if definition.is_supported(value) => {}
        Supported::Only(only) => problems.warning(
            place,
            format!(
                "service `{}`: `{key}` is not supported yet with this value; only `{only}` is",
                service.name
            ),
        ),
        Supported::Now | Supported::NotYet => {
            problems.warning(place, format!("service `{}`: `{key}` is not supported yet", service.name))
        }
    }
}

/// Rules between lists: what may be overwritten, and lookup keys.
fn check_lists(service: &mut Service, problems: &mut Problems) {
    const OVERWRITABLE: &[&str] = &["_ors", "_target"];
    let texts = |service: &Service, option: &str| -> Option<(Vec<String>, Place)> {
        let setting = service.options.get(option)?;
        let items = setting.value.as_array()?;
        let texts = items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect();
        Some((texts, setting.place.clone()))
    };
    if let Some((names, place)) = texts(service, "_overwritable_options") {
        for name in names {
            if OVERWRITABLE.contains(&name.as_str()) {
                service.overwritable.insert(name);
            } else {
                problems.error(
                    &place,
                    format!(
                        "service `{}`: `_overwritable_options` may list only `_ors` and `_target`, not `{name}`",
                        service.name
                    ),
                );
            }
        }
    }
    let lookup = texts(service, "_customer_lookup_keys");
    let mandatory = texts(service, "_mandatory_customer_lookup_keys");
    if let (Some((lookup, place)), Some((mandatory, _))) = (lookup, mandatory) {
        for missing in mandatory.iter().filter(|key| !lookup.contains(key)) {
            problems.error(
                &place,
                format!(
                    "service `{}`: `_customer_lookup_keys` lacks `{missing}`, which is a mandatory lookup key",
                    service.name
                ),
            );
        }
    }
}
