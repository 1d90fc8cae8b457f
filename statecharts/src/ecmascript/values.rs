//! Values between the host and scripts.

use rquickjs::{Ctx, Exception, IntoJs, Value as JsValue};
use serde_json::Value;

use crate::nesting;

/// Largest magnitude up to which every integer is a number of a script.
const INTEGER_MAX: f64 = 9_007_199_254_740_992.0;

/// A value of a script as JSON; `None` for what has no JSON, such as undefined and functions.
pub(crate) fn to_json<'js>(context: &Ctx<'js>, value: &JsValue<'js>) -> rquickjs::Result<Option<Value>> {
    if value.is_undefined() || value.is_function() || value.is_symbol() {
        return Ok(None);
    }
    if value.is_null() {
        return Ok(Some(Value::Null));
    }
    if let Some(truth) = value.as_bool() {
        return Ok(Some(Value::Bool(truth)));
    }
    if let Some(number) = value.as_int() {
        return Ok(Some(Value::from(number)));
    }
    if let Some(number) = value.as_float() {
        return Ok(Some(number_to_json(number)));
    }
    if let Some(text) = value.as_string() {
        return Ok(Some(Value::String(text.to_string()?)));
    }
    let Some(text) = context.json_stringify(value.clone())? else {
        return Ok(None);
    };
    match nesting::read(&text.to_string()?) {
        Ok(value) => Ok(Some(value)),
        Err(error) => Err(Exception::throw_type(context, &format!("this value is no JSON: {error}"))),
    }
}

pub(crate) fn number_to_json(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < INTEGER_MAX {
        #[expect(clippy::cast_possible_truncation, reason = "the number is integral and in range")]
        return Value::from(number as i64);
    }
    // What is no number in JSON is null, as JSON.stringify has it.
    serde_json::Number::from_f64(number).map_or(Value::Null, Value::Number)
}

/// A JSON value for scripts.
pub(crate) fn to_script<'js>(context: &Ctx<'js>, value: &Value) -> rquickjs::Result<JsValue<'js>> {
    match value {
        Value::Null => Ok(JsValue::new_null(context.clone())),
        Value::Bool(truth) => Ok(JsValue::new_bool(context.clone(), *truth)),
        Value::Number(number) => {
            Ok(JsValue::new_number(context.clone(), number.as_f64().unwrap_or(f64::NAN)))
        }
        Value::String(text) => text.as_str().into_js(context),
        Value::Array(_) | Value::Object(_) => context.json_parse(value.to_string()),
    }
}
