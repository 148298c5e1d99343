//! Independent loss on two lines: how much of it is left to recover, and what becomes of that.
//!
//! A lane without seats, packets of one message each, and a server that answers every request, so
//! that ten million packets take seconds. What is lost on both lines is drawn, and so known: the
//! lane has to declare exactly that, and to have recovered all of it at the end.

use book::L3Limits;
use feed::lane::{Lane, LaneConfig};
use feed::net::{Layer, Packet};
use feed::publish::outlet::{Books, NoOutlet};
use feed::recover::RepairSpec;
use feed::recover::mail::{Fill, PACKET_MAX, RecoveryEnd, Want, mail};
use feed::venue::nasdaq::day::{Day, Eastern};
use feed::venue::nasdaq::{Limits, Nasdaq};
use protocol::frame::Checksums;
use wire::{Nature, StampBy};

use crate::itch::{self, Head};
use crate::random::Random;
use crate::scenario::{DATE, MIDNIGHT_NS, START_NS};

/// Orders that rest at a time.
const RESTING: u64 = 64;
/// Numbers between two polls that find nothing.
const POLL: u64 = 8;
const SESSION: &[u8; 10] = b"SIM0000001";

/// What a measurement came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loss {
    /// Packets sent on each line.
    pub packets: u64,
    /// Lost on line A, on line B.
    pub lost: [u64; 2],
    /// Lost on both.
    pub both: u64,
    /// Messages that the lane published from a line in order.
    pub live: u64,
    /// Messages that it declared missing.
    pub declared: u64,
    /// Messages that it got from the server.
    pub recovered: u64,
    /// Gaps that are open at the end.
    pub open: u64,
    /// Whether the book is called live at the end, and is the right one.
    pub live_and_true: bool,
}

impl Loss {
    /// Share of the packets that was left to recover.
    pub fn left(&self) -> f64 {
        self.declared as f64 / self.packets.max(1) as f64
    }
}

fn lane() -> (Lane<NoOutlet>, RecoveryEnd) {
    let limits = Limits { instruments: 2, orders: 1 << 12 };
    let books = L3Limits { reference_max: 1 << 25, ..L3Limits::new(3, limits.orders) };
    let books = Books::new(books).unwrap_or_else(|error| panic!("books: {error}"));
    let config = LaneConfig {
        nature: Nature::Simulated,
        checksums: Checksums::Verify,
        groups: Vec::new(),
        day: Some(Day { date: DATE, midnight_ns: MIDNIGHT_NS }),
        lines: 2,
        hold_ns: 1_000_000,
        line_timeout_ns: 2_000_000_000,
        divergence_sample: 0,
    };
    let eastern = Eastern::new().unwrap_or_else(|error| panic!("time zone: {error}"));
    let (end, other) = mail();
    let lane = Lane::new(config, eastern, Nasdaq::with_books(limits, books), NoOutlet);
    (
        lane.with_recovery(Some(end), RepairSpec { messages: 1 << 12, ..RepairSpec::default() }),
        other,
    )
}

/// Message `number`: the listing; then order k is message 2k, and gone in message
/// 2(k + `RESTING`) + 1.
fn message(number: u64) -> Vec<u8> {
    let head = Head { locate: 1, time: 34_200_000_000_000 + number };
    let order = number / 2;
    match (number, number % 2) {
        (1, _) => itch::directory(head, 0),
        (_, 0) => itch::add(head, (0, true), (order, 100, 1_000_000 - (order % 32) as u32), false),
        _ if order > RESTING => itch::delete(head, order - RESTING),
        _ => itch::trade(head, 0, (1, 1_000_000, number)),
    }
}

fn packet(number: u64) -> Vec<u8> {
    let bytes = message(number);
    itch::mold(SESSION, number, [&*bytes].into_iter())
}

/// Answers what the lane wants, at once and rightly.
fn answer(end: &mut RecoveryEnd, now: u64) {
    while let Ok(want) = end.wants.pop() {
        let Want::Range { first, end: behind, .. } = want else { continue };
        for number in first..behind {
            let datagram = packet(number);
            let mut bytes = [0; PACKET_MAX];
            bytes[..datagram.len()].copy_from_slice(&datagram);
            let fill = Fill { ts_receive: now, len: datagram.len() as u16, bytes };
            if end.fills.push(fill).is_err() {
                panic!("the lane does not take what it wants");
            }
        }
    }
}

/// Sends so many packets on each of two lines that lose `share` of them, independently.
pub fn measure(seed: u64, packets: u64, share: f64) -> Loss {
    let (mut lane, mut end) = lane();
    let mut draws = [Random::new(seed, 31), Random::new(seed, 32)];
    let mut loss = Loss { packets, ..Loss::default() };
    let mut now = START_NS;
    for number in 1..=packets {
        now += 1_000;
        let bytes = packet(number);
        // The last is on both, so that what is before it is known to be missing.
        let certain = number == 1 || number == packets;
        let lost = draws.each_mut().map(|draw| draw.chance(share) && !certain);
        for (line, lost) in (1..).zip(lost) {
            loss.lost[usize::from(line) - 1] += u64::from(lost);
            if !lost {
                let (layer, stamp) = (Layer::Udp, StampBy::Kernel);
                lane.packet(&Packet { bytes: &bytes, layer, ts_receive: now, stamp, line }, now);
            }
        }
        loss.both += u64::from(lost == [true, true]);
        if number.is_multiple_of(POLL) {
            lane.end_poll(true, now);
            answer(&mut end, now);
        }
    }
    for _ in 0..10_000 {
        now += 1_000_000;
        lane.end_poll(true, now);
        answer(&mut end, now);
    }
    lane.flush_images();
    loss.live = lane.publisher.counts.lines.iter().map(|line| line.won).sum();
    loss.declared = lane.gaps.missing();
    loss.recovered = lane.repaired().filled;
    loss.open = lane.gaps.open().len() as u64;
    loss.live_and_true = is_true(&lane, packets);
    loss
}

fn is_true(lane: &Lane<NoOutlet>, packets: u64) -> bool {
    let rests = |order: &u64| 2 * (order + RESTING) + 1 > packets;
    let live = lane.venue.book_state(1, &lane.gaps) == wire::BookState::Live;
    let ours = lane.venue.books.orders(1, wire::Side::Bid).map(|order| order.reference);
    let mut ours: Vec<u64> = ours.collect();
    ours.sort_unstable();
    let first = packets.saturating_sub(4 * RESTING) / 2;
    live && ours.into_iter().eq((first.max(1)..=packets / 2).filter(rests))
}
