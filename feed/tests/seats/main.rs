//! Consumers at the seats of a lane: who keeps up, who joins late, who stands still; and what any
//! tool can read beside them.

#[path = "../common/mod.rs"]
mod common;

mod beside;
mod losing;

use common::collect::Collect;
use common::market::{Market, STOCKS};
use common::packets::{Memory, SESSION, end_of_session, give, heartbeat, mold};
use common::seats::{self, ALL, Seat};
use common::view::View;
use common::{DAY, itch};
use feed::lane::Lane;
use feed::net::Polled;
use feed::publish::Outlet;
use feed::publish::region::Regions;
use shm::seat::{Attach, Counter, Filter, Policy, Reason, read_counters};
use wire::codes::SessionEvent;
use wire::payload::{Lost, Session};
use wire::record::first_difference;
use wire::{Class, Image, Kind, Record};

/// A day: an opening, so many messages, the end of the session.
fn day(seed: u64, messages: u64) -> Memory {
    let (mut market, mut memory) = (Market::new(seed), Memory::default());
    let opening = market.opening();
    memory.push(&mold(SESSION, 1, &opening), DAY.midnight_ns, 1);
    let next = market.packets(opening.len() as u64 + 1, messages, &mut memory);
    memory.push(&end_of_session(SESSION, next), DAY.midnight_ns + 1, 1);
    memory
}

fn play<O: Outlet>(lane: &mut Lane<O>, memory: &mut Memory) {
    let mut now = DAY.midnight_ns;
    while lane.poll(memory, now).expect("memory has no errors") != Polled::End {
        now += 1_000;
    }
}

/// What a lane says of the same day to an outlet in memory.
fn reference(memory: &Memory) -> Lane<Collect> {
    let mut memory = memory.clone();
    memory.rewind();
    let mut lane = common::lane();
    play(&mut lane, &mut memory);
    lane
}

fn is_end(record: &Record) -> bool {
    record.get::<Session>().is_some_and(|s| s.event == SessionEvent::End as u8)
}

/// Records of steps: not those that are private to a seat.
fn of_steps(records: &[Record]) -> Vec<Record> {
    let private = |r: &Record| {
        let kind = r.kind().expect("a kind");
        r.quality.is_snapshot() || matches!(kind, Kind::Heartbeat | Kind::Connection | Kind::Lost)
    };
    records.iter().filter(|r| !private(r)).copied().collect()
}

/// Drains a seat in a thread until the end of the session, while `work` runs here.
fn drained(mut seat: Seat, work: impl FnOnce()) -> (Seat, Vec<Record>) {
    std::thread::scope(|scope| {
        let consumer = scope.spawn(move || {
            let mut records = Vec::new();
            seat.drain_until(&mut records, is_end);
            (seat, records)
        });
        work();
        consumer.join().expect("the consumer")
    })
}

fn books_of(records: &[Record]) -> View {
    let mut view = View::default();
    view.take(records);
    view
}

fn index_of(lane: &Lane<Regions>) -> u32 {
    lane.venue.directory.len()
}

#[test]
fn a_seat_that_is_waited_for_gets_every_record() {
    let root = seats::root();
    let mut lane = seats::lane(root.path(), 2, 8_192);
    let filter = Filter::all(ALL).policy(Policy::Wait);
    let seat = seats::attach(root.path(), 0, filter, &mut lane);
    seats::settle(&mut lane, 1);
    let mut memory = day(2, 30_000);
    let wanted = reference(&memory);
    let (_seat, records) = drained(seat, || play(&mut lane, &mut memory));
    let got = of_steps(&records);
    let wanted = &wanted.publisher.outlet.records;
    assert_eq!(first_difference(&got, wanted), None);
    assert_eq!(got.len(), wanted.len());
    assert!(records.iter().all(|r| r.get::<Lost>().is_none()));
    books_of(&records).assert_is(&lane.venue.books, index_of(&lane));
    lane.publisher.outlet.close().expect("closed");
}

#[test]
fn a_small_ring_is_enough_if_the_lane_waits() {
    let root = seats::root();
    let mut lane = seats::lane(root.path(), 1, 64);
    let filter = Filter::all(ALL).policy(Policy::Wait);
    let seat = seats::attach(root.path(), 0, filter, &mut lane);
    seats::settle(&mut lane, 1);
    let mut memory = day(3, 2_000);
    let wanted = reference(&memory);
    let (_seat, records) = drained(seat, || play(&mut lane, &mut memory));
    let wanted = &wanted.publisher.outlet.records;
    assert_eq!(first_difference(&of_steps(&records), wanted), None);
}

#[test]
fn who_joins_in_the_middle_gets_the_books_and_then_what_changes_them() {
    let root = seats::root();
    let mut lane = seats::lane(root.path(), 4, 16_384);
    let (mut market, mut memory) = (Market::new(4), Memory::default());
    let opening = market.opening();
    memory.push(&mold(SESSION, 1, &opening), DAY.midnight_ns, 1);
    let next = market.packets(opening.len() as u64 + 1, 3_000, &mut memory);
    play(&mut lane, &mut memory);
    // One that takes orders, one levels of five a side, one the best only.
    let classes = [Class::Orders, Class::Levels, Class::Top];
    let depths = [0, 0, 0];
    let mut late: Vec<Seat> = (0..3)
        .map(|n| {
            let filter = Filter::all(classes[n].bit()).depth(depths[n]).policy(Policy::Wait);
            seats::attach(root.path(), n, filter, &mut lane)
        })
        .collect();
    seats::settle(&mut lane, 1);
    let mut records = vec![Vec::new(); 3];
    late.iter_mut().zip(&mut records).for_each(|(seat, into)| _ = seat.drain(into));
    let joined: Vec<View> = records.iter().map(|records| books_of(records)).collect();
    let check = |views: &[View], lane: &Lane<Regions>| {
        for index in 1..=index_of(lane) {
            // Each has one of the three books; the others of its view stay empty.
            let mut whole = views[0].books[&index].clone();
            whole.levels.clone_from(&views[1].books[&index].levels);
            whole.top = views[2].books[&index].top;
            whole.assert_is(&lane.venue.books, index);
        }
    };
    check(&joined, &lane);
    let mut more = Memory::default();
    market.packets(next, 1_000, &mut more);
    play(&mut lane, &mut more);
    late.iter_mut().zip(&mut records).for_each(|(seat, into)| _ = seat.drain(into));
    let later: Vec<View> = records.iter().map(|records| books_of(records)).collect();
    check(&later, &lane);
    assert_ne!(later[0].books, joined[0].books);
    // A joining seat learns of no trade that was before it, and of no class it did not ask for.
    let kinds = |n: usize| records[n].iter().map(|r| r.kind().expect("a kind").class());
    assert!(kinds(2).all(|class| matches!(class, Class::Top | Class::Stream)));
    assert!(kinds(0).all(|class| matches!(class, Class::Orders | Class::Stream)));
}

#[test]
fn a_filter_names_instruments_and_changes_while_the_market_runs() {
    let root = seats::root();
    let mut lane = seats::lane(root.path(), 1, 16_384);
    let (mut market, mut memory) = (Market::new(8), Memory::default());
    let opening = market.opening();
    memory.push(&mold(SESSION, 1, &opening), DAY.midnight_ns, 1);
    let next = market.packets(opening.len() as u64 + 1, 500, &mut memory);
    let mut seat = seats::attach(root.path(), 0, Filter::of(ALL, [2]), &mut lane);
    play(&mut lane, &mut memory);
    seats::settle(&mut lane, 1);
    let mut records = Vec::new();
    seat.drain(&mut records);
    assert!(records.iter().all(|r| [0, 2].contains(&r.instrument.index())));
    books_of(&records).books[&2].assert_is(&lane.venue.books, 2);
    seat.consumer.set_filter(Filter::of(ALL, [2, 5]));
    let mut more = Memory::default();
    market.packets(next, 500, &mut more);
    play(&mut lane, &mut more);
    seats::settle(&mut lane, 1);
    seat.drain(&mut records);
    let books = books_of(&records);
    assert_eq!(books.books.keys().copied().collect::<Vec<_>>(), [2, 5]);
    for index in [2, 5] {
        books.books[&index].assert_is(&lane.venue.books, index);
    }
}
