//! Numbers: what is missing is declared, what comes again is dropped.

use feed::gap::Gap;
use wire::codes::GapHow;
use wire::payload::{GapBegin, GapEnd, OrderAdd};
use wire::{BookState, Kind, Path, StampBy};

use super::{assert_records, record};
use crate::common::collect::{Collect, kinds};
use crate::common::packets::{
    SESSION, end_of_session, give, give_line, give_messages, heartbeat, mold,
};
use crate::common::{self, itch};
use feed::lane::Lane;

/// Bids of one share at falling prices: message `n` has reference `n`.
fn bids(numbers: std::ops::Range<u64>) -> Vec<Vec<u8>> {
    numbers.map(|n| itch::bid(n, n, 1, 10_000 - n as u32)).collect()
}

/// References added, in order.
fn added(lane: &Lane<Collect>) -> Vec<u64> {
    lane.publisher.outlet.of::<OrderAdd>().iter().map(|m| m.order_id).collect()
}

fn missing(lane: &Lane<Collect>) -> Vec<(u64, u64)> {
    let gaps = lane.publisher.outlet.of::<GapBegin>();
    let ranges: Vec<_> = gaps.iter().map(|gap| (gap.first, gap.end)).collect();
    let told: Vec<_> =
        lane.publisher.outlet.opened.iter().map(|gap| (gap.first, gap.end)).collect();
    assert_eq!(ranges, told, "records and ledger");
    assert_eq!(lane.gaps.declared() as usize, ranges.len());
    assert_eq!(lane.gaps.missing(), ranges.iter().map(|(first, end)| end - first).sum::<u64>());
    ranges
}

#[test]
fn a_hole_is_declared_once_before_what_follows_it() {
    let mut lane = common::lane();
    give_messages(&mut lane, 1, &bids(1..4));
    lane.publisher.outlet.take();
    give_line(&mut lane, &mold(SESSION, 6, &bids(6..8)), 2, 1_000);
    let begin = GapBegin {
        first: 4,
        end: 6,
        gap_id: 1,
        channel: 0,
        lines: 0b11,
        how: GapHow::Open as u8,
        open_ns: 0,
    };
    let mut gap = record(5, 0, 0, BookState::Gapped, begin);
    gap.ts_venue = 0;
    let said = lane.publisher.outlet.take();
    assert_records(&said[..1], &[gap], "gap");
    assert_eq!((said[0].origin.path(), said[0].ts_receive), (Path::Handler, 1_000));
    assert!(said[1..].iter().all(|r| r.quality.state() == Some(BookState::Gapped)));
    // Messages were steps 2 to 4, the gap 5, then one step each.
    let steps: Vec<u64> = said.iter().map(|r| r.sequence).collect();
    assert_eq!(steps, [5, 6, 6, 7, 7]);
    let told = Gap {
        id: 1,
        first: 4,
        end: 6,
        lines: 0b11,
        declared_ns: 1_000,
        left: 2,
        recovered: 0,
        patched: false,
    };
    assert_eq!(lane.publisher.outlet.opened, [told]);
    assert_eq!(lane.gaps.open(), [told]);
}

#[test]
fn no_book_is_live_after_a_gap_whatever_follows() {
    let mut lane = common::lane();
    give_messages(&mut lane, 1, &bids(1..4));
    assert!(
        lane.publisher.outlet.records[1..]
            .iter()
            .all(|r| { r.quality.state() == Some(BookState::Live) })
    );
    lane.publisher.outlet.take();
    give_messages(&mut lane, 5, &bids(5..60));
    // Also an instrument that appears only now: orders of it may be among what is missing.
    let msft = itch::Add { reference: 500, side: b'B', shares: 1, stock: "MSFT", price: 5 };
    give_messages(&mut lane, 60, &[itch::add(99, 1, msft)]);
    let gapped = |r: &wire::Record| r.quality.state() == Some(BookState::Gapped);
    assert!(lane.publisher.outlet.records.iter().all(gapped));
    for index in [1, 2] {
        assert_eq!(lane.venue.book_state(index, &lane.gaps), BookState::Gapped);
    }
    lane.flush_images();
    let images = &lane.publisher.outlet.images;
    assert!([1, 2].iter().all(|i| images[i].quality.state() == Some(BookState::Gapped)));
}

#[test]
fn a_heartbeat_shows_the_loss_of_the_last_messages() {
    let mut lane = common::lane();
    give(&mut lane, &mold(SESSION, 1, &bids(1..4)), 1);
    give(&mut lane, &heartbeat(SESSION, 4), 2);
    assert_eq!(missing(&lane), []);
    give(&mut lane, &heartbeat(SESSION, 9), 3);
    give(&mut lane, &heartbeat(SESSION, 9), 4);
    assert_eq!(missing(&lane), [(4, 9)]);
    assert_eq!(lane.publisher.counts.heartbeats, 3);
    // What then comes late is not taken: it has been declared.
    give(&mut lane, &mold(SESSION, 4, &bids(4..9)), 5);
    assert_eq!((added(&lane), lane.publisher.counts.copies), (vec![1, 2, 3], 5));
    give(&mut lane, &mold(SESSION, 9, &bids(9..10)), 6);
    assert_eq!(added(&lane), [1, 2, 3, 9]);
    assert_eq!(missing(&lane), [(4, 9)]);
}

#[test]
fn the_end_of_the_session_shows_it_too() {
    let mut lane = common::lane();
    give(&mut lane, &mold(SESSION, 1, &bids(1..4)), 1);
    give(&mut lane, &end_of_session(SESSION, 6), 2);
    assert_eq!(missing(&lane), [(4, 6)]);
    let last = kinds(&lane.publisher.outlet.records).into_iter().rev().take(2);
    assert_eq!(last.collect::<Vec<_>>(), [Kind::Session, Kind::GapBegin], "first the loss");
}

#[test]
fn who_joins_late_misses_everything_from_the_first_message() {
    for first_packet in [mold(SESSION, 100, &bids(100..102)), heartbeat(SESSION, 100)] {
        let mut lane = common::lane();
        give(&mut lane, &first_packet, 1);
        assert_eq!(missing(&lane), [(1, 100)]);
        give(&mut lane, &mold(SESSION, 100, &bids(100..103)), 2);
        assert_eq!(added(&lane), [100, 101, 102]);
        assert_eq!(lane.venue.book_state(1, &lane.gaps), BookState::Gapped);
        assert_eq!(missing(&lane), [(1, 100)]);
    }
}

#[test]
fn of_a_packet_that_overlaps_only_the_new_part_is_taken() {
    let mut lane = common::lane();
    give(&mut lane, &mold(SESSION, 1, &bids(1..4)), 1);
    give(&mut lane, &mold(SESSION, 2, &bids(2..6)), 2);
    give(&mut lane, &mold(SESSION, 1, &bids(1..6)), 3);
    give(&mut lane, &mold(SESSION, 5, &bids(5..7)), 4);
    assert_eq!(added(&lane), [1, 2, 3, 4, 5, 6]);
    assert_eq!(lane.publisher.counts.copies, 2 + 5 + 1);
    assert_eq!(missing(&lane), []);
    assert_eq!(common::refusals(&lane), []);
}

#[test]
fn of_two_lines_the_first_copy_wins_and_is_named() {
    let mut lane = common::lane();
    // A is ahead, then B, then A is missing packet 3 and B has it.
    for (number, line) in [(1, 1), (1, 2), (2, 2), (2, 1), (3, 2), (4, 1), (4, 2)] {
        give_line(&mut lane, &mold(SESSION, number, &bids(number..number + 1)), line, number);
    }
    assert_eq!(added(&lane), [1, 2, 3, 4]);
    assert_eq!(missing(&lane), []);
    assert_eq!(lane.publisher.counts.copies, 3);
    let adds = lane.publisher.outlet.records.iter().filter(|r| r.kind() == Some(Kind::OrderAdd));
    let lines: Vec<u8> = adds.clone().map(|r| r.origin.line()).collect();
    assert_eq!(lines, [1, 2, 2, 1]);
    assert!(adds.clone().all(|r| r.origin.path() == Path::Live));
    assert!(adds.clone().all(|r| r.origin.stamp() == StampBy::Kernel));
    assert_eq!(adds.map(|r| r.ts_receive).collect::<Vec<_>>(), [1, 2, 3, 4]);
}

#[test]
fn empty_messages_have_numbers_and_undecodable_ones_too() {
    let mut lane = common::lane();
    let odd = vec![b'?'; 5];
    let short = itch::bid(1, 1, 1, 1)[..35].to_vec();
    give(&mut lane, &mold(SESSION, 1, &[vec![], odd, short]), 1);
    give(&mut lane, &mold(SESSION, 4, &bids(4..5)), 2);
    assert_eq!(missing(&lane), []);
    assert_eq!(added(&lane), [4]);
    let wanted = [("itch_empty", 1), ("itch_unknown_type", 1), ("itch_wrong_length", 1)];
    assert_eq!(common::refusals(&lane), wanted);
    // Each was a step, though it says nothing.
    let last = lane.publisher.outlet.records.last().expect("records");
    assert_eq!(last.sequence, 5);
    assert_eq!(lane.publisher.outlet.ended, [1, 2, 3, 4, 5]);
}

#[test]
fn numbers_at_the_end_of_their_range_are_refused_or_taken_but_never_wrap() {
    let mut lane = common::lane();
    give(&mut lane, &mold(SESSION, 1, &bids(1..2)), 1);
    give(&mut lane, &mold(SESSION, u64::MAX, &bids(2..3)), 2);
    assert_eq!(common::refused(&lane, "mold_sequence_overflow"), 1);
    assert_eq!(missing(&lane), []);
    give(&mut lane, &mold(SESSION, 0, &bids(1..2)), 3);
    assert_eq!(common::refused(&lane, "sequence_zero"), 1);
    give(&mut lane, &mold(SESSION, u64::MAX - 1, &bids(2..3)), 4);
    assert_eq!(missing(&lane), [(2, u64::MAX - 1)]);
    give(&mut lane, &mold(SESSION, 2, &bids(2..3)), 5);
    assert_eq!(lane.publisher.counts.copies, 1);
}

#[test]
fn more_gaps_than_can_be_tracked_are_all_declared() {
    let mut lane = common::lane();
    for n in 1..=1_100u64 {
        give(&mut lane, &heartbeat(SESSION, 1 + 2 * n), n);
    }
    assert_eq!(missing(&lane).len(), 1_100);
    let ids: Vec<u32> = lane.publisher.outlet.opened.iter().map(|gap| gap.id).collect();
    assert_eq!(ids, (1..=1_100).collect::<Vec<_>>());
}

#[test]
fn every_gap_that_begins_has_an_end() {
    let mut lane = common::lane();
    for n in 1..=1_100u64 {
        give(&mut lane, &heartbeat(SESSION, 1 + 2 * n), n);
    }
    // The table holds 1,024: the oldest 76 were given up to make room.
    let how = |lane: &Lane<Collect>| -> Vec<(u32, u8)> {
        lane.publisher.outlet.of::<GapEnd>().iter().map(|gap| (gap.gap_id, gap.how)).collect()
    };
    let abandoned: Vec<_> = (1..=76).map(|id| (id, GapHow::Abandoned as u8)).collect();
    assert_eq!(how(&lane), abandoned);
    give(&mut lane, &heartbeat(b"0000000002", 1), 2_000);
    let rolled = (77..=1_100).map(|id| (id, GapHow::SessionRoll as u8));
    assert_eq!(how(&lane), abandoned.into_iter().chain(rolled).collect::<Vec<_>>());
    assert_eq!(lane.publisher.outlet.closed.len(), 1_100);
}
