//! Every record kind against bytes packed by `golden.py`, which knows only the offset table.

use wire::payload::*;
use wire::{BookState, Nature};
use wire::{Header, InstrumentId, NONE, Origin, Path, Quality, Record, Side, StampBy, Venue};
use zerocopy::IntoBytes;

fn header() -> Header {
    Header {
        quality: Quality::new(BookState::Live, Nature::Recorded)
            .side(Side::Ask)
            .end_of_event()
            .snapshot(),
        origin: Origin::new(2, Path::Retransmission, StampBy::Recording),
        instrument: InstrumentId::new(Venue::Nasdaq, 13),
        sequence: 0x0102_0304_0506_0708,
        ts_venue: 1_580_374_800_000_000_001,
        ts_receive: 1_580_374_800_000_000_002,
    }
}

fn gaps_and_sessions() -> Vec<Record> {
    let h = header();
    let gap = GapBegin { first: 5, end: 9, gap_id: 7, channel: 3, lines: 3, how: 0, open_ns: 0 };
    vec![
        Record::new(h, gap),
        Record::new(
            h,
            GapEnd { first: 5, end: 9, gap_id: 7, channel: 3, lines: 3, how: 2, open_ns: 1500 },
        ),
        Record::new(
            h,
            Lost { first_step: 10, last_step: 20, records: 30, trades: 4, instruments: 5 },
        ),
        Record::new(
            h,
            Heartbeat {
                lane_now: 11,
                venue_sequence: 12,
                channel: 3,
                lines_up: 2,
                ..Default::default()
            },
        ),
        Record::new(
            h,
            Session {
                id: *b"000010059B      ",
                first_sequence: 1,
                date: 20_200_130,
                channel: 3,
                event: 1,
                _pad0: 0,
            },
        ),
        Record::new(
            h,
            Connection {
                state: 2,
                line: 1,
                channel: 3,
                reconnects: 9,
                since_ns: 77,
                reason: 104,
                _pad0: 0,
            },
        ),
    ]
}

fn book_boundaries() -> Vec<Record> {
    let h = header();
    let book = BookBegin {
        cause: 3,
        depth: 20,
        update_id: 42,
        bids: 79,
        asks: 63,
        ..BookBegin::default()
    };
    vec![
        Record::new(h, book),
        Record::new(
            h,
            BookEnd {
                cause: 3,
                depth: 20,
                update_id: 42,
                bids: 79,
                asks: 63,
                ..Default::default()
            },
        ),
        Record::new(
            h,
            BookStateChange {
                new: 4,
                old: 2,
                cause: 4,
                gap_id: 7,
                first: 5,
                end: 9,
                ..Default::default()
            },
        ),
        Record::new(h, EventEnd::default()),
    ]
}

fn book_and_trades() -> Vec<Record> {
    let h = header();
    let (bid, ask) = (3_201_400, 3_203_000);
    vec![
        Record::new(
            h,
            OrderAdd { order_id: 1001, price: bid, quantity: 100, priority: *b"GSCO\0\0\0\0" },
        ),
        Record::new(
            h,
            OrderModify { order_id: 1001, price: 3_201_500, quantity: 50, priority: u64::MAX },
        ),
        Record::new(h, OrderReplace { old_id: 1001, new_id: 1002, price: 3_201_600, quantity: 70 }),
        Record::new(
            h,
            OrderExecute { order_id: 1002, price: 3_201_600, executed: 20, trade_id: 555 },
        ),
        Record::new(
            h,
            OrderReduce { order_id: 1002, price: 3_201_600, reduced_by: 10, remaining: 40 },
        ),
        Record::new(
            h,
            OrderDelete { order_id: 1002, price: 3_201_600, removed: 40, cause: 1, _pad0: [0; 7] },
        ),
        Record::new(
            h,
            Level {
                price: bid,
                quantity: 0,
                update_id: 42,
                orders: u32::MAX,
                position: 1,
                flags: 0,
            },
        ),
        Record::new(
            h,
            Top { bid_price: bid, bid_quantity: 100, ask_price: ask, ask_quantity: 200 },
        ),
        Record::new(
            h,
            Quote { bid_price: bid, bid_quantity: 100, ask_price: NONE, ask_quantity: NONE },
        ),
        Record::new(
            h,
            Trade {
                price: bid,
                quantity: 100,
                trade_id: 555,
                aggressor: 2,
                flags: 6,
                condition: 64,
                matches: 3,
            },
        ),
        Record::new(h, TradeBreak { trade_id: 555, price: NONE, quantity: NONE, flags: 0 }),
    ]
}

fn reference() -> Vec<Record> {
    let h = header();
    vec![
        Record::new(
            h,
            Status {
                state: 2,
                scope: 0,
                short_sale: 255,
                market: 0,
                reason: *b"T1  ",
                effective_ns: 99,
                lower_band: NONE,
                upper_band: NONE,
            },
        ),
        Record::new(
            h,
            Definition {
                action: 0,
                class: 1,
                price_exp: -4,
                tick: 100,
                lot: 100,
                multiplier: 1,
                ..Default::default()
            },
        ),
        Record::new(
            h,
            Auction {
                clearing_price: 3_201_400,
                paired: 1000,
                imbalance: -300,
                cross: b'O',
                variation: b'L',
                flags: 1,
                time_s: 30,
            },
        ),
        Record::new(
            h,
            Prices { tags: [1, 2, 3], p0: 3_201_400, p1: 3_201_500, p2: NONE, _pad0: [0; 5] },
        ),
        Record::new(
            h,
            Statistic { tag: 1, price: 170_000, quantity: 1, ts_ref: 88, _pad0: [0; 7] },
        ),
    ]
}

fn derivatives_and_derived() -> Vec<Record> {
    let h = header();
    vec![
        Record::new(h, Mark { mark: 100, index: 101, settlement: NONE, _pad0: 0 }),
        Record::new(
            h,
            Funding {
                rate: 100_000_000,
                second_rate: NONE,
                next_ns: 1_580_400_000_000_000_000,
                interval_s: 28_800,
                flags: 1,
            },
        ),
        Record::new(
            h,
            OpenInterest { amount: 123, value: 456, ts_ref: 789, unit: 2, _pad0: [0; 7] },
        ),
        Record::new(h, Liquidation { average_price: 100, filled: 5, order_price: 99, trade_id: 4 }),
        Record::new(
            h,
            Feature {
                feature_id: 12,
                part: 1,
                cause_lane: 2,
                flags: 3,
                cause_sequence: 4,
                value_0: 0.5f64.to_bits(),
                value_1: 6,
            },
        ),
        Record::new(
            h,
            Signal {
                signal_id: 12,
                direction: -1,
                cause_lane: 2,
                flags: 3,
                cause_sequence: 4,
                strength: 0.25f64.to_bits(),
                horizon_ns: 1_000_000_000,
            },
        ),
    ]
}

fn all() -> Vec<Record> {
    [
        gaps_and_sessions(),
        book_boundaries(),
        book_and_trades(),
        reference(),
        derivatives_and_derived(),
    ]
    .concat()
}

#[test]
fn every_kind_has_the_bytes_of_the_offset_table() {
    let golden = include_str!("golden.txt");
    let records = all();
    let mut seen = Vec::new();
    for line in golden.lines() {
        let (name, hex) = line.split_once(' ').expect("kind and hex");
        let record = records
            .iter()
            .find(|r| r.kind().is_some_and(|k| k.name() == name))
            .unwrap_or_else(|| panic!("{name} is in golden.txt but not in this test"));
        let ours: String = record.as_bytes().iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(ours, hex, "{name}");
        assert_eq!(Record::from_words(record.to_words()), *record, "{name}");
        seen.push(name);
    }
    let kinds: Vec<&str> = Kind::ALL.iter().map(|k| k.name()).collect();
    assert_eq!(seen, kinds, "golden.txt names every kind once, in order");
}

#[test]
fn payload_is_given_only_for_its_kind() {
    let trade = all().into_iter().find(|r| r.kind() == Some(Kind::Trade)).expect("a trade");
    assert_eq!(trade.get::<Trade>().map(|t| t.trade_id), Some(555));
    assert_eq!(trade.get::<TradeBreak>(), None);
    assert_eq!(Record::from_words([u64::MAX; 8]).kind(), None);
}

#[test]
fn two_runs_are_equal_but_for_what_may_differ() {
    let a = all();
    let mut b = a.clone();
    for record in &mut b {
        record.commit = 9;
        record.origin = Origin::new(1, Path::Live, StampBy::Nic);
        record.ts_receive += 5;
        record.quality = Quality(record.quality.0 & !Quality::NATURE_MASK);
    }
    // Heartbeats and connections are left out altogether.
    b.retain(|r| !matches!(r.kind(), Some(Kind::Heartbeat | Kind::Connection)));
    assert_eq!(wire::record::first_difference(&a, &b), None);

    for (at, flip) in [(2usize, 0x20u8), (8, 1), (16, 1), (32, 1), (63, 1)] {
        let mut words = b[3].to_words();
        words[at / 8] ^= u64::from(flip) << (at % 8 * 8);
        let mut c = b.clone();
        c[3] = Record::from_words(words);
        let (_, j) = wire::record::first_difference(&a, &c).expect("a difference at byte {at}");
        assert_eq!(j, 3, "byte {at}");
    }
    let (i, j) = wire::record::first_difference(&a, &b[..b.len() - 1]).expect("one is shorter");
    assert_eq!((i, j), (a.len() - 1, b.len() - 1));
}

#[test]
fn text_names_every_field_and_scales_prices() {
    let exponents = Some(wire::text::Exponents { price: -4, quantity: 0 });
    for record in all() {
        let info = record.kind().and_then(wire::text::kind_info).expect("known kind");
        let shown = wire::text::fields(&record, exponents);
        assert_eq!(shown.len(), info.named_fields().count());
    }
    let add = all().into_iter().find(|r| r.kind() == Some(Kind::OrderAdd)).expect("an add");
    let line = wire::text::line(&add, "AAPL", exponents);
    assert!(line.contains("ask order_id=1001 price=320.14 quantity=100 priority=GSCO"), "{line}");
}
