//! What contradicts: counted, named, said in the stream once, and no level is made up for it.

use wire::codes::BookCause;
use wire::payload::{BookStateChange, Level, OrderAdd};
use wire::{BookState, Kind, Record, Side};

use crate::common::collect::{Collect, kinds};
use crate::common::itch::{self, Add, with};
use crate::common::packets::give_messages;
use crate::common::view::View;
use crate::common::{self, Sizes};
use feed::lane::Lane;

/// A book of AAPL (13) with two bids and an ask, and one of MSFT (14) with a bid.
fn books() -> Vec<Vec<u8>> {
    let msft = Add { reference: 50, side: b'B', shares: 5, stock: "MSFT", price: 10 };
    vec![
        itch::bid(1, 1, 100, 500),
        itch::bid(2, 2, 50, 490),
        itch::ask(3, 3, 70, 510),
        itch::add(14, 4, msft),
    ]
}

struct After {
    lane: Lane<Collect>,
    said: Vec<Record>,
}

/// What comes of a message after [`books`].
fn after(message: Vec<u8>) -> After {
    let mut lane = common::lane();
    give_messages(&mut lane, 1, &books());
    let mut view = View::default();
    view.take(&lane.publisher.outlet.seat);
    lane.publisher.outlet.seat.clear();
    lane.publisher.outlet.take();
    give_messages(&mut lane, 5, &[message]);
    view.take(&lane.publisher.outlet.seat);
    view.assert_is(&lane.venue.books, 2);
    let said = lane.publisher.outlet.take();
    After { lane, said }
}

/// The message is refused under `name`; the book of AAPL is gapped, in the stream, and of the
/// orders are left those of `left`.
fn gaps_the_book(name: &str, message: Vec<u8>, left: &[u64]) {
    let After { mut lane, said } = after(message.clone());
    assert_eq!(common::refusals(&lane), [(name, 1)]);
    assert_eq!(lane.publisher.outlet.refused, [(lane.publisher.outlet.refused[0].0, 5)]);
    assert_eq!(lane.publisher.outlet.refused[0].0, name);
    assert_eq!(kinds(&said), [Kind::BookStateChange], "{name}");
    let change = BookStateChange {
        new: BookState::Gapped as u8,
        old: BookState::Live as u8,
        cause: BookCause::Inconsistent as u8,
        first: 5,
        ..BookStateChange::default()
    };
    assert_eq!(said[0].get(), Some(change));
    assert_eq!(said[0].instrument.index(), 1);
    assert_eq!(said[0].quality.state(), Some(BookState::Gapped));
    let orders = |lane: &Lane<Collect>| -> Vec<u64> {
        let sides = [Side::Bid, Side::Ask].into_iter();
        sides.flat_map(|side| lane.venue.books.orders(1, side)).map(|o| o.reference).collect()
    };
    assert_eq!(orders(&lane), left, "{name}");
    assert_eq!(lane.venue.book_state(1, &lane.gaps), BookState::Gapped);
    assert_eq!(lane.venue.book_state(2, &lane.gaps), BookState::Live, "only this book");
    assert_eq!(lane.gaps.declared(), 0, "nothing is missing");
    // Said once: the next contradiction is counted, and silent.
    give_messages(&mut lane, 6, &[itch::delete(13, 9, 777)]);
    assert_eq!(lane.publisher.outlet.take(), []);
    assert_eq!(lane.publisher.outlet.refused.len(), 2);
    // What follows is taken, and marked.
    give_messages(&mut lane, 7, &[itch::bid(9, 900, 1, 480)]);
    let said = lane.publisher.outlet.take();
    assert_eq!(said[0].get::<OrderAdd>().map(|m| m.order_id), Some(900));
    assert!(said.iter().all(|r| r.quality.state() == Some(BookState::Gapped)));
}

#[test]
fn references_that_no_order_has() {
    let name = "unknown_reference";
    gaps_the_book(name, itch::executed(13, 5, 4, 10, 1), &[1, 2, 3]);
    gaps_the_book(name, itch::executed_at((13, 5), (4, 10, 1), b'Y', 500), &[1, 2, 3]);
    gaps_the_book(name, itch::cancel(13, 5, 4, 10), &[1, 2, 3]);
    gaps_the_book(name, itch::delete(13, 5, 4), &[1, 2, 3]);
    gaps_the_book(name, itch::replace((13, 5), (4, 6), 10, 500), &[1, 2, 3]);
    gaps_the_book(name, itch::delete(13, 5, u64::MAX), &[1, 2, 3]);
}

#[test]
fn more_than_an_order_has() {
    gaps_the_book("over_execution", itch::executed(13, 5, 1, 101, 1), &[2, 3]);
    let at = itch::executed_at((13, 5), (3, 71, 1), b'Y', 500);
    gaps_the_book("over_execution", at, &[1, 2]);
    gaps_the_book("over_reduction", itch::cancel(13, 5, 2, u32::MAX), &[1, 3]);
}

#[test]
fn references_that_are_taken() {
    gaps_the_book("duplicate_reference", itch::bid(5, 1, 10, 499), &[1, 2, 3]);
    gaps_the_book("duplicate_reference", itch::ask(5, 50, 10, 520), &[1, 2, 3]);
    let taken = itch::replace((13, 5), (1, 3), 10, 505);
    gaps_the_book("duplicate_reference", taken, &[1, 2, 3]);
    let itself = itch::replace((13, 5), (1, 1), 10, 505);
    gaps_the_book("duplicate_reference", itself, &[1, 2, 3]);
}

#[test]
fn orders_of_another_stock() {
    gaps_the_book("wrong_instrument", itch::delete(13, 5, 50), &[1, 2, 3]);
    gaps_the_book("wrong_instrument", itch::executed(13, 5, 50, 1, 1), &[1, 2, 3]);
    let moved = itch::replace((13, 5), (50, 51), 1, 1);
    gaps_the_book("wrong_instrument", moved, &[1, 2, 3]);
}

#[test]
fn quantities_of_nothing() {
    gaps_the_book("zero_quantity", itch::bid(5, 6, 0, 499), &[1, 2, 3]);
    gaps_the_book("zero_quantity", itch::executed(13, 5, 1, 0, 1), &[1, 2, 3]);
    gaps_the_book("zero_quantity", itch::cancel(13, 5, 1, 0), &[1, 2, 3]);
    gaps_the_book("zero_quantity", itch::replace((13, 5), (1, 6), 0, 499), &[1, 2, 3]);
}

#[test]
fn references_beyond_belief_and_sides_that_are_none() {
    gaps_the_book("absurd_reference", itch::bid(5, u64::MAX, 10, 499), &[1, 2, 3]);
    let absurd = itch::replace((13, 5), (1, 1 << 40), 10, 499);
    gaps_the_book("absurd_reference", absurd, &[1, 2, 3]);
    let sideless = with(&itch::bid(5, 6, 10, 499), 19, b"?");
    gaps_the_book("unknown_side", sideless, &[1, 2, 3]);
}

#[test]
fn an_order_message_of_the_wrong_length_is_a_message_that_the_book_misses() {
    let shorter = |message: Vec<u8>| message[..message.len() - 1].to_vec();
    let longer = |mut message: Vec<u8>| {
        message.push(0);
        message
    };
    for message in [
        itch::bid(5, 6, 10, 499),
        itch::executed(13, 5, 1, 1, 1),
        itch::executed_at((13, 5), (1, 1, 1), b'Y', 500),
        itch::cancel(13, 5, 1, 1),
        itch::delete(13, 5, 1),
        itch::replace((13, 5), (1, 6), 10, 499),
    ] {
        gaps_the_book("itch_wrong_length", shorter(message.clone()), &[1, 2, 3]);
        gaps_the_book("itch_wrong_length", longer(message), &[1, 2, 3]);
    }
    // A message that changes no book leaves it live.
    for message in [shorter(itch::reg_sho(13, 5, "AAPL", b'0')), vec![b'z'; 20], vec![]] {
        let After { lane, said } = after(message);
        assert_eq!(said, []);
        assert_eq!(common::refusals(&lane).len(), 1);
        assert_eq!(lane.venue.book_state(1, &lane.gaps), BookState::Live);
    }
}

#[test]
fn a_full_order_table_gaps_the_book_and_says_that_it_was_full() {
    let sizes = Sizes { orders: 3, ..Sizes::default() };
    let mut lane = common::lane_with(common::config(), sizes);
    give_messages(
        &mut lane,
        1,
        &[itch::bid(1, 1, 1, 100), itch::bid(2, 2, 1, 101), itch::bid(3, 3, 1, 102)],
    );
    lane.publisher.outlet.take();
    give_messages(&mut lane, 4, &[itch::bid(4, 4, 1, 103)]);
    assert_eq!(common::refusals(&lane), [("order_table_full", 1)]);
    let said = lane.publisher.outlet.take();
    let change = said[0].get::<BookStateChange>().expect("a state");
    assert_eq!((change.cause, said.len()), (BookCause::Capacity as u8, 1));
    assert_eq!(lane.venue.books.best(1).bid_price, 102);
    // A replacement needs no second place, and a deletion makes one.
    give_messages(&mut lane, 5, &[itch::replace((13, 5), (3, 5), 1, 104)]);
    give_messages(&mut lane, 6, &[itch::delete(13, 6, 1), itch::bid(7, 7, 1, 99)]);
    assert_eq!(common::refusals(&lane), [("order_table_full", 1)]);
    let queue = lane.venue.books.orders(1, Side::Bid).map(|o| o.reference);
    assert_eq!(queue.collect::<Vec<_>>(), [5, 2, 7]);
}

#[test]
fn more_stocks_than_the_table_holds_are_counted_and_left_out() {
    let sizes = Sizes { instruments: 2, ..Sizes::default() };
    let mut lane = common::lane_with(common::config(), sizes);
    for (n, name) in ["A", "B", "C"].into_iter().enumerate() {
        let order = Add { reference: n as u64, side: b'B', shares: 1, stock: name, price: 5 };
        let locate = n as u16 + 1;
        let messages = [itch::directory(locate, 1, name), itch::add(locate, 2, order)];
        give_messages(&mut lane, 2 * n as u64 + 1, &messages);
    }
    assert_eq!(common::refusals(&lane), [("instrument_table_full", 2)]);
    assert_eq!(lane.venue.directory.len(), 2);
    assert_eq!(lane.venue.books.live_orders(), 2);
    assert_eq!(lane.publisher.outlet.of::<Level>().len(), 2);
    assert!(lane.publisher.outlet.records.iter().all(|r| r.instrument.index() <= 2));
}

#[test]
fn a_locate_that_changes_its_symbol_proves_neither_book() {
    let After { mut lane, said } = after(itch::directory(13, 5, "TSLA"));
    assert_eq!(common::refusals(&lane), [("locate_moved", 1)]);
    let gapped: Vec<u32> = said
        .iter()
        .filter(|r| r.get::<BookStateChange>().is_some())
        .map(|r| r.instrument.index())
        .collect();
    assert_eq!(gapped, [1, 3], "the one that lost it and the one that got it");
    let state = |lane: &Lane<Collect>, index| lane.venue.book_state(index, &lane.gaps);
    assert_eq!(
        [1, 2, 3].map(|i| state(&lane, i)),
        [BookState::Gapped, BookState::Live, BookState::Gapped]
    );
    let order = Add { reference: 60, side: b'B', shares: 1, stock: "TSLA", price: 5 };
    give_messages(&mut lane, 6, &[itch::add(13, 6, order)]);
    assert_eq!(lane.venue.books.best(3).bid_price, 5, "the locate means TSLA now");
}

#[test]
fn values_beyond_63_bits_are_none_and_counted() {
    let huge = 1u64 << 63;
    let After { lane, said } = after(itch::cross((13, 5), "AAPL", (huge, 500, 1), b'O'));
    assert_eq!(common::refusals(&lane), [("value_overflow", 1)]);
    assert_eq!(said, [], "no trade of a made-up size");
    let After { lane, said } = after(itch::imbalance((13, 5), "AAPL", (huge, huge), b'B', [1; 3]));
    assert_eq!(common::refusals(&lane), [("value_overflow", 2)]);
    let auction = said[0].get::<wire::payload::Auction>().expect("an auction");
    assert_eq!((auction.paired, auction.imbalance), (wire::NONE, wire::NONE));
    let After { lane, said } = after(itch::mwcb_decline(5, [huge, 1, huge]));
    assert_eq!(common::refusals(&lane), [("value_overflow", 2)]);
    let prices = said[0].get::<wire::payload::Prices>().expect("prices");
    assert_eq!((prices.p0, prices.p1, prices.p2), (wire::NONE, 1, wire::NONE));
}

#[test]
fn every_code_that_the_venue_does_not_list_is_counted() {
    // Offset of each code of each message, from the specification's table; sides are elsewhere.
    let codes: [(u8, &[usize]); 14] = [
        (b'S', &[11]),
        (b'R', &[19, 20, 25, 26, 29, 30, 31, 32, 33, 38]),
        (b'H', &[19]),
        (b'Y', &[19]),
        (b'L', &[23, 24, 25]),
        (b'W', &[11]),
        (b'K', &[23]),
        (b'h', &[19, 20]),
        (b'C', &[31]),
        (b'P', &[19]),
        (b'Q', &[39]),
        (b'I', &[27, 48, 49]),
        (b'N', &[19]),
        (b'O', &[19]),
    ];
    let all = itch::one_of_each();
    for (code, offsets) in codes {
        let at = all.iter().position(|m| m[0] == code).expect("one of each");
        for &offset in offsets {
            let mut messages = all.clone();
            messages[at] = with(&messages[at], offset, &[1]);
            let mut lane = common::lane();
            give_messages(&mut lane, 1, &messages);
            let about = format!("{} at {offset}", char::from(code));
            assert_eq!(common::refusals(&lane), [("unknown_code", 1)], "{about}");
            assert_eq!(lane.venue.book_state(1, &lane.gaps), BookState::Live, "{about}");
        }
    }
}
