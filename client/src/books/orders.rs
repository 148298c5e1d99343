//! Books of orders, each level with its queue.

use book::{BookError, HashIndex, L3Books, L3Limits, LimitsError};
use wire::payload::{OrderAdd, OrderDelete, OrderExecute, OrderModify, OrderReduce, OrderReplace};
use wire::{Kind, Record, Side};

use super::count::Inconsistency;
use super::depth::Floors;

/// Tables are enlarged up to this many orders.
const ORDERS_MAX: u32 = 1 << 27;

/// The books of all instruments of a lane.
#[derive(Debug)]
pub(super) struct OrderBooks {
    pub books: L3Books<HashIndex>,
    pub enlarged: u64,
}

/// What an order record did.
pub(super) enum Applied {
    /// The book has changed.
    Yes,
    /// The record is about orders beyond the depth of the book.
    Beyond,
}

use Applied::{Beyond, Yes};

type Outcome = Result<Applied, Inconsistency>;

/// An order as a record brings it.
#[derive(Clone, Copy)]
struct Order {
    id: u64,
    side: Side,
    price: i64,
    quantity: i64,
}

impl OrderBooks {
    pub(super) fn new(instruments: u32, orders: u32) -> Result<OrderBooks, LimitsError> {
        Ok(OrderBooks { books: L3Books::new(L3Limits::new(instruments, orders))?, enlarged: 0 })
    }

    /// Applies an order record to the book of instrument `index`.
    #[inline]
    pub(super) fn apply(&mut self, index: u32, record: &Record, floors: &Floors) -> Outcome {
        let side = record.quality.get_side();
        let Some(kind) = record.kind() else { return Ok(Beyond) };
        let outcome = match kind {
            Kind::OrderAdd => self.add_record(index, side, record, floors),
            Kind::OrderModify => self.modify(index, side, record, floors),
            Kind::OrderReplace => self.replace(index, side, record, floors),
            Kind::OrderExecute => self.execute(index, side, record),
            Kind::OrderReduce => self.reduce(index, side, record),
            Kind::OrderDelete => self.delete(index, side, record),
            _ => return Ok(Beyond),
        };
        match outcome {
            Err(Inconsistency::Book(BookError::UnknownReference)) if floors.is_cut(index, side) => {
                Ok(Beyond)
            }
            Ok(Yes) if floors.is_cut(index, side) && self.books.depth(index, side) == 0 => {
                Err(Inconsistency::DepthExhausted)
            }
            other => other,
        }
    }

    fn add_record(&mut self, index: u32, side: Side, record: &Record, floors: &Floors) -> Outcome {
        let Some(m) = record.get::<OrderAdd>() else { return Ok(Beyond) };
        let order = Order { id: m.order_id, side, price: m.price, quantity: m.quantity };
        self.add(index, order, floors)
    }

    /// Adds an order unless it is beyond the depth.
    fn add(&mut self, index: u32, order: Order, floors: &Floors) -> Outcome {
        let Order { id, side, price, quantity } = order;
        if floors.is_beyond(index, side, price) {
            return Ok(Beyond);
        }
        self.roomy(|books| books.add(index, id, side, price, quantity).map(drop))?;
        Ok(Yes)
    }

    fn modify(&mut self, index: u32, side: Side, record: &Record, floors: &Floors) -> Outcome {
        let Some(m) = record.get::<OrderModify>() else { return Ok(Beyond) };
        let known = self.books.order(m.order_id).is_some();
        if floors.is_cut(index, side) {
            if !known {
                // It comes from beyond the floor, so it has no place in a queue that we know.
                let order = Order { id: m.order_id, side, price: m.price, quantity: m.quantity };
                return self.add(index, order, floors);
            }
            if floors.is_beyond(index, side, m.price) {
                self.books.delete(index, m.order_id)?;
                return Ok(Yes);
            }
        }
        let keep = m.priority == u64::MAX;
        let mut found = side;
        self.roomy(|books| {
            let done = books.modify(index, m.order_id, m.price, m.quantity, keep)?;
            found = done.side;
            Ok(())
        })?;
        agree(found == side)
    }

    fn replace(&mut self, index: u32, side: Side, record: &Record, floors: &Floors) -> Outcome {
        let Some(m) = record.get::<OrderReplace>() else { return Ok(Beyond) };
        if floors.is_cut(index, side) {
            if self.books.order(m.old_id).is_none() {
                let order = Order { id: m.new_id, side, price: m.price, quantity: m.quantity };
                return self.add(index, order, floors);
            }
            if floors.is_beyond(index, side, m.price) {
                self.books.delete(index, m.old_id)?;
                return Ok(Yes);
            }
        }
        let mut found = side;
        self.roomy(|books| {
            let done = books.replace(index, m.old_id, m.new_id, m.price, m.quantity)?;
            found = done.side;
            Ok(())
        })?;
        agree(found == side)
    }

    fn execute(&mut self, index: u32, side: Side, record: &Record) -> Outcome {
        let Some(m) = record.get::<OrderExecute>() else { return Ok(Beyond) };
        let done = self.books.execute(index, m.order_id, m.executed)?;
        agree(done.side == side)
    }

    fn reduce(&mut self, index: u32, side: Side, record: &Record) -> Outcome {
        let Some(m) = record.get::<OrderReduce>() else { return Ok(Beyond) };
        let done = self.books.reduce(index, m.order_id, m.reduced_by)?;
        agree(done.side == side && done.price == m.price && done.remaining == m.remaining)
    }

    fn delete(&mut self, index: u32, side: Side, record: &Record) -> Outcome {
        let Some(m) = record.get::<OrderDelete>() else { return Ok(Beyond) };
        let done = self.books.delete(index, m.order_id)?;
        agree(done.side == side && done.price == m.price && done.quantity == m.removed)
    }

    /// Takes the orders of another instrument away that has this order, which only one can have.
    /// Returns that instrument.
    #[cold]
    pub(super) fn evict(&mut self, index: u32, record: &Record) -> Option<u32> {
        let id = match record.kind()? {
            Kind::OrderAdd => record.get::<OrderAdd>()?.order_id,
            Kind::OrderReplace => record.get::<OrderReplace>()?.new_id,
            _ => return None,
        };
        let other = self.books.order(id)?.instrument;
        if other == index {
            return None;
        }
        self.books.clear(other);
        Some(other)
    }

    /// Does something that may need another order or level, and enlarges the tables if there is
    /// none.
    #[inline(always)]
    fn roomy(
        &mut self,
        mut change: impl FnMut(&mut L3Books<HashIndex>) -> Result<(), BookError>,
    ) -> Result<(), BookError> {
        match change(&mut self.books) {
            Err(full @ (BookError::OrderTableFull | BookError::LevelTableFull)) => {
                if self.enlarge(full) { change(&mut self.books) } else { Err(full) }
            }
            other => other,
        }
    }

    /// Twice the orders, or levels, with the same contents.
    #[cold]
    fn enlarge(&mut self, full: BookError) -> bool {
        let old = *self.books.limits();
        let limits = match full {
            BookError::LevelTableFull => L3Limits { levels: old.levels.saturating_mul(2), ..old },
            _ => L3Limits {
                orders: old.orders.saturating_mul(2),
                levels: old.levels.max(old.orders.saturating_add(1024)),
                ..old
            },
        };
        if limits.orders > ORDERS_MAX || limits.levels > ORDERS_MAX {
            return false;
        }
        let Ok(mut larger) = L3Books::<HashIndex>::new(limits) else { return false };
        for index in 0..old.instruments {
            for side in [Side::Bid, Side::Ask] {
                for order in self.books.orders(index, side) {
                    let (id, price) = (order.reference, order.price);
                    if larger.add(index, id, side, price, order.quantity).is_err() {
                        return false;
                    }
                }
            }
        }
        self.books = larger;
        self.enlarged += 1;
        true
    }
}

fn agree(agrees: bool) -> Outcome {
    if agrees { Ok(Yes) } else { Err(Inconsistency::Disagrees) }
}
