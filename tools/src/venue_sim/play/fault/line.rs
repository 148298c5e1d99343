//! A line with its faults: packets in, datagrams out, each with the time at which it is sent.
//!
//! Sans-I/O and without a clock. What happens to a packet depends on the faults, the seed, the
//! packets before it and the planned times, never on when anything was really sent; so the same
//! seed damages the same packets in every run, and what the line did not carry is known exactly.
//! A packet that is lost still takes its turn in the queue, because the venue did send it: its
//! heartbeats, which tell receivers of a loss at the end, count it.

use std::sync::Arc;

use protocol::frame::moldudp64::HEADER_LEN;
use protocol::venue::nasdaq::file::{Frame, LENGTH_LEN, next};
use serde::Serialize;

use super::super::packets::Packet;
use super::super::ranges::Ranges;
use super::{Faults, Loss};
use crate::venue_sim::random::Random;

/// Longest time that a packet is held back to be overtaken, ns; then it goes out in its turn.
pub const REORDER_HOLD_NS: u64 = 500_000;

/// What becomes of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// These bytes are sent.
    Sent(Arc<[u8]>),
    /// The venue sent it and nobody receives it.
    Lost,
}

/// A packet in the queue of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// When it is sent, ns since the first message was due.
    pub at: u64,
    /// The number after its last message.
    pub end: u64,
    /// How many messages it carries.
    pub count: u16,
    /// What becomes of it.
    pub fate: Fate,
}

/// What was done to a line's packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LineCounts {
    /// Packets of the venue.
    pub packets: u64,
    /// Those lost by `drop` and `burst`.
    pub dropped: u64,
    /// Those lost because the line was silent.
    pub stopped: u64,
    /// Those sent twice.
    pub duplicated: u64,
    /// Those that another one overtook.
    pub reordered: u64,
    /// Those with another byte.
    pub corrupted: u64,
}

/// A packet that waits to be overtaken.
#[derive(Debug)]
struct Held {
    datagram: Datagram,
    /// How many packets are still to go before it.
    left: u64,
    /// When it goes at the latest.
    latest: u64,
    overtaken: bool,
}

/// One seeded sequence for each thing that is drawn.
#[derive(Debug)]
struct Draws {
    drop: Random,
    burst: Random,
    duplicate: Random,
    reorder: Random,
    corrupt: Random,
    jitter: Random,
}

/// A line.
#[derive(Debug)]
pub struct Faulty {
    faults: Faults,
    draws: Draws,
    /// Packets that the burst has still to take.
    burst_left: u64,
    held: Vec<Held>,
    last_at: u64,
    counts: LineCounts,
    missing: Ranges,
    corrupted: Ranges,
}

impl Faulty {
    /// A line with these faults.
    #[must_use]
    pub fn new(faults: Faults, seed: u64) -> Self {
        let mut seeds = Random::new(seed);
        let mut draw = || Random::new(seeds.bits());
        let draws = Draws {
            drop: draw(),
            burst: draw(),
            duplicate: draw(),
            reorder: draw(),
            corrupt: draw(),
            jitter: draw(),
        };
        Self {
            faults,
            draws,
            burst_left: 0,
            held: Vec::new(),
            last_at: 0,
            counts: LineCounts::default(),
            missing: Ranges::default(),
            corrupted: Ranges::default(),
        }
    }

    /// What was done so far.
    #[must_use]
    pub const fn counts(&self) -> LineCounts {
        self.counts
    }

    /// The message numbers that the line did not carry.
    #[must_use]
    pub const fn missing(&self) -> &Ranges {
        &self.missing
    }

    /// The numbers of messages that have another byte on this line.
    #[must_use]
    pub const fn corrupted(&self) -> &Ranges {
        &self.corrupted
    }

    /// Whether the line is silent at this time, ns since the first message was due.
    #[must_use]
    pub fn is_silent(&self, at: u64) -> bool {
        self.faults.stops.iter().any(|(from, end)| (*from..*end).contains(&at))
    }

    /// Numbers that the recording lacks: no line carries them.
    pub fn skip(&mut self, first: u64, end: u64) {
        self.missing.add(first, end);
    }

    /// Takes the next packet of the venue, due at this time, and gives what goes out.
    pub fn packet(&mut self, packet: &Packet, due: u64, out: &mut impl Extend<Datagram>) {
        self.counts.packets += 1;
        let number = self.counts.packets;
        let corrupt = self.draws.corrupt.bits();
        let corrupt_where = self.draws.corrupt.bits();
        let duplicate = self.faults.duplicate.hits(self.draws.duplicate.bits());
        let reorder = self.faults.reorder.chance.hits(self.draws.reorder.bits());
        let behind = self.draws.reorder.below(self.faults.reorder.depth) + 1;
        let jitter = self.draws.jitter.below(self.faults.jitter_ns.saturating_add(1));
        let dropped = self.is_dropped(packet, number);
        let stopped = self.is_silent(due);

        let late = self.faults.delay_ns.saturating_add(jitter);
        let at = due.saturating_add(late).max(self.last_at);
        self.release(at, out);
        let (end, count) = (packet.end(), packet.count);
        if stopped || dropped {
            let counter = if stopped { &mut self.counts.stopped } else { &mut self.counts.dropped };
            *counter += 1;
            self.missing.add(packet.first, end);
            self.emit(Datagram { at, end, count, fate: Fate::Lost }, out);
            return;
        }
        let mut bytes = Arc::clone(&packet.bytes);
        if self.faults.corrupt.hits(corrupt) {
            bytes = self.corrupt(packet, corrupt_where);
        }
        let datagram = Datagram { at, end, count, fate: Fate::Sent(bytes) };
        if reorder {
            let latest = at.saturating_add(REORDER_HOLD_NS);
            self.held.push(Held { datagram, left: behind, latest, overtaken: false });
            return;
        }
        if duplicate {
            self.counts.duplicated += 1;
            self.emit(datagram.clone(), out);
        }
        self.emit(datagram, out);
        self.overtake(out);
    }

    /// Lets go what was held back until this time.
    pub fn release(&mut self, at: u64, out: &mut impl Extend<Datagram>) {
        let mut held = std::mem::take(&mut self.held);
        held.retain_mut(|held| {
            let keep = held.latest > at;
            if !keep {
                self.let_go(held, held.latest, out);
            }
            keep
        });
        self.held = held;
    }

    /// Lets go all that is held back: nothing follows.
    pub fn finish(&mut self, out: &mut impl Extend<Datagram>) {
        for mut held in std::mem::take(&mut self.held) {
            self.let_go(&mut held, 0, out);
        }
    }

    /// A packet went out: those that waited for it are one nearer.
    fn overtake(&mut self, out: &mut impl Extend<Datagram>) {
        let mut held = std::mem::take(&mut self.held);
        held.retain_mut(|held| {
            held.overtaken = true;
            held.left = held.left.saturating_sub(1);
            let keep = held.left > 0;
            if !keep {
                self.let_go(held, 0, out);
            }
            keep
        });
        self.held = held;
    }

    fn let_go(&mut self, held: &mut Held, at: u64, out: &mut impl Extend<Datagram>) {
        self.counts.reordered += u64::from(held.overtaken);
        let at = held.datagram.at.max(at);
        self.emit(Datagram { at, ..held.datagram.clone() }, out);
    }

    /// Puts a datagram at the end of the line's queue.
    fn emit(&mut self, mut datagram: Datagram, out: &mut impl Extend<Datagram>) {
        datagram.at = datagram.at.max(self.last_at);
        self.last_at = datagram.at;
        out.extend([datagram]);
    }

    fn is_dropped(&mut self, packet: &Packet, number: u64) -> bool {
        let burst = self.faults.burst;
        let begins = burst.chance.hits(self.draws.burst.bits());
        let length = self.draws.burst.below(burst.longest) + 1;
        if begins && self.burst_left == 0 {
            self.burst_left = length;
        }
        let mut dropped = self.burst_left > 0;
        self.burst_left = self.burst_left.saturating_sub(1);
        for loss in &self.faults.losses {
            dropped |= match loss {
                Loss::Every { period, first } => {
                    number >= *first && (number - first).is_multiple_of(*period)
                }
                Loss::Random(chance) => chance.hits(self.draws.drop.bits()),
                Loss::Sequences(ranges) => {
                    ranges.iter().any(|(a, b)| packet.first <= *b && *a < packet.end())
                }
                Loss::Packets(ranges) => ranges.iter().any(|(a, b)| (*a..=*b).contains(&number)),
            };
        }
        dropped
    }

    /// The packet with one byte of one message changed; a packet of empty messages as it is.
    fn corrupt(&mut self, packet: &Packet, draw: u64) -> Arc<[u8]> {
        let body = packet.bytes.len().saturating_sub(HEADER_LEN);
        let bodies = body.saturating_sub(LENGTH_LEN * usize::from(packet.count));
        if bodies == 0 {
            return Arc::clone(&packet.bytes);
        }
        let (mut wanted, mut offset) = (draw as usize % bodies, HEADER_LEN);
        let mut sequence = packet.first;
        let mut bytes = packet.bytes.to_vec();
        while let Frame::Message { bytes: message, consumed } =
            next(packet.bytes.get(offset..).unwrap_or_default(), true)
        {
            if wanted < message.len() {
                if let Some(byte) = bytes.get_mut(offset + LENGTH_LEN + wanted) {
                    // Never 0, so the byte is never what it was.
                    *byte ^= 1 << ((draw >> 61) & 7);
                }
                self.counts.corrupted += 1;
                self.corrupted.add(sequence, sequence + 1);
                break;
            }
            wanted -= message.len();
            offset += consumed;
            sequence += 1;
        }
        Arc::from(bytes)
    }
}

#[cfg(test)]
#[path = "line_tests.rs"]
mod tests;
