//! Histograms of how long something took, and the odds that it ends soon.

/// Buckets of a histogram; what takes longer is in the last one.
const BUCKETS: usize = 64;
/// Above this many observations old ones fade.
const OBSERVED_MAX: u32 = 2_000;
/// Fewer observations than this say nothing about the shape.
const OBSERVED_MIN: u32 = 40;

/// How long something took, in buckets of one width.
#[derive(Clone, Debug)]
pub(crate) struct Histogram {
    width: f64,
    counts: [u32; BUCKETS],
    /// Observations in later buckets: asked much more often than changed.
    beyond: [u32; BUCKETS],
    observed: u32,
}

impl Histogram {
    /// A histogram up to 64 times `width`.
    pub(crate) const fn new(width: f64) -> Self {
        Self { width, counts: [0; BUCKETS], beyond: [0; BUCKETS], observed: 0 }
    }

    pub(crate) fn observe(&mut self, length: f64) {
        let bucket = crate::dial_ahead::whole(length / self.width).min(BUCKETS - 1);
        if let Some(count) = self.counts.get_mut(bucket) {
            *count += 1;
            self.observed += 1;
        }
        if self.observed >= OBSERVED_MAX {
            for count in &mut self.counts {
                *count /= 2;
            }
            self.observed = self.counts.iter().sum();
        }
        let mut later = 0;
        for (beyond, count) in self.beyond.iter_mut().zip(&self.counts).rev() {
            *beyond = later;
            later += count;
        }
    }

    /// Whether enough was observed to go by.
    pub(crate) fn is_known(&self) -> bool {
        self.observed >= OBSERVED_MIN
    }

    /// Share that took longer than `length`, straight between the buckets.
    pub(crate) fn longer_than(&self, length: f64) -> f64 {
        if self.observed == 0 || length <= 0.0 {
            return 1.0;
        }
        let position = length / self.width;
        let bucket = crate::dial_ahead::whole(position);
        let within = position - bucket as f64;
        let beyond = self.beyond.get(bucket).copied().unwrap_or(0);
        let own = self.counts.get(bucket).copied().unwrap_or(0);
        (f64::from(beyond) + f64::from(own) * (1.0 - within)) / f64::from(self.observed)
    }

    /// Odds that what has taken `elapsed` so far ends within `time`.
    pub(crate) fn ends_within(&self, elapsed: f64, time: f64) -> f64 {
        self.ending_after(elapsed)(time)
    }

    /// Odds that what has taken `elapsed` so far ends within a time, for any time.
    pub(crate) fn ending_after(&self, elapsed: f64) -> impl Fn(f64) -> f64 + '_ {
        let still = self.longer_than(elapsed);
        move |time| {
            if still <= 0.0 {
                // Longer than anything before: as likely to end now as anything that is late.
                return (time / (elapsed + time).max(f64::MIN_POSITIVE)).clamp(0.0, 1.0);
            }
            (1.0 - self.longer_than(elapsed + time) / still).clamp(0.0, 1.0)
        }
    }

    /// Shares of lengths below `limit`, with the middle of their bucket.
    pub(crate) fn shares_below(&self, limit: f64) -> impl Iterator<Item = (f64, f64)> + '_ {
        let observed = f64::from(self.observed.max(1));
        let middles = (0_u32..).map(|bucket| (f64::from(bucket) + 0.5) * self.width);
        middles
            .zip(&self.counts)
            .take_while(move |(middle, _)| *middle < limit)
            .filter(|(_, count)| **count > 0)
            .map(move |(middle, count)| (middle, f64::from(*count) / observed))
    }
}

#[cfg(test)]
mod tests {
    use super::Histogram;

    #[test]
    fn what_always_takes_as_long_ends_when_that_time_comes() {
        let mut histogram = Histogram::new(1.0);
        assert!(!histogram.is_known());
        for _ in 0..100 {
            histogram.observe(20.5);
        }
        assert!(histogram.is_known());
        assert_eq!(histogram.ends_within(0.0, 20.0), 0.0);
        assert_eq!(histogram.ends_within(0.0, 21.0), 1.0);
        assert_eq!(histogram.ends_within(19.0, 1.0), 0.0);
        assert_eq!(histogram.ends_within(19.0, 2.0), 1.0);
        assert!((histogram.ends_within(20.0, 0.5) - 0.5).abs() < 1e-9);
        assert!(histogram.ends_within(30.0, 10.0) > 0.0);
    }

    #[test]
    fn old_observations_fade() {
        let mut histogram = Histogram::new(1.0);
        for _ in 0..20_000 {
            histogram.observe(5.0);
        }
        for _ in 0..20_000 {
            histogram.observe(50.0);
        }
        assert!(histogram.longer_than(10.0) > 0.99);
        assert!((histogram.shares_below(64.0).map(|(_, share)| share).sum::<f64>() - 1.0).abs() < 1e-9);
    }
}
