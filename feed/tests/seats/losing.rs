//! Consumers that do not keep up: what they lose is declared, and costs the lane little.

use std::time::Instant;

use super::*;

#[test]
fn who_stands_still_is_told_exactly_what_was_lost_and_gets_whole_books() {
    let root = seats::root();
    let mut lane = seats::lane(root.path(), 2, 1_024);
    let mut seat = seats::attach(root.path(), 0, Filter::all(ALL), &mut lane);
    seats::settle(&mut lane, 1);
    let mut memory = day(5, 20_000);
    let wanted = reference(&memory).publisher.outlet.take();
    play(&mut lane, &mut memory);
    // It wakes up; the lane goes on polling.
    let mut records = Vec::new();
    for _ in 0..200_000 {
        seat.drain(&mut records);
        lane.end_poll(true, DAY.midnight_ns);
        if !lane.publisher.outlet.refreshes_pending() {
            break;
        }
    }
    seat.drain(&mut records);
    let losses: Vec<Lost> = records.iter().filter_map(Record::get).collect();
    let [lost] = losses[..] else { panic!("one loss, not {}", losses.len()) };
    let got = of_steps(&records);
    // What it got is a beginning of the stream; the loss begins with the next step.
    assert_eq!(first_difference(&got, &wanted[..got.len()]), None);
    let missed = &wanted[got.len()..];
    assert_eq!(lost.records, missed.len() as u64, "pushed = delivered + lost");
    assert_eq!(lost.first_step, missed[0].sequence);
    assert_eq!(lost.last_step, missed[missed.len() - 1].sequence);
    let trades = missed.iter().filter(|r| r.kind().map(Kind::class) == Some(Class::Trades));
    assert_eq!(u64::from(lost.trades), trades.count() as u64);
    assert_eq!(lost.instruments, STOCKS.len() as u32);
    assert_ne!(got.last().map(|r| r.sequence), Some(lost.first_step), "a step whole or not at all");
    // Volume has a hole, the books have none.
    books_of(&records).assert_is(&lane.venue.books, index_of(&lane));
    let view = seats::producer(root.path()).seat(0).expect("the seat");
    for _ in 0..300 {
        lane.end_poll(true, DAY.midnight_ns);
    }
    let counters = read_counters(view.ring.body());
    assert_eq!(counters[Counter::Lost.index()], lost.records);
    assert_eq!(counters[Counter::LostCounted.index()], u64::from(lost.trades));
    // Beside its steps' records it got the empty book of each stock, in three records.
    let delivered = got.len() + 3 * STOCKS.len();
    assert_eq!(counters[Counter::Delivered.index()], delivered as u64);
    let private = counters[Counter::Private.index()];
    assert_eq!(records.len() as u64, delivered as u64 + private);
}

#[test]
fn a_conflating_seat_ends_with_the_lanes_best_and_loses_no_trade_in_silence() {
    let root = seats::root();
    let mut lane = seats::lane(root.path(), 1, 256);
    let classes = Class::Top.bit() | Class::Trades.bit();
    let filter = Filter::all(classes).policy(Policy::Conflate);
    let mut seat = seats::attach(root.path(), 0, filter, &mut lane);
    seats::settle(&mut lane, 1);
    let mut memory = day(6, 20_000);
    let wanted = reference(&memory).publisher.outlet.take();
    let (mut records, mut now) = (Vec::new(), DAY.midnight_ns);
    // It looks now and then, so that it is silent and speaks again many times.
    while lane.poll(&mut memory, now).expect("memory") != Polled::End {
        now += 1_000;
        if now.is_multiple_of(40_000) {
            seat.drain(&mut records);
        }
    }
    for _ in 0..200 {
        lane.end_poll(true, now);
        seat.drain(&mut records);
    }
    let mut tops = std::collections::BTreeMap::new();
    for record in &records {
        if let Some(top) = record.get::<wire::payload::Top>() {
            tops.insert(record.instrument.index(), top);
        }
    }
    for index in 1..=index_of(&lane) {
        let best = lane.venue.books.best(index);
        let top = tops[&index];
        let told = (top.bid_price, top.bid_quantity, top.ask_price, top.ask_quantity);
        assert_eq!(told, (best.bid_price, best.bid_qty, best.ask_price, best.ask_qty));
    }
    let trades = |records: &[Record]| {
        records.iter().filter(|r| r.kind() == Some(Kind::Trade)).count() as u64
    };
    let lost: u64 =
        records.iter().filter_map(Record::get::<Lost>).map(|l| u64::from(l.trades)).sum();
    assert_eq!(trades(&records) + lost, trades(&wanted));
    assert!(lost > 0 && trades(&records) > 0, "it was silent and it was not");
}

#[test]
fn a_seat_that_wants_to_be_closed_when_it_is_full_is_closed_and_told() {
    let root = seats::root();
    let mut lane = seats::lane(root.path(), 1, 256);
    let filter = Filter::all(ALL).policy(Policy::Detach);
    let mut seat = seats::attach(root.path(), 0, filter, &mut lane);
    seats::settle(&mut lane, 1);
    play(&mut lane, &mut day(7, 1_000));
    assert_eq!(seat.consumer.poll_attach(), Attach::Closed(Reason::RingFull));
    assert_eq!(lane.publisher.outlet.consumers(), 0);
    // What is in the ring is a beginning of the stream, in whole steps.
    let mut records = Vec::new();
    seat.drain(&mut records);
    assert!(!records.is_empty() && records.iter().all(|r| r.get::<Lost>().is_none()));
    drop(seat);
    // The seat is free for another.
    let next = seats::attach(root.path(), 0, Filter::all(ALL), &mut lane);
    assert_eq!(lane.publisher.outlet.consumers(), 1);
    drop(next);
}

/// Packets of the day in a second, without or with a consumer that stands still.
fn rate(stopped: bool, memory: &mut Memory) -> f64 {
    let root = seats::root();
    let mut lane = seats::lane(root.path(), 2, 16_384);
    let seat = stopped.then(|| seats::attach(root.path(), 0, Filter::all(ALL), &mut lane));
    memory.rewind();
    let packets = memory.left() as f64;
    let begun = Instant::now();
    play(&mut lane, memory);
    let rate = packets / begun.elapsed().as_secs_f64();
    drop(seat);
    rate
}

#[test]
fn a_consumer_that_stands_still_does_not_hold_the_lane_up() {
    let mut memory = day(9, 60_000);
    let (mut alone, mut stopped) = (0.0, 0.0);
    // Other work on the host may take any one measurement; the best of each counts.
    for round in 1..=20 {
        alone = rate(false, &mut memory).max(alone);
        stopped = rate(true, &mut memory).max(stopped);
        if round >= 4 && stopped >= 0.5 * alone {
            break;
        }
    }
    let ratio = stopped / alone;
    println!("{alone:.0} packets/s alone, {stopped:.0} with a stopped consumer: {ratio:.2}");
    assert!(ratio >= 0.5, "{ratio:.2}");
}
