//! User name and password, kept out of logs.

use std::fmt;

use super::document::{Content, Table};
use super::problem::Problems;

/// A user name and a password; either may be missing (guide: a user name without a password has no effect).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Credentials {
    user_name: Option<String>,
    password: Option<String>,
}

impl Credentials {
    /// Credentials from what was written; empty texts count as absent.
    #[must_use]
    pub fn new(user_name: Option<String>, password: Option<String>) -> Self {
        Self {
            user_name: user_name.filter(|text| !text.is_empty()),
            password: password.filter(|text| !text.is_empty()),
        }
    }

    /// User name.
    #[must_use]
    pub fn user_name(&self) -> Option<&str> {
        self.user_name.as_deref()
    }

    /// Password.
    #[must_use]
    pub fn password(&self) -> Option<&str> {
        self.password.as_deref()
    }

    /// These, with what is missing taken from `other` (guide: with only a user name the server's password applies).
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        Self {
            user_name: self.user_name.clone().or_else(|| other.user_name.clone()),
            password: self.password.clone().or_else(|| other.password.clone()),
        }
    }

    /// User name and password, if both are there: then they are required of clients.
    #[must_use]
    pub fn complete(&self) -> Option<(&str, &str)> {
        Some((self.user_name()?, self.password()?))
    }

    pub(super) fn set(&mut self, key: &str, text: &str) {
        let text = (!text.is_empty()).then(|| text.to_owned());
        match key {
            "username" => self.user_name = text,
            _ => self.password = text,
        }
    }
}

/// Says where credentials are given that protect nothing. A password without a user name is refused: whoever wrote it
/// believes that the paths want it.
pub(super) fn check(root: &Table, problems: &mut Problems) {
    let empty = Table::new();
    let table = |root: &'_ Table, name: &str| match root.get(name).map(|entry| &entry.node.content) {
        Some(Content::Table(table)) => table.clone(),
        _ => empty.clone(),
    };
    let server = table(root, "server");
    let (has_server_name, has_server_password) =
        (is_given(&server, "username"), is_given(&server, "password"));
    let services = table(root, "service");
    let sections = [("[server]".to_owned(), server), ("[callback]".to_owned(), table(root, "callback"))]
        .into_iter()
        .chain(services.keys().map(|name| (format!("[service.{name}]"), table(&services, name))));
    for (section, keys) in sections {
        let (name, password) = (is_given(&keys, "username"), is_given(&keys, "password"));
        if let (true, false, false, Some(entry)) = (password, name, has_server_name, keys.get("password")) {
            problems.error(
                &entry.node.place,
                format!("{section} `password`: there is no `username` to it, and without one nothing is protected; add it"),
            );
        }
        if let (true, false, false, Some(entry)) = (name, password, has_server_password, keys.get("username"))
        {
            problems.warning(
                &entry.node.place,
                format!("{section} `username`: it has no effect without a `password`"),
            );
        }
    }
}

fn is_given(keys: &Table, key: &str) -> bool {
    keys.get(key).is_some_and(|entry| match &entry.node.content {
        Content::Text(text) => !text.trim().is_empty(),
        _ => true,
    })
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("user_name", &self.user_name)
            .field("password", &self.password.as_ref().map(|_| "…"))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::Credentials;
    use crate::configuration::Configuration;

    #[test]
    fn password_without_a_user_name_is_refused_where_it_stands() {
        for (text, section) in [
            ("[server]\npassword = \"p\"", "[server]"),
            ("[server]\nusername = \"\"\npassword = \"p\"", "[server]"),
            ("[callback]\npassword = \"p\"", "[callback]"),
            ("[service.sales]\n_type = \"ors\"\n_service = \"inbound\"\npassword = \"p\"", "[service.sales]"),
        ] {
            let refused = Configuration::parse(text, "a.toml").unwrap_err().to_string();
            let line = text.lines().count();
            assert!(refused.contains(&format!("a.toml:{line}:")), "{refused}");
            assert!(refused.contains(section) && refused.contains("`username`"), "{refused}");
        }
        let by_variable = [("RINGBACK_SERVER__PASSWORD".to_owned(), "p".to_owned())];
        let refused = Configuration::parse_with("", "a.toml", by_variable).unwrap_err().to_string();
        assert!(refused.contains("RINGBACK_SERVER__PASSWORD"), "{refused}");
    }

    #[test]
    fn password_of_a_section_may_have_the_servers_user_name() {
        let text = "[server]\nusername = \"a\"\npassword = \"b\"\n[callback]\npassword = \"p\"";
        assert_eq!(Configuration::parse(text, "a.toml").unwrap().warnings, []);
    }

    #[test]
    fn user_name_without_any_password_is_warned_of() {
        for text in ["[server]\nusername = \"a\"", "[callback]\nusername = \"a\""] {
            let warnings = Configuration::parse(text, "a.toml").unwrap().warnings;
            assert!(warnings[0].to_string().starts_with("a.toml:2:"), "{warnings:?}");
            assert!(warnings[0].message.contains("no effect without a `password`"), "{warnings:?}");
        }
    }

    #[test]
    fn password_is_not_shown() {
        let credentials = Credentials::new(Some("a".to_owned()), Some("s3cret".to_owned()));
        assert!(!format!("{credentials:?}").contains("s3cret"));
    }

    #[test]
    fn user_name_alone_takes_the_servers_password() {
        let server = Credentials::new(Some("server".to_owned()), Some("p".to_owned()));
        let service = Credentials::new(Some("own".to_owned()), None);
        assert_eq!(service.or(&server).complete(), Some(("own", "p")));
        assert_eq!(service.complete(), None);
    }
}
