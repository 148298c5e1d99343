//! Hints: what to fetch for events that are known and not yet applied.
//!
//! The way to an order is a chain: the index names the slot, the order its level, the level its
//! queue. Each link is in memory that may be far away, and the next one is known only when it has
//! come. So there are three stages, each of which reads what the one before it fetched; a caller
//! that knows what comes gives them so many events ahead that the memory has time, about eight.
//!
//! | stage | for every event | for an event with a price besides |
//! |--|--|--|
//! | first | [`L3Books::prefetch`] | |
//! | second | [`L3Books::prefetch_order`] | [`L3Books::prefetch_joined`] |
//! | third | [`L3Books::prefetch_level`] | [`L3Books::prefetch_replaced`] in its place |
//!
//! No hint needs valid values, and none changes anything. None has a branch on what it finds
//! either: additions and deletions come as a coin falls, and a mispredicted branch would cost more
//! than a hint for nothing. So all may be given for every event, with any price.

use super::L3Books;
use crate::index::OrderIndex;
use crate::side::{flip, side_number};
use wire::Side;

impl<I: OrderIndex> L3Books<I> {
    /// First hint, as soon as a message is framed: fetches the way to the order and the best
    /// prices of the book.
    #[inline(always)]
    pub fn prefetch(&self, instrument: u32, reference: u64) {
        self.index.prefetch(reference);
        self.levels.prefetch_side(side_number(instrument, Side::Bid));
        self.levels.prefetch_side(side_number(instrument, Side::Ask));
    }

    /// Second hint: fetches the order.
    #[inline(always)]
    pub fn prefetch_order(&self, reference: u64) {
        self.orders.prefetch(self.index.hint(reference));
    }

    /// Second hint for a new order: fetches the level that it will join.
    #[inline(always)]
    pub fn prefetch_joined(&self, instrument: u32, side: Side, price: i64) {
        let number = side_number(instrument, side);
        self.levels.prefetch_numbers(number);
        self.levels.prefetch_record(self.levels.near(number, flip(number, price)));
    }

    /// Third hint: fetches the level of the order and its place in the queue.
    #[inline(always)]
    pub fn prefetch_level(&self, reference: u64) {
        let order = self.orders.at(self.index.hint(reference));
        self.levels.prefetch_record(order.level());
        self.queues.prefetch(order.piece);
    }

    /// Third hint for a replacement: the same, and the level that the new order will join.
    #[inline(always)]
    pub fn prefetch_replaced(&self, instrument: u32, reference: u64, price: i64) {
        let order = self.orders.at(self.index.hint(reference));
        self.levels.prefetch_record(order.level());
        self.queues.prefetch(order.piece);
        let number = side_number(instrument, order.side());
        self.levels.prefetch_record(self.levels.near(number, flip(number, price)));
    }
}
