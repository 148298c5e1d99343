//! A long seeded day: a million events over books hundreds of levels deep, compared with the naive
//! twin: every answer, and the whole of the books every few thousand events.

mod naive;

use book::{BookError, HashIndex, L3Limits, OrderIndex, PagedIndex, Side};
use naive::drive::{Event, Pair};
use naive::random::Random;

const INSTRUMENTS: u64 = 4;
const LIVE: usize = 6_000;

/// A stream that keeps thousands of orders alive around prices that wander, with errors mixed in.
struct Day {
    random: Random,
    live: Vec<(u32, u64)>,
    next_reference: u64,
    middle: [i64; INSTRUMENTS as usize],
}

impl Day {
    fn new(seed: u64) -> Self {
        let middle = [1_000, -40, 1_000_000_000_000, 5];
        Day { random: Random(seed), live: Vec::new(), next_reference: 1, middle }
    }

    fn price(&mut self, instrument: u32, side: Side) -> i64 {
        let middle = &mut self.middle[instrument as usize];
        let random = &mut self.random;
        *middle += random.below(3) as i64 - 1;
        // Mostly at the touch, sometimes far away.
        let spread = if random.one_in(3) { 1_500 } else { 25 };
        let away = random.below(spread) as i64 - 2;
        if side == Side::Bid { *middle - away } else { *middle + away }
    }

    fn pick(&mut self) -> (usize, u32, u64) {
        let at = self.random.below(self.live.len().max(1) as u64) as usize;
        let (mut instrument, mut reference) = self.live.get(at).copied().unwrap_or((0, 0));
        if self.random.one_in(200) {
            reference += self.random.below(3);
        }
        if self.random.one_in(300) {
            instrument = self.random.below(INSTRUMENTS + 1) as u32;
        }
        (at, instrument, reference)
    }

    fn fresh(&mut self) -> u64 {
        if self.random.one_in(500) {
            return self.random.below(self.next_reference);
        }
        self.next_reference += 1 + self.random.below(2);
        self.next_reference
    }

    fn quantity(&mut self) -> i64 {
        let random = &mut self.random;
        if random.one_in(400) { random.below(2) as i64 - 1 } else { 1 + random.below(300) as i64 }
    }

    fn event(&mut self) -> Event {
        let side = if self.random.one_in(2) { Side::Bid } else { Side::Ask };
        let quantity = self.quantity();
        // The number of live orders swings between half and the whole of LIVE.
        let grow = (self.next_reference / 20_000).is_multiple_of(2);
        let adds =
            if self.live.len() < LIVE / 2 || (grow && self.live.len() < LIVE) { 60 } else { 30 };
        let roll = self.random.below(100);
        if roll < adds || self.live.is_empty() {
            let instrument = self.random.below(INSTRUMENTS) as u32;
            let (price, reference) = (self.price(instrument, side), self.fresh());
            return Event::Add { instrument, reference, side, price, quantity };
        }
        let (_, instrument, reference) = self.pick();
        let price = self.price(instrument.min(3), side);
        match roll % 10 {
            0 => Event::Execute { instrument, reference, quantity },
            1 => Event::Reduce { instrument, reference, quantity },
            2 => Event::Replace { instrument, old: reference, new: self.fresh(), price, quantity },
            3 => {
                let keep = self.random.one_in(2);
                Event::Modify { instrument, reference, price, quantity, keep }
            }
            _ => Event::Delete { instrument, reference },
        }
    }
}

fn run<I: OrderIndex>(limits: L3Limits, paged: bool, seed: u64, events: u64) {
    let mut day = Day::new(seed);
    let mut pair = Pair::<I>::new(limits, paged);
    let mut deepest = 0;
    for count in 0..events {
        let event = day.event();
        let result = pair.apply(event);
        match event {
            Event::Add { instrument, reference, .. } if result.is_ok() => {
                day.live.push((instrument, reference));
            }
            Event::Replace { instrument, new, .. } if result.is_ok() => {
                day.live.push((instrument, new));
            }
            _ => {}
        }
        if day.live.len() > 2 * LIVE || count % 5_000 == 0 {
            day.live.retain(|(_, reference)| pair.books.order(*reference).is_some());
        }
        if count % 10_000 == 0 {
            pair.compare_all();
            deepest = deepest.max(pair.books.depth(0, Side::Bid));
        }
        if count % 400_000 == 399_999 {
            let instrument = day.random.below(INSTRUMENTS) as u32;
            let _infallible = pair.apply(Event::Clear { instrument });
        }
    }
    pair.compare_all();
    // The stream must have reached what it is for.
    assert!(deepest > 300, "books only {deepest} levels deep");
    assert!(pair.applied > events / 2, "{} of {events} applied", pair.applied);
    for error in [
        BookError::UnknownReference,
        BookError::DuplicateReference,
        BookError::WrongInstrument,
        BookError::ZeroQuantity,
        BookError::NegativeQuantity,
        BookError::OverExecution,
        BookError::OverReduction,
    ] {
        assert!(pair.errors[error.index()] > 0, "{error} never happened");
    }
    pair.books.clear_all();
    assert_eq!((pair.books.live_orders(), pair.books.live_levels()), (0, 0));
}

#[test]
fn a_million_events_on_paged_books() {
    let limits = L3Limits { reference_max: 4_000_000, ..L3Limits::new(4, 20_000) };
    run::<PagedIndex>(limits, true, 0x5eed_0001, 1_000_000);
}

#[test]
fn three_hundred_thousand_events_on_hash_books_with_little_room() {
    let limits = L3Limits { levels: 2_500, ..L3Limits::new(4, 4_000) };
    run::<HashIndex>(limits, false, 0x5eed_0002, 300_000);
}
