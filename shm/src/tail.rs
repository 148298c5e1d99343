//! A ring that overwrites: one producer, any number of read-only readers that it does not know.
//!
//! For whoever only wants to look at the newest (monitors, dump tools, a hundred dashboards): the
//! cost of a push is the same with no reader and with a thousand, and no reader can hold anything
//! up. The price is that a slow reader loses records; it is told how many ([`crate::follow`]).
//!
//! | line | word | |
//! |--|--|--|
//! | 0 | 0 | position: records pushed, stored once per poll; for lag and for joining |
//! | 2 | 0 | mark: position, stored once per quarter lap |
//! | 4 .. | | slots, see [`crate::slot`] |
//!
//! Readers look at the mark with every record, so it has a line of its own that seldom changes.
//! Lines 1 and 3 stay zero: processors fetch lines in pairs.

use crate::follow::{Followed, Follower};
use crate::lines::{LINE_WORDS, Lines};
use crate::order;
use crate::slot::{ShapeError, Slots};
use crate::sync::Ordering;

/// Line of the position.
pub const TAIL_POSITION: usize = 0;
/// Line of the mark.
pub const TAIL_MARK: usize = 2;
/// First line of the slots.
pub const TAIL_SLOTS: usize = 4;

/// Lines of a tail of `capacity` slots of `slot_lines` lines each.
pub const fn tail_lines(capacity: usize, slot_lines: usize) -> usize {
    TAIL_SLOTS + capacity * slot_lines
}

/// The producer's side.
#[derive(Debug)]
pub struct TailWriter<L, const W: usize = LINE_WORDS> {
    lines: L,
    slots: Slots<W>,
    head: u64,
    stored: u64,
    next_mark: u64,
}

impl<L: Lines, const W: usize> TailWriter<L, W> {
    /// Begins at position 0 in memory of zeros.
    ///
    /// # Errors
    /// [`ShapeError`] if the ring does not fit.
    pub fn new(lines: L, capacity: usize) -> Result<Self, ShapeError> {
        let slots = Slots::new(&lines, TAIL_SLOTS, capacity)?;
        let next_mark = mark_step(slots.capacity());
        Ok(TailWriter { lines, slots, head: 0, stored: 0, next_mark })
    }

    /// Records pushed.
    pub fn position(&self) -> u64 {
        self.head
    }

    /// Pushes a record; never waits, never fails. Byte 0 of the record is not looked at.
    #[inline(always)]
    pub fn push(&mut self, record: &[u64; W]) {
        self.slots.store(&self.lines, self.head, record);
        self.head = self.head.wrapping_add(1);
        if self.head == self.next_mark {
            self.mark();
        }
    }

    fn mark(&mut self) {
        self.next_mark = self.head.wrapping_add(mark_step(self.slots.capacity()));
        self.lines.line(TAIL_MARK)[0].store(self.head, order::MARK_STORE.get());
        self.store_position();
    }

    /// Stores the position for readers; once per poll, after the pushes.
    #[inline(always)]
    pub fn store_position(&mut self) {
        if self.stored != self.head {
            self.stored = self.head;
            // A hint for joining and lag: what is at the position is decided by its tag.
            self.lines.line(TAIL_POSITION)[0].store(self.head, Ordering::Relaxed);
        }
    }
}

/// Records between two marks.
const fn mark_step(capacity: u64) -> u64 {
    if capacity < 4 { 1 } else { capacity / 4 }
}

/// A reader. Needs read access only.
#[derive(Debug)]
pub struct TailReader<L, const W: usize = LINE_WORDS> {
    follower: Follower<L, W>,
    missed: u64,
    overruns: u64,
}

impl<L: Lines, const W: usize> TailReader<L, W> {
    /// Joins at the producer's position: the next record is the first one read.
    ///
    /// # Errors
    /// [`ShapeError`] if a ring of this capacity does not fit into `lines`.
    pub fn new(lines: L, capacity: usize) -> Result<Self, ShapeError> {
        let mut follower = Follower::new(lines, TAIL_MARK, TAIL_SLOTS, capacity)?;
        follower.seek(stored_head(follower.lines()));
        Ok(TailReader { follower, missed: 0, overruns: 0 })
    }

    /// Goes back so that up to `records` older ones come again, at most half a ring.
    pub fn rewind(&mut self, records: u64) {
        let head = stored_head(self.follower.lines());
        let back = records.min(self.follower.capacity() / 2).min(head);
        self.follower.seek(head - back);
    }

    /// The next record, nothing, or how many were missed.
    #[inline]
    pub fn poll(&mut self) -> Followed<W> {
        let found = self.follower.next(stored_head);
        if let Followed::Lapped { missed } = found {
            self.missed = self.missed.wrapping_add(missed);
            self.overruns += 1;
        }
        found
    }

    /// Position of the next record.
    pub fn position(&self) -> u64 {
        self.follower.position()
    }

    /// Records behind the producer's stored position.
    pub fn lag(&self) -> u64 {
        stored_head(self.follower.lines()).saturating_sub(self.follower.position())
    }

    /// Records missed since the reader joined.
    pub fn missed(&self) -> u64 {
        self.missed
    }

    /// How often the producer has overtaken this reader.
    pub fn overruns(&self) -> u64 {
        self.overruns
    }
}

fn stored_head<L: Lines>(lines: &L) -> u64 {
    // Partner: `store_position` and the mark; a hint, the tags decide.
    let position = lines.line(TAIL_POSITION)[0].load(Ordering::Relaxed);
    position.max(lines.line(TAIL_MARK)[0].load(Ordering::Relaxed))
}
