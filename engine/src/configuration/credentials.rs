//! User name and password, kept out of logs.

use std::fmt;

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
