//! Gaps of a channel: what is missing, since when, and which books it concerns.
//!
//! Marking is O(1): the channel has an epoch that every gap advances, a book remembers the epoch
//! in which it was last proven complete, and is live while that is at or above the channel's
//! floor. A gap raises the floor above every book by one addition; when all gaps are healed the
//! floor falls back to where it was, and every book that none of them has touched is live again.
//!
//! Nothing else makes a book live: its epoch is made from a [`Proof`] only, and a proof from the
//! start of a session ([`SessionStart`]) or from recovery ([`Healed`]), which nobody else can make.

use wire::codes::GapHow;

use crate::lane::SessionStart;
use crate::recover::Healed;

/// The epoch of a book that contradicts the venue's messages: below every floor.
const NEVER: u32 = 0;
/// The first epoch, and the lowest floor.
const FIRST: u32 = 1;

/// Most gaps of a channel that are tracked as open at a time. More are still declared and counted;
/// the lane gives up the oldest before it declares another.
pub const OPEN_GAPS_MAX: usize = 1024;

/// A gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Number, from 1, in the lane.
    pub id: u32,
    /// First missing venue sequence number.
    pub first: u64,
    /// End of the range, exclusive.
    pub end: u64,
    /// Lines that were up.
    pub lines: u8,
    /// When it was declared: the lane's clock, ns UTC.
    pub declared_ns: u64,
    /// Messages of it that are still missing.
    pub left: u64,
    /// Messages of it that came late.
    pub recovered: u64,
    /// A snapshot stands for some of its messages.
    pub patched: bool,
}

/// Gaps of one channel.
#[derive(Debug)]
pub struct Gaps {
    epoch: u32,
    floor: u32,
    /// Floor before the first gap that is still open.
    floor_before: u32,
    /// Books that a gap has touched are not proven by its end.
    unhealed: bool,
    /// Messages are kept, so that what a book refuses can be taken later.
    keeping: bool,
    next_id: u32,
    open: Vec<Gap>,
    declared: u64,
    missing: u64,
    recovered: u64,
    untracked: u64,
}

impl Default for Gaps {
    fn default() -> Self {
        Gaps {
            epoch: FIRST,
            floor: FIRST,
            floor_before: FIRST,
            unhealed: false,
            keeping: false,
            next_id: 1,
            open: Vec::with_capacity(OPEN_GAPS_MAX),
            declared: 0,
            missing: 0,
            recovered: 0,
            untracked: 0,
        }
    }
}

/// The epoch in which a book was last proven complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookEpoch(u32);

/// Proof that a book is complete now.
#[derive(Clone, Copy, Debug)]
pub struct Proof(u32);

impl BookEpoch {
    /// A book that contradicts the venue's messages, or has never been complete.
    pub const NEVER: BookEpoch = BookEpoch(NEVER);
}

impl From<Proof> for BookEpoch {
    fn from(proof: Proof) -> BookEpoch {
        BookEpoch(proof.0)
    }
}

impl Gaps {
    /// Declares `[first, end)` missing: every book of the channel is gapped from here.
    pub fn declare(&mut self, first: u64, end: u64, lines: u8, now: u64) -> Gap {
        let gap = self.lost(first, end, lines, now);
        if self.open.is_empty() && !self.unhealed {
            self.floor_before = self.floor;
        }
        // A session begins the numbers anew, long before they are used up.
        self.epoch = self.epoch.saturating_add(1);
        self.floor = self.epoch;
        if self.open.len() < OPEN_GAPS_MAX {
            self.open.push(gap);
        } else {
            self.untracked += 1;
            self.unhealed = true;
        }
        gap
    }

    /// Counts `[first, end)` as a gap that is over as soon as it is said, and changes no book.
    pub fn lost(&mut self, first: u64, end: u64, lines: u8, now: u64) -> Gap {
        let left = end.saturating_sub(first);
        let id = self.next_id;
        self.next_id = self.next_id.wrapping_add(1).max(1);
        self.declared += 1;
        self.missing = self.missing.saturating_add(left);
        Gap { id, first, end, lines, declared_ns: now, left, recovered: 0, patched: false }
    }

    /// Whether a book proven complete in `book` still is.
    #[inline(always)]
    pub fn is_live(&self, book: BookEpoch) -> bool {
        book.0 >= self.floor
    }

    /// Whether no gap puts the books of the channel in doubt.
    pub fn is_whole(&self) -> bool {
        self.open.is_empty() && !self.unhealed
    }

    /// Whether a gap was given up, so that only a snapshot makes all books live again.
    pub fn is_unhealed(&self) -> bool {
        self.unhealed
    }

    /// Every book of a new session is empty, and complete.
    pub fn begin_session(&mut self, _start: &SessionStart) -> Proof {
        (self.epoch, self.floor, self.floor_before) = (FIRST, FIRST, FIRST);
        self.unhealed = false;
        Proof(self.epoch)
    }

    /// A book is complete now, because recovery has made it so.
    pub fn healed(&self, _healed: &Healed) -> Proof {
        Proof(self.epoch)
    }

    /// A book is complete but for what the open gaps lack: live as soon as they are healed.
    pub fn healed_but(&self, _healed: &Healed) -> Proof {
        Proof(self.floor_before)
    }

    /// Every book that does not contradict itself is complete now: a snapshot has replaced all
    /// that were not. Gaps behind it are still open.
    pub fn all_healed(&mut self, _healed: &Healed) {
        self.unhealed = false;
        if self.open.is_empty() {
            self.floor = self.floor_before;
        }
    }

    /// Closes an open gap. If it was the last one, and all were healed, the floor falls.
    pub fn close(&mut self, id: u32, how: GapHow) -> Option<Gap> {
        let at = self.open.iter().position(|gap| gap.id == id)?;
        Some(self.close_at(at, how))
    }

    fn close_at(&mut self, at: usize, how: GapHow) -> Gap {
        let gap = self.open.remove(at);
        self.unhealed |= !matches!(how, GapHow::Retransmission | GapHow::Snapshot);
        if self.open.is_empty() && !self.unhealed {
            self.floor = self.floor_before;
        }
        gap
    }

    /// Closes the oldest open gap.
    pub fn close_oldest(&mut self, how: GapHow) -> Option<Gap> {
        if self.open.is_empty() { None } else { Some(self.close_at(0, how)) }
    }

    /// Notes that message `number` has come. Gives back the gap that it was missing in.
    pub(crate) fn recovered(&mut self, number: u64) -> Option<Gap> {
        let at = self.open.partition_point(|gap| gap.end <= number);
        let gap = self.open.get_mut(at).filter(|gap| gap.first <= number)?;
        gap.left = gap.left.saturating_sub(1);
        gap.recovered += 1;
        self.recovered += 1;
        Some(*gap)
    }

    /// Gaps that are open now, the oldest first.
    pub fn open(&self) -> &[Gap] {
        &self.open
    }

    pub(crate) fn open_mut(&mut self) -> &mut [Gap] {
        &mut self.open
    }

    /// First number of the oldest gap of which something is still missing.
    pub fn first_missing(&self) -> Option<u64> {
        self.open.iter().find(|gap| gap.left > 0).map(|gap| gap.first)
    }

    /// Whether messages are kept: what a book that is not live refuses can be taken later.
    #[inline(always)]
    pub fn keeping(&self) -> bool {
        self.keeping
    }

    pub(crate) fn set_keeping(&mut self, keeping: bool) {
        self.keeping = keeping;
    }

    /// Gaps declared since the start.
    pub fn declared(&self) -> u64 {
        self.declared
    }

    /// Messages declared missing since the start.
    pub fn missing(&self) -> u64 {
        self.missing
    }

    /// Messages that were declared missing and came late, since the start.
    pub fn messages_recovered(&self) -> u64 {
        self.recovered
    }
}

/// How an open gap ends when a new session makes it meaningless.
pub const ROLLED: GapHow = GapHow::SessionRoll;

#[cfg(test)]
mod tests {
    use super::*;

    /// A book as a session's start proves it.
    const BOOK: BookEpoch = BookEpoch(FIRST);

    #[test]
    fn one_gap_takes_every_book_and_only_healing_brings_it_back() {
        let mut gaps = Gaps::default();
        assert!(gaps.is_live(BOOK));
        assert!(!gaps.is_live(BookEpoch::NEVER));
        let gap = gaps.declare(5, 9, 1, 100);
        assert_eq!((gap.id, gap.first, gap.end, gap.left), (1, 5, 9, 4));
        assert!(!gaps.is_live(BOOK));
        assert_eq!((gaps.declared(), gaps.missing(), gaps.open().len()), (1, 4, 1));
        assert_eq!(gaps.close_oldest(GapHow::Abandoned), Some(gap));
        assert!(!gaps.is_live(BOOK), "giving a gap up proves nothing about a book");
        let gap = gaps.declare(20, 21, 1, 100);
        gaps.close(gap.id, GapHow::Retransmission);
        assert!(!gaps.is_live(BOOK), "the one before was not healed");
    }

    #[test]
    fn healed_gaps_bring_back_what_was_live_before_them() {
        let mut gaps = Gaps::default();
        let one = gaps.declare(5, 9, 1, 100);
        let two = gaps.declare(20, 30, 1, 100);
        assert!(gaps.close(one.id, GapHow::Retransmission).is_some());
        assert!(!gaps.is_live(BOOK));
        assert!(gaps.close(two.id, GapHow::Snapshot).is_some());
        assert!(gaps.is_live(BOOK) && gaps.is_whole());
        assert!(!gaps.is_live(BookEpoch::NEVER));
        assert_eq!(gaps.close(two.id, GapHow::Snapshot), None);
    }

    #[test]
    fn messages_are_counted_in_the_gap_they_were_missing_in() {
        let mut gaps = Gaps::default();
        gaps.declare(5, 7, 1, 100);
        gaps.declare(20, 30, 1, 100);
        assert_eq!(gaps.recovered(4), None);
        assert_eq!(gaps.recovered(7), None);
        assert_eq!(gaps.recovered(6).map(|gap| (gap.id, gap.left)), Some((1, 1)));
        assert_eq!(gaps.recovered(29).map(|gap| (gap.id, gap.left)), Some((2, 9)));
        assert_eq!(gaps.first_missing(), Some(5));
        assert_eq!(gaps.recovered(5).map(|gap| (gap.id, gap.left)), Some((1, 0)));
        assert_eq!(gaps.first_missing(), Some(20));
    }

    #[test]
    fn more_gaps_than_the_table_holds_are_still_declared() {
        let mut gaps = Gaps::default();
        for n in 0..OPEN_GAPS_MAX as u64 + 5 {
            gaps.declare(n * 2, n * 2 + 1, 1, n);
        }
        assert_eq!(gaps.open().len(), OPEN_GAPS_MAX);
        assert_eq!(gaps.declared(), OPEN_GAPS_MAX as u64 + 5);
        assert_eq!(gaps.missing(), OPEN_GAPS_MAX as u64 + 5);
    }
}
