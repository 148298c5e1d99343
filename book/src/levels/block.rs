//! The best twelve levels of one side: two cache lines, sorted best first.
//!
//! Almost every event of a market happens near the touch, so these levels lie together and are
//! found by counting, without a branch on where. What an event costs is above all the number of
//! cache lines it has to wait for: so keys are kept as 32-bit distances from a base price, and one
//! line tells where a price is. Prices further than 2^31 from the base are kept in the tree, or, if
//! they are better than all others, become the base. The level records themselves stay where they
//! are; a level that moves within the block moves 8 bytes.
//!
//! | offset | size | field | |
//! |--|--|--|--|
//! | 0 | 8 | base | key of distance 0 |
//! | 8 | 8 | | unused |
//! | 16 | 48 | distances | sorted descending, `i32::MIN` where there is no level |
//! | 64 | 12 | deep | the levels worse than all of these |
//! | 76 | 4 | | unused |
//! | 80 | 48 | records | numbers into the level table |

use core::mem::{align_of, offset_of, size_of};

use simd::{Isa, LINE_LANES, Line};

use super::deep::Root;
use crate::table::NIL;

/// Levels of a block.
pub(crate) const PLACES: usize = LINE_LANES;

/// The distance in a place without a level.
const UNUSED: i32 = i32::MIN;

/// The distance of `key` from `base`, if a block can keep it.
#[inline(always)]
pub(crate) fn distance(base: i64, key: i64) -> Option<i32> {
    let distance = i32::try_from(key.checked_sub(base)?).ok()?;
    (distance != UNUSED).then_some(distance)
}

/// The best levels of one side and the root of the deeper ones.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(128))]
pub(crate) struct Block {
    keys: Line,
    records: Line,
}

const _: () = assert!(size_of::<Block>() == 128 && align_of::<Block>() == 128);
const _: () = assert!(offset_of!(Block, records) == 64);

impl Block {
    pub(crate) const EMPTY: Block = Block {
        keys: Line { head: [0; 4], lanes: [UNUSED.cast_unsigned(); PLACES] },
        records: Line { head: Root::EMPTY.words(), lanes: [NIL; PLACES] },
    };

    /// Hints that the level numbers will be read.
    #[inline(always)]
    pub(crate) fn prefetch_records(&self) {
        simd::prefetch_read(&self.records);
    }

    #[inline(always)]
    pub(crate) fn base(&self) -> i64 {
        let [low, high, ..] = self.keys.head;
        (u64::from(high) << 32 | u64::from(low)).cast_signed()
    }

    fn set_base(&mut self, base: i64) {
        let bits = base.cast_unsigned();
        self.keys.head = [bits as u32, (bits >> 32) as u32, 0, 0];
    }

    /// The root of the deeper levels.
    #[inline(always)]
    pub(crate) fn deep(&self) -> Root {
        Root::from_words(self.records.head)
    }

    #[inline(always)]
    pub(crate) fn set_deep(&mut self, root: Root) {
        self.records.head = root.words();
    }

    /// How many levels are in the block.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.keys.lanes.iter().filter(|lane| lane.cast_signed() != UNUSED).count()
    }

    /// Whether there is a level at `place` or behind it.
    #[inline(always)]
    pub(crate) fn reaches(&self, place: usize) -> bool {
        self.keys.lanes.get(place).is_some_and(|lane| lane.cast_signed() != UNUSED)
    }

    /// The distance of `key`, if it can be one of a level in this block.
    #[inline(always)]
    pub(crate) fn distance(&self, key: i64) -> Option<i32> {
        distance(self.base(), key)
    }

    /// How many levels of the block are better than the one at `distance`.
    #[inline(always)]
    pub(crate) fn rank(&self, isa: Isa, distance: i32) -> usize {
        isa.line_rank(&self.keys, distance)
    }

    /// Whether the level at `distance`, of which `rank` is the rank, is in the block.
    #[inline(always)]
    pub(crate) fn holds(&self, rank: usize, distance: i32) -> bool {
        self.keys.lanes.get(rank).is_some_and(|lane| lane.cast_signed() == distance)
    }

    /// The level number at `place`.
    #[inline(always)]
    pub(crate) fn number(&self, place: usize) -> u32 {
        self.records.lanes.get(place).copied().unwrap_or(NIL)
    }

    /// Key and level number at `place`, 0 the best.
    #[inline(always)]
    pub(crate) fn get(&self, place: usize) -> Option<(i64, u32)> {
        let distance = self.keys.lanes.get(place)?.cast_signed();
        if distance == UNUSED {
            return None;
        }
        Some((self.base() + i64::from(distance), *self.records.lanes.get(place)?))
    }

    /// Inserts at `place`, which is the rank of `distance`. The block is not full.
    #[inline(always)]
    pub(crate) fn insert(&mut self, isa: Isa, place: usize, distance: i32, record: u32) {
        isa.line_insert(&mut self.keys, &mut self.records, place, (distance, record));
    }

    /// Takes the level at `place` out; the worse ones move up.
    #[inline(always)]
    pub(crate) fn remove(&mut self, isa: Isa, place: usize) {
        isa.line_remove(&mut self.keys, &mut self.records, place, (UNUSED, NIL));
    }

    /// Takes the worst level out.
    pub(crate) fn pop_worst(&mut self, isa: Isa) -> Option<(i64, u32)> {
        let place = self.len().checked_sub(1)?;
        let worst = self.get(place)?;
        self.remove(isa, place);
        Some(worst)
    }

    /// Makes `base` the key of distance 0. The caller has taken out the levels that cannot be
    /// told by their distance from it.
    pub(crate) fn move_base(&mut self, base: i64) {
        let keys: [Option<(i64, u32)>; PLACES] = core::array::from_fn(|place| self.get(place));
        self.set_base(base);
        for (lane, level) in self.keys.lanes.iter_mut().zip(keys) {
            let distance = level.and_then(|(key, _)| distance(base, key));
            *lane = distance.unwrap_or(UNUSED).cast_unsigned();
        }
    }
}
