//! Gaps of a channel: what is missing, since when, and which books it concerns.
//!
//! Marking is O(1): the channel has an epoch that every gap advances, a book remembers the epoch
//! in which it was last proven complete, and is live only while the two are equal. Ten thousand
//! books are gapped by one addition.

use wire::codes::GapHow;

/// An epoch that no channel reaches: a book marked with it is gapped whatever happens.
const NEVER: u32 = u32::MAX;

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
}

/// Gaps of one channel.
#[derive(Debug)]
pub struct Gaps {
    epoch: u32,
    next_id: u32,
    open: Vec<Gap>,
    declared: u64,
    missing: u64,
    untracked: u64,
}

impl Default for Gaps {
    fn default() -> Self {
        Gaps {
            epoch: 1,
            next_id: 1,
            open: Vec::with_capacity(OPEN_GAPS_MAX),
            declared: 0,
            missing: 0,
            untracked: 0,
        }
    }
}

/// The epoch in which a book was last proven complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookEpoch(u32);

impl BookEpoch {
    /// A book that has never been complete.
    pub const NEVER: BookEpoch = BookEpoch(NEVER);
}

impl Gaps {
    /// Declares `[first, end)` missing: every book of the channel is gapped from here.
    pub fn declare(&mut self, first: u64, end: u64, lines: u8, now: u64) -> Gap {
        let gap = Gap { id: self.next_id, first, end, lines, declared_ns: now };
        self.next_id = self.next_id.wrapping_add(1).max(1);
        self.epoch = if self.epoch >= NEVER - 1 { 1 } else { self.epoch + 1 };
        self.declared += 1;
        self.missing = self.missing.saturating_add(end.saturating_sub(first));
        if self.open.len() < OPEN_GAPS_MAX {
            self.open.push(gap);
        } else {
            self.untracked += 1;
        }
        gap
    }

    /// Whether a book proven complete in `book` still is.
    #[inline(always)]
    pub fn is_live(&self, book: BookEpoch) -> bool {
        book.0 == self.epoch
    }

    /// The mark of a book that is complete now.
    ///
    /// Only a session's start and recovery may use it.
    pub fn complete_now(&self) -> BookEpoch {
        BookEpoch(self.epoch)
    }

    /// Closes the oldest open gap.
    pub fn close_oldest(&mut self) -> Option<Gap> {
        if self.open.is_empty() { None } else { Some(self.open.remove(0)) }
    }

    /// Gaps that are open now.
    pub fn open(&self) -> &[Gap] {
        &self.open
    }

    /// Gaps declared since the start.
    pub fn declared(&self) -> u64 {
        self.declared
    }

    /// Messages declared missing since the start.
    pub fn missing(&self) -> u64 {
        self.missing
    }
}

/// How an open gap ends when a new session makes it meaningless.
pub const ROLLED: GapHow = GapHow::SessionRoll;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_gap_takes_every_book_and_only_proof_brings_it_back() {
        let mut gaps = Gaps::default();
        let book = gaps.complete_now();
        assert!(gaps.is_live(book));
        assert!(!gaps.is_live(BookEpoch::NEVER));
        let gap = gaps.declare(5, 9, 1, 100);
        assert_eq!((gap.id, gap.first, gap.end), (1, 5, 9));
        assert!(!gaps.is_live(book));
        assert!(gaps.is_live(gaps.complete_now()));
        assert_eq!((gaps.declared(), gaps.missing(), gaps.open().len()), (1, 4, 1));
        assert_eq!(gaps.close_oldest(), Some(gap));
        assert!(!gaps.is_live(book), "closing a gap proves nothing about a book");
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
