//! The FIFO queue of one price level: a doubly linked list of order slots.
//!
//! Priority at a price is by time, so an order joins at the tail; it can leave from anywhere.

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
        if last == NIL {
            level.head = slot;
        } else {
            self.orders.at_mut(last).next = slot;
        }
        *self.orders.at_mut(slot) = Order { previous: last, next: NIL, ..order };
    }

    /// Takes the order out of its level's queue and its quantity off the level. The slot is the
    /// caller's to clear, and so is a level left without orders.
    #[inline(always)]
    pub(super) fn leave(&mut self, order: Order) {
        let level = self.levels.record_mut(order.level);
        level.orders = level.orders.saturating_sub(1);
        level.quantity -= order.quantity;
        if order.previous == NIL {
            level.head = order.next;
        }
        if order.next == NIL {
            level.tail = order.previous;
        }
        if order.previous != NIL {
            self.orders.at_mut(order.previous).next = order.next;
        }
        if order.next != NIL {
            self.orders.at_mut(order.next).previous = order.previous;
        }
    }
}
