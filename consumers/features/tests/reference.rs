//! The blocks over a recorded Binance spot session, against numbers that an independent program
//! (Python, standard library, exact fractions) computed from the same file.
//!
//! The constants are values of that program's output; the comment beside each group is its key. The
//! recording is read from `HOTLANE_DATA` and parsed here, digit by digit, into integers of 10^-8.

mod common;

use common::binance::{Frame, frames};
use features::blocks::imbalance::imbalance;
use features::blocks::{Anchor, Bbo, Ofi, SECOND, Tfi, Vwap, Wap, bbo};
use features::inputs::{Depth, Quote, Scale};
use wire::Side;

/// 10^-8 everywhere; a tick is 0.01.
const SCALE: Scale = Scale { price_exp: -8, tick: 1_000_000 };
const UNIT: f64 = 1e8;

fn equal(what: &str, value: f64, wanted: f64) {
    let difference = (value - wanted).abs();
    assert!(difference <= 1e-9 * wanted.abs(), "{what}: {value:?} instead of {wanted:?}");
}

/// Least squares of y on x: slope and r².
fn ols(x: &[f64], y: &[f64]) -> (f64, f64) {
    let n = x.len() as f64;
    let (mx, my) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
    let sum = |f: &dyn Fn(f64, f64) -> f64| -> f64 {
        x.iter().zip(y).map(|(a, b)| f(a - mx, b - my)).sum()
    };
    let (sxx, syy, sxy) = (sum(&|a, _| a * a), sum(&|_, b| b * b), sum(&|a, b| a * b));
    (sxy / sxx, sxy * sxy / (sxx * syy))
}

/// What is taken at each second.
#[derive(Default)]
struct Grid {
    wap: Vec<f64>,
    wap_lag: Vec<f64>,
    mid2: Vec<i64>,
    ofi_1s: Vec<i64>,
    ofi_10s: Vec<i64>,
    delta_1s: Vec<i64>,
    delta_10s: Vec<i64>,
    flags: u32,
}

struct Run {
    quotes: u64,
    crossed: u64,
    last: Option<Quote>,
    now: i64,
    spread_events: i64,
    spread_one: u64,
    spread_max: i64,
    imbalance: f64,
    first: i64,
    bbo: Bbo,
    wap: Wap,
    ofi: Ofi,
    tfi: Tfi,
    all: Tfi,
    vwap: [Vwap; 2],
    grid: Grid,
}

impl Run {
    fn new() -> Run {
        // Room for every event of a minute: nothing is merged.
        let room = 1 << 15;
        Run {
            quotes: 0,
            crossed: 0,
            last: None,
            now: 0,
            spread_events: 0,
            spread_one: 0,
            spread_max: 0,
            imbalance: 0.0,
            first: 0,
            bbo: Bbo::new(room),
            wap: Wap::new(room),
            ofi: Ofi::new(room),
            tfi: Tfi::new(room),
            all: Tfi::with_windows([3_600 * SECOND; 4], room),
            vwap: [Vwap::new(Anchor::Session), Vwap::new(Anchor::Day)],
            grid: Grid::default(),
        }
    }

    fn grid(&mut self, now: i64) {
        let (wap, ofi, tfi) = (self.wap.at(now, SCALE), self.ofi.at(now), self.tfi.at(now));
        let grid = &mut self.grid;
        grid.wap.push(wap.wap);
        grid.wap_lag.push(wap.wap_lag);
        grid.mid2.push(self.last.map_or(0, |quote| quote.mid2()));
        grid.ofi_1s.push(ofi.windows[0]);
        grid.ofi_10s.push(ofi.windows[1]);
        grid.delta_1s.push(tfi.windows[0].delta);
        grid.delta_10s.push(tfi.windows[2].delta);
        grid.flags |= wap.flags | ofi.flags;
    }

    fn quote(&mut self, now: i64, quote: Quote) {
        let top = book::Top {
            bid_price: quote.bid_price,
            bid_qty: quote.bid_quantity,
            ask_price: quote.ask_price,
            ask_qty: quote.ask_quantity,
        };
        let (Some(valid), 0) = Quote::of(top) else {
            self.crossed += 1;
            return;
        };
        if self.quotes == 0 {
            self.first = now;
        }
        self.quotes += 1;
        self.bbo.quote(now, Some(&valid));
        self.wap.quote(now, Some(&valid), 0);
        self.ofi.quote(now, &valid);
        let values = bbo::values(&valid, SCALE);
        self.spread_events += values.spread_ticks;
        self.spread_one += u64::from(values.spread_ticks == 1);
        self.spread_max = self.spread_max.max(values.spread_ticks);
        let mut depth = Depth::default();
        depth.set(
            [(quote.bid_price, quote.bid_quantity)].into_iter(),
            [(quote.ask_price, quote.ask_quantity)].into_iter(),
        );
        self.imbalance += imbalance(&depth, Some(&valid), SCALE).top[0];
        (self.last, self.now) = (Some(valid), now);
    }
}

fn run(test: &str) -> Option<Run> {
    let frames = frames(test)?;
    let mut run = Run::new();
    let mut next = None;
    let last_quote = frames.iter().rev().find(|(_, frame)| matches!(frame, Frame::Quote(_)));
    let until = last_quote.map_or(0, |(ts, _)| *ts);
    for (ts, frame) in &frames {
        if let Some(at) = &mut next {
            while *at < *ts && *at <= until {
                run.grid(*at);
                *at += SECOND;
            }
        }
        match frame {
            Frame::Quote(quote) => {
                next.get_or_insert((*ts + SECOND - 1) / SECOND * SECOND);
                run.quote(*ts, *quote);
            }
            Frame::Trade(print, at) => {
                for vwap in &mut run.vwap {
                    vwap.trade(*at, print.price, print.quantity, SCALE);
                }
                run.tfi.trade(*ts, print, None);
                run.all.trade(*ts, print, None);
            }
            Frame::Snapshot { .. } | Frame::Depth { .. } => {}
        }
    }
    Some(run)
}

#[test]
fn best_quote_blocks_equal_the_reference() {
    let Some(run) = run("best_quote_blocks_equal_the_reference") else { return };
    // counts.book_ticker, bbo.crossed
    assert_eq!((run.quotes, run.crossed), (28_040, 0));
    // bbo.spread_ticks_mean, _time_weighted, _1_share, _max
    let n = run.quotes as f64;
    equal("mean", run.spread_events as f64 / n, 31.062_339_514_978_603);
    let total = run.bbo.total(run.now);
    assert_eq!(total.covered, run.now - run.first);
    let weighted = total.integral as f64 / total.covered as f64 / SCALE.tick as f64;
    equal("time-weighted", weighted, 3.568_589_899_224_014);
    equal("one tick", run.spread_one as f64 / n, 0.881_455_064_194_008_5);
    assert_eq!(run.spread_max, 6_184);
    // bbo.last, bbo.imbalance_mean
    let quote = run.last.expect("a quote");
    let wanted = (6_168_599_000_000, 125_869_000, 6_168_600_000_000, 244_807_000);
    let found = (quote.bid_price, quote.bid_quantity, quote.ask_price, quote.ask_quantity);
    assert_eq!(found, wanted);
    equal("wap", features::blocks::wap::wap(&quote, SCALE), 61_685.993_395_660_9);
    equal("mid", SCALE.price(quote.mid2() as f64 / 2.0), 61_685.995);
    equal("spread", bbo::values(&quote, SCALE).spread_bps, 0.001_621_113_512_070_284_4);
    equal("imbalance", run.imbalance / n, -0.027_042_028_661_785_036);
}

#[test]
fn order_flow_equals_the_reference() {
    let Some(mut run) = run("order_flow_equals_the_reference") else { return };
    // bbo.ofi_fx
    assert_eq!(run.ofi.at(run.now).cumulative, -9_947_148_000);
    let grid = &run.grid;
    let change = |step: usize| -> Vec<f64> {
        let at: Vec<i64> = grid.mid2.iter().step_by(step).copied().collect();
        at.windows(2).map(|pair| (pair[1] - pair[0]) as f64 / 2.0 / UNIT).collect()
    };
    let flow = |values: &[i64], step: usize| -> Vec<f64> {
        values.iter().step_by(step).skip(1).map(|value| *value as f64 / UNIT).collect()
    };
    // ofi_regression_1s: n, slope, r2
    let (ofi, mid) = (flow(&grid.ofi_1s, 1), change(1));
    assert_eq!(ofi.len(), 344);
    let (slope, r2) = ols(&ofi, &mid);
    equal("1 s slope", slope, 0.331_863_372_281_242_96);
    equal("1 s r2", r2, 0.303_888_003_185_835_03);
    // ofi_regression_10s: n, slope, r2, first3_ofi
    let (ofi, mid) = (flow(&grid.ofi_10s, 10), change(10));
    assert_eq!(ofi.len(), 34);
    let (slope, r2) = ols(&ofi, &mid);
    equal("10 s slope", slope, 0.340_224_122_753_186_2);
    equal("10 s r2", r2, 0.414_565_188_654_226_6);
    let first: Vec<i64> = grid.ofi_10s.iter().step_by(10).skip(1).take(3).copied().collect();
    assert_eq!(first, [1_895_114_000, -1_960_583_000, 6_729_953_000]);
}

#[test]
fn lagged_price_equals_the_reference() {
    let Some(run) = run("lagged_price_equals_the_reference") else { return };
    // wap_lag_200ms: n, first3, mean, mean_unlagged_same_grid
    let lagged = &run.grid.wap_lag;
    assert_eq!(lagged.len(), 345);
    let first = [61_828.010_476_507_785, 61_824.003_850_685_45, 61_824.000_672_063_22];
    for (value, wanted) in lagged.iter().zip(first) {
        equal("first", *value, wanted);
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    equal("mean", mean(lagged), 61_746.946_744_942_96);
    equal("mean of the same grid", mean(&run.grid.wap), 61_747.017_754_295_99);
    assert_eq!(run.grid.flags & features::flags::TRUNCATED, 0);
}

#[test]
fn trade_flow_equals_the_reference() {
    let Some(mut run) = run("trade_flow_equals_the_reference") else { return };
    // trades.cvd_fx, volume_fx, tfi, n_buy, n_sell
    let all = run.all.at(run.now).windows[3];
    assert_eq!((all.delta, all.volume), (-1_873_079_000, 21_203_315_000));
    equal("tfi", all.ratio, -0.088_338_969_637_530_74);
    equal("by count", all.by_count, (4_103.0 - 5_654.0) / 9_757.0);
    // trades.vwap over the whole session
    let vwap = run.vwap[0].values(SCALE);
    equal("vwap", vwap.vwap, 61_707.681_616_712_29);
    assert_eq!((vwap.trades, vwap.quantity), (9_757, 21_203_315_000));
    // 6170768161671.229 rounds down
    assert_eq!(vwap.price, 6_170_768_161_671);
    // The session goes over midnight: bars_1m, the last one, vwap, v, n, open_ns
    let day = run.vwap[1].values(SCALE);
    equal("vwap of the day", day.vwap, 61_685.998_605_785_986);
    assert_eq!((day.quantity, day.trades), (17_214_000, 19));
    assert_eq!((day.anchor, day.flags), (1_723_161_600_000_000_000, 0));
    let grid = &run.grid;
    let mid: Vec<f64> =
        grid.mid2.windows(2).map(|pair| (pair[1] - pair[0]) as f64 / 2.0 / UNIT).collect();
    let flow: Vec<f64> = grid.delta_1s.iter().skip(1).map(|v| *v as f64 / UNIT).collect();
    // kyle_1s: n, slope, r2
    assert_eq!(flow.len(), 344);
    let (slope, r2) = ols(&flow, &mid);
    equal("1 s slope", slope, 3.184_159_415_402_513_5);
    equal("1 s r2", r2, 0.419_986_634_023_048_1);
    // tfi_regression_10s: n, slope, r2
    let at: Vec<i64> = grid.mid2.iter().step_by(10).copied().collect();
    let mid: Vec<f64> = at.windows(2).map(|pair| (pair[1] - pair[0]) as f64 / 2.0 / UNIT).collect();
    let flow: Vec<f64> =
        grid.delta_10s.iter().step_by(10).skip(1).map(|v| *v as f64 / UNIT).collect();
    assert_eq!(flow.len(), 34);
    let (slope, r2) = ols(&flow, &mid);
    equal("10 s slope", slope, 2.610_052_357_655_672_2);
    equal("10 s r2", r2, 0.252_046_615_654_922_5);
}

#[test]
fn book_imbalance_equals_the_reference() {
    let Some(frames) = frames("book_imbalance_equals_the_reference") else { return };
    let mut book = book::L2Book::new(1 << 16).expect("a book");
    let (mut last_id, mut used, mut dropped) = (0, 0, 0);
    // The snapshot was asked for while updates were already coming: it is the begin.
    let is_snapshot = |frame: &Frame| matches!(frame, Frame::Snapshot { .. });
    let snapshot = frames.iter().filter(|(_, frame)| is_snapshot(frame));
    let others = frames.iter().filter(|(_, frame)| !is_snapshot(frame));
    for (_, frame) in snapshot.chain(others) {
        let (update, bids, asks) = match frame {
            Frame::Snapshot { update, bids, asks } => (*update, bids, asks),
            Frame::Depth { update, .. } if *update <= last_id => {
                dropped += 1;
                continue;
            }
            Frame::Depth { update, bids, asks } => {
                used += 1;
                (*update, bids, asks)
            }
            Frame::Quote(_) | Frame::Trade(..) => continue,
        };
        last_id = update;
        for (side, levels) in [(Side::Bid, bids), (Side::Ask, asks)] {
            for (price, quantity) in levels {
                book.set(side, *price, *quantity, u32::MAX).expect("room");
            }
        }
    }
    // l2_book: frames_used, frames_dropped, last_u, best_bid, best_ask, levels
    assert_eq!((used, dropped, last_id), (3_449, 2, 50_093_421_584));
    assert_eq!((book.depth(Side::Bid), book.depth(Side::Ask)), (1_209, 2_196));
    let (quote, flags) = Quote::of(book.best());
    let quote = quote.expect("a quote");
    assert_eq!(
        (quote.bid_price, quote.bid_quantity, quote.ask_price, quote.ask_quantity, flags),
        (6_168_599_000_000, 100_870_000, 6_168_600_000_000, 229_327_000, 0)
    );
    let mut depth = Depth::default();
    let of = |level: book::Level| (level.price, level.quantity);
    depth.set(book.levels(Side::Bid).map(of), book.levels(Side::Ask).map(of));
    let values = imbalance(&depth, Some(&quote), SCALE);
    // imbalance_top1, _top5, _top10, dist_weighted_imbalance_top10
    equal("top 1", values.top[0], -0.389_031_396_408_810_5);
    equal("top 5", values.top[1], -0.283_473_513_950_667_2);
    equal("top 10", values.top[2], -0.201_220_289_946_413_47);
    equal("weighted", values.weighted, -0.390_406_599_688_339_6);
    assert_eq!((values.bids, values.asks, values.flags), (20, 20, 0));
}
