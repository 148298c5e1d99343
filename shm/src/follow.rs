//! Reading a ring without a say in it: copies that are provably whole, overruns that are counted.
//!
//! Tools, late joiners and the many readers of a [`crate::tail`] must not slow the producer, so it
//! does not know them and may overwrite what they are reading. A follower therefore looks at word 0
//! of the slot, copies, and looks again: the copy stands if word 0 (tag, kind, instrument) and
//! word 1 (sequence) are what they were. The tag repeats after 128 laps; a *mark*, a word in which
//! the producer stores its position at least once per lap, tells a record of this lap from one of
//! 128 laps later. A follower that was overtaken goes on half a ring behind the head (at the
//! oldest record it would be overtaken again at once) and reports exactly how many it missed.

use crate::lines::Lines;
use crate::order;
use crate::slot::{ShapeError, Slots, TAG_MASK};
use crate::sync::Ordering;

/// Looks at one position before giving the turn back: a record may be overwritten during each.
const LOOKS: usize = 4;

/// What a follower found at its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Followed<const W: usize = 8> {
    /// The next record, byte 0 cleared.
    Record([u64; W]),
    /// Nothing new.
    Empty,
    /// The producer has overtaken the follower, which now stands half a ring behind the head.
    Lapped {
        /// Records between where it stood and where it stands.
        missed: u64,
    },
}

enum Look<const W: usize> {
    Ready([u64; W]),
    NotYet,
    Gone,
    Again,
}

/// A position in somebody else's ring.
#[derive(Debug)]
pub(crate) struct Follower<L, const W: usize> {
    lines: L,
    slots: Slots<W>,
    mark_line: usize,
    position: u64,
}

impl<L: Lines, const W: usize> Follower<L, W> {
    /// Follows the ring whose slots begin at `slots_line` and whose mark is word 0 of `mark_line`,
    /// from `position` on.
    pub(crate) fn new(
        lines: L,
        mark_line: usize,
        slots_line: usize,
        capacity: usize,
    ) -> Result<Self, ShapeError> {
        let slots = Slots::new(&lines, slots_line, capacity)?;
        if mark_line >= lines.lines() {
            let (needed, found) = (mark_line + 1, lines.lines());
            return Err(ShapeError::TooSmall { needed, found });
        }
        Ok(Follower { lines, slots, mark_line, position: 0 })
    }

    pub(crate) fn lines(&self) -> &L {
        &self.lines
    }

    pub(crate) fn capacity(&self) -> u64 {
        self.slots.capacity()
    }

    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    pub(crate) fn seek(&mut self, position: u64) {
        self.position = position;
    }

    /// The next record; `head` gives the best known position of the producer, asked for only when
    /// the follower was overtaken.
    #[inline]
    pub(crate) fn next(&mut self, head: impl FnOnce(&L) -> u64) -> Followed<W> {
        for _ in 0..LOOKS {
            match self.look() {
                Look::Ready(record) => {
                    self.position = self.position.wrapping_add(1);
                    return Followed::Record(record);
                }
                Look::NotYet => return Followed::Empty,
                Look::Gone => return self.jump(head),
                Look::Again => {}
            }
        }
        Followed::Empty
    }

    #[inline(always)]
    fn look(&self) -> Look<W> {
        let line = self.lines.line(self.slots.line(self.position));
        let first = line[0].load(order::FOLLOW_OPEN.get());
        if first & TAG_MASK != self.slots.tag(self.position) {
            return self.not_here();
        }
        let record: [u64; W] = self.slots.copy(&self.lines, self.position, first);
        order::FOLLOW_CLOSE.fence();
        // Partner: the zero of `Slots::store`, through the fences.
        if line[0].load(Ordering::Relaxed) != first || line[1].load(Ordering::Relaxed) != record[1]
        {
            return Look::Again;
        }
        // Partner: the mark's store. No further ordering needed: a record of 128 laps later was
        // committed after a mark 127 laps later, and FOLLOW_OPEN acquired that commit.
        let mark = self.lines.line(self.mark_line)[0].load(Ordering::Relaxed);
        let ahead = mark.wrapping_sub(self.position) as i64;
        if ahead > (self.slots.capacity() as i64).saturating_mul(64) {
            return Look::Gone;
        }
        Look::Ready(record)
    }

    /// The slot shows another lap, or is being written: is our record to come, or past?
    fn not_here(&self) -> Look<W> {
        let mark = self.lines.line(self.mark_line)[0].load(order::FOLLOW_MARK.get());
        if mark.wrapping_sub(self.position) as i64 <= 0 {
            return Look::NotYet;
        }
        // The mark says that our record was committed, and we acquired that: what the slot shows
        // now is our record or a later one. Partner: the commit of `Slots::store`.
        let first = self.lines.line(self.slots.line(self.position))[0].load(Ordering::Relaxed);
        if first & TAG_MASK == self.slots.tag(self.position) { Look::Again } else { Look::Gone }
    }

    /// Overtaken: the slot of our position holds a record at least one lap ahead, so the head is
    /// at least there, whatever the stored position says.
    #[cold]
    fn jump(&mut self, head: impl FnOnce(&L) -> u64) -> Followed<W> {
        let capacity = self.slots.capacity();
        let least = self.position.wrapping_add(capacity);
        let stored = head(&self.lines);
        let head = if (stored.wrapping_sub(least) as i64) > 0 { stored } else { least };
        let target = head.wrapping_sub(capacity / 2);
        let missed = target.wrapping_sub(self.position);
        self.position = target;
        Followed::Lapped { missed }
    }
}
