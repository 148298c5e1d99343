//! The cap on packets, held to even where the plan has fallen behind.
//!
//! A sender that was descheduled for a while would catch up in one burst and overrun the
//! receiver's socket buffer, which a test then takes for loss by the handler. This is the leaky
//! bucket in its virtual scheduling form: a packet may go out up to `burst` packets ahead of the
//! even spacing, never more. A little above the
//! planned rate, so that the plan can be caught up with.

const NS_PER_S: u64 = 1_000_000_000;

/// Limits one line.
#[derive(Clone, Copy, Debug)]
pub struct Throttle {
    gap_ns: u64,
    slack_ns: u64,
    /// When the next packet would go out if all were evenly spaced.
    even_at: u64,
}

impl Throttle {
    /// At most so many packets a second, and `burst` at once after a pause.
    #[must_use]
    pub fn new(packets_per_second: u64, burst: u64) -> Self {
        let gap_ns = NS_PER_S / packets_per_second.clamp(1, NS_PER_S);
        Self { gap_ns, slack_ns: gap_ns.saturating_mul(burst.saturating_sub(1)), even_at: 0 }
    }

    /// The earliest time for the next packet, ns.
    #[must_use]
    pub const fn ready_at(&self) -> u64 {
        self.even_at.saturating_sub(self.slack_ns)
    }

    /// A packet went out at this time.
    pub fn take(&mut self, now: u64) {
        self.even_at = self.even_at.max(now).saturating_add(self.gap_ns);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Throttle;

    #[test]
    fn a_burst_then_even_spacing() {
        let mut throttle = Throttle::new(1_000, 3);
        let mut now = 5_000_000;
        let mut times = vec![];
        for _ in 0..6 {
            now = now.max(throttle.ready_at());
            throttle.take(now);
            times.push(now);
        }
        assert_eq!(times, [5, 5, 5, 6, 7, 8].map(|ms| ms * 1_000_000));
    }

    proptest! {
        /// In any stretch of time no more than the cap and one burst.
        #[test]
        fn never_more_than_the_cap(pauses in prop::collection::vec(0_u64..20_000, 1..200)) {
            let (cap, burst) = (1_000_000, 4);
            let mut throttle = Throttle::new(cap, burst);
            let mut now = 0;
            let mut times = vec![];
            for pause in pauses {
                now = (now + pause / 10).max(throttle.ready_at());
                throttle.take(now);
                times.push(now);
            }
            for (index, from) in times.iter().enumerate() {
                for (count, until) in (1..).zip(&times[index..]) {
                    prop_assert!(count <= burst + (until - from) / 1_000, "{times:?}");
                }
            }
        }
    }
}
