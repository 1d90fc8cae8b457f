//! The place in line that an interaction brings along: its age and priority from options and from data of the call.

use vocabulary::Timestamp;

use crate::Entry;

/// What is known of an interaction's place from before; all optional.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlaceData<'a> {
    /// Option `_urs_call_interaction_age`: start of waiting, epoch seconds.
    pub interaction_age: Option<i64>,
    /// Attached data `RouterData70`, as `t="1900000000 250"`: epoch seconds and milliseconds of the start of waiting.
    pub router_data_70: Option<&'a str>,
    /// Attached data `GMS_URS_PRIORITY`: the priority when it left.
    pub gms_urs_priority: Option<i64>,
}

/// `RouterData70` cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("RouterData70 is `{text}`: expected t=\"SECONDS MILLISECONDS\", for example t=\"1900000000 250\"")]
pub struct MalformedRouterData {
    /// As attached.
    pub text: String,
}

impl PlaceData<'_> {
    /// Start of waiting, if something says so: the option before the data of the call.
    ///
    /// # Errors
    /// [`MalformedRouterData`] when nothing but unreadable data says so.
    pub fn waiting_since(&self) -> Result<Option<Timestamp>, MalformedRouterData> {
        match (self.interaction_age, self.router_data_70) {
            (Some(seconds), _) => Ok(Some(Timestamp::from_epoch_seconds(seconds))),
            (None, Some(text)) => read_router_data(text).map(Some),
            (None, None) => Ok(None),
        }
    }

    /// Gives an entry this place, as far as it is known. A priority that was brought along has grown already: it is kept
    /// as it is.
    ///
    /// # Errors
    /// [`MalformedRouterData`]; the entry is unchanged then.
    pub fn apply(&self, entry: &mut Entry) -> Result<(), MalformedRouterData> {
        if let Some(since) = self.waiting_since()? {
            entry.waiting_since = since;
        }
        if let Some(priority) = self.gms_urs_priority {
            entry.priority = priority;
            entry.growth = None;
        }
        Ok(())
    }
}

/// Writes the start of waiting as `RouterData70`.
#[must_use]
pub fn router_data_70(waiting_since: Timestamp) -> String {
    format!("t=\"{} {}\"", waiting_since.epoch_seconds(), waiting_since.as_millis().rem_euclid(1000))
}

fn read_router_data(text: &str) -> Result<Timestamp, MalformedRouterData> {
    let malformed = || MalformedRouterData { text: text.to_owned() };
    let inner = text.trim().strip_prefix("t=\"").and_then(|rest| rest.strip_suffix('"'));
    let mut parts = inner.ok_or_else(malformed)?.split_whitespace();
    let seconds: i64 = parts.next().and_then(|part| part.parse().ok()).ok_or_else(malformed)?;
    let millis: i64 = match parts.next() {
        Some(part) => part.parse().ok().filter(|millis| (0..1000).contains(millis)).ok_or_else(malformed)?,
        None => 0,
    };
    if parts.next().is_some() {
        return Err(malformed());
    }
    Ok(Timestamp::from_millis(seconds.saturating_mul(1000).saturating_add(millis)))
}

#[cfg(test)]
mod tests {
    use vocabulary::Timestamp;

    use super::{PlaceData, router_data_70};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_epoch_seconds(seconds)
    }

    #[test]
    fn the_option_decides_before_the_data_of_the_call() {
        let data = PlaceData { router_data_70: Some("t=\"1900000000 250\""), ..PlaceData::default() };
        assert_eq!(data.waiting_since(), Ok(Some(Timestamp::from_millis(1_900_000_000_250))));
        let both = PlaceData { interaction_age: Some(7), ..data };
        assert_eq!(both.waiting_since(), Ok(Some(at(7))));
        assert_eq!(PlaceData::default().waiting_since(), Ok(None));
    }

    #[test]
    fn router_data_reads_what_it_wrote_and_refuses_the_rest() {
        for since in [at(0), Timestamp::from_millis(1_900_000_000_007), Timestamp::from_millis(-1)] {
            let text = router_data_70(since);
            let data = PlaceData { router_data_70: Some(&text), ..PlaceData::default() };
            assert_eq!(data.waiting_since(), Ok(Some(since)), "{text}");
        }
        for text in ["", "t=1", "t=\"soon\"", "t=\"1 1000\"", "t=\"1 2 3\"", "t=\"1 -5\""] {
            let data = PlaceData { router_data_70: Some(text), ..PlaceData::default() };
            assert!(data.waiting_since().unwrap_err().to_string().contains("expected t="), "{text}");
        }
    }
}
