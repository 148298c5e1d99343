//! MoldUDP64 packets byte by byte, and a source that hands them out.

use feed::error::FeedError;
use feed::lane::Lane;
use feed::net::{Layer, Packet, Polled, Source};
use feed::publish::Outlet;
use wire::StampBy;

/// Name of the usual session.
pub const SESSION: &[u8; 10] = b"0000000001";

/// A packet of these messages: session at 0, number of the first at 10, count at 18, then blocks.
pub fn mold(session: &[u8; 10], first: u64, messages: &[Vec<u8>]) -> Vec<u8> {
    let mut packet = header(session, first, messages.len() as u16);
    for message in messages {
        packet.extend_from_slice(&(message.len() as u16).to_be_bytes());
        packet.extend_from_slice(message);
    }
    packet
}

/// The 20 bytes that a packet begins with; alone they are a heartbeat (0) or an end (65535).
pub fn header(session: &[u8; 10], next: u64, count: u16) -> Vec<u8> {
    let mut packet = session.to_vec();
    packet.extend_from_slice(&next.to_be_bytes());
    packet.extend_from_slice(&count.to_be_bytes());
    packet
}

/// Nothing happened; `next` comes next.
pub fn heartbeat(session: &[u8; 10], next: u64) -> Vec<u8> {
    header(session, next, 0)
}

/// The session is over; `next` would have come next.
pub fn end_of_session(session: &[u8; 10], next: u64) -> Vec<u8> {
    header(session, next, 0xFFFF)
}

/// Gives a datagram to a lane, as line A, and ends the poll.
pub fn give<O: Outlet>(lane: &mut Lane<O>, bytes: &[u8], now: u64) {
    give_line(lane, bytes, 1, now);
}

/// The same on a line.
pub fn give_line<O: Outlet>(lane: &mut Lane<O>, bytes: &[u8], line: u8, now: u64) {
    let packet = Packet { bytes, layer: Layer::Udp, ts_receive: now, stamp: StampBy::Kernel, line };
    lane.packet(&packet, now);
    lane.end_poll(false, now);
}

/// Gives messages of the usual session, each in a packet of its own, from number `first` on.
/// Message `n` is received at `first + n` ns.
pub fn give_messages<O: Outlet>(lane: &mut Lane<O>, first: u64, messages: &[Vec<u8>]) {
    for (number, message) in (first..).zip(messages) {
        give(lane, &mold(SESSION, number, std::slice::from_ref(message)), number);
    }
}

/// Datagrams in memory, all in one block, so that handing them out touches no allocator.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    bytes: Vec<u8>,
    /// Where each begins and ends, when it comes, on which line.
    places: Vec<(usize, usize, u64, u8)>,
    next: usize,
}

impl Memory {
    /// Appends a datagram.
    pub fn push(&mut self, datagram: &[u8], ts_receive: u64, line: u8) {
        let begin = self.bytes.len();
        self.bytes.extend_from_slice(datagram);
        self.places.push((begin, self.bytes.len(), ts_receive, line));
    }

    /// How many datagrams have not been handed out.
    pub fn left(&self) -> usize {
        self.places.len() - self.next
    }

    /// Hands all of them out again.
    pub fn rewind(&mut self) {
        self.next = 0;
    }
}

impl Source for Memory {
    fn poll(
        &mut self,
        _now: u64,
        budget: usize,
        sink: &mut impl FnMut(Packet<'_>),
    ) -> Result<Polled, FeedError> {
        let end = self.places.len().min(self.next + budget);
        let handed = end - self.next;
        for &(begin, end, ts_receive, line) in &self.places[self.next..end] {
            let bytes = &self.bytes[begin..end];
            sink(Packet { bytes, layer: Layer::Udp, ts_receive, stamp: StampBy::Kernel, line });
        }
        self.next = end;
        Ok(if handed == 0 { Polled::End } else { Polled::Packets(handed) })
    }
}
