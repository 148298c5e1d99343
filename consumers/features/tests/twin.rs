//! The engine against a naive twin that keeps everything and computes every value by its
//! definition, over random markets with gaps; and against itself, replayed.

mod common;

use std::collections::BTreeMap;

use common::feed::{Collect, Feed, Seen};
use features::engine::{Engine, EngineSpec};
use features::instrument::Sizes;
use features::output::Feature;
use proptest::prelude::*;
use wire::Side;
use wire::payload::Trade;
use wire::record::first_difference;

const SECOND: i64 = 1_000_000_000;

/// What happens next, and how many microseconds after what was before.
#[derive(Clone, Debug)]
enum Step {
    Level { index: u32, side: Side, price: i64, quantity: i64 },
    Trade { index: u32, price: i64, quantity: i64, aggressor: u8 },
    Gap,
    Heartbeat,
}

fn step() -> impl Strategy<Value = (u64, Step)> {
    let side = prop::bool::ANY.prop_map(|bid| if bid { Side::Bid } else { Side::Ask });
    // Bids up to 100, asks from 100: sometimes locked, never crossed.
    let level = (1_u32..=2, side, 0_i64..6, 0_i64..4).prop_map(|(index, side, away, quantity)| {
        let price = if side == Side::Bid { 100 - away } else { 100 + away };
        Step::Level { index, side, price, quantity: quantity * 10 }
    });
    let trade = (1_u32..=2, 95_i64..106, 1_i64..50, 0_u8..3).prop_map(
        |(index, price, quantity, aggressor)| Step::Trade { index, price, quantity, aggressor },
    );
    let step = prop_oneof![
        12 => level,
        6 => trade,
        1 => Just(Step::Gap),
        1 => Just(Step::Heartbeat),
    ];
    // Mostly moments, sometimes seconds, often no time at all.
    let pause = prop_oneof![Just(0_u64), 1_u64..300_000, 300_000_u64..15_000_000];
    (pause, step)
}

type Quote = (i64, i64, i64, i64);

/// Everything that happened to one instrument.
#[derive(Default)]
struct Naive {
    books: [BTreeMap<i64, i64>; 2],
    /// Time and quote after each event; `None`: not valid.
    quotes: Vec<(i64, Option<Quote>)>,
    /// Time, signed quantity.
    trades: Vec<(i64, i64)>,
    /// Price and quantity of every trade.
    volume: Vec<(i64, i64)>,
    last_price: Option<i64>,
    up: Option<bool>,
}

impl Naive {
    fn quote(&self) -> Option<Quote> {
        let (bid, bid_quantity) = self.books[0].last_key_value()?;
        let (ask, ask_quantity) = self.books[1].first_key_value()?;
        Some((*bid, *bid_quantity, *ask, *ask_quantity))
    }

    fn set(&mut self, side: Side, price: i64, quantity: i64) {
        match quantity {
            0 => self.books[side as usize].remove(&price),
            _ => self.books[side as usize].insert(price, quantity),
        };
    }

    fn trade(&mut self, now: i64, price: i64, quantity: i64, aggressor: u8) {
        if let Some(last) = self.last_price.filter(|last| *last != price) {
            self.up = Some(price > last);
        }
        self.last_price = Some(price);
        self.volume.push((price, quantity));
        let tick = self.up.map(|up| if up { 1 } else { -1 });
        let sign = match (aggressor, self.quote()) {
            (1, _) => Some(1),
            (2, _) => Some(-1),
            (_, Some((bid, _, ask, _))) if 2 * price != bid + ask => {
                Some((2 * price - bid - ask).signum())
            }
            _ => tick,
        };
        self.trades.extend(sign.map(|sign| (now, sign * quantity)));
    }

    /// Contributions and depth before, per change of a valid quote into a valid one.
    fn changes(&self) -> Vec<(i64, i64, i64)> {
        let mut out = Vec::new();
        for pair in self.quotes.windows(2) {
            let ((_, Some(a)), (now, Some(b))) = (pair[0], pair[1]) else { continue };
            if a == b {
                continue;
            }
            let when = |is: bool, value: i64| if is { value } else { 0 };
            let e = when(b.0 >= a.0, b.1) - when(b.0 <= a.0, a.1) - when(b.2 <= a.2, b.3)
                + when(b.2 >= a.2, a.3);
            out.push((now, e, a.1 + a.3));
        }
        out
    }

    fn ofi(&self, now: i64) -> ([i64; 4], f64, i64) {
        let changes = self.changes();
        let inside =
            |length: i64| changes.iter().filter(move |(ts, ..)| *ts > now - length && *ts <= now);
        let sum = |length| inside(length).map(|(_, e, _)| e).sum::<i64>();
        let (count, depth) = (inside(10 * SECOND).count() as i64, inside(10 * SECOND));
        let depth = depth.map(|(.., d)| *d as f64 / 2.0).sum::<f64>() / count as f64;
        let all = changes.iter().map(|(_, e, _)| e).sum();
        let sums = [sum(SECOND), sum(10 * SECOND), sum(60 * SECOND), all];
        (sums, sums[1] as f64 / depth, count)
    }

    fn tfi(&self, now: i64, length: i64) -> [f64; 4] {
        let inside: Vec<i64> = self
            .trades
            .iter()
            .filter(|(ts, _)| *ts > now - length && *ts <= now)
            .map(|(_, quantity)| *quantity)
            .collect();
        let delta = inside.iter().sum::<i64>() as f64;
        let volume = inside.iter().map(|q| q.abs()).sum::<i64>() as f64;
        let counts = inside.iter().map(|q| q.signum()).sum::<i64>() as f64;
        [delta, delta / volume, counts / inside.len() as f64, volume]
    }

    /// Average price of all trades, its deviation, and their quantity.
    fn vwap(&self) -> (f64, f64, i64) {
        let quantity = self.volume.iter().map(|(_, q)| *q).sum::<i64>() as f64;
        let mean = self.volume.iter().map(|(p, q)| (p * q) as f64).sum::<f64>() / quantity;
        let square = |(p, q): &(i64, i64)| (*p as f64 - mean).powi(2) * *q as f64;
        let variance = self.volume.iter().map(square).sum::<f64>() / quantity;
        (mean, variance.sqrt(), quantity as i64)
    }

    /// Weighted average price as of a time.
    fn wap(&self, now: i64) -> Option<f64> {
        let (_, quote) = self.quotes.iter().rev().find(|(ts, _)| *ts <= now)?;
        let (b, bq, a, aq) = (*quote)?;
        Some((b as f64 * aq as f64 + a as f64 * bq as f64) / (bq + aq) as f64)
    }
}

fn close(value: f64, wanted: f64) -> bool {
    (value.is_nan() && wanted.is_nan()) || (value - wanted).abs() <= 1e-9 * wanted.abs().max(1.0)
}

/// Compares one output with the twin's values at its time.
fn check(seen: &Seen, naive: &Naive) -> Result<(), TestCaseError> {
    let has_quote = naive.quotes.last().is_some_and(|(_, quote)| quote.is_some());
    match seen.feature {
        Feature::Ofi | Feature::OfiGrid if has_quote => {
            let (sums, normalised, count) = naive.ofi(seen.at);
            let got: Vec<i64> = (0..4).map(|at| seen.integer(at)).collect();
            prop_assert_eq!(got, sums.to_vec());
            prop_assert!(close(seen.real(4), normalised), "{:?} {}", seen, normalised);
            prop_assert_eq!(seen.integer(5), count);
        }
        Feature::Tfi | Feature::TfiGrid => {
            for (at, length) in [1, 5, 10, 60].into_iter().enumerate() {
                let [delta, ratio, by_count, volume] = naive.tfi(seen.at, length * SECOND);
                prop_assert_eq!(seen.integer(at * 4) as f64, delta);
                prop_assert!(close(seen.real(at * 4 + 1), ratio));
                prop_assert!(close(seen.real(at * 4 + 2), by_count));
                prop_assert_eq!(seen.integer(at * 4 + 3) as f64, volume);
            }
        }
        Feature::Vwap => {
            let (mean, deviation, quantity) = naive.vwap();
            prop_assert!(close(seen.real(1), mean) && close(seen.real(2), deviation));
            prop_assert_eq!(seen.integer(3), quantity);
        }
        Feature::Wap | Feature::WapGrid if has_quote => {
            let nan = f64::NAN;
            prop_assert!(close(seen.real(0), naive.wap(seen.at).unwrap_or(nan)));
            let lagged = naive.wap(seen.at - 200_000_000).unwrap_or(nan);
            prop_assert!(close(seen.real(1), lagged), "{:?} {}", seen, lagged);
        }
        _ => {}
    }
    Ok(())
}

struct Market {
    engine: Engine,
    sink: Collect,
    feed: Feed,
    naive: [Naive; 2],
}

impl Market {
    fn new() -> Market {
        let sizes = Sizes { lagged: 4_096, ..Sizes::default() };
        let spec = EngineSpec { instruments: 2, sizes, ..EngineSpec::default() };
        let (mut engine, mut sink) = (Engine::new(spec), Collect::default());
        let feed = Feed::start(&mut engine, &mut sink, 2);
        Market { engine, sink, feed, naive: Default::default() }
    }

    /// Grid outputs of a record are made before it is taken, so the twin checks them first.
    fn apply(&mut self, step: &Step, check_all: bool) -> Result<(), TestCaseError> {
        self.sink.clear();
        let Market { engine, sink, feed, naive } = self;
        let mut touched = None;
        match *step {
            Step::Level { index, side, price, quantity } => {
                feed.levels(engine, sink, index, &[(side, price, quantity)]);
                touched = Some((index, side, price, quantity));
            }
            Step::Trade { index, price, quantity, aggressor } => {
                let trade = Trade { price, quantity, aggressor, ..Trade::default() };
                feed.trade(engine, sink, index, trade);
            }
            Step::Gap => {
                feed.gap_begin(engine, sink);
                feed.gap_end(engine, sink);
                for (at, naive) in naive.iter_mut().enumerate() {
                    // The refresh is of what there is; what was before does not lead to it.
                    let levels = |side: usize| -> Vec<(i64, i64)> {
                        naive.books[side].iter().map(|(p, q)| (*p, *q)).collect()
                    };
                    let (mut bids, asks) = (levels(0), levels(1));
                    bids.reverse();
                    feed.refresh(engine, sink, at as u32 + 1, &bids, &asks);
                }
            }
            Step::Heartbeat => feed.heartbeat(engine, sink),
        }
        let now = feed.now as i64;
        let (grid, events): (Vec<_>, Vec<_>) = sink.seen.iter().partition(|seen| seen.at < now);
        if check_all {
            for seen in grid {
                check(seen, &naive[seen.instrument.index() as usize - 1])?;
            }
        }
        if let Some((index, side, price, quantity)) = touched {
            naive[index as usize - 1].set(side, price, quantity);
        }
        for (at, naive) in naive.iter_mut().enumerate() {
            if matches!(step, Step::Gap) {
                naive.quotes.push((now, None));
            }
            let is_touched = touched.is_some_and(|(index, ..)| index as usize == at + 1);
            if matches!(step, Step::Gap) || is_touched {
                let quote = naive.quote();
                naive.quotes.push((now, quote));
            }
        }
        if let Step::Trade { index, price, quantity, aggressor } = *step {
            naive[index as usize - 1].trade(now, price, quantity, aggressor);
        }
        if check_all && !matches!(step, Step::Gap) {
            for seen in events.into_iter().filter(|seen| seen.at == now) {
                check(seen, &naive[seen.instrument.index() as usize - 1])?;
            }
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 96,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn outputs_are_those_of_the_definition(steps in prop::collection::vec(step(), 1..150)) {
        let mut market = Market::new();
        for (pause, step) in &steps {
            market.feed.now += pause * 1_000;
            market.apply(step, true)?;
        }
    }

    /// The same records give the same outputs; heartbeats move grid outputs forward but change
    /// nothing in them.
    #[test]
    fn a_replay_gives_the_same_outputs(steps in prop::collection::vec(step(), 1..200)) {
        let run = |heartbeats: bool| {
            let mut market = Market::new();
            for (pause, step) in &steps {
                market.feed.now += pause * 1_000;
                if heartbeats {
                    market.feed.heartbeat(&mut market.engine, &mut market.sink);
                }
                market.apply(step, false).expect("no check");
            }
            market.sink.records
        };
        let first = run(false);
        prop_assert_eq!(&first, &run(false));
        let beaten = run(true);
        let difference = first_difference(&first, &beaten);
        let pair = difference.map(|(a, b)| (first.get(a), beaten.get(b)));
        prop_assert!(difference.is_none(), "{:?}", pair);
    }
}
