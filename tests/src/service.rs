//! Options of a service, as a test writes them.

use std::collections::BTreeMap;

use serde_json::Value;

/// A section `[service.NAME]`.
///
/// ```
/// let service = scenarios::Service::immediate().with("_max_dial_attempts", 2);
/// assert!(service.to_toml("now").contains("_max_dial_attempts = 2"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Service(BTreeMap<String, Value>);

impl Service {
    /// A service without options.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// User terminated, immediate, customer first (guide: "User Terminated Immediate"). No prefix, country US.
    #[must_use]
    pub fn immediate() -> Self {
        Self::empty()
            .with("_type", "ors")
            .with("_service", "callback")
            .with("_media_type", "voice")
            .with("_call_direction", "USERTERMINATED")
            .with("_wait_for_agent", false)
            .with("_wait_for_user_confirm", false)
            .with("_userterminated_first_connect_party", "CUSTOMER")
            .with("_route_point", "8000@SIP_Switch")
            .with("_urs_virtual_queue", "VQ_Callback")
            .with("_target", "Support@StatServer.GA")
            .with("_resource_group", "DNIS")
            .with("_default_country", "US")
    }

    /// User terminated, delayed, with confirmation by push (guide: "User Terminated Delayed").
    #[must_use]
    pub fn delayed() -> Self {
        Self::immediate().with("_wait_for_agent", true).with("_wait_for_user_confirm", true)
    }

    /// User originated, immediate (guide: "User Originated Immediate"): the customer dials an access number.
    #[must_use]
    pub fn originated() -> Self {
        Self::immediate().with("_call_direction", "USERORIGINATED")
    }

    /// Sets an option: a text, a number or a boolean.
    #[must_use]
    pub fn with(mut self, option: &str, value: impl Into<Value>) -> Self {
        self.0.insert(option.to_owned(), value.into());
        self
    }

    /// Takes an option away.
    #[must_use]
    pub fn without(mut self, option: &str) -> Self {
        self.0.remove(option);
        self
    }

    /// Sends the status events of every callback to a URL (guide: status notification, `httpcb`).
    #[must_use]
    pub fn notifying(self, url: &str) -> Self {
        self.with("_enable_status_notification", "notify")
            .with("_status_notification_type", "httpcb")
            .with("_status_notification_target", url)
    }

    /// The section as TOML.
    #[must_use]
    pub fn to_toml(&self, name: &str) -> String {
        let mut text = format!("\n[service.{name}]\n");
        for (option, value) in &self.0 {
            // A JSON text is also a text of TOML, as long as it has no characters that JSON escapes alone.
            text.push_str(&format!("{option} = {value}\n"));
        }
        text
    }
}
