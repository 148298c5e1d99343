//! How a poll loop passes the time in which there is nothing to do.
//!
//! On a core of its own a lane polls without a break: whatever it does instead costs latency
//! when the packet comes. Where threads outnumber cores that is harmful, because a spinning
//! thread keeps the core from the very thread it waits for; there the loop backs off: it spins
//! a while, then pauses, then yields, then sleeps for a bounded time. Which of the two it is
//! is decided once, by counting, and every report says so.

use std::fmt;
use std::hint;
use std::thread;
use std::time::Duration;

/// What a poll loop does when it found nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PollMode {
    /// Polls again at once; never yields, never enters the kernel.
    Busy,
    /// Spins, pauses, yields, then sleeps for at most [`Backoff::max_sleep_ns`].
    Backoff,
}

impl PollMode {
    /// The name that configuration and reports use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Backoff => "backoff",
        }
    }
}

impl fmt::Display for PollMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Chooses how to poll: busily where every spinning thread can have a core, else backing off.
///
/// `cores` is [`crate::allowed::Allowed::spinnable`]. The text gives the counts.
pub fn choose(spinning_threads: usize, cores: usize) -> (PollMode, String) {
    if spinning_threads > cores {
        let reason = format!(
            "{spinning_threads} spinning threads on {cores} cores would take the cores from one \
             another"
        );
        (PollMode::Backoff, reason)
    } else {
        let reason = format!("{spinning_threads} spinning threads have {cores} cores");
        (PollMode::Busy, reason)
    }
}

/// How far and how fast backing off goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// Polls without any break after the last find.
    pub spins: u32,
    /// Polls after these with a pause of the processor between, doubling up to 64 pauses.
    pub pauses: u32,
    /// Polls after these with the core offered to other threads between.
    pub yields: u32,
    /// The first sleep after these, in nanoseconds; each further one doubles.
    pub first_sleep_ns: u64,
    /// The longest sleep, in nanoseconds.
    pub max_sleep_ns: u64,
}

impl Default for Backoff {
    /// Some microseconds of spinning and pausing, then yields, then sleeps of 5 us to 500 us.
    fn default() -> Self {
        Self { spins: 64, pauses: 64, yields: 64, first_sleep_ns: 5_000, max_sleep_ns: 500_000 }
    }
}

/// One way of passing the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdleAction {
    /// Poll again at once.
    Spin,
    /// Pause the processor this many times; no system call.
    Pause(u32),
    /// Offer the core to another thread.
    Yield,
    /// Sleep this many nanoseconds; the kernel's timer slack comes on top.
    Sleep(u64),
}

impl Backoff {
    /// What to do after so many polls in a row that found nothing, counting from 0.
    pub fn action(&self, nothing: u32) -> IdleAction {
        let Some(paused) = nothing.checked_sub(self.spins) else {
            return IdleAction::Spin;
        };
        let Some(yielded) = paused.checked_sub(self.pauses) else {
            return IdleAction::Pause(1 << paused.min(6));
        };
        let Some(slept) = yielded.checked_sub(self.yields) else {
            return IdleAction::Yield;
        };
        let factor = 1_u64.checked_shl(slept).unwrap_or(u64::MAX);
        IdleAction::Sleep(self.first_sleep_ns.saturating_mul(factor).min(self.max_sleep_ns))
    }
}

/// The idle strategy of one loop.
#[derive(Clone, Copy, Debug)]
pub struct Idle {
    mode: PollMode,
    backoff: Backoff,
    nothing: u32,
}

impl Idle {
    /// The strategy of a mode.
    pub fn new(mode: PollMode) -> Self {
        Self::with_backoff(mode, Backoff::default())
    }

    /// The strategy of a mode with its own way of backing off.
    pub const fn with_backoff(mode: PollMode, backoff: Backoff) -> Self {
        Self { mode, backoff, nothing: 0 }
    }

    /// The mode.
    pub const fn mode(&self) -> PollMode {
        self.mode
    }

    /// A poll found something: spinning begins anew.
    #[inline]
    pub fn found(&mut self) {
        self.nothing = 0;
    }

    /// A poll found nothing: passes the time and says how.
    ///
    /// In [`PollMode::Busy`] it does nothing at all.
    #[inline]
    pub fn idle(&mut self) -> IdleAction {
        match self.mode {
            PollMode::Busy => IdleAction::Spin,
            PollMode::Backoff => self.back_off(),
        }
    }

    #[cold]
    fn back_off(&mut self) -> IdleAction {
        let action = self.backoff.action(self.nothing);
        self.nothing = self.nothing.saturating_add(1);
        match action {
            IdleAction::Spin => {}
            IdleAction::Pause(times) => (0..times).for_each(|_| hint::spin_loop()),
            IdleAction::Yield => thread::yield_now(),
            IdleAction::Sleep(ns) => thread::sleep(Duration::from_nanos(ns)),
        }
        action
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::ThreadUsage;
    use proptest::prelude::*;

    #[test]
    fn busy_only_where_every_thread_has_a_core() {
        for (threads, cores, mode) in [
            (0, 0, PollMode::Busy),
            (1, 0, PollMode::Backoff),
            (2, 2, PollMode::Busy),
            (3, 2, PollMode::Backoff),
            (5, 64, PollMode::Busy),
        ] {
            let (chosen, reason) = choose(threads, cores);
            assert_eq!(chosen, mode, "{threads} {cores}");
            let counts = [threads.to_string(), cores.to_string()];
            assert!(counts.iter().all(|count| reason.contains(count)), "{reason}");
        }
    }

    #[test]
    fn backing_off_goes_through_all_stages() {
        let backoff =
            Backoff { spins: 2, pauses: 3, yields: 1, first_sleep_ns: 1_000, max_sleep_ns: 3_000 };
        let actions: Vec<_> = (0..10).map(|n| backoff.action(n)).collect();
        let expected = [
            IdleAction::Spin,
            IdleAction::Spin,
            IdleAction::Pause(1),
            IdleAction::Pause(2),
            IdleAction::Pause(4),
            IdleAction::Yield,
            IdleAction::Sleep(1_000),
            IdleAction::Sleep(2_000),
            IdleAction::Sleep(3_000),
            IdleAction::Sleep(3_000),
        ];
        assert_eq!(actions, expected);
    }

    proptest! {
        #[test]
        fn sleeps_are_bounded_and_stages_never_go_back(
            spins in 0_u32..100, pauses in 0_u32..100, yields in 0_u32..100,
            first in any::<u64>(), max in any::<u64>(), n in any::<u32>(),
        ) {
            let backoff = Backoff {
                spins, pauses, yields, first_sleep_ns: first, max_sleep_ns: max,
            };
            let stage = |action| match action {
                IdleAction::Spin => 0,
                IdleAction::Pause(_) => 1,
                IdleAction::Yield => 2,
                IdleAction::Sleep(_) => 3,
            };
            for action in [backoff.action(n), backoff.action(u32::MAX)] {
                match action {
                    IdleAction::Sleep(ns) => prop_assert!(ns <= max),
                    IdleAction::Pause(times) => prop_assert!(times <= 64),
                    IdleAction::Spin | IdleAction::Yield => {}
                }
            }
            let next = backoff.action(n.saturating_add(1));
            prop_assert!(stage(next) >= stage(backoff.action(n)));
        }
    }

    #[test]
    fn busy_never_gives_up_the_core() {
        let mut idle = Idle::new(PollMode::Busy);
        let before = ThreadUsage::now();
        for _ in 0..100_000 {
            assert_eq!(idle.idle(), IdleAction::Spin);
        }
        assert_eq!(ThreadUsage::now().since(before).voluntary_switches, 0);
    }

    #[test]
    fn a_find_starts_anew() {
        let mut idle = Idle::new(PollMode::Backoff);
        let before = ThreadUsage::now();
        let slept = (0..200).any(|_| matches!(idle.idle(), IdleAction::Sleep(_)));
        assert!(slept && ThreadUsage::now().since(before).voluntary_switches > 0);
        idle.found();
        assert_eq!(idle.idle(), IdleAction::Spin);
        assert_eq!((idle.mode().name(), PollMode::Busy.to_string()), ("backoff", "busy".into()));
    }
}
