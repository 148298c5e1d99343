//! Books of messages against another plain book, and a snapshot against both.

use protocol::venue::nasdaq::codes::Side;
use protocol::venue::nasdaq::{MESSAGES, Message, decode};
use tools::venue_sim::serve::SnapshotSource;
use tools::venue_sim::serve::books::Books;

use super::support::replay;
use super::{SESSION, messages, session};

/// Locate, side, price, reference and shares of an order, in the order of a book.
type Row = (u16, Side, u32, u64, u32);

/// The orders of a snapshot as they come.
pub fn rows<'a>(snapshot: impl IntoIterator<Item = &'a [u8]>) -> Vec<Row> {
    let mut rows = Vec::new();
    for bytes in snapshot {
        let row = match decode(bytes).expect("a message of ITCH") {
            Message::AddOrder(m) => (m.side(), m.price, m.reference, m.shares, m.header.locate),
            Message::AddOrderAttributed(m) => {
                (m.side(), m.price, m.reference, m.shares, m.header.locate)
            }
            _ => {
                assert!(rows.is_empty(), "something else behind the first order");
                continue;
            }
        };
        let (side, price, reference, shares, locate) = row;
        let side = side.expect("a side");
        rows.push((locate.get(), side, price.get(), reference.get(), shares.get()));
    }
    rows
}

/// The orders of the other book after all messages of this file.
pub fn wanted(file: &[u8]) -> Vec<Row> {
    let mut rows = Vec::new();
    for book in replay(file).books() {
        for (side, levels) in [(Side::Buy, &book.bids), (Side::Sell, &book.asks)] {
            for level in levels {
                let row = |(reference, shares): &(u64, u32)| {
                    (book.locate, side, level.price, *reference, *shares)
                };
                rows.extend(level.orders.iter().map(row));
            }
        }
    }
    rows
}

#[test]
fn a_snapshot_at_any_number_is_the_other_book() {
    let file = session(11, 30, 40_000);
    let all = messages(&file);
    let mut books = Books::new(SESSION);
    let mut length = 0;
    let mut most = 0;
    for (count, message) in all.iter().enumerate() {
        books.apply(message);
        length += 2 + message.len();
        if count % 4_001 != 0 && count + 1 != all.len() {
            continue;
        }
        assert_eq!((books.session(), books.next()), (SESSION, count as u64 + 2));
        let mut snapshot = Vec::new();
        books.snapshot(&mut |message| snapshot.push(message.to_vec()));
        let rows = rows(snapshot.iter().map(Vec::as_slice));
        assert_eq!(rows, wanted(&file[..length]), "after {} messages", count + 1);
        assert_eq!(rows.len(), books.live_orders());
        most = most.max(rows.len());
    }
    assert!(most > 1_000, "{most} orders at most");
    assert_eq!(books.unknown(), 0);
}

/// What stands is the latest of its kind, each stock's directory before anything about it.
#[test]
fn a_snapshot_begins_with_what_stands() {
    let file = session(12, 5, 5_000);
    let all = messages(&file);
    let mut books = Books::new(SESSION);
    all.iter().for_each(|message| books.apply(message));
    let mut snapshot = Vec::new();
    books.snapshot(&mut |message| snapshot.push(message.to_vec()));
    let kind = |message: &[u8]| (message[0], u16::from_be_bytes([message[1], message[2]]));
    let place = |code, locate| snapshot.iter().position(|m| kind(m) == (code, locate));
    let mut checked = 0;
    for (code, _, _) in MESSAGES {
        for locate in 0..=5 {
            let latest = all.iter().rfind(|message| kind(message) == (code, locate));
            if b"SRHYhKJVW".contains(&code) {
                let last = snapshot.iter().rfind(|message| kind(message) == (code, locate));
                assert_eq!(last.map(Vec::as_slice), latest.copied(), "{code} {locate}");
                checked += u32::from(latest.is_some());
            } else if !b"LAF".contains(&code) {
                assert_eq!(place(code, locate), None, "{code} is not in a snapshot");
            }
            if let (Some(at), Some(directory)) = (place(code, locate), place(b'R', locate)) {
                assert!(at >= directory, "{code} of {locate} before its directory");
            }
        }
    }
    assert!(checked > 20, "{checked}");
    let events = all.iter().filter(|message| message[0] == b'S').count();
    assert_eq!(snapshot.iter().filter(|message| message[0] == b'S').count(), events);
}

#[test]
fn what_cannot_be_is_counted() {
    let mut books = Books::new(SESSION);
    books.apply(b"");
    books.apply(b"?");
    assert_eq!((books.next(), books.unknown()), (3, 0), "they have numbers");
    let mut delete = [0; 19];
    delete[0] = b'D';
    books.apply(&delete);
    let mut add = [1; 36];
    add[0] = b'A';
    books.apply(&add);
    assert_eq!((books.unknown(), books.live_orders()), (2, 0), "no side");
    add[19] = b'B';
    books.apply(&add);
    books.apply(&add);
    assert_eq!((books.unknown(), books.live_orders()), (3, 1), "twice");
}
