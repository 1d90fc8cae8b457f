//! Chance of the simulation: several streams from one seed, so that a change in one place moves no die elsewhere.

use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Who throws the dice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    /// How much goes wrong with this seed.
    Profile = 1,
    /// What clients, customers and agents do.
    Workload = 2,
    /// When the process dies and the disk fails.
    Faults = 3,
    /// The line to the switch.
    Line = 4,
    /// Plugins and receivers of notifications.
    Outside = 5,
    /// How long the disk takes.
    Latency = 6,
}

/// One stream.
#[derive(Clone, Debug)]
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    pub(crate) fn new(seed: u64, stream: Stream) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(stream as u64);
        Self(generator)
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        self.0.random_range(low..=high)
    }

    /// True `percent` times of a hundred.
    pub(crate) fn percent(&mut self, percent: u64) -> bool {
        self.between(1, 100) <= percent
    }

    /// True `permille` times of a thousand.
    pub(crate) fn permille(&mut self, permille: u64) -> bool {
        self.between(1, 1000) <= permille
    }

    /// One of several.
    pub(crate) fn pick<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.0.random_range(0..choices.len())].clone()
    }

    /// Whole milliseconds up to so many seconds.
    pub(crate) fn within_secs(&mut self, most: u64) -> Duration {
        Duration::from_millis(self.between(0, most * 1000))
    }
}
