//! The section `[abandonment]`: when too many customers who answer find nobody.

use std::time::Duration;

use routing::AbandonmentOptions;

use super::document::Table;
use super::problem::Problems;
use super::section::Section;

/// Fewest answers that can be asked for at most.
const ANSWERED_MAX: i64 = 1_000_000;
/// Longest patience, seconds.
const PATIENCE_MAX: u32 = 60;

/// Reads `[abandonment]`; what is not given has the default of [`AbandonmentOptions`].
pub(super) fn read(table: &Table, problems: &mut Problems) -> AbandonmentOptions {
    let default = AbandonmentOptions::default();
    let mut section = Section::new("[abandonment]", table, problems);
    let warn_share = section.number("warn_share", 0.0, 1.0).unwrap_or(default.warn_share);
    let switch_share = section.number("switch_share", 0.0, 1.0).unwrap_or(default.switch_share);
    let release = section.number("release", 0.0, 1.0).unwrap_or(default.release);
    let answered_min = section.integer("answered_min", 1, ANSWERED_MAX);
    let patience: Option<Duration> = section.seconds("patience", PATIENCE_MAX);
    if switch_share < warn_share {
        let place = section.place_of("switch_share").or_else(|| section.place_of("warn_share"));
        if let Some(place) = place {
            let problem = format!(
                "[abandonment] `switch_share` {switch_share} is below `warn_share` {warn_share}: the warning would come after the change"
            );
            section.error(&place, problem);
        }
    }
    section.finish();
    AbandonmentOptions {
        warn_share,
        switch_share,
        release,
        answered_min: answered_min.and_then(|min| u64::try_from(min).ok()).unwrap_or(default.answered_min),
        patience: patience.unwrap_or(default.patience),
    }
}
