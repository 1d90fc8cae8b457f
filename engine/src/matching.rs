//! Access numbers: reserved for a callback, and matched with the call that comes in (guide: match-interaction).

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use store::{BookingRow, Write};
use vocabulary::{CallbackId, PhoneNumber};

use crate::configuration::Service;
use crate::node::Node;
use crate::refusal::Refusal;

/// Reservation when nobody says (guide: `_booking_expiration_timeout`, 30 s).
const BOOKING_DEFAULT_SECS: i64 = 30;
/// Bounds of a reservation in seconds (guide: 5 to 1800).
const BOOKING_BOUNDS_SECS: (i64, i64) = (5, 1800);
/// Digits of a code (guide: `_access_code_length`, 6).
const CODE_LENGTH_DEFAULT: i64 = 6;
/// Draws of a code until one is free (decision D-022).
const DRAWS_MAX: usize = 50;

fn text(parameters: &Map<String, Value>, name: &str) -> Option<String> {
    match parameters.get(name)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn integer(parameters: &Map<String, Value>, name: &str, default: i64) -> Result<i64, Refusal> {
    match text(parameters, name) {
        None => Ok(default),
        Some(text) => text.parse().map_err(|_not_a_number| Refusal::BadParameter {
            text: format!("{name}: `{text}` is not a number"),
        }),
    }
}

/// `request-access`: reserves an access number, with a code if asked for one. The service's values win.
///
/// # Errors
/// [`Refusal`]: no running callback, no such pool, nothing free.
pub(crate) async fn request_access(
    node: &Arc<Node>,
    service: &Service,
    mut parameters: Map<String, Value>,
) -> Result<Value, Refusal> {
    for name in ["_resource_group", "_provide_code", "_access_code_length"] {
        if let Some(value) = service.configured(name) {
            parameters.insert(name.to_owned(), value.clone());
        }
    }
    // The one option that a request beats (guide: request-access).
    let expiration = "_booking_expiration_timeout";
    if let (None, Some(value)) = (parameters.get(expiration), service.configured(expiration)) {
        parameters.insert(expiration.to_owned(), value.clone());
    }
    let missing = |name: &str| Refusal::BadParameter { text: format!("request-access: {name} is missing") };
    let callback = CallbackId::new(text(&parameters, "_id").ok_or_else(|| missing("_id"))?);
    // Numbers are few: none is kept for somebody who does not wait for a call.
    let row = node.store.callback(callback.clone()).await?;
    let session = row.and_then(|row| row.session);
    if !session.is_some_and(|session| node.sessions.is_running(&session)) {
        return Err(Refusal::NoInstance { id: callback.to_string() });
    }
    let group = text(&parameters, "_resource_group").unwrap_or_else(|| "DNIS".to_owned());
    let pool = node.configuration.lists.pool(&group).ok_or_else(|| Refusal::BadParameter {
        text: format!("request-access: there is no pool `{group}` in list GMS_Resources"),
    })?;
    let (least, most) = BOOKING_BOUNDS_SECS;
    let seconds =
        integer(&parameters, "_booking_expiration_timeout", BOOKING_DEFAULT_SECS)?.clamp(least, most);
    let now = node.clock.now();
    let expires_at = now + Duration::from_secs(seconds.unsigned_abs());
    let wants_code = text(&parameters, "_provide_code").as_deref() == Some("true");
    let length =
        usize::try_from(integer(&parameters, "_access_code_length", CODE_LENGTH_DEFAULT)?.clamp(1, 16))
            .unwrap_or(6);
    let live = node.store.bookings(None, now).await?;
    let free: Vec<&String> = if wants_code {
        pool.iter().collect()
    } else {
        pool.iter().filter(|number| !live.iter().any(|booking| booking.access_number == **number)).collect()
    };
    let none_free = || Refusal::FromSession { text: format!("no access number of pool `{group}` is free") };
    for _draw in 0..DRAWS_MAX {
        let number = free.get(node.chance.below(free.len())).ok_or_else(none_free)?;
        let access_code = wants_code.then(|| node.chance.digits(length));
        if access_code.is_some() && live.iter().any(|booking| booking.access_code == access_code) {
            continue;
        }
        let booking = BookingRow {
            access_number: (*number).clone(),
            access_code: access_code.clone(),
            callback: callback.clone(),
            phone_number: text(&parameters, "_phone_number").map(PhoneNumber::new),
            expires_at,
        };
        let writes = vec![
            Write::DeleteExpiredBookings { at: now },
            Write::DeleteBookings(callback.clone()),
            Write::InsertBooking(booking),
        ];
        match node.store.commit(writes).await {
            Ok(()) => {
                let mut reply =
                    json!({ "_access_number": number, "_expiration_time": expires_at.to_string() });
                if let (Some(code), Some(reply)) = (access_code, reply.as_object_mut()) {
                    reply.insert("_access_code".to_owned(), json!(code));
                }
                return Ok(reply);
            }
            Err(store::Error::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(none_free())
}

/// `match-interaction`: finds the callback that a call belongs to; the reservation is released (decision D-045).
///
/// # Errors
/// [`Refusal::NoMatch`] when no reservation fits.
pub(crate) async fn match_interaction(
    node: &Arc<Node>,
    parameters: Map<String, Value>,
) -> Result<Value, Refusal> {
    let missing =
        || Refusal::BadParameter { text: "match-interaction: _access_number is missing".to_owned() };
    let number = text(&parameters, "_access_number").ok_or_else(missing)?;
    let code = text(&parameters, "_access_code");
    let caller = text(&parameters, "_phone_number");
    let live = node.store.bookings(Some(number), node.clock.now()).await?;
    let found = match (&code, &caller) {
        (Some(code), _) => live.iter().find(|booking| booking.access_code.as_ref() == Some(code)),
        (None, Some(caller)) if live.iter().any(|booking| is_caller(booking, caller)) => {
            live.iter().find(|booking| is_caller(booking, caller))
        }
        // With a single reservation on the number there is nothing to choose.
        _ if live.len() == 1 => live.first(),
        _ => None,
    };
    let booking = found.ok_or(Refusal::NoMatch)?;
    let row = node.store.callback(booking.callback.clone()).await?.ok_or(Refusal::NoMatch)?;
    let session =
        row.session.clone().filter(|session| node.sessions.is_running(session)).ok_or(Refusal::NoMatch)?;
    node.store.commit(vec![Write::DeleteBookings(row.id.clone())]).await?;
    let mut reply = json!({ "_id": row.id, "_data_id": row.id, "_ors_session_id": session });
    if let (Some("true"), Some(reply)) =
        (text(&parameters, "_return_user_data").as_deref(), reply.as_object_mut())
    {
        reply.extend(row.user_data);
    }
    Ok(reply)
}

/// Whether a reservation was made for this caller; `+` and the way of writing do not matter.
fn is_caller(booking: &BookingRow, caller: &str) -> bool {
    let digits: String = caller.chars().filter(char::is_ascii_digit).collect();
    booking.phone_number.as_ref().is_some_and(|number| number.digits().collect::<String>() == digits)
}
