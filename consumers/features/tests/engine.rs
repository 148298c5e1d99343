//! From records to outputs: what is put out when, with which time, cause and flags.

mod common;

use common::feed::{Collect, Feed, id, row};
use features::engine::{Engine, EngineSpec};
use features::flags;
use features::output::Feature;
use wire::codes::{
    Aggressor, ConnectionState, DefinitionAction, SessionEvent, TradingState, trade_flags,
};
use wire::payload::{Connection, Definition, Session, Status, Trade, TradeBreak};
use wire::{BookState, Nature, Path, Side};

const MS: u64 = 1_000_000;
const BID: Side = Side::Bid;
const ASK: Side = Side::Ask;

fn start() -> (Engine, Collect, Feed) {
    let spec = EngineSpec { instruments: 4, ..EngineSpec::default() };
    let (mut engine, mut sink) = (Engine::new(spec), Collect::default());
    let feed = Feed::start(&mut engine, &mut sink, 2);
    (engine, sink, feed)
}

/// Book G of the specification on instrument 1.
fn book_g(engine: &mut Engine, sink: &mut Collect, feed: &mut Feed) {
    let levels =
        [(BID, 100, 5), (BID, 99, 3), (BID, 98, 2), (ASK, 101, 4), (ASK, 102, 6), (ASK, 103, 1)];
    feed.levels(engine, sink, 1, &levels);
}

fn buy(price: i64, quantity: i64) -> Trade {
    Trade { price, quantity, aggressor: Aggressor::Buy as u8, ..Trade::default() }
}

#[test]
fn an_event_is_computed_at_its_end_only() {
    let (mut engine, mut sink, mut feed) = start();
    sink.clear();
    book_g(&mut engine, &mut sink, &mut feed);
    let features: Vec<Feature> = sink.seen.iter().map(|seen| seen.feature).collect();
    let wanted =
        [Feature::Bbo, Feature::Wap, Feature::Microprice, Feature::Ofi, Feature::Imbalance];
    assert_eq!(features, wanted);
    for seen in &sink.seen {
        assert_eq!((seen.instrument, seen.state), (id(1), BookState::Live));
        assert_eq!((seen.nature, seen.at, seen.cause), (Nature::Recorded, 1_000_000_000, 1));
    }
    let bbo = sink.last(Feature::Bbo);
    let integers: Vec<i64> = (0..7).map(|at| bbo.integer(at)).collect();
    assert_eq!((integers, bbo.flags), (vec![100, 5, 101, 4, 201, 1, 1], 0));
    let wap = sink.last(Feature::Wap);
    assert_eq!((wap.real(0), wap.flags), (905.0 / 9.0, flags::WARMUP));
    assert!(wap.real(1).is_nan());
    assert_eq!(sink.last(Feature::Microprice).flags, flags::ESTIMATED);
    let imbalance = sink.last(Feature::Imbalance);
    assert_eq!(imbalance.real(0), 1.0 / 9.0);
    assert_eq!(imbalance.integer(5), 3 << 32 | 3);
}

#[test]
fn what_does_not_change_the_top_changes_only_the_imbalance() {
    let (mut engine, mut sink, mut feed) = start();
    book_g(&mut engine, &mut sink, &mut feed);
    sink.clear();
    feed.levels(&mut engine, &mut sink, 1, &[(BID, 98, 7)]);
    assert_eq!(sink.seen.len(), 1);
    // 5 + 3 + 7 of 15 + 11.
    assert_eq!(sink.last(Feature::Imbalance).real(1), 4.0 / 26.0);
    // Behind the twenty best levels nothing is computed.
    let many: Vec<_> = (1..=20).map(|at| (BID, 98 - at, 1)).collect();
    feed.levels(&mut engine, &mut sink, 1, &many);
    sink.clear();
    feed.levels(&mut engine, &mut sink, 1, &[(BID, 10, 1)]);
    assert!(sink.seen.is_empty());
}

#[test]
fn grid_outputs_are_of_the_state_up_to_their_time() {
    let (mut engine, mut sink, mut feed) = start();
    book_g(&mut engine, &mut sink, &mut feed);
    feed.now += 400 * MS;
    feed.levels(&mut engine, &mut sink, 1, &[(BID, 100, 7)]);
    // Exactly on the grid: still belongs to it.
    feed.now = 2_000 * MS;
    feed.trade(&mut engine, &mut sink, 1, buy(101, 2));
    sink.clear();
    feed.now += 1;
    feed.trade(&mut engine, &mut sink, 1, buy(101, 9));
    let grid: Vec<_> = sink.seen.iter().map(|seen| (seen.feature, seen.at, seen.cause)).collect();
    let at = 2_000_000_000;
    let wanted = [
        (Feature::Spread, at, 3),
        (Feature::WapGrid, at, 3),
        (Feature::OfiGrid, at, 3),
        (Feature::TfiGrid, at, 3),
        (Feature::Vwap, at + 1, 4),
        (Feature::Tfi, at + 1, 4),
    ];
    assert_eq!(grid, wanted);
    let ofi = sink.last(Feature::OfiGrid);
    assert_eq!((ofi.integer(0), ofi.integer(3), ofi.integer(5)), (2, 2, 1));
    assert_eq!(sink.last(Feature::TfiGrid).integer(0), 2);
    assert_eq!(sink.last(Feature::Tfi).integer(0), 11);
    let wap = sink.last(Feature::WapGrid);
    let now = (100.0 * 4.0 + 101.0 * 7.0) / 11.0;
    assert_eq!((wap.real(0), wap.real(1), wap.real(4)), (now, now, now));
    let spread = sink.last(Feature::Spread);
    assert_eq!((spread.real(0), spread.flags), (1.0, flags::WARMUP));
}

#[test]
fn silence_is_made_up_for_within_bounds() {
    let (mut engine, mut sink, mut feed) = start();
    book_g(&mut engine, &mut sink, &mut feed);
    sink.clear();
    feed.now += 5_500 * MS;
    feed.heartbeat(&mut engine, &mut sink);
    let times: Vec<i64> = sink.of(Feature::Spread).iter().map(|seen| seen.at).collect();
    assert_eq!(times, [1, 2, 3, 4, 5, 6].map(|s| s * 1_000_000_000));
    sink.clear();
    feed.now += 3_600_000 * MS;
    feed.heartbeat(&mut engine, &mut sink);
    assert_eq!(sink.of(Feature::Spread).len(), 64);
    assert_eq!(sink.last(Feature::Spread).at, 3_606_000_000_000);
    assert_eq!(engine.totals().grid_skipped, 3_600 - 64);
}

#[test]
fn a_gap_takes_every_book_and_nothing_is_counted_across_it() {
    let (mut engine, mut sink, mut feed) = start();
    book_g(&mut engine, &mut sink, &mut feed);
    feed.levels(&mut engine, &mut sink, 2, &[(BID, 50, 1), (ASK, 51, 1)]);
    sink.clear();
    feed.now += MS;
    feed.gap_begin(&mut engine, &mut sink);
    let broken: Vec<_> = sink.of(Feature::Bbo).iter().map(|s| (s.instrument, s.flags)).collect();
    assert_eq!(broken, [(id(1), flags::GAP), (id(2), flags::GAP)]);
    assert!(sink.last(Feature::Bbo).real(7).is_nan());
    assert!(sink.last(Feature::Imbalance).real(0).is_nan());
    assert_eq!(sink.last(Feature::Ofi).integer(3), 0);
    // Records under the gap are gapped; nothing is computed from them.
    sink.clear();
    feed.levels(&mut engine, &mut sink, 1, &[(BID, 100, 1_000_000)]);
    assert!(sink.of(Feature::Bbo).is_empty());
    feed.now += MS;
    feed.gap_end(&mut engine, &mut sink);
    feed.refresh(&mut engine, &mut sink, 1, &[(100, 1_000_001)], &[(101, 4)]);
    feed.levels(&mut engine, &mut sink, 1, &[(BID, 100, 1_000_003)]);
    let ofi = sink.last(Feature::Ofi);
    assert_eq!((ofi.integer(3), ofi.integer(5)), (2, 1), "only the change since");
    assert_ne!(ofi.flags & flags::GAP, 0);
    feed.trade(&mut engine, &mut sink, 1, buy(101, 1));
    assert_ne!(sink.last(Feature::Tfi).flags & flags::GAP, 0);
    assert_eq!(engine.totals().gaps, 1);
}

#[test]
fn a_loss_of_our_own_is_a_gap_of_what_was_lost() {
    let (mut engine, mut sink, mut feed) = start();
    book_g(&mut engine, &mut sink, &mut feed);
    sink.clear();
    // Trades only: the books are intact.
    feed.lost(&mut engine, &mut sink, 2, 0);
    assert!(sink.seen.is_empty());
    feed.trade(&mut engine, &mut sink, 1, buy(101, 1));
    assert_ne!(sink.last(Feature::Tfi).flags & flags::GAP, 0);
    // A book: which one is not said, so none is believed until it was refreshed.
    feed.lost(&mut engine, &mut sink, 0, 1);
    assert_eq!(sink.last(Feature::Bbo).flags, flags::GAP);
    sink.clear();
    feed.refresh(&mut engine, &mut sink, 1, &[(100, 9)], &[(101, 4)]);
    assert_eq!((sink.last(Feature::Bbo).integer(1), sink.last(Feature::Bbo).flags), (9, 0));
}

#[test]
fn one_sided_and_crossed_books_have_no_quote() {
    let (mut engine, mut sink, mut feed) = start();
    feed.levels(&mut engine, &mut sink, 1, &[(BID, 100, 5)]);
    let imbalance = sink.last(Feature::Imbalance);
    assert_eq!((imbalance.real(0), imbalance.flags), (1.0, flags::ONE_SIDED));
    feed.levels(&mut engine, &mut sink, 1, &[(ASK, 99, 5)]);
    assert_eq!(sink.last(Feature::Bbo).flags, flags::CROSSED);
    assert!(sink.last(Feature::Imbalance).real(0).is_nan());
    feed.levels(&mut engine, &mut sink, 1, &[(ASK, 99, 0), (ASK, 100, 5)]);
    let bbo = sink.last(Feature::Bbo);
    assert_eq!((bbo.flags, bbo.integer(5)), (flags::LOCKED, 0));
}

#[test]
fn times_that_go_back_are_told_and_do_not_turn_time_back() {
    let (mut engine, mut sink, mut feed) = start();
    book_g(&mut engine, &mut sink, &mut feed);
    feed.now += 100;
    feed.levels(&mut engine, &mut sink, 1, &[(BID, 100, 6)]);
    feed.now -= 50;
    feed.levels(&mut engine, &mut sink, 1, &[(BID, 100, 7)]);
    let bbo = sink.last(Feature::Bbo);
    assert_eq!((bbo.flags, bbo.at), (flags::LATE, 1_000_000_100));
    feed.path = Path::Retransmission;
    feed.now += 500;
    feed.trade(&mut engine, &mut sink, 1, buy(101, 1));
    assert_ne!(sink.last(Feature::Tfi).flags & flags::LATE, 0);
    assert_eq!(engine.totals().late, 1);
}

#[test]
fn sessions_halts_and_connections_are_told() {
    let (mut engine, mut sink, mut feed) = start();
    let session = |event: SessionEvent| Session { event: event as u8, ..Session::default() };
    feed.stream(&mut engine, &mut sink, session(SessionEvent::StartOfSystemHours));
    book_g(&mut engine, &mut sink, &mut feed);
    assert_eq!(sink.last(Feature::Bbo).flags, flags::AUCTION);
    feed.stream(&mut engine, &mut sink, session(SessionEvent::StartOfMarketHours));
    feed.levels(&mut engine, &mut sink, 1, &[(BID, 100, 6)]);
    assert_eq!(sink.last(Feature::Bbo).flags, 0);
    let market =
        Status { state: TradingState::CircuitBreaker as u8, scope: 2, ..Status::default() };
    feed.stream(&mut engine, &mut sink, market);
    feed.levels(&mut engine, &mut sink, 1, &[(BID, 100, 7)]);
    assert_eq!(sink.last(Feature::Bbo).flags, flags::AUCTION);
    let trading = Status { state: TradingState::Trading as u8, scope: 2, ..Status::default() };
    feed.stream(&mut engine, &mut sink, trading);
    let line = |line: u8, state: ConnectionState| Connection {
        state: state as u8,
        line,
        ..Connection::default()
    };
    sink.clear();
    feed.stream(&mut engine, &mut sink, line(1, ConnectionState::Up));
    feed.stream(&mut engine, &mut sink, line(2, ConnectionState::Down));
    assert!(sink.seen.is_empty(), "one of two lines is enough");
    feed.stream(&mut engine, &mut sink, line(1, ConnectionState::Down));
    assert_eq!(sink.last(Feature::Bbo).flags, flags::STALE);
    feed.stream(&mut engine, &mut sink, line(2, ConnectionState::Up));
    assert_eq!((sink.last(Feature::Bbo).flags, sink.last(Feature::Bbo).integer(1)), (0, 7));
    // A new session begins anew.
    feed.stream(&mut engine, &mut sink, session(SessionEvent::Start));
    feed.refresh(&mut engine, &mut sink, 1, &[(10, 1)], &[(11, 1)]);
    assert_eq!(sink.last(Feature::Ofi).integer(3), 0);
}

#[test]
fn only_trades_with_a_taker_flow() {
    let (mut engine, mut sink, mut feed) = start();
    book_g(&mut engine, &mut sink, &mut feed);
    sink.clear();
    for flags in [trade_flags::AUCTION, trade_flags::BLOCK] {
        feed.trade(&mut engine, &mut sink, 1, Trade { flags, ..buy(101, 1_000) });
    }
    assert!(sink.of(Feature::Tfi).is_empty());
    // They are volume all the same.
    let vwap = sink.last(Feature::Vwap);
    assert_eq!((vwap.integer(0), vwap.integer(3), vwap.integer(5)), (101, 2_000, 2));
    let hidden = Trade { flags: trade_flags::HIDDEN, aggressor: 0, ..buy(101, 3) };
    feed.trade(&mut engine, &mut sink, 1, hidden);
    let tfi = sink.last(Feature::Tfi);
    assert_eq!((tfi.integer(0), tfi.integer(3)), (3, 3));
    assert_ne!(tfi.flags & flags::ESTIMATED, 0);
    let totals = engine.totals();
    assert_eq!((totals.trades_unsigned, totals.trades_estimated), (2, 1));
    feed.stream(&mut engine, &mut sink, TradeBreak::default());
    assert_eq!(engine.totals().trades_broken, 1);
}

#[test]
fn instruments_beyond_the_memory_are_counted_once() {
    let (mut engine, mut sink, mut feed) = start();
    for index in [3, 4, 5, 6, 5] {
        engine.define(0, &row(index));
    }
    let totals = engine.totals();
    assert_eq!((totals.instruments, totals.instruments_refused), (4, 2));
    sink.clear();
    feed.refresh(&mut engine, &mut sink, 5, &[(10, 1)], &[(11, 1)]);
    feed.trade(&mut engine, &mut sink, 5, buy(101, 1));
    feed.levels(&mut engine, &mut sink, 900, &[(BID, 1, 1)]);
    assert!(sink.seen.is_empty());
}

#[test]
fn a_silent_book_goes_stale_where_that_is_asked_for() {
    let spec = EngineSpec { book_ttl: 3_000_000_000, ..EngineSpec::default() };
    let (mut engine, mut sink) = (Engine::new(spec), Collect::default());
    let mut feed = Feed::start(&mut engine, &mut sink, 1);
    book_g(&mut engine, &mut sink, &mut feed);
    feed.now += 3_900 * MS;
    feed.heartbeat(&mut engine, &mut sink);
    assert_eq!(sink.last(Feature::Bbo).flags, 0);
    feed.now += 1_500 * MS;
    feed.heartbeat(&mut engine, &mut sink);
    assert_eq!(sink.last(Feature::Bbo).flags, flags::STALE);
    assert!(sink.last(Feature::WapGrid).real(0).is_nan());
    feed.levels(&mut engine, &mut sink, 1, &[(BID, 100, 6)]);
    let ofi = sink.last(Feature::Ofi);
    assert_eq!((ofi.integer(3), sink.last(Feature::Bbo).flags), (0, 0));
}

#[test]
fn heartbeats_of_a_replay_are_in_another_clock() {
    let (mut engine, mut sink, mut feed) = start();
    feed.stamp = wire::StampBy::Recording;
    book_g(&mut engine, &mut sink, &mut feed);
    sink.clear();
    let recorded = feed.now;
    feed.now = 1_800_000_000_000 * MS;
    feed.heartbeat(&mut engine, &mut sink);
    assert!(sink.seen.is_empty());
    feed.now = recorded + 1_500 * MS;
    feed.trade(&mut engine, &mut sink, 1, buy(101, 1));
    let times: Vec<i64> = sink.of(Feature::Spread).iter().map(|seen| seen.at).collect();
    assert_eq!(times, [1_000_000_000, 2_000_000_000]);
    assert_eq!(sink.last(Feature::Tfi).flags & flags::LATE, 0);
}

#[test]
fn an_instrument_that_is_removed_says_nothing_more() {
    let (mut engine, mut sink, mut feed) = start();
    book_g(&mut engine, &mut sink, &mut feed);
    let action = DefinitionAction::Remove as u8;
    feed.about(&mut engine, &mut sink, 1, Definition { action, tick: 1, ..Definition::default() });
    sink.clear();
    feed.now += 2_000 * MS;
    feed.trade(&mut engine, &mut sink, 2, buy(101, 1));
    assert!(sink.seen.iter().all(|seen| seen.instrument != id(1)));
    feed.refresh(&mut engine, &mut sink, 1, &[(10, 1)], &[(11, 1)]);
    assert_eq!(
        (sink.last(Feature::Ofi).instrument, sink.last(Feature::Ofi).integer(3)),
        (id(1), 0)
    );
}

#[test]
fn volume_begins_anew_when_the_market_opens() {
    let (mut engine, mut sink, mut feed) = start();
    feed.trade(&mut engine, &mut sink, 1, buy(90, 5));
    let early = sink.last(Feature::Vwap);
    assert_eq!((early.integer(0), early.flags), (90, flags::PARTIAL), "followed from the middle");
    feed.now += MS;
    let opened = feed.now as i64;
    let event = SessionEvent::StartOfMarketHours as u8;
    feed.stream(&mut engine, &mut sink, Session { event, ..Session::default() });
    feed.trade(&mut engine, &mut sink, 1, buy(100, 1));
    feed.gap_begin(&mut engine, &mut sink);
    feed.gap_end(&mut engine, &mut sink);
    feed.trade(&mut engine, &mut sink, 1, buy(102, 1));
    let vwap = sink.last(Feature::Vwap);
    assert_eq!((vwap.integer(0), vwap.integer(4), vwap.integer(5)), (101, opened, 2));
    assert_eq!((vwap.real(2), vwap.flags), (1.0, flags::GAP), "told until the next anchor");
}
