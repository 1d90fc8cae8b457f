//! Numbers that an on-dial plugin wants dialled: checked and normalised as those of requests are, when the reply arrives.
//!
//! What else a reply may say is in the chart (decision D-076); which numbers may be dialled is not for a chart to forget.

use serde_json::{Map, Value};
use statecharts::Event;
use store::CallbackRow;

use crate::admission::REQUEST_KEY;
use crate::configuration::Configuration;
use crate::phone::{self, CheckError};
use crate::refusal::NumberRefusal;

/// How events that are replies of plugins begin; the number of the attempt follows.
const REPLY: &str = "plugin.reply";
/// The field with the number.
const NUMBER: &str = "customer_number";

/// Puts the normalised number into a reply; other events, and replies without a number, stay as they are.
///
/// # Errors
/// What is wrong with the number, for the plugin.
//= decision: D-117 the digits of the normalised number
pub(crate) fn check(
    configuration: &Configuration,
    record: &CallbackRow,
    event: &mut Event,
) -> Result<(), String> {
    if !event.name.starts_with(REPLY) {
        return Ok(());
    }
    let Some(Value::Object(fields)) = &mut event.data else { return Ok(()) };
    let number = match fields.get(NUMBER) {
        Some(Value::String(text)) if !text.trim().is_empty() => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => return Ok(()),
    };
    let service = configuration
        .service(record.service.as_str())
        .ok_or_else(|| format!("{NUMBER}: the rules of service {} are not known any more", record.service))?;
    let request = record.properties.get(REQUEST_KEY).and_then(Value::as_object).cloned().unwrap_or_default();
    let request: Map<String, Value> = request.into_iter().chain(record.user_data.clone()).collect();
    let options = service.effective(&request).map_err(|error| format!("{NUMBER}: {error}"))?;
    let checked = phone::check(&number, &phone::Rules::of(configuration, &options))
        .map_err(|refused| format!("{NUMBER}: {}", said(refused)))?;
    fields.insert(NUMBER.to_owned(), Value::String(checked.as_str().to_owned()));
    Ok(())
}

fn said(refused: CheckError) -> String {
    match refused {
        CheckError::Refused(NumberRefusal::Invalid) => "expected a number that can be dialled".to_owned(),
        CheckError::Refused(NumberRefusal::Impossible) => "there are no numbers of this length".to_owned(),
        CheckError::Refused(NumberRefusal::Premium) => "premium numbers are not dialled".to_owned(),
        CheckError::Refused(NumberRefusal::Exception) => {
            "emergency and short numbers, and those that the service excepts, are never dialled".to_owned()
        }
        error @ CheckError::CountryMissing { .. } => error.to_string(),
    }
}
