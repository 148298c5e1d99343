//! A market as one would draw it on paper: sorted maps of queues, looked through from the front.

use std::collections::BTreeMap;

use client::Books;
use wire::payload;
use wire::{NONE, Side};

use super::{Lane, id};

/// What happens: numbers are reduced to what is possible.
#[derive(Clone, Copy, Debug)]
pub struct Op {
    pub instrument: u32,
    pub what: u8,
    pub side: bool,
    pub price: u8,
    pub quantity: u8,
    pub pick: u8,
}

/// Orders at one price, in the order of their queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NaiveLevel {
    pub price: i64,
    pub orders: Vec<(u64, i64)>,
}

impl NaiveLevel {
    pub fn quantity(&self) -> i64 {
        self.orders.iter().map(|(_, quantity)| quantity).sum()
    }
}

type Queue = Vec<(u64, i64)>;

/// An order: side, price, number, open quantity.
type Found = (Side, i64, u64, i64);

/// The levels that a move from one price to another changes.
fn both(side: Side, from: i64, to: i64) -> Vec<(Side, i64)> {
    if from == to { vec![(side, from)] } else { vec![(side, from), (side, to)] }
}

/// All books.
#[derive(Clone, Debug)]
pub struct Naive {
    books: Vec<[BTreeMap<i64, Queue>; 2]>,
    next_id: u64,
}

/// Records of a message.
pub enum Made {
    Add(Side, payload::OrderAdd),
    Modify(Side, payload::OrderModify),
    Replace(Side, payload::OrderReplace),
    Execute(Side, payload::OrderExecute),
    Reduce(Side, payload::OrderReduce),
    Delete(Side, payload::OrderDelete),
    Trade(payload::Trade),
}

impl Made {
    pub fn push(self, lane: &mut Lane, index: u32) {
        match self {
            Made::Add(side, m) => lane.push(index, side, m),
            Made::Modify(side, m) => lane.push(index, side, m),
            Made::Replace(side, m) => lane.push(index, side, m),
            Made::Execute(side, m) => lane.push(index, side, m),
            Made::Reduce(side, m) => lane.push(index, side, m),
            Made::Delete(side, m) => lane.push(index, side, m),
            Made::Trade(m) => lane.push(index, Side::Bid, m),
        }
    }
}

/// What a message did.
#[derive(Default)]
pub struct Done {
    pub records: Vec<Made>,
    pub levels: Vec<(Side, i64)>,
}

impl Naive {
    pub fn new(instruments: u32) -> Naive {
        Naive { books: vec![Default::default(); instruments as usize], next_id: 1 }
    }

    pub fn instruments(&self) -> u32 {
        self.books.len() as u32
    }

    pub fn clear(&mut self) {
        self.books.fill(Default::default());
    }

    fn queue(&mut self, index: u32, side: Side, price: i64) -> &mut Queue {
        self.books[index as usize][side as usize].entry(price).or_default()
    }

    fn tidy(&mut self, index: u32) {
        for side in &mut self.books[index as usize] {
            side.retain(|_, queue| !queue.is_empty());
        }
    }

    /// Order number `pick` of the instrument, if it has any.
    fn pick(&self, index: u32, pick: u8) -> Option<Found> {
        let mut all = Vec::new();
        for side in [Side::Bid, Side::Ask] {
            for level in self.levels(index, side) {
                all.extend(level.orders.iter().map(|o| (side, level.price, o.0, o.1)));
            }
        }
        if all.is_empty() { None } else { Some(all[usize::from(pick) % all.len()]) }
    }

    /// Does what `op` says, or adds an order where there is nothing to do it to.
    pub fn apply(&mut self, op: Op) -> Done {
        let found = self.pick(op.instrument, op.pick);
        let price = 10_000 + i64::from(op.price % 6) * 100;
        let done = match (op.what % 10, found) {
            (3, Some(order)) => self.execute(op, order),
            (4, Some(order)) if order.3 > 1 => self.reduce(op, order),
            (5, Some(order)) => self.delete(op, order),
            (6, Some(order)) => self.replace(op, order, price),
            (7, Some(order)) => self.modify(op, order, price),
            _ => self.add(op, price),
        };
        self.tidy(op.instrument);
        done
    }

    fn add(&mut self, op: Op, price: i64) -> Done {
        let side = if op.side { Side::Bid } else { Side::Ask };
        let (order_id, quantity) = (self.fresh(), i64::from(op.quantity) + 1);
        self.queue(op.instrument, side, price).push((order_id, quantity));
        let add = payload::OrderAdd { order_id, price, quantity, priority: [0; 8] };
        Done { records: vec![Made::Add(side, add)], levels: vec![(side, price)] }
    }

    fn execute(&mut self, op: Op, (side, price, order_id, open): Found) -> Done {
        let executed = (i64::from(op.quantity) + 1).min(open);
        self.take(op.instrument, side, price, order_id, executed);
        let trade_id = self.next_id + 1_000_000;
        let trade = payload::Trade { price, quantity: executed, trade_id, ..Default::default() };
        let execute = payload::OrderExecute { order_id, price, executed, trade_id };
        let records = vec![Made::Trade(trade), Made::Execute(side, execute)];
        Done { records, levels: vec![(side, price)] }
    }

    fn reduce(&mut self, op: Op, (side, price, order_id, open): Found) -> Done {
        let reduced_by = (i64::from(op.quantity) + 1).min(open - 1);
        self.take(op.instrument, side, price, order_id, reduced_by);
        let remaining = open - reduced_by;
        let reduce = payload::OrderReduce { order_id, price, reduced_by, remaining };
        Done { records: vec![Made::Reduce(side, reduce)], levels: vec![(side, price)] }
    }

    fn delete(&mut self, op: Op, (side, price, order_id, removed): Found) -> Done {
        self.take(op.instrument, side, price, order_id, removed);
        let gone = payload::OrderDelete { order_id, price, removed, ..Default::default() };
        Done { records: vec![Made::Delete(side, gone)], levels: vec![(side, price)] }
    }

    fn replace(&mut self, op: Op, (side, at, old_id, open): Found, price: i64) -> Done {
        self.take(op.instrument, side, at, old_id, open);
        let (new_id, quantity) = (self.fresh(), i64::from(op.quantity) + 1);
        self.queue(op.instrument, side, price).push((new_id, quantity));
        let replace = payload::OrderReplace { old_id, new_id, price, quantity };
        Done { records: vec![Made::Replace(side, replace)], levels: both(side, at, price) }
    }

    fn modify(&mut self, op: Op, (side, at, order_id, open): Found, price: i64) -> Done {
        let quantity = i64::from(op.quantity) + 1;
        let keep = op.price.is_multiple_of(2);
        let price = if keep { at } else { price };
        if keep {
            let queue = self.queue(op.instrument, side, at);
            queue.iter_mut().filter(|o| o.0 == order_id).for_each(|o| o.1 = quantity);
        } else {
            self.take(op.instrument, side, at, order_id, open);
            self.queue(op.instrument, side, price).push((order_id, quantity));
        }
        let priority = if keep { u64::MAX } else { 0 };
        let modify = payload::OrderModify { order_id, price, quantity, priority };
        Done { records: vec![Made::Modify(side, modify)], levels: both(side, at, price) }
    }

    fn fresh(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    fn take(&mut self, index: u32, side: Side, price: i64, order_id: u64, quantity: i64) {
        let queue = self.queue(index, side, price);
        for order in queue.iter_mut().filter(|order| order.0 == order_id) {
            order.1 -= quantity;
        }
        queue.retain(|order| order.1 > 0);
    }

    /// Levels, best first.
    pub fn levels(&self, index: u32, side: Side) -> Vec<NaiveLevel> {
        let map = &self.books[index as usize][side as usize];
        let filled = map.iter().filter(|(_, queue)| !queue.is_empty());
        let mut levels: Vec<NaiveLevel> = filled
            .map(|(price, orders)| NaiveLevel { price: *price, orders: orders.clone() })
            .collect();
        if side == Side::Bid {
            levels.reverse();
        }
        levels
    }

    /// Quantity and orders at a price.
    pub fn level(&self, index: u32, side: Side, price: i64) -> (i64, u32) {
        let found = self.levels(index, side).into_iter().find(|level| level.price == price);
        found.map_or((0, 0), |level| (level.quantity(), level.orders.len() as u32))
    }

    pub fn top(&self, index: u32) -> payload::Top {
        let best = |side| {
            let level = self.levels(index, side).into_iter().next();
            level.map_or((NONE, 0), |level| (level.price, level.quantity()))
        };
        let ((bid_price, bid_quantity), (ask_price, ask_quantity)) =
            (best(Side::Bid), best(Side::Ask));
        payload::Top { bid_price, bid_quantity, ask_price, ask_quantity }
    }

    /// First difference between our book and a consumer's, in words; `None` if they are equal.
    pub fn difference(&self, index: u32, books: &Books) -> Option<String> {
        let id = id(index);
        let (ours, best) = (self.top(index), books.best(id));
        let Some(best) = best else { return Some(format!("{index}: not complete")) };
        let theirs = payload::Top {
            bid_price: best.bid_price,
            bid_quantity: best.bid_qty,
            ask_price: best.ask_price,
            ask_quantity: best.ask_qty,
        };
        if ours != theirs {
            return Some(format!("{index}: top {ours:?}, consumer {theirs:?}"));
        }
        if books.is_top_only() {
            return None;
        }
        for side in [Side::Bid, Side::Ask] {
            let levels = self.levels(index, side);
            if let Some(orders) = books.orders(id, side) {
                let theirs: Vec<_> = orders.map(|o| (o.price, o.reference, o.quantity)).collect();
                let of = |l: &NaiveLevel| {
                    let price = l.price;
                    l.orders.iter().map(move |o| (price, o.0, o.1)).collect::<Vec<_>>()
                };
                let ours: Vec<_> = levels.iter().flat_map(of).collect();
                if ours != theirs {
                    return Some(format!("{index} {side:?}: {ours:?}, consumer {theirs:?}"));
                }
            }
            let ours: Vec<_> =
                levels.iter().map(|l| (l.price, l.quantity(), l.orders.len() as u32)).collect();
            let theirs: Vec<_> =
                books.levels(id, side).map(|l| (l.price, l.quantity, l.orders)).collect();
            if ours != theirs {
                return Some(format!("{index} {side:?}: {ours:?}, consumer {theirs:?}"));
            }
        }
        None
    }
}
