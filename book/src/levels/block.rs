//! The best sixteen levels of one side: keys and level numbers, sorted best first.
//!
//! Almost every event of a market happens near the touch, so these levels lie together in four
//! cache lines and are found by counting, without a branch on where. The level records themselves
//! stay where they are; a level that moves within the block moves 12 bytes.
//!
//! | offset | size | field | |
//! |--|--|--|--|
//! | 0 | 128 | keys | sorted descending, `i64::MIN` beyond `len` |
//! | 128 | 64 | records | numbers into the level table |
//! | 192 | 4 | len | levels in this block |
//! | 196 | 12 | deep | the levels worse than all of these |
//! | 208 | 48 | | alignment |

use core::mem::{align_of, offset_of, size_of};

use simd::{Isa, LANES};

use super::deep::Root;
use crate::table::NIL;

/// The best levels of one side and the root of the deeper ones.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Block {
    keys: [i64; LANES],
    records: [u32; LANES],
    len: u32,
    pub(crate) deep: Root,
}

const _: () = assert!(size_of::<Block>() == 256 && align_of::<Block>() == 64);
const _: () = assert!(offset_of!(Block, records) == 128);
const _: () = assert!(offset_of!(Block, len) == 192);
const _: () = assert!(offset_of!(Block, deep) == 196);

impl Block {
    pub(crate) const EMPTY: Block =
        Block { keys: [i64::MIN; LANES], records: [NIL; LANES], len: 0, deep: Root::EMPTY };

    /// Hints that the keys will be read.
    #[inline(always)]
    pub(crate) fn prefetch(&self) {
        simd::prefetch_index(&self.keys, 0);
        simd::prefetch_index(&self.keys, LANES / 2);
    }

    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.len as usize
    }

    /// How many levels of the block are better than `key`.
    #[inline(always)]
    pub(crate) fn rank(&self, isa: Isa, key: i64) -> usize {
        isa.rank(&self.keys, key)
    }

    /// The level number of `key`, if `rank` is its rank and it is in the block. Reads two cache
    /// lines of keys and one of numbers, and not `len`: no level has the key of an unused place.
    #[inline(always)]
    pub(crate) fn number(&self, rank: usize, key: i64) -> Option<u32> {
        if *self.keys.get(rank)? != key {
            return None;
        }
        self.records.get(rank).copied()
    }

    /// Key and level number at `place`, 0 the best.
    #[inline(always)]
    pub(crate) fn get(&self, place: usize) -> Option<(i64, u32)> {
        if place >= self.len() {
            return None;
        }
        Some((*self.keys.get(place)?, *self.records.get(place)?))
    }

    /// Inserts at `place`, which is the rank of `key`. The block is not full.
    #[inline(always)]
    pub(crate) fn insert(&mut self, isa: Isa, place: usize, key: i64, record: u32) {
        isa.insert(&mut self.keys, &mut self.records, place, (key, record));
        self.len += 1;
    }

    /// Takes the level at `place` out; the worse ones move up.
    #[inline(always)]
    pub(crate) fn remove(&mut self, isa: Isa, place: usize) {
        if place >= self.len() {
            return;
        }
        isa.remove(&mut self.keys, &mut self.records, place, (i64::MIN, NIL));
        self.len -= 1;
    }

    /// Takes the worst level out.
    #[inline(always)]
    pub(crate) fn pop_worst(&mut self, isa: Isa) -> Option<(i64, u32)> {
        let place = self.len().checked_sub(1)?;
        let worst = self.get(place)?;
        self.remove(isa, place);
        Some(worst)
    }
}
