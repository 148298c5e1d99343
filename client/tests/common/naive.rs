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
    fn pick(&self, index: u32, pick: u8) -> Option<(Side, i64, u64, i64)> {
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
        let index = op.instrument;
        let found = self.pick(index, op.pick);
        let mut done = Done::default();
        let price = 10_000 + i64::from(op.price % 6) * 100;
        match (op.what % 10, found) {
            (3, Some((side, at, order_id, open))) => {
                let executed = (i64::from(op.quantity) + 1).min(open);
                self.take(index, side, at, order_id, executed);
                let trade_id = self.next_id + 1_000_000;
                let trade = payload::Trade {
                    price: at,
                    quantity: executed,
                    trade_id,
                    ..Default::default()
                };
                done.records.push(Made::Trade(trade));
                let execute = payload::OrderExecute { order_id, price: at, executed, trade_id };
                done.records.push(Made::Execute(side, execute));
                done.levels.push((side, at));
            }
            (4, Some((side, at, order_id, open))) if open > 1 => {
                let reduced_by = (i64::from(op.quantity) + 1).min(open - 1);
                self.take(index, side, at, order_id, reduced_by);
                let remaining = open - reduced_by;
                let reduce = payload::OrderReduce { order_id, price: at, reduced_by, remaining };
                done.records.push(Made::Reduce(side, reduce));
                done.levels.push((side, at));
            }
            (5, Some((side, at, order_id, open))) => {
                self.take(index, side, at, order_id, open);
                let gone = payload::OrderDelete {
                    order_id,
                    price: at,
                    removed: open,
                    ..Default::default()
                };
                done.records.push(Made::Delete(side, gone));
                done.levels.push((side, at));
            }
            (6, Some((side, at, old_id, open))) => {
                self.take(index, side, at, old_id, open);
                let (new_id, quantity) = (self.fresh(), i64::from(op.quantity) + 1);
                self.queue(index, side, price).push((new_id, quantity));
                let replace = payload::OrderReplace { old_id, new_id, price, quantity };
                done.records.push(Made::Replace(side, replace));
                done.levels.push((side, at));
                if at != price {
                    done.levels.push((side, price));
                }
            }
            (7, Some((side, at, order_id, open))) => {
                let quantity = i64::from(op.quantity) + 1;
                let keep = op.price.is_multiple_of(2);
                if keep {
                    let queue = self.queue(index, side, at);
                    queue.iter_mut().for_each(|o| {
                        if o.0 == order_id {
                            o.1 = quantity
                        }
                    });
                } else {
                    self.take(index, side, at, order_id, open);
                    self.queue(index, side, price).push((order_id, quantity));
                }
                let priority = if keep { u64::MAX } else { 0 };
                let to = if keep { at } else { price };
                let modify = payload::OrderModify { order_id, price: to, quantity, priority };
                done.records.push(Made::Modify(side, modify));
                done.levels.push((side, at));
                if at != to {
                    done.levels.push((side, to));
                }
            }
            _ => {
                let side = if op.side { Side::Bid } else { Side::Ask };
                let (order_id, quantity) = (self.fresh(), i64::from(op.quantity) + 1);
                self.queue(index, side, price).push((order_id, quantity));
                let add = payload::OrderAdd { order_id, price, quantity, priority: [0; 8] };
                done.records.push(Made::Add(side, add));
                done.levels.push((side, price));
            }
        }
        self.tidy(index);
        done
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
