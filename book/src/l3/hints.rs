//! Hints: what to fetch for events that are known and not yet applied.
//!
//! The way to an order is a chain: the index names the slot, the order its level, the level its
//! queue. Each link is in memory that may be far away, and the next one is known only when it has
//! come. So there are three stages, each of which reads what the one before it fetched; a caller
//! that knows what comes gives them so many events ahead that the memory has time, about eight.
//!
//! | stage | for every event | for an event with a price besides |
//! |--|--|--|
//! | first | [`L3Books::prefetch`] | [`L3Books::prefetch_side`] |
//! | second | [`L3Books::prefetch_order`] | [`L3Books::prefetch_joined`] |
//! | third | [`L3Books::prefetch_level`] | [`L3Books::prefetch_replaced`] in its place |
//!
//! No hint needs valid values, and none changes anything. None has a branch on what it finds
//! either: additions and deletions come as a coin falls, and a mispredicted branch would cost more
//! than a hint for nothing. So all may be given for every event, with any price.
//!
//! Every stage finds its way from where the one before it came to. A caller that keeps the
//! [`Trail`] of each event, and gives all three stages, saves a third of the work:
//! [`L3Books::approach`], [`L3Books::approach_order`], [`L3Books::approach_level`].

use super::L3Books;
use crate::index::OrderIndex;
use crate::side::{flip, side_number};
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

    /// First hint, as soon as a message is framed: fetches the way to the order and the best
    /// prices of the book.
    #[inline(always)]
    pub fn prefetch(&self, instrument: u32, reference: u64) {
        self.index.prefetch(reference);
        self.levels.prefetch_sides(side_number(instrument, Side::Bid));
    }

    /// First hint for a new order, besides: fetches what tells its level.
    #[inline(always)]
    pub fn prefetch_side(&self, instrument: u32, side: Side) {
        self.levels.prefetch_numbers(side_number(instrument, side));
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
        self.levels.prefetch_record(self.levels.near(number, flip(number, price)));
    }

    /// Third hint: fetches the level of the order and its place in the queue.
    #[inline(always)]
    pub fn prefetch_level(&self, reference: u64) {
        let order = self.orders.at_any(self.index.hint(reference));
        self.levels.prefetch_record(order.level());
        self.queues.prefetch(order.piece);
    }

    /// Third hint for a replacement: the same, and the level that the new order will join.
    #[inline(always)]
    pub fn prefetch_replaced(&self, instrument: u32, reference: u64, price: i64) {
        let order = self.orders.at_any(self.index.hint(reference));
        self.levels.prefetch_record(order.level());
        self.queues.prefetch(order.piece);
        let number = side_number(instrument, order.side());
        self.levels.prefetch_record(self.levels.near(number, flip(number, price)));
    }
}
