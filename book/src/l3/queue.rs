//! The FIFO queue of one price level: a doubly linked list of order slots.
//!
//! Priority at a price is by time, so an order joins at the tail; it can leave from anywhere.
//! Whether an order has neighbours is as good as random, so a mispredicted branch on it costs more
//! than the work: a missing neighbour's link is written to the blank element of the table, where
//! nobody reads it.

use super::{L3Books, Order};
use crate::table::NIL;

impl<I> L3Books<I> {
    /// Puts `order` into `slot` and at the tail of its level's queue. `quantity` is the level's
    /// quantity with it.
    #[inline(always)]
    pub(super) fn join(&mut self, slot: u32, order: Order, quantity: i64) {
        let level = self.levels.record_mut(order.level);
        let last = level.tail;
        level.tail = slot;
        level.orders += 1;
        level.quantity = quantity;
        level.head = if last == NIL { slot } else { level.head };
        self.orders.at_mut(last).next = slot;
        *self.orders.at_mut(slot) = Order { previous: last, next: NIL, ..order };
    }

    /// Takes the order out of its level's queue and its quantity off the level. The slot is the
    /// caller's to clear, and so is a level left without orders.
    #[inline(always)]
    pub(super) fn leave(&mut self, order: Order) {
        let level = self.levels.record_mut(order.level);
        level.orders = level.orders.saturating_sub(1);
        level.quantity -= order.quantity;
        level.head = if order.previous == NIL { order.next } else { level.head };
        level.tail = if order.next == NIL { order.previous } else { level.tail };
        self.orders.at_mut(order.previous).next = order.next;
        self.orders.at_mut(order.next).previous = order.previous;
    }
}
