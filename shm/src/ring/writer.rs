//! The producer's side of the ring.

use super::{CURSOR_BITS, CURSOR_MASK, CursorRefused, RingShape};
use crate::lines::{LINE_WORDS, Lines};
use crate::order;
use crate::slot::{ShapeError, Slots};

/// How far ahead of the head the writer asks for the ownership of slots.
///
/// The consumer has read a slot a lap ago, so its line is in another core's cache. With more than
/// this, eight seats at once ask for more lines than a core can have under way, and a consumer that
/// polls beside the writer loses lines to it: 64 cost twice as much as 8 there.
const OWN_AHEAD: u64 = 8;

/// Pushes records into a ring in `L`; reads the consumer's cursor in `C`.
#[derive(Debug)]
pub struct RingWriter<L, C, const W: usize = LINE_WORDS> {
    ring: L,
    ctl: C,
    slots: Slots<W>,
    shape: RingShape,
    head: u64,
    cursor: u64,
    /// Cursor + capacity: the head stays below it.
    limit: u64,
    /// Tag of the lap that the head is in.
    tag: u64,
    stored: u64,
    epoch: u16,
}

impl<L: Lines, C: Lines, const W: usize> RingWriter<L, C, W> {
    /// Begins at position 0 and in epoch 0, in memory of zeros.
    ///
    /// # Errors
    /// [`ShapeError`] if the ring does not fit.
    pub fn new(ring: L, ctl: C, shape: RingShape) -> Result<Self, ShapeError> {
        let slots = Slots::new(&ring, shape.slots_line, shape.capacity)?;
        check_line(&ring, shape.position_line)?;
        check_line(&ctl, shape.cursor_line)?;
        let (limit, tag) = (slots.capacity(), slots.tag(0));
        let (head, cursor, stored, epoch) = (0, 0, 0, 0);
        Ok(RingWriter { ring, ctl, slots, shape, head, cursor, limit, tag, stored, epoch })
    }

    /// Begins a new epoch at the head: whatever was unread is given up, and cursors of other
    /// epochs are refused from now on. Returns the position at which the new consumer starts.
    pub fn begin_epoch(&mut self, epoch: u16) -> u64 {
        self.epoch = epoch;
        self.cursor = self.head;
        self.limit = self.head + self.slots.capacity();
        self.store_position();
        self.head
    }

    /// Records pushed: position of the next one.
    #[inline(always)]
    pub fn position(&self) -> u64 {
        self.head
    }

    /// Position up to which the consumer has released, as last seen.
    #[inline(always)]
    pub fn cursor(&self) -> u64 {
        self.cursor
    }

    /// Slots in all.
    #[inline(always)]
    pub fn capacity(&self) -> u64 {
        self.slots.capacity()
    }

    /// Free slots as far as known: at least as many are.
    #[inline(always)]
    pub fn free(&self) -> u64 {
        self.limit - self.head
    }

    /// The memory of the ring.
    pub fn ring(&self) -> &L {
        &self.ring
    }

    /// The memory of the consumer.
    pub fn ctl(&self) -> &C {
        &self.ctl
    }

    /// Reads the consumer's cursor and returns how many slots are free now.
    ///
    /// # Errors
    /// [`CursorRefused`] if the cursor cannot be true; [`RingWriter::free`] stays as it was.
    pub fn refresh_free(&mut self) -> Result<u64, CursorRefused> {
        // An observer needs the position never more than a lap behind the head.
        self.store_position();
        let word = self.ctl.line(self.shape.cursor_line)[0].load(order::CURSOR_TAKE.get());
        if word >> CURSOR_BITS != u64::from(self.epoch) {
            return Err(CursorRefused::Stale);
        }
        // Distance from the cached cursor, in the 48 bits that the word has.
        let moved = word.wrapping_sub(self.cursor) & CURSOR_MASK;
        if moved > self.head - self.cursor {
            let backwards = moved > CURSOR_MASK / 2;
            return Err(if backwards { CursorRefused::Backwards } else { CursorRefused::Beyond });
        }
        self.cursor += moved;
        self.limit += moved;
        Ok(self.free())
    }

    /// Pushes a record if a slot is known to be free, without looking at the cursor.
    /// Byte 0 of the record is not looked at.
    #[inline(always)]
    pub fn try_push(&mut self, record: &[u64; W]) -> bool {
        let free = self.free();
        if free == 0 {
            return false;
        }
        self.put(free, record);
        true
    }

    /// Pushes a record; looks at the cursor if no slot is known to be free. Returns false if the
    /// ring is full.
    #[inline(always)]
    pub fn push(&mut self, record: &[u64; W]) -> bool {
        // The slow path must not see the record: it would have to be in memory for it, and those
        // stores queue before the ones that matter.
        if self.free() == 0 && !self.refreshed(1) {
            return false;
        }
        self.put(self.free(), record);
        true
    }

    /// Writes the record of the head, one of `free` free slots.
    #[inline(always)]
    fn put(&mut self, free: u64, record: &[u64; W]) {
        let line = self.slots.line(self.head);
        self.own_ahead(self.head, free);
        self.slots.store_at(&self.ring, line, self.tag, record);
        self.head += 1;
        if self.slots.begins_lap(self.head) {
            self.tag = self.slots.tag(self.head);
        }
    }

    /// Asks for the slot that comes [`OWN_AHEAD`] records later, where it is free: one that the
    /// consumer has not read yet would be taken from it, to be fetched back.
    #[inline(always)]
    fn own_ahead(&self, position: u64, free: u64) {
        if free > OWN_AHEAD {
            self.slots.expect_write(&self.ring, position + OWN_AHEAD);
        }
    }

    /// Pushes the records `make(0)` to `make(count - 1)`, all or, where there is no room for them,
    /// none; looks at the cursor if not enough slots are known to be free. The consumer may take
    /// the first while the last are being written. Byte 0 of the records is not looked at.
    #[inline(always)]
    pub fn push_many(&mut self, count: u64, mut make: impl FnMut(u64) -> [u64; W]) -> bool {
        if self.free() < count && !self.refreshed(count) {
            return false;
        }
        let free = self.free();
        for index in 0..count {
            self.put(free - index, &make(index));
        }
        true
    }

    #[cold]
    #[inline(never)]
    fn refreshed(&mut self, count: u64) -> bool {
        // A refused cursor leaves the ring as full as it was; `refresh_free` tells the owner why.
        self.refresh_free().is_ok_and(|free| free >= count)
    }

    /// Stores the position for lag and observers; once per poll, after the pushes.
    #[inline(always)]
    pub fn store_position(&mut self) {
        if self.stored != self.head {
            self.stored = self.head;
            let word = &self.ring.line(self.shape.position_line)[0];
            word.store(self.head, order::MARK_STORE.get());
        }
    }
}

/// A control line must be inside of its region.
pub(super) fn check_line<M: Lines>(lines: &M, line: usize) -> Result<(), ShapeError> {
    if line < lines.lines() {
        return Ok(());
    }
    Err(ShapeError::TooSmall { needed: line + 1, found: lines.lines() })
}
