//! The rules of books, one by one, on records written by hand.

mod common;

use book::BookError;
use client::Books;
use client::books::{BookSpec, Inconsistency};
use common::id;
use shm::seat::Filter;
use wire::codes::{GapHow, SessionEvent};
use wire::payload::{self, Payload};
use wire::{BookState, Class, Header, Nature, Quality, Record, Side};

const LIVE: BookState = BookState::Live;

fn orders() -> Books {
    let classes = Class::Orders.bit();
    Books::new(BookSpec { classes, instruments: 10, orders: 2, levels: 2 }).expect("books")
}

fn record<P: Payload>(index: u32, state: BookState, snapshot: bool, payload: P) -> Record {
    let quality = Quality::new(state, Nature::Recorded);
    let quality = if snapshot { quality.snapshot() } else { quality };
    Record::new(Header { quality, instrument: id(index), ..Header::default() }, payload)
}

fn tell<P: Payload>(books: &mut Books, index: u32, payload: P) {
    books.record(&record(index, LIVE, false, payload));
}

fn add(order_id: u64, price: i64, quantity: i64) -> payload::OrderAdd {
    payload::OrderAdd { order_id, price, quantity, priority: [0; 8] }
}

/// A refresh with one bid per number of `ids`, all at price 100 and of quantity 10.
fn refresh(books: &mut Books, index: u32, state: BookState, ids: &[u64]) {
    let bids = ids.len() as u32;
    books.record(&record(index, state, true, payload::BookBegin { bids, ..Default::default() }));
    for order_id in ids {
        books.record(&record(index, state, true, add(*order_id, 100, 10)));
    }
    books.record(&record(index, state, true, payload::BookEnd { bids, ..Default::default() }));
}

fn delete(order_id: u64) -> payload::OrderDelete {
    payload::OrderDelete { order_id, price: 100, removed: 10, ..Default::default() }
}

fn queue(books: &Books, index: u32) -> Vec<u64> {
    let orders = books.orders(id(index), Side::Bid);
    orders.map_or_else(Vec::new, |orders| orders.map(|order| order.reference).collect())
}

#[test]
fn nothing_is_shown_before_the_first_refresh_ends() {
    let mut books = orders();
    tell(&mut books, 1, add(1, 100, 10));
    assert_eq!((books.best(id(1)), books.state(id(1))), (None, BookState::None));
    assert_eq!(books.counts().ignored, 1);
    let begin = payload::BookBegin { bids: 1, ..Default::default() };
    books.record(&record(1, LIVE, true, begin));
    books.record(&record(1, LIVE, true, add(7, 100, 10)));
    assert_eq!((books.best(id(1)), books.levels(id(1), Side::Bid).count()), (None, 0));
    books.record(&record(1, LIVE, true, payload::BookEnd { bids: 1, ..Default::default() }));
    assert_eq!(queue(&books, 1), [7]);
    assert!(books.usable(id(1)) && !books.usable(id(2)) && !books.usable(id(99)));
    assert_eq!(books.best(id(1)).map(|top| (top.bid_price, top.bid_qty)), Some((100, 10)));
}

#[test]
fn a_refresh_that_does_not_keep_its_word_makes_no_book() {
    for (begin, end, sent) in [(2, 2, 1), (1, 2, 1), (2, 1, 1), (0, 0, 1), (1, 1, 0)] {
        let mut books = orders();
        books.record(&record(
            1,
            LIVE,
            true,
            payload::BookBegin { bids: begin, ..Default::default() },
        ));
        (0..sent).for_each(|n| books.record(&record(1, LIVE, true, add(n + 1, 100, 10))));
        books.record(&record(1, LIVE, true, payload::BookEnd { bids: end, ..Default::default() }));
        assert!(!books.complete(id(1)), "{begin} {end} {sent}");
        assert_eq!(books.counts().of(Inconsistency::RefreshCounts), 1);
        assert!(queue(&books, 1).is_empty());
    }
    let mut books = orders();
    books.record(&record(3, LIVE, true, payload::BookBegin::default()));
    tell(&mut books, 3, delete(4));
    books.record(&record(3, LIVE, true, payload::BookEnd::default()));
    assert!(!books.complete(id(3)), "a change inside a refresh");
}

fn begin(books: &mut Books, index: u32, bids: u32) {
    books.record(&record(index, LIVE, true, payload::BookBegin { bids, ..Default::default() }));
}

fn end(books: &mut Books, index: u32, bids: u32) {
    books.record(&record(index, LIVE, true, payload::BookEnd { bids, ..Default::default() }));
}

fn entry(books: &mut Books, index: u32, order_id: u64) {
    books.record(&record(index, LIVE, true, add(order_id, 100, 10)));
}

#[test]
fn records_of_others_stand_between_the_parts_of_a_refresh() {
    let mut books = orders();
    refresh(&mut books, 2, LIVE, &[20]);
    begin(&mut books, 1, 2);
    entry(&mut books, 1, 10);
    tell(&mut books, 2, add(21, 100, 10));
    entry(&mut books, 1, 11);
    tell(&mut books, 2, delete(20));
    end(&mut books, 1, 2);
    assert_eq!((queue(&books, 1), queue(&books, 2)), (vec![10, 11], vec![21]));
    assert!(books.usable(id(1)) && books.usable(id(2)));
    assert_eq!((books.counts().total(), books.counts().given_up), (0, 0));
}

#[test]
fn a_refresh_that_begins_again_is_no_contradiction() {
    let mut books = orders();
    begin(&mut books, 1, 3);
    entry(&mut books, 1, 10);
    entry(&mut books, 1, 11);
    // The same book again, in which 10 is gone.
    begin(&mut books, 1, 2);
    assert_eq!(queue(&books, 1), [0; 0]);
    entry(&mut books, 1, 11);
    assert!(!books.complete(id(1)));
    // Another one takes its place; 11 is an order of that one now.
    begin(&mut books, 2, 1);
    entry(&mut books, 2, 11);
    end(&mut books, 2, 1);
    refresh(&mut books, 1, LIVE, &[12]);
    assert_eq!((queue(&books, 1), queue(&books, 2)), (vec![12], vec![11]));
    assert!(books.usable(id(1)) && books.usable(id(2)));
    assert_eq!((books.counts().total(), books.counts().given_up), (0, 2));
}

#[test]
fn the_rest_of_a_refresh_that_was_skipped_or_is_not_wanted_makes_no_book() {
    let mut books = orders();
    begin(&mut books, 1, 2);
    entry(&mut books, 1, 10);
    books.forget_all();
    entry(&mut books, 1, 11);
    end(&mut books, 1, 2);
    assert!(!books.complete(id(1)) && queue(&books, 1).is_empty());
    assert_eq!((books.counts().total(), books.counts().ignored), (0, 2));
    refresh(&mut books, 1, LIVE, &[12]);
    // An end without a begin is one where a book was complete.
    end(&mut books, 1, 1);
    assert!(!books.complete(id(1)));
    assert_eq!(books.counts().of(Inconsistency::RefreshOrder), 1);

    begin(&mut books, 1, 2);
    entry(&mut books, 1, 13);
    books.want(&shm::seat::Filter::of(Class::Orders.bit(), [2]));
    entry(&mut books, 1, 14);
    end(&mut books, 1, 2);
    assert!(queue(&books, 1).is_empty());
    refresh(&mut books, 2, LIVE, &[14]);
    assert!(books.usable(id(2)));
}

#[test]
fn a_loss_or_a_gap_amid_a_refresh_keeps_its_meaning() {
    let mut books = orders();
    refresh(&mut books, 1, LIVE, &[1]);
    begin(&mut books, 1, 2);
    entry(&mut books, 1, 10);
    tell(&mut books, 0, payload::Lost { records: 3, instruments: 1, ..Default::default() });
    refresh(&mut books, 1, LIVE, &[10, 11]);
    assert!(books.usable(id(1)) && books.refreshes_due() == 0);
    begin(&mut books, 1, 1);
    entry(&mut books, 1, 10);
    tell(&mut books, 0, payload::GapBegin::default());
    books.record(&record(
        1,
        BookState::Gapped,
        true,
        payload::BookEnd { bids: 1, ..Default::default() },
    ));
    assert_eq!((books.complete(id(1)), books.state(id(1))), (true, BookState::Gapped));
}

#[test]
fn every_contradiction_empties_its_book_by_name_until_the_next_refresh() {
    let unknown = Inconsistency::Book(BookError::UnknownReference);
    let execute =
        |order_id, executed| payload::OrderExecute { order_id, price: 100, executed, trade_id: 1 };
    let reduce =
        |remaining| payload::OrderReduce { order_id: 1, price: 100, reduced_by: 4, remaining };
    let removed = |removed| payload::OrderDelete { removed, ..delete(1) };
    let replace = payload::OrderReplace { old_id: 9, new_id: 10, price: 100, quantity: 1 };
    let modify = payload::OrderModify { order_id: 9, price: 100, quantity: 1, priority: 0 };
    type Case = (Record, Inconsistency);
    let of = |record: Record, what: Inconsistency| -> Case { (record, what) };
    let cases = [
        of(record(1, LIVE, false, delete(9)), unknown),
        of(record(1, LIVE, false, execute(9, 1)), unknown),
        of(record(1, LIVE, false, replace), unknown),
        of(record(1, LIVE, false, modify), unknown),
        of(record(1, LIVE, false, execute(1, 11)), BookError::OverExecution.into()),
        of(record(1, LIVE, false, execute(1, 0)), BookError::ZeroQuantity.into()),
        of(record(1, LIVE, false, add(1, 100, 1)), BookError::DuplicateReference.into()),
        of(record(1, LIVE, false, add(3, i64::MIN, 1)), BookError::AbsurdPrice.into()),
        of(record(1, LIVE, false, add(3, 1, -1)), BookError::NegativeQuantity.into()),
        of(record(1, LIVE, false, reduce(5)), Inconsistency::Disagrees),
        of(record(1, LIVE, false, removed(9)), Inconsistency::Disagrees),
    ];
    for (bad, what) in cases {
        let mut books = orders();
        refresh(&mut books, 1, LIVE, &[1, 2]);
        refresh(&mut books, 2, LIVE, &[5]);
        books.record(&bad);
        assert_eq!((books.counts().of(what), books.counts().total()), (1, 1), "{}", what.name());
        assert_eq!((books.best(id(1)), books.state(id(1))), (None, BookState::Building));
        assert_eq!(queue(&books, 2), [5], "other books stay");
        tell(&mut books, 1, delete(2));
        assert_eq!((books.counts().total(), books.counts().ignored), (1, 1));
        refresh(&mut books, 1, LIVE, &[2]);
        assert!(books.usable(id(1)));
        tell(&mut books, 1, delete(2));
        assert_eq!(books.counts().total(), 1);
    }
}

#[test]
fn an_order_that_moved_to_another_book_unmasks_the_old_one() {
    let mut books = orders();
    refresh(&mut books, 1, LIVE, &[1]);
    refresh(&mut books, 2, LIVE, &[1]);
    assert!(books.usable(id(2)) && !books.complete(id(1)));
    assert_eq!(books.counts().of(Inconsistency::OrderElsewhere), 1);
    assert_eq!(queue(&books, 2), [1]);
}

#[test]
fn a_gap_takes_every_book_and_only_healing_or_proof_gives_it_back() {
    let gap_end = |how: GapHow| payload::GapEnd { how: how as u8, ..Default::default() };
    let mut books = orders();
    refresh(&mut books, 1, LIVE, &[1]);
    refresh(&mut books, 2, LIVE, &[2]);
    tell(&mut books, 0, payload::GapBegin::default());
    assert_eq!((books.state(id(1)), books.open_gaps()), (BookState::Gapped, 1));
    assert!(books.complete(id(1)), "it still is what the producer has");
    books.record(&record(1, BookState::Gapped, false, add(3, 100, 1)));
    tell(&mut books, 0, gap_end(GapHow::Retransmission));
    assert_eq!((books.state(id(1)), books.state(id(2))), (LIVE, LIVE));

    tell(&mut books, 0, payload::GapBegin::default());
    tell(&mut books, 0, payload::GapBegin::default());
    tell(&mut books, 0, gap_end(GapHow::Abandoned));
    tell(&mut books, 0, gap_end(GapHow::Snapshot));
    assert_eq!((books.state(id(1)), books.open_gaps()), (BookState::Gapped, 0));
    refresh(&mut books, 1, LIVE, &[3]);
    assert_eq!((books.state(id(1)), books.state(id(2))), (LIVE, BookState::Gapped));
    books.record(&record(2, LIVE, false, delete(2)));
    assert_eq!(books.state(id(2)), LIVE, "the producer vouches for it again");

    let change = |new: BookState| payload::BookStateChange { new: new as u8, ..Default::default() };
    tell(&mut books, 1, change(BookState::Gapped));
    assert_eq!((books.state(id(1)), books.state(id(2))), (BookState::Gapped, LIVE));
    tell(&mut books, 0, change(BookState::Stale));
    assert_eq!((books.state(id(1)), books.state(id(2))), (BookState::Gapped, BookState::Stale));
    tell(&mut books, 0, change(LIVE));
    assert_eq!((books.state(id(1)), books.state(id(2))), (BookState::Gapped, LIVE));
}

#[test]
fn a_session_clears_every_book_and_only_its_start_does() {
    let session =
        |event: SessionEvent| payload::Session { event: event as u8, ..Default::default() };
    let mut books = orders();
    refresh(&mut books, 1, LIVE, &[1]);
    for event in SessionEvent::ALL.iter().filter(|event| **event != SessionEvent::Start) {
        tell(&mut books, 0, session(*event));
    }
    assert_eq!(queue(&books, 1), [1]);
    tell(&mut books, 0, session(SessionEvent::Start));
    assert_eq!((books.state(id(1)), books.counts().sessions), (BookState::None, 1));
    refresh(&mut books, 1, LIVE, &[1]);
    assert_eq!(books.counts().total(), 0, "numbers begin again");
}

#[test]
fn a_loss_doubts_the_books_until_as_many_refreshes_have_come() {
    let lost = |instruments| payload::Lost { records: 5, instruments, ..Default::default() };
    let mut books = orders();
    (1..5).for_each(|index| refresh(&mut books, index, LIVE, &[u64::from(index)]));
    tell(&mut books, 0, lost(0));
    assert!(books.usable(id(1)), "only trades were lost");
    tell(&mut books, 0, lost(2));
    // A book that the seat had not been given before was not counted.
    refresh(&mut books, 6, LIVE, &[6]);
    assert_eq!((books.refreshes_due(), books.usable(id(6)), books.usable(id(1))), (2, true, false));
    refresh(&mut books, 1, LIVE, &[1]);
    tell(&mut books, 0, lost(1));
    assert!(!books.proven(id(1)), "it may be the one of the second loss");
    refresh(&mut books, 1, LIVE, &[1]);
    assert_eq!(books.refreshes_due(), 1);
    refresh(&mut books, 2, LIVE, &[2]);
    assert_eq!(books.refreshes_due(), 0);
    assert!((1..5).all(|index| books.usable(id(index))));
}

#[test]
fn a_book_that_is_given_up_stays_away_and_may_leave_a_doubt() {
    let lost = payload::Lost { records: 5, instruments: 1, ..Default::default() };
    let filter = Filter::of(Class::Orders.bit(), [2, 3]);
    let mut books = orders();
    (1..4).for_each(|index| refresh(&mut books, index, LIVE, &[u64::from(index)]));
    books.want(&filter);
    assert!(!books.complete(id(1)) && books.usable(id(2)));
    // It was on its way when the producer heard of the change.
    refresh(&mut books, 1, LIVE, &[1]);
    assert!(!books.complete(id(1)) && books.counts().total() == 0);
    tell(&mut books, 0, lost);
    assert!(books.needs_resync() && !books.usable(id(2)), "it may be the loss of book 1");
    refresh(&mut books, 2, LIVE, &[2]);
    assert!(!books.needs_resync() && books.usable(id(3)));
    tell(&mut books, 0, lost);
    assert!(!books.needs_resync());
    books.want(&Filter::of(Class::Orders.bit(), [2]));
    assert!(books.needs_resync());
    books.forget_all();
    assert!(!books.needs_resync());
}

#[test]
fn tables_grow_and_keep_what_they_hold() {
    let mut books = orders();
    let ids: Vec<u64> = (1..=500).collect();
    refresh(&mut books, 1, LIVE, &ids);
    for order_id in 501..600 {
        tell(&mut books, 1, add(order_id, order_id as i64, 1));
    }
    assert_eq!(books.counts().total(), 0);
    assert!(books.counts().enlarged > 5);
    let at_100 = queue(&books, 1).into_iter().filter(|order| *order <= 500);
    assert_eq!(at_100.collect::<Vec<_>>(), ids);
    assert_eq!(books.depth(id(1), Side::Bid), 100);
}

#[test]
fn best_prices_need_their_first_top() {
    let classes = Class::Top.bit() | Class::Trades.bit();
    let spec = BookSpec { classes, instruments: 4, ..BookSpec::default() };
    let mut books = Books::new(spec).expect("books");
    let top = payload::Top { bid_price: 5, bid_quantity: 6, ask_price: 7, ask_quantity: 8 };
    tell(&mut books, 1, top);
    assert_eq!((books.best(id(1)), books.counts().ignored), (None, 1));
    books.record(&record(1, LIVE, true, top));
    tell(&mut books, 1, payload::Top { bid_price: 6, ..top });
    assert_eq!(books.best(id(1)).map(|top| top.bid_price), Some(6));
    let asks: Vec<_> = books.levels(id(1), Side::Ask).map(|l| (l.price, l.quantity)).collect();
    assert_eq!(asks, [(7, 8)]);
    assert!(books.orders(id(1), Side::Ask).is_none() && books.usable(id(1)));
    books.record(&record(9, LIVE, true, top));
    assert_eq!(books.counts().of(BookError::UnknownInstrument.into()), 1);
}
