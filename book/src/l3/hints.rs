//! Hints: what to fetch for events that are known and not yet applied.
//!
//! The way to an order is a chain: the index names the slot, the order its level, the level its
//! queue. Each link is in memory that may be far away, and the next one is known only when it has
//! come. So there are three hints, each of which reads what the one before it fetched; a caller
//! that knows what comes gives them so many events ahead that the memory has time, about eight.
//! No hint needs valid values, and none changes anything.

use super::L3Books;
use crate::index::OrderIndex;
use crate::side::{flip, side_number};
use wire::Side;

impl<I: OrderIndex> L3Books<I> {
    /// First hint, as soon as a message is framed: fetches the way to the order and the best
    /// prices of the book.
    #[inline]
    pub fn prefetch(&self, instrument: u32, reference: u64) {
        self.index.prefetch(reference);
        for side in [Side::Bid, Side::Ask] {
            self.levels.prefetch_side(instrument.wrapping_mul(2) | side as u32);
        }
    }

    /// Second hint: fetches the order.
    #[inline]
    pub fn prefetch_order(&self, reference: u64) {
        if let Some(slot) = self.index.find(reference) {
            self.orders.prefetch(slot);
        }
    }

    /// Third hint: fetches the level of the order and its place in the queue.
    #[inline]
    pub fn prefetch_level(&self, reference: u64) {
        if let Some(slot) = self.index.find(reference) {
            let order = self.orders.at(slot);
            self.levels.prefetch_record(order.level());
            self.queues.prefetch(order.piece);
        }
    }

    /// In place of [`L3Books::prefetch`] for a new order: only its own side.
    #[inline]
    pub fn prefetch_new(&self, instrument: u32, reference: u64, side: Side) {
        self.index.prefetch(reference);
        let number = side_number(instrument, side);
        self.levels.prefetch_side(number);
        self.levels.prefetch_numbers(number);
    }

    /// In place of [`L3Books::prefetch_order`] for a new order, and in place of
    /// [`L3Books::prefetch_level`] for one that is replaced: fetches the level it will join.
    #[inline]
    pub fn prefetch_joined(&self, instrument: u32, side: Side, price: i64) {
        let number = side_number(instrument, side);
        if let Some(level) = self.levels.near(number, flip(number, price)) {
            self.levels.prefetch_record(level);
        }
    }

    /// In place of [`L3Books::prefetch_level`] for a replacement: also the level that the new order
    /// will join.
    #[inline]
    pub fn prefetch_replaced(&self, instrument: u32, reference: u64, price: i64) {
        if let Some(slot) = self.index.find(reference) {
            let order = self.orders.at(slot);
            self.levels.prefetch_record(order.level());
            self.queues.prefetch(order.piece);
            self.prefetch_joined(instrument, order.side(), price);
        }
    }
}
