//! The rules of seats, one by one: policies, refusals, deaths, limits.
#![cfg(not(loom))]

mod market;

use market::{GREETING, Market, ORDERS, RULES, STATUS, STREAM, TOP, TRADES, record};
use proptest::prelude::*;
use shm::claim::{self, Claim};
use shm::fanout::{ClassRules, Fanout, FanoutError, FanoutSpec, MAX_STEP, SeatMemory};
use shm::lines::{HeapLines, Lines};
use shm::seat::layout::{CTL_CLAIM, CTL_CURSOR, CTL_REQUEST, ctl_lines, ring_lines};
use shm::seat::{
    Attach, Consumer, Counter, Filter, Policy, Reason, SeatState, SeatStatus, read_counters,
};
use shm::sync::Ordering;
use std::sync::Arc;

const ALL: u8 = 0x3f;

/// Polls idle until seat 0 has no refresh to come.
fn settle(market: &mut Market, player: &mut market::Player) {
    for _ in 0..10_000 {
        market.poll(true);
        player.take(usize::MAX);
        if market.fanout.refreshes_pending(player.seat) == 0 {
            return;
        }
    }
    panic!("the refreshes do not end");
}

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
fn an_idle_poll_writes_one_refresh_and_a_busy_one_none_for_long() {
    let mut market = Market::new(6, &[64], false);
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
fn a_full_ring_loses_with_a_marker() {
    let mut market = Market::new(5, &[16], false);
    let mut player = market.join(0, 1, Filter::all(ALL));
    settle(&mut market, &mut player);
    for number in 0..20 {
        market.step(&[(TRADES, 1, number), (ORDERS, 2, number)]);
    }
    // Eight steps fit. The ninth to the twentieth are lost, each record of them.
    assert_eq!(market.fanout.silent(), 1);
    assert_eq!(SeatStatus::read(&market.memories[0].0).map(|s| s.state), Ok(SeatState::Silent));
    assert_eq!(market.counter(0, Counter::Delivered), 16);
    assert_eq!(market.counter(0, Counter::Lost), 24);
    assert_eq!(market.counter(0, Counter::LostCounted), 12);
    player.take(3);
    market.poll(true);
    assert_eq!(market.fanout.silent(), 1, "three are less than a quarter");
    player.take(1);
    market.poll(true);
    assert_eq!(market.fanout.silent(), 0);
    assert_eq!(market.counter(0, Counter::Private) - market.counter(0, Counter::Refreshes) * 5, 1);
    player.take(usize::MAX);
    assert_eq!((player.lost.records, player.lost.counted, player.lost.instruments), (24, 12, 1));
    assert_eq!((player.got.len(), player.losses), (16, 1));
    settle(&mut market, &mut player);
    player.check_books(&market);
    player.check_against(&market);
}

#[test]
fn a_conflating_seat_is_told_of_trades_only() {
    let mut market = Market::new(5, &[16], false);
    let classes = 1 << TOP | 1 << TRADES;
    let mut player = market.join(0, 1, Filter::all(classes).policy(Policy::Conflate));
    settle(&mut market, &mut player);
    for number in 0..20 {
        market.step(&[(TOP, 3, number)]);
    }
    assert_eq!(market.counter(0, Counter::Conflated), 4);
    assert_eq!(market.counter(0, Counter::Lost), 0);
    player.take(usize::MAX);
    market.poll(true);
    settle(&mut market, &mut player);
    assert_eq!(player.losses, 0, "no trade was lost: nothing to declare");
    player.check_books(&market);
    player.check_against(&market);
    for number in 0..20 {
        market.step(&[(TRADES, 3, number), (TOP, 3, number)]);
    }
    player.take(usize::MAX);
    settle(&mut market, &mut player);
    assert_eq!((player.losses, player.lost.records, player.lost.counted), (1, 12, 12));
    player.check_books(&market);
    player.check_against(&market);
}

#[test]
fn a_detaching_seat_is_closed_and_says_so() {
    let mut market = Market::new(5, &[16, 16], false);
    let mut player = market.join(0, 1, Filter::all(1 << TRADES).policy(Policy::Detach));
    let mut other = market.join(1, 1, Filter::all(1 << TRADES));
    for number in 0..20 {
        market.step(&[(TRADES, 1, number)]);
    }
    assert_eq!(market.poll(false).closed, 0b01);
    assert!(player.take(usize::MAX));
    assert_eq!(player.got.len(), 16);
    assert_eq!(player.consumer.poll_attach(), Attach::Closed(Reason::RingFull));
    let status = player.consumer.status().expect("a status");
    assert_eq!((status.state, status.reason), (SeatState::Detached, Reason::RingFull));
    // Closed is closed, whatever the consumer asks for.
    player.consumer.set_filter(Filter::all(1 << TRADES));
    market.poll(false);
    assert_eq!(market.fanout.active(), 0b10);
    drop(player);
    market.poll(false);
    let again = market.join(0, 2, Filter::all(1 << TRADES));
    assert_eq!(again.consumer.epoch(), 2);
    other.take(usize::MAX);
    market.poll(false);
    other.take(usize::MAX);
    other.check_against(&market);
}

#[test]
fn a_request_that_cannot_be_granted_is_refused_by_name() {
    let mut market = Market::new(5, &[16], false);
    for (nonce, filter, reason) in [
        (1, Filter::all(1 << TRADES).policy(Policy::Wait), Reason::WaitOnLive),
        (2, Filter::all(1 << ORDERS).policy(Policy::Conflate), Reason::ConflateClass),
        (3, Filter::all(0), Reason::NoClass),
    ] {
        let mut player = market.claim(0, nonce, filter);
        assert_eq!(player.consumer.poll_attach(), Attach::Waiting);
        assert_eq!(market.poll(true).activated, 0);
        assert_eq!(player.consumer.poll_attach(), Attach::Refused(reason));
        assert_eq!(player.consumer.next(), None);
        // Another request of the same claim may be granted.
        player.consumer.set_filter(Filter::all(1 << TRADES));
        assert_eq!(market.poll(true).activated, 1);
        assert_eq!(player.consumer.poll_attach(), Attach::Active);
        // And a refused change leaves what there was.
        player.consumer.set_filter(Filter::all(0));
        market.poll(true);
        assert_eq!(player.consumer.poll_attach(), Attach::Active);
        assert_eq!(market.fanout.interest(1, TRADES), 1);
    }
    assert_eq!(market.counter(0, Counter::RequestRefused), 6);
    let taken = market.claim(0, 9, Filter::all(1));
    let (ring, ctl, capacity) = &market.memories[0];
    let claim = Claim::new(7, 7).expect("a claim");
    let (ring, ctl, filter) = (ring.clone(), ctl.clone(), Filter::all(1));
    let error = Consumer::claim(ring, ctl, *capacity, 5, filter, claim).map(|_| ());
    let text = error.expect_err("a taken seat").to_string();
    assert_eq!(text, "seat is held by process 1000: choose another seat, or end that process");
    drop(taken);
}

#[test]
fn a_waiting_seat_paces_a_replay_and_loses_nothing() {
    let mut market = Market::new(5, &[16], true);
    let mut player = market.join(0, 1, Filter::all(ALL).policy(Policy::Wait));
    let handle = std::thread::spawn(move || {
        let mut last = 0;
        while last < 2_500 {
            if player.take(3) {
                std::thread::yield_now();
            }
            last = player.got.len();
        }
        player
    });
    for number in 0..300 {
        // Ten records are more than half a ring, forty more than a ring.
        let records = if number % 6 == 0 { 40 } else { 2 };
        market.step(&vec![(TRADES, 1, number); records]);
        market.poll(false);
    }
    let player = handle.join().expect("the consumer");
    player.check_against(&market);
    assert_eq!(market.counter(0, Counter::Lost), 0);
}

#[test]
fn nobody_waits_for_a_seat_that_is_gone() {
    for how in 0..3 {
        let mut market = Market::new(5, &[16], true);
        let player = market.join(0, 1, Filter::all(ALL).policy(Policy::Wait));
        let signals = market.fanout.signals();
        let handle = std::thread::spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(20));
            match how {
                0 => return drop(player),
                1 => signals.seat_died(0),
                _ => signals.stop(),
            }
            std::mem::forget(player);
        });
        market.step(&vec![(TRADES, 1, 1); 40]);
        handle.join().expect("the consumer");
        market.poll(false);
        assert_eq!(market.fanout.active(), 0);
        let reason = SeatStatus::read(&market.memories[0].0).map(|status| status.reason);
        let expected = [Reason::Released, Reason::Died, Reason::ProducerClosed][how];
        assert_eq!(reason, Ok(expected));
    }
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
fn a_step_beyond_the_limit_is_declared() {
    let mut market = Market::new(5, &[16_384], false);
    let mut player = market.join(0, 1, Filter::all(ALL));
    settle(&mut market, &mut player);
    for number in 0..MAX_STEP as u64 + 10 {
        market.push(TRADES, 1, number);
    }
    market.push(ORDERS, 2, 5);
    market.end_step();
    assert_eq!(market.fanout.oversized_steps(), 1);
    player.take(usize::MAX);
    settle(&mut market, &mut player);
    assert_eq!(player.got.len(), MAX_STEP);
    assert_eq!((player.lost.records, player.lost.counted), (11, 10));
    player.check_books(&market);
    market.step(&[(TRADES, 1, 1), (ORDERS, 2, 2)]);
    player.take(usize::MAX);
    assert_eq!(player.got.len(), MAX_STEP + 2);
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
fn a_step_that_was_not_ended_ends_with_the_poll() {
    let mut market = Market::new(5, &[16], false);
    let mut player = market.join(0, 1, Filter::all(1 << TRADES));
    market.push(TRADES, 1, 1);
    market.push(TRADES, 2, 1);
    assert!(player.take(usize::MAX) && player.got.is_empty(), "staged in a small ring");
    market.poll(false);
    player.take(usize::MAX);
    assert_eq!(player.got.len(), 2);
}

#[test]
fn a_large_ring_keeps_steps_whole_when_it_runs_full() {
    // Room for the largest step, or not, decides how records go in: both ways, and the border.
    let mut market = Market::new(5, &[8_192], false);
    let mut player = market.join(0, 1, Filter::all(1 << TRADES));
    for round in 0..40_u64 {
        for records in [1, 4_000, 96, 4_095, 4_096, 1, 200] {
            market.step(&vec![(TRADES, 1, round); records]);
            if records % 2 == 0 {
                market.poll(false);
            }
        }
        player.take(1_000 * round as usize);
    }
    player.take(usize::MAX);
    market.poll(false);
    player.take(usize::MAX);
    player.check_against(&market);
    assert!(player.lost.records > 0 && player.got.len() > 100_000);
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
