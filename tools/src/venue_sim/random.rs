//! Random numbers that are the same on every machine.
//!
//! The generator is xoshiro256++. Everything drawn from it uses integers, or floating point limited
//! to the operations that IEEE 754 rounds exactly (addition, multiplication, square root): the
//! system's `exp`, `ln` and `cos` differ between libraries, and one differing bit would make a
//! different session from there on.

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// A seeded source of random decisions.
#[derive(Clone, Debug)]
pub struct Random(Xoshiro256PlusPlus);

impl Random {
    /// The sequence of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number from 0 to `bound - 1`, 0 for a bound of 0. Multiply and shift; the bias is below
    /// `bound / 2^64`.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(bound)) >> 64) as u64
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True `per_myriad` times in ten thousand.
    pub fn chance(&mut self, per_myriad: u64) -> bool {
        self.below(10_000) < per_myriad
    }

    /// One of `items`, `None` if there are none.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let index = self.below(items.len() as u64);
        items.get(usize::try_from(index).ok()?)
    }

    /// From 0 to below 1.
    fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A normal variate of mean 0 and deviation 1: twelve uniform ones less six, so never beyond 6.
    pub fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }

    /// A lognormal variate, rounded down: `median` times two to the power of a normal variate of
    /// `deviation_bits`.
    pub fn lognormal(&mut self, median: f64, deviation_bits: f64) -> u64 {
        (median * exp2(self.normal() * deviation_bits)) as u64
    }
}

/// Two to the power of `x`, by a polynomial on the fraction: right to 10^-6, and the same anywhere.
fn exp2(x: f64) -> f64 {
    let x = x.clamp(-60.0, 60.0);
    let whole = x.floor();
    let f = x - whole;
    // Taylor coefficients of 2^f: (ln 2)^n / n!.
    let fraction = 1.0
        + f * (std::f64::consts::LN_2
            + f * (0.240_226_506_959_100_7
                + f * (0.055_504_108_664_821_58
                    + f * (0.009_618_129_107_628_477
                        + f * (0.001_333_355_814_642_844
                            + f * (0.000_154_035_303_933_816 + f * 0.000_015_252_733_804_06))))));
    let shift = whole.abs() as u32;
    let power = (1_u64 << shift) as f64;
    if whole < 0.0 { fraction / power } else { fraction * power }
}

/// Draws indices by popularity: index k has the weight (k + 1)^-0.65625, Zipf's law with the
/// exponent that a real day's message counts per symbol show.
#[derive(Clone, Debug)]
pub struct Zipf {
    /// Running sums of the weights, scaled to integers.
    cumulative: Vec<u64>,
}

impl Zipf {
    /// A distribution over `count` indices.
    #[must_use]
    pub fn new(count: u16) -> Self {
        let mut total = 0;
        let cumulative = (1..=u32::from(count))
            .map(|k| {
                let root2 = f64::from(k).sqrt();
                let root8 = root2.sqrt().sqrt();
                let root32 = root8.sqrt().sqrt();
                // 1/2 + 1/8 + 1/32 = 0.65625.
                total += (1e12 / (root2 * root8 * root32)) as u64;
                total
            })
            .collect();
        Self { cumulative }
    }

    /// One index.
    pub fn draw(&self, random: &mut Random) -> u16 {
        let total = self.cumulative.last().copied().unwrap_or(0);
        let at = random.below(total);
        self.cumulative.partition_point(|sum| *sum <= at) as u16
    }
}

#[cfg(test)]
mod tests {
    use super::{Random, Zipf, exp2};

    #[test]
    fn exp2_is_the_systems_to_six_digits() {
        for step in -400..400 {
            let x = f64::from(step) / 10.0;
            let ratio = exp2(x) / x.exp2();
            assert!((ratio - 1.0).abs() < 1e-6, "{x}: {ratio}");
        }
    }

    /// The first number of seed 0: seeding by SplitMix64, then one step of xoshiro256++, as the
    /// authors' reference code gives them.
    #[test]
    fn same_numbers_on_every_machine() {
        assert_eq!(Random::new(0).bits(), 0x5317_5d61_490b_23df);
    }

    #[test]
    fn normal_has_mean_and_deviation() {
        let mut random = Random::new(1);
        let draws: Vec<f64> = (0..100_000).map(|_| random.normal()).collect();
        let mean = draws.iter().sum::<f64>() / 1e5;
        let variance = draws.iter().map(|d| (d - mean) * (d - mean)).sum::<f64>() / 1e5;
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.03, "{mean} {variance}");
    }

    #[test]
    fn zipf_follows_its_exponent() {
        let (zipf, mut random) = (Zipf::new(100), Random::new(2));
        let mut counts = [0_u32; 100];
        for _ in 0..1_000_000 {
            counts[usize::from(zipf.draw(&mut random))] += 1;
        }
        let ratio = f64::from(counts[0]) / f64::from(counts[63]);
        // 64^0.65625 = 2^3.9375 = 15.3.
        assert!((14.0..17.0).contains(&ratio), "{ratio}");
    }
}
