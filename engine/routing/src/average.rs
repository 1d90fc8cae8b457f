//! Moving averages: small, restart-proof, and quick to follow a day that changes.

use serde::{Deserialize, Serialize};

/// Average of the last observations, each new one weighing at least one in `window`.
///
/// The first `window` observations count equally; afterwards the weight of old ones fades. It takes the place of a
/// list of samples: the size does not depend on the window.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MovingAverage {
    /// Average so far.
    pub mean: f64,
    /// Observations that it stands for, at most the window.
    pub weight: u32,
    /// Observations ever made; those that a start value stands for are not counted.
    pub samples: u64,
}

impl MovingAverage {
    /// No observation yet.
    pub const EMPTY: Self = Self { mean: 0.0, weight: 0, samples: 0 };

    /// Begins at `mean` as if it had been observed `weight` times.
    #[must_use]
    pub const fn starting_at(mean: f64, weight: u32) -> Self {
        Self { mean, weight, samples: 0 }
    }

    /// Adds an observation; one that is not finite is ignored.
    pub fn observe(&mut self, value: f64, window: u32) {
        if !value.is_finite() {
            return;
        }
        self.weight = self.weight.saturating_add(1).min(window.max(1));
        self.samples = self.samples.saturating_add(1);
        self.mean += (value - self.mean) / f64::from(self.weight);
    }

    /// The average, if anything was observed or assumed.
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        (self.weight > 0).then_some(self.mean)
    }
}

impl Default for MovingAverage {
    fn default() -> Self {
        Self::EMPTY
    }
}

#[cfg(test)]
mod tests {
    use super::MovingAverage;

    #[test]
    fn early_observations_count_equally() {
        let mut average = MovingAverage::EMPTY;
        assert_eq!(average.value(), None);
        for value in [60.0, 120.0, 60.0] {
            average.observe(value, 32);
        }
        assert_eq!(average.value(), Some(80.0));
    }

    #[test]
    fn old_observations_fade() {
        let mut average = MovingAverage::starting_at(100.0, 10);
        for _ in 0..200 {
            average.observe(0.0, 20);
        }
        assert!(average.mean < 1.0, "{average:?}");
        assert_eq!(average.samples, 200);
        assert_eq!(average.weight, 20);
    }

    #[test]
    fn what_is_no_number_is_ignored() {
        let mut average = MovingAverage::EMPTY;
        average.observe(f64::NAN, 5);
        average.observe(f64::INFINITY, 5);
        assert_eq!(average, MovingAverage::EMPTY);
    }
}
