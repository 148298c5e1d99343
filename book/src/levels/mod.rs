//! Price levels of many book sides, sorted best first, in memory fixed at the start.
//!
//! Each side has a [`block`] of its best twelve levels and a [`deep`] tree for the rest; every
//! level in the block is better than every level in the tree. What a level holds (quantity, number
//! of orders, the queue) is a [`record`] of one cache line that never moves, so an order can name
//! its level by number and find it without a search.
//!
//! Levels change between block and tree several at a time: a full block hands its worst ones down,
//! and takes some back only when few are left. Otherwise a touch that moves to and fro by one level
//! would cost a tree operation every time.

mod block;
mod deep;
mod record;
mod walk;

pub(crate) use record::{HERE, Record};
pub(crate) use walk::Walk;

use crate::error::BookError;
use crate::memory::MemoryVisitor;
use crate::side::{SideNumber, side_number};
use crate::table::{FreeList, Table};
use block::{Block, PLACES};
use deep::Deep;
use simd::Isa;
use wire::Side;

/// Levels handed down when a full block needs a place.
const HAND_DOWN: usize = 3;
/// Levels left in a block when it takes some back.
const FEW: usize = 3;
/// Levels in a block after it took some back, if the tree has so many.
const ENOUGH: usize = 8;
/// How many levels ahead the record of a new one is fetched.
const UPCOMING: usize = 4;
/// Distance of a new base below the price that made it necessary, so that better ones have room.
const BELOW: i64 = 1 << 30;

/// Where a level is: its number, and its position on the side, 1 the best.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) record: u32,
    pub(crate) position: u32,
}

/// The levels of all sides. No level has the price `i64::MIN` or `i64::MAX`: as a key, one of them
/// marks the unused places.
#[derive(Debug, Clone)]
pub(crate) struct Levels {
    blocks: Table<Block>,
    records: Table<Record>,
    free: FreeList,
    /// Numbers kept back by [`Levels::enter`] unless told otherwise.
    spare: usize,
    deep: Deep,
    isa: Isa,
}

impl Levels {
    /// Memory for `sides` sides with `levels` levels together, and `spare` more that only a
    /// replacement may use, which needs its new level before its old one is gone.
    pub(crate) fn new(sides: u32, levels: u32, spare: u32) -> Self {
        let records = levels.saturating_add(spare);
        Levels {
            blocks: Table::new(sides, Block::EMPTY),
            records: Table::new(records, Record::EMPTY),
            free: FreeList::new(records),
            spare: spare as usize,
            deep: Deep::new(records, sides),
            isa: Isa::detect(),
        }
    }

    /// Number of levels on a side.
    #[inline]
    pub(crate) fn len(&self, side: SideNumber) -> usize {
        let block = self.blocks.at(side);
        block.len() + block.deep().len()
    }

    /// Number of levels on all sides.
    pub(crate) fn total(&self) -> usize {
        self.records.len() - self.free.len()
    }

    #[inline(always)]
    pub(crate) fn record(&self, number: u32) -> &Record {
        self.records.at(number)
    }

    #[inline(always)]
    pub(crate) fn record_mut(&mut self, number: u32) -> &mut Record {
        self.records.at_mut(number)
    }

    /// The best level of a side.
    #[inline(always)]
    pub(crate) fn best(&self, side: SideNumber) -> Option<&Record> {
        let (_, number) = self.blocks.at(side).get(0)?;
        Some(self.records.at(number))
    }

    /// The key of the best level of a side.
    #[inline(always)]
    pub(crate) fn best_key(&self, side: SideNumber) -> Option<i64> {
        self.blocks.at(side).get(0).map(|(key, _)| key)
    }

    /// The level with `nth` better ones on its side.
    #[inline]
    pub(crate) fn nth(&self, side: SideNumber, nth: usize) -> Option<u32> {
        let block = self.blocks.at(side);
        match nth.checked_sub(block.len()) {
            None => block.get(nth).map(|(_, number)| number),
            Some(nth) => self.deep.at(&block.deep(), nth).map(|(_, number)| number),
        }
    }

    /// Position of a level that exists, 1 the best.
    #[inline(always)]
    pub(crate) fn position(&self, side: SideNumber, key: i64) -> u32 {
        let block = self.blocks.at(side);
        if let Some(distance) = block.distance(key) {
            let rank = block.rank(self.isa, distance);
            if block.holds(rank, distance) {
                return rank as u32 + 1;
            }
        }
        self.position_deep(side, key)
    }

    #[cold]
    #[inline(never)]
    fn position_deep(&self, side: SideNumber, key: i64) -> u32 {
        let block = self.blocks.at(side);
        (block.len() + self.deep.find(&block.deep(), key).1) as u32 + 1
    }

    /// How many levels are better than `key`, whether it has a level or not.
    pub(crate) fn better(&self, side: SideNumber, key: i64) -> u32 {
        let block = self.blocks.at(side);
        let here = match block.distance(key) {
            Some(distance) => block.rank(self.isa, distance),
            // Farther from the block's base than any of its levels can be.
            None if key > block.base() => 0,
            None => block.len(),
        };
        if block.reaches(here) {
            return here as u32;
        }
        (here + self.deep.find(&block.deep(), key).1) as u32
    }

    /// The level of `key`, if it exists.
    #[inline(always)]
    pub(crate) fn find(&self, side: SideNumber, key: i64) -> Option<Place> {
        let block = self.blocks.at(side);
        if let Some(distance) = block.distance(key) {
            let rank = block.rank(self.isa, distance);
            if block.holds(rank, distance) {
                return Some(Place { record: block.number(rank), position: rank as u32 + 1 });
            }
            if block.reaches(rank) {
                return None;
            }
        }
        let (record, better) = self.deep.find(&block.deep(), key);
        Some(Place { record: record?, position: (block.len() + better) as u32 + 1 })
    }

    /// The level of `key`, made empty where it did not exist. `may_use_spare` is for replacements.
    #[inline(always)]
    pub(crate) fn enter(
        &mut self,
        side: SideNumber,
        key: i64,
        may_use_spare: bool,
    ) -> Result<Place, BookError> {
        let block = self.blocks.at(side);
        let Some(distance) = block.distance(key) else {
            return self.enter_far(side, key, may_use_spare);
        };
        let rank = block.rank(self.isa, distance);
        if block.holds(rank, distance) {
            return Ok(Place { record: block.number(rank), position: rank as u32 + 1 });
        }
        if !block.reaches(rank) && block.deep().len() > 0 {
            return self.enter_deep(side, key, may_use_spare);
        }
        let full = block.reaches(PLACES - 1);
        let record = self.new_record(side, key, may_use_spare)?;
        if full {
            self.make_place(side, key, record);
        } else {
            self.blocks.at_mut(side).insert(self.isa, rank, distance, record);
        }
        Ok(Place { record, position: rank as u32 + 1 })
    }

    /// [`Levels::enter`] for a key worse than the whole block, where deeper levels exist.
    #[inline(never)]
    fn enter_deep(
        &mut self,
        side: SideNumber,
        key: i64,
        may_use_spare: bool,
    ) -> Result<Place, BookError> {
        let block = self.blocks.at(side);
        let mut root = block.deep();
        let (found, better) = self.deep.find(&root, key);
        let position = (block.len() + better) as u32 + 1;
        if let Some(record) = found {
            return Ok(Place { record, position });
        }
        let record = self.new_record(side, key, may_use_spare)?;
        self.deep.insert(&mut root, key, record);
        self.blocks.at_mut(side).set_deep(root);
        Ok(Place { record, position })
    }

    /// [`Levels::enter`] for a key too far from the block's base: the first of its side, one better
    /// than all others by more than 2^30, or one that belongs into the tree.
    #[cold]
    #[inline(never)]
    fn enter_far(
        &mut self,
        side: SideNumber,
        key: i64,
        may_use_spare: bool,
    ) -> Result<Place, BookError> {
        let block = self.blocks.at(side);
        let best = block.get(0).map(|(best, _)| best);
        if best.is_some_and(|best| key < best) {
            return self.enter_deep(side, key, may_use_spare);
        }
        let record = self.new_record(side, key, may_use_spare)?;
        let base = if best.is_some() { key.saturating_sub(BELOW) } else { key };
        self.hand_down(side, |worst| block::distance(base, worst).is_none());
        self.blocks.at_mut(side).move_base(base);
        self.make_place(side, key, record);
        Ok(Place { record, position: 1 })
    }

    /// Gives the worst levels of a block, as long as `leaves` says so, to its tree.
    fn hand_down(&mut self, side: SideNumber, mut leaves: impl FnMut(i64) -> bool) {
        let block = self.blocks.at_mut(side);
        let mut root = block.deep();
        while let Some(place) = block.len().checked_sub(1) {
            if !block.get(place).is_some_and(|(worst, _)| leaves(worst)) {
                break;
            }
            let Some((worst, number)) = block.pop_worst(self.isa) else { break };
            self.deep.insert(&mut root, worst, number);
        }
        block.set_deep(root);
    }

    /// Inserts a level that is not worse than the whole block and has a distance from its base,
    /// after some of the worst were handed down if the block is full.
    #[inline(never)]
    fn make_place(&mut self, side: SideNumber, key: i64, record: u32) {
        let isa = self.isa;
        let block = self.blocks.at(side);
        let distance = block.distance(key).unwrap_or_default();
        let rank = block.rank(isa, distance);
        if rank < PLACES && block.reaches(PLACES - 1) {
            let mut left = HAND_DOWN;
            self.hand_down(side, |_| {
                let more = left > 0;
                left = left.saturating_sub(1);
                more
            });
        }
        let block = self.blocks.at_mut(side);
        if rank <= block.len() && rank < PLACES {
            block.insert(isa, rank, distance, record);
        } else {
            let mut root = block.deep();
            self.deep.insert(&mut root, key, record);
            block.set_deep(root);
        }
    }

    #[inline(always)]
    fn new_record(
        &mut self,
        side: SideNumber,
        key: i64,
        may_use_spare: bool,
    ) -> Result<u32, BookError> {
        let kept_back = if may_use_spare { 0 } else { self.spare };
        if self.free.len() <= kept_back || !self.deep.has_room() {
            return Err(BookError::LevelTableFull);
        }
        let number = self.free.take().ok_or(BookError::LevelTableFull)?;
        self.records.prefetch(self.free.upcoming(UPCOMING));
        *self.records.at_mut(number) = Record { key, side, ..Record::EMPTY };
        Ok(number)
    }

    /// Removes a level that exists. Returns the position it had.
    #[inline(always)]
    pub(crate) fn remove(&mut self, side: SideNumber, key: i64, record: u32) -> u32 {
        self.free.give(record);
        let block = self.blocks.at_mut(side);
        if let Some(distance) = block.distance(key) {
            let rank = block.rank(self.isa, distance);
            if block.holds(rank, distance) {
                block.remove(self.isa, rank);
                if !block.reaches(FEW) && block.deep().len() > 0 {
                    self.take_back(side);
                }
                return rank as u32 + 1;
            }
        }
        self.remove_deep(side, key)
    }

    #[inline(never)]
    fn remove_deep(&mut self, side: SideNumber, key: i64) -> u32 {
        let block = self.blocks.at_mut(side);
        let mut root = block.deep();
        let better = self.deep.remove(&mut root, key);
        block.set_deep(root);
        (block.len() + better) as u32 + 1
    }

    /// Fills a block that has few levels left from its tree. Levels too far from its base stay
    /// where they are, unless the block is empty.
    #[inline(never)]
    fn take_back(&mut self, side: SideNumber) {
        let block = self.blocks.at_mut(side);
        let mut root = block.deep();
        let mut len = block.len();
        while len < ENOUGH {
            let Some((key, _)) = self.deep.at(&root, 0) else { break };
            if len == 0 {
                block.move_base(key);
            }
            let Some(distance) = block.distance(key) else { break };
            let Some((_, number)) = self.deep.pop_best(&mut root) else { break };
            block.insert(self.isa, len, distance, number);
            len += 1;
        }
        block.set_deep(root);
    }

    /// Levels of a side, best first.
    pub(crate) fn walk(&self, side: SideNumber) -> Walk<'_> {
        Walk::new(self, side)
    }

    /// Shows all memory to `visitor`.
    pub(crate) fn memory<V: MemoryVisitor>(&mut self, visitor: &mut V) {
        self.blocks.memory("best levels", visitor);
        self.records.memory("levels", visitor);
        self.free.memory("levels", visitor);
        self.deep.memory(visitor);
    }

    /// Forgets every level of every side.
    pub(crate) fn clear(&mut self) {
        self.blocks.fill(Block::EMPTY);
        self.free.reset();
        self.deep.clear();
    }

    /// Hints that a book is about to change, with the levels of one side. The keys of both are
    /// fetched because a message need not name its side.
    #[inline(always)]
    pub(crate) fn prefetch_book(&self, instrument: u32, side: Side) {
        let bid = side_number(instrument, Side::Bid);
        self.blocks.prefetch_pair(bid);
        self.blocks.at_any(bid | side as u32).prefetch_records();
    }

    /// Hints that this level is about to change.
    #[inline(always)]
    pub(crate) fn prefetch_record(&self, number: u32) {
        self.records.prefetch(number);
    }
}
