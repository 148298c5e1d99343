//! Rows 17 to 19: floods of symbols, values at their limits, books that contradict themselves.

use feed::lane::Lane;
use feed::publish::outlet::NoOutlet;
use feed::recover::RepairSpec;
use feed::recover::mail::{News, Want, mail};
use wire::decimal::{parse, to_text};
use wire::payload::{BookStateChange, Level, OrderAdd, Prices, Trade};
use wire::{BookState, NONE, Side};

use crate::common::market::STOCKS;
use crate::common::packets::{SESSION, give, mold};
use crate::common::twin::Twin;
use crate::common::{self, DAY, Sizes, itch};
use crate::ear::Ear;
use crate::stage::{self, packet, stream};
use crate::venue::snapshot;

/// Resident memory of this process, bytes.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages = text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.expect("a number") * 4096
}

#[test]
fn row_17_a_flood_of_symbols_is_counted_and_memory_stays_flat() {
    stage::alone("values::row_17_a_flood_of_symbols_is_counted_and_memory_stays_flat", flood);
}

fn flood() {
    let symbols: u64 = if stage::is_full() { 10_000_000 } else { 1_000_000 };
    let sizes = Sizes::default();
    let mut lane = common::lane_into(common::config(), sizes, NoOutlet);
    let known = stream(17, 2_000);
    let mut next = 1;
    let mut send = |lane: &mut Lane<NoOutlet>, messages: &[Vec<u8>]| {
        give(lane, &mold(SESSION, next, messages), DAY.midnight_ns + next);
        next += messages.len() as u64;
    };
    send(&mut lane, &known[..1]);
    known[1..1_000].chunks(30).for_each(|block| send(&mut lane, block));
    let symbol = |mut n: u64| {
        let letter = |n: &mut u64| {
            let letter = b'A' + (*n % 26) as u8;
            *n /= 26;
            letter
        };
        let bytes: Vec<u8> = (0..7).map(|_| letter(&mut n)).collect();
        String::from_utf8(bytes).expect("letters")
    };
    let mut block = |lane: &mut Lane<NoOutlet>, from: u64| {
        // The first find room in the table and keep their locates; the others share the rest.
        let locate = |n: u64| if n < 30 { 1_000 + n } else { 2_000 + n % 60_000 };
        let one = |n: u64| itch::directory(locate(n) as u16, 1, &symbol(n));
        let messages: Vec<_> = (from..from + 30).map(one).collect();
        send(lane, &messages);
    };
    // A first part, so that what is taken once is taken; then the flood.
    let flood = symbols / 30 * 30;
    (0..3_000).step_by(30).for_each(|from| block(&mut lane, from));
    let before = resident();
    (3_000..flood).step_by(30).for_each(|from| block(&mut lane, from));
    let grown = resident().saturating_sub(before);
    // Those of the market have 8 of the table's places; the flood took the rest.
    assert_eq!(lane.venue.directory.len(), sizes.instruments);
    let taken = u64::from(sizes.instruments) - STOCKS.len() as u64;
    let counts = &lane.publisher.counts;
    let refused: Vec<_> = counts.rejects().filter(|&(_, n)| n > 0).collect();
    assert_eq!(refused, [("instrument_table_full", flood - taken)], "each is counted");
    assert!(grown <= 1 << 20, "{grown} bytes more");
    // The known ones are served as before.
    let mut twin = Twin::default();
    known.iter().for_each(|message| twin.message(message));
    for (next, message) in (flood + 1_001..).zip(&known[1_000..]) {
        give(&mut lane, &mold(SESSION, next, std::slice::from_ref(message)), DAY.midnight_ns);
    }
    for name in STOCKS {
        let index = lane.venue.directory.index_of(&itch::stock(name)).expect("listed");
        assert_eq!(lane.venue.book_state(index, &lane.gaps), BookState::Live);
        for (side, letter) in [(Side::Bid, b'B'), (Side::Ask, b'S')] {
            let orders = lane.venue.books.orders(index, side);
            let orders: Vec<_> = orders.map(|o| (o.reference, o.price, o.quantity)).collect();
            assert_eq!(orders, twin.queue(name, letter));
        }
    }
    println!(
        "row 17: {flood} symbols, {taken} taken, {} counted, memory +{} KiB",
        flood - taken,
        grown >> 10
    );
}

#[test]
fn row_18_values_at_their_limits_neither_wrap_nor_panic() {
    let (most, sum) = (u32::MAX, 4 * i64::from(u32::MAX));
    let mut lane = common::lane();
    let mut messages: Vec<_> = (1..=4).map(|n| itch::bid(n, n, most, most)).collect();
    messages.push(itch::ask(5, 5, 1, most));
    messages.push(itch::executed_at((13, 6), (1, most, 1), b'Y', most));
    messages.push(itch::bid(7, 7, 1, 0));
    messages.push(itch::mwcb_decline(8, [u64::MAX, i64::MAX as u64, 0]));
    for (number, message) in (1..).zip(&messages) {
        give(&mut lane, &mold(SESSION, number, std::slice::from_ref(message)), number);
    }
    let outlet = &lane.publisher.outlet;
    let adds: Vec<_> = outlet.of::<OrderAdd>().iter().map(|m| (m.price, m.quantity)).collect();
    let price = i64::from(most);
    assert_eq!(adds[..4], [(price, price); 4]);
    assert_eq!((adds[4], adds[5]), ((price, 1), (0, 1)));
    assert!(outlet.of::<Level>().iter().any(|level| level.quantity == sum), "the sum of four");
    let trade = outlet.of::<Trade>();
    assert_eq!((trade[0].price, trade[0].quantity), (price, price));
    let declines = outlet.of::<Prices>();
    assert_eq!((declines[0].p0, declines[0].p1, declines[0].p2), (NONE, i64::MAX, 0));
    assert_eq!(common::refusals(&lane), [("value_overflow", 1)], "what has no place is said");

    // Texts of prices: exact, or refused.
    let mut random = 18u64;
    let mut trips = 0;
    for _ in 0..200_000 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        let value = (random as i64) >> (random % 60);
        let exponent = -(((random >> 40) % 19) as i8);
        if value != i64::MIN {
            let text = to_text(value, exponent);
            assert_eq!(parse(text.as_bytes(), exponent), Ok(value), "{text}");
            trips += 1;
        }
    }
    let refused = [
        "",
        "NaN",
        "nan",
        "inf",
        "-inf",
        "1e",
        "--1",
        "1..2",
        "0x10",
        " 1",
        "1 ",
        "1,5",
        "+",
        ".",
        "99999999999999999999",
        "-9223372036854775808",
        "9223372036854775808",
        "1e400",
        "0.00000000000000000001",
    ];
    for text in refused {
        assert!(parse(text.as_bytes(), 0).is_err(), "{text}");
    }
    assert_eq!(parse(b"12345678901.2345678", -7), Ok(123_456_789_012_345_678));
    println!(
        "row 18: limits exact, 1 refused by name; {trips} decimals there and back, {} refused",
        refused.len()
    );
}

#[test]
fn row_19_a_book_that_contradicts_itself_is_marked_and_resynchronised() {
    // Crossed and locked books are what the venue said: counted, never mended.
    let mut lane = common::lane();
    let crossing = [itch::bid(1, 1, 10, 100), itch::ask(2, 2, 10, 100), itch::bid(3, 3, 10, 101)];
    for (number, message) in (1..).zip(&crossing) {
        give(&mut lane, &mold(SESSION, number, std::slice::from_ref(message)), number);
    }
    assert_eq!((lane.publisher.counts.locked, lane.publisher.counts.crossed), (1, 1));
    let best = lane.venue.books.best(1);
    assert_eq!((best.bid_price, best.ask_price), (101, 100), "as the venue said it");

    // What contradicts the book: its state is said at once, and a snapshot makes it whole.
    let messages = stream(19, 2_000);
    let unknown = itch::delete(1, 1, 999_999);
    let zero = itch::add(
        2,
        1,
        itch::Add { reference: 1 << 19, side: b'B', shares: 0, stock: STOCKS[1], price: 7 },
    );
    let mut longest = 0;
    for (bad, index) in [(unknown, 1), (zero, 2)] {
        let mut told = stage::lane(1);
        let (lane_end, mut end) = mail();
        let spec = RepairSpec { messages: 1 << 10, ..RepairSpec::default() };
        let lane = common::lane_into(common::config(), Sizes::default(), Ear::new(19, 1));
        let mut lane = lane.with_recovery(Some(lane_end), spec);
        let mut twin = Twin::default();
        let mut all = messages.clone();
        all.insert(1_000, bad);
        let (mut now, mut since) = (DAY.midnight_ns, None);
        for number in 1..=all.len() as u64 {
            now += 100_000;
            let bytes = packet(&all, number);
            give(&mut told, &bytes, now);
            give(&mut lane, &bytes, now);
            if number != 1_001 {
                twin.message(&all[number as usize - 1]);
            }
            lane.end_poll(true, now);
            while let Ok(want) = end.wants.pop() {
                if matches!(want, Want::Snapshot { .. }) {
                    let made = snapshot(&twin, *SESSION, number + 1, now);
                    assert!(end.news.push(News::Snapshot(Box::new(made))).is_ok());
                }
            }
            let live = lane.venue.book_state(index, &lane.gaps) == BookState::Live;
            if number == 1_001 {
                assert!(!live, "suspect at once");
                since = Some(now);
            } else if let Some(begun) = since.filter(|_| live) {
                longest = longest.max(now - begun);
                since = None;
            }
        }
        assert_eq!(since, None, "whole again before the session was over");
        let states = told.publisher.outlet.of::<BookStateChange>();
        assert_eq!(states.len(), 1, "consumers are told, once");
        let state = told.venue.book_state(index, &told.gaps);
        assert_eq!(state, BookState::Gapped, "without recovery it stays marked");
        assert_eq!(lane.publisher.outlet.contradictions(), []);
        for name in STOCKS {
            let index = lane.venue.directory.index_of(&itch::stock(name)).expect("listed");
            for (side, letter) in [(Side::Bid, b'B'), (Side::Ask, b'S')] {
                let orders = lane.venue.books.orders(index, side);
                let orders: Vec<_> = orders.map(|o| (o.reference, o.price, o.quantity)).collect();
                assert_eq!(orders, twin.queue(name, letter), "{name}");
            }
        }
    }
    assert!(longest <= 100_000_000, "{longest} ns");
    println!("row 19: marked in its step, whole {} us later by a snapshot", longest / 1_000);
}
