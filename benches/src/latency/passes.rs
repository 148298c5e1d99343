//! The two loops, and where their times go.

use crate::l3::ours::{Books, Passed, apply};
use affinity::{Calibration, Counter};
use hdrhistogram::{CreationError, Histogram};
use protocol::venue::nasdaq::Blocks;

/// Times below so many ticks are counted in an array, which costs the loop the same for each.
const SMALL: usize = 1 << 16;
/// The longest time that the histogram tells apart, ns: a minute.
const LONGEST_NS: u64 = 60_000_000_000;

/// Times in ticks. All memory is fetched before the first.
pub(super) struct Times {
    small: Vec<u32>,
    /// The others, in order; more than fit are counted as the longest.
    large: Vec<u64>,
    lost: u64,
    histogram: Histogram<u64>,
}

/// Places for long times. Each is one of at least 30 us: more than the host can interrupt a pass.
const LARGE: usize = 1 << 20;

impl Times {
    pub(super) fn new() -> Result<Times, CreationError> {
        let histogram = Histogram::new_with_bounds(1, LONGEST_NS, 3)?;
        Ok(Times { small: vec![0; SMALL], large: Vec::with_capacity(LARGE), lost: 0, histogram })
    }

    pub(super) fn clear(&mut self) {
        self.small.fill(0);
        self.large.resize(LARGE, 0);
        self.large.clear();
        self.lost = 0;
    }

    #[inline(always)]
    fn note(&mut self, ticks: u64) {
        match usize::try_from(ticks).ok().and_then(|at| self.small.get_mut(at)) {
            Some(count) => *count += 1,
            None => self.note_large(ticks),
        }
    }

    #[cold]
    fn note_large(&mut self, ticks: u64) {
        if self.large.len() < self.large.capacity() {
            self.large.push(ticks);
        } else {
            self.lost += 1;
        }
    }

    /// All times, ns.
    pub(super) fn histogram(&mut self, calibration: &Calibration) -> Histogram<u64> {
        self.histogram.reset();
        for (ticks, count) in self.small.iter().enumerate() {
            if *count > 0 {
                let ns = calibration.duration_ns(ticks as u64);
                self.histogram.saturating_record_n(ns, u64::from(*count));
            }
        }
        for ticks in &self.large {
            self.histogram.saturating_record(calibration.duration_ns(*ticks));
        }
        self.histogram.saturating_record_n(LONGEST_NS, self.lost);
        self.histogram.clone()
    }
}

/// Every message between two stamps.
#[inline(never)]
pub(super) fn applied(
    books: &mut Books,
    bytes: &[u8],
    counter: Counter,
    times: &mut Times,
) -> Passed {
    let mut passed = Passed::default();
    let mut blocks = Blocks::new(bytes);
    loop {
        let begin = counter.read_ordered();
        let Some(event) = blocks.next() else { return passed };
        apply(books, &event, &mut passed);
        let end = counter.read_ordered();
        passed.messages += 1;
        times.note(end.saturating_sub(begin));
    }
}

/// As many times nothing between two stamps.
#[inline(never)]
pub(super) fn empty(messages: usize, counter: Counter, times: &mut Times) {
    for _ in 0..messages {
        let begin = counter.read_ordered();
        let end = counter.read_ordered();
        times.note(end.saturating_sub(begin));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use affinity::Clock;

    #[test]
    fn every_time_is_in_the_histogram_long_ones_too() {
        let clock = Clock::measure().unwrap();
        let calibration = clock.calibration();
        let mut times = Times::new().unwrap();
        times.clear();
        for _ in 0..99 {
            times.note(calibration.ticks_in(1_000));
        }
        times.note(calibration.ticks_in(5_000_000_000));
        let histogram = times.histogram(calibration);
        assert_eq!(histogram.len(), 100);
        let near = |ns: u64, of: u64| ns.abs_diff(of) <= of / 500;
        assert!(near(histogram.value_at_quantile(0.5), 1_000));
        assert!(near(histogram.value_at_quantile(1.0), 5_000_000_000));
        times.clear();
        empty(1_000, calibration.counter, &mut times);
        assert_eq!(times.histogram(calibration).len(), 1_000);
    }
}
