//! Tokens: `$name$` in the options of a service, filled from the request (guide: tokens; decision D-031).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// The token that a value declares: the name in `$name$`, if the value is nothing else.
pub(super) fn declared(text: &str) -> Option<&str> {
    let name = text.trim().strip_prefix('$')?.strip_suffix('$')?;
    is_name(name).then_some(name)
}

/// Whether there is something that looks like a token, declared or not.
pub(super) fn may_occur(text: &str) -> bool {
    text.split('$').skip(1).any(is_name) && text.matches('$').count() > 1
}

/// Whether a text is a name of the kind that tokens and keys of a request have: an ECMAScript identifier.
///
/// Letters of other scripts are allowed as ECMAScript allows them; `.` and `-` are not.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|first| first.is_alphabetic() || first == '_' || first == '$')
        && characters.all(|next| next.is_alphanumeric() || next == '_' || next == '$')
        && !text.contains('$')
}

/// Whether any declared token occurs in a text.
pub(super) fn occurs(text: &str, tokens: &BTreeSet<String>) -> bool {
    text.contains('$') && tokens.iter().any(|token| text.contains(&marked(token)))
}

/// Replaces every token that has a value, in every text of a value; what has none stays and is added to `unset`.
///
/// Parts of a JSON value are replaced one by one, so that a token's value can never become structure.
pub(super) fn fill(
    value: &Value,
    tokens: &BTreeSet<String>,
    given: &BTreeMap<String, String>,
    unset: &mut BTreeSet<String>,
) -> Value {
    match value {
        Value::String(text) => Value::String(fill_text(text, tokens, given, unset)),
        Value::Array(items) => items.iter().map(|item| fill(item, tokens, given, unset)).collect(),
        Value::Object(pairs) => {
            pairs.iter().map(|(key, item)| (key.clone(), fill(item, tokens, given, unset))).collect()
        }
        other => other.clone(),
    }
}

/// One pass from left to right: a token's value is never searched for tokens itself.
fn fill_text(
    text: &str,
    tokens: &BTreeSet<String>,
    given: &BTreeMap<String, String>,
    unset: &mut BTreeSet<String>,
) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        filled.push_str(before);
        let token = after.split_once('$').filter(|(name, _)| tokens.contains(*name));
        match token {
            Some((name, behind)) => {
                if let Some(value) = given.get(name) {
                    filled.push_str(value);
                } else {
                    unset.insert(name.to_owned());
                    filled.push_str(&marked(name));
                }
                rest = behind;
            }
            None => {
                filled.push('$');
                rest = after;
            }
        }
    }
    filled.push_str(rest);
    filled
}

fn marked(token: &str) -> String {
    format!("${token}$")
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use serde_json::{Value, json};

    use super::{declared, fill, is_name};

    fn filled(value: Value, given: &[(&str, &str)]) -> (Value, Vec<String>) {
        let tokens = BTreeSet::from(["sat".to_owned(), "pool".to_owned()]);
        let given: BTreeMap<String, String> =
            given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut unset = BTreeSet::new();
        let value = fill(&value, &tokens, &given, &mut unset);
        (value, unset.into_iter().collect())
    }

    #[test]
    fn only_a_value_that_is_nothing_else_declares_a_token() {
        assert_eq!(declared("$sat$"), Some("sat"));
        assert_eq!(declared("Sales@$sat$.GA"), None);
        assert_eq!(declared("$$"), None);
        assert_eq!(declared("$a-b$"), None);
    }

    #[test]
    fn every_occurrence_is_replaced() {
        let (value, unset) = filled(json!("Sales@$sat$.GA,Loans@$sat$.GA"), &[("sat", "StatEast")]);
        assert_eq!(value, "Sales@StatEast.GA,Loans@StatEast.GA");
        assert!(unset.is_empty());
    }

    #[test]
    fn an_unset_token_stays_as_it_is_and_is_told() {
        let (value, unset) = filled(json!("$pool$@$sat$.GA"), &[("sat", "S")]);
        assert_eq!(value, "$pool$@S.GA");
        assert_eq!(unset, ["pool"]);
    }

    #[test]
    fn a_value_is_not_searched_for_tokens() {
        let (value, _) = filled(json!("$sat$ $pool$"), &[("sat", "$pool$"), ("pool", "p")]);
        assert_eq!(value, "$pool$ p");
    }

    #[test]
    fn a_lone_dollar_is_a_dollar() {
        assert_eq!(filled(json!("5$ of $x$ $sat$"), &[("sat", "S")]).0, "5$ of $x$ S");
    }

    #[test]
    fn a_value_cannot_become_structure() {
        let (value, _) = filled(json!({"extensions": {"CPNDigits": "$sat$"}}), &[("sat", "1\",\"x\":\"2")]);
        assert_eq!(value, json!({"extensions": {"CPNDigits": "1\",\"x\":\"2"}}));
    }

    #[test]
    fn names_are_identifiers() {
        assert!(is_name("usr_name1") && is_name("_x") && is_name("größe"));
        assert!(!is_name("a.b") && !is_name("a-b") && !is_name("1a") && !is_name(""));
    }
}
