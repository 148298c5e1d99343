//! The longest poll of a lane, and how busy it is.
//!
//! A poll loop has no queue to measure: how late it can be for a packet is how long its longest
//! poll takes. This tracker is written by the loop's thread after every poll and read by any
//! other thread. One thread writes, so no operation needs to be a locked read-modify-write; the
//! only one is the reader's swap, which starts a new window of the maximum.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Poll statistics of one body of a loop: one writer, any number of readers.
///
/// On a cache line of its own, so that readers disturb nothing else of the writer.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct LongestPoll {
    polls: AtomicU64,
    found: AtomicU64,
    busy_ns: AtomicU64,
    longest_ns: AtomicU64,
    window_ns: AtomicU64,
    breaches: AtomicU64,
    threshold_ns: u64,
}

/// What a reader sees. Counts are since the start, except for the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PollStats {
    /// Polls.
    pub polls: u64,
    /// Polls that found something.
    pub found: u64,
    /// Time spent in polls that found something, in nanoseconds.
    pub busy_ns: u64,
    /// The longest poll ever, in nanoseconds.
    pub longest_ns: u64,
    /// The longest poll since a window was last taken, in nanoseconds.
    pub window_ns: u64,
    /// Polls that were longer than the threshold.
    pub breaches: u64,
}

impl PollStats {
    /// The part of a time in which the loop had work, in thousandths, at most 1000.
    ///
    /// Both readings are of the same tracker, `elapsed_ns` apart.
    pub fn duty_permille(&self, earlier: &Self, elapsed_ns: u64) -> u64 {
        let busy = u128::from(self.busy_ns.saturating_sub(earlier.busy_ns)) * 1000;
        let permille = busy.checked_div(u128::from(elapsed_ns)).unwrap_or(0);
        u64::try_from(permille).map_or(1000, |permille| permille.min(1000))
    }
}

impl LongestPoll {
    /// A tracker that counts polls longer than the threshold as breaches.
    pub const fn new(threshold_ns: u64) -> Self {
        Self {
            polls: AtomicU64::new(0),
            found: AtomicU64::new(0),
            busy_ns: AtomicU64::new(0),
            longest_ns: AtomicU64::new(0),
            window_ns: AtomicU64::new(0),
            breaches: AtomicU64::new(0),
            threshold_ns,
        }
    }

    /// The threshold in nanoseconds.
    pub const fn threshold_ns(&self) -> u64 {
        self.threshold_ns
    }

    /// Counts one poll. Only the loop's own thread calls this.
    #[inline]
    pub fn record(&self, ns: u64, found: bool) {
        bump(&self.polls, 1);
        if found {
            bump(&self.found, 1);
            bump(&self.busy_ns, ns);
        }
        // Relaxed, like the store: partner is `take_window`. Between the two a reader may start
        // a new window; then this poll counts for the old one or for the new one.
        if ns > self.window_ns.load(Relaxed) {
            self.new_longest(ns);
        }
        if ns > self.threshold_ns {
            bump(&self.breaches, 1);
        }
    }

    #[cold]
    fn new_longest(&self, ns: u64) {
        // Relaxed: partners are the loads in `stats` and the swap in `take_window`; every value
        // stands alone, so no order between them is needed.
        self.window_ns.store(ns, Relaxed);
        // Relaxed: only this thread stores it.
        if ns > self.longest_ns.load(Relaxed) {
            // Relaxed: partner is the load in `stats`.
            self.longest_ns.store(ns, Relaxed);
        }
    }

    /// Reads without disturbing; any thread.
    pub fn stats(&self) -> PollStats {
        self.stats_with(|window| window.load(Relaxed))
    }

    /// Reads and starts a new window; any thread, best always the same.
    pub fn take_window(&self) -> PollStats {
        self.stats_with(|window| window.swap(0, Relaxed))
    }

    fn stats_with(&self, window: impl FnOnce(&AtomicU64) -> u64) -> PollStats {
        // Relaxed: partners are the stores in `record` and `new_longest`; the numbers are
        // statistics, each right by itself and at most one poll apart from the others.
        PollStats {
            window_ns: window(&self.window_ns),
            polls: self.polls.load(Relaxed),
            found: self.found.load(Relaxed),
            busy_ns: self.busy_ns.load(Relaxed),
            longest_ns: self.longest_ns.load(Relaxed),
            breaches: self.breaches.load(Relaxed),
        }
    }
}

/// Adds without a locked instruction: only one thread ever stores.
#[inline]
fn bump(counter: &AtomicU64, by: u64) {
    // Relaxed: partner is the load in `stats_with`; the load here reads our own last store.
    counter.store(counter.load(Relaxed).wrapping_add(by), Relaxed);
}

const _: () = assert!(size_of::<LongestPoll>() == 64 && align_of::<LongestPoll>() == 64);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Debug)]
    enum Step {
        Poll(u64, bool),
        Take,
    }

    proptest! {
        #[test]
        fn the_tracker_agrees_with_a_list(
            steps in proptest::collection::vec(
                prop_oneof![
                    8 => (0_u64..1000, any::<bool>()).prop_map(|(ns, f)| Step::Poll(ns, f)),
                    1 => Just(Step::Take),
                ],
                0..200,
            ),
            threshold in 0_u64..1000,
        ) {
            let tracker = LongestPoll::new(threshold);
            let mut all: Vec<(u64, bool)> = Vec::new();
            let mut window = 0..0;
            for step in steps {
                let taken = matches!(step, Step::Take);
                if let Step::Poll(ns, found) = step {
                    tracker.record(ns, found);
                    all.push((ns, found));
                }
                window.end = all.len();
                let stats = if taken { tracker.take_window() } else { tracker.stats() };
                let found = || all.iter().filter(|poll| poll.1);
                let longest = |polls: &[(u64, bool)]| polls.iter().map(|p| p.0).max().unwrap_or(0);
                let expected = PollStats {
                    polls: all.len() as u64,
                    found: found().count() as u64,
                    busy_ns: found().map(|poll| poll.0).sum(),
                    longest_ns: longest(&all),
                    window_ns: longest(&all[window.clone()]),
                    breaches: all.iter().filter(|poll| poll.0 > threshold).count() as u64,
                };
                prop_assert_eq!(stats, expected);
                if taken {
                    window.start = all.len();
                }
            }
        }
    }

    #[test]
    fn a_reader_on_another_thread_misses_no_longest_poll() {
        const POLLS: u64 = 200_000;
        let tracker = LongestPoll::new(u64::MAX);
        let mut seen = 0;
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| (1..=POLLS).for_each(|ns| tracker.record(ns, true)));
            while !writer.is_finished() {
                seen = seen.max(tracker.take_window().window_ns);
            }
            seen = seen.max(tracker.take_window().window_ns);
        });
        assert_eq!(seen, POLLS);
        let stats = tracker.stats();
        assert_eq!((stats.polls, stats.longest_ns, stats.window_ns), (POLLS, POLLS, 0));
        assert_eq!(stats.busy_ns, POLLS * (POLLS + 1) / 2);
    }

    #[test]
    fn the_duty_cycle_is_busy_time() {
        let earlier = PollStats { busy_ns: 1_000, ..PollStats::default() };
        let later = PollStats { busy_ns: 1_250, ..PollStats::default() };
        assert_eq!(later.duty_permille(&earlier, 1_000), 250);
        assert_eq!(later.duty_permille(&earlier, 100), 1_000);
        assert_eq!(later.duty_permille(&earlier, 0), 0);
        assert_eq!(earlier.duty_permille(&later, 1_000), 0);
        assert_eq!(LongestPoll::new(7).threshold_ns(), 7);
    }
}
