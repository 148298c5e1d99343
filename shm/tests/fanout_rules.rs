//! The rules of seats, one by one: policies, refusals, deaths, limits.
#![cfg(not(loom))]

mod market;

use market::{GREETING, Market, ORDERS, RULES, STATUS, STREAM, TOP, TRADES, record, settle};
use proptest::prelude::*;
use shm::claim;
use shm::fanout::{ClassRules, Fanout, FanoutError, FanoutSpec, SeatMemory};
use shm::lines::{HeapLines, Lines};
use shm::seat::layout::{CTL_CLAIM, CTL_CURSOR, CTL_REQUEST, ctl_lines, ring_lines};
use shm::seat::{Attach, Counter, Filter, Reason, SeatState, SeatStatus, read_counters};
use shm::sync::Ordering;
use std::sync::Arc;

const ALL: u8 = 0x3f;

#[test]
fn interest_is_the_filter_and_nothing_else() {
    let mut market = Market::new(10, &[64, 64], false);
    assert_eq!(market.fanout.interest(1, TRADES), 0);
    let mut one = market.join(0, 1, Filter::of(1 << ORDERS | 1 << TRADES, [1, 2]));
    let _two = market.join(1, 1, Filter::all(1 << TRADES));
    assert_eq!(market.fanout.interest(1, TRADES), 0b11);
    assert_eq!(market.fanout.interest(3, TRADES), 0b10);
    assert_eq!(market.fanout.interest(1, STATUS), 0);
    assert_eq!(market.fanout.interest(3, STREAM), 0b10, "of an instrument nobody else wants");
    assert_eq!(market.fanout.interest(0, STREAM), 0b11, "the producer concerns everybody");
    assert_eq!(market.fanout.interest(10, TRADES), 0, "no such instrument");
    assert_eq!(market.fanout.interest(u32::MAX, TRADES), 0);
    assert_eq!(market.fanout.interest(1, ORDERS), 0, "withheld until refreshed");
    settle(&mut market, &mut one);
    assert_eq!(market.fanout.interest(1, ORDERS), 0b01);
    assert_eq!(market.fanout.interest(3, ORDERS), 0);
    market.fanout.request_refresh(1, 0xff);
    market.fanout.request_refresh(3, 0xff);
    assert_eq!(market.fanout.refreshes_pending(0), 1);
    assert_eq!((market.fanout.interest(1, ORDERS), market.fanout.interest(2, ORDERS)), (0, 1));
    market.fanout.request_refresh_all(0xff);
    assert_eq!(market.fanout.refreshes_pending(0), 2);
    assert_eq!((market.fanout.interest(1, ORDERS), market.fanout.interest(2, ORDERS)), (0, 0));
    one.consumer.detach();
    assert_eq!(market.poll(false).closed, 0b01);
    assert_eq!(market.fanout.interest(1, TRADES), 0b10);
    assert_eq!(market.fanout.state(0), Some(SeatState::Inactive));
    let status = SeatStatus::read(&market.memories[0].0).expect("a status");
    assert_eq!((status.claim, status.reason), (0, Reason::Released));
}

#[test]
fn a_seat_that_ends_changes_nothing_for_the_others() {
    let mut market = Market::new(100, &[64, 64], false);
    let one = market.join(0, 1, Filter::of(ALL, [1, 2, 70]));
    let mut two = market.join(1, 1, Filter::of(ALL, [2]));
    settle(&mut market, &mut two);
    let seen = |market: &Market| -> Vec<(u8, u8)> {
        let fanout = &market.fanout;
        (0..100).map(|at| (fanout.interest(at, ORDERS), fanout.interest(at, TRADES))).collect()
    };
    drop(one);
    market.poll(false);
    let mut expected = vec![(0, 0); 100];
    // Index 0 is the producer as a whole, whatever the class.
    (expected[0], expected[2]) = ((0b10, 0b10), (0b10, 0b10));
    assert_eq!(seen(&market), expected);
    market.fanout.signals().seat_died(1);
    market.poll(false);
    assert_eq!(seen(&market), vec![(0, 0); 100]);
    let status = SeatStatus::read(&market.memories[1].0).expect("a status");
    assert_eq!((status.claim, status.reason), (0, Reason::Died));
}

#[test]
fn every_book_can_be_withheld_at_once() {
    let mut market = Market::new(200, &[64], false);
    market.books.whole = true;
    let mut player = market.join(0, 1, Filter::all(ALL));
    settle(&mut market, &mut player);
    let open =
        |market: &Market| (1..200).filter(|at| market.fanout.interest(*at, TOP) != 0).count();
    assert_eq!(open(&market), 199);
    market.fanout.request_refresh_all(1);
    assert_eq!((open(&market), market.fanout.refreshes_pending(0)), (0, 199));
    market.poll(true);
    assert_eq!((open(&market), market.fanout.refreshes_pending(0)), (1, 198));
    assert!((1..200).all(|at| market.fanout.interest(at, TRADES) == 1), "trades flow");
}

#[test]
fn an_idle_poll_writes_one_refresh_and_a_busy_one_none_for_long() {
    let mut market = Market::new(6, &[64], false);
    market.books.whole = true;
    let _player = market.join(0, 1, Filter::all(ALL));
    assert_eq!(market.books.refreshed, 0, "not in the poll of the activation");
    market.poll(true);
    market.poll(true);
    assert_eq!(market.books.refreshed, 2);
    for _ in 0..1_023 {
        market.poll(false);
    }
    assert_eq!(market.books.refreshed, 2);
    market.poll(false);
    assert_eq!(market.books.refreshed, 3);
    assert_eq!(market.fanout.refreshes_pending(0), 2);
}

#[test]
fn a_dead_consumer_frees_its_seat_and_cannot_come_back() {
    let mut market = Market::new(5, &[16], false);
    let mut dead = market.join(0, 1, Filter::all(ALL));
    market.fanout.signals().seat_died(0);
    assert_eq!(market.poll(false).closed, 1);
    let mut heir = market.join(0, 2, Filter::of(1 << TRADES, [2]));
    assert_eq!(dead.consumer.poll_attach(), Attach::Closed(Reason::None));
    for number in 0..5 {
        market.step(&[(TRADES, 1, number), (TRADES, 2, number)]);
    }
    heir.take(5);
    // It was only stopped, and goes on: reads, releases, changes its filter, and leaves.
    dead.take(usize::MAX);
    dead.consumer.set_filter(Filter::all(ALL));
    drop(dead);
    market.poll(true);
    assert_eq!(market.fanout.active(), 1);
    assert_eq!(market.fanout.interest(1, TRADES), 0);
    assert_eq!(heir.consumer.poll_attach(), Attach::Active);
    market.fanout.sample();
    for number in 0..40 {
        market.step(&[(TRADES, 2, number)]);
        market.poll(false);
        heir.take(usize::MAX);
    }
    heir.check_against(&market);
    assert_eq!(heir.lost.records, 0);
}

#[test]
fn an_overwritten_request_is_noticed_and_written_again() {
    let mut market = Market::new(200, &[16], false);
    let mut player = market.claim(0, 1, Filter::of(1 << TRADES, [150]));
    // A writer of an older epoch wakes up in the middle of its request.
    for (line, word) in [(CTL_REQUEST, 1), (CTL_REQUEST + 1, 0)] {
        market.memories[0].1.line(line)[word].store(0x3f, Ordering::Relaxed);
    }
    assert_eq!(market.poll(false).activated, 0);
    assert_eq!(market.counter(0, Counter::RequestRefused), 0);
    assert_eq!(player.consumer.poll_attach(), Attach::Waiting);
    assert_eq!(market.poll(false).activated, 1);
    assert_eq!(player.consumer.poll_attach(), Attach::Active);
    assert_eq!(market.fanout.interest(150, TRADES), 1);
}

#[test]
fn a_request_that_stays_half_written_is_looked_at_again() {
    let mut market = Market::new(200, &[16], false);
    let mut player = market.claim(0, 1, Filter::of(1 << TRADES, [150]));
    let version = |market: &Market| {
        let word = &market.memories[0].1.line(CTL_REQUEST)[0];
        word.store(word.load(Ordering::Relaxed) ^ 1, Ordering::Relaxed);
    };
    version(&market);
    for _ in 0..3 {
        assert_eq!(market.poll(false).activated, 0);
    }
    version(&market);
    assert_eq!(market.poll(false).activated, 1, "without another bell");
    assert_eq!(player.consumer.poll_attach(), Attach::Active);
    version(&market);
    // The consumer's next request takes the row over.
    player.consumer.set_filter(Filter::of(1 << TRADES, [151]));
    market.poll(false);
    assert_eq!(market.fanout.interest(151, TRADES), 1);
}

#[test]
fn a_refresh_larger_than_the_ring_is_reported_and_never_partial() {
    let mut market = Market::new(3, &[16], false);
    let mut player = market.join(0, 1, Filter::all(ALL));
    market.books.padding = 20;
    let too_large = market.poll(true).too_large.expect("a report");
    assert_eq!((too_large.needed, too_large.capacity), (25, 16));
    let other = market.poll(true).too_large.expect("a report");
    assert_eq!(too_large.instrument + other.instrument, 3);
    assert_eq!(market.poll(true).too_large, None, "not built again and again");
    assert_eq!(market.counter(0, Counter::TooLarge), 2);
    assert!(too_large.to_string().contains("needs 25 slots, the ring has 16"));
    player.take(usize::MAX);
    assert_eq!(player.usable, [false; 3]);
    assert_eq!(market.fanout.interest(1, ORDERS), 0, "no book without its beginning");
    market.books.padding = 8;
    market.fanout.request_refresh_all(1);
    // Thirteen of sixteen: the second waits until the first has been read.
    market.poll(true);
    let built = market.books.refreshed;
    for _ in 0..5 {
        market.poll(true);
    }
    assert_eq!(market.books.refreshed, built + 1, "built once to learn its size");
    settle(&mut market, &mut player);
    player.check_books(&market);
}

#[test]
fn resync_jumps_to_the_head_and_gets_everything_anew() {
    let mut market = Market::new(5, &[64], false);
    let mut player = market.join(0, 1, Filter::all(ALL));
    settle(&mut market, &mut player);
    for number in 0..30 {
        market.step(&[(ORDERS, 1, number)]);
        market.poll(false);
    }
    assert_eq!(player.consumer.lag(), 30);
    assert_eq!(player.consumer.resync(), 30);
    player.forget_refresh();
    assert_eq!(market.poll(false).resynced, 1);
    assert_eq!(market.fanout.refreshes_pending(0), 4);
    settle(&mut market, &mut player);
    player.check_books(&market);
    assert_eq!(player.got.len(), 0);
}

#[test]
fn private_records_are_no_loss() {
    let mut market = Market::new(5, &[16, 16], false);
    let mut one = market.join(0, 1, Filter::all(1 << TRADES));
    let mut two = market.join(1, 1, Filter::all(1 << TRADES));
    let greeting = record(GREETING, 0, 0, 0, 0);
    assert_eq!(market.fanout.push_private(0b10, &greeting), 0b10);
    for number in 0..15 {
        market.step(&[(TRADES, 1, number)]);
    }
    let greeting = record(GREETING, 0, 0, 15, 0);
    assert_eq!(market.fanout.push_private(0xff, &greeting), 0b01, "the other is full");
    market.poll(false);
    assert_eq!(market.fanout.push_private(0xff, &greeting), 0);
    one.take(usize::MAX);
    two.take(usize::MAX);
    one.check_against(&market);
    two.check_against(&market);
    assert_eq!((one.greetings, two.greetings), (1, 1));
}

#[test]
fn counters_and_lag_tell_the_seat() {
    let mut market = Market::new(5, &[64], false);
    let mut player = market.join(0, 1, Filter::all(1 << TRADES));
    for number in 0..20 {
        market.step(&[(TRADES, 1, number)]);
        market.poll(false);
    }
    player.take(5);
    market.fanout.sample();
    let stored = read_counters(&market.memories[0].0);
    assert_eq!(stored, market.fanout.counters(0));
    let of = |counter: Counter| stored[counter.index()];
    assert_eq!((of(Counter::Delivered), of(Counter::LagRecords)), (20, 15));
    assert_eq!((of(Counter::HighWater), of(Counter::ConsumerPid)), (15, 1000));
    // A poll takes 1,000 ns here. The oldest unread record is fifteen polls old, its mark
    // (every four records) at most four more.
    assert!((14_000..=19_000).contains(&of(Counter::LagNs)), "{}", of(Counter::LagNs));
    // A cursor that cannot be true is counted, not believed.
    market.memories[0].1.line(CTL_CURSOR)[0].store(1 << 48 | 4_000, Ordering::Relaxed);
    market.fanout.sample();
    assert_eq!(market.counter(0, Counter::CursorRefused), 1);
    assert_eq!(market.counter(0, Counter::LagRecords), 15);
    player.take(usize::MAX);
    market.fanout.sample();
    assert_eq!((market.counter(0, Counter::LagRecords), market.counter(0, Counter::LagNs)), (0, 0));
    market.fanout.close();
    assert_eq!(player.consumer.poll_attach(), Attach::Closed(Reason::ProducerClosed));
}

#[test]
fn a_seat_that_changes_hands_between_two_polls_is_told_as_both() {
    let mut market = Market::new(5, &[16], false);
    let one = market.join(0, 1, Filter::all(ALL));
    drop(one);
    let mut two = market.claim(0, 2, Filter::all(ALL));
    let events = market.poll(true);
    assert_eq!((events.closed, events.activated, events.resynced), (1, 1, 0));
    assert_eq!(two.consumer.poll_attach(), Attach::Active);
    assert_eq!(two.consumer.epoch(), 2);
    assert!(!market.poll(true).any());
}

#[test]
fn a_producer_that_ends_closes_who_is_there_and_nobody_else() {
    let mut market = Market::new(5, &[16, 16, 16], false);
    let mut one = market.join(1, 1, Filter::all(ALL));
    market.fanout.close();
    let states = [0, 1, 2].map(|seat| market.fanout.state(seat));
    let [idle, ended] = [SeatState::Inactive, SeatState::Detached].map(Some);
    assert_eq!(states, [idle, ended, idle]);
    assert_eq!(one.consumer.poll_attach(), Attach::Closed(Reason::ProducerClosed));
    assert_eq!(market.poll(true).closed, 0b10);
    assert_eq!(market.fanout.active(), 0);
}

#[test]
fn a_seat_granted_and_closed_between_two_looks_is_still_read() {
    let mut market = Market::new(5, &[16], false);
    let mut one = market.claim(0, 1, Filter::all(ALL));
    market.poll(false);
    market.push(TRADES, 1, 7);
    market.end_step();
    market.fanout.close();
    // The consumer looks for the first time when all is over.
    assert_eq!(one.consumer.poll_attach(), Attach::Active);
    let kinds: Vec<u64> =
        std::iter::from_fn(|| one.consumer.next()).map(|words| words[0]).collect();
    assert!(!kinds.is_empty(), "what was written is there");
    one.consumer.release();
    assert_eq!(one.consumer.poll_attach(), Attach::Closed(Reason::ProducerClosed));
    assert_eq!(one.consumer.next(), None);
}

#[test]
fn what_cannot_be_built_is_refused() {
    let memory = |capacity: usize, lines: usize| SeatMemory {
        ring: Arc::new(HeapLines::new(lines)),
        ctl: Arc::new(HeapLines::new(ctl_lines(5))),
        capacity,
    };
    let spec = FanoutSpec { instruments: 5, rules: RULES, allow_wait: false, generation: 1 };
    let nine = (0..9).map(|_| memory(16, ring_lines(16, 1))).collect();
    let error = |spec, memories| Fanout::new(spec, memories).map(|_| ()).expect_err("an error");
    assert_eq!(error(spec, nine), FanoutError::Seats { seats: 9 });
    assert_eq!(
        error(FanoutSpec { instruments: 0, ..spec }, vec![]),
        FanoutError::Instruments { instruments: 0 }
    );
    let rules = ClassRules { stream: 8, ..RULES };
    assert_eq!(error(FanoutSpec { rules, ..spec }, vec![]), FanoutError::Class { class: 8 });
    for (capacity, lines) in [(16, ring_lines(16, 1) - 1), (15, 1_000), (usize::MAX, 1_000)] {
        let found = error(spec, vec![memory(capacity, lines)]);
        assert!(matches!(found, FanoutError::Shape { seat: 0, .. }), "{found}");
    }
    let large = FanoutSpec { instruments: 5_000, ..spec };
    let found = error(large, vec![memory(16, ring_lines(16, 1))]);
    assert!(matches!(found, FanoutError::Shape { seat: 0, .. }), "{found}");
}

proptest! {
    #[test]
    fn rubbish_in_the_consumers_memory_hurts_only_its_own_seat(
        writes in prop::collection::vec((0_usize..6, 0_usize..8, any::<u64>()), 1..60),
    ) {
        let mut market = Market::new(100, &[16, 64], true);
        let mut good = market.join(1, 1, Filter::all(ALL));
        settle(&mut market, &mut good);
        let lines = ctl_lines(100);
        for (number, (line, word, value)) in writes.into_iter().enumerate() {
            // Small values, too: they are the ones that look right.
            let value = if value % 3 == 0 { value >> 32 & 0x3f } else { value };
            market.memories[0].1.line(line % lines)[word].store(value, Ordering::Relaxed);
            claim::ring_bell(&market.memories[0].1, CTL_CLAIM);
            market.step(&[(TRADES, 1, number as u64), (ORDERS, 2, 1), (STREAM, 0, 1)]);
            market.poll(number % 2 == 0);
            good.take(usize::MAX);
        }
        settle(&mut market, &mut good);
        good.check_books(&market);
        good.check_against(&market);
        prop_assert_eq!(good.lost.records, 0);
    }
}
