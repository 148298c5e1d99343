//! The naive twin: books as anyone would write them, in maps and queues, slowly and plainly.
//!
//! It shares no mechanism with the crate: levels are found by `BTreeMap`, positions by counting,
//! the state after a replacement by removing and then adding.
#![allow(dead_code, reason = "each test binary uses a part of it")]

pub mod drive;
pub mod random;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use book::change::{
    Added, Executed, Level, LevelChange, OrderView, QueuePosition, Reduced, Removed, Replaced,
};
use book::{BookError, L3Limits, NONE, Side, Top};

type Queue = VecDeque<(u64, i64)>;

#[derive(Clone)]
pub struct Naive {
    limits: L3Limits,
    paged: bool,
    sides: Vec<[BTreeMap<i64, Queue>; 2]>,
    live: HashMap<u64, (u32, Side, i64)>,
}

fn total(queue: &Queue) -> i128 {
    queue.iter().map(|(_, quantity)| i128::from(*quantity)).sum()
}

impl Naive {
    pub fn new(limits: L3Limits, paged: bool) -> Self {
        let sides = (0..limits.instruments).map(|_| Default::default()).collect();
        Naive { limits, paged, sides, live: HashMap::new() }
    }

    fn side(&self, instrument: u32, side: Side) -> &BTreeMap<i64, Queue> {
        &self.sides[instrument as usize][side as usize]
    }

    fn prices(&self, instrument: u32, side: Side) -> Vec<i64> {
        let prices = self.side(instrument, side).keys().copied();
        if side == Side::Bid { prices.rev().collect() } else { prices.collect() }
    }

    fn position(&self, instrument: u32, side: Side, price: i64) -> u32 {
        let levels = self.side(instrument, side);
        let better = match side {
            Side::Bid => levels.range(price..).filter(|(other, _)| **other > price).count(),
            Side::Ask => levels.range(..price).count(),
        };
        better as u32 + 1
    }

    fn change(&self, instrument: u32, side: Side, price: i64) -> LevelChange {
        let empty = Queue::new();
        let queue = self.side(instrument, side).get(&price).unwrap_or(&empty);
        let quantity = total(queue) as i64;
        let position = self.position(instrument, side, price);
        LevelChange { price, quantity, orders: queue.len() as u32, position }
    }

    fn total_levels(&self) -> usize {
        self.sides.iter().flatten().map(BTreeMap::len).sum()
    }

    fn check_values(&self, price: i64, quantity: i64) -> Result<(), BookError> {
        if quantity == 0 {
            return Err(BookError::ZeroQuantity);
        }
        if quantity < 0 {
            return Err(BookError::NegativeQuantity);
        }
        if !(self.limits.min_price..=self.limits.max_price).contains(&price) {
            return Err(BookError::AbsurdPrice);
        }
        Ok(())
    }

    fn check_reference(&self, reference: u64) -> Result<(), BookError> {
        if self.live.contains_key(&reference) {
            return Err(BookError::DuplicateReference);
        }
        if !self.paged {
            return Ok(());
        }
        if reference > self.limits.reference_max {
            return Err(BookError::AbsurdReference);
        }
        if self.limits.pages > 0 {
            let pages: HashSet<u64> = self.live.keys().map(|reference| reference / 4).collect();
            let room = pages.len() < self.limits.pages as usize;
            if !room && !pages.contains(&(reference / 4)) {
                return Err(BookError::OrderTableFull);
            }
        }
        Ok(())
    }

    /// `leaving`: price of a level that this event empties.
    fn check_level(
        &self,
        (instrument, side, price): (u32, Side, i64),
        quantity: i64,
        empties_a_level: bool,
    ) -> Result<(), BookError> {
        match self.side(instrument, side).get(&price) {
            Some(queue) if total(queue) + i128::from(quantity) > i128::from(i64::MAX) => {
                Err(BookError::QuantityOverflow)
            }
            Some(_) => Ok(()),
            None if empties_a_level => Ok(()),
            None if self.total_levels() >= self.limits.levels as usize => {
                Err(BookError::LevelTableFull)
            }
            None => Ok(()),
        }
    }

    fn push(&mut self, (instrument, side, price): (u32, Side, i64), reference: u64, quantity: i64) {
        let queue = self.sides[instrument as usize][side as usize].entry(price).or_default();
        queue.push_back((reference, quantity));
        self.live.insert(reference, (instrument, side, price));
    }

    fn pull(&mut self, reference: u64) -> i64 {
        let (instrument, side, price) = self.live.remove(&reference).unwrap();
        let levels = &mut self.sides[instrument as usize][side as usize];
        let queue = levels.get_mut(&price).unwrap();
        let place = queue.iter().position(|(other, _)| *other == reference).unwrap();
        let (_, quantity) = queue.remove(place).unwrap();
        if queue.is_empty() {
            levels.remove(&price);
        }
        quantity
    }

    fn quantity_mut(&mut self, reference: u64) -> &mut i64 {
        let (instrument, side, price) = self.live[&reference];
        let levels = &mut self.sides[instrument as usize][side as usize];
        let queue = levels.get_mut(&price).unwrap();
        &mut queue.iter_mut().find(|(other, _)| *other == reference).unwrap().1
    }

    fn live(&self, instrument: u32, reference: u64) -> Result<(Side, i64), BookError> {
        let &(owner, side, price) = self.live.get(&reference).ok_or(BookError::UnknownReference)?;
        if owner != instrument {
            return Err(BookError::WrongInstrument);
        }
        Ok((side, price))
    }

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
        if self.live.len() >= self.limits.orders as usize {
            return Err(BookError::OrderTableFull);
        }
        self.check_reference(reference)?;
        self.check_level((instrument, side, price), quantity, false)?;
        self.push((instrument, side, price), reference, quantity);
        Ok(Added { side, level: self.change(instrument, side, price) })
    }

    fn shrink(
        &mut self,
        instrument: u32,
        reference: u64,
        quantity: i64,
        too_much: BookError,
    ) -> Result<(Side, i64, i64, LevelChange), BookError> {
        let (side, price) = self.live(instrument, reference)?;
        if quantity <= 0 {
            let zero = quantity == 0;
            return Err(if zero { BookError::ZeroQuantity } else { BookError::NegativeQuantity });
        }
        let left = *self.quantity_mut(reference) - quantity;
        if left > 0 {
            *self.quantity_mut(reference) = left;
        } else {
            self.pull(reference);
        }
        if left < 0 {
            return Err(too_much);
        }
        Ok((side, price, left, self.change(instrument, side, price)))
    }

    pub fn execute(&mut self, i: u32, reference: u64, q: i64) -> Result<Executed, BookError> {
        let (side, price, remaining, level) =
            self.shrink(i, reference, q, BookError::OverExecution)?;
        Ok(Executed { side, price, remaining, level })
    }

    pub fn reduce(&mut self, i: u32, reference: u64, q: i64) -> Result<Reduced, BookError> {
        let (side, price, remaining, level) =
            self.shrink(i, reference, q, BookError::OverReduction)?;
        Ok(Reduced { side, price, remaining, level })
    }

    pub fn delete(&mut self, instrument: u32, reference: u64) -> Result<Removed, BookError> {
        let (side, price) = self.live(instrument, reference)?;
        let quantity = self.pull(reference);
        Ok(Removed { side, price, quantity, level: self.change(instrument, side, price) })
    }

    fn best_pair(&self, instrument: u32, side: Side) -> Option<(i64, i64)> {
        let price = *self.prices(instrument, side).first()?;
        Some((price, total(&self.side(instrument, side)[&price]) as i64))
    }

    pub fn replace(
        &mut self,
        instrument: u32,
        old: u64,
        new: u64,
        price: i64,
        quantity: i64,
    ) -> Result<Replaced, BookError> {
        let (side, old_price) = self.live(instrument, old)?;
        self.check_values(price, quantity)?;
        self.check_reference(new)?;
        let alone = self.side(instrument, side)[&old_price].len() == 1;
        self.check_level((instrument, side, price), quantity, alone)?;
        Ok(self.swap((instrument, side, old_price), (old, new), price, quantity))
    }

    fn swap(
        &mut self,
        (instrument, side, old_price): (u32, Side, i64),
        (old, new): (u64, u64),
        price: i64,
        quantity: i64,
    ) -> Replaced {
        let before = self.best_pair(instrument, side);
        let old_quantity = self.pull(old);
        let mut from = self.change(instrument, side, old_price);
        self.push((instrument, side, price), new, quantity);
        let to = self.change(instrument, side, price);
        if price == old_price {
            from = to;
        }
        let changed_best = before != self.best_pair(instrument, side);
        Replaced { side, old_price, old_quantity, from, to, changed_best }
    }

    pub fn modify(
        &mut self,
        instrument: u32,
        reference: u64,
        price: i64,
        quantity: i64,
        keep_priority: bool,
    ) -> Result<Replaced, BookError> {
        let (side, old_price) = self.live(instrument, reference)?;
        self.check_values(price, quantity)?;
        let queue = &self.side(instrument, side)[&old_price];
        if price != old_price {
            self.check_level((instrument, side, price), quantity, queue.len() == 1)?;
            let references = (reference, reference);
            return Ok(self.swap((instrument, side, old_price), references, price, quantity));
        }
        let others = total(queue) - i128::from(*self.clone().quantity_mut(reference));
        if others + i128::from(quantity) > i128::from(i64::MAX) {
            return Err(BookError::QuantityOverflow);
        }
        if !keep_priority {
            let references = (reference, reference);
            return Ok(self.swap((instrument, side, old_price), references, price, quantity));
        }
        let before = self.best_pair(instrument, side);
        let old_quantity = std::mem::replace(self.quantity_mut(reference), quantity);
        let to = self.change(instrument, side, price);
        let changed_best = before != self.best_pair(instrument, side);
        Ok(Replaced { side, old_price, old_quantity, from: to, to, changed_best })
    }

    pub fn clear(&mut self, instrument: u32) {
        if let Some(sides) = self.sides.get_mut(instrument as usize) {
            *sides = Default::default();
            self.live.retain(|_, (owner, ..)| *owner != instrument);
        }
    }

    pub fn best(&self, instrument: u32) -> Top {
        let none = (NONE, 0);
        let (bid_price, bid_qty) = self.best_pair(instrument, Side::Bid).unwrap_or(none);
        let (ask_price, ask_qty) = self.best_pair(instrument, Side::Ask).unwrap_or(none);
        Top { bid_price, bid_qty, ask_price, ask_qty }
    }

    pub fn levels(&self, instrument: u32, side: Side) -> Vec<Level> {
        let levels = self.side(instrument, side);
        let view = |price| {
            let queue: &Queue = &levels[&price];
            Level { price, quantity: total(queue) as i64, orders: queue.len() as u32 }
        };
        self.prices(instrument, side).into_iter().map(view).collect()
    }

    /// Orders in price then queue order, each with what is ahead of it.
    pub fn orders(&self, instrument: u32, side: Side) -> Vec<(OrderView, QueuePosition)> {
        let mut orders = Vec::new();
        for price in self.prices(instrument, side) {
            let mut ahead = QueuePosition { orders_ahead: 0, quantity_ahead: 0 };
            for &(reference, quantity) in &self.side(instrument, side)[&price] {
                let view = OrderView { reference, instrument, side, price, quantity };
                orders.push((view, ahead));
                ahead.orders_ahead += 1;
                ahead.quantity_ahead += quantity;
            }
        }
        orders
    }

    pub fn live_orders(&self) -> usize {
        self.live.len()
    }

    pub fn live_levels(&self) -> usize {
        self.total_levels()
    }

    pub fn references(&self) -> Vec<u64> {
        let mut references: Vec<u64> = self.live.keys().copied().collect();
        references.sort_unstable();
        references
    }
}
