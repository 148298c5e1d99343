//! From a packet to the arbiter: link layer, IP, UDP, MoldUDP64, line, session.

use protocol::frame::moldudp64::{HEADER_LEN, MoldKind, MoldPacket};
use protocol::frame::udp;
use protocol::venue::nasdaq::Blocks;
use wire::{Origin, Path, StampBy};

use super::output::Received;
use super::{Group, Lane};
use crate::counts::{Counts, LaneReject};
use crate::line::Arrival;
use crate::net::{Layer, Packet};
use crate::publish::outlet::Outlet;

impl<O: Outlet> Lane<O> {
    /// Takes one packet.
    #[inline]
    pub fn packet(&mut self, packet: &Packet<'_>, now: u64) {
        let now = if packet.stamp == StampBy::Recording {
            self.recorded_clock(packet.ts_receive)
        } else {
            now
        };
        let counts = &mut self.publisher.counts;
        counts.packets += 1;
        counts.bytes += packet.bytes.len() as u64;
        match packet.layer {
            Layer::Udp => self.datagram(packet.bytes, packet.line, packet, now),
            Layer::Link(link) => match udp(link, packet.bytes, self.config.checksums) {
                Ok(datagram) => {
                    let group = (datagram.destination, datagram.destination_port);
                    match self.line_of(group) {
                        Some(line) => self.datagram(datagram.payload, line, packet, now),
                        None => {
                            self.refuse(LaneReject::OtherGroup.name(), packet.ts_receive, |c| {
                                c.lane(LaneReject::OtherGroup);
                            })
                        }
                    }
                }
                Err(reject) => {
                    self.refuse(reject.name(), packet.ts_receive, |c| c.frame(reject));
                }
            },
        }
    }

    /// The clock of a recording is its packets' stamps.
    #[inline]
    fn recorded_clock(&mut self, now: u64) -> u64 {
        if self.recorded_now.replace(now).is_none() {
            self.arbiter.restart_clock(now);
        }
        now
    }

    /// Line of a destination: its place among the configured ones, else in order of appearance.
    #[inline]
    fn line_of(&mut self, group: Group) -> Option<u8> {
        if let Some(at) = self.seen_groups.iter().position(|&seen| seen == group) {
            return Some(at as u8 + 1);
        }
        if !self.config.groups.is_empty() {
            return None;
        }
        if self.seen_groups.len() < self.seen_groups.capacity() {
            self.seen_groups.push(group);
            return Some(self.seen_groups.len() as u8);
        }
        Some(0)
    }

    #[cold]
    pub(super) fn refuse(&mut self, name: &'static str, at: u64, count: impl FnOnce(&mut Counts)) {
        count(&mut self.publisher.counts);
        self.publisher.outlet.refused(name, at);
    }

    #[inline]
    fn datagram(&mut self, bytes: &[u8], line: u8, packet: &Packet<'_>, now: u64) {
        expect(bytes);
        self.arbiter.brings(line, packet.bytes.len(), packet.ts_receive);
        let mold = match MoldPacket::parse(bytes) {
            Ok(mold) => mold,
            Err(reject) => {
                return self.refuse(reject.name(), packet.ts_receive, |c| c.mold(reject));
            }
        };
        if mold.sequence == 0 && mold.count() > 0 {
            return self.refuse(LaneReject::SequenceZero.name(), packet.ts_receive, |c| {
                c.lane(LaneReject::SequenceZero);
            });
        }
        if !self.enter_session(&mold, packet, now) {
            return;
        }
        let (ts_receive, stamp) = (packet.ts_receive, packet.stamp);
        let (first, count) = (mold.sequence, mold.count());
        let arrival = Arrival { first, count, line, ts_receive, stamp, now };
        let (arbiter, mut output) = self.split();
        arbiter.hears(line, now, &mut output);
        if arbiter.in_order(&arrival, bytes) {
            if count != 0 {
                let origin = Origin::new(line, Path::Live, stamp);
                let blocks = Blocks::new(bytes.get(HEADER_LEN..).unwrap_or_default());
                output.messages(blocks, count, &Received { first, origin, ts_receive });
            }
        } else {
            let new = arbiter.arrive(&arrival, bytes, &mut output);
            self.publisher.counts.copies += u64::from(count).saturating_sub(new);
            self.end_session_if_due(ts_receive);
        }
        match mold.kind {
            MoldKind::Data(_) => {}
            MoldKind::Heartbeat => self.publisher.counts.heartbeats += 1,
            MoldKind::EndOfSession => self.end_session(first, ts_receive),
        }
    }
}

/// Most lines of a packet that are asked for: those of a full Ethernet frame.
const LINES_EXPECTED: usize = 24;
/// Bytes of a cache line.
const LINE: usize = 64;

/// Asks for all of a packet at once. Walking it goes from length to length, so it would wait for one
/// line after the other.
#[inline(always)]
fn expect(bytes: &[u8]) {
    for line in bytes.chunks(LINE).take(LINES_EXPECTED) {
        line.first().into_iter().for_each(simd::prefetch_read);
    }
}
