//! The options that hold for one request: service, request, defaults and tokens brought together.
//!
//! Precedence (guide): a value that the service configures wins over the request's, except for what
//! `_overwritable_options` lists. Below both stand the properties of the service's events list, the `[callback]`
//! section and the defaults of the table. A request cannot set what restrains requests ([`Scope::Guard`]).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use statecharts::{SharedStart, SharedValue};

use super::options::{OptionDefinition, Reading, Scope};
use super::service::{ChartSource, Service, ServiceKind};
use super::tokens;

/// Why no effective options could be formed: facts of the request and of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OptionError {
    /// 40010.a: keys that identify the customer are missing.
    #[error("the request lacks the mandatory customer lookup keys {}", keys.join(","))]
    LookupKeysMissing {
        /// The missing keys, in the order of the option.
        keys: Vec<String>,
    },
    /// 40010.e: an option without which the callback cannot run is given nowhere.
    #[error("the mandatory option {option} is given neither by the service nor by the request")]
    Missing {
        /// Name.
        option: String,
    },
    /// 40010.f: an option without which the callback cannot run is given, but empty.
    #[error("the mandatory option {option} is empty")]
    Empty {
        /// Name.
        option: String,
    },
    /// 40010.x: a value of the request cannot be read.
    #[error("{option}: {found} is not {expected}")]
    Unreadable {
        /// Name.
        option: String,
        /// What was read.
        found: String,
        /// What is expected.
        expected: String,
    },
    /// 40010.x: a key of the request is no identifier.
    #[error("`{key}` cannot be a key: use letters, digits and underscores, not beginning with a digit")]
    InvalidKey {
        /// The key.
        key: String,
    },
}

/// Effective options of one request.
#[derive(Clone, PartialEq)]
pub struct Effective {
    base: Arc<Map<String, Value>>,
    overrides: Map<String, Value>,
    properties: Map<String, Value>,
    user_data: Map<String, Value>,
    warnings: Vec<String>,
}

impl Effective {
    /// Typed value of an option; `null` when it is unset.
    #[must_use]
    pub fn value(&self, option: &str) -> &Value {
        self.overrides.get(option).or_else(|| self.base.get(option)).unwrap_or(&Value::Null)
    }

    /// An option in seconds; zero when it is unset.
    #[must_use]
    pub fn seconds(&self, option: &str) -> Duration {
        Duration::from_secs(self.value(option).as_u64().unwrap_or(0))
    }

    /// An option in milliseconds; zero when it is unset.
    #[must_use]
    pub fn milliseconds(&self, option: &str) -> Duration {
        Duration::from_millis(self.value(option).as_u64().unwrap_or(0))
    }

    /// A truth value; `false` when it is unset.
    #[must_use]
    pub fn flag(&self, option: &str) -> bool {
        self.value(option).as_bool().unwrap_or(false)
    }

    /// A whole number.
    #[must_use]
    pub fn integer(&self, option: &str) -> Option<i64> {
        self.value(option).as_i64()
    }

    /// A number, with fractions.
    #[must_use]
    pub fn number(&self, option: &str) -> Option<f64> {
        self.value(option).as_f64()
    }

    /// A text.
    #[must_use]
    pub fn text(&self, option: &str) -> Option<&str> {
        self.value(option).as_str()
    }

    /// The texts of a list; empty when it is unset.
    #[must_use]
    pub fn list(&self, option: &str) -> Vec<&str> {
        self.value(option)
            .as_array()
            .map(|items| items.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default()
    }

    /// Keys that callbacks of this service are found by: the lookup keys and the mandatory ones.
    #[must_use]
    pub fn lookup_keys(&self) -> Vec<&str> {
        let mut keys = self.list("_customer_lookup_keys");
        for mandatory in self.list("_mandatory_customer_lookup_keys") {
            if !keys.contains(&mandatory) {
                keys.push(mandatory);
            }
        }
        keys
    }

    /// A property of the callback: an option, or user data.
    #[must_use]
    pub fn property(&self, key: &str) -> &Value {
        match self.value(key) {
            Value::Null => self.user_data.get(key).unwrap_or(&Value::Null),
            value => value,
        }
    }

    /// All options as one object: every known one is there, unset ones as `null`. Made anew at each call.
    #[must_use]
    pub fn to_object(&self) -> Map<String, Value> {
        let mut object = (*self.base).clone();
        object.extend(self.overrides.iter().map(|(key, value)| (key.clone(), value.clone())));
        object
    }

    /// What all sessions of the service share.
    #[must_use]
    pub fn base(&self) -> &Arc<Map<String, Value>> {
        &self.base
    }

    /// What differs from [`Self::base`] in this request.
    #[must_use]
    pub fn overrides(&self) -> &Map<String, Value> {
        &self.overrides
    }

    /// The options of this request as a session starts with them: `base`, which are [`Service::shared_options`], with the
    /// request's own values in their place, and without those that the request emptied.
    #[must_use]
    pub fn over(&self, base: &Arc<SharedValue>) -> SharedStart {
        let mut start = SharedStart { value: Arc::clone(base), own: Map::new(), without: Vec::new() };
        for (name, value) in &self.overrides {
            let below = self.base.get(name).filter(|below| !below.is_null());
            match (value, below) {
                (Value::Null, None) => {}
                (Value::Null, Some(_)) => start.without.push(name.clone()),
                (value, Some(below)) if value == below => {}
                (value, _) => {
                    start.own.insert(name.clone(), value.clone());
                }
            }
        }
        start
    }

    /// Gives an option a value, whatever service and request gave.
    pub(crate) fn set(&mut self, option: &str, value: Value) {
        self.overrides.insert(option.to_owned(), value);
    }

    /// What the request itself carried with a leading underscore, as it was written.
    #[must_use]
    pub fn request_properties(&self) -> &Map<String, Value> {
        &self.properties
    }

    /// User data: keys without leading underscore, of the request and of the service; the service's win.
    #[must_use]
    pub fn user_data(&self) -> &Map<String, Value> {
        &self.user_data
    }

    /// What is odd but no reason to refuse: tokens without a value, values that were not used.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

impl fmt::Debug for Effective {
    /// Names only: values may be numbers of customers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Effective")
            .field("overrides", &self.overrides.keys().collect::<Vec<_>>())
            .field("user_data", &self.user_data.keys().collect::<Vec<_>>())
            .field("warnings", &self.warnings)
            .finish_non_exhaustive()
    }
}

impl Service {
    /// The options that hold for a request, with every key of its body.
    ///
    /// Checks follow the order of `http-api.md` §A.1: values and tokens, then lookup keys, then mandatory options. The
    /// number and the desired time are read later, by their own rules.
    ///
    /// # Errors
    /// [`OptionError`], in the order of its variants from last to first.
    pub fn effective(&self, request: &Map<String, Value>) -> Result<Effective, OptionError> {
        let mut merge = Merge {
            service: self,
            request,
            overrides: Map::new(),
            empty: BTreeSet::new(),
            warnings: Vec::new(),
        };
        merge.take_request()?;
        let mut unset = BTreeSet::new();
        merge.fill_tokens(&mut unset)?;
        let user_data = merge.user_data(&mut unset)?;
        for token in unset {
            merge.warnings.push(format!("token `{token}` has no value in the request and stays as it is"));
        }
        let Merge { overrides, empty, warnings, .. } = merge;
        let mut effective = Effective {
            base: Arc::clone(&self.base),
            overrides,
            properties: request
                .iter()
                .filter(|(key, _)| key.starts_with('_'))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
            user_data,
            warnings,
        };
        self.settle_detection(&mut effective);
        if matches!(self.kind(), ServiceKind::Callback(_)) {
            check_lookup_keys(&effective)?;
        }
        self.check_mandatory(&effective, &empty)?;
        Ok(effective)
    }

    /// The default of `_cpd_enable` depends on the scenario (decision D-054).
    fn settle_detection(&self, effective: &mut Effective) {
        let is_given =
            self.configured("_cpd_enable").is_some() || effective.overrides.contains_key("_cpd_enable");
        if !is_given && has_agent_first(|option| effective.value(option).clone()) {
            effective.overrides.insert("_cpd_enable".to_owned(), Value::Bool(false));
        }
    }

    fn check_mandatory(&self, effective: &Effective, empty: &BTreeSet<String>) -> Result<(), OptionError> {
        let always =
            self.tables.iter().filter(|definition| definition.mandatory).map(|definition| definition.name);
        for option in always.chain(self.required_by_scenario(effective)) {
            if effective.value(option).is_null() {
                let option = option.to_owned();
                return Err(if self.configures(&option) || empty.contains(&option) {
                    OptionError::Empty { option }
                } else {
                    OptionError::Missing { option }
                });
            }
        }
        Ok(())
    }

    /// Options without which the scenario cannot run. A chart of one's own says itself what it needs.
    fn required_by_scenario(&self, effective: &Effective) -> Vec<&'static str> {
        let mut required = Vec::new();
        let is_ours = matches!(self.kind(), ServiceKind::Callback(ChartSource::Shipped(_)));
        if is_ours && effective.text("_media_type") == Some("voice") {
            let way = match effective.text("_call_direction") {
                Some("USERTERMINATED") if effective.flag("_agent_first_via_tg") => "_trunk_group",
                Some("USERTERMINATED") => "_route_point",
                _ => "_resource_group",
            };
            required.extend([way, "_urs_virtual_queue", "_target"]);
        }
        if matches!(effective.text("_enable_status_notification"), Some("notify" | "subscribe_notify")) {
            required.push("_status_notification_target");
        }
        if effective.flag("_rep_userevent_enable") {
            required.extend(["_rep_userevent_dn", "_rep_userevent_switch"]);
        }
        required
    }
}

/// Whether the scenario connects the agent before the customer, or shows the agent a preview.
pub(super) fn has_agent_first(value: impl Fn(&str) -> Value) -> bool {
    value("_agent_preview") == Value::Bool(true) || value("_userterminated_first_connect_party") == "AGENT"
}

fn check_lookup_keys(effective: &Effective) -> Result<(), OptionError> {
    let is_missing = |key: &&str| match effective.property(key) {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        _ => false,
    };
    let keys: Vec<String> = effective
        .list("_mandatory_customer_lookup_keys")
        .into_iter()
        .filter(is_missing)
        .map(str::to_owned)
        .collect();
    if keys.is_empty() { Ok(()) } else { Err(OptionError::LookupKeysMissing { keys }) }
}

struct Merge<'a> {
    service: &'a Service,
    request: &'a Map<String, Value>,
    overrides: Map<String, Value>,
    /// Options that the request gives, but empty.
    empty: BTreeSet<String>,
    warnings: Vec<String>,
}

impl Merge<'_> {
    fn take_request(&mut self) -> Result<(), OptionError> {
        for (key, written) in self.request {
            if !key.starts_with('_') {
                continue;
            }
            match self.service.tables.find(key).filter(|found| !found.family) {
                Some(definition) => self.take_option(definition, written)?,
                None if !tokens::is_name(key) => {
                    return Err(OptionError::InvalidKey { key: key.clone() });
                }
                None if self.has_value(key) => {}
                None => {
                    self.overrides.insert(key.clone(), written.clone());
                }
            }
        }
        Ok(())
    }

    /// Whether the service gives an option a value, now or after its tokens are filled.
    fn has_value(&self, option: &str) -> bool {
        self.service.options.get(option).is_some_and(|setting| setting.has_tokens || !setting.value.is_null())
    }

    fn take_option(
        &mut self,
        definition: &'static OptionDefinition,
        written: &Value,
    ) -> Result<(), OptionError> {
        let option = definition.name;
        let is_configured = self.has_value(option);
        let may_set = self.service.overwritable.contains(option)
            || match definition.scope {
                Scope::RequestFirst => true,
                Scope::Service | Scope::Request | Scope::Both => !is_configured,
                Scope::Guard => false,
            };
        if !may_set {
            if !is_configured {
                self.warnings
                    .push(format!("{option} of the request is not used: only the service may set it"));
            }
            return Ok(());
        }
        match definition.kind.read(written) {
            Ok(Reading::Value(value)) => {
                self.overrides.insert(option.to_owned(), value);
            }
            Ok(Reading::Unusual(value, note)) => {
                self.overrides.insert(option.to_owned(), value);
                self.warnings.push(format!("{option}: {note}"));
            }
            Ok(Reading::Empty) => {
                self.empty.insert(option.to_owned());
            }
            Err(problem) => {
                return Err(OptionError::Unreadable {
                    option: option.to_owned(),
                    found: problem.found,
                    expected: problem.expected,
                });
            }
        }
        Ok(())
    }

    /// Values of the declared tokens, as the request gives them.
    fn given_tokens(&self) -> BTreeMap<String, String> {
        self.service
            .tokens
            .iter()
            .filter_map(|token| {
                let text = match self.request.get(token)? {
                    Value::Null => return None,
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                Some((token.clone(), text))
            })
            .collect()
    }

    fn fill_tokens(&mut self, unset: &mut BTreeSet<String>) -> Result<(), OptionError> {
        let given = self.given_tokens();
        for (option, setting) in &self.service.options {
            if !setting.has_tokens || self.overrides.contains_key(option) {
                continue;
            }
            let mut missing = BTreeSet::new();
            let filled = tokens::fill(&setting.value, &self.service.tokens, &given, &mut missing);
            let read = match self.service.tables.find(option) {
                Some(definition) => definition.kind.read(&filled),
                None => Ok(Reading::Value(filled)),
            };
            match read {
                Ok(Reading::Value(value) | Reading::Unusual(value, _)) => {
                    self.overrides.insert(option.clone(), value);
                }
                Ok(Reading::Empty) => {
                    self.overrides.insert(option.clone(), Value::Null);
                    self.empty.insert(option.clone());
                }
                Err(problem) if missing.is_empty() => {
                    return Err(OptionError::Unreadable {
                        option: option.clone(),
                        found: problem.found,
                        expected: problem.expected,
                    });
                }
                // Text that cannot stay in a number: the default of the option holds.
                Err(problem) => self.warnings.push(format!("{option} is not used: {problem}")),
            }
            unset.append(&mut missing);
        }
        Ok(())
    }

    fn user_data(&self, unset: &mut BTreeSet<String>) -> Result<Map<String, Value>, OptionError> {
        let mut user_data = Map::new();
        for (key, value) in self.request {
            if key.starts_with('_') {
                continue;
            }
            if !tokens::is_name(key) {
                return Err(OptionError::InvalidKey { key: key.clone() });
            }
            user_data.insert(key.clone(), value.clone());
        }
        let given = self.given_tokens();
        for (name, value) in &self.service.parameters {
            let mut missing = BTreeSet::new();
            let filled = tokens::fill(value, &self.service.tokens, &given, &mut missing);
            if missing.is_empty() {
                user_data.insert(name.clone(), filled);
            }
            unset.append(&mut missing);
        }
        Ok(user_data)
    }
}
