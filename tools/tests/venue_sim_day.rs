//! A generated day, read by a naive book that shares nothing with its maker.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use protocol::venue::nasdaq::file::{self, Frame, SIMULATED_TRACKING};
use protocol::venue::nasdaq::{Message, decode};
use tools::venue_sim::Error;
use tools::venue_sim::day::{self, Calibration, Spec, Statistics, VERSION};

/// A fortieth of the whole day in messages and in symbols: each symbol trades as in the whole.
const MILLION: Spec = Spec { seed: 7, messages: 1_000_000, symbols: 222, first: 0 };
const SMALL: Spec = Spec { seed: 1, messages: 30_000, symbols: 50, first: 0 };

fn made(spec: &Spec) -> (Vec<u8>, Statistics) {
    let mut bytes = vec![];
    let statistics = day::generate(spec, &mut bytes).expect("a day");
    (bytes, statistics)
}

/// Every message of a file.
fn each(bytes: &[u8], mut see: impl FnMut(u64, &Message<'_>)) {
    let mut rest = bytes;
    for number in 1.. {
        match file::next(rest, true) {
            Frame::Message { bytes, consumed } => {
                see(number, &decode(bytes).unwrap_or_else(|e| panic!("message {number}: {e}")));
                rest = &rest[consumed..];
            }
            Frame::End => break,
            frame => panic!("message {number}: {frame:?}"),
        }
    }
}

#[derive(Clone, Copy)]
struct Resting {
    locate: u16,
    side: u8,
    price: u32,
    shares: u32,
}

/// The naive book: every rule of the feed as a sentence.
#[derive(Default)]
struct Twin {
    orders: HashMap<u64, Resting>,
    /// Queues by locate, side and price.
    books: BTreeMap<(u16, u8, u32), VecDeque<u64>>,
    greatest: u64,
    last_ns: u64,
    last_match: u64,
    peak_orders: usize,
    peak_levels: usize,
    counts: BTreeMap<char, u64>,
}

impl Twin {
    fn best(&self, locate: u16, side: u8) -> Option<u32> {
        let mut range = self.books.range((locate, side, 0)..=(locate, side, u32::MAX));
        let level = if side == b'B' { range.next_back() } else { range.next() };
        level.map(|(key, _)| key.2)
    }

    fn add(&mut self, reference: u64, order: Resting) {
        assert!(reference > self.greatest, "numbers count up: {reference}");
        self.greatest = reference;
        assert!(order.shares > 0 && order.price > 0 && order.price < 2_000_000_000);
        assert!(order.side == b'B' || order.side == b'S');
        assert!(self.orders.insert(reference, order).is_none());
        let key = (order.locate, order.side, order.price);
        self.books.entry(key).or_default().push_back(reference);
        if let (Some(bid), Some(ask)) =
            (self.best(order.locate, b'B'), self.best(order.locate, b'S'))
        {
            assert!(bid < ask, "order {reference} crosses: {bid} x {ask}");
        }
    }

    fn remove(&mut self, reference: u64, locate: u16) -> Resting {
        let order = self.orders.remove(&reference).unwrap_or_else(|| panic!("{reference} rests"));
        assert_eq!(order.locate, locate, "{reference}");
        let key = (order.locate, order.side, order.price);
        let queue = self.books.get_mut(&key).expect("its queue");
        queue.retain(|other| *other != reference);
        if queue.is_empty() {
            self.books.remove(&key);
        }
        order
    }

    fn take(&mut self, reference: u64, locate: u16, shares: u32, executed: bool) {
        let order = self.orders.get_mut(&reference).unwrap_or_else(|| panic!("{reference} rests"));
        assert_eq!(order.locate, locate);
        assert!(shares > 0 && shares <= order.shares, "{reference}: {shares} of {}", order.shares);
        order.shares -= shares;
        let order = *order;
        if executed {
            assert_eq!(self.best(locate, order.side), Some(order.price), "at the best price");
            let queue = &self.books[&(locate, order.side, order.price)];
            assert_eq!(queue.front(), Some(&reference), "the first of its queue");
        } else {
            assert!(order.shares > 0, "a reduction leaves some");
        }
        if order.shares == 0 {
            self.remove(reference, locate);
        }
    }

    fn matched(&mut self, number: u64) {
        assert!(number > self.last_match);
        self.last_match = number;
    }

    fn see(&mut self, message: &Message<'_>) {
        assert!(message.timestamp() >= self.last_ns, "time goes back");
        self.last_ns = message.timestamp();
        *self.counts.entry(char::from(message.code())).or_default() += 1;
        let locate = message.locate();
        let resting = |side, price, shares| Resting { locate, side, price, shares };
        match message {
            Message::AddOrder(m) => {
                self.add(m.reference.get(), resting(m.buy_sell, m.price.get(), m.shares.get()));
            }
            Message::AddOrderAttributed(m) => {
                self.add(m.reference.get(), resting(m.buy_sell, m.price.get(), m.shares.get()));
            }
            Message::OrderExecuted(m) => {
                self.matched(m.match_number.get());
                self.take(m.reference.get(), locate, m.executed.get(), true);
            }
            Message::OrderExecutedWithPrice(m) => {
                self.matched(m.match_number.get());
                assert!(m.price.get() > 0);
                self.take(m.reference.get(), locate, m.executed.get(), true);
            }
            Message::OrderCancel(m) => {
                self.take(m.reference.get(), locate, m.cancelled.get(), false);
            }
            Message::OrderDelete(m) => {
                self.remove(m.reference.get(), locate);
            }
            Message::OrderReplace(m) => {
                let old = self.remove(m.original.get(), locate);
                self.add(m.reference.get(), resting(old.side, m.price.get(), m.shares.get()));
            }
            Message::Trade(m) => self.matched(m.match_number.get()),
            _ => {}
        }
        self.peak_orders = self.peak_orders.max(self.orders.len());
        self.peak_levels = self.peak_levels.max(self.books.len());
    }
}

fn within(name: &str, measured: f64, wanted: f64, tolerance: f64) {
    let ratio = measured / wanted;
    assert!((1.0 - ratio).abs() <= tolerance, "{name}: {measured} is {ratio:.3} of {wanted}");
}

#[test]
fn a_naive_book_takes_every_message_and_counts_the_same() {
    let (bytes, statistics) = made(&MILLION);
    let mut twin = Twin::default();
    let mut messages = 0;
    each(&bytes, |number, message| {
        twin.see(message);
        messages = number;
    });
    let summary = &statistics.summary;
    assert_eq!((messages, bytes.len() as u64), (MILLION.messages, summary.bytes));
    assert_eq!((summary.messages, summary.last_ns), (MILLION.messages, twin.last_ns));
    assert_eq!(twin.counts, summary.types);
    assert_eq!(twin.peak_orders as u64, statistics.peak_orders);
    assert_eq!(twin.peak_levels as u64, statistics.peak_levels);
    assert_eq!(twin.orders.len() as u64, statistics.end_orders);
    assert_eq!(twin.books.len() as u64, statistics.end_levels);
    // Orders that nobody sees may have the last numbers.
    assert!(statistics.references - twin.greatest <= 1);
}

/// The bands are what a fortieth of the day scatters by; the whole day comes nearer.
#[test]
fn statistics_are_those_of_real_days() {
    let (_, day) = made(&MILLION);
    let (whole, scale) = (Calibration::WHOLE, 1.0 / 40.0);
    within("adds", day.share(&['A', 'F']), whole.adds, 0.01);
    within("deletes", day.share(&['D']), whole.deletes, 0.01);
    within("replaces", day.share(&['U']), whole.replaces, 0.02);
    within("takes", day.share(&['E', 'C', 'X']), whole.takes, 0.03);
    within("references", day.references as f64, whole.references * scale, 0.01);
    within("lifetime", day.median_lifetime as f64, whole.lifetime * scale, 0.07);
    within("orders", day.peak_orders as f64, whole.orders * scale, 0.05);
    within("levels", day.peak_levels as f64, whole.levels * scale, 0.08);
    within("zipf", day.zipf, whole.zipf, 0.08);
    assert_eq!(day.active_symbols, 222);
    assert_eq!(day.summary.types[&'R'], 222);
}

#[test]
fn prices_scatter_as_no_ladder_holds() {
    let (bytes, _) = made(&Spec { messages: 200_000, ..MILLION });
    let mut prices: HashMap<u16, (u32, u32)> = HashMap::new();
    let mut below_a_cent = BTreeSet::new();
    each(&bytes, |_, message| {
        if let Message::AddOrder(m) = message {
            let price = m.price.get();
            let (low, high) = prices.entry(message.locate()).or_insert((price, price));
            (*low, *high) = ((*low).min(price), (*high).max(price));
            if price % 100 != 0 {
                below_a_cent.insert(message.locate());
            }
        }
    });
    let wide = prices.values().filter(|(low, high)| high / low >= 2).count();
    assert!(wide >= 150, "{wide} of 222 stocks");
    // One in 33 on average.
    assert!((1..=20).contains(&below_a_cent.len()), "{below_a_cent:?}");
}

#[test]
fn a_seed_gives_the_same_bytes() {
    let (bytes, statistics) = made(&SMALL);
    assert_eq!((&bytes, &statistics), (&made(&SMALL).0, &made(&SMALL).1));
    assert_ne!(bytes, made(&Spec { seed: 2, ..SMALL }).0);
    // FNV-1a. Where the bytes are meant to change, raise VERSION and put the new hash here.
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    });
    assert_eq!((VERSION, hash), (1, GOLDEN), "{hash:#x}");
}

const GOLDEN: u64 = 0xf0f0_f855_5355_4e51;

#[test]
fn the_first_messages_are_those_of_the_whole_day() {
    let (whole, _) = made(&SMALL);
    for first in [1, 2, 100, 152, 10_000, 29_999] {
        let (begin, statistics) = made(&Spec { first, ..SMALL });
        assert_eq!(statistics.summary.messages, first);
        assert!(whole.starts_with(&begin), "{first}");
    }
    assert_eq!(made(&Spec { first: 30_001, ..SMALL }).0, whole);
}

#[test]
fn the_first_message_says_simulated() {
    let (bytes, _) = made(&SMALL);
    let mut tracking = vec![];
    let mut events = String::new();
    each(&bytes, |number, message| {
        if let Message::SystemEvent(m) = message {
            events.push(char::from(m.event_code));
            if number == 1 {
                tracking.push(m.header.tracking.get());
            }
        }
    });
    assert_eq!((tracking, events.as_str()), (vec![SIMULATED_TRACKING], "OSQMEC"));
}

#[test]
fn a_day_too_small_or_without_symbols_is_refused() {
    for spec in [
        Spec { symbols: 0, ..SMALL },
        Spec { symbols: u16::MAX, ..SMALL },
        Spec { messages: SMALL.frame() - 1, ..SMALL },
        Spec { messages: u64::MAX, ..SMALL },
    ] {
        assert!(matches!(day::generate(&spec, &mut vec![]), Err(Error::Range { .. })), "{spec:?}");
    }
    let (bytes, statistics) = made(&Spec { messages: SMALL.frame(), ..SMALL });
    assert_eq!((statistics.summary.messages, statistics.peak_orders), (SMALL.frame(), 0));
    assert!(!bytes.is_empty());
}

#[test]
fn one_symbol_has_a_day() {
    let (bytes, statistics) = made(&Spec { symbols: 1, ..SMALL });
    let mut twin = Twin::default();
    each(&bytes, |_, message| twin.see(message));
    assert_eq!(statistics.summary.messages, SMALL.messages);
    assert_eq!(twin.peak_orders as u64, statistics.peak_orders);
}
