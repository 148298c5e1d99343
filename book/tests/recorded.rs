//! Books against recorded markets, read here by hand so that no code is shared with the decoders.
//!
//! The recordings are not part of the repository: `HOTLANE_DATA` names the folder that holds them.

mod naive;

use std::path::PathBuf;

use book::{L2Book, L3Limits, Level, PagedIndex, Side};
use naive::drive::{Event, Pair};

const ITCH: &str = "packets/nasdaq/AAPL_locate13_first10k_01302020.NASDAQ_ITCH50";
const LOBSTER: &str = "packets/lobster/AAPL_2012-06-21_34200000_57600000";

fn recording(test: &str, path: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("HOTLANE_DATA") else {
        e2e::skipped(test, "HOTLANE_DATA is not set");
        return None;
    };
    Some(PathBuf::from(folder).join(path))
}

fn number(bytes: &[u8], at: usize, len: usize) -> u64 {
    bytes[at..at + len].iter().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

/// The book events of an ITCH 5.0 file: `u16 length, message` repeated.
fn itch_events(bytes: &[u8]) -> Vec<Event> {
    let mut events = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let (message, after) = rest[2..].split_at(number(rest, 0, 2) as usize);
        rest = after;
        let instrument = number(message, 1, 2) as u32;
        let u32_at = |at| number(message, at, 4) as i64;
        let reference = || number(message, 11, 8);
        match message[0] {
            b'A' | b'F' => events.push(Event::Add {
                instrument,
                reference: reference(),
                side: if message[19] == b'B' { Side::Bid } else { Side::Ask },
                price: u32_at(32),
                quantity: u32_at(20),
            }),
            b'E' | b'C' => {
                let (reference, quantity) = (reference(), u32_at(19));
                events.push(Event::Execute { instrument, reference, quantity });
            }
            b'X' => {
                let (reference, quantity) = (reference(), u32_at(19));
                events.push(Event::Reduce { instrument, reference, quantity });
            }
            b'D' => events.push(Event::Delete { instrument, reference: reference() }),
            b'U' => events.push(Event::Replace {
                instrument,
                old: reference(),
                new: number(message, 19, 8),
                price: u32_at(31),
                quantity: u32_at(27),
            }),
            _ => {}
        }
    }
    events
}

/// What must come out is what the recording's own description says, and the twin's state.
#[test]
fn a_recorded_itch_morning() {
    let Some(path) = recording("a_recorded_itch_morning", ITCH) else { return };
    let events = itch_events(&std::fs::read(path).unwrap());
    let count = |wanted: fn(&Event) -> bool| events.iter().filter(|event| wanted(event)).count();
    assert_eq!(count(|event| matches!(event, Event::Add { .. })), 4_758 + 2);
    assert_eq!(count(|event| matches!(event, Event::Reduce { .. })), 6);
    assert_eq!(count(|event| matches!(event, Event::Delete { .. })), 4_083);
    assert_eq!(count(|event| matches!(event, Event::Execute { .. })), 849);
    assert_eq!(count(|event| matches!(event, Event::Replace { .. })), 7);
    let limits = L3Limits { min_price: 1, ..L3Limits::new(14, 216) };
    let mut pair = Pair::<PagedIndex>::new(limits, true);
    for event in events {
        assert_eq!(pair.apply(event), Ok(()));
        let top = pair.books.best(13);
        assert!(!top.is_crossed() && !top.is_locked(), "{top:?} after {event:?}");
        pair.compare(13);
    }
    let top = pair.books.best(13);
    assert_eq!((top.bid_price, top.ask_price), (3_201_400, 3_203_000));
    assert_eq!((pair.books.depth(13, Side::Bid), pair.books.depth(13, Side::Ask)), (79, 63));
}

/// One row of a LOBSTER order book: ten levels, each ask price, ask size, bid price, bid size.
fn lobster_row(line: &str) -> [Vec<(i64, i64)>; 2] {
    let fields: Vec<i64> = line.split(',').map(|field| field.trim().parse().unwrap()).collect();
    let side = |first: usize| fields[first..].chunks(4).map(|pair| (pair[0], pair[1])).collect();
    [side(2), side(0)]
}

fn shown(book: &L2Book, side: Side, levels: usize) -> Vec<(i64, i64)> {
    let pair = |level: Level| (level.price, level.quantity);
    book.levels(side).take(levels).map(pair).collect()
}

/// Each message applied to the levels of one row must give the best nine levels of the next.
#[test]
fn a_recorded_level_book() {
    let Some(base) = recording("a_recorded_level_book", LOBSTER) else { return };
    let read = |kind: &str| {
        let name = format!("{}_{kind}_10.csv", base.display());
        std::fs::read_to_string(name).unwrap()
    };
    let (messages, rows) = (read("message"), read("orderbook"));
    let rows: Vec<_> = rows.lines().map(lobster_row).collect();
    let mut book = L2Book::new(64).unwrap();
    let mut transitions = 0;
    for (at, message) in messages.lines().enumerate().skip(1) {
        book.clear();
        for side in [Side::Bid, Side::Ask] {
            for &(price, quantity) in &rows[at - 1][side as usize] {
                book.set(side, price, quantity, u32::MAX).unwrap();
            }
        }
        let fields: Vec<&str> = message.split(',').collect();
        let value = |field: usize| fields[field].trim().parse::<i64>().unwrap();
        let (kind, size, price) = (value(1), value(3), value(4));
        let side = if value(5) == 1 { Side::Bid } else { Side::Ask };
        let sign = match kind {
            1 => 1,
            2..=4 => -1,
            _ => 0,
        };
        let before = book.at_price(side, price).map_or(0, |level| level.quantity);
        if sign != 0 && (before > 0 || sign > 0) {
            book.set(side, price, before + sign * size, u32::MAX).unwrap();
        }
        for side in [Side::Bid, Side::Ask] {
            assert_eq!(shown(&book, side, 9), rows[at][side as usize][..9], "row {at}");
        }
        transitions += 1;
    }
    assert_eq!(transitions, 998);
}
