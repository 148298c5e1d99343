//! The consumer's side of the ring.

use super::writer::check_line;
use super::{RingShape, cursor_word};
use crate::lines::{LINE_WORDS, Lines};
use crate::order;
use crate::slot::{ShapeError, Slots, TAG_MASK};
use crate::sync::Ordering;

/// Records taken since the last release from which on the reader is known to be behind, and how far
/// ahead it then asks for slots. One that keeps up must not ask: it would take lines from the
/// producer that is about to write them.
const BEHIND: u64 = 16;

/// Takes records out of a ring in `L`; says in `C` how far it is.
#[derive(Debug)]
pub struct RingReader<L, C, const W: usize = LINE_WORDS> {
    ring: L,
    ctl: C,
    slots: Slots<W>,
    shape: RingShape,
    position: u64,
    released: u64,
    epoch: u16,
}

impl<L: Lines, C: Lines, const W: usize> RingReader<L, C, W> {
    /// Reads from `start` on, in `epoch`, both given by the producer; stores the first cursor.
    ///
    /// # Errors
    /// [`ShapeError`] if a ring of this shape does not fit.
    pub fn new(
        ring: L,
        ctl: C,
        shape: RingShape,
        epoch: u16,
        start: u64,
    ) -> Result<Self, ShapeError> {
        let mut reader = RingReader::idle(ring, ctl, shape)?;
        reader.begin(epoch, start);
        Ok(reader)
    }

    /// A reader that has not begun: checks the shape and writes nothing.
    ///
    /// # Errors
    /// [`ShapeError`] if a ring of this shape does not fit.
    pub fn idle(ring: L, ctl: C, shape: RingShape) -> Result<Self, ShapeError> {
        let slots = Slots::new(&ring, shape.slots_line, shape.capacity)?;
        check_line(&ring, shape.position_line)?;
        check_line(&ctl, shape.cursor_line)?;
        Ok(RingReader { ring, ctl, slots, shape, position: 0, released: 0, epoch: 0 })
    }

    /// Begins at `start` in `epoch`, and stores the first cursor.
    pub fn begin(&mut self, epoch: u16, start: u64) {
        self.position = start;
        self.released = start;
        self.epoch = epoch;
        self.store_cursor();
    }

    /// The next record, byte 0 cleared, without taking it.
    #[inline(always)]
    pub fn peek(&self) -> Option<[u64; W]> {
        self.look(self.position)
    }

    #[inline(always)]
    fn look(&self, position: u64) -> Option<[u64; W]> {
        let at = self.slots.line(position);
        let line = self.ring.line(at);
        let first = line[0].load(order::SLOT_TAKE.get());
        if first & TAG_MASK != self.slots.tag(position) {
            return None;
        }
        Some(self.slots.copy_from(&self.ring, line, at, first))
    }

    /// Takes the next record, byte 0 cleared. The producer gets its slot back with
    /// [`RingReader::release`].
    #[inline(always)]
    #[allow(clippy::should_implement_trait)] // An iterator would end; a ring is only empty now.
    pub fn next(&mut self) -> Option<[u64; W]> {
        let position = self.position;
        let record = self.look(position)?;
        if position.wrapping_sub(self.released) >= BEHIND {
            self.slots.expect_read(&self.ring, position.wrapping_add(BEHIND));
        }
        self.position = position.wrapping_add(1);
        Some(record)
    }

    /// Gives at most `limit` records to `take`, byte 0 cleared, and then their slots back to the
    /// producer. Returns how many they were.
    #[inline(always)]
    pub fn take_many(&mut self, limit: u64, mut take: impl FnMut(&[u64; W])) -> u64 {
        let start = self.position;
        let mut taken = 0;
        while taken < limit {
            let position = start.wrapping_add(taken);
            let Some(record) = self.look(position) else { break };
            if taken >= BEHIND {
                self.slots.expect_read(&self.ring, position.wrapping_add(BEHIND));
            }
            taken += 1;
            take(&record);
        }
        self.position = start.wrapping_add(taken);
        self.release();
        taken
    }

    /// Gives all taken slots back; once per batch.
    #[inline(always)]
    pub fn release(&mut self) {
        if self.released != self.position {
            self.released = self.position;
            self.store_cursor();
        }
    }

    /// Stores the cursor again if somebody else wrote over it: a consumer of an older epoch that
    /// was stopped in the middle of its last release. For empty polls.
    #[inline(always)]
    pub fn heal_cursor(&self) {
        let word = &self.ctl.line(self.shape.cursor_line)[0];
        // Our own word: no partner.
        if word.load(Ordering::Relaxed) != cursor_word(self.epoch, self.released) {
            self.store_cursor();
        }
    }

    #[inline(always)]
    fn store_cursor(&self) {
        let word = &self.ctl.line(self.shape.cursor_line)[0];
        word.store(cursor_word(self.epoch, self.released), order::CURSOR_GIVE.get());
    }

    /// Position of the next record.
    #[inline(always)]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Records behind the producer's stored position.
    pub fn lag(&self) -> u64 {
        self.stored_head().saturating_sub(self.position)
    }

    /// Jumps to the producer's stored position and gives all slots back. Returns how many records
    /// were skipped.
    ///
    /// A position that cannot be true, more than a ring ahead, is not followed.
    pub fn skip_to_head(&mut self) -> u64 {
        let skipped = self.lag();
        if skipped > self.slots.capacity() {
            return 0;
        }
        self.position = self.position.wrapping_add(skipped);
        self.release();
        skipped
    }

    /// The memory of the ring.
    pub fn ring(&self) -> &L {
        &self.ring
    }

    /// The memory of the consumer.
    pub fn ctl(&self) -> &C {
        &self.ctl
    }

    fn stored_head(&self) -> u64 {
        // Partner: `RingWriter::store_position`; only a number, the tags say what is there.
        self.ring.line(self.shape.position_line)[0].load(Ordering::Relaxed)
    }
}
