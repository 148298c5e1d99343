//! Pauses that double, each spread by a quarter either way, so that a thousand clients which lost
//! a server at one moment do not come back at one moment.

use rand_core::Rng;
use rand_core::SeedableRng;
use rand_xoshiro::SplitMix64;

/// Most doublings.
const DOUBLINGS: u32 = 8;

/// Pauses between attempts.
#[derive(Debug)]
pub struct Backoff {
    first_ns: u64,
    failures: u32,
    random: SplitMix64,
}

impl Backoff {
    /// Pauses that begin with about `first_ns`.
    pub fn new(first_ns: u64, seed: u64) -> Backoff {
        Backoff { first_ns, failures: 0, random: SplitMix64::seed_from_u64(seed) }
    }

    /// The next pause, ns.
    pub fn next_ns(&mut self) -> u64 {
        let middle = self.first_ns.saturating_mul(1 << self.failures.min(DOUBLINGS));
        self.failures = self.failures.saturating_add(1);
        let spread = middle / 2;
        (middle - middle / 4).saturating_add(self.random.next_u64() % spread.saturating_add(1))
    }

    /// An attempt succeeded: the next pause is a first one.
    pub fn succeeded(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_within_a_quarter_and_have_an_end() {
        let mut backoff = Backoff::new(1_000, 7);
        for doubling in 0..20 {
            let middle = 1_000 << doubling.min(8);
            let pause = backoff.next_ns();
            assert!((middle - middle / 4..=middle + middle / 4).contains(&pause), "{pause}");
        }
        backoff.succeeded();
        assert!(backoff.next_ns() <= 1_250);
    }

    #[test]
    fn a_seed_gives_the_same_pauses_and_another_seed_others() {
        let pauses = |seed| {
            let mut backoff = Backoff::new(1_000_000, seed);
            (0..5).map(|_| backoff.next_ns()).collect::<Vec<_>>()
        };
        assert_eq!(pauses(1), pauses(1));
        assert_ne!(pauses(1), pauses(2));
    }
}
