//! The events of an order by order feed.
//!
//! Every event is checked completely before anything changes, so an error leaves the books as they
//! were. The exceptions are [`BookError::OverExecution`] and [`BookError::OverReduction`]: more
//! went than was there, so the order is gone whatever else is true, and is removed.

use super::L3Books;
use super::order::Order;
use crate::change::{Added, Executed, LevelChange, Reduced, Removed, Replaced};
use crate::error::BookError;
use crate::index::OrderIndex;
use crate::levels::{Place, Record};
use crate::side::{SideNumber, flip, instrument_of, side_number, side_of};
use wire::Side;

/// What an execution or reduction left.
struct Shrunk {
    side: Side,
    price: i64,
    remaining: i64,
    level: LevelChange,
}

/// A level that an order has left.
struct Left {
    key: i64,
    quantity: i64,
    orders: u32,
    side: SideNumber,
}

impl<I: OrderIndex> L3Books<I> {
    /// A new order, behind all others at its price.
    ///
    /// # Errors
    /// In this order: `UnknownInstrument`, `ZeroQuantity`, `NegativeQuantity`, `AbsurdPrice`,
    /// `OrderTableFull`, `DuplicateReference`, `AbsurdReference`, `OrderTableFull` (no page left),
    /// `LevelTableFull`, `QuantityOverflow`.
    #[inline(always)]
    pub fn add(
        &mut self,
        instrument: u32,
        reference: u64,
        side: Side,
        price: i64,
        quantity: i64,
    ) -> Result<Added, BookError> {
        if instrument >= self.limits.instruments {
            return Err(BookError::UnknownInstrument);
        }
        self.check_values(price, quantity)?;
        if self.live >= self.limits.orders {
            return Err(BookError::OrderTableFull);
        }
        let number = side_number(instrument, side);
        let (place, quantity, orders) = self.insert(number, reference, price, quantity, false)?;
        self.live += 1;
        let level = LevelChange { price, quantity, orders, position: place.position };
        Ok(Added { side, level })
    }

    /// An execution of a resting order, at its own price or another.
    ///
    /// # Errors
    /// In this order: `UnknownReference`, `WrongInstrument`, `ZeroQuantity`, `NegativeQuantity`,
    /// `OverExecution` (**the order has been removed**).
    #[inline(always)]
    pub fn execute(
        &mut self,
        instrument: u32,
        reference: u64,
        quantity: i64,
    ) -> Result<Executed, BookError> {
        let Shrunk { side, price, remaining, level } =
            self.shrink(instrument, reference, quantity, BookError::OverExecution)?;
        Ok(Executed { side, price, remaining, level })
    }

    /// A partial cancellation; the order keeps its place in the queue.
    ///
    /// # Errors
    /// As [`L3Books::execute`], with `OverReduction` (**the order has been removed**).
    #[inline(always)]
    pub fn reduce(
        &mut self,
        instrument: u32,
        reference: u64,
        quantity: i64,
    ) -> Result<Reduced, BookError> {
        let Shrunk { side, price, remaining, level } =
            self.shrink(instrument, reference, quantity, BookError::OverReduction)?;
        Ok(Reduced { side, price, remaining, level })
    }

    /// The end of an order.
    ///
    /// # Errors
    /// `UnknownReference`, `WrongInstrument`.
    #[inline(always)]
    pub fn delete(&mut self, instrument: u32, reference: u64) -> Result<Removed, BookError> {
        let (slot, order) = self.live_order(instrument, reference)?;
        let level = self.remove(reference, slot, order);
        Ok(Removed { side: order.side(), price: level.price, quantity: order.quantity, level })
    }

    /// A new order in place of an old one, on the same side, behind all others at its price.
    ///
    /// # Errors
    /// In this order: `UnknownReference`, `WrongInstrument`, `ZeroQuantity`, `NegativeQuantity`,
    /// `AbsurdPrice`, `DuplicateReference` (also where both references are the same),
    /// `AbsurdReference`, `OrderTableFull` (no page left), `LevelTableFull`, `QuantityOverflow`
    /// (counting both orders). The old order stays.
    #[inline(always)]
    pub fn replace(
        &mut self,
        instrument: u32,
        old: u64,
        new: u64,
        price: i64,
        quantity: i64,
    ) -> Result<Replaced, BookError> {
        let (slot, order) = self.live_order(instrument, old)?;
        self.check_values(price, quantity)?;
        let Record { side, key, orders, .. } = *self.levels.record(order.level());
        let (to, ..) = self.insert(side, new, price, quantity, orders == 1)?;
        let left = self.remove(old, slot, order);
        self.live += 1;
        Ok(self.replaced(order.quantity, (side, key), (left, to), quantity))
    }

    /// Another price or quantity for an order that keeps its reference. With `keep_priority` and
    /// the same price it keeps its place in the queue, else it goes behind all others.
    ///
    /// # Errors
    /// In this order: `UnknownReference`, `WrongInstrument`, `ZeroQuantity`, `NegativeQuantity`,
    /// `AbsurdPrice`, `LevelTableFull`, `QuantityOverflow`.
    pub fn modify(
        &mut self,
        instrument: u32,
        reference: u64,
        price: i64,
        quantity: i64,
        keep_priority: bool,
    ) -> Result<Replaced, BookError> {
        let (slot, order) = self.live_order(instrument, reference)?;
        self.check_values(price, quantity)?;
        let level = *self.levels.record(order.level());
        let old = (level.side, level.key);
        if price == flip(level.side, level.key) {
            let sum = (level.quantity - order.quantity).checked_add(quantity);
            let sum = sum.ok_or(BookError::QuantityOverflow)?;
            if keep_priority {
                self.orders.at_mut(slot).quantity = quantity;
                self.levels.record_mut(order.level()).quantity = sum;
            } else {
                self.leave(slot, order);
                self.join(slot, order.level(), quantity, sum);
            }
            let position = self.levels.position(level.side, level.key);
            let left = LevelChange { price, quantity: sum, orders: level.orders, position };
            let to = Place { record: order.level(), position };
            return Ok(self.replaced(order.quantity, old, (left, to), quantity));
        }
        if !self.queues.has_room() {
            return Err(BookError::OrderTableFull);
        }
        let key = flip(level.side, price);
        let to = self.levels.enter(level.side, key, level.orders == 1)?;
        // The level is another and its sum has no part of this order.
        let sum = self.sum_at(to, quantity)?;
        let left = self.leave(slot, order);
        self.join(slot, to.record, quantity, sum);
        let left = self.after_leaving(order.level(), left);
        Ok(self.replaced(order.quantity, old, (left, to), quantity))
    }

    /// Forgets all orders of an instrument; those of others stay.
    pub fn clear(&mut self, instrument: u32) {
        if instrument >= self.limits.instruments {
            return;
        }
        for side in [Side::Bid, Side::Ask] {
            let number = side_number(instrument, side);
            while let Some(level) = self.levels.best(number) {
                let Some(slot) = self.queues.walk(level).next() else { break };
                self.remove(self.index.reference(slot), slot, *self.orders.at(slot));
            }
        }
    }

    /// Forgets everything: a new session. Takes as long as deleting every live order.
    pub fn clear_all(&mut self) {
        for instrument in 0..self.limits.instruments {
            self.clear(instrument);
        }
    }

    #[inline(always)]
    fn check_values(&self, price: i64, quantity: i64) -> Result<(), BookError> {
        check_quantity(quantity)?;
        if price < self.limits.min_price || price > self.limits.max_price {
            return Err(BookError::AbsurdPrice);
        }
        Ok(())
    }

    #[inline(always)]
    fn live_order(&self, instrument: u32, reference: u64) -> Result<(u32, Order), BookError> {
        let slot = self.index.find(reference).ok_or(BookError::UnknownReference)?;
        let order = *self.orders.at(slot);
        if order.quantity == 0 {
            return Err(BookError::UnknownReference);
        }
        if instrument_of(self.levels.record(order.level()).side) != instrument {
            return Err(BookError::WrongInstrument);
        }
        Ok((slot, order))
    }

    /// Indexes and links an order. Returns its level, and the quantity and orders there.
    #[inline(always)]
    fn insert(
        &mut self,
        side: SideNumber,
        reference: u64,
        price: i64,
        quantity: i64,
        may_use_spare: bool,
    ) -> Result<(Place, i64, u32), BookError> {
        if !self.queues.has_room() {
            return Err(BookError::OrderTableFull);
        }
        let slot = self.index.enter(reference)?;
        self.orders.prefetch(self.index.upcoming());
        if self.orders.at(slot).quantity != 0 {
            return Err(BookError::DuplicateReference);
        }
        let entered = self.levels.enter(side, flip(side, price), may_use_spare);
        let entered = entered.and_then(|to| Ok((to, self.sum_at(to, quantity)?)));
        match entered {
            Ok((to, sum)) => {
                let orders = self.join(slot, to.record, quantity, sum);
                Ok((to, sum, orders))
            }
            Err(error) => {
                self.forget(reference, slot);
                Err(error)
            }
        }
    }

    /// Puts an order into `slot` and behind all others of its level, of which `sum` is the quantity
    /// with it. Returns how many they are with it.
    #[inline(always)]
    fn join(&mut self, slot: u32, level: u32, quantity: i64, sum: i64) -> u32 {
        let record = self.levels.record_mut(level);
        let piece = self.queues.join(record, slot);
        record.orders += 1;
        record.quantity = sum;
        *self.orders.at_mut(slot) = Order::new(quantity, level, record.side, piece);
        record.orders
    }

    /// Takes an order out of its level's queue and its quantity off the level, and returns what
    /// is left there. The slot is the caller's to clear, and so is a level left without orders.
    #[inline(always)]
    fn leave(&mut self, slot: u32, order: Order) -> Left {
        let record = self.levels.record_mut(order.level());
        record.orders = record.orders.saturating_sub(1);
        record.quantity -= order.quantity;
        let Record { key, quantity, orders, side, .. } = *record;
        self.queues.leave(record, &mut self.orders, slot, order.piece);
        Left { key, quantity, orders, side }
    }

    /// Empties a slot, and gives it back.
    #[inline(always)]
    fn forget(&mut self, reference: u64, slot: u32) {
        let last = self.orders.take_out(slot, I::GROUP);
        self.index.leave(reference, slot, last);
    }

    /// The quantity at a level together with `quantity` more.
    #[inline(always)]
    fn sum_at(&self, at: Place, quantity: i64) -> Result<i64, BookError> {
        let sum = self.levels.record(at.record).quantity.checked_add(quantity);
        sum.ok_or(BookError::QuantityOverflow)
    }

    #[inline(always)]
    fn shrink(
        &mut self,
        instrument: u32,
        reference: u64,
        quantity: i64,
        too_much: BookError,
    ) -> Result<Shrunk, BookError> {
        let (slot, order) = self.live_order(instrument, reference)?;
        check_quantity(quantity)?;
        let remaining = order.quantity - quantity;
        if remaining <= 0 {
            let side = order.side();
            let level = self.remove(reference, slot, order);
            if remaining < 0 {
                return Err(too_much);
            }
            return Ok(Shrunk { side, price: level.price, remaining, level });
        }
        self.orders.at_mut(slot).quantity = remaining;
        let record = self.levels.record_mut(order.level());
        record.quantity -= quantity;
        let Record { key, quantity, orders, side, .. } = *record;
        let position = self.levels.position(side, key);
        let (side, price) = (side_of(side), flip(side, key));
        let level = LevelChange { price, quantity, orders, position };
        Ok(Shrunk { side, price, remaining, level })
    }

    /// Takes a live order out of everything.
    #[inline(always)]
    fn remove(&mut self, reference: u64, slot: u32, order: Order) -> LevelChange {
        let left = self.leave(slot, order);
        self.forget(reference, slot);
        self.live = self.live.saturating_sub(1);
        self.after_leaving(order.level(), left)
    }

    /// The level that an order has left; it is removed if that was the last one.
    #[inline(always)]
    fn after_leaving(&mut self, number: u32, left: Left) -> LevelChange {
        let Left { key, quantity, orders, side } = left;
        let position = if orders == 0 {
            self.levels.remove(side, key, number)
        } else {
            self.levels.position(side, key)
        };
        LevelChange { price: flip(side, key), quantity, orders, position }
    }

    /// Describes a replacement whose new order was entered before the old one left: `left` and
    /// `to` hold the positions of that moment, which are put as if the old one had left first.
    #[inline(always)]
    fn replaced(
        &self,
        old_quantity: i64,
        (side, old_key): (SideNumber, i64),
        (mut from, to): (LevelChange, Place),
        new_quantity: i64,
    ) -> Replaced {
        let record = self.levels.record(to.record);
        let mut position = to.position;
        let gone = from.orders == 0;
        if gone && from.position < to.position {
            position -= 1;
        }
        let same = record.key == old_key;
        let created = record.orders == 1 && !same;
        if created && to.position < from.position {
            from.position -= 1;
        }
        let price = flip(side, record.key);
        let to = LevelChange { price, quantity: record.quantity, orders: record.orders, position };
        // An order that left the best level changed it, and so did one that joined it; one that
        // did both did if it came back with another quantity.
        let changed_best = match same {
            true => position == 1 && old_quantity != new_quantity,
            false => position == 1 || from.position == 1,
        };
        Replaced {
            side: side_of(side),
            old_price: flip(side, old_key),
            old_quantity,
            from: if same { to } else { from },
            to,
            changed_best,
        }
    }
}

#[inline(always)]
fn check_quantity(quantity: i64) -> Result<(), BookError> {
    match quantity {
        1.. => Ok(()),
        0 => Err(BookError::ZeroQuantity),
        _ => Err(BookError::NegativeQuantity),
    }
}
