//! When an empty poll looks at the clock.
//!
//! A poll that finds nothing costs some ten nanoseconds, a look at the clock twice that. So the
//! clock is read on every so many empty polls only: on every one while polls are a millisecond or
//! more apart, and down to every sixteenth while the consumer spins.

use std::time::Instant;

/// Most empty polls between two looks.
const MOST: u32 = 16;
/// Looks closer than this are too many, ns.
const CLOSE_NS: u64 = 1_000_000;

/// The rhythm of looks at the clock.
#[derive(Debug)]
pub(crate) struct Pace {
    origin: Instant,
    every: u32,
    left: u32,
    last_ns: u64,
}

impl Pace {
    pub(crate) fn new() -> Self {
        Pace { origin: Instant::now(), every: 1, left: 1, last_ns: 0 }
    }

    /// ns since this pace began, without a look being due.
    pub(crate) fn now(&self) -> u64 {
        // 584 years fit.
        u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// An empty poll: the time, ns, if it is due to be looked at.
    #[inline]
    pub(crate) fn tick(&mut self) -> Option<u64> {
        self.left = self.left.saturating_sub(1);
        if self.left > 0 {
            return None;
        }
        let now = self.now();
        self.looked(now);
        Some(now)
    }

    /// After a look at time `now`: when the next one is due.
    fn looked(&mut self, now: u64) {
        let close = now.saturating_sub(self.last_ns) < CLOSE_NS;
        self.every = if close { (self.every * 2).min(MOST) } else { (self.every / 4).max(1) };
        self.left = self.every;
        self.last_ns = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_polls_look_each_time_and_spinning_ones_seldom() {
        let mut pace = Pace::new();
        let looks = (0..10_000).filter(|_| pace.tick().is_some()).count();
        assert!((600..2_500).contains(&looks), "{looks}");
        // From spinning to a poll every 2 ms: the first look within 16 polls, then on every one.
        pace.every = MOST;
        let (mut now, mut rhythm) = (pace.last_ns, Vec::new());
        for _ in 0..4 {
            now += 2_000_000 * u64::from(pace.every);
            pace.looked(now);
            rhythm.push(pace.every);
        }
        assert_eq!(rhythm, [4, 1, 1, 1]);
        pace.looked(now + 1_000);
        assert_eq!(pace.every, 2);
    }
}
