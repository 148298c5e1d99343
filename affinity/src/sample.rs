//! One look at three clocks at once: counter, UTC, and the kernel's raw clock.
//!
//! Clocks cannot be read at the same instant, so the kernel's clock is read between two readings
//! of the counter: it was read somewhere between them, and half the distance bounds the error.
//! Interrupts only widen the bracket, so of many tries the narrowest is kept.

use crate::counter::{Counter, clock_ns};
use crate::error::AffinityError;

/// How many brackets a sample is chosen from: some 10 us of work.
pub const TRIES: u32 = 64;

/// Counter and clocks at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockSample {
    /// The counter, in ticks, in the middle of the bracket.
    pub ticks: u64,
    /// CLOCK_REALTIME in nanoseconds UTC.
    pub utc_ns: u64,
    /// CLOCK_MONOTONIC_RAW in nanoseconds, read right after; nobody steps or slews it.
    pub raw_ns: u64,
    /// `ticks` is wrong by at most this, in ticks.
    pub uncertainty_ticks: u64,
}

impl ClockSample {
    /// Takes the narrowest of [`TRIES`] brackets.
    ///
    /// # Errors
    /// Where the kernel has no such clock, or UTC stands before 1970.
    pub fn take(counter: Counter) -> Result<Self, AffinityError> {
        let mut best = Self::bracket(counter)?;
        for _ in 1..TRIES {
            let next = Self::bracket(counter)?;
            if next.uncertainty_ticks < best.uncertainty_ticks {
                best = next;
            }
        }
        Ok(best)
    }

    fn bracket(counter: Counter) -> Result<Self, AffinityError> {
        let before = counter.read_ordered();
        let utc_ns = clock_ns(libc::CLOCK_REALTIME, "CLOCK_REALTIME")?;
        let after = counter.read_ordered();
        let raw_ns = clock_ns(libc::CLOCK_MONOTONIC_RAW, "CLOCK_MONOTONIC_RAW")?;
        // A counter that differs between cores may seem to run backwards after a migration.
        let width = after.checked_sub(before).unwrap_or(u64::MAX);
        let half = width / 2;
        Ok(Self {
            ticks: before.wrapping_add(half),
            utc_ns,
            raw_ns,
            uncertainty_ticks: half.saturating_add(1),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_lie_inside_their_bracket() {
        for counter in [Counter::detect().counter, Counter::MonotonicRaw] {
            let before = counter.read_ordered();
            let sample = ClockSample::take(counter).expect("clocks");
            let after = counter.read_ordered();
            assert!(before <= sample.ticks && sample.ticks <= after, "{sample:?}");
            assert!(sample.uncertainty_ticks <= after - before + 1, "{sample:?}");
        }
    }

    #[test]
    fn clocks_advance_together() {
        let first = ClockSample::take(Counter::MonotonicRaw).expect("clocks");
        std::thread::sleep(std::time::Duration::from_millis(5));
        let second = ClockSample::take(Counter::MonotonicRaw).expect("clocks");
        assert!(second.ticks - first.ticks >= 5_000_000);
        assert!(second.raw_ns - first.raw_ns >= 5_000_000);
    }
}
