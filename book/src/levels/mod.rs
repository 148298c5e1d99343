//! Price levels of many book sides, sorted best first, in memory fixed at the start.
//!
//! Each side has a [`block`] of its best sixteen levels and a [`deep`] tree for the rest; every
//! level in the block is better than every level in the tree. What a level holds (quantity, number
//! of orders, ends of its queue) is a 32-byte record that never moves, so an order can name its
//! level by number and find it without a search.
//!
//! Levels change between block and tree several at a time: a full block hands its worst ones down,
//! and takes some back only when few are left. Otherwise a touch that moves to and fro by one level
//! would cost a tree operation every time.

mod block;
mod deep;
mod walk;

pub(crate) use walk::Walk;

use crate::error::BookError;
use crate::side::{SideNumber, flip};
use crate::table::{FreeList, NIL, Table};
use block::Block;
use deep::Deep;
use simd::{Isa, LANES};

/// Levels handed down when a full block needs a place.
const HAND_DOWN: usize = 4;
/// Levels left in a block when it takes some back.
const FEW: usize = 4;
/// Levels in a block after it took some back, if the tree has so many.
const ENOUGH: usize = 12;

/// What one price level holds.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(32))]
pub(crate) struct Record {
    /// Price as a key of its side.
    pub(crate) key: i64,
    /// Sum of the quantities.
    pub(crate) quantity: i64,
    /// Number of orders.
    pub(crate) orders: u32,
    /// First order of the queue.
    pub(crate) head: u32,
    /// Last order of the queue.
    pub(crate) tail: u32,
    unused: u32,
}

const _: () = assert!(size_of::<Record>() == 32);

impl Record {
    const EMPTY: Record =
        Record { key: i64::MIN, quantity: 0, orders: 0, head: NIL, tail: NIL, unused: 0 };
}

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
        block.len() + block.deep.len()
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

    /// The level with `nth` better ones on its side.
    #[inline]
    pub(crate) fn nth(&self, side: SideNumber, nth: usize) -> Option<u32> {
        let block = self.blocks.at(side);
        match nth.checked_sub(block.len()) {
            None => block.get(nth).map(|(_, number)| number),
            Some(nth) => self.deep.at(&block.deep, nth).map(|(_, number)| number),
        }
    }

    /// Position of a level that exists, 1 the best.
    #[inline(always)]
    pub(crate) fn position(&self, side: SideNumber, key: i64) -> u32 {
        let block = self.blocks.at(side);
        let rank = block.rank(self.isa, key);
        if block.number(rank, key).is_some() {
            return rank as u32 + 1;
        }
        (rank + self.deep.find(&block.deep, key).1) as u32 + 1
    }

    /// The level of `key`, if it exists.
    #[inline(always)]
    pub(crate) fn find(&self, side: SideNumber, key: i64) -> Option<Place> {
        let block = self.blocks.at(side);
        let rank = block.rank(self.isa, key);
        if let Some(record) = block.number(rank, key) {
            return Some(Place { record, position: rank as u32 + 1 });
        }
        if rank < block.len() {
            return None;
        }
        let (record, better) = self.deep.find(&block.deep, key);
        Some(Place { record: record?, position: (rank + better) as u32 + 1 })
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
        let rank = block.rank(self.isa, key);
        if let Some(record) = block.number(rank, key) {
            return Ok(Place { record, position: rank as u32 + 1 });
        }
        if rank >= block.len() && block.deep.len() > 0 {
            return self.enter_deep(side, key, may_use_spare);
        }
        let full = block.len() == LANES;
        let record = self.new_record(key, may_use_spare)?;
        if full {
            self.make_place(side, rank, key, record);
        } else {
            self.blocks.at_mut(side).insert(self.isa, rank, key, record);
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
        let (found, better) = self.deep.find(&block.deep, key);
        let position = (block.len() + better) as u32 + 1;
        if let Some(record) = found {
            return Ok(Place { record, position });
        }
        let record = self.new_record(key, may_use_spare)?;
        self.deep.insert(&mut self.blocks.at_mut(side).deep, key, record);
        Ok(Place { record, position })
    }

    /// Inserts a level of this rank into a side whose block is full.
    #[inline(never)]
    fn make_place(&mut self, side: SideNumber, rank: usize, key: i64, record: u32) {
        let block = self.blocks.at_mut(side);
        if rank < LANES {
            for _ in 0..HAND_DOWN {
                if let Some((worst, number)) = block.pop_worst(self.isa) {
                    self.deep.insert(&mut block.deep, worst, number);
                }
            }
        }
        if rank <= block.len() && rank < LANES {
            block.insert(self.isa, rank, key, record);
        } else {
            self.deep.insert(&mut block.deep, key, record);
        }
    }

    #[inline(always)]
    fn new_record(&mut self, key: i64, may_use_spare: bool) -> Result<u32, BookError> {
        let kept_back = if may_use_spare { 0 } else { self.spare };
        if self.free.len() <= kept_back || !self.deep.has_room() {
            return Err(BookError::LevelTableFull);
        }
        let number = self.free.take().ok_or(BookError::LevelTableFull)?;
        *self.records.at_mut(number) = Record { key, ..Record::EMPTY };
        Ok(number)
    }

    /// Removes a level that exists. Returns the position it had.
    #[inline(always)]
    pub(crate) fn remove(&mut self, side: SideNumber, key: i64, record: u32) -> u32 {
        let block = self.blocks.at_mut(side);
        let rank = block.rank(self.isa, key);
        self.free.give(record);
        if rank >= block.len() {
            return (rank + self.deep.remove(&mut block.deep, key)) as u32 + 1;
        }
        block.remove(self.isa, rank);
        if block.len() <= FEW && block.deep.len() > 0 {
            self.take_back(side);
        }
        rank as u32 + 1
    }

    /// Fills a block that has few levels left from its tree.
    #[inline(never)]
    fn take_back(&mut self, side: SideNumber) {
        let block = self.blocks.at_mut(side);
        while block.len() < ENOUGH {
            let Some((key, number)) = self.deep.pop_best(&mut block.deep) else { return };
            block.insert(self.isa, block.len(), key, number);
        }
    }

    /// Levels of a side, best first.
    pub(crate) fn walk(&self, side: SideNumber) -> Walk<'_> {
        Walk::new(self, side)
    }

    /// Forgets every level of every side.
    pub(crate) fn clear(&mut self) {
        self.blocks.fill(Block::EMPTY);
        self.free.reset();
        self.deep.clear();
    }

    /// Price of a level of this side.
    #[inline(always)]
    pub(crate) fn price(&self, side: SideNumber, number: u32) -> i64 {
        flip(side, self.records.at(number).key)
    }

    /// Hints that this side is about to change.
    #[inline(always)]
    pub(crate) fn prefetch_side(&self, side: SideNumber) {
        self.blocks.at(side).prefetch();
    }

    /// Hints that this level is about to change.
    #[inline(always)]
    pub(crate) fn prefetch_record(&self, number: u32) {
        self.records.prefetch(number);
    }
}
