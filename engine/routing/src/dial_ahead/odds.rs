//! Odds: how many of the customers that are being dialled will find no agent.
//!
//! Answers are independent of each other; agents become free, and live calls come in, at random with known rates.
//! Small numbers are computed exactly, large ones by the normal distribution.

/// Above this many expected events the normal distribution takes over.
const EXACT_MAX: f64 = 60.0;
/// Shares of a distribution below this are left out.
const NEGLIGIBLE: f64 = 1e-9;

/// Independent events that each happen or do not.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Events {
    /// Expected number: the sum of the odds.
    pub(crate) mean: f64,
    /// Sum of the squares of the odds; 0 for many unlikely ones.
    pub(crate) squares: f64,
}

impl Events {
    /// Many unlikely ones.
    #[cfg(test)]
    const fn many(mean: f64) -> Self {
        Self { mean, squares: 0.0 }
    }

    fn variance(self) -> f64 {
        (self.mean - self.squares).max(0.0)
    }

    /// Shares of 0, 1, 2, … events: as many equally likely ones as have the same mean and variance.
    fn shares(self) -> Vec<f64> {
        let odds = if self.mean > 0.0 { self.squares / self.mean } else { 0.0 };
        if odds < 0.02 {
            return poisson(self.mean);
        }
        let number = (self.mean / odds.min(1.0)).ceil().max(1.0);
        binomial(whole(number), (self.mean / number).min(1.0))
    }
}

/// What will be there for customers who answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Prospect {
    /// Agents that nobody else needs, less calls for which no agent is there.
    pub(crate) balance: f64,
    /// Agents expected to become free until an answer.
    pub(crate) freed: Events,
    /// Live calls expected until an answer: they take agents, but none that have not become free.
    pub(crate) arrivals: f64,
    /// Agents expected to become free in the time that a customer is patient.
    pub(crate) freed_late: f64,
}

/// The number of agents that customers who answer will find, as a distribution.
#[derive(Debug)]
pub(crate) enum Supply {
    /// Share of each number, from 0; what is missing to 1 is more than all of them.
    Exact(Vec<f64>),
    /// Mean and variance.
    Normal { mean: f64, variance: f64 },
}

impl Supply {
    /// The distribution, of which numbers above `enough` need not be told apart.
    pub(crate) fn of(prospect: Prospect, enough: usize) -> Self {
        let Prospect { balance, freed, arrivals, freed_late } = prospect;
        if freed.mean + arrivals > EXACT_MAX || enough as f64 > 4.0 * EXACT_MAX {
            return Self::normal(prospect);
        }
        let freed = freed.shares();
        let arrivals = poisson(arrivals);
        let late = poisson(freed_late);
        // Distribution of what is there at the moment of an answer; never less than nobody.
        let mut at_answer = vec![0.0; enough + 1];
        for (free, of_free) in freed.iter().enumerate() {
            for (arrived, of_arrived) in arrivals.iter().enumerate() {
                let left = (balance + free as f64 - arrived as f64).max(0.0).floor();
                if let Some(share) = at_answer.get_mut(whole(left)) {
                    *share += of_free * of_arrived;
                }
            }
        }
        let mut shares = vec![0.0; enough + 1];
        for (there, of_there) in at_answer.iter().enumerate() {
            for (later, of_later) in late.iter().enumerate() {
                if let Some(share) = shares.get_mut(there + later) {
                    *share += of_there * of_later;
                }
            }
        }
        Self::Exact(shares)
    }

    fn normal(prospect: Prospect) -> Self {
        let Prospect { balance, freed, arrivals, freed_late } = prospect;
        let mean = balance + freed.mean - arrivals;
        let variance = freed.variance() + arrivals;
        // Live calls that are left over wait; they take nobody who becomes free after the answer.
        let shortfall = expected_excess(-mean, variance);
        Self::Normal { mean: mean + shortfall + freed_late, variance: variance + freed_late }
    }

    /// Expected number of customers who find nobody when `dials` are made that succeed with `success` each, besides
    /// those in progress.
    pub(crate) fn unserved(&self, pending: Events, dials: usize, success: f64) -> f64 {
        match self {
            Self::Normal { mean, variance } => {
                let answers = dials as f64 * success;
                let spread = variance + pending.variance() + answers * (1.0 - success);
                expected_excess(pending.mean + answers - mean, spread)
            }
            Self::Exact(shares) => {
                let excess = excess_above(&joined(&pending.shares(), &binomial(dials, success)));
                shares.iter().zip(&excess).map(|(share, excess)| share * excess).sum()
            }
        }
    }
}

/// Expectation of the part above zero of a normal variable.
fn expected_excess(mean: f64, variance: f64) -> f64 {
    if variance <= 0.0 {
        return mean.max(0.0);
    }
    let deviation = variance.sqrt();
    let z = mean / deviation;
    let density = (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
    deviation * density + mean * normal_share_below(z)
}

/// Share of a standard normal variable below `z` (Abramowitz and Stegun 26.2.17, error below 1e-7).
fn normal_share_below(z: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * z.abs());
    let series = t
        * (0.319_381_530
            + t * (-0.356_563_782 + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
    let tail = (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt() * series;
    if z >= 0.0 { 1.0 - tail } else { tail }
}

/// Shares of 0, 1, 2, … events when `mean` are expected.
fn poisson(mean: f64) -> Vec<f64> {
    let mut share = (-mean.max(0.0)).exp();
    let mut shares = vec![share];
    let mut number = 0.0;
    while number < mean || share > NEGLIGIBLE {
        number += 1.0;
        share *= mean / number;
        shares.push(share);
        if number > 10.0 * EXACT_MAX {
            break;
        }
    }
    shares
}

/// Shares of 0, 1, 2, …, `dials` successes.
fn binomial(dials: usize, success: f64) -> Vec<f64> {
    let mut shares = vec![0.0; dials + 1];
    if let Some(first) = shares.first_mut() {
        *first = 1.0;
    }
    for done in 0..dials {
        for number in (0..=done).rev() {
            let share = shares.get(number).copied().unwrap_or(0.0);
            if let Some(next) = shares.get_mut(number + 1) {
                *next += share * success;
            }
            if let Some(same) = shares.get_mut(number) {
                *same = share * (1.0 - success);
            }
        }
    }
    shares
}

/// Shares of the sum of two independent numbers.
fn joined(left: &[f64], right: &[f64]) -> Vec<f64> {
    let mut shares = vec![0.0; (left.len() + right.len()).saturating_sub(1)];
    for (number, of_left) in left.iter().enumerate() {
        for (other, of_right) in right.iter().enumerate() {
            if let Some(share) = shares.get_mut(number + other) {
                *share += of_left * of_right;
            }
        }
    }
    shares
}

/// Expected part above 0, 1, 2, … of a number with these shares.
fn excess_above(shares: &[f64]) -> Vec<f64> {
    // E[(X − v)+] is the sum over k > v of P(X ≥ k).
    let (mut at_least, mut excess) = (0.0, 0.0);
    let mut result = vec![0.0; shares.len()];
    for (place, share) in result.iter_mut().zip(shares).rev() {
        *place = excess;
        at_least += share;
        excess += at_least;
    }
    result
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "not negative, and a float that is too large becomes the largest number"
)]
pub(crate) fn whole(number: f64) -> usize {
    number.max(0.0) as usize
}

#[cfg(test)]
mod tests {
    use super::{Events, Prospect, Supply, binomial, excess_above, expected_excess, poisson};

    const NOTHING: Prospect =
        Prospect { balance: 0.0, freed: Events::many(0.0), arrivals: 0.0, freed_late: 0.0 };

    fn check(prospect: Prospect, dials: usize, success: f64, expected: f64) {
        let unserved = Supply::of(prospect, dials).unserved(Events::default(), dials, success);
        assert!((unserved - expected).abs() < 1e-6, "{prospect:?}, {dials} dials: {unserved}");
    }

    #[test]
    fn customers_find_the_agents_that_are_there() {
        let two = Prospect { balance: 2.0, ..NOTHING };
        check(two, 2, 0.5, 0.0);
        check(two, 3, 0.5, 0.125);
        check(two, 3, 1.0, 1.0);
        check(NOTHING, 4, 0.25, 1.0);
    }

    #[test]
    fn agents_may_become_free_before_or_soon_after_the_answer() {
        let some = 1.0 - (-1.0_f64).exp();
        check(Prospect { freed: Events::many(1.0), ..NOTHING }, 1, 1.0, 1.0 - some);
        check(Prospect { freed_late: 1.0, ..NOTHING }, 1, 1.0, 1.0 - some);
    }

    #[test]
    fn live_calls_take_only_agents_that_are_there() {
        // The one who becomes free late is left for the customer, however many live calls come.
        check(Prospect { arrivals: 50.0, freed_late: 1.0, ..NOTHING }, 1, 1.0, (-1.0_f64).exp());
        check(Prospect { balance: -5.0, freed_late: 1.0, ..NOTHING }, 1, 1.0, (-1.0_f64).exp());
    }

    #[test]
    fn what_is_nearly_certain_varies_little() {
        // Four of whom each becomes free nearly certainly, against four on the average.
        let sure = Prospect { freed: Events { mean: 3.8, squares: 3.61 }, ..NOTHING };
        let vague = Prospect { freed: Events::many(3.8), ..NOTHING };
        let unserved = |prospect| Supply::of(prospect, 3).unserved(Events::default(), 3, 1.0);
        assert!(unserved(sure) < 0.03, "{}", unserved(sure));
        assert!(unserved(vague) > 0.3, "{}", unserved(vague));
        let pending = Events { mean: 2.0, squares: 2.0 };
        let two = Prospect { balance: 2.0, ..NOTHING };
        assert!((Supply::of(two, 3).unserved(pending, 1, 0.5) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn large_numbers_agree_with_exact_ones() {
        let prospect = Prospect { balance: 5.0, freed: Events::many(40.0), arrivals: 15.0, freed_late: 3.0 };
        let exact = Supply::of(prospect, 45);
        let normal = Supply::normal(prospect);
        assert!(matches!(exact, Supply::Exact(_)));
        for dials in [35, 40, 45] {
            let (exact, normal) = (
                exact.unserved(Events::default(), dials, 0.8),
                normal.unserved(Events::default(), dials, 0.8),
            );
            assert!((exact - normal).abs() < 0.1 * exact + 0.02, "{dials}: {exact} {normal}");
        }
    }

    #[test]
    fn distributions_add_up_to_one() {
        for mean in [0.0, 0.3, 7.0, 59.0] {
            assert!((poisson(mean).iter().sum::<f64>() - 1.0).abs() < 1e-6, "{mean}");
        }
        let excess = excess_above(&binomial(10, 0.3));
        assert!((excess[0] - 3.0).abs() < 1e-12);
        assert!((expected_excess(3.0, 0.0) - 3.0).abs() < 1e-12);
        assert!(expected_excess(-8.0, 1.0) < 1e-9);
    }
}
