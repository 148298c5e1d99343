//! A consumer's books, rebuilt from records alone: three of them, each from one class.
//!
//! Rules of a consumer: a new session empties all books; `book_begin` empties one, and what follows
//! up to `book_end` fills it.

use std::collections::BTreeMap;

use book::{Level, Top};
use feed::publish::outlet::Books;
use wire::codes::SessionEvent;
use wire::payload::{
    self, BookBegin, OrderAdd, OrderDelete, OrderExecute, OrderModify, OrderReduce, OrderReplace,
    Session,
};
use wire::{NONE, Record, Side};

/// An order of a queue: reference and quantity.
pub type Queued = (u64, i64);

/// Books of one instrument, from three classes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct One {
    /// From ORDERS: queues by price, for bid and ask.
    pub queues: [BTreeMap<i64, Vec<Queued>>; 2],
    /// From LEVELS: quantity and orders by price.
    pub levels: [BTreeMap<i64, (i64, u32)>; 2],
    /// From TOP.
    pub top: Top,
}

impl Default for One {
    fn default() -> Self {
        One { queues: Default::default(), levels: Default::default(), top: Top::EMPTY }
    }
}

impl One {
    /// Side and price of an order.
    fn find(&self, reference: u64) -> (usize, i64) {
        for side in 0..2 {
            for (&price, queue) in &self.queues[side] {
                if queue.iter().any(|&(known, _)| known == reference) {
                    return (side, price);
                }
            }
        }
        panic!("records name order {reference}, which no record has added: {self:?}");
    }

    fn add(&mut self, side: usize, price: i64, order: Queued) {
        let known = self.queues.iter().flat_map(|side| side.values().flatten());
        assert!(known.clone().all(|&(id, _)| id != order.0), "order {} is added twice", order.0);
        self.queues[side].entry(price).or_default().push(order);
    }

    /// Takes `by` off an order; all of it if `by` is `None`. Gives what was left before.
    fn shrink(&mut self, reference: u64, by: Option<i64>) -> i64 {
        let (side, price) = self.find(reference);
        let queue = self.queues[side].get_mut(&price).expect("found");
        let at = queue.iter().position(|&(known, _)| known == reference).expect("found");
        let before = queue[at].1;
        let left = before - by.unwrap_or(before);
        assert!(left >= 0, "order {reference} of {before} shrinks by {by:?}");
        if left > 0 {
            queue[at].1 = left;
        } else {
            queue.remove(at);
        }
        if queue.is_empty() {
            self.queues[side].remove(&price);
        }
        before
    }

    fn order_record(&mut self, record: &Record) {
        let side = record.quality.get_side() as usize;
        if let Some(m) = record.get::<OrderAdd>() {
            self.add(side, m.price, (m.order_id, m.quantity));
        } else if let Some(m) = record.get::<OrderExecute>() {
            assert_eq!(self.find(m.order_id).0, side);
            self.shrink(m.order_id, Some(m.executed));
        } else if let Some(m) = record.get::<OrderReduce>() {
            assert_eq!(self.find(m.order_id), (side, m.price));
            let before = self.shrink(m.order_id, Some(m.reduced_by));
            assert_eq!(before - m.reduced_by, m.remaining);
        } else if let Some(m) = record.get::<OrderDelete>() {
            assert_eq!(self.find(m.order_id), (side, m.price));
            assert_eq!(self.shrink(m.order_id, None), m.removed);
        } else if let Some(m) = record.get::<OrderReplace>() {
            assert_eq!(self.find(m.old_id).0, side);
            self.shrink(m.old_id, None);
            self.add(side, m.price, (m.new_id, m.quantity));
        } else {
            assert!(record.get::<OrderModify>().is_none(), "this venue has no modification");
        }
    }

    fn level_record(&mut self, record: &Record) {
        let Some(m) = record.get::<payload::Level>() else { return };
        let levels = &mut self.levels[record.quality.get_side() as usize];
        if m.quantity == 0 {
            assert_eq!(m.orders, 0);
            assert!(levels.remove(&m.price).is_some(), "a level goes that was not there: {m:?}");
        } else {
            levels.insert(m.price, (m.quantity, m.orders));
        }
    }

    fn top_record(&mut self, record: &Record) {
        let Some(m) = record.get::<payload::Top>() else { return };
        let top = Top {
            bid_price: m.bid_price,
            bid_qty: m.bid_quantity,
            ask_price: m.ask_price,
            ask_qty: m.ask_quantity,
        };
        assert!(top != self.top || record.quality.is_snapshot(), "a top that is no news: {top:?}");
        self.top = top;
    }

    /// Compares all three with the lane's book.
    pub fn assert_is(&self, books: &Books, index: u32) {
        for side in [Side::Bid, Side::Ask] {
            let best_first = |prices: Vec<i64>| -> Vec<i64> {
                if side == Side::Bid { prices.into_iter().rev().collect() } else { prices }
            };
            let queues = &self.queues[side as usize];
            let mut mine = Vec::new();
            for price in best_first(queues.keys().copied().collect()) {
                mine.extend(queues[&price].iter().map(|&(id, quantity)| (id, price, quantity)));
            }
            let theirs = books.orders(index, side).map(|o| (o.reference, o.price, o.quantity));
            assert_eq!(mine, theirs.collect::<Vec<_>>(), "ORDERS of {index} {side:?}");
            let levels = &self.levels[side as usize];
            let prices = best_first(levels.keys().copied().collect()).into_iter();
            let mine = prices.map(|price| {
                let (quantity, orders) = levels[&price];
                Level { price, quantity, orders }
            });
            let theirs: Vec<Level> = books.levels(index, side).collect();
            assert_eq!(mine.collect::<Vec<_>>(), theirs, "LEVELS of {index} {side:?}");
        }
        assert_eq!(self.top, books.best(index), "TOP of {index}");
    }
}

/// A consumer of everything.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// By index of the instrument.
    pub books: BTreeMap<u32, One>,
    /// Volume by instrument, from TRADES.
    pub volume: BTreeMap<u32, i64>,
    last_step: u64,
}

impl View {
    /// Takes records in the order in which they came.
    pub fn take(&mut self, records: &[Record]) {
        records.iter().for_each(|record| self.record(record));
    }

    fn record(&mut self, record: &Record) {
        assert!(record.sequence >= self.last_step, "steps go back");
        self.last_step = record.sequence;
        let index = record.instrument.index();
        if let Some(session) = record.get::<Session>() {
            if session.event == SessionEvent::Start as u8 {
                self.books.clear();
                self.volume.clear();
            }
        } else if record.get::<BookBegin>().is_some() {
            let top = self.books.get(&index).map_or(Top::EMPTY, |one| one.top);
            self.books.insert(index, One { top, ..One::default() });
        } else if let Some(trade) = record.get::<payload::Trade>() {
            assert_ne!(trade.price, NONE);
            *self.volume.entry(index).or_default() += trade.quantity;
        } else if index != 0 {
            let one = self.books.entry(index).or_default();
            one.order_record(record);
            one.level_record(record);
            one.top_record(record);
        }
    }

    /// Compares every book with the lane's.
    pub fn assert_is(&self, books: &Books, instruments: u32) {
        let nothing = One::default();
        for index in 1..=instruments {
            self.books.get(&index).unwrap_or(&nothing).assert_is(books, index);
        }
    }
}
