//! Reading the books.

use book::l2::LevelsIter as PricesIter;
use book::l3::{LevelsIter, OrdersIter};
use book::{HashIndex, L3Books, Level, Top};
use wire::{InstrumentId, NONE, Side};

use super::{Books, Content};

/// Levels of a side, best first.
pub struct Levels<'a> {
    inner: Inner<'a>,
}

enum Inner<'a> {
    Orders(LevelsIter<'a>),
    Prices(PricesIter<'a>),
    Best(Option<Level>),
}

impl Iterator for Levels<'_> {
    type Item = Level;

    #[inline]
    fn next(&mut self) -> Option<Level> {
        match &mut self.inner {
            Inner::Orders(levels) => levels.next(),
            Inner::Prices(levels) => levels.next(),
            Inner::Best(level) => level.take(),
        }
    }
}

impl Books {
    /// Best prices and quantities; `None` if the book is not complete. An empty book is complete
    /// and has the empty top. Whether it may be traded on is said by [`Books::usable`].
    #[inline]
    pub fn best(&self, id: InstrumentId) -> Option<Top> {
        let index = id.index();
        if !self.trust.is_complete(index) {
            return None;
        }
        match &self.content {
            Content::Orders(orders) => Some(orders.books.best(index)),
            Content::Levels(levels) => Some(levels.get(index).map_or(Top::EMPTY, |b| b.best())),
            Content::Top(tops) => tops.get(index as usize).copied(),
            Content::Nothing => None,
        }
    }

    /// Levels of a side, best first; none if the book is not complete. A book of best prices has
    /// one, of an unknown number of orders.
    pub fn levels(&self, id: InstrumentId, side: Side) -> Levels<'_> {
        let index = id.index();
        let none = Levels { inner: Inner::Best(None) };
        if !self.trust.is_complete(index) {
            return none;
        }
        match &self.content {
            Content::Orders(orders) => {
                Levels { inner: Inner::Orders(orders.books.levels(index, side)) }
            }
            Content::Levels(levels) => match levels.get(index) {
                Some(book) => Levels { inner: Inner::Prices(book.levels(side)) },
                None => none,
            },
            Content::Top(tops) => {
                let level = tops.get(index as usize).and_then(|top| top_level(top, side));
                Levels { inner: Inner::Best(level) }
            }
            Content::Nothing => none,
        }
    }

    /// Orders of a side, by price, then by their place in the queue; `None` if the seat takes no
    /// orders or the book is not complete.
    pub fn orders(&self, id: InstrumentId, side: Side) -> Option<OrdersIter<'_, HashIndex>> {
        let books = self.order_books().filter(|_| self.trust.is_complete(id.index()))?;
        Some(books.orders(id.index(), side))
    }

    /// The books of orders with everything that they can tell; `None` if the seat takes no orders.
    /// Books that are not complete are empty in it.
    pub fn order_books(&self) -> Option<&L3Books<HashIndex>> {
        match &self.content {
            Content::Orders(orders) => Some(&orders.books),
            _ => None,
        }
    }

    /// Whether only best prices are kept, because the seat takes neither orders nor levels.
    pub fn is_top_only(&self) -> bool {
        matches!(self.content, Content::Top(_))
    }

    /// Number of levels of a side; 0 if the book is not complete.
    pub fn depth(&self, id: InstrumentId, side: Side) -> usize {
        let index = id.index();
        if !self.trust.is_complete(index) {
            return 0;
        }
        match &self.content {
            Content::Orders(orders) => orders.books.depth(index, side),
            Content::Levels(levels) => levels.get(index).map_or(0, |book| book.depth(side)),
            Content::Top(_) => self.levels(id, side).count(),
            Content::Nothing => 0,
        }
    }
}

fn top_level(top: &Top, side: Side) -> Option<Level> {
    let (price, quantity) = match side {
        Side::Bid => (top.bid_price, top.bid_qty),
        Side::Ask => (top.ask_price, top.ask_qty),
    };
    (price != NONE).then_some(Level { price, quantity, orders: u32::MAX })
}
