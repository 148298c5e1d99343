//! The events of an order by order feed.
//!
//! Every event is checked completely before anything changes, so an error leaves the books as they
//! were. The exceptions are [`BookError::OverExecution`] and [`BookError::OverReduction`]: more
//! went than was there, so the order is gone whatever else is true, and is removed.

use super::{L3Books, Order};
use crate::change::{Added, Executed, LevelChange, Reduced, Removed, Replaced};
use crate::error::BookError;
use crate::index::OrderIndex;
use crate::levels::Place;
use crate::side::{SideNumber, flip, instrument_of, side_number, side_of};
use crate::table::NIL;
use wire::Side;

/// What an execution or reduction left.
struct Shrunk {
    side: Side,
    price: i64,
    remaining: i64,
    level: LevelChange,
}

impl<I: OrderIndex> L3Books<I> {
    /// A new order, behind all others at its price.
    ///
    /// # Errors
    /// In this order: `UnknownInstrument`, `ZeroQuantity`, `NegativeQuantity`, `AbsurdPrice`,
    /// `OrderTableFull`, `DuplicateReference`, `AbsurdReference`, `OrderTableFull` (no page left),
    /// `LevelTableFull`, `QuantityOverflow`.
    #[inline]
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
        let (place, quantity) = self.insert(number, reference, price, quantity, false)?;
        self.live += 1;
        let orders = self.levels.record(place.record).orders;
        let level = LevelChange { price, quantity, orders, position: place.position };
        Ok(Added { side, level })
    }

    /// An execution of a resting order, at its own price or another.
    ///
    /// # Errors
    /// In this order: `UnknownReference`, `WrongInstrument`, `ZeroQuantity`, `NegativeQuantity`,
    /// `OverExecution` (**the order has been removed**).
    #[inline]
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
    #[inline]
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
    #[inline]
    pub fn delete(&mut self, instrument: u32, reference: u64) -> Result<Removed, BookError> {
        let (slot, order) = self.live_order(instrument, reference)?;
        let price = self.levels.price(order.side, order.level);
        let level = self.remove(slot, order);
        Ok(Removed { side: side_of(order.side), price, quantity: order.quantity, level })
    }

    /// A new order in place of an old one, on the same side, behind all others at its price.
    ///
    /// # Errors
    /// In this order: `UnknownReference`, `WrongInstrument`, `ZeroQuantity`, `NegativeQuantity`,
    /// `AbsurdPrice`, `DuplicateReference` (also where both references are the same),
    /// `AbsurdReference`, `OrderTableFull` (no page left), `LevelTableFull`, `QuantityOverflow`
    /// (counting both orders). The old order stays.
    #[inline]
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
        let best = self.best_of(order.side);
        let (to, _) = self.insert(order.side, new, price, quantity, self.is_alone(&order))?;
        let old_price = self.levels.price(order.side, order.level);
        // Read again: the new order may have been linked behind the old one.
        let left = self.remove(slot, *self.orders.at(slot));
        self.live += 1;
        Ok(self.replaced(&order, old_price, (left, to), best))
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
        let best = self.best_of(order.side);
        let old_price = self.levels.price(order.side, order.level);
        if price == old_price {
            let level = *self.levels.record(order.level);
            let sum = (level.quantity - order.quantity).checked_add(quantity);
            let sum = sum.ok_or(BookError::QuantityOverflow)?;
            if keep_priority {
                self.orders.at_mut(slot).quantity = quantity;
                self.levels.record_mut(order.level).quantity = sum;
            } else {
                self.leave(order);
                self.join(slot, Order { quantity, ..order }, sum);
            }
            let position = self.levels.position(order.side, level.key);
            let left = LevelChange { price, quantity: sum, orders: level.orders, position };
            let to = Place { record: order.level, position };
            return Ok(self.replaced(&order, old_price, (left, to), best));
        }
        let key = flip(order.side, price);
        let to = self.levels.enter(order.side, key, self.is_alone(&order))?;
        // The level is another and its sum has no part of this order.
        let sum = self.sum_at(to, quantity)?;
        self.leave(order);
        self.join(slot, Order { quantity, level: to.record, ..order }, sum);
        let left = self.after_leaving(&order);
        Ok(self.replaced(&order, old_price, (left, to), best))
    }

    /// Forgets all orders of an instrument; those of others stay.
    pub fn clear(&mut self, instrument: u32) {
        if instrument >= self.limits.instruments {
            return;
        }
        for side in [Side::Bid, Side::Ask] {
            let number = side_number(instrument, side);
            while let Some(level) = self.levels.best(number) {
                let slot = level.head;
                let order = *self.orders.at(slot);
                if slot == NIL {
                    break;
                }
                self.remove(slot, order);
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
        let slot = self.slot_of(reference).ok_or(BookError::UnknownReference)?;
        let order = *self.orders.at(slot);
        if instrument_of(order.side) != instrument {
            return Err(BookError::WrongInstrument);
        }
        Ok((slot, order))
    }

    /// Whether no other order has the price of this one, so that its level goes with it.
    #[inline(always)]
    fn is_alone(&self, order: &Order) -> bool {
        self.levels.record(order.level).orders == 1
    }

    /// Indexes and links an order. Returns its level and the quantity there.
    #[inline(always)]
    fn insert(
        &mut self,
        side: SideNumber,
        reference: u64,
        price: i64,
        quantity: i64,
        may_use_spare: bool,
    ) -> Result<(Place, i64), BookError> {
        if self.slot_of(reference).is_some() {
            return Err(BookError::DuplicateReference);
        }
        let slot = self.index.insert(reference)?;
        let entered = self.levels.enter(side, flip(side, price), may_use_spare);
        let entered = entered.and_then(|to| Ok((to, self.sum_at(to, quantity)?)));
        match entered {
            Ok((to, sum)) => {
                let order = Order { reference, quantity, level: to.record, side, ..Order::EMPTY };
                self.join(slot, order, sum);
                Ok((to, sum))
            }
            Err(error) => {
                self.index.remove(reference, slot);
                Err(error)
            }
        }
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
        let side = side_of(order.side);
        let price = self.levels.price(order.side, order.level);
        let remaining = order.quantity - quantity;
        if remaining <= 0 {
            let level = self.remove(slot, order);
            if remaining < 0 {
                return Err(too_much);
            }
            return Ok(Shrunk { side, price, remaining, level });
        }
        self.orders.at_mut(slot).quantity = remaining;
        let record = self.levels.record_mut(order.level);
        record.quantity -= quantity;
        let (key, sum, orders) = (record.key, record.quantity, record.orders);
        let position = self.levels.position(order.side, key);
        let level = LevelChange { price, quantity: sum, orders, position };
        Ok(Shrunk { side, price, remaining, level })
    }

    /// Takes a live order out of everything.
    #[inline(always)]
    fn remove(&mut self, slot: u32, order: Order) -> LevelChange {
        self.leave(order);
        *self.orders.at_mut(slot) = Order::EMPTY;
        self.index.remove(order.reference, slot);
        self.live = self.live.saturating_sub(1);
        self.after_leaving(&order)
    }

    /// The level that an order has left; it is removed if that was the last one.
    #[inline(always)]
    fn after_leaving(&mut self, order: &Order) -> LevelChange {
        let level = *self.levels.record(order.level);
        let position = if level.orders == 0 {
            self.levels.remove(order.side, level.key, order.level)
        } else {
            self.levels.position(order.side, level.key)
        };
        let price = flip(order.side, level.key);
        LevelChange { price, quantity: level.quantity, orders: level.orders, position }
    }

    /// Key and quantity of the best level of a side.
    #[inline(always)]
    fn best_of(&self, side: SideNumber) -> (i64, i64) {
        self.levels.best(side).map_or((i64::MIN, 0), |best| (best.key, best.quantity))
    }

    /// Describes a replacement whose new order was entered before the old one left: `left` and
    /// `to` hold the positions of that moment, which are put as if the old one had left first.
    #[inline(always)]
    fn replaced(
        &self,
        old: &Order,
        old_price: i64,
        (mut from, to): (LevelChange, Place),
        best: (i64, i64),
    ) -> Replaced {
        let record = self.levels.record(to.record);
        let mut position = to.position;
        let gone = from.orders == 0;
        if gone && from.position < to.position {
            position -= 1;
        }
        let created = record.orders == 1 && record.key != flip(old.side, old_price);
        if created && to.position < from.position {
            from.position -= 1;
        }
        let price = flip(old.side, record.key);
        let to = LevelChange { price, quantity: record.quantity, orders: record.orders, position };
        Replaced {
            side: side_of(old.side),
            old_price,
            old_quantity: old.quantity,
            from: if price == old_price { to } else { from },
            to,
            changed_best: best != self.best_of(old.side),
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
