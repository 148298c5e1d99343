//! Refreshes in parts: what may happen between two of them.
#![cfg(not(loom))]

mod market;

use market::{Market, ORDERS, Player, STREAM, TRADES, settle};
use shm::fanout::parts::{PACE, PART};
use shm::seat::{Counter, Filter, Policy, SeatState};

const CLASSES: u8 = 1 << ORDERS | 1 << TRADES;
/// Records of a refresh here: three parts.
const RECORDS: u64 = 3 * PART as u64 - 1;

/// A market of books of three parts, and a consumer that has got the first part of one of them.
fn amid(capacities: &[usize]) -> (Market, Player) {
    let mut market = Market::new(6, capacities, false);
    market.books.padding = RECORDS - 3;
    for instrument in 1..6 {
        market.step(&[(ORDERS, instrument, 100 + u64::from(instrument))]);
    }
    let mut player = market.join(0, 1, Filter::all(CLASSES));
    market.poll(true);
    player.take(usize::MAX);
    assert_eq!((market.books.refreshed, player.usable[1]), (1, false));
    assert_eq!(market.counter(0, Counter::Private), PART as u64);
    (market, player)
}

fn finish(market: &mut Market, player: &mut Player) {
    settle(market, player);
    player.check_books(market);
    player.check_against(market);
}

#[test]
fn a_poll_that_found_nothing_writes_a_part_and_a_busy_one_nothing() {
    let (mut market, mut player) = amid(&[256]);
    market.poll(false);
    assert_eq!(market.counter(0, Counter::Private), PART as u64);
    market.poll(true);
    assert_eq!(market.counter(0, Counter::Refreshes), 0);
    market.poll(true);
    assert_eq!(market.counter(0, Counter::Private), RECORDS);
    assert_eq!(market.counter(0, Counter::Refreshes), 1);
    player.take(usize::MAX);
    assert!(player.usable[1]);
    finish(&mut market, &mut player);
    assert_eq!((market.books.refreshed, player.given_up), (5, 0));
    assert_eq!(market.counter(0, Counter::Private), 5 * RECORDS);
}

#[test]
fn a_part_is_written_in_every_few_polls_that_found_nothing() {
    let (mut market, mut player) = amid(&[256]);
    market.fanout.set_pace(PACE);
    for part in 1..4 {
        for poll in 0..PACE {
            let private = market.counter(0, Counter::Private);
            assert_eq!(private, RECORDS.min(part * PART as u64), "{part} {poll}");
            market.poll(false);
            market.poll(true);
        }
    }
    finish(&mut market, &mut player);
}

#[test]
fn at_the_latest_every_1024th_poll_the_rest_comes_at_once() {
    let (mut market, mut player) = amid(&[256]);
    for _ in 0..1_024 {
        assert_eq!(market.counter(0, Counter::Refreshes), 0);
        market.poll(false);
    }
    assert_eq!(market.counter(0, Counter::Refreshes), 1);
    assert_eq!(market.counter(0, Counter::Private), RECORDS);
    for _ in 0..1_024 {
        market.poll(false);
    }
    assert_eq!(market.counter(0, Counter::Private), 2 * RECORDS);
    finish(&mut market, &mut player);
}

#[test]
fn what_concerns_others_stands_between_the_parts() {
    let (mut market, mut player) = amid(&[256]);
    // A trade of the same instrument, and a book that is still to come.
    market.step(&[(TRADES, 1, 5), (ORDERS, 4, 6)]);
    market.poll(true);
    market.step(&[(TRADES, 3, 7)]);
    market.poll(true);
    player.take(usize::MAX);
    assert!(player.usable[1]);
    // A book that has come, amid the refresh of the next.
    market.poll(true);
    market.step(&[(ORDERS, 1, 8)]);
    assert_eq!(player.got.len(), 2);
    finish(&mut market, &mut player);
    assert_eq!((market.books.refreshed, player.given_up), (5, 0));
    assert_eq!(player.got.len(), 3);
}

#[test]
fn a_book_that_changes_in_between_begins_again() {
    let (mut market, mut player) = amid(&[256]);
    assert_ne!(market.fanout.interest(1, ORDERS) & 1, 0, "offered, to be noticed");
    // Several records of one step, and another step: none of them is the seat's.
    market.fanout.push(1, ORDERS, 1, &market::record(1, ORDERS, 1, market.books.step + 1, 9));
    market.fanout.push(1, ORDERS, 1, &market::record(1, ORDERS, 1, market.books.step + 1, 9));
    market.books.values[1][usize::from(ORDERS)] += 18;
    market.end_step();
    market.fanout.push(1, ORDERS, 1, &market::record(1, ORDERS, 1, market.books.step + 1, 1));
    market.books.values[1][usize::from(ORDERS)] += 1;
    market.end_step();
    market.poll(true);
    player.take(usize::MAX);
    assert_eq!((market.books.refreshed, player.given_up), (2, 1));
    finish(&mut market, &mut player);
    assert_eq!((market.books.refreshed, player.given_up, player.got.len()), (6, 1, 0));
}

#[test]
fn a_book_that_never_rests_comes_whole_in_the_end() {
    let (mut market, mut player) = amid(&[2_048]);
    market.books.padding = 1_000;
    for change in 0..10 {
        let mask = market.fanout.interest(1, ORDERS);
        market.fanout.push(
            mask,
            ORDERS,
            1,
            &market::record(1, ORDERS, 1, market.books.step + 1, change),
        );
        market.books.values[1][usize::from(ORDERS)] += change;
        market.end_step();
        market.poll(true);
        player.take(usize::MAX);
        if player.usable[1] {
            break;
        }
    }
    assert!(player.usable[1]);
    // Four times in parts of growing size.
    assert_eq!(player.given_up, 4);
    settle(&mut market, &mut player);
    player.check_books(&market);
}

#[test]
fn a_gap_or_a_request_in_between_begins_it_again() {
    let (mut market, mut player) = amid(&[256]);
    market.books.padding = 60;
    market.step(&[(STREAM, 0, 1)]);
    market.poll(true);
    player.take(usize::MAX);
    assert_eq!((market.books.refreshed, player.given_up, player.got.len()), (2, 1, 1));
    // The book was changed without a record, as a healed gap does it.
    market.books.values[1][usize::from(ORDERS)] += 77;
    market.fanout.request_refresh(1, 0xff);
    finish(&mut market, &mut player);
    assert_eq!((market.books.refreshed, player.given_up), (7, 2));
}

#[test]
fn a_seat_that_is_killed_in_between_leaves_nothing_to_its_heir() {
    let (mut market, player) = amid(&[256, 256]);
    market.fanout.signals().seat_died(0);
    market.poll(true);
    assert_eq!(market.fanout.interest(1, ORDERS), 0);
    drop(player);
    // Another seat is not held up by what the dead one had begun.
    let mut other = market.join(1, 2, Filter::all(CLASSES));
    let mut heir = market.join(0, 3, Filter::all(CLASSES));
    market.step(&[(ORDERS, 1, 4), (ORDERS, 2, 4)]);
    for _ in 0..100 {
        market.poll(true);
        other.take(usize::MAX);
        heir.take(usize::MAX);
    }
    for player in [&mut other, &mut heir] {
        finish(&mut market, player);
        assert_eq!(player.given_up, 0);
    }
}

#[test]
fn a_ring_that_fills_up_in_between_loses_with_a_marker_and_begins_again() {
    let (mut market, mut player) = amid(&[32]);
    for number in 0..40 {
        market.step(&[(TRADES, 5, number)]);
    }
    market.poll(true);
    assert_eq!(market.fanout.state(0), Some(SeatState::Silent));
    // While it is silent, changes of the book are not offered to it.
    market.step(&[(ORDERS, 1, 3)]);
    finish(&mut market, &mut player);
    assert_eq!((player.losses, player.given_up), (1, 1));
    assert!(player.lost.counted > 0);
}

#[test]
fn a_ring_without_room_for_the_rest_holds_up_no_other_seat() {
    let mut market = Market::new(3, &[32, 256], false);
    market.books.padding = RECORDS - 3;
    let mut slow = market.join(0, 1, Filter::all(CLASSES));
    let mut fast = market.join(1, 2, Filter::all(CLASSES));
    market.poll(true);
    for number in 0..24 {
        market.step(&[(TRADES, 1, number)]);
    }
    settle(&mut market, &mut fast);
    fast.check_books(&market);
    assert_eq!(market.counter(0, Counter::Refreshes), 0);
    finish(&mut market, &mut slow);
}

#[test]
fn a_filter_that_changes_in_between_gives_the_refresh_up() {
    for wanted in [vec![2_u32], vec![1, 2]] {
        let (mut market, mut player) = amid(&[256]);
        player.consumer.set_filter(Filter::of(CLASSES, wanted.clone()).policy(Policy::Lose));
        market.poll(false);
        let offered = market.fanout.interest(1, ORDERS) & 1;
        assert_eq!(offered, 0, "withheld until it begins again");
        settle(&mut market, &mut player);
        player.check_books(&market);
        assert_eq!(player.given_up, 1, "{wanted:?}");
        let one = market.fanout.interest(1, ORDERS) & 1;
        assert_eq!(one, u8::from(wanted.contains(&1)));
        assert_eq!(market.fanout.interest(2, ORDERS) & 1, 1);
    }
}

#[test]
fn seats_take_turns_by_whole_books() {
    let mut market = Market::new(4, &[256, 256], false);
    market.books.padding = RECORDS - 3;
    let mut players: Vec<Player> =
        (0..2).map(|seat| market.join(seat, 1, Filter::all(CLASSES))).collect();
    for _ in 0..4 * 3 {
        market.poll(true);
    }
    for seat in 0..2 {
        assert_eq!(market.counter(seat, Counter::Refreshes), 2);
    }
    for player in &mut players {
        finish(&mut market, player);
        assert_eq!(player.given_up, 0);
    }
}
