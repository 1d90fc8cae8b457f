//! Settings of dial-ahead: the router option `vcb`, and the threshold table of services that poll.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Numbers of the option.
const VCB_NUMBERS: usize = 17;
/// Most pairs of a threshold table.
const PAIRS_MAX: usize = 100;

/// The router option `vcb`: `n1:n2:…:n17`; what is left out keeps its default.
///
/// Only the numbers with a method have an effect; the others are kept and printed as they are (router reference).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vcb([u32; VCB_NUMBERS]);

/// The option `vcb` cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VcbError {
    /// A part is no number.
    #[error("vcb: n{number} is `{text}`; expected a whole number from 0 to 4294967295")]
    NotANumber {
        /// Which, from 1.
        number: usize,
        /// As written.
        text: String,
    },
    /// More than 17 parts.
    #[error("vcb has {count} numbers; expected at most {VCB_NUMBERS}, n1:n2:…:n17")]
    TooMany {
        /// Parts.
        count: usize,
    },
}

impl Default for Vcb {
    fn default() -> Self {
        //= guide: vcb (60:90:90:0:20:0:1:25:0:0:150:60:5:0:0:0:300)
        Self([60, 90, 90, 0, 20, 0, 1, 25, 0, 0, 150, 60, 5, 0, 0, 0, 300])
    }
}

impl Vcb {
    /// Reads the option; an empty part keeps its default.
    ///
    /// # Errors
    /// [`VcbError`] for a part that is no number, and for more than 17 parts.
    pub fn parse(text: &str) -> Result<Self, VcbError> {
        let mut numbers = Self::default().0;
        let count = text.split(':').count();
        if count > VCB_NUMBERS {
            return Err(VcbError::TooMany { count });
        }
        for (index, (number, part)) in numbers.iter_mut().zip(text.split(':')).enumerate() {
            let part = part.trim();
            if !part.is_empty() {
                *number = part.parse().map_err(|_not_a_number| VcbError::NotANumber {
                    number: index + 1,
                    text: part.to_owned(),
                })?;
            }
        }
        Ok(Self(numbers))
    }

    /// n1: when agents of a line become free further apart than this, a dial in the hope of one is put off by half
    /// that time. Default 60 s.
    #[must_use]
    pub const fn slow_line(&self) -> Duration {
        Duration::from_secs(self.0[0] as u64)
    }

    /// n2: how long after an announcement the time to dial is not announced again for the same entry: the longest
    /// time to connect a customer. Default 90 s.
    #[must_use]
    pub const fn notification_block(&self) -> Duration {
        Duration::from_secs(self.0[1] as u64)
    }

    /// n17: longest block while a dial is known to go on. Default 300 s.
    #[must_use]
    pub const fn dial_block(&self) -> Duration {
        Duration::from_secs(self.0[16] as u64)
    }

    /// n4: whether several routers share the agents. Kept, without effect: there is one router. Default `false`.
    #[must_use]
    pub const fn has_several_routers(&self) -> bool {
        self.0[3] != 0
    }

    /// All numbers, n1 first.
    #[must_use]
    pub const fn numbers(&self) -> &[u32; VCB_NUMBERS] {
        &self.0
    }
}

impl fmt::Display for Vcb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, number) in self.0.iter().enumerate() {
            write!(f, "{}{number}", if index > 0 { ":" } else { "" })?;
        }
        Ok(())
    }
}

/// The table `_eta_pos_threshold`: pairs `eta:pos`, each for estimated times from `eta` seconds up to the next pair's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ThresholdTable(Vec<(u64, usize)>);

/// A threshold table cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("_eta_pos_threshold: pair {pair} is `{text}`: {problem}")]
pub struct ThresholdTableError {
    /// Which pair, from 1.
    pub pair: usize,
    /// As written.
    pub text: String,
    /// What was expected.
    pub problem: &'static str,
}

impl Default for ThresholdTable {
    fn default() -> Self {
        //= guide: options _eta_pos_threshold (0:10,10:5,20:2,30:1,40:0)
        Self(vec![(0, 10), (10, 5), (20, 2), (30, 1), (40, 0)])
    }
}

impl ThresholdTable {
    /// Reads a table.
    ///
    /// # Errors
    /// [`ThresholdTableError`] for a pair that cannot be read, times that do not rise, and more than 100 pairs.
    pub fn parse(text: &str) -> Result<Self, ThresholdTableError> {
        let mut pairs: Vec<(u64, usize)> = Vec::new();
        for (index, part) in text.split(',').enumerate() {
            let refuse =
                |problem| ThresholdTableError { pair: index + 1, text: part.trim().to_owned(), problem };
            let (eta, position) =
                part.split_once(':').ok_or_else(|| refuse("expected eta:pos, for example 10:5"))?;
            let eta =
                eta.trim().parse().map_err(|_not_a_number| refuse("expected whole seconds before `:`"))?;
            let position = position
                .trim()
                .parse()
                .map_err(|_not_a_number| refuse("expected a whole position after `:`"))?;
            if pairs.last().is_some_and(|(before, _)| *before >= eta) {
                return Err(refuse("expected a longer time than in the pair before"));
            }
            if pairs.len() >= PAIRS_MAX {
                return Err(refuse("expected at most 100 pairs"));
            }
            pairs.push((eta, position));
        }
        Ok(Self(pairs))
    }

    /// Position below which a callback with this estimated time, in seconds, is due; 0 for none.
    #[must_use]
    pub fn limit(&self, eta: f64) -> usize {
        self.0.iter().rev().find(|(from, _)| eta >= *from as f64).map_or(0, |(_, position)| *position)
    }

    /// Whether a callback is to be dialled. The head of the queue always is.
    //= guide: options _eta_pos_threshold, due when the position is below pos
    #[must_use]
    pub fn is_due(&self, eta: f64, position: usize) -> bool {
        position <= 1 || position < self.limit(eta)
    }
}

impl fmt::Display for ThresholdTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (eta, position)) in self.0.iter().enumerate() {
            write!(f, "{}{eta}:{position}", if index > 0 { "," } else { "" })?;
        }
        Ok(())
    }
}

impl TryFrom<String> for ThresholdTable {
    type Error = ThresholdTableError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<ThresholdTable> for String {
    fn from(table: ThresholdTable) -> Self {
        table.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::{ThresholdTable, Vcb};

    #[test]
    fn numbers_that_are_left_out_keep_their_defaults() {
        let vcb = Vcb::parse("30:120:60:1:20:0:1:50:1000").unwrap();
        assert_eq!(vcb.to_string(), "30:120:60:1:20:0:1:50:1000:0:150:60:5:0:0:0:300");
        assert_eq!((vcb.slow_line().as_secs(), vcb.notification_block().as_secs()), (30, 120));
        assert!(vcb.has_several_routers());
        assert_eq!(Vcb::parse("").unwrap(), Vcb::default());
        assert_eq!(Vcb::parse(&Vcb::default().to_string()).unwrap(), Vcb::default());
    }

    #[test]
    fn a_mistake_in_vcb_names_its_number() {
        for (text, expected) in [
            ("30:x", "n2 is `x`"),
            ("-1", "n1 is `-1`"),
            ("1:2:3:4:5:6:7:8:9:10:11:12:13:14:15:16:17:18", "has 18 numbers"),
        ] {
            let error = Vcb::parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn the_table_says_below_which_position_a_callback_is_due() {
        //= guide: options _eta_pos_threshold
        //= type=test
        let table = ThresholdTable::default();
        for (eta, position, due) in [
            (0.0, 9, true),
            (0.0, 10, false),
            (9.9, 9, true),
            (12.0, 4, true),
            (12.0, 5, false),
            (20.0, 1, true),
            (20.0, 2, false),
            (30.0, 2, false),
            (45.0, 1, true),
            (9_999.0, 1, true),
        ] {
            assert_eq!(table.is_due(eta, position), due, "{eta} s, position {position}");
        }
    }

    #[test]
    fn a_table_survives_printing_and_says_what_is_wrong_with_it() {
        let text = "0:10,10:5,20:2,30:1,40:0";
        assert_eq!(ThresholdTable::parse(text).unwrap().to_string(), text);
        for (text, expected) in [
            ("", "pair 1 is ``: expected eta:pos"),
            ("0:1,5", "pair 2"),
            ("0:1,0:2", "a longer time"),
            ("0:-1", "a whole position"),
            ("a:1", "whole seconds"),
        ] {
            let error = ThresholdTable::parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
