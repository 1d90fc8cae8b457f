//! What a [`CallbackQuery`] accepts.

use serde_json::Value;

use crate::port::CallbackQuery;
use crate::row::CallbackRow;

/// Rows that a query gives when it names no limit.
const LIMIT_DEFAULT: usize = 500;

impl CallbackQuery {
    /// The limit that counts: 500 when none is named.
    pub(crate) fn effective_limit(&self) -> usize {
        if self.limit == 0 { LIMIT_DEFAULT } else { self.limit }
    }

    /// Whether a record matches; the limit is not looked at.
    #[must_use]
    pub fn accepts(&self, row: &CallbackRow) -> bool {
        self.service.as_ref().is_none_or(|service| *service == row.service)
            && !self.except_services.contains(&row.service)
            && self.customer_number.as_ref().is_none_or(|number| Some(number) == row.customer_number.as_ref())
            && (self.states.is_empty() || self.states.contains(&row.state))
            && self.desired_from.is_none_or(|from| row.desired_time >= from)
            && self.desired_to.is_none_or(|to| row.desired_time < to)
            && self.requested_from.is_none_or(|from| row.requested_at >= from)
            && self.accepts_properties(row)
    }

    /// Whether each wanted property is among the properties or the user data of a record.
    pub(crate) fn accepts_properties(&self, row: &CallbackRow) -> bool {
        self.properties.iter().all(|(name, text)| {
            [&row.properties, &row.user_data]
                .into_iter()
                .filter_map(|map| map.get(name))
                .any(|value| has_text(value, text))
        })
    }
}

fn has_text(value: &Value, text: &str) -> bool {
    if let Value::String(string) = value {
        return string == text;
    }
    let written = value.to_string();
    written == text
}
