//! What checks know: the fate of each number, the gaps that were told, bounds and counts.

use feed::gap::Gap;
use wire::codes::GapHow;

/// Not yet.
pub(super) const NEVER: u64 = u64::MAX;

/// What became of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fate {
    /// When a packet first brought it.
    pub(super) arrived: u64,
    /// When a packet first told that it exists.
    pub(super) known: u64,
    /// When it was published or declared missing.
    pub(super) resolved: u64,
    /// It was declared missing, in this gap; 0 published live.
    pub(super) gap: u32,
    /// Its trade was published so many times.
    pub(super) trades: u32,
    /// Gaps that were open when it was published: from, to.
    pub(super) open: (u32, u32),
    /// The book that it changes was not called live.
    pub(super) doubtful: bool,
    /// It came, and was declared missing all the same.
    pub(super) given_up: bool,
}

pub(super) const UNSEEN: Fate = Fate {
    arrived: NEVER,
    known: NEVER,
    resolved: NEVER,
    gap: 0,
    trades: 0,
    open: (0, 0),
    doubtful: false,
    given_up: false,
};

/// The numbers of a session.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    pub(super) fates: Vec<Fate>,
    /// So many of them are known to exist.
    pub(super) known: usize,
    /// The number behind the last that a packet showed.
    pub(super) shown: u64,
}

impl Numbers {
    pub(super) fn at(&mut self, index: usize) -> &mut Fate {
        if self.fates.len() <= index {
            self.fates.resize(index + 1, UNSEEN);
        }
        &mut self.fates[index]
    }
}

/// A gap as it was told.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    /// The gap.
    pub gap: Gap,
    /// Number of the session.
    pub session: usize,
    /// How it ended, once it did, and when.
    pub ended: Option<(GapHow, u64)>,
    /// Whether the record of its end was published, too.
    pub said: bool,
    /// Whether the record of its beginning was.
    pub begun: bool,
}

/// Times of a run that checks hold the lane to, ns.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// How long a hole may wait.
    pub hold_ns: u64,
    /// Silence after which a line is dead.
    pub line_timeout_ns: u64,
    /// Longest time between two polls while there is something to do.
    pub busy_poll_ns: u64,
    /// Longest time between two polls.
    pub idle_poll_ns: u64,
}

/// Counts of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Messages that the lane heard of.
    pub sent: u64,
    /// Published live.
    pub live: u64,
    /// Recovered after they had been declared missing.
    pub late: u64,
    /// Declared missing, and not recovered.
    pub declared: u64,
    /// Gaps.
    pub gaps: u64,
    /// Trades published.
    pub trades: u64,
    /// Trades that are missing, and declared.
    pub trades_missing: u64,
    /// Books compared.
    pub compared: u64,
    /// Alarms of lines.
    pub alarms: u64,
}
