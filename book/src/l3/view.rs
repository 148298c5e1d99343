//! Reading order by order books: for publishing, for refreshes, for tools.

use super::L3Books;
use crate::change::{Level, OrderView, QueuePosition};
use crate::index::OrderIndex;
use crate::levels::Walk;
use crate::side::{SideNumber, flip, instrument_of, side_number, side_of};
use crate::table::{NIL, Table};
use crate::top::Top;
use wire::Side;

impl<I: OrderIndex> L3Books<I> {
    /// Best prices and quantities of an instrument; [`Top::EMPTY`] for an unknown one.
    #[inline]
    #[must_use]
    pub fn best(&self, instrument: u32) -> Top {
        if instrument >= self.limits.instruments {
            return Top::EMPTY;
        }
        let mut top = Top::EMPTY;
        if let Some(bid) = self.levels.best(side_number(instrument, Side::Bid)) {
            (top.bid_price, top.bid_qty) = (bid.key, bid.quantity);
        }
        let ask_side = side_number(instrument, Side::Ask);
        if let Some(ask) = self.levels.best(ask_side) {
            (top.ask_price, top.ask_qty) = (flip(ask_side, ask.key), ask.quantity);
        }
        top
    }

    /// Whether the best bid is above the best ask. Equal prices are locked, not crossed; see
    /// [`Top::is_locked`].
    #[inline]
    #[must_use]
    pub fn crossed(&self, instrument: u32) -> bool {
        self.best(instrument).is_crossed()
    }

    /// The level with `nth` better ones on its side; 0 is the best.
    #[inline]
    #[must_use]
    pub fn level(&self, instrument: u32, side: Side, nth: usize) -> Option<Level> {
        let number = self.side(instrument, side)?;
        Some(level_view(&self.levels, number, self.levels.nth(number, nth)?))
    }

    /// Number of levels of a side.
    #[inline]
    #[must_use]
    pub fn depth(&self, instrument: u32, side: Side) -> usize {
        self.side(instrument, side).map_or(0, |number| self.levels.len(number))
    }

    /// Levels of a side, best first.
    #[must_use]
    pub fn levels(&self, instrument: u32, side: Side) -> Levels<'_> {
        let number = self.side(instrument, side).unwrap_or(SideNumber::MAX);
        Levels::new(&self.levels, number)
    }

    /// Orders of a side, by price, then by their place in the queue.
    #[must_use]
    pub fn orders(&self, instrument: u32, side: Side) -> Orders<'_> {
        let number = self.side(instrument, side).unwrap_or(SideNumber::MAX);
        let walk = self.levels.walk(number);
        Orders { orders: &self.orders, levels: &self.levels, walk, slot: NIL }
    }

    /// A live order, whichever instrument it belongs to.
    #[inline]
    #[must_use]
    pub fn order(&self, reference: u64) -> Option<OrderView> {
        let order = self.orders.at(self.slot_of(reference)?);
        Some(order_view(&self.levels, order))
    }

    /// How much is ahead of an order at its price. Walks the queue in front of it: not for the hot
    /// path.
    #[must_use]
    pub fn queue_position(&self, instrument: u32, reference: u64) -> Option<QueuePosition> {
        let order = self.orders.at(self.slot_of(reference)?);
        if instrument_of(order.side) != instrument {
            return None;
        }
        let mut ahead = QueuePosition { orders_ahead: 0, quantity_ahead: 0 };
        let mut slot = order.previous;
        while slot != NIL {
            let order = self.orders.at(slot);
            ahead.orders_ahead += 1;
            ahead.quantity_ahead += order.quantity;
            slot = order.previous;
        }
        Some(ahead)
    }

    /// Live orders of all instruments.
    #[inline]
    #[must_use]
    pub fn live_orders(&self) -> usize {
        self.live as usize
    }

    /// Price levels of all instruments.
    #[must_use]
    pub fn live_levels(&self) -> usize {
        self.levels.total()
    }

    /// First hint, as soon as a message is framed: fetches the way to the order and the touch of
    /// the book. Neither value needs to be valid.
    #[inline]
    pub fn prefetch(&self, instrument: u32, reference: u64) {
        self.index.prefetch(reference);
        for side in [Side::Bid, Side::Ask] {
            self.levels.prefetch_side(instrument.wrapping_mul(2) | side as u32);
        }
    }

    /// Second hint, some messages later and before the event is applied: fetches the order. Reads
    /// what [`L3Books::prefetch`] fetched.
    #[inline]
    pub fn prefetch_order(&self, reference: u64) {
        if let Some(slot) = self.index.find(reference) {
            self.orders.prefetch(slot);
        }
    }

    /// Third hint: fetches the level of the order. Reads what [`L3Books::prefetch_order`] fetched.
    #[inline]
    pub fn prefetch_level(&self, reference: u64) {
        if let Some(slot) = self.index.find(reference) {
            self.levels.prefetch_record(self.orders.at(slot).level);
        }
    }

    #[inline(always)]
    fn side(&self, instrument: u32, side: Side) -> Option<SideNumber> {
        (instrument < self.limits.instruments).then(|| side_number(instrument, side))
    }
}

/// Levels of a side, best first.
#[derive(Debug, Clone)]
pub struct Levels<'a> {
    levels: &'a crate::levels::Levels,
    number: SideNumber,
    walk: Walk<'a>,
}

impl<'a> Levels<'a> {
    pub(crate) fn new(levels: &'a crate::levels::Levels, number: SideNumber) -> Self {
        Levels { levels, number, walk: levels.walk(number) }
    }
}

impl Iterator for Levels<'_> {
    type Item = Level;

    #[inline]
    fn next(&mut self) -> Option<Level> {
        let record = self.walk.next()?;
        Some(level_view(self.levels, self.number, record))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.walk.size_hint()
    }
}

impl ExactSizeIterator for Levels<'_> {}

/// Orders of a side, by price, then by their place in the queue.
#[derive(Debug, Clone)]
pub struct Orders<'a> {
    orders: &'a Table<super::Order>,
    levels: &'a crate::levels::Levels,
    walk: Walk<'a>,
    slot: u32,
}

impl Iterator for Orders<'_> {
    type Item = OrderView;

    #[inline]
    fn next(&mut self) -> Option<OrderView> {
        if self.slot == NIL {
            self.slot = self.levels.record(self.walk.next()?).head;
        }
        let order = self.orders.at(self.slot);
        self.slot = order.next;
        Some(order_view(self.levels, order))
    }
}

#[inline(always)]
pub(crate) fn level_view(levels: &crate::levels::Levels, side: SideNumber, number: u32) -> Level {
    let record = levels.record(number);
    Level { price: flip(side, record.key), quantity: record.quantity, orders: record.orders }
}

#[inline(always)]
fn order_view(levels: &crate::levels::Levels, order: &super::Order) -> OrderView {
    OrderView {
        reference: order.reference,
        instrument: instrument_of(order.side),
        side: side_of(order.side),
        price: levels.price(order.side, order.level),
        quantity: order.quantity,
    }
}
