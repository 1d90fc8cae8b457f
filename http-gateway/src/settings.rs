//! What the binary tells the gateway.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// Settings of the HTTP surface. Read at start.
#[derive(Clone, Debug)]
pub struct Settings {
    /// First element of every path of the API; may be empty. Default `genesys` (decision D-004).
    pub base_path: String,
    /// Realm of the Basic scheme. Default `Genesys Application Configuration Needed` (guide: server/realm).
    pub realm: String,
    /// Who may use the service paths. Default: everybody.
    pub clients: ClientCredentials,
    /// Who may use administration, orchestration and agents. `None` refuses everybody.
    pub admin: Option<Credentials>,
    /// Also read the guide's `Authentication: Basic=…`. Default false (decision D-026).
    pub legacy_authentication_header: bool,
    /// Origins besides our own whose pages may use the paths that want credentials, such as `https://desk.example`.
    pub trusted_origins: Vec<String>,
    /// Largest body, bytes. Default 1 MiB; beyond it 413.
    pub body_limit: usize,
    /// Longest time for a body to arrive. Default 30 s; beyond it 408.
    pub body_timeout: Duration,
    /// Interval of pings on sockets and of comments on streams. Default 15 s.
    pub ping_interval: Duration,
    /// A socket that was silent so long is dead. Default 45 s.
    pub silence_limit: Duration,
    /// Worker threads, from 1. Default 2.
    pub workers: usize,
    /// How long requests under way may take when the server stops. Default 30 s.
    pub stop_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            base_path: "genesys".to_owned(),
            realm: "Genesys Application Configuration Needed".to_owned(),
            clients: ClientCredentials::default(),
            admin: None,
            legacy_authentication_header: false,
            trusted_origins: Vec::new(),
            body_limit: 1024 * 1024,
            body_timeout: Duration::from_secs(30),
            ping_interval: Duration::from_secs(15),
            silence_limit: Duration::from_secs(45),
            workers: 2,
            stop_timeout: Duration::from_secs(30),
        }
    }
}

impl Settings {
    /// The base path as a prefix of URLs: `/genesys`, or nothing.
    #[must_use]
    pub fn prefix(&self) -> String {
        match self.base_path.trim_matches('/') {
            "" => String::new(),
            base => format!("/{base}"),
        }
    }
}

/// Who may use the service paths; without any pair everybody (guide: authentication; decision D-115).
#[derive(Clone, Debug, Default)]
pub struct ClientCredentials {
    /// Pair of all service paths, section `server`.
    pub server: Option<Credentials>,
    /// Pair of the callback paths, section `callback`; goes before that of the server.
    pub callback: Option<Credentials>,
    /// Pairs by service, sections `service.NAME`; go before both.
    pub services: BTreeMap<String, Credentials>,
}

/// A user name and a password. The `Debug` form hides the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// User name.
    pub username: String,
    /// Password.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("username", &self.username).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{Credentials, Settings};

    #[test]
    fn debug_form_hides_the_password() {
        let credentials = Credentials { username: "admin".to_owned(), password: "open sesame".to_owned() };
        assert!(!format!("{credentials:?}").contains("sesame"));
    }

    #[test]
    fn base_path_may_be_written_with_slashes_or_be_empty() {
        for (base_path, prefix) in [("genesys", "/genesys"), ("/api/", "/api"), ("", ""), ("/", "")] {
            let settings = Settings { base_path: base_path.to_owned(), ..Settings::default() };
            assert_eq!(settings.prefix(), prefix);
        }
    }
}
