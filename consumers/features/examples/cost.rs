//! What an event costs, ns, on this machine: `cargo run --release -p features --example cost`.
//!
//! Blocks alone, then the whole engine with the client's book, from records in memory to outputs
//! that nobody takes. A number of a shared machine is an upper bound.

use std::hint::black_box;
use std::time::Instant;

use client::Event;
use features::blocks::imbalance::imbalance;
use features::blocks::{Bbo, Ofi, Tfi, Wap, bbo};
use features::engine::{Engine, EngineSpec};
use features::inputs::{Depth, Print, Quote, Scale, Taker};
use features::output::{Output, Sink};
use shm::seat::Filter;
use wire::payload::{BookBegin, BookEnd, Level, Trade};
use wire::{BookState, Header, InstrumentId, InstrumentRow, Nature, Origin, Quality, Record, Side};
use wire::{Venue, payload::Payload};

const EVENTS: u64 = 1_000_000;
const SCALE: Scale = Scale { price_exp: -4, tick: 100 };

/// Takes nothing.
struct Nobody(u64);

impl Sink for Nobody {
    fn output(&mut self, _lane: usize, output: &Output<'_>) {
        self.0 = self.0.wrapping_add(output.values.first().copied().unwrap_or(0));
    }
}

fn measure(what: &str, mut event: impl FnMut(u64)) {
    (0..EVENTS / 10).for_each(&mut event);
    let begun = Instant::now();
    (EVENTS / 10..EVENTS).for_each(&mut event);
    let ns = begun.elapsed().as_nanos() as f64 / (EVENTS - EVENTS / 10) as f64;
    println!("{what:<44} {ns:>8.1} ns");
}

fn quote(n: u64) -> Quote {
    let n = n as i64;
    let bid_price = 1_000_000 + n * 7_919 % 13 * 100;
    let (bid_quantity, ask_quantity) = (100 + n % 37, 100 + n % 41);
    Quote { bid_price, bid_quantity, ask_price: bid_price + 100 + n % 3 * 100, ask_quantity }
}

fn blocks() {
    let time = |n: u64| n as i64 * 10_000;
    let mut ofi = Ofi::new(4_096);
    measure("2.1 ofi: quote and values", |n| {
        ofi.quote(time(n), &quote(n));
        black_box(ofi.at(time(n)));
    });
    let mut wap = Wap::new(512);
    measure("1.3 wap: quote and values", |n| {
        wap.quote(time(n), Some(&quote(n)), 0);
        black_box(wap.at(time(n), SCALE));
    });
    let mut spread = Bbo::new(512);
    measure("1.1 bbo: quote and values", |n| {
        spread.quote(time(n), Some(&quote(n)));
        black_box(bbo::values(&quote(n), SCALE));
    });
    let mut depth = Depth::default();
    let side = |step: i64| (0..20).map(move |at| (1_000_000 + step * at * 100, 100 + at));
    depth.set(side(-1), side(1));
    measure("1.5 imbalance: 20 + 20 levels", |n| {
        black_box(imbalance(black_box(&depth), Some(&quote(n)), SCALE));
    });
    let mut tfi = Tfi::new(2_048);
    measure("2.3 tfi: trade and values", |n| {
        let taker = if n % 2 == 0 { Taker::Buyer } else { Taker::Seller };
        let print = Print { price: 100, quantity: n as i64 % 50, taker: Some(taker) };
        tfi.trade(time(n), &print, None);
        black_box(tfi.at(time(n)));
    });
}

struct Market {
    engine: Engine,
    nobody: Nobody,
}

impl Market {
    fn record<P: Payload>(&mut self, n: u64, quality: Quality, payload: P) {
        let header = Header {
            quality,
            origin: Origin(0),
            instrument: InstrumentId::new(Venue::Nasdaq, 1),
            sequence: n,
            ts_venue: 0,
            ts_receive: 1_000_000_000 + n * 10_000,
        };
        let record = Record::new(header, payload);
        self.engine.on(&Event::Record { lane: 0, record: &record }, &mut self.nobody);
    }

    fn start() -> Market {
        let spec = EngineSpec { instruments: 1, ..EngineSpec::default() };
        let mut market = Market { engine: Engine::new(spec), nobody: Nobody(0) };
        let filter = Filter::all(features::process::run::CLASSES);
        let event = Event::Attached { lane: 0, generation: 1, instruments: 2, filter: &filter };
        market.engine.on(&event, &mut market.nobody);
        let instrument = InstrumentId::new(Venue::Nasdaq, 1);
        let row = InstrumentRow { instrument, price_exp: -4, tick: 100, ..InstrumentRow::ZERO };
        market.engine.define(0, &row);
        let live = Quality::new(BookState::Live, Nature::Simulated).snapshot();
        market.record(0, live, BookBegin::default());
        market.record(0, live, BookEnd::default());
        for at in 0..60_i64 {
            market.level(0, Side::Bid, 1_000_000 - at * 100, 500);
            market.level(0, Side::Ask, 1_000_100 + at * 100, 500);
        }
        market
    }

    fn level(&mut self, n: u64, side: Side, price: i64, quantity: i64) {
        let quality = Quality::new(BookState::Live, Nature::Simulated).side(side).end_of_event();
        self.record(n, quality, Level { price, quantity, orders: 1, ..Level::default() });
    }
}

fn engine() {
    let mut market = Market::start();
    measure("level far away: record to nothing", |n| {
        market.level(n, Side::Bid, 995_000 + n as i64 % 7 * 100, 1 + n as i64 % 9);
    });
    let mut market = Market::start();
    measure("level within 20: record to 1 output", |n| {
        market.level(n, Side::Bid, 999_000, 1 + n as i64 % 9);
    });
    let mut market = Market::start();
    measure("best level: record to 5 outputs", |n| {
        market.level(n, Side::Bid, 1_000_000, 1 + n as i64 % 9);
    });
    let mut market = Market::start();
    measure("trade: record to 1 output", |n| {
        let quality = Quality::new(BookState::Live, Nature::Simulated).end_of_event();
        let aggressor = 1 + (n % 2) as u8;
        let trade = Trade { price: 1_000_000, quantity: 5, aggressor, ..Trade::default() };
        market.record(n, quality, trade);
    });
    black_box(market.nobody.0);
}

fn main() {
    println!(
        "instrument: {} bytes beside its windows",
        size_of::<features::instrument::Instrument>()
    );
    blocks();
    engine();
}
