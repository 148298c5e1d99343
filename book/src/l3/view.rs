//! Reading order by order books: for publishing, for refreshes, for tools.

use super::order::Order;
use super::{L3Books, queue};
use crate::change::{Level, OrderView, QueuePosition};
use crate::index::OrderIndex;
use crate::levels::Walk;
use crate::side::{SideNumber, flip, instrument_of, side_number, side_of};
use crate::top::Top;
use wire::{NONE, Side};

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

    /// The best prices of an instrument; both quantities are 0. Reads only the sides, not the
    /// levels, so it does not wait for lines that nobody has fetched.
    #[inline]
    #[must_use]
    pub fn best_prices(&self, instrument: u32) -> Top {
        if instrument >= self.limits.instruments {
            return Top::EMPTY;
        }
        let price = |side| {
            let number = side_number(instrument, side);
            self.levels.best_key(number).map_or(NONE, |key| flip(number, key))
        };
        Top { bid_price: price(Side::Bid), ask_price: price(Side::Ask), ..Top::EMPTY }
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
    pub fn orders(&self, instrument: u32, side: Side) -> Orders<'_, I> {
        let number = self.side(instrument, side).unwrap_or(SideNumber::MAX);
        let walk = self.levels.walk(number);
        Orders { books: self, walk, queue: None }
    }

    /// Orders of the level with `nth` better ones on its side, by their place in the queue.
    #[inline]
    #[must_use]
    pub fn orders_at(&self, instrument: u32, side: Side, nth: usize) -> Queued<'_, I> {
        let number = self.side(instrument, side);
        let level = number.and_then(|number| self.levels.nth(number, nth));
        let level = level.map(|level| self.levels.record(level));
        Queued { books: self, queue: level.map(|level| (level, self.queues.walk(level))) }
    }

    /// A live order, whichever instrument it belongs to.
    #[inline]
    #[must_use]
    pub fn order(&self, reference: u64) -> Option<OrderView> {
        let order = self.orders.at(self.index.find(reference)?);
        (order.quantity != 0).then(|| self.order_view(reference, order))
    }

    /// How much is ahead of an order at its price. Walks the queue in front of it: not for the hot
    /// path.
    #[must_use]
    pub fn queue_position(&self, instrument: u32, reference: u64) -> Option<QueuePosition> {
        let slot = self.index.find(reference)?;
        let order = self.orders.at(slot);
        let level = self.levels.record(order.level());
        if order.quantity == 0 || instrument_of(level.side) != instrument {
            return None;
        }
        let mut ahead = QueuePosition { orders_ahead: 0, quantity_ahead: 0 };
        for other in self.queues.walk(level).take_while(|other| *other != slot) {
            ahead.orders_ahead += 1;
            ahead.quantity_ahead += self.orders.at(other).quantity;
        }
        Some(ahead)
    }

    #[inline]
    fn order_view(&self, reference: u64, order: &Order) -> OrderView {
        let level = self.levels.record(order.level());
        OrderView {
            reference,
            instrument: instrument_of(level.side),
            side: side_of(level.side),
            price: flip(level.side, level.key),
            quantity: order.quantity,
        }
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
pub struct Orders<'a, I> {
    books: &'a L3Books<I>,
    walk: Walk<'a>,
    queue: Option<queue::Walk<'a>>,
}

impl<I: OrderIndex> Iterator for Orders<'_, I> {
    type Item = OrderView;

    #[inline]
    fn next(&mut self) -> Option<OrderView> {
        loop {
            if let Some(slot) = self.queue.as_mut().and_then(Iterator::next) {
                let order = self.books.orders.at(slot);
                return Some(self.books.order_view(self.books.index.reference(slot), order));
            }
            let level = self.books.levels.record(self.walk.next()?);
            self.queue = Some(self.books.queues.walk(level));
        }
    }
}

/// Orders of one level, by their place in the queue.
#[derive(Debug, Clone)]
pub struct Queued<'a, I> {
    books: &'a L3Books<I>,
    queue: Option<(&'a crate::levels::Record, queue::Walk<'a>)>,
}

impl<I: OrderIndex> Queued<'_, I> {
    /// Leaves out the next `orders` orders without reading them.
    #[inline]
    pub fn leave_out(&mut self, orders: usize) {
        if let Some((_, queue)) = &mut self.queue
            && orders > 0
        {
            let _ = queue.nth(orders - 1);
        }
    }
}

impl<I: OrderIndex> Iterator for Queued<'_, I> {
    type Item = OrderView;

    #[inline]
    fn next(&mut self) -> Option<OrderView> {
        let (level, queue) = self.queue.as_mut()?;
        let slot = queue.next()?;
        Some(OrderView {
            reference: self.books.index.reference(slot),
            instrument: instrument_of(level.side),
            side: side_of(level.side),
            price: flip(level.side, level.key),
            quantity: self.books.orders.at(slot).quantity,
        })
    }
}

#[inline(always)]
pub(crate) fn level_view(levels: &crate::levels::Levels, side: SideNumber, number: u32) -> Level {
    let record = levels.record(number);
    Level { price: flip(side, record.key), quantity: record.quantity, orders: record.orders }
}
