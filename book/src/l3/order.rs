//! A live order: sixteen bytes, four to a cache line.
//!
//! What all orders of a level have in common (instrument, side, price) is in the level's record,
//! and the reference is known to whoever looks the order up, so only this is left. Four orders of
//! neighbouring references share a line; see [`crate::index::paged`].

use core::mem::{align_of, offset_of, size_of};

use crate::memory::MemoryVisitor;
use crate::side::SideNumber;
use crate::table::{NIL, Table};
use wire::Side;

/// One order; a slot that holds none has quantity 0.
///
/// | offset | size | field | |
/// |--|--|--|--|
/// | 0 | 8 | quantity | what remains, above 0 |
/// | 8 | 4 | level | `number of the level record << 1 \| side` |
/// | 12 | 4 | piece | piece of the queue that names it; NIL if the record does |
#[derive(Debug, Clone, Copy)]
#[repr(C, align(16))]
pub(super) struct Order {
    pub(super) quantity: i64,
    level: u32,
    pub(super) piece: u32,
}

const _: () = assert!(size_of::<Order>() == 16);
const _: () = assert!(offset_of!(Order, level) == 8);
const _: () = assert!(offset_of!(Order, piece) == 12);

impl Order {
    pub(super) const EMPTY: Order = Order { quantity: 0, level: u32::MAX, piece: NIL };

    /// An order of this level, which is one of side `side`, in this piece of its queue.
    #[inline(always)]
    pub(super) const fn new(quantity: i64, level: u32, side: SideNumber, piece: u32) -> Order {
        Order { quantity, level: level << 1 | side & 1, piece }
    }

    /// Number of its level record.
    #[inline(always)]
    pub(super) const fn level(&self) -> u32 {
        self.level >> 1
    }

    /// Its side.
    #[inline(always)]
    pub(super) const fn side(&self) -> Side {
        if self.level & 1 == 0 { Side::Bid } else { Side::Ask }
    }
}

/// Four slots, one cache line.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
struct Four([Order; 4]);

const _: () = assert!(size_of::<Four>() == 64 && align_of::<Four>() == 64);

/// All slots.
#[derive(Debug, Clone)]
pub(super) struct Orders {
    lines: Table<Four>,
}

impl Orders {
    pub(super) fn new(slots: u32) -> Orders {
        Orders { lines: Table::new(slots.div_ceil(4), Four([Order::EMPTY; 4])) }
    }

    #[inline(always)]
    pub(super) fn at(&self, slot: u32) -> &Order {
        &self.lines.at(slot / 4).0[slot as usize % 4]
    }

    #[inline(always)]
    pub(super) fn at_mut(&mut self, slot: u32) -> &mut Order {
        &mut self.lines.at_mut(slot / 4).0[slot as usize % 4]
    }

    /// Empties a slot. Returns whether its group of `group` slots, 1 or 4, holds no order now.
    #[inline(always)]
    pub(super) fn take_out(&mut self, slot: u32, group: u32) -> bool {
        let line = &mut self.lines.at_mut(slot / 4).0;
        line[slot as usize % 4] = Order::EMPTY;
        group == 1 || line.iter().fold(0, |all, order| all | order.quantity) == 0
    }

    #[inline(always)]
    pub(super) fn prefetch(&self, slot: u32) {
        self.lines.prefetch(slot / 4);
    }

    pub(super) fn memory<V: MemoryVisitor>(&mut self, visitor: &mut V) {
        self.lines.memory("orders", visitor);
    }
}
