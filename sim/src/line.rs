//! A line from the venue to the lane: it packs messages in its own way, and its network is bad.

use std::rc::Rc;

use crate::itch;
use crate::market::{Market, Session};
use crate::random::Random;

/// Most messages of a packet that fit into a frame of 1,500 bytes, whatever they are.
pub const MESSAGES_MAX: u64 = 26;

/// What a line's network does, as drawn for a run.
#[derive(Clone, Debug)]
pub struct LineSpec {
    /// Messages that a packet has at most.
    pub most: u64,
    /// Probability that a packet is lost alone.
    pub loss: f64,
    /// Probability that a burst of losses begins, and its length at most.
    pub burst: (f64, u64),
    /// Probability that a packet comes twice.
    pub duplicate: f64,
    /// Probability that a packet is late by up to so many ns, while others are not.
    pub reorder: (f64, u64),
    /// Probability that a bit of a packet is flipped.
    pub corrupt: f64,
    /// Probability that a packet is cut off.
    pub truncate: f64,
    /// The way takes so long, ns.
    pub skew_ns: u64,
    /// And up to so much more, in order.
    pub jitter_ns: u64,
    /// When nothing comes: from, until, ns UTC.
    pub dead: Option<(u64, u64)>,
}

/// A packet on its way.
#[derive(Clone, Debug)]
pub struct Packet {
    /// Line: 1 A, 2 B.
    pub line: u8,
    /// Number of the session, from 0.
    pub session: usize,
    /// Number of its first message, or of the next one.
    pub first: u64,
    /// Messages; 0 heartbeat, 65,535 end of session.
    pub count: u16,
    /// UDP payload, or an IP packet where it is damaged.
    pub bytes: Rc<[u8]>,
    /// Its bytes are not those that were sent: an IP packet whose checksum is wrong, or cut.
    pub damaged: bool,
}

/// What became of packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineTotals {
    /// Packets sent.
    pub sent: u64,
    /// Packets lost.
    pub lost: u64,
    /// Copies.
    pub copies: u64,
    /// Packets damaged.
    pub damaged: u64,
}

/// One line.
#[derive(Debug)]
pub struct Line {
    /// Its number: 1 A, 2 B.
    pub number: u8,
    spec: LineSpec,
    random: Random,
    /// Session and message that come next.
    session: usize,
    next: usize,
    /// Size of the next packet.
    size: u64,
    /// Packets of the burst of losses that goes on.
    burst: u64,
    /// When the last packet that keeps its place arrives.
    arrives: u64,
    /// When the last packet was sent, ns UTC.
    pub sent_at: u64,
    /// What became of its packets.
    pub totals: LineTotals,
}

impl Line {
    /// A line of a run.
    pub fn new(number: u8, spec: LineSpec, seed: u64) -> Line {
        Line {
            number,
            spec,
            random: Random::new(seed, 10 + u64::from(number)),
            session: 0,
            next: 0,
            size: 1,
            burst: 0,
            arrives: 0,
            sent_at: 0,
            totals: LineTotals::default(),
        }
    }

    /// Sends what the market has said; `all`: also what does not fill a packet.
    pub fn send(
        &mut self,
        market: &Market,
        all: bool,
        now: u64,
        calm: bool,
        give: &mut impl FnMut(u64, Packet),
    ) {
        while let Some(session) = market.sessions.get(self.session) {
            let left = (session.messages.len() - self.next) as u64;
            let over = self.session + 1 < market.sessions.len();
            if left == 0 && over {
                self.session += 1;
                self.next = 0;
                continue;
            }
            if left == 0 || (left < self.size && !all && !over) {
                return;
            }
            self.packet(session, left.min(self.size), now, calm, give);
        }
    }

    /// Sends a packet of messages; numbers do not jump within one.
    fn packet(
        &mut self,
        session: &Session,
        count: u64,
        now: u64,
        calm: bool,
        give: &mut impl FnMut(u64, Packet),
    ) {
        let from = self.next;
        let mut to = from + count as usize;
        if let Some((jump, _)) = session.jump.filter(|&(jump, _)| from < jump) {
            to = to.min(jump);
        }
        let first = session.number(from);
        let messages = session.messages[from..to].iter().map(|message| &*message.bytes);
        let bytes = itch::mold(&session.name, first, messages);
        self.next = to;
        self.size = self.random.between(1, self.spec.most);
        self.transmit(first, (to - from) as u16, bytes, now, calm, give);
    }

    /// Sends 20 bytes without messages: a heartbeat, or the end of the session.
    pub fn beat(
        &mut self,
        market: &Market,
        end: bool,
        now: u64,
        calm: bool,
        give: &mut impl FnMut(u64, Packet),
    ) {
        let Some(session) = market.sessions.get(self.session) else { return };
        let next = session.number(self.next);
        let count = if end { 0xFFFF } else { 0 };
        let bytes = itch::mold_header(&session.name, next, count);
        self.transmit(next, count, bytes, now, calm, give);
    }

    /// Whether the line brings nothing at this time.
    pub fn is_dead(&self, now: u64) -> bool {
        self.spec.dead.is_some_and(|(from, until)| (from..until).contains(&now))
    }

    fn transmit(
        &mut self,
        first: u64,
        count: u16,
        bytes: Vec<u8>,
        now: u64,
        calm: bool,
        give: &mut impl FnMut(u64, Packet),
    ) {
        self.totals.sent += 1;
        self.sent_at = now;
        // The same number of draws whatever happens.
        let draws: [bool; 6] = [
            self.random.chance(self.spec.loss),
            self.random.chance(self.spec.burst.0),
            self.random.chance(self.spec.duplicate),
            self.random.chance(self.spec.reorder.0),
            self.random.chance(self.spec.corrupt),
            self.random.chance(self.spec.truncate),
        ];
        let length = self.random.between(1, self.spec.burst.1.max(1));
        let late = self.random.below(self.spec.reorder.1.max(1));
        let copy = self.random.below(self.spec.reorder.1.max(50_000));
        let place = self.random.bits();
        let way = self.spec.skew_ns + self.random.below(self.spec.jitter_ns.max(1));
        let [lost, burst, twice, moved, corrupt, cut] = draws.map(|drawn| drawn && !calm);
        if burst && self.burst == 0 {
            self.burst = length;
        }
        let in_burst = self.burst > 0 && !calm;
        self.burst = self.burst.saturating_sub(1);
        if lost || in_burst || self.is_dead(now) {
            self.totals.lost += 1;
            return;
        }
        self.arrives = self.arrives.max(now + way);
        let at = if moved { self.arrives + late } else { self.arrives };
        let damaged = corrupt || cut;
        self.totals.damaged += u64::from(damaged);
        let bytes = if damaged { damage(&bytes, cut, place) } else { bytes };
        let packet = Packet {
            line: self.number,
            session: self.session,
            first,
            count,
            bytes: bytes.into(),
            damaged,
        };
        if twice {
            self.totals.copies += 1;
            give(at + copy, packet.clone());
        }
        give(at, packet);
    }
}

/// An IP packet around the payload, cut off or with one bit wrong: its checksums tell.
fn damage(payload: &[u8], cut: bool, place: u64) -> Vec<u8> {
    let mut packet = itch::ipv4(1, payload);
    if cut {
        let length = 1 + place as usize % (packet.len() - 1);
        packet.truncate(length);
    } else {
        let bit = place as usize % (packet.len() * 8);
        packet[bit / 8] ^= 1 << (bit % 8);
    }
    packet
}
