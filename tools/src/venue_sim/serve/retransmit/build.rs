//! How an answer is made: which messages, in which datagrams, and what happens to each.

use std::ops::Range;

use protocol::frame::moldudp64::{
    HEADER_LEN, MoldRequest, MoldWriter, Session, end_of_session, heartbeat,
};

use super::super::delay::Delayed;
use super::super::history::History;
use super::Retransmitter;
use crate::venue_sim::random::Random;

/// How far from what was asked for a wrong range begins, at most.
const FAR: u64 = 1_000;
/// Offset of the count in a packet.
const COUNT: usize = 18;
/// The most bytes of a datagram that is only noise.
const NOISE: u64 = 64;

/// What is wrong with a message.
#[derive(Clone, Copy)]
enum Wrong {
    /// It is another one of the session.
    Lie,
    /// It is none.
    Garble,
}

/// Whom an answer goes to, and from when on.
#[derive(Clone, Copy)]
struct Envelope<A> {
    to: A,
    now: u64,
    bad: bool,
}

impl Retransmitter {
    pub(super) fn answer<A: Copy>(
        &mut self,
        history: &History,
        request: MoldRequest,
        to: A,
        now: u64,
        out: &mut impl Extend<Delayed<A>>,
    ) {
        let envelope = Envelope { to, now, bad: now < self.faults.until };
        let mut range = history.range(request.sequence, u64::from(request.count));
        let mut session = history.session();
        let mut packets = u64::MAX;
        let mut whole = range.end;
        if envelope.bad {
            let kind = self.draws.absurd.bits();
            if self.faults.absurd.draw(&mut self.draws.absurd) {
                return self.absurd(history, request, kind, envelope, out);
            }
            range = self.displaced(history, range);
            whole = range.end;
            range.end = range.start + self.kept(range.end - range.start);
            let other = other_session(session, &mut self.draws.session);
            if self.faults.session.draw(&mut self.draws.session) {
                session = other;
                self.counts.wrong_session += 1;
            }
            packets = self.faults.packets;
        }
        while range.start < range.end && packets > 0 {
            let packet = self.packet(history, session, range.clone(), envelope.bad);
            let Some((bytes, count)) = packet else { break };
            range.start += count;
            packets -= 1;
            self.send(bytes, count, envelope, out);
        }
        self.counts.partial += u64::from(range.start < whole);
    }

    /// The range that a bad server takes for the one asked for.
    fn displaced(&mut self, history: &History, range: Range<u64>) -> Range<u64> {
        let far = self.draws.range.between(1, FAR);
        let up = self.draws.range.chance(5_000);
        if !self.faults.range.draw(&mut self.draws.range) {
            return range;
        }
        let count = range.end - range.start;
        let above = history.range(range.start.saturating_add(far), count);
        let below = history.range(range.start.saturating_sub(far), count);
        let ways = if up { [above, below] } else { [below, above] };
        let other = ways.into_iter().find(|way| !way.is_empty() && *way != range);
        self.counts.wrong_range += u64::from(other.is_some());
        other.unwrap_or(range)
    }

    /// How many of so many messages a bad server gives, from the first on: at least one.
    fn kept(&mut self, count: u64) -> u64 {
        let some = 1 + self.draws.partial.below(count.saturating_sub(1));
        if self.faults.partial.draw(&mut self.draws.partial) { some.min(count) } else { count }
    }

    /// One packet with as many messages of the range as it has room for, and how many those are.
    fn packet(
        &mut self,
        history: &History,
        session: Session,
        range: Range<u64>,
        bad: bool,
    ) -> Option<(Vec<u8>, u64)> {
        let mut buffer = vec![0; self.payload];
        let mut writer = MoldWriter::begin(&mut buffer, session, range.start)?;
        for number in range {
            let message = history.get(number)?;
            let wrong = if bad { self.alter(history, message) } else { None };
            let bytes = wrong.as_ref().map_or(message, |(_, bytes)| bytes.as_slice());
            if !writer.push(bytes) {
                break;
            }
            match wrong {
                Some((Wrong::Lie, _)) => {
                    self.counts.lied += 1;
                    self.lied.insert(number);
                }
                Some((Wrong::Garble, _)) => self.counts.garbled += 1,
                None => {}
            }
        }
        let count = u64::from(writer.count());
        let packet = writer.finish().to_vec();
        (count > 0).then_some((packet, count))
    }

    /// What a bad server sends under a number; `None` where it is the truth.
    fn alter(&mut self, history: &History, message: &[u8]) -> Option<(Wrong, Vec<u8>)> {
        let other = self.draws.lie.between(history.oldest(), history.next().saturating_sub(1));
        let lies = self.faults.lie.draw(&mut self.draws.lie);
        let way = self.draws.garble.below(3);
        if self.faults.garble.draw(&mut self.draws.garble) && !message.is_empty() {
            return Some((Wrong::Garble, garbled(message, way)));
        }
        let other = history.get(other).filter(|other| lies && *other != message)?;
        Some((Wrong::Lie, other.to_vec()))
    }

    /// Sends a packet, or loses it, or sends it twice, at its time.
    fn send<A: Copy>(
        &mut self,
        bytes: Vec<u8>,
        messages: u64,
        envelope: Envelope<A>,
        out: &mut impl Extend<Delayed<A>>,
    ) {
        let mut copies = 1;
        if envelope.bad {
            copies += u64::from(self.faults.duplicate.draw(&mut self.draws.duplicate));
            if self.faults.drop.draw(&mut self.draws.drop) {
                self.counts.lost += 1;
                return;
            }
            self.counts.duplicated += copies - 1;
        }
        for _ in 0..copies {
            let at = envelope.now.saturating_add(self.lateness(envelope.bad));
            self.counts.packets += 1;
            self.counts.messages += messages;
            self.counts.bytes += bytes.len() as u64;
            out.extend([Delayed { at, to: envelope.to, bytes: bytes.clone() }]);
        }
    }

    fn lateness(&mut self, bad: bool) -> u64 {
        if !bad {
            return 0;
        }
        let jitter = self.draws.jitter.below(self.faults.jitter_ns.saturating_add(1));
        let usual = self.faults.delay_ns.saturating_add(jitter);
        if !self.faults.late.draw(&mut self.draws.late) {
            return usual;
        }
        self.counts.late += 1;
        usual.saturating_add(self.faults.late_ns)
    }

    /// Something that is no answer.
    fn absurd<A: Copy>(
        &mut self,
        history: &History,
        request: MoldRequest,
        kind: u64,
        envelope: Envelope<A>,
        out: &mut impl Extend<Delayed<A>>,
    ) {
        let (session, first) = (history.session(), request.sequence);
        let range = history.range(first, u64::from(request.count));
        let (real, count) = self.packet(history, session, range, false).unwrap_or_default();
        let count = u16::try_from(count).unwrap_or(u16::MAX);
        let bytes = match kind % 9 {
            0 => heartbeat(session, first).to_vec(),
            1 => end_of_session(session, first).to_vec(),
            2 => counted(real, count.saturating_add(1)),
            3 => counted(real, count.saturating_sub(1)),
            4 => counted(real, u16::MAX),
            5 => real.get(..real.len().saturating_sub(1)).unwrap_or_default().to_vec(),
            6 => Vec::new(),
            7 => overflowing(real),
            _ => noise(&mut self.draws.absurd),
        };
        self.counts.absurd += 1;
        self.send(bytes, 0, envelope, out);
    }
}

/// A message that is none any more: no such type, or not its length.
fn garbled(message: &[u8], way: u64) -> Vec<u8> {
    let mut bytes = message.to_vec();
    match way {
        0 => bytes[0] = b'?',
        // Without its last byte a message of one would be an empty one, which is no error.
        1 if bytes.len() > 1 => bytes.truncate(bytes.len() - 1),
        _ => bytes.push(0),
    }
    bytes
}

/// A session of another name that might be one of the same venue's.
fn other_session(session: Session, random: &mut Random) -> Session {
    let mut other = session;
    if let Some(last) = other.last_mut() {
        let digit = b'0' + random.below(10) as u8;
        *last = if *last == digit { b'X' } else { digit };
    }
    other
}

/// A packet whose header says another count.
fn counted(mut packet: Vec<u8>, count: u16) -> Vec<u8> {
    if let Some(field) = packet.get_mut(COUNT..HEADER_LEN) {
        field.copy_from_slice(&count.to_be_bytes());
    }
    packet
}

/// A packet whose numbers do not fit into 64 bits.
fn overflowing(mut packet: Vec<u8>) -> Vec<u8> {
    if let Some(field) = packet.get_mut(10..COUNT) {
        field.fill(0xFF);
    }
    packet
}

fn noise(random: &mut Random) -> Vec<u8> {
    (0..random.below(NOISE)).map(|_| random.bits() as u8).collect()
}
