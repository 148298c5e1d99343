//! The slot of a ring: one or more cache lines whose first byte says which lap wrote them.
//!
//! A separate "published" index would cost every message a second cache-line transfer. So the
//! record and the news of its arrival share the line: byte 0 is a lap tag, written with the
//! record's first word last. A reader that waits for position `p` waits for the tag of `p`'s lap
//! and nothing else.
//!
//! Writing: word 0 := 0, release fence, words 1.. relaxed, word 0 with its tag, release. The zero
//! and the fence are for readers that may be overtaken in the middle of a copy ([`crate::follow`]):
//! whoever has seen one word of the new record no longer finds the old word 0.
//!
//! | byte of the slot | |
//! |--|--|
//! | 0 | lap tag: `((position / capacity) & 127) + 1`; 0 = never written, or being written |
//! | 1 .. 64 n - 1 | the record from its byte 1 on |

use crate::lines::{LINE_WORDS, Line, Lines, expect_read, fill};
use crate::order;
use crate::sync::Ordering;
use thiserror::Error;

/// Bits of the tag in word 0.
pub(crate) const TAG_MASK: u64 = 0xff;

/// Why a ring cannot be laid over a piece of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ShapeError {
    /// The capacity is not a power of two from 2 to 2^31.
    #[error("capacity of {capacity} slots: must be a power of two from 2 to 2147483648")]
    Capacity {
        /// What was asked for.
        capacity: usize,
    },
    /// The record is not a whole number of cache lines.
    #[error("slot of {words} words: must be a positive multiple of {LINE_WORDS}")]
    Slot {
        /// Words of the record type.
        words: usize,
    },
    /// The memory is too small.
    #[error("{needed} lines needed, the region has {found}: was it made for another capacity?")]
    TooSmall {
        /// Lines that the ring takes.
        needed: usize,
        /// Lines that are there.
        found: usize,
    },
}

/// What a record without lines would consist of; there is none, see [`Slots::new`].
const NO_LINE: (&[u64; LINE_WORDS], &[[u64; LINE_WORDS]]) = (&[0; LINE_WORDS], &[]);

/// Where the slots of a ring are: computed locally, never read from shared memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slots<const W: usize> {
    first_line: usize,
    mask: u64,
    shift: u32,
}

impl<const W: usize> Slots<W> {
    /// Lines of a slot.
    const WIDTH: usize = W / LINE_WORDS;

    /// `capacity` slots of `W` words from line `first_line` on, checked against `lines`.
    pub(crate) fn new<L: Lines>(
        lines: &L,
        first_line: usize,
        capacity: usize,
    ) -> Result<Self, ShapeError> {
        if !capacity.is_power_of_two() || !(2..=1 << 31).contains(&capacity) {
            return Err(ShapeError::Capacity { capacity });
        }
        if W == 0 || !W.is_multiple_of(LINE_WORDS) {
            return Err(ShapeError::Slot { words: W });
        }
        let slots = capacity.checked_mul(Self::WIDTH);
        let needed = slots.and_then(|slots| slots.checked_add(first_line));
        match needed {
            Some(needed) if needed <= lines.lines() => Ok(Slots {
                first_line,
                mask: capacity as u64 - 1,
                shift: capacity.trailing_zeros(),
            }),
            needed => Err(ShapeError::TooSmall {
                needed: needed.unwrap_or(usize::MAX),
                found: lines.lines(),
            }),
        }
    }

    /// How many slots.
    #[inline(always)]
    pub(crate) const fn capacity(&self) -> u64 {
        self.mask + 1
    }

    /// First line of the slot of `position`.
    #[inline(always)]
    pub(crate) const fn line(&self, position: u64) -> usize {
        self.first_line + (position & self.mask) as usize * Self::WIDTH
    }

    /// Tag of the lap of `position`.
    #[inline(always)]
    pub(crate) const fn tag(&self, position: u64) -> u64 {
        ((position >> self.shift) & 127) + 1
    }

    /// Whether a lap begins at `position`, so that its tag is another one than before.
    #[inline(always)]
    pub(crate) const fn begins_lap(&self, position: u64) -> bool {
        position & self.mask == 0
    }

    /// Hints that the slot of `position` is going to be written.
    #[inline(always)]
    pub(crate) fn expect_write<L: Lines>(&self, lines: &L, position: u64) {
        let first = self.line(position);
        for offset in 0..Self::WIDTH {
            lines.own_soon(first + offset);
        }
    }

    /// Hints that the slot of `position` is going to be read.
    #[inline(always)]
    pub(crate) fn expect_read<L: Lines>(&self, lines: &L, position: u64) {
        let first = self.line(position);
        for offset in 0..Self::WIDTH {
            expect_read(lines.line(first + offset));
        }
    }

    /// Writes the record of `position`. Byte 0 of the record is not looked at.
    #[inline(always)]
    pub(crate) fn store<L: Lines>(&self, lines: &L, position: u64, record: &[u64; W]) {
        self.store_at(lines, self.line(position), self.tag(position), record);
    }

    /// The same where line and tag of the position are known.
    #[inline(always)]
    pub(crate) fn store_at<L: Lines>(&self, lines: &L, first: usize, tag: u64, record: &[u64; W]) {
        let (values, rest) = record.as_chunks::<LINE_WORDS>().0.split_first().unwrap_or(NO_LINE);
        // Opens the slot: word 0 is zero before anything else is written.
        let head = lines.open(first, values);
        for (line, values) in rest.iter().enumerate() {
            let line = lines.line(first + line + 1);
            // Partner of all: the copy of a reader; ordered by word 0 of the slot.
            line[0].store(values[0], Ordering::Relaxed);
            fill(line, values);
        }
        let commit = (record[0] & !TAG_MASK) | tag;
        head[0].store(commit, order::SLOT_COMMIT.get());
    }

    /// Copies words 1 to W - 1 of the slot of `position`; `first` is what the caller took from
    /// word 0, and comes back with byte 0 cleared.
    #[inline(always)]
    pub(crate) fn copy<L: Lines>(&self, lines: &L, position: u64, first: u64) -> [u64; W] {
        let at = self.line(position);
        self.copy_from(lines, lines.line(at), at, first)
    }

    /// The same where the caller has looked up the slot's first line, number `at`, already: the
    /// compiler may not keep what it knows about `lines` over an acquire.
    #[inline(always)]
    pub(crate) fn copy_from<L: Lines>(
        &self,
        lines: &L,
        head_line: &Line,
        at: usize,
        first: u64,
    ) -> [u64; W] {
        let mut record = [0; W];
        let (head, rest) = record.split_at_mut(LINE_WORDS);
        // Partner of all: the stores of `fill`; ordered by word 0. Written out as they are.
        if let Some(head) = head.as_mut_array::<LINE_WORDS>() {
            *head = [
                first & !TAG_MASK,
                head_line[1].load(Ordering::Relaxed),
                head_line[2].load(Ordering::Relaxed),
                head_line[3].load(Ordering::Relaxed),
                head_line[4].load(Ordering::Relaxed),
                head_line[5].load(Ordering::Relaxed),
                head_line[6].load(Ordering::Relaxed),
                head_line[7].load(Ordering::Relaxed),
            ];
        }
        for (line, values) in rest.chunks_exact_mut(LINE_WORDS).enumerate() {
            for (value, word) in values.iter_mut().zip(lines.line(at + line + 1)) {
                // As above.
                *value = word.load(Ordering::Relaxed);
            }
        }
        record
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::lines::HeapLines;

    fn check<const W: usize>(first_line: usize, capacity: usize) -> Result<(), ShapeError> {
        Slots::<W>::new(&HeapLines::new(20), first_line, capacity).map(|_| ())
    }

    #[test]
    fn shapes_are_checked() {
        for capacity in [0, 1, 3, 12, usize::MAX] {
            assert_eq!(check::<8>(0, capacity), Err(ShapeError::Capacity { capacity }));
        }
        assert_eq!(check::<0>(0, 2), Err(ShapeError::Slot { words: 0 }));
        assert_eq!(check::<7>(0, 2), Err(ShapeError::Slot { words: 7 }));
        assert_eq!(check::<9>(0, 2), Err(ShapeError::Slot { words: 9 }));
        assert_eq!(check::<8>(4, 16), Ok(()));
        let small = ShapeError::TooSmall { needed: 21, found: 20 };
        assert_eq!(check::<8>(5, 16), Err(small));
        assert_eq!(check::<16>(4, 8), Ok(()));
        assert_eq!(check::<16>(5, 8), Err(small));
        let beyond = ShapeError::TooSmall { needed: usize::MAX, found: 20 };
        assert_eq!(check::<8>(usize::MAX, 16), Err(beyond));
    }

    #[test]
    fn tags_follow_the_rule_and_records_keep_all_but_byte_0() {
        let lines = HeapLines::new(8);
        let slots = Slots::<24>::new(&lines, 2, 2).expect("a shape that fits");
        for position in [0, 1, 2, 253, 254, 255, 256, 257, u64::MAX] {
            let record: [u64; 24] = std::array::from_fn(|i| u64::MAX - i as u64);
            slots.store(&lines, position, &record);
            let word = lines.line(2 + (position % 2) as usize * 3)[0].load(Ordering::Relaxed);
            assert_eq!(word & 0xff, ((position / 2) & 127) + 1);
            let copy = slots.copy(&lines, position, word);
            assert_eq!(copy[0], record[0] & !0xff);
            assert_eq!(copy[1..], record[1..]);
        }
    }
}
