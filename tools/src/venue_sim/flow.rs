//! The agents: who adds, cancels, replaces and trades.
//!
//! Calibrated to the published counts of whole Nasdaq days: of the messages about 46.6 % are adds,
//! 41.7 % deletes, 7.7 % replaces and 2.9 % executions and reductions; symbols differ in activity
//! by Zipf's law and come in bursts; lifetimes of orders are lognormal with a very long tail, so
//! that each side of a book holds some eighty orders on average.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use protocol::venue::nasdaq::codes::Side;

use super::engine::{Display, Engine, Event, Handle, Order, Phase};
use super::half::opposite;
use super::instrument::{Instrument, TICK};
use super::random::{Random, Zipf};

/// Median lifetime of an order in messages, per instrument of the session.
const MEDIAN_LIFETIME: f64 = 12.0;
/// Deviation of lifetimes, in powers of two.
const LIFETIME_BITS: f64 = 4.5;
/// Of 10,000 arrivals so many take from the book.
const MARKETABLE: u64 = 140;
/// Of 10,000 arrivals so many rest unseen.
const HIDDEN: u64 = 450;
/// Of 10,000 displayed orders so many name their participant.
const ATTRIBUTED: u64 = 300;
/// Of 10,000 displayed orders so many have a reserve price.
const DISCRETIONARY: u64 = 150;
/// Of 10,000 ends of a lifetime so many are replacements, and so many reductions.
const REPLACED: u64 = 1_660;
const REDUCED: u64 = 110;
/// Of 10,000 arrivals so many move the reference price by a tick.
const DRIFT: u64 = 400;

/// Participants of the simulation.
pub(super) const PARTICIPANTS: [[u8; 4]; 4] = [*b"SIMA", *b"SIMB", *b"SIMC", *b"SIMD"];

/// All agents together.
#[derive(Debug)]
pub(super) struct Flow {
    random: Random,
    zipf: Zipf,
    /// What each instrument is worth, in ticks.
    worth: Vec<u32>,
    /// When orders end, by messages of the flow.
    expiries: BinaryHeap<Reverse<(u64, Handle)>>,
    median: f64,
    /// Messages made so far.
    done: u64,
    /// Messages to make.
    total: u64,
    burst: (u64, u16),
}

impl Flow {
    /// Agents for these instruments that will make about `total` messages.
    pub(super) fn new(instruments: &[Instrument], total: u64, random: Random) -> Self {
        let count = instruments.len() as u16;
        Self {
            random,
            zipf: Zipf::new(count),
            worth: instruments.iter().map(|instrument| instrument.ticks).collect(),
            expiries: BinaryHeap::new(),
            median: MEDIAN_LIFETIME * f64::from(count),
            done: 0,
            total,
            burst: (0, 0),
        }
    }

    /// Messages made, and to be made.
    pub(super) const fn progress(&self) -> (u64, u64) {
        (self.done, self.total)
    }

    /// What an instrument is worth, 10^-4 dollars.
    pub(super) fn worth(&self, instrument: u16) -> u32 {
        self.worth[usize::from(instrument)] * TICK
    }

    /// The agents' random numbers, for what the venue leaves to chance.
    pub(super) fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    /// Whether the next step belongs to the burst of the last.
    pub(super) const fn in_burst(&self) -> bool {
        self.burst.0 > 0
    }

    /// One decision of one agent; the instrument it is about. Decisions that the feed does not
    /// show leave `events` empty.
    pub(super) fn step(&mut self, engine: &mut Engine, events: &mut Vec<Event>) -> Option<u16> {
        let due = self.expiries.peek().is_some_and(|Reverse((due, _))| *due <= self.done);
        let instrument = if due {
            let Reverse((_, handle)) = self.expiries.pop()?;
            let (instrument, ..) = engine.order(handle)?;
            self.expire(engine, handle, events);
            instrument
        } else {
            let instrument = self.choose();
            self.arrive(engine, instrument, events);
            instrument
        };
        self.done += events.len() as u64;
        Some(instrument)
    }

    /// The burst's instrument, or another by popularity: most bursts are single, some are long.
    fn choose(&mut self) -> u16 {
        if self.burst.0 == 0 {
            let length = 1 + self.random.lognormal(0.8, 1.6);
            self.burst = (length.min(400), self.zipf.draw(&mut self.random));
        }
        self.burst.0 -= 1;
        self.burst.1
    }

    fn arrive(&mut self, engine: &mut Engine, instrument: u16, events: &mut Vec<Event>) {
        self.drift(instrument);
        let kind = self.random.below(10_000);
        let order = if kind < MARKETABLE {
            self.marketable(engine, instrument)
        } else if kind < MARKETABLE + HIDDEN {
            Some(self.hidden(engine, instrument))
        } else {
            Some(self.passive(engine, instrument))
        };
        if let Some(handle) = order.and_then(|order| engine.submit(&order, events)) {
            self.schedule(handle);
        }
    }

    fn drift(&mut self, instrument: u16) {
        if self.random.chance(DRIFT) {
            let up = self.random.chance(5_000);
            let worth = &mut self.worth[usize::from(instrument)];
            *worth = if up { *worth + 1 } else { (*worth - 1).max(100) };
        }
    }

    fn schedule(&mut self, handle: Handle) {
        let lifetime = 1 + self.random.lognormal(self.median, LIFETIME_BITS);
        let due = self.done + lifetime;
        if due < self.total {
            self.expiries.push(Reverse((due, handle)));
        }
    }

    /// Mostly a round lot, sometimes several, sometimes an odd lot.
    fn shares(&mut self) -> u32 {
        let shares = match self.random.below(100) {
            0..70 => 100,
            70..86 => 100 * self.random.between(2, 10),
            86..97 => self.random.between(1, 99),
            _ => 100 * self.random.between(10, 80),
        };
        shares as u32
    }

    fn side(&mut self) -> Side {
        if self.random.chance(5_000) { Side::Buy } else { Side::Sell }
    }

    /// A price on this side of the worth, near it more often than far, and never through the other
    /// side's best: these agents want to rest. In the call phase they may cross.
    fn resting_price(&mut self, engine: &Engine, instrument: u16, side: Side) -> u32 {
        let worth = self.worth[usize::from(instrument)];
        let distance = self.random.lognormal(2.0, 1.9).min(u64::from(worth) / 3) as u32;
        let call = engine.phase(instrument) == Phase::Call;
        let overlap = if call { self.random.below(6) as u32 } else { 0 };
        let ticks = match side {
            Side::Buy => (worth + overlap).saturating_sub(1 + distance).max(1),
            Side::Sell => (worth + 1 + distance).saturating_sub(overlap).max(2),
        };
        let price = ticks * TICK;
        match engine.best(instrument, opposite(side)).filter(|_| !call) {
            Some(best) if side == Side::Buy => price.min(best.saturating_sub(TICK)).max(TICK),
            Some(best) => price.max(best + TICK),
            None => price,
        }
    }

    fn passive(&mut self, engine: &Engine, instrument: u16) -> Order {
        let side = self.side();
        let price = self.resting_price(engine, instrument, side);
        let attribution = if self.random.chance(ATTRIBUTED) {
            self.random.pick(&PARTICIPANTS).copied()
        } else {
            None
        };
        let reserve = if self.random.chance(DISCRETIONARY) {
            self.reserve(engine, instrument, side, price)
        } else {
            price
        };
        let display = Display::Shown { attribution, reserve };
        Order { instrument, side, shares: self.shares(), price, display }
    }

    /// Up to three ticks beyond the price, short of the other side's best.
    fn reserve(&mut self, engine: &Engine, instrument: u16, side: Side, price: u32) -> u32 {
        let better = self.random.between(1, 3) as u32 * TICK;
        match (side, engine.best(instrument, opposite(side))) {
            (Side::Buy, Some(best)) => (price + better).min(best.saturating_sub(TICK)).max(price),
            (Side::Sell, Some(best)) => price.saturating_sub(better).max(best + TICK).min(price),
            _ => price,
        }
    }

    /// At the best price of its side or inside the spread.
    fn hidden(&mut self, engine: &Engine, instrument: u16) -> Order {
        let side = self.side();
        let own = engine.best(instrument, side);
        let against = engine.best(instrument, opposite(side));
        let price = match (own, against) {
            (Some(own), Some(against)) => {
                let ticks = own.abs_diff(against) / TICK;
                let inside = self.random.below(u64::from(ticks.max(1))) as u32 * TICK;
                if side == Side::Buy { own + inside } else { own.saturating_sub(inside).max(TICK) }
            }
            _ => self.resting_price(engine, instrument, side),
        };
        Order { instrument, side, shares: self.shares(), price, display: Display::Hidden }
    }

    /// Takes the other side's best, towards the worth rather than away from it.
    fn marketable(&mut self, engine: &Engine, instrument: u16) -> Option<Order> {
        let worth = self.worth(instrument);
        let best = [Side::Buy, Side::Sell].map(|side| engine.best(instrument, side));
        let buys = match best {
            [_, Some(ask)] if worth > ask => 9_000,
            [Some(bid), _] if worth < bid => 1_000,
            _ => 5_000,
        };
        let side = if self.random.chance(buys) { Side::Buy } else { Side::Sell };
        let best = engine.best(instrument, opposite(side))?;
        let through = self.random.below(3) as u32 * TICK;
        let price = match side {
            Side::Buy => best + through,
            Side::Sell => best.saturating_sub(through).max(TICK),
        };
        let display = if self.random.chance(6_000) {
            Display::Immediate
        } else {
            Display::Shown { attribution: None, reserve: price }
        };
        let shares = self.random.lognormal(110.0, 1.4).clamp(1, 20_000) as u32;
        Some(Order { instrument, side, shares, price, display })
    }

    /// An order's time is over: it is deleted, or replaced, or reduced and stays a while.
    fn expire(&mut self, engine: &mut Engine, handle: Handle, events: &mut Vec<Event>) {
        let Some((instrument, side, shares, price)) = engine.order(handle) else { return };
        let kind = self.random.below(10_000);
        if kind < REDUCED && engine.reduce(handle, shares / 2, events) {
            self.schedule(handle);
        } else if kind < REDUCED + REPLACED {
            // Half follow the market, half move a little.
            let new_price = if self.random.chance(5_000) {
                self.resting_price(engine, instrument, side)
            } else {
                let moved = price + self.random.below(7) as u32 * TICK;
                moved.saturating_sub(3 * TICK).max(TICK)
            };
            let new_shares = if self.random.chance(7_000) { shares } else { self.shares() };
            match engine.replace(handle, new_shares, new_price, events) {
                Some(new) => self.schedule(new),
                None => drop(engine.delete(handle, events)),
            }
        } else {
            engine.delete(handle, events);
        }
    }
}
