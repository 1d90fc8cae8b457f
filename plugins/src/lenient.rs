//! Numbers that may arrive as text: forms and chart parameters have no other way to say them.

use serde::{Deserialize, Deserializer, de::Error};

#[derive(Deserialize)]
#[serde(untagged)]
enum NumberOrText {
    Number(u32),
    Text(String),
}

/// Reads a whole number, or the text of one.
pub(crate) fn number<'de, D, N>(deserializer: D) -> Result<N, D::Error>
where
    D: Deserializer<'de>,
    N: TryFrom<u32>,
{
    let number = match NumberOrText::deserialize(deserializer)? {
        NumberOrText::Number(number) => number,
        NumberOrText::Text(text) => parse(&text).map_err(Error::custom)?,
    };
    N::try_from(number).map_err(|_too_large| Error::custom(format!("{number} is too large")))
}

/// Reads a whole number, or the text of one; nothing and empty text are `None`.
pub(crate) fn optional_number<'de, D>(deserializer: D) -> Result<Option<u32>, D::Error>
where
    D: Deserializer<'de>,
{
    match Option::<NumberOrText>::deserialize(deserializer)? {
        None => Ok(None),
        Some(NumberOrText::Number(number)) => Ok(Some(number)),
        Some(NumberOrText::Text(text)) if text.trim().is_empty() => Ok(None),
        Some(NumberOrText::Text(text)) => parse(&text).map(Some).map_err(Error::custom),
    }
}

fn parse(text: &str) -> Result<u32, String> {
    text.trim().parse().map_err(|_unreadable| format!("`{text}` is not a whole number from 0"))
}
