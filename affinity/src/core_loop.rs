//! The loop of a core: polls its lanes in turn, for ever, and keeps count.
//!
//! A lane has no clock and no thread of its own; this is where both come from. The loop reads
//! the clock once after every poll: that reading is the next poll's time and, less the one
//! before, how long this poll took. In [`PollMode::Busy`] it makes no system call from the first
//! poll to the last; what the bodies do is their own account.

use crate::clock::Now;
use crate::error::AffinityError;
use crate::longest::LongestPoll;
use crate::pin::pin;
use crate::poll::{Backoff, Idle, IdleAction, PollMode};
use crate::usage::ThreadUsage;
use std::sync::atomic::{AtomicBool, Ordering};

/// How a core's thread is to run.
#[derive(Clone, Copy, Debug)]
pub struct CoreSpec<'a> {
    /// The core to pin to; `None` leaves the thread to the scheduler.
    pub core: Option<usize>,
    /// How to pass the time when nothing was found.
    pub mode: PollMode,
    /// How far [`PollMode::Backoff`] goes.
    pub backoff: Backoff,
    /// Set by the control plane to end the loop after the poll in hand.
    pub stop: &'a AtomicBool,
}

/// What a core's thread did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoreReport {
    /// The core it was pinned to.
    pub core: Option<usize>,
    /// How often it went through all its bodies.
    pub rounds: u64,
    /// Rounds in which any body found something.
    pub found: u64,
    /// What the kernel counted of the thread between the first and the last round.
    pub usage: ThreadUsage,
}

/// One body of a loop: a poll that is told the time in nanoseconds UTC and says whether it
/// found anything, and the tracker of how long it takes.
#[derive(Debug)]
pub struct Body<'a, F> {
    /// The poll.
    pub poll: F,
    /// Where its duration goes.
    pub longest: &'a LongestPoll,
}

/// Result of one round: the time after it, and whether anything was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Round {
    /// Nanoseconds UTC after the last poll of the round.
    pub now_ns: u64,
    /// Whether any poll found something.
    pub found: bool,
}

/// What a loop can poll: a [`Body`], a slice of one sort of body, or a pair of any two.
///
/// Pairs nest, so several lanes of different types share a core without a virtual call.
pub trait Bodies {
    /// Polls everything once, in order, beginning at `now_ns`.
    fn round<N: Now>(&mut self, clock: &mut N, now_ns: u64) -> Round;
}

impl<F: FnMut(u64) -> bool> Bodies for Body<'_, F> {
    #[inline]
    fn round<N: Now>(&mut self, clock: &mut N, now_ns: u64) -> Round {
        let found = (self.poll)(now_ns);
        let after = clock.now();
        self.longest.record(after.saturating_sub(now_ns), found);
        Round { now_ns: after, found }
    }
}

impl<B: Bodies> Bodies for [B] {
    #[inline]
    fn round<N: Now>(&mut self, clock: &mut N, now_ns: u64) -> Round {
        let mut all = Round { now_ns, found: false };
        for body in self {
            let one = body.round(clock, all.now_ns);
            all = Round { now_ns: one.now_ns, found: all.found | one.found };
        }
        all
    }
}

impl<A: Bodies, B: Bodies> Bodies for (A, B) {
    #[inline]
    fn round<N: Now>(&mut self, clock: &mut N, now_ns: u64) -> Round {
        let first = self.0.round(clock, now_ns);
        let second = self.1.round(clock, first.now_ns);
        Round { now_ns: second.now_ns, found: first.found | second.found }
    }
}

/// Pins the calling thread and polls until told to stop. The thread stays pinned.
///
/// # Errors
/// Where the core does not exist, is offline or not allowed; nothing was polled then.
pub fn run_core<N: Now, B: Bodies + ?Sized>(
    spec: &CoreSpec<'_>,
    clock: &mut N,
    bodies: &mut B,
) -> Result<CoreReport, AffinityError> {
    let core = match spec.core {
        Some(core) => Some(pin(core)?.core()),
        None => None,
    };
    let before = ThreadUsage::now();
    let (rounds, found) = poll_until_stopped(spec, clock, bodies);
    let usage = ThreadUsage::now().since(before);
    Ok(CoreReport { core, rounds, found, usage })
}

/// The loop itself; returns rounds, and rounds that found something.
fn poll_until_stopped<N: Now, B: Bodies + ?Sized>(
    spec: &CoreSpec<'_>,
    clock: &mut N,
    bodies: &mut B,
) -> (u64, u64) {
    let mut idle = Idle::with_backoff(spec.mode, spec.backoff);
    let mut rounds = 0_u64;
    let mut found = 0_u64;
    let mut now_ns = clock.now();
    // Acquire: partner is the control plane's Release store, so that what it wrote before
    // stopping us is seen by whoever runs after the loop.
    while !spec.stop.load(Ordering::Acquire) {
        let round = bodies.round(clock, now_ns);
        now_ns = round.now_ns;
        rounds = rounds.wrapping_add(1);
        if round.found {
            found = found.wrapping_add(1);
            idle.found();
        } else if !matches!(idle.idle(), IdleAction::Spin) {
            // The break is not the next poll's time.
            now_ns = clock.now();
        }
    }
    (rounds, found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::pin::{current_affinity, current_core};
    use std::cell::Cell;
    use std::time::{Duration, Instant};

    fn spec(stop: &AtomicBool, mode: PollMode) -> CoreSpec<'_> {
        CoreSpec { core: None, mode, backoff: Backoff::default(), stop }
    }

    #[test]
    fn bodies_are_polled_in_turn_with_the_time_of_their_turn() {
        let stop = AtomicBool::new(false);
        let ticking = Cell::new(1_000_u64);
        let mut clock = || ticking.replace(ticking.get() + 1);
        let trackers = [LongestPoll::new(5), LongestPoll::new(5), LongestPoll::new(5)];
        let order = std::cell::RefCell::new(Vec::new());
        let note = |who: char, now: u64, costs: u64| {
            order.borrow_mut().push((who, now));
            ticking.set(ticking.get() + costs);
        };
        let [ta, tb, tc] = &trackers;
        let a = |now| {
            note('a', now, 10);
            true
        };
        let b = |now| {
            note('b', now, 2);
            false
        };
        let c = |now| {
            note('c', now, 0);
            stop.store(now > 1_020, Ordering::Release);
            false
        };
        let mut bodies = (
            Body { poll: a, longest: ta },
            (Body { poll: b, longest: tb }, Body { poll: c, longest: tc }),
        );
        let report =
            run_core(&spec(&stop, PollMode::Busy), &mut clock, &mut bodies).expect("no pin");
        // By hand: each reading of the clock is one later than the last, plus what polls cost.
        let expected =
            [('a', 1_000), ('b', 1_011), ('c', 1_014), ('a', 1_015), ('b', 1_026), ('c', 1_029)];
        assert_eq!(*order.borrow(), expected);
        assert_eq!((report.rounds, report.found, report.core), (2, 2, None));
        let stats = trackers.each_ref().map(LongestPoll::stats);
        assert_eq!(stats.map(|s| (s.polls, s.longest_ns)), [(2, 11), (2, 3), (2, 1)]);
        assert_eq!(stats.map(|s| (s.found, s.breaches)), [(2, 2), (0, 0), (0, 0)]);
    }

    #[test]
    fn a_slice_of_bodies_finds_if_any_finds() {
        let stop = AtomicBool::new(false);
        let tracker = LongestPoll::new(u64::MAX);
        let polls = Cell::new(0_u32);
        let body = |nth: u32| {
            let (polls, stop) = (&polls, &stop);
            let poll = move |_now: u64| {
                polls.set(polls.get() + 1);
                stop.store(polls.get() >= 9, Ordering::Release);
                nth == 1
            };
            Body { poll, longest: &tracker }
        };
        let mut bodies = [body(0), body(1), body(2)];
        let mut clock = || 0;
        let report = run_core(&spec(&stop, PollMode::Busy), &mut clock, &mut bodies[..]);
        let report = report.expect("no pin");
        assert_eq!((report.rounds, report.found, polls.get()), (3, 3, 9));
    }

    #[test]
    fn a_stopped_core_polls_nothing() {
        let stop = AtomicBool::new(true);
        let tracker = LongestPoll::new(1);
        let mut body = Body { poll: |_now: u64| true, longest: &tracker };
        let mut clock = || 0;
        let report = run_core(&spec(&stop, PollMode::Busy), &mut clock, &mut body);
        assert_eq!(report.expect("no pin").rounds, 0);
        assert_eq!(tracker.stats().polls, 0);
    }

    #[test]
    fn a_core_that_does_not_exist_is_not_polled_on() {
        let stop = AtomicBool::new(false);
        let tracker = LongestPoll::new(1);
        let mut body = Body { poll: |_now: u64| true, longest: &tracker };
        let mut clock = || 0;
        let spec = CoreSpec { core: Some(8_000), ..spec(&stop, PollMode::Busy) };
        assert!(run_core(&spec, &mut clock, &mut body).is_err());
        assert_eq!(tracker.stats().polls, 0);
    }

    #[test]
    fn the_control_plane_stops_a_pinned_core() {
        let stop = AtomicBool::new(false);
        let tracker = LongestPoll::new(u64::MAX);
        let core = current_affinity().expect("affinity").first().expect("a core");
        let mut clock = Clock::measure().expect("a clock");
        std::thread::scope(|scope| {
            let runner = scope.spawn(|| {
                let mut on = None;
                let poll = |_now: u64| {
                    on = on.or_else(current_core);
                    false
                };
                let mut body = Body { poll, longest: &tracker };
                let spec = CoreSpec { core: Some(core), ..spec(&stop, PollMode::Backoff) };
                let report = run_core(&spec, &mut clock, &mut body).expect("an allowed core");
                (report, on)
            });
            let patience = Instant::now();
            while tracker.stats().polls < 1000 && patience.elapsed() < Duration::from_secs(60) {
                std::thread::sleep(Duration::from_millis(1));
            }
            stop.store(true, Ordering::Release);
            let (report, on) = runner.join().expect("the core's thread");
            assert_eq!((report.core, on), (Some(core), Some(core)));
            assert!(report.rounds >= 1000 && report.found == 0, "{report:?}");
            // Nothing was ever found, so backing off came to sleeping.
            assert!(report.usage.voluntary_switches > 0, "{report:?}");
        });
    }

    #[test]
    fn breaks_are_not_counted_as_polls() {
        let stop = AtomicBool::new(false);
        let tracker = LongestPoll::new(u64::MAX);
        let ticking = Cell::new(0_u64);
        // Every second reading comes after a break, which takes long.
        let mut clock = || {
            ticking.set(ticking.get() + 1);
            ticking.get() / 2 * 1_000_000 + ticking.get()
        };
        let polls = Cell::new(0_u32);
        let poll = |_now: u64| {
            polls.set(polls.get() + 1);
            stop.store(polls.get() == 50, Ordering::Release);
            false
        };
        let mut body = Body { poll, longest: &tracker };
        let backoff = Backoff { spins: 0, pauses: 100, ..Backoff::default() };
        let spec = CoreSpec { backoff, ..spec(&stop, PollMode::Backoff) };
        run_core(&spec, &mut clock, &mut body).expect("no pin");
        let stats = tracker.stats();
        // Readings 1, 3, 5, ... begin polls; 2, 4, 6, ... end them a million later.
        assert_eq!((stats.polls, stats.longest_ns), (50, 1_000_001));
    }
}
