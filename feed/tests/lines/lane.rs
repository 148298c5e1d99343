//! Lines through a lane: what it says of them, what waits, and what ends a wait.

use feed::lane::{Lane, LaneConfig};
use feed::line::{LineState, REASON_DATA, REASON_SILENCE};
use feed::net::Polled;
use wire::codes::{ConnectionState, SessionEvent};
use wire::payload::{Connection, GapBegin, Heartbeat, OrderAdd, Session};
use wire::record::first_difference;
use wire::{Kind, Path, Record};

use crate::common::collect::{Collect, kinds};
use crate::common::files::{GROUP, PORT, ipv4, pcap, play, udp_to};
use crate::common::packets::{Memory, SESSION, end_of_session, give, give_line, heartbeat, mold};
use crate::common::{self, Sizes, itch};

pub const HOLD: u64 = 1_000;
pub const TIMEOUT: u64 = 2_000_000_000;

pub fn config() -> LaneConfig {
    LaneConfig { lines: 2, hold_ns: HOLD, line_timeout_ns: TIMEOUT, ..common::config() }
}

fn lane() -> Lane<Collect> {
    common::lane_with(config(), Sizes::default())
}

/// Bids of one share: message `n` has reference `n`.
pub fn bids(numbers: std::ops::Range<u64>) -> Vec<Vec<u8>> {
    numbers.map(|n| itch::bid(n, n, 1, 10_000 - n as u32)).collect()
}

/// A lane whose two lines have brought message 1.
fn begun() -> Lane<Collect> {
    let mut lane = lane();
    give_line(&mut lane, &mold(SESSION, 1, &bids(1..2)), 1, 1);
    give_line(&mut lane, &mold(SESSION, 1, &bids(1..2)), 2, 2);
    lane.publisher.outlet.take();
    lane
}

fn added(records: &[Record]) -> Vec<(u64, u8, u64)> {
    let adds = records.iter().filter_map(|r| Some((r, r.get::<OrderAdd>()?)));
    adds.map(|(r, m)| (m.order_id, r.origin.line(), r.ts_receive)).collect()
}

fn connections(lane: &Lane<Collect>) -> Vec<Connection> {
    lane.publisher.outlet.private.iter().filter_map(Record::get).collect()
}

#[test]
fn what_waited_keeps_its_line_and_its_stamp() {
    let mut lane = begun();
    give_line(&mut lane, &mold(SESSION, 4, &bids(4..6)), 1, 10);
    assert_eq!(lane.publisher.outlet.records, []);
    give_line(&mut lane, &mold(SESSION, 2, &bids(2..5)), 2, 300);
    let said = lane.publisher.outlet.take();
    assert_eq!(added(&said), [(2, 2, 300), (3, 2, 300), (4, 1, 10), (5, 1, 10)]);
    assert!(said.iter().all(|r| r.origin.path() == Path::Live));
    assert_eq!(lane.gaps.declared(), 0);
    let steps: Vec<u64> = said.iter().map(|r| r.sequence).collect();
    assert!(steps.is_sorted(), "{steps:?}");
}

#[test]
fn a_poll_ends_a_hold_whose_time_is_over_though_it_finds_nothing() {
    let mut lane = begun();
    // The last message is lost on both lines; a heartbeat of one shows it.
    give_line(&mut lane, &heartbeat(SESSION, 3), 1, 10);
    lane.end_poll(true, 10 + HOLD - 1);
    assert_eq!(lane.publisher.outlet.records, []);
    lane.end_poll(true, 10 + HOLD);
    let said = lane.publisher.outlet.take();
    assert_eq!(kinds(&said), [Kind::GapBegin]);
    let gap: GapBegin = said[0].get().expect("a gap");
    assert_eq!((gap.first, gap.end, gap.lines), (2, 3, 0b11));
    assert_eq!((said[0].ts_receive, lane.gaps.open()[0].declared_ns), (10 + HOLD, 10 + HOLD));
}

#[test]
fn the_end_of_a_session_waits_for_what_is_held_before_it() {
    let mut lane = begun();
    give_line(&mut lane, &mold(SESSION, 3, &bids(3..4)), 1, 10);
    give_line(&mut lane, &end_of_session(SESSION, 4), 1, 20);
    give_line(&mut lane, &end_of_session(SESSION, 4), 1, 30);
    assert_eq!(lane.publisher.outlet.records, []);
    give_line(&mut lane, &mold(SESSION, 2, &bids(2..4)), 2, 40);
    let said = lane.publisher.outlet.take();
    assert_eq!(added(&said), [(2, 2, 40), (3, 1, 10)]);
    let end: Session = said.last().and_then(Record::get).expect("the end");
    assert_eq!((end.event, end.first_sequence), (SessionEvent::End as u8, 4));
    // It is said once, whoever repeats it.
    give_line(&mut lane, &end_of_session(SESSION, 4), 2, 50);
    assert_eq!(lane.publisher.outlet.records, []);
    assert_eq!(lane.publisher.counts.session_ends, 3);
}

#[test]
fn another_session_ends_every_hold() {
    let mut lane = begun();
    give_line(&mut lane, &mold(SESSION, 3, &bids(3..4)), 1, 10);
    give_line(&mut lane, &mold(b"0000000002", 1, &bids(7..8)), 1, 20);
    let said = lane.publisher.outlet.take();
    let order: Vec<Kind> = kinds(&said);
    let wanted = [Kind::GapBegin, Kind::OrderAdd, Kind::GapEnd, Kind::Session];
    let found: Vec<Kind> = order.into_iter().filter(|kind| wanted.contains(kind)).collect();
    assert_eq!(found, [wanted.as_slice(), &[Kind::OrderAdd]].concat());
    assert_eq!(added(&said), [(3, 1, 10), (7, 1, 20)]);
    // The old session on the other line is refused; its numbers mean nothing here.
    give_line(&mut lane, &mold(SESSION, 2, &bids(2..3)), 2, 30);
    assert_eq!(common::refusals(&lane), [("old_session", 1)]);
}

#[test]
fn lines_go_up_and_down_and_say_so_to_the_seats_without_a_step() {
    let mut lane = lane();
    lane.end_poll(true, 1);
    give_line(&mut lane, &mold(SESSION, 1, &bids(1..2)), 1, 100);
    give_line(&mut lane, &heartbeat(SESSION, 2), 2, 200);
    let steps = lane.publisher.step();
    let up = ConnectionState::Up as u8;
    let said: Vec<_> = connections(&lane).iter().map(|c| (c.line, c.state, c.since_ns)).collect();
    assert_eq!(said, [(1, up, 100), (2, up, 200)]);
    assert_eq!(connections(&lane)[0].reason, REASON_DATA);
    // B falls silent; A goes on with heartbeats.
    for now in (1..=5).map(|n| n * 500_000_000) {
        give_line(&mut lane, &heartbeat(SESSION, 2), 1, now);
        lane.end_poll(true, now + 1);
    }
    let down = connections(&lane)[2];
    assert_eq!((down.line, down.state), (2, ConnectionState::Down as u8));
    assert_eq!((down.since_ns, down.reason, down.reconnects), (200, REASON_SILENCE, 1));
    assert_eq!(connections(&lane).len(), 3);
    assert_eq!(lane.line_state(2), LineState::Down);
    let beats: Vec<Heartbeat> =
        lane.publisher.outlet.private.iter().filter_map(Record::get).collect();
    let lines: Vec<u8> = beats.iter().map(|beat| beat.lines_up).collect();
    assert_eq!((lines[0], lines[lines.len() - 1]), (2, 1), "{lines:?}");
    assert_eq!(lane.publisher.step(), steps, "a line's state is no step");
    // With one line left a hole is a gap at once.
    let now = 2_600_000_000;
    give_line(&mut lane, &mold(SESSION, 4, &bids(4..5)), 1, now);
    let gaps = lane.publisher.outlet.of::<GapBegin>();
    assert_eq!(gaps.iter().map(|g| (g.first, g.end, g.lines)).collect::<Vec<_>>(), [(2, 4, 1)]);
    // B comes back, with numbers that are old: copies, and what it brings late is not taken.
    give_line(&mut lane, &mold(SESSION, 1, &bids(1..4)), 2, now + 10);
    assert_eq!(connections(&lane).len(), 4);
    lane.flush_images();
    let b = lane.publisher.counts.lines[1];
    assert_eq!((b.won, b.copied, b.late, b.up, b.downs), (0, 1, 2, 1, 1));
}

#[test]
fn one_line_that_stops_makes_no_pause_in_the_output() {
    let mut lane = begun();
    let mut now = 1_000_000_000;
    // A alone, without holes, for a second: each message is out in its own poll.
    for n in 2..1_002 {
        now += 1_000_000;
        give_line(&mut lane, &mold(SESSION, n, &bids(n..n + 1)), 1, now);
        assert_eq!(added(&lane.publisher.outlet.take()), [(n, 1, now)]);
    }
    assert_eq!(lane.publisher.counts.lines[1].won, 0);
    assert_eq!(lane.gaps.declared(), 0);
}

#[test]
fn divergence_is_counted_named_and_never_both() {
    let mut lane = begun();
    give_line(&mut lane, &mold(SESSION, 2, &[itch::bid(5, 2, 100, 77)]), 1, 10);
    give_line(&mut lane, &mold(SESSION, 2, &[itch::bid(5, 2, 900, 77)]), 2, 20);
    assert_eq!(common::refusals(&lane), [("line_divergence", 1)]);
    assert_eq!(lane.publisher.outlet.refused, [("line_divergence", 20)]);
    let adds = lane.publisher.outlet.of::<OrderAdd>();
    assert_eq!(adds.iter().map(|m| m.quantity).collect::<Vec<_>>(), [100]);
    lane.flush_images();
    let diverged = lane.publisher.counts.lines.map(|line| line.diverged);
    assert_eq!((diverged[0], diverged[1]), (0, 1));
}

#[test]
fn with_one_line_nothing_is_held_whatever_the_configuration_says() {
    let config = LaneConfig { lines: 1, hold_ns: 1 << 40, ..config() };
    let mut lane = common::lane_with(config, Sizes::default());
    give(&mut lane, &mold(SESSION, 3, &bids(3..4)), 10);
    assert_eq!(added(&lane.publisher.outlet.take()), [(3, 1, 10)]);
    assert_eq!(lane.gaps.missing(), 2);
}

#[test]
fn the_end_of_a_source_ends_every_hold() {
    let mut lane = begun();
    let mut memory = Memory::default();
    memory.push(&mold(SESSION, 3, &bids(3..4)), 10, 1);
    assert_eq!(lane.poll(&mut memory, 10).expect("memory"), Polled::Packets(1));
    assert_eq!(lane.publisher.outlet.records, []);
    assert_eq!(lane.poll(&mut memory, 11).expect("memory"), Polled::End);
    assert_eq!(added(&lane.publisher.outlet.take()), [(3, 1, 10)]);
    assert_eq!(lane.gaps.missing(), 1);
}

#[test]
fn a_lane_that_is_ended_holds_nothing_back() {
    let mut lane = begun();
    give_line(&mut lane, &mold(SESSION, 3, &bids(3..4)), 1, 10);
    lane.finish(&Memory::default(), 11);
    assert_eq!(added(&lane.publisher.outlet.take()), [(3, 1, 10)]);
    assert_eq!(lane.publisher.counts.gaps_declared, 1);
    assert_eq!(lane.publisher.counts.lines[0].won, 2);
}

/// A capture of both groups: (line, time, datagram).
fn captured(folder: &std::path::Path, packets: &[(u8, u64, Vec<u8>)]) -> std::path::PathBuf {
    let frame = |(line, at, datagram): &(u8, u64, Vec<u8>)| {
        let ip = ipv4(&udp_to(PORT + u16::from(*line) - 1, datagram), &[]);
        (*at, ip)
    };
    let file = pcap(false, true, 101, &packets.iter().map(frame).collect::<Vec<_>>());
    let path = folder.join("both.pcap");
    std::fs::write(&path, file).expect("written");
    path
}

fn played(groups: bool, packets: &[(u8, u64, Vec<u8>)]) -> Lane<Collect> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = captured(folder.path(), packets);
    let group = u32::from_be_bytes(GROUP);
    let groups = if groups { vec![(group, PORT), (group, PORT + 1)] } else { Vec::new() };
    let lines = groups.len() as u8;
    let mut lane = common::lane_with(LaneConfig { groups, lines, ..config() }, Sizes::default());
    play(&mut lane, &[&path]).expect("played");
    lane
}

#[test]
fn a_capture_of_two_groups_is_one_stream_by_its_own_clock() {
    let at = |n: u64| 1_580_400_000_000_000_000 + 10_000 * n;
    let packet = |n: u64| mold(SESSION, n, &bids(n..n + 1));
    // A lacks every third, B every fifth and comes 500 ns later; 15 is on neither.
    let mut packets = Vec::new();
    for n in (1..=30).filter(|n| *n != 15) {
        if n % 3 != 0 {
            packets.push((1, at(n), packet(n)));
        }
        if n % 5 != 0 || n % 3 == 0 {
            packets.push((2, at(n) + 500, packet(n)));
        }
    }
    // The last is shown only by a heartbeat, behind which nothing comes.
    packets.push((1, at(31), heartbeat(SESSION, 32)));
    for groups in [true, false] {
        let lane = played(groups, &packets);
        let gaps = lane.publisher.outlet.of::<GapBegin>();
        let ranges: Vec<_> = gaps.iter().map(|gap| (gap.first, gap.end)).collect();
        assert_eq!(ranges, [(15, 16), (31, 32)]);
        let numbers: Vec<u64> =
            added(&lane.publisher.outlet.records).iter().map(|(n, ..)| *n).collect();
        assert_eq!(numbers, (1..=30).filter(|n| *n != 15).collect::<Vec<_>>());
        assert!(lane.publisher.outlet.intervals.len() > 10, "skews and holds");
    }
    // Each line whole: the records are those of one line alone.
    let line = |line| (1..=30).map(move |n| (line, at(n) + 500 * u64::from(line), packet(n)));
    let mut both: Vec<_> = line(1).chain(line(2)).collect();
    both.sort_by_key(|&(_, at, _)| at);
    let (both, alone) = (played(true, &both), played(false, &line(1).collect::<Vec<_>>()));
    let said = &both.publisher.outlet.records;
    assert_eq!(first_difference(said, &alone.publisher.outlet.records), None);
    assert_eq!(both.publisher.counts.copies, 30);
}
