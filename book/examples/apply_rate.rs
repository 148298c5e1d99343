//! Nanoseconds per event on a generated market day: 8,900 books, about a million live orders.
//!
//! `cargo run --release -p book --example apply_rate [events [instruments [orders]]]`
//!
//! The stream is **generated**: the mix of events of a Nasdaq day (47 % adds, 42 % deletes, 8 %
//! replaces, 3 % executions and cancellations), a few busy symbols and many quiet ones, most orders
//! short-lived and near the touch, some old and far. It is decoded before the clock starts. The
//! `fetched ahead` rows use the three prefetch hints 24, 16 and 8 events before each event.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;
use std::time::Instant;

use book::{HashIndex, L3Books, L3Limits, OrderIndex, PagedIndex, Side, Trail};

const ROUNDS: usize = 5;
/// Mean life of most orders, in events.
const SHORT: f64 = 30_000.0;

#[derive(Clone, Copy)]
enum Kind {
    Add,
    Delete,
    Replace,
    Execute,
}

#[derive(Clone, Copy)]
struct Event {
    kind: Kind,
    side: Side,
    instrument: u32,
    reference: u64,
    new: u64,
    price: i64,
    quantity: i64,
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Exponentially distributed.
    fn exponential(&mut self, mean: f64) -> f64 {
        -(1.0 - self.unit()).ln() * mean
    }
}

/// Generates a day: orders that end at times drawn when they begin.
struct Day {
    random: Random,
    instruments: u64,
    /// Mean life of the tenth of the orders that rest, in events.
    long: f64,
    middle: Vec<i64>,
    /// (end, reference, instrument, side) of live orders.
    ends: BinaryHeap<Reverse<(u64, u64, u32, bool)>>,
    reference: u64,
}

impl Day {
    fn instrument(&mut self) -> u32 {
        // Busy symbols: rank = N * u^2.5 puts a tenth of the market's activity on 0.4 % of them.
        (self.instruments as f64 * self.random.unit().powf(2.5)) as u32
    }

    fn order(&mut self, now: u64, instrument: u32, ask: bool, rests: bool) -> Event {
        self.reference += 1;
        let far = self.random.unit() < 0.1;
        let away = self.random.exponential(if far { 60.0 } else { 4.0 }) as i64;
        if self.random.unit() < 0.002 {
            self.middle[instrument as usize] += self.random.next() as i64 % 2;
        }
        let middle = self.middle[instrument as usize];
        let (side, ticks) =
            if ask { (Side::Ask, middle + 1 + away) } else { (Side::Bid, middle - away) };
        let life = self.random.exponential(if rests { self.long } else { SHORT }) as u64;
        self.ends.push(Reverse((now + 1 + life, self.reference, instrument, ask)));
        let quantity = 100 * (1 + (self.random.next() % 5) as i64);
        let (reference, price) = (self.reference, ticks * 100);
        Event { kind: Kind::Add, side, instrument, reference, new: 0, price, quantity }
    }

    fn event(&mut self, now: u64) -> Event {
        let ended = self.ends.peek().is_some_and(|Reverse((end, ..))| *end <= now);
        if !ended {
            let (instrument, ask) = (self.instrument(), self.random.unit() < 0.5);
            let rests = self.random.unit() < 0.1;
            return self.order(now, instrument, ask, rests);
        }
        let Some(Reverse((_, reference, instrument, ask))) = self.ends.pop() else {
            return self.order(now, 0, false, false);
        };
        let roll = self.random.unit();
        let side = if ask { Side::Ask } else { Side::Bid };
        let event = Event {
            kind: Kind::Delete,
            side,
            instrument,
            reference,
            new: 0,
            price: 0,
            quantity: 0,
        };
        if roll < 0.15 {
            let rests = self.random.unit() < 0.1;
            let new = self.order(now, instrument, ask, rests);
            let (price, quantity) = (new.price, new.quantity);
            return Event { kind: Kind::Replace, new: new.reference, price, quantity, ..event };
        }
        if roll < 0.20 {
            self.ends.push(Reverse((now + 20, reference, instrument, ask)));
            return Event { kind: Kind::Execute, quantity: 1, ..event };
        }
        event
    }
}

/// The events that build the books, the events to time, and the highest reference.
fn generate(events: u64, instruments: u64, orders: u64) -> (Vec<Event>, Vec<Event>, u64) {
    let mut random = Random(20_260_102);
    let middle = (0..instruments).map(|_| 500 + (random.next() % 20_000) as i64).collect();
    let long = orders as f64 * 20.0;
    let ends = BinaryHeap::new();
    let mut day = Day { random, instruments, long, middle, ends, reference: 0 };
    let mut before = Vec::new();
    for _ in 0..orders {
        let (instrument, ask) = (day.instrument(), day.random.unit() < 0.5);
        before.push(day.order(0, instrument, ask, true));
    }
    let settle = SHORT as u64 * 10;
    before.extend((0..settle).map(|now| day.event(now)));
    let timed = (settle..settle + events).map(|now| day.event(now)).collect();
    (before, timed, day.reference)
}

#[inline(always)]
fn apply<I: OrderIndex>(books: &mut L3Books<I>, event: &Event) -> i64 {
    let Event { instrument, reference, side, price, quantity, .. } = *event;
    let position = match event.kind {
        Kind::Add => {
            books.add(instrument, reference, side, price, quantity).map(|done| done.level.position)
        }
        Kind::Delete => books.delete(instrument, reference).map(|done| done.level.position),
        Kind::Replace => books
            .replace(instrument, reference, event.new, price, quantity)
            .map(|done| done.to.position),
        Kind::Execute => {
            books.execute(instrument, reference, quantity).map(|done| done.level.position)
        }
    };
    position.map_or(i64::MIN / 1_000_000_000, i64::from)
}

fn plain<I: OrderIndex>(books: &mut L3Books<I>, events: &[Event]) -> i64 {
    events.iter().map(|event| apply(books, event)).sum()
}

fn ahead<I: OrderIndex>(books: &mut L3Books<I>, events: &[Event]) -> i64 {
    let mut sum = 0;
    // The trails of the events up to 24 ahead, each in the place of its number.
    let mut trails = [Trail::default(); 32];
    for (at, event) in events.iter().enumerate() {
        if let Some(later) = events.get(at + 24) {
            trails[(at + 24) % 32] = books.approach(later.instrument, later.reference, later.side);
        }
        if let Some(later) = events.get(at + 16) {
            let trail = &mut trails[(at + 16) % 32];
            *trail = books.approach_order(*trail, later.reference);
        }
        if at + 8 < events.len() {
            books.approach_level(trails[(at + 8) % 32]);
        }
        sum += apply(books, event);
    }
    sum
}

type Run<I> = fn(&mut L3Books<I>, &[Event]) -> i64;

fn measure<I: OrderIndex + Clone>(
    name: &str,
    start: &L3Books<I>,
    events: &[Event],
    run: Run<I>,
) -> i64 {
    let mut nanoseconds = Vec::new();
    let mut sum = 0;
    for _ in 0..ROUNDS {
        let mut books = start.clone();
        let began = Instant::now();
        sum = black_box(run(&mut books, events));
        nanoseconds.push(began.elapsed().as_nanos() as f64 / events.len() as f64);
    }
    nanoseconds.sort_by(f64::total_cmp);
    println!(
        "{name:<28} {:6.1} ns/event (best {:.1}, worst {:.1})",
        nanoseconds[ROUNDS / 2],
        nanoseconds[0],
        nanoseconds[ROUNDS - 1]
    );
    sum
}

fn both<I: OrderIndex + Clone>(name: &str, limits: L3Limits, before: &[Event], timed: &[Event]) {
    let mut books = match L3Books::<I>::new(limits) {
        Ok(books) => books,
        Err(error) => return println!("{name}: {error}"),
    };
    plain(&mut books, before);
    println!("{name}: {} orders, {} levels", books.live_orders(), books.live_levels());
    let one = measure("  one at a time", &books, timed, plain);
    let two = measure("  fetched ahead", &books, timed, ahead);
    println!("  positions sum to {one} and {two}: {}", if one == two { "same" } else { "WRONG" });
}

fn main() {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse::<u64>().ok());
    let mut argument = |default| numbers.next().flatten().unwrap_or(default);
    let (events, instruments, live) = (argument(4_000_000), argument(8_900), argument(1_000_000));
    let (before, timed, reference_max) = generate(events, instruments, live);
    let orders = (live * 3 + 100_000) as u32;
    let limits = L3Limits { reference_max, ..L3Limits::new(instruments as u32, orders) };
    println!("{events} events, {instruments} instruments");
    both::<PagedIndex>("paged", L3Limits { pages: orders / 2, ..limits }, &before, &timed);
    both::<HashIndex>("hash", limits, &before, &timed);
}
