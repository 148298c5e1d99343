//! A limit of requests a second, with a burst.
//!
//! The generic cell rate algorithm: one time is kept, at which the requests so far would have been
//! spent had they gone out evenly. In any window of `w` seconds at most `burst + rate * w` pass.

/// A limit of a rate.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    interval_ns: u64,
    tolerance_ns: u64,
    spent_at: u64,
}

impl Rate {
    /// So many a second, of which `burst` (at least 1) may follow each other at once; 0 a second:
    /// no limit.
    pub fn new(per_second: u32, burst: u32) -> Rate {
        let interval_ns = match per_second {
            0 => 0,
            rate => 1_000_000_000_u64.div_ceil(u64::from(rate)),
        };
        let tolerance_ns = interval_ns.saturating_mul(u64::from(burst.saturating_sub(1)));
        Rate { interval_ns, tolerance_ns, spent_at: 0 }
    }

    /// When the next one may pass, ns.
    pub fn ready_at(&self) -> u64 {
        self.spent_at.saturating_sub(self.tolerance_ns)
    }

    /// Whether one may pass now.
    pub fn is_ready(&mut self, now: u64) -> bool {
        // More than this is never spent ahead; if it is, the clock was set back.
        let most = now.saturating_add(self.tolerance_ns).saturating_add(self.interval_ns);
        self.spent_at = self.spent_at.min(most);
        self.ready_at() <= now
    }

    /// Counts one that passed.
    pub fn take(&mut self, now: u64) {
        self.spent_at = self.spent_at.max(now).saturating_add(self.interval_ns);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Counted in every window that begins and ends with one that passed.
        #[test]
        fn no_window_holds_more_than_the_burst_and_the_rate(
            rate in 1_u32..5_000,
            burst in 1_u32..50,
            waits in prop::collection::vec(0_u64..2_000_000, 1..300),
        ) {
            let mut limit = Rate::new(rate, burst);
            let (mut now, mut passed) = (1_000_000_000_000_u64, Vec::new());
            for wait in waits {
                now += wait;
                while limit.is_ready(now) {
                    limit.take(now);
                    passed.push(now);
                }
            }
            prop_assert!(passed.len() >= burst as usize);
            for (at, first) in passed.iter().enumerate() {
                for (count, last) in passed[at..].iter().enumerate() {
                    let allowed = f64::from(burst)
                        + f64::from(rate) * (last - first) as f64 / 1e9;
                    prop_assert!(count as f64 + 1.0 <= allowed + 1e-6);
                }
            }
        }

        /// It is no stricter than it says: one that waits for `ready_at` gets through.
        #[test]
        fn the_time_it_names_is_good(rate in 1_u32..5_000, burst in 1_u32..50, count in 1..500) {
            let mut limit = Rate::new(rate, burst);
            let (begun, mut now) = (5_000_000_000_u64, 5_000_000_000_u64);
            for _ in 0..count {
                now = now.max(limit.ready_at());
                prop_assert!(limit.is_ready(now));
                limit.take(now);
            }
            let even = (f64::from(count) - f64::from(burst)).max(0.0) / f64::from(rate);
            prop_assert!((now - begun) as f64 / 1e9 <= even * 1.01 + 1e-6);
        }
    }

    #[test]
    fn a_clock_that_was_set_back_costs_one_burst_at_most() {
        let mut limit = Rate::new(10, 5);
        (0..5).for_each(|_| limit.take(3_600_000_000_000));
        assert!(!limit.is_ready(1_000_000_000));
        assert!(limit.ready_at() <= 1_100_000_000);
    }

    #[test]
    fn no_limit_never_waits() {
        let mut limit = Rate::new(0, 1);
        for _ in 0..1_000 {
            assert!(limit.is_ready(7));
            limit.take(7);
        }
    }
}
