//! What happens to a seat whose ring is full, policy by policy, and to steps at their limits.
#![cfg(not(loom))]

mod market;

use market::{Market, ORDERS, TOP, TRADES, settle};
use shm::claim::Claim;
use shm::fanout::MAX_STEP;
use shm::seat::{Attach, Consumer, Counter, Filter, Policy, Reason, SeatState, SeatStatus};

const ALL: u8 = 0x3f;

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
fn silent_seats_beside_one_that_reads_are_told_what_and_when() {
    let mut market = Market::new(5, &[8_192, 16, 16], false);
    let mut reads = market.join(0, 1, Filter::all(ALL));
    let mut loses = market.join(1, 1, Filter::all(1 << TRADES | 1 << ORDERS));
    let tops = Filter::all(1 << TRADES | 1 << TOP).policy(Policy::Conflate);
    let mut conflates = market.join(2, 1, tops);
    for player in [&mut reads, &mut loses, &mut conflates] {
        settle(&mut market, player);
    }
    assert_eq!(market.fanout.direct(), 0b001);
    let first = market.books.step + 1;
    // Three records a step for the second seat, two for the third. Five steps fit the one, eight
    // the other.
    for number in 0..50 {
        market.step(&[(ORDERS, 2, number), (TRADES, 1, number), (ORDERS, 3, 1), (TOP, 4, 1)]);
        market.poll(false);
    }
    assert_eq!((market.fanout.silent(), market.fanout.direct()), (0b110, 0b001));
    // Nothing of these is for the second seat, and of the last ones nothing is declared to the
    // third: their losses end before.
    for number in 0..7 {
        market.step(&[(TRADES + 1, 1, number), (TOP, 1, number)]);
        market.poll(false);
    }
    for player in [&mut reads, &mut loses, &mut conflates] {
        player.take(usize::MAX);
        settle(&mut market, player);
        player.check_books(&market);
        player.check_against(&market);
    }
    assert_eq!((reads.losses, reads.got.len()), (0, 50 * 4 + 7 * 2));
    assert_eq!((loses.losses, loses.got.len()), (1, 15));
    assert_eq!((loses.lost.first_step, loses.lost.last_step), (first + 5, first + 49));
    assert_eq!((loses.lost.records, loses.lost.counted, loses.lost.instruments), (135, 45, 2));
    assert_eq!((conflates.losses, conflates.got.len()), (1, 16));
    assert_eq!((conflates.lost.first_step, conflates.lost.last_step), (first + 8, first + 49));
    assert_eq!((conflates.lost.records, conflates.lost.counted), (42, 42));
    assert_eq!(conflates.lost.instruments, 0);
    assert_eq!(market.counter(2, Counter::Conflated), 42 + 7);
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
fn a_waiting_seat_gets_only_its_own_part() {
    let mut market = Market::new(5, &[16, 16], true);
    let mut player = market.join(0, 1, Filter::of(1 << TRADES, [1]).policy(Policy::Wait));
    let mut other = market.join(1, 1, Filter::of(1 << TRADES, [2]));
    let handle = std::thread::spawn(move || {
        while player.got.len() < 40 {
            if player.take(3) {
                std::thread::yield_now();
            }
        }
        player
    });
    let step: Vec<_> = (0..80).map(|at| (TRADES, 1 + at % 2, u64::from(at))).collect();
    market.step(&step);
    handle.join().expect("the consumer").check_against(&market);
    market.poll(false);
    other.take(usize::MAX);
    other.check_against(&market);
    assert_eq!(other.lost.records, 40, "a step larger than the ring never fits");
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
    let mut direct = 0;
    for round in 0..40_u64 {
        for records in [1, 4_000, 96, 4_095, 4_096, 1, 200] {
            direct += u32::from(market.fanout.direct());
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
    assert!((20..260).contains(&direct), "{direct} of 280 steps");
    assert_eq!(market.fanout.direct(), 1, "empty again");
}
