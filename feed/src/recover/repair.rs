//! The lane's side of recovery: what it keeps, what it wants, what is being done.
//!
//! | state | entered | what happens |
//! |---|---|---|
//! | clear | start, session, all healed | nothing is kept |
//! | keeping | a gap, or a snapshot is wanted | every message is kept |
//! | merging | nothing is missing any more | instrument by instrument, see `heal` |
//! | replacing | a snapshot has come | the same |
//! | hopeless | nobody can fill a gap and nobody has snapshots | nothing is kept until the session rolls |

use super::gone::GoneOrders;
use super::mail::{LaneEnd, SessionName, Want};
use super::snapshot::Snapshot;
use super::store::Store;
use crate::gap::Gaps;

/// How a lane repairs its books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RepairSpec {
    /// Messages that are kept at most, rounded up to a power of two; 0 = none, and nothing is
    /// repaired.
    pub messages: u32,
    /// Least time between two requests for a snapshot, ns.
    pub snapshot_retry_ns: u64,
    /// Work of one poll that found nothing: about so many messages are looked at.
    pub work: u32,
}

impl Default for RepairSpec {
    /// A quarter of a million messages, 21 MiB: a quarter of a second of the busiest market.
    fn default() -> Self {
        RepairSpec { messages: 1 << 18, snapshot_retry_ns: 1_000_000_000, work: 1024 }
    }
}

/// What was repaired.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RepairCounts {
    /// Packets of a server that were taken.
    pub fill_packets: u64,
    /// Messages that were missing and came from a server.
    pub filled: u64,
    /// Messages that were missing and came late on a line.
    pub late: u64,
    /// Messages that came again, or were not missing.
    pub copies: u64,
    /// Packets of a server that were no packet of the session.
    pub fill_refused: u64,
    /// Trades that were published late.
    pub late_trades: u64,
    /// Messages about a stock or the market that were not published, because a later one was.
    pub superseded: u64,
    /// Books that were brought up to date with what came late.
    pub books_merged: u64,
    /// Books that were replaced from a snapshot.
    pub books_replaced: u64,
    /// Books in which what came late contradicts the rest.
    pub contradictions: u64,
    /// Messages that had to be given up because too many were kept.
    pub evicted: u64,
    /// Executions whose price is lost, each of them declared.
    pub executions_lost: u64,
    /// Snapshots that were asked for.
    pub snapshots_wanted: u64,
    /// Snapshots that were applied.
    pub snapshots: u64,
    /// Snapshots that were of no use: too old, or of another session.
    pub snapshots_refused: u64,
}

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing.
    Idle,
    /// Messages below `limit` that came late go into their books; `at` of the locates are done.
    Merge {
        /// Everything below it is known.
        limit: u64,
        /// Locates that are done.
        at: usize,
    },
    /// A snapshot replaces books.
    Replace(Stage),
}

/// How far a snapshot is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Its messages, from this byte on.
    Messages(usize),
    /// Stocks that only its orders name, from this locate's place on.
    Names(usize),
    /// Books, from this instrument on.
    Books(u32),
    /// What was kept and is in it, from this number on.
    Rest(u64),
}

/// The lane's side of recovery.
pub struct Repair {
    pub(super) spec: RepairSpec,
    pub(super) end: Option<LaneEnd>,
    pub(super) store: Store,
    pub(super) gone: GoneOrders,
    pub(super) phase: Phase,
    pub(super) session: SessionName,
    /// Recovery has not been told of the session.
    pub(super) session_unsent: bool,
    /// Gaps up to this number have been asked for.
    pub(super) wanted: u32,
    /// Gaps of which a message cannot be had: those that begin before this number.
    pub(super) lost_below: u64,
    /// A snapshot is asked for.
    pub(super) asked: bool,
    /// Earliest time to ask again.
    pub(super) ask_at: u64,
    /// Nobody has snapshots.
    pub(super) no_snapshots: bool,
    /// A snapshot that is to be applied.
    pub(super) held: Option<Box<Snapshot>>,
    /// When it came.
    pub(super) held_at: u64,
    /// A snapshot that recovery has not taken back.
    pub(super) used: Option<Box<Snapshot>>,
    /// What was counted.
    pub counts: RepairCounts,
}

impl Repair {
    /// A repair that keeps as much as `spec` says, and asks over `end`.
    pub fn new(end: Option<LaneEnd>, spec: RepairSpec) -> Repair {
        Repair {
            spec,
            end,
            store: Store::new(spec.messages),
            gone: GoneOrders::new(spec.messages),
            phase: Phase::Idle,
            session: [b' '; 10],
            session_unsent: false,
            wanted: 0,
            lost_below: 0,
            asked: false,
            ask_at: 0,
            no_snapshots: false,
            held: None,
            held_at: 0,
            used: None,
            counts: RepairCounts::default(),
        }
    }

    /// Whether anything is ever kept.
    #[inline(always)]
    pub fn is_enabled(&self) -> bool {
        self.store.room() > 0
    }

    /// Bytes of memory that it holds.
    pub fn memory(&self) -> usize {
        self.store.memory() + self.gone.memory()
    }

    /// What is kept.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Whether a snapshot can be had.
    pub(super) fn may_ask(&self) -> bool {
        self.end.is_some() && !self.no_snapshots
    }

    /// Another session has begun: what was kept, wanted or sent is of no use.
    pub(crate) fn begin_session(&mut self, session: SessionName, gaps: &mut Gaps) {
        gaps.set_keeping(false);
        self.store.begin(1);
        self.phase = Phase::Idle;
        self.session = session;
        self.session_unsent = self.end.is_some();
        self.lost_below = 0;
        self.asked = false;
        self.ask_at = 0;
        if let Some(snapshot) = self.held.take() {
            self.give_back(snapshot);
        }
    }

    /// Tells recovery what is wanted, as far as there is room.
    pub(super) fn send_wants(&mut self, gaps: &Gaps) {
        let Some(end) = &mut self.end else { return };
        if self.session_unsent {
            if end.wants.push(Want::Session { session: self.session }).is_err() {
                return;
            }
            self.session_unsent = false;
        }
        let unsent = gaps.open().partition_point(|gap| gap.id <= self.wanted);
        for gap in gaps.open().iter().skip(unsent) {
            let want =
                Want::Range { gap: gap.id, session: self.session, first: gap.first, end: gap.end };
            let lost = gap.first < self.lost_below;
            if gap.left > 0 && !lost && end.wants.push(want).is_err() {
                return;
            }
            self.wanted = gap.id;
        }
    }

    /// A gap is not missed any more. What does not fit is not said: an answer that nobody waits
    /// for does no harm.
    pub(super) fn forget(&mut self, gap: u32) {
        if let Some(end) = &mut self.end
            && gap <= self.wanted
        {
            let _ = end.wants.push(Want::Forget { gap });
        }
    }

    /// Asks for a snapshot of `from` or later, if it is time.
    pub(super) fn ask_snapshot(&mut self, from: u64, now: u64) -> bool {
        if self.asked || self.held.is_some() || now < self.ask_at || !self.may_ask() {
            return false;
        }
        let want = Want::Snapshot { session: self.session, from };
        let Some(end) = &mut self.end else { return false };
        self.asked = end.wants.push(want).is_ok();
        if self.asked {
            self.counts.snapshots_wanted += 1;
            self.ask_at = now.saturating_add(self.spec.snapshot_retry_ns);
        }
        self.asked
    }

    /// A gap cannot be filled by requests. Why, recovery has counted.
    pub(super) fn unfillable(&mut self, gap: u32, gaps: &Gaps) {
        if let Some(gap) = gaps.open().iter().find(|open| open.id == gap && open.left > 0) {
            self.lost_below = self.lost_below.max(gap.end);
        }
    }

    /// Gives a snapshot back, to be freed elsewhere.
    pub(super) fn give_back(&mut self, snapshot: Box<Snapshot>) {
        self.used = Some(snapshot);
        self.return_used();
    }

    /// Tries again to give back what was used.
    pub(super) fn return_used(&mut self) {
        let (Some(snapshot), Some(end)) = (self.used.take(), &mut self.end) else { return };
        if let Err(rtrb::PushError::Full(snapshot)) = end.used.push(snapshot) {
            self.used = Some(snapshot);
        }
    }
}
