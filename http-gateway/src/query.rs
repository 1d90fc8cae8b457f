//! Queries of the callback API: what the pairs of a URL ask for. Pure.

use engine::Refusal;
use engine::api::{Lookup, QueueListing};
use vocabulary::{CallbackState, Timestamp};

use crate::errors::ErrorReply;

/// Reads a query by properties.
///
/// Whether a property can be looked up, and whether there is one at all, is for the engine to say.
//= guide: query by properties
pub(crate) fn lookup(service: Option<&str>, pairs: Vec<(String, String)>) -> Result<Lookup, ErrorReply> {
    let mut lookup = Lookup { service: service.map(str::to_owned), ..Lookup::default() };
    for (name, value) in pairs {
        match name.as_str() {
            "operand" => lookup.any = is_or(&value)?,
            "_callback_state" => lookup.state = Some(state_filter(&value)?),
            "_desired_time_from" => lookup.desired_from = Some(time(&name, &value)?),
            "_desired_time_to" => lookup.desired_to = Some(time(&name, &value)?),
            _property => lookup.properties.push((name, value)),
        }
    }
    Ok(lookup)
}

/// Reads a query by queues.
//= guide: query by queues
pub(crate) fn listing(pairs: Vec<(String, String)>) -> Result<QueueListing, ErrorReply> {
    let mut listing = QueueListing::default();
    for (name, value) in pairs {
        match name.as_str() {
            "target" => listing.target = Some(value).filter(|target| !target.is_empty()),
            "start_time" => listing.start_time = Some(time(&name, &value)?),
            "end_time" => listing.end_time = Some(time(&name, &value)?),
            "states" | "_callback_state" => {
                for text in value.split(',').map(str::trim).filter(|text| !text.is_empty()) {
                    listing.states.push(state(text)?);
                }
            }
            "max" => {
                listing.max = value
                    .parse()
                    .map_err(|_unreadable| unreadable(&name, &value, "a whole number from 0"))?;
            }
            // Whether it can be filtered by is for the engine to say.
            _further => listing.filters.push((name, value)),
        }
    }
    Ok(listing)
}

/// Reads a boolean of a query.
pub(crate) fn boolean(name: &str, value: &str) -> Result<bool, ErrorReply> {
    match value.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _other => Err(unreadable(name, value, "true or false")),
    }
}

/// The error of a value that cannot be read, naming it and what was expected.
pub(crate) fn unreadable(name: &str, value: &str, expected: &str) -> ErrorReply {
    ErrorReply::bad_parameter(format!("`{name}` is `{value}`: expected {expected}"))
}

fn is_or(value: &str) -> Result<bool, ErrorReply> {
    match value.to_ascii_uppercase().as_str() {
        "OR" => Ok(true),
        "AND" => Ok(false),
        _other => Err(unreadable("operand", value, "AND or OR")),
    }
}

fn time(name: &str, value: &str) -> Result<Timestamp, ErrorReply> {
    Timestamp::parse(value).map_err(|error| ErrorReply::bad_parameter(format!("`{name}`: {error}")))
}

/// A state, negated by `!`, bare or in single quotes (decision D-037).
fn state_filter(value: &str) -> Result<(CallbackState, bool), ErrorReply> {
    let bare = value.trim().trim_matches('\'');
    match bare.strip_prefix('!') {
        Some(negated) => Ok((state(negated.trim_matches('\''))?, true)),
        None => Ok((state(bare)?, false)),
    }
}

fn state(text: &str) -> Result<CallbackState, ErrorReply> {
    text.parse().map_err(|error: vocabulary::UnknownCallbackState| {
        let filter = format!("_callback_state={}", error.text);
        Refusal::BadFilter { filter }.into()
    })
}

#[cfg(test)]
mod tests {
    use vocabulary::{CallbackState, Timestamp};

    use super::{boolean, listing, lookup};
    use crate::body::query_pairs;

    #[test]
    fn properties_and_filters_are_told_apart() {
        let read = lookup(
            Some("billing"),
            query_pairs("_customer_number=%2B12025550123&topic=loan&operand=OR&_callback_state=!COMPLETED&_desired_time_from=2031-05-06T14:10:00Z"),
        )
        .unwrap();
        assert_eq!(read.service.as_deref(), Some("billing"));
        assert_eq!(
            read.properties,
            [
                ("_customer_number".to_owned(), "+12025550123".to_owned()),
                ("topic".to_owned(), "loan".to_owned())
            ]
        );
        assert!(read.any);
        assert_eq!(read.state, Some((CallbackState::Completed, true)));
        assert_eq!(read.desired_from, Some(Timestamp::parse("2031-05-06T14:10:00.000Z").unwrap()));
        assert_eq!(read.desired_to, None);
    }

    #[test]
    fn state_filters_may_be_quoted() {
        for (text, negated) in [
            ("QUEUED", false),
            ("'QUEUED'", false),
            ("!QUEUED", true),
            ("'!QUEUED'", true),
            ("!'QUEUED'", true),
        ] {
            let read = lookup(None, vec![("_callback_state".to_owned(), text.to_owned())]).unwrap();
            assert_eq!(read.state, Some((CallbackState::Queued, negated)), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (query, said) in [
            ("_callback_state=WAITING", "_callback_state=WAITING"),
            ("_desired_time_to=tomorrow", "`_desired_time_to`"),
            ("operand=XOR", "expected AND or OR"),
        ] {
            let refused = lookup(None, query_pairs(query)).unwrap_err().to_string();
            assert!(refused.contains(said), "{query}: {refused}");
        }
        for (query, said) in [
            ("max=many", "`max`"),
            ("states=QUEUED,SLEEPING", "SLEEPING"),
            ("start_time=now", "`start_time`"),
        ] {
            let refused = listing(query_pairs(query)).unwrap_err().to_string();
            assert!(refused.contains(said), "{query}: {refused}");
        }
        assert!(boolean("discard_ors_failure", "perhaps").is_err());
    }

    #[test]
    fn listings_name_service_states_and_limit() {
        let read = listing(query_pairs("target=billing&states=QUEUED,ROUTING&max=10")).unwrap();
        assert_eq!(read.target.as_deref(), Some("billing"));
        assert_eq!(read.states, [CallbackState::Queued, CallbackState::Routing]);
        assert_eq!(read.max, 10);
        let filtered = listing(query_pairs("_vq=VQ_Sales")).unwrap();
        assert_eq!(filtered.filters, [("_vq".to_owned(), "VQ_Sales".to_owned())]);
        let all = listing(Vec::new()).unwrap();
        assert_eq!((all.target, all.states.len(), all.max), (None, 0, 0));
    }
}
