//! One line: whether it is up, how far it is, what it has brought.

use crate::counts::LineCounts;

/// Most lines of a lane; they are numbered from 1.
pub const LINES_MAX: usize = 15;
/// Reason of a `connection` record: a packet of the session came.
pub const REASON_DATA: u64 = 1;
/// Reason of a `connection` record: nothing came for the configured time.
pub const REASON_SILENCE: u64 = 2;

/// State of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum LineState {
    /// Not configured and never heard.
    #[default]
    Absent,
    /// Configured, nothing heard yet.
    Waiting,
    /// Heard.
    Up,
    /// Silent for longer than a line may be.
    Down,
}

impl LineState {
    /// Whether a hole waits for this line.
    pub const fn waited_for(self) -> bool {
        matches!(self, LineState::Waiting | LineState::Up)
    }
}

/// A line as the arbiter keeps it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Line {
    /// The number behind the highest that it has shown.
    pub(super) next: u64,
    /// The lane's clock at its last packet.
    pub(super) heard: u64,
    pub(super) state: LineState,
    pub(super) counts: LineCounts,
}

impl Line {
    /// Notes what a packet of the line shows; nothing of it is taken here.
    #[inline(always)]
    pub(super) fn shows(&mut self, first: u64, next: u64, now: u64) {
        self.heard = now;
        self.counts.missed = self.counts.missed.saturating_add(first.saturating_sub(self.next));
        self.next = self.next.max(next);
    }
}
