//! The servers' time, and how they wait.

use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

const NS_PER_MS: u64 = 1_000_000;
/// The longest wait: so soon a server sees that it is to end.
const LONGEST_MS: u64 = 20;

/// Time since the session's first message was due, 0 before; and whether the session is over.
#[derive(Clone, Debug)]
pub(super) struct ServerClock {
    begin: Instant,
    over: Arc<AtomicBool>,
}

impl ServerClock {
    /// A clock whose 0 is so many nanoseconds from now.
    pub(super) fn after(start_delay_ns: u64) -> Self {
        let begin = Instant::now() + Duration::from_nanos(start_delay_ns);
        Self { begin, over: Arc::new(AtomicBool::new(false)) }
    }

    pub(super) fn now(&self) -> u64 {
        let since = Instant::now().saturating_duration_since(self.begin);
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    }

    /// Ends the servers.
    pub(super) fn end(&self) {
        // Relaxed: partner is the load in `is_over`; nothing else is published by it.
        self.over.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_over(&self) -> bool {
        // Relaxed: partner is the store in `end`.
        self.over.load(Ordering::Relaxed)
    }

    /// Returns when one of these can be read (or written, where it is marked so), at the deadline,
    /// or after a while.
    pub(super) fn wait(&self, sockets: &[(BorrowedFd<'_>, bool)], deadline: u64) {
        let left = deadline.saturating_sub(self.now());
        if left == 0 {
            return;
        }
        if left < NS_PER_MS {
            // Finer than `poll` counts.
            std::thread::sleep(Duration::from_nanos(left));
            return;
        }
        let flags = |writes| {
            if writes { PollFlags::POLLIN | PollFlags::POLLOUT } else { PollFlags::POLLIN }
        };
        let mut waiting: Vec<PollFd<'_>> =
            sockets.iter().map(|(socket, writes)| PollFd::new(*socket, flags(*writes))).collect();
        let milliseconds = (left / NS_PER_MS).min(LONGEST_MS) as u8;
        // An interrupted wait is a short one.
        let _ = poll(&mut waiting, PollTimeout::from(milliseconds));
    }
}
