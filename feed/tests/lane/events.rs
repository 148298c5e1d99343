//! Messages that change a book or print a trade: A F E C X D U P Q B.

use wire::codes::{Aggressor, DeleteCause, trade_flags};
use wire::payload::{
    Auction, Level, OrderAdd, OrderDelete, OrderExecute, OrderReduce, OrderReplace, Top, Trade,
    TradeBreak,
};
use wire::{BookState, Kind, NONE, Record};

use super::{ask_side, assert_records, more_follow};
use crate::common::collect::Collect;
use crate::common::itch::{self, Add};
use crate::common::packets::give_messages;
use crate::common::{self};
use feed::lane::Lane;

/// A lane that has taken `messages`, with what it said about them forgotten.
fn after(messages: &[Vec<u8>]) -> (Lane<Collect>, u64) {
    let mut lane = common::lane();
    give_messages(&mut lane, 1, messages);
    lane.publisher.outlet.take();
    (lane, messages.len() as u64 + 1)
}

/// What one more message says. The step is the message's number and one: the session's start was
/// step 1.
fn says(before: &[Vec<u8>], message: &[u8]) -> Vec<Record> {
    let (mut lane, number) = after(before);
    give_messages(&mut lane, number, &[message.to_vec()]);
    assert_eq!(common::refusals(&lane), []);
    lane.publisher.outlet.take()
}

fn level(price: i64, quantity: i64, orders: u32, position: u16) -> Level {
    Level { price, quantity, orders, position, ..Level::default() }
}

fn top(bid: (i64, i64), ask: (i64, i64)) -> Top {
    let (bid_price, bid_quantity) = bid;
    let (ask_price, ask_quantity) = ask;
    Top { bid_price, bid_quantity, ask_price, ask_quantity }
}

const EMPTY: (i64, i64) = (NONE, 0);
const LIVE: BookState = BookState::Live;

/// Shorthand: a record of a live book of instrument 1.
fn live<P: wire::payload::Payload>(step: u64, time: u64, payload: P) -> Record {
    super::record(step, 1, time, LIVE, payload)
}

#[test]
fn an_order_is_added_with_its_level_and_the_best() {
    let said = says(&[], &itch::bid(7, 1_001, 100, 1_500_000));
    let add = OrderAdd { order_id: 1_001, price: 1_500_000, quantity: 100, priority: [0; 8] };
    let wanted = [
        live(2, 7, add),
        live(2, 7, level(1_500_000, 100, 1, 1)),
        live(2, 7, top((1_500_000, 100), EMPTY)),
    ];
    // The session's start is step 1.
    assert_records(&said[1..], &wanted, "A");
    assert_eq!(said[0].kind(), Some(Kind::Session));
    assert_eq!(said[0].sequence, 1);
}

#[test]
fn an_attributed_order_carries_its_participant() {
    let order = Add { reference: 5, side: b'S', shares: 30, stock: "AAPL", price: 200 };
    let said = says(&[itch::bid(1, 1, 10, 100)], &itch::add_attributed(13, 2, order, b"GSCO"));
    let priority = *b"GSCO\0\0\0\0";
    let wanted = [
        ask_side(live(3, 2, OrderAdd { order_id: 5, price: 200, quantity: 30, priority })),
        ask_side(live(3, 2, level(200, 30, 1, 1))),
        live(3, 2, top((100, 10), (200, 30))),
    ];
    assert_records(&said, &wanted, "F");
}

#[test]
fn top_is_said_only_if_the_best_changed() {
    let best = itch::bid(1, 1, 10, 100);
    let behind = says(std::slice::from_ref(&best), &itch::bid(2, 2, 20, 99));
    let add = OrderAdd { order_id: 2, price: 99, quantity: 20, priority: [0; 8] };
    assert_records(&behind, &[live(3, 2, add), live(3, 2, level(99, 20, 1, 2))], "behind");
    let joins = says(&[best], &itch::bid(2, 2, 20, 100));
    let add = OrderAdd { order_id: 2, price: 100, quantity: 20, priority: [0; 8] };
    let wanted =
        [live(3, 2, add), live(3, 2, level(100, 30, 2, 1)), live(3, 2, top((100, 30), EMPTY))];
    assert_records(&joins, &wanted, "joins");
}

#[test]
fn an_execution_is_a_trade_at_the_orders_price() {
    let before = [itch::bid(1, 1, 100, 500), itch::ask(2, 2, 70, 510)];
    let said = says(&before, &itch::executed(13, 3, 1, 40, 9_001));
    let trade = Trade {
        price: 500,
        quantity: 40,
        trade_id: 9_001,
        aggressor: Aggressor::Sell as u8,
        matches: 1,
        ..Trade::default()
    };
    let execute = OrderExecute { order_id: 1, price: 500, executed: 40, trade_id: 9_001 };
    let wanted = [
        live(4, 3, trade),
        live(4, 3, execute),
        live(4, 3, level(500, 60, 1, 1)),
        live(4, 3, top((500, 60), (510, 70))),
    ];
    assert_records(&said, &wanted, "E in part");
    let said = says(&before, &itch::executed(13, 3, 2, 70, 9_002));
    let trade = Trade {
        price: 510,
        quantity: 70,
        trade_id: 9_002,
        aggressor: Aggressor::Buy as u8,
        matches: 1,
        ..Trade::default()
    };
    let execute = OrderExecute { order_id: 2, price: 510, executed: 70, trade_id: 9_002 };
    let wanted = [
        ask_side(live(4, 3, trade)),
        ask_side(live(4, 3, execute)),
        ask_side(live(4, 3, level(510, 0, 0, 1))),
        live(4, 3, top((500, 100), EMPTY)),
    ];
    assert_records(&said, &wanted, "E of all");
}

#[test]
fn an_execution_elsewhere_has_its_own_price_and_may_not_print() {
    let before = [itch::ask(1, 1, 100, 500), itch::ask(2, 2, 100, 400)];
    let execute = OrderExecute { order_id: 1, price: 450, executed: 25, trade_id: 77 };
    let level = ask_side(live(4, 3, level(500, 75, 1, 2)));
    let trade = Trade {
        price: 450,
        quantity: 25,
        trade_id: 77,
        aggressor: Aggressor::Buy as u8,
        matches: 1,
        ..Trade::default()
    };
    let prints = says(&before, &itch::executed_at((13, 3), (1, 25, 77), b'Y', 450));
    let wanted = [ask_side(live(4, 3, trade)), ask_side(live(4, 3, execute)), level];
    assert_records(&prints, &wanted, "C");
    let silent = says(&before, &itch::executed_at((13, 3), (1, 25, 77), b'N', 450));
    assert_records(&silent, &wanted[1..], "C that does not print");
}

#[test]
fn a_cancel_reduces_and_a_cancel_of_all_deletes() {
    let before = [itch::bid(1, 1, 100, 500), itch::bid(2, 2, 50, 500)];
    let reduce = OrderReduce { order_id: 1, price: 500, reduced_by: 30, remaining: 70 };
    let wanted =
        [live(4, 3, reduce), live(4, 3, level(500, 120, 2, 1)), live(4, 3, top((500, 120), EMPTY))];
    assert_records(&says(&before, &itch::cancel(13, 3, 1, 30)), &wanted, "X");
    let cause = DeleteCause::ReducedToZero as u8;
    let gone =
        OrderDelete { order_id: 1, price: 500, removed: 100, cause, ..OrderDelete::default() };
    let wanted =
        [live(4, 3, gone), live(4, 3, level(500, 50, 1, 1)), live(4, 3, top((500, 50), EMPTY))];
    assert_records(&says(&before, &itch::cancel(13, 3, 1, 100)), &wanted, "X of all");
}

#[test]
fn a_delete_says_what_was_left() {
    let before = [itch::bid(1, 1, 100, 500), itch::cancel(13, 2, 1, 40)];
    let cause = DeleteCause::Cancel as u8;
    let gone =
        OrderDelete { order_id: 1, price: 500, removed: 60, cause, ..OrderDelete::default() };
    let wanted = [live(4, 3, gone), live(4, 3, level(500, 0, 0, 1)), live(4, 3, top(EMPTY, EMPTY))];
    assert_records(&says(&before, &itch::delete(13, 3, 1)), &wanted, "D");
}

#[test]
fn a_replacement_moves_to_the_end_of_its_queue() {
    let before = [itch::ask(1, 1, 100, 500), itch::ask(2, 2, 50, 500), itch::ask(3, 3, 10, 490)];
    let said = says(&before, &itch::replace((13, 4), (1, 7), 80, 480));
    let moved = OrderReplace { old_id: 1, new_id: 7, price: 480, quantity: 80 };
    let wanted = [
        ask_side(live(5, 4, moved)),
        // The old one left first: its level was then second of two.
        more_follow(ask_side(live(5, 4, level(500, 50, 1, 2)))),
        ask_side(live(5, 4, level(480, 80, 1, 1))),
        live(5, 4, top(EMPTY, (480, 80))),
    ];
    assert_records(&said, &wanted, "U");
    // At the same price there is one level, and the new order is behind.
    let (mut lane, number) = after(&before);
    give_messages(&mut lane, number, &[itch::replace((13, 4), (1, 7), 80, 500)]);
    let moved = OrderReplace { old_id: 1, new_id: 7, price: 500, quantity: 80 };
    let wanted = [ask_side(live(5, 4, moved)), ask_side(live(5, 4, level(500, 130, 2, 2)))];
    assert_records(&lane.publisher.outlet.records, &wanted, "U at its price");
    let queue = lane.venue.books.orders(1, wire::Side::Ask).map(|o| o.reference);
    assert_eq!(queue.collect::<Vec<_>>(), [3, 2, 7]);
}

#[test]
fn a_hidden_trade_prints_and_leaves_the_book() {
    let before = [itch::bid(1, 1, 100, 500)];
    let trade = Trade {
        price: 505,
        quantity: 7,
        trade_id: 31,
        aggressor: Aggressor::Unknown as u8,
        flags: trade_flags::HIDDEN,
        matches: 1,
        ..Trade::default()
    };
    let said = says(&before, &itch::trade(13, 2, "AAPL", (7, 505, 31)));
    assert_records(&said, &[live(3, 2, trade)], "P");
}

#[test]
fn a_cross_prints_its_volume_and_tells_the_auctions_price() {
    let before = [itch::bid(1, 1, 100, 500)];
    let trade = Trade {
        price: 505,
        quantity: 5_000_000_000,
        trade_id: 31,
        flags: trade_flags::AUCTION | trade_flags::AGGREGATE,
        condition: u16::from(b'C'),
        ..Trade::default()
    };
    let auction =
        Auction { clearing_price: 505, paired: 5_000_000_000, cross: b'C', ..Auction::default() };
    let said = says(&before, &itch::cross((13, 2), "AAPL", (5_000_000_000, 505, 31), b'C'));
    assert_records(&said, &[live(3, 2, trade), live(3, 2, auction)], "Q");
    // No shares: no volume, but still the result.
    let auction = Auction { clearing_price: NONE, paired: 0, cross: b'H', ..Auction::default() };
    let said = says(&before, &itch::cross((13, 2), "AAPL", (0, 0, 0), b'H'));
    assert_records(&said, &[live(3, 2, auction)], "Q of nothing");
}

#[test]
fn a_broken_trade_names_its_number_only() {
    let broken = TradeBreak { trade_id: 31, price: NONE, quantity: NONE, flags: 0 };
    let said = says(&[itch::bid(1, 1, 100, 500)], &itch::broken(13, 2, 31));
    assert_records(&said, &[live(3, 2, broken)], "B");
}

#[test]
fn steps_that_leave_a_book_crossed_or_locked_are_counted() {
    let mut lane = common::lane();
    let messages = [
        itch::bid(1, 1, 10, 100),
        itch::ask(2, 2, 10, 101),
        itch::bid(3, 3, 10, 101),
        itch::trade(13, 4, "AAPL", (1, 101, 1)),
        itch::bid(5, 4, 10, 102),
        itch::bid(6, 5, 10, 90),
        itch::delete(13, 7, 4),
        itch::delete(13, 8, 3),
        itch::bid(9, 6, 10, 95),
    ];
    // After each: -, -, locked, locked, crossed, crossed, locked, -, -.
    give_messages(&mut lane, 1, &messages);
    assert_eq!((lane.publisher.counts.locked, lane.publisher.counts.crossed), (3, 2));
}
