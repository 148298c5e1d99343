//! Sessions: they begin, end, and follow each other.

use wire::codes::{GapHow, SessionEvent};
use wire::payload::{GapEnd, OrderAdd, Session};
use wire::{BookState, Kind};

use crate::common::collect::Collect;
use crate::common::packets::{SESSION, end_of_session, give, give_messages, heartbeat, mold};
use crate::common::{self, DAY, itch};
use feed::lane::Lane;
use feed::venue::nasdaq::day::Eastern;

const NEXT: &[u8; 10] = b"0000000002";

fn events(lane: &Lane<Collect>) -> Vec<(u8, u64)> {
    let sessions = lane.publisher.outlet.of::<Session>();
    sessions.iter().map(|s| (s.event, s.first_sequence)).collect()
}

#[test]
fn the_end_of_a_session_is_said_once_though_the_venue_repeats_it() {
    let mut lane = common::lane();
    give(&mut lane, &mold(SESSION, 1, &[itch::bid(1, 1, 1, 1)]), 1);
    for now in 2..12 {
        give(&mut lane, &end_of_session(SESSION, 2), now);
    }
    let start = SessionEvent::Start as u8;
    assert_eq!(events(&lane), [(start, 1), (SessionEvent::End as u8, 2)]);
    assert_eq!(lane.publisher.counts.session_ends, 10);
    assert_eq!(lane.publisher.counts.sessions, 1);
    // The book stays until the next session begins.
    assert_eq!(lane.venue.books.live_orders(), 1);
    assert_eq!(lane.venue.book_state(1, &lane.gaps), BookState::Live);
}

#[test]
fn a_new_session_closes_gaps_and_empties_books_and_makes_them_live() {
    let mut lane = common::lane();
    give(&mut lane, &mold(SESSION, 1, &[itch::bid(1, 1, 1, 100)]), 1);
    give(&mut lane, &mold(SESSION, 5, &[itch::ask(1, 2, 1, 101)]), 2);
    give(&mut lane, &heartbeat(SESSION, 9), 3);
    lane.publisher.outlet.take();
    give(&mut lane, &mold(NEXT, 1, &[itch::bid(1, 1, 1, 100)]), 50);
    let said = lane.publisher.outlet.take();
    let closed: Vec<GapEnd> = said.iter().filter_map(|r| r.get()).collect();
    let ranges: Vec<_> = closed.iter().map(|g| (g.first, g.end, g.gap_id, g.open_ns)).collect();
    assert_eq!(ranges, [(2, 5, 1, 48), (6, 9, 2, 47)]);
    assert!(closed.iter().all(|gap| gap.how == GapHow::SessionRoll as u8));
    assert_eq!(said[2].get::<Session>().map(|s| s.event), Some(SessionEvent::Start as u8));
    assert!(said[3..].iter().all(|r| r.quality.state() == Some(BookState::Live)));
    assert!(lane.publisher.outlet.asked.is_empty(), "no book needs to be sent whole");
    assert_eq!(lane.publisher.outlet.begun, [1, 1], "each session begins it, empty");
    assert_eq!(lane.venue.books.live_orders(), 1);
    assert_eq!(lane.gaps.open(), []);
    // The ledger was told the same.
    let told = &lane.publisher.outlet.closed;
    assert_eq!(
        told.iter().map(|(gap, how, now)| (gap.id, *how, *now)).collect::<Vec<_>>(),
        [(1, GapHow::SessionRoll, 50), (2, GapHow::SessionRoll, 50),]
    );
    assert_eq!(common::refusals(&lane), []);
}

#[test]
fn locates_move_with_the_session_but_a_symbol_keeps_its_index() {
    let mut lane = common::lane();
    let first = [itch::directory(1, 1, "AAPL"), itch::directory(2, 1, "MSFT")];
    give(&mut lane, &mold(SESSION, 1, &first), 1);
    let second = [
        itch::directory(1, 2, "MSFT"),
        itch::directory(2, 2, "TSLA"),
        itch::directory(3, 2, "AAPL"),
    ];
    give(&mut lane, &mold(NEXT, 1, &second), 2);
    let directory = &lane.venue.directory;
    let names: Vec<String> = directory.rows().iter().map(|row| row.symbol()).collect();
    assert_eq!(names, ["AAPL", "MSFT", "TSLA"]);
    assert_eq!([1, 2, 3].map(|locate| directory.index(locate)), [2, 3, 1]);
    assert_eq!([1, 2, 3].map(|i| lane.publisher.outlet.rows[&i].venue_id), [3, 1, 2]);
    assert_eq!(common::refusals(&lane), []);
    // An order of locate 2 is TSLA's now.
    let order = itch::Add { reference: 9, side: b'B', shares: 1, stock: "TSLA", price: 7 };
    give(&mut lane, &mold(NEXT, 4, &[itch::add(2, 3, order)]), 3);
    let add = lane.publisher.outlet.records.iter().find(|r| r.get::<OrderAdd>().is_some());
    assert_eq!(add.map(|r| r.instrument.index()), Some(3));
}

#[test]
fn a_locate_of_the_last_session_is_unknown_in_the_next() {
    let mut lane = common::lane();
    give(&mut lane, &mold(SESSION, 1, &[itch::bid(1, 1, 1, 100)]), 1);
    give(&mut lane, &mold(NEXT, 1, &[itch::executed(13, 2, 1, 1, 1)]), 2);
    assert_eq!(common::refusals(&lane), [("unknown_locate", 1)]);
    assert!(!lane.publisher.outlet.kinds().contains(&Kind::Trade));
}

#[test]
fn packets_of_a_session_that_is_over_are_refused() {
    let mut lane = common::lane();
    give(&mut lane, &mold(SESSION, 1, &[itch::bid(1, 1, 1, 100)]), 1);
    give(&mut lane, &mold(NEXT, 1, &[itch::bid(1, 1, 1, 100)]), 2);
    lane.publisher.outlet.take();
    give(&mut lane, &mold(SESSION, 2, &[itch::bid(1, 2, 1, 101)]), 3);
    give(&mut lane, &heartbeat(SESSION, 40), 4);
    give(&mut lane, &end_of_session(SESSION, 40), 5);
    assert_eq!(common::refusals(&lane), [("old_session", 3)]);
    assert_eq!(lane.publisher.outlet.records, []);
    assert_eq!(lane.publisher.counts.sessions, 2);
    // The current session goes on where it was.
    give(&mut lane, &mold(NEXT, 2, &[itch::bid(1, 2, 1, 101)]), 6);
    assert_eq!(lane.venue.books.live_orders(), 2);
    assert_eq!(lane.gaps.declared(), 0);
}

#[test]
fn a_session_may_be_joined_late_after_another() {
    let mut lane = common::lane();
    give(&mut lane, &mold(SESSION, 1, &[itch::bid(1, 1, 1, 100)]), 1);
    give(&mut lane, &mold(NEXT, 7, &[itch::bid(1, 2, 1, 100)]), 2);
    assert_eq!(lane.gaps.missing(), 6);
    assert_eq!(lane.venue.book_state(1, &lane.gaps), BookState::Gapped);
    let orders = lane.venue.books.orders(1, wire::Side::Bid).map(|o| o.reference);
    assert_eq!(orders.collect::<Vec<_>>(), [2], "nothing of the old session is left");
}

#[test]
fn without_a_configured_day_a_session_is_of_the_day_on_which_it_began() {
    let config = feed::lane::LaneConfig { day: None, ..common::config() };
    let mut lane = common::lane_with(config, common::Sizes::default());
    // 23:30 of the day before in New York, though it is the same date in Greenwich.
    let evening = DAY.midnight_ns - 1_800_000_000_000;
    give(&mut lane, &mold(SESSION, 1, &[itch::bid(5, 1, 1, 100)]), evening);
    give(&mut lane, &mold(NEXT, 1, &[itch::bid(5, 1, 1, 100)]), DAY.midnight_ns);
    let dates: Vec<u32> = lane.publisher.outlet.of::<Session>().iter().map(|s| s.date).collect();
    assert_eq!(dates, [20_200_129, 20_200_130]);
    let adds = lane.publisher.outlet.records.iter().filter(|r| r.kind() == Some(Kind::OrderAdd));
    let before = Eastern::new().expect("zone").day_of(evening).midnight_ns;
    assert_eq!(adds.map(|r| r.ts_venue).collect::<Vec<_>>(), [before + 5, DAY.midnight_ns + 5]);
    assert_eq!(before, DAY.midnight_ns - 86_400_000_000_000);
}

#[test]
fn images_start_anew_with_the_session() {
    let mut lane = common::lane();
    let messages = [
        itch::action(13, 1, "AAPL", b'H', b"T1  "),
        itch::bid(2, 1, 10, 100),
        itch::executed(13, 3, 1, 4, 77),
    ];
    give_messages(&mut lane, 1, &messages);
    lane.flush_images();
    let image = lane.publisher.outlet.images[&1];
    assert_eq!((image.trade_price, image.trade_quantity, image.trade_id), (100, 4, 77));
    assert_eq!((image.volume, image.trades, image.status), (4, 1, 2));
    assert_eq!((image.sequence, image.ts_venue), (4, DAY.midnight_ns + 3));
    assert_eq!(
        image.bid_side().map(|(l, n)| (l.price, l.quantity, n)).collect::<Vec<_>>(),
        [(100, 6, 1)]
    );
    give(&mut lane, &mold(NEXT, 1, &[itch::system(1, b'O')]), 9);
    lane.flush_images();
    let image = lane.publisher.outlet.images[&1];
    assert_eq!((image.volume, image.trades, image.bids, image.status), (0, 0, 0, 0));
    assert_eq!(image.quality.state(), Some(BookState::Live));
}

#[test]
fn a_datagram_of_another_protocol_does_not_begin_a_session() {
    let mut lane = common::lane();
    give(&mut lane, &mold(SESSION, 1, &[itch::bid(1, 1, 1, 100)]), 1);
    lane.publisher.outlet.take();
    for (odd, at) in [(0x91, 0), (0x7F, 4), (b'\n', 9), (0xFF, 9)] {
        let mut name = *SESSION;
        name[at] = odd;
        give(&mut lane, &heartbeat(&name, 1), 2);
        give(&mut lane, &mold(&name, 1, &[itch::bid(1, 2, 1, 100)]), 3);
    }
    assert_eq!(common::refusals(&lane), [("session_name", 8)]);
    assert_eq!(lane.publisher.outlet.records, []);
    assert_eq!((lane.venue.books.live_orders(), lane.publisher.counts.sessions), (1, 1));
    // Names may be short, whether padded with spaces or zeros.
    for name in [b"A         ", &[0; 10], b"B\0\0\0\0\0\0\0\0\0"] {
        give(&mut lane, &heartbeat(name, 1), 4);
    }
    assert_eq!(lane.publisher.counts.sessions, 4);
}
