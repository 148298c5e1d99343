//! Hints: what to fetch for events that are known and not yet applied.
//!
//! The way to an order is a chain: the index names the slot, the order its level, the level its
//! queue. Each link is in memory that may be far away, and the next one is known only when it has
//! come. So there are three stages, each of which reads what the one before it fetched; a caller
//! that knows what comes gives them so many events ahead that the memory has time, about eight.
//!
//! | stage | fetches | for which it reads |
//! |--|--|--|
//! | [`L3Books::approach`] | the index, both best prices, levels of one side | the event |
//! | [`L3Books::approach_order`] | the order | the index |
//! | [`L3Books::approach_level`] | its level, its place in the queue | the order |
//!
//! Every stage goes on from the [`Trail`] of the one before it. No hint needs valid values, and none
//! changes anything. None has a branch on what it finds either: additions and deletions come as a
//! coin falls, and a mispredicted branch would cost more than a hint for nothing. So all are given
//! for every event, with any price.

use super::L3Books;
use crate::index::OrderIndex;
use crate::side::side_number;
use crate::table::NIL;
use wire::Side;

/// How far the hints for one event have come on the way to its order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Trail(u32);

impl<I: OrderIndex> L3Books<I> {
    /// First hint of three: fetches the way to the order, the best prices of the book, and what
    /// tells a new order's level on this side.
    #[inline(always)]
    #[must_use]
    pub fn approach(&self, instrument: u32, reference: u64, side: Side) -> Trail {
        self.levels.prefetch_book(instrument, side);
        Trail(self.index.approach(reference))
    }

    /// Second hint of three: fetches the order.
    #[inline(always)]
    #[must_use]
    pub fn approach_order(&self, trail: Trail, reference: u64) -> Trail {
        let slot = self.index.approached(trail.0, reference);
        self.orders.prefetch(slot);
        Trail(slot)
    }

    /// Third hint of three: fetches the level of the order and its place in the queue.
    #[inline(always)]
    pub fn approach_level(&self, trail: Trail) {
        let order = self.orders.at_any(trail.0);
        self.levels.prefetch_record(order.level());
        self.queues.prefetch(order.piece);
    }

    /// Fetches what tells the levels of both sides of a book that is going to be read.
    #[inline(always)]
    pub fn approach_book(&self, instrument: u32) {
        self.levels.prefetch_book(instrument, Side::Bid);
        self.levels.prefetch_book(instrument, Side::Ask);
    }

    /// Number of orders of the level with `nth` better ones on its side; 0 where there is none.
    /// Fetches the orders that the level itself names, because they are going to be read.
    #[inline]
    #[must_use]
    pub fn approach_orders(&self, instrument: u32, side: Side, nth: usize) -> u32 {
        if instrument >= self.limits.instruments {
            return 0;
        }
        let number = side_number(instrument, side);
        let Some(level) = self.levels.nth(number, nth) else { return 0 };
        let record = self.levels.record(level);
        for slot in record.queue.iter().take_while(|slot| **slot != NIL) {
            self.orders.prefetch(*slot);
        }
        record.orders
    }
}
