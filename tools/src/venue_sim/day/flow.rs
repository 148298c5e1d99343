//! What happens next: orders that are due end, others come, some are executed.
//!
//! Every message is one decision. Its kind is drawn first: a few are trades and reductions, and of
//! the rest an order that is due ends, where there is one, else an order comes. So the shares of
//! adds and deletes follow from the lifetimes, as they do in a market, and the kinds of successive
//! messages are nearly independent, which is what makes real feeds hard to predict.

use std::collections::VecDeque;
use std::io::{self, Write};

use super::super::instrument::symbol;
use super::super::random::{Random, Zipf};
use super::orders::{NONE, Order, Orders};
use super::price::Stock;
use super::say::Voice;
use super::spec::{Calibration, Spec};
use super::statistics::Measured;
use super::wheel::Wheel;
use protocol::venue::nasdaq::pad;

/// Of 10,000 messages so many take from the best price or reduce an order...
const TAKES: u64 = 292;
/// ... and so many are trades with orders that nobody sees.
const HIDDEN_TRADES: u64 = 103;
/// Of 10,000 ends so many are replacements.
const REPLACED: u64 = 1_569;
/// Of 10,000 takes so many are reductions, and so many of the others have another price.
const REDUCED: u64 = 2_800;
const OTHER_PRICE: u64 = 500;
/// Of 10,000 executions so many take the whole order.
const WHOLE: u64 = 7_000;
/// Of 10,000 adds so many name their participant.
const ATTRIBUTED: u64 = 300;
/// Of 10,000 reference numbers so many are followed by one of an order that nobody sees.
const UNSEEN: u64 = 2_477;
/// Lifetimes: deviation in powers of two.
const LIFETIME_BITS: f64 = 6.5;
/// Of 10,000 adds outside a burst so many begin one.
const BURST: u64 = 900;
/// Tries to find a stock with something to trade.
const TRIES: usize = 4;

/// The market.
pub(super) struct Flow {
    random: Random,
    zipf: Zipf,
    /// Which stock has which rank of activity: the alphabet knows nothing of it.
    ranks: Vec<u16>,
    pub(super) stocks: Vec<Stock>,
    orders: Orders,
    wheel: Wheel,
    due: VecDeque<u32>,
    now: u32,
    /// Message after which nothing needs to end.
    last: u32,
    median: f64,
    burst: (u64, u16),
    reference: u32,
    match_number: u64,
    pub(super) measured: Measured,
}

impl Flow {
    /// The market before its first order.
    pub(super) fn new(spec: &Spec) -> Self {
        let mut random = Random::new(spec.seed);
        let stocks =
            (0..spec.symbols).map(|index| Stock::draw(pad(&symbol(index)), &mut random)).collect();
        let mut ranks: Vec<u16> = (0..spec.symbols).collect();
        for at in (1..ranks.len()).rev() {
            ranks.swap(at, random.below(at as u64 + 1) as usize);
        }
        let scale = spec.messages as f64 / Spec::WHOLE.messages as f64;
        Self {
            random,
            zipf: Zipf::new(spec.symbols),
            ranks,
            stocks,
            orders: Orders::new(),
            wheel: Wheel::new(),
            due: VecDeque::with_capacity(1 << 12),
            now: 0,
            last: u32::try_from(spec.messages).unwrap_or(u32::MAX),
            median: Calibration::WHOLE.lifetime * scale,
            burst: (0, 0),
            reference: 0,
            match_number: 0,
            measured: Measured::new(spec.symbols),
        }
    }

    /// Random numbers for the clock.
    pub(super) fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    /// One message.
    pub(super) fn step<W: Write>(&mut self, voice: &mut Voice<W>) -> io::Result<()> {
        let mut slot = self.wheel.advance(&mut self.orders);
        while slot != NONE {
            self.due.push_back(slot);
            slot = self.orders.get(slot).due_next;
        }
        self.now += 1;
        let roll = self.random.below(10_000);
        if roll < TAKES && self.take(voice)? {
            return Ok(());
        }
        if (TAKES..TAKES + HIDDEN_TRADES).contains(&roll) {
            return self.hidden(voice);
        }
        while let Some(slot) = self.due.pop_front() {
            if self.orders.get(slot).shares > 0 {
                return self.end(slot, voice);
            }
            self.orders.free(slot);
        }
        self.come(voice)
    }

    /// The burst's stock, or another by popularity.
    fn choose(&mut self) -> u16 {
        if let (left @ 1.., stock) = self.burst {
            self.burst = (left - 1, stock);
            return stock;
        }
        let stock = self.ranks[usize::from(self.zipf.draw(&mut self.random))];
        if self.random.chance(BURST) {
            self.burst = (self.random.lognormal(4.0, 1.3).min(200), stock);
        }
        stock
    }

    /// The number of a new order.
    fn number(&mut self) -> u32 {
        self.reference += 1;
        let reference = self.reference;
        self.reference += u32::from(self.random.chance(UNSEEN));
        reference
    }

    /// Gives an order its lifetime and its place; `shares` is 0 in none that rests.
    fn rest(&mut self, mut order: Order, lifetime: u64) -> u32 {
        let due = u64::from(self.now) + 1 + lifetime;
        order.timed = due < u64::from(self.last);
        order.due = u32::try_from(due).unwrap_or(u32::MAX);
        order.born = self.now;
        let slot = self.orders.take(order);
        if order.timed {
            self.wheel.insert(&mut self.orders, slot);
        }
        let stock = &mut self.stocks[usize::from(order.stock)];
        let new = stock.sides[usize::from(order.side)].join(&mut self.orders, slot);
        self.measured.came(new);
        slot
    }

    /// Takes an order out of its book. Its place is free now, or when the wheel gives it up.
    fn remove(&mut self, slot: u32, in_wheel: bool) {
        let order = *self.orders.get(slot);
        let stock = &mut self.stocks[usize::from(order.stock)];
        let gone = stock.sides[usize::from(order.side)].leave(&mut self.orders, slot);
        self.measured.went(gone, self.now - order.born);
        if in_wheel && order.timed {
            self.orders.get_mut(slot).shares = 0;
        } else {
            self.orders.free(slot);
        }
    }

    /// How long an order lives, in messages.
    fn lifetime(&mut self) -> u64 {
        self.random.lognormal(self.median, LIFETIME_BITS)
    }

    /// An order comes.
    fn come<W: Write>(&mut self, voice: &mut Voice<W>) -> io::Result<()> {
        let stock = self.choose();
        self.measured.told(stock);
        let lifetime = self.lifetime();
        let doublings = (lifetime as f64 / self.median.max(1.0)) as u64;
        let doublings = u64::BITS - doublings.leading_zeros();
        let of = &self.stocks[usize::from(stock)];
        let mut side = usize::from(self.random.bits() & 1 == 1);
        let price = match of.place(side, doublings, &mut self.random) {
            Some(price) => price,
            // Asks at the lowest price leave bids no room; there is always room for one more ask.
            None => {
                side = 1;
                of.place(side, doublings, &mut self.random).unwrap_or(of.tick * 2)
            }
        };
        let shares = size(&mut self.random);
        let attributed = self.random.chance(ATTRIBUTED);
        let reference = self.number();
        let order = Order { reference, price, shares, stock, side: side as u8, ..Order::default() };
        self.rest(order, lifetime);
        voice.add(&order, self.stocks[usize::from(stock)].symbol, attributed)
    }

    /// An order that is due is deleted or replaced.
    fn end<W: Write>(&mut self, slot: u32, voice: &mut Voice<W>) -> io::Result<()> {
        let old = *self.orders.get(slot);
        self.measured.told(old.stock);
        self.remove(slot, false);
        if self.random.chance(REPLACED) {
            let stock = &self.stocks[usize::from(old.stock)];
            let moved = stock.move_from(old.price, usize::from(old.side), &mut self.random);
            let price = moved.unwrap_or(old.price);
            let shares =
                if self.random.chance(6_000) { old.shares } else { size(&mut self.random) };
            let lifetime = self.lifetime();
            let reference = self.number();
            let new = Order { reference, price, shares, ..old };
            self.rest(new, lifetime);
            return voice.replace(&old, &new);
        }
        voice.delete(&old)
    }

    /// An execution at the best price of a side, or a reduction; `false` if no book had any.
    fn take<W: Write>(&mut self, voice: &mut Voice<W>) -> io::Result<bool> {
        for _ in 0..TRIES {
            let index = self.ranks[usize::from(self.zipf.draw(&mut self.random))];
            let side = usize::from(self.random.bits() & 1 == 1);
            let levels = &self.stocks[usize::from(index)].sides[side];
            if self.random.chance(REDUCED) {
                let behind = self.random.below(levels.len().min(6) as u64) as usize;
                let Some(slot) = levels.first(behind) else { continue };
                let order = self.orders.get_mut(slot);
                if order.shares < 2 {
                    continue;
                }
                let by = part(order.shares, &mut self.random);
                order.shares -= by;
                self.measured.told(index);
                voice.reduce(self.orders.get(slot), by)?;
                return Ok(true);
            }
            if let Some(slot) = levels.first(0) {
                self.execute(slot, voice)?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn execute<W: Write>(&mut self, slot: u32, voice: &mut Voice<W>) -> io::Result<()> {
        let order = *self.orders.get(slot);
        let whole = order.shares < 2 || self.random.chance(WHOLE);
        let shares = if whole { order.shares } else { part(order.shares, &mut self.random) };
        if whole {
            self.remove(slot, true);
        } else {
            self.orders.get_mut(slot).shares -= shares;
        }
        let stock = &mut self.stocks[usize::from(order.stock)];
        stock.last = order.price / stock.tick;
        let tick = stock.tick;
        self.measured.told(order.stock);
        self.match_number += 1;
        if !self.random.chance(OTHER_PRICE) {
            return voice.execute(&order, shares, self.match_number);
        }
        // Better for whom the resting order meets; some are printed by a cross later.
        let better =
            if order.side == 0 { order.price.max(2 * tick) - tick } else { order.price + tick };
        let prints = !self.random.chance(2_000);
        voice.execute_at(&order, shares, self.match_number, better, prints)
    }

    /// A trade with an order that nobody sees, at the touch.
    fn hidden<W: Write>(&mut self, voice: &mut Voice<W>) -> io::Result<()> {
        let index = self.ranks[usize::from(self.zipf.draw(&mut self.random))];
        let side = (self.random.bits() & 1) as u8;
        let shares = size(&mut self.random);
        let stock = &self.stocks[usize::from(index)];
        let price = stock.sides[usize::from(side)].best(side).unwrap_or(stock.last * stock.tick);
        self.measured.told(index);
        self.match_number += 1;
        voice.trade(index, stock.symbol, shares, price, self.match_number)
    }

    /// The greatest number given to an order, seen or not.
    pub(super) const fn references(&self) -> u32 {
        self.reference
    }
}

/// Shares of an order: mostly one round lot, often odd.
fn size(random: &mut Random) -> u32 {
    let roll = random.below(100);
    let shares = match roll {
        0..28 => random.between(1, 99),
        28..78 => 100,
        78..92 => 100 * random.between(2, 5),
        92..99 => 100 * random.between(6, 20),
        _ => 100 * random.between(21, 100),
    };
    shares as u32
}

/// A part of at least two shares that leaves some, in round lots where there are several.
fn part(shares: u32, random: &mut Random) -> u32 {
    let of = |random: &mut Random, shares: u32| 1 + random.below(u64::from(shares - 1)) as u32;
    if shares > 100 && shares.is_multiple_of(100) {
        100 * of(random, shares / 100)
    } else {
        of(random, shares)
    }
}
