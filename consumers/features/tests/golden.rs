//! The worked examples of the specification: numbers there, written out by hand here.

use features::blocks::fit::{Matrix, correction};
use features::blocks::imbalance::imbalance;
use features::blocks::microprice::{MicroTable, microprice};
use features::blocks::{Anchor, Bbo, Ofi, Tfi, Vwap, Wap, bbo};
use features::flags;
use features::inputs::{Depth, Print, Quote, Scale, Taker};

const MS: i64 = 1_000_000;
const SECOND: i64 = 1_000 * MS;
/// Ticks and lots as plain integers.
const PLAIN: Scale = Scale { price_exp: 0, tick: 1 };

fn quote(bid_price: i64, bid_quantity: i64, ask_price: i64, ask_quantity: i64) -> Quote {
    Quote { bid_price, bid_quantity, ask_price, ask_quantity }
}

/// The specification gives eight decimals.
fn near(value: f64, wanted: f64) {
    assert!((value - wanted).abs() < 6e-9, "{value} instead of {wanted}");
}

/// Book G: bids 100 x 5, 99 x 3, 98 x 2; asks 101 x 4, 102 x 6, 103 x 1.
fn book_g() -> (Depth, Quote) {
    let mut depth = Depth::default();
    depth.set([(100, 5), (99, 3), (98, 2)].into_iter(), [(101, 4), (102, 6), (103, 1)].into_iter());
    (depth, quote(100, 5, 101, 4))
}

#[test]
fn block_1_1_middle_and_spread() {
    let values = bbo::values(&book_g().1, PLAIN);
    assert_eq!((values.mid2, values.spread, values.spread_ticks, values.flags), (201, 1, 1, 0));
    near(values.spread_bps, 99.502_487_56);
    // Locked is valid, with a spread of 0.
    let locked = bbo::values(&quote(100, 5, 100, 4), PLAIN);
    assert_eq!((locked.spread, locked.spread_bps, locked.flags), (0, 0.0, flags::LOCKED));
    // A spread that is no whole number of ticks has none.
    let odd = bbo::values(&quote(100, 5, 105, 4), Scale { price_exp: 0, tick: 10 });
    assert_eq!((odd.spread_ticks, odd.flags), (0, flags::UNDEF));
}

#[test]
fn block_1_1_time_weighted_spread() {
    let mut bbo = Bbo::new(16);
    bbo.quote(0, Some(&quote(100, 1, 101, 1)));
    bbo.quote(900 * MS, Some(&quote(95, 1, 106, 1)));
    let spread = bbo.spread(SECOND, PLAIN);
    // The event mean would be 6.
    assert_eq!(spread.ticks, [2.0, 2.0]);
    assert_eq!(spread.flags, flags::WARMUP, "60 s are not filled");
}

#[test]
fn block_1_3_weighted_average_price() {
    let mut wap = Wap::new(16);
    wap.quote(0, Some(&book_g().1), 0);
    near(wap.at(0, PLAIN).wap, 100.555_555_56);
    wap.quote(150 * MS, Some(&quote(100, 1, 101, 1)), 0);
    let early = wap.at(199 * MS, PLAIN);
    assert!(early.wap_lag.is_nan());
    assert_eq!(early.flags, flags::WARMUP);
    wap.quote(300 * MS, Some(&quote(100, 9, 101, 1)), 0);
    let before_tie = wap.at(340 * MS, PLAIN);
    assert_eq!(before_tie.wap_lag, 905.0 / 9.0);
    assert_eq!((before_tie.age_ns, before_tie.flags), (140 * MS, 0));
    let tie = wap.at(350 * MS, PLAIN);
    assert_eq!((tie.wap_lag, tie.age_ns), (100.5, 0));
    assert_eq!(tie.wap, 100.9);
    near(tie.drift_bps, 1e4 * (100.9 / 100.5 - 1.0));
    // Over (150 ms, 350 ms]: 100.5 for 150 ms, 100.9 for 50 ms.
    near(wap.grid(350 * MS, PLAIN).wap_twa, (100.5 * 150.0 + 100.9 * 50.0) / 200.0);
}

#[test]
fn block_1_3_a_gap_within_the_lag_is_told_and_the_value_stays() {
    let mut wap = Wap::new(16);
    wap.quote(0, Some(&quote(100, 1, 101, 1)), 0);
    wap.quote(300 * MS, None, flags::GAP);
    wap.quote(310 * MS, Some(&quote(100, 9, 101, 1)), 0);
    let within = wap.at(400 * MS, PLAIN);
    assert_eq!((within.wap_lag, within.flags), (100.5, flags::GAP));
    // The state at the lagged time is the gap itself.
    let at = wap.at(505 * MS, PLAIN);
    assert!(at.wap_lag.is_nan() && at.flags & flags::GAP != 0);
    assert_eq!(wap.at(520 * MS, PLAIN).flags, 0);
}

#[test]
fn block_1_4_fit_of_two_states() {
    let q = Matrix::from_rows(&[vec![0.6, 0.3], vec![0.3, 0.6]]);
    let t = Matrix::from_rows(&[vec![0.05, 0.05], vec![0.05, 0.05]]);
    for terms in [1, 6] {
        let g = correction(&q, &[-0.03, 0.03], &t, terms).expect("invertible");
        assert!((g[0] + 0.042_857_1).abs() < 1e-7 && (g[1] - 0.042_857_1).abs() < 1e-7, "{g:?}");
    }
    // A state that is never left has no correction.
    let stuck = Matrix::from_rows(&[vec![1.0, 0.0], vec![0.0, 0.5]]);
    assert_eq!(correction(&stuck, &[0.0, 0.0], &t, 6), None);
}

#[test]
fn block_1_4_look_up() {
    let text =
        r#"{"version": 3, "n_imbalance": 2, "n_spread": 2, "g_ticks": [-0.1, 0.1, -0.4, 0.4]}"#;
    let table = MicroTable::parse(text).expect("a table");
    let values = microprice(&book_g().1, PLAIN, Some(&table));
    // 5 of 9 on the bid: the upper half; a spread of one tick.
    assert_eq!((values.state, values.version, values.flags), (1, 3, 0));
    assert_eq!((values.g_ticks, values.price), (0.1, 100.6));
    // Wider spreads are in the last bucket.
    let wide = microprice(&quote(100, 1, 150, 9), PLAIN, Some(&table));
    assert_eq!((wide.state, wide.price), (2, 124.6));
    let without = microprice(&book_g().1, PLAIN, None);
    assert_eq!((without.version, without.flags), (0, flags::ESTIMATED));
    assert_eq!(without.price, 905.0 / 9.0);
    near(without.g_ticks, 905.0 / 9.0 - 100.5);
}

#[test]
fn block_1_4_tables_that_do_not_fit_are_refused() {
    for (text, what) in [
        (r#"{"version": 0, "n_imbalance": 1, "n_spread": 1, "g_ticks": [0]}"#, "version"),
        (r#"{"version": 1, "n_imbalance": 0, "n_spread": 1, "g_ticks": []}"#, "from 1 to 1000"),
        (r#"{"version": 1, "n_imbalance": 2, "n_spread": 1, "g_ticks": [0]}"#, "has 1 numbers"),
        (r#"{"version": 1, "n_imbalance": 1, "n_spread": 1, "g": [0]}"#, "unknown field"),
        ("", "EOF"),
    ] {
        let error = MicroTable::parse(text).expect_err(text);
        assert!(error.contains(what), "{error}");
    }
}

#[test]
fn block_1_5_imbalance() {
    let (depth, best) = book_g();
    let values = imbalance(&depth, Some(&best), PLAIN);
    near(values.top[0], 0.111_111_11);
    // Three levels a side: top 5, 10 and 20 are over what there is.
    for value in &values.top[1..] {
        near(*value, -0.047_619_05);
    }
    near(values.weighted, -0.023_679_42);
    assert_eq!((values.bids, values.asks, values.flags), (3, 3, 0));
}

#[test]
fn block_1_5_one_side() {
    let mut depth = Depth::default();
    depth.set([(100, 5)].into_iter(), std::iter::empty());
    let values = imbalance(&depth, None, PLAIN);
    assert_eq!((values.top, values.flags), ([1.0; 4], flags::ONE_SIDED));
    assert!(values.weighted.is_nan());
    depth.set(std::iter::empty(), std::iter::empty());
    assert_eq!(imbalance(&depth, None, PLAIN).flags, flags::ONE_SIDED | flags::UNDEF);
}

/// The five quotes of the example.
const OFI_QUOTES: [(i64, i64, i64, i64); 5] =
    [(100, 5, 101, 4), (100, 7, 101, 4), (100, 7, 102, 6), (101, 1, 102, 6), (99, 8, 102, 2)];

#[test]
fn block_2_1_order_flow_imbalance() {
    let mut ofi = Ofi::new(64);
    let mut contributions = Vec::new();
    for (at, (b, bq, a, aq)) in OFI_QUOTES.into_iter().enumerate() {
        contributions.push(ofi.quote(at as i64 * 100 * MS, &quote(b, bq, a, aq)));
    }
    assert_eq!(contributions, [None, Some(2), Some(4), Some(1), Some(3)]);
    let values = ofi.at(400 * MS);
    assert_eq!((values.windows, values.cumulative), ([10, 10, 10], 10));
    assert_eq!((values.normalised_10s, values.events_10s), (2.0, 4));
    assert_eq!(values.flags, flags::PARTIAL, "followed for less than 60 s");
    // (t - 1 s, t]: at 1.1 s the change at 0.1 s has just left.
    assert_eq!(ofi.at(1_100 * MS).windows, [8, 10, 10]);
    assert_eq!(ofi.at(60_400 * MS).flags, flags::UNDEF, "filled, but no event in 10 s");
}

#[test]
fn block_2_1_nothing_is_counted_across_a_break() {
    let mut ofi = Ofi::new(64);
    assert_eq!(ofi.at(0).flags & flags::WARMUP, flags::WARMUP);
    ofi.quote(0, &quote(100, 5, 101, 4));
    ofi.broken(MS, flags::GAP);
    assert_eq!(ofi.quote(2 * MS, &quote(90, 1_000, 91, 4)), None);
    assert_eq!(ofi.quote(3 * MS, &quote(90, 1_001, 91, 4)), Some(1));
    let values = ofi.at(3 * MS);
    assert_eq!(values.cumulative, 1);
    assert_eq!(values.flags & flags::GAP, flags::GAP);
    assert_eq!(ofi.at(60_001 * MS).flags & flags::GAP, 0);
}

fn print(price: i64, quantity: i64, taker: Option<Taker>) -> Print {
    Print { price, quantity, taker }
}

#[test]
fn block_2_3_trade_flow_imbalance() {
    let mut tfi = Tfi::new(64);
    tfi.begin(-SECOND * 60);
    let (buy, sell) = (Some(Taker::Buyer), Some(Taker::Seller));
    let quiet = tfi.at(0);
    assert_eq!((quiet.windows[3].delta, quiet.flags), (0, flags::UNDEF));
    for (at, (price, quantity, taker)) in
        [(100, 2, buy), (99, 1, sell), (101, 3, buy)].into_iter().enumerate()
    {
        assert_eq!(tfi.trade(at as i64 * MS, &print(price, quantity, taker), None), taker);
    }
    let values = tfi.at(2 * MS);
    for window in values.windows {
        assert_eq!((window.delta, window.volume), (4, 6));
        near(window.ratio, 0.666_666_67);
        near(window.by_count, 1.0 / 3.0);
    }
    assert_eq!(values.flags, 0);
}

#[test]
fn block_2_3_unknown_takers_are_estimated_and_gaps_told_until_they_have_left() {
    let mut tfi = Tfi::new(64);
    tfi.begin(-SECOND * 60);
    let best = quote(100, 1, 102, 1);
    assert_eq!(tfi.trade(0, &print(101, 7, None), Some(&best)), None, "no price before");
    assert_eq!(tfi.at(0).windows[3].volume, 0);
    let taker = tfi.trade(MS, &print(102, 2, None), Some(&best));
    assert_eq!(taker, Some(Taker::Buyer));
    tfi.gap(2 * MS);
    tfi.revised(3 * MS);
    let told = flags::ESTIMATED | flags::GAP | flags::REVISED;
    assert_eq!(tfi.at(3 * MS).flags, told);
    assert_eq!(tfi.at(60 * SECOND + 2 * MS).flags, flags::REVISED | flags::UNDEF);
}

#[test]
fn block_2_5_average_price_and_deviation() {
    let mut vwap = Vwap::new(Anchor::Session);
    vwap.anchor(7);
    for (price, quantity) in [(100, 2), (99, 1), (101, 3)] {
        vwap.trade(10, price, quantity, PLAIN);
    }
    let values = vwap.values(PLAIN);
    near(values.vwap, 602.0 / 6.0);
    near(values.sigma * values.sigma, 5.0 / 9.0);
    near(values.sigma, 0.745_355_99);
    assert_eq!((values.price, values.quantity, values.trades), (100, 6, 3));
    assert_eq!((values.anchor, values.flags), (7, 0));
}

#[test]
fn block_2_5_a_day_ends_at_midnight() {
    const DAY: i64 = 86_400 * SECOND;
    let mut vwap = Vwap::new(Anchor::Day);
    let first = vwap.trade(20_000 * DAY + 5, 100, 1, PLAIN);
    assert_eq!((first.anchor, first.flags), (20_000 * DAY, flags::PARTIAL));
    vwap.tell(flags::GAP);
    let last = vwap.trade(20_001 * DAY - 1, 200, 1, PLAIN);
    assert_eq!((last.price, last.flags), (150, flags::PARTIAL | flags::GAP));
    let next = vwap.trade(20_001 * DAY, 300, 1, PLAIN);
    assert_eq!((next.price, next.anchor, next.trades, next.flags), (300, 20_001 * DAY, 1, 0));
    // Half a tick away there is an average, but no deviation in ticks.
    let scale = Scale { price_exp: 0, tick: 2 };
    let odd = vwap.trade(20_001 * DAY, 301, 1, scale);
    assert_eq!((odd.price, odd.vwap, odd.flags), (300, 300.5, flags::UNDEF));
    assert!(odd.sigma.is_nan());
}
