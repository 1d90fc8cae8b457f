//! What a platform is started with: configuration and charts.

use std::path::{Path, PathBuf};

use crate::Service;

/// User name of the operator in every configuration of these tests.
pub(crate) const USER: &str = "operator";
/// Password of the operator.
pub(crate) const PASSWORD: &str = "for tests only";

/// The floor that every test stands on: two agents with manual phones, not ready; a switch whose calls never end by
/// themselves and whose times are exact.
const FLOOR: &str = r#"
[list.GMS_Resources.DNIS]
numbers = ["+12025550190", "+12025550191"]

[list.GMS_Paused_Services.services]
all = false

[agents.7001]
name = "Ada"
groups = ["Support"]
login = "not_ready"

[agents.7002]
name = "Grace"
groups = ["Support"]
login = "not_ready"

[service.request-access]
_type = "builtin"
_service = "request-access"

[service.match-interaction]
_type = "builtin"
_service = "match-interaction"

[switch]
kind = "simulated"
seed = 1
setup_time = 0.5
answers_after = 3
detection_time = 2
beep_after = 6
file_length = 5
digits_after = 3
alerting_after = 0.2
jitter = 0
talk_time = 0
agents = "manual"
"#;

/// Configuration and charts of a platform.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    server: String,
    callback: String,
    sections: String,
    floor_ends: String,
    port: u16,
    is_open: bool,
    data: Option<PathBuf>,
    charts: Vec<(String, String)>,
}

impl Setup {
    /// The floor alone: no callback service.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The floor and one service.
    #[must_use]
    pub fn of(name: &str, service: &Service) -> Self {
        Self::new().service(name, service)
    }

    /// Adds a service.
    #[must_use]
    pub fn service(mut self, name: &str, service: &Service) -> Self {
        self.sections.push_str(&service.to_toml(name));
        self
    }

    /// Leaves user name and password out of `[server]`: the service paths are open, nobody is an operator.
    #[must_use]
    pub fn without_credentials(mut self) -> Self {
        self.is_open = true;
        self
    }

    /// Listens on this port in place of a free one.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Keeps its data in this folder in place of its own.
    #[must_use]
    pub fn data(mut self, folder: &Path) -> Self {
        self.data = Some(folder.to_owned());
        self
    }

    /// Adds lines to `[server]`.
    #[must_use]
    pub fn server(mut self, lines: &str) -> Self {
        self.server.push_str(lines);
        self.server.push('\n');
        self
    }

    /// Adds lines to `[callback]`.
    #[must_use]
    pub fn callback(mut self, lines: &str) -> Self {
        self.callback.push_str(lines);
        self.callback.push('\n');
        self
    }

    /// Adds lines to `[switch]`, its last section.
    #[must_use]
    pub fn switch(mut self, lines: &str) -> Self {
        self.floor_ends.push_str(lines);
        self.floor_ends.push('\n');
        self
    }

    /// Puts a file into the charts folder.
    #[must_use]
    pub fn chart(mut self, name: &str, text: impl Into<String>) -> Self {
        self.charts.push((name.to_owned(), text.into()));
        self
    }

    /// Writes the charts below a folder.
    pub(crate) fn write_charts(&self, folder: &Path) {
        std::fs::create_dir_all(folder).unwrap();
        for (name, text) in &self.charts {
            let file = folder.join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
    }

    /// The configuration for a platform that lives in a folder.
    #[must_use]
    pub fn to_toml(&self, folder: &Path) -> String {
        let data = quoted(self.data.as_ref().unwrap_or(&folder.join("data")));
        let (charts, port) = (quoted(&folder.join("charts")), self.port);
        let credentials = match self.is_open {
            true => String::new(),
            false => format!("username = \"{USER}\"\npassword = \"{PASSWORD}\"\n"),
        };
        format!(
            "[server]\nlisten = \"127.0.0.1\"\nport = {port}\n{credentials}\
             clock = \"manual\"\ndata = {data}\ncharts = {charts}\negress_allow = [\"127.0.0.1\"]\n{}\n\
             [callback]\n{}\n{}{FLOOR}{}",
            self.server, self.callback, self.sections, self.floor_ends
        )
    }
}

/// A path as a text of TOML.
fn quoted(path: &Path) -> String {
    serde_json::Value::from(path.to_str().unwrap()).to_string()
}
