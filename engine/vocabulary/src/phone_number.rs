//! A telephone number that logs do not show.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A telephone number as it is stored and dialled; its `Debug` form shows the last two digits only.
///
/// Whether a number is acceptable is decided at admission; this type only keeps it out of logs.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PhoneNumber(Arc<str>);

impl PhoneNumber {
    /// Wraps a number as it is written.
    #[must_use]
    pub fn new(text: impl AsRef<str>) -> Self {
        Self(Arc::from(text.as_ref()))
    }

    /// The number as it is written, `+12025550123`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The digits only, without `+`.
    pub fn digits(&self) -> impl Iterator<Item = char> + '_ {
        self.0.chars().filter(char::is_ascii_digit)
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.chars().count();
        let shown: String = self.0.chars().skip(count.saturating_sub(2)).collect();
        write!(f, "PhoneNumber(…{shown})")
    }
}

#[cfg(test)]
mod tests {
    use super::PhoneNumber;

    #[test]
    fn debug_form_hides_the_number() {
        assert_eq!(format!("{:?}", PhoneNumber::new("+12025550123")), "PhoneNumber(…23)");
    }
}
